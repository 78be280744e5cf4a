"""The classifier of kinematics against the normal distributions that it says it computes."""

from __future__ import annotations

import functools
import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import multivariate_normal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GroupKFold, cross_val_predict

from smilegenuine import KinematicsClassifier, SmileKinematics
from smilegenuine.datasets import make_smile_signals

LIPS = ["lip_onset_duration_s", "lip_onset_rise", "lip_onset_peak_speed_per_s"]
EYELIDS = ["eyelid_onset_rise", "eyelid_apex_wobble"]
COLUMNS = LIPS + EYELIDS
TEXTS = np.array(["posed", "spontaneous"])


def planted(n=300, seed=0, share=0.5):
    """A table whose classes differ in all columns, and the labels."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < share).astype(int)
    values = rng.normal(size=(n, len(COLUMNS)))
    values[:, 1] += 0.6 * values[:, 0]
    values[:, 4] -= 0.5 * values[:, 3]
    values += y[:, None] * [1.0, 0.7, -0.3, 0.8, 0.2]
    return pd.DataFrame(np.exp(0.5 * values), columns=COLUMNS), y


def fitted(n=300, seed=0, **params):
    X, y = planted(n, seed)
    return KinematicsClassifier(**{"random_state": 0, **params}).fit(X, y)


def with_gaps(X, share, seed=0):
    return X.mask(np.random.default_rng(seed).random(X.shape) < share)


def accuracy(clf, X, y):
    return float((clf.predict(X) == y).mean())


def log_loss(clf, X, y):
    """Of the labels, at the probabilities that are given."""
    return float(-np.log(clf.predict_proba(X)[np.arange(len(y)), y]).mean())


def direct_log_odds(X, y, new, reg_covar=0.1):
    """One normal distribution for each class and signal; columns that are NaN are left out."""
    small = 0.1 * X.abs().median()
    centre, spread = np.arcsinh(X / small).mean(), np.arcsinh(X / small).std(ddof=0)

    def bent(table):
        return ((np.arcsinh(table / small) - centre) / spread).clip(-3.5, 3.5)

    odds = np.zeros(len(new))
    for block in (LIPS, EYELIDS):
        for sign, kind in ((1, 1), (-1, 0)):
            rows = bent(X)[block][y == kind].to_numpy()
            covariance = np.cov(rows.T, bias=True) + reg_covar * np.eye(len(block))
            for i, row in enumerate(bent(new)[block].to_numpy()):
                known = np.flatnonzero(np.isfinite(row))
                if len(known):
                    odds[i] += sign * multivariate_normal.logpdf(
                        row[known], rows.mean(axis=0)[known], covariance[np.ix_(known, known)])
    return odds


class TestLogOdds:
    def test_of_normal_distributions(self):
        X, y = planted()
        new, _ = planted(40, seed=1)
        clf = KinematicsClassifier(n_components=1, reg_covar=0.05).fit(X, y)
        np.testing.assert_allclose(clf.decision_function(new),
                                   direct_log_odds(X, y, new, 0.05), atol=1e-4)

    def test_what_is_missing_is_integrated_out(self):
        X, y = planted()
        new = with_gaps(planted(60, seed=1)[0], 0.4)
        assert len(new.isna().drop_duplicates()) > 20
        clf = KinematicsClassifier(n_components=1).fit(X, y)
        np.testing.assert_allclose(clf.decision_function(new), direct_log_odds(X, y, new),
                                   atol=1e-4)

    def test_they_are_at_equal_priors(self):
        new, y = planted(400, seed=2)
        even = KinematicsClassifier(n_components=1).fit(*planted(4000, share=0.5))
        rare = KinematicsClassifier(n_components=1).fit(*planted(4000, share=0.08))
        apart = rare.decision_function(new) - even.decision_function(new)
        # Counted as often as they come, it would be log(0.08 / 0.92) = -2.4.
        assert abs(apart.mean()) < 0.2
        assert accuracy(rare, new, y) > accuracy(even, new, y) - 0.03

    def test_probabilities(self):
        clf, (new, _) = fitted(), planted(30, seed=1)
        p = clf.predict_proba(new)
        np.testing.assert_allclose(p[:, 1], expit(clf.decision_function(new)))
        np.testing.assert_allclose(p.sum(axis=1), 1.0)
        np.testing.assert_array_equal(clf.predict(new), (p[:, 1] > 0.5).astype(int))

    def test_what_signals_say_is_added_up(self):
        X, y = planted()
        clf, new = fitted(), planted(30, seed=1)[0]
        np.testing.assert_allclose(
            clf.decision_function(new),
            clf.decision_function(new[LIPS]) + clf.decision_function(new[EYELIDS]))
        twice = X.assign(eyelid_copy=X[LIPS[0]])[[LIPS[0], "eyelid_copy"]]
        apart = KinematicsClassifier(n_components=1).fit(twice, y)
        joint = KinematicsClassifier(n_components=1, signals=()).fit(twice, y)
        assert (list(apart.blocks_), list(joint.blocks_)) == (["lip", "eyelid"], ["other"])
        ratio = apart.decision_function(twice) / joint.decision_function(twice)
        assert np.median(ratio) > 1.7

    def test_what_is_far_out_counts_no_further(self):
        clf = fitted()
        far = pd.DataFrame([[value] * len(COLUMNS) for value in (1e4, 1e8)], columns=COLUMNS)
        one, other = clf.decision_function(far)
        assert one == other
        assert np.isfinite(one)


class TestTables:
    def test_columns_in_any_order(self):
        clf, (new, _) = fitted(), planted(30, seed=1)
        np.testing.assert_array_equal(clf.decision_function(new[COLUMNS[::-1]]),
                                      clf.decision_function(new))

    @pytest.mark.parametrize("names", [[LIPS[1]], EYELIDS, [EYELIDS[0], LIPS[2]]])
    def test_columns_that_are_not_there_are_not_known(self, names):
        clf, (new, _) = fitted(), planted(30, seed=1)
        expected = clf.decision_function(new[names].reindex(columns=COLUMNS))
        np.testing.assert_array_equal(clf.decision_function(new[names]), expected)
        more = new[names].assign(age=40.0, name=3)
        np.testing.assert_array_equal(clf.decision_function(more), expected)

    @pytest.mark.parametrize("use", ["decision_function", "predict", "predict_proba", "decide",
                                     "unusual", "likeliest_condition"])
    def test_some_column_must_be_known(self, use):
        with pytest.raises(ValueError, match=r"none of the columns lip_onset_duration_s.* has age"):
            getattr(fitted(), use)(pd.DataFrame({"age": [40.0]}))

    def test_no_rows_and_no_numbers(self):
        clf, (new, _) = fitted(), planted(3)
        with pytest.raises(ValueError, match="0 sample"):
            clf.predict(new[:0])
        with pytest.raises(ValueError, match="infinity; NaN is for what is not known"):
            clf.predict(new * np.inf)
        with pytest.raises(ValueError, match="more than one column 'lip_onset_rise'"):
            clf.predict(pd.concat([new, new[["lip_onset_rise"]]], axis=1))

    def test_objects_and_none(self):
        clf, (new, _) = fitted(), planted(30, seed=1)
        gaps = with_gaps(new, 0.3)
        objects = gaps.astype(object).where(gaps.notna(), None)
        np.testing.assert_array_equal(clf.decision_function(objects), clf.decision_function(gaps))
        X, y = planted()
        again = KinematicsClassifier(random_state=0).fit(X.astype(object), y)
        np.testing.assert_array_equal(again.decision_function(new), clf.decision_function(new))

    def test_arrays(self):
        X, y = planted()
        clf = KinematicsClassifier(n_components=1, signals=()).fit(X.to_numpy(), y)
        named = KinematicsClassifier(n_components=1, signals=()).fit(X, y)
        assert clf.columns_ == ["x0", "x1", "x2", "x3", "x4"]
        np.testing.assert_array_equal(clf.decision_function(X.to_numpy()),
                                      named.decision_function(X))
        with pytest.raises(ValueError, match="4 features"):
            clf.predict(X.to_numpy()[:, :4])


class TestNothingKnown:
    def table(self):
        new = planted(3, seed=1)[0]
        new.iloc[1] = np.nan
        return new

    def test_no_class_is_made_up(self):
        clf = fitted()
        assert clf.decision_function(self.table())[1] == 0.0
        assert clf.predict_proba(self.table())[1].tolist() == [0.5, 0.5]
        predicted = clf.predict(self.table())
        assert predicted.dtype.kind == "i"
        assert predicted[1] == -1
        assert set(predicted[[0, 2]]) <= {0, 1}
        assert clf.decide(self.table())[1] == "no smile found"
        assert not clf.unusual(self.table())[1]

    def test_texts(self):
        X, y = planted()
        clf = KinematicsClassifier(random_state=0).fit(X, TEXTS[y])
        predicted = clf.predict(self.table())
        assert predicted[1] == "no smile found"
        assert set(predicted[[0, 2]]) <= set(TEXTS)
        assert clf.decide(self.table())[1] == "no smile found"

    def test_what_is_ignored_is_no_knowledge(self):
        X, y = planted()
        wide = X.assign(lip_onset_left_right_difference=0.1)
        clf = KinematicsClassifier(random_state=0).fit(wide, y)
        alone = wide[:4].copy()
        alone[COLUMNS] = np.nan
        assert clf.predict(alone).tolist() == [-1] * 4


class TestDecide:
    @pytest.mark.parametrize("least", [0.5, 0.7, 0.95])
    def test_least_certainty(self, least):
        clf, (new, _) = fitted(least_certainty=least), planted(200, seed=1)
        said, p = clf.decide(new), clf.predict_proba(new)
        told = said != "cannot tell"
        np.testing.assert_array_equal(told, (p.max(axis=1) >= least) & ~clf.unusual(new))
        np.testing.assert_array_equal(said[told].astype(int), clf.predict(new)[told])
        assert told.all() == (least == 0.5)

    def test_texts(self):
        X, y = planted()
        said = KinematicsClassifier(random_state=0).fit(X, TEXTS[y]).decide(X)
        assert set(said) == {*TEXTS, "cannot tell"}
        assert said.dtype == object

    def test_rows_like_none_that_were_learnt(self):
        clf = fitted()
        # The longest come with far rises: each of the two has been seen, and never both.
        X, _ = planted()
        odd = X.iloc[:3].assign(**{LIPS[0]: X[LIPS[0]].max(), LIPS[1]: X[LIPS[1]].min()})
        assert clf.unusual(odd).all()
        assert clf.decide(odd).tolist() == ["cannot tell"] * 3
        assert not clf.unusual(odd.drop(columns=LIPS[0])).any()
        assert not clf.unusual(odd.drop(columns=LIPS[1])).any()

    @pytest.mark.parametrize("share", [0.0, 0.4])
    def test_others_of_the_same_kind_are_usual(self, share):
        new = with_gaps(planted(2000, seed=1)[0], share)
        assert fitted(1000).unusual(new).mean() < 0.005


class TestLearning:
    def test_better_the_more_is_known(self):
        clf, (new, y) = fitted(1000), planted(1000, seed=1)
        lips, lids, both = (accuracy(clf, new[names], y) for names in (LIPS, EYELIDS, COLUMNS))
        assert both > lips > 0.6
        assert both > lids > 0.6

    def test_more_components_learn_what_one_cannot(self):
        rng = np.random.default_rng(0)
        y = np.arange(600) % 2
        # One class has three humps, and the other lies between them.
        places = np.where(y, rng.choice([-1.5, 1.5], 600), rng.choice([-3.0, 0.0, 3.0], 600))
        X = pd.DataFrame({"lip_onset_rise": 20.0 + places + rng.normal(0.0, 0.2, 600)})
        many, one = (KinematicsClassifier(n, reg_covar=1e-3, random_state=0).fit(X[:400], y[:400])
                     for n in (8, 1))
        assert accuracy(many, X[400:], y[400:]) > 0.95
        assert accuracy(one, X[400:], y[400:]) < 0.8

    def test_gaps_in_what_is_learnt_from(self):
        new, y = planted(1000, seed=1)
        X, labels = planted(1000)
        whole = KinematicsClassifier(n_components=1).fit(X, labels)
        some = KinematicsClassifier(n_components=1, random_state=0).fit(with_gaps(X, 0.2), labels)
        assert accuracy(some, new, y) > accuracy(whole, new, y) - 0.03

    @pytest.mark.parametrize("kinds", [(0, 1), (0,), (1,)])
    def test_what_is_rarely_known_does_not_count_for_more(self, kinds):
        X, labels = planted(2000)
        new, y = planted(1000, seed=1)
        lost = np.isin(labels, kinds) & (np.random.default_rng(0).random(2000) < 0.9)
        rare = X.assign(lip_onset_rise=X["lip_onset_rise"].mask(lost))
        whole, some = (KinematicsClassifier(n_components=1, random_state=0).fit(table, labels)
                       for table in (X, rare))
        assert log_loss(some, new, y) < log_loss(whole, new, y) + 0.06
        apart = some.decision_function(new) - whole.decision_function(new)
        assert abs(apart.mean()) < 0.3

    @pytest.mark.parametrize("n", [1, 2, 5])
    def test_few_rows(self, n):
        X, _ = planted(2 * n)
        y = np.arange(2 * n) % 2
        clf = KinematicsClassifier(random_state=0).fit(X, y)
        assert np.isfinite(clf.decision_function(X)).all()
        assert len(clf.mixtures_["lip"][0]["log_weights"]) == 1

    def test_a_column_that_says_nothing_does_no_harm(self):
        X, y = planted()
        clf, new = fitted(n_components=1), planted(30, seed=1)[0]
        for value in (0.0, 7.0, np.nan):
            more = KinematicsClassifier(n_components=1).fit(X.assign(lip_blank=value), y)
            np.testing.assert_allclose(more.decision_function(new.assign(lip_blank=value)),
                                       clf.decision_function(new), atol=1e-6)

    def test_the_same_twice(self):
        X, y = planted(600)
        new = planted(30, seed=1)[0]
        make = functools.partial(KinematicsClassifier, 4, reg_covar=0.01)
        one, same, other = (make(random_state=seed).fit(X, y).decision_function(new)
                            for seed in (0, 0, 3))
        np.testing.assert_array_equal(one, same)
        assert (one != other).any()

    def test_a_fit_that_fails_changes_nothing(self):
        clf, (new, _) = fitted(), planted(30, seed=1)
        before = clf.decision_function(new)
        X, y = planted(100, seed=2)
        with pytest.raises(ValueError, match="one class has no row"):
            clf.fit(X, y, conditions=np.where(y, "b", "a"))
        np.testing.assert_array_equal(clf.decision_function(new), before)

    def test_copies(self):
        clf, (new, _) = fitted(), planted(30, seed=1)
        copy = pickle.loads(pickle.dumps(clf))
        np.testing.assert_array_equal(copy.decision_function(new), clf.decision_function(new))
        unfitted = clone(clf)
        with pytest.raises(NotFittedError, match="KinematicsClassifier"):
            unfitted.predict(new)
        again = unfitted.fit(*planted())
        np.testing.assert_array_equal(again.decision_function(new), clf.decision_function(new))

    def test_quantiles(self):
        X, y = planted()
        clf = fitted()
        assert clf.quantiles_.shape == (2, 1, len(COLUMNS), 5)
        expected = np.quantile(X[y == 1], (0.05, 0.25, 0.5, 0.75, 0.95), axis=0).T
        np.testing.assert_allclose(clf.quantiles_[1, 0], expected)


def two_rooms(n=400, seed=0):
    """Smiles seen by two cameras: one blurs, and speeds are five times lower."""
    X, y = planted(n, seed)
    rooms = np.random.default_rng(seed + 100).choice(["lab", "web"], n)
    speed = np.where(rooms == "web", 0.2, 1.0) * np.exp(0.8 * y) * np.sqrt(X[LIPS[2]])
    return X.assign(lip_onset_peak_speed_per_s=speed), y, rooms


class TestConditions:
    def test_they_are_told_apart(self):
        X, y, rooms = two_rooms()
        clf = KinematicsClassifier(random_state=0).fit(X, y, conditions=rooms)
        assert clf.conditions_ == ["lab", "web"]
        new, _, true = two_rooms(seed=1)
        assert (clf.likeliest_condition(new) == true).mean() > 0.9
        assert clf.quantiles_.shape[1] == 2
        medians = clf.quantiles_[0, :, 2, 2]
        assert medians[0] / medians[1] == pytest.approx(5.0, rel=0.3)

    def test_it_helps_to_know_them(self):
        gains = []
        for seed in range(5):
            X, y, rooms = two_rooms(seed=seed)
            new, true, _ = two_rooms(seed=seed + 50)
            told, untold = (KinematicsClassifier(n_components=1).fit(X, y, **kwargs)
                            for kwargs in ({"conditions": rooms}, {}))
            gains.append(accuracy(told, new, true) - accuracy(untold, new, true))
        assert np.mean(gains) > 0.02

    @pytest.mark.parametrize(("conditions", "message"), [
        (["lab"] * 299, "there are 300 rows but 299 conditions"),
        ("lab", "1d array"),
        ([["lab", "web"]] * 300, "1d array"),
    ])
    def test_one_for_each_row(self, conditions, message):
        clf, (X, y) = KinematicsClassifier(), planted()
        with pytest.raises(ValueError, match=message):
            clf.fit(X, y, conditions=conditions)

    def test_one_is_as_good_as_none(self):
        X, y = planted()
        clf = KinematicsClassifier(random_state=0).fit(X, y, conditions=["here"] * len(y))
        assert clf.conditions_ == ["here"]
        assert fitted().conditions_ == ["all"]
        np.testing.assert_array_equal(clf.decision_function(X), fitted().decision_function(X))
        assert set(clf.likeliest_condition(X)) == {"here"}

    def test_nothing_known(self):
        X, y, rooms = two_rooms()
        clf = KinematicsClassifier(n_components=1).fit(X, y, conditions=rooms)
        assert clf.likeliest_condition(X[:2] * np.nan).tolist() == ["lab", "lab"]

    def test_both_classes_must_be_there_in_each(self):
        X, y = planted()
        with pytest.raises(ValueError, match=r"one class has no row.*in the condition 'b'"):
            KinematicsClassifier().fit(X, y, conditions=np.where(y, "b", "a"))


class TestTemper:
    GOALS = {"lip": 0.72, "eyelid": 0.65, "lip+eyelid": 0.8}

    def test_mean_certainty_becomes_what_was_asked_for(self):
        clf, (new, _) = fitted(), planted(500, seed=1)
        before = clf.predict(new)
        assert set(clf.scales_) == set(self.GOALS)
        assert set(clf.scales_.values()) == {1.0}
        assert clf.scale_certainty(new, self.GOALS) is clf
        for names, goal in zip((LIPS, EYELIDS, COLUMNS), self.GOALS.values(), strict=True):
            assert clf.predict_proba(new[names]).max(axis=1).mean() == pytest.approx(goal)
        np.testing.assert_array_equal(clf.predict(new), before)

    def test_other_signals_are_left_alone(self):
        clf, (new, _) = fitted(), planted(100, seed=1)
        lids, both = clf.decision_function(new[EYELIDS]), clf.decision_function(new)
        clf.scale_certainty(new, {"lip": 0.6})
        np.testing.assert_array_equal(clf.decision_function(new[EYELIDS]), lids)
        np.testing.assert_array_equal(clf.decision_function(new), both)
        # A signal counts as known as soon as one of its columns is.
        some = clf.decision_function(new[[LIPS[0]]])
        np.testing.assert_allclose(
            some, clf.scales_["lip"] * fitted().decision_function(new[[LIPS[0]]]))
        assert clf.scales_["lip"] < 1.0

    def test_twice_is_as_good_as_once(self):
        new = planted(100, seed=1)[0]
        once, twice = fitted().scale_certainty(new, self.GOALS), fitted()
        twice.scale_certainty(new, {"lip": 0.9, "lip+eyelid": 0.6}).scale_certainty(new, self.GOALS)
        assert twice.scales_ == pytest.approx(once.scales_)

    def test_fitting_again_forgets_it(self):
        clf = fitted().scale_certainty(planted()[0], self.GOALS)
        assert set(clf.fit(*planted()).scales_.values()) == {1.0}

    def test_rows_of_which_nothing_is_known(self):
        clf, X = fitted(), planted()[0]
        X[LIPS] = np.nan
        with pytest.raises(ValueError, match=r"cannot become 0.7 .* in 300 of 300 nothing"):
            clf.scale_certainty(X, {"lip": 0.7})

    @pytest.mark.parametrize(("certainty", "message"), [
        ({"nose": 0.7}, "there are no signals 'nose'; there are lip, eyelid, lip\\+eyelid"),
        ({"lip": 0.5}, "certainty of 'lip' must lie within 0.5 and 1, not 0.5"),
        ({"lip": 1.0}, "certainty of 'lip' must lie within 0.5 and 1, not 1.0"),
        ({"lip": np.nan}, "certainty of 'lip' must lie within 0.5 and 1, not nan"),
    ])
    def test_refused(self, certainty, message):
        clf, X = fitted(), planted()[0]
        with pytest.raises(ValueError, match=message):
            clf.scale_certainty(X, certainty)


class TestMostCertainty:
    def test_no_answer_is_surer(self):
        free, limited = fitted(), fitted(most_certainty=0.85)
        new = planted(400, seed=1)[0]
        p, bounded = free.predict_proba(new), limited.predict_proba(new)
        assert p.max() > 0.97
        assert 0.83 < bounded.max() < 0.85
        np.testing.assert_array_equal(limited.predict(new), free.predict(new))
        np.testing.assert_array_equal(np.argsort(bounded[:, 1]), np.argsort(p[:, 1]))
        # Where nobody is sure, nothing changes.
        close = np.abs(p[:, 1] - 0.5) < 0.05
        np.testing.assert_allclose(bounded[close], p[close], atol=0.001)

    def test_it_is_tempered_within_the_limit(self):
        new = planted(400, seed=1)[0]
        clf = fitted(most_certainty=0.85).scale_certainty(new, {"lip+eyelid": 0.8})
        p = clf.predict_proba(new).max(axis=1)
        assert p.mean() == pytest.approx(0.8)
        assert p.max() <= 0.85

    def test_it_cannot_be_tempered_beyond(self):
        clf, X = fitted(most_certainty=0.85), planted()[0]
        with pytest.raises(ValueError, match=r"cannot become 0.9 on these rows, 0.85 at most"):
            clf.scale_certainty(X, {"lip": 0.9})

    @pytest.mark.parametrize("most", [0.5, 1.1])
    def test_refused(self, most):
        clf = KinematicsClassifier(most_certainty=most)
        with pytest.raises(ValueError, match=r"most_certainty must be above 0.5 and at most 1"):
            clf.fit(*planted())


class TestIgnore:
    def test_left_right_differences_are_not_looked_at(self):
        X, y = planted()
        telling = X.assign(lip_onset_left_right_difference=y + 1.0)
        clf = KinematicsClassifier(random_state=0).fit(telling, y)
        assert clf.columns_ == COLUMNS
        assert clf.n_features_in_ == 6
        np.testing.assert_allclose(clf.decision_function(telling), fitted().decision_function(X))
        looking = KinematicsClassifier(ignore=(), random_state=0).fit(telling, y)
        assert looking.columns_ == list(telling.columns)
        assert accuracy(looking, telling, y) == 1.0

    def test_all(self):
        X, y = planted()
        clf = KinematicsClassifier(ignore=("_s", "_rise", "_wobble"))
        with pytest.raises(ValueError, match="all columns are ignored; change `ignore`"):
            clf.fit(X, y)


class TestLabels:
    def test_texts(self):
        X, y = planted()
        worded = KinematicsClassifier(random_state=0).fit(X, TEXTS[y])
        assert worded.classes_.tolist() == TEXTS.tolist()
        np.testing.assert_array_equal(worded.predict(X), TEXTS[fitted().predict(X)])
        np.testing.assert_array_equal(worded.decision_function(X), fitted().decision_function(X))

    @pytest.mark.parametrize(("labels", "message"), [
        (np.zeros(300, int), "y has 1 class$"),
        (np.arange(300) % 3, "y has 3 classes"),
        (np.linspace(0, 1, 300), "Unknown label type"),
        (np.zeros(299, int), "inconsistent numbers of samples"),
        (None, "requires y"),
    ])
    def test_refused(self, labels, message):
        clf, X = KinematicsClassifier(), planted()[0]
        with pytest.raises(ValueError, match=message):
            clf.fit(X, labels)

    def test_a_class_of_which_nothing_is_known(self):
        X, y = planted()
        X[y == 1] = np.nan
        with pytest.raises(ValueError, match=r"one class has no row.*lip_onset_duration_s"):
            KinematicsClassifier().fit(X, y)

    @pytest.mark.parametrize(("params", "message"), [
        ({"n_components": 0}, "n_components must be a whole number of at least 1"),
        ({"n_components": 2.5}, "n_components must be a whole number"),
        ({"reg_covar": -0.1}, "reg_covar must be"),
        ({"least_certainty": 0.4}, "least_certainty must be a number of at least 0.5"),
        ({"least_certainty": 1.4}, "least_certainty must be at most 1"),
        ({"ignore": "left_right_difference"}, "ignore must be a tuple of texts, not 'left_right"),
        ({"ignore": None}, "ignore must be a tuple of texts"),
        ({"signals": "lip"}, "signals must be a tuple of texts, not 'lip'"),
    ])
    def test_parameters(self, params, message):
        clf = KinematicsClassifier(**params)
        with pytest.raises(ValueError, match=message):
            clf.fit(*planted())


def test_learns_from_smiles_of_others():
    """By subject, on the true signals of drawn people."""
    smiles = make_smile_signals(60, 4, random_state=0)
    signals = list(zip(smiles.times, smiles.lips, smiles.eyelids, strict=True))
    X = SmileKinematics().set_output(transform="pandas").fit_transform(signals)
    said = cross_val_predict(KinematicsClassifier(random_state=0), X, smiles.target,
                             groups=smiles.groups, cv=GroupKFold(4))
    assert (said == smiles.target).mean() > 0.72
