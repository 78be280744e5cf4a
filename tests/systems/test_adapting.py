"""Adapting the pretrained pipeline to a few labelled recordings."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from drawn import known_meshes
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from smilegenuine import (
    Clip,
    KinematicsClassifier,
    SmileKinematics,
    load_model,
    load_pretrained,
    save_model,
)
from smilegenuine.classifiers.adapted_kinematics import AdaptedKinematicsClassifier
from smilegenuine.face.landmarks import FaceLandmarks
from smilegenuine.features.smile_kinematics import KINEMATICS
from smilegenuine.report.model_card import model_card
from smilegenuine.systems.adapting import adapt
from smilegenuine.systems.kinematics_pipeline import KinematicsPipeline


@pytest.fixture(scope="module")
def model():
    return load_pretrained("kinematics")


@pytest.fixture(scope="module")
def smiles():
    """Five people, two smiles each; all can be measured."""
    return known_meshes(5, 2, random_state=1)


@pytest.fixture(scope="module")
def adapted(model, smiles):
    return adapt(model, smiles.data, smiles.target)


def test_the_same_steps_with_an_adapted_classifier(model, smiles, adapted):
    assert isinstance(adapted, KinematicsPipeline)
    assert list(adapted.named_steps) == list(model.named_steps)
    assert isinstance(adapted["classifier"], AdaptedKinematicsClassifier)
    assert adapted["classifier"].prior is model["classifier"]
    assert set(adapted.decide(smiles.data)) <= {0, 1, "cannot tell"}
    assert list(adapted.find_smiles(smiles.data[:1])) == list(model.find_smiles(smiles.data[:1]))


def test_it_is_the_classifier_fitted_on_what_the_steps_measure(model, smiles, adapted):
    table = model[:-1].transform(smiles.data)
    direct = AdaptedKinematicsClassifier(model["classifier"]).fit(
        table, smiles.target, smiles.groups)
    np.testing.assert_array_equal(adapted.predict_proba(smiles.data), direct.predict_proba(table))
    assert np.abs(direct.predict_proba(table) - model.predict_proba(smiles.data)).max() > 0.01


def test_the_given_model_is_as_it_was(smiles):
    model = load_pretrained("kinematics")
    before = pickle.dumps(model)
    new = adapt(model, smiles.data, smiles.target)
    new.predict(smiles.data[:2])
    assert pickle.dumps(model) == before
    new.set_params(kinematics__rest=0.2, landmarks__smooth=0.1)
    assert pickle.dumps(model) == before


def test_what_it_remembers(model, smiles, adapted):
    assert {k: v for k, v in adapted.info_.items() if k != "adapted"} == model.info_
    said = dict(adapted.info_["adapted"])
    right = 100 * np.mean(model.predict(smiles.data) == smiles.target)
    assert said.pop("accuracy before") == pytest.approx(right / 100)
    assert said.pop("accuracy on held-out subjects") == round(
        adapted["classifier"].held_out_accuracy_, 3)
    assert said == {"clips": 10, "subjects": 5, "left out": 0}


def test_what_it_remembers_is_saved_with_it_and_forgotten_by_a_fit(adapted, smiles, tmp_path):
    loaded = load_model(save_model(adapted, tmp_path / "mine.skops"))
    assert loaded.info_["adapted"] == adapted.info_["adapted"]
    assert "adapted to 10 clips of 5 subjects" in model_card(loaded)
    np.testing.assert_array_equal(loaded.predict_proba(smiles.data),
                                  adapted.predict_proba(smiles.data))
    own = load_pretrained("kinematics").fit(smiles.data, smiles.target)
    assert "pretrained" not in model_card(own)


def test_each_clip_is_measured_once_and_landmarks_that_are_there_are_kept(
        model, smiles, monkeypatch):
    measured, transform = [], SmileKinematics.transform

    def counted(self, X):
        measured.extend(clip.name for clip in X)
        return transform(self, X)

    def looked(self, clip):
        raise AssertionError(f"{clip.name} was looked at again")

    monkeypatch.setattr(SmileKinematics, "transform", counted)
    monkeypatch.setattr(FaceLandmarks, "transform_clip", looked)
    adapt(model, smiles.data, smiles.target)
    assert sorted(measured) == sorted(clip.name for clip in smiles.data)


def test_a_table_of_kinematics_is_not_measured_at_all(model, smiles, adapted, monkeypatch):
    table = model[:-1].transform(smiles.data)
    monkeypatch.delattr(SmileKinematics, "transform")
    new = adapt(model, table, smiles.target, smiles.groups)
    np.testing.assert_array_equal(new["classifier"].decision_function(table),
                                  adapted["classifier"].decision_function(table))
    table.iloc[2] = np.nan
    with pytest.warns(UserWarning, match=r"1 of 10 clips are left out: row 2: no smile was found"):
        new = adapt(model, table, smiles.target, smiles.groups)
    assert new.info_["adapted"]["clips"] == 9
    with pytest.warns(UserWarning, match="10 of 10 clips have no subject"):
        new = adapt(model, table.fillna(0.5), smiles.target)
    assert new.info_["adapted"]["subjects"] is None


def test_what_cannot_be_used_is_named_and_left_out(model, smiles, adapted):
    no_face = Clip(landmarks=np.full((30, 478, 3), np.nan), fps=25, subject="q", name="dark.mp4")
    first = smiles.data[0]
    still = Clip(landmarks=np.repeat(first.landmarks[:1], 50, axis=0), fps=25, subject="q")
    clips = [no_face, "gone.mp4", *smiles.data, still]
    y, groups = np.r_[0, 1, smiles.target, 0], ["q", "r", *smiles.groups, "q"]
    with pytest.warns(UserWarning, match="left out") as caught:
        new = adapt(model, clips, y, groups)
    (said,) = [str(w.message) for w in caught]
    assert said.startswith("3 of 13 clips are left out: dark.mp4: only 0 of 30 frames have a face")
    assert "gone.mp4: no such file" in said
    assert said.endswith("item 12: no smile was found")
    assert new.info_["adapted"] == {**adapted.info_["adapted"], "left out": 3}
    np.testing.assert_array_equal(new.predict_proba(smiles.data),
                                  adapted.predict_proba(smiles.data))


def test_of_many_bad_clips_some_are_named(model, smiles):
    with pytest.warns(UserWarning, match=r"7 of 17 .*; 4.mp4: no such file; … \(2 more\)$"):
        adapt(model, [*smiles.data, *(f"{k}.mp4" for k in range(7))],
              [*smiles.target, *[0] * 7], [*smiles.groups, *"abcdefg"])


def test_groups_win_over_the_subjects_of_clips(model, smiles):
    pairs = np.array([c.subject for c in smiles.data])
    pairs[pairs == pairs[0]] = pairs[-1]
    assert adapt(model, smiles.data, smiles.target, pairs).info_["adapted"]["subjects"] == 4


def test_classes_with_names(smiles, adapted):
    model = load_pretrained("kinematics", labels=("posed", "spontaneous"))
    names = np.array(["posed", "spontaneous"])
    new = adapt(model, smiles.data, pd.Series(names[smiles.target], index=range(7, 17)))
    assert new.predict(smiles.data).tolist() == names[adapted.predict(smiles.data)].tolist()
    with pytest.raises(ValueError, match=r"know: 0, 1. It says 'posed' \(posed\)"):
        adapt(model, smiles.data, smiles.target)


def test_what_it_adapts_with_can_be_set(model, smiles):
    new = adapt(model, smiles.data, smiles.target, strengths=[np.inf], cv=2, random_state=3)
    np.testing.assert_array_equal(new.predict_proba(smiles.data),
                                  model.predict_proba(smiles.data))
    assert clone(new["classifier"]).get_params(deep=False) == {
        "prior": model["classifier"], "strengths": [np.inf], "cv": 2, "random_state": 3}


def test_a_pipeline_of_ones_own(smiles):
    """Without names of columns, and with a step that is no step from clip to clip."""
    kinematics = SmileKinematics()
    table = kinematics.fit_transform(smiles.data)
    prior = KinematicsClassifier(n_components=1).fit(table, smiles.target)
    given = KinematicsPipeline([("same", Same()), ("k", kinematics), ("c", prior)])
    new = adapt(given, smiles.data, smiles.target)
    assert new.info_ == {"adapted": new.info_["adapted"]}
    assert new.predict(smiles.data).shape == (10,)


class Same:
    """Gives clips as they are."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X


