"""Pictures of reliability and abstention: what is drawn, and that nothing overlaps."""

from __future__ import annotations

import functools
import sys

import numpy as np
import pytest
from drawn import known_clips
from scipy.special import expit
from sklearn.calibration import calibration_curve
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from smilegenuine import AUDA
from smilegenuine.certainty.abstention import abstention_scores
from smilegenuine.certainty.conformal import SubjectConformalClassifier
from smilegenuine.plotting.reliability_diagram import AbstentionDisplay, ReliabilityDisplay

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402


def told(n: int = 200, seed: int = 0):
    """Words, and probabilities that are true."""
    rng = np.random.default_rng(seed)
    p = expit(rng.normal(0.0, 2.0, n))
    return np.array(["posed", "spontaneous"])[(rng.random(n) < p).astype(int)], p


@functools.cache
def careful():
    X, y = make_classification(240, 5, random_state=0)
    who = np.repeat(np.arange(60), 4)
    classifier = SubjectConformalClassifier(LogisticRegression(), 0.2, holdout=0.5, random_state=0)
    return classifier.fit(X[:160], y[:160], groups=who[:160]), X[160:], y[160:], who[160:]


def boxes(display) -> dict:
    """Where each text is on the picture."""
    FigureCanvasAgg(display.figure_).draw()
    found = []
    for ax in display.axes_:
        found += [ax.xaxis.label, ax.yaxis.label,
                  *(ax.get_legend().get_texts() if ax.get_legend() else ())]
        for axis in (ax.xaxis, ax.yaxis):
            low, high = axis.get_view_interval()
            found += [t.label1 for t in axis.get_major_ticks()
                      if t.label1.get_visible() and low <= t.get_loc() <= high]
    return {text: text.get_window_extent() for text in found if text.get_text()}


def assert_readable(display):
    found = list(boxes(display).items())
    assert len(found) > 8
    page = display.figure_.bbox
    for i, (text, box) in enumerate(found):
        assert page.x0 - 1 <= box.x0 <= box.x1 <= page.x1 + 1, text
        assert page.y0 - 1 <= box.y0 <= box.y1 <= page.y1 + 1, text
        for other, other_box in found[i + 1:]:
            assert not box.overlaps(other_box), (text, other)


def names(ax) -> list[str]:
    return [t.get_text() for t in ax.get_legend().get_texts()]


