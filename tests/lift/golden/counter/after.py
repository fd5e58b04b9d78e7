import tensorflow as tf

one = tf.constant(1)


class Counter(tf.Module):
    def __init__(self):
        super().__init__()
        self.state = tf.Variable(0, name="counter")
        self.total = tf.Variable(1.5, name="total", trainable=False)

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
    def add(self, amount):
        self.total.assign_add(amount * 2.0)
        return self.total.read_value()

    @tf.function(input_signature=[])
    def update(self):
        # count, and add up
        new_value = tf.add(self.state, one)
        self.state.assign(new_value)


model = Counter()

hello = tf.constant("hello") + " there"

print(hello.numpy())
for i in range(3):
    model.update()
    print(model.state.numpy(), model.add(i).numpy())
print(*[model.state.numpy(), model.total.numpy()])
