"""From signature protos to plain dicts of tensors, traced backwards from an export.

The bridge accepts SignatureDef and TensorInfo protos as well as dicts of tensors, so whatever
cannot be traced stays as it is and still works; only what is proven to flow into the export and
nowhere else is rewritten.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

import libcst as cst
from libcst import matchers as cst_matchers

from migrator.rule import Cover, Edits, Target, Use, elsewhere, stores, target, uses

#: canonical symbol -> its parameters
SIGNATURES = {
    "tf.saved_model.build_signature_def": ("inputs", "outputs", "method_name"),
    "tf.saved_model.predict_signature_def": ("inputs", "outputs"),
    "tf.saved_model.classification_signature_def": ("examples", "classes", "scores"),
    "tf.saved_model.regression_signature_def": ("examples", "predictions"),
}
TENSOR_INFO = "tf.saved_model.build_tensor_info"

_PREDICT = "tensorflow/serving/predict"
_METHODS = {
    "tf.saved_model.classification_signature_def": "tensorflow/serving/classify",
    "tf.saved_model.regression_signature_def": "tensorflow/serving/regress",
}


@dataclass
class Trace:
    """What was found behind one or more signature maps."""

    use: Use
    edits: Edits = field(default_factory=dict)
    covers: list[Cover] = field(default_factory=list)
    seen: set[ast.AST] = field(default_factory=set)  #: uses of variables that are accounted for
    targets: list[Target] = field(default_factory=list)
    infos: dict[ast.Call, None] = field(default_factory=dict)

    def complete(self) -> bool:
        """Whether every use of every variable on the way is accounted for."""
        return all(
            use in self.seen for target in self.targets for use in uses(self.use.module, target)
        )


def trace_map(use: Use, maps: Sequence[ast.expr]) -> Trace:
    """Return the rewrite of the signatures in ``maps``, empty when they cannot be traced."""
    if "TFM301" not in use.shared["codes"]:
        return Trace(use)
    trace = Trace(use)
    if all(_map(trace, node) for node in maps) and trace.complete():
        _infos(trace)
        return trace
    return Trace(use)


def plain_signature(use: Use) -> tuple[Edits, str, list[Cover]] | None:
    """Return the rewrite of the signature that ``use`` makes: edits, message and further covers.

    The caller knows that all of it goes into rewritten exports.
    """
    assert use.call is not None
    trace = Trace(use)
    if not _signature_call(trace, use.call, use.symbol.name):
        return None
    own = next(cover for cover in trace.covers if cover.node is use.call)
    return trace.edits, own.message, [cover for cover in trace.covers if cover is not own]


def plain_tensor(use: Use) -> Edits | None:
    """Return the edit that puts the tensor in the place of its ``build_tensor_info``."""
    assert use.call is not None
    return _info_edit(use, use.call)


def _info_edit(use: Use, node: ast.Call) -> Edits | None:
    values = [*node.args, *(k.value for k in node.keywords if k.arg == "tensor")]
    if len(values) != 1 or isinstance(values[0], ast.Starred):
        return None
    call = use.cst(node)
    edits: Edits = {call: call.args[0].value}
    return None if use.tree.lost_comment(edits) is not None else edits


def _map(trace: Trace, node: ast.expr) -> bool:
    if isinstance(node, ast.Dict):
        return all(key is not None for key in node.keys) and all(
            _signature(trace, value) for value in node.values
        )
    if isinstance(node, (ast.Name, ast.Attribute)):
        found = _variable(trace, node)
        if found is None:
            return False
        for stored in stores(trace.use.module, found):
            value = _stored_value(trace, stored)
            if value is None or not (_empty_dict(value) or _map(trace, value)):
                return False
        for other in uses(trace.use.module, found):
            if other in trace.seen:
                continue
            item = trace.use.module.parents[other]
            if (
                isinstance(item, ast.Subscript)
                and item.value is other
                and isinstance(item.ctx, ast.Store)
            ):
                value = _stored_value(trace, item)
                if value is None or not _signature(trace, value):
                    return False
                trace.seen.add(other)
        return True
    return False


def _signature(trace: Trace, node: ast.expr) -> bool:
    name = trace.use.called(node)
    if name in SIGNATURES:
        assert isinstance(node, ast.Call)
        return _signature_call(trace, node, name)
    if isinstance(node, (ast.Name, ast.Attribute)):
        found = _variable(trace, node)
        if found is None:
            return False
        values = [_stored_value(trace, stored) for stored in stores(trace.use.module, found)]
        return bool(values) and all(
            value is not None and trace.use.called(value) in SIGNATURES and _signature(trace, value)
            for value in values
        )
    return False


def _signature_call(trace: Trace, node: ast.Call, name: str) -> bool:
    use = trace.use
    call = use.cst(node)
    if call in trace.edits:
        return True
    parameters = SIGNATURES[name]
    if any(isinstance(arg, ast.Starred) for arg in node.args) or len(node.args) > len(parameters):
        return False
    given: dict[str, ast.expr] = dict(zip(parameters, node.args, strict=False))
    order = list(call.args)
    by_name = dict(zip(parameters, order, strict=False)) if node.args else {}
    by_name = {key: by_name[key] for key in given}
    for keyword, arg in zip(node.keywords, order[len(node.args) :], strict=True):
        if keyword.arg is None or keyword.arg not in parameters:
            return False
        given[keyword.arg] = keyword.value
        by_name[keyword.arg] = arg
    if name == "tf.saved_model.build_signature_def":
        if "inputs" not in given or "outputs" not in given:
            return False
        for part in ("inputs", "outputs"):
            _collect_infos(trace, given[part])
        method = given.get("method_name")
        parts = [by_name["inputs"].value, by_name["outputs"].value]
        if method is None:
            parts.append(cst.SimpleString('""'))
        elif not _is_predict(use, method):
            parts.append(by_name["method_name"].value)
        replacement = _tuple(use, call, parts)
    elif name == "tf.saved_model.predict_signature_def":
        if set(given) != {"inputs", "outputs"}:
            return False
        replacement = _tuple(use, call, [by_name["inputs"].value, by_name["outputs"].value])
    else:
        if set(given) != set(parameters):
            return False
        inputs = _dict([("inputs", by_name["examples"].value)])
        if name.endswith("classification_signature_def"):
            outputs = _dict(
                [
                    (part, by_name[part].value)
                    for part in ("classes", "scores")
                    if not _is_none(given[part])
                ]
            )
        else:
            outputs = _dict([("outputs", by_name["predictions"].value)])
        replacement = _tuple(use, call, [inputs, outputs, cst.SimpleString(f'"{_METHODS[name]}"')])
    if use.tree.lost_comment({call: replacement}) is not None:
        return False  # the helper stays; a rewritten export takes its proto as well
    method = given.get("method_name")
    if method is not None and len(replacement.elements) == 2:
        trace.covers.extend(dropped_constants(use, method))
    trace.edits[call] = replacement
    short = name.rpartition(".")[2]
    trace.covers.append(
        Cover(
            node,
            "TFM301",
            f"The signature of {short} becomes (inputs, outputs"
            + (")" if len(replacement.elements) == 2 else ", method name)")
            + ": plain dicts of tensors under the same keys.",
            api=name,
        )
    )
    return True


def _collect_infos(trace: Trace, node: ast.expr) -> None:
    """Note the build_tensor_info calls behind a dict of tensor infos; others stay protos."""
    if trace.use.called(node) == TENSOR_INFO:
        assert isinstance(node, ast.Call)
        trace.infos[node] = None
    elif isinstance(node, ast.Dict):
        for value in node.values:
            _collect_infos(trace, value)
    elif isinstance(node, ast.DictComp):
        _collect_infos(trace, node.value)
    elif isinstance(node, (ast.Name, ast.Attribute)):
        inner = Trace(trace.use)
        if not _info_variable(inner, node) or not inner.complete():
            return
        trace.infos.update(inner.infos)


def _info_variable(trace: Trace, node: ast.Name | ast.Attribute) -> bool:
    """Trace a variable of a tensor info, or of a dict of them, to where it is made."""
    module = trace.use.module
    found = target(module, node)
    if found is None or (found.scope is not None and _is_parameter(found)):
        return False
    if found in trace.targets:
        return True
    trace.targets.append(found)
    for stored in stores(module, found):
        value = _stored_value(trace, stored)
        if value is None:
            return False
        if trace.use.called(value) == TENSOR_INFO:
            assert isinstance(value, ast.Call)
            trace.infos[value] = None
        elif not isinstance(value, ast.Dict) or not all(
            trace.use.called(item) == TENSOR_INFO for item in value.values
        ):
            return False
        else:
            trace.infos.update({v: None for v in value.values if isinstance(v, ast.Call)})
    for other in uses(module, found):
        if not _into_signature(trace, other):
            return False
        trace.seen.add(other)
    return True


def _into_signature(trace: Trace, node: ast.expr) -> bool:
    """Whether the value of ``node`` goes into a signature helper and nowhere else."""
    module = trace.use.module
    at: ast.AST = node
    for parent in module.ancestors(node):
        if (isinstance(parent, ast.Dict) and at in parent.values) or isinstance(
            parent, ast.keyword
        ):
            at = parent
        elif isinstance(parent, ast.Call):
            return trace.use.called(parent) == "tf.saved_model.build_signature_def" and (
                at is not parent.func
            )
        else:
            return False
    return False


def _infos(trace: Trace) -> None:
    """Replace each build_tensor_info(x) whose signature is rewritten by x itself."""
    use = trace.use
    rewritten = {cover.node for cover in trace.covers}
    for node in trace.infos:
        if not _only_into(trace, node, rewritten):
            continue
        edits = _info_edit(use, node)
        if edits is None:
            continue
        trace.edits.update(edits)
        trace.covers.append(
            Cover(
                node,
                "TFM302",
                "The signature takes the tensor itself; no TensorInfo proto is needed.",
                api=TENSOR_INFO,
            )
        )


def _only_into(trace: Trace, node: ast.Call, rewritten: set[ast.expr]) -> bool:
    """Whether a tensor info ends in signatures that are rewritten, all of them."""
    module = trace.use.module
    parent = module.parents[node]
    ends: list[ast.expr] = []
    if isinstance(parent, ast.Assign):
        for stored in parent.targets:
            found = target(module, stored)
            if found is None:
                return False
            ends.extend(uses(module, found))
    else:
        ends = [node]
    result = []
    while ends:
        at = ends.pop()
        call = module.enclosing(at, (ast.Call, ast.stmt))
        if isinstance(call, ast.Call):
            result.append(call in rewritten)
        elif isinstance(call, ast.Assign) and isinstance(call.value, (ast.Dict, ast.DictComp)):
            for stored in call.targets:
                found = target(module, stored)
                if found is None:
                    return False
                ends.extend(uses(module, found))
        else:
            return False
    return bool(result) and all(result)


def _variable(trace: Trace, node: ast.Name | ast.Attribute) -> Target | None:
    found = target(trace.use.module, node)
    if found is None or (found.scope is not None and _is_parameter(found)):
        return None
    if found.scope is None and (found.cls is None or any(elsewhere(trace.use.module, found))):
        return None  # an attribute of somebody else's object
    trace.seen.add(node)
    if found not in trace.targets:
        trace.targets.append(found)
    return found


def _is_parameter(found: Target) -> bool:
    assert found.scope is not None
    return any(isinstance(b.node, ast.arg) for b in found.scope.bindings.get(found.name, ()))


def _stored_value(trace: Trace, stored: ast.expr) -> ast.expr | None:
    parent = trace.use.module.parents[stored]
    if isinstance(parent, ast.Assign) and stored in parent.targets:
        return parent.value
    if isinstance(parent, ast.AnnAssign) and parent.target is stored:
        return parent.value
    return None


def _empty_dict(node: ast.expr) -> bool:
    return (isinstance(node, ast.Dict) and not node.keys) or (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "dict"
        and not node.args
        and not node.keywords
    )


def _is_predict(use: Use, node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return bool(node.value == _PREDICT)
    return use.symbol_of(node) in (
        "tf.saved_model.PREDICT_METHOD_NAME",
        "tf.saved_model.signature_constants.PREDICT_METHOD_NAME",
    )


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def commented(node: cst.CSTNode) -> bool:
    """Whether a comment stands inside ``node``."""
    return bool(cst_matchers.findall(node, cst_matchers.Comment()))


def dropped_constants(use: Use, node: ast.expr) -> list[Cover]:
    """Return the findings for the constants in an argument that is dropped."""
    covers: list[Cover] = []
    if "TFM304" not in use.shared["codes"]:
        return covers
    for at in ast.walk(node):
        if isinstance(at, (ast.Name, ast.Attribute)):
            name = use.symbol_of(at)
            parent = use.module.parents[at]
            if (
                name
                and name.startswith("tf.saved_model.")
                and not isinstance(parent, ast.Attribute)
            ):
                short = name.rpartition(".")[2]
                message = f"`{short}` goes: it is what TensorFlow 2 writes by itself."
                covers.append(Cover(at, "TFM304", message, api=name))
    return covers


def _tuple(use: Use, call: cst.Call, values: list[cst.BaseExpression]) -> cst.Tuple:
    """Return the values as a parenthesized tuple, with the line breaks of ``call``."""
    commas = [arg.comma for arg in call.args if isinstance(arg.comma, cst.Comma)]
    commas += [cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))] * len(values)
    last = len(values) - 1
    elements = [
        cst.Element(value, comma=comma if i < last else cst.MaybeSentinel.DEFAULT)
        for i, (value, comma) in enumerate(zip(values, commas, strict=False))
    ]
    opening, closing, by = call.whitespace_before_args, _closing(call.args[-1]), 0
    around = call.lpar[0].whitespace_after if call.lpar else None
    if isinstance(around, cst.ParenthesizedWhitespace):
        closing = call.rpar[0].whitespace_before
        # the parentheses that were around the call are those of the tuple
        if isinstance(opening, cst.ParenthesizedWhitespace) and opening.indent == around.indent:
            by = len(around.last_line.value) - len(opening.last_line.value)
            around = opening.with_changes(last_line=around.last_line)
        opening = around
    result = cst.Tuple(
        elements=elements,
        lpar=[cst.LeftParen(whitespace_after=opening)],
        rpar=[cst.RightParen(whitespace_before=closing)],
    )
    if opening is call.whitespace_before_args and isinstance(opening, cst.SimpleWhitespace):
        column = use.tree.column(call) - len(use.tree.indent(call))
        width = len(use.tree.code(call.func)) + 1
        use.tree.shifted(result, column + width, 1 - width)
    if by and isinstance(call.whitespace_before_args, cst.ParenthesizedWhitespace):
        deep = len(call.whitespace_before_args.last_line.value)
        use.tree.shifted(result, deep - (1 if by > 0 else 0), by)
    return result


def _closing(last: cst.Arg) -> cst.BaseParenthesizableWhitespace:
    if isinstance(last.comma, cst.Comma):
        return last.comma.whitespace_after
    return last.whitespace_after_arg


def _dict(items: list[tuple[str, cst.BaseExpression]]) -> cst.Dict:
    return cst.Dict([cst.DictElement(cst.SimpleString(f'"{key}"'), value) for key, value in items])
