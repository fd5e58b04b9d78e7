"""Export a Keras model with the signatures that TF1 exported it with.

Part of ``tf2_bridge``, with :mod:`migrator.bridge.serving`: uses TensorFlow's public API only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from migrator.bridge.serving import _Export, _ServingModule
from migrator.bridge.slices import _TABLES

__all__ = ["KerasModule", "keras_module", "named_outputs"]

#: The last operation of a layer, by its activation; TF1 named the layer's output after it.
_OPERATIONS = {
    "elu": "Elu",
    "linear": "BiasAdd",
    "relu": "Relu",
    "selu": "Selu",
    "sigmoid": "Sigmoid",
    "softmax": "Softmax",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "tanh": "Tanh",
}


class KerasModule(_ServingModule):
    """A ``tf.Module`` of what Keras models compute, in the place of TF1's ``SavedModelBuilder``.

    ::

        module = KerasModule(export_dir)
        module.add_model({"serving_default": ({"x": model.inputs[0]}, {"y": model.outputs[0]})})
        with module:
            tf.saved_model.save(module, module.export_dir, signatures=module.signatures)

    The layers run as for prediction (``training=False``), and the module holds the models' own
    variables, in ``graph_variables``. Leaving the ``with`` block gives the saved signatures the
    keys and method names that TF1 wrote.

    Raises:
        AssertionError: ``export_dir`` exists and is not empty, as TF1's builder does.
    """

    def add_model(self, signatures: Mapping[str, Any]) -> KerasModule:
        """Take the layers between inputs and outputs, with the values of their variables.

        Args:
            signatures: maps a key to ``(inputs, outputs)`` or ``(inputs, outputs, method_name)``,
                where inputs and outputs map names to the symbolic tensors of a functional or
                sequential model, as ``model.inputs`` and ``model.outputs`` hold them.

        Raises:
            AssertionError: a model was added already.
            TypeError: a signature is not one.
            ValueError: its outputs need an input that it does not have.
        """
        if self._export is not None:
            raise AssertionError("TensorFlow 2 writes one meta graph per directory")
        symbolic: dict[int, Any] = {}
        for key, value in signatures.items():
            if not isinstance(value, (tuple, list)) or len(value) not in (2, 3):
                raise TypeError(f"signature {key!r} must be (inputs, outputs[, method_name])")
            symbolic.update({id(one): one for one in value[0].values()})
        given = list(symbolic.values())
        specs = [tf.TensorSpec(one.shape, one.dtype, name=_placeholder_name(one)) for one in given]
        models = {
            key: tf.keras.Model(list(value[0].values()), dict(value[1]))
            for key, value in signatures.items()
        }

        @tf.function(input_signature=specs, autograph=False)  # type: ignore[untyped-decorator]
        def compute(*tensors: Any) -> Any:
            fed = dict(zip(symbolic, tensors, strict=True))
            return {
                key: models[key]([fed[id(one)] for one in value[0].values()], training=False)
                for key, value in signatures.items()
            }

        concrete = compute.get_concrete_function()
        graph = concrete.graph
        placeholders = dict(zip(symbolic, concrete.inputs, strict=False))
        captured = {inner.op.name: outer for outer, inner in graph.captures}
        flat = iter(concrete.outputs)  # in the order of the sorted keys
        made = {
            key: {name: next(flat) for name in sorted(signatures[key][1])}
            for key in sorted(signatures)
        }
        named = {
            key: (
                {name: placeholders[id(one)] for name, one in value[0].items()},
                made[key],
                *value[2:],
            )
            for key, value in signatures.items()
        }
        with graph.as_default():
            export = _Export(graph, named, ("serve",), captured)
        handles = {id(one.handle): one for one in graph.variables}
        state: dict[str, Any] = {}
        for name, op in export.needed.items():
            variable = handles.get(id(captured.get(name)))
            if variable is None:
                kind = "a table" if op.type in _TABLES else "state outside of the model"
                raise ValueError(f"node {name!r} cannot be exported: it holds {kind}")
            state[name] = variable
        export.make(state)
        self.graph_variables = list(state.values())
        self._export = export
        return self


def keras_module(
    export_dir: Any, inputs: Mapping[str, Any], outputs: Mapping[str, Any]
) -> KerasModule:
    """Return a KerasModule of one signature; takes what ``tf.saved_model.simple_save`` took."""
    return KerasModule(export_dir).add_model({"serving_default": (inputs, outputs)})


def named_outputs(model: Any) -> dict[str, Any]:
    """Return the outputs of a model by the names that TF1 gave them, ``dense_1/Softmax:0``.

    Raises:
        ValueError: a layer's name for its output cannot be told.
    """
    found: dict[str, Any] = {}
    for tensor in model.outputs:
        layer = next((one for one in model.layers if _makes(one, tensor)), None)
        activation = getattr(getattr(layer, "activation", None), "__name__", "")
        name = _OPERATIONS.get(activation)
        if name == "BiasAdd" and not getattr(layer, "use_bias", False):
            name = None
        if name == "Softmax" and len(tensor.shape) != 2:
            name = None  # TF1 computed it in steps
        if layer is None or name is None:
            raise ValueError("give the outputs of this model names of your own: {'scores': ...}")
        found[f"{layer.name}/{name}:0"] = tensor
    return found


def _makes(layer: Any, tensor: Any) -> bool:
    """Say whether a layer was called once, and made ``tensor``."""
    try:
        return layer.output is tensor
    except (AttributeError, ValueError):
        return False


def _placeholder_name(tensor: Any) -> str:
    """Return what to call the placeholder of a symbolic tensor."""
    return str(tensor.name).partition(":")[0]
