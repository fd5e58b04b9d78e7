import tensorflow.compat.v1 as tf
import tf2_bridge

tf.disable_v2_behavior()

with tf2_bridge.session_module(sess, "d", {"x": x}, {"y": y}) as module:
    tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
with tf2_bridge.session_module(sess, "d", inputs={"x": x}, outputs={"y": y}) as module:
    tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
with tf2_bridge.session_module(
    sess, "d", inputs, outputs, legacy_init_op=tf.tables_initializer()
) as module:
    tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
with tf2_bridge.session_module(**kw) as module:
    tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
with tf2_bridge.session_module(*args) as module:
    tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
with tf2_bridge.session_module(sess, os.path.join("d", "1"),
                               inputs={"x": x},   # the image
                               outputs={t.name: t for t in model.outputs}) as module:  # by name
    tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
if x: tf.saved_model.simple_save(sess, "d", {"x": x}, {"y": y})
a = 1; tf.saved_model.simple_save(sess, "d", {"x": x}, {"y": y})
r = tf.saved_model.simple_save(sess, "d", {"x": x}, {"y": y})
f = lambda: tf.saved_model.simple_save(sess, "d", {"x": x}, {"y": y})
for i in range(3):
    # one for each
    if i:
        with tf.Session() as sess:

            with tf2_bridge.session_module(
                sess, "d%d" % i,
                inputs={
                    "x": x,
                },
                outputs={"y": y},
            ) as module:
                tf.saved_model.save(
                    module, module.export_dir, signatures=module.signatures
                )

            print("done")  # end
