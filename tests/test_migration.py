"""A run over a repository: each program moves whole or stays, and the report says which."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from migrator import engine, migration, vendor, writing
from migrator.migration import Migration, Options, migrate, migrate_text
from migrator.results import Outcome, Tier
from migrator.sources import may_hold_saving_code

TF = "import tensorflow as tf\n"
SAVES = TF + "saver = tf.train.Saver()\nwith tf.Session() as sess:\n    saver.save(sess, 'x')\n"
DEFINES = TF + "def net(x):\n    return tf.nn.relu(x)\n"
EAGER = TF + "tf.enable_eager_execution()\n"
NEWER = TF + "tf.optimizers.Adam()\n"
MOVED = "import tensorflow.compat.v1 as tf"
ONE = Options(jobs=1, tier="session")

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return a function that writes path -> text (or bytes) into a git repository."""

    def write(texts: dict[str, str | bytes]) -> Path:
        root = tmp_path / "repo"
        (root / ".git").mkdir(parents=True)
        (root / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
        for path, text in texts.items():
            place = root / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text if isinstance(text, bytes) else text.encode())
        return root

    return write


def changed(run: Migration) -> list[str]:
    """Return the paths that would be written, new ones included."""
    new = [path.relative_to(run.root).as_posix() for path, _ in run.created]
    return sorted([source.relative for source, _ in run.changes] + new)


def snapshot(root: Path) -> dict[str, bytes]:
    """Return path -> bytes of every file below ``root``."""
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def outcomes(run: Migration) -> dict[str, set[Outcome]]:
    """Return path -> the outcomes of its findings."""
    return {f.path: {finding.outcome for finding in f.findings} for f in run.report.files}


def message(run: Migration, path: str) -> str:
    """Return the messages of the findings of ``path``."""
    return " ".join(f.message for r in run.report.files if r.path == path for f in r.findings)


def failing(monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[[Any], Any]) -> None:
    """Let the engine ``act`` on the plan of the file ``name`` whenever it would change it."""
    real = engine.run

    def run(text: str, context: Any, rules: Any) -> Any:
        plan = real(text, context, rules)
        return act(plan) if context.path == name and plan.text is not None else plan

    monkeypatch.setattr(engine, "run", run)


def crash(plan: Any) -> Any:
    """Fail as a defect of ours would."""
    raise ZeroDivisionError("a defect")


def refuse(plan: Any) -> Any:
    """Answer as the engine does for a file that it cannot edit."""
    return replace(plan, text=None, findings=(), error="its imports cannot be changed: x")


# -- what moves -----------------------------------------------------------------------------


def test_a_program_moves_with_all_files_that_import_tensorflow(make: Make) -> None:
    """The saving file, a file above it, and a neutral one below it; not what is beside it."""
    root = make(
        {
            "train.py": "import model, data\n" + SAVES,
            "model.py": "from layers import net\n" + DEFINES,
            "layers.py": DEFINES,
            "data.py": "x = 1\n",
            "other.py": TF + "tf.Session()\n",
        }
    )
    run = migrate([root], ONE)
    assert changed(run) == ["layers.py", "model.py", "tf2_bridge.py", "train.py"]
    texts = {source.relative: text for source, text in run.changes}
    assert all(MOVED in text for text in texts.values())
    assert "disable_v2_behavior" in texts["train.py"]
    assert "disable_v2_behavior" not in texts["layers.py"]
    (program,) = run.report.programs
    assert program.files == ("layers.py", "model.py", "train.py")
    assert program.tier is Tier.SESSION
    assert program.held is None
    assert {f.path for f in run.report.files if f.created} == {"tf2_bridge.py"}


@pytest.mark.parametrize(
    "texts",
    [
        {},
        {"a.py": "x = 1\n"},
        {"a.py": TF + "tf.Session()\n"},
        {"a.py": DEFINES},
        {"a.py": "from framework import tf\ntf.train.Saver()\n"},
        {"a.py": "class Saver: pass\nSaver().save(1)\n"},
        {"a.py": "saver = load()\nsaver.save('x')\n"},
        {"a.py": TF + "print(tf.train.latest_checkpoint('x'))\n"},
        {"a.py": TF + "tf.train.Checkpoint(x=tf.Variable(1)).save('x')\n"},
        {"a.py": TF + "tf.saved_model.save(tf.Module(), 'x')\n"},
        {"a.py": SAVES.replace("tf.train.Saver()", "tf.train.Saver()  # migrator: keep")},
        {"a.py": "print 'x'\n"},
        {"a.py": SAVES + "print 'x'\n"},
        {"a.py": "import b\n" + SAVES, "b.py": EAGER},
        {"a.py": SAVES + "import tensorflow.keras\n"},
        {"a.py": SAVES + "tf.optimizers.Adam()\n"},
        {"a.py": "import b\n" + SAVES, "b.py": TF + "print 'x'\n"},
        {"a.py": "import b\n" + SAVES, "b.py": b"import tensorflow as tf\n# \xff\n"},
        {"a.py": "import n\n" + SAVES, "b.py": "import n\n" + NEWER, "n.py": DEFINES},
        {"a.py": SAVES, "tf2_bridge.py": "mine = 1\n"},
        {"a.py": SAVES, "tf2_bridge.py": vendor.bridge_text(["saver"]) + "# edited\n"},
        {"a.py": SAVES, "tf2_bridge.py/x.txt": "a folder"},
        {"read.py": TF + "tf.train.load_variable('x', 'y')\n", "a.py": "x=1"},
    ],
)
def test_nothing_changes(make: Make, texts: dict[str, str | bytes]) -> None:
    """No saving code, somebody else's, suppressed, or held by any file: not a byte is planned."""
    run = migrate([make(texts)], ONE)
    assert changed(run) == []
    assert not run.changes_something
    assert not any(f.diff for f in run.report.files)


