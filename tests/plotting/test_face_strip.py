"""The face at the moments of a smile: the right frames, their times, and no picture without one."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from drawn import known_clips
from pictures import check_readable

from smilegenuine import Clip
from smilegenuine.clips.errors import ClipError
from smilegenuine.features.clip_phases import phases_of
from smilegenuine.plotting import SignalsDisplay
from smilegenuine.plotting.face_strip import FaceStripDisplay, moments_of

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402


def smile_clip(n: int | None = None, *, faces: bool = True) -> Clip:
    """A smile whose chips (of the true length, 12 x 10 pixels) show the number of their frame."""
    clip = known_clips(1, 1, random_state=4).data[0]
    fields = {f: getattr(clip, f)[:n] for f in ("aus", "smile", "times")}
    numbers = np.arange(len(fields["times"]), dtype=np.uint8)
    chips = np.tile(numbers[:, None, None, None], (1, 12, 10, 3)) if faces else None
    return clip.replace(**fields, faces=chips)


def shown(display: FaceStripDisplay) -> list[int]:
    return [int(image.get_array()[0, 0, 0]) for image in display.ax_.images]


def texts(display: FaceStripDisplay) -> list[str]:
    return [t.get_text() for t in display.ax_.texts]


class TestMoments:
    def test_middles_of_the_phases(self):
        clip = smile_clip()
        display = FaceStripDisplay.from_clip(clip)
        found = phases_of(clip)
        assert list(display.frames) == ["start", "onset", "apex", "offset", "end"]
        for name in ("onset", "apex", "offset"):
            assert display.frames[name] == (found[name].start + found[name].stop) // 2
        assert (display.frames["start"], display.frames["end"]) == (0, len(clip.times) - 1)
        assert shown(display) == list(display.frames.values())
        assert texts(display) == [f"{name}\n{clip.times[k]:.2f} s"
                                  for name, k in display.frames.items()]

    def test_the_same_as_those_of_the_signals(self):
        clip = smile_clip()
        chips = SignalsDisplay.from_clip(clip).chips
        mine = FaceStripDisplay.from_clip(clip).chips
        assert list(chips) == list(mine)
        for name, chip in chips.items():
            np.testing.assert_array_equal(chip, mine[name])

    def test_only_frames_with_a_face(self):
        clip = smile_clip()
        valid = np.ones(len(clip.times), bool)
        valid[:3] = valid[-2:] = False
        display = FaceStripDisplay.from_clip(clip.replace(valid=valid))
        assert (shown(display)[0], shown(display)[-1]) == (3, len(clip.times) - 3)
        assert texts(display)[0] == f"start\n{clip.times[3]:.2f} s"

    def test_nobody_smiles(self):
        clip = smile_clip().replace(smile=None, aus=None)
        assert texts(FaceStripDisplay.from_clip(clip)) == ["start\n0.00 s", "end\n3.20 s"]

    def test_one_frame(self):
        clip = smile_clip(1).replace(times=None, fps=25, aus=None, smile=None)
        assert texts(FaceStripDisplay.from_clip(clip)) == ["start\n0.00 s"]

    def test_no_timing(self):
        clip = Clip(faces=np.zeros((30, 12, 10, 3), np.uint8))
        assert texts(FaceStripDisplay.from_clip(clip)) == ["start\nframe 0", "end\nframe 29"]

    def test_no_frame_is_valid(self):
        clip = smile_clip().replace(valid=np.zeros(len(smile_clip().times), bool))
        assert set(moments_of(clip, {})) == {"start", "end"}
        assert not FaceStripDisplay.from_clip(clip).ax_.images


class TestPicture:
    def test_chips_are_of_one_size(self):
        sizes = []
        for clip, n in ((smile_clip(), 5), (smile_clip(40), 4)):
            display = FaceStripDisplay.from_clip(clip)
            assert len(display.ax_.images) == n
            display.figure_.canvas.draw()
            box = display.ax_.images[0].get_window_extent()
            sizes.append((box.width, box.height))
            assert box.width / box.height == pytest.approx(10 / 12, rel=0.02)
        np.testing.assert_allclose(*sizes, rtol=0.02)

    def test_without_faces(self):
        display = FaceStripDisplay.from_clip(smile_clip(faces=False))
        assert not display.ax_.images
        assert texts(display).count("no\npictures") == 5
        assert "apex\n1.12 s" in texts(display)
        check_readable(display.figure_, least=11)

    @pytest.mark.parametrize("faces", [True, False])
    def test_readable(self, faces):
        clip = smile_clip(faces=faces).replace(name="/recordings/" * 9 + "cost$_smile_2$.mp4")
        display = FaceStripDisplay.from_clip(clip)
        check_readable(display.figure_, least=6)
        assert display.ax_.get_title(loc="left").endswith("cost$_smile_2$.mp4")

    def test_title(self):
        assert FaceStripDisplay.from_clip(smile_clip(), title="who?").ax_.get_title(
            loc="left") == "who?"

    def test_own_axes(self):
        ax = Figure(layout="constrained").subplots()
        assert FaceStripDisplay.from_clip(smile_clip(), ax=ax).ax_ is ax
        assert plt.get_fignums() == []


class TestRefusals:
    def test_nothing_is_measured(self):
        with pytest.raises(ClipError, match="FaceStripDisplay needs a measured clip"):
            FaceStripDisplay.from_clip(Clip(fps=25, name="nothing"))

    def test_no_file(self):
        with pytest.raises(FileNotFoundError):
            FaceStripDisplay.from_clip(Path("nowhere.mp4"))

    def test_no_matplotlib(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        with pytest.raises(ImportError, match=r"pip install 'smilegenuine\[plot\]'"):
            FaceStripDisplay.from_clip(smile_clip())
