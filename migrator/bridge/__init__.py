"""Stand-alone parts that migrated session programs run on TensorFlow 2.

Each part is a few modules that import TensorFlow's public API only, and some are of several parts;
:mod:`migrator.vendor` joins the parts that a repository needs into one ``tf2_bridge.py``.
"""

from __future__ import annotations

import migrator.bridge.estimator_canned  # noqa: F401 - it adds to the estimator that follows
from migrator.bridge.checkpoint_readers import (
    NewCheckpointReader,
    assign_from_checkpoint,
    assign_from_checkpoint_fn,
    get_variables_to_restore,
    init_from_checkpoint,
    list_variables,
    load_checkpoint,
    load_variable,
)
from migrator.bridge.contrib_crf import (
    crf,
    crf_binary_score,
    crf_decode,
    crf_log_likelihood,
    crf_log_norm,
    crf_multitag_sequence_score,
    crf_sequence_score,
    crf_unary_score,
    viterbi_decode,
)
from migrator.bridge.contrib_legacy_seq2seq import (
    attention_decoder,
    basic_rnn_seq2seq,
    embedding_attention_decoder,
    embedding_attention_seq2seq,
    embedding_rnn_decoder,
    embedding_rnn_seq2seq,
    embedding_tied_rnn_seq2seq,
    legacy_seq2seq,
    legacy_sequence_loss,
    model_with_buckets,
    one2many_rnn_seq2seq,
    rnn_decoder,
    sequence_loss_by_example,
    tied_rnn_seq2seq,
)
from migrator.bridge.contrib_rnn import (
    contrib_rnn,
)
from migrator.bridge.contrib_rnn_cells import (
    GRUBlockCell,
    GRUBlockCellV2,
    LayerNormBasicLSTMCell,
    LSTMBlockCell,
    LSTMBlockFusedCell,
    NASCell,
)
from migrator.bridge.contrib_rnn_wrappers import (
    AttentionCellWrapper,
    EmbeddingWrapper,
    FusedRNNCellAdaptor,
    HighwayWrapper,
    InputProjectionWrapper,
    OutputProjectionWrapper,
    TimeReversedFusedRNN,
    stack_bidirectional_dynamic_rnn,
    stack_bidirectional_rnn,
)
from migrator.bridge.contrib_seq2seq import (
    seq2seq,
)
from migrator.bridge.contrib_seq2seq_attention import (
    AttentionMechanism,
    BahdanauAttention,
    BahdanauMonotonicAttention,
    LuongAttention,
    LuongMonotonicAttention,
    hardmax,
    monotonic_attention,
    safe_cumprod,
)
from migrator.bridge.contrib_seq2seq_beam import (
    BeamSearchDecoder,
    BeamSearchDecoderOutput,
    BeamSearchDecoderState,
    FinalBeamSearchDecoderOutput,
    gather_tree,
    tile_batch,
)
from migrator.bridge.contrib_seq2seq_decoder import (
    BasicDecoder,
    BasicDecoderOutput,
    Decoder,
    dynamic_decode,
    sequence_loss,
)
from migrator.bridge.contrib_seq2seq_helpers import (
    CustomHelper,
    GreedyEmbeddingHelper,
    Helper,
    InferenceHelper,
    SampleEmbeddingHelper,
    ScheduledEmbeddingTrainingHelper,
    ScheduledOutputTrainingHelper,
    TrainingHelper,
)
from migrator.bridge.contrib_seq2seq_wrapper import (
    AttentionWrapper,
    AttentionWrapperState,
)
from migrator.bridge.estimator import estimator
from migrator.bridge.estimator_module import EstimatorModule, estimator_module
from migrator.bridge.estimator_tpu import tpu
from migrator.bridge.graph_export import ServingModule, serving
from migrator.bridge.graph_import import (
    graph_operations,
    import_meta_graph,
    import_saved_model,
)
from migrator.bridge.graph_module import GraphModule, feed, graph
from migrator.bridge.graph_predictor import GraphPredictor, graph_predictor
from migrator.bridge.graph_saver import GraphSaver
from migrator.bridge.hparams import (
    HParams,
)
from migrator.bridge.keras_module import KerasModule, keras_module, named_outputs
from migrator.bridge.lookup import lookup
from migrator.bridge.mnist import (
    DataSet,
    Datasets,
    dense_to_one_hot,
    extract_images,
    extract_labels,
    input_data,
    load_mnist,
    read_data_sets,
)
from migrator.bridge.predictor import SavedModelPredictor, predictor
from migrator.bridge.prepared_saver import PreparedSaver, Scaffold, Supervisor
from migrator.bridge.saver import Saver
from migrator.bridge.session_meta_graph import session_meta_graph
from migrator.bridge.session_module import SessionModule, session_module
from migrator.bridge.slim import __getattr__ as __getattr__
from migrator.bridge.slim import alias_slim
from migrator.bridge.vocabulary import (
    ByteProcessor,
    CategoricalVocabulary,
    VocabularyProcessor,
    preprocessing,
    tokenizer,
)

