import tensorflow.compat.v1 as tf1

tf1.disable_v2_behavior()

tf = 3
print(tf1.saved_model.SERVING)
