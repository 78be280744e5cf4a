"""Antialiased shapes on a canvas measured in eye-to-chin units."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike

_SHIFT = 4  # fractional bits of OpenCV's fixed-point coordinates


@dataclass(frozen=True)
class Canvas:
    """A pixel grid over part of the face plane.

    The origin of the face plane lies midway between the eyes; x points to the image's right,
    y down; the chin lies at y = 1.

    Attributes
    ----------
    unit : float
        Pixels an eye-to-chin distance.
    left, top : float
        Face coordinates of the grid's upper left edge.
    width, height : int
        Size in pixels.
    """

    unit: float
    left: float
    top: float
    width: int
    height: int

    @classmethod
    def covering(cls, unit: float, box: tuple[float, float, float, float]) -> Canvas:
        """Return a canvas over ``box`` = (left, top, right, bottom) in face units."""
        left, top, right, bottom = box
        return cls(unit, left, top, round((right - left) * unit), round((bottom - top) * unit))

    def to_pixels(self, points: np.ndarray) -> np.ndarray:
        """Convert face coordinates (..., 2) to pixel coordinates, pixel centres at integers."""
        return (np.asarray(points) - (self.left, self.top)) * self.unit - 0.5

    def coordinates(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the face coordinates x and y, each (height, width) float32, of the pixels."""
        x = (np.arange(self.width, dtype=np.float32) + 0.5) / self.unit + self.left
        y = (np.arange(self.height, dtype=np.float32) + 0.5) / self.unit + self.top
        return tuple(np.meshgrid(x, y))

    def sampled(self, image: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return an image on this canvas at face coordinates x and y, float32, beyond it its edge.

        Parameters
        ----------
        image : (height, width) or (height, width, n) ndarray
        x, y : (rows, columns) float32 ndarray

        Returns
        -------
        (rows, columns) or (rows, columns, n) ndarray
        """
        columns, rows = (x - self.left) * self.unit - 0.5, (y - self.top) * self.unit - 0.5
        return cv2.remap(image, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def window(self, box: tuple[float, float, float, float]) -> tuple[Canvas, tuple[slice, slice]]:
        """Return the part of the canvas under ``box`` as a canvas, and its (rows, columns)."""
        x0 = max(0, int(np.floor((box[0] - self.left) * self.unit)))
        y0 = max(0, int(np.floor((box[1] - self.top) * self.unit)))
        x1 = min(self.width, int(np.ceil((box[2] - self.left) * self.unit)))
        y1 = min(self.height, int(np.ceil((box[3] - self.top) * self.unit)))
        part = Canvas(self.unit, self.left + x0 / self.unit, self.top + y0 / self.unit, x1 - x0,
                      y1 - y0)
        return part, (slice(y0, y1), slice(x0, x1))


def spline(points: np.ndarray, samples: int = 8, closed: bool = False) -> np.ndarray:
    """Return a Catmull-Rom curve through points.

    Parameters
    ----------
    points : (n, 2) array-like
        Points the curve passes through.
    samples : int, default=8
        Samples a segment.
    closed : bool, default=False
        Whether the curve returns to its first point.

    Returns
    -------
    (m, 2) ndarray
        The curve.
    """
    points = np.asarray(points, dtype=float)
    if closed:
        p = np.vstack([points[-1:], points, points[:2]])
    else:
        p = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    t = np.linspace(0.0, 1.0, samples, endpoint=False)[None, :, None]
    a, b, c, d = (p[i : len(p) - 3 + i][:, None, :] for i in range(4))
    curve = 2 * b + (c - a) * t
    curve = curve + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    curve = (0.5 * curve).reshape(-1, 2)
    return curve if closed else np.vstack([curve, points[-1:]])


def _fixed(canvas: Canvas, points: np.ndarray) -> np.ndarray:
    """Return pixel coordinates in OpenCV's fixed point."""
    return np.round(canvas.to_pixels(points) * (1 << _SHIFT)).astype(np.int32)


def filled(canvas: Canvas, polygon: np.ndarray) -> np.ndarray:
    """Return the antialiased (height, width) uint8 mask of a polygon in face coordinates."""
    mask = np.zeros((canvas.height, canvas.width), np.uint8)
    cv2.fillPoly(mask, [_fixed(canvas, polygon)], 255, cv2.LINE_AA, _SHIFT)
    return mask


def disc(canvas: Canvas, centre: tuple[float, float], radius: float) -> np.ndarray:
    """Return the antialiased (height, width) uint8 mask of a disc in face coordinates."""
    mask = np.zeros((canvas.height, canvas.width), np.uint8)
    x, y = _fixed(canvas, np.array(centre))
    r = round(radius * canvas.unit * (1 << _SHIFT))
    cv2.circle(mask, (int(x), int(y)), r, 255, -1, cv2.LINE_AA, _SHIFT)
    return mask


def line(canvas: Canvas, points: np.ndarray, width: float) -> np.ndarray:
    """Return the antialiased (height, width) uint8 mask of an open line ``width`` units wide.

    OpenCV's lines are whole pixels wide; a line under a pixel is drawn fainter instead.
    """
    mask = np.zeros((canvas.height, canvas.width), np.uint8)
    pixels = width * canvas.unit
    level = round(255 * min(1.0, pixels))
    thick = max(1, round(pixels))
    cv2.polylines(mask, [_fixed(canvas, points)], False, level, thick, cv2.LINE_AA, _SHIFT)
    return mask


def soft_stroke(canvas: Canvas, points: np.ndarray, width: float, blur: float) -> np.ndarray:
    """Return a stroke that tapers to both ends, as (height, width) float32 in about 0..1.

    Parameters
    ----------
    canvas : Canvas
        Where to draw.
    points : (n, 2) array-like
        Points of the stroke's spline, in face units.
    width, blur : float
        Width and standard deviation of the blur, in face units.

    Returns
    -------
    (height, width) float32 ndarray
        The stroke; its middle keeps a height near 1 whatever the blur.
    """
    curve = spline(points, 6)
    fixed = _fixed(canvas, curve)
    mask: np.ndarray = np.zeros((canvas.height, canvas.width), np.float32)
    thick = max(1, round(width * canvas.unit))
    taper = np.sin(np.pi * (np.arange(len(curve) - 1) + 0.9) / (len(curve) + 0.8)) ** 0.8
    for start, end, level in zip(fixed[:-1], fixed[1:], taper, strict=True):
        one = np.zeros(mask.shape, np.uint8)
        ends = [np.array([start, end], np.int32)]
        cv2.polylines(one, ends, False, int(255 * level), thick, cv2.LINE_AA, _SHIFT)
        np.maximum(mask, one.astype(np.float32) / 255.0, out=mask)
    sigma = blur * canvas.unit
    if sigma > 0.2:
        mask = cv2.GaussianBlur(mask, (0, 0), sigma)
        # A blurred bar of width w keeps about w / (w + 2 sigma) of its height.
        mask = mask * np.float32((thick + 2.0 * sigma) / thick * 0.9)
    return np.minimum(mask, 1.0)


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], sigma: float) -> np.ndarray:
    """Return (height, width) float32 noise of unit variance, smooth over ``sigma`` pixels."""
    noise: np.ndarray = rng.standard_normal(shape).astype(np.float32)
    if sigma > 0.3:
        noise = cv2.GaussianBlur(noise, (0, 0), sigma)
    return noise / max(float(noise.std()), 1e-6)


def blend(image: np.ndarray, colour: ArrayLike, mask: np.ndarray, opacity: float = 1.0) -> None:
    """Mix ``colour`` into a float32 image (height, width, 3) in place, where ``mask`` is set.

    Parameters
    ----------
    image : (height, width, 3) float32 ndarray
        Changed in place.
    colour : (3,) or (height, width, 3) array-like
        What to mix in.
    mask : (height, width) ndarray
        uint8 0..255 or float 0..1.
    opacity : float, default=1.0
        Factor on the mask.
    """
    scale = opacity / 255.0 if mask.dtype == np.uint8 else opacity
    weight = (mask * np.float32(scale))[..., None]
    image += weight * (np.asarray(colour, np.float32) - image)
