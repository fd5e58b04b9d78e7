"""The commands that read and change code: scan and migrate."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from migrator.cli.output import Progress, consoles
from migrator.cli.usage import Usage, check_reports, write_reports

if TYPE_CHECKING:
    from rich.console import Console

    from migrator.migration import Migration, Options
    from migrator.results import RunReport
    from migrator.traffic import Model
    from migrator.verify.first import FirstManifest

__all__ = ["run_migrate", "run_scan"]


def _words(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())


def _options(options: argparse.Namespace) -> Options:
    from migrator.migration import Options

    select, ignore = _words(options.select), _words(options.ignore)
    if (options.select and not select) or (options.ignore and not ignore):
        raise Usage("--select and --ignore take codes or names of rules; see `migrator rules`")
    if select or ignore:
        from migrator import rulebook

        for word in ignore:
            if word.lower() in ("tfm801", "import-compat-v1", "tfm802", "legacy-keras"):
                raise Usage(
                    f"{word} cannot be left out: it is a part of the rewrites that need it;"
                    " ignore those"
                )

        for word, near in rulebook.unknown([*select, *ignore]):
            hint = f"; did you mean {near}?" if near else "; see `migrator rules`"
            raise Usage(f"no rule has the code or name {word!r}{hint}")
    if options.jobs is not None and options.jobs < 1:
        raise Usage("--jobs takes a number from 1")
    check_reports(options.report)
    return Options(
        tier=getattr(options, "tier", "auto"),
        select=select,
        ignore=ignore,
        safe_only=getattr(options, "safe_only", False),
        bridge=getattr(options, "bridge", "vendor"),
        exclude=_words(options.exclude),
        jobs=options.jobs,
        models=_models(getattr(options, "model", [])),
        python2=_python2(getattr(options, "python2", False)),
    )


def _python2(wanted: bool) -> bool:
    """Return ``wanted``, after a look whether what modernises Python 2 is installed."""
    if wanted:
        from migrator.modernise.python2 import Unavailable, available

        try:
            available()
        except Unavailable as error:
            raise Usage(str(error)) from None
    return wanted


def _models(paths: list[str]) -> tuple[Model, ...]:
    """Return what the SavedModels named with ``--model`` promise."""
    if not paths:
        return ()
    from migrator.artefacts import CannotRead, read_models

    try:
        return read_models(paths)
    except CannotRead as error:
        raise Usage(f"--model: {error}") from None


def _look(options: argparse.Namespace, command: str) -> Migration:
    from migrator import migration

    chosen = _options(options)
    if options.verbose or not sys.stderr.isatty():
        return migration.migrate(options.paths, chosen, command=command)
    with Progress() as progress:
        return migration.migrate(options.paths, chosen, command=command, progress=progress)


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
    write_reports(found.report, options.report)
    return 2 if bad else 0


def _is_target(code: str) -> bool:
    """Whether a finding with ``code`` is about saving code rather than about its surroundings."""
    return code < "TFM800" or code in ("TFM901", "TFM902", "TFM903", "TFM904")


def _open(run: RunReport, *, targets_only: bool) -> bool:
    """Whether anything is left that a rewrite or a person must deal with."""
    from migrator.results import Outcome

    left = (Outcome.REWRITTEN, Outcome.MANUAL, Outcome.BLOCKED)
    return any(
        finding.outcome in left and (not targets_only or _is_target(finding.code))
        for file in run.files
        for finding in file.findings
    ) or any(file.error is not None for file in run.files)


def run_scan(options: argparse.Namespace) -> int:
    """List what is there; return 1 when saving code of TensorFlow 1 is left."""
    if "-" in options.paths:
        raise Usage("scan takes files and folders; `migrator migrate -` reads stdin")
    found = _look(options, "scan")
    if not found.report.files:
        return _quiet_end(options, found, "no TensorFlow 1 saving code")
    bad = _problems(found)
    out, _ = consoles()
    from migrator.report import console

    console.print_summary(out, found.report, options.verbose - options.quiet)
    if options.quiet < 1:
        _print_programs(found.report)
    write_reports(found.report, options.report)
    return 2 if bad else int(_open(found.report, targets_only=True))


def _print_programs(run: RunReport) -> None:
    tiers = [program.tier.value if program.tier else "stays as it is" for program in run.programs]
    words = ", ".join(f"{word}: {tiers.count(word)}" for word in sorted(set(tiers)))
    if words:
        print(f"Programs by the tier they reach: {words}.")


def run_migrate(options: argparse.Namespace) -> int:
    """Print the change, or make it; return 1 when something would change or is left."""
    if "-" in options.paths:
        return _migrate_stdin(options)
    found = _look(options, "migrate")
    if not found.report.files:
        if options.manifest:
            print(_NO_MANIFEST, file=sys.stderr)
        return _quiet_end(options, found, "nothing to migrate")
    bad = _problems(found)
    from dataclasses import replace

    from migrator.report import console

    out, err = consoles()
    run = found.report
    failed: dict[str, str] = {}
    manifest = _first_manifest(options, found) if options.manifest else None
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
    write_reports(run, options.report)
    if manifest is not None:
        _write_manifest(manifest, run)
    if bad or failed:
        return 2
    if not options.write and found.changes_something:
        return 1
    left = replace(run, files=tuple(_left(file) for file in run.files))
    return int(_open(left, targets_only=False))


_NO_MANIFEST = "No manifest was written: no rewritten program saves or exports a model."


def _first_manifest(options: argparse.Namespace, found: Migration) -> FirstManifest:
    """Look at the code before it changes, and keep what would be lost."""
    from migrator.verify.first import CannotWrite, FirstManifest

    try:
        manifest = FirstManifest(options.manifest, found, wrote=options.write, tier=options.tier)
        manifest.keep_originals()
    except CannotWrite as error:
        raise Usage(str(error)) from None
    return manifest


def _write_manifest(manifest: FirstManifest, run: RunReport) -> None:
    from migrator.verify.first import CannotWrite

    try:
        written = manifest.write()
    except CannotWrite as error:
        raise Usage(str(error)) from None
    if not written:
        print(_NO_MANIFEST, file=sys.stderr)
        return
    if manifest.wrote:
        write_reports(run, [str(manifest.report)])
    print(
        f"Manifest: {os.path.relpath(manifest.path)}; look it over, then run"
        f" `migrator verify {os.path.relpath(manifest.path)}`.",
        file=sys.stderr,
    )


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
        raise Usage("- (stdin) goes with no other path")
    if options.manifest:
        raise Usage("--manifest goes with files and folders, not with - (stdin)")
    from pathlib import Path

    from migrator import migration, sources, writing
    from migrator.results import FileResult, RunReport

    chosen = _options(options)
    raw = sys.stdin.buffer.read()
    try:
        source = sources.Source.of(Path("stdin.py"), Path.cwd(), raw)
    except sources.SourceError as error:
        raise Usage(f"stdin {error.reason}") from None
    if not sources.may_hold_saving_code(raw):
        if options.write:
            sys.stdout.buffer.write(raw)
        return 0
    plan, text = migration.migrate_text(source.text, chosen)
    out, err = consoles()
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
    write_reports(run, options.report)
    if not options.write and text != source.text:
        return 1
    from dataclasses import replace

    left = replace(run, files=tuple(_left(file) for file in run.files))
    return int(_open(left, targets_only=False))
