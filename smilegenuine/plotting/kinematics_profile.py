"""How long, how far, how fast: a smile's figures beside those of posed and spontaneous smiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from ..classifiers.kinematic_decisions import CANNOT_TELL, NO_SMILE
from ..classifiers.opening import unwrapped
from ..clips.record import as_clip
from ..clips.steps import check_positive
from ..explain.kinematic_reasons import classifier_of, reasons_of
from ..explain.kinematics_words import number_text, short_words, unit_of
from ..features.smile_kinematics import Smile
from .axes import several_axes
from .contribution_maps import draw_signed_bars, signed
from .lettering import below, display_names, draw_legend, short_names
from .style import AGAINST_FOR, HATCH, load_pyplot, shortened

_ASIDE, _HEIGHT = 0.2, 0.24  # of a class's strip, in rows: from the middle, and of its quartiles
# Inches beside the strips, for the ends of their scales, and for names that widen the left margin.
_ENDS, _NAMES = 0.48, 0.6
_LEVELS = ("05", "25", "50", "75", "95")
_THIS = "this smile"
_LEAST_ROWS = 4


class KinematicsDisplay:
    """A smile's figures beside what is usual, and what each of them contributes to the decision.

    A row a figure, the strongest first. At the left where it lies among those of each class (5 to
    95 % and quartiles), on a scale of its own; at the right what it adds to the log-odds.

    Make it with `from_model`.

    Parameters
    ----------
    table : DataFrame
        Rows of one smile, as `smilegenuine.explain.reasons` gives them.
    labels : sequence of two str
        What the classes are called, as in the table's columns.
    title : str, default=""
    n : int, default=10
        Figures to draw: those that contribute most. The rest is summed in one.

    Attributes
    ----------
    figure_ : matplotlib Figure
    axes_ : array of matplotlib Axes
        Strips, and contributions; after `plot`.
    """

    def __init__(self, table: pd.DataFrame, labels: Sequence[str], title: str = "",
                 n: int = 10) -> None:
        self.table = table
        self.labels = labels
        self.title = title
        self.n = n

    @classmethod
    def from_model(cls, model: Any, clip: Any, *, smile: int = 1, n: int = 10, n_orders: int = 64,
                   random_state: int = 0, display_labels: Sequence[str] | None = None,
                   title: str | None = None, axes: Any = None) -> KinematicsDisplay:
        """Explain the decision about a smile of a recording, and draw it.

        Parameters
        ----------
        model : KinematicsPipeline
            See `smilegenuine.explain.reasons`.
        clip : recording
            One, anything that `as_clip` takes.
        smile : int, default=1
            Which of its smiles, in their order.
        n : int, default=10
            Figures to draw: those that contribute most. The rest is summed in one.
        n_orders, random_state
            See `smilegenuine.explain.kinematic_contributions`.
        display_labels : sequence of two str, optional
            What to call the classes; else the labels, and 0 and 1 posed and spontaneous.
        title : str, optional
            Else the clip's name; of a long one, the end. The decision, and when the smile is, stand
            below it.
        axes : sequence of two matplotlib Axes, optional
            For strips and contributions; else a new figure.

        Returns
        -------
        KinematicsDisplay
            Where no smile is found, the picture says so.

        Raises
        ------
        ValueError
            The model is another, there is no such smile, `n` is no such number, not two
            `display_labels`, or not two axes.
        ClipError
            The recording cannot be opened or measured.
        ImportError
            No matplotlib.
        """
        load_pyplot()  # before anything is measured
        classifier, model = classifier_of(model), unwrapped(model)
        names = display_names(classifier.classes_, display_labels)
        check_positive("n", n, whole=True, at_least=1)
        check_positive("smile", smile, whole=True, at_least=1)
        clip = as_clip(clip)
        smiles: list[Smile] = model.measured([clip])[0]
        lines = [shortened(clip.label, 60) if title is None else title]
        if not smiles:
            return cls(reasons_of(classifier, [], names=names), names,
                       "\n".join([*filter(None, lines), NO_SMILE]), n).plot(axes=axes)
        if smile > len(smiles):
            raise ValueError(f"smile must be 1 to {len(smiles)}, as many as {clip.label} has, not "
                             f"{smile}")
        chosen = smiles[smile - 1]
        of = f"smile {smile} of {len(smiles)}" if len(smiles) > 1 else "smile"
        lines += [_decision(model, chosen, names),
                  f"{of} from {chosen.start:.1f} to {chosen.end:.1f} s"]
        table = reasons_of(classifier, [chosen], names=names, n_orders=n_orders,
                           random_state=random_state)
        return cls(table, names, "\n".join(filter(None, lines)), n).plot(axes=axes)

    def plot(self, *, axes: Any = None) -> KinematicsDisplay:
        """Draw into the axes, or into a new figure.

        Parameters
        ----------
        axes : sequence of two matplotlib Axes, optional

        Returns
        -------
        self
        """
        check_positive("n", self.n, whole=True, at_least=1)
        order = self.table["contribution"].abs().sort_values(ascending=False, kind="stable").index
        rows = self.table.loc[order].reset_index(drop=True)
        n = min(self.n, len(rows))
        n += len(rows) == n + 1  # where there is one other, it is named
        shown, others = rows[:n], rows[n:]
        height = 1.0 if rows.empty else 1.75 + 0.52 * max(_LEAST_ROWS, n + bool(len(others)))
        self.axes_, self.figure_ = several_axes(
            axes, 1, 2, "two, for strips and contributions", figsize=(9.0, height),
            width_ratios=(2.6, 1.0))
        strips, bars = self.axes_
        # A file name may hold dollar signs; it is no formula.
        strips.set_title(self.title, fontsize="medium", loc="left", parse_math=False)
        if rows.empty:
            self._draw_nothing()
            return self
        for ax in self.axes_:
            ax.set_ylim(n + bool(len(others)) - 0.45, -0.55)
            for name in ("top", "right", "left"):
                ax.spines[name].set_visible(False)
            for edge in np.arange(n + bool(len(others)) - 1) + 0.5:
                ax.axhline(edge, color="0.88", linewidth=0.6, zorder=0)
        self._draw_strips(strips, shown, len(others))
        self._draw_bars(bars, shown, others)
        return self

    def _draw_nothing(self) -> None:
        for ax in self.axes_:
            ax.set(xticks=(), yticks=())
            ax.set_axis_off()
        self.axes_[0].text(0.0, 0.8, "Nothing could be measured that lies beside other smiles.",
                           va="top", fontsize="small", transform=self.axes_[0].transAxes)

    # -- where the figures lie ---------------------------------------------------------------------

    def _draw_strips(self, ax: Any, shown: pd.DataFrame, n_others: int) -> None:
        handles: dict[str, Any] = {}
        for k, (_, row) in enumerate(shown.iterrows()):
            usual = np.array([[row[f"{name}_{level}"] for level in _LEVELS]
                              for name in self.labels], dtype=float)
            every = np.r_[usual.ravel(), row["value"]]
            low, high = float(np.nanmin(every)), float(np.nanmax(every))
            # Each row has a scale of its own; where all is the same, that is in the middle.
            placed = (every - low) / (high - low) if high > low else 0.0 * every + 0.5
            at = float(placed[-1])
            for c, levels in enumerate(placed[:-1].reshape(usual.shape)):
                if np.isfinite(levels).all():
                    handles[self.labels[c]] = _draw_strip(ax, levels, k, c)
            ax.plot((at, at), (k - 0.4, k + 0.4), color="black", linewidth=1.4, zorder=4)
            handles[_THIS], = ax.plot(at, k, marker="D", color="black", markersize=5,
                                      markeredgecolor="white", linestyle="", zorder=5)
            for value, x, side in ((low, 0.0, "right"), (high, 1.0, "left")):
                if high > low:
                    ax.annotate(number_text(row["parameter"], value), (x, k), (16 * x - 8, 0),
                                textcoords="offset points", ha=side, va="center",
                                fontsize="x-small", color="0.35")
        names = [_in_two_lines(parameter, value) for parameter, value in
                 zip(shown["parameter"], shown["value"], strict=True)]
        names += [f"others ({n_others})"] if n_others else []
        ax.set_yticks(range(len(names)), names, fontsize="small", parse_math=False)
        edge = _beside(ax)
        ax.set(xlim=(-edge, 1.0 + edge), xticks=())
        ax.tick_params(length=0)
        ax.spines["bottom"].set_visible(False)
        order = [name for name in (*self.labels, _THIS) if name in handles]
        called = dict(zip(self.labels, short_names(self.labels, 16), strict=True))
        draw_legend(ax, [handles[name] for name in order],
                    [f"{called[name]}: 5 to 95 %, quartiles, median" if name in called else name
                     for name in order], fontsize="small", **below(ax, 0.08))

    # -- what they contribute ----------------------------------------------------------------------

    def _draw_bars(self, ax: Any, shown: pd.DataFrame, others: pd.DataFrame) -> None:
        values = shown["contribution"].to_numpy(dtype=float)
        if len(others):
            values = np.r_[values, others["contribution"].sum()]
        draw_signed_bars(ax, values, height=0.5, room=0.32, n_ticks=4)
        ax.set_yticks(())
        against, for_ = short_names(self.labels, 16)
        ax.set_xlabel(f"log-odds\n+ for {for_}\n− for {against}", fontsize="small", loc="left",
                      parse_math=False)


def _draw_strip(ax: Any, levels: np.ndarray, row: int, c: int) -> tuple[Any, ...]:
    """Draw a class's quantiles: a line, a box and the mark of the median."""
    colour, y = AGAINST_FOR[2 * c], row + (2 * c - 1) * _ASIDE
    line, = ax.plot(levels[[0, 4]], (y, y), color=colour, linewidth=1.4, solid_capstyle="butt",
                    zorder=1)
    box = ax.barh(y, levels[3] - levels[1], left=levels[1], height=_HEIGHT, linewidth=1.0,
                  color=colour if c else "white", edgecolor=colour, zorder=2,
                  hatch=None if c else HATCH)
    ax.plot((levels[2],) * 2, (y - 0.5 * _HEIGHT, y + 0.5 * _HEIGHT), linewidth=2.2, zorder=3,
            color="white" if c else colour, solid_capstyle="butt")
    return line, box


