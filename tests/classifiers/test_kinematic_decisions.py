"""What is said where nothing is known, by classifiers of kinematics and by adapted ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from smilegenuine import AdaptedKinematicsClassifier, KinematicsClassifier

COLUMNS = ["lip_onset_duration_s", "lip_onset_rise", "eyelid_onset_rise"]


def planted(n=80):
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2
    return pd.DataFrame(np.exp(rng.normal(size=(n, 3)) + y[:, None]), columns=COLUMNS), y


@pytest.fixture(params=["learnt", "adapted"])
def fitted(request):
    def of(labels):
        X, y = planted()
        labels = np.asarray(labels)[y]
        clf = KinematicsClassifier(1, random_state=0).fit(X, labels)
        return clf if request.param == "learnt" else AdaptedKinematicsClassifier(clf).fit(X, labels)
    return of


@pytest.mark.parametrize(("labels", "nobody"), [
    ([0, 1], -1), ([1, 2], -1), ([-1, 1], -2), ([-2, -1], -3), ([-2, 0], -1),
    ([False, True], -1), (["felt", "posed"], "no smile found")])
def test_no_class_is_made_up_and_none_is_taken_for_it(fitted, labels, nobody):
    clf = fitted(labels)
    X = planted()[0][:4].copy()
    X.iloc[2] = np.nan
    said = clf.predict(X)
    assert said[2] == nobody
    assert nobody not in clf.classes_
    assert set(said[[0, 1, 3]].tolist()) <= set(labels)
    assert clf.decide(X)[2] == "no smile found"
    np.testing.assert_array_equal(said[[0, 1, 3]], clf.predict(X.iloc[[0, 1, 3]]))


def test_what_is_not_probable_enough_is_left_open(fitted):
    clf = fitted(["acted", "felt"])
    X = planted()[0]
    sure = clf.predict_proba(X).max(axis=1) >= clf.least_certainty
    assert 0 < sure.sum() < len(X)
    said = clf.decide(X)
    usual = ~clf.unusual(X)
    np.testing.assert_array_equal(said[sure & usual], clf.predict(X)[sure & usual])
    assert set(said[~sure]) == {"cannot tell"}
