"""Effect sizes by subject: the definitions, the test, the interval, and what cannot be measured."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from smilegenuine.evaluation.effects import effect_sizes


def clips(n_subjects=20, n_features=3, *, one_class=False, delta=0.0, habit=0.6, per_class=2,
          seed=0):
    """Features of clips, labels and subjects; `habit` is the subject's share of the variance."""
    rng = np.random.default_rng(seed)
    rows, y, groups = [], [], []
    for k in range(n_subjects):
        own = rng.normal(size=n_features) * np.sqrt(habit)
        for label in ([k % 2] if one_class else [0, 1]):
            for _ in range(per_class):
                rows.append(own + delta * label + rng.normal(size=n_features) * np.sqrt(1 - habit))
                y.append(label)
                groups.append(f"s{k}")
    return np.array(rows), np.array(y), np.array(groups)


def measure(X, y, groups, **params) -> pd.DataFrame:
    return effect_sizes(X, y, groups, **({"n_resamples": 200, "random_state": 0} | params))


def by_subject(X, y, groups, label):
    """Means of each subject that shows the class, in the order of the subjects."""
    kept = y == label
    return pd.DataFrame(X[kept]).groupby(groups[kept]).mean().to_numpy()


def hedges(a, b):
    """The textbook's: the difference b − a over the pooled spread, corrected."""
    df = len(a) + len(b) - 2
    pooled = np.sqrt(((len(a) - 1) * a.var(0, ddof=1) + (len(b) - 1) * b.var(0, ddof=1)) / df)
    return (b.mean(0) - a.mean(0)) / pooled * (1 - 3 / (4 * df - 1))


class TestEffect:
    def test_of_subjects_is_hedges_g_of_their_means(self):
        X, y, groups = clips(delta=0.8)
        found = measure(X, y, groups)
        a, b = (by_subject(X, y, groups, label) for label in (0, 1))
        np.testing.assert_allclose(found["effect"], hedges(a, b), rtol=1e-3)
        np.testing.assert_allclose(found["difference"], b.mean(0) - a.mean(0))
        assert found["subjects"].tolist() == found["pairs"].tolist() == [20, 20, 20]

    def test_of_clips_is_hedges_g_of_all_clips(self):
        X, y, groups = clips(delta=0.8)
        found = measure(X, y, groups, unit="clip")
        np.testing.assert_allclose(found["effect"], hedges(X[y == 0], X[y == 1]), rtol=1e-4)
        pd.testing.assert_frame_equal(found[["t", "df", "p"]], measure(X, y, groups)[
            ["t", "df", "p"]])

    def test_effects_have_no_unit_and_differences_have(self):
        X, y, groups = clips(delta=0.8)
        found, scaled = measure(X, y, groups), measure(1e6 + 1e-5 * X, y, groups)
        same = ["effect", "lower", "upper", "t", "df", "p", "p adjusted"]
        np.testing.assert_allclose(scaled[same], found[same], rtol=1e-3)
        np.testing.assert_allclose(scaled["difference"], 1e-5 * found["difference"], rtol=1e-3)

    def test_words_as_labels_and_a_table_with_names(self):
        X, y, groups = clips(delta=0.8)
        words = np.array(["posed", "spontaneous"])[y]
        found = measure(pd.DataFrame(X, columns=["a", "b", "c"]), words, groups)
        assert found["feature"].tolist() == ["a", "b", "c"]
        pd.testing.assert_frame_equal(found.drop(columns="feature"),
                                      measure(X, y, groups).drop(columns="feature"))
        assert measure(X, y, groups)["feature"].tolist() == ["x0", "x1", "x2"]
        assert (found["effect"] > 0).all()