def test_programs_are_apart(make: Make) -> None:
    """One that is held leaves the other to move."""
    root = make({"a.py": SAVES, "b.py": "import c\n" + SAVES, "c.py": TF + "print 'x'\n"})
    run = migrate([root], ONE)
    assert changed(run) == ["a.py", "tf2_bridge.py"]
    held = {program.files: program.held for program in run.report.programs}
    assert held["a.py",] is None
    assert "`c.py` holds this program back" in (held["b.py", "c.py"] or "")
    assert Outcome.BLOCKED in outcomes(run)["b.py"]


def test_a_neutral_file_moves_with_whichever_of_its_programs_moves(make: Make) -> None:
    """The first of its programs stays for lack of a reason; the second needs the swap."""
    kept = SAVES.replace("tf.train.Saver()", "tf.train.Saver()  # migrator: keep")
    root = make({"a.py": "import n\n" + kept, "b.py": "import n\n" + SAVES, "n.py": DEFINES})
    run = migrate([root], ONE)
    assert changed(run) == ["b.py", "n.py", "tf2_bridge.py"]


def test_a_shared_neutral_file_gets_what_either_program_needs(make: Make) -> None:
    """The switch to Keras 2 must precede the first import of TensorFlow, wherever that is."""
    layers = SAVES + "tf.layers.dense(1, 2)\n"
    root = make({"a.py": "import n\n" + SAVES, "b.py": "import n\n" + layers, "n.py": DEFINES})
    run = migrate([root], ONE)
    texts = {source.relative: text for source, text in run.changes}
    assert "TF_USE_LEGACY_KERAS" in texts["n.py"]
    assert "TF_USE_LEGACY_KERAS" not in texts["a.py"]
    needs = {program.files[0]: program.requirements for program in run.report.programs}
    assert needs == {"a.py": (), "b.py": ("tf-keras",)}


@pytest.mark.parametrize("form", ["from common import *\n", "from common import tf\n"])
def test_the_switch_goes_where_tensorflow_is_imported(make: Make, form: str) -> None:
    """A program whose main file gets ``tf`` from another file is turned off there."""
    root = make({"a.py": form + SAVES.replace(TF, ""), "common.py": TF, "n.py": DEFINES})
    run = migrate([root], ONE)
    texts = {source.relative: text for source, text in run.changes}
    assert sorted(texts) == ["a.py", "common.py"]
    assert "tf.disable_v2_behavior()" in texts["common.py"]
    assert "disable_v2_behavior" not in texts["a.py"]


# -- files given ----------------------------------------------------------------------------


def test_a_program_half_given_is_blocked_and_says_so(make: Make) -> None:
    """A hook names the changed files only; the rest of the program is named in the finding."""
    root = make({"a.py": "import n\n" + SAVES, "n.py": DEFINES, "m.py": "x = 1\n"})
    run = migrate([root / "a.py"], ONE)
    assert changed(run) == []
    assert outcomes(run)["a.py"] == {Outcome.BLOCKED}
    assert "`n.py`, which is not among the files given" in message(run, "a.py")
    assert run.report.programs[0].held is not None
    whole = migrate([root / "a.py", root / "n.py"], ONE)
    assert changed(whole) == ["a.py", "n.py", "tf2_bridge.py"]


def test_files_that_would_not_change_need_not_be_given(make: Make) -> None:
    """One that spells compat.v1 already, and one without TensorFlow, hold nothing."""
    root = make(
        {"a.py": "import n, m\n" + SAVES, "n.py": f"{MOVED}\ndef f(): tf.add\n", "m.py": ""}
    )
    assert changed(migrate([root / "a.py"], ONE)) == ["a.py", "tf2_bridge.py"]


# -- failures -------------------------------------------------------------------------------


@pytest.mark.parametrize("act", [crash, refuse])
@pytest.mark.parametrize("name", ["a.py", "b.py", "n.py"])
def test_one_failing_file_blocks_its_whole_program(
    make: Make, monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[[Any], Any]
) -> None:
    """Whether it saves or only imports: what was planned for the others is taken back."""
    root = make(
        {"a.py": "import b, n\n" + SAVES, "b.py": SAVES, "n.py": DEFINES, "other.py": SAVES}
    )
    failing(monkeypatch, name, act)
    run = migrate([root], ONE)
    assert changed(run) == ["other.py", "tf2_bridge.py"]
    program = next(p for p in run.report.programs if "a.py" in p.files)
    assert f"`{name}` holds this program back" in (program.held or "")
    assert program.tier is None
    assert outcomes(run).get("b.py" if name != "b.py" else "a.py") == {Outcome.BLOCKED}
    if act is crash:
        errors = {f.path: f.error for f in run.report.files if f.error}
        assert list(errors) == [name]
        assert "ZeroDivisionError" in (errors[name] or "")


