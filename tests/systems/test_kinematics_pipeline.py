"""The pretrained pipeline on drawn people's landmarks: none, one, or several smiles."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GroupKFold, cross_val_score

from smilegenuine import (
    Clip,
    ClipError,
    DMarkerSVMEnsemble,
    SmileKinematics,
    StackingFusion,
    load_model,
    load_pretrained,
    save_model,
)
from smilegenuine.datasets import make_smile_signals, make_smiles
from smilegenuine.people.tracker_noise import as_tracked

COLUMNS = ["clip", "smile", "start", "end", "decision", "P(posed)", "P(spontaneous)"]


@pytest.fixture(scope="module")
def model():
    return load_pretrained("kinematics", labels=("posed", "spontaneous"))


@pytest.fixture(scope="module")
def drawn():
    smiles = make_smiles(10, 4, random_state=3)
    clips = [Clip(landmarks=points, times=t, subject=who, name=clip.name) for points, t, who, clip
             in zip(smiles.landmarks, smiles.times, smiles.groups, smiles.data, strict=True)]
    return clips, np.array(smiles.target_names)[smiles.target], smiles.target, smiles.groups


def still(clip):
    """The same person, who does not move."""
    points = np.repeat(np.asarray(clip.landmarks)[:1], len(clip.times), axis=0)
    return clip.replace(landmarks=points, name="still")


def one_after_the_other(*clips):
    points = np.concatenate([np.asarray(c.landmarks) for c in clips])
    return Clip(landmarks=points, fps=25.0, name="several")


def test_most_drawn_smiles_are_told_right(model, drawn):
    clips, y, _, _ = drawn
    assert np.mean(model.predict(clips) == y) >= 0.6
    assert set(model.decide(clips)) <= {"posed", "spontaneous", "cannot tell"}


def test_what_is_decided_is_right_more_often(model):
    smiles = make_smile_signals(80, 4, fps=30, random_state=9)
    rng = np.random.default_rng(9)
    seen = [(t, *as_tracked(t, *signals, rng)) for t, *signals in
            zip(smiles.times, smiles.lips, smiles.eyelids, strict=True)]
    table = SmileKinematics(tracked=True).set_output(transform="pandas").fit_transform(seen)
    y, classifier = np.array(smiles.target_names)[smiles.target], model["classifier"]
    said = classifier.decide(table)
    decided = said != "cannot tell"
    assert 0.6 < decided.mean() < 0.95
    right = classifier.predict(table) == y
    assert right.mean() > 0.72
    assert right[decided].mean() > right.mean() + 0.01


def test_nobody_smiles(model, drawn):
    clip = still(drawn[0][0])
    assert model.predict([clip]).tolist() == ["no smile found"]
    assert model.decide([clip]).tolist() == ["no smile found"]
    found = model.find_smiles([clip])
    assert list(found) == COLUMNS
    assert found.loc[0, ["clip", "smile", "decision"]].tolist() == ["still", 0, "no smile found"]
    assert found[["start", "end", "P(posed)", "P(spontaneous)"]].isna().all(axis=None)
    assert load_pretrained().predict([clip, drawn[0][0]]).tolist()[0] == -1


def test_several_smiles_of_a_recording_are_answered_one_by_one(model, drawn):
    clips, _, _, who = drawn
    # Some drawn smiles come twice.
    once = [len(found) == 1 for found in model.measured(clips)]
    person = next(w for w in who if np.sum(once & (who == w)) > 1)
    first, second = (clips[i] for i in np.flatnonzero(once & (who == person))[:2])
    rest = still(first)
    found = model.find_smiles([one_after_the_other(first, rest, second), rest, first])
    assert found["clip"].tolist()[-2:] == ["still", first.name]
    several = found[found["clip"] == "several"]
    assert len(several) == 2
    lengths = np.cumsum([len(c.times) / 25.0 for c in (first, rest, second)])
    assert several["end"].iloc[0] < lengths[0] + 0.2
    assert lengths[1] - 0.2 < several["start"].iloc[1] < several["end"].iloc[1] <= lengths[2]
    alone = model.find_smiles([first])
    assert several["P(posed)"].iloc[0] == pytest.approx(alone["P(posed)"].iloc[0], abs=0.25)


def test_probabilities_of_a_smile_add_up_and_agree_with_the_decision(model, drawn):
    found = model.find_smiles(drawn[0][:6])
    p = found[["P(posed)", "P(spontaneous)"]].to_numpy()
    assert p.sum(axis=1) == pytest.approx(1.0)
    for said, row in zip(found["decision"], p, strict=True):
        assert said == "cannot tell" or said == ("posed", "spontaneous")[row.argmax()]


def test_a_clip_without_landmarks_is_named(model):
    with pytest.raises(ClipError, match="gone"):
        model[1:].predict([Clip(aus=np.zeros((30, 17)), fps=30, name="gone.mp4")])


def test_it_is_saved_and_loaded_like_any_model(model, drawn, tmp_path):
    save_model(model, tmp_path / "mine.skops")
    again = load_model(tmp_path / "mine.skops")
    assert again.predict_proba(drawn[0][:3]) == pytest.approx(model.predict_proba(drawn[0][:3]))
    assert again.decide(drawn[0][:3]).tolist() == model.decide(drawn[0][:3]).tolist()


def test_a_frozen_branch_of_a_fusion(drawn):
    clips, _, y, who = drawn
    branch = load_pretrained()
    before = branch.predict_proba(clips)
    fusion = StackingFusion([("markers", DMarkerSVMEnsemble(cv=3)),
                             ("kinematics", FrozenEstimator(branch))], fuse="proba")
    scores = cross_val_score(fusion, clips, y, groups=who, cv=GroupKFold(2))
    assert np.isfinite(scores).all()
    fusion.fit(clips, y)
    assert list(fusion.decision_values(clips[:2]).columns) == ["markers", "kinematics"]
    assert branch.predict_proba(clips) == pytest.approx(before)
