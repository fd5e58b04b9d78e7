"""Make GloVe vectors up: ``glove_file.py TREE FILE DIMENSIONS WORDS_OF_FILE``."""

import sys
from pathlib import Path

import numpy as np


def main() -> None:
    """Write a vector for the first word of each line, in lower case."""
    tree, name, width, source = Path(sys.argv[1]), *sys.argv[2:5]
    random = np.random.RandomState(3)
    lines = (tree / source).read_text(encoding="utf-8").splitlines()
    words = sorted({line.split()[0].lower() for line in lines if line.strip()})
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for word in words:
            vector = " ".join(f"{value:.5f}" for value in random.randn(int(width)))
            file.write(f"{word} {vector}\n")


if __name__ == "__main__":
    main()
