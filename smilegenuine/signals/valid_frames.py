"""What every measure of aligned faces does alike: which frames, in which portions, in what form."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d

from ..clips.errors import ClipError
from ..clips.record import Clip
from ..clips.steps import require_fields

# Frames whose features are in memory at the same time: memory must not grow with a clip's length.
_PORTION = 1000


def measurable_frames(clip: Clip, who: str, what: str) -> np.ndarray:
    """Return the valid frames of a clip with faces.

    Parameters
    ----------
    clip : Clip
    who, what : str
        The step, and what it measures, for the messages.

    Returns
    -------
    array of int of shape (n,), n at least 1

    Raises
    ------
    ClipError
        The clip has no `faces`, or no valid frame.
    """
    require_fields(clip, ("faces",), who, "run FaceAligner first")
    frames = np.flatnonzero(clip.mask)
    if not len(frames):
        raise ClipError(clip.label, f"no frame is valid, so {what} cannot be measured")
    return frames


class SeenLater:
    """What is seen of the faces of a clip, looked at when it is asked for.

    So it is in memory for a portion of a clip at a time. What was seen already, an array with a
    row a frame, serves as well wherever this does.

    Parameters
    ----------
    look : callable
        From chips of shape (n, h, w, 3) to an array of n rows.
    clip : Clip
        With `faces`.
    """

    def __init__(self, look: Callable[[np.ndarray], np.ndarray], clip: Clip) -> None:
        self._look, self._chips = look, np.asarray(clip.faces)

    def __getitem__(self, frames: np.ndarray) -> np.ndarray:
        """Return what is seen in frames, by their numbers."""
        return self._look(self._chips[frames])


def portions(frames: np.ndarray) -> list[np.ndarray]:
    """Split frames into portions that fit into memory with their features.

    Parameters
    ----------
    frames : array of shape (n,), n at least 1

    Returns
    -------
    list of array
    """
    return np.array_split(frames, -(-len(frames) // _PORTION))


def grey_chip(chip: np.ndarray, side: int) -> np.ndarray:
    """Return a face chip in grey, at a size.

    Parameters
    ----------
    chip : array of shape (h, w, 3), uint8
        RGB.
    side : int
        Pixels.

    Returns
    -------
    array of shape (side, side), uint8
    """
    grey = cv2.cvtColor(np.ascontiguousarray(chip), cv2.COLOR_RGB2GRAY)
    if grey.shape != (side, side):
        grey = cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA)
    return grey


def smooth_signal(values: np.ndarray, fps: float, seconds: float) -> np.ndarray:
    """Smooth signals along time with a Gaussian.

    Parameters
    ----------
    values : array of shape (T,) or (T, K)
    fps : float
        Frame rate in Hz.
    seconds : float
        Standard deviation; below a third of a frame nothing is done.

    Returns
    -------
    array of the shape of `values`
    """
    sigma = seconds * fps
    return values if sigma < 1 / 3 else gaussian_filter1d(values, sigma, axis=0, mode="nearest")
