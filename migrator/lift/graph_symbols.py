"""What TensorFlow 1's symbols are to code that builds a graph, and the names of a GraphModule."""

from __future__ import annotations

from migrator.lift import renames
from migrator.names import Symbol

__all__ = [
    "EAGER",
    "LOADERS",
    "MODULE_NAMES",
    "PARTS",
    "PREDICTOR",
    "REFUSED",
    "STRINGS",
    "below",
    "is_graph_symbol",
]

_QUEUES = "queues have no place without a session that runs their threads"
_READERS = "readers and iterators keep their place in a session"
_MANAGED = "managed sessions have no place without a session"
_PROVIDERS = "its readers and queues keep their place in a session"
_ASSIGNS = "what it returns restores variables in a session"
_CLUSTER = "distributed sessions have no place without a session"
_INSIDE = "a session or a graph of its own stands inside the graph code"
PARTS = "a partitioned variable has no place in an object-based checkpoint"
EAGER = "it is TensorFlow 2 code already"
_HESSIANS = "its loop does not find the variables of TensorFlow 2"
_KERAS = "Keras layers and models keep a graph and a session of their own"

#: Why symbols, and all below them, have no place in a build.
_REASONS = {
    _QUEUES: (
        "FIFOQueue PaddingFIFOQueue PriorityQueue RandomShuffleQueue QueueBase queue "
        "train.batch train.batch_join train.maybe_batch train.maybe_batch_join "
        "train.shuffle_batch train.shuffle_batch_join train.maybe_shuffle_batch "
        "train.maybe_shuffle_batch_join train.input_producer train.string_input_producer "
        "train.range_input_producer train.slice_input_producer train.limit_epochs "
        "train.start_queue_runners train.add_queue_runner train.QueueRunner "
        "train.queue_runner train.Coordinator train.LooperThread contrib.staging "
        "ConditionalAccumulator ConditionalAccumulatorBase SparseConditionalAccumulator"
    ),
    _READERS: (
        "ReaderBase TFRecordReader TextLineReader WholeFileReader IdentityReader "
        "FixedLengthRecordReader data contrib.data train.match_filenames_once "
        "io.match_filenames_once queue_runner"
    ),
    _MANAGED: (
        "train.MonitoredTrainingSession train.MonitoredSession train.Supervisor "
        "train.SingularMonitoredSession train.Scaffold train.SessionManager "
        "train.ChiefSessionCreator train.WorkerSessionCreator train.SessionRunHook "
        "train.basic_train_loop estimator contrib.estimator contrib.learn.Estimator "
        "contrib.slim.learning contrib.slim.evaluation contrib.training"
    ),
    _ASSIGNS: (
        "contrib.slim.assign_from_checkpoint contrib.slim.assign_from_checkpoint_fn "
        "contrib.slim.assign_from_values contrib.slim.assign_from_values_fn "
        "contrib.framework.assign_from_checkpoint contrib.framework.assign_from_checkpoint_fn "
        "contrib.framework.assign_from_values contrib.framework.assign_from_values_fn"
    ),
    _PROVIDERS: (
        "contrib.slim.queues contrib.slim.dataset contrib.slim.dataset_data_provider "
        "contrib.slim.data_decoder contrib.slim.parallel_reader contrib.slim.prefetch_queue "
        "contrib.slim.tfexample_decoder"
    ),
    _CLUSTER: (
        "train.Server train.ClusterSpec train.replica_device_setter distribute "
        "train.SyncReplicasOptimizer contrib.distribute tpu contrib.tpu"
    ),
    _INSIDE: (
        "Session InteractiveSession Graph reset_default_graph get_default_session train.Saver "
        "saved_model train.export_meta_graph graph_util "
        "train.write_graph get_session_handle get_session_tensor delete_session_tensor "
        "wrap_function"
    ),
    PARTS: (
        "fixed_size_partitioner variable_axis_size_partitioner create_partitioned_variables "
        "min_max_variable_partitioner contrib.framework.VariableDeviceChooser"
    ),
    EAGER: (
        "GradientTape function enable_eager_execution enable_v2_behavior Module contrib.eager "
        "custom_gradient train.Checkpoint"
    ),
    _HESSIANS: "hessians",
    _KERAS: (
        "keras.layers keras.models keras.Model keras.Sequential keras.Input keras.backend "
        "keras.optimizers keras.applications keras.metrics keras.losses keras.estimator "
        "keras.callbacks contrib.keras"
    ),
}
REFUSED = {name: why for why, names in _REASONS.items() for name in names.split()}

#: What loads a model into a session's graph -> what does so in a build.
LOADERS = {
    "saved_model.load": "import_saved_model",
    "train.import_meta_graph": "import_meta_graph",
}  #: What makes a model that is called with a dict.
PREDICTOR = "contrib.predictor.from_saved_model"

