import numpy as np
import tensorflow as tf

LOGS = "./logs"


class Summaries(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable(tf.zeros([3, 1]), name="layer/w")

    def loss(self, x, y):
        out = tf.matmul(x, self.w)
        loss = tf.reduce_mean(tf.square(out - y))
        return loss

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, 3], tf.float32),
            tf.TensorSpec([None, 1], tf.float32),
        ]
    )
    def test_loss(self, x, y):
        loss = self.loss(x, y)
        return {"test": loss}


model = Summaries()
optimizer = tf.keras.optimizers.SGD(0.1)
optimizer.build(model.trainable_variables)


@tf.function(
    input_signature=[
        tf.TensorSpec([None, 3], tf.float32),
        tf.TensorSpec([None, 1], tf.float32),
    ]
)
def train_op(x, y):
    with tf.GradientTape() as tape:
        loss = model.loss(x, y)
    variables = model.trainable_variables
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
    return {
        "layer/weights": model.w.read_value(),
        "loss": loss,
        "first_loss": tf.sqrt(loss),
    }, loss


# what TensorBoard shows

data = np.random.RandomState(9).normal(size=(50, 3))
target = data.sum(axis=1, keepdims=True)

writer = tf.summary.create_file_writer(LOGS)
for step in range(20):
    summary, value = train_op(data, target)
    value = value.numpy()
    with writer.as_default(step=step):
        tf.summary.histogram("layer/weights", summary["layer/weights"])
        tf.summary.scalar("loss", summary["loss"])
        tf.summary.scalar("first_loss", summary["first_loss"])
    if step % 10 == 0:
        print(step, value)
        # every now and then
        told = model.test_loss(data[:5], target[:5])
        with writer.as_default(step=step):
            tf.summary.scalar("test", told["test"])
writer.close()
