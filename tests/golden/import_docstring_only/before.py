"""x"""
import tensorflow as tf
