"""MediaPipe's face mesh: the points by name, and where they lie on the head instead of the image.

Left and right are the image's, as everywhere in the package: a person who faces the camera has
their right eye at the image's left.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

#: Points of the mesh: 468 on the skin, lips and lids, then five on each iris.
N_POINTS = 478

# Eyes: corners and the middles of the lids, the image's left eye first.
LEFT_EYE_OUTER, LEFT_EYE_INNER, RIGHT_EYE_INNER, RIGHT_EYE_OUTER = 33, 133, 362, 263
LEFT_UPPER_LID, RIGHT_UPPER_LID = 159, 386
LEFT_LOWER_LID, RIGHT_LOWER_LID = 145, 374
LEFT_IRIS, RIGHT_IRIS = 468, 473

# Lip corners: where the red of the lips ends, a little further in, and where the lips part.
LEFT_LIP_CORNER, RIGHT_LIP_CORNER = 61, 291
LEFT_LIP_CORNER_INSIDE, RIGHT_LIP_CORNER_INSIDE = 62, 292
LEFT_LIP_CORNER_INNER, RIGHT_LIP_CORNER_INNER = 78, 308
UPPER_LIP_MIDDLE, LOWER_LIP_MIDDLE = 13, 14

LEFT_CHEEK, RIGHT_CHEEK = 50, 280
NOSE_TIP, NOSE_ROOT = 1, 168
FOREHEAD_TOP, CHIN = 10, 152

#: Rows: the image's left and right; columns: outer and inner corner.
EYE_CORNERS = np.array([[LEFT_EYE_OUTER, LEFT_EYE_INNER], [RIGHT_EYE_OUTER, RIGHT_EYE_INNER]])

#: Points that expressions hardly move, of both sides alike: none below the eyes' outer corners,
#: where the skin follows the cheeks.
RIGID_POINTS = np.array([
    *(10, 151, 67, 297, 109, 338, 103, 332, 54, 284, 69, 299, 104, 333, 68, 298),  # forehead
    *(21, 251, 162, 389),  # temples
    *(168, 6, 197, 195, 122, 351, 196, 419),  # bridge of the nose
    *(33, 133, 362, 263),  # corners of the eyes
])

# What makes the mean shape stand upright.
_UPRIGHT = np.array([*EYE_CORNERS.ravel(), FOREHEAD_TOP, CHIN])

METHODS = ("rigid", "published")

# Rounds of fit and mean shape; measured on recordings, two leave 2e-8 of the eyes' distance.
_ROUNDS = 2
# Points closer to each other than this share of their coordinates are one point, but for rounding.
_ONE_POINT = 1e-9
# Points that are broader than this share of their length do not lie on one line.
_ONE_LINE = 1e-6


class _Similarity(NamedTuple):
    """How each frame is brought onto the head: ``scale * (points - origin) @ rotation``."""

    scale: np.ndarray  # (T,)
    origin: np.ndarray  # (T, 3)
    rotation: np.ndarray  # (T, 3, 3)


def align_head(landmarks: np.ndarray, *, method: str = "rigid",
               points: np.ndarray | None = None) -> np.ndarray:
    """Take the head's rotation, place and size out of the landmarks of a clip.

    Parameters
    ----------
    landmarks : array of shape (T, 478, 3)
        MediaPipe's points in pixels: x to the right, y down, z away from the camera. NaN where
        there is no face.
    method : {"rigid", "published"}, default="rigid"
        "rigid": each frame is fitted, by least squares, to the clip's own mean shape at the
        `RIGID_POINTS`; the mean shape then stands upright (eyes level, top of the forehead over
        the chin). "published": in each frame the plane through both eye centres and the tip of the
        nose is turned to face the camera, as in Dibeklioğlu, Salah & Gevers.
    points : array of int of shape (n,), optional
        Which points to give; all without.

    Returns
    -------
    array of shape (T, 478, 3), or (T, n, 3)
        Head coordinates: x to the image's right, y down, z away from the camera; the origin is
        between the centres of the eyes and their distance is 1: in every frame ("published"), or
        in the mean shape ("rigid"). Frames without a face, and those whose points do not span a
        face (all in one place or on one line), are NaN.

    Raises
    ------
    ValueError
        `landmarks` has another shape, or there is no such method.

    Notes
    -----
    Turning, scaling and shifting the sequence, as a whole or each frame differently, changes
    nothing. The centre of an eye is the middle of its corners.

    References
    ----------
    Dibeklioğlu, Salah & Gevers (2015), Recognition of genuine smiles, IEEE Transactions on
    Multimedia 17(3), doi:10.1109/TMM.2015.2394777.

    Examples
    --------
    >>> from smilegenuine.datasets import make_smiles
    >>> landmarks = make_smiles(1, 1, random_state=0).landmarks[0]
    >>> head = align_head(landmarks)
    >>> corners = head[:, [LEFT_LIP_CORNER, RIGHT_LIP_CORNER], 0]
    >>> head.shape == landmarks.shape, corners.mean(axis=0).round(1)
    (True, array([-0.5,  0.5]))
    """
    landmarks = np.asarray(landmarks, dtype=float)
    if landmarks.ndim != 3 or landmarks.shape[1:] != (N_POINTS, 3):
        raise ValueError(f"landmarks must be (T, {N_POINTS}, 3), not {landmarks.shape}")
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, not {method!r}")
    with np.errstate(invalid="ignore"):  # infinite coordinates become NaN
        placed = (_rigid if method == "rigid" else _published)(landmarks)
        chosen = landmarks if points is None else landmarks[:, points]
        head = (chosen - placed.origin[:, None]) @ placed.rotation
        head *= placed.scale[:, None, None]
    head[~np.isfinite(head)] = np.nan
    return head


def _published(landmarks: np.ndarray) -> _Similarity:
    """The plane through both eye centres and the tip of the nose, turned to face the camera."""
    left, right = _eye_centres(landmarks)
    origin = 0.5 * (left + right)
    rotation, sound = _axes(right - left, landmarks[:, NOSE_TIP] - origin, origin)
    scale = np.full(len(landmarks), np.nan)
    scale[sound] = 1.0 / np.linalg.norm((right - left)[sound], axis=1)
    return _Similarity(scale, origin, rotation)


def _rigid(landmarks: np.ndarray) -> _Similarity:
    """Each frame's best fit of the clip's mean shape, which stands upright."""
    n_frames = len(landmarks)
    placed = _Similarity(np.full(n_frames, np.nan), np.full((n_frames, 3), np.nan),
                         np.full((n_frames, 3, 3), np.nan))
    shape = landmarks[:, RIGID_POINTS]
    centre = shape.mean(axis=1)
    shape = shape - centre[:, None]
    sound = _spans_a_face(shape, landmarks) & np.isfinite(landmarks[:, CHIN]).all(axis=1)
    if not sound.any():
        return placed
    centre, shape = centre[sound], shape[sound]
    size = np.linalg.norm(shape, axis=(1, 2))
    shape /= size[:, None, None]
    mean = shape[0]
    for _ in range(_ROUNDS):
        turn, _ = _fit(shape, mean)
        mean = (shape @ turn).mean(axis=0)
        mean /= np.linalg.norm(mean)
    turn, share = _fit(shape, mean)
    # How large the mean shape, which has next to no noise, is in each frame: the fit the other way
    # round would take noise for size.
    scale = 1.0 / (size * share)
    frame = landmarks[:, _UPRIGHT][sound] - centre[:, None]
    corners, (top, chin) = np.split((scale[:, None, None] * (frame @ turn)).mean(axis=0), [4])
    left, right = corners[:2].mean(axis=0), corners[2:].mean(axis=0)
    middle, unit = 0.5 * (left + right), np.linalg.norm(right - left)
    upright, stands = _axes((right - left)[None], (chin - top)[None], middle[None])
    if not stands[0]:
        return placed
    placed.rotation[sound] = turn @ upright[0]
    placed.scale[sound] = scale / unit
    placed.origin[sound] = centre + (turn @ middle) / scale[:, None]
    return placed


def _spans_a_face(shape: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Return the frames in which centred points (T, n, 3) span more than a point or a line."""
    spread = shape.swapaxes(1, 2) @ shape
    square = np.trace(spread, axis1=1, axis2=2)
    # Sum of the products of two eigenvalues: the first is about `square`, the second what counts.
    product = 0.5 * (square**2 - (spread * spread).sum(axis=(1, 2)))
    far = np.abs(landmarks[:, RIGID_POINTS]).max(axis=(1, 2))
    return (np.sqrt(square) > _ONE_POINT * far) & (product > _ONE_LINE**2 * square**2)


