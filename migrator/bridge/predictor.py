"""A SavedModel that is called with a dict, in a session of its own.

Part of ``tf2_bridge``, with :mod:`migrator.bridge.predictor_names`: uses TensorFlow's public API
only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from migrator.bridge.predictor_names import _check_names, _fed_and_fetched, _Predictor

__all__ = ["SavedModelPredictor", "predictor"]


class SavedModelPredictor(_Predictor):
    """What ``tf.contrib.predictor.from_saved_model`` returned; see :func:`predictor`."""

    def __init__(
        self,
        export_dir: Any,
        signature_def_key: str | None = None,
        signature_def: Any = None,
        input_names: Mapping[str, str] | None = None,
        output_names: Mapping[str, str] | None = None,
        tags: str | None = None,
        graph: Any = None,
        config: Any = None,
    ) -> None:
        _check_names(signature_def_key, signature_def, input_names, output_names)
        #: the graph that holds the model
        self.graph = graph or tf.Graph()
        with self.graph.as_default():
            #: the session that runs it
            self.session = tf.compat.v1.Session(config=config)
            meta_graph = tf.compat.v1.saved_model.loader.load(
                self.session, (tags or "serve").split(","), export_dir
            )
        fed, fetched = _fed_and_fetched(
            meta_graph, signature_def_key, signature_def, input_names, output_names
        )
        self.feed_tensors = {k: self.graph.get_tensor_by_name(v) for k, v in fed.items()}
        self.fetch_tensors = {k: self.graph.get_tensor_by_name(v) for k, v in fetched.items()}

    def __call__(self, input_dict: Mapping[str, Any]) -> dict[str, Any]:
        """Return the outputs for these inputs, by key, as arrays.

        Raises:
            ValueError: a key of ``input_dict`` is not one of an input.
        """
        feeds = {self.feed_tensors[k]: value for k, value in self._given(input_dict).items()}
        found: dict[str, Any] = self.session.run(self.fetch_tensors, feeds)
        return found


def predictor(export_dir: Any, *args: Any, **options: Any) -> SavedModelPredictor:
    """Do what ``tf.contrib.predictor.from_saved_model`` did.

    Args:
        export_dir: the folder of a SavedModel, written by TensorFlow 1 or 2.
        args: as of TF1's, which may be given by name: signature_def_key, by default
            ``serving_default``, or signature_def, or input_names and output_names, which map keys
            to names of tensors; tags, by default ``serve``, several joined by commas; graph, which
            the model is loaded into; config, of the session.
        options: of the same.

    Raises:
        OSError: there is no SavedModel in the folder.
        RuntimeError: it has no meta graph of these tags.
        ValueError: there is no such signature, or it is not clear what is fed and fetched.
    """
    return SavedModelPredictor(export_dir, *args, **options)
