"""What a drawn head stands before and on: the background, the neck and the shoulders."""

from __future__ import annotations

import numpy as np

from .people import Person
from .strokes import Canvas, blend, filled, smooth_noise, spline


def wall(person: Person, size: int) -> np.ndarray:
    """Return the background without the person, (size, size, 3) float32 in 0..255."""
    rng = np.random.default_rng(person.seed + 3)
    image = np.empty((size, size, 3), np.float32)
    image[:] = np.array(person.wall_colour, np.float32)
    ramp = np.linspace(-0.06, 0.06, size, dtype=np.float32)
    image *= 1.0 + rng.uniform(-1, 1) * ramp[:, None, None] + rng.uniform(-1, 1) * ramp[:, None]
    clouds = smooth_noise(rng, (size, size), 0.16 * size)
    image *= 1.0 + 0.05 * clouds[..., None]
    if rng.random() < 0.5:
        # Something out of focus: a door frame, a shelf.
        edge = rng.uniform(0.05, 0.95) * size
        blur = rng.uniform(0.01, 0.05) * size
        step = 1.0 / (1.0 + np.exp(-(np.arange(size) - edge) / blur))
        image *= 1.0 + rng.uniform(-0.2, 0.2) * step.astype(np.float32)[:, None]
    return np.clip(image, 0.04, 0.97) * 255.0


def bust(person: Person, canvas: Canvas) -> np.ndarray:
    """Return neck, shoulders and the hair behind them, (height, width, 4) uint8 with opacity."""
    rng = np.random.default_rng(person.seed + 4)
    x, y = canvas.coordinates()
    image = np.zeros((canvas.height, canvas.width, 3), np.float32)
    half = (0.335 if person.beard_style == "none" else 0.36) * person.face_width
    neck = filled(
        canvas,
        np.array([[-half, 0.4], [half, 0.4], [half, 1.0], [half + 0.05, 1.7], [-half - 0.05, 1.7],
                  [-half, 1.0]]),
    )  # fmt: skip
    right = [(half - 0.01, 1.13), (0.62, 1.27), (1.0, 1.42), (1.25, 1.8)]
    shirt = np.array([(-px, py) for px, py in right[::-1]] + [(0.0, 1.36)] + right)
    clothes = filled(canvas, shirt)
    light = np.array(person.light_colour) * 0.62 + np.array(person.ambient_colour)
    skin = np.array(person.skin) * light * (0.98, 0.92, 0.90)
    image[:] = 0.80 * skin
    # Under the chin it is dark; to the sides the neck turns away.
    image *= (1.0 - 0.38 * np.exp(-(((y - 0.98) / 0.16) ** 2)))[..., None]
    image *= (1.0 - 0.5 * (np.abs(x) / (half + 0.03)) ** 4 * (np.abs(x) < half + 0.05))[..., None]
    weave = 1.0 + 0.03 * smooth_noise(rng, image.shape[:2], 0.02 * canvas.unit)
    weave *= 0.9 - 0.12 * np.clip(np.abs(x) - 0.4, 0.0, 1.0)
    blend(image, weave[..., None] * np.array(person.clothes_colour) * light, clothes)
    opacity = np.maximum(neck, clothes)
    if person.hair_style in ("bob", "long"):
        low = 0.70 if person.hair_style == "bob" else 1.5
        width = 0.56 * person.face_width + 0.25 * person.hair_volume
        half_back = np.array([[0.5 * width, 0.05], [0.9 * width, 0.25], [width, 0.6], [width, low]])
        half_back = spline(half_back)
        back = filled(canvas, np.vstack([half_back, half_back[::-1] * (-1.0, 1.0)]))
        behind = np.minimum(back, 255 - opacity)
        blend(image, np.array(person.hair_colour) * light * 0.6, behind)
        opacity = np.maximum(opacity, back)
    rgb = np.clip(image * 255.0 + 0.5, 0, 255).astype(np.uint8)
    return np.dstack([rgb, opacity])
