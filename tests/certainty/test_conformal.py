"""Abstention: that the promised error rate is kept, by subject, and what is said where it is not.

Coverage is counted over many seeded repetitions; bounds are four standard errors wide.
"""

from __future__ import annotations

import functools
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import stats
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from smilegenuine import AUDA, BlockSVMEnsemble
from smilegenuine.certainty.abstention import abstention_scores, conformal_p_values
from smilegenuine.certainty.conformal import SubjectConformalClassifier
from smilegenuine.datasets import make_smile_signals


class Says(ClassifierMixin, BaseEstimator):
    """A classifier of tables whose decision is the first column."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def decision_function(self, X):
        return np.asarray(X)[:, 0]

    def predict(self, X):
        return self.classes_[(self.decision_function(X) > 0).astype(int)]


SAYS = FrozenEstimator(Says().fit([[0.0], [1.0]], [0, 1]))


def people(rng, n: int, *, alike: float, uneven: bool = False):
    """Clips of n people: decisions, labels, whose they are.

    The clips of a person share most of what makes them hard (`alike`). `uneven`: of people who are
    easy to tell there are twenty clips of a kind, of those who are hard one.
    """
    hard = rng.random(n) < 0.5 if uneven else np.zeros(n, bool)
    of_a_kind = np.where(hard, 1, 20) if uneven else np.full(n, 10)
    who = np.repeat(np.arange(n), 2 * of_a_kind)
    y = np.concatenate([np.repeat([0, 1], k) for k in of_a_kind])
    shift = rng.normal(size=(n, 2)) * alike - 3.0 * hard[:, None]
    values = 1.5 + shift[who, y] + np.sqrt(1.0 - alike**2) * rng.normal(size=len(y))
    return np.where(y == 1, values, -values)[:, None], y, who


def coverage(n_calibration: int, *, naive: bool, alike: float = 0.97, uneven: bool = False,
             n: int = 500, error_rate: float = 0.1):
    """Share of a new person's clips not decided wrongly: mean over repetitions, standard error."""
    found = []
    for seed in range(n):
        rng = np.random.default_rng(seed)
        X, y, who = people(rng, n_calibration, alike=alike, uneven=uneven)
        against = np.where(y == 0, X[:, 0], -X[:, 0])
        new, y_new, new_who = people(rng, 10, alike=alike, uneven=uneven)
        new_against = np.where(y_new == 0, new[:, 0], -new[:, 0])
        for c in (0, 1):
            own, mine = y == c, y_new == c
            groups = np.arange(own.sum()) if naive else who[own]
            p = conformal_p_values(against[own], groups, new_against[mine])
            shares = pd.Series(p > error_rate + 1e-9).groupby(new_who[mine]).mean()
            found.append(shares.mean())
    return np.mean(found), np.std(found) / np.sqrt(len(found))


