import sys
sys.path.insert(0, "..")
import tensorflow as tf
sys.path.append("x")
from local import model
import other
def main():
    tf.train.Saver()
if __name__ == "__main__":
    main()
