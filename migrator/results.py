"""Frozen, picklable values that cross borders, and their JSON spelling.

Every part of the project hands its results on as one of these values: the engine to
the command line, the checker to the report, a worker process to its parent.  They hold
plain data only, so they pickle, compare and print, and :func:`to_json` / :func:`from_json`
map them to the JSON report and back without loss.
"""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from dataclasses import dataclass, field
from typing import Any, TypeVar

__all__ = [
    "FORMAT",
    "HISTOGRAM_EDGES",
    "CheckStatus",
    "ContractDelta",
    "Cost",
    "DeltaStatus",
    "FileResult",
    "Finding",
    "Latency",
    "ModelCheck",
    "Outcome",
    "OutputDelta",
    "Parting",
    "Place",
    "Program",
    "RuleInfo",
    "RunReport",
    "Safety",
    "Span",
    "Tier",
    "Verdict",
    "from_json",
    "to_json",
]

#: Version of the JSON spelling.  It grows when a field changes its meaning.
FORMAT = 1

#: Upper edges of the bins of :attr:`OutputDelta.histogram`.  Counted is, per element,
#: ``|after - before| / (1 + |before|)``, which is the tolerance (atol and rtol alike) that the
#: element needs.  The first bin holds the equal elements, one more after the last edge the rest,
#: infinite errors (a NaN on one side only) included.
HISTOGRAM_EDGES = (0.0, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)


class _Word(str, enum.Enum):
    """A closed set of words that prints and serialises as the word itself."""

    def __str__(self) -> str:
        return str(self.value)


class Safety(_Word):
    """How much a person must look at a rewrite before trusting it."""

    SAFE = "safe"  #: same meaning, same files on disk
    REVIEW = "review"  #: same meaning, the artefact's format changes: run the checker
    MANUAL = "manual"  #: never rewritten, only reported


class Outcome(_Word):
    """What became of a finding; every finding ends in exactly one."""

    REWRITTEN = "rewritten"  #: the code was (or, without --write, would be) changed
    KEPT = "kept"  #: stays as it is because it already means the right thing in TensorFlow 2
    MANUAL = "manual"  #: left alone; a person must act, the recipe says how
    BLOCKED = "blocked"  #: could be rewritten, but something named in the message prevents it
    SUPPRESSED = "suppressed"  #: a ``# migrator: keep`` comment covers the line


class Tier(_Word):
    """Which of the two forms of TensorFlow 2 code a rewrite produces."""

    NATIVE = "native"  #: no Session left
    SESSION = "session"  #: stays on tensorflow.compat.v1, saves in TensorFlow 2 formats


class DeltaStatus(_Word):
    """How one output (or variable) of the two models compares."""

    EQUAL = "equal"
    CLOSE = "close"
    DIFFERS = "differs"
    MISSING = "missing"
    EXTRA = "extra"
    DTYPE = "dtype"
    SHAPE = "shape"
    UNSTABLE = "unstable"


class CheckStatus(_Word):
    """How one structural fact of the two models compares."""

    SAME = "same"
    CHANGED = "changed"
    MISSING = "missing"
    EXTRA = "extra"
    NOTE = "note"  #: differs in a way TensorFlow 2 imposes; informs, does not decide


class Verdict(_Word):
    """The result of a model check."""

    MATCH = "match"
    MISMATCH = "mismatch"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Span:
    """A region of the ORIGINAL file: 1-based lines, 0-based columns in characters."""

    line: int
    column: int
    end_line: int
    end_column: int
    cell: int | None = None  #: 0-based code cell of a notebook, else None


@dataclass(frozen=True, slots=True)
class Finding:
    """One place a rule looked at, and what became of it."""

    span: Span
    code: str  #: permanent rule code, ``TFM101``
    message: str  #: one sentence (or a few) saying what is here and what became of it
    outcome: Outcome
    tier: Tier | None = None
    before: str = ""  #: the original statement or expression
    after: str | None = None  #: its replacement when REWRITTEN (or what it would be when BLOCKED)
    recipe: str | None = None  #: what a person should do when MANUAL or BLOCKED
    api: str | None = None  #: canonical TensorFlow 1 symbol, ``tf.train.Saver``
    family: str | None = None  #: saver, discovery, export, signature, load, freeze, ...
    safety: Safety | None = None


