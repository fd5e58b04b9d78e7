"""``saved_model.loader.load``: a SavedModel into a session."""

from __future__ import annotations

import ast
from collections.abc import Mapping

import libcst as cst

from migrator.rule import (
    Cover,
    Edits,
    Keep,
    KnownLoad,
    Manual,
    Rewrite,
    Safety,
    Use,
    expression,
    is_tensorflow1,
    is_v1_load,
    rule,
    statement,
    stores,
    target,
    targets_of,
)

from ._lost import HANDS_ON, MAKES, NAME, noted
from ._names import Asked, Held, asked_after, asked_elsewhere, held


@rule(
    "TFM401",
    "saved-model-loader",
    safety=Safety.REVIEW,
    apis=("tf.saved_model.load", "tf.saved_model.loader.load"),
    also={
        "TFM406": "tensor-name: The name of a tensor in a loaded graph comes from a signature.",
    },
    bind=False,
)
def saved_model_loader(use: Use) -> Rewrite | Keep | Manual | None:
    """Keep `saved_model.loader.load`, and take tensor names from the signature where that is known.

    ## What it does

    The v1 loader stays: that of TensorFlow 2.21 reads what TensorFlow 1 wrote and what a migrated
    export writes.  Where the repository holds the code that writes the directory, or `--model`
    names a SavedModel that is there, the names that follow the load (`get_tensor_by_name("x:0")`,
    `sess.run("y:0", {"x:0": ...})`) are looked up in its signatures.  One that a signature holds
    is then taken from the `signature_def` that the load returns; one that no signature of a
    migrated export holds is reported.  Where the directory comes from elsewhere, names stay.

    ## Why

    `tf.saved_model.load` of TensorFlow 2 leaves the variables uninitialised in a session.  In a
    SavedModel of TensorFlow 2 only the tensors of signatures can be found in the graph.

    ## Example

    ```python
    import tensorflow as tf

    def predict(path, batch):
        with tf.Session(graph=tf.Graph()) as sess:
            tf.saved_model.loader.load(sess, ["serve"], path)
            return sess.run("y:0", {"x:0": batch})
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf

    tf.disable_v2_behavior()

    def predict(path, batch):
        with tf.Session(graph=tf.Graph()) as sess:
            tf.saved_model.loader.load(sess, ["serve"], path)
            return sess.run("y:0", {"x:0": batch})
    ```

    ## Safety

    Review: tensors that are neither an input nor an output of a signature are not in a migrated
    export; take names from `signature_def`.

    ## References

    - <https://www.tensorflow.org/api_docs/python/tf/compat/v1/saved_model/load>
    """
    if not is_v1_load(use.module, use.node, use.symbol):
        return None
    known = _known(use)
    asked = _collections(use, known)
    if asked is not None:
        return Manual(
            "saved_model.loader.load: stays on tensorflow.compat.v1, but what follows asks the"
            f" loaded graph for {asked}, and a migrated export has none of it: its ops and"
            " variables live in a function, and it has no collections.",
            "Take tensors from `signature_def`, and restore variables from a checkpoint; as long as"
            " the export it loads was written by TensorFlow 1, nothing needs to be done.",
            needs_v1=True,
        )
    return _UNKNOWN if known is None else _named(use, known)


_UNKNOWN = Keep(
    "saved_model.loader.load: stays on tensorflow.compat.v1, whose loader reads old and"
    " migrated exports. Signature tensors keep their names in a migrated export; any other"
    " tensor name does not, so take names from `signature_def`."
)


def _known(use: Use) -> KnownLoad | None:
    """Return what is known of the export that is loaded here, or None."""
    if use.call is None or len(use.call.args) > 3:
        return None  # the fourth argument is a scope, in which all names change
    if any(keyword.arg in ("import_scope", None) for keyword in use.call.keywords):
        return None
    place = (use.site.lineno, use.site.col_offset)
    found = [known for known in use.context.loads if (known.line, known.column) == place]
    return found[0] if found else None


