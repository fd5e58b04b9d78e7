"""What is in AFTER, and what is not, however a conversion ends."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from migrator.checker import CannotOpen
from migrator.convert import CannotConvert, Conversion, convert, steps
from migrator.results import ModelCheck, Verdict

MADE = {
    "status": "ok",
    "signatures": {"serving_default": {"inputs": {"x": "x:0"}, "outputs": {"y": "y:0"}}},
    "variables": ["w", "step"],
    "trainable_variables": ["w"],
    "regularization_losses": 0,
    "call": "serving_default",
    "assets": [],
    "tags": ["serve"],
    "source_tags": ["serve"],
    "said": ["guessed"],
}

#: Stands for an interpreter that converts: is told in a file what to answer.
MAKER = """#!{python}
import json, os, sys, time
request = json.load(open(sys.argv[2]))
told = json.load(open({told!r}))
open({noted!r}, "w").write(json.dumps(dict(request, pid=os.getpid())))
open(os.path.join(request["out"], "phase"), "w").write(told.get("phase", "open"))
if told.get("target", True):
    os.makedirs(os.path.join(request["target"], "variables"))
    open(os.path.join(request["target"], "saved_model.pb"), "w").write("made")
sys.stderr.write(told.get("stderr", ""))
time.sleep(told.get("sleep", 0))
if "answer" in told:
    json.dump(told["answer"], open(os.path.join(request["out"], "result.json"), "w"))
