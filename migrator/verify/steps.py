"""One side of an entry: copy the code, run the command in it, keep what it wrote."""

from __future__ import annotations

import dataclasses
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from migrator.verify.commands import environment, run_command
from migrator.verify.manifest import Command
from migrator.verify.state import read_json, remove, write_json
from migrator.verify.trees import Changes, Snapshot, apply_changes, copy_tree, prune

__all__ = ["Ran", "Step", "run_step"]


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of one side of an entry."""

    entry: str
    side: str
    status: int | None  #: exit status; None when it did not start or had to be ended
    complaint: str = ""  #: one line that says what is wrong
    seconds: float = 0.0
    changes: Changes = field(default_factory=Changes)
    reused: bool = False  #: it ran in an earlier verification

    @property
    def good(self) -> bool:
        """Whether it ran to a good end."""
        return self.status == 0


@dataclass(frozen=True, slots=True)
class Step:
    """One side of an entry, ready to run."""

    entry: str
    side: str
    command: Command
    python: str
    timeout: float
    source: Path  #: the code of the side
    home: Path  #: what this step may write to
    key: str  #: of all that its result depends on
    needs: tuple[Step, ...] = ()  #: whose files it starts from, in the order to put them in place
    direct: tuple[str, ...] = ()  #: the entries among them that the manifest names

    @property
    def tree(self) -> Path:
        """Where it runs; afterwards what it wrote is left there."""
        return self.home / "tree"


def run_step(step: Step, stop: threading.Event) -> Ran:
    """Run a step, or return what came of it when it is done already.

    Only success is remembered: what failed is run again, in a new copy.

    Raises:
        Stopped: ``stop`` was set.
        OSError, TreeError: the copy cannot be made.
    """
    done = step.home / "done.json"
    earlier = _earlier(step, done)
    if earlier is not None:
        return earlier
    remove(step.home)
    step.home.mkdir(parents=True)
    copy_tree(step.source, step.tree)
    for need in step.needs:
        apply_changes(_changes(read_json(need.home / "done.json")), need.tree, step.tree)
    cwd = step.tree / step.command.cwd
    if not cwd.is_dir():
        return Ran(step.entry, step.side, None, f"its folder {step.command.cwd} is not there")
    snapshot = Snapshot(step.tree)
    words = list(step.command.words)
    if words[0] == "python":
        words[0] = step.python
    ended = run_command(
        words,
        cwd=cwd,
        env=environment(step.python, dict(step.command.env)),
        logs=step.home,
        timeout=step.timeout,
        stop=stop,
    )
    changes = snapshot.changes()
    ran = Ran(step.entry, step.side, ended.status, ended.complaint, ended.seconds, changes)
    if ran.good:
        prune(step.tree, changes)
        marks = {name: _mark(step.tree / name) for name in changes.written}
        write_json(
            done,
            {
                "key": step.key,
                "seconds": ended.seconds,
                "changes": dataclasses.asdict(changes),
                "marks": marks,
            },
        )
    return ran


def _mark(path: Path) -> list[int]:
    status = path.lstat()
    return [status.st_size, status.st_mtime_ns]


def _earlier(step: Step, done: Path) -> Ran | None:
    """Return what an earlier run kept, if it is this very step and all files are still there."""
    try:
        data = read_json(done)
        if data["key"] != step.key:
            return None
        for name, mark in data["marks"].items():
            if _mark(step.tree / name) != mark:
                return None
        return Ran(
            step.entry, step.side, 0, "", float(data["seconds"]), _changes(data), reused=True
        )
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _changes(data: Any) -> Changes:
    found = data["changes"]
    return Changes(*(tuple(found[name]) for name in ("written", "folders", "gone")))
