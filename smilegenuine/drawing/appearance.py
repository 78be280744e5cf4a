"""The identities of drawn people: everything that differs between two of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

N_ACTION_UNITS = 17

SEXES = ("female", "male")
HAIR_STYLES = ("bald", "receding", "buzz", "crop", "side_part", "swept_back", "fringe", "curly",
               "afro", "bob", "bob_fringe", "long", "long_fringe", "wavy", "curls", "tied", "bun",
               "scarf", "cap")
BEARD_STYLES = ("none", "stubble", "moustache", "goatee", "full")
GLASSES_STYLES = ("none", "round", "rectangular")

# sRGB in 0..1, from light to dark; a person's skin lies between two neighbours.
_SKIN_TONES = np.array([
    [0.96, 0.82, 0.74], [0.92, 0.75, 0.64], [0.86, 0.67, 0.54], [0.76, 0.56, 0.43],
    [0.63, 0.44, 0.32], [0.50, 0.34, 0.25], [0.40, 0.27, 0.20]])
# How common each of the styles is.
_HAIR_WEIGHTS = {
    "male": (6, 16, 10, 18, 16, 10, 9, 10, 5, 0, 0, 1, 0, 1.5, 1, 1, 0.5, 0, 2),
    "female": (0, 0, 0.5, 4, 4, 2, 0, 6, 4, 10, 7, 14, 9, 15, 9, 15, 8, 4, 1),
}
_DARK_HAIR = ((0.07, 0.06, 0.06), (0.14, 0.09, 0.07), (0.22, 0.14, 0.09))
_LIGHT_HAIR = ((0.34, 0.22, 0.13), (0.48, 0.35, 0.22), (0.66, 0.53, 0.35), (0.44, 0.21, 0.10),
               (0.27, 0.18, 0.12))
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
    sex : str
        One of `SEXES`.
    years : int
        Age in years, 8 to 76: children have rounder faces, larger eyes and smaller noses.
    age : float
        0 (up to 20 years) to 1 (76): resting wrinkles, deeper folds, see `wrinkledness`.
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
        Resting height of the corners above the middle, as a length.
    skin, lip_colour, iris_colour, hair_colour, brow_colour, glasses_colour : tuple of float
        Colours.
    redness, mottle, freckles : float
        Strength of the skin's colour variations.
    hair_style, beard_style, glasses : str
        One of `HAIR_STYLES`, `BEARD_STYLES`, `GLASSES_STYLES`.
    hair_volume, hairline, hair_part : float
        Factors of the hair's thickness and the hairline's height, side of the parting.
    beard_density, lash_darkness, tooth_whiteness : float
        Opacities and brightness, 0..1.
    light : tuple of float
        Unit vector from the head to the light: x right, y down, z towards the camera.
    light_colour, ambient_colour : tuple of float
        Colour and strength of the directed and of the surrounding light.
    fill_light, fill_colour : tuple of float
        Unit vector to a second light, and its colour and strength (black for none).
    shadow : float
        How much of the directed light is kept from one side of the face by something beside it:
        -1 (all, from the image's left side) over 0 to 1.
    oiliness : float
        Strength of the skin's highlights.
    wall_colour, clothes_colour : tuple of float
        Background and clothes.
    gains_left, gains_right : tuple of float
        17 factors on the action units of either side of the face.
    """

    seed: int
    sex: str
    years: int
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
    fill_light: Colour
    fill_colour: Colour
    shadow: float
    oiliness: float
    wall_colour: Colour
    clothes_colour: Colour
    gains_left: tuple[float, ...]
    gains_right: tuple[float, ...]

    def activations(self, aus: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return how far the units of either side are at work, about 0..1.

        Parameters
        ----------
        aus : (T, 17) or (T, 2, 17) array-like
            Intensities 0..5 in each frame, of both sides or of the left and the right one; values
            outside that range are cut to it.

        Returns
        -------
        left, right : (T, 17) ndarray

        Raises
        ------
        ValueError
            If ``aus`` has another shape, or an intensity is not finite.
        """
        aus = np.asarray(aus, dtype=float)
        if aus.ndim not in (2, 3) or aus.shape[1:] not in ((N_ACTION_UNITS,), (2, N_ACTION_UNITS)):
            raise ValueError(f"aus must have shape ({N_ACTION_UNITS},) or (2, {N_ACTION_UNITS}), "
                             f"got {aus.shape[1:]} in each frame.")
        if not np.all(np.isfinite(aus)):
            raise ValueError("aus must be finite, got NaN or infinity.")
        left, right = (aus, aus) if aus.ndim == 2 else (aus[:, 0], aus[:, 1])
        return (np.clip(left, 0.0, 5.0) / 5.0 * self.gains_left,
                np.clip(right, 0.0, 5.0) / 5.0 * self.gains_right)


def random_person(rng: np.random.Generator) -> Person:
    """Draw an identity.

    Parameters
    ----------
    rng : numpy.random.Generator
        The source of every draw: the same state gives the same person.

    Returns
    -------
    Person
        The identity: of 8 to 76 years, about half of them under 18, and of either sex.
    """
    sex = SEXES[int(rng.random() < 0.5)]
    child = rng.random() < 0.48
    years = int(8 + 10 * rng.random() if child else 18 + 58.9 * rng.beta(1.1, 1.5))
    depth = float(rng.random() ** 1.2 * (len(_SKIN_TONES) - 1))
    masculine = float(sex == "male")
    age = wrinkledness(years)
    return Person(seed=int(rng.integers(2**31)), sex=sex, years=years, age=age,
                  **_shape(rng, masculine, youth(years), age),
                  **_colours(rng, depth, years, masculine), **_hair(rng, masculine, years, depth),
                  **_light(rng, depth), **_gains(rng))


def youth(years: int) -> float:
    """Return how childlike a face is: 1 at 8 years or less, 0 from 18 on."""
    return float(np.clip((18 - years) / 10.0, 0.0, 1.0))


def wrinkledness(years: int) -> float:
    """Return a `Person`'s ``age`` at a number of years: 0 up to 20, 1 at 76."""
    return float(np.clip((years - 20) / 56.0, 0.0, 1.0) ** 1.15)


def _spread(rng: np.random.Generator, mean: float, sd: float, limit: float = 1.8) -> float:
    """Normal draw, cut at `limit` standard deviations so that no face is a caricature."""
    return float(mean + sd * np.clip(rng.standard_normal(), -limit, limit))


def _shape(rng: np.random.Generator, masculine: float, young: float, age: float) -> dict[str, Any]:
    """Return the factors of the head, the relief, the eyes, the brows and the mouth."""
    # The sexes differ little before puberty.
    m, y = masculine * (1.0 - 0.85 * young), young
    # Faces are long or round, and their jaws narrow or broad, mostly by themselves.
    broad = float(np.clip(rng.standard_normal(), -1.8, 1.8))
    return {
        "face_width": _spread(rng, 0.985 + 0.085 * y + 0.025 * broad, 0.025),
        "jaw_width": _spread(rng, 0.945 + 0.075 * m + 0.05 * y + 0.03 * age + 0.01 * broad, 0.055),
        "chin_width": _spread(rng, 0.92 + 0.20 * m - 0.04 * y, 0.15),
        "crown_height": _spread(rng, 1.0 + 0.04 * y, 0.03),
        "cheek_fullness": _spread(rng, 1.0 + 0.45 * y + 0.15 * broad, 0.22),
        "nose_width": _spread(rng, 0.97 + 0.09 * m - 0.11 * y + 0.05 * age, 0.11),
        "nose_length": _spread(rng, 1.0 - 0.10 * y + 0.03 * age, 0.045),
        "nose_bridge": _spread(rng, 1.0 - 0.42 * y, 0.18),
        "brow_ridge": _spread(rng, 0.6 + 0.6 * m - 0.35 * y, 0.2),
        "eye_spacing": _spread(rng, 1.0 + 0.05 * y, 0.033),
        "eye_width": _spread(rng, 1.03 - 0.03 * m + 0.15 * y, 0.05),
        "eye_opening": _spread(rng, 1.04 - 0.06 * m + 0.32 * y - 0.08 * age, 0.08),
        "eye_tilt": _spread(rng, 0.008 - 0.006 * age, 0.010),
        "lid_crease": float(np.clip(_spread(rng, 0.7, 0.35), 0.0, 1.0)),
        "brow_height": _spread(rng, 1.02 - 0.06 * m + 0.04 * y, 0.05),
        "brow_thickness": _spread(rng, 0.82 + 0.38 * m - 0.28 * y, 0.13),
        "brow_arch": _spread(rng, 1.15 - 0.4 * m - 0.2 * y, 0.3),
        "mouth_width": _spread(rng, 1.0 - 0.05 * y, 0.06),
        "mouth_height": _spread(rng, 1.0 - 0.02 * y, 0.018),
        "upper_lip": _spread(rng, 1.08 - 0.16 * m - 0.22 * age, 0.16),
        "lower_lip": _spread(rng, 1.06 - 0.12 * m - 0.12 * age, 0.14),
        "mouth_curve": _spread(rng, 0.009 - 0.004 * age, 0.005),
    }


def _colours(rng: np.random.Generator, depth: float, years: int,
             masculine: float) -> dict[str, Any]:
    """Return the colours of skin, lips, irises, hair and what varies on the skin."""
    low = int(min(depth, len(_SKIN_TONES) - 2))
    skin = _SKIN_TONES[low] + (depth - low) * (_SKIN_TONES[low + 1] - _SKIN_TONES[low])
    skin = np.clip(skin * rng.uniform(0.97, 1.03, 3), 0.0, 1.0)
    dark = depth > 2.6 or rng.random() < 0.25 + 0.12 * depth
    hair = np.array((_DARK_HAIR if dark else _LIGHT_HAIR)[rng.integers(3 if dark else 5)])
    hair = hair * rng.uniform(0.85, 1.15)
    iris = (_DARK_IRIS if dark else _LIGHT_IRIS)[rng.integers(2 if dark else 4)]
    brow = 0.65 * hair
    grey = float(np.clip((years - 46) / 22.0 + rng.normal(0.0, 0.2), 0.0, 0.92)) * (years > 34)
    # Some dye it.
    grey *= 0.15 if masculine == 0.0 and rng.random() < 0.35 else 1.0
    hair = hair + grey * (np.array([0.62, 0.61, 0.60]) - hair)
    brow = brow + 0.4 * grey * (np.array([0.50, 0.49, 0.48]) - brow)
    # Lips are the skin, redder and darker; made up now and then.
    rouge = (1.0 - masculine) * rng.random() * float(np.clip((years - 14) / 8.0, 0.0, 1.0))
    lips = skin * np.array([0.90, 0.66, 0.66]) * (1.0 - 0.12 * rouge)
    lips = lips + 0.35 * rouge * (np.array([0.70, 0.20, 0.24]) * (0.5 + 0.5 * skin[0]) - lips)
    age, young = wrinkledness(years), youth(years)
    lashes = rng.uniform(0.45, 0.68) + 0.24 * (1.0 - masculine) * (1.0 - 0.7 * young)
    return {
        "skin": tuple(skin.tolist()),
        "lip_colour": tuple(lips.tolist()),
        "iris_colour": tuple(iris),
        "hair_colour": tuple(np.clip(hair, 0.03, 0.95).tolist()),
        "brow_colour": tuple(brow.tolist()),
        "redness": float(rng.uniform(0.3, 1.0)),
        "mottle": float(rng.uniform(0.3, 1.0) * (1.0 - 0.5 * young + 0.4 * age)),
        "freckles": float(max(0.0, rng.normal(-0.4, 0.6)) if depth < 2.5 else 0.0),
        "lash_darkness": float(lashes),
        "tooth_whiteness": float(rng.uniform(0.75, 0.95) - 0.1 * age),
    }


def _hair(rng: np.random.Generator, masculine: float, years: int, depth: float) -> dict[str, Any]:
    """Return hair, brows' density, beard and glasses."""
    age, young = wrinkledness(years), youth(years)
    weights = np.array(_HAIR_WEIGHTS["male" if masculine else "female"], float)
    # Old heads go bald and wear it short; children have neither.
    weights[:2] *= 0.0 if years < 25 else 3.0 * age
    if years < 16:  # combed by their parents
        weights[5] *= 0.3
        weights[[3, 4, 6]] *= 1.5
    weights[8] *= 0.4 * max(depth - 1.5, 0.0)
    if not masculine:
        weights[2:5] *= 1.0 + 4.0 * age
        weights[9:] *= 1.0 - 0.6 * age
    style = HAIR_STYLES[rng.choice(len(HAIR_STYLES), p=weights / weights.sum())]
    grown = float(np.clip((years - 17) / 6.0, 0.0, 1.0))
    beards = np.array([1.0, 0.42, 0.12, 0.14, 0.28]) * (1.0, *[masculine * grown] * 4)
    glasses = rng.choice(len(GLASSES_STYLES), p=[0.86, 0.07, 0.07])
    frames = ((0.08, 0.08, 0.09), (0.30, 0.17, 0.09), (0.45, 0.45, 0.47), (0.35, 0.08, 0.10))
    return {
        "hair_style": style,
        "hair_volume": float(rng.uniform(0.75, 1.3)),
        "hairline": _spread(rng, 1.0 + 0.06 * masculine * age, 0.05),
        "hair_part": float(rng.choice([-1.0, 1.0]) * rng.uniform(0.15, 1.0)),
        "brow_density": float(rng.uniform(0.62, 0.92) * (1.0 - 0.15 * young)),
        "beard_style": BEARD_STYLES[rng.choice(len(BEARD_STYLES), p=beards / beards.sum())],
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
    # A window, a screen: weak light of another colour, mostly from one side.
    fill = np.array([rng.choice([-1.0, 1.0]) * rng.uniform(0.5, 1.3), rng.normal(0.0, 0.3), 0.6])
    fill /= np.linalg.norm(fill)
    hue = np.clip(rng.normal(1.0, 0.16, 3), 0.6, 1.4)
    fill_strength = 0.26 * max(0.0, float(rng.uniform(-0.6, 1.0)))
    return {
        "light": tuple(direction.tolist()),
        "light_colour": tuple((tint * exposure * (1.02 - ambient)).tolist()),
        "ambient_colour": tuple((tint[::-1] * exposure * ambient).tolist()),
        "fill_light": tuple(fill.tolist()),
        "fill_colour": tuple((hue * fill_strength).tolist()),
        "shadow": float(np.clip(rng.normal(0.0, 0.25), -0.55, 0.55)),
        "oiliness": float(rng.uniform(0.04, 0.15)),
        "wall_colour": tuple(np.clip(wall, 0.1, 0.95).tolist()),
        "clothes_colour": tuple((0.6 * rng.uniform(0.08, 0.8)
                                 + 0.4 * rng.uniform(0.05, 0.85, 3)).tolist()),
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
