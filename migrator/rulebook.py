"""Find the rules, hold their codes unique, select them by code or name.

The rules live in ``rules/`` at the top of a checkout and in ``migrator/rules`` of a wheel;
either way they are loaded under the one name ``migrator.rules``, because a top-level package
called ``rules`` belongs to somebody else on the package index.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import ModuleType

from migrator.engine import engine_rules
from migrator.results import RuleInfo
from migrator.rule import Rule

__all__ = ["all_rules", "find", "load_package", "rule_infos", "select", "unknown"]


def load_package() -> ModuleType:
    """Return the package of rules as ``migrator.rules``, from a wheel or a checkout.

    Raises:
        ImportError: neither place has it.
    """
    if "migrator.rules" in sys.modules:
        return sys.modules["migrator.rules"]
    here = Path(__file__).resolve().parent
    for home in (here / "rules", here.parent / "rules"):
        init = home / "__init__.py"
        if init.is_file():
            spec = importlib.util.spec_from_file_location(
                "migrator.rules", init, submodule_search_locations=[str(home)]
            )
            assert spec is not None
            assert spec.loader is not None
            package = importlib.util.module_from_spec(spec)
            sys.modules["migrator.rules"] = package
            spec.loader.exec_module(package)
            return package
    raise ImportError("the rules of tf-migrator are not installed; reinstall the package")


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return every rule, by code.

    Raises:
        ValueError: two rules share a code or a name.
    """
    package = load_package()
    found: dict[str, Rule] = {}
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda item: item.name):
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"migrator.rules.{info.name}")
        for value in vars(module).values():
            if isinstance(value, Rule):
                other = found.setdefault(value.code, value)
                if other is not value:
                    raise ValueError(f"{value.code} is the code of two rules")
    infos = rule_infos_of(list(found.values()))
    for what in ("code", "name"):
        words = [getattr(info, what) for info in infos]
        double = sorted({word for word in words if words.count(word) > 1})
        if double:
            raise ValueError(f"{double[0]} is the {what} of two rules")
    return tuple(found[code] for code in sorted(found))


def rule_infos_of(rules: Sequence[Rule]) -> list[RuleInfo]:
    """Return what reports show of ``rules`` and of the engine's own codes, by code."""
    infos = [info for rule in rules for info in rule.infos()]
    for code, (name, safety, summary) in engine_rules().items():
        infos.append(RuleInfo(code, name, safety, summary, _engine_docs(code, summary)))
    return sorted(infos, key=lambda info: info.code)


def rule_infos() -> list[RuleInfo]:
    """Return every code there is as reports show it, by code."""
    return rule_infos_of(all_rules())


def find(word: str) -> RuleInfo | None:
    """Return the rule with code or name ``word`` (case ignored), or None."""
    wanted = word.lower()
    for info in rule_infos():
        if wanted in (info.code.lower(), info.name):
            return info
    return None


def unknown(words: Sequence[str]) -> list[tuple[str, str | None]]:
    """Return the words that select nothing, each with the nearest right one."""
    infos = rule_infos()
    known = [info.code for info in infos] + [info.name for info in infos]
    bad = []
    for word in words:
        if not any(_selects(word, info.code, info.name) for info in infos):
            near = difflib.get_close_matches(word, known, n=5, cutoff=0.5)
            bad.append((word, max(near, key=lambda other: _likeness(word, other), default=None)))
    return bad


def _likeness(word: str, other: str) -> tuple[float, int]:
    """Return how like two words are; of codes equally like, those with more digits in place."""
    in_place = sum(one == two for one, two in zip(word.upper(), other.upper(), strict=False))
    return difflib.SequenceMatcher(None, other, word).ratio(), in_place


def _selects(word: str, code: str, name: str) -> bool:
    return code.lower().startswith(word.lower()) or name == word.lower()


def select(select: Sequence[str] = (), ignore: Sequence[str] = ()) -> tuple[Rule, ...]:
    """Return the rules whose code starts with (or name equals) a word of ``select``.

    Args:
        select: codes, code prefixes or names; empty selects all.
        ignore: the same, taken away afterwards.
    """
    chosen = []
    for rule in all_rules():
        if select and not any(_selects(word, rule.code, rule.name) for word in select):
            continue
        if any(_selects(word, rule.code, rule.name) for word in ignore):
            continue
        chosen.append(rule)
    return tuple(chosen)


def _engine_docs(code: str, summary: str) -> str:
    path = load_package().__path__[0]
    text = Path(path, "engine.md").read_text(encoding="utf-8")
    _, _, rest = text.partition(f"# {code}\n")
    docs, _, _ = rest.partition("\n# TFM")
    return f"{summary}\n\n{docs.strip()}" if rest else summary
