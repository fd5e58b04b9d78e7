"""Ways to run a model: a session of the v1 loader, or ``tf.saved_model.load``."""

import glob
import importlib
import keyword
import os
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, TypeVar

from .common import Array, Json, compat, major
from .composite import dense_parts, flatten
from .describe import asset_defs, describe_signatures, read_saved_model
from .state import FunctionState, SessionState
from .store import as_array

T = TypeVar("T")


class SessionView:
    """Run signatures through the v1 loader, in a session."""

    name = "v1"

    def __init__(self, tf: Any, start: Callable[[Any], Json], graph: Any = None) -> None:
        """Open a session on ``graph`` (a new one when None).

        ``start(session)`` fills the graph, restores its variables, and returns the description
        of the signatures.
        """
        v1 = compat(tf)
        self._graph = tf.Graph() if graph is None else graph
        config = v1.ConfigProto(
            allow_soft_placement=True,
            intra_op_parallelism_threads=1,
            inter_op_parallelism_threads=1,
            device_count={"GPU": 0},
        )
        with self._graph.as_default():
            self._session = v1.Session(graph=self._graph, config=config)
            self._signatures = start(self._session)
        self.state = SessionState(tf, self._session, self._signatures)

    def call(self, key: str, feeds: Dict[str, Array], extra: Dict[str, Array]) -> Dict[str, Array]:
        """Run signature ``key``; ``extra`` feeds more tensors by their names in the graph."""
        signature = self._signatures[key]
        feed_dict = {}
        for name, value in list(feeds.items()):
            tensor = signature["inputs"][matching(name, signature["inputs"])]["tensor"]
            feed_dict[tensor] = self._cast(tensor, value)
        for tensor, value in extra.items():
            feed_dict[tensor] = self._cast(tensor, value)
        fetches = {name: info["tensor"] for name, info in signature["outputs"].items()}
        return {k: as_array(v) for k, v in self._session.run(fetches, feed_dict).items()}

    def close(self) -> None:
        """Let go of the session's memory."""
        self._session.close()

    def _cast(self, tensor: str, value: Array) -> Array:
        dtype = self._graph.get_tensor_by_name(tensor).dtype.base_dtype.as_numpy_dtype
        return value if value.dtype.kind == "O" else value.astype(dtype)


class FunctionView:
    """Run signatures through ``tf.saved_model.load``."""

    name = "v2"

    def __init__(self, tf: Any, path: str, tags: Optional[Sequence[str]], signatures: Json) -> None:
        self._tf = tf
        self._signatures = signatures
        self._loaded = tf.saved_model.load(path, tags=None if tags is None else list(tags))
        self.state: Optional[FunctionState] = FunctionState(tf, self._loaded.signatures)
        self._parts: Dict[str, Dict[str, str]] = {}
        for key, function in self._loaded.signatures.items():
            if key in signatures:
                returned = list(function.structured_outputs)
                self._parts[key] = dense_parts(signatures[key]["outputs"], returned)

    def call(self, key: str, feeds: Dict[str, Array], extra: Dict[str, Array]) -> Dict[str, Array]:
        """Run signature ``key`` with keyword arguments."""
        tf = self._tf
        if extra:
            raise ValueError("only the v1 loader can feed the tensors %s" % sorted(extra))
        if key not in self._loaded.signatures:
            raise ValueError("tf.saved_model.load finds no signature %r" % key)
        function = self._loaded.signatures[key]
        specs = function.structured_input_signature[1]
        arguments = {}
        for name, value in feeds.items():
            argument = matching(parameter(name, self._signatures[key]["inputs"], specs), specs)
            dtype = specs[argument].dtype
            if value.dtype.kind == "O":
                value = tf.constant(value.ravel().tolist(), tf.string, shape=value.shape)
            else:
                value = tf.constant(value.astype(dtype.as_numpy_dtype), dtype)
            arguments[argument] = value
        names = self._parts[key]
        results = [(names.get(name, name), value) for name, value in function(**arguments).items()]
        parts = [part for item in results for part in flatten(*item)]
        return {name: as_array(tensor.numpy()) for name, tensor in parts}

    def close(self) -> None:
        """Let go of the model."""
        self._loaded = self.state = None

    def renamed(self, key: str, names: Sequence[str]) -> Json:
        """Return the inputs that ``tf.saved_model.load`` calls by another name."""
        if key not in self._loaded.signatures:
            return {}
        specs = self._loaded.signatures[key].structured_input_signature[1]
        found = {}
        for name in names:
            if name not in specs:
                argument = next((one for one in _spellings(name) if one in specs), None)
                if argument is not None:
                    found[name] = argument
        return found


def sanitized(name: str) -> str:
    """Return the Python parameter name that TensorFlow 2 makes of a signature's input name."""
    swapped = "".join(c if c.isalnum() else "_" for c in name)
    usable = swapped[:1].isalpha() and not keyword.iskeyword(swapped) and swapped != "self"
    return swapped if usable else "arg_" + swapped


def _spellings(name: str) -> Tuple[str, str]:
    """Return what a parameter may be called: ours, as a node's name, has no other letters."""
    return sanitized(name), sanitized("".join(c if c < "\x80" else "_" for c in name))


