"""What is measured in clips as tables: a row a frame, and D-Markers, a row a video."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..clips.au_table import AU_NAMES
from ..clips.errors import ClipError
from ..clips.record import Clip
from ..face.blendshapes import BLENDSHAPE_NAMES
from ..face.head_pose import head_angles
from ..running.atomic_files import atomic_file
from .clip_phases import phase_of_frames, phases_of
from .dmarkers import DMarkers

#: Columns of the head's pose: degrees, then cm from the camera (right, up, towards it).
POSE_NAMES = ("yaw", "pitch", "roll", "tx", "ty", "tz")


def frame_table(clip: Clip, measures: Sequence[str] = ("aus",)) -> pd.DataFrame:
    """Return what is known about each frame of a measured clip.

    Parameters
    ----------
    clip : Clip
        With what is asked for, and `smile` where it is known.
    measures : sequence of {"aus", "landmarks", "blendshapes", "pose", "dmarkers"}, \
default=("aus",)

    Returns
    -------
    DataFrame
        Columns `video`, `frame`, `time` (s), `valid` and `phase` ("onset", "apex", "offset" or ""),
        then in this order, as far as it is asked for, NaN in frames that are not valid:

        - "aus": `smile` and the 17 action units. The phases are those of `phases_of`.
        - "landmarks": `x_0` to `x_477`, `y_0` …, `z_0` …, in pixels.
        - "blendshapes": their 52 names.
        - "pose": `yaw`, `pitch` and `roll` in degrees, see `head_angles`; `tx`, `ty` and `tz`, the
          head's place from the camera in cm, to the image's right, up, and towards the camera.
    """
    table = pd.DataFrame({"video": clip.label, "frame": np.arange(len(clip.times)),
                          "time": clip.times, "valid": clip.mask,
                          "phase": phase_of_frames(phases_of(clip), len(clip.times))})
    return pd.concat([table, *(_columns(clip, m) for m in measures if m != "dmarkers")], axis=1)


def _columns(clip: Clip, measure: str) -> pd.DataFrame:
    """What one measure gives in each frame."""
    values: np.ndarray
    names: Sequence[str]
    if measure == "aus":
        smile = np.full(len(clip.mask), np.nan) if clip.smile is None else np.asarray(clip.smile)
        names, values = ("smile", *AU_NAMES), np.column_stack([smile, np.asarray(clip.aus)])
    elif measure == "landmarks":
        points = np.asarray(clip.landmarks)
        names = [f"{axis}_{i}" for axis in "xyz" for i in range(points.shape[1])]
        values = points.swapaxes(1, 2).reshape(len(points), -1)
    elif measure == "blendshapes":
        names, values = BLENDSHAPE_NAMES, np.asarray(clip.blendshapes)
    else:
        pose = np.asarray(clip.head_pose)
        names, values = POSE_NAMES, np.column_stack([head_angles(pose), pose[:, :3, 3]])
    return pd.DataFrame(np.where(clip.mask[:, None], values, np.nan), columns=list(names))


def marker_table(clips: Iterable[Clip]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the D-Markers of clips.

    Parameters
    ----------
    clips : iterable of Clip
        With `landmarks`.

    Returns
    -------
    markers : DataFrame
        A row a clip: `video`, and the 225 features of `DMarkers`; NaN where there are none.
    failures : DataFrame
        Columns `clip` and `error`: of which clips there are none, and why.
    """
    transformer = DMarkers()
    names = transformer.get_feature_names_out()
    labels, rows, failures = [], [], []
    for clip in clips:
        labels.append(clip.label)
        try:
            rows.append(transformer.fit_transform([clip])[0])
        except ClipError as error:
            rows.append(np.full(len(names), np.nan))
            failures.append({"clip": clip.label, "error": str(error)})
    table = pd.DataFrame(np.reshape(rows, (-1, len(names))), columns=list(names))
    table.insert(0, "video", labels)
    return table, pd.DataFrame(failures, columns=["clip", "error"])


def write_tables(tables: Iterable[pd.DataFrame], file: Path) -> int:
    """Write tables of the same columns one below the other, each before the next one is made.

    The file has its name when all is written; an interrupted run leaves what was there before.

    Parameters
    ----------
    tables : iterable of DataFrame
        At least one.
    file : Path
        .csv or .parquet.

    Returns
    -------
    int
        Rows that were written.
    """
    with atomic_file(file) as part:
        return (_write_csv if file.suffix.lower() == ".csv" else _write_parquet)(tables, part)


def _write_csv(tables: Iterable[pd.DataFrame], file: Path) -> int:
    n = 0
    with open(file, "w", encoding="utf-8", newline="") as out:
        for table in tables:
            table.to_csv(out, index=False, header=n == 0, float_format="%.6g")
            n += len(table)
    return n


def _write_parquet(tables: Iterable[pd.DataFrame], file: Path) -> int:
    import pyarrow
    import pyarrow.parquet

    n = 0
    with ExitStack() as stack:
        writer: Any = None
        for table in tables:
            rows = pyarrow.Table.from_pandas(table, preserve_index=False)
            if writer is None:
                writer = stack.enter_context(pyarrow.parquet.ParquetWriter(file, rows.schema))
            writer.write_table(rows)
            n += len(table)
    return n
