"""Keras models in one file: HDF5, or the zip file of Keras 3."""

import functools
import importlib
from typing import Any, Dict, List, Optional, Tuple

from .acts import ACTS, ACTS_ON_FILE
from .bare import Tensors
from .common import Array, CannotOpen, Json, cannot_open, compat, major, what_failed
from .hints import Hints
from .keras_config import refuse_config
from .keras_files import read_hdf5, read_zip
from .peers import agree
from .store import Store, as_array
from .subject import Subject


def open_keras(tf: Any, request: Json, store: Store) -> Subject:
    """Open a ``.keras`` or HDF5 file with the Keras that wrote such files, as far as it is here.

    Raises:
        CannotOpen: the file is damaged, holds weights only, or holds what Keras itself does not;
            or no Keras of this interpreter can load it.
    """
    model, version = read_model(tf, request)
    named = Named(model)
    signatures, told = agree(request, named.tensors())
    facts: Json = {
        "tag_sets": None,
        "tags": None,
        "written_by": "Keras %s" % version,
        "object_based": False,
        "signatures": signatures,
        "guessed": told,
        "assets": None,
        "variables": weights(tf, model, store),
    }
    view = lambda: KerasView(named, signatures)  # noqa: E731
    return Subject(facts, [("keras", view)], Hints(tf, request["path"]))


def read_model(tf: Any, request: Json) -> Tuple[Any, str]:
    """Return the model in a file, and the version of Keras that wrote it.

    Raises:
        CannotOpen: as :func:`open_keras`.
    """
    path = request["path"]
    trust = bool(request.get("trust"))
    with open(path, "rb") as file:
        archive = file.read(4) == b"PK\3\4"  # whole or cut off
    config, version = (read_zip if archive else read_hdf5)(path, request.get("memory"))
    kerases = installed(tf, version, archive)
    reasons: List[str] = []
    for keras in kerases:
        try:
            refuse_config(config, trust, functools.partial(is_own, keras), acts_of)
        except CannotOpen:
            if not reasons:
                raise
            break  # another Keras knows its classes, and has said what is wrong with it
        try:
            model = load(keras, path, trust)
        except Exception as error:
            if isinstance(error, MemoryError):
                raise cannot_open("it cannot be loaded", error)
            reasons.append("%s %s: %s" % (keras.__name__, version_of(keras), what_failed(error)))
            continue
        if not getattr(model, "inputs", None):
            raise CannotOpen(
                "its inputs are not known: it was neither built nor called before it was saved",
                "call it on a batch, and save it again",
            )
        return model, version
    if any("'str' object has no attribute 'decode'" in reason for reason in reasons):
        raise CannotOpen(
            "TensorFlow %s cannot read HDF5 files with h5py 3" % tf.__version__,
            "pip install 'h5py<3' beside it",
        )
    raise CannotOpen(
        "Keras cannot load it (%s)" % "; ".join(reasons),
        "give an interpreter with the Keras that wrote it (version %s)" % version,
    )


def acts_of(op: str) -> str:
    """Return what an op type does outside of a model; an empty string for nothing."""
    return ACTS.get(op) or ACTS_ON_FILE.get(op, ("", 0))[0]


def installed(tf: Any, version: str, archive: bool) -> List[Any]:
    """Return the Keras packages of this interpreter, the one that wrote such files first.

    Beside TensorFlow 2.16 and later there may be two: Keras 3, and ``tf_keras``, which is
    Keras 2.  ``tf.keras`` is one of them.
    """
    found: List[Any] = []
    if major(tf) >= 2:
        names = ["keras", "tf_keras"] if version.startswith("3") else ["tf_keras", "keras"]
        for name in names:
            try:
                module = importlib.import_module(name)
            except Exception:  # not installed, or not beside this TensorFlow
                continue
            if name == "keras" and not version_of(module).startswith("3"):
                continue  # Keras 2 is tf.keras there
            found.append(module)
    own = getattr(tf, "keras", None)
    if own is not None and not any(version_of(other) == version_of(own) for other in found):
        found.append(own)
    if not found:
        raise CannotOpen("this interpreter has no Keras", "pip install tf-keras beside it")
    return found


def version_of(keras: Any) -> str:
    """Return the version of a Keras."""
    return str(getattr(keras, "__version__", "unknown"))


#: Where Keras keeps the classes and functions that a configuration may name.
PLACES = (
    "layers",
    "models",
    "initializers",
    "regularizers",
    "constraints",
    "activations",
    "losses",
    "metrics",
    "optimizers",
    "optimizers.schedules",
    "dtype_policies",
    "mixed_precision",
    "mixed_precision.experimental",
    "random",
    "quantizers",
)
#: Classes that configurations name and that are public in no version.
PRIVATE = ("Functional", "InputLayer", "TensorFlowOpLayer", "TFOpLambda", "SlicingOpLambda")
ROOTS = ("keras", "tf_keras", "tensorflow", "tensorflow_core")


