"""What a system's decisions rest on, over many clips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..clips.steps import check_positive
from ..explain.importance import explain_global
from .axes import check_axes, one_axes
from .lettering import short_names
from .style import AGAINST_FOR, HATCH, load_pyplot, shortened

#: Kinds of groups, and what their panels are called; in the order of drawing.
_TITLES = {"branch": "branches", "au": "action units", "pair": "pairs of action units",
           "smile": "smile intensity", "phase": "phases", "region": "parts of the face"}
_COLUMNS = ("kind", "name", "importance", "low", "high")
_AROUND = 0.85  # inches above and below the bars of a panel


class ImportanceDisplay:
    """How much is lost when a branch, an action unit, a phase or a part of the face is exchanged.

    Make it with `from_estimator` or `from_table`.

    Parameters
    ----------
    table : DataFrame
        As `smilegenuine.explain.explain_global` gives it.
    xlabel : str
        What the importance is.
    title : str, default=""

    Attributes
    ----------
    figure_ : matplotlib Figure
    axes_ : array of matplotlib Axes
        One a kind, after `plot`.
    """

    def __init__(self, table: pd.DataFrame, xlabel: str, title: str = "") -> None:
        self.table = table
        self.xlabel = xlabel
        self.title = title

    @classmethod
    def from_estimator(cls, model: Any, X: Any, y: Any = None, groups: Any = None, *,
                       by: Sequence[str] = ("branch", "au", "smile", "phase", "region"),
                       n_repeats: int = 5, background: Any = None, random_state: int = 0,
                       n: int = 8, title: str = "", axes: Any = None) -> ImportanceDisplay:
        """Exchange groups of inputs between clips, and draw what that costs.

        Parameters
        ----------
        model, X, y, groups, by, n_repeats, background, random_state
            See `smilegenuine.explain.explain_global`.
        n, title, axes
            See `from_table`.

        Returns
        -------
        ImportanceDisplay

        Raises
        ------
        ValueError, NotFittedError, ClipError
            See `smilegenuine.explain.explain_global`.
        ImportError
            No matplotlib.
        """
        table = explain_global(model, X, y, groups, by=by, n_repeats=n_repeats,
                               background=background, random_state=random_state)
        label = _CHANGE if y is None else _LOST
        return cls.from_table(table, n=n, xlabel=label, title=title, axes=axes)

    @classmethod
    def from_table(cls, table: pd.DataFrame, *, n: int = 8, xlabel: str | None = None,
                   title: str = "", axes: Any = None) -> ImportanceDisplay:
        """Draw what `explain_global` gave.

        Parameters
        ----------
        table : DataFrame
            Columns `kind`, `name`, `importance`, `low` and `high`; an interval may be NaN. `change`
            tells what the importance is.
        n : int, default=8
            Bars of a kind: the most important ones. How many there are is said.
        xlabel : str, optional
            What the importance is; else the loss of AUC, or, where `importance` is `change`, how
            far decisions move.
        title : str, default=""
        axes : sequence of matplotlib Axes, optional
            As many as kinds; else a new figure.

        Returns
        -------
        ImportanceDisplay

        Raises
        ------
        TypeError, ValueError
            It is no such table, or it is empty, `n` is no such number, or there are not as many
            axes as kinds.
        ImportError
            No matplotlib.

        Notes
        -----
        Below zero is an importance that is noise: a system did better with another clip's inputs.
        A pale bar's interval reaches zero.

        Examples
        --------
        >>> import pandas as pd
        >>> from smilegenuine.plotting.importance_bars import ImportanceDisplay
        >>> table = pd.DataFrame({"kind": "au", "name": ["AU06", "AU12"], "importance": [0.2, 0.01],
        ...                       "low": [0.1, -0.02], "high": [0.3, 0.04]})
        >>> ImportanceDisplay.from_table(table).axes_[0].get_title(loc="left")
        'action units'
        """
        table = _checked(table)
        check_positive("n", n, whole=True, at_least=1)
        if xlabel is None:
            moved = "change" in table and np.allclose(
                table["change"], table["importance"], rtol=1e-9, atol=0.0)
            xlabel = _CHANGE if moved else _LOST
        return cls(table, xlabel, title).plot(n=n, axes=axes)

    def plot(self, *, n: int = 8, axes: Any = None) -> ImportanceDisplay:
        """Draw into the axes, or into a new figure.

        Parameters
        ----------
        n : int, default=8
            See `from_table`.
        axes : sequence of matplotlib Axes, optional
            As many as kinds.

        Returns
        -------
        self
        """
        parts = {str(kind): part.sort_values("importance", ascending=False, kind="stable")
                 for kind, part in self.table.groupby("kind", sort=False)}
        order = [kind for kind in _TITLES if kind in parts]
        order += [kind for kind in parts if kind not in _TITLES]
        own = axes is None
        if own:
            axes = _new_axes([min(n, len(parts[kind])) for kind in order])
        self.axes_, self.figure_ = check_axes(
            axes, (len(order),), f"as many as kinds, {len(order)} ({', '.join(order)})")
        shown = pd.concat([part.head(n) for part in parts.values()])
        limits = _limits(shown)
        for ax, kind in zip(self.axes_, order, strict=True):
            self._draw(ax, kind, parts[kind], n, limits)
        if own and np.isfinite(shown[["low", "high"]].to_numpy(dtype=float)).any():
            self.figure_.supxlabel("lines: 95 % intervals; pale bars: reaching 0",
                                   fontsize="small")
        if self.title and own:
            # A file name may hold dollar signs; it is no formula.
            self.figure_.suptitle(shortened(self.title, 48), fontsize="medium", parse_math=False)
        elif self.title:
            first = self.axes_[0]
            first.set_title(f"{shortened(self.title, 48)}\n{first.get_title(loc='left')}",
                            fontsize="small", loc="left", parse_math=False)
        return self

    def _draw(self, ax: Any, kind: str, part: pd.DataFrame, n: int, limits: tuple[float, float]
              ) -> None:
        shown = part.head(n)
        value, low, high = (shown[c].to_numpy(dtype=float) for c in ("importance", "low", "high"))
        rows = np.arange(len(shown))
        unsure = (low <= 0.0) & (high >= 0.0)
        for k in rows:
            ax.barh(k, value[k], height=0.7, color=AGAINST_FOR[2 if value[k] > 0 else 0],
                    alpha=0.45 if unsure[k] else 1.0, linewidth=0.0, edgecolor="white",
                    hatch=HATCH if value[k] < 0 else None)
        known = np.isfinite(low) & np.isfinite(high)
        ax.hlines(rows[known], low[known], high[known], color="black", linewidth=1.4)
        ax.plot(value, rows, "|", color="black", markersize=7)
        ax.axvline(0.0, color="black", linewidth=0.6)
        ax.set_yticks(rows, short_names(list(shown["name"]), 20), parse_math=False,
                      fontsize="small")
        ax.set(xlim=limits, ylim=(len(shown) - 0.4, -0.6))
        ax.tick_params(axis="x", labelsize="small")
        ax.locator_params(axis="x", nbins=6)
        ax.set_xlabel(self.xlabel, fontsize="small", parse_math=False)
        title = _TITLES.get(kind, kind)
        if len(part) > len(shown):
            title += f" ({len(shown)} of {len(part)})"
        ax.set_title(title, fontsize="small", loc="left", parse_math=False)


_LOST, _CHANGE = "loss of AUC", "mean change of the decision (log-odds)"


def _limits(shown: pd.DataFrame) -> tuple[float, float]:
    """The same for all panels, so that kinds can be compared."""
    values = shown[["importance", "low", "high"]].to_numpy(dtype=float)
    values = np.r_[values[np.isfinite(values)], 0.0]
    low, high = float(values.min()), float(values.max())
    room = 0.05 * (high - low) or 0.05
    return (low - room if low < 0 else 0.0), high + room


def _new_axes(sizes: list[int]) -> list[Any]:
    """Axes of a new figure: one panel alone, else two columns that share the panels' height."""
    if len(sizes) == 1:
        return [one_axes(None, 5.4, 0.4 + _AROUND + 0.27 * sizes[0])]
    tall = [_AROUND + 0.27 * size for size in sizes]
    cut = min(range(1, len(sizes)), key=lambda k: max(sum(tall[:k]), sum(tall[k:])))
    height = max(sum(tall[:cut]), sum(tall[cut:]))
    figure = load_pyplot().figure(figsize=(9.0, height + 0.4), layout="constrained")
    grid = figure.add_gridspec(1, 2)
    axes = []
    for side, panels in enumerate((tall[:cut], tall[cut:])):
        # Below the shorter column is room: bars are of one height everywhere.
        room = height - sum(panels)
        part = grid[side].subgridspec(len(panels) + (room > 0.05), 1, height_ratios=[
            *(t - _AROUND for t in panels), *([room] if room > 0.05 else [])])
        axes += [figure.add_subplot(part[k]) for k in range(len(panels))]
    return axes


def _checked(table: Any) -> pd.DataFrame:
    if not isinstance(table, pd.DataFrame):
        raise TypeError("table must be a DataFrame, as smilegenuine.explain.explain_global gives "
                        f"it, not {type(table).__name__}")
    missing = [title for title in _COLUMNS if title not in table]
    if missing:
        raise ValueError(f"table has no column {missing[0]!r}; it has "
                         f"{', '.join(map(str, table.columns)) or 'none'}")
    if table.empty:
        raise ValueError("table is empty: there is nothing to draw")
    return table
