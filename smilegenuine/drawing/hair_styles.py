"""The kinds of hair and headwear: where they begin, how far they reach, which way they fall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .appearance import Person

Points = tuple[tuple[float, float], ...]

# Right half of the edge between hair and face, from the middle of the forehead down; x in face
# widths, y in units before the person's hairline factor.
_ROUND: Points = ((0.0, -0.66), (0.18, -0.65), (0.34, -0.57), (0.44, -0.42), (0.495, -0.24),
                  (0.545, -0.08), (0.57, 0.08))
_PEAKED: Points = ((0.0, -0.59), (0.12, -0.63), (0.30, -0.64), (0.43, -0.46), (0.485, -0.26),
                   (0.545, -0.09), (0.575, 0.06))
_BARE: Points = ((0.0, -0.80), (0.16, -0.83), (0.32, -0.80), (0.45, -0.58), (0.52, -0.32),
                 (0.55, -0.10), (0.58, 0.08))
_FRINGE: Points = ((0.0, -0.31), (0.16, -0.30), (0.33, -0.27), (0.45, -0.20), (0.51, -0.10),
                   (0.55, 0.0), (0.57, 0.10))
_CURTAIN: Points = ((0.0, -0.68), (0.16, -0.62), (0.33, -0.48), (0.45, -0.27), (0.51, -0.03),
                    (0.525, 0.22), (0.515, 0.45), (0.50, 0.68), (0.45, 0.92), (0.42, 1.12))
_LONG_FRINGE: Points = ((0.0, -0.30), (0.16, -0.29), (0.33, -0.26), (0.46, -0.16), (0.52, 0.02),
                        (0.53, 0.25), (0.52, 0.47), (0.50, 0.68), (0.45, 0.92), (0.42, 1.12))
_SCARF: Points = ((0.0, -0.62), (0.20, -0.59), (0.38, -0.45), (0.49, -0.20), (0.515, 0.08),
                  (0.50, 0.36), (0.44, 0.62), (0.33, 0.84), (0.18, 0.99), (0.0, 1.04))
_CAP: Points = ((0.0, -0.40), (0.18, -0.40), (0.34, -0.37), (0.47, -0.33), (0.54, -0.28),
                (0.58, -0.25))


@dataclass(frozen=True)
class HairStyle:
    """One kind of hair. Lengths are in units of the eye-to-chin distance.

    Attributes
    ----------
    edge : tuple of (float, float)
        Right half of the edge between hair and face.
    flow : str
        "parted" (down to both sides), "forward" (from the crown), "back" (away from the face),
        "curls" or "cloth".
    top, side : float
        Thickness over the crown and at the temples.
    low : float
        Where the hair before the shoulders ends; 0 for hair that ends at the ears; below 0 for a
        cap that ends above them.
    flare : float
        How much further out the lower end lies than the temples.
    behind : float
        Where the hair behind the neck ends; 0 for none.
    ragged : float
        Irregularity of the outlines.
    wave : float
        Sideways waves of the strands.
    dense : float
        Opacity.
    lean : float
        How much lower the hair lies on the forehead's side away from the parting.
    """

    edge: Points
    flow: str
    top: float = 0.06
    side: float = 0.02
    low: float = 0.0
    flare: float = 0.0
    behind: float = 0.0
    ragged: float = 0.010
    wave: float = 0.0
    dense: float = 1.0
    lean: float = 0.0


STYLES: dict[str, HairStyle] = {
    "receding": HairStyle(_BARE, "back", top=0.012, side=0.012, dense=0.80, ragged=0.016),
    "buzz": HairStyle(_PEAKED, "forward", top=0.012, side=0.006, dense=0.72, ragged=0.006),
    "crop": HairStyle(_ROUND, "forward", top=0.055, side=0.016, ragged=0.014),
    "side_part": HairStyle(_ROUND, "parted", top=0.075, side=0.018, ragged=0.014, lean=0.08),
    "swept_back": HairStyle(_PEAKED, "back", top=0.085, side=0.018, ragged=0.012),
    "fringe": HairStyle(_FRINGE, "forward", top=0.065, side=0.022, ragged=0.022, lean=0.06),
    "curly": HairStyle(_ROUND, "curls", top=0.115, side=0.055, ragged=0.018),
    "afro": HairStyle(_ROUND, "curls", top=0.17, side=0.16, ragged=0.020),
    "bob": HairStyle(_CURTAIN, "parted", top=0.065, side=0.055, low=0.72, flare=0.03, behind=0.74,
                     ragged=0.012, lean=0.10),
    "bob_fringe": HairStyle(_LONG_FRINGE, "forward", top=0.060, side=0.055, low=0.66, flare=0.02,
                            behind=0.70, ragged=0.018),
    "long": HairStyle(_CURTAIN, "parted", top=0.055, side=0.040, low=1.16, flare=0.07, behind=1.45,
                      ragged=0.014, lean=0.10),
    "long_fringe": HairStyle(_LONG_FRINGE, "forward", top=0.055, side=0.040, low=1.14, flare=0.05,
                             behind=1.45, ragged=0.022),
    "wavy": HairStyle(_CURTAIN, "parted", top=0.075, side=0.075, low=1.10, flare=0.13, behind=1.4,
                      ragged=0.020, wave=1.0, lean=0.07),
    "curls": HairStyle(_CURTAIN, "curls", top=0.11, side=0.12, low=1.04, flare=0.12, behind=1.1,
                       ragged=0.016, lean=0.06),
    "tied": HairStyle(_ROUND, "back", top=0.030, side=0.008, ragged=0.012, lean=0.02),
    "bun": HairStyle(_PEAKED, "back", top=0.030, side=0.008, ragged=0.012),
    "scarf": HairStyle(_SCARF, "cloth", top=0.055, side=0.060, low=1.08, flare=-0.14, ragged=0.0),
    "cap": HairStyle(_CAP, "cloth", top=0.085, side=0.030, ragged=0.0, low=-0.24),
}


def hair_style(person: Person) -> HairStyle | None:
    """Return a person's style; None for a bald head."""
    return STYLES.get(person.hair_style)


