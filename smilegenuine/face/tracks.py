"""Follow the faces of a clip: which there are, and where each one's head goes.

A *track* is one face. Optical flow against a key patch says how the head moves, precisely and
without lag, but slowly loses its place; the cascades say where the eyes are, without drift, but
with errors of a pixel or two and worse in a blink. So a track records both: the poses that the flow
gives, and each detection of the eyes *in the head's own coordinates*, where it ought to stand
still. The two are put together afterwards, with the whole clip in view (`eye_paths.py`).
"""

from __future__ import annotations

import math
from bisect import bisect_left

import numpy as np

from . import optical_flow as flow
from .detect import EYE_DISTANCE, EYE_RISE, Box, FaceDetector
from .optical_flow import IDENTITY, KeyPatch, Pose

#: Parts of the key points that must agree on a motion: to believe it, to keep the key patch.
_BELIEVE, _KEEP = 0.4, 0.6
#: Patches are cut anew when the eyes lie further than this, in eye distances, from their places.
_ASKEW = 0.08
#: Faces followed at the same time, the widest; a crowd must not make a clip endlessly slow.
_MOST_FACES = 3
#: Detections with which a face proves itself, see `FaceTrack.is_face`.
_PROOF_FACES, _PROOF_EYES = 3, 2
#: Detections of the eyes, and of the face, that a track keeps however long ago they were.
_FEWEST_KEPT = 8
#: Seconds between two searches of the whole frame while a face is being followed.
_SEARCH_EVERY = 1.0


