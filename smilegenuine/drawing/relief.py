"""The height field of a drawn face and its shading."""

from __future__ import annotations

import cv2
import numpy as np

from .appearance import Person
from .deformation import AU
from .strokes import Canvas, spline

# Right half of an average head, from the crown to the chin.
_OUTLINE = np.array([
    [0.00, -0.97], [0.22, -0.93], [0.39, -0.82], [0.505, -0.64], [0.570, -0.43], [0.592, -0.2],
    [0.585, 0.05], [0.565, 0.25], [0.525, 0.47], [0.45, 0.67], [0.34, 0.83], [0.22, 0.945],
    [0.10, 0.992], [0.00, 1.00]])
_CENTRE = (0.0, 0.02)
_DEPTH = 0.62

# Resting relief: (x, y, spread x, spread y, height), mirrored where x > 0.
_RESTING = (
    (0.00, 0.05, 0.055, 0.14, 0.036),  # nose, from the bridge...
    (0.00, 0.24, 0.068, 0.09, 0.058),
    (0.00, 0.335, 0.065, 0.045, 0.064),  # ... to the tip
    (0.095, 0.360, 0.034, 0.032, 0.046),  # wings
    (0.26, 0.00, 0.12, 0.060, -0.050),  # sockets
    (0.26, 0.02, 0.07, 0.035, 0.025),  # eyeballs
    (0.22, -0.165, 0.14, 0.045, 0.018),  # brow ridge
    (0.36, 0.21, 0.12, 0.10, 0.040),  # cheekbones
    (0.37, 0.50, 0.09, 0.13, -0.020),
    (0.00, 0.60, 0.19, 0.12, 0.045),  # the teeth behind the lips
    (0.00, 0.50, 0.018, 0.045, -0.008),  # philtrum
    (0.00, 0.765, 0.11, 0.025, -0.018),
    (0.00, 0.885, 0.10, 0.065, 0.040),  # chin
    (0.00, -0.45, 0.30, 0.16, 0.025),
)

# What the action units add, in the skin's resting coordinates.
_MOVING = (
    ("AU01", 0.07, -0.27, 0.07, 0.035, 0.016),
    ("AU02", 0.36, -0.26, 0.10, 0.035, 0.016),
    ("AU04", 0.055, -0.17, 0.030, 0.050, 0.022),
    ("AU04", 0.00, -0.14, 0.016, 0.060, -0.016),
    ("AU04", 0.20, -0.13, 0.10, 0.030, 0.018),
    ("AU06", 0.35, 0.155, 0.11, 0.055, 0.046),
    ("AU06", 0.30, 0.085, 0.11, 0.016, -0.012),
    ("AU07", 0.27, 0.065, 0.10, 0.014, 0.012),
    ("AU09", 0.07, 0.13, 0.035, 0.05, 0.016),
    ("AU09", 0.15, 0.30, 0.035, 0.05, 0.014),
    ("AU10", 0.14, 0.46, 0.06, 0.04, 0.020),
    ("AU10", 0.22, 0.36, 0.05, 0.06, 0.018),
    ("AU12", 0.36, 0.34, 0.10, 0.09, 0.042),
    ("AU14", 0.285, 0.605, 0.022, 0.040, -0.030),
    ("AU14", 0.345, 0.61, 0.030, 0.060, 0.026),
    ("AU15", 0.27, 0.71, 0.040, 0.040, 0.022),
    ("AU15", 0.20, 0.76, 0.035, 0.030, -0.012),
    ("AU17", 0.00, 0.88, 0.09, 0.050, 0.050),
    ("AU17", 0.00, 0.785, 0.12, 0.022, -0.044),
    ("AU20", 0.34, 0.62, 0.05, 0.12, -0.022),
    ("AU23", 0.00, 0.54, 0.14, 0.020, 0.012),
    ("AU23", 0.00, 0.70, 0.12, 0.018, 0.014),
    ("AU26", 0.36, 0.50, 0.09, 0.14, -0.030),
)


def head_outline(person: Person) -> np.ndarray:
    """Return the closed outline (n, 2) of the head, in face units, clockwise from the crown."""
    half = _OUTLINE.copy()
    x, y = half.T
    jaw = np.exp(-0.5 * ((y - 0.55) / 0.22) ** 2)
    chin = np.exp(-0.5 * ((y - 0.95) / 0.12) ** 2)
    x *= person.face_width * (1 + (person.jaw_width - 1) * jaw + (person.chin_width - 1) * chin)
    x *= 1.0 + 0.05 * (person.cheek_fullness - 1.0) * np.exp(-0.5 * ((y - 0.4) / 0.2) ** 2)
    y[y < 0] *= person.crown_height
    return spline(np.vstack([half[:-1], half[:0:-1] * (-1.0, 1.0)]), 6, closed=True)