def cloth_colour(person: Person) -> np.ndarray:
    """Return the unlit colour of a scarf or cap."""
    rng = np.random.default_rng(person.seed + 6)
    return 0.5 * rng.uniform(0.1, 0.85) + 0.5 * rng.uniform(0.08, 0.8, 3)


def front_edge(person: Person, style: HairStyle, rng: np.random.Generator) -> np.ndarray:
    """Return the edge (n, 2) between hair and face, from the lower left over the forehead."""
    right = np.array(style.edge) * (person.face_width, 1.0)
    if style.low and style.flow != "cloth":
        right = right[right[:, 1] < style.low + 0.03]
    if style.flow != "cloth":
        right[:, 1] *= np.where(right[:, 1] < -0.2, person.hairline, 1.0)
    left = right * (-1.0, 1.0)
    high = right[:, 1] < -0.15
    for half, sign in ((right, 1.0), (left, -1.0)):
        # Away from the parting the hair falls lower over the forehead.
        fall = style.lean * sign * -np.sign(person.hair_part)
        half[high, 1] += fall * np.sin(np.linspace(0.0, np.pi, high.sum() + 2))[1:-1]
    if style.flow != "cloth":
        right[1:] += rng.normal(0.0, 0.010, right[1:].shape)
        left[1:] += rng.normal(0.0, 0.010, left[1:].shape)
        if style.flow == "parted" and style.lean:
            # The parting: the edge's highest point lies beside the middle.
            right[0, 0] = parting(person)
    left[0] = right[0]
    return np.vstack([left[::-1], right[1:]])


def parting(person: Person) -> float:
    """Return the x of the parting."""
    return 0.20 * person.hair_part
