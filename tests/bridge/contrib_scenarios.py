"""Run what the bridge has of ``tf.contrib`` on one version and write all numbers to a file.

    python contrib_scenarios.py OUT.npz

On TensorFlow 1.15 it is ``tf.contrib`` itself, on TensorFlow 2 the bridge: the ``tf2_bridge.py`` in
the folder that VENDORED names, or the package.  ``data/contrib_tf1.npz`` is what 1.15.5 wrote.
Runs under Python 3.7, so it uses its syntax only.
"""

# ruff: noqa: UP031, B905  (Python 3.7 runs it too)

import os
import sys
import zlib

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
SCENARIOS = []


def scenario(function):
    """Register a function that builds a graph and returns its outputs by name."""
    SCENARIOS.append(function)
    return function


def numbers(name, shape, low=-0.6, high=0.6):
    """Return numbers that depend on the name alone."""
    draw = np.random.RandomState(zlib.crc32(name.encode()) & 0x7FFFFFFF)
    return draw.uniform(low, high, shape).astype(np.float32)


def run(tf, function):
    """Build, assign all variables, run; return arrays by name, gradients of ``loss`` too."""
    with tf.Graph().as_default():
        tf.set_random_seed(7)
        outputs = function(tf)
        variables = tf.global_variables()
        loss = outputs.get("loss")
        if loss is not None:
            trained = tf.trainable_variables()
            slopes = tf.gradients(loss, trained)
            for variable, slope in zip(trained, slopes):
                if slope is not None:
                    outputs["gradient of " + variable.op.name] = tf.convert_to_tensor(slope)
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            for variable in variables:
                value = numbers(variable.op.name, variable.shape.as_list())
                variable.load(value.astype(variable.dtype.base_dtype.as_numpy_dtype), sess)
            results = sess.run(outputs)
    names = sorted("%s %s" % (v.op.name, v.shape.as_list()) for v in variables)
    results["variables"] = np.array(names or ["none"])
    return results


# -- crf ------------------------------------------------------------------------------------------


def _crf_inputs(tf, time=6, static=True):
    potentials = numbers("potentials", (4, time, 3), -2, 2)
    tags = np.random.RandomState(1).randint(0, 3, (4, time)).astype(np.int32)
    lengths = np.array([time, max(time - 2, 1), 1, 0], np.int32)
    if static:
        return [tf.constant(value) for value in (potentials, tags, lengths)]
    return [
        tf.placeholder_with_default(potentials, [None, None, 3]),
        tf.placeholder_with_default(tags, [None, None]),
        tf.placeholder_with_default(lengths, [None]),
    ]


def _crf(tf, time, static):
    potentials, tags, lengths = _crf_inputs(tf, time, static)
    weights = tf.get_variable("weights", [3, 3])
    potentials = tf.tensordot(potentials, weights, 1)
    likelihood, transitions = crf.crf_log_likelihood(potentials, tags, lengths)
    decoded, best = crf.crf_decode(potentials, transitions, lengths)
    allowed = tf.constant(np.random.RandomState(2).uniform(size=(4, time, 3)) > 0.3)
    return {
        "likelihood": likelihood,
        "decoded": decoded,
        "best": best,
        "score": crf.crf_sequence_score(potentials, tags, lengths, transitions),
        "norm": crf.crf_log_norm(potentials, lengths, transitions),
        "unary": crf.crf_unary_score(tags, lengths, potentials),
        "binary": crf.crf_binary_score(tags, lengths, transitions),
        "multitag": crf.crf_multitag_sequence_score(potentials, allowed, lengths, transitions)[:3],
        "loss": tf.reduce_mean(-likelihood),
    }


@scenario
def crf_static(tf):
    """All functions, the length known."""
    return _crf(tf, 6, True)


@scenario
def crf_dynamic(tf):
    """All functions, the length not known."""
    return _crf(tf, 6, False)


@scenario
def crf_one_step(tf):
    """Sequences of length one."""
    return _crf(tf, 1, True)


@scenario
def crf_one_step_dynamic(tf):
    """Sequences of length one, which is not known."""
    return _crf(tf, 1, False)


@scenario
def crf_int64_tags(tf):
    """Tags and lengths of int64, the transitions given."""
    potentials, tags, lengths = _crf_inputs(tf)
    transitions = tf.get_variable("given", [3, 3])
    likelihood, same = crf.crf_log_likelihood(
        potentials, tf.cast(tags, tf.int64), tf.cast(lengths, tf.int64), transitions
    )
    decoded, _ = crf.crf_decode(potentials, same, tf.cast(lengths, tf.int64))
    return {"likelihood": likelihood, "decoded": decoded, "loss": tf.reduce_sum(likelihood)}


