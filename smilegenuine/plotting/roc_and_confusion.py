"""Pictures of what systems said of each clip: ROC curves and confusion matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.metrics import ConfusionMatrixDisplay, auc, confusion_matrix, roc_curve

from .axes import one_axes
from .lettering import below, draw_legend, short_names
from .results import check_evaluation, chosen_systems, summary_of
from .style import STYLES, readable_on

if TYPE_CHECKING:
    from ..evaluation.comparison import Evaluation

_RATES = np.linspace(0.0, 1.0, 201)  # false alarms at which curves of folds are averaged


class RocDisplay:
    """ROC curves of systems: how many spontaneous smiles are found at what share of false alarms.

    Make it with `from_evaluation`.

    Parameters
    ----------
    curves : mapping of str to (fpr, tpr)
        System -> the curve over all folds together.
    fold_curves : mapping of str to list of (fpr, tpr)
        System -> the curves of its folds.
    aucs : DataFrame
        A row a system, in the order of drawing: `system`; `mean` (over folds), `lower` and `upper`
        of its interval; `pooled`, the area below the curve over all folds; NaN where there is none.
    confidence : float, default=0.95
        Of the intervals.
    display_labels : sequence of two str, default=("the first class", "the second class")
        What the classes are called.

    Attributes
    ----------
    figure_ : matplotlib Figure
    ax_ : matplotlib Axes
        After `plot`.
    """

    def __init__(self, curves: Mapping[str, tuple[np.ndarray, np.ndarray]],
                 fold_curves: Mapping[str, list[tuple[np.ndarray, np.ndarray]]],
                 aucs: pd.DataFrame, confidence: float = 0.95,
                 display_labels: Sequence[str] = ("the first class", "the second class")) -> None:
        self.curves = curves
        self.fold_curves = fold_curves
        self.aucs = aucs
        self.confidence = confidence
        self.display_labels = display_labels

    @classmethod
    def from_evaluation(cls, found: Evaluation, *, systems: Sequence[str] | None = None,
                        folds: str = "auto", confidence: float = 0.95,
                        display_labels: Sequence[str] | None = None, ax: Any = None
                        ) -> RocDisplay:
        """Draw what `evaluate` found.

        Parameters
        ----------
        found : Evaluation
        systems : sequence of str, optional
            Which ones, in this order; else all.
        folds : {"auto", "lines", "band", "none"}, default="auto"
            How to show the folds: each as a thin line, or a band of their mean ± one standard
            deviation. "auto": lines of one system, bands of two or three, nothing of more.
        confidence : float, default=0.95
            Of the intervals of the AUC, which are those of `Evaluation.summary`.
        display_labels : sequence of two str, optional
            What to call the classes; else the labels.
        ax : matplotlib Axes, optional
            Else a new figure.

        Returns
        -------
        RocDisplay

        Raises
        ------
        TypeError, ValueError
            No such system, `folds` is none of these words, or not two `display_labels`.
        ImportError
            No matplotlib.

        Notes
        -----
        The thick curve takes the predictions of all folds together. Each fold has a model of its
        own, whose scores need not mean the same as another's, so that the area below this curve may
        be smaller than the mean of the folds, which is what the legend says. Where no fold shows
        both classes, the legend says the pooled area, and that it is that.
        """
        check_evaluation(found)
        rows, curves, fold_curves = [], {}, {}
        for name in chosen_systems(found, systems):
            predictions = found.predictions[found.predictions["system"] == name]
            pooled = _curve(predictions, found.classes)
            parts = [_curve(part, found.classes) for _, part in predictions.groupby("fold")]
            fold_curves[name] = [part for part in parts if part is not None]
            if pooled is not None:
                curves[name] = pooled
            row = summary_of(found, name, confidence)
            rows.append({"system": name, "mean": row["AUC"], "lower": row["AUC lower"],
                         "upper": row["AUC upper"],
                         "pooled": np.nan if pooled is None else float(auc(*pooled))})
        labels = [label if isinstance(label, str) else f"class {label}" for label in found.classes]
        display = cls(curves, fold_curves, pd.DataFrame(rows), confidence,
                      labels if display_labels is None else display_labels)
        return display.plot(folds=folds, ax=ax)

    def plot(self, *, folds: str = "auto", ax: Any = None) -> RocDisplay:
        """Draw into the axes, or into a new figure.

        Parameters
        ----------
        folds : {"auto", "lines", "band", "none"}, default="auto"
            See `from_evaluation`.
        ax : matplotlib Axes, optional

        Returns
        -------
        self
        """
        if folds not in ("auto", "lines", "band", "none"):
            raise ValueError(f"folds must be auto, lines, band or none, not {folds!r}")
        if len(self.display_labels) != 2:
            raise ValueError(f"display_labels must be two, not {len(self.display_labels)}")
        names = list(self.aucs["system"])
        if folds == "auto":
            folds = "lines" if len(names) == 1 else "band" if len(names) <= 3 else "none"
        # About square; not by its aspect, with which the layout has no room for the legend.
        self.ax_ = ax = one_axes(ax, 5.2, 5.65 + 0.19 * len(names))
        self.figure_ = ax.figure
        chance, = ax.plot((0, 1), (0, 1), color="0.45", linestyle=":", linewidth=1.0, zorder=1)
        handles = []
        for k, name in enumerate(names):
            colour, style = STYLES[k % len(STYLES)]
            self._draw_folds(self.fold_curves.get(name, []), folds, colour)
            line, = ax.plot(*self.curves.get(name, ((), ())), color=colour, linestyle=style,
                            linewidth=2.0, zorder=3)
            handles.append(line)
        first, second = short_names(self.display_labels, 16)
        ax.set_xlabel(f"share of {first} taken for {second} (%)", parse_math=False)
        ax.set_ylabel(f"share of {second} found (%)", parse_math=False)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(lambda share, _: f"{100 * share:.4g}")
        ax.set(xlim=(-0.015, 1.015), ylim=(-0.015, 1.015))
        labels = [f"{short}: {self._auc_text(row)}" for short, row in
                  zip(short_names(names, 30), self.aucs.to_dict("records"), strict=True)]
        draw_legend(ax, [*handles, chance], [*labels, "chance"], fontsize="small", handlelength=3.2,
                    title=self._explanation(folds), title_fontsize="small", alignment="left",
                    **below(ax))
        return self

    def _explanation(self, folds: str) -> str | None:
        """What the numbers and the thin lines are."""
        several = self.aucs["lower"].notna().any()
        interval = f"AUC: mean of folds [{100 * self.confidence:g} % interval]" if several else ""
        drawn = max(map(len, self.fold_curves.values()), default=0)
        thin = {"lines": "thin: folds", "band": "band: folds, mean ± sd"}.get(folds, "")
        parts = [part for part in (interval, thin if drawn > 1 else "") if part]
        return "; ".join(parts) or None

    def _draw_folds(self, curves: list[tuple[np.ndarray, np.ndarray]], how: str, colour: str
                    ) -> None:
        if len(curves) < 2:  # one is what is drawn already
            return
        if how == "lines":
            for fpr, tpr in curves:
                self.ax_.plot(fpr, tpr, color=colour, linewidth=0.7, alpha=0.6, zorder=2)
        elif how == "band":
            hits = np.array([np.interp(_RATES, fpr, tpr) for fpr, tpr in curves])
            mean, sd = hits.mean(axis=0), hits.std(axis=0, ddof=1)
            self.ax_.fill_between(_RATES, np.clip(mean - sd, 0, 1), np.clip(mean + sd, 0, 1),
                                  color=colour, alpha=0.16, linewidth=0, zorder=0)

    def _auc_text(self, row: Mapping[Any, Any]) -> str:
        if np.isnan(row["pooled"]):
            return "no scores"
        if np.isnan(row["mean"]):
            return f"AUC {row['pooled']:.2f} (of all folds together)"
        lower, upper = max(row["lower"], 0.0), min(row["upper"], 1.0)
        interval = f" [{lower:.2f}, {upper:.2f}]" if lower < upper else ""
        return f"AUC {row['mean']:.2f}{interval}"


class ConfusionDisplay:
    """Which class was taken for which: clips, and their shares of the true class.

    Make it with `from_evaluation`.

    Parameters
    ----------
    matrix : array of shape (2, 2)
        Clips: true class in rows, decision in columns.
    display_labels : sequence of two str
        What the classes are called.
    title : str, default=""

    Attributes
    ----------
    figure_ : matplotlib Figure
    ax_ : matplotlib Axes
    text_ : array of shape (2, 2) of matplotlib Text
        After `plot`.
    """

    def __init__(self, matrix: np.ndarray, display_labels: Sequence[str], title: str = "") -> None:
        self.matrix = matrix
        self.display_labels = display_labels
        self.title = title

    @classmethod
    def from_evaluation(cls, found: Evaluation, system: str | None = None, *,
                        display_labels: Sequence[str] | None = None, title: str | None = None,
                        ax: Any = None) -> ConfusionDisplay:
        """Draw what `evaluate` found about a system, over the predictions of all folds together.

        Parameters
        ----------
        found : Evaluation
            A clip that is in several test parts counts each time.
        system : str, optional
            May be left out where there is one.
        display_labels : sequence of two str, optional
            What to call the classes; else the labels.
        title : str, optional
            Else the system's name.
        ax : matplotlib Axes, optional
            Else a new figure.

        Returns
        -------
        ConfusionDisplay

        Raises
        ------
        TypeError, ValueError
            No such system, several to choose from, or not two `display_labels`.
        ImportError
            No matplotlib.
        """
        check_evaluation(found)
        names = chosen_systems(found, None if system is None else [system])
        if len(names) > 1:
            raise ValueError(f"system must be one of {', '.join(names)}")
        predictions = found.predictions[found.predictions["system"] == names[0]]
        truth, decision = (predictions[c].to_numpy() for c in ("truth", "decision"))
        matrix = confusion_matrix(truth, decision, labels=found.classes)
        labels = found.classes if display_labels is None else display_labels
        return cls(matrix, [str(label) for label in labels],
                   names[0] if title is None else title).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> ConfusionDisplay:
        """Draw into the axes, or into a new figure.

        Parameters
        ----------
        ax : matplotlib Axes, optional

        Returns
        -------
        self
        """
        matrix = np.asarray(self.matrix)
        if matrix.shape != (2, 2):
            raise ValueError(f"matrix must be (2, 2), not {matrix.shape}")
        if len(self.display_labels) != 2:
            raise ValueError(f"display_labels must be two, not {len(self.display_labels)}")
        self.ax_ = ax = one_axes(ax, 4.6, 4.2)
        of_class = matrix.sum(axis=1, keepdims=True)
        shares = np.divide(matrix, of_class, out=np.zeros((2, 2)), where=of_class > 0)
        drawn = ConfusionMatrixDisplay(shares, display_labels=["", ""]).plot(
            ax=ax, cmap="Blues", colorbar=False, im_kw={"vmin": 0.0, "vmax": 1.0})
        self.figure_, self.text_ = ax.figure, drawn.text_
        for place, text in np.ndenumerate(self.text_):
            share = f"{100 * shares[place]:.1f} %" if of_class[place[0], 0] else "–"
            text.set(text=f"{matrix[place]}\n{share}", fontsize="large",
                     color=readable_on(drawn.im_.cmap(drawn.im_.norm(shares[place]))))
        labels = short_names(self.display_labels, 16)
        ax.set_xticks((0, 1), labels, parse_math=False)
        ax.set_yticks((0, 1), labels, parse_math=False, rotation=90, va="center")
        ax.set(xlabel="decision", ylabel="true class")
        ax.set_title(short_names([self.title], 40)[0], fontsize="medium", parse_math=False)
        return self


def _curve(predictions: pd.DataFrame, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """False alarms and hits; None where one class is shown, or scores are not known."""
    truth = predictions["truth"].to_numpy() == classes[1]
    values = predictions["score"].to_numpy(dtype=float)
    if len(np.unique(truth)) < 2 or np.isnan(values).any():
        return None
    fpr, tpr, _ = roc_curve(truth, rankdata(values))  # by ranks: log-odds may be infinite
    return fpr, tpr
