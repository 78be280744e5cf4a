"""The unlit colours of a drawn head that move with its skin: skin, nose lines, brows, beard."""

from __future__ import annotations

import cv2
import numpy as np

from .appearance import Person
from .relief import head_outline
from .strokes import Canvas, blend, filled, smooth_noise, soft_stroke, spline


def mouth_row(person: Person) -> float:
    """Return the resting height y of the line between the lips."""
    return 0.615 * person.mouth_height


def brow_points(person: Person) -> np.ndarray:
    """Return the middle line (4, 2) of the image-right brow, inner end first."""
    arch = 0.022 * person.brow_arch
    y = -0.143 * person.brow_height
    x = 0.27 * person.eye_spacing
    return np.array([[x - 0.165, y + 0.012], [x - 0.05, y - 0.6 * arch], [x + 0.075, y - arch],
                     [x + 0.175, y + 0.030 - 0.3 * arch]])


def skin_colours(person: Person, canvas: Canvas) -> np.ndarray:
    """Return the unlit skin with nose lines, brows and beard.

    Parameters
    ----------
    person : Person
        Whose face.
    canvas : Canvas
        The grid to draw on.

    Returns
    -------
    (height, width, 3) float32 ndarray
        sRGB in 0..1; the whole canvas is skin, outlines are cut elsewhere.
    """
    rng = np.random.default_rng(person.seed)
    image = np.empty((canvas.height, canvas.width, 3), np.float32)
    image[:] = np.array(person.skin, np.float32)
    _vary(image, person, canvas, rng)
    _nose(image, person, canvas)
    if person.beard_style != "none":
        _beard(image, person, canvas, rng)
    _brows(image, person, canvas, rng)
    return np.clip(image, 0.0, 1.0)


def _vary(image: np.ndarray, person: Person, canvas: Canvas, rng: np.random.Generator) -> None:
    """Add blotches, blush, shaded sockets and freckles in place."""
    x, y = canvas.coordinates()
    shape = image.shape[:2]
    coarse = smooth_noise(rng, shape, 0.07 * canvas.unit)
    fine = smooth_noise(rng, shape, 0.008 * canvas.unit)
    image *= 1.0 + person.mottle * (0.018 * coarse + 0.014 * fine)[..., None]
    ax = np.abs(x)
    blush = np.exp(-0.5 * (((ax - 0.34) / 0.12) ** 2 + ((y - 0.30) / 0.11) ** 2))
    blush += 0.8 * np.exp(-0.5 * ((x / 0.09) ** 2 + ((y - 0.33) / 0.08) ** 2))
    blush += 0.4 * np.exp(-0.5 * ((x / 0.12) ** 2 + ((y - 0.9) / 0.07) ** 2))
    blush = (person.redness * blush)[..., None].astype(np.float32)
    image *= 1.0 + blush * np.array([0.02, -0.09, -0.08], np.float32)
    socket = np.exp(-0.5 * (((ax - 0.265) / 0.14) ** 2 + ((y + 0.01) / 0.075) ** 2))
    socket *= 0.10 + 0.05 * person.age
    image *= 1.0 - socket[..., None] * np.array([0.8, 1.0, 0.9], np.float32)
    if person.freckles > 0:
        dots = smooth_noise(rng, shape, 0.006 * canvas.unit) > 1.9
        zone = np.exp(-0.5 * ((ax - 0.2) / 0.22) ** 2 - 0.5 * ((y - 0.22) / 0.13) ** 2)
        mask = cv2.GaussianBlur(dots.astype(np.float32) * zone.astype(np.float32), (0, 0), 0.6)
        blend(image, np.array(person.skin) * (0.72, 0.58, 0.5), mask, min(1.0, person.freckles))


