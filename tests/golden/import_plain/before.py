import tensorflow

tensorflow.train.Saver()
