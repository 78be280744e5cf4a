"""`explain_global`: what a system's decisions rest on, over many clips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import column_or_1d

from ..classifiers.opening import classes_of, open_system
from ..classifiers.subject_folds import check_groups, coded_labels
from ..clips.record import Clip, as_clips
from ..clips.steps import check_positive
from .nodes import Node
from .swapped_parts import KINDS
from .tree import node_of

_DEFAULT = ("branch", "au", "smile", "phase", "region")
_BOOTSTRAPS = 500


def explain_global(model: Any, X: Any, y: Any = None, groups: Any = None, *,
                   by: Sequence[str] = _DEFAULT, n_repeats: int = 5, background: Any = None,
                   random_state: int = 0) -> pd.DataFrame:
    """Compute what a system's decisions rest on: grouped permutation importance.

    One group of inputs at a time (an action unit in all its features and curves; a phase; a part of
    the face; a whole branch) is taken from another subject's clip, in all branches at once and from
    the same clip, and the system is asked again.

    Parameters
    ----------
    model : fitted classifier, Pipeline or search
        See `explain`; of classifiers of which nothing is known, action units can be exchanged.
    X : list of recordings
        Of people whom the model was not fitted on; of others, it says what the model has
        memorised.
    y : array-like of shape (n_clips,), optional
        Labels. With them importance is what the area under the ROC curve loses; without, how far
        decisions move.
    groups : array-like of shape (n_clips,), optional
        Subjects; without it, those of the clips. A clip without one is a subject of its own.
    by : sequence of str, default=("branch", "au", "smile", "phase", "region")
        Kinds of groups, of these and "pair": pairs of action units, of which there are 136.
    n_repeats : int, default=5
        Times that each clip gets each group from another one.
    background : list of recordings, optional
        See `explain`.
    random_state : int, default=0
        Of whose clip a group is taken from, and of the intervals.

    Returns
    -------
    DataFrame
        A row a group, kinds in their order, the most important first: `kind`; `name`; `importance`,
        with `y` what the AUC loses, else `change`; `low` and `high`, its 95 % interval over
        subjects (bootstrap, percentiles); `change`, the mean absolute change of the decision.

    Raises
    ------
    ValueError
        Nothing is known of what the model sees, one subject only, labels of one class, lengths that
        differ, or no such kind.
    NotFittedError
        The model is not fitted.
    ClipError
        A clip cannot be opened or measured.

    Notes
    -----
    Features are exchanged as they are. Of curves over time, an action unit's (a region's) is
    stretched so that the phases of both clips coincide: *that* it rises early is lost with a phase,
    not with a unit. A phase is cut out, and the other clip's put in, as long as that is.

    Groups that say the same are unimportant one by one: the system has the other one. That an
    importance is small does not mean that smiles do not differ in it.

    References
    ----------
    Breiman (2001), Random forests, doi:10.1023/A:1010933404324; Fisher, Rudin & Dominici (2019),
    All models are wrong, but many are useful, arXiv:1801.01489.

    Examples
    --------
    >>> from smilegenuine import AUDASVMEnsemble
    >>> from smilegenuine.datasets import make_smile_signals
    >>> from smilegenuine.explain import explain_global
    >>> smiles = make_smile_signals(20, 4, difference="au06", random_state=0)
    >>> X, y = smiles.data, smiles.target
    >>> model = AUDASVMEnsemble(levels=("au",)).fit(X[:48], y[:48])
    >>> importances = explain_global(model, X[48:], y[48:], by=("au", "phase"), n_repeats=2)
    >>> importances.iloc[0]["name"]
    'AU06'
    """
    wanted = [by] if isinstance(by, str) else list(by)
    unknown = [str(kind) for kind in wanted if kind not in KINDS]
    if unknown:
        raise ValueError(f"by={unknown[0]!r}: no such kind of group; there are {', '.join(KINDS)}")
    check_positive("n_repeats", n_repeats, whole=True, at_least=1)
    system = open_system(model)
    clips = as_clips(X)
    truth = None if y is None else _codes(y, len(clips), classes_of(system.decider))
    subjects = _subjects(clips, groups)
    background = None if background is None else system.measure(background)
    node = node_of(system.name, system.decider, background)
    return _importances(node, system.measure(clips), truth, subjects, wanted, n_repeats,
                        random_state)


def _importances(node: Node, clips: list[Clip], truth: np.ndarray | None, subjects: np.ndarray,
                 wanted: list[str], n_repeats: int, seed: int) -> pd.DataFrame:
    seen = [node.see(clip) for clip in clips]
    node.remember(seen)
    before = node.outputs(seen)[1]
    rng = np.random.default_rng(seed)
    donors = [_donors(subjects, rng) for _ in range(n_repeats)]
    weights = _resampled(subjects, rng)
    rows = []
    for kind in (k for k in KINDS if k in wanted):
        of_kind = [_importance(node, seen, before, donors, truth, weights, kind, name)
                   for name in _names(node, kind)]
        rows += sorted(of_kind, key=lambda row: -row["importance"])
    return pd.DataFrame(rows, columns=["kind", "name", "importance", "low", "high", "change"])


def _importance(node: Node, seen: list[Any], before: np.ndarray, donors: list[np.ndarray],
                truth: np.ndarray | None, weights: np.ndarray, kind: str, name: Any
                ) -> dict[str, Any]:
    after = np.stack([node.outputs([node.exchanged(s, seen[d], kind, name)
                                    for s, d in zip(seen, donor, strict=True)])[1]
                      for donor in donors])
    change = np.abs(after - before).mean(axis=0)
    if truth is None:
        importances = weights @ change / weights.sum(axis=1)
    else:
        importances = _auc(before, truth, weights) - np.mean(
            [_auc(values, truth, weights) for values in after], axis=0)
    low, high = np.nanpercentile(importances[1:], (2.5, 97.5))
    return {"kind": kind, "name": "×".join(name) if isinstance(name, tuple) else name,
            "importance": float(importances[0]), "low": float(low), "high": float(high),
            "change": float(weights[0] @ change / weights[0].sum())}


def _names(node: Node, kind: str) -> list[Any]:
    """What there is of a kind, in any branch."""
    if kind == "branch":
        return [leaf.name for leaf in node.leaves()]
    return list(dict.fromkeys(n for leaf in node.leaves() for n in leaf.groups().get(kind, ())))


def _donors(subjects: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For each clip another subject's, so that each serves about as often as another."""
    order = rng.permutation(len(subjects))
    donor = np.empty(len(subjects), dtype=int)
    donor[order] = np.roll(order, 1)
    for k in np.flatnonzero(subjects[donor] == subjects):
        donor[k] = rng.choice(np.flatnonzero(subjects != subjects[k]))
    return donor


