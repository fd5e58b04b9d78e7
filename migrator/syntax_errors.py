"""Why a text does not parse, as one sentence."""

from __future__ import annotations

import re

__all__ = ["describe_syntax_error"]


def describe_syntax_error(error: Exception) -> str:
    """Return one sentence that says where and why a file does not parse."""
    if isinstance(error, SyntaxError):
        line = f"line {error.lineno}: " if error.lineno else ""
        text = (error.text or "").strip()
        python2 = (
            "Missing parentheses in call" in error.msg
            or "multiple exception types must be parenthesized" in error.msg
            or "inconsistent use of tabs" in error.msg
            or "leading zeros in decimal" in error.msg
            or re.match(r"(print|exec)\b(?!\s*\()|except\s+[\w.]+\s*,|raise\s+\w+\s*,", text)
        )
        if python2:
            return f"{line}this is Python 2 ({error.msg.rstrip('.')})"
        return f"{line}{error.msg}"
    return str(error) or type(error).__name__
