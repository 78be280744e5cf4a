"""The eyes' centres from the landmarks of a clip, as the aligner needs them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from .eye_paths import eye_path
from .optical_flow import Pose

#: Corners of the image's left and right eye, each outer and inner one twice: on the lids and in
#: the skin beside them. Lids and irises move with blinks, squints and gaze, these hardly.
LEFT_CORNERS = (33, 133, 130, 243)
RIGHT_CORNERS = (362, 263, 359, 463)

#: From the middles of the corners to where the cascades see the eyes, so that chips are alike: each
#: this far outwards, and this far up, in parts of the distance between the middles. Measured on
#: three recordings of people and on twelve drawn ones.
_OUTWARDS = 0.020
_UPWARDS = 0.012


def eye_centres(landmarks: np.ndarray) -> np.ndarray:
    """Return the centres of the eyes, which stay where they are through blinks, squints and gaze.

    Parameters
    ----------
    landmarks : array of shape (T, 478, 3)
        In pixels; NaN where there is no face.

    Returns
    -------
    array of shape (T, 2), complex
        The image's left and right eye of an upright head, x + iy in pixels, NaN where there is no
        face.
    """
    points = landmarks[:, :, 0] + 1j * landmarks[:, :, 1]
    left = points[:, LEFT_CORNERS].mean(axis=1)
    right = points[:, RIGHT_CORNERS].mean(axis=1)
    across = right - left
    up = -1j * _UPWARDS * across
    return np.column_stack([left - _OUTWARDS * across + up, right + _OUTWARDS * across + up])


def landmark_eye_path(landmarks: np.ndarray, times: np.ndarray, *, smooth: float, max_gap: float
                      ) -> tuple[np.ndarray, np.ndarray]:
    """Return the eye positions through a clip, smoothed and with short gaps closed.

    Parameters
    ----------
    landmarks : array of shape (T, 478, 3)
        In pixels; NaN where there is no face, which is not everywhere.
    times : array of shape (T,)
        Seconds.
    smooth, max_gap : float
        See `smilegenuine.face.eye_paths.eye_path`.

    Returns
    -------
    eyes : array of shape (T, 2), complex
        In pixels of the frame, NaN where there is no face.
    tracked : array of shape (T,), bool
        Frames with landmarks.
    """
    eyes = eye_centres(landmarks)
    index = np.flatnonzero(np.isfinite(eyes).all(axis=1)).tolist()
    poses = [Pose(complex(0.5 * (left + right)), complex(right - left))
             for left, right in eyes[index]]
    # What `eye_path` reads of a `FaceTrack`; its poses are the eyes themselves.
    track: Any = SimpleNamespace(index=index, poses=poses, eyes_index=index[:1],
                                 eyes=[(-0.5 + 0j, 0.5 + 0j)])
    return eye_path([track], times, smooth=smooth, max_gap=max_gap)
