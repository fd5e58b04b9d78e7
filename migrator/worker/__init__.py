"""Describe, run and dump one model, under any Python >= 3.6 and TensorFlow >= 1.12.

This package stands alone: it is run *by its path* under the interpreter that owns the model
(``python worker request.json``), where it is called ``migrator_worker`` and imports numpy
and tensorflow only.  The request is a JSON object::

    kind     "savedmodel" or "checkpoint"
    role     "before" (makes the inputs) or "after" (runs the inputs that "before" made)
    path     SavedModel directory, or checkpoint prefix
    out      existing directory that the results are written to
    tags     list of tags that names the meta graph, or null to choose it
    seed     integer that the generated inputs depend on
    given    null, or the index and arrays of inputs to use as they are (see below)
    inputs   for "after": path of the JSON file that "before" writes when it has run
    memory   bytes of data the process may hold, or null
    seconds  after which the process ends itself, or null

The answer is ``result.json`` and ``arrays.npz`` in ``out`` (and, for "before",
``inputs.json`` and ``inputs.npz``).  ``phase`` names how far the process came, for the
parent to tell a broken interpreter from a broken model.  Nothing is pickled: an array is
an index entry ``{"key", "dtype", "shape"}``; strings are stored as one byte array plus
lengths, and types that NumPy does not have as the next wider type that it has.

Everything is done in one process, as importing TensorFlow costs far more than two loads
and a dozen runs of a small model.
"""
