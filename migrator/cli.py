"""The command line: the only module that prints.

Everything heavy (libcst, rich, numpy) is imported by the command that needs it, so that a hook
on files with nothing to do costs little more than starting Python.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from migrator.migration import Migration, Options
    from migrator.results import RunReport

__all__ = ["main"]

_EXIT = """exit status:
  0  nothing to do, or everything matches
  1  something was found, would change, does not match, or is left for a person
  2  wrong usage, or a defect of this tool"""


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Keep examples as they are written, and leave room for the options."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=min(100, _columns()))


def _columns() -> int:
    try:
        return max(60, int(os.environ.get("COLUMNS", "0")) or os.get_terminal_size().columns)
    except (OSError, ValueError):
        return 90


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="migrator",
        description="Rewrite TensorFlow 1 saving, restoring and exporting code for TensorFlow 2,\n"
        "and prove that the models before and after give the same outputs.",
        epilog="example:\n  migrator scan .            what is here\n"
        "  migrator migrate .         the diff\n"
        "  migrator migrate --write . the change\n\n" + _EXIT,
        formatter_class=_Formatter,
    )
    parser.add_argument("--version", action="store_true", help="print the versions that matter")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    def command(
        name: str, run: Callable[[argparse.Namespace], int], help: str, example: str
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name,
            help=help,
            description=help[:1].upper() + help[1:] + ".",
            epilog=f"example:\n{example}\n\n{_EXIT}",
            formatter_class=_Formatter,
        )
        sub.set_defaults(run=run)
        return sub

    scan = command(
        "scan",
        _scan,
        "list the TensorFlow 1 saving, restoring, exporting and loading code, and change nothing",
        "  migrator scan .\n  migrator scan -v train.py export.py --report scan.html",
    )
    _selection(scan, "files and folders")

    migrate = command(
        "migrate",
        _migrate,
        "print the change as a unified diff, or make it with --write",
        "  migrator migrate .\n  migrator migrate --write . --report migration.html\n"
        "  git show HEAD:train.py | migrator migrate -",
    )
    _selection(migrate, "files and folders, or - for stdin")
    migrate.add_argument("--write", action="store_true", help="change the files (stdin: print it)")
    migrate.add_argument(
        "--tier",
        choices=("auto", "native", "session"),
        default="auto",
        help="native leaves no session, session stays on tensorflow.compat.v1, auto is native where"
        " that is possible and else session (default: %(default)s)",
    )
    migrate.add_argument(
        "--safe-only", action="store_true", help="leave out rewrites that need a review"
    )
    migrate.add_argument(
        "--bridge",
        choices=("vendor", "import"),
        default="vendor",
        help="copy tf2_bridge.py into the repository, or import it from this package"
        " (default: %(default)s)",
    )

    check = command(
        "check",
        _check,
        "compare two models: SavedModel directories, or checkpoint prefixes",
        "  migrator check old/export/1 new/export/1\n"
        "  migrator check --before-python ~/tf1/bin/python old/model.ckpt-100 new/model.ckpt-100",
    )
    check.add_argument("before", metavar="BEFORE", help="the model as it was")
    check.add_argument("after", metavar="AFTER", help="the model as it is now")
    check.add_argument(
        "--before-python", metavar="PATH", help="run the before side under this interpreter"
    )
    check.add_argument(
        "--after-python", metavar="PATH", help="run the after side under this interpreter"
    )
    check.add_argument("--tags", metavar="TAG,...", help="tag set of the meta graph to compare")
    check.add_argument("--atol", type=float, help="absolute tolerance (default: by dtype)")
    check.add_argument("--rtol", type=float, help="relative tolerance (default: by dtype)")
    check.add_argument("--seed", type=int, default=0, help="of the inputs (default: %(default)s)")
    check.add_argument(
        "--timeout", type=float, default=600.0, metavar="SECONDS", help="(default: %(default)g)"
    )
    _reports(check)

    rules = command(
        "rules",
        _rules,
        "list the rules, or print the documentation of one",
        "  migrator rules\n  migrator rules TFM101\n  migrator rules saver",
    )
    rules.add_argument("code", nargs="?", metavar="CODE", help="code or name of a rule")

    demo = command(
        "demo",
        _demo,
        "migrate an embedded legacy repository, run it, and check every model it writes",
        "  migrator demo\n  migrator demo ~/migrator-demo",
    )
    demo.add_argument("directory", nargs="?", metavar="DIR", help="an empty or new folder")
    demo.add_argument(
        "--no-check", action="store_true", help="migrate and report, run nothing (no TensorFlow)"
    )
    demo.add_argument("-q", "--quiet", action="count", default=0, help="print less")
    demo.add_argument("-v", "--verbose", action="count", default=0, help="print more")
    return parser


def _selection(parser: argparse.ArgumentParser, paths: str) -> None:
    parser.add_argument("paths", nargs="+", metavar="PATH", help=paths)
    parser.add_argument(
        "--select", action="append", default=[], metavar="CODES", help="only these rules"
    )
    parser.add_argument(
        "--ignore", action="append", default=[], metavar="CODES", help="all rules but these"
    )
    parser.add_argument(
        "--exclude", action="append", default=[], metavar="GLOB", help="leave out (repeatable)"
    )
    parser.add_argument("-j", "--jobs", type=int, metavar="N", help="processes (default: CPUs)")
    _reports(parser)


def _reports(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--report",
        action="append",
        default=[],
        metavar="FILE",
        help="write a report, format by its ending: .html .md .json .sarif .txt (repeatable)",
    )
    parser.add_argument("-q", "--quiet", action="count", default=0, help="print less")
    parser.add_argument("-v", "--verbose", action="count", default=0, help="print more")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.version:
        return _version()
    if options.command is None:
        parser.print_help(sys.stderr)
        return 2
    try:
        return int(options.run(options))
    except KeyboardInterrupt as interrupt:
        written = f"{interrupt}; " if str(interrupt) else ""
        print(f"migrator: interrupted; {written}no program is half written", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except _Usage as error:
        print(f"migrator: {error}", file=sys.stderr)
        return 2


class _Usage(Exception):
    """Wrong usage; the message says what and how to do it right."""


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


def _consoles() -> tuple[Console, Console]:
    from rich.console import Console

    return Console(highlight=False), Console(stderr=True, highlight=False)


# -- scan and migrate -----------------------------------------------------------------------


def _words(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())


def _options(options: argparse.Namespace) -> Options:
    from migrator.migration import Options

    select, ignore = _words(options.select), _words(options.ignore)
    if (options.select and not select) or (options.ignore and not ignore):
        raise _Usage("--select and --ignore take codes or names of rules; see `migrator rules`")
    if select or ignore:
        from migrator import rulebook

        for word in ignore:
            if word.lower() in ("tfm801", "import-compat-v1", "tfm802", "legacy-keras"):
                raise _Usage(
                    f"{word} cannot be left out: it is a part of the rewrites that need it;"
                    " ignore those"
                )

        for word, near in rulebook.unknown([*select, *ignore]):
            hint = f"; did you mean {near}?" if near else "; see `migrator rules`"
            raise _Usage(f"no rule has the code or name {word!r}{hint}")
    if options.jobs is not None and options.jobs < 1:
        raise _Usage("--jobs takes a number from 1")
    _check_reports(options.report)
    return Options(
        tier=getattr(options, "tier", "auto"),
        select=select,
        ignore=ignore,
        safe_only=getattr(options, "safe_only", False),
        bridge=getattr(options, "bridge", "vendor"),
        exclude=_words(options.exclude),
        jobs=options.jobs,
    )


def _check_reports(names: Sequence[str]) -> None:
    if not names:
        return
    from migrator import report

    for name in names:
        try:
            report.format_of(name)
        except ValueError as error:
            raise _Usage(str(error)) from None
        folder = os.path.dirname(name) or "."
        if not os.path.isdir(folder):
            raise _Usage(f"the folder of the report {name} does not exist")


def _write_reports(run: RunReport, names: Sequence[str]) -> None:
    if not names:
        return
    from migrator import report

    for name in names:
        try:
            report.write(run, name)
        except OSError as error:
            raise _Usage(f"the report {name} could not be written: {error.strerror}") from None


def _look(options: argparse.Namespace, command: str) -> Migration:
    from migrator import migration

    chosen = _options(options)
    if options.verbose or not sys.stderr.isatty():
        return migration.migrate(options.paths, chosen, command=command)
    with _Progress() as progress:
        return migration.migrate(options.paths, chosen, command=command, progress=progress)


class _Progress:
    """A progress bar on stderr that appears once the work takes longer than a moment."""

    def __enter__(self) -> Callable[[str, int, int], None]:
        self.bar: Any = None
        self.task: Any = None
        import time

        self.started = time.monotonic()
        self.clock = time.monotonic
        return self

    def __call__(self, what: str, done: int, total: int) -> None:
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


def _problems(found: Migration) -> bool:
    """Print what is wrong with the paths given; return whether anything is."""
    for path, sentence in found.problems.items():
        print(f"migrator: {path} {sentence}", file=sys.stderr)
    return bool(found.problems)


def _nothing_here(options: argparse.Namespace, found: Migration) -> None:
    if not found.selected and not found.problems:
        where = ", ".join(map(str, options.paths))
        print(f"migrator: no Python files under {where}", file=sys.stderr)


def _quiet_end(options: argparse.Namespace, found: Migration, sentence: str) -> int:
    """End a run that found nothing, without loading rich."""
    bad = _problems(found)
    _nothing_here(options, found)
    if found.selected and options.quiet < 1:
        noun = "file" if found.selected == 1 else "files"
        print(f"{found.selected} {noun}: {sentence}", file=sys.stderr)
    _write_reports(found.report, options.report)
    return 2 if bad else 0


def _is_target(code: str) -> bool:
    """Whether a finding with ``code`` is about saving code rather than about its surroundings."""
    return code < "TFM800" or code in ("TFM901", "TFM902", "TFM903")


def _open(run: RunReport, *, targets_only: bool) -> bool:
    """Whether anything is left that a rewrite or a person must deal with."""
    from migrator.results import Outcome

    left = (Outcome.REWRITTEN, Outcome.MANUAL, Outcome.BLOCKED)
    return any(
        finding.outcome in left and (not targets_only or _is_target(finding.code))
        for file in run.files
        for finding in file.findings
    ) or any(file.error is not None for file in run.files)


def _scan(options: argparse.Namespace) -> int:
    if "-" in options.paths:
        raise _Usage("scan takes files and folders; `migrator migrate -` reads stdin")
    found = _look(options, "scan")
    if not found.report.files:
        return _quiet_end(options, found, "no TensorFlow 1 saving code")
    bad = _problems(found)
    out, _ = _consoles()
    from migrator.report import console

    console.print_summary(out, found.report, options.verbose - options.quiet)
    if options.quiet < 1:
        _print_programs(found.report)
    _write_reports(found.report, options.report)
    return 2 if bad else int(_open(found.report, targets_only=True))


def _print_programs(run: RunReport) -> None:
    tiers = [program.tier.value if program.tier else "stays as it is" for program in run.programs]
    words = ", ".join(f"{word}: {tiers.count(word)}" for word in sorted(set(tiers)))
    if words:
        print(f"Programs by the tier they reach: {words}.")


def _migrate(options: argparse.Namespace) -> int:
    if "-" in options.paths:
        return _migrate_stdin(options)
    found = _look(options, "migrate")
    if not found.report.files:
        return _quiet_end(options, found, "nothing to migrate")
    bad = _problems(found)
    from dataclasses import replace

    from migrator.report import console

    out, err = _consoles()
    run = found.report
    failed: dict[str, str] = {}
    if options.write:
        try:
            failed = found.write()
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"{found.written} files were written") from None
        for reason in dict.fromkeys(failed.values()):
            print(f"migrator: {reason}", file=sys.stderr)
        run = replace(run, wrote=not failed)
    elif options.quiet < 2:
        _print_patch(out, found)
    console.print_summary(err, run, options.verbose - options.quiet)
    if failed:
        print(f"Written: {found.written} files; not written: {len(failed)}.", file=sys.stderr)
    if not options.write and found.changes_something and options.quiet < 1:
        print("Nothing was written; add --write to make this change.", file=sys.stderr)
    _write_reports(run, options.report)
    if bad or failed:
        return 2
    if not options.write and found.changes_something:
        return 1
    left = replace(run, files=tuple(_left(file) for file in run.files))
    return int(_open(left, targets_only=False))


def _print_patch(out: Console, found: Migration) -> None:
    """Print the diff; where it goes to a file or a pipe, in each file's own bytes."""
    from migrator import sources, writing
    from migrator.report import console

    if out.is_terminal:
        console.print_diff(out, found.report)
        return
    parts = {source.relative: writing.patch(source, text) for source, text in found.changes}
    for path, text in found.created:
        name = sources.relative_name(str(path), str(found.root))
        parts[name] = writing.unified_diff(name, None, text).encode()
    sys.stdout.flush()
    stream = getattr(sys.stdout, "buffer", None)
    for name in sorted(parts):
        if stream is not None:
            stream.write(parts[name])
        else:
            sys.stdout.write(parts[name].decode("utf-8", "replace"))
    sys.stdout.flush()


