"""MediaPipe's Face Landmarker on the frames of one clip: opened, asked, closed."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import threading
import weakref
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, NamedTuple

import numpy as np

from .landmarker_bundle import find_bundle, import_extra

#: Milliseconds between frames as MediaPipe is told. Its own smoothing of the landmarks (a one-euro
#: filter, applied when one face is followed) only looks back and so delays them by about a frame;
#: of a frame that lies a day back nothing is left in it. We smooth afterwards, looking both ways.
_TICK = 10 ** 8
#: Seconds between two looks at how many people there are, while one is being followed.
_COUNT_EVERY = 1.0
#: What MediaPipe writes on stderr whenever a landmarker is made, and what asks nobody to do
#: anything: its own informational lines, and warnings about how its models are packaged.
_NOISE = re.compile(rb"I\d{4} |INFO: |WARNING: Logging before InitGoogle\(\)|WARNING: All log "
                    rb"messages before absl::InitializeLog\(\)|W\d{4} .*(acceleration to xnnpack "
                    rb"by default|Feedback manager requires a model with a single signature)")
_END: Any = object()

#: What `LandmarkLooker` does where there are more faces than one.
OnMore = Literal["follow", "raise", "expect"]
_stderr_lock = threading.Lock()


class Seen(NamedTuple):
    """A face as it is seen in a frame.

    Attributes
    ----------
    points : array of shape (478, 3), float32
        In pixels of the frame, whose centres have whole coordinates.
    blendshapes : array of shape (52,), float32
        Within 0 to 1.
    pose : array of shape (4, 4), float32
        From the canonical face to the camera, in cm.
    """

    points: np.ndarray
    blendshapes: np.ndarray
    pose: np.ndarray


class Confidences(NamedTuple):
    """Least confidences, each within 0 to 1: in finding, having and following a face."""

    detection: float = 0.5
    presence: float = 0.5
    tracking: float = 0.5


class MoreFacesError(Exception):
    """There are more faces in a frame than are being followed."""


class LandmarkLooker:
    """MediaPipe's Face Landmarker, asked about the frames of one clip or film in their order.

    For speed one face is followed, and once a second it is asked how many there are; where there
    are more, all are followed. Use it as a context manager, or call `close`.

    Parameters
    ----------
    model : Path or None
        The bundle `face_landmarker.task`. None: the published one, see `find_bundle`.
    confidences : Confidences
    max_faces : int, default=1
        Most faces told apart.
    on_more : {"follow", "raise", "expect"}, default="follow"
        What to do where more faces are counted than one. "follow": follow all from this frame on.
        "raise": raise, for whoever can read the frames once more. "expect": nobody counts, all are
        followed from the first frame on.

    Raises
    ------
    ImportError
        MediaPipe is not installed.
    RuntimeError
        The file is no such bundle, or the published one is not to be had.
    """

    def __init__(self, model: Path | None, confidences: Confidences, max_faces: int = 1,
                 on_more: OnMore = "follow") -> None:
        self._mp = load_mediapipe()
        # Only now: for nothing the model is not downloaded.
        self.model = find_bundle() if model is None else model
        self.confidences, self.max_faces = confidences, max_faces
        self.on_more = on_more
        self._open = ExitStack()
        # Also where nobody closes it: at its exit Python takes apart what MediaPipe closes with.
        weakref.finalize(self, self._open.close)
        self._follower = self._opened(max_faces if on_more == "expect" else 1)
        self._counter = (self._opened(max_faces, video=False)
                         if max_faces > 1 and on_more != "expect" else None)
        self._i, self._counted = -1, -np.inf

    def _opened(self, faces: int, *, video: bool = True) -> Any:
        return self._open.enter_context(
            open_landmarker(self.model, faces, self.confidences, video=video))

    def look(self, frame: np.ndarray, time: float) -> list[Seen]:
        """Return the faces of the next frame.

        Parameters
        ----------
        frame : array of shape (H, W, 3), uint8
            RGB.
        time : float
            Seconds, which say only when faces are counted.

        Returns
        -------
        list of Seen

        Raises
        ------
        MoreFacesError
            There are more faces than the one that is followed, and `on_more` is "raise".
        """
        return self._seen(self._picture(frame), time)

    def look_on(self, frames: Iterable[tuple[np.ndarray, float]]) -> Generator[list[Seen]]:
        """Look at one frame after the other; the next one is read meanwhile.

        Parameters
        ----------
        frames : iterable of tuple
            Frames and their times, as `look` takes them.

        Yields
        ------
        list of Seen

        Raises
        ------
        MoreFacesError
            As in `look`.
        """
        pictures = ((self._picture(frame), time) for frame, time in frames)
        with closing(read_ahead(pictures)) as ahead:
            for picture, time in ahead:
                yield self._seen(picture, time)

    def _picture(self, frame: np.ndarray) -> Any:
        return self._mp.Image(image_format=self._mp.ImageFormat.SRGB,
                              data=np.ascontiguousarray(frame))

    def _seen(self, image: Any, time: float) -> list[Seen]:
        found = self._ask(image)
        if self._counter is not None and time - self._counted >= _COUNT_EVERY:
            self._counted = time
            if len(self._counter.detect(image).face_landmarks) > len(found.face_landmarks):
                if self.on_more == "raise":
                    raise MoreFacesError
                self._open.close()
                self._counter, self._follower = None, self._opened(self.max_faces)
                found = self._ask(image)
        return faces_seen(found, (image.width, image.height))

    def _ask(self, image: Any) -> Any:
        self._i += 1
        return self._follower.detect_for_video(image, self._i * _TICK)

    def close(self) -> None:
        """Let MediaPipe's memory go."""
        self._open.close()

    def __enter__(self) -> LandmarkLooker:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


