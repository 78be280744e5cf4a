"""The picture that is shown while somebody is watched."""

from __future__ import annotations

import numpy as np
import pytest

from smilegenuine.features.clip_phases import SmileLevel
from smilegenuine.live import LiveMoment, LiveSmile
from smilegenuine.live.picture import _BAR, _PANEL, _STRIP, LivePicture, _fitted, _rgb
from smilegenuine.plotting.style import SHADES

CLASSES = np.array(["posed", "spontaneous"])
ORANGE, BLUE = (213, 94, 0), (0, 114, 178)


def has(picture: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((picture == colour).all(axis=2).sum())


def moment(time: float = 3.0, **known) -> LiveMoment:
    return LiveMoment(time, **{"measured": time - 0.2, "face": True, "smile": 0.3,
                               "aus": np.linspace(0, 5, 17), "phase": "apex", "since": 1.2,
                               "probability": 0.8, "reason": "", **known})


def frame(height: int = 240, width: int = 320) -> np.ndarray:
    return np.full((height, width, 3), 90, np.uint8)


@pytest.mark.parametrize(("height", "width"), [(240, 320), (2160, 3840), (48, 48), (90, 800),
                                               (700, 90), (241, 321), (1, 1)])
def test_size(height, width):
    shown = LivePicture(CLASSES).draw(frame(height, width), moment())
    h, w = shown.shape[:2]
    assert shown.dtype == np.uint8
    assert h % 2 == w % 2 == 0
    assert w <= 960 + _PANEL
    assert 420 + _STRIP <= h <= 720 + _STRIP


@pytest.mark.parametrize(("p", "colour", "other"), [(0.8, BLUE, ORANGE), (0.2, ORANGE, BLUE)])
def test_probability(p, colour, other):
    shown = LivePicture(CLASSES).draw(frame(), moment(probability=p))
    yet = LivePicture(CLASSES).draw(frame(), moment(probability=np.nan, reason="no smile yet"))
    assert has(shown, colour) > 500
    assert has(shown, other) < 500
    assert has(yet, colour) < 500


def test_action_units_grow_with_their_intensity():
    few, many = (LivePicture(CLASSES).draw(frame(), moment(aus=np.full(17, v)))[:, 560:]
                 for v in (1.0, 4.0))
    assert has(many, _BAR) == pytest.approx(4 * has(few, _BAR), rel=0.1)
    none = LivePicture(CLASSES).draw(frame(), moment(aus=None))[:, 560:]
    assert has(none, _BAR) == 0
    unknown = LivePicture(CLASSES).draw(frame(), moment(aus=np.full(17, np.nan)))[:, 560:]
    assert has(unknown, _BAR) == 0


def test_box_of_the_face():
    box = np.array([[60.0, 40], [200, 40], [200, 200], [60, 200]])
    scene = _fitted(frame(), box)
    edges = np.argwhere((scene == (255, 255, 255)).all(axis=2) | (scene == _BAR).all(axis=2))
    scale = scene.shape[0] / 240
    np.testing.assert_allclose(edges.min(axis=0), [40 * scale, 60 * scale], atol=4)
    np.testing.assert_allclose(edges.max(axis=0), [200 * scale, 200 * scale], atol=4)
    assert has(_fitted(frame(), np.full((4, 2), np.nan)), _BAR) == 0
    assert _fitted(frame(), 1e9 * box).shape == scene.shape


def test_curve_and_phases():
    picture = LivePicture(CLASSES, seconds=5.0)
    times = np.arange(0, 4, 0.04)
    level = np.where((times > 1.5) & (times < 1.9), np.nan, np.sin(times))
    for t, phase in ((1.0, ""), (2.0, "onset"), (3.0, "apex"), (4.0, "offset"), (4.2, "")):
        shown = picture.draw(frame(), moment(t + 0.2, phase=phase),
                             SmileLevel(times, level, "AU12"))
    strip = shown[-_STRIP:]
    shades = [has(strip, _rgb(colour)) for colour in SHADES.values()]
    assert all(shade > 1000 for shade in shades)
    dark = (strip[30:-16].max(axis=2) < 120).any(axis=0)
    # The curve goes to its last time and is broken where nobody knows it.
    columns = np.flatnonzero(dark)
    width = strip.shape[1] - 24
    assert columns.max() == pytest.approx(12 + width * times[-1] / 5.0, abs=3)
    assert np.diff(columns).max() == pytest.approx(0.44 / 5.0 * width, abs=6)


def test_phases_of_long_ago_are_forgotten():
    picture = LivePicture(CLASSES, seconds=2.0)
    for t in np.arange(0, 12, 0.2):
        picture.draw(frame(60, 80), moment(float(t) + 0.2))
    assert len(picture._phases) < 25


def test_words_that_opencv_cannot_write():
    smiles = [LiveSmile(0.5, 3.2, 0.3, "gespielt ☺", True),
              LiveSmile(4.0, 5.0, np.nan, None, False)]
    picture = LivePicture(np.array(["gespielt ☺", "ungewöhnlich langer Name einer Klasse"]))
    for some in (smiles[:1], smiles):
        assert picture.draw(frame(), moment(), smiles=some).shape[2] == 3


@pytest.mark.parametrize("reason", ["measuring", "no face", "no smile yet", "x" * 200, ""])
def test_before_anything_is_known(reason):
    bare = LiveMoment(0.0, reason=reason)
    shown = LivePicture(CLASSES).draw(frame(), bare)
    assert has(shown[:-_STRIP, -_PANEL:], (255, 255, 255)) > 50_000
