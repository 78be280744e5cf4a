"""Turning a drawn head: a height field seen from the front, projected in parallel."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import ArrayLike

from .appearance import Person
from .relief import parallax_depth
from .strokes import Canvas

#: Side in pixels of the smallest pictures that are drawn.
LEAST_SIZE = 48

# The head turns about the top of the neck: below the eyes, behind the face.
_PIVOT = np.array([0.0, 0.50, -0.25])

# Where the eyes' middle lies in the image, and an eye-to-chin distance, in image sizes.
_EYES_AT = np.array([0.5, 0.487])
_UNIT = 0.41

# Behind this plane nothing is drawn; before the other there is only air.
_FAR, _NEAR = -0.22, 0.84
_LEVELS = 11

# What carries the head: about the lower end of the neck.
_BODY_PIVOT = np.array([0.0, 1.30, -0.30])


def rotation(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Return the (3, 3) rotation of a head, in axes x right, y down, z towards the camera.

    Parameters
    ----------
    yaw, pitch, roll : float
        Degrees. The nose turns to the image's right with positive ``yaw`` and down with positive
        ``pitch``; positive ``roll`` tilts the head clockwise.
    """
    a, b, c = np.radians([yaw, pitch, roll])
    about_y = np.array([[np.cos(a), 0.0, np.sin(a)], [0.0, 1.0, 0.0], [-np.sin(a), 0.0, np.cos(a)]])
    about_x = np.array([[1.0, 0.0, 0.0], [0.0, np.cos(b), np.sin(b)], [0.0, -np.sin(b), np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0.0], [np.sin(c), np.cos(c), 0.0], [0.0, 0.0, 1.0]])
    return about_z @ about_y @ about_x


