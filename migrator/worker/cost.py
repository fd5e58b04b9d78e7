"""What a model costs: seconds per call of each signature, and bytes on disk."""

import glob
import json
import os
import time
from typing import Any, Dict, Iterator, List

from .common import Array, Json
from .store import load

LEAST_RUNS, MOST_RUNS = 5, 50
#: Seconds after which a signature has been timed long enough.
ENOUGH = 0.3
#: A call that takes longer is timed so often only.
SLOW, SLOW_RUNS = 2.0, 3


def time_signatures(view: Any, signatures: Json, request: Json) -> List[Json]:
    """Return how long one call of every signature takes, each on its largest regular inputs.

    The calls are those of a client of this loader, one after the other: the conversion of the
    inputs and outputs from and to NumPy arrays counts.  A signature whose runs fail is left out.
    """
    import numpy as np

    if not request.get("cost"):
        return []
    with open(request["inputs"], encoding="utf-8") as file:
        made = json.load(file)["inputs"]
    found = []
    path = os.path.join(os.path.dirname(request["inputs"]), "inputs.npz")
    with np.load(path, allow_pickle=False) as arrays:
        for item in largest(made):
            key = item["signature"]
            if key not in signatures:
                continue
            feeds = {name: load(entry, arrays) for name, entry in item["inputs"].items()}
            extra: Dict[str, Array] = {}
            if request["role"] == "before":
                extra = {name: load(e, arrays) for name, e in item.get("extra", {}).items()}
            try:
                seconds = sorted(time_calls(view, key, feeds, extra))
            except Exception:  # its run says why
                continue
            found.append(
                {
                    "view": view.name,
                    "signature": key,
                    "regime": item["regime"],
                    "median": float(np.median(seconds)),
                    "p90": seconds[min(len(seconds) - 1, int(0.9 * len(seconds)))],
                    "runs": len(seconds),
                }
            )
    return found


def time_calls(view: Any, key: str, feeds: Json, extra: Json) -> Iterator[float]:
    """Yield the seconds of one call after the other, until that is enough."""
    total, runs, slow = 0.0, 0, 0
    while runs < MOST_RUNS and slow < SLOW_RUNS and (runs < LEAST_RUNS or total < ENOUGH):
        start = time.perf_counter()
        view.call(key, feeds, extra)
        spent = time.perf_counter() - start
        total, runs, slow = total + spent, runs + 1, slow + (spent > SLOW)
        yield spent


def largest(made: List[Json]) -> List[Json]:
    """Return, for every signature, its inputs of most elements that are not extreme or empty."""
    found: Dict[str, Json] = {}
    for item in made:
        if item.get("extreme") or item.get("empty"):
            continue
        best = found.get(item["signature"])
        if best is None or elements(item) > elements(best):
            found[item["signature"]] = item
    return [found[key] for key in sorted(found)]


def elements(item: Json) -> int:
    """Return how many elements the inputs of one run have."""
    total = 0
    for entry in item["inputs"].values():
        count = 1
        for dim in entry["shape"]:
            count *= dim
        total += count
    return total


def bytes_on_disk(path: str) -> int:
    """Return the size of a model: a folder, a file, or the files of a checkpoint prefix."""
    if os.path.isfile(path):
        return os.path.getsize(path)
    files = glob.glob(glob.escape(path) + ".data-*-of-*")
    files += [path + ending for ending in (".index", ".meta") if os.path.isfile(path + ending)]
    if not files:
        files = [os.path.join(top, name) for top, _, names in os.walk(path) for name in names]
    return sum(os.path.getsize(file) for file in files if os.path.isfile(file))
