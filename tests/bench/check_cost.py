"""Print what one check costs beside two bare processes: ``python tests/bench/check_cost.py``.

A bare process imports TensorFlow, loads the model and runs its signature once; two of them are
started at once, as the two sides of a check are.  Both are measured in turns, in one run, and
the medians are compared: of the time that passes, for which the budget is a ratio of 1.3, and of
the processor's time, which says more on a machine that others use.  ``--before-python`` names an
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


def processor() -> float:
    """Return the seconds of processor time that this process and its ended children have used."""
    return sum(os.times()[:4])


def bare(pythons: dict[str, str], models: dict[str, str]) -> None:
    """Run two bare processes at once."""
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
        start = time.perf_counter(), processor()
        bare(pythons, models)
        middle = time.perf_counter(), processor()
        found = check(
            options.before,
            options.after,
            before_python=options.before_python,
            cost=not options.no_cost,
        )
        if not found.match:
            raise SystemExit(f"the models do not match: {found.error or found.verdict}")
        if number:  # the first turn fills the caches
            end = time.perf_counter(), processor()
            bares.append([two - one for one, two in zip(start, middle, strict=True)])
            checks.append([two - one for one, two in zip(middle, end, strict=True)])
    ratios = []
    for place, what in enumerate(("time", "processor")):
        one = statistics.median(turn[place] for turn in bares)
        two = statistics.median(turn[place] for turn in checks)
        ratios.append(two / one)
        print(f"{what:10} two bare {one:6.2f} s   one check {two:6.2f} s   {ratios[-1]:5.2f} x")
    return int(ratios[0] > options.budget)


if __name__ == "__main__":
    sys.exit(main())
