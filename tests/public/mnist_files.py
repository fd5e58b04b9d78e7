"""Make MNIST's four files up, small: ``mnist_files.py TREE FOLDER [TRAIN TEST]``."""

import gzip
import struct
import sys
from pathlib import Path

import numpy as np


def images(count: int, random: np.random.RandomState) -> bytes:
    """Return an IDX file of ``count`` 28x28 images."""
    pixels = random.randint(0, 256, [count, 28, 28]).astype(np.uint8)
    return struct.pack(">IIII", 2051, count, 28, 28) + pixels.tobytes()


def labels(count: int, random: np.random.RandomState) -> bytes:
    """Return an IDX file of ``count`` labels."""
    return struct.pack(">II", 2049, count) + random.randint(0, 10, count).astype(np.uint8).tobytes()


def main() -> None:
    """Write the files."""
    folder = Path(sys.argv[1]) / sys.argv[2]
    counts = [int(word) for word in sys.argv[3:]] or [1200, 200]
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.RandomState(7)
    for name, count in zip(("train", "t10k"), counts, strict=True):
        (folder / f"{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images(count, random)))
        (folder / f"{name}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels(count, random)))


if __name__ == "__main__":
    main()
