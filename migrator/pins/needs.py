"""What a migrated program needs, and whether a requirement agrees with it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging.markers import InvalidMarker, Marker
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

__all__ = [
    "IMAGE",
    "MINIMA",
    "PYTHONS",
    "REQUIREMENT",
    "TENSORFLOW",
    "WANTED",
    "Requirement",
    "admits",
    "normal",
    "python_fits",
    "requirement",
    "too_old",
    "wanted_line",
]

#: What the migrated code is made for and checked on.
WANTED = ">=2.16,<2.22"
_WANTED = SpecifierSet(WANTED)

#: Releases of TensorFlow, to tell which ones a requirement admits.
_RELEASES = tuple(
    Version(text)
    for text in (
        *(f"0.{minor}.0" for minor in range(5, 13)),
        *(f"1.{minor}.{patch}" for minor in range(16) for patch in range(6)),
        *(f"2.{minor}.{patch}" for minor in range(22) for patch in range(4)),
    )
)

#: Packages that are TensorFlow itself.
TENSORFLOW = frozenset(
    {"tensorflow", "tensorflow-gpu", "tensorflow-cpu", "tf-nightly", "tf-nightly-gpu"}
)

#: Packages that go with a release of TensorFlow.
_COMPANIONS = frozenset({"tensorflow-serving-api", "tensorflow-serving-api-gpu", "tensorboard"})

#: The image to run a migrated program in.
IMAGE = "2.19.0"

#: The oldest release of other packages with which TensorFlow 2.16 can be installed.
MINIMA = {
    "absl-py": "1.0.0",
    "gast": "0.2.1",
    "grpcio": "1.24.3",
    "h5py": "3.10.0",
    "keras": "3.0.0",
    "numpy": "1.23.5",
    "protobuf": "3.20.3",
    "six": "1.12.0",
    "tensorflow-datasets": "4.9.4",
    "tensorflow-hub": "0.16.0",
    "tensorflow-probability": "0.24.0",
    "tensorflow-transform": "1.16.0",
    "tensorflow-model-analysis": "0.47.0",
    "termcolor": "1.1.0",
    "wrapt": "1.11.0",
}

#: Packages that have no release for today's TensorFlow.
ENDED = {
    "tensorflow-estimator": "TensorFlow 2.16 removed estimators; leave this out.",
    "tensorflow-tensorboard": "The package is called tensorboard now.",
    "tensorflow-addons": "Its development ended with TensorFlow 2.15; replace what is used of it.",
    "keras-applications": "`tf.keras.applications` has the models.",
    "keras-preprocessing": "`tf.keras.preprocessing` has the functions.",
}

#: Pythons that TensorFlow 2.16 to 2.21 have wheels for.
PYTHONS = ("3.10", "3.11", "3.12", "3.13")

#: A requirement at the start of a text: name, extras, versions.
REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z][\w.-]*)[ \t]*(?P<extras>\[[^\]\n]*\])?[ \t]*"
    r"(?P<spec>\(?(?:[<>=!~^]=?=?)[ \t]*[\w.*+!-]+"
    r"(?:[ \t]*,[ \t]*[<>=!~]=?=?[ \t]*[\w.*+!-]+)*\)?)?"
)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement as a text spells it; offsets count from the text's start."""

    name: str  #: normalised
    spelled: str
    extras: str
    spec: str
    end: int  #: of the versions


