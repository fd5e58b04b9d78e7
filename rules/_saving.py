"""The emitted form of an export: ``with <module>: tf.saved_model.save(...)``."""

from __future__ import annotations

import ast

import libcst as cst

from migrator.rule import Use, expression

__all__ = ["call_with", "saving_block"]


def saving_block(
    use: Use, call: ast.Call, header: cst.BaseExpression, name: str, *, bind: bool = True
) -> tuple[cst.SimpleStatementLine, cst.With] | str:
    """Return the line of ``call`` and the with block that replaces it, or why it cannot be.

    Args:
        use: the place.
        call: the TensorFlow 1 call whose statement is replaced.
        header: the expression the block enters.
        name: the variable that holds the module inside the block.
        bind: whether the block binds ``name``; else ``header`` is that variable itself.
    """
    statement = use.module.parents.get(call)
    if not isinstance(statement, ast.Expr):
        return "its value is used, and tf.saved_model.save returns none"
    line = use.tree.line(use.cst(call))
    if line is None:
        return "it shares its line with other statements"
    target = header if not bind else cst.Name(name)
    save = cst.Call(
        func=use.tensorflow("saved_model.save"),
        args=[
            cst.Arg(target.deep_clone() if not bind else target),
            cst.Arg(
                cst.Attribute(
                    target.deep_clone() if not bind else cst.Name(name), cst.Name("export_dir")
                )
            ),
            cst.Arg(
                cst.Attribute(
                    target.deep_clone() if not bind else cst.Name(name), cst.Name("signatures")
                ),
                keyword=cst.Name("signatures"),
                equal=cst.AssignEqual(
                    whitespace_before=cst.SimpleWhitespace(""),
                    whitespace_after=cst.SimpleWhitespace(""),
                ),
            ),
        ],
    )
    block = cst.With(
        items=[
            cst.WithItem(
                item=header, asname=cst.AsName(cst.Name(name)) if bind else None
            )
        ],
        body=cst.IndentedBlock(
            header=line.trailing_whitespace,
            body=[cst.SimpleStatementLine(body=[cst.Expr(save)])],
        ),
        leading_lines=line.leading_lines,
    )
    return line, block


def call_with(original: cst.Call, func: str, args: list[cst.Arg]) -> cst.Call:
    """Return a call of ``func`` with ``args``, laid out as ``original`` was.

    Args:
        original: the call whose line breaks are kept.
        func: source of the new callee.
        args: arguments taken from ``original``, some dropped or renamed.
    """
    if args and original.args:
        last = original.args[-1]
        args = [*args]
        args[-1] = args[-1].with_changes(
            comma=last.comma, whitespace_after_arg=last.whitespace_after_arg
        )
    return original.with_changes(func=expression(func), args=args)
