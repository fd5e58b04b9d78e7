"""Weights saved and loaded as arrays: NumPy's files, pickles, text."""

from __future__ import annotations

from migrator.rule import Keep, Manual, Rewrite, Safety, Use, rule, weight_calls


@rule(
    "TFM207",
    "numpy-weights",
    safety=Safety.REVIEW,
    apis=(),
    methods=("savez", "savez_compressed", "save", "load", "savetxt", "loadtxt", "dump"),
    bind=False,
)
def numpy_weights(use: Use) -> Rewrite | Keep | Manual | None:
    """Keep weights that a session saves to, or loads from, NumPy files and pickles.

    ## What it does

    Nothing to the code but the program's import: `sess.run(variables)` and `assign` run on
    tensorflow.compat.v1, and the arrays are the same, whether `np.savez`, `np.savetxt`,
    `pickle.dump` or `joblib.dump` writes them.

    ## Why

    The file holds plain arrays; nothing in it belongs to a version of TensorFlow.

    ## Example

    ```python
    import numpy as np
    import tensorflow as tf

    def save(sess, path):
        np.savez(path, *sess.run(tf.trainable_variables()))
    ```

    ## Use instead

    ```python
    import numpy as np
    import tensorflow.compat.v1 as tf

    tf.disable_v2_behavior()

    def save(sess, path):
        np.savez(path, *sess.run(tf.trainable_variables()))
    ```

    ## Safety

    Review: the program runs on another TensorFlow; the files keep their format.

    ## References

    - <https://numpy.org/doc/stable/reference/generated/numpy.savez.html>
    """
    known = use.shared.get("weights")
    if known is None:
        known = use.shared["weights"] = dict(weight_calls(use.module))
    name = known.get(use.call)
    if name is None:
        return None
    verb = "loads" if "load" in use.symbol.raw else "saves"
    return Keep(
        f"{name}: stays; it {verb} a session's variables as plain arrays, which no"
        " version of TensorFlow owns."
    )
