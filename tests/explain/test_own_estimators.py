"""Classifiers that are no part of the package, explained by what they say of themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from planted import crooked, signals
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from smilegenuine import AUDASVMEnsemble, DMarkerSVMEnsemble, StackingFusion
from smilegenuine.clips.au_table import AU_NAMES
from smilegenuine.explain import DecidesByFeatures, explain, explain_global
from smilegenuine.explain.table_leaves import FeaturesLeaf, MachineLeaf, OpaqueLeaf
from smilegenuine.explain.tree import node_of
from smilegenuine.features.clip_phases import phases_of

DOCS = Path(__file__).parents[2] / "docs"
PHASES = ("onset", "apex")


class Silent(ClassifierMixin, BaseEstimator):
    """The highest intensity of each action unit in two phases; it says nothing of itself."""

    def __init__(self, decider=None):
        self.decider = decider

    def fit(self, clips, y):
        table = self._table(clips)
        self.mean_ = table.mean(axis=0)
        decider = LogisticRegression(C=0.1) if self.decider is None else self.decider
        self.model_ = decider.fit(table, y)
        self.classes_ = self.model_.classes_
        return self

    def decision_function(self, clips):
        return self._decide(self._table(clips))

    def predict(self, clips):
        return self.classes_[(self.decision_function(clips) > 0).astype(int)]

    def _table(self, clips):
        return np.array([self._row(clip) for clip in clips])

    def _row(self, clip):
        spans = phases_of(clip)
        return np.concatenate([clip.aus[spans[p]].max(axis=0, initial=0.0) for p in PHASES])

    def _decide(self, table):
        if hasattr(self.model_, "decision_function"):
            return self.model_.decision_function(table)
        return 4.0 * self.model_.predict_proba(table)[:, 1] - 2.0


class Named(Silent):
    """The same, which says by which features it decides."""

    def features_of(self, clip):
        return self._row(clip)

    def get_feature_names_out(self):
        return [f"{phase} {au}" for phase in PHASES for au in AU_NAMES]

    def decide_features(self, features):
        return self._decide(features)


class Described(Named):
    """The same, which also says what they are about, and what they are on average."""

    @property
    def mean_features_(self):
        return self.mean_

    def describe_features(self):
        return {"au": [*AU_NAMES] * 2, "phase": np.repeat(PHASES, len(AU_NAMES))}


class Peaks(TransformerMixin, BaseEstimator):
    """The features as a step of a pipeline."""

    describe_features, get_feature_names_out = Described.describe_features, \
        Named.get_feature_names_out

    def fit(self, clips, y=None):
        self.fitted_ = True
        return self

    def transform(self, clips):
        return Silent()._table(clips)


def fitted(kind=Described, **params):
    data = signals("au06")
    return kind(**params).fit(data.train, data.y_train)


def test_what_it_takes_is_known_by_its_methods():
    assert not isinstance(Silent(), DecidesByFeatures)
    assert isinstance(Named(), DecidesByFeatures)
    for ensemble in (AUDASVMEnsemble(), DMarkerSVMEnsemble()):  # which are taken apart exactly
        assert isinstance(ensemble, DecidesByFeatures)
    for kind, leaf in ((Silent, OpaqueLeaf), (Named, FeaturesLeaf), (Described, FeaturesLeaf)):
        assert type(node_of("own", fitted(kind), None)) is leaf
    assert type(node_of("own", fitted(lambda: AUDASVMEnsemble(("au",), cv=2)), None)) is MachineLeaf


def test_of_a_linear_decision_each_feature_is_exact():
    model, clip = fitted(), signals("au06").test[1]
    found = explain(model, clip)
    row = model.features_of(clip)
    np.testing.assert_allclose(found.table["value"], row)
    np.testing.assert_allclose(found.table["contribution"],
                               model.model_.coef_[0] * (row - model.mean_), atol=1e-12)
    assert list(found.table["feature"]) == model.get_feature_names_out()
    assert set(found.table["source"]) == {"action unit"}
    assert found.decision == pytest.approx(model.decision_function([clip])[0])
    assert found.not_placed == 0.0


def test_what_it_describes_is_summed_up_and_placed():
    model, clip = fitted(), signals("au06").test[1]
    found = explain(model, clip)
    assert found.by_au().abs().idxmax() == "AU06"
    assert list(found.by_phase().index) == list(PHASES)
    assert found.by_au().sum() == pytest.approx(found.decision - found.baseline_decision)
    for phase in PHASES:
        inside = found.by_frame().to_numpy()[found.phases[phase]].sum()
        assert inside == pytest.approx(found.by_phase()[phase])


def test_what_only_names_its_features_is_explained_by_their_names():
    data = signals("au06")
    model, clip = fitted(Named), data.test[1]
    with pytest.raises(ValueError, match="give background="):
        explain(model, clip)
    found = explain(model, clip, background=data.train)
    np.testing.assert_allclose(found.table["contribution"],
                               explain(fitted(), clip).table["contribution"], atol=1e-12)
    assert set(found.table["source"]) == {"feature"}
    assert not found.by_au().any()
    assert "AU06" in found.strongest(1)["what"][0]


@pytest.mark.parametrize(("kind", "n_groups"), [(Described, 34), (Named, 34)])
def test_of_any_other_decision_features_have_shapleys_values(kind, n_groups):
    data = signals("au06")
    model = fitted(kind, decider=RandomForestClassifier(10, random_state=0))
    found = explain(model, data.test[1], background=data.train[:8])
    assert len(found.table) == n_groups
    assert found.table["contribution"].sum() == pytest.approx(
        found.decision - found.baseline_decision)
    assert found.not_placed == pytest.approx(0.0, abs=1e-9)


def test_features_that_nothing_is_said_of_are_players_of_their_own():
    class Partly(Described):
        def describe_features(self):
            return {"au": ["AU06", "AU06", *[""] * 32]}

    data = signals("au06")
    model = fitted(Partly, decider=RandomForestClassifier(10, random_state=0))
    rows = explain(model, data.test[1]).table
    assert rows["contribution"][0] == rows["contribution"][1]  # one group
    assert rows["contribution"][2:].nunique() > 2
    assert list(rows["source"][:3]) == ["action unit", "action unit", "feature"]


def test_without_it_units_in_each_phase_are_asked_about():
    found = explain(fitted(Silent), signals("au06").test[1])
    assert set(found.table["source"]) == {"action unit"}
    assert set(found.table["feature"]) == {""}
    assert found.by_au()["AU06"]
    assert found.table["contribution"].sum() == pytest.approx(
        found.decision - found.baseline_decision)


def test_where_features_decide_otherwise_than_the_classifier_it_shows():
    class Wrong(Described):
        def decide_features(self, features):
            return super().decide_features(features) + features[:, 0] + 1.0

    model, clip = fitted(Wrong), signals("au06").test[1]
    found = explain(model, clip)
    rest = found.table[found.table["source"] == "not placed"]
    assert rest["contribution"].sum() == pytest.approx(-model.features_of(clip)[0] - 1.0)
    assert found.table["contribution"].sum() == pytest.approx(
        found.decision - found.baseline_decision)


def test_as_a_branch_of_a_fusion():
    data = signals("au06")
    fusion = StackingFusion([("own", Described()), ("svm", AUDASVMEnsemble(("au",), cv=2))],
                            fuse="proba", cv=2).fit(data.train, data.y_train)
    found = explain(fusion, data.test[1])
    assert list(found.by_branch().index) == ["own", "svm"]
    assert found.by_branch()["own"] != 0.0
    assert abs(found.not_placed) < 1e-6
    assert found.by_au().abs().idxmax() == "AU06"


def test_what_it_describes_is_exchanged_between_people():
    data = signals("au06")
    found = explain_global(fitted(), data.test, data.y_test, n_repeats=1)
    assert found[found["kind"] == "au"].iloc[0]["name"] == "AU06"
    assert set(found.loc[found["kind"] == "phase", "name"]) == set(PHASES)
    plain = explain_global(fitted(Named), data.test, data.y_test, n_repeats=1,
                           background=data.train[:2])
    assert set(plain["kind"]) == {"branch"}


def test_a_step_of_a_pipeline_describes_its_features_too():
    data = signals("au06")
    model = make_pipeline(Peaks(), LogisticRegression(C=0.1)).fit(data.train, data.y_train)
    found = explain(model, data.test[1], background=data.train)
    expected = explain(fitted(), data.test[1])
    pd.testing.assert_frame_equal(found.table.drop(columns="branch"),
                                  expected.table.drop(columns="branch"))


@pytest.mark.parametrize(("described", "message"), [
    ({"au": ["AU06"]}, "has 1 rows, and there are 34 features"),
    ({"au": ["AU6"] * 34}, "has au='AU6'; columns are .* units as 'AU01'"),
    ({"phase": ["start"] * 34}, "has phase='start'; .* phases of onset, apex"),
    ({"muscle": ["AU06"] * 34}, "has muscle='AU06'; columns are au, other_au, region, phase"),
    ({"other_au": ["AU06"] * 34}, "has other_au='AU06' without an au"),
])
def test_descriptions_that_cannot_be_are_named(described, message):
    class Odd(Described):
        def describe_features(self):
            return described

    with pytest.raises(ValueError, match=f"describe_features of Odd {message}"):
        explain(fitted(Odd), signals("au06").test[0])


def test_of_machines_features_and_names_are_public():
    data = crooked(8)
    model = DMarkerSVMEnsemble(cv=2).fit(data.train, data.y_train)
    table = np.array([model.features_of(clip) for clip in data.test])
    assert table.shape == (len(data.test), len(model.get_feature_names_out()))
    np.testing.assert_array_equal(model.decide_features(table), model.decision_function(data.test))
    names = AUDASVMEnsemble().get_feature_names_out()
    assert len(names) == len(set(names)) == 4 * (119 + 1088)


def test_the_example_of_the_page_prints_what_it_shows(capsys, monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    import code_blocks

    block, = (b for b in code_blocks.blocks(DOCS / "explaining.md") if b.shown)
    exec(compile(block.code, "explaining.md", "exec"), {"__name__": "__main__"})
    assert not code_blocks.differences(block.shown, capsys.readouterr().out)
