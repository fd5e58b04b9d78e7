"""Builders that the file which adds to them does not make."""

from __future__ import annotations

from migrator.rule import Keep, Manual, Rewrite, Safety, Use, rule


@rule(
    "TFM105",
    "builder-from-elsewhere",
    safety=Safety.MANUAL,
    apis=(),
    methods=("add_meta_graph_and_variables", "add_meta_graph", "save"),
    bind=False,
)
def builder_from_elsewhere(use: Use) -> Rewrite | Keep | Manual | None:
    """Report calls of the methods of a builder that is made elsewhere.

    ## What it does

    Reports `add_meta_graph_and_variables`, `add_meta_graph` and `save`: the builder is a parameter,
    comes from another file, or is used in a way that the builder's own rule (TFM102) could not
    follow.  Where it is made is said, if that can be found.

    ## Why

    A builder and its calls are rewritten together or not at all.

    ## Example

    ```python
    import tensorflow as tf

    def add(builder, sess, signatures):
        builder.add_meta_graph_and_variables(sess, ["serve"], signatures)
    ```

    ## Use instead

    ```python
    import tensorflow as tf

    def add(builder, sess, signatures):
        builder.add_meta_graph_and_variables(sess, ["serve"], signatures)
    ```

    ## Safety

    Manual: nothing is changed.

    ## References

    - <https://www.tensorflow.org/api_docs/python/tf/compat/v1/saved_model/Builder>
    """
    call = use.call
    known = next(
        (
            one
            for one in use.context.carried
            if call is not None
            and one.kind == "builder"
            and (one.line, one.column) == (call.lineno, call.col_offset)
        ),
        None,
    )
    method = use.symbol.raw
    if known is None and method != "add_meta_graph_and_variables":
        return None  # anything may have a method called so
    where = f", made at {', '.join(known.made[:3])}," if known is not None else ""
    return Manual(
        f"A builder's `{method}`: left as it is, because its builder{where} is not rewritten"
        " together with it.",
        "Construct the builder, add to it and save it in one function, then run the migration"
        " again; until then it runs on tensorflow.compat.v1.",
    )
