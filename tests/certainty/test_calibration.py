"""CalibratedSystem: who is held out, whether probabilities hold, and what would spoil them."""

from __future__ import annotations

import functools
import pickle
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import sklearn
from drawn import known_clips
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Perceptron, Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from smilegenuine import AUDA, BlockSVMEnsemble
from smilegenuine.certainty.calibration import CalibratedSystem

METHODS = ("sigmoid", "isotonic", "temperature")


class Spy(ClassifierMixin, BaseEstimator):
    """A classifier of clips that remembers whom it was trained on and whom it was asked about."""

    trained: list[tuple[str, ...]] = []
    asked: list[tuple[str, ...]] = []

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        Spy.trained.append(tuple(c.subject for c in X))
        return self

    def decision_function(self, X):
        Spy.asked.append(tuple(c.subject for c in X))
        return np.array([float(c.aus[:, 8].max()) for c in X])

    def predict(self, X):
        return self.classes_[(self.decision_function(X) > 0).astype(int)]


class Says(ClassifierMixin, BaseEstimator):
    """A classifier of tables whose decision is the first column."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def decision_function(self, X):
        return np.asarray(X)[:, 0]

    def predict(self, X):
        return self.classes_[(self.decision_function(X) > 0).astype(int)]


@pytest.fixture
def spies():
    Spy.trained.clear()
    Spy.asked.clear()
    return Spy


@pytest.fixture
def seen(monkeypatch):
    """The subjects that each fit of a BlockSVMEnsemble was told."""
    told_subjects, original = [], BlockSVMEnsemble.fit
    monkeypatch.setattr(BlockSVMEnsemble, "fit", lambda self, X, y, groups=None: (
        told_subjects.append(set(groups)), original(self, X, y, groups))[1])
    return told_subjects


@functools.cache
def smiles():
    return known_clips(8, 4, random_state=5)


def told(n: int, factor: float, seed: int, offset: float = 0.0):
    """True log-odds of n cases, a decision that is `factor` times too sure, and what happened."""
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(0.0, 1.5, n)
    y = (rng.random(n) < 1.0 / (1.0 + np.exp(-log_odds))).astype(int)
    return (factor * log_odds + offset)[:, None], y, log_odds


class TestWhoIsHeldOut:
    def test_nobody_is_asked_about_who_was_trained_on(self, spies):
        CalibratedSystem(Spy(), cv=4).fit(smiles().data, smiles().target)
        whole, *folds = spies.trained
        assert Counter(whole) == Counter(smiles().groups)
        assert len(folds) == len(spies.asked) == 4
        for trained, asked in zip(folds, spies.asked, strict=True):
            assert not set(trained) & set(asked)
        assert Counter(s for asked in spies.asked for s in asked) == Counter(smiles().groups)

    def test_groups_win_over_the_clips_own_subjects(self, spies):
        other = np.repeat(["p", "q", "r", "t"], 8)
        CalibratedSystem(Spy(), cv=2).fit(smiles().data, smiles().target, groups=other)
        assert {s for asked in spies.asked for s in asked} == {"p", "q", "r", "t"}
        assert all(not set(t) & set(a) for t, a in zip(spies.trained[1:], spies.asked, strict=True))

    def test_groups_reach_folds_within_folds(self, seen):
        """Of a table nothing but `groups` tells the estimator whose rows these are."""
        line = make_pipeline(AUDA(phases=("onset",)), BlockSVMEnsemble(cv=2))
        CalibratedSystem(line, cv=2).fit(smiles().data, smiles().target)
        assert seen[0] == set(smiles().groups)
        assert not seen[1] & seen[2]
        assert seen[1] | seen[2] == seen[0]

    def test_groups_by_metadata_routing(self, seen):
        X, y = make_classification(60, 5, random_state=0)
        with sklearn.config_context(enable_metadata_routing=True):
            scores = cross_val_score(CalibratedSystem(BlockSVMEnsemble(cv=2), cv=2), X, y,
                                     params={"groups": np.repeat(np.arange(12), 5)},
                                     cv=GroupKFold(2), error_score="raise")
        assert len(scores) == 2
        assert [len(subjects) for subjects in seen] == [6, 3, 3, 6, 3, 3]
        assert not seen[1] & seen[2]

    def test_a_seed_draws_other_folds(self, spies):
        folds = []
        for seed in (None, None, 1, 2):
            spies.asked.clear()
            CalibratedSystem(Spy(), cv=2, random_state=seed).fit(smiles().data, smiles().target)
            assert Counter(s for a in spies.asked for s in a) == Counter(smiles().groups)
            folds.append(frozenset(frozenset(a) for a in spies.asked))
        assert folds[0] == folds[1]
        assert len(set(folds)) == 3


class TestProbabilities:
    @pytest.mark.parametrize("method", METHODS)
    def test_too_sure_decisions_become_true_log_odds(self, method):
        X, y, _ = told(4000, 5.0, 0)
        new, y_new, log_odds = told(4000, 5.0, 1)
        calibrated = CalibratedSystem(Says(), method).fit(X, y)
        p = calibrated.predict_proba(new)[:, 1]
        best = log_loss(y_new, 1.0 / (1.0 + np.exp(-log_odds)))
        too_sure = log_loss(y_new, 1.0 / (1.0 + np.exp(-new[:, 0])))
        assert log_loss(y_new, p) < best + 0.015 < too_sure - 0.5
        if method != "isotonic":
            np.testing.assert_allclose(calibrated.slope_, 0.2, rtol=0.1)

    def test_temperature_leaves_decisions_alone_and_sigmoid_moves_them(self):
        X, y, _ = told(600, 2.0, 0, offset=3.0)
        cooled = CalibratedSystem(Says(), "temperature").fit(X, y)
        np.testing.assert_array_equal(cooled.predict(X), (X[:, 0] > 0).astype(int))
        assert cooled.offset_ == 0.0
        moved = CalibratedSystem(Says()).fit(X, y)
        np.testing.assert_allclose(moved.offset_ / moved.slope_, -3.0, atol=0.5)

    @pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
    def test_tables_agree_with_scikit_learns(self, method):
        X, y = make_classification(400, 8, flip_y=0.2, random_state=0)
        groups = np.repeat(np.arange(80), 5)
        found = CalibratedSystem(SVC(), method, cv=4).fit(X, y, groups=groups)
        theirs = CalibratedClassifierCV(
            SVC(), method=method, ensemble=False, cv=list(
                sklearn.model_selection.StratifiedGroupKFold(4).split(X, y, groups))).fit(X, y)
        np.testing.assert_allclose(found.predict_proba(X), theirs.predict_proba(X), atol=0.03)

    def test_the_model_that_decides_is_trained_on_everything(self):
        X, y = make_classification(80, 6, random_state=0)
        calibrated = CalibratedSystem(LogisticRegression(), cv=2).fit(X, y)
        whole = LogisticRegression().fit(X, y).decision_function(X)
        np.testing.assert_allclose(calibrated.decision_function(X),
                                   calibrated.slope_ * whole + calibrated.offset_)

    def test_a_wild_decision_does_not_spoil_the_others(self):
        """scikit-learn's sigmoid is flattened by it."""
        X, y, _ = told(300, 5.0, 0)
        X[int(np.flatnonzero(y)[0])] = -744.0
        new, y_new, _ = told(2000, 5.0, 1)
        calibrated = CalibratedSystem(Says()).fit(X, y)
        theirs = CalibratedClassifierCV(FrozenEstimator(Says().fit(X, y))).fit(X, y)
        assert log_loss(y_new, calibrated.predict_proba(new)) < \
            log_loss(y_new, theirs.predict_proba(new)) - 0.03
        assert (np.abs(calibrated.bounds_) < 60).all()
        far = calibrated.decision_function([[-1e9], [calibrated.bounds_[0]]])
        assert far[0] == far[1]

    @pytest.mark.parametrize("model", [RandomForestClassifier(3, random_state=0), Perceptron(),
                                       SVC()], ids=lambda m: type(m).__name__)
    @pytest.mark.parametrize("method", METHODS)
    def test_any_classifier_has_finite_log_odds(self, model, method):
        """A forest of three says 0 and 1; most of its decisions are the same."""
        X, y = make_classification(80, 4, class_sep=3.0, random_state=1)
        words = np.array(["no", "yes"])[y]
        calibrated = CalibratedSystem(model, method).fit(X, words)
        assert np.isfinite(calibrated.decision_function(X)).all()
        p = calibrated.predict_proba(X)
        assert ((p > 0) & (p < 1)).all()
        assert calibrated.score(X, words) > 0.8

    def test_fitted_ones_are_used_as_they_are(self):
        X, y, _ = told(200, 3.0, 0)
        model = LogisticRegression().fit(X[:100], y[:100])
        before = model.coef_.copy()
        frozen = CalibratedSystem(FrozenEstimator(model)).fit(X[100:], y[100:])
        prefit = CalibratedSystem(model, cv="prefit").fit(X[100:], y[100:])
        assert prefit.estimator_ is model
        np.testing.assert_array_equal(model.coef_, before)
        np.testing.assert_allclose(frozen.predict_proba(X), prefit.predict_proba(X))


