"""Follow a face from frame to frame: upright patches, optical flow, a robust similarity.

Positions are complex numbers x + iy. A *pose* is the pair (p, q) that takes a place w in the head's
own coordinates (0 midway between the eyes, the eyes at -0.5 and +0.5) to p + q w in the frame; so
composing, inverting and fitting similarities are one line each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np

#: A patch: its side in pixels, the pixels between the eyes, and where in it their middle lies.
PATCH = 136
PATCH_DISTANCE = 40.0
PATCH_MIDDLE = complex(68.0, 54.0)

_CRITERIA = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 0.01)
#: Mean brightness that patches are brought to, measured between brows and mouth, and how far.
_BRIGHTNESS, _MOST_GAIN = 110.0, 8.0
_FACE_ROWS, _FACE_COLUMNS = slice(40, 86), slice(40, 96)
#: A point within this distance of where the fit puts it, in eye distances, follows the head.
_TOLERANCE = 0.035


class Pose(NamedTuple):
    """Where a head is: p + q w is the place in the frame of w in the head."""

    p: complex
    q: complex

    def __matmul__(self, other: Pose) -> Pose:
        return Pose(self.p + self.q * other.p, self.q * other.q)

    def at(self, w: complex) -> complex:
        """Place in the frame of a place in the head."""
        return self.p + self.q * w

    def inverse(self) -> Pose:
        """The pose that undoes this one."""
        return Pose(-self.p / self.q, 1 / self.q)


IDENTITY = Pose(0j, 1 + 0j)


def cut_patch(frame: np.ndarray, pose: Pose) -> np.ndarray:
    """Cut the head out of a frame: grey, upright, at a fixed size.

    Parameters
    ----------
    frame : array of shape (H, W, 3), uint8
        RGB.
    pose : Pose
        Where the head is.

    Returns
    -------
    array of shape (PATCH, PATCH), uint8
        At a fixed mean brightness. Beyond the frame's border its last pixels are repeated.
    """
    height, width = frame.shape[:2]
    step = pose.q / PATCH_DISTANCE  # one pixel of the patch, in the frame
    origin = pose.p - step * PATCH_MIDDLE
    corners = origin + step * np.array([0, PATCH, PATCH * 1j, PATCH * (1 + 1j)])
    shrink = max(1, int(abs(step) + 0.25))
    # The cut starts at whole steps of the shrunk grid, so that the averaging of pixels does not
    # change its phase from frame to frame.
    x0, y0 = (max(0, int(v.min()) // shrink - 2) * shrink for v in (corners.real, corners.imag))
    x1 = min(width, int(corners.real.max()) + 3 * shrink)
    y1 = min(height, int(corners.imag.max()) + 3 * shrink)
    x0, y0 = max(0, min(x0, width - shrink)), max(0, min(y0, height - shrink))
    x1 = max(x0 + shrink, x1 - (x1 - x0) % shrink)
    y1 = max(y0 + shrink, y1 - (y1 - y0) % shrink)
    grey = cv2.cvtColor(np.ascontiguousarray(frame[y0:y1, x0:x1]), cv2.COLOR_RGB2GRAY)
    if shrink > 1:
        size = (max(1, grey.shape[1] // shrink), max(1, grey.shape[0] // shrink))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    a = step / shrink
    # A pixel's middle is at +0.5, and averaging `shrink` of them moves it.
    b = (origin - complex(x0, y0) + 0.5 * (1 + 1j)) / shrink - 0.5 * (1 + 1j)
    matrix = np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])
    patch = cv2.warpAffine(grey, matrix, (PATCH, PATCH),
                           flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                           borderMode=cv2.BORDER_REPLICATE)
    # The flow takes a change of brightness for motion, and the cascades pass over what is dark.
    brightness = max(1.0, float(patch[_FACE_ROWS, _FACE_COLUMNS].mean()))
    return cv2.convertScaleAbs(patch, alpha=min(_BRIGHTNESS / brightness, _MOST_GAIN))


def to_head(z: np.ndarray) -> np.ndarray:
    """Places in a patch as places in the head."""
    return (z - PATCH_MIDDLE) / PATCH_DISTANCE


@dataclass
class KeyPatch:
    """A patch that later ones are compared with, and the points to look for.

    Attributes
    ----------
    patch : array of shape (PATCH, PATCH), uint8
        The patch.
    points : array of shape (n, 1, 2), float32
        In pixels of the patch.
    places : array of shape (n,), complex
        The same in the head.
    """

    patch: np.ndarray
    points: np.ndarray
    places: np.ndarray


def _feature_mask() -> np.ndarray:
    y, x = np.mgrid[:PATCH, :PATCH]
    w = to_head(x + 1j * y)
    # The upper face, to the hair, and the nose; the mouth and the lower cheeks move with a smile.
    upper = (abs(w.real) < 1.15) & (w.imag > -1.1) & (w.imag < 0.6)
    nose = (abs(w.real) < 0.4) & (w.imag > 0.0) & (w.imag < 0.9)
    return (upper | nose).astype(np.uint8)


_MASK = _feature_mask()


def key_patch(patch: np.ndarray) -> KeyPatch | None:
    """Choose the points of a patch that can be followed; None where there are too few."""
    points = cv2.goodFeaturesToTrack(patch, 70, 0.01, 4, mask=_MASK, blockSize=5)
    if points is None or len(points) < 8:
        return None
    places = to_head(points[:, 0, 0].astype(float) + 1j * points[:, 0, 1])
    return KeyPatch(patch, points, places)


def follow(key: KeyPatch, patch: np.ndarray) -> tuple[Pose, float]:
    """Measure how the head has moved between two patches.

    Parameters
    ----------
    key : KeyPatch
        The earlier patch.
    patch : array of shape (PATCH, PATCH), uint8
        The later patch.

    Returns
    -------
    moved : Pose
        From places in the head in the earlier patch to those in the later.
    agreement : float
        Part of the points, 0 to 1, that moved in accord with it.
    """
    nothing: Any = None  # OpenCV allows it, its type hints do not
    found, status, _ = cv2.calcOpticalFlowPyrLK(key.patch, patch, key.points, nothing,
                                                winSize=(11, 11), maxLevel=2, criteria=_CRITERIA)
    ok = status[:, 0] > 0
    if ok.sum() < 6:
        return IDENTITY, 0.0
    now = to_head(found[ok, 0, 0].astype(float) + 1j * found[ok, 0, 1])
    moved, residual = fit_similarity(key.places[ok], now)
    return moved, float((residual < _TOLERANCE).sum() / len(ok))


def fit_similarity(source: np.ndarray, target: np.ndarray) -> tuple[Pose, np.ndarray]:
    """Fit the similarity that most points agree on.

    Iteratively re-weighted least squares with the Geman-McClure weight, started from the median
    shift; points that blink, smile or raise a brow lose their say.

    Parameters
    ----------
    source, target : array of shape (n,), complex
        Places before and after, n >= 2.

    Returns
    -------
    fit : Pose
        target is near fit.p + fit.q * source.
    residual : array of shape (n,)
        Distance of each point from the fit.
    """
    shift = target - source
    p, q = complex(np.median(shift.real), np.median(shift.imag)), 1 + 0j
    residual = abs(target - p - q * source)
    for _ in range(8):
        spread = max(1.5 * float(np.median(residual)), 0.004)
        weight = 1.0 / (1.0 + (residual / (2.0 * spread)) ** 2) ** 2
        total = weight.sum()
        s_mean, t_mean = (weight @ source) / total, (weight @ target) / total
        s, t = source - s_mean, target - t_mean
        power = float((weight * (s.real ** 2 + s.imag ** 2)).sum())
        if power < 1e-9:
            break
        q = complex((weight * s.conj() * t).sum() / power)
        p = complex(t_mean - q * s_mean)
        residual = abs(target - p - q * source)
    return Pose(p, q), residual
