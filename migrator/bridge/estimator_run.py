"""An Estimator: what trains, evaluates and runs a ``model_fn`` and keeps its checkpoints.

Part of ``tf2_bridge``, with the other ``estimator`` modules.
"""

from __future__ import annotations

import copy
import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from migrator.bridge.estimator_checkpoints import (
    _reader,
    _step_of,
    _TrainingSaver,
    _warm_start_settings,
    _write_metrics,
)
from migrator.bridge.estimator_export import _export
from migrator.bridge.estimator_spec import EstimatorSpec, ModeKeys, RunConfig, _parameters

__all__: list[str] = []

_v1 = tf.compat.v1
_ARGUMENTS = {"features", "labels", "mode", "params", "config"}


class Estimator:
    """What ``tf.estimator.Estimator`` was: sessions are opened and closed by its methods.

    Its checkpoints are name-based ones, because the graph is finalized in which they are written:
    TensorFlow 1's Estimator goes on from them. Its exports are SavedModels of TensorFlow 2.

    Raises:
        ValueError: ``model_fn`` or ``config`` is none, or ``model_dir`` is given twice.
    """

    def __init__(
        self,
        model_fn: Callable[..., Any],
        model_dir: Any = None,
        config: Any = None,
        params: Any = None,
        warm_start_from: Any = None,
    ) -> None:
        self._config = _configured(config, model_dir)
        self._model_dir = self._config.model_dir
        self._session_config = self._config.session_config
        if model_fn is None:
            raise ValueError("model_fn must be provided to Estimator.")
        names = set(_parameters(model_fn))
        if "features" not in names or names - _ARGUMENTS:
            raise ValueError(f"model_fn must take features, and of {_ARGUMENTS} only: {names}")
        if params is not None and "params" not in names:
            raise ValueError(f"model_fn does not include params argument, but params are {params}")
        self._model_fn = model_fn
        self._params = copy.deepcopy(params or {})
        self._warm_start_settings = _warm_start_settings(warm_start_from)

    @property
    def model_dir(self) -> Any:
        """The folder of the checkpoints."""
        return self._model_dir

    @property
    def config(self) -> Any:
        """A copy of the configuration."""
        return copy.deepcopy(self._config)

    @property
    def params(self) -> Any:
        """A copy of what ``model_fn`` gets as ``params``."""
        return copy.deepcopy(self._params)

    @property
    def model_fn(self) -> Callable[..., Any]:
        """The ``model_fn``, with ``params`` bound."""

        def public_model_fn(features: Any, labels: Any, mode: str, config: Any) -> Any:
            return self._call_model_fn(features, labels, mode, config)

        return public_model_fn

    def get_variable_value(self, name: str) -> Any:
        """Return the array of a variable in the latest checkpoint."""
        self._check_trained()
        return tf.train.load_variable(self.model_dir, name)

    def get_variable_names(self) -> list[str]:
        """Return the names of the variables in the latest checkpoint."""
        self._check_trained()
        return [name for name, _ in tf.train.list_variables(self.model_dir)]

    def latest_checkpoint(self) -> Any:
        """Return the prefix of the latest checkpoint, or None."""
        return tf.train.latest_checkpoint(self.model_dir)

    def eval_dir(self, name: str | None = None) -> str:
        """Return the folder of the metrics of an evaluation."""
        return os.path.join(self._model_dir, f"eval_{name}" if name else "eval")

    def train(
        self,
        input_fn: Callable[..., Any],
        hooks: Any = None,
        steps: int | None = None,
        max_steps: int | None = None,
        saving_listeners: Any = None,
    ) -> Any:
        """Train from the latest checkpoint on, and return this Estimator.

        Args:
            input_fn: returns a ``tf.data.Dataset`` or tensors, of features or of features and
                labels.
            hooks: session run hooks.
            steps: how many to make.
            max_steps: how many to have made in all.
            saving_listeners: of what saves the checkpoints.
        """
        if steps is not None and max_steps is not None:
            raise ValueError("Can not provide both steps and max_steps.")
        for name, value in (("steps", steps), ("max_steps", max_steps)):
            if value is not None and value <= 0:
                raise ValueError(f"Must specify {name} > 0, given: {value}")
        if max_steps is not None and max_steps <= _step_of(self._model_dir):
            tf.get_logger().info("Skipping training since max_steps has already saved.")
            return self
        hooks = _checked(hooks)
        if steps is not None or max_steps is not None:
            hooks.append(_v1.train.StopAtStepHook(steps, max_steps))
        for one in saving_listeners or ():
            if not isinstance(one, _v1.train.CheckpointSaverListener):
                raise TypeError(f"saving_listeners must be CheckpointSaverListeners: {one}")
        loss = self._train_model(input_fn, hooks, list(saving_listeners or ()))
        tf.get_logger().info("Loss for final step: %s.", loss)
        return self

    def _train_model(self, input_fn: Any, hooks: Any, listeners: Any) -> Any:
        config = self._config
        with tf.Graph().as_default() as graph, graph.device(config.device_fn):
            _v1.set_random_seed(config.tf_random_seed)
            self._create_global_step(graph)
            features, labels, all_hooks = self._inputs(input_fn, ModeKeys.TRAIN)
            spec = self._call_model_fn(features, labels, ModeKeys.TRAIN, self.config)
            if self._warm_start_settings:
                _v1.train.warm_start(*self._warm_start_settings)
            keys = _v1.GraphKeys
            if all(one.op.name != "loss" for one in _v1.get_collection(keys.SUMMARIES)):
                _v1.summary.scalar("loss", spec.loss)
            _v1.add_to_collection(keys.LOSSES, spec.loss)
            all_hooks += [*hooks, _v1.train.NanTensorHook(spec.loss)]
            if config.log_step_count_steps is not None:
                shown = {"loss": spec.loss, "step": _v1.train.get_global_step(graph)}
                all_hooks.append(
                    _v1.train.LoggingTensorHook(shown, every_n_iter=config.log_step_count_steps)
                )
            all_hooks += spec.training_hooks
            if not (spec.scaffold.saver or _v1.get_collection(keys.SAVERS)):
                saver = _TrainingSaver(
                    self.latest_checkpoint(),
                    sharded=True,
                    max_to_keep=config.keep_checkpoint_max,
                    keep_checkpoint_every_n_hours=config.keep_checkpoint_every_n_hours,
                    defer_build=True,
                    save_relative_paths=True,
                )
                _v1.add_to_collection(keys.SAVERS, saver)
            chief_hooks = [*self._saver_hooks(spec, all_hooks, listeners)]
            with _v1.train.MonitoredTrainingSession(
                checkpoint_dir=self._model_dir,
                scaffold=spec.scaffold,
                hooks=all_hooks,
                chief_only_hooks=[*chief_hooks, *spec.training_chief_hooks],
                save_checkpoint_secs=0,  # a hook saves
                save_summaries_steps=config.save_summary_steps,
                config=self._session_config,
                log_step_count_steps=config.log_step_count_steps,
            ) as session:
                loss = None
                while not session.should_stop():
                    _, loss = session.run([spec.train_op, spec.loss])
        if loss is None:
            tf.get_logger().warning("Training with estimator made no steps: the input is empty.")
        return loss

    def _saver_hooks(self, spec: Any, hooks: list[Any], listeners: list[Any]) -> list[Any]:
        """Return the hook that saves, unless there is one, which then gets the listeners."""
        config = self._config
        given = [
            one
            for one in (*hooks, *spec.training_chief_hooks)
            if isinstance(one, _v1.train.CheckpointSaverHook)
        ]
        if given:
            known = given[0]._listeners  # no public name, and the hook takes none later on
            known.extend(one for one in listeners if one not in known)
            return []
        if config.save_checkpoints_secs or config.save_checkpoints_steps:
            return [
                _v1.train.CheckpointSaverHook(
                    self._model_dir,
                    save_secs=config.save_checkpoints_secs,
                    save_steps=config.save_checkpoints_steps,
                    scaffold=spec.scaffold,
                    listeners=listeners,
                )
            ]
        if listeners:
            raise ValueError(
                "saving_listeners need save_checkpoints_steps or save_checkpoints_secs"
            )
        return []

    def evaluate(
        self,
        input_fn: Callable[..., Any],
        steps: int | None = None,
        hooks: Any = None,
        checkpoint_path: Any = None,
        name: str | None = None,
    ) -> dict[str, Any]:
        """Return the metrics, the mean loss and the global step of a checkpoint.

        Args:
            input_fn: as of :meth:`train`.
            steps: how many batches; all of ``input_fn`` by default.
            hooks: session run hooks.
            checkpoint_path: its prefix; the latest by default, and initial values without one.
            name: of the folder that the metrics are written to, too.
        """
        all_hooks = _checked(hooks)
        if steps is not None and steps <= 0:
            raise ValueError(f"Must specify steps > 0, given: {steps}")
        checkpoint_path = checkpoint_path or self.latest_checkpoint()
        with tf.Graph().as_default() as graph:
            _v1.set_random_seed(self._config.tf_random_seed)
            self._create_global_step(graph)
            features, labels, input_hooks = self._inputs(input_fn, ModeKeys.EVAL)
            spec = self._call_model_fn(features, labels, ModeKeys.EVAL, self.config)
            metrics = spec.eval_metric_ops
            for taken in ("loss", "global_step"):
                if taken in metrics:
                    raise ValueError(
                        f'Metric with name "{taken}" is not allowed, it has a meaning.'
                    )
            metrics = {**metrics, "loss": _v1.metrics.mean(spec.loss)}
            values = {key: value for key, (value, _) in metrics.items()}
            values["global_step"] = _v1.train.get_global_step(graph)
            update = tf.group(*(op for _, (_, op) in sorted(metrics.items())))
            scaffold = spec.scaffold
            if not checkpoint_path and self._warm_start_settings:
                _v1.train.warm_start(*self._warm_start_settings)
            if scaffold.local_init_op is not None:
                usual = _v1.train.Scaffold.default_local_init_op()
                scaffold = _v1.train.Scaffold(
                    local_init_op=tf.group(scaffold.local_init_op, usual),
                    copy_from_scaffold=scaffold,
                )
            final = _v1.train.FinalOpsHook(values)
            all_hooks = [*input_hooks, *all_hooks, *spec.evaluation_hooks, final]
            with self._session(scaffold, checkpoint_path, all_hooks) as session:
                done = 0
                while not session.should_stop() and done != steps:
                    session.run(update)
                    done += 1
        found: dict[str, Any] = final.final_ops_values
        _write_metrics(self.eval_dir(name), found, checkpoint_path)
        return found

    def predict(
        self,
        input_fn: Callable[..., Any],
        predict_keys: Any = None,
        hooks: Any = None,
        checkpoint_path: Any = None,
        yield_single_examples: bool = True,
    ) -> Iterator[Any]:
        """Yield the predictions of each example, or of each batch.

        Args:
            input_fn: as of :meth:`train`; labels are not looked at.
            predict_keys: those of the predictions that are wanted; all by default.
            hooks: session run hooks.
            checkpoint_path: its prefix; the latest by default, and initial values without one.
            yield_single_examples: False yields batches.
        """
        all_hooks = _checked(hooks)
        checkpoint_path = checkpoint_path or self.latest_checkpoint()
        with tf.Graph().as_default() as graph:
            _v1.set_random_seed(self._config.tf_random_seed)
            self._create_global_step(graph)
            features, _, input_hooks = self._inputs(input_fn, ModeKeys.PREDICT)
            spec = self._call_model_fn(features, None, ModeKeys.PREDICT, self.config)
            if not checkpoint_path and self._warm_start_settings:
                _v1.train.warm_start(*self._warm_start_settings)
            wanted = spec.predictions
            if predict_keys:
                if not isinstance(wanted, dict):
                    raise ValueError(
                        "predict_keys argument is not valid in case of non-dict predictions."
                    )
                wanted = {key: value for key, value in wanted.items() if key in predict_keys}
                if not wanted:
                    raise ValueError(
                        f"Expected to run at least one output from {list(spec.predictions)}, "
                        f"provided {predict_keys}."
                    )
            all_hooks = [*input_hooks, *all_hooks, *spec.prediction_hooks]
            with self._session(spec.scaffold, checkpoint_path, all_hooks) as session:
                while not session.should_stop():
                    batch = session.run(wanted)
                    if not yield_single_examples:
                        yield batch
                    elif isinstance(batch, dict):
                        if len({len(values) for values in batch.values()}) > 1:
                            raise ValueError("Batch length of predictions should be same.")
                        for index in range(len(next(iter(batch.values())))):
                            yield {key: values[index] for key, values in batch.items()}
                    else:
                        yield from batch

    def export_saved_model(
        self,
        export_dir_base: Any,
        serving_input_receiver_fn: Callable[[], Any],
        assets_extra: Any = None,
        as_text: bool = False,
        checkpoint_path: Any = None,
        experimental_mode: str = ModeKeys.PREDICT,
    ) -> bytes:
        """Export a SavedModel of TensorFlow 2 to a folder with the time as its name; return it.

        Args:
            export_dir_base: the folder above.
            serving_input_receiver_fn: returns a receiver.
            assets_extra: maps paths in the folder ``assets.extra`` to the files to copy there.
            as_text: write ``saved_model.pbtxt``.
            checkpoint_path: its prefix; the latest by default.
            experimental_mode: only PREDICT.

        Raises:
            ValueError: there is no checkpoint, it lacks a variable, or the mode is another.
        """
        if serving_input_receiver_fn is None:
            raise ValueError("An input_receiver_fn must be defined.")
        if experimental_mode != ModeKeys.PREDICT:
            raise ValueError(f"Only PREDICT can be exported here, not {experimental_mode!r}.")
        checkpoint_path = checkpoint_path or self.latest_checkpoint()
        if not checkpoint_path and self._warm_start_settings:
            checkpoint_path = self._warm_start_settings.ckpt_to_initialize_from
            if tf.io.gfile.isdir(checkpoint_path):
                checkpoint_path = tf.train.latest_checkpoint(checkpoint_path)
        if not checkpoint_path:
            raise ValueError(f"Couldn't find trained model at {self._model_dir}.")
        with tf.Graph().as_default() as graph:
            self._create_global_step(graph)
            _v1.set_random_seed(self._config.tf_random_seed)
            receiver = serving_input_receiver_fn()
            spec = self._call_model_fn(
                receiver.features, getattr(receiver, "labels", None), ModeKeys.PREDICT, self.config
            )
            saver = _reader(spec.scaffold.saver, checkpoint_path) or _v1.train.Saver(sharded=True)
            with _v1.Session(config=self._session_config) as session:
                try:
                    saver.restore(session, checkpoint_path)
                except tf.errors.NotFoundError as error:
                    raise ValueError(
                        "Could not load all requested variables from checkpoint. Please make sure"
                        " your model_fn does not expect variables that were not saved in the"
                        f" checkpoint {checkpoint_path}: {error}"
                    ) from error
                return _export(session, spec, receiver, export_dir_base, assets_extra, as_text)

    def export_savedmodel(
        self,
        export_dir_base: Any,
        serving_input_receiver_fn: Callable[[], Any],
        assets_extra: Any = None,
        as_text: bool = False,
        checkpoint_path: Any = None,
        strip_default_attrs: bool = False,
    ) -> bytes:
        """Do what :meth:`export_saved_model` does, under its older name."""
        return self.export_saved_model(
            export_dir_base, serving_input_receiver_fn, assets_extra, as_text, checkpoint_path
        )

    def _create_global_step(self, graph: Any) -> Any:
        return _v1.train.create_global_step(graph)

    def _check_trained(self) -> None:
        if not self.latest_checkpoint():
            raise ValueError(f"Could not find trained model in model_dir: {self.model_dir}.")

    def _call_input_fn(self, input_fn: Callable[..., Any], mode: str) -> Any:
        given = {"mode": mode, "params": self.params, "config": self.config}
        names = _parameters(input_fn)
        with tf.device("/cpu:0"):
            return input_fn(**{name: value for name, value in given.items() if name in names})

    def _call_model_fn(self, features: Any, labels: Any, mode: str, config: Any) -> Any:
        names = _parameters(self._model_fn)
        if labels is not None and "labels" not in names:
            raise ValueError("model_fn does not take labels, but input_fn returns labels.")
        given = {"labels": labels, "mode": mode, "params": self.params, "config": config}
        spec = self._model_fn(
            features=features, **{name: given[name] for name in given if name in names}
        )
        if not isinstance(spec, EstimatorSpec):
            raise ValueError("model_fn should return an EstimatorSpec.")
        return spec

    def _inputs(self, input_fn: Callable[..., Any], mode: str) -> tuple[Any, Any, list[Any]]:
        """Return features, labels, and what initializes their iterator."""
        result, hooks = self._call_input_fn(input_fn, mode), []
        if isinstance(result, tf.data.Dataset):
            iterator = _v1.data.make_initializable_iterator(result)
            hooks.append(_RunAtStart(iterator.initializer))
            result = iterator.get_next()
        if not isinstance(result, (list, tuple)):
            return result, None, hooks
        if len(result) != 2:
            raise ValueError("input_fn should return (features, labels) as a len 2 tuple.")
        features, labels = result
        return features, labels, hooks

    def _session(self, scaffold: Any, checkpoint_path: Any, hooks: list[Any]) -> Any:
        reader = _reader(scaffold.saver, checkpoint_path)
        if reader is not None and reader is not scaffold.saver:
            scaffold = _v1.train.Scaffold(saver=reader, copy_from_scaffold=scaffold)
        creator = _v1.train.ChiefSessionCreator(
            scaffold, checkpoint_filename_with_path=checkpoint_path, config=self._session_config
        )
        return _v1.train.MonitoredSession(creator, hooks)


