"""From a data set on a disk to the table: twice, and stopped at random moments."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lookalikes import write_uva_nemo
from sklearn.utils import Bunch

from smilegenuine import Clip
from smilegenuine.cli import main
from smilegenuine.datasets import make_smiles

TIMES = ["fit time (s)", "predict time (ms)"]


def filmed(n_subjects: int, clips_per_subject: int) -> Bunch:
    """Drawn smiles of four people, filmed again and again: lighter, darker, from the side.

    The films of a person are of one subject or of some, and no two are the same.
    """
    drawn = make_smiles(4, 2, fps=10, size=96, random_state=3)
    pictures = [np.stack(list(clip.frames)) for clip in drawn.data]
    rng = np.random.default_rng(0)
    clips, target, who = [], [], np.repeat(np.arange(n_subjects), clips_per_subject)
    for i, person in enumerate(who):
        of_kind = np.flatnonzero((drawn.target == i % 2) & (
            drawn.groups == np.unique(drawn.groups)[person % 4]))
        frames = pictures[of_kind[0]]
        light, aside = rng.uniform(0.8, 1.1), rng.integers(-4, 5)
        frames = np.roll(np.clip(frames * light, 0, 255).astype(np.uint8), aside, axis=2)
        clips.append(Clip(frames=frames, fps=10, subject=f"s{person:03d}"))
        target.append(i % 2)
    return Bunch(data=clips, target=np.array(target),
                 groups=np.array([clip.subject for clip in clips]),
                 gender=np.array(["female", "male"])[who % 2], age=20 + who)


def call(root: Path, output: Path) -> list[str]:
    return ["benchmark", "--data", "uva-nemo", str(root), "--systems", "auda-au", "--max-epochs",
            "1", "--by", "gender", "--n-jobs", "2", "--device", "cpu", "--output", str(output)]


def scores(output: Path) -> pd.DataFrame:
    return pd.read_csv(output / "scores.csv").drop(columns=TIMES)


@pytest.fixture(scope="module")
def sixty(tmp_path_factory) -> Path:
    """Sixty videos of twenty people, with details and ten fold lists."""
    root = tmp_path_factory.mktemp("disk") / "UvA-NEMO für Tests"
    write_uva_nemo(root, filmed(20, 3), newline="\r\n")
    return root


@pytest.mark.slow
def test_twice_and_nothing_is_measured_the_second_time(sixty, tmp_path, capsys):
    assert main(call(sixty, tmp_path / "one")) == 0
    first, said = capsys.readouterr()
    assert "found in the cache" not in said
    assert "FaceAligner: 60/60 clips" in said
    assert "80.1 ± 2.9" in first  # as published, beside ours
    page = (tmp_path / "one" / "table.md").read_text(encoding="utf-8")
    assert "60 clips, 20 subjects" in page
    assert "10 published folds" in page
    table = pd.read_csv(tmp_path / "one" / "predictions.csv")
    assert len(table) == 60
    assert table.groupby("subject")["fold"].nunique().max() == 1
    # Elsewhere, with the same cache: nothing is measured, and all is trained anew.
    (tmp_path / "two").mkdir()
    (tmp_path / "one" / "cache").rename(tmp_path / "two" / "cache")
    assert main(call(sixty, tmp_path / "two")) == 0
    said = capsys.readouterr().err
    assert "faces: 0 clips measured, 60 found in the cache\n" in said
    assert "aus: 0 clips measured, 60 found in the cache\n" in said
    pd.testing.assert_frame_equal(scores(tmp_path / "one"), scores(tmp_path / "two"))
    again = pd.read_csv(tmp_path / "two" / "predictions.csv")
    pd.testing.assert_frame_equal(table, again)
    # And over its own results: nothing is trained either.
    assert main(call(sixty, tmp_path / "two")) == 0
    assert "holds 10 finished folds" in capsys.readouterr().out
    pd.testing.assert_frame_equal(scores(tmp_path / "one"), scores(tmp_path / "two"))


def stopped(arguments: list[str], moment: float, how: signal.Signals) -> bool:
    """Run the command and stop it; False where it was quicker."""
    began = time.monotonic()
    with subprocess.Popen([sys.executable, "-m", "smilegenuine", *arguments], text=True,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          start_new_session=True) as running:
        try:
            running.communicate(timeout=moment)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, how)  # the workers too, as a terminal does
            said = running.communicate()[1]
            assert running.returncode != 0
            done = (Path(arguments[-1]) / "table.md").exists()
            ended = done and running.returncode == -signal.SIGINT  # while Python was ending
            if how == signal.SIGINT and "clips" in said and not ended:  # nor while it was starting
                assert running.returncode == 130
                assert "smilegenuine benchmark: stopped\n" in said
            return True
        assert time.monotonic() - began < moment
        return False


@pytest.mark.parametrize("n_subjects", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_stopped_at_random_moments(n_subjects, tmp_path, capsys):
    root = tmp_path / "set"
    write_uva_nemo(root, filmed(n_subjects, 3), n_folds=10)
    began = time.monotonic()
    assert main(call(root, tmp_path / "whole")) == 0
    seconds = time.monotonic() - began
    seed = int.from_bytes(os.urandom(4), "big")
    print(f"the moments are those of the seed {seed}")
    rng = random.Random(seed)
    # The first early: a machine that was busy a moment ago may be quicker now.
    stops = [stopped(call(root, tmp_path / "stopped"), 2.0 + share * rng.random() * seconds, how)
             for share, how in ((0.3, signal.SIGINT), (0.6, signal.SIGKILL), (1.0, signal.SIGINT))]
    capsys.readouterr()
    assert main(call(root, tmp_path / "stopped")) == 0
    assert any(stops)
    pd.testing.assert_frame_equal(scores(tmp_path / "whole"), scores(tmp_path / "stopped"))
    # Nothing is left of what was being written, once it is all there.
    left = [path for path in (tmp_path / "stopped" / "results").rglob("*") if ".part" in path.name]
    assert len(left) <= 2
