"""Stand-alone parts that migrated session programs run on TensorFlow 2.

Each part is a few modules that import TensorFlow's public API only, and some are of several parts;
:mod:`migrator.vendor` joins the parts that a repository needs into one ``tf2_bridge.py``.
"""

from __future__ import annotations

from migrator.bridge.checkpoint_readers import (
    NewCheckpointReader,
    assign_from_checkpoint,
    assign_from_checkpoint_fn,
    get_variables_to_restore,
    init_from_checkpoint,
    list_variables,
    load_checkpoint,
    load_variable,
)
from migrator.bridge.estimator import estimator
from migrator.bridge.estimator_tpu import tpu
from migrator.bridge.graph_export import ServingModule, serving
from migrator.bridge.graph_import import (
    graph_operations,
    import_meta_graph,
    import_saved_model,
)
from migrator.bridge.graph_module import GraphModule, feed, graph
from migrator.bridge.graph_predictor import GraphPredictor, graph_predictor
from migrator.bridge.graph_saver import GraphSaver
from migrator.bridge.lookup import lookup
from migrator.bridge.mnist import (
    DataSet,
    Datasets,
    dense_to_one_hot,
    extract_images,
    extract_labels,
    input_data,
    load_mnist,
    read_data_sets,
)
from migrator.bridge.predictor import SavedModelPredictor, predictor
from migrator.bridge.saver import Saver
from migrator.bridge.session_meta_graph import session_meta_graph
from migrator.bridge.session_module import SessionModule, session_module
from migrator.bridge.slim import __getattr__ as __getattr__
from migrator.bridge.slim import alias_slim

__all__ = [
    "DataSet",
    "Datasets",
    "GraphModule",
    "GraphPredictor",
    "GraphSaver",
    "NewCheckpointReader",
    "SavedModelPredictor",
    "Saver",
    "ServingModule",
    "SessionModule",
    "alias_slim",
    "assign_from_checkpoint",
    "assign_from_checkpoint_fn",
    "dense_to_one_hot",
    "estimator",
    "extract_images",
    "extract_labels",
    "feed",
    "get_variables_to_restore",
    "graph",
    "graph_operations",
    "graph_predictor",
    "import_meta_graph",
    "import_saved_model",
    "init_from_checkpoint",
    "input_data",
    "list_variables",
    "load_checkpoint",
    "load_mnist",
    "load_variable",
    "lookup",
    "predictor",
    "read_data_sets",
    "serving",
    "session_meta_graph",
    "session_module",
    "tpu",
]

# Importing that part has bound its module to the name under which it gives tf_slim.
del globals()["slim"]
