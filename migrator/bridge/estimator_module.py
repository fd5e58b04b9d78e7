"""An Estimator's model as it predicts, without a session: to be called and exported.

Part of ``tf2_bridge``, with the other ``estimator`` modules and those of graphs and their exports.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import tensorflow as tf

from migrator.bridge.estimator_export import _in_new_folder
from migrator.bridge.estimator_outputs import _signature_defs
from migrator.bridge.estimator_run import Estimator
from migrator.bridge.estimator_spec import ModeKeys
from migrator.bridge.graph_export import _state
from migrator.bridge.graph_module import GraphModule, graph
from migrator.bridge.serving import _asset_path, _check_init_op, _Export

__all__ = ["EstimatorModule", "estimator_module"]


class EstimatorModule(tf.Module):  # type: ignore[misc]
    """The PREDICT branch of a ``model_fn``, with the values of an Estimator's checkpoint.

    ::

        module = estimator_module(model_fn, serving_input_receiver_fn, model_dir, params=params)
        with module.export(export_dir_base):
            tf.saved_model.save(module, module.export_dir, signatures=module.signatures)

    Calling it gives the predictions of what is fed to the receiver's tensors.

    Attributes:
        export_dir: the folder to save to in the block of :meth:`export`, after it the one that was
            made; empty before.
        graph_variables: those that the signatures need, under their TF1 names.
        tables: lookup tables that the signatures need.
        assets: the files of the ``ASSET_FILEPATHS`` collection, and those that fill tables.
        signatures: the functions to give to ``tf.saved_model.save``, by signature key.
    """

    def __init__(
        self, export: _Export, state: Mapping[str, Any], assets: list[str], call: Any
    ) -> None:
        super().__init__()
        export.make(state)
        self.export_dir = ""
        self.graph_variables = [one for one in state.values() if isinstance(one, tf.Variable)]
        self.tables = [one for one in state.values() if not isinstance(one, tf.Variable)]
        self.assets = [tf.saved_model.Asset(path) for path in assets]
        self._export = export
        self._call = call

    @property
    def signatures(self) -> dict[str, Any]:
        """The functions of the signatures, by their keys."""
        return dict(self._export.functions)

    def __call__(self, features: Any) -> Any:
        """Return the predictions as NumPy arrays.

        Args:
            features: maps the names of the receiver's tensors to arrays; of a receiver of one
                tensor, the array will do.
        """
        return self._call(features)

    @contextlib.contextmanager
    def export(
        self, export_dir_base: Any, assets_extra: Any = None, as_text: bool = False
    ) -> Iterator[EstimatorModule]:
        """Let the block save the module to a folder with the time as its name.

        As ``Estimator.export_saved_model`` did: the folder gets its name when all is written, and
        what is saved the signature keys, method names and tensor names of TensorFlow 1.

        Args:
            export_dir_base: the folder above.
            assets_extra: maps paths in the folder ``assets.extra`` to the files to copy there.
            as_text: write ``saved_model.pbtxt``.

        Raises:
            ValueError: the block saved nothing.
        """
        with _in_new_folder(export_dir_base, assets_extra, as_text) as (made_in, folder):
            self.export_dir = made_in
            yield self
            self._export.restore_names(made_in)
        self.export_dir = folder


def estimator_module(
    model_fn: Callable[..., Any],
    serving_input_receiver_fn: Callable[[], Any],
    checkpoint: Any,
    params: Any = None,
    config: Any = None,
) -> EstimatorModule:
    """Return what ``tf.estimator.Estimator(...).export_saved_model(...)`` exports, as a module.

    Args:
        model_fn: of the Estimator; it is called once, with ``mode="infer"``.
        serving_input_receiver_fn: returns a receiver.
        checkpoint: the Estimator's ``model_dir``, of which the latest checkpoint is restored, or a
            checkpoint prefix. None takes the folder in ``config``.
        params: what ``model_fn`` gets as such.
        config: a ``RunConfig``.

    Raises:
        ValueError: there is no checkpoint, it lacks a variable, the ``Scaffold`` has a saver of its
            own, or a signature needs something that cannot be exported.
    """
    if serving_input_receiver_fn is None:
        raise ValueError("An input_receiver_fn must be defined.")
    prefix, model_dir = None, checkpoint
    if checkpoint is not None:
        checkpoint = tf.compat.as_str(tf.compat.path_to_str(checkpoint))
        if not tf.io.gfile.isdir(checkpoint) and tf.io.gfile.exists(f"{checkpoint}.index"):
            prefix, model_dir = checkpoint, checkpoint.rpartition("/")[0] or "."
    runs = Estimator(model_fn, model_dir, config, params)
    prefix = prefix or runs.latest_checkpoint()
    if not prefix:
        raise ValueError(f"Couldn't find trained model at {runs.model_dir}.")
    predicting = _Predicting()
    signatures, init_op, paths = predicting.build(runs, serving_input_receiver_fn)
    try:
        predicting.make_saver().restore(prefix)
    except tf.errors.NotFoundError as error:
        raise ValueError(
            "Could not load all requested variables from checkpoint. Please make sure your model_fn"
            " does not expect variables that were not saved in the checkpoint"
            f" {prefix}: {error}"
        ) from error
    build = predicting._graph_build()
    with build.graph.as_default():
        export = _Export(build.graph, signatures, ("serve",), build.captured)
    _check_init_op(init_op, export.needed)
    state = {name: _state(build, name, op) for name, op in export.needed.items()}
    return EstimatorModule(export, state, paths, predicting.call)


class _Predicting(GraphModule):
    """The graph of an Estimator's PREDICT branch."""

    @graph
    def build(self, runs: Estimator, receiver_fn: Callable[[], Any]) -> tuple[Any, Any, list[str]]:
        """Build it; return the signatures, what initializes them, and the paths of assets."""
        here = tf.compat.v1.get_default_graph()
        tf.compat.v1.set_random_seed(runs.config.tf_random_seed)
        runs._create_global_step(here)
        receiver = receiver_fn()
        spec = runs._call_model_fn(
            receiver.features, getattr(receiver, "labels", None), ModeKeys.PREDICT, runs.config
        )
        if spec.scaffold.saver is not None:
            raise ValueError(
                "The Scaffold of the EstimatorSpec has a saver of its own, which restores other"
                " values than those of the variables' names (moving averages): export with"
                " estimator.Estimator in a session."
            )
        given = receiver.receiver_tensors
        self._by_name = self.function(given, spec.predictions)
        self._names = list(given)
        signatures = _signature_defs(receiver, spec.export_outputs)
        collected = here.get_collection(tf.compat.v1.GraphKeys.ASSET_FILEPATHS)
        paths = [*map(_asset_path, collected), *_files_of_tables(here)]
        return signatures, spec.scaffold.local_init_op, list(dict.fromkeys(paths))

    def call(self, features: Any) -> Any:
        """Run the predictions."""
        if not isinstance(features, Mapping):
            if len(self._names) != 1:
                raise TypeError(f"give a dict of {', '.join(self._names)}, not one value")
            features = {self._names[0]: features}
        return self._by_name(**features)


def _files_of_tables(here: Any) -> Iterator[str]:
    """Yield the files that tables are filled from, whose paths a build holds outside of it."""
    outside = {inner.op.name: outer for outer, inner in here.captures}
    for op in here.get_operations():
        if op.type == "InitializeTableFromTextFileV2" and op.inputs[1].op.name in outside:
            yield tf.compat.as_str(outside[op.inputs[1].op.name].numpy())
