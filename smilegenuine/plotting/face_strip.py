"""The face at the moments of a smile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..clips.errors import ClipError
from ..clips.record import Clip, as_clip
from ..features.clip_phases import IN_ORDER, phases_of
from .axes import one_axes
from .style import shortened

_PLACES = 5  # room is left for all moments, so that chips are of one size whether one is missing
_GAP = 0.25  # between chips, shares of their width


class FaceStripDisplay:
    """The face at the start, in the middle of onset, apex and offset, and at the end of a clip.

    Make it with `from_clip`.

    Parameters
    ----------
    frames : dict of str to int
        Moment -> frame of the clip, in the order of drawing.
    chips : dict of str to array of shape (h, w, 3)
        Moment -> its face chip; empty where there are no pictures.
    times : array of shape (T,), optional
        Of the clip's frames, seconds; without them frames are numbered.
    title : str, default=""

    Attributes
    ----------
    figure_ : matplotlib Figure
    ax_ : matplotlib Axes
        After `plot`.
    """

    def __init__(self, frames: dict[str, int], chips: dict[str, np.ndarray],
                 times: np.ndarray | None = None, title: str = "") -> None:
        self.frames = frames
        self.chips = chips
        self.times = times
        self.title = title

    @classmethod
    def from_clip(cls, clip: Any, *, title: str | None = None, ax: Any = None) -> FaceStripDisplay:
        """Draw a clip.

        Parameters
        ----------
        clip : recording
            One; its `smile` (else AU12, else the lip corners of its landmarks) gives the phases,
            its `faces` the chips. Of a clip without `faces`, moments and times are drawn alone.
        title : str, optional
            Else the clip's name; of a long one, the end.
        ax : matplotlib Axes, optional
            Else a new figure.

        Returns
        -------
        FaceStripDisplay

        Raises
        ------
        ClipError
            The clip cannot be opened, or nothing has been measured of it.
        ImportError
            No matplotlib.

        Notes
        -----
        Of a frame without a face, the nearest one that has one is shown, and its time is given.

        Examples
        --------
        >>> import numpy as np
        >>> from smilegenuine import Clip
        >>> from smilegenuine.plotting.face_strip import FaceStripDisplay
        >>> clip = Clip(faces=np.zeros((30, 8, 8, 3), np.uint8), fps=25,
        ...             smile=np.r_[np.zeros(8), np.hanning(16), np.zeros(6)])
        >>> FaceStripDisplay.from_clip(clip).frames
        {'start': 0, 'onset': 11, 'apex': 16, 'offset': 20, 'end': 29}
        """
        clip = as_clip(clip)
        if not clip.n_frames:
            raise ClipError(clip.label, "FaceStripDisplay needs a measured clip; run FaceAligner "
                            "first")
        frames = moments_of(clip, phases_of(clip))
        display = cls(frames, chips_at(clip, frames), clip.times,
                      shortened(clip.label) if title is None else title)
        return display.plot(ax=ax)

    def plot(self, *, ax: Any = None) -> FaceStripDisplay:
        """Draw into the axes, or into a new figure.

        Parameters
        ----------
        ax : matplotlib Axes, optional

        Returns
        -------
        self
        """
        self.ax_ = ax = one_axes(ax, 7, 2.1)
        self.figure_ = ax.figure
        # A file name may hold dollar signs; it is no formula.
        ax.set_title(self.title, fontsize="medium", loc="left", parse_math=False)
        ax.set_axis_off()
        names = {moment: f"{moment}\n{self._when(frame)}" for moment, frame in self.frames.items()}
        draw_chips(ax, names, self.chips)
        return self

    def _when(self, frame: int) -> str:
        return f"frame {frame}" if self.times is None else f"{float(self.times[frame]):.2f} s"


def moments_of(clip: Clip, phases: Mapping[str, slice]) -> dict[str, int]:
    """Find the frames at which to show a clip: a face is in each, where there is any.

    Parameters
    ----------
    clip : Clip
    phases : mapping of str to slice
        Of its smile, see `phases_of`.

    Returns
    -------
    dict of str to int
        "start", the middles of "onset", "apex" and "offset" where they are there, and "end".
    """
    valid = np.flatnonzero(clip.mask)
    last = len(clip.mask) - 1
    moments = {"start": 0}
    for name in IN_ORDER:
        frames = phases.get(name, slice(0, 0))
        if frames.stop > frames.start:
            moments[name] = (frames.start + frames.stop) // 2
    if last > 0:
        moments["end"] = last
    if not len(valid):
        return moments
    return {name: int(valid[np.abs(valid - frame).argmin()]) for name, frame in moments.items()}


def chips_at(clip: Clip, frames: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Return the face chips of some frames; none where the clip has no faces.

    Parameters
    ----------
    clip : Clip
    frames : mapping of str to int

    Returns
    -------
    dict of str to array of shape (h, w, 3)
    """
    if clip.faces is None or not clip.mask.any():
        return {}
    return {name: np.asarray(clip.faces[frame]) for name, frame in frames.items()}


def draw_chips(ax: Any, names: Mapping[str, str], chips: Mapping[str, np.ndarray]) -> None:
    """Draw chips side by side, each with its name below.

    Parameters
    ----------
    ax : matplotlib Axes
    names : mapping of str to str
        Moment -> what to write below it.
    chips : mapping of str to array of shape (h, w, 3)
        Moment -> chip; without any, there are frames in which that is said.
    """
    height, width = next(iter(chips.values())).shape[:2] if chips else (120, 100)
    step = (1.0 + _GAP) * width
    for k, (moment, name) in enumerate(names.items()):
        if moment in chips:
            ax.imshow(chips[moment], extent=(k * step, k * step + width, 0, height))
        else:
            ax.add_patch(_frame(k * step, width, height))
            ax.text(k * step + width / 2, height / 2, "no\npictures", ha="center", va="center",
                    color="0.35", fontsize="small")
        ax.text(k * step + width / 2, -0.06 * height, name, ha="center", va="top",
                fontsize="small")
    lines = max((name.count("\n") + 1 for name in names.values()), default=1)
    ax.set(xlim=(0, (_PLACES - 1) * step + width), ylim=(-0.25 * lines * height, height),
           xticks=(), yticks=(), anchor="NW", aspect="equal")


def _frame(left: float, width: float, height: float) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((left, 0), width, height, facecolor="0.95", edgecolor="0.6", linewidth=0.8,
                     clip_on=False)
