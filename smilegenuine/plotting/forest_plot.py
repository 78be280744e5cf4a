"""A picture of effect sizes: in which features posed and spontaneous smiles differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..evaluation.effects import effect_sizes
from .axes import one_axes
from .lettering import below, draw_legend, short_names

_OURS, _PUBLISHED = "#0072B2", "#D55E00"  # Okabe & Ito
_ASIDE = 0.34  # of published ones, rows from ours
_COLUMNS = ("feature", "effect", "lower", "upper", "p adjusted")


class EffectSizeDisplay:
    """Effect sizes with their intervals, a row a feature, beside published ones.

    Make it with `from_table`, or from what `effect_sizes` gave.

    Parameters
    ----------
    effects : DataFrame
        From `smilegenuine.evaluation.effects.effect_sizes`; the rows are drawn in their order.
    published : mapping of str to float, optional
        Feature -> effect size. Features that are not in `effects` are not drawn.
    display_labels : sequence of two str, default=("first class", "second class")
        What the classes are called; effects are the second's less the first's.
    alpha : float, default=0.05
        Features whose corrected p is below are drawn full, others hollow.
    confidence : float, default=0.95
        Of the intervals, for the legend.

    Attributes
    ----------
    figure_ : matplotlib Figure
    ax_ : matplotlib Axes
        After `plot`.
    """

    def __init__(self, effects: pd.DataFrame, published: Mapping[str, float] | None = None,
                 display_labels: Sequence[str] = ("first class", "second class"),
                 alpha: float = 0.05, confidence: float = 0.95) -> None:
        self.effects = effects
        self.published = published
        self.display_labels = display_labels
        self.alpha = alpha
        self.confidence = confidence

    @classmethod
    def from_table(cls, table: Any, y: Any, groups: Any, *,
                   features: Sequence[str] | int = 20,
                   published: Mapping[str, float] | None = None,
                   display_labels: Sequence[str] | None = None, unit: str = "subject",
                   alpha: float = 0.05, confidence: float = 0.95, n_resamples: int = 2000,
                   random_state: Any = None, ax: Any = None) -> EffectSizeDisplay:
        """Measure and draw how far the two classes lie apart in features.

        Parameters
        ----------
        table : DataFrame, or array-like of shape (n_clips, n_features)
        y : array-like of shape (n_clips,)
            Two labels.
        groups : array-like of shape (n_clips,)
            Subjects.
        features : sequence of str, or int, default=20
            Which features to draw, in this order; or how many, the strongest, in the order of the
            table. All features of the table are tested and counted in the correction either way.
        published : mapping of str to float, optional
            Feature -> effect size.
        display_labels : sequence of two str, optional
            What to call the classes; else the labels.
        unit, confidence, n_resamples, random_state : as in
        `smilegenuine.evaluation.effects.effect_sizes`
            Published effect sizes are mostly over clips: compare them with ``unit="clip"``.
        alpha : float, default=0.05
            Features whose corrected p is below are drawn full, others hollow.
        ax : matplotlib Axes, optional
            Else a new figure.

        Returns
        -------
        EffectSizeDisplay

        Raises
        ------
        TypeError, ValueError
            See `effect_sizes`; no such feature, or not two labels.
        ImportError
            No matplotlib.

        Notes
        -----
        The strongest of many features look stronger than they are: chance has helped to choose
        them, and their intervals do not know.
        """
        effects = effect_sizes(table, y, groups, unit=unit, confidence=confidence,
                               n_resamples=n_resamples, random_state=random_state)
        labels = np.unique(np.array(np.asarray(y, dtype=object).tolist()))
        chosen = _chosen(effects, features)
        names = [str(label) if isinstance(label, str) else f"class {label}" for label in labels]
        display = cls(chosen, published, names if display_labels is None else display_labels,
                      alpha, confidence)
        return display.plot(ax=ax)

    def plot(self, *, ax: Any = None) -> EffectSizeDisplay:
        """Draw into the axes, or into a new figure.

        Parameters
        ----------
        ax : matplotlib Axes, optional

        Returns
        -------
        self
        """
        missing = [column for column in _COLUMNS if column not in self.effects]
        if missing or self.effects.empty:
            raise ValueError("effects must be what effect_sizes gives, with a row at least; it has "
                             f"{f'no column {missing[0]!r}' if missing else 'no row'}")
        if len(self.display_labels) != 2:
            raise ValueError(f"display_labels must be two, not {len(self.display_labels)}")
        n = len(self.effects)
        self.ax_ = ax = one_axes(ax, 7.5, 1.9 + 0.33 * n)
        self.figure_ = ax.figure
        legend = self._draw_effects() | self._draw_published()
        ax.axvline(0.0, color="black", linewidth=0.8, zorder=0)
        ax.set_yticks(range(n), short_names(list(self.effects["feature"]), 44), parse_math=False,
                      fontsize="small")
        ax.set(ylim=(n - 0.4, -0.75))
        low, high = ax.get_xlim()
        ax.set_xlim(min(low, -0.1), max(high, 0.1))
        first, second = short_names(self.display_labels, 14)
        ax.set_xlabel(f"effect size (g)\n← {first} larger      {second} larger →",
                      parse_math=False)
        ax.grid(axis="x", color="0.9", linewidth=0.6)
        ax.grid(axis="y", color="0.94", linewidth=0.6)
        ax.set_axisbelow(True)
        draw_legend(ax, list(legend.values()), list(legend), ncols=1, fontsize="small",
                    **below(ax, 0.65))
        return self

    def _draw_effects(self) -> dict[str, Any]:
        effect, lower, upper, p = (self.effects[column].to_numpy(dtype=float)
                                   for column in _COLUMNS[1:])
        rows = np.arange(len(effect))
        known = np.isfinite(effect)
        for row in np.flatnonzero(~known):
            what = "constant" if np.isnan(effect[row]) else "apart in every clip"
            self.ax_.text(0.5, row, what, ha="center", va="center", fontsize="small",
                          transform=self.ax_.get_yaxis_transform())
        legend: dict[str, Any] = {}
        sure = p < self.alpha
        for part, fill, label in ((known & sure, _OURS, f"corrected p < {self.alpha:g}"),
                                  (known & ~sure, "white", f"corrected p ≥ {self.alpha:g}")):
            if not part.any():
                continue
            bars = self.ax_.hlines(rows[part], lower[part], upper[part], color=_OURS,
                                   linewidth=1.8, zorder=2)
            marks, = self.ax_.plot(effect[part], rows[part], "o", color=fill, markersize=6,
                                   markeredgecolor=_OURS, markeredgewidth=1.4, zorder=3)
            legend[f"measured, {100 * self.confidence:g} % interval, {label}"] = (bars, marks)
        return legend

    def _draw_published(self) -> dict[str, Any]:
        places = [(row, float(self.published[name])) for row, name in
                 enumerate(self.effects["feature"]) if name in self.published] \
            if self.published is not None else []
        if not places:
            return {}
        rows, values = np.array(places).T
        marks, = self.ax_.plot(values, rows - _ASIDE, "*", color="white", markersize=8, zorder=4,
                               markeredgecolor=_PUBLISHED, markeredgewidth=1.1)
        return {"published": marks}


def _chosen(effects: pd.DataFrame, features: Any) -> pd.DataFrame:
    """Return the rows to draw, or raise where there is no such feature."""
    if isinstance(features, (int, np.integer)) and not isinstance(features, bool):
        if features < 1:
            raise ValueError(f"features must name some, or be how many, at least 1, not {features}")
        size = effects["effect"].abs().fillna(-1.0).to_numpy()
        strongest = np.sort(np.argsort(-size, kind="stable")[:features])
        return effects.iloc[strongest].reset_index(drop=True)
    names = [features] if isinstance(features, str) else list(features)
    unknown = [str(name) for name in names if name not in set(effects["feature"])]
    if unknown or not names:
        raise ValueError(f"{', '.join(unknown[:5]) or 'features names none'}: no such feature; "
                         f"there are {len(effects)}, the first {effects['feature'].iloc[0]}")
    return effects.set_index("feature").loc[names].reset_index()
