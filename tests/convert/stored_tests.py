"""What is true of every stored model; a test module imports it and says which in ``NAMES``.

Two modules do, so that two processes share the conversions.
"""

from __future__ import annotations

import pytest
from stored import MANIFEST, Stored, complaints


def pytest_generate_tests(metafunc):
    """Give each test the models of its module."""
    names = metafunc.module.NAMES
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", names)
    elif "trained" in metafunc.fixturenames:
        metafunc.parametrize("trained", [name for name in names if "trains" in MANIFEST[name]])


@pytest.fixture(scope="module")
def stored(request, tmp_path_factory, tf2_python):
    """The conversions of this file, checked against TensorFlow 1.15 where there is one."""
    try:
        python = request.getfixturevalue("tf1_python")
    except pytest.skip.Exception:
        python = None  # then TensorFlow 2 runs both sides
    return Stored(tmp_path_factory.mktemp("stored"), python)


@pytest.fixture(scope="module")
def loaded(request, stored, tf2_python):
    """What the converted models are once they were loaded, saved and loaded again."""
    return stored.loaded(request.module.NAMES, tf2_python)


def test_it_matches(stored, name):
    """By structure, variables and outputs, as TensorFlow 1.15 runs it where there is one."""
    found = stored.converted(name)
    assert complaints(found) == []
    assert found.check.match
    assert len(found.check.deltas) > 0
    assert (stored.folder / "converted" / name / "saved_model.pb").is_file()


def test_it_is_the_same_model_when_loaded_saved_and_loaded_again(stored, loaded, name):
    """With its signatures and its variables, and callable where there is one signature."""
    made, found = stored.converted(name), loaded[name]
    assert found["signatures"] == sorted(made.signatures)
    assert found["variables"] == sorted(made.variables)
    assert found["trainable"] == sorted(made.trainable_variables)
    assert found["penalties"] == made.regularization_losses
    assert found["callable"] == (made.call is not None)


def test_it_trains_as_tensorflow_1_15_trains_the_source(loaded, trained):
    """Twenty steps on the same batches, after load, save and load: the losses agree."""
    recorded, found = MANIFEST[trained]["trains"], loaded[trained]
    assert found["trainable"] == recorded["trainable"]
    assert found["losses"] == pytest.approx(recorded["losses"], abs=1e-4)
    assert max(recorded["losses"]) - min(recorded["losses"]) > 0.1
