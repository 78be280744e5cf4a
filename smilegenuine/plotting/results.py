"""A picture of scores: systems fold by fold, beside what is published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..evaluation.comparison import SCORES
from ..evaluation.comparison import score as score_of
from .axes import one_axes
from .lettering import below, draw_legend, short_names

if TYPE_CHECKING:
    from ..evaluation.comparison import Evaluation

_FOLD, _MEAN, _PUBLISHED = "#56B4E9", "black", "#D55E00"  # Okabe & Ito
_ASIDE = 0.3  # of means and published figures, rows from the folds


class FoldScoresDisplay:
    """A score of each system, fold by fold, with its mean and interval, beside published figures.

    Make it with `from_evaluation`.

    Parameters
    ----------
    folds : DataFrame
        A row a system and fold: `system`, `fold`, `score` (share of 1, or NaN).
    means : DataFrame
        A row a system, in the order of drawing: `system`, `mean`, `lower`, `upper`; NaN where there
        is none.
    published : DataFrame, optional
        `system`, `score` and `sd`, shares of 1. Systems that are not in `means` are not drawn.
    score : str, default="accuracy"
        What the axis is called.
    confidence : float, default=0.95
        Of the intervals.
    chance : float, optional
        Score of a system that knows nothing.

    Attributes
    ----------
    figure_ : matplotlib Figure
    ax_ : matplotlib Axes
        After `plot`.
    """

    def __init__(self, folds: pd.DataFrame, means: pd.DataFrame,
                 published: pd.DataFrame | None = None, score: str = "accuracy",
                 confidence: float = 0.95, chance: float | None = None) -> None:
        self.folds = folds
        self.means = means
        self.published = published
        self.score = score
        self.confidence = confidence
        self.chance = chance

    @classmethod
    def from_evaluation(cls, found: Evaluation, *, score: str = "accuracy",
                        published: pd.DataFrame | None = None,
                        systems: Sequence[str] | None = None, confidence: float = 0.95,
                        ax: Any = None) -> FoldScoresDisplay:
        """Draw what `evaluate` found.

        Parameters
        ----------
        found : Evaluation
        score : {"accuracy", "balanced accuracy", "AUC", "F1"}, default="accuracy"
        published : DataFrame, optional
            Such as ``published_figures("uva-nemo")``: columns `system`, one called as the score,
            and `sd` where a spread is known; shares of 1. Of systems that are not in `found`
            nothing is drawn.
        systems : sequence of str, optional
            Which ones, in this order; else all.
        confidence : float, default=0.95
            Of the intervals, which are those of `Evaluation.summary`. Where all folds agree there
            is none.
        ax : matplotlib Axes, optional
            Else a new figure.

        Returns
        -------
        FoldScoresDisplay

        Raises
        ------
        TypeError, ValueError
            No such score or system, or `published` is no such table.
        ImportError
            No matplotlib.

        Notes
        -----
        Chance is what saying the same of every clip would get at best, in the mean over the same
        folds: the share of the larger class for accuracy, a half for balanced accuracy and AUC
        (where every fold shows both classes), for F1 what always saying the second class gets.
        """
        check_evaluation(found)
        if score not in SCORES:
            raise ValueError(f"score must be one of {', '.join(SCORES)}, not {score!r}")
        names = chosen_systems(found, systems)
        rows = [summary_of(found, name, confidence) for name in names]
        means = pd.DataFrame({
            "system": names, **{title: [row[f"{score}{part}"] for row in rows] for title, part in
                                (("mean", ""), ("lower", " lower"), ("upper", " upper"))}})
        folds = found.scores[found.scores["system"].isin(names)]
        folds = folds[["system", "fold", score]].rename(columns={score: "score"})
        beside = None if published is None else _published(published, score)
        display = cls(folds.reset_index(drop=True), means, beside, score, confidence,
                      _chance(found, names[0], score))
        return display.plot(ax=ax)

    def plot(self, *, ax: Any = None) -> FoldScoresDisplay:
        """Draw into the axes, or into a new figure.

        Parameters
        ----------
        ax : matplotlib Axes, optional

        Returns
        -------
        self
        """
        names = list(self.means["system"])
        self.ax_ = ax = one_axes(ax, 7, 1.7 + 0.5 * len(names))
        self.figure_ = ax.figure
        legend = self._draw_folds(names) | self._draw_means() | self._draw_published(names)
        if self.chance is not None and np.isfinite(self.chance):
            line = ax.axvline(self.chance, color="0.35", linestyle=":", linewidth=1.2, zorder=0)
            legend[f"chance ({100 * self.chance:.3g} %)"] = line
        ax.set_yticks(range(len(names)), short_names(names, 32), parse_math=False)
        ax.set(ylim=(len(names) - 0.5, -0.5), xlabel=f"{self.score} (%)")
        ax.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.4g}")
        ax.grid(axis="x", color="0.9", linewidth=0.6)
        ax.set_axisbelow(True)
        for row in range(1, len(names)):
            ax.axhline(row - 0.5, color="0.85", linewidth=0.6, zorder=0)
        draw_legend(ax, list(legend.values()), list(legend), ncols=2, fontsize="small", **below(ax))
        return self

    def _draw_folds(self, names: list[str]) -> dict[str, Any]:
        table = self.folds.pivot_table("score", "fold", "system", dropna=False)
        values = table.reindex(columns=names).to_numpy(dtype=float)
        rows = np.arange(len(names)) + np.column_stack([_apart(column) for column in values.T])
        if len(names) > 1:
            self.ax_.plot(values.T, rows.T, color="0.75", linewidth=0.7, zorder=1)
        dots, = self.ax_.plot(values.ravel(), rows.ravel(), "o", color=_FOLD, markersize=5,
                              markeredgecolor="black", markeredgewidth=0.5, zorder=2)
        return {"a fold" + (", joined over systems" if len(names) > 1 else ""): dots}

    def _draw_means(self) -> dict[str, Any]:
        rows = np.arange(len(self.means)) + _ASIDE
        mean = self.means["mean"].to_numpy(dtype=float)
        for row in np.flatnonzero(np.isnan(mean)):
            self.ax_.text(0.5, row, "not known", ha="center", va="center", fontsize="small",
                          transform=self.ax_.get_yaxis_transform())
        # As in the table: cut at 0 and 1, and nothing where all folds agree.
        bounds = np.clip(self.means[["lower", "upper"]].to_numpy(dtype=float), 0.0, 1.0)
        bounds[bounds[:, 0] >= bounds[:, 1]] = np.nan
        sure = np.isfinite(bounds).all(axis=1)
        marks, = self.ax_.plot(mean, rows, "D", color=_MEAN, markersize=5.5, zorder=3)
        if not sure.any():
            return {"mean": marks}
        bars = self.ax_.hlines(rows[sure], *bounds[sure].T, color=_MEAN, linewidth=2.2, zorder=3)
        return {f"mean, {100 * self.confidence:g} % interval": (marks, bars)}

    def _draw_published(self, names: list[str]) -> dict[str, Any]:
        if self.published is None:
            return {}
        known = self.published[self.published["system"].isin(names)]
        known = known[known["score"].notna()]
        if known.empty:
            return {}
        rows = np.array([names.index(name) for name in known["system"]]) - _ASIDE
        value, sd = known["score"].to_numpy(dtype=float), known["sd"].to_numpy(dtype=float)
        marks, = self.ax_.plot(value, rows, "*", color="white", markersize=11, zorder=3,
                               markeredgecolor=_PUBLISHED, markeredgewidth=1.3)
        spread = np.isfinite(sd)
        if not spread.any():
            return {"published": marks}
        bars = self.ax_.hlines(rows[spread], (value - sd)[spread], (value + sd)[spread],
                               color=_PUBLISHED, linestyle=(0, (3, 1.5)), linewidth=1.3, zorder=2)
        return {"published ± sd over folds": (bars, marks)}


def _apart(scores: np.ndarray) -> np.ndarray:
    """How far to move dots of equal scores up and down, rows, so that each is seen."""
    aside = np.zeros(len(scores))
    for value in np.unique(scores[np.isfinite(scores)]):
        same = np.flatnonzero(scores == value)
        aside[same] = (np.arange(len(same)) - (len(same) - 1) / 2) * min(0.09, 0.32 / len(same))
    return aside


# -- what an evaluation says --------------------------------------------------------------------

def check_evaluation(found: Any) -> None:
    """Raise a `TypeError` for what is no `Evaluation`."""
    if not all(hasattr(found, name) for name in ("scores", "predictions", "classes", "summary")):
        raise TypeError("found must be an Evaluation, as evaluate gives it, not "
                        f"{type(found).__name__}")


def chosen_systems(found: Evaluation, systems: Any) -> list[str]:
    """Return the systems to draw, or raise where one is not in the evaluation."""
    known = list(found.scores["system"].unique())
    chosen = known if systems is None else [systems] if isinstance(systems, str) else list(systems)
    unknown = [str(name) for name in chosen if name not in known]
    if unknown or not chosen:
        raise ValueError(f"{', '.join(unknown) or 'systems names none'}: no such system; there is "
                         f"{', '.join(known) or 'none'}")
    return list(dict.fromkeys(chosen))


def summary_of(found: Evaluation, name: str, confidence: float) -> dict[str, Any]:
    """Return the row of a system in `Evaluation.summary`, over the folds that it has."""
    scores = found.scores[found.scores["system"] == name]
    alone = replace(found, scores=scores)
    row, = alone.summary(confidence=confidence).to_dict("records")
    return {str(title): value for title, value in row.items()}


def _chance(found: Evaluation, name: str, score: str) -> float | None:
    """What a system gets at best that says the same of every clip, in the mean over folds."""
    predictions = found.predictions[found.predictions["system"] == name]
    best = []
    for always in (False, True):
        scores = [score_of(truth, np.full(len(truth), always), np.zeros(len(truth)))[score]
                  for _, part in predictions.groupby("fold")
                  for truth in [part["truth"].to_numpy() == found.classes[1]]]
        known = np.array(scores)[np.isfinite(scores)]
        best += [float(known.mean())] if len(known) else []
    return max(best, default=None)


def _published(table: Any, score: str) -> pd.DataFrame:
    """`system`, `score` and `sd` of published figures, or an error that says what is wrong."""
    if not isinstance(table, pd.DataFrame):
        raise TypeError("published must be a DataFrame such as published_figures gives, not "
                        f"{type(table).__name__}")
    missing = [title for title in ("system", score) if title not in table]
    if missing:
        raise ValueError(f"published has no column '{missing[0]}'; it has "
                         f"{', '.join(map(str, table.columns)) or 'none'}")
    values = table[score].to_numpy(dtype=float)
    sd = table["sd"].to_numpy(dtype=float) if "sd" in table else np.full(len(table), np.nan)
    if (values > 1.0).any() or (values < 0.0).any():
        strange = values[(values > 1.0) | (values < 0.0)][0]
        raise ValueError(f"published figures must be shares of 1, not {strange:g}; divide those in "
                         "% by 100")
    return pd.DataFrame({"system": table["system"].to_numpy(), "score": values, "sd": sd})
