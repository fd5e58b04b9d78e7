import tensorflow as tf

print(f"{tf.train.Saver()!r} {tf.saved_model.tag_constants.SERVING:>10}")
print(f"""{
tf.train.Saver(max_to_keep=1)
}""")
x = "é" + tf.saved_model.tag_constants.SERVING + "é"; y = tf.train.Saver()
@decorate(tf.train.Saver())
async def f(saver=tf.train.Saver(), *, tags=(tf.saved_model.tag_constants.SERVING,)):
    await tf.train.Saver().save(sess, "x")
    return [tf.train.Saver() for _ in range(3)], {tf.train.Saver(): (yield)}
if (saver := tf.train.Saver()): pass
assert tf.train.Saver(), tf.train.Saver()
with tf.Session() as s, tf.Graph().as_default(): tf.train.Saver().save(s, "x")
tf.train.Saver().save(
    tf.train.Saver(tf.train.Saver()), "x")
x = tf.train.Saver() # type: tf.train.Saver
match x:
    case 1: tf.train.Saver()
lambda: tf.saved_model.tag_constants.SERVING
