"""The MNIST reader of TensorFlow 1's tutorials: the same files, batches and random order.

Part of ``tf2_bridge``: stands alone.
"""

from __future__ import annotations

import collections
import gzip
import os
import urllib.request
from types import SimpleNamespace
from typing import Any

import numpy as np
import tensorflow as tf

__all__ = [
    "DataSet",
    "Datasets",
    "dense_to_one_hot",
    "extract_images",
    "extract_labels",
    "input_data",
    "load_mnist",
    "read_data_sets",
]

# Adapted from TensorFlow 1.15 (contrib/learn/python/learn/datasets/mnist.py), Copyright 2016
# The TensorFlow Authors, licensed under the Apache License, Version 2.0.

_MNIST_URL = "https://storage.googleapis.com/cvdf-datasets/mnist/"
_MNIST_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)

Datasets = collections.namedtuple("Datasets", ["train", "validation", "test"])


class DataSet:
    """Images and their labels, given out in batches.

    Args:
        images: uint8 array, ``[count, rows, columns, 1]``.
        labels: array of ``count`` labels.
        fake_data: give 10,000 times one image of ones.
        one_hot: whether fake labels are one-hot.
        dtype: ``tf.uint8``, or ``tf.float32`` for values from 0 to 1.
        reshape: make each image one row.
        seed: of the order; NumPy's global generator is seeded with it, or with the graph's.
    """

    def __init__(
        self,
        images: Any,
        labels: Any,
        fake_data: bool = False,
        one_hot: bool = False,
        dtype: Any = tf.float32,
        reshape: bool = True,
        seed: int | None = None,
    ) -> None:
        graph_seed, own_seed = tf.compat.v1.get_seed(seed)
        np.random.seed(graph_seed if seed is None else own_seed)
        dtype = tf.as_dtype(dtype).base_dtype
        if dtype not in (tf.uint8, tf.float32):
            raise TypeError(f"Invalid image dtype {dtype!r}, expected uint8 or float32")
        if fake_data:
            self._num_examples = 10000
            self.one_hot = one_hot
        else:
            if images.shape[0] != labels.shape[0]:
                raise AssertionError(f"images.shape: {images.shape} labels.shape: {labels.shape}")
            self._num_examples = images.shape[0]
            if reshape:
                images = images.reshape(images.shape[0], images.shape[1] * images.shape[2])
            if dtype == tf.float32:
                images = np.multiply(images.astype(np.float32), 1.0 / 255.0)
        self._images = images
        self._labels = labels
        self._epochs_completed = 0
        self._index_in_epoch = 0

    @property
    def images(self) -> Any:
        """All images, in the order of this epoch."""
        return self._images

    @property
    def labels(self) -> Any:
        """All labels, in the order of this epoch."""
        return self._labels

    @property
    def num_examples(self) -> int:
        """How many images there are."""
        return self._num_examples

    @property
    def epochs_completed(self) -> int:
        """How often all of them were given out."""
        return self._epochs_completed

    def next_batch(
        self, batch_size: int, fake_data: bool = False, shuffle: bool = True
    ) -> tuple[Any, Any]:
        """Return the next ``batch_size`` images and labels, reshuffled after each epoch."""
        if fake_data:
            label = [1] + [0] * 9 if self.one_hot else 0
            return [[1] * 784 for _ in range(batch_size)], [label for _ in range(batch_size)]
        start = self._index_in_epoch
        if self._epochs_completed == 0 and start == 0 and shuffle:
            self._shuffle()
        if start + batch_size <= self._num_examples:
            self._index_in_epoch += batch_size
            end = self._index_in_epoch
            return self._images[start:end], self._labels[start:end]
        self._epochs_completed += 1
        rest = self._num_examples - start
        images, labels = self._images[start:], self._labels[start:]
        if shuffle:
            self._shuffle()
        end = self._index_in_epoch = batch_size - rest
        return (
            np.concatenate((images, self._images[:end]), axis=0),
            np.concatenate((labels, self._labels[:end]), axis=0),
        )

    def _shuffle(self) -> None:
        order = np.arange(self._num_examples)
        np.random.shuffle(order)
        self._images = self._images[order]
        self._labels = self._labels[order]