@scenario
def crf_viterbi(tf):
    """The decoder in NumPy."""
    best, score = crf.viterbi_decode(numbers("score", (7, 4)), numbers("transitions", (4, 4)))
    return {"best": tf.constant(np.array(best)), "score": tf.constant(score)}


# -- seq2seq: mechanisms and wrapper --------------------------------------------------------------

BATCH, TIME, UNITS, WORDS = 3, 5, 4, 7


def _memory(tf, static=True):
    memory = numbers("memory", (BATCH, TIME, 6))
    lengths = np.array([5, 3, 1], np.int32)
    if static:
        return tf.constant(memory), tf.constant(lengths)
    return (
        tf.placeholder_with_default(memory, [None, None, 6]),
        tf.placeholder_with_default(lengths, [None]),
    )


def _mechanism(tf, kind, **kwargs):
    memory, lengths = _memory(tf)
    return getattr(seq2seq, kind)(UNITS, memory, memory_sequence_length=lengths, **kwargs)


def _attend(tf, mechanism, cell=None, **kwargs):
    """Train with teacher forcing; return outputs and the final state's parts."""
    cell = cell or tf.nn.rnn_cell.GRUCell(UNITS)
    wrapper = seq2seq.AttentionWrapper(cell, mechanism, **kwargs)
    inputs = tf.constant(numbers("inputs", (BATCH, 4, 3)))
    lengths = tf.constant([4, 2, 3])
    helper = seq2seq.TrainingHelper(inputs, lengths)
    decoder = seq2seq.BasicDecoder(
        wrapper, helper, wrapper.zero_state(BATCH, tf.float32), tf.layers.Dense(WORDS)
    )
    # random numbers of a loop come in the order in which its iterations happen to run
    outputs, state, found = seq2seq.dynamic_decode(
        decoder, impute_finished=True, parallel_iterations=1
    )
    result = {
        "logits": outputs.rnn_output,
        "ids": outputs.sample_id,
        "lengths": found,
        "attention": state.attention,
        "time": state.time,
        "loss": tf.reduce_sum(tf.square(outputs.rnn_output)),
    }
    several = isinstance(state.alignments, tuple)
    for index, one in enumerate(state.alignments if several else [state.alignments]):
        result["alignments %d" % index] = one
    histories = state.alignment_history if several else [state.alignment_history]
    for index, one in enumerate(histories):
        if not isinstance(one, tuple):
            result["history %d" % index] = one.stack()
    return result


@scenario
def bahdanau(tf):
    """Additive attention with an attention layer and the history."""
    mechanism = _mechanism(tf, "BahdanauAttention")
    return _attend(tf, mechanism, attention_layer_size=5, alignment_history=True)


@scenario
def bahdanau_normalized_lstm(tf):
    """Normalized, the cell's output, in a scope, with the encoder's state."""
    start = tf.nn.rnn_cell.LSTMStateTuple(
        tf.constant(numbers("c", (BATCH, UNITS))), tf.constant(numbers("h", (BATCH, UNITS)))
    )
    with tf.variable_scope("model"):
        return _attend(
            tf,
            _mechanism(tf, "BahdanauAttention", normalize=True),
            tf.nn.rnn_cell.BasicLSTMCell(UNITS),
            output_attention=False,
            initial_cell_state=start,
        )


@scenario
def luong_scaled(tf):
    """Multiplicative attention, scaled, over a stack of cells."""
    cells = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.LSTMCell(UNITS) for _ in range(2)])
    mechanism = _mechanism(tf, "LuongAttention", scale=True)
    return _attend(tf, mechanism, cells, attention_layer_size=UNITS)


@scenario
def luong_hardmax(tf):
    """Another probability function, and no attention layer."""
    return _attend(tf, _mechanism(tf, "LuongAttention", probability_fn=seq2seq.hardmax))


@scenario
def bahdanau_monotonic(tf):
    """Monotonic attention, parallel."""
    mechanism = _mechanism(tf, "BahdanauMonotonicAttention", normalize=True, score_bias_init=-1.0)
    return _attend(tf, mechanism)


@scenario
def luong_monotonic_hard(tf):
    """Monotonic attention, hard."""
    return _attend(tf, _mechanism(tf, "LuongMonotonicAttention", mode="hard", scale=True))


@scenario
def luong_monotonic_recursive(tf):
    """Monotonic attention, recursive, with noise of a seed."""
    mechanism = _mechanism(
        tf, "LuongMonotonicAttention", mode="recursive", sigmoid_noise=0.5, sigmoid_noise_seed=3
    )
    return _attend(tf, mechanism)


