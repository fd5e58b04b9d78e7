import os
import sys

import numpy as np
import tensorflow as tf


class Resume(tf.Module):
    def __init__(self):
        super().__init__()
        self.weights = tf.Variable(tf.zeros([4, 2]), name="weights")
        self.biases = tf.Variable(tf.zeros([2]), name="biases")


def main(path):
    data = np.random.RandomState(6).normal(size=(40, 4))
    target = np.eye(2)[(data.sum(axis=1) > 0).astype(int)]

    model = Resume()
    optimizer = tf.compat.v1.train.AdamOptimizer(0.01)

    @tf.function(
        input_signature=[
            # the model that the other script began to train
            tf.TensorSpec([None, 4], tf.float32),
            tf.TensorSpec([None, 2], tf.float32),
        ]
    )
    def train_op(x, y):
        with tf.GradientTape() as tape:
            logits = tf.matmul(x, model.weights) + model.biases
            losses = tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=logits)
            loss = tf.reduce_mean(losses)
        variables = model.trainable_variables
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, variables))
        return loss

    checkpoint = tf.train.Checkpoint(
        variables={"weights": model.weights, "biases": model.biases}, optimizer=optimizer
    )
    manager = tf.train.CheckpointManager(
        checkpoint, "resumed", max_to_keep=2, checkpoint_name="model"
    )

    if os.path.exists(path + ".index"):
        # go on where the other script stopped
        # an update by nothing makes the slots, which are restored then
        optimizer.apply_gradients([(tf.zeros_like(v), v) for v in model.trainable_variables])
        checkpoint.read(path).assert_existing_objects_matched()
    for step in range(40):
        value = train_op(data, target).numpy()
        if step % 10 == 9:
            print(step, value)
            manager.save(checkpoint_number=step)
    print(tf.train.latest_checkpoint("resumed"))


if __name__ == "__main__":
    main(sys.argv[1])
