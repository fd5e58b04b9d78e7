from tensorflow.python.saved_model import builder as saved_model_builder
from tensorflow.python.saved_model import signature_constants, signature_def_utils
from tensorflow.python.saved_model import tag_constants, utils
from tensorflow.python.util import compat


def export(sess, path, keys, scores):
  model_signature = signature_def_utils.build_signature_def(
      inputs={"keys": utils.build_tensor_info(keys)},
      outputs={"scores": utils.build_tensor_info(scores)},
      method_name=signature_constants.PREDICT_METHOD_NAME)
  try:
    builder = saved_model_builder.SavedModelBuilder(compat.as_bytes(path))
    builder.add_meta_graph_and_variables(
        sess, [tag_constants.SERVING], clear_devices=True,
        signature_def_map={
            signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY: model_signature,
        })
    builder.save()
  except Exception as e:
    print("Fail: {}".format(e))