class TestNothingLearnt:
    @pytest.mark.parametrize("method", METHODS)
    def test_decisions_are_not_turned_round(self, method):
        X, y, _ = told(200, 1.0, 0)
        with pytest.warns(UserWarning, match="say nothing about the class"):
            calibrated = CalibratedSystem(Says(), method).fit(X, 1 - y)
        np.testing.assert_array_equal(calibrated.predict(X), (X[:, 0] > 0).astype(int))
        assert np.abs(calibrated.predict_proba(X) - 0.5).max() < 0.01

    def test_decisions_stay_also_where_nobody_was_near(self):
        """All held-out decisions lie around 20; one of −1 is against the class all the same."""
        X, y, _ = told(200, 1.0, 0, offset=20.0)
        with pytest.warns(UserWarning, match="say nothing about the class"):
            calibrated = CalibratedSystem(Says()).fit(X, 1 - y)
        assert calibrated.predict([[-1.0], [1.0]]).tolist() == [0, 1]

    @pytest.mark.parametrize("method", METHODS)
    def test_the_same_said_of_everybody(self, method):
        X, y = np.full((30, 1), 4.0), np.tile([0, 1, 1], 10)
        calibrated = CalibratedSystem(Says(), method).fit(X, y)
        assert (np.abs(calibrated.predict_proba(X)[:, 1] - 0.6) < 0.12).all()

    def test_temperature_where_only_an_offset_would_help(self):
        X, y, _ = told(300, 0.5, 0, offset=20.0)
        y[X[:, 0] > 20.0] *= np.random.default_rng(0).random((X[:, 0] > 20.0).sum()) < 0.5
        with pytest.warns(UserWarning, match="take method='sigmoid'"):
            calibrated = CalibratedSystem(Says(), "temperature").fit(X, y)
        assert np.abs(calibrated.predict_proba(X) - 0.5).max() < 0.01


