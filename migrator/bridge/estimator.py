"""The names of ``tf.estimator`` that Estimator programs use.

Part of ``tf2_bridge``, with the other ``estimator`` modules.
"""

from __future__ import annotations

import types

import tensorflow as tf

from migrator.bridge.estimator_checkpoints import WarmStartSettings
from migrator.bridge.estimator_inputs import numpy_input_fn, pandas_input_fn
from migrator.bridge.estimator_outputs import (
    ClassificationOutput,
    ExportOutput,
    PredictOutput,
    RegressionOutput,
    ServingInputReceiver,
    TensorServingInputReceiver,
    build_parsing_serving_input_receiver_fn,
    build_raw_serving_input_receiver_fn,
)
from migrator.bridge.estimator_run import Estimator
from migrator.bridge.estimator_spec import EstimatorSpec, ModeKeys, RunConfig
from migrator.bridge.estimator_stopping import (
    make_early_stopping_hook,
    stop_if_higher_hook,
    stop_if_lower_hook,
    stop_if_no_decrease_hook,
    stop_if_no_increase_hook,
)
from migrator.bridge.estimator_training import (
    BestExporter,
    EvalSpec,
    Exporter,
    FinalExporter,
    LatestExporter,
    TrainSpec,
    train_and_evaluate,
)

__all__ = ["estimator"]

estimator = types.SimpleNamespace(
    BestExporter=BestExporter,
    Estimator=Estimator,
    EstimatorSpec=EstimatorSpec,
    EvalSpec=EvalSpec,
    Exporter=Exporter,
    FinalExporter=FinalExporter,
    LatestExporter=LatestExporter,
    ModeKeys=ModeKeys,
    RunConfig=RunConfig,
    TrainSpec=TrainSpec,
    VocabInfo=tf.compat.v1.train.VocabInfo,
    WarmStartSettings=WarmStartSettings,
    train_and_evaluate=train_and_evaluate,
    experimental=types.SimpleNamespace(
        make_early_stopping_hook=make_early_stopping_hook,
        stop_if_higher_hook=stop_if_higher_hook,
        stop_if_lower_hook=stop_if_lower_hook,
        stop_if_no_decrease_hook=stop_if_no_decrease_hook,
        stop_if_no_increase_hook=stop_if_no_increase_hook,
    ),
    inputs=types.SimpleNamespace(numpy_input_fn=numpy_input_fn, pandas_input_fn=pandas_input_fn),
    export=types.SimpleNamespace(
        ClassificationOutput=ClassificationOutput,
        ExportOutput=ExportOutput,
        PredictOutput=PredictOutput,
        RegressionOutput=RegressionOutput,
        ServingInputReceiver=ServingInputReceiver,
        TensorServingInputReceiver=TensorServingInputReceiver,
        build_parsing_serving_input_receiver_fn=build_parsing_serving_input_receiver_fn,
        build_raw_serving_input_receiver_fn=build_raw_serving_input_receiver_fn,
    ),
)
