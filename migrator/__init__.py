"""Rewrite TensorFlow 1 saving code for TensorFlow 2, and prove that the models agree."""

__version__ = "0.1.0"
