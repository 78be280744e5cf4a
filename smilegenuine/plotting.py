"""Pictures, in the manner of scikit-learn's displays. Needs matplotlib (the extra ``plot``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .au_table import AU_NAMES
from .base import require_fields
from .clip import Clip
from .features.phases import detect_phases

#: Colour-blind safe (Okabe & Ito), and told apart by line style in grey print.
_LINES = (("#0072B2", "-"), ("#D55E00", "--"), ("#009E73", "-."), ("#CC79A7", ":"),
          ("#56B4E9", (0, (5, 1))), ("#E69F00", (0, (3, 1, 1, 1))))
_SHADES = {"onset": "#cfe3f2", "apex": "#f3e3b3", "offset": "#e3d3e8"}


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
            Else the clip's name.
        axes : sequence of three matplotlib Axes, optional
            For chips, smile intensity and action units; else a new figure.

        Returns
        -------
        SignalsDisplay
        """
        require_fields(clip, ("aus", "times"), "SignalsDisplay", "run an action-unit step first")
        unknown = [au for au in aus if au not in AU_NAMES]
        if unknown:
            raise ValueError(f"{', '.join(unknown)} is none of {', '.join(AU_NAMES)}")
        measured = np.asarray(clip.aus)
        curves = {au: measured[:, AU_NAMES.index(au)] for au in aus}
        level = measured[:, AU_NAMES.index("AU12")] if clip.smile is None else clip.smile
        phases = detect_phases(level, clip.times) if np.isfinite(level).any() else {}
        display = cls(clip.times, curves, clip.smile, phases, _moments(clip, phases),
                      title or clip.label)
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
        plt = _pyplot()
        if axes is None:
            _, axes = plt.subplots(3, 1, figsize=(7, 6), layout="constrained",
                                   gridspec_kw={"height_ratios": (1.1, 1, 1.4)})
        self.axes_ = np.asarray(axes, dtype=object).ravel()
        if len(self.axes_) != 3:
            raise ValueError(f"axes must be three, for chips, smile intensity and action units, "
                             f"not {len(self.axes_)}")
        self.figure_ = self.axes_[0].figure
        top, middle, bottom = self.axes_
        self._draw_chips(top)
        self._shade(middle, named=True)
        self._shade(bottom, named=False)
        if self.smile is not None:
            middle.plot(self.times, self.smile, color="black", linewidth=1.5)
        middle.set(ylabel="smile intensity", xlim=(self.times[0], self.times[-1]))
        middle.tick_params(labelbottom=False)
        for (au, curve), (colour, style) in zip(self.curves.items(), _LINES * 3, strict=False):
            bottom.plot(self.times, curve, color=colour, linestyle=style, label=au)
        bottom.set(xlabel="time (s)", ylabel="AU intensity (0–5)", ylim=(-0.1, 5.1),
                   xlim=(self.times[0], self.times[-1]))
        bottom.legend(loc="upper left", bbox_to_anchor=(0.0, -0.3), ncols=6, frameon=False)
        return self

    def _draw_chips(self, ax: Any) -> None:
        ax.set_title(self.title, fontsize="medium", loc="left")
        ax.set_axis_off()
        if not self.chips:
            return
        side = next(iter(self.chips.values())).shape[1]
        step = round(side * 1.25)
        for k, (name, chip) in enumerate(self.chips.items()):
            ax.imshow(chip, extent=(k * step, k * step + side, 0, side))
            ax.text(k * step + side / 2, -0.06 * side, name, ha="center", va="top",
                    fontsize="small")
        ax.set(xlim=(0, step * max(4, len(self.chips))), ylim=(-0.25 * side, side))

    def _shade(self, ax: Any, *, named: bool) -> None:
        for name, colour in _SHADES.items():
            frames = self.phases.get(name, slice(0, 0))
            if frames.stop > frames.start:
                start = self.times[frames.start]
                stop = self.times[min(frames.stop, len(self.times) - 1)]
                ax.axvspan(start, stop, color=colour, linewidth=0)
                if named:
                    ax.text((start + stop) / 2, 1.02, name, ha="center", va="bottom",
                            fontsize="small", transform=ax.get_xaxis_transform())


def _moments(clip: Clip, phases: dict[str, slice]) -> dict[str, np.ndarray]:
    """The face before the smile, in the middle of each phase, and at the end."""
    if clip.faces is None:
        return {}
    moments = {"start": 0}
    for name in ("onset", "apex", "offset"):
        frames = phases.get(name, slice(0, 0))
        if frames.stop > frames.start:
            moments[name] = (frames.start + frames.stop) // 2
    moments["end"] = len(clip.faces) - 1
    valid = np.flatnonzero(clip.mask)
    if not len(valid):
        return {}
    nearest = {name: int(valid[np.abs(valid - i).argmin()]) for name, i in moments.items()}
    return {name: clip.faces[i] for name, i in nearest.items()}


def _pyplot() -> Any:
    try:
        from matplotlib import pyplot
    except ImportError:
        raise ImportError("pictures need matplotlib: pip install 'smilegenuine[plot]'") from None
    return pyplot
