"""Find the files that install things or call TensorFlow's tools, and say what becomes of each."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from migrator.pins import formats, lines, unread
from migrator.pins.found import Answer, PinFile, answered
from migrator.pins.lines import Place
from migrator.results import Outcome

__all__ = ["Programs", "look", "names_pins"]

_REQUIREMENTS = re.compile(
    r"(?i)(^|[-_.])(requirements?|constraints?|reqs?|deps)\b.*\.(txt|in|pip)$"
)
_CONDA = re.compile(r"(?i)^(conda[-_.]?)?(environment|env|conda)[\w.-]*\.ya?ml$")
_DOCKER = re.compile(r"(?i)^(.*\.)?dockerfile([-_.].*)?$")
_CI = re.compile(r"(?i)\.ya?ml$")
_CI_NAMES = (
    *(".travis", ".gitlab-ci", "appveyor", ".appveyor", "cloudbuild"),
    *("docker-compose", "azure-pipelines", "circle", "tox"),
)
_SHELL = re.compile(r"(?i)(\.(sh|bash|mk|bat|cmd)|(^|/)(GNU)?makefile)$")

#: Folders for things about the folder that holds them.
_ABOUT_PARENT = frozenset(
    {
        *("requirements", "requirement", "reqs", "docker", "dockerfiles", "conda", "env", "envs"),
        *("ci", ".ci", ".circleci", ".github", "workflows", "build", "deploy", "deployment"),
        *("scripts", "bin", "tools", "install", "setup", "etc", ".docker", "binder", ".binder"),
    }
)


@dataclass(frozen=True, slots=True)
class Programs:
    """What moved, as the pins need to know it."""

    moved: tuple[str, ...]  #: relative paths of files of programs that move
    staying: tuple[str, ...] = ()  #: of TensorFlow 1 files that stay
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  #: moved file -> packages


def names_pins(name: str, folder: str) -> str | None:
    """Return the kind of a file by its name and folder; None for one of no interest."""
    inside = posixpath.basename(folder).lower()
    if _REQUIREMENTS.search(name) or (
        inside in ("requirements", "requirement", "reqs") and name.endswith((".txt", ".in"))
    ):
        return "requirements"
    if name == "setup.py":
        return "setup"
    if name in ("setup.cfg", "tox.ini"):
        return "config"
    if name in ("pyproject.toml", "Pipfile"):
        return "toml"
    if name in ("runtime.txt", ".python-version"):
        return "python"
    if _CONDA.search(name):
        return "conda"
    if _DOCKER.match(name):
        return "docker"
    if _SHELL.search(name):
        return "shell"
    if _CI.search(name) and (
        inside in ("workflows", ".circleci", ".buildkite") or name.startswith(_CI_NAMES)
    ):
        return "ci"
    if name.lower().startswith("readme"):
        return "readme"
    return None


def look(
    root: str,
    paths: Iterable[str],
    programs: Programs,
    read: Callable[[str], str | None],
    scripts: Callable[[str, str, str], Iterable[Answer]] = lambda kind, path, text: (),
    wanted: Callable[[str], bool] = lambda code: True,
) -> Iterator[PinFile]:
    """Yield the files that say something about what a migrated program needs.

    Args:
        root: of the repository.
        paths: relative paths of its files of these kinds (:func:`names_pins`).
        programs: what moves and what stays.
        read: returns the text of a relative path.
        scripts: further answers about a file: (kind, path, text).
        wanted: whether answers with a code are asked for.
    """
    kinds: dict[str, str] = {}
    for path in paths:
        folder, name = posixpath.split(path)
        kind = names_pins(name, folder)
        if kind is not None:
            kinds[path] = kind
    todo = sorted(kinds)
    scopes = {path: _scope(path) for path in kinds}
    seen: set[str] = set()
    files: dict[str, PinFile] = {}
    while todo:
        path = todo.pop(0)
        if path in seen:
            continue
        seen.add(path)
        moved = _below(scopes[path], programs.moved)
        text = read(path) if moved else None
        if text is None:
            continue
        if kinds[path] == "requirements":
            for named in lines.includes(text):
                other = posixpath.normpath(posixpath.join(posixpath.dirname(path), named))
                if other.startswith("..") or not os.path.isfile(os.path.join(root, other)):
                    continue
                # a file is about what the files are about that name it
                wider = len(scopes[path]) < len(scopes.get(other, other))
                if other not in kinds or (wider and other in seen):
                    seen.discard(other)
                    todo.append(other)
                if wider:
                    kinds[other], scopes[other] = "requirements", scopes[path]
        needs = sorted({need for file in moved for need in programs.needs.get(file, ())})
        stay = _sentence(_below(scopes[path], programs.staying))
        answers = list(_answers(kinds[path], path, text, needs, stay))
        answers += scripts(kinds[path], path, text)
        kept = _kept(text)
        answers = [answer for answer in answers if wanted(answer.code)]
        found = answered(path, text, [_left(answer, text, kept) for answer in answers])
        if found is not None:
            files[path] = found
    yield from (files[path] for path in sorted(files))


_KEEP = re.compile(r"#\s*migrator:\s*keep\b(?:\[(?P<codes>[^\]\n]*)\])?", re.IGNORECASE)


def _kept(text: str) -> dict[int, tuple[str, ...]]:
    """Return offset of a line's start -> codes (none: all) of its ``# migrator: keep`` comment."""
    found = {}
    for match in _KEEP.finditer(text):
        words = [word.strip().upper() for word in (match["codes"] or "").split(",")]
        found[text.rfind("\n", 0, match.start()) + 1] = tuple(word for word in words if word)
    return found


