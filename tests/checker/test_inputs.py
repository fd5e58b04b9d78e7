"""Inputs from files, mappings and command lines: what reaches the worker, and what is refused."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy")

from checker_models import load_worker  # noqa: E402

from migrator.checker.arguments import parse_choices, parse_ranges, read_vocabulary  # noqa: E402
from migrator.checker.arrays import Archive, ArrayWriter  # noqa: E402
from migrator.checker.inputs import input_fields, read_sets  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent
load_worker(str(ROOT / "migrator" / "worker"))
given = sys.modules["migrator_worker.given"]
BadInput = sys.modules["migrator_worker.common"].BadInput


def spec(dtype: str = "float32", shape: Any = (None, 2)) -> dict[str, Any]:
    """Return an input's description."""
    return {"dtype": dtype, "shape": None if shape is None else list(shape), "tensor": "x:0"}


SIGNATURES = {
    "serving_default": {
        "inputs": {
            "x": spec(),
            "n": spec("int64", (None,)),
            "word": spec("string", (None,)),
            "scale": spec("float32", ()),
            "flag": spec("bool", (None,)),
            "in/put": spec("float32", (None,)),
            "cube": spec("float32", (None, 2, 2)),
            "one": spec("float32", (None, 1)),
        }
    },
    "single": {"inputs": {"inputs": spec("float32", (None, 2))}},
}


class Hints:
    """A graph that parses nothing."""

    def examples(self, tensor: str) -> None:
        """Return the parser of an input: none."""


def sent(inputs: Any, folder: Path, signatures: Any = None) -> Any:
    """Return what each set gives each signature, on its way through JSON and both codes."""
    fields = json.loads(json.dumps(input_fields(inputs, None, None, folder)))
    return given.assign(given.read_given(None, fields), signatures or SIGNATURES, Hints())


def only(inputs: Any, folder: Path, key: str = "serving_default") -> dict[str, Any]:
    """Return what the only set gives one signature, as lists."""
    (item,) = sent(inputs, folder)[key]
    return {name: value.tolist() for name, value in item["fixed"].items()}


def write(folder: Path, name: str, content: Any) -> Path:
    """Write a file of text, bytes, or JSON."""
    path = folder / name
    if not isinstance(content, (str, bytes)):
        content = json.dumps(content)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# --- arrays on their way to a worker ----------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        [1, 2],
        np.float16(2),
        True,
        np.zeros([0, 3]),
        b"x\0",
        "word",
        ["a", b"b\0"],
        np.array([["a"], ["é"]]),
        2**62 + 1,
        1j,
    ],
)
def test_given_inputs_reach_the_worker_unchanged(tmp_path: Path, value: Any) -> None:
    """What the user gives is stored without pickle and read back by the worker's code."""
    fields = input_fields({"x": value, "key": {"y": value}}, None, None, tmp_path)
    (found,) = given.read_given(None, json.loads(json.dumps(fields)))
    for back in (found.shared["x"], found.signatures["key"]["y"]):
        expected = np.asarray(value, dtype=object if back.dtype == object else None)
        assert back.shape == expected.shape
        items = [i.encode() if isinstance(i, str) else i for i in expected.ravel().tolist()]
        assert back.ravel().tolist() == items


@pytest.mark.parametrize("value", [{1, 2}, [object()], [None], np.array(["2020"], "M8[Y]")])
def test_what_cannot_be_fed_is_refused(tmp_path: Path, value: Any) -> None:
    """An object that is no number, string or bytes raises before a process starts."""
    with pytest.raises(TypeError, match="fed"):
        input_fields({"x": value}, None, None, tmp_path)


def test_a_file_that_is_half_written_is_not_there(tmp_path: Path) -> None:
    """An error while arrays are taken in leaves no archive behind."""
    path = tmp_path / "a.npz"
    with ArrayWriter(path) as writer:
        writer.put([1])
    path.unlink()
    with pytest.raises(TypeError), ArrayWriter(path) as writer:
        writer.put([object()])
    assert not path.exists()


def test_an_archive_never_unpickles(tmp_path: Path) -> None:
    """A worker that answers with a pickled object gets a ValueError, not its code run."""
    np.savez(tmp_path / "a.npz", a0=np.array([{"a": 1}], dtype=object))
    with (
        Archive(tmp_path / "a.npz") as archive,
        pytest.raises(ValueError, match="allow_pickle=False"),
    ):
        archive.tensor({"key": "a0", "dtype": "float32", "shape": [1]})


