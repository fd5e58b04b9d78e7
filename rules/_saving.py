"""The emitted form of an export: ``with <module>: tf.saved_model.save(...)``."""

from __future__ import annotations

import ast

import libcst as cst

from migrator.rule import Use

__all__ = ["EQUAL", "call_with", "saving_block"]

#: The equal sign of a keyword argument.
EQUAL = cst.AssignEqual(
    whitespace_before=cst.SimpleWhitespace(""), whitespace_after=cst.SimpleWhitespace("")
)

#: Emitted lines that would be longer are broken after the opening parenthesis.
_WIDTH = 88


def saving_block(
    use: Use, call: ast.Call, header: cst.BaseExpression, name: str | None
) -> tuple[cst.SimpleStatementLine, cst.With] | str:
    """Return the line of ``call`` and the with block that replaces it, or why it cannot be.

    Args:
        use: the place.
        call: the TensorFlow 1 call whose statement is replaced.
        header: the expression the block enters.
        name: the variable that the block binds to the module; None if ``header`` is a variable.
    """
    statement = use.module.parents.get(call)
    if not isinstance(statement, ast.Expr):
        return "its value is used, and tf.saved_model.save returns none"
    line = use.tree.line(use.cst(call))
    if line is None:
        return "it shares its line with other statements"
    indent = len(use.tree.indent(line))
    module = header if name is None else cst.Name(name)
    save = cst.Call(
        func=use.tensorflow("saved_model.save"),
        args=[
            cst.Arg(module.deep_clone()),
            cst.Arg(cst.Attribute(module.deep_clone(), cst.Name("export_dir"))),
            _keyword("signatures", cst.Attribute(module.deep_clone(), cst.Name("signatures"))),
        ],
    )
    save = _broken(use, save, indent + len(use.tree.cst.default_indent))
    if name is not None and isinstance(header, cst.Call):
        header = _closed(_broken(use, header, indent + len("with  as :") + len(name)))
        header = use.tree.aligned(use.cst(call), header, indent + len("with "))
    block = cst.With(
        items=[
            cst.WithItem(item=header, asname=cst.AsName(cst.Name(name)) if name else None),
        ],
        body=cst.IndentedBlock(
            header=line.trailing_whitespace,
            body=[cst.SimpleStatementLine(body=[cst.Expr(save)])],
        ),
        leading_lines=line.leading_lines,
    )
    return line, block


def _broken(use: Use, call: cst.Call, around: int) -> cst.Call:
    """Return ``call`` with its arguments on a line of their own where one line is too long.

    Args:
        use: the place.
        call: what to lay out; one that has line breaks already keeps them.
        around: how many columns of its line the rest of the statement takes.
    """
    code = use.tree.code(call)
    if not call.args or "\n" in code or "\r" in code or around + len(code) <= _WIDTH:
        return call
    indent = use.tree.cst.default_indent
    inner = cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace(indent))
    outer = cst.ParenthesizedWhitespace(indent=True)
    args = [*call.args]
    arguments = ", ".join(
        use.tree.code(a.with_changes(comma=cst.MaybeSentinel.DEFAULT)) for a in args
    )
    if around + len(indent) + len(arguments) > _WIDTH + len("with  as module:"):
        args = [arg.with_changes(comma=cst.Comma(whitespace_after=inner)) for arg in args]
    last_comma = cst.MaybeSentinel.DEFAULT
    args[-1] = args[-1].with_changes(comma=last_comma, whitespace_after_arg=outer)
    return call.with_changes(whitespace_before_args=inner, args=args)


def _closed(call: cst.Call) -> cst.Call:
    """Return ``call`` with the closing parenthesis on a line of its own if the opening one has."""
    last = call.args[-1] if call.args else None
    if (
        last is None
        or not isinstance(call.whitespace_before_args, cst.ParenthesizedWhitespace)
        or isinstance(last.whitespace_after_arg, cst.ParenthesizedWhitespace)
        or _breaks(last.comma)
    ):
        return call
    outer = cst.ParenthesizedWhitespace(indent=True)
    if isinstance(last.comma, cst.Comma):
        last = last.with_changes(comma=last.comma.with_changes(whitespace_after=outer))
    else:
        last = last.with_changes(whitespace_after_arg=outer)
    return call.with_changes(args=[*call.args[:-1], last])


def _keyword(name: str, value: cst.BaseExpression) -> cst.Arg:
    return cst.Arg(value, keyword=cst.Name(name), equal=EQUAL)


def call_with(
    original: cst.Call, func: cst.BaseExpression, args: dict[cst.Arg, cst.Arg]
) -> cst.Call:
    """Return a call of ``func`` with ``args``, laid out as ``original`` was.

    Args:
        original: the call whose line breaks are kept.
        func: the new callee.
        args: argument of ``original`` -> what it becomes; the others are dropped.
    """
    kept: list[cst.Arg] = []
    for arg in original.args:
        new = args.get(arg)
        if new is not None:
            kept.append(new)
        elif kept and _breaks(arg.comma) and not _breaks(kept[-1].comma):
            # the line break after what is dropped
            kept[-1] = kept[-1].with_changes(comma=arg.comma)
    last = original.args[-1]
    if kept and args.get(last) is None:
        kept[-1] = kept[-1].with_changes(
            comma=last.comma, whitespace_after_arg=last.whitespace_after_arg
        )
    return original.with_changes(func=func, args=kept)


def _breaks(comma: cst.Comma | cst.MaybeSentinel) -> bool:
    return isinstance(comma, cst.Comma) and isinstance(
        comma.whitespace_after, cst.ParenthesizedWhitespace
    )
