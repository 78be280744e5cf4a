"""Memory: a ten-minute 1080p recording, read and aligned, in resident bytes at the peak.

    python benchmarks/bench_memory.py [--minutes 10] [--fps 25]

Writes the recording (a drawn person, a four-second stretch over and over) into a temporary folder;
takes some minutes and about 300 MB of disk.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

from smilegenuine.datasets import make_smiles

_MEASURE = """
import re, sys, time
from smilegenuine import FaceAligner, as_clips
# Linux only. Not getrusage: its peak remembers the parent's, from before the exec.
mb = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
at_start, began = mb(), time.perf_counter()
clip = as_clips([sys.argv[1]])[0]
if sys.argv[2] == "read":
    n = sum(1 for _ in clip.frames)
else:
    n = len(FaceAligner().transform([clip])[0].faces)
print(f"{sys.argv[2]:<6} {n} frames: peak {mb():.0f} MB resident ({at_start:.0f} MB are imports), "
      f"{n / (time.perf_counter() - began):.0f} frames/s")
"""


def write_recording(file: Path, n_frames: int, fps: float) -> None:
    """A drawn person in 1080p."""
    person = make_smiles(1, 1, fps=fps, size=320, random_state=0).data[0]
    loop = []
    for frame in person.frames:
        wide = np.full((1080, 1920, 3), 90, np.uint8)
        wide[:, 420:1500] = cv2.resize(frame, (1080, 1080), interpolation=cv2.INTER_CUBIC)
        loop.append(cv2.cvtColor(wide, cv2.COLOR_RGB2BGR))
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"mp4v"), fps, (1920, 1080))
    there_and_back = [*range(len(loop)), *range(len(loop) - 2, 0, -1)]
    for i in range(n_frames):
        writer.write(loop[there_and_back[i % len(there_and_back)]])
    writer.release()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--fps", type=float, default=25.0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "recording.mp4"
        write_recording(file, round(args.minutes * 60 * args.fps), args.fps)
        print(f"{args.minutes:g} minutes, 1920x1080, {args.fps:g} Hz, "
              f"{file.stat().st_size / 1e6:.0f} MB", flush=True)
        for what in ("read", "align"):
            subprocess.run([sys.executable, "-c", _MEASURE, str(file), what], check=True)


if __name__ == "__main__":
    main()
