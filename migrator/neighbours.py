"""What the other files of a repository mean for one of them: who reads what it writes."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from pathlib import PurePosixPath

from migrator.carried import MAKERS, Carried, Made
from migrator.handed import Handed, Place
from migrator.programs import Repository
from migrator.rule import CarriedCall, ExportedProto, KnownLoad
from migrator.traffic import LOADERS, Traffic, is_near, tells_folder

__all__ = [
    "carried_calls",
    "exported_protos",
    "file_names",
    "finalizers_near",
    "known_loads",
    "managed_savers",
    "readers_near",
    "unprepared_near",
    "unprepared_sessions",
]


def readers_near(
    repository: Repository,
    traffic: Traffic,
    path: str,
    moved: Callable[[str, int, str], bool],
) -> tuple[str, ...]:
    """Return the readers by variable name that may open what the programs of ``path`` write.

    Those of the program itself, and those whose folder holds its folder or lies in it: a script
    in ``tools/`` may well read what ``train.py`` beside ``tools/`` writes.  And those that name the
    same place, wherever they stand.  Not those that certainly read another place, and not those
    that read both kinds of checkpoint from now on.

    Args:
        repository: the facts.
        traffic: what the files write and read.
        path: relative path of the file.
        moved: whether the reader at (path, line, symbol) becomes one of the bridge's.
    """
    if not (_targets(repository, path, "tf.train.Saver") or traffic.manages(path)):
        return ()
    programs = set(repository.groups_of.get(path, ()))
    return tuple(
        f"{reader}:{line} {symbol}"
        for reader, line, symbol in repository.readers()
        if not moved(reader, line, symbol)
        if is_near(reader, path)
        or not programs.isdisjoint(repository.groups_of.get(reader, ()))
        or traffic.reads_the_files(path, reader, line, symbol)
        if not traffic.reads_other_files(path, reader, line, symbol)
    )


def file_names(repository: Repository, traffic: Traffic, path: str) -> tuple[str, ...]:
    """Return ``path:line what`` of what names files that Savers made in ``path`` write."""
    if not _targets(repository, path, "tf.train.Saver"):
        return ()
    return traffic.looks_at_files(path)


def known_loads(
    repository: Repository,
    traffic: Traffic,
    path: str,
    changes: Callable[[str, int], bool],
) -> tuple[KnownLoad, ...]:
    """Return the loads of ``path`` whose export is known.

    Args:
        repository: the facts.
        traffic: what the files write and read.
        path: relative path of the file.
        changes: whether the export at (path, line) is rewritten.
    """
    if not any(_targets(repository, path, symbol) for symbol in LOADERS):
        return ()
    return tuple(
        KnownLoad(
            source.reading.line,
            source.reading.column,
            source.words,
            source.signatures,
            source.writer is not None and changes(*source.writer),
            source.variables,
        )
        for source in traffic.sources(path)
    )


def carried_calls(
    carried: Carried, path: str, changes: Callable[[Made], bool]
) -> tuple[CarriedCall, ...]:
    """Return the method calls of ``path`` on Savers and builders, and where those are made.

    Args:
        carried: what method calls are called on.
        path: relative path of the file.
        changes: whether a call that makes such an object is rewritten.
    """
    found = []
    for call in carried.calls(path):
        kinds = {MAKERS[made.symbol] for made in call.made}
        found.append(
            CarriedCall(
                call.line,
                call.column,
                tuple(f"{made.path}:{made.line}" for made in call.made),
                kinds.pop() if len(kinds) == 1 else "",
                all(changes(made) for made in call.made),
                call.open,
            )
        )
    return tuple(found)


def managed_savers(
    repository: Repository, carried: Carried, path: str
) -> tuple[frozenset[str], frozenset[int]]:
    """Return what Savers made in ``path`` managed sessions take: by name, and by line.

    A name tells of a Saver that cannot be followed from the session to where it is made.
    """
    names: set[str] = set()
    lines: set[int] = set()
    near = {path}
    for index in repository.groups_of.get(path, ()):
        near.update(repository.groups[index].files)
    for other in near:
        if repository.facts[other].saver_names:
            made, lost = carried.managed(other)
            names |= lost
            lines |= {one.line for one in made if one.path == path}
    return frozenset(names), frozenset(lines)


def exported_protos(
    handed: Handed, path: str, changes: Callable[[Place], bool]
) -> tuple[ExportedProto, ...]:
    """Return the signatures and tensor infos of ``path`` that only rewritten exports take.

    Args:
        handed: where they end.
        path: relative path of the file.
        changes: whether the call that adds to a builder at a place is rewritten.
    """
    return tuple(
        ExportedProto(
            one.line,
            one.column,
            tuple(f"{place.path}:{place.line}" for place in one.exports),
            one.shown,
        )
        for one in handed.ends(path)
        if all(changes(place) for place in one.exports)
    )


def _targets(repository: Repository, path: str, symbol: str) -> bool:
    """Whether the file at ``path`` uses ``symbol``."""
    return any(name == symbol for name, _ in repository.facts[path].targets)


def finalizers_near(repository: Repository, traffic: Traffic, path: str) -> tuple[str, ...]:
    """Return what finalizes a graph where checkpoints of Savers made in ``path`` may be read.

    That is what runs in its programs, and a managed session that goes on from a folder in which
    they may be: of a script beside it or near it, if it is not certain to be another; of one
    further away, if it names the same.  Savers that only restore leave nothing to be read.
    """
    if not any(fact.finalizers for fact in repository.facts.values()) or not traffic.written(path):
        return ()
    return tuple(
        f"{fact.path}:{line} {symbol}"
        for fact in sorted(repository.facts.values(), key=lambda fact: fact.path)
        for symbol, line in fact.finalizers
        if _meets(repository, traffic, path, fact.path, line, symbol)
    )


def _meets(
    repository: Repository, traffic: Traffic, path: str, other: str, line: int, symbol: str
) -> bool:
    """Whether what finalizes a graph at ``other:line`` may read what ``path`` writes."""
    folder = PurePosixPath(path).parent
    if not set(repository.groups_of.get(path, ())).isdisjoint(repository.groups_of.get(other, ())):
        return True
    saves = _targets(repository, path, "tf.train.Saver") or traffic.manages(path)
    beside = PurePosixPath(other).parent == folder
    if beside and (not tells_folder(symbol) or _targets(repository, other, "tf.train.Saver")):
        return True  # a Saver of its own may read the files
    if not saves:
        return False
    if beside or is_near(other, path):
        return traffic.may_continue(path, other, line, symbol)
    return traffic.reads_the_files(path, other, line, symbol)


#: A managed session: (path, line, symbol).
Session = tuple[str, int, str]


def unprepared_sessions(
    repository: Repository,
    traffic: Traffic,
    held: Container[int],
    moved: Callable[[str, int, str], bool],
    whole: bool,
) -> frozenset[Session]:
    """Return the managed sessions that go on with TensorFlow 1's Saver.

    Those that cannot be given another, those of programs that stay as they are or whose
    checkpoints are read by variable name, and those whose checkpoints such a session may read.

    Args:
        repository: the facts.
        traffic: what the files write and read.
        held: the programs that stay, by index.
        moved: whether a reader by variable name becomes one of the bridge's.
        whole: whether all rules run.
    """
    finalizing = [fact for fact in repository.facts.values() if fact.finalizers]
    staying: set[Session] = set()
    for fact in finalizing:
        programs = repository.groups_of.get(fact.path, ())
        files = {fact.path}.union(*(repository.groups[index].files for index in programs))
        stays = (
            not whole
            or any(index in held for index in programs)
            or any(readers_near(repository, traffic, path, moved) for path in sorted(files))
        )
        for symbol, line in fact.finalizers if stays else fact.unprepared:
            if symbol != ".finalize":  # it restores nothing itself
                staying.add((fact.path, line, symbol))
    new = set(staying)
    while new:
        new = {
            (fact.path, line, symbol)
            for fact in finalizing
            if traffic.written(fact.path)
            and any(_meets(repository, traffic, fact.path, *session) for session in staying)
            for symbol, line in fact.finalizers
            if symbol != ".finalize"
        } - staying
        staying |= new
    return frozenset(staying)


def unprepared_near(
    repository: Repository, traffic: Traffic, path: str, sessions: Iterable[Session]
) -> tuple[str, ...]:
    """Return ``path:line symbol`` of the ``sessions`` that may read what ``path`` writes."""
    writes = bool(traffic.written(path))
    return tuple(
        f"{other}:{line} {symbol}"
        for other, line, symbol in sorted(sessions)
        if other == path or (writes and _meets(repository, traffic, path, other, line, symbol))
    )
