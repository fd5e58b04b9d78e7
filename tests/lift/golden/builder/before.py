import os
import shutil
import numpy as np
import tensorflow as tf
from tensorflow.python.saved_model import signature_constants
from tensorflow.python.saved_model import tag_constants

x = tf.placeholder(tf.float32, [None, 3], name="x")
w = tf.Variable(tf.ones([3, 2]), name="w")
y = tf.nn.softmax(tf.matmul(x, w))
values, indices = tf.nn.top_k(y, 2)

sess = tf.InteractiveSession()
sess.run(tf.global_variables_initializer())

if os.path.exists("out"):
    shutil.rmtree("out")
builder = tf.saved_model.builder.SavedModelBuilder("out")
tensor_info_x = tf.saved_model.utils.build_tensor_info(x)
tensor_info_y = tf.saved_model.utils.build_tensor_info(y)

# what is asked for
prediction_signature = (
    tf.saved_model.signature_def_utils.build_signature_def(
        inputs={'images': tensor_info_x},
        outputs={'scores': tensor_info_y},
        method_name=signature_constants.PREDICT_METHOD_NAME))
best_signature = tf.saved_model.signature_def_utils.predict_signature_def(inputs={"x": x}, outputs={"best": indices, "values": values})

builder.add_meta_graph_and_variables(
    sess, [tag_constants.SERVING],
    signature_def_map={
        'predict_images': prediction_signature,
        signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY: best_signature,
    },
    clear_devices=True)
builder.save()
print("done:", sess.run(y, {x: np.ones((1, 3))}))
