"""How drawn people move: one smile, or all action units at once, and the head with them.

Curves only, no pictures. A smile is shaped at 50 Hz, the rate of the figures it is made from, and
then read at the frame rate that is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d

from ..clips.au_table import AU_NAMES
from ..features.smile_figures import RATE
from .eyelid_motion import FULL_BLINK, LidMotion, lid_motion
from .lip_motion import LipMotion, lip_motion
from .smile_copula import Style, sample_figures

#: Lip-corner displacement, in lip widths, that one point of AU12 stands for, as drawn.
LIP_PER_AU12 = 0.05

_SIDES = np.array([1.0, -1.0])  # left and right

# How much one point lowers (AU06, AU07) or raises (AU05) the upper lid, in eye widths, as drawn.
_LID_PER = {"AU06": 0.0022, "AU07": 0.009, "AU05": 0.029}


class Motion(NamedTuple):
    """The motion of one clip.

    Attributes
    ----------
    times : array of shape (T,)
        Seconds.
    aus : array of shape (T, 17)
        Intensities 0–5, the mean of both sides of the face.
    smile : array of shape (T,)
        True smile intensity, 0–1: AU12 over 5.
    pose : array of shape (T, 6)
        Yaw, pitch, roll in degrees; shift right and down as fractions of the picture; scale.
    phases : dict of str to slice
        True onset, apex, offset and smile; empty slices for what is not in the clip.
    gaze : array of shape (T, 2)
        Degrees right and down.
    lips, cheeks : array of shape (T, 2)
        How far the left and the right lip corner (cheek) lie from the middle between both at rest,
        over their distance at rest: 0.5 at rest. Left and right are the picture's.
    eyelids : array of shape (T, 2)
        Height of the left and the right upper lid over the eye's corners, over the eye's width, as
        a tracker sees it, with its flutter.
    balance : float
        How much more the left side smiles than the right, relative to their mean.
    """

    times: np.ndarray
    aus: np.ndarray
    smile: np.ndarray
    pose: np.ndarray
    phases: dict[str, slice]
    gaze: np.ndarray
    lips: np.ndarray
    cheeks: np.ndarray
    eyelids: np.ndarray
    balance: float


def smile_motion(label: int, style: Style, fps: float, rng: np.random.Generator, *,
                 scores: np.ndarray | None = None, difference: str = "kinematics",
                 head_motion: float = 1.0) -> Motion:
    """Draw one smile: from a neutral face, until it has faded or, often, nearly so.

    Parameters
    ----------
    label : {0, 1}
        Posed or spontaneous.
    style : Style
        The subject's.
    fps : float
        Frame rate in Hz. The motion does not depend on it.
    rng : numpy.random.Generator
    scores, difference : see `smile_copula.sample_figures`
    head_motion : float, default=1.0
        Strength of head motion; 0 keeps the head still.

    Returns
    -------
    Motion
    """
    figures = sample_figures(label, style, rng, scores=scores, difference=difference)
    lips = lip_motion(figures, rng)
    lids = lid_motion(figures, lips, rng)
    t = np.arange(len(lips.lip)) / RATE
    aus = _smile_aus(lips, lids, style, figures["cheek"], t, rng)
    balance = _balance(figures["lip_onset_left_right_difference"], lips, style, rng)
    uneven = 1.0 + 0.5 * balance * _SIDES
    corners = 0.5 + lips.lip[:, None] * uneven
    eyes = _eyes(figures["eyelid_onset_left_right_difference"], lips, lids, style, rng)
    lift = 0.02 * aus[:, AU_NAMES.index("AU06")] + 0.008 * aus[:, AU_NAMES.index("AU12")]
    curves = [aus, head_pose(t, style, rng, head_motion), gaze(t, style, rng), corners,
              np.hypot(0.5, lift[:, None] * uneven), eyes]
    stop = len(t)
    if figures["cut_short"]:
        into = rng.uniform(-0.3, 0.5)  # the end of the apex, or the beginning of the offset
        part = lips.offset - lips.apex if into < 0 else lips.fallen - lips.offset
        stop = max(12, lips.offset + int(into * part))
    times = np.arange(0.0, t[stop - 1] + 1e-9, 1.0 / fps)
    aus, pose, looks, corners, cheeks, eyes = (_read(times, t, curve) for curve in curves)
    phases = _true_phases(times, np.array([lips.onset, lips.apex, lips.offset, lips.fallen]) / RATE)
    return Motion(times, aus, aus[:, AU_NAMES.index("AU12")] / 5.0, pose, phases, looks, corners,
                  cheeks, eyes, balance)


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
        Without phases; lips, cheeks and eyelids are NaN.
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
    unknown = np.full((len(t), 2), np.nan)
    return Motion(t, aus, aus[:, AU_NAMES.index("AU12")] / 5.0,
                  head_pose(t, style, rng, head_motion), {}, gaze(t, style, rng),
                  unknown, unknown, unknown, 0.0)


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


def gaze(times: np.ndarray, style: Style, rng: np.random.Generator) -> np.ndarray:
    """Draw eyes that rest on a point and jump to the next.

    Parameters
    ----------
    times : array of shape (T,)
        Seconds.
    style : Style
        With the habitual gaze.
    rng : numpy.random.Generator

    Returns
    -------
    array of shape (T, 2)
        Degrees right and down.
    """
    looks = np.empty((len(times), 2))
    at, rested = 0, 0.0
    while at < len(times):
        rested += float(rng.gamma(2.0, 0.5))
        until = max(at + 1, int(np.searchsorted(times, rested)))
        looks[at:until] = style.gaze + rng.normal(0.0, (2.5, 1.5))
        at = until
    return looks


def _smile_aus(lips: LipMotion, lids: LidMotion, style: Style, cheek: float, t: np.ndarray,
               rng: np.random.Generator) -> np.ndarray:
    """Return the action units that make a smile, lips and eyelids given."""
    aus = np.zeros((len(t), len(AU_NAMES)))

    def put(au: str, curve: np.ndarray | float) -> None:
        aus[:, AU_NAMES.index(au)] += curve

    au12 = np.clip(lips.calm, 0.0, None) / LIP_PER_AU12
    most = au12.max()
    put("AU12", au12)
    put("AU23", np.clip(-lips.calm, 0.0, None) * 25.0)  # corners drawn in, lips tightened
    # The cheeks may lead the lips, but at the first frame all faces are neutral.
    lag = max(rng.normal(0.05, 0.10), min(0.0, (12 - lips.start) / RATE))
    softened = gaussian_filter1d(au12, 3.0)
    raised = np.interp(t - lag, t, np.clip(softened - softened[0], 0.0, None)) / max(most, 0.1)
    eyes = float(np.clip(0.55 * most + 0.8 * cheek, 0.0, 5.0))
    put("AU06", eyes * raised)
    left = lids.narrowing - _LID_PER["AU06"] * eyes
    put("AU07", np.clip(left / _LID_PER["AU07"], 0.0, 3.0) * raised)
    put("AU05", np.clip(-lids.narrowing / _LID_PER["AU05"], 0.0, 2.0) * raised)
    put("AU45", lids.blinks * (5.0 / FULL_BLINK))
    shown = np.clip(au12 - 0.8, 0.0, None)
    put("AU25", style.parts_lips * shown * rng.uniform(0.7, 1.3))
    put("AU26", style.drops_jaw * shown * rng.uniform(0.3, 1.3))
    put("AU10", style.lifts_lip * 0.5 * shown)
    put("AU14", style.dimples * au12 * rng.uniform(0.2, 0.8))
    for au, chance, peak in (("AU01", 0.2, 2.0), ("AU02", 0.15, 2.0), ("AU04", 0.08, 1.5),
                             ("AU15", 0.08, 1.0), ("AU17", 0.15, 1.5), ("AU23", 0.08, 1.5)):
        if rng.random() < chance:
            at = float(rng.uniform(0.02, t[-1]))
            put(au, peak * rng.random() * _swell(t, at, at + 0.4, at + 0.7, at + 1.3))
    if rng.random() < style.talks:
        _talk(put, t, float(rng.uniform(t[lips.offset], t[lips.end])), rng)
    return np.clip(aus, 0.0, 5.0)


def _talk(put: Callable[[str, np.ndarray], None], t: np.ndarray, at: float,
          rng: np.random.Generator) -> None:
    """Add speech-like movements of the mouth from a time on: syllables of jaw and lips."""
    while at < t[-1]:
        length = float(rng.uniform(0.15, 0.35))
        syllable = _swell(t, at, at + 0.4 * length, at + 0.5 * length, at + length)
        for au, most in (("AU25", 2.0), ("AU26", 2.0), ("AU20", 0.6), ("AU17", 0.8)):
            put(au, most * rng.random() * syllable)
        at += length + float(rng.exponential(0.08))


def _balance(difference: float, lips: LipMotion, style: Style, rng: np.random.Generator) -> float:
    """Return how uneven a smile must be for the corners to differ so much in the onset."""
    side = style.stronger if rng.random() < 0.75 else -style.stronger
    mean = abs(lips.lip[:lips.span.apex + 1].mean())
    return float(side * min(difference / max(mean, 1e-4), 0.9))


def _eyes(difference: float, lips: LipMotion, lids: LidMotion, style: Style,
          rng: np.random.Generator) -> np.ndarray:
    """Return both eyes' opening, (T, 2): one narrows more; each trembles a little by itself."""
    smiling = np.clip(lips.calm, 0.0, None) / max(lips.calm.max(), 1e-6)
    moving = np.diff(lids.lid, prepend=lids.lid[0]) != 0.0
    side = style.stronger if rng.random() < 0.75 else -style.stronger
    aside = difference * side * smiling / max(smiling[:lips.span.apex + 1].mean(), 0.05)
    aside = np.clip(aside, -0.1, 0.1) + moving * rng.normal(0.0, 0.004, len(moving))
    return style.eye_opening + lids.lid[:, None] + 0.5 * aside[:, None] * _SIDES


