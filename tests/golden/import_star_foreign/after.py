from common import *
import tf2_bridge
tf2_bridge.Saver()
def f(path, s):
    with tf2_bridge.session_module(s, path, {}, {}) as module:
        tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
