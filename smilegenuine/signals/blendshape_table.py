"""What each of the 17 action units is read from: blendshapes and lengths on the face, and weights.

`tools/fit_blendshape_units.py` fitted the weights and the resting values, the terms given: ridge
regression, within clips, on drawn people whose action units are known. **They have seen drawn
people only.** docs/action_units.md has the table in words, and what came out on other people.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from ..clips.au_table import AU_NAMES
from ..face.blendshapes import BLENDSHAPE_NAMES
from .mesh_measures import MESH_MEASURES, measure_mesh


@cache
def _blendshape_columns() -> dict[str, list[int]]:
    """Columns of `BLENDSHAPE_NAMES` by what both sides have in common."""
    columns: dict[str, list[int]] = {}
    for k, name in enumerate(BLENDSHAPE_NAMES):
        columns.setdefault(name.removesuffix("Left").removesuffix("Right"), []).append(k)
    return columns


#: Points of intensity for each unit of a signal, by action unit. A signal is a blendshape (0 to 1,
#: the mean of both sides, called without "Left" or "Right") or a length of `MESH_MEASURES`
#: (distances between the eyes). Where a sign is not that of the unit's own doing, the term takes
#: off what other units do to the other terms.
UNIT_RECIPES: dict[str, dict[str, float]] = {
    "AU01": {"browInnerUp": 3.39, "brow_inner_end": 30.9, "brow_middle": -18.1},
    "AU02": {"browOuterUp": 2.4, "brow_middle": 34.2, "brow_inner": -18},
    "AU04": {"browDown": 2.06, "browInnerUp": 1.76, "brow_inner": -22.7, "nose_side": 40.9,
             "nose_wing": -22},
    "AU05": {"eyeWide": 4.59, "eyeBlink": 5.79, "eyeSquint": 2.54, "lid_over_iris": 62.4},
    "AU06": {"eyeSquint": 2.68, "lower_lid": 9.26, "cheek": 32.1, "low_cheek": -24.3,
             "brow_outer": -8.38, "brow_inner": 4.32},
    "AU07": {"eyeSquint": 2.1, "eye_opening": -17.4, "under_eye": 10.8},
    "AU09": {"nose_base": 31.9, "nose_width": 8.91, "brow_inner": -10.3, "upper_lip": -10,
             "fold_width": -7.68},
    "AU10": {"mouthShrugUpper": 5.15, "mouthUpperUp": 0.746, "upper_lip": 12.1,
             "nose_width": 12.4, "mouth_width": -3.4},
    "AU12": {"mouthSmile": 1.42, "corner_lift": 6.46, "mouth_width": 3.56, "fold_width": 7.84},
    "AU14": {"mouthDimple": 10.4, "mouth_width": -7.5, "dimple_width": 7.55,
             "corner_height": 4.62},
    "AU15": {"mouthFrown": 2.99, "mouthRollLower": 3.33, "mouthSmile": 1.38,
             "corner_height": -22, "fold_width": 11.9, "chin": -6.93},
    "AU17": {"mouthPucker": 2.74, "mouthShrugUpper": 5.24, "upper_lip": 16.8,
             "nose_base": -9.17, "lower_lip": 5.28, "chin": 3.39},
    "AU20": {"mouthStretch": 2.42, "mouthFrown": 2.5, "jawOpen": -2.35, "mouth_width": 5.69,
             "corner_height": -10.9, "lower_lip_thickness": -9.41},
    "AU23": {"mouthPucker": 2.03, "mouthRollLower": 1.15, "lower_lip_thickness": -22.8,
             "mouth_width": -4.39, "fold_width": 8.54},
    "AU25": {"mouthLowerDown": 4.63, "lip_gap": 10.9, "lower_lip": -11.9, "chin": -14.6,
             "fold_width": 8.11},
    "AU26": {"jawOpen": 2.29, "chin": 15.9, "cheek_width": -7.23},
    "AU45": {"eyeBlink": 7.78, "eyeSquint": -1.43},
}

#: Mean of each signal in frames at rest of the drawn people that the weights were fitted on.
RESTING: dict[str, float] = {
    "browDown": 0.0586, "browInnerUp": 0.0745, "browOuterUp": 0.103, "eyeBlink": 0.0182,
    "eyeSquint": 0.177, "eyeWide": 0.0523, "jawOpen": 0.00823, "mouthDimple": 0.00698,
    "mouthFrown": 0.0196, "mouthLowerDown": 0.000122, "mouthPucker": 0.00776,
    "mouthRollLower": 0.0503, "mouthShrugUpper": 0.0251, "mouthSmile": 0.0338,
    "mouthStretch": 0.0605, "mouthUpperUp": 0.000507, "brow_inner": 0.337,
    "brow_inner_end": 0.263, "brow_middle": 0.395, "brow_outer": 0.296, "eye_opening": 0.182,
    "lid_over_iris": 0.0912, "lower_lid": -0.0543, "under_eye": 0.255, "cheek": -0.546,
    "low_cheek": -0.682, "cheek_width": 1.79, "nose_base": -0.739, "nose_side": -0.391,
    "nose_wing": -0.672, "nose_width": 0.573, "fold_width": 1.02, "dimple_width": 0.983,
    "mouth_width": 0.884, "corner_height": -1.14, "corner_lift": 0.00581, "upper_lip": -0.998,
    "lower_lip": -1.27, "lower_lip_thickness": 0.146, "lip_gap": 0.00276, "chin": 1.88,
}

#: How far each unit can be trusted on drawn people that nothing was fitted on: the median
#: correlation with the truth within clips (`benchmarks/blendshape_units.py`), all units moving at
#: once or one by one, whichever is lower; "good" from .8, "fair" from .6, else "poor".
TRUST: dict[str, str] = {
    "AU01": "good", "AU02": "good", "AU04": "fair", "AU05": "fair", "AU06": "poor", "AU07": "poor",
    "AU09": "fair", "AU10": "poor", "AU12": "good", "AU14": "poor", "AU15": "fair", "AU17": "poor",
    "AU20": "fair", "AU23": "poor", "AU25": "good", "AU26": "good", "AU45": "good",
}

#: The signals that are used: blendshapes, then lengths.
SIGNAL_NAMES: tuple[str, ...] = tuple(
    name for name in (*_blendshape_columns(), *MESH_MEASURES)
    if any(name in recipe for recipe in UNIT_RECIPES.values()))


def measure_signals(head: np.ndarray, blendshapes: np.ndarray) -> np.ndarray:
    """Compute the signals that action units are read from.

    Parameters
    ----------
    head : array of shape (T, 478, 3)
        Landmarks in head coordinates, see `smilegenuine.face.mesh.align_head`.
    blendshapes : array of shape (T, 52)
        In the order of `BLENDSHAPE_NAMES`.

    Returns
    -------
    array of shape (T, n_signals)
        One column for each of `SIGNAL_NAMES`. NaN where landmarks or blendshapes are.
    """
    blendshapes = np.asarray(blendshapes, dtype=float)
    lengths = dict(zip(MESH_MEASURES, measure_mesh(head).T, strict=True))
    both = {name: blendshapes[:, columns].mean(axis=1)
            for name, columns in _blendshape_columns().items()}
    return np.column_stack([(both | lengths)[name] for name in SIGNAL_NAMES])


def unit_weights() -> np.ndarray:
    """Return the weights of the recipes as a matrix.

    Returns
    -------
    array of shape (17, n_signals)
    """
    return np.array([[UNIT_RECIPES[au].get(name, 0.0) for name in SIGNAL_NAMES]
                     for au in AU_NAMES])
