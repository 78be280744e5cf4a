"""The eyes of a drawn face: lids, eyeballs and lashes, redrawn for every frame."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .appearance import Person, youth
from .deformation import AU
from .strokes import Canvas, blend, disc, filled, line

_STEPS = np.linspace(-1.0, 1.0, 17)
_EYEBALL = 0.108  # radius


@dataclass(frozen=True)
class Lids:
    """The lids of one eye, all (n, 2) arrays in face units from the inner to the outer corner.

    Attributes
    ----------
    upper, lower : (n, 2) ndarray
        Edges of the lids.
    crease : (n, 2) ndarray
        The fold above the upper lid.
    closed : float
        0 (open) to 1 (shut).
    """

    upper: np.ndarray
    lower: np.ndarray
    crease: np.ndarray
    closed: float


def eye_centre(person: Person, side: float) -> tuple[float, float]:
    """Return where the iris rests, looking ahead, in the eye on ``side`` (-1 or 1)."""
    return side * 0.270 * person.eye_spacing, 0.0


def eye_corners(person: Person, side: float) -> np.ndarray:
    """Return the resting inner and outer corner, (2, 2)."""
    return _corner_line(person, side, np.array([-1.0, 1.0]))


def _corner_line(person: Person, side: float, t: np.ndarray) -> np.ndarray:
    """Return points (n, 2) between the corners of an eye, the inner one at t = -1.

    The fissure reaches further inwards from the iris than outwards, and sinks towards the nose.
    """
    cx, cy = eye_centre(person, side)
    along = t - 0.15 * np.maximum(t, 0.0) ** 2
    x = cx + side * 0.136 * person.eye_width * along
    return np.stack([x, cy + 0.008 - (person.eye_tilt + 0.006) * t], axis=-1)


def lids(person: Person, side: float, level: np.ndarray) -> Lids:
    """Return the lids of one eye.

    Parameters
    ----------
    person : Person
        Whose eye.
    side : float
        -1 for the image's left eye, 1 for the right one.
    level : (17,) ndarray
        Activations 0..1 of that side.
    """
    au = {name: level[AU[name]] for name in ("AU05", "AU06", "AU07", "AU09", "AU12", "AU45")}
    squeeze = 0.008 * au["AU06"]
    t = _STEPS
    x, corner = _corner_line(person, side, t).T
    x = x - side * squeeze * np.maximum(t, 0.0)
    bow = np.maximum(1.0 - t * t, 0.0)
    up = 0.047 * person.eye_opening + 0.040 * au["AU05"]
    up -= 0.012 * au["AU07"] + 0.004 * au["AU06"] + 0.003 * au["AU09"]
    down = 0.044 * person.eye_opening + 0.006 * au["AU05"]
    raised = 0.030 * au["AU06"] + 0.034 * au["AU07"] + 0.010 * au["AU09"] + 0.004 * au["AU12"]
    down = max(down - raised * max(1.0, person.eye_opening), -0.012)
    # The cheek pushes the lower lid up in a bow; AU07 draws it straight.
    flat = 0.75 + 0.9 * au["AU07"]
    lower = corner + down * bow**flat - 0.006 * au["AU06"] * bow
    skew = bow**0.72 * (1.0 - 0.16 * t)
    upper = corner - max(up, 0.014) * skew
    closed = float(np.clip(1.08 * au["AU45"] ** 0.85, 0.0, 1.0))
    meet = np.maximum(lower, corner + 0.010 * bow)
    upper = upper + closed * (meet - upper)
    lower = np.maximum(lower, upper)
    fold = 0.030 - 0.014 * au["AU05"] - 0.006 * au["AU07"]
    rest = corner - 0.047 * person.eye_opening * skew
    crease = np.minimum(rest + 0.35 * (upper - rest), upper) - fold * bow**0.4
    upper, lower, crease = (np.stack([x, y], axis=1) for y in (upper, lower, crease))
    return Lids(upper, lower, crease, closed)


def iris_radius(person: Person) -> float:
    """Return the radius of an iris: as large in children, whose faces are smaller."""
    return 0.0525 * (1.0 + 0.13 * youth(person.years))


def iris_place(person: Person, side: float, gaze: tuple[float, float]) -> tuple[float, float]:
    """Return the middle of an iris; ``gaze`` in degrees to the image's right and down."""
    cx, cy = eye_centre(person, side)
    turn = np.clip(np.asarray(gaze, dtype=float), -35.0, 35.0)
    dx, dy = _EYEBALL * np.sin(np.radians(turn))
    return cx + dx, cy - 0.002 + dy


