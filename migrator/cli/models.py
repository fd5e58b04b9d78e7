"""The commands that run models: check, verify, tf1-env and demo."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from migrator.cli.output import Stages, consoles
from migrator.cli.usage import Usage, check_reports, write_reports
from migrator.interrupts import termination_interrupts

__all__ = ["run_check", "run_demo", "run_tf1_env", "run_verify"]


def run_check(options: argparse.Namespace) -> int:
    """Compare two models; return 0 for a match, 1 for every other verdict."""
    check_reports(options.report)
    from migrator import checker
    from migrator.checker import arguments as spelled
    from migrator.report import console
    from migrator.results import RunReport

    out, err = consoles()
    try:
        ranges = spelled.parse_ranges(options.ranges)
        choices = spelled.parse_choices(options.choices)
        tolerances = spelled.parse_tolerances(options.tolerance)
        names = spelled.parse_names(options.rename)
    except ValueError as error:
        raise Usage(str(error)) from None
    arguments: dict[str, Any] = {
        "before_python": options.before_python,
        "after_python": options.after_python,
        "inputs": options.inputs or None,
        "ranges": ranges or None,
        "choices": choices or None,
        "tags": None if options.tags is None else [t for t in options.tags.split(",") if t],
        "feeds": _tensors("--feed", options.feed),
        "fetches": _tensors("--fetch", options.fetch),
        "trust": options.trust,
        "names": names or None,
        "tolerances": tolerances or None,
        "save": options.save,
        "bisect": not options.no_bisect,
        "cost": not options.no_cost,
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
        raise Usage(str(error)) from None
    except ValueError as error:
        raise Usage(str(error)) from None
    import migrator

    if options.quiet < 1:
        console.print_checks(out, [result])
    else:
        print(str(result.verdict).upper())
    run = RunReport(version=migrator.__version__, checks=(result,), command="check")
    write_reports(run, options.report)
    return 0 if result.match else 1


def _tensors(option: str, values: Sequence[str]) -> dict[str, str] | None:
    """Return name → tensor of NAME=TENSOR, or of TENSOR, which is named for its op."""
    found: dict[str, str] = {}
    for value in values:
        name, equals, tensor = value.partition("=")
        if not equals:
            name, tensor = value.partition(":")[0], value
        if not name or not tensor or name in found:
            raise Usage(f"{option} {value}: give NAME=TENSOR, each name once")
        found[name] = tensor
    return found or None


def run_verify(options: argparse.Namespace) -> int:
    """Carry out a manifest; return 0 when every pair of models matches."""
    check_reports(options.report)
    if options.jobs is not None and options.jobs < 1:
        raise Usage("--jobs takes a number from 1")
    from migrator import verify
    from migrator.report import console
    from migrator.verify import summary

    out, err = consoles()
    try:
        manifest = verify.load_manifest(options.manifest)
        with Stages(err, options.quiet < 1) as progress:
            found = verify.verify(
                manifest,
                work=options.work,
                before_python=options.before_python,
                fresh=options.fresh,
                jobs=options.jobs,
                leave=options.report,
                progress=progress,
            )
    except (verify.ManifestError, verify.VerifyError) as error:
        raise Usage(str(error)) from None
    except verify.Interrupted as interrupt:
        print(f"migrator: interrupted; {interrupt}: run the same command to go on", file=sys.stderr)
        return 130
    if options.quiet < 1:
        shown = [check for check in found.report.checks if options.verbose or not check.match]
        console.print_checks(out, shown)
        for line in summary.lines(found):
            out.print(line, markup=False, soft_wrap=True)
    else:
        print("MATCH" if found.match else "NO MATCH")
    write_reports(found.report, options.report)
    return found.status


def run_tf1_env(options: argparse.Namespace) -> int:
    """Make an environment, and print the option that names its interpreter."""
    from migrator import tf1_env

    def say(sentence: str) -> None:
        print(sentence, file=sys.stderr, flush=True)

    try:
        made = tf1_env.make(
            options.directory, python=options.python, extras=options.extras, say=say
        )
    except tf1_env.CannotMake as error:
        raise Usage(str(error)) from None
    print(f"--before-python {made}")
    return 0


def run_demo(options: argparse.Namespace) -> int:
    """Carry out the demo; return 0 when all of it is proven."""
    from migrator import demo
    from migrator.report import console

    out, err = consoles()

    def say(sentence: str) -> None:
        if options.quiet < 1:
            out.print(sentence, markup=False, soft_wrap=True)

    try:
        if not err.is_terminal and options.quiet < 1 and not options.no_check:
            print("Running the migrated programs takes some minutes.", file=sys.stderr)
        with (
            termination_interrupts(),
            Stages(err, options.quiet < 1 and err.is_terminal) as progress,
        ):
            result = demo.run(options.directory, check=not options.no_check, progress=progress)
    except demo.DemoError as error:
        raise Usage(str(error)) from None
    console.print_summary(out, result.report, options.verbose - options.quiet - 1)
    if options.verbose:
        console.print_checks(out, result.report.checks)
    for line in result.lines():
        say(line)
    return 0 if result.good else 1