def _named(use: Use, known: KnownLoad) -> Rewrite | Keep:
    """Take what follows the load from the signatures of ``known``."""
    covers: list[Cover] = []
    places: dict[Asked, Held] = {}
    for asked in asked_after(use):
        place = held(known, asked.tensor)
        if place is not None and _editable(use, asked):
            places[asked] = place
        else:
            covers += noted(use, known, asked, place)
    if len({other.source for other in use.context.loads}) == 1:
        for asked in asked_elsewhere(use):
            covers += noted(use, known, asked, held(known, asked.tensor))
    edits = _edits(use, places)
    for asked, place in places.items():
        if edits:
            text = (
                f"`{asked.name}` is {place} that {known.source} has, and its `signature_def` gives"
                " the name."
            )
            covers.append(Cover(asked.node, NAME, text, api=_LOAD))
        else:
            covers += noted(use, known, asked, place)
    if not edits:
        message = (
            "saved_model.loader.load: stays on tensorflow.compat.v1, whose loader reads old and"
            f" migrated exports. It loads what {known.source} writes, and the tensors of its"
            " signatures keep their names; any other tensor name does not."
        )
        return Keep(message if known.migrated else _UNKNOWN.message, covers=tuple(covers))
    return Rewrite(
        "saved_model.loader.load stays on tensorflow.compat.v1, whose loader reads old and"
        f" migrated exports; names of tensors come from the signatures of {known.source}.",
        edits,
        covers=tuple(covers),
    )


_LOAD = "tf.saved_model.load"


def _editable(use: Use, asked: Asked) -> bool:
    return (
        use.module.enclosing(asked.node, (ast.JoinedStr,)) is None
        and use.tree.node(asked.node) is not None
    )


def _edits(use: Use, places: Mapping[Asked, Held]) -> Edits:
    """Return the edits that take names from signatures; none where the load cannot give them."""
    call = use.call
    if call is None or not places:
        return {}
    old = use.cst(call)
    line = use.tree.line(old)
    parent = use.module.parents[call]
    if line is None or not isinstance(parent, (ast.Expr, ast.Assign)):
        return {}
    first = line
    if isinstance(parent, ast.Assign):
        place = target(use.module, parent.targets[0])
        if place is None or len(parent.targets) > 1:
            return {}
        if len(list(stores(use.module, place))) != 1:
            return {}
        meta = ast.unparse(parent.targets[0])
    else:
        meta = use.fresh("meta_graph")
        assigned = cst.Assign(targets=[cst.AssignTarget(cst.Name(meta))], value=old)
        first = line.with_changes(body=[assigned])
        column = use.tree.column(old) - len(use.tree.indent(line))
        use.tree.shifted(old, column + 1, len(meta) + len(" = "))
    keys = list(dict.fromkeys(place.key for place in places.values()))
    names = {
        key: use.fresh(f"signature_{at}" if at > 1 else "signature")
        for at, key in enumerate(keys, 1)
    }
    edits: Edits = {
        line: cst.FlattenSentinel(
            [
                first,
                *(
                    statement(f"{name} = {meta}.signature_def[{_quoted(key)}]")
                    for key, name in names.items()
                ),
            ]
        )
    }
    for asked, place in places.items():
        text = f"{names[place.key]}.{place.side}[{_quoted(place.name)}].name"
        edits[use.cst(asked.node)] = expression(
            f'{text}.partition(":")[0]' if asked.operation else text
        )
    return edits


def _quoted(text: str) -> str:
    return repr(text) if '"' in text or "\\" in text else f'"{text}"'