def is_own(keras: Any, name: str) -> bool:
    """Return whether a Keras has a class or function ``name`` that a configuration may name."""
    if name in PRIVATE or name in ("Model", "Sequential"):
        return True
    for place in PLACES:
        module = keras
        for part in place.split("."):
            module = getattr(module, part, None)
        found = None if name.startswith("_") else getattr(module, name, None)
        if found is None:
            # TensorFlow 1 finds the class in the module that deserializes
            scope = getattr(getattr(module, "deserialize", None), "__globals__", {})
            found = scope.get(name)
            found = found if isinstance(found, type) else None
        if callable(found) and str(getattr(found, "__module__", "")).split(".")[0] in ROOTS:
            return True
    return False


def load(keras: Any, path: str, trust: bool) -> Any:
    """Return the model in a file, without its optimizer and losses."""
    loader = keras.models.load_model
    try:
        return loader(path, compile=False, safe_mode=not trust)
    except TypeError as error:
        if "safe_mode" not in str(error):
            raise
    return loader(path, compile=False)


class Named:
    """The inputs and outputs of a Keras model, by their names."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.inputs = dict(zip(self._input_names(), model.inputs))
        self.outputs = dict(zip(self._output_names(), model.outputs))

    def _input_names(self) -> List[str]:
        names = getattr(self.model, "input_names", None)
        return list(names or [tensor.name.split(":")[0] for tensor in self.model.inputs])

    def _output_names(self) -> List[str]:
        """Return the keys where the model returns a dict, else the names of its last layers."""
        structure = getattr(self.model, "_outputs_struct", None)
        if structure is None:
            structure = getattr(self.model, "_nested_outputs", None)
        if isinstance(structure, dict) and len(structure) == len(self.model.outputs):
            return sorted(structure)
        names = getattr(self.model, "output_names", None)
        return list(names or [self.model.layers[-1].name])

    def tensors(self) -> Tensors:
        """Return them as the tensors of a model without signatures."""

        def find(name: str) -> Optional[Json]:
            plain = name.split(":")[0]
            for names in (self.inputs, self.outputs):
                for candidate in (plain, plain.split("/")[0]):
                    if candidate in names:
                        tensor = names[candidate]
                        dtype = getattr(tensor.dtype, "name", tensor.dtype)
                        shape = tensor.shape
                        shape = shape.as_list() if hasattr(shape, "as_list") else list(shape)
                        return {"dtype": str(dtype), "shape": shape, "tensor": candidate}
            return None

        outputs = list(self.outputs)
        ordered = len(outputs) == len(self.model.outputs)  # else two have one name
        return Tensors(find, list(self.inputs), outputs, str, ordered)


def weights(tf: Any, model: Any, store: Store) -> List[Json]:
    """Store every variable of a Keras model and return their index."""
    found = []
    variables = list(getattr(model, "variables", None) or model.weights)
    values = None
    if not compat(tf).executing_eagerly():
        values = tf.keras.backend.batch_get_value(variables)
    for number, variable in enumerate(variables):
        name = str(getattr(variable, "path", None) or variable.name).split(":")[0]
        value = variable.numpy() if values is None else values[number]
        found.append(
            {
                "key": name,
                "names": [name],
                "bookkeeping": "seed_generator" in name,
                "optimizer": None,
                "array": store.put(value),
                "reachable": None,
                "trainable": bool(variable.trainable),
            }
        )
    return found


class KerasView:
    """Run a Keras model as it predicts: not training."""

    name = "keras"

    def __init__(self, named: Named, signatures: Json) -> None:
        self._named = named
        self._signatures = signatures

    def call(self, key: str, feeds: Dict[str, Array], extra: Dict[str, Array]) -> Dict[str, Array]:
        """Run the model on one batch."""
        if extra:
            raise ValueError("a Keras model has no tensors to feed: %s" % sorted(extra))
        signature = self._signatures[key]
        by_input = {signature["inputs"][name]["tensor"]: value for name, value in feeds.items()}
        values = []
        for name, tensor in self._named.inputs.items():
            value = by_input[name]
            kind = getattr(tensor.dtype, "as_numpy_dtype", tensor.dtype)
            values.append(value if value.dtype.kind == "O" else value.astype(kind))
        results = self._run(values)
        outputs = dict(zip(self._named.outputs, results))
        wanted = signature["outputs"].items()
        return {name: as_array(outputs[info["tensor"]]) for name, info in wanted}

    def _run(self, values: List[Array]) -> List[Array]:
        import tensorflow as tf

        model = self._named.model
        if not compat(tf).executing_eagerly():
            found = model.predict_on_batch(values if len(values) > 1 else values[0])
            return list(found) if isinstance(found, (list, tuple)) else [found]
        tensors = [
            tf.constant(v.ravel().tolist(), tf.string, shape=v.shape)
            if v.dtype.kind == "O"
            else tf.constant(v)
            for v in values
        ]
        structure = getattr(model, "_inputs_struct", None)
        if isinstance(structure, dict):
            found = model(dict(zip(sorted(structure), tensors)), training=False)
        else:
            found = model(tensors if len(tensors) > 1 else tensors[0], training=False)
        if isinstance(found, dict):
            found = [found[name] for name in sorted(found)]
        return [item.numpy() for item in (found if isinstance(found, (list, tuple)) else [found])]

    def close(self) -> None:
        """Let go of the model."""
        del self._named