class HeadPose:
    """The projection of one person's head onto square images.

    Parameters
    ----------
    person : Person
        Whose head.
    size : int
        Side of the images in pixels.

    Raises
    ------
    ValueError
        If ``size`` is below `LEAST_SIZE`.
    """

    def __init__(self, person: Person, size: int) -> None:
        if size < LEAST_SIZE:
            raise ValueError(f"size must be at least {LEAST_SIZE} pixels, got {size}.")
        self._person = person
        self._size = size
        self._coarse = Canvas.covering(0.5 * _UNIT * size, (-1.4, -1.6, 1.4, 1.6))
        depth = parallax_depth(person, *self._coarse.coordinates())
        down, right = np.gradient(depth, 1.0 / self._coarse.unit)
        self._depth = depth.astype(np.float32)
        self._surface = np.dstack([depth, right, down]).astype(np.float32)
        quarter = (size + 3) // 4
        # The centres of the 2 x 2 and of the 4 x 4 blocks of the image's pixels.
        self._blocks = [np.meshgrid(*[step * np.arange(n, dtype=np.float32) + 0.5 * (step - 1)] * 2)
                        for step, n in ((2, 2 * quarter), (4, quarter))]

    def project(self, points: np.ndarray, turn: np.ndarray, shift: tuple[float, float],
                scale: float) -> np.ndarray:
        """Return the image's pixel coordinates (n, 2) of face points (n, 2).

        Parameters
        ----------
        points : (n, 2) ndarray
            Face coordinates.
        turn : (3, 3) ndarray
            From `rotation`.
        shift : (float, float)
            In image sizes.
        scale : float
            Factor on the head's size.
        """
        points = np.asarray(points, dtype=float)
        depth = parallax_depth(self._person, points[:, 0], points[:, 1])
        solid = np.column_stack([points, depth]) - _PIVOT
        plane = (solid @ turn.T)[:, :2] * (scale * _UNIT * self._size)
        return plane + self._pivot_pixel(shift)

    def inverse_maps(self, canvas: Canvas, turn: np.ndarray, shift: tuple[float, float],
                     scale: float) -> tuple[np.ndarray, np.ndarray]:
        """Return for each image pixel its column and row on ``canvas``, for `cv2.remap`.

        Parameters
        ----------
        canvas : Canvas
            The face's drawing.
        turn : (3, 3) ndarray
            From `rotation`.
        shift, scale : as in `project`

        Returns
        -------
        columns, rows : (size, size) float32 ndarray
        """
        back = np.linalg.inv(turn[:2, :2])
        across = (back @ turn[:2, 2]).astype(np.float32)
        x0, y0 = self._plane(0, back, across, shift, scale)
        x, y = x0, y0
        if np.any(across != 0.0):
            # Where the face hides part of itself, the edge of what hides is worth more points.
            which = 0 if np.hypot(*turn[:2, 2]) > 0.3 else 1
            z = self._seen_depth(*self._plane(which, back, across, shift, scale), across)
            z = cv2.resize(z, x0.shape[::-1], interpolation=cv2.INTER_LINEAR)
            for _ in range(3):
                surface = self._coarse.sampled(self._surface, x0 - across[0] * z,
                                               y0 - across[1] * z)
                slope = across[0] * surface[..., 1] + across[1] * surface[..., 2]
                step = (surface[..., 0] - z) / np.maximum(1.0 + slope, np.float32(0.4))
                z = z + np.clip(step, np.float32(-0.1), np.float32(0.1))
            x, y = x0 - across[0] * z, y0 - across[1] * z
        columns = (x - np.float32(canvas.left)) * np.float32(canvas.unit) - np.float32(0.5)
        rows = (y - np.float32(canvas.top)) * np.float32(canvas.unit) - np.float32(0.5)
        return self._whole(columns), self._whole(rows)

    def _whole(self, part: np.ndarray) -> np.ndarray:
        """Return values of 2 x 2 blocks of pixels for all pixels, (size, size)."""
        full = 2 * part.shape[1], 2 * part.shape[0]
        whole = cv2.resize(part, full, interpolation=cv2.INTER_LINEAR)
        return whole[: self._size, : self._size]

    def _plane(self, which: int, back: np.ndarray, across: np.ndarray, shift: tuple[float, float],
               scale: float) -> tuple[np.ndarray, np.ndarray]:
        """Return where the sight lines of blocks of pixels cross the face's plane z = 0."""
        px, py = self._pivot_pixel(shift)
        per_pixel = 1.0 / (scale * _UNIT * self._size)
        columns, rows = self._blocks[which]
        u = (columns - np.float32(px)) * np.float32(per_pixel)
        v = (rows - np.float32(py)) * np.float32(per_pixel)
        at = _PIVOT[:2] + across * _PIVOT[2]
        (a, b), (c, d) = back.astype(np.float32)
        return a * u + b * v + np.float32(at[0]), c * u + d * v + np.float32(at[1])

    def _seen_depth(self, x0: np.ndarray, y0: np.ndarray, across: np.ndarray) -> np.ndarray:
        """Return at what depth each sight line first meets the head, roughly."""
        levels = np.linspace(_NEAR, _FAR, _LEVELS, dtype=np.float32)[:, None, None]
        stacked = (-1, x0.shape[1])
        depth = self._coarse.sampled(self._depth, (x0 - across[0] * levels).reshape(stacked),
                                     (y0 - across[1] * levels).reshape(stacked))
        inside = depth.reshape(_LEVELS, *x0.shape) - levels
        hit = np.argmax(inside >= 0.0, axis=0)
        hit[~np.any(inside >= 0.0, axis=0)] = _LEVELS - 1
        hit = np.maximum(hit, 1)[None]
        before = np.take_along_axis(inside, hit - 1, axis=0)[0]
        after = np.take_along_axis(inside, hit, axis=0)[0]
        share = np.clip(before / np.minimum(before - after, -1e-6), 0.0, 1.0)
        step = (_NEAR - _FAR) / (_LEVELS - 1)
        return (_NEAR - step * (hit[0] - 1 + share)).astype(np.float32)

    def behind_transform(self, canvas: Canvas, turn: np.ndarray, shift: tuple[float, float],
                         scale: float) -> np.ndarray:
        """Return the (2, 3) affine map from ``canvas`` to the image, for the back of the head.

        The skull is deeper than it is wide: turned, it shows more of itself.
        """
        side = float(np.hypot(*turn[:2, 2]))
        across = turn[:2, 0] / np.hypot(*turn[:2, 0])
        upright = np.column_stack([across, (-across[1], across[0])])
        upright[:, 0] *= np.sqrt(1.0 - side**2 + (1.18 * side) ** 2)
        # A sphere's middle goes along; how it is turned cannot be seen.
        middle = np.array([0.0, -0.20, -0.32])
        at = (turn @ (middle - _PIVOT))[:2]
        return self._affine(canvas, upright, middle[:2], at + _PIVOT[:2], shift, scale)

    def body_transform(self, canvas: Canvas, turn: np.ndarray, shift: tuple[float, float],
                       scale: float) -> np.ndarray:
        """Return the (2, 3) affine map from ``canvas`` to the image, for neck and shoulders.

        Parameters
        ----------
        canvas : Canvas
            The body's drawing.
        turn : (3, 3) ndarray
            The body's own rotation, about the lower end of the neck.
        shift, scale : as in `project`
        """
        at = _BODY_PIVOT[:2] - turn[:2, 2] * _BODY_PIVOT[2]
        return self._affine(canvas, turn[:2, :2], _BODY_PIVOT[:2], at, shift, scale)

    def _affine(self, canvas: Canvas, linear: np.ndarray, middle: np.ndarray, at: np.ndarray,
                shift: tuple[float, float], scale: float) -> np.ndarray:
        """Return the map that takes ``middle`` to ``at`` and all else about it by ``linear``."""
        factor = scale * _UNIT * self._size
        matrix = linear * (factor / canvas.unit)
        first = np.array([canvas.left, canvas.top]) + 0.5 / canvas.unit - middle
        offset = self._pivot_pixel(shift) + factor * (at - _PIVOT[:2] + linear @ first)
        return np.column_stack([matrix, offset])

    def _pivot_pixel(self, shift: tuple[float, float]) -> np.ndarray:
        """Return where the pivot of the head lies in the image, in pixels."""
        at = _EYES_AT + np.array([0.0, _PIVOT[1] * _UNIT]) + np.asarray(shift, dtype=float)
        return at * self._size - 0.5


