"""A model that is exported for requests of serialized examples."""

import numpy as np
import tensorflow as tf

SIGNATURE = "predict_images"
EXPORT_DIR = "exported"

serialized = tf.placeholder(tf.string, name="tf_example")
# what an example holds
feature_configs = {
    "x": tf.FixedLenFeature(shape=[4], dtype=tf.float32),
    "weight": tf.FixedLenFeature([], tf.float32, default_value=1.0),
}
tf_example = tf.parse_example(serialized, feature_configs)
x = tf.identity(tf_example["x"], name="x")
images = tf.placeholder(tf.float32, [None, 4], name="images")

w = tf.Variable(tf.random_normal([4, 3]), name="w")
b = tf.Variable(tf.zeros([3]), name="b")


def scores_of(inputs):
    return tf.nn.softmax(tf.matmul(inputs, w) + b)


y = scores_of(x)
values, indices = tf.nn.top_k(y, 3)
classes = tf.as_string(indices)
weighted = tf.reduce_sum(y, axis=1) * tf_example["weight"]
scores = scores_of(images)


def example(row):
    feature = tf.train.Feature(float_list=tf.train.FloatList(value=row))
    return tf.train.Example(
        features=tf.train.Features(feature={"x": feature})
    ).SerializeToString()


rows = np.random.RandomState(2).normal(size=(3, 4))
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print(sess.run(values, feed_dict={serialized: [example(row) for row in rows]}))
    print(sess.run(scores, feed_dict={images: rows}))

    builder = tf.saved_model.builder.SavedModelBuilder(EXPORT_DIR)
    # the default signature classifies
    classification = tf.saved_model.signature_def_utils.classification_signature_def(
        examples=serialized, classes=classes, scores=values
    )
    regression = tf.saved_model.signature_def_utils.build_signature_def(
        inputs={
            tf.saved_model.signature_constants.REGRESS_INPUTS:
                tf.saved_model.utils.build_tensor_info(serialized)
        },
        outputs={
            tf.saved_model.signature_constants.REGRESS_OUTPUTS:
                tf.saved_model.utils.build_tensor_info(weighted)
        },
        method_name=tf.saved_model.signature_constants.REGRESS_METHOD_NAME,
    )
    prediction = tf.saved_model.signature_def_utils.predict_signature_def(
        inputs={"images": images}, outputs={"scores": scores}
    )
    builder.add_meta_graph_and_variables(
        sess,
        [tf.saved_model.tag_constants.SERVING],
        signature_def_map={
            SIGNATURE: prediction,
            "weights": regression,
            tf.saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY: classification,
        },
        main_op=tf.tables_initializer(),
    )
    builder.save()
