"""Run every signature of a side on every set of inputs."""

import contextlib
import gc
import itertools
import json
import os
import time
from typing import Any, Dict, Iterator, List, Optional, Tuple

from .common import Array, BadInput, CannotOpen, Json, phase, what_failed
from .cost import time_signatures
from .further import Meter, calmed, moved, sensitive
from .given import assign, fit, read_given
from .hints import Hints
from .inputs import (
    Maker,
    all_settings,
    extreme,
    further_regimes,
    further_ways,
    regimes_of,
    rows_of,
    widths,
)
from .limits import read_limits
from .state import changed
from .store import Store, load, same, write_json
from .values import FURTHER
from .views import FunctionView
from .warmup import read_warmup

Outputs = Dict[str, Array]

#: What a scalar is set to where an output is another one on each run: nothing is dropped at a
#: keep probability of 1 or a rate of 0, and not outside of training.
NEUTRAL = {"f": (1.0, 0.0), "b": (False, True)}

#: Sets of neutral scalars that are tried at most.
MOST_NEUTRAL = 24


class Observed:
    """What two runs of a signature on the same inputs gave.

    ``unstable`` names the outputs of which the second run gave another value, ``changed`` the
    variables that the runs changed, and ``seconds`` is what the second run took.
    """

    def __init__(self, view: Any, key: str, feeds: Dict[str, Array], extra: Outputs) -> None:
        state = getattr(view, "state", None)
        kept = state.read(key) if state else {}
        self.outputs: Outputs = view.call(key, feeds, extra)
        start = time.perf_counter()
        again = view.call(key, feeds, extra)
        self.seconds = time.perf_counter() - start
        self.unstable = sorted(n for n, one in self.outputs.items() if not same(one, again[n]))
        self.changed: List[str] = changed(kept, state.read(key)) if state and kept else []

    def record(self, view: Any, key: str, label: str, store: Store) -> Json:
        """Store the outputs, and return what the answer says of the run."""
        return {
            "view": view.name,
            "signature": key,
            "regime": label,
            "outputs": {name: store.put(value) for name, value in sorted(self.outputs.items())},
            "unstable": self.unstable,
            "changed": self.changed,
        }


def run_record(view: Any, key: str, label: str, feeds: Json, extra: Json, store: Store) -> Json:
    """Run one signature on one set of inputs, twice, and store the outputs."""
    try:
        observed = Observed(view, key, feeds, extra)
    except Exception as error:
        place: Json = {"view": view.name, "signature": key, "regime": label}
        return dict(place, error=what_failed(error))
    return observed.record(view, key, label, store)


def run_before(view: Any, signatures: Json, request: Json, hints: Hints, store: Store) -> Json:
    """Make inputs, run every signature on them, and write the inputs for the other side.

    Raises:
        BadInput: what the user gave does not fit the signatures.
    """
    import tensorflow as tf

    given = assign(read_given(tf, request), signatures, hints)
    limits = read_limits(request, signatures, hints.features())
    warmups, notes = read_warmup(tf, request["path"], signatures)
    inputs = Store(os.path.join(request["out"], "inputs.npz"))
    runner = Before(view, request, store, inputs)
    later = []
    last = []
    for key in sorted(signatures):
        maker = Maker(key, signatures[key]["inputs"], hints, request["seed"], limits)
        mine = [warmup for warmup in warmups if warmup.key == key]
        for plan in plans(maker, given[key], mine, runner.runs, view.name):
            if plan.regime == "empty":
                last.append((maker, plan))
            elif plan.regime in FURTHER:
                later.append((maker, plan))
            else:
                runner.run(maker, plan)
    for note in notes:
        place = {"view": view.name, "signature": "assets.extra", "regime": note["label"]}
        runner.runs.append(dict(place, error=note["reason"]))
    if not request.get("careful"):
        with risky(request, "wide"):
            for maker, plan in later:
                runner.run_further(maker, plan)
        # last, and under a name of its own: kernels have died of empty batches
        with risky(request, "empty"):
            for maker, plan in last:
                runner.run(maker, plan)
    inputs.close()
    write_json(os.path.join(request["out"], "inputs.json"), {"inputs": runner.made})
    return {"runs": runner.runs}


@contextlib.contextmanager
def risky(request: Json, name: str) -> Iterator[None]:
    """Name the phase in which a kernel may end the process, so that it can be run without."""
    phase(request, name)
    try:
        yield
    finally:
        phase(request, "run")