def radial_position(outline: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the distance from the head's centre, 1 on the outline, at face coordinates."""
    ox, oy = outline[:, 0] - _CENTRE[0], outline[:, 1] - _CENTRE[1]
    angles = np.arctan2(oy, ox)
    order = np.argsort(angles)
    radii = np.interp(np.arctan2(y - _CENTRE[1], x - _CENTRE[0]), angles[order],
                      np.hypot(ox, oy)[order], period=2 * np.pi)
    return np.hypot(x - _CENTRE[0], y - _CENTRE[1]) / radii


def parallax_depth(person: Person, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the depth, in units, that moves points under a turn of the head.

    Smoother than the relief that is lit. Towards its rim the face turns away steeply: cheeks and
    temples end at the ears, far behind the chin.
    """
    rho = radial_position(head_outline(person), x, y)
    down = (y - _CENTRE[1]) / np.maximum(np.hypot(x - _CENTRE[0], y - _CENTRE[1]), 1e-6)
    low = np.clip((down - 0.55) / 0.45, 0.0, 1.0)
    rim = -0.06 + 0.42 * low * low * (3.0 - 2.0 * low)
    inside = np.clip(1.0 - np.minimum(rho, 1.0) ** 2.6, 0.0, 1.0) ** 0.6
    depth = rim + (0.60 - rim) * inside - 0.10 * np.maximum(rho - 1.0, 0.0)
    ridge = np.exp(-0.5 * (x / 0.085) ** 2 - 0.5 * ((y - 0.30 * person.nose_length) / 0.11) ** 2)
    chin = np.exp(-0.5 * (x / 0.16) ** 2 - 0.5 * ((y - 0.9) / 0.12) ** 2)
    socket = np.exp(-0.5 * ((np.abs(x) - 0.27) / 0.12) ** 2 - 0.5 * (y / 0.08) ** 2)
    return depth + 0.13 * person.nose_bridge**0.5 * ridge + 0.04 * chin - 0.03 * socket


class Relief:
    """The lit height field of one person.

    Parameters
    ----------
    person : Person
        Whose face.
    canvas : Canvas
        The grid of the shading.
    """

    def __init__(self, person: Person, canvas: Canvas) -> None:
        self._person = person
        x, y = canvas.coordinates()
        rho = radial_position(head_outline(person), x, y)
        # A flattened sphere: the front of a face is flatter than an egg.
        rim = np.minimum(rho, 0.95)
        head = np.sqrt(1.02 - rim**2.5)
        # Beyond the rim the slope goes on, or the outline would be lit like the front.
        head = 0.9 * _DEPTH * (head - 1.25 * rim**1.5 / head * (rho - rim))
        resting = np.sum([_bump(x, y, *row) for row in _person_bumps(person)], axis=0)
        self._resting = _slopes(head + resting, resting, canvas.unit)
        self._lit = None
        if abs(person.shadow) > 0.05:
            edge = np.sign(person.shadow) * (x + 0.25 * y) - 0.12
            keep = 1.0 - abs(person.shadow) / (1.0 + np.exp(-edge / 0.10))
            self._lit = keep.astype(np.float32)
        basis, units, sides = [], [], []
        mouth = 0.61 * (person.mouth_height - 1.0)
        for name, cx, cy, sx, sy, height in _MOVING:
            cy = cy + mouth if 0.45 < cy < 0.8 else cy
            for side in (-1.0, 1.0) if cx else (0.0,):
                bump = height * _bell(x, y, side * cx, cy, sx, sy)
                basis.append(_slopes(bump, bump, canvas.unit).ravel())
                units.append(AU[name])
                sides.append(side)
        self._basis = np.array(basis, np.float32)
        self._rows, self._side = np.array(units), np.array(sides)

    def slopes(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return slope x, slope y and hollowness (height, width, 3) float32, before the skin moves.

        Parameters
        ----------
        left, right : (17,) ndarray
            Activations 0..1 of either side of the face.
        """
        share = 0.5 * (self._side + 1.0)
        level = (1.0 - share) * left[self._rows] + share * right[self._rows]
        used = np.flatnonzero(level)
        if not len(used):
            return self._resting
        moving = level[used].astype(np.float32) @ self._basis[used]
        return self._resting + moving.reshape(self._resting.shape)

    def shade(self, slopes: np.ndarray, light: np.ndarray,
              fill: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Light the relief.

        Parameters
        ----------
        slopes : (height, width, 3) float32 ndarray
            As `slopes` returns them, moved with the skin.
        light : (3,) ndarray
            Unit vector to the light, in the head's own axes (x right, y down, z outwards).
        fill : (3,) ndarray, optional
            The same of the second light.

        Returns
        -------
        shading : (height, width, 3) float32 ndarray
            Factor on the skin's colour.
        highlight : (height, width) float32 ndarray
            What the skin's gloss adds.
        """
        person = self._person
        sx, sy, hollow = slopes[..., 0], slopes[..., 1], slopes[..., 2]
        inverse = 1.0 / np.sqrt(1.0 + sx * sx + sy * sy)
        lx, ly, lz = (np.float32(v) for v in light)
        diffuse = (lz - lx * sx - ly * sy) * inverse
        # Wrapped: light enters skin and leaves it further on.
        diffuse = np.maximum((diffuse + 0.25) * 0.8, 0.0)
        half = np.array([light[0], light[1], light[2] + 1.0])
        hx, hy, hz = (half / np.linalg.norm(half)).astype(np.float32)
        gloss = np.maximum((hz - hx * sx - hy * sy) * inverse, 0.0)
        for _ in range(4):  # to the sixteenth power
            gloss *= gloss
        open_sky = 1.0 - np.clip(hollow, -0.12, 0.5)
        ambient = np.array(person.ambient_colour, np.float32)
        directed = np.array(person.light_colour, np.float32)
        if self._lit is not None:
            diffuse *= self._lit
        shading = ambient + diffuse[..., None] * directed
        if fill is not None:
            fx, fy, fz = (np.float32(v) for v in fill)
            beside = np.maximum((fz - fx * sx - fy * sy) * inverse, 0.0)
            shading += beside[..., None] * np.array(person.fill_colour, np.float32)
        shading *= open_sky[..., None]
        return shading, np.float32(person.oiliness) * gloss


def _person_bumps(person: Person) -> list[tuple[float, float, float, float, float]]:
    """Return the resting bumps of one person."""
    rows = []
    for cx, cy, sx, sy, height in _RESTING:
        nose = abs(cx) < 0.1 and 0.0 < cy < 0.45
        if nose:
            cx, cy = cx * person.nose_width, cy * person.nose_length
            sx *= person.nose_width
            height *= person.nose_bridge if cy < 0.3 else 1.0
        elif cx == 0.22:
            height *= person.brow_ridge
            cy *= person.brow_height
        elif cx == 0.36:
            height *= person.cheek_fullness
        elif cx == 0.37:
            height *= max(0.0, 2.0 - person.cheek_fullness)
        elif 0.45 < cy < 0.8:
            cy += 0.61 * (person.mouth_height - 1.0)
        rows.append((cx, cy, sx, sy, height))
    return rows


def _bell(x: np.ndarray, y: np.ndarray, cx: float, cy: float, sx: float, sy: float) -> np.ndarray:
    """Return a Gaussian of height 1."""
    return np.exp(-0.5 * (((x - cx) / sx) ** 2 + ((y - cy) / sy) ** 2))


def _bump(x: np.ndarray, y: np.ndarray, cx: float, cy: float, sx: float, sy: float,
          height: float) -> np.ndarray:
    """Return a bump, on both sides where it lies off the midline."""
    bump = _bell(x, y, cx, cy, sx, sy)
    return height * (bump + _bell(x, y, -cx, cy, sx, sy) if cx else bump)


def _slopes(height: np.ndarray, detail: np.ndarray, unit: float) -> np.ndarray:
    """Return the slopes of ``height`` and the hollowness of ``detail``, stacked, float32."""
    sy, sx = np.gradient(height, 1.0 / unit)
    steep = np.hypot(sx, sy)
    limit = np.minimum(1.0, 2.2 / np.maximum(steep, 1e-6))
    blurred = cv2.GaussianBlur(detail.astype(np.float32), (0, 0), 0.045 * unit)
    hollow = 9.0 * (blurred - detail)
    return np.stack([sx * limit, sy * limit, hollow], axis=-1).astype(np.float32)