@scenario
def two_mechanisms(tf):
    """Two mechanisms and two attention layers."""
    first = _mechanism(tf, "BahdanauAttention")
    second = _mechanism(tf, "LuongAttention")
    return _attend(tf, [first, second], attention_layer_size=[2, 3], alignment_history=True)


@scenario
def own_input_function(tf):
    """A cell_input_fn, a wrapper with a name, and clone()."""
    memory, lengths = _memory(tf, static=False)
    mechanism = seq2seq.LuongAttention(UNITS, memory, lengths)
    wrapper = seq2seq.AttentionWrapper(
        tf.nn.rnn_cell.GRUCell(UNITS),
        mechanism,
        cell_input_fn=lambda inputs, attention: inputs + attention[:, :3],
        name="attends",
    )
    state = wrapper.zero_state(tf.shape(memory)[0], tf.float32)
    state = state.clone(cell_state=tf.constant(numbers("start", (BATCH, UNITS))))
    inputs = tf.constant(numbers("inputs", (BATCH, 4, 3)))
    outputs, state = tf.nn.dynamic_rnn(wrapper, inputs, initial_state=state, dtype=tf.float32)
    return {"outputs": outputs, "attention": state.attention, "loss": tf.reduce_sum(outputs)}


@scenario
def functions_of_attention(tf):
    """What stands alone."""
    chosen = tf.constant(numbers("chosen", (BATCH, TIME), 0, 1))
    before = tf.one_hot([0, 1, 2], TIME)
    result = {
        mode: seq2seq.monotonic_attention(chosen, before, mode)
        for mode in ("recursive", "parallel", "hard")
    }
    result["cumprod"] = seq2seq.safe_cumprod(chosen, axis=1, exclusive=True)
    result["hardmax"] = seq2seq.hardmax(chosen)
    result["tiled"] = seq2seq.tile_batch(chosen, 3)
    return result


# -- seq2seq: helpers -----------------------------------------------------------------------------


def _decode(tf, helper, cell=None, steps=None, layer=True, **kwargs):
    cell = cell or tf.nn.rnn_cell.GRUCell(UNITS)
    start = tf.constant(numbers("start", (BATCH, UNITS)))
    layer = tf.layers.Dense(WORDS, use_bias=False, name="words") if layer else None
    decoder = seq2seq.BasicDecoder(cell, helper, start, output_layer=layer)
    outputs, state, lengths = seq2seq.dynamic_decode(
        decoder, maximum_iterations=steps, parallel_iterations=1, **kwargs
    )
    return {
        "logits": outputs.rnn_output,
        "ids": outputs.sample_id,
        "state": state,
        "lengths": lengths,
        "loss": tf.reduce_sum(tf.square(outputs.rnn_output)),
    }


def _embedding(tf, depth=3):
    return tf.get_variable("embedding", [WORDS, depth])


@scenario
def training_time_major(tf):
    """Inputs and outputs with time first, an empty sequence, no imputation."""
    inputs = tf.constant(numbers("inputs", (4, BATCH, 3)))
    helper = seq2seq.TrainingHelper(inputs, tf.constant([4, 0, 2]), time_major=True)
    return _decode(tf, helper, output_time_major=True, scope="loop")


@scenario
def training_limited(tf):
    """Fewer steps than inputs."""
    inputs = tf.placeholder_with_default(numbers("inputs", (BATCH, 4, 3)), [None, None, 3])
    return _decode(tf, seq2seq.TrainingHelper(inputs, tf.constant([4, 3, 2])), steps=2)


@scenario
def greedy(tf):
    """The argmax fed back."""
    helper = seq2seq.GreedyEmbeddingHelper(_embedding(tf), tf.constant([1, 2, 3]), 0)
    return _decode(tf, helper, steps=6, impute_finished=True)


@scenario
def greedy_by_function(tf):
    """An embedding that is a function."""
    table = _embedding(tf)
    helper = seq2seq.GreedyEmbeddingHelper(lambda ids: tf.gather(table, ids), [1, 2, 3], 5)
    return _decode(tf, helper, steps=4)


@scenario
def sampled(tf):
    """Drawn with a seed, with a temperature."""
    helper = seq2seq.SampleEmbeddingHelper(
        _embedding(tf), tf.constant([1, 2, 3]), 0, softmax_temperature=0.7, seed=11
    )
    return _decode(tf, helper, steps=6)


@scenario
def inference(tf):
    """The outputs themselves fed back."""
    helper = seq2seq.InferenceHelper(
        sample_fn=lambda outputs: outputs[:, :3],
        sample_shape=[3],
        sample_dtype=tf.float32,
        start_inputs=tf.constant(numbers("first", (BATCH, 3))),
        end_fn=lambda ids: ids[:, 0] > 10.0,
    )
    return _decode(tf, helper, steps=3)


