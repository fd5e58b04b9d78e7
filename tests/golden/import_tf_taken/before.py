from tensorflow.python.saved_model import tag_constants
tf = 3
print(tag_constants.SERVING)
