import tensorflow.compat.v1 as tf
from tensorflow.compat.v1.keras import backend as K
import tensorflow.compat.v1 as tensorflow
import tf2_bridge

tf.disable_v2_behavior()

model = tf.keras.models.load_model("m.h5")
with tf.keras.backend.get_session() as sess:
    with tf2_bridge.session_module(
        sess,
        "export/1",
        inputs={'input_image': model.input},
        outputs={t.name: t for t in model.outputs}
    ) as module:
        tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
