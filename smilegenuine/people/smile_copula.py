"""Subjects' habits, and the figures of each of their smiles: a Gaussian copula with two levels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr
from scipy.stats import norm, qmc

from ..features.smile_figures import FIGURES
from .uva_nemo_kinematics import KINDS, normal_correlations, quantile_of

#: What the two classes of a set may differ in.
DIFFERENCES = ("kinematics", "au06", "onset_speed", "asymmetry", "apex", "none")

#: Scores of the lips' and the eyelids' figures and of the cheeks.
N_SCORES = 2 * len(FIGURES) + 1

_DURATIONS = [FIGURES.index(f"{phase}_duration_s") for phase in ("onset", "apex", "offset")]
_OTHERS = [k for k in range(len(FIGURES)) if k not in _DURATIONS]

_CUT_SHORT = 0.02  # share of recordings
_BLOCK = 256  # points of a Sobol sequence that are spread evenly together

# The share of the variance of a figure's normal score that is the subject's and not the clip's.
_SUBJECT_SHARE = 0.35

# In a controlled variant, normal scores are moved by this much to either side.
_SHIFT = 1.0
_SHIFTED = {
    "au06": {"cheek": 1.0},
    "onset_speed": {"lip_onset_duration_s": 1.0, "lip_onset_peak_speed_per_s": -1.0},
    "asymmetry": {"lip_onset_left_right_difference": -1.0},
    "apex": {"lip_apex_wobble": 1.0},
    "none": {},
}


@dataclass(frozen=True)
class Style:
    """What a subject keeps from one smile to the next.

    Attributes
    ----------
    scores : array of shape (21,)
        Standard-normal habits: of the lips and of the eyelids in the order of
        `features.smile_figures.FIGURES`, and of the cheeks.
    parts_lips, drops_jaw, dimples, lifts_lip : float
        How strongly AU25, AU26, AU14 and AU10 go along with the lip corners, 0 to 1.
    stronger : float
        -1 or 1: the side of the face, the picture's left or right, that mostly moves more.
    talks : float
        Probability that a smile ends in speech-like movements of the mouth.
    eye_opening : float
        Height of the resting upper lid over the eye's corners, over the eye's width.
    pose : array of shape (3,)
        Habitual yaw, pitch and roll in degrees.
    gaze : array of shape (2,)
        Habitual gaze, degrees right and down.
    """

    scores: np.ndarray
    parts_lips: float
    drops_jaw: float
    dimples: float
    lifts_lip: float
    stronger: float
    talks: float
    eye_opening: float
    pose: np.ndarray
    gaze: np.ndarray


def random_style(rng: np.random.Generator, scores: np.ndarray | None = None) -> Style:
    """Draw a subject's habits.

    Parameters
    ----------
    rng : numpy.random.Generator
    scores : array of shape (21,), optional
        Habits drawn elsewhere, see `spread_scores`.

    Returns
    -------
    Style
    """
    own = rng.normal(size=N_SCORES)
    return Style(scores=own if scores is None else scores,
                 parts_lips=float(rng.beta(1.5, 1.2)), drops_jaw=float(rng.beta(1.0, 4.0)),
                 dimples=float(rng.beta(1.0, 4.0)), lifts_lip=float(rng.beta(1.0, 4.0)),
                 stronger=float(rng.choice((-1.0, 1.0))), talks=float(rng.uniform(0.0, 0.25)),
                 eye_opening=float(rng.uniform(0.15, 0.22)),
                 pose=rng.normal(0, (2.5, 1.5, 1.2)), gaze=rng.normal(0, (1.5, 1.0)))


def spread_scores(n: int, seed: tuple[int, ...]) -> np.ndarray:
    """Draw standard-normal scores that are spread evenly, as independent draws are not.

    A set of a few hundred clips then has the quantiles it is made from.

    Parameters
    ----------
    n : int
        How many; the first ones are the same for any `n`.
    seed : tuple of int

    Returns
    -------
    array of shape (n, 21)
    """
    rng = np.random.default_rng(seed)
    points = qmc.Sobol(N_SCORES, rng=rng)
    blocks = [points.random(_BLOCK) for _ in range(max(1, -(-n // _BLOCK)))]
    # Each block is spread evenly by itself. In random order, or the clips' scores and the habits of
    # their subjects would go in step.
    uniform = np.concatenate([rng.permutation(block) for block in blocks])[:n]
    return norm.ppf(np.clip(uniform, 1e-6, 1.0 - 1e-6))


def sample_figures(label: int, style: Style, rng: np.random.Generator, *,
                   scores: np.ndarray | None = None, difference: str = "kinematics"
                   ) -> dict[str, float]:
    """Draw the figures of one smile.

    Parameters
    ----------
    label : {0, 1}
        Posed or spontaneous.
    style : Style
        The subject's.
    rng : numpy.random.Generator
    scores : array of shape (21,), optional
        The clip's own standard-normal scores, drawn elsewhere, see `spread_scores`.
    difference : str, default="kinematics"
        One of `DIFFERENCES`. "kinematics": the figures of posed and of spontaneous smiles on
        UvA-NEMO. Otherwise both classes take the mean of the two, and only what is named is moved
        apart, by two standard deviations; "none" moves nothing.

    Returns
    -------
    dict of str to float
        `lip_...` and `eyelid_...` for each of `features.smile_figures.FIGURES`; `smile_start_s`;
        `tail_s`, the time after the smile; `cut_short`, whether the recording ends before the smile
        does; `cheek`, a standard-normal score of AU06.
    """
    kind = KINDS[label] if difference == "kinematics" else "mixed"
    moved = {} if difference == "kinematics" else _SHIFTED[difference]
    side = _SHIFT * (2 * label - 1)
    own = rng.normal(size=N_SCORES)
    own = own if scores is None else scores
    own = np.sqrt(_SUBJECT_SHARE) * style.scores + np.sqrt(1.0 - _SUBJECT_SHARE) * own
    n = len(FIGURES)
    lips = np.linalg.cholesky(normal_correlations(kind, "lip")) @ own[:n]
    eyes = _given(normal_correlations(kind, "eyelid"), lips[_DURATIONS], own[n:2 * n])
    drawn = {f"lip_{f}": z for f, z in zip(FIGURES, lips, strict=True)}
    drawn |= {f"eyelid_{f}": z for f, z in zip(FIGURES, eyes, strict=True)}
    figures = {f: quantile_of(f, kind, float(ndtr(z + side * moved.get(f, 0.0))))
               for f, z in drawn.items()}
    figures["cheek"] = float(own[-1] + side * moved.get("cheek", 0.0))
    figures["smile_start_s"] = quantile_of("smile_start_s", kind, rng.random())
    tail = {"posed": 0.10, "spontaneous": 0.17}.get(kind, 0.135)
    # The smallest falls are those of recordings that end before the smile does.
    figures["cut_short"] = ndtr(drawn["lip_offset_fall"]) < _CUT_SHORT
    figures["tail_s"] = float(np.clip(rng.gamma(1.3, tail), 0.0, 1.5))
    return figures


def _given(correlations: np.ndarray, durations: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Return normal scores of the eyelids, whose phases, and so durations, are the lips'."""
    inner = correlations[np.ix_(_DURATIONS, _DURATIONS)]
    cross = correlations[np.ix_(_OTHERS, _DURATIONS)]
    weights = np.linalg.solve(inner, cross.T).T
    rest = correlations[np.ix_(_OTHERS, _OTHERS)] - weights @ cross.T
    scores = np.empty(len(correlations))
    scores[_DURATIONS] = durations
    scores[_OTHERS] = weights @ durations + np.linalg.cholesky(rest) @ own[_OTHERS]
    return scores
