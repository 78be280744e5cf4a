"""Pictures of how soon a decision can be had. Needs matplotlib (the extra ``plot``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..answers.early_accuracy import early_accuracy
from ..answers.early_decision import EarlyDecision, early_decision
from ..features.clip_phases import phases_of, seconds_of, smile_level
from .axes import one_axes, several_axes, time_limits
from .lettering import ABOVE
from .style import AGAINST_FOR, STYLES, load_pyplot, shade_phases, shortened

_LEVELS = {"smile": "smile intensity\n(arb. unit)", "AU12": "AU12 (0–5)",
           "lips": "lip corners from mid-mouth\n(mouth widths)"}
_NEEDED = ("fraction", "seconds", "decided", "accuracy", "lower", "upper", "chance")
_AXES = {"fraction": "share {of} seen", "seconds": "seconds seen since {of} began"}


class EarlyDecisionDisplay:
    """The probability of a class while more and more of a clip is seen, above its smile.

    Make it with `from_estimator`, or give what `early_decision` found.

    Parameters
    ----------
    decision : EarlyDecision
    display_labels : sequence of two str, optional
        What to call the classes; else the classifier's labels.
    title : str, optional
        Else the clip's name; of a long one, the end.

    Attributes
    ----------
    figure_ : matplotlib Figure
    axes_ : array of matplotlib Axes
        Probability and smile, after `plot`.
    """

    def __init__(self, decision: EarlyDecision, display_labels: Sequence[str] | None = None,
                 title: str | None = None) -> None:
        self.decision = decision
        self.display_labels = display_labels
        self.title = title

    @classmethod
    def from_estimator(cls, model: Any, clip: Any, *, fractions: Any = None, times: Any = None,
                       honest: bool = False, display_labels: Sequence[str] | None = None,
                       title: str | None = None, axes: Any = None) -> EarlyDecisionDisplay:
        """Ask a model about the beginnings of a clip, and draw what it says.

        Parameters
        ----------
        model : fitted classifier, or Pipeline that ends in one
        clip : recording
            One.
        fractions, times, honest
            See `smilegenuine.early_decision`.
        display_labels : sequence of two str, optional
        title : str, optional
        axes : sequence of two matplotlib Axes, optional
            For probability and smile; else a new figure.

        Returns
        -------
        EarlyDecisionDisplay

        Raises
        ------
        ValueError
            Not two axes or labels; what `early_decision` raises.
        ImportError
            No matplotlib.
        """
        load_pyplot()  # before anything is measured
        decision = early_decision(model, clip, fractions=fractions, times=times, honest=honest)
        return cls(decision, display_labels, title).plot(axes=axes)

    def plot(self, *, axes: Any = None) -> EarlyDecisionDisplay:
        """Draw into the axes, or into a new figure.

        Parameters
        ----------
        axes : sequence of two matplotlib Axes, optional
            For probability and smile.

        Returns
        -------
        self
        """
        labels = self.decision.classes if self.display_labels is None else self.display_labels
        if len(labels) != 2:
            raise ValueError(f"display_labels must be two, not {len(labels)}")
        self.axes_, self.figure_ = several_axes(
            axes, 2, 1, "two, for probability and smile", figsize=(7, 4.6), sharex=True,
            height_ratios=(1.4, 1))
        clip = self.decision.clip
        times = np.asarray(clip.times)
        spans = seconds_of(phases_of(clip), times)
        for ax in self.axes_:
            shade_phases(ax, spans, named=ax is self.axes_[0])
            ax.set_xlim(time_limits(times))
        self._draw_probability(self.axes_[0], [str(label) for label in labels])
        self._draw_smile(self.axes_[1])
        return self

    def _draw_probability(self, ax: Any, labels: list[str]) -> None:
        decision = self.decision
        ax.axhline(0.5, color="black", linewidth=0.6)
        ax.plot(decision.times, decision.probability, color="black", marker=".", markersize=4,
                linewidth=1.2)
        none = np.isnan(decision.probability)
        if none.any():  # what could not be said is not left to be guessed
            ax.plot(decision.times[none], np.full(none.sum(), 0.5), linestyle="", marker="x",
                    color="0.5", label="too little seen")
        ax.set(ylim=(-0.02, 1.02), ylabel=f"P({labels[1]})")
        for k, (place, side) in enumerate(((0.04, "bottom"), (0.96, "top"))):
            ax.text(0.995, place, labels[k], transform=ax.transAxes, ha="right", va=side,
                    color=AGAINST_FOR[2 * k], fontsize="small", parse_math=False)
        title = shortened(decision.clip.label, 60) if self.title is None else self.title
        # A file name may hold dollar signs; it is no formula.
        ax.set_title(title, fontsize="medium", loc="left", parse_math=False,
                     pad=20 if ax.get_legend_handles_labels()[1] else None)
        if ax.get_legend_handles_labels()[1]:
            ax.legend(ncols=4, **ABOVE)

    def _draw_smile(self, ax: Any) -> None:
        known = smile_level(self.decision.clip)
        ax.set_xlabel("time seen (s)")
        if known is None:
            ax.text(0.5, 0.5, "not measured", ha="center", va="center", transform=ax.transAxes)
            ax.set(yticks=[], ylabel="smile")
            return
        ax.plot(known.times, known.level, color="black", linewidth=1.2)
        ax.set_ylabel(_LEVELS[known.kind])


class EarlyAccuracyDisplay:
    """How often a model is right, by how much it has seen.

    Make it with `from_estimator`, or with `from_table` of what `early_accuracy` gave.

    Parameters
    ----------
    table : DataFrame
        From `early_accuracy`.
    x : {"fraction", "seconds"}, default="fraction"
        Which column of the table is the axis.
    of : {"smile", "clip"}, default="smile"
        What was cut, for the axis.
    name : str, optional
        Of the model, for the legend.

    Attributes
    ----------
    figure_ : matplotlib Figure
    ax_ : matplotlib Axes
        After `plot`.
    line_ : matplotlib Line2D
    """

    def __init__(self, table: pd.DataFrame, x: str = "fraction", of: str = "smile",
                 name: str | None = None) -> None:
        self.table = table
        self.x = x
        self.of = of
        self.name = name

    @classmethod
    def from_estimator(cls, model: Any, clips: Any, y: Any, groups: Any, *,
                       name: str | None = None, ax: Any = None, **params: Any
                       ) -> EarlyAccuracyDisplay:
        """Score a model by how much it has seen, and draw the scores.

        Parameters
        ----------
        model, clips, y, groups, **params
            See `smilegenuine.early_accuracy`.
        name : str, optional
            Else that of the model's class.
        ax : matplotlib Axes, optional
            Else a new figure.

        Returns
        -------
        EarlyAccuracyDisplay

        Raises
        ------
        ValueError
            What `early_accuracy` raises.
        ImportError
            No matplotlib.
        """
        load_pyplot()  # before anything is fitted
        last = getattr(model, "steps", [(None, model)])[-1][1]
        table = early_accuracy(model, clips, y, groups, **params)
        x = "fraction" if params.get("seconds") is None else "seconds"
        name = type(last).__name__ if name is None else name
        return cls(table, x, params.get("of", "smile"), name).plot(ax=ax)

    @classmethod
    def from_table(cls, table: pd.DataFrame, *, x: str = "fraction", of: str = "smile",
                   name: str | None = None, ax: Any = None) -> EarlyAccuracyDisplay:
        """Draw what `early_accuracy` gave.

        Parameters
        ----------
        table : DataFrame
        x : {"fraction", "seconds"}, default="fraction"
        of : {"smile", "clip"}, default="smile"
        name : str, optional
        ax : matplotlib Axes, optional
            That of another display to draw beside it; else a new figure.

        Returns
        -------
        EarlyAccuracyDisplay

        Raises
        ------
        ValueError
            It is no such table, or there is no such axis.
        ImportError
            No matplotlib.
        """
        return cls(table, x, of, name).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> EarlyAccuracyDisplay:
        """Draw into an axis, or into a new figure.

        Parameters
        ----------
        ax : matplotlib Axes, optional

        Returns
        -------
        self
        """
        for name, value, known in (("x", self.x, _AXES), ("of", self.of, ("smile", "clip"))):
            if value not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, not {value!r}")
        missing = [name for name in _NEEDED if name not in getattr(self.table, "columns", ())]
        if missing:
            raise ValueError(f"the table has no column {', '.join(missing)}; give what "
                             "early_accuracy returns")
        self.ax_ = ax = one_axes(ax, 6, 3.8)
        self.figure_ = ax.figure
        before = sum(line.get_gid() == "early accuracy" for line in ax.lines)
        colour, style = STYLES[before % len(STYLES)]
        table = self.table
        ax.fill_between(table[self.x], table["lower"], table["upper"], color=colour, alpha=0.18,
                        linewidth=0)
        self.line_, = ax.plot(table[self.x], table["accuracy"], color=colour, linestyle=style,
                              marker=".", label=self.name, gid="early accuracy")
        if not before:
            ax.plot(table[self.x], table["chance"], color="0.4", linewidth=0.8,
                    linestyle=(0, (1, 2)), label="chance")
        self._say_of_how_many(ax, colour)
        ax.set(xlabel=_AXES[self.x].format(of=f"of the {self.of}" if self.x == "fraction"
                                           else f"the {self.of}"), ylabel="accuracy")
        if self.x == "fraction":
            ax.set_xlim(0, 1.02)
        ax.legend(loc="lower right", frameon=False, fontsize="small")
        return self

    def _say_of_how_many(self, ax: Any, colour: str) -> None:
        """Beside points that are not of all clips: of what share."""
        few = self.table[(self.table["decided"] < 1) & self.table["accuracy"].notna()]
        for at, accuracy, share in zip(few[self.x], few["accuracy"], few["decided"], strict=True):
            ax.annotate(f"of {share:.0%}", (at, accuracy), textcoords="offset points",
                        xytext=(0, 6), ha="center", fontsize="x-small", color=colour)
