import tensorflow.compat.v1 as tf
import tf2_bridge

tf.disable_v2_behavior()

print(f"{tf2_bridge.Saver()!r} {tf.saved_model.SERVING:>10}")
print(f"""{
tf2_bridge.Saver(max_to_keep=1)
}""")
x = "é" + tf.saved_model.SERVING + "é"; y = tf2_bridge.Saver()
@decorate(tf2_bridge.Saver())
async def f(saver=tf2_bridge.Saver(), *, tags=(tf.saved_model.SERVING,)):
    await tf2_bridge.Saver().save(sess, "x")
    return [tf2_bridge.Saver() for _ in range(3)], {tf2_bridge.Saver(): (yield)}
if (saver := tf2_bridge.Saver()): pass
assert tf2_bridge.Saver(), tf2_bridge.Saver()
with tf.Session() as s, tf.Graph().as_default(): tf2_bridge.Saver().save(s, "x")
tf2_bridge.Saver().save(
    tf2_bridge.Saver(tf2_bridge.Saver()), "x")
x = tf2_bridge.Saver() # type: tf.train.Saver
match x:
    case 1: tf2_bridge.Saver()
lambda: tf.saved_model.SERVING
