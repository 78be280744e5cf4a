"""Contributions of inputs, put in their place: which muscle, which phase, which frame.

A `Part` is what one branch contributes. What is known of a table's columns is their meaning; of a
sequence's rows, when they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from ..clips.au_table import AU_NAMES
from ..face.mesh_regions import REGIONS
from ..features.auda import PAIR_A, PAIR_B, feature_names, first_max, pair_differences
from ..features.clip_phases import phase_of_frames
from ..features.dynamics import sliding_regression, window_frames
from .explanation import SPANS
from .kinematics_words import REGIONS as KINEMATIC_REGIONS

#: Bands of an aligned face, from the top, in shares of its height: the eyes are level, and with the
#: default settings of `FaceAligner` in the same place in every chip.
FACE_BANDS = {"brows and eyes": (0.0, 0.38), "nose and cheeks": (0.38, 0.58),
              "mouth and chin": (0.58, 1.0)}


@dataclass(frozen=True)
class Part:
    """What one branch contributes.

    Attributes
    ----------
    rows : DataFrame
        As `Explanation.table`, without `branch`.
    over_time : array of shape (T,)
    au_over_time : array of shape (T, 17)
    """

    rows: pd.DataFrame
    over_time: np.ndarray
    au_over_time: np.ndarray


@dataclass(frozen=True, eq=False)  # each is itself: what is worked out of it is kept
class Meaning:
    """What the columns of a table are about.

    Attributes
    ----------
    columns : DataFrame
        A row a column of the table: `source`, `au`, `other_au`, `region`, `phase`, `feature`.
    """

    columns: pd.DataFrame

    def au_shares(self) -> sparse.csr_matrix:
        """Which action units a column belongs to: (n_columns, 17), pairs in halves."""
        place = {au: i for i, au in enumerate(AU_NAMES)}
        first = self.columns["au"].map(place)
        second = self.columns["other_au"].map(place)
        rows = np.arange(len(self.columns))
        one, two = first.notna().to_numpy(), second.notna().to_numpy()
        weight = np.where(two, 0.5, 1.0)
        at = np.r_[rows[one], rows[two]]
        units = np.r_[first[one].astype(int), second[two].astype(int)]
        return sparse.csr_matrix((np.r_[weight[one], weight[two]], (at, units)),
                                 shape=(len(rows), len(AU_NAMES)))


def auda_meaning(level: str, windows: Sequence[int], phases: Sequence[str]) -> Meaning:
    """Return the meaning of the columns of AUDA's AU-wise or cross-AU level."""
    names = feature_names(level, windows, phases)
    if level == "au":
        units = [(p, au, "") for p in phases for au in AU_NAMES]
    else:
        units = [(p, a, b) for p in phases for a, b in combinations(AU_NAMES, 2)]
    n_stats = len(names) // len(units)
    phase, au, other = np.repeat(np.array(units, dtype=object), n_stats, axis=0).T
    return Meaning(meaning_columns("action unit" if level == "au" else "pair", names, au=au,
                                   other_au=other, phase=phase))


def marker_meaning(names: Sequence[str]) -> Meaning:
    """Return the meaning of the columns of the D-Markers, by their names."""
    phase, signal, _ = zip(*(name.split("_", 2) for name in names), strict=True)
    return Meaning(meaning_columns("D-Markers", names, region=signal, phase=phase))


def kinematics_meaning(names: Sequence[str]) -> Meaning:
    """Return the meaning of the columns of smile kinematics, by their names."""
    signal, phase, _ = zip(*(name.split("_", 2) for name in names), strict=True)
    return Meaning(meaning_columns("kinematics", names, phase=phase,
                                   region=[KINEMATIC_REGIONS[s] for s in signal]))


def meaning_columns(source: str, feature: Sequence[str] | np.ndarray, *, au: Any = "",
                    other_au: Any = "", region: Any = "", phase: Any = "") -> pd.DataFrame:
    """Return the columns of a `Meaning`: a row a feature, "" for what does not apply."""
    return pd.DataFrame({"source": source, "au": au, "other_au": other_au, "region": region,
                         "phase": phase, "feature": list(feature)})


