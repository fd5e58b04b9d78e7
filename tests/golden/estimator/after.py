import tensorflow.compat.v1 as tf
import tf2_bridge

tf.disable_v2_behavior()

est = tf2_bridge.estimator.Estimator(model_fn)
est.export_savedmodel("d", receiver)
est.export_saved_model("d", receiver)
exporter = tf2_bridge.estimator.LatestExporter("e", receiver)
tf.saved_model.main_op.main_op()
