"""The manifest that ``migrate --manifest`` writes, and what ties a model to the code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from migrator import cli, migration
from migrator.results import Place, Verdict
from migrator.verify import evidence, load_manifest, verify
from migrator.verify.models import CHECKPOINT, SAVED_MODEL

#: A legacy program that runs without TensorFlow, by a module of that name beside it.
TRAIN = """\
import os
import tensorflow as tf

FOLDER = os.path.join("out", "model")

x = tf.placeholder(tf.float32, [None, 2], name="x")
w = tf.Variable(tf.zeros([2, 1]), name="w")
best = tf.train.Saver(max_to_keep=1)
last = tf.train.Saver()
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    best.save(sess, "best/ckpt")
    last.save(sess, os.path.join(FOLDER, "ckpt"), global_step=3)
"""
EXPORT = """\
import argparse
import tensorflow as tf

FOLDER = "out/" + "model"

x = tf.placeholder(tf.float32, [None, 2], name="x")
w = tf.Variable(tf.zeros([2, 1]), name="w")
y = tf.matmul(x, w)
saver = tf.train.Saver()
with tf.Session() as sess:
    saver.restore(sess, tf.train.latest_checkpoint(FOLDER))
    tf.saved_model.simple_save(sess, "export/a", {"x": x}, {"y": y})
    tf.saved_model.simple_save(sess, "export/b", {"x": x}, {"y": y})
"""
READ = """\
import tensorflow as tf

w = tf.Variable(tf.zeros([2, 1]), name="w")
saver = tf.train.Saver()
with tf.Session() as sess:
    saver.restore(sess, tf.train.latest_checkpoint("out/model"))
"""
LIBRARY = """\
import tensorflow as tf


class Model:
    def __init__(self):
        self.saver = tf.train.Saver()

    def save(self, sess):
        self.saver.save(sess, "lib/ckpt")
"""
MAIN = "from model import Model\n\nif __name__ == '__main__':\n    Model().save(None)\n"


@pytest.fixture
def legacy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A legacy repository of five scripts, in git, as the working directory."""
    root = tmp_path / "legacy"
    for name, text in {
        "train.py": TRAIN,
        "export.py": EXPORT,
        "read.py": READ,
        "lib/model.py": LIBRARY,
        "lib/main.py": MAIN,
        "plain.py": "print('nothing')\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.chdir(root)
    git(root, "init", "-q", ".")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "legacy")
    return root