__all__ = [
    "AttentionCellWrapper",
    "AttentionMechanism",
    "AttentionWrapper",
    "AttentionWrapperState",
    "BahdanauAttention",
    "BahdanauMonotonicAttention",
    "BasicDecoder",
    "BasicDecoderOutput",
    "BeamSearchDecoder",
    "BeamSearchDecoderOutput",
    "BeamSearchDecoderState",
    "ByteProcessor",
    "CategoricalVocabulary",
    "CustomHelper",
    "DataSet",
    "Datasets",
    "Decoder",
    "EmbeddingWrapper",
    "EstimatorModule",
    "FinalBeamSearchDecoderOutput",
    "FusedRNNCellAdaptor",
    "GRUBlockCell",
    "GRUBlockCellV2",
    "GraphModule",
    "GraphPredictor",
    "GraphSaver",
    "GreedyEmbeddingHelper",
    "HParams",
    "Helper",
    "HighwayWrapper",
    "InferenceHelper",
    "InputProjectionWrapper",
    "KerasModule",
    "LSTMBlockCell",
    "LSTMBlockFusedCell",
    "LayerNormBasicLSTMCell",
    "LuongAttention",
    "LuongMonotonicAttention",
    "NASCell",
    "NewCheckpointReader",
    "OutputProjectionWrapper",
    "PreparedSaver",
    "SampleEmbeddingHelper",
    "SavedModelPredictor",
    "Saver",
    "Scaffold",
    "ScheduledEmbeddingTrainingHelper",
    "ScheduledOutputTrainingHelper",
    "ServingModule",
    "SessionModule",
    "Supervisor",
    "TimeReversedFusedRNN",
    "TrainingHelper",
    "VocabularyProcessor",
    "alias_slim",
    "assign_from_checkpoint",
    "assign_from_checkpoint_fn",
    "attention_decoder",
    "basic_rnn_seq2seq",
    "contrib_rnn",
    "crf",
    "crf_binary_score",
    "crf_decode",
    "crf_log_likelihood",
    "crf_log_norm",
    "crf_multitag_sequence_score",
    "crf_sequence_score",
    "crf_unary_score",
    "dense_to_one_hot",
    "dynamic_decode",
    "embedding_attention_decoder",
    "embedding_attention_seq2seq",
    "embedding_rnn_decoder",
    "embedding_rnn_seq2seq",
    "embedding_tied_rnn_seq2seq",
    "estimator",
    "estimator_module",
    "extract_images",
    "extract_labels",
    "feed",
    "gather_tree",
    "get_variables_to_restore",
    "graph",
    "graph_operations",
    "graph_predictor",
    "hardmax",
    "import_meta_graph",
    "import_saved_model",
    "init_from_checkpoint",
    "input_data",
    "keras_module",
    "legacy_seq2seq",
    "legacy_sequence_loss",
    "list_variables",
    "load_checkpoint",
    "load_mnist",
    "load_variable",
    "lookup",
    "model_with_buckets",
    "monotonic_attention",
    "named_outputs",
    "one2many_rnn_seq2seq",
    "predictor",
    "preprocessing",
    "read_data_sets",
    "rnn_decoder",
    "safe_cumprod",
    "seq2seq",
    "sequence_loss",
    "sequence_loss_by_example",
    "serving",
    "session_meta_graph",
    "session_module",
    "stack_bidirectional_dynamic_rnn",
    "stack_bidirectional_rnn",
    "tied_rnn_seq2seq",
    "tile_batch",
    "tokenizer",
    "tpu",
    "viterbi_decode",
]

# Importing that part has bound its module to the name under which it gives tf_slim.
del globals()["slim"]
