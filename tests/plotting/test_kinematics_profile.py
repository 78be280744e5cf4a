"""A smile's figures as a picture: where they lie, what they contribute, and all of it readable."""

from __future__ import annotations

import functools
import sys

import numpy as np
import pandas as pd
import pytest
from drawn import known_meshes
from matplotlib.colors import to_rgb
from pictures import boxes, check_readable, lightness

from smilegenuine import Clip, KinematicsClassifier, KinematicsPipeline, SmileKinematics
from smilegenuine.classifiers.kinematics_classifier import LEVELS
from smilegenuine.explain import reasons
from smilegenuine.explain.kinematics_words import short_words
from smilegenuine.features.smile_kinematics import KINEMATICS
from smilegenuine.plotting import KinematicsDisplay
from smilegenuine.plotting.style import AGAINST_FOR

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402


@functools.cache
def clips() -> list[Clip]:
    return known_meshes(4, 4).data


@functools.cache
def model(labels: tuple = (0, 1)) -> KinematicsPipeline:
    kinematics = SmileKinematics().set_output(transform="pandas")
    clf = KinematicsClassifier(1, random_state=0).fit(
        kinematics.fit_transform(clips()), np.array(labels)[known_meshes(4, 4).target])
    return KinematicsPipeline([("kinematics", kinematics), ("classifier", clf)])


def calm() -> Clip:
    rng = np.random.default_rng(0)
    face = np.asarray(clips()[0].landmarks[0])
    return Clip(landmarks=face + rng.normal(0.0, 0.02, (60, *face.shape)), fps=25.0, name="calm")


def cut() -> Clip:
    """The onset alone, and a bit of the apex."""
    clip = clips()[1]
    n = int(0.4 * len(clip.times))
    return Clip(landmarks=clip.landmarks[:n], times=clip.times[:n], name="cut")


def twice() -> Clip:
    face = np.asarray(clips()[1].landmarks)
    both = np.concatenate([face, np.repeat(face[:1], 75, axis=0), face])
    return Clip(landmarks=both, fps=25.0, name="twice")


def draw(clip: Clip | None = None, **params) -> KinematicsDisplay:
    return KinematicsDisplay.from_model(model(), clips()[1] if clip is None else clip, **params)


def heading(display) -> list[str]:
    return display.axes_[0].get_title(loc="left").splitlines()


def names(ax) -> list[str]:
    return [t.get_text() for t in ax.get_yticklabels()]


def made(values, usual=((1.0, 2.0, 3.0, 4.0, 5.0), (2.0, 4.0, 5.0, 6.0, 8.0)),
         contributions=None) -> pd.DataFrame:
    """Reasons of one smile, of the first figures there are."""
    contributions = np.linspace(1.0, -0.5, len(values)) if contributions is None else contributions
    rows = [{"parameter": name, "value": value, "contribution": contribution} | {
        f"{label}_{100 * level:02.0f}": q for label, levels in
        zip(("posed", "spontaneous"), usual, strict=True)
        for level, q in zip(LEVELS, levels, strict=True)}
        for name, value, contribution in zip(KINEMATICS, values, contributions, strict=False)]
    return pd.DataFrame(rows)


def plotted(table: pd.DataFrame, labels=("posed", "spontaneous"), **params) -> KinematicsDisplay:
    return KinematicsDisplay(table, labels, **params).plot()


class TestHeading:
    def test_decision_and_when(self):
        name, decision, when = heading(draw())
        assert name == clips()[1].name
        row = model().find_smiles([clips()[1]]).iloc[0]
        p, log_odds = row[["P(0)", "P(1)"]].max(), model().decision_function([clips()[1]])[0]
        said = ("posed", "spontaneous")[int(log_odds > 0)]
        sure = "> 0.99" if p > 0.995 else f"= {p:.2f}"
        assert decision == f"{said}, P {sure} (log-odds {log_odds:+.2f})".replace("-", "−").replace(
            "log−", "log-")
        assert when == f"smile from {row['start']:.1f} to {row['end']:.1f} s"

    def test_which_of_several(self):
        starts = [s.start for s in model().measured([twice()])[0]]
        assert len(starts) == 2
        for k, start in enumerate(starts, 1):
            assert heading(draw(twice(), smile=k))[-1].startswith(
                f"smile {k} of 2 from {start:.1f} to ")

    def test_where_it_cannot_be_told(self):
        careful = KinematicsPipeline([("kinematics", model()["kinematics"]), (
            "classifier", KinematicsClassifier(1, least_certainty=1.0, random_state=0).fit(
                model()[:1].transform(clips()), known_meshes(4, 4).target))])
        assert heading(KinematicsDisplay.from_model(careful, clips()[1]))[1].startswith(
            ("cannot tell; spontaneous, P ", "cannot tell; posed, P "))
        face = np.asarray(clips()[1].landmarks, dtype=float)
        grimace = clips()[1].replace(landmarks=face[0] + 6.0 * (face - face[0]))
        display = KinematicsDisplay.from_model(
            careful, grimace, display_labels=("posed for the camera", "felt, by all signs"))
        assert heading(display)[1].startswith("cannot tell (unlike what was learnt); ")
        check_readable(display.figure_, least=14)

    def test_titles_and_labels(self):
        assert heading(draw(title="why?"))[0] == "why?"
        assert len(heading(draw(title=""))) == 2
        said = heading(draw(display_labels=("acted", "felt")))[1]
        assert said.startswith(("acted, ", "felt, "))
        words = KinematicsDisplay.from_model(model(("fake", "real")), clips()[1])
        assert heading(words)[1].startswith(("fake, ", "real, "))