@pytest.mark.parametrize(("change", "message"), [
    ({"model": make_pipeline(StandardScaler(), KinematicsClassifier())},
     "must be a KinematicsPipeline that ends in SmileKinematics and a classifier.*not Pipeline"),
    ({"model": KinematicsPipeline([("k", SmileKinematics()), ("c", StandardScaler())])},
     "must be a fitted KinematicsClassifier, not a StandardScaler"),
    ({"y": [0, 1]}, "10 clips but 2 labels"),
    ({"y": [0, 1] * 4 + [0, np.nan]}, "no label for 1 of 10 clips, first for number 9"),
    ({"y": ["fake"] * 10}, "does not know: 'fake'"),
    ({"y": [1] * 10}, "one class only, '1'"),
    ({"groups": ["anna"] * 10}, "one subject, 'anna'"),
    ({"groups": ["anna"]}, "groups has the shape"),
    ({"clips": []}, "no clips"),
])
def test_what_cannot_be_adapted_is_explained(model, smiles, change, message):
    data = {"model": model, "clips": smiles.data, "y": smiles.target, "groups": smiles.groups}
    with pytest.raises(ValueError, match=message):
        adapt(**data | change)


def test_labels_are_looked_at_before_anything_is_measured(model, smiles, monkeypatch):
    monkeypatch.delattr(SmileKinematics, "transform")
    with pytest.raises(ValueError, match="does not know: 7"):
        adapt(model, smiles.data, [7] * 10)


@pytest.mark.filterwarnings("ignore:2 of 2 clips are left out")
def test_where_nothing_can_be_used(model):
    with pytest.raises(ValueError, match=r"none of 2 clips can be used; the first: a.mp4: no such"):
        adapt(model, ["a.mp4", "b.mp4"], [0, 1])
    with pytest.raises(ValueError, match="none of 2 clips can be used; the first: row 0: no smile"):
        adapt(model, pd.DataFrame(np.nan, [0, 1], KINEMATICS), [0, 1], ["a", "b"])


def test_an_adapted_model_is_not_adapted_again(adapted, smiles):
    with pytest.raises(ValueError, match="adapted already; adapt the one that it came from"):
        adapt(adapted, smiles.data, smiles.target)