class Plan:
    """One regime that a signature is to be run in."""

    def __init__(self, label: str, fixed: Json, extra: Json, regime: str, batch: int) -> None:
        self.label = label
        self.fixed = fixed
        self.extra = extra
        self.regime = regime
        self.batch = batch
        self.extreme = False
        self.empty = regime == "empty"


def plans(
    maker: Maker, given: List[Json], warmups: List[Any], failed: List[Json], view: str
) -> Iterator[Plan]:
    """Yield what a signature is to be run on.

    Sets that the user gave in full are all there is then.  Otherwise the model's warm-up
    requests come first, then the generated regimes, each with what the user gave put in.
    """
    partial = []
    for item in given:
        if all(name in item["fixed"] for name in maker.specs) and maker.specs:
            label = item["set"].label or "given"
            plan = Plan(label, item["fixed"], item["extra"], "given", 0)
            plan.extreme, plan.empty = item["set"].extreme, item["set"].empty
            yield plan
        else:
            partial.append((item["set"].label, item["fixed"], item["extra"]))
    if given and not partial:
        return
    for label, fixed, extra in partial or [("", {}, {})]:
        prefix = label + ", " if label else ""
        for warmup in warmups:
            try:
                values = {n: fit(v, maker.specs[n], n) for n, v in warmup.values.items()}
            except BadInput as error:
                place = {"view": view, "signature": maker.key, "regime": warmup.label}
                failed.append(dict(place, error=str(error)))
                continue
            values.update(fixed)
            rows = rows_of(maker.specs, values)
            yield Plan(prefix + warmup.label, values, extra, "normal", 1 if rows is None else rows)
        regimes = regimes_of(maker.specs, fixed) + further_regimes(maker.specs, fixed, maker.hints)
        for regime, batch in regimes:
            numbered = batch or regime == "empty"
            name = "%s, batch %d" % (regime, batch) if numbered else regime
            yield Plan(prefix + name, fixed, extra, regime, batch)


