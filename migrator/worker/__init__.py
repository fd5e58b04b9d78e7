"""Describe, run and dump one model, under any Python >= 3.6 and TensorFlow >= 1.12.

This package stands alone: it is run *by its path* under the interpreter that owns the model
(``python worker request.json``), where it is called ``migrator_worker`` and imports numpy
and tensorflow only.  The request is a JSON object::

    kind     "savedmodel", "metagraph" (a checkpoint with a .meta file), "checkpoint" (its
             variables only), "graphdef" (a frozen graph) or "keras" (.keras, .h5)
    role     "before" (makes the inputs) or "after" (runs the inputs that "before" made)
    path     SavedModel directory, checkpoint prefix, or file
    out      existing directory that the results are written to
    tags     list of tags that names the meta graph, or null to choose it
    seed     integer that the generated inputs depend on
    given    null, or sets of inputs to use as they are: each a label, the file it is from,
             and an index into an archive of arrays (see below), or a TFRecord file
    ranges   null, or input or feature to [low, high], where generated values lie
    choices  null, or the index and arrays of values that generated ones are drawn from
    careful  true to leave out inputs that have ended processes: an empty batch, and the
             smallest and the largest integer of a dtype
    run      false to describe the model and dump its variables only
    peer     path of the JSON file with the other side's signatures, for a kind that has none
             of its own, or null
    feeds    name -> tensor: the inputs of such a kind, as the user names them, or null
    fetches  likewise its outputs
    trust    whether the model may write files, run code of its own, or use the network
    inputs   for "after": path of the JSON file that "before" writes when it has run
    cost     whether to time the signatures
    mode     "trace" to answer with the values of the ops on the way to one tensor instead (see
             trace.py), from
    tensor   its name,
    feeds    tensor name -> index entry of what to feed, of the arrays in the file
    values   (.npz), and
    graph_tags  the tags of the meta graph that holds it
    memory   bytes of data the process may hold, or null
    seconds  after which the process ends itself, or null

The answer is ``result.json`` and ``arrays.npz`` in ``out`` (and, for "before",
``inputs.json`` and ``inputs.npz``); ``described.json`` holds the signatures before anything
runs, and ``names.json`` the tensors that a side without signatures would take.  ``phase``
names how far the process came, for the parent to tell a broken interpreter from a broken
model.  Nothing is pickled: an array is an index entry ``{"key", "dtype", "shape"}``;
strings are stored as one byte array plus lengths, and types that NumPy does not have as the
next wider type that it has.

Everything is done in one process, as importing TensorFlow costs far more than two loads
and a dozen runs of a small model.
"""
