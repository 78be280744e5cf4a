"""The glasses of a drawn person."""

from __future__ import annotations

import numpy as np

from .appearance import Person
from .eyes import eye_centre
from .strokes import Canvas, line, spline


def glasses_layer(person: Person,
                  canvas: Canvas) -> tuple[tuple[slice, slice], np.ndarray, np.ndarray] | None:
    """Return where thin glasses lie, their (height, width) uint8 mask and their colour.

    Parameters
    ----------
    person : Person
        Who wears them.
    canvas : Canvas
        The face's drawing.

    Returns
    -------
    (slices, mask, colour) or None
        None without glasses.
    """
    if person.glasses == "none":
        return None
    part, window = canvas.window((-0.64, -0.26, 0.64, 0.34))
    mask = np.zeros((part.height, part.width), np.uint8)
    angles = np.linspace(0.0, 2 * np.pi, 41)
    power = 1.0 if person.glasses == "round" else 0.55
    width, height = (0.195, 0.175) if person.glasses == "round" else (0.205, 0.155)
    edges = []
    for side in (-1.0, 1.0):
        cx, cy = eye_centre(person, side)
        cos, sin = np.cos(angles), np.sin(angles)
        rim = np.stack([1.02 * cx + width * np.sign(cos) * np.abs(cos) ** power,
                        cy + 0.03 + height * np.sign(sin) * np.abs(sin) ** power], axis=1)
        mask = np.maximum(mask, line(part, rim, 0.014))
        outer = side * (abs(1.02 * cx) + width)
        edges.append(1.02 * abs(cx) - width)
        temple = np.array([[outer, -0.03], [side * 0.59 * person.face_width, -0.04]])
        mask = np.maximum(mask, line(part, temple, 0.016))
    inner = edges[0]
    bridge = np.array([[-inner, 0.01], [0.0, -0.02], [inner, 0.01]])
    mask = np.maximum(mask, line(part, spline(bridge), 0.014))
    return window, (mask * 0.9).astype(np.uint8), np.array(person.glasses_colour)
