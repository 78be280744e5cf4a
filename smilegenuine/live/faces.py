"""Faces as they come: each frame is looked at once, and cut out a moment later.

What `FaceAligner` and `FaceLandmarks` do with a clip is done here with a film that has no end. The
part that costs, looking at a frame, is theirs; what they work out with the whole clip in view, the
way of the eyes, is worked out from a few tenths of a second before and after each frame.
"""

from __future__ import annotations

import weakref
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..face.align import _SEARCH_EVERY, FaceAligner
from ..face.chips import ChipCutter
from ..face.detect import FaceDetector
from ..face.eye_centres import eye_centres
from ..face.following import Place, follow_faces, main_track, place_of
from ..face.landmarker import _TICK, Confidences, Seen, _seen, load_mediapipe, open_landmarker
from ..face.landmarker_bundle import find_bundle
from ..face.landmarks import _COUNT_EVERY, _MAX_GAP, FaceLandmarks
from ..face.paths import LEVEL_WIDTH, main_face
from ..face.smooth import robust_level, smooth_path
from ..face.tracks import FaceTrack, Scene

# Until the frame rate is known from the frames.
_RATE = 30.0
# Standard deviations of the smoothing that a frame's neighbours are looked at for.
_REACH = 3.0
# A chip is sampled anew where a face has become this much larger or smaller.
_RESIZED = 1.3
# Frames.
_UNEVEN = 1e-3
# Detections of the eyes that a track keeps however long ago they were.
_FEWEST_EYES = 8

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


class LandmarkLooks:
    """MediaPipe's Face Landmarker, asked about one frame after the other.

    As `FaceLandmarks` does, one face is followed for speed and once a second it is asked how many
    there are; where there are more, all are followed from then on.

    Parameters
    ----------
    step : FaceLandmarks
        Whose confidences, faces and model count.

    Raises
    ------
    ImportError
        MediaPipe is not installed.
    RuntimeError
        Its model is not to be had.
    """

    def __init__(self, step: FaceLandmarks) -> None:
        self._mp = load_mediapipe()
        self.model = find_bundle() if step.model is None else Path(step.model)
        self.least = Confidences(step.min_detection_confidence, step.min_presence_confidence,
                                 step.min_tracking_confidence)
        self.max_faces = step.max_faces
        self._open = ExitStack()
        # Also where nobody closes it: at its exit Python takes apart what MediaPipe closes with.
        weakref.finalize(self, self._open.close)
        self._follower = self._open.enter_context(open_landmarker(self.model, 1, self.least))
        self._counter = None
        if step.max_faces > 1:
            self._counter = self._open.enter_context(
                open_landmarker(self.model, step.max_faces, self.least, video=False))
        self._i, self._counted = -1, -np.inf

    def look(self, frame: np.ndarray, time: float) -> list[Seen]:
        """Give the faces of the next frame."""
        image = self._mp.Image(image_format=self._mp.ImageFormat.SRGB,
                               data=np.ascontiguousarray(frame))
        found = self._ask(image)
        if self._counter is not None and time - self._counted >= _COUNT_EVERY:
            self._counted = time
            if len(self._counter.detect(image).face_landmarks) > len(found.face_landmarks):
                self._open.close()
                self._counter = None
                self._follower = self._open.enter_context(
                    open_landmarker(self.model, self.max_faces, self.least))
                found = self._ask(image)
        return _seen(found, (frame.shape[1], frame.shape[0]))

    def _ask(self, image: Any) -> Any:
        self._i += 1
        return self._follower.detect_for_video(image, self._i * _TICK)

    def close(self) -> None:
        """Let MediaPipe's memory go."""
        self._open.close()


def main_seen(looks: list[list[Seen]], rate: float) -> dict[int, Seen]:
    """Give the face that counts in each frame in which it is seen, as `FaceLandmarks` chooses it.

    Parameters
    ----------
    looks : list of list of Seen
    rate : float
        Frames a second.

    Returns
    -------
    dict of int to Seen
    """
    if all(len(faces) < 2 for faces in looks):  # nobody to be mistaken for
        return {i: faces[0] for i, faces in enumerate(looks) if faces}
    places: list[list[Place]] = [[place_of(face.points) for face in faces] for faces in looks]
    tracks = follow_faces(places, max_gap=round(_MAX_GAP * rate))
    return {i: looks[i][k] for i, k in main_track(tracks, places).items()}


class EyeFinder(ABC):
    """Where the eyes of the main face are, in frames a moment ago. Subclasses say how.

    Attributes
    ----------
    changed : bool
        Somebody else is the main face since this was last set to False.
    """

    changed = False

    @abstractmethod
    def add(self, frame: Frame) -> None:
        """Look at the next frame."""

    @abstractmethod
    def eyes(self, number: int) -> np.ndarray | None:
        """(2,) complex: the image's left and right eye in a frame; None where there is no face."""

    @abstractmethod
    def newest(self) -> np.ndarray | None:
        """The eyes in the newest frame as far as they are known by now, for a picture."""

    @abstractmethod
    def forget(self, before: int) -> None:
        """Let go of what is known of frames before a number."""


