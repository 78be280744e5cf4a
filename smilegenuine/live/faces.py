"""Faces as they come: each frame is looked at once, and cut out a moment later.

What `FaceAligner` and `FaceLandmarks` do with a clip is done here with a film that has no end. The
part that costs, looking at a frame, is their `looker`; what they work out with the whole clip in
view, the way of the eyes, is worked out from a few tenths of a second before and after each frame.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ..face.align import FaceAligner
from ..face.chips import ChipCutter
from ..face.eye_centres import eye_centres
from ..face.eye_paths import LEVEL_WIDTH, main_face
from ..face.following import place_of
from ..face.landmarker import Seen
from ..face.landmarks import main_faces
from ..face.smooth import robust_level, smooth_path
from ..face.tracks import FaceTrack

# Until the frame rate is known from the frames.
_RATE = 30.0
# Standard deviations of the smoothing that a frame's neighbours are looked at for.
_REACH = 3.0
# A chip is sampled anew where a face has become this much larger or smaller.
_RESIZED = 1.3
# Frames.
_UNEVEN = 1e-3

_CORNERS = np.array([0, 1, 1 + 1j, 1j])


class Frame(NamedTuple):
    """A frame that waits for those after it.

    Attributes
    ----------
    number : int
        From 0.
    time : float
        Seconds.
    picture : array of shape (H, W, 3), uint8
    seen : list of Seen
        Its faces by MediaPipe; empty without.
    """

    number: int
    time: float
    picture: np.ndarray
    seen: list[Seen]


def main_seen(looks: list[list[Seen]], times: np.ndarray) -> dict[int, Seen]:
    """Return the face that counts in each frame in which it is seen, as `FaceLandmarks` chooses it.

    Parameters
    ----------
    looks : list of list of Seen
        The faces of each frame.
    times : array of shape (T,)
        Seconds, of the frames.

    Returns
    -------
    dict of int to Seen
    """
    if all(len(faces) < 2 for faces in looks):  # nobody to be mistaken for
        return {i: faces[0] for i, faces in enumerate(looks) if faces}
    return main_faces(looks, 1.0 / float(np.median(np.diff(times))) if len(times) > 1 else _RATE)


class CascadeEyes:
    """Eyes of the main face, found by OpenCV's cascades and followed by optical flow.

    Parameters
    ----------
    aligner : FaceAligner

    Attributes
    ----------
    changed : bool
        Somebody else is the main face since this was last set to False.
    """

    changed = False

    def __init__(self, aligner: FaceAligner) -> None:
        self.aligner = aligner
        self.scene = aligner.looker(0.0)  # a film may begin with anything: all is looked at
        self.scene.set_rate(_RATE, _UNEVEN)
        self._times: dict[int, float] = {}
        self._person: FaceTrack | None = None
        self._level: tuple[FaceTrack, np.ndarray] | None = None
        self._last = -1

    def add(self, frame: Frame) -> None:
        """Look at the next frame."""
        self._times[frame.number] = frame.time
        self._last = frame.number
        if frame.number % 16 == 15:  # cameras slow down in the dark
            lately = np.array(list(self._times.values())[-64:])
            self.scene.set_rate(1.0 / float(np.median(np.diff(lately))), _UNEVEN)
        self.scene.look(frame.picture)

    def eyes(self, number: int) -> np.ndarray | None:
        """Return the image's left and right eye in a frame, (2,) complex, by the frames around it.

        None where there is no face.
        """
        chosen = main_face(self.scene.tracks)
        if not chosen:
            return None
        if self._person is not None and not any(track is self._person for track in chosen):
            self.changed = True
        self._person = chosen[0]
        for track in chosen:
            k = bisect_left(track.index, number)
            if k < len(track.index) and track.index[k] == number:
                return self._at(track, k)
        return None

    def _at(self, track: FaceTrack, k: int) -> np.ndarray:
        now, width = self._times[track.index[k]], self.aligner.smooth
        run = [k]
        for way in (-1, 1):  # neighbours in time, up to a gap
            j = k + way
            while (0 <= j < len(track.index) and track.index[j] - track.index[j - way] == way
                   and abs(self._times[track.index[j]] - now) <= _REACH * width + 1e-6):
                run.append(j)
                j += way
        run.sort()
        seen = np.array([self._times[i] for i in track.eyes_index])
        places = np.array(track.eyes)
        level = np.array([robust_level(np.array([now]), seen, places[:, side], LEVEL_WIDTH)[0]
                          for side in (0, 1)])
        self._level = track, level
        path = np.array([track.poses[j].p + track.poses[j].q * level for j in run])
        times = np.array([self._times[track.index[j]] for j in run])
        return np.asarray(smooth_path(times, path, width)[run.index(k)])

    def newest(self) -> np.ndarray | None:
        """Return the eyes in the newest frame, as far as they are known by now."""
        if self._level is None:
            return None
        track, level = self._level
        if not track.index or track.index[-1] != self._last:
            return None
        return np.asarray(track.poses[-1].p + track.poses[-1].q * level)

    def forget(self, before: int) -> None:
        """Let go of frames, and of faces that were seen in none of those that are left."""
        self.scene.forget_before(before)
        looked_at = {i for track in self.scene.tracks for i in track.eyes_index}
        self._times = {i: t for i, t in self._times.items() if i >= before or i in looked_at}


class MeshEyes:
    """Eyes of the main face by the landmarks of MediaPipe; the same methods as `CascadeEyes`.

    Parameters
    ----------
    aligner : FaceAligner
    """

    changed = False

    def __init__(self, aligner: FaceAligner) -> None:
        self.aligner = aligner
        self._frames: deque[tuple[int, float, list[Seen]]] = deque()

    def add(self, frame: Frame) -> None:
        """Keep what was seen in the frame."""
        self._frames.append((frame.number, frame.time, frame.seen))

    def eyes(self, number: int) -> np.ndarray | None:
        """Return the image's left and right eye in a frame, (2,) complex, by the frames around it.

        None where there is no face.
        """
        numbers = [n for n, _, _ in self._frames]
        k, times = numbers.index(number), np.array([t for _, t, _ in self._frames])
        main = main_seen([seen for _, _, seen in self._frames], times)
        if k not in main:
            return None
        width = self.aligner.smooth
        run = [j for j in sorted(main) if abs(times[j] - times[k]) <= _REACH * width + 1e-6
               and all(i in main for i in range(min(j, k), max(j, k)))]
        path = eye_centres(np.stack([main[j].points for j in run]).astype(float))
        return np.asarray(smooth_path(times[run], path, width)[run.index(k)])

    def newest(self) -> np.ndarray | None:
        """Return the eyes of the newest frame, of the largest face."""
        seen = self._frames[-1][2] if self._frames else []
        if not seen:
            return None
        face = max(seen, key=lambda face: place_of(face.points).size)
        return np.asarray(eye_centres(face.points[None].astype(float))[0])

    def forget(self, before: int) -> None:
        """Let go of frames."""
        while self._frames and self._frames[0][0] < before:
            self._frames.popleft()


class ChipStream:
    """Cuts the face out of each frame, as soon as enough of the frames after it are there.

    Parameters
    ----------
    aligner : FaceAligner
    delay : float
        Seconds for which a frame waits, so that the way of the eyes is smoothed looking both ways.
    """

    def __init__(self, aligner: FaceAligner, delay: float) -> None:
        self.aligner, self.delay = aligner, delay
        self.finder = (MeshEyes if aligner.detector == "mediapipe" else CascadeEyes)(aligner)
        self._waiting: deque[Frame] = deque()
        self._cutter: ChipCutter | None = None
        self._cut_at = 0.0

    def add(self, frame: Frame) -> None:
        """Look at the next frame."""
        self.finder.add(frame)
        self._waiting.append(frame)

    def ready(self, until: float) -> Iterator[tuple[Frame, np.ndarray | None]]:
        """Yield the frames that have waited long enough, with their chips; None where no face is.

        Parameters
        ----------
        until : float
            Seconds: the time of the newest frame; inf gives all that are left.
        """
        while self._waiting and self._waiting[0].time <= until - self.delay + 1e-6:
            frame = self._waiting.popleft()
            eyes = self.finder.eyes(frame.number)
            yield frame, None if eyes is None else self._cut(frame.picture, eyes)

    def _cut(self, picture: np.ndarray, eyes: np.ndarray) -> np.ndarray:
        apart = float(abs(eyes[1] - eyes[0]))
        if self._cutter is None or not 1 / _RESIZED < apart / self._cut_at < _RESIZED:
            # Not for each frame: sharpness would flicker.
            self._cut_at = apart
            self._cutter = self.aligner.cutter(apart)
        return self._cutter.cut(picture, complex(eyes[0]), complex(eyes[1]))

    def box(self) -> np.ndarray | None:
        """Return the corners of the newest frame's chip, (4, 2) pixels; None without a face."""
        eyes = self.finder.newest()
        if eyes is None:
            return None
        aligner = self.aligner
        side = (eyes[1] - eyes[0]) / (1 - 2 * aligner.margin)
        corners = eyes[0] + side * (_CORNERS - complex(aligner.margin, aligner.eye_height))
        return np.column_stack([corners.real, corners.imag])

    def forget(self, before: int) -> None:
        """Let go of frames before a number, but for those that wait."""
        if self._waiting:
            before = min(before, self._waiting[0].number)
        self.finder.forget(before)
