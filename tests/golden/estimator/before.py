import tensorflow as tf

est = tf.estimator.Estimator(model_fn)
est.export_savedmodel("d", receiver)
est.export_saved_model("d", receiver)
exporter = tf.estimator.LatestExporter("e", receiver)
tf.saved_model.main_op.main_op()
