"""The values that cross borders: frozen, picklable, and spelled in JSON without loss."""

from __future__ import annotations

import copy
import dataclasses
import enum
import inspect
import json
import math
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrator import results
from migrator.results import (
    ContractDelta,
    Cost,
    FileResult,
    Finding,
    Latency,
    ModelCheck,
    Outcome,
    OutputDelta,
    Parting,
    Place,
    Program,
    RuleInfo,
    RunReport,
    Span,
    Verdict,
    from_json,
    to_json,
)

sys.path.insert(0, str(Path(__file__).parent / "report"))
from sample import hostile, sample

VALUES = (
    Span,
    Finding,
    FileResult,
    RuleInfo,
    Program,
    OutputDelta,
    ContractDelta,
    Parting,
    Latency,
    Cost,
    Place,
    ModelCheck,
    RunReport,
)
# a whole run is a large thing to draw, on a busy machine slowly
unhurried = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])


def spelled(value: Any) -> Any:
    """Return ``value`` as it comes back from a JSON text."""
    return json.loads(json.dumps(to_json(value), allow_nan=False))


@unhurried
@given(st.from_type(RunReport))
def test_round_trip(run: RunReport) -> None:
    """Any run reads back from its JSON text equal to itself."""
    # NaN does not equal itself: the spelling of both is compared
    back = from_json(RunReport, spelled(run))
    assert to_json(back) == to_json(run)
    assert repr(back) == repr(run)


@pytest.mark.parametrize("kind", VALUES[:-1], ids=lambda kind: kind.__name__)
def test_every_value_round_trips_by_itself(kind: type) -> None:
    """Each value, not only a whole run, can cross a border as JSON."""

    @unhurried
    @given(st.from_type(kind))
    def round_trip(value: Any) -> None:
        assert repr(from_json(kind, spelled(value))) == repr(value)

    round_trip()


@pytest.mark.parametrize("number", [math.inf, -math.inf, 0.0, -0.0, 5e-324, 1e308, 0.1])
def test_numbers_round_trip(number: float) -> None:
    """Floats come back exactly, the infinities as words that JSON can hold."""
    delta = OutputDelta("y", results.DeltaStatus.DIFFERS, max_abs=number)
    back = from_json(OutputDelta, spelled(delta))
    assert back == delta
    assert math.copysign(1, back.max_abs or 1) == math.copysign(1, number or 1)


def test_nan() -> None:
    """NaN is spelled ``"NaN"`` and reads back as NaN."""
    delta = OutputDelta("y", results.DeltaStatus.DIFFERS, max_abs=math.nan, max_rel=math.inf)
    assert to_json(delta)["max_abs"] == "NaN"
    assert to_json(delta)["max_rel"] == "Infinity"
    assert to_json(dataclasses.replace(delta, max_rel=-math.inf))["max_rel"] == "-Infinity"
    back = from_json(OutputDelta, spelled(delta))
    assert back.max_abs is not None
    assert math.isnan(back.max_abs)


def test_integers_read_as_floats() -> None:
    """A whole number in a float field is a float; a JSON writer may drop the ``.0``."""
    back = from_json(OutputDelta, {"name": "y", "status": "equal", "max_abs": 0})
    assert type(back.max_abs) is float


@pytest.mark.parametrize("make", [sample, hostile], ids=["sample", "hostile"])
def test_picklable(make) -> None:  # type: ignore[no-untyped-def]
    """Values pass through a process pool: pickled and copied they are what they were."""
    run = make()
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert repr(pickle.loads(pickle.dumps(run, protocol))) == repr(run)
    assert repr(copy.deepcopy(run)) == repr(run)


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__name__)
def test_frozen_and_slotted(kind: type) -> None:
    """No value can be changed, nor given a field that it does not have."""
    value = {type(v): v for v in walk(sample())}[kind]
    for name in (dataclasses.fields(kind)[0].name, "unknown"):
        with pytest.raises((dataclasses.FrozenInstanceError, AttributeError, TypeError)):
            setattr(value, name, 1)
    assert not hasattr(value, "__dict__")
    assert hash(value) == hash(copy.deepcopy(value))


def walk(value: Any) -> Any:
    """Yield ``value`` and all dataclasses below it."""
    if isinstance(value, tuple):
        for item in value:
            yield from walk(item)
    elif dataclasses.is_dataclass(value):
        yield value
        for field in dataclasses.fields(value):
            yield from walk(getattr(value, field.name))


