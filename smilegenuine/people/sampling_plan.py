"""Who smiles how often, and which clip gets which random numbers.

Every subject and every clip has a generator of its own, so adding subjects changes nobody, and the
same `random_state` gives the same motion with and without pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from .smile_copula import Style, random_style, spread_scores
from .uva_nemo_kinematics import KINDS

#: Numbers of clips as on UvA-NEMO, for `clips_per_subject`.
AS_ON_UVA_NEMO = "uva-nemo"

# Irrational steps through 0..1, which cover it evenly; the offset makes 400 subjects give 643 posed
# and 597 spontaneous clips, of 368 and 357 subjects, as on UvA-NEMO.
_STEPS = (0.6180339887498949, 0.7548776662466927, 0.5698402909980532)
_OFFSET = 0.56


class PlannedClip(NamedTuple):
    """One clip that is to be made.

    Attributes
    ----------
    name, subject : str
    number : int
        Of the subject.
    label : int
        0 posed, 1 spontaneous.
    style : Style
        The subject's.
    scores : array
        The clip's own, for `smile_copula.sample_figures`.
    rng : numpy.random.Generator
        The clip's own.
    """

    name: str
    subject: str
    number: int
    label: int
    style: Style
    scores: np.ndarray
    rng: np.random.Generator


def seed_of(random_state: Any) -> int:
    """Turn a `random_state` into a seed.

    Raises
    ------
    ValueError
        It is negative or no seed.
    """
    if isinstance(random_state, (bool, np.bool_)):
        raise ValueError(f"random_state must be a whole number, a RandomState or None, not "
                         f"{random_state}")
    if isinstance(random_state, (int, np.integer)):
        if random_state < 0:
            raise ValueError(f"random_state must not be negative, not {random_state}")
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))


def person_rng(seed: int, number: int) -> np.random.Generator:
    """Return the generator of a subject's looks."""
    return np.random.default_rng((seed, number))


def planned_clips(n_subjects: int, clips_per_subject: int | str, seed: int
                  ) -> Iterator[PlannedClip]:
    """List the clips of a set, subject by subject.

    Parameters
    ----------
    n_subjects : int
    clips_per_subject : int or "uva-nemo"
        See `make_smiles`.
    seed : int
        At least 0.

    Yields
    ------
    PlannedClip
    """
    plans = [_kinds(number, clips_per_subject) for number in range(n_subjects)]
    counts = [sum(plan.count(label) for plan in plans) for label in (0, 1)]
    subject_scores = spread_scores(n_subjects, (seed, 1))
    scores = [iter(spread_scores(n, (seed, 2, label))) for label, n in enumerate(counts)]
    for number, plan in enumerate(plans):
        style = random_style(np.random.default_rng((seed, number, 1)),
                             subject_scores[number])
        subject = f"s{number:03d}"
        for k, label in enumerate(plan):
            yield PlannedClip(f"{subject}_{k}_{KINDS[label]}", subject, number, label, style,
                              next(scores[label]), np.random.default_rng((seed, number, 2, k)))


def _kinds(number: int, clips_per_subject: int | str) -> list[int]:
    """Return the labels of one subject's clips, in turn."""
    if isinstance(clips_per_subject, str):
        kind, posed, spontaneous = (np.array(_STEPS) * number + _OFFSET) % 1.0
        n_posed = 0 if kind >= 0.92 else 1 + int(posed >= 0.45) + int(posed >= 0.803)
        n_spontaneous = 0 if 0.8125 <= kind < 0.92 else (
            1 + int(spontaneous >= 0.50) + int(spontaneous >= 0.828))
        both = min(n_posed, n_spontaneous)
        return [0, 1] * both + [0] * (n_posed - both) + [1] * (n_spontaneous - both)
    first = number % 2 if clips_per_subject % 2 else 0
    return [(k + first) % 2 for k in range(clips_per_subject)]
