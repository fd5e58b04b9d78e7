"""Print what one check costs beside two bare processes: ``python tests/bench/check_cost.py``.

A bare process imports TensorFlow, loads the model and runs its signature once; two of them are
started at once, as the two sides of a check are.  Both are measured in turns, in one run, and
the medians are compared.  The budget is a ratio of 1.3.  ``--before-python`` names an
interpreter with TensorFlow 1.15 for the before side of both.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
#: Some environments forbid caching bytecode, which would compile TensorFlow's every time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

from migrator.checker import check  # noqa: E402
from migrator.checker.process import _environment  # noqa: E402

#: What anybody would write to look at a model once, through the v1 loader or through load.
BARE = {
    "before": """
import sys, numpy as np, tensorflow as tf
v1 = tf.compat.v1
with tf.Graph().as_default(), v1.Session() as session:
    meta = v1.saved_model.loader.load(session, ["serve"], sys.argv[1])
    (signature,) = [s for k, s in meta.signature_def.items() if not k.startswith("__")]
    feeds = {i.name: np.ones([d.size if d.size > 0 else 1 for d in i.tensor_shape.dim],
             tf.as_dtype(i.dtype).as_numpy_dtype) for i in signature.inputs.values()}
    session.run([o.name for o in signature.outputs.values()], feeds)
""",
    "after": """
import sys, numpy as np, tensorflow as tf
loaded = tf.saved_model.load(sys.argv[1])
(function,) = loaded.signatures.values()
specs = function.structured_input_signature[1]
feeds = {n: tf.ones([d or 1 for d in s.shape], s.dtype) for n, s in specs.items()}
{n: t.numpy() for n, t in function(**feeds).items()}
""",
}


def bare(pythons: dict[str, str], models: dict[str, str]) -> float:
    """Return the seconds that two bare processes take together."""
    start = time.perf_counter()
    processes = [
        subprocess.Popen(
            [pythons[role], "-c", BARE[role], models[role]],
            env=_environment(True),
            stderr=subprocess.DEVNULL,
        )
        for role in BARE
    ]
    codes = [process.wait() for process in processes]
    if any(codes):
        raise SystemExit(f"a bare process failed: {codes}")
    return time.perf_counter() - start


def main() -> int:
    """Print the medians and their ratio; return 1 when it is over the budget."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    stored = ROOT / "tests" / "data_checker" / "classifier"
    parser.add_argument("before", nargs="?", default=str(stored))
    parser.add_argument("after", nargs="?", default=str(stored))
    parser.add_argument("--before-python")
    parser.add_argument("--no-cost", action="store_true")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--budget", type=float, default=1.3)
    options = parser.parse_args()
    pythons = {"before": options.before_python or sys.executable, "after": sys.executable}
    models = {"before": options.before, "after": options.after}
    bares, checks = [], []
    for number in range(options.times + 1):
        spent = bare(pythons, models)
        start = time.perf_counter()
        found = check(
            options.before,
            options.after,
            before_python=options.before_python,
            cost=not options.no_cost,
        )
        if not found.match:
            raise SystemExit(f"the models do not match: {found.error or found.verdict}")
        if number:  # the first turn fills the caches
            bares.append(spent)
            checks.append(time.perf_counter() - start)
    one, two = statistics.median(bares), statistics.median(checks)
    print(f"two bare processes {one:6.2f} s   one check {two:6.2f} s   {two / one:5.2f} x")
    return int(two / one > options.budget)


if __name__ == "__main__":
    sys.exit(main())