# --- names ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "inputs",
    [
        {"n": [1]},
        {"serving_default": {"n": [1]}},
        {"serving_default/n": [1]},
    ],
)
def test_an_input_is_named_alone_or_with_its_signature(tmp_path: Path, inputs: Any) -> None:
    """As a name that any signature may have, inside of its signature, or with the key before it."""
    found = sent(inputs, tmp_path)
    assert [item["fixed"]["n"].tolist() for item in found["serving_default"]] == [[1]]
    assert found["single"] == []


def test_a_slash_in_a_name_is_no_signature(tmp_path: Path) -> None:
    """An input called ``in/put`` is found under its own name."""
    assert only({"in/put": [1.0]}, tmp_path) == {"in/put": [1.0]}
    assert only({"serving_default/in/put": [1.0]}, tmp_path) == {"in/put": [1.0]}


def test_a_tensor_may_be_given_by_its_name(tmp_path: Path) -> None:
    """``keep_prob:0`` is fed although no signature lists it."""
    found = sent({"keep_prob:0": 1.0, "single": {"a/b:0": [1]}}, tmp_path)
    (one,), (two,) = found["serving_default"], found["single"]
    assert {name: value.tolist() for name, value in one["extra"].items()} == {"keep_prob:0": 1.0}
    assert sorted(two["extra"]) == ["a/b:0", "keep_prob:0"]
    assert one["fixed"] == two["fixed"] == {}


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"y": 1}, "no signature has an input 'y': the inputs are .*'x'"),
        ({"other": {"x": 1}}, "signature 'other', which is not there: there are .*'single'"),
        ({"single": {"x": 1}}, r"signature 'single' has no input 'x', only \['inputs'\]"),
        ({"n": [1.5]}, "takes int64, and the values given do not fit"),
        ({"x": [["a", "b"]]}, "takes float32, not string"),
        ({"x": [1.0, 2.0]}, r"takes shape \[None, 2\], not \[2\]"),
    ],
)
def test_values_that_suit_no_input_are_refused(tmp_path: Path, inputs: Any, message: str) -> None:
    """A misspelled input does not silently leave the generated one in its place."""
    with pytest.raises(BadInput, match=message):
        sent(inputs, tmp_path)


# --- files ------------------------------------------------------------------------------


def test_an_npz_file_holds_inputs_by_name(tmp_path: Path) -> None:
    """Keys are names of inputs, or a signature's key and a name."""
    path = tmp_path / "a.npz"
    np.savez(
        path,
        **{
            "x": np.ones([3, 2]),
            "single/inputs": np.zeros([1, 2]),
            "word": np.array(["a", "é"]),
        },
    )
    assert only(path, tmp_path) == {"x": [[1.0, 1.0]] * 3, "word": [b"a", "é".encode()]}
    assert only(str(path), tmp_path, "single") == {"inputs": [[0.0, 0.0]]}


B64 = {"b64": base64.b64encode(b"\xff\0").decode()}
JSON = [
    ({"x": [[1, 2], [3, 4.5]]}, {"x": [[1.0, 2.0], [3.0, 4.5]]}),
    ({"serving_default": {"n": [1, 2]}, "scale": 2}, {"n": [1, 2], "scale": 2.0}),
    ({"n": [2**62 + 1, -5]}, {"n": [2**62 + 1, -5]}),
    (
        {"word": ["a", B64], "flag": [True, False]},
        {"word": [b"a", b"\xff\0"], "flag": [True, False]},
    ),
    # the predict API of TensorFlow Serving, row by row and column by column
    (
        {"instances": [{"n": 1, "word": "a"}, {"n": 2, "word": B64}]},
        {"n": [1, 2], "word": [b"a", b"\xff\0"]},
    ),
    ({"inputs": {"n": [1], "scale": 0.5}}, {"n": [1], "scale": 0.5}),
    ({"signature_name": "serving_default", "inputs": {"n": [1]}}, {"n": [1]}),
]


@pytest.mark.parametrize(("content", "expected"), JSON)
def test_json_files(tmp_path: Path, content: Any, expected: Any) -> None:
    """By input, by signature and input, and as a request to TensorFlow Serving."""
    assert only(write(tmp_path, "a.json", content), tmp_path) == expected


