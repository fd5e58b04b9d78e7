#!/usr/bin/env python
# -*- coding: utf-8 -*-
"""Doc."""

from __future__ import absolute_import, division

import sys

import tensorflow as tf  # noqa: E402

FLAGS = 1
tf.train.Saver()