def _left(answer: Answer, text: str, kept: Mapping[int, tuple[str, ...]]) -> Answer:
    """Return ``answer``, or that a comment keeps its line."""
    codes = kept.get(text.rfind("\n", 0, answer.start) + 1)
    if codes is None or (codes and not any(answer.code.startswith(code) for code in codes)):
        return answer
    return replace(
        answer,
        message=f"{answer.api}: kept by a `# migrator: keep` comment.",
        outcome=Outcome.SUPPRESSED,
        recipe=None,
        edits=(),
    )


def _scope(path: str) -> str:
    """Return the folder whose programs a file is about."""
    folder = posixpath.dirname(path)
    while posixpath.basename(folder).lower() in _ABOUT_PARENT:
        folder = posixpath.dirname(folder)
    return folder


def _below(folder: str, files: Iterable[str]) -> list[str]:
    prefix = f"{folder}/" if folder else ""
    return [file for file in files if file.startswith(prefix)]


def _sentence(staying: list[str]) -> str:
    if not staying:
        return ""
    more = f" and {len(staying) - 1} more" if len(staying) > 1 else ""
    return f" Code of TensorFlow 1 that stays as it is shares this file: `{staying[0]}`{more}."


_PLACES: Mapping[str, Callable[[str], Iterator[Place]]] = {
    "requirements": lines.requirement_lines,
    "setup": formats.setup,
    "config": formats.config,
    "toml": formats.toml,
    "conda": formats.conda,
    "docker": formats.commands,
    "ci": formats.commands,
    "shell": formats.commands,
}


def _answers(kind: str, path: str, text: str, needs: list[str], stay: str) -> Iterator[Answer]:
    name = posixpath.basename(path)
    if kind == "readme":
        return
    yield from formats.pythons(name, text)
    if kind in ("docker", "ci"):
        yield from formats.images(text)
        yield from unread.images(text)
    if "tensorflow" not in text.lower() and "tf-nightly" not in text:
        return
    if kind in _PLACES:
        places = list(_PLACES[kind](text))
        known = [(place.start, place.end) for place in places]
        yield from unread.pins(kind, text, known)
        if not any(place.found.name.startswith(("tensorflow", "tf-nightly")) for place in places):
            places = []
        yield from lines.judge(places, needs, stay)
    if kind in ("requirements", "docker", "ci", "shell"):
        yield from lines.urls(text)
