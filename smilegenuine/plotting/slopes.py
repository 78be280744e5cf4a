"""Action units of a clip, and how fast and how steadily they move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..clips.au_table import AU_NAMES
from ..clips.record import as_clip
from ..clips.steps import require_fields
from ..features.auda import signals_of
from ..features.clip_phases import phases_of, seconds_of
from ..features.dynamics import REFERENCE_FPS, sliding_regression, window_frames
from .axes import several_axes, time_limits
from .lettering import ABOVE, below, draw_legend
from .signal_curves import chosen_units
from .style import STYLES, shade_phases, shortened


class SlopesDisplay:
    """Action units over time, their sliding-regression slopes δ and adjusted slopes δ̂.

    Make it with `from_clip`.

    Parameters
    ----------
    times : array of shape (T,)
        Seconds.
    curves : dict of str to array of shape (T,)
        Action-unit intensities 0–5; NaN where a frame was not measured.
    slopes, adjusted : dict of str to array of shape (T,)
        δ and δ̂ = δ·|r| of each, a second.
    phases : dict of str to tuple of (float, float)
        Begin and end of the phases of the smile, seconds.
    window : int, default=27
        Of the regression, in frames at 50 fps.
    title : str, default=""

    Attributes
    ----------
    figure_ : matplotlib Figure
    axes_ : array of matplotlib Axes
        Intensities, δ and δ̂, after `plot`.
    """

    def __init__(self, times: np.ndarray, curves: dict[str, np.ndarray],
                 slopes: dict[str, np.ndarray], adjusted: dict[str, np.ndarray],
                 phases: dict[str, tuple[float, float]], window: int = 27, title: str = ""
                 ) -> None:
        self.times = times
        self.curves = curves
        self.slopes = slopes
        self.adjusted = adjusted
        self.phases = phases
        self.window = window
        self.title = title

    @classmethod
    def from_clip(cls, clip: Any, *, aus: Sequence[str] = ("AU06", "AU12"), window: int = 27,
                  title: str | None = None, axes: Any = None) -> SlopesDisplay:
        """Draw a clip.

        Parameters
        ----------
        clip : recording
            One, with action units; its `smile` (else AU12) gives the phases.
        aus : sequence of str, default=("AU06", "AU12")
            Which action units to draw.
        window : int, default=27
            Of the regression, in frames at 50 fps: 27 is 0.54 s. At another frame rate the odd
            number of frames nearest to the same duration is taken, as `AUDA` does.
        title : str, optional
            Else the clip's name; of a long one, the end.
        axes : sequence of three matplotlib Axes, optional
            For intensities, δ and δ̂; else a new figure.

        Returns
        -------
        SlopesDisplay

        Raises
        ------
        ClipError
            The clip has no action units, no timing, fewer than three frames in which they are
            known, or fewer than 4 or more than 1000 frames a second.
        ValueError
            No such action unit, a window below 3, or not three axes.
        ImportError
            No matplotlib.

        Notes
        -----
        Frames that were not measured are gaps in the intensities. For the slopes they are bridged
        by straight lines, as they are for `AUDA`.

        References
        ----------
        Pawlus, Smolka, Kawulok & Kawulok (2025), equations 1 and 2, doi:10.48550/arXiv.2503.16128.
        """
        clip = as_clip(clip)
        require_fields(clip, ("aus",), "SlopesDisplay", "run an action-unit step first")
        require_fields(clip, ("times",), "SlopesDisplay", "give Clip(…, fps=…)")
        names = chosen_units(aus)
        intensities, _, times = signals_of(clip)
        columns = [AU_NAMES.index(au) for au in names]
        n_frames = window_frames(window, 1.0 / float(np.median(np.diff(times))))
        regression = sliding_regression(intensities[:, columns], times, n_frames)
        measured = clip.mask[:, None] & np.isfinite(clip.aus)
        shown = np.where(measured, np.asarray(clip.aus, dtype=float), np.nan)[:, columns]
        curves, slopes, adjusted = (dict(zip(names, part.T, strict=True))
                                    for part in (shown, regression.slope, regression.adjusted))
        display = cls(times, curves, slopes, adjusted, seconds_of(phases_of(clip), times), window,
                      shortened(clip.label) if title is None else title)
        return display.plot(axes=axes)

    def plot(self, *, axes: Any = None) -> SlopesDisplay:
        """Draw into the axes, or into a new figure.

        Parameters
        ----------
        axes : sequence of three matplotlib Axes, optional
            For intensities, δ and δ̂.

        Returns
        -------
        self
        """
        self.axes_, self.figure_ = several_axes(
            axes, 3, 1, "three, for intensities, slopes and adjusted slopes", figsize=(7, 6),
            sharex=True)
        lines = []
        for ax, curves in zip(self.axes_, (self.curves, self.slopes, self.adjusted), strict=True):
            shade_phases(ax, self.phases)
            # More action units than looks: the first looks again, rather than nothing.
            lines = [ax.plot(self.times, curve, color=STYLES[k % len(STYLES)][0],
                             linestyle=STYLES[k % len(STYLES)][1])[0]
                     for k, curve in enumerate(curves.values())]
        self._draw_frame(lines)
        return self

    def _draw_frame(self, lines: list[Any]) -> None:
        top, middle, bottom = self.axes_
        limits = time_limits(self.times)
        for ax in (middle, bottom):
            ax.axhline(0.0, color="black", linewidth=0.6, zorder=1)
        # The same scale: what of a slope is left when it is adjusted can be read off.
        most = max([float(np.abs(curve).max()) for curve in self.slopes.values()], default=0.0)
        limit = 1.1 * most or 1.0
        seconds = self.window / REFERENCE_FPS
        top.set(ylabel="AU intensity (0–5)", ylim=(-0.1, 5.1), xlim=limits)
        middle.set(ylabel="slope δ (1/s)", ylim=(-limit, limit), xlim=limits)
        bottom.set(ylabel="adjusted δ̂ (1/s)", ylim=(-limit, limit), xlim=limits,
                   xlabel=f"time (s); regression over {seconds:.3g} s")
        # A file name may hold dollar signs; it is no formula. Room below for the phases' names.
        top.set_title(self.title, fontsize="medium", loc="left", parse_math=False,
                      pad=20.0 if self.phases else None)
        spans, names = top.get_legend_handles_labels()
        if names:
            top.add_artist(draw_legend(top, spans, names, ncols=3, **ABOVE))
        if lines:
            inches = bottom.get_window_extent().width / self.figure_.dpi
            draw_legend(bottom, lines, list(self.curves), ncols=max(1, int(inches / 0.95)),
                        **below(bottom))
