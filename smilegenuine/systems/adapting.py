"""`adapt`: a pretrained model fitted to one's own camera and people by a few labelled clips."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..classifiers.adapted_kinematics import (
    STRENGTHS,
    AdaptedKinematicsClassifier,
    fitted_prior,
    positive_labels,
)
from ..classifiers.kinematics_classifier import KinematicsClassifier
from ..classifiers.subject_folds import check_groups, subjects_of
from ..clips.errors import ClipError
from ..clips.record import Clip, listed, open_items
from ..clips.steps import ClipTransformer, transform_clips
from ..features.smile_kinematics import KINEMATICS, SmileKinematics
from .kinematics_pipeline import KinematicsPipeline

# Recordings left out that are named in the warning.
_MOST_NAMED = 5


def adapt(model: KinematicsPipeline, clips: Any, y: Any, groups: Any = None, *,
          strengths: Sequence[float] = STRENGTHS, cv: int = 5, random_state: Any = None
          ) -> KinematicsPipeline:
    """Fit a pretrained model to other cameras, instructions or people by a few labelled smiles.

    Parameters
    ----------
    model : KinematicsPipeline
        Such as `load_pretrained` gives. It stays as it is.
    clips : list of recordings, or DataFrame
        Anything that `as_clips` takes. Clips that have `landmarks` already are not looked at again.
        A DataFrame is a table of kinematics, a row a recording, as `SmileKinematics` gives it.
    y : array-like of shape (n_clips,)
        Labels, such as the model gives: see `load_pretrained`, ``labels``.
    groups : array-like of shape (n_clips,), optional
        Subjects. Without it, those of the clips.
    strengths, cv, random_state
        See `AdaptedKinematicsClassifier`.

    Returns
    -------
    KinematicsPipeline
        The same steps, the last one an `AdaptedKinematicsClassifier`. Its ``info_["adapted"]`` says
        on how many `clips` of how many `subjects` (None where nobody knows), how many recordings
        were `left out`, and the shares of right answers, classes counted alike: `accuracy before`
        of the model that was given, and `accuracy on held-out subjects` of what was adapted to the
        others.

    Warns
    -----
    UserWarning
        Recordings that cannot be measured, or in which nobody smiles; they are named, and left out.
        And recordings whose subject is not known.

    Raises
    ------
    ValueError
        Another model, labels that are missing or that it does not know, lengths that differ, or too
        little left to learn from: one class or one subject only.

    See Also
    --------
    AdaptedKinematicsClassifier : What it learns, and how it is kept from learning too much.

    Notes
    -----
    Of ten or twenty subjects, with a few smiles of both kinds, what a camera changes can be learnt;
    of forty, what else is different. `benchmarks/bench_adapt.py` measures it on sampled smiles.
    Label smiles by how they came about (asked for, or not), and not by how they look.

    Examples
    --------
    >>> from smilegenuine import load_pretrained
    >>> from smilegenuine.datasets import make_smiles
    >>> from smilegenuine.systems.adapting import adapt
    >>> smiles = make_smiles(10, 2, random_state=1)
    >>> clips = [c.replace(frames=None, times=t, landmarks=points) for c, t, points in
    ...          zip(smiles.data, smiles.times, smiles.landmarks)]
    >>> adapted = adapt(load_pretrained(), clips, smiles.target)
    >>> adapted.info_["adapted"]["clips"], adapted.info_["adapted"]["subjects"]
    (20, 10)
    """
    prior = _prior_of(model)
    items = clips if isinstance(clips, pd.DataFrame) else listed(clips)
    positive_labels(y, prior.classes_, len(items), "clips")  # raises before hours of measuring
    if groups is not None:
        groups = check_groups(groups, len(items), "clips")
    lost: dict[int, str] = {}
    measured = _measure(model, items, lost)
    table = measured.table if hasattr(prior, "feature_names_in_") else \
        measured.table.to_numpy(float)
    smiles = (np.isfinite(prior.table(table)).any(axis=1) if len(table)
              else np.zeros(0, dtype=bool))
    for k in np.flatnonzero(~smiles):
        lost[int(measured.places[k])] = f"{measured.clips[k].name}: no smile was found"
    _warn_of(lost, len(items))
    used = measured.places[smiles]
    if not len(used):
        raise ValueError(f"none of {len(items)} clips can be used; the first: {lost[0]}")
    subjects = groups[used] if groups is not None else subjects_of(
        [clip for clip, smile in zip(measured.clips, smiles, strict=True) if smile])
    adapted = AdaptedKinematicsClassifier(prior, strengths=strengths, cv=cv,
                                          random_state=random_state)
    adapted.fit(table[smiles], np.asarray(y)[used], subjects)
    # Copies: a fit of the new pipeline is to leave the steps of the old one alone.
    new = copy.copy(model)
    new.steps = [*((name, copy.copy(step)) for name, step in model.steps[:-1]),
                 (model.steps[-1][0], adapted)]
    new.info_ = {**getattr(model, "info_", {}), "adapted": {
        "clips": len(used), "subjects": None if subjects is None else adapted.n_subjects_,
        "left out": len(lost),
        "accuracy before": round(adapted.prior_accuracy_, 3),
        "accuracy on held-out subjects": round(adapted.held_out_accuracy_, 3)}}
    return new


class _Measured(NamedTuple):
    """What could be measured: named clips, their kinematics, and their places in the list."""

    clips: list[Clip]
    table: pd.DataFrame
    places: np.ndarray


def _prior_of(model: Any) -> KinematicsClassifier:
    if not isinstance(model, KinematicsPipeline) or len(model.steps) < 2 or \
            not isinstance(model.steps[-2][1], SmileKinematics):
        raise ValueError("model must be a KinematicsPipeline that ends in SmileKinematics and a "
                         f"classifier, as load_pretrained gives it, not {type(model).__name__}")
    return fitted_prior(model.steps[-1][1])


def _measure(model: KinematicsPipeline, items: Any, lost: dict[int, str]) -> _Measured:
    """Measure what can be measured; why the others cannot goes into `lost`, by their places."""
    if isinstance(items, pd.DataFrame):
        named = [Clip(name=f"row {row}") for row in items.index]
        return _Measured(named, items, np.arange(len(items)))
    kinematics: SmileKinematics = model.steps[-2][1]
    clips, rows = _after_first_steps(model, items, lost), {}
    for i, clip in clips.items():
        try:
            rows[i] = np.asarray(kinematics.transform([clip]), dtype=float)[0]
        except ClipError as error:
            lost[i] = str(error)
    table = pd.DataFrame(list(rows.values()), columns=list(KINEMATICS), dtype=float)
    return _Measured([clips[i] for i in rows], table, np.array(list(rows), dtype=int))


def _after_first_steps(model: KinematicsPipeline, items: Sequence[Any], lost: dict[int, str]
                       ) -> dict[int, Clip]:
    """Measure clips up to what `SmileKinematics` takes; by their places in the list."""
    clips: dict[int, Clip] = {}
    for i, opened in enumerate(open_items(items)):
        if isinstance(opened, Clip):
            clips[i] = opened if opened.name else opened.replace(name=f"item {i}")
        else:
            lost[i] = str(opened)
    for _, step in model.steps[:-2]:
        places = list(clips)
        if not places:
            break
        if isinstance(step, ClipTransformer):
            done = transform_clips(step, [clips[i] for i in places], on_error="skip")
            for failure in done.failures.to_dict("records"):
                lost[places[failure["index"]]] = failure["error"]
            clips = {places[k]: clip for k, clip in zip(done.index.tolist(), done.data,
                                                        strict=True)}
        else:
            clips = dict(zip(places, step.transform(list(clips.values())), strict=True))
    return clips


def _warn_of(lost: dict[int, str], n: int) -> None:
    if lost:
        reasons = [lost[i] for i in sorted(lost)]
        more = f"; … ({len(reasons) - _MOST_NAMED} more)" if len(reasons) > _MOST_NAMED else ""
        warnings.warn(f"{len(reasons)} of {n} clips are left out: "
                      f"{'; '.join(reasons[:_MOST_NAMED])}{more}", stacklevel=3)
