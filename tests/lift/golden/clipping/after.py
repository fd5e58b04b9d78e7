import numpy as np
import tensorflow as tf


class Clipping(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable(tf.zeros_initializer()([3, 1]), name="w")
        self.b = tf.Variable(tf.zeros_initializer()([1]), name="b")
        self.global_step = tf.Variable(0, name="global_step", trainable=False)

    def loss(self, x, y):
        error = tf.matmul(x, self.w) + self.b - y
        loss = tf.reduce_mean(tf.square(error))
        return loss

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, 3], tf.float32),
            tf.TensorSpec([None, 1], tf.float32),
        ]
    )
    def evaluate(self, x, y):
        loss = self.loss(x, y)
        return loss, self.w.read_value()


model = Clipping()
# by value
optimizer = tf.compat.v1.train.RMSPropOptimizer(0.05)
optimizer_2 = tf.compat.v1.train.AdamOptimizer(0.05)
# one by one
sgd = tf.keras.optimizers.SGD(0.05)
sgd.build([model.w])


@tf.function(
    input_signature=[
        tf.TensorSpec([None, 3], tf.float32),
        tf.TensorSpec([None, 1], tf.float32),
    ]
)
def train_by_value(x, y):
    with tf.GradientTape() as tape:
        loss = model.loss(x, y)
    variables = model.trainable_variables
    grads_and_vars = list(zip(tape.gradient(loss, variables), variables))
    capped = [(tf.clip_by_value(g, -0.5, 0.5), v) for g, v in grads_and_vars if g is not None]
    optimizer.apply_gradients(capped)
    return loss


@tf.function(
    input_signature=[
        tf.TensorSpec([None, 3], tf.float32),
        tf.TensorSpec([None, 1], tf.float32),
    ]
)
def train_by_norm(x, y):
    with tf.GradientTape() as tape:
        loss = model.loss(x, y)
        # by the global norm, with weight decay
        tvars = model.trainable_variables
        decay = 0.01 * tf.add_n([tf.nn.l2_loss(v) for v in tvars])
        total = loss + decay
    grads, _ = tf.clip_by_global_norm(tape.gradient(total, tvars), 0.1)
    optimizer_2.apply_gradients(zip(grads, tvars))
    model.global_step.assign_add(1)
    return loss, model.global_step.read_value()


@tf.function(
    input_signature=[
        tf.TensorSpec([None, 3], tf.float32),
        tf.TensorSpec([None, 1], tf.float32),
    ]
)
def train_by_one(x, y):
    with tf.GradientTape() as tape:
        loss = model.loss(x, y)
    variables_2 = [model.w]
    gradients, variables = zip(*zip(tape.gradient(loss, variables_2), variables_2))
    gradients = [tf.clip_by_norm(gradient, 1.0) for gradient in gradients]
    sgd.apply_gradients(zip(gradients, variables))


data = np.random.RandomState(7).normal(size=(50, 3)) * 3
target = data.sum(axis=1, keepdims=True) + 1

for _ in range(20):
    value = train_by_value(data, target).numpy()
print(value)
for _ in range(20):
    value, step = [value.numpy() for value in train_by_norm(data, target)]
print(step, value)
for _ in range(20):
    train_by_one(data, target)
result = dict(zip(["loss", "w"], [value.numpy() for value in model.evaluate(data, target)]))
print(sorted(result), float(result["loss"]), result["w"].tolist())