@pytest.mark.parametrize(
    "content",
    [
        {"signature_name": "single", "instances": [[1, 2], [3, 4]]},
        {"signature_name": "single", "inputs": [[1, 2], [3, 4]]},
        {"signature_name": "single", "instances": [{"inputs": [1, 2]}, {"inputs": [3, 4]}]},
        {"inputs": [[1, 2], [3, 4]]},
        {"inputs": [[1, 2], [3, 4]], "word": ["a", "b"]},
    ],
)
def test_values_without_a_name_are_the_only_inputs(tmp_path: Path, content: Any) -> None:
    """As TensorFlow Serving reads them; an input that is called ``inputs`` is meant by its name."""
    signatures = {"single": SIGNATURES["single"]}
    if "word" in content:
        signatures["serving_default"] = SIGNATURES["serving_default"]
    elif "signature_name" in content:
        signatures = SIGNATURES
    (item,) = sent(write(tmp_path, "a.json", content), tmp_path, signatures)["single"]
    assert item["fixed"]["inputs"].tolist() == [[1, 2], [3, 4]]


def test_json_has_words_for_what_is_not_finite(tmp_path: Path) -> None:
    """``NaN`` and ``Infinity`` are what Python and TensorFlow Serving write."""
    path = write(tmp_path, "a.json", '{"x": [[NaN, Infinity], [-Infinity, 1e400]]}')
    assert str(only(path, tmp_path)["x"]) == "[[nan, inf], [-inf, inf]]"


CSV = [
    ("n,word\n1,a\n2,b\n", {"n": [1, 2], "word": [b"a", b"b"]}),
    ("\ufeffn,word\r\n1,a\r\n\r\n2,b", {"n": [1, 2], "word": [b"a", b"b"]}),
    ('word\n"a,b"\n"say ""hi"""\n"two\nlines"\n', {"word": [b"a,b", b'say "hi"', b"two\nlines"]}),
    ("x[0],x[1]\n1,2\n3,4.5\n", {"x": [[1.0, 2.0], [3.0, 4.5]]}),
    ("x.1,x.0\n2,1\n", {"x": [[1.0, 2.0]]}),
    (
        "cube[0][0],cube[0][1],cube[1][0],cube[1][1]\n1,2,3,4\n",
        {"cube": [[[1.0, 2.0], [3.0, 4.0]]]},
    ),
    ("one,scale\n5,0.5\n6,0.5\n", {"one": [[5.0], [6.0]], "scale": 0.5}),
    (" n , flag \n1,true\n", {"n": [1], "flag": [True]}),
    ("serving_default/n\n7\n", {"n": [7]}),
    ("word\n1\n", {"word": [b"1"]}),
    ('word\n""\n', {"word": [b""]}),
]


@pytest.mark.parametrize(("content", "expected"), CSV)
def test_csv_files(tmp_path: Path, content: str, expected: Any) -> None:
    """A column per input or component, a row per example; strings stay strings."""
    assert only(write(tmp_path, "a.csv", content), tmp_path) == expected


def test_bytes_of_a_table_survive(tmp_path: Path) -> None:
    """A cell that is no UTF-8 reaches the model as it is in the file."""
    path = write(tmp_path, "a.csv", b"word\ncaf\xe9\n")
    assert only(path, tmp_path) == {"word": [b"caf\xe9"]}


WRONG_FILES = [
    ("a.npz", b"no zip", "is no .npz file"),
    ("a.npz", b"", "is no .npz file"),
    ("a.txt", "x\n1\n", "ends in .txt: inputs are read from .npz, .json, .csv, .tfrecord"),
    ("noending", "x", "ends in nothing"),
    ("a.json", "{", "is no JSON"),
    ("a.json", "[1, 2]", "holds no object"),
    ("a.json", "{}", "holds no object"),
    ("a.json", "[" * 100_000, "is nested too deeply|is no JSON"),
    ("a.json", b"\xff\xfe{}", "is no JSON"),
    ("a.json", {"x": [[1, 2], [3]]}, "lists of different lengths in 'x'"),
    ("a.json", {"x": [1, "a"]}, "mixes integer and string in 'x'"),
    ("a.json", {"x": [1, True]}, "mixes bool and integer in 'x'"),
    ("a.json", {"x": [None]}, "a null or an object in 'x'"),
    ("a.json", {"x": [{"y": 1}]}, "a null or an object in 'x'"),
    ("a.json", {"x": [2**64]}, "more than 64 bits in 'x'"),
    ("a.json", {"word": [{"b64": "%%%"}]}, "no base64"),
    ("a.json", {"word": [{"b64": 1}]}, "no base64"),
    ("a.json", {"instances": []}, 'no list of "instances"'),
    ("a.json", {"instances": [{"n": 1}, {"x": 1}]}, "instances of different inputs: number 2"),
    ("a.json", {"instances": [{"n": 1}, 2]}, "instances of different inputs: number 2"),
    ("a.json", {"instances": [1], "signature_name": 2}, "signature_name that is no string"),
    ("a.csv", "", "is empty"),
    ("a.csv", "x\n", "has a header and no example"),
    ("a.csv", "x,x\n1,2\n", "an empty or a repeated name"),
    ("a.csv", "x,\n1,2\n", "an empty or a repeated name"),
    ("a.csv", "x,n\n1,2\n3\n", "has 1 values in line 3 and 2 names"),
    ("a.csv", "x,n\n1,2,3\n", "has 3 values in line 2 and 2 names"),
    ("a.csv", "x[0],x[2]\n1,2\n", "lacks some of the components of 'x'"),
    ("a.csv", "x,x[0]\n1,2\n", "lacks some of the components of 'x'"),
    ("a.csv", 'x\n"1\n', "is no CSV"),
]


