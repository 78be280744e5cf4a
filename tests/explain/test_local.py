"""`explain`: contributions add up, are in their place, and name what was planted."""

from __future__ import annotations

import functools
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from planted import crooked, signals
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from smilegenuine import (
    AUDA,
    AUDAPhaseClassifier,
    AUDASequenceClassifier,
    AUDASVMEnsemble,
    BlockSVMEnsemble,
    CalibratedSystem,
    Clip,
    DMarkers,
    DMarkerSVMEnsemble,
    HadaSmileNetClassifier,
    LandmarkTransformerClassifier,
    PSTNetClassifier,
    RealSmileNetClassifier,
    StackingFusion,
    SubjectConformalClassifier,
)
from smilegenuine.clips.au_table import AU_NAMES
from smilegenuine.clips.errors import ClipError
from smilegenuine.explain import Explanation, explain
from smilegenuine.explain.explanation import COLUMNS, SOURCES, SPANS
from smilegenuine.explain.input_meaning import auda_moments
from smilegenuine.features.auda import auda_features, signals_of
from smilegenuine.features.phases import detect_phases

PLANTED = ("au06", "onset_speed")


def au_net(epochs: int = 20) -> AUDAPhaseClassifier:
    return AUDAPhaseClassifier("au", max_epochs=epochs, random_state=0)


def svm(**params) -> AUDASVMEnsemble:
    return AUDASVMEnsemble(**{"levels": ("au",), "cv": 3, **params})


def logistic() -> Pipeline:
    return make_pipeline(AUDA(), StandardScaler(), LogisticRegression(C=0.01, max_iter=500))


SYSTEMS = {
    "machines": svm, "linear machines": lambda: svm(kernel="linear"),
    "pairs": lambda: svm(levels=("cross",)), "dense": au_net,
    "LSTM": lambda: AUDASequenceClassifier(("aus", "adjslope9", "smile"), max_epochs=8,
                                           random_state=0),
    "logistic": logistic,
    "fusion": lambda: StackingFusion([("net", au_net(8)), ("svm", svm()), ("lr", logistic())],
                                     holdout=0.3, random_state=0),
    "logits": lambda: StackingFusion([("net", au_net(8)), ("svm", svm())], fuse="proba", cv=2),
    "product": lambda: StackingFusion([("net", au_net(8)), ("svm", svm())], fuse="hadamard",
                                      holdout=0.3, random_state=0),
    "forest on top": lambda: StackingFusion(
        [("net", au_net(8)), ("svm", svm())], RandomForestClassifier(10, random_state=0),
        holdout=0.3, random_state=0),
    "fusion in fusion": lambda: StackingFusion(
        [("both", StackingFusion([("net", au_net(8)), ("svm", svm())], holdout=0.3,
                                 random_state=0)), ("lr", logistic())], holdout=0.3,
        random_state=0),
}


@functools.cache
def fitted(name: str, difference: str = "au06"):
    data = signals(difference)
    return SYSTEMS[name]().fit(data.train, data.y_train)


@pytest.fixture(params=list(SYSTEMS))
def found(request) -> Explanation:
    return explain(fitted(request.param), signals("au06").test[1])


class TestCompleteness:
    def test_contributions_add_up_to_the_decision(self, found):
        whole = found.decision - found.baseline_decision
        assert found.table["contribution"].sum() == pytest.approx(whole, abs=1e-5)

    def test_parts_of_branches_account_for_it(self, found):
        # Without this row they add up in any case: it is what parts leave unsaid.
        assert abs(found.not_placed) < 0.01 * abs(found.table["contribution"]).sum() + 1e-3

    def test_the_decision_is_the_models(self, request, found):
        model = fitted(request.node.callspec.params["found"])
        assert found.decision == pytest.approx(
            model.decision_function(signals("au06").test[1:2])[0], rel=1e-5)

    @pytest.mark.parametrize("name", ["machines", "linear machines", "pairs", "logistic"])
    def test_of_machines_and_linear_models_exactly(self, name):
        assert abs(explain(fitted(name), signals("au06").test[3]).not_placed) < 1e-9

    def test_all_ways_to_sum_agree(self, found):
        total = found.table["contribution"].sum()
        for way in (found.by_branch, found.by_source, found.by_phase):
            assert way().sum() == pytest.approx(total, abs=1e-9)
        units = found.table.loc[found.table["au"] != "", "contribution"].sum()
        assert found.by_au().sum() == pytest.approx(units, abs=1e-9)
        assert found.by_au_and_phase().to_numpy().sum() == pytest.approx(units, abs=1e-9)
        pairs = found.table.loc[found.table["source"] == "pair", "contribution"].sum()
        assert found.by_pair().sum() == pytest.approx(pairs, abs=1e-9)


