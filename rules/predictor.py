"""``tf.contrib.predictor`` and the other loaders that left TensorFlow with contrib."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.rule import (
    Cover,
    Keep,
    KnownLoad,
    Manual,
    Outcome,
    Rewrite,
    Safety,
    Use,
    expression,
    rule,
    target,
    targets_of,
)

from ._lost import HANDS_ON, MAKES, lost, noted
from ._names import asked_of, held, names_in

#: The function, the class that it makes, and where they are defined.
_BRIDGED = {
    "tf.contrib.predictor.from_saved_model": "predictor",
    "tf.contrib.predictor.predictor_factories.from_saved_model": "predictor",
    "tf.contrib.predictor.python.predictor_factories.from_saved_model": "predictor",
    "tf.contrib.predictor.saved_model_predictor.SavedModelPredictor": "SavedModelPredictor",
    "tf.contrib.predictor.python.saved_model_predictor.SavedModelPredictor": "SavedModelPredictor",
}

#: The end of a symbol -> what to do instead.
_RECIPES = {
    "from_estimator": (
        "Estimators left TensorFlow in 2.16: export the estimator once with TensorFlow 1"
        " (`export_saved_model` with the same serving_input_receiver_fn), and call"
        " `from_saved_model` on that directory; the next migration takes it over."
    ),
    "get_signature_def_by_key": "Write `meta_graph_def.signature_def[key]`; it raises KeyError.",
    "get_inputs": "Write `dict(meta_graph_def.signature_def[key].inputs)`.",
    "get_outputs": "Write `dict(meta_graph_def.signature_def[key].outputs)`.",
    "get_saved_model_tag_sets": (
        "Use `tensorflow.python.tools.saved_model_utils.get_saved_model_tag_sets`, which is the"
        " same function."
    ),
    "read_saved_model": (
        "Use `tensorflow.python.tools.saved_model_utils.read_saved_model`, which is the same"
        " function."
    ),
    "load_keras_model": (
        "Load the model with `tf.keras.models.load_model` from the file that Keras saved, or wrap"
        " the SavedModel in `tf.keras.layers.TFSMLayer`."
    ),
    "save_keras_model": (
        "Export with `model.export(path)`, or with `tf.saved_model.save(model, path,"
        " signatures=...)` where clients rely on the names of inputs and outputs."
    ),
    "Exporter": (
        "Session bundles were replaced by SavedModel in TensorFlow 1.0: export with"
        " `tf.saved_model.simple_save(session, export_dir, inputs, outputs)`, which the next"
        " migration moves to `tf.saved_model.save`."
    ),
    "load_session_bundle_from_path": (
        "Session bundles were replaced by SavedModel in TensorFlow 1.0: convert the bundle once"
        " with TensorFlow 1 (load it there, then `simple_save`), and load it with"
        " `tf.saved_model.loader.load`."
    ),
}
_RECIPES["from_contrib_estimator"] = _RECIPES["from_estimator"]
_RECIPES["load_session_bundle_or_saved_model_bundle_from_path"] = _RECIPES[
    "load_session_bundle_from_path"
]
for _name in ("classification_signature", "regression_signature", "generic_signature"):
    _RECIPES[_name] = _RECIPES["Exporter"]

_OTHERS = {
    "tf.contrib.session_bundle": _RECIPES["Exporter"],
    "tf.contrib.predictor": (
        "For a SavedModel use `predict = tf.saved_model.load(export_dir).signatures[key]` in"
        " TensorFlow 2 (call it with tensors by input name), or `tf.saved_model.loader.load` and"
        " `sess.run` with the names of its signature_def in a tensorflow.compat.v1 session."
    ),
    "tf.contrib.saved_model": (
        "Read signatures from the MetaGraphDef that `tf.saved_model.loader.load` returns, or from"
        " `tf.saved_model.load(export_dir).signatures`."
    ),
}


@rule(
    "TFM403",
    "contrib-predictor",
    safety=Safety.REVIEW,
    apis=("tf.contrib.predictor.*", "tf.contrib.saved_model.*", "tf.contrib.session_bundle.*"),
    references=True,
    bind=False,
)
def contrib_predictor(use: Use) -> Rewrite | Keep | Manual | None:
    """Replace `tf.contrib.predictor.from_saved_model` by a function that does the same.

    ## What it does

    The call becomes `tf2_bridge.predictor`, a function that is copied into the repository.  It
    takes the same arguments, and what it returns has the same `session`, `graph`, `feed_tensors`
    and `fetch_tensors` and is called with a dict as before; it loads SavedModels of TensorFlow 1
    and migrated ones.  `from_estimator`, `contrib.saved_model` and `contrib.session_bundle` are
    reported, each with what to write instead.

    ## Why

    `tf.contrib` does not exist in TensorFlow 2.

    ## Example

    ```python
    import tensorflow as tf

    predict = tf.contrib.predictor.from_saved_model("export")
    scores = predict({"x": [[1.0]]})["scores"]
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf
    import tf2_bridge

    tf.disable_v2_behavior()

    predict = tf2_bridge.predictor("export")
    scores = predict({"x": [[1.0]]})["scores"]
    ```

    ## Safety

    Review: keys, values and errors are those of TensorFlow 1.15.  In a migrated export, only the
    tensors of signatures can be named in `input_names` and `output_names`, and `graph` has no
    collections and none of the ops that were written; where the repository holds the code that
    writes the directory, such names and look-ups are reported.

    ## References

    - <https://www.tensorflow.org/api_docs/python/tf/compat/v1/saved_model/load>
    """
    name = use.symbol.name
    if name in _BRIDGED:
        if use.aliased:
            return None  # where the name is assigned, it is given the other function
        return Rewrite(
            f"{name} is `tf2_bridge.{_BRIDGED[name]}`, which loads old and migrated exports."
            f"{_named(use)}",
            {use.cst(use.node): expression(f"tf2_bridge.{_BRIDGED[name]}")},
            parts=frozenset({"predictor"}),
            covers=tuple(_lost(use)),
        )
    recipe = _RECIPES.get(name.rpartition(".")[2])
    if recipe is None:
        recipe = next(text for package, text in _OTHERS.items() if name.startswith(package))
    return Manual(f"{name}: left as it is; TensorFlow 2 has no tf.contrib.", recipe)


def _named(use: Use) -> str:
    """Return what is said of tensors that the call names itself."""
    given = {keyword.arg for keyword in use.call.keywords} if use.call is not None else set()
    if not given & {"input_names", "output_names"}:
        return ""
    return " In a migrated one, `input_names` and `output_names` find tensors of signatures only."


def _lost(use: Use) -> Iterator[Cover]:
    """Yield what is said of names and look-ups that the export loaded here does not answer."""
    call = use.call
    if call is None:
        return
    place = (use.site.lineno, use.site.col_offset)
    known = next((k for k in use.context.loads if (k.line, k.column) == place), None)
    if known is None or not known.migrated:
        return
    api = use.symbol.name
    for at, name in ((3, "input_names"), (4, "output_names")):
        given = [*call.args[at : at + 1], *(k.value for k in call.keywords if k.arg == name)]
        for node in given:
            for asked in names_in(use, node) if isinstance(node, ast.Dict) else ():
                found = (
                    lost(known, asked, api, _CODE) if held(known, asked.tensor) is None else None
                )
                if found is not None:
                    yield found
    for asked in asked_of(use, lambda node: _is_loaded(use, node)):
        yield from noted(use, known, asked, held(known, asked.tensor), api)
    yield from _collections(use, known)


_CODE = "TFM403"


def _collections(use: Use, known: KnownLoad) -> Iterator[Cover]:
    """Yield what is said of look-ups that hand on the ops or the collections of a graph."""
    if not MAKES.isdisjoint(symbol.name for _, symbol in use.shared["references"]):
        return  # the graph may be one that the file adds variables to
    for node in use.module.nodes:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr in HANDS_ON and _is_loaded(use, node.func.value):
            yield Cover(
                node,
                _CODE,
                f"`{node.func.attr}` asks the predictor's graph for what the migrated export of"
                f" {known.source} has none of: its ops and variables live in a function, and it"
                " has no collections.",
                outcome=Outcome.MANUAL,
                api=use.symbol.name,
                recipe="Take tensors from `feed_tensors` and `fetch_tensors`, and restore variables"
                " from a checkpoint; as long as the export it loads was written by TensorFlow 1,"
                " nothing needs to be done.",
            )


def _is_loaded(use: Use, node: ast.expr) -> bool:
    """Whether ``node`` is the graph or the session of the predictor that is made here."""
    assert use.call is not None
    owner = node
    while isinstance(owner, ast.Attribute) and owner.attr in ("graph", "session"):
        owner = owner.value
    if owner is node:
        return False
    if owner is use.call:
        return True
    places = targets_of(use.module, use.call) or ()
    if target(use.module, owner) in places:
        return True
    # of an object of the class that keeps it
    return isinstance(owner, ast.Attribute) and any(
        place.cls is not None and place.name == owner.attr for place in places
    )