@pytest.mark.parametrize(("name", "content", "message"), WRONG_FILES)
def test_a_wrong_file_is_named(tmp_path: Path, name: str, content: Any, message: str) -> None:
    """One sentence begins with the file and says what is wrong with it."""
    path = write(tmp_path, name, content)
    with pytest.raises(ValueError, match=message) as caught:
        input_fields(path, None, None, tmp_path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The path is named, and so are a folder that is no kept run, and pickled objects."""
    with pytest.raises(ValueError, match=r"none\.npz does not exist"):
        input_fields([tmp_path / "none.npz"], None, None, tmp_path)
    with pytest.raises(ValueError, match="is a folder and no kept run"):
        input_fields(tmp_path, None, None, tmp_path)
    np.savez(tmp_path / "objects.npz", x=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match=r"objects\.npz holds Python objects"):
        input_fields(tmp_path / "objects.npz", None, None, tmp_path)
    np.save(tmp_path / "one.npy", np.ones(3))
    (tmp_path / "one.npy").rename(tmp_path / "one.npz")
    with pytest.raises(ValueError, match=r"is no \.npz file: write one with numpy\.savez"):
        input_fields(tmp_path / "one.npz", None, None, tmp_path)


def test_inputs_of_another_kind_are_refused(tmp_path: Path) -> None:
    """A number is neither values by name nor a file."""
    with pytest.raises(TypeError, match="a mapping or a path, and a int is neither"):
        input_fields(3, None, None, tmp_path)


def test_what_does_not_fit_names_its_file(tmp_path: Path) -> None:
    """A name, a dtype and a shape that the model does not have are said with the file's path."""
    for content, message in (
        ({"z": [1]}, "no signature has an input 'z'"),
        ({"n": [0.5]}, "do not fit"),
        ({"x": [[1, 2, 3]]}, "takes shape"),
        ({"inputs": [1]}, "signature 'serving_default' has the inputs .*: name the values"),
    ):
        path = write(tmp_path, "a.json", content)
        with pytest.raises(BadInput, match=message) as caught:
            sent(path, tmp_path)
        assert str(caught.value).startswith(f"{path}: ")


def test_a_request_without_a_signature_needs_a_default(tmp_path: Path) -> None:
    """Of several signatures none is guessed."""
    path = write(tmp_path, "a.json", {"instances": [1.0]})
    with pytest.raises(BadInput, match=r"names no signature, and there are \['a', 'b'\]"):
        sent(path, tmp_path, {"a": {"inputs": {}}, "b": {"inputs": {}}})


def test_every_file_is_a_set_with_a_label_of_its_own(tmp_path: Path) -> None:
    """The label is the file's name, its path where two are called alike."""
    (tmp_path / "b").mkdir()
    one = write(tmp_path, "a.json", {"n": [1]})
    two = write(tmp_path / "b", "a.json", {"n": [2]})
    other = write(tmp_path, "c.csv", "n\n3\n")
    sets = read_sets([one, two, other, {"n": [4]}, {"n": [5]}, one])
    labels = [made.label for made in sets]
    assert len(set(labels)) == len(labels)
    assert labels[2] == "c.csv"
    assert str(one) in labels
    found = sent([one, two, other, {"n": [4]}], tmp_path)["serving_default"]
    assert [item["fixed"]["n"].tolist() for item in found] == [[1], [2], [3], [4]]
    assert [made.label for made in read_sets(one)] == ["a.json"]
    assert [made.label for made in read_sets({"n": [1]})] == [""]


# --- ranges and choices -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x=0:255", {"x": (0, 255)}),
        ("x=-1.5:2e3", {"x": (-1.5, 2000.0)}),
        ("x=0:", {"x": (0, None)}),
        ("x=:1", {"x": (None, 1)}),
        ("x=-inf:1", {"x": (None, 1)}),
        ("serving_default/in=put=1:2", {"serving_default/in=put": (1, 2)}),
        ("keep_prob:0=0.5:1", {"keep_prob:0": (0.5, 1)}),
        ("n=9223372036854775806:9223372036854775807", {"n": (2**63 - 2, 2**63 - 1)}),
    ],
)
def test_ranges_on_a_command_line(text: str, expected: Any) -> None:
    """Integers are exact, either end may be left out."""
    found = parse_ranges([text])
    assert found == expected
    assert [type(end) for ends in found.values() for end in ends] == [
        type(end) for ends in expected.values() for end in ends
    ]


