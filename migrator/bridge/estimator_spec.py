"""What an Estimator is configured with, and what its ``model_fn`` returns.

Part of ``tf2_bridge``, with the other ``estimator`` modules: in the place of ``tf.estimator``,
which left TensorFlow in 2.16. It needs graphs and sessions, as there.
"""

from __future__ import annotations

import collections
import copy
import inspect
import json
import operator
import os
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from migrator.bridge.estimator_outputs import _export_outputs

__all__: list[str] = []


class ModeKeys:
    """The modes of a ``model_fn``."""

    TRAIN = "train"
    EVAL = "eval"
    PREDICT = "infer"


_ELSEWHERE = "use tf.distribute with a training loop of your own, or one device"


class RunConfig:
    """How an Estimator runs: on one machine, as ``TF_CONFIG`` may say.

    Raises:
        ValueError: checkpoints are saved both by steps and by seconds, ``model_dir`` is empty or
            differs from that of ``TF_CONFIG``, or several processes or devices are asked for.
    """

    model_dir: Any
    session_config: Any

    def __init__(
        self,
        model_dir: Any = None,
        tf_random_seed: int | None = None,
        save_summary_steps: int | None = 100,
        save_checkpoints_steps: Any = "default",
        save_checkpoints_secs: Any = "default",
        session_config: Any = None,
        keep_checkpoint_max: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000,
        log_step_count_steps: int | None = 100,
        train_distribute: Any = None,
        device_fn: Any = None,
        protocol: Any = None,
        eval_distribute: Any = None,
        experimental_distribute: Any = None,
        experimental_max_worker_delay_secs: Any = None,
        session_creation_timeout_secs: int = 7200,
    ) -> None:
        if save_checkpoints_steps == save_checkpoints_secs == "default":
            save_checkpoints_secs = 600
        self._save_checkpoints_steps = _given(save_checkpoints_steps)
        self._save_checkpoints_secs = _given(save_checkpoints_secs)
        if train_distribute or eval_distribute or experimental_distribute:
            raise ValueError(f"RunConfig takes no distribution strategy here: {_ELSEWHERE}")
        environment = json.loads(os.environ.get("TF_CONFIG") or "{}")
        tasks = environment.get("cluster") or {}
        task = environment.get("task") or {}
        if sum(len(addresses) for addresses in tasks.values()) > 1 or tasks.get("ps"):
            raise ValueError(f"TF_CONFIG describes several processes: {_ELSEWHERE}")
        model_dir = tf.compat.path_to_str(model_dir)
        found = environment.get("model_dir")
        if model_dir == "" or found == "":
            raise ValueError("model_dir should be non-empty")
        if model_dir and found and model_dir != found:
            raise ValueError(f"model_dir is {model_dir!r} here and {found!r} in TF_CONFIG")
        self._model_dir = model_dir or found
        self._tf_random_seed = tf_random_seed
        self._save_summary_steps = save_summary_steps
        self._session_config = session_config
        self._keep_checkpoint_max = keep_checkpoint_max
        self._keep_checkpoint_every_n_hours = keep_checkpoint_every_n_hours
        self._log_step_count_steps = log_step_count_steps
        self._device_fn = device_fn
        self._protocol = protocol
        self._experimental_max_worker_delay_secs = experimental_max_worker_delay_secs
        self._session_creation_timeout_secs = session_creation_timeout_secs
        self._train_distribute = self._eval_distribute = None
        self._cluster_spec = tf.train.ClusterSpec(tasks)
        self._task_type = task.get("type", "worker")
        self._task_id = int(task.get("index", 0))
        self._master = self._evaluation_master = ""
        self._is_chief = True
        self._num_ps_replicas, self._num_worker_replicas = 0, 1
        self._global_id_in_cluster = 0
        self._service = environment.get("service")
        self._check()

    def replace(self, **settings: Any) -> Any:
        """Return a copy with other settings.

        Raises:
            ValueError: a name is none of a setting, or checkpoints are saved by steps and seconds.
        """
        unknown = sorted(name for name in settings if name not in _REPLACEABLE)
        if unknown:
            raise ValueError(f"replacing {', '.join(unknown)} is not supported")
        other = copy.deepcopy(self)
        for name, value in settings.items():
            setattr(other, f"_{name}", value)
        for name, rival in (("steps", "secs"), ("secs", "steps")):
            given = settings.get(f"save_checkpoints_{name}")
            if given is not None and f"save_checkpoints_{rival}" not in settings:
                setattr(other, f"_save_checkpoints_{rival}", None)
        other._check()
        return other

    def _check(self) -> None:
        if self._save_checkpoints_steps is not None and self._save_checkpoints_secs is not None:
            raise ValueError("save_checkpoints_steps and save_checkpoints_secs cannot be both set.")


_REPLACEABLE = (
    *("model_dir", "tf_random_seed", "save_summary_steps", "save_checkpoints_steps"),
    *("save_checkpoints_secs", "session_config", "keep_checkpoint_max"),
    *("keep_checkpoint_every_n_hours", "log_step_count_steps", "device_fn", "protocol"),
    *("experimental_max_worker_delay_secs", "session_creation_timeout_secs"),
)
for _name in (
    *_REPLACEABLE,
    *("train_distribute", "eval_distribute", "cluster_spec", "task_type", "task_id", "master"),
    *("evaluation_master", "is_chief", "num_ps_replicas", "num_worker_replicas"),
    *("global_id_in_cluster", "service"),
):
    setattr(RunConfig, _name, property(operator.attrgetter(f"_{_name}")))


