"""Make poems up, a title and lines of five characters: ``poem_file.py TREE FILE``."""

import sys
from pathlib import Path

import numpy as np


def main() -> None:
    """Write 130 poems."""
    random = np.random.RandomState(5)
    path = Path(sys.argv[1]) / sys.argv[2]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for number in range(130):
            lines = (
                "".join(chr(0x4E00 + code) for code in random.randint(0, 60, 5)) for _ in range(4)
            )
            file.write(f"{number}:" + "，".join(lines) + "。\n")


if __name__ == "__main__":
    main()
