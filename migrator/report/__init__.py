"""Render a run as a report: one text per format, one place that writes files.

:class:`~migrator.results.RunReport` is the only input.  The same run gives the same bytes,
whatever order its parts were computed in: no format holds a date, a duration or a path that
the run does not hold.  Libraries that draw (rich, jinja2, pygments) load when a format that
needs them is asked for.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from migrator.results import RunReport

__all__ = ["FORMATS", "format_of", "render", "write"]

#: Names that :func:`render` takes.
FORMATS: tuple[str, ...] = ("console", "github", "html", "json", "markdown", "sarif")

_ENDINGS = {
    ".html": "html",
    ".json": "json",
    ".md": "markdown",
    ".sarif": "sarif",
    ".sarif.json": "sarif",
    ".txt": "console",
}


def format_of(path: str | os.PathLike[str]) -> str:
    """Return the format that the ending of ``path`` stands for, in any case of letters.

    Raises:
        ValueError: no format has this ending; the message lists those that are known.
    """
    name = Path(path).name.lower()
    for ending in sorted(_ENDINGS, key=len, reverse=True):
        if name.endswith(ending):
            return _ENDINGS[ending]
    known = ", ".join(sorted(_ENDINGS))
    raise ValueError(f"no report format for {os.fspath(path)!r}: use one of the endings {known}")


def render(run: RunReport, format: str) -> str:
    """Return the whole report on ``run`` as text that ends in a newline (or is empty).

    Raises:
        ValueError: ``format`` is none of :data:`FORMATS`.
    """
    from migrator.report.order import arrange

    run = arrange(run)
    if format == "json":
        from migrator.report import json as renderer

        return renderer.render(run)
    if format == "html":
        from migrator.report import html

        return html.render(run)
    if format == "markdown":
        from migrator.report import markdown

        return markdown.render(run)
    if format == "sarif":
        from migrator.report import sarif

        return sarif.render(run)
    if format == "github":
        from migrator.report import github

        return github.render(run)
    if format == "console":
        from migrator.report import console

        return console.render(run)
    raise ValueError(f"unknown report format {format!r}: use one of {', '.join(FORMATS)}")


def write(run: RunReport, path: str | os.PathLike[str]) -> None:
    """Write the report on ``run`` to ``path``, in the format of its ending, whole or not at all.

    The text goes to a new file beside ``path``, which then takes its place; a reader sees the
    old report or the new one.  A symbolic link is followed.  Folders are not created.

    Raises:
        ValueError: no format has this ending.
        FileNotFoundError: the folder does not exist.
        OSError: the file cannot be written; ``path`` is as it was.
    """
    target = Path(os.path.realpath(path))
    format = format_of(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"cannot write the report {os.fspath(path)!r}: its folder does not exist"
        )
    if target.is_dir():
        raise IsADirectoryError(f"cannot write the report {os.fspath(path)!r}: it is a folder")
    data = render(run, format).encode("utf-8")
    scratch = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    # os.open gives the mode that the user's umask asks for; tempfile would give 0600
    handle = os.open(
        scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666
    )
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        if target.exists():
            os.chmod(scratch, target.stat().st_mode & 0o777)
        os.replace(scratch, target)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
