"""Speed of drawing: frames a second on one core, against drawing everything anew for each frame.

    python benchmarks/bench_drawing.py
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import time
from collections.abc import Callable

import cv2
import numpy as np

from smilegenuine.drawing.appearance import random_person
from smilegenuine.drawing.renderer import FaceRenderer
from smilegenuine.people.smile_copula import random_style
from smilegenuine.people.smile_motion import smile_motion


def best_of(function: Callable[[], object], repeats: int) -> float:
    """Least seconds of several runs: the one that other work on the machine disturbed least."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return min(times)


def main() -> None:
    """Print frames a second at two sizes, and how much slower the naive way is."""
    cv2.setNumThreads(1)
    rng = np.random.default_rng(0)
    motion = smile_motion(1, random_style(rng), 12.5, rng)
    print("size   frames/s   slowest person   naive frames/s   ratio")
    for size in (160, 256):
        people = [random_person(np.random.default_rng(seed)) for seed in range(4)]
        quick, naive = [], []
        for person in people:
            def draw(renderer: FaceRenderer, i: int) -> np.ndarray:
                yaw, pitch, roll, right, down, scale = motion.pose[i]
                return renderer.draw(motion.aus[i], yaw=yaw, pitch=pitch, roll=roll,
                                     shift=(right, down), scale=scale,
                                     rng=np.random.default_rng(i))

            renderer = FaceRenderer(person, size)
            frames = range(0, len(motion.aus), 2)
            quick.append(best_of(lambda: [draw(renderer, i) for i in frames], 3)  # noqa: B023
                         / len(frames))
            naive.append(best_of(lambda: draw(FaceRenderer(person, size), 20), 3))  # noqa: B023
        fast, slow = float(np.mean(quick)), float(np.mean(naive))
        print(f"{size:<6} {1 / fast:<10.0f} {1 / max(quick):<16.0f} {1 / slow:<16.1f} "
              f"{slow / fast:.0f}")


if __name__ == "__main__":
    main()