class TestManners:
    def test_string_labels_and_columns(self):
        X, y = make_classification(60, 4, n_redundant=0, random_state=1)
        table = pd.DataFrame(X, columns=list("abcd"))
        calibrated = CalibratedSystem(BlockSVMEnsemble({"x": ["a", "c"]}, cv=2), cv=2)
        calibrated.fit(table, np.array(["posed", "spontaneous"])[y])
        assert list(calibrated.feature_names_in_) == list("abcd")
        assert list(calibrated.classes_) == ["posed", "spontaneous"]
        assert set(calibrated.predict(table)) == {"posed", "spontaneous"}

    def test_search_within(self):
        X, y = make_classification(60, 4, random_state=1)
        search = GridSearchCV(CalibratedSystem(SVC(), cv=2),
                              {"estimator__C": [0.1, 1.0], "method": ["sigmoid", "temperature"]},
                              cv=GroupKFold(2), error_score="raise")
        search.fit(X, y, groups=np.repeat(np.arange(12), 5))
        assert len(search.cv_results_["params"]) == 4

    def test_missing_values_are_the_estimators_matter(self):
        X, y = make_classification(60, 4, random_state=1)
        X[0, 0] = np.nan
        forest = RandomForestClassifier(3, random_state=0)
        assert np.isfinite(CalibratedSystem(forest, cv=2).fit(X, y).decision_function(X)).all()
        with pytest.raises(ValueError, match="Input X contains NaN"):
            CalibratedSystem(SVC(), cv=2).fit(X, y)

    @pytest.mark.parametrize("method", METHODS)
    def test_pickled(self, method):
        X, y, _ = told(60, 1.0, 0)
        calibrated = CalibratedSystem(LogisticRegression(), method).fit(X, y)
        copy = pickle.loads(pickle.dumps(calibrated))
        np.testing.assert_array_equal(copy.predict_proba(X), calibrated.predict_proba(X))

    @pytest.mark.slow
    def test_processes_change_nothing(self):
        X, y = make_classification(60, 4, random_state=1)
        one, two = (CalibratedSystem(SVC(), n_jobs=n).fit(X, y).decision_function(X)
                    for n in (None, 2))
        np.testing.assert_array_equal(one, two)

    def test_a_fit_that_fails_leaves_the_last_one(self):
        X, y, _ = told(60, 1.0, 0)
        calibrated = CalibratedSystem(Says(), cv=2).fit(X, y)
        expected = calibrated.predict_proba(X)
        with pytest.raises(ValueError, match="one class only"):
            calibrated.fit(X, np.zeros(60))
        np.testing.assert_array_equal(calibrated.predict_proba(X), expected)


