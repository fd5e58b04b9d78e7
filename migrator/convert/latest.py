"""The state file of a folder of checkpoints, by which ``tf.train.latest_checkpoint`` goes.

It is a ``CheckpointState`` in the text format of protocol buffers, called ``checkpoint``.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

__all__ = ["STATE", "is_latest", "state_of"]

STATE = "checkpoint"

_LATEST = re.compile(
    rb"""^\s*model_checkpoint_path\s*:\s*(["'])((?:\\.|(?!\1).)*)\1""", re.MULTILINE
)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}


def is_latest(prefix: Path) -> bool:
    """Return whether the state file beside a checkpoint names that one as the latest.

    A path from another machine, or from before the folder was moved, counts by its last part.
    """
    try:
        text = (prefix.parent / STATE).read_bytes()
    except OSError:
        return False
    found = _LATEST.search(text)
    if found is None:
        return False
    named = Path(os.fsdecode(_ESCAPE.sub(_unescaped, found[2])))
    return named.name == prefix.name and (
        _same(prefix.parent / named, prefix) or not _exists(prefix.parent / named)
    )


def state_of(name: str) -> str:
    """Return the state file of a folder in which there is the checkpoint ``name`` alone."""
    spelled = "".join(map(_escaped, os.fsencode(name)))
    return f'model_checkpoint_path: "{spelled}"\nall_model_checkpoint_paths: "{spelled}"\n'


def _unescaped(match: re.Match[bytes]) -> bytes:
    inner = match[1]
    if inner.isdigit():
        return bytes([int(inner, 8) & 255])
    return _LETTERS.get(inner, inner)


def _escaped(byte: int) -> str:
    if byte in b"\\\"'":
        return "\\" + chr(byte)
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"


def _exists(prefix: Path) -> bool:
    return prefix.with_name(f"{prefix.name}.index").exists() or prefix.exists()


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
