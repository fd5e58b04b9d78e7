"""Two models that are trained in one run, and one optimizer for two losses."""

from __future__ import print_function

import numpy as np
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 3], name="x")
y = tf.placeholder(tf.float32, [None, 1], name="y")

# the teacher
teacher = {
    "hidden": tf.Variable(tf.random_normal([3, 8]), name="teacher_hidden"),
    "out": tf.Variable(tf.random_normal([8, 1]), name="teacher_out"),
}
teacher_output = tf.matmul(tf.nn.relu(tf.matmul(x, teacher["hidden"])), teacher["out"])
teacher_loss = tf.reduce_mean(tf.square(teacher_output - y))

# the student, and a scale of its own
student = tf.Variable(tf.random_normal([3, 1]), name="student")
scale = tf.Variable(tf.ones([1]), name="scale")
student_output = tf.matmul(x, student)
student_loss = tf.reduce_mean(tf.square(student_output - y))
scale_loss = tf.reduce_mean(tf.square(x[:, :1] * scale - y))

# what each of them trains
teacher_vars = [teacher["hidden"], teacher["out"]]
student_vars = [student]
step = tf.train.get_or_create_global_step()

train_teacher = tf.train.AdamOptimizer(0.01).minimize(teacher_loss, step, teacher_vars)
optimizer = tf.train.MomentumOptimizer(0.05, momentum=0.9)
train_student = optimizer.minimize(student_loss, var_list=student_vars)
train_scale = optimizer.minimize(scale_loss)
train_both = tf.group(train_student, train_scale, name="both")

# start the counter somewhere
count = tf.Variable(0, trainable=False, name="count")

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    sess.run(count.assign(5))
    for i in range(100):
        batch = np.random.uniform(-1, 1, size=[16, 3])
        target = batch.sum(axis=1, keepdims=True)
        # train the teacher and the student
        feed_dict = {x: batch, y: target}
        _, _, tl, sl = sess.run(
            [train_teacher, train_student, teacher_loss, student_loss], feed_dict=feed_dict
        )
        sess.run(train_both, feed_dict=feed_dict)
        if i % 20 == 0:
            print("%d: %f %f" % (i, tl, sl), sess.run(count.assign_add(1)))
    # the scale alone
    for i in range(10):
        sess.run(train_scale, {x: batch, y: target})
    print(*sess.run([scale, student, step]))
