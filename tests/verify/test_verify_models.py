"""Which files are models, and which of two sides belong together."""

from __future__ import annotations

import pytest

from migrator.verify.models import (
    CHECKPOINT,
    FROZEN,
    KERAS,
    SAVED_MODEL,
    Found,
    find_models,
    pair_models,
)


def test_models_are_found_among_what_was_written(tmp_path):
    """Directories, prefixes, frozen graphs and Keras files; not the files that they consist of."""
    files = {
        "out/1/saved_model.pb": b"VarHandleOp",
        "out/1/variables/variables.index": b"",
        "out/1/variables/variables.data-00000-of-00001": b"",
        "out/1/fingerprint.pb": b"x",
        "ckpt/model-10.index": b"",
        "ckpt/model-10.data-00000-of-00002": b"",
        "ckpt/model-10.meta": b"",
        "ckpt/checkpoint": b"",
        "ckpt/alone.index": b"",
        "frozen.pb": b"Const MatMul",
        "training.pb": b"node VariableV2",
        "split.pb": b"x" * ((1 << 20) - 4) + b"VariableV2",
        "empty.pb": b"",
        "net.h5": b"",
        "net.keras": b"",
        "notes.txt": b"",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    assert find_models(tmp_path, files) == {
        "out/1": SAVED_MODEL,
        "ckpt/model-10": CHECKPOINT,
        "frozen.pb": FROZEN,
        "net.h5": KERAS,
        "net.keras": KERAS,
    }


S, C = SAVED_MODEL, CHECKPOINT


@pytest.mark.parametrize(
    ("before", "after", "pairs"),
    [
        ({"a": S}, {"a": S}, [Found(S, "a", "a")]),
        ({"a": S}, {}, [Found(S, "a", None)]),
        ({"a": S}, {"b": S}, [Found(S, "a", None), Found(S, None, "b")]),
        ({"a": S}, {"a": C}, [Found(S, "a", None), Found(C, None, "a")]),
        ({"e/1511": S}, {"e/1700": S}, [Found(S, "e/1511", "e/1700")]),
        (
            {"e/9": S, "e/10": S},
            {"e/20": S, "e/100": S},
            [Found(S, "e/9", "e/20"), Found(S, "e/10", "e/100")],
        ),
        (
            {"e/1": S, "e/2": S},
            {"e/1": S, "e/3": S},
            [Found(S, "e/1", "e/1"), Found(S, "e/2", "e/3")],
        ),
        (
            {"e/1": S, "e/2": S},
            {"e/3": S},
            [Found(S, "e/1", None), Found(S, "e/2", None), Found(S, None, "e/3")],
        ),
        (
            {"runs/15/ckpt/m-5": C, "runs/15/ckpt/m-10": C},
            {"runs/17/ckpt/m-5": C, "runs/17/ckpt/m-10": C},
            [
                Found(C, "runs/15/ckpt/m-5", "runs/17/ckpt/m-5"),
                Found(C, "runs/15/ckpt/m-10", "runs/17/ckpt/m-10"),
            ],
        ),
        # the step is part of what is saved: another one is another checkpoint
        ({"c/m-5": C}, {"c/m-6": C}, [Found(C, "c/m-5", None), Found(C, None, "c/m-6")]),
        ({"5": C}, {"6": C}, [Found(C, "5", None), Found(C, None, "6")]),
    ],
)
def test_models_are_paired_by_path_or_by_the_order_of_timestamps(before, after, pairs):
    """Folders named for the time are paired in order, if there are equally many of them."""
    assert sorted(pair_models(before, after), key=str) == sorted(pairs, key=str)
