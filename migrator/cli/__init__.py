"""The command line: the only package that prints.

Everything heavy (libcst, rich, numpy) is imported by the command that needs it, and the
commands themselves when they are called, so that a hook on files with nothing to do costs
little more than starting Python.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from migrator.cli.parser import make_parser
from migrator.cli.streams import LastingStreams

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status.

    The status is that of the work, also where nobody reads the output to its end
    (``migrator check … | head``).

    Args:
        arguments: the words after ``migrator``; those of this process when None.
    """
    streams = LastingStreams()
    try:
        with streams:
            status = _run(arguments)
    except SystemExit:  # argparse, after --help and wrong usage
        if streams.lost is None:
            raise
    if streams.lost is not None:
        print(f"migrator: the output was not written: {streams.lost.strerror}", file=sys.stderr)
        return 2
    return status


def _run(arguments: Sequence[str] | None) -> int:
    parser = make_parser()
    options = parser.parse_args(arguments)
    if options.version:
        return _version()
    if options.command is None:
        parser.print_help(sys.stderr)
        return 2
    import importlib

    from migrator.cli.usage import Usage

    module, _, function = options.run.partition(".")
    try:
        command = getattr(importlib.import_module(f"migrator.cli.{module}"), function)
        return int(command(options))
    except KeyboardInterrupt as interrupt:
        written = f"; {interrupt}" if str(interrupt) else ""
        whole = "; no program is half written" if options.command == "migrate" else ""
        print(f"migrator: interrupted{written}{whole}", file=sys.stderr)
        return 130
    except Usage as error:
        print(f"migrator: {error}", file=sys.stderr)
        return 2
    except Exception:  # 1, Python's own status, would say that models differ
        import traceback

        traceback.print_exc()
        print("migrator: this is a defect of migrator itself; please report it", file=sys.stderr)
        return 2


def _version() -> int:
    import importlib.metadata
    import platform

    import migrator

    print(f"migrator {migrator.__version__}")
    print(f"Python {platform.python_version()}")
    for package in ("libcst", "rich", "tensorflow", "tf-keras"):
        try:
            print(package, importlib.metadata.version(package))
        except importlib.metadata.PackageNotFoundError:
            print(package, "not installed")
    return 0
