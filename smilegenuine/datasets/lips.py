"""The lips of a smile, frame by frame at 50 Hz, from the figures to be measured on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .measures import FILTER_FRAMES, RATE, SmileSpan, signal_figures, smile_span, smooth

#: Displacements beyond which no mouth goes, in lip widths: below rest and above.
LEAST, MOST = -0.05, 0.42

_ROUNDS = 20
_NEAR = 0.012  # sum of the squares of relative misses
_SHORT = 20  # frames; a shorter apex has no room for a tremble that the filter would leave
_RAPID = 0.1  # lip widths a second; more is no tremble
_MOST_TREMBLE = 0.03  # lip widths
_MOVING_SHARE = 0.7  # of the frames of an apex, roughly; the rounds find the rest


class LipMotion(NamedTuple):
    """The lip corners' mean displacement over a clip, at 50 Hz.

    Attributes
    ----------
    lip : array of shape (T,)
        From rest, as a fraction of the resting lip width.
    calm : array of shape (T,)
        The same without the tremble of a held smile.
    start, top, fall, end : int
        Frames: the first movement, the apex's start and end, the end of the main fall.
    span : SmileSpan
        The phases as they are measured.
    """

    lip: np.ndarray
    calm: np.ndarray
    start: int
    top: int
    fall: int
    end: int
    span: SmileSpan


def lip_motion(figures: dict[str, float], rng: np.random.Generator) -> LipMotion:
    """Shape a smile so that its measured figures are those that are asked for.

    Parameters
    ----------
    figures : dict of str to float
        `lip_...` of `measures.FIGURES`, `smile_start_s` and `tail_s`, the time after the fall.
    rng : numpy.random.Generator
        Of what the figures leave open.

    Returns
    -------
    LipMotion

    Notes
    -----
    Rise and fall are steps that never stand still: a low floor and one pulse whose width gives the
    peak speed. What is turned up before the rise is a first attempt at a smile. A held smile
    trembles and drifts. The median filter of the measurement cuts short swings, so lengths and
    strengths are corrected by what is measured, a few rounds of it.
    """
    wanted = {k.removeprefix("lip_"): v for k, v in figures.items() if k.startswith("lip_")}
    plan = _Plan.of(wanted, figures["smile_start_s"], figures["tail_s"], rng)
    best, least = None, np.inf
    for k in range(_ROUNDS):
        motion = plan.drawn()
        measured = signal_figures(smooth(motion.lip), motion.span)
        miss = plan.corrected(wanted, measured)
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
    floors: np.ndarray
    centres: np.ndarray
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
        back = 0.0 if ratio < 0.002 else rise * ratio / (1.0 - ratio)
        return cls(
            lead=int(start_s * RATE + 0.5), tail=max(2, int(tail_s * RATE + 0.5)),
            onset=frames["onset"], offset=frames["offset"],
            apex=frames["apex"] / (1.0 if stepped else _MOVING_SHARE),
            strength=wobble * (1.0 if stepped else 0.1), stepped=stepped,
            late=(rng.random() < 0.5 or wobble > 0.4 * rise) and rise + wobble < MOST,
            rise=rise, back=back, fall=wanted["offset_fall"],
            rise_peak=wanted["onset_peak_speed_per_s"] / RATE,
            fall_peak=wanted["offset_peak_speed_per_s"] / RATE,
            floors=rng.uniform(0.12, 0.35, 2), centres=rng.uniform((0.3, 0.2), (0.6, 0.5)),
            attempt=rng.uniform(0.9, 1.3), shake=rng.normal(size=1200),
            lean=rng.uniform(0.65, 1.1) / (0.65 + 0.35 * wanted["apex_duration_s"]),
            cycle_s=rng.uniform(1.2, 2.2))

    def drawn(self) -> LipMotion:
        """Build the curve from the numbers."""
        before = self._attempt()
        n_rise = max(3, int(round(self.onset) - np.count_nonzero(before)))
        rise = _run(n_rise, self.rise - before[before > 0].sum(), self.rise_peak, self.floors[0],
                    self.centres[0])
        held, tremble = self._stepped_apex() if self.stepped else self._trembling_apex()
        after = self._fall(before.sum() + rise.sum() + held.sum())
        top = self.lead + len(before) + len(rise)
        fall = top + len(held)
        calm = np.cumsum(np.concatenate([np.zeros(self.lead + 1), before, rise, held, after,
                                         np.zeros(self.tail)]))
        lip = calm.copy()
        lip[top + 1:fall + 1] += tremble
        span = smile_span(np.diff(smooth(lip)))
        return LipMotion(lip, calm, self.lead, top, fall, fall + len(after), span)

    def corrected(self, wanted: dict[str, float], measured: dict[str, float]) -> float:
        """Change lengths and strengths by what was missed; return the largest miss."""
        misses = []
        for name, least in (("onset", 0.06), ("apex", 0.06), ("offset", 0.06)):
            goal, found = (f[f"{name}_duration_s"] for f in (wanted, measured))
            misses.append(abs(goal - found) / (goal + 0.1))
            step = np.clip((goal + least) / (found + least), 0.6, 1.6)
            setattr(self, name, getattr(self, name) * step ** 0.8)
        goal, found = wanted["apex_wobble"], measured["apex_wobble"]
        misses.append(2.0 * abs(goal - found) / (goal + 0.002))
        self.strength *= np.clip((goal + 2e-4) / (found + 2e-4), 0.4, 2.5)
        if not self.stepped:
            self.strength = min(self.strength, _MOST_TREMBLE)
        for name, figure in (("rise", "onset_rise"), ("fall", "offset_fall"),
                             ("rise_peak", "onset_peak_speed_per_s"),
                             ("fall_peak", "offset_peak_speed_per_s")):
            goal, found = wanted[figure], measured[figure]
            misses.append(abs(goal - found) / goal)
            setattr(self, name, getattr(self, name) * np.clip(goal / max(found, 1e-6), 0.7, 1.4))
        return float(np.square(misses).sum())

    def _attempt(self) -> np.ndarray:
        """Steps of a first rise that is taken back, each turn held as long as the filter needs."""
        if not self.back:
            return np.zeros(0)
        # Shorter than the fall, or it would be taken for it.
        n = max(2, round(min((0.12 + 0.1 * (self.back > -LEAST)) * self.onset, 0.6 * self.offset)))
        hold = np.zeros(FILTER_FRAMES // 2 + 1)
        down = np.r_[np.full(n, -self.back / n), hold]
        if self.back <= -LEAST:
            return down
        up = min(self.back * self.attempt, 0.8 * self.rise)
        return np.r_[np.full(n, up / n), hold, down]

    def _fall(self, level: float) -> np.ndarray:
        """Steps of the fall; what falls deeper than there is to fall is a second smile's."""
        frames = max(3, round(self.offset))
        again = self.fall - level + LEAST
        if again <= 0.04 or frames < 14:
            return -_run(frames, self.fall, self.fall_peak, self.floors[1], self.centres[1])
        hold = np.zeros(FILTER_FRAMES // 2 + 1)
        n_again = max(3, round(0.22 * frames))
        first = self.fall - again - 0.5 * max(0.0, level + LEAST - again)
        first = max(first, 0.55 * self.fall)
        main = -_run(frames - 2 * n_again, first, self.fall_peak, self.floors[1], self.centres[1])
        up = _run(n_again, again, 2.0 * again / n_again, 0.3, 0.5)
        down = -_run(n_again, self.fall - first, 2.0 * (self.fall - first) / n_again, 0.3, 0.5)
        return np.r_[main, hold, up, hold, down]

    def _trembling_apex(self) -> tuple[np.ndarray, np.ndarray]:
        """Steps of a held smile's drift, and its tremble in each frame; both still at the ends.

        The drift is slow against the tremble, so that it is never taken for the rise or the fall.
        """
        held = max(FILTER_FRAMES // 2 + 3, round(self.apex))
        ends = np.minimum(np.arange(held) + 1, held - np.arange(held))
        tremble = self.strength * np.resize(self.shake, held) * np.clip(ends / 3.0, 0.0, 1.0)
        halves = 2 * max(1, round(held / (self.cycle_s * RATE)))
        wave = np.abs((np.arange(held + 1) / held * halves + 1.0) % 2.0 - 1.0)
        slope = self.lean * self.strength / (FILTER_FRAMES / 2)
        return np.diff(slope * held / halves * wave), tremble

    def _stepped_apex(self) -> tuple[np.ndarray, np.ndarray]:
        """Steps of a short apex: the smile is reached, or left, in two goes."""
        frames = max(1, round(self.apex))
        go = np.full(frames, self.strength / frames)
        pause, hold = np.zeros(3), np.zeros(FILTER_FRAMES // 2 + 1)
        steps = (pause, go, hold) if self.late else (hold, -go, pause)
        return np.concatenate(steps), np.zeros(frames + len(pause) + len(hold))


def _run(frames: int, total: float, peak: float, floor: float, centre: float) -> np.ndarray:
    """Positive steps of a given sum and largest step: a floor and a pulse."""
    mean = max(total, 1e-4) / frames
    peak = np.clip(peak, 1.15 * mean, 0.85 * mean * frames)
    at = np.arange(frames)
    low = floor * mean
    goal = (mean - low) * frames / (peak - low)  # the pulse's area over its height
    if goal >= 0.98 * frames:
        return np.full(frames, mean)
    offsets = (at - round(centre * (frames - 1))) ** 2
    narrow, wide = 0.05, 20.0 * frames
    for _ in range(16):
        width = float(np.sqrt(narrow * wide))
        if np.add.reduce(np.exp(offsets * (-0.5 / (width * width)))) > goal:
            wide = width
        else:
            narrow = width
    pulse = np.exp(-offsets / (2.0 * wide * wide))
    steps = low + (peak - low) * pulse
    return steps * (mean * frames / steps.sum())
