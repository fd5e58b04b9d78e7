"""What other packages that legacy programs use have moved or removed."""

from __future__ import annotations

import ast

from migrator.modernise import Place, Replace
from migrator.rule import Manual, Safety, rule

#: Module -> the module that has all of it now.
_MODULES = {
    "sklearn.cross_validation": "sklearn.model_selection",
    "sklearn.grid_search": "sklearn.model_selection",
    "sklearn.learning_curve": "sklearn.model_selection",
}

#: Names that the old modules had, whose meaning changed on the way.
_CHANGED = frozenset(
    {
        *("KFold", "StratifiedKFold", "LeaveOneOut", "LeavePOut", "ShuffleSplit"),
        *("StratifiedShuffleSplit", "LabelKFold", "LeaveOneLabelOut", "LeavePLabelOut"),
        *("Bootstrap", "PredefinedSplit", "LabelShuffleSplit"),
    }
)

_LEFT = {
    "sklearn.datasets.base": "Import from `sklearn.datasets` or `sklearn.utils` (`Bunch`).",
    "sklearn.utils.linear_assignment_": "Use `scipy.optimize.linear_sum_assignment`, which returns"
    " rows and columns apart: `np.stack(linear_sum_assignment(cost), axis=1)`.",
    "matplotlib.mlab": "Most of it is gone: NumPy and SciPy have the functions.",
    "matplotlib.finance": "Use the package mplfinance.",
    "cv2.cv": "OpenCV 3 and later have the functions and constants in `cv2` itself.",
    "pandas.io.data": "Use the package pandas-datareader.",
    "tensorflow_datasets.public_api": "Import tensorflow_datasets itself.",
}

_CV2 = {
    "CV_BGR2RGB": "COLOR_BGR2RGB",
    "CV_BGR2GRAY": "COLOR_BGR2GRAY",
    "CV_RGB2GRAY": "COLOR_RGB2GRAY",
    "CV_AA": "LINE_AA",
    "CV_FILLED": "FILLED",
    "CV_LOAD_IMAGE_COLOR": "IMREAD_COLOR",
    "CV_LOAD_IMAGE_GRAYSCALE": "IMREAD_GRAYSCALE",
}


@rule(
    "TFM833",
    "removed-packages",
    safety=Safety.SAFE,
    apis=(
        *(f"import {name}" for name in (*_MODULES, *_LEFT, "sklearn.externals")),
        *("import sklearn.externals.joblib", "import sklearn.preprocessing.Imputer"),
        *("yaml.load", "*.as_matrix", "*.ix", "PIL.Image.ANTIALIAS", "pandas.Panel"),
        *(f"cv2.{name}" for name in _CV2),
    ),
)
def removed_packages(use: Place) -> Replace | Manual | None:
    """Follow what scikit-learn, pandas, Pillow, OpenCV and PyYAML moved or removed.

    ## What it does

    `sklearn.cross_validation` becomes `sklearn.model_selection`, `sklearn.externals.joblib` the
    package joblib, `frame.as_matrix()` becomes `frame.values`, `Image.ANTIALIAS` becomes
    `Image.LANCZOS`, `cv2.CV_AA` becomes `cv2.LINE_AA`, and `yaml.load(stream)` names the loader
    that it used. What has changed its meaning (`frame.ix`, `KFold`) is reported.

    ## Why

    These stop the program with an `ImportError`, `AttributeError` or `TypeError` on the releases
    that run beside TensorFlow 2.21.

    ## Example

    ```python
    import tensorflow as tf
    from sklearn.cross_validation import train_test_split

    x, y = train_test_split(list(range(8)))
    w = tf.get_variable("w", [len(x)])
    saver = tf.train.Saver()
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf
    from sklearn.model_selection import train_test_split
    import tf2_bridge

    tf.disable_v2_behavior()

    x, y = train_test_split(list(range(8)))
    w = tf.get_variable("w", [len(x)])
    saver = tf2_bridge.Saver()
    ```

    ## Safety

    Safe: it is the same function under its present name.

    ## References

    - scikit-learn 0.20, removed modules: <https://scikit-learn.org/stable/whats_new/v0.20.html>
    - pandas 1.0, removed methods: <https://pandas.pydata.org/docs/whatsnew/v1.0.0.html>
    - Pillow 10, removed constants: <https://pillow.readthedocs.io/en/stable/releasenotes/10.0.0.html>
    """
    if isinstance(use.node, (ast.Import, ast.ImportFrom)):
        return _statement(use, use.node)
    assert isinstance(use.node, ast.expr)
    if use.name == "yaml.load":
        call = use.call
        if call is None or len(call.args) != 1 or call.keywords:
            return None
        if not isinstance(use.node, ast.Attribute) or isinstance(call.args[0], ast.Starred):
            return Manual("yaml.load asks for its loader now.", "Pass `Loader=yaml.Loader`.")
        end = use.module.end(call.args[0])
        base = use.source(use.node.value)
        return Replace(
            "yaml.load asks for its loader now; this is the one that it used.",
            spans=((end, end, f", Loader={base}.Loader"),),
            safety=Safety.REVIEW,
        )
    if not isinstance(use.node, ast.Attribute):
        return None
    if use.name.startswith("cv2."):
        new = _CV2[use.node.attr]
        return Replace(
            f"cv2.{use.node.attr} is cv2.{new} since OpenCV 3.", spans=(use.attribute(new),)
        )
    if use.name == "PIL.Image.ANTIALIAS":
        return Replace(
            "Image.ANTIALIAS is gone from Pillow 10; Image.LANCZOS is the same filter.",
            spans=(use.attribute("LANCZOS"),),
        )
    return _pandas(use, use.node)


