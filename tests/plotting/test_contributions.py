"""One decision in one picture: it says what the explanation says, and all of it can be read."""

from __future__ import annotations

import functools
import sys
import warnings
from dataclasses import replace

import numpy as np
import pytest
from drawn import known_clips, meshed
from matplotlib.colors import to_rgb
from pictures import check_readable
from plotting.made_explanations import (
    FACE,
    MARKERS,
    PAIRS,
    SIX,
    UNITS,
    UNPLACED,
    a_clip,
    made,
)
from sklearn.base import BaseEstimator, ClassifierMixin

from smilegenuine import AUDASVMEnsemble, Clip, StackingFusion
from smilegenuine.clips.au_table import AU_NAMES
from smilegenuine.datasets import make_smile_signals
from smilegenuine.explain import explain
from smilegenuine.plotting.contributions import ContributionsDisplay, in_bins
from smilegenuine.plotting.style import AGAINST_FOR

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402


@functools.cache
def fitted():
    """A system whose labels are words."""
    smiles = make_smile_signals(6, 4, fps=25, random_state=0)
    words = np.array(["acted", "felt"])[smiles.target]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return AUDASVMEnsemble(levels=("au",), cv=2).fit(smiles.data, words)


def draw(rows=UNITS, clip: Clip | None = None, **params) -> ContributionsDisplay:
    return ContributionsDisplay.from_explanation(made(rows, clip), **params)


def legend(ax) -> list[str]:
    return [t.get_text() for t in ax.get_legend().get_texts() if t.get_text()]


def heading(display) -> list[str]:
    return display.axes_[0].get_title(loc="left").splitlines()


def areas(display) -> list[float]:
    """What is filled above and below zero on the time axis: sums of the bins."""
    found = []
    for area in display.axes_[1].collections:
        x, y = area.get_paths()[0].vertices.T
        found.append(0.5 * abs(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])))
    return found


class TestHeading:
    def test_decision_and_baseline(self):
        name, decision, baseline = heading(draw())
        assert name == a_clip().name
        assert decision == "decision: spontaneous, P = 0.62 (log-odds +0.50)"
        assert baseline == "baseline: posed, P = 0.62 (−0.50); this clip adds +1.00"

    def test_very_sure_and_not_at_all(self):
        explanation = replace(made(), decision=-12.0, baseline_decision=0.0)
        _, decision, baseline = heading(ContributionsDisplay.from_explanation(explanation))
        assert decision == "decision: posed, P > 0.99 (log-odds −12.00)"
        assert baseline == "baseline: posed, P = 0.50 (0.00); this clip adds −12.00"

    def test_decisions_that_are_no_log_odds(self):
        display = draw(log_odds=False)
        assert heading(display)[1] == "decision: spontaneous (+0.50)"
        assert "log-odds" not in "".join(
            ax.get_ylabel() + ax.get_xlabel() for ax in display.axes_)

    def test_titles(self):
        assert heading(draw(title="why?"))[0] == "why?"
        assert len(heading(draw(title=""))) == 2
        assert heading(draw(clip=a_clip().replace(name="x" * 99)))[0] == "…" + "x" * 49

    def test_labels(self):
        for classes, word in (((0, 1), "spontaneous"), ((2, 5), "class 5")):
            assert word in heading(ContributionsDisplay.from_explanation(
                made(classes=classes)))[1]
        assert "felt" in heading(draw(display_labels=("acted", "felt")))[1]


class TestCurves:
    def test_those_that_count_most(self):
        display = draw([*UNITS, *PAIRS], n_aus=2)
        ax = display.axes_[0]
        assert legend(ax) == ["smile (scaled)", "onset", "AU06", "apex", "AU25", "offset"]
        for line, au in zip(ax.lines[:2], ("AU06", "AU25"), strict=True):
            np.testing.assert_array_equal(line.get_ydata(), a_clip().aus[:, AU_NAMES.index(au)])
        smile = np.asarray(a_clip().smile)
        assert np.corrcoef(ax.lines[2].get_ydata(), smile)[0, 1] == pytest.approx(1.0)
        assert ax.get_ylim() == (-0.1, 5.1)
        assert ax.get_xlim() == display.axes_[1].get_xlim()

    def test_phases(self):
        explanation = made()
        display = ContributionsDisplay.from_explanation(explanation)
        for ax in display.axes_[:2]:
            begins = [patch.get_x() for patch in ax.patches]
            assert begins == [explanation.times[explanation.phases[name].start]
                              for name in ("onset", "apex", "offset")]

    def test_a_system_that_sees_no_units(self):
        clip, = meshed([a_clip()])
        assert legend(draw(FACE, clip).axes_[0])[::2] == ["smile (scaled)", "AU06", "AU12"]
        ax = draw(MARKERS, clip.replace(aus=None, smile=None)).axes_[0]
        assert legend(ax)[::2] == ["lip corners", "eyelids", "cheeks"]
        lips = ax.lines[0].get_ydata()
        assert lips[0] == 0.0
        assert np.corrcoef(lips, np.asarray(clip.aus)[:, 8])[0, 1] > 0.95
        assert ax.get_ylabel() == "change (widths)"

    def test_nothing_is_known(self):
        explanation = replace(made(FACE), clip=Clip(fps=25, name="nothing"), phases={})
        ax = ContributionsDisplay.from_explanation(explanation).axes_[0]
        assert [t.get_text() for t in ax.texts] == ["no curves are known"]
        assert ax.get_legend() is None

    def test_frames_without_a_face(self):
        clip = a_clip()
        valid = np.ones(len(clip.times), bool)
        valid[5:9] = False
        ax = draw(clip=clip.replace(valid=valid)).axes_[0]
        for line in ax.lines:
            np.testing.assert_array_equal(np.isnan(line.get_ydata()), ~valid)


