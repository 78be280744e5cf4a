"""The pose of a drawn head: points are drawn where `project` says, and near parts hide far ones."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from smilegenuine.drawing.appearance import random_person
from smilegenuine.drawing.head_rotation import HeadPose, face_unit, rotation
from smilegenuine.drawing.relief import head_outline, parallax_depth, radial_position
from smilegenuine.drawing.renderer import FaceRenderer
from smilegenuine.drawing.strokes import Canvas

SIZE = 160


@pytest.fixture(scope="module")
def person():
    return random_person(np.random.default_rng(12))


@pytest.fixture(scope="module")
def canvas():
    return Canvas.covering(2.0 * face_unit(SIZE), (-0.92, -1.34, 0.92, 1.30))


def face_points(person, most=0.92):
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, 21), np.linspace(-0.7, 0.95, 25))
    points = np.stack([x.ravel(), y.ravel()], axis=1)
    return points[radial_position(head_outline(person), *points.T) < most]


def drawn_there(pose, canvas, points, turn, shift, scale):
    """Return which face points (n, 2) the image shows where it should show ``points``."""
    at = pose.project(points, turn, shift, scale).astype(np.float32)
    maps = pose.inverse_maps(canvas, turn, shift, scale)
    found = [cv2.remap(m, at[None, :, 0], at[None, :, 1], cv2.INTER_LINEAR)[0] for m in maps]
    corner = np.array([canvas.left, canvas.top])
    return (np.stack(found, axis=1) + 0.5) / canvas.unit + corner


@pytest.mark.parametrize("angles", [(0, 0, 0), (5, -4, 3), (-12, 8, -6), (0, 15, 10), (14, 0, 0)])
def test_points_are_drawn_where_they_are_projected(person, canvas, angles):
    pose = HeadPose(person, SIZE)
    points = face_points(person)
    there = drawn_there(pose, canvas, points, rotation(*angles), (0.03, -0.02), 1.05)
    error = np.linalg.norm(there - points, axis=1)
    assert np.percentile(error, 95) < 0.004
    assert error.max() < 0.05


def cover(person, points, turn):
    """Return how far the head rises above the sight lines to face points: above 0 hides them."""
    back = np.linalg.inv(turn[:2, :2]) @ turn[:2, 2]
    depth = parallax_depth(person, *points.T)
    steps = np.linspace(0.01, 1.0, 200)
    on_the_way = (points - back * step for step in steps)
    rise = [parallax_depth(person, *p.T) - depth - step
            for p, step in zip(on_the_way, steps, strict=True)]
    return np.max(rise, axis=0)


@pytest.mark.parametrize("yaw", [20.0, -35.0, 45.0])
def test_a_turned_head_hides_its_far_side_and_nothing_else(person, canvas, yaw):
    turn = rotation(yaw, 0, 0)
    points = face_points(person)
    there = drawn_there(HeadPose(person, SIZE), canvas, points, turn, (0.0, 0.0), 1.0)
    error = np.linalg.norm(there - points, axis=1)
    covered = cover(person, points, turn)
    # Between these two lies the outline, where a pixel decides.
    assert np.percentile(error[covered < -0.012], 98) < 0.02
    assert np.all(error[covered > 0.03] > 0.02)
    assert np.any(covered > 0.03) == (abs(yaw) > 30)


def test_odd_sizes_can_be_drawn(person, canvas):
    pose = HeadPose(person, 97)
    columns, rows = pose.inverse_maps(canvas, rotation(20, 5, 3), (0.0, 0.0), 1.0)
    assert columns.shape == rows.shape == (97, 97)
    points = face_points(person, 0.6)
    there = drawn_there(pose, canvas, points, rotation(9, 5, 3), (0.0, 0.0), 1.0)
    assert np.percentile(np.linalg.norm(there - points, axis=1), 95) < 0.006


def test_a_turned_head_shows_its_back(person):
    renderer = FaceRenderer(person, SIZE)
    wall = renderer.draw(np.zeros(17), visible=False).astype(float)

    def width(yaw):
        frame = renderer.draw(np.zeros(17), yaw=yaw)
        return np.sum(np.abs(frame[50] - wall[50]).max(axis=1) > 12)

    assert width(45.0) > 0.95 * width(0.0)


def test_shoulders_follow_a_little(person):
    renderer = FaceRenderer(person, SIZE)
    straight, turned = (renderer.draw(np.zeros(17), yaw=yaw).astype(float) for yaw in (0.0, 25.0))
    assert np.abs(turned[-8:] - straight[-8:]).mean() > 1.0
