"""Notebooks in a run: their programs, findings by cell, reports, what holds them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from books import as_json, code, markdown

from migrator import cli
from migrator.migration import Migration, Options, migrate
from migrator.report import render
from migrator.results import Finding, Outcome, Tier

SAVES = (
    "%matplotlib inline\nimport tensorflow as tf",
    markdown("A model"),
    "v = tf.get_variable('v', [2])\nsaver = tf.train.Saver()",
    "with tf.Session() as sess:\n    saver.restore(sess, 'model')",
)
SESSION = Options(tier="session")


def write(root: Path, contents: dict[str, str]) -> None:
    """Write files below ``root``."""
    for name, content in contents.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="")


def findings(found: Migration, path: str) -> list[Finding]:
    """Return the findings of one file."""
    return [f for file in found.report.files if file.path == path for f in file.findings]


def places(found: Migration, path: str) -> list[tuple[int | None, int, str, str]]:
    """Return (cell, line, code, outcome) of the findings of one file."""
    return [(f.span.cell, f.span.line, f.code, str(f.outcome)) for f in findings(found, path)]


def test_a_notebook_is_migrated_by_cell(tmp_path: Path) -> None:
    """Findings name cell and line, only cells with code of theirs change, a second run is calm."""
    before = as_json(*SAVES)
    write(tmp_path, {"a.ipynb": before})
    found = migrate([tmp_path], SESSION)
    assert places(found, "a.ipynb") == [
        (0, 2, "TFM801", "rewritten"),
        (1, 2, "TFM201", "rewritten"),
        (2, 2, "TFM203", "kept"),
    ]
    saver = findings(found, "a.ipynb")[1]
    assert (saver.span.column, saver.before) == (8, "saver = tf.train.Saver()")
    assert saver.after == "saver = tf2_bridge.Saver()"
    assert found.write() == {}
    after = (tmp_path / "a.ipynb").read_text(encoding="utf-8")
    changed = [
        "%matplotlib inline\nimport tensorflow.compat.v1 as tf\nimport tf2_bridge\n\n"
        "tf.disable_v2_behavior()",
        SAVES[1],
        "v = tf.get_variable('v', [2])\nsaver = tf2_bridge.Saver()",
        SAVES[3],
    ]
    assert after == as_json(*changed)
    assert (tmp_path / "tf2_bridge.py").is_file()
    again = migrate([tmp_path], SESSION)
    assert not again.changes_something
    assert {f.outcome for f in findings(again, "a.ipynb")} == {Outcome.KEPT}


@pytest.mark.parametrize("tier", ["auto", "native"])
def test_a_notebook_keeps_its_session(tmp_path: Path, tier: str) -> None:
    """Its cells run one by one, which a lifted program would not; the report says so."""
    write(tmp_path, {"a.ipynb": as_json(*SAVES)})
    found = migrate([tmp_path], Options(tier=tier))
    if tier == "auto":
        (program,) = found.report.programs
        assert program.tier is Tier.SESSION
        assert program.entry_points == ("a.ipynb",)
        told = next(f for f in findings(found, "a.ipynb") if f.code == "TFM510")
        assert "whose cells run one by one" in told.message and told.span.cell is not None
    else:
        assert not found.changes_something
        assert any(f.outcome is Outcome.BLOCKED for f in findings(found, "a.ipynb"))


def test_modules_belong_to_the_program_of_a_notebook(tmp_path: Path) -> None:
    """What it imports moves with it, and finds one bridge, which has the parts of both."""
    write(
        tmp_path,
        {
            "nb/a.ipynb": as_json("import sys\nsys.path.append('..')", "import net", *SAVES),
            "net.py": "import tensorflow as tf\n\nsess = tf.Session()\n\n\ndef export(x, y):\n"
            "    tf.saved_model.simple_save(sess, 'out', {'x': x}, {'y': y})\n",
        },
    )
    found = migrate([tmp_path], SESSION)
    (program,) = found.report.programs
    assert set(program.files) == {"nb/a.ipynb", "net.py"}
    created = {path.relative_to(tmp_path).as_posix(): text for path, text in found.created}
    assert "class Saver" in created["nb/tf2_bridge.py"]
    assert "session_module" in created["nb/tf2_bridge.py"]
    assert set(created) == {"nb/tf2_bridge.py", "tf2_bridge.py"}
    # one of its files alone does not move
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (alone,) = migrate([tmp_path / "net.py"], SESSION).report.programs
    assert "nb/a.ipynb" in str(alone.held)


def test_a_comment_keeps_a_line_of_a_cell(tmp_path: Path) -> None:
    """As in a file."""
    kept = SAVES[2].replace("Saver()", "Saver()  # migrator: keep")  # type: ignore[union-attr]
    write(tmp_path, {"a.ipynb": as_json(SAVES[0], kept)})
    found = migrate([tmp_path], SESSION)
    assert places(found, "a.ipynb") == [(1, 2, "TFM201", "suppressed")]
    assert not found.changes_something


def test_a_cell_of_python_2_that_saves_holds_the_notebook_only(tmp_path: Path) -> None:
    """The notebook stays, cell and line are named; a module that it imports goes its own way."""
    module = "import tensorflow as tf\n\nsaver = tf.train.Saver()\ntf.Session()\n"
    write(
        tmp_path,
        {
            "a.ipynb": as_json("import net", *SAVES, "x = 1\nprint saver.save(sess, 'x')"),
            "net.py": module,
        },
    )
    found = migrate([tmp_path], SESSION)
    assert [source.relative for source, _ in found.changes] == ["net.py"]
    told = findings(found, "a.ipynb")
    assert {str(f.outcome) for f in told} == {"blocked", "manual"}
    assert any("cell 5:2 does not parse (this is Python 2" in f.message for f in told)
    (cell,) = (f for f in told if f.code == "TFM904")
    assert (cell.span.cell, cell.span.line, cell.recipe is not None) == (4, 2, True)


def test_other_broken_cells_hold_nothing(tmp_path: Path) -> None:
    """They stay as they are and are named."""
    book = as_json(*SAVES, "print 'done'", "def f(", python="2.7.3")
    write(tmp_path, {"a.ipynb": book})
    found = migrate([tmp_path], SESSION)
    assert [(c, line, code) for c, line, code, _ in places(found, "a.ipynb")][-2:] == [
        (3, 1, "TFM904"),
        (4, 1, "TFM904"),
    ]
    assert (0, 1, "TFM906", "manual") in places(found, "a.ipynb")
    found.write()
    assert "print 'done'" in (tmp_path / "a.ipynb").read_text(encoding="utf-8")


def test_commands_that_concern_the_migration_are_named(tmp_path: Path) -> None:
    """Pins of TensorFlow 1, tools for saved models, code for other programs; not every line."""
    book = as_json(
        "%tensorflow_version 1.x\n!pip install 'tensorflow-gpu==1.15'\n!pip install numpy",
        *SAVES,
        "!saved_model_cli show --dir x\n!ls",
        "%%writefile train.py\nimport tensorflow as tf\ntf.train.Saver()",
        "%%bash\nls *.ckpt",
        "%time saver.save(sess, 'x')",
    )
    write(tmp_path, {"a.ipynb": book})
    found = migrate([tmp_path], SESSION)
    told = [(c, line) for c, line, code, _ in places(found, "a.ipynb") if code == "TFM905"]
    assert told == [(0, 1), (0, 2), (4, 1), (5, 1)]
    timed = next(f for f in findings(found, "a.ipynb") if f.span.cell == 7)
    assert (timed.code, timed.before) == ("TFM202", "saver.save(sess, 'x')")


def test_reports_name_the_cell(tmp_path: Path) -> None:
    """``a.ipynb:cell 2:2``, and the diff by cell, in every format that has places."""
    write(tmp_path, {"a.ipynb": as_json(*SAVES)})
    run = migrate([tmp_path], SESSION).report
    (file,) = (file for file in run.files if file.path == "a.ipynb")
    assert "@@ -1,2 +1,2 @@ cell 2\n v = tf.get_variable('v', [2])\n-saver" in file.diff
    assert "a.ipynb:cell 2:2:9" in render(run, "console")
    assert "cell 2" in render(run, "markdown")
    data = json.loads(render(run, "json"))
    assert {f["span"]["cell"] for f in data["files"][0]["findings"]} == {0, 1, 2}
    assert "cell 2, line 2" in render(run, "sarif")
    assert "cell 2, line 2" in render(run, "github")
    page = render(run, "html")
    assert "cell 2" in page and "⟦migrator" not in page


def test_sentences_of_other_files_name_the_cell(tmp_path: Path) -> None:
    """A reader of checkpoints in a notebook is named by cell where it decides about a file."""
    write(
        tmp_path,
        {
            "train.py": "import tensorflow as tf\nv = tf.Variable(1)\n"
            "saver = tf.train.Saver()\nsaver.save(tf.Session(), 'm/model.ckpt')\n",
            "read.ipynb": as_json(
                "x = 1", "import tensorflow as tf\n\nr = tf.train.list_variables('m/model.ckpt')"
            ),
        },
    )
    found = migrate([tmp_path], Options(tier="session", select=("TFM201",)))
    told = " ".join(f.message for f in findings(found, "train.py"))
    assert "read.ipynb:cell 2:3" in told, told
    assert ".ipynb:5" not in told


def test_notebooks_that_cannot_be_read_are_errors_of_their_own(tmp_path: Path) -> None:
    """Broken JSON is said where the words of saving code are in it, and holds nothing."""
    write(
        tmp_path,
        {
            "conflict.ipynb": "<<<<<<< HEAD\n" + as_json(*SAVES),
            "other.ipynb": "not json",
            "r.ipynb": as_json("saver.restore(x)\nlibrary(tensorflow)", language="R"),
            "outputs.ipynb": as_json(code("x = 1", outputs=["tf.train.Saver()"])),
            "train.py": "import tensorflow as tf\ntf.train.Saver()\ntf.Session()\n",
        },
    )
    found = migrate([tmp_path], SESSION)
    assert {file.path: file.error for file in found.report.files if file.error} == {
        "conflict.ipynb": "is not a notebook: no JSON object"
    }
    assert {source.relative for source, _ in found.changes} == {"train.py"}


def test_the_manifest_says_how_a_notebook_is_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A notebook is no script, so it gets a comment instead of a command that fails."""
    write(
        tmp_path,
        {
            "a.ipynb": as_json(*SAVES),
            "train.py": "import tensorflow as tf\ns = tf.train.Saver()\n"
            "s.save(tf.Session(), 'x')\n",
        },
    )
    monkeypatch.chdir(tmp_path)
    assert cli.main(["migrate", "--tier", "session", "--manifest", "verify.toml", "."]) == 1
    text = (tmp_path / "verify.toml").read_text(encoding="utf-8")
    assert '"python", "train.py"' in text and '"python", "a.ipynb"' not in text
    assert "# a.ipynb is a notebook" in text


