"""Drawn people, measured once for all tests that look at them."""

from __future__ import annotations

import functools

from sklearn.utils import Bunch

from smilegenuine import FaceAligner
from smilegenuine.datasets import make_action_units, make_smiles


@functools.cache
def aligned_smiles() -> Bunch:
    """Smiles of ten people, four each, with `faces`; the truth beside them."""
    smiles = make_smiles(10, 4, fps=25, size=128, random_state=1234)
    smiles.data = FaceAligner(n_jobs=2).transform(smiles.data)
    return smiles


@functools.cache
def aligned_action_units() -> Bunch:
    """Twelve people who move all action units independently, with `faces` and true `aus`."""
    units = make_action_units(12, duration=3.0, fps=25, random_state=4321)
    units.data = FaceAligner(n_jobs=2).transform(units.data)
    return units


def known_clips(n_subjects: int, clips_per_subject: int = 4, random_state: int = 0) -> Bunch:
    """Smiles whose true signals are in the clips, so that nothing has to be drawn or measured."""
    smiles = make_smiles(n_subjects, clips_per_subject, random_state=random_state)
    smiles.data = [c.replace(frames=None, aus=a, smile=s, times=t) for c, a, s, t in
                   zip(smiles.data, smiles.aus, smiles.smile, smiles.times, strict=True)]
    return smiles


def overlap(a: slice, b: slice) -> float:
    """Intersection over union of two stretches of frames; 1 for two empty ones."""
    both = max(0, min(a.stop, b.stop) - max(a.start, b.start))
    either = (a.stop - a.start) + (b.stop - b.start) - both
    return 1.0 if either == 0 else both / either
