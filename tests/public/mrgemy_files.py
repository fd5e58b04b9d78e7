"""Stand in for the packages bunch and tqdm: ``mrgemy_files.py TREE``."""

import sys
from pathlib import Path

BUNCH = """class Bunch(dict):
    def __getattr__(self, name):
        return self[name]

    def __setattr__(self, name, value):
        self[name] = value
"""


def main() -> None:
    """Write the two modules."""
    tree = Path(sys.argv[1])
    (tree / "bunch.py").write_text(BUNCH, encoding="utf-8")
    (tree / "tqdm.py").write_text("tqdm = iter\n", encoding="utf-8")


if __name__ == "__main__":
    main()