class TestTest:
    def test_is_the_paired_t_test_where_all_show_both(self):
        X, y, groups = clips(delta=0.4)
        known = stats.ttest_rel(by_subject(X, y, groups, 1), by_subject(X, y, groups, 0))
        found = measure(X, y, groups)
        np.testing.assert_allclose(found["t"], known.statistic)
        np.testing.assert_allclose(found["p"], known.pvalue)
        np.testing.assert_allclose(found["df"], 19)

    def test_is_welchs_where_nobody_shows_both(self):
        X, y, groups = clips(one_class=True, delta=0.4)
        known = stats.ttest_ind(by_subject(X, y, groups, 1), by_subject(X, y, groups, 0),
                                equal_var=False)
        found = measure(X, y, groups)
        np.testing.assert_allclose(found["t"], known.statistic)
        np.testing.assert_allclose(found["df"], known.df)
        np.testing.assert_allclose(found["p"], known.pvalue)
        assert (found["pairs"] == 0).all()

    def test_a_published_example_of_pairs_and_singles(self):
        """Derrick, Toher & White (2017), doi:10.20982/tqmp.13.2.p120: p = 0.026."""
        alone = [[10, 16, 18, 16, 15, 14, 13, 10], [20, 21, 16, 18, 14, 12, 14, 17]]
        pairs = [[15, 10, 15, 17, 13, 19, 12, 13], [14, 15, 18, 20, 11, 19, 14, 15]]
        X = np.array([*alone[0], *pairs[0], *alone[1], *pairs[1]], float)[:, None]
        groups = [*range(8), *range(20, 28), *range(10, 18), *range(20, 28)]
        found = measure(X, np.repeat([0, 1], 16), groups)
        assert found["p"][0] == pytest.approx(0.026, abs=0.0005)
        assert found[["subjects", "pairs"]].to_numpy().tolist() == [[24, 8]]

    @pytest.mark.parametrize("one_class", [True, False])
    def test_holds_its_level_where_counting_clips_does_not(self, one_class):
        X, y, groups = clips(n_features=2000, one_class=one_class, per_class=4)
        false_alarms = (measure(X, y, groups)["p"] < 0.05).mean()
        naive = (stats.ttest_ind(X[y == 1], X[y == 0]).pvalue < 0.05).mean()
        assert 0.035 < false_alarms < 0.065
        assert naive > 0.2 if one_class else naive < 0.02

    def test_corrected_for_the_number_of_features(self):
        X, y, groups = clips(n_features=40, delta=0.3)
        found = measure(X, y, groups)
        np.testing.assert_allclose(found["p adjusted"],
                                   stats.false_discovery_control(found["p"]))
        assert (found["p adjusted"] >= found["p"]).all()


class TestInterval:
    @pytest.mark.parametrize("unit", ["subject", "clip"])
    def test_holds_what_it_promises(self, unit):
        X, y, groups = clips(30, 400, delta=0.7)
        many = clips(20000, 1, delta=0.7, seed=1)
        truth = measure(*many, unit=unit, n_resamples=100)["effect"][0]
        found = measure(X, y, groups, unit=unit, confidence=0.9, n_resamples=500)
        inside = (found["lower"] < truth) & (truth < found["upper"])
        assert 0.85 < inside.mean() < 0.94
        assert (found["lower"] < found["effect"]).all()
        assert (found["effect"] < found["upper"]).all()

    def test_is_scipys_bca_over_subjects(self):
        """Of a skewed feature, whose percentile interval is another, also corrected for bias."""
        X, y, groups = clips(15, 1, delta=1.5, seed=1)
        X = np.exp(X)
        a, b = (by_subject(X, y, groups, label)[:, 0] for label in (0, 1))
        known = stats.bootstrap((a, b), lambda a, b, axis: (b.mean(axis) - a.mean(axis)) / np.sqrt(
            (a.var(axis, ddof=1) + b.var(axis, ddof=1)) / 2), paired=True, n_resamples=10000,
            rng=np.random.default_rng(0)).confidence_interval
        found = measure(X, y, groups, n_resamples=10000)
        corrected = 1 - 3 / (4 * 28 - 1)
        assert found["lower"][0] == pytest.approx(corrected * known.low, abs=0.05)
        assert found["upper"][0] == pytest.approx(corrected * known.high, abs=0.05)

    def test_a_seed_gives_the_same_and_blocks_make_no_difference(self, monkeypatch):
        X, y, groups = clips(n_features=7)
        found = measure(X, y, groups)
        pd.testing.assert_frame_equal(found, measure(X, y, groups))
        assert not found["lower"].equals(measure(X, y, groups, random_state=1)["lower"])
        monkeypatch.setattr("smilegenuine.evaluation.effects._BLOCK", 600)
        pd.testing.assert_frame_equal(found, measure(X, y, groups))

    def test_wider_where_more_is_asked_for(self):
        X, y, groups = clips()
        wide, narrow = (measure(X, y, groups, confidence=c) for c in (0.99, 0.8))
        assert (wide["upper"] - wide["lower"] > narrow["upper"] - narrow["lower"]).all()


