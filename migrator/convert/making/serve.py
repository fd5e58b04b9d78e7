"""Answer a request to convert: make the SavedModel, and say what came of it."""

from __future__ import annotations

import gc
import os
import signal
from typing import Any

from migrator.convert.making import CannotCarry
from migrator.worker.common import BadInput, CannotOpen, OutOfMemory, phase, what_failed
from migrator.worker.orphan import end_with_parent
from migrator.worker.serve import limit_memory, load_op_libraries
from migrator.worker.store import write_json

__all__ = ["serve"]

#: What TensorFlow and Python say of an allocation beyond the limit.
_EXHAUSTED = ("Arena alloc failed", "bad_alloc", "OOM when allocating", "Unable to allocate")


def serve(request: dict[str, Any]) -> int:
    """Answer ``request`` in the file ``result.json`` of its folder ``out``; return 0.

    The request is that of :func:`migrator.convert.making.make`, or of
    :func:`migrator.convert.making.keras.make`, with ``seconds`` and ``memory`` to stay within.
    """
    if request.get("seconds") and hasattr(signal, "alarm"):
        signal.alarm(int(request["seconds"]) + 1)
    end_with_parent()
    phase(request, "python")
    result: dict[str, Any] = {}
    try:
        import tensorflow as tf

        result["tensorflow"] = str(tf.__version__)
        if int(tf.__version__.partition(".")[0]) < 2:
            raise ImportError(f"TensorFlow {tf.__version__} writes no TensorFlow 2 SavedModel")
    except Exception as error:
        result.update(status="no_tensorflow", error=what_failed(error))
    else:
        tf.get_logger().setLevel("ERROR")
        limit_memory(request)
        phase(request, "open")
        result.update(_answered(tf, request))
    write_json(os.path.join(request["out"], "result.json"), result)
    return 0


def _answered(tf: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a request: what was made, or why nothing was."""
    try:
        load_op_libraries(tf, request)
        if request["kind"] == "keras":
            from migrator.convert.making.keras import make
        elif request["kind"] == "checkpoint":
            from migrator.convert.making.checkpoints import make
        else:
            from migrator.convert.making import make

        gc.freeze()  # what TensorFlow consists of is no garbage: looking through it took seconds
        made = make(request)
        if request["kind"] in ("savedmodel", "hub") and made["added"]:
            from migrator.convert.making.stand_in import write_stand_in

            folder = os.path.join(request["out"], "before")
            write_stand_in(request, made["added"], folder)
            made["stand_in"] = folder
    except CannotCarry as error:
        said = {"error": error.reason, "node": error.node, "advice": error.advice}
        return {"status": "cannot_carry", **said}
    except CannotOpen as error:
        return {"status": "cannot_open", "error": str(error), "advice": error.advice}
    except BadInput as error:
        return {"status": "bad_input", "error": str(error)}
    except (MemoryError, OutOfMemory) as error:
        return {"status": "out_of_memory", "error": what_failed(error)}
    except Exception as error:
        if any(word in str(error) for word in _EXHAUSTED):
            return {"status": "out_of_memory", "error": what_failed(error)}
        raise
    return {"status": "ok", **made}
