"""What Keras 3 answers otherwise when a program asks: names, sizes, moving variances.

Measured on both: a layer has no ``output_shape``, sizes are plain integers without ``.value``,
tensors and variables are called otherwise (``kernel`` where TensorFlow 1 had ``dense/kernel:0``),
and the moving variance of images, which TensorFlow 1 corrected for the size of the batch, is not.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from migrator.lift.kinds import Refusal
from migrator.names import Module

__all__ = ["check_answers"]

#: Lists of a model's parts whose names are others.
_PARTS = frozenset(
    {
        "inputs",
        "non_trainable_variables",
        "non_trainable_weights",
        "outputs",
        "trainable_variables",
        "trainable_weights",
        "variables",
        "weights",
    }
)


def check_answers(module: Module, covered: Sequence[ast.AST]) -> None:
    """Refuse questions about a model that Keras 3 answers otherwise.

    Args:
        module: the file.
        covered: statements that go, and expressions that the lift writes anew.

    Raises:
        Refusal: names the question.
    """
    inside = {at for node in covered for at in ast.walk(node)}
    for node in module.by_name.get("value", ()):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Subscript):
            of = node.value.value
            if isinstance(of, ast.Attribute) and of.attr == "shape":
                raise Refusal(node, "keras", "sizes have no `.value` in Keras 3")
    for node in module.by_name.get("name", ()):
        if isinstance(node, ast.Attribute) and node not in inside and _of_part(module, node.value):
            raise Refusal(node, "keras", "tensors and variables have other names in Keras 3")
    trained = any(name in module.by_name for name in ("fit", "train_on_batch"))
    if trained and "BatchNormalization" in module.by_name:
        images = next((name for name in module.by_name if _of_images(name)), None)
        if images is not None:
            at = module.by_name["BatchNormalization"][0]
            sentence = "batch normalization of images learns another moving variance in Keras 3"
            raise Refusal(at, "keras", sentence)


def _of_images(name: str) -> bool:
    return name.endswith(("Conv2D", "Conv2DTranspose", "Pooling2D", "ZeroPadding2D"))


def _of_part(module: Module, node: ast.expr) -> bool:
    """Whether a value is one of a model's tensors or variables."""
    if isinstance(node, ast.Subscript):
        return isinstance(node.value, ast.Attribute) and node.value.attr in _PARTS
    if not isinstance(node, ast.Name):
        return False
    for at in module.ancestors(node):
        loops: list[ast.For | ast.comprehension] = []
        if isinstance(at, ast.For):
            loops = [at]
        elif isinstance(at, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
            loops = list(at.generators)
        for loop in loops:
            names = {n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name)}
            parts = (n.attr for n in ast.walk(loop.iter) if isinstance(n, ast.Attribute))
            if node.id in names and not _PARTS.isdisjoint(parts):
                return True
    return False