class TestTheTable:
    def test_columns_and_words(self, found):
        assert list(found.table.columns) == list(COLUMNS)
        assert set(found.table["source"]) <= set(SOURCES)
        assert set(found.table["phase"]) <= set(SPANS)
        assert set(found.table["au"]) <= {*AU_NAMES, ""}
        assert np.isfinite(found.table["contribution"]).all()

    def test_branches_are_those_of_the_fusion(self):
        names = list(explain(fitted("fusion"), signals("au06").test[0]).by_branch().index)
        assert names == ["net", "svm", "lr"]
        inner = list(explain(fitted("fusion in fusion"), signals("au06").test[0]).by_branch().index)
        assert inner == ["both/net", "both/svm", "lr"]

    def test_a_branchs_share_is_what_the_top_makes_of_it(self):
        model, clip = fitted("logits"), signals("au06").test[0]
        weights = model.final_estimator_.coef_[0]
        found = explain(model, clip)
        for k, branch in enumerate(("net", "svm")):
            alone = explain(model.named_estimators_[branch], clip)
            assert found.by_branch()[branch] == pytest.approx(
                weights[k] * (alone.decision - alone.baseline_decision), rel=1e-3, abs=1e-6)

    def test_values_are_the_features(self):
        found = explain(fitted("dense"), signals("au06").test[0]).table
        features = AUDA().set_output(transform="pandas").fit_transform(signals("au06").test[:1])
        known = found[found["feature"] != ""].set_index("feature")["value"]
        pd.testing.assert_series_equal(known, features.iloc[0], check_names=False, rtol=1e-4,
                                       atol=1e-6)

    def test_in_words(self):
        text = str(explain(fitted("machines"), signals("au06").test[1]))
        assert "at the baseline" in text.splitlines()[1]
        assert "AU06" in text.splitlines()[2]
        assert ", for " in text


class TestTime:
    def test_over_time_adds_up_where_all_phases_are_there(self):
        found = explain(fitted("machines"), signals("au06").test[0])
        assert all(found.phases[p].stop > found.phases[p].start
                   for p in ("onset", "apex", "offset"))
        total = found.table["contribution"].sum()
        assert found.by_frame().sum() == pytest.approx(total, rel=1e-9)
        assert found.au_over_time.sum() == pytest.approx(total, rel=1e-9)

    def test_of_sequences_too(self):
        found = explain(fitted("LSTM"), signals("au06").test[0])
        placed = found.table["contribution"].sum() - found.not_placed
        assert found.by_frame().sum() == pytest.approx(placed, abs=1e-6)

    def test_a_maximum_rests_on_the_frame_where_it_is(self):
        clip = signals("au06").test[2]
        aus, smile, times = signals_of(clip)
        phases = detect_phases(smile, times)
        moments = auda_moments(aus, times, phases, "au", (9, 27), ("onset", "apex")).toarray()
        assert moments.shape == (2 * 17 * 7, len(times))
        np.testing.assert_allclose(moments.sum(axis=1), 1.0)
        inside = np.zeros(len(times), bool)
        inside[phases["onset"]] = True
        assert not moments[:17 * 7, ~inside].any()
        features = auda_features(aus, smile, times, levels=("au",), phases=("onset",))["au"]
        row = AU_NAMES.index("AU12") * 7
        frame = moments[row + 4].argmax()  # of the longest window's largest slope
        from smilegenuine.features.dynamics import sliding_regression, window_frames
        slopes = sliding_regression(aus, times, window_frames(27, 25.0)).adjusted
        assert slopes[frame, AU_NAMES.index("AU12")] == pytest.approx(features[row + 4])

    @pytest.mark.parametrize("level", ["au", "cross"])
    def test_every_feature_has_a_place_but_in_phases_that_are_not_there(self, level):
        aus, smile, times = signals_of(signals("au06").test[2])
        phases = {**detect_phases(smile, times), "offset": slice(0, 0)}
        names = ("onset", "apex", "offset", "smile")
        moments = auda_moments(aus, times, phases, level, (9, 27), names)
        sums = np.asarray(moments.sum(axis=1)).reshape(4, -1)
        np.testing.assert_allclose(sums, np.array([1.0, 1.0, 0.0, 1.0])[:, None]
                                   * np.ones(sums.shape[1]))


