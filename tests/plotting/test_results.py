"""Scores fold by fold: what is drawn is what was found, and it can be read."""

from __future__ import annotations

import dataclasses
import sys

import numpy as np
import pandas as pd
import pytest
from pictures import check_readable, look_of, made_evaluation
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from smilegenuine import evaluate
from smilegenuine.datasets import published_figures
from smilegenuine.plotting.results import FoldScoresDisplay

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.collections import LineCollection  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

NAMES = ["auda-frame", "auda-au", "fusion"]
LONG = [f"a system with a name that goes on and on, number {k:02d}" for k in range(14)]


def draw(found=None, **params) -> FoldScoresDisplay:
    return FoldScoresDisplay.from_evaluation(found or made_evaluation(NAMES), **params)


def marks(display, marker: str):
    line, = [line for line in display.ax_.lines if line.get_marker() == marker]
    return line


def bars(display, dashed: bool = False) -> np.ndarray:
    """(row, from, to) of the intervals."""
    found = [c for c in display.ax_.collections if isinstance(c, LineCollection)
             and (c.get_linestyle()[0][1] is not None) == dashed]
    return np.array([(y, *sorted((x0, x1))) for c in found
                     for (x0, y), (x1, _) in c.get_segments()])


def names(display) -> list[str]:
    return [t.get_text() for t in display.ax_.get_legend().get_texts()]


class TestWhatIsDrawn:
    def test_every_fold_of_every_system(self):
        found = made_evaluation(NAMES)
        display = draw(found)
        assert display.figure_ is display.ax_.figure
        x, y = marks(display, "o").get_data()
        drawn = sorted(zip(np.round(y).astype(int), np.round(x, 9), strict=True))
        known = sorted((NAMES.index(s), round(v, 9)) for s, v in
                       zip(found.scores["system"], found.scores["accuracy"], strict=True))
        assert drawn == known
        assert np.abs(y - np.round(y)).max() < 0.2  # clear of the means

    def test_folds_that_score_the_same_are_all_seen(self):
        x, y = marks(draw(made_evaluation(NAMES, 8, 4)), "o").get_data()
        assert len(set(zip(x, np.round(y, 6), strict=True))) == 24

    def test_dots_are_joined_by_fold(self):
        found = made_evaluation(NAMES)
        display = draw(found)
        joined = [line.get_xdata() for line in display.ax_.lines if len(line.get_xdata()) == 3
                  and line.get_marker() == "None"]
        by_fold = found.scores.pivot(index="fold", columns="system", values="accuracy")[NAMES]
        np.testing.assert_allclose(joined, by_fold.to_numpy())

    def test_means_and_intervals_are_those_of_the_evaluation(self):
        found = made_evaluation(NAMES, 10)
        display, table = draw(found, confidence=0.9), found.summary(confidence=0.9)
        np.testing.assert_allclose(marks(display, "D").get_xdata(), table["accuracy"])
        drawn = bars(display)
        np.testing.assert_allclose(drawn[:, 1], table["accuracy lower"].clip(0, 1))
        np.testing.assert_allclose(drawn[:, 2], table["accuracy upper"].clip(0, 1))
        assert "mean, 90 % interval" in names(display)

    def test_published_figures_with_their_spread(self):
        display = draw(published=published_figures("uva-nemo"))
        stars = marks(display, "*")
        np.testing.assert_allclose(stars.get_xdata(), [0.775, 0.801, 0.818])
        np.testing.assert_allclose(bars(display, dashed=True)[:, 1:],
                                   [[0.732, 0.818], [0.772, 0.83], [0.789, 0.847]])
        assert np.abs(stars.get_ydata() - marks(display, "D").get_ydata()).min() > 0.4
        assert "published ± sd over folds" in names(display)

    def test_published_without_spread_and_of_systems_that_are_not_there(self):
        table = pd.DataFrame({"system": ["nobody", "fusion"], "accuracy": [0.6, 0.9]})
        display = draw(published=table)
        np.testing.assert_allclose(marks(display, "*").get_xdata(), [0.9])
        assert names(display)[2] == "published"
        assert len(draw(published=table[:1]).ax_.get_legend().get_texts()) == 3

    def test_only_some_systems_in_the_order_asked_for(self):
        display = draw(systems=["fusion", "auda-au"])
        assert [t.get_text() for t in display.ax_.get_yticklabels()] == ["fusion", "auda-au"]
        assert draw(systems="auda-au").means["system"].tolist() == ["auda-au"]

    def test_drawn_again_elsewhere(self):
        display = draw()
        figure = Figure()
        assert display.plot(ax=figure.subplots()) is display
        assert display.figure_ is figure
        assert plt.get_fignums() == [1]


class TestChance:
    @pytest.mark.parametrize("score", ["accuracy", "balanced accuracy", "F1"])
    def test_is_what_the_best_constant_gets_over_the_same_folds(self, score):
        rng = np.random.default_rng(0)
        y, groups = np.repeat([0, 0, 0, 1, 1], 8), np.arange(40) % 10
        always = {str(k): DummyClassifier(strategy="constant", constant=k) for k in (0, 1)}
        found = evaluate(always | {"some": LogisticRegression()}, rng.normal(size=(40, 2)), y,
                         groups, cv=5)
        table = found.summary().set_index("system")
        assert draw(found, systems="some", score=score).chance == pytest.approx(
            table.loc[["0", "1"], score].max())

    def test_of_the_auc_is_a_half(self):
        display = draw(score="AUC")
        assert display.chance == 0.5
        assert names(display)[-1] == "chance (50 %)"

    def test_is_not_drawn_where_it_is_not_known(self):
        found = made_evaluation(NAMES, 2, one_class_folds=(1, 2))
        display = draw(found, score="AUC")
        assert display.chance is None
        assert not [name for name in names(display) if name.startswith("chance")]


