"""What Keras 3 computes as the Keras of TensorFlow 1.15 did; all else is refused.

Measured on both, from one file of weights: the layers here agree to 1e-7.  Recurrent layers do not
(their gates are another ``hard_sigmoid``), nor does what takes ``lr=`` or ``decay=``; a saved model
(``load_model``, ``model_from_json``) cannot be read at all.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence, Set

from migrator.keras_symbols import place
from migrator.lift.kinds import Refusal
from migrator.names import Module, Symbol

__all__ = ["ACTIVATIONS", "check_calls", "check_references", "check_training"]

ACTIVATIONS = frozenset(
    {
        "elu",
        "exponential",
        "linear",
        "relu",
        "selu",
        "sigmoid",
        "softmax",
        "softplus",
        "softsign",
        "tanh",
    }
)

#: Layers of equal output, called by their own names.
_LAYERS = frozenset(
    {
        "Activation",
        "Add",
        "Average",
        "AveragePooling1D",
        "AveragePooling2D",
        "BatchNormalization",
        "Concatenate",
        "Conv1D",
        "Conv2D",
        "Conv2DTranspose",
        "Dense",
        "Dropout",
        "Embedding",
        "Flatten",
        "GlobalAveragePooling1D",
        "GlobalAveragePooling2D",
        "GlobalMaxPooling1D",
        "GlobalMaxPooling2D",
        "Input",
        "MaxPooling1D",
        "MaxPooling2D",
        "Maximum",
        "Multiply",
        "Permute",
        "RepeatVector",
        "Reshape",
        "SeparableConv2D",
        "Softmax",
        "ZeroPadding2D",
        "add",
        "average",
        "concatenate",
        "maximum",
        "multiply",
    }
)
_MADE = frozenset(
    {"tf.keras.Sequential", "tf.keras.models.Sequential", "tf.keras.Model", "tf.keras.models.Model"}
    | {"tf.keras.Input"}
    | {f"tf.keras.optimizers.{name}" for name in ("Adam", "SGD")}
)
#: These mean the same wherever they stand.
_SAME = re.compile(
    r"tf\.keras\.(utils\.to_categorical|datasets\.\w+\.load_data"
    r"|backend\.(clear_session|image_data_format|epsilon)|regularizers\.l[12]"
    r"|losses\.(mean_squared_error|binary_crossentropy|(sparse_)?categorical_crossentropy))"
    r"|tf\.(__version__|float32|float64|int32|int64|bool|string)"
)
_MODULES = re.compile(r"tf\.keras(\.(backend|layers|models|optimizers|utils))?")
_NN = re.compile(r"tf\.nn\.(elu|relu|selu|softmax|softplus|softsign)|tf\.(sigmoid|tanh)")

#: Keyword arguments of layers and optimizers that both have.
_ARGUMENTS = frozenset(
    {
        "activation",
        "axis",
        "beta_1",
        "beta_2",
        "bias_initializer",
        "center",
        "data_format",
        "depth_multiplier",
        "dims",
        "dilation_rate",
        "dtype",
        "epsilon",
        "filters",
        "input_dim",
        "input_shape",
        "inputs",
        "kernel_initializer",
        "kernel_regularizer",
        "kernel_size",
        "layers",
        "learning_rate",
        "momentum",
        "n",
        "name",
        "nesterov",
        "output_dim",
        "outputs",
        "padding",
        "pool_size",
        "rate",
        "rho",
        "scale",
        "shape",
        "strides",
        "target_shape",
        "units",
        "use_bias",
    }
)
_INITIALIZERS = frozenset(
    {"glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "lecun_normal"}
    | {"lecun_uniform", "ones", "random_normal", "random_uniform", "truncated_normal", "zeros"}
)
_OF_METHODS = {
    "compile": frozenset({"optimizer", "loss", "metrics", "loss_weights"}),
    "fit": frozenset(
        {
            "x",
            "y",
            "batch_size",
            "epochs",
            "verbose",
            "validation_split",
            "validation_data",
            "shuffle",
            "initial_epoch",
        }
    ),
    "evaluate": frozenset({"x", "y", "batch_size", "verbose"}),
    "predict": frozenset({"x", "batch_size", "verbose"}),
}
#: Methods and attributes of models that Keras 3 has not, or has with another meaning.
_CHANGED = frozenset(
    {
        "add_loss",
        "add_metric",
        "add_update",
        "decay",
        "evaluate_generator",
        "fit_generator",
        "get_input_at",
        "get_output_at",
        "get_shape",
        "input_names",
        "input_shape",
        "op",
        "output_names",
        "output_shape",
        "from_config",
        "input",
        "metrics_names",
        "optimizer",
        "output",
        "predict_classes",
        "predict_generator",
        "predict_proba",
        "save_weights",
        "to_json",
        "to_yaml",
        "total_loss",
        "uses_learning_phase",
        "_make_predict_function",
    }
)
#: How many arguments by position mean the same in both; of other layers and optimizers, three.
_POSITIONS = {
    "Input": 2,
    "Conv1D": 4,
    "Conv2D": 4,
    "Conv2DTranspose": 4,
    "SeparableConv2D": 4,
    "Adam": 4,
    "Model": 3,
    "compile": 2,
    "evaluate": 4,
    "fit": 5,
    "predict": 3,
    "train_on_batch": 2,
    "test_on_batch": 2,
}
#: What both record by the same name.
_RECORDS = frozenset({"acc", "loss", "val_acc", "val_loss"})
_H5 = re.compile(r"\.(h5|hdf5)$")


def check_references(
    module: Module, covered: Sequence[ast.AST], blocks: Sequence[ast.With]
) -> None:
    """Refuse a use of TensorFlow or Keras that is not known to mean the same in Keras 3.

    Args:
        module: the file.
        covered: statements that go, and expressions that the lift writes anew.
        blocks: those that hold the session.

    Raises:
        Refusal: names the symbol.
    """
    inside = {at for node in covered for at in ast.walk(node)}
    inside.update(at for block in blocks for item in block.items for at in ast.walk(item))
    for node, symbol in module.references():
        if node not in inside and not _is_same(module, node, symbol):
            sentence = f"`{symbol.spelled}` is not known to mean the same in Keras 3"
            raise Refusal(node, "keras", sentence)


def _is_same(module: Module, node: ast.expr, symbol: Symbol) -> bool:
    if symbol.via not in ("tf", "keras"):
        return False
    if symbol.via == "keras" and place(symbol.raw) != f"tensorflow.{symbol.raw}":
        return False  # Keras 3 has no such module
    parent = module.parents[node]
    if isinstance(parent, ast.Assign) and _MODULES.fullmatch(symbol.spelled):
        return True
    called = isinstance(parent, ast.Call) and parent.func is node
    layer = symbol.spelled.removeprefix("tf.keras.layers.")
    if layer in _LAYERS or symbol.spelled in _MADE:
        return called
    if _NN.fullmatch(symbol.spelled):
        return isinstance(parent, ast.keyword) and parent.arg == "activation"
    return _SAME.fullmatch(symbol.spelled) is not None


def check_calls(module: Module, covered: Sequence[ast.AST], finished: Set[ast.Call]) -> None:
    """Refuse calls with arguments that Keras 3 has not, and methods that it has changed.

    Args:
        module: the file.
        covered: statements that go, and expressions that the lift writes anew.
        finished: calls that end an export.

    Raises:
        Refusal: names the argument or the method.
    """
    inside = {at for node in covered for at in ast.walk(node)}
    for node in module.nodes:
        if node in inside or node in finished:
            continue
        if isinstance(node, ast.Call):
            symbol = module.symbol(node.func)
            if symbol is not None:
                _check_arguments(node, symbol)
            elif isinstance(node.func, ast.Attribute) and not _of_module(module, node.func):
                _check_method(node, node.func.attr)
        elif (
            isinstance(node, ast.Attribute)
            and node.attr in _CHANGED
            and module.symbol(node) is None
            and not _of_module(module, node)
        ):
            raise Refusal(node, "keras", f"`.{node.attr}` has changed in Keras 3")
    words = {n.value for n in module.nodes if isinstance(n, ast.Constant) and n.value != 0}
    if "accuracy" in words and words & {"acc", "val_acc"}:
        raise Refusal(module.tree, "keras", "Keras 3 records the metric `accuracy` by that name")
    _check_records(module)


def _check_records(module: Module) -> None:
    """Refuse a look at the records of training that may meet a metric by another name."""
    given = (k.arg for n in module.nodes if isinstance(n, ast.Call) for k in n.keywords)
    for node in module.by_name.get("history", ()) if "metrics" in given else ():
        parent = module.parents[node]
        if isinstance(node, ast.Name) or _of_module(module, node):
            continue
        key = parent.slice if isinstance(parent, ast.Subscript) else None
        if not isinstance(key, ast.Constant) or key.value not in _RECORDS:
            raise Refusal(node, "keras", "Keras 3 records metrics by other names")


def check_training(module: Module, phase: bool) -> None:
    """Refuse training that takes other steps in Keras 3.

    Over 40 steps from the same weights, SGD (with momentum, too) agreed to 1e-7 and Adam to 1e-6,
    but Adam not with embeddings (0.02), and RMSprop, Adagrad, Nadam and Adamax were 1e-3 off.

    Args:
        module: the file.
        phase: whether it sets the learning phase, which training in TensorFlow 1 obeyed.

    Raises:
        Refusal: names what differs.
    """
    trains = [at for name in ("fit", "train_on_batch") for at in module.by_name.get(name, ())]
    if not trains:
        return
    if phase:
        raise Refusal(trains[0], "keras", "it trains, and sets the learning phase to 0")
    if "trainable" in module.by_name:
        at = module.by_name["trainable"][0]
        raise Refusal(at, "keras", "layers that are not trainable normalize otherwise in Keras 3")
    kinds = set()
    for node in module.by_name.get("compile", ()):
        call = module.parents[node]
        if not isinstance(call, ast.Call) or _of_module_node(module, node):
            continue
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        optimizer = given.get("optimizer", call.args[0] if call.args else None)
        kind = _optimizer(module, optimizer)
        if kind is None:
            raise Refusal(node, "keras", "its optimizer is not known to take the same steps")
        kinds.add(kind)
    embeds = "Embedding" in module.by_name
    if embeds and "adam" in kinds:
        raise Refusal(trains[0], "keras", "Adam takes other steps with embeddings in Keras 3")


def _of_module_node(module: Module, node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and _of_module(module, node)


def _optimizer(module: Module, node: ast.expr | None) -> str | None:
    """Return ``sgd`` or ``adam``, or None for another optimizer or one that cannot be told."""
    if isinstance(node, ast.Name):
        _, bindings = module.find(node.id, module.scope_of[node])
        kinds = {_optimizer(module, one.value) if one.value else None for one in bindings}
        return kinds.pop() if len(kinds) == 1 else None
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        name = node.value.lower()
    elif isinstance(node, ast.Call) and (symbol := module.symbol(node.func)) is not None:
        name = symbol.spelled.removeprefix("tf.keras.optimizers.").lower()
    else:
        return None
    return name if name in ("sgd", "adam") else None


def _check_arguments(node: ast.Call, symbol: Symbol) -> None:
    if not symbol.spelled.startswith("tf.keras.") or _SAME.fullmatch(symbol.spelled):
        return
    name = symbol.spelled.rpartition(".")[2]
    _check_positions(node, name, 3)
    for keyword in node.keywords:
        if keyword.arg not in _ARGUMENTS:
            raise Refusal(node, "keras", f"`{name}` takes no `{keyword.arg or '**'}` in Keras 3")
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    for part in ("kernel_initializer", "bias_initializer"):
        value = given.get(part)
        if isinstance(value, ast.Constant) and value.value not in _INITIALIZERS:
            raise Refusal(node, "keras", f"the initializer {value.value!r} has changed")
    position = {"Activation": 0, "Dense": 1}.get(name)
    activation = given.get("activation")
    if position is not None and len(node.args) > position:
        activation = node.args[position]
    if isinstance(activation, ast.Constant):
        if activation.value is not None and activation.value not in ACTIVATIONS:
            raise Refusal(node, "keras", f"the activation {activation.value!r} has changed")
    elif isinstance(activation, ast.Name):
        raise Refusal(node, "keras", f"the activation `{activation.id}` cannot be told")


def _check_positions(node: ast.Call, name: str, most: int | None) -> None:
    most = _POSITIONS.get(name, most)
    if most is not None and (
        len(node.args) > most or any(isinstance(value, ast.Starred) for value in node.args)
    ):
        sentence = f"`{name}` takes its arguments in another order in Keras 3"
        raise Refusal(node, "keras", sentence)


def _check_method(node: ast.Call, name: str) -> None:
    _check_positions(node, name, None)
    allowed = _OF_METHODS.get(name)
    for keyword in node.keywords if allowed is not None else ():
        if keyword.arg not in (allowed or ()):
            raise Refusal(node, "keras", f"`{name}` is called with `{keyword.arg or '**'}`")
    if name in ("save", "load_weights"):
        path = node.args[0] if node.args else None
        word = path.value if isinstance(path, ast.Constant) else None
        if not isinstance(word, str) or len(node.args) != 1 or node.keywords:
            raise Refusal(node, "keras", f"the file of `{name}` cannot be told")
        if not _H5.search(word):
            raise Refusal(node, "keras", f"Keras 3's `{name}` takes no file called `{word}`")
    if name == "run":
        raise Refusal(node, "session", "it runs a session itself")


def _of_module(module: Module, node: ast.Attribute) -> bool:
    """Whether an attribute is one of an imported module that is none of TensorFlow's."""
    root: ast.expr = node
    while isinstance(root, ast.Attribute):
        root = root.value
    if not isinstance(root, ast.Name):
        return False
    _, bindings = module.find(root.id, module.scope_of[node])
    return bool(bindings) and all(
        isinstance(one.node, (ast.Import, ast.ImportFrom)) for one in bindings
    )
