"""ROC curves and confusion matrices: equal to scikit-learn's, and readable."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from pictures import check_readable, lightness, look_of, made_evaluation
from sklearn.metrics import confusion_matrix, roc_auc_score, roc_curve

from smilegenuine.plotting.roc_and_confusion import ConfusionDisplay, RocDisplay

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

NAMES = ["auda-frame", "auda-au", "fusion"]
LONG = [f"a system with a name that goes on and on, number {k:02d}" for k in range(16)]


def roc(found=None, **params) -> RocDisplay:
    return RocDisplay.from_evaluation(found or made_evaluation(NAMES), **params)


def thick(display) -> list:
    return [line for line in display.ax_.lines if line.get_linewidth() == 2.0]


def thin(display) -> list:
    return [line for line in display.ax_.lines if line.get_linewidth() == 0.7]


def names(display) -> list[str]:
    return [t.get_text() for t in display.ax_.get_legend().get_texts()]


def of(found, name: str, fold: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    said = found.predictions[found.predictions["system"] == name]
    said = said if fold is None else said[said["fold"] == fold]
    return said["truth"].to_numpy() == found.classes[1], said["score"].to_numpy()


class TestRocCurves:
    def test_are_scikit_learns_over_all_folds(self):
        found = made_evaluation(NAMES)
        display = roc(found)
        for line, name in zip(thick(display), NAMES, strict=True):
            fpr, tpr, _ = roc_curve(*of(found, name))
            np.testing.assert_allclose(line.get_xydata(), np.column_stack([fpr, tpr]))
            row = display.aucs.set_index("system").loc[name]
            assert row["pooled"] == pytest.approx(roc_auc_score(*of(found, name)))

    def test_thin_lines_are_the_folds(self):
        found = made_evaluation(["one"])
        display = roc(found)
        assert len(thin(display)) == 5
        for fold, line in enumerate(thin(display), 1):
            fpr, tpr, _ = roc_curve(*of(found, "one", fold))
            np.testing.assert_allclose(line.get_xydata(), np.column_stack([fpr, tpr]))

    def test_bands_are_mean_and_spread_of_the_folds(self):
        found = made_evaluation(["one"], 4, 40, skill=0.5)
        band, = roc(found, folds="band").ax_.collections
        hits = [np.interp(0.4, *roc_curve(*of(found, "one", fold))[:2]) for fold in range(1, 5)]
        low, high = np.mean(hits) - np.std(hits, ddof=1), np.mean(hits) + np.std(hits, ddof=1)
        edge = band.get_paths()[0].vertices
        at = edge[np.isclose(edge[:, 0], 0.4), 1]
        assert (at.min(), at.max()) == pytest.approx((low, high))

    @pytest.mark.parametrize(("n", "lines", "bands"), [(1, 5, 0), (3, 0, 3), (4, 0, 0)])
    def test_folds_are_shown_where_there_is_room(self, n, lines, bands):
        display = roc(made_evaluation(LONG[:n]))
        assert (len(thin(display)), len(display.ax_.collections)) == (lines, bands)

    @pytest.mark.parametrize(("folds", "lines", "bands"), [
        ("lines", 15, 0), ("band", 0, 3), ("none", 0, 0)])
    def test_folds_are_shown_as_asked_for(self, folds, lines, bands):
        display = roc(folds=folds)
        assert (len(thin(display)), len(display.ax_.collections)) == (lines, bands)

    def test_legend_says_the_mean_and_interval_of_the_evaluation(self):
        found = made_evaluation(NAMES, 8)
        table = found.summary(confidence=0.8)
        display = roc(found, confidence=0.8)
        for text, row in zip(names(display), table.to_dict("records"), strict=False):
            upper = min(row["AUC upper"], 1.0)
            assert text == (f"{row['system']}: AUC {row['AUC']:.2f} "
                            f"[{row['AUC lower']:.2f}, {upper:.2f}]")
        assert names(display)[-1] == "chance"
        title = display.ax_.get_legend().get_title().get_text()
        assert title == "AUC: mean of folds [80 % interval]; band: folds, mean ± sd"

    def test_classes_are_called_by_their_labels_or_as_asked_for(self):
        words = made_evaluation(["one"], classes=("posed", "spontaneous"))
        assert roc(words).ax_.get_xlabel() == "share of posed taken for spontaneous (%)"
        assert roc(words).ax_.get_ylabel() == "share of spontaneous found (%)"
        assert roc().ax_.get_ylabel() == "share of class 1 found (%)"
        assert roc(display_labels=("a", "b")).ax_.get_xlabel() == "share of a taken for b (%)"

    def test_scores_of_a_system_that_is_certain_may_be_infinite(self):
        found = made_evaluation(["one"])
        scores = found.predictions["score"].where(found.predictions["score"] < 0.5, np.inf)
        certain = dataclasses.replace(found, predictions=found.predictions.assign(score=scores))
        assert len(thick(roc(certain))[0].get_xdata()) > 3


class TestOddEvaluations:
    def test_one_fold(self):
        display = roc(made_evaluation(["one"], 1, 30))
        assert not thin(display)
        assert names(display)[0] == f"one: AUC {display.aucs['mean'][0]:.2f}"
        assert display.ax_.get_legend().get_title().get_text() in ("", "None")
        check_readable(display.figure_)

    def test_a_fold_of_one_class_has_no_curve(self):
        found = made_evaluation(["one"], one_class_folds=(2,))
        display = roc(found)
        assert len(thin(display)) == 4
        assert display.aucs["mean"][0] == pytest.approx(found.summary()["AUC"][0])

    def test_where_no_fold_shows_both_classes_the_area_is_that_of_all_together(self):
        found = made_evaluation(["one"], 2, one_class_folds=(1,))
        truth = found.predictions["truth"].where(found.predictions["fold"] == 1, 0)
        split = dataclasses.replace(
            found, predictions=found.predictions.assign(truth=truth),
            scores=found.scores.assign(AUC=np.nan))
        pooled = roc_auc_score(*of(split, "one"))
        assert names(roc(split))[0] == f"one: AUC {pooled:.2f} (of all folds together)"

    def test_a_system_without_scores(self):
        display = roc(made_evaluation(NAMES, without_scores=("auda-au",)))
        assert names(display)[1] == "auda-au: no scores"
        assert [len(line.get_xdata()) > 0 for line in thick(display)] == [True, False, True]
        check_readable(display.figure_)

    def test_a_missing_fold(self):
        found = made_evaluation(["one"])
        part = dataclasses.replace(found, scores=found.scores[found.scores["fold"] != 3],
                                   predictions=found.predictions[found.predictions["fold"] != 3])
        assert len(thin(roc(part))) == 4


class TestRocLayout:
    @pytest.mark.parametrize("case", ["one", "usual", "sixteen", "strange names"])
    def test_no_text_is_cut_off_or_written_over(self, case):
        systems = {"one": ["one"], "usual": NAMES, "sixteen": LONG,
                   "strange names": [r"cost$\foo$_a", "$x$ $y$", "_hidden", "two\nlines"]}[case]
        classes = {"usual": ("posed", "spontaneous"),
                   "strange names": ("a very long name, $x$", "b of a class, $y$ and $z$")
                   }.get(case, (0, 1))
        display = roc(made_evaluation(systems, 10, classes=classes))
        check_readable(display.figure_, least=14)
        if case == "strange names":
            assert [name.split(":")[0] for name in names(display)] == [
                r"cost$\foo$_a", "$x$ $y$", "_hidden", "two lines", "chance"]

    @pytest.mark.parametrize("size", [(4.5, 5.0), (9.0, 12.0)])
    def test_own_axes(self, size):
        figure = Figure(figsize=size, layout="constrained")
        assert roc(ax=figure.subplots()).figure_ is figure
        assert plt.get_fignums() == []
        check_readable(figure)

    def test_curves_are_told_apart_in_grey(self):
        lines = thick(roc(made_evaluation(LONG)))
        for line, following in pairwise(lines):
            assert look_of(line) != look_of(following)
        assert len({(line.get_color(), look_of(line)) for line in lines}) == len(LONG)

    def test_about_square(self):
        for systems in (["one"], NAMES, LONG):
            display = roc(made_evaluation(systems))
            display.figure_.draw_without_rendering()
            box = display.ax_.get_window_extent()
            assert 0.8 < box.width / box.height < 1.25


class TestConfusion:
    @pytest.mark.parametrize("classes", [(0, 1), ("posed", "spontaneous")])
    def test_is_scikit_learns_over_all_folds(self, classes):
        found = made_evaluation(NAMES, classes=classes)
        display = ConfusionDisplay.from_evaluation(found, "auda-au")
        said = found.predictions[found.predictions["system"] == "auda-au"]
        matrix = confusion_matrix(said["truth"], said["decision"])
        np.testing.assert_array_equal(display.matrix, matrix)
        shares = 100 * matrix / matrix.sum(axis=1, keepdims=True)
        for place, text in np.ndenumerate(display.text_):
            assert text.get_text() == f"{matrix[place]}\n{shares[place]:.1f} %"
        for axis in (display.ax_.xaxis, display.ax_.yaxis):
            assert [t.get_text() for t in axis.get_ticklabels()] == [str(c) for c in classes]
        assert display.ax_.get_title() == "auda-au"
        assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("decision", "true class")
        check_readable(display.figure_)

    @pytest.mark.parametrize("share", [0.0, 0.2, 0.4, 0.5, 0.55, 0.6, 0.7, 0.85, 1.0])
    def test_numbers_stand_out_on_any_shade(self, share):
        hits = round(100 * share)
        display = ConfusionDisplay(np.array([[hits, 100 - hits], [100 - hits, hits]]),
                                   ("a", "b")).plot()
        for (i, j), text in np.ndenumerate(display.text_):
            image = display.ax_.images[0]
            ground = image.cmap(image.norm(image.get_array()[i, j]))
            assert abs(lightness(text.get_color()) - lightness(ground)) > 0.4

    def test_darker_is_more_in_grey(self):
        display = ConfusionDisplay(np.array([[90, 10], [35, 65]]), ("a", "b")).plot()
        image = display.ax_.images[0]
        light = [lightness(image.cmap(image.norm(s))) for s in (0.1, 0.35, 0.65, 0.9)]
        assert (np.diff(light) < -0.1).all()
        np.testing.assert_allclose(image.get_array(), [[0.9, 0.1], [0.35, 0.65]])

    def test_a_class_that_nobody_shows(self):
        display = ConfusionDisplay(np.array([[0, 0], [3, 9]]), ("a", "b")).plot()
        assert display.text_[0, 0].get_text() == "0\n–"
        assert display.text_[1, 1].get_text() == "9\n75.0 %"

    def test_long_and_strange_names(self):
        classes = ("a very long name of a class, $x$", "another very long one, $y$ and $z$")
        found = made_evaluation([r"cost$\foo$_a " * 8], classes=classes)
        display = ConfusionDisplay.from_evaluation(found)
        check_readable(display.figure_, least=9)
        figure = Figure(figsize=(3.4, 3.4), layout="constrained")
        short = ConfusionDisplay.from_evaluation(found, display_labels=("no", "yes"), title="",
                                                 ax=figure.subplots())
        assert [t.get_text() for t in short.ax_.get_xticklabels()] == ["no", "yes"]
        assert short.ax_.get_title() == ""
        check_readable(figure)


class TestRefusals:
    @pytest.mark.parametrize("display", [RocDisplay, ConfusionDisplay])
    def test_no_evaluation(self, display):
        with pytest.raises(TypeError, match=r"found must be an Evaluation, .* not DataFrame"):
            display.from_evaluation(pd.DataFrame())

    def test_unknown_way_to_show_folds(self):
        with pytest.raises(ValueError, match="folds must be auto, lines, band or none, not 'dots'"):
            roc(folds="dots")

    def test_unknown_system(self):
        with pytest.raises(ValueError, match="nobody: no such system; there is auda-frame, "):
            ConfusionDisplay.from_evaluation(made_evaluation(NAMES), "nobody")

    def test_several_systems(self):
        with pytest.raises(ValueError, match="system must be one of auda-frame, auda-au, fusion"):
            ConfusionDisplay.from_evaluation(made_evaluation(NAMES))

    def test_labels(self):
        with pytest.raises(ValueError, match="display_labels must be two, not 1"):
            roc(display_labels=["a"])
        with pytest.raises(ValueError, match="display_labels must be two, not 3"):
            ConfusionDisplay(np.eye(2, dtype=int), ("a", "b", "c")).plot()

    def test_matrix(self):
        with pytest.raises(ValueError, match=r"matrix must be \(2, 2\), not \(3, 3\)"):
            ConfusionDisplay(np.eye(3, dtype=int), ("a", "b")).plot()
