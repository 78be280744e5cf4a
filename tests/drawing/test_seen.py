"""Drawn people as detectors see them; `benchmarks/faces_as_seen.py` does the same on more."""

from __future__ import annotations

import numpy as np
import pytest
from faces_as_seen import POINTS, clips, stills, why_no_landmarker

needs_model = [
    pytest.mark.needs_model,
    pytest.mark.skipif(bool(why_no_landmarker()), reason=why_no_landmarker() or "all is there"),
]


@pytest.fixture(scope="module")
def found():
    return stills(6)


def test_cascades_find_faces_and_eyes(found):
    assert found["face"] >= 0.99, found["missed"]
    assert found["eyes"] >= 0.9, found["missed"]
    assert found["face_empty"] == 0.0


@pytest.mark.parametrize("mark", [pytest.param(None, marks=needs_model)], ids=["mediapipe"])
def test_mediapipe_finds_everyone(found, mark):
    assert found["mediapipe"] == 1.0, found["missed"]
    assert found["mediapipe_empty"] == 0.0


@pytest.mark.parametrize("point", [pytest.param(p, marks=needs_model) for p in POINTS])
def test_landmarks_are_where_mediapipe_sees_them(found, point):
    offsets = np.concatenate([v for (p, _), v in found["errors"].items() if p == point])
    assert np.linalg.norm(offsets, axis=1).mean() < 5.0  # per cent of the distance between eyes


@pytest.mark.slow
@pytest.mark.parametrize("mark", [pytest.param(None, marks=needs_model)], ids=["mediapipe"])
def test_blendshapes_follow_the_action_units(mark):
    followed = clips(1)
    for au, least in (("AU12", 0.9), ("AU26", 0.9), ("AU45", 0.9), ("AU06", 0.85)):
        r = np.concatenate([v for (name, _), v in followed.items() if name == au])
        assert np.median(r) >= least, (au, r)
