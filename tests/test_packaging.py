"""What is built from the repository installs whole, under its own names.

The wheel is built once, by way of the source archive, as pip does it; that takes seconds.
"""

from __future__ import annotations

import email
import importlib.util
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import migrator

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("build", "hatchling"))),
    reason="build and hatchling are not installed: pip install build hatchling",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """The folder with the source archive and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("built")
    result = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built) -> zipfile.ZipFile:
    """The wheel."""
    (path,) = built.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory) -> Path:
    """A folder into which pip installed the wheel, without its dependencies."""
    folder = tmp_path_factory.mktemp("installed")
    (path,) = built.glob("*.whl")
    result = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet"),
            *("--disable-pip-version-check", "--no-compile", "--target", folder, path),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return folder


def sources(*folders: str) -> set[str]:
    """Return the files below folders of the repository that git has or would add."""
    result = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *folders],
        capture_output=True,
        cwd=ROOT,
        check=False,
    )
    if result.returncode:
        pytest.skip("not a git checkout")
    names = {os.fsdecode(name) for name in result.stdout.split(b"\0") if name}
    return {name for name in names if (ROOT / name).is_file()}


def run(code: str, path: Path) -> str:
    """Run code outside of the checkout, with ``path`` before all other packages."""
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=path,
        env={**os.environ, "PYTHONPATH": str(path)},
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_the_wheel_holds_every_file_of_the_package(wheel):
    """Modules, tables, templates, rules and fixtures: all that git knows, under migrator/."""
    expected = sources("migrator", "rules", "fixtures/legacy", "fixtures/models")
    wanted = {name if name.startswith("migrator/") else f"migrator/{name}" for name in expected}
    for part in ("migrator/rules/", "migrator/fixtures/legacy/", "migrator/fixtures/models/"):
        assert any(name.startswith(part) for name in wanted), part
    assert {"migrator/cli/__init__.py", "migrator/py.typed", "migrator/rules/__init__.py"} <= wanted
    assert wanted - set(wheel.namelist()) == set()


def test_the_wheel_holds_nothing_else(wheel):
    """No top-level ``rules``, which belongs to another distribution, no tests, no caches."""
    names = wheel.namelist()
    info = f"tf_migrator-{migrator.__version__}.dist-info"
    assert {name.partition("/")[0] for name in names} == {"migrator", info}
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
    assert len(names) == len(set(names))
    assert not [name for name in names if name.startswith("migrator/tests")]


def test_the_metadata_says_what_it_is(wheel):
    """Name, version, licence, command; TensorFlow only as an extra."""
    info = f"tf_migrator-{migrator.__version__}.dist-info"
    data = email.message_from_bytes(wheel.read(f"{info}/METADATA"))
    assert data["Name"] == "tf-migrator"
    assert data["Version"] == migrator.__version__
    assert data["License-Expression"] == "Apache-2.0"
    assert wheel.read(f"{info}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
    commands = wheel.read(f"{info}/entry_points.txt").decode().split()
    assert commands == ["[console_scripts]", "migrator", "=", "migrator.cli:main"]
    required = [name for name in data.get_all("Requires-Dist") if "extra ==" not in name]
    assert any(name.startswith("libcst") for name in required)
    assert not [name for name in required if name.startswith(("tensorflow", "tf", "numpy"))]


def test_the_source_archive_holds_the_repository(built):
    """Tests and fixtures included, so that a distributor can test what it packages."""
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = sources("migrator", "rules", "tests", "fixtures")
    wanted |= {"pyproject.toml", "README.md", "LICENSE"}
    assert wanted - names == set()


def test_the_installed_rules_are_those_of_the_package(installed):
    """The rules load from the wheel as migrator.rules, and are all of the checkout's."""
    code = (
        "from migrator import rulebook; package = rulebook.load_package();"
        "print(package.__name__, package.__file__, *[rule.code for rule in rulebook.all_rules()])"
    )
    name, file, *codes = run(code, installed).split()
    assert name == "migrator.rules"
    assert Path(file) == installed / "migrator" / "rules" / "__init__.py"
    _, file, *checkout = run(code, ROOT).split()
    assert Path(file) == ROOT / "rules" / "__init__.py"
    assert codes == checkout != []


def test_another_package_called_rules_lives_beside_it(installed, tmp_path):
    """Neither overwrites the other, and ours never answers to the name."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "__init__.py").write_text("OTHERS = True\n")
    code = (
        f"import sys; sys.path.append({str(installed)!r});"
        "import rules; from migrator import rulebook;"
        "print(rules.OTHERS, rulebook.load_package() is not rules)"
    )
    assert run(code, tmp_path) == "True True"


def test_the_checkouts_rules_refuse_to_be_the_package_rules(tmp_path):
    """``import rules`` in a checkout says what to import instead."""
    code = "try:\n    import rules\nexcept ImportError as error:\n    print(error)"
    assert "migrator.rules" in run(code, ROOT)


def test_the_command_runs_where_it_is_installed(installed):
    """The script that pip made, outside of the checkout."""
    result = subprocess.run(
        [sys.executable, installed / "bin" / "migrator", "--version"],
        capture_output=True,
        text=True,
        cwd=installed,
        env={**os.environ, "PYTHONPATH": str(installed)},
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert migrator.__version__ in result.stdout


def test_an_editable_install_is_the_checkout(tmp_path):
    """pip install -e puts the checkout on the path, and copies nothing."""
    code = f"import hatchling.build as b; b.build_editable({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
    (path,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        names = [name for name in wheel.namelist() if ".dist-info/" not in name]
        assert [name for name in names if not name.endswith(".pth")] == []
        lines = [line for name in names for line in wheel.read(name).decode().splitlines()]
    assert lines == [str(ROOT)]
