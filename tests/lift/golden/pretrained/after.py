import os
import sys

import numpy as np
import tensorflow as tf


class Pretrained(tf.Module):
    def __init__(self):
        super().__init__()
        # word vectors, which are saved under a name that others know
        self.embeddings = tf.Variable(tf.random.uniform([7, 3], -1.0, 1.0), name="Variable")
        self.A = tf.Variable(tf.random.normal(shape=[3, 1]), name="Variable_1")

    @tf.function(input_signature=[])
    def grow(self):
        self.embeddings.assign(self.embeddings * 2.0)

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.int32)])
    def scores(self, words):
        scores = tf.matmul(
            tf.reduce_mean(tf.nn.embedding_lookup(self.embeddings, words), 1), self.A
        )
        return scores


model = Pretrained()
checkpoint = tf.train.Checkpoint(variables={"embeddings": model.embeddings})
# the rest is kept apart
checkpoint_2 = tf.train.Checkpoint(variables={"Variable_1": model.A})

text = np.arange(12).reshape(3, 4) % 7

path = os.path.join(os.getcwd(), "embeddings.ckpt")
checkpoint.write(path)
tf.compat.v1.train.update_checkpoint_state(os.path.dirname(path), path)
checkpoint_2.write("./head.ckpt")
tf.compat.v1.train.update_checkpoint_state(".", "./head.ckpt")
print(model.scores(text).numpy().tolist())
model.grow()
print(model.scores(text).numpy().tolist())
# back to what was saved, here or elsewhere
checkpoint_2.read("./head.ckpt").assert_existing_objects_matched()
for source in sys.argv[1:]:
    model.grow()
    reader = tf.train.load_checkpoint(source)
    if reader.has_tensor("embeddings"):  # TensorFlow 1 wrote it
        model.embeddings.assign(reader.get_tensor("embeddings"))
    else:
        checkpoint.read(source).assert_existing_objects_matched()
    print(model.scores(text).numpy().tolist())