class TestPlanted:
    """Each claim about an explanation, with a cause that is known."""

    @pytest.mark.parametrize("name", ["machines", "pairs", "dense", "LSTM", "logistic", "fusion"])
    def test_of_smiles_that_differ_in_the_cheek_raiser_au06_comes_first(self, name):
        counts = pd.concat([explain(fitted(name), clip).by_au().abs()
                            for clip in signals("au06").test[:12]], axis=1).mean(axis=1)
        assert counts.idxmax() == "AU06"

    # Not of pairs, clip by clip: windows at the begin of the apex reach back into the onset.
    @pytest.mark.parametrize("name", ["machines", "dense", "logistic", "fusion"])
    def test_of_smiles_that_differ_in_how_quick_they_come_the_onset_comes_first(self, name):
        counts = pd.concat([explain(fitted(name, "onset_speed"), clip).by_phase().abs()
                            for clip in signals("onset_speed").test[:12]], axis=1).mean(axis=1)
        assert counts.idxmax() == "onset"

    def test_the_sign_is_the_side_that_it_speaks_for(self):
        data = signals("au06")
        found = [explain(fitted("machines"), clip).by_au()["AU06"] for clip in data.test]
        spontaneous = np.mean([v for v, y in zip(found, data.y_test, strict=True) if y])
        posed = np.mean([v for v, y in zip(found, data.y_test, strict=True) if not y])
        assert posed < -0.3 < 0.3 < spontaneous

    def test_of_crooked_smiles_the_corners_of_the_mouth_come_first(self):
        data = crooked()
        model = DMarkerSVMEnsemble(cv=3).fit(data.train, data.y_train)
        tables = pd.concat([explain(model, clip).table for clip in data.test[:8]])
        size = tables["contribution"].abs()
        assert size.groupby(tables["region"]).sum().idxmax() == "lip"
        of_feature = size.groupby(tables["feature"].str.split("_", n=1).str[1]).sum()
        assert of_feature.idxmax() == "lip_amplitude_left_right_difference"

    def test_of_crooked_meshes_too(self):
        data = crooked()
        model = LandmarkTransformerClassifier("outlines", max_epochs=15, random_state=0)
        model.fit(data.train, data.y_train)
        found = [explain(model, clip) for clip in data.test[:6]]
        regions = pd.concat([f.by_region().abs() for f in found], axis=1).mean(axis=1)
        assert regions.idxmax() == "lips"
        for f in found:
            assert abs(f.not_placed) < 0.02 * abs(f.decision - f.baseline_decision) + 0.02


