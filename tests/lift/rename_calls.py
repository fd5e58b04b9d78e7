"""Calls of the functions that a lift renames, as TensorFlow 1 and TensorFlow 2 spell them.

    python tests/lift/rename_calls.py --python PATH_OF_A_TENSORFLOW_1.15_INTERPRETER

stores in ``fixtures/renames`` what TensorFlow 1.15.5 gives for each, and its functions' parameters.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from migrator.lift import Refusal, renames

HERE = Path(__file__).resolve().parent
STORED = HERE.parent.parent / "fixtures" / "renames"
TABLE = HERE.parent.parent / "migrator" / "data" / "lift.txt"

#: Functions, each with the arguments that it needs.
_NEEDED = """
arg_max, arg_min: input=other; dimension=1
argmax, argmin: input=other
boolean_mask: tensor=matrix; mask=[True, False, True]
confusion_matrix: labels=integers; predictions=[2, 1, 1]
constant: value=[[1.5, 2.0], [3.0, 4.0]]
count_nonzero: input_tensor=grid
depth_to_space: input=tf.reshape(image, [1, 3, 3, 12]); block_size=2
space_to_depth: input=image; block_size=2
gather_nd: params=matrix; indices=[[0], [2]]
math.in_top_k, nn.in_top_k: predictions=other; targets=integers; k=2
nn.conv1d: value=image[0]; filters=filters[0]; stride=2; padding="SAME"
nn.conv2d_transpose: value=tf.ones([1, 3, 3, 2]); filter=filters; output_shape=[1, 6, 6, 3];
 strides=[1, 2, 2, 1]
nn.depthwise_conv2d: input=image; filter=filters; strides=[1, 1, 1, 1]; padding="SAME"
nn.leaky_relu: features=other
nn.separable_conv2d: input=image; depthwise_filter=filters; pointwise_filter=tf.ones([1, 1, 6, 2]);
 strides=[1, 1, 1, 1]; padding="VALID"
nn.weighted_moments: x=matrix; axes=[0]; frequency_weights=matrix
pad: tensor=matrix; paddings=[[1, 0], [0, 2]]
convert_to_tensor: value=[1, 2]
expand_dims: input=matrix; axis=1
gather: params=matrix; indices=integers
image.adjust_jpeg_quality: image=bytes; jpeg_quality=70
math.top_k, nn.top_k: input=other
matmul: a=positive; b=positive
nn.avg_pool, nn.max_pool: value=image; ksize=[1, 2, 2, 1]; strides=[1, 2, 1, 1]; padding="SAME"
nn.conv2d: input=image; filter=filters; strides=[1, 2, 2, 1]; padding="VALID"
nn.crelu, nn.relu6, nn.softplus: features=other
nn.embedding_lookup: params=matrix; ids=grid % 3
nn.l2_normalize: x=other
nn.log_softmax, nn.softmax: logits=other
nn.moments: x=matrix; axes=[0]
nn.nce_loss, nn.sampled_softmax_loss: weights=positive; biases=vector[:4]; labels=long[:, :1];
 inputs=positive[:2]; num_sampled=2; num_classes=4
nn.sigmoid_cross_entropy_with_logits: labels=matrix; logits=other
nn.softmax_cross_entropy_with_logits: labels=tf.one_hot(integers, 4); logits=other
nn.softmax_cross_entropy_with_logits_v2: labels=tf.one_hot(integers, 4); logits=other
nn.sparse_softmax_cross_entropy_with_logits: labels=integers; logits=other
nn.weighted_cross_entropy_with_logits: labels=matrix; logits=other; pos_weight=2.0
io.parse_example, parse_example: serialized=examples; features=features
io.parse_single_example, parse_single_example: serialized=examples[0]; features=features
norm: tensor=other
ones_like, zeros_like: tensor=grid
reduce_all, reduce_any: input_tensor=bools
reduce_logsumexp, reduce_max, reduce_mean, reduce_min, reduce_prod, reduce_sum: input_tensor=other
scatter_nd: indices=[[1], [3]]; updates=[2.0, 5.0]; shape=[5]
shape, size: input=matrix
squeeze: input=matrix[1:2]
tensor_scatter_add, tensor_scatter_nd_add: tensor=matrix; indices=[[0, 1]]; updates=[9.0]
tensor_scatter_sub, tensor_scatter_nd_sub: tensor=matrix; indices=[[0, 1]]; updates=[9.0]
transpose: a=matrix
"""

#: An argument for each other parameter.
_USUAL = """
a_is_sparse=True; adjoint_a=False; adjoint_b=False; alpha=0.3; axis=0; b_is_sparse=True
batch_dims=0; conjugate=True; constant_values=5.0; data_format="NHWC"; dilations=[1, 1, 1, 1]
dim=-1; dimension=1; dtype=tf.float64; dtype_hint=tf.float64; epsilon=0.5; k=2; keep_dims=True
keepdims=True; max_norm=1.5; mode="REFLECT"; name="n"; num_classes=4; num_true=1; optimize=False
ord=1; out_type=tf.int64; output_type=tf.int32; partition_strategy="div"; perm=[1, 0]
preferred_dtype=tf.float32; reduction_indices=[1]; remove_accidental_hits=False
sampled_values=None; seed=4; shape=[1, 2]; shift=0.5; sorted=True; squeeze_dims=[0]
transpose_a=True; transpose_b=True; use_cudnn_on_gpu=False; validate_indices=None
verify_shape=True; weights=[1, 2, 3]
"""

#: Those of single functions.
_OWN = """
confusion_matrix: dtype=tf.int64
constant: shape=[2, 2]
count_nonzero: dtype=tf.int32
nn.conv1d: data_format="NWC"; dilations=1
nn.conv2d_transpose: padding="SAME"
nn.depthwise_conv2d, nn.separable_conv2d: rate=[2, 2]; dilations=[2, 2]
convert_to_tensor: dtype=tf.int64
expand_dims: dim=-1
gather: axis=1
io.parse_example, parse_example: example_names=["a", "b"]
io.parse_single_example, parse_single_example: example_names="a"; example_name="a"
matmul: transpose_a=False
nn.crelu: axis=0
nn.l2_normalize: dim=1
nn.log_softmax, nn.softmax: dim=0
squeeze: axis=[0]
"""


def _arguments(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for row in text.splitlines() for part in row.split("; "))
    return {name: value for name, _, value in pairs if value}


def _by_function(text: str) -> dict[str, dict[str, str]]:
    rows = (row.partition(": ") for row in text.strip().replace(";\n ", "; ").splitlines())
    return {name: _arguments(rest) for names, _, rest in rows for name in names.split(", ")}


def changed() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return the functions whose parameters differ: name -> what it becomes, and the parameters."""
    found = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        mark, *words = line.split()
        if mark == "~":
            found[words[0]] = words[1], tuple(words[2].split(","))
    return found


