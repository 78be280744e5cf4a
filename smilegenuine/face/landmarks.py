"""`FaceLandmarks`: 478 points of the face, 52 blendshapes and the head's pose, frame by frame."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from ..clips.errors import ClipError, NoFaceError
from ..clips.frame_times import frame_times
from ..clips.record import Clip
from ..clips.steps import ClipTransformer, check_positive, has_signals_only, require_fields
from .following import follow_faces, main_track, place_of
from .landmarker import Confidences, LandmarkLooker, MoreFacesError, OnMore, Seen
from .smooth import smooth_path, stretches

#: Seconds for which a face that is not found may go on as the same.
_MAX_GAP = 0.5
#: Values that are smoothed together; more need much memory, fewer much time.
_BLOCK = 2 ** 22


class FaceLandmarks(ClipTransformer):
    """Find the face's landmarks, its blendshapes and the head's pose with MediaPipe.

    Parameters
    ----------
    max_faces : int, default=3
        Faces followed at the same time where there are several; the main one counts.
    min_detection_confidence : float, default=0.5
        Least confidence, 0 to 1, with which a face is found.
    min_presence_confidence : float, default=0.5
        Least confidence, 0 to 1, that there is a face where landmarks are placed.
    min_tracking_confidence : float, default=0.5
        Least overlap, 0 to 1, of a face with its last place, to be taken for the same.
    smooth : float, default=0.05
        Standard deviation in seconds of the zero-phase smoothing of the landmarks (a local
        parabola). 0: none. Blendshapes and pose are not smoothed.
    model : str, Path or None, default=None
        Another Face Landmarker bundle (`.task`) with blendshapes. None: the published one, see
        `smilegenuine.face.landmarker_bundle.find_bundle`.
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
        In `transform`: neither frames nor `landmarks`, or `times` of another number of frames.
    ImportError
        In `transform`: MediaPipe is not installed.
    RuntimeError
        In `transform`: its model cannot be downloaded, is damaged, or `model` is none.

    Notes
    -----
    `transform` fills `landmarks` (T, 478, 3), `blendshapes` (T, 52), `head_pose` (T, 4, 4), `valid`
    and `times`, in one pass. Clips that have `landmarks` pass untouched, and so do clips without
    pictures whose `aus` are known. Where the face is not found all three are NaN and `valid` is
    False.

    Landmarks are in pixels of the frame, whose centres have whole coordinates: x to the right, y
    down, z away from the camera, in the same unit, from about the head's middle. Points 33 and 133
    are the corners of the eye on the image's left. `blendshapes` are within 0 to 1, in the order of
    `smilegenuine.face.blendshapes.BLENDSHAPE_NAMES`, left and right the person's own. `head_pose`
    is MediaPipe's facial transformation matrix, from the canonical face to the camera, in cm; see
    `smilegenuine.face.head_pose.head_angles`.

    The person who counts is the one whose face is the largest over time (the sum over the frames of
    its size), followed by place and size. A face that leaves and returns is one face, recognised by
    its size alone, as by `FaceAligner`. For speed one face is followed, and once a second it is
    asked how many there are; where there are more, the clip is read once more and all are followed.

    MediaPipe runs in its mode for videos, but without the smoothing that it does there for a single
    face: it looks back only, and delays the lips by most of a frame. The smoothing here looks both
    ways. In drawn videos of 160 pixels at 25 Hz, the width of the mouth came 26 ms late by
    MediaPipe's smoothing, with an error of 0.13 of its standard deviation; unsmoothed 0.15, and
    smoothed here 0.12 and in time. Six points of eyes and mouth lay 2.4 % of the distance between
    the eyes' outer corners from their places.

    A face must be about a tenth of the picture's longer side wide to be found. MediaPipe computes
    in one thread; the next frame is read meanwhile. Frames are never gathered.

    References
    ----------
    Y. Kartynnik, A. Ablavatski, I. Grishchenko, M. Grundmann, "Real-time Facial Surface Geometry
    from Monocular Video on Mobile GPUs", 2019. https://doi.org/10.48550/arXiv.1907.06724

    Examples
    --------
    >>> from smilegenuine.face.landmarks import FaceLandmarks
    >>> clips = FaceLandmarks().transform(["smile.mp4"])  # doctest: +SKIP
    >>> clips[0].landmarks.shape, clips[0].blendshapes.shape  # doctest: +SKIP
    ((120, 478, 3), (120, 52))
    """

    adds = ("landmarks", "blendshapes", "head_pose", "valid", "times")
    reads = ("frames", "times", "valid", "aus")

    def __init__(self, max_faces: int = 3, min_detection_confidence: float = 0.5,
                 min_presence_confidence: float = 0.5, min_tracking_confidence: float = 0.5,
                 smooth: float = 0.05, model: str | os.PathLike[str] | None = None,
                 n_jobs: int | None = None, verbose: int | bool = False,
                 memory: Any = None) -> None:
        self.max_faces = max_faces
        self.min_detection_confidence = min_detection_confidence
        self.min_presence_confidence = min_presence_confidence
        self.min_tracking_confidence = min_tracking_confidence
        self.smooth = smooth
        self.model = model
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.memory = memory

    def _check_params(self) -> None:
        check_positive("max_faces", self.max_faces, whole=True, at_least=1)
        check_positive("smooth", self.smooth)
        for name in ("min_detection_confidence", "min_presence_confidence",
                     "min_tracking_confidence"):
            value = getattr(self, name)
            check_positive(name, value)
            if value > 1:
                raise ValueError(f"{name} must lie within 0 and 1, not {value!r}")
        if self.model is not None:
            if not isinstance(self.model, (str, os.PathLike)):
                raise ValueError(f"model must be the path of a bundle or None, not {self.model!r}")
            if not Path(self.model).is_file():
                raise ValueError(f"model: there is no file {os.fspath(self.model)!r}")

    def transform_clip(self, clip: Clip) -> Clip:
        """Return the clip with its landmarks, blendshapes and poses."""
        if has_signals_only(clip):
            return clip
        require_fields(clip, ("frames",), "FaceLandmarks",
                       "give a video, an image folder, an array of frames, or clips that have "
                       "`landmarks` already")
        frames: Any = clip.frames
        return self.assemble(clip, self.look(frames, float(clip.fps)))

    def looker(self, on_more: OnMore = "follow") -> LandmarkLooker:
        """Open what looks at the frames of one clip or film, one after the other.

        Parameters
        ----------
        on_more : {"follow", "raise", "expect"}, default="follow"
            See `smilegenuine.face.landmarker.LandmarkLooker`.

        Returns
        -------
        LandmarkLooker
            To be closed by the caller.

        Raises
        ------
        ImportError, RuntimeError
            MediaPipe is not installed, or its model is not to be had.
        """
        least = Confidences(self.min_detection_confidence, self.min_presence_confidence,
                            self.min_tracking_confidence)
        model = None if self.model is None else Path(self.model)
        return LandmarkLooker(model, least, self.max_faces, on_more)

    def look(self, frames: Iterable[np.ndarray], rate: float) -> list[list[Seen]]:
        """Return the faces of each frame of a recording: what takes time.

        One face is followed for as long as there is one, which is quicker; where there turn out to
        be more, the frames are read once more and all are followed.

        Parameters
        ----------
        frames : FrameSource, or list of array of shape (H, W, 3), uint8
            All of one recording; gone through twice at most.
        rate : float
            Frames a second.

        Returns
        -------
        list of list of Seen
        """
        # Faces are counted by frames: when those were taken is known when all have been read.
        whole = max(1, round(rate))
        ways: tuple[OnMore, ...] = ("raise", "expect")
        for on_more in ways:
            with suppress(MoreFacesError), self.looker(on_more) as looker:
                return list(looker.look_on((frame, i / whole) for i, frame in enumerate(frames)))
        raise AssertionError("nobody counts where all are expected")

    def assemble(self, clip: Clip, seen: Sequence[Sequence[Seen]]) -> Clip:
        """Return a clip with the landmarks of its main face, from what was seen of its frames.

        Parameters
        ----------
        clip : Clip
        seen : sequence of sequence of Seen
            The faces of each frame, from `look` or a `looker`.

        Returns
        -------
        Clip

        Raises
        ------
        NoFaceError, ClipError
            There is no face in any frame; or no frame, or `times` of another number of frames.
        """
        n = len(seen)
        if n == 0:
            raise ClipError(clip.label, "has no frames")
        times = frame_times(clip, n)
        main = main_faces(seen, float(clip.fps))
        if not main:
            raise NoFaceError(
                clip.label, f"no face in any of its {n} frames. The face must be seen from the "
                "front or half from the side, and not be small in the picture: lower "
                "`min_detection_confidence`, or crop the video. To leave out such clips, use "
                "transform_clips(…, on_error='skip')")
        index = np.array(sorted(main))
        faces = [main[i] for i in index]
        valid = np.zeros(n, bool)
        valid[index] = True
        landmarks = _spread(index, n, [face.points for face in faces])
        return clip.replace(
            landmarks=_smoothed(landmarks, times, index, self.smooth).astype(np.float32),
            blendshapes=_spread(index, n, [face.blendshapes for face in faces]).astype(np.float32),
            head_pose=_spread(index, n, [face.pose for face in faces]),
            valid=valid if clip.valid is None else valid & clip.valid, times=times)


def main_faces(seen: Sequence[Sequence[Seen]], rate: float) -> dict[int, Seen]:
    """Return the face that counts in each frame in which it is seen.

    Parameters
    ----------
    seen : sequence of sequence of Seen
        The faces of each frame.
    rate : float
        Frames a second.

    Returns
    -------
    dict of int to Seen
        Empty where there is no face.
    """
    places = [[place_of(face.points) for face in faces] for faces in seen]
    tracks = follow_faces(places, max_gap=round(_MAX_GAP * rate))
    return {i: seen[i][k] for i, k in main_track(tracks, places).items()}


def _spread(index: np.ndarray, n: int, rows: list[np.ndarray]) -> np.ndarray:
    """(n, …): the rows at their places, NaN elsewhere."""
    out = np.full((n, *rows[0].shape), np.nan)
    out[index] = rows
    return out


def _smoothed(points: np.ndarray, times: np.ndarray, index: np.ndarray, width: float) -> np.ndarray:
    """Smooth each stretch of frames with landmarks for itself."""
    if width <= 0:
        return points
    for stretch in stretches(index):
        run = index[stretch]
        values = points[run].reshape(len(run), -1)
        reach = 6 * width / float(np.median(np.diff(times[run]))) if len(run) > 1 else 1.0
        parts = int(np.ceil(values.size * (reach + 1) / _BLOCK))
        columns = np.array_split(values, min(parts, values.shape[1]), axis=1)
        points[run] = np.hstack([smooth_path(times[run], part, width) for part in columns]
                                ).reshape(points[run].shape)
    return points
