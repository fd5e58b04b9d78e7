"""``tf.contrib.learn.preprocessing``: documents as rows of word numbers.

Part of ``tf2_bridge``: stands alone.
"""

from __future__ import annotations

import collections
import io
import itertools
import pickle
import re
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import tensorflow as tf

__all__ = [
    "ByteProcessor",
    "CategoricalVocabulary",
    "VocabularyProcessor",
    "preprocessing",
    "tokenizer",
]

# Adapted from TensorFlow 1.15 (contrib/learn/python/learn/preprocessing), Copyright 2016 The
# TensorFlow Authors, licensed under the Apache License, Version 2.0.

_WORDS = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z][a-z]+(?=[A-Z])|[\'\w\-]+", re.UNICODE)


def tokenizer(iterator: Iterable[str]) -> Iterator[list[str]]:
    """Yield the words of each document."""
    for value in iterator:
        yield _WORDS.findall(value)


class ByteProcessor:
    """Maps documents to rows of bytes."""

    def __init__(self, max_document_length: int) -> None:
        self.max_document_length = max_document_length

    def fit(self, x: Any) -> None:
        """Do nothing."""

    def fit_transform(self, x: Iterable[Any]) -> Iterator[Any]:
        """Yield the bytes of each document."""
        return self.transform(x)

    def transform(self, x: Iterable[Any]) -> Iterator[Any]:
        """Yield the bytes of each document, zeros behind them."""
        for document in x:
            content = document.encode() if isinstance(document, str) else document
            found = np.frombuffer(content[: self.max_document_length], np.uint8)
            yield np.pad(found, (0, self.max_document_length - len(found)), "constant")

    def reverse(self, x: Iterable[Any]) -> Iterator[str]:
        """Yield the document of each row, "" where it is no UTF-8."""
        for data in x:
            try:
                yield np.trim_zeros(data.astype(np.int8), trim="b").tobytes().decode()
            except UnicodeDecodeError:
                yield ""


class CategoricalVocabulary:
    """Numbers for words, 0 for those that are not known."""

    def __init__(self, unknown_token: str = "<UNK>", support_reverse: bool = True) -> None:
        self._unknown_token = unknown_token
        self._mapping = {unknown_token: 0}
        self._support_reverse = support_reverse
        self._reverse_mapping = [unknown_token]
        self._freq: dict[Any, int] = collections.defaultdict(int)
        self._freeze = False

    def __len__(self) -> int:
        return len(self._mapping)

    def freeze(self, freeze: bool = True) -> None:
        """Stop to give new numbers, or go on."""
        self._freeze = freeze

    def get(self, category: Any) -> int:
        """Return the number of a word, a new one unless the vocabulary is frozen."""
        if category not in self._mapping:
            if self._freeze:
                return 0
            self._mapping[category] = len(self._mapping)
            if self._support_reverse:
                self._reverse_mapping.append(category)
        return self._mapping[category]

    def add(self, category: Any, count: int = 1) -> None:
        """Count a word."""
        if self.get(category) > 0:
            self._freq[category] += count

    def trim(self, min_frequency: int, max_frequency: int = -1) -> None:
        """Keep words counted more than ``min_frequency`` times, the most frequent first."""
        by_name = sorted(self._freq.items(), key=lambda item: (isinstance(item[0], str), item[0]))
        counted = sorted(by_name, key=lambda item: item[1], reverse=True)
        self._mapping = {self._unknown_token: 0}
        self._reverse_mapping = [self._unknown_token]
        index = 1
        for category, count in counted:
            if max_frequency > 0 and count >= max_frequency:
                continue
            if count <= min_frequency:
                break
            self._mapping[category] = index
            index += 1
            if self._support_reverse:
                self._reverse_mapping.append(category)
        self._freq = dict(counted[: index - 1])

    def reverse(self, class_id: int) -> Any:
        """Return the word of a number.

        Raises:
            ValueError: the vocabulary was made without ``support_reverse``.
        """
        if not self._support_reverse:
            raise ValueError(
                "This vocabulary wasn't initialized with support_reverse to support reverse()."
            )
        return self._reverse_mapping[class_id]


class VocabularyProcessor:
    """Maps documents to rows of word numbers."""

    def __init__(
        self,
        max_document_length: int,
        min_frequency: int = 0,
        vocabulary: Any = None,
        tokenizer_fn: Any = None,
    ) -> None:
        self.max_document_length = max_document_length
        self.min_frequency = min_frequency
        self.vocabulary_ = vocabulary or CategoricalVocabulary()
        self._tokenizer = tokenizer_fn or tokenizer

    def fit(self, raw_documents: Iterable[Any], unused_y: Any = None) -> VocabularyProcessor:
        """Learn the words of the documents; return self."""
        for tokens in self._tokenizer(raw_documents):
            for token in tokens:
                self.vocabulary_.add(token)
        if self.min_frequency > 0:
            self.vocabulary_.trim(self.min_frequency)
        self.vocabulary_.freeze()
        return self

    def fit_transform(self, raw_documents: Iterable[Any], unused_y: Any = None) -> Iterator[Any]:
        """Learn the words of the documents, and yield their rows."""
        self.fit(raw_documents)
        return self.transform(raw_documents)

    def transform(self, raw_documents: Iterable[Any]) -> Iterator[Any]:
        """Yield the int64 row of each document, zeros behind its words."""
        for tokens in self._tokenizer(raw_documents):
            ids = np.zeros(self.max_document_length, np.int64)
            for index, token in enumerate(itertools.islice(tokens, self.max_document_length)):
                ids[index] = self.vocabulary_.get(token)
            yield ids

    def reverse(self, documents: Iterable[Any]) -> Iterator[str]:
        """Yield the words of each row."""
        for item in documents:
            yield " ".join(self.vocabulary_.reverse(class_id) for class_id in item)

    def save(self, filename: str) -> None:
        """Write a pickle, for :meth:`restore` of a program with this file."""
        with tf.io.gfile.GFile(filename, "wb") as f:
            f.write(pickle.dumps(self))

    @classmethod
    def restore(cls, filename: str) -> Any:
        """Read what :meth:`save` wrote, here or in TensorFlow 1."""
        with tf.io.gfile.GFile(filename, "rb") as f:
            return _Unpickler(io.BytesIO(f.read())).load()


class _Unpickler(pickle.Unpickler):
    """Finds the classes of TensorFlow 1's pickles here."""

    def find_class(self, module: str, name: str) -> Any:
        if "contrib.learn.python.learn.preprocessing" in module:
            return getattr(preprocessing, name)
        return super().find_class(module, name)


#: What ``tf.contrib.learn.preprocessing`` has under these names.
preprocessing = SimpleNamespace(
    ByteProcessor=ByteProcessor,
    CategoricalVocabulary=CategoricalVocabulary,
    VocabularyProcessor=VocabularyProcessor,
    tokenizer=tokenizer,
)
