"""How posed and spontaneous smiles move, in figures measured on UvA-NEMO.

Quantiles at the levels of `QUANTILE_LEVELS` over 642 posed and 595 spontaneous recordings of the
UvA-NEMO smile database, computed from public per-video D-Marker tables (median-filtered signals at
50 fps). Aggregates only: no figure here belongs to one recording. Durations in seconds, counting
moving frames; lip amplitudes as a fraction of the neutral lip width, eyelid amplitudes as a
fraction of the eye width.

Source: UvA-NEMO (Dibeklioğlu, Salah & Gevers 2012, doi:10.1007/978-3-642-33712-3_38).
"""

from __future__ import annotations

import numpy as np

QUANTILE_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)

#: Class ("posed", "spontaneous") -> figure -> quantiles.
KINEMATICS: dict[str, dict[str, tuple[float, ...]]] = {
    "posed": {
        "lip_onset_duration_s": (0.34, 0.50, 0.66, 0.84, 1.16),
        "lip_apex_duration_s": (0.08, 0.36, 0.60, 0.78, 1.38),
        "lip_offset_duration_s": (0.50, 0.70, 0.90, 1.20, 1.80),
        "lip_onset_rise": (0.0633, 0.1213, 0.1662, 0.2132, 0.2956),
        "lip_apex_wobble": (0.0029, 0.0151, 0.0282, 0.0490, 0.1070),
        "lip_onset_backtrack_ratio": (0.0, 0.0, 0.0, 0.0, 0.0314),
        "eyelid_onset_duration_s": (0.34, 0.50, 0.70, 0.90, 1.38),
        "eyelid_offset_duration_s": (0.60, 0.80, 1.02, 1.40, 2.30),
        "eyelid_onset_rise": (0.0363, 0.0738, 0.1079, 0.1597, 0.2956),
        "smile_start_s": (0.06, 0.12, 0.22, 0.32, 0.56),
        "video_s": (2.04, 2.50, 2.92, 3.44, 4.66),
        "smile_s": (1.60, 2.06, 2.50, 3.04, 4.24),
    },
    "spontaneous": {
        "lip_onset_duration_s": (0.42, 0.74, 0.98, 1.38, 2.16),
        "lip_apex_duration_s": (0.094, 0.56, 0.96, 1.50, 2.684),
        "lip_offset_duration_s": (0.534, 0.85, 1.20, 1.64, 2.666),
        "lip_onset_rise": (0.0227, 0.0958, 0.1401, 0.1878, 0.2830),
        "lip_apex_wobble": (0.0034, 0.0237, 0.0499, 0.0884, 0.1736),
        "lip_onset_backtrack_ratio": (0.0, 0.0, 0.0, 0.0086, 0.1849),
        "eyelid_onset_duration_s": (0.44, 0.76, 1.06, 1.56, 2.766),
        "eyelid_offset_duration_s": (0.64, 1.02, 1.44, 2.20, 3.64),
        "eyelid_onset_rise": (0.0491, 0.1013, 0.1506, 0.2491, 0.5009),
        "smile_start_s": (0.04, 0.16, 0.28, 0.44, 0.84),
        "video_s": (2.24, 3.38, 4.52, 6.14, 9.00),
        "smile_s": (1.78, 2.82, 3.96, 5.68, 8.38),
    },
}


def quantile_of(figure: str, kind: str, level: float) -> float:
    """Read a figure's quantile function, so that uniform levels give samples of the figure.

    Parameters
    ----------
    figure : str
        A key of `KINEMATICS[kind]`.
    kind : {"posed", "spontaneous"}
    level : float
        0 to 1. Linear between the published quantiles; the tails go on at the slope of the last
        stretch, but not below 0 and not beyond one and a half times the outermost quantile.

    Returns
    -------
    float
    """
    q = np.asarray(KINEMATICS[kind][figure])
    p = np.asarray(QUANTILE_LEVELS)
    low = max(0.0, q[0] - (q[1] - q[0]) / (p[1] - p[0]) * p[0])
    high = min(1.5 * q[-1], q[-1] + (q[-1] - q[-2]) / (p[-1] - p[-2]) * (1.0 - p[-1]))
    return float(np.interp(level, np.r_[0.0, p, 1.0], np.r_[low, q, high]))