def _left(file: Any) -> Any:
    """Return ``file`` without the findings that a write has dealt with."""
    from dataclasses import replace

    from migrator.results import Outcome

    return replace(
        file, findings=tuple(f for f in file.findings if f.outcome is not Outcome.REWRITTEN)
    )


def _migrate_stdin(options: argparse.Namespace) -> int:
    if options.paths != ["-"]:
        raise _Usage("- (stdin) goes with no other path")
    from pathlib import Path

    from migrator import migration, sources, writing
    from migrator.results import FileResult, RunReport

    chosen = _options(options)
    raw = sys.stdin.buffer.read()
    try:
        source = sources.Source.of(Path("stdin.py"), Path.cwd(), raw)
    except sources.SourceError as error:
        raise _Usage(f"stdin {error.reason}") from None
    if not sources.may_hold_saving_code(raw):
        if options.write:
            sys.stdout.buffer.write(raw)
        return 0
    plan, text = migration.migrate_text(source.text, chosen)
    out, err = _consoles()
    from migrator.report import console

    diff = writing.unified_diff("stdin.py", source.text, text)
    run = RunReport(
        files=(FileResult("stdin.py", plan.findings, diff),) if plan.findings else (),
        rules=(),
        command="migrate",
        wrote=options.write,
    )
    if options.write:
        sys.stdout.buffer.write(source.encode(text))
        sys.stdout.buffer.flush()
    elif options.quiet < 2:
        console.print_diff(out, run)
    console.print_summary(err, run, options.verbose - options.quiet)
    if plan.parts and options.quiet < 1:
        print(
            "The new text imports tf2_bridge: migrate the file in its folder to have it written.",
            file=sys.stderr,
        )
    _write_reports(run, options.report)
    if not options.write and text != source.text:
        return 1
    from dataclasses import replace

    left = replace(run, files=tuple(_left(file) for file in run.files))
    return int(_open(left, targets_only=False))


