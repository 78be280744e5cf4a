"""The picture of importances: the right bars in the right order, and readable."""

from __future__ import annotations

import functools
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from pictures import check_readable

from smilegenuine import AUDASVMEnsemble
from smilegenuine.datasets import make_smile_signals
from smilegenuine.explain import explain_global
from smilegenuine.plotting.importance_bars import ImportanceDisplay
from smilegenuine.plotting.style import AGAINST_FOR

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402


def table(sizes: dict[str, int] | None = None, name: str = "{kind} {k}") -> pd.DataFrame:
    """Importances that fall from 0.3 to below zero, in an order of their own."""
    rows = []
    for kind, n in (sizes or {"phase": 5, "au": 17, "branch": 3}).items():
        for k, value in enumerate(np.linspace(0.3, -0.05, n)):
            rows.append({"kind": kind, "name": name.format(kind=kind, k=k), "importance": value,
                         "low": value - 0.06, "high": value + 0.1, "change": abs(value) + 1.0})
    return pd.DataFrame(rows).iloc[::-1].reset_index(drop=True)


def names(ax) -> list[str]:
    return [t.get_text() for t in ax.get_yticklabels()]


@functools.cache
def fitted():
    smiles = make_smile_signals(10, 4, fps=25, difference="au06", random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = AUDASVMEnsemble(levels=("au",), cv=2).fit(smiles.data[:24], smiles.target[:24])
    return model, smiles.data[24:], smiles.target[24:]


class TestWhatIsDrawn:
    def test_a_panel_a_kind_sorted(self):
        display = ImportanceDisplay.from_table(table(), n=4)
        titles = [ax.get_title(loc="left") for ax in display.axes_]
        assert titles == ["branches", "action units (4 of 17)", "phases (4 of 5)"]
        assert names(display.axes_[1]) == ["au 0", "au 1", "au 2", "au 3"]
        first, last = display.axes_[1].get_ylim()
        assert first > last  # the first is on top
        widths = [bar.get_width() for bar in display.axes_[1].patches]
        assert widths == sorted(widths, reverse=True)

    def test_intervals(self):
        ax = ImportanceDisplay.from_table(table({"phase": 3})).axes_[0]
        segments = ax.collections[0].get_segments()
        np.testing.assert_allclose([s[:, 0] for s in segments],
                                   [[0.24, 0.4], [0.065, 0.225], [-0.11, 0.05]])

    def test_no_interval(self):
        unknown = table({"phase": 3}).assign(low=np.nan, high=np.nan)
        display = ImportanceDisplay.from_table(unknown)
        assert not display.axes_[0].collections[0].get_segments()
        assert display.figure_._supxlabel is None

    def test_what_is_below_zero_or_unsure(self):
        bars = ImportanceDisplay.from_table(table({"phase": 3})).axes_[0].patches
        assert [bool(bar.get_hatch()) for bar in bars] == [False, False, True]
        assert [bar.get_alpha() for bar in bars] == [1.0, 1.0, 0.45]
        assert to_rgb(bars[2].get_facecolor()) == to_rgb(AGAINST_FOR[0])

    def test_all_panels_have_one_scale(self):
        display = ImportanceDisplay.from_table(table())
        assert len({ax.get_xlim() for ax in display.axes_}) == 1
        low, high = display.axes_[0].get_xlim()
        assert low < -0.11
        assert high > 0.4

    def test_zero(self):
        zero = table({"au": 3}).assign(importance=0.0, low=0.0, high=0.0)
        display = ImportanceDisplay.from_table(zero)
        assert display.axes_[0].get_xlim()[0] == 0.0
        check_readable(display.figure_)

    def test_what_the_importance_is(self):
        found = table({"phase": 3})
        assert ImportanceDisplay.from_table(found).axes_[0].get_xlabel() == "loss of AUC"
        moved = found.assign(importance=found["change"])
        assert "change of the decision" in ImportanceDisplay.from_table(moved).axes_[0].get_xlabel()
        display = ImportanceDisplay.from_table(found, xlabel="cost in $")
        assert display.axes_[0].get_xlabel() == "cost in $"

    def test_kinds_of_somebody_else(self):
        display = ImportanceDisplay.from_table(table({"eye": 2, "au": 2}))
        assert [ax.get_title(loc="left") for ax in display.axes_] == ["action units", "eye"]


class TestFromEstimator:
    def test_with_labels(self):
        model, clips, y = fitted()
        display = ImportanceDisplay.from_estimator(model, clips, y, by=("au", "phase"), n_repeats=1)
        expected = explain_global(model, clips, y, by=("au", "phase"), n_repeats=1)
        pd.testing.assert_frame_equal(display.table, expected)
        assert names(display.axes_[0])[0] == "AU06"
        assert display.axes_[0].get_xlabel() == "loss of AUC"
        check_readable(display.figure_, least=20)

    def test_without_labels(self):
        model, clips, _ = fitted()
        display = ImportanceDisplay.from_estimator(model, clips, by="phase", n_repeats=1)
        assert "change of the decision" in display.axes_[0].get_xlabel()
        assert ImportanceDisplay.from_table(display.table).xlabel == display.xlabel


class TestLayout:
    @pytest.mark.parametrize("sizes", [
        {"au": 1}, {"au": 17}, {"branch": 1, "au": 17}, {"branch": 1, "au": 17, "phase": 5},
        {"branch": 6, "au": 17, "pair": 136, "smile": 1, "phase": 6, "region": 15}])
    def test_no_text_is_cut_off_or_written_over(self, sizes):
        found = table(sizes, "a very long name of {kind}, cost$_{k}$")
        display = ImportanceDisplay.from_table(found, title="/models/" * 12 + "$x$_y$.skops")
        check_readable(display.figure_)
        heights = [bar.get_window_extent().height for ax in display.axes_ for bar in ax.patches]
        assert max(heights) < 1.6 * min(heights)

    def test_own_axes(self):
        figure = Figure(figsize=(6, 9), layout="constrained")
        display = ImportanceDisplay.from_table(table(), n=4, title="mine $1$",
                                               axes=figure.subplots(3, 1))
        assert display.figure_ is figure
        assert plt.get_fignums() == []
        assert display.axes_[0].get_title(loc="left") == "mine $1$\nbranches"
        check_readable(figure, least=20)


class TestRefusals:
    def test_no_table(self):
        with pytest.raises(TypeError, match=r"table must be a DataFrame, .* not list"):
            ImportanceDisplay.from_table([1, 2])

    def test_no_column(self):
        with pytest.raises(ValueError, match="no column 'low'; it has kind, name, importance"):
            ImportanceDisplay.from_table(table().drop(columns="low"))

    def test_empty(self):
        with pytest.raises(ValueError, match="table is empty"):
            ImportanceDisplay.from_table(table().iloc[:0])

    @pytest.mark.parametrize("n", [0, 1.5, True])
    def test_n(self, n):
        with pytest.raises(ValueError, match="n must be a whole number of at least 1"):
            ImportanceDisplay.from_table(table(), n=n)

    def test_axes(self):
        with pytest.raises(ValueError, match=r"as many as kinds, 3 \(branch, au, phase\), not 1"):
            ImportanceDisplay.from_table(table(), axes=Figure().subplots())

    def test_no_matplotlib(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        with pytest.raises(ImportError, match=r"pip install 'smilegenuine\[plot\]'"):
            ImportanceDisplay.from_table(table())