class FaceTrack:
    """One face: the poses of its head, and where the eyes were seen in it.

    Parameters
    ----------
    box : Box
        Where it was found.
    detector : FaceDetector

    Attributes
    ----------
    index : list of int
        Frames in which the head was followed, increasing.
    poses : list of Pose
        Its pose in each of them, in coordinates that stay fixed to the head.
    eyes_index : list of int
        Frames in which both eyes were detected.
    eyes : list of tuple of complex
        The image's left and right eye in them, in the head's coordinates.
    seen : list of int
        Frames in which a face was confirmed.
    """

    def __init__(self, box: Box, detector: FaceDetector) -> None:
        self.detector = detector
        self.index: list[int] = []
        self.poses: list[Pose] = []
        self.eyes_index: list[int] = []
        self.eyes: list[tuple[complex, complex]] = []
        self.seen: list[int] = []
        self.looks = 0
        self._pose = pose_of_box(box)
        # From nominal head coordinates (eyes at -0.5 and 0.5) to the track's own: patches are cut
        # by it, so that they are upright at the right size even when the first box was askew.
        self._seat = IDENTITY
        self._key: KeyPatch | None = None
        self._patch = np.empty((0, 0), np.uint8)
        self._cut = self._pose

    @property
    def is_face(self) -> bool:
        """Whether there is proof enough that this is a face and not a blob on the wall."""
        return (len(self.seen) >= _PROOF_FACES and len(self.eyes) >= _PROOF_EYES
                and len(self.eyes) >= 0.15 * self.looks)

    @property
    def eye_distance(self) -> float:
        """Distance between the eyes in pixels of the frame, by the latest pose."""
        return abs(self._pose.q * self._seat.q)

    def covers(self, box: Box) -> bool:
        """Whether a box is this face."""
        here = (self._pose @ self._seat).at(complex(0, EYE_RISE / EYE_DISTANCE))
        return abs(box.centre - here) < 0.3 * (box.width + self.eye_distance / EYE_DISTANCE)

    # -- following -----------------------------------------------------------------------------

    def start(self, frame: np.ndarray, i: int) -> None:
        """Take up the face in the frame in which its box was found."""
        self.seen.append(i)
        self._look_at(frame)
        self.detect(frame, i)
        self._record(i)

    def resume(self, frame: np.ndarray, i: int, other: FaceTrack) -> bool:
        """Go on with this track where another one, just started, shows the same face.

        Recognised by the key patch, whose points must be found again in their places: of another
        person's hardly any are.
        """
        if self._key is None:
            return False
        pose = other._pose @ other._seat
        moved, agreement = flow.follow(self._key, flow.cut_patch(frame, pose))
        if agreement < _BELIEVE or abs(moved.p) > 0.25 or abs(math.log(abs(moved.q))) > 0.25:
            return False
        self._pose = pose @ moved @ self._seat.inverse()
        self._look_at(frame)
        self.seen.append(i)
        self._record(i)
        return True

    def step(self, frame: np.ndarray, i: int) -> bool:
        """Follow the head into the next frame; False where it is lost."""
        last_patch, last_cut, last_pose = self._patch, self._cut, self._pose
        agreement = self._follow(frame, self._key)
        if agreement < _BELIEVE:
            # The key patch no longer fits (the face turned, the light changed): the last may.
            self._pose = last_pose
            last = flow.key_patch(last_patch)
            agreement = self._follow(frame, last, last_cut.inverse() @ self._head_pose())
            if agreement < _KEEP:
                self._pose = last_pose
                return False
            agreement = 0.0
        if agreement < _KEEP:
            self._look_at(frame)
        self._record(i)
        return True

    def _follow(self, frame: np.ndarray, key: KeyPatch | None, key_pose: Pose = IDENTITY
                ) -> float:
        """Update the pose by the flow, and give the part of the points that agree on it.

        `key_pose` is the pose of the head in the key patch; the identity where that is seated.
        """
        if key is None:
            return 0.0
        agreement = 0.0
        for _ in range(3):
            self._cut = self._head_pose()
            self._patch = flow.cut_patch(frame, self._cut)
            moved, agreement = flow.follow(key, self._patch)
            if agreement < 0.5 * _BELIEVE or not 0.5 < abs(moved.q) < 2.0:
                return 0.0
            self._pose = self._cut @ moved @ key_pose @ self._seat.inverse()
            # Once more where it moved far: the flow is best where little is left to find.
            if abs(moved.p) < 0.12 and abs(moved.q - 1) < 0.06:
                break
        return agreement

    def _head_pose(self) -> Pose:
        return self._pose @ self._seat

    def _look_at(self, frame: np.ndarray) -> None:
        """Take this frame as the key patch."""
        self._cut = self._head_pose()
        self._patch = flow.cut_patch(frame, self._cut)
        self._key = flow.key_patch(self._patch)

    def _record(self, i: int) -> None:
        self.index.append(i)
        self.poses.append(self._pose)

    def forget_after(self, i: int) -> None:
        """Drop the frames after frame i."""
        keep = int(np.searchsorted(self.index, i, side="right"))
        del self.index[keep:], self.poses[keep:]

    def forget_before(self, i: int) -> None:
        """Let go of the frames before frame i, but for the last detections."""
        n = bisect_left(self.index, i)
        del self.index[:n], self.poses[:n]
        n = min(bisect_left(self.eyes_index, i), len(self.eyes) - _FEWEST_KEPT)
        if n > 0:
            share = 1.0 - n / len(self.eyes)  # of those looked for, so many were found
            del self.eyes_index[:n], self.eyes[:n]
            self.looks = max(len(self.eyes), round(share * self.looks))
        n = min(bisect_left(self.seen, i), len(self.seen) - _FEWEST_KEPT)
        del self.seen[:max(n, 0)]

    # -- detecting -----------------------------------------------------------------------------

    def detect(self, frame: np.ndarray, i: int) -> None:
        """Look for the face and its eyes where the head is thought to be, and record them."""
        self.looks += 1
        face = self.detector.confirm(self._patch, flow.PATCH_DISTANCE / EYE_DISTANCE)
        eyes = self._find_eyes()
        if (face or eyes) and self.seen[-1:] != [i]:
            self.seen.append(i)
        if eyes is None:
            return
        back = self._pose.inverse() @ self._cut
        self.eyes_index.append(i)
        self.eyes.append((back.at(eyes[0]), back.at(eyes[1])))
        if len(self.eyes) == 1 or self._askew() > _ASKEW:
            self._sit()
            self._look_at(frame)

    def _find_eyes(self) -> tuple[complex, complex] | None:
        """The most plausible pair of eyes in the patch, in nominal head coordinates."""
        top, bottom = (int(flow.PATCH_MIDDLE.imag + v * flow.PATCH_DISTANCE) for v in (-0.75, 0.75))
        # Where the plain cascade keeps failing there may be glasses, for which there is another.
        glasses = self.looks > 3 and len(self.eyes) < 0.5 * self.looks
        found = self.detector.eyes(self._patch[top:bottom], flow.PATCH_DISTANCE, glasses=glasses)
        places = flow.to_head(found + 1j * top)
        slack = 0.3 if self.eyes else 0.4
        pairs = [(complex(a), complex(b)) for a in places[abs(places + 0.5) < slack]
                 for b in places[abs(places - 0.5) < slack]
                 if 0.7 < abs(b - a) < 1.35 and abs((b - a).imag) <= 0.4 * (b - a).real]
        return min(pairs, key=lambda pair: abs(pair[0] + 0.5) + abs(pair[1] - 0.5), default=None)

    def _recent_eyes(self) -> tuple[complex, complex]:
        recent = np.array(self.eyes[-5:])
        left, right = np.median(recent.real, axis=0) + 1j * np.median(recent.imag, axis=0)
        return complex(left), complex(right)

    def _askew(self) -> float:
        left, right = (self._seat.inverse().at(e) for e in self._recent_eyes())
        return max(abs(left + 0.5), abs(right - 0.5))

    def _sit(self) -> None:
        left, right = self._recent_eyes()
        self._seat = Pose(0.5 * (left + right), right - left)