class TestCoverage:
    @pytest.mark.parametrize(("n_calibration", "uneven"), [(12, False), (30, False), (30, True)])
    def test_it_is_kept_for_people_whose_clips_are_alike(self, n_calibration, uneven):
        mean, error = coverage(n_calibration, naive=False, uneven=uneven)
        assert 0.9 - 4.0 * error < mean < 0.97

    def test_clip_by_clip_it_is_not_with_few_subjects(self):
        """The naive way: 10 clips of 12 people count as 120 people."""
        mean, error = coverage(12, naive=True)
        assert mean < 0.9 - 4.0 * error

    def test_clip_by_clip_it_is_not_where_the_hard_ones_have_few_clips(self):
        mean, error = coverage(30, naive=True, uneven=True)
        assert mean < 0.7
        assert error < 0.02

    def test_what_it_is_with_clips_that_are_all_the_same(self):
        """Then the rank among 12 people decides: 12/13 by subject, 11/13 clip by clip."""
        for naive, expected in ((False, 12 / 13), (True, 11 / 13)):
            mean, error = coverage(12, naive=naive, alike=1.0)
            assert abs(mean - expected) < 4.0 * error

    @pytest.mark.parametrize("class_conditional", [True, False])
    def test_of_the_classifier_from_fit_to_decision(self, class_conditional):
        errors = []
        for seed in range(150):
            rng = np.random.default_rng(seed)
            X, y, who = people(rng, 15, alike=0.9)
            X[y == 1] -= 2.0  # the second class is harder
            careful = SubjectConformalClassifier(SAYS, 0.2, class_conditional=class_conditional)
            new, y_new, new_who = people(rng, 20, alike=0.9)
            new[y_new == 1] -= 2.0
            table = abstention_scores(y_new, careful.fit(X, y, groups=who).decide(new),
                                      groups=new_who)
            errors.append(table["error"])
        mean, error = np.mean(errors, axis=0), np.std(errors, axis=0) / np.sqrt(len(errors))
        first, second, both = 0.2 + 4.0 * error - mean
        if class_conditional:
            assert min(first, second) > 0
        else:
            assert both > 0
            assert mean[1] > 0.2 + 4.0 * error[1]  # no promise was made for a class

    def test_of_a_real_system(self):
        """Within 60 people who can be drawn in any order, the promise holds on average exactly."""
        smiles = make_smile_signals(80, 4, fps=12.5, random_state=0)
        table = AUDA(phases=("onset", "offset")).fit_transform(smiles.data)
        names = np.unique(smiles.groups)
        old = np.isin(smiles.groups, names[:20])
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01))
        model.fit(table[old], smiles.target[old])
        errors, decided = [], []
        for seed in range(40):
            first = np.random.default_rng(seed).permutation(names[20:])[:30]
            mine = np.isin(smiles.groups, first)
            new = ~(old | mine)
            careful = SubjectConformalClassifier(FrozenEstimator(model), 0.2)
            careful.fit(table[mine], smiles.target[mine], groups=smiles.groups[mine])
            found = abstention_scores(smiles.target[new], careful.decide(table[new]),
                                      groups=smiles.groups[new])
            errors.append(found["error"].to_numpy())
            decided.append(found.at["all", "decided"])
        mean, error = np.mean(errors, axis=0), np.std(errors, axis=0) / np.sqrt(40)
        assert (mean[:2] < 0.2 + 4.0 * error[:2]).all()
        assert 0.4 < np.mean(decided) < 1.0
        assert mean[2] > 0.05  # it is not careful beyond measure


def table(n: int = 30, seed: int = 0, each: int = 2):
    """A table with columns that tell something, two labels, and whose rows they are."""
    X, y = make_classification(n * 2 * each, 5, n_informative=4, n_redundant=0, flip_y=0.0,
                               class_sep=0.6, random_state=seed)
    order = np.argsort(y, kind="stable").reshape(2, n, each).transpose(1, 0, 2).ravel()
    return X[order], y[order], np.repeat(np.arange(n), 2 * each)


@functools.cache
def fitted():
    X, y, who = table()
    words = np.array(["posed", "spontaneous"])[y]
    return SubjectConformalClassifier(LogisticRegression(), 0.2, holdout=0.5, random_state=0).fit(
        X, words, groups=who)


