import sys
sys.path.insert(0, "..")
import tensorflow.compat.v1 as tf
import tf2_bridge

tf.disable_v2_behavior()

sys.path.append("x")
from local import model
import other
def main():
    tf2_bridge.Saver()
if __name__ == "__main__":
    main()
