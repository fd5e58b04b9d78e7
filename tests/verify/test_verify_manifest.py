"""Manifests: what they may say, and what a slip of the pen is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.verify import Manifest, ManifestError, load_manifest
from migrator.verify.first import toml_text
from migrator.verify.manifest import Command, Tree

GOOD = """\
format = 1
before = "git:v1.0"
after = "migrate:src"
before_python = ".tf1/bin/python"
link = ["data"]
exclude = ["*.log"]

[[entry]]
name = "train"
command = "python train.py --name 'a b'"
env = { SEED = "1" }

[[entry]]
name = "export"
needs = ["train"]
timeout = 30
before = { command = ["python", "-u", "export.py"], cwd = "tools" }
after = { command = ["sh", "run.sh"], env = { X = "2" } }
[[entry.models]]
before = "out/1"
after = "out/2"
inputs = ["x.npz"]
tags = ["serve"]
atol = 1e-3
tolerance = { y = [1e-3, 0], z = 0.5 }
range = { x = [0, 255] }
choices = { w = ["a"] }
feed = { x = "x:0" }
fetch = { y = "y:0" }
seed = 3
rename = { a = "b" }
trust = true

[[entry]]
name = "stored"
after = { command = ["python", "-m", "pack.run"] }
models = [{ stored = "old/1", after = "./out//1" }]
"""


def load(tmp_path: Path, text: str) -> Manifest:
    """Return what a manifest with ``text`` holds."""
    path = tmp_path / "verify.toml"
    path.write_text(text)
    return load_manifest(path)


def test_everything_that_a_manifest_may_say(tmp_path):
    """Every key ends in the value that the verification reads."""
    manifest = load(tmp_path, GOOD)
    assert manifest.before == Tree("git", revision="v1.0")
    assert manifest.after == Tree("migrate", "src")
    assert (manifest.link, manifest.exclude) == (("data",), ("*.log",))
    train, export, stored = manifest.entries
    assert train.before == train.after
    assert train.after == Command(("python", "train.py", "--name", "a b"), ".", (("SEED", "1"),))
    assert train.models is None and train.timeout == 600
    assert export.before is not None and export.before.script == "tools/export.py"
    assert export.after.script is None and export.after.env == (("X", "2"),)
    (pair,) = export.models or ()
    assert (pair.before, pair.after, pair.stored) == ("out/1", "out/2", None)
    assert dict(pair.options) == {
        "inputs": ("x.npz",),
        "tags": ("serve",),
        "atol": 1e-3,
        "tolerances": {"y": (1e-3, 0), "z": (0.5, 0.5)},
        "ranges": {"x": (0, 255)},
        "choices": {"w": ["a"]},
        "feeds": {"x": "x:0"},
        "fetches": {"y": "y:0"},
        "seed": 3,
        "names": {"a": "b"},
        "trust": True,
    }
    assert stored.before is None and stored.after.script == "pack/run.py"
    assert (stored.models or ())[0].after == "out/1"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("format = 1\n", "", "format is missing"),
        ("format = 1\n", "format = 2\n", "format = 2 is not known"),
        ('after = "migrate:src"\n', "", "after is missing"),
        ('after = "migrate:src"', 'after = "migrate:src"\ntier = "navite"', "none of auto, native"),
        ('after = "migrate:src"', 'after = "src"\ntier = "native"', "after is another kind"),
        ('before = "git:v1.0"\n', "", "before is missing"),
        ("git:v1.0", "git:", "names no revision"),
        ("git:v1.0", "migrate:.", "would migrate what is compared with"),
        ("exclude =", "exclued =", "unknown key exclued; did you mean exclude?"),
        ("timeout = 30", "timeuot = 30", "unknown key entry[1].timeuot; did you mean timeout?"),
        ("seed = 3", "sead = 3", "unknown key entry[1].models[0].sead; did you mean seed?"),
        (', cwd = "tools"', ', cdw = "tools"', "unknown key entry[1].before.cdw"),
        ("timeout = 30", 'timeout = "30"', "entry[1].timeout has to be a number, not a string"),
        ("timeout = 30", "timeout = 0", "more than 0"),
        ("timeout = 30", "timeout = true", "not a boolean"),
        ('needs = ["train"]', 'needs = ["trian"]', "did you mean train?"),
        ('needs = ["train"]', 'needs = ["export"]', "need one another"),
        ('needs = ["train"]', 'needs = ["stored"]', "has no before command"),
        ('name = "export"', 'name = "train"', "two entries have the name 'train'"),
        ('name = "export"\n', "", "entry[1].name is missing"),
        ("'a b'", "'a b", "no closing quotation"),
        ('cwd = "tools"', 'cwd = "../tools"', "inside of the copy"),
        ('before = "out/1"', 'before = "/tmp/1"', "inside of the copy"),
        ('stored = "old/1", ', "", "needs stored"),
        ('models = [{ stored = "old/1", after = "./out//1" }]', "", "stored"),
        ("range = { x = [0, 255] }", "range = { x = 255 }", "range.x has to be [lowest, highest]"),
        ('choices = { w = ["a"] }', "choices = { w = [] }", "choices.w"),
        ("[[entry]]", "[[entry]", "is not TOML"),
        ('["sh", "run.sh"]', "[]", "not empty"),
    ],
)
def test_what_is_wrong_is_named_with_its_key(tmp_path, old, new, sentence):
    """The message names the file and the key, and the nearest right word for a wrong one."""
    assert old in GOOD
    with pytest.raises(ManifestError) as caught:
        load(tmp_path, GOOD.replace(old, new))
    assert sentence in str(caught.value)
    assert "verify.toml" in str(caught.value)


def test_a_manifest_without_entries_is_refused(tmp_path):
    """There is nothing that a verdict could be about."""
    with pytest.raises(ManifestError, match="nothing to run"):
        load(tmp_path, 'format = 1\nbefore = "."\nafter = "migrate:."\n')


def test_missing_and_binary_files(tmp_path):
    """A manifest that cannot be read is one sentence, not a traceback."""
    with pytest.raises(ManifestError, match="cannot be read"):
        load_manifest(tmp_path / "none.toml")
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ManifestError, match="UTF-8"):
        load_manifest(tmp_path / "x.toml")


def test_what_is_written_as_toml_reads_back(tmp_path):
    """Strings with quotes, control characters and characters beyond the first plane survive."""
    strange = 'a"b\\c\n\t\x07\x7f é 𝄞'
    text = toml_text(
        {
            "format": 1,
            "after": "x",
            "entry": [
                {
                    "name": "e",
                    "after": {"command": ["python", strange], "env": {"A B": strange}},
                    "models": [{"stored": "s", "after": "a", "atol": 1e-05, "trust": False}],
                },
                {"name": "f", "after": {"command": ["x"]}, "models": []},
            ],
        }
    )
    manifest = load(tmp_path, text)
    assert manifest.entries[0].after.words[1] == strange
    assert manifest.entries[0].after.env == (("A B", strange),)
    assert dict((manifest.entries[0].models or ())[0].options) == {"atol": 1e-5, "trust": False}
    assert manifest.entries[1].models == ()
