import tensorflow as tf
import tensorflow.contrib.slim as slim

def net(x):
    return slim.conv2d(x, 4, [3, 3])
