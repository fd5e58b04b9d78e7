"""Two models that are trained in one run, and one optimizer for two losses."""

from __future__ import print_function

import numpy as np
import tensorflow as tf


class Together(tf.Module):
    def __init__(self):
        super().__init__()
        # the teacher
        self.teacher = {
            "hidden": tf.Variable(tf.random.normal([3, 8]), name="teacher_hidden"),
            "out": tf.Variable(tf.random.normal([8, 1]), name="teacher_out"),
        }
        # the student, and a scale of its own
        self.student = tf.Variable(tf.random.normal([3, 1]), name="student")
        self.scale = tf.Variable(tf.ones([1]), name="scale")
        # what each of them trains
        self.teacher_vars = [self.teacher["hidden"], self.teacher["out"]]
        self.student_vars = [self.student]
        self.step = tf.Variable(0, trainable=False, dtype=tf.int64, name="global_step")
        # start the counter somewhere
        self.count = tf.Variable(0, trainable=False, name="count")

    def student_loss(self, x, y):
        student_output = tf.matmul(x, self.student)
        student_loss = tf.reduce_mean(tf.square(student_output - y))
        return student_loss

    def scale_loss(self, x, y):
        scale_loss = tf.reduce_mean(tf.square(x[:, :1] * self.scale - y))
        return scale_loss


model = Together()
optimizer_2 = tf.compat.v1.train.AdamOptimizer(0.01)
optimizer = tf.keras.optimizers.SGD(0.05, momentum=0.9)
optimizer.build([model.student, model.scale])


@tf.function(
    input_signature=[
        tf.TensorSpec([None, 3], tf.float32),
        tf.TensorSpec([None, 1], tf.float32),
    ]
)
def train_step(x, y):
    with tf.GradientTape(persistent=True) as tape:
        teacher_output = tf.matmul(
            tf.nn.relu(tf.matmul(x, model.teacher["hidden"])), model.teacher["out"]
        )
        teacher_loss = tf.reduce_mean(tf.square(teacher_output - y))
        student_loss = model.student_loss(x, y)
    train_teacher_gradients = tape.gradient(teacher_loss, model.teacher_vars)
    train_student_gradients = tape.gradient(student_loss, model.student_vars)
    optimizer_2.apply_gradients(zip(train_teacher_gradients, model.teacher_vars))
    model.step.assign_add(1)
    optimizer.apply_gradients(zip(train_student_gradients, model.student_vars))
    return teacher_loss, student_loss


@tf.function(
    input_signature=[
        tf.TensorSpec([None, 3], tf.float32),
        tf.TensorSpec([None, 1], tf.float32),
    ]
)
def train_both(x, y):
    with tf.GradientTape(persistent=True) as tape:
        student_loss = model.student_loss(x, y)
        scale_loss = model.scale_loss(x, y)
    train_student_gradients = tape.gradient(student_loss, model.student_vars)
    train_scale_variables = [model.scale]
    train_scale_gradients = tape.gradient(scale_loss, train_scale_variables)
    optimizer.apply_gradients(zip(train_student_gradients, model.student_vars))
    optimizer.apply_gradients(zip(train_scale_gradients, train_scale_variables))


@tf.function(
    input_signature=[
        tf.TensorSpec([None, 3], tf.float32),
        tf.TensorSpec([None, 1], tf.float32),
    ]
)
def train_scale(x, y):
    with tf.GradientTape() as tape:
        scale_loss = model.scale_loss(x, y)
    variables = [model.scale]
    gradients = tape.gradient(scale_loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))


model.count.assign(5)
for i in range(100):
    batch = np.random.uniform(-1, 1, size=[16, 3])
    target = batch.sum(axis=1, keepdims=True)
    # train the teacher and the student
    feed_dict = {"x": batch, "y": target}
    tl, sl = [value.numpy() for value in train_step(**feed_dict)]
    train_both(**feed_dict)
    if i % 20 == 0:
        print("%d: %f %f" % (i, tl, sl), model.count.assign_add(1).numpy())
# the scale alone
for i in range(10):
    train_scale(batch, target)
print(*[model.scale.numpy(), model.student.numpy(), model.step.numpy()])
