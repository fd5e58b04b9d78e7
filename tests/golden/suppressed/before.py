import tensorflow as tf

a = tf.train.Saver()  # migrator: keep[TFM201] old readers
b = tf.train.Saver()  # migrator: keep
c = tf.train.Saver()  # migrator: keep[TFM101]
d = tf.train.Saver(  # migrator: keep[tfm2]
    max_to_keep=3)
e = tf.train.Saver(
    max_to_keep=3)  # migrator: keep[TFM201, TFM101]
tf.saved_model.simple_save(
    sess,
    "d",  # migrator: keep
    {}, {})
builder = tf.saved_model.Builder("d")
builder.add_meta_graph_and_variables(sess, ["serve"], m)
builder.save()  # migrator: keep[TFM104]
# migrator: keep
f = tf.train.Saver()
