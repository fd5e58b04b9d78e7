"""Reading is exact to the byte or refused, and the prefilter misses nothing."""

from __future__ import annotations

import codecs
import errno
import os
import pickle
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from migrator import apis, files, sources
from migrator.files import SourceError, discover, read
from migrator.symbols import canonical

DATA = Path(apis.__file__).parent / "data"


@pytest.mark.parametrize(
    ("raw", "encoding", "text"),
    [
        (b"", "utf-8", ""),
        (b"x = 1", "utf-8", "x = 1"),
        (b"a\r\nb\nc\rd\r\n", "utf-8", "a\r\nb\nc\rd\r\n"),
        (b"def f():\n\x0c\n    pass\n", "utf-8", "def f():\n\x0c\n    pass\n"),
        (b"\xef\xbb\xbfx = '\xc3\xa9'\r\n", "utf-8-sig", "x = 'é'\r\n"),
        (b"\xef\xbb\xbf", "utf-8-sig", ""),
        (b"\xef\xbb\xbf# coding: utf8\n", "utf-8-sig", "# coding: utf8\n"),
        (b"# -*- coding: latin-1 -*-\nx = '\xe9'\n", "iso-8859-1", None),
        (b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\n'\x80'\n", "cp1252", None),
        (b"\n# coding=koi8-r\n# \xf0\n", "koi8-r", None),
        (b"#!x\r# coding: latin-1\r# \xe9\r", "iso-8859-1", None),
        (b"# coding: utf-8-unix\n# \xc3\xa9", "utf-8", None),
        (b"# coding: UTF_8\n# \xc3\xa9", "utf-8", None),
        (b"# coding: latin-1-unix\n# \xe9", "iso-8859-1", None),
        (b"# coding: shift_jis\n# \x82\xa0", "shift_jis", None),
        (b"# coding: euc_jp\n# \xa4\xa2", "euc_jp", None),
        (b"# coding: ascii\nx\n", "ascii", None),
        (b"x = 1\n# coding: latin-1\n# \xc3\xa9", "utf-8", None),
        (b"\n\n# coding: latin-1\n# \xc3\xa9", "utf-8", None),
        (b"#coding:latin-1", "iso-8859-1", "#coding:latin-1"),
        (b"x = 'coding: latin-1'\n", "utf-8", None),
    ],
)
def test_text_keeps_every_byte(tmp_path, raw, encoding, text):
    """Newlines, form feeds, byte-order mark and declared encoding survive reading and encoding."""
    path = tmp_path / "a.py"
    path.write_bytes(raw)
    source = read(path, tmp_path)
    assert source.encoding == encoding
    assert text is None or source.text == text
    assert source.encode(source.text) == raw
    assert (source.path, source.relative, source.raw) == (path, "a.py", raw)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"x = '\0'\n", r"NUL byte at offset 5"),
        (b"\x7fELF\0\0", r"binary"),
        ("x = 1\n".encode("utf-16"), r"UTF-16.*save it as UTF-8"),
        ("x = 1\n".encode("utf-16-be"), r"UTF-16"),
        ("x = 1\n".encode("utf-32"), r"UTF-32"),
        (b"a\r\nb\rx = '\xe9'\n", r"not utf-8: byte 0xe9 at offset 10 \(line 3\)"),
        (b"\xef\xbb\xbf\n'\xe9'\n", r"not utf-8: byte 0xe9 at offset 5 \(line 2\)"),
        (b"# coding: ascii\n'\xe9'\n", r"not ascii: byte 0xe9 at offset 17 \(line 2\)"),
        (b"# coding: klingon\n", r"encoding klingon, which Python does not know"),
        (b"# coding: rot13\nk\n", r"encoding rot13"),
        (b"# coding: base64\n", r"encoding base64"),
        (b"# coding: utf-16\n", r"encoding utf-16"),
        (b"# coding: utf-7\n", r"encoding utf-7"),
        (b"# coding: unicode_escape\nx\n", r"encoding unicode_escape"),
        (b"# coding: cp037\n", r"encoding cp037"),
        (b"\xef\xbb\xbf# coding: latin-1\n", r"byte-order mark of UTF-8 but declares latin-1"),
        (b"# coding: iso2022_jp\n# \x1b(J\x1b(Bx\n", r"byte for byte in its encoding iso2022_jp"),
    ],
)
def test_what_is_not_python_text_is_refused_in_one_sentence(tmp_path, raw, reason):
    """Nothing is guessed: a file that could not be written back exactly is not read."""
    path = tmp_path / "a.py"
    path.write_bytes(raw)
    with pytest.raises(SourceError, match=reason) as caught:
        read(path, tmp_path)
    assert caught.value.path == path
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_encodings_agree_with_pythons_own_detection(tmp_path):
    """Whatever tokenize.detect_encoding accepts or refuses, so does read."""
    cookies = [b"", b"latin-1", b"utf8", b"UTF-8", b"cp1250", b"big5", b"nope", b"mac-roman", b"l1"]
    heads = [
        b"",
        b"\xef\xbb\xbf",
        b"#!/bin/sh\n",
        b"x\n",
        b"\n",
        b"  \t\x0c\n",
        b'"""\n',
        b"#\n#\n",
    ]
    forms = [
        b"# -*- coding: %s -*-\n",
        b"#coding=%s\n",
        b"# vim:fileencoding=%s\n",
        b"# coding : %s\n",
    ]
    path = tmp_path / "a.py"
    for cookie in cookies:
        for head in heads:
            for form in forms:
                raw = head + form % cookie + b"x = 1\n"
                path.write_bytes(raw)
                try:
                    with open(path, "rb") as file:
                        expected = tokenize.detect_encoding(file.readline)[0]
                except SyntaxError:
                    if (head, cookie) == (b"\xef\xbb\xbf", b"utf8"):
                        continue  # after a mark Python wants it spelled utf-8; we see what is meant
                    with pytest.raises(SourceError):
                        read(path, tmp_path)
                    continue
                got = read(path, tmp_path).encoding
                assert codecs.lookup(got) == codecs.lookup(expected), raw


