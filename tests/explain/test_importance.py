"""`explain_global`: what was planted comes first, and what is exchanged is what is said."""

from __future__ import annotations

import functools
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from planted import crooked, signals
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from smilegenuine import (
    AUDA,
    AUDAPhaseClassifier,
    AUDASequenceClassifier,
    AUDASVMEnsemble,
    Clip,
    DMarkerSVMEnsemble,
    LandmarkTransformerClassifier,
    RealSmileNetClassifier,
    StackingFusion,
)
from smilegenuine.explain import explain_global
from smilegenuine.explain.importance import _auc, _donors
from smilegenuine.explain.nodes import Seen
from smilegenuine.explain.swapped_parts import joined, phases_of_rows, spliced, warped
from smilegenuine.explain.tree import node_of

SYSTEMS = {
    "machines": lambda: AUDASVMEnsemble(levels=("au",), cv=3),
    "pairs": lambda: AUDASVMEnsemble(levels=("cross",), cv=3),
    "dense": lambda: AUDAPhaseClassifier("au", max_epochs=25, random_state=0),
    "LSTM": lambda: AUDASequenceClassifier(("aus", "smile"), max_epochs=25, random_state=0),
    "logistic": lambda: make_pipeline(AUDA(), StandardScaler(), LogisticRegression(
        C=0.01, max_iter=500)),
    "fusion": lambda: StackingFusion(
        [("net", AUDAPhaseClassifier("au", max_epochs=15, random_state=0)),
         ("svm", AUDASVMEnsemble(levels=("au",), cv=3))], holdout=0.3, random_state=0),
}


@functools.cache
def found(name: str, difference: str) -> pd.DataFrame:
    data = signals(difference)
    model = SYSTEMS[name]().fit(data.train, data.y_train)
    return explain_global(model, data.test, data.y_test, n_repeats=3)


def first(table: pd.DataFrame, kind: str) -> str:
    return table[table["kind"] == kind].iloc[0]["name"]


class TestPlanted:
    @pytest.mark.parametrize("name", [
        pytest.param(name, marks=[pytest.mark.slow] * (name == "LSTM")) for name in SYSTEMS])
    def test_of_smiles_that_differ_in_the_cheek_raiser_au06_comes_first(self, name):
        table = found(name, "au06")
        assert first(table, "au") == "AU06"
        rows = table[table["kind"] == "au"].set_index("name")
        assert rows.loc["AU06", "low"] > 0.0
        assert rows.loc["AU06", "importance"] > 2 * rows["importance"].drop("AU06").max()

    @pytest.mark.parametrize("name", [name for name in SYSTEMS if name != "LSTM"])
    def test_of_smiles_that_differ_in_how_quick_they_come_the_onset_comes_first(self, name):
        assert first(found(name, "onset_speed"), "phase") == "onset"

    @pytest.mark.parametrize("clf", [
        DMarkerSVMEnsemble(cv=3),
        LandmarkTransformerClassifier("outlines", max_epochs=15, random_state=0)],
        ids=lambda clf: type(clf).__name__)
    def test_of_crooked_smiles_the_corners_of_the_mouth_come_first(self, clf):
        data = crooked()
        table = explain_global(clf.fit(data.train, data.y_train), data.test, data.y_test,
                               by="region", n_repeats=2)
        assert table.iloc[0]["name"] in ("lip", "lips")
        assert table.iloc[0]["low"] > 3 * table["importance"].iloc[1:].max()

    def test_where_nothing_differs_nothing_is_important(self):
        table = found("machines", "none")
        assert (table["low"] < 0.05).all()

    def test_the_branch_that_decides(self):
        data = signals("au06")
        blind = signals("none")
        fusion = StackingFusion([("blind", AUDASVMEnsemble(levels=("au",), cv=3).fit(
            blind.train, blind.y_train)), ("sees", AUDASVMEnsemble(levels=("au",), cv=3).fit(
                data.train, data.y_train))], cv="prefit", fuse="proba")
        fusion.fit(data.train, data.y_train)
        table = explain_global(fusion, data.test, data.y_test, by="branch", n_repeats=2)
        assert list(table["name"]) == ["sees", "blind"]


