import numpy as np

from model import Factors

rng = np.random.RandomState(1)
users, items = rng.randint(0, 7, 40), rng.randint(0, 9, 40)
ratings = (users * items) % 5 + 1
model = Factors(7, 9)
for step in range(6):
    print("mse: %.6f" % model.step(users, items, ratings))
    print(model.save(step))
print(model.predict([0, 3], [1, 2]))
model.close()