def test_missing_and_oversized_files_are_refused(tmp_path, monkeypatch):
    """A file that vanished, a folder, a file larger than the limit, one that grows while read."""
    with pytest.raises(SourceError, match="does not exist"):
        read(tmp_path / "gone.py", tmp_path)
    with pytest.raises(SourceError, match="is a folder"):
        read(tmp_path, tmp_path)
    with pytest.raises(SourceError, match="not a possible path"):
        read("nul\0.py", tmp_path)
    monkeypatch.setattr(sources, "MAX_BYTES", 2_000_000)
    path = tmp_path / "big.py"
    path.write_bytes(b"#" * 2_000_000)
    assert len(read(path, tmp_path).raw) == 2_000_000
    path.write_bytes(b"#" * 2_000_001)
    with pytest.raises(SourceError, match="larger than 2 MB"):
        read(path, tmp_path)
    # /proc files say that they are empty and are not
    assert files.read_bytes("/proc/self/status").startswith(b"Name:")


def test_a_read_that_comes_in_pieces_is_whole(tmp_path, monkeypatch):
    """A network file system may return less than was asked for."""
    path = tmp_path / "a.py"
    path.write_bytes(b"x = 12345\n")
    real = os.read
    monkeypatch.setattr(os, "read", lambda descriptor, size: real(descriptor, min(size, 3)))
    assert files.read_bytes(path) == b"x = 12345\n"


def test_permission_denied_on_reading_is_said(tmp_path, monkeypatch):
    """Simulated: root may open everything."""

    def refuse(*arguments, **options):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(SourceError, match="cannot be read: permission denied"):
        files.read_bytes(tmp_path / "a.py")


@pytest.mark.parametrize(
    ("raw", "text", "reason"),
    [
        (
            b"# coding: latin-1\n",
            "# coding: latin-1\nx = '\u20ac'\n",
            r"U\+20AC EURO SIGN \(line 2",
        ),
        (b"x\n", "'\ud800'\n", r"U\+D800 \(line 1"),
        (b"# coding: latin-1\n'\xe9'\n", "'é'\n", r"makes its encoding utf-8|not utf-8"),
        (
            b"# coding: latin-1\n'\xe9'\n",
            "import a\nimport b\n# coding: latin-1\n'é'\n",
            "not utf-8",
        ),
        (b"x\n", "# coding: latin-1\n", r"makes its encoding iso-8859-1 instead of utf-8"),
        (b"x\n", "\ufeffx\n", r"makes its encoding utf-8-sig"),
        (b"x\n", "x\0\n", r"NUL"),
    ],
)
def test_text_that_would_not_be_read_back_is_refused(tmp_path, raw, text, reason):
    """A lost coding line or an unencodable character is found before anything is written."""
    path = tmp_path / "a.py"
    path.write_bytes(raw)
    source = read(path, tmp_path)
    with pytest.raises(SourceError, match=reason):
        source.encode(text)
    with pytest.raises(SourceError, match=reason):
        files.replace(source, text)
    assert path.read_bytes() == raw
    assert os.listdir(tmp_path) == ["a.py"]