@scenario
def custom(tf):
    """A helper of three functions."""
    table = _embedding(tf)
    helper = seq2seq.CustomHelper(
        initialize_fn=lambda: (tf.tile([False], [BATCH]), tf.gather(table, [1, 1, 1])),
        sample_fn=lambda time, outputs, state: tf.argmax(outputs, -1, output_type=tf.int32),
        next_inputs_fn=lambda time, outputs, state, sample_ids: (
            tf.fill([BATCH], time >= 3),
            tf.gather(table, sample_ids),
            state,
        ),
    )
    return _decode(tf, helper)


@scenario
def scheduled_embedding(tf):
    """Every second word or so from the model."""
    inputs = tf.constant(numbers("inputs", (BATCH, 5, 3)))
    helper = seq2seq.ScheduledEmbeddingTrainingHelper(
        inputs, tf.constant([5, 3, 4]), _embedding(tf), 0.5, seed=5, scheduling_seed=6
    )
    return _decode(tf, helper)


@scenario
def scheduled_output(tf):
    """The outputs fed back, with a function and further inputs."""
    inputs = tf.constant(numbers("inputs", (BATCH, 5, 3)))
    helper = seq2seq.ScheduledOutputTrainingHelper(
        inputs,
        tf.constant([5, 3, 4]),
        0.5,
        seed=5,
        next_inputs_fn=lambda outputs: outputs[:, :3],
        auxiliary_inputs=tf.constant(numbers("auxiliary", (BATCH, 5, 2))),
    )
    return _decode(tf, helper)


@scenario
def scheduled_output_plain(tf):
    """The outputs fed back as they are."""
    inputs = tf.constant(numbers("inputs", (BATCH, 5, UNITS)))
    helper = seq2seq.ScheduledOutputTrainingHelper(inputs, tf.constant([5, 3, 4]), 0.4, seed=9)
    return _decode(tf, helper, layer=False)


@scenario
def losses(tf):
    """Every kind of average and sum."""
    logits = tf.get_variable("logits", [BATCH, 4, WORDS])
    targets = tf.constant(np.random.RandomState(3).randint(0, WORDS, (BATCH, 4)))
    weights = tf.sequence_mask([4, 2, 0], 4, dtype=tf.float32)
    result = {}
    for over_time, over_batch in ((1, 1), (1, 0), (0, 1), (0, 0)):
        result["average %d %d" % (over_time, over_batch)] = seq2seq.sequence_loss(
            logits, targets, weights, bool(over_time), bool(over_batch)
        )
        result["sum %d %d" % (over_time, over_batch)] = seq2seq.sequence_loss(
            logits, targets, weights, False, False, bool(over_time), bool(over_batch)
        )
    result["own"] = seq2seq.sequence_loss(
        logits,
        targets,
        weights,
        softmax_loss_function=lambda labels, logits: tf.reduce_sum(logits, 1) * 0.1,
    )
    result["loss"] = result["average 1 1"]
    return result


# -- seq2seq: beam search -------------------------------------------------------------------------


def _beam(tf, width=3, cell=None, start=None, **kwargs):
    cell = cell or tf.nn.rnn_cell.GRUCell(UNITS)
    if start is None:
        start = seq2seq.tile_batch(tf.constant(numbers("start", (BATCH, UNITS))), width)
    decoder = seq2seq.BeamSearchDecoder(
        cell,
        _embedding(tf),
        tf.fill([BATCH], 1),
        0,
        start,
        width,
        output_layer=tf.layers.Dense(WORDS, use_bias=False, name="words"),
        **kwargs,
    )
    outputs, state, lengths = seq2seq.dynamic_decode(decoder, maximum_iterations=6)
    inner = outputs.beam_search_decoder_output
    result = {
        "predicted": outputs.predicted_ids,
        "scores": inner.scores,
        "ids": inner.predicted_ids,
        "parents": inner.parent_ids,
        "log_probs": state.log_probs,
        "lengths": state.lengths,
        "finished": state.finished,
        "steps": lengths,
    }
    return result, state


@scenario
def beam(tf):
    """A plain beam search."""
    return _beam(tf)[0]


@scenario
def beam_length_penalty(tf):
    """Longer beams preferred."""
    return _beam(tf, width=4, length_penalty_weight=1.3)[0]


def _beam_attention(tf, static=True, **kwargs):
    width = 2
    memory, lengths = _memory(tf, static)
    mechanism = seq2seq.LuongAttention(
        UNITS, seq2seq.tile_batch(memory, width), seq2seq.tile_batch(lengths, width)
    )
    wrapper = seq2seq.AttentionWrapper(
        tf.nn.rnn_cell.BasicLSTMCell(UNITS),
        mechanism,
        attention_layer_size=UNITS,
        alignment_history=True,
    )
    start = wrapper.zero_state(BATCH * width, tf.float32)
    result, state = _beam(tf, width, wrapper, start, **kwargs)
    return result, state


