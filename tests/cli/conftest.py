"""A command run in this process, and what it is run on: made once for all its tests."""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli_inputs import KINDS, write_openface
from drawn import known_clips

from smilegenuine import FaceLandmarks
from smilegenuine.cli import main
from smilegenuine.clips.steps import has_signals_only
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
def true_meshes(videos) -> dict[str, np.ndarray]:
    """The landmarks of the drawn videos by their names."""
    drawn = make_smiles(4, 2, fps=12, size=112, head_motion=0.5, random_state=3)
    rows = pd.read_csv(videos / "labels.csv")
    return {str(videos / path): mesh for path, mesh in
            zip(rows["path"], drawn.landmarks, strict=True)}


def see_meshes(patch: pytest.MonkeyPatch, meshes: dict[str, np.ndarray]) -> None:
    """Let the true landmarks be found in the drawn videos, not in the first frame, by nobody."""
    def find(self, clip):
        if has_signals_only(clip):
            return clip
        mesh = np.array(meshes[clip.name])
        rng = np.random.default_rng(0)
        valid = np.arange(len(mesh)) > 0
        return clip.replace(landmarks=mesh, blendshapes=rng.random((len(mesh), 52)),
                            head_pose=np.tile(np.eye(4), (len(mesh), 1, 1)), valid=valid,
                            times=np.arange(len(mesh)) / 12)

    patch.setattr(FaceLandmarks, "transform_clip", find)
    patch.setattr("smilegenuine.benchmark.preparation.load_mediapipe", lambda: None)
    patch.setattr("smilegenuine.benchmark.preparation.find_bundle", lambda: None)


@pytest.fixture
def seen(true_meshes, monkeypatch) -> None:
    see_meshes(monkeypatch, true_meshes)


@pytest.fixture(scope="session")
def mesh_model(videos, true_meshes, tmp_path_factory) -> Path:
    """The SVM ensemble on D-Markers, trained by the command on the drawn videos."""
    model = tmp_path_factory.mktemp("mesh") / "mesh.skops"
    with pytest.MonkeyPatch.context() as patch:
        see_meshes(patch, true_meshes)
        assert main(["train", str(videos), "-o", str(model), "--system", "dmarkers", "--folds", "0",
                     "--n-jobs", "1", "--quiet"]) == 0
    return model


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