def normal(name: str) -> str:
    """Return a package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirement(text: str) -> Requirement | None:
    """Return the requirement that ``text`` starts with, or None."""
    match = REQUIREMENT.match(text)
    if match is None:
        return None
    spec = (match["spec"] or "").strip()
    end = match.end("spec") if spec else match.end("extras")
    if end < 0 or not spec:
        end = match.end("extras") if match["extras"] else match.end("name")
        if spec:
            end = match.end("spec")
    return Requirement(normal(match["name"]), match["name"], match["extras"] or "", spec, end)


def _set(spec: str) -> SpecifierSet | None:
    cleaned = spec.strip().strip("()")
    # ``==1.15.*`` is fine, ``>=1.15.*`` was accepted once and is not any more
    cleaned = re.sub(r"(?<=[<>])=\s*([\d.]+)\.\*", r"=\1", cleaned)
    cleaned = re.sub(r"(?<![<>=!~])=(?!=)", "==", cleaned)
    caret = re.fullmatch(r"\^\s*([\d.]+)", cleaned)
    if caret:
        first = caret[1].split(".")[0]
        cleaned = f">={caret[1]},<{int(first) + 1}"
    elif re.fullmatch(r"~\s*[\d.]+", cleaned):
        cleaned = "~=" + cleaned[1:].strip()
        if cleaned.count(".") == 0:
            cleaned += ".0"
    elif re.fullmatch(r"\d[\w.*]*", cleaned):
        cleaned = f"=={cleaned}"
    try:
        return SpecifierSet(cleaned)
    except InvalidSpecifier:
        return None


def admits(spec: str) -> bool:
    """Whether versions written as ``spec`` are TensorFlow that a migrated program runs on.

    That is so when nothing older is let in; ``tensorflow>=1.9`` is not enough, though a fresh
    environment gets a new one.
    """
    if not spec or spec.strip() in ("*", "latest"):
        return True
    found = _set(spec)
    if found is None:
        return False
    released = [version for version in _RELEASES if found.contains(version)]
    return bool(released) and all(_WANTED.contains(version) for version in released)


def too_old(name: str, spec: str) -> bool:
    """Whether no version that ``spec`` lets in goes with TensorFlow 2.16."""
    if not spec or name not in MINIMA:
        return False
    found = _set(spec)
    if found is None:
        return False
    least = Version(MINIMA[name])
    candidates = [least, Version("9999")]
    for piece in found:
        try:
            version = Version(piece.version.removesuffix(".*"))
        except InvalidVersion:
            continue
        candidates.append(version)
    if any(version >= least and found.contains(version) for version in candidates):
        return False
    # ``~=1.16`` lets in 1.99
    parts = [str(piece.version) for piece in found if piece.operator == "~="]
    return not any(found.contains(least) for _ in parts)


def python_fits(spec: str) -> bool:
    """Whether ``spec`` (``>=3.6,<3.8``, ``3.6``) lets in a Python that TensorFlow 2.16 runs on."""
    found = _set(spec)
    if found is None:
        return True
    return any(found.contains(f"{python}.{patch}") for python in PYTHONS for patch in (0, 9)) or (
        any(found.contains(python) for python in PYTHONS)
    )


def holds_here(marker: str) -> bool:
    """Whether an environment marker can be true on a Python that TensorFlow 2.16 runs on."""
    try:
        parsed = Marker(marker)
    except InvalidMarker:
        return True
    for python in PYTHONS:
        values = {"python_version": python, "python_full_version": f"{python}.0", "extra": ""}
        try:
            if parsed.evaluate(values):
                return True
        except Exception:
            return True
    return "python" not in marker


def wanted_line(found: Requirement) -> str | None:
    """Return the requirement that takes the place of ``found``; None where it is right."""
    if found.name in ("tensorflow-gpu", "tf-nightly-gpu"):
        extras = found.extras or "[and-cuda]"
        return f"tensorflow{extras}{WANTED}"
    if found.name in ("tensorflow-cpu", "tf-nightly"):
        if found.name == "tensorflow-cpu" and admits(found.spec):
            return None
        name = "tensorflow" if found.name == "tf-nightly" else found.spelled
        return f"{name}{found.extras}{WANTED}"
    if found.name in TENSORFLOW | _COMPANIONS:
        if admits(found.spec):
            return None
        name = "tensorflow-serving-api" if found.name.endswith("-api-gpu") else found.spelled
        return f"{name}{found.extras}{WANTED}"
    return None
