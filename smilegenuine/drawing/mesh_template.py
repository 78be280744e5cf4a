"""MediaPipe's face mesh by its parts, and which places of it the drawing itself gives."""

from __future__ import annotations

import functools
from importlib import resources
from typing import NamedTuple

import numpy as np

from .appearance import N_ACTION_UNITS, Person
from .complexion import brow_points
from .eyes import lids
from .mouth import Lips, lips
from .relief import head_outline
from .strokes import spline

N_POINTS = 478
N_MESH = 468  # the skin, lips and lids; the irises follow

# Rows of the lips, from the image's left to its right, from the outer edge to the inner one. Those
# of the lower lip leave out the ends, which they share with the upper lip's.
UPPER_LIP_ROWS = (
    (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291),
    (76, 184, 74, 73, 72, 11, 302, 303, 304, 408, 306),
    (62, 183, 42, 41, 38, 12, 268, 271, 272, 407, 292),
    (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308),
)
LOWER_LIP_ROWS = (
    (146, 91, 181, 84, 17, 314, 405, 321, 375),
    (77, 90, 180, 85, 16, 315, 404, 320, 307),
    (96, 89, 179, 86, 15, 316, 403, 319, 325),
    (95, 88, 178, 87, 14, 317, 402, 318, 324),
)
UPPER_LIP = np.array(UPPER_LIP_ROWS).ravel()
LOWER_LIP = np.array(LOWER_LIP_ROWS).ravel()
LIPS = np.concatenate([UPPER_LIP, LOWER_LIP])
LIP_EDGE = np.array(UPPER_LIP_ROWS[0] + LOWER_LIP_ROWS[0])

# Rows of the eyes and brows: the image's left side, then its right; from the nose outwards.
EYE_CORNERS = np.array([[133, 33], [362, 263]])
UPPER_LIDS = np.array([[173, 157, 158, 159, 160, 161, 246], [398, 384, 385, 386, 387, 388, 466]])
LOWER_LIDS = np.array([[155, 154, 153, 145, 144, 163, 7], [382, 381, 380, 374, 373, 390, 249]])
LIDS = np.hstack([EYE_CORNERS, UPPER_LIDS, LOWER_LIDS])
BROWS = np.array([[107, 66, 105, 63, 70, 55, 65, 52, 53, 46],
                  [336, 296, 334, 293, 300, 285, 295, 282, 283, 276]])
# Centre, then the rim's points at the image's right, top, left and bottom.
IRISES = np.arange(N_MESH, N_POINTS).reshape(2, 5)

NOSE_TIP = 1
_TIP_ROW = 0.335  # as `FaceRenderer.landmarks` places it
# Base, bridge, wings and nostrils: they scale with the nose.
NOSE = np.array([NOSE_TIP, 2, 195, 129, 358, 98, 327, 49, 279])

# The face's outline, clockwise from the middle of the forehead.
OUTLINE = np.array([
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109])

SIDES = (-1.0, 1.0)


class Template(NamedTuple):
    """MediaPipe's mesh on the average drawn face; `tools/make_face_mesh.py` writes it.

    Attributes
    ----------
    points : (478, 2) ndarray
        Resting places in face units, where the average drawn face has its lips, lids and so on.
    mirror : (478,) ndarray
        Of every point the one on the other side of the face; itself on the midline.
    triangles : (898, 3) ndarray
        The canonical mesh's triangles, over mouth and eyes too.
    lips : (80, 2) ndarray
        Of each of `LIPS`: fraction of the mouth's width from the image's left, and place
        between the lip's outer (0) and inner (1) edge.
    lids : (7,) ndarray
        Of a lid's points, the upper as the lower: fraction of the eye's width from its inner
        corner.
    brows : (10, 2) ndarray
        Of one side's `BROWS`: fraction of the brow's width from its inner end, and how far below
        its middle line for a brow of average thickness.
    outline : (36, 2) ndarray
        Of each of `OUTLINE`: the direction from the face's origin in radians, clockwise from the
        image's right, and the distance as a fraction of the head's outline there.
    """

    points: np.ndarray
    mirror: np.ndarray
    triangles: np.ndarray
    lips: np.ndarray
    lids: np.ndarray
    brows: np.ndarray
    outline: np.ndarray


