"""A command run in this process, and what it is run on: made once for all its tests."""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from cli_inputs import KINDS, write_openface
from drawn import known_clips

from smilegenuine.cli import main
from smilegenuine.datasets import make_smiles


@pytest.fixture
def run(capsys):
    """Run a command in this process, quietly: exit status, what it printed, what it complained."""

    def call(command: str, *args: object) -> tuple[int, str, str]:
        status = main([command, "--quiet", "--n-jobs", "1", *map(str, args)])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return call


@pytest.fixture(scope="session")
def videos(tmp_path_factory) -> Path:
    """Eight drawn videos of four people, with labels.csv; blanks and accents in the path."""
    folder = tmp_path_factory.mktemp("cli") / "drawn vidéos"
    make_smiles(4, 2, fps=12, size=112, head_motion=0.5, random_state=3, folder=folder)
    return folder


@pytest.fixture(scope="session")
def trained(videos, tmp_path_factory) -> dict:
    """A model trained by the command on the videos, with bars; what it said; its cache."""
    folder = tmp_path_factory.mktemp("trained")
    model, cache = folder / "new folder" / "model.skops", folder / "cache"
    out, err = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        status = main(["train", str(videos), "-o", str(model), "--folds", "2", "--cache",
                       str(cache), "--n-jobs", "1"])
    return {"status": status, "model": model, "cache": cache, "out": out.getvalue(),
            "err": err.getvalue()}


@pytest.fixture
def tables(tmp_path) -> Path:
    """Ten OpenFace-like files of five people, and set.csv; nothing has to be drawn or measured."""
    smiles = known_clips(5, 2, random_state=8)
    rows = []
    for i, (clip, y) in enumerate(zip(smiles.data, smiles.target, strict=True)):
        write_openface(tmp_path / f"smile é {i}.csv", clip)
        rows.append({"path": f"smile é {i}.csv", "label": KINDS[y], "subject": clip.subject})
    pd.DataFrame(rows).to_csv(tmp_path / "set.csv", index=False)
    return tmp_path


@pytest.fixture
def table_model(tables, run) -> Path:
    assert run("train", tables / "set.csv", "-o", tables / "t.skops", "--folds", 0)[0] == 0
    return tables / "t.skops"
