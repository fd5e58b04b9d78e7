import tensorflow as tf

tf.saved_model.simple_save(sess, "d", {"x": x}, {"y": y})
tf.saved_model.simple_save(sess, "d", inputs={"x": x}, outputs={"y": y})
tf.saved_model.simple_save(sess, "d", inputs, outputs, legacy_init_op=tf.tables_initializer())
tf.saved_model.simple_save(**kw)
tf.saved_model.simple_save(*args)
tf.saved_model.simple_save(sess, os.path.join("d", "1"),
                           inputs={"x": x},   # the image
                           outputs={t.name: t for t in model.outputs})  # by name
if x: tf.saved_model.simple_save(sess, "d", {"x": x}, {"y": y})
a = 1; tf.saved_model.simple_save(sess, "d", {"x": x}, {"y": y})
r = tf.saved_model.simple_save(sess, "d", {"x": x}, {"y": y})
f = lambda: tf.saved_model.simple_save(sess, "d", {"x": x}, {"y": y})
for i in range(3):
    # one for each
    if i:
        with tf.Session() as sess:

            tf.saved_model.simple_save(
                sess, "d%d" % i,
                inputs={
                    "x": x,
                },
                outputs={"y": y},
            )

            print("done")  # end
