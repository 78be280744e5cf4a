"""A labelled set of recordings as a researcher keeps it: a CSV of paths, or folders by class."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.utils import Bunch

from ..clips.record import as_clip
from ..clips.video import is_recording
from .csv_tables import read_csv, typed
from .findings import Findings, is_known, labelled_bunch
from .labelled_files import records, settled_rows, with_clips
from .listed_videos import LABELS_FILE

_OURS = ("path", "label", "subject", "fold")


def load_table(path: str | os.PathLike[str], *, fps: float | None = None,
               on_error: str = "raise") -> Bunch:
    """Load a labelled set of recordings.

    Parameters
    ----------
    path : str or Path
        A CSV with the columns `path` (relative to the CSV, or absolute), `label` and, for folds
        that keep people apart, `subject`; `fold`, a number or name, where folds are given; all
        other columns are metadata. Commas, semicolons or tabs separate them; the text is UTF-8,
        UTF-16 or Latin-1.

        Or a folder: one that holds `labels.csv` is read through it; else its subfolders are the
        classes, their recordings the clips, and a further level of subfolders the subjects
        (``spontaneous/s01/a.mp4``).
    fps : float, optional
        Frame rate in Hz of recordings that carry no timing (image folders, tables without
        timestamps).
    on_error : {"raise", "warn", "skip"}, default="raise"
        What to do about recordings that are not there or not to be read, rows without a path or
        label, without a subject or fold while others have one, and paths that are listed twice:
        raise one error that lists all, leave them out and list all in one warning, or leave them
        out and list them in `failures`.

    Returns
    -------
    Bunch
        `data` : list of Clip, lazy, with `subject` where it is known
        `target` : array of labels of shape (n_clips,), numbers where all are numbers
        `target_names` : None, as the labels are names themselves
        `groups` : array of subjects of shape (n_clips,), or None where none is known
        `folds` : PredefinedSplit in the order of the folds' numbers or names, or None
        `metadata` : DataFrame, the other columns, numbers as numbers
        `filenames` : list of str
        `failures` : DataFrame with the columns `clip`, `error` and `kind`
        `DESCR` : str

    Raises
    ------
    FileNotFoundError
        No such file or folder, or recordings missing.
    ValueError
        The CSV cannot be read or has no such columns, a subject is in two folds, nothing is left,
        or anything else is wrong and `on_error` is "raise".
    """
    root = Path(path).expanduser()
    if (root / LABELS_FILE).is_file():
        root = root / LABELS_FILE
    findings = Findings("recordings", root, on_error)
    rows = _rows_of_folder(root) if root.is_dir() else _rows_of_csv(root, findings)
    table = with_clips(pd.DataFrame(rows), findings, lambda path: as_clip(path, fps=fps),
                       f"of {len(rows)} recordings cannot be read")
    return labelled_bunch(table, findings, descr=f"Recordings and labels of {root}",
                          target_names=None, check_videos=False)


def _rows_of_csv(file: Path, findings: Findings) -> list[dict[str, Any]]:
    table = read_csv(file)
    missing = [c for c in ("path", "label") if c not in table]
    if missing:
        raise ValueError(f"{file}: no column {' or '.join(missing)}; columns path,label,subject "
                         f"are needed, there are {','.join(table.columns)}")
    empty = table["path"].isna() | table["label"].isna()
    for line in table.index[empty]:
        findings.wrong("without a path or a label", f"line {line}")
    table = table[~empty]
    table = table.assign(target=typed(table["label"]),
                         path=[_place(text, file.parent) for text in table["path"]])
    for column in table.columns.difference([*_OURS, "target"]):
        table[column] = typed(table[column])
    return settled_rows(_once(records(table.drop(columns="label")), findings), findings, "path")


def _place(text: str, folder: Path) -> str:
    """Return where a path leads; one that was written on Windows has other separators."""
    place = os.path.normpath(folder / os.path.expanduser(text))
    if "\\" in text and not os.path.exists(place):
        return os.path.normpath(folder / text.replace("\\", "/"))
    return place


def _once(rows: list[dict[str, Any]], findings: Findings) -> list[dict[str, Any]]:
    """Leave out, and note, paths that are listed again: with other words, the first time too."""
    first: dict[str, dict[str, Any]] = {}
    unclear: set[str] = set()
    for row in rows:
        known = first.setdefault(row["path"], row)
        if known is row:
            continue
        if all(known[c] == row[c] or not (is_known(known[c]) or is_known(row[c])) for c in row):
            findings.wrong("listed twice", row["path"])
        elif row["path"] not in unclear:
            unclear.add(row["path"])
            findings.wrong("listed twice with different words, and not used", row["path"])
    return [row for row in first.values() if row["path"] not in unclear]


def _rows_of_folder(root: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for kind in sorted(d for d in root.iterdir() if d.is_dir() and not d.name.startswith(".")):
        for file in sorted(kind.rglob("*")):
            if is_recording(file):
                below = file.relative_to(kind).parts
                rows.append({"path": str(file), "target": kind.name,
                             "subject": below[0] if len(below) > 1 else None})
    if not rows:
        raise ValueError(f"{root}: neither labels.csv (columns path,label,subject) nor a subfolder "
                         "a class with videos in it")
    alone = [row["path"] for row in rows if row["subject"] is None]
    if alone and len(alone) < len(rows):
        raise ValueError(f"{root}: some recordings lie in a subject's folder and others, such as "
                         f"{alone[0]}, do not")
    return rows
