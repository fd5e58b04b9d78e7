"""``SavedModelBuilder``: construct, add the meta graph, save."""

from __future__ import annotations

import ast

import libcst as cst

from migrator.rule import (
    Cover,
    Edits,
    Manual,
    Rewrite,
    Safety,
    Target,
    Use,
    elsewhere,
    expression,
    rule,
    stores,
    targets_of,
    uses,
)

from ._saving import EQUAL, call_with, saving_block
from ._signatures import commented, dropped_constants, trace_map

_PARAMETERS = (
    "sess",
    "tags",
    "signature_def_map",
    "assets_collection",
    "legacy_init_op",
    "clear_devices",
    "main_op",
    "strip_default_attrs",
    "saver",
)
#: argument -> its name in ``add_session``; None is dropped
_RENAMED = {
    "sess": None,
    "signature_def_map": "signatures",
    "assets_collection": "assets",
    "legacy_init_op": "init_op",
    "main_op": "init_op",
    "tags": "tags",
}
_DROPPED = {
    "clear_devices": "TensorFlow 2 places a loaded model anew",
    "strip_default_attrs": "TensorFlow 2 strips default attributes itself",
}
#: method of a builder -> the code of its findings
_METHODS = {
    "add_meta_graph_and_variables": "TFM103",
    "add_meta_graph": "TFM103",
    "save": "TFM104",
}
_ONE_LINE = "Make it a statement on a line of its own, then run the migration again."
_SCOPE = (
    "Keep the builder in one variable that only calls add_meta_graph_and_variables once and save,"
    " then run the migration again; until then it runs on tensorflow.compat.v1."
)