class CascadeEyes(EyeFinder):
    """Eyes found by OpenCV's cascades and followed by optical flow.

    Parameters
    ----------
    aligner : FaceAligner
    """

    def __init__(self, aligner: FaceAligner) -> None:
        self.aligner = aligner
        self.scene = Scene(FaceDetector(aligner.min_face), 1, 1, 1)
        self._set_rate(_RATE)
        self._times: dict[int, float] = {}
        self._person: FaceTrack | None = None
        self._level: tuple[FaceTrack, np.ndarray] | None = None
        self._last = -1

    def _set_rate(self, rate: float) -> None:
        aligner, scene = self.aligner, self.scene
        scene.detect_every, scene.search_every, scene.max_gap = (
            # Clocks that tick unevenly must not decide which way halves are rounded.
            max(1, round(seconds * rate - _UNEVEN))
            for seconds in (aligner.detect_every, _SEARCH_EVERY, aligner.max_gap))

    def add(self, frame: Frame) -> None:
        """Look at the next frame."""
        self._times[frame.number] = frame.time
        self._last = frame.number
        if frame.number % 16 == 15:  # cameras slow down in the dark
            lately = np.array(list(self._times.values())[-64:])
            self._set_rate(1.0 / float(np.median(np.diff(lately))))
        self.scene.add(frame.picture)

    def eyes(self, number: int) -> np.ndarray | None:
        """Give the eyes in a frame, by the frames around it."""
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
        """Give the eyes by the newest pose of the head."""
        if self._level is None:
            return None
        track, level = self._level
        if not track.index or track.index[-1] != self._last:
            return None
        return np.asarray(track.poses[-1].p + track.poses[-1].q * level)

    def forget(self, before: int) -> None:
        """Let go of frames, and of faces that were seen in none of those that are left."""
        kept = []
        for track in self.scene.tracks:
            n = bisect_left(track.index, before)
            del track.index[:n], track.poses[:n]
            n = min(bisect_left(track.eyes_index, before), len(track.eyes) - _FEWEST_EYES)
            if n > 0:
                share = 1.0 - n / len(track.eyes)  # of those looked for, so many were found
                del track.eyes_index[:n], track.eyes[:n]
                track.looks = max(len(track.eyes), round(share * track.looks))
            n = min(bisect_left(track.seen, before), len(track.seen) - _FEWEST_EYES)
            del track.seen[:max(n, 0)]
            if track.index:
                kept.append(track)
        self.scene.tracks[:] = kept
        looked_at = {i for track in kept for i in track.eyes_index}
        self._times = {i: t for i, t in self._times.items() if i >= before or i in looked_at}


class MeshEyes(EyeFinder):
    """Eyes by the landmarks of MediaPipe.

    Parameters
    ----------
    aligner : FaceAligner
    """

    def __init__(self, aligner: FaceAligner) -> None:
        self.aligner = aligner
        self._frames: deque[tuple[int, float, list[Seen]]] = deque()

    def add(self, frame: Frame) -> None:
        """Keep what was seen in the frame."""
        self._frames.append((frame.number, frame.time, frame.seen))

    def eyes(self, number: int) -> np.ndarray | None:
        """Give the eyes in a frame, by the frames around it."""
        numbers = [n for n, _, _ in self._frames]
        k, times = numbers.index(number), np.array([t for _, t, _ in self._frames])
        rate = 1.0 / float(np.median(np.diff(times))) if len(times) > 1 else _RATE
        main = main_seen([seen for _, _, seen in self._frames], rate)
        if k not in main:
            return None
        width = self.aligner.smooth
        run = [j for j in sorted(main) if abs(times[j] - times[k]) <= _REACH * width + 1e-6
               and all(i in main for i in range(min(j, k), max(j, k)))]
        path = eye_centres(np.stack([main[j].points for j in run]).astype(float))
        return np.asarray(smooth_path(times[run], path, width)[run.index(k)])

    def newest(self) -> np.ndarray | None:
        """Give the eyes of the newest frame, of the largest face."""
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
        self.finder: EyeFinder = (MeshEyes if aligner.detector == "mediapipe" else CascadeEyes
                                  )(aligner)
        self._waiting: deque[Frame] = deque()
        self._cutter: ChipCutter | None = None
        self._cut_at = 0.0

    def add(self, frame: Frame) -> None:
        """Look at the next frame."""
        self.finder.add(frame)
        self._waiting.append(frame)

    def ready(self, until: float) -> Iterator[tuple[Frame, np.ndarray | None]]:
        """Give the frames that have waited long enough, with their chips; None where no face is.

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
        aligner, apart = self.aligner, float(abs(eyes[1] - eyes[0]))
        if self._cutter is None or not 1 / _RESIZED < apart / self._cut_at < _RESIZED:
            # Not for each frame: sharpness would flicker.
            self._cut_at = apart
            self._cutter = ChipCutter(aligner.size, aligner.margin, aligner.eye_height, apart)
        return self._cutter.cut(picture, complex(eyes[0]), complex(eyes[1]))

    def box(self) -> np.ndarray | None:
        """Give the corners of the chip in the newest frame, (4, 2) pixels; None without a face."""
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
