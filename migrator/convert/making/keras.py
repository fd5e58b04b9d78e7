"""A Keras model in one file, as a reusable SavedModel with a signature of its own names.

The interface is that of a reusable SavedModel
(https://www.tensorflow.org/hub/reusable_saved_models): ``__call__`` with ``training``,
``variables``, ``trainable_variables`` and ``regularization_losses``.
"""

from __future__ import annotations

import keyword
import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import tensorflow as tf

from migrator.convert.making import CannotCarry
from migrator.worker.bare import DEFAULT_KEY
from migrator.worker.describe import read_saved_model
from migrator.worker.keras_models import Named, read_model

__all__ = ["make"]

#: What an attribute ``…_regularizer`` of a layer regularizes.
_REGULARIZED = ("{}", "{}_kernel", "{}s")


def make(request: Mapping[str, Any]) -> dict[str, Any]:
    """Write the SavedModel of a Keras file; return what was made of it.

    Args:
        request: as that of :func:`migrator.convert.making.make`, with ``kind`` ``keras``, and
            with ``trust`` where the model may run code of its own.

    Returns:
        What :func:`migrator.convert.making.make` returns.

    Raises:
        CannotCarry: an input or an output is none that a signature has, or a layer keeps a state;
            nothing is written.
        migrator.worker.common.CannotOpen: the file is damaged, or no Keras here can load it.
    """
    model, version = read_model(tf, dict(request))
    named = Named(model)
    specs = _specs(named)
    _refuse_state(model)
    call = _call(model, named)
    root = tf.train.Checkpoint()
    root.tables = _tables(model)
    root.variables = [_own(variable) for variable in model.variables]
    root.trainable_variables = [_own(variable) for variable in model.trainable_variables]
    root.regularization_losses = _losses(model)
    root.__call__ = _callable(call, named, specs)
    parameters = _parameters(named.inputs)
    signature = _signature(call, named, specs, parameters)
    tf.saved_model.save(root, request["target"], signatures={DEFAULT_KEY: signature})
    return {
        "signatures": {DEFAULT_KEY: _restore_keys(request["target"], parameters)},
        "variables": [_plain(variable) for variable in root.variables],
        "trainable_variables": [_plain(variable) for variable in root.trainable_variables],
        "regularization_losses": len(root.regularization_losses),
        "call": DEFAULT_KEY,
        "assets": [],
        "tags": [tf.saved_model.SERVING],
        "said": [f"Keras {version} wrote it; its optimizer, losses and metrics are left out."],
    }


def _own(variable: Any) -> Any:
    """Return TensorFlow's variable in one of Keras 3, which is a wrapper."""
    return variable if isinstance(variable, tf.Variable) else variable.value


def _plain(variable: Any) -> str:
    return str(variable.name).partition(":")[0]


def _layers(model: Any) -> Iterator[Any]:
    """Yield the layers of a model, and those in them."""
    if isinstance(model, tf.Module):
        yield from model.submodules
        return
    for layer in getattr(model, "layers", ()):  # Keras 3
        yield layer
        yield from _layers(layer)


def _refuse_state(model: Any) -> None:
    """Refuse a model that answers by what it was asked before, as two runs of it never agree.

    Raises:
        CannotCarry: a layer is stateful.
    """
    for layer in _layers(model):
        if getattr(layer, "stateful", False) is True and hasattr(layer, "states"):
            raise CannotCarry(
                f"its layer {layer.name!r} keeps a state from one call to the next",
                str(layer.name),
                "Save it with stateful=False, and with the states as inputs and outputs",
            )


def _tables(model: Any) -> list[Any]:
    """Return the tables of a model, which its functions need besides the variables.

    The model itself is not saved: with it would be everything that Keras loads it by.
    """
    found = tf.train.TrackableView(model).descendants()
    return [one for one in found if hasattr(one, "resource_handle")]


def _specs(named: Named) -> dict[str, Any]:
    """Return input name → ``tf.TensorSpec``.

    Raises:
        CannotCarry: an input is sparse or ragged, or two inputs or outputs have one name.
    """
    model = named.model
    for group, found in (("inputs", named.inputs), ("outputs", named.outputs)):
        number = len(getattr(model, group))
        if len(found) != number:
            raise CannotCarry(
                f"it has {number} {group} under the names {', '.join(found)}",
                advice="Give these layers names of their own, and save it again",
            )
    specs = {}
    for name, tensor in named.inputs.items():
        kind = getattr(tensor, "type_spec", None)
        if getattr(tensor, "sparse", False) or not isinstance(kind, tf.TensorSpec | None):
            raise CannotCarry(
                f"its input {name!r} is no dense tensor",
                name,
                "Export it with tf.saved_model.save and a signature of your own",
            )
        specs[name] = tf.TensorSpec(tensor.shape, tf.as_dtype(tensor.dtype))
    return specs


#: Takes the inputs by name and whether it trains; returns the outputs in their order.
_Call = Callable[[Mapping[str, Any], bool], list[Any]]


