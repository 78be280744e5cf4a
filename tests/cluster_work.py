"""What tests send to the workers of a cluster: importable there, and quickly."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from smilegenuine.clips.errors import ClipError
from smilegenuine.clips.record import Clip
from smilegenuine.clips.steps import ClipTransformer


class Brightness(ClipTransformer):
    """Smile intensity is the red of the frames; a mark in `folder` says who works on which clip."""

    adds = ("smile",)
    reads = ("frames",)

    def __init__(self, folder: Any, seconds: float = 0.0, bad: tuple[str, ...] = (),
                 deadly: tuple[str, ...] = (), memory: Any = None) -> None:
        self.folder = folder
        self.seconds = seconds
        self.bad = bad
        self.deadly = deadly
        self.memory = memory

    def transform_clip(self, clip: Clip) -> Clip:
        leave_mark(self.folder, clip.name)
        time.sleep(self.seconds)
        name = Path(clip.name).stem
        if name in self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        if name in self.bad:
            raise ClipError(clip.label, "is spoilt; copy it again")
        return clip.replace(smile=[frame[..., 0].mean() for frame in clip.frames])


class Nearest(ClassifierMixin, BaseEstimator):
    """The class of the nearest mean of AU12; marks in `folder` say who fits."""

    def __init__(self, folder: Any, seconds: float = 0.2) -> None:
        self.folder = folder
        self.seconds = seconds

    def fit(self, X: list[Clip], y: np.ndarray) -> Nearest:
        leave_mark(self.folder, f"fit of {len(X)}")
        time.sleep(self.seconds)
        self.classes_, values = np.unique(y), self._values(X)
        self.means_ = np.array([values[y == label].mean() for label in self.classes_])
        return self

    def decision_function(self, X: list[Clip]) -> np.ndarray:
        away = np.abs(self._values(X)[:, None] - self.means_)
        return away[:, 0] - away[:, 1]

    def predict(self, X: list[Clip]) -> np.ndarray:
        return self.classes_[(self.decision_function(X) > 0).astype(int)]

    def _values(self, X: list[Clip]) -> np.ndarray:
        return np.array([np.asarray(clip.aus)[:, 8].mean() for clip in X])


def leave_mark(folder: Any, what: str) -> None:
    (Path(folder) / f"{time.time_ns()} {os.getpid()} {Path(what).stem}").touch()


def marks(folder: Path) -> list[tuple[int, str]]:
    """Process and work, in the order of time."""
    found = [path.name.split(" ", 2) for path in sorted(folder.iterdir())]
    return [(int(pid), what) for _, pid, what in found]


def sum_slowly(X: np.ndarray, i: int, folder: Path) -> float:
    leave_mark(folder, str(i))
    time.sleep(0.1)
    return float(X.sum() + i)


def span(seconds: float) -> tuple[float, float]:
    began = time.monotonic()
    time.sleep(seconds)
    return began, time.monotonic()


def pid_soon(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()