class TestOddEvaluations:
    def test_one_fold_and_one_system(self):
        display = draw(made_evaluation(["a"], 1))
        assert names(display) == ["a fold", "mean", "chance (50 %)"]
        assert not len(bars(display))
        check_readable(display.figure_)

    def test_folds_that_all_agree_have_no_interval(self):
        display = draw(made_evaluation(["sure"], skill=50.0))
        assert marks(display, "D").get_xdata() == [1.0]
        assert not len(bars(display))

    def test_a_fold_of_one_class_has_no_auc(self):
        found = made_evaluation(NAMES, one_class_folds=(2,))
        display = draw(found, score="AUC")
        x, _ = marks(display, "o").get_data()
        assert np.isnan(x).sum() == 3
        np.testing.assert_allclose(marks(display, "D").get_xdata(), found.summary()["AUC"])
        check_readable(display.figure_)

    def test_a_system_without_scores_is_said_to_be_not_known(self):
        found = made_evaluation(NAMES, without_scores=("auda-au",))
        display = draw(found, score="AUC")
        assert [(t.get_text(), t.get_position()[1]) for t in display.ax_.texts] == [
            ("not known", 1)]
        assert not draw(found).ax_.texts
        nothing = made_evaluation(NAMES, without_scores=NAMES)
        check_readable(draw(nothing, score="AUC").figure_)

    def test_a_missing_fold_costs_only_itself(self):
        found = made_evaluation(NAMES)
        lost = (found.scores["system"] == "auda-au") & (found.scores["fold"] == 2)
        display = draw(dataclasses.replace(found, scores=found.scores[~lost]))
        x, _ = marks(display, "o").get_data()
        assert np.isnan(x).sum() == 1
        kept = found.scores[(found.scores["system"] == "auda-au") & ~lost]
        assert marks(display, "D").get_xdata()[1] == pytest.approx(kept["accuracy"].mean())
        assert len(bars(display)) == 3


class TestLayout:
    @pytest.mark.parametrize("case", ["usual", "sixteen", "strange names", "words"])
    def test_no_text_is_cut_off_or_written_over(self, case):
        systems = {"usual": NAMES, "sixteen": [*LONG, "auda-au", "fusion"], "words": NAMES,
                   "strange names": [r"cost$\foo$_a", "$x$ $y$", "_hidden", "two\nlines"]}[case]
        classes = ("posed", "spontaneous") if case == "words" else (0, 1)
        display = draw(made_evaluation(systems, 10, classes=classes),
                       published=published_figures("uva-nemo"))
        check_readable(display.figure_, least=10)
        labels = [t.get_text() for t in display.ax_.get_yticklabels()]
        assert len(set(labels)) == len(systems)
        if case == "strange names":
            assert labels == [r"cost$\foo$_a", "$x$ $y$", "_hidden", "two lines"]

    @pytest.mark.parametrize("size", [(4.5, 3.5), (12.0, 9.0)])
    def test_own_axes(self, size):
        figure = Figure(figsize=size, layout="constrained")
        assert draw(ax=figure.subplots()).figure_ is figure
        assert plt.get_fignums() == []
        check_readable(figure)

    def test_told_apart_in_grey(self):
        display = draw(published=published_figures("uva-nemo"))
        looks = [look_of(marks(display, marker)) for marker in "oD*"]
        assert len({look[1] for look in looks}) == 3
        assert abs(looks[0][2] - looks[1][2]) > 0.3  # filled light and dark
        assert abs(looks[1][2] - looks[2][2]) > 0.3


class TestRefusals:
    def test_no_matplotlib(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        with pytest.raises(ImportError, match=r"pip install 'smilegenuine\[plot\]'"):
            draw()

    def test_no_evaluation(self):
        with pytest.raises(TypeError, match=r"found must be an Evaluation, .* not DataFrame"):
            FoldScoresDisplay.from_evaluation(pd.DataFrame())

    def test_unknown_score(self):
        with pytest.raises(ValueError, match=r"score must be one of accuracy, .* not 'recall'"):
            draw(score="recall")

    @pytest.mark.parametrize(("systems", "named"), [("nobody", "nobody"), (["fusion", "x"], "x"),
                                                    ([], "systems names none")])
    def test_unknown_system(self, systems, named):
        with pytest.raises(ValueError, match=f"{named}: no such system; there is auda-frame, "):
            draw(systems=systems)

    @pytest.mark.parametrize(("table", "message"), [
        (pd.DataFrame({"system": ["a"], "AUC": [0.8]}), "published has no column 'accuracy'"),
        (pd.DataFrame({"accuracy": [0.8]}), "published has no column 'system'; it has accuracy"),
        (pd.DataFrame({"system": ["a"], "accuracy": [81.8]}), "shares of 1, not 81.8")])
    def test_published_that_cannot_be(self, table, message):
        with pytest.raises(ValueError, match=message):
            draw(published=table)

    def test_published_that_is_no_table(self):
        with pytest.raises(TypeError, match=r"published must be a DataFrame .* not dict"):
            draw(published={"fusion": 0.8})
