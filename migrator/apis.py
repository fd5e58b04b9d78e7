"""The TensorFlow 1 API that the project exists for, by family.

One table serves the pre-pass (does this file save?), ``scan`` (what is here?) and the
managed-session rule.  Names are canonical, as :mod:`migrator.symbols` spells them.
"""

from __future__ import annotations

__all__ = [
    "BRIDGED_READERS",
    "ESTIMATORS",
    "FAMILIES",
    "FINALIZES",
    "FINALIZES_IN_SLIM",
    "FROZEN",
    "HOLDS_V1_SAVER",
    "KEY_READERS",
    "READER_ATTRIBUTES",
    "SESSIONS",
    "TARGETS",
    "bridged_estimator",
    "family",
    "is_model_part",
    "runs_estimator",
]

#: family -> canonical symbols that belong to it
FAMILIES: dict[str, tuple[str, ...]] = {
    "saver": ("tf.train.Saver",),
    "discovery": (
        "tf.train.latest_checkpoint",
        "tf.train.get_checkpoint_state",
        "tf.train.checkpoint_exists",
        "tf.train.get_checkpoint_mtimes",
        "tf.train.update_checkpoint_state",
        "tf.train.generate_checkpoint_state_proto",
        "tf.train.remove_checkpoint",
        "tf.train.checkpoints_iterator",
    ),
    "export": ("tf.saved_model.simple_save", "tf.saved_model.Builder"),
    "signature": (
        "tf.saved_model.build_signature_def",
        "tf.saved_model.predict_signature_def",
        "tf.saved_model.classification_signature_def",
        "tf.saved_model.regression_signature_def",
        "tf.saved_model.build_tensor_info",
        "tf.saved_model.is_valid_signature",
        "tf.saved_model.get_tensor_from_tensor_info",
        "tf.saved_model.main_op_with_restore",
        "tf.saved_model.main_op.main_op",
    ),
    "load": (
        "tf.saved_model.load",
        "tf.saved_model.maybe_saved_model_directory",
    ),
    "meta graph": (
        "tf.train.import_meta_graph",
        "tf.train.export_meta_graph",
    ),
    "freeze": (
        "tf.graph_util.convert_variables_to_constants",
        "tf.graph_util.extract_sub_graph",
        "tf.graph_util.remove_training_nodes",
        "tf.python.tools.freeze_graph",
        "tf.python.tools.optimize_for_inference_lib",
        "tf.python.tools.strip_unused_lib",
        "tf.tools.graph_transforms",
        "tf.train.write_graph",
    ),
    "import graph": ("tf.import_graph_def",),
    "reader": (
        "tf.train.NewCheckpointReader",
        "tf.train.load_checkpoint",
        "tf.train.load_variable",
        "tf.train.list_variables",
        "tf.train.init_from_checkpoint",
        "tf.train.warm_start",
        "tf.contrib.framework.load_checkpoint",
        "tf.contrib.framework.load_variable",
        "tf.contrib.framework.list_variables",
        "tf.contrib.framework.init_from_checkpoint",
        "tf.contrib.framework.assign_from_checkpoint",
        "tf.contrib.framework.assign_from_checkpoint_fn",
        "tf.contrib.slim.assign_from_checkpoint",
        "tf.contrib.slim.assign_from_checkpoint_fn",
        "tf.contrib.framework.python.framework.checkpoint_utils",
        "tf.contrib.framework.python.ops.variables.assign_from_checkpoint",
        "tf.contrib.framework.python.ops.variables.assign_from_checkpoint_fn",
        "tf.pywrap_tensorflow.NewCheckpointReader",
        "tf.python.training.py_checkpoint_reader",
        "tf.python.tools.inspect_checkpoint",
    ),
    "arrays": (
        *("numpy.savez", "numpy.savez_compressed", "numpy.save", "numpy.load"),
        *("numpy.savetxt", "numpy.loadtxt"),
        *(
            f"{n}.{f}"
            for n in ("pickle", "cPickle", "joblib", "cloudpickle")
            for f in ("dump", "load")
        ),
    ),
    "managed": (
        "tf.train.MonitoredTrainingSession",
        "tf.train.MonitoredSession",
        "tf.train.SingularMonitoredSession",
        "tf.train.Supervisor",
        "tf.train.Scaffold",
        "tf.train.CheckpointSaverHook",
        "tf.train.ChiefSessionCreator",
        "tf.train.WorkerSessionCreator",
        "tf.train.SessionManager",
        "tf.contrib.slim.learning",
        "tf.contrib.training.train",
    ),
    "estimator": (
        "tf.estimator.Estimator.export_savedmodel",
        "tf.estimator.export.ServingInputReceiver",
        "tf.estimator.export.TensorServingInputReceiver",
        "tf.estimator.export.build_parsing_serving_input_receiver_fn",
        "tf.estimator.export.build_raw_serving_input_receiver_fn",
        "tf.estimator.export.PredictOutput",
        "tf.estimator.export.ClassificationOutput",
        "tf.estimator.export.RegressionOutput",
        "tf.estimator.LatestExporter",
        "tf.estimator.FinalExporter",
        "tf.estimator.BestExporter",
    ),
    "predictor": ("tf.contrib.predictor",),
    "session bundle": ("tf.contrib.session_bundle",),
    "hub": (  # of the package tensorflow_hub, before its version 0.16
        *("tf.hub.Module", "tf.hub.ModuleSpec", "tf.hub.add_signature", "tf.hub.attach_message"),
        *("tf.hub.create_module_spec", "tf.hub.create_module_spec_from_saved_model"),
        *("tf.hub.load_module_spec", "tf.hub.eval_function_for_module"),
        *("tf.hub.get_expected_image_size", "tf.hub.get_num_image_channels"),
        *("tf.hub.attach_image_module_info", "tf.hub.image_embedding_column"),
        *("tf.hub.text_embedding_column", "tf.hub.sparse_text_embedding_column"),
        *("tf.hub.LatestModuleExporter", "tf.hub.register_module_for_export"),
    ),
    "keras session": ("tf.keras.backend.get_session", "tf.keras.backend.set_session"),
}

