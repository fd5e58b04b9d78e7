"""Hooks that end a training early, by what its evaluations have written.

Part of ``tf2_bridge``, with the other ``estimator`` modules.
"""

from __future__ import annotations

import collections
import operator
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import tensorflow as tf

__all__: list[str] = []


class _StopOnPredicate(tf.compat.v1.train.SessionRunHook):  # type: ignore[misc]
    """Stops when a function says so, and keeps that in the variable that TensorFlow 1 had."""

    def __init__(self, should_stop: Callable[[], bool], seconds: Any, steps: Any) -> None:
        self._should_stop = should_stop
        self._timer = tf.compat.v1.train.SecondOrStepTimer(every_secs=seconds, every_steps=steps)

    def begin(self) -> None:
        v1 = tf.compat.v1
        self._step = v1.train.get_global_step()
        with v1.variable_scope("signal_early_stopping", reuse=v1.AUTO_REUSE):
            stop = v1.get_variable(
                "STOP",
                shape=[],
                dtype=tf.bool,
                initializer=v1.constant_initializer(False),
                collections=[v1.GraphKeys.GLOBAL_VARIABLES],
                trainable=False,
            )
        self._stop = v1.assign(stop, True)

    def before_run(self, run_context: Any) -> Any:
        del run_context
        return tf.compat.v1.train.SessionRunArgs(self._step)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        step = run_values.results
        if self._timer.should_trigger_for_step(step):
            self._timer.update_last_triggered_step(step)
            if self._should_stop():
                tf.get_logger().info("Requesting early stopping at global step %d", step)
                run_context.session.run(self._stop)
                run_context.request_stop()


def make_early_stopping_hook(
    estimator: Any,
    should_stop_fn: Callable[[], bool],
    run_every_secs: float | None = 60,
    run_every_steps: int | None = None,
) -> Any:
    """Return a hook that stops the training when ``should_stop_fn()`` is true.

    Raises:
        ValueError: both seconds and steps are given.
    """
    del estimator  # TensorFlow 1 asked it whether it is the chief
    if run_every_secs is not None and run_every_steps is not None:
        raise ValueError("Only one of `run_every_secs` and `run_every_steps` must be set.")
    return _StopOnPredicate(should_stop_fn, run_every_secs, run_every_steps)


def _evaluations(eval_dir: str) -> Mapping[int, Mapping[str, float]]:
    """Return the metrics in a folder's events, by step."""
    found: dict[int, dict[str, float]] = collections.defaultdict(dict)
    for path in tf.io.gfile.glob(os.path.join(eval_dir, "*.tfevents.*")):
        for event in tf.compat.v1.train.summary_iterator(path):
            for value in event.summary.value:
                if value.HasField("simple_value"):
                    found[event.step][value.tag] = value.simple_value
    return dict(sorted(found.items()))


def _metric_values(
    estimator: Any, metric: str, eval_dir: str | None, min_steps: int
) -> Iterator[tuple[int, float]]:
    """Yield the steps and the values of a metric."""
    for step, metrics in _evaluations(eval_dir or estimator.eval_dir()).items():
        if step >= min_steps:
            yield step, metrics[metric]


def _threshold_hook(is_over: Callable[[float, float], bool]) -> Callable[..., Any]:
    def hook(
        estimator: Any,
        metric_name: str,
        threshold: float,
        eval_dir: str | None = None,
        min_steps: int = 0,
        run_every_secs: float | None = 60,
        run_every_steps: int | None = None,
    ) -> Any:
        """Return a hook that stops when a metric is over, or under, a threshold."""

        def should_stop() -> bool:
            values = _metric_values(estimator, metric_name, eval_dir, min_steps)
            return any(is_over(value, threshold) for _, value in values)

        return make_early_stopping_hook(estimator, should_stop, run_every_secs, run_every_steps)

    return hook


def _no_progress(
    is_better: Callable[[float, float], bool], values: Iterator[tuple[int, float]], patience: int
) -> bool:
    best: tuple[int, float] | None = None
    for step, value in values:
        if best is None or is_better(value, best[1]):
            best = (step, value)
        if step - best[0] >= patience:
            return True
    return False


stop_if_higher_hook = _threshold_hook(operator.gt)
stop_if_lower_hook = _threshold_hook(operator.lt)


def stop_if_no_increase_hook(
    estimator: Any,
    metric_name: str,
    max_steps_without_increase: int,
    eval_dir: str | None = None,
    min_steps: int = 0,
    run_every_secs: float | None = 60,
    run_every_steps: int | None = None,
) -> Any:
    """Return a hook that stops when a metric did not increase for so many steps."""

    def should_stop() -> bool:
        values = _metric_values(estimator, metric_name, eval_dir, min_steps)
        return _no_progress(operator.gt, values, max_steps_without_increase)

    return make_early_stopping_hook(estimator, should_stop, run_every_secs, run_every_steps)


def stop_if_no_decrease_hook(
    estimator: Any,
    metric_name: str,
    max_steps_without_decrease: int,
    eval_dir: str | None = None,
    min_steps: int = 0,
    run_every_secs: float | None = 60,
    run_every_steps: int | None = None,
) -> Any:
    """Return a hook that stops when a metric did not decrease for so many steps."""

    def should_stop() -> bool:
        values = _metric_values(estimator, metric_name, eval_dir, min_steps)
        return _no_progress(operator.lt, values, max_steps_without_decrease)

    return make_early_stopping_hook(estimator, should_stop, run_every_secs, run_every_steps)
