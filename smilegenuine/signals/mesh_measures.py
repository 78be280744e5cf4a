"""Where brows, lids, nose, cheeks, lips and chin are: lengths on the face mesh, frame by frame."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..face.mesh import N_POINTS

_X, _Y = 0, 1


class MeshMeasure(NamedTuple):
    """A length on the face: the mean coordinate of some points less that of others.

    Attributes
    ----------
    axis : {0, 1}
        Across the face, or down.
    plus, minus : tuple of int
        Points of the mesh; none of a kind stand for the point between the eyes.
    """

    axis: int
    plus: tuple[int, ...]
    minus: tuple[int, ...]


def _height(*points: int) -> MeshMeasure:
    return MeshMeasure(_Y, (), points)


_UPPER_LIDS = (159, 158, 160, 386, 385, 387)
_LOWER_LIDS = (145, 144, 153, 374, 373, 380)
_IRISES = (468, 473)
_LOWER_LIP = (17, 84, 314)

#: What is measured, by name. Heights, and how low the chin is, are from the line through the eyes;
#: both sides of the face are averaged. The numbers are points of MediaPipe's mesh.
MESH_MEASURES: dict[str, MeshMeasure] = {
    "brow_inner": _height(107, 55, 336, 285),
    "brow_inner_end": _height(55, 285),
    "brow_middle": _height(105, 52, 334, 282),
    "brow_outer": _height(70, 46, 63, 53, 300, 276, 293, 283),
    "eye_opening": MeshMeasure(_Y, _LOWER_LIDS, _UPPER_LIDS),
    "lid_over_iris": MeshMeasure(_Y, _IRISES, _UPPER_LIDS),
    "lower_lid": _height(*_LOWER_LIDS),
    "under_eye": MeshMeasure(_Y, (118, 347), (145, 374)),  # from the lower lid to the cheek
    "cheek": _height(50, 280),
    "low_cheek": _height(205, 425),
    "cheek_width": MeshMeasure(_X, (280, 352), (50, 123)),
    "nose_base": _height(2),
    "nose_side": _height(126, 355, 198, 420),
    "nose_wing": _height(129, 358, 98, 327),
    "nose_width": MeshMeasure(_X, (358, 327), (129, 98)),
    "fold_width": MeshMeasure(_X, (426,), (206,)),  # between the folds from nose to mouth
    "dimple_width": MeshMeasure(_X, (410,), (186,)),
    "mouth_width": MeshMeasure(_X, (291,), (61,)),
    "corner_height": _height(61, 291),
    "corner_lift": MeshMeasure(_Y, (0, 17), (61, 291)),  # corners above the middle of the lips
    "upper_lip": _height(0, 37, 267),
    "lower_lip": _height(*_LOWER_LIP),
    "lower_lip_thickness": MeshMeasure(_Y, _LOWER_LIP, (14, 87, 317)),
    "lip_gap": MeshMeasure(_Y, (14, 87, 317), (13, 82, 312)),
    "chin": MeshMeasure(_Y, (152, 148, 377), ()),
}


def measure_mesh(head: np.ndarray) -> np.ndarray:
    """Measure lengths on faces in head coordinates.

    Parameters
    ----------
    head : array of shape (T, 478, 3)
        As `smilegenuine.face.mesh.align_head` gives them: x to the image's right, y down, the
        origin between the eyes, in units of the distance between the eyes.

    Returns
    -------
    array of shape (T, 25)
        One column for each of `MESH_MEASURES`, in units of the distance between the eyes; heights
        grow upwards, "chin" downwards. NaN where the points are.

    Raises
    ------
    ValueError
        `head` has another shape.

    Examples
    --------
    >>> import numpy as np
    >>> head = np.zeros((2, 478, 3))
    >>> head[:, 291, 0], head[:, 61, 0] = 0.4, -0.4
    >>> measures = measure_mesh(head)
    >>> measures.shape, float(measures[0, list(MESH_MEASURES).index("mouth_width")])
    ((2, 25), 0.8)
    """
    head = np.asarray(head, dtype=float)
    if head.ndim != 3 or head.shape[1:] != (N_POINTS, 3):
        raise ValueError(f"head must be (T, {N_POINTS}, 3), not {head.shape}")
    out = np.zeros((len(head), len(MESH_MEASURES)))
    for column, (axis, plus, minus) in zip(out.T, MESH_MEASURES.values(), strict=True):
        for sign, points in ((1.0, plus), (-1.0, minus)):
            if points:
                column += sign * head[:, list(points), axis].mean(axis=1)
    return out
