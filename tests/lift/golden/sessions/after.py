import os

import numpy as np
import tensorflow as tf

learning_rate = 0.01
model_path = "./sessions.ckpt"


class Sessions(tf.Module):
    def __init__(self):
        super().__init__()
        # Store layers weight & bias
        self.weights = tf.Variable(tf.random.normal([4, 2]), name="weights")
        self.biases = tf.Variable(tf.random.normal([2]), name="biases")


# Initialize the variables (i.e. assign their default value)
model = Sessions()
optimizer = tf.compat.v1.train.AdamOptimizer(learning_rate=learning_rate)


@tf.function(
    input_signature=[
        # tf Graph input
        tf.TensorSpec([None, 4], "float"),
        tf.TensorSpec([None, 2], "float"),
    ]
)
def train_step(x, y):
    with tf.GradientTape() as tape:
        pred = tf.matmul(x, model.weights) + model.biases
        # Define loss and optimizer
        cost = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=pred, labels=y))
    variables = model.trainable_variables
    gradients = tape.gradient(cost, variables)
    optimizer.apply_gradients(zip(gradients, variables))
    return cost


# 'Saver' op to save and restore all the variables
checkpoint = tf.train.Checkpoint(
    variables={"weights": model.weights, "biases": model.biases}, optimizer=optimizer
)

data = np.random.RandomState(5).normal(size=(40, 4))
target = np.eye(2)[(data.sum(axis=1) > 0).astype(int)]

print("Starting 1st session...")
for epoch in range(30):
    c = train_step(data, target).numpy()
    if epoch % 10 == 0:
        print("Epoch:", epoch, "cost=", c)

# Save model weights to disk
save_path = checkpoint.write(model_path)
tf.compat.v1.train.update_checkpoint_state(os.path.dirname(save_path), save_path)
print("Model saved in file: %s" % save_path)

# what comes after the save is lost
train_step(data, target)

print("Starting 2nd session...")
# Restore model weights from previously saved model
# an update by nothing makes the slots, which are restored then
optimizer.apply_gradients([(tf.zeros_like(v), v) for v in model.trainable_variables])
checkpoint.read(model_path).assert_existing_objects_matched()

# Resume training
for epoch in range(30):
    c = train_step(data, target).numpy()
    if epoch % 10 == 0:
        print("Epoch:", epoch, "cost=", c)
print(model.weights.numpy().tolist())