class TestOddTables:
    def test_a_constant_feature_is_not_known_and_not_counted(self):
        X, y, groups = clips(n_features=4, delta=0.5)
        X[:, 1] = 0.1
        found = measure(X, y, groups)
        assert found.loc[1, ["effect", "lower", "upper", "t", "p", "p adjusted"]].isna().all()
        assert found.loc[1, "difference"] == 0.0
        without = measure(X[:, [0, 2, 3]], y, groups)
        np.testing.assert_allclose(found["p adjusted"].dropna(), without["p adjusted"])
        assert measure(X[:, [1]], y, groups)["p adjusted"].isna().all()

    def test_classes_that_differ_where_nothing_else_does(self):
        X, y, groups = clips(n_features=1)
        X[:, 0] = 0.1 + 0.2 * y
        found = measure(X, y, groups)
        assert found.loc[0, ["effect", "p"]].tolist() == [np.inf, 0.0]
        assert found.loc[0, ["lower", "upper"]].isna().all()

    def test_two_subjects(self):
        found = measure(*clips(2, 1, delta=1.0))
        assert np.isfinite(found[["effect", "p"]].to_numpy(dtype=float)).all()

    def test_a_feature_that_is_mostly_nothing(self):
        X, y, groups = clips(n_features=1)
        X[:, 0] = 0.0
        X[0, 0] = 1.0
        found = measure(X, y, groups)
        assert np.isfinite(found[["effect", "p"]].to_numpy(dtype=float)).all()


class TestRefusals:
    @pytest.mark.parametrize(("params", "message"), [
        ({"unit": "frame"}, "unit must be one of subject, clip, not 'frame'"),
        ({"confidence": 95}, "confidence must be between 0 and 1, such as 0.95, not 95"),
        ({"confidence": True}, "confidence must be between 0 and 1"),
        ({"n_resamples": 10}, "n_resamples must be a whole number of at least 100, not 10"),
        ({"n_resamples": 1e3}, "n_resamples must be a whole number")])
    def test_parameters(self, params, message):
        with pytest.raises(ValueError, match=message):
            measure(*clips(), **params)

    @pytest.mark.parametrize(("change", "message"), [
        (lambda X, y, g: (X[:, 0], y, g), r"table must be \(n_clips, n_features\)"),
        (lambda X, y, g: (X[:0], y[:0], g[:0]), r"with at least one of each, not \(0, 3\)"),
        (lambda X, y, g: (X, y[:-1], g), r"y must hold the label of each of 80 clips"),
        (lambda X, y, g: (X, y, g[:-1]), r"groups must hold the subject of each of 80 clips"),
        (lambda X, y, g: (X, y * 0, g), "y must have two classes, .* not 1: '0'"),
        (lambda X, y, g: (X, np.arange(80), g), "not 80: '0', '1', '2', '3', '4', …"),
        (lambda X, y, g: (X, np.where(g == "s0", 1, 0), g), "class '1' is shown by 1 subject; "),
        (lambda X, y, g: (X, y, [None, *g[1:]]), "groups has no subject for clip 0"),
        (lambda X, y, g: (pd.DataFrame(X, columns=["a", "b", "a"]), y, g), "two columns 'a'")])
    def test_tables_and_labels(self, change, message):
        X, y, groups = change(*clips())
        with pytest.raises(ValueError, match=message):
            measure(X, y, groups)

    def test_values_that_are_not_finite(self):
        X, y, groups = clips()
        X[3, 2] = X[5, 0] = np.nan
        with pytest.raises(ValueError, match=r"2 values that are not finite, .* row 3, 'x2'"):
            measure(X, y, groups)

    def test_no_numbers(self):
        X, y, groups = clips()
        with pytest.raises(TypeError, match="table must hold numbers"):
            measure(pd.DataFrame(X).astype(object).replace(X[0, 0], "much"), y, groups)