class Before:
    """Run the before side, which chooses the inputs."""

    def __init__(self, view: Any, request: Json, store: Store, inputs: Store) -> None:
        self._view = view
        self._request = request
        self._store = store
        self._inputs = inputs
        self.runs: List[Json] = []
        self.made: List[Json] = []
        # by signature and what is given: ways to fill the inputs, best first
        self._options: Dict[Tuple[str, Tuple[str, ...]], List[Json]] = {}
        self._calm: Dict[str, Json] = {}
        self._meters: Dict[Tuple[str, Tuple[str, ...]], Meter] = {}

    def run(self, maker: Maker, plan: Plan) -> None:
        """Run a signature in one regime, in the first way of filling its inputs that works."""
        open_inputs = (maker.key, tuple(sorted(plan.fixed)))
        ran = open_inputs in self._options
        if plan.empty and plan.regime == "empty" and not ran:
            return  # nothing is known to run, and an empty batch is no way to find out
        options = self._options.get(open_inputs)
        if options is None:
            options = all_settings(maker.specs, plan.fixed, maker.hints)
        reason = None
        for number, option in enumerate(options):
            for settings in widths(option, maker.specs, plan.fixed, plan.regime):
                if settings["wide"] > 1 and self._request.get("careful"):
                    continue
                feeds = maker.inputs(plan.fixed, plan.regime, plan.batch, settings)
                try:
                    observed = self._observe(maker.key, feeds, plan.extra, settings["wide"] > 1)
                except Exception as error:
                    reason = reason or what_failed(error)
                    continue
                # what ran once is the best guess for the other regimes
                self._options[open_inputs] = options[number:] + options[:number]
                self._metered(maker, plan).add(
                    observed.seconds, plan.batch, feeds, observed.outputs
                )
                self._record(maker, plan, feeds, observed)
                return
            if plan.regime == "empty":
                return  # a model that takes no empty batch is nothing to speak of
        place = {"view": self._view.name, "signature": maker.key, "regime": plan.label}
        self.runs.append(dict(place, error=reason))

    def _metered(self, maker: Maker, plan: Plan) -> Meter:
        open_inputs = (maker.key, tuple(sorted(plan.fixed)))
        return self._meters.setdefault(open_inputs, Meter())

    def run_further(self, maker: Maker, plan: Plan) -> None:
        """Run a signature in a further regime, if it takes it and that is not too slow.

        What it refuses is nothing to speak of: the other regimes have run.
        """
        options = self._options.get((maker.key, tuple(sorted(plan.fixed))))
        rows = self._metered(maker, plan).rows(max(plan.batch, 1))
        if not options or not rows or (rows < plan.batch and rows_of(maker.specs, plan.fixed)):
            return
        if rows < plan.batch:
            ending = "batch %d" % plan.batch
            plan.label = plan.label[: -len(ending)] + "batch %d" % rows
            plan.batch = rows
        ways = further_ways(options[0], maker.specs, plan.fixed, plan.regime, maker.hints)
        for settings in ways:
            for exponent in (4, 2, 0) if plan.regime == "wide" else (0,):
                found = self._further(maker, plan, dict(settings, exponent=exponent))
                if found is None:
                    break  # another magnitude of floats is refused as well
                feeds, observed = found
                if observed is not None:
                    self._record(maker, plan, feeds, observed)
                    return

    def _further(
        self, maker: Maker, plan: Plan, settings: Json
    ) -> Optional[Tuple[Json, Optional[Observed]]]:
        """Return further inputs with what they gave, which is None where rounding decides it.

        None alone says that the inputs are refused.
        """
        feeds = maker.inputs(plan.fixed, plan.regime, plan.batch, settings)
        calm = maker.inputs(plan.fixed, plan.regime, plan.batch, dict(settings, exponent=0))
        for _ in range(3):
            try:
                observed = Observed(self._view, maker.key, feeds, plan.extra)
                other = moved(feeds, plan.fixed, self._request.get("seed", 0))
                if not settings["exponent"] or other is None:
                    return feeds, observed
                again = self._view.call(maker.key, other, plan.extra)
            except Exception:
                return None
            rows = sensitive(observed.outputs, again, plan.batch)
            if not rows:
                return feeds, observed if rows is not None else None
            feeds = calmed(feeds, calm, plan.fixed, rows)
        return feeds, None

    def _observe(self, key: str, feeds: Json, extra: Json, wide: bool) -> Observed:
        if not wide:
            return Observed(self._view, key, feeds, extra)
        # the smallest integer divided by -1 ends the process
        with risky(self._request, "wide"):
            return Observed(self._view, key, feeds, extra)

    def _record(self, maker: Maker, plan: Plan, feeds: Json, observed: Observed) -> None:
        label = plan.label
        neutral: Json = {}
        # a keep probability below 0 drops everything, which is repeatable and says nothing
        varied = plan.regime in ("normal", "edge", "wide", "long")
        if observed.unstable or (varied and any(_dullness(observed.outputs))):
            found = self._settle(maker, plan, feeds, observed)
            if found is not None:
                neutral, observed = found
                feeds = dict(feeds, **neutral)
                label += "".join(", %s=%s" % (n, _spelled(v)) for n, v in sorted(neutral.items()))
        run = observed.record(self._view, maker.key, label, self._store)
        run["extreme"] = plan.extreme or extreme(feeds, plan.fixed, plan.regime, bool(neutral))
        run["empty"] = plan.empty
        run["neutral"] = {name: value.item() for name, value in sorted(neutral.items())}
        self.runs.append(run)
        kept = self._inputs.put
        self.made.append(
            {
                "signature": maker.key,
                "regime": label,
                "inputs": {name: kept(value) for name, value in sorted(feeds.items())},
                "extra": {name: kept(value) for name, value in sorted(plan.extra.items())},
                "extreme": run["extreme"],
                "empty": plan.empty,
            }
        )

    def _settle(
        self, maker: Maker, plan: Plan, feeds: Json, observed: Observed
    ) -> Optional[Tuple[Json, Observed]]:
        """Return neutral values of generated scalars that make outputs repeatable.

        Of those that do, the first is taken at which the outputs are finite and varied: a
        rate of 1, which drops everything, is as repeatable as one of 0.
        """
        best = (len(observed.unstable),) + _dullness(observed.outputs)
        found: Optional[Tuple[Json, Observed]] = None
        for neutral in self._neutral(maker, plan, feeds):
            try:
                one = Observed(self._view, maker.key, dict(feeds, **neutral), plan.extra)
            except Exception:  # this value is refused: the next one may not be
                continue
            score = (len(one.unstable),) + _dullness(one.outputs)
            if score < best:
                best, found = score, (neutral, one)
                if score == (0, 0, 0):
                    break
        if found is not None:
            self._calm[maker.key] = found[0]
        return found

    def _neutral(self, maker: Maker, plan: Plan, feeds: Json) -> Iterator[Json]:
        """Yield sets of neutral scalars: what helped before, one alone, then all together."""
        import numpy as np

        allowed: Dict[str, List[Array]] = {}
        for name in sorted(feeds):
            value = feeds[name]
            if name in plan.fixed or value.shape != () or value.dtype.kind not in NEUTRAL:
                continue
            rule = maker.limits.rule(maker.key, name)
            allowed[name] = [
                np.array(one, dtype=value.dtype)
                for one in NEUTRAL[value.dtype.kind]
                if rule is None or _within(one, rule)
            ]
        if self._calm.get(maker.key) and set(self._calm[maker.key]) <= set(allowed):
            yield self._calm[maker.key]
        single = [{name: one} for name, ones in allowed.items() for one in ones]
        together = (
            dict(zip(allowed, ones)) for ones in itertools.product(*allowed.values()) if allowed
        )
        more = together if len(allowed) > 1 else iter(())
        for neutral in itertools.islice(itertools.chain(single, more), MOST_NEUTRAL):
            yield neutral