@scenario
def beam_attention(tf):
    """With attention, its history sorted by the beams."""
    result, state = _beam_attention(tf, static=False)
    result["history"] = state.cell_state.alignment_history
    result["attention"] = state.cell_state.attention
    return result


@scenario
def beam_coverage_penalty(tf):
    """What was attended to counts, and the history is left as it is."""
    result, state = _beam_attention(
        tf, coverage_penalty_weight=0.4, reorder_tensor_arrays=False, length_penalty_weight=0.6
    )
    result["history"] = state.cell_state.alignment_history.stack()
    result["covered"] = state.accumulated_attention_probs
    return result


@scenario
def beam_attention_static(tf):
    """Where all shapes are known, TensorFlow 1 leaves the history unsorted."""
    result, state = _beam_attention(tf)
    result["history"] = state.cell_state.alignment_history.stack()
    return result


@scenario
def tree(tf):
    """Beams read back, with ends inside."""
    draw = np.random.RandomState(4)
    ids = tf.constant(draw.randint(0, 5, (6, 3, 4)).astype(np.int32))
    parents = tf.constant(draw.randint(0, 4, (6, 3, 4)).astype(np.int32))
    return {"found": gather_tree(ids, parents, tf.constant([6, 4, 0], tf.int32), 2)}


# -- rnn ------------------------------------------------------------------------------------------


def _unrolled(tf, cell, size=3, lengths=(4, 2, 0), **kwargs):
    """Run a cell over a batch of sequences."""
    inputs = tf.constant(numbers("inputs", (BATCH, 4, size)))
    lengths = tf.constant(lengths)
    outputs, state = tf.nn.dynamic_rnn(
        cell, inputs, sequence_length=lengths, dtype=tf.float32, **kwargs
    )
    return _with_state(tf, outputs, state)


def _with_state(tf, outputs, state):
    from tensorflow.python.util import nest

    result = {"state %d" % i: one for i, one in enumerate(nest.flatten(state))}
    result["outputs"] = outputs
    result["loss"] = tf.reduce_sum(tf.square(outputs)) + tf.add_n(
        [tf.reduce_sum(one) for one in nest.flatten(state)]
    )
    return result


@scenario
def lstm_block(tf):
    """One cell of the kernel."""
    return _unrolled(tf, rnn.LSTMBlockCell(UNITS))


@scenario
def lstm_block_peephole(tf):
    """With peepholes and a clip that bites, in two layers."""
    cells = [rnn.LSTMBlockCell(UNITS, 0.5, cell_clip=0.1, use_peephole=True) for _ in range(2)]
    return _unrolled(tf, tf.nn.rnn_cell.MultiRNNCell(cells))


@scenario
def lstm_block_static(tf):
    """Unrolled in the graph."""
    inputs = [tf.constant(numbers("inputs %d" % i, (BATCH, 3))) for i in range(3)]
    with tf.variable_scope("net"):
        outputs, state = tf.nn.static_rnn(rnn.LSTMBlockCell(UNITS), inputs, dtype=tf.float32)
    return _with_state(tf, tf.stack(outputs), state)


def _fused(tf, reverse=False, **kwargs):
    inputs = tf.constant(numbers("inputs", (5, BATCH, 3)))
    cell = rnn.LSTMBlockFusedCell(UNITS, **kwargs)
    cell = rnn.TimeReversedFusedRNN(cell) if reverse else cell
    outputs, state = cell(inputs, dtype=tf.float32, sequence_length=tf.constant([5, 3, 1]))
    return _with_state(tf, outputs, state)


@scenario
def fused(tf):
    """Whole sequences in one op."""
    return _fused(tf)


@scenario
def fused_reversed(tf):
    """From the end, with peepholes."""
    return _fused(tf, reverse=True, use_peephole=True)


@scenario
def fused_twice(tf):
    """An initial state, no lengths; twice with the same variables."""
    inputs = tf.constant(numbers("inputs", (3, BATCH, 3)))
    start = (tf.constant(numbers("c", (BATCH, UNITS))), tf.constant(numbers("h", (BATCH, UNITS))))
    cell = rnn.LSTMBlockFusedCell(UNITS)
    with tf.variable_scope("bi-lstm"):
        outputs, state = cell(inputs, initial_state=start)
        backwards, _ = rnn.TimeReversedFusedRNN(cell)(inputs, initial_state=start)
    return _with_state(tf, tf.concat([outputs, backwards], 2), state)


