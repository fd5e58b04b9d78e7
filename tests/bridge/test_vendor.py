"""The file that migrated repositories carry is ours, whole, clean and recognisable."""

from __future__ import annotations

import ast
import hashlib
import itertools
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from migrator.vendor import PARTS, bridge_parts, bridge_text

ROOT = Path(__file__).resolve().parents[2]

#: each part, all pairs, and all parts together
COMBINATIONS = [c for n in (1, 2, len(PARTS)) for c in itertools.combinations(PARTS, n)]
_READERS = {
    *("NewCheckpointReader", "assign_from_checkpoint", "assign_from_checkpoint_fn"),
    *("get_variables_to_restore", "init_from_checkpoint"),
    *("list_variables", "load_checkpoint", "load_variable"),
}
NAMES = {
    "saver": {"Saver"},
    "prepared_saver": {"PreparedSaver", "Saver", "Scaffold", "Supervisor"},
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
    "keras_module": {"KerasModule", "keras_module", "named_outputs"},
    "meta_graph": {"session_meta_graph"},
    "predictor": {"SavedModelPredictor", "predictor"},
    "graph_predictor": {"GraphPredictor", "graph_predictor"},
    "slim": {"alias_slim"},
    "estimator": {"SessionModule", "estimator", "session_module"},
    "canned_estimators": {"SessionModule", "estimator", "session_module"},
    "tpu_estimator": {"SessionModule", "estimator", "session_module", "tpu"},
    "estimator_module": {
        *("EstimatorModule", "GraphModule", "GraphSaver", "ServingModule", "SessionModule"),
        *("estimator", "estimator_module", "feed", "graph", "saver", "serving"),
        "session_module",
    },
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


@pytest.fixture(scope="module")
def texts() -> Mapping[tuple[str, ...], str]:
    """The file of every combination."""
    return {parts: bridge_text(parts) for parts in COMBINATIONS}


def test_every_part_is_listed_here() -> None:
    """A part that nobody says the names of would not be looked at."""
    assert set(NAMES) == set(PARTS)


def test_parts_are_read_back(texts: Mapping[tuple[str, ...], str]) -> None:
    """bridge_parts returns the parts that bridge_text was given."""
    assert [p for p, text in texts.items() if bridge_parts(text) != frozenset(p)] == []


def test_file_exports_what_its_parts_export(texts: Mapping[tuple[str, ...], str]) -> None:
    """No combination loses a name or has one more."""
    for parts, text in texts.items():
        listed = re.search(r"^__all__ = (\[.*?\])$", text, re.MULTILINE | re.DOTALL)
        assert listed is not None, parts
        exported = ast.literal_eval(listed[1])
        assert set(exported) == set().union(*(NAMES[part] for part in parts)), parts


@pytest.mark.parametrize("parts", [*((part,) for part in PARTS), PARTS], ids=[*PARTS, "all"])
def test_file_defines_its_parts_only(parts: tuple[str, ...]) -> None:
    """The file imports what it uses and nothing of ours, and defines each name once."""
    tree = ast.parse(bridge_text(parts))
    first = tree.body[1]
    assert isinstance(first, ast.ImportFrom) and first.module == "__future__"
    imported = {
        (n.module or "") if isinstance(n, ast.ImportFrom) else n.names[0].name
        for n in ast.walk(tree)
        if isinstance(n, (ast.Import, ast.ImportFrom))
    }
    assert not any(name.startswith("migrator") for name in imported)
    defined = [n.name for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef))]
    assert len(defined) == len(set(defined))


@pytest.mark.parametrize("part", PARTS)
def test_docstring_says_what_the_file_holds(part: str) -> None:
    """A reader of the file finds in its docstring what each of its names is for."""
    docstring = ast.get_docstring(ast.parse(bridge_text([part]))) or ""
    head, _, listed = docstring.partition("\n\n")
    assert re.fullmatch(r"What this package's TensorFlow 1 [a-z ]+ TensorFlow 2\.", head)
    words = set(re.findall(r"\w+", listed.partition("\n\n")[0]))
    assert NAMES[part] <= words
    assert all(len(line) <= 100 for line in docstring.splitlines())


def test_file_is_clean(texts: Mapping[tuple[str, ...], str], tmp_path: Path) -> None:
    """Ruff finds nothing to say about any file, nor to format, under this project's settings."""
    pytest.importorskip("ruff")
    for number, text in enumerate(texts.values()):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "tf2_bridge.py").write_text(text, encoding="utf-8")
    for command in (["check", "--output-format", "concise"], ["format", "--check"]):
        done = subprocess.run(
            [
                *(sys.executable, "-m", "ruff", *command, "--no-cache"),
                *("--config", ROOT / "pyproject.toml", tmp_path),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        said = "All checks passed" if command[0] == "check" else f"{len(texts)} files already"
        assert said in done.stdout


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


def test_a_file_of_another_version_with_a_part_that_is_gone_stays() -> None:
    """What could not be written again is left alone, not written without that part."""
    text = bridge_text(["saver"]).replace("Parts: saver.", "Parts: saver, seq2seq7.")
    text = re.sub("Checksum: [0-9a-f]{16}", f"Checksum: {'0' * 16}", text)
    checksum = hashlib.sha256(text.encode()).hexdigest()[:16]
    assert bridge_parts(text.replace(f"Checksum: {'0' * 16}", f"Checksum: {checksum}")) is None


IMPORTS = """
import sys, types
import numpy, tensorflow
from migrator.vendor import PARTS, bridge_text
known = {*sys.stdlib_module_names, "tensorflow"}
for parts in (*([part] for part in PARTS), PARTS):
    name = "bridge_of_" + "_".join(parts)
    before = {*sys.modules, name}
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(bridge_text(parts), name, "exec"), vars(module))
    missing = [one for one in module.__all__ if not hasattr(module, one)]
    new = {one.partition(".")[0] for one in set(sys.modules) - before} - known
    if missing or new:
        sys.exit(f"{name} lacks {missing}, imports {new}")
print(len(PARTS))
"""


@pytest.mark.tensorflow
@pytest.mark.parametrize("legacy", ["0", "1"])
def test_each_part_runs_alone_and_loads_nothing_else(tf2_python: str, legacy: str) -> None:
    """Importing a file runs its parts in their order, and loads no tf_slim and the like."""
    done = subprocess.run(
        [tf2_python, "-c", IMPORTS],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "TF_USE_LEGACY_KERAS": legacy, "PYTHONPATH": str(ROOT)},
        check=False,
        timeout=300,
    )
    assert (done.returncode, done.stdout) == (0, f"{len(PARTS)}\n"), done.stderr[-2000:]


def test_vendor_does_not_import_tensorflow() -> None:
    """Composing the file loads neither TensorFlow nor libcst."""
    code = (
        "import sys, migrator.vendor as v; v.bridge_text(v.PARTS);"
        "sys.exit(any(m in sys.modules for m in ('tensorflow', 'libcst', 'numpy')))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
