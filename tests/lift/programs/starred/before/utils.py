import tensorflow as tf


def show_all_variables():
    total = 0
    for variable in tf.trainable_variables():
        size = 1
        for dim in variable.get_shape():
            size *= dim.value
        print(variable.name, variable.get_shape().as_list(), size)
        total += size
    print("Total: %d" % total)
