"""How posed and spontaneous smiles move, in figures measured on UvA-NEMO, and samples of them.

Quantiles, rank correlations and effect sizes over 641 posed and 595 spontaneous recordings of the
UvA-NEMO smile database, computed from public per-video D-Marker tables at 50 fps
(`data/uva_nemo_smile_kinematics.json`). Aggregates only: no figure here belongs to one recording.
Durations in seconds, counting moving frames; lip amplitudes as a fraction of the neutral lip
width, eyelid amplitudes as a fraction of the eye width. `features.smile_figures` says how they are
measured.

Source: UvA-NEMO (Dibeklioğlu, Salah & Gevers 2012, doi:10.1007/978-3-642-33712-3_38).
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from scipy.stats import norm

from ..features.smile_figures import FIGURES, RATE

KINDS = ("posed", "spontaneous")
SIGNALS = ("lip", "eyelid")

_TABLE: dict[str, Any] = json.loads(
    (files(__package__) / "data" / "uva_nemo_smile_kinematics.json").read_text(encoding="utf-8"))

QUANTILE_LEVELS: tuple[float, ...] = tuple(_TABLE["quantile_levels"])

_VIDEO = {"video_s": "frames_at_50fps", "smile_start_s": "smile_start_frame",
          "smile_s": "smile_frames"}

# Of the difference between left and right only the effect size is published (the source has it in
# pixels). Its size here, a logarithmic normal, is ours; its difference between the kinds is not.
_SIDES_SPREAD = 0.75
_SIDES_MEDIAN = {"lip": {"posed": 0.0085, "spontaneous": 0.0065},
                 "eyelid": {"posed": 0.0070, "spontaneous": 0.0060}}

# Figures whose highest values are rarer and further out than an exponential tail puts them; with
# these factors on the tail the effect sizes come out as published.
_HEAVY = {"lip_onset_peak_speed_per_s": 4.0, "lip_onset_backtrack_ratio": 3.0}
_MOST = {"lip_onset_backtrack_ratio": 0.45, "eyelid_onset_backtrack_ratio": 0.85,
         "lip_onset_rise": 0.42, "lip_offset_fall": 0.42}


def _quantiles(kind: str) -> dict[str, tuple[float, ...]]:
    quantiles = {f"{signal}_{figure}": tuple(values) for signal in SIGNALS
                 for figure, values in _TABLE[signal][kind]["quantiles"].items()}
    for signal in SIGNALS:
        z = norm.ppf(QUANTILE_LEVELS)
        quantiles[f"{signal}_onset_left_right_difference"] = tuple(
            (_SIDES_MEDIAN[signal][kind] * np.exp(_SIDES_SPREAD * z)).tolist())
    video = _TABLE["video"][kind]
    return quantiles | {figure: tuple(frames / RATE for frames in video[key])
                        for figure, key in _VIDEO.items()}


#: Class ("posed", "spontaneous") -> figure -> quantiles at `QUANTILE_LEVELS`.
KINEMATICS: dict[str, dict[str, tuple[float, ...]]] = {kind: _quantiles(kind) for kind in KINDS}

#: Figure -> Cohen's d, spontaneous minus posed.
EFFECT_SIZES: dict[str, float] = {
    f"{signal}_{figure}": d for signal in SIGNALS
    for figure, d in _TABLE[signal]["effect_size_cohens_d_spontaneous_minus_posed"].items()}

#: Class -> signal -> rank correlations (10, 10), in the order of `features.smile_figures.FIGURES`.
RANK_CORRELATIONS: dict[str, dict[str, np.ndarray]] = {
    kind: {signal: np.array([[_TABLE[signal][kind]["spearman"][a][b] for b in FIGURES]
                             for a in FIGURES]) for signal in SIGNALS} for kind in KINDS}


def quantile_of(figure: str, kind: str, level: float) -> float:
    """Read a figure's quantile function, so that uniform levels give samples of the figure.

    Parameters
    ----------
    figure : str
        A key of `KINEMATICS[kind]`.
    kind : {"posed", "spontaneous", "mixed"}
        "mixed" is the mean of both quantile functions.
    level : float
        0 to 1.

    Returns
    -------
    float
        Between the published quantiles linear below the median, linear in the logarithm above (a
        figure that is mostly 0 is flat about its quartile); above the highest an exponential tail,
        below the lowest on at the slope of the first stretch, but not under two fifths of it.
    """
    if kind == "mixed":
        return 0.5 * sum(quantile_of(figure, k, level) for k in KINDS)
    q = KINEMATICS[kind][figure]
    p = QUANTILE_LEVELS
    if level > p[-1]:
        stretch = (q[-1] - q[-2]) / np.log((1.0 - p[-2]) / (1.0 - p[-1]))
        stretch *= _HEAVY.get(figure, 1.0)
        tail = q[-1] + stretch * np.log((1.0 - p[-1]) / max(1.0 - level, 1e-4))
        return float(min(tail, _MOST.get(figure, np.inf)))
    low = max(0.4 * q[0], q[0] - (q[1] - q[0]) / (p[1] - p[0]) * p[0])
    at, values = (0.0, *p), (low, *q)
    k = min(int(np.searchsorted(at, level, side="right")), len(p)) - 1
    share = (level - at[k]) / (at[k + 1] - at[k])
    if q[0] == 0.0:  # mostly nothing: flat about the quartile, where something begins
        share = share ** 2 if level > p[-2] else 1.0 - (1.0 - share) ** 2
    if values[k] <= 0.0 or level < 0.5:
        return values[k] + share * (values[k + 1] - values[k])
    return float(values[k] * (values[k + 1] / values[k]) ** share)


@cache
def normal_correlations(kind: str, signal: str) -> np.ndarray:
    """Return the correlations of the normal scores behind a signal's figures: a Gaussian copula.

    Parameters
    ----------
    kind : {"posed", "spontaneous", "mixed"}
        "mixed" is the mean of both.
    signal : {"lip", "eyelid"}

    Returns
    -------
    array of shape (10, 10)
        Positive definite, in the order of `features.smile_figures.FIGURES`.
    """
    kinds = KINDS if kind == "mixed" else (kind,)
    ranks = np.mean([RANK_CORRELATIONS[k][signal] for k in kinds], axis=0)
    values, vectors = np.linalg.eigh(2.0 * np.sin(np.pi / 6.0 * (ranks + ranks.T) / 2.0))
    near = (vectors * np.maximum(values, 1e-3)) @ vectors.T
    scale = np.sqrt(np.diag(near))
    return near / np.outer(scale, scale)
