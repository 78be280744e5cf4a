"""The steps of a model that measure clips, on a film that has no end.

What looks at a single frame (the detectors, the patterns of a chip, its gradients) is done once,
when the frame comes. What needs a whole clip (smoothing, how the face rests, who counts) the steps
assemble from what was seen, on the trailing window, again and again.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..clips.record import Clip
from ..clips.steps import ClipTransformer
from ..clips.video import FrameSource
from ..face.align import FaceAligner
from ..face.landmarker import LandmarkLooker
from ..face.landmarks import FaceLandmarks
from ..signals.action_units import HOGActionUnits
from ..signals.smile_intensity import LBPSmileIntensity
from .faces import ChipStream, Frame, main_seen
from .trail import Trail

#: Frames below which nothing is measured.
FEWEST = 5
# How far a face reaches beyond its landmarks, for its box.
_AROUND = 0.15

_LOOKED_UP = (FaceLandmarks, FaceAligner, LBPSmileIntensity, HOGActionUnits)


class HeldFrames(FrameSource):
    """Pictures in memory, as a clip's frames; of any sizes, and not gathered into one array.

    Parameters
    ----------
    pictures : sequence of array of shape (H, W, 3)
    """

    def __init__(self, pictures: Sequence[Any]) -> None:
        self.pictures = pictures

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter(self.pictures)

    def __len__(self) -> int:
        return len(self.pictures)


class LiveMeasuring:
    """Measures the newest frames as the steps of a model measure a clip.

    Parameters
    ----------
    head : sequence of ClipTransformer
        Fitted, see `smilegenuine.classifiers.opening.open_system`.
    delay : float
        Seconds that a frame waits before its face is cut out.
    keep_pictures : bool
        Also keep the pictures of the window, for what cannot do without.

    Attributes
    ----------
    trail : Trail
        A row a measured frame: `time`, `face`, and what the steps need of it.
    """

    def __init__(self, head: Sequence[ClipTransformer], delay: float, *,
                 keep_pictures: bool = False) -> None:
        self.steps = [_alone(step) for step in head]
        self.delay = delay
        own: list[Any] = [next((step for step in self.steps if isinstance(step, kind)), None)
                          for kind in _LOOKED_UP]
        self.mesh, self.aligner, patterns, gradients = own
        if self.mesh is None and self.aligner is not None and self.aligner.detector == "mediapipe":
            self.mesh = FaceLandmarks()  # as the aligner makes one
            self.steps.insert(self.steps.index(self.aligner), self.mesh)
        # By the column of the trail that holds what is seen of a chip.
        on_chips = {"patterns": patterns, "gradients": gradients}
        self._on_chips = {column: step for column, step in on_chips.items() if step is not None}
        self.keep_pictures = keep_pictures or any(
            "frames" in step.reads and not isinstance(step, _LOOKED_UP) for step in self.steps)
        self.looks: LandmarkLooker | None = None
        self.reset()

    def reset(self) -> None:
        """Forget all frames."""
        self.close()
        self.looks = None if self.mesh is None else self.mesh.looker()
        self.chips = None if self.aligner is None else ChipStream(self.aligner, self.delay)
        self.trail = Trail()
        self._number = -1
        self._newest: Frame | None = None

    def close(self) -> None:
        """Let MediaPipe's memory go."""
        if self.looks is not None:
            self.looks.close()
            self.looks = None

    # -- frame by frame --------------------------------------------------------------------------

    def add(self, picture: np.ndarray, time: float) -> None:
        """Look at the next frame, and measure those that have waited long enough."""
        self._number += 1
        seen = [] if self.looks is None else self.looks.look(picture, time)
        self._newest = frame = Frame(self._number, time, picture, seen)
        if self.chips is None:
            self._measure(frame, None)
            return
        self.chips.add(frame)
        self._take(time)

    def finish(self) -> None:
        """Measure the frames that wait."""
        if self.chips is not None:
            self._take(np.inf)

    def _take(self, until: float) -> None:
        assert self.chips is not None  # asked by both callers
        for frame, chip in self.chips.ready(until):
            if self.chips.finder.changed:  # what was measured was somebody else's face
                self.chips.finder.changed = False
                self.trail.forget(len(self.trail))
            self._measure(frame, chip)

    def _measure(self, frame: Frame, chip: np.ndarray | None) -> None:
        row: dict[str, Any] = {"time": frame.time, "number": frame.number,
                               "face": chip is not None or (self.chips is None and (
                                   self.mesh is None or len(frame.seen) > 0))}
        if self.mesh is not None:
            row["seen"] = frame.seen
        if self.keep_pictures:
            row["picture"] = [frame.picture]  # in a list: frames may differ in size
        if self.aligner is not None:
            size = int(self.aligner.size)
            face = np.zeros((size, size, 3), np.uint8) if chip is None else chip
            row["chip"] = face
            for name, step in self._on_chips.items():  # also where none is: rows are alike
                row[name] = step.look(face[None])[0]
        self.trail.append(**row)

    def forget(self, before: float) -> None:
        """Drop what is older than a time in seconds."""
        if not len(self.trail):
            return
        self.trail.forget(int(np.searchsorted(self.trail["time"], before)))
        if self.chips is not None and len(self.trail):
            self.chips.forget(int(self.trail["number"][0]))

    # -- the window as a clip ----------------------------------------------------------------------

    def clip(self) -> Clip:
        """Return what is remembered as a clip, measured.

        Returns
        -------
        Clip
            It holds until the next frame comes.

        Raises
        ------
        ClipError
            A step cannot use it: no face in any frame, for instance.
        """
        trail = self.trail
        frames = HeldFrames([item[0] for item in trail["picture"]]) if self.keep_pictures else None
        clip = Clip(times=trail["time"].copy(), name="the film", frames=frames,
                    faces=None if self.aligner is None else trail["chip"],
                    valid=trail["face"].copy() if self.aligner is not None else None)
        for step in self.steps:
            if clip.known()[step.adds[0]] is None:
                clip = self._measured(step, clip)
        return clip

    def _measured(self, step: Any, clip: Clip) -> Clip:
        """The clip after a step, which assembles what it has seen, or looks at the clip itself."""
        for column, own in {"seen": self.mesh, **self._on_chips}.items():
            if step is own and column in self.trail:
                return own.assemble(clip, self.trail[column])
        return step.transform_clip(clip)

    # -- for a picture ---------------------------------------------------------------------------

    def box(self) -> np.ndarray | None:
        """Return the corners of the face in the newest frame, (4, 2) in pixels, or None."""
        if self.chips is not None:
            return self.chips.box()
        if self._newest is None or not self._newest.seen:
            return None
        main = main_seen([*self.trail["seen"]], self.trail["time"])
        face = main.get(len(self.trail) - 1)
        if face is None:
            return None
        low, high = face.points[:, :2].min(axis=0), face.points[:, :2].max(axis=0)
        room = _AROUND * (high - low)
        (x0, y0), (x1, y1) = low - room, high + room
        return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])


def _alone(step: Any) -> Any:
    """A copy that shares what was learnt, and runs here, without cache and progress."""
    alone = copy.copy(step)
    for name in ("memory", "n_jobs", "verbose"):
        if hasattr(alone, name):
            setattr(alone, name, None)
    return alone