def _beside(ax: Any) -> float:
    """How much wider than the strips an axis must be at each end, over their width."""
    width = ax.get_position().width * ax.figure.bbox.width / ax.figure.dpi - _NAMES
    return float(np.clip(_ENDS / max(width - 2.0 * _ENDS, 1e-3), 0.08, 0.6))


def _in_two_lines(parameter: str, value: float) -> str:
    measured = f"{number_text(parameter, value)} {unit_of(parameter)}".rstrip()
    return f"{short_words(parameter)}\n{measured}"


def _decision(model: Any, smile: Smile, names: Sequence[str]) -> str:
    decided = model.decide_smiles([smile])
    if not decided.known[0]:
        return CANNOT_TELL
    classifier = classifier_of(model)
    decision = float(classifier.decision_function(decided.figures)[0])
    p = float(expit(abs(decision)))
    sure = (f"{short_names(names, 16)[int(decision > 0)]}, P "
            f"{'> 0.99' if p > 0.995 else f'= {p:.2f}'} (log-odds {signed(decision, 0.5)})")
    if decided.decisions[0] != CANNOT_TELL:
        return sure
    why = " (unlike what was learnt)" if classifier.unusual(decided.figures)[0] else ""
    return f"{CANNOT_TELL}{why}; {sure}"
