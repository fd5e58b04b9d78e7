"""Pins of TensorFlow in the files that install it: found, changed in place, left where right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from migrator import cli, scripts
from migrator.pins import Programs, look, names_pins
from migrator.pins.needs import admits, python_fits, requirement, too_old, wanted_line
from migrator.results import Outcome

KERAS = {"main.py": ("tf-keras",)}


def became(path: str, text: str, needs: dict[str, tuple[str, ...]] | None = None) -> str:
    """Return what becomes of one file of a repository whose ``main.py`` moves."""
    programs = Programs(("main.py",), (), needs or {})
    found = list(look("/nowhere", [path], programs, lambda name: text, scripts.commands))
    new = found[0].text if found and found[0].text is not None else text
    again = list(look("/nowhere", [path], programs, lambda name: new, scripts.commands))
    assert not again or again[0].text is None, "a second run changes something"
    return new


def told(path: str, text: str, needs: dict[str, tuple[str, ...]] | None = None) -> list[str]:
    """Return ``line code outcome`` of the findings."""
    programs = Programs(("main.py",), (), needs or {})
    found = list(look("/nowhere", [path], programs, lambda name: text, scripts.commands))
    for file in found:
        for finding in file.findings:
            assert finding.recipe or finding.outcome is not Outcome.MANUAL
    return [f"{f.span.line} {f.code} {f.outcome}" for file in found for f in file.findings]


W = ">=2.16,<2.22"

CHANGED = [
    ("requirements.txt", "tensorflow==1.15\n", f"tensorflow{W}\n"),
    ("requirements.txt", "tensorflow == 1.15.0 # old\n", f"tensorflow{W} # old\n"),
    ("requirements.txt", "TensorFlow>=1.9", f"TensorFlow{W}"),
    ("requirements.txt", "tensorflow-gpu\r\nsix\r\n", f"tensorflow[and-cuda]{W}\r\nsix\r\n"),
    ("requirements.txt", "tensorflow_gpu==1.4.1\n", f"tensorflow[and-cuda]{W}\n"),
    ("requirements.txt", "tensorflow>=1.15.*,<2\n", f"tensorflow{W}\n"),
    ("requirements.txt", "tf-nightly==1.15.0.dev1\n", f"tensorflow{W}\n"),
    ("requirements.txt", "tensorflow>=2.0,<2.10\n", f"tensorflow{W}\n"),
    ("requirements-dev.txt", "tensorflow\ntensorboard<2\n", f"tensorflow\ntensorboard{W}\n"),
    ("reqs/base.in", "tensorflow~=1.14\n", f"tensorflow{W}\n"),
    ("requirements/cpu.txt", "tensorflow==1.15\n", f"tensorflow{W}\n"),
    ("setup.py", "D = ['tensorflow==1.15.5']\n", f"D = ['tensorflow{W}']\n"),
    ("setup.py", "TF = 'tensorflow>=1.4'\n", f"TF = 'tensorflow{W}'\n"),
    ("setup.cfg", "[options]\ninstall_requires =\n  tensorflow<2\n", None),
    ("tox.ini", "[testenv]\ndeps =\n    tensorflow==1.12\n    pytest\n", None),
    ("pyproject.toml", '[project]\ndependencies = ["six", "tensorflow<2"]\n', None),
    ("pyproject.toml", '[tool.poetry.dependencies]\ntensorflow = "^1.15"\n', None),
    ("pyproject.toml", '[project.optional-dependencies]\ntf = ["tensorflow==1.15"]\n', None),
    ("environment.yml", "dependencies:\n  - tensorflow=1.15=gpu_py37\n", None),
    ("environment.yml", "dependencies:\n  - pip:\n    - tensorflow==1.15  # x\n", None),
    ("Pipfile", '[packages]\ntensorflow = "==1.15"\n', None),
    (
        "Dockerfile",
        "FROM tensorflow/tensorflow:1.15.0-gpu-py3-jupyter AS base\n",
        "FROM tensorflow/tensorflow:2.19.0-gpu-jupyter AS base\n",
    ),
    ("Dockerfile", "RUN pip3 install tensorflow==1.15 six\n", None),
    ("Dockerfile", 'RUN pip install six \\\n  "tensorflow<2"\n', None),
    (".travis.yml", "install:\n  - pip install tensorflow==1.4.1\n", None),
    (".github/workflows/test.yml", "run: |\n  pip install 'tensorflow==1.15.*'\n", None),
    ("install.sh", "pip install --upgrade tensorflow-gpu==1.8.0\n", None),
]


@pytest.mark.parametrize(("path", "before", "after"), CHANGED, ids=[f"{r[0]}" for r in CHANGED])
def test_a_pin_of_tensorflow_1_is_changed(path: str, before: str, after: str | None) -> None:
    """In place: what stands around it stays, and a second run finds nothing to do."""
    new = became(path, before)
    if after is not None:
        assert new == after
    else:
        assert W in new and new != before
        assert len(new.splitlines()) == len(before.splitlines())


LEFT = [
    ("setup.py", "setup(description='tensorflow==1.4 tools')  # tensorflow==1.4\n"),
    ("setup.py", "d['extra'].append('tensorflow>=1.4; python_version<\"3\"')\n"),
    ("Dockerfile", "# pip install tensorflow==${TF}\nRUN echo tensorflow==1.4\n"),
    ("Dockerfile", "FROM tensorflow/tensorflow:latest-gpu\n"),
    ("requirements.txt", "tensorflow\nnumpy\n"),
    ("requirements.txt", "tensorflow>=2.16\n"),
    ("requirements.txt", "tensorflow==2.21.0\n"),
    ("requirements.txt", "tensorflow~=2.18.0\n"),
    ("requirements.txt", "tensorflow-cpu>=2.17\n"),
    ("requirements.txt", "# tensorflow==1.15\n"),
    ("requirements.txt", 'tensorflow==1.15; python_version < "3"\n'),
    ("Dockerfile", "ARG TF=2.18.0\nFROM tensorflow/tensorflow:${TF}-gpu\n"),
    ("Dockerfile", "ARG TF=2.18.0\nRUN pip install tensorflow==$TF\n"),
    ("requirements.txt", "tensorflow-datasets\nbert-tensorflow==1.0.1\n"),
    ("requirements.txt", "torch==1.4\nnumpy==1.14\n"),
    ("setup.py", "for name in ['tensorflow', 'tensorflow-gpu']: pass\n"),
    ("setup.py", "setup(description='tensorflow==1.15 is needed')\n"),
    ("setup.py", "print 'tensorflow==1.15'\n"),
    ("pyproject.toml", '[tool.other]\ndependencies_text = "tensorflow==1.15"\n'),
    ("environment.yml", "dependencies:\n  - tensorflow\n"),
    ("Dockerfile", "FROM tensorflow/tensorflow:latest-gpu\n"),
    ("Dockerfile", "FROM tensorflow/tensorflow:2.18.0\n"),
    ("Dockerfile", "FROM $BASE\nRUN pip install tensorflow==$VERSION\n"),
    (".travis.yml", "script: echo tensorflow==1.15\n"),
    ("sub/requirements.txt", "tensorflow==1.15\n"),
    ("README.md", "Needs tensorflow==1.15.\n"),
]


@pytest.mark.parametrize(("path", "text"), LEFT, ids=[f"{row[0]}" for row in LEFT])
def test_what_is_right_or_no_pin_is_left(path: str, text: str) -> None:
    """Nothing is said, either."""
    assert told(path, text) == []


MANUAL = [
    ("requirements.txt", "tensorflow==1.15 \\\n  --hash=sha256:00\n", ["1 TFM834 manual"]),
    ("requirements.txt", "tensorflow\nnumpy<1.19\n", ["2 TFM835 manual"]),
    (
        "requirements.txt",
        "tensorflow\nprotobuf==3.6\nh5py<3\n",
        ["2 TFM835 manual", "3 TFM835 manual"],
    ),
    ("requirements.txt", "tensorflow\ntensorflow-estimator==1.15\n", ["2 TFM835 manual"]),
    (
        "requirements.txt",
        "https://storage.googleapis.com/tensorflow/linux/cpu/tensorflow-0.12.1-cp35-cp35m.whl\n",
        ["1 TFM834 manual"],
    ),
    ("setup.py", "setup(python_requires='>=3.5,<3.8')\n", ["1 TFM835 manual"]),
    ("Pipfile", '[requires]\npython_version = "3.6"\n', ["2 TFM835 manual"]),
    ("environment.yml", "dependencies:\n  - python=3.6\n", ["2 TFM835 manual"]),
    ("runtime.txt", "python-3.6.8\n", ["1 TFM835 manual"]),
    ("Dockerfile", "FROM python:3.7-slim\n", ["1 TFM835 manual"]),
    ("Dockerfile", "FROM gcr.io/tensorflow/tensorflow:0.12.0\n", ["1 TFM834 manual"]),
    ("Dockerfile", "FROM tensorflow/serving:1.15.0\n", ["1 TFM834 manual"]),
    ("Dockerfile", "FROM tensorflow/tensorflow:1.15.0-devel\n", ["1 TFM834 manual"]),
    ("x.sh", "sh -c 'pip install tensorflow==1.15'\n", ["1 TFM834 manual"]),
    # where no change can be followed
    ("Dockerfile", "ARG TF=1.15\nRUN pip install tensorflow==${TF}\n", ["2 TFM834 manual"]),
    ("Dockerfile", 'RUN ["pip", "install", "tensorflow==1.4"]\n', ["1 TFM834 manual"]),
    ("Dockerfile", "FROM tensorflow/tensorflow:${TF}-py3\n", ["1 TFM834 manual"]),
    ("Dockerfile", "FROM tensorflow/tensorflow:latest-gpu-py3\n", ["1 TFM834 manual"]),
    ("Dockerfile", "FROM nvcr.io/nvidia/tensorflow:19.05-py3\n", ["1 TFM834 manual"]),
    (
        ".github/workflows/ci.yml",
        "        tf: ['1.14', '1.15']\n      - run: pip install tensorflow==${{ matrix.tf }}\n",
        ["2 TFM834 manual"],
    ),
    ("setup.py", "x = 'tensorflow-gpu<2' if gpu else 'tensorflow<2'\n", ["1 TFM834 manual"] * 2),
    ("setup.py", "install.append('tensorflow>=1.8.0')\n", ["1 TFM834 manual"]),
    ("setup.py", "setup(install_requires='tensorflow==1.4')\n", ["1 TFM834 manual"]),
    ("setup.cfg", "[options.extras_require]\ntf = tensorflow>=1.4\n", ["2 TFM834 manual"]),
    ("tox.ini", "deps =\n  tf112: tensorflow==1.12\n", ["2 TFM834 manual"]),
    ("requirements.txt", 'tensorflow==1.15; python_version < "3.8"\n', ["1 TFM835 manual"]),
]


@pytest.mark.parametrize(("path", "text", "expected"), MANUAL, ids=[f"{r[0]}" for r in MANUAL])
def test_what_needs_a_person_is_reported(path: str, text: str, expected: list[str]) -> None:
    """By line, and the file stays."""
    assert told(path, text) == expected
    assert became(path, text) == text


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("requirements.txt", "a\ntensorflow", f"a\ntensorflow\ntf-keras{W}"),
        ("requirements.txt", "tensorflow<2\r\nb\r\n", f"tensorflow{W}\r\ntf-keras{W}\r\nb\r\n"),
        ("requirements.txt", "tensorflow\ntf_keras\n", "tensorflow\ntf_keras\n"),
        (
            "setup.py",
            "setup(install_requires=['tensorflow<2', 'six'])\n",
            f"setup(install_requires=['tensorflow{W}', 'tf-keras{W}', 'six'])\n",
        ),
        (
            "pyproject.toml",
            "[tool.poetry.dependencies]\ntensorflow = '<2'\n",
            f"[tool.poetry.dependencies]\ntensorflow = '{W}'\ntf-keras = \"{W}\"\n",
        ),
        (
            "Dockerfile",
            "RUN pip install tensorflow==1.15\n",
            f"RUN pip install 'tensorflow{W}' 'tf-keras{W}'\n",
        ),
    ],
)
def test_packages_that_the_program_needs_are_added(path: str, text: str, expected: str) -> None:
    """Behind TensorFlow, in the file's own style, once."""
    assert became(path, text, KERAS) == expected


