"""Where frames come from while they are watched: a camera, or a file at its own pace or quicker."""

from __future__ import annotations

import os
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np

from ..clips.errors import VideoError
from ..clips.video import as_rgb, open_frames

# Of cameras that do not say.
_FPS = 30.0
# Seconds after which a camera that gives no picture is given up.
_PATIENCE = 5.0


class Film(ABC):
    """Frames with their times, one after the other; a context manager.

    Attributes
    ----------
    name : str
    fps : float
        Nominal frame rate in Hz.
    dropped : int
        Frames that were passed over, to keep up.
    """

    name: str = ""
    fps: float = _FPS
    dropped: int = 0

    @abstractmethod
    def __iter__(self) -> Iterator[tuple[np.ndarray, float]]:
        """Return (H, W, 3) uint8 RGB pictures and their times in seconds, which increase."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the device or file."""

    def __enter__(self) -> Film:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


class Camera(Film):
    """A camera; always its newest picture.

    Parameters
    ----------
    number : int
        0 is the first one.

    Raises
    ------
    OSError
        There is no such camera, or it gives no pictures.
    """

    def __init__(self, number: int) -> None:
        self.name = f"camera {number}"
        with _quiet():
            self._capture = cv2.VideoCapture(number)
        if not self._capture.isOpened():
            self._capture.release()
            raise OSError(f"{self.name}: cannot be opened. Is it plugged in, does no other program "
                          "use it, and may this one? Of another camera give the number, of a "
                          "video the file")
        fps = float(self._capture.get(cv2.CAP_PROP_FPS))
        self.fps = fps if 1.0 <= fps <= 1000.0 else _FPS
        self._fresh = threading.Condition()
        self._newest: tuple[np.ndarray, float] | None = None
        self._ended = False
        self._stop = threading.Event()
        # Drivers keep pictures in a queue: read by whoever is slower, it makes them old.
        self._reader = threading.Thread(target=self._read, name=self.name, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        began = time.monotonic()
        while not self._stop.is_set():
            ok, picture = self._capture.read()
            with self._fresh:
                if not ok:
                    self._ended = True
                    self._fresh.notify()
                    return
                self.dropped += self._newest is not None
                self._newest = picture, time.monotonic() - began
                self._fresh.notify()

    def __iter__(self) -> Iterator[tuple[np.ndarray, float]]:
        last = -1.0
        while not self._stop.is_set():
            with self._fresh:
                there = self._fresh.wait_for(lambda: self._newest is not None or self._ended,
                                             _PATIENCE)
                newest, self._newest = self._newest, None
            if newest is None:
                raise OSError(f"{self.name}: gives no pictures"
                              + (" any more" if last >= 0 else "")
                              + ("" if there else f", for {_PATIENCE:g} seconds now")
                              + "; plug it in anew, and close what else uses it")
            picture, at = newest
            if at > last:
                last = at
                yield as_rgb(picture), at

    def close(self) -> None:
        """Stop reading, and release the camera."""
        self._stop.set()
        self._reader.join(_PATIENCE)
        self._capture.release()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep OpenCV from saying in its own way what we say in ours."""
    before = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(before)


class FileFilm(Film):
    """A video file or a folder of images.

    Parameters
    ----------
    path : str or Path
    fps : float, optional
        Frame rate in Hz of images.
    real_time : bool, default=False
        True: at its own pace; frames for which there is no time are dropped. False: every frame,
        as soon as it is asked for.

    Raises
    ------
    FileNotFoundError, VideoError
        It is not there, or not to be read; also while it is read.
    """

    def __init__(self, path: str | os.PathLike[str], fps: float | None = None, *,
                 real_time: bool = False) -> None:
        self.name, self.real_time = str(path), real_time
        source = open_frames(path, fps)
        if source.fps is None:
            raise VideoError(self.name, "images carry no timing; say their frame rate with fps "
                             "(--fps)")
        self._source, self.fps = source, float(source.fps)

    def __iter__(self) -> Iterator[tuple[np.ndarray, float]]:
        began: float | None = None
        for at, decode in self._source.timed():
            if self.real_time:
                began = time.monotonic() - at if began is None else began
                behind = time.monotonic() - began - at
                if behind > 1.0 / self.fps:
                    self.dropped += 1
                    continue
                time.sleep(max(0.0, -behind))
            frame = decode()
            if frame is not None:
                yield frame, at

    def close(self) -> None:
        """Do nothing: the file is closed where reading ends."""


def open_film(source: str | int, *, fps: float | None = None, real_time: bool = False) -> Film:
    """Open a camera or a file.

    Parameters
    ----------
    source : str or int
        The number of a camera, or a path.
    fps : float, optional
        Frame rate in Hz of images.
    real_time : bool, default=False
        Of files; see `FileFilm`.

    Returns
    -------
    Film

    Raises
    ------
    OSError, VideoError
        It cannot be opened.
    """
    text = str(source)
    if text.isdecimal() and not os.path.exists(text):
        return Camera(int(text))
    return FileFilm(text, fps, real_time=real_time)