@scenario
def gru_block(tf):
    """The block GRU."""
    return _unrolled(tf, rnn.GRUBlockCell(UNITS))


@scenario
def gru_block_v2(tf):
    """The block GRU with GRUCell's variables."""
    return _unrolled(tf, rnn.GRUBlockCellV2(UNITS), scope="encoder")


@scenario
def layer_norm(tf):
    """Layer normalization, two layers."""
    cells = [rnn.LayerNormBasicLSTMCell(UNITS, norm_gain=0.9) for _ in range(2)]
    return _unrolled(tf, tf.nn.rnn_cell.MultiRNNCell(cells), lengths=(4, 2, 3))


@scenario
def layer_norm_off(tf):
    """Without the normalization, under dropout that keeps all."""
    cell = rnn.LayerNormBasicLSTMCell(UNITS, layer_norm=False, dropout_keep_prob=tf.constant(1.0))
    return _unrolled(tf, cell)


@scenario
def nas(tf):
    """The searched cell."""
    return _unrolled(tf, rnn.NASCell(UNITS, num_proj=3, use_bias=True))


@scenario
def nas_plain(tf):
    """The searched cell, without a projection."""
    return _unrolled(tf, rnn.NASCell(UNITS))


@scenario
def attention_cell(tf):
    """Attention over the last outputs."""
    cell = rnn.AttentionCellWrapper(tf.nn.rnn_cell.BasicLSTMCell(UNITS), attn_length=2)
    return _unrolled(tf, cell)


@scenario
def attention_cell_flat(tf):
    """The state as one tensor, other sizes."""
    cell = rnn.AttentionCellWrapper(
        tf.nn.rnn_cell.GRUCell(UNITS), 3, 5, 2, input_size=4, state_is_tuple=False
    )
    return _unrolled(tf, cell)


@scenario
def projections(tf):
    """Projections of inputs and outputs."""
    cell = rnn.InputProjectionWrapper(tf.nn.rnn_cell.GRUCell(UNITS), 2, activation=tf.tanh)
    return _unrolled(tf, rnn.OutputProjectionWrapper(cell, 6))


@scenario
def embedded(tf):
    """Numbers embedded by the cell."""
    cell = rnn.EmbeddingWrapper(tf.nn.rnn_cell.GRUCell(UNITS), WORDS, 3)
    inputs = tf.constant(np.arange(BATCH * 4).reshape(BATCH, 4, 1) % WORDS)
    outputs, state = tf.nn.dynamic_rnn(cell, inputs, dtype=tf.float32)
    return _with_state(tf, outputs, state)


@scenario
def highway(tf):
    """Inputs mixed into outputs, in both ways."""
    first = rnn.HighwayWrapper(tf.nn.rnn_cell.GRUCell(UNITS))
    one = _unrolled(tf, first, size=UNITS, scope="one")
    second = rnn.HighwayWrapper(tf.nn.rnn_cell.GRUCell(UNITS), False, carry_bias_init=0.3)
    two = _unrolled(tf, second, size=UNITS, scope="two")
    return {"one": one["outputs"], "two": two["outputs"], "loss": one["loss"] + two["loss"]}


@scenario
def adaptor(tf):
    """A cell over whole sequences."""
    inputs = tf.constant(numbers("inputs", (4, BATCH, 3)))
    lengths = tf.constant([4, 2, 1])
    cells = [rnn.FusedRNNCellAdaptor(tf.nn.rnn_cell.GRUCell(UNITS), flag) for flag in (0, 1)]
    one, _ = cells[0](inputs, dtype=tf.float32, sequence_length=lengths, scope="one")
    two, state = cells[1](inputs, dtype=tf.float32, sequence_length=lengths, scope="two")
    return _with_state(tf, tf.concat([one, two], 2), state)


@scenario
def stacked_dynamic(tf):
    """Two layers in both directions."""
    cells = [[tf.nn.rnn_cell.LSTMCell(UNITS) for _ in range(2)] for _ in range(2)]
    inputs = tf.constant(numbers("inputs", (BATCH, 4, 3)))
    outputs, one, two = rnn.stack_bidirectional_dynamic_rnn(
        cells[0], cells[1], inputs, dtype=tf.float32, sequence_length=tf.constant([4, 3, 1])
    )
    return _with_state(tf, outputs, (one, two))


@scenario
def stacked_static(tf):
    """Two layers in both directions over a list."""
    cells = [[tf.nn.rnn_cell.GRUCell(UNITS) for _ in range(2)] for _ in range(2)]
    inputs = [tf.constant(numbers("inputs %d" % i, (BATCH, 3))) for i in range(3)]
    outputs, one, two = rnn.stack_bidirectional_rnn(
        cells[0], cells[1], inputs, dtype=tf.float32, scope="deep"
    )
    return _with_state(tf, tf.stack(outputs), (one, two))


