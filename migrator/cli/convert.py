"""The command that converts a model, and proves the result."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from migrator.cli.output import Stages, consoles
from migrator.cli.usage import Usage, check_reports, write_reports

if TYPE_CHECKING:
    from migrator.convert import CheckpointConversion, Conversion
    from migrator.results import ModelCheck

__all__ = ["run_convert"]


def run_convert(options: argparse.Namespace) -> int:
    """Convert a model; return 0 when the result is there, 1 when it could not be or differs."""
    check_reports(options.report)
    from migrator import convert
    from migrator.checker import CannotOpen

    _refuse_mixed(options)
    _, err = consoles()
    found: Conversion | CheckpointConversion
    try:
        with Stages(err, options.quiet < 1) as progress:
            if options.to is not None:
                found = _convert_checkpoint(options, progress)
            else:
                found = convert.convert(
                    options.before, options.after, progress=progress, **_arguments(options)
                )
    except convert.CannotConvert as error:
        print(f"migrator: {error}", file=sys.stderr)
        return 1
    except (CannotOpen, ValueError) as error:
        raise Usage(str(error)) from None
    for sentence in found.said:
        print(f"migrator: {sentence}", file=sys.stderr)
    _show(options, found.check)
    if options.quiet < 1:
        print(_summary(found) if found.match else f"Nothing was written to {found.after}.")
    return 0 if found.match else 1


#: Options of a model.
_OF_MODELS = (
    *("inputs", "outputs", "signature", "tags", "op_library", "trust", "before_python"),
    *("ranges", "choices", "tolerance", "atol", "rtol", "seed"),
)
#: Options of a checkpoint alone.
_OF_CHECKPOINTS = ("optimizer", "like", "order", "set")


def _refuse_mixed(options: argparse.Namespace) -> None:
    """Refuse options of a model for a checkpoint alone, and the other way round."""
    for name in _OF_CHECKPOINTS if options.to is None else _OF_MODELS:
        if getattr(options, name):
            option = "--range" if name == "ranges" else f"--{name.replace('_', '-')}"
            goes = "only goes with --to" if options.to is None else "does not go with --to"
            raise Usage(f"{option} {goes}, which converts a checkpoint alone")


def _arguments(options: argparse.Namespace) -> dict[str, Any]:
    """Return the arguments of a conversion.

    Raises:
        ValueError: one of them makes no sense.
    """
    from migrator.checker import arguments as checking
    from migrator.convert import arguments as spelled

    return {
        "inputs": spelled.parse_tensors(options.inputs) if options.inputs else None,
        "outputs": spelled.parse_tensors(options.outputs) if options.outputs else None,
        "signatures": spelled.parse_signatures(options.signature),
        "tags": None if options.tags is None else [t for t in options.tags.split(",") if t],
        "op_libraries": options.op_library,
        "python": options.python,
        "before_python": options.before_python,
        "trust": options.trust,
        "timeout": options.timeout,
        "ranges": checking.parse_ranges(options.ranges) or None,
        "choices": checking.parse_choices(options.choices) or None,
        "tolerances": checking.parse_tolerances(options.tolerance) or None,
        "atol": options.atol,
        "rtol": options.rtol,
        "seed": options.seed,
    }


def _show(options: argparse.Namespace, check: ModelCheck) -> None:
    """Print the check that a conversion ended with, and write the reports."""
    import migrator
    from migrator.report import console
    from migrator.results import RunReport

    out, _ = consoles()
    if options.quiet < 1:
        console.print_checks(out, [check])
    else:
        print(str(check.verdict).upper())
    run = RunReport(
        version=migrator.__version__, checks=(check,), command="convert", wrote=check.match
    )
    write_reports(run, options.report)


def _summary(found: Conversion | CheckpointConversion) -> str:
    """Return what is in the place asked for now, in a sentence or two."""
    from migrator.convert import CheckpointConversion

    if isinstance(found, CheckpointConversion):
        number = _counted(len(found.variables), "variable")
        return f"Converted: {found.after} is {found.to} and holds the {number}."
    keys = ", ".join(found.signatures)
    trained = len(found.trainable_variables)
    words = [
        _counted(len(found.signatures), "signature") + f" ({keys})",
    ]
    if found.variables:
        number = _counted(len(found.variables), "variable")
        words.append(f"{number}, {trained} of them trainable")
    if found.regularization_losses:
        words.append(_counted(found.regularization_losses, "regularization loss", "es"))
    if found.assets:
        words.append(_counted(len(found.assets), "asset"))
    called = "" if found.call is None else f" Calling it runs {found.call}."
    return f"Converted: {found.after} holds {'; '.join(words)}.{called}"


def _counted(number: int, noun: str, plural: str = "s") -> str:
    return f"{number} {noun}{'' if number == 1 else plural}"


def _convert_checkpoint(options: argparse.Namespace, progress: Any) -> CheckpointConversion:
    """Convert a checkpoint alone.

    Raises:
        ValueError: an option makes no sense.
    """
    from migrator.convert import arguments as spelled
    from migrator.convert import convert_checkpoint

    return convert_checkpoint(
        options.before,
        options.after,
        to=options.to,
        optimizer=options.optimizer,
        like=options.like,
        order=[name for name in (options.order or "").split(",") if name] or None,
        settings=spelled.parse_settings(options.set) or None,
        python=options.python,
        timeout=options.timeout,
        progress=progress,
    )
