"""Run every signature of a side on every set of inputs."""

import gc
import json
import os
import time
from typing import Any, Dict, List, Tuple

from .common import Array, CannotOpen, Json, phase, what_failed
from .hints import Hints
from .inputs import all_settings, check_given, extreme, fit, make_inputs, read_given, regimes_of
from .store import Store, load, same, write_json
from .views import FunctionView


def run_twice(
    view: Any, key: str, feeds: Dict[str, Array], extra: Dict[str, Array]
) -> Tuple[Dict[str, Array], List[str]]:
    """Return the outputs, and the names of those that a second run gives another value."""
    one = view.call(key, feeds, extra)
    two = view.call(key, feeds, extra)
    return one, sorted(name for name in one if not same(one[name], two[name]))


def run_record(view: Any, key: str, label: str, feeds: Json, extra: Json, store: Store) -> Json:
    """Run one signature on one set of inputs, twice, and store the outputs."""
    record: Json = {"view": view.name, "signature": key, "regime": label}
    try:
        outputs, unstable = run_twice(view, key, feeds, extra)
    except Exception as error:
        record["error"] = what_failed(error)
        return record
    record["outputs"] = {name: store.put(value) for name, value in sorted(outputs.items())}
    record["unstable"] = unstable
    return record


def run_before(view: Any, signatures: Json, request: Json, hints: Hints, store: Store) -> Json:
    """Make inputs, run every signature on them, and write the inputs for the other side."""

    given = read_given(request)
    check_given(given, signatures)
    inputs = Store(os.path.join(request["out"], "inputs.npz"))
    runs = []
    made = []
    for key in sorted(signatures):
        specs = signatures[key]["inputs"]
        chosen = dict(given["shared"])
        chosen.update(given["signatures"].get(key, {}))
        fixed = {name: fit(chosen[name], specs[name], name) for name in chosen if name in specs}
        extra = {name: value for name, value in chosen.items() if name not in fixed and ":" in name}
        options = all_settings(specs, fixed, hints)
        for regime, batch in regimes_of(specs, fixed):
            label = "%s, batch %d" % (regime, batch) if batch else regime
            record: Json = {}
            reason = None
            for number, settings in enumerate(options):
                seed = request["seed"]
                feeds = make_inputs(specs, fixed, hints, seed, regime, batch, settings)
                record = run_record(view, key, label, feeds, extra, store)
                reason = reason or record.get("error")
                if "error" not in record:
                    # what ran once is the best guess for the other regimes
                    options = options[number:] + options[:number]
                    index = {name: inputs.put(value) for name, value in sorted(feeds.items())}
                    made.append({"signature": key, "regime": label, "inputs": index})
                    record["extreme"] = extreme(feeds, fixed, regime)
                    break
            else:
                record["error"] = reason
            runs.append(record)
    inputs.close()
    write_json(os.path.join(request["out"], "inputs.json"), {"inputs": made})
    return {"runs": runs}


def run_after(
    ways: List[Tuple[str, Any]], signatures: Json, request: Json, store: Store, version: str
) -> Json:
    """Run every signature on the before side's inputs, in every way that loads.

    One way is let go before the next is loaded, so that the model is in memory once.

    Raises:
        CannotOpen: no way loads it.
    """
    result: Json = {"runs": [], "renamed": {}, "views": [], "load_errors": {}}
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
            feeds = {name: load(entry, arrays) for name, entry in item["inputs"].items()}
            result["runs"].append(run_record(view, key, item["regime"], feeds, {}, store))
            if isinstance(view, FunctionView):
                result["renamed"][key] = view.renamed(key, sorted(signatures[key]["inputs"]))
