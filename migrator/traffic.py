"""Who writes which file or folder, and who reads it: what files of a repository are for others.

Looked up when a file is planned, for the files that its programs and its neighbours hold; each is
read once.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from migrator.apis import KEY_READERS, READER_ATTRIBUTES
from migrator.calls import is_v1_load
from migrator.exported import EXPORTERS, Signature, Variables, signatures_of, variables_of
from migrator.names import Binding, Module
from migrator.path_relations import Hole, Path, Relation, relation
from migrator.paths import Paths
from migrator.programs import Repository

__all__ = [
    "LOADERS",
    "FileTraffic",
    "Model",
    "Reading",
    "Source",
    "Traffic",
    "Writing",
    "is_near",
    "tells_folder",
]

#: Where the path is among a reader's arguments, if not the first.
_PATH_ARGUMENTS = (
    *("filepattern", "ckpt_dir_or_file", "model_path", "filename", "file_name"),
    *("checkpoint_path", "meta_graph_or_file", "ckpt_to_initialize_from"),
)
_FREEZE = "tf.python.tools.freeze_graph"
_META = "tf.train.import_meta_graph"
_PREDICTOR = "tf.contrib.predictor.from_saved_model"
_LOAD = "tf.saved_model.load"
#: What loads a SavedModel into a session.
LOADERS = (_LOAD, _PREDICTOR)

#: What is a checkpoint's name by custom, and never that of a folder.
_PREFIX = re.compile(r"\.ckpt(-\d+)?$")

#: What finalizes a graph -> where it is given the folder of the checkpoint that it starts from.
_FOLDER = ("checkpoint_dir", "checkpoint_filename_with_path", "logdir")
_MANAGED = {
    "tf.train.MonitoredTrainingSession": (2, _FOLDER),
    "tf.train.SingularMonitoredSession": (2, _FOLDER),
    "tf.train.ChiefSessionCreator": (3, _FOLDER),
    "tf.train.Supervisor": (7, _FOLDER),
    "tf.contrib.slim.learning.train": (1, _FOLDER),
    "tf.contrib.training.train": (1, _FOLDER),
}

#: What also writes checkpoints to a folder that it is given.
_HOOK = "tf.train.CheckpointSaverHook"

#: Words in every file that writes checkpoints.
_SAVES = re.compile(r"save|SaverHook|TrainingSession|MonitoredSession|Supervisor|Creator|train\(")

_UNKNOWN: tuple[Path, ...] = ((Hole(),),)


@dataclass(frozen=True, slots=True)
class Writing:
    """A call that writes a checkpoint or an export."""

    line: int
    paths: tuple[Path, ...]
    signatures: tuple[Signature, ...] | None = None  #: of an export, where the code shows them
    variables: Variables = field(default_factory=Variables)  #: of an export's program


@dataclass(frozen=True, slots=True)
class Reading:
    """A call that reads what another program wrote."""

    line: int
    column: int
    symbol: str
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class FileTraffic:
    """What one file writes and reads."""

    saves: tuple[Writing, ...] = ()  #: of Savers, as far as their calls show
    exports: tuple[Writing, ...] = ()
    keys: tuple[Reading, ...] = ()  #: read a checkpoint by the names of its variables
    managed: tuple[Reading, ...] = ()  #: sessions that start from a checkpoint, and finalize
    continued: tuple[Writing, ...] = ()  #: of those sessions and their hooks
    metas: tuple[Reading, ...] = ()  #: read the graph beside a checkpoint
    loads: tuple[Reading, ...] = ()  #: load an export into a session


@dataclass(frozen=True, slots=True)
class Source:
    """What is known of the export that a call loads."""

    reading: Reading
    words: str  #: for what wrote it, as a sentence names it
    signatures: tuple[Signature, ...]
    writer: tuple[str, int] | None = None  #: (path, line) of the export, if it is one of ours
    variables: Variables = field(default_factory=Variables)  #: those of its program


@dataclass(frozen=True, slots=True)
class Model:
    """A SavedModel that is there already."""

    path: str
    signatures: tuple[Signature, ...]


class Traffic:
    """What the files of a repository write and read.

    Args:
        repository: the facts.
        module: returns the parsed file at a path, or None.
        models: what ``--model`` names.
        read: returns the text of a path; files whose text shows that they save nothing are then
            not parsed for what they save.
    """

    def __init__(
        self,
        repository: Repository,
        module: Callable[[str], Module | None],
        models: tuple[Model, ...] = (),
        read: Callable[[str], str | None] | None = None,
    ) -> None:
        self.repository = repository
        self.models = models
        self._module = module
        self._read = read
        self._files: dict[str, FileTraffic] = {}
        self._saves: dict[str, tuple[Writing, ...]] = {}
        self._written: dict[str, tuple[Path, ...]] = {}
        self._reached: dict[str, frozenset[str]] = {}
        self._resolving: list[tuple[str, str]] = []

    def of(self, path: str) -> FileTraffic:
        """Return what the file at ``path`` writes and reads."""
        if path not in self._files:
            module = self._module(path)
            self._files[path] = FileTraffic() if module is None else self._look(path, module)
        return self._files[path]

    # -- checkpoints ------------------------------------------------------------------

    def written(self, path: str) -> tuple[Path, ...]:
        """Return the prefixes under which Savers made in ``path`` may write checkpoints.

        Every save of the programs that the file runs in counts, because a Saver goes from hand to
        hand; a number may be added to each prefix.
        """
        if path not in self._written:
            self._written[path] = tuple(
                prefix
                for file in sorted(self._company(path))
                for writing in self._saved_by(file)
                for prefix in writing.paths
            )
        return self._written[path]

    def _saved_by(self, path: str) -> tuple[Writing, ...]:
        """Return the saves of one file."""
        if path not in self._saves:
            text = (
                self._read(path) if self._read is not None and path not in self._files else "save"
            )
            # every save is spelled so; most files of a large program need no look
            found = self.of(path) if text and _SAVES.search(text) else FileTraffic()
            self._saves[path] = (*found.saves, *found.continued)
        return self._saves[path]

    def manages(self, path: str) -> bool:
        """Whether managed sessions of ``path`` write checkpoints."""
        fact = self.repository.facts[path]
        known = (*_MANAGED, _HOOK)
        names = {symbol for symbol, _ in (*fact.targets, *fact.finalizers)}
        return any(name.startswith(known) for name in names) and bool(self.of(path).continued)

    def reads_other_files(self, path: str, reader: str, line: int, symbol: str) -> bool:
        """Whether what reads checkpoints at ``reader:line`` never reads those of ``path``."""
        found = self.of(reader)
        readings = [r for r in found.keys if (r.line, r.symbol) == (line, symbol)]
        if not readings:  # it takes the graph with the checkpoint, and so restores both kinds
            return any((r.line, r.symbol) == (line, symbol) for r in found.metas)
        written = self.written(path)
        return all(_checkpoint_relation(written, r.paths) is Relation.OTHER for r in readings)

    def reads_the_files(self, path: str, reader: str, line: int, symbol: str) -> bool:
        """Whether what stands at ``reader:line`` names the checkpoints of Savers of ``path``.

        It reads them by name, or continues from them in a graph that it finalizes.
        """
        found = self.of(reader)
        written = self.written(path)
        return any(
            _checkpoint_relation(written, r.paths) is Relation.SAME
            for r in (*found.keys, *found.managed)
            if (r.line, r.symbol) == (line, symbol)
        )

    def may_continue(self, path: str, other: str, line: int, symbol: str) -> bool:
        """Whether the managed session at ``other:line`` may start from checkpoints of ``path``."""
        written = self.written(path)
        return any(
            _checkpoint_relation(written, r.paths) is not Relation.OTHER
            for r in self.of(other).managed
            if (r.line, r.symbol) == (line, symbol)
        )

    def _company(self, path: str) -> frozenset[str]:
        """Return the files that run with ``path``, those without TensorFlow included."""
        if path not in self._reached:
            seen: set[str] = {path}
            for index in self.repository.groups_of.get(path, ()):
                seen.update(self.repository.groups[index].files)
            todo = list(seen)
            while todo:
                new = set(self.repository.edges.get(todo.pop(), ())) - seen
                seen |= new
                todo += new
            self._reached[path] = frozenset(seen)
        return self._reached[path]

    def _beside(self, path: str) -> list[Module]:
        """Return the other files that run with ``path``."""
        found = [self._module(other) for other in sorted(self._company(path) - {path})]
        return [module for module in found if module is not None]

    def meta_reader(self, path: str) -> tuple[str, int, str] | None:
        """Return (path, line, what) of what needs the ``.meta`` files of Savers made in ``path``.

        What is certain to read another place does not; what stands far away does only if it
        names the same place.
        """
        for other, fact in sorted(self.repository.facts.items()):
            near = is_near(other, path)
            names = {symbol for symbol, _ in (*fact.targets, *fact.readers)}
            if any(name == _META or name.startswith(_FREEZE) for name in names):
                for reading in self.of(other).metas:
                    found = _checkpoint_relation(self.written(path), reading.paths)
                    if found is Relation.SAME or (near and found is Relation.UNKNOWN):
                        return other, reading.line, f"`{reading.symbol}` reads the graph of"
            if near and self.written(path):
                for what, line in fact.files:
                    if what == ".meta":
                        return other, line, "a name that ends in `.meta` looks for a file of"
        return None

    def looks_at_files(self, path: str) -> tuple[str, ...]:
        """Return ``path:line what`` of what looks at checkpoint files by name near ``path``.

        Nothing where the Savers of that file write none.
        """
        found = tuple(
            f"{other}:{line} `{what}`"
            for other, fact in sorted(self.repository.facts.items())
            if fact.files and is_near(other, path)
            for what, line in fact.files
        )
        return found if found and self.written(path) else ()

    # -- exports ----------------------------------------------------------------------

    def sources(self, path: str) -> Iterator[Source]:
        """Yield what the loads of the file ``path`` load, where that is known.

        It is an export of the repository to the same place, or a model that was named.
        """
        for reading in self.of(path).loads:
            writers = [
                (other, writing)
                for other, fact in sorted(self.repository.facts.items())
                if any(symbol in EXPORTERS for symbol, _ in fact.targets)
                for writing in self.of(other).exports
                if relation(writing.paths, reading.paths) is Relation.SAME
                and self._starts_alike(path, other, reading.paths)
            ]
            models = [
                model
                for model in self.models
                if relation([(model.path,)], reading.paths) is not Relation.OTHER
            ]
            if len(writers) == 1:
                other, writing = writers[0]
                signatures = writing.signatures
                if models and len(models) == 1:
                    signatures = _completed(signatures, models[0].signatures)
                if signatures is not None:
                    place = (other, writing.line)
                    words = f"`{other}:{writing.line}`"
                    yield Source(reading, words, signatures, place, writing.variables)
            elif not writers and len(models) == 1:
                yield Source(reading, f"`{models[0].path}`", models[0].signatures)

    def _starts_alike(self, one: str, other: str, paths: Iterable[Path]) -> bool:
        """Whether a path means the same in two files; cousins are started in their own folders."""
        return (
            is_near(one, other)
            or other in self._company(one)
            or all(path and isinstance(path[0], str) and path[0][0] == "/" for path in paths)
        )

    def loads_from(self, path: str, reader: str, *, near: bool) -> bool:
        """Whether the file ``reader`` loads what ``path`` exports, or may where it is near."""
        readings = self.of(reader).loads
        written = [place for export in self.of(path).exports for place in export.paths]
        if not readings or not written:
            return near
        wanted = [place for reading in readings for place in reading.paths]
        found = relation(written, wanted)
        return found is Relation.SAME or (near and found is Relation.UNKNOWN)

    # -- looking ----------------------------------------------------------------------

    def _look(self, path: str, module: Module) -> FileTraffic:
        paths = Paths(module, lambda name, level, own: self._foreign(path, name, level, own))
        saves: list[Writing] = []
        exports: list[Writing] = []
        keys: list[Reading] = []
        managed: list[Reading] = []
        continued: list[Writing] = []
        metas: list[Reading] = []
        loads: list[Reading] = []
        for node, symbol in module.references():
            call = module.parents.get(node)
            called = isinstance(call, ast.Call) and call.func is node
            name = symbol.name
            if called and name in EXPORTERS:
                assert isinstance(call, ast.Call)
                given = _argument(call, EXPORTERS[name], ("export_dir",))
                beside = self._beside(path)
                signatures = signatures_of(module, call, beside)
                variables = variables_of((module, *beside))
                exports.append(Writing(call.lineno, paths.of(given), signatures, variables))
            elif name == _LOAD and called and is_v1_load(module, node, symbol):
                assert isinstance(call, ast.Call)
                given = _argument(call, 2, ("export_dir",))
                loads.append(_reading(call, name, paths.of(given)))
            elif name == _PREDICTOR and called:
                assert isinstance(call, ast.Call)
                given = _argument(call, 0, ("export_dir",))
                loads.append(_reading(call, name, paths.of(given)))
            elif called and name.startswith(tuple(_MANAGED)):
                start = next(one for one in _MANAGED if name.startswith(one))
                given = _argument(call, *_MANAGED[start])
                if given is not None:
                    places = paths.of(given)
                    managed.append(_reading(node, name, places))
                    continued.append(Writing(node.lineno, _model(places)))
            elif called and name == _HOOK:
                given = _argument(call, 0, _FOLDER)
                continued.append(Writing(node.lineno, _model(paths.of(given))))
            elif name == _META:
                given = _argument(call, 0, _PATH_ARGUMENTS) if called else None
                metas.append(_reading(node, name, paths.of(given)))
            elif name.startswith(_FREEZE):
                by_key, with_graph = _freezing(call if called else None, node, name, paths)
                keys += by_key
                metas += with_graph
            elif _is_reader(name):
                given = _argument(call, 0, _PATH_ARGUMENTS) if called else None
                keys.append(_reading(node, name, paths.of(given)))
        saves = [
            Writing(node.lineno, paths.of(_argument(node, 1, ("save_path",))))
            for node in _saves(module)
        ]
        for attribute in (n for name in READER_ATTRIBUTES for n in module.by_name.get(name, ())):
            if isinstance(attribute, ast.Attribute) and module.symbol(attribute) is None:
                keys.append(_reading(attribute, f".{attribute.attr}", _UNKNOWN))
        return FileTraffic(
            tuple(saves),
            tuple(exports),
            tuple(keys),
            tuple(managed),
            tuple(continued),
            tuple(metas),
            tuple(loads),
        )

    def _foreign(self, path: str, module: str, level: int, name: str) -> tuple[Path, ...]:
        """Return what a name of another module stands for."""
        found = self.repository.places.resolve(path, module, level)
        if not found:
            return _UNKNOWN
        key = (found[-1], name)
        if key in self._resolving or len(self._resolving) > 4:
            return _UNKNOWN
        self._resolving.append(key)
        try:
            other = self._module(found[-1])
            if other is None or name not in other.root.bindings:
                return _UNKNOWN
            return Paths(
                other, lambda inner, depth, own: self._foreign(found[-1], inner, depth, own)
            ).named(name)
        finally:
            self._resolving.pop()


def tells_folder(symbol: str) -> bool:
    """Whether a call of ``symbol``, which finalizes a graph, says which checkpoint it starts from.

    Without a folder it starts from none.
    """
    return symbol.startswith(tuple(_MANAGED))


def is_near(one: str, other: str) -> bool:
    """Whether the folder of one file is, holds or lies in that of the other."""
    left, right = PurePosixPath(one).parent, PurePosixPath(other).parent
    return left == right or left in right.parents or right in left.parents


def _completed(
    shown: tuple[Signature, ...] | None, known: tuple[Signature, ...]
) -> tuple[Signature, ...]:
    """Return the signatures that code shows, with the names that an artefact of it has."""
    if shown is None:
        return known
    by_key = {signature.key: signature for signature in known}
    if not {signature.key for signature in shown} <= set(by_key):
        return shown
    return tuple(by_key[signature.key] for signature in shown)


def _reading(node: ast.expr, symbol: str, paths: tuple[Path, ...]) -> Reading:
    return Reading(node.lineno, node.col_offset, symbol, paths)


def _is_reader(name: str) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in KEY_READERS)


def _argument(call: ast.AST | None, index: int, names: tuple[str, ...]) -> ast.expr | None:
    if not isinstance(call, ast.Call) or any(isinstance(a, ast.Starred) for a in call.args):
        return None
    if index < len(call.args):
        return call.args[index]
    return next((k.value for k in call.keywords if k.arg in names), None)


def _freezing(
    call: ast.AST | None, node: ast.expr, name: str, paths: Paths
) -> tuple[list[Reading], list[Reading]]:
    """Return what freeze_graph reads: the keys of a checkpoint, and a ``.meta`` file.

    TensorFlow 2.21's restores both kinds of checkpoint if it has the meta graph; given a GraphDef
    it looks for variables by their keys, and given a SaverDef it runs its ops.
    """
    protos = name.endswith("freeze_graph_with_def_protos")
    checkpoint = _argument(call, 2 if protos else 3, ("input_checkpoint",))
    saver = _argument(call, 1, ("input_saver", "input_saver_def"))
    meta = _argument(call, 11 if protos else 12, ("input_meta_graph_def", "input_meta_graph"))
    found = [_reading(node, name, paths.of(checkpoint))]
    if not isinstance(call, ast.Call) or _nothing(meta):
        return found, []
    return ([] if _nothing(saver) else found), found


def _nothing(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and not node.value)


def _saves(module: Module) -> Iterator[ast.expr]:
    """Yield the calls that may be those of a Saver's ``save``: a session, then a prefix.

    And the method itself where it is handed on (``save = saver.save``).
    """
    for node in module.by_name.get("save", ()):
        if not isinstance(node, ast.Attribute) or module.symbol(node) is not None:
            continue
        if isinstance(node.value, ast.Name) and node.value in module.scope_of:
            _, bindings = module.find(node.value.id, module.scope_of[node.value])
            if any(_is_module(binding) for binding in bindings):
                continue  # ``np.save``, ``torch.save``
        call = module.parents.get(node)
        if isinstance(call, ast.Call) and call.func is node:
            names = {keyword.arg for keyword in call.keywords}
            if len(call.args) + len(names & {"sess", "save_path"}) >= 2 or None in names:
                yield call
        elif isinstance(node.ctx, ast.Load) and "saver" in ast.unparse(node.value).lower():
            yield node  # others are flags, ``args.save``


def _is_module(binding: Binding) -> bool:
    """Whether a name is that of an imported module, as far as its import shows."""
    if isinstance(binding.node, ast.Import):
        return True
    return binding.dotted in ("scipy.misc", "matplotlib.pyplot", "PIL.Image")


def _prefix(path: Path) -> Path:
    """Return the prefix of the checkpoint that a ``.meta`` file belongs to."""
    if path and isinstance(path[-1], str) and path[-1].endswith(".meta"):
        return (*path[:-1], path[-1].removesuffix(".meta"))
    return path


def _prefixes(path: Path) -> list[Path]:
    """Return the checkpoints that a reader of ``path`` may open, which may be their folder."""
    last = path[-1] if path else ""
    found = isinstance(last, Hole) and last.flat  # by latest_checkpoint
    if found or (isinstance(last, str) and _PREFIX.search(last)):
        return [path]
    return [path, (*path, "/", Hole(flat=True))]


def _checkpoint_relation(written: Iterable[Path], read: Iterable[Path]) -> Relation:
    """Return how the checkpoints under ``written`` stand to a file or folder that is read."""
    prefixes, wanted = list(written), [_prefix(path) for path in read]
    found = Relation.OTHER
    for prefix in prefixes:
        for path in wanted:
            if relation([prefix], [path]) is Relation.SAME:
                return Relation.SAME
            # a save may add the step to a prefix
            met = relation([prefix, (*prefix, "-", Hole(flat=True))], _prefixes(path))
            if met is Relation.OTHER:
                continue
            if relation([_folder(prefix)], [_folder(path), path]) is Relation.SAME:
                return Relation.SAME
            found = Relation.UNKNOWN
    return found


def _model(folders: Iterable[Path]) -> tuple[Path, ...]:
    """Return the prefixes of the checkpoints that managed sessions write to ``folders``."""
    return tuple((*folder, "/", "model.ckpt") for folder in folders)


def _folder(path: Path) -> Path:
    last = path[-1] if path else ""
    if isinstance(last, Hole):
        rest = path[:-1]
        if rest and isinstance(rest[-1], str) and rest[-1].endswith("/"):
            return (*rest[:-1], rest[-1][:-1])
        return path
    if "/" in last:
        return (*path[:-1], last.rpartition("/")[0])
    return path[:-1] or (".",)
