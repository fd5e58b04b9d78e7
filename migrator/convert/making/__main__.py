"""Answer a request: ``python -m migrator.convert.making request.json``.

Also by its path, under an interpreter in which this package is not installed; what runs before
the interpreter is known to be recent enough is spelled as any Python 3 reads it.
"""

import importlib
import importlib.util
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGE = os.path.dirname(os.path.dirname(HERE))


def run() -> int:
    """Answer the request in the file that the command line names; return the exit status."""
    with open(sys.argv[1], encoding="utf-8") as file:
        request = json.load(file)
    if sys.version_info < (3, 10):  # noqa: UP036  another interpreter may run it
        said = "it is Python %d.%d, and converting takes Python 3.10 or later with TensorFlow 2"
        result = {"status": "no_tensorflow", "error": said % sys.version_info[:2]}
        with open(os.path.join(request["out"], "result.json"), "w", encoding="utf-8") as file:
            json.dump(result, file)
        return 0
    # Python puts this folder first on its path, where a module of it could hide a package
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != HERE]
    if "migrator" not in sys.modules:
        # by its path: the folder that holds it may hold another interpreter's packages, too
        spec = importlib.util.spec_from_file_location(
            "migrator", os.path.join(PACKAGE, "__init__.py"), submodule_search_locations=[PACKAGE]
        )
        assert spec is not None
        assert spec.loader is not None
        package = importlib.util.module_from_spec(spec)
        sys.modules["migrator"] = package
        spec.loader.exec_module(package)
    return int(importlib.import_module("migrator.convert.making.serve").serve(request))


if __name__ == "__main__":
    sys.exit(run())