def read_data_sets(
    train_dir: str,
    fake_data: bool = False,
    one_hot: bool = False,
    dtype: Any = tf.float32,
    reshape: bool = True,
    validation_size: int = 5000,
    seed: int | None = None,
    source_url: str | None = _MNIST_URL,
) -> Datasets:
    """Return MNIST's ``train``, ``validation`` and ``test`` data sets.

    The four ``.gz`` files are read from ``train_dir``, after downloading the ones that are not
    there from ``source_url``.

    Raises:
        ValueError: a file is not MNIST's, or ``validation_size`` is out of range.
    """
    if fake_data:
        return Datasets(
            *(
                DataSet([], [], fake_data=True, one_hot=one_hot, dtype=dtype, seed=seed)
                for _ in range(3)
            )
        )
    arrays = []
    for name in _MNIST_FILES:
        path = _downloaded(name, train_dir, (source_url or _MNIST_URL) + name)
        with tf.io.gfile.GFile(path, "rb") as stream:
            if "images" in name:
                arrays.append(extract_images(stream))
            else:
                arrays.append(extract_labels(stream, one_hot=one_hot))
    images, labels, test_images, test_labels = arrays
    if not 0 <= validation_size <= len(images):
        raise ValueError(
            f"Validation size should be between 0 and {len(images)}. Received: {validation_size}."
        )
    options: dict[str, Any] = {"dtype": dtype, "reshape": reshape, "seed": seed}
    train = DataSet(images[validation_size:], labels[validation_size:], **options)
    validation = DataSet(images[:validation_size], labels[:validation_size], **options)
    return Datasets(train, validation, DataSet(test_images, test_labels, **options))


def load_mnist(train_dir: str = "MNIST-data") -> Datasets:
    """Return MNIST's data sets with default options."""
    return read_data_sets(train_dir)


def extract_images(f: Any) -> Any:
    """Return the images of an open ``.gz`` file as a uint8 array ``[count, rows, columns, 1]``.

    Raises:
        ValueError: it is not MNIST's file of images.
    """
    tf.get_logger().info("Extracting %s", f.name)
    with gzip.GzipFile(fileobj=f) as stream:
        magic, count, rows, columns = np.frombuffer(stream.read(16), ">u4").tolist()
        if magic != 2051:
            raise ValueError(f"Invalid magic number {magic} in MNIST image file: {f.name}")
        pixels = np.frombuffer(stream.read(rows * columns * count), np.uint8)
        return pixels.reshape(count, rows, columns, 1)


def extract_labels(f: Any, one_hot: bool = False, num_classes: int = 10) -> Any:
    """Return the labels of an open ``.gz`` file, one-hot in float64 if asked for.

    Raises:
        ValueError: it is not MNIST's file of labels.
    """
    tf.get_logger().info("Extracting %s", f.name)
    with gzip.GzipFile(fileobj=f) as stream:
        magic, count = np.frombuffer(stream.read(8), ">u4").tolist()
        if magic != 2049:
            raise ValueError(f"Invalid magic number {magic} in MNIST label file: {f.name}")
        labels = np.frombuffer(stream.read(count), np.uint8)
        return dense_to_one_hot(labels, num_classes) if one_hot else labels


def dense_to_one_hot(labels_dense: Any, num_classes: int) -> Any:
    """Return class numbers as one-hot rows."""
    return np.eye(num_classes)[np.ravel(labels_dense)]


def _downloaded(name: str, folder: str, url: str) -> str:
    """Return the path of a file, downloaded where it is not there yet."""
    tf.io.gfile.makedirs(folder)
    path = os.path.join(folder, name)
    if not tf.io.gfile.exists(path):
        with urllib.request.urlopen(url) as stream:
            content = stream.read()
        with tf.io.gfile.GFile(path, "wb") as file:
            file.write(content)
        tf.get_logger().info("Downloaded %s, %d bytes.", name, len(content))
    return path


#: What ``tensorflow.examples.tutorials.mnist`` has under this name.
input_data = SimpleNamespace(
    DataSet=DataSet,
    dense_to_one_hot=dense_to_one_hot,
    extract_images=extract_images,
    extract_labels=extract_labels,
    load_mnist=load_mnist,
    read_data_sets=read_data_sets,
)