def _given(value: Any) -> Any:
    return None if value == "default" else value


_Spec = collections.namedtuple(
    "_Spec",
    "mode predictions loss train_op eval_metric_ops export_outputs training_chief_hooks"
    " training_hooks scaffold evaluation_hooks prediction_hooks",
)


class EstimatorSpec(_Spec):
    """What a ``model_fn`` returns.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: something that the mode needs is missing, the loss is no scalar, or something
            is of another graph.
    """

    def __new__(
        cls,
        mode: str,
        predictions: Any = None,
        loss: Any = None,
        train_op: Any = None,
        eval_metric_ops: Any = None,
        export_outputs: Any = None,
        training_chief_hooks: Any = None,
        training_hooks: Any = None,
        scaffold: Any = None,
        evaluation_hooks: Any = None,
        prediction_hooks: Any = None,
    ) -> Any:
        """Check what is given."""
        wanted = {"train_op": train_op} if mode == ModeKeys.TRAIN else {}
        if mode in (ModeKeys.TRAIN, ModeKeys.EVAL):
            wanted["loss"] = loss
        if mode == ModeKeys.PREDICT:
            wanted["predictions"] = predictions
        for name, value in wanted.items():
            if value is None:
                raise ValueError(f"Missing {name}.")
        if train_op is not None:
            train_op = _of_graph(train_op, "train_op", operations=True)
        if loss is not None:
            loss = _of_graph(loss, "loss")
            if loss.shape.num_elements() not in (None, 1):
                raise ValueError(f"Loss must be scalar, given: {loss}")
            if not loss.shape.is_compatible_with(tf.TensorShape([])):
                loss = tf.reshape(loss, [])
        if isinstance(predictions, dict):
            predictions = {k: _of_graph(v, f"predictions[{k}]") for k, v in predictions.items()}
        elif predictions is not None:
            predictions = _of_graph(predictions, "predictions")
        else:
            predictions = {}
        if mode == ModeKeys.PREDICT:
            export_outputs = _export_outputs(export_outputs, predictions)
        if scaffold is None:
            scaffold = tf.compat.v1.train.Scaffold()
        elif not isinstance(scaffold, tf.compat.v1.train.Scaffold):
            raise TypeError(f"scaffold must be tf.train.Scaffold. Given: {scaffold}")
        return super().__new__(
            cls,
            mode=mode,
            predictions=predictions,
            loss=loss,
            train_op=train_op,
            eval_metric_ops=_metrics(eval_metric_ops),
            export_outputs=export_outputs,
            training_chief_hooks=_hooks(training_chief_hooks),
            training_hooks=_hooks(training_hooks),
            scaffold=scaffold,
            evaluation_hooks=_hooks(evaluation_hooks),
            prediction_hooks=_hooks(prediction_hooks),
        )

    def _replace(self, **changed: Any) -> Any:
        if changed.get("mode", self.mode) != self.mode:
            raise ValueError("mode of EstimatorSpec cannot be changed.")
        return type(self)(**{**self._asdict(), **changed})


def _of_graph(value: Any, name: str, *, operations: bool = False) -> Any:
    """Return what stands for ``value`` in the default graph."""
    if operations and isinstance(value, tf.Variable):
        value = value.op
    kinds = (tf.Tensor, tf.SparseTensor, tf.RaggedTensor, tf.Variable)
    if not isinstance(value, (*kinds, tf.Operation) if operations else kinds):
        raise TypeError(f"{name} must be {'Operation or ' * operations}Tensor, given: {value}")
    graph = getattr(value, "graph", None)
    if graph is not None and graph is not tf.compat.v1.get_default_graph():
        raise ValueError(
            f"{name} with {value.name!r} must be from the default graph: it was made outside of"
            ' this call of "model_fn".'
        )
    return value


def _hooks(hooks: Any) -> Any:
    hooks = tuple(hooks) if hooks else ()
    for one in hooks:
        if not isinstance(one, tf.compat.v1.train.SessionRunHook):
            raise TypeError(f"All hooks must be SessionRunHook instances, given: {one}")
    return hooks


def _metrics(metrics: Any) -> dict[str, Any]:
    """Return pairs of a value and an update by name; a Keras metric is made one."""
    if metrics is not None and not isinstance(metrics, dict):
        raise TypeError(f"eval_metric_ops must be a dict, given: {metrics}")
    found = {}
    for name, pair in (metrics or {}).items():
        if hasattr(pair, "result") and hasattr(pair, "updates"):
            pair = (pair.result(), tf.group(*pair.updates))
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TypeError(
                "Values of eval_metric_ops must be (metric_value, update_op) tuples, "
                f"given: {pair} for key: {name}"
            )
        found[name] = pair
    return found


def _parameters(function: Callable[..., Any]) -> list[str]:
    """Return the names of a function's parameters that are still to be given."""
    given = set(getattr(function, "keywords", None) or ())
    names = inspect.signature(function).parameters.values()
    return [
        one.name
        for one in names
        if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD) and one.name not in given
    ]
