"""Recordings whose landmarks are known, in which somebody smiles when a test says so."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from drawn import LEFT_CORNER, RIGHT_CORNER

from smilegenuine import Clip
from smilegenuine.datasets import make_smiles

#: Seconds of a smile: it rises, is held, and falls.
RISE, HOLD, FALL = 0.6, 1.0, 1.0


@functools.cache
def resting_face() -> np.ndarray:
    return np.asarray(make_smiles(1, 1, fps=5, random_state=0).landmarks[0][0], dtype=float)


def smiling(starts: Sequence[float], seconds: float = 6.0, *, fps: float = 25.0,
            pace: float = 1.0, height: float = 0.15, name: str | None = None, seed: int = 0
            ) -> Clip:
    """A clip whose lip corners move apart by `height` mouth widths each, from these seconds on.

    With a `pace` of 2, smiles last half as long.
    """
    times = np.arange(round(seconds * fps)) / fps
    level = np.zeros(len(times))
    for start in starts:
        knots = start + np.cumsum([0.0, RISE, HOLD, FALL]) / pace
        ramp = np.interp(times, knots, [0.0, 1.0, 1.0, 0.0])
        level += 0.5 - 0.5 * np.cos(np.pi * ramp)
    mesh = np.repeat(resting_face()[None], len(times), axis=0)
    mesh += np.random.default_rng(seed).normal(0.0, 0.02, mesh.shape)
    width = np.linalg.norm(mesh[0, RIGHT_CORNER[0]] - mesh[0, LEFT_CORNER[0]])
    mesh[:, LEFT_CORNER, 0] -= height * width * level[:, None]
    mesh[:, RIGHT_CORNER, 0] += height * width * level[:, None]
    return Clip(landmarks=mesh.astype(np.float32), times=times, name=name)
