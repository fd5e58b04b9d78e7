from tensorflow import *
train.Saver()
