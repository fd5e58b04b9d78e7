from tensorflow import train, Session as S
from tensorflow import (
    saved_model,
    keras as k,  # keras
)
import tensorflow.keras.backend as K
from tensorflow.keras.layers import Dense
train.Saver()
