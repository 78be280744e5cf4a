"""Action-unit tables as other tools write them, read into arrays.

OpenFace pads its header names with blanks and writes zeros into frames without a face; py-feat
gives probabilities. What comes out of here is one thing: the 17 intensities in OpenFace's order.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd

from .errors import ClipError

#: The 17 action units that OpenFace 2 reports with intensities, in its order.
AU_NAMES: tuple[str, ...] = (
    "AU01", "AU02", "AU04", "AU05", "AU06", "AU07", "AU09", "AU10", "AU12", "AU14", "AU15", "AU17",
    "AU20", "AU23", "AU25", "AU26", "AU45",
)


class AUTable(NamedTuple):
    """Action units of one recording.

    Attributes
    ----------
    aus : array of shape (T, 17), float64
        Intensities 0–5; NaN in frames that are not valid.
    times : array of shape (T,) or None
        Seconds from the first row; None where the table has no timestamps, or only the thousandths
        by which OpenFace counts the images of a folder.
    valid : array of shape (T,), bool
        Frames in which the tool saw the face.
    """

    aus: np.ndarray
    times: np.ndarray | None
    valid: np.ndarray


def read_au_table(table: pd.DataFrame, name: str = "table") -> AUTable:
    """Read the 17 action units from an OpenFace-like or py-feat-like table.

    Parameters
    ----------
    table : DataFrame
        One row a frame. Columns `AU01_r` … `AU45_r` (OpenFace, 0–5) or `AU01` … (py-feat, 0–1,
        taken times 5; its AU43, eyes closed, stands in for AU45). Header names may be padded.
        Optional: `timestamp` or `time` (seconds), `success` (0: no face), `face_id` or `FaceID`.
    name : str, default="table"
        Used in messages.

    Returns
    -------
    AUTable

    Raises
    ------
    ClipError
        No rows, action units missing, not numbers or NaN throughout, a column or a frame that is
        there twice, timestamps that run backwards.
    """
    table = table.rename(columns=lambda c: str(c).strip())
    if not len(table):
        raise ClipError(name, "the table has no rows")
    twice = set(table.columns[table.columns.duplicated()])
    if twice:
        raise ClipError(name, f"column {', '.join(sorted(twice))} is there twice; drop one")
    table = _one_face(table, name)
    aus = _intensities(table, name)
    valid = np.isfinite(aus).all(axis=1)
    if "success" in table:
        valid &= pd.to_numeric(table["success"], errors="coerce").to_numpy(float) > 0.5
    aus[~valid] = np.nan
    return AUTable(aus, _timestamps(table, name), valid)


def _intensities(table: pd.DataFrame, name: str) -> np.ndarray:
    openface = [f"{au}_r" for au in AU_NAMES]
    columns = {c.lower(): c for c in table.columns}
    plain = [au.lower() if au != "AU45" or "au45" in columns else "au43" for au in AU_NAMES]
    if any(c in table for c in openface):
        wanted, scale = openface, 1.0
    else:
        wanted, scale = [columns.get(c, au) for c, au in zip(plain, AU_NAMES, strict=True)], None
    missing = [c for c in wanted if c not in table]
    if missing:
        raise ClipError(name, f"no column {', '.join(missing)}; the 17 intensities "
                        "AU01_r … AU45_r (OpenFace) or AU01 … AU45 are needed")
    numbers = table[wanted].apply(pd.to_numeric, errors="coerce")
    aus = numbers.to_numpy(float, copy=True)
    empty = np.isnan(aus).all(axis=0)
    if empty.any():
        bad = ", ".join(c for c, e in zip(wanted, empty, strict=True) if e)
        raise ClipError(name, f"column {bad} holds no number at all; extract the action units anew")
    if scale is None:
        # py-feat gives probabilities; everything else in use gives 0–5.
        scale = 5.0 if np.nanmax(aus) <= 1.0 and wanted[-1].lower() == "au43" else 1.0
    return aus * scale


def _timestamps(table: pd.DataFrame, name: str) -> np.ndarray | None:
    if "timestamp" not in table and "time" in table:  # as `smilegenuine extract` writes it
        times = pd.to_numeric(table["time"], errors="coerce").to_numpy(float, copy=True)
        good = len(times) > 1 and np.isfinite(times).all() and (np.diff(times) > 0).all()
        return times - times[0] if good else None
    if "timestamp" not in table or len(table) < 2:
        return None
    times = pd.to_numeric(table["timestamp"], errors="coerce").to_numpy(float, copy=True)
    if not np.isfinite(times).all():
        raise ClipError(name, "column timestamp holds values that are not numbers")
    if not (np.diff(times) > 0).all():
        if (times == times[0]).all():
            return None
        raise ClipError(name, "column timestamp does not increase from row to row; sort the table "
                        "or remove repeated rows")
    # OpenFace numbers the images of a folder 0, 0.001, 0.002, …: that is a count and no time.
    return None if np.median(np.diff(times)) <= 0.0011 else times - times[0]


def _one_face(table: pd.DataFrame, name: str) -> pd.DataFrame:
    for column in ("face_id", "FaceID"):
        if column in table and table[column].nunique() > 1:
            counts = table[column].value_counts()
            keep = counts.index[0]
            warnings.warn(f"{name}: {len(counts)} faces in the table; the one in most rows "
                          f"({column} {keep}, {counts.iloc[0]} rows) is taken", stacklevel=4)
            table = table[table[column] == keep]
            break
    if "frame" in table and table["frame"].duplicated().any():
        raise ClipError(name, "column frame repeats: several faces or recordings in one table; "
                        "keep the rows of one")
    return table
