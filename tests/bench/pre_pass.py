"""Print what the repository pre-pass costs beside ``ast.parse`` alone.

Run ``python tests/bench/pre_pass.py [FILES [FOLDER]]`` from the checkout: it makes FILES files
(600 by default, about 150 lines each) in memory, or reads the Python files below FOLDER, and prints
the seconds of each step and their ratio to parsing.  No thresholds: machines differ.
"""

from __future__ import annotations

import ast
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from migrator.names import Module
from migrator.programs import Repository, facts_of

FUNCTION = '''
def layer_{n}(inputs, units, name=None, reuse=False):
    """Return layer {n}."""
    with tf.variable_scope(name or "layer_{n}", reuse=reuse):
        shape = inputs.get_shape().as_list()
        weights = tf.get_variable("weights", [shape[-1], units], tf.float32,
                                  initializer=tf.truncated_normal_initializer(stddev=0.1))
        bias = tf.get_variable("bias", [units], initializer=tf.constant_initializer(0.0))
        outputs = tf.nn.relu(tf.matmul(inputs, weights) + bias)
        parts = [part for part in tf.split(outputs, 2, axis=1) if part is not None]
        return tf.concat(parts, axis=1), {{"weights": weights, "bias": bias}}
'''
SAVES = """
def run(path):
    saver = tf.train.Saver(max_to_keep={n})
    with tf.Session() as sess:
        saver.restore(sess, tf.train.latest_checkpoint(path))
        saver.save(sess, path, global_step={n})
"""


def made(count: int) -> dict[str, str]:
    """Return path -> text of ``count`` files in packages of 50 that import one another."""
    texts = {}
    for number in range(count):
        package, index = divmod(number, 50)
        before = f"from . import m{index - 1}\n" if index else ""
        head = f"import os\nimport tensorflow as tf\n{before}from common import *\n"
        body = "".join(FUNCTION.format(n=n) for n in range(12))
        texts[f"p{package}/m{index}.py"] = (
            head + body + (SAVES.format(n=3) if index % 17 == 0 else "")
        )
        texts[f"p{package}/__init__.py"] = ""
    texts["common.py"] = "import numpy as np\nlearning_rate = 0.1\n"
    return texts


def read(folder: str) -> dict[str, str]:
    """Return path -> text of the files below ``folder`` that decode and parse."""
    texts = {}
    for path in sorted(Path(folder).rglob("*.py")):
        try:
            text = path.read_text(encoding="utf-8")
            ast.parse(text)
        except (SyntaxError, ValueError, OSError):
            continue
        texts[path.relative_to(folder).as_posix()] = text
    return texts


def main() -> None:
    """Time the steps and print them."""
    warnings.simplefilter("ignore")
    texts = read(sys.argv[2]) if len(sys.argv) > 2 else made(int((sys.argv[1:] or ["600"])[0]))
    lines = sum(text.count("\n") for text in texts.values())
    print(f"{len(texts)} files, {lines} lines")

    def timed(name: str, function: Callable[[], object], unit: float | None) -> float:
        started = time.perf_counter()
        function()
        spent = time.perf_counter() - started
        ratio = f"{spent / unit:6.2f} x ast.parse" if unit else ""
        print(f"{name:34}{spent:8.2f} s {ratio}")
        return spent

    def each(function: Callable[[str], object]) -> None:
        for text in texts.values():
            function(text)  # and let it go: kept trees would cost the collector more and more

    unit = timed("ast.parse", lambda: each(ast.parse), None)
    timed("names.Module", lambda: each(Module), unit)
    facts = []
    timed("facts_of", lambda: facts.extend(facts_of(p, t) for p, t in texts.items()), unit)
    timed("Repository.build", lambda: Repository.build(facts, texts.get), unit)
    repository = Repository.build(facts, texts.get)
    timed("bridge_home of every file", lambda: list(map(repository.bridge_home, texts)), unit)
    print(f"{len(repository.groups)} programs")


if __name__ == "__main__":
    main()
