"""Pictures of how far decisions can be believed: reliability of probabilities, and abstention."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import brier_score_loss, log_loss
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d

from ..certainty.abstention import abstention_scores, settled
from ..certainty.reliability import (
    checked_probabilities,
    expected_calibration_error,
    reliability_curve,
)
from ..classifiers.branches import is_recordings
from ..clips.record import as_clips
from .axes import several_axes
from .style import STYLES, shortened

_CURVE = "reliability"  # marks the curves among the lines of axes
_ABSTAIN = "cannot tell"


class ReliabilityDisplay:
    """Probabilities against how often they came true, with intervals that respect subjects.

    Make it with `from_estimator` or `from_predictions`. A curve below the diagonal on its right and
    above it on its left is of a system that is too sure.

    Parameters
    ----------
    curve : DataFrame
        Of `smilegenuine.certainty.reliability.reliability_curve`.
    probabilities : array of shape (n,)
    scores : dict of str to float
        "Brier", "log loss" and "ECE" (expected calibration error over ten bins of equal count).
    pos_label : label
        The class that the probabilities are of.
    name : str, default=""
        In the legend.

    Attributes
    ----------
    figure_ : matplotlib Figure
    axes_ : array of matplotlib Axes
        Of the curve, and of the histogram where there is one; after `plot`.
    line_ : matplotlib Artist
        The curve.
    """

    def __init__(self, curve: pd.DataFrame, probabilities: np.ndarray, scores: dict[str, float],
                 pos_label: Any, name: str = "") -> None:
        self.curve = curve
        self.probabilities = probabilities
        self.scores = scores
        self.pos_label = pos_label
        self.name = name

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, *, groups: Any = None, n_bins: int = 5,
                       confidence: float = 0.95, n_resamples: int = 1000, random_state: Any = 0,
                       name: str | None = None, ax: Any = None) -> ReliabilityDisplay:
        """Draw what a classifier says of clips that it was not trained on.

        Parameters
        ----------
        estimator : fitted classifier or Pipeline
            With `predict_proba`, of two classes.
        X : list of recordings, or table
        y : array-like of shape (n,)
            Labels.
        groups : array-like of shape (n,), optional
            Subjects, for the intervals. Without it, those of the clips.
        n_bins : int, default=5
        confidence : float, default=0.95
        n_resamples : int, default=1000
        random_state : int, RandomState or None, default=0
            See `smilegenuine.certainty.reliability.reliability_curve`.
        name : str, optional
            In the legend; else that of the class.
        ax : matplotlib Axes, or two of them, optional
            See `plot`.

        Returns
        -------
        ReliabilityDisplay

        Raises
        ------
        ValueError
            The classifier has no probabilities or other classes, or see `from_predictions`.
        ImportError
            No matplotlib.
        """
        if not hasattr(estimator, "predict_proba"):
            raise ValueError(f"{type(estimator).__name__} has no predict_proba; CalibratedSystem "
                             "gives probabilities to any classifier")
        check_is_fitted(estimator)
        X, groups = _opened(X, groups)
        classes = _two_classes(estimator.classes_, y)
        return cls.from_predictions(
            y, estimator.predict_proba(X)[:, 1], groups=groups, pos_label=classes[1],
            n_bins=n_bins, confidence=confidence, n_resamples=n_resamples,
            random_state=random_state, name=type(estimator).__name__ if name is None else name,
            ax=ax)

    @classmethod
    def from_predictions(cls, y_true: Any, probabilities: Any, *, groups: Any = None,
                         pos_label: Any = None, n_bins: int = 5, confidence: float = 0.95,
                         n_resamples: int = 1000, random_state: Any = 0, name: str = "",
                         ax: Any = None) -> ReliabilityDisplay:
        """Draw probabilities that are there already, for instance of `cross_val_predict`.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            Labels.
        probabilities : array-like of shape (n,) or (n, 2)
            Of `pos_label`; of two columns, the second.
        groups : array-like of shape (n,), optional
            Subjects, for the intervals.
        pos_label : label, optional
            Else the larger label.
        n_bins : int, default=5
        confidence : float, default=0.95
        n_resamples : int, default=1000
        random_state : int, RandomState or None, default=0
            See `smilegenuine.certainty.reliability.reliability_curve`.
        name : str, default=""
            In the legend.
        ax : matplotlib Axes, or two of them, optional
            See `plot`.

        Returns
        -------
        ReliabilityDisplay

        Raises
        ------
        ValueError
            Different lengths, more than two labels, one label and no `pos_label`, or probabilities
            that are none.
        ImportError
            No matplotlib.
        """
        labels = column_or_1d(y_true)
        values = np.asarray(probabilities, dtype=float)
        if values.ndim == 2 and values.shape[1] == 2:
            values = values[:, 1]
        pos_label = _positive(labels, pos_label)
        y, p = checked_probabilities(labels == pos_label, values)
        curve = reliability_curve(y, p, groups, n_bins=n_bins, confidence=confidence,
                                  n_resamples=n_resamples, random_state=random_state)
        scores = {"Brier": float(brier_score_loss(y, p, pos_label=1)),
                  "log loss": float(log_loss(y, p, labels=[0, 1])),
                  "ECE": expected_calibration_error(y, p)}
        return cls(curve, p, scores, pos_label, name).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> ReliabilityDisplay:
        """Draw into the axes, or into a new figure.

        Parameters
        ----------
        ax : matplotlib Axes, or two of them, optional
            Two: for the curve, and for the histogram of probabilities. One: the curve alone. Else a
            new figure with both. Several displays may be drawn into the same axes.

        Returns
        -------
        self
        """
        self.axes_, self.figure_ = several_axes(
            ax, 2, 1, "one, for the curve, or two, for the curve and the histogram", name="ax",
            or_one=True, figsize=(5.2, 6.2), sharex=True, height_ratios=(3.4, 1))
        top, bottom = self.axes_[0], self.axes_[-1]
        n_before = sum(line.get_gid() == _CURVE for line in top.lines)
        colour, style = STYLES[n_before % len(STYLES)]
        if not n_before:
            top.plot([0, 1], [0, 1], color="0.45", linewidth=0.8, zorder=0)
        self._draw_curve(top, colour, style, n_before)
        if bottom is not top:
            bottom.hist(self.probabilities, bins=np.linspace(0.0, 1.0, 21), histtype="step",
                        color=colour, linestyle=style, linewidth=1.4)
            bottom.set(ylabel="clips")
        bottom.set_xlabel(f"probability of {self.pos_label}", parse_math=False)
        return self

    def _draw_curve(self, ax: Any, colour: str, style: Any, n_before: int) -> None:
        c = self.curve
        ax.vlines(c["predicted"], c["lower"], c["upper"], color=colour, linewidth=1.0, alpha=0.75)
        figures = ", ".join(f"{name} {value:.3f}" for name, value in self.scores.items())
        label = f"{shortened(self.name, 34)}\n{figures}" if self.name else figures
        self.line_, = ax.plot(c["predicted"], c["observed"], color=colour, linestyle=style,
                              marker="osD^vP"[n_before % 6], markersize=5, label=label, gid=_CURVE)
        # Marks lie on the edge where all clips of a bin are of one class.
        ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        ax.set_ylabel(f"share of {self.pos_label}", parse_math=False)
        for text in _legend_above(ax).get_texts():
            text.set_parse_math(False)


class AbstentionDisplay:
    """How much is decided, and how much of it wrongly, against the error rate that was chosen.

    Make it with `from_estimator` or `from_p_values`. Where a promise is kept, the errors of both
    classes stay below the diagonal, but for chance: with few subjects they may lie above it.

    Parameters
    ----------
    error_rates : array of shape (m,)
    scores : DataFrame
        A row an error rate: `decided`, `error_decided`, and ``error of <class>`` for both.
    smallest : float
        Error rate below which there were too few subjects to decide for both classes; shaded.

    Attributes
    ----------
    figure_ : matplotlib Figure
    axes_ : array of matplotlib Axes
        Share decided, and errors; after `plot`.
    """

    def __init__(self, error_rates: np.ndarray, scores: pd.DataFrame, smallest: float) -> None:
        self.error_rates = error_rates
        self.scores = scores
        self.smallest = smallest

    @classmethod
    def from_estimator(cls, classifier: Any, X: Any, y: Any, *, groups: Any = None,
                       error_rates: Any = None, ax: Any = None) -> AbstentionDisplay:
        """Draw what a fitted classifier decides of new people's clips.

        Parameters
        ----------
        classifier : fitted SubjectConformalClassifier
        X : list of recordings, or table
        y : array-like of shape (n,)
            Labels.
        groups : array-like of shape (n,), optional
            Subjects: everybody has the same weight. Without it, those of the clips.
        error_rates : array-like of shape (m,), optional
            Else 0.01, 0.02, … 0.5.
        ax : two matplotlib Axes, optional
            For the share decided and for errors; else a new figure.

        Returns
        -------
        AbstentionDisplay

        Raises
        ------
        ValueError
            The classifier has no p-values or other classes, or see `from_p_values`.
        ImportError
            No matplotlib.
        """
        if not hasattr(classifier, "p_values"):
            raise ValueError(f"{type(classifier).__name__} has no p_values; put it into a "
                             "SubjectConformalClassifier")
        check_is_fitted(classifier)
        X, groups = _opened(X, groups)
        classes = _two_classes(classifier.classes_, y)
        return cls.from_p_values(y, classifier.p_values(X), classes=classes, groups=groups,
                                 error_rates=error_rates, ax=ax,
                                 smallest=classifier.smallest_error_rate_)

    @classmethod
    def from_p_values(cls, y_true: Any, p_values: Any, *, classes: Any = None, groups: Any = None,
                      error_rates: Any = None, smallest: float = 0.0, ax: Any = None
                      ) -> AbstentionDisplay:
        """Draw p-values that are there already, for instance of several folds.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            Labels.
        p_values : array-like of shape (n, 2)
            Of `SubjectConformalClassifier.p_values`.
        classes : sequence of two labels, optional
            In the order of the columns; else the sorted labels.
        groups : array-like of shape (n,), optional
            Subjects: everybody has the same weight.
        error_rates : array-like of shape (m,), optional
            Else 0.01, 0.02, … 0.5.
        smallest : float, default=0.0
            Error rate below which there were too few subjects to decide for both classes; it is
            shaded.
        ax : two matplotlib Axes, optional
            For the share decided and for errors; else a new figure.

        Returns
        -------
        AbstentionDisplay

        Raises
        ------
        ValueError
            Different lengths, other than two classes, or error rates that are not between 0 and 1.
        ImportError
            No matplotlib.
        """
        labels, p = column_or_1d(y_true), np.asarray(p_values, dtype=float)
        check_consistent_length(labels, p)
        classes = _two_classes(np.unique(labels) if classes is None else classes, labels)
        rates = np.arange(1, 51) / 100 if error_rates is None else \
            np.sort(np.asarray(error_rates, dtype=float).ravel())
        if not len(rates):
            raise ValueError("error_rates is empty; leave it out for 0.01, 0.02, … 0.5")
        names = np.array([*classes.astype(object), _ABSTAIN], dtype=object)
        rows = []
        for rate in rates:
            scores = abstention_scores(labels, names[settled(p, rate)], groups=groups)
            rows.append({"decided": scores.at["all", "decided"],
                         "error_decided": scores.at["all", "error_decided"],
                         **{f"error of {c}": scores["error"].get(c, np.nan) for c in classes}})
        return cls(rates, pd.DataFrame(rows), smallest).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> AbstentionDisplay:
        """Draw into the axes, or into a new figure.

        Parameters
        ----------
        ax : two matplotlib Axes, optional
            For the share decided and for errors.

        Returns
        -------
        self
        """
        self.axes_, self.figure_ = several_axes(
            ax, 2, 1, "two, for the share decided and for errors", name="ax", figsize=(5.6, 6.0),
            sharex=True, height_ratios=(1, 1.5))
        top, bottom = self.axes_
        most = float(self.error_rates.max())
        colour, style = STYLES[0]
        top.plot(self.error_rates, self.scores["decided"], color=colour, linestyle=style)
        top.set(ylabel="share decided", ylim=(-0.03, 1.03), xlim=(0.0, most))
        bottom.plot([0, most], [0, most], color="0.45", linewidth=0.8, label="error rate promised")
        lines = [c for c in self.scores if c not in ("decided", "error_decided")]
        labels = [*lines, "error among the decided"]
        columns = [*lines, "error_decided"]
        for label, column, (colour, style) in zip(labels, columns, STYLES[1:], strict=False):
            bottom.plot(self.error_rates, self.scores[column], color=colour, linestyle=style,
                        label=label)
        bottom.set(xlabel="error rate chosen", ylabel="share decided wrongly", xlim=(0.0, most),
                   ylim=(0.0, max(most, float(np.nanmax(self.scores[columns].to_numpy(),
                                                        initial=0.0))) * 1.03))
        for axis in (top, bottom):
            axis.axvspan(0.0, min(self.smallest, most), color="0.9", linewidth=0)
        for text in _legend_above(bottom, 2).get_texts():
            text.set_parse_math(False)
        return self


def _legend_above(ax: Any, n_columns: int = 1) -> Any:
    # Above the axes: inside, a curve may run anywhere.
    return ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.3,
                     fontsize="small", frameon=False, ncols=n_columns)


def _opened(X: Any, groups: Any) -> tuple[Any, Any]:
    """What to ask about, and whose it is, where the clips say so and nobody else does."""
    if not is_recordings(X):
        return X, groups
    clips = as_clips(X)
    if groups is None and all(clip.subject is not None for clip in clips):
        groups = [clip.subject for clip in clips]
    return clips, groups


def _two_classes(classes: Any, y: Any) -> np.ndarray:
    classes = np.asarray(classes)
    if classes.shape != (2,):
        raise ValueError(f"there must be two classes, not {', '.join(map(str, classes.ravel()))}")
    strange = [str(label) for label in np.unique(column_or_1d(y)) if label not in list(classes)]
    if strange:
        raise ValueError(f"y has labels {', '.join(strange)}, and the classes are "
                         f"{', '.join(map(str, classes))}")
    return classes


def _positive(labels: np.ndarray, pos_label: Any) -> Any:
    """The class that probabilities are of, or raise."""
    known = np.unique(labels)
    if len(known) > 2:
        raise ValueError(f"y_true must have two labels, not {len(known)}")
    if pos_label is not None:
        if len(known) == 2 and pos_label not in list(known):
            raise ValueError(f"pos_label is {pos_label!r}, and y_true has "
                             f"{', '.join(map(str, known))}")
        return pos_label
    if len(known) < 2:
        raise ValueError(f"y_true has one label only, '{known[0] if len(known) else ''}'; say by "
                         "pos_label which one the probabilities are of")
    return known[1]
