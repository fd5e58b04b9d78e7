"""Ask the rules about removed names, and edit the text that the migration leaves."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from migrator.modernise.origins import guarded, origin
from migrator.modernise.places import Place, Replace, Span
from migrator.names import Module, parsed
from migrator.results import Finding, Outcome, Safety, Tier
from migrator.results import Span as Region
from migrator.rule import Manual, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["looked_at", "with_removed"]

_ROUNDS = 6  #: rounds of editing; nested places take one each


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a rule said about a place."""

    rule: Rule
    place: Place
    result: Replace | Manual


def is_about_python(rule: Rule) -> bool:
    """Whether a rule is about names outside of TensorFlow."""
    return bool(rule.apis) and not any(
        api.startswith(("tf.", "import tf")) or api == "tf" for api in rule.apis
    )


_VIEWS = r"\b(?:keys|values|items)\(\)\s*[\[+)]|=[^\n=]*\.(?:keys|values|items)\(\)[ \t]*(?:#|$)"
_LISTS = (
    r"\((?:map|filter|zip|range)\(|\b(?:map|filter|zip|range)\b.*\)\s*(?:\[|\+|\.[a-z])"
    r"|\+\s*(?:map|filter|zip|range)\(|=\s*(?:map|filter|zip|range)\("
)

#: Words that are in nearly every file, and the shapes in which they matter.
_COMMON = {
    **dict.fromkeys(("keys", "values", "items"), _VIEWS),
    **dict.fromkeys(("map", "filter", "zip", "range"), _LISTS),
    "load": r"\bload\(.*encoding|\.item\(\)|\[\(\)\]|yaml",
    "array": r"copy\s*=\s*False|\barray\(\s*[\[(]\s*[\[(]",
}


@functools.lru_cache(maxsize=8)
def _words(apis: tuple[str, ...]) -> re.Pattern[str]:
    """Return what finds a text that may hold one of ``apis``."""
    last = {_filter_word(api) for api in apis}
    words = sorted(last - _COMMON.keys(), key=lambda word: (-len(word), word))
    shapes = [r"\b(?:" + "|".join(map(re.escape, words)) + r")\b"] if words else []
    shapes += sorted({_COMMON[word] for word in last & _COMMON.keys()})
    return re.compile("|".join(shapes), re.MULTILINE)


def _apis(rules: Iterable[Rule]) -> tuple[str, ...]:
    return tuple(api for rule in rules for api in rule.apis)


def _filter_word(api: str) -> str:
    name = api.removeprefix("import ").removesuffix(".*")
    return name.rpartition(".")[2] or name


def looked_at(
    text: str, rules: Iterable[Rule], module: Module | None = None
) -> tuple[_Answer, ...]:
    """Return what the rules about removed names say about ``text``.

    Args:
        text: of a file.
        rules: those about other names are left out.
        module: ``text`` parsed, where somebody has it.

    Raises:
        SyntaxError: it is not Python 3.
    """
    about = tuple(rule for rule in rules if is_about_python(rule))
    if not about or not _words(_apis(about)).search(text):
        return ()
    module = module if module is not None else Module(text)
    table: dict[str, list[Rule]] = {}
    for rule in sorted(about, key=lambda rule: rule.code):
        for api in rule.apis:
            table.setdefault(api, []).append(rule)
    answers: list[_Answer] = []
    for node, name in _uses(module, table):
        if guarded(module, node):
            continue
        for rule in table.get(name, ()):
            place = Place(module, node, name)
            result: Any = rule.function(place)
            if isinstance(result, Replace):
                inside = module.enclosing(node, (ast.JoinedStr,))
                if isinstance(inside, ast.JoinedStr):
                    place.shown = inside
                    result = Manual(
                        result.message,
                        "Change it by hand: it stands inside an f-string, where positions are not"
                        " reliable.",
                    )
            if result is not None:
                answers.append(_Answer(rule, place, result))
                break
    return tuple(answers)


