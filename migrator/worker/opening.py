"""Open and describe a model of each kind that can be run."""

import os
from typing import Any, Callable, Dict, List, Tuple

from .common import CannotOpen, Json
from .describe import (
    choose_meta_graph,
    describe_assets,
    describe_signatures,
    read_saved_model,
    wanted_tags,
)
from .hints import Hints
from .store import Store
from .variables import Reach, dump_variables
from .views import ways_to_load


class Subject:
    """A model that has been opened and described, and can be run.

    ``facts`` is what the answer says of it: at least ``signatures`` and ``variables``.
    ``ways`` are the ways in which the side's role asks for it to be loaded: a label (``v1``,
    ``v2``, ``keras``) and a function that returns the view.  The before side has one.
    """

    def __init__(self, facts: Json, ways: List[Tuple[str, Callable[[], Any]]], hints: Any) -> None:
        self.facts = facts
        self.ways = ways
        self.hints = hints


def open_saved_model(tf: Any, request: Json, store: Store) -> Subject:
    """Open a SavedModel directory.

    Raises:
        CannotOpen: it is damaged, or has no meta graph with the tags asked for.
    """
    path = request["path"]
    model = read_saved_model(path)
    tag_sets = sorted(sorted(graph.meta_info_def.tags) for graph in model.meta_graphs)
    graph = choose_meta_graph(model, wanted_tags(request, tag_sets))
    tags = sorted(graph.meta_info_def.tags)
    modern = bool(graph.object_graph_def.nodes)
    signatures = describe_signatures(tf, graph)
    facts: Json = {
        "tag_sets": tag_sets,
        "tags": tags,
        "written_by": graph.meta_info_def.tensorflow_version,
        "object_based": modern,
        "signatures": signatures,
        "assets": describe_assets(path, graph),
        "variables": [],
    }
    prefix = os.path.join(path, "variables", "variables")
    reach = Reach(tf, graph, signatures)
    hints = Hints(tf, path, graph, reach.reached)
    if os.path.exists(prefix + ".index"):
        facts["variables"], _ = dump_variables(tf, prefix, store, reach)
    elif reach.needs_values():
        raise CannotOpen("its variables are missing: there is no %s.index" % prefix)
    return Subject(facts, ways_to_load(tf, request, tags, modern, signatures), hints)


#: How each kind of request is opened.
OPENERS: Dict[str, Callable[[Any, Json, Store], Subject]] = {"savedmodel": open_saved_model}