class TestPictures:
    def test_of_faces_by_band_and_frame(self):
        rng = np.random.default_rng(0)
        clips, y = [], np.arange(12) % 2
        for k in range(12):
            faces = rng.integers(90, 110, (20, 48, 48, 3)).astype(np.uint8)
            if y[k]:
                faces[10:, 36:44, 12:36] += 60  # something bright where the mouth is
            clips.append(Clip(faces=faces, fps=10, subject=f"s{k // 2}"))
        model = RealSmileNetClassifier(max_epochs=12, patience=None, validation_fraction=None,
                                       random_state=0).fit(clips, y)
        found = explain(model, clips[1])
        assert found.by_region().abs().idxmax() == "mouth and chin"
        assert found.over_time.to_numpy()[10:].sum() == pytest.approx(
            found.by_region().sum(), rel=0.2)
        assert abs(found.not_placed) < 0.02 * abs(found.decision - found.baseline_decision) + 0.01
        assert not found.by_au().any()

    def test_networks_that_choose_say_what_they_leave_out(self):
        data = crooked()
        model = PSTNetClassifier("outlines", n_frames=8, n_windows=2, max_epochs=2, random_state=0)
        found = explain(model.fit(data.train, data.y_train), data.test[0], n_steps=8)
        placed = found.table.loc[found.table["source"] == "mesh", "contribution"].sum()
        assert found.not_placed == pytest.approx(
            found.decision - found.baseline_decision - placed, abs=1e-6)

    @pytest.mark.slow
    def test_meshes_and_markers_together(self):
        data = crooked()
        model = HadaSmileNetClassifier(points="outlines", n_layers=2, n_time_layers=1,
                                       n_windows=2, max_epochs=2, random_state=0)
        found = explain(model.fit(data.train, data.y_train), data.test[0], n_steps=4)
        assert {"lips", "lip", "eyelid", "cheek"} <= set(found.by_region().index)
        assert (found.table["source"] == "D-Markers").sum() == 225


class Threshold(LogisticRegression):
    """A classifier of clips of which nothing is known: it looks at AU06 in the apex."""

    def decision_function(self, X):
        found = AUDA(phases=("apex",)).fit_transform(X).reshape(len(X), 17, 7)
        return np.tanh(3.0 * (found[:, AU_NAMES.index("AU06"), 0] - 1.0))


class TestAnythingElse:
    def test_other_classifiers_of_features_by_shapleys_values(self):
        data = signals("au06")
        model = make_pipeline(AUDA(), RandomForestClassifier(30, random_state=0))
        model.fit(data.train, data.y_train)
        found = explain(model, data.test[1], background=data.train)
        assert found.by_au().abs().idxmax() == "AU06"
        assert found.not_placed == pytest.approx(0.0, abs=1e-9)
        again = explain(model, data.test[1], background=data.train)
        pd.testing.assert_frame_equal(found.table, again.table)

    def test_without_background_it_says_what_is_needed(self):
        data = signals("au06")
        model = make_pipeline(AUDA(), KNeighborsClassifier()).fit(data.train, data.y_train)
        with pytest.raises(ValueError, match="give background=, some of the clips"):
            explain(model, data.test[1])

    def test_other_classifiers_of_clips(self):
        data = signals("au06")
        model = Threshold()
        model.classes_, model.coef_ = np.array([0, 1]), np.ones(1)
        found = explain(model, data.test[1], n_orders=4)
        assert found.by_au().abs().idxmax() == "AU06"
        assert found.by_au_and_phase().abs().stack().idxmax() == ("AU06", "apex")
        assert found.not_placed == pytest.approx(0.0, abs=1e-9)

    def test_machines_on_a_table_of_features(self):
        data = signals("au06")
        model = make_pipeline(AUDA(), BlockSVMEnsemble({"onset": slice(0, 119),
                                                        "rest": slice(119, 476)}, cv=3))
        found = explain(model.fit(data.train, data.y_train), data.test[1])
        assert abs(found.not_placed) < 1e-9
        assert len(found.table) == 476

    def test_markers_and_a_linear_machine(self):
        data = crooked()
        model = make_pipeline(DMarkers(), StandardScaler(), SVC(kernel="linear", C=0.01))
        found = explain(model.fit(data.train, data.y_train), data.test[0])
        assert found.by_region().abs().idxmax() == "lip"

    def test_searches_and_frozen_ones_are_opened(self):
        data = signals("au06")
        search = GridSearchCV(logistic(), {"logisticregression__C": [0.01]}, cv=GroupKFold(2))
        groups = [c.subject for c in data.train]
        search.fit(data.train, data.y_train, groups=groups)
        frozen = FrozenEstimator(search.best_estimator_)
        assert explain(search, data.test[0]).decision == explain(frozen, data.test[0]).decision

    @pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
    def test_calibration_stretches_and_abstention_leaves_it(self, method):
        data = signals("au06")
        calibrated = CalibratedSystem(logistic(), method, cv=2).fit(data.train, data.y_train)
        wrapped = SubjectConformalClassifier(calibrated, 0.3, holdout="prefit")
        wrapped.fit(data.test, data.y_test)
        found = explain(wrapped, data.test[1])
        assert found.decision == pytest.approx(wrapped.decision_function(data.test[1:2])[0])
        assert found.table["contribution"].sum() == pytest.approx(
            found.decision - found.baseline_decision, abs=1e-9)
        plain = explain(calibrated.estimator_, data.test[1])
        both = np.stack([found.by_au(), plain.by_au()])
        assert np.linalg.matrix_rank(both, tol=1e-9 * np.abs(both).max()) == 1
        assert list(found.by_branch().index) == ["logisticregression"]

    def test_steps_that_name_no_features_are_refused(self):
        data = signals("au06")
        step = FunctionTransformer(lambda X: np.array([np.mean(c.aus, axis=0) for c in X]))
        model = make_pipeline(step, LogisticRegression()).fit(data.train, data.y_train)
        with pytest.raises(ValueError, match="FunctionTransformer does not name its features"):
            explain(model, data.test[0], background=data.train)


