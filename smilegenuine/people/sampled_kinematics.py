"""`make_kinematics`: smiles sampled as rows of figures, from what is published of real ones.

No motion, no picture: tens of thousands of smiles in seconds, each twenty numbers or fewer, whose
quantiles and rank correlations are those of UvA-NEMO's recordings.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.interpolate import PchipInterpolator
from scipy.stats import norm, t
from sklearn.utils import Bunch

from ..features.smile_figures import FIGURES, RATE
from .parameter_checks import check_counts
from .sampling_plan import seed_of
from .uva_nemo_kinematics import (
    KINDS,
    KINEMATICS,
    QUANTILE_LEVELS,
    SIGNALS,
    normal_correlations,
    quantile_of,
)

#: The columns: all figures but the difference between left and right, of which no unit is known.
COLUMNS = tuple(f"{signal}_{figure}" for signal in SIGNALS for figure in FIGURES[:-1])

_N = len(FIGURES) - 1
_MOST_BACKTRACK = 0.9
_FURTHEST = 1e-4

_DESCR = """\
Figures of {n} smiles, half of them posed, sampled from aggregate figures of UvA-NEMO: quantiles and
rank correlations of each class, see smilegenuine.people.uva_nemo_kinematics. Not rows of
recordings.
"""


def make_kinematics(n_smiles: int = 20000, *, degrees: float | None = None,
                    random_state: Any = None) -> Bunch:
    """Sample smiles as rows of figures from the published aggregates.

    Parameters
    ----------
    n_smiles : int, default=20000
        Half of them posed.
    degrees : float, optional
        Degrees of freedom of the dependence between figures: extremes come together (Student's
        copula). Without it, the normal copula. Rank correlations are as published in either case;
        which is nearer to the truth is not published. Nor is how lips and eyelids go together: here
        they are independent within a class.
    random_state : int, RandomState or None, default=None

    Returns
    -------
    Bunch
        `data` : DataFrame of shape (n_smiles, 18), columns `COLUMNS`
        `target` : array of shape (n_smiles,), 1 spontaneous and 0 posed
        `DESCR` : str

    Raises
    ------
    ValueError
        Fewer than two smiles, or `degrees` that are not above 2.

    Examples
    --------
    >>> from smilegenuine.datasets import make_kinematics
    >>> smiles = make_kinematics(4000, random_state=0)
    >>> smiles.data.groupby(smiles.target)["lip_offset_duration_s"].median().round(1).tolist()
    [0.9, 1.2]
    """
    check_counts(2, n_smiles=n_smiles)
    if degrees is not None and not degrees > 2:
        raise ValueError(f"degrees must be above 2, or None, not {degrees!r}")
    seed = seed_of(random_state)
    parts, target = [], []
    for label, kind in enumerate(KINDS):
        rng = np.random.default_rng((seed, label))
        n = n_smiles // 2 + (n_smiles % 2) * label
        levels = [_levels(normal_correlations(kind, signal)[:_N, :_N], n, degrees, rng)
                  for signal in SIGNALS]
        parts.append(np.column_stack([
            _figure(column, kind, level)
            for column, level in zip(COLUMNS, np.hstack(levels).T, strict=True)]))
        target.append(np.full(n, label))
    table = pd.DataFrame(np.vstack(parts), columns=list(COLUMNS))
    return Bunch(data=table, target=np.concatenate(target), DESCR=_DESCR.format(n=n_smiles))


def _figure(column: str, kind: str, level: np.ndarray) -> np.ndarray:
    """Return a figure at levels 0 to 1: smooth in the logarithm between published quantiles."""
    known = np.array(KINEMATICS[kind][column])
    if known[0] <= 0.0:  # mostly nothing, which has no logarithm
        return np.array([quantile_of(column, kind, x) for x in level])
    at, logs = norm.ppf(QUANTILE_LEVELS), np.log(known)
    score = norm.ppf(np.clip(level, _FURTHEST, 1.0 - _FURTHEST))
    inside = PchipInterpolator(at, logs)(np.clip(score, at[0], at[-1]))
    # Beyond the published quantiles on at the slope of the last stretch.
    low, high = (logs[1] - logs[0]) / (at[1] - at[0]), (logs[-1] - logs[-2]) / (at[-1] - at[-2])
    value = np.exp(inside + low * np.minimum(score - at[0], 0.0)
                   + high * np.maximum(score - at[-1], 0.0))
    if column.endswith("backtrack_ratio"):
        return np.minimum(value, _MOST_BACKTRACK)
    return np.round(value * RATE) / RATE if column.endswith("duration_s") else value


def _levels(correlations: np.ndarray, n: int, degrees: float | None, rng: np.random.Generator
            ) -> np.ndarray:
    """Draw levels (n, k) between 0 and 1 of figures that depend on each other."""
    scores = rng.normal(size=(n, len(correlations))) @ np.linalg.cholesky(correlations).T
    if degrees is None:
        return np.asarray(norm.cdf(scores))
    return np.asarray(t.cdf(scores / np.sqrt(rng.chisquare(degrees, (n, 1)) / degrees), degrees))
