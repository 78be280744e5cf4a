"""The hair and the ears of a drawn head."""

from __future__ import annotations

import cv2
import numpy as np

from .people import Person
from .relief import head_outline, radial_position
from .strokes import Canvas, blend, filled, smooth_noise, soft_stroke, spline

# Right half of the edge between hair and face, from the middle of the forehead down; x in face
# widths, y in units before the person's hairline factor.
_HAIRLINES = {
    "receding": ((0.0, -0.70), (0.16, -0.74), (0.32, -0.72), (0.44, -0.52), (0.52, -0.30),
                 (0.545, -0.10), (0.58, 0.06)),
    "short": ((0.0, -0.60), (0.20, -0.60), (0.36, -0.54), (0.455, -0.40), (0.505, -0.22),
              (0.545, -0.08), (0.58, 0.08)),
    "side_part": ((0.0, -0.58), (0.20, -0.59), (0.36, -0.53), (0.46, -0.38), (0.51, -0.20),
                  (0.545, -0.08), (0.58, 0.06)),
    "fringe": ((0.0, -0.36), (0.20, -0.34), (0.36, -0.30), (0.46, -0.24), (0.52, -0.14),
               (0.55, -0.02), (0.58, 0.10)),
    "curly": ((0.0, -0.56), (0.20, -0.56), (0.36, -0.48), (0.46, -0.34), (0.52, -0.18),
              (0.55, -0.04), (0.58, 0.08)),
    "bob": ((0.0, -0.58), (0.18, -0.56), (0.36, -0.44), (0.47, -0.26), (0.52, -0.05),
            (0.535, 0.20), (0.52, 0.45), (0.50, 0.66)),
    "long": ((0.0, -0.60), (0.18, -0.56), (0.36, -0.42), (0.48, -0.22), (0.53, 0.0),
             (0.545, 0.30), (0.53, 0.60), (0.50, 0.90), (0.50, 1.25)),
    "bun": ((0.0, -0.58), (0.20, -0.58), (0.37, -0.50), (0.47, -0.34), (0.52, -0.18),
            (0.555, -0.06), (0.59, 0.04)),
}  # fmt: skip

_PARTED = ("side_part", "bob", "long", "bun")


def head_colours(person: Person, canvas: Canvas, skin: np.ndarray) -> np.ndarray:
    """Return the whole unlit head: skin cut to its outline, ears behind, hair in front.

    Parameters
    ----------
    person : Person
        Whose head.
    canvas : Canvas
        The grid to draw on.
    skin : (height, width, 3) float32 ndarray
        The skin, brows and beard, over the whole canvas.

    Returns
    -------
    (height, width, 4) uint8 ndarray
        sRGB and opacity. Colours go on beyond the head's edge, so that none bleeds in.
    """
    rng = np.random.default_rng(person.seed + 2)
    image = skin.copy()
    opacity = filled(canvas, head_outline(person))
    ears = _ears(image, person, canvas, opacity)
    opacity = np.maximum(opacity, ears)
    if person.hair_style != "bald":
        strands = _strands(person, canvas, rng)
        hair = _hair_mask(person, canvas, rng)
        # The scalp throws a soft shade on the skin beside it.
        shade = cv2.GaussianBlur(hair, (0, 0), 0.03 * canvas.unit)
        blend(image, np.array(person.skin) * 0.45, shade, 0.5)
        x, y = canvas.coordinates()
        outside = (opacity == 0) & ((y < 0.3) | (np.abs(x) > 0.47))
        image[outside] = strands[outside]
        blend(image, strands, hair)
        opacity = np.maximum(opacity, hair)
    return np.dstack([np.clip(image * 255.0 + 0.5, 0, 255).astype(np.uint8), opacity])


def _ears(image: np.ndarray, person: Person, canvas: Canvas, head: np.ndarray) -> np.ndarray:
    """Draw both ears beside the head in place and return their mask."""
    at = np.array([0.585 * person.face_width, 0.08])
    both = np.zeros(image.shape[:2], np.uint8)
    for side in (-1.0, 1.0):
        shape = np.array(
            [[-0.03, -0.10], [0.04, -0.13], [0.075, -0.06], [0.06, 0.08], [0.025, 0.20],
             [-0.02, 0.24], [-0.05, 0.10]]
        ) + at  # fmt: skip
        ear = filled(canvas, spline(shape * (side, 1.0), 6, closed=True))
        visible = np.minimum(ear, 255 - head)
        blend(image, np.array(person.skin) * (0.90, 0.80, 0.77), visible)
        inner = np.array([[0.045, -0.07], [0.045, 0.0], [0.015, 0.10]]) + at
        fold = soft_stroke(canvas, inner * (side, 1.0), 0.02, 0.012)
        blend(image, np.array(person.skin) * (0.6, 0.48, 0.45), fold * (visible > 0), 0.6)
        both = np.maximum(both, ear)
    return both