class TestTime:
    def test_bins_add_up(self):
        rng = np.random.default_rng(0)
        for n, fps in ((97, 25.0), (97, 50.0), (5000, 50.0), (31, 12.5)):
            values = rng.normal(size=n)
            times = np.arange(n) / fps
            edges, sums, width = in_bins(values, times)
            assert len(edges) == len(sums) + 1 <= 162
            assert (edges[0], edges[-1]) == (times[0], times[-1])
            counts = np.diff(np.searchsorted(times, edges[:-1]), append=n)
            assert (sums * counts / round(width * fps)).sum() == pytest.approx(values.sum())
            if n < 1000:
                assert width == pytest.approx(0.1, abs=0.021)

    def test_one_frame(self):
        edges, sums, _ = in_bins(np.array([2.0]), np.array([3.0]))
        assert (edges[0], sums.tolist()) == (3.0, [2.0])
        assert edges[1] > edges[0]

    def test_areas_are_what_speaks_for_and_against(self):
        explanation = made()
        over_time = explanation.over_time * 0.0
        over_time.iloc[20] = 2.0
        over_time.iloc[50:52] = -0.5
        display = ContributionsDisplay.from_explanation(replace(explanation, over_time=over_time))
        for_, against = areas(display)
        # A bin is two frames of 25 a second, and as high as what it holds.
        assert for_ == pytest.approx(2.0 * 0.08, rel=1e-6)
        assert against == pytest.approx(1.0 * 0.08, rel=1e-6)
        above, below = display.axes_[1].collections
        assert tuple(above.get_facecolor()[0][:3]) == to_rgb(AGAINST_FOR[2])
        assert tuple(below.get_facecolor()[0][:3]) == to_rgb(AGAINST_FOR[0])
        assert below.get_hatch()
        assert not above.get_hatch()

    def test_what_is_at_no_moment(self):
        told = [t.get_text() for t in draw([*UNITS, *UNPLACED]).axes_[1].texts]
        assert told == ["at no moment: +0.35", "− for posed", "+ for spontaneous"]
        assert len(draw().axes_[1].texts) == 2

    def test_no_timing(self):
        explanation = made()
        explanation = replace(explanation, times=np.empty(0), phases={},
                              over_time=explanation.over_time.iloc[:0])
        display = ContributionsDisplay.from_explanation(explanation)
        assert [t.get_text() for t in display.axes_[1].texts] == ["no timing is known"]
        check_readable(display.figure_)


class TestBranches:
    def test_one_has_no_bar(self):
        assert len(draw().axes_) == 3

    def test_bars(self):
        display = draw(SIX)
        ax = display.axes_[3]
        values = display.explanation.by_branch()
        assert len(values) == 6
        np.testing.assert_allclose([bar.get_width() for bar in ax.patches], values)
        assert [bool(bar.get_hatch()) for bar in ax.patches] == list(values < 0)
        assert [t.get_text() for t in ax.get_yticklabels()] == list(values.index)
        assert ax.texts[0].get_text() == "+1.00"
        FigureCanvasAgg(display.figure_).draw()
        for text in ax.texts:
            box = text.get_window_extent()
            assert ax.bbox.x0 < box.x0 < box.x1 < ax.bbox.x1

    def test_one_in_axes_of_its_own(self):
        figure = Figure(figsize=(12, 7), layout="constrained")
        display = draw(axes=figure.subplots(2, 2))
        assert len(display.axes_[3].patches) == 1
        assert display.figure_ is figure
        assert plt.get_fignums() == []


