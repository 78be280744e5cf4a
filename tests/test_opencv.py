"""OpenCV beside MediaPipe: both wheels of OpenCV are one release, and all that is used works."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import cv2
import numpy as np
import pytest
from landmarker import NEEDS_MODEL, model

from smilegenuine import Clip
from smilegenuine.drawing.appearance import random_person
from smilegenuine.drawing.renderer import FaceRenderer
from smilegenuine.face.align import FaceAligner
from smilegenuine.face.landmarks import FaceLandmarks

WHEELS = ("opencv-python", "opencv-contrib-python", "opencv-python-headless",
          "opencv-contrib-python-headless")


def installed() -> dict[str, str]:
    versions = {}
    for name in WHEELS:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


@pytest.fixture(scope="module")
def clip():
    renderer = FaceRenderer(random_person(np.random.default_rng(3)), 160)
    frames = [renderer.draw(np.zeros(17), rng=np.random.default_rng(i)) for i in range(4)]
    return Clip(frames=np.stack(frames), fps=25)


def cascades_work(clip):
    for name in ("haarcascade_frontalface_alt2.xml", "haarcascade_eye.xml"):
        path = Path(cv2.data.haarcascades) / name
        cascade = cv2.CascadeClassifier(str(path))
        assert not cascade.empty(), path
    assert FaceAligner().transform([clip])[0].valid.all()
    grey = cv2.cvtColor(next(iter(clip.frames)), cv2.COLOR_RGB2GRAY)
    hog = cv2.HOGDescriptor((64, 128), (16, 16), (8, 8), (8, 8), 9)
    features = hog.compute(cv2.resize(grey, (64, 128)))
    assert features.size == 3780
    assert np.ptp(features) > 0


def test_all_wheels_of_opencv_are_the_same_release():
    # They share the folder cv2: of two releases, files of both would lie in it.
    versions = installed()
    assert len(set(versions.values())) == 1, versions
    release = next(iter(versions.values())).split(".")[:3]
    assert release == cv2.__version__.split(".")[:3]
    assert int(release[0]) == 4  # 5 ships no cascades


def test_cascades_and_hog_work(clip):
    cascades_work(clip)


@pytest.mark.parametrize("mark", [pytest.param(None, marks=NEEDS_MODEL)], ids=["mediapipe"])
def test_they_work_beside_mediapipe_in_one_process(clip, mark):
    finder = FaceLandmarks(model=model())
    before = finder.transform([clip])[0]
    cascades_work(clip)
    after = finder.transform([clip])[0]
    assert before.valid.all()
    np.testing.assert_array_equal(before.landmarks, after.landmarks)
