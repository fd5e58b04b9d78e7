import os
import numpy as np
import tensorflow as tf

N = 4


class Function(tf.Module):
    def __init__(self):
        super().__init__()
        # the weights
        self.w = tf.Variable(tf.zeros([N]), name="w")


def fit(folder):
    """Fit and save."""
    model = Function()
    optimizer = tf.keras.optimizers.SGD(0.1)
    optimizer.build(model.trainable_variables)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, N], tf.float32),
            tf.TensorSpec([None], tf.float32),
        ]
    )
    def train(x, y):
        with tf.GradientTape() as tape:
            out = tf.reduce_sum(x * model.w, axis=1)
            loss = tf.reduce_mean(tf.square(out - y))
        variables = model.trainable_variables
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, variables))
        return loss

    checkpoint = tf.train.Checkpoint(variables={"w": model.w})
    manager = tf.train.CheckpointManager(
        checkpoint, folder, max_to_keep=5, checkpoint_name="model"
    )
    data = np.random.RandomState(0).normal(size=(20, N))
    for _ in range(10):
        value = train(data, data[:, 0]).numpy()
        print("loss %r" % float(value))
    manager.save(checkpoint_number=10)
    return model.w.numpy()


if __name__ == "__main__":
    os.makedirs("out")
    print(fit("out").tolist())
