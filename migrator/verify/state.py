"""The work folder of a verification: where things are kept, and under which keys."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from migrator.verify.trees import TreeError, digest

__all__ = ["WorkFolder", "key_of", "read_json", "remove", "write_json"]

#: Says that a folder is ours, so that nothing else is ever removed.
_MARK = "migrator-verify.json"


def key_of(*parts: Any) -> str:
    """Return a hash of values: what has the same key need not be done again."""
    text = json.dumps(parts, sort_keys=True, default=_plain, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return str(value)


def read_json(path: Path) -> Any:
    """Return what a JSON file holds.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no JSON.
    """
    return json.loads(path.read_text(encoding="utf-8"))


def write_json(path: Path, data: Any) -> None:
    """Write a JSON file whole or not at all."""
    beside = path.with_name(f"{path.name}.tmp")
    beside.write_text(json.dumps(data, indent=1), encoding="utf-8")
    os.replace(beside, path)


def remove(path: Path) -> None:
    """Remove a file or folder, whatever rights a program left on it."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    for at, _, _ in os.walk(path):
        with contextlib.suppress(OSError):
            os.chmod(at, 0o700)
    shutil.rmtree(path)


class WorkFolder:
    """The work folder, held against a second run at the same time.

    Args:
        path: made if it is not there.
        fresh: whether to forget what is in it.

    Raises:
        TreeError: another run uses it, or it is somebody else's.
    """

    def __init__(self, path: Path, *, fresh: bool) -> None:
        self.path = path
        self.fresh = fresh
        self._lock: IO[str] | None = None
        self._digests: dict[str, str] = {}

    def __enter__(self) -> WorkFolder:
        mark = self.path / _MARK
        if self.path.exists() and not mark.exists() and any(self.path.iterdir()):
            raise TreeError(
                f"{self.path} is not empty and holds no verification; name another folder"
            )
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock = mark.open("a")
        try:
            import fcntl

            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:
            pass  # Windows: two runs at once are the user's to avoid
        except OSError:
            self._lock.close()
            raise TreeError(f"another verification uses {self.path}; wait for its end") from None
        if self.fresh:
            for name in ("source", "entries"):
                remove(self.path / name)
        (self.path / ".gitignore").write_text("*\n")
        return self

    def __exit__(self, *exc: object) -> None:
        if self._lock is not None:
            self._lock.close()

    def remembered(self, paths: Iterable[Path]) -> list[Path]:
        """Return ``paths`` and those of earlier runs: their reports still lie in the code."""
        kept = self.path / "left-out.json"
        with contextlib.suppress(OSError, ValueError):
            paths = [*paths, *map(Path, read_json(kept))]
        found = sorted(set(paths))
        write_json(kept, [str(path) for path in found])
        return found

    def tree(self, side: str) -> Path:
        """Return where the code of a side is."""
        return self.path / "source" / side

    def new_tree(self, side: str) -> Path:
        """Return where the code of a side is to be made: nothing is there."""
        path = self.tree(side)
        remove(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def digest(self, side: str) -> str:
        """Return the digest of the code of a side."""
        if side not in self._digests:
            self._digests[side] = digest(self.tree(side))
        return self._digests[side]

    def entry(self, name: str) -> Path:
        """Return the folder of an entry."""
        plain = re.sub(r"[^\w.-]+", "_", name, flags=re.ASCII)
        if plain != name or plain.startswith("."):
            plain = f"{plain.lstrip('.')}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        return self.path / "entries" / plain

    def step(self, name: str, side: str) -> Path:
        """Return the folder of one side of an entry."""
        return self.entry(name) / side