class TestWhoIsHeldOut:
    def test_nobody_calibrates_who_was_trained_on(self):
        X, y, who = table()
        careful = SubjectConformalClassifier(LogisticRegression(), 0.2, random_state=0)
        careful.fit(X, y, groups=who)
        aside = np.isin(who.astype(str), careful.calibration_subjects_)
        assert len(careful.calibration_subjects_) == 9
        alone = LogisticRegression().fit(X[~aside], y[~aside])
        np.testing.assert_array_equal(careful.decision_function(X), alone.decision_function(X))
        assert careful.n_calibration_subjects_.tolist() == [9, 9]
        assert careful.smallest_error_rate_ == 0.1

    def test_it_is_drawn_without_a_look_at_how_many_clips_there_are(self):
        """Everybody is held out as often, also those with one clip among those with twenty."""
        who = np.repeat(np.arange(20), np.where(np.arange(20) % 2, 10, 1) * 2)
        y, X = np.tile([0, 1], len(who) // 2), np.zeros((len(who), 1))
        times = np.zeros(20)
        for seed in range(200):
            careful = SubjectConformalClassifier(Says(), 0.5, holdout=0.3, random_state=seed)
            times[careful.fit(X, y, groups=who).calibration_subjects_.astype(int)] += 1
        assert times.sum() == 200 * 6
        assert stats.chisquare(times).pvalue > 0.001

    def test_groups_reach_the_classifier_and_its_folds(self, monkeypatch):
        seen, original = [], BlockSVMEnsemble.fit
        monkeypatch.setattr(BlockSVMEnsemble, "fit", lambda self, X, y, groups=None: (
            seen.append(set(groups)), original(self, X, y, groups))[1])
        X, y, who = table(12)
        careful = SubjectConformalClassifier(BlockSVMEnsemble(cv=2), 0.3, random_state=0)
        careful.fit(X, y, groups=who)
        assert len(seen) == 1
        assert {str(s) for s in seen[0]} | set(careful.calibration_subjects_) == \
            set(who.astype(str))
        assert len(seen[0]) == 8

    def test_groups_by_metadata_routing(self):
        X, y, who = table()
        with sklearn.config_context(enable_metadata_routing=True):
            scores = cross_val_score(
                SubjectConformalClassifier(LogisticRegression(), 0.3, random_state=0), X, y,
                params={"groups": who}, cv=GroupKFold(2), error_score="raise")
        assert (scores > 0.5).all()

    def test_a_class_that_two_people_show_is_on_both_sides(self):
        who = np.repeat(np.arange(30), 2)
        y = np.where(who < 2, 1, 0)
        X = np.random.default_rng(0).normal(size=(60, 2))
        for seed in range(5):
            careful = SubjectConformalClassifier(LogisticRegression(), 0.5, random_state=seed)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                careful.fit(X, y, groups=who)
            assert careful.n_calibration_subjects_[1] == 1

    @pytest.mark.parametrize("params", [{"holdout": "prefit"}, {}])
    def test_fitted_ones_are_used_as_they_are(self, params):
        X, y, who = table()
        model = LogisticRegression().fit(X[:60], y[:60])
        given = model if params else FrozenEstimator(model)
        careful = SubjectConformalClassifier(given, 0.2, **params)
        careful.fit(X[60:], y[60:], groups=who[60:])
        assert careful.estimator_ is given
        assert careful.n_calibration_subjects_.tolist() == [15, 15]
        np.testing.assert_array_equal(careful.predict(X), model.predict(X))


class TestDecisions:
    def test_sets_decisions_and_thresholds_agree(self):
        X, _, _ = table(seed=1)
        careful = pickle.loads(pickle.dumps(fitted()))
        values = careful.decision_function(X)
        for rate in (0.07, 0.1, 0.2, 0.4):
            careful.set_params(error_rate=rate)
            sets, (upper, lower) = careful.predict_set(X), careful.thresholds_
            np.testing.assert_array_equal(sets, np.column_stack([values <= upper, values >= lower]))
            said = careful.decide(X)
            assert 0 < (said == "cannot tell").sum() < len(X) or rate == 0.4
            np.testing.assert_array_equal(said == "cannot tell", sets.all(axis=1))
            np.testing.assert_array_equal(said[sets[:, 0] & ~sets[:, 1]], "posed")
            np.testing.assert_array_equal(said[sets[:, 1] & ~sets[:, 0]], "spontaneous")

    def test_another_error_rate_without_fitting_again(self):
        X, _, _ = table(seed=1)
        careful = pickle.loads(pickle.dumps(fitted()))
        loose, strict = careful.decide(X, error_rate=0.4), careful.decide(X, error_rate=0.1)
        assert (loose == "cannot tell").sum() < (strict == "cannot tell").sum()
        assert careful.error_rate == 0.2
        np.testing.assert_array_equal(careful.set_params(error_rate=0.4).decide(X), loose)

    def test_empty_sets_are_decided_as_at_a_smaller_error_rate(self):
        X, _, _ = table(seed=1)
        careful = fitted()
        empty = ~careful.predict_set(X, error_rate=0.6).any(axis=1)
        assert empty.sum() > 3
        p = careful.p_values(X)[empty]
        np.testing.assert_array_equal(careful.decide(X, error_rate=0.6)[empty],
                                      careful.classes_[p.argmax(axis=1)])

    def test_labels_are_pythons_own(self):
        X, y, who = table()
        said = SubjectConformalClassifier(LogisticRegression(), 0.2, abstain_label="?",
                                          random_state=0).fit(X, y, groups=who).decide(X)
        assert {type(s) for s in said} == {int, str}
        assert set(said) == {0, 1, "?"}

    def test_it_remains_a_classifier(self):
        X, y, _ = table(seed=1)
        careful = fitted()
        within = careful.estimator_
        np.testing.assert_array_equal(careful.predict(X), within.predict(X))
        np.testing.assert_array_equal(careful.predict_proba(X), within.predict_proba(X))
        assert careful.score(X, careful.classes_[y]) == within.score(X, careful.classes_[y])
        assert not hasattr(SubjectConformalClassifier(SVC()), "predict_proba")

    def test_sure_and_equal_probabilities(self):
        """A forest of three says 0, 1/3, 2/3 and 1: many clips are as usual as each other."""
        X, y, who = table()
        careful = SubjectConformalClassifier(RandomForestClassifier(3, random_state=0), 0.3,
                                             random_state=0).fit(X, y, groups=who)
        p = careful.p_values(X)
        assert len(np.unique(p[:, 0])) <= 5
        np.testing.assert_array_equal(careful.predict_set(X), p > 0.3 + 1e-9)  # 3/10 is no more
        tied = careful.predict_set(X).all(axis=1) | (np.abs(p[:, 0] - p[:, 1]) < 1e-9)
        np.testing.assert_array_equal(careful.decide(X) == "cannot tell", tied)

    def test_the_same_said_of_everybody_decides_nothing(self):
        X, y, who = np.zeros((40, 1)), np.tile([0, 1], 20), np.repeat(np.arange(10), 4)
        careful = SubjectConformalClassifier(SAYS, 0.5).fit(X, y, groups=who)
        assert set(careful.decide(X)) == {"cannot tell"}

    def test_search_over_error_rates_and_the_classifier(self):
        X, y, who = table()
        search = GridSearchCV(SubjectConformalClassifier(SVC(), 0.3, random_state=0),
                              {"estimator__C": [0.1, 1.0]}, cv=GroupKFold(2), error_score="raise")
        search.fit(X, y, groups=who)
        assert set(search.best_estimator_.decide(X)) <= {0, 1, "cannot tell"}


class TestTooFewSubjects:
    def test_it_is_said_before_the_training(self):
        class Late(Says):
            def fit(self, X, y):
                raise AssertionError("the training began")

        X, y, who = table(20)
        careful = SubjectConformalClassifier(Late(), 0.1, random_state=0)
        with pytest.warns(UserWarning, match="takes 9 subjects held out who show each class; 6 "
                          "show '0' and 6 show '1', so nothing can be decided. The smallest error "
                          "rate for them is 0.143"), pytest.raises(AssertionError):
            careful.fit(X, y, groups=who)

    def test_then_nothing_is_decided(self):
        X, _, _ = table(seed=1)
        careful = fitted()
        with pytest.warns(UserWarning, match="error_rate=0.05 takes 19 subjects"):
            said = careful.decide(X, error_rate=0.05)
        assert set(said) == {"cannot tell"}
        with pytest.warns(UserWarning, match="nothing can be decided"):
            assert careful.predict_set(X, error_rate=0.05).all()

    def test_of_one_class_the_other_is_never_decided(self):
        X, y, who = table(20)
        kept = (y == 1) | (who < 3)
        careful = SubjectConformalClassifier(FrozenEstimator(LogisticRegression().fit(X, y)), 0.1)
        with pytest.warns(UserWarning, match="3 show '0' and 20 show '1', so '1' can never be dec"):
            careful.fit(X[kept], y[kept], groups=who[kept])
        with pytest.warns(UserWarning, match="never"):
            assert set(careful.decide(X)) == {0, "cannot tell"}
        assert careful.thresholds_[0] == np.inf
        assert np.isfinite(careful.thresholds_[1])

    def test_without_classes_all_subjects_count(self):
        X, y, who = table(20)
        careful = SubjectConformalClassifier(SAYS, 0.01, class_conditional=False)
        with pytest.warns(UserWarning, match="99 subjects held out; there are 20, so nothing"):
            careful.fit(X, y, groups=who)

    def test_groups_unknown(self):
        """Every row is somebody, so there are enough of them; the promise is then for rows."""
        X, y, _ = table()
        careful = SubjectConformalClassifier(LogisticRegression(), 0.1, random_state=0).fit(X, y)
        assert careful.calibration_subjects_ is None
        assert careful.n_calibration_subjects_.sum() == 36


class TestRefusals:
    @pytest.mark.parametrize(("change", "message"), [
        *(({"error_rate": rate}, "error_rate must be a number between 0 and 1, such as 0.1, not")
          for rate in (0, 1, "0.1", True, None, np.nan, [0.1])),
        *(({"holdout": share}, "holdout must be a share of the subjects between 0 and 1, or 'pref")
          for share in (0, 1, 3, None, "x", True)),
        ({"abstain_label": None}, "abstain_label must be a text"),
        ({"abstain_label": "1"}, "abstain_label is '1', and that is a class too"),
        ({"estimator": Ridge()}, "estimator must be a classifier"),
        ({"estimator": SVC(), "holdout": "prefit"}, "SVC is to be used as it is, but it is not f"),
    ])
    def test_parameters(self, change, message):
        X, y, who = table()
        with pytest.raises(ValueError, match=message):
            SubjectConformalClassifier(**{"estimator": Says(), **change}).fit(X, y, groups=who)

    @pytest.mark.parametrize("rate", [0, 1.0, "0.2"])
    def test_error_rates_given_later(self, rate):
        with pytest.raises(ValueError, match="error_rate must be a number"):
            fitted().decide(table()[0], error_rate=rate)

    def test_decisions_that_are_no_numbers(self):
        X, y, who = table()
        frame = pd.DataFrame(X)
        careful = SubjectConformalClassifier(Says(), 0.3, random_state=0).fit(frame, y, groups=who)
        frame.iloc[5] = np.nan
        with pytest.raises(ValueError, match="NaN for 1 of 120, first for number 5"):
            careful.decide(frame)
        frame.iloc[:] = np.nan
        with pytest.raises(ValueError, match="decision values that are NaN"):
            clone(careful).fit(frame, y, groups=who)

    def test_one_subject_and_one_class(self):
        X, y, who = table()
        careful = SubjectConformalClassifier(Says())
        with pytest.raises(ValueError, match="all clips are of one subject, 'ada'"):
            careful.fit(X, y, groups=["ada"] * len(y))
        with pytest.raises(ValueError, match="one class only"):
            careful.fit(X, np.zeros(len(y)), groups=who)


@pytest.mark.filterwarnings("ignore:error_rate=:UserWarning")
@parametrize_with_checks([SubjectConformalClassifier(LogisticRegression(), 0.3, random_state=0)])
def test_with_tables_it_passes_scikit_learns_own_checks(estimator, check):
    check(estimator)
