"""Frames from video files, image folders and arrays, one at a time, with real timestamps.

A *frame source* is what `Clip.frames` holds: something that can be iterated again and again, gives
(H, W, 3) uint8 RGB frames, and knows (or can find out) when each of them was taken. Nothing here
keeps more than one decoded frame, so a ten-minute recording costs no more memory than a short one.
"""

from __future__ import annotations

import hashlib
import os
import re
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import joblib
import numpy as np

from .errors import VideoError

VIDEO_SUFFIXES = frozenset({
    ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".flv", ".mts", ".ts",
})
IMAGE_SUFFIXES = frozenset({".bmp", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".pgm", ".ppm"})

#: Bytes that caches look at, at either end of a file.
_HASHED = 2 ** 16

#: Damaged frames in a row after which the rest of a video is given up.
_MAX_GAP = 1000


def is_recording(path: Path, suffixes: frozenset[str] = VIDEO_SUFFIXES) -> bool:
    """Return whether a path is a file of one of the kinds, and none that a system hides.

    Parameters
    ----------
    path : Path
    suffixes : frozenset of str, default=VIDEO_SUFFIXES
        In lower case, with the dot.

    Returns
    -------
    bool
    """
    # Some systems leave a hidden twin, ._name, beside each file on a shared disk.
    return path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file()


class FrameSource(ABC):
    """What `Clip.frames` holds: re-iterable frames that know their timing.

    Subclass it to feed frames from elsewhere (a camera store, a generator). A source whose length
    is known without decoding has a `__len__` too.
    """

    name: str | None = None

    @abstractmethod
    def __iter__(self) -> Iterator[np.ndarray]:
        """Return (H, W, 3) uint8 RGB frames, from the first, each time it is called."""

    @property
    def times(self) -> np.ndarray | None:
        """(T,) float64 seconds from the first frame, or None where the source has no timing."""
        return None

    @property
    def fps(self) -> float | None:
        """Nominal frame rate in Hz, or None where the source has no timing."""
        return None

    def timed(self) -> Iterator[tuple[float, Callable[[], np.ndarray | None]]]:
        """Yield the time of each frame, and what gives the frame: for those who skip some.

        Yields
        ------
        time : float
            Seconds from the first frame, increasing.
        decode : callable
            Returns the frame, or None where it is damaged; to be called before the next one is
            asked for.

        Raises
        ------
        VideoError
            The frames carry no timing.
        """
        times = self.times
        if times is None:
            raise VideoError(self.name or "frames", "carry no timing; say their frame rate with "
                             "fps")
        for time, frame in zip(times, self, strict=False):
            yield float(time), partial(np.asarray, frame)

    def content(self) -> Any:
        """Return what the frames depend on, for caches: the same value in any process.

        Returns
        -------
        object
            Of plain types. As it stands here, a hash of the pickled source.
        """
        return joblib.hash(self)


