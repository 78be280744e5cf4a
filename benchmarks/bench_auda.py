"""Speed of AUDA: all three levels of one 200-frame clip, against the direct loops, on one core.

    python benchmarks/bench_auda.py
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import time
from collections.abc import Callable

import numpy as np
from direct_auda import all_levels

from smilegenuine.datasets import make_smiles
from smilegenuine.features.auda import auda_features
from smilegenuine.features.phases import detect_phases


def best_of(function: Callable[[], object], repeats: int) -> float:
    """Least seconds of several runs: the one that other work on the machine disturbed least."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return min(times)


def signals(n_frames: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A drawn smile's signals with measurement noise, brought to a length, at 50 fps."""
    smiles = make_smiles(1, 1, fps=50, random_state=3)
    rng = np.random.default_rng(0)
    at = np.linspace(0, len(smiles.times[0]) - 1, n_frames).round().astype(int)
    aus = smiles.aus[0][at] + rng.normal(0, 0.05, (n_frames, 17))
    return aus, smiles.smile[0][at], np.arange(n_frames) / 50


def main() -> None:
    aus, smile, times = signals(200)
    phases = detect_phases(smile, times)
    ours = auda_features(aus, smile, times)
    direct = all_levels(aus, smile, times, 50.0, phases)
    for level, values in ours.items():
        assert np.allclose(values, direct[level], rtol=0, atol=1e-6), level
    fast = best_of(lambda: auda_features(aus, smile, times), 200)
    slow = best_of(lambda: all_levels(aus, smile, times, 50.0, phases), 2)
    print(f"200 frames, all three levels: {fast * 1e3:.2f} ms; direct loops {slow * 1e3:.0f} ms; "
          f"{slow / fast:.0f} times faster")
    print("frames   ms      ms per 1000 frames")
    for n in (200, 400, 800, 1600, 3200, 6400):
        data = signals(n)
        took = best_of(lambda: auda_features(*data), 20)  # noqa: B023  called at once
        print(f"{n:>6}   {took * 1e3:<7.2f} {took * 1e6 / n:.2f}")


if __name__ == "__main__":
    main()