@rule(
    "TFM102",
    "saved-model-builder",
    safety=Safety.REVIEW,
    apis=("tf.saved_model.Builder", "tf.saved_model.builder.SavedModelBuilder"),
    also={
        "TFM103": "add-meta-graph: `add_meta_graph_and_variables` becomes `add_session`.",
        "TFM104": "builder-save: A builder's `save` becomes a `tf.saved_model.save` block.",
    },
)
def saved_model_builder(use: Use, export_dir: ast.expr) -> Rewrite | Manual | None:
    """Export the session through `tf.saved_model.save` instead of a `SavedModelBuilder`.

    ## What it does

    The builder becomes a `tf2_bridge.SessionModule`, a `tf.Module` that rebuilds the signatures'
    sub-graph with the session's values at the moment of `add_meta_graph_and_variables`;
    `builder.save()` becomes a `tf.saved_model.save` of that module.  Signature helpers that go
    into it and nowhere else become plain dicts of tensors.  A directory that is not empty is
    refused as before.

    ## Why

    `SavedModelBuilder` writes a TensorFlow 1 SavedModel: `tf.saved_model.load` shows none of its
    variables, and it cannot be fine-tuned or saved again.

    ## Example

    ```python
    import tensorflow as tf

    def export(sess, path, x, y):
        builder = tf.saved_model.builder.SavedModelBuilder(path)
        signature = tf.saved_model.signature_def_utils.predict_signature_def(
            inputs={"x": x}, outputs={"y": y})
        builder.add_meta_graph_and_variables(
            sess, [tf.saved_model.tag_constants.SERVING],
            signature_def_map={"serving_default": signature})
        builder.save()
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf
    import tf2_bridge

    tf.disable_v2_behavior()

    def export(sess, path, x, y):
        builder = tf2_bridge.SessionModule(path)
        signature = (
            {"x": x}, {"y": y})
        builder.add_session(
            sess,
            signatures={"serving_default": signature})
        with builder:
            tf.saved_model.save(builder, builder.export_dir, signatures=builder.signatures)
    ```

    ## Safety

    Review: signature keys, names, dtypes, shapes, method names, tags, assets and values are those
    of the original export; the file format is TensorFlow 2's, with one further signature
    (`__saved_model_init_op`) that TensorFlow 2 always adds.  `clear_devices` and
    `strip_default_attrs` are dropped: TensorFlow 2 does both by itself.  An init op is accepted
    when it only initialises tables, which are rebuilt; anything else is refused when it runs.  A
    second meta graph cannot be written by TensorFlow 2 and is reported.

    ## References

    - <https://www.tensorflow.org/api_docs/python/tf/saved_model/save>
    - <https://www.tensorflow.org/guide/saved_model>
    """
    assert use.call is not None
    module = use.module
    targets = targets_of(module, use.call)
    if not targets or len(targets) != 1:
        return Manual(
            "SavedModelBuilder: left as it is, because the builder is not kept in one variable.",
            _SCOPE,
            needs_v1=True,
        )
    holder = targets[0]
    adds: list[ast.Call] = []
    saves: list[ast.Call] = []
    followers = _followers(use, holder)

    def manual(reason: str, recipe: str = _SCOPE) -> Manual:
        return Manual(
            f"SavedModelBuilder: left as it is, because {reason}.", recipe, followers, needs_v1=True
        )

    for place in uses(module, holder):
        attribute = module.parents[place]
        call = module.parents.get(attribute)
        method = attribute.attr if isinstance(attribute, ast.Attribute) else None
        if not (isinstance(call, ast.Call) and call.func is attribute and method):
            return manual(f"`{holder.name}` is also used in another way (line {place.lineno})")
        if method == "add_meta_graph_and_variables":
            adds.append(call)
        elif method == "save":
            saves.append(call)
        elif method == "add_meta_graph":
            return manual(
                f"it adds a second meta graph (line {place.lineno}), and TensorFlow 2 writes one"
                " meta graph for each SavedModel",
                "Export each tag set to a directory of its own, then run the migration again;"
                " until then it runs on tensorflow.compat.v1.",
            )
        else:
            return manual(f"`{holder.name}.{method}` has no equivalent (line {place.lineno})")
    for place in elsewhere(module, holder):
        return manual(f"line {place.lineno} uses a `{holder.name}` of another object")
    if not adds or not saves:
        missing = "add_meta_graph_and_variables" if not adds else "save"
        return manual(f"no call of {missing} on `{holder.name}` was found in this file")
    others = [
        stored
        for stored in stores(module, holder)
        if not _constructs(use, module.parents[stored]) and not _is_none(module.parents[stored])
    ]
    if others:
        return manual(f"`{holder.name}` holds other things too (line {others[0].lineno})")
    edits: Edits = {}
    covers: list[Cover] = []
    maps: list[ast.expr] = []
    for call in adds:
        reason = _add(use, call, edits, covers, maps)
        if reason is not None:
            return manual(f"{reason} (line {call.lineno})")
    for call in saves:
        if not all(_false(value) for value in [*call.args, *(k.value for k in call.keywords)]):
            return manual(
                f"`save(as_text=...)` writes a text proto (line {call.lineno}), and TensorFlow 2"
                " writes binary ones only",
                "Drop `as_text`, then run the migration again.",
            )
        receiver = call.func.value if isinstance(call.func, ast.Attribute) else call
        block = saving_block(use, call, use.cst(receiver), None)
        if isinstance(block, str):
            return manual(f"of `save` (line {call.lineno}): {block}", _ONE_LINE)
        edits[block[0]] = block[1]
        covers.append(
            Cover(
                call,
                "TFM104",
                "tf.saved_model.save writes the module in TensorFlow 2's format.",
                api="tf.saved_model.Builder.save",
            )
        )
    trace = trace_map(use, maps)
    edits.update(trace.edits)
    covers.extend(trace.covers)
    constructors = [
        parent.value
        for stored in stores(module, holder)
        if isinstance(parent := module.parents[stored], ast.Assign) and _constructs(use, parent)
    ]
    for constructor in constructors:
        assert isinstance(constructor, ast.Call)
        made = use.cst(constructor)
        new = made.with_changes(func=expression("tf2_bridge.SessionModule"))
        edits[made] = use.tree.aligned(made, new)
        if constructor is not use.call:
            covers.append(Cover(constructor, "TFM102", _CONSTRUCTED, api="tf.saved_model.Builder"))
    return Rewrite(
        _CONSTRUCTED,
        edits,
        parts=frozenset({"session_module"}),
        covers=tuple(covers),
    )


_CONSTRUCTED = (
    "The builder becomes a module that holds the session's sub-graph and values; a directory that"
    " is not empty is refused as before."
)


def _followers(use: Use, holder: Target) -> tuple[Cover, ...]:
    """Return what becomes of a builder's calls where the builder stays."""
    seen: set[ast.AST] = use.shared.setdefault("builder calls", set())
    covers = []
    for place in uses(use.module, holder):
        attribute = use.module.parents[place]
        call = use.module.parents.get(attribute)
        if (
            isinstance(attribute, ast.Attribute)
            and isinstance(call, ast.Call)
            and call.func is attribute
            and attribute.attr in _METHODS
            and call not in seen
        ):
            seen.add(call)
            covers.append(
                Cover(
                    call,
                    _METHODS[attribute.attr],
                    f"A builder's `{attribute.attr}`: left as it is, with its SavedModelBuilder"
                    f" (line {use.node.lineno}).",
                    api=f"tf.saved_model.Builder.{attribute.attr}",
                )
            )
    return tuple(covers)


