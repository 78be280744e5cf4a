"""Clips that are drawn when they are read, and where their landmarks lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import cv2
import numpy as np

from ..clips.au_table import AU_NAMES
from ..clips.video import FrameSource
from ..drawing.appearance import Person
from ..drawing.drawn_mesh import FaceMesh
from ..drawing.renderer import FaceRenderer
from .smile_motion import Motion

# What moves more on one side of an uneven smile.
_UNEVEN = [AU_NAMES.index(au) for au in ("AU06", "AU12", "AU14")]

_ABSENT = (0.1, 1.0 / 3.0)  # shares of a clip


class DrawnFrames(FrameSource):
    """The frames of a drawn clip, each drawn when it is read.

    Parameters
    ----------
    person : Person
        Who.
    motion : Motion
        What they do.
    size : int
        Width and height in pixels.
    seed : int
        Of the sensor noise; frame i always gets the same noise.
    name : str
        Used in messages.
    fps : float, optional
        Frame rate of the motion in Hz; else it is taken from its times.
    quality : int, optional
        JPEG quality, 1 to 100, that each frame goes through; None leaves frames as drawn.
    visible : array of shape (T,), optional
        Whether the person is in the picture.
    """

    def __init__(self, person: Person, motion: Motion, size: int, seed: int, name: str, *,
                 fps: float | None = None, quality: int | None = None,
                 visible: np.ndarray | None = None) -> None:
        self.person, self.motion, self.size, self.seed = person, motion, size, seed
        self.name: str | None = name
        self.quality = quality
        self._fps = fps
        self.visible = np.ones(len(motion.times), bool) if visible is None else visible

    def __iter__(self) -> Iterator[np.ndarray]:
        renderer = FaceRenderer(self.person, self.size)
        motion = self.motion
        for i, (aus, pose) in enumerate(zip(self.sides, motion.pose, strict=True)):
            yaw, pitch, roll, right, down, scale = pose
            frame = renderer.draw(aus, yaw=yaw, pitch=pitch, roll=roll, shift=(right, down),
                                  scale=scale, gaze=tuple(motion.gaze[i]),
                                  visible=bool(self.visible[i]),
                                  rng=np.random.default_rng((self.seed, i)))
            yield frame if self.quality is None else _compressed(frame, self.quality)

    def __len__(self) -> int:
        return len(self.motion.times)

    @property
    def times(self) -> np.ndarray:
        """(T,) float64 seconds."""
        return self.motion.times

    @property
    def fps(self) -> float | None:
        """Frame rate in Hz; None of a single frame where it was not told."""
        times = self.motion.times
        if self._fps is not None or len(times) < 2:
            return self._fps
        return float(1.0 / (times[1] - times[0]))

    @property
    def sides(self) -> np.ndarray:
        """(T, 2, 17) action units of the picture's left and right side of the face."""
        sides = np.repeat(self.motion.aus[:, None], 2, axis=1)
        uneven = 1.0 + 0.5 * self.motion.balance * np.array([1.0, -1.0])
        sides[:, :, _UNEVEN] *= uneven[None, :, None]
        return np.clip(sides, 0.0, 5.0)

    def mesh(self) -> tuple[np.ndarray, np.ndarray]:
        """Place the 478 mesh points: (T, 478, 3) in pixels, and which are seen, (T, 478)."""
        mesh = _face_mesh(self.person, self.size)
        places, seen = mesh.place_frames(self.sides, self.motion.pose, self.motion.gaze)
        places[~self.visible] = np.nan
        return places, seen & self.visible[:, None]


@lru_cache(maxsize=4)  # clips of a person follow each other, and most of the time goes into this
def _face_mesh(person: Person, size: int) -> FaceMesh:
    return FaceMesh(person, size)


class LandmarkList(Sequence):
    """The true landmarks of clips, computed when they are asked for.

    Parameters
    ----------
    frames : list of DrawnFrames
    part : {0, 1}
        Places (T, 478, 3), or which are seen (T, 478).
    """

    def __init__(self, frames: Sequence[Any], part: int) -> None:
        self._frames, self._part = list(frames), part

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return LandmarkList(self._frames[index], self._part)
        return self._frames[index].mesh()[self._part]

    def __repr__(self) -> str:
        return f"<landmarks of {len(self)} clips, computed when asked for>"


def absence(n_frames: int, share: float, rng: np.random.Generator) -> np.ndarray:
    """Draw in which frames the person is in the picture.

    Parameters
    ----------
    n_frames : int
    share : float
        Probability that they leave it for a moment, a tenth to a third of the clip.
    rng : numpy.random.Generator

    Returns
    -------
    array of shape (n_frames,), bool
    """
    visible = np.ones(n_frames, bool)
    leaves, length, start = rng.random(), rng.uniform(*_ABSENT), rng.random()
    if leaves < share:
        away = max(1, round(length * n_frames))
        at = int(start * (n_frames - away + 1))
        visible[at:at + away] = False
    return visible


def _compressed(frame: np.ndarray, quality: int) -> np.ndarray:
    """Return a frame as a camera's JPEG would show it."""
    bgr = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
    _, packed = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    unpacked = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR))
    return cv2.cvtColor(unpacked, cv2.COLOR_BGR2RGB)
