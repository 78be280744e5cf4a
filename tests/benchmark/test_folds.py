"""The folds of a labelled set: where they come from, and what can be wrong with them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold

from smilegenuine.benchmark.folds import Folds

GROUPS = np.repeat(list("abcdefgh"), 2)
Y = np.tile(["posed", "spontaneous"], 8)


def published(test) -> Folds:
    return Folds(np.asarray(test), int(max(test)) + 1, "published")


PAIRS = published(np.repeat([0, 1, 2, 3], 4))


class TestSplits:
    def test_published(self):
        splits = PAIRS.splits()
        assert [test.tolist() for _, test in splits] == [[4 * k + i for i in range(4)]
                                                         for k in range(4)]
        for train, test in splits:
            assert sorted([*train, *test]) == list(range(16))
        assert str(PAIRS) == "4 published folds"

    def test_by_subject(self):
        folds = Folds.by_subject(GROUPS, 3)
        for (train, test), expected in zip(folds.splits(), GroupKFold(3).split(Y, Y, GROUPS),
                                           strict=True):
            np.testing.assert_array_equal(train, expected[0])
            np.testing.assert_array_equal(test, expected[1])
        assert str(folds) == "3 folds by subject"
        assert str(Folds.by_subject(GROUPS, 99)) == "8 folds by subject"

    def test_what_is_never_tested_is_trained_on(self):
        (train, test), = published([-1] * 12 + [0] * 4).splits()
        assert (train.tolist(), test.tolist()) == (list(range(12)), list(range(12, 16)))

    def test_positions_stay_right(self):
        left = PAIRS.take(np.array([0, 3, 8, 9, 15]))
        assert [test.tolist() for _, test in left.splits()] == [[0, 1], [2, 3], [4]]
        assert left.lost() == [2]
        assert str(left) == "3 published folds (nothing is left of fold 2)"
        assert PAIRS.take(np.arange(8)).lost() == [3, 4]

    def test_numbers_that_are_left_out_from_the_start(self):
        """A list of ten that a loader could not find anything of."""
        assert published([0, 0, 2, 2]).lost() == [2]


class TestCheck:
    def test_good(self):
        PAIRS.check(Y, GROUPS, 3)
        Folds.by_subject(GROUPS, 2).check(Y, GROUPS, 3)

    @pytest.mark.parametrize(("folds", "message"), [
        (published(np.repeat([0, 1, 2, 3], 4)[[0, 4, *range(2, 16)]]),
         r"4 published folds: subject a is in the training and in the test part of fold 1; ask for "
         r"folds by subject with `folds=K`"),
        (published([-1] * 16), "no recording is in the test part of a fold; ask for"),
        (published([0] * 16), "1 published fold: too little to train on: 2 subjects are needed"),
        (published([0] * 12 + [1] * 4),
         "2 published folds: too little to train on: 2 subjects are needed; ask for folds by"),
    ])
    def test_published(self, folds, message):
        groups = GROUPS.copy()
        groups[12:] = "g"
        with pytest.raises(ValueError, match=message):
            folds.check(Y, groups, 2)

    def test_one_class_to_train_on(self):
        groups = np.array([f"p{i}" for i in range(16)])
        with pytest.raises(ValueError, match="train on: y has one class only, 'spontaneous'; clip"):
            published(np.arange(16) % 2).check(Y, groups, 2)

    def test_own(self):
        with pytest.raises(ValueError, match=r"3 folds by subject: too little to train on: 3 "
                                             r"subjects are needed\. Take more folds or more sub"):
            Folds.by_subject(GROUPS[:6], 3).check(Y[:6], GROUPS[:6], 3)

    def test_across_sets(self):
        folds = Folds(np.array([-1] * 2 + [0] * 14), 1, "corpora")
        with pytest.raises(ValueError, match="across data sets: too little to train on: 2 subj"):
            folds.check(Y, GROUPS, 2)