def _constructs(use: Use, statement: ast.AST) -> bool:
    return isinstance(statement, (ast.Assign, ast.AnnAssign, ast.withitem)) and (
        isinstance(value := getattr(statement, "value", None), ast.Call)
        and use.called(value)
        in ("tf.saved_model.Builder", "tf.saved_model.builder.SavedModelBuilder")
    )


def _is_none(statement: ast.AST) -> bool:
    value = getattr(statement, "value", None)
    return isinstance(value, ast.Constant) and value.value is None


def _false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and not node.value


def _add(
    use: Use, call: ast.Call, edits: Edits, covers: list[Cover], maps: list[ast.expr]
) -> str | None:
    """Plan one add_meta_graph_and_variables call; return why it cannot be rewritten, or None."""
    if any(isinstance(arg, ast.Starred) for arg in call.args) or any(
        keyword.arg is None for keyword in call.keywords
    ):
        return "the arguments of add_meta_graph_and_variables come through `*` or `**`"
    if len(call.args) > len(_PARAMETERS):
        return "add_meta_graph_and_variables has too many arguments"
    original: cst.Call = use.cst(call)
    given: list[tuple[str, ast.expr, cst.Arg]] = [
        (name, value, arg)
        for name, value, arg in zip(_PARAMETERS, call.args, original.args, strict=False)
    ]
    for keyword, arg in zip(call.keywords, original.args[len(call.args) :], strict=True):
        given.append((str(keyword.arg), keyword.value, arg))
    names = [name for name, _, _ in given]
    unknown = [name for name in names if name not in _PARAMETERS]
    if unknown:
        return f"add_meta_graph_and_variables has no argument `{unknown[0]}`"
    if "signature_def_map" not in names:
        return "it exports no signature, and TensorFlow 2 needs one to know what to export"
    args: dict[cst.Arg, cst.Arg] = {}
    dropped: list[str] = []
    init_ops = 0
    for name, value, arg in given:
        none = isinstance(value, ast.Constant) and value.value is None
        if name == "saver":
            if not none:
                return "it brings a Saver of its own (`saver=`)"
            continue
        if name in _DROPPED:
            if not _false(value):
                dropped.append(f"`{name}` is dropped ({_DROPPED[name]})")
            continue
        if none:
            continue
        if name == "signature_def_map":
            maps.append(value)
        if name == "tags" and _serving_only(use, value) and not commented(arg):
            covers.extend(dropped_constants(use, value))
            continue
        if name in ("legacy_init_op", "main_op"):
            if (use.called(value) or "").startswith("tf.saved_model.main_op"):
                return (
                    f"`{name}` sets all variables when the model is loaded, which a SavedModel"
                    " of TensorFlow 2 does by itself; pass tf.tables_initializer()"
                )
            init_ops += 1
            if init_ops > 1:
                return "it has both a main_op and a legacy_init_op"
        new = _RENAMED[name]
        if arg.keyword is not None:
            renamed = arg.with_changes(keyword=cst.Name(new or "session"))
            args[arg] = use.tree.renamed(arg, renamed)
        else:
            args[arg] = arg if new is None else arg.with_changes(keyword=cst.Name(new), equal=EQUAL)
    if not maps:
        return "it exports no signature, and TensorFlow 2 needs one to know what to export"
    if isinstance(maps[-1], ast.Dict) and not maps[-1].keys:
        return "it exports no signature, and TensorFlow 2 needs one to know what to export"
    assert isinstance(original.func, cst.Attribute)
    func = original.func.with_changes(attr=cst.Name("add_session"))
    edits[original] = use.tree.aligned(original, call_with(original, func, args))
    message = "The module takes the signatures' sub-graph and the session's values of this moment."
    if dropped:
        message += " " + "; ".join(dropped) + "."
    covers.append(
        Cover(call, "TFM103", message, api="tf.saved_model.Builder.add_meta_graph_and_variables")
    )
    return None


def _serving_only(use: Use, node: ast.expr) -> bool:
    """Whether the tag set is exactly ``{"serve"}``, the one TensorFlow 2 writes."""
    if not isinstance(node, (ast.List, ast.Tuple, ast.Set)) or len(node.elts) != 1:
        return False
    tag = node.elts[0]
    if isinstance(tag, ast.Constant):
        return tag.value == "serve"
    return use.symbol_of(tag) in (
        "tf.saved_model.SERVING",
        "tf.saved_model.tag_constants.SERVING",
    )
