"""StackingFusion: what each way to fuse sees, who is held out, and scikit-learn's manners."""

from __future__ import annotations

import pickle
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import sklearn
from drawn import known_clips
from scipy.special import logit
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Perceptron
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from smilegenuine import (
    AUDA,
    AUDAPhaseClassifier,
    AUDASVMEnsemble,
    BlockSVMEnsemble,
    StackingFusion,
    load_model,
    save_model,
)
from smilegenuine.classifiers.branches import decisions_of, is_recordings
from smilegenuine.systems.fusion import spread_of


class Spy(ClassifierMixin, BaseEstimator):
    """A branch that remembers whom it was trained on and whom it was asked about."""

    trained: list[tuple[str, ...]] = []
    asked: list[tuple[str, ...]] = []

    def __init__(self, noise=0.0):
        self.noise = noise

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        Spy.trained.append(tuple(c.subject for c in X))
        return self

    def decision_function(self, X):
        Spy.asked.append(tuple(c.subject for c in X))
        return np.array([len(c.aus) / 100 for c in X])

    def predict(self, X):
        return self.classes_[(self.decision_function(X) > 0).astype(int)]


class Deaf(ClassifierMixin, BaseEstimator):
    """A branch whose decisions hardly differ from one another."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def decision_function(self, X):
        return np.array([0.1 + 1e-6 * len(c.aus) for c in X])

    def predict(self, X):
        return np.repeat(self.classes_[1:], len(X))


@pytest.fixture
def spies():
    Spy.trained.clear()
    Spy.asked.clear()
    return Spy


@pytest.fixture(scope="module")
def smiles():
    return known_clips(14, 4, random_state=5)


def branches(epochs=8):
    return [("au", AUDAPhaseClassifier("au", max_epochs=epochs, random_state=0)),
            ("svm", AUDASVMEnsemble(levels=("au",), cv=2)),
            ("line", make_pipeline(AUDA(), StandardScaler(), LogisticRegression(C=0.01)))]


@pytest.fixture(scope="module", params=["embedding", "proba", "hadamard"])
def fitted(request, smiles):
    return StackingFusion(branches(), fuse=request.param, cv=2, random_state=0).fit(
        smiles.data[:48], smiles.target[:48])


class TestWaysToFuse:
    def test_embeddings_stand_side_by_side(self, smiles):
        fusion = StackingFusion(branches(), random_state=0).fit(smiles.data, smiles.target)
        assert fusion.widths_ == {"au": 64, "svm": 1, "line": 1}
        au, svm, line = fusion.estimators_
        expected = np.column_stack([au.transform(smiles.data), svm.decision_function(smiles.data),
                                    line.decision_function(smiles.data)])
        np.testing.assert_allclose(fusion.transform(smiles.data), expected, atol=1e-6)
        names = fusion.get_feature_names_out()
        assert (names[0], names[63], names[64], names[65]) == ("au_0", "au_63", "svm_0", "line_0")

    def test_the_default_top_is_a_dense_layer_over_the_embeddings(self, smiles):
        """Decisions of networks are linear in their embeddings, so the whole is too."""
        nets = [("au", AUDAPhaseClassifier("au", max_epochs=4, random_state=0)),
                ("cross", AUDAPhaseClassifier("cross", max_epochs=4, random_state=1))]
        fusion = StackingFusion(nets, random_state=0).fit(smiles.data, smiles.target)
        more = known_clips(45, 4, random_state=6).data  # more clips than features
        design = np.column_stack([fusion.transform(more), np.ones(len(more))])
        values = fusion.decision_function(more)
        assert design.shape[0] > design.shape[1] == 129
        linear = design @ np.linalg.lstsq(design, values, rcond=None)[0]
        np.testing.assert_allclose(linear, values, atol=1e-4 * np.abs(values).max())

    def test_a_branch_that_says_the_same_of_everybody_does_no_harm(self, smiles):
        good = ("svm", AUDASVMEnsemble(levels=("au",), cv=2))
        alone = StackingFusion([good], random_state=0).fit(smiles.data, smiles.target)
        both = StackingFusion([good, ("deaf", Deaf())], random_state=0)
        both.fit(smiles.data, smiles.target)
        said = both.decision_function(smiles.data)
        expected = alone.decision_function(smiles.data)
        assert np.corrcoef(said, expected)[0, 1] > 0.99
        assert said.std() > 0.5 * expected.std()

    def test_proba_stacks_logits(self, smiles):
        fusion = StackingFusion(branches(), fuse="proba", cv=2).fit(smiles.data, smiles.target)
        found = fusion.transform(smiles.data)
        np.testing.assert_allclose(found, fusion.decision_values(smiles.data).to_numpy())
        assert found.shape == (len(smiles.data), 3)
        assert fusion.fusion_subjects_.tolist() == sorted(set(smiles.groups))

    def test_hadamard_multiplies_projections(self, smiles):
        fusion = StackingFusion(branches(), fuse="hadamard", n_components=7, random_state=0)
        fusion.fit(smiles.data, smiles.target)
        assert fusion.transform(smiles.data).shape == (len(smiles.data), 7)
        assert fusion.final_estimator_ is None
        assert fusion.projection_.widths == (64, 1, 1)
        assert list(fusion.get_feature_names_out()) == [f"hadamard_{i}" for i in range(7)]

    @pytest.mark.parametrize("fuse", ["embedding", "proba", "hadamard"])
    def test_ones_own_classifier_on_top(self, smiles, fuse):
        fusion = StackingFusion(branches(2), KNeighborsClassifier(3), fuse=fuse, cv=2,
                                random_state=0).fit(smiles.data, smiles.target)
        top = fusion.final_estimator_
        assert isinstance(top, KNeighborsClassifier)
        expected = top.predict_proba(fusion.transform(smiles.data[:9]))[:, 1]
        np.testing.assert_allclose(fusion.predict_proba(smiles.data[:9])[:, 1],
                                   np.clip(expected, 1e-6, 1 - 1e-6), atol=1e-9)


class TestWhoIsHeldOut:
    def test_the_top_sees_subjects_whom_no_branch_was_trained_on(self, smiles, spies):
        fusion = StackingFusion([("a", Spy()), ("b", Spy(1.0))], random_state=3)
        fusion.fit(smiles.data, smiles.target)
        held = set(fusion.fusion_subjects_)
        assert 1 <= len(held) <= 5
        for trained in spies.trained:
            assert not held & set(trained)
            assert held | set(trained) == set(smiles.groups)
        assert {s for asked in spies.asked for s in asked} == held

    def test_the_published_way_fits_both_on_the_same(self, smiles, spies):
        fusion = StackingFusion([("a", Spy())], holdout=None).fit(smiles.data, smiles.target)
        assert set(spies.trained[0]) == set(smiles.groups) == set(fusion.fusion_subjects_)

    def test_out_of_fold_logits_are_of_branches_that_do_not_know_the_subject(self, smiles, spies):
        StackingFusion([("a", Spy())], fuse="proba", cv=3).fit(smiles.data, smiles.target)
        whole, *folds = spies.trained
        assert set(whole) == set(smiles.groups)
        assert len(folds) == len(spies.asked) == 3
        for trained, asked in zip(folds, spies.asked, strict=True):
            assert not set(trained) & set(asked)
        assert Counter(s for asked in spies.asked for s in asked) == Counter(smiles.groups)

    def test_groups_win_over_the_clips_own_subjects(self, smiles, spies):
        other = np.repeat(["p", "q", "r", "t"], len(smiles.data) // 4)
        fusion = StackingFusion([("a", Spy())], random_state=0, holdout=0.25)
        fusion.fit(smiles.data, smiles.target, groups=other)
        assert set(spies.trained[0]) | set(fusion.fusion_subjects_) == {"p", "q", "r", "t"}

    def test_another_seed_holds_others_out(self, smiles):
        held = {tuple(StackingFusion([("a", Spy())], random_state=seed).fit(
            smiles.data, smiles.target).fusion_subjects_) for seed in range(6)}
        assert len(held) > 1

    def test_groups_of_a_table_reach_branches_that_ask_for_them(self):
        X, y = make_classification(60, 8, random_state=0)
        groups = np.repeat(np.arange(12), 5)
        fusion = StackingFusion([("blocks", BlockSVMEnsemble(cv=3))], random_state=0)
        fusion.fit(X, y, groups=groups)
        kept = ~np.isin(groups.astype(str), fusion.fusion_subjects_)
        alone = BlockSVMEnsemble(cv=3).fit(X[kept], y[kept], groups=groups[kept])
        np.testing.assert_allclose(fusion.decision_values(X)["blocks"], alone.decision_function(X))

    @pytest.mark.parametrize("fuse", ["embedding", "proba"])
    def test_groups_reach_the_end_of_a_pipeline(self, smiles, fuse, monkeypatch):
        """A table classifier behind AUDA sees rows, and no clip that could tell it the subject."""
        told, original = [], BlockSVMEnsemble.fit
        monkeypatch.setattr(BlockSVMEnsemble, "fit", lambda self, X, y, groups=None: (
            told.append(set(groups)), original(self, X, y, groups))[1])
        line = make_pipeline(AUDA(), BlockSVMEnsemble(cv=2))
        StackingFusion([("line", line)], fuse=fuse, cv=2, random_state=0).fit(
            smiles.data, smiles.target)
        assert told
        assert all(subjects <= set(smiles.groups) for subjects in told)

    def test_groups_reach_a_search(self, smiles):
        line = make_pipeline(AUDA(), StandardScaler(), SVC())
        search = GridSearchCV(line, {"svc__C": [0.1, 1.0]}, cv=GroupKFold(2), error_score="raise")
        fusion = StackingFusion([("search", search)], random_state=0)
        fusion.fit(smiles.data, smiles.target)
        assert fusion.estimators_[0].best_params_["svc__C"] in (0.1, 1.0)

    def test_groups_by_metadata_routing(self, smiles):
        nameless = [c.replace(subject=None) for c in smiles.data]
        with sklearn.config_context(enable_metadata_routing=True):
            scores = cross_val_score(
                StackingFusion([("line", branches()[2][1])], random_state=0), nameless,
                smiles.target, params={"groups": smiles.groups}, cv=GroupKFold(3),
                error_score="raise")
        assert np.isfinite(scores).all()


class TestBranches:
    def test_names_reach_branches_and_their_parameters(self):
        fusion = StackingFusion(branches())
        fusion.set_params(au__lr=0.01, svm__C=3.0, line__logisticregression__C=0.5)
        assert fusion.named_estimators["au"].lr == 0.01
        assert fusion.get_params()["svm__C"] == 3.0
        assert clone(fusion).get_params()["line__logisticregression__C"] == 0.5
        fusion.set_params(svm=SVC())
        assert isinstance(dict(fusion.estimators)["svm"], SVC)

    def test_dropped_branches_are_left_out(self, smiles):
        fusion = StackingFusion(branches(2), random_state=0).set_params(au="drop")
        fusion.fit(smiles.data, smiles.target)
        assert list(fusion.decision_values(smiles.data[:2])) == ["svm", "line"]
        assert fusion.named_estimators_["au"] == "drop"
        assert fusion.named_estimators_["svm"] is fusion.estimators_[0]

    def test_fitted_branches_are_used_as_they_are(self, smiles):
        au = AUDAPhaseClassifier("au", max_epochs=3, random_state=0)
        au.fit(smiles.data[:28], smiles.target[:28])
        before = au.transform(smiles.data)
        frozen = StackingFusion([("au", FrozenEstimator(au)), ("svm", branches()[1][1])],
                                random_state=0).fit(smiles.data[28:], smiles.target[28:])
        np.testing.assert_array_equal(frozen.transform(smiles.data)[:, :64], before)
        prefit = StackingFusion([("au", au)], cv="prefit").fit(smiles.data[28:], smiles.target[28:])
        assert prefit.estimators_[0] is au
        assert set(prefit.fusion_subjects_) == set(smiles.groups[28:])
        np.testing.assert_array_equal(au.transform(smiles.data), before)

    @pytest.mark.parametrize("model", [
        LogisticRegression(), SVC(), RandomForestClassifier(5, random_state=0),
        KNeighborsClassifier(), LinearDiscriminantAnalysis(), Perceptron()],
        ids=lambda m: type(m).__name__)
    @pytest.mark.parametrize("fuse", ["embedding", "proba"])
    def test_any_classifier_of_scikit_learn(self, model, fuse):
        X, y = make_classification(80, 6, n_informative=4, class_sep=2.0, random_state=1)
        fusion = StackingFusion([("m", model), ("line", LogisticRegression())], fuse=fuse,
                                random_state=0).fit(X[:60], np.array(["no", "yes"])[y[:60]])
        assert fusion.score(X[60:], np.array(["no", "yes"])[y[60:]]) > 0.7

    def test_columns_keep_their_names(self):
        X, y = make_classification(60, 4, n_redundant=0, random_state=1)
        table = pd.DataFrame(X, columns=list("abcd"))
        fusion = StackingFusion([("blocks", BlockSVMEnsemble({"x": ["a", "c"]}, cv=2))],
                                random_state=0).fit(table, y)
        assert list(fusion.feature_names_in_) == list("abcd")
        assert fusion.predict(table).shape == (60,)

    def test_sure_probabilities_have_finite_logits(self):
        forest = RandomForestClassifier(3, random_state=0).fit([[0.0], [1.0]] * 5, [0, 1] * 5)
        np.testing.assert_allclose(decisions_of(forest, [[0.0], [1.0]]),
                                   logit([1e-6, 1 - 1e-6]))


class TestManners:
    def test_saved_and_loaded_it_decides_the_same(self, fitted, smiles, tmp_path):
        expected = fitted.predict_proba(smiles.data[48:])
        for copy in (load_model(save_model(fitted, tmp_path / "m.skops")),
                     pickle.loads(pickle.dumps(fitted))):
            np.testing.assert_allclose(copy.predict_proba(smiles.data[48:]), expected, atol=1e-7)

    def test_pandas_output(self, fitted, smiles):
        table = clone(fitted).set_output(transform="pandas").fit(
            smiles.data[:48], smiles.target[:48]).transform(smiles.data[:3])
        assert list(table.columns) == list(fitted.get_feature_names_out())

    @pytest.mark.slow
    def test_processes_change_nothing(self, fitted, smiles):
        again = clone(fitted).set_params(n_jobs=2).fit(smiles.data[:48], smiles.target[:48])
        np.testing.assert_allclose(again.decision_function(smiles.data),
                                   fitted.decision_function(smiles.data), atol=1e-6)

    @pytest.mark.slow  # test_systems.py has another
    def test_grid_search_reaches_into_branches(self, smiles):
        search = GridSearchCV(StackingFusion(branches(2), random_state=0),
                              {"au__lr": [1e-3, 1e-2], "holdout": [None, 0.3]}, cv=GroupKFold(2),
                              error_score="raise")
        search.fit(smiles.data, smiles.target, groups=smiles.groups)
        assert len(search.cv_results_["params"]) == 4

    def test_calibration_on_top(self, smiles):
        calibrated = CalibratedClassifierCV(
            StackingFusion(branches(2)[1:], random_state=0), cv=GroupKFold(2).split(
                smiles.data, groups=smiles.groups)).fit(smiles.data, smiles.target)
        assert calibrated.predict_proba(smiles.data[:3]).shape == (3, 2)

    def test_a_fusion_is_a_branch_too(self, smiles):
        inner = StackingFusion(branches(2)[:2], random_state=0)
        outer = StackingFusion([("both", inner), ("line", branches()[2][1])], random_state=1)
        outer.fit(smiles.data, smiles.target)
        assert outer.widths_ == {"both": 65, "line": 1}
        assert outer.set_params(both__au__lr=0.5).get_params()["both__au__lr"] == 0.5


class TestRefusals:
    @pytest.mark.parametrize(("change", "message"), [
        ({"fuse": "max"}, "fuse must be one of embedding, proba, hadamard, not 'max'"),
        ({"cv": 1}, "cv must be a whole number of at least 2"),
        ({"holdout": 1.5}, "holdout must be between 0 and 1, or None, not 1.5"),
        ({"holdout": 0}, "holdout must be between 0 and 1, or None, not 0"),
        ({"n_components": 0}, "n_components must be a whole number of at least 1"),
        ({"estimators": []}, "estimators has no branch"),
        ({"estimators": [("a", "drop")]}, "all are dropped"),
        ({"estimators": [Spy()]}, "list of \\(name, classifier\\) pairs"),
        ({"estimators": [("a", StandardScaler())]}, "branch 'a' is no classifier but Standard"),
        ({"estimators": [("a", None)]}, "branch 'a' is no classifier but NoneType; 'drop' leaves"),
        ({"estimators": [("a", "passthrough")]}, "branch 'a' is no classifier but 'passthrough'"),
        ({"estimators": [("a", Spy()), ("a", Spy())]}, "not unique"),
        ({"final_estimator": "x"}, "final_estimator must be a classifier, not 'x'"),
        ({"final_estimator": StandardScaler()}, "final_estimator must be a classifier"),
        ({"estimators": [("fuse", Spy())]}, "conflict with constructor arguments"),
        ({"estimators": [("a", Spy())], "cv": "prefit"}, "branch 'a' is to be used as it is, but"),
    ])
    def test_parameters(self, smiles, change, message):
        given = {"estimators": [("a", Spy())], **change}
        with pytest.raises(ValueError, match=message):
            StackingFusion(**given).fit(smiles.data, smiles.target)

    def test_branches_fitted_on_other_labels(self, smiles):
        line = branches()[2][1].fit(smiles.data, np.array(["no", "yes"])[smiles.target])
        with pytest.raises(ValueError, match="fitted on the classes no, yes, and these are 0, 1"):
            StackingFusion([("a", line)], cv="prefit").fit(smiles.data, smiles.target)

    def test_branches_that_say_nothing_but_labels(self):
        class Mute(ClassifierMixin, BaseEstimator):
            def fit(self, X, y):
                self.classes_ = np.unique(y)
                return self

            def predict(self, X):
                return np.zeros(len(X), int)

        with pytest.raises(ValueError, match="Mute has neither decision_function nor predict_prob"):
            StackingFusion([("a", Mute())]).fit(np.eye(8), [0, 1] * 4)


@pytest.mark.parametrize(("X", "expected"), [
    (["a.mp4"], True), (known_clips(1, 1).data, True), ([np.zeros((5, 17))], True),
    ([pd.DataFrame({"a": [1]})], True), ("a.mp4", True), ([], True), ([None], True),
    (np.zeros((3, 4)), False), (pd.DataFrame({"a": [1]}), False), ([[1.0, 2.0]], False),
    ([np.zeros(3)], False), (pd.Series(["a.mp4"], index=[7]), True), (7, False),
], ids=str)
def test_recordings_and_tables_are_told_apart(X, expected):
    assert is_recordings(X) is expected


@parametrize_with_checks([StackingFusion([("line", LogisticRegression()), ("tree", SVC())],
                                         fuse=fuse, random_state=0)
                          for fuse in ("embedding", "proba")])
def test_with_tables_it_passes_scikit_learns_own_checks(estimator, check):
    check(estimator)


def test_what_does_not_vary_is_not_scaled():
    values = np.column_stack([[1.0, 3.0, 5.0], [7.0, 7.0, 7.0]])
    np.testing.assert_allclose(spread_of(values), [np.sqrt(8 / 3), 1.0])
