"""The pins of TensorFlow that govern a migrated program: requirement files, images, commands.

A migrated program needs TensorFlow 2.16 or later, and sometimes tf-keras and tf-slim.  What
installs it says otherwise in a dozen formats; :func:`look` finds those places under a root, and
says what becomes of each: new text for a span of the file, or a sentence for a person.
"""

from __future__ import annotations

from migrator.pins.found import Answer, PinFile
from migrator.pins.survey import Programs, look, names_pins

__all__ = ["Answer", "PinFile", "Programs", "look", "names_pins"]