@dataclass(frozen=True, slots=True)
class FileResult:
    """What one file holds and what became of it."""

    path: str  #: posix, relative to the root
    findings: tuple[Finding, ...] = ()
    diff: str = ""  #: unified diff, empty when nothing changes
    error: str | None = None  #: why the file could not be processed at all
    program: int | None = None  #: index into RunReport.programs
    created: bool = False  #: the file does not exist before the migration (tf2_bridge.py)


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """A rule as reports show it."""

    code: str
    name: str
    safety: Safety
    summary: str
    docs: str = ""  #: Markdown


@dataclass(frozen=True, slots=True)
class Program:
    """Files that end up in one process; a program is rewritten whole or not at all."""

    files: tuple[str, ...]
    entry_points: tuple[str, ...] = ()
    tier: Tier | None = None  #: tier it reaches; None when it stays as it is
    held: str | None = None  #: why it stays as it is, naming the file that holds it
    requirements: tuple[str, ...] = ()  #: packages the migrated program needs besides tensorflow


@dataclass(frozen=True, slots=True)
class OutputDelta:
    """One output (or variable) compared value by value."""

    name: str  #: ``serving_default/scores`` or a variable's name
    status: DeltaStatus
    max_abs: float | None = None  #: largest |after - before|
    max_rel: float | None = None  #: largest |after - before| / |before| where before is not 0
    mean_abs: float | None = None
    required: float | None = None  #: smallest atol (with rtol = atol) that would make it pass
    worst_index: tuple[int, ...] | None = None
    compared: int = 0  #: number of elements compared
    note: str = ""  #: dtypes, shapes, a bytes difference: what the numbers cannot say
    regime: str = ""  #: the inputs that produced it: normal, zeros, ...
    argmax: float | None = None  #: share of rows whose argmax agrees, 0..1
    tolerance: tuple[float, float] | None = None  #: (atol, rtol) that decided; None when exact
    histogram: tuple[int, ...] = ()  #: elements per bin of HISTOGRAM_EDGES; empty when exact
    worst_before: str = ""  #: the value at worst_index, before
    worst_after: str = ""  #: the value at worst_index, after
    worst_inputs: tuple[str, ...] = ()  #: the inputs that gave it: ``x[2] = [0.1, -0.3, ...]``


@dataclass(frozen=True, slots=True)
class ContractDelta:
    """One structural fact (tag, signature key, input, dtype, shape, method name, asset)."""

    name: str  #: ``serving_default/inputs/x/dtype``
    status: CheckStatus
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Parting:
    """The first op, in the order of the before side's graph, at which two models part."""

    node: str  #: name of the op's node in the before side's graph
    op: str  #: its type: ``MatMul``, ``VariableV2``
    output: str  #: the output whose difference was traced: ``serving_default/scores``
    regime: str = ""  #: the inputs that it was traced with
    after_node: str = ""  #: name of its counterpart
    max_abs: float | None = None  #: largest |after - before| of the op's output
    note: str = ""  #: what the numbers cannot say


@dataclass(frozen=True, slots=True)
class Latency:
    """How long one signature takes through one loader, on one thread, in seconds."""

    side: str  #: ``before`` or ``after``
    loader: str  #: ``v1`` (a session), ``v2`` (tf.saved_model.load), ``keras``
    signature: str
    regime: str  #: the inputs that were timed
    median: float
    p90: float
    runs: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What two models cost: information, which decides nothing."""

    before_bytes: int  #: size on disk
    after_bytes: int
    latencies: tuple[Latency, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A finding, named by file, line of the ORIGINAL file and rule code."""

    path: str
    line: int
    code: str


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """The comparison of two models."""

    before: str
    after: str
    contract: tuple[ContractDelta, ...] = ()
    variables: tuple[OutputDelta, ...] = ()
    deltas: tuple[OutputDelta, ...] = ()
    inputs: tuple[str, ...] = ()  #: the input regimes that were run, as words
    tolerance: tuple[float, float] = (1e-5, 1e-5)  #: (atol, rtol) for float32
    environments: tuple[str, ...] = ()  #: ``before: Python 3.7.16, TensorFlow 1.15.5``
    verdict: Verdict = Verdict.ERROR
    error: str | None = None
    name: str = ""  #: a short label for reports; the paths when empty
    covers: tuple[str, ...] = ()  #: files (as FileResult.path) whose rewrites it is evidence for
    rewrites: tuple[Place, ...] = ()  #: the rewrites that produced the code which wrote ``after``
    kinds: tuple[str, ...] = ()  #: what the two sides are: ``SavedModel``, ``frozen graph``
    parting: Parting | None = None  #: where a mismatch begins, if it could be traced
    cost: Cost | None = None
    seed: int = 0  #: what the generated inputs depended on

    @property
    def match(self) -> bool:
        """True when the verdict is MATCH."""
        return self.verdict is Verdict.MATCH


