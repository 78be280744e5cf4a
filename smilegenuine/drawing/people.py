"""The identities of drawn people: everything that differs between two of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

N_ACTION_UNITS = 17

HAIR_STYLES = ("bald", "receding", "short", "side_part", "fringe", "curly", "bob", "long", "bun")
BEARD_STYLES = ("none", "stubble", "moustache", "goatee", "full")
GLASSES_STYLES = ("none", "round", "rectangular")

# sRGB in 0..1, from light to dark; a person's skin lies between two neighbours.
_SKIN_TONES = np.array(
    [
        [0.96, 0.82, 0.74],
        [0.92, 0.75, 0.64],
        [0.86, 0.67, 0.54],
        [0.76, 0.56, 0.43],
        [0.63, 0.44, 0.32],
        [0.50, 0.34, 0.25],
        [0.40, 0.27, 0.20],
    ]
)
_DARK_HAIR = ((0.07, 0.06, 0.06), (0.14, 0.09, 0.07), (0.22, 0.14, 0.09))
_LIGHT_HAIR = ((0.34, 0.22, 0.13), (0.52, 0.37, 0.21), (0.70, 0.55, 0.34), (0.47, 0.21, 0.10))
_DARK_IRIS = ((0.20, 0.12, 0.07), (0.28, 0.17, 0.09))
_LIGHT_IRIS = ((0.27, 0.40, 0.52), (0.33, 0.42, 0.30), (0.42, 0.45, 0.46), (0.36, 0.25, 0.13))

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Person:
    """One drawn identity.

    Lengths are in units of the eye-to-chin distance; factors multiply an average adult's measure,
    so that 1.0 is average; colours are sRGB in 0..1. "Left" and "right" are the image's.

    Attributes
    ----------
    seed : int
        Seed of the fixed textures (skin, hair strands, background).
    age : float
        0 (young adult) to 1 (old): resting wrinkles, deeper folds.
    face_width, jaw_width, chin_width, crown_height : float
        Factors of the head's outline.
    cheek_fullness, nose_width, nose_length, nose_bridge, brow_ridge : float
        Factors of the relief.
    eye_spacing, eye_width, eye_opening : float
        Factors of the eyes' distance, fissure length and fissure height.
    eye_tilt : float
        How far the outer corner lies above the inner one, as a length.
    lid_crease : float
        0 (no visible crease) to 1 (a marked one).
    brow_height, brow_thickness, brow_arch, brow_density : float
        Factors of the brows' shape; density 0..1 is their opacity.
    mouth_width, mouth_height, upper_lip, lower_lip : float
        Factors of the mouth's width, its distance from the eyes and the lips' thickness.
    mouth_curve : float
        Resting height of the corners below the middle, as a length.
    skin, lip_colour, iris_colour, hair_colour, brow_colour, glasses_colour : tuple of float
        Colours.
    redness, mottle, freckles : float
        Strength of the skin's colour variations.
    hair_style, beard_style, glasses : str
        One of `HAIR_STYLES`, `BEARD_STYLES`, `GLASSES_STYLES`.
    hair_volume, hairline, hair_part : float
        Thickness of the hair as a length, factor of the hairline's height, side of the parting.
    beard_density, lash_darkness, tooth_whiteness : float
        Opacities and brightness, 0..1.
    light : tuple of float
        Unit vector from the head to the light: x right, y down, z towards the camera.
    light_colour, ambient_colour : tuple of float
        Colour and strength of the directed and of the surrounding light.
    oiliness : float
        Strength of the skin's highlights.
    wall_colour, clothes_colour : tuple of float
        Background and clothes.
    gains_left, gains_right : tuple of float
        17 factors on the action units of either side of the face.
    """

    seed: int
    age: float
    face_width: float
    jaw_width: float
    chin_width: float
    crown_height: float
    cheek_fullness: float
    nose_width: float
    nose_length: float
    nose_bridge: float
    brow_ridge: float
    eye_spacing: float
    eye_width: float
    eye_opening: float
    eye_tilt: float
    lid_crease: float
    brow_height: float
    brow_thickness: float
    brow_arch: float
    brow_density: float
    mouth_width: float
    mouth_height: float
    upper_lip: float
    lower_lip: float
    mouth_curve: float
    skin: Colour
    lip_colour: Colour
    iris_colour: Colour
    hair_colour: Colour
    brow_colour: Colour
    glasses_colour: Colour
    redness: float
    mottle: float
    freckles: float
    hair_style: str
    beard_style: str
    glasses: str
    hair_volume: float
    hairline: float
    hair_part: float
    beard_density: float
    lash_darkness: float
    tooth_whiteness: float
    light: Colour
    light_colour: Colour
    ambient_colour: Colour
    oiliness: float
    wall_colour: Colour
    clothes_colour: Colour
    gains_left: tuple[float, ...]
    gains_right: tuple[float, ...]


def random_person(rng: np.random.Generator) -> Person:
    """Draw an identity.

    Parameters
    ----------
    rng : numpy.random.Generator
        The source of every draw: the same state gives the same person.

    Returns
    -------
    Person
        The identity.
    """
    masculine = float(rng.random() < 0.5)
    age = float(rng.beta(1.3, 1.8))
    depth = float(rng.random() ** 1.2 * (len(_SKIN_TONES) - 1))
    return Person(
        seed=int(rng.integers(2**31)),
        age=age,
        **_shape(rng, masculine),
        **_colours(rng, depth, age, masculine),
        **_hair(rng, masculine, age),
        **_light(rng, depth),
        **_gains(rng),
    )


def _spread(rng: np.random.Generator, mean: float, sd: float, limit: float = 1.8) -> float:
    """Normal draw, cut at `limit` standard deviations so that no face is a caricature."""
    return float(mean + sd * np.clip(rng.standard_normal(), -limit, limit))


def _shape(rng: np.random.Generator, masculine: float) -> dict[str, Any]:
    """Return the factors of the head, the relief, the eyes, the brows and the mouth."""
    m = masculine
    return {
        "face_width": _spread(rng, 1.0, 0.05),
        "jaw_width": _spread(rng, 0.96 + 0.075 * m, 0.035),
        "chin_width": _spread(rng, 0.93 + 0.17 * m, 0.09),
        "crown_height": _spread(rng, 1.0, 0.03),
        "cheek_fullness": _spread(rng, 1.0, 0.25),
        "nose_width": _spread(rng, 0.97 + 0.08 * m, 0.10),
        "nose_length": _spread(rng, 1.0, 0.05),
        "nose_bridge": _spread(rng, 1.0, 0.2),
        "brow_ridge": _spread(rng, 0.6 + 0.6 * m, 0.2),
        "eye_spacing": _spread(rng, 1.0, 0.035),
        "eye_width": _spread(rng, 1.04 - 0.03 * m, 0.05),
        "eye_opening": _spread(rng, 1.04 - 0.06 * m, 0.09),
        "eye_tilt": _spread(rng, 0.010, 0.010),
        "lid_crease": float(np.clip(_spread(rng, 0.7, 0.35), 0.0, 1.0)),
        "brow_height": _spread(rng, 1.03 - 0.06 * m, 0.05),
        "brow_thickness": _spread(rng, 0.82 + 0.38 * m, 0.14),
        "brow_arch": _spread(rng, 1.15 - 0.4 * m, 0.3),
        "mouth_width": _spread(rng, 1.0, 0.06),
        "mouth_height": _spread(rng, 1.0, 0.018),
        "upper_lip": _spread(rng, 1.08 - 0.16 * m, 0.16),
        "lower_lip": _spread(rng, 1.06 - 0.12 * m, 0.14),
        "mouth_curve": _spread(rng, 0.004, 0.006),
    }


def _colours(
    rng: np.random.Generator, depth: float, age: float, masculine: float
) -> dict[str, Any]:
    """Return the colours of skin, lips, irises, hair and what varies on the skin."""
    low = int(min(depth, len(_SKIN_TONES) - 2))
    skin = _SKIN_TONES[low] + (depth - low) * (_SKIN_TONES[low + 1] - _SKIN_TONES[low])
    skin = np.clip(skin * rng.uniform(0.97, 1.03, 3), 0.0, 1.0)
    dark = depth > 2.6 or rng.random() < 0.25 + 0.12 * depth
    hair = np.array((_DARK_HAIR if dark else _LIGHT_HAIR)[rng.integers(3 if dark else 4)])
    iris = (_DARK_IRIS if dark else _LIGHT_IRIS)[rng.integers(2 if dark else 4)]
    brow = 0.65 * hair
    grey = float(np.clip((age - 0.55) * 2.2 + rng.normal(0.0, 0.15), 0.0, 0.9))
    hair = hair + grey * (np.array([0.64, 0.63, 0.62]) - hair)
    brow = brow + 0.4 * grey * (np.array([0.55, 0.54, 0.53]) - brow)
    # Lips are the skin, redder and darker; made up now and then.
    rouge = (1.0 - masculine) * rng.random()
    lips = skin * np.array([0.90, 0.66, 0.66]) * (1.0 - 0.12 * rouge)
    lips = lips + 0.35 * rouge * (np.array([0.70, 0.20, 0.24]) * (0.5 + 0.5 * skin[0]) - lips)
    return {
        "skin": tuple(skin.tolist()),
        "lip_colour": tuple(lips.tolist()),
        "iris_colour": tuple(iris),
        "hair_colour": tuple(hair.tolist()),
        "brow_colour": tuple(brow.tolist()),
        "redness": float(rng.uniform(0.3, 1.0)),
        "mottle": float(rng.uniform(0.3, 1.0)),
        "freckles": float(max(0.0, rng.normal(-0.4, 0.6)) if depth < 2.5 else 0.0),
        "lash_darkness": float(rng.uniform(0.55, 0.8) + 0.15 * (1.0 - masculine)),
        "tooth_whiteness": float(rng.uniform(0.75, 0.95) - 0.1 * age),
    }


def _hair(rng: np.random.Generator, masculine: float, age: float) -> dict[str, Any]:
    """Return hair, brows' density, beard and glasses."""
    if masculine:
        weights = np.array([0.05 + 0.1 * age, 0.35 * age, 0.4, 0.3, 0.12, 0.12, 0.0, 0.04, 0.0])
        beards = np.array([0.52, 0.2, 0.08, 0.08, 0.12])
    else:
        weights = np.array([0.0, 0.0, 0.08, 0.1, 0.16, 0.14, 0.22, 0.3, 0.14])
        beards = np.array([1.0, 0.0, 0.0, 0.0, 0.0])
    style = HAIR_STYLES[rng.choice(len(HAIR_STYLES), p=weights / weights.sum())]
    volume = {"bald": 0.0, "receding": 0.03, "curly": 0.17, "short": 0.06, "bun": 0.05}
    glasses = rng.choice(len(GLASSES_STYLES), p=[0.84, 0.08, 0.08])
    frames = ((0.08, 0.08, 0.09), (0.30, 0.17, 0.09), (0.45, 0.45, 0.47), (0.35, 0.08, 0.10))
    return {
        "hair_style": style,
        "hair_volume": float(volume.get(style, 0.10) * rng.uniform(0.8, 1.25)),
        "hairline": _spread(rng, 1.0 + 0.06 * masculine * age, 0.05),
        "hair_part": float(rng.choice([-1.0, 1.0]) * rng.uniform(0.3, 1.0)),
        "brow_density": float(rng.uniform(0.62, 0.92)),
        "beard_style": BEARD_STYLES[rng.choice(len(BEARD_STYLES), p=beards)],
        "beard_density": float(rng.uniform(0.45, 0.8)),
        "glasses": GLASSES_STYLES[glasses],
        "glasses_colour": frames[rng.integers(len(frames))],
    }


