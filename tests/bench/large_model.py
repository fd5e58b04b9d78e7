"""Print what memory a check of a large model takes: ``python tests/bench/large_model.py``.

Writes a SavedModel of 1 GiB (``--mib``) as TensorFlow 1 does and one as TensorFlow 2 does,
checks the one against the other, each against itself, and against one with another weight,
whose difference is traced, and prints the peak resident memory of
every process above that of one which only imports TensorFlow (the comparing process: numpy), as
a multiple of the model's size on disk.  The budget is a multiple of 1.3.  Linux only.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

from migrator.checker.process import _environment  # noqa: E402

WRITE = """
import sys, numpy as np, tensorflow as tf
folder, mib = sys.argv[1], int(sys.argv[2])
rng = np.random.default_rng(1)
def made(*shape):
    return rng.standard_normal(shape, dtype=np.float32) * np.float32(0.05)
width = 512
rows = mib * 3 // 8 * (1 << 20) // (4 * width)         # an embedding of three eighths
wide = mib // 16 * (1 << 20) // (4 * width)            # eight matrices of a sixteenth
left = 2 * (mib // 16)                                 # many of one MiB
def shapes():
    yield "embedding", (rows, width)
    for n in range(8):
        yield "up%d" % (n // 2) if n % 2 == 0 else "down%d" % (n // 2), \\
            (width, wide) if n % 2 == 0 else (wide, width)
    for n in range(left):
        yield "small%d" % n, (width, 512)
def run(ids, v):
    h = tf.reduce_mean(tf.gather(v["embedding"], ids), 1)
    for n in range(4):
        h = h + tf.matmul(tf.nn.relu(tf.matmul(h, v["up%d" % n])), v["down%d" % n])
    for n in range(left):
        h = tf.tanh(h + tf.matmul(h, v["small%d" % n]))
    return h
if sys.argv[3] == "1":
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        ids = v1.placeholder(tf.int64, [None, 4], name="ids")
        v, feeds = {}, {}
        for name, shape in shapes():
            v[name] = v1.get_variable(name, shape, tf.float32, use_resource=False,
                                      initializer=v1.zeros_initializer())
            value = v1.placeholder(tf.float32, shape)
            session.run(v1.assign(v[name], value), {value: made(*shape)})
        v1.saved_model.simple_save(session, folder, {"ids": ids}, {"h": run(ids, v)})
else:
    class Model(tf.Module):
        def __init__(self):
            super().__init__()
            self.v = {name: tf.Variable(made(*shape), name=name) for name, shape in shapes()}
            if sys.argv[3] == "3":
                self.v["down1"].assign(self.v["down1"] * 1.5)
        @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.int64, name="ids")])
        def predict(self, ids):
            return {"h": run(ids, self.v)}
    model = Model()
    tf.saved_model.save(model, folder, signatures=model.predict)
"""

CHECK = """
import sys
from migrator.checker import check
found = check(sys.argv[1], sys.argv[2], before_python=sys.argv[3] or None, timeout=1800,
              memory=64 << 30)
print(found.verdict, found.error or "", found.parting or "", flush=True)
sys.exit(str(found.verdict) != sys.argv[4])
"""


def peak(pid: int) -> int:
    """Return the largest resident memory that a process has had, in bytes; 0 if it is gone."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) << 10
    except OSError:
        pass
    return 0


def children(pid: int) -> list[tuple[int, str]]:
    """Return the child processes and the role that each worker has."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in task.read_text().split():
                words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
                if len(words) > 2 and words[2].endswith(b"request.json"):
                    found.append((int(child), Path(os.fsdecode(words[2])).parent.name))
        except OSError:
            continue
    return found


def watch(command: list[str]) -> tuple[dict[str, int], float]:
    """Run a command; return the peak of it (``comparing``) and of its workers, and its seconds."""
    peaks: dict[str, int] = {}
    start = time.perf_counter()
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)})
    ended = threading.Event()

    def look() -> None:
        while not ended.is_set():
            peaks["comparing"] = max(peaks.get("comparing", 0), peak(process.pid))
            for child, role in children(process.pid):
                peaks[role] = max(peaks.get(role, 0), peak(child))
            time.sleep(0.01)

    watcher = threading.Thread(target=look)
    watcher.start()
    code = process.wait()
    ended.set()
    watcher.join()
    if code:
        raise SystemExit(f"the check ended with {code}")
    return peaks, time.perf_counter() - start


def baseline(python: str, module: str) -> int:
    """Return the peak of a process that only imports a module."""
    code = (
        f"import {module}\n"
        "print(next(l for l in open('/proc/self/status') if l.startswith('VmHWM')).split()[1])"
    )
    done = subprocess.run(
        [python, "-c", code], env=_environment(True), capture_output=True, text=True, check=True
    )
    return int(done.stdout) << 10


def main() -> int:
    """Print the table; return 1 when a process is over the budget."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--before-python", default="")
    parser.add_argument("--budget", type=float, default=1.3)
    options = parser.parse_args()
    over = False
    with tempfile.TemporaryDirectory(prefix="large-model-") as folder:
        for version in "123":
            command = [sys.executable, "-c", WRITE, f"{folder}/tf{version}", str(options.mib)]
            subprocess.run([*command, version], env=_environment(False), check=True)
        size = sum(f.stat().st_size for f in Path(folder, "tf1").rglob("*") if f.is_file())
        print(f"model {size / 2**20:.0f} MiB")
        before = options.before_python or sys.executable
        base = {
            "before": baseline(before, "tensorflow"),
            "after": baseline(sys.executable, "tensorflow"),
            "comparing": baseline(sys.executable, "numpy"),
        }
        for pair in ("11", "12", "22", "13"):
            models = [f"{folder}/tf{version}" for version in pair]
            python = options.before_python if pair[0] == "1" else ""
            expected = "mismatch" if pair[1] == "3" else "match"
            peaks, seconds = watch([sys.executable, "-c", CHECK, *models, python, expected])
            shown = []
            for role in ("before", "after", "comparing"):
                lowest = base[role] if pair[0] == "1" or role != "before" else base["after"]
                ratio = (peaks[role] - lowest) / size
                over = over or ratio > options.budget
                shown.append(f"{role} {peaks[role] >> 20} MiB = {ratio:4.2f} x")
            print(f"TF{pair[0]} against TF{pair[1]}: {'   '.join(shown)}   {seconds:.0f} s")
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
