"""What a model should remember of how systems made like it did, and reading it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import expit

from ..evaluation.comparison import Evaluation
from ..running.foreign_text import as_number

#: The scores that a model remembers.
SUBJECT_SCORES = ("accuracy", "balanced accuracy", "AUC")

# Probabilities of the class that is said, from which it is counted how often that was right.
_SURE_FROM = (0.5, 0.6, 0.7, 0.8, 0.9)


def scores_to_remember(found: Evaluation, system: str | None = None) -> dict[str, Any]:
    """Return what a model should remember of how systems made like it did.

    Parameters
    ----------
    found : Evaluation
        Over folds by subject.
    system : str, optional
        Which one of `found`; may be left out where there is one.

    Returns
    -------
    dict
        To be a part of ``save_model(…, info=…)``:

        - "scores by subject": the means over folds of accuracy, balanced accuracy and AUC;
        - "tested": how many "folds", "clips" and "subjects" that was; where there are several
          folds, "accuracy sd" over them, and "accuracy lower" and "accuracy upper", the interval
          of the mean with its "confidence";
        - "held out": clips by how sure the system was of what it said: "sure from" which
          probability, "clips" how many, "right" how many of them rightly. It is left out where the
          system gives no scores, or scores that are neither log-odds nor probabilities.

    Raises
    ------
    ValueError
        There is no such system, or there are several to choose from.

    Examples
    --------
    >>> from smilegenuine import AUDASVMEnsemble, evaluate
    >>> from smilegenuine.datasets import make_smile_signals
    >>> from smilegenuine.report.card_scores import scores_to_remember
    >>> smiles = make_smile_signals(12, 2, random_state=0)
    >>> found = evaluate({"svm": AUDASVMEnsemble(levels=("au",), phases=("onset",))}, smiles.data,
    ...                  smiles.target, smiles.groups, cv=3)
    >>> info = scores_to_remember(found)
    >>> info["tested"]["folds"], info["tested"]["clips"], sum(info["held out"]["clips"])
    (3, 24, 24)
    """
    names = list(found.scores["system"].unique())
    if system is None and len(names) == 1:
        system = names[0]
    if system not in names:
        raise ValueError(f"system must be one of {', '.join(map(str, names))}, not {system!r}")
    row: dict[Any, Any] = found.summary().set_index("system").loc[system].to_dict()
    predictions = found.predictions[found.predictions["system"] == system]
    tested: dict[str, Any] = {"folds": int(row["folds"]), "clips": int(row["clips"]),
                              "subjects": int(predictions["subject"].nunique())}
    spread = {f"accuracy {what}": as_number(row[f"accuracy {what}"])
              for what in ("sd", "lower", "upper")}
    if None not in spread.values():
        tested |= {**spread, "confidence": 0.95}
    scores = {title: float(row[title]) for title in SUBJECT_SCORES}
    second = predictions["decision"].to_numpy() == found.classes[1]
    right = predictions["decision"].to_numpy() == predictions["truth"].to_numpy()
    sure = _certainty(predictions["score"].to_numpy(dtype=float), second)
    return {"scores by subject": scores, "tested": tested,
            **({} if sure is None else {"held out": _counted(sure, right)})}


def _certainty(scores: np.ndarray, second: np.ndarray) -> np.ndarray | None:
    """Probabilities of what was said, where the scores are log-odds or probabilities."""
    if np.isnan(scores).any():
        return None
    if ((scores > 0.0) == second).all():
        return np.asarray(expit(np.abs(scores)))
    if scores.min() >= 0.0 and scores.max() <= 1.0 and ((scores > 0.5) == second).all():
        return np.maximum(scores, 1.0 - scores)
    return None


def _counted(sure: np.ndarray, right: np.ndarray) -> dict[str, Any]:
    bins = np.searchsorted(_SURE_FROM, sure, side="right") - 1
    return {"sure from": list(_SURE_FROM),
            "clips": np.bincount(bins, minlength=len(_SURE_FROM)).tolist(),
            "right": np.bincount(bins[right], minlength=len(_SURE_FROM)).tolist()}


# -- reading it ----------------------------------------------------------------------------------

def part_of(info: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return a table that a model remembers; an empty one where it is none."""
    part = info.get(key)
    return part if isinstance(part, Mapping) else {}


def interval_of(tested: Mapping[str, Any]) -> tuple[float, float, float] | None:
    """Read the interval of the accuracy that a model remembers.

    Parameters
    ----------
    tested : mapping
        ``info["tested"]``; see `scores_to_remember`.

    Returns
    -------
    (float, float, float) or None
        Bounds, cut at 0 and 1, and how confident they are. None where there is no interval.
    """
    low, high = as_number(tested.get("accuracy lower")), as_number(tested.get("accuracy upper"))
    if low is None or high is None or low >= high:
        return None
    return max(low, 0.0), min(high, 1.0), as_number(tested.get("confidence")) or 0.95


def certainty_bins(bins: Any) -> list[tuple[float, float, int, int]]:
    """Read what a model remembers of held-out clips by how sure it was of them.

    Parameters
    ----------
    bins : object
        ``info["held out"]``; see `scores_to_remember`.

    Returns
    -------
    list of (float, float, int, int)
        From which probability of the class that it said to which, how many clips, how many of them
        right. Empty where it is nothing of the kind.
    """
    if not isinstance(bins, Mapping):
        return []
    try:
        edges, clips, right = (np.asarray(bins[key], dtype=float)
                               for key in ("sure from", "clips", "right"))
    except (KeyError, TypeError, ValueError):  # somebody else's words
        return []
    finite = np.isfinite(np.r_[edges.ravel(), clips.ravel(), right.ravel()]).all()
    if not finite or edges.ndim != 1 or not (edges.shape == clips.shape == right.shape):
        return []
    return [(float(low), float(high), int(n), int(k)) for low, high, n, k in
            zip(edges, [*edges[1:], 1.0], clips, right, strict=True)]
