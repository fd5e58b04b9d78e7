"""Make sentences of two languages and their vocabularies up: ``nmt_files.py TREE``."""

import sys
from pathlib import Path

import numpy as np


def main() -> None:
    """Write ``data/{vocab,train,dev,test}.{vi,en}``; what is said twice is the same, shifted."""
    folder = Path(sys.argv[1]) / "data"
    folder.mkdir()
    random = np.random.RandomState(11)
    for language in ("vi", "en"):
        words = ["<unk>", "<s>", "</s>", *(f"{language}{i}" for i in range(30))]
        (folder / f"vocab.{language}").write_text("\n".join(words) + "\n", encoding="utf-8")
    for name, count in (("train", 400), ("dev", 20), ("test", 20)):
        rows = [random.randint(0, 30, random.randint(3, 9)) for _ in range(count)]
        for language, shift in (("vi", 0), ("en", 7)):
            text = "\n".join(" ".join(f"{language}{(i + shift) % 30}" for i in row) for row in rows)
            (folder / f"{name}.{language}").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
