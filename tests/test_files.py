"""Which files a run is about, wherever and whatever they are."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from migrator import files, sources, writing
from migrator.files import SourceError, discover, read


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Path]:
    """Write files (path → bytes or text) under a folder and return the folder."""

    def write(contents: dict[str, str | bytes], *, git: bool = False) -> Path:
        for name, content in contents.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        if git:
            (tmp_path / ".git").mkdir()
            (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
        return tmp_path

    return write


def names(found: tuple[Path, ...], root: Path) -> list[str]:
    """Return paths as posix names from the root."""
    return [path.relative_to(root).as_posix() for path in found]


def test_a_folder_gives_its_python_files_sorted(tree):
    """Walking gives each .py file once, as absolute paths in a stable order."""
    root = tree({"b.py": "", "a/z.py": "", "a/c.py": "", "a/data.txt": "", "a/x.pyc": b"\0"})
    found = discover([root, root / "a", root / "b.py"])
    assert names(found.selected, root) == ["a/c.py", "a/z.py", "b.py"]
    assert found.root == root
    assert not found.problems
    assert not found.repository


@pytest.mark.parametrize(
    "folder",
    [
        ".tox",
        ".hidden",
        "__pycache__",
        "node_modules",
        "venv",
        "lib/site-packages",
        "build",
        "dist",
    ],
)
def test_folders_of_other_tools_are_not_entered_unless_named(tree, folder):
    """Caches, installed packages and build output are skipped; a path given is walked."""
    root = tree({"a.py": "", f"{folder}/b.py": ""})
    assert names(discover([root]).selected, root) == ["a.py"]
    assert names(discover([root / folder]).selected, root / folder) == ["b.py"]


@pytest.mark.parametrize("mark", ["env/pyvenv.cfg", "env/conda-meta/history"])
def test_virtual_environments_are_known_by_their_marks(tree, mark):
    """A folder of any name that holds pyvenv.cfg or conda-meta is an environment, not the code."""
    root = tree({"a.py": "", mark: "", "env/lib/b.py": ""})
    assert names(discover([root]).selected, root) == ["a.py"]


@pytest.mark.parametrize("name", ["build", "dist"])
def test_a_package_that_is_called_build_is_code(tree, name):
    """Code that other files import never passes unseen because of its folder's name."""
    root = tree({f"{name}/__init__.py": "", f"{name}/export.py": ""})
    assert names(discover([root]).selected, root) == [f"{name}/__init__.py", f"{name}/export.py"]


@pytest.mark.parametrize("as_file", [False, True], ids=["clone", "worktree"])
def test_the_root_is_the_git_top_level_of_the_first_path(tree, as_file):
    """The .git folder of a clone, or the .git file of a work tree, marks the root."""
    root = tree({"pkg/sub/a.py": "", "other.py": ""}, git=not as_file)
    if as_file:
        (root / ".git").write_text("gitdir: elsewhere\n")
    found = discover([root / "pkg" / "sub" / "a.py"])
    assert found.root == root
    assert found.repository
    assert names(found.selected, root) == ["pkg/sub/a.py"]
    assert names(found.context(), root) == ["other.py", "pkg/sub/a.py"]


def test_a_folder_may_be_called_like_a_file(tree):
    """x.py may be a folder; its files are found by walking and by name."""
    root = tree({"x.py/a.py": ""})
    assert discover([root / "x.py"]).root == root / "x.py"
    assert names(discover([root]).selected, root) == ["x.py/a.py"]


def test_an_empty_folder_called_git_is_no_repository(tree):
    """Git asks for a HEAD; a folder that merely has the name does not move the root."""
    root = tree({"pkg/a.py": ""})
    (root / ".git").mkdir()
    assert discover([root / "pkg"]).root == root / "pkg"


def test_without_git_the_root_is_the_common_folder(tree):
    """Files and folders alike: the deepest folder that holds them all."""
    root = tree({"x/a/one.py": "", "x/b/two.py": ""})
    assert discover([root / "x/a/one.py", root / "x/b"]).root == root / "x"
    assert discover([root / "x/a/one.py"]).root == root / "x/a"


def test_without_git_the_context_is_the_neighbours_only(tree):
    """A single script in a home folder must not make the pre-pass walk all of the home folder."""
    root = tree({"s/one.py": "", "s/helper.py": "", "s/deep/other.py": "", "three.py": ""})
    found = discover([root / "s/one.py"])
    assert names(found.context(), root) == ["s/helper.py", "s/one.py"]