class TestBadInput:
    def test_not_fitted(self):
        with pytest.raises(NotFittedError):
            explain(svm(), signals("au06").test[0])

    def test_a_clip_without_action_units(self):
        with pytest.raises(ClipError, match="AUDA needs `aus`"):
            explain(fitted("machines"), Clip(smile=np.zeros(9), fps=25))

    @pytest.mark.parametrize("bad", [{"n_steps": 0}, {"n_orders": 1.5}, {"n_steps": True}])
    def test_numbers_that_make_no_sense(self, bad):
        with pytest.raises(ValueError, match=next(iter(bad))):
            explain(fitted("machines"), signals("au06").test[0], **bad)

    def test_a_face_at_rest_has_no_phases_and_still_an_explanation(self):
        clip = Clip(aus=np.full((60, 17), 0.5), fps=25)
        found = explain(fitted("fusion"), clip)
        assert found.table["contribution"].sum() == pytest.approx(
            found.decision - found.baseline_decision, abs=1e-5)
        assert not found.by_frame().isna().any()

    def test_of_a_face_at_rest_it_says_so(self):
        found = explain(fitted("machines"), Clip(aus=np.full((60, 17), 0.5), fps=25))
        assert found.no_smile
        assert "No smile was found" in str(found)
        assert "No smile" not in str(explain(fitted("machines"), signals("au06").test[0]))

    def test_pairs_are_summed_up_where_the_strongest_are_named(self):
        found = explain(fitted("pairs"), signals("au06").test[1])
        first = found.strongest(1).iloc[0]
        assert first["what"] == "AU06 with others"
        rows = found.strongest(10**6)
        assert rows["contribution"].sum() == pytest.approx(
            found.table["contribution"].sum() - found.not_placed)

    def test_a_list_of_one(self):
        with pytest.raises(ValueError, match="explain takes one recording, not 1 in a list"):
            explain(fitted("machines"), signals("au06").test[:1])

    def test_words_as_labels(self):
        data = signals("au06")
        words = np.array(["posed", "spontaneous"])[data.y_train]
        found = explain(svm().fit(data.train, words), data.test[1])
        assert list(found.classes) == ["posed", "spontaneous"]
        assert str(found).splitlines()[0].split(": ")[1].split(",")[0] in words


def test_machines_are_explained_without_torch():
    code = ("import sys\n"
            "from smilegenuine.explain import explain\n"
            "from smilegenuine.classifiers.auda_svm import AUDASVMEnsemble\n"
            "print('torch' in sys.modules)")
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
