"""Run the package by its path: ``python worker request.json``."""

import importlib.util
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def run() -> int:
    """Import the package by its path, under a name of its own, and answer the request."""
    # Python puts this folder first on its path, where a neighbour could hide a package; and
    # importing through the parent's folder would mix two interpreters' packages
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != HERE]
    spec = importlib.util.spec_from_file_location(
        "migrator_worker", os.path.join(HERE, "__init__.py"), submodule_search_locations=[HERE]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules["migrator_worker"] = package
    spec.loader.exec_module(package)
    serve = importlib.import_module("migrator_worker.serve")
    return int(serve.main(sys.argv))


if __name__ == "__main__":
    sys.exit(run())
