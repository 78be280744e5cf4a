"""The mouth of a drawn face: lips, teeth and gap, redrawn for every frame."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .appearance import Person
from .complexion import mouth_row
from .deformation import AU, JAW_DROP
from .strokes import Canvas, blend, filled, line

_STEPS = np.linspace(-1.0, 1.0, 29)
_BOW = 1.0 - _STEPS**2


@dataclass(frozen=True)
class Lips:
    """The lips' edges, all (n, 2) arrays in face units from the image's left to its right.

    Attributes
    ----------
    upper_outer, upper_inner, lower_inner, lower_outer : (n, 2) ndarray
        From top to bottom; all meet at the corners.
    gap : float
        Distance between the lips in the middle.
    jaw : float
        How far the jaw has dropped.
    """

    upper_outer: np.ndarray
    upper_inner: np.ndarray
    lower_inner: np.ndarray
    lower_outer: np.ndarray
    gap: float
    jaw: float


def mouth_corner(person: Person, side: float, level: np.ndarray) -> tuple[float, float]:
    """Return the corner of the mouth on ``side`` (-1 or 1) at activations 0..1."""
    a = {name: level[AU[name]] for name in AU}
    x = 0.220 * person.mouth_width
    x += 0.092 * a["AU12"] + 0.060 * a["AU20"] - 0.026 * a["AU14"] - 0.034 * a["AU23"]
    x += 0.006 * a["AU15"] - 0.006 * a["AU17"] - 0.030 * a["AU26"] + 0.004 * a["AU10"]
    y = mouth_row(person) - person.mouth_curve
    y += -0.092 * a["AU12"] + 0.058 * a["AU15"] + 0.018 * a["AU20"] + 0.004 * a["AU17"]
    y += 0.050 * a["AU26"] - 0.010 * a["AU14"] - 0.006 * a["AU10"] + 0.005 * a["AU25"]
    return side * x, y


def lips(person: Person, left: np.ndarray, right: np.ndarray) -> Lips:
    """Return the lips.

    Parameters
    ----------
    person : Person
        Whose mouth.
    left, right : (17,) ndarray
        Activations 0..1 of either side of the face.
    """
    t = _STEPS
    share = 0.5 * (t + 1.0)
    a = {name: (1.0 - share) * left[row] + share * right[row] for name, row in AU.items()}
    mid = {name: 0.5 * (left[row] + right[row]) for name, row in AU.items()}
    (xl, yl), (xr, yr) = mouth_corner(person, -1.0, left), mouth_corner(person, 1.0, right)
    x = np.where(t < 0, -t * xl, t * xr)
    row = mouth_row(person)
    jaw = JAW_DROP * mid["AU26"]
    corner = np.where(t < 0, yl, yr)
    lift = np.abs(t) ** 1.7
    parted = 0.35 * a["AU12"] + 0.6 * mid["AU10"]
    up = 0.021 * a["AU25"] + 0.010 * a["AU26"] + 0.038 * a["AU10"] + 0.016 * a["AU09"]
    up = up + 0.024 * a["AU12"] * mid["AU25"] + 0.034 * a["AU17"]
    down = 0.064 * a["AU25"] + (0.080 + 0.024 * mid["AU25"]) * a["AU26"]
    down = down - 0.036 * a["AU17"] + 0.008 * a["AU20"]
    down = down - (0.006 + 0.010 * parted) * a["AU12"] - 0.018 * a["AU10"] * (1 - mid["AU25"])
    # Between the corners the lips leave each other quickly (exponents below 1): a parted mouth
    # is a lens, not a diamond.
    upper = row - up + (corner - row + up) * lift
    lower = row + np.maximum(down, -up) + (corner - row - np.maximum(down, -up)) * lift
    lower = np.maximum(lower, upper + 0.0015 * _BOW)
    thin = 1.0 - 0.62 * a["AU23"] - 0.18 * a["AU12"] - 0.22 * a["AU20"] - 0.10 * a["AU26"]
    pinch = 1.0 - 0.5 * a["AU14"] * np.abs(t) ** 3
    bow = 0.90 + 0.16 * np.abs(np.sin(1.5 * np.pi * np.clip(np.abs(t), 0, 0.66)))
    bow -= 0.10 * np.exp(-((t / 0.13) ** 2))
    top = 0.050 * person.upper_lip * thin * pinch * bow * _BOW**0.85
    top *= 1.0 + 0.12 * a["AU10"] - 0.10 * a["AU17"]
    bottom = 0.066 * person.lower_lip * thin * pinch * _BOW**0.75
    bottom *= 1.0 + 0.28 * a["AU17"] + 0.15 * a["AU26"]
    gap = float((lower - upper)[len(t) // 2])
    above, upper, lower, below = (np.stack([x, y], axis=1)
                                  for y in (upper - top, upper, lower, lower + bottom))
    return Lips(above, upper, lower, below, gap, jaw)


def draw_mouth(image: np.ndarray, canvas: Canvas, person: Person, shape: Lips) -> None:
    """Draw the mouth in place.

    Parameters
    ----------
    image : (height, width, 3) float32 ndarray
        The unlit face, 0..1, on ``canvas``.
    canvas : Canvas
        Where the patch lies.
    person : Person
        Whose mouth.
    shape : Lips
        The present lips.
    """
    lip = np.array(person.lip_colour)
    skin = np.array(person.skin)
    beneath = line(canvas, shape.lower_outer[6:-6] + np.array([0.0, 0.022]), 0.026)
    beneath = cv2.GaussianBlur(beneath, (0, 0), 0.018 * canvas.unit)
    blend(image, skin * (0.62, 0.50, 0.46), beneath, 0.55)
    upper = filled(canvas, np.vstack([shape.upper_outer, shape.upper_inner[::-1]]))
    lower = filled(canvas, np.vstack([shape.lower_inner, shape.lower_outer[::-1]]))
    # The upper lip looks down and lies in its own shade; the lower one catches the light.
    blend(image, lip * 0.82, cv2.GaussianBlur(upper, (3, 3), 0), 0.92)
    blend(image, lip, cv2.GaussianBlur(lower, (3, 3), 0), 0.88)
    middle = 0.55 * shape.lower_inner + 0.45 * shape.lower_outer
    shine = cv2.GaussianBlur(line(canvas, middle[7:-7], 0.018), (0, 0), 0.014 * canvas.unit)
    blend(image, np.minimum(1.25 * lip + 0.10, 1.0), np.minimum(shine, lower), 0.55)
    if shape.gap * canvas.unit > 0.7:
        _inside(image, canvas, person, shape)
    seam = 0.5 * (shape.upper_inner + shape.lower_inner) if shape.gap < 0.006 else None
    dark = skin * (0.33, 0.20, 0.19)
    if seam is not None:
        blend(image, dark, line(canvas, seam, 0.011), 0.85)
    for end, step in ((0, 1), (-1, -1)):
        inner = shape.upper_inner[end : end + 4 * step : step]
        tip = inner[0] + (inner[0] - inner[1]) * 0.8
        mark = line(canvas, np.vstack([tip, inner[:2]]), 0.016)
        blend(image, dark, cv2.GaussianBlur(mark, (3, 3), 0), 0.75)


def _inside(image: np.ndarray, canvas: Canvas, person: Person, shape: Lips) -> None:
    """Draw the gap between the lips: dark, then the lower and the upper teeth, then shade."""
    opening = filled(canvas, np.vstack([shape.upper_inner, shape.lower_inner[::-1]]))
    blend(image, np.array([0.20, 0.06, 0.06]) * (0.5 + 0.5 * person.skin[0]), opening)
    row = mouth_row(person)
    # Frames are exposed for the skin; teeth are as bright in every mouth.
    exposure = float(np.mean(person.ambient_colour) + 0.8 * np.mean(person.light_colour))
    tooth = 1.12 / exposure * person.tooth_whiteness * np.array([1.0, 0.965, 0.90])
    half = 0.185 * person.mouth_width
    t = _STEPS
    # The upper teeth are fixed to the skull, the lower ones to the jaw.
    upper_edge = np.stack([half * t, row + 0.034 - 0.022 * t**2], axis=1)
    gum = np.array([[half, row - 0.12], [-half, row - 0.12]])
    teeth = np.minimum(filled(canvas, np.vstack([upper_edge, gum])), opening)
    lower_edge = np.stack([0.85 * half * t, row + shape.jaw * 0.8 + 0.036 - 0.012 * t**2], axis=1)
    foot = np.array([[half, row + 0.3], [-half, row + 0.3]])
    below = np.minimum(filled(canvas, np.vstack([lower_edge, foot])), opening)
    blend(image, 0.72 * tooth, below, 0.9)
    blend(image, tooth, teeth, 0.96)
    for at in (-0.62, -0.33, 0.0, 0.33, 0.62):
        gapline = np.array([[half * at, row - 0.06], [half * at, row + 0.022 - 0.02 * at**2]])
        blend(image, 0.72 * tooth, np.minimum(line(canvas, gapline, 0.006), teeth), 0.5)
    shade = line(canvas, shape.upper_inner, 0.012)
    shade = np.minimum(cv2.GaussianBlur(shade, (5, 5), 0), opening)
    blend(image, np.array([0.25, 0.12, 0.11]), shade, 0.45)
    corners = line(canvas, shape.lower_inner, 0.010)
    blend(image, np.array([0.25, 0.10, 0.09]), np.minimum(corners, opening), 0.35)
