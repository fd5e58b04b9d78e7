"""Training that is interrupted by evaluations, and exports after them.

Part of ``tf2_bridge``, with the other ``estimator`` modules.
"""

from __future__ import annotations

import collections
import os
import re
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from migrator.bridge.estimator_spec import _hooks

__all__: list[str] = []


class Exporter:
    """What exports a model after an evaluation: subclasses have a ``name`` and ``export``."""

    @property
    def name(self) -> str:
        """The name of the folder below ``export`` that it exports to."""
        raise NotImplementedError

    def export(
        self,
        estimator: Any,
        export_path: Any,
        checkpoint_path: Any,
        eval_result: Mapping[str, Any],
        is_the_final_export: bool,
    ) -> Any:
        """Export, and return the folder, or None."""
        raise NotImplementedError


class _SavedModelExporter(Exporter):
    """Exports by ``export_saved_model``."""

    def __init__(
        self,
        name: str,
        serving_input_receiver_fn: Any,
        assets_extra: Any = None,
        as_text: bool = False,
        exports_to_keep: int | None = None,
    ) -> None:
        if exports_to_keep is not None and exports_to_keep <= 0:
            raise ValueError("`exports_to_keep`, if provided, must be a positive number")
        self._name = name
        self._receiver_fn = serving_input_receiver_fn
        self._options = {"assets_extra": assets_extra, "as_text": as_text}
        self._keep = exports_to_keep

    @property
    def name(self) -> str:
        """The name of the folder below ``export``."""
        return self._name

    def _exported(self, estimator: Any, export_path: Any, checkpoint_path: Any) -> Any:
        """Export, and delete the oldest of too many exports."""
        found = estimator.export_saved_model(
            export_path, self._receiver_fn, checkpoint_path=checkpoint_path, **self._options
        )
        names = (name.strip("/") for name in tf.io.gfile.listdir(export_path))
        versions = sorted(name for name in names if re.fullmatch(r"\d{10}", name))
        for name in versions[: -self._keep] if self._keep else ():
            tf.io.gfile.rmtree(os.path.join(export_path, name))
        return found


class LatestExporter(_SavedModelExporter):
    """Exports after each evaluation."""

    def __init__(
        self,
        name: str,
        serving_input_receiver_fn: Any,
        assets_extra: Any = None,
        as_text: bool = False,
        exports_to_keep: int | None = 5,
    ) -> None:
        super().__init__(name, serving_input_receiver_fn, assets_extra, as_text, exports_to_keep)

    def export(
        self,
        estimator: Any,
        export_path: Any,
        checkpoint_path: Any,
        eval_result: Mapping[str, Any],
        is_the_final_export: bool,
    ) -> Any:
        """Export, and return the folder."""
        return self._exported(estimator, export_path, checkpoint_path)


class FinalExporter(_SavedModelExporter):
    """Exports once, at the end of the training."""

    def __init__(
        self,
        name: str,
        serving_input_receiver_fn: Any,
        assets_extra: Any = None,
        as_text: bool = False,
    ) -> None:
        super().__init__(name, serving_input_receiver_fn, assets_extra, as_text)

    def export(
        self,
        estimator: Any,
        export_path: Any,
        checkpoint_path: Any,
        eval_result: Mapping[str, Any],
        is_the_final_export: bool,
    ) -> Any:
        """Export at the end, and return the folder."""
        if not is_the_final_export:
            return None
        return self._exported(estimator, export_path, checkpoint_path)


def _loss_smaller(best_eval_result: Any, current_eval_result: Any) -> bool:
    """Say whether the loss is smaller than the best."""
    for result in (best_eval_result, current_eval_result):
        if not result or "loss" not in result:
            raise ValueError("an evaluation's result cannot be empty or without a loss")
    return bool(best_eval_result["loss"] > current_eval_result["loss"])


class BestExporter(_SavedModelExporter):
    """Exports whenever an evaluation is the best so far, also of earlier runs."""

    def __init__(
        self,
        name: str = "best_exporter",
        serving_input_receiver_fn: Any = None,
        event_file_pattern: str | None = "eval/*.tfevents.*",
        compare_fn: Callable[..., bool] = _loss_smaller,
        assets_extra: Any = None,
        as_text: bool = False,
        exports_to_keep: int | None = 5,
    ) -> None:
        super().__init__(name, serving_input_receiver_fn, assets_extra, as_text, exports_to_keep)
        if compare_fn is None:
            raise ValueError("`compare_fn` must not be None.")
        self._is_better = compare_fn
        self._pattern = event_file_pattern
        self._model_dir: Any = None
        self._best: Mapping[str, Any] | None = None

    def export(
        self,
        estimator: Any,
        export_path: Any,
        checkpoint_path: Any,
        eval_result: Mapping[str, Any],
        is_the_final_export: bool,
    ) -> Any:
        """Export if this is the best evaluation, and return the folder."""
        if self._pattern and self._model_dir != estimator.model_dir:
            self._model_dir = estimator.model_dir
            self._best = self._best_of_events(os.path.join(self._model_dir, self._pattern))
        if self._best is not None and not self._is_better(
            best_eval_result=self._best, current_eval_result=eval_result
        ):
            return None
        self._best = eval_result
        return self._exported(estimator, export_path, checkpoint_path)

    def _best_of_events(self, pattern: str) -> Mapping[str, Any] | None:
        best: Mapping[str, Any] | None = None
        for path in tf.io.gfile.glob(pattern):
            for event in tf.compat.v1.train.summary_iterator(path):
                values = event.summary.value
                found = {
                    one.tag: one.simple_value for one in values if one.HasField("simple_value")
                }
                if found and (best is None or self._is_better(best, found)):
                    best = found
        return best


