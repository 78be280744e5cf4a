"""What the networks that look at the face mesh share: its points, their places, windows."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..clips.errors import ClipError
from ..clips.record import Clip
from ..clips.steps import check_positive
from ..face.mesh import EYE_CORNERS, N_POINTS, align_head
from .deep import DeepClipClassifier
from .net_batches import Input
from .time_sampling import sampled_frames

# MediaPipe's outlines of lips, eyes, brows and face.
_OUTLINES = (
    0, 13, 14, 17, 37, 39, 40, 61, 78, 80, 81, 82, 84, 87, 88, 91, 95, 146, 178, 181, 185, 191, 267,
    269, 270, 291, 308, 310, 311, 312, 314, 317, 318, 321, 324, 375, 402, 405, 409, 415,
    249, 263, 362, 373, 374, 380, 381, 382, 384, 385, 386, 387, 388, 390, 398, 466,
    7, 33, 133, 144, 145, 153, 154, 155, 157, 158, 159, 160, 161, 163, 173, 246,
    276, 282, 283, 285, 293, 295, 296, 300, 334, 336, 46, 52, 53, 55, 63, 65, 66, 70, 105, 107,
    10, 21, 54, 58, 67, 93, 103, 109, 127, 132, 136, 148, 149, 150, 152, 162, 172, 176, 234, 251,
    284, 288, 297, 323, 332, 338, 356, 361, 365, 377, 378, 379, 389, 397, 400, 454,
)

#: Sets of mesh points by name.
POINT_SETS: dict[str, np.ndarray] = {"all": np.arange(N_POINTS), "outlines": np.sort(_OUTLINES)}

# Head coordinates that become 0 and 1, with room around the faces seen (drawn and recorded).
_LOW, _HIGH = np.array([-1.3, -1.1, -1.0]), np.array([1.3, 2.3, 1.3])

# Seconds at the beginning of a clip in which the face is taken to be at rest.
_REST = 0.3


class RandomWindows:
    """Take a window of a sequence, anywhere in it.

    Parameters
    ----------
    n_frames : int
    seed : int
        Another seed takes other windows.
    """

    def __init__(self, n_frames: int, seed: int) -> None:
        self.n_frames, self.rng = n_frames, np.random.default_rng(seed)

    def __call__(self, x: Any) -> Input:
        """Return a window of a sequence, or of the part `x` of a dict of arrays.

        Parameters
        ----------
        x : array of shape (T, …), or dict with such an `x`

        Returns
        -------
        array of shape (n_frames, …), or such a dict
        """
        if isinstance(x, dict):
            return {**x, "x": self(x["x"])}
        start = int(self.rng.integers(max(1, len(x) - self.n_frames + 1)))
        return _window(x, start, self.n_frames)


class EvenWindows:
    """Take windows evenly over a sequence, the first at its start and the last at its end.

    Parameters
    ----------
    n_frames : int
    n_windows : int
        One alone is taken in the middle.
    """

    def __init__(self, n_frames: int, n_windows: int) -> None:
        self.n_frames, self.n_windows = n_frames, n_windows

    def __call__(self, x: Any) -> Input:
        """Return the windows of a sequence, or of the part `x` of a dict of arrays.

        Parameters
        ----------
        x : array of shape (T, …), or dict with such an `x`

        Returns
        -------
        array of shape (n_windows, n_frames, …), or such a dict
        """
        if isinstance(x, dict):
            return {**x, "x": self(x["x"])}
        last = max(0, len(x) - self.n_frames)
        share = np.linspace(0.0, 1.0, self.n_windows) if self.n_windows > 1 else np.array([0.5])
        return np.stack([_window(x, int(start), self.n_frames)
                         for start in np.round(share * last)])


def _window(x: np.ndarray, start: int, n_frames: int) -> np.ndarray:
    return np.asarray(x[np.minimum(np.arange(start, start + n_frames), len(x) - 1)])


class MeshSequenceClassifier(DeepClipClassifier):
    """Base of the classifiers that look at windows of the face mesh.

    A subclass has these parameters besides those of the training, and defines `_module` and
    `_check_net_params`. Its network takes (B, n_frames, n_points, 3), and
    (B, n_windows, n_frames, n_points, 3), over whose windows it averages.

    Parameters
    ----------
    points : {"all", "outlines"} or sequence of int, default="all"
        Points of the mesh that the network sees: all 478, the 128 on the outlines of lips, eyes,
        brows and face, in about a quarter of the time, or any by their numbers.
    head_motion : bool, default=False
        False: head rotation, place and size are taken out of every frame (see
        `smilegenuine.face.mesh.align_head`). True: the clip is placed and scaled as a whole, and
        the head moves in it, as in the published system.
    exaggeration : float, default=5.0
        How many times as far as they do points move away from where they are at rest, in the
        clip's first 0.3 s: a caricature of the movement, not of the face. 1: as they are, as
        published; a smile then moves points by a few hundredths of the face, and in few clips
        networks learn the faces sooner than the smiles.
    rate : float, default=10.0
        Frames a second that the network sees, whatever the recording's frame rate.
    n_frames : int, default=16
        Frames of a window. Each time that a clip is trained on, a window is taken anywhere in it.
        Shorter clips are held at their last frame.
    n_windows : int, default=5
        Windows, evenly over the clip, whose logits are averaged to decide.

    Attributes
    ----------
    points_ : array of int of shape (n_points_,)
        Numbers of the points that the network sees.
    n_points_ : int
    """

    _shared_docs = {"mesh": "Parameters"}

    sequences = False
    _epoch_statistics = True

    def __init__(self, points: str | Sequence[int], *, head_motion: bool, exaggeration: float,
                 rate: float, n_frames: int, n_windows: int, **training: Any) -> None:
        self.points = points
        self.head_motion = head_motion
        self.exaggeration = exaggeration
        self.rate = rate
        self.n_frames = n_frames
        self.n_windows = n_windows
        super().__init__(**training)

    @abstractmethod
    def _check_net_params(self) -> None:
        """Raise for parameters of the network that make no sense."""

    def _check_own_params(self) -> None:
        self._chosen_points()
        check_positive("rate", self.rate, at_least=0.1)
        check_positive("exaggeration", self.exaggeration, at_least=0.01)
        check_positive("n_frames", self.n_frames, whole=True, at_least=2)
        check_positive("n_windows", self.n_windows, whole=True, at_least=1)
        if not isinstance(self.head_motion, (bool, np.bool_)):
            raise ValueError(f"head_motion must be True or False, not {self.head_motion!r}")
        self._check_net_params()

    def _chosen_points(self) -> np.ndarray:
        """Return the numbers of the points that the network sees; or raise."""
        if isinstance(self.points, str) and self.points in POINT_SETS:
            return POINT_SETS[self.points]
        wrong = ValueError(f"points must be one of {', '.join(POINT_SETS)}, or different numbers "
                           f"of points from 0 to {N_POINTS - 1}, not {self.points!r}")
        if isinstance(self.points, str) or not isinstance(self.points, (Sequence, np.ndarray)):
            raise wrong
        chosen = np.asarray(self.points)
        if chosen.ndim != 1 or not len(chosen) or chosen.dtype.kind not in "iu" or \
                not 0 <= chosen.min() <= chosen.max() < N_POINTS or \
                len(np.unique(chosen)) < len(chosen):
            raise wrong
        return chosen

    def _input(self, clip: Clip) -> Any:
        """Return (T, n_points, 3), float32; a face at rest is within about 0 and 1."""
        return self.placed_sequence(clip)[0]

    def placed_sequence(self, clip: Clip) -> tuple[np.ndarray, np.ndarray]:
        """Return the places of the points in all frames from which windows are taken.

        Parameters
        ----------
        clip : Clip

        Returns
        -------
        sequence : array of shape (T, n_points, 3), float32
            A face at rest is within about 0 and 1.
        frames : array of int of shape (T,)
            Which frames of the clip these are.

        Raises
        ------
        ClipError
            No landmarks, no timing, or no frame with a face.
        """
        picked = sampled_frames(clip, "landmarks", self.rate, self._network_name())
        landmarks = np.asarray(clip.landmarks)[picked]
        place = _place_clip if self.head_motion else _place_frames
        placed = place(landmarks, self._chosen_points())
        sound = np.isfinite(placed).all(axis=(1, 2))
        if not sound.any():
            raise ClipError(clip.label, "its landmarks do not span a face in any frame")
        sequence = (placed[sound] - _LOW) / (_HIGH - _LOW)
        rest = sequence[:max(1, round(_REST * self.rate))].mean(axis=0)
        sequence = rest + self.exaggeration * (sequence - rest)
        return sequence.astype(np.float32), picked[sound]

    def input_times(self, clip: Clip) -> np.ndarray:
        """Return the times of the frames from which windows are taken.

        Parameters
        ----------
        clip : Clip

        Returns
        -------
        array of shape (T,)
            Seconds.
        """
        return np.asarray(clip.times)[self.placed_sequence(clip)[1]]

    def _learn_scaling(self, inputs: list[Any]) -> None:
        """Learn which points there are; the bounds of the coordinates are fixed."""
        self.points_ = self._chosen_points()
        self.n_points_ = len(self.points_)

    def _scaled(self, x: Any) -> Any:
        if x.shape[1] != self.n_points_:
            raise ValueError(f"{type(self).__name__} was fitted on {self.n_points_} points, and "
                             f"this is {x.shape[1]}; parameters were changed since, fit it again")
        return x

    def _augmentation(self, seed: int) -> Callable[[Any], Input]:
        return RandomWindows(self.n_frames, seed)

    def _view(self) -> Callable[[Any], Input]:
        return EvenWindows(self.n_frames, self.n_windows)


def _place_frames(landmarks: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return head coordinates, frame by frame."""
    return align_head(landmarks, points=points)


def _place_clip(landmarks: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Place the origin between the eyes, their distance the unit, on the average of all frames."""
    left, right = landmarks[:, EYE_CORNERS].astype(float).mean(axis=2).swapaxes(0, 1)
    unit = np.linalg.norm(right - left, axis=1).mean()
    if not unit > 0:
        return np.full((len(landmarks), len(points), 3), np.nan)
    middle = 0.5 * (left + right).mean(axis=0)
    return np.asarray((landmarks[:, points] - middle) / unit)