sys.exit(told.get("exit", 0))
"""


class Scene:
    """A model, a place for the result, and fakes of what takes TensorFlow."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "scene"
        self.before = self.folder / "old"
        self.before.mkdir(parents=True)
        (self.before / "saved_model.pb").write_bytes(b"\x08\x01")
        self.after = self.folder / "new"
        self.python = folder / "python"
        self.told, self.noted = folder / "told.json", folder / "noted.json"
        self.python.write_text(
            MAKER.format(python=sys.executable, told=str(self.told), noted=str(self.noted))
        )
        self.python.chmod(0o755)
        self.verdict = Verdict.MATCH
        self.checked: dict[str, Any] = {}
        self.during: Any = lambda: None
        self.tell()

    def tell(self, **told: Any) -> None:
        """Say what the maker does."""
        self.told.write_text(json.dumps({"answer": MADE, **told}))

    def check(self, before: str, after: str, **arguments: Any) -> ModelCheck:
        """Stand for the check."""
        self.checked = dict(arguments, before=before, after=after)
        self.during()
        assert (Path(after) / "saved_model.pb").read_text() == "made"
        return ModelCheck(before, after, verdict=self.verdict)

    def convert(self, **arguments: Any) -> Conversion:
        """Convert the model."""
        return convert(
            self.before, arguments.pop("after", self.after), python=str(self.python), **arguments
        )

    @property
    def asked(self) -> dict[str, Any]:
        """The request that the maker got."""
        return dict(json.loads(self.noted.read_text()))

    @property
    def left(self) -> list[str]:
        """What is in the folder besides the model, hidden files too."""
        return sorted(os.listdir(self.folder))


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A scene whose check is its own."""
    found = Scene(tmp_path)
    monkeypatch.setattr(steps, "check", found.check)
    return found


def test_a_match_is_put_in_place(scene):
    """And nothing else is left; the check was of what was made, and names what the user named."""
    found = scene.convert()
    assert found.match
    assert scene.left == ["new", "old"]
    assert sorted(os.listdir(scene.after)) == ["saved_model.pb", "variables"]
    assert (found.check.before, found.check.after) == (str(scene.before), str(scene.after))
    assert (found.variables, found.trainable_variables) == (("w", "step"), ("w",))
    assert scene.checked["before"] == str(scene.before)
    assert scene.checked["after"] != str(scene.after)
    assert scene.checked["tags"] == ["serve"]


@pytest.mark.parametrize("verdict", [Verdict.MISMATCH, Verdict.ERROR])
def test_anything_but_a_match_leaves_nothing(scene, verdict):
    """Also not the folders above AFTER that were made for it."""
    scene.verdict = verdict
    found = scene.convert(after=scene.folder / "a" / "b" / "new")
    assert not found.match
    assert scene.left == ["old"]


def test_folders_above_are_made(scene):
    """As ``tf.saved_model.save`` makes them."""
    assert scene.convert(after=scene.folder / "a" / "b" / "new").match
    assert sorted(os.listdir(scene.folder / "a" / "b")) == ["new"]
    assert sorted(os.listdir(scene.folder / "a" / "b" / "new")) == ["saved_model.pb", "variables"]


def test_what_is_asked_for_reaches_the_maker(scene):
    """In one request, with absolute paths."""
    signature = {"inputs": {"x": "x:0"}, "outputs": {"z": "z:0"}}
    library = scene.folder / "ops.so"
    library.write_text("")
    found = scene.convert(
        tags=["serve"], signatures={"k": signature}, op_libraries=[library], timeout=9
    )
    asked = scene.asked
    assert asked["kind"] == "savedmodel"
    assert asked["path"] == str(scene.before)
    assert (asked["tags"], asked["signatures"]) == (["serve"], {"k": signature})
    assert asked["op_libraries"] == [str(library)]
    assert asked["seconds"] == 9
    assert scene.checked["op_libraries"] == [str(library)]
    assert any(str(library) in delta.before for delta in found.check.contract)
    assert scene.checked["before_python"] == scene.checked["after_python"] == str(scene.python)


def test_a_hub_module_is_one(scene):
    """By the file that makes it one."""
    (scene.before / "tfhub_module.pb").write_bytes(b"\x08\x03")
    assert scene.convert().kind == "TensorFlow 1 Hub module"
    assert scene.asked["kind"] == "hub"


def test_the_check_is_of_the_stand_in(scene):
    """Where the maker wrote one for further signatures; the user reads of the source."""
    scene.tell(answer={**MADE, "stand_in": "/stand/in"})
    found = scene.convert()
    assert scene.checked["before"] == "/stand/in"
    assert found.check.before == str(scene.before)


def test_an_empty_folder_is_filled(scene):
    """It stays the folder that it is, which may be a mount point or a link to one."""
    real = scene.folder / "real"
    real.mkdir()
    scene.after.symlink_to(real, target_is_directory=True)
    number = real.stat().st_ino
    assert scene.convert().match
    assert scene.after.is_symlink()
    assert real.stat().st_ino == number
    assert sorted(os.listdir(real)) == ["saved_model.pb", "variables"]
    assert scene.left == ["new", "old", "real"]


@pytest.mark.parametrize("kind", ["full", "file", "dangling"])
def test_what_is_there_is_never_touched(scene, kind):
    """A non-empty folder, a file and a link that leads nowhere are refused before any work."""
    if kind == "full":
        scene.after.mkdir()
        (scene.after / "mine").write_text("mine")
    elif kind == "file":
        scene.after.write_text("mine")
    else:
        scene.after.symlink_to(scene.folder / "nowhere")
    with pytest.raises(ValueError, match="name a new or an empty folder"):
        scene.convert()
    assert scene.left == ["new", "old"]
    assert not scene.noted.exists()


def test_what_came_meanwhile_is_never_touched(scene):
    """Somebody else writes to the same place while the check runs."""

    def come() -> None:
        scene.after.mkdir()
        (scene.after / "mine").write_text("mine")

    scene.during = come
    with pytest.raises(ValueError, match="is not empty"):
        scene.convert()
    assert scene.left == ["new", "old"]
    assert os.listdir(scene.after) == ["mine"]


def test_a_place_that_cannot_be_written(scene):
    """A file is where a folder would have to be."""
    (scene.folder / "file").write_text("")
    with pytest.raises(ValueError, match="cannot be written"):
        scene.convert(after=scene.folder / "file" / "new")
    assert scene.left == ["file", "old"]


@pytest.mark.parametrize(
    ("told", "kind", "words"),
    [
        (
            {
                "status": "cannot_carry",
                "error": "node 'a/b' (PyFunc) calls Python",
                "node": "a/b",
                "advice": "Give what it returns",
            },
            CannotConvert,
            "old is not converted: node 'a/b' (PyFunc) calls Python. Give what it returns.",
        ),
        (
            {"status": "cannot_open", "error": "it is damaged", "advice": "write it again"},
            CannotOpen,
            "old cannot be opened: it is damaged; write it again.",
        ),
        ({"status": "bad_input", "error": "it has no tensor 'z:0'"}, ValueError, "no tensor 'z:0'"),
        ({"status": "out_of_memory", "error": "OOM"}, CannotConvert, "memory limit: OOM."),
        ({"status": "no_tensorflow", "error": "No module"}, CannotOpen, "no working TensorFlow 2"),
        ({"status": "what"}, CannotConvert, "gave an answer that cannot be read"),
    ],
    ids=lambda value: value.get("status") if isinstance(value, dict) else "",
)
def test_why_nothing_was_made(scene, told, kind, words):
    """Each reason has an exception of its own, which names the model; nothing is left."""
    scene.tell(answer=told)
    with pytest.raises(kind) as caught:
        scene.convert()
    assert words in str(caught.value)
    if told["status"] == "cannot_carry":
        assert caught.value.node == "a/b"
    assert scene.left == ["old"]
    assert scene.checked == {}


@pytest.mark.parametrize(
    ("told", "kind", "words"),
    [
        ({"exit": 3, "stderr": "no memory\n"}, CannotConvert, "exit status 3: no memory"),
        ({"sleep": 60}, CannotConvert, "did not finish within 1 s"),
        (
            {"exit": 1, "phase": "", "stderr": f"OSError: {os.strerror(errno.ENOSPC)}\n"},
            CannotConvert,
            "no room left on the disk of AFTER",
        ),
        ({"exit": 1, "phase": "", "stderr": "SyntaxError\n"}, CannotOpen, "SyntaxError"),
    ],
    ids=["dies", "hangs", "finds no room", "is none"],
)
def test_a_maker_that_does_not_answer(scene, told, kind, words):
    """Its last words are told; where it did not come as far as TensorFlow, it is no good."""
    told = {"answer": None, **told}
    scene.told.write_text(json.dumps({k: v for k, v in told.items() if v is not None}))
    with pytest.raises(kind) as caught:
        scene.convert(timeout=1)
    assert words in str(caught.value)
    assert scene.left == ["old"]


def alive(pid: int) -> bool:
    """Return whether a process runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interruption_while_it_is_made(scene, number):
    """Neither a process nor a file is left."""
    scene.tell(sleep=60)

    def interrupt() -> None:
        while not scene.noted.exists() or not scene.noted.read_text():
            time.sleep(0.01)
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        scene.convert(after=scene.folder / "a" / "new")
    thread.join()
    assert scene.left == ["old"]
    assert not alive(scene.asked["pid"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_while_it_is_checked(scene, number):
    """What was made is not kept."""
    scene.during = lambda: signal.raise_signal(number)
    with pytest.raises(KeyboardInterrupt):
        scene.convert()
    assert scene.left == ["old"]


def test_what_was_made_and_does_not_open(scene, monkeypatch):
    """It is ours, so the source is not blamed, and the user does not read where it was."""

    def check(before, after, **arguments):
        raise CannotOpen(f"The after side {after} cannot be opened: it is damaged.")

    monkeypatch.setattr(steps, "check", check)
    with pytest.raises(CannotConvert) as caught:
        scene.convert()
    assert f"after side {scene.after} cannot" in str(caught.value)
    assert scene.left == ["old"]


def test_a_source_that_the_check_does_not_open(scene, monkeypatch):
    """As where the interpreter of the before side has no TensorFlow."""

    def check(before, after, **arguments):
        raise CannotOpen(f"The before side {before} cannot be opened.")

    monkeypatch.setattr(steps, "check", check)
    with pytest.raises(CannotOpen, match="before side"):
        scene.convert()
    assert scene.left == ["old"]


def index(prefix: Path) -> Path:
    """Write what looks like a checkpoint."""
    Path(f"{prefix}.index").write_bytes(b"")
    Path(f"{prefix}.data-00000-of-00001").write_bytes(b"")
    return prefix


def test_what_does_not_fit_the_kind(scene):
    """Tensors are named in graphs, tags are those of SavedModels; each is said."""
    scene.before = index(scene.folder / "ckpt")
    with pytest.raises(ValueError, match=r"without a \.meta file.*--to object-based"):
        scene.convert()
    Path(f"{scene.before}.meta").write_bytes(b"meta")
    with pytest.raises(ValueError, match="has no tags"):
        scene.convert(tags=["serve"])
    scene.before = scene.folder / "model.h5"
    scene.before.write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(ValueError, match="names its inputs and outputs itself"):
        scene.convert(inputs={"x": "x:0"})
    with pytest.raises(ValueError, match="names its inputs and outputs itself"):
        scene.convert(outputs={"y": "y:0"})
    with pytest.raises(ValueError, match="no tensor names"):
        scene.convert(signatures={"k": {"inputs": {}, "outputs": {"y": "y:0"}}})
    assert not scene.noted.exists()


def test_who_converts_has_to_be_there(scene):
    """And so do the op libraries; one is for one interpreter."""
    with pytest.raises(CannotOpen, match="give --python"):
        convert(scene.before, scene.after, python=str(scene.folder / "none"))
    with pytest.raises(CannotOpen, match="--before-python"):
        scene.convert(before_python=str(scene.folder / "none"))
    with pytest.raises(ValueError, match="does not exist"):
        scene.convert(op_libraries=[scene.folder / "ops.so"])
    (scene.folder / "ops.so").write_text("")
    with pytest.raises(ValueError, match="built for one TensorFlow"):
        scene.convert(op_libraries=[scene.folder / "ops.so"], before_python=sys.executable)
    with pytest.raises(CannotOpen, match="does not exist"):
        convert(scene.folder / "none", scene.after)
    assert not scene.noted.exists()