_FAMILY_OF = {name: family for family, names in FAMILIES.items() for name in names}

#: Uses of these make a program one that saves, restores, exports or loads in TensorFlow 1.
#: Not ``latest_checkpoint`` and its like, ``tf.train.load_checkpoint`` and the graph import:
#: TensorFlow 2 code uses those as they are.
TARGETS = frozenset(
    name
    for family in (
        "saver",
        "export",
        "signature",
        "load",
        "meta graph",
        "freeze",
        "managed",
        "predictor",
        "session bundle",
        "hub",
        "keras session",
    )
    for name in FAMILIES[family]
)

#: These load a graph into a session, in a file of TensorFlow 1; code of TensorFlow 2 does, too.
FROZEN = frozenset(FAMILIES["import graph"])

#: These read a checkpoint by variable names, which an object-based checkpoint does not have
#: as keys (measured: init_from_checkpoint and NewCheckpointReader do not find them).
KEY_READERS = frozenset(FAMILIES["reader"]) | {"tf.python.tools.freeze_graph"}

#: The readers that migrated programs have in their bridge, where they read both kinds of
#: checkpoint by variable name -> the function's name there.
BRIDGED_READERS = {
    f"tf.{place}.{name}": name
    for place, names in {
        "train": "NewCheckpointReader load_checkpoint load_variable list_variables"
        " init_from_checkpoint",
        "pywrap_tensorflow": "NewCheckpointReader",
        "python.training.py_checkpoint_reader": "NewCheckpointReader",
        "contrib.framework": "load_checkpoint load_variable list_variables init_from_checkpoint"
        " assign_from_checkpoint assign_from_checkpoint_fn get_variables_to_restore",
        "contrib.framework.python.framework.checkpoint_utils": "load_checkpoint load_variable"
        " list_variables init_from_checkpoint",
        "contrib.framework.python.ops.variables": "assign_from_checkpoint"
        " assign_from_checkpoint_fn get_variables_to_restore",
        "contrib.slim": "assign_from_checkpoint assign_from_checkpoint_fn",
        "contrib.slim.variables": "assign_from_checkpoint assign_from_checkpoint_fn",
    }.items()
    for name in names.split()
}

