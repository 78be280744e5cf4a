"""Frames of a drawn person: expression, head pose, gaze, light and noise."""

from __future__ import annotations

import cv2
import numpy as np

from .appearance import Person
from .complexion import brow_points, skin_colours
from .deformation import Deformation
from .eyes import draw_eye, eye_centre, iris_place, lids
from .glasses import glasses_layer
from .hair import behind_head, head_colours
from .head_rotation import HeadPose, checked_gaze, face_unit, one_pose, rotation
from .mouth import draw_mouth, lips
from .relief import Relief
from .scene import bust, wall
from .strokes import Canvas, blend
from .wrinkles import Folds

_BOX = (-0.92, -1.34, 0.92, 1.30)
_MOUTH_BOX = (-0.42, 0.36, 0.42, 1.02)
_FOLD_TINT = np.array([0.86, 1.04, 1.06], np.float32)


class FaceRenderer:
    """Draws one person.

    Parameters
    ----------
    person : Person
        Who is drawn.
    size : int, default=160
        Side of the square frames in pixels, at least 48.

    Notes
    -----
    The head is drawn from the front at twice the frame's resolution. The action units move the
    skin by a displacement field, bend a height field that is lit, deepen folds and shape eyes and
    mouth, which are drawn anew for every frame. The pose then warps the drawing through the
    head's depth.

    Raises
    ------
    ValueError
        If ``size`` is below 48.
    """

    def __init__(self, person: Person, size: int = 160) -> None:
        self.person = person
        self.size = int(size)
        self._pose = HeadPose(person, self.size)
        unit = face_unit(self.size)
        self._canvas = Canvas.covering(2.0 * unit, _BOX)
        half = _resized(self._canvas, 0.5)
        self._folds = Folds(person, self._canvas)
        self._relief = Relief(person, half)
        self._half = half
        self._deformation = Deformation(person, _resized(self._canvas, 0.2))
        skin = skin_colours(person, self._canvas)
        self._head = head_colours(person, self._canvas, skin)
        self._maps, self._half_maps = _identity_maps(self._canvas), _identity_maps(half)
        self._bust_canvas = Canvas.covering(unit, (-2.2, 0.0, 2.2, 2.6))
        self._bust = bust(person, self._bust_canvas)
        self._back_canvas = Canvas.covering(unit, (-1.05, -1.30, 1.05, 1.60))
        self._back = behind_head(person, self._back_canvas)
        self._wall = wall(person, self.size)
        self._eye_windows = {}
        for side in (-1.0, 1.0):
            cx, cy = eye_centre(person, side)
            box = (cx - 0.20, cy - 0.17, cx + 0.20, cy + 0.14)
            self._eye_windows[side] = self._canvas.window(box)
        self._mouth_window = self._canvas.window(_MOUTH_BOX)
        self._glasses = glasses_layer(person, self._canvas)

    def draw(self, aus: np.ndarray, *, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0,
             shift: tuple[float, float] = (0.0, 0.0), scale: float = 1.0,
             gaze: tuple[float, float] = (0.0, 0.0), visible: bool = True,
             rng: np.random.Generator | None = None) -> np.ndarray:
        """Draw one frame.

        Parameters
        ----------
        aus : (17,) or (2, 17) array-like
            Intensities 0..5 of AU01 02 04 05 06 07 09 10 12 14 15 17 20 23 25 26 45; values
            outside that range are cut to it. Two rows move the two sides of the face by
            themselves: row 0 the image's left side, row 1 its right side. What has no sides
            (the jaw, the middle of the lips) takes the mean.
        yaw, pitch, roll : float, default=0.0
            Degrees: the nose to the image's right, the nose down, the head clockwise.
        shift : (float, float), default=(0.0, 0.0)
            Right and down, in fractions of the frame's side.
        scale : float, default=1.0
            Factor on the size of the head.
        gaze : (float, float), default=(0.0, 0.0)
            Degrees the eyes turn to the image's right and down, relative to the head.
        visible : bool, default=True
            Whether the person is there; without, the frame shows the background.
        rng : numpy.random.Generator, optional
            Source of sensor noise and flicker; None draws a clean, deterministic frame.

        Returns
        -------
        (size, size, 3) uint8 ndarray
            The frame, RGB.

        Raises
        ------
        ValueError
            If ``aus`` does not hold 17 or 2 x 17 finite numbers, or the pose is not finite, or
            ``scale`` is not positive.
        """
        left, right = self._activations(aus)
        one_pose(yaw, pitch, roll, shift, scale)
        checked_gaze([gaze], 1)
        frame = self._wall
        if visible:
            turn = rotation(yaw, pitch, roll)
            head = self._draw_head(left, right, turn, gaze)
            # Neck and shoulders follow the head a little.
            lean = rotation(0.3 * yaw, 0.2 * pitch, 0.3 * roll)
            place = self._pose.behind_transform(self._back_canvas, turn, shift, scale)
            frame = _over(frame, self._placed(self._back, place))
            place = self._pose.body_transform(self._bust_canvas, lean, shift, scale)
            frame = _over(frame, self._placed(self._bust, place))
            columns, rows = self._pose.inverse_maps(self._canvas, turn, shift, scale)
            layer = cv2.remap(head, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
            if np.hypot(*turn[:2, 2]) > 0.3:
                layer = _softened(layer, columns)
            frame = _over(frame, layer)
        if rng is not None:
            noise = rng.standard_normal(frame.shape, np.float32)
            frame = frame * np.float32(1.0 + 0.012 * rng.standard_normal()) + 2.2 * noise
        return np.clip(frame + 0.5, 0.0, 255.0).astype(np.uint8)

    def _placed(self, layer: np.ndarray, place: np.ndarray) -> np.ndarray:
        """Return a layer warped into the frame."""
        size = (self.size, self.size)
        return cv2.warpAffine(layer, place, size, flags=cv2.INTER_LINEAR)

    def _activations(self, aus: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the activations (17,) of the left and the right side, about 0..1."""
        left, right = self.person.activations(np.asarray(aus)[None])
        return left[0], right[0]

    def eye_centres(self, *, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0,
                    shift: tuple[float, float] = (0.0, 0.0), scale: float = 1.0) -> np.ndarray:
        """Return where the eyes' centres are drawn.

        Parameters
        ----------
        yaw, pitch, roll, shift, scale : as in `draw`

        Returns
        -------
        (2, 2) ndarray
            x and y in pixels, pixel centres at integers, of the image's left and right eye:
            where their irises are when they look ahead.

        Raises
        ------
        ValueError
            If the pose is not finite or ``scale`` is not positive.
        """
        one_pose(yaw, pitch, roll, shift, scale)
        points = np.array([eye_centre(self.person, side) for side in (-1.0, 1.0)])
        return self._pose.project(points, rotation(yaw, pitch, roll), shift, scale)

    def landmarks(self, aus: np.ndarray, *, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0,
                  shift: tuple[float, float] = (0.0, 0.0), scale: float = 1.0,
                  gaze: tuple[float, float] = (0.0, 0.0)) -> dict[str, tuple[float, float]]:
        """Return where points of the face are drawn.

        Parameters
        ----------
        aus, yaw, pitch, roll, shift, scale, gaze : as in `draw`

        Returns
        -------
        dict of str to (float, float)
            x and y in pixels. For each ``side`` of ``left`` and ``right`` (the image's):
            ``mouth_{side}``, ``eye_inner_{side}``, ``eye_outer_{side}``, ``lid_upper_{side}``,
            ``lid_lower_{side}``, ``iris_{side}``, ``brow_inner_{side}``, ``brow_outer_{side}``,
            ``nose_wing_{side}``, ``cheek_{side}``; and ``lip_upper_top``, ``lip_upper``,
            ``lip_lower``, ``lip_lower_bottom``, ``nose_tip``, ``chin``.

        Raises
        ------
        ValueError
            As in `draw`.
        """
        left, right = self._activations(aus)
        one_pose(yaw, pitch, roll, shift, scale)
        checked_gaze([gaze], 1)
        points = self._face_points(left, right, gaze)
        turn = rotation(yaw, pitch, roll)
        placed = self._pose.project(np.array(list(points.values())), turn, shift, scale)
        return {name: (float(x), float(y)) for name, (x, y) in zip(points, placed, strict=True)}

    def _face_points(self, left: np.ndarray, right: np.ndarray,
                     gaze: tuple[float, float]) -> dict[str, np.ndarray]:
        """Return the landmarks before the pose, in face units."""
        person = self.person
        points: dict[str, np.ndarray] = {}
        skin: dict[str, np.ndarray] = {
            "nose_tip": np.array([0.0, 0.335 * person.nose_length]),
            "chin": np.array([0.0, 1.0]),
        }
        for side, name, level in ((-1.0, "left", left), (1.0, "right", right)):
            shape = lids(person, side, level)
            middle = len(shape.upper) // 2
            points[f"eye_inner_{name}"] = shape.upper[0]
            points[f"eye_outer_{name}"] = shape.upper[-1]
            points[f"lid_upper_{name}"] = shape.upper[middle]
            points[f"lid_lower_{name}"] = shape.lower[middle]
            points[f"iris_{name}"] = np.array(iris_place(person, side, gaze))
            brow = brow_points(person) * (side, 1.0)
            skin[f"brow_inner_{name}"], skin[f"brow_outer_{name}"] = brow[0], brow[-1]
            skin[f"nose_wing_{name}"] = np.array([side * 0.14 * person.nose_width, 0.36])
            skin[f"cheek_{name}"] = np.array([side * 0.36, 0.21])
        mouth = lips(person, left, right)
        middle = len(mouth.upper_inner) // 2
        points["mouth_left"], points["mouth_right"] = mouth.upper_inner[0], mouth.upper_inner[-1]
        points["lip_upper_top"] = mouth.upper_outer[middle]
        points["lip_upper"] = mouth.upper_inner[middle]
        points["lip_lower"] = mouth.lower_inner[middle]
        points["lip_lower_bottom"] = mouth.lower_outer[middle]
        moved = self._deformation.moved(np.array(list(skin.values())), left, right)
        points.update(zip(skin, moved, strict=True))
        return points

    def _draw_head(self, left: np.ndarray, right: np.ndarray, turn: np.ndarray,
                   gaze: tuple[float, float]) -> np.ndarray:
        """Return the lit head from the front, (height, width, 4) uint8 with opacity."""
        person, canvas = self.person, self._canvas
        field = self._deformation.field(left, right)
        head = _moved(self._head, self._maps, field, canvas.unit)
        folds = _moved(self._folds.draw(left, right), self._maps, field, canvas.unit)
        slopes = _moved(self._relief.slopes(left, right), self._half_maps, field, self._half.unit)
        fill = turn.T @ np.array(person.fill_light) if any(person.fill_colour) else None
        shading, gloss = self._relief.shade(slopes, turn.T @ np.array(person.light), fill)
        full = (canvas.width, canvas.height)
        shading = cv2.resize(shading, full, interpolation=cv2.INTER_LINEAR)
        # Light that leaves a fold has crossed more skin: it is redder.
        shading *= 1.0 - np.clip(folds, -0.3, 0.75)[..., None] * _FOLD_TINT
        face = head[..., :3].astype(np.float32)
        face *= np.float32(1.0 / 255.0)
        for side, level in ((-1.0, left), (1.0, right)):
            part, window = self._eye_windows[side]
            draw_eye(face[window], part, person, side, lids(person, side, level), gaze)
        part, window = self._mouth_window
        draw_mouth(face[window], part, person, lips(person, left, right))
        if self._glasses is not None:
            window, mask, colour = self._glasses
            blend(face[window], colour, mask)
        face *= shading
        face += cv2.resize(gloss, full, interpolation=cv2.INTER_LINEAR)[..., None]
        face *= 255.0
        np.clip(face, 0.0, 255.0, out=face)
        lit = np.empty(head.shape, np.uint8)
        lit[..., :3] = face
        lit[..., 3] = head[..., 3]
        return cv2.blur(lit, (2, 2))


def _resized(canvas: Canvas, factor: float) -> Canvas:
    """Return a canvas over the same box, of ``factor`` times the resolution."""
    box = (canvas.left, canvas.top, canvas.left + canvas.width / canvas.unit,
           canvas.top + canvas.height / canvas.unit)
    return Canvas.covering(canvas.unit * factor, box)


def _identity_maps(canvas: Canvas) -> tuple[np.ndarray, np.ndarray]:
    """Return the maps with which `cv2.remap` leaves an image as it is."""
    columns, rows = np.meshgrid(np.arange(canvas.width), np.arange(canvas.height))
    return columns.astype(np.float32), rows.astype(np.float32)


def _moved(image: np.ndarray, maps: tuple[np.ndarray, np.ndarray], field: np.ndarray, unit: float
           ) -> np.ndarray:
    """Return ``image`` with the skin displaced by ``field`` (coarse, in face units)."""
    columns, rows = maps
    step = cv2.resize(field, columns.shape[::-1], interpolation=cv2.INTER_LINEAR)
    step = step * np.float32(-unit)
    return cv2.remap(image, columns + step[..., 0], rows + step[..., 1], cv2.INTER_LINEAR,
                     borderMode=cv2.BORDER_REPLICATE)


def _softened(layer: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return a layer blurred where a near part of the head ends before a far one."""
    edge = np.zeros(columns.shape, np.uint8)
    edge[:, 1:] = np.abs(np.diff(columns, axis=1)) > 8.0
    near = cv2.dilate(edge, np.ones((3, 4), np.uint8))
    return np.where(near[..., None] > 0, cv2.blur(layer, (3, 3)), layer)


def _over(below: np.ndarray, layer: np.ndarray) -> np.ndarray:
    """Return float32 ``below`` (0..255) covered by an RGBA uint8 ``layer``."""
    opacity = layer[..., 3:].astype(np.float32) * np.float32(1.0 / 255.0)
    return below + opacity * (layer[..., :3] - below)