@functools.cache
def load_template() -> Template:
    """Return the template that comes with the package."""
    file = resources.files(__package__) / "data" / "face_mesh.npz"
    with file.open("rb") as stream, np.load(stream) as data:
        return Template(*(data[name] for name in Template._fields))


def anchors(person: Person, template: Template) -> tuple[np.ndarray, np.ndarray]:
    """Return the points of the mesh whose resting places the drawing itself gives.

    Parameters
    ----------
    person : Person
        Whose face.
    template : Template
        Where they lie along lips, lids, brows, nose and outline.

    Returns
    -------
    index : (n,) ndarray of int
        Which of the 478 points.
    place : (n, 2) ndarray
        Where, in face units.
    """
    rest = np.zeros(N_ACTION_UNITS)
    on_lips = lip_weights(person, template) @ lip_edges(lips(person, rest, rest))
    index = [LIP_EDGE]
    place = [on_lips[np.isin(LIPS, LIP_EDGE)]]
    middle = spline(brow_points(person), 8)
    along = middle[0, 0] + template.brows[:, 0] * (middle[-1, 0] - middle[0, 0])
    height = np.interp(along, *middle.T) + template.brows[:, 1] * person.brow_thickness
    for row, side in enumerate(SIDES):
        shape = lids(person, side, rest)
        on_lids = lid_weights(person, side, template) @ np.concatenate([shape.upper, shape.lower])
        index += [LIDS[row], BROWS[row]]
        place += [on_lids, np.column_stack([side * along, height])]
    nose = template.points[NOSE] * (person.nose_width, person.nose_length)
    nose[0] = 0.0, _TIP_ROW * person.nose_length
    outline = head_outline(person)
    angle, part = template.outline.T
    at = np.arctan2(outline[:, 1], outline[:, 0])
    order = np.argsort(at)
    reach = part * np.interp(angle, at[order], np.hypot(*outline.T)[order], period=2 * np.pi)
    index += [NOSE, OUTLINE]
    place += [nose, reach[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])]
    return np.concatenate(index), np.concatenate(place)


def lip_edges(mouth: Lips) -> np.ndarray:
    """Return the four edges (4 n, 2) of the lips, from the top."""
    edges = (mouth.upper_outer, mouth.upper_inner, mouth.lower_inner, mouth.lower_outer)
    return np.concatenate(edges)


def _between(wanted: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """Return the (n_wanted, n_samples) weights that interpolate at ``wanted``."""
    samples = (samples - samples[0]) / (samples[-1] - samples[0])
    return np.array([np.interp(wanted, samples, one) for one in np.eye(len(samples))]).T


def lip_weights(person: Person, template: Template) -> np.ndarray:
    """Return the (80, 4 n) weights of the lips' four edges, from the top, in each of `LIPS`."""
    rest = np.zeros(N_ACTION_UNITS)
    along, inwards = template.lips.T
    basis = _between(along, lips(person, rest, rest).upper_inner[:, 0])
    upper = np.arange(len(LIPS)) < len(UPPER_LIP)
    outer, inner = 1.0 - inwards, inwards
    shares = [outer * upper, inner * upper, inner * ~upper, outer * ~upper]
    # The seam's ends belong to both lips.
    ends = np.isin(LIPS, [row[end] for row in UPPER_LIP_ROWS for end in (0, -1)])
    for top, bottom in ((0, 3), (1, 2)):
        both = 0.5 * (shares[top] + shares[bottom])
        shares[top] = np.where(ends, both, shares[top])
        shares[bottom] = np.where(ends, both, shares[bottom])
    return np.hstack([share[:, None] * basis for share in shares])


def lid_weights(person: Person, side: float, template: Template) -> np.ndarray:
    """Return the (16, 2 n) weights of the upper and the lower lid's edge in a row of `LIDS`."""
    across = side * lids(person, side, np.zeros(N_ACTION_UNITS)).upper[:, 0]
    edge = _between(template.lids, across)
    top = np.vstack([_between(np.array([0.0, 1.0]), across), edge])
    return np.block([[top, np.zeros_like(top)], [np.zeros_like(edge), edge]])
