"""Ways to run a model: a session of the v1 loader, or ``tf.saved_model.load``."""

import importlib
import keyword
import os
from typing import Any, Dict, List, Optional, Sequence, Tuple

from .common import Array, Json, compat, major
from .describe import describe_signatures, read_saved_model
from .store import as_array


class SessionView:
    """Run signatures through the v1 loader, in a session."""

    name = "v1"

    def __init__(self, tf: Any, path: str, tags: Sequence[str]) -> None:
        v1 = compat(tf)
        self._graph = tf.Graph()
        config = v1.ConfigProto(
            allow_soft_placement=True,
            intra_op_parallelism_threads=1,
            inter_op_parallelism_threads=1,
            device_count={"GPU": 0},
        )
        with self._graph.as_default():
            self._session = v1.Session(graph=self._graph, config=config)
            meta = v1.saved_model.loader.load(self._session, list(tags), path)
        self._signatures = describe_signatures(tf, meta)

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
        return {name: as_array(tensor.numpy()) for name, tensor in function(**arguments).items()}

    def close(self) -> None:
        """Let go of the model."""
        self._loaded = None

    def renamed(self, key: str, names: Sequence[str]) -> Json:
        """Return the inputs that ``tf.saved_model.load`` calls by another name."""
        if key not in self._loaded.signatures:
            return {}
        specs = self._loaded.signatures[key].structured_input_signature[1]
        found = {}
        for name in names:
            argument = sanitized(name)
            if name not in specs and argument in specs:
                found[name] = argument
        return found


def sanitized(name: str) -> str:
    """Return the Python parameter name that TensorFlow 2 makes of a signature's input name."""
    swapped = "".join(c if c.isalnum() else "_" for c in name)
    usable = swapped[:1].isalpha() and not keyword.iskeyword(swapped)
    return swapped if usable else "arg_" + swapped


def parameter(name: str, inputs: Json, names: Any) -> str:
    """Return which parameter among ``names`` may stand for ``name``, one part of a sparse input.

    Of one sparse input ``x`` of a SignatureDef, ``tf.saved_model.load`` makes ``x_indices``,
    ``x_values`` and ``x_dense_shape`` where TensorFlow 1 exported it.  A function that
    TensorFlow 2 saved has its own parameters, ``x``, ``x_1`` and ``x_2``, whichever way the
    SignatureDef spells the input.  Any other name is returned as it is.
    """
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


def matching(name: str, names: Any) -> str:
    """Return which of ``names`` is the input ``name``.

    Raises:
        ValueError: none is.
    """
    if name in names:
        return name
    safe = sanitized(name)
    if safe in names:
        return safe
    raise ValueError("it has no input %r, only %s" % (name, sorted(names)))


def ways_to_load(
    tf: Any, request: Json, tags: List[str], modern: bool, signatures: Json
) -> List[Tuple[str, Any]]:
    """Return the ways in which the side's role asks for the model to be loaded, with a label."""
    path = request["path"]
    if request["role"] == "after":
        return [
            ("v2", lambda: FunctionView(tf, path, None if modern else tags, signatures)),
            ("v1", lambda: session_view(tf, path, tags, False)),
        ]
    if modern and major(tf) >= 2:
        return [("v2", lambda: FunctionView(tf, path, None, signatures))]
    return [("v1", lambda: session_view(tf, path, tags, True))]


def session_view(tf: Any, path: str, tags: Sequence[str], mend: bool) -> SessionView:
    """Load through the v1 loader, where need be with contrib's ops or without ``_output_shapes``.

    TensorFlow 1.15 loads contrib lazily, so that its ops are missing at first; and its
    ``_output_shapes`` of FusedBatchNormGradV3 is refused by TensorFlow 2.
    """
    try:
        return SessionView(tf, path, tags)
    except Exception as error:
        text = str(error)
        if "Op type not registered" in text and major(tf) < 2:
            importlib.import_module("tensorflow.contrib")
            return SessionView(tf, path, tags)
        if not (mend and "_output_shapes" in text):
            raise
    import tempfile

    with tempfile.TemporaryDirectory() as mirror:
        model = read_saved_model(path)
        for graph in model.meta_graphs:
            for node in graph.graph_def.node:
                node.attr.pop("_output_shapes", None)
        with open(os.path.join(mirror, "saved_model.pb"), "wb") as file:
            file.write(model.SerializeToString())
        for folder in ("variables", "assets"):
            if os.path.isdir(os.path.join(path, folder)):
                target = os.path.abspath(os.path.join(path, folder))
                os.symlink(target, os.path.join(mirror, folder))
        return SessionView(tf, mirror, tags)