def described_meaning(names: Sequence[str], described: Any, who: str) -> Meaning:
    """Return the meaning of columns of which their maker says what they are about, or nothing.

    Parameters
    ----------
    names : sequence of str
        Of the columns.
    described : DataFrame, or dict of columns
        A row a column of the table: some of "au", "other_au", "region" and "phase"; see
        `DecidesByFeatures`. Nothing where no more is known than the names.
    who : str
        The maker, for messages.

    Returns
    -------
    Meaning

    Raises
    ------
    ValueError
        It describes another number of columns, or by what there is not.
    """
    units = ("", *AU_NAMES)
    known: dict[str, Any] = {"au": units, "other_au": units, "region": None, "phase": SPANS}
    given = pd.DataFrame(described).reset_index(drop=True)
    if len(given.columns) and len(given) != len(names):
        raise ValueError(f"describe_features of {who} has {len(given)} rows, and there are "
                         f"{len(names)} features")
    for column in given.columns:
        allowed = known.get(column, ())
        wrong = [] if allowed is None else [v for v in given[column] if v not in allowed]
        if wrong:
            raise ValueError(f"describe_features of {who} has {column}={wrong[0]!r}; columns are "
                             f"{', '.join(known)}, units as {AU_NAMES[0]!r}, phases of "
                             f"{', '.join(SPANS[:-1])}, and '' where there is none")
    columns = meaning_columns("feature", [str(name) for name in names],
                              **{name: given.get(name, "") for name in known})
    pair, unit = columns["other_au"] != "", columns["au"] != ""
    if (pair & ~unit).any():
        raise ValueError(f"describe_features of {who} has other_au="
                         f"{columns.loc[pair & ~unit, 'other_au'].iloc[0]!r} without an au")
    columns["source"] = np.where(pair, "pair", np.where(unit, "action unit", "feature"))
    return Meaning(columns)


def side_by_side(meanings: Sequence[Meaning]) -> Meaning:
    """Return the meaning of the columns of tables side by side."""
    return Meaning(pd.concat([m.columns for m in meanings], ignore_index=True))


def auda_moments(aus: np.ndarray, times: np.ndarray, spans: dict[str, slice], level: str,
                 windows: Sequence[int], phases: Sequence[str]) -> sparse.csr_matrix:
    """Return the frames of a clip on which each feature of AUDA rests.

    Parameters
    ----------
    aus : array of shape (T, 17)
    times : array of shape (T,)
    spans : dict of str to slice
        The phases of the clip.
    level : {"au", "cross"}
    windows, phases : see `AUDA`

    Returns
    -------
    sparse matrix of shape (n_features, T)
        Means rest on all frames of their phase; a maximum on the frame where it is; ranges, and
        times from one extremum to another, on both, in halves. Nothing where there is no such
        phase.
    """
    fps = 1.0 / float(np.median(np.diff(times)))
    adjusted = [sliding_regression(aus, times, window_frames(w, fps)).adjusted for w in windows]
    differences = [pair_differences(d) for d in adjusted] if level == "cross" else []
    n_units = len(AU_NAMES) if level == "au" else len(PAIR_A)
    parts = []
    for phase in phases:
        inside = spans.get(phase, slice(0, 0))
        n_stats = (3 + 2 * len(windows)) if level == "au" else 4 * len(windows)
        if not inside.stop > inside.start:
            parts.append(sparse.csr_matrix((n_units * n_stats, len(times))))
            continue
        stats = _au_moments(aus[inside], [d[inside] for d in adjusted]) if level == "au" else \
            _pair_moments([d[inside] for d in adjusted], [d[:, inside] for d in differences])
        parts.append(_placed(stats, n_units, inside.start, inside.stop, len(times)))
    return sparse.vstack(parts, format="csr")


# A moment is None for all frames of the phase, or arrays of frames that count equally.
_Moments = list["list[np.ndarray] | None"]


def _au_moments(v: np.ndarray, adjusted: list[np.ndarray]) -> _Moments:
    stats: _Moments = [None, [v.argmax(axis=0), v.argmin(axis=0)]]
    for d in adjusted:
        stats += [[first_max(d)], [first_max(-d)]]
    return [*stats, [first_max(adjusted[-1]), first_max(-adjusted[-1])]]


def _pair_moments(adjusted: list[np.ndarray], differences: list[np.ndarray]) -> _Moments:
    stats: _Moments = []
    for d, difference in zip(adjusted, differences, strict=True):
        top, bottom = first_max(d), first_max(-d)
        stats += [None, [difference.argmax(axis=1)], [top[PAIR_A], top[PAIR_B]],
                  [bottom[PAIR_A], bottom[PAIR_B]]]
    return stats


def _placed(stats: _Moments, n_units: int, start: int, stop: int, n_frames: int
            ) -> sparse.csr_matrix:
    rows, columns, weights = [], [], []
    for k, frames in enumerate(stats):
        features = np.arange(n_units) * len(stats) + k
        if frames is None:
            n = stop - start
            rows.append(np.repeat(features, n))
            columns.append(np.tile(np.arange(start, stop), n_units))
            weights.append(np.full(n * n_units, 1.0 / n))
            continue
        for each in frames:
            rows.append(features)
            columns.append(start + each)
            weights.append(np.full(n_units, 1.0 / len(frames)))
    return sparse.csr_matrix(
        (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))),
        shape=(n_units * len(stats), n_frames))


def phase_moments(meaning: Meaning, phases: dict[str, slice], n_frames: int) -> sparse.csr_matrix:
    """Return the frames on which each column rests: in equal parts all of its phase.

    Parameters
    ----------
    meaning : Meaning
    phases : dict of str to slice
    n_frames : int

    Returns
    -------
    sparse matrix of shape (n_columns, n_frames)
    """
    names = [name for name, span in phases.items() if span.stop > span.start]
    weights = np.zeros((len(names) + 1, n_frames))
    for k, name in enumerate(names):
        weights[k, phases[name]] = 1.0 / (phases[name].stop - phases[name].start)
    of = meaning.columns["phase"].map({name: k for k, name in enumerate(names)})
    return sparse.csr_matrix(weights[of.fillna(len(names)).astype(int)])


