"""Doc."""
from __future__ import print_function
from tensorflow.python.saved_model import tag_constants
import os

print(tag_constants.SERVING)
