"""Notebooks made for tests."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["as_json", "code", "markdown"]


def code(source: str | list[str], *, whole: bool = False, **fields: Any) -> dict[str, Any]:
    """Return a code cell as Jupyter writes one, with an output that must stay.

    Args:
        source: its text, or the elements of the list.
        whole: whether the text stays one string.
        fields: others of the cell.
    """
    split = isinstance(source, str) and not whole
    lines = source.splitlines(keepends=True) if split else source  # type: ignore[union-attr]
    picture = {
        "data": {"image/png": "iVBORw0KGgo=\n"},
        "metadata": {},
        "output_type": "display_data",
    }
    return {
        "cell_type": "code",
        "execution_count": 7,
        "metadata": {"collapsed": True},
        "outputs": [picture],
        "source": lines,
        **fields,
    }


def markdown(source: str) -> dict[str, Any]:
    """Return a cell of prose."""
    return {"cell_type": "markdown", "metadata": {}, "source": [source]}


def as_json(
    *cells: dict[str, Any] | str,
    python: str = "3.6.8",
    language: str = "python",
    indent: int | None = 1,
    end: str = "\n",
    ascii_only: bool = False,
) -> str:
    """Return the text of a notebook; a string is a code cell."""
    book = {
        "cells": [code(cell) if isinstance(cell, str) else cell for cell in cells],
        "metadata": {
            "kernelspec": {
                "display_name": "x",
                "language": language,
                "name": f"{language}{python[0]}",
            },
            "language_info": {"name": language, "version": python},
        },
        "nbformat": 4,
        "nbformat_minor": 2,
    }
    return json.dumps(book, indent=indent, ensure_ascii=ascii_only) + end
