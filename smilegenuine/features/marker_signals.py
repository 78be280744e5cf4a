"""The three signals of the D-Markers: how far lip corners, eyelids and cheeks have moved.

Dibeklioğlu, Salah & Gevers (2012, 2015) follow the tips of the lips, the upper eyelids and the
cheeks through a smile, once the head's pose, place and size are taken out. All distances are taken
as seen from the front of the head: depth is what landmarks of one camera know least.
"""

from __future__ import annotations

import numpy as np

from ..clips.steps import check_positive
from ..face.mesh import (
    LEFT_CHEEK,
    LEFT_EYE_INNER,
    LEFT_EYE_OUTER,
    LEFT_LIP_CORNER,
    LEFT_UPPER_LID,
    RIGHT_CHEEK,
    RIGHT_EYE_INNER,
    RIGHT_EYE_OUTER,
    RIGHT_LIP_CORNER,
    RIGHT_UPPER_LID,
    align_head,
)

#: The signals in their order.
SIGNALS = ("lip", "eyelid", "cheek")

_POINTS = np.array([LEFT_LIP_CORNER, RIGHT_LIP_CORNER, LEFT_CHEEK, RIGHT_CHEEK,
                    LEFT_EYE_OUTER, LEFT_EYE_INNER, LEFT_UPPER_LID,
                    RIGHT_EYE_INNER, RIGHT_EYE_OUTER, RIGHT_UPPER_LID])
_LIPS, _CHEEKS, _LEFT_EYE, _RIGHT_EYE = [0, 1], [2, 3], [4, 5, 6], [7, 8, 9]


def marker_signals(landmarks: np.ndarray, times: np.ndarray, *, alignment: str = "rigid",
                   rest: float = 0.1) -> np.ndarray:
    """Compute the signals of lips, eyelids and cheeks in each frame, for either side of the face.

    Parameters
    ----------
    landmarks : array of shape (T, 478, 3)
        MediaPipe's points in pixels, NaN where there is no face.
    times : array of shape (T,)
        Seconds, strictly increasing.
    alignment : {"rigid", "published"}, default="rigid"
        How the head's pose is taken out, see `smilegenuine.face.mesh.align_head`.
    rest : float, default=0.1
        Seconds from the first frame with a face on whose median place of lip corners and cheeks is
        that of rest; 0 takes the first such frame alone, as published.

    Returns
    -------
    array of shape (T, 3, 2)
        `SIGNALS`, of the image's left and right side; their mean is the published signal. NaN where
        there is no face. All are lengths over lengths of the same face:

        - "lip": distance of the lip corner to the middle between both at rest, over the mouth's
          width at rest (the mean of both sides is 0.5 at rest);
        - "eyelid": height of the upper lid's middle over the line through the eye's corners, over
          their distance; negative where the lid hangs below that line;
        - "cheek": as "lip", with the cheeks.

    Raises
    ------
    ValueError
        Wrong shapes, times that do not increase, or a parameter out of range.

    References
    ----------
    Dibeklioğlu, Salah & Gevers (2015), Recognition of genuine smiles, IEEE Transactions on
    Multimedia 17(3), doi:10.1109/TMM.2015.2394777.

    Examples
    --------
    >>> from smilegenuine.datasets import make_smiles
    >>> smiles = make_smiles(1, 1, random_state=0)
    >>> signals = marker_signals(smiles.landmarks[0], smiles.times[0])
    >>> signals.shape[1:], signals[0, 0].round(2)
    ((3, 2), array([0.5, 0.5]))
    """
    times = np.asarray(times, dtype=float)
    if times.shape != np.shape(landmarks)[:1]:
        raise ValueError(f"times must be (T,), one for each of {len(landmarks)} frames, not "
                         f"{times.shape}")
    if not (np.diff(times) > 0).all():
        raise ValueError("times must increase strictly")
    check_positive("rest", rest)
    seen = align_head(landmarks, method=alignment, points=_POINTS)[..., :2]
    signals = np.full((len(times), 3, 2), np.nan)
    with_face = np.flatnonzero(np.isfinite(seen).all(axis=(1, 2)))
    if not len(with_face):
        return signals
    # A frame at the very end must not depend on the rounding of its time.
    begin = with_face[times[with_face] <= times[with_face[0]] + rest * (1.0 + 1e-9)]
    resting = np.median(seen[begin], axis=0)
    signals[:, 0] = _spread(seen[:, _LIPS], resting[_LIPS])
    signals[:, 1] = np.stack([_opening(seen[:, _LEFT_EYE]), _opening(seen[:, _RIGHT_EYE])], axis=1)
    signals[:, 2] = _spread(seen[:, _CHEEKS], resting[_CHEEKS])
    signals[~np.isfinite(signals).all(axis=(1, 2))] = np.nan
    return signals


def _spread(pair: np.ndarray, resting: np.ndarray) -> np.ndarray:
    """Distance (T, 2) of two points (T, 2, 2) to their resting middle, over their resting one."""
    width = np.linalg.norm(resting[1] - resting[0])
    distance = np.linalg.norm(pair - resting.mean(axis=0), axis=2)
    return np.divide(distance, width, out=np.full_like(distance, np.nan), where=width > 0)


def _opening(eye: np.ndarray) -> np.ndarray:
    """Height (T,) of the lid over the corners' line, over their distance.

    The eye's points (T, 3, 2) are its corner at the image's left, the one at the right, its lid.
    """
    across, up = eye[:, 1] - eye[:, 0], eye[:, 0] - eye[:, 2]
    square = (across * across).sum(axis=1)
    height = across[:, 0] * up[:, 1] - across[:, 1] * up[:, 0]
    return np.divide(height, square, out=np.full_like(square, np.nan), where=square > 0)
