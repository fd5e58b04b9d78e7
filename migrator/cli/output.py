"""Where the commands print, and what they print while they work."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Progress", "Stages", "consoles"]


def consoles() -> tuple[Console, Console]:
    """Return rich's consoles on standard output and standard error."""
    from rich.console import Console

    return Console(highlight=False), Console(stderr=True, highlight=False)


class Progress:
    """A progress bar on stderr that appears once the work takes longer than a moment."""

    def __enter__(self) -> Callable[[str, int, int], None]:
        self.bar: Any = None
        self.task: Any = None
        import time

        self.started = time.monotonic()
        self.clock = time.monotonic
        return self

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show what is being done, and how much of it there is."""
        if self.bar is None:
            if self.clock() - self.started < 0.5 or total < 2:
                return
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            self.bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self.bar.start()
            self.task = self.bar.add_task(what, total=total)
        self.bar.update(self.task, description=what, completed=done, total=total)

    def __exit__(self, *exc: object) -> None:
        if self.bar is not None:
            self.bar.stop()


class Stages:
    """Progress of long work: a bar on a terminal, else a line whenever something begins."""

    def __init__(self, err: Console, wanted: bool) -> None:
        self.err = err
        self.wanted = wanted
        self.said = ""
        self.bar: Any = None

    def __enter__(self) -> Callable[[str, int, int], None]:
        if self.wanted and self.err.is_terminal:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            self.bar = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                console=self.err,
                transient=True,
            )
            self.task = self.bar.add_task("", total=None)
            self.bar.start()
        return self.tell

    def tell(self, what: str, done: int, total: int) -> None:
        """Show what is being done, and how much of it there is."""
        if self.bar is not None:
            self.bar.update(self.task, description=what, completed=done, total=total or None)
        elif self.wanted and what != self.said:
            self.said = what
            print(f"[{done}/{total}] {what}" if total else what, file=sys.stderr, flush=True)

    def __exit__(self, *exc: object) -> None:
        if self.bar is not None:
            self.bar.stop()
