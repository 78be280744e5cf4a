"""Explanations of adapted classifiers of kinematics: of all that they add up, in new units."""

from __future__ import annotations

import functools
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from drawn import known_meshes

from smilegenuine import (
    AdaptedKinematicsClassifier,
    KinematicsClassifier,
    KinematicsPipeline,
    SmileKinematics,
    adapt,
)
from smilegenuine.explain import explain, kinematic_contributions, reasons
from smilegenuine.features.smile_kinematics import KINEMATICS

ONSET = "lip_onset_duration_s"


def table(n: int, seed: int, slower: float = 1.0) -> tuple[pd.DataFrame, np.ndarray]:
    """Figures of which one differs between classes; durations of people who take longer."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    figures = pd.DataFrame(np.exp(0.4 * rng.normal(size=(n, len(KINEMATICS)))),
                           columns=list(KINEMATICS))
    figures[ONSET] *= slower * np.exp(1.5 * (y - 0.5))
    return figures, y


@functools.cache
def adapted(strengths: tuple = (np.inf, 1.0), slower: float = 2.0) -> AdaptedKinematicsClassifier:
    prior = KinematicsClassifier(2, most_certainty=0.98, random_state=0).fit(*table(400, 0))
    prior.scales_ = {name: 0.5 + 0.1 * k for k, name in enumerate(prior.scales_)}
    return AdaptedKinematicsClassifier(prior, strengths=strengths).fit(*table(60, 1, slower))


@pytest.mark.parametrize("share", [0.0, 0.4, 0.9])
def test_they_add_up_whatever_is_known(share):
    clf, rng = adapted(), np.random.default_rng(2)
    assert 0.0 < clf.weight_of_prior_ < 1.0
    assert all([clf.slope_, clf.offset_, *clf.coef_])
    rows = table(12, 3, 2.0)[0]
    rows = rows.mask((rng.random(rows.shape) < share) & (np.arange(len(KINEMATICS)) > 0))
    for _, row in rows.iterrows():
        found = kinematic_contributions(clf, row, n_orders=3)
        assert found.sum() == pytest.approx(clf.decision_function(row.to_frame().T)[0], abs=1e-9)
        unknown = row[clf.columns_].isna().to_numpy()
        assert not found[unknown].any()
        assert found[~unknown].all()


def test_they_are_shapleys_values_of_what_is_added_up():
    clf = adapted()
    places = [0, 3, 8, 11]
    row = table(9, 3, 2.0)[0].iloc[[5]][np.array(clf.columns_)[places]]
    values = clf.table(row)[0]
    orders = list(permutations(places))
    expected = np.zeros(len(values))
    (prior, weight), (moved, slope) = clf._parts()
    scale = prior.scales_["lip+eyelid"]
    for order in orders:
        steps = np.array([[i in order[:k] for i in range(len(values))] for k in range(5)])
        tables = np.where(steps, values, np.nan)
        worth = scale * (weight * prior._ratio(tables) + slope * moved._ratio(tables))
        worth += np.where(steps, clf.coef_ * (moved.standardised(tables) - clf.middle_), 0.0
                          ).sum(axis=1) + clf.offset_ * steps.any(axis=1)
        expected[list(order)] += np.diff(worth)
    expected /= len(orders)
    found = kinematic_contributions(clf, row)
    np.testing.assert_allclose(found / found.sum(), expected / expected.sum(), atol=1e-10)


def test_of_the_prior_as_it_is_they_are_the_priors():
    row = table(4, 3)[0].iloc[1]
    as_it_is = adapted(strengths=(np.inf,))
    np.testing.assert_allclose(kinematic_contributions(as_it_is, row),
                               kinematic_contributions(as_it_is.prior, row), atol=1e-12)
    np.testing.assert_allclose(as_it_is.quantiles_, as_it_is.prior.quantiles_)


def test_what_is_usual_has_moved_with_the_figures():
    clf = adapted(strengths=(1e6,))
    k = clf.columns_.index(ONSET)
    many, y = table(4000, 4, 2.0)
    for c in (0, 1):
        median = many[ONSET][y == c].median()
        before, after = (of.quantiles_[c, 0, k, 2] for of in (clf.prior, clf))
        assert abs(np.log(after / median)) < 0.25 < abs(np.log(before / median))
    others = np.arange(len(clf.columns_)) != k
    apart = np.log(clf.quantiles_ / clf.prior.quantiles_)[:, :, others]
    assert np.abs(apart[..., 2]).max() < 0.25


@functools.cache
def systems() -> tuple[KinematicsPipeline, KinematicsPipeline, list]:
    smiles = known_meshes(6, 4)
    kinematics = SmileKinematics().set_output(transform="pandas")
    model = KinematicsPipeline([("kinematics", kinematics),
                                ("classifier", KinematicsClassifier(2, random_state=0))])
    labels = np.array(["posed", "spontaneous"])[smiles.target]
    model.fit(smiles.data, labels)
    return model, adapt(model, smiles.data, labels, strengths=(np.inf, 1.0)), smiles.data


def test_a_clip_is_explained_without_others_to_compare_with():
    _, new, clips = systems()
    found = explain(new, clips[1])
    assert found.baseline_decision == 0.0
    assert found.decision == pytest.approx(new.decision_function(clips[1:2])[0])
    assert found.table["contribution"].sum() == pytest.approx(found.decision, abs=1e-9)
    assert set(found.table["source"]) == {"kinematics"}


def test_reasons_are_those_of_the_adapted_model():
    model, new, clips = systems()
    found, before = reasons(new, clips[1]), reasons(model, clips[1])
    assert list(found.columns) == list(before.columns)
    assert len(found) == len(before)
    odds = found["contribution"].sum()
    smile = new.find_smiles(clips[1:2]).iloc[0]
    assert 1.0 / (1.0 + np.exp(-odds)) == pytest.approx(smile["P(spontaneous)"])
    assert abs(odds - before["contribution"].sum()) > 1e-6
