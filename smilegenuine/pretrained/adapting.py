"""`adapt`: a pretrained model fitted to one's own camera and people by a few labelled recordings."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..base import ClipTransformer, transform_clips
from ..classifiers.adapted_kinematics import (
    AdaptedKinematicsClassifier,
    coded_labels,
    fitted_prior,
)
from ..classifiers.subject_folds import check_groups, subjects_of
from ..clip import Clip, listed, open_items
from ..errors import ClipError
from ..features.kinematics import KINEMATICS, SmileKinematics
from .pipeline import KinematicsPipeline

# Recordings left out that are named in the warning.
_MOST_SAID = 5


def adapt(model: KinematicsPipeline, clips: Any, y: Any, groups: Any = None, *,
          strengths: Sequence[float] = (np.inf, 100.0, 10.0, 1.0, 0.1), cv: int = 5,
          random_state: Any = None) -> KinematicsPipeline:
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
    Ten subjects with a few smiles of both kinds are enough to take out what a camera changes; with
    forty the rest is worth learning too. Label smiles by how they came about (asked for, or not),
    and not by how they look: what the model would say is no label.

    Examples
    --------
    >>> from smilegenuine import load_pretrained
    >>> from smilegenuine.datasets import make_smiles
    >>> from smilegenuine.pretrained import adapt
    >>> smiles = make_smiles(10, 2, random_state=3)
    >>> clips = [c.replace(frames=None, times=t, landmarks=points) for c, t, points in
    ...          zip(smiles.data, smiles.times, smiles.landmarks)]
    >>> adapted = adapt(load_pretrained(), clips, smiles.target)
    >>> adapted.info_["adapted"]["clips"], adapted.info_["adapted"]["subjects"]
    (20, 10)
    """
    steps = list(getattr(model, "steps", ()))
    if len(steps) < 2 or not isinstance(steps[-2][1], SmileKinematics) or \
            not isinstance(model, KinematicsPipeline):
        raise ValueError("model must be a KinematicsPipeline with a SmileKinematics and a classifier "
                         f"last, as load_pretrained gives it, not {type(model).__name__}")
    prior = fitted_prior(steps[-1][1])
    items = clips if isinstance(clips, pd.DataFrame) else listed(clips)
    # Before hours go into measuring.
    coded_labels(y, prior.classes_, len(items), "clips")
    if groups is not None:
        groups = check_groups(groups, len(items), "clips")
    table, kept, subjects = _measured(model, items, groups)
    if not len(kept):
        raise ValueError(f"none of the {len(items)} clips could be used; see the warning")
    adapted = AdaptedKinematicsClassifier(prior, strengths=strengths, cv=cv,
                                          random_state=random_state)
    adapted.fit(table, np.asarray(y)[kept], subjects)
    # Copies: a fit of the new pipeline is to leave the steps of the old one alone.
    new = copy.copy(model)
    new.steps = [*((name, copy.copy(step)) for name, step in steps[:-1]), (steps[-1][0], adapted)]
    new.info_ = {**getattr(model, "info_", {}), "adapted": {
        "clips": len(kept), "subjects": None if subjects is None else adapted.n_subjects_,
        "left out": len(items) - len(kept),
        "accuracy before": round(adapted.prior_accuracy_, 3),
        "accuracy on held-out subjects": round(adapted.held_out_accuracy_, 3)}}
    return new


def _measured(model: KinematicsPipeline, items: Any, groups: np.ndarray | None
              ) -> tuple[Any, np.ndarray, np.ndarray | None]:
    """Kinematics of what can be used, the places of that in the list, and its subjects."""
    lost: dict[int, str] = {}
    subjects = None
    if isinstance(items, pd.DataFrame):
        table, places = items, np.arange(len(items))
        if groups is None:
            warnings.warn("a table names no subjects, so one person may be on both sides of an "
                          "inner fold; give groups", stacklevel=3)
    else:
        clips = _opened(model, items, lost)
        table, places = _kinematics(model.steps[-2][1], clips, lost)
        if groups is None and len(places):
            subjects = subjects_of([clips[i] for i in places])
    smiles = np.isfinite(np.asarray(table.reindex(columns=list(KINEMATICS)), float)).any(axis=1)
    for i in places[~smiles]:
        lost[int(i)] = f"{_name_of(items, int(i))}: no smile was found"
    table, places = table[smiles], places[smiles]
    if subjects is not None:
        subjects = subjects[smiles]
    if groups is not None:
        subjects = groups[places]
    if lost:
        said = [lost[i] for i in sorted(lost)]
        more = f"; … ({len(said) - _MOST_SAID} more)" if len(said) > _MOST_SAID else ""
        warnings.warn(f"{len(said)} of {len(items)} clips are left out: "
                      f"{'; '.join(said[:_MOST_SAID])}{more}", stacklevel=3)
    return table, places, subjects


def _opened(model: KinematicsPipeline, items: Sequence[Any], lost: dict[int, str]
            ) -> dict[int, Clip]:
    """Clips after the steps before `SmileKinematics`, by their place; errors of the others."""
    clips: dict[int, Clip] = {}
    for i, result in enumerate(open_items(items)):
        if isinstance(result, Clip):
            clips[i] = result
        else:
            lost[i] = str(result)
    for _, step in model.steps[:-2]:
        if not clips:
            break
        places = list(clips)
        if not isinstance(step, ClipTransformer):
            clips = dict(zip(places, step.transform(list(clips.values())), strict=True))
            continue
        done = transform_clips(step, list(clips.values()), on_error="skip")
        lost |= {places[row.index]: row.error for row in done.failures.itertuples(index=False)}
        clips = {places[i]: clip for i, clip in zip(done.index, done.data, strict=True)}
    return clips


def _kinematics(step: SmileKinematics, clips: dict[int, Clip], lost: dict[int, str]
                ) -> tuple[pd.DataFrame, np.ndarray]:
    """A row for each clip that can be measured, and their places."""
    rows: dict[int, np.ndarray] = {}
    for i, clip in clips.items():
        try:
            rows[i] = np.asarray(step.transform([clip]))[0]
        except ClipError as error:
            lost[i] = str(error) if clip.name else f"item {i}: {error.problem}"
    table = pd.DataFrame(list(rows.values()), columns=list(KINEMATICS), dtype=float)
    return table, np.array(list(rows), dtype=int)


def _name_of(items: Any, i: int) -> str:
    """What a recording is called in messages."""
    if isinstance(items, pd.DataFrame):
        return f"row {items.index[i]}"
    item = items[i]
    if isinstance(item, Clip):
        return item.name or f"item {i}"
    return str(item) if isinstance(item, str) or hasattr(item, "__fspath__") else f"item {i}"
