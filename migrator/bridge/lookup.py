"""``tf.contrib.lookup``: vocabularies as tables, with TensorFlow 1's functions and attributes.

Part of ``tf2_bridge``: stands alone.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import tensorflow as tf

__all__ = ["lookup"]

FastHashSpec = SimpleNamespace(hasher="fasthash", key=None)


class HashTable(tf.compat.v1.lookup.StaticHashTable):  # type: ignore[misc]
    """A table that is filled once; ``init`` is the op that fills it."""

    def __init__(
        self, initializer: Any, default_value: Any, shared_name: Any = None, name: Any = None
    ) -> None:
        """Make the table; ``shared_name`` has no meaning outside of a cluster and is dropped."""
        super().__init__(initializer, default_value, name=shared_name or name)

    @property
    def init(self) -> Any:
        """The op that fills the table."""
        return self.initializer


def _vocabulary_table(
    initializer: Any, default_value: Any, num_oov_buckets: int, dtype: Any, spec: Any
) -> Any:
    """Return a table from keys to numbers, with buckets behind it for keys that it lacks."""
    if not num_oov_buckets:
        return HashTable(initializer, default_value)
    if getattr(spec, "hasher", None) != "fasthash":
        raise ValueError("buckets are chosen by TensorFlow's fast hash: no other is supported")
    return tf.compat.v1.lookup.StaticVocabularyTable(
        initializer, num_oov_buckets, lookup_key_dtype=dtype
    )


def index_table_from_file(
    vocabulary_file: Any = None,
    num_oov_buckets: int = 0,
    vocab_size: Any = None,
    default_value: Any = -1,
    hasher_spec: Any = FastHashSpec,
    key_dtype: Any = tf.string,
    name: Any = None,
    key_column_index: int = tf.lookup.TextFileIndex.WHOLE_LINE,
    value_column_index: int = tf.lookup.TextFileIndex.LINE_NUMBER,
    delimiter: str = "\t",
) -> Any:
    """Return a table from the words of a file to the numbers of their lines, int64.

    Raises:
        ValueError: a parameter is missing or out of range, as in TensorFlow 1.
    """
    _check_vocabulary(vocabulary_file, vocab_size)
    _check_buckets(num_oov_buckets)
    dtype = tf.as_dtype(key_dtype)
    with tf.name_scope(name or "string_to_index"):
        initializer = tf.lookup.TextFileInitializer(
            vocabulary_file,
            tf.int64 if dtype.is_integer else dtype,
            key_column_index,
            tf.int64,
            value_column_index,
            vocab_size=vocab_size,
            delimiter=delimiter,
        )
        return _vocabulary_table(initializer, default_value, num_oov_buckets, dtype, hasher_spec)


def index_table_from_tensor(
    mapping: Any,
    num_oov_buckets: int = 0,
    default_value: Any = -1,
    hasher_spec: Any = FastHashSpec,
    dtype: Any = tf.string,
    name: Any = None,
) -> Any:
    """Return a table from the elements of ``mapping`` to their positions, int64.

    Raises:
        ValueError: ``mapping`` is missing, or of another dtype.
    """
    if mapping is None:
        raise ValueError("mapping must be specified.")
    _check_buckets(num_oov_buckets)
    with tf.name_scope(name or "string_to_index"):
        keys = tf.convert_to_tensor(mapping)
        if keys.dtype != tf.as_dtype(dtype):
            if not (keys.dtype.is_integer and tf.as_dtype(dtype).is_integer):
                raise ValueError(f"Expected {dtype}, got {keys.dtype}.")
            keys = tf.cast(keys, tf.int64)
        if keys.dtype.is_integer:
            keys = tf.cast(keys, tf.int64)
        values = tf.range(tf.size(keys, out_type=tf.int64), dtype=tf.int64)
        initializer = tf.lookup.KeyValueTensorInitializer(keys, values)
        return _vocabulary_table(
            initializer, default_value, num_oov_buckets, tf.as_dtype(dtype), hasher_spec
        )


def index_to_string_table_from_file(
    vocabulary_file: Any,
    vocab_size: Any = None,
    default_value: Any = "UNK",
    name: Any = None,
    key_column_index: int = tf.lookup.TextFileIndex.LINE_NUMBER,
    value_column_index: int = tf.lookup.TextFileIndex.WHOLE_LINE,
    delimiter: str = "\t",
) -> HashTable:
    """Return a table from the numbers of the lines of a file, int64, to their words.

    Raises:
        ValueError: a parameter is missing or out of range, as in TensorFlow 1.
    """
    _check_vocabulary(vocabulary_file, vocab_size)
    with tf.name_scope(name or "index_to_string"):
        initializer = tf.lookup.TextFileInitializer(
            vocabulary_file,
            tf.int64,
            key_column_index,
            tf.string,
            value_column_index,
            vocab_size=vocab_size,
            delimiter=delimiter,
        )
        return HashTable(initializer, default_value)


def index_to_string_table_from_tensor(
    mapping: Any, default_value: Any = "UNK", name: Any = None
) -> HashTable:
    """Return a table from the positions in ``mapping``, int64, to its strings.

    Raises:
        ValueError: ``mapping`` is missing.
    """
    if mapping is None:
        raise ValueError("mapping must be specified.")
    with tf.name_scope(name or "index_to_string"):
        values = tf.convert_to_tensor(mapping, tf.string)
        keys = tf.range(tf.size(values, out_type=tf.int64), dtype=tf.int64)
        return HashTable(tf.lookup.KeyValueTensorInitializer(keys, values), default_value)


def string_to_index_table_from_file(
    vocabulary_file: Any = None,
    num_oov_buckets: int = 0,
    vocab_size: Any = None,
    default_value: Any = -1,
    hasher_spec: Any = FastHashSpec,
    name: Any = None,
) -> Any:
    """Return what ``index_table_from_file`` returns: this is its older name."""
    return index_table_from_file(
        vocabulary_file, num_oov_buckets, vocab_size, default_value, hasher_spec, name=name
    )


def string_to_index_table_from_tensor(
    mapping: Any,
    num_oov_buckets: int = 0,
    default_value: Any = -1,
    hasher_spec: Any = FastHashSpec,
    name: Any = None,
) -> Any:
    """Return what ``index_table_from_tensor`` returns: this is its older name."""
    return index_table_from_tensor(mapping, num_oov_buckets, default_value, hasher_spec, name=name)


def string_to_index(tensor: Any, mapping: Any, default_value: Any = -1, name: Any = None) -> Any:
    """Return the positions of the strings ``tensor`` in ``mapping``, int64."""
    table = index_table_from_tensor(mapping, default_value=default_value, name=name)
    return table.lookup(tensor)


def index_to_string(tensor: Any, mapping: Any, default_value: Any = "UNK", name: Any = None) -> Any:
    """Return the strings of ``mapping`` at the positions ``tensor``."""
    return index_to_string_table_from_tensor(mapping, default_value, name).lookup(tensor)


def _check_vocabulary(vocabulary_file: Any, vocab_size: Any) -> None:
    if vocabulary_file is None or (isinstance(vocabulary_file, str) and not vocabulary_file):
        raise ValueError("vocabulary_file must be specified and must not be empty.")
    if vocab_size is not None and vocab_size < 1:
        raise ValueError(f"vocab_size must be greater than 0, got {vocab_size}.")


def _check_buckets(num_oov_buckets: int) -> None:
    if num_oov_buckets < 0:
        raise ValueError(f"num_oov_buckets must be greater or equal than 0, got {num_oov_buckets}.")


lookup = SimpleNamespace(
    FastHashSpec=FastHashSpec,
    HashTable=HashTable,
    index_table_from_file=index_table_from_file,
    index_table_from_tensor=index_table_from_tensor,
    index_to_string=index_to_string,
    index_to_string_table_from_file=index_to_string_table_from_file,
    index_to_string_table_from_tensor=index_to_string_table_from_tensor,
    string_to_index=string_to_index,
    string_to_index_table_from_file=string_to_index_table_from_file,
    string_to_index_table_from_tensor=string_to_index_table_from_tensor,
)