@pytest.mark.parametrize(
    ("kind", "data", "message"),
    [
        (Span, {"line": 1, "column": 0, "end_line": 1}, "Span: .*end_column"),
        (
            Span,
            {"line": 1, "column": 0, "end_line": 1, "end_column": 2, "x": 1},
            "unknown field 'x'",
        ),
        (
            Span,
            {"line": "1", "column": 0, "end_line": 1, "end_column": 2},
            "Span.line: expected int",
        ),
        (
            Span,
            {"line": True, "column": 0, "end_line": 1, "end_column": 2},
            "Span.line: True is not",
        ),
        (
            Span,
            {"line": 1.5, "column": 0, "end_line": 1, "end_column": 2},
            "Span.line: expected int",
        ),
        (Span, [], "Span: expected an object, found list"),
        (Span, None, "Span: expected an object, found NoneType"),
        (RunReport, {"files": {}}, "RunReport.files: expected a list, found dict"),
        (RunReport, {"files": ["x"]}, r"RunReport.files\[0\]: expected an object, found str"),
        (RunReport, {"files": [{"path": None}]}, r"files\[0\].path: expected str, found NoneType"),
        (RunReport, {"wrote": 1}, "RunReport.wrote: expected bool, found int"),
        (RunReport, {"format": "1"}, "RunReport.format: expected int, found str"),
        (ModelCheck, {"before": "a", "after": "b", "verdict": "fine"}, "'fine' is not a Verdict"),
        (ModelCheck, {"before": "a", "after": "b", "verdict": None}, "None is not a Verdict"),
        (
            ModelCheck,
            {"before": "a", "after": "b", "tolerance": [1.0]},
            "expected 2 items, found 1",
        ),
        (
            ModelCheck,
            {"before": "a", "after": "b", "tolerance": [1.0, "x"]},
            r"tolerance\[1\]: 'x' is",
        ),
        (OutputDelta, {"name": "y", "status": "equal", "max_abs": "nan"}, "max_abs: 'nan' is not"),
        (
            OutputDelta,
            {"name": "y", "status": "equal", "max_abs": True},
            "max_abs: True is not a num",
        ),
        (
            OutputDelta,
            {"name": "y", "status": "equal", "worst_index": [0, "1"]},
            r"worst_index\[1\]",
        ),
    ],
)
def test_refused(kind: type, data: Any, message: str) -> None:
    """What does not fit is refused with the place where it stands."""
    with pytest.raises(ValueError, match=message):
        from_json(kind, data)


def test_missing_fields_take_their_defaults() -> None:
    """A report from before a field existed reads with the field's default."""
    assert from_json(RunReport, {}) == RunReport()
    assert from_json(ModelCheck, {"before": "a", "after": "b"}).verdict is Verdict.ERROR


def test_no_spelling() -> None:
    """What JSON cannot hold is an error, never its ``repr``."""
    for value in ({1}, object(), b"x", {"a": 1}, Span):
        with pytest.raises(TypeError, match="has no JSON spelling"):
            to_json(value)


def test_words() -> None:
    """The closed sets print and serialise as the bare word, and compare with it."""
    assert str(Outcome.MANUAL) == f"{Outcome.MANUAL}" == "manual"
    assert json.dumps(to_json(Outcome.MANUAL)) == '"manual"'
    assert Outcome("manual") is Outcome.MANUAL
    assert ModelCheck("a", "b", verdict=Verdict.MATCH).match
    assert not ModelCheck("a", "b", verdict=Verdict.MISMATCH).match
    assert not ModelCheck("a", "b").match


def test_all_is_complete() -> None:
    """``__all__`` lists every public class, function and constant of the module, sorted."""
    public = {
        name
        for name, value in vars(results).items()
        if not name.startswith("_")
        and name != "T"
        and (name.isupper() or getattr(value, "__module__", None) == results.__name__)
    }
    assert set(results.__all__) == public
    assert sorted(results.__all__) == sorted(set(results.__all__))


def test_everything_is_documented() -> None:
    """Every public name has a docstring, and every class is a value or a set of words."""
    for name in results.__all__:
        value = getattr(results, name)
        if inspect.isclass(value):
            assert value.__doc__
            assert dataclasses.is_dataclass(value) or issubclass(value, enum.Enum)
            if dataclasses.is_dataclass(value):
                assert value in VALUES
        elif callable(value):
            assert value.__doc__
