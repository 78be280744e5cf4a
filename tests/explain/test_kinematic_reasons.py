"""Explanations of `KinematicsClassifier`: they add up, and name what was planted."""

from __future__ import annotations

import functools
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from drawn import known_meshes
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from smilegenuine import (
    Clip,
    DMarkerSVMEnsemble,
    KinematicsClassifier,
    KinematicsPipeline,
    SmileKinematics,
    StackingFusion,
)
from smilegenuine.explain import explain, explain_global, kinematic_contributions, reasons
from smilegenuine.explain.kinematic_reasons import parameters_of, reasons_of
from smilegenuine.explain.shapley_values import shapley_values
from smilegenuine.features.smile_kinematics import KINEMATICS

ONSET = "lip_onset_duration_s"


@functools.cache
def table(difference: float = 0.0, n: int = 400, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Figures that depend on each other and are alike in both classes, but for one duration."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    logs = 0.3 * rng.normal(size=(n, 1)) + 0.4 * rng.normal(size=(n, len(KINEMATICS)))
    figures = pd.DataFrame(np.exp(logs), columns=list(KINEMATICS))
    figures[ONSET] *= np.exp(difference * (y - 0.5))
    return figures, y


@functools.cache
def fitted(difference: float = 0.0, **params) -> KinematicsClassifier:
    clf = KinematicsClassifier(**{"n_components": 2, "random_state": 0, **params})
    clf.fit(*table(difference))
    # As after `scale_certainty`: what log-odds are multiplied with depends on what is known.
    clf.scales_ = {name: 0.5 + 0.1 * k for k, name in enumerate(clf.scales_)}
    return clf


def random_rows(n: int = 30) -> pd.DataFrame:
    """Rows of which anything from all to a single figure is known."""
    rng = np.random.default_rng(3)
    rows = table(1.5)[0].iloc[:n].copy()
    lost = rng.random(rows.shape) < rng.random((n, 1))
    lost[:, 0] &= ~lost.all(axis=1)
    return rows.mask(lost)


class TestContributions:
    @pytest.mark.parametrize("signals", [("lip", "eyelid"), ()])
    def test_they_add_up_whatever_is_known(self, signals):
        clf = fitted(1.5, signals=signals)
        for i, row in random_rows().iterrows():
            found = kinematic_contributions(clf, row, n_orders=3)
            decision = clf.decision_function(row.to_frame().T)[0]
            assert found.sum() == pytest.approx(decision, abs=1e-9), i
            unknown = row[clf.columns_].isna().to_numpy()
            assert not found[unknown].any()
            assert found[~unknown].all()

    def test_they_are_shapleys_values_of_the_classifier(self):
        clf = fitted(1.5)
        row = table(1.5)[0].iloc[[5]]
        places = [0, 3, 8, 11, 16]
        known = row[np.array(clf.columns_)[places]]
        expected = np.zeros(len(clf.columns_))
        orders = list(permutations(places))
        for order in orders:
            taken = row[clf.columns_].to_numpy()[0]
            steps = np.array([[i in order[:k] for i in range(len(taken))] for k in range(6)])
            expected[list(order)] += np.diff(clf._ratio(np.where(steps, taken, np.nan)))
        scale = clf.scales_["lip+eyelid"]
        np.testing.assert_allclose(kinematic_contributions(clf, known),
                                   scale * expected / len(orders), atol=1e-10)

    def test_where_nothing_is_known_nothing_contributes(self):
        row = pd.Series(np.nan, index=KINEMATICS)
        assert not kinematic_contributions(fitted(), row).any()

    def test_rows_of_any_kind(self):
        clf, row = fitted(1.5), table(1.5)[0].iloc[[2]]
        expected = kinematic_contributions(clf, row)
        shuffled = row[list(KINEMATICS[::-1])]
        np.testing.assert_array_equal(kinematic_contributions(clf, shuffled), expected)
        np.testing.assert_array_equal(kinematic_contributions(clf, row.iloc[0]), expected)
        bare = KinematicsClassifier(2, ignore=(), random_state=0).fit(
            table(1.5)[0].to_numpy(), table(1.5)[1])
        found = kinematic_contributions(bare, row.to_numpy()[0])
        assert found.shape == (20,)
        assert found.sum() == pytest.approx(bare.decision_function(row.to_numpy())[0])

    def test_orders_are_drawn_alike_and_many_come_near_all(self):
        clf, row = fitted(1.5, signals=()), table(1.5)[0].iloc[3]
        one, again, other = (kinematic_contributions(clf, row, n_orders=4, random_state=seed)
                             for seed in (0, 0, 1))
        np.testing.assert_array_equal(one, again)
        assert np.abs(one - other).max() > 1e-4
        many = [kinematic_contributions(clf, row, n_orders=128, random_state=seed)
                for seed in (0, 1)]
        assert np.abs(many[0] - many[1]).max() < 0.5 * np.abs(one - other).max()

    @pytest.mark.parametrize(("row", "params", "message"), [
        (table()[0].iloc[:2], {}, "row must be one smile's figures, not 2 rows"),
        (table()[0].iloc[0], {"n_orders": 0}, "n_orders must be a whole number of at least 1"),
        (pd.Series({"age": 30.0}), {}, "the table has none of the columns")])
    def test_refusals(self, row, params, message):
        with pytest.raises(ValueError, match=message):
            kinematic_contributions(fitted(), row, **params)

    def test_not_fitted(self):
        with pytest.raises(NotFittedError):
            kinematic_contributions(KinematicsClassifier(), table()[0].iloc[0])


@functools.cache
def of_new_smiles(difference: float, n: int = 30) -> pd.DataFrame:
    """Contributions to decisions about others than were learnt from."""
    clf, rows = fitted(difference), table(difference, n, seed=9)[0]
    return pd.DataFrame([kinematic_contributions(clf, row) for _, row in rows.iterrows()],
                        columns=clf.columns_)


class TestPlanted:
    def test_what_differs_comes_first_and_speaks_for_its_class(self):
        found, (_, y) = of_new_smiles(2.0), table(2.0, 30, seed=9)
        assert found.abs().mean().idxmax() == ONSET
        assert (found.abs().idxmax(axis=1) == ONSET).mean() > 0.75
        mean = found[ONSET].groupby(y).mean()
        assert mean[0] < -0.5 < 0.5 < mean[1]

    def test_what_carries_nothing_gets_about_nothing(self):
        found = of_new_smiles(2.0).abs().mean()
        assert found.drop(ONSET).max() < 0.1 * found[ONSET]

    def test_where_nothing_differs_it_is_not_made_up(self):
        without, with_it = (of_new_smiles(d)[ONSET].abs().mean() for d in (0.0, 2.0))
        assert without < 0.05 * with_it

    def test_two_that_say_the_same_share(self):
        figures, y = table(2.0)
        twins = [ONSET, "lip_apex_duration_s"]
        figures = figures.assign(lip_apex_duration_s=figures[ONSET])
        clf = KinematicsClassifier(1, random_state=0).fit(figures, y)
        found = pd.DataFrame([kinematic_contributions(clf, figures.iloc[k]) for k in range(8)],
                             columns=clf.columns_)
        np.testing.assert_allclose(*found[twins].to_numpy().T, rtol=1e-6)
        assert set(found.abs().mean().nlargest(2).index) == set(twins)


class TestShapleyValues:
    @pytest.mark.parametrize("n", [1, 2, 10, 12])
    def test_of_a_game_that_is_known(self, n):
        own = np.arange(1.0, n + 1)

        def worth(sets: np.ndarray) -> np.ndarray:
            assert sets.any(axis=1).all()
            together = sets[:, 0] & sets[:, -1] if n > 1 else np.zeros(len(sets))
            return sets @ own + 4.0 * together

        found = shapley_values(worth, n, n_orders=2, rng=np.random.default_rng(0))
        expected = own.copy()
        if n > 1:  # the two gain 4 by being together, and share it
            expected[[0, -1]] += 2.0
        np.testing.assert_allclose(found, expected, atol=1e-9)

    def test_nobody(self):
        assert shapley_values(lambda sets: sets.sum(axis=1), 0, n_orders=1,
                              rng=np.random.default_rng(0)).shape == (0,)


# -- in pipelines ----------------------------------------------------------------------------------

@functools.cache
def clips() -> tuple[list[Clip], np.ndarray]:
    """Drawn people who smile; of some, recordings are cut off while they do."""
    smiles = known_meshes(6, 4)
    return [first_frames(clip, 0.45) if k % 5 == 4 else clip
            for k, clip in enumerate(smiles.data)], smiles.target


def first_frames(clip: Clip, share: float) -> Clip:
    n = int(share * len(clip.times))
    return Clip(landmarks=clip.landmarks[:n], times=clip.times[:n], name=clip.name,
                subject=clip.subject)


def calm() -> Clip:
    rng = np.random.default_rng(0)
    face = clips()[0][0].landmarks[0]
    return Clip(landmarks=face + rng.normal(0.0, 0.02, (60, *face.shape)), fps=25.0, name="calm",
                subject="nobody")


def twice(clip: Clip, more: float = 1.4) -> Clip:
    """The smile, rest for three seconds, and the smile again and larger."""
    face = np.asarray(clip.landmarks, dtype=float)
    still = np.repeat(face[:1], 75, axis=0)
    both = np.concatenate([face, still, face[0] + more * (face - face[0])])
    return Clip(landmarks=both.astype(np.float32), fps=25.0, name="twice")


def up_and_further_down(clip: Clip) -> Clip:
    """Two smiles, of which the first has the larger rise, and the second the larger fall."""
    face = np.asarray(clip.landmarks, dtype=float)
    move = face - face[0]
    top = int(np.abs(move).sum(axis=(1, 2)).argmax())
    second = face[0] + 0.9 * move
    second[top:] -= 0.2 * (move[top] - move[top:])
    both = np.concatenate([face, np.repeat(face[:1], 75, axis=0), second])
    return Clip(landmarks=both.astype(np.float32), fps=25.0, name="further down")


@functools.cache
def model(frozen: bool = False, labels: tuple = ("posed", "spontaneous")) -> KinematicsPipeline:
    kinematics = SmileKinematics().set_output(transform="pandas")
    figures, y = kinematics.fit_transform(clips()[0]), clips()[1]
    clf = KinematicsClassifier(2, random_state=0).fit(
        pd.concat([figures, 2.0 * figures]), np.array(labels)[np.r_[y, y]],
        np.repeat(["near", "far"], len(y)))
    return KinematicsPipeline([("kinematics", kinematics),
                               ("classifier", FrozenEstimator(clf) if frozen else clf)])


@functools.cache
def plain() -> Pipeline:
    """The same steps in a pipeline of scikit-learn's; the classifier sees no names of columns."""
    return Pipeline([("kinematics", SmileKinematics()),
                     ("classifier", KinematicsClassifier(1, ignore=(), random_state=0))]
                    ).fit(*clips())


class TestExplain:
    @pytest.mark.parametrize("system", ["pipeline", "frozen", "without names"])
    @pytest.mark.parametrize("k", [1, 4])
    def test_contributions_add_up_to_the_decision(self, system, k):
        clip = clips()[0][k]
        system = plain() if system == "without names" else model(system == "frozen")
        found = explain(system, clip)
        assert found.baseline_decision == 0.0
        assert found.decision == pytest.approx(system.decision_function([clip])[0])
        assert found.table["contribution"].sum() == pytest.approx(found.decision, abs=1e-9)
        assert not (found.table["source"] == "not placed").any()

    def test_rows_are_what_is_known(self):
        whole, cut = (explain(model(), clips()[0][k]).table for k in (1, 4))
        assert set(whole["source"]) == {"kinematics"}
        figures = model()[:1].transform(clips()[0][1:2]).iloc[0]
        assert list(whole["feature"]) == parameters_of(model()["classifier"])
        np.testing.assert_allclose(whole["value"], figures[whole["feature"]])
        for name, region, phase in whole[["feature", "region", "phase"]].itertuples(index=False):
            assert name.startswith(f"{region.rstrip('s')}_{phase}_")
        assert set(cut["phase"]) == {"onset"}
        assert len(cut) == 8

    def test_over_time_it_is_in_its_phase(self):
        found = explain(model(), clips()[0][1])
        at = found.by_frame().to_numpy()
        by_phase = found.by_phase()
        for phase in ("onset", "apex", "offset"):
            assert at[found.phases[phase]].sum() == pytest.approx(by_phase[phase])

    @pytest.mark.parametrize("main", [0, 1])
    def test_of_two_smiles_the_one_that_is_measured(self, main):
        clip = twice(clips()[0][1]) if main else up_and_further_down(clips()[0][6])
        found = explain(model(), clip)
        smiles = model().measured([clip])[0]
        assert len(smiles) == 2
        times = np.asarray(found.times)
        inside = (times > smiles[main].start - 0.5) & (times < smiles[main].end + 0.5)
        at = found.by_frame().to_numpy()
        assert at[inside].sum() == pytest.approx(found.decision)
        assert np.abs(at[~inside]).sum() < 1e-9

    def test_in_words(self):
        found = explain(model(), clips()[0][1])
        first, second, third = str(found).splitlines()[:3]
        assert first.startswith(f"{clips()[0][1].name}: {found.classes[int(found.decision > 0)]}, ")
        assert "+0.00 at the baseline" in second
        strongest = found.table.loc[found.table["contribution"].abs().idxmax()]
        assert third.lstrip().startswith(
            f"{strongest['contribution']:+.2f}  {strongest['region']}: ")
        assert f" in the {strongest['phase']} (classifier), for " in third
        # Each figure by itself, none taken together with others of its phase.
        whole = found.strongest(30)
        assert len(whole) == 18
        assert "lips: duration" in " ".join(whole["what"])

    def test_nobody_smiles(self):
        found = explain(model(), calm())
        assert (found.decision, len(found.table)) == (0.0, 0)
        assert dict(found.by_branch()) == {"classifier": 0.0}
        assert str(found).splitlines()[-1] == \
            "  +0.00: +0.00 at the baseline, and +0.00 by this clip."

    def test_in_a_fusion(self):
        data, y = clips()
        fusion = StackingFusion([("kinematics", FrozenEstimator(model(True, (0, 1)))),
                                 ("markers", DMarkerSVMEnsemble(cv=2))], fuse="proba", cv=2)
        fusion.fit(data, y)
        weight = fusion.final_estimator_.coef_[0, 0]
        for clip in (data[1], data[4], calm()):
            found = explain(fusion, clip)
            assert found.table["contribution"].sum() == pytest.approx(
                found.decision - found.baseline_decision, abs=1e-9)
            alone = explain(model(True, (0, 1)), clip)
            assert list(found.by_branch().index) == ["kinematics", "markers"]
            assert found.by_branch()["kinematics"] == pytest.approx(weight * alone.decision)

    def test_globally(self):
        data, y = clips()
        found = explain_global(model(labels=(0, 1)), [*data, calm()], n_repeats=2)
        names = found.groupby("kind")["name"].agg(set).to_dict()
        assert names == {"branch": {"classifier"}, "phase": {"onset", "apex", "offset"},
                         "region": {"lips", "eyelids"}}
        assert (found["change"] > 0).all()
        with_labels = explain_global(model(labels=(0, 1)), data, y, by="branch", n_repeats=2)
        assert with_labels["importance"].item() > 0.05


class TestReasons:
    @pytest.mark.parametrize("frozen", [False, True])
    @pytest.mark.parametrize("k", [1, 4])
    def test_the_same_as_explain_says(self, k, frozen):
        clip = clips()[0][k]
        found, explained = reasons(model(frozen), clip), explain(model(frozen), clip).table
        pd.testing.assert_series_equal(
            found.set_index("parameter")["contribution"].sort_index(),
            explained.set_index("feature")["contribution"].sort_index(), check_names=False)
        assert found["contribution"].abs().is_monotonic_decreasing
        assert (found["speaks_for"] == np.where(found["contribution"] > 0, "spontaneous",
                                                "posed")).all()

    def test_each_of_two_smiles(self):
        clip = twice(clips()[0][1])
        found = reasons(model(), clip)
        table = model().find_smiles([clip])
        assert list(found["smile"].unique()) == [1, 2]
        for smile, rows in found.groupby("smile"):
            known = table.set_index("smile").loc[smile]
            assert rows["contribution"].abs().is_monotonic_decreasing
            odds = rows["contribution"].sum()
            assert 1.0 / (1.0 + np.exp(-odds)) == pytest.approx(known["P(spontaneous)"])
            assert set(zip(rows["start"], rows["end"], strict=True)) == {
                (known["start"], known["end"])}
        rise = found[found["parameter"] == "lip_onset_rise"].set_index("smile")["value"]
        assert rise[2] == pytest.approx(1.4 * rise[1], rel=0.05)

    def test_what_is_usual_is_of_the_likeliest_condition(self):
        clf = model()["classifier"]
        smile, = model().measured(clips()[0][1:2])[0]
        far = smile._replace(figures={name: 2.0 * v for name, v in smile.figures.items()})
        found = reasons_of(clf, [smile, far])
        for number, condition in ((1, "near"), (2, "far")):
            rows = found[found["smile"] == number].set_index("parameter")
            for c, name in enumerate(("posed", "spontaneous")):
                usual = rows[[f"{name}_{level}" for level in ("05", "25", "50", "75", "95")]]
                np.testing.assert_array_equal(
                    usual.loc[clf.columns_],
                    clf.quantiles_[c, clf.conditions_.index(condition)])

    def test_directions_are_those_of_the_quartiles(self):
        found = reasons(model(), clips()[0][2])
        assert len(found) == 18
        for row in found.to_dict("records"):
            beyond = [row["value"] < row[f"{name}_25"] or row["value"] > row[f"{name}_75"]
                      for name in ("posed", "spontaneous")]
            assert ("usual" in row["direction"]) == (not all(beyond)), row["direction"]

    def test_names_of_classes(self):
        for labels, names in (((0, 1), ("posed", "spontaneous")), (("a", "b"), ("a", "b"))):
            found = reasons(model(labels=labels), clips()[0][1])
            assert {f"{names[0]}_50", f"{names[1]}_95"} <= set(found.columns)
            assert set(found["speaks_for"]) <= set(labels)
            assert found["direction"].str.contains(f"{names[0]}|{names[1]}|either|both").all()

    def test_nobody_smiles(self):
        found = reasons(model(), calm())
        assert len(found) == 0
        assert list(found.columns) == list(reasons(model(), clips()[0][1]).columns)

    @pytest.mark.parametrize("other", [KinematicsClassifier(), DMarkerSVMEnsemble(), Pipeline(
        [("kinematics", SmileKinematics()), ("classifier", KinematicsClassifier())])])
    def test_other_models(self, other):
        with pytest.raises(ValueError, match="model must be a KinematicsPipeline that ends in a "
                           f"KinematicsClassifier, .* not {type(other).__name__}"):
            reasons(other, clips()[0][1])

    def test_several_recordings(self):
        with pytest.raises(ValueError, match="reasons takes one recording, not 2 in a list"):
            reasons(model(), clips()[0][:2])
