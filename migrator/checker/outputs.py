"""The outputs of two models, run by run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from migrator.checker.arrays import Archive, Tensor
from migrator.checker.compare import compare, finite, largest_of, worse
from migrator.checker.feeds import Feeds
from migrator.checker.tolerances import Tolerances
from migrator.results import CheckStatus, ContractDelta, DeltaStatus, OutputDelta

__all__ = ["GOOD", "Outputs", "aliases", "said", "uncompared"]

Answer = Mapping[str, Any]

#: Statuses that do not decide against a match.
GOOD = frozenset({DeltaStatus.EQUAL, DeltaStatus.CLOSE})
_LOADERS = {"v1": "the v1 loader", "v2": "tf.saved_model.load", "keras": "Keras"}


def aliases(key: str, name: str, info: Mapping[str, Any]) -> list[str]:
    """Return the names by which a tolerance may mean an output or a part of one."""
    whole = _whole(name, info)
    return list(dict.fromkeys([f"{key}/{name}", name, f"{key}/{whole}", whole]))


def _whole(name: str, info: Mapping[str, Any]) -> str:
    """Return the output that a part of a sparse or ragged one belongs to; else its own name."""
    made_of = info.get("composite") or info.get("sparse")
    return str(made_of["of"]) if isinstance(made_of, Mapping) else name


def _empty_batch(regime: str) -> bool:
    """Return whether a regime's inputs have no rows: ``zeros, batch 0``."""
    return re.search(r"\bbatch 0\b", regime) is not None


class Outputs:
    """What is found while the outputs of two models are compared."""

    def __init__(
        self,
        before: Answer,
        arrays: tuple[Archive, Archive],
        limits: Tolerances,
        feeds: Feeds | None,
    ) -> None:
        self._signatures = before["signatures"]
        self._arrays = arrays
        self._limits = limits
        self._feeds = feeds
        self.deltas: list[OutputDelta] = []
        self.notes: list[ContractDelta] = []
        #: the outputs that were compared, element by element: ``serving_default/scores``
        self.compared: set[str] = set()
        #: the outputs of which some value is larger than their tolerance
        self._large: set[str] = set()
        #: the small ones that differ by more than it of their own size: largest, apart, atol
        self._apart: dict[str, tuple[float, float, float]] = {}

    def add(self, run: Answer, others: Sequence[tuple[str, Answer | None]]) -> None:
        """Compare the outputs of one run with those of the same run in every loader."""
        for name in sorted(run["outputs"]):
            self._output(run, others, name)
        extra = {
            name: view
            for view, other in others
            if other is not None and "error" not in other
            for name in other["outputs"]
            if name not in run["outputs"]
        }
        for name, view in sorted(extra.items()):
            delta = _absent(run, name, DeltaStatus.EXTRA, f"absent before, through {said(view)}")
            self.deltas.append(delta)

    def _output(self, run: Answer, others: Sequence[tuple[str, Answer | None]], name: str) -> None:
        """Compare one output, and tell whether that decides.

        Sums that overflow come out as NaN or as an infinity by the order of summation, and a
        dropout that keeps nothing divides by zero in one version and not in the other.  So
        inputs that the worker made and calls extreme inform where the before side is not
        finite, and decide nothing.  Any other NaN or infinity has to come back as it was.  Of
        an empty batch, the dtype and the shape decide; what a mean of nothing is does not.
        """
        old = self._arrays[0].tensor(run["outputs"][name])
        found: OutputDelta | None = None
        for view, other in others:
            delta = self._through(run, name, old, view, other)
            found = delta if found is None else worse(found, delta)
        if found is None:
            return
        good = found.status in GOOD
        empty = _empty_batch(run["regime"])
        overflowed = bool(run.get("extreme")) and not finite(old)
        values_differ = found.status is DeltaStatus.DIFFERS and found.compared > 0
        if (overflowed or empty) and values_differ:
            why = "an empty batch" if empty else "NaN or infinite: not comparable between versions"
            self.notes.append(_inform(found, why))
            return
        self.deltas.append(self._explained(found, run, old.shape))
        if good and found.compared and not overflowed and not empty:
            self.compared.add(found.name)

    def _through(
        self, run: Answer, name: str, old: Tensor, view: str, other: Answer | None
    ) -> OutputDelta:
        """Compare one output with what one loader of the after side gives."""
        if other is None or "error" in other:
            reason = "was not run" if other is None else other["error"]
            return _absent(run, name, DeltaStatus.DIFFERS, f"{said(view)} fails after: {reason}")
        if name not in other["outputs"]:
            note = f"absent after, through {said(view)}"
            return _absent(run, name, DeltaStatus.MISSING, note)
        key = run["signature"]
        info = self._signatures.get(key, {}).get("outputs", {}).get(name, {})
        delta = compare(
            f"{key}/{name}",
            old,
            self._arrays[1].tensor(other["outputs"][name]),
            atol=self._limits.atol,
            rtol=self._limits.rtol,
            tolerance=self._limits.named(aliases(key, name, info)),
            regime=run["regime"],
        )
        sides = [side for side, r in (("before", run), ("after", other)) if name in r["unstable"]]
        self._sized(delta, old, self._arrays[1].tensor(other["outputs"][name]))
        if sides and delta.status not in (DeltaStatus.DTYPE, DeltaStatus.SHAPE):
            note = (
                f"another value on each run, {' and '.join(sides)}: give inputs that "
                "make it repeatable, or compare without this output"
            )
            delta = replace(delta, status=DeltaStatus.UNSTABLE, note=note)
        if delta.status not in GOOD:
            note = f"through {said(view)}"
            delta = replace(delta, note=f"{delta.note}, {note}" if delta.note else note)
        return delta

    def _sized(self, delta: OutputDelta, old: Tensor, new: Tensor) -> None:
        """Learn whether a comparison said anything, of values that its tolerance might cover.

        What is left of a sum that cancels is as small, and may be anything: it decides nothing
        either way.  So one value above the tolerance, on any inputs, is enough.
        """
        limits = delta.tolerance
        if limits is None or delta.status not in GOOD or _empty_batch(delta.regime):
            return
        largest = largest_of(old.array)
        if max(largest, largest_of(new.array)) > limits[0]:
            self._large.add(delta.name)
        elif (delta.max_abs or 0.0) > limits[1] * largest:
            known = self._apart.get(delta.name, (0.0, 0.0, 0.0))
            figures = (largest, delta.max_abs or 0.0, limits[0])
            self._apart[delta.name] = max(known, figures, key=lambda one: one[1])

    def too_small(self) -> Iterable[str]:
        """Yield a sentence per output whose tolerance let everything pass.

        That is one whose values are nowhere larger than the absolute tolerance, and which
        differs by more than the relative one of its largest value.  A tolerance that the user
        gave is meant.
        """
        decided = {delta.name for delta in self.deltas if delta.status not in GOOD}
        for name, (largest, apart, atol) in sorted(self._apart.items()):
            if name in self._large | decided or self._limits.atol is not None:
                continue
            key, _, output = name.partition("/")
            info = self._signatures.get(key, {}).get("outputs", {}).get(output, {})
            if self._limits.named(aliases(key, output, info)) is None:
                yield (
                    f"The output {name} is smaller than its absolute tolerance of {atol:g} on all "
                    f"inputs, and {apart:.3g} apart where it is at most {largest:.3g}, which says "
                    f"nothing: give it a tolerance of its own (--tolerance {name}=ATOL:RTOL), or "
                    "--atol."
                )

    def _explained(self, delta: OutputDelta, run: Answer, shape: tuple[int, ...]) -> OutputDelta:
        """Return a delta that is not EQUAL with the inputs that gave its worst value."""
        if self._feeds is None or delta.status is DeltaStatus.EQUAL:
            return delta
        specs = self._signatures.get(run["signature"], {}).get("inputs", {})
        known = shape if delta.worst_index else None
        inputs = self._feeds.behind(delta, run["signature"], specs, known)
        return replace(delta, worst_inputs=inputs)