class _RunAtStart(tf.compat.v1.train.SessionRunHook):  # type: ignore[misc]
    """Runs an operation in every new session."""

    def __init__(self, operation: Any) -> None:
        self._operation = operation

    def after_create_session(self, session: Any, coord: Any) -> None:
        del coord
        session.run(self._operation)


def _configured(config: Any, model_dir: Any) -> Any:
    """Return the configuration with a folder and a session's configuration in it."""
    config = RunConfig() if config is None else config
    if not isinstance(config, RunConfig):
        raise ValueError(f"config must be an instance of RunConfig, but provided {config}.")
    model_dir = tf.compat.path_to_str(model_dir)
    if model_dir and config.model_dir and config.model_dir != model_dir:
        raise ValueError(
            f"model_dir is {model_dir!r} in the constructor and {config.model_dir!r} in RunConfig"
        )
    if config.session_config is None:
        config = config.replace(session_config=_v1.ConfigProto(allow_soft_placement=True))
    return config.replace(model_dir=model_dir or config.model_dir or tempfile.mkdtemp())


def _checked(hooks: Any) -> list[Any]:
    for one in hooks or ():
        if not isinstance(one, _v1.train.SessionRunHook):
            raise TypeError(f"Hooks must be a SessionRunHook, given: {one}")
    return list(hooks or ())
