import numpy as np
import tensorflow as tf

words = np.random.RandomState(9).randint(0, 12, (20, 3))
tags = (words.sum(axis=1) % 2).astype(np.float32)


class Embedding(tf.Module):
    def __init__(self):
        super().__init__()
        self.table = tf.Variable(tf.random_normal_initializer(stddev=0.1)([12, 4]), name="table")
        self.head = tf.Variable(tf.random.truncated_normal([4], stddev=0.5), name="head")
        self.global_step = tf.Variable(0, trainable=False, name="global_step")


model = Embedding()
# the table's gradient is sparse
optimizer = tf.compat.v1.train.AdamOptimizer(0.05)


@tf.function(
    input_signature=[
        tf.TensorSpec([None, 3], tf.int64),
        tf.TensorSpec([None], tf.float32),
    ]
)
def train_op(ids, tag):
    with tf.GradientTape() as tape:
        vectors = tf.nn.embedding_lookup(model.table, ids)
        logit = tf.reduce_sum(tf.reduce_mean(vectors, axis=1) * model.head, axis=1)
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=tag, logits=logit))
    variables = model.trainable_variables
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
    model.global_step.assign_add(1)
    return loss, model.global_step.read_value()


while True:
    value, at = [value.numpy() for value in train_op(words, tags)]
    if at % 20 == 0:
        print(at, float(value))
    if at >= 100:
        break
print(model.table.numpy()[0].tolist())
