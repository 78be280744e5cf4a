"""The two levels: what each sees, and what the probabilities are worth."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.metrics import brier_score_loss
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from smilegenuine import BlockSVMEnsemble
from smilegenuine.classifiers.log_odds import calibrate
from smilegenuine.classifiers.subject_folds import inner_splits


def table(n=160, seed=0):
    X, y = make_classification(n, 12, n_informative=6, class_sep=0.7, random_state=seed)
    return X, y, np.repeat(np.arange(n // 4), 4)


BLOCKS = {"first": slice(0, 4), "middle": [4, 5, 6, 7], "last": np.arange(8, 12)}


def test_one_machine_a_block():
    X, y, groups = table()
    clf = BlockSVMEnsemble(BLOCKS).fit(X, y, groups)
    assert list(clf.block_models_) == ["first", "middle", "last"]
    values = clf.decision_values(X)
    np.testing.assert_array_equal(values[:, 1],
                                  clf.block_models_["middle"].decision_function(X[:, 4:8]))
    assert list(clf.block_weights().index) == ["first", "middle", "last"]


@pytest.mark.parametrize("gamma", ["scale", "auto", 0.05])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_width_of_a_kernel_is_known_and_scikit_learns(gamma, dtype):
    X, y, groups = table()
    X = (X * [1, 2, 3, 0, *[1] * 8]).astype(dtype)  # a constant column, too
    clf = BlockSVMEnsemble(BLOCKS, gamma=gamma).fit(X, y, groups)
    for name, columns in clf.columns_.items():
        expected = make_pipeline(StandardScaler(), SVC(gamma=gamma, class_weight="balanced"))
        expected.fit(X[:, columns], y)
        assert clf.block_models_[name][-1].gamma == expected[-1]._gamma
        np.testing.assert_array_equal(clf.block_models_[name].decision_function(X[:, columns]),
                                      expected.decision_function(X[:, columns]))


def test_blocks_by_name():
    X, y, groups = table()
    frame = pd.DataFrame(X, columns=[f"f{i}" for i in range(12)])
    named = BlockSVMEnsemble({"a": ["f3", "f1"], "b": ["f7"]}).fit(frame, y, groups)
    placed = BlockSVMEnsemble({"a": [3, 1], "b": [7]}).fit(X, y, groups)
    np.testing.assert_allclose(named.decision_function(frame), placed.decision_function(X))


def test_the_second_level_never_saw_its_own_subjects():
    # Features that give the subject away, and nothing else: machines that have seen a subject
    # know its label, those that have not cannot.
    rng = np.random.default_rng(0)
    groups = rng.permutation(np.repeat(np.arange(40), 4))
    y = rng.integers(0, 2, 40)[groups]
    X = rng.normal(size=(40, 12))[groups] + 0.01 * rng.normal(size=(160, 12))
    honest = BlockSVMEnsemble(BLOCKS, C=10.0).fit(X, y, groups)
    fooled = BlockSVMEnsemble(BLOCKS, C=10.0).fit(X, y)
    assert np.abs(honest.predict_proba(X)[:, 1] - 0.5).mean() < 0.25
    assert np.abs(fooled.predict_proba(X)[:, 1] - 0.5).mean() > 0.4


def test_the_second_level_learns_from_out_of_fold_values():
    X, y, groups = table()
    clf = BlockSVMEnsemble(BLOCKS).fit(X, y, groups)
    splits = inner_splits(y, groups, 5)
    out_of_fold = np.column_stack([
        cross_val_predict(clf._machine(), X[:, c], y, cv=splits, method="decision_function")
        for c in clf.columns_.values()])
    refitted = clone(clf.final_).fit(out_of_fold, y)
    np.testing.assert_allclose(clf.final_.decision_function(out_of_fold),
                               refitted.decision_function(out_of_fold), atol=1e-6)
    unseen = cross_val_predict(refitted, out_of_fold, y, cv=splits, method="decision_function")
    assert brier_score_loss(y, expit(clf.slope_ * unseen + clf.offset_)) < 0.25


def test_what_is_not_better_than_chance_is_not_sure():
    value = np.linspace(-2, 2, 40)
    with pytest.warns(UserWarning, match="say nothing about the class"):
        slope, offset = calibrate(value, value < 0.3, np.ones(40))
    p = expit(slope * value + offset)
    assert np.abs(p - 0.5).max() < 0.01
    assert (np.diff(p) > 0).all()  # the machine's own order is kept


def test_few_samples_are_not_sure():
    X, y, groups = table(16, seed=5)
    p = BlockSVMEnsemble(BLOCKS).fit(X, y, groups).predict_proba(X)
    assert p.max() < 0.98


def test_probabilities_are_better_than_knowing_nothing():
    X, y, groups = table(400, seed=3)
    p = cross_val_predict(BlockSVMEnsemble(BLOCKS), X, y, groups=groups, cv=GroupKFold(4),
                          method="predict_proba")[:, 1]
    assert brier_score_loss(y, p) < 0.2
    bins = np.digitize(p, [0.25, 0.5, 0.75])
    rates = [y[bins == b].mean() for b in range(4)]
    assert rates == sorted(rates)


def test_shuffled_labels_give_chance():
    X, y, groups = table(400)
    rng = np.random.default_rng(1)
    scores = []
    for _ in range(4):
        mixed = rng.permutation(y)
        predicted = cross_val_predict(BlockSVMEnsemble(BLOCKS), X, mixed, groups=groups,
                                      cv=GroupKFold(4))
        scores.append((predicted == mixed).mean())
    assert np.mean(scores) == pytest.approx(0.5, abs=0.07)


def test_equal_priors_in_unequal_samples():
    X, y, groups = table(400)
    keep = np.flatnonzero((y == 0) | (np.arange(400) % 4 == 0))
    balanced = BlockSVMEnsemble(BLOCKS).fit(X[keep], y[keep], groups[keep])
    plain = BlockSVMEnsemble(BLOCKS, class_weight=None).fit(X[keep], y[keep], groups[keep])
    assert balanced.predict_proba(X)[:, 1].mean() > plain.predict_proba(X)[:, 1].mean() + 0.1


@pytest.mark.parametrize(("blocks", "message"), [
    ({}, "blocks is empty"), ({"a": [40]}, "'a' reaches beyond the 12 columns"),
    ({"a": ["f1"]}, "'a' names columns that X has not: f1"), ({"a": []}, "'a' has no column"),
])
def test_bad_blocks_are_named(blocks, message):
    X, y, _ = table()
    with pytest.raises(ValueError, match=message):
        BlockSVMEnsemble(blocks).fit(X, y)


def test_cv_must_be_possible():
    X, y, _ = table()
    with pytest.raises(ValueError, match="cv must be a whole number of at least 2"):
        BlockSVMEnsemble(cv=1).fit(X, y)


@pytest.mark.parametrize(("params", "message"), [
    ({"kernel": "poly"}, "kernel must be 'rbf' or 'linear'"), ({"C": -1}, "C must be"),
    ({"final_C": 0}, "final_C must be"),
])
def test_bad_parameters_are_named(params, message):
    X, y, _ = table()
    with pytest.raises(ValueError, match=message):
        BlockSVMEnsemble(**params).fit(X, y)


def test_groups_with_gaps():
    X, y, _ = table()
    with pytest.raises(ValueError, match="names no subject for some samples"):
        BlockSVMEnsemble().fit(X, y, groups=[None] * len(y))


def test_groups_of_another_length():
    X, y, _ = table()
    with pytest.raises(ValueError, match=r"groups has the shape \(3,\)"):
        BlockSVMEnsemble().fit(X, y, groups=[1, 2, 3])


def test_nan_is_refused():
    X, y, _ = table()
    X[3, 2] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        BlockSVMEnsemble().fit(X, y)


def test_machines_that_say_the_same_of_everybody_stay_unsure():
    """Rounding is no difference: what is divided by it would be anything."""
    value = 0.3 + 1e-17 * np.arange(12.0)
    for found in (value, np.full(12, 1e-60) * np.arange(12)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            slope, offset = calibrate(found, np.tile([0, 1], 6), np.ones(12))
        assert abs(slope) <= 1.0
        assert abs(offset) <= 1.0
