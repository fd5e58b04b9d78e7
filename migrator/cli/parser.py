"""What can be asked on the command line, in argparse's words; nothing is imported for it."""

from __future__ import annotations

import argparse
import os

__all__ = ["make_parser"]

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


def make_parser() -> argparse.ArgumentParser:
    """Return the parser; of what it parses, ``run`` is the command's module and function."""
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

    def command(name: str, run: str, help: str, example: str) -> argparse.ArgumentParser:
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
        "code.run_scan",
        "list the TensorFlow 1 saving, restoring, exporting and loading code, and change nothing",
        "  migrator scan .\n  migrator scan -v train.py export.py --report scan.html",
    )
    _selection(scan, "files and folders")

    migrate = command(
        "migrate",
        "code.run_migrate",
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
        "--python2",
        action="store_true",
        help="make Python 3 of Python 2 files first (needs the extra tf-migrator[python2])",
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
    migrate.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="DIR",
        help="a SavedModel that the code loads: names of its tensors are taken from its signatures"
        " (repeatable; needs TensorFlow)",
    )
    migrate.add_argument(
        "--manifest", metavar="FILE", help="also write a first manifest for `migrator verify`"
    )

    check = command(
        "check",
        "models.run_check",
        "compare two models by contract, variables and outputs",
        "  migrator check old/export/1 new/export/1\n"
        "  migrator check --before-python ~/tf1/bin/python old/model.ckpt-100 new/model.ckpt-100\n"
        "  migrator check old/frozen.pb new/export/1 --feed images --fetch probabilities=probs:0\n"
        "  migrator check old/export/1 new/export/1 --range images=0:255 --save kept\n"
        "  migrator check kept new/export/2          against the kept before side",
    )
    _check_options(check)

    convert = command(
        "convert",
        "convert.run_convert",
        "make a TensorFlow 2 SavedModel of what TensorFlow 1 or Keras saved, and check it",
        "  migrator convert old/export/1 new/export/1\n"
        "  migrator convert model.ckpt-100 new/1 --inputs images=x:0 --outputs scores=Softmax:0\n"
        "  migrator convert frozen.pb new/1           inputs and outputs are guessed, and said\n"
        "  migrator convert old/1 new/1 --signature 'embed=x:0->vector=net/pool:0'\n"
        "  migrator convert model.ckpt-100 new.ckpt-100 --to object-based",
    )
    _convert_options(convert)

    verify = command(
        "verify",
        "models.run_verify",
        "run a migration's programs before and after it, and check every model they write",
        "  migrator migrate . --manifest verify.toml   a first manifest\n"
        "  migrator verify verify.toml --report verify.html",
    )
    verify.add_argument("manifest", metavar="MANIFEST", help="what to run and compare, in TOML")
    verify.add_argument(
        "--before-python", metavar="PATH", help="a Python with TensorFlow 1 (see tf1-env)"
    )
    verify.add_argument(
        "--work",
        metavar="DIR",
        help="where copies and results are kept (default: .migrator/NAME beside the manifest)",
    )
    verify.add_argument("--fresh", action="store_true", help="forget what an earlier run did")
    verify.add_argument("-j", "--jobs", type=int, metavar="N", help="commands at once")
    _reports(verify)

    tf1_env = command(
        "tf1-env",
        "models.run_tf1_env",
        "make a virtual environment with TensorFlow 1.15.5, for the side before the migration",
        "  migrator tf1-env .tf1\n  migrator tf1-env .tf1 --with 'tensorflow-hub<0.13'",
    )
    tf1_env.add_argument("directory", metavar="DIR", help="an empty or new folder")
    tf1_env.add_argument("--python", metavar="PATH", help="the Python 3.7 (or 3.6) to make it with")
    tf1_env.add_argument(
        "--with",
        dest="extras",
        action="append",
        default=[],
        metavar="PACKAGE",
        help="also install this (repeatable)",
    )

    rules = command(
        "rules",
        "rules.run_rules",
        "list the rules, or print the documentation of one",
        "  migrator rules\n  migrator rules TFM101\n  migrator rules saver",
    )
    rules.add_argument("code", nargs="?", metavar="CODE", help="code or name of a rule")

    demo = command(
        "demo",
        "models.run_demo",
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


def _convert_options(convert: argparse.ArgumentParser) -> None:
    convert.add_argument(
        "before",
        metavar="BEFORE",
        help="a SavedModel, a Hub module, a checkpoint prefix, a frozen graph (.pb) or a Keras"
        " file (.h5)",
    )
    convert.add_argument("after", metavar="AFTER", help="a new or empty folder; or a new prefix")

    model = convert.add_argument_group("what is converted")
    model.add_argument("--tags", metavar="TAG,...", help="tag set to convert ('' for none)")
    text = "of a graph without signatures: TENSOR or KEY=TENSOR"
    _several(model, "--inputs", "TENSOR,...", text)
    _several(model, "--outputs", "TENSOR,...", "likewise")
    _several(model, "--signature", "KEY=INPUTS->OUTPUTS", "add a signature")
    _several(model, "--op-library", "FILE", "load the custom ops of this library first")
    model.add_argument("--python", metavar="PATH", help="a Python with TensorFlow 2, to convert")
    model.add_argument(
        "--before-python", metavar="PATH", help="interpreter that runs BEFORE in the check"
    )
    _limits(model, 3600.0)

    alone = convert.add_argument_group("a checkpoint alone")
    alone.add_argument(
        "--to", choices=("object-based", "name-based"), help="the format that AFTER gets"
    )
    alone.add_argument(
        "--optimizer",
        choices=("keras", "tf_keras"),
        help="lay the slots out as its optimizers do (default: as TensorFlow 1 names them)",
    )
    alone.add_argument(
        "--like", metavar="PREFIX", help="take the layout of this object-based checkpoint"
    )
    alone.add_argument(
        "--order", metavar="NAME,...", help="the variables that the Keras optimizer is built of"
    )
    text = "learning_rate, beta_1, beta_2, momentum or iterations"
    _several(alone, "--set", "NAME=NUMBER", text)

    comparison = convert.add_argument_group("check")
    _value_options(comparison)
    comparison.add_argument("--atol", type=float, help="absolute tolerance (default: by dtype)")
    comparison.add_argument("--rtol", type=float, help="relative tolerance (default: by dtype)")
    text = "tolerance of one output or variable"
    _several(comparison, "--tolerance", "NAME=ATOL[:RTOL]", text)

    _reports(convert.add_argument_group("output"))


def _limits(group: argparse._ArgumentGroup, seconds: float) -> None:
    group.add_argument(
        "--trust",
        action="store_true",
        help="run Lambda layers and ops that write files, run code or use the network",
    )
    group.add_argument(
        "--timeout", type=float, default=seconds, metavar="SECONDS", help="(default: %(default)g)"
    )


def _several(
    group: argparse._ArgumentGroup,
    option: str,
    metavar: str,
    text: str,
    dest: str | None = None,
) -> None:
    group.add_argument(
        option,
        action="append",
        default=[],
        metavar=metavar,
        help=f"{text} (repeatable)",
        dest=dest,
    )


def _value_options(group: argparse._ArgumentGroup) -> None:
    text = "where generated values of an input or tf.Example feature lie"
    _several(group, "--range", "NAME=LOW:HIGH", text, dest="ranges")
    text = "what they are drawn from; NAME=@FILE has one per line"
    _several(group, "--choices", "NAME=A,B", text)
    group.add_argument("--seed", type=int, default=0, help="(default: %(default)s)")


def _check_options(check: argparse.ArgumentParser) -> None:
    check.add_argument("before", metavar="BEFORE", help="the model as it was, or a kept run")
    check.add_argument("after", metavar="AFTER", help="the model as it is now")

    models = check.add_argument_group("models")
    for role in ("before", "after"):
        text = f"interpreter of the {role} side (default: this one)"
        models.add_argument(f"--{role}-python", metavar="PATH", help=text)
    models.add_argument("--tags", metavar="TAG,...", help="tag set to compare ('' for none)")
    tensor = "of a side without signatures, by its tensor"
    _several(models, "--feed", "NAME=TENSOR", f"an input {tensor}")
    _several(models, "--fetch", "NAME=TENSOR", f"an output {tensor}")
    _limits(models, 600.0)

    inputs = check.add_argument_group("inputs")
    text = "run on these: .npz, .json, .csv, .tfrecord, or a kept run"
    _several(inputs, "--inputs", "FILE", text)
    _value_options(inputs)

    comparison = check.add_argument_group("comparison")
    comparison.add_argument("--atol", type=float, help="absolute tolerance (default: by dtype)")
    comparison.add_argument("--rtol", type=float, help="relative tolerance (default: by dtype)")
    text = "tolerance of one output or variable"
    _several(comparison, "--tolerance", "NAME=ATOL[:RTOL]", text)
    _several(comparison, "--rename", "BEFORE=AFTER", "a variable renamed on purpose")
    comparison.add_argument(
        "--no-bisect", action="store_true", help="do not look for the first op that differs"
    )
    comparison.add_argument("--no-cost", action="store_true", help="do not time the models")

    output = check.add_argument_group("output")
    output.add_argument(
        "--save",
        metavar="DIR",
        help="keep inputs, answers and verdict in a new folder, to be used as BEFORE or --inputs",
    )
    _reports(output)


def _reports(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--report",
        action="append",
        default=[],
        metavar="FILE",
        help="write a report, format by its ending: .html .md .json .sarif .txt (repeatable)",
    )
    parser.add_argument("-q", "--quiet", action="count", default=0, help="print less")
    parser.add_argument("-v", "--verbose", action="count", default=0, help="print more")
