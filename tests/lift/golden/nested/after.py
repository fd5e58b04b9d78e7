"""What is fed is computed where it is fed, by another run or by calls in the order written."""

import numpy as np
import tensorflow as tf


class Nested(tf.Module):
    def __init__(self):
        super().__init__()
        self.step = tf.Variable(0, trainable=False, name="step")
        self.weights = tf.Variable(tf.zeros([3, 2]), name="weights")

    @tf.function(input_signature=[])
    def advance(self):
        self.step.assign_add(1)

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def scores(self, x):
        scores = tf.matmul(x, self.weights)
        return scores

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def best(self, x):
        scores = self.scores(x)
        best = tf.reduce_max(scores)
        return best

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def evaluate(self, x):
        scores = self.scores(x)
        best = tf.reduce_max(scores)
        return best, self.weights.read_value()

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, 3], tf.float32),
            tf.TensorSpec([], tf.float32),
        ]
    )
    def moved(self, x, shift):
        scores = self.scores(x)
        moved = tf.reduce_sum(scores) + shift
        return moved


model = Nested()
checkpoint = tf.train.Checkpoint(
    variables={"step": model.step, "weights": model.weights}
)
manager = tf.train.CheckpointManager(
    checkpoint, ".", max_to_keep=5, checkpoint_name="nested"
)

rows = np.arange(6.0).reshape(2, 3)
# the larger of two rows, looked at again
print(model.best([rows[int(model.best(rows[:1]).numpy() > 0)]]).numpy())
print(model.scores(tf.transpose(model.weights).numpy()).numpy())
for _ in range(2):
    model.advance()
    model.weights.assign(model.weights.numpy() * 2)
drawn = iter(range(10))
print(model.moved(shift=next(drawn), x=[[next(drawn)] * 3]).numpy())
print(model.moved([[next(drawn)] * 3], next(drawn)).numpy())
total, kept = [value.numpy() for value in model.evaluate([model.weights.numpy()[:, 0]])]
print(total, kept)
print("saved as", manager.save(checkpoint_number=model.step.numpy()))