# -- legacy_seq2seq -------------------------------------------------------------------------------


def _symbols(tf, name, steps=3):
    draw = np.random.RandomState(zlib.crc32(name.encode()) & 0x7FFFFFFF)
    return [tf.constant(draw.randint(0, WORDS, BATCH).astype(np.int32)) for _ in range(steps)]


def _vectors(tf, name, steps=3):
    return [tf.constant(numbers("%s %d" % (name, i), (BATCH, UNITS))) for i in range(steps)]


def _listed(tf, made):
    outputs, state = made
    return _with_state(tf, tf.stack(outputs), state)


def _flag(tf, value):
    return tf.placeholder_with_default(value, [])


@scenario
def char_rnn(tf):
    """What a character model does: rnn_decoder with and without a loop function, and its loss."""
    cell = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.BasicLSTMCell(UNITS) for _ in range(2)])
    start = cell.zero_state(BATCH, tf.float32)
    inputs = _vectors(tf, "inputs")
    with tf.variable_scope("rnnlm"):
        w = tf.get_variable("softmax_w", [UNITS, UNITS])
    outputs, state = legacy_seq2seq.rnn_decoder(inputs, start, cell, scope="rnnlm")
    with tf.variable_scope(tf.get_variable_scope(), reuse=True):
        looped, _ = legacy_seq2seq.rnn_decoder(
            inputs, start, cell, loop_function=lambda prev, _: tf.matmul(prev, w), scope="rnnlm"
        )
    loss = legacy_seq2seq.sequence_loss_by_example(
        [tf.concat(outputs, 1)], [tf.constant([1, 2, 0])], [tf.ones([BATCH])]
    )
    result = _listed(tf, (outputs, state))
    result.update({"looped": tf.stack(looped), "by example": loss, "loss": tf.reduce_sum(loss)})
    return result


@scenario
def legacy_losses(tf):
    """Every kind of average."""
    logits = [tf.get_variable("logits_%d" % i, [BATCH, WORDS]) for i in range(3)]
    logits = [tf.identity(one) for one in logits]
    weights = [tf.constant(numbers("weights %d" % i, (BATCH,), 0, 1)) for i in range(3)]
    args = (logits, _symbols(tf, "targets"), weights)
    return {
        "loss": legacy_seq2seq.sequence_loss(*args),
        "sum": legacy_seq2seq.sequence_loss(*args, average_across_batch=False),
        "total": legacy_seq2seq.sequence_loss(*args, average_across_timesteps=False),
        "own": legacy_seq2seq.sequence_loss(
            *args, softmax_loss_function=lambda labels, logits: tf.reduce_sum(logits, 1)
        ),
    }


@scenario
def basic_seq2seq(tf):
    """Encoder and decoder with cells of their own."""
    cell = tf.nn.rnn_cell.GRUCell(UNITS)
    made = legacy_seq2seq.basic_rnn_seq2seq(_vectors(tf, "from"), _vectors(tf, "to"), cell)
    return _listed(tf, made)


@scenario
def tied_seq2seq(tf):
    """Encoder and decoder with one cell."""
    cell = tf.nn.rnn_cell.GRUCell(UNITS)
    made = legacy_seq2seq.tied_rnn_seq2seq(_vectors(tf, "from"), _vectors(tf, "to"), cell)
    return _listed(tf, made)


def _embedding_args(tf):
    return (_symbols(tf, "from"), _symbols(tf, "to", 4))


@scenario
def embedding_seq2seq(tf):
    """Symbols, fed by the inputs."""
    cell = tf.nn.rnn_cell.BasicLSTMCell(UNITS)
    args = _embedding_args(tf)
    return _listed(tf, legacy_seq2seq.embedding_rnn_seq2seq(*args, cell, WORDS, 6, 3))


@scenario
def embedding_seq2seq_fed(tf):
    """Symbols, fed by a flag of the graph."""
    cell = tf.nn.rnn_cell.BasicLSTMCell(UNITS)
    args = _embedding_args(tf)
    return _listed(
        tf,
        legacy_seq2seq.embedding_rnn_seq2seq(
            *args, cell, WORDS, WORDS, 3, feed_previous=_flag(tf, True)
        ),
    )


@scenario
def embedding_seq2seq_projected(tf):
    """Symbols, with a projection and the previous output fed."""
    cell = tf.nn.rnn_cell.GRUCell(UNITS)
    projection = (tf.get_variable("w", [UNITS, WORDS]), tf.get_variable("b", [WORDS]))
    return _listed(
        tf,
        legacy_seq2seq.embedding_rnn_seq2seq(
            *_embedding_args(tf), cell, WORDS, WORDS, 3, projection, feed_previous=True
        ),
    )