def faces_seen(found: Any, size: tuple[int, int]) -> list[Seen]:
    """Return what MediaPipe found in a frame, as arrays.

    Parameters
    ----------
    found : mediapipe.tasks.python.vision.FaceLandmarkerResult
    size : tuple of int
        Width and height of the frame in pixels.

    Returns
    -------
    list of Seen
    """
    width, height = size
    scale = np.array([width, height, width], np.float32)
    middle = np.array([0.5, 0.5, 0.0], np.float32)
    faces = zip(found.face_landmarks, found.face_blendshapes,
                found.facial_transformation_matrixes, strict=True)
    return [Seen(np.array([(p.x, p.y, p.z) for p in points], np.float32) * scale - middle,
                 np.array([shape.score for shape in shapes], np.float32),
                 np.asarray(pose, np.float32)) for points, shapes, pose in faces]


def load_mediapipe() -> ModuleType:
    """Import MediaPipe, or raise an `ImportError` that says how to get it.

    Returns
    -------
    module
    """
    return import_extra("mediapipe")


def open_landmarker(model: Path, max_faces: int, least: Confidences, *, video: bool = True) -> Any:
    """Make a landmarker; the caller closes it.

    Parameters
    ----------
    model : Path
        The bundle.
    max_faces : int
    least : Confidences
    video : bool, default=True
        For the frames of one clip, with blendshapes and poses; or for single pictures, without.

    Returns
    -------
    mediapipe.tasks.python.vision.FaceLandmarker

    Raises
    ------
    RuntimeError
        The file is no such bundle.
    """
    tasks = load_mediapipe().tasks
    vision = tasks.vision
    options = vision.FaceLandmarkerOptions(
        # Its contents, as MediaPipe does not open every path that Python does.
        base_options=tasks.BaseOptions(model_asset_buffer=model.read_bytes()),
        running_mode=vision.RunningMode.VIDEO if video else vision.RunningMode.IMAGE,
        num_faces=max_faces, min_face_detection_confidence=least.detection,
        min_face_presence_confidence=least.presence, min_tracking_confidence=least.tracking,
        output_face_blendshapes=video, output_facial_transformation_matrixes=video)
    try:
        with quiet_stderr():
            return vision.FaceLandmarker.create_from_options(options)
    except (ValueError, RuntimeError) as error:
        raise RuntimeError(
            f"{model} cannot be used as a Face Landmarker bundle with blendshapes ({error}); "
            "leave `model` out to get the published one") from error


def read_ahead(items: Iterable[Any]) -> Generator[Any]:
    """Yield the items of an iterable, each next one made in a thread while one is being used.

    Parameters
    ----------
    items : iterable

    Yields
    ------
    object
    """
    source = iter(items)
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as pool:
        coming = pool.submit(next, source, _END)
        while (item := coming.result()) is not _END:
            coming = pool.submit(next, source, _END)
            yield item


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Keep MediaPipe's routine messages off stderr; whatever else is written there comes through.

    Its C++ code writes to the file descriptor, past Python, and has no setting for it. What is
    written in the meantime is held back until the end, so this belongs around moments only.
    """
    with _stderr_lock, ExitStack() as stack:
        try:
            sys.stderr.flush()
            terminal = os.dup(2)
        except (OSError, AttributeError, ValueError):  # no stderr, or a closed one: nobody reads
            yield
            return
        stack.callback(os.close, terminal)
        held = stack.enter_context(tempfile.TemporaryFile())
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(terminal, 2)
            held.seek(0)
            for line in held:
                if not _NOISE.match(line):
                    os.write(2, line)