class TestTheTable:
    def test_columns_kinds_and_order(self):
        data = signals("au06")
        model = SYSTEMS["LSTM"]().set_params(max_epochs=2).fit(data.train, data.y_train)
        table = explain_global(model, data.test[:12], data.y_test[:12], n_repeats=1)
        assert list(table.columns) == ["kind", "name", "importance", "low", "high", "change"]
        assert list(table["kind"].unique()) == ["branch", "au", "smile", "phase"]
        for _, rows in table.groupby("kind"):
            assert rows["importance"].is_monotonic_decreasing
        assert (table["low"] <= table["high"]).all()
        assert len(table) == 1 + 17 + 1 + 4

    def test_without_labels_how_far_decisions_move(self):
        data = signals("au06")
        model = SYSTEMS["machines"]().fit(data.train, data.y_train)
        table = explain_global(model, data.test, by="au", n_repeats=2)
        assert first(table, "au") == "AU06"
        np.testing.assert_allclose(table["importance"], table["change"])

    def test_pairs_on_request(self):
        data = signals("au06")
        model = SYSTEMS["pairs"]().fit(data.train, data.y_train)
        table = explain_global(model, data.test[:12], by=("pair",), n_repeats=1)
        assert len(table) == 136
        assert table["name"].str.fullmatch(r"AU\d\d×AU\d\d").all()
        assert table["name"].head(10).str.contains("AU06").mean() > 0.4

    def test_the_same_every_time_and_another_for_another_number(self):
        data = signals("au06")
        model = SYSTEMS["machines"]().fit(data.train, data.y_train)
        a, b, c = (explain_global(model, data.test, by="phase", n_repeats=1, random_state=r)
                   for r in (0, 0, 1))
        pd.testing.assert_frame_equal(a, b)
        assert not a.equals(c)


class TestExchange:
    def test_donors_are_other_people(self):
        subjects = np.repeat(["a", "b", "c"], [5, 3, 1])
        for seed in range(20):
            donors = _donors(subjects, np.random.default_rng(seed))
            assert (subjects[donors] != subjects).all()

    def test_a_phase_comes_with_its_length(self):
        mine, theirs = (_seen(lengths) for lengths in ((5, 4, 6, 3, 2), (2, 9, 1, 1, 7)))
        runs = spliced(mine, theirs, "onset")
        x = joined(runs, mine.inputs["x"], theirs.inputs["x"])
        assert len(x) == 20 - 4 + 9
        assert (x[:5] < 100).all()
        assert (x[5:14] >= 100).all()
        assert (x[14:] < 100).all()
        around = joined(spliced(mine, theirs, "rest"), mine.inputs["x"], theirs.inputs["x"])
        assert len(around) == 13 + 2 + 7

    def test_a_phase_that_is_not_there_is_put_where_it_would_be(self):
        mine, theirs = _seen((5, 4, 0, 0, 2)), _seen((2, 9, 3, 2, 7))
        x = joined(spliced(mine, theirs, "apex"), mine.inputs["x"], theirs.inputs["x"])
        assert (x[9:12] >= 100).all()
        assert len(x) == 14
        gone = joined(spliced(theirs, mine, "apex"), theirs.inputs["x"], mine.inputs["x"])
        assert len(gone) == 20

    def test_a_curve_is_stretched_phase_by_phase(self):
        mine, theirs = (_seen(lengths) for lengths in ((5, 4, 6, 3, 2), (2, 9, 3, 1, 7)))
        phases = phases_of_rows(theirs)
        peak = (phases == "apex").astype(float)[:, None]
        got = warped(mine, theirs, peak)[:, 0]
        assert got[phases_of_rows(mine) == "apex"].min() == pytest.approx(1.0)
        assert got[:8].max() < 0.6

    def test_only_the_unit_is_exchanged(self):
        data = signals("au06")
        model = SYSTEMS["dense"]().set_params(max_epochs=1).fit(data.train, data.y_train)
        leaf = node_of("net", model, None)
        a, b = (leaf.see(clip) for clip in data.test[:2])
        changed = leaf.exchanged(a, b, "au", "AU06").inputs["x"] != a.inputs["x"]
        columns = changed.reshape(4, 17, 7).any(axis=(0, 2))
        assert np.flatnonzero(columns).tolist() == [4]
        assert leaf.exchanged(a, b, "region", "lips") is a

    def test_bands_and_phases_of_faces(self):
        rng = np.random.default_rng(0)
        clips = [Clip(faces=rng.integers(0, 255, (n, 48, 48, 3)).astype(np.uint8), fps=10,
                      subject=f"s{k}") for k, n in enumerate((12, 15, 9, 11))]
        model = RealSmileNetClassifier(max_epochs=1, validation_fraction=None, random_state=0)
        model.fit(clips, [0, 1, 0, 1])
        table = explain_global(model, clips, [0, 1, 0, 1], n_repeats=1)
        assert set(table["kind"]) == {"branch", "phase", "region"}
        leaf = node_of("net", model, None)
        a, b = (leaf.see(clip) for clip in clips[:2])
        mouth = leaf.exchanged(a, b, "region", "mouth and chin").inputs["x"] != a.inputs["x"]
        assert not mouth[:, :, :27].any()
        assert mouth[:, :, 29:].mean() > 0.9


