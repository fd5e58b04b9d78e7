"""The JSON report: the exact image of a run."""

from __future__ import annotations

import json

from migrator.results import RunReport, to_json

__all__ = ["render"]


def render(run: RunReport) -> str:
    """Return an arranged run as JSON; ``from_json(RunReport, json.loads(...))`` gives it back.

    The text is ASCII: what is hidden or cannot be encoded in a name or in code stands there
    as ``\\uXXXX``.
    """
    return json.dumps(to_json(run), indent=2, ensure_ascii=True, allow_nan=False) + "\n"
