"""How action units move the skin of a drawn face: a displacement field linear in the AUs."""

from __future__ import annotations

import numpy as np

from ..clips.au_table import AU_NAMES
from .appearance import Person
from .strokes import Canvas

#: Row of each action unit in arrays of intensities.
AU = {name: row for row, name in enumerate(AU_NAMES)}

# Gaussian pulls on the image's right half of the face at full intensity; the left is mirrored.
# (AU, centre x, centre y, spread x, spread y, pull x, pull y), in eye-to-chin units. Centres are
# those of an average face; a person's factors of brows and mouth move them.
_PULLS = (
    ("AU01", 0.10, -0.20, 0.10, 0.12, 0.005, -0.085),
    ("AU02", 0.37, -0.19, 0.12, 0.12, 0.0, -0.085),
    ("AU04", 0.12, -0.17, 0.13, 0.11, -0.040, 0.060),
    ("AU04", 0.34, -0.17, 0.12, 0.09, -0.012, 0.030),
    ("AU05", 0.27, -0.10, 0.12, 0.05, 0.0, -0.012),
    ("AU06", 0.35, 0.21, 0.16, 0.12, 0.0, -0.060),
    ("AU06", 0.46, 0.00, 0.08, 0.09, -0.022, 0.0),
    ("AU06", 0.39, -0.18, 0.10, 0.08, 0.0, 0.020),
    ("AU07", 0.27, 0.08, 0.12, 0.05, 0.0, -0.016),
    ("AU09", 0.10, 0.33, 0.08, 0.10, 0.006, -0.055),
    ("AU09", 0.08, 0.10, 0.07, 0.10, 0.0, -0.030),
    ("AU09", 0.10, -0.17, 0.10, 0.08, -0.014, 0.032),
    ("AU10", 0.10, 0.49, 0.10, 0.07, 0.0, -0.040),
    ("AU10", 0.13, 0.36, 0.06, 0.06, 0.012, -0.014),
    ("AU10", 0.25, 0.35, 0.10, 0.10, 0.0, -0.026),
    ("AU12", 0.24, 0.59, 0.14, 0.13, 0.094, -0.092),
    ("AU12", 0.37, 0.30, 0.15, 0.12, 0.012, -0.036),
    ("AU14", 0.25, 0.61, 0.08, 0.08, -0.020, 0.0),
    ("AU15", 0.22, 0.66, 0.10, 0.10, 0.004, 0.060),
    ("AU17", 0.07, 0.87, 0.13, 0.10, 0.0, -0.046),
    ("AU20", 0.27, 0.62, 0.15, 0.14, 0.068, 0.022),
    ("AU23", 0.20, 0.61, 0.11, 0.08, -0.028, 0.0),
    ("AU25", 0.07, 0.72, 0.12, 0.06, 0.0, 0.030),
)

JAW_DROP = 0.15  # how far the chin falls at full AU26


class Deformation:
    """The displacement field of one person's skin.

    Parameters
    ----------
    person : Person
        Whose face: the height of the mouth shifts the field's centres.
    canvas : Canvas
        The coarse grid the field is evaluated on.
    """

    def __init__(self, person: Person, canvas: Canvas) -> None:
        self._canvas = canvas
        mouth = 0.61 * (person.mouth_height - 1.0)
        rows = []
        for name, cx, cy, sx, sy, dx, dy in _PULLS:
            cy = cy + mouth if 0.45 < cy < 0.8 else cy
            for side in (-1.0, 1.0):
                rows.append((AU[name], side, side * cx, cy, sx, sy, side * dx, dy))
        self._rows = np.array(rows)
        x, y = canvas.coordinates()
        weights = np.concatenate([self._falloff(x, y), self._jaw(x, y)[None]])
        self._basis = weights.reshape(len(weights), -1).astype(np.float32)

    def field(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return the displacement (height, width, 2) float32, in units, on the coarse grid.

        Parameters
        ----------
        left, right : (17,) ndarray
            Activations 0..1 of either side of the face.
        """
        pull = self._pulls(left, right)
        used = np.flatnonzero(np.any(pull != 0.0, axis=1))
        shape = (self._canvas.height, self._canvas.width, 2)
        if not len(used):
            return np.zeros(shape, np.float32)
        return (self._basis[used].T @ pull[used].astype(np.float32)).reshape(shape)

    def moved(self, points: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return where resting points (n, 2) of the skin go, in face units."""
        points = np.asarray(points, dtype=float)
        pull = self._pulls(left, right)
        goal = points.copy()
        # The drawing looks backwards (each drawn point asks where it came from), so the way
        # forward is a fixed point.
        for _ in range(12):
            x, y = goal[:, 0], goal[:, 1]
            weights = np.concatenate([self._falloff(x, y), self._jaw(x, y)[None]])
            goal = points + weights.T @ pull
        return goal

    def _pulls(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return the present pull (n_basis, 2) of each basis function."""
        au = self._rows[:, 0].astype(int)
        level = np.where(self._rows[:, 1] < 0, left[au], right[au])
        jaw = 0.5 * (left[AU["AU26"]] + right[AU["AU26"]])
        return np.vstack([level[:, None] * self._rows[:, 6:8], [[0.0, JAW_DROP * jaw]]])

    def _falloff(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the Gaussians (n_pulls, ...) at face coordinates."""
        _, side, cx, cy, sx, sy, _, _ = (v.reshape((-1,) + (1,) * x.ndim) for v in self._rows.T)
        bell = np.exp(-0.5 * (((x - cx) / sx) ** 2 + ((y - cy) / sy) ** 2))
        # Mirrored pulls near the midline must not add up to twice the pull there.
        return bell / (1.0 + np.exp(np.clip(-side * x / 0.025, -30.0, 30.0)))

    @staticmethod
    def _jaw(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return how far a point goes with the jaw: 0 above the mouth, 1 at the chin."""
        ramp = np.clip((y - 0.56) / 0.44, 0.0, 1.0)
        ramp = ramp * ramp * (3.0 - 2.0 * ramp)
        sideways = 1.0 / (1.0 + np.exp((np.abs(x) - 0.46) / 0.06))
        return ramp * sideways
