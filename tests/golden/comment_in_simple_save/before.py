import tensorflow as tf

tf.saved_model.simple_save(  # go
    sess,
    # where
    "d",
    inputs={"x": x}, outputs={"y": y}
    # end
)
# next
x = (  # a
    tf.saved_model.tag_constants.SERVING  # b
)
