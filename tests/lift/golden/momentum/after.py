import numpy as np
import tensorflow as tf

data = np.random.RandomState(2).normal(size=(50, 3))
target = data.sum(axis=1, keepdims=True)


class Momentum(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable(tf.zeros([3, 1]), name="w")


model = Momentum()
# nothing saves its slots
optimizer = tf.keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True)
optimizer.build(model.trainable_variables)


@tf.function(
    input_signature=[
        tf.TensorSpec([None, 3], tf.float32),
        tf.TensorSpec([None, 1], tf.float32),
    ]
)
def train_op(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(tf.matmul(x, model.w) - y))
    variables = model.trainable_variables
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
    return loss


# the weights alone are saved
checkpoint = tf.train.Checkpoint(variables={"w": model.w})

for _ in range(100):
    value = train_op(data, target).numpy()
print(value)
checkpoint.write("./weights")
tf.compat.v1.train.update_checkpoint_state(".", "./weights")
w_before = model.w.numpy()
train_op(data, target)
checkpoint.read("./weights").assert_existing_objects_matched()
print(abs(model.w.numpy() - w_before).max())
