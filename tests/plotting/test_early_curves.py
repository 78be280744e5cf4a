"""Pictures of how soon a decision can be had."""

from __future__ import annotations

import functools
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from drawn import known_clips

from smilegenuine import AUDASVMEnsemble
from smilegenuine.answers import EarlyDecision, early_decision
from smilegenuine.answers.early_accuracy import COLUMNS
from smilegenuine.features.clip_phases import phases_of
from smilegenuine.plotting.early_curves import EarlyAccuracyDisplay, EarlyDecisionDisplay

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402


@pytest.fixture(autouse=True)
def clean():
    """Matplotlib warns of what it cannot lay out; figures are closed."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", module="matplotlib")
        yield
    plt.close("all")


@functools.cache
def fitted():
    known = known_clips(8, 2, random_state=5)
    return AUDASVMEnsemble(levels=("au",), cv=2).fit(
        known.data, np.array(known.target_names)[known.target])


def clip():
    return known_clips(1, 1, random_state=4).data[0]


def decision(p=(np.nan, 0.4, 0.8)) -> EarlyDecision:
    times = np.linspace(0.2, 2.0, len(p))
    return EarlyDecision(times, np.array(p), ("",) * len(p), np.array(["posed", "real"]), clip(),
                         False)


def table(**columns) -> pd.DataFrame:
    known = {"fraction": [0.2, 0.6, 1.0], "seconds": [0.3, 1.0, 2.2], "clips": 40,
             "decided": [0.5, 1.0, 1.0], "accuracy": [0.5, 0.7, 0.75], "lower": [0.3, 0.6, 0.65],
             "upper": [0.7, 0.8, 0.85], "balanced accuracy": 0.7, "AUC": 0.7, "chance": 0.5}
    return pd.DataFrame({**known, **columns})[list(COLUMNS)]


def words(ax) -> list[str]:
    legend = ax.get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


class TestDecision:
    def test_what_is_drawn(self):
        display = EarlyDecisionDisplay.from_estimator(fitted(), clip(), fractions=[0.2, 0.5, 1.0])
        expected = early_decision(fitted(), clip(), fractions=[0.2, 0.5, 1.0])
        top, bottom = display.axes_
        curve = next(line for line in top.lines if len(line.get_xdata()) == 3)
        np.testing.assert_array_equal(curve.get_xdata(), expected.times)
        np.testing.assert_allclose(curve.get_ydata(), expected.probability)
        np.testing.assert_array_equal(bottom.lines[0].get_ydata(), clip().smile)
        assert top.get_ylabel() == "P(spontaneous)"
        assert top.get_title(loc="left") == clip().name
        assert words(top) == ["onset", "apex", "offset"]
        phases = phases_of(clip())
        for ax in display.axes_:
            begins = [patch.get_x() for patch in ax.patches]
            assert begins == [clip().times[phases[p].start] for p in ("onset", "apex", "offset")]
            assert ax.get_xlim() == (clip().times[0], clip().times[-1])

    def test_too_little_seen_is_marked(self):
        top = EarlyDecisionDisplay(decision()).plot().axes_[0]
        assert "too little seen" in words(top)
        crosses = next(line for line in top.lines if line.get_marker() == "x")
        assert list(crosses.get_xdata()) == [decision().times[0]]
        assert "too little seen" not in words(EarlyDecisionDisplay(decision((0.4, 0.6))).plot(
            ).axes_[0])

    def test_names(self):
        display = EarlyDecisionDisplay(decision(), ["fake", "$real$"], "Ada, $1").plot()
        top = display.axes_[0]
        assert top.get_ylabel() == "P($real$)"
        assert {"fake", "$real$"} <= {text.get_text() for text in top.texts}
        assert top.get_title(loc="left") == "Ada, $1"
        display.figure_.canvas.draw()

    def test_what_is_known_of_the_smile(self):
        for changes, label in (({"smile": None}, "AU12 (0–5)"),
                               ({"smile": None, "aus": None}, "smile")):
            known = decision()
            object.__setattr__(known, "clip", clip().replace(**changes))
            bottom = EarlyDecisionDisplay(known).plot().axes_[1]
            assert bottom.get_ylabel() == label
        assert [text.get_text() for text in bottom.texts] == ["not measured"]

    def test_on_given_axes(self):
        _, axes = plt.subplots(1, 2)
        display = EarlyDecisionDisplay(decision()).plot(axes=axes)
        assert display.figure_ is axes[0].figure
        with pytest.raises(ValueError, match="axes must be two"):
            EarlyDecisionDisplay(decision()).plot(axes=axes[:1])
        with pytest.raises(ValueError, match="display_labels must be two, not 3"):
            EarlyDecisionDisplay(decision(), ["a", "b", "c"]).plot()

    def test_nothing_overlaps(self):
        display = EarlyDecisionDisplay(decision(), title="a name that is rather long, " * 2).plot()
        top = display.axes_[0]
        display.figure_.canvas.draw()
        legend = top.get_legend().get_window_extent()
        assert not legend.overlaps(top.title.get_window_extent())
        assert not legend.overlaps(top._left_title.get_window_extent())
        assert legend.y0 >= top.get_window_extent().y1 - 1

    def test_needs_matplotlib(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
        with pytest.raises(ImportError, match=r"smilegenuine\[plot\]"):
            EarlyDecisionDisplay.from_estimator(fitted(), clip())


class TestAccuracy:
    def test_from_a_table(self):
        display = EarlyAccuracyDisplay.from_table(table(), name="svm")
        ax = display.ax_
        np.testing.assert_array_equal(display.line_.get_xydata(),
                                      table()[["fraction", "accuracy"]])
        band = ax.collections[0].get_paths()[0].vertices
        assert band[:, 1].min() == 0.3
        assert band[:, 1].max() == 0.85
        assert words(ax) == ["svm", "chance"]
        assert ax.get_xlabel() == "share of the smile seen"
        assert [text.get_text() for text in ax.texts] == ["of 50%"]

    def test_by_seconds(self):
        display = EarlyAccuracyDisplay.from_table(table(), x="seconds", of="clip")
        np.testing.assert_array_equal(display.line_.get_xdata(), table()["seconds"])
        assert display.ax_.get_xlabel() == "seconds seen since the clip began"
        assert words(display.ax_) == ["chance"]

    def test_two_on_one(self):
        first = EarlyAccuracyDisplay.from_table(table(), name="a")
        second = EarlyAccuracyDisplay.from_table(table(accuracy=0.6), name="b", ax=first.ax_)
        assert first.ax_ is second.ax_
        assert words(first.ax_) == ["a", "chance", "b"]
        assert first.line_.get_color() != second.line_.get_color()
        assert first.line_.get_linestyle() != second.line_.get_linestyle()

    def test_moments_at_which_nothing_could_be_said(self):
        unknown = [np.nan, 0.7, 0.75]
        display = EarlyAccuracyDisplay.from_table(
            table(decided=[0.0, 1.0, 1.0], accuracy=unknown, lower=unknown, upper=unknown))
        display.figure_.canvas.draw()
        assert not display.ax_.texts

    @pytest.mark.filterwarnings("ignore:on held-out subjects the decision values say nothing")
    @pytest.mark.parametrize("params", [{}, {"seconds": [0.2, 1.0], "of": "clip"}])
    def test_from_a_model(self, params):
        known = known_clips(4, 2, random_state=5)
        params = params or {"fractions": [0.5, 1.0]}
        display = EarlyAccuracyDisplay.from_estimator(
            AUDASVMEnsemble(levels=("au",), cv=2), known.data, known.target, known.groups, cv=2,
            **params)
        assert words(display.ax_) == ["AUDASVMEnsemble", "chance"]
        x = "seconds" if "seconds" in params else "fraction"
        assert list(display.line_.get_xdata()) == list(params.get("seconds", [0.5, 1.0]))
        assert display.x == x
        assert display.of == params.get("of", "smile")

    def test_no_such_table(self):
        with pytest.raises(ValueError, match="the table has no column lower; give what early"):
            EarlyAccuracyDisplay.from_table(table().drop(columns="lower"))
        with pytest.raises(ValueError, match="the table has no column fraction"):
            EarlyAccuracyDisplay.from_table([1, 2])
        with pytest.raises(ValueError, match="x must be one of fraction, seconds, not 'AUC'"):
            EarlyAccuracyDisplay.from_table(table(), x="AUC")
        with pytest.raises(ValueError, match="of must be one of smile, clip"):
            EarlyAccuracyDisplay.from_table(table(), of="face")