def test_an_empty_folder_selects_nothing_and_is_no_problem(tmp_path):
    """What to say of it is the command line's business."""
    found = discover([tmp_path])
    assert found.selected == ()
    assert not found.problems


def test_paths_of_another_tree_are_refused(tree):
    """A run is about one repository; what lies outside of it is said, not mixed in."""
    root = tree({"one/a.py": "", "two/b.py": ""})
    (root / "one/.git").mkdir()
    (root / "one/.git/HEAD").write_text("")
    found = discover([root / "one", root / "two"])
    assert names(found.selected, root) == ["one/a.py"]
    assert "outside of" in found.problems[root / "two"]


def test_each_unusable_path_has_one_sentence(tree):
    """Missing, wrong ending, pipe, socket, device, link loop, dangling link, nonsense."""
    root = tree({"a.py": "", "notes.txt": "", "a.py.bak": ""})
    os.mkfifo(root / "pipe.py")
    (root / "loop.py").symlink_to("loop.py")
    (root / "gone.py").symlink_to("nothing.py")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(root / "s.py"))
    expected = {
        root / "missing.py": "does not exist",
        root / "a.py" / "b.py": "a part of the path is a file",
        root / "notes.txt": "does not end in .py",
        root / "a.py.bak": "does not end in .py",
        root / "pipe.py": "named pipe",
        root / "s.py": "socket",
        Path("/dev/null"): "device",
        root / "loop.py": "leads back to itself",
        root / "gone.py": "does not exist",
        root / ("x" * 300 + ".py"): "too long",
        Path("nul\0.py"): "not a possible path",
    }
    found = discover([root / "a.py", *expected])
    assert names(found.selected, root) == ["a.py"]
    assert set(found.problems) == set(expected)
    for path, part in expected.items():
        assert part in found.problems[path]
        assert "\n" not in found.problems[path]
    assert discover([""]).problems[Path("")] == "is not a possible path"


def test_notebooks_are_found_like_files(tree):
    """A notebook is selected named or on the way, but not the checkpoints that Jupyter keeps."""
    root = tree(
        {
            "a.py": "",
            "sub/n.ipynb": "{}",
            "m.ipynb": "",
            ".ipynb_checkpoints/m-checkpoint.ipynb": "",
        }
    )
    assert names(discover([root]).selected, root) == ["a.py", "m.ipynb", "sub/n.ipynb"]
    assert names(discover([root / "m.ipynb"]).selected, root) == ["m.ipynb"]
    assert names(discover([root], exclude=["*.ipynb"]).selected, root) == ["a.py"]
    (root / "x.ipynb").symlink_to("a.py")
    assert "does not end in" in discover([root / "x.ipynb"]).problems[root / "x.ipynb"]


def test_a_pipe_met_while_walking_is_said_and_not_opened(tree):
    """A named pipe that is called x.py would stop the run for ever."""
    root = tree({"a.py": ""})
    os.mkfifo(root / "pipe.py")
    found = discover([root])
    assert names(found.selected, root) == ["a.py"]
    assert found.problems == {root / "pipe.py": "is a named pipe, not a file"}
    with pytest.raises(SourceError, match="named pipe"):
        read(root / "pipe.py", root)