@scenario
def embedding_tied(tf):
    """One embedding, one cell, a flag of the graph."""
    cell = tf.nn.rnn_cell.GRUCell(UNITS)
    return _listed(
        tf,
        legacy_seq2seq.embedding_tied_rnn_seq2seq(
            *_embedding_args(tf), cell, WORDS, 3, feed_previous=_flag(tf, False)
        ),
    )


@scenario
def embedding_attention(tf):
    """Attention with two heads."""
    cell = tf.nn.rnn_cell.GRUCell(UNITS)
    return _listed(
        tf,
        legacy_seq2seq.embedding_attention_seq2seq(
            *_embedding_args(tf), cell, WORDS, 6, 3, num_heads=2
        ),
    )


@scenario
def embedding_attention_fed(tf):
    """Attention from the first state on, a flag of the graph, a projection."""
    cell = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.BasicLSTMCell(UNITS) for _ in range(2)])
    projection = (tf.get_variable("w", [UNITS, WORDS]), tf.get_variable("b", [WORDS]))
    return _listed(
        tf,
        legacy_seq2seq.embedding_attention_seq2seq(
            *_embedding_args(tf),
            cell,
            WORDS,
            WORDS,
            3,
            output_projection=projection,
            feed_previous=_flag(tf, True),
            initial_state_attention=True,
        ),
    )


@scenario
def one2many(tf):
    """Two decoders."""
    cells = {name: tf.nn.rnn_cell.GRUCell(UNITS) for name in "ab"}
    outputs, states = legacy_seq2seq.one2many_rnn_seq2seq(
        _symbols(tf, "from"),
        {"a": _symbols(tf, "a"), "b": _symbols(tf, "b", 2)},
        tf.nn.rnn_cell.GRUCell(UNITS),
        cells,
        WORDS,
        {"a": WORDS, "b": WORDS + 1},
        3,
    )
    result = {name: tf.stack(outputs[name]) for name in "ab"}
    result["loss"] = tf.add_n([tf.reduce_sum(states[name]) for name in "ab"])
    return result


@scenario
def buckets(tf):
    """Two buckets of one model."""
    encoded, decoded = _symbols(tf, "from", 4), _symbols(tf, "to", 4)
    weights = [tf.ones([BATCH]) for _ in range(4)]

    def model(one, two):
        cell = tf.nn.rnn_cell.GRUCell(UNITS)
        return legacy_seq2seq.embedding_rnn_seq2seq(one, two, cell, WORDS, WORDS, 3)

    outputs, found = legacy_seq2seq.model_with_buckets(
        encoded, decoded, decoded, weights, [(2, 2), (4, 3)], model
    )
    return {"outputs": tf.stack(outputs[0]), "more": tf.stack(outputs[1]), "loss": tf.add_n(found)}


def main(path):
    """Run every scenario."""
    global crf, seq2seq, legacy_seq2seq, rnn, gather_tree
    if "tensorflow_core" in sys.modules or _is_tf1():
        import tensorflow as tf
        from tensorflow.contrib import crf, legacy_seq2seq, rnn, seq2seq
        from tensorflow.contrib.seq2seq.python.ops.beam_search_ops import gather_tree
    else:
        import tensorflow.compat.v1 as tf

        tf.disable_v2_behavior()
        if os.environ.get("VENDORED"):
            sys.path.insert(0, os.environ["VENDORED"])
            import tf2_bridge as bridge
        else:
            sys.path.insert(0, os.path.dirname(os.path.dirname(HERE)))
            from migrator import bridge
        crf, seq2seq = bridge.crf, bridge.seq2seq
        legacy_seq2seq = getattr(bridge, "legacy_seq2seq", None)
        rnn = getattr(bridge, "contrib_rnn", None)
        gather_tree = bridge.gather_tree
    tf.logging.set_verbosity(tf.logging.ERROR)
    import traceback

    arrays = {}
    only = os.environ.get("ONLY", "").split()
    for function in SCENARIOS:
        if only and function.__name__ not in only:
            continue
        try:
            results = run(tf, function)
        except Exception:
            results = {"failed": np.array(traceback.format_exc())}
            if os.environ.get("SHOW"):
                traceback.print_exc()
        for name, value in results.items():
            arrays["%s: %s" % (function.__name__, name)] = np.asarray(value)
    np.savez_compressed(path, **arrays)


def _is_tf1():
    import tensorflow

    return tensorflow.__version__.startswith("1.")


if __name__ == "__main__":
    main(sys.argv[1])
