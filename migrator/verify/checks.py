"""The comparisons of a verification: which models belong together, and what came of each."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import migrator
from migrator import checker
from migrator.results import ModelCheck, RunReport, Verdict, from_json, to_json
from migrator.verify import evidence
from migrator.verify.interpreters import Interpreter
from migrator.verify.manifest import Entry, Manifest, Pair
from migrator.verify.models import CHECKPOINT, Found, find_models, pair_models
from migrator.verify.state import WorkFolder, key_of, read_json, write_json
from migrator.verify.steps import Ran, Step
from migrator.verify.trees import digest, file_digest

__all__ = ["Checker", "Item"]


@dataclass(frozen=True, slots=True)
class Item:
    """One check to make, or one that is decided because there is nothing to compare."""

    entry: Entry
    label: str  #: the name of the check
    kind: str = ""
    before: Path | None = None
    after: Path | None = None
    shown: tuple[str, str] = ("", "")  #: the two sides as reports spell them
    written: str = ""  #: where the after side was written, relative to its copy of the code
    options: tuple[tuple[str, Any], ...] = ()
    decided: ModelCheck | None = None


class Checker:
    """Makes the checks of a manifest whose programs ran."""

    def __init__(
        self,
        manifest: Manifest,
        work: WorkFolder,
        report: RunReport,
        ran: Mapping[tuple[str, str], Ran],
        steps: Mapping[tuple[str, str], Step],
        before: Interpreter | None,
    ) -> None:
        self.manifest = manifest
        self.work = work
        self.report = report
        self.ran = ran
        self.steps = steps
        self.before = before
        self.reused = 0
        self.cannot_open: list[str] = []

    # -- what there is to check -------------------------------------------------------

    def plan(self) -> list[Item]:
        """Return the checks, in the order of the manifest."""
        items: list[Item] = []
        for entry in self.manifest.entries:
            wrong = self._did_not_run(entry)
            if wrong is not None:
                items.append(self._decided(entry, entry.name, Verdict.ERROR, wrong))
            elif entry.models is None:
                items += self._found(entry)
            else:
                items += [self._named(entry, pair) for pair in entry.models]
        return items

    def _did_not_run(self, entry: Entry) -> str | None:
        """Return one sentence on the program when a side of it failed."""
        before, after = self.ran.get((entry.name, "before")), self.ran[entry.name, "after"]
        failed = []
        if before is not None and not before.good:
            failed.append(f"The program before the migration does not run: {before.complaint}")
        if not after.good:
            failed.append(f"The program after the migration does not run: {after.complaint}")
        return self._neutral(entry, "; ".join(failed)).rstrip(".") + "." if failed else None

    def _found(self, entry: Entry) -> list[Item]:
        sides = [self._models(entry, side) for side in ("before", "after")]
        pairs = pair_models(*sides)
        if not pairs:
            sentence = (
                "Neither side wrote a model below its working directory (a SavedModel, a"
                " checkpoint, a frozen graph or a Keras file), so nothing could be compared; say"
                " `models = []` if none is meant to be written."
            )
            return [self._decided(entry, entry.name, Verdict.ERROR, sentence)]
        return [self._pair(entry, found) for found in pairs]

    def _models(self, entry: Entry, side: str) -> dict[str, str]:
        step = self.steps[entry.name, side]
        return find_models(step.tree, self.ran[entry.name, side].changes.written)

    def _pair(self, entry: Entry, found: Found) -> Item:
        label = f"{entry.name}: {found.path}"
        if found.before is None or found.after is None:
            only, other = ("before", "after") if found.after is None else ("after", "before")
            sentence = (
                f"Only the program {only} the migration wrote this {found.kind}; the one {other}"
                " wrote none there."
            )
            return self._decided(entry, label, Verdict.MISMATCH, sentence, found)
        return self._item(entry, label, found.kind, found.before, found.after, ())

    def _named(self, entry: Entry, pair: Pair) -> Item:
        label = f"{entry.name}: {pair.after}"
        models = self._models(entry, "after")
        kind = models.get(pair.after, "")
        if pair.stored is not None:
            return replace(
                self._item(entry, label, kind, "", pair.after, pair.options),
                before=self.manifest.home / pair.stored,
                shown=(f"{pair.stored} (stored)", _after(pair.after)),
            )
        before = pair.before or pair.after
        return self._item(entry, label, kind, before, pair.after, pair.options)

    def _item(
        self,
        entry: Entry,
        label: str,
        kind: str,
        before: str,
        after: str,
        options: tuple[tuple[str, Any], ...],
    ) -> Item:
        old = self.steps.get((entry.name, "before"))
        return Item(
            entry=entry,
            label=label,
            kind=kind,
            before=old.tree / before if old is not None else None,
            after=self.steps[entry.name, "after"].tree / after,
            shown=(f"{before} (before the migration)", _after(after)),
            written=after,
            options=options,
        )

    def _decided(
        self, entry: Entry, label: str, verdict: Verdict, sentence: str, found: Found | None = None
    ) -> Item:
        check = ModelCheck(
            before=f"{(found and found.before) or '-'} (before the migration)",
            after=_after((found and found.after) or "-"),
            verdict=verdict,
            error=sentence,
        )
        kind = found.kind if found else ""
        written = (found and (found.after or found.before)) or ""
        return Item(entry, label, kind, written=written, decided=check)

    # -- checking ---------------------------------------------------------------------

    def check(self, item: Item) -> ModelCheck:
        """Make one check, or take it from an earlier run."""
        if item.decided is not None:
            return self._dressed(item, item.decided)
        assert item.before is not None
        assert item.after is not None
        arguments = self._arguments(item)
        path = self.work.entry(item.entry.name) / "checks" / f"{key_of(item.label)[:16]}.json"
        key = key_of(
            migrator.__version__,
            [
                step.key
                for side in ("before", "after")
                if (step := self.steps.get((item.entry.name, side)))
            ],
            (item.written, str(item.before), item.options),
            self._contents(item),
            self.before.identity if self.before else None,
        )
        try:
            kept = read_json(path)
            if kept["key"] == key:
                self.reused += 1
                return self._dressed(item, from_json(ModelCheck, kept["check"]))
        except (OSError, ValueError, LookupError, TypeError):
            pass  # not done yet, or by another version
        try:
            result = checker.check(item.before, item.after, **arguments)
        except checker.CannotOpen as error:
            self.cannot_open.append(item.label)
            result = ModelCheck(before="", after="", verdict=Verdict.ERROR, error=str(error))
        except (TypeError, ValueError) as error:
            result = ModelCheck(
                before="", after="", verdict=Verdict.ERROR, error=f"The manifest's options: {error}"
            )
        if result.verdict is not Verdict.ERROR:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_json(path, {"key": key, "check": to_json(result)})
        return self._dressed(item, result)

    def _arguments(self, item: Item) -> dict[str, Any]:
        arguments = dict(item.options)
        if "inputs" in arguments:
            paths = [str(self.manifest.home / path) for path in arguments["inputs"]]
            arguments["inputs"] = paths[0] if len(paths) == 1 else paths
        if self.before is not None:
            arguments["before_python"] = self.before.path
        return arguments

    def _contents(self, item: Item) -> list[str]:
        """Return digests of what is compared but no program of this verification wrote."""
        paths = [self.manifest.home / path for path in dict(item.options).get("inputs", ())]
        if (item.entry.name, "before") not in self.steps and item.before is not None:
            before = item.before
            if before.is_dir() or before.is_file():
                paths.append(before)
            else:
                paths += sorted(before.parent.glob(f"{before.name}.*"))
        return [
            digest(path) if path.is_dir() else file_digest(path).hex()
            for path in paths
            if path.exists()
        ]

    def _dressed(self, item: Item, check: ModelCheck) -> ModelCheck:
        """Return ``check`` with what a report says around it, and without this machine's paths."""
        program, read = self._program(item.entry)
        error = self._neutral(item.entry, check.error) if check.error else check.error
        before, after = item.shown if any(item.shown) else (check.before, check.after)
        script_cwd = item.entry.after.cwd
        return replace(
            check,
            name=item.label,
            before=before,
            after=after,
            error=error,
            kinds=check.kinds or ((item.kind,) if item.kind else ()),
            covers=evidence.covered(self.report, program),
            rewrites=evidence.rewrites(
                self.report,
                program,
                kind=item.kind or self._guess(item),
                path=item.written,
                cwd=script_cwd,
                read=read,
            ),
        )

    @staticmethod
    def _guess(item: Item) -> str:
        """Return the kind of a model whose files were not looked at."""
        return CHECKPOINT if item.after and Path(f"{item.after}.index").exists() else ""

    def _program(self, entry: Entry) -> tuple[Any, evidence.Reader]:
        """Return the program that an entry runs, and a reader of its original files."""
        side = "before" if self.manifest.before is not None else "after"
        code = self.work.tree(side)

        def read(path: str) -> str | None:
            parts = posixpath.normpath(path).split("/")
            for skip in range(len(parts)):  # the report's root may lie above the copy's
                try:
                    return (code / "/".join(parts[skip:])).read_text(encoding="utf-8")
                except (OSError, UnicodeDecodeError):
                    continue
            return None

        return evidence.program_of(self.report, entry.after.script, read), read

    def _neutral(self, entry: Entry, text: str) -> str:
        """Return ``text`` without the paths of the work folder."""
        for side in ("before", "after"):
            step = self.steps.get((entry.name, side))
            if step is not None:
                text = text.replace(f"{step.tree}{os.sep}", "").replace(str(step.tree), ".")
        return text.replace(f"{self.manifest.home}{os.sep}", "")


def _after(path: str) -> str:
    return f"{path} (after the migration)"