def _uses(module: Module, table: Mapping[str, list[Rule]]) -> Iterator[tuple[ast.AST, str]]:
    """Yield what may be asked about, with the name that the rules know it by."""
    last = {api.rpartition(".")[2] for api in table}
    for node in module.nodes:
        if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
            if isinstance(node, ast.Attribute) and node.attr not in last:
                continue  # of a name alone, an import may tell otherwise
            name = origin(module, node)
            if name is not None and name in table:
                yield node, name
            elif isinstance(node, ast.Attribute) and f"*.{node.attr}" in table:
                base = origin(module, node.value)
                # a function of a module (``six.iteritems``) is no method of an object
                if base is None or base.startswith("builtins."):
                    yield node, f"*.{node.attr}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if f"import {alias.name}" in table:
                    yield node, f"import {alias.name}"
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = {f"import {node.module}"}
            names |= {f"import {node.module}.{alias.name}" for alias in node.names}
            for name in sorted(names & table.keys()):
                yield node, name


def edited(
    text: str,
    rules: Iterable[Rule],
    suppressions: Callable[[str], Mapping[int, tuple[str, ...]]],
    known: Iterable[_Answer] | None = None,
) -> str:
    """Return ``text`` with every replacement that the rules know, to the last nested one.

    Args:
        text: of a file.
        rules: to ask.
        suppressions: tells line -> codes of the comments that keep lines.
        known: what the rules say about ``text``, where that was asked.
    """
    chosen = tuple(rules)
    for _ in range(_ROUNDS):
        kept = suppressions(text)
        found = looked_at(text, chosen) if known is None else known
        known = None
        answers = [
            answer
            for answer in found
            if isinstance(answer.result, Replace) and not _keeps(answer, kept)
        ]
        if not answers:
            break
        new = _applied(answers[0].place.module, answers)
        try:
            parsed(new)
        except SyntaxError:
            return text
        if new == text:
            break
        text = new
    return text


def _applied(module: Module, answers: Sequence[_Answer]) -> str:
    """Return the text with the answers that do not touch one another."""
    taken: list[Span] = []
    imports: dict[str, None] = {}
    for answer in answers:
        assert isinstance(answer.result, Replace)
        spans = list(answer.result.spans)
        # what encloses another edit waits for the next round
        if any(_touch(span, other) for span in spans for other in taken):
            continue
        taken += spans
        imports.update(dict.fromkeys(answer.result.imports))
    text = module.text
    at = _import_offset(module)
    missing = [line for line in imports if not _imports(module, line)]
    if missing:
        newline = "\r\n" if "\r\n" in text else "\n"
        taken.append((at, at, "".join(line + newline for line in missing)))
    order = sorted(enumerate(taken), key=lambda item: (item[1][0], item[1][1], item[0]))
    for _, (start, end, new) in reversed(order):
        text = text[:start] + new + text[end:]
    return text


def _touch(one: Span, other: Span) -> bool:
    if one[0] == one[1] and other[0] == other[1]:
        return one[0] == other[0]
    return one[0] < other[1] and other[0] < one[1]


def _imports(module: Module, line: str) -> bool:
    """Whether the top of the module has the import ``line`` already."""
    wanted = ast.dump(parsed(line).body[0])
    return any(ast.dump(node) == wanted for node in module.tree.body)


def _import_offset(module: Module) -> int:
    """Return where a further import goes: before the first that is not of ``__future__``."""
    body = module.tree.body
    start = 0
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        start = 1
    for index, node in enumerate(body):  # in a notebook, cells may stand before them
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            start = index + 1
    after = next(
        (
            node
            for node in body[start:]
            if isinstance(node, (ast.Import, ast.ImportFrom)) and _on_its_own_line(module, node)
        ),
        None,
    )
    if after is not None:
        return module.offset(after.lineno, 0)
    if start < len(body):
        first = body[start]
        decorators = getattr(first, "decorator_list", [])
        return module.offset(min([first.lineno, *(d.lineno for d in decorators)]), 0)
    return len(module.text)


def _on_its_own_line(module: Module, node: ast.stmt) -> bool:
    return not module.text[module.offset(node.lineno, 0) : module.start(node)].strip()