def _eye_centres(landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centres (T, 3) of the image's left and right eye."""
    left, right = landmarks[:, EYE_CORNERS].mean(axis=2).swapaxes(0, 1)
    return left, right


def _axes(across: np.ndarray, down: np.ndarray, place: np.ndarray
          ) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (T, 3, 3) whose columns are x along `across`, y by `down` and z; which are sound.

    Unsound ones are NaN: vectors of no length, beside the coordinates of their `place`, or on one
    line.
    """
    with np.errstate(divide="ignore"):
        x = across / np.linalg.norm(across, axis=1, keepdims=True)
        z = np.cross(x, down)
        height = np.linalg.norm(z, axis=1, keepdims=True)
        z = z / height
    axes = np.stack([x, np.cross(z, x), z], axis=2)
    least = _ONE_POINT * np.abs(place).max(axis=1)
    sound = (np.linalg.norm(across, axis=1) > least) & (height[:, 0] > least)
    sound &= height[:, 0] > _ONE_LINE * np.linalg.norm(down, axis=1)
    axes[~sound] = np.nan
    return axes, sound


def _fit(shapes: np.ndarray, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (T, 3, 3) of centred shapes (T, n, 3) onto a mean (n, 3), and the mean's size.

    The size (T,) is the factor on the mean with which it fits the turned shape best.
    """
    u, s, vt = np.linalg.svd(shapes.swapaxes(1, 2) @ mean)
    mirrored = np.linalg.det(u @ vt) < 0
    u[mirrored, :, 2] *= -1.0
    s[mirrored, 2] *= -1.0
    return u @ vt, s.sum(axis=1)
