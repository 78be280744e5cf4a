"""Classifiers as branches of another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.special import logit
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestCentroid
from sklearn.preprocessing import OneHotEncoder

from smilegenuine import Clip
from smilegenuine.classifiers.branches import (
    check_fitted,
    decisions_of,
    embedding_of,
    fit_branch,
    fit_crosswise,
    is_recordings,
)

CLIP = Clip(smile=np.zeros(5), fps=25, subject="s")


class Remembering(ClassifierMixin, BaseEstimator):
    """Knows what it was fitted on, and of whom."""

    def fit(self, X, y, groups=None):
        self.seen_, self.labels_, self.groups_, self.classes_ = X, y, groups, np.unique(y)
        return self

    def decision_function(self, X):
        return np.array([float(np.ravel(x)[0]) for x in X])


class Encoding(TransformerMixin, Remembering):
    """Has a `transform` that gives a sparse matrix."""

    def transform(self, X):
        return sparse.csr_matrix(OneHotEncoder().fit_transform(np.asarray(X)[:, :1]))


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 3))
    return X, (X[:, 0] + 0.3 * rng.normal(size=30) > 0).astype(int)


@pytest.mark.parametrize("X", [
    [CLIP], "a.mp4", Path("a.mp4"), CLIP, [], ["a.mp4"], [Path("a.mp4")], [None],
    [np.zeros((9, 17))], [pd.DataFrame({"AU01": [1.0]})], pd.Series(["a.mp4"]),
    np.array(["a.mp4", "b.mp4"]), (CLIP, CLIP),
], ids=lambda X: type(X).__name__)
def test_recordings_are_known_as_such(X):
    assert is_recordings(X)


@pytest.mark.parametrize("X", [
    np.zeros((4, 3)), pd.DataFrame({"a": [1.0]}), [[1.0, 2.0], [3.0, 4.0]], 7,
    sparse.csr_matrix(np.eye(3)), [np.zeros(3), np.zeros(3)],
], ids=lambda X: type(X).__name__)
def test_tables_are_known_as_such(X):
    assert not is_recordings(X)


def test_decisions_are_decision_values_or_log_odds(table):
    X, y = table
    linear = LogisticRegression().fit(X, y)
    np.testing.assert_array_equal(decisions_of(linear, X), linear.decision_function(X))
    forest = RandomForestClassifier(20, max_depth=2, random_state=0).fit(X, y)
    np.testing.assert_allclose(decisions_of(forest, X), logit(forest.predict_proba(X)[:, 1]))


def test_probabilities_of_nought_and_one_have_finite_log_odds(table):
    X, y = table
    sure = RandomForestClassifier(1, bootstrap=False, random_state=0).fit(X, y)
    assert set(sure.predict_proba(X).ravel()) == {0.0, 1.0}
    assert np.isfinite(decisions_of(sure, X)).all()


def test_a_classifier_with_neither_is_refused(table):
    class Mute(Remembering):
        decision_function = property()

    with pytest.raises(ValueError, match="Mute has neither decision_function nor predict_proba"):
        decisions_of(Mute().fit(*table), table[0])


def test_embeddings_are_what_transform_gives_or_the_decision(table):
    X, y = np.round(table[0]), table[1]
    assert embedding_of(Remembering().fit(X, y), X).shape == (30, 1)
    given = embedding_of(Encoding().fit(X, y), X)
    assert isinstance(given, np.ndarray)
    assert given.shape == (30, len(np.unique(X[:, 0])))
    np.testing.assert_array_equal(given.sum(axis=1), 1.0)


def test_branches_that_ask_are_told_the_subjects(table):
    X, y = table
    subjects, train = np.arange(30) // 3, np.arange(6, 21)
    of_table = fit_branch(Remembering(), X, y, subjects, train)
    np.testing.assert_array_equal(of_table.groups_, subjects[train])
    np.testing.assert_array_equal(of_table.seen_, X[train])
    of_clips = fit_branch(Remembering(), [CLIP] * 30, y, subjects, train)
    np.testing.assert_array_equal(of_clips.groups_, subjects[train])
    assert len(of_clips.seen_) == 15
    fit_branch(NearestCentroid(), X, y, subjects, train)  # takes no groups


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_crosswise_decisions_are_those_of_branches_that_had_not_seen_the_row(table, n_jobs):
    X, y = table
    subjects, rows = np.arange(30) // 3, np.arange(30)
    splits = [(rows[rows % 2 != k], rows[rows % 2 == k]) for k in (0, 1)]
    models = [Remembering(), LogisticRegression()]
    (remembering, regression), decisions = fit_crosswise(models, X, y, subjects, splits, n_jobs)
    np.testing.assert_array_equal(remembering.labels_, y)
    np.testing.assert_array_equal(remembering.groups_, subjects)
    np.testing.assert_array_equal(decisions[:, 0], X[:, 0])
    for train, test in splits:
        apart = LogisticRegression().fit(X[train], y[train])
        np.testing.assert_allclose(decisions[test, 1], apart.decision_function(X[test]))
    np.testing.assert_allclose(regression.coef_, LogisticRegression().fit(X, y).coef_)
    assert not hasattr(models[0], "labels_")  # what is fitted are clones


def test_branches_that_cannot_be_used_are_named(table):
    X, y = table
    with pytest.raises(ValueError, match="svm is to be used as it is, but it is not fitted"):
        check_fitted("svm", LogisticRegression(), np.array([0, 1]))
    words = LogisticRegression().fit(X, np.array(["no", "yes"])[y])
    with pytest.raises(ValueError, match="fitted on the classes no, yes, and these are 0, 1"):
        check_fitted("svm", words, np.array([0, 1]))
    check_fitted("svm", words, np.array(["no", "yes"]))
