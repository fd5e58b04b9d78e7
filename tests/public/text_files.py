"""Make text up: ``text_files.py TREE FILE[:WORDS_PER_LINE[:LINES]] ...``."""

import sys
from pathlib import Path

import numpy as np

WORDS = [f"{start}{end}" for start in ("th", "w", "b", "m") for end in ("e", "is", "at", "ore")]


def main() -> None:
    """Write the files, each with words of its own seed."""
    for seed, told in enumerate(sys.argv[2:]):
        name, *counts = told.split(":")
        width = int(counts[0]) if counts else 12
        lines = int(counts[1]) if len(counts) > 1 else 200
        random = np.random.RandomState(seed)
        text = "\n".join(
            " ".join(WORDS[i] for i in random.randint(0, len(WORDS), random.randint(3, width + 1)))
            for _ in range(lines)
        )
        path = Path(sys.argv[1]) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