def _read(times: np.ndarray, t: np.ndarray, curves: np.ndarray) -> np.ndarray:
    """Return curves (n, k) at other times; at the rate they were made at, as they are."""
    if len(times) <= len(t) and np.allclose(times, t[:len(times)], rtol=0.0, atol=1e-9):
        return curves[:len(times)]
    return np.column_stack([np.interp(times, t, curve) for curve in curves.T])


def _swell(t: np.ndarray, start: float, top: float, fall: float, end: float) -> np.ndarray:
    """Return a rise from 0 to 1 and back, each half a cosine that starts and ends at rest."""
    up = np.clip((t - start) / max(top - start, 1e-9), 0.0, 1.0)
    down = np.clip((t - fall) / max(end - fall, 1e-9), 0.0, 1.0)
    return 0.5 * (np.cos(np.pi * down) - np.cos(np.pi * up))


def _blinks(t: np.ndarray, rate: float, rng: np.random.Generator) -> np.ndarray:
    """Return eye closure: a blink takes a third of a second and all but shuts the eye."""
    closed = np.zeros(len(t))
    at = float(rng.exponential(1.0 / rate))
    while at < t[-1]:
        closed = np.maximum(closed, rng.uniform(3.5, 5.0) * _swell(t, at, at + 0.1, at + 0.15,
                                                                  at + 0.33))
        at += 0.4 + float(rng.exponential(1.0 / rate))
    return closed


def _true_phases(t: np.ndarray, ends: np.ndarray) -> dict[str, slice]:
    """Return the frames of each phase; of one that the recording cuts off, what there is."""
    start, top, fall, end = (int(i) for i in np.searchsorted(t, ends))
    phases = {"onset": slice(start, top), "apex": slice(top, fall), "offset": slice(fall, end)}
    phases = {k: s if s.stop > s.start else slice(0, 0) for k, s in phases.items()}
    return phases | {"smile": slice(start, end) if end > start else slice(0, 0)}