class TestReliability:
    def test_what_is_drawn(self):
        y, p = told()
        display = ReliabilityDisplay.from_predictions(y, p, groups=np.arange(200) // 4, name="mine")
        top, bottom = display.axes_
        observed, predicted = calibration_curve(y == "spontaneous", p, n_bins=5,
                                                strategy="quantile")
        np.testing.assert_allclose(display.line_.get_xydata(),
                                   np.column_stack([predicted, observed]))
        bars = [segment[:, 1] for segment in top.collections[0].get_segments()]
        np.testing.assert_allclose(bars, display.curve[["lower", "upper"]])
        assert display.scores["Brier"] == brier_score_loss(y == "spontaneous", p)
        assert display.scores["log loss"] == log_loss(y, p)
        assert names(top) == [f"mine\nBrier {display.scores['Brier']:.3f}, log loss "
                              f"{display.scores['log loss']:.3f}, ECE {display.scores['ECE']:.3f}"]
        assert bottom.get_xlabel() == "probability of spontaneous"
        heights = bottom.patches[0].get_xy()[:, 1]
        assert heights.max() == np.histogram(p, np.linspace(0, 1, 21))[0].max()

    def test_of_the_other_class(self):
        y, p = told()
        display = ReliabilityDisplay.from_predictions(y, 1 - p, pos_label="posed")
        assert display.scores["ECE"] < 0.15
        assert display.axes_[0].get_ylabel() == "share of posed"

    def test_two_columns(self):
        y, p = told()
        display = ReliabilityDisplay.from_predictions(y, np.column_stack([1 - p, p]))
        np.testing.assert_array_equal(display.probabilities, p)

    def test_of_a_classifier_of_clips(self):
        """Whose clips they are is in the clips."""
        smiles = known_clips(8, 4, random_state=3)
        line = make_pipeline(AUDA(phases=("onset",)), LogisticRegression(C=0.01, max_iter=5000))
        line.fit(smiles.data, smiles.target)
        display = ReliabilityDisplay.from_estimator(line, smiles.data, smiles.target, n_bins=2)
        assert display.curve["subjects"].max() <= 8
        assert display.name == "Pipeline"
        told_by_hand = ReliabilityDisplay.from_estimator(line, smiles.data, smiles.target, n_bins=2,
                                                         groups=smiles.groups)
        assert display.curve.equals(told_by_hand.curve)
        nobody = [clip.replace(subject=None) for clip in smiles.data]
        alone = ReliabilityDisplay.from_estimator(line, nobody, smiles.target, n_bins=2)
        assert alone.curve["subjects"].sum() == 32

    def test_of_a_classifier_of_tables(self):
        _, X, y, _ = careful()
        words = np.array(["no", "yes"])[y]
        display = ReliabilityDisplay.from_estimator(LogisticRegression().fit(X, words), X, words)
        assert display.pos_label == "yes"

    def test_several_in_the_same_axes_look_different(self):
        y, p = told()
        first = ReliabilityDisplay.from_predictions(y, p, name="a")
        second = ReliabilityDisplay.from_predictions(y, p**2, name="b $x_1$", ax=first.axes_)
        assert first.line_.get_color() != second.line_.get_color()
        assert first.line_.get_linestyle() != second.line_.get_linestyle()
        assert first.line_.get_marker() != second.line_.get_marker()
        assert [n.split("\n")[0] for n in names(first.axes_[0])] == ["a", "b $x_1$"]
        assert sum(line.get_gid() is None for line in first.axes_[0].lines) == 1  # the diagonal
        assert_readable(second)

    @pytest.mark.parametrize("case", ["true", "sure", "one class", "long name"])
    def test_readable(self, case):
        y, p = told()
        if case == "sure":
            p = p.round()
        if case == "one class":
            y = np.full(200, "spontaneous")
        display = ReliabilityDisplay.from_predictions(
            y, p, pos_label="spontaneous", name="W" * 200 if case == "long name" else case)
        assert np.isfinite(list(display.scores.values())).all()
        assert_readable(display)

    def test_one_axes(self):
        y, p = told()
        display = ReliabilityDisplay.from_predictions(y, p, ax=Figure().subplots())
        assert len(display.axes_) == 1
        assert display.axes_[0].get_xlabel() == "probability of spontaneous"
        assert not display.axes_[0].patches
        assert plt.get_fignums() == []

    def test_drawn_again_elsewhere(self):
        y, p = told()
        display = ReliabilityDisplay.from_predictions(y, p)
        axes = Figure().subplots(2, 1)
        assert display.plot(ax=axes) is display
        assert len(axes[0].lines) == 2

    @pytest.mark.parametrize(("y", "p", "options", "message"), [
        ([0, 1], [0.1, 1.1], {}, "probabilities must be between 0 and 1"),
        ([0, 1], [0.1], {}, "as long as each other"),
        ([0, 1, 2], [0.1, 0.2, 0.3], {}, "y_true must have two labels, not 3"),
        ([0, 0], [0.1, 0.2], {}, "one label only, '0'; say by pos_label"),
        ([0, 1], [0.1, 0.2], {"pos_label": "x"}, "pos_label is 'x', and y_true has 0, 1"),
        ([0, 1], [0.1, 0.2], {"ax": [1, 2, 3]}, "ax must be one, .* not 3"),
    ])
    def test_refusals(self, y, p, options, message):
        with pytest.raises(ValueError, match=message):
            ReliabilityDisplay.from_predictions(y, p, **options)

    def test_classifiers_without_probabilities_or_of_other_classes(self):
        _, X, y, _ = careful()
        with pytest.raises(ValueError, match="SVC has no predict_proba; CalibratedSystem"):
            ReliabilityDisplay.from_estimator(SVC().fit(X, y), X, y)
        with pytest.raises(ValueError, match="y has labels posed, spontaneous, and the classes"):
            ReliabilityDisplay.from_estimator(LogisticRegression().fit(X, y), X,
                                              np.array(["posed", "spontaneous"])[y])
        with pytest.raises(ValueError, match="there must be two classes, not 0, 1, 2"):
            ReliabilityDisplay.from_estimator(
                LogisticRegression().fit(X, np.arange(len(X)) % 3), X, y)


class TestAbstention:
    def test_what_is_drawn(self):
        classifier, X, y, who = careful()
        display = AbstentionDisplay.from_estimator(classifier, X, y, groups=who,
                                                   error_rates=[0.3, 0.1])
        assert display.error_rates.tolist() == [0.1, 0.3]
        for rate, (_, row) in zip((0.1, 0.3), display.scores.iterrows(), strict=True):
            found = abstention_scores(y, classifier.decide(X, error_rate=rate), groups=who)
            assert row["decided"] == found.at["all", "decided"]
            assert row["error_decided"] == found.at["all", "error_decided"]
            assert [row["error of 0"], row["error of 1"]] == found["error"].iloc[:2].tolist()
        top, bottom = display.axes_
        np.testing.assert_array_equal(top.lines[0].get_ydata(), display.scores["decided"])
        assert names(bottom) == ["error rate promised", "error of 0", "error of 1",
                                 "error among the decided"]
        for line, column in zip(bottom.lines[1:], ("error of 0", "error of 1", "error_decided"),
                                strict=True):
            np.testing.assert_array_equal(line.get_ydata(), display.scores[column])
        looks = {(line.get_color(), str(line.get_linestyle())) for line in bottom.lines}
        assert len(looks) == 4

    def test_where_subjects_were_too_few_is_shaded(self):
        classifier, X, y, _ = careful()
        display = AbstentionDisplay.from_estimator(classifier, X, y)
        assert display.smallest == classifier.smallest_error_rate_
        for ax in display.axes_:
            patch, = ax.patches
            assert patch.get_x() + patch.get_width() == display.smallest
        below = display.error_rates < display.smallest
        assert (display.scores.loc[below, "decided"] == 0).all()
        assert display.scores.loc[below, "error_decided"].isna().all()

    def test_of_clips(self):
        smiles = known_clips(8, 4, random_state=3)
        line = make_pipeline(AUDA(phases=("onset",)), LogisticRegression(C=0.01, max_iter=5000))
        classifier = SubjectConformalClassifier(line, 0.25, holdout=0.5, random_state=0)
        classifier.fit(smiles.data, np.array(["posed", "spontaneous"])[smiles.target])
        with pytest.raises(ValueError, match="y has labels 0, 1, and the classes are posed, spont"):
            AbstentionDisplay.from_estimator(classifier, smiles.data, smiles.target)
        display = AbstentionDisplay.from_estimator(
            classifier, smiles.data, np.array(["posed", "spontaneous"])[smiles.target])
        assert "error of spontaneous" in display.scores
        assert_readable(display)

    @pytest.mark.parametrize("case", ["one class", "nothing decided", "all wrong"])
    def test_readable(self, case):
        y = np.ones(40, int) if case == "one class" else np.arange(40) % 2
        p = np.full((40, 2), 0.7) if case == "nothing decided" else \
            np.random.default_rng(0).random((40, 2))
        if case == "all wrong":
            p = np.column_stack([y, 1 - y]) * 0.9 + 0.01
        display = AbstentionDisplay.from_p_values(y, p, classes=[0, 1])
        assert_readable(display)
        if case == "all wrong":
            assert display.axes_[1].get_ylim()[1] > 1.0

    def test_refusals(self):
        _, X, y, _ = careful()
        with pytest.raises(ValueError, match="LogisticRegression has no p_values; put it into a"):
            AbstentionDisplay.from_estimator(LogisticRegression().fit(X, y), X, y)
        with pytest.raises(ValueError, match=r"ax must be two, .* not 1"):
            AbstentionDisplay.from_p_values([0, 1], [[1, 1], [1, 1]], ax=Figure().subplots())
        with pytest.raises(ValueError, match="error_rates is empty"):
            AbstentionDisplay.from_p_values([0, 1], [[1, 1], [1, 1]], error_rates=[])
        with pytest.raises(ValueError, match="error_rate must be a number between 0 and 1"):
            AbstentionDisplay.from_p_values([0, 1], [[1, 1], [1, 1]], error_rates=[0.0, 0.1])
        with pytest.raises(ValueError, match="there must be two classes, not 1"):
            AbstentionDisplay.from_p_values([1, 1], [[1, 1], [1, 1]])
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            AbstentionDisplay.from_p_values([0, 1], [[1, 1]])


def test_no_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    y, p = told()
    with pytest.raises(ImportError, match=r"pip install 'smilegenuine\[plot\]'"):
        ReliabilityDisplay.from_predictions(y, p)
