"""Commands in scripts and documents that call TensorFlow's tools or name a checkpoint's files.

The tools read graphs, checkpoints and SavedModels by what is inside, and some of that changes
when a program moves: an object-based checkpoint has no ``.meta`` file and other keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrator.pins import Answer
from migrator.results import Outcome

__all__ = ["FILES", "TOOL", "commands"]

TOOL, FILES = "TFM837", "TFM838"

_PRIVATE = r"(?:tensorflow[./]python[./]tools[./]|bazel-bin/\S*/|-m[ \t]+\S*\.)"

#: Tool -> (how a command spells it, what changes, what to do; no way out where it goes on as it is)
_TOOLS: dict[str, tuple[str, str, str | None]] = {
    "freeze_graph": (
        rf"(?:{_PRIVATE}freeze_graph(?:\.py)?|(?<![\w./-])freeze_graph(?=[ \t]+-|[ \t]*\\))",
        "freezes a graph and a name-based checkpoint; the migrated program writes object-based"
        " checkpoints without a `.meta` file",
        "Serve the SavedModel that the program exports, or make a frozen graph of it with"
        " `convert_variables_to_constants_v2`; old checkpoints can still be frozen.",
    ),
    "inspect_checkpoint": (
        r"(?<![\w-])inspect_checkpoint(?:\.py)?(?=[ \t]|$)",
        "prints the keys of a checkpoint; those of an object-based one are"
        " `variables/NAME/.ATTRIBUTES/VARIABLE_VALUE`, not `NAME`",
        "Expect the new keys, or list them with `tf.train.list_variables(path)`.",
    ),
    "optimize_for_inference": (
        rf"{_PRIVATE}optimize_for_inference(?:\.py)?",
        "is deprecated and reads frozen graphs",
        "Use Grappler, which runs when a SavedModel is loaded, or convert with TensorFlow Lite.",
    ),
    "transform_graph": (
        r"(?<![\w-])(?:\S*/)?(?:transform_graph|summarize_graph)(?=[ \t]+-|[ \t]*\\)",
        "is a tool of TensorFlow 1's source tree that TensorFlow 2 no longer has",
        "Use `saved_model_cli show --all` to look, and TensorFlow Lite's converter to shrink.",
    ),
    "toco": (
        r"(?<![\w./-])toco(?=[ \t]+-|[ \t]*\\)",
        "became `tflite_convert`",
        "Call `tflite_convert --saved_model_dir=DIR --output_file=FILE`.",
    ),
    "tflite_convert": (
        r"(?<![\w./-])tflite_convert(?=[ \t].*(?:--graph_def_file|--input_arrays|--output_arrays))",
        "takes SavedModels and Keras models in TensorFlow 2; frozen graphs need"
        " `--enable_v1_converter`",
        "Call it with `--saved_model_dir`, or add `--enable_v1_converter`.",
    ),
    "tf_upgrade": (
        r"(?<![\w./-])tf_upgrade(?:_v2)?(?=[ \t]+-)",
        "renames symbols; after this migration it would undo `tensorflow.compat.v1`",
        "Leave the call out.",
    ),
    "saved_model_cli": (
        r"(?<![\w./-])saved_model_cli(?=[ \t]+(?:show|run|scan|convert|aot))",
        "reads what the migrated program exports as before: same tag `serve`, same signature keys,"
        " inputs and outputs (names of tensors inside are new, and `show --all` also lists"
        " `__saved_model_init_op`)",
        None,
    ),
    "tensorflow_model_server": (
        r"(?<![\w-])(?:\./|/usr/(?:local/)?bin/)?tensorflow_model_server(?=[ \t]+-|[ \t]*\\)",
        "serves what the migrated program exports under the same names, from release 2.16 on",
        None,
    ),
}

_COMPILED = {name: re.compile(pattern, re.M) for name, (pattern, _, _) in _TOOLS.items()}

#: The files of a name-based checkpoint as commands name them.
_META = re.compile(
    r"(?<![\w-])[\w./${}*-]*(?:ckpt|model|checkpoint|snapshot|\$\{?\w+\}?)[\w.${}*-]*\.meta\b"
)

_WORDS = re.compile(r"\.meta\b|" + "|".join(map(re.escape, (*_TOOLS, "summarize_graph"))))


def commands(kind: str, path: str, text: str) -> Iterator[Answer]:
    """Yield what is to be said about the commands of a file.

    Args:
        kind: of the file: ``shell``, ``docker``, ``ci``, ``config`` or ``readme``.
        path: of the file.
        text: of the file.
    """
    if kind not in ("shell", "docker", "ci", "config", "readme") or not _WORDS.search(text):
        return
    for start, line in _command_lines(kind, text):
        for name, pattern in _COMPILED.items():
            match = pattern.search(line)
            if match is None:
                continue
            _, what, way = _TOOLS[name]
            yield Answer(
                start + match.start(),
                start + match.end(),
                TOOL,
                f"`{name}` {what}.",
                Outcome.MANUAL if way else Outcome.KEPT,
                recipe=way,
                api=name,
            )
            break
        meta = _META.search(line)
        if meta is not None and kind != "readme":
            yield Answer(
                start + meta.start(),
                start + meta.end(),
                FILES,
                f"`{meta[0]}` is the graph beside a name-based checkpoint; an object-based one, as"
                " the migrated program writes, has no such file.",
                Outcome.MANUAL,
                recipe="Look for the `.index` file, which both kinds have.",
                api=".meta",
            )


def _command_lines(kind: str, text: str) -> Iterator[tuple[int, str]]:
    """Yield (offset, line) of the lines that hold commands; of a document, its code."""
    fenced = False
    at = 0
    for line in text.splitlines(keepends=True):
        bare = line.strip()
        start, at = at, at + len(line)
        if kind != "readme":
            if not bare.startswith(("#", "REM ", "::", "//")):
                yield start, line.rstrip("\r\n")
            continue
        if bare.startswith(("```", "~~~")):
            fenced = not fenced
        elif fenced or line.startswith(("    ", "\t")) or bare.startswith("$ "):
            yield start, line.rstrip("\r\n")