@dataclass(frozen=True, slots=True)
class RunReport:
    """Everything a renderer needs; the JSON report is its exact image."""

    format: int = FORMAT
    version: str = ""
    rules: tuple[RuleInfo, ...] = ()
    programs: tuple[Program, ...] = ()
    files: tuple[FileResult, ...] = ()
    checks: tuple[ModelCheck, ...] = ()
    command: str = ""  #: ``scan``, ``migrate``, ``demo``
    wrote: bool = field(default=False)  #: whether the changes are on disk


T = TypeVar("T")


def to_json(value: Any) -> Any:
    """Return ``value`` as JSON-ready dicts, lists and scalars.

    NaN and the infinities, which JSON has no spelling for, become the strings ``"NaN"``,
    ``"Infinity"`` and ``"-Infinity"``.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (tuple, list)):
        return [to_json(item) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise TypeError(f"{type(value).__name__} has no JSON spelling")


def from_json(kind: type[T], data: Any) -> T:
    """Return the value of type ``kind`` that :func:`to_json` spelled as ``data``.

    Raises:
        ValueError: ``data`` lacks a required field, holds an unknown one, or one of the wrong type.
    """
    return typing.cast(T, _read(kind, data, kind.__name__))


def _read(kind: Any, data: Any, where: str) -> Any:
    origin = typing.get_origin(kind)
    if origin is types.UnionType or origin is typing.Union:
        options = typing.get_args(kind)
        if data is None and type(None) in options:
            return None
        (rest,) = [option for option in options if option is not type(None)]
        return _read(rest, data, where)
    if origin is tuple:
        if not isinstance(data, list):
            raise ValueError(f"{where}: expected a list, found {type(data).__name__}")
        args = typing.get_args(kind)
        if len(args) == 2 and args[1] is Ellipsis:
            return tuple(_read(args[0], item, f"{where}[{i}]") for i, item in enumerate(data))
        if len(args) != len(data):
            raise ValueError(f"{where}: expected {len(args)} items, found {len(data)}")
        return tuple(
            _read(arg, item, f"{where}[{i}]")
            for i, (arg, item) in enumerate(zip(args, data, strict=True))
        )
    if dataclasses.is_dataclass(kind):
        if not isinstance(data, dict):
            raise ValueError(f"{where}: expected an object, found {type(data).__name__}")
        hints = typing.get_type_hints(kind)
        fields = {f.name: f for f in dataclasses.fields(kind)}
        unknown = sorted(set(data) - set(fields))
        if unknown:
            raise ValueError(f"{where}: unknown field {unknown[0]!r}")
        try:
            return typing.cast(Any, kind)(
                **{name: _read(hints[name], item, f"{where}.{name}") for name, item in data.items()}
            )
        except TypeError as error:
            raise ValueError(f"{where}: {error}") from None
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        try:
            return kind(data)
        except ValueError:
            raise ValueError(f"{where}: {data!r} is not a {kind.__name__}") from None
    if kind is float:
        if isinstance(data, str):
            words = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}
            if data in words:
                return float(words[data])
        elif isinstance(data, (int, float)) and not isinstance(data, bool):
            return float(data)
        raise ValueError(f"{where}: {data!r} is not a number")
    if kind is int and isinstance(data, bool):
        raise ValueError(f"{where}: {data!r} is not an integer")
    if not isinstance(data, kind):
        raise ValueError(f"{where}: expected {kind.__name__}, found {type(data).__name__}")
    return data
