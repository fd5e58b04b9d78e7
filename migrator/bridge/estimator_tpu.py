"""``TPUEstimator`` as it runs without a TPU.

Part of ``tf2_bridge``, with the other ``estimator`` modules.
"""

from __future__ import annotations

import collections
import copy
import operator
import types
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from migrator.bridge.estimator_run import Estimator
from migrator.bridge.estimator_spec import EstimatorSpec, ModeKeys, RunConfig, _parameters

__all__ = ["tpu"]

_Settings = collections.namedtuple(
    "_Settings",
    "iterations_per_loop num_shards num_cores_per_replica per_host_input_for_training tpu_job_name"
    " initial_infeed_sleep_secs input_partition_dims eval_training_input_configuration"
    " experimental_host_call_every_n_steps",
    defaults=(2, None, None, True, None, None, None, 2, 1),
)


class TPUConfig(_Settings):
    """How a TPU would be used."""


class InputPipelineConfig:
    """How a TPU would be fed."""

    PER_SHARD_V1 = 1
    PER_HOST_V1 = 2
    PER_HOST_V2 = 3
    BROADCAST = 4
    SLICED = 5


class _TPURunConfig(RunConfig):
    """A configuration with what only concerns a TPU, which is kept and not looked at."""

    def __init__(
        self,
        tpu_config: Any = None,
        evaluation_master: Any = None,
        master: Any = None,
        cluster: Any = None,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        if cluster is not None or master:
            raise ValueError("A TPU is asked for (master or cluster), which is not used here.")
        self._tpu_config = tpu_config or TPUConfig()
        self._cluster = None

    tpu_config = property(operator.attrgetter("_tpu_config"))
    cluster = property(operator.attrgetter("_cluster"))

    def replace(self, **settings: Any) -> Any:
        """Return a copy with other settings."""
        tpu_config = settings.pop("tpu_config", self._tpu_config)
        other = super().replace(**settings)
        other._tpu_config = tpu_config
        return other


_TPUSpec = collections.namedtuple(
    "_TPUSpec",
    "mode predictions loss train_op eval_metrics export_outputs scaffold_fn host_call"
    " training_hooks evaluation_hooks prediction_hooks",
    defaults=(None, None, None, None, None, None, None, None, None, None),
)


class TPUEstimatorSpec(_TPUSpec):
    """What the ``model_fn`` of a TPUEstimator returns."""

    def as_estimator_spec(self) -> Any:
        """Return it with its metrics and host call made in the graph."""
        metrics = self.eval_metrics and _with_tensors(self.eval_metrics)
        training_hooks = list(self.training_hooks or ())
        others = [list(self.evaluation_hooks or ()), list(self.prediction_hooks or ())]
        if self.host_call is not None:
            result = _with_tensors(self.host_call)
            if self.mode == ModeKeys.TRAIN:
                training_hooks.append(_RunEachStep(result))
            elif self.mode == ModeKeys.EVAL:
                others[0].append(_RunEachStep(result))
        return EstimatorSpec(
            mode=self.mode,
            predictions=self.predictions,
            loss=self.loss,
            train_op=self.train_op,
            eval_metric_ops=metrics,
            export_outputs=self.export_outputs,
            scaffold=self.scaffold_fn() if self.scaffold_fn else None,
            training_hooks=training_hooks,
            evaluation_hooks=others[0],
            prediction_hooks=others[1],
        )


def _with_tensors(pair: Any) -> Any:
    """Call a function with the tensors that came with it."""
    function, tensors = pair
    return function(**tensors) if isinstance(tensors, dict) else function(*tensors)


class _RunEachStep(tf.compat.v1.train.SessionRunHook):  # type: ignore[misc]
    """Fetches something with each step."""

    def __init__(self, fetches: Any) -> None:
        self._fetches = fetches

    def before_run(self, run_context: Any) -> Any:
        del run_context
        return tf.compat.v1.train.SessionRunArgs(self._fetches)


class TPUEstimator(Estimator):
    """An Estimator whose functions find the batch size in ``params``.

    Raises:
        ValueError: ``use_tpu`` is true, or ``params`` has an entry that it makes.
    """

    def __init__(
        self,
        model_fn: Callable[..., Any],
        model_dir: Any = None,
        config: Any = None,
        params: Any = None,
        use_tpu: bool = True,
        train_batch_size: int | None = None,
        eval_batch_size: int | None = None,
        predict_batch_size: int | None = None,
        batch_axis: Any = None,
        eval_on_tpu: bool = True,
        export_to_tpu: bool = True,
        export_to_cpu: bool = True,
        warm_start_from: Any = None,
        **others: Any,
    ) -> None:
        if use_tpu:
            raise ValueError(
                "This TPUEstimator runs on CPUs and GPUs: give use_tpu=False. For TPUs, write the"
                " training with tf.distribute.TPUStrategy."
            )
        del batch_axis, eval_on_tpu, export_to_tpu, export_to_cpu, others  # of a TPU
        reserved = {"batch_size", "use_tpu", "context"}.intersection(params or {})
        if reserved:
            raise ValueError(f"{', '.join(sorted(reserved))} are reserved keys but in params.")
        if params is not None and "params" not in _parameters(model_fn):
            raise ValueError("model_fn does not include params argument, but params are given")
        super().__init__(model_fn, model_dir, config, None, warm_start_from)
        self._params = copy.deepcopy(params or {})
        self._batch_sizes = {
            ModeKeys.TRAIN: train_batch_size,
            ModeKeys.EVAL: eval_batch_size,
            ModeKeys.PREDICT: predict_batch_size,
        }
        self._exports = False

    def _with(self, mode: str, **more: Any) -> Any:
        """Return ``params`` with the batch size of a mode."""
        params = self.params
        size = None if self._exports else self._batch_sizes[mode]
        if size is not None:
            more["batch_size"] = size
        if hasattr(params, "add_hparam"):  # of an HParams
            for name, value in more.items():
                params.add_hparam(name, value)
        else:
            params.update(more)
        return params

    def _call_input_fn(self, input_fn: Callable[..., Any], mode: str) -> Any:
        names = _parameters(input_fn)
        if "params" not in names:
            raise ValueError(f"input_fn {input_fn} does not include required params argument")
        given = {"mode": mode, "params": self._with(mode), "config": self.config}
        with tf.device("/cpu:0"):
            return input_fn(**{name: value for name, value in given.items() if name in names})

    def _call_model_fn(self, features: Any, labels: Any, mode: str, config: Any) -> Any:
        names = _parameters(self._model_fn)
        if labels is not None and "labels" not in names:
            raise ValueError("model_fn does not take labels, but input_fn returns labels.")
        params = self._with(mode, use_tpu=False)
        given = {"labels": labels, "mode": mode, "params": params, "config": config}
        spec = self._model_fn(
            features=features, **{name: given[name] for name in given if name in names}
        )
        if isinstance(spec, TPUEstimatorSpec):
            spec = spec.as_estimator_spec()
        if not isinstance(spec, EstimatorSpec):
            raise ValueError("model_fn should return an EstimatorSpec.")
        return spec

    def export_saved_model(self, *args: Any, **options: Any) -> bytes:
        """Export as an Estimator does; ``params`` then has no batch size."""
        self._exports = True
        try:
            return super().export_saved_model(*args, **options)
        finally:
            self._exports = False


tpu = types.SimpleNamespace(
    InputPipelineConfig=InputPipelineConfig,
    RunConfig=_TPURunConfig,
    TPUConfig=TPUConfig,
    TPUEstimator=TPUEstimator,
    TPUEstimatorSpec=TPUEstimatorSpec,
)
