import tensorflow as tf
from tensorflow.keras import backend as K
import tensorflow.keras.backend

model = tf.keras.models.load_model("m.h5")
with tf.keras.backend.get_session() as sess:
    tf.saved_model.simple_save(
        sess,
        "export/1",
        inputs={'input_image': model.input},
        outputs={t.name: t for t in model.outputs})