def test_python_2_is_modernised_by_cell(tmp_path: Path) -> None:
    """``--python2`` makes Python 3 of the cells first; magics and places stay."""
    pytest.importorskip("fissix")
    book = as_json(
        *SAVES, "%time x = 1\nprint 'a', x\ny = !ls", "def f(", "d = {}.has_key(1)", python="2.7.3"
    )
    write(tmp_path, {"a.ipynb": book})
    found = migrate([tmp_path], Options(tier="session", python2=True))
    told = places(found, "a.ipynb")
    assert (3, 2, "TFM829", "rewritten") in told
    assert [row for row in told if row[2] == "TFM904"] == [(4, 1, "TFM904", "manual")]
    assert found.write() == {}
    cells = [
        "".join(cell["source"])
        for cell in json.loads((tmp_path / "a.ipynb").read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == "code"
    ]
    assert cells[3:] == ["%time x = 1\nprint('a', x)\ny = !ls", "def f(", "d = 1 in {}"]
    again = migrate([tmp_path], Options(tier="session", python2=True))
    assert not again.changes_something


def test_an_import_that_a_command_uses_is_not_lost(tmp_path: Path) -> None:
    """What a magic or a broken cell does is not seen, so the notebook stays whole."""
    imports = "import tensorflow as tf\nfrom tensorflow.python.saved_model import tag_constants"
    export = (
        "x = tf.placeholder(tf.float32, name='x')\ny = x * tf.get_variable('v', [])\n"
        "builder = tf.saved_model.builder.SavedModelBuilder('out')\n"
        "builder.add_meta_graph_and_variables(tf.Session(), [tag_constants.SERVING])\n"
        "builder.save()"
    )
    for use, held in (("x = 1", False), ("%timeit tag_constants.SERVING", True), ("?x", False)):
        write(tmp_path, {"a.ipynb": as_json(imports, export, use)})
        found = migrate([tmp_path], SESSION)
        assert found.changes_something != held
        told = " ".join(f.message for f in findings(found, "a.ipynb"))
        assert ("would lose the import of `tag_constants`, which cell 3" in told) == held
