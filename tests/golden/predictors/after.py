import tensorflow.compat.v1 as tf
from tensorflow.contrib import predictor
from tensorflow.contrib.saved_model.python.saved_model import reader, signature_def_utils
from tensorflow.contrib.session_bundle import exporter
import tf2_bridge

tf.disable_v2_behavior()


class Model(object):
    def __init__(self, path):
        self.predict = tf2_bridge.predictor(path)
        self.other = tf2_bridge.predictor(
            path,
            signature_def_key="predict")
        self.third = tf2_bridge.predictor(export_dir=path, tags="serve,gpu",
                                        config=tf.ConfigProto(allow_soft_placement=True))

    def __call__(self, x):
        with self.predict.graph.as_default():
            name = self.predict.fetch_tensors["y"].name
        return self.predict({"x": x})["y"], self.predict.session.run(name)


make = tf2_bridge.predictor
make("export")
models = list(map(tf2_bridge.predictor, ["a", "b"]))
predictor.from_estimator(None, None)
signature_def_utils.get_signature_def_by_key(None, "predict")
reader.get_saved_model_tag_sets("export")
model_exporter = exporter.Exporter(None)
