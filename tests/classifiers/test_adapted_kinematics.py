"""Adapting a fitted classifier of kinematics: what a few labels change, and what they must not."""

from __future__ import annotations

import pickle
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from smilegenuine import KinematicsClassifier, SmileKinematics
from smilegenuine.classifiers import adapted_kinematics as room
from smilegenuine.classifiers.adapted_kinematics import (
    AdaptedKinematicsClassifier,
    expected_moments,
)
from smilegenuine.datasets import make_smile_signals

COLUMNS = ["lip_onset_duration_s", "lip_onset_rise", "lip_onset_peak_speed_per_s",
           "eyelid_onset_rise", "eyelid_apex_wobble"]
TEXTS = np.array(["posed", "spontaneous"])


def planted(n_subjects, seed, times=1.0, per_subject=4):
    """Figures of people with habits of their own, times what a camera makes of them."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_subjects), per_subject)
    y = np.tile([0, 1], len(groups) // 2)
    values = rng.normal(size=(n_subjects, len(COLUMNS)))[groups] * 0.5
    values = values + rng.normal(size=values.shape) + y[:, None] * [1.0, 0.7, -0.3, 0.8, 0.2]
    return pd.DataFrame(times * np.exp(0.5 * values), columns=COLUMNS), y, groups


@pytest.fixture(scope="module")
def prior():
    X, y, _ = planted(200, 0)
    return KinematicsClassifier(n_components=2, random_state=0).fit(X, y)


@pytest.fixture(scope="module")
def few():
    return planted(15, 1, times=[2.0, 0.6, 0.5, 1.0, 1.0])


def with_gaps(X, share, seed=0):
    return X.mask(np.random.default_rng(seed).random(X.shape) < share)


# -- what it is good for --------------------------------------------------------------------------

@pytest.fixture(scope="module")
def slower_people():
    """A prior of smiles as they are known, and smiles of people who take longer over them."""
    def measured(smiles, slower):
        return SmileKinematics().set_output(transform="pandas").fit_transform(
            [(slower * t, lips, lids) for t, lips, lids in
             zip(smiles.times, smiles.lips, smiles.eyelids, strict=True)])

    known = make_smile_signals(150, 2, random_state=1)
    prior = KinematicsClassifier(random_state=0).fit(measured(known, 1.0), known.target)
    new = make_smile_signals(90, 2, random_state=77)
    return SimpleNamespace(prior=prior, X=measured(new, 1.4), y=new.target, groups=new.groups)


@pytest.mark.parametrize("n_subjects", [10, 40])
def test_a_few_subjects_are_worth_more_to_it_than_to_what_starts_from_nothing(
        slower_people, n_subjects):
    data = slower_people
    scores = {}
    for draw in range(4):
        order = np.random.default_rng(draw).permutation(np.unique(data.groups))
        test, train = (np.isin(data.groups, part)
                       for part in (order[:50], order[50:50 + n_subjects]))
        X, y = data.X[train], data.y[train]
        filled = make_pipeline(SimpleImputer(), StandardScaler())
        models = {
            "as it is": data.prior,
            "adapted": AdaptedKinematicsClassifier(data.prior).fit(X, y, data.groups[train]),
            "mixtures": KinematicsClassifier(random_state=0).fit(X, y),
            "logistic": make_pipeline(filled, LogisticRegression(C=0.1)).fit(X, y),
            "svm": make_pipeline(filled, SVC()).fit(X, y)}
        for name, model in models.items():
            scores.setdefault(name, []).append(balanced_accuracy_score(
                data.y[test], model.decision_function(data.X[test]) > 0))
    mean = {name: np.mean(found) for name, found in scores.items()}
    assert mean["adapted"] > mean["as it is"] + 0.04
    assert mean["adapted"] >= max(mean[name] for name in ("mixtures", "logistic", "svm"))


def test_what_a_camera_changes_is_taken_out(prior, few):
    X, y, groups = few
    adapted = AdaptedKinematicsClassifier(prior).fit(X, y, groups)
    new, y_new, _ = planted(200, 2, times=[2.0, 0.6, 0.5, 1.0, 1.0])
    plain, _, _ = planted(200, 2)
    best = prior.score(plain, y_new)
    assert prior.score(new, y_new) < best - 0.05
    assert adapted.score(new, y_new) > best - 0.02


def test_where_nothing_has_changed_it_stays_near_the_prior(prior):
    new, y_new, _ = planted(200, 3)
    for seed in range(3):
        adapted = AdaptedKinematicsClassifier(prior).fit(*planted(12, 10 + seed))
        same = adapted.predict(new) == prior.predict(new)
        assert same.mean() > 0.93
        assert adapted.score(new, y_new) > prior.score(new, y_new) - 0.02
        assert adapted.weight_of_prior_ > adapted.strength_weights_[1:].max()


def test_labels_without_meaning_make_it_unsure(prior):
    X, y, groups = planted(30, 4)
    sure = np.abs(prior.decision_function(X)).mean()
    for seed in range(4):
        shuffled = np.random.default_rng(seed).permutation(y)
        adapted = AdaptedKinematicsClassifier(prior).fit(X, shuffled, groups)
        assert np.abs(adapted.decision_function(X)).mean() < 0.5 * sure
        assert 0.35 < adapted.held_out_accuracy_ < 0.62


def test_swapped_labels_are_noticed(prior):
    X, y, groups = planted(30, 4)
    with pytest.warns(UserWarning, match="is right about 1[0-9] % of these clips.*swapped"):
        AdaptedKinematicsClassifier(prior).fit(X, 1 - y, groups)


# -- the prior ------------------------------------------------------------------------------------

def test_infinite_strength_is_the_prior_exactly(prior, few):
    X, y, groups = few
    adapted = AdaptedKinematicsClassifier(prior, strengths=[np.inf]).fit(X, y, groups)
    gaps = with_gaps(planted(40, 5)[0], 0.6)
    gaps.iloc[3] = np.nan
    gaps.iloc[4] = 1e6  # like nothing that was learnt
    for ask in ("decision_function", "predict_proba", "predict", "decide", "unusual"):
        np.testing.assert_array_equal(getattr(adapted, ask)(gaps), getattr(prior, ask)(gaps))
    assert adapted.unusual(gaps)[4]
    assert adapted.weight_of_prior_ == 1.0


def test_great_strength_is_the_prior_moved_to_the_new_figures(prior, few):
    X, y, groups = few
    adapted = AdaptedKinematicsClassifier(prior, strengths=[1e12]).fit(X, y, groups)
    new, _, _ = planted(20, 6, times=[2.0, 0.6, 0.5, 1.0, 1.0])
    assert adapted.decision_function(new) == pytest.approx(
        adapted.recentred_.decision_function(new), abs=1e-6)
    assert np.abs(adapted.decision_function(new) - prior.decision_function(new)).max() > 0.3


def test_the_prior_is_left_as_it_was(few):
    X, y, _ = planted(60, 0)
    prior = KinematicsClassifier(random_state=0).fit(X, y)
    before = pickle.dumps(prior)
    adapted = AdaptedKinematicsClassifier(prior).fit(*few)
    adapted.predict(X)
    assert adapted.prior is prior
    assert pickle.dumps(prior) == before


def test_a_clone_has_the_same_prior(prior, few):
    X, y, groups = few
    adapted = AdaptedKinematicsClassifier(prior, strengths=[np.inf, 3.0], cv=3, random_state=4)
    copied = clone(adapted)
    assert copied.prior is prior
    assert {k: v for k, v in copied.get_params(deep=False).items() if k != "prior"} == {
        "strengths": [np.inf, 3.0], "cv": 3, "random_state": 4}
    assert not hasattr(clone(adapted.fit(X, y, groups)), "slope_")
    found = cross_val_predict(adapted, X, y, groups=groups, cv=GroupKFold(3))
    assert np.mean(found == y) > 0.6


def test_a_prior_in_a_frozen_estimator_is_the_same(prior, few):
    X, y, groups = few
    one, other = (AdaptedKinematicsClassifier(p).fit(X, y, groups).decision_function(X)
                  for p in (prior, FrozenEstimator(prior)))
    np.testing.assert_array_equal(one, other)


def test_nobody_is_surer_than_the_prior_may_be(few):
    X, y, _ = planted(200, 0)
    prior = KinematicsClassifier(n_components=1, most_certainty=0.7, random_state=0).fit(X, y)
    p = AdaptedKinematicsClassifier(prior).fit(*few).predict_proba(few[0])
    assert 0.6 < p.max() <= 0.7


# -- subjects -------------------------------------------------------------------------------------

def test_no_subject_is_on_both_sides_of_an_inner_fold(prior, few, monkeypatch):
    order = np.random.default_rng(0).permutation(60)  # so that folds of rows would split subjects
    X, y, groups = few[0].iloc[order], few[1][order], few[2][order]
    numbers, learn, columns = np.unique(groups, return_inverse=True)[1], room._learn, room._columns
    taught, asked = [], []

    def spied_learn(prior, strengths, labelled):
        taught.append(set(labelled.who))
        asked.append(set())
        return learn(prior, strengths, labelled)

    def spied_columns(recentred, middle, table):
        rows = [np.flatnonzero((X.to_numpy() == row).all(axis=1))[0] for row in table]
        asked[-1] = set(numbers[rows])  # the last to be asked about are those held out
        return columns(recentred, middle, table)

    monkeypatch.setattr(room, "_learn", spied_learn)
    monkeypatch.setattr(room, "_columns", spied_columns)
    for random_state in (None, 0):
        taught.clear(), asked.clear()
        AdaptedKinematicsClassifier(prior, random_state=random_state).fit(X, y, groups)
        assert len(taught) == 6  # five folds, and everybody
        assert taught[-1] == set(numbers)
        for train, test in zip(taught[:-1], asked[:-1], strict=True):
            assert test
            assert train.isdisjoint(test)
        assert set().union(*asked[:-1]) == set(numbers)


def test_faces_that_are_learnt_by_heart_help_with_their_own_smiles_only(prior):
    # Six times nearly the same smile of a person, whose label says nothing.
    rng = np.random.default_rng(8)
    groups = np.repeat(np.arange(16), 6)
    y = np.repeat(rng.permutation(np.tile([0, 1], 8)), 6)
    rows = np.exp(rng.normal(size=(16, 5)))[groups] * np.exp(0.01 * rng.normal(size=(96, 5)))
    by_heart = AdaptedKinematicsClassifier(prior, strengths=[1e-4], random_state=0)
    X = pd.DataFrame(rows, columns=COLUMNS)
    assert by_heart.fit(X, y).held_out_accuracy_ > 0.75
    assert by_heart.fit(X, y, groups).held_out_accuracy_ < 0.6


def test_which_subjects_share_a_fold_can_be_drawn(prior, few):
    X, y, groups = few
    losses = [AdaptedKinematicsClassifier(prior, random_state=s).fit(X, y, groups).losses_
              for s in (None, 1, 1, 2)]
    np.testing.assert_array_equal(losses[1], losses[2])
    assert not np.allclose(losses[0][1:], losses[1][1:])
    assert not np.allclose(losses[1][1:], losses[3][1:])
    assert losses[0][0] == pytest.approx(losses[3][0])  # the prior's own does not depend on folds


# -- tables and labels ----------------------------------------------------------------------------

def test_rows_in_which_nothing_is_known(prior, few):
    X, y, groups = few
    nothing = X.iloc[:3].copy()
    nothing[:] = np.nan
    whole = AdaptedKinematicsClassifier(prior).fit(X, y, groups)
    more = AdaptedKinematicsClassifier(prior).fit(
        pd.concat([nothing, X]), np.r_[1, 1, 1, y], np.r_[98, 99, 99, groups])
    np.testing.assert_array_equal(whole.decision_function(X), more.decision_function(X))
    assert (more.n_rows_, more.n_subjects_) == (60, 15)
    assert more.decision_function(nothing).tolist() == [0.0] * 3
    assert more.predict(nothing).tolist() == [-1] * 3
    assert more.decide(nothing).tolist() == ["no smile found"] * 3
    assert more.predict(pd.concat([nothing[:1], X[:1]])).tolist() == [-1, whole.predict(X[:1])[0]]


def test_some_figures_are_enough(prior):
    times = [4.0, 1.0, 1.0, 3.0, 1.0]
    X, y, groups = planted(30, 1, times=times)
    adapted = AdaptedKinematicsClassifier(prior).fit(with_gaps(X, 0.4), y, groups)
    new, y_new, _ = planted(100, 2, times=times)
    gaps = with_gaps(new, 0.4, seed=1)
    assert adapted.score(gaps, y_new) > prior.score(gaps, y_new) + 0.03
    # A column that nobody had stays the prior's.
    lips = AdaptedKinematicsClassifier(prior).fit(X[COLUMNS[:3]], y, groups)
    np.testing.assert_array_equal(lips.coef_[3:], [0.0, 0.0])
    np.testing.assert_array_equal(lips.recentred_.centre_[3:], prior.centre_[3:])


def test_columns_are_found_by_name(prior, few):
    X, y, groups = few
    adapted = AdaptedKinematicsClassifier(prior).fit(X, y, groups)
    turned = AdaptedKinematicsClassifier(prior).fit(X[COLUMNS[::-1]], y, groups)
    np.testing.assert_array_equal(adapted.decision_function(X),
                                  turned.decision_function(X.assign(other=1.0)))
    assert adapted.n_features_in_ == 5
    assert list(adapted.feature_names_in_) == COLUMNS


def test_a_row_does_not_depend_on_its_neighbours(prior, few):
    X, y, groups = few
    adapted = AdaptedKinematicsClassifier(prior).fit(with_gaps(X, 0.2), y, groups)
    gaps = with_gaps(X, 0.3, seed=2)
    alone = np.concatenate([adapted.decision_function(gaps.iloc[[i]]) for i in range(len(gaps))])
    np.testing.assert_allclose(adapted.decision_function(gaps), alone, rtol=0, atol=1e-9)


def test_pickling_keeps_what_was_learnt(prior, few):
    adapted = AdaptedKinematicsClassifier(prior).fit(*few)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(adapted)).decide(few[0]),
                                  adapted.decide(few[0]))


@pytest.mark.parametrize("names", [("posed", "spontaneous"), ("gestellt", "echt"), (True, False)])
def test_labels_may_be_anything_that_the_prior_says(few, names):
    X, y, groups = few
    known, y_known, _ = planted(60, 0)
    numbered, named = (KinematicsClassifier(random_state=0).fit(known, y_known) for _ in range(2))
    named.classes_ = np.array(names)  # as load_pretrained(labels=…) names them: posed, spontaneous
    of = np.array(names)
    by_number = AdaptedKinematicsClassifier(numbered).fit(X, y, groups)
    by_name = AdaptedKinematicsClassifier(named).fit(X, of[y].tolist(), groups)
    np.testing.assert_array_equal(by_name.decision_function(X), by_number.decision_function(X))
    assert by_name.predict(X).tolist() == of[by_number.predict(X)].tolist()
    assert by_name.classes_.tolist() == list(names)


@pytest.mark.parametrize(("change", "message"), [
    ({"y": [0, 1, 0]}, "60 rows but 3 labels"),
    ({"y": [np.nan] * 2 + [0, 1] * 29}, "no label for 2 of 60 rows, first for number 0; leave"),
    ({"y": [None] + [0] * 59}, "no label for 1 of 60 rows"),
    ({"y": ["fake", "real"] * 30}, r"'fake', 'real'. It says 0 \(posed\) and 1 .*labels="),
    ({"y": [0, 1, 2] * 20}, "does not know: 2. It says 0"),
    ({"y": ["0", "1"] * 30}, "does not know: '0', '1'"),
    ({"y": [1] * 60}, "one class only, '1'"),
    ({"groups": ["anna"] * 60}, "one subject, 'anna'"),
    ({"groups": [1, 2]}, "groups has the shape"),
    ({"groups": [None] * 60}, "names no subject for some samples"),
    ({"X": np.full((60, 5), np.nan)}, "no row in which anything is known"),
    ({"X": np.zeros((60, 4))}, "4 features"),
    ({"strengths": []}, "strengths must be numbers above 0"),
    ({"strengths": [1.0, 0.0]}, "strengths must be numbers above 0"),
    ({"strengths": [np.nan]}, "strengths must be numbers above 0"),
    ({"strengths": np.inf}, "strengths must be numbers above 0"),
    ({"cv": 1}, "cv must be a whole number of at least 2"),
])
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_what_cannot_be_learnt_from_is_explained(prior, few, change, message):
    data = dict(zip(("X", "y", "groups"), few, strict=True))
    params = {k: v for k, v in change.items() if k in ("strengths", "cv")}
    data |= {k: v for k, v in change.items() if k in data}
    adapted = AdaptedKinematicsClassifier(prior, **params)
    with pytest.raises(ValueError, match=message):
        adapted.fit(**data)


def test_only_a_fitted_prior_can_be_adapted(prior, few):
    X, y, groups = few
    with pytest.raises(NotFittedError, match="the prior is not fitted; give load_pretrained"):
        AdaptedKinematicsClassifier(KinematicsClassifier()).fit(X, y, groups)
    with pytest.raises(ValueError, match="must be a fitted KinematicsClassifier, not a SVC"):
        AdaptedKinematicsClassifier(SVC()).fit(X, y, groups)
    adapted = AdaptedKinematicsClassifier(prior).fit(X, y, groups)
    with pytest.raises(ValueError, match="adapted already; adapt the one that it came from"):
        AdaptedKinematicsClassifier(adapted).fit(X, y, groups)


def test_nothing_works_before_fit(prior, few):
    with pytest.raises(NotFittedError, match="AdaptedKinematicsClassifier"):
        AdaptedKinematicsClassifier(prior).predict(few[0])


def test_a_fit_that_fails_leaves_the_last_one(prior, few):
    X, y, groups = few
    adapted = AdaptedKinematicsClassifier(prior).fit(X, y, groups)
    before = adapted.decision_function(X)
    with pytest.raises(ValueError, match="one class only"):
        adapted.fit(X, np.ones(60, int), groups)
    np.testing.assert_array_equal(adapted.decision_function(X), before)


@pytest.fixture(scope="module")
def two_conditions():
    X, y, _ = planted(300, 0)
    conditions = np.repeat(["dark", "light"], len(X) // 2)
    X.loc[conditions == "dark", COLUMNS[0]] *= 3.0
    clf = KinematicsClassifier(n_components=2, random_state=0).fit(X, y, conditions)
    return clf, X, y, conditions


def test_new_figures_are_moved_to_where_the_prior_expects_their_like(two_conditions):
    prior, X, y, conditions = two_conditions
    there = np.flatnonzero(conditions == "dark")
    new = X.iloc[there].copy()
    new[COLUMNS[0]] = 0.9 * new[COLUMNS[0]]**1.4  # more spread in the logarithm, and moved
    adapted = AdaptedKinematicsClassifier(prior).fit(new, y[there], there // 4)
    rows = adapted.recentred_.standardised(new.to_numpy())
    seen = prior.standardised(X.iloc[there].to_numpy())
    assert abs(adapted.middle_[0]) > 0.5  # not where all recordings have theirs
    assert rows.mean(axis=0) == pytest.approx(adapted.middle_, abs=0.06)
    assert rows.mean(axis=0) == pytest.approx(seen.mean(axis=0), abs=0.06)
    assert rows.std(axis=0) == pytest.approx(seen.std(axis=0), rel=0.2)


def test_what_a_classifier_expects_is_what_it_has_seen(two_conditions):
    clf, X, y, conditions = two_conditions
    rows = clf.standardised(clf.table(X))
    for asked in ("dark", "light"):
        found = expected_moments(clf, asked)
        for c in (0, 1):
            seen = rows[(y == c) & (conditions == asked)]
            assert found.means[c] == pytest.approx(seen.mean(axis=0), abs=0.01)
            assert found.variances[c] == pytest.approx(seen.var(axis=0) + clf.reg_covar, abs=0.02)
