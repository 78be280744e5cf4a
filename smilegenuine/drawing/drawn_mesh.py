"""Where the 478 points of MediaPipe's face mesh lie on a drawn person: the truth, not a guess."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import RBFInterpolator
from scipy.ndimage import spline_filter

from . import mesh_template as mesh
from .appearance import N_ACTION_UNITS, Person
from .deformation import Deformation
from .eyes import iris_place, iris_radius, lids
from .head_rotation import (
    HeadPose,
    checked_gaze,
    checked_poses,
    face_unit,
    one_pose,
    rotation,
)
from .mouth import lips
from .relief import parallax_depth
from .strokes import Canvas

# How far the skin goes along with what moves beyond it: the upper lip, the lower one, a lid.
_REACH_LIP, _REACH_LOWER_LIP, _REACH_LID = 0.12, 0.25, 0.09
_SLIVER = 0.1  # skin of which less than this part of its frontal picture is left is hidden
_CHUNK = 64  # frames at once: their fields fit a processor's cache


class FaceMesh:
    """The 478 points of MediaPipe's face mesh on one drawn person.

    Parameters
    ----------
    person : Person
        Whose face.
    size : int, default=160
        Side of the square frames in pixels, at least 48.

    Notes
    -----
    Lips, lids, irises, brows, nose and outline lie where the drawing has them. The rest of the
    mesh was placed on the average face once, by MediaPipe itself; a thin-plate spline carries it
    to this person. Action units move the skin as they move the drawing; between the skin and the
    edges of lips and lids, which move further, the points share out the difference. The head's
    pose then turns the drawing's own relief.

    Neither hair, glasses, lids nor lips hide a point: MediaPipe gives all of them regardless, and
    so does `place`.

    Raises
    ------
    ValueError
        If ``size`` is below 48.
    """

    def __init__(self, person: Person, size: int = 160) -> None:
        self.person = person
        self.size = int(size)
        pose = HeadPose(person, self.size)
        template = mesh.load_template()
        rest = np.zeros(N_ACTION_UNITS)
        self._lip_weights = mesh.lip_weights(person, template)
        self._lid_weights = [mesh.lid_weights(person, side, template) for side in mesh.SIDES]
        index, place = mesh.anchors(person, template)
        carry = RBFInterpolator(template.points[index], place)
        self._rest = carry(template.points)
        self._rest[index] = place
        moving = self._moving_parts(rest[None], rest[None], np.zeros((1, 2)))[0]
        self._rest[_MOVING] = moving
        self._follow = _follow_weights(self._rest)
        self._field = _Field(person)
        self._occlusion = _Occlusion(person)
        self._unit = face_unit(self.size)
        # Where the pivot lies, asked of the pose itself: all of the turn set to 0 leaves the pivot
        # in the image; depth read sideways leaves its depth.
        origin = np.zeros((1, 2))
        self._pivot_pixel = pose.project(origin, np.zeros((3, 3)), (0.0, 0.0), 1.0)[0]
        aside = pose.project(origin, np.eye(3)[[2, 0, 1]], (0.0, 0.0), 1.0)[0] - self._pivot_pixel
        flat = pose.project(origin, np.eye(3), (0.0, 0.0), 1.0)[0] - self._pivot_pixel
        depth = parallax_depth(person, *origin.T)[0]
        self._pivot = np.array([*(-flat / self._unit), depth - aside[0] / self._unit])
        skin = self._rest[:mesh.N_MESH]
        self._centre = np.array([*skin.mean(0), parallax_depth(person, *skin.T).mean()])

    def place(self, aus: ArrayLike, *, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0,
              shift: tuple[float, float] = (0.0, 0.0), scale: float = 1.0,
              gaze: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
        """Return where the points are drawn.

        Parameters
        ----------
        aus : (17,) or (2, 17) array-like
            Intensities 0..5 as in `FaceRenderer.draw`; of two rows the first is the image's left
            side of the face.
        yaw, pitch, roll, shift, scale, gaze : as in `FaceRenderer.draw`

        Returns
        -------
        (478, 3) float32 ndarray
            x and y in pixels, pixel centres at integers; z in pixels too, smaller towards the
            camera, 0 in the middle of the resting mesh. MediaPipe's order.

        Raises
        ------
        ValueError
            If ``aus`` is not 17 or 2 x 17 finite numbers, the pose or ``gaze`` is not finite,
            yaw or pitch goes beyond 60 degrees, or ``scale`` is not positive.
        """
        return self._one(aus, yaw, pitch, roll, shift, scale, gaze)[0]

    def visible(self, aus: ArrayLike, *, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0,
                shift: tuple[float, float] = (0.0, 0.0), scale: float = 1.0,
                gaze: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
        """Return which points are in the picture and not hidden by the head itself.

        Parameters
        ----------
        aus, yaw, pitch, roll, shift, scale, gaze : as in `place`

        Returns
        -------
        (478,) bool ndarray
            False outside the picture, where the skin is turned away from the camera or its
            picture shrunk to a tenth of that from the front, and behind nearer skin.

        Raises
        ------
        ValueError
            As in `place`.
        """
        return self._one(aus, yaw, pitch, roll, shift, scale, gaze)[1]

    def place_frames(self, aus: ArrayLike, poses: ArrayLike,
                     gaze: ArrayLike | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return where the points are drawn in many frames, and which are to be seen.

        Parameters
        ----------
        aus : (T, 17) or (T, 2, 17) array-like
            Intensities as in `place`.
        poses : (T, 6) array-like
            Yaw, pitch and roll in degrees, shift to the right and down in frame sizes, scale.
        gaze : (T, 2) array-like, optional
            Degrees to the image's right and down; straight ahead without.

        Returns
        -------
        landmarks : (T, 478, 3) float32 ndarray
            As `place` returns them.
        visible : (T, 478) bool ndarray
            As `visible` returns them.

        Raises
        ------
        ValueError
            As in `place`, or if ``aus``, ``poses`` and ``gaze`` differ in length.
        """
        left, right = self.person.activations(aus)
        poses = checked_poses(poses, len(left))
        gaze = checked_gaze(np.zeros((len(left), 2)) if gaze is None else gaze, len(left))
        places = np.empty((len(left), mesh.N_POINTS, 3), np.float32)
        seen = np.empty((len(left), mesh.N_POINTS), bool)
        for start in range(0, len(left), _CHUNK):
            part = slice(start, start + _CHUNK)
            face = self._face_points(left[part], right[part], gaze[part])
            places[part], seen[part] = self._turned(face, poses[part])
        return places, seen

    def _one(self, aus: ArrayLike, yaw: float, pitch: float, roll: float,
             shift: tuple[float, float], scale: float,
             gaze: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
        """Return place (478, 3) and visibility (478,) in one frame."""
        pose = one_pose(yaw, pitch, roll, shift, scale)
        places, seen = self.place_frames(np.asarray(aus)[None], pose, [gaze])
        return places[0], seen[0]

    def _face_points(self, left: np.ndarray, right: np.ndarray, gaze: np.ndarray) -> np.ndarray:
        """Return the points (T, 478, 2) before the pose, in face units."""
        points = np.repeat(self._rest[None], len(left), axis=0)
        skin = self._field.moved(self._rest[:mesh.N_MESH], left, right)
        moving = self._moving_parts(left, right, gaze)
        beyond = moving[:, : len(_EDGES)] - skin[:, _EDGES]
        points[:, :mesh.N_MESH] = skin + self._follow @ beyond
        points[:, _MOVING] = moving
        return points

    def _moving_parts(self, left: np.ndarray, right: np.ndarray, gaze: np.ndarray) -> np.ndarray:
        """Return what is drawn anew for every frame, `_MOVING`: lips, lids and irises."""
        person = self.person
        rim = iris_radius(person) * np.array([[0, 0], [1, 0], [0, -1], [-1, 0], [0, 1]])
        frames = []
        for levels in zip(left, right, gaze, strict=True):
            mouth = mesh.lip_edges(lips(person, levels[0], levels[1]))
            eyes, irises = [], []
            for side, level, weights in zip(mesh.SIDES, levels[:2], self._lid_weights, strict=True):
                shape = lids(person, side, level)
                eyes.append(weights @ np.concatenate([shape.upper, shape.lower]))
                irises.append(iris_place(person, side, levels[2]) + rim)
            frames.append(np.vstack([self._lip_weights @ mouth, *eyes, *irises]))
        return np.array(frames)[:, _MOVING_ORDER]

    def _turned(self, face: np.ndarray, poses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return places (T, 478, 3) and visibility (T, 478) of face points under poses."""
        depth = parallax_depth(self.person, face[..., 0].ravel(), face[..., 1].ravel())
        solid = np.concatenate([face, depth.reshape(*face.shape[:2], 1)], axis=2)
        turns = np.array([rotation(*angles) for angles in poses[:, :3]])
        zoom = (poses[:, 5] * self._unit)[:, None]
        turned = (solid - self._pivot) @ turns.transpose(0, 2, 1)
        origin = self._pivot_pixel + poses[:, 3:5] * self.size
        pixels = np.empty(turned.shape)
        pixels[..., :2] = turned[..., :2] * zoom[..., None] + origin[:, None]
        centre = turns[:, 2] @ (self._centre - self._pivot)
        pixels[..., 2] = (centre[:, None] - turned[..., 2]) * zoom
        inside = np.all((pixels[..., :2] >= -0.5) & (pixels[..., :2] < self.size - 0.5), axis=2)
        return pixels, inside & self._occlusion.seen(face, turns[:, 2])


# What is drawn anew for every frame: first the edges that the skin beside them follows.
_DRAWN = np.concatenate([mesh.LIPS, mesh.LIDS.ravel(), mesh.IRISES.ravel()])
_IS_EDGE = np.isin(_DRAWN, np.concatenate([mesh.LIP_EDGE, mesh.LIDS.ravel()]))
_MOVING_ORDER = np.argsort(~_IS_EDGE, kind="stable")
_MOVING = _DRAWN[_MOVING_ORDER]
_EDGES = _MOVING[: _IS_EDGE.sum()]


def _follow_weights(rest: np.ndarray) -> np.ndarray:
    """Return how far (468, n_edges) the skin goes with what edges move beyond the skin there."""
    reach = np.full(len(_EDGES), _REACH_LIP)
    reach[np.isin(_EDGES, mesh.LOWER_LIP_ROWS[0])] = _REACH_LOWER_LIP
    reach[np.isin(_EDGES, mesh.LIP_EDGE[[0, 10]])] = _REACH_LOWER_LIP  # the corners
    reach[np.isin(_EDGES, mesh.LIDS)] = _REACH_LID
    apart = np.linalg.norm(rest[:mesh.N_MESH, None] - rest[_EDGES], axis=2)
    near = (apart + 1e-3) ** -3.0
    near /= near.sum(axis=1, keepdims=True)
    share = np.clip(1.0 - apart.min(axis=1) / (near @ reach), 0.0, None) ** 2
    share[[mesh.NOSE_TIP, *mesh.OUTLINE]] = 0.0
    return share[:, None] * near


class _Field:
    """The skin's displacement at many points of many frames.

    `Deformation` is linear in the activations of either side, so that its fields for one each make
    up all others. Between the grid's nodes cubic B-splines go on; their coefficients are linear in
    the field as well.
    """

    _PER_UNIT = 50.0
    _BOX = (-0.80, -1.10, 0.80, 1.40)
    _STEPS = 12  # as `Deformation.moved`
    _ENOUGH = 2e-5

    def __init__(self, person: Person) -> None:
        self._canvas = Canvas.covering(self._PER_UNIT, self._BOX)
        deformation = Deformation(person, self._canvas)
        none, one = np.zeros(N_ACTION_UNITS), np.eye(N_ACTION_UNITS)
        fields = [deformation.field(level, none) for level in one]
        fields += [deformation.field(none, level) for level in one]
        self._parts = np.empty((len(fields), fields[0].size), np.float32)
        for row, field in zip(self._parts, fields, strict=True):
            layers = [spline_filter(field[..., axis], mode="nearest") for axis in (0, 1)]
            row[:] = np.stack(layers, axis=-1).ravel()

    def moved(self, points: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return where resting points (n, 2) go, (T, n, 2), at activations (T, 17)."""
        levels = np.hstack([left, right]).astype(np.float32)
        used = np.flatnonzero(np.any(levels, axis=0))
        n_frames, n = len(levels), len(points)
        # One complex number a point is moved about in half the time of two real ones.
        rest = np.tile(points.astype(np.float32).view(np.complex64)[:, 0], n_frames)
        goal = rest.copy()
        if len(used):
            fields = (levels[:, used] @ self._parts[used]).view(np.complex64)
            first = np.repeat(np.arange(n_frames) * fields.shape[1], n)
            active = np.arange(len(rest))
            # The drawing looks backwards (each drawn point asks where it came from), so the way
            # forward is a fixed point; most points are there after a few steps.
            for _ in range(self._STEPS):
                old = goal[active]
                new = rest[active] + self._at(fields.ravel(), first[active], old)
                goal[active] = new
                active = active[np.abs(new - old) > self._ENOUGH]
                if not len(active):
                    break
        return goal.view(np.float32).reshape(n_frames, n, 2)

    def _at(self, fields: np.ndarray, first: np.ndarray, points: np.ndarray) -> np.ndarray:
        """Return the splines at complex points (m,); ``first`` says where their frame begins."""
        canvas = self._canvas
        x = np.clip((points.real - canvas.left) * canvas.unit - 0.5, 1.0, canvas.width - 3.0)
        y = np.clip((points.imag - canvas.top) * canvas.unit - 0.5, 1.0, canvas.height - 3.0)
        column, row = x.astype(np.int32), y.astype(np.int32)
        across, down = _cubic(x - column), _cubic(y - row)
        corner = first + (row - 1) * canvas.width + (column - 1)
        total = np.zeros(len(points), np.complex64)
        for j in range(4):
            start = corner + j * canvas.width
            line = across[0] * fields.take(start)
            for k in range(1, 4):
                line += across[k] * fields.take(start + k)
            total += down[j] * line
        return total


def _cubic(part: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the four cubic B-spline weights (m,) at fractions (m,) of a cell."""
    part = part.astype(np.float32)
    rest = 1.0 - part
    first, last = rest * rest * rest / 6.0, part * part * part / 6.0
    second = 2.0 / 3.0 - 0.5 * part * part * (2.0 - part)
    return first, second, 1.0 - first - second - last, last


class _Occlusion:
    """Which points of a head's surface are hidden by the head itself."""

    _PER_UNIT = 80.0
    _BOX = (-0.90, -1.30, 0.90, 1.40)
    _STEPS = 16
    _CLEARANCE = 0.012

    def __init__(self, person: Person) -> None:
        self._canvas = canvas = Canvas.covering(self._PER_UNIT, self._BOX)
        depth = parallax_depth(person, *canvas.coordinates())
        down, right = np.gradient(depth, 1.0 / canvas.unit)
        self._slopes = np.stack([right, down], axis=-1).astype(np.float32)
        self._surface = depth.astype(np.float32)
        self._top = float(depth.max())

    def seen(self, face: np.ndarray, view: np.ndarray) -> np.ndarray:
        """Return (T, n) bool for points (T, n, 2) of the face, seen along ``view`` (T, 3)."""
        x, y = face.astype(np.float32).transpose(2, 0, 1)
        view = view.astype(np.float32)
        slope = self._canvas.sampled(self._slopes, x, y)
        # The area of the skin's picture, where that from the front has 1.
        facing = view[:, 2:] - slope[..., 0] * view[:, :1] - slope[..., 1] * view[:, 1:2]
        seen = facing > _SLIVER
        # Up the line of sight as far as the highest point of the relief.
        z = self._canvas.sampled(self._surface, x, y)
        rise = np.maximum(self._top - z, 0.0)
        x_step, y_step = (rise * (view[:, k : k + 1] / view[:, 2:]) for k in (0, 1))
        for part in np.arange(1, self._STEPS + 1, dtype=np.float32) / self._STEPS:
            ground = self._canvas.sampled(self._surface, x + part * x_step, y + part * y_step)
            seen &= ground <= z + part * rise + self._CLEARANCE
        return seen