CASES = {
    "units": {}, "six branches": {"rows": SIX}, "faces": {"rows": FACE},
    "one unit": {"rows": UNITS[:1]}, "nothing": {"rows": [(*row[:-1], 0.0) for row in SIX]},
    "tiny": {"rows": [(*row[:-1], 1e-5 * row[-1]) for row in UNITS]},
    "huge": {"rows": [(*row[:-1], 1e4 * row[-1]) for row in SIX]},
    "nobody smiles": {"clip": Clip(aus=np.full((60, 17), 0.1), fps=25, name="calm")},
    "three frames": {"clip": a_clip(3), "at": (1,)},
    "one frame": {"clip": a_clip(1).replace(times=None, fps=25), "at": (0,)},
    "long names": {"clip": a_clip().replace(name="/recordings/" * 9 + "cost$_smile_2$.mp4"),
                   "rows": [(f"some_$branch$_whose_name_is_long_{row[0]}", *row[1:])
                            for row in SIX],
                   "classes": ("$posed$ as told by somebody", "wholly $spontaneous")},
}


class TestLayout:
    @pytest.mark.parametrize("case", list(CASES))
    def test_no_text_is_cut_off_or_written_over(self, case):
        display = ContributionsDisplay.from_explanation(made(**CASES[case]))
        check_readable(display.figure_, least=15)
        FigureCanvasAgg(display.figure_).draw()
        columns = [t.label2.get_window_extent()
                   for t in display.axes_[2].xaxis.get_major_ticks()]
        title = display.axes_[0]._left_title.get_window_extent()
        for k, box in enumerate(columns):
            assert box.x1 <= display.figure_.bbox.x1 + 1
            assert not box.overlaps(title)
            assert not any(box.overlaps(other) for other in columns[k + 1:])

    def test_many_units_and_rows(self):
        explanation = explain(fitted(), a_clip())
        display = ContributionsDisplay.from_explanation(explanation, n_aus=17, n_rows=17)
        check_readable(display.figure_, least=60)
        assert len(display.map_.drawn_) <= 17


class NoLogOdds(ClassifierMixin, BaseEstimator):
    """Decides by AU06, and says of it what is no log-odds."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def decision_function(self, X):
        return np.array([np.asarray(clip.aus)[:, 4].max() - 1.0 for clip in X])

    def predict(self, X):
        return self.classes_[(self.decision_function(X) > 0).astype(int)]


class TestSystems:
    def test_from_estimator(self):
        model = fitted()
        display = ContributionsDisplay.from_estimator(model, a_clip())
        decision = model.decision_function([a_clip()])[0]
        assert display.explanation.decision == pytest.approx(decision)
        said = model.predict([a_clip()])[0]
        p = model.predict_proba([a_clip()])[0].max()
        assert heading(display)[1].startswith(f"decision: {said}, P ")
        assert f"P = {p:.2f}" in heading(display)[1] or p > 0.995
        assert display.map_.values.to_numpy().sum() == pytest.approx(
            decision - display.explanation.baseline_decision, abs=1e-6)

    def test_a_fusion(self):
        smiles = known_clips(6, 2, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            machine = AUDASVMEnsemble(levels=("au",), cv=2)
            fusion = StackingFusion([("one", machine), ("two", machine)], fuse="proba", cv=2)
            fusion.fit(smiles.data, smiles.target)
        display = ContributionsDisplay.from_estimator(fusion, smiles.data[0])
        assert [t.get_text() for t in display.axes_[3].get_yticklabels()] == ["one", "two"]
        check_readable(display.figure_, least=40)

    def test_decisions_that_are_no_log_odds(self):
        model = NoLogOdds().fit(None, [0, 1])
        display = ContributionsDisplay.from_estimator(model, a_clip(), n_orders=4)
        assert "P =" not in "".join(heading(display))
        assert list(display.map_.drawn_.index) == ["AU06"]

    def test_drawn_again_elsewhere(self):
        display = draw(SIX)
        figure = Figure(figsize=(12, 7), layout="constrained")
        assert display.plot(n_rows=2, axes=list(figure.subplots(1, 3))) is display
        assert display.figure_ is figure
        assert len(display.map_.drawn_) == 4  # two, the others, and what is not placed


class TestRefusals:
    @pytest.mark.parametrize("n", [2, 5])
    def test_axes(self, n):
        with pytest.raises(ValueError, match=f"axes must be three or four, .* not {n}"):
            draw(axes=Figure().subplots(n, 1))

    @pytest.mark.parametrize("n", [-1, 1.5, True])
    def test_n_aus(self, n):
        with pytest.raises(ValueError, match="n_aus must be a whole number of at least 0"):
            draw(n_aus=n)

    def test_no_explanation(self):
        with pytest.raises(TypeError, match=r"must be an Explanation, .* not Clip"):
            ContributionsDisplay.from_explanation(a_clip())

    def test_no_matplotlib(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        with pytest.raises(ImportError, match=r"pip install 'smilegenuine\[plot\]'"):
            draw()