_HOST_NAMES = (
    "contrib.predictor gfile logging flags app errors ConfigProto GPUOptions "
    "OptimizerOptions GraphOptions "
    "RunOptions RunMetadata set_random_seed random.set_random_seed train.latest_checkpoint "
    "train.get_checkpoint_state train.checkpoint_exists train.list_variables "
    "train.load_checkpoint train.load_variable Summary summary.FileWriter "
    "summary.FileWriterCache summary.Summary train.SummaryWriter summary.Event Event "
    "contrib.framework.load_checkpoint contrib.framework.load_variable "
    "contrib.framework.list_variables "
    "train.NewCheckpointReader train.checkpoints_iterator train.update_checkpoint_state "
    "train.remove_checkpoint train.get_checkpoint_mtimes train.Example train.SequenceExample "
    "train.Feature train.Features compat train.FloatList train.Int64List train.BytesList "
    "train.FeatureLists SummaryMetadata train.FeatureList python_io test "
    "contrib.learn.datasets examples sysconfig keras.datasets keras.preprocessing keras.utils "
    "resource_loader nest io.gfile io.TFRecordWriter io.tf_record_iterator GraphDef NodeDef "
    "MetaGraphDef saved_model.tag_constants saved_model.signature_constants as_dtype DType "
    "TensorShape Dimension contrib.training.HParams version VERSION __version__ GIT_VERSION "
    "COMPILER_VERSION newaxis Tensor Operation SparseTensorValue GraphKeys AUTO_REUSE "
    "profiler config debugging.set_log_device_placement disable_eager_execution "
    "disable_v2_behavior dtypes lite autograph train.Saver Session InteractiveSession Graph "
    "reset_default_graph saved_model"
)
_MODULE = (
    "as_default function graph_def graph_variables initialize make_saver name name_scope "
    "non_trainable_variables submodules trainable_variables variables with_name_scope "
    "_build_of_module _graph_build _flatten _name _name_scope _scope_name "
    "_TF_MODULE_IGNORED_PROPERTIES _add_trackable_child _add_variable_with_custom_getter "
    "_checkpoint_adapter _checkpoint_dependencies _copy_trackable_to_cpu _deferred_dependencies "
    "_delete_tracking _deserialization_dependencies _deserialize_from_proto "
    "_export_to_saved_model_graph _gather_saveables_for_checkpoint _handle_deferred_dependencies "
    "_lookup_dependency _maybe_initialize_trackable _name_based_attribute_restore "
    "_name_based_restores _no_dependency _object_identifier _preload_simple_restoration "
    "_restore_from_tensors _self_name_based_restores _self_saveable_object_factories "
    "_self_setattr_tracking _self_unconditional_checkpoint_dependencies "
    "_self_unconditional_deferred_dependencies _self_unconditional_dependency_names "
    "_self_update_uid _serialize_to_proto _serialize_to_tensors _setattr_tracking "
    "_tf_api_names _tf_api_names_v1 _track_trackable _trackable_children "
    "_unconditional_checkpoint_dependencies _unconditional_dependency_names _update_uid"
)
#: What a ``GraphModule`` has itself, and what ``tf.Module`` keeps in it: attributes of other
#: meanings are called otherwise, or have no place in one.
MODULE_NAMES = frozenset(_MODULE.split())

#: Symbols that make no graph, and all below them; besides those that :mod:`renames` knows.
_HOST = frozenset(_HOST_NAMES.split())

#: Constants that are gone -> the strings that they were.
STRINGS = {
    f"{place}.ModeKeys.{key}": value
    for place in ("estimator", "contrib.learn")
    for key, value in (("TRAIN", "train"), ("EVAL", "eval"), ("INFER", "infer"))
}
STRINGS["estimator.ModeKeys.PREDICT"] = STRINGS.pop("estimator.ModeKeys.INFER")


def is_graph_symbol(symbol: Symbol) -> bool:
    """Whether using a symbol makes graph, or stands for a part of one.

    Not so flags, files, logging, data types, protos and summary writers; nor sessions, Savers and
    exports, which are no graph code and are judged by who lifts them.
    """
    name = symbol.name.partition(".")[2]
    spelled = symbol.spelled.partition(".")[2]
    if not name or renames.is_flags(symbol):
        return False
    if spelled in STRINGS or {name, spelled} & (
        renames.CONSTANTS | renames.LEVELS | renames.HOST.keys()
    ):
        return False
    return below(name, _HOST) is None and below(spelled, _HOST) is None


def below(name: str, table: frozenset[str] | dict[str, str]) -> str | None:
    """Return ``name``, or the longest prefix of it, that is in ``table``."""
    while name:
        if name in table:
            return name
        name = name.rpartition(".")[0]
    return None