@pytest.mark.parametrize("text", ["x", "x=", "x=1", "x=:", "=0:1", "x=a:b", "x=0:nan", "x=1:2:3"])
def test_a_range_that_is_none(text: str) -> None:
    """The text and the form are shown."""
    with pytest.raises(ValueError, match="write NAME=LOW:HIGH"):
        parse_ranges([text])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("word=a,b", {"word": [b"a", b"b"]}),
        ("word=a", {"word": [b"a"]}),
        ("word=a,,é", {"word": [b"a", b"", "é".encode()]}),
        ('word="a,b",c', {"word": [b"a,b", b"c"]}),
        ("word=x=1,y=2", {"word": [b"x=1", b"y=2"]}),
        ("n=1,2", {"n": [b"1", b"2"]}),
    ],
)
def test_choices_on_a_command_line(text: str, expected: Any) -> None:
    """Quoted as in CSV where a value holds a comma."""
    assert parse_choices([text]) == expected


@pytest.mark.parametrize("text", ["word", "word=", "=a"])
def test_choices_that_are_none(text: str) -> None:
    """The text and the form are shown."""
    with pytest.raises(ValueError, match="write NAME=A,B,C or NAME=@FILE"):
        parse_choices([text])


def test_a_name_has_one_range_and_one_list() -> None:
    """The second one would silently win."""
    with pytest.raises(ValueError, match="'x' has two ranges"):
        parse_ranges(["x=0:1", "x=0:2"])
    with pytest.raises(ValueError, match="'x' has choices twice"):
        parse_choices(["x=a", "x=b"])


def test_a_vocabulary_has_one_word_per_line(tmp_path: Path) -> None:
    """Bytes as they are, without line ends of either kind, a byte order mark or empty lines."""
    path = write(tmp_path, "words.txt", b"\xef\xbb\xbfcat\r\ndog \n\n\xff\xfe")
    assert parse_choices([f"word=@{path}"]) == {"word": [b"cat", b"dog ", b"\xff\xfe"]}
    with pytest.raises(ValueError, match=r"none\.txt cannot be read: No such file"):
        parse_choices([f"word=@{tmp_path}/none.txt"])
    with pytest.raises(ValueError, match="holds no word"):
        read_vocabulary(write(tmp_path, "empty.txt", "\n\n"))


@pytest.mark.parametrize(
    ("ranges", "choices", "message"),
    [
        ({"x": (1, 0)}, None, "the range of 'x' is empty: 1 is above 0"),
        ({"x": (None, None)}, None, "has no end"),
        ({"x": (0,)}, None, "has not two ends"),
        ({"x": 3}, None, "has not two ends"),
        ({"x": ("0", "1")}, None, "'0', which is no number"),
        ({"x": (True, 2)}, None, "True, which is no number"),
        ({"x": (float("nan"), 2)}, None, "nan, which is no number"),
        (None, {"x": "abc"}, "one string: give a list"),
        (None, {"x": []}, "no list of values"),
        (None, {"x": [[1, 2]]}, "no list of values"),
    ],
)
def test_limits_that_are_none(tmp_path: Path, ranges: Any, choices: Any, message: str) -> None:
    """A range without numbers in it, and choices without values, are refused."""
    with pytest.raises(ValueError, match=message):
        input_fields(None, ranges, choices, tmp_path)


def test_an_infinite_end_is_open(tmp_path: Path) -> None:
    """JSON has no infinity, and a range up to it is one without an end."""
    fields = input_fields(None, {"x": (0, float("inf")), "n": (np.int64(3), 4)}, None, tmp_path)
    assert json.loads(json.dumps(fields)) == {"ranges": {"x": [0, None], "n": [3, 4]}}


def test_no_wish_is_no_field(tmp_path: Path) -> None:
    """A request without inputs, ranges and choices is as small as it was."""
    assert input_fields(None, None, None, tmp_path) == {}
    assert input_fields({}, {}, {}, tmp_path) == {}
    assert list(tmp_path.iterdir()) == []
