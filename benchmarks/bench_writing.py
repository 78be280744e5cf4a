"""Writing drawn clips: frames a second with several processes, against a plain loop in one.

    python benchmarks/bench_writing.py [--clips 24] [--n-jobs 2]
    python benchmarks/bench_writing.py --all [--folder smiles]

At 50 frames a second and 160 pixels, as UvA-NEMO's 1,240 clips would be. `--all` writes that many
and measures nothing else; with `--folder` it can be interrupted.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import cv2
from sklearn.utils import Bunch

from smilegenuine.datasets import make_smiles
from smilegenuine.people.clip_files import write_clips

N_CLIPS, CLIPS_PER_SUBJECT = 1240, 4
RECORDING = {"fps": 50, "size": 160, "random_state": 0}


def drawn(n_clips: int) -> Bunch:
    """Lazy clips, four a subject."""
    return make_smiles(-(-n_clips // CLIPS_PER_SUBJECT), CLIPS_PER_SUBJECT, **RECORDING)


def count_frames(bunch: Bunch) -> int:
    return sum(len(times) for times in bunch.times)


def write_plainly(bunch: Bunch, folder: Path) -> None:
    """What anybody would write first: clip after clip in this process."""
    for clip in bunch.data:
        writer = cv2.VideoWriter(str(folder / f"{clip.name}.mp4"),
                                 cv2.VideoWriter.fourcc(*"mp4v"), clip.fps, (160, 160))
        for frame in clip.frames:
            writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        writer.release()


def seconds(write, *args, **options) -> float:
    began = time.perf_counter()
    write(*args, **options)
    return time.perf_counter() - began


def measure_part(n_clips: int, n_jobs: int) -> None:
    bunch = drawn(n_clips)
    n_clips, n_frames = len(bunch.data), count_frames(bunch)
    with tempfile.TemporaryDirectory() as folder:
        plain, ours = Path(folder) / "plain", Path(folder) / "ours"
        plain.mkdir()
        slow = seconds(write_plainly, bunch, plain)
        fast = seconds(write_clips, drawn(n_clips), ours, n_jobs=n_jobs, settings=RECORDING)
        again = seconds(write_clips, drawn(n_clips), ours, n_jobs=n_jobs, settings=RECORDING)
        size = sum(file.stat().st_size for file in ours.glob("*.mp4"))
    print(f"{n_clips} clips, {n_frames} frames ({n_frames / n_clips:.0f} a clip, "
          f"{size / n_frames / 1e3:.2f} kB a frame), {cv2.getNumThreads()} threads of OpenCV")
    print(f"plain loop       {n_frames / slow:6.0f} frames/s")
    print(f"{n_jobs} processes      {n_frames / fast:6.0f} frames/s, "
          f"{slow / fast:.2f} times as fast")
    print(f"complete folder  {again / n_clips * 1e3:6.2f} ms a clip, which makes "
          f"{again / n_clips * N_CLIPS:.1f} s for {N_CLIPS} clips")
    whole = n_frames / n_clips * N_CLIPS
    print(f"{N_CLIPS} clips, {whole:.0f} frames, would take {whole * fast / n_frames / 60:.0f} min "
          f"with {n_jobs} processes and {whole / n_frames * size / 1e9:.2f} GB")


def write_everything(folder: Path, n_jobs: int) -> None:
    """As a user would: 400 subjects, 1,240 clips, laid out as UvA-NEMO."""
    began = time.perf_counter()
    bunch = make_smiles(400, "uva-nemo", folder=folder, layout="uva-nemo", n_jobs=n_jobs,
                        verbose=True, **RECORDING)
    took = time.perf_counter() - began
    n_frames = count_frames(bunch)
    size = sum(file.stat().st_size for file in folder.rglob("*.mp4"))
    print(f"{len(bunch.data)} clips, {n_frames} frames, {size / 1e9:.2f} GB: {took / 60:.1f} min, "
          f"{n_frames / took:.0f} frames/s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--all", action="store_true", help=f"write {N_CLIPS} clips")
    parser.add_argument("--folder", type=Path, help="where to, with --all; else a temporary one")
    args = parser.parse_args()
    if not args.all:
        measure_part(args.clips, args.n_jobs)
    elif args.folder:
        write_everything(args.folder, args.n_jobs)
    else:
        with tempfile.TemporaryDirectory() as folder:
            write_everything(Path(folder), args.n_jobs)


if __name__ == "__main__":
    main()
