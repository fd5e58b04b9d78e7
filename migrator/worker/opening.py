"""Open and describe a model of each kind that can be run."""

import os
from typing import Any, Callable, Dict

from .acts import refuse_acts
from .common import CannotOpen, Json, saved_objects
from .describe import (
    choose_meta_graph,
    describe_assets,
    describe_signatures,
    read_saved_model,
    wanted_tags,
)
from .graphs import open_frozen_graph, open_meta_graph
from .hints import Hints
from .keras_models import open_keras
from .peers import write_described
from .store import Store
from .subject import Subject
from .trainable import note_trainable
from .variables import Reach, dump_variables
from .views import ways_to_load


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
    modern = bool(saved_objects(graph))
    signatures = describe_signatures(tf, graph)
    write_described(request, signatures)
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
    if request.get("run") is not False:
        refuse_acts(tf, graph, signatures, bool(request.get("trust")))
    if os.path.exists(prefix + ".index"):
        facts["variables"], _ = dump_variables(tf, prefix, store, reach)
        note_trainable(tf, graph, prefix, facts["variables"])
    elif reach.needs_values():
        raise CannotOpen("its variables are missing: there is no %s.index" % prefix)
    return Subject(facts, ways_to_load(tf, request, tags, modern, signatures), hints)


#: How each kind of request is opened.
OPENERS: Dict[str, Callable[[Any, Json, Store], Subject]] = {
    "savedmodel": open_saved_model,
    "metagraph": open_meta_graph,
    "graphdef": open_frozen_graph,
    "keras": open_keras,
}
