"""p-values over subjects, what is left to decide, and counting what was decided."""

from __future__ import annotations

import numpy as np
import pytest

from smilegenuine.certainty.abstention import (
    abstention_scores,
    conformal_p_values,
    settled,
    subjects_needed,
)


class TestPValues:
    def test_by_hand(self):
        p = conformal_p_values([1, 2, 3, 8], list("aabc"), [0, 1, 1.5, 3, 8, 8.1])
        np.testing.assert_allclose(p, [1, 1, 0.875, 0.75, 0.5, 0.25])

    def test_one_clip_each_is_plain_conformal_prediction(self):
        rng = np.random.default_rng(0)
        known, new = rng.normal(size=19), rng.normal(size=7)
        plain = [(1 + (known >= s).sum()) / 20 for s in new]
        np.testing.assert_allclose(conformal_p_values(known, np.arange(19), new), plain)

    def test_a_clip_that_is_there_twice_changes_nothing_but_its_owner(self):
        once = conformal_p_values([1, 2, 3], list("abc"), [1.5, 2.5])
        twice = conformal_p_values([1, 2, 3, 3], list("abcc"), [1.5, 2.5])
        np.testing.assert_allclose(once, twice)

    def test_ties_count_against_ruling_out(self):
        np.testing.assert_allclose(conformal_p_values([1.0] * 4, list("abcd"), [1.0, 2.0]),
                                   [1.0, 0.2])

    def test_infinite_scores(self):
        p = conformal_p_values([1.0, np.inf], list("ab"), [np.inf, -np.inf])
        np.testing.assert_allclose(p, [2 / 3, 1.0])

    @pytest.mark.parametrize(("args", "message"), [
        (([1, 2], ["a"], [1]), "groups has the shape"),
        (([], [], [1]), "calibration must hold the scores of some clips"),
        (([1, np.nan], ["a", "b"], [1]), "scores are NaN"),
        (([1, 2], ["a", "b"], [np.nan]), "scores are NaN"),
    ])
    def test_refusals(self, args, message):
        with pytest.raises(ValueError, match=message):
            conformal_p_values(*args)


class TestSettled:
    def test_what_is_left(self):
        p = [[0.5, 0.05], [0.05, 0.5], [0.5, 0.5], [0.04, 0.05], [0.05, 0.05]]
        assert settled(p, 0.1).tolist() == [0, 1, -1, 1, -1]

    def test_what_is_decided_stays_decided(self):
        p = np.random.default_rng(0).random((200, 2))
        before = settled(p, 0.01)
        for rate in np.arange(2, 100) / 100:
            after = settled(p, rate)
            assert (after[before >= 0] == before[before >= 0]).all()
            before = after
        assert (before >= 0).all()

    @pytest.mark.parametrize("p", [[0.1], [[0.1, 0.2, 0.3]], [[0.1, np.nan]]])
    def test_refusals(self, p):
        with pytest.raises(ValueError, match="p_values must be numbers for two classes"):
            settled(p, 0.1)


class TestSubjectsNeeded:
    def test_at_the_bound_something_can_be_decided_and_below_nothing(self):
        for rate in (0.5, 1 / 3, 0.2, 0.1, 0.05, 0.01):
            k = subjects_needed(rate)
            far = conformal_p_values(np.zeros(k), np.arange(k), [1.0])
            assert settled(np.column_stack([far, [1.0]]), rate)[0] == 1
            if k > 1:
                far = conformal_p_values(np.zeros(k - 1), np.arange(k - 1), [1.0])
                assert settled(np.column_stack([far, [1.0]]), rate)[0] == -1


class TestScores:
    def test_everybody_has_the_same_weight(self):
        said = [1, 0, "cannot tell", 0]
        by_clip = abstention_scores([1, 1, 1, 1], said)
        by_subject = abstention_scores([1, 1, 1, 1], said, groups=list("aaab"))
        assert by_clip.at["all", "error"] == pytest.approx(0.5)
        assert by_subject.at["all", "error"] == pytest.approx((1 / 3 + 1) / 2)
        assert by_subject.at["all", "decided"] == pytest.approx((2 / 3 + 1) / 2)
        assert by_subject.at["all", "error_decided"] == pytest.approx(0.8)

    def test_nothing_decided(self):
        found = abstention_scores(["a", "b"], ["?", "?"], abstain_label="?")
        assert found["decided"].tolist() == [0, 0, 0]
        assert found["error_decided"].isna().all()
        assert found["coverage"].tolist() == [1, 1, 1]

    @pytest.mark.parametrize(("args", "message"), [
        (([0, 1], [0]), "inconsistent numbers"),
        (([], []), "no decisions to count"),
        (([0, 1], ["posed", "cannot tell"]), "they are of different kinds"),
        (([0, 1], None), "1d array"),
    ])
    def test_refusals(self, args, message):
        with pytest.raises(ValueError, match=message):
            abstention_scores(*args)
