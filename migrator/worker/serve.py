"""Answer a request: open the model, describe it, dump its variables, run it."""

import json
import os
import signal
import sys
from typing import Any, Sequence

from .common import BadInput, CannotOpen, Json, OutOfMemory, cannot_open, compat, phase, what_failed
from .cost import bytes_on_disk, time_signatures
from .describe import choose_meta_graph, describe_signatures, read_saved_model
from .opening import OPENERS
from .orphan import end_with_parent
from .runs import run_after, run_before
from .store import Store, write_json
from .trace import serve_trace
from .variables import dump_variables


def serve_subject(tf: Any, request: Json, store: Store) -> Json:
    """Describe a model, dump its variables and run it."""
    subject = OPENERS[request["kind"]](tf, request, store)
    result: Json = subject.facts
    signatures = result["signatures"]
    if request.get("run") is False:
        return result
    if request["role"] == "after":
        result.update(run_after(subject.ways, signatures, request, store, tf.__version__))
        return result
    ((label, load_view),) = subject.ways
    try:
        view = load_view()
    except Exception as error:
        reason = "TensorFlow %s cannot load it: %s" % (tf.__version__, type(error).__name__)
        raise cannot_open(reason, error)
    phase(request, "run")
    result["views"] = [label]
    result.update(run_before(view, signatures, request, subject.hints, store))
    # the other side runs meanwhile: it has been waiting for the inputs only
    result["latencies"] = time_signatures(view, signatures, request)
    view.close()
    return result


def serve_signatures(tf: Any, request: Json, store: Store) -> Json:
    """Return what the signatures of several SavedModels are; nothing else is opened."""
    models = []
    for path in request["paths"]:
        try:
            graph = choose_meta_graph(read_saved_model(path), None)
        except CannotOpen as error:
            raise CannotOpen("%s: %s" % (path, error), error.advice)
        models.append({"path": path, "signatures": describe_signatures(tf, graph)})
    return {"models": models}


def serve_checkpoint(tf: Any, request: Json, store: Store) -> Json:
    """Dump the variables of a checkpoint."""
    variables, object_based = dump_variables(tf, request["path"], store)
    return {"variables": variables, "object_based": object_based}


def limit_memory(request: Json) -> None:
    """Limit the memory of this process before it opens a model.

    RLIMIT_DATA counts private writable memory, so that TensorFlow reports an allocation
    beyond it as an error; RLIMIT_AS would also count libraries and reserved addresses.
    """
    if request.get("memory"):
        try:
            import resource

            resource.setrlimit(resource.RLIMIT_DATA, (request["memory"], request["memory"]))
        except (ImportError, ValueError, OSError) as error:
            sys.stderr.write("the memory limit could not be set: %s\n" % error)


def load_op_libraries(tf: Any, request: Json) -> None:
    """Load the custom ops that a model needs.

    Raises:
        CannotOpen: one of the files is no library for this TensorFlow.
    """
    for file in request.get("op_libraries") or ():
        try:
            tf.load_op_library(file)
        except Exception as error:
            raise CannotOpen(
                "the op library %s does not load: %s" % (file, what_failed(error)),
                "build it for TensorFlow %s" % tf.__version__,
            )


def main(argv: Sequence[str]) -> int:
    """Answer the request in the file ``argv[1]``; return 0 when an answer was written."""
    with open(argv[1], encoding="utf-8") as file:
        request = json.load(file)
    if request.get("seconds") and hasattr(signal, "alarm"):
        signal.alarm(int(request["seconds"]) + 1)
    end_with_parent()
    phase(request, "python")
    result: Json = {"python": "%d.%d.%d" % sys.version_info[:3]}
    try:
        import numpy  # noqa: F401
        import tensorflow as tf

        result["tensorflow"] = str(tf.__version__)
    except Exception as error:
        result.update(status="no_tensorflow", error=what_failed(error))
        write_json(os.path.join(request["out"], "result.json"), result)
        return 0
    compat(tf).logging.set_verbosity(compat(tf).logging.ERROR)
    limit_memory(request)
    answer(tf, request, result)
    phase(request, "done")
    return 0


def answer(tf: Any, request: Json, result: Json) -> None:
    """Add to ``result`` what ``request`` asks for, and write it."""
    phase(request, "open")
    store = Store(os.path.join(request["out"], "arrays.npz"))
    serve = serve_subject if request["kind"] in OPENERS else serve_checkpoint
    if request.get("mode") == "trace":
        serve = serve_trace
    elif request.get("mode") == "signatures":
        serve = serve_signatures
    try:
        load_op_libraries(tf, request)
        result.update(serve(tf, request, store))
        result["bytes"] = bytes_on_disk(request["path"])
        result["status"] = "ok"
    except CannotOpen as error:
        result.update(status="cannot_open", error=str(error), advice=error.advice)
    except OutOfMemory as error:
        result.update(status="out_of_memory", error=str(error))
    except BadInput as error:
        result.update(status="bad_input", error=str(error))
    store.close()
    write_json(os.path.join(request["out"], "result.json"), result)
