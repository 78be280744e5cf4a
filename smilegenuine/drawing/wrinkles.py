"""Folds and wrinkles of a drawn face: strokes that darken the skin with the action units."""

from __future__ import annotations

import numpy as np

from .appearance import Person
from .deformation import AU
from .strokes import Canvas, soft_stroke

_NASOLABIAL = ((0.145, 0.34), (0.20, 0.40), (0.255, 0.48), (0.295, 0.56), (0.305, 0.63))
_FURROW = ((0.17, 0.085), (0.25, 0.125), (0.35, 0.125), (0.44, 0.085))

# Units whose strokes are wrinkles of the skin rather than folds between cheek, lips and nose.
_WRINKLES = ("AU01", "AU02", "AU06", "AU09", "AU20", "AU23")

# (AU or "age", strength, width, blur, points on the image's right). Strokes that cross or touch
# the midline are drawn on both sides too: the halves meet.
_STROKES = (
    ("AU01", 0.306, 0.0132, 0.0116, ((-0.03, -0.325), (0.06, -0.33), (0.15, -0.345))),
    ("AU01", 0.289, 0.0132, 0.0116, ((-0.03, -0.40), (0.08, -0.405), (0.18, -0.42))),
    ("AU01", 0.238, 0.0132, 0.0116, ((-0.03, -0.475), (0.07, -0.48), (0.16, -0.49))),
    ("AU02", 0.289, 0.0132, 0.0116, ((0.22, -0.335), (0.33, -0.355), (0.44, -0.30))),
    ("AU02", 0.255, 0.0132, 0.0116, ((0.24, -0.41), (0.34, -0.425), (0.44, -0.38))),
    ("AU04", 0.475, 0.0154, 0.0116, ((0.040, -0.27), (0.033, -0.20), (0.042, -0.12))),
    ("AU04", 0.237, 0.0154, 0.0145, ((0.085, -0.28), (0.075, -0.24), (0.075, -0.20))),
    ("AU06", 0.336, 0.0121, 0.0101, ((0.425, -0.035), (0.475, -0.065), (0.52, -0.105))),
    ("AU06", 0.352, 0.0121, 0.0101, ((0.43, 0.005), (0.485, 0.002), (0.535, -0.010))),
    ("AU06", 0.32, 0.0121, 0.0101, ((0.42, 0.040), (0.470, 0.062), (0.52, 0.092))),
    ("AU06", 0.288, 0.0176, 0.0174, _FURROW),
    ("AU07", 0.247, 0.011, 0.0087, ((0.16, 0.062), (0.26, 0.068), (0.37, 0.055))),
    ("AU09", 0.342, 0.0132, 0.0116, ((0.03, 0.06), (0.075, 0.035), (0.115, 0.045))),
    ("AU09", 0.361, 0.0132, 0.0116, ((0.035, 0.12), (0.085, 0.09), (0.13, 0.10))),
    ("AU09", 0.304, 0.0132, 0.0116, ((0.05, 0.18), (0.09, 0.15), (0.135, 0.165))),
    ("AU09", 0.19, 0.0132, 0.0116, ((-0.04, -0.035), (0.0, -0.045), (0.04, -0.035))),
    ("AU09", 0.323, 0.0176, 0.0159, ((0.135, 0.28), (0.165, 0.33), (0.185, 0.40))),
    ("AU10", 0.42, 0.018, 0.013, _NASOLABIAL[:4]),
    ("AU12", 0.36, 0.022, 0.017, _NASOLABIAL),
    ("AU14", 0.36, 0.02, 0.015, ((0.272, 0.565), (0.288, 0.605), (0.275, 0.65))),
    ("AU14", 0.2, 0.014, 0.012, ((0.33, 0.555), (0.35, 0.61), (0.33, 0.665))),
    ("AU15", 0.36, 0.016, 0.01, ((0.245, 0.665), (0.275, 0.71), (0.28, 0.77))),
    ("AU17", 0.26, 0.022, 0.014, ((-0.13, 0.82), (0.0, 0.785), (0.13, 0.82))),
    ("AU20", 0.247, 0.0132, 0.0116, ((0.285, 0.56), (0.305, 0.62), (0.29, 0.69))),
    ("AU20", 0.228, 0.0132, 0.0116, ((0.345, 0.55), (0.37, 0.62), (0.35, 0.70))),
    ("AU20", 0.19, 0.0154, 0.0116, ((-0.12, 0.80), (0.0, 0.79), (0.12, 0.80))),
    ("AU23", 0.22, 0.01, 0.006, ((0.065, 0.525), (0.07, 0.55), (0.075, 0.575))),
    ("AU23", 0.22, 0.01, 0.006, ((0.13, 0.54), (0.135, 0.56), (0.14, 0.585))),
    ("AU26", 0.18, 0.022, 0.018, ((0.30, 0.50), (0.335, 0.62), (0.32, 0.76))),
    ("age", 0.2, 0.02, 0.014, _NASOLABIAL[:4]),
    ("age", 0.128, 0.0154, 0.0145, ((0.17, 0.095), (0.24, 0.125), (0.33, 0.125))),
    ("age", 0.112, 0.0121, 0.0116, ((0.43, 0.0), (0.48, -0.005), (0.52, -0.02))),
    ("age", 0.096, 0.0132, 0.0159, ((-0.03, -0.37), (0.15, -0.38), (0.33, -0.355))),
    ("age", 0.08, 0.0132, 0.013, ((-0.03, -0.45), (0.14, -0.46), (0.30, -0.44))),
    ("age", 0.096, 0.0154, 0.0145, ((0.26, 0.68), (0.275, 0.72), (0.27, 0.77))),
)

