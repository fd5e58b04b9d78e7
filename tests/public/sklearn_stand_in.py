"""Stand in for what programs use of scikit-learn's metrics: ``sklearn_stand_in.py TREE``."""

import sys
from pathlib import Path

METRICS = """import numpy as np


def roc_curve(y_true, y_score, pos_label=1):
    order = np.argsort(-np.asarray(y_score), kind="stable")
    hits = np.asarray(y_true)[order] == pos_label
    tpr, fpr = np.cumsum(hits) / max(hits.sum(), 1), np.cumsum(~hits) / max((~hits).sum(), 1)
    return np.r_[0, fpr], np.r_[0, tpr], np.asarray(y_score)[order]


def auc(x, y):
    return float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))
"""


def main() -> None:
    """Write the package."""
    folder = Path(sys.argv[1]) / "sklearn"
    folder.mkdir()
    (folder / "__init__.py").write_text("", encoding="utf-8")
    (folder / "metrics.py").write_text(METRICS, encoding="utf-8")


if __name__ == "__main__":
    main()