def said(view: str) -> str:
    """Return how a loader is called in a sentence."""
    return _LOADERS.get(view, view)


def _absent(run: Answer, name: str, status: DeltaStatus, note: str) -> OutputDelta:
    """Return the delta of an output that was not compared."""
    return OutputDelta(f"{run['signature']}/{name}", status, note=note, regime=run["regime"])


def _inform(delta: OutputDelta, why: str) -> ContractDelta:
    return ContractDelta(
        f"{delta.name}/regimes/{delta.regime}",
        CheckStatus.NOTE,
        why,
        f"{delta.status}: {delta.note}",
    )


def uncompared(
    key: str,
    outputs: Mapping[str, Any],
    compared: set[str],
    deltas: Sequence[OutputDelta],
    noted: Sequence[ContractDelta],
) -> Iterable[str]:
    """Yield a sentence per output that did not differ because it was never compared.

    A sparse or ragged output is one output: its values decide whether something was compared,
    because the shape and the row splits of an empty one have elements, too.
    """
    wholes: dict[str, list[tuple[str, Any]]] = {}
    for name, info in outputs.items():
        wholes.setdefault(_whole(name, info), []).append((name, info))
    for whole, parts in sorted(wholes.items()):
        labels = [f"{key}/{name}" for name, _ in parts]
        values = [f"{key}/{name}" for name, info in parts if _part(info) in ("", "values")]
        if any(delta.name in labels and delta.status not in GOOD for delta in deltas):
            continue
        if not any(label in compared for label in values or labels):
            seen = [delta for delta in deltas if delta.name in (values or labels)]
            notes = [note.name for note in noted if not _empty_batch(note.name)]
            if any(note.startswith(f"{label}/regimes/") for note in notes for label in labels):
                why = "is not finite on any input"
            elif any(delta.compared for delta in seen):
                # with the same NaN or infinity on both sides, or without rows to run on
                why = "is not finite, or has no rows, on any input"
            else:
                why = "has no elements on any input" if seen else "was run on no input"
            yield f"The output {key}/{whole} {why}: nothing was compared."


def _part(info: Mapping[str, Any]) -> str:
    """Return which part of a sparse or ragged output it is; empty for a plain tensor."""
    made_of = info.get("composite") or info.get("sparse")
    return str(made_of["part"]) if isinstance(made_of, Mapping) else ""