# The orange peel of a chin that is pushed up.
_CHIN_PITS = ((0.00, 0.87), (0.045, 0.855), (0.09, 0.875), (0.025, 0.91), (0.07, 0.915))


class Folds:
    """The folds of one person, as sparse patches on a canvas.

    Parameters
    ----------
    person : Person
        Whose face: folds are deeper with age.
    canvas : Canvas
        The grid they are drawn on.
    """

    def __init__(self, person: Person, canvas: Canvas) -> None:
        rng = np.random.default_rng(person.seed + 1)
        grown = min(1.0, (person.years - 8) / 22.0)
        deep = 0.62 + 0.15 * grown + 0.5 * person.age
        # Children's skin makes folds, but hardly any wrinkles.
        smooth = 0.35 + 0.65 * grown
        mouth = 0.61 * (person.mouth_height - 1.0)
        self.resting = np.zeros((canvas.height, canvas.width), np.float32)
        self._patches: list[tuple[int, float, tuple[slice, slice], np.ndarray]] = []
        for name, strength, width, blur, points in _strokes():
            shape = np.array(points) + rng.normal(0.0, 0.0035, (len(points), 2))
            shape[:, 1] += np.where((shape[:, 1] > 0.4) & (shape[:, 1] < 0.82), mouth, 0.0)
            for side in (-1.0, 1.0):
                window, patch = _embossed(canvas, shape * (side, 1.0), width, blur)
                if name == "age":
                    self.resting[window] += strength * 1.3 * person.age**1.3 * patch
                else:
                    wrinkle = name in _WRINKLES and points is not _FURROW
                    patch = (strength * deep * (smooth if wrinkle else 1.0)) * patch
                    self._patches.append((AU[name], side, window, patch))

    def draw(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return how much darker each pixel is, (height, width) float32, before the skin moves.

        Parameters
        ----------
        left, right : (17,) ndarray
            Activations 0..1 of either side of the face.
        """
        depth = self.resting.copy()
        for au, side, window, patch in self._patches:
            level = left[au] if side < 0 else right[au]
            if level > 0.0:
                depth[window] += np.float32(level) * patch
        return depth


def _strokes() -> tuple:
    """Return the strokes and the pits of the chin in one table."""
    return (*_STROKES, *(("AU17", 0.2, 0.018, 0.012, ((x - 0.008, y), (x + 0.008, y + 0.004)))
                         for x, y in _CHIN_PITS))


def _embossed(canvas: Canvas, points: np.ndarray, width: float,
              blur: float) -> tuple[tuple[slice, slice], np.ndarray]:
    """Return a fold: a dark stroke with a paler bulge above it, and where it lies."""
    margin = width + 3.5 * blur + 0.03
    low, high = points.min(axis=0) - margin, points.max(axis=0) + margin
    part, window = canvas.window((low[0], low[1], high[0], high[1]))
    dark = soft_stroke(part, points, width, blur)
    pale = soft_stroke(part, points - (0.0, 0.8 * width + blur), width, 1.2 * blur)
    return window, dark - 0.3 * pale
