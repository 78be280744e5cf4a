"""`FaceAligner`: from frames to face chips with level, steady eyes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ..clips.errors import ClipError, NoFaceError
from ..clips.frame_times import frame_times
from ..clips.record import Clip
from ..clips.steps import ClipTransformer, check_positive, has_signals_only, require_fields
from .chips import ChipCutter, store_chips
from .detect import FaceDetector
from .eye_centres import landmark_eye_path
from .eye_paths import eye_path, main_face
from .landmarks import FaceLandmarks
from .tracks import Scene

#: Decoded frames are kept for the second pass while they total no more than this many bytes.
_KEEP_FRAMES = 128 * 2 ** 20
_FEWEST_FRAMES = 3
_DETECTORS = ("cascade", "mediapipe")


class FaceAligner(ClipTransformer):
    """Cut the main face out of every frame: eyes level, always in the same place.

    The face is found with OpenCV's cascades and followed with optical flow, or found by MediaPipe's
    landmarks, so that the chips stand still to a fraction of a pixel through head motion, blinks
    and smiles: features of the chips then change because the face changes.

    Parameters
    ----------
    size : int, default=96
        Side of a chip in pixels.
    margin : float, default=0.32
        Distance of the eye centres from the chip's left and right side, as a part of `size`.
    eye_height : float, default=0.30
        Distance of the eye centres from the chip's top, as a part of `size`.
    detect_every : float, default=0.15
        Seconds between two detections; in between, and over it, the face is followed.
    smooth : float, default=0.05
        Standard deviation in seconds of the zero-phase smoothing of the eye positions (a local
        parabola, so that head movements keep their extent). 0: none.
    max_gap : float, default=0.5
        Seconds. A face is followed no longer than this without being detected, and gaps no longer
        than this are interpolated: their chips show what is there, `valid` is False.
    min_face : float, default=0.12
        Narrowest face looked for, as a part of the frame's shorter side.
    detector : {"cascade", "mediapipe"}, default="cascade"
        What finds the eyes. "mediapipe": `FaceLandmarks`, or the landmarks that a clip has already;
        it needs the extra `mediapipe`, and `detect_every` and `min_face` say nothing to it.
    n_jobs : int or None, default=None
        Clips worked on at the same time; see joblib.
    verbose : bool, default=False
        Show a progress bar.
    memory : str, Path, ClipCache, joblib.Memory or None, default=None
        Cache folder of measured clips; see `smilegenuine.clips.cache`.

    Raises
    ------
    NoFaceError
        In `transform`: there is no face in any frame.
    ClipError
        In `transform`: fewer than 3 frames, or neither frames nor `faces`.
    RuntimeError
        In `transform`: this OpenCV comes without cascades; or MediaPipe's model is not to be had.
    ImportError
        In `transform`, with `detector="mediapipe"`: MediaPipe is not installed.

    Notes
    -----
    `transform` fills `faces` (T, size, size, 3), `valid` (T,) and `times` (T,). Clips that have
    `faces` pass untouched, and so do clips without pictures whose `aus` are known. Frames are valid
    where the face itself was followed; elsewhere the chip is black, or in short gaps cut at the
    interpolated place, and `valid` is False.

    Of several faces the largest over time counts (sum over the frames of its size). A face that
    leaves and returns is one face, recognised by its size alone: the aligner does not know people
    apart who appear one after the other.

    A face counts when it was detected at least three times and both eyes in it at least twice, so
    that a blob on the wall is no face; sunglasses hide a face.

    In drawn videos of 160 pixels, whose true eye positions are known, with head motion, smiles,
    blinks and raised brows, the eyes of a 96-pixel chip stand still to 0.25 pixels (standard
    deviation; 0.04 from frame to frame) and lie 0.5 pixels from their places. Turning the head to
    the side by 25 degrees makes that 1 pixel. Heads may be tilted by up to 20 degrees when they
    are found, and further afterwards.

    The video is read twice, unless its frames total less than 128 MB; memory does not grow with
    its length, as chips beyond 64 MB go to a temporary file.

    *Which detector.* "mediapipe" takes the middles of the eyes' corners, which lids and gaze hardly
    move, brought to where the cascades see the eyes, so that chips are alike. What it finds
    (`landmarks`, `blendshapes`, `head_pose`) stays in the clip, and landmarks that a clip has are
    used: no model is needed then. It finds heads that are tilted by up to 90 degrees or look to the
    side, and works where OpenCV has no cascades; it needs no proof from several frames, and holds a
    face behind a hand for valid. In the drawn videos above its eyes stand still to 0.25 pixels
    (0.07 from frame to frame) and lie 0.9 pixels from their places, those of the cascades to 0.20
    (0.03) and 1.0; with heads turned by 25 degrees it is 0.6 and 0.7 pixels. So "cascade", the
    default, is better where chips must stand still from frame to frame, and needs nothing
    installed; "mediapipe" where heads turn and tilt, or where landmarks are wanted anyway.

    Examples
    --------
    >>> from smilegenuine.face.align import FaceAligner
    >>> clips = FaceAligner(size=64).transform(["smile.mp4"])  # doctest: +SKIP
    >>> clips[0].faces.shape  # doctest: +SKIP
    (120, 64, 64, 3)
    """

    def __init__(self, size: int = 96, margin: float = 0.32, eye_height: float = 0.30,
                 detect_every: float = 0.15, smooth: float = 0.05, max_gap: float = 0.5,
                 min_face: float = 0.12, detector: str = "cascade", n_jobs: int | None = None,
                 verbose: int | bool = False, memory: Any = None) -> None:
        self.size = size
        self.margin = margin
        self.eye_height = eye_height
        self.detect_every = detect_every
        self.smooth = smooth
        self.max_gap = max_gap
        self.min_face = min_face
        self.detector = detector
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.memory = memory

    @property
    def adds(self) -> tuple[str, ...]:  # type: ignore[override]
        return ("faces", "valid", "times", *self._landmark_fields)

    @property
    def reads(self) -> tuple[str, ...]:  # type: ignore[override]
        return ("frames", "times", "valid", "aus", *self._landmark_fields)

    @property
    def _landmark_fields(self) -> tuple[str, ...]:
        # What the clip knows of them is used, and what is found stays in it.
        by_landmarks = self.detector == "mediapipe"
        return ("landmarks", "blendshapes", "head_pose") if by_landmarks else ()

    def _check_params(self) -> None:
        check_positive("size", self.size, whole=True, at_least=8)
        for name in ("margin", "eye_height", "detect_every", "smooth", "max_gap", "min_face"):
            check_positive(name, getattr(self, name))
        if not self.margin < 0.5:
            raise ValueError(f"margin must be below 0.5, where the eyes meet, not {self.margin!r}")
        if not self.eye_height < 1.0:
            raise ValueError(f"eye_height must be below 1, not {self.eye_height!r}")
        if not 0.02 <= self.min_face <= 1.0:
            raise ValueError(f"min_face must lie within 0.02 and 1, not {self.min_face!r}")
        if self.detector not in _DETECTORS:
            raise ValueError(f"detector must be 'cascade' or 'mediapipe', not {self.detector!r}")

    def transform_clip(self, clip: Clip) -> Clip:
        """Return the clip with its chips; where frames are few they are read once only."""
        if has_signals_only(clip):
            return clip
        require_fields(clip, ("frames",), "FaceAligner",
                       "give a video, an image folder, an array of frames, or clips that have "
                       "`faces` already")
        if self.detector == "mediapipe":
            if clip.landmarks is None:
                clip = FaceLandmarks().transform_clip(clip)
            landmarks: Any = clip.landmarks  # FaceLandmarks fills it or raises
            return self.assemble(clip, landmarks)
        scene = self.looker(float(clip.fps))  # `as_clips` gave one to clips that carry none
        frames: list[np.ndarray] = []
        n_bytes = 0
        for frame in clip.frames:  # type: ignore[union-attr]  # checked by require_fields
            scene.look(frame)
            frames.append(frame)
            n_bytes += frame.nbytes
            if n_bytes > _KEEP_FRAMES:
                frames.clear()
        return self.assemble(clip, scene, frames if n_bytes <= _KEEP_FRAMES else None)

    def looker(self, rate: float) -> Scene:
        """Return what looks for faces with the cascades, in the frames of one clip or film.

        Parameters
        ----------
        rate : float
            Frames a second; 0 where nobody knows it yet, see `Scene.set_rate`.

        Returns
        -------
        Scene
            Its `look` takes one frame after the other.

        Raises
        ------
        RuntimeError
            This OpenCV comes without cascades.
        """
        return Scene(FaceDetector(self.min_face), self.detect_every, self.max_gap, rate)

    def assemble(self, clip: Clip, seen: Scene | np.ndarray,
                 frames: Iterable[np.ndarray] | None = None) -> Clip:
        """Return a clip with the chips of its main face, from what was seen of its frames.

        Parameters
        ----------
        clip : Clip
            With `frames`.
        seen : Scene, or array of shape (T, 478, 3)
            From `looker`, which has seen all frames; or their landmarks.
        frames : iterable of array of shape (H, W, 3), uint8, optional
            The frames, where they are at hand; else they are read.

        Returns
        -------
        Clip

        Raises
        ------
        NoFaceError, ClipError
            There is no face in any frame; or there are fewer than 3, or others than were looked at.
        """
        n = seen.n_frames if isinstance(seen, Scene) else len(seen)
        if n < _FEWEST_FRAMES:
            raise ClipError(clip.label, f"is too short: {n} frame{'s' * (n != 1)}, where a smile "
                            f"needs at least {_FEWEST_FRAMES}. Give a video, not a picture")
        times = frame_times(clip, n)
        eyes, tracked = self._eyes(clip, seen, times)
        cutter = self.cutter(float(np.nanmedian(abs(eyes[:, 1] - eyes[:, 0]))))
        faces = store_chips(_chips(clip, frames, eyes, cutter), n, self.size)
        valid = tracked if clip.valid is None else tracked & clip.valid
        return clip.replace(faces=faces, valid=valid, times=times)

    def cutter(self, eye_distance: float) -> ChipCutter:
        """Return what cuts chips of this aligner's size and geometry.

        Parameters
        ----------
        eye_distance : float
            Typical distance between the eyes in the frames, in pixels.

        Returns
        -------
        ChipCutter
        """
        return ChipCutter(self.size, self.margin, self.eye_height, eye_distance)

    def _eyes(self, clip: Clip, seen: Scene | np.ndarray, times: np.ndarray
              ) -> tuple[np.ndarray, np.ndarray]:
        """Where the eyes are, and in which frames the face was followed."""
        if isinstance(seen, Scene):
            why = (". The face must be upright, seen from the front with both eyes visible, and at "
                   f"least {self.min_face:.0%} of the frame's shorter side wide: lower `min_face`, "
                   "or crop the video")
            tracks = main_face(seen.tracks)
            if tracks:
                return eye_path(tracks, times, smooth=self.smooth, max_gap=self.max_gap)
        else:
            why = ": its landmarks are NaN throughout"
            if np.isfinite(seen).any():
                return landmark_eye_path(seen, times, smooth=self.smooth, max_gap=self.max_gap)
        raise NoFaceError(clip.label, f"no face in any of its {len(times)} frames{why}. To leave "
                          "out such clips, use transform_clips(…, on_error='skip')")


def _chips(clip: Clip, frames: Iterable[np.ndarray] | None, eyes: np.ndarray, cutter: ChipCutter
           ) -> Iterator[np.ndarray]:
    """Second pass: one chip a frame."""
    black = np.zeros((cutter.size, cutter.size, 3), np.uint8)
    source: Any = clip.frames if frames is None else frames
    n = 0
    for frame, (left, right) in zip(source, eyes, strict=False):
        n += 1
        yield black if np.isnan(left.real) else cutter.cut(frame, left, right)
    if n != len(eyes):
        raise ClipError(clip.label, f"gave {len(eyes)} frames when read first and {n} when read "
                        "again; a frame source must give the same frames each time")