class TestStrips:
    def test_rows_are_the_strongest_in_order(self):
        found = reasons(model(), clips()[1])
        rows = names(draw(n=4).axes_[0])
        assert [row.splitlines()[0] for row in rows[:4]] == [
            short_words(p) for p in found["parameter"][:4]]
        assert rows[4:] == ["others (14)"]
        # Of one other there is the name.
        assert not [row for row in names(draw(n=17).axes_[0]) if "others" in row]

    def test_quantiles_and_value_are_where_they_belong(self):
        display = plotted(made([2.5, 10.0]))
        ax = display.axes_[0]
        assert names(ax) == ["lips: onset duration\n2.50 s", "lips: apex duration\n10.00 s"]
        boxes_, lines = ax.patches, [line for line in ax.lines if len(line.get_xdata()) == 2]
        # On a scale from the least to the most of what is in the row: 1 to 8, and 1 to 10.
        for row, (low, high) in enumerate(((1.0, 8.0), (1.0, 10.0))):
            for c, levels in enumerate(((1, 2, 3, 4, 5), (2, 4, 5, 6, 8))):
                at = (np.array(levels) - low) / (high - low)
                box = boxes_[2 * row + c]
                assert (box.get_x(), box.get_x() + box.get_width()) == pytest.approx(at[[1, 3]])
                y = box.get_y() + 0.5 * box.get_height()
                assert (y < row) == (c == 0)
                drawn = [line.get_xdata() for line in lines if np.allclose(line.get_ydata(), y)]
                np.testing.assert_allclose(drawn, [at[[0, 4]]])
                medians = [line.get_xdata() for line in lines
                           if np.isclose(np.mean(line.get_ydata()), y) and
                           np.ptp(line.get_ydata()) > 0]
                np.testing.assert_allclose(medians, [at[[2, 2]]])
        marks = [(line.get_xdata()[0], line.get_ydata()[0]) for line in ax.lines
                 if line.get_marker() == "D"]
        np.testing.assert_allclose(marks, [(1.5 / 7.0, 0), (1.0, 1)])
        assert [t.get_text() for t in ax.texts] == ["1.00", "8.00", "1.00", "10.00"]

    def test_all_the_same_and_not_known(self):
        ax = plotted(made([0.0], ((0.0,) * 5, (np.nan,) * 5))).axes_[0]
        assert len(ax.patches) == 1
        assert {float(x) for line in ax.lines if len(line.get_xdata()) < 3 and
                line.get_marker() == "D" for x in line.get_xdata()} == {0.5}
        assert ax.texts == [] or len(ax.texts) == 0

    def test_told_apart_in_grey(self):
        first, second = plotted(made([2.5])).axes_[0].patches
        assert first.get_hatch()
        assert not second.get_hatch()
        assert lightness(to_rgb(first.get_facecolor()[:3])) > 0.95
        assert lightness(to_rgb(second.get_facecolor()[:3])) < 0.6

    def test_legend(self):
        said = [t.get_text() for t in draw().axes_[0].get_legend().get_texts()]
        assert said == ["posed: 5 to 95 %, quartiles, median",
                        "spontaneous: 5 to 95 %, quartiles, median", "this smile"]