def face_unit(size: int) -> float:
    """Return the pixels an eye-to-chin distance takes in an image of side ``size``."""
    return _UNIT * size


def one_pose(yaw: float, pitch: float, roll: float, shift: tuple[float, float], scale: float
             ) -> np.ndarray:
    """Return the pose of one frame, (1, 6), for `checked_poses`; raise ValueError as that does."""
    if np.shape(shift) != (2,):
        raise ValueError(f"shift must be two finite numbers, got {shift!r}.")
    return checked_poses([[yaw, pitch, roll, *shift, scale]], 1)


def checked_poses(poses: ArrayLike, n_frames: int) -> np.ndarray:
    """Return poses as a float array, or raise ValueError where they cannot be drawn.

    Parameters
    ----------
    poses : (T, 6) array-like
        Yaw, pitch and roll in degrees, shift to the right and down in frame sizes, scale.
    n_frames : int
        T.

    Returns
    -------
    (T, 6) ndarray
    """
    poses = np.asarray(poses, dtype=float)
    if poses.shape != (n_frames, 6):
        raise ValueError(f"poses must have shape ({n_frames}, 6), got {poses.shape}.")
    angles, shift, scale = poses[:, :3], poses[:, 3:5], poses[:, 5:]
    for part, drawn, wanted in (
            (angles, np.isfinite(angles) & (np.abs(angles) <= [60.0, 60.0, np.inf]),
             "yaw, pitch and roll must be finite, yaw and pitch within 60 degrees"),
            (shift, np.isfinite(shift), "shift must be two finite numbers"),
            (scale, np.isfinite(scale) & (scale > 0.0), "scale must be positive and finite")):
        bad = ~drawn.all(axis=1)
        if bad.any():
            raise ValueError(f"{wanted}, got {part[bad][0].tolist()}.")
    return poses


def checked_gaze(gaze: ArrayLike, n_frames: int) -> np.ndarray:
    """Return gaze as a float array (T, 2), in degrees, or raise ValueError."""
    gaze = np.asarray(gaze, dtype=float)
    if gaze.shape != (n_frames, 2) or not np.all(np.isfinite(gaze)):
        raise ValueError(f"gaze must be two finite angles in degrees for each of the {n_frames} "
                         f"frames, got {gaze}.")
    return gaze