HEADS = st.sampled_from(
    [b"", b"\xef\xbb\xbf", b"# coding: latin-1\n", b"#!x\n# coding: cp1252\n", b"# coding: gbk\r\n",
     b"# coding: iso2022_jp\n", b"# coding: shift_jis\r"]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    HEADS,
    st.one_of(
        st.binary(max_size=60), st.text(max_size=40).map(lambda t: t.encode("utf-8", "replace"))
    ),
)
def test_encode_is_the_inverse_of_decode(head, body):
    """For any bytes: refused, or encode(text) gives the very bytes back."""
    try:
        source = files.Source.of("/r/a.py", "/r", head + body)
    except SourceError:
        return
    assert source.encode(source.text) == head + body


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([b"x\n", b"\xef\xbb\xbfx\n"]), st.text(max_size=60))
def test_decode_is_the_inverse_of_encode(raw, text):
    """For any new text: refused, or reading its bytes gives the very text."""
    source = files.Source.of("/r/a.py", "/r", raw)
    try:
        data = source.encode(text)
    except SourceError:
        assume(False)
    assert files.Source.of("/r/a.py", "/r", data).text == text


def test_values_are_frozen_comparable_and_picklable(tmp_path):
    """A Source crosses process borders; an error does too, with its path and reason."""
    (tmp_path / "a.py").write_bytes(b"x\n")
    source = read(tmp_path / "a.py", tmp_path)
    assert pickle.loads(pickle.dumps(source)) == source
    assert hash(pickle.loads(pickle.dumps(source))) == hash(source)
    with pytest.raises(AttributeError, match="frozen"):
        source.text = "y"
    with pytest.raises(AttributeError, match="frozen"):
        del source.text
    found = discover([tmp_path, tmp_path / "no.py"])
    assert pickle.loads(pickle.dumps(found)) == found
    assert "a.py" in repr(found)
    assert hash(found) == hash(discover([tmp_path]))
    error = pickle.loads(pickle.dumps(SourceError("a\n.py", "is odd")))
    assert (str(error), error.reason) == ("a\\n.py: is odd", "is odd")


SAVING = """
tf.train.Saver()
from tensorflow.python.training import saver as tf_saver
model.saver.save(sess, path)
def keep(keeper, session): keeper.save(session, path)
keeper.save(self.sess, path)
keeper.restore(s, path)
tf.saved_model.simple_save(s, d, i, o)
from tensorflow import saved_model as sm
builder = tf.saved_model.builder.SavedModelBuilder(d)
tf.saved_model.Builder(d)
b.add_meta_graph_and_variables(s, t)
b.add_meta_graph(t)
tf.train.import_meta_graph(p)
tf.train.export_meta_graph(p)
signature_def_utils.build_signature_def(i, o, m)
predict_signature_def(i, o)
meta_graph_pb2.SignatureDef()
tf.saved_model.utils.build_tensor_info(x)
meta_graph_pb2.TensorInfo()
from x import tag_constants as t
signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY
tf.train.latest_checkpoint(d)
tf.train.get_checkpoint_state(d)
checkpoint.model_checkpoint_path
tf.train.checkpoint_exists(p)
tf.train.update_checkpoint_state(d, p)
tf.train.NewCheckpointReader(p)
tf.train.load_checkpoint(p)
tf.train.load_variable(p, n)
tf.train.list_variables(p)
tf.contrib.framework.load_variable(p, n)
tf.train.init_from_checkpoint(p, m)
slim.assign_from_checkpoint_fn(p, v)
loader.load(s, t, d)
tf.saved_model.loader.load(s, t, d)
tf.saved_model.load(s, t, d)
graph_util.convert_variables_to_constants(s, g, n)
from tensorflow.python.tools import freeze_graph
tf.import_graph_def(g)
g = tf.GraphDef()
tf.train.write_graph(g, d, n)
from tensorflow.tools.graph_transforms import TransformGraph
from tensorflow.python.tools import optimize_for_inference_lib
from tensorflow.python.tools import strip_unused_lib
tf.train.MonitoredTrainingSession()
tf.train.MonitoredSession()
tf.train.SingularMonitoredSession()
tf.train.ChiefSessionCreator()
tf.train.SessionManager()
tf.train.Supervisor()
tf.train.Scaffold()
tf.train.CheckpointSaverHook(d)
slim.learning.train(op, d)
slim . learning . train(op, d)
from tensorflow.contrib.slim import learning
from tensorflow.contrib.slim.python.slim import (evaluation, learning)
import tensorflow.contrib.slim as s; s.learning.train(op, d)
slim.evaluation.evaluate_once(m, c, l)
tf.contrib.training.train(op, d)
from tensorflow.contrib import layers, training
predictor.from_saved_model(d)
from tensorflow.contrib import predictor
tf.contrib.predictor.from_estimator(e, f)
from tensorflow.contrib.session_bundle import exporter
estimator.export_savedmodel(d, f)
e.export_savedmodel(d, f)
e.export_saved_model(d, f)
tf.estimator.EstimatorSpec(mode, export_outputs=o)
tf.contrib.learn.Estimator(f)
tf.contrib.eager.Saver(v)
hub.create_module_spec(f)
np.savez(p, **sess.run(weights))
np.savez_compressed(p, w=w.eval())
np.save(p, s.run(w))
np.save(p, w.eval())
s.run(w.assign(np.load(p)["w"]))
hub.Module(u)
import tensorflow_hub as anything
hub.add_signature(inputs=i, outputs=o)
hub.load_module_spec(p)
K.set_session(sess)
sess = K.get_session()
tf.keras.backend.get_session()
from keras.backend.tensorflow_backend import set_session
tf.estimator.DNNClassifier(h, c)
from tensorflow.python.estimator.canned import dnn
tf.contrib.tpu.TPUEstimator(f)
tf.contrib.tpu.RunConfig(c)
"""


