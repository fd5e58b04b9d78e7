#!/usr/bin/env python
# -*- coding: utf-8 -*-
"""Doc."""

from __future__ import absolute_import, division

import sys

import tensorflow.compat.v1 as tf  # noqa: E402
import tf2_bridge

tf.disable_v2_behavior()

FLAGS = 1
tf2_bridge.Saver()
