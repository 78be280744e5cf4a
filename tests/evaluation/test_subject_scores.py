"""Scores by subject: no person on both sides, odd folds, and the table as text."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from drawn import known_clips
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from smilegenuine import AUDASVMEnsemble
from smilegenuine.evaluation.evaluate import format_scores, subject_scores

COLUMNS = ["fold", "clips", "subjects", "accuracy", "balanced accuracy", "AUC"]


class Watcher(ClassifierMixin, BaseEstimator):
    """Notes on what it is trained and asked; answers with its first column."""

    def __init__(self, log=None):
        self.log = log

    def __sklearn_clone__(self):
        return Watcher(self.log)

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.rows_ = {row[1] for row in X}
        return self

    def predict(self, X):
        self.log.append((self.rows_, {row[1] for row in X}))
        return self.classes_[(np.array([row[0] for row in X]) > 0.5).astype(int)]

    def predict_proba(self, X):
        p = np.array([row[0] for row in X])
        return np.column_stack([1 - p, p])


@pytest.fixture(autouse=True)
def no_noise():
    """Odd folds are ordinary here; nothing may warn of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def rows(groups: np.ndarray, p: np.ndarray) -> list[tuple]:
    return list(zip(p, groups, strict=True))


class TestFolds:
    def test_no_subject_is_on_both_sides(self):
        rng = np.random.default_rng(0)
        groups = rng.permutation(np.repeat(list("abcdefg"), (1, 5, 3, 7, 2, 4, 6)))
        y = np.resize(["posed", "spontaneous"], len(groups))
        log: list = []
        table = subject_scores(Watcher(log), rows(groups, rng.uniform(size=28)), y, groups, cv=3)
        assert list(table) == COLUMNS
        assert list(table["fold"]) == [1, 2, 3]
        assert table["clips"].sum() == 28
        assert table["subjects"].sum() == 7
        assert len(log) == 3
        for train, test in log:
            assert train | test == set("abcdefg")
            assert not train & test
        assert set().union(*(test for _, test in log)) == set("abcdefg")

    def test_fewer_subjects_than_folds(self):
        groups = np.repeat([11, 7, 5], 4)
        table = subject_scores(Watcher([]), rows(groups, np.tile([0.1, 0.9], 6)),
                               np.tile([0, 1], 6), groups, cv=10)
        assert list(table["clips"]) == [4, 4, 4]
        assert list(table["subjects"]) == [1, 1, 1]

    def test_lists_and_clips(self):
        smiles = known_clips(6, 4, random_state=1)
        clf = AUDASVMEnsemble(levels=("au",), cv=2)
        table = subject_scores(clf, smiles.data, list(smiles.target), list(smiles.groups), cv=2)
        assert list(table["clips"]) == [12, 12]
        assert table[COLUMNS[3:]].to_numpy().min() >= 0
        assert not hasattr(clf, "ensemble_")


class TestScores:
    def test_values(self):
        """Two folds of two people, of which one answer in the first fold is wrong."""
        groups = np.repeat(list("abcd"), 3)
        y = np.tile([1, 0, 0], 4)
        p = np.tile([0.9, 0.1, 0.2], 4)
        p[0] = 0.15  # wrong, and below one of the four negatives of its fold's two people
        fold_of_a = subject_scores(Watcher([]), rows(groups, p), y, groups, cv=2).round(9)
        worse = fold_of_a.loc[fold_of_a["accuracy"] < 1].iloc[0]
        assert worse["accuracy"] == pytest.approx(5 / 6)
        assert worse["balanced accuracy"] == pytest.approx((0.5 + 1) / 2)
        assert worse["AUC"] == pytest.approx(6 / 8)
        better = fold_of_a.loc[fold_of_a["accuracy"] == 1].iloc[0]
        np.testing.assert_array_equal(better[COLUMNS[3:]].astype(float), 1.0)

    @pytest.mark.parametrize("labels", [("posed", "spontaneous"), (0, 1), (False, True)])
    def test_any_labels(self, labels):
        groups = np.repeat(list("abc"), 4)
        y = np.array(labels)[np.tile([0, 1, 1, 0], 3)]
        table = subject_scores(Watcher([]), rows(groups, np.tile([0.2, 0.8, 0.7, 0.4], 3)), y,
                               groups, cv=3)
        np.testing.assert_array_equal(table[COLUMNS[3:]], 1.0)

    def test_fold_with_one_class(self):
        """It has no AUC; the others keep theirs."""
        groups = np.repeat(list("abc"), 4)
        y = np.array([0, 0, 0, 0] + [0, 1, 0, 1] * 2)
        p = np.array([0.1, 0.2, 0.3, 0.9] + [0.1, 0.8, 0.2, 0.9] * 2)
        table = subject_scores(Watcher([]), rows(groups, p), y, groups, cv=3)
        odd = table["AUC"].isna()
        assert odd.sum() == 1
        assert list(table.loc[odd, "accuracy"]) == [0.75]
        assert list(table.loc[odd, "balanced accuracy"]) == [0.75]
        assert list(table.loc[~odd, "AUC"]) == [1.0, 1.0]

    def test_every_fold_has_one_class(self):
        groups = np.repeat(list("abcd"), 3)
        y = np.repeat(["p", "s", "p", "s"], 3)
        X = np.random.default_rng(0).normal(size=(12, 5))
        table = subject_scores(LogisticRegression(), X, y, groups, cv=4)
        assert table["AUC"].isna().all()
        assert table["accuracy"].notna().all()
        np.testing.assert_array_equal(table["accuracy"], table["balanced accuracy"])

    def test_classifier_without_probabilities_is_asked_for_its_decision(self):
        smiles = known_clips(4, 2, random_state=1)
        X = [[clip.smile.max(), len(clip.times), 1.0] for clip in smiles.data]
        from sklearn.svm import LinearSVC
        table = subject_scores(LinearSVC(), X, smiles.target, smiles.groups, cv=2)
        assert table["AUC"].between(0, 1).all()


