"""Slopes of a clip: those that AUDA sees, in the right panels, and readable."""

from __future__ import annotations

import functools
from itertools import pairwise

import numpy as np
import pytest
from pictures import check_readable, look_of

from smilegenuine import AU_NAMES, AUDA, Clip
from smilegenuine.clips.errors import ClipError
from smilegenuine.datasets import make_smile_signals
from smilegenuine.features.auda import feature_names
from smilegenuine.features.clip_phases import phases_of
from smilegenuine.plotting.slopes import SlopesDisplay

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402


@functools.cache
def smile(fps: float = 50.0) -> Clip:
    return make_smile_signals(1, 2, fps=fps, random_state=4).data[1]


def curves(ax) -> list:
    return [line for line in ax.lines if len(line.get_xdata()) > 2]


def names(legend) -> list[str]:
    return [t.get_text() for t in legend.get_texts()]


class TestWhatIsDrawn:
    def test_intensities_slopes_and_adjusted_slopes(self):
        clip = smile()
        display = SlopesDisplay.from_clip(clip)
        assert display.figure_ is display.axes_[0].figure
        assert names(display.axes_[2].get_legend()) == ["AU06", "AU12"]
        frames = AUDA(level="frame").fit_transform([clip])[0]
        columns = list(feature_names("frame"))
        for ax, kind in zip(display.axes_, ("", "_slope27", "_adjslope27"), strict=True):
            assert len(curves(ax)) == 2
            for line, au in zip(curves(ax), ("AU06", "AU12"), strict=True):
                np.testing.assert_array_equal(line.get_xdata(), clip.times)
                np.testing.assert_allclose(line.get_ydata(),
                                           frames[:, columns.index(f"{au}{kind}")], atol=1e-12)

    @pytest.mark.parametrize("fps", [50.0, 25.0])
    def test_the_window_is_of_one_duration_at_any_rate(self, fps):
        """Of a ramp that begins, the slope begins half a window before."""
        times = np.arange(0.0, 4.0, 1.0 / fps)
        aus = np.zeros((len(times), 17))
        aus[:, AU_NAMES.index("AU12")] = np.clip(times - 2.0, 0.0, None)
        display = SlopesDisplay.from_clip(Clip(aus=aus, times=times), aus=["AU12"], window=27)
        first = times[np.flatnonzero(display.slopes["AU12"] > 1e-9)[0]]
        assert first == pytest.approx(2.0 - 0.27, abs=2.0 / fps)
        assert display.axes_[2].get_xlabel() == "time (s); regression over 0.54 s"

    def test_shades_are_the_phases(self):
        clip = smile()
        display = SlopesDisplay.from_clip(clip)
        phases = phases_of(clip)
        assert list(phases)[:3] == ["onset", "apex", "offset"]
        for ax in display.axes_:
            for patch, name in zip(ax.patches, ("onset", "apex", "offset"), strict=True):
                assert patch.get_x() == clip.times[phases[name].start]
                stop = clip.times[min(phases[name].stop, len(clip.times) - 1)]
                assert patch.get_x() + patch.get_width() == pytest.approx(stop)

    def test_slopes_are_on_one_scale_around_nothing(self):
        display = SlopesDisplay.from_clip(smile())
        low, high = display.axes_[1].get_ylim()
        assert -low == high == display.axes_[2].get_ylim()[1]
        assert high > max(np.abs(curve).max() for curve in display.slopes.values())

    def test_gaps_are_bridged_for_the_slopes_alone(self):
        clip = smile()
        aus, valid = np.array(clip.aus), np.ones(len(clip.times), bool)
        aus[30:36], valid[60:70] = np.nan, False
        display = SlopesDisplay.from_clip(clip.replace(aus=aus, valid=valid))
        for line in curves(display.axes_[0]):
            assert np.isnan(line.get_ydata()[[*range(30, 36), *range(60, 70)]]).all()
            assert np.isfinite(line.get_ydata()[70:]).all()
        for ax in display.axes_[1:]:
            assert all(np.isfinite(line.get_ydata()).all() for line in curves(ax))

    def test_nobody_smiles(self):
        display = SlopesDisplay.from_clip(Clip(aus=np.zeros((40, 17)), fps=25, name="calm"))
        assert not display.axes_[0].patches
        assert display.axes_[1].get_ylim() == (-1.0, 1.0)
        check_readable(display.figure_)

    def test_an_array_is_no_clip_without_timing_but_one_action_unit_is_enough(self):
        assert list(SlopesDisplay.from_clip(smile(), aus="AU09").curves) == ["AU09"]
        assert not curves(SlopesDisplay.from_clip(smile(), aus=()).axes_[1])

    def test_drawn_again_elsewhere(self):
        display = SlopesDisplay.from_clip(smile())
        figure = Figure()
        assert display.plot(axes=list(figure.subplots(1, 3))) is display
        assert display.figure_ is figure


class TestLayout:
    @pytest.mark.parametrize("case", ["usual", "all", "strange name", "long name", "25 Hz"])
    def test_no_text_is_cut_off_or_written_over(self, case):
        clip = smile(25.0) if case == "25 Hz" else smile()
        if case == "strange name":
            clip = clip.replace(name=r"cost$\foo$_a.mp4")
        if case == "long name":
            clip = clip.replace(name="W" * 12 + "/recording_" * 30)
        display = SlopesDisplay.from_clip(clip, aus=AU_NAMES if case == "all" else AU_NAMES[:2])
        check_readable(display.figure_, least=20)
        title = display.axes_[0].get_title(loc="left")
        assert title.splitlines()[0] == (clip.name if case != "long name"
                                         else "…" + clip.name[-69:])

    @pytest.mark.parametrize("size", [(5.2, 6.0), (12.0, 9.0)])
    def test_own_axes(self, size):
        figure = Figure(figsize=size, layout="constrained")
        display = SlopesDisplay.from_clip(smile(), axes=figure.subplots(3, 1), title="mine")
        assert display.figure_ is figure
        assert plt.get_fignums() == []
        check_readable(figure)

    def test_told_apart_in_grey(self):
        lines = curves(SlopesDisplay.from_clip(smile(), aus=AU_NAMES).axes_[1])
        for line, following in pairwise(lines):
            assert look_of(line) != look_of(following)


class TestRefusals:
    def test_unknown_action_unit(self):
        with pytest.raises(ValueError, match="AU99, AU6: no such action unit; there are AU01"):
            SlopesDisplay.from_clip(smile(), aus=("AU12", "AU99", "AU6"))

    def test_no_action_units(self):
        with pytest.raises(ClipError, match="SlopesDisplay needs `aus`"):
            SlopesDisplay.from_clip(smile().replace(aus=None))

    def test_no_timing(self):
        with pytest.raises(ClipError, match="SlopesDisplay needs `times`"):
            SlopesDisplay.from_clip(np.zeros((9, 17)))

    def test_too_short(self):
        with pytest.raises(ClipError, match="too short: 2 frames"):
            SlopesDisplay.from_clip(Clip(aus=np.zeros((2, 17)), fps=25))

    @pytest.mark.parametrize("window", [2, 2.5, "27"])
    def test_window(self, window):
        with pytest.raises((TypeError, ValueError), match="window must be"):
            SlopesDisplay.from_clip(smile(), window=window)

    @pytest.mark.parametrize("n", [1, 2, 4])
    def test_axes(self, n):
        axes = Figure().subplots(n, 1, squeeze=False)
        with pytest.raises(ValueError, match=f"axes must be three, .* not {n}"):
            SlopesDisplay.from_clip(smile(), axes=axes)
