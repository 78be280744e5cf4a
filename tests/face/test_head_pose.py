"""`head_angles`: the signs and the order of angles, on matrices and on drawn people."""

from __future__ import annotations

import numpy as np
import pytest
from landmarker import NEEDS_MODEL, model

from smilegenuine import Clip
from smilegenuine.drawing.appearance import random_person
from smilegenuine.drawing.head_rotation import rotation
from smilegenuine.drawing.renderer import FaceRenderer
from smilegenuine.face.head_pose import head_angles
from smilegenuine.face.landmarks import FaceLandmarks

# The drawing's y runs down, MediaPipe's up.
FLIP = np.diag([1.0, -1.0, 1.0])


def pose(yaw: float, pitch: float, roll: float, scale: float = 1.0) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3] = scale * FLIP @ rotation(yaw, pitch, roll) @ FLIP
    matrix[:3, 3] = 3.0, -2.0, -40.0
    return matrix


@pytest.mark.parametrize("angles", [(20.0, 0.0, 0.0), (0.0, 15.0, 0.0), (0.0, 0.0, -30.0),
                                    (-35.0, 25.0, 50.0), (80.0, -60.0, 170.0)])
def test_it_undoes_the_drawings_rotation(angles):
    np.testing.assert_allclose(head_angles(pose(*angles)), angles, atol=1e-9)
    np.testing.assert_allclose(head_angles(pose(*angles, scale=1.3)), angles, atol=1e-9)


def test_frames_without_a_face_pass_through():
    found = head_angles(np.stack([pose(5, -3, 2), np.full((4, 4), np.nan)]))
    np.testing.assert_allclose(found[0], [5, -3, 2])
    assert np.isnan(found[1]).all()
    assert found.shape == (2, 3)


def test_a_face_seen_from_the_side_is_no_error():
    # Rounding takes the sine of 90 degrees a little above 1.
    side = pose(90, 0, 0).astype(np.float32) * np.float32(1 + 1e-7)
    assert head_angles(side)[0] == pytest.approx(90, abs=0.1)


@pytest.mark.parametrize("shape", [(4,), (2, 3, 3), (4, 3), (1, 1, 4, 4)])
def test_wrong_shapes(shape):
    with pytest.raises(ValueError, match=r"head_pose must have the shape \(T, 4, 4\)"):
        head_angles(np.zeros(shape))


# Drawn heads are reliefs that are turned: MediaPipe sees less of a turn than there is, but sees it.
@pytest.mark.parametrize(("name", "column", "furthest", "least_slope"), [
    pytest.param("yaw", 0, 20.0, 0.5, marks=NEEDS_MODEL),
    pytest.param("pitch", 1, 12.0, 0.25, marks=NEEDS_MODEL),
    pytest.param("roll", 2, 20.0, 0.95, marks=NEEDS_MODEL),
])
@pytest.mark.parametrize("who", [1, 4])
def test_angles_follow_drawn_heads(who, name, column, furthest, least_slope):
    renderer = FaceRenderer(random_person(np.random.default_rng(who)), 160)
    true = np.linspace(-furthest, furthest, 9)
    frames = np.stack([renderer.draw(np.zeros(17), rng=np.random.default_rng(0), **{name: angle})
                       for angle in true])
    clip = FaceLandmarks(model=model()).transform([Clip(frames=frames, fps=25)])[0]
    found = head_angles(clip.head_pose)
    assert np.corrcoef(true, found[:, column])[0, 1] > 0.99
    assert least_slope < np.polyfit(true, found[:, column], 1)[0] < 1.1
    others = np.delete(found, column, axis=1)
    assert np.ptp(others, axis=0).max() < 0.35 * np.ptp(true)