class TestRefusals:
    X = np.zeros((8, 3))
    y = np.tile([0, 1], 4)

    def test_one_subject(self):
        with pytest.raises(ValueError, match="all clips are of one subject; folds by subject need"):
            subject_scores(Watcher([]), self.X, self.y, ["ann"] * 8)

    def test_no_subjects(self):
        with pytest.raises(ValueError, match="groups must name the subject of each clip"):
            subject_scores(Watcher([]), self.X, self.y, None)

    @pytest.mark.parametrize("groups", [list("abcd"), list("aabbccdde")])
    def test_lengths(self, groups):
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            subject_scores(Watcher([]), self.X, self.y, groups)

    def test_one_class_left_to_train_on(self):
        log: list = []
        with pytest.raises(ValueError, match=r"2 folds by subject leave clips of class '.' only"):
            subject_scores(Watcher(log), self.X, list("ppppssss"), np.repeat([1, 2], 4), cv=2)
        assert log == []

    def test_one_fold(self):
        with pytest.raises(ValueError, match="n_splits=1"):
            subject_scores(Watcher([]), self.X, self.y, np.repeat(list("abcd"), 2), cv=1)

    def test_errors_of_the_estimator_are_not_hidden(self):
        class Broken(Watcher):
            def fit(self, X, y):
                raise ValueError("cannot learn")

            def __sklearn_clone__(self):
                return self

        with pytest.raises(ValueError, match="cannot learn"):
            subject_scores(Broken([]), self.X, self.y, np.repeat(list("abcd"), 2), cv=2)


class TestText:
    def table(self, **columns) -> pd.DataFrame:
        n = len(next(iter(columns.values())))
        head = {"fold": range(1, n + 1), "clips": [12] * n, "subjects": [3] * n}
        return pd.DataFrame({**head, **columns})

    def test_lines(self):
        text = format_scores(self.table(accuracy=[0.5, 0.75], **{
            "balanced accuracy": [0.4, 0.6], "AUC": [1.0, 0.9]}))
        lines = text.splitlines()
        assert [line.split() for line in lines[1:]] == [
            ["1", "12", "3", "0.500", "0.400", "1.000"],
            ["2", "12", "3", "0.750", "0.600", "0.900"],
            ["mean", "±", "sd", "0.625", "±", "0.177", "0.500", "±", "0.141", "0.950", "±",
             "0.071"]]
        assert len({len(line) for line in lines}) == 1
        assert lines[0].split() == ["fold", "clips", "subjects", "accuracy", "balanced", "accuracy",
                                    "AUC"]

    def test_unknown_values_are_dashes(self):
        text = format_scores(self.table(accuracy=[0.5, 0.75], **{
            "balanced accuracy": [0.4, 0.6], "AUC": [np.nan, 0.9]}))
        assert [line.split()[-1] for line in text.splitlines()[1:]] == ["-", "0.900", "0.900"]
        text = format_scores(self.table(accuracy=[0.5], **{
            "balanced accuracy": [0.4], "AUC": [np.nan]}))
        assert "nan" not in text
        assert text.splitlines()[-1].split() == ["mean", "±", "sd", "0.500", "0.400", "-"]
