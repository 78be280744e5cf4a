"""Poses, patches and the robust similarity."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from smilegenuine.face.optical_flow import (
    PATCH,
    PATCH_DISTANCE,
    PATCH_MIDDLE,
    Pose,
    cut_patch,
    fit_similarity,
    follow,
    key_patch,
    to_head,
)


def test_poses_compose_and_invert():
    a, b = Pose(3 + 4j, 2 * np.exp(0.3j)), Pose(-1 + 2j, 0.5 * np.exp(-1j))
    w = 0.7 - 0.2j
    assert (a @ b).at(w) == pytest.approx(a.at(b.at(w)))
    assert a.inverse().at(a.at(w)) == pytest.approx(w)


def test_fit_ignores_a_third_that_moves_otherwise():
    rng = np.random.default_rng(0)
    source = rng.uniform(-1, 1, 45) + 1j * rng.uniform(-1, 1, 45)
    true = Pose(0.05 - 0.02j, 1.03 * np.exp(0.05j))
    target = true.p + true.q * source + 0.002 * (rng.normal(size=45) + 1j * rng.normal(size=45))
    target[:15] += 0.1j  # a raised brow
    fit, residual = fit_similarity(source, target)
    assert abs(fit.p - true.p) < 0.004
    assert abs(fit.q - true.q) < 0.006
    assert residual[:15].min() > 0.08
    assert residual[15:].max() < 0.02


def test_fit_of_points_in_one_place():
    fit, residual = fit_similarity(np.full(9, 0.3 + 0.1j), np.full(9, 0.5 + 0.1j))
    assert fit.at(0.3 + 0.1j) == pytest.approx(0.5 + 0.1j)
    assert residual.max() < 1e-12


def blob(size: int, where: complex, width: float) -> np.ndarray:
    y, x = np.mgrid[:size, :size]
    spot = 230 * np.exp(-0.5 * abs(x + 1j * y - where) ** 2 / width ** 2)
    return np.repeat(spot[..., None].astype(np.uint8), 3, axis=2)


@pytest.mark.parametrize("distance", [25.0, 60.0, 143.7, 400.0])
def test_patch_puts_a_place_where_the_pose_says(distance):
    pose = Pose(601.3 + 580.8j, distance * np.exp(0.2j))
    place = 0.3 + 0.4j
    patch = cut_patch(blob(1200, pose.at(place), 0.06 * distance), pose).astype(float)
    y, x = np.mgrid[:PATCH, :PATCH]
    centre = (patch * (x + 1j * y)).sum() / patch.sum()
    assert abs(centre - (PATCH_MIDDLE + PATCH_DISTANCE * place)) < 0.1


@pytest.mark.parametrize("where", [-300 - 300j, 900 + 40j, 50 + 3000j, 2 + 2j])
def test_patch_beyond_the_frame(where):
    frame = np.full((97, 131, 3), 80, np.uint8)
    patch = cut_patch(frame, Pose(where, 130 + 0j))
    assert patch.shape == (PATCH, PATCH)
    assert (patch == 110).all()


def test_flow_measures_a_small_motion():
    rng = np.random.default_rng(1)
    coarse = rng.uniform(0, 255, (60, 60, 3)).astype(np.uint8)
    frame = cv2.GaussianBlur(cv2.resize(coarse, (480, 480)), (0, 0), 2)
    pose, moved = Pose(240 + 220j, 80 + 0j), Pose(0.04 - 0.03j, 1.02 * np.exp(0.02j))
    key = key_patch(cut_patch(frame, pose))
    assert key is not None
    # Seen from a pose that is off, the head seems to have moved the other way.
    fit, agreement = follow(key, cut_patch(frame, pose @ moved.inverse()))
    assert agreement > 0.9
    assert abs(fit.p - moved.p) < 0.003
    assert abs(fit.q - moved.q) < 0.003


def test_no_points_on_a_blank_patch():
    assert key_patch(np.full((PATCH, PATCH), 90, np.uint8)) is None


def test_head_coordinates():
    np.testing.assert_allclose(to_head(np.array([PATCH_MIDDLE, PATCH_MIDDLE + PATCH_DISTANCE])),
                               [0, 1])
