"""Files that other tools have written for each recording, and their labels."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..clips.errors import ClipError
from ..clips.record import Clip
from ..clips.video import VIDEO_SUFFIXES
from .csv_tables import read_csv, typed
from .findings import KINDS, Findings, is_known
from .folder_search import Places, Tree, natural_key, search
from .listed_videos import LABELS_FILE, kind_in, label_of, match, split_subjects

#: What `labels` may be.
Labels = str | os.PathLike[str] | pd.DataFrame | Mapping[str, Any] | None

_KNOWN = ("target", "subject", "fold")
_NAME_COLUMNS = ("path", "video", "name", "file", "filename")


def labelled_files(findings: Findings, suffix: str, labels: Labels, remedy: str
                   ) -> tuple[pd.DataFrame, tuple[str, ...] | None]:
    """Find the files of a set, and what is known of each.

    Parameters
    ----------
    findings : Findings
        Its root is a file, or a folder that is searched with all below it. What has a label and is
        not there, or is there and has none, is noted.
    suffix : str
        Of the files, such as ".csv".
    labels : str, Path, DataFrame, mapping or None
        A CSV or DataFrame with the columns `path`, `video` or `name`, `label`, `subject` and any
        others, or labels by name. None: `labels.csv` in the folder; where there is none, folders
        with names such as posed and spontaneous, and below them one for each subject; where these
        are not there either, nothing is known.
    remedy : str
        What to do about a folder without such files.

    Returns
    -------
    rows : DataFrame
        For `labelled_bunch`: `path`, `video`, and where they are known `target`, `subject`, `fold`
        and the rest.
    names : tuple of str or None
        What the labels 0 and 1 mean; None where the labels are names themselves, or there are none.

    Raises
    ------
    FileNotFoundError
        There is no such file, or no such labels.
    ValueError
        The labels cannot be read.
    """
    root = findings.root
    tree = search(findings) if root.is_dir() else Tree(root.parent, [], [root])
    given = _labels_file(tree, labels, whole=root.is_dir())
    # A list of labels is no recording, be it asked for or not.
    files = [file for file in tree.files if file.suffix.lower() == suffix
             and not (given is not None and given.samefile(file))
             and not (root.is_dir() and _is_list(file, tree))]
    if not files and not root.is_dir():
        raise ValueError(f"{root}: is no {suffix} file; {remedy}")
    if not files:
        raise FileNotFoundError(f"{root}: no {suffix} file in the folder; {remedy}")
    names = {file: _name(file, tree.root, suffix) for file in files}
    places = Places(((name, file) for file, name in names.items()), findings,
                    ((name.rpartition("/")[2], name) for name in names.values()))
    if given is not None or labels is not None:
        listing, what = read_listing(labels if given is None else given, places, findings,
                                     tree.root, suffix)
    else:
        listing, what = _from_folders(names, tree.root, findings), "a folder that says its kind"
        if not listing:
            return pd.DataFrame([{"path": places.paths[name], "video": places.names[name]}
                                 for name in places.paths]), None
    if not root.is_dir():  # of the others in the list nothing was asked
        listing = [row for row in listing if places.key_of(row["video"]) in places.paths]
    rows = match(listing, places, findings, what)
    rows = settled_rows([{"video": row["video"], **row} for row in rows], findings)
    return pd.DataFrame(rows), _use_kinds(rows)


def read_listing(labels: Any, places: Places, findings: Findings, root: Path, suffix: str
                 ) -> tuple[list[dict[str, Any]], str]:
    """Read the label of each recording and all else that a list holds.

    Parameters
    ----------
    labels : Path, DataFrame or mapping
        See `labelled_files`.
    places : Places
        By which recordings are known.
    findings : Findings
        Rows that say nothing are noted.
    root : Path
        Paths may be relative to it, or to the CSV.
    suffix : str
        Of the recordings' files, which a name may have or not.

    Returns
    -------
    listing : list of dict
        For `listed_videos.match`: `video`, and `target`, `subject`, `fold` and all other columns
        where they are there. Where all labels mean posed or spontaneous, `target` is 0 or 1.
    what : str
        What messages call the labels.

    Raises
    ------
    ValueError
        They cannot be read.
    """
    file = Path(labels) if isinstance(labels, (str, os.PathLike)) else None
    table = read_csv(file) if file is not None else _as_table(labels)
    folders = [root] if file is None else [file.parent, root]
    what = "labels" if file is None else file.name
    return _listing(table, str(file or what),
                    lambda text: _recording(text, places, folders, suffix), findings), what


def settled_rows(rows: list[dict[str, Any]], findings: Findings, name: str = "video"
                 ) -> list[dict[str, Any]]:
    """Leave out, and note, rows that lack a subject or fold which others have; number the folds.

    Parameters
    ----------
    rows : list of dict
        `subject`, and `fold` as a number or name, where there are such.
    findings : Findings
        A subject in two folds cannot be settled.
    name : str, default="video"
        The field that messages call a row by.

    Returns
    -------
    list of dict
        Without `subject` and `fold` where no row knows one; the folds are numbers from 0, in the
        order of their own numbers or names.
    """
    for what in ("subject", "fold"):
        if not any(is_known(row.get(what)) for row in rows):
            rows = [{c: value for c, value in row.items() if c != what} for row in rows]
            continue
        for row in rows:
            if not is_known(row.get(what)):
                findings.wrong(f"without a {what} while others have one, and not used", row[name])
        rows = [row for row in rows if is_known(row.get(what))]
    if not any("fold" in row for row in rows):
        return rows
    folds = sorted({str(row["fold"]) for row in rows}, key=natural_key)
    if len(folds) == 1:
        findings.wrong("fold only, and nothing would be left to train on (give two or more, or "
                       "drop the column)", folds[0], fatal=True)
    rows = [{**row, "fold": folds.index(str(row["fold"]))} for row in rows]
    for subject, numbers in split_subjects([row for row in rows if "subject" in row]).items():
        findings.wrong("in more than one fold, which lets a system learn the person", subject,
                       f"subject {subject} in folds "
                       + " and ".join(folds[number] for number in sorted(numbers)), fatal=True)
    return rows


def with_clips(rows: pd.DataFrame, findings: Findings, read: Callable[[Any], Clip],
               kind: str = "not to be read") -> pd.DataFrame:
    """Read the file of each row as a clip; what cannot be read is noted and left out.

    Parameters
    ----------
    rows : DataFrame
        With `path`.
    findings : Findings
    read : callable
        Returns the `Clip` of a path.
    kind : str, default="not to be read"
        What to note of files that cannot be read.

    Returns
    -------
    DataFrame
        With `clip` in place of `path`.
    """
    clips, readable = [], []
    for i, path in enumerate(rows["path"] if len(rows) else []):
        try:
            clips.append(read(path))
            readable.append(i)
        except (OSError, ClipError) as error:
            findings.wrong(kind, path, str(error), missing=isinstance(error, FileNotFoundError))
    # Without a list, pandas would take what it may of a clip for a sequence.
    return rows.iloc[readable].drop(columns="path", errors="ignore").assign(
        clip=pd.Series(clips, index=rows.index[readable], dtype=object))


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table, each by the names of its columns."""
    return [{str(c): value for c, value in row.items()} for row in table.to_dict("records")]


