import numpy as np
import tensorflow as tf

export_dir = "exported"

data = np.random.RandomState(5).normal(size=(16, 4)).astype(np.float32)


class Export(tf.Module):
    def __init__(self):
        super().__init__()
        self.kernel = tf.Variable(
            tf.random_uniform_initializer(minval=-1, maxval=1)([4, 2]), name="kernel"
        )
        self.offset = tf.Variable(tf.constant_initializer(0.1)([2]), name="offset")

    def scores(self, inputs):
        scores = tf.nn.softmax(tf.matmul(inputs, self.kernel) + self.offset, name="scores")
        return scores

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32)])
    def predict(self, x):
        scores = self.scores(x)
        best = tf.argmax(scores, axis=1)
        return {"scores": scores, "class": best}

    def loss(self, target, scores):
        # squared error, per row
        error = tf.reduce_sum(tf.square(scores - target), axis=[1], keepdims=True)
        loss = tf.reduce_mean(error)
        return loss


model = Export()
optimizer = tf.keras.optimizers.Adagrad(0.5, initial_accumulator_value=0.1, epsilon=0.0)
optimizer.build(model.trainable_variables)


@tf.function(
    input_signature=[
        tf.TensorSpec([None, 4], tf.float32),
        tf.TensorSpec([None, 2], tf.float32),
    ]
)
def step(inputs, target):
    with tf.GradientTape() as tape:
        scores = model.scores(inputs)
        loss = model.loss(target, scores)
    variables = model.trainable_variables
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))


@tf.function(
    input_signature=[
        tf.TensorSpec([None, 4], tf.float32),
        tf.TensorSpec([None, 2], tf.float32),
    ]
)
def loss(inputs, target):
    scores = model.scores(inputs)
    loss = model.loss(target, scores)
    return loss


for _ in range(30):
    step(data, np.eye(2)[(data[:, 0] > 0).astype(int)])
print("loss: %r" % loss(data, np.eye(2)[[0] * 16]).numpy().item())

# what the service asks for
if tf.io.gfile.exists(export_dir) and tf.io.gfile.listdir(export_dir):
    raise AssertionError(f"{export_dir} holds an export already")
tf.saved_model.save(model, export_dir, signatures={"serving_default": model.predict})
