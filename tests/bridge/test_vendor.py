"""The file that migrated repositories carry is ours, whole, clean and recognisable."""

from __future__ import annotations

import ast
import itertools
import subprocess
import sys

import pytest

from migrator.vendor import PARTS, bridge_parts, bridge_text

#: all pairs, and all parts together
COMBINATIONS = [c for n in (1, 2, len(PARTS)) for c in itertools.combinations(PARTS, n)]
_READERS = {
    *("NewCheckpointReader", "assign_from_checkpoint", "assign_from_checkpoint_fn"),
    *("get_variables_to_restore", "init_from_checkpoint"),
    *("list_variables", "load_checkpoint", "load_variable"),
}
NAMES = {
    "saver": {"Saver"},
    "readers": _READERS,
    "session_module": {"SessionModule", "session_module"},
    "graph_module": {"GraphModule", "GraphSaver", "feed", "graph", "saver"},
    "graph_export": {
        *("GraphModule", "GraphSaver", "ServingModule", "feed", "graph", "saver", "serving"),
    },
    "graph_import": {
        *("GraphModule", "GraphSaver", "feed", "graph", "saver"),
        *("graph_operations", "import_meta_graph", "import_saved_model"),
    },
    "hub_module": {
        *("HubModule", "HubModuleSpec", "ReusableModule", "add_signature", "create_module_spec"),
        *("get_expected_image_size", "get_num_image_channels", "load_module_spec"),
        *("SessionModule", "session_module", *_READERS),
    },
    "meta_graph": {"session_meta_graph"},
    "predictor": {"SavedModelPredictor", "predictor"},
    "graph_predictor": {"GraphPredictor", "graph_predictor"},
    "slim": {"alias_slim"},
    "estimator": {"SessionModule", "estimator", "session_module"},
    "canned_estimators": {"SessionModule", "estimator", "session_module"},
    "tpu_estimator": {"SessionModule", "estimator", "session_module", "tpu"},
    "lookup": {"lookup"},
    "mnist": {
        *("DataSet", "Datasets", "dense_to_one_hot", "extract_images", "extract_labels"),
        *("input_data", "load_mnist", "read_data_sets"),
    },
    "seq2seq": {
        *("AttentionMechanism", "AttentionWrapper", "AttentionWrapperState", "BahdanauAttention"),
        *("BahdanauMonotonicAttention", "BasicDecoder", "BasicDecoderOutput"),
        *("BeamSearchDecoder", "BeamSearchDecoderOutput", "BeamSearchDecoderState"),
        *("CustomHelper", "Decoder", "FinalBeamSearchDecoderOutput", "GreedyEmbeddingHelper"),
        *("Helper", "InferenceHelper", "LuongAttention", "LuongMonotonicAttention"),
        *("SampleEmbeddingHelper", "ScheduledEmbeddingTrainingHelper"),
        *("ScheduledOutputTrainingHelper", "TrainingHelper", "dynamic_decode", "gather_tree"),
        *("hardmax", "monotonic_attention", "safe_cumprod", "seq2seq", "sequence_loss"),
        *("tile_batch",),
    },
    "legacy_seq2seq": {
        *("AttentionCellWrapper", "EmbeddingWrapper", "FusedRNNCellAdaptor", "HighwayWrapper"),
        *("InputProjectionWrapper", "OutputProjectionWrapper", "TimeReversedFusedRNN"),
        *("attention_decoder", "basic_rnn_seq2seq", "embedding_attention_decoder"),
        *("embedding_attention_seq2seq", "embedding_rnn_decoder", "embedding_rnn_seq2seq"),
        *("embedding_tied_rnn_seq2seq", "legacy_seq2seq", "legacy_sequence_loss"),
        *("model_with_buckets", "one2many_rnn_seq2seq", "rnn_decoder"),
        *("sequence_loss_by_example", "stack_bidirectional_dynamic_rnn"),
        *("stack_bidirectional_rnn", "tied_rnn_seq2seq"),
    },
    "crf": {
        *("crf", "crf_binary_score", "crf_decode", "crf_log_likelihood", "crf_log_norm"),
        *("crf_multitag_sequence_score", "crf_sequence_score", "crf_unary_score"),
        *("viterbi_decode",),
    },
    "contrib_rnn": {
        *("AttentionCellWrapper", "EmbeddingWrapper", "FusedRNNCellAdaptor", "GRUBlockCell"),
        *("GRUBlockCellV2", "HighwayWrapper", "InputProjectionWrapper", "LSTMBlockCell"),
        *("LSTMBlockFusedCell", "LayerNormBasicLSTMCell", "NASCell", "OutputProjectionWrapper"),
        *("TimeReversedFusedRNN", "contrib_rnn", "stack_bidirectional_dynamic_rnn"),
        *("stack_bidirectional_rnn",),
    },
    "hparams": {"HParams"},
    "vocabulary": {
        *("ByteProcessor", "CategoricalVocabulary", "VocabularyProcessor"),
        *("preprocessing", "tokenizer"),
    },
}


