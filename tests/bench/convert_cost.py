"""Print what a conversion of a large model costs: ``python tests/bench/convert_cost.py``.

Writes a SavedModel, a checkpoint with its meta graph and (up to 1 GiB, as a protocol buffer has no
more than 2) a frozen graph of 1 GiB (``--mib``) as TensorFlow 1 does, and converts each.  Printed
are the peak resident memory of every process above that of one which only imports TensorFlow, as
a multiple of the model's size on disk, and the seconds that making the SavedModel takes, as a
multiple of those of a process that loads the model with the v1 loader and saves it
again.  The budgets are multiples of 1.3 and 1.5.  The check that follows is told by its seconds;
``large_model.py`` holds its budget.  Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from large_model import WRITE, baseline, watch

from migrator.checker.process import _environment

#: Reads the SavedModel at the first place; writes it as a checkpoint, and frozen.
OTHERS = """
import sys, tensorflow.compat.v1 as tf
folder, prefix, frozen = sys.argv[1:]
with tf.Graph().as_default(), tf.Session() as session:
    meta = tf.saved_model.loader.load(session, ["serve"], folder)
    tf.train.Saver().save(session, prefix)
    if frozen:
        output = meta.signature_def["serving_default"].outputs["h"].name.partition(":")[0]
        graph = tf.graph_util.convert_variables_to_constants(
            session, session.graph_def, [output])
        with open(frozen, "wb") as file:
            file.write(graph.SerializeToString())
"""

#: The bare load and save, with each kind's own means.
BARE = """
import sys, tensorflow.compat.v1 as tf
kind, source, target = sys.argv[1:]
with tf.Graph().as_default(), tf.Session() as session:
    if kind == "savedmodel":
        tf.saved_model.loader.load(session, ["serve"], source)
        builder = tf.saved_model.builder.SavedModelBuilder(target)
        builder.add_meta_graph_and_variables(session, ["serve"])
        builder.save()
    elif kind == "metagraph":
        saver = tf.train.import_meta_graph(source + ".meta")
        saver.restore(session, source)
        saver.save(session, target)
    else:
        graph = tf.GraphDef()
        with open(source, "rb") as file:
            graph.ParseFromString(file.read())
        tf.import_graph_def(graph, name="")
        with open(target, "wb") as file:
            file.write(session.graph.as_graph_def().SerializeToString())
"""

CONVERT = """
import json, sys, time
from migrator.convert import convert
stages, start = {}, time.perf_counter()
def tell(what, done, total):
    stages[what] = time.perf_counter() - start
found = convert(sys.argv[1], sys.argv[2], timeout=3600, progress=tell)
stages["end"] = time.perf_counter() - start
json.dump(stages, open(sys.argv[3], "w"))
sys.exit(not found.match)
"""


def size_of(path: str) -> int:
    """Return the bytes of the files whose paths begin so."""
    place = Path(path)
    files = place.rglob("*") if place.is_dir() else place.parent.glob(place.name + "*")
    return sum(file.stat().st_size for file in files if file.is_file())


def main() -> int:
    """Print the table; return 1 when a conversion is over a budget."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--memory", type=float, default=1.3)
    parser.add_argument("--time", type=float, default=1.5)
    options = parser.parse_args()
    over = False
    with tempfile.TemporaryDirectory(prefix="convert-cost-") as root:
        environment = _environment(False, None)
        model, prefix, frozen = (f"{root}/{name}" for name in ("model", "ckpt", "frozen.pb"))
        frozen = frozen if options.mib <= 1024 else ""
        write = [sys.executable, "-c", WRITE, model, str(options.mib), "1"]
        subprocess.run(write, env=environment, check=True)
        others = [sys.executable, "-c", OTHERS, model, prefix, frozen]
        subprocess.run(others, env=environment, check=True)
        lowest = baseline(sys.executable, "tensorflow")
        for kind, path in (("savedmodel", model), ("metagraph", prefix), ("graphdef", frozen)):
            if not path:
                continue
            size = size_of(path)
            start = time.perf_counter()
            bare = [sys.executable, "-c", BARE, kind, path, f"{root}/again"]
            subprocess.run(bare, env=environment, check=True)
            seconds = time.perf_counter() - start
            after, told = f"{root}/after", f"{root}/told.json"
            peaks, _ = watch([sys.executable, "-c", CONVERT, path, after, told])
            stages = json.loads(Path(told).read_text())
            memory = (peaks["job"] - lowest) / size
            ratio = stages["Checking"] / seconds
            over = over or memory > options.memory or ratio > options.time
            print(
                f"{kind} of {size >> 20} MiB: made in {stages['Checking']:.1f} s = {ratio:4.2f} x "
                f"a load and save ({seconds:.1f} s), {peaks['job'] >> 20} MiB = {memory:4.2f} x; "
                f"checked in {stages['end'] - stages['Checking']:.1f} s",
                flush=True,
            )
            for left in Path(root).glob("again*"):
                shutil.rmtree(left) if left.is_dir() else os.remove(left)
            shutil.rmtree(after)
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
