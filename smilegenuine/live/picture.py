"""The picture that is shown while somebody is watched: frame, action units, curve, probability."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import cv2
import numpy as np

from ..clips.au_table import AU_NAMES
from ..features.clip_phases import SmileLevel
from ..plotting.style import AGAINST_FOR, SHADES
from .live_decision import LiveMoment, LiveSmile

#: Largest width and height of the frame in the picture, and the least height, in pixels.
_MOST, _LEAST = (960, 720), 420
_PANEL, _STRIP = 300, 130  # width beside the frame, height below it
_ROOM = 12  # between things
_MOST_AU = 5.0

_PAPER, _INK, _GREY = (255, 255, 255), (30, 30, 30), (190, 190, 190)
_BAR = (0, 158, 115)


class LivePicture:
    """Draws what is known at each moment beside and below the frame.

    Parameters
    ----------
    classes : array of shape (2,)
        Labels of the model.
    seconds : float, default=15.0
        Of the curve.
    """

    def __init__(self, classes: np.ndarray, seconds: float = 15.0) -> None:
        self.names = [_plain(label) for label in classes]
        self.seconds = float(seconds)
        self._phases: deque[tuple[float, str]] = deque()

    def draw(self, frame: np.ndarray, moment: LiveMoment, curve: SmileLevel | None = None,
             smiles: Sequence[LiveSmile] = ()) -> np.ndarray:
        """Return the picture.

        Parameters
        ----------
        frame : array of shape (H, W, 3), uint8
            RGB.
        moment : LiveMoment
            Later than that of the picture before.
        curve : SmileLevel, optional
            `LiveDecision.curve_`.
        smiles : sequence of LiveSmile, optional
            `LiveDecision.smiles`; the last one is named.

        Returns
        -------
        array of shape (h, w, 3), uint8
            RGB; of even height and width, the same for frames of the same size.
        """
        self._remember(moment)
        scene = _fitted(frame, moment.box)
        height, width = scene.shape[:2]
        sheet = np.full((height + _STRIP, width + _PANEL, 3), _PAPER, np.uint8)
        sheet[:height, :width] = scene
        self._draw_panel(sheet[:height, width:], moment, smiles)
        self._draw_curve(sheet[height:], moment, curve)
        return sheet

    def _remember(self, moment: LiveMoment) -> None:
        if np.isfinite(moment.measured) and (not self._phases
                                             or self._phases[-1][0] < moment.measured):
            self._phases.append((moment.measured, moment.phase))
        while self._phases and self._phases[0][0] < moment.time - 2 * self.seconds:
            self._phases.popleft()

    # -- beside the frame ------------------------------------------------------------------------

    def _draw_panel(self, panel: np.ndarray, moment: LiveMoment, smiles: Sequence[LiveSmile]
                    ) -> None:
        y = _ROOM + 14
        _write(panel, _state(moment), (_ROOM, y), 0.55)
        y += 12
        self._draw_probability(panel, y, moment)
        y += 78
        if smiles:
            last = smiles[-1]
            said = "cannot tell" if last.decision is None else _plain(last.decision)
            _write(panel, f"last: {said}, {last.begin:.1f}-{last.end:.1f} s", (_ROOM, y), 0.42)
        y += 10
        self._draw_units(panel, y, moment.aus)

    def _draw_probability(self, panel: np.ndarray, y: int, moment: LiveMoment) -> None:
        p = moment.probability
        left, right = _ROOM, panel.shape[1] - _ROOM
        colours = [_rgb(AGAINST_FOR[0]), _rgb(AGAINST_FOR[2])]
        cv2.rectangle(panel, (left, y), (right, y + 18), _GREY, 1)
        middle = (left + right) // 2
        if np.isfinite(p):
            at = round(left + p * (right - left))
            second = int(p > 0.5)
            cv2.rectangle(panel, (min(at, middle), y + 1), (max(at, middle), y + 17),
                          colours[second], -1)
            said = f"P({self.names[1]}) = {p:.2f}"
            if moment.decision is not None and _plain(moment.decision) not in self.names:
                said += f": {_plain(moment.decision)}"  # of a model that abstains
            _write(panel, said, (left, y + 54), 0.5)
        else:
            _write(panel, "cannot tell yet", (left, y + 54), 0.5, (120, 120, 120))
        cv2.line(panel, (middle, y - 3), (middle, y + 21), _INK, 1)
        _write(panel, self.names[0], (left, y + 32), 0.38, colours[0])
        size = cv2.getTextSize(self.names[1], cv2.FONT_HERSHEY_SIMPLEX, 0.38, 1)[0][0]
        _write(panel, self.names[1], (right - size, y + 32), 0.38, colours[1])

    def _draw_units(self, panel: np.ndarray, y: int, aus: np.ndarray | None) -> None:
        if aus is None:
            _write(panel, "no action units", (_ROOM, y + 14), 0.42, (120, 120, 120))
            return
        step = (panel.shape[0] - y - _ROOM) // len(AU_NAMES)
        left, right = _ROOM + 48, panel.shape[1] - _ROOM - 30
        for k, (name, value) in enumerate(zip(AU_NAMES, aus, strict=True)):
            base = y + (k + 1) * step - 3
            _write(panel, name, (_ROOM, base), 0.36)
            if np.isfinite(value):
                share = float(np.clip(value / _MOST_AU, 0.0, 1.0))
                cv2.rectangle(panel, (left, base - step + 6),
                              (left + round(share * (right - left)), base), _BAR, -1)
                _write(panel, f"{value:.1f}", (right + 6, base), 0.36)
            cv2.line(panel, (left, base + 1), (right, base + 1), _GREY, 1)

    # -- below it --------------------------------------------------------------------------------

    def _draw_curve(self, strip: np.ndarray, moment: LiveMoment, curve: SmileLevel | None) -> None:
        top, bottom = 24, strip.shape[0] - _ROOM
        left, right = _ROOM, strip.shape[1] - _ROOM
        end = max(moment.time, self.seconds)

        def place(times: np.ndarray) -> np.ndarray:
            return np.asarray(left + (times - end + self.seconds) / self.seconds * (right - left))

        marks = [*self._phases, (moment.measured, "")]
        for (at, phase), (until, _) in pairwise(marks):
            x0, x1 = np.clip(place(np.array([at, until])), left, right).round().astype(int)
            if phase in SHADES and x1 > x0:
                cv2.rectangle(strip, (int(x0), top), (int(x1), bottom), _rgb(SHADES[phase]), -1)
        cv2.rectangle(strip, (left, top), (right, bottom), _GREY, 1)
        kind = "smile" if curve is None else {
            "smile": "smile intensity", "AU12": "AU12", "lips": "lip corners"}[curve.kind]
        _write(strip, f"{kind}, last {self.seconds:g} s", (left, top - 7), 0.42)
        x = right
        for name in reversed(SHADES):
            x -= 12 + cv2.getTextSize(name, cv2.FONT_HERSHEY_SIMPLEX, 0.38, 1)[0][0]
            _write(strip, name, (x, top - 7), 0.38)
            cv2.rectangle(strip, (x - 14, top - 16), (x - 4, top - 6), _rgb(SHADES[name]), -1)
            x -= 14
        if curve is None:
            return
        inside = (curve.times >= end - self.seconds) & np.isfinite(curve.level)
        if inside.sum() < 2:
            return
        times, level = curve.times[inside], curve.level[inside]
        low, high = float(level.min()), float(level.max())
        room = max(high - low, 1e-9)
        points = np.column_stack([place(times),
                                  bottom - 6 - (level - low) / room * (bottom - top - 12)])
        gaps = np.flatnonzero(np.diff(times) > 4 * np.median(np.diff(times))) + 1
        for part in np.split(points, gaps):
            cv2.polylines(strip, [part.round().astype(np.int32)], False, _INK, 1, cv2.LINE_AA)


def _state(moment: LiveMoment) -> str:
    if moment.phase:
        return f"{moment.phase}, {moment.since:.1f} s"
    if moment.measuring and moment.reason not in ("", "measuring", "no face", "no smile yet"):
        return "cannot be judged"
    return "measuring ..." if moment.reason == "measuring" else moment.reason or "watching"


def _fitted(frame: np.ndarray, box: np.ndarray | None) -> np.ndarray:
    """The frame at the size of the picture, with the face's box."""
    height, width = frame.shape[:2]
    scale = min(_MOST[0] / width, _MOST[1] / height, max(1.0, _LEAST / height))
    size = tuple(max(2, 2 * round(scale * side / 2)) for side in (width, height))
    scene = cv2.resize(frame, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    if box is not None and np.isfinite(box).all():
        corners = np.clip(box * scale, -1e4, 1e4).round().astype(np.int32)
        cv2.polylines(scene, [corners], True, (255, 255, 255), 3, cv2.LINE_AA)
        cv2.polylines(scene, [corners], True, _BAR, 1, cv2.LINE_AA)
    if scene.shape[0] >= _LEAST - 1:
        return np.ascontiguousarray(scene)
    # Of a very wide frame: the panel beside it needs its height.
    above, below = (_LEAST - scene.shape[0]) // 2, (_LEAST - scene.shape[0] + 1) // 2
    return cv2.copyMakeBorder(scene, above, below, 0, 0, cv2.BORDER_CONSTANT, value=(40, 40, 40))


def _write(sheet: np.ndarray, text: str, at: tuple[int, int], size: float,
           colour: tuple[int, int, int] = _INK) -> None:
    cv2.putText(sheet, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)


def _plain(label: Any) -> str:
    """A label in letters that OpenCV can write."""
    return str(label).encode("ascii", "replace").decode()[:24]


def _rgb(colour: str) -> tuple[int, int, int]:
    r, g, b = bytes.fromhex(colour[1:])
    return r, g, b
