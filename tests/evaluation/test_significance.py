"""The corrected t-test, its interval and McNemar's test against scipy and sums by hand."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from scipy import stats

from smilegenuine.evaluation.significance import (
    corrected_interval,
    corrected_resampled_ttest,
    exact_mcnemar,
)

A = [0.91, 0.84, 0.88, 0.79, 0.93]
B = [0.87, 0.85, 0.80, 0.77, 0.85]


@pytest.fixture(autouse=True)
def no_noise():
    """Folds that do not differ are ordinary; nothing may warn of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def widened(k, n_train, n_test):
    """How much wider the corrected standard error is than that of independent scores."""
    return math.sqrt((1 / k + n_test / n_train) / (1 / k))


class TestTTest:
    @pytest.mark.parametrize(("n_train", "n_test"), [(80, 20), (90, 10), (13.5, 4.5)])
    def test_is_scipys_with_a_wider_standard_error(self, n_train, n_test):
        plain = stats.ttest_1samp(np.subtract(A, B), 0.0).statistic
        t, p = corrected_resampled_ttest(A, B, n_train, n_test)
        assert t == pytest.approx(plain / widened(5, n_train, n_test), rel=1e-12)
        assert p == pytest.approx(2 * stats.t.sf(t, 4), rel=1e-12)

    def test_by_hand(self):
        """Differences 0.1, 0.2, 0.3: mean 0.2, s = 0.1; with 1/3 + 1/2 it is 0.2 / sqrt(1/120)."""
        t, p = corrected_resampled_ttest([0.5, 0.7, 0.9], [0.4, 0.5, 0.6], 100, 50)
        assert t == pytest.approx(0.2 / math.sqrt(1 / 120), rel=1e-9)
        # Of Student's t with 2 degrees of freedom: P(|T| > t) = 1 − t / sqrt(2 + t²).
        assert p == pytest.approx(1 - t / math.sqrt(2 + t**2), rel=1e-9)

    def test_without_overlap_it_is_the_paired_test(self):
        known = stats.ttest_rel(A, B)
        assert corrected_resampled_ttest(A, B, 1e15, 1) == pytest.approx(
            (known.statistic, known.pvalue), rel=1e-9)

    def test_the_other_way_round(self):
        t, p = corrected_resampled_ttest(A, B, 80, 20)
        assert t > 0
        assert corrected_resampled_ttest(B, A, 80, 20) == (-t, p)

    def test_no_variance(self):
        assert corrected_resampled_ttest(A, A, 80, 20) == (0.0, 1.0)
        assert corrected_resampled_ttest([0.0, 0.0], [0.0, 0.0], 80, 20) == (0.0, 1.0)
        assert corrected_resampled_ttest([1.0, 1.0], [0.5, 0.5], 80, 20) == (math.inf, 0.0)
        assert corrected_resampled_ttest([0.5, 0.5], [1.0, 1.0], 80, 20) == (-math.inf, 0.0)

    def test_no_variance_but_that_of_rounding(self):
        a, b = [0.9, 0.8, 0.3], [0.8, 0.7, 0.2]
        assert np.ptp(np.subtract(a, b)) > 0
        assert corrected_resampled_ttest(a, b, 80, 20) == (math.inf, 0.0)

    @pytest.mark.parametrize(("a", "b", "match"), [
        ([0.5], [0.5], "a must hold the scores of two folds or more"),
        (A, [0.5], "b must hold the scores of two folds or more"),
        ([A], A, "a must hold"),
        (A, B[:4], "a has 5 scores and b has 4; .* give both for the same folds"),
        (A, [*B[:4], np.nan], "b holds scores that are not finite"),
    ])
    def test_refusals(self, a, b, match):
        with pytest.raises(ValueError, match=match):
            corrected_resampled_ttest(a, b, 80, 20)

    @pytest.mark.parametrize(("sizes", "match"), [
        ((0, 20), "n_train must be a positive number of clips, not 0"),
        ((80, -1), "n_test must be a positive"), ((80, np.nan), "n_test"),
        ((np.inf, 20), "n_train"), (("80", 20), "n_train"), ((True, 20), "n_train")])
    def test_sizes(self, sizes, match):
        with pytest.raises(ValueError, match=match):
            corrected_resampled_ttest(A, B, *sizes)


class TestInterval:
    @pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95])
    def test_is_scipys_with_a_wider_standard_error(self, confidence):
        scale = stats.sem(A) * widened(5, 80, 20)
        known = stats.t.interval(confidence, 4, loc=np.mean(A), scale=scale)
        assert corrected_interval(A, 80, 20, confidence) == pytest.approx(known, rel=1e-12)

    def test_default_is_95_percent(self):
        assert corrected_interval(A, 80, 20) == corrected_interval(A, 80, 20, 0.95)

    def test_its_bounds_are_just_significant(self):
        bound, _ = corrected_interval(A, 80, 20, 0.9)
        assert corrected_resampled_ttest(A, [bound] * 5, 80, 20)[1] == pytest.approx(0.1)

    def test_no_variance(self):
        assert corrected_interval([0.75, 0.75, 0.75], 80, 20) == (0.75, 0.75)

    @pytest.mark.parametrize("confidence", [0, 1, 95, -0.1, np.nan, "0.95", None, True])
    def test_confidence(self, confidence):
        with pytest.raises(ValueError, match=r"confidence must be between 0 and 1, such as 0\.95"):
            corrected_interval(A, 80, 20, confidence)

    def test_refusals(self):
        with pytest.raises(ValueError, match="scores must hold the scores of two folds or more"):
            corrected_interval([0.5], 80, 20)
        with pytest.raises(ValueError, match="n_train must be"):
            corrected_interval(A, -80, 20)


class TestMcNemar:
    @pytest.mark.parametrize(("b", "c"), [(9, 2), (0, 5), (7, 8), (1, 0), (30, 12), (3, 3)])
    def test_sum_by_hand(self, b, c):
        n, few = b + c, min(b, c)
        tail = sum(math.comb(n, i) for i in range(few + 1)) / 2**n
        assert exact_mcnemar(b, c) == pytest.approx(min(1.0, 2 * tail), rel=1e-12)
        assert exact_mcnemar(c, b) == exact_mcnemar(b, c)

    def test_nothing_differs(self):
        assert exact_mcnemar(0, 0) == 1.0

    def test_counts_of_numpy(self):
        assert exact_mcnemar(np.int64(5), np.int32(0)) == 2 / 2**5

    @pytest.mark.parametrize("count", [-1, 1.0, "3", None, True, np.nan])
    def test_refusals(self, count):
        with pytest.raises(ValueError, match="only_a must be a number of clips, 0 or more"):
            exact_mcnemar(count, 2)
        with pytest.raises(ValueError, match="only_b must be a number of clips, 0 or more"):
            exact_mcnemar(2, count)