_EARLY_STOPPING = (
    "make_early_stopping_hook stop_if_higher_hook stop_if_lower_hook stop_if_no_decrease_hook"
    " stop_if_no_increase_hook"
)

_CANNED = (
    "DNNClassifier DNNLinearCombinedClassifier DNNLinearCombinedRegressor DNNRegressor"
    " LinearClassifier LinearRegressor"
)

#: What of Estimators migrated programs have in their bridge -> its name there.
ESTIMATORS = {
    f"tf.{place}.{name}": f"{there}.{name}"
    for place, there, names in (
        ("estimator", "estimator", "export inputs"),
        (
            "estimator",
            "estimator",
            "BestExporter Estimator EstimatorSpec EvalSpec Exporter FinalExporter LatestExporter"
            " ModeKeys RunConfig TrainSpec WarmStartSettings train_and_evaluate",
        ),
        ("estimator", "estimator", _CANNED),
        ("python.estimator.canned.linear", "estimator", "LinearClassifier LinearRegressor"),
        ("python.estimator.canned.dnn", "estimator", "DNNClassifier DNNRegressor"),
        (
            "python.estimator.canned.dnn_linear_combined",
            "estimator",
            "DNNLinearCombinedClassifier DNNLinearCombinedRegressor",
        ),
        ("estimator.inputs", "estimator.inputs", "numpy_input_fn pandas_input_fn"),
        (
            "estimator.export",
            "estimator.export",
            "ClassificationOutput ExportOutput PredictOutput RegressionOutput ServingInputReceiver"
            " TensorServingInputReceiver build_parsing_serving_input_receiver_fn"
            " build_raw_serving_input_receiver_fn",
        ),
        ("estimator.experimental", "estimator.experimental", _EARLY_STOPPING),
        ("contrib.estimator", "estimator.experimental", _EARLY_STOPPING),
        (
            "estimator.tpu",
            "tpu",
            "InputPipelineConfig RunConfig TPUConfig TPUEstimator TPUEstimatorSpec",
        ),
        ("contrib.tpu.python.tpu.tpu_estimator", "tpu", "TPUEstimator TPUEstimatorSpec"),
        (
            "contrib.tpu.python.tpu.tpu_config",
            "tpu",
            "InputPipelineConfig RunConfig TPUConfig",
        ),
        ("python.estimator.estimator", "estimator", "Estimator WarmStartSettings"),
        ("python.estimator.run_config", "estimator", "RunConfig"),
        ("python.estimator.model_fn", "estimator", "EstimatorSpec ModeKeys"),
        ("python.estimator.training", "estimator", "EvalSpec TrainSpec train_and_evaluate"),
        (
            "python.estimator.exporter",
            "estimator",
            "BestExporter Exporter FinalExporter LatestExporter",
        ),
        (
            "python.estimator.export.export",
            "estimator.export",
            "ServingInputReceiver TensorServingInputReceiver"
            " build_parsing_serving_input_receiver_fn build_raw_serving_input_receiver_fn",
        ),
        (
            "python.estimator.export.export_output",
            "estimator.export",
            "ClassificationOutput ExportOutput PredictOutput RegressionOutput",
        ),
        ("python.estimator.inputs.numpy_io", "estimator.inputs", "numpy_input_fn"),
        ("python.estimator.inputs.pandas_io", "estimator.inputs", "pandas_input_fn"),
    )
    for name in names.split()
}
ESTIMATORS["tf.estimator"] = "estimator"

