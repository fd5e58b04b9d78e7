"""How tensors and signatures are spelled on the command line."""

from __future__ import annotations

import pytest

from migrator.convert.arguments import parse_signatures, parse_tensors


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["x:0"], {"x": "x:0"}),
        (["x"], {"x": "x:0"}),
        (["net/x:1"], {"net/x": "net/x:1"}),
        (["images=x:0"], {"images": "x:0"}),
        (["x:0,rate=dropout/rate:0"], {"x": "x:0", "rate": "dropout/rate:0"}),
        ([" x:0 , y = z:2 "], {"x": "x:0", "y": "z:2"}),
        (["x:0", "y:0"], {"x": "x:0", "y": "y:0"}),
        (["a=b=x:0"], {"a=b": "x:0"}),
        (["input:0=input:0"], {"input:0": "input:0"}),
        (["x.1/y-2_3:0"], {"x.1/y-2_3": "x.1/y-2_3:0"}),
    ],
)
def test_tensors(texts, found):
    """The key is the op's name unless one is given, the number 0 unless one is given."""
    assert parse_tensors(texts) == found


@pytest.mark.parametrize(
    "text", ["", ",", "x:0,", "=x:0", "x:", "x:y", "a=", "^x", "a b:0", "x:0;y:0", "x:-1", "_x"]
)
def test_what_is_no_tensor(text):
    """It is quoted."""
    with pytest.raises(ValueError, match="names no tensors") as caught:
        parse_tensors([text])
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("texts", [["x:0,x:1"], ["a=x:0", "a=y:0"], ["x:0", "x=y:0"]])
def test_a_key_stands_for_one_tensor(texts):
    """Two outputs of an op need keys of their own."""
    with pytest.raises(ValueError, match="twice"):
        parse_tensors(texts)


@pytest.mark.parametrize(
    ("text", "key", "inputs", "outputs"),
    [
        ("embed=x:0->y:0", "embed", {"x": "x:0"}, {"y": "y:0"}),
        ("embed=x:0→y:0", "embed", {"x": "x:0"}, {"y": "y:0"}),
        ("e = a=x:0 , z:1 -> v=y:0 , w", "e", {"a": "x:0", "z": "z:1"}, {"v": "y:0", "w": "w:0"}),
        ("step=->global_step:0", "step", {}, {"global_step": "global_step:0"}),
    ],
)
def test_signatures(text, key, inputs, outputs):
    """Both arrows mean the same, and a signature may have no input."""
    assert parse_signatures([text]) == {key: {"inputs": inputs, "outputs": outputs}}


@pytest.mark.parametrize(
    "text", ["", "x:0->y:0", "k=x:0", "k=x:0->", "=x:0->y:0", "k=x:0->y:0->z:0", "k=a b->y:0"]
)
def test_what_is_no_signature(text):
    """A key, an arrow, and at least one output are needed."""
    with pytest.raises(ValueError, match=r"is no signature|names no tensors"):
        parse_signatures([text])


def test_a_signature_is_given_once():
    """The second one would replace the first."""
    with pytest.raises(ValueError, match="given twice"):
        parse_signatures(["k=x:0->y:0", "k=x:0->z:0"])
