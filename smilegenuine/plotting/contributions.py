"""One decision in one picture: which muscles decided, and which moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from ..clips.au_table import AU_NAMES
from ..clips.errors import ClipError
from ..clips.record import Clip
from ..clips.steps import check_positive
from ..explain.explanation import Explanation
from ..explain.local import explain
from ..features.clip_phases import seconds_of
from ..features.dmarkers import signals_of
from .axes import check_axes, time_limits
from .contribution_maps import (
    PhaseMapDisplay,
    check_explanation,
    contributions_by_phase,
    draw_signed_bars,
    signed,
)
from .lettering import below, display_names, draw_legend, short_names
from .style import AGAINST_FOR, HATCH, STYLES, load_pyplot, shade_phases, shortened

_BIN = 0.1  # seconds
_MOST_BINS = 160  # more would be narrower than they can be seen
_LEAST_ROWS = 6.5
_INTENSITY = "AU intensity (0–5)"
_MARKERS = ("lip corners", "eyelids", "cheeks")


class ContributionsDisplay:
    """Why a system decided as it did about a clip.

    Four parts: the curves of the smile and of the action units that count most; below, on the same
    time axis, what each moment contributes; beside them which unit contributes in which phase; and,
    where there are several branches, how much each of them does.

    Make it with `from_estimator` or `from_explanation`.

    Parameters
    ----------
    explanation : Explanation
    labels : sequence of two str
        What the classes are called.
    n_aus : int, default=3
        How many action units to draw over time.
    log_odds : bool, default=True
        Decisions are log-odds: probabilities are said, too.
    title : str, optional
        Else the clip's name; of a long one, the end. Decision and baseline stand below it.

    Attributes
    ----------
    figure_ : matplotlib Figure
    axes_ : array of matplotlib Axes
        Curves, time, map and, where they are drawn, branches. After `plot`.
    map_ : PhaseMapDisplay
    """

    def __init__(self, explanation: Explanation, labels: Sequence[str], n_aus: int = 3,
                 log_odds: bool = True, title: str | None = None) -> None:
        self.explanation = explanation
        self.labels = labels
        self.n_aus = n_aus
        self.log_odds = log_odds
        self.title = title

    @classmethod
    def from_explanation(cls, explanation: Explanation, *, n_aus: int = 3, n_rows: int = 8,
                         log_odds: bool = True, display_labels: Sequence[str] | None = None,
                         title: str | None = None, axes: Any = None) -> ContributionsDisplay:
        """Draw what `explain` gave.

        Parameters
        ----------
        explanation : Explanation
        n_aus : int, default=3
            How many action units to draw over time: those that contribute most, in magnitude.
        n_rows : int, default=8
            Of the map; the rest is summed in one.
        log_odds : bool, default=True
            Decisions are log-odds, as those of all systems of this package. False: probabilities
            are left out.
        display_labels : sequence of two str, optional
            What to call the classes; else the labels.
        title : str, optional
            Else the clip's name; of a long one, the end. Decision and baseline stand below it.
        axes : sequence of three or four matplotlib Axes, optional
            For curves, time, map, and branches; else a new figure.

        Returns
        -------
        ContributionsDisplay

        Raises
        ------
        TypeError, ValueError
            It is no explanation, not two `display_labels`, not three or four axes, or a number
            makes no sense.
        ImportError
            No matplotlib.

        Notes
        -----
        What is contributed over time is summed in bins of about 0.1 s (of more, in clips of more
        than 16 s); the area is the contribution. What belongs to no moment is said above. Of a
        system that looks at no action units, curves are of AU06 and AU12 where they are known,
        else of the landmarks' lip corners, eyelids and cheeks.
        """
        check_explanation(explanation)
        check_positive("n_aus", n_aus, whole=True)
        display = cls(explanation, display_names(explanation.classes, display_labels),
                      int(n_aus), log_odds, title)
        return display.plot(n_rows=n_rows, axes=axes)

    @classmethod
    def from_estimator(cls, model: Any, clip: Any, *, background: Any = None, n_steps: int = 32,
                       n_orders: int = 8, random_state: int = 0, n_aus: int = 3, n_rows: int = 8,
                       display_labels: Sequence[str] | None = None, title: str | None = None,
                       axes: Any = None) -> ContributionsDisplay:
        """Explain the decision about a clip, and draw it.

        Parameters
        ----------
        model, clip, background, n_steps, n_orders, random_state
            See `smilegenuine.explain.explain`.
        n_aus, n_rows, display_labels, title, axes
            See `from_explanation`.

        Returns
        -------
        ContributionsDisplay

        Raises
        ------
        ValueError, NotFittedError, ClipError
            See `smilegenuine.explain.explain`.
        ImportError
            No matplotlib.
        """
        explanation = explain(model, clip, background=background, n_steps=n_steps,
                              n_orders=n_orders, random_state=random_state)
        return cls.from_explanation(explanation, n_aus=n_aus, n_rows=n_rows,
                                    log_odds=_says_log_odds(model, explanation),
                                    display_labels=display_labels, title=title, axes=axes)

    def plot(self, *, n_rows: int = 8, axes: Any = None) -> ContributionsDisplay:
        """Draw into the axes, or into a new figure.

        Parameters
        ----------
        n_rows : int, default=8
            See `from_explanation`.
        axes : sequence of three or four matplotlib Axes, optional
            See `from_explanation`.

        Returns
        -------
        self
        """
        branches = self.explanation.by_branch()
        by_phase = contributions_by_phase(self.explanation)
        if axes is None:
            axes = _new_axes(len(branches), by_phase.shape[1])
        self.axes_, self.figure_ = check_axes(
            axes, (3, 4), "three or four, for curves, time, map and branches")
        self._draw_curves(self.axes_[0])
        self._draw_time(self.axes_[1])
        self.map_ = PhaseMapDisplay(by_phase, self.labels, self._unit()).plot(
            n=n_rows, ax=self.axes_[2])
        bottom, top = self.axes_[2].get_ylim()
        if not self.map_.drawn_.empty:  # few rows need not be as tall as many
            self.axes_[2].set_ylim(max(bottom, _LEAST_ROWS), top)
        if len(self.axes_) == 4:
            self._draw_branches(self.axes_[3], branches)
        return self

    # -- what is said ------------------------------------------------------------------------------

    def _unit(self) -> str:
        return "log-odds" if self.log_odds else "decision value"

    def _heading(self) -> str:
        explanation = self.explanation
        name = shortened(explanation.clip.label, 50) if self.title is None else self.title
        added = _two(explanation.decision - explanation.baseline_decision)
        unit = "log-odds " if self.log_odds else ""
        lines = [f"decision: {self._says(explanation.decision, unit)}",
                 f"baseline: {self._says(explanation.baseline_decision)}; this clip adds {added}"]
        return "\n".join([name, *lines] if name else lines)

    def _says(self, decision: float, unit: str = "") -> str:
        label = short_names(self.labels, 16)[int(decision > 0)]
        value = f"({unit}{_two(decision)})"
        if not self.log_odds:
            return f"{label} {value}"
        p = float(expit(abs(decision)))
        return f"{label}, P {'> 0.99' if p > 0.995 else f'= {p:.2f}'} {value}"

    # -- over time ---------------------------------------------------------------------------------

    def _shade(self, ax: Any) -> dict[str, Any]:
        spans = seconds_of(self.explanation.phases, self.explanation.times) \
            if len(self.explanation.times) else {}
        return shade_phases(ax, spans, named=False)

    def _draw_curves(self, ax: Any) -> None:
        clip, times = self.explanation.clip, self.explanation.times
        # A file name may hold dollar signs; it is no formula.
        ax.set_title(self._heading(), fontsize="small", loc="left", parse_math=False)
        ax.set(xlim=time_limits(times))
        ax.tick_params(labelbottom=False, labelsize="small")
        shades = self._shade(ax)
        curves, label = _curves_of(clip, self._strongest_aus(), len(times))
        handles = {name: ax.plot(times, curve, color=colour, linestyle=style, linewidth=1.4)[0]
                   for (name, curve), (colour, style) in zip(curves.items(), STYLES, strict=False)}
        ax.set_ylabel(label, fontsize="small")
        if label == _INTENSITY:
            ax.set_ylim(-0.1, 5.1)
        smile = _smile_of(clip, len(times))
        if smile is not None:
            low, high = ax.get_ylim() if curves else (0.0, 1.0)
            scaled = low + (high - low) * (0.02 + 0.96 * smile)
            line, = ax.plot(times, scaled, color="black", linewidth=1.6, zorder=1.5)
            handles = {"smile (scaled)": line, **handles}
            if not curves:
                ax.set(yticks=(), ylim=(low, high))
        if not handles:
            ax.text(0.5, 0.5, "no curves are known", ha="center", va="center",
                    transform=ax.transAxes)
            ax.set_yticks(())
        curved = list(handles.items())
        _legend_in_rows(ax, *(dict(curved[k:k + 5]) for k in range(0, len(curved), 5)), shades)

    def _strongest_aus(self) -> list[str]:
        """Those that are drawn: by magnitude of what they contribute."""
        sizes = self.explanation.by_au().abs().sort_values(ascending=False, kind="stable")
        strongest = list(sizes.index[sizes > 1e-9][:self.n_aus])
        return strongest or ["AU06", "AU12"][:self.n_aus]

    def _draw_time(self, ax: Any) -> None:
        explanation, times = self.explanation, self.explanation.times
        ax.set(xlim=time_limits(times))
        ax.tick_params(labelsize="small")
        ax.set_xlabel("time (s)", fontsize="small")
        ax.axhline(0.0, color="black", linewidth=0.6)
        total = float(explanation.table["contribution"].sum())
        placed = float(explanation.over_time.to_numpy().sum())
        if not len(times):
            ax.text(0.5, 0.5, "no timing is known", ha="center", va="center",
                    transform=ax.transAxes)
            ax.set_yticks(())
            return
        self._shade(ax)
        edges, values, width = in_bins(explanation.by_frame().to_numpy(), times)
        step = {"step": "post", "linewidth": 0.0}
        heights = np.r_[values, values[-1]]
        ax.fill_between(edges, np.maximum(heights, 0.0), color=AGAINST_FOR[2], alpha=0.8, **step)
        ax.fill_between(edges, np.minimum(heights, 0.0), color=AGAINST_FOR[0], alpha=0.8,
                        hatch=HATCH, edgecolor="white", **step)
        ax.step(edges, heights, where="post", color="black", linewidth=0.6)
        most = float(np.abs(values).max()) or 1.0
        ax.set_ylim(1.4 * min(values.min(), -0.3 * most), 1.4 * max(values.max(), 0.3 * most))
        ax.set_ylabel(f"{self._unit()} in {width:.2g} s", fontsize="small")
        missing = total - placed
        if abs(missing) > 0.01 * max(abs(placed), most, abs(missing)):
            ax.text(0.985, 0.97, f"at no moment: {signed(missing, max(abs(missing), most))}",
                    transform=ax.transAxes, ha="right", va="top", fontsize="small")
        for k, (place, side, sign) in enumerate(((0.03, "bottom", "−"), (0.97, "top", "+"))):
            ax.text(0.015, place, f"{sign} for {short_names(self.labels, 16)[k]}",
                    transform=ax.transAxes, va=side, color=AGAINST_FOR[2 * k], fontsize="small",
                    parse_math=False)

    # -- by branch ---------------------------------------------------------------------------------

    def _draw_branches(self, ax: Any, branches: pd.Series) -> None:
        draw_signed_bars(ax, branches.to_numpy(dtype=float), height=0.7, room=0.24, n_ticks=5)
        ax.set_yticks(range(len(branches)), short_names(list(branches.index), 18), parse_math=False,
                      fontsize="small")
        ax.set_ylim(len(branches) - 0.5, -0.5)
        ax.set_xlabel(f"{self._unit()} by branch", fontsize="small")


def _two(value: float) -> str:
    return "0.00" if abs(value) < 0.005 else f"{value:+.2f}".replace("-", "−")


def _legend_in_rows(ax: Any, *rows: Mapping[str, Any]) -> None:
    """Draw a legend below the axes, a row for each of what is not empty."""
    from matplotlib.patches import Patch

    shown = [list(row.items()) for row in rows if row]
    if not shown:
        return
    n = max(len(row) for row in shown)
    empty = [("", Patch(visible=False))]
    by_column = [row[k] for k in range(n) for row in ([*row, *empty * n] for row in shown)]
    draw_legend(ax, [handle for _, handle in by_column], [name for name, _ in by_column], ncols=n,
                fontsize="small", handlelength=1.6, columnspacing=1.2, **below(ax, 0.06))


def in_bins(values: np.ndarray, times: np.ndarray, width: float = _BIN
            ) -> tuple[np.ndarray, np.ndarray, float]:
    """Sum what frames contribute in bins of about a tenth of a second.

    Parameters
    ----------
    values : array of shape (T,)
    times : array of shape (T,)
        Seconds, increasing.
    width : float, default=0.1
        Of a bin, seconds; rounded to whole frames.

    Returns
    -------
    edges : array of shape (n_bins + 1,)
        Seconds. Frames reach half way to the next one.
    sums : array of shape (n_bins,)
        Of a full bin; of the last one, where it holds fewer frames, what a full one would have at
        this height, so that the area is the contribution.
    width : float
        Of a full bin, seconds.

    Examples
    --------
    >>> import numpy as np
    >>> edges, sums, width = in_bins(np.ones(10), np.arange(10) / 25)
    >>> sums, round(width, 2)
    (array([2., 2., 2., 2., 2.]), 0.08)
    """
    n = len(values)
    step = float(np.median(np.diff(times))) if n > 1 else width
    size = max(1, round(width / step), -(-n // _MOST_BINS))
    starts = np.arange(0, n, size)
    counts = np.diff(np.r_[starts, n])
    sums = np.add.reduceat(values, starts) * size / counts
    middles = 0.5 * (times[1:] + times[:-1])
    between = np.r_[times[0], middles, times[-1] if n > 1 else times[0] + step]
    return between[np.r_[starts, n]], sums, size * step


def _curves_of(clip: Clip, aus: Sequence[str], n: int) -> tuple[Mapping[str, np.ndarray], str]:
    """Curves to draw, by name, and what their axis is called."""
    if clip.aus is not None and len(clip.aus) == n:
        measured = np.where(clip.mask[:, None], np.asarray(clip.aus, dtype=float), np.nan)
        return {au: measured[:, AU_NAMES.index(au)] for au in aus}, _INTENSITY
    if clip.landmarks is not None:
        try:
            signals, _ = signals_of(clip)
        except ClipError:  # too few frames with a face
            return {}, ""
        moved = signals.mean(axis=2) - signals.mean(axis=2)[:1]
        if len(moved) == n:
            return dict(zip(_MARKERS, moved.T, strict=True)), "change (widths)"
    return {}, ""


def _smile_of(clip: Clip, n: int) -> np.ndarray | None:
    """Smile intensity from 0 to 1, where it is known."""
    if clip.smile is None or len(clip.smile) != n:
        return None
    smile = np.where(clip.mask, np.asarray(clip.smile, dtype=float), np.nan)
    if not np.isfinite(smile).any():
        return None
    low, high = np.nanmin(smile), np.nanmax(smile)
    return np.asarray((smile - low) / (high - low if high > low else 1.0))


def _new_axes(n_branches: int, n_columns: int) -> list[Any]:
    """Axes of a new figure: curves over time at the left, the map and branches at the right."""
    right = 1.7 + 0.62 * max(4, n_columns + 1)
    height = 5.6 if n_branches < 2 else 6.1 + 0.25 * max(0, n_branches - 4)
    figure = load_pyplot().figure(figsize=(5.4 + right, height), layout="constrained")
    sides = figure.add_gridspec(1, 2, width_ratios=(5.4, right))
    over_time = sides[0].subgridspec(2, 1)
    if n_branches < 2:
        beside = [sides[1]]
    else:
        beside = list(sides[1].subgridspec(2, 1, height_ratios=(9.0, 1.0 + n_branches)))
    return [figure.add_subplot(place) for place in (over_time[0], over_time[1], *beside)]


def _says_log_odds(model: Any, explanation: Explanation) -> bool:
    """The decision is the log-odds of what the model calls its probability."""
    if not hasattr(model, "predict_proba"):
        return False
    p = float(np.asarray(model.predict_proba([explanation.clip]))[0, 1])
    return bool(abs(p - expit(explanation.decision)) < 1e-3)
