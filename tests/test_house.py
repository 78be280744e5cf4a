"""The house is in order: layers, style, types, quick import, files that are not crowded."""

from __future__ import annotations

import ast
import re
import shutil
import statistics
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "smilegenuine"


def run(*command):
    """Run a tool of this environment in the project's folder."""
    tool = shutil.which(command[0], path=str(Path(sys.executable).parent)) or command[0]
    return subprocess.run([tool, *command[1:]], cwd=ROOT, capture_output=True, text=True,
                          check=False)


@pytest.mark.parametrize("command", [("ruff", "check", "."), ("mypy",), ("lint-imports",)],
                         ids=lambda c: c[0])
def test_linters_have_nothing_to_say(command):
    result = run(*command)
    assert result.returncode == 0, result.stdout + result.stderr


def import_seconds():
    """Seconds that `import smilegenuine` takes in a fresh interpreter, beyond its own start."""
    code = ("import time; began = time.perf_counter(); import smilegenuine; "
            "print(time.perf_counter() - began)")
    return float(run(sys.executable, "-c", code).stdout)


def test_import_is_quick():
    assert statistics.median(import_seconds() for _ in range(3)) < 0.5


@pytest.mark.parametrize("use", [
    "import smilegenuine",
    "from smilegenuine import AUDA, AUDASVMEnsemble, FaceAligner, make_system, save_model",
    "from smilegenuine import StackingFusion, evaluate; import smilegenuine.cli",
    "from smilegenuine.datasets import make_smiles, load_auda, load_landmarks, load_openface",
    "from smilegenuine import FaceLandmarks, BlendshapeActionUnits, DMarkers, make_system; "
    "make_system('dmarkers')",
])
def test_nobody_imports_torch_unasked(use):
    result = run(sys.executable, "-c", f"{use}; import sys; print('torch' in sys.modules)")
    assert result.stdout.strip() == "False", result.stderr


def test_nobody_needs_mediapipe_unasked():
    """Systems that look at landmarks can be made, and clips that know theirs be used, without."""
    result = run(sys.executable, "-c", "import sys; sys.modules['mediapipe'] = None; "
                 "from smilegenuine.systems.named_systems import SYSTEMS, make_system; "
                 "print(len([make_system(name) for name in SYSTEMS]))")
    assert result.stdout.strip() == "16", result.stderr


def test_every_lazy_name_is_known_to_type_checkers():
    import smilegenuine

    text = (PACKAGE / "__init__.py").read_text(encoding="utf-8")
    typed = {alias.asname for node in ast.walk(ast.parse(text))
             if isinstance(node, ast.ImportFrom) for alias in node.names if alias.asname}
    assert typed == set(smilegenuine._ROOMS)


@pytest.mark.parametrize("file", sorted(PACKAGE.rglob("*.py")),
                         ids=lambda f: str(f.relative_to(PACKAGE)))
def test_files_and_functions_stay_small(file):
    source = file.read_text(encoding="utf-8")
    assert source.count("\n") <= 520
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = node.end_lineno - body[0].lineno + 1 if body else 0
            assert lines <= 70, f"{node.name} has {lines} lines of code"


def test_constraints_pin_everything_that_is_asked_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(w for extra in extras.values() for w in extra)]
    names = {re.split(r"[<>=\[ ]", w)[0].lower().replace("_", "-") for w in wanted}
    pinned = {line.split("==")[0].lower().replace("_", "-")
              for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
              if "==" in line}
    assert names <= pinned, names - pinned


def test_the_version_is_one():
    import smilegenuine

    assert smilegenuine.__version__ == run(
        sys.executable, "-c", "from importlib.metadata import version; "
                              "print(version('smilegenuine'))").stdout.strip()


def test_time_is_measured_by_benchmarks_and_not_here():
    # The one exception is the import, whose promise is a number of seconds.
    timed = [f.name for f in (ROOT / "tests").rglob("test_*.py")
             if "perf_counter" in f.read_text(encoding="utf-8")]
    assert timed == ["test_house.py"]


#: Rooms that may share a basename: a network and the classifier that owns it are one system's.
NETWORK_AND_CLASSIFIER = {"nets", "classifiers"}


def test_the_package_has_rooms_and_hardly_a_loose_file():
    assert {p.name for p in PACKAGE.glob("*.py")} == {"__init__.py", "__main__.py", "_version.py"}
    assert len(list(PACKAGE.glob("*/__init__.py"))) <= 26
    assert not list(PACKAGE.glob("*/*/*.py"))  # two levels
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    assert len(contracts["contracts"][0]["layers"]) <= 16


def test_no_basename_means_two_things():
    for folder, pattern in ((PACKAGE, "*.py"), (ROOT / "tests", "test_*.py")):
        places = defaultdict(list)
        for file in folder.rglob(pattern):
            if file.name != "__init__.py":
                places[file.name].append(file.parent.name)
        twice = {name: rooms for name, rooms in places.items() if len(rooms) > 1}
        assert all(set(rooms) == NETWORK_AND_CLASSIFIER for rooms in twice.values()), twice


def test_the_map_is_true():
    """The table of rooms in CONTRIBUTING.md: all of them, in the order of the layers."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rooms = re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE)
    assert sorted(rooms) == sorted(file.parent.name for file in PACKAGE.glob("*/__init__.py"))
    layers = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"][0]["layers"]
    height = {room.strip(): k for k, layer in enumerate(reversed(layers))
              for room in layer.split("|")}
    assert [height[room] for room in rooms] == sorted(height[room] for room in rooms)
    named = re.findall(r"`((?:\w+/)+\w+\.\w+)`", text)
    assert len(named) > 30
    missing = [name for name in named if not (ROOT / name).exists()
               and not (PACKAGE / name).exists()]
    assert not missing, missing
