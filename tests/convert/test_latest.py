"""The state file by which latest_checkpoint goes is read, and written, as TensorFlow does."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.convert.latest import STATE, is_latest, state_of

#: What the file holds, and whether it names model-37 beside it as the latest.
STATES = [
    ('model_checkpoint_path: "model-37"\nall_model_checkpoint_paths: "model-36"\n', True),
    ("model_checkpoint_path: 'model-37'", True),
    ('all_model_checkpoint_paths: "model-37"\nmodel_checkpoint_path: "model-36"\n', False),
    ('all_model_checkpoint_paths: "model-37"\n', False),
    ('model_checkpoint_path: "/on/another/machine/model-37"\n', True),
    ('model_checkpoint_path: "/on/another/machine/model-36"\n', False),
    ('model_checkpoint_path: "mo\\144el-37"\n', True),
    ('model_checkpoint_path: "other/model-37"\n', False),
    ("", False),
    ("\x00 no text at all", False),
]


@pytest.mark.parametrize(("text", "latest"), STATES)
def test_the_latest_is_read(tmp_path: Path, text: str, latest: bool) -> None:
    """A relative path is below the folder; one that leads nowhere counts by its last part."""
    (tmp_path / "other").mkdir()
    for folder in (tmp_path, tmp_path / "other"):
        (folder / "model-37.index").touch()
    (tmp_path / STATE).write_text(text)
    assert is_latest(tmp_path / "model-37") is latest


def test_a_folder_without_a_state_names_none(tmp_path: Path) -> None:
    """Nor does one in which that name is a folder."""
    assert not is_latest(tmp_path / "model-37")
    (tmp_path / STATE).mkdir()
    assert not is_latest(tmp_path / "model-37")


@pytest.mark.parametrize("name", ["model.ckpt-37", "a 'b'", 'a "b"', "a\\b", "Gewichte-ä", "a\nb"])
def test_any_name_is_written_so_that_it_is_read(tmp_path: Path, name: str) -> None:
    """Quotes, backslashes and other bytes than ASCII's are escaped."""
    (tmp_path / STATE).write_text(state_of(name))
    assert is_latest(tmp_path / name)
    assert not is_latest(tmp_path / "another")


@pytest.mark.tensorflow
def test_tensorflow_reads_it(tmp_path: Path) -> None:
    """``tf.train.latest_checkpoint`` finds what the file names."""
    tf = pytest.importorskip("tensorflow")
    for number, name in enumerate(["model.ckpt-37", "a 'b' \"c\"", "Gewichte-ä"]):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / f"{name}.index").touch()
        (folder / STATE).write_text(state_of(name))
        assert tf.train.latest_checkpoint(str(folder)) == str(folder / name)
        state = tf.train.get_checkpoint_state(str(folder))
        assert list(state.all_model_checkpoint_paths) == [str(folder / name)]