def test_a_late_failure_reaches_programs_that_share_the_file(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shared neutral file cannot be edited, so neither of its programs moves."""
    root = make({"a.py": "import n\n" + SAVES, "b.py": "import n\n" + SAVES, "n.py": DEFINES})
    failing(monkeypatch, "n.py", refuse)
    run = migrate([root], ONE)
    assert changed(run) == []
    assert all("`n.py` holds this program back" in (p.held or "") for p in run.report.programs)


def test_a_text_that_the_encoding_lacks_blocks_the_program(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other files of the program are not written either."""
    latin = b"# -*- coding: latin-1 -*-\n# \xe9\nimport b\n" + SAVES.encode()
    root = make({"a.py": latin, "b.py": SAVES})
    failing(monkeypatch, "a.py", lambda plan: replace(plan, text=plan.text + "# \u20ac\n"))
    run = migrate([root], ONE)
    assert changed(run) == []
    assert "U+20AC" in (run.report.programs[0].held or "")


def test_unreadable_files_are_reported_and_the_rest_goes_on(make: Make) -> None:
    """Binary, undecodable and wrongly declared files get a line each."""
    root = make(
        {
            "a.py": SAVES,
            "latin.py": b"# caf\xe9\nimport tensorflow as tf\ntf.train.Saver()\n",
            "nul.py": b"tf.train.Saver()\0",
            "odd.py": b"# coding: no-such-thing\ntf.train.Saver()\n",
        }
    )
    run = migrate([root], ONE)
    assert changed(run) == ["a.py", "tf2_bridge.py"]
    errors = {f.path: f.error or "" for f in run.report.files if f.error}
    assert sorted(errors) == ["latin.py", "nul.py", "odd.py"]
    assert "0xe9" in errors["latin.py"]


def test_a_file_that_kills_the_process_is_reported(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pre-pass looks at the files of a lost chunk one by one."""
    root = make({"a.py": SAVES, "b.py": TF + "tf.train.Saver()\n# kill\n"})
    real = migration._facts_of

    def facts_of(task: tuple[str, list[str]]) -> Any:
        if any("# kill" in Path(path).read_text() for path in task[1]):
            raise ZeroDivisionError
        return real(task)

    monkeypatch.setattr(migration, "_facts_of", facts_of)
    run = migrate([root], ONE)
    assert changed(run) == ["a.py", "tf2_bridge.py"]
    assert "ZeroDivisionError" in next(f.error or "" for f in run.report.files if f.path == "b.py")


# -- readers by name ------------------------------------------------------------------------

READER = TF + (
    "from tensorflow.python.tools import inspect_checkpoint\n"
    "inspect_checkpoint.print_tensors_in_checkpoint_file(PATH, '', True)\n"
)


@pytest.mark.parametrize(
    ("saves", "reads", "near"),
    [
        ("train.py", "read.py", True),
        ("train.py", "tools/read.py", True),
        ("exp/train.py", "read.py", True),
        ("exp/train.py", "exp/tools/read.py", True),
        ("exp/train.py", "other/read.py", False),
        ("exp/a/train.py", "exp/b/read.py", False),
    ],
)
def test_readers_near_a_saver_keep_it(make: Make, saves: str, reads: str, near: bool) -> None:
    """The same folder, one above and one below may read what is saved; a cousin does not."""
    run = migrate([make({saves: SAVES, reads: READER})], ONE)
    assert (f"{reads}:3" in message(run, saves)) is near


def test_a_reader_anywhere_in_the_program_is_near(make: Make) -> None:
    """What one process imports counts, however far away it lies."""
    root = make({"a/train.py": "import far_reader\n" + SAVES, "b/far_reader.py": READER})
    assert "b/far_reader.py:3" in message(migrate([root], ONE), "a/train.py")


# -- the bridge -----------------------------------------------------------------------------


def test_programs_in_one_folder_share_a_bridge(make: Make) -> None:
    """Its parts are those of both, and it is made once."""
    root = make({"a.py": SAVES, "b.py": SAVES})
    run = migrate([root], ONE)
    assert [path.name for path, _ in run.created] == ["tf2_bridge.py"]
    assert run.units == [("tf2_bridge.py", "a.py"), ("tf2_bridge.py", "b.py")]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_bridge_of_ours_is_completed(make: Make, newline: str) -> None:
    """Parts that are there stay; a git checkout with CRLF is still ours."""
    old = vendor.bridge_text(["session_module"])
    root = make({"a.py": SAVES, "tf2_bridge.py": old.replace("\n", newline)})
    run = migrate([root], ONE)
    assert changed(run) == ["a.py", "tf2_bridge.py"]
    text = next(text for source, text in run.changes if source.relative == "tf2_bridge.py")
    assert vendor.bridge_parts(text.replace("\r\n", "\n")) == {"saver", "session_module"}
    assert text.count("\n") == text.count(newline)


def test_a_bridge_that_has_the_parts_stays(make: Make) -> None:
    """Nothing to add, nothing to write."""
    root = make({"a.py": SAVES, "tf2_bridge.py": vendor.bridge_text(["saver", "slim"])})
    assert changed(migrate([root], ONE)) == ["a.py"]


def test_bridges_of_one_process_hold_the_same(make: Make) -> None:
    """A process has one top-level ``tf2_bridge``, from whichever folder comes first."""
    train = SAVES + "import sys\nsys.path.append('../tools')\nimport export\n"
    export = (
        "import tensorflow as tf\n\n"
        "def write(sess, x, y):\n"
        "    tf.saved_model.simple_save(sess, 'out', {'x': x}, {'y': y})\n"
    )
    root = make({"runs/train.py": train, "tools/export.py": export})
    run = migrate([root], ONE)
    bridges = {f"{path.parent.name}": vendor.bridge_parts(text) for path, text in run.created}
    assert bridges == {name: {"saver", "session_module"} for name in ("runs", "tools")}


def test_a_bridge_beside_a_script_hides_none(make: Make) -> None:
    """The folder of a script comes first: its bridge has what those for other folders have."""
    exports = "import tensorflow as tf\n\ntf.saved_model.simple_save(None, 'out', {}, {})\n"
    uses = "import net\n" + SAVES
    root = make({"lib/net.py": DEFINES, "lib/old/export.py": exports, "lib/old/train.py": uses})
    run = migrate([root], ONE)
    parts = {path.parent.name: vendor.bridge_parts(text) for path, text in run.created}
    assert "saver" in (parts["old"] or ())


def test_a_foreign_bridge_holds_only_the_programs_that_would_use_it(make: Make) -> None:
    """It is not overwritten, and the finding names it."""
    root = make({"x/a.py": SAVES, "x/tf2_bridge.py": "mine = 1\n", "y/b.py": SAVES})
    run = migrate([root], ONE)
    assert changed(run) == ["y/b.py", "y/tf2_bridge.py"]
    assert "`x/tf2_bridge.py` exists and is not" in message(run, "x/a.py")


def test_bridge_import_makes_no_file(make: Make) -> None:
    """``--bridge import`` uses the installed package, whatever lies in the folder."""
    root = make({"a.py": SAVES, "tf2_bridge.py": "mine = 1\n"})
    run = migrate([root], Options(jobs=1, tier="session", bridge="import"))
    assert changed(run) == ["a.py"]
    assert "from migrator import bridge as tf2_bridge" in run.changes[0][1]


# -- options --------------------------------------------------------------------------------


def test_safe_only_leaves_what_needs_a_review(make: Make) -> None:
    """No import is swapped, and the Saver is BLOCKED."""
    run = migrate([make({"a.py": SAVES})], Options(jobs=1, safe_only=True))
    assert changed(run) == []
    assert Outcome.BLOCKED in outcomes(run)["a.py"]


def test_rules_that_are_not_selected_move_nothing(make: Make) -> None:
    """Ignoring the Saver's rule leaves the program without a reason to move."""
    root = make({"a.py": "import n\n" + SAVES, "n.py": DEFINES})
    assert changed(migrate([root], Options(jobs=1, ignore=("TFM2",)))) == []
    assert changed(migrate([root], Options(jobs=1, select=("TFM1",)))) == []
    assert changed(migrate([root], Options(jobs=1, select=("TFM201",)))) != []


def test_excluded_files_are_neither_read_nor_part_of_a_program(make: Make) -> None:
    """An excluded Python 2 file holds nobody."""
    root = make({"a.py": "import old\n" + SAVES, "old.py": TF + "print 1\n"})
    run = migrate([root], Options(jobs=1, exclude=("old.py",)))
    assert changed(run) == ["a.py", "tf2_bridge.py"]


def test_results_do_not_depend_on_processes_or_order(make: Make) -> None:
    """One job or two, a folder or its files backwards: the same report, byte for byte."""
    texts: dict[str, str | bytes] = {
        f"p{i}/m{j}.py": (f"from p{i} import m{j + 1}\n" if j < 5 else "")
        + (SAVES if j % 2 else DEFINES)
        for i in range(3)
        for j in range(6)
    }
    texts |= {f"p{i}/__init__.py": "" for i in range(3)}
    root = make(texts)
    first = migrate([root], ONE)
    second = migrate([root], Options(jobs=2, tier="session"))
    third = migrate(sorted(root.rglob("*.py"), reverse=True), ONE)
    assert first.report == second.report == third.report
    assert changed(first) == changed(second) == changed(third)
    assert first.units == second.units == third.units


def test_paths_are_posix_and_relative(make: Make) -> None:
    """No machine's path is in the report."""
    root = make({"deep/er/a.py": SAVES})
    run = migrate([root], ONE)
    paths = [f.path for f in run.report.files] + [p for g in run.report.programs for p in g.files]
    assert paths
    assert all(not os.path.isabs(path) and "\\" not in path for path in paths)
    assert str(root) not in repr(run.report)


def test_the_rules_of_the_report_are_those_of_its_findings(make: Make) -> None:
    """Each code that a finding has is explained, no other is."""
    run = migrate([make({"a.py": SAVES})], ONE)
    codes = {finding.code for f in run.report.files for finding in f.findings}
    assert {rule.code for rule in run.report.rules} == codes
    assert all(rule.docs for rule in run.report.rules)


# -- writing --------------------------------------------------------------------------------


def test_a_second_run_changes_nothing(make: Make) -> None:
    """What was written is done, the bridge included."""
    root = make(
        {
            "train.py": "import model\n" + SAVES,
            "model.py": DEFINES,
            "pkg/__init__.py": "",
            "pkg/a.py": "from . import b\n" + SAVES,
            "pkg/b.py": DEFINES,
        }
    )
    run = migrate([root], ONE)
    assert run.write() == {}
    before = snapshot(root)
    again = migrate([root], ONE)
    assert changed(again) == []
    assert again.write() == {}
    assert snapshot(root) == before
    assert all(program.held is None for program in again.report.programs)


def test_a_need_for_keras_2_stays_with_its_program(make: Make) -> None:
    """A shared file that was moved already tells the second run nothing of the other program."""
    layers = SAVES + "tf.layers.dense(1, 2)\n"
    # what it keeps is a reason to move at the second run as well
    kept = SAVES + "tf.graph_util.convert_variables_to_constants(sess, sess.graph_def, ['y'])\n"
    root = make({"a.py": "import n\n" + kept, "b.py": "import n\n" + layers, "n.py": DEFINES})
    assert migrate([root], ONE).write() == {}
    assert "TF_USE_LEGACY_KERAS" in (root / "n.py").read_text()
    assert changed(migrate([root], ONE)) == []


def test_a_need_for_keras_2_outlives_the_move(make: Make) -> None:
    """New files of a moved program get the switch that its other files have."""
    moved = "import os\n\nos.environ['TF_USE_LEGACY_KERAS'] = '1'\n" + MOVED + "\nimport a\n"
    root = make({"main.py": moved + "tf.Session()\n", "a.py": SAVES})
    found = migrate([root], ONE)
    texts = {source.relative: text for source, text in found.changes}
    assert "TF_USE_LEGACY_KERAS" in texts["a.py"]


def test_new_code_beside_a_written_bridge_moves_too(make: Make) -> None:
    """Our own bridge is TensorFlow 2 code, and holds nobody."""
    root = make({"a.py": SAVES})
    migrate([root], ONE).write()
    (root / "b.py").write_text("import a\n" + SAVES)
    assert changed(migrate([root], ONE)) == ["b.py"]


def test_encodings_and_newlines_are_kept(make: Make) -> None:
    """Latin-1 with a cookie, a byte-order mark and CRLF come back as they were."""
    root = make(
        {
            "latin.py": b"# coding: latin-1\nx = '\xe9'\n" + SAVES.encode(),
            "bom.py": b"\xef\xbb\xbf" + SAVES.encode(),
            "crlf.py": SAVES.replace("\n", "\r\n").encode(),
        }
    )
    assert migrate([root], ONE).write() == {}
    written = snapshot(root)
    assert written["latin.py"].startswith(b"# coding: latin-1\nx = '\xe9'\n")
    assert written["bom.py"].startswith(b"\xef\xbb\xbfimport")
    crlf = written["crlf.py"]
    assert crlf.count(b"\n") == crlf.count(b"\r\n")
    assert all(MOVED.encode() in written[name] for name in ("latin.py", "bom.py", "crlf.py"))


def refuse_to_write(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let writing fail for every unit that holds ``name``, as a full disk would."""
    real = writing.replace_all

    def replace_all(changes: Any, created: Any = ()) -> None:
        from migrator.sources import SourceError

        for place in [source.path for source, _ in changes] + [path for path, _ in created]:
            if place.name == name:
                raise SourceError(place, "cannot be written")
        real(changes, created)

    monkeypatch.setattr(writing, "replace_all", replace_all)


def test_a_program_that_cannot_be_written_leaves_the_others(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All its files stay as they were; the shared bridge and neutral file still arrive."""
    root = make(
        {
            "a.py": "import b, n\n" + SAVES,
            "b.py": SAVES,
            "c.py": "import n\n" + SAVES,
            "n.py": DEFINES,
        }
    )
    before = snapshot(root)
    run = migrate([root], ONE)
    refuse_to_write(monkeypatch, "b.py")
    failed = run.write()
    assert sorted(failed) == ["a.py", "b.py"]
    after = snapshot(root)
    assert {path for path in before if after[path] != before[path]} == {"c.py", "n.py"}
    assert "tf2_bridge.py" in after


@pytest.mark.parametrize("name", ["tf2_bridge.py", "n.py"])
def test_nothing_is_written_without_what_it_needs(
    make: Make, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Where the bridge or a shared file cannot be written, no program that needs it is."""
    root = make(
        {
            "x/a.py": "import n\n" + SAVES,
            "x/b.py": "import n\n" + SAVES,
            "x/n.py": DEFINES,
        }
    )
    before = snapshot(root)
    run = migrate([root], ONE)
    refuse_to_write(monkeypatch, name)
    assert set(run.write()) == {"x/a.py", "x/b.py", "x/n.py", "x/tf2_bridge.py"}
    assert snapshot(root) == before


def test_the_diffs_of_the_report_apply(make: Make) -> None:
    """``git apply`` on the original gives what ``write`` writes."""
    root = make({"a.py": "import n\n" + SAVES, "n.py": DEFINES, "p q/b.py": SAVES})
    run = migrate([root], ONE)
    patch = "".join(f.diff for f in run.report.files)
    subprocess.run(["git", "init", "-q", root], check=True)
    subprocess.run(["git", "apply", "-"], input=patch, text=True, cwd=root, check=True)
    applied = snapshot(root)
    subprocess.run(["git", "apply", "-R", "-"], input=patch, text=True, cwd=root, check=True)
    run.write()
    written = snapshot(root)
    assert {p: b for p, b in applied.items() if p.endswith(".py")} == {
        p: b for p, b in written.items() if p.endswith(".py")
    }


# -- one piece of text ----------------------------------------------------------------------


def test_text_alone_is_migrated() -> None:
    """Standard input belongs to no repository, and moves by itself."""
    plan, text = migrate_text(SAVES, ONE)
    assert MOVED in text
    assert "tf2_bridge.Saver()" in text
    assert plan.findings


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\n",
        DEFINES,
        SAVES + "tf.optimizers.Adam()\n",
        SAVES + "import tensorflow.keras\n",
        SAVES + "print 'x'\n",
        SAVES.replace("tf.train.Saver()", "tf.train.Saver()  # migrator: keep"),
        "def f(tf):\n    return tf.train.Saver()\n",
        "",
    ],
)
def test_text_that_stays(text: str) -> None:
    """The same obstacles hold it as a file."""
    plan, new = migrate_text(text, ONE)
    assert new == text
    assert plan.text is None


@pytest.mark.parametrize(
    ("line", "then"),
    [
        ("y = tf.contrib.layers.flatten(x)", "y = tf2_bridge.layers.flatten(x)"),
        (
            "from tensorflow.examples.tutorials.mnist import input_data\nread = input_data.DataSet",
            "from tf2_bridge import input_data\nread = input_data.DataSet",
        ),
        ("cell = tf.contrib.rnn.BasicLSTMCell(2)", "cell = tf.nn.rnn_cell.BasicLSTMCell(2)"),
    ],
)
def test_files_that_save_nothing_are_seen_with_their_program(
    make: Make, line: str, then: str
) -> None:
    """What the prefilter passes over is rewritten where a program that saves holds it."""
    alone = f"{TF}x = tf.zeros([2, 2])\n{line}\n"
    assert not may_hold_saving_code(alone.encode())
    found = migrate([make({"a.py": "import data\n" + SAVES, "data.py": alone})], ONE)
    (text,) = [text for source, text in found.changes if source.relative == "data.py"]
    assert f"\n{then}\n" in text


def test_progress_reaches_the_end(make: Make) -> None:
    """Each phase counts up to its total."""
    seen: dict[str, list[tuple[int, int]]] = {}
    root = make({"a.py": "import n\n" + SAVES, "n.py": DEFINES})

    def note(what: str, done: int, total: int) -> None:
        seen.setdefault(what, []).append((done, total))

    migrate([root], ONE, progress=note)
    assert set(seen) == {"Reading", "Planning", "Changing imports"}
    assert all(counts[-1][0] == counts[-1][1] for counts in seen.values())


MANAGES = "def train(op):\n    sess = tf.train.MonitoredTrainingSession(checkpoint_dir='c')\n"


@pytest.mark.parametrize(
    "other",
    [
        TF + MANAGES.replace("'c'", "'c', scaffold=made()"),
        TF + "def train(op):\n    tf.contrib.slim.learning.train(op, 'c')\n",
        TF + "def evaluate():\n    tf.contrib.slim.evaluation.evaluate_once('', 'c', 'e')\n",
        TF + "def evaluate():\n    tf.contrib.training.evaluate_once('c')\n",
        TF + "from tf2_bridge import slim\ndef train(op):\n    slim.learning.train(op, 'c')\n",
    ],
)
def test_savers_beside_finalized_graphs_stay(make: Make, other: str) -> None:
    """What restores in a finalized graph with TensorFlow 1's Saver reads no object-based files."""
    root = make({"pretrain.py": SAVES, "train.py": other})
    found = migrate([root])
    (result,) = [file for file in found.report.files if file.path == "pretrain.py"]
    savers = [f for f in result.findings if f.code == "TFM201"]
    assert [f.outcome for f in savers] == [Outcome.KEPT]
    assert "train.py:" in savers[0].message


@pytest.mark.parametrize("other", [TF + MANAGES, TF + "def freeze(graph):\n    graph.finalize()\n"])
def test_savers_beside_prepared_sessions_move(make: Make, other: str) -> None:
    """Sessions that are given the bridge's Saver read both kinds of checkpoint."""
    run = migrate([make({"pretrain.py": SAVES, "train.py": other})])
    texts = {source.relative: text for source, text in run.changes}
    assert "tf2_bridge." in texts["pretrain.py"]
    assert ("tf2_bridge.Scaffold()" in texts.get("train.py", "")) is (MANAGES in other)


def test_making_a_train_op_finalizes_nothing(make: Make) -> None:
    """Of slim's learning, only its training loop and its evaluations hold Savers back."""
    makes = (
        TF + "def step(loss, o):\n    return tf.contrib.slim.learning.create_train_op(loss, o)\n"
    )
    found = migrate([make({"pretrain.py": SAVES, "train.py": makes})])
    (result,) = [file for file in found.report.files if file.path == "pretrain.py"]
    assert [f.outcome for f in result.findings if f.code == "TFM201"] == [Outcome.REWRITTEN]


@pytest.mark.parametrize(
    "line",
    [
        "fn = tf2_bridge.slim.assign_from_checkpoint_fn('c', [])",
        "definition = saver.as_saver_def()",
    ],
)
def test_savers_beside_other_readers_stay(make: Make, line: str) -> None:
    """Reading by variable name also goes through tf_slim and through a Saver's own ops."""
    found = migrate([make({"a.py": SAVES + line + "\n"})])
    (result,) = [file for file in found.report.files if file.path == "a.py"]
    assert [f.outcome for f in result.findings if f.code == "TFM201"] == [Outcome.MANUAL]


def test_compat_v1_program_gets_graph_mode(tmp_path: Path) -> None:
    """A session program that spells compat.v1 and never leaves eager mode cannot run as it is."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "train.py").write_text(
        "import tensorflow.compat.v1 as tf\n\nsaver = tf.train.Saver()\nsess = tf.Session()\n"
    )
    found = migrate([tmp_path], ONE)
    (text,) = [text for source, text in found.changes if source.relative == "train.py"]
    assert (
        "import tensorflow.compat.v1 as tf\nimport tf2_bridge\n\ntf.disable_v2_behavior()\n" in text
    )


def test_compat_v1_program_gets_graph_mode_beside_a_neutral_file(make: Make) -> None:
    """A file that only defines turns nothing on, though its import of TensorFlow is swapped."""
    found = migrate(
        [
            make(
                {
                    "train.py": "import tensorflow as tf\nimport records\n\n"
                    "def main():\n    with tf.compat.v1.Session() as sess:\n"
                    "        x = tf.compat.v1.placeholder(tf.float32)\n"
                    "        tf.compat.v1.train.Saver().restore(sess, records.PATH)\n",
                    "records.py": "import tensorflow as tf\n\nPATH = 'c'\n\n"
                    "def write(path):\n    return tf.io.TFRecordWriter(path)\n",
                }
            )
        ],
        ONE,
    )
    (text,) = [text for source, text in found.changes if source.relative == "train.py"]
    assert "tf.compat.v1.disable_v2_behavior()\n" in text


@pytest.mark.parametrize(
    "lines",
    [
        "tf.disable_eager_execution()\nsaver = tf.train.Saver()\nsess = tf.Session()\n",
        "saver = tf.train.Saver()\nsess = tf.Session(graph=tf.Graph())\n",
    ],
)
def test_compat_v1_program_that_chooses_its_mode(tmp_path: Path, lines: str) -> None:
    """A program that turns graph mode on, or opens graphs of its own, is not told again."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "train.py").write_text("import tensorflow.compat.v1 as tf\n\n" + lines)
    found = migrate([tmp_path], ONE)
    (text,) = [text for source, text in found.changes if source.relative == "train.py"]
    assert "disable_v2_behavior" not in text


RUNS = (
    "import tensorflow as tf\n\n"
    "class Encoder:\n"
    "    def __init__(self, path):\n"
    "        self.session = tf.compat.v1.Session()\n"
    "        with tf.compat.v1.gfile.GFile(path, 'rb') as file:\n"
    "            graph_def = tf.compat.v1.GraphDef()\n"
    "            graph_def.ParseFromString(file.read())\n"
    "        tf.import_graph_def(graph_def, name='net')\n"
    "        graph = tf.compat.v1.get_default_graph()\n"
    "        self.output = graph.get_tensor_by_name('net/y:0')\n"
)


def test_compat_v1_program_that_only_runs_a_graph_gets_graph_mode(make: Make) -> None:
    """Eager mode leaves out the name that operations are imported under: nobody finds them."""
    root = make({"tools/encode.py": RUNS, "app.py": "from tools import encode\n"})
    found = migrate([root], ONE)
    assert changed(found) == ["tools/encode.py"]
    ((_, text),) = found.changes
    switch = "as tf\n\ntf.compat.v1.disable_v2_behavior()\n\n"
    assert text == RUNS.replace("as tf\n\n", switch, 1)
    assert [program.tier for program in found.report.programs] == [Tier.SESSION]
    assert found.write() == {}
    assert changed(migrate([root], ONE)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name='net'", "name=''"),
        ("name='net'", "name='net', return_elements=['y:0']"),
        ("name='net'", "name=path"),
        ("v1.Session()", "v1.Session(graph=load(path))"),
        ("v1.Session()", "v1.Session('', load(path))"),
        ("v1.Session()", "v1.Session(**path)"),
        ("self.session = tf.compat.v1.Session()", "with tf.compat.v1.Session() as self.s: pass"),
        ("graph = tf.compat", "print(tf.constant(1.0))\n        graph = tf.compat"),
        ("graph = tf.compat", "print(tf.keras.backend)\n        graph = tf.compat"),
        ("graph = tf.compat", "print(path.numpy())\n        graph = tf.compat"),
        ("graph = tf.compat", "with path.as_default(): pass\n        graph = tf.compat"),
        ("graph = tf.compat", "with self.session: pass\n        graph = tf.compat"),
        ("import tensorflow as tf\n", "import tensorflow as tf\nimport tensorflow_hub\n"),
    ],
)
def test_compat_v1_program_that_may_run_eagerly_stays(make: Make, old: str, new: str) -> None:
    """Where eager mode may be meant, or graph mode is on where it matters, nothing is added."""
    assert RUNS.count(old) == 1
    assert not migrate([make({"encode.py": RUNS.replace(old, new)})], ONE).changes_something


@pytest.mark.parametrize(
    "other",
    [
        "import tf_keras\nimport encode\n",
        "import tensorflow as tf\nimport encode\nprint(tf.constant(1.0) + 1)\n",
        "import tensorflow as tf\nimport encode\nprint(tf.function(encode.Encoder))\n",
    ],
)
def test_compat_v1_program_with_an_eager_file_stays(make: Make, other: str) -> None:
    """Graph mode is the whole process's, so that no other file of it may need eager mode."""
    assert not migrate([make({"encode.py": RUNS, "main.py": other})], ONE).changes_something


def test_eager_use_of_the_v1_saver_stays(tmp_path: Path) -> None:
    """TensorFlow 2 code reads name-based checkpoints with compat.v1's Saver and no session."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "load.py").write_text(
        "import tensorflow as tf\n\n"
        "def load(model, path):\n"
        "    tf.compat.v1.train.Saver(model.variables).restore(None, path)\n"
    )
    found = migrate([tmp_path], ONE)
    assert not found.changes_something
    (result,) = found.report.files
    assert {finding.outcome for finding in result.findings} == {Outcome.KEPT}


# -- values that cross files ----------------------------------------------------------------

EXPORTS = """
import tensorflow as tf

def save(path, sess, signatures):
    builder = tf.saved_model.builder.SavedModelBuilder(path)
    builder.add_meta_graph_and_variables(sess, ["serve"], signature_def_map=signatures)
    builder.save()
"""
CALLS_IT = """
import tensorflow as tf
import export

def run(sess, x):
    info = tf.saved_model.utils.build_tensor_info(x)
    sides = {"x": info}
    signature = tf.saved_model.signature_def_utils.build_signature_def(sides, sides, "m")
    export.save("out", sess, {"serving_default": signature})
"""


def test_a_wrapper_and_the_signatures_of_its_callers_go_together(make: Make) -> None:
    """What the caller makes becomes tensors as the wrapper's export is rewritten."""
    run = migrate([make({"export.py": EXPORTS, "train.py": CALLS_IT})], ONE)
    texts = {source.relative: text for source, text in run.changes}
    assert "add_session" in texts["export.py"]
    assert 'signature = (sides, sides, "m")' in texts["train.py"]
    assert "info = x\n" in texts["train.py"]
    assert "export.py:6" in message(run, "train.py")


@pytest.mark.parametrize(
    ("wrapper", "caller"),
    [
        (EXPORTS.replace("builder.save()", "builder.save(as_text=True)"), CALLS_IT),
        (EXPORTS.replace("save()", "save()  # migrator: keep"), CALLS_IT),
        (EXPORTS + "print 'x'\n", CALLS_IT),
        (EXPORTS + "def more(x):\n    return x.name\n", CALLS_IT + "    export.more(info)\n"),
        (EXPORTS.replace("builder.save()", "builder.save(); log(signatures)"), CALLS_IT),
    ],
)
def test_a_caller_keeps_its_protos_where_the_wrapper_stays(
    make: Make, wrapper: str, caller: str
) -> None:
    """An export that is not rewritten takes protos only, and so does whatever else reads them."""
    run = migrate([make({"export.py": wrapper, "train.py": caller})], ONE)
    texts = {source.relative: text for source, text in run.changes}
    assert "info = tf.saved_model.utils.build_tensor_info(x)" in texts.get("train.py", caller)


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("", "Stays as it is; its Saver, made at model.py:2, is rewritten"),
        ("  # migrator: keep", "made at model.py:2, of which not every constructor is rewritten"),
    ],
)
def test_calls_on_a_saver_of_another_file_say_what_becomes_of_it(
    make: Make, comment: str, said: str
) -> None:
    """Of its constructor, where that is found; nothing changes at the calls."""
    calls = "import model\nmodel.saver.save(1, 'x')\n" + TF
    model = SAVES.replace("tf.train.Saver()", f"tf.train.Saver(){comment}")
    run = migrate([make({"model.py": model, "train.py": calls})], ONE)
    assert said in message(run, "train.py")


def test_a_builder_of_another_function_is_left_with_its_calls(make: Make) -> None:
    """All of its calls are reported, and say where it is made."""
    text = """
import tensorflow as tf

def add(builder, sess):
    builder.add_meta_graph_and_variables(sess, ["serve"], {})
    builder.save()

def run(sess):
    add(tf.saved_model.builder.SavedModelBuilder("out"), sess)
"""
    run = migrate([make({"a.py": text})], ONE)
    found = {f.span.line: f for r in run.report.files for f in r.findings if f.code == "TFM105"}
    assert sorted(found) == [5, 6]
    assert all("made at a.py:9" in f.message for f in found.values())
    assert all(f.outcome is Outcome.MANUAL for f in found.values())


READER = TF + "from tensorflow.python.tools import inspect_checkpoint\ninspect_checkpoint.x('m')\n"
RESTORES = TF + "saver = tf.train.Saver()\nsaver.restore(tf.Session(), 'm')\n"


@pytest.mark.parametrize(
    ("files", "rewritten"),
    [
        ({"a": RESTORES, "read": READER}, True),
        ({"a": TF + "def f(s):\n    tf.train.Saver().restore(s, 'm')\n", "read": READER}, True),
        ({"a": SAVES, "read": READER}, False),
        ({"a": RESTORES + "f(saver)\nx.save(tf.Session(), 'm')\n", "read": READER}, False),
        ({"a": RESTORES, "b": "import a\na.saver.save(1, 'm')\n" + TF, "read": READER}, False),
        ({"a": RESTORES, "b": TF + "tf.train.Supervisor(logdir='m')\n"}, True),
        ({"a": RESTORES + "tf.get_default_graph().finalize()\n"}, True),
        ({"a": SAVES + "tf.get_default_graph().finalize()\n"}, True),
    ],
)
def test_a_saver_that_only_restores_asks_nothing_of_readers(
    make: Make, files: dict[str, str], rewritten: bool
) -> None:
    """It writes nothing that a reader by name or a finalized graph could meet."""
    run = migrate([make({f"{name}.py": text for name, text in files.items()})], ONE)
    texts = {source.relative: text for source, text in run.changes}
    text = texts.get("a.py", "").replace("PreparedSaver", "Saver")
    assert ("tf2_bridge.Saver()" in text) is rewritten