_Train = collections.namedtuple("_Train", "input_fn max_steps hooks")
_Eval = collections.namedtuple(
    "_Eval", "input_fn steps name hooks exporters start_delay_secs throttle_secs"
)


class TrainSpec(_Train):
    """What ``train_and_evaluate`` trains with."""

    def __new__(cls, input_fn: Any, max_steps: int | None = None, hooks: Any = None) -> Any:
        """Check what is given."""
        if not callable(input_fn):
            raise TypeError(f"input_fn must be callable, given: {input_fn}")
        if max_steps is not None and max_steps <= 0:
            raise ValueError(f"Must specify max_steps > 0, given: {max_steps}")
        return super().__new__(cls, input_fn, max_steps, _hooks(hooks))


class EvalSpec(_Eval):
    """What ``train_and_evaluate`` evaluates with, and exports by."""

    def __new__(
        cls,
        input_fn: Any,
        steps: int | None = 100,
        name: str | None = None,
        hooks: Any = None,
        exporters: Any = None,
        start_delay_secs: float = 120,
        throttle_secs: float = 600,
    ) -> Any:
        """Check what is given."""
        if not callable(input_fn):
            raise TypeError(f"input_fn must be callable, given: {input_fn}")
        if steps is not None and steps <= 0:
            raise ValueError(f"Must specify steps > 0, given: {steps}")
        if name is not None and not isinstance(name, str):
            raise TypeError(f"EvalSpec name must be string, given: {name}")
        if start_delay_secs < 0 or throttle_secs < 0:
            raise ValueError("Must specify start_delay_secs >= 0 and throttle_secs >= 0")
        exporters = [exporters] if isinstance(exporters, Exporter) else list(exporters or ())
        if not all(isinstance(one, Exporter) for one in exporters):
            raise TypeError(f"`exporters` must be Exporters, found {exporters}.")
        names = [one.name for one in exporters]
        if not all(names) or len(set(names)) < len(names):
            raise ValueError(f"`exporters` must have unique names. All exporter names: {names}")
        return super().__new__(
            cls,
            input_fn,
            steps,
            name,
            _hooks(hooks),
            tuple(exporters),
            start_delay_secs,
            throttle_secs,
        )


class _EvaluateAfterSave(tf.compat.v1.train.CheckpointSaverListener):  # type: ignore[misc]
    """Evaluates what a training has saved, but not more often than it should."""

    def __init__(self, estimator: Any, train_spec: TrainSpec, eval_spec: EvalSpec) -> None:
        self._estimator, self._train_spec, self._eval_spec = estimator, train_spec, eval_spec
        self.result: Any = None
        self.exports: Any = None

    def begin(self) -> None:
        """Start the clock."""
        seconds = self._eval_spec.throttle_secs
        self._timer = tf.compat.v1.train.SecondOrStepTimer(every_secs=seconds)
        self._is_first_save = True  # of variables that nothing has trained yet

    def after_save(self, session: Any, global_step_value: Any) -> None:
        """Evaluate, if the last evaluation is long ago."""
        if self._is_first_save:
            self._is_first_save = False
        elif self._timer.should_trigger_for_step(global_step_value):
            self._evaluate(global_step_value)

    def end(self, session: Any, global_step_value: Any) -> None:
        """Evaluate what was saved last."""
        if global_step_value != self._timer.last_triggered_step():
            self._evaluate(global_step_value)

    def _evaluate(self, step: Any) -> None:
        self._timer.update_last_triggered_step(step)
        spec, estimator = self._eval_spec, self._estimator
        path = estimator.latest_checkpoint()
        self.result = estimator.evaluate(
            spec.input_fn, steps=spec.steps, name=spec.name, checkpoint_path=path, hooks=spec.hooks
        )
        last = self._train_spec.max_steps
        is_final = bool(last and self.result["global_step"] >= last)
        base = os.path.join(tf.compat.as_str_any(estimator.model_dir), "export")
        self.exports = [
            one.export(estimator, os.path.join(base, one.name), path, self.result, is_final)
            for one in spec.exporters
        ]


def train_and_evaluate(estimator: Any, train_spec: Any, eval_spec: Any) -> Any:
    """Train, evaluate after checkpoints and export, on this machine.

    Returns:
        The metrics of the last evaluation and the folders that its exporters wrote.
    """
    if not isinstance(train_spec, TrainSpec):
        raise TypeError(f"`train_spec` must be a TrainSpec, given {type(train_spec)}")
    if not isinstance(eval_spec, EvalSpec):
        raise TypeError(f"`eval_spec` must be an EvalSpec, given {type(eval_spec)}")
    listener = _EvaluateAfterSave(estimator, train_spec, eval_spec)
    estimator.train(
        train_spec.input_fn,
        max_steps=train_spec.max_steps,
        hooks=train_spec.hooks,
        saving_listeners=[listener],
    )
    return listener.result, listener.exports
