"""Inner folds never split a subject."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from smilegenuine import Clip
from smilegenuine.classifiers.subject_folds import inner_splits, subjects_of


def clips(*subjects):
    return [Clip(smile=np.zeros(5), fps=25, subject=s) for s in subjects]


@pytest.mark.parametrize("seed", range(5))
def test_no_subject_is_on_both_sides(seed):
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 9, 60)
    y = rng.integers(0, 2, 60)
    splits = inner_splits(y, groups, 5)
    assert sorted(np.concatenate([test for _, test in splits])) == list(range(60))
    for train, test in splits:
        assert set(groups[train]).isdisjoint(groups[test])
        assert len(np.unique(y[train])) == 2


def test_subjects_who_show_one_kind_of_smile_only():
    groups = np.repeat(np.arange(8), 3)
    y = (groups % 2 == 0).astype(int)
    for train, test in inner_splits(y, groups, 5):
        assert len(np.unique(y[train])) == 2
        assert set(groups[train]).isdisjoint(groups[test])


def test_fewer_folds_where_subjects_are_scarce():
    groups = np.repeat(["a", "b", "c"], 4)
    assert len(inner_splits(np.tile([0, 1], 6), groups, 5)) == 3


def test_without_subjects_every_clip_is_its_own():
    splits = inner_splits(np.array(["p", "s"] * 6), None, 4)
    assert [len(test) for _, test in splits] == [3, 3, 3, 3]


@pytest.mark.parametrize(("y", "groups", "message"), [
    ([1, 1, 1], None, "one class only, '1'"),
    ([0, 1, 0, 1], ["a"] * 4, "one subject, 'a'"),
    ([0, 0, 0, 1, 1], ["a", "b", "c", "d", "d"], "only one subject shows class '1'"),
    ([0, 0, 0, 1], None, "class '1' has only one sample"),
])
def test_what_cannot_be_split_is_explained(y, groups, message):
    with pytest.raises(ValueError, match=message):
        inner_splits(np.array(y), None if groups is None else np.array(groups), 5)


def test_groups_given_win_over_the_clips():
    assert list(subjects_of(clips("a", "b"), groups=[7, 8])) == [7, 8]


def test_the_clips_know_their_subjects():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert list(subjects_of(clips("a", "b", "a"))) == ["a", "b", "a"]


def test_unknown_subjects_are_subjects_of_their_own():
    with pytest.warns(UserWarning, match="1 of 3 clips have no subject"):
        subjects = subjects_of(clips("a", None, "a"))
    assert len(set(subjects)) == 2


def test_no_subject_at_all():
    with pytest.warns(UserWarning, match="2 of 2 clips have no subject"):
        assert subjects_of(clips(None, None)) is None


def test_groups_with_gaps():
    with pytest.raises(ValueError, match="names no subject for some clips"):
        subjects_of(clips("a", "b"), groups=["a", None])


def test_groups_of_another_length():
    with pytest.raises(ValueError, match=r"shape \(3,\) for 2 clips"):
        subjects_of(clips("a", "b"), groups=[1, 2, 3])