class VideoFrames(FrameSource):
    """The frames of a video file, decoded by OpenCV as they are asked for.

    Rotation metadata is applied. Timestamps are the container's own (presentation times, so a
    variable frame rate is kept); where a container has none, they follow from the frame rate.

    Parameters
    ----------
    path : str or Path
        The file.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    VideoError
        While reading: not a video, cut off, or without a single frame. Damaged frames are passed
        over with a warning; the times of the others stay what they are.

    Notes
    -----
    Timestamps are only known after one pass through the file. Iterating records them; asking for
    `times` before that makes the pass. The pickled (and hashed) state is the path with the file's
    size and modification time, so that caches notice a file that was replaced.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._file = _absolute(path)
        try:
            stat = self._file.stat()
        except FileNotFoundError:
            raise FileNotFoundError(f"{self.path}: no such file") from None
        self.name: str | None = str(path)
        self._stamp = (stat.st_size, stat.st_mtime_ns)
        self._times: np.ndarray | None = None
        self._fps: float | None = None

    def __iter__(self) -> Iterator[np.ndarray]:
        for grabbed in self._grabbed():
            frame = grabbed.decode()
            if frame is not None:
                yield frame

    def timed(self) -> Iterator[tuple[float, Callable[[], np.ndarray | None]]]:
        """Yield the time of each frame as it is reached, and what decodes it.

        Frames that nobody decodes cost little. Damaged ones are passed over without a warning.

        Yields
        ------
        time : float
            Seconds from the first frame, increasing; where the container's stamp is not, a frame
            after the one before. `times`, which knows what follows, places those between their
            neighbours.
        decode : callable
            Returns the frame as iterating gives it, or None where it is damaged; to be called
            before the next frame is asked for.
        """
        first, last = None, -1.0
        for grabbed in self._grabbed(warn=False):
            first = grabbed.stamp if first is None else first
            seconds = grabbed.stamp - first
            # Some recorders write stamps that stand still or run back, raw streams none.
            last = seconds if seconds > last else last + 1.0 / self.fps
            yield last, grabbed.decode

    def _grabbed(self, *, warn: bool = True) -> Iterator[_Grabbed]:
        """The frames, past damaged ones, of which some may not be decoded; sets `times`."""
        stamps: list[float] = []
        lost = gap = 0
        with self._opened() as capture:
            fps = self._header_fps(capture)
            announced = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
            while True:
                frame = _Grabbed(capture) if capture.grab() else None
                if frame is not None:
                    yield frame
                if frame is None or frame.damaged:
                    # A damaged frame looks like the end; what comes behind it must not be lost.
                    gap += 1
                    if gap > min(announced - len(stamps) - lost, _MAX_GAP):
                        break
                    continue
                lost, gap = lost + gap, 0
                stamps.append(frame.stamp)
        if not stamps:
            raise VideoError(str(self.path), "no frame can be decoded; the file is empty, cut off "
                             "or in a codec that OpenCV lacks. Re-encode it, for example with "
                             "`ffmpeg -i IN -c:v libx264 OUT.mp4`")
        # Containers count frames that an edit list hides; one in ten short means a damaged file.
        if warn and (lost or len(stamps) < announced - max(3, announced // 10)):
            warnings.warn(f"{self.path}: {len(stamps)} of {announced} announced frames could be "
                          "decoded; the others are damaged or missing", stacklevel=3)
        self._times = _times_of_stamps(np.array(stamps), fps)

    @contextmanager
    def _opened(self) -> Iterator[cv2.VideoCapture]:
        if self._file.stat().st_size == 0:
            raise VideoError(str(self.path), "the file is empty")
        try:
            str(self._file).encode("utf-8")
        except UnicodeEncodeError:
            # OpenCV would take the whole process down.
            raise VideoError(repr(str(self.path)), "the name is not valid UTF-8, and OpenCV cannot "
                             "open it; rename the file") from None
        capture = cv2.VideoCapture(str(self._file), cv2.CAP_FFMPEG)
        if not capture.isOpened():
            raise VideoError(str(self.path), "cannot be opened as a video; it is cut off, not a "
                             "video, or in a container that OpenCV lacks. Re-encode it, for "
                             "example with `ffmpeg -i IN -c:v libx264 OUT.mp4`")
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
        try:
            yield capture
        finally:
            capture.release()

    def _header_fps(self, capture: cv2.VideoCapture) -> float:
        fps = float(capture.get(cv2.CAP_PROP_FPS))
        self._fps = fps if 1.0 <= fps <= 1000.0 else 25.0
        return self._fps

    @property
    def times(self) -> np.ndarray:
        """(T,) float64: seconds from the first frame."""
        if self._times is None:
            for _ in self._grabbed():
                pass
        assert self._times is not None  # set by the pass, which raises where it cannot
        return self._times

    @property
    def fps(self) -> float:
        """Nominal frame rate in Hz, from the header."""
        if self._fps is None:
            with self._opened() as capture:
                return self._header_fps(capture)
        return self._fps

    def content(self) -> Any:
        """Return the file's size, modification time and a hash of its beginning and end.

        Returns
        -------
        tuple
        """
        return ("file", *_file_content(self._file))

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "_file": self._file, "name": self.name, "_stamp": self._stamp}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _times=None, _fps=None)


class ImageFrames(FrameSource):
    """A folder of images, in the natural order of their names, as a clip; or a single image.

    Parameters
    ----------
    path : str or Path
        Folder (`.bmp`, `.png`, `.jpg`, `.tif`, …, other and hidden files are passed over) or
        image file.
    fps : float or None, default=None
        Frame rate in Hz. Images carry no timing.

    Raises
    ------
    FileNotFoundError
        There is nothing at that path.
    VideoError
        No image in the folder, or `fps` is no frame rate; while reading: an image that is damaged
        or of another size than the first.
    """

    def __init__(self, path: str | os.PathLike[str], fps: float | None = None) -> None:
        self.path = Path(path)
        if not self.path.exists():
            raise FileNotFoundError(f"{self.path}: no such file or folder")
        self.name: str | None = str(path)
        if self.path.is_dir():
            self.files = sorted(
                (f for f in _absolute(path).iterdir() if is_recording(f, IMAGE_SUFFIXES)),
                key=lambda f: (_natural_key(f.name), f.name))
            if not self.files:
                raise VideoError(str(self.path), "the folder has no image "
                                 f"({', '.join(sorted(IMAGE_SUFFIXES))})")
        else:
            self.files = [_absolute(path)]
        if fps is not None and not 0 < fps < float("inf"):
            raise VideoError(str(self.path), f"fps must be a positive number of frames a second, "
                             f"not {fps!r}")
        self._stamp = tuple((f.stat().st_size, f.stat().st_mtime_ns) for f in self.files)
        self._fps = fps

    def __iter__(self) -> Iterator[np.ndarray]:
        size = None
        for file in self.files:
            # imread takes no name beyond the code page on Windows, fromfile takes any.
            coded = np.fromfile(file, np.uint8)
            image = cv2.imdecode(coded, cv2.IMREAD_COLOR) if len(coded) else None
            if image is None:
                raise VideoError(str(file), "cannot be read as an image; it is damaged or in a "
                                 "format that OpenCV lacks")
            size = size or image.shape
            if image.shape != size:
                raise VideoError(str(file), f"is {image.shape[1]}x{image.shape[0]} pixels where "
                                 f"the first image is {size[1]}x{size[0]}; one folder must hold "
                                 "one recording")
            yield cv2.cvtColor(image, cv2.COLOR_BGR2RGB)

    @property
    def times(self) -> np.ndarray | None:
        """(T,) float64 seconds, or None without `fps`."""
        return None if self._fps is None else np.arange(len(self.files)) / self._fps

    @property
    def fps(self) -> float | None:
        """Frame rate in Hz, as given."""
        return self._fps

    def content(self) -> Any:
        """Return the images' names, sizes, modification times and hashes, and the frame rate.

        Returns
        -------
        tuple
        """
        return ("images", self._fps, *((f.name, *_file_content(f)) for f in self.files))

    def __len__(self) -> int:
        return len(self.files)


class ArrayFrames(FrameSource):
    """Frames that are in memory already.

    Parameters
    ----------
    array : array of shape (T, H, W), (T, H, W, 1), (T, H, W, 3) or (T, H, W, 4)
        Grey, RGB or RGBA (alpha is dropped); uint8, uint16 (its whole range), or floating within 0
        to 1. The array is not copied where it is uint8; its frames are given read-only.
    name : str or None, default=None
        Used in messages.
    """

    def __init__(self, array: np.ndarray, name: str | None = None) -> None:
        array = np.asarray(array)
        label = name or "array"
        if array.ndim not in (3, 4) or 0 in array.shape:
            raise VideoError(label, "frames must have the shape (T, H, W), (T, H, W, 3) or "
                             f"(T, H, W, 4) with no dimension 0; this one is {array.shape}")
        if array.ndim == 4 and array.shape[3] not in (1, 3, 4):
            raise VideoError(label, f"frames have {array.shape[3]} channels; 1 (grey), 3 (RGB) or "
                             "4 (RGBA) are understood. Are the channels first?")
        self.array = as_bytes(array, label)
        self.name = name

    def __iter__(self) -> Iterator[np.ndarray]:
        frames = self.array.view()
        frames.flags.writeable = False  # a frame is a view: writing on it would change the clip
        for frame in frames:
            if frame.ndim == 2 or frame.shape[2] == 1:
                yield np.repeat(frame.reshape(*frame.shape[:2], 1), 3, axis=2)
            else:
                yield np.ascontiguousarray(frame[:, :, :3])

    def content(self) -> Any:
        """Return a hash of the array.

        Returns
        -------
        str
        """
        return joblib.hash(self.array)

    def __len__(self) -> int:
        return len(self.array)


def open_frames(path: str | os.PathLike[str], fps: float | None = None) -> FrameSource:
    """Return the frame source for a path: a video file, a folder of images, or one image.

    Parameters
    ----------
    path : str or Path
        What to open.
    fps : float or None, default=None
        Frame rate in Hz of images; videos know theirs.

    Returns
    -------
    FrameSource
        Lazy: nothing is decoded yet.

    Raises
    ------
    FileNotFoundError
        There is nothing at that path.
    """
    path_ = Path(path)
    if path_.is_dir() or path_.suffix.lower() in IMAGE_SUFFIXES:
        return ImageFrames(path, fps)
    return VideoFrames(path)


def _absolute(path: str | os.PathLike[str]) -> Path:
    """Where a file is for worker processes, whose folder is another one."""
    return Path(os.path.abspath(path))


def _file_content(path: Path) -> tuple[int, int, str]:
    """Size, modification time in ns, and a hash of the beginning and the end."""
    with open(path, "rb") as file:
        stat = os.fstat(file.fileno())
        part = file.read(_HASHED)
        if stat.st_size > _HASHED:
            # Headers are alike; many containers have the lengths of all frames at the end.
            file.seek(max(_HASHED, stat.st_size - _HASHED))
            part += file.read(_HASHED)
    return stat.st_size, stat.st_mtime_ns, hashlib.sha256(part).hexdigest()[:32]


def _natural_key(name: str) -> list[tuple[int, str | int]]:
    # frame2 before frame10
    return [(0, int(part)) if part.isdecimal() else (1, part.lower())
            for part in re.split(r"(\d+)", name) if part]


class _Grabbed:
    """A frame that a capture has reached; its pixels only where they are asked for."""

    def __init__(self, capture: cv2.VideoCapture) -> None:
        self._capture = capture
        self.stamp = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000.0  # seconds
        self.damaged = False

    def decode(self) -> np.ndarray | None:
        ok, frame = self._capture.retrieve()
        self.damaged = not ok
        return as_rgb(frame) if ok else None


def as_rgb(frame: np.ndarray) -> np.ndarray:
    """Return a picture as OpenCV reads it in RGB.

    Parameters
    ----------
    frame : array of shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), uint8
        Grey, BGR, or BGR and alpha, which is dropped.

    Returns
    -------
    array of shape (H, W, 3), uint8
    """
    grey = frame.ndim == 2 or frame.shape[2] == 1
    return cv2.cvtColor(frame if grey else frame[:, :, :3],
                        cv2.COLOR_GRAY2RGB if grey else cv2.COLOR_BGR2RGB)


def as_bytes(array: np.ndarray, label: str, what: str = "frames") -> np.ndarray:
    """Convert pictures to uint8; raise a `VideoError` where their values have no plain meaning."""
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:
        return (array >> 8).astype(np.uint8)
    if np.issubdtype(array.dtype, np.floating):
        if not (np.isfinite(array).all() and array.min() >= 0.0 and array.max() <= 1.0):
            raise VideoError(label, f"floating-point {what} must lie within 0 and 1 and be finite; "
                             "convert them to uint8")
        return np.rint(array * 255.0).astype(np.uint8)
    raise VideoError(label, f"{what} of type {array.dtype} are not understood; give uint8")


def _times_of_stamps(stamps: np.ndarray, fps: float) -> np.ndarray:
    """Seconds from the first frame, strictly increasing.

    A few stamps that stand still or run backwards, as some recorders write them, are interpolated
    between their neighbours. Raw streams give nothing but zeros: then the frame rate has to do.
    """
    rising = np.r_[True, stamps[1:] > np.maximum.accumulate(stamps)[:-1]]
    if rising.all():
        return stamps - stamps[0]
    n = np.arange(len(stamps))
    if rising.mean() < 0.9:
        return n / fps
    times = np.interp(n, n[rising], stamps[rising]) - stamps[0]
    last = int(n[rising][-1])
    times[last:] += (n[last:] - last) / fps  # nothing to interpolate to
    return times
