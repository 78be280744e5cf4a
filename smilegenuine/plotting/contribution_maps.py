"""Maps of contributions: what counts in which phase, and which pairs of action units do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..clips.au_table import AU_NAMES
from ..clips.steps import check_positive
from ..explain.explanation import SPANS, Explanation
from ..explain.local import explain
from .axes import one_axes
from .lettering import display_names, short_names
from .style import AGAINST_FOR, HATCH, readable_on, shortened, two_class_colours

#: Rows of a map that are no action unit, no part of the face and no feature.
OTHERS, NOT_PLACED = "others", "not placed"

_MATTERS = 0.1  # of the largest magnitude: what is less is not written
_SMALL = 0.01  # of the largest magnitude: rows and columns of less are not drawn
_NAMED = 6  # pairs beside the map of pairs
_NOTHING = 1e-9  # contributions that are rounding errors, log-odds


class PhaseMapDisplay:
    """What contributes how much in which phase of the smile: action units, or parts of the face.

    Make it with `from_estimator` or `from_explanation`.

    Parameters
    ----------
    values : DataFrame
        Contributions: a row an action unit, part of the face or feature, a column a phase. See
        `contributions_by_phase`.
    labels : sequence of two str
        What the classes are called.
    unit : str, default="log-odds"
    title : str, default=""

    Attributes
    ----------
    drawn_ : DataFrame
        The cells as drawn, after `plot`: without rows and columns in which nothing is a hundredth
        of the largest value.
    row_sums_ : Series
        Sums over all phases of the rows that are drawn.
    figure_ : matplotlib Figure
    ax_ : matplotlib Axes
    """

    def __init__(self, values: pd.DataFrame, labels: Sequence[str], unit: str = "log-odds",
                 title: str = "") -> None:
        self.values = values
        self.labels = labels
        self.unit = unit
        self.title = title

    @classmethod
    def from_explanation(cls, explanation: Explanation, *, n: int = 16,
                         display_labels: Sequence[str] | None = None, title: str | None = None,
                         ax: Any = None) -> PhaseMapDisplay:
        """Draw what `explain` gave.

        Parameters
        ----------
        explanation : Explanation
        n : int, default=16
            Rows: those that count most, by the sum of magnitudes. The rest is summed in one.
        display_labels : sequence of two str, optional
            What to call the classes; else the labels.
        title : str, optional
            Else the clip's name.
        ax : matplotlib Axes, optional
            Else a new figure.

        Returns
        -------
        PhaseMapDisplay

        Raises
        ------
        TypeError, ValueError
            It is no explanation, not two `display_labels`, or `n` is no such number.
        ImportError
            No matplotlib.
        """
        check_explanation(explanation)
        return cls(contributions_by_phase(explanation),
                   display_names(explanation.classes, display_labels),
                   title=shortened(explanation.clip.label, 44) if title is None else title
                   ).plot(n=n, ax=ax)

    @classmethod
    def from_estimator(cls, model: Any, clip: Any, *, background: Any = None, n_steps: int = 32,
                       n_orders: int = 8, random_state: int = 0, n: int = 16,
                       display_labels: Sequence[str] | None = None, title: str | None = None,
                       ax: Any = None) -> PhaseMapDisplay:
        """Explain the decision about a clip, and draw it.

        Parameters
        ----------
        model, clip, background, n_steps, n_orders, random_state
            See `smilegenuine.explain.explain`.
        n, display_labels, title, ax
            See `from_explanation`.

        Returns
        -------
        PhaseMapDisplay

        Raises
        ------
        ValueError, NotFittedError, ClipError
            See `smilegenuine.explain.explain`.
        ImportError
            No matplotlib.
        """
        return cls.from_explanation(
            explain(model, clip, background=background, n_steps=n_steps, n_orders=n_orders,
                    random_state=random_state),
            n=n, display_labels=display_labels, title=title, ax=ax)

    def plot(self, *, n: int = 16, ax: Any = None) -> PhaseMapDisplay:
        """Draw into the axes, or into a new figure.

        Parameters
        ----------
        n : int, default=16
            See `from_explanation`.
        ax : matplotlib Axes, optional

        Returns
        -------
        self
        """
        check_positive("n", n, whole=True, at_least=1)
        rows = strongest_rows(self.values, int(n))
        sizes = self.values.abs().max()
        self.row_sums_ = rows.sum(axis=1)
        self.drawn_ = rows.loc[:, sizes > _SMALL * sizes.max()]
        self.ax_ = ax = one_axes(ax, 2.2 + 0.75 * max(3, 1 + self.drawn_.shape[1]),
                                 1.5 + 0.29 * (1 + len(self.drawn_)))
        self.figure_ = ax.figure
        # A file name may hold dollar signs; it is no formula.
        ax.set_title(self.title, fontsize="small", loc="left", parse_math=False)
        for name in ("top", "right", "bottom", "left"):
            ax.spines[name].set_visible(False)
        ax.tick_params(length=0)
        if self.drawn_.empty:
            ax.set(xticks=(), yticks=())
            ax.text(0.5, 0.5, "nothing contributes", ha="center", va="center",
                    transform=ax.transAxes)
            return self
        self._draw_cells()
        return self

    def _draw_cells(self) -> None:
        ax, values, sums = self.ax_, self.drawn_.to_numpy(), self.values.sum()
        # A sum of others may be more than any of them: it has no colour.
        others = self.drawn_.index.str.startswith(f"{OTHERS} (")
        most = float(np.abs(values[~others]).max())
        coloured = np.where(others[:, None], 0.0, values)
        image = ax.imshow(coloured, cmap=two_class_colours(), vmin=-most, vmax=most, aspect="auto")
        n_rows, n_columns = values.shape
        ax.set(xlim=(-0.5, n_columns + 0.5), ylim=(n_rows + 0.5, -0.5))
        for edge in range(n_rows + 1):
            ax.plot((-0.5, n_columns - 0.5), (edge - 0.5,) * 2, color="white", linewidth=1.0)
        for edge in range(n_columns + 1):
            ax.plot((edge - 0.5,) * 2, (-0.5, n_rows - 0.5), color="white", linewidth=1.0)
        for (row, column), value in np.ndenumerate(values):
            if abs(value) >= _MATTERS * most:
                below = image.cmap(image.norm(coloured[row, column]))
                ax.text(column, row, signed(value, most), ha="center", va="center",
                        fontsize="small", color=readable_on(below))
        # Sums stand beside the map: in it they would make all else pale. They are of all that
        # contributes, also where it is too little to be drawn.
        for row, value in enumerate(self.row_sums_):
            ax.text(n_columns, row, signed(value, most), ha="center", va="center",
                    fontsize="small", fontweight="bold")
        for column, value in enumerate([*sums[self.drawn_.columns], sums.sum()]):
            ax.text(column, n_rows, signed(value, most), ha="center", va="center",
                    fontsize="small", fontweight="bold")
        ax.set_yticks(range(n_rows + 1), [*short_names(list(self.drawn_.index), 18), "sum"],
                      parse_math=False, fontsize="small")
        ax.set_xticks(range(n_columns + 1), [*short_names(list(self.drawn_.columns), 10), "sum"],
                      parse_math=False, fontsize="small")
        ax.xaxis.tick_top()
        ax.set_xlabel(key_of_signs(self.labels, self.unit), fontsize="small", parse_math=False)


class PairMapDisplay:
    """Which pairs of action units contribute how much; the units' own share on the diagonal.

    Make it with `from_estimator` or `from_explanation`.

    Parameters
    ----------
    pairs : Series
        Contributions by (au, other_au).
    units : Series
        Contributions of action units alone, by name. The scale of colours is that of the pairs.
    labels : sequence of two str
        What the classes are called.
    unit : str, default="log-odds"
    title : str, default=""

    Attributes
    ----------
    values_ : array of shape (17, 17)
        What is drawn: NaN above the diagonal. After `plot`.
    figure_ : matplotlib Figure
    ax_ : matplotlib Axes
    colorbar_ : matplotlib Colorbar
    """

    def __init__(self, pairs: pd.Series, units: pd.Series, labels: Sequence[str],
                 unit: str = "log-odds", title: str = "") -> None:
        self.pairs = pairs
        self.units = units
        self.labels = labels
        self.unit = unit
        self.title = title

    @classmethod
    def from_explanation(cls, explanation: Explanation, *, phase: str | None = None,
                         display_labels: Sequence[str] | None = None, title: str | None = None,
                         ax: Any = None) -> PairMapDisplay:
        """Draw what `explain` gave.

        Parameters
        ----------
        explanation : Explanation
            Of a system with a branch that looks at pairs, such as "auda-cross" or "auda-svm".
        phase : str, optional
            Such as "onset": contributions of this phase alone.
        display_labels : sequence of two str, optional
            What to call the classes; else the labels.
        title : str, optional
            Else the clip's name, and the phase.
        ax : matplotlib Axes, optional
            Else a new figure.

        Returns
        -------
        PairMapDisplay

        Raises
        ------
        TypeError, ValueError
            It is no explanation, no branch looks at pairs, there is no such phase, or not two
            `display_labels`.
        ImportError
            No matplotlib.
        """
        check_explanation(explanation)
        rows = explanation.table
        if not (rows["source"] == "pair").any():
            raise ValueError("the system has no branch that looks at pairs of action units, as "
                             "auda-cross does; PhaseMapDisplay shows single ones")
        if phase is not None:
            phases = [span for span in SPANS if span and span in set(rows["phase"])]
            if phase not in phases:
                raise ValueError(f"phase={phase!r}: no such phase; there is {', '.join(phases)}")
            rows = rows[rows["phase"] == phase]
        pairs = rows[rows["source"] == "pair"].groupby(["au", "other_au"])["contribution"].sum()
        own = rows[rows["source"] == "action unit"].groupby("au")["contribution"].sum()
        if title is None:
            title = shortened(explanation.clip.label, 50) + (f", {phase}" if phase else "")
        names = display_names(explanation.classes, display_labels)
        return cls(pairs, own, names, title=title).plot(ax=ax)

    @classmethod
    def from_estimator(cls, model: Any, clip: Any, *, background: Any = None, n_steps: int = 32,
                       n_orders: int = 8, random_state: int = 0, phase: str | None = None,
                       display_labels: Sequence[str] | None = None, title: str | None = None,
                       ax: Any = None) -> PairMapDisplay:
        """Explain the decision about a clip, and draw it.

        Parameters
        ----------
        model, clip, background, n_steps, n_orders, random_state
            See `smilegenuine.explain.explain`.
        phase, display_labels, title, ax
            See `from_explanation`.

        Returns
        -------
        PairMapDisplay

        Raises
        ------
        ValueError, NotFittedError, ClipError
            See `from_explanation` and `smilegenuine.explain.explain`.
        ImportError
            No matplotlib.
        """
        return cls.from_explanation(
            explain(model, clip, background=background, n_steps=n_steps, n_orders=n_orders,
                    random_state=random_state),
            phase=phase, display_labels=display_labels, title=title, ax=ax)

    def plot(self, *, ax: Any = None) -> PairMapDisplay:
        """Draw into the axes, or into a new figure.

        Parameters
        ----------
        ax : matplotlib Axes, optional

        Returns
        -------
        self
        """
        self.ax_ = ax = one_axes(ax, 6.6, 6.2)
        self.figure_ = ax.figure
        self.values_ = self._grid()
        own = np.abs(self.values_.diagonal()).max()
        beside = np.abs(self.values_[np.tril_indices_from(self.values_, -1)]).max()
        # A unit's own share may be that of a hundred pairs: with one scale, these would be pale.
        most = float(beside or own or 1.0)
        image = ax.imshow(self.values_, cmap=two_class_colours(), vmin=-most, vmax=most)
        for (row, column), value in np.ndenumerate(self.values_):
            if np.isfinite(value) and abs(value) >= 2 * _MATTERS * most:  # told in grey print too
                ax.text(column, row, "+" if value > 0 else "−", ha="center", va="center",
                        fontsize="small", color=readable_on(image.cmap(image.norm(value))))
            if row == column:
                ax.add_patch(_frame(row))
        ax.set_xticks(range(len(AU_NAMES)), AU_NAMES, rotation=90, fontsize="small")
        ax.set_yticks(range(len(AU_NAMES)), AU_NAMES, fontsize="small")
        for name in ("top", "right"):
            ax.spines[name].set_visible(False)
        # A file name may hold dollar signs; it is no formula.
        ax.set_title(self.title, fontsize="small", loc="left", parse_math=False)
        beyond = ", cut at the ends of the scale" if own > most else ""
        ax.set_xlabel(f"{key_of_signs(self.labels, self.unit)}\nframed: the units' own{beyond}",
                      fontsize="small", parse_math=False)
        ax.text(0.98, 0.97, self._strongest(most), ha="right", va="top", fontsize="small",
                transform=ax.transAxes)
        # In the empty half, so that the map keeps its size.
        inside = ax.inset_axes((0.62, 0.6, 0.36, 0.025))
        self.colorbar_ = self.figure_.colorbar(image, cax=inside, orientation="horizontal",
                                               ticks=(-most, 0.0, most), format="%.2g",
                                               extend="both" if own > most else "neither")
        self.colorbar_.ax.tick_params(labelsize="small")
        return self

    def _grid(self) -> np.ndarray:
        grid = np.zeros((len(AU_NAMES), len(AU_NAMES)))
        place = {au: k for k, au in enumerate(AU_NAMES)}
        for (au, other), value in zip(self.pairs.index.tolist(), self.pairs, strict=True):
            first, second = sorted((place[au], place[other]))
            grid[second, first] += value
        for au, value in zip(self.units.index.tolist(), self.units, strict=True):
            grid[place[au], place[au]] += value
        grid[np.triu_indices_from(grid, 1)] = np.nan
        return grid

    def _strongest(self, most: float) -> str:
        values = self.pairs.to_numpy(dtype=float)
        order = [k for k in np.argsort(-np.abs(values), kind="stable") if abs(values[k]) > _NOTHING]
        if not order:
            return "no pair contributes"
        names = self.pairs.index.tolist()
        lines = [f"{'×'.join(names[k])} {signed(values[k], most)}" for k in order[:_NAMED]]
        return "\n".join(["strongest pairs", *lines])


# -- what the pictures of explanations share -----------------------------------------------------

def contributions_by_phase(explanation: Explanation) -> pd.DataFrame:
    """Sum contributions by what they are made by, and phase.

    Parameters
    ----------
    explanation : Explanation

    Returns
    -------
    DataFrame
        A row an action unit (a pair's contribution goes in halves to its two), a part of the face,
        the smile intensity, a feature, or a branch of which no more is known; "not placed" where
        that is not nothing. Columns are phases, "no phase" the last one. The sum of all is that of
        `explanation.table`.
    """
    rows = explanation.table
    what = _what(rows)
    pair = (rows["other_au"] != "").to_numpy()
    share = rows["contribution"] * np.where(pair, 0.5, 1.0)
    both = pd.DataFrame({"what": [*what, *rows["other_au"][pair]],
                         "phase": [*rows["phase"], *rows["phase"][pair]],
                         "contribution": [*share, *share[pair]]})
    sums = both.groupby(["what", "phase"], sort=False)["contribution"].sum().unstack(fill_value=0)
    sums = sums[[span for span in SPANS if span in sums]].rename(columns={"": "no phase"})
    small = _NOTHING * max(1.0, float(sums.abs().to_numpy().max(initial=0.0)))
    sums = sums.loc[(sums.abs() > small).any(axis=1), (sums.abs() > small).any(axis=0)]
    return sums.rename_axis(index=None, columns=None)


def _what(rows: pd.DataFrame) -> pd.Series:
    """What each row is about; regions of several kinds of input are told apart."""
    kinds = rows.loc[rows["region"] != "", "source"].unique()
    region = rows["region"] + (" (" + rows["source"] + ")" if len(kinds) > 1 else "")
    what = rows["au"].where(rows["au"] != "", region.where(rows["region"] != "", ""))
    what = what.mask((what == "") & (rows["source"] == "smile"), "smile intensity")
    what = what.mask(what == "", rows["feature"])
    what = what.mask((what == "") & (rows["source"] == "not placed"), NOT_PLACED)
    return what.mask(what == "", rows["branch"])


def strongest_rows(values: pd.DataFrame, n: int) -> pd.DataFrame:
    """Sort rows by the sum of magnitudes, and sum up those beyond the first n, and small ones.

    Parameters
    ----------
    values : DataFrame
        See `contributions_by_phase`.
    n : int

    Returns
    -------
    DataFrame
        At most n rows in which something is a hundredth of the largest value, then the sum of the
        others; at the end what is not placed, where it is as much.
    """
    least = _SMALL * float(values.abs().to_numpy().max(initial=0.0))
    large = values.abs().max(axis=1) > least
    placed = values.drop(index=NOT_PLACED, errors="ignore")
    sizes = placed.abs().sum(axis=1).sort_values(ascending=False, kind="stable")
    order = [*(row for row in sizes.index if large[row]),
             *(row for row in sizes.index if not large[row])]
    n = min(n, int(large[order].sum()))
    n += len(order) == n + 1  # where there is one other, it is named
    parts = [placed.loc[order[:n]]]
    if len(order) > n:
        parts.append(placed.loc[order[n:]].sum().to_frame(f"{OTHERS} ({len(order) - n})").T)
    return pd.concat([*parts, values.loc[(values.index == NOT_PLACED) & large]])


def check_explanation(explanation: Any) -> None:
    """Raise a `TypeError` for what is no `Explanation`."""
    if not isinstance(explanation, Explanation):
        raise TypeError("explanation must be an Explanation, as smilegenuine.explain.explain gives "
                        f"it, not {type(explanation).__name__}")


def key_of_signs(labels: Sequence[str], unit: str) -> str:
    """Return in words what plus and minus mean, in two lines where one would be long."""
    against, for_ = short_names(labels, 16)
    between = "\n" if len(against) + len(for_) > 18 else " "
    return f"{unit}: + for {for_},{between}− for {against}"


def signed(value: float, most: float) -> str:
    """Write a contribution with its sign, to two or three figures of the largest one.

    Parameters
    ----------
    value, most : float

    Returns
    -------
    str

    Examples
    --------
    >>> signed(0.123, 0.5), signed(-3.14, 20.0), signed(0.001, 0.5)
    ('+0.12', '−3.1', '0')
    """
    decimals = 2 if most <= 0 else int(np.clip((most >= 1) + 1 - np.floor(np.log10(most)), 0, 6))
    rounded = round(float(value), decimals)
    return "0" if rounded == 0 else f"{rounded:+.{decimals}f}".replace("-", "−")


def draw_signed_bars(ax: Any, values: np.ndarray, *, height: float, room: float, n_ticks: int
                     ) -> None:
    """Draw contributions as bars to either side of zero, each with its number beside it.

    Parameters
    ----------
    ax : matplotlib Axes
    values : array of shape (n,)
        Drawn from row 0 on.
    height : float
        Of a bar, rows.
    room : float
        For the numbers, a share of the width of all bars.
    n_ticks : int
        How many intervals the axis has at most.
    """
    most = float(np.abs(values).max(initial=0.0)) or 1.0
    for k, value in enumerate(values):
        ax.barh(k, value, height=height, color=AGAINST_FOR[2 if value > 0 else 0], linewidth=0.0,
                edgecolor="white", hatch=HATCH if value < 0 else None)
        ax.annotate(signed(value, most), (value, k), (3 if value >= 0 else -3, 0),
                    textcoords="offset points", va="center", fontsize="small",
                    ha="left" if value >= 0 else "right")
    ax.axvline(0.0, color="black", linewidth=0.6)
    low, high = min(0.0, values.min(initial=0.0)), max(0.0, values.max(initial=0.0))
    beside = room * (high - low or most)
    ax.set_xlim(low - (beside if low < 0 else 0.1 * beside), high + beside)
    ax.tick_params(axis="x", labelsize="small")
    ax.locator_params(axis="x", nbins=n_ticks)


def _frame(k: int) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((k - 0.46, k - 0.46), 0.92, 0.92, fill=False, edgecolor="0.3", linewidth=0.8)
