"""Pictures of what a network looks at on the face. Needs matplotlib (the extra ``plot``)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from ..clips.errors import ClipError
from ..clips.record import Clip, as_clip
from ..clips.steps import require_fields
from ..face.mesh import align_head
from ..face.mesh_regions import LINES
from ..features.clip_phases import phases_of, seconds_of
from .axes import several_axes, time_limits
from .lettering import ABOVE
from .style import AGAINST_FOR, shade_phases, shortened, two_class_colours

if TYPE_CHECKING:
    from ..explain.mesh_saliency import LandmarkSaliency

_AREAS = (2.0, 45.0)  # of points of the mesh that count for nothing and most, in points²
_ROOM, _ROOM_BELOW = 0.05, 0.42  # around the face, and for the colour bar, shares of its height


class LandmarkSaliencyDisplay:
    """Which points of the face mesh drive a decision, on the face, and which frames, over time.

    Make it with `from_estimator`.

    Parameters
    ----------
    saliency : LandmarkSaliency
        Of a clip, see `smilegenuine.explain.landmark_saliency`.
    face : array of shape (478, 2)
        Where to draw the points of the mesh: x to the right, y down.
    phases : dict of str to tuple of (float, float)
        Begin and end of the phases of the smile, seconds.
    picture : array of shape (H, W, 3), optional
        On which `face` lies, in pixels.
    display_labels : sequence of two str, optional
        What to call the classes; else the classifier's labels.
    title : str, default=""

    Attributes
    ----------
    figure_ : matplotlib Figure
    axes_ : array of matplotlib Axes
        Face and time, after `plot`.
    colorbar_ : matplotlib Colorbar
    """

    def __init__(self, saliency: LandmarkSaliency, face: np.ndarray,
                 phases: dict[str, tuple[float, float]], picture: np.ndarray | None = None,
                 display_labels: Sequence[str] | None = None, title: str = "") -> None:
        self.saliency = saliency
        self.face = face
        self.phases = phases
        self.picture = picture
        self.display_labels = display_labels
        self.title = title

    @classmethod
    def from_estimator(cls, classifier: Any, clip: Any, *, baseline: str = "first",
                       n_steps: int = 16, on_frame: bool = False,
                       display_labels: Sequence[str] | None = None, title: str | None = None,
                       axes: Any = None) -> LandmarkSaliencyDisplay:
        """Explain the decision about a clip, and draw it.

        Parameters
        ----------
        classifier : fitted classifier of landmarks, or Pipeline that ends in one
        clip : recording
            One; its `smile` (else the distance of the lip corners) gives the phases.
        baseline : {"first", "mean"}, default="first"
        n_steps : int, default=16
            See `smilegenuine.explain.landmark_saliency`.
        on_frame : bool, default=False
            False: the mean face of the clip, from the front. True: the picture of the frame that
            counts most for the decision.
        display_labels : sequence of two str, optional
            What to call the classes; else the classifier's labels.
        title : str, optional
            Else the clip's name and the decision; of a long name, the end.
        axes : sequence of two matplotlib Axes, optional
            For the face and for time; else a new figure.

        Returns
        -------
        LandmarkSaliencyDisplay

        Raises
        ------
        ClipError
            The clip has no landmarks, no timing, no frame with a face, or no pictures where they
            are wanted.
        ValueError
            The classifier does not look at landmarks, a parameter makes no sense, or not two axes.
        NotFittedError
            The classifier is not fitted.
        ImportError
            No matplotlib.
        """
        from ..explain.mesh_saliency import (  # torch is loaded only here
            landmark_saliency,
            measured_clips,
        )

        last, (clip,) = measured_clips(classifier, [as_clip(clip)])
        saliency, = landmark_saliency(last, [clip], baseline=baseline, n_steps=n_steps)
        if on_frame:
            face, picture = _on_frame(clip, _strongest(saliency))
        else:
            face, picture = _mean_face(clip, saliency.frames), None
        if title is None:
            title = f"{shortened(clip.label, 34)}\ndecision {saliency.decision:+.2f}"
        spans = seconds_of(phases_of(clip), np.asarray(clip.times))
        display = cls(saliency, face, spans, picture, display_labels, title)
        return display.plot(axes=axes)

    def plot(self, *, axes: Any = None) -> LandmarkSaliencyDisplay:
        """Draw into the axes, or into a new figure.

        Parameters
        ----------
        axes : sequence of two matplotlib Axes, optional
            For the face and for time.

        Returns
        -------
        self
        """
        labels = [str(label) for label in (
            self.saliency.classes if self.display_labels is None else self.display_labels)]
        if len(labels) != 2:
            raise ValueError(f"display_labels must be two, for the classes "
                             f"{', '.join(map(str, self.saliency.classes))}, not {len(labels)}")
        self.axes_, self.figure_ = several_axes(
            axes, 1, 2, "two, for the face and for time", figsize=(9, 4.6), width_ratios=(1, 1.35))
        self._draw_face(self.axes_[0], labels)
        self._draw_time(self.axes_[1], labels)
        return self

    def _draw_face(self, ax: Any, labels: list[str]) -> None:
        from matplotlib.patches import Rectangle

        low, high = self.face.min(axis=0), self.face.max(axis=0)
        height = high[1] - low[1]
        room = _ROOM * height
        line = {"color": "0.65", "linewidth": 0.8}
        if self.picture is not None:
            line = {"color": "white", "linewidth": 0.5, "alpha": 0.5}
            around = Rectangle(low - room, *(high - low + 2.0 * room), transform=ax.transData)
            ax.imshow(self.picture).set_clip_path(around)
        for points in LINES.values():
            ax.plot(*self.face[points].T, zorder=1, **line)
        values = self.saliency.by_point()
        weight = self.saliency.by_point(signed=False)
        order = np.argsort(weight)  # what counts is drawn over what does not
        most = float(np.abs(values).max()) or 1.0
        area = _AREAS[0] + (_AREAS[1] - _AREAS[0]) * weight / (weight.max() or 1.0)
        dots = ax.scatter(*self.face[self.saliency.points[order]].T, s=area[order],
                          c=values[order], vmin=-most, vmax=most, zorder=2, edgecolors="0.4",
                          cmap=two_class_colours(), linewidths=0.3)
        # A file name may hold dollar signs; it is no formula.
        ax.set_title(self.title, fontsize="small", loc="left", parse_math=False)
        ax.set(xlim=(low[0] - room, high[0] + room),
               ylim=(high[1] + _ROOM_BELOW * height, low[1] - room), aspect="equal")
        ax.set_axis_off()
        self._draw_bar(ax, dots, most, labels)

    def _draw_bar(self, ax: Any, dots: Any, most: float, labels: list[str]) -> None:
        # Inside the face's axes: beside them it would take height from the other ones too.
        inside = ax.inset_axes((-0.12, 0.16, 1.24, 0.025))
        bar = self.figure_.colorbar(dots, cax=inside, orientation="horizontal",
                                    ticks=(-most, 0.0, most), format="%.2g")
        bar.set_label("saliency (log-odds)", fontsize="small")
        bar.ax.tick_params(labelsize="small")
        for k, side in enumerate(("left", "right")):
            bar.ax.text(k, 1.4, f"for {labels[k]}", transform=bar.ax.transAxes, ha=side,
                        color=AGAINST_FOR[2 * k], fontsize="small", parse_math=False)
        self.colorbar_ = bar

    def _draw_time(self, ax: Any, labels: list[str]) -> None:
        times, values = self.saliency.times, self.saliency.by_frame()
        shade_phases(ax, self.phases)
        against, both = _with_crossings(times, values)
        for colour, sign in ((AGAINST_FOR[0], -1.0), (AGAINST_FOR[2], 1.0)):
            ax.fill_between(against, 0.0, sign * np.maximum(sign * both, 0.0), color=colour,
                            alpha=0.75, linewidth=0)
        ax.plot(times, values, color="black", linewidth=0.8, marker=".", markersize=3)
        ax.axhline(0.0, color="black", linewidth=0.6)
        most = float(np.nanmax(np.abs(values))) or 1.0
        ax.set(xlabel="time (s)", ylabel="saliency (log-odds)", ylim=(-1.25 * most, 1.25 * most),
               xlim=time_limits(times))
        for k, (place, side) in enumerate(((0.03, "bottom"), (0.97, "top"))):
            ax.text(0.02, place, f"for {labels[k]}", transform=ax.transAxes, va=side,
                    color=AGAINST_FOR[2 * k], fontsize="small", parse_math=False)
        if self.phases:
            ax.legend(ncols=3, **ABOVE)


def _strongest(saliency: LandmarkSaliency) -> int:
    """The frame of the clip that counts most."""
    return int(saliency.frames[np.nanargmax(saliency.by_frame(signed=False))])


def _mean_face(clip: Clip, frames: np.ndarray) -> np.ndarray:
    """The mesh (478, 2) from the front, upright, mean over frames."""
    head = align_head(np.asarray(clip.landmarks)[frames])
    if np.isfinite(head).any():
        return np.asarray(np.nanmean(head, axis=0)[:, :2])
    return np.asarray(np.asarray(clip.landmarks)[frames].mean(axis=0)[:, :2])


def _on_frame(clip: Clip, frame: int) -> tuple[np.ndarray, np.ndarray]:
    """The mesh (478, 2) in a frame, and the frame's picture."""
    require_fields(clip, ("frames",), "LandmarkSaliencyDisplay",
                   "its pictures are needed to draw on; on_frame=False does without")
    picture = next(islice(iter(clip.frames), frame, None), None)  # type: ignore[arg-type]
    if picture is None:
        raise ClipError(clip.label, f"its pictures end before frame {frame}, which has landmarks; "
                        "on_frame=False does without them")
    return np.asarray(clip.landmarks)[frame, :, :2], np.asarray(picture)


def _with_crossings(times: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A curve with the points at which it crosses zero, so that areas of either sign end there."""
    cross = np.flatnonzero(values[:-1] * values[1:] < 0)
    share = values[cross] / (values[cross] - values[cross + 1])
    at = times[cross] + share * (times[cross + 1] - times[cross])
    return np.insert(times, cross + 1, at), np.insert(values, cross + 1, 0.0)

