"""Convert what TensorFlow 1 saved, and prove that the result gives the same outputs.

TensorFlow runs in processes of their own: the one that makes the SavedModel
(:mod:`migrator.convert.making`) and those of the check, so nothing here imports it.
"""

from __future__ import annotations

from migrator.convert.checkpoints import CheckpointConversion, convert_checkpoint
from migrator.convert.run import Conversion, convert
from migrator.convert.steps import CannotConvert

__all__ = [
    "CannotConvert",
    "CheckpointConversion",
    "Conversion",
    "convert",
    "convert_checkpoint",
]