def _within(value: Any, rule: Any) -> bool:
    if rule.choices is not None:
        return value in rule.choices.tolist()
    low, high = rule.low, rule.high
    return (low is None or low <= value) and (high is None or value <= high)


def _spelled(value: Array) -> str:
    item = value.item()
    return "%g" % item if isinstance(item, float) else str(item)


def _dullness(outputs: Outputs) -> Tuple[int, int]:
    """Return how many outputs of floats are not finite, and how many hold one value only."""
    import numpy as np

    floats = [value for value in outputs.values() if value.dtype.kind == "f" and value.size]
    dull = sum(1 for value in floats if value.size > 1 and (value == value.ravel()[0]).all())
    return sum(1 for value in floats if not np.isfinite(value).all()), dull


def run_after(
    ways: List[Tuple[str, Any]], signatures: Json, request: Json, store: Store, version: str
) -> Json:
    """Run every signature on the before side's inputs, in every way that loads.

    One way is let go before the next is loaded, so that the model is in memory once.

    Raises:
        CannotOpen: no way loads it.
    """
    result: Json = {"runs": [], "renamed": {}, "views": [], "load_errors": {}}
    result["latencies"] = []
    for label, load_view in ways:
        try:
            view = load_view()
        except Exception as error:
            message = "%s: %s" % (type(error).__name__, what_failed(error))
            result["load_errors"][label] = message
            continue
        phase(request, "run")
        result["views"].append(label)
        await_inputs(request)
        run_inputs(view, signatures, request, store, result)
        result["latencies"] += time_signatures(view, signatures, request)
        view.close()
        del view
        gc.collect()
    if not result["views"]:
        message = next(iter(result["load_errors"].values()))
        raise CannotOpen("TensorFlow %s cannot load it: %s" % (version, message))
    return result


def await_inputs(request: Json) -> None:
    """Wait until the before side has written its inputs."""
    parent = os.getppid()
    while not os.path.exists(request["inputs"]):
        if os.getppid() != parent:
            raise SystemExit("the process that asked for this run is gone")
        time.sleep(0.02)


def run_inputs(view: Any, signatures: Json, request: Json, store: Store, result: Json) -> None:
    """Run one view on every set of inputs, and add to ``result`` what came of it."""
    import numpy as np

    with open(request["inputs"], encoding="utf-8") as file:
        made = json.load(file)["inputs"]
    path = os.path.join(os.path.dirname(request["inputs"]), "inputs.npz")
    with np.load(path, allow_pickle=False) as arrays:
        for item in made:
            key = item["signature"]
            if key not in signatures:
                continue
            phase(request, "empty" if item.get("empty") else "run")
            feeds = {name: load(entry, arrays) for name, entry in item["inputs"].items()}
            result["runs"].append(run_record(view, key, item["regime"], feeds, {}, store))
            if isinstance(view, FunctionView):
                result["renamed"][key] = view.renamed(key, sorted(signatures[key]["inputs"]))
    phase(request, "run")
