"""What commands share: wrong usage, and the reports that are asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from migrator.results import RunReport

__all__ = ["Usage", "check_reports", "write_reports"]


class Usage(Exception):
    """Wrong usage; the message says what and how to do it right."""


def check_reports(names: Sequence[str]) -> None:
    """Refuse a report that could not be written, before any work is done.

    Raises:
        Usage: its format is unknown, or its folder does not exist.
    """
    if not names:
        return
    from migrator import report

    for name in names:
        try:
            report.format_of(name)
        except ValueError as error:
            raise Usage(str(error)) from None
        folder = os.path.dirname(name) or "."
        if not os.path.isdir(folder):
            raise Usage(f"the folder of the report {name} does not exist")


def write_reports(run: RunReport, names: Sequence[str]) -> None:
    """Write the reports that were asked for.

    Raises:
        Usage: one cannot be written.
    """
    if not names:
        return
    from migrator import report

    for name in names:
        try:
            report.write(run, name)
        except OSError as error:
            raise Usage(f"the report {name} could not be written: {error.strerror}") from None
