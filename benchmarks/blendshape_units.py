"""Action units from MediaPipe's face mesh, on drawn people whose action units are known.

    python benchmarks/blendshape_units.py [--people 12] [--memory FOLDER] [--leaks]

Three kinds of clips, of people that no weight was fitted on: smiles, at two sizes; all units moving
at once, each on its own; and one unit after the other. For each unit: Pearson's r with the truth
within clips in which it moves by 1.5 points or more (the median, and of how many), and r of the
clips' peaks. `--leaks` prints what each unit shows while another one moves alone.

Needs MediaPipe and its bundle, see `faces_as_seen.py`.
"""

from __future__ import annotations

import argparse
import os
from typing import Any, NamedTuple

import numpy as np
from faces_as_seen import bundle, course, why_no_landmarker

from smilegenuine import AU_NAMES, Clip, FaceLandmarks
from smilegenuine.datasets import make_action_units, make_smiles
from smilegenuine.drawing.appearance import random_person
from smilegenuine.people.drawn_frames import DrawnFrames
from smilegenuine.people.smile_copula import random_style
from smilegenuine.people.smile_motion import Motion, gaze, head_pose
from smilegenuine.signals.blendshape_units import BlendshapeActionUnits

LEAST = 1.5  # points; a unit that moves less in a clip is not asked for
FPS = 25.0
TURN = 30  # frames that a unit has for itself


class Agreement(NamedTuple):
    """How well one unit agrees with the truth over some clips.

    Attributes
    ----------
    within : float
        Median of r within clips in which the unit moves; NaN where it moves in none.
    n : int
        Clips in which it moves.
    across : float
        r of the clips' peaks; NaN where it moves in no more than two.
    bias : float
        Mean of measured less true peaks in points, of clips in which it moves.
    """

    within: float
    n: int
    across: float
    bias: float


def agreement(measured: list[np.ndarray], truth: list[np.ndarray]) -> dict[str, Agreement]:
    """Compare action units (T, 17) of clips with the true ones, by action unit."""
    found = {}
    for k, au in enumerate(AU_NAMES):
        r, peaks, bias = [], [], []
        for aus, true in zip(measured, truth, strict=True):
            valid = np.isfinite(aus[:, k])
            a, b = aus[valid, k], true[valid, k]
            peaks.append((a.max(), b.max()))
            if np.ptp(b) >= LEAST:
                r.append(np.corrcoef(a, b)[0, 1] if np.ptp(a) > 0 else 0.0)
                bias.append(a.max() - b.max())
        told = len(r) > 2 and np.ptp(peaks, axis=0).all()
        across = np.corrcoef(np.transpose(peaks))[0, 1] if told else np.nan
        within, by = (np.median(r), np.mean(bias)) if r else (np.nan, np.nan)
        found[au] = Agreement(float(within), len(r), float(across), float(by))
    return found


def one_by_one(n_people: int, size: int = 160, seed: int = 941) -> tuple[list[Clip], list[Any]]:
    """Clips in which one unit after the other moves alone, to a peak of 1 to 5; and the truth."""
    clips, truth = [], []
    for k in range(n_people):
        rng = np.random.default_rng((seed, k))
        style = random_style(rng)
        aus = np.zeros((TURN * len(AU_NAMES), len(AU_NAMES)))
        for turn, unit in enumerate(rng.permutation(len(AU_NAMES))):
            aus[turn * TURN:(turn + 1) * TURN, unit] = course(TURN) / 5.0 * rng.uniform(1.0, 5.0)
        times = np.arange(len(aus)) / FPS
        unknown = np.full((len(aus), 2), np.nan)
        motion = Motion(times, aus, aus[:, AU_NAMES.index("AU12")] / 5.0,
                        head_pose(times, style, rng, 0.6), {}, gaze(times, style, rng), unknown,
                        unknown, unknown, 0.0)
        frames = DrawnFrames(random_person(rng), motion, size, int(rng.integers(2**31)),
                             f"one by one {k}", fps=FPS, quality=75)
        clips.append(Clip(frames=frames))
        truth.append(aus)
    return clips, truth


def leaks(measured: list[np.ndarray], truth: list[np.ndarray]) -> np.ndarray:
    """(17, 17) mean intensity measured of units (columns) while one (rows) is at its strongest.

    In points for 5 points of the moving one; of clips of `one_by_one`.
    """
    seen = np.empty((len(AU_NAMES), len(AU_NAMES)))
    for k in range(len(AU_NAMES)):
        tops = [true[:, k] > 0.9 * true[:, k].max() for true in truth]
        seen[k] = np.mean([5.0 / true[:, k].max() * np.nanmean(aus[top], axis=0)
                           for aus, true, top in zip(measured, truth, tops, strict=True)], axis=0)
    return seen


def sets(n: int) -> dict[str, tuple[list[Clip], list[Any]]]:
    """The clips, without what is known about them, and the truth; by kind."""
    small = make_smiles(n, 2, random_state=931)
    large = make_smiles(n, 2, size=256, random_state=932)
    free = make_action_units(n, duration=16.0, fps=FPS, head_motion=1.0, random_state=905)
    return {"smiles, 160 pixels": (small.data, small.aus),
            "smiles, 256 pixels": (large.data, large.aus),
            "all at once": ([clip.replace(aus=None) for clip in free.data], free.aus),
            "one by one": one_by_one(n)}


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=12)
    parser.add_argument("--memory", help="folder in which to keep what MediaPipe saw")
    parser.add_argument("--leaks", action="store_true", help="print what leaks between units")
    options = parser.parse_args()
    if why_no_landmarker():
        raise SystemExit(why_no_landmarker())
    finder = FaceLandmarks(model=bundle(), n_jobs=os.cpu_count(), memory=options.memory)
    for name, (clips, truth) in sets(options.people).items():
        seen = finder.transform(clips)
        measured = [clip.aus for clip in BlendshapeActionUnits().transform(seen)]
        print(f"{name}: {len(clips)} clips, {sum(map(len, truth))} frames")
        for au, a in agreement(measured, truth).items():
            print(f"  {au}  within {a.within:5.2f} ({a.n:2})   peaks {a.across:5.2f}   "
                  f"bias {a.bias:+.2f}", flush=True)
    if options.leaks:
        print("      " + " ".join(f"{au[2:]:>4}" for au in AU_NAMES))
        for au, row in zip(AU_NAMES, leaks(measured, truth), strict=True):
            print(f"  {au}" + " ".join(f"{v:4.1f}" for v in row))


if __name__ == "__main__":
    main()