def pose_of_box(box: Box) -> Pose:
    """Pose of an upright head in a face box."""
    return Pose(box.centre - 1j * EYE_RISE * box.width, complex(EYE_DISTANCE * box.width))


class Scene:
    """All faces of a clip or film, followed frame by frame.

    Parameters
    ----------
    detector : FaceDetector
    detect_every : float
        Seconds between two detections.
    max_gap : float
        Seconds for which a face is followed without being detected.
    rate : float
        Frames a second. 0 where nobody knows it yet: then no frame is left out.

    Attributes
    ----------
    tracks : list of FaceTrack
        In the order of their appearance.
    """

    def __init__(self, detector: FaceDetector, detect_every: float, max_gap: float, rate: float
                 ) -> None:
        self.detector = detector
        self._seconds = detect_every, _SEARCH_EVERY, max_gap
        self.set_rate(rate)
        self.tracks: list[FaceTrack] = []
        self._active: list[FaceTrack] = []
        self._last_search = -self._search_every
        self._lost_at = -self._max_gap - 1
        self._i = -1

    def set_rate(self, rate: float, slack: float = 0.0) -> None:
        """Take another frame rate, as cameras change theirs.

        Parameters
        ----------
        rate : float
            Frames a second.
        slack : float, default=0.0
            Frames taken off before seconds are rounded to frames: clocks that tick unevenly must
            not decide which way halves are rounded.
        """
        self._detect_every, self._search_every, self._max_gap = (
            max(1, round(seconds * rate - slack)) for seconds in self._seconds)

    @property
    def n_frames(self) -> int:
        """How many frames were looked at."""
        return self._i + 1

    def look(self, frame: np.ndarray) -> None:
        """Look at the next frame."""
        self._i += 1
        i = self._i
        before = len(self._active)
        self._active = [t for t in self._active if self._carry(t, frame)]
        if len(self._active) < before:
            self._lost_at = i
        due = self._search_every
        if not self._active:
            # The first frames are searched one by one for the sake of very short clips, and a face
            # that was lost a moment ago may well be back soon.
            recent = i - self._lost_at <= self._max_gap
            due = (1 if i < 3 else max(1, self._detect_every // 3) if recent
                   else self._detect_every)
        if i - self._last_search >= due or self._lost_at == i:
            self._search(frame)

    def forget_before(self, i: int) -> None:
        """Let go of the frames before frame i, and of faces seen in none of those that are left."""
        for track in self.tracks:
            track.forget_before(i)
        self.tracks[:] = [track for track in self.tracks if track.index]

    def _carry(self, track: FaceTrack, frame: np.ndarray) -> bool:
        i = self._i
        if not track.step(frame, i):
            return False
        if track.looks < 3 or (i - track.index[0]) % self._detect_every == 0:
            track.detect(frame, i)
        if track.looks >= 3 and len(track.seen) < 2:
            return False
        if i - track.seen[-1] > self._max_gap:
            # Nobody has seen a face since: what was followed may be a hand, or the wall.
            track.forget_after(track.seen[-1])
            return False
        return True

    def _search(self, frame: np.ndarray) -> None:
        self._last_search = self._i
        for box in self.detector.search(frame):
            if len(self._active) >= _MOST_FACES:
                break
            if any(track.covers(box) for track in self._active):
                continue
            self._active.append(self._take_up(box, frame))

    def _take_up(self, box: Box, frame: np.ndarray) -> FaceTrack:
        new = FaceTrack(box, self.detector)
        new.start(frame, self._i)
        for old in reversed(self.tracks):
            if old not in self._active and old.is_face and old.resume(frame, self._i, new):
                return old
        self.tracks.append(new)
        return new