# -- check ----------------------------------------------------------------------------------


def _check(options: argparse.Namespace) -> int:
    _check_reports(options.report)
    from migrator import checker
    from migrator.report import console
    from migrator.results import RunReport

    out, err = _consoles()
    arguments: dict[str, Any] = {
        "before_python": options.before_python,
        "after_python": options.after_python,
        "tags": options.tags.split(",") if options.tags else None,
        "atol": options.atol,
        "rtol": options.rtol,
        "seed": options.seed,
        "timeout": options.timeout,
    }
    try:
        if err.is_terminal and options.quiet < 1:
            with err.status("Running both models"):
                result = checker.check(options.before, options.after, **arguments)
        else:
            result = checker.check(options.before, options.after, **arguments)
    except checker.CannotOpen as error:
        raise _Usage(str(error)) from None
    except ValueError as error:
        raise _Usage(str(error)) from None
    import migrator

    if options.quiet < 1:
        console.print_checks(out, [result])
    else:
        print(str(result.verdict).upper())
    run = RunReport(version=migrator.__version__, checks=(result,), command="check")
    _write_reports(run, options.report)
    return 0 if result.match else 1


# -- rules ----------------------------------------------------------------------------------


def _rules(options: argparse.Namespace) -> int:
    from migrator import rulebook
    from migrator.report import console

    out, _ = _consoles()
    if options.code is None:
        console.print_rules(out, rulebook.rule_infos())
        return 0
    found = rulebook.find(options.code)
    if found is None:
        near = dict(rulebook.unknown([options.code])).get(options.code)
        hint = f"; did you mean {near}?" if near else "; `migrator rules` lists them"
        raise _Usage(f"no rule has the code or name {options.code!r}{hint}")
    console.print_rule(out, found)
    return 0


# -- demo -----------------------------------------------------------------------------------


def _demo(options: argparse.Namespace) -> int:
    from migrator import demo
    from migrator.report import console

    out, err = _consoles()

    def say(sentence: str) -> None:
        if options.quiet < 1:
            out.print(sentence, markup=False, soft_wrap=True)

    try:
        if err.is_terminal and options.quiet < 1:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            with Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                console=err,
                transient=True,
            ) as bar:
                task = bar.add_task("Migrating", total=None)

                def progress(what: str, done: int, total: int) -> None:
                    bar.update(task, description=what, completed=done, total=total)

                result = demo.run(options.directory, check=not options.no_check, progress=progress)
        else:
            if options.quiet < 1 and not options.no_check:
                print("Running the migrated programs takes some minutes.", file=sys.stderr)
            result = demo.run(options.directory, check=not options.no_check)
    except demo.DemoError as error:
        raise _Usage(str(error)) from None
    console.print_summary(out, result.report, options.verbose - options.quiet - 1)
    if options.verbose:
        console.print_checks(out, result.report.checks)
    for line in result.lines():
        say(line)
    return 0 if result.good else 1


if __name__ == "__main__":
    sys.exit(main())
