"""Lengths on the face mesh, by hand and against what drawn people truly do."""

from __future__ import annotations

import numpy as np
import pytest

from smilegenuine.clips.au_table import AU_NAMES
from smilegenuine.datasets import make_action_units
from smilegenuine.drawing.mesh_template import load_template
from smilegenuine.face.mesh import align_head
from smilegenuine.signals.mesh_measures import MESH_MEASURES, measure_mesh

NAMES = list(MESH_MEASURES)


def random_head(n: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 478, 3))


@pytest.fixture(scope="module")
def moving():
    """Measures of eight people who move all units, and the true units, less each one's mean."""
    people = make_action_units(8, duration=20.0, fps=10.0, random_state=3)
    measures = [measure_mesh(align_head(people.landmarks[k])) for k in range(8)]
    return ([m - m.mean(axis=0) for m in measures],
            [aus - aus.mean(axis=0) for aus in people.aus])


def test_one_column_a_measure():
    assert measure_mesh(random_head(3)).shape == (3, len(NAMES))
    assert measure_mesh(random_head(1)).shape == (1, len(NAMES))


@pytest.mark.parametrize("name", NAMES)
def test_moves_with_its_points_and_no_others(name):
    axis, plus, minus = MESH_MEASURES[name]
    head = random_head()
    before = measure_mesh(head)[:, NAMES.index(name)]
    moved = head + 0.3 * np.arange(3)  # what is not on the axis does not count
    moved[..., axis] = head[..., axis]
    moved[:, list(plus), axis] += 0.25
    moved[:, list(minus), axis] -= 0.5
    others = np.setdiff1d(np.arange(478), plus + minus)
    moved[:, others] += 7.0
    grown = measure_mesh(moved)[:, NAMES.index(name)] - before
    np.testing.assert_allclose(grown, 0.25 * bool(plus) + 0.5 * bool(minus), atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_both_sides_count_alike(name):
    """Mirrored, a face measures the same: the points are those of both sides."""
    mirror = load_template().mirror
    head = random_head()
    mirrored = head[:, mirror] * (-1.0, 1.0, 1.0)
    k = NAMES.index(name)
    np.testing.assert_allclose(measure_mesh(mirrored)[:, k], measure_mesh(head)[:, k], atol=1e-12)


@pytest.mark.parametrize(("name", "au", "sign", "least"), [
    ("brow_inner", "AU01", 1, 0.7), ("brow_inner_end", "AU01", 1, 0.7),
    ("brow_middle", "AU02", 1, 0.7), ("brow_middle", "AU04", -1, 0.4),
    ("brow_outer", "AU02", 1, 0.8), ("eye_opening", "AU45", -1, 0.6),
    ("lid_over_iris", "AU45", -1, 0.7), ("lower_lid", "AU07", 1, 0.5),
    ("under_eye", "AU07", 1, 0.7), ("cheek", "AU06", 1, 0.6), ("low_cheek", "AU12", 1, 0.6),
    ("cheek_width", "AU12", 1, 0.5), ("nose_base", "AU10", 1, 0.5), ("nose_side", "AU09", 1, 0.5),
    ("nose_wing", "AU10", 1, 0.5), ("nose_width", "AU12", 1, 0.6), ("fold_width", "AU12", 1, 0.6),
    ("dimple_width", "AU12", 1, 0.6), ("mouth_width", "AU12", 1, 0.6),
    ("corner_height", "AU12", 1, 0.5), ("corner_lift", "AU12", 1, 0.5),
    ("corner_lift", "AU15", -1, 0.3), ("upper_lip", "AU10", 1, 0.4), ("lower_lip", "AU26", -1, 0.5),
    ("lower_lip_thickness", "AU23", -1, 0.7), ("lip_gap", "AU25", 1, 0.6), ("chin", "AU26", 1, 0.9),
])
def test_follows_the_units_that_move_it(moving, name, au, sign, least):
    measures, aus = (np.concatenate(part) for part in moving)
    r = np.corrcoef(measures[:, NAMES.index(name)], aus[:, AU_NAMES.index(au)])[0, 1]
    assert sign * r > least


def test_nothing_is_made_up_where_points_are_missing():
    head = random_head()
    head[1] = np.nan
    measures = measure_mesh(head)
    assert np.isnan(measures[1]).all()
    assert np.isfinite(measures[[0, 2]]).all()


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match=r"head must be \(T, 478, 3\), not \(478, 3\)"):
        measure_mesh(np.zeros((478, 3)))
    with pytest.raises(ValueError, match=r"not \(2, 468, 3\)"):
        measure_mesh(np.zeros((2, 468, 3)))
