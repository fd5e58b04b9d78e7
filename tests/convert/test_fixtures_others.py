"""Stored checkpoints, frozen graphs and Keras files of TensorFlow 1.15.5, converted."""

from __future__ import annotations

import pytest
from stored import OTHERS as NAMES

pytest.register_assert_rewrite("stored_tests")

from stored_tests import *  # noqa: E402, F403
from stored_tests import pytest_generate_tests as pytest_generate_tests  # noqa: E402

__all__ = ["NAMES"]

pytestmark = [pytest.mark.tensorflow, pytest.mark.usefixtures("warm")]
