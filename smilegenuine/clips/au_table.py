"""Action-unit tables as other tools write them, read into arrays.

OpenFace pads its header names with blanks and writes zeros into frames without a face; py-feat
gives probabilities; LibreFace gives twelve intensities. What comes out of here is one thing: the 17
intensities in OpenFace's order, and word of those that a tool does not measure.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from .errors import ClipError

#: The 17 action units that OpenFace 2 reports with intensities, in its order.
AU_NAMES: tuple[str, ...] = (
    "AU01", "AU02", "AU04", "AU05", "AU06", "AU07", "AU09", "AU10", "AU12", "AU14", "AU15", "AU17",
    "AU20", "AU23", "AU25", "AU26", "AU45",
)

#: Names of the 17 columns by tool, in small letters. py-feat's AU43, eyes closed, stands in for
#: AU45, the blink, where it has none.
COLUMNS: dict[str, tuple[str, ...]] = {
    "openface": tuple(f"{au}_r".lower() for au in AU_NAMES),
    "pyfeat": tuple(au.lower() for au in AU_NAMES),
    "libreface": tuple(f"au_{int(au[2:])}_intensity" for au in AU_NAMES),
    "plain": tuple(au.lower() for au in AU_NAMES),
}

#: Other columns that say something here, in small letters.
OTHER_COLUMNS = frozenset({
    "au43", "frame", "frame_idx", "timestamp", "time", "approx_time", "frame_time_in_ms", "success",
    "face_id", "faceid", "facescore", "facerectx", "facerecty", "facerectwidth", "facerectheight",
    "identity", "input",
})

_BOX = ("facerectx", "facerecty", "facerectwidth", "facerectheight")
# The tools that do not measure all 17; without AU12 there is no smile to look at.
_INCOMPLETE = ("pyfeat", "libreface")
_SMILE = "AU12"
# A frame rate told from whole seconds may be off by so much.
_RATE_ERROR = 0.05
# LibreFace's frame_time_in_ms is in seconds in its later versions. No step is shorter than this in
# milliseconds (667 Hz), or longer in seconds.
_LEAST_MS = 1.5


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


class AUReading(NamedTuple):
    """What a tool's table says of one recording.

    Attributes
    ----------
    aus, times, valid : array
        See `AUTable`.
    missing : tuple of str
        Action units that the tool does not measure; they are 0 in all valid frames.
    faces : str
        What was done about several faces; empty where there was one.
    frames : array of shape (T,) or None
        Numbers of the frames, where the table has them.
    approximate : bool
        `times` follow from a frame rate that was told from whole seconds.
    """

    aus: np.ndarray
    times: np.ndarray | None
    valid: np.ndarray
    missing: tuple[str, ...]
    faces: str
    frames: np.ndarray | None
    approximate: bool


def read_au_table(table: pd.DataFrame, name: str = "table") -> AUTable:
    """Read the 17 action units from a table of OpenFace, py-feat, LibreFace, or like theirs.

    Parameters
    ----------
    table : DataFrame
        See `parse_au_table`.
    name : str, default="table"
        Used in messages.

    Returns
    -------
    AUTable

    Raises
    ------
    ClipError
        See `parse_au_table`.

    Warns
    -----
    UserWarning
        Of several faces one was taken, or the tool does not measure all 17.
    """
    reading = parse_au_table(table, name)
    for remark in filter(None, (reading.faces, not_measured(reading.missing))):
        warnings.warn(f"{name}: {remark}", stacklevel=3)
    return AUTable(reading.aus, reading.times, reading.valid)


def not_measured(missing: tuple[str, ...]) -> str:
    """Describe the action units that carry no information; empty where all are measured."""
    return "" if not missing else (f"{', '.join(missing)} {'are' if len(missing) > 1 else 'is'} "
                                   "not measured: 0 throughout, and no information")


def parse_au_table(table: pd.DataFrame, name: str = "table", tool: str | None = None) -> AUReading:
    """Read the action units of one recording from the table of a tool.

    Parameters
    ----------
    table : DataFrame
        One row a frame. Columns `AU01_r` … `AU45_r` (OpenFace, 0–5), `AU01` … (py-feat, 0–1, taken
        times 5; its AU43, eyes closed, stands in for AU45 where there is none), `au_1_intensity` …
        (LibreFace, 0–5), or `AU01` … `AU45` (0–5). Header names may be padded, in any case.
        Optional: `timestamp` or `time` (seconds), `frame_time_in_ms`, `approx_time` with `frame`;
        `success` (0: no face), `face_id`, `FaceRectX` …, `FaceScore`.
    name : str, default="table"
        Used in messages.
    tool : {"openface", "pyfeat", "libreface", "plain"}, optional
        Whose table it is; told from its columns otherwise.

    Returns
    -------
    AUReading

    Raises
    ------
    ClipError
        No rows, action units missing that the tool measures, not numbers or NaN throughout, a
        column or a frame that is there twice, timestamps that run backwards, probabilities above 1.
    """
    table = table.rename(columns=lambda c: str(c).strip())
    if not len(table):
        raise ClipError(name, "the table has no rows")
    twice = set(table.columns[table.columns.duplicated()])
    if twice:
        raise ClipError(name, f"column {', '.join(sorted(twice))} is there twice; drop one")
    columns = {c.lower(): c for c in table.columns}
    told, tool = tool is not None, tool or _tool_of(columns)
    wanted = _wanted(columns, tool, told, name)
    table, absent, faces = _one_face(table, columns, name)
    aus = _intensities(table, wanted, name)
    valid = np.isfinite(aus).all(axis=1) & ~absent
    if "success" in columns:
        valid &= _numbers(table, columns["success"]) > 0.5
    if tool == "pyfeat":
        aus *= _pyfeat_scale(aus[valid], told, name)
        valid &= _has_face(table, columns)
    missing = tuple(au for au in AU_NAMES if au not in wanted)
    full = np.zeros((len(table), len(AU_NAMES)))
    full[:, [AU_NAMES.index(au) for au in wanted]] = aus
    full[~valid] = np.nan
    frames = _frame_numbers(table, columns)
    times, approximate = _times(table, columns, frames, name)
    return AUReading(full, times, valid, missing, faces, frames, approximate)


# -- action units -------------------------------------------------------------------------------

def _tool_of(columns: Mapping[str, str]) -> str:
    for tool in ("openface", "libreface"):
        if any(c in columns for c in COLUMNS[tool]):
            return tool
    without_blink = "au43" in columns and "au45" not in columns
    return "pyfeat" if without_blink or "facescore" in columns or _BOX[0] in columns else "plain"


def _wanted(columns: Mapping[str, str], tool: str, told: bool, name: str) -> dict[str, str]:
    """Columns of the table by action unit, without those that the tool does not measure."""
    names = dict(zip(AU_NAMES, COLUMNS[tool], strict=True))
    if tool in ("pyfeat", "plain") and "au45" not in columns and "au43" in columns:
        names["AU45"] = "au43"
    found = {au: columns[c] for au, c in names.items() if c in columns}
    if len(found) == len(AU_NAMES) or (tool in _INCOMPLETE and _SMILE in found):
        return found
    # As the tool writes it: AU01_r, AU01, au_1_intensity.
    absent = [c if tool == "libreface" else c[:2].upper() + c[2:] for au, c in names.items()
              if au not in found]
    remedies = {"pyfeat": "AU12 at least is needed, the lip corners; is this a table of py-feat?",
                "libreface": "au_12_intensity at least is needed, the lip corners; is this a table "
                             "of LibreFace?",
                "openface": "the 17 intensities AU01_r … AU45_r are needed; extract them with "
                            "OpenFace 2, FeatureExtraction -aus" if told else ""}
    raise ClipError(name, f"no column {', '.join(absent)}; " + (remedies.get(tool) or (
        "the 17 intensities AU01_r … AU45_r (OpenFace) or AU01 … AU45 are needed")))


def _intensities(table: pd.DataFrame, wanted: Mapping[str, str], name: str) -> np.ndarray:
    """Numbers of the wanted columns, NaN for what is none."""
    numbers = table[list(wanted.values())].apply(pd.to_numeric, errors="coerce")
    aus = numbers.to_numpy(float, copy=True)
    empty = np.isnan(aus).all(axis=0)
    if empty.all():
        raise ClipError(name, "no frame has action units; was a face in view?")
    if empty.any():
        bad = ", ".join(c for c, e in zip(wanted.values(), empty, strict=True) if e)
        raise ClipError(name, f"column {bad} holds no number at all; extract the action units anew")
    return aus


def _pyfeat_scale(aus: np.ndarray, told: bool, name: str) -> float:
    """py-feat gives probabilities; everything else in use gives 0–5."""
    if aus.max(initial=0.0) <= 1.0:
        return 5.0
    if told:
        raise ClipError(name, f"action units go up to {aus.max():.4g}, and py-feat's probabilities "
                        "end at 1; whose table is it?")
    return 1.0


def _has_face(table: pd.DataFrame, columns: Mapping[str, str]) -> np.ndarray:
    """Frames in which py-feat found a face; some of its versions measure black pictures too."""
    seen = np.ones(len(table), bool)
    if "facescore" in columns:
        seen &= ~(_numbers(table, columns["facescore"]) <= 0.0)
    if _BOX[0] in columns:
        seen &= np.isfinite(_numbers(table, columns[_BOX[0]]))
    return seen


def _numbers(table: pd.DataFrame, column: str) -> np.ndarray:
    return pd.to_numeric(table[column], errors="coerce").to_numpy(float, copy=True)


# -- time ---------------------------------------------------------------------------------------

def _frame_numbers(table: pd.DataFrame, columns: Mapping[str, str]) -> np.ndarray | None:
    for column in ("frame", "frame_idx"):
        if column in columns:
            frames = _numbers(table, columns[column])
            return frames if np.isfinite(frames).all() and (np.diff(frames) > 0).all() else None
    return None


def _times(table: pd.DataFrame, columns: Mapping[str, str], frames: np.ndarray | None, name: str
           ) -> tuple[np.ndarray | None, bool]:
    """Seconds from the first row, or None; and whether they are approximate."""
    if len(table) < 2:
        return None, False
    if "timestamp" in columns:
        times = _stamps(table, columns["timestamp"], name)
        # OpenFace numbers the images of a folder 0, 0.001, 0.002, …: that is a count and no time.
        return (None if times is None or np.median(np.diff(times)) <= 0.0011 else times), False
    if "frame_time_in_ms" in columns:
        times = _stamps(table, columns["frame_time_in_ms"], name)
        in_ms = times is not None and np.median(np.diff(times)) >= _LEAST_MS
        return (times / 1000.0 if times is not None and in_ms else times), False
    if "time" in columns:  # as `smilegenuine extract` writes it
        times = _numbers(table, columns["time"])
        good = np.isfinite(times).all() and (np.diff(times) > 0).all()
        return (times - times[0] if good else None), False
    if "approx_time" in columns and frames is not None:
        rate = _rate_of_seconds(table[columns["approx_time"]], frames)
        return (None if rate is None else (frames - frames[0]) / rate), rate is not None
    return None, False


def _stamps(table: pd.DataFrame, column: str, name: str) -> np.ndarray | None:
    """A column of times from its first row; None where it says the same throughout."""
    times = _numbers(table, column)
    if not np.isfinite(times).all():
        raise ClipError(name, f"column {column} holds values that are not numbers")
    if not (np.diff(times) > 0).all():
        if (times == times[0]).all():
            return None
        raise ClipError(name, f"column {column} does not increase from row to row; sort the table "
                        "or remove repeated rows")
    return times - times[0]


def _rate_of_seconds(column: pd.Series, frames: np.ndarray) -> float | None:
    """Frames a second, from the frames at which py-feat's "minutes:seconds" go on by one."""
    parts = column.astype(str).str.strip().str.extract(r"^(\d+):(\d\d)$")
    seconds = (pd.to_numeric(parts[0]) * 60 + pd.to_numeric(parts[1])).to_numpy(float)
    if not np.isfinite(seconds).all():
        return None
    begins = np.flatnonzero(np.diff(seconds, prepend=seconds[0] - (frames[0] == 0)) > 0)
    if len(begins) < 2:
        return None
    n_frames, n_seconds = (v[begins[-1]] - v[begins[0]] for v in (frames, seconds))
    step = float(np.median(np.diff(frames)))
    return None if step > _RATE_ERROR * n_frames else float(n_frames / n_seconds)


