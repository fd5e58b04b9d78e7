import tensorflow as tf

tf.get_logger().setLevel("WARN")


class Devices(tf.Module):
    def __init__(self):
        super().__init__()
        self.a = tf.Variable([[3.0, 4.0]], name="a")

    @tf.function(input_signature=[tf.TensorSpec([2, 1], tf.float32)])
    def c(self, b):
        # the second operand is fed
        c = tf.compat.v1.div(tf.matmul(self.a, b), 2.0)
        return c


model = Devices()

tf.get_logger().info("nobody sees this")
print(model.c([[1.0], [2.0]]).numpy())