def _collections(use: Use, known: KnownLoad | None) -> str | None:
    """Return the variables or collection that the code after the load asks for, or None.

    Only the function around the load, unless the export is certainly one that is migrated and the
    file makes no variables of its own, which another function would ask for.
    """
    scope = use.module.scope_of[use.node]
    names = {symbol.name for _, symbol in use.shared["references"]}
    everywhere = known is not None and known.migrated and names.isdisjoint(MAKES)
    for node in use.module.nodes:
        inside = use.module.scope_of.get(node) is scope
        if not (inside or everywhere) or not isinstance(node, (ast.Call, ast.Attribute)):
            continue
        if inside and (node.lineno, node.col_offset) <= (use.node.lineno, use.node.col_offset):
            continue
        if isinstance(node, ast.Attribute):
            if node.attr in _PARTS and _is_loaded(use, node.value):
                return f"`{node.attr}`"
            continue
        name = use.called(node)
        if name in _ASKS:
            return f"`{name}`"
        if isinstance(node.func, ast.Attribute) and node.func.attr in HANDS_ON:
            return f"`{node.func.attr}`"
    return None


def _is_loaded(use: Use, node: ast.expr) -> bool:
    """Whether ``node`` is what the load returns."""
    if node is use.call:
        return True
    place = target(use.module, node)
    return use.call is not None and place in (targets_of(use.module, use.call) or ())


_PARTS = frozenset({"graph_def", "collection_def"})

_ASKS = frozenset(
    {
        "tf.get_collection",
        "tf.get_collection_ref",
        "tf.global_variables",
        "tf.trainable_variables",
        "tf.local_variables",
        "tf.model_variables",
        "tf.train.Saver",
    }
)


@rule(
    "TFM404",
    "saved-model-directory",
    safety=Safety.SAFE,
    apis=(
        "tf.saved_model.contains_saved_model",
        "tf.saved_model.maybe_saved_model_directory",
    ),
    bind=False,
)
def saved_model_directory(use: Use) -> Rewrite | Keep | Manual | None:
    """Keep tests of whether a directory holds a SavedModel.

    ## What it does

    Nothing to the code: a migrated export writes `saved_model.pb` to the same place.

    ## Why

    The functions look at file names only.

    ## Example

    ```python
    import tensorflow as tf

    def found(path):
        return tf.saved_model.contains_saved_model(path)
    ```

    ## Use instead

    ```python
    import tensorflow as tf

    def found(path):
        return tf.saved_model.contains_saved_model(path)
    ```

    ## Safety

    Nothing changes here.

    ## References

    - <https://www.tensorflow.org/api_docs/python/tf/saved_model/contains_saved_model>
    """
    return Keep(f"{use.symbol.name}: stays; it finds old and migrated exports.", needs_v1=False)


@rule(
    "TFM405",
    "graph-import",
    safety=Safety.SAFE,
    apis=("tf.import_graph_def", "tf.graph_util.import_graph_def"),
    bind=False,
)
def graph_import(use: Use) -> Rewrite | Keep | Manual | None:
    """Keep `import_graph_def`, which reads frozen graphs on tensorflow.compat.v1.

    ## What it does

    Nothing to the call.  A program in `tf.compat.v1` that only runs imported graphs, and never
    leaves eager mode, gets `disable_v2_behavior()`: eager mode leaves out the name that the
    operations are imported under.

    ## Why

    A frozen graph is neither a checkpoint nor a SavedModel; TensorFlow 2.21 imports it as before.

    ## Example

    ```python
    import tensorflow as tf

    def load(graph_def):
        tf.import_graph_def(graph_def, name="")
    ```

    ## Use instead

    ```python
    import tensorflow as tf

    def load(graph_def):
        tf.import_graph_def(graph_def, name="")
    ```

    ## Safety

    Nothing changes here.

    ## References

    - <https://www.tensorflow.org/api_docs/python/tf/graph_util/import_graph_def>
    """
    return Keep(
        f"{use.symbol.name}: stays; tensorflow.compat.v1 imports frozen graphs as before.",
        needs_v1=is_tensorflow1(use.module) or (use.context.runs_graphs and _under_a_name(use)),
    )


def _under_a_name(use: Use) -> bool:
    """Whether the graph's operations are asked for below a name, which eager mode leaves out."""
    call = use.call
    if call is None or len(call.args) > 1:
        return False
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if not given.keys() <= {"graph_def", "name"}:
        return False
    name = given.get("name")
    return name is None or (isinstance(name, ast.Constant) and name.value != "")
