"""How drawn people move: one smile, or all action units at once, and the head with them.

Curves only, no pictures. Amplitudes and durations of smiles come from `kinematics`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.stats import norm

from ..au_table import AU_NAMES
from .kinematics import quantile_of

KINDS = ("posed", "spontaneous")

#: Lip-corner displacement (fraction of the lip width) and eyelid closure (fraction of the eye
#: width) that one point of AU12 and AU06 intensity stand for.
LIP_PER_AU12 = 0.06
EYELID_PER_AU06 = 0.07


@dataclass(frozen=True)
class Style:
    """What a subject keeps from one smile to the next.

    Attributes
    ----------
    latents : dict of str to float
        Standard-normal habits: tempo, size, eyes, wobble.
    parts_lips, drops_jaw, dimples, lifts_lip : float
        How strongly AU25, AU26, AU14 and AU10 go along with the lip corners, 0 to 1.
    blinks_per_s : float
        Rate of blinks.
    pose : array of shape (3,)
        Habitual yaw, pitch and roll in degrees.
    """

    latents: dict[str, float]
    parts_lips: float
    drops_jaw: float
    dimples: float
    lifts_lip: float
    blinks_per_s: float
    pose: np.ndarray


class Motion(NamedTuple):
    """The motion of one clip.

    Attributes
    ----------
    times : array of shape (T,)
        Seconds.
    aus : array of shape (T, 17)
        Intensities 0–5.
    smile : array of shape (T,)
        True smile intensity, 0–1: the lip corners' share of their largest pull.
    pose : array of shape (T, 6)
        Yaw, pitch, roll in degrees; shift right and down as fractions of the picture; scale.
    phases : dict of str to slice
        True onset, apex, offset and smile; empty slices for what is not in the clip.
    """

    times: np.ndarray
    aus: np.ndarray
    smile: np.ndarray
    pose: np.ndarray
    phases: dict[str, slice]


def random_style(rng: np.random.Generator) -> Style:
    """Draw a subject's habits.

    Parameters
    ----------
    rng : numpy.random.Generator

    Returns
    -------
    Style
    """
    return Style(latents={k: float(rng.normal()) for k in ("tempo", "size", "eyes", "wobble")},
                 parts_lips=float(rng.beta(1.5, 1.2)), drops_jaw=float(rng.beta(1.0, 4.0)),
                 dimples=float(rng.beta(1.0, 4.0)), lifts_lip=float(rng.beta(1.0, 4.0)),
                 blinks_per_s=float(rng.uniform(0.1, 0.4)), pose=rng.normal(0, (2.5, 1.5, 1.2)))


def smile_motion(kind: str, style: Style, fps: float, rng: np.random.Generator, *,
                 head_motion: float = 1.0) -> Motion:
    """Draw one smile from neutral to neutral (a few recordings end before it has faded).

    Parameters
    ----------
    kind : {"posed", "spontaneous"}
        Whose kinematics.
    style : Style
        The subject's.
    fps : float
        Frame rate in Hz.
    rng : numpy.random.Generator
    head_motion : float, default=1.0
        Strength of head motion; 0 keeps the head still.

    Returns
    -------
    Motion
    """
    draw = _Figures(kind, style, rng)
    start = 0.15 + draw("smile_start_s")
    onset = max(0.2, draw("lip_onset_duration_s", "tempo"))
    apex = max(0.25, draw("lip_apex_duration_s") + 0.2)
    offset = max(0.3, draw("lip_offset_duration_s", "tempo"))
    rise = max(0.04, draw("lip_onset_rise", "size"))
    tail = float(rng.uniform(0.1, 0.5))
    cut = 0.0 if rng.random() > 0.06 else tail + offset + 0.2 * apex  # a clip that ends in the apex
    n = max(12, round((start + onset + apex + offset + tail - cut) * fps))
    t = np.arange(n) / fps
    ends = np.cumsum([start, onset, apex, offset])
    wobble = _apex_wobble(kind, t, ends[1], ends[2], draw("lip_apex_wobble", "wobble") / rise, rng)
    lips = _swell(t, *ends) * (1.0 + wobble)
    aus = _smile_aus(kind, lips * rise / LIP_PER_AU12, t, ends, style, draw, rng)
    aus[:, AU_NAMES.index("AU45")] = _blinks(t, style.blinks_per_s, rng)
    aus = np.clip(aus, 0.0, 5.0)
    smile = aus[:, AU_NAMES.index("AU12")] / 5.0
    return Motion(t, aus, smile, head_pose(t, style, rng, head_motion), _true_phases(t, ends))


def free_motion(style: Style, fps: float, duration: float, rng: np.random.Generator, *,
                head_motion: float = 1.0) -> Motion:
    """Draw all 17 action units moving on their own, each at rest about half of the time.

    Parameters
    ----------
    style : Style
        The subject's habits of the head.
    fps : float
        Frame rate in Hz.
    duration : float
        Seconds.
    rng : numpy.random.Generator
    head_motion : float, default=1.0
        Strength of head motion.

    Returns
    -------
    Motion
        Without phases.
    """
    t = np.arange(max(3, round(duration * fps))) / fps
    aus = np.zeros((len(t), len(AU_NAMES)))
    for k in range(len(AU_NAMES) - 1):
        at = float(rng.uniform(-1.5, 1.0))
        while at < t[-1]:
            rise, hold, fall, rest = rng.uniform((0.2, 0.1, 0.3, 0.3), (0.8, 1.2, 1.0, 2.6))
            bump = _swell(t, at, at + rise, at + rise + hold, at + rise + hold + fall)
            aus[:, k] += bump * rng.uniform(0.5, 5.0)
            at += rise + hold + fall + rest
    aus[:, -1] = _blinks(t, 0.7, rng)
    aus = np.clip(aus, 0.0, 5.0)
    smile = aus[:, AU_NAMES.index("AU12")] / 5.0
    return Motion(t, aus, smile, head_pose(t, style, rng, head_motion), {})


def head_pose(times: np.ndarray, style: Style, rng: np.random.Generator, strength: float
              ) -> np.ndarray:
    """Draw a head that is never quite still.

    Parameters
    ----------
    times : array of shape (T,)
        Seconds.
    style : Style
        With the habitual pose.
    rng : numpy.random.Generator
    strength : float
        1 is a seated person looking at a camera.

    Returns
    -------
    array of shape (T, 6)
        Yaw, pitch, roll in degrees, shift right and down in fractions of the picture, scale.
    """
    fps = 1.0 / (times[1] - times[0])
    sd = np.array([2.5, 2.0, 1.5, 0.010, 0.010, 0.012]) * strength
    slow = gaussian_filter1d(rng.normal(size=(len(times) + round(8 * fps), 6)), 0.6 * fps, axis=0)
    slow = slow[round(4 * fps):][:len(times)] * np.sqrt(2 * np.sqrt(np.pi) * 0.6 * fps)
    pose = slow * sd
    pose[:, :3] += style.pose * strength
    pose[:, 5] += 1.0
    return pose


class _Figures:
    """Draws published figures; what a subject does habitually enters with its own weight."""

    def __init__(self, kind: str, style: Style, rng: np.random.Generator) -> None:
        self.kind, self.style, self.rng = kind, style, rng
        self.shared = float(rng.normal())  # fast today is fast throughout the clip

    def __call__(self, figure: str, habit: str | None = None) -> float:
        z = self.rng.normal()
        if habit is not None:
            z = 0.6 * self.style.latents[habit] + 0.3 * self.shared + np.sqrt(0.55) * z
        return quantile_of(figure, self.kind, float(norm.cdf(z)))


def _swell(t: np.ndarray, start: float, top: float, fall: float, end: float) -> np.ndarray:
    """From 0 to 1 and back; both ways as half a cosine, which starts and ends at rest."""
    up = np.clip((t - start) / max(top - start, 1e-9), 0.0, 1.0)
    down = np.clip((t - fall) / max(end - fall, 1e-9), 0.0, 1.0)
    return 0.5 * (np.cos(np.pi * down) - np.cos(np.pi * up))


def _apex_wobble(kind: str, t: np.ndarray, start: float, stop: float, amount: float,
                 rng: np.random.Generator) -> np.ndarray:
    """Irregular movement in the apex whose path length is `amount` (in units of the rise)."""
    wobble = np.zeros(len(t))
    inside = (t > start) & (t < stop)
    if inside.sum() > 6:
        x = (t[inside] - start) / (stop - start)
        swings = rng.normal(size=4) * (1.0, 1.0, 0.6, 0.4 if kind == "posed" else 1.0)
        shape = sum(a * np.sin(np.pi * (k + 1) * x) for k, a in enumerate(swings)) * x * (1 - x) * 4
        path = np.abs(np.diff(shape)).sum()
        wobble[inside] = shape * min(amount / max(path, 1e-9), 0.22 / np.abs(shape).max())
    return wobble


def _smile_aus(kind: str, au12: np.ndarray, t: np.ndarray, ends: np.ndarray, style: Style,
               draw: _Figures, rng: np.random.Generator) -> np.ndarray:
    """The action units that make a smile, the lip corners given."""
    aus = np.zeros((len(t), len(AU_NAMES)))

    def put(au: str, curve: np.ndarray | float) -> None:
        aus[:, AU_NAMES.index(au)] += curve

    start, _, fall, _ = ends
    put("AU12", au12)
    lag = float(rng.normal(0.05, 0.12))
    eye_onset = max(0.2, draw("eyelid_onset_duration_s", "tempo"))
    eye_fall = max(0.3, draw("eyelid_offset_duration_s", "tempo"))
    eyes = draw("eyelid_onset_rise", "eyes") / EYELID_PER_AU06
    raised = start + lag + eye_onset
    cheek = _swell(t, start + lag, raised, max(fall, raised), max(fall, raised) + eye_fall)
    put("AU06", eyes * cheek)
    put("AU07", 0.3 * eyes * cheek * rng.random())
    shown = np.clip(au12 - 0.8, 0.0, None)
    put("AU25", style.parts_lips * shown * rng.uniform(0.7, 1.3))
    put("AU26", style.drops_jaw * shown * rng.uniform(0.3, 1.3))
    put("AU10", style.lifts_lip * 0.5 * shown)
    put("AU14", style.dimples * au12 * rng.uniform(0.2, 0.8))
    for au, chance, most in (("AU01", 0.2, 2.0), ("AU02", 0.15, 2.0), ("AU04", 0.08, 1.5),
                             ("AU05", 0.08, 1.5), ("AU15", 0.08, 1.0), ("AU17", 0.15, 1.5),
                             ("AU23", 0.08, 1.5)):
        if rng.random() < chance:
            at = float(rng.uniform(0.0, t[-1]))
            put(au, most * rng.random() * _swell(t, at, at + 0.4, at + 0.7, at + 1.3))
    return aus


def _blinks(t: np.ndarray, rate: float, rng: np.random.Generator) -> np.ndarray:
    """Eye closure: a blink takes a third of a second and all but shuts the eye."""
    closed = np.zeros(len(t))
    at = float(rng.exponential(1.0 / rate))
    while at < t[-1]:
        closed = np.maximum(closed, rng.uniform(3.5, 5.0) * _swell(t, at, at + 0.1, at + 0.15,
                                                                  at + 0.33))
        at += 0.4 + float(rng.exponential(1.0 / rate))
    return closed


def _true_phases(t: np.ndarray, ends: np.ndarray) -> dict[str, slice]:
    """The frames of each phase; of a phase that the recording cuts off, what there is of it."""
    start, top, fall, end = (int(i) for i in np.searchsorted(t, ends))
    phases = {"onset": slice(start, top), "apex": slice(top, fall), "offset": slice(fall, end)}
    phases = {k: s if s.stop > s.start else slice(0, 0) for k, s in phases.items()}
    return phases | {"smile": slice(start, max(end, start))}