@pytest.mark.parametrize("line", SAVING.strip().splitlines())
def test_every_saving_api_passes_the_prefilter(line):
    """No spelling is missed: a false negative would be saving code without an outcome."""
    assert files.may_hold_saving_code(line.encode())
    assert files.may_hold_saving_code(b"\r\n" * 50 + line.encode("latin-1") + b"\r\n")
    assert files.may_hold_saving_code(b"\xef\xbb\xbf" + line.encode())


def spellings() -> Iterator[str]:
    """Yield every public spelling of TensorFlow 1.15.5, as the symbol tables have them."""
    for table in ("symbols", "aliases"):
        section = ""
        for line in (DATA / f"{table}.txt").read_text().splitlines():
            if line.startswith("["):
                section = line.strip("[]")
            elif line and not line.startswith("#"):
                name = line.split()[1 if table == "symbols" else 0]
                yield ".".join(filter(None, ["tensorflow", section, name]))


def test_every_spelling_of_every_target_passes_the_prefilter():
    """All that TensorFlow 1.15.5 calls the APIs of the project, by its own tables."""
    targets = [
        name
        for name in spellings()
        if apis.family(canonical(name)) or apis.bridged_estimator(canonical(name))
    ]
    assert len(targets) > 150
    targets += [name for names in apis.FAMILIES.values() for name in names]
    targets += apis.ESTIMATORS
    # what saves or loads any array is ours only with a session's values or an assignment
    targets = [name for name in targets if name not in apis.FAMILIES["arrays"]]
    # `tf.hub` is how the project calls the package that a file imports
    targets = [re.sub(r"^tf\.hub\.", "tensorflow_hub.", name) for name in targets]
    assert [name for name in targets if not files.may_hold_saving_code(name.encode())] == []


def test_spellings_over_several_lines_pass_the_prefilter():
    """Calls and imports are often broken after the parenthesis."""
    assert files.may_hold_saving_code(b"keeper.save(\n    self.sess,\n    path)\n")
    broken = (
        b"from tensorflow.contrib.slim.python.slim import (\n    evaluation,\n    learning,\n)\n"
    )
    assert files.may_hold_saving_code(broken)
    assert files.may_hold_saving_code(b"(tf.train\n .latest_checkpoint(d))")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "import tensorflow as tf\nx = tf.constant(1)\n",
        "import tensorflow as tf\nwith tf.Session() as sess:\n    sess.run(tf.constant(1))\n",
        "plt.savefig('x.png'); image.save(path); np.save(path, x)\n",
        "from tensorflow.contrib import layers\nlearning_rate = 0.1  # for training\n",
        "slim = tf.contrib.slim\nslim.conv2d(x, 3)\nlearning_rate = 1\n",
        "import inspect\ninspect.signature(f)\n",
        "model.load_weights(p); model.fit(x)\n",
    ],
)
def test_code_without_saving_does_not_pass_the_prefilter(text):
    """What nobody needs parsed is not parsed: the hook's time depends on it."""
    assert not files.may_hold_saving_code(text.encode())