def test_requirements_read_as_pip_does() -> None:
    """What pins, what lets in old releases, and which Python is asked for."""
    assert [admits(spec) for spec in ("", ">=2.16", "==2.17.*", "~=2.18.0")] == [True] * 4
    assert [admits(spec) for spec in (">=1.9", "==1.15", "^1.15", "<3", "=1.15")] == [False] * 5
    assert too_old("numpy", "<1.20") and too_old("numpy", "==1.16.4")
    assert not too_old("numpy", "<2") and not too_old("numpy", "==1.26.4")
    assert not too_old("torch", "==0.1")
    assert python_fits(">=3.6") and python_fits("~=3.8") and python_fits("==3.11.*")
    assert not python_fits("3.6") and not python_fits(">=3.5,<3.8") and not python_fits("=3.7")
    found = requirement('tensorflow_gpu[x] >= 1.4 , < 2 ; python_version > "3"')
    assert found is not None and found.name == "tensorflow-gpu" and found.extras == "[x]"
    assert wanted_line(found) == f"tensorflow[x]{W}"


def test_the_kinds_of_files() -> None:
    """By name and folder."""
    assert names_pins("requirements-gpu.txt", "") == "requirements"
    assert names_pins("notes.txt", "") is None
    assert names_pins("vgg16.yml", "configs") is None
    assert names_pins("Dockerfile.gpu", "docker") == "docker"
    assert names_pins("env.yaml", "") == "conda"