class TestRefusals:
    @pytest.mark.parametrize(("change", "message"), [
        ({"method": "platt"}, "method must be one of sigmoid, isotonic, temperature, not 'platt'"),
        ({"cv": 1}, "cv must be a whole number of at least 2"),
        ({"cv": "prefit"}, "Says is to be used as it is, but it is not fitted"),
        ({"estimator": None}, "estimator must be a classifier, or a pipeline .* not None"),
        ({"estimator": Says}, "estimator must be a classifier"),
        ({"estimator": Ridge()}, r"estimator must be a classifier, .* not Ridge\(\)"),
    ])
    def test_parameters(self, change, message):
        X, y, _ = told(20, 1.0, 0)
        with pytest.raises(ValueError, match=message):
            CalibratedSystem(**{"estimator": Says(), **change}).fit(X, y)

    def test_fitted_on_other_labels(self):
        X, y, _ = told(20, 1.0, 0)
        model = Says().fit(X, np.array(["no", "yes"])[y])
        with pytest.raises(ValueError, match="fitted on the classes no, yes, and these are 0, 1"):
            CalibratedSystem(model, cv="prefit").fit(X, y)

    @pytest.mark.parametrize("wrong", [np.nan, np.inf])
    def test_decisions_that_are_no_numbers(self, wrong):
        X, y, _ = told(20, 1.0, 0)
        table = pd.DataFrame(X)
        calibrated = CalibratedSystem(Says()).fit(table, y)
        table.iloc[7] = wrong
        with pytest.raises(ValueError, match="not finite for 1 of 20, first for number 7"):
            clone(calibrated).fit(table, y)
        with pytest.raises(ValueError, match="Says gives decision values that are not finite"):
            calibrated.predict_proba(table)

    def test_one_subject(self):
        X, y, _ = told(20, 1.0, 0)
        with pytest.raises(ValueError, match="all clips are of one subject, 'ada'"):
            CalibratedSystem(Says(), random_state=0).fit(X, y, groups=["ada"] * 20)


@parametrize_with_checks([CalibratedSystem(LogisticRegression(), cv=2)])
def test_with_tables_it_passes_scikit_learns_own_checks(estimator, check):
    check(estimator)