def shared_frames(moments: np.ndarray, times: np.ndarray) -> sparse.csr_matrix:
    """Share what a network saw at some moments among the frames of the clip.

    Parameters
    ----------
    moments : array of shape (n,)
        Seconds, increasing.
    times : array of shape (T,)
        Of the frames.

    Returns
    -------
    sparse matrix of shape (n, T)
        Each moment in equal parts on the frames that are nearest to it; where another one is nearer
        to every frame, on the frame that is nearest.
    """
    middles = 0.5 * (moments[1:] + moments[:-1])
    nearest = np.searchsorted(middles, times)
    counts = np.bincount(nearest, minlength=len(moments))
    lonely = np.flatnonzero(counts == 0)
    rows = np.r_[nearest, lonely]
    frames = np.r_[np.arange(len(times)), nearest_frames(moments[lonely], times)]
    weights = np.r_[1.0 / counts[nearest], np.ones(len(lonely))]
    return sparse.csr_matrix((weights, (rows, frames)), shape=(len(moments), len(times)))


def nearest_frames(moments: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return the frame nearest to each moment, both in seconds."""
    return np.asarray(np.abs(times[None] - moments[:, None]).argmin(axis=1))


def table_part(contributions: np.ndarray, values: np.ndarray | None, meaning: Meaning,
               moments: sparse.csr_matrix) -> Part:
    """Place the contributions of a table's columns.

    Parameters
    ----------
    contributions : array of shape (n_columns,)
    values : array of shape (n_columns,) or None
        The features.
    meaning : Meaning
    moments : sparse matrix of shape (n_columns, T)
    """
    rows = meaning.columns.assign(value=np.nan if values is None else values,
                                  contribution=contributions)
    units = meaning.au_shares().multiply(contributions[:, None]).T @ moments
    return Part(rows, np.asarray(contributions @ moments).ravel(), units.toarray().T)


def sequence_part(contributions: np.ndarray, columns: pd.DataFrame, moments: np.ndarray,
                  times: np.ndarray, phases: dict[str, slice]) -> Part:
    """Place the contributions of what a network saw moment by moment.

    Parameters
    ----------
    contributions : array of shape (n, K)
    columns : DataFrame
        Of the K columns, see `meaning_columns`.
    moments : array of shape (n,)
        Seconds.
    times : array of shape (T,)
        Of the clip's frames.
    phases : dict of str to slice
        The phases of the clip.
    """
    share = shared_frames(moments, times)
    names = phase_of_frames(phases, len(times), rest="rest" if phases else "")
    phase = names[nearest_frames(moments, times)]
    table = pd.concat([columns.assign(phase=name, value=np.nan,
                                      contribution=contributions[phase == name].sum(axis=0))
                       for name in dict.fromkeys(phase)], ignore_index=True)
    table = table.groupby(list(columns), sort=False, as_index=False).agg(
        {"value": "first", "contribution": "sum"})
    units = np.zeros((len(moments), len(AU_NAMES)))
    for au, column in zip(columns["au"], contributions.T, strict=True):
        if au:
            units[:, AU_NAMES.index(au)] += column
    return Part(table, contributions.sum(axis=1) @ share, (share.T @ units))


def face_columns(height: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the parts of the face, and which rows of a face chip they are.

    Parameters
    ----------
    height : int
        Of the chip, in pixels.

    Returns
    -------
    columns : DataFrame
        A row a part.
    belongs : array of shape (height, n_parts)
    """
    at = (np.arange(height) + 0.5) / height
    belongs = np.stack([(low <= at) & (at < high) for low, high in FACE_BANDS.values()], axis=1)
    return _region_columns("face", list(FACE_BANDS)), belongs.astype(float)


def mesh_columns(points: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the parts of the face, and which points of the mesh they hold.

    Parameters
    ----------
    points : array of int of shape (n_points,)

    Returns
    -------
    columns : DataFrame
        A row a part.
    belongs : array of shape (n_points, n_parts)
    """
    belongs = np.stack([np.isin(points, members) for members in REGIONS.values()], axis=1)
    inside = belongs.any(axis=0)
    regions = np.array(list(REGIONS))[inside].tolist()
    return _region_columns("mesh", regions), belongs[:, inside].astype(float)


def signal_columns(streams: Sequence[str]) -> pd.DataFrame:
    """Return what the signals of the frame-wise branch are about, stream by stream."""
    return pd.concat([
        meaning_columns("smile", ["smile"]) if stream == "smile" else
        meaning_columns("action unit", [au if stream == "aus" else f"{au}_{stream}"
                                        for au in AU_NAMES], au=AU_NAMES)
        for stream in streams], ignore_index=True)


def _region_columns(source: str, regions: list[str]) -> pd.DataFrame:
    return meaning_columns(source, [""] * len(regions), region=regions)
