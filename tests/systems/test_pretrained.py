"""The packaged model: plain numbers, the same decisions, what it refuses."""

from __future__ import annotations

import gzip
import json
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from smilegenuine import KinematicsClassifier, KinematicsPipeline, load_pretrained
from smilegenuine.certainty.reliability import expected_calibration_error
from smilegenuine.datasets import make_kinematics, make_smile_signals
from smilegenuine.features.smile_kinematics import KINEMATICS
from smilegenuine.systems.pretrained import classifier_of, stored_classifier

FILE = files("smilegenuine.systems") / "data" / "kinematics.json.gz"


@pytest.fixture(scope="module")
def model():
    return load_pretrained("kinematics")


@pytest.fixture(scope="module")
def sampled():
    return make_kinematics(6000, degrees=5.0, random_state=77)


def columns(table, signal):
    return table[[c for c in table if c.startswith(signal)]]


def test_a_fitted_pipeline_from_video_to_decision(model):
    assert isinstance(model, KinematicsPipeline)
    assert list(model.named_steps) == ["landmarks", "kinematics", "classifier"]
    assert model.classes_.tolist() == [0, 1]
    assert list(model["classifier"].feature_names_in_) == list(KINEMATICS)


def test_the_file_is_small_and_holds_numbers_only():
    assert len(FILE.read_bytes()) < 1_000_000
    stored = json.loads(gzip.decompress(FILE.read_bytes()))
    assert set(stored) == {"info", "classifier"}


@pytest.mark.parametrize(("signal", "least"), [("lip", 0.78), ("eyelid", 0.75)])
def test_one_signal_alone_is_enough(model, sampled, signal, least):
    part = columns(sampled.data, signal)
    p = model["classifier"].predict_proba(part)[:, 1]
    assert np.mean((p > 0.5) == sampled.target) > least
    assert expected_calibration_error(sampled.target, p) < 0.06
    # Missing columns and columns of NaN are the same.
    whole = sampled.data.assign(**dict.fromkeys(
        set(sampled.data) - set(part), np.nan))
    assert model["classifier"].predict_proba(whole)[:, 1] == pytest.approx(p)


def test_figures_measured_on_motion(model):
    smiles = make_smile_signals(60, 4, random_state=78)
    table = model["kinematics"].transform(
        list(zip(smiles.times, smiles.lips, smiles.eyelids, strict=True)))
    assert np.mean(model["classifier"].predict(table) == smiles.target) > 0.75


def test_probabilities_are_at_equal_priors(model, sampled):
    p = model["classifier"].predict_proba(sampled.data)[:, 1]
    assert 0.46 < p.mean() < 0.54


def test_an_array_of_all_columns_is_taken_too(model, sampled):
    table = sampled.data.reindex(columns=KINEMATICS)
    with pytest.warns(UserWarning, match="valid feature names"):
        found = model["classifier"].decision_function(table.to_numpy())
    assert found == pytest.approx(model["classifier"].decision_function(sampled.data))


def test_labels_of_ones_own(model, sampled):
    named = load_pretrained("kinematics", labels=("posed", "spontaneous"))
    said = named["classifier"].predict(sampled.data[:50])
    assert set(said) == {"posed", "spontaneous"}
    assert ((said == "spontaneous") == model["classifier"].predict(sampled.data[:50])).all()


def test_nothing_known_is_no_smile(model):
    nothing = pd.DataFrame([dict.fromkeys(KINEMATICS, np.nan)])
    classifier = model["classifier"]
    assert classifier.predict(nothing).tolist() == [-1]
    assert classifier.decide(nothing).tolist() == ["no smile found"]
    assert classifier.predict_proba(nothing).tolist() == [[0.5, 0.5]]


def test_figures_like_none_that_were_learnt_are_left_open(model, sampled):
    odd = sampled.data[:1].assign(lip_onset_duration_s=0.02, lip_onset_rise=0.4,
                                  lip_onset_peak_speed_per_s=0.01, lip_offset_fall=0.001)
    assert model["classifier"].unusual(odd).all()
    assert model["classifier"].decide(odd).tolist() == ["cannot tell"]
    assert model["classifier"].unusual(sampled.data).mean() < 0.005


def test_recorded_and_tracked_are_told_apart(model, sampled):
    assert np.mean(model["classifier"].likeliest_condition(sampled.data) == "as recorded") > 0.95


def test_a_classifier_survives_storing(sampled):
    fitted = KinematicsClassifier(2, random_state=0).fit(
        sampled.data[::10], sampled.target[::10], np.arange(600) % 2)
    again = classifier_of(json.loads(json.dumps(stored_classifier(fitted))), labels=(0, 1))
    assert again.get_params() == fitted.get_params()
    assert again.decision_function(sampled.data) == pytest.approx(
        fitted.decision_function(sampled.data), rel=1e-4, abs=1e-4)


def test_what_was_learnt_from_is_remembered(model):
    assert "UvA-NEMO" in model.info_["trained on"]
    assert model.info_["drawn people"] is True
    assert set(model.info_["certainty"]) == set(model["classifier"].scales_)


def test_a_clone_has_learnt_nothing(model, sampled):
    with pytest.raises(NotFittedError):
        clone(model)["classifier"].predict(sampled.data)


def test_there_is_no_other_model():
    with pytest.raises(ValueError, match="no pretrained model 'mesh'; there is kinematics"):
        load_pretrained("mesh")


@pytest.mark.parametrize("labels", [("posed",), ("a", "a"), "posed", (1, 2, 3)])
def test_two_labels_are_needed(labels):
    with pytest.raises(ValueError, match="labels must be two that differ"):
        load_pretrained("kinematics", labels=labels)


def test_labels_that_sort_the_other_way_would_turn_scores_round():
    with pytest.raises(ValueError, match="'unecht' comes after 'echt'"):
        load_pretrained("kinematics", labels=("unecht", "echt"))


def test_a_later_format_is_refused():
    with pytest.raises(ValueError, match="later version"):
        classifier_of({"format": 99})
