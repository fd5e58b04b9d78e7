import pickle
import joblib
import numpy as np
import tensorflow as tf


def save_weights(sess, path):
    """A pickle of all variables by name."""
    values = {v.name: value for v, value in zip(tf.global_variables(), sess.run(tf.global_variables()))}
    with open(path, "wb") as f:
        pickle.dump(values, f)


def load_weights(sess, path):
    with open(path, "rb") as f:
        values = pickle.load(f)
    ops = []
    for v in tf.global_variables():
        ops.append(v.assign(values[v.name]))
    sess.run(ops)


def save_embedding(sess, embedding_weights, path):
    np.savetxt(path, sess.run(embedding_weights), delimiter="\t")
    joblib.dump([w.eval(sess) for w in self.weights], path)


def load_embedding(sess, var, path):
    var.load(np.loadtxt(path), sess)


def load_all(sess, path):
    loaded = joblib.load(path)
    sess.run([tf.assign(v, p) for v, p in zip(tf.trainable_variables(), loaded)])


def vocabulary(path, words, out):
    sess = tf.Session()
    scores = sess.run(out)
    pickle.dump(words, open(path, "wb"))
    np.savetxt(path, scores)
    return pickle.load(open(path, "rb")), np.loadtxt(path)