def _light(rng: np.random.Generator, depth: float) -> dict[str, Any]:
    """Return the light and what lies around the head."""
    direction = np.array([rng.normal(0.0, 0.38), -0.55 + rng.normal(0.0, 0.15), 1.0])
    direction /= np.linalg.norm(direction)
    warmth = rng.normal(0.0, 0.04)
    tint = np.array([1.0 + warmth, 1.0, 1.0 - warmth])
    ambient = rng.uniform(0.38, 0.52)
    # Exposure follows the face, as a camera's does, but only in part.
    exposure = 1.02 + 0.03 * depth
    wall = rng.uniform(0.25, 0.8) + rng.normal(0.0, 0.04, 3)
    return {
        "light": tuple(direction.tolist()),
        "light_colour": tuple((tint * exposure * (1.02 - ambient)).tolist()),
        "ambient_colour": tuple((tint[::-1] * exposure * ambient).tolist()),
        "oiliness": float(rng.uniform(0.04, 0.15)),
        "wall_colour": tuple(np.clip(wall, 0.1, 0.95).tolist()),
        "clothes_colour": tuple(
            (0.6 * rng.uniform(0.08, 0.8) + 0.4 * rng.uniform(0.05, 0.85, 3)).tolist()
        ),
    }


def _gains(rng: np.random.Generator) -> dict[str, Any]:
    """Return how strongly either side of the face answers to each action unit."""
    both = np.clip(rng.normal(1.0, 0.09, N_ACTION_UNITS), 0.8, 1.2)
    lean = np.clip(rng.normal(0.0, 0.06, N_ACTION_UNITS), -0.15, 0.15)
    lean[-1] *= 0.3  # both eyes blink together
    return {
        "gains_left": tuple((both * (1.0 - lean)).tolist()),
        "gains_right": tuple((both * (1.0 + lean)).tolist()),
    }
