"""What the columns of the published AUDA feature tables are called.

The package's description gives their order, which is not that of `smilegenuine.AUDA`, and not all
of them are the same quantities. Those that are carry the same names.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from ..clips.au_table import AU_NAMES

#: Folders of the feature tables, and what `smilegenuine.AUDA` calls these phases.
PHASES = {"onset": "onset", "apex": "apex", "offset": "offset", "whole smile": "smile",
          "whole sequence": "sequence"}

#: Files of the frame-wise features, and what `smilegenuine.AUDA` calls them, in its order.
DYNAMICS = {f"{order}delta{adjusted}_{window}":
            f"{'adj' if adjusted else ''}slope{window}{'_2nd' if order else ''}"
            for order in ("", "2nd_") for adjusted in ("", "_adjusted") for window in (9, 27)}

#: Numbers in a file, by level.
N_FEATURES = {"au": 119, "cross": 1088}

_WINDOWS = (9, 27)
# Means of files that are rounded differ by less, in points of intensity.
_ROUNDING = 0.02


def published_names(level: str, phase: str) -> list[str]:
    """Name the columns in the order of the package's description.

    Parameters
    ----------
    level : {"au", "cross"}
    phase : str
        As `smilegenuine.AUDA` calls it.

    Returns
    -------
    list of str
        AU-wise: `range` (amplitude), `mean`, `max` of the 17; then, the two windows in turn, the
        mean and the maximum of the slope, which the description calls delta. Cross-AU, 136 pairs,
        the two windows in turn: least and largest difference of the deltas; the time between the
        two units' largest adjusted slopes, and between their least.
    """
    if level == "au":
        names = [f"{au}_{what}" for what in ("range", "mean", "max") for au in AU_NAMES]
        names += [f"{au}_delta{w}_{what}" for what in ("mean", "max") for au in AU_NAMES
                  for w in _WINDOWS]
    else:
        stats = ("delta{}_difference_min", "delta{}_difference_max", "adjslope{}_argmax_lag",
                 "adjslope{}_argmin_lag")
        names = [f"{a}x{b}_{stat.format(w)}" for stat in stats
                 for a, b in combinations(AU_NAMES, 2) for w in _WINDOWS]
    return [f"{phase}_{name}" for name in names]


def own_names(level: str, phase: str) -> list[str]:
    """Name the columns of a package in the order of `smilegenuine.AUDA`; see its `feature_names`.

    Parameters
    ----------
    level : {"au", "cross"}
    phase : str

    Returns
    -------
    list of str
    """
    if level == "au":
        stats = ("mean", "range", "adjslope9_max", "adjslope9_min", "adjslope27_max",
                 "adjslope27_min", "adjslope27_maxmin_lag")
        return [f"{phase}_{au}_{stat}" for au in AU_NAMES for stat in stats]
    own = ("absdiff_mean", "absdiff_max", "argmax_lag", "argmin_lag")
    return [f"{phase}_{a}x{b}_adjslope{w}_{stat}" for a, b in combinations(AU_NAMES, 2)
            for w in _WINDOWS for stat in own]


def name_columns(tables: dict[str, dict[str, np.ndarray]], aus: Sequence[np.ndarray]
                 ) -> tuple[dict[str, dict[str, pd.DataFrame]], bool]:
    """Name the columns of feature tables, in that of the known orders which the numbers fit.

    The mean of each action unit over the whole sequence is among the features and follows from the
    action units, which shows the order. Where no table of the whole sequence is there, the order is
    the description's.

    Parameters
    ----------
    tables : dict of dict of array
        By level and phase, of shape (n_clips, 119) or (n_clips, 1088).
    aus : sequence of arrays of shape (T, 17)
        The action units of the clips.

    Returns
    -------
    tables : dict of dict of DataFrame
        Where no known order fits, columns are called by the phase and their number from 0.
    fits : bool
        The order is known.
    """
    sequence = tables.get("au", {}).get("sequence")
    names = published_names
    fits = True
    if sequence is not None:
        names = next((order for order in (published_names, own_names)
                      if _holds_means(sequence, order("au", "sequence"), aus)), _numbers)
        fits = names is not _numbers
    return {level: {phase: pd.DataFrame(values, columns=names(level, phase))
                    for phase, values in phases.items()} for level, phases in tables.items()}, fits


def _numbers(level: str, phase: str) -> list[str]:
    return [f"{phase}_{k}" for k in range(N_FEATURES[level])]


def _holds_means(table: np.ndarray, names: list[str], aus: Sequence[np.ndarray]) -> bool:
    """Return whether the columns that are called means are the means, of most clips."""
    columns = [names.index(f"sequence_{au}_mean") for au in AU_NAMES]
    means = np.array([np.nanmean(values, axis=0) for values in aus])
    apart = np.abs(table[:, columns] - means).max(axis=1)
    known = np.isfinite(apart)
    return not known.any() or bool(np.median(apart[known]) <= _ROUNDING)
