"""TFRecord files: serialized tf.Examples as inputs."""

import struct
from typing import Any, Iterator, List

from .common import Array, BadInput, Json, compat, what_failed
from .parsing import as_strings

#: The first byte of a compressed file.
_GZIP, _ZLIB = b"\x1f", b"\x78"


def records(tf: Any, path: str) -> Iterator[bytes]:
    """Yield the records of a TFRecord file, compressed or not.

    ``tf.compat.v1.python_io`` reads them in every version, eagerly or not.
    """
    io = compat(tf).python_io
    kinds = io.TFRecordCompressionType
    with open(path, "rb") as file:
        start = file.read(12)
    kind = kinds.NONE
    if not starts_record(start):
        kind = {_GZIP: kinds.GZIP, _ZLIB: kinds.ZLIB}.get(start[:1], kinds.NONE)
    for record in io.tf_record_iterator(path, io.TFRecordOptions(kind)):
        yield bytes(record)


def starts_record(start: bytes) -> bool:
    """Return whether 12 bytes are the head of a record: its length and the length's checksum.

    The checksum is a CRC-32C, rotated by 15 bits and with a constant added, as TensorFlow's
    ``tf.io.TFRecordWriter`` documentation describes it.
    """
    if len(start) < 12:
        return False
    crc = 0xFFFFFFFF
    for byte in bytearray(start[:8]):
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    masked = ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
    return bool(struct.unpack("<I", start[8:12])[0] == masked)


class Examples:
    """The records of a file, and the features in them."""

    def __init__(self, tf: Any, items: List[bytes], file: str, more: bool) -> None:
        self._items = items
        self._file = file
        self.more = more
        self._parsed: List[Any] = []
        for item in items:
            example = tf.train.Example()
            try:
                example.ParseFromString(item)
            except Exception:  # protobuf's DecodeError: strings of another kind, fed as they are
                self._parsed = []
                break
            self._parsed.append(example)

    def names(self) -> List[str]:
        """Return the names of all features."""
        return sorted({name for example in self._parsed for name in example.features.feature})

    def serialized(self) -> Array:
        """Return the records as a vector of strings."""
        return as_strings(self._items, [len(self._items)])

    def column(self, name: str, spec: Json) -> Array:
        """Return one feature of all records, as the array that an input takes.

        Raises:
            ValueError: a record lacks it, or holds another number of values.
        """
        import numpy as np

        rows: List[List[Any]] = []
        for position, example in enumerate(self._parsed):
            feature = example.features.feature
            kind = feature[name].WhichOneof("kind") if name in feature else None
            if kind is None:
                raise ValueError("record %d has no feature %r" % (position + 1, name))
            rows.append(list(getattr(feature[name], kind).value))
        counts = sorted({len(row) for row in rows})
        if len(counts) != 1:
            raise ValueError(
                "the feature %r has %d values in one record and %d in another"
                % (name, counts[0], counts[-1])
            )
        strings = bool(rows[0]) and isinstance(rows[0][0], bytes)
        flat = [value for row in rows for value in row]
        if strings:
            array = as_strings(flat, [len(rows), counts[0]])
        else:
            # float_list holds float32, which is what is fed then
            integers = all(isinstance(value, int) for value in flat)
            array = np.array(flat, np.int64 if integers else np.float32)
            array = array.reshape(len(rows), counts[0])
        shape = spec["shape"]
        if shape is None:
            return array[:, 0] if counts[0] == 1 else array
        if not shape:
            if len({row[0] for row in rows}) != 1:
                raise ValueError("the input %r takes one value, and the records differ" % name)
            return array[0, 0] if not strings else as_strings([flat[0]], [])
        inner = shape[1:]
        size = 1
        for dim in inner:
            size *= dim or 1
        if None not in inner and size == counts[0]:
            return array.reshape([len(rows)] + list(inner))
        return array


def read_examples(tf: Any, path: str, file: str, most: int) -> Examples:
    """Return the first ``most`` records of a TFRecord file.

    Raises:
        BadInput: it is none, or empty.
    """
    found: List[bytes] = []
    more = False
    try:
        for record in records(tf, path):
            if len(found) == most:
                more = True
                break
            found.append(record)
    except Exception as error:  # DataLossError and others that differ between versions
        raise BadInput("%s is no TFRecord file: %s" % (file, what_failed(error)))
    if not found:
        raise BadInput("%s holds no record" % file)
    return Examples(tf, found, file, more)