@pytest.mark.parametrize("parts", COMBINATIONS)
def test_parts_are_read_back(parts: tuple[str, ...]) -> None:
    """bridge_parts returns the parts that bridge_text was given."""
    assert bridge_parts(bridge_text(parts)) == frozenset(parts)


@pytest.mark.parametrize("parts", COMBINATIONS)
def test_file_defines_its_parts_only(parts: tuple[str, ...]) -> None:
    """The file exports what its parts export, imports what it uses and nothing of ours."""
    tree = ast.parse(bridge_text(parts))
    (exported,) = [
        ast.literal_eval(n.value)
        for n in tree.body
        if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "__all__"
    ]
    assert set(exported) == set().union(*(NAMES[part] for part in parts))
    imported = {
        (n.module or "") if isinstance(n, ast.ImportFrom) else n.names[0].name
        for n in ast.walk(tree)
        if isinstance(n, (ast.Import, ast.ImportFrom))
    }
    assert not any(name.startswith("migrator") for name in imported)
    defined = [n.name for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef))]
    assert len(defined) == len(set(defined))


@pytest.mark.parametrize("parts", COMBINATIONS)
@pytest.mark.parametrize("command", [["check"], ["format", "--check"]])
def test_file_is_clean(command: list[str], parts: tuple[str, ...]) -> None:
    """Ruff finds nothing to say about the file, nor to format, under this project's settings."""
    pytest.importorskip("ruff")
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "--stdin-filename", "tf2_bridge.py", "-"],
        input=bridge_text(parts),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_order_and_repetition_do_not_matter() -> None:
    """The same parts give the same text."""
    assert bridge_text(["slim", "saver", "slim"]) == bridge_text(("saver", "slim"))


@pytest.mark.parametrize("parts", [[], ["savers"], ["saver", "x"]])
def test_unknown_parts_are_refused(parts: list[str]) -> None:
    """No part, or one that does not exist, is an error that lists the parts."""
    with pytest.raises(ValueError, match=", ".join(PARTS)):
        bridge_text(parts)


@pytest.mark.parametrize(
    "edit",
    [
        lambda t: t + "\n",
        lambda t: t.replace("TF1", "TF2", 1),
        lambda t: t.replace("\n", "\r\n"),
        lambda t: t.replace("Parts: saver.", "Parts: saver, slim."),
        lambda t: t.replace("Parts: ", "Part: "),
        lambda t: "",
        lambda t: "import tensorflow as tf\n",
    ],
)
def test_edited_and_foreign_files_are_not_ours(edit: object) -> None:
    """A changed byte makes the file the user's own."""
    text = edit(bridge_text(["saver"]))  # type: ignore[operator]
    assert bridge_parts(text) is None


def test_vendor_does_not_import_tensorflow() -> None:
    """Composing the file loads neither TensorFlow nor libcst."""
    code = (
        "import sys, migrator.vendor as v; v.bridge_text(v.PARTS);"
        "sys.exit(any(m in sys.modules for m in ('tensorflow', 'libcst', 'numpy')))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
