"""What two sides tell each other before they run: their signatures.

Each side writes ``described.json`` into its folder once it knows its signatures.  A side that
has none of its own reads the other's, to learn which of its tensors are meant.
"""

import json
import os
import time
from typing import Optional, Tuple

from .bare import DEFAULT_KEY, Tensors, bare_signatures, guess
from .common import Json, phase
from .store import write_json


def write_described(request: Json, signatures: Json) -> None:
    """Tell the other side which signatures this one has."""
    path = os.path.join(request["out"], "described.json")
    write_json(path, {"kind": request["kind"], "signatures": signatures})


def write_names(request: Json, signature: Json) -> None:
    """Tell the other side which tensors this one would take for its inputs and outputs.

    Only a side that has no signatures reads this, where this one has none either.
    """
    path = os.path.join(request["out"], "names.json")
    write_json(path, {"kind": request["kind"], "signatures": {DEFAULT_KEY: signature}})


def peer_signatures(request: Json) -> Optional[Json]:
    """Return the signatures of the other side, once it has described itself.

    Where neither side has signatures, the before side reads which tensors the after side would
    take (``names.json``), chooses, and describes itself; the after side follows.

    None where the request names no peer.  A peer that never describes itself is the parent's
    business: it sees that this process waits (phase ``await``) and ends it.

    Raises:
        SystemExit: the process that asked for this run is gone.
    """
    if not request.get("peer"):
        return None
    await_file(request, request["peer"])
    with open(request["peer"], encoding="utf-8") as file:
        signatures = json.load(file)["signatures"]
    return dict(signatures)


def agree(request: Json, tensors: Tensors) -> Tuple[Json, str]:
    """Return the signatures of a side that has none of its own, and where they come from.

    The other side is told which tensors this one would guess, then which it takes.

    Raises:
        CannotOpen: they cannot be told surely.
    """
    write_names(request, guess(tensors))
    tentative = os.path.basename(request.get("peer") or "") == "names.json"
    signatures, told = bare_signatures(
        tensors, request.get("feeds"), request.get("fetches"), peer_signatures(request), tentative
    )
    write_described(request, signatures)
    return signatures, told


def await_file(request: Json, path: str) -> None:
    """Wait until the other side has written ``path``.

    Raises:
        SystemExit: the process that asked for this run is gone.
    """
    if os.path.exists(path):
        return
    phase(request, "await")
    parent = os.getppid()
    while not os.path.exists(path):
        if os.getppid() != parent:
            raise SystemExit("the process that asked for this run is gone")
        time.sleep(0.02)
    phase(request, "open")