# -- several faces ------------------------------------------------------------------------------

def _one_face(table: pd.DataFrame, columns: Mapping[str, str], name: str
              ) -> tuple[pd.DataFrame, np.ndarray, str]:
    """The rows of one face, those of them in which it is absent, and what was done."""
    frames = table[columns["frame"]].to_numpy() if "frame" in columns else None
    if frames is not None and "input" in columns and (
            table.groupby(columns["frame"])[columns["input"]].nunique() > 1).any():
        raise ClipError(name, "several recordings in one table (column input); write a table for "
                        "each")
    chosen, said = _chosen(table, columns, frames)
    if chosen is None:
        if frames is not None and pd.Series(frames).duplicated().any():
            raise ClipError(name, "column frame repeats: several faces or recordings in one table; "
                            "keep the rows of one")
        return table, np.zeros(len(table), bool), ""
    absent = np.zeros(len(table), bool)
    if frames is not None:
        if pd.Series(frames[chosen]).duplicated().any():
            raise ClipError(name, "column frame repeats for one face: several recordings in one "
                            "table; keep the rows of one")
        # Frames that show others only are frames all the same.
        others = ~chosen & ~pd.Series(frames).isin(frames[chosen]).to_numpy()
        absent = others & ~pd.Series(frames).where(others).duplicated().to_numpy()
    keep = chosen | absent
    return table[keep], absent[keep], said


