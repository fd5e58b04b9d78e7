from tensorflow import contrib, train
train.Saver()
