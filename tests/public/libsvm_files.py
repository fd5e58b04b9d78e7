"""Make rows in libsvm's form up: ``libsvm_files.py TREE FILE ...``; 6 fields, 50 features."""

import sys
from pathlib import Path

import numpy as np


def main() -> None:
    """Write the files, each with rows of its own seed."""
    for seed, name in enumerate(sys.argv[2:]):
        random = np.random.RandomState(seed)
        rows = []
        for _ in range(320):
            fields = [f"{8 * i + random.randint(0, 8)}:{random.rand():.4f}" for i in range(6)]
            rows.append(" ".join([str(random.randint(0, 2)), *fields]))
        path = Path(sys.argv[1]) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