def _seen(lengths: tuple[int, ...]) -> Seen:
    """A sequence with so many rows before, in and after the phases; the second is 100 up."""
    ends = np.cumsum(lengths)
    n = int(ends[-1])
    spans = dict(zip(("onset", "apex", "offset"),
                     (slice(int(a), int(b)) for a, b in pairwise(ends[:4])),
                     strict=True))
    up = 0.0 if lengths[0] == 5 else 100.0
    times = np.arange(n) / 10.0
    return Seen({"x": up + np.arange(n, dtype=float)[:, None]}, times, spans, None, times)


def test_area_under_the_curve_with_weights():
    rng = np.random.default_rng(0)
    values, truth = rng.integers(0, 6, 40).astype(float), (rng.random(40) > 0.4).astype(float)
    weights = np.vstack([np.ones(40), rng.integers(0, 3, 40)]).astype(float)
    expected = [roc_auc_score(truth, values, sample_weight=w) for w in weights]
    np.testing.assert_allclose(_auc(values, truth, weights), expected)
    assert np.isnan(_auc(values, np.ones(40), weights)).all()


def test_a_model_that_knows_no_baseline_needs_none():
    data = signals("au06")
    model = make_pipeline(AUDA(), LogisticRegression(C=0.01, max_iter=300))
    table = explain_global(model.fit(data.train, data.y_train), data.test, data.y_test, by="au",
                           n_repeats=1)
    assert len(table) == 17


class TestBadInput:
    def test_words(self):
        data = signals("au06")
        model = SYSTEMS["machines"]().fit(data.train, data.y_train)
        with pytest.raises(ValueError, match="by='muscle': no such kind of group; there are"):
            explain_global(model, data.test, by=("muscle",))
        with pytest.raises(ValueError, match="clips but 3 labels"):
            explain_global(model, data.test, [0, 1, 0])
        with pytest.raises(ValueError, match="one class only"):
            explain_global(model, data.test, np.zeros(len(data.test), int))
        with pytest.raises(ValueError, match="knows the classes 0, 1, and y has a, b"):
            explain_global(model, data.test, np.array(["a", "b"])[data.y_test])
        with pytest.raises(ValueError, match="all clips are of one subject"):
            explain_global(model, data.test, data.y_test, groups=["s"] * len(data.test))
        with pytest.raises(ValueError, match="n_repeats"):
            explain_global(model, data.test, n_repeats=0)

    def test_not_fitted(self):
        with pytest.raises(NotFittedError):
            explain_global(SYSTEMS["machines"](), signals("au06").test)