def _resampled(subjects: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """How often each clip is there: all once, then subjects drawn with replacement."""
    names, code = np.unique(subjects, return_inverse=True)
    draws = rng.multinomial(len(names), np.full(len(names), 1.0 / len(names)), _BOOTSTRAPS)
    return np.vstack([np.ones(len(subjects)), draws[:, code]]).astype(float)


def _auc(values: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Area under the ROC curve for each row of weights; NaN where a class has none."""
    levels, code = np.unique(values, return_inverse=True)
    ones = np.zeros((len(values), len(levels)))
    ones[np.arange(len(values)), code] = 1.0
    positive, negative = ((weights * part) @ ones for part in (truth, 1.0 - truth))
    below = np.cumsum(negative, axis=1) - 0.5 * negative
    total = positive.sum(axis=1) * negative.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((positive * below).sum(axis=1) / np.where(total > 0, total, np.nan))


def _codes(y: Any, n: int, classes: np.ndarray) -> np.ndarray:
    labels = column_or_1d(y, warn=True)
    if len(labels) != n:
        raise ValueError(f"{n} clips but {len(labels)} labels")
    classes_of_y, codes = coded_labels(labels)
    if not np.array_equal(classes_of_y, classes):
        raise ValueError(f"the model knows the classes {', '.join(map(str, classes))}, and y has "
                         f"{', '.join(map(str, classes_of_y))}")
    return codes.astype(float)


def _subjects(clips: list[Clip], groups: Any) -> np.ndarray:
    if groups is None:
        subjects = np.array([c.subject if c.subject is not None else f"clip {i}"
                             for i, c in enumerate(clips)])
    else:
        subjects = check_groups(groups, len(clips), "clips")
    if len(np.unique(subjects)) < 2:
        raise ValueError("all clips are of one subject; inputs are exchanged between subjects, so "
                         "there must be at least two")
    return subjects