def _pandas(use: Place, node: ast.Attribute) -> Replace | Manual | None:
    if "pandas" not in use.module.text:
        return None
    if use.name == "pandas.Panel":
        return Manual("pandas.Panel is gone from pandas.", "Use a MultiIndex, or xarray.")
    if use.name == "*.ix":
        if not isinstance(use.module.parents[node], ast.Subscript):
            return None
        return Manual(
            "`.ix` is gone from pandas, and took labels and positions alike.",
            "Write `.loc` for labels and `.iloc` for positions.",
        )
    call = use.call
    if call is None or call.args or call.keywords:
        return None
    end = use.module.end(node)
    return Replace(
        "`.as_matrix()` is gone from pandas; `.values` is the same.",
        spans=((end - len(node.attr), use.module.end(call), "values"),),
    )


def _statement(use: Place, node: ast.Import | ast.ImportFrom) -> Replace | Manual | None:
    wanted = use.name.removeprefix("import ")
    if wanted in _LEFT:
        return Manual(f"{wanted} is gone.", _LEFT[wanted])
    if wanted == "sklearn.preprocessing.Imputer":
        return Manual(
            "sklearn.preprocessing.Imputer is gone.", "Use `sklearn.impute.SimpleImputer`."
        )
    if wanted in _MODULES:
        return _module(use, node, wanted)
    names = [(alias.name, alias.asname) for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        if node.module == "sklearn.externals" and [name for name, _ in names] == ["joblib"]:
            asname = names[0][1]
            text = f"import joblib as {asname}" if asname else "import joblib"
            return Replace("joblib is a package of its own.", spans=(use.put(node, text),))
        if node.module == "sklearn.externals.joblib":
            start = use.module.text.index(node.module, use.module.start(node))
            spans = ((start, start + len(node.module), "joblib"),)
            return Replace("joblib is a package of its own.", spans=spans)
        if node.module != "sklearn.externals" or wanted != "sklearn.externals":
            return None
    return Manual(
        "sklearn.externals is gone.", "Import joblib and six, which are packages, themselves."
    )


def _module(use: Place, node: ast.Import | ast.ImportFrom, wanted: str) -> Replace | Manual:
    new = _MODULES[wanted]
    if isinstance(node, ast.ImportFrom) and node.module == wanted:
        changed = sorted({alias.name for alias in node.names} & {*_CHANGED, "*"})
        if changed:
            return Manual(
                f"{wanted} is {new} now, and {', '.join(changed)} works otherwise there.",
                f"Import from `{new}`; its splitters take the data in `split(X, y)`.",
            )
        start = use.module.text.index(wanted, use.module.start(node))
        return Replace(f"{wanted} is {new} now.", spans=((start, start + len(wanted), new),))
    return Manual(f"{wanted} is {new} now.", f"Import `{new}` and use it by that name.")
