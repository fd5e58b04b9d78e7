from __future__ import print_function

import os

import numpy as np
import tensorflow as tf

FOLDER = os.path.join("out", "softmax")
if not os.path.isdir(FOLDER):
    os.makedirs(FOLDER)

rng = np.random.RandomState(1)
images = rng.uniform(size=(40, 6)).astype(np.float32)
labels = np.eye(3, dtype=np.float32)[rng.randint(0, 3, 40)]


class Softmax(tf.Module):
    def __init__(self):
        super().__init__()
        self.weights = tf.Variable(
            tf.random.truncated_normal([6, 3], stddev=0.01), name="layer/weights"
        )
        self.biases = tf.Variable(tf.zeros([3]), name="layer/biases")

    def logits(self, x):
        logits = tf.matmul(x, self.weights) + self.biases
        return logits

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, 6], tf.float32),
            tf.TensorSpec([None, 3], tf.float32),
        ]
    )
    def accuracy(self, x, y_):
        logits = self.logits(x)
        correct = tf.equal(tf.argmax(logits, 1), tf.argmax(y_, 1))
        accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))
        return accuracy


model = Softmax()
optimizer = tf.compat.v1.train.AdamOptimizer(0.01)


@tf.function(
    input_signature=[
        tf.TensorSpec([None, 6], tf.float32),
        tf.TensorSpec([None, 3], tf.float32),
    ]
)
def train_step(x, y_):
    with tf.GradientTape() as tape:
        logits = model.logits(x)
        # mean over the batch
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=y_, logits=logits))
    variables = model.trainable_variables
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
    return loss


checkpoint = tf.train.Checkpoint(
    variables={"layer/weights": model.weights, "layer/biases": model.biases},
    optimizer=optimizer,
)
manager = tf.train.CheckpointManager(
    checkpoint, FOLDER, max_to_keep=2, checkpoint_name="model"
)

for step in range(1, 101):
    value = train_step(images, labels).numpy()
    if step % 25 == 0:
        # the last two stay
        path = manager.save(checkpoint_number=step)
        print(step, float(value), path)
print("accuracy:", model.accuracy(images, labels).numpy())
print("files:", sorted(n for n in os.listdir(FOLDER) if n.endswith(".index")))