class TestBars:
    def test_contributions_and_the_rest_of_them(self):
        found = reasons(model(), clips()[1])["contribution"].to_numpy()
        ax = draw(n=5).axes_[1]
        widths = np.array([bar.get_width() for bar in ax.patches])
        np.testing.assert_allclose(widths, [*found[:5], found[5:].sum()])
        assert widths.sum() == pytest.approx(model().decision_function([clips()[1]])[0])
        for bar, width in zip(ax.patches, widths, strict=True):
            assert bool(bar.get_hatch()) == (width < 0)
            assert tuple(bar.get_facecolor()[:3]) == to_rgb(AGAINST_FOR[2 if width > 0 else 0])
        assert ax.get_xlabel() == "log-odds\n+ for spontaneous\n− for posed"

    def test_they_are_written_with_their_signs(self):
        ax = plotted(made([1.0, 2.0, 3.0], contributions=[-0.5, 0.25, 0.0])).axes_[1]
        assert [t.get_text() for t in ax.texts] == ["−0.50", "+0.25", "0"]


class TestNothing:
    def test_nobody_smiles(self):
        display = draw(calm())
        assert heading(display) == ["calm", "no smile found"]
        assert not display.axes_[1].patches
        check_readable(display.figure_, least=2)

    def test_a_smile_of_which_nothing_is_known(self):
        # It is there from the first frame to the last.
        clip = clips()[1]
        smile, = model().measured([clip])[0]
        figures = dict.fromkeys(KINEMATICS, np.nan)

        class Blind(KinematicsPipeline):
            def measured(self, X):
                return [[smile._replace(figures=figures)]]

        display = KinematicsDisplay.from_model(Blind(model().steps), clip)
        assert heading(display)[1] == "cannot tell"
        assert "Nothing could be measured" in display.axes_[0].texts[0].get_text()


CASES = {"usual": {}, "two rows": {"n": 2}, "all": {"n": 20}, "cut off": {"clip": cut()},
         "second": {"clip": twice(), "smile": 2},
         "strange labels": {"display_labels": ("$posed$ as told by somebody", "wholly $felt"),
                            "title": "/recordings/" * 5 + "cost$_smile_2$.mp4"}}


class TestLayout:
    @pytest.mark.parametrize("case", list(CASES))
    def test_no_text_is_cut_off_or_written_over(self, case):
        display = draw(**CASES[case])
        check_readable(display.figure_, least=14)

    @pytest.mark.parametrize(("values", "contributions"), [
        ([3e-5, 1e3], [1e-6, -1e-6]), ([2.5], [1e4]), ([2.5, 3.0], [0.0, 0.0]),
        ([2.5, 3.0, 9.0], [-1.0, -2.0, -3.0])])
    def test_of_any_size(self, values, contributions):
        check_readable(plotted(made(values, contributions=contributions)).figure_, least=8)

    @pytest.mark.parametrize(("width", "ratios"), [(18, (2.6, 1.0) * 2), (20, (1.0,) * 4)])
    def test_own_axes(self, width, ratios):
        figure = Figure(figsize=(width, 8), layout="constrained")
        axes = figure.subplots(1, 4, width_ratios=ratios)
        for k in (0, 1):
            display = draw(clips()[k], axes=axes[2 * k:2 * k + 2], n=6)
            assert display.figure_ is figure
        assert plt.get_fignums() == []
        check_readable(figure, least=40)

    def test_drawn_again(self):
        display = draw()
        before = len(boxes(display.figure_))
        display.n = 3
        assert display.plot() is display
        assert len(boxes(display.figure_)) < before


class TestRefusals:
    @pytest.mark.parametrize(("params", "message"), [
        ({"n": 0}, "n must be a whole number of at least 1, not 0"),
        ({"n": True}, "n must be a whole number of at least 1, not True"),
        ({"smile": 0}, "smile must be a whole number of at least 1, not 0"),
        ({"smile": 2}, "smile must be 1 to 1, as many as .* has, not 2"),
        ({"display_labels": "ab"}, "display_labels must be two, for the classes 0, 1, not 'ab'"),
        ({"display_labels": ("a",)}, "display_labels must be two, for the classes 0, 1")])
    def test_parameters(self, params, message):
        with pytest.raises(ValueError, match=message):
            draw(**params)

    def test_axes(self):
        with pytest.raises(ValueError, match="axes must be two, for strips and contributions, not"
                           " 3"):
            draw(axes=Figure().subplots(3, 1))

    def test_other_models(self):
        with pytest.raises(ValueError, match="model must be a KinematicsPipeline"):
            KinematicsDisplay.from_model(model()["classifier"], clips()[0])

    def test_no_matplotlib(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        with pytest.raises(ImportError, match=r"pip install 'smilegenuine\[plot\]'"):
            draw()