# -- labels -------------------------------------------------------------------------------------

def _name(file: Path, root: Path, suffix: str) -> str:
    return file.relative_to(root).as_posix()[:-len(suffix)]


def _labels_file(tree: Tree, labels: Labels, *, whole: bool) -> Path | None:
    if isinstance(labels, (str, os.PathLike)):
        file = Path(labels).expanduser()
        if not file.is_file():
            raise FileNotFoundError(f"{file}: no such file")
        return file
    if labels is not None and not isinstance(labels, (pd.DataFrame, Mapping)):
        raise ValueError("labels must be a CSV, a DataFrame or a mapping of names to labels, not "
                         f"{type(labels).__name__}")
    if labels is not None or not whole:
        return None
    return next((file for file in tree.files if _is_list(file, tree)), None)


def _is_list(file: Path, tree: Tree) -> bool:
    return file.parent == tree.root and file.name.casefold() == LABELS_FILE


def _as_table(labels: Any) -> pd.DataFrame:
    if isinstance(labels, pd.DataFrame):
        table = labels.rename(columns=lambda c: str(c).strip().lower())
    else:
        table = pd.DataFrame({"name": list(labels), "label": list(labels.values())}, dtype=object)
    if not len(table):
        raise ValueError("labels: no rows")
    return table


def _recording(text: str, places: Places, folders: list[Path], suffix: str) -> str:
    """Return what `places` calls a recording that a list names by its path or its own name."""
    text = text.strip().replace("\\", "/")
    for folder in folders:
        at = places.key_at(folder / text)
        if at is not None:
            return places.names[at]
    for name in (text, text.rpartition("/")[2]):
        for ending in ("", suffix, *sorted(VIDEO_SUFFIXES)):
            stem = name[:len(name) - len(ending)]
            if name.lower().endswith(ending) and places.key_of(stem) in places.names:
                return stem
    return text


def _listing(table: pd.DataFrame, where: str, recording: Callable[[str], str], findings: Findings
             ) -> list[dict[str, Any]]:
    """Return the rows of a table of labels, for `match`."""
    column = next((c for c in _NAME_COLUMNS if c in table), None)
    if column is None:
        raise ValueError(f"{where}: no column path, video or name; columns path,label,subject are "
                         f"needed, there are {','.join(map(str, table.columns))}")
    if "label" in table:
        kinds = table["label"].map(label_of)
        known = table["label"].map(is_known)
        table = table.assign(target=kinds if kinds[known].notna().all() else typed(table["label"]))
    others = table.drop(columns=[c for c in (column, "label", *_KNOWN) if c in table]).apply(typed)
    listing: list[dict[str, Any]] = []
    for line, row, rest in zip(table.index, records(table), records(others), strict=True):
        if not is_known(row[column]) or ("label" in table and not is_known(row["label"])):
            findings.wrong(f"in {Path(where).name} without a name or a label, and not used",
                           f"line {line}")
            continue
        listing.append({**rest, "video": recording(str(row[column])), **{
            c: row[c] if is_known(row[c]) else None for c in _KNOWN if c in table}})
    return listing


def _from_folders(names: Mapping[Path, str], root: Path, findings: Findings
                  ) -> list[dict[str, Any]]:
    """Return labels and subjects by the names of folders; none where no folder tells a kind."""
    listing = []
    for file, name in names.items():
        parts = file.relative_to(root).parts[:-1]
        kinds = [kind_in((part,)) for part in parts]
        labels = set().union(*kinds)
        if len(labels) == 1:
            below = parts[next(i for i, kind in enumerate(kinds) if kind) + 1:]
            listing.append({"video": name, "target": labels.pop(),
                            "subject": below[0] if below else None})
        elif labels:
            findings.wrong("in folders of both kinds, and not used", file)
    return listing


def _use_kinds(rows: list[dict[str, Any]]) -> tuple[str, ...] | None:
    targets = [row["target"] for row in rows if "target" in row]
    kinds = targets and all(isinstance(t, (int, np.integer)) and t in (0, 1) for t in targets)
    return KINDS if kinds else None
