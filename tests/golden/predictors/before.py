import tensorflow as tf
from tensorflow.contrib import predictor
from tensorflow.contrib.predictor import from_saved_model
import tensorflow.contrib.predictor as p
from tensorflow.contrib.saved_model.python.saved_model import reader, signature_def_utils
from tensorflow.contrib.session_bundle import exporter


class Model(object):
    def __init__(self, path):
        self.predict = predictor.from_saved_model(path)
        self.other = from_saved_model(
            path,
            signature_def_key="predict")
        self.third = p.from_saved_model(export_dir=path, tags="serve,gpu",
                                        config=tf.ConfigProto(allow_soft_placement=True))

    def __call__(self, x):
        with self.predict.graph.as_default():
            name = self.predict.fetch_tensors["y"].name
        return self.predict({"x": x})["y"], self.predict.session.run(name)


make = tf.contrib.predictor.from_saved_model
make("export")
models = list(map(predictor.from_saved_model, ["a", "b"]))
predictor.from_estimator(None, None)
signature_def_utils.get_signature_def_by_key(None, "predict")
reader.get_saved_model_tag_sets("export")
model_exporter = exporter.Exporter(None)