#: Of these, other parts may not be in the bridge.
_NAMESPACES = frozenset({"tf.estimator", "tf.estimator.export", "tf.estimator.inputs"})

#: Constructing one of these makes a file part of a running program.
SESSIONS = frozenset(
    {
        "tf.Session",
        "tf.InteractiveSession",
        "tf.keras.backend.get_session",
        "tf.keras.backend.set_session",
        *FAMILIES["managed"],
    }
)

#: Making one of these finalizes a graph and may restore a checkpoint that another Saver wrote.
#: TensorFlow 1's Saver, which they use, adds ops to read an object-based one, and cannot there.
FINALIZES = frozenset(
    {
        "tf.train.MonitoredTrainingSession",
        "tf.train.MonitoredSession",
        "tf.train.SingularMonitoredSession",
        "tf.train.Supervisor",
        "tf.train.ChiefSessionCreator",
        "tf.train.SessionManager",
        "tf.contrib.training.train",
        "tf.contrib.training.evaluate_once",
        "tf.contrib.training.evaluate_repeatedly",
        *(
            f"tf.contrib.slim.{place}{name}"
            for place in ("", "python.slim.")
            for name in (
                "learning.train",
                "evaluation.evaluate_once",
                "evaluation.evaluation_loop",
            )
        ),
    }
)

#: The attributes by which ``tf_slim`` and the bridge's ``slim`` have some of these.
FINALIZES_IN_SLIM = {
    name.rpartition(".")[2]: name.removeprefix("tf.contrib.")
    for name in FINALIZES
    if name.startswith("tf.contrib.slim.") and ".python." not in name
}

#: Attributes through which programs run a Saver's own ops or read checkpoints by variable name.
READER_ATTRIBUTES = frozenset(
    {"as_saver_def", "saver_def", "assign_from_checkpoint", "assign_from_checkpoint_fn"}
)

#: Calls that take a Saver and finalize its graph: an object-based write, which adds nodes
#: at its first call, fails there, so TensorFlow 1's own Saver must stay.
HOLDS_V1_SAVER = frozenset(FAMILIES["managed"]) | {
    "tf.estimator.EstimatorSpec",
    "tf.train.Scaffold",
    "tf.train.CheckpointSaverHook",
}


def bridged_estimator(name: str) -> str | None:
    """Return what ``name``, or an attribute of a class, is called in the bridge, or None."""
    found = ESTIMATORS.get(name)
    if found is not None:
        return found
    above, _, last = name.rpartition(".")
    if above in ESTIMATORS and above not in _NAMESPACES:
        return f"{ESTIMATORS[above]}.{last}"
    return None


def is_model_part(name: str) -> bool:
    """Whether ``name`` is what functions given to an Estimator use: a spec, a mode, an output.

    These are values, which need no session.
    """
    found = bridged_estimator(name) or ""
    return found.startswith(("estimator.EstimatorSpec", "estimator.ModeKeys", "estimator.export"))


def runs_estimator(name: str) -> bool:
    """Whether ``name`` is an Estimator, or something that trains, evaluates or exports one."""
    found = bridged_estimator(name) or ""
    configures = found.startswith(("estimator.RunConfig", "estimator.inputs", "tpu.RunConfig"))
    return "." in found and not (configures or is_model_part(name))


def family(name: str) -> str | None:
    """Return the family of canonical symbol ``name``, or None when it is no target.

    A name below a listed one belongs to it (``tf.contrib.predictor.from_saved_model``).
    """
    if "stimator" in (bridged_estimator(name) or ""):  # not a configuration of a TPU
        return "estimator"
    while True:
        found = _FAMILY_OF.get(name)
        if found is not None:
            return found
        name, dot, _ = name.rpartition(".")
        if not dot:
            return None
