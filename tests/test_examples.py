"""The examples and the README's Python run as they stand."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import matplotlib
import pytest

ROOT = Path(__file__).parents[1]


# These take ten seconds and more. `make docs` runs every example.
SLOW = ("plot_first_fit.py", "plot_landmark_saliency.py", "plot_drawn_smiles.py",
        "plot_branches_and_fusion.py", "plot_explain_decision.py", "plot_tuning.py",
        "plot_compare_systems.py", "plot_subject_wise.py", "plot_frame_rate.py")


@pytest.mark.parametrize("file", [
    pytest.param(file, id=file.name, marks=[pytest.mark.slow] * (file.name in SLOW))
    for file in sorted((ROOT / "examples").glob("plot_*.py"))])
def test_examples_run(file, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    matplotlib.use("Agg")
    runpy.run_path(str(file))


def test_the_readme_runs_as_it_stands(monkeypatch, tmp_path, capsys):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"),
                        flags=re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(blocks[0], "README.md", "exec"), {"__name__": "readme"})
    assert len(re.findall(r"0\.\d+", capsys.readouterr().out)) == 5
    assert (tmp_path / "cache").exists()


@pytest.mark.parametrize("file", ["README.md", "CONTRIBUTING.md", *sorted(
    f"docs/{f.name}" for f in (ROOT / "docs").glob("*.md"))])
def test_links_lead_somewhere(file):
    text = (ROOT / file).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if not target.startswith("http"):
            assert ((ROOT / file).parent / target).exists(), target
