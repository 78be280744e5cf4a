"""Reliability: bins as scikit-learn's, and intervals that know whose clips they are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.calibration import calibration_curve

from smilegenuine.certainty.reliability import expected_calibration_error, reliability_curve


def alike(seed: int, n_subjects: int = 30, each: int = 10):
    """Clips of people who are all of one class, with the same probability of 0.5 for everybody."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(n_subjects), each)
    return (rng.random(n_subjects) < 0.5).astype(int)[who], np.full(len(who), 0.5), who


class TestCurve:
    @pytest.mark.parametrize("n_bins", [1, 4, 7])
    @pytest.mark.parametrize("decimals", [12, 1])  # with one decimal, many are the same
    def test_bins_are_scikit_learns(self, n_bins, decimals):
        rng = np.random.default_rng(0)
        p = rng.random(90).round(decimals)
        y = (rng.random(90) < p).astype(int)
        curve = reliability_curve(y, p, n_bins=n_bins, n_resamples=20)
        observed, predicted = calibration_curve(y, p, n_bins=n_bins, strategy="quantile")
        np.testing.assert_allclose(curve["observed"], observed)
        np.testing.assert_allclose(curve["predicted"], predicted)
        assert curve["clips"].sum() == 90

    def test_intervals_know_whose_clips_they_are(self):
        """The truth, 0.5, is in 95 % of them by subject, and in half of them clip by clip."""
        inside = {"subject": 0, "clip": 0}
        for seed in range(100):
            y, p, who = alike(seed)
            for name, groups in (("subject", who), ("clip", None)):
                row = reliability_curve(y, p, groups, n_bins=1, n_resamples=100,
                                        random_state=seed).iloc[0]
                inside[name] += row["lower"] <= 0.5 <= row["upper"]
        assert inside["subject"] > 84
        assert inside["clip"] < 65

    def test_intervals_are_of_subjects_drawn_anew(self):
        """Of people with one to six clips, one by one."""
        rng = np.random.default_rng(0)
        who = np.repeat(np.arange(12), np.tile([1, 2, 6], 4))
        p = rng.random(len(who))
        y = (rng.random(len(who)) < p).astype(int)
        curve = reliability_curve(y, p, who, n_bins=2, n_resamples=60, random_state=3)
        high = p > np.median(p)
        shares = []
        for times in np.random.RandomState(3).multinomial(12, np.full(12, 1 / 12), 60):
            drawn = np.concatenate([np.flatnonzero(who == s) for s in np.repeat(range(12), times)])
            shares.append([y[drawn][high[drawn] == half].mean() for half in (False, True)])
        np.testing.assert_allclose(curve[["lower", "upper"]].T,
                                   np.quantile(shares, [0.025, 0.975], axis=0))

    def test_seeded(self):
        y, p, who = alike(0)
        a, b, c = (reliability_curve(y, p, who, n_resamples=30, random_state=seed)
                   for seed in (1, 1, 2))
        assert a.equals(b)
        assert not a.equals(c)

    @pytest.mark.parametrize("label", [0, 1])
    def test_a_bin_of_one_class_is_not_certain(self, label):
        curve = reliability_curve(np.full(12, label), np.full(12, 0.9), np.repeat([1, 2, 3, 4], 3))
        exact = stats.binomtest(4 * label, 4).proportion_ci()
        assert curve.loc[0, "observed"] == label
        assert (curve.loc[0, "lower"], curve.loc[0, "upper"]) == (exact.low, exact.high)

    def test_sure_probabilities(self):
        curve = reliability_curve([0, 0, 1, 1], [0.0, 0.0, 1.0, 1.0], n_bins=2)
        assert curve["predicted"].tolist() == curve["observed"].tolist() == [0.0, 1.0]

    def test_bins_and_subjects(self):
        curve = reliability_curve([0, 1, 0, 1], [0.1, 0.2, 0.8, 0.9], list("aabb"), n_bins=2)
        assert curve["subjects"].tolist() == [1, 1]
        assert ((curve["lower"] <= curve["observed"]) & (curve["observed"] <= curve["upper"])).all()

    @pytest.mark.parametrize(("args", "options", "message"), [
        (([0, 1], [0.1]), {}, "as long as each other"),
        (([], []), {}, "as long as each other"),
        (([0, 1], [[0.1], [0.2]]), {}, "as long as each other"),
        ((["a", "b"], [0.1, 0.2]), {}, "y == 'spontaneous'"),
        (([0, 2], [0.1, 0.2]), {}, "0 or 1"),
        (([0, 1], [0.1, 1.2]), {}, "decision values are none"),
        (([0, 1], [0.1, np.nan]), {}, "between 0 and 1"),
        (([0, 1], [0.1, 0.2], ["a"]), {}, "groups has the shape"),
        (([0, 1], [0.1, 0.2]), {"n_bins": 0}, "n_bins"),
        (([0, 1], [0.1, 0.2]), {"n_resamples": 2.5}, "n_resamples"),
        (([0, 1], [0.1, 0.2]), {"confidence": 1.0}, "confidence must be between 0 and 1"),
        (([0, 1], [0.1, 0.2]), {"confidence": "95"}, "confidence must be a number"),
    ])
    def test_refusals(self, args, options, message):
        with pytest.raises(ValueError, match=message):
            reliability_curve(*args, **options)


class TestError:
    def test_by_hand(self):
        y, p = [0, 0, 1, 1], [0.2, 0.4, 0.6, 1.0]
        assert expected_calibration_error(y, p, n_bins=2) == pytest.approx(0.25)
        assert expected_calibration_error(y, p, n_bins=1) == pytest.approx(0.05)

    def test_the_best_probabilities_have_some_with_few_clips(self):
        rng = np.random.default_rng(0)
        p = rng.random(4000)
        y = rng.random(4000) < p
        assert expected_calibration_error(y, p) < 0.03
        assert expected_calibration_error(y[:100], p[:100]) > 0.05