def git(root: Path, *words: str) -> str:
    """Return what a git command prints."""
    return subprocess.run(
        ["git", "-c", "user.name=n", "-c", "user.email=e@example.org", *words],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_a_first_manifest_before_anything_is_written(legacy, capsys):
    """An entry per script, with the needs and the missing models that the code itself shows."""
    assert cli.main(["migrate", ".", "--manifest", "verify.toml", "-qq"]) == 1
    assert "migrator verify verify.toml" in capsys.readouterr().err
    manifest = load_manifest("verify.toml")
    assert manifest.before is not None and manifest.before.kind == "folder"
    assert manifest.after.kind == "migrate"
    entries = {entry.name: entry for entry in manifest.entries}
    assert set(entries) == {"train", "export", "read", "lib_main"}
    assert entries["train"].after.words == ("python", "train.py")
    assert entries["train"].needs == () and entries["train"].models is None
    assert entries["export"].needs == ("train",) and entries["export"].models is None
    assert entries["read"].needs == ("train",) and entries["read"].models == ()
    assert entries["lib_main"].after.script == "lib/main.py"
    assert "# command: its arguments" in Path("verify.toml").read_text()
    assert git(legacy, "status", "--porcelain") == "?? verify.toml\n"


def test_a_manifest_that_somebody_changed_is_kept(legacy, capsys):
    """Its own unchanged output is overwritten; an edited one is left, with exit status 2."""
    words = ["migrate", ".", "--tier", "session", "--manifest", "verify.toml", "-qq"]
    assert cli.main(words) == 1
    first = Path("verify.toml").read_text()
    assert cli.main(words) == 1
    assert Path("verify.toml").read_text() == first
    Path("verify.toml").write_text(first + "# mine\n")
    capsys.readouterr()
    assert cli.main([*words, "--write"]) == 2
    assert "exists and was changed" in capsys.readouterr().err
    assert Path("verify.toml").read_text() == first + "# mine\n"
    assert Path("train.py").read_text() == TRAIN  # nothing is written either


def test_a_clean_repository_is_remembered_by_its_commit(legacy):
    """With --write the side before is the commit, and the migration's report is beside it."""
    assert cli.main(["migrate", ".", "--write", "--manifest", "verify.toml", "-qq"]) in (0, 1)
    manifest = load_manifest("verify.toml")
    assert manifest.before is not None
    assert manifest.before.revision == git(legacy, "rev-parse", "HEAD").strip()
    assert manifest.after.kind == "folder" and manifest.report == "verify.json"
    report = json.loads(Path("verify.json").read_text())
    assert report["wrote"] is True and report["command"] == "migrate"
    assert "tf2_bridge" in Path("train.py").read_text()


@pytest.mark.parametrize("why", ["changed", "untracked", "no git"])
def test_originals_are_kept_where_git_has_them_not(legacy, why):
    """What a commit does not hold is kept beside the manifest, and a scan does not see it."""
    if why == "changed":
        (legacy / "train.py").write_text(TRAIN + "# changed\n")
    elif why == "untracked":
        git(legacy, "rm", "-q", "--cached", "train.py")
        git(legacy, "commit", "-q", "-m", "less")
    else:
        (legacy / ".git").rename(legacy.parent / "git-is-gone")
    before = {name: (legacy / name).read_bytes() for name in ("train.py", "lib/model.py")}
    assert cli.main(["migrate", ".", "--write", "--manifest", "verify.toml", "-qq"]) in (0, 1)
    manifest = load_manifest("verify.toml")
    assert manifest.before is not None and manifest.before.kind == "over"
    kept = legacy / manifest.before.originals
    assert {name: (kept / name).read_bytes() for name in before} == before
    assert set(manifest.before.created) == {"tf2_bridge.py", "lib/tf2_bridge.py"}
    again = migration.migrate(["."])
    assert not again.changes_something
    assert not [file for file in again.report.files if ".before" in file.path]


def test_nothing_to_verify_writes_no_manifest(tmp_path, monkeypatch, capsys):
    """Without a rewritten saving call there is no program to run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plain.py").write_text("print('nothing')\n")
    assert cli.main(["migrate", ".", "--manifest", "verify.toml"]) == 0
    assert "No manifest was written" in capsys.readouterr().err
    assert not (tmp_path / "verify.toml").exists()
    assert cli.main(["migrate", "-", "--manifest", "verify.toml"]) == 2


STAND_IN = '''\
"""As much of TensorFlow 1 and of compat.v1 as the programs of this test call."""

import os
import sys


class _Anything:
    def __getattr__(self, name):
        return self

    def __call__(self, *args, **kwargs):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *args):
        return False

    def __getitem__(self, key):
        return self


def _write(prefix):
    os.makedirs(os.path.dirname(prefix), exist_ok=True)
    for end in (".index", ".data-00000-of-00001"):
        open(prefix + end, "w").write("1")


class Saver(_Anything):
    def __init__(self, **options):
        pass

    def save(self, sess, save_path, global_step=None):
        _write(save_path if global_step is None else "%s-%d" % (save_path, global_step))


class _SavedModel(_Anything):
    def simple_save(self, sess, export_dir, *args):
        os.makedirs(export_dir)
        open(os.path.join(export_dir, "saved_model.pb"), "w").write("1")

    def save(self, module, export_dir, signatures=None):
        self.simple_save(None, export_dir)


class _Train(_Anything):
    Saver = Saver

    def latest_checkpoint(self, folder):
        assert os.path.isdir(folder), "no " + folder


train, saved_model = _Train(), _SavedModel()


def __getattr__(name):
    return _Anything()
'''
#: What stands for the vendored bridge, whose TensorFlow is not there.
BRIDGE = """\
import os
from tensorflow.compat.v1 import Saver


class session_module:
    def __init__(self, sess, export_dir, *args):
        self.export_dir = export_dir
        self.signatures = None

    def __enter__(self):
        return self

    def __exit__(self, *args):
        return False
"""


@pytest.mark.parametrize("written", [False, True])
def test_the_first_manifest_runs(legacy, fake_checker, monkeypatch, written):
    """It is valid, the programs run in order, and each model is tied to its rewrite."""
    stand_in = legacy / "tensorflow" / "__init__.py"
    (stand_in.parent / "compat" / "v1").mkdir(parents=True)
    stand_in.write_text(STAND_IN)
    (stand_in.parent / "compat" / "__init__.py").write_text("")
    (stand_in.parent / "compat" / "v1" / "__init__.py").write_text(STAND_IN)
    (legacy / "lib" / "tensorflow").symlink_to("../tensorflow")
    git(legacy, "add", ".")
    git(legacy, "commit", "-q", "-m", "stand-in")
    monkeypatch.setattr("migrator.vendor.bridge_text", lambda parts: BRIDGE)
    words = ["migrate", ".", "--tier", "session", "--manifest", "verify.toml", "-qq"]
    cli.main([*words, "--write"] if written else words)
    found = verify("verify.toml", before_python=sys.executable)
    checks = {check.name: check for check in found.report.checks}
    assert [(name, check.verdict, check.error) for name, check in sorted(checks.items())] == [
        (name, Verdict.MATCH, None)
        for name in (
            "export: export/a",
            "export: export/b",
            "lib_main: lib/ckpt",
            "train: best/ckpt",
            "train: out/model/ckpt-3",
        )
    ]
    assert found.status == 0
    places = {name: check.rewrites for name, check in checks.items()}
    assert places["train: best/ckpt"] == (Place("train.py", 8, "TFM201"),)
    assert places["train: out/model/ckpt-3"] == (Place("train.py", 9, "TFM201"),)
    assert places["export: export/a"] == (Place("export.py", 12, "TFM101"),)
    assert places["export: export/b"] == (Place("export.py", 13, "TFM101"),)
    assert places["lib_main: lib/ckpt"] == (Place("lib/model.py", 6, "TFM201"),)
    assert checks["train: best/ckpt"].covers == ("train.py", "tf2_bridge.py")
    assert checks["lib_main: lib/ckpt"].covers == ("lib/model.py", "lib/tf2_bridge.py")


BUILDERS = """\
import tensorflow as tf

sess = tf.Session()
x = tf.placeholder(tf.float32)
one = tf.saved_model.builder.SavedModelBuilder("one")
one.add_meta_graph_and_variables(sess, ["serve"], signature_def_map={
    "a": tf.saved_model.signature_def_utils.predict_signature_def({"x": x}, {"y": x})})
one.save()
two = tf.saved_model.builder.SavedModelBuilder(input())
two.add_meta_graph_and_variables(sess, ["serve"], signature_def_map={
    "a": tf.saved_model.signature_def_utils.predict_signature_def({"x": x}, {"y": x})})
two.save()
"""


@pytest.fixture
def builders(tmp_path: Path):
    """Return the rewrites that wrote a model of a program with two builders."""
    (tmp_path / "b.py").write_text(BUILDERS)
    report = migration.migrate([tmp_path]).report

    def rewrites(kind: str, path: str) -> set[tuple[int, str]]:
        def read(name: str) -> str | None:
            file = tmp_path / name
            return file.read_text() if file.exists() else None

        program = evidence.program_of(report, "b.py", read)
        found = evidence.rewrites(report, program, kind=kind, path=path, cwd=".", read=read)
        return {(place.line, place.code) for place in found}

    return rewrites


def test_a_path_in_the_code_narrows_the_rewrites(builders):
    """The builder with that path, its calls and the signatures; for another path, the other one."""
    one = {(5, "TFM102"), (6, "TFM103"), (8, "TFM104")}
    two = {(9, "TFM102"), (10, "TFM103"), (12, "TFM104")}
    signatures = {(7, "TFM301"), (11, "TFM301")}
    assert builders(SAVED_MODEL, "one") == one | signatures
    assert builders(SAVED_MODEL, "elsewhere") == two | signatures
    assert builders(CHECKPOINT, "one") == set()


@pytest.mark.parametrize(
    ("expression", "path"),
    [
        ('"a/b"', "a/b"),
        ('os.path.join("a", "b", NAME)', "a/b/n"),
        ('NAME + "-x"', "n-x"),
        ("os.path.join(FLAGS.dir, NAME)", None),
        ('"a/%d" % 3', None),
        ("TWICE", None),
        ("unknown", None),
        ("LOOP", None),
    ],
)
def test_only_what_is_sure_counts_as_a_path(tmp_path, expression, path):
    """Constants, joined and added; not what is assigned twice, passed in or formatted."""
    text = (
        "import os\nimport tensorflow as tf\n"
        'NAME = "n"\nTWICE = "a"\nTWICE = "b"\nLOOP = LOOP\n'
        "saver = tf.train.Saver()\n"
        f"saver.save(sess, {expression})\n"
    )
    (tmp_path / "s.py").write_text(text)
    report = migration.migrate([tmp_path]).report
    (access,) = evidence.accesses(text, report.files[0].findings)
    assert (access.path, access.writes, access.owner) == (path, True, "saver")
