"""Pictures of a clip: what is drawn of what is known, and that nothing overlaps or is cut off."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from drawn import known_clips

from smilegenuine import Clip
from smilegenuine.clips.au_table import AU_NAMES
from smilegenuine.clips.errors import ClipError
from smilegenuine.plotting import SignalsDisplay

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402


def smile_clip(n: int | None = None, *, faces: bool = True) -> Clip:
    """A smile whose chips (of the true length, 12 x 10 pixels) show the number of their frame."""
    clip = known_clips(1, 1, random_state=4).data[0]
    fields = {f: getattr(clip, f)[:n] for f in ("aus", "smile", "times")}
    numbers = np.arange(len(fields["times"]), dtype=np.uint8)
    chips = np.tile(numbers[:, None, None, None], (1, 12, 10, 3)) if faces else None
    return clip.replace(**fields, faces=chips)


def texts(ax) -> list[str]:
    return [t.get_text() for t in ax.texts]


def names(ax) -> list[str]:
    return [t.get_text() for t in ax.get_legend().get_texts()]


def boxes(display: SignalsDisplay) -> dict:
    """Where each text is on the picture."""
    FigureCanvasAgg(display.figure_).draw()
    found = [display.axes_[0]._left_title, *display.axes_[0].texts]
    for ax in display.axes_[1:]:
        found += [ax.xaxis.label, ax.yaxis.label,
                  *(ax.get_legend().get_texts() if ax.get_legend() else ())]
        for axis in (ax.xaxis, ax.yaxis):  # ticks beyond the limits exist but are not drawn
            low, high = axis.get_view_interval()
            found += [t.label1 for t in axis.get_major_ticks() if low <= t.get_loc() <= high]
    return {text: text.get_window_extent() for text in found
            if text.get_visible() and text.get_text()}


class TestWhatIsDrawn:
    def test_everything(self):
        clip = smile_clip()
        display = SignalsDisplay.from_clip(clip)
        top, middle, bottom = display.axes_
        assert display.figure_ is top.figure is bottom.figure
        assert top.get_title(loc="left") == clip.name
        assert texts(top) == ["start", "onset", "apex", "offset", "end"]
        np.testing.assert_array_equal(middle.lines[0].get_xydata(),
                                      np.column_stack([clip.times, clip.smile]))
        assert names(middle) == ["onset", "apex", "offset"]
        assert names(bottom) == ["AU06", "AU12", "AU25", "AU45"]
        for line, au in zip(bottom.lines, names(bottom), strict=True):
            np.testing.assert_array_equal(line.get_ydata(), clip.aus[:, AU_NAMES.index(au)])
        assert bottom.get_xlim() == middle.get_xlim() == (clip.times[0], clip.times[-1])
        assert bottom.get_ylim() == (-0.1, 5.1)

    def test_shades_are_the_phases(self):
        clip = smile_clip()
        display = SignalsDisplay.from_clip(clip)
        for ax in display.axes_[1:]:
            assert len(ax.patches) == 3
            for patch, name in zip(ax.patches, ("onset", "apex", "offset"), strict=True):
                span = display.phases[name]
                assert patch.get_x() == clip.times[span.start]
                stop = clip.times[min(span.stop, len(clip.times) - 1)]
                assert patch.get_x() + patch.get_width() == pytest.approx(stop)

    def test_chips_are_of_their_moments(self):
        display = SignalsDisplay.from_clip(smile_clip())
        n = len(display.times)
        shown = [int(image.get_array()[0, 0, 0]) for image in display.axes_[0].images]
        middles = [(s.start + s.stop) // 2 for s in
                   (display.phases[p] for p in ("onset", "apex", "offset"))]
        assert shown == [0, *middles, n - 1]

    def test_chips_of_valid_frames_only(self):
        clip = smile_clip()
        valid = np.ones(len(clip.times), bool)
        valid[:3] = valid[-2:] = False
        display = SignalsDisplay.from_clip(clip.replace(valid=valid))
        shown = [int(image.get_array()[0, 0, 0]) for image in display.axes_[0].images]
        assert (shown[0], shown[-1]) == (3, len(clip.times) - 3)

    def test_chips_are_of_one_size_whether_four_or_five(self):
        sizes = []
        for clip, n in ((smile_clip(), 5), (smile_clip(40), 4)):
            display = SignalsDisplay.from_clip(clip)
            assert len(display.axes_[0].images) == n
            display.figure_.canvas.draw()
            image = display.axes_[0].images[0].get_window_extent()
            sizes.append((image.width, image.height, image.x0))
            assert image.width / image.height == pytest.approx(10 / 12, rel=0.02)
        np.testing.assert_allclose(*sizes, rtol=0.02)

    def test_without_faces(self):
        display = SignalsDisplay.from_clip(smile_clip(faces=False))
        assert not display.axes_[0].images
        with_faces = SignalsDisplay.from_clip(smile_clip())
        assert display.figure_.get_figheight() < with_faces.figure_.get_figheight()

    def test_without_smile_intensity(self):
        """AU12 gives the phases, and it is said that there is no intensity."""
        clip = smile_clip()
        display = SignalsDisplay.from_clip(clip.replace(smile=None))
        assert not display.axes_[1].lines
        assert texts(display.axes_[1]) == ["not measured"]
        assert display.phases == SignalsDisplay.from_clip(clip).phases

    def test_gaps(self):
        clip = smile_clip()
        aus, smile = np.array(clip.aus), np.array(clip.smile)
        aus[20:26] = smile[20:26] = np.nan
        display = SignalsDisplay.from_clip(clip.replace(aus=aus, smile=smile))
        for line in (*display.axes_[1].lines, *display.axes_[2].lines):
            assert np.isnan(line.get_ydata()[20:26]).all()
            assert np.isfinite(line.get_ydata()[26:]).all()
        assert len(display.axes_[0].images) == 5
        assert display.figure_.canvas.draw() is None

    def test_no_valid_frame(self):
        clip = smile_clip()
        display = SignalsDisplay.from_clip(clip.replace(
            aus=np.full(clip.aus.shape, np.nan), smile=np.full(clip.smile.shape, np.nan)))
        assert display.phases == {}
        assert not display.axes_[0].images
        display.figure_.canvas.draw()

    def test_nobody_smiles(self):
        display = SignalsDisplay.from_clip(Clip(aus=np.zeros((40, 17)), fps=25, name="calm"))
        assert not display.axes_[1].patches
        assert display.axes_[1].get_legend() is None

    def test_one_frame(self):
        display = SignalsDisplay.from_clip(Clip(aus=np.zeros((1, 17)), fps=25))
        display.figure_.canvas.draw()
        assert display.axes_[2].get_xlim() == (0.0, 1.0)

    def test_all_action_units_are_told_apart(self):
        display = SignalsDisplay.from_clip(smile_clip(), aus=AU_NAMES)
        looks = {(line.get_color(), str(line.get_linestyle()), str(line._dash_pattern))
                 for line in display.axes_[2].lines}
        assert len(looks) == len(AU_NAMES)

    def test_one_action_unit(self):
        assert names(SignalsDisplay.from_clip(smile_clip(), aus="AU09").axes_[2]) == ["AU09"]

    def test_no_action_unit(self):
        assert SignalsDisplay.from_clip(smile_clip(), aus=()).axes_[2].get_legend() is None


class TestTitle:
    def test_given(self):
        display = SignalsDisplay.from_clip(smile_clip(), title="posed?\nP = 0.3")
        assert display.axes_[0].get_title(loc="left") == "posed?\nP = 0.3"
        assert SignalsDisplay.from_clip(smile_clip(), title="").axes_[0].get_title(loc="left") == ""

    def test_no_formula(self):
        clip = smile_clip().replace(name=r"cost$\foo$_a.mp4")
        display = SignalsDisplay.from_clip(clip)
        display.figure_.canvas.draw()
        assert display.axes_[0].get_title(loc="left") == r"cost$\foo$_a.mp4"

    def test_long_name(self):
        clip = smile_clip().replace(name="/data/" + "deep/" * 40 + "001_deliberate_smile_2.mp4")
        title = SignalsDisplay.from_clip(clip).axes_[0].get_title(loc="left")
        assert title.startswith("…")
        assert title.endswith("/001_deliberate_smile_2.mp4")
        assert len(title) == 70


class TestLayout:
    @pytest.mark.parametrize("case", ["usual", "all", "no faces", "long name", "long clip"])
    def test_no_text_is_cut_off_or_written_over(self, case):
        clip = smile_clip(faces=case != "no faces")
        if case == "long name":
            clip = clip.replace(name="W" * 12 + "/recording_" * 30)
        if case == "long clip":
            clip = clip.replace(times=None, fps=2.0)
        aus = AU_NAMES if case == "all" else AU_NAMES[:3]
        display = SignalsDisplay.from_clip(clip, aus=aus)
        found = boxes(display)
        assert len(found) > 12
        page = display.figure_.bbox
        for text, box in found.items():
            assert box.x0 >= page.x0 - 1, text
            assert box.x1 <= page.x1 + 1, text
            assert box.y0 >= page.y0 - 1, text
            assert box.y1 <= page.y1 + 1, text
        items = list(found.items())
        for i, (text, box) in enumerate(items):
            for other, other_box in items[i + 1:]:
                assert not box.overlaps(other_box), (text, other)

    @pytest.mark.parametrize("size", [(5.2, 5.6), (12.0, 9.0)])
    def test_own_axes(self, size):
        figure = Figure(figsize=size, layout="constrained")
        display = SignalsDisplay.from_clip(smile_clip(), axes=figure.subplots(3, 1))
        assert display.figure_ is figure
        assert plt.get_fignums() == []
        items = list(boxes(display).items())
        for i, (text, box) in enumerate(items):
            for other, other_box in items[i + 1:]:
                assert not box.overlaps(other_box), (text, other)

    def test_drawn_again_elsewhere(self):
        display = SignalsDisplay.from_clip(smile_clip())
        figure = Figure()
        axes = figure.subplots(1, 3)
        assert display.plot(axes=list(axes)) is display
        assert display.figure_ is figure
        assert len(axes[2].lines) == 4


class TestRefusals:
    @pytest.mark.parametrize("n", [1, 2, 4])
    def test_axes(self, n):
        axes = Figure().subplots(n, 1, squeeze=False)
        with pytest.raises(ValueError, match=f"axes must be three, .* not {n}"):
            SignalsDisplay.from_clip(smile_clip(), axes=axes)

    def test_unknown_action_unit(self):
        with pytest.raises(ValueError, match="AU99, AU6: no such action unit; there are AU01"):
            SignalsDisplay.from_clip(smile_clip(), aus=("AU12", "AU99", "AU6"))

    def test_no_action_units(self):
        with pytest.raises(ClipError, match="SignalsDisplay needs `aus`"):
            SignalsDisplay.from_clip(smile_clip().replace(aus=None))

    def test_no_timing(self):
        with pytest.raises(ClipError, match="SignalsDisplay needs `times`"):
            SignalsDisplay.from_clip(Clip(aus=np.zeros((9, 17))))

    @pytest.mark.parametrize("missing", ["matplotlib", "matplotlib.pyplot"])
    def test_no_matplotlib(self, missing, monkeypatch):
        monkeypatch.setitem(sys.modules, missing, None)
        if missing == "matplotlib.pyplot":
            monkeypatch.delattr(matplotlib, "pyplot")
        with pytest.raises(ImportError, match=r"pip install 'smilegenuine\[plot\]'"):
            SignalsDisplay.from_clip(smile_clip())
