"""Inner folds never split a subject."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from smilegenuine import Clip
from smilegenuine.classifiers.subject_folds import (
    clips_and_labels,
    coded_labels,
    held_out_split,
    inner_splits,
    subjects_of,
)


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


# -- subjects set aside ----------------------------------------------------------------------------


def configuration(seed):
    """Subjects with one to five clips each, some of one class only, and a share to set aside."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(rng.integers(8, 40)), 1)
    groups = rng.permutation(np.repeat(groups, rng.integers(1, 6, len(groups))))
    y = (rng.random(len(groups)) < rng.uniform(0.3, 0.7)).astype(int)
    lopsided = rng.random(groups.max() + 1) < 0.3
    y[lopsided[groups]] = groups[lopsided[groups]] % 2
    return y, groups, rng.uniform(0.1, 0.5)


@pytest.mark.parametrize("seed", range(40))
def test_subjects_set_aside_are_on_one_side_with_both_classes_on_both(seed):
    y, groups, fraction = configuration(seed)
    kept, aside = held_out_split(y, groups, fraction, seed)
    assert sorted([*kept, *aside]) == list(range(len(y)))
    assert set(groups[kept]).isdisjoint(groups[aside])
    assert set(y[kept]) == set(y[aside]) == {0, 1}


@pytest.mark.parametrize("seed", range(40))
def test_as_much_is_set_aside_as_asked_for(seed):
    y, groups, fraction = configuration(seed)
    _, aside = held_out_split(y, groups, fraction, seed)
    # One subject more or less.
    assert len(aside) == pytest.approx(fraction * len(y), abs=3)
    for c in (0, 1):
        assert (y[aside] == c).sum() == pytest.approx(fraction * (y == c).sum(), abs=3)


@pytest.mark.parametrize("fraction", [0.02, 0.5, 0.98])
def test_both_sides_have_somebody_whatever_is_asked_for(fraction):
    y, groups = np.tile([0, 1], 6), np.repeat(["a", "b", "c"], 4)
    kept, aside = held_out_split(y, groups, fraction, 0)
    assert {len(kept), len(aside)} == {4, 8}
    assert set(y[kept]) == set(y[aside]) == {0, 1}


def test_the_same_number_sets_the_same_subjects_aside():
    y, groups, _ = configuration(3)
    one, again = (held_out_split(y, groups, 0.2, 5) for _ in range(2))
    np.testing.assert_array_equal(one[1], again[1])
    chosen = {tuple(held_out_split(y, groups, 0.2, seed)[1]) for seed in range(8)}
    assert len(chosen) > 4


def test_everybody_may_be_set_aside():
    y, groups = np.tile([0, 1], 20), np.repeat(np.arange(10), 4)
    times = np.bincount(np.concatenate([np.unique(groups[held_out_split(y, groups, 0.2, s)[1]])
                                        for s in range(200)]), minlength=10)
    assert times.min() > 20


def test_the_names_of_subjects_and_classes_do_not_matter():
    y, groups, fraction = configuration(4)
    plain = held_out_split(y, groups, fraction, 1)
    words = held_out_split(np.array(["p", "s"])[y], np.char.mod("%03d", groups), fraction, 1)
    np.testing.assert_array_equal(plain[1], words[1])


def test_without_subjects_clips_are_set_aside():
    y = np.array([0, 0, 1] * 10)
    kept, aside = held_out_split(y, None, 0.2, 0)
    assert (y[aside] == 1).sum() == 2
    assert (y[aside] == 0).sum() == 4
    assert len(kept) == 24


@pytest.mark.parametrize(("y", "groups", "message"), [
    ([1, 1, 1], None, "one class only, '1'"),
    ([0, 1, 0, 1], ["a"] * 4, "one subject, 'a'"),
    ([0, 0, 0, 1, 1], ["a", "b", "c", "d", "d"], "only one subject shows class '1'"),
    ([0, 0, 0, 1], None, "class '1' has only one sample"),
])
def test_nothing_can_be_set_aside(y, groups, message):
    with pytest.raises(ValueError, match=message):
        held_out_split(np.array(y), None if groups is None else np.array(groups), 0.2, 0)


# -- clips and labels ------------------------------------------------------------------------------


def test_labels_are_counted_off_in_their_order():
    classes, codes = coded_labels(np.array(["s", "p", "s"]))
    assert list(classes) == ["p", "s"]
    assert list(codes) == [1, 0, 1]


@pytest.mark.parametrize(("y", "message"), [
    ([3, 3], "one class only, '3'"), ([0, 1, 2], "binary classification.*multiclass: 3 classes"),
])
def test_two_classes_are_needed(y, message):
    with pytest.raises(ValueError, match=message):
        coded_labels(np.array(y))


def test_clips_come_with_their_labels_and_subjects():
    given, classes, codes, subjects = clips_and_labels(clips("a", "b", "b"), [7, 5, 7])
    assert [c.subject for c in given] == ["a", "b", "b"]
    assert list(classes) == [5, 7]
    assert list(codes) == [1, 0, 1]
    assert list(subjects) == ["a", "b", "b"]
    assert list(clips_and_labels(clips("a", "a"), [0, 1], groups=[4, 5])[3]) == [4, 5]


@pytest.mark.parametrize(("y", "message"), [
    ([0, 1], "3 clips but 2 labels"), ([0.5, 0.1, 0.7], "continuous"),
    ([[0, 1], [1, 0], [1, 1]], "1d array"), (None, "1d array"),
])
def test_labels_of_another_kind_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        clips_and_labels(clips("a", "b", "c"), y)
