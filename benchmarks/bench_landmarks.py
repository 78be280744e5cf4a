"""Speed of `FaceLandmarks` at 640 x 360, alone and on several clips, against plain MediaPipe.

    python benchmarks/bench_landmarks.py [VIDEO ...]

Without arguments, on the recordings in `../shared/real`. Videos of another size are resized and
written anew first. MediaPipe's bundle is looked for as in `faces_as_seen.py`.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from faces_as_seen import bundle, why_no_landmarker

from smilegenuine.face.landmarker import Confidences, open_landmarker, quiet_stderr
from smilegenuine.face.landmarks import FaceLandmarks

SIZE = (640, 360)
RECORDINGS = ("single_face.mp4", "WolfgangLanger_Pexels.mp4")
REPEATS = 3
REOPENED = 20  # frames for which a landmarker is opened each time


def at_size(path: Path, folder: Path) -> Path:
    """Return the video, or a copy of it at `SIZE`."""
    capture = cv2.VideoCapture(str(path))
    ok, frame = capture.read()
    if not ok or frame.shape[1::-1] == SIZE:
        return path
    copy = folder / f"{path.stem}.mp4"
    writer = cv2.VideoWriter(str(copy), cv2.VideoWriter.fourcc(*"mp4v"),
                             capture.get(cv2.CAP_PROP_FPS), SIZE)
    while ok:
        writer.write(cv2.resize(frame, SIZE, interpolation=cv2.INTER_AREA))
        ok, frame = capture.read()
    writer.release()
    return copy


def read(path: Path) -> list[np.ndarray]:
    """Return the frames of a video."""
    capture, frames = cv2.VideoCapture(str(path)), []
    while True:
        ok, frame = capture.read()
        if not ok:
            return frames
        frames.append(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))


def plain(path: Path, *, reopen: bool = False) -> int:
    """Find landmarks picture by picture, as an example in a manual would; return the frames."""
    import mediapipe as mp
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(bundle())), output_face_blendshapes=True,
        output_facial_transformation_matrixes=True)

    def look(finder: Any, frame: np.ndarray) -> None:
        found = finder.detect(mp.Image(image_format=mp.ImageFormat.SRGB, data=frame))
        for points in found.face_landmarks:
            np.array([(p.x, p.y, p.z) for p in points])

    frames = read(path)
    if reopen:
        for frame in frames[:REOPENED]:
            with quiet_stderr():
                finder = vision.FaceLandmarker.create_from_options(options)
            with finder:
                look(finder, frame)
        return len(frames[:REOPENED])
    with quiet_stderr():
        finder = vision.FaceLandmarker.create_from_options(options)
    with finder:
        for frame in frames:
            look(finder, frame)
    return len(frames)


def speed(function: Callable[[], int]) -> float:
    """Most frames a second of several runs: the one that was disturbed least."""
    best = 0.0
    for _ in range(REPEATS):
        began = time.perf_counter()
        n = function()
        best = max(best, n / (time.perf_counter() - began))
    return best


def count(finder: FaceLandmarks, paths: list[Path]) -> int:
    """Find landmarks in videos; return how many frames they have."""
    return sum(len(clip.landmarks) for clip in finder.transform(paths))


def open_and_close() -> int:
    """Make a landmarker and let go of it."""
    path = bundle()
    assert path is not None
    with open_landmarker(path, 1, Confidences()):
        return 1


def main() -> None:
    """Print frames a second, and how many times as many as MediaPipe used plainly."""
    if why_no_landmarker():
        sys.exit(f"nothing to measure: {why_no_landmarker()}")
    real = Path(__file__).resolve().parents[1].parent / "shared" / "real"
    paths = [Path(a) for a in sys.argv[1:]] or [real / name for name in RECORDINGS]
    if not all(path.is_file() for path in paths):
        sys.exit(f"{real} is not there; name a video of a face")
    print(f"{len(os.sched_getaffinity(0))} cores, {SIZE[0]} x {SIZE[1]} pixels, "
          f"best of {REPEATS} runs, load {os.getloadavg()[0]:.1f} at the beginning")
    print(f"a landmarker is opened and closed in {1000 / speed(open_and_close):.0f} ms")
    with tempfile.TemporaryDirectory() as folder:
        paths = [at_size(path, Path(folder)) for path in paths]
        longest = max(paths, key=lambda path: len(read(path)))
        ours = {
            "one clip": (FaceLandmarks(model=bundle()), [longest]),
            "one clip, max_faces=1": (FaceLandmarks(max_faces=1, model=bundle()), [longest]),
            "four clips, n_jobs=2": (FaceLandmarks(n_jobs=2, model=bundle()), [longest] * 4),
        }
        count(FaceLandmarks(n_jobs=2, model=bundle()), [paths[0]] * 2)  # starts the processes
        began = time.process_time()
        n = count(*ours["one clip"])
        print(f"one clip takes {1000 * (time.process_time() - began) / n:.1f} ms of CPU time a "
              "frame, reading included")
        picture = speed(lambda: plain(longest))
        anew = speed(lambda: plain(longest, reopen=True))
        print("                          frames/s   times plain   times opened anew")
        print(f"plain, IMAGE mode         {picture:<10.0f} 1.0")
        print(f"opened for each frame     {anew:<10.1f}               1.0")
        for name, (finder, clips) in ours.items():
            found = speed(lambda: count(finder, clips))  # noqa: B023
            print(f"{name:25} {found:<10.0f} {found / picture:<13.2f} {found / anew:.1f}")


if __name__ == "__main__":
    main()