def test_a_folder_that_cannot_be_listed_is_said(tree, monkeypatch):
    """A folder without permission is named; the rest is still found."""
    root = tree({"a.py": "", "locked/b.py": ""})
    real = os.scandir

    def scandir(path):
        if str(path).endswith("locked"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = discover([root])
    assert names(found.selected, root) == ["a.py"]
    assert found.problems == {root / "locked": "cannot be read: permission denied"}


def test_a_file_without_read_permission_is_said(tree, monkeypatch):
    """Simulated through os.access: root may read everything."""
    root = tree({"a.py": ""})
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert discover([root / "a.py"]).problems[root / "a.py"] == "cannot be read: permission denied"


def test_links_are_not_followed_while_walking(tree):
    """Neither links to files nor to folders, so a walk ends and never leaves the tree."""
    root = tree({"in/real.py": "", "out/secret.py": ""})
    (root / "in/link.py").symlink_to("real.py")
    (root / "in/away.py").symlink_to(root / "out/secret.py")
    (root / "in/up").symlink_to("..")
    found = discover([root / "in"])
    assert names(found.selected, root) == ["in/real.py"]
    assert not found.problems


def test_a_link_that_is_named_stands_for_its_target(tree):
    """The target is edited once, however often it is named, and only inside the tree."""
    root = tree({"in/real.py": "", "in/keep.py": "", "out/secret.py": "", "out/data.txt": ""})
    (root / "in/link.py").symlink_to("real.py")
    (root / "in/away.py").symlink_to(root / "out/secret.py")
    (root / "in/text.py").symlink_to(root / "out/data.txt")
    (root / "door").symlink_to("in")
    found = discover([root / "in", root / "in/link.py", root / "in/away.py", root / "in/text.py"])
    assert names(found.selected, root) == ["in/keep.py", "in/real.py"]
    assert "name that file itself" in found.problems[root / "in/away.py"]
    assert "does not end in .py" in found.problems[root / "in/text.py"]
    assert discover([root / "door" / "link.py"]).selected == (root / "in/real.py",)


def test_two_hard_links_are_two_files(tree):
    """Both names are in the tree, so both are migrated."""
    root = tree({"a.py": "x = 1\n"})
    os.link(root / "a.py", root / "b.py")
    assert names(discover([root]).selected, root) == ["a.py", "b.py"]


def test_exclusions_are_names_or_paths_from_the_root(tree):
    """A bare pattern holds for any file or folder, one with a slash from the root down."""
    root = tree({"a.py": "", "old/b.py": "", "x/old/c.py": "", "x/gen_pb2.py": "", "x/d.py": ""})
    assert names(discover([root], exclude=["old", "*_pb2.py"]).selected, root) == ["a.py", "x/d.py"]
    kept = names(discover([root], exclude=["./x/old/"]).selected, root)
    assert kept == ["a.py", "old/b.py", "x/d.py", "x/gen_pb2.py"]
    assert names(files.python_files(root, exclude=["x/*"]), root) == ["a.py", "old/b.py"]


def test_a_named_path_is_excluded_only_by_force(tree):
    """As in ruff: what a user names is meant; a commit hook, which names all, forces."""
    root = tree({"a.py": "", "old/b.py": ""})
    both = [root / "a.py", root / "old" / "b.py"]
    assert len(discover(both, exclude=["old"]).selected) == 2
    forced = discover(both, exclude=["old"], force_exclude=True)
    assert names(forced.selected, root) == ["a.py"]
    assert not forced.problems


def test_weird_names_are_found_and_shown_on_one_line(tree):
    """Newlines, quotes, spaces, other scripts and bytes that are not UTF-8."""
    weird = ["new\nline.py", "quo\"te'.py", " space .py", "größe.py", "\udcff.py", "-n.py"]
    root = tree(dict.fromkeys(weird, "x = 1\n"))
    found = discover([root])
    assert sorted(names(found.selected, root)) == sorted(weird)
    for path in found.selected:
        source = read(path, root)
        assert source.relative == path.name
        assert source.name.isprintable()
        assert source.name.encode()
        files.replace(source, "x = 2\n")
        assert path.read_bytes() == b"x = 2\n"
    assert files.printable("größe.py") == "größe.py"
    assert files.printable("a\nb\udcff") == "a\\nb\\udcff"


def test_relative_paths_and_dots_are_made_absolute(tree, monkeypatch):
    """What the shell gives, from whatever folder."""
    root = tree({"pkg/a.py": ""})
    monkeypatch.chdir(root / "pkg")
    assert discover(["a.py", "./a.py", "../pkg/a.py", "."]).selected == (root / "pkg/a.py",)


def test_apple_double_files_are_not_python(tree):
    """macOS leaves binary ._x.py files on foreign disks."""
    root = tree({"._a.py": b"\0\5\x16\7", ".hidden.py": ""})
    assert names(discover([root]).selected, root) == [".hidden.py"]


def test_importing_it_is_quick():
    """The commit hook imports it before it knows whether there is anything to do."""
    heavy = {"libcst", "rich", "asyncio", "typing", "dataclasses", "inspect", "subprocess"}
    heavy |= {"tempfile", "difflib", "multiprocessing", "concurrent", "logging", "shutil"}
    code = f"""
import sys
before = set(sys.modules)
import migrator.files, migrator.pool
new = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(*sorted({heavy!r} & new))
"""
    root = Path(files.__file__).parent.parent
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    assert result.stdout.split() == []


def test_all_public_names_are_offered():
    """__all__ of each module is complete, and files offers what sources and writing hold."""
    for module in (files, sources, writing):
        for name in module.__all__:
            assert getattr(module, name).__doc__ or name == "MAX_BYTES"
    assert set(writing.__all__) <= set(files.__all__)