SCRIPT = """#!/bin/sh
# freeze_graph --help
python -m tensorflow.python.tools.freeze_graph --input_meta_graph=model.ckpt.meta
python freeze_graph.py x
saved_model_cli show --dir x
test -f ${NET}.meta && ls
"""


def test_commands_of_scripts() -> None:
    """The tools and files that change are named; the repository's own scripts are not."""
    assert told("run.sh", SCRIPT) == [
        "3 TFM837 manual",
        "3 TFM838 manual",
        "5 TFM837 kept",
        "6 TFM838 manual",
    ]
    assert became("run.sh", SCRIPT) == SCRIPT
    readme = "Call freeze_graph -x now.\n\n```\ntoco --a=b\n```\n"
    assert told("README.md", readme) == ["4 TFM837 manual"]


LEGACY = """import tensorflow as tf

w = tf.get_variable("w", [2])
saver = tf.train.Saver()
"""


def test_a_run_over_a_folder_changes_them_and_over_a_file_does_not(tmp_path: Path) -> None:
    """A hook names files: it leaves requirement files alone; includes are followed."""
    (tmp_path / "more").mkdir()
    (tmp_path / "main.py").write_text(LEGACY, encoding="utf-8")
    (tmp_path / "requirements.txt").write_text("-r more/old.txt\n", encoding="utf-8")
    pins = tmp_path / "more" / "old.txt"
    pins.write_text("tensorflow==1.15\n# migrator: keep\n", encoding="utf-8")
    report = tmp_path / "report.json"
    words = ["migrate", "-q", "-q", "--tier", "session", "--report", str(report)]
    cli.main([*words, str(tmp_path / "main.py")])
    files = {file["path"] for file in json.loads(report.read_text(encoding="utf-8"))["files"]}
    assert files == {"main.py", "tf2_bridge.py"}
    cli.main([*words, "--safe-only", str(tmp_path)])
    cli.main([*words, "--ignore", "TFM834", str(tmp_path)])
    cli.main([*words, str(tmp_path)])
    assert "1.15" in pins.read_text(encoding="utf-8")
    for suffix in (".html", ".md", ".sarif", ".txt"):
        words += ["--report", str(tmp_path / f"report{suffix}")]
    cli.main([*words, "--write", str(tmp_path)])
    assert pins.read_text(encoding="utf-8") == f"tensorflow{W}\n# migrator: keep\n"
    for suffix in (".html", ".md", ".sarif"):
        assert "more/old.txt" in (tmp_path / f"report{suffix}").read_text(encoding="utf-8")