def _hair_mask(person: Person, canvas: Canvas, rng: np.random.Generator) -> np.ndarray:
    """Return the (height, width) uint8 mask of the hair that lies before or around the head."""
    style = person.hair_style
    right = np.array(_HAIRLINES[style]) * (person.face_width, 1.0)
    right[:, 1] *= np.where(right[:, 1] < -0.2, person.hairline, 1.0)
    left = right * (-1.0, 1.0)
    if style in ("side_part", "bob", "long"):
        # The parting lies to one side: the hair falls lower on the other.
        part = 0.05 * person.hair_part
        for half, sign in ((right, 1.0), (left, -1.0)):
            half[:3, 1] += sign * part * np.array([0.0, 1.0, 1.3])
    right[1:] += rng.normal(0.0, 0.008, right[1:].shape)
    left[1:] += rng.normal(0.0, 0.008, left[1:].shape)
    left[0] = right[0]
    low = right[-1, 1]
    volume = person.hair_volume
    angles = np.linspace(0.0, np.pi, 25)
    width = 0.585 * person.face_width + (0.35 + 0.45 * (style in ("bob", "long"))) * volume
    if style in ("receding", "short"):
        width = 0.592 * person.face_width + 0.2 * volume
    top = -(1.02 * person.crown_height + volume)
    power = 0.74  # between an ellipse and a box
    crown = np.stack(
        [
            width * np.sign(np.cos(angles)) * np.abs(np.cos(angles)) ** power,
            -0.1 + (top + 0.1) * np.sin(angles) ** power,
        ],
        axis=1,
    )
    if style == "curly":
        crown *= 1.0 + 0.02 * rng.standard_normal((len(crown), 1))
    flare = 0.02 if style in ("bob", "long") else -0.01
    sides = [[width + flare, 0.5 * (low - 0.1)], [width + 1.5 * flare, low]]
    outer = spline(np.vstack([np.array(sides)[::-1], crown, np.array(sides) * (-1.0, 1.0)]), 5)
    inner = np.vstack([spline(left, 6)[::-1], spline(right, 6)])
    mask = filled(canvas, np.vstack([outer, inner]))
    if style == "bun":
        knot = np.stack([0.2 * np.cos(2 * angles), top - 0.03 + 0.14 * np.sin(2 * angles)], axis=1)
        mask = np.maximum(mask, filled(canvas, knot))
    soft = 0.022 if style == "curly" else 0.010
    mask = cv2.GaussianBlur(mask, (0, 0), soft * canvas.unit)
    if style == "receding":
        mask = (mask * 0.85).astype(np.uint8)
    if style == "curly":
        curls = smooth_noise(rng, mask.shape, 0.03 * canvas.unit)
        mask = np.clip(mask * 1.6 - 70 + 26 * curls, 0, 255).astype(np.uint8)
    return mask


def _strands(person: Person, canvas: Canvas, rng: np.random.Generator) -> np.ndarray:
    """Return the hair's unlit colours over the whole canvas: strands that fall from the crown."""
    x, y = canvas.coordinates()
    if person.hair_style == "curly":
        relief = smooth_noise(rng, x.shape, 0.028 * canvas.unit)
        relief += 0.7 * smooth_noise(rng, x.shape, 0.014 * canvas.unit)
        relief *= 0.45
    else:
        across, along = _combed(person, x, y)
        relief = np.zeros(x.shape, np.float32)
        for fine, weight in ((1.0, 0.8), (0.35, 0.6)):
            table = smooth_noise(rng, (64, 1024), 1.0)
            table = cv2.GaussianBlur(table, (1, 0), 0.01, sigmaY=4.0)
            relief += weight * cv2.remap(
                table / table.std(),
                ((across + 2.0) * 240.0 * fine).astype(np.float32),
                ((along + 3.0) * 10.0).astype(np.float32),
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REFLECT,
            )
        if person.hair_style in _PARTED:
            # The two sides' strands do not meet: they fade into the parting.
            relief *= 1.0 - 0.9 * np.exp(-(((x - _parting(person)) / 0.05) ** 2))
    rho = radial_position(head_outline(person), x, y)
    band = np.exp(-0.5 * ((rho - 0.80) / 0.07) ** 2) * (y < 0.0)
    bright = 1.0 + 0.13 * np.clip(relief, -2.0, 2.0) + 0.22 * band * (1.0 + 0.4 * relief)
    bright *= 1.0 - 0.35 * np.clip((rho - 0.95) / 0.3, 0.0, 1.0)
    colour = np.array(person.hair_colour, np.float32)
    return (np.clip(bright, 0.5, 1.45)[..., None] * colour).astype(np.float32)


def _parting(person: Person) -> float:
    """Return the x of the parting."""
    return 0.16 * person.hair_part


def _combed(person: Person, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return coordinates across and along the strands."""
    if person.hair_style in _PARTED:
        # From the parting the hair falls to the sides, along the head's outline.
        sideways = x - _parting(person)
        across = np.hypot(sideways / 0.6, np.minimum(y - 0.1, 0.0) / 1.1)
        turn = np.arctan2(sideways, -np.minimum(y - 0.1, -1e-3))
        return np.where(sideways < 0, -across, across), turn + np.sign(sideways) * np.maximum(y, 0)
    # Short hair and fringes hang from a crown behind the top of the head.
    crown = (0.10 * person.hair_part, -1.9)
    angle = np.arctan2(x - crown[0], y - crown[1])
    return 1.6 * angle, np.hypot(x - crown[0], y - crown[1])
