"""Scripts made at random that name variables in all the ways in which TensorFlow 1 can.

    python tests/lift/naming_scripts.py --python PATH_OF_A_TENSORFLOW_1.15_INTERPRETER

stores in ``fixtures/names.json`` what TensorFlow 1.15.5 calls the variables of each.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

STORED = Path(__file__).resolve().parent.parent.parent / "fixtures" / "names.json"
COUNT = 1000

#: Run under TensorFlow 1.15: the names of the variables of each script, None where one fails.
_RUN = """
import json, os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf
found = []
for text in json.load(open(sys.argv[1])):
    with tf.Graph().as_default():
        made = {}
        try:
            exec(compile(text, "script", "exec"), made)
            variables = [value for value in made.values() if isinstance(value, tf.Variable)]
            found.append([variable.op.name for variable in variables])
        except (TypeError, ValueError):
            found.append(None)
json.dump(found, open(sys.argv[2], "w"))
"""

_NAMES = ("w", "W", "w_1", "b", "layer", "Layer", "layer_1", "a/w", "v", "loss", "Variable")
_NAMES += ("Variable_1", "add", "weights", "global_step", "beta1_power", "gradients", "x")


def script(seed: int) -> str:
    """Return a script that makes variables; the same for the same seed."""
    draw = random.Random(seed)
    lines = ["import tensorflow as tf", ""]
    count = 0
    pool = draw.sample(_NAMES, draw.randint(3, 9))

    def name(chance: float) -> str:
        return f', name="{draw.choice(pool)}"' if draw.random() < chance else ""

    def statements(indent: str, depth: int) -> None:
        nonlocal count
        for _ in range(draw.randint(1, 4 if depth else 7)):
            count += 1
            kind = draw.random()
            target = f"{indent}t{count} = "
            if kind < 0.3:
                lines.append(f"{target}tf.Variable(tf.zeros([2]){name(0.7)})")
            elif kind < 0.42:
                lines.append(f'{target}tf.get_variable("{draw.choice(pool)}", [2])')
            elif kind < 0.5:
                lines.append(f"{target}tf.placeholder(tf.float32, [2]{name(0.6)})")
            elif kind < 0.58:
                lines.append(f"{target}tf.add(1.0, 2.0{name(0.7)})")
            elif kind < 0.62:
                lines.append(f"{target}tf.constant([1.0, 2.0]{name(0.5)}) * 2.0")
            elif kind < 0.65:
                lines.append(f"{target}tf.train.get_or_create_global_step()")
            elif kind < 0.68:
                lines.append(f"{target}tf.Variable(0.0, trainable=False{name(0.7)})")
            elif kind < 0.72:
                lines.append(f"{target}tf.Variable([0.5, 1.0]{name(0.9)})")
                lines.append(f"{indent}l{count} = tf.reduce_sum(t{count} * 2.0{name(0.3)})")
                kind = draw.choice(("Adam", "GradientDescent", "Momentum"))
                more = ", 0.9" if kind == "Momentum" else ""
                made = f"tf.train.{kind}Optimizer(0.1{more})"
                lines.append(f"{indent}o{count} = {made}.minimize(l{count})")
            elif depth < 3:
                scope = draw.choice(("name_scope", "variable_scope"))
                lines.append(f'{indent}with tf.{scope}("{draw.choice(pool)}"):')
                statements(indent + "    ", depth + 1)
            else:
                lines.append(f"{target}tf.constant(1.0{name(0.5)})")

    statements("", 0)
    lines.append("last = tf.Variable(1.0)")
    return "\n".join(lines) + "\n"


def named(python: str) -> list[list[str] | None]:
    """Return what TensorFlow 1.15 calls the variables of each script; None where it fails."""
    with tempfile.TemporaryDirectory() as made:
        texts, target = Path(made) / "texts.json", Path(made) / "names.json"
        texts.write_text(json.dumps([script(seed) for seed in range(COUNT)]))
        subprocess.run([python, "-c", _RUN, str(texts), str(target)], check=True)
        found: list[list[str] | None] = json.loads(target.read_text())
        return found


def main() -> int:
    """Store the names that TensorFlow 1.15.5 gives."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--python", required=True, help="an interpreter with TensorFlow 1.15")
    asked = parser.parse_args()
    rows = ",\n".join(json.dumps(names) for names in named(asked.python))
    STORED.write_text(f"[\n{rows}\n]\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