def _call(model: Any, named: Named) -> _Call:
    """Return what calls a model on its inputs by their names."""
    structure = getattr(model, "_inputs_struct", None)  # as migrator.worker calls it

    def call(inputs: Mapping[str, Any], training: bool) -> list[Any]:
        tensors = [inputs[name] for name in named.inputs]
        given: Any = tensors if len(tensors) > 1 else tensors[0]
        if isinstance(structure, dict):
            given = dict(zip(sorted(structure), tensors, strict=True))
        found = model(given, training=training)
        if isinstance(found, dict):
            return [found[name] for name in sorted(found)]
        return list(found) if isinstance(found, list | tuple) else [found]

    return call


def _callable(call: _Call, named: Named, specs: Mapping[str, Any]) -> Any:
    """Return the ``tf.function`` that is ``__call__``, traced for training and not.

    It takes a tensor, or a dict of several, and returns likewise.
    """
    outputs = list(named.outputs)

    def __call__(inputs: Any, training: bool = False) -> Any:  # its name is seen in errors
        given = inputs if len(specs) > 1 else dict.fromkeys(specs, inputs)
        found = call(given, training)
        return dict(zip(outputs, found, strict=True)) if len(found) > 1 else found[0]

    function = tf.function(__call__, autograph=False)
    given: Any = dict(specs) if len(specs) > 1 else next(iter(specs.values()))
    for training in (False, True):
        function.get_concrete_function(given, training=training)
    return function


def _signature(
    call: _Call, named: Named, specs: Mapping[str, Any], parameters: Mapping[str, str]
) -> Any:
    """Return the ``tf.function`` of the signature: not training."""
    wanted = [
        tf.TensorSpec(spec.shape, spec.dtype, name=parameters[name]) for name, spec in specs.items()
    ]

    def signature(*tensors: Any) -> dict[str, Any]:
        found = call(dict(zip(specs, tensors, strict=True)), False)
        return dict(zip(named.outputs, map(tf.identity, found), strict=True))

    return tf.function(signature, input_signature=wanted, autograph=False)


def _parameters(names: Mapping[str, Any]) -> dict[str, str]:
    """Return input name → the name of a Python parameter, which a signature's input has to be."""
    found: dict[str, str] = {}
    for name in names:
        plain = re.sub(r"\W", "_", name, flags=re.ASCII)
        if not plain[:1].isalpha() or keyword.iskeyword(plain):
            plain = f"arg_{plain}"
        while plain in found.values() or (plain != name and plain in names):
            plain += "_"
        found[name] = plain
    return found


def _restore_keys(target: str, parameters: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Give the signature the model's own names; return it, key → tensor name."""
    model = read_saved_model(target)
    (graph,) = model.meta_graphs
    inputs = graph.signature_def[DEFAULT_KEY].inputs
    outputs = graph.signature_def[DEFAULT_KEY].outputs
    infos = {name: inputs[parameters[name]].SerializeToString() for name in parameters}
    if any(name != parameter for name, parameter in parameters.items()):
        inputs.clear()
        for name, info in infos.items():
            inputs[name].ParseFromString(info)
        path = os.path.join(target, "saved_model.pb")
        with open(path + ".part", "wb") as file:
            file.write(model.SerializeToString(deterministic=True))
        os.replace(path + ".part", path)
        fingerprint = os.path.join(target, "fingerprint.pb")
        if os.path.exists(fingerprint):  # it is that of the file that was replaced
            os.remove(fingerprint)
    return {
        "inputs": {name: info.name for name, info in sorted(inputs.items())},
        "outputs": {name: info.name for name, info in sorted(outputs.items())},
    }


def _losses(model: Any) -> list[Any]:
    """Return a function without arguments for each variable that a layer regularizes.

    Keras 3 notes the regularizer at the variable, Keras 2 at the layer:
    ``recurrent_regularizer`` is that of ``recurrent_kernel``.
    """
    found: dict[str, tuple[Any, Any]] = {}
    for variable in model.trainable_variables:
        regularizer = getattr(variable, "regularizer", None)
        if regularizer is not None:
            found[str(id(variable))] = (regularizer, variable)
    for layer in _layers(model):
        for attribute, regularizer in sorted(vars(layer).items()):
            stem, ending, rest = attribute.partition("_regularizer")
            if not ending or rest or not callable(regularizer):
                continue
            variables = [getattr(layer, form.format(stem), None) for form in _REGULARIZED]
            variable = next((one for one in variables if isinstance(one, tf.Variable)), None)
            if variable is not None:
                found.setdefault(str(id(variable)), (regularizer, variable))
    return [_loss(regularizer, variable) for regularizer, variable in found.values()]


def _loss(regularizer: Any, variable: Any) -> Any:
    def loss() -> Any:
        return tf.convert_to_tensor(regularizer(variable))

    return tf.function(loss, input_signature=[], autograph=False)
