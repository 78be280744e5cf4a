"""Pictures of a report: small, the same everywhere, and with words."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest
from html_page import Page

from smilegenuine import Clip, VideoError
from smilegenuine.datasets import make_smile_signals
from smilegenuine.features.clip_phases import phases_of
from smilegenuine.report.page import element, write_page
from smilegenuine.report.pictures import curves, drawing, drawn, face_strip, new_figure, when_text

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def clip() -> Clip:
    return make_smile_signals(1, 1, random_state=0).data[0]


def pictures(tmp_path, html, form="svg+xml") -> list[bytes]:
    write_page(tmp_path / "p.html", "t", [element("p", html)])
    return Page(tmp_path / "p.html").pictures(form)


def test_users_own_settings_change_nothing(clip, tmp_path):
    from matplotlib import pyplot as plt

    found = []
    for style in ("default", "dark_background", "ggplot"):
        with plt.style.context(style):
            found += pictures(tmp_path, curves(clip, phases_of(clip)))
    assert found[0] == found[1] == found[2]
    assert not plt.get_fignums()  # nothing is left open


def test_what_is_left_out_of_a_drawing_is_not_seen():
    """The same picture, to a fiftieth of a point."""
    with drawing():
        made = new_figure(2.0)
        ax = made.subplots()
        ax.plot(np.linspace(0, 1, 200), np.sin(np.linspace(0, 9, 200)), label="s")
        ax.legend()
        whole = drawn(made, "A curve and what it is called", pixels=100)
    assert 'width="430" height="200"' in whole


def test_numbers_of_paths_are_short(clip, tmp_path):
    svg, = pictures(tmp_path, curves(clip, phases_of(clip)))
    root = ElementTree.fromstring(svg)
    paths = [e.get("d") for e in root.iter() if e.tag.endswith("path") and e.get("clip-path")]
    assert len(paths) > 4
    assert max(len(word.partition(".")[2]) for d in paths for word in d.split()) == 2
    scales = [e.get("transform") for e in root.iter() if "scale" in (e.get("transform") or "")]
    assert any("0.015625" in scale for scale in scales)  # of letters, which rounding would spoil
    assert len(svg) < 60_000


def test_units_that_count_are_drawn_beside_the_usual_ones(clip):
    alt = curves(clip, phases_of(clip), ["AU06", "AU20", "AU45", "AU01"]).partition('alt="')[2]
    assert alt.startswith("Curves over time: smile intensity, and AU12, AU06, AU20, AU45. Onset ")


def test_nothing_to_draw(clip):
    bare = Clip(faces=np.zeros((9, 4, 4, 3), np.uint8), fps=25)
    assert curves(bare, {}) is None
    few = Clip(landmarks=np.full((9, 478, 3), np.nan), fps=25)
    assert curves(few, {}) is None
    assert face_strip(few, {}) is None
    assert face_strip(clip, phases_of(clip)) is None


def test_phases_in_words(clip):
    phases = {"onset": slice(0, 5), "apex": slice(5, 5), "offset": slice(5, 9)}
    clip = Clip(aus=np.zeros((10, 17)), fps=10)
    assert when_text(clip, phases) == (
        "Onset 0.00 to 0.50 s, offset 0.50 to 0.90 s. Not there: apex.")
    assert when_text(clip, {}) == "No smile was found in it."


class TestCutOut:
    def landmarks(self, places) -> np.ndarray:
        """Meshes in a square of 10 pixels around each place."""
        mesh = np.random.default_rng(0).uniform(-5, 5, (len(places), 478, 3))
        mesh[:, 0, :2], mesh[:, 1, :2] = -5, 5
        mesh[..., :2] += np.asarray(places, float)[:, None]
        return mesh

    def test_follows_the_face_out_of_the_picture(self, tmp_path):
        frames = np.zeros((3, 40, 60, 3), np.uint8)
        frames[..., 0] = np.arange(60) * 4  # red tells the column
        clip = Clip(frames=frames, fps=10, landmarks=self.landmarks([(20, 20), (30, 20), (60, 20)]))
        shots = pictures(tmp_path, face_strip(clip, {}), "png")
        assert len(shots) == 2  # start and end; no smile is in it
        import cv2

        red = [cv2.imdecode(np.frombuffer(s, np.uint8), 1)[..., 2].mean(axis=0) for s in shots]
        assert red[0][56] == pytest.approx(4 * 20, abs=4)
        assert red[1][56] == pytest.approx(4 * 59, abs=4)
        assert np.ptp(red[1][60:]) == 0  # beyond the edge, the edge

    def test_a_decoder_that_breaks_costs_the_faces_only(self, monkeypatch):
        clip = Clip(frames=np.zeros((3, 9, 9, 3), np.uint8), fps=10,
                    landmarks=self.landmarks([(4, 4)] * 3))

        def broken(self):
            raise VideoError("a.mp4", "is cut off")

        monkeypatch.setattr("smilegenuine.clips.video.ArrayFrames.__iter__", broken)
        assert face_strip(clip, {}) is None
