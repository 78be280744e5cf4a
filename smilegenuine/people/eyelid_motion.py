"""The eyelids during a smile, frame by frame at 50 Hz, from the figures measured on them.

What the published figures describe is flutter as a tracker sees it, up as much as down in every
frame, over a small narrowing of the eye and now and then a blink.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..features.smile_figures import RATE
from .lip_motion import LipMotion

#: How far a full blink lowers the upper lid, over the eye's width, as drawn.
FULL_BLINK = 0.36

# Frames that a blink takes to close and to open at 50 Hz: slowest, and so deepest, first.
_BLINKS = ((7, 12), (6, 10), (5, 8), (4, 6), (4, 5), (3, 4))
_BLINK_STEP = 0.040  # a faster step than this is a blink's
_WIDER, _NARROWER = 0.1, 0.15  # eye widths that the smile itself changes an eye by at most
_BLINKS_PER_S = 0.2  # while the smile is held
_LEAST_FLUTTER = 0.25  # of what a phase moves is not a blink


class LidMotion(NamedTuple):
    """The mean change of both eyes' opening over a clip, at 50 Hz.

    Attributes
    ----------
    lid : array of shape (T,)
        From rest, over the eye's width; negative where the eye is narrower.
    blinks : array of shape (T,)
        How far blinks close the eyes, over the eye's width.
    narrowing : float
        How much narrower than at rest the eyes are when the smile is reached.
    """

    lid: np.ndarray
    blinks: np.ndarray
    narrowing: float


def lid_motion(figures: dict[str, float], lips: LipMotion, rng: np.random.Generator) -> LidMotion:
    """Shape the eyelids' motion in the phases of a smile.

    Parameters
    ----------
    figures : dict of str to float
        `eyelid_...` of `features.smile_figures.FIGURES`.
    lips : LipMotion
        The smile.
    rng : numpy.random.Generator

    Returns
    -------
    LidMotion
    """
    n = len(lips.lip) - 1
    # They stir a little before or after the lips do.
    rest_until = max(0, lips.start + round(rng.normal(0.0, 9.0)))
    still_from = round(rng.uniform(0.5 * (lips.end + n), n + 4))
    bounds = (min(rest_until, lips.span.apex), lips.span.apex, lips.span.offset,
              max(min(still_from, n), lips.span.offset))
    phases = [_Phase(stop - start) for start, stop in pairwise(bounds)]
    onset, apex, offset = phases
    # Eyes that stir for longer than the lips also move more.
    longer = len(onset.steps) / max(lips.span.apex - lips.start, 1)
    rise = figures["eyelid_onset_rise"] * float(np.clip(longer, 0.4, 2.5)) ** 0.6
    ratio = figures["eyelid_onset_backtrack_ratio"]
    fall = float(np.clip(rise * ratio / (1.0 - ratio), rise - _WIDER, rise + _NARROWER))
    onset.fill(rise, fall, figures["eyelid_onset_peak_speed_per_s"] / RATE, True, rng)
    wobble = figures["eyelid_apex_wobble"]
    apex.blink_at_random(wobble, rng)
    apex.fill(0.5 * wobble, 0.5 * wobble, None, True, rng)
    back = fall - rise
    down = figures["eyelid_offset_fall"]
    offset.fill(max(0.3 * down, down + back), down,
                figures["eyelid_offset_peak_speed_per_s"] / RATE, False, rng)
    steps, blinks = np.zeros(n), np.zeros(n + 1)
    for start, phase in zip(bounds[:-1], phases, strict=True):
        steps[start:start + len(phase.steps)] = phase.steps
        blinks[start:start + len(phase.steps) + 1] -= np.r_[0.0, np.cumsum(phase.blink)]
    return LidMotion(np.r_[0.0, np.cumsum(steps)], np.clip(blinks, 0.0, None), float(back))


class _Phase:
    """The steps of one phase: blinks and what else moves."""

    def __init__(self, frames: int) -> None:
        self.steps = np.zeros(frames)
        self.blink = np.zeros(frames)

    def blink_at_random(self, movement: float, rng: np.random.Generator) -> None:
        """Blink now and then, as far as the movement asked for allows."""
        for _ in range(rng.poisson(_BLINKS_PER_S * len(self.steps) / RATE)):
            depth = float(rng.uniform(0.6, 1.0)) * FULL_BLINK
            moved = np.abs(self.blink).sum() + 2.0 * depth
            if moved <= (1.0 - _LEAST_FLUTTER) * movement:
                self._put(_blink_steps(depth, *_BLINKS[1]), rng)

    def fill(self, up: float, down: float, peak: float | None, rising: bool,
             rng: np.random.Generator) -> None:
        """Fill the phase with steps of these sums up and down, and of this largest step one way."""
        if peak is not None and peak > _BLINK_STEP:
            self._blink_for(peak, rising, (1.0 - _LEAST_FLUTTER) * min(up, down), rng)
        for sign, total, peaked in ((1.0, up, rising), (-1.0, down, not rising)):
            blinked = np.clip(sign * self.blink, 0.0, None).sum()
            rest = max(total - blinked, 0.05 * total)
            self.steps += sign * self._flutter(sign, rest, peak if peaked else None, rng)
        self.steps += self.blink

    def _blink_for(self, peak: float, rising: bool, most: float, rng: np.random.Generator) -> None:
        """Put the blink whose fastest step is `peak`, the deepest that there is room for."""
        for lengths in _BLINKS:
            steps = _blink_steps(1.0, *lengths)
            depth = peak / (steps.max() if rising else -steps.min())
            if depth <= min(most, FULL_BLINK):
                self._put(depth * steps, rng)
                return

    def _put(self, steps: np.ndarray, rng: np.random.Generator) -> None:
        room = len(self.blink) - len(steps)
        if room >= 0:
            at = int(rng.integers(room + 1))
            if not self.blink[at:at + len(steps)].any():
                self.blink[at:at + len(steps)] = steps

    def _flutter(self, sign: float, total: float, peak: float | None, rng: np.random.Generator
                 ) -> np.ndarray:
        """Return steps one way, in the frames where a tracker's noise goes that way."""
        if not hasattr(self, "_noise"):
            self._noise = np.diff(rng.normal(size=len(self.steps) + 1))
        free = np.clip(sign * self._noise, 0.0, None) * (self.blink == 0.0)
        if not free.any():
            return free
        free /= free.max()
        power = 1.0
        if peak is not None and not self.blink.any():
            low, high = 0.2, 6.0  # a higher power makes the largest step stand out more
            for _ in range(14):
                power = np.sqrt(low * high)
                shares = free ** power * (free > 0.0)
                low, high = (power, high) if total / shares.sum() < peak else (low, power)
        shares = free ** power * (free > 0.0)
        return shares * (total / shares.sum())


def _blink_steps(depth: float, closing: int, opening: int) -> np.ndarray:
    """Return the steps of one blink: closed quickly, opened more slowly."""
    down, up = (np.sin(np.pi * (np.arange(n) + 0.5) / n) for n in (closing, opening))
    return depth * np.concatenate([-down / down.sum(), up / up.sum()])
