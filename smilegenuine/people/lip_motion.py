"""The lips of a smile, frame by frame at 50 Hz, from the figures to be measured on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..features.smile_figures import (
    FILTER_FRAMES,
    RATE,
    SmileSpan,
    signal_figures,
    smile_span,
    smooth,
)

#: Displacements that smiles keep to, nearly, in lip widths: below rest and above.
LEAST, MOST = -0.05, 0.42

# The published phases, with the turns between them, add up to more than the published smiles: the
# contradiction is shared between them.
_SHORTER = 0.97
_ROUNDS = 20
_NEAR = 0.012  # sum of the squares of relative misses
_SHORT = 20  # frames; a shorter apex has no room for a tremble that the filter would leave
_SECOND_GO = 0.2  # a second go that moves this share of the whole belongs to rise or fall
_RAPID = 0.1  # lip widths a second; more is no tremble
_MOST_TREMBLE = 0.03  # lip widths
_HOLD = np.zeros(FILTER_FRAMES // 2 + 1)  # steps of a turn that is held as long as the filter needs
_MOVING_SHARE = 0.7  # of the frames of an apex, roughly; the rounds find the rest


class LipMotion(NamedTuple):
    """The lip corners' mean displacement over a clip, at 50 Hz.

    Attributes
    ----------
    lip : array of shape (T,)
        From rest, as a fraction of the resting lip width.
    calm : array of shape (T,)
        The same without the roughness of rise and fall and the tremble of a held smile.
    start, end : int
        Frames of the first and after the last movement.
    onset, apex, offset, fallen : int
        Frames where each phase begins, and where the fall is over: the phases that one would see,
        which leave out a first attempt, a second smile, and what lies below rest, and count a
        second go that moves much to rise or fall.
    span : SmileSpan
        The phases as they are measured.
    """

    lip: np.ndarray
    calm: np.ndarray
    start: int
    end: int
    onset: int
    apex: int
    offset: int
    fallen: int
    span: SmileSpan


def lip_motion(figures: dict[str, float], rng: np.random.Generator) -> LipMotion:
    """Shape a smile so that its measured figures are those that are asked for.

    Parameters
    ----------
    figures : dict of str to float
        `lip_...` of `features.smile_figures.FIGURES`, `smile_start_s` and `tail_s`, the time after
        the fall.
    rng : numpy.random.Generator
        Of what the figures leave open.

    Returns
    -------
    LipMotion

    Notes
    -----
    Rise and fall are swells that never stand still, roughened until the largest step has the peak
    speed. What is taken back before the rise is a first attempt at a smile. A held smile trembles
    and drifts. The median filter of the measurement cuts short swings, so lengths and
    strengths are corrected by what is measured, a few rounds of it.
    """
    wanted = {k.removeprefix("lip_"): v * (_SHORTER if "set_duration" in k else 1.0)
              for k, v in figures.items() if k.startswith("lip_")}
    plan = _Plan.of(wanted, figures["smile_start_s"], figures["tail_s"], rng)
    best, least = None, np.inf
    for k in range(_ROUNDS):
        motion = plan.motion()
        miss = plan.correct(wanted, signal_figures(smooth(motion.lip), motion.span))
        if miss < least:
            best, least = motion, miss
        if miss < _NEAR:
            break
        if k % 8 == 7:
            plan.shake = rng.normal(size=len(plan.shake))
    assert best is not None  # the first round always gives one
    return best


@dataclass
class _Plan:
    """The numbers that shape one smile, lengths in frames; corrected round by round."""

    lead: int
    tail: int
    onset: float
    apex: float
    offset: float
    rise: float
    rise_peak: float  # per frame
    fall: float
    fall_peak: float
    back: float  # what of a first rise is taken back
    strength: float  # of the apex's movement
    stepped: bool  # a short apex, in two goes,
    late: bool  # of which the second comes after the rise, not before the fall
    skews: np.ndarray
    rough: np.ndarray
    attempt: float
    shake: np.ndarray
    lean: float  # slope of an apex's drift against its tremble
    cycle_s: float

    @classmethod
    def of(cls, wanted: dict[str, float], start_s: float, tail_s: float, rng: np.random.Generator
           ) -> _Plan:
        frames = {k: max(3.0, wanted[f"{k}_duration_s"] * RATE)
                  for k in ("onset", "apex", "offset")}
        rise, ratio = wanted["onset_rise"], wanted["onset_backtrack_ratio"]
        wobble = wanted["apex_wobble"]
        least = _SHORT if wobble < _RAPID * frames["apex"] / RATE else np.inf
        stepped = frames["apex"] < min(least, 0.8 * frames["onset"], 0.5 * frames["offset"])
        # No attempt falls so far below rest that the smile itself would not come out of it.
        back = 0.0 if ratio < 0.002 else min(rise * ratio / (1.0 - ratio), 0.75 * rise)
        return cls(
            lead=int(start_s * RATE + 0.5), tail=max(2, int(tail_s * RATE + 0.5)),
            onset=frames["onset"], offset=frames["offset"],
            apex=frames["apex"] / (1.0 if stepped else _MOVING_SHARE),
            strength=wobble * (1.0 if stepped else 0.1), stepped=stepped,
            late=(rng.random() < 0.5 or wobble > 0.4 * rise) and rise + wobble < MOST,
            rise=rise, back=back, fall=wanted["offset_fall"],
            rise_peak=wanted["onset_peak_speed_per_s"] / RATE,
            fall_peak=wanted["offset_peak_speed_per_s"] / RATE,
            skews=rng.uniform(0.75, 1.25, 2), rough=rng.normal(size=(2, 300)),
            attempt=rng.uniform(0.9, 1.3), shake=rng.normal(size=1200),
            lean=rng.uniform(0.75, 1.2) / (0.65 + 0.35 * wanted["apex_duration_s"]),
            cycle_s=rng.uniform(0.8, 1.2))

    def motion(self) -> LipMotion:
        """Build the curve from the numbers."""
        before = self._attempt()
        n_rise = max(3, int(round(self.onset) - np.count_nonzero(before)))
        rise = _run(n_rise, self.rise - before[before > 0].sum(), self.rise_peak, self.skews[0],
                    self.rough[0])
        held, tremble = self._stepped_apex() if self.stepped else self._trembling_apex()
        after = self._fall(before.sum() + rise[0].sum() + held.sum())
        top = self.lead + len(before) + n_rise
        fall = top + len(held)
        lip, calm = (np.cumsum(np.concatenate([np.zeros(self.lead + 1), before, up, held, down,
                                               np.zeros(self.tail)]))
                     for up, down in zip(rise, after, strict=True))
        lip[top + 1:fall + 1] += tremble
        span = smile_span(np.diff(smooth(lip)))
        apex, offset = top, fall
        if self.stepped and self.strength > _SECOND_GO * (self.rise + self.strength):
            go = held.nonzero()[0]
            apex, offset = (top + int(go[-1]) + 1, fall) if self.late else (top, top + int(go[0]))
        stops = np.flatnonzero((after[1] >= 0.0) | (calm[fall + 1:fall + 1 + len(after[1])] <= 0.0))
        fallen = fall + (int(stops[0]) if len(stops) else len(after[1]))
        return LipMotion(lip, calm, self.lead, fall + len(after[0]), top - n_rise, apex, offset,
                         fallen, span)

    def correct(self, wanted: dict[str, float], measured: dict[str, float]) -> float:
        """Correct lengths and strengths; return the sum of the squared relative misses."""
        misses = []
        for name in ("onset", "apex", "offset"):
            goal, actual = (figures[f"{name}_duration_s"] for figures in (wanted, measured))
            misses.append(abs(goal - actual) / (goal + 0.1))
            step = np.clip((goal + 0.06) / (actual + 0.06), 0.6, 1.6)
            setattr(self, name, getattr(self, name) * step ** 0.8)
        goal, actual = wanted["apex_wobble"], measured["apex_wobble"]
        misses.append(2.0 * abs(goal - actual) / (goal + 0.002))
        self.strength *= np.clip((goal + 2e-4) / (actual + 2e-4), 0.4, 2.5)
        if not self.stepped:
            self.strength = min(self.strength, _MOST_TREMBLE)
        for name, figure in (("rise", "onset_rise"), ("fall", "offset_fall"),
                             ("rise_peak", "onset_peak_speed_per_s"),
                             ("fall_peak", "offset_peak_speed_per_s")):
            goal, actual = wanted[figure], measured[figure]
            misses.append(abs(goal - actual) / goal)
            setattr(self, name, getattr(self, name) * np.clip(goal / max(actual, 1e-6), 0.7, 1.4))
        return float(np.square(misses).sum())

    def _attempt(self) -> np.ndarray:
        """Return the steps of a first rise that is taken back, with both turns held."""
        if not self.back:
            return np.zeros(0)
        # Shorter than the fall, or it would be taken for it.
        n = max(2, round(min((0.12 + 0.1 * (self.back > -LEAST)) * self.onset, 0.6 * self.offset)))
        down = np.r_[np.full(n, -self.back / n), _HOLD]
        if self.back <= -LEAST:
            return down
        up = max(min(self.back * self.attempt, 0.75 * self.rise), self.back + LEAST)
        return np.r_[np.full(n, up / n), _HOLD, down]

    def _fall(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the fall's steps, rough and smooth; what falls too deep is a second smile's."""
        frames = max(3, round(self.offset))
        again = self.fall - level + LEAST
        if again <= 0.04 or frames < 14:
            deep = min(self.fall, max(level, 0.0) - LEAST + 0.04)
            rough, even = _run(frames, deep, self.fall_peak, self.skews[1], self.rough[1])
            return -rough, -even
        n_again = max(3, round(0.22 * frames))
        first = self.fall - again - 0.5 * max(0.0, level + LEAST - again)
        first = min(max(first, 0.55 * self.fall), max(level, 0.0) - LEAST)
        main = _run(frames - 2 * n_again, first, self.fall_peak, self.skews[1], self.rough[1])
        up, _ = _run(n_again, again, 2.0 * again / n_again)
        down, _ = _run(n_again, self.fall - first, 2.0 * (self.fall - first) / n_again)
        rough, even = (np.concatenate([-steps, _HOLD, up, _HOLD, -down]) for steps in main)
        return rough, even

    def _trembling_apex(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the steps of a held smile's drift, and its tremble; both still at the ends.

        The drift is slow against the tremble, so that it is never taken for the rise or the fall.
        """
        held = max(FILTER_FRAMES // 2 + 3, round(self.apex))
        ends = np.minimum(np.arange(held) + 1, held - np.arange(held))
        tremble = self.strength * np.resize(self.shake, held) * np.clip(ends / 3.0, 0.0, 1.0)
        # Up by half a swing, down by a whole one, up again, …, and down by half a swing.
        swings = 2 * max(1, round(held / (self.cycle_s * RATE))) - 1
        way = np.where(np.floor(np.arange(held) / held * swings + 0.5) % 2 == 0, 1.0, -1.0)
        slope = self.lean * self.strength / (FILTER_FRAMES / 2)
        return slope * (way - way.mean()), tremble

    def _stepped_apex(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the steps of a short apex: the smile is reached, or left, in two goes."""
        frames = max(1, round(self.apex))
        go = np.full(frames, self.strength / frames)
        pause = np.zeros(3)
        steps = np.concatenate((pause, go, _HOLD) if self.late else (_HOLD, -go, pause))
        return steps, np.zeros(len(steps))


def _run(frames: int, total: float, peak: float, skew: float = 1.0,
         rough: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return positive steps of a given sum and largest step, and the same without roughness.

    A swell makes only part of the peak: the published peaks are five times the mean speed, where a
    smooth movement's are twice; the rest is how uneven the steps are.
    """
    mean = max(total, 1e-4) / frames
    goal = float(np.clip(peak / mean, 1.0, 0.85 * frames))
    at = ((np.arange(frames) + 0.5) / frames) ** skew
    swell = 0.03 + 4.0 * at * (1.0 - at)
    swell /= swell.mean()
    top = swell.max()
    if goal <= top or rough is None:
        swell = 1.0 + (swell - 1.0) * min(1.0, (goal - 1.0) / max(top - 1.0, 1e-9))
        return mean * swell, mean * swell
    noise = np.resize(rough, frames) * (swell / top)  # mostly in the middle
    low, high = 0.0, 8.0
    for _ in range(14):
        middle = 0.5 * (low + high)
        steps = swell * np.exp(noise * middle)
        steps *= frames / np.add.reduce(steps)
        low, high = (middle, high) if steps.max() < goal else (low, middle)
    steps = np.maximum(steps, 0.01)
    return mean * steps * (frames / steps.sum()), mean * swell
