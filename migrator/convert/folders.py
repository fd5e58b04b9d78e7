"""Where a result is made, out of sight, and how it gets to its place once it is proven."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

__all__ = ["put_in_place", "refuse_occupied", "workshop"]


def refuse_occupied(after: Path) -> None:
    """Refuse a place for a SavedModel that is no new or empty folder.

    Raises:
        ValueError: something is there, or cannot be put there; the message says what to do.
    """
    if after.is_dir():
        try:
            if any(after.iterdir()):
                raise ValueError(f"{after} is not empty: name a new or an empty folder")
        except OSError as error:
            raise ValueError(f"{after} cannot be read: {error.strerror}") from None
    elif os.path.lexists(after):
        raise ValueError(f"{after} exists and is no folder: name a new or an empty folder")


@contextlib.contextmanager
def workshop(after: Path) -> Iterator[Path]:
    """Give a new folder beside ``after``, and remove it in the end, whatever happens.

    Folders above ``after`` that do not exist are made, and those that then hold nothing are
    removed as well.  What interrupts is kept waiting while they are.

    Raises:
        ValueError: no folder can be made there.
    """
    made: list[Path] = []
    # what is made is listed first: an interruption may come right after it is there
    room = after.parent / f".{after.name}.migrator-{os.urandom(4).hex()}"
    try:
        try:
            for folder in reversed([after.parent, *after.parent.parents]):
                if not folder.exists():
                    made.append(folder)
                    folder.mkdir()
            room.mkdir()
        except OSError as error:
            raise ValueError(
                f"{after} cannot be written: {error.filename}: {error.strerror}"
            ) from None
        yield room
    finally:
        with _undisturbed():
            shutil.rmtree(room, ignore_errors=True)
            for folder in reversed(made):
                with contextlib.suppress(OSError):  # it holds the result, or somebody's file
                    folder.rmdir()


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Have Ctrl-C wait; its like is dealt with by ``termination_interrupts``."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: caught.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if caught:
            signal.raise_signal(signal.SIGINT)


def put_in_place(model: Path, after: Path) -> None:
    """Move a finished SavedModel to ``after``, which does not exist or is an empty folder.

    Raises:
        ValueError: somebody else has put something there, or it cannot be moved.
    """
    try:
        if after.is_dir():
            # a folder that is a mount point, or a link to one, cannot be replaced
            refuse_occupied(after)
            entries = sorted(model.iterdir(), key=lambda entry: entry.name == "saved_model.pb")
            _move_all(entries, after)
        else:
            refuse_occupied(after)
            os.rename(model, after)
    except OSError as error:
        raise ValueError(f"{after} cannot be written: {error.strerror or error}") from None


def _move_all(entries: list[Path], folder: Path) -> None:
    """Move files and folders into a folder, all of them or none."""
    done: list[Path] = []
    try:
        for entry in entries:
            done.append(folder / entry.name)
            shutil.move(entry, folder / entry.name)
    except BaseException:
        with _undisturbed():
            for path in done:
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)
        raise