def _nose(image: np.ndarray, person: Person, canvas: Canvas) -> None:
    """Draw nostrils, the wings' creases and the shade beneath the tip in place."""
    dark = np.array(person.skin) * (0.36, 0.24, 0.22)
    shade = np.array(person.skin) * (0.66, 0.54, 0.50)
    size = np.array([person.nose_width, person.nose_length])
    under = np.array([[-0.105, 0.415], [0.0, 0.43], [0.105, 0.415]]) * size
    blend(image, shade, soft_stroke(canvas, under, 0.03, 0.022), 0.50)
    # The shadow that the nose casts: away from the light.
    aside, down = person.light[0] * 0.22, 0.05 - 0.10 * person.light[1]
    cast = np.array([[-0.07, 0.41], [0.0, 0.42 + 0.3 * down], [0.07, 0.41]]) * size
    cast[1:] += (-0.35 * aside, 0.25 * down)
    cast[:-1] += (-0.35 * aside, 0.25 * down)
    blend(image, shade, soft_stroke(canvas, cast, 0.05, 0.024), 0.40)
    for side in (-1.0, 1.0):
        flip = size * (side, 1.0)
        hole = np.array([[0.025, 0.405], [0.055, 0.388], [0.085, 0.400]]) * flip
        blend(image, dark, soft_stroke(canvas, hole, 0.022, 0.010), 0.72)
        wing = np.array([[0.115, 0.315], [0.143, 0.355], [0.135, 0.395], [0.105, 0.412]]) * flip
        blend(image, shade, soft_stroke(canvas, wing, 0.014, 0.010), 0.72)
        flank = np.array([[0.055, -0.04], [0.06, 0.10], [0.085, 0.25]]) * flip
        blend(image, shade, soft_stroke(canvas, flank, 0.03, 0.03), 0.12)


def _brows(image: np.ndarray, person: Person, canvas: Canvas, rng: np.random.Generator) -> None:
    """Draw both brows in place: a soft shape, broken up by hairs."""
    thick = 0.026 * person.brow_thickness
    hairs = smooth_noise(rng, image.shape[:2], 0.006 * canvas.unit)
    for side in (-1.0, 1.0):
        middle = spline(brow_points(person), 8)
        along = np.linspace(0.0, 1.0, len(middle))
        half = thick * (0.75 + 0.45 * along - 1.05 * along**3)[:, None]
        normal = np.array([0.12, 1.0])
        shape = np.vstack([middle - half * normal, (middle + half * normal)[::-1]])
        mask: np.ndarray = filled(canvas, shape * (side, 1.0)).astype(np.float32) / 255.0
        mask = cv2.GaussianBlur(mask, (0, 0), 0.010 * canvas.unit)
        mask = np.clip(mask * (1.05 + 0.16 * hairs), 0.0, 1.0)
        blend(image, person.brow_colour, mask, person.brow_density)


def _beard(image: np.ndarray, person: Person, canvas: Canvas, rng: np.random.Generator) -> None:
    """Draw the beard in place."""
    x, y = canvas.coordinates()
    mouth = mouth_row(person)
    ax = np.abs(x)
    style = person.beard_style
    moustache = np.exp(-(((ax - 0.11) / 0.17) ** 4)
                       - ((y - mouth + 0.085 - 0.16 * ax) / 0.055) ** 4)
    moustache *= 1.0 - 0.5 * np.exp(-((x / 0.018) ** 2))
    outline = head_outline(person)
    inside = filled(canvas, outline).astype(np.float32) / 255.0
    # Lower edge of the cheeks' bare part: from the sideburns to the corners of the mouth.
    out = np.clip(ax / person.face_width - 0.28, 0.0, None)
    edge = mouth + 0.01 - 0.55 * out - 5.5 * out**2
    chin = np.clip((y - edge) / 0.10 + 0.5, 0.0, 1.0)
    goatee = np.exp(-((ax / 0.19) ** 4) - ((y - 0.90) / 0.12) ** 4)
    goatee += np.exp(-(((ax - 0.215) / 0.035) ** 4) - ((y - 0.74) / 0.14) ** 4)
    mask = {
        "stubble": np.maximum(moustache, chin) * 0.42,
        "moustache": moustache,
        "goatee": np.maximum(moustache, np.minimum(goatee, 1.0)),
        "full": np.maximum(moustache, chin),
    }[style]
    mask = mask * inside * _away_from_lips(person, x, y)
    grain = smooth_noise(rng, image.shape[:2], 0.006 * canvas.unit)
    mask = np.clip(mask * (0.95 + 0.18 * grain), 0.0, 1.0).astype(np.float32)
    mask = cv2.GaussianBlur(mask, (0, 0), 0.006 * canvas.unit)
    colour = 0.8 * np.array(person.brow_colour) + 0.2 * np.array(person.hair_colour)
    blend(image, colour, mask, person.beard_density)


def _away_from_lips(person: Person, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return 0 on the lips and their rim, 1 elsewhere."""
    row = mouth_row(person) + 0.008
    rho = np.hypot(x / (0.235 * person.mouth_width), (y - row) / 0.085)
    return np.clip((rho - 0.85) / 0.3, 0.0, 1.0)
