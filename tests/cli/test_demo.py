"""The demo: the whole line on a few drawn people, once, and what it refuses."""

from __future__ import annotations

import sys
from functools import partial

import cv2
import numpy as np
import pytest
from drawn import known_clips

from smilegenuine import load_model
from smilegenuine.cli.demo import _draw, run_demo
from smilegenuine.datasets import make_smiles


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> dict:
    """The results of a small demo, its folder, and what it printed."""
    lines: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("builtins.print", lambda *args, **options: lines.extend(
            " ".join(map(str, args)).splitlines()))
        # Fewer and smaller pictures than users get: the demo is about the line, not about them.
        patch.setattr("smilegenuine.cli.demo.make_smiles", partial(make_smiles, fps=10, size=112))
        folder = tmp_path_factory.mktemp("demo") / "out put"
        found = run_demo(folder, n_subjects=7, clips_per_subject=2, n_held_out=1, cv=2, n_jobs=1,
                         max_epochs=2, random_state=3, verbose=False)
    return {**found, "folder": folder, "lines": lines}


def test_prints_a_row_for_each_branch_and_the_fusion(demo):
    scores = demo["evaluation"].scores
    assert list(scores["clips"]) == [6] * 10
    assert list(scores["subjects"]) == [3] * 10
    at = next(i for i, line in enumerate(demo["lines"]) if line.startswith("| System"))
    rows = [line.split("|")[1].strip() for line in demo["lines"][at + 2:at + 7]]
    assert rows == ["realsmilenet", "auda-frame", "auda-au", "auda-cross", "fusion"]


def test_predicts_people_who_were_held_out(demo):
    names = ["s006_0_posed.mp4", "s006_1_spontaneous.mp4"]
    assert [p["video"] for p in demo["predictions"]] == [
        str(demo["folder"] / "videos" / name) for name in names]
    for p, name, truth in zip(demo["predictions"], names, ("posed", "spontaneous"), strict=True):
        assert p["P(posed)"] + p["P(spontaneous)"] == pytest.approx(1)
        (line,) = [line for line in demo["lines"] if line.startswith(name)]
        wrong = [] if p["decision"] == truth else ["wrong"]
        said = [name, truth, p["decision"], f"{p['P(spontaneous)']:.2f}", *wrong]
        assert line.split() == said


def test_writes_why_each_decision_was_made(demo):
    text = demo["report"].read_text(encoding="utf-8")
    assert demo["report"] == demo["folder"] / "report.html"
    for name in ("s006_0_posed", "s006_1_spontaneous"):
        assert name in text
    assert str(demo["folder"]) not in text  # it can be sent to somebody
    assert "What it rests on" in text
    assert f"Report: {demo['report']} (open it in a browser)" in demo["lines"]


def test_writes_model_and_picture(demo):
    assert demo["model"] == demo["folder"] / "model.skops"
    model = load_model(demo["model"])
    assert (model.info_["clips"], model.info_["subjects"]) == (12, 6)
    expected = {p["video"]: p["P(spontaneous)"] for p in demo["predictions"]}
    found = model.predict_proba(list(expected)[:1])[0, 1]
    assert found == pytest.approx(next(iter(expected.values())))
    assert not model.named_steps["faces"].verbose
    picture = cv2.imread(str(demo["picture"]))
    assert picture.shape[0] > 400
    assert picture.std() > 10


def test_says_what_it_is_worth(demo):
    assert any("say nothing about accuracy on people" in line for line in demo["lines"])
    assert f"Model: {demo['model']}" in demo["lines"]
    assert f"Picture: {demo['picture']}" in demo["lines"]


@pytest.mark.parametrize(("people", "message"), [
    ({"n_subjects": 4}, "4 subjects with 2 held out are too few for 3 folds"),
    ({"n_subjects": 2, "n_held_out": 3}, "2 subjects with 3 held out are too few for 3 folds"),
    ({"n_subjects": 6, "n_held_out": 1, "cv": 2}, "6 subjects with 1 held out are too few for 2"),
    ({"n_subjects": 0}, "n_subjects must be a whole number of at least 1, not 0"),
    ({"n_subjects": "9"}, "n_subjects must be a whole number of at least 1, not '9'"),
    ({"n_held_out": -1}, "n_held_out must be a whole number of at least 0, not -1"),
    ({"cv": 1}, "cv must be a whole number of at least 2, not 1"),
    ({"cv": True}, "cv must be a whole number of at least 2, not True"),
    ({"clips_per_subject": 0}, "clips_per_subject must be a whole number of at least 1, not 0"),
])
def test_refuses_before_it_draws(people, message, tmp_path, monkeypatch):
    monkeypatch.setattr("smilegenuine.people.drawn_smiles.write_clips",
                        lambda *args, **kwargs: pytest.fail("drawn before the mistake was found"))
    with pytest.raises(ValueError, match=message):
        run_demo(tmp_path / "demo", **people)


class TestPicture:
    predictions = [{"video": f"a/s{i:03d}_0_posed.mp4", "decision": "posed",
                    "P(spontaneous)": 0.25} for i in range(5)]

    def test_columns_and_rows(self, tmp_path):
        """Four side by side, the fifth below them."""
        clips = [clip.replace(faces=np.full((len(clip.times), 20, 20, 3), 90, np.uint8))
                 for clip in known_clips(5, 1).data]
        shapes = {n: cv2.imread(str(_draw(clips[:n], self.predictions[:n], tmp_path / f"{n}.png"))
                                ).shape[:2] for n in (1, 4, 5)}
        assert shapes[4] == (shapes[1][0], 4 * shapes[1][1])
        assert shapes[5] == (2 * shapes[1][0], shapes[4][1])

    def test_nobody(self, tmp_path):
        assert _draw([], [], tmp_path / "a.png") is None

    def test_without_matplotlib(self, tmp_path, monkeypatch):
        for name in ("matplotlib", "matplotlib.figure"):
            monkeypatch.setitem(sys.modules, name, None)
        assert _draw(known_clips(1, 1).data, self.predictions[:1], tmp_path / "a.png") is None
        assert not (tmp_path / "a.png").exists()
