"""Lookup tables in checkpoints: known by their names, compared in the order of their keys."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

np = pytest.importorskip("numpy")

from checker_models import load_worker  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent
load_worker(str(ROOT / "migrator" / "worker"))
tables = sys.modules["migrator_worker.tables"]


class Reader:
    """A checkpoint of one table."""

    def __init__(self, keys: object) -> None:
        self._keys = keys

    def get_tensor(self, key: str) -> object:
        """Return the keys."""
        assert key == "words-keys"
        return self._keys


def test_keys_and_values_are_sorted_together():
    """Two lists of the same contents become equal, whatever order they were stored in."""
    keys = np.array([b"dog", b"", b"cat"], object)
    values = np.array([[1, 1], [2, 2], [3, 3]])
    reader = Reader(keys)
    assert tables.ordered(reader, "words", keys).tolist() == [b"", b"cat", b"dog"]
    assert tables.ordered(reader, "words", values).tolist() == [[2, 2], [3, 3], [1, 1]]


def test_other_contents_stay_other_contents():
    """A value under another key is not the same table."""
    first, second = (np.array([1, 2]), np.array([10, 20])), (np.array([2, 1]), np.array([10, 20]))
    sorted_values = [
        tables.ordered(Reader(keys), "words", values).tolist() for keys, values in (first, second)
    ]
    assert sorted_values == [[10, 20], [20, 10]]


def test_keys_of_several_parts_and_empty_places_keep_their_order():
    """A dense table repeats the key of its empty places."""
    keys = np.array([[-1, -1], [3, 4], [-1, -1], [1, 2]])
    values = np.array([7, 8, 9, 6])
    assert tables.ordered(Reader(keys), "words", values).tolist() == [7, 9, 6, 8]


@pytest.mark.parametrize("shape", [(0,), (0, 2), ()])
def test_an_empty_table_and_what_is_none_are_left_as_they_are(shape):
    """Nothing to sort, or nothing that a table stores."""
    value = np.zeros(shape)
    assert tables.ordered(Reader(np.zeros(shape)), "words", value).shape == shape


def test_only_the_keys_and_values_of_known_tables_are_meant():
    """Variables of attention are called ``keys`` and ``values`` as well."""
    assert tables.table_of("a/words-keys", {"a/words"}) == "a/words"
    assert tables.table_of("a/words-values", {"a/words"}) == "a/words"
    assert tables.table_of("attention-keys", {"a/words"}) == ""
    assert tables.table_of("a/words", {"a/words"}) == ""


def test_the_object_graph_tells_what_is_a_table():
    """By the attribute that TensorFlow 2 stores a table under."""
    graph = SimpleNamespace(
        nodes=[
            SimpleNamespace(
                attributes=[SimpleNamespace(name="VARIABLE_VALUE", checkpoint_key="w/.A/V")]
            ),
            SimpleNamespace(
                attributes=[SimpleNamespace(name="table", checkpoint_key="t/.A/table")]
            ),
        ]
    )
    assert tables.table_attributes(graph) == [(1, "t/.A/table")]
