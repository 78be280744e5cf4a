"""The signals of a clip over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..clips.au_table import AU_NAMES
from ..clips.record import Clip
from ..clips.steps import require_fields
from ..features.clip_phases import phases_of, seconds_of
from .axes import several_axes, time_limits
from .face_strip import chips_at, draw_chips, moments_of
from .lettering import ABOVE, below
from .style import STYLES, shade_phases, shortened


class SignalsDisplay:
    """Action units and smile intensity of a clip over time, its phases shaded.

    Make it with `from_clip`.

    Parameters
    ----------
    times : array of shape (T,)
        Seconds.
    curves : dict of str to array of shape (T,)
        Action-unit intensities 0–5.
    smile : array of shape (T,) or None
        Smile intensity.
    phases : dict of str to slice
    chips : dict of str to array of shape (h, w, 3)
        Face chips to show, by the name of the moment.
    title : str

    Attributes
    ----------
    figure_ : matplotlib Figure
    axes_ : array of matplotlib Axes
        After `plot`.
    """

    def __init__(self, times: np.ndarray, curves: dict[str, np.ndarray], smile: np.ndarray | None,
                 phases: dict[str, slice], chips: dict[str, np.ndarray], title: str) -> None:
        self.times = times
        self.curves = curves
        self.smile = smile
        self.phases = phases
        self.chips = chips
        self.title = title

    @classmethod
    def from_clip(cls, clip: Clip, *, aus: Sequence[str] = ("AU06", "AU12", "AU25", "AU45"),
                  title: str | None = None, axes: Any = None) -> SignalsDisplay:
        """Draw a clip.

        Parameters
        ----------
        clip : Clip
            With `aus`; its `smile` (else AU12) gives the phases, its `faces` the chips.
        aus : sequence of str, default=("AU06", "AU12", "AU25", "AU45")
            Which action units to draw.
        title : str, optional
            Else the clip's name; of a long one, the end.
        axes : sequence of three matplotlib Axes, optional
            For chips, smile intensity and action units; else a new figure.

        Returns
        -------
        SignalsDisplay

        Raises
        ------
        ClipError
            The clip has no `aus` or no timing.
        ValueError
            No such action unit, or not three axes.
        ImportError
            No matplotlib.
        """
        require_fields(clip, ("aus", "times"), "SignalsDisplay", "run an action-unit step first")
        measured = np.asarray(clip.aus)
        curves = {au: measured[:, AU_NAMES.index(au)] for au in chosen_units(aus)}
        phases = phases_of(clip)
        chips = chips_at(clip, moments_of(clip, phases))
        display = cls(clip.times, curves, clip.smile, phases, chips,
                      shortened(clip.label) if title is None else title)
        return display.plot(axes=axes)

    def plot(self, *, axes: Any = None) -> SignalsDisplay:
        """Draw into the axes, or into a new figure.

        Parameters
        ----------
        axes : sequence of three matplotlib Axes, optional
            For chips, smile intensity and action units.

        Returns
        -------
        self
        """
        top_height = 1.1 if self.chips else 0.1  # a line for the title
        self.axes_, self.figure_ = several_axes(
            axes, 3, 1, "three, for chips, smile intensity and action units",
            figsize=(7, 3.8 + 2 * top_height), height_ratios=(top_height, 1, 1.4))
        top, middle, bottom = self.axes_
        self._draw_chips(top)
        self._shade(middle, named=True)
        self._shade(bottom, named=False)
        if self.smile is None:
            middle.text(0.5, 0.5, "not measured", ha="center", va="center",
                        transform=middle.transAxes)
            middle.set_yticks([])
        else:
            middle.plot(self.times, self.smile, color="black", linewidth=1.5)
        middle.set(ylabel="smile intensity\n(arb. unit)", xlim=time_limits(self.times))
        middle.tick_params(labelbottom=False)
        for (au, curve), (colour, style) in zip(self.curves.items(), STYLES, strict=False):
            bottom.plot(self.times, curve, color=colour, linestyle=style, label=au)
        bottom.set(xlabel="time (s)", ylabel="AU intensity (0–5)", ylim=(-0.1, 5.1),
                   xlim=time_limits(self.times))
        if self.curves:
            self._draw_legend(bottom)
        return self

    def _draw_legend(self, ax: Any) -> None:
        inches = ax.get_window_extent().width / self.figure_.dpi
        ax.legend(ncols=max(1, int(inches / 0.85)), **below(ax))

    def _draw_chips(self, ax: Any) -> None:
        # A file name may hold dollar signs; it is no formula.
        ax.set_title(self.title, fontsize="medium", loc="left", parse_math=False)
        ax.set_axis_off()
        if self.chips:
            draw_chips(ax, {moment: moment for moment in self.chips}, self.chips)

    def _shade(self, ax: Any, *, named: bool) -> None:
        shade_phases(ax, seconds_of(self.phases, self.times), named=named)
        if named and ax.get_legend_handles_labels()[1]:
            ax.legend(ncols=3, **ABOVE)


def chosen_units(aus: str | Sequence[str]) -> list[str]:
    """Return the names of action units to draw, one or several, or raise where one is unknown."""
    aus = [aus] if isinstance(aus, str) else list(aus)
    unknown = [str(au) for au in aus if au not in AU_NAMES]
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: no such action unit; there are "
                         f"{', '.join(AU_NAMES)}")
    return aus