def _chosen(table: pd.DataFrame, columns: Mapping[str, str], frames: np.ndarray | None
            ) -> tuple[np.ndarray | None, str]:
    """Rows of the face that is taken, None for all; and why this one."""
    for column in ("face_id", "faceid"):
        if column in columns and table[columns[column]].nunique() > 1:
            return _most_rows(table[columns[column]])
    repeated = frames is not None and pd.Series(frames).duplicated(keep=False).to_numpy()
    if frames is None or not np.any(repeated):
        return None, ""
    if all(c in columns for c in _BOX):
        boxes = np.column_stack([_numbers(table, columns[c]) for c in _BOX])
        n = len(pd.unique(frames[repeated]))
        return _largest_over_time(frames, boxes), (
            f"{n} of {len(pd.unique(frames))} frames show several faces; the one that is largest "
            "over time is taken")
    if "identity" in columns and table[columns["identity"]].nunique() > 1:
        return _most_rows(table[columns["identity"]])
    return None, ""


def _most_rows(ids: pd.Series) -> tuple[np.ndarray, str]:
    counts = ids.value_counts()
    keep = counts.index[0]
    return (ids == keep).to_numpy(), (
        f"{len(counts)} faces in the table; the one in most rows ({ids.name} {keep}, "
        f"{counts.iloc[0]} rows) is taken")


def _largest_over_time(frames: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Rows of the face that is largest over time; faces are followed by where they were last.

    `boxes` has the columns left, top, width and height.
    """
    centres, sizes = boxes[:, :2] + 0.5 * boxes[:, 2:], boxes[:, 2] * boxes[:, 3]
    last: list[int] = []  # the last row of each face
    face_of = np.full(len(frames), -1)
    by_frame = pd.Series(frames).groupby(frames, sort=False).indices
    for rows in by_frame.values():
        free = set(range(len(last)))
        rows = rows[np.isfinite(sizes[rows])]
        for row in rows[np.argsort(-sizes[rows])]:
            apart = {k: float(np.linalg.norm(centres[row] - centres[last[k]])) for k in free}
            face = min(apart, key=lambda k: apart[k], default=-1)
            if face < 0 or apart[face] > max(boxes[row, 2], boxes[last[face], 2]):
                face = len(last)
                last.append(row)
            free.discard(face)
            last[face], face_of[row] = row, face
    areas = [sizes[face_of == face].sum() for face in range(len(last))]
    return face_of == (int(np.argmax(areas)) if areas else 0)
