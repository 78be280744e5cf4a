"""What a drawn head stands before and on: the background, the neck and the shoulders."""

from __future__ import annotations

import numpy as np

from .appearance import Person, youth
from .hair_styles import cloth_colour
from .strokes import Canvas, blend, filled, line, smooth_noise, spline


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
    """Return neck and shoulders, (height, width, 4) uint8 with opacity."""
    rng = np.random.default_rng(person.seed + 4)
    x, y = canvas.coordinates()
    grown = 0.6 + 0.4 * (1.0 - youth(person.years))
    male = grown * (person.sex == "male")
    half = (0.325 + 0.045 * male) * person.face_width * (0.92 + 0.08 * grown)
    light = np.array(person.light_colour) * 0.62 + np.array(person.ambient_colour)
    image = np.empty((canvas.height, canvas.width, 3), np.float32)
    image[:] = 0.80 * np.array(person.skin) * light * (0.98, 0.92, 0.90)
    _neck_shades(image, person, x, y, half)
    side = np.array([[0.80 * half, 0.36], [half, 0.60], [0.98 * half, 0.88], [1.04 * half, 1.05],
                     [1.30 * half, 1.21], [0.75, 1.38], [1.0, 1.9]])
    side = np.vstack([side[:2], spline(side[2:])])
    neck = filled(canvas, np.vstack([side, side[::-1] * (-1.0, 1.0)]))
    rise = rng.uniform(-0.03, 0.05) - 0.02 * male
    shoulder = (1.12 + 0.14 * male) * (0.82 + 0.18 * grown)
    base = {"crew": 1.27, "vee": 1.44, "collar": 1.40, "scoop": 1.42}
    kind = ("crew", "vee", "collar", "scoop")[rng.choice(4, p=[0.45, 0.2, 0.2, 0.15])]
    top = 1.13 if kind in ("crew", "collar") else 1.20
    slope = [[1.10 * half, top + rise], [1.6 * half, 1.23 + rise], [0.80 * shoulder, 1.36 + rise],
             [shoulder, 1.55 + rise], [1.06 * shoulder, 2.2]]
    right = spline(np.array(slope))
    dip = np.array([[0.55 * half, 0.75 * base[kind] + 0.25 * top]])
    if kind == "crew":
        dip = np.array([[0.6 * half, base[kind] - 0.03 + rise]])
    opening = spline(np.vstack([right[:1], dip, [[0.0, base[kind] + rise]], dip * (-1.0, 1.0),
                                right[:1] * (-1.0, 1.0)]))
    clothes = filled(canvas, np.vstack([right, right[::-1] * (-1.0, 1.0), opening[::-1]]))
    weave = 1.0 + 0.03 * smooth_noise(rng, x.shape, 0.02 * canvas.unit)
    weave += 0.05 * smooth_noise(rng, x.shape, 0.12 * canvas.unit)
    weave *= 0.92 - 0.14 * np.clip(np.abs(x) - 0.4, 0.0, 1.0)
    if rng.random() < 0.2:
        weave *= 1.0 + 0.18 * np.sign(np.sin(2 * np.pi * y / 0.14))
    colour = np.array(person.clothes_colour)
    blend(image, weave[..., None] * colour * light, clothes)
    if kind == "crew":
        seam = line(canvas, opening + np.array([0.0, 0.035]), 0.016)
        blend(image, 0.7 * colour * light, np.minimum(seam, clothes), 0.6)
    if kind == "collar":
        _collar(image, canvas, 0.55 * colour + 0.4, light, half, top + rise)
    if person.hair_style == "scarf":
        _drape(image, person, canvas, rng, light, neck)
    opacity = np.maximum(neck, clothes)
    rgb = np.clip(image * 255.0 + 0.5, 0, 255).astype(np.uint8)
    return np.dstack([rgb, opacity])


def _neck_shades(image: np.ndarray, person: Person, x: np.ndarray, y: np.ndarray,
                 half: float) -> None:
    """Shade the skin of neck and chest in place."""
    # Under the chin it is dark; to the sides the neck turns away.
    cast = 0.10 * person.light[0]
    image *= (1.0 - 0.45 * np.exp(-((np.maximum(y - 0.92, 0.0) / 0.20) ** 2)))[..., None]
    round_off = (np.abs(x + cast) / (half + 0.06)) ** 3.0 * (y < 1.16)
    image *= (1.0 - 0.42 * np.clip(round_off, 0.0, 1.0))[..., None]
    # The muscles from behind the ears to the collar bones, and the pit between them.
    for side in (-1.0, 1.0):
        along = side * x - (0.85 - 0.75 * np.clip((y - 0.7) / 0.6, 0.0, 1.0)) * half
        image *= (1.0 + 0.06 * np.exp(-((along / 0.05) ** 2)))[..., None]
    image *= (1.0 - 0.16 * np.exp(-((x / 0.06) ** 2) - ((y - 1.26) / 0.07) ** 2))[..., None]


def _collar(image: np.ndarray, canvas: Canvas, colour: np.ndarray, light: np.ndarray, half: float,
            top: float) -> None:
    """Draw the two wings of a shirt's collar in place."""
    for side in (-1.0, 1.0):
        wing = np.array([[1.10 * half, top - 0.06], [1.16 * half, top + 0.06], [0.42 * half, 1.48],
                         [0.02, 1.36], [0.62 * half, top + 0.12]]) * (side, 1.0)
        mask = filled(canvas, wing)
        blend(image, 0.5 * colour * light, line(canvas, np.vstack([wing, wing[:1]]), 0.02), 0.5)
        blend(image, np.clip(colour, 0.0, 0.95) * light * 0.92, mask)


def _drape(image: np.ndarray, person: Person, canvas: Canvas, rng: np.random.Generator,
           light: np.ndarray, neck: np.ndarray) -> None:
    """Draw the part of a scarf that lies on neck and chest in place, and cover both."""
    x, y = canvas.coordinates()
    shape = spline(np.array([[0.0, 0.2], [0.55, 0.2], [0.60, 0.8], [0.52, 1.1], [0.66, 1.4],
                             [0.60, 1.62], [0.0, 1.75]]))
    mask = filled(canvas, np.vstack([shape, shape[::-1] * (-1.0, 1.0)]))
    creases = smooth_noise(rng, x.shape, 0.3 * canvas.unit)
    folds = np.cos(9.0 * (y - 0.5 * np.abs(x + 0.1)) + 1.5 * creases)
    bright = (0.85 + 0.10 * folds) * (1.0 - 0.3 * np.exp(-(((y - 1.0) / 0.15) ** 2)))
    blend(image, bright[..., None] * cloth_colour(person) * light, mask)
    np.maximum(neck, mask, out=neck)
