"""The drawn smiles' figures beside those of UvA-NEMO."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from ..features.smile_figures import FIGURES, RATE, measure_smile
from .uva_nemo_kinematics import (
    EFFECT_SIZES,
    KINDS,
    KINEMATICS,
    QUANTILE_LEVELS,
    RANK_CORRELATIONS,
    SIGNALS,
)

_FEWEST = 10
_SIDES = "onset_left_right_difference"


def calibration_table(smiles: Any) -> pd.DataFrame:
    """Measure clips and lay their figures beside the published ones.

    Parameters
    ----------
    smiles : Bunch
        From `make_smile_signals` or `make_smiles`, at 50 Hz; some hundred clips of either kind at
        least, or the quantiles say little.

    Returns
    -------
    DataFrame
        A row a comparison, with the columns `measure` ("quantile", "effect size" or "rank
        correlation"), `kind` ("posed", "spontaneous"; of effect sizes "spontaneous - posed"),
        `figure`, `against` (the quantile's level, or the other figure of a correlation),
        `published` and `measured`. Of the difference between left and right, effect size and
        correlations only.

    Raises
    ------
    ValueError
        One kind is missing or has fewer than ten clips, or a clip's motion is not known,
        or it is not at 50 Hz.
    """
    if "target" not in smiles:
        raise ValueError("smiles must have labels, as make_smile_signals gives them")
    target = np.asarray(smiles.target)
    if set(target) != {0, 1}:
        raise ValueError("smiles of both kinds are needed, labels 0 (posed) and 1 (spontaneous)")
    if not all(np.isfinite(signal).all() for signal in (*smiles.lips, *smiles.eyelids)):
        raise ValueError("the lips' and the eyelids' motion must be known in every clip")
    if np.bincount(target).min() < _FEWEST:
        raise ValueError(f"at least {_FEWEST} clips of each kind are needed, better some hundred")
    if not all(np.allclose(np.diff(t), 1.0 / RATE, rtol=0.01) for t in smiles.times):
        raise ValueError(f"the published figures are of {RATE:g} Hz: make clips at fps={RATE:g}")
    measured = pd.DataFrame([measure_smile(*clip) for clip in
                             zip(smiles.times, smiles.lips, smiles.eyelids, strict=True)])
    by_kind = {kind: measured[target == label] for label, kind in enumerate(KINDS)}
    rows = [*_quantiles(by_kind), *_effect_sizes(by_kind), *_correlations(by_kind)]
    return pd.DataFrame(rows, columns=["measure", "kind", "figure", "against", "published",
                                       "measured"])


def _quantiles(by_kind: dict[str, pd.DataFrame]) -> Iterator[tuple]:
    for kind, figures in by_kind.items():
        for figure, published in KINEMATICS[kind].items():
            if not figure.endswith(_SIDES):
                for level, value in zip(QUANTILE_LEVELS, published, strict=True):
                    yield ("quantile", kind, figure, level, value,
                           float(figures[figure].quantile(level)))


def _effect_sizes(by_kind: dict[str, pd.DataFrame]) -> Iterator[tuple]:
    posed, spontaneous = by_kind.values()
    n = np.array([len(posed), len(spontaneous)])
    for figure, published in EFFECT_SIZES.items():
        a, b = posed[figure], spontaneous[figure]
        pooled = np.sqrt(np.average([a.var(), b.var()], weights=n - 1))
        yield ("effect size", "spontaneous - posed", figure, None, published,
               float((b.mean() - a.mean()) / pooled))


def _correlations(by_kind: dict[str, pd.DataFrame]) -> Iterator[tuple]:
    for kind, figures in by_kind.items():
        for signal in SIGNALS:
            names = [f"{signal}_{figure}" for figure in FIGURES]
            measured = spearmanr(figures[names].to_numpy())[0]
            for i, j in zip(*np.triu_indices(len(FIGURES), 1), strict=True):
                yield ("rank correlation", kind, names[i], names[j],
                       float(RANK_CORRELATIONS[kind][signal][i, j]), float(measured[i, j]))
