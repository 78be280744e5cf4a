"""Extraction of faces and action units: what a second process brings, and memory by clips.

    python benchmarks/bench_extraction.py [--clips 24] [--most 80] [--dask]

Writes drawn videos into a temporary folder first. Each process works in one thread in every case.
Memory (Linux and macOS) is what the processes have resident together, sampled; needs psutil.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import cv2
import joblib
import psutil

from smilegenuine import Clip, FaceAligner, load_drawn_action_units
from smilegenuine.datasets import make_smiles

REPEATS = 3
DRAWN = 20  # more clips are copies: to a cache, another time of modification is another file
_SAMPLED = 0.05  # seconds


def write_videos(folder: Path, n: int, n_jobs: int) -> list[str]:
    """Drawn people in `n` files of about three seconds."""
    made = make_smiles(DRAWN // 2, 2, size=160, folder=folder / "drawn", n_jobs=n_jobs,
                       random_state=0)
    drawn = [str(clip.name) for clip in made.data]
    (folder / "videos").mkdir()
    files = [folder / "videos" / f"v{i:03}.mp4" for i in range(n)]
    for i, file in enumerate(files):
        shutil.copyfile(drawn[i % DRAWN], file)
    return [str(file) for file in files]


def extract(videos: list[str], n_jobs: int, memory: str | None = None) -> list[Clip]:
    """What `smilegenuine extract` does with a video, up to its action units."""
    faces = FaceAligner(n_jobs=n_jobs, memory=memory).transform(videos)
    return load_drawn_action_units(n_jobs=n_jobs, memory=memory).transform(faces)


def seconds(videos: list[str], n_jobs: int) -> float:
    """How long it takes."""
    began = time.perf_counter()
    extract(videos, n_jobs)
    return time.perf_counter() - began


def throughput(videos: list[str], on_dask: bool) -> None:
    """Print clips a second with one and with two processes, measured by turns."""
    ways: dict[str, tuple[int, Any]] = {"n_jobs=1": (1, nullcontext), "n_jobs=2": (2, nullcontext)}
    client = None
    if on_dask:
        from distributed import Client, LocalCluster

        client = Client(LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0"))
        ways["Dask, 2 workers"] = (
            2, lambda: joblib.parallel_config(backend="dask", client=client))
    took: dict[str, list[float]] = {way: [] for way in ways}
    for n_jobs, context in ways.values():  # processes start, and import
        with context():
            extract(videos[:4], n_jobs)
    for _ in range(REPEATS):
        for way, (n_jobs, context) in ways.items():
            with context():
                took[way].append(seconds(videos, n_jobs))
    if client is not None:
        client.shutdown()
    n_frames = sum(int(cv2.VideoCapture(video).get(cv2.CAP_PROP_FRAME_COUNT)) for video in videos)
    alone = min(took["n_jobs=1"])
    print(f"{len(videos)} clips, {n_frames} frames, 160 x 160, best of {REPEATS}:")
    for way, times in took.items():
        print(f"  {way:<16} {len(videos) / min(times):6.2f} clips/s  "
              f"{n_frames / min(times):6.0f} frames/s  x {alone / min(times):.2f}")


class Peak:
    """The most that this process and its children have resident at a time, in MB."""

    def __init__(self) -> None:
        self.alone = self.together = 0.0
        self._process, self._stopped = psutil.Process(), threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._stopped.wait(_SAMPLED):
            own = self._process.memory_info().rss / 2 ** 20
            others = 0.0
            for child in self._process.children(recursive=True):
                with suppress(psutil.Error):  # it has ended
                    others += child.memory_info().rss / 2 ** 20
            self.alone, self.together = max(self.alone, own), max(self.together, own + others)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()


def measure_memory(folder: str, n: int, cached: bool) -> None:
    """Extract `n` clips in this process, and print its peak."""
    videos = [str(path) for path in sorted(Path(folder, "videos").iterdir())[:n]]
    with tempfile.TemporaryDirectory() as cache, Peak() as peak:
        extract(videos, n_jobs=2, memory=cache if cached else None)
    print(f"{peak.alone:.0f} {peak.together:.0f}")


def memory(folder: Path, most: int) -> None:
    """Print the peak for more and more clips, each in a process of its own."""
    print("\nresident at the peak, main process / with its two workers, MB:")
    print("  clips    with a cache      without")
    for n in (most // 4, most // 2, most):
        cells = []
        for cached in (True, False):
            call = [sys.executable, __file__, "--measure", str(folder), str(n), str(int(cached))]
            alone, together = subprocess.run(call, check=True, capture_output=True,
                                             text=True).stdout.split()[-2:]
            cells.append(f"{alone:>5} /{together:>6}")
        print(f"  {n:>5}   {cells[0]:>13}   {cells[1]:>13}", flush=True)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=24, help="for throughput")
    parser.add_argument("--most", type=int, default=80, help="for memory")
    parser.add_argument("--dask", action="store_true", help="also on a local Dask cluster")
    parser.add_argument("--measure", nargs=3, metavar=("FOLDER", "N", "CACHED"),
                        help=argparse.SUPPRESS)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    if args.measure:
        folder, n, cached = args.measure
        measure_memory(folder, int(n), bool(int(cached)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        videos = write_videos(folder, max(args.clips, args.most), n_jobs=2)
        throughput(videos[:args.clips], args.dask)
        memory(folder, args.most)


if __name__ == "__main__":
    main()