def draw_eye(image: np.ndarray, canvas: Canvas, person: Person, side: float, shape: Lids,
             gaze: tuple[float, float]) -> None:
    """Draw one eye in place.

    Parameters
    ----------
    image : (height, width, 3) float32 ndarray
        The unlit face, 0..1, on ``canvas``.
    canvas : Canvas
        Where the patch lies.
    person : Person
        Whose eye.
    side : float
        -1 or 1.
    shape : Lids
        The present lids.
    gaze : (float, float)
        Degrees to the image's right and down.
    """
    skin = np.array(person.skin)
    dark = skin * (0.45, 0.34, 0.31)
    lash = np.array(person.brow_colour) * 0.35
    if person.lid_crease > 0.05:
        crease = line(canvas, shape.crease, 0.010)
        crease = cv2.GaussianBlur(crease, (0, 0), 0.007 * canvas.unit)
        blend(image, dark, crease, (0.75 - 0.3 * shape.closed) * person.lid_crease)
    below = line(canvas, shape.lower + np.array([0.0, 0.008]), 0.010)
    blend(image, skin * (0.62, 0.46, 0.44), cv2.GaussianBlur(below, (5, 5), 0), 0.55)
    if shape.closed < 0.97:
        opening = filled(canvas, np.vstack([shape.upper, shape.lower[::-1]]))
        _eyeball(image, canvas, person, side, shape, gaze, opening)
    edge = shape.upper - np.array([0.0, 0.003])
    outer = edge[-1] + (0.012 * side, 0.0)
    lashes = line(canvas, np.vstack([edge[1:], outer]), 0.016)
    blend(image, lash, lashes, person.lash_darkness)


def _eyeball(image: np.ndarray, canvas: Canvas, person: Person, side: float, shape: Lids,
             gaze: tuple[float, float], opening: np.ndarray) -> None:
    """Draw sclera, iris, pupil, the lid's shadow and the glint inside ``opening``."""
    x, y = iris_place(person, side, gaze)
    radius = iris_radius(person)
    white = np.array([0.88, 0.85, 0.83]) * (0.68 + 0.29 * person.skin[0])
    # Towards the lids and the corners the eyeball turns away and is redder.
    blend(image, white * (0.74, 0.60, 0.58), opening, 0.97)
    soft = cv2.GaussianBlur(opening, (0, 0), 0.014 * canvas.unit)
    blend(image, white, np.minimum(soft, opening), 0.97)
    ring = np.minimum(disc(canvas, (x, y), radius), opening)
    blend(image, np.array(person.iris_colour) * 0.45, ring)
    inner = np.minimum(disc(canvas, (x, y), 0.8 * radius), opening)
    blend(image, person.iris_colour, inner)
    pupil = np.minimum(disc(canvas, (x, y), 0.42 * radius), opening)
    blend(image, (0.03, 0.03, 0.03), pupil)
    # The upper lid and its lashes shade the eyeball.
    shadow = line(canvas, shape.upper + np.array([0.0, 0.010]), 0.024)
    shadow = np.minimum(cv2.GaussianBlur(shadow, (5, 5), 0), opening)
    blend(image, np.array(person.skin) * (0.3, 0.22, 0.2), shadow, 0.5)
    glint = (x + 0.22 * _EYEBALL * np.sign(person.light[0]), y - 0.015)
    blend(image, (1.25, 1.25, 1.25), np.minimum(disc(canvas, glint, 0.011), opening), 0.9)
