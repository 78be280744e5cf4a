"""Turning a drawn head: a height field seen from the front, projected in parallel."""

from __future__ import annotations

import cv2
import numpy as np

from .people import Person
from .relief import parallax_depth
from .strokes import Canvas

# The head turns about the top of the neck: below the eyes, behind the face.
_PIVOT = np.array([0.0, 0.50, -0.25])

# Where the eyes' middle lies in the image, and an eye-to-chin distance, in image sizes.
_EYES_AT = np.array([0.5, 0.455])
_UNIT = 0.41


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
    """

    def __init__(self, person: Person, size: int) -> None:
        self._person = person
        self._size = size
        self._coarse = Canvas.covering(0.5 * _UNIT * size, (-1.4, -1.6, 1.4, 1.6))
        self._depth = parallax_depth(person, *self._coarse.coordinates()).astype(np.float32)
        half = (size + 1) // 2
        # The centres of the 2 x 2 blocks of the image's pixels.
        grid = 2.0 * np.arange(half, dtype=np.float32) + 0.5
        self._columns, self._rows = np.meshgrid(grid, grid)

    def project(
        self, points: np.ndarray, turn: np.ndarray, shift: tuple[float, float], scale: float
    ) -> np.ndarray:
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

    def inverse_maps(
        self, canvas: Canvas, turn: np.ndarray, shift: tuple[float, float], scale: float
    ) -> tuple[np.ndarray, np.ndarray]:
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
        px, py = self._pivot_pixel(shift)
        per_pixel = np.float32(1.0 / (scale * _UNIT * self._size))
        u = (self._columns - np.float32(px)) * per_pixel
        v = (self._rows - np.float32(py)) * per_pixel
        back = np.linalg.inv(turn[:2, :2]).astype(np.float32)
        across = back @ turn[:2, 2].astype(np.float32)
        x0 = back[0, 0] * u + back[0, 1] * v + np.float32(_PIVOT[0])
        y0 = back[1, 0] * u + back[1, 1] * v + np.float32(_PIVOT[1])
        coarse, unit = self._coarse, np.float32(self._coarse.unit)
        x, y = x0, y0
        if np.any(across != 0.0):
            behind = np.float32(_PIVOT[2])
            x, y = x0 - across[0] * 0.6, y0 - across[1] * 0.6
            for _ in range(4):
                depth = cv2.remap(
                    self._depth,
                    (x - np.float32(coarse.left)) * unit - np.float32(0.5),
                    (y - np.float32(coarse.top)) * unit - np.float32(0.5),
                    cv2.INTER_LINEAR,
                    borderMode=cv2.BORDER_REPLICATE,
                )
                x = x0 - across[0] * (depth - behind)
                y = y0 - across[1] * (depth - behind)
        columns = (x - np.float32(canvas.left)) * np.float32(canvas.unit) - np.float32(0.5)
        rows = (y - np.float32(canvas.top)) * np.float32(canvas.unit) - np.float32(0.5)
        full = 2 * columns.shape[1], 2 * columns.shape[0]
        size = self._size
        return tuple(
            cv2.resize(part, full, interpolation=cv2.INTER_LINEAR)[:size, :size]
            for part in (columns, rows)
        )

    def body_transform(
        self, canvas: Canvas, shift: tuple[float, float], scale: float
    ) -> np.ndarray:
        """Return the (2, 3) affine map from ``canvas`` to the image, for what does not turn."""
        factor = scale * _UNIT * self._size / canvas.unit
        corner = np.array([canvas.left, canvas.top]) * canvas.unit + 0.5
        offset = self._pivot_pixel(shift) + factor * (corner - _PIVOT[:2] * canvas.unit)
        return np.array([[factor, 0.0, offset[0]], [0.0, factor, offset[1]]])

    def _pivot_pixel(self, shift: tuple[float, float]) -> np.ndarray:
        """Return where the pivot of the head lies in the image, in pixels."""
        at = _EYES_AT + np.array([0.0, _PIVOT[1] * _UNIT]) + np.asarray(shift, dtype=float)
        return at * self._size - 0.5


def face_unit(size: int) -> float:
    """Return the pixels an eye-to-chin distance takes in an image of side ``size``."""
    return _UNIT * size