def same() -> dict[str, str]:
    """Return the functions that are the same object under both names."""
    rows = (line.split() for line in TABLE.read_text(encoding="utf-8").splitlines())
    return {words[1]: words[2] for words in rows if words[0] == "="}


def generated(name: str, olds: tuple[str, ...]) -> Iterator[str]:
    """Yield arguments for a function: by position as far as they go, and each by its keyword."""
    needed = _by_function(_NEEDED).get(name)
    if needed is None:
        return
    own = {**_arguments(_USUAL), **_by_function(_OWN).get(name, {}), **needed}
    target = {_bare(word): word.partition(">")[2] or _bare(word) for word in olds}
    yield _keywords(needed)
    given: list[str] = []
    for word in olds:
        param = _bare(word)
        if target[param] in [target[_bare(other)] for other in olds[: len(given)]]:
            break  # another name of one that is given
        given.append(own[param])
        if len(given) >= len(needed):
            yield ", ".join(given)
    for param in target:
        # another name of a needed one takes its place
        rest = {key: value for key, value in needed.items() if target[key] != target[param]}
        value = next(
            (needed[key] for key in needed if target[key] == target[param]), own.get(param)
        )
        assert value is not None, (name, param)
        yield _keywords({**rest, param: value})


def _keywords(given: dict[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in given.items())


def _bare(word: str) -> str:
    return re.split("[>!]", word)[0]


def calls() -> list[tuple[str, str]]:
    """Return the calls: the function and its arguments as TensorFlow 1 takes them."""
    found = [
        (name, arguments)
        for name, (_, olds) in changed().items()
        for arguments in dict.fromkeys(generated(name, olds))
    ]
    for line in (STORED / "calls.txt").read_text(encoding="utf-8").splitlines():
        name, _, arguments = line.partition(" ")
        found.append((name, arguments))
    return found


def respelled(name: str, arguments: str) -> str | None:
    """Return a call as a lift spells it; None where a lift refuses it."""
    node = ast.parse(f"tf.{name}({arguments})", mode="eval").body
    assert isinstance(node, ast.Call)
    known = renames._table()[name]
    try:
        given = renames.bound(node, known)
    except Refusal:
        return None
    if given is None:
        return f"tf.{known.new}({arguments})"
    parts = [f"{key}={ast.unparse(value)}" if key else ast.unparse(value) for key, value in given]
    return f"tf.{known.new}({', '.join(parts)})"


def evaluated(
    python: str, expressions: dict[str, str], functions: list[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what expressions give, and the parameters of functions, on one TensorFlow."""
    import numpy as np

    with tempfile.TemporaryDirectory() as made:
        plan, target = Path(made) / "calls.json", Path(made) / "arrays.npz"
        plan.write_text(json.dumps({"calls": list(expressions.items()), "functions": functions}))
        subprocess.run([python, str(HERE / "run_renames.py"), str(plan), str(target)], check=True)
        with np.load(target) as stored:
            arrays = {key: stored[key] for key in stored.files}
        return arrays, json.loads(Path(f"{target}.json").read_text())


def main() -> int:
    """Run the calls on TensorFlow 1.15.5 and store what they give."""
    import numpy as np

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--python", required=True, help="an interpreter with TensorFlow 1.15")
    asked = parser.parse_args()
    expressions = {f"{name} {given}": f"tf.{name}({given})" for name, given in calls()}
    arrays, parameters = evaluated(asked.python, expressions, sorted({*same(), *changed()}))
    # a zip file without dates: the same arrays give the same bytes
    with zipfile.ZipFile(STORED / "arrays.npz", "w", zipfile.ZIP_DEFLATED) as stored:
        for key in sorted(arrays):
            if key.endswith("|error"):
                continue  # TensorFlow 1.15.5 does not take these arguments
            stream = io.BytesIO()
            np.save(stream, arrays[key])
            entry = zipfile.ZipInfo(f"{key}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            stored.writestr(entry, stream.getvalue())
    rows = ",\n".join(f"{json.dumps(name)}: {json.dumps(parameters[name])}" for name in parameters)
    (STORED / "parameters.json").write_text(f"{{\n{rows}\n}}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