# -- reporting ------------------------------------------------------------------------


def with_removed(
    plan: Any,
    text: str,
    rules: Sequence[Rule],
    suppressions: Callable[[str], Mapping[int, tuple[str, ...]]],
    module: Module | None = None,
) -> Any:
    """Return an engine's plan for a file that moves, completed by what the rules here change.

    Args:
        plan: of the same file; a dataclass with ``findings``, ``text`` and ``tier``.
        text: of the file as it is.
        rules: the selected rules.
        suppressions: tells line -> codes (none: all) of a text's ``# migrator: keep`` comments.
        module: ``text`` parsed, where somebody has it.
    """
    chosen = tuple(rule for rule in rules if is_about_python(rule))
    answers = looked_at(text, chosen, module)
    if not answers:
        return plan
    keeps = suppressions(text)
    base = plan.text if plan.text is not None else text
    new = edited(base, chosen, suppressions, answers if base == text else None)
    left = {
        (answer.rule.code, answer.place.name)
        for answer in (looked_at(new, chosen) if new != base else answers)
        if isinstance(answer.result, Replace)
    }
    findings = list(plan.findings)
    taken = {(finding.span, finding.code) for finding in findings}
    for answer in answers:
        finding = _finding(answer, keeps, left, plan.tier)
        if (finding.span, finding.code) not in taken:
            taken.add((finding.span, finding.code))
            findings.append(finding)
    findings.sort(key=lambda f: (f.span.line, f.span.column, f.code, f.message))
    return replace(plan, findings=tuple(findings), text=new if new != text else None)


def _finding(
    answer: _Answer,
    keeps: Mapping[int, tuple[str, ...]],
    left: set[tuple[str, str]],
    tier: Tier,
) -> Finding:
    module, site, result = answer.place.module, answer.place.site, answer.result
    line, column = module.line_column(module.start(site))
    end_line, end_column = module.line_column(module.end(site))
    outcome, message, recipe = Outcome.MANUAL, result.message, None
    name = answer.place.name.removeprefix("*.").removeprefix("builtins.")
    safety = answer.rule.safety
    after = None
    if _keeps(answer, keeps):
        outcome = Outcome.SUPPRESSED
        message = f"{name}: kept by a `# migrator: keep` comment."
    elif isinstance(result, Replace):
        if (answer.rule.code, answer.place.name) in left:
            recipe = "Change this place by hand; the message says to what."
            safety = Safety.MANUAL
        else:
            outcome = Outcome.REWRITTEN
            safety = result.safety or safety
            after = _after(answer)
    else:
        recipe, safety = result.recipe, Safety.MANUAL
    statement = module.statement(site)
    shown = site if hasattr(statement, "body") else statement
    return Finding(
        span=Region(line, column, end_line, end_column),
        code=answer.rule.code,
        message=message,
        outcome=outcome,
        tier=tier if outcome is Outcome.REWRITTEN else None,
        before=module.source(shown),
        after=after,
        recipe=recipe,
        api=name,
        family="python",
        safety=safety,
    )


def _after(answer: _Answer) -> str:
    """Return what this replacement alone makes of the statement around it."""
    module, site = answer.place.module, answer.place.site
    assert isinstance(answer.result, Replace)
    statement = module.statement(site)
    shown = site if hasattr(statement, "body") else statement
    start, end = module.start(shown), module.end(shown)
    text = module.text
    grown = 0
    for left, right, new in sorted(answer.result.spans, reverse=True):
        text = text[:left] + new + text[right:]
        grown += len(new) - (right - left)
    return text[start : end + grown].strip("\r\n")


def _keeps(answer: _Answer, keeps: Mapping[int, tuple[str, ...]]) -> bool:
    if not keeps:
        return False
    module, site = answer.place.module, answer.place.site
    statement = module.statement(site)
    nodes = [site] if hasattr(statement, "body") else [site, statement]
    lines = {
        line for node in nodes for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    for line in lines & set(keeps):
        codes = keeps[line]
        if not codes or any(answer.rule.code.startswith(code) for code in codes):
            return True
    return False
