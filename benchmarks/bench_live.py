"""How many frames a second can be watched, and where the time goes.

    python benchmarks/bench_live.py [--repeat 3] [--mesh]

A drawn smile of 25 Hz, its face about half as high as the picture, is given to `LiveDecision` four
times in a row, frame by frame, so that the window is full. Counted are the seconds of a core that
it takes, in one thread, which hardly depend on what else runs on the machine; the best of several
runs. With `--mesh` also systems that look for landmarks (MediaPipe and its model are needed).
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import cv2
import numpy as np

from smilegenuine import (
    BlendshapeActionUnits,
    HOGActionUnits,
    LBPSmileIntensity,
    make_system,
)
from smilegenuine.datasets import make_smiles
from smilegenuine.face.landmarker import LandmarkLooker
from smilegenuine.live import LiveDecision, faces, live_decision, live_steps
from smilegenuine.live.picture import LivePicture
from smilegenuine.signals import action_units

FPS = 25.0
# What is timed: where it is looked up, by what name, and what the table calls it.
PARTS: list[tuple[Any, str, str]] = [
    (faces.CascadeEyes, "add", "a frame: face found and followed (cascades)"),
    (LandmarkLooker, "look", "a frame: landmarks (MediaPipe)"),
    (faces.ChipStream, "_cut", "a frame: chip cut out"),
    (LBPSmileIntensity, "look", "a frame: patterns of the chip (LBP)"),
    (action_units, "hog_features", "a frame: gradients of the chip (HOG)"),
    (HOGActionUnits, "look", "a frame: these gradients, and their weighted sums"),
    (live_steps.LiveMeasuring, "clip", "a look: smoothing, rest, action units of the window"),
    (live_decision, "find_smile", "a look: phases"),
    (live_decision, "ask", "a look: features and decision"),
]


@contextmanager
def timed() -> Iterator[dict[str, list[float]]]:
    """Collect the seconds of each call of the parts."""
    spent: dict[str, list[float]] = defaultdict(list)

    def clocked(original: Any, name: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            began = time.process_time()
            try:
                return original(*args, **kwargs)
            finally:
                spent[name].append(time.process_time() - began)
        return call

    with ExitStack() as stack:
        for where, attribute, name in PARTS:
            stack.enter_context(mock.patch.object(
                where, attribute, clocked(getattr(where, attribute), name)))
        yield spent


def film(size: tuple[int, int]) -> list[np.ndarray]:
    """The pictures of a drawn smile, in a picture of some width and height."""
    drawn = make_smiles(1, 2, fps=FPS, size=240, random_state=8).data[1]
    pictures = []
    for frame in drawn.frames or ():
        side = min(size)
        sheet = np.full((size[1], size[0], 3), 128, np.uint8)
        x, y = (size[0] - side) // 2, (size[1] - side) // 2
        sheet[y:y + side, x:x + side] = cv2.resize(frame, (side, side))
        pictures.append(sheet)
    return 4 * pictures


def watch(model: Any, pictures: list[np.ndarray], draw: bool = False) -> np.ndarray:
    """Seconds of each update."""
    with LiveDecision(model) as live:
        picture, spent = LivePicture(live.classes_), []
        for i, frame in enumerate(pictures):
            began = time.process_time()
            moment = live.update(frame, i / FPS)
            if draw:
                picture.draw(frame, moment, live.curve_, live.smiles)
            spent.append(time.process_time() - began)
        live.finish()
    return np.array(spent)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--mesh", action="store_true")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    train = make_smiles(8, 2, fps=15, size=128, random_state=3)
    systems = {"auda-svm": make_system("auda-svm")}
    if args.mesh:
        systems |= {"auda-svm, action units and faces by landmarks": make_system(
            "auda-svm", action_units=BlendshapeActionUnits(), faces__detector="mediapipe"),
            "dmarkers": make_system("dmarkers")}
    for name, system in systems.items():
        system.fit(train.data, train.target)
        for size in ((320, 240), (640, 480), (1280, 720), (1920, 1080)):
            pictures = film(size)
            best = min((watch(system, pictures) for _ in range(args.repeat)), key=np.sum)
            print(f"{name}, {size[0]} x {size[1]}: {len(best) / best.sum():.0f} frames a core "
                  f"second, {1e3 * best.mean():.1f} ms a frame, 95 % within "
                  f"{1e3 * np.quantile(best, 0.95):.0f} ms, longest {1e3 * best.max():.0f} ms")
        pictures = film((640, 480))
        drawn = min((watch(system, pictures, draw=True) for _ in range(args.repeat)), key=np.sum)
        print(f"  with the picture drawn, 640 x 480: {len(drawn) / drawn.sum():.0f}")
        with timed() as spent:
            watch(system, pictures)
        for part, seconds in spent.items():
            print(f"  {part:<55} {1e3 * np.mean(seconds):6.2f} ms x {len(seconds):4d} = "
                  f"{1e3 * np.sum(seconds) / len(pictures):5.2f} ms a frame")


if __name__ == "__main__":
    main()
