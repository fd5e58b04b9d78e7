import tensorflow as tf

state = tf.Variable(0, name="counter")
total = tf.Variable(1.5, name="total", trainable=False)
one = tf.constant(1)
amount = tf.placeholder(tf.float32, [])

# count, and add up
new_value = tf.add(state, one)
update = tf.assign(state, new_value)
add = total.assign_add(amount * 2.0)

hello = tf.constant("hello") + " there"

with tf.Session() as sess:
    sess.run(tf.initialize_all_variables())
    print(sess.run(hello))
    for i in range(3):
        sess.run(update)
        print(sess.run(state), sess.run(add, feed_dict={amount: i}))
    print(*sess.run([state, total]))
