"""A labelled set of recordings as a researcher keeps it: a CSV of paths, or folders by class."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
from sklearn.utils import Bunch

from ..clip import as_clip
from ..errors import ClipError
from ..video import is_recording


def load_table(path: str | os.PathLike[str], *, fps: float | None = None,
               on_error: str = "raise") -> Bunch:
    """Load a labelled set of recordings.

    Parameters
    ----------
    path : str or Path
        A CSV with the columns `path` (relative to the CSV, or absolute), `label` and, for folds
        that keep people apart, `subject`. Or a folder: one that holds `labels.csv` is read through
        it; else its subfolders are the classes, their recordings the clips, and a further level of
        subfolders the subjects (``spontaneous/s01/a.mp4``).
    fps : float, optional
        Frame rate in Hz of recordings that carry no timing (image folders, tables without
        timestamps).
    on_error : {"raise", "skip"}, default="raise"
        What to do about recordings that are not there or not to be read: raise, or leave them out
        and list them in `failures`.

    Returns
    -------
    Bunch
        `data` : list of Clip, lazy, with `subject` where it is known
        `target` : array of labels of shape (n_clips,)
        `groups` : array of subjects of shape (n_clips,), or None where none is known
        `failures` : DataFrame with the columns `clip` and `error`

    Raises
    ------
    FileNotFoundError
        No such file or folder, or recordings missing (all are named).
    ValueError
        Columns, labels or some of the subjects missing, a recording listed twice, or recordings
        that are there but not to be read.
    """
    if on_error not in ("raise", "skip"):
        raise ValueError(f"on_error must be 'raise' or 'skip', not {on_error!r}")
    root = Path(path)
    if not root.exists():
        raise FileNotFoundError(f"{root}: no such file or folder")
    if root.is_dir() and (root / "labels.csv").exists():
        root = root / "labels.csv"
    rows = _rows_of_folder(root) if root.is_dir() else _rows_of_csv(root)
    known = not rows["subject"].isna().any()
    clips, kept, failures = [], [], []
    errors: list[Exception] = []
    for i, row in enumerate(rows.itertuples()):
        try:
            clip = as_clip(str(row.path), fps=fps)
            clips.append(clip.replace(subject=row.subject if known else None))
            kept.append(i)
        except (OSError, ClipError) as error:
            errors.append(error)
            failures.append({"clip": str(row.path), "error": str(error)})
    if failures and (on_error == "raise" or not clips):
        missing = any(isinstance(error, FileNotFoundError) for error in errors)
        raise (FileNotFoundError if missing else ValueError)(
            f"{root}: {len(failures)} of {len(rows)} recordings cannot be read: "
            + "; ".join(f["error"] for f in failures[:20]))
    rows = rows.iloc[kept]
    return Bunch(data=clips, target=rows["label"].to_numpy(),
                 groups=rows["subject"].to_numpy(str) if known else None,
                 failures=pd.DataFrame(failures, columns=["clip", "error"]))


def _rows_of_csv(file: Path) -> pd.DataFrame:
    try:
        # Subject 01 and path 001 are no numbers, and NA may be somebody's initials.
        header = pd.read_csv(file, skipinitialspace=True, nrows=0)
        table = pd.read_csv(file, skipinitialspace=True, keep_default_na=False, na_values=[""],
                            dtype={c: str for c in header if str(c).strip().lower() != "label"})
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(f"{file}: cannot be read as a CSV ({error})") from None
    table.columns = [str(c).strip().lower() for c in table.columns]
    missing = [c for c in ("path", "label") if c not in table]
    if missing:
        raise ValueError(f"{file}: no column {' or '.join(missing)}; columns path,label,subject "
                         f"are needed, there are {','.join(table.columns)}")
    if not len(table):
        raise ValueError(f"{file}: no rows")
    empty = table.index[table["path"].isna() | table["label"].isna()]
    if len(empty):
        raise ValueError(f"{file}: path or label is empty in row "
                         f"{', '.join(str(i + 2) for i in empty[:10])}")
    if "subject" not in table:
        table["subject"] = None
    partly = table["subject"].isna()
    if partly.any() and not partly.all():
        raise ValueError(f"{file}: subject is empty in row "
                         f"{', '.join(str(i + 2) for i in table.index[partly][:10])}")
    for column in ("path", "subject", "label"):
        if pd.api.types.is_string_dtype(table[column]):
            table[column] = table[column].str.strip()
    table["path"] = [os.path.normpath(file.parent / p) for p in table["path"]]
    twice = table["path"][table["path"].duplicated()]
    if len(twice):
        raise ValueError(f"{file}: {twice.iloc[0]} is listed twice")
    return table


def _rows_of_folder(root: Path) -> pd.DataFrame:
    rows = []
    for kind in sorted(d for d in root.iterdir() if d.is_dir() and not d.name.startswith(".")):
        for file in sorted(kind.rglob("*")):
            if is_recording(file):
                below = file.relative_to(kind).parts
                rows.append({"path": str(file), "label": kind.name,
                             "subject": below[0] if len(below) > 1 else None})
    if not rows:
        raise ValueError(f"{root}: neither labels.csv (columns path,label,subject) nor a subfolder "
                         "a class with videos in it")
    alone = [row["path"] for row in rows if row["subject"] is None]
    if alone and len(alone) < len(rows):
        raise ValueError(f"{root}: some recordings lie in a subject's folder and others, such as "
                         f"{alone[0]}, do not")
    return pd.DataFrame(rows)