def parameter(name: str, inputs: Json, names: Any) -> str:
    """Return which parameter among ``names`` may stand for ``name``, one part of a sparse input.

    Of one sparse input ``x`` of a SignatureDef, ``tf.saved_model.load`` makes ``x_indices``,
    ``x_values`` and ``x_dense_shape`` where TensorFlow 1 exported it.  A function that
    TensorFlow 2 saved has its own parameters, ``x``, ``x_1`` and ``x_2``, whichever way the
    SignatureDef spells the input.  Of a ragged one it makes ``x_component_0`` and so on.  Any
    other name is returned as it is.
    """
    composite = inputs.get(name, {}).get("composite")
    if composite is not None and name not in names:
        return component(composite)
    sparse = inputs.get(name, {}).get("sparse")
    if sparse is None:
        return name
    endings = {"indices": "_indices", "values": "_values", "shape": "_dense_shape"}
    exported = str(sparse["of"]) + endings[sparse["part"]]
    own = sanitized(sparse["of"]) + {"indices": "", "values": "_1", "shape": "_2"}[sparse["part"]]
    for candidate in (name, own):
        if candidate in names:
            return candidate
    return exported


def component(composite: Json) -> str:
    """Return what ``tf.saved_model.load`` calls a part of a composite input of TensorFlow 1."""
    part = str(composite["part"])
    number = 0 if part == "values" else int(part.rpartition("_")[2])
    if composite["type"] == "ragged" and part != "values":
        number += 1
    return "%s_component_%d" % (composite["of"], number)


def matching(name: str, names: Any) -> str:
    """Return which of ``names`` is the input ``name``.

    Raises:
        ValueError: none is.
    """
    if name in names:
        return name
    for safe in _spellings(name):
        if safe in names:
            return safe
    raise ValueError("it has no input %r, only %s" % (name, sorted(names)))


def ways_to_load(
    tf: Any, request: Json, tags: List[str], modern: bool, signatures: Json
) -> List[Tuple[str, Any]]:
    """Return the ways in which the side's role asks for the model to be loaded, with a label."""
    path = request["path"]
    if request["role"] == "after":
        ways: List[Tuple[str, Any]] = [
            ("v2", lambda: FunctionView(tf, path, None if modern else tags, signatures)),
            ("v1", lambda: session_view(tf, path, tags, False)),
        ]
        # tf.saved_model.load never lets go of a TensorFlow 1 model's variables, so it comes last
        return ways if modern else ways[::-1]
    if modern and major(tf) >= 2:
        return [("v2", lambda: FunctionView(tf, path, None, signatures))]
    return [("v1", lambda: session_view(tf, path, tags, True))]


def session_view(tf: Any, path: str, tags: Sequence[str], mend: bool) -> SessionView:
    """Load through the v1 loader, where need be with contrib's ops or without ``_output_shapes``.

    TensorFlow 1.15 loads contrib lazily, so that its ops are missing at first; and its
    ``_output_shapes`` of FusedBatchNormGradV3 is refused by TensorFlow 2.
    """
    try:
        return with_contrib(tf, lambda: SessionView(tf, saved_model_loader(tf, path, tags)))
    except Exception as error:
        if not (mend and "_output_shapes" in str(error)):
            raise
    import tempfile

    with tempfile.TemporaryDirectory() as mirror:
        model = read_saved_model(path)
        for graph in model.meta_graphs:
            drop_output_shapes(graph.graph_def)
        with open(os.path.join(mirror, "saved_model.pb"), "wb") as file:
            file.write(model.SerializeToString())
        for folder in ("variables", "assets"):
            if os.path.isdir(os.path.join(path, folder)):
                target = os.path.abspath(os.path.join(path, folder))
                os.symlink(target, os.path.join(mirror, folder))
        return SessionView(tf, saved_model_loader(tf, mirror, tags))


def saved_model_loader(tf: Any, path: str, tags: Sequence[str]) -> Callable[[Any], Json]:
    """Return what loads a SavedModel into a session and returns its signatures."""

    def start(session: Any) -> Json:
        meta = compat(tf).saved_model.loader.load(session, list(tags), path)
        if os.path.isfile(os.path.join(path, "tfhub_module.pb")):
            initialize_hub_tables(tf, session, path, meta)
        return describe_signatures(tf, meta)

    return start


def initialize_hub_tables(tf: Any, session: Any, path: str, meta: Any) -> None:
    """Fill the tables of a TensorFlow 1 Hub module, whose caller does that, not the loader."""
    graph, key = session.graph, compat(tf).GraphKeys.TABLE_INITIALIZERS
    assets = {
        asset.tensor_info.name: os.path.join(os.path.abspath(path), "assets", asset.filename)
        for asset in asset_defs(meta)
    }
    session.run(graph.get_collection(key), assets)


def with_contrib(tf: Any, make: Callable[[], T]) -> T:
    """Return ``make()``, tried again with contrib's ops where TensorFlow 1 misses one."""
    try:
        return make()
    except Exception as error:
        if "Op type not registered" not in str(error) or major(tf) >= 2:
            raise
    contrib = importlib.import_module("tensorflow.contrib")
    try:
        return make()
    except Exception as error:
        if "Op type not registered" not in str(error):
            raise
    # some of its packages load their ops when they are first imported
    home = os.path.dirname(str(contrib.__file__))
    for library in glob.glob(os.path.join(home, "*", "python", "ops", "_*.so")):
        package = os.path.relpath(library, home).split(os.sep)[0]
        try:
            importlib.import_module("tensorflow.contrib." + package)
        except Exception:  # one that asks for a device or a package that is not here
            continue
    return make()


def drop_output_shapes(graph: Any) -> None:
    """Remove the shapes that the writer inferred from a GraphDef, functions included."""
    for function in graph.library.function:
        for node in function.node_def:
            node.attr.pop("_output_shapes", None)
    for node in graph.node:
        node.attr.pop("_output_shapes", None)
