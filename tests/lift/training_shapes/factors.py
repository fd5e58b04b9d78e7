import numpy as np
import tensorflow as tf

rng = np.random.RandomState(32)
users = rng.randint(0, 10, 120)
items = rng.randint(0, 8, 120)
ratings = ((users * 3 + items * 5) % 7 - 3).astype(np.float32)

user = tf.placeholder(tf.int32, [None])
item = tf.placeholder(tf.int32, [None])
rating = tf.placeholder(tf.float32, [None])
user_factors = tf.get_variable("user_factors", [10, 4])
item_factors = tf.get_variable("item_factors", [8, 4])
user_bias = tf.get_variable("user_bias", [10], initializer=tf.zeros_initializer())
average = tf.Variable(0.0, name="average")
u = tf.nn.embedding_lookup(user_factors, user)
v = tf.gather(item_factors, item)
b = tf.gather(user_bias, user)
predicted = tf.reduce_sum(tf.multiply(u, v), 1) + b + average
penalty = tf.nn.l2_loss(u) + tf.nn.l2_loss(v)
cost = tf.reduce_mean(tf.square(predicted - rating)) + 0.01 * penalty
step = tf.train.get_or_create_global_step()
rate = tf.train.natural_exp_decay(0.5, step, 20, 0.3)
optimizer = tf.train.AdagradOptimizer(rate)
grads = optimizer.compute_gradients(cost, var_list=[user_factors, item_factors, user_bias, average])
train = optimizer.apply_gradients(
    [(tf.clip_by_norm(grad, 0.4), var) for grad, var in grads], global_step=step)

curve = []
rates = []
sess = tf.Session()
sess.run(tf.global_variables_initializer())
for i in range(100):
    rows = (np.arange(30) + 11 * i) % 120
    feed = {user: users[rows], item: items[rows], rating: ratings[rows]}
    loss, current, _ = sess.run([cost, rate, train], feed_dict=feed)
    curve.append(loss)
    rates.append(current)
answer = predicted.eval({user: users, item: items}, session=sess)
np.savez("arrays.npz", curve=curve, rates=rates, answer=answer, kernel=sess.run(user_factors))
sess.close()
