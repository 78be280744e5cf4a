"""Files that other tools have written for each recording, and who says what they are labels of."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..clips.errors import ClipError
from ..clips.video import VIDEO_SUFFIXES
from .csv_tables import read_csv, typed
from .findings import KINDS, Findings, is_known
from .folder_search import Places, Tree, natural_key, search
from .listed_videos import LABELS_FILE, kind_in, label_of, match

#: What `labels` may be.
Labels = str | os.PathLike[str] | pd.DataFrame | Mapping[str, Any] | None

_KNOWN = ("target", "subject", "fold")
_NAME_COLUMNS = ("path", "video", "name", "file", "filename")


def labelled_files(findings: Findings, suffix: str, labels: Labels, remedy: str
                   ) -> tuple[pd.DataFrame, tuple[str, ...] | None]:
    """Find the files of a set, and what is said of each.

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
    """Read what labels say of each recording.

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
    called = _Names(places, [root] if file is None else [file.parent, root], suffix)
    what = "labels" if file is None else file.name
    return _listing(table, str(file or what), called, findings), what


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
    of_subject: dict[str, set[str]] = {}
    for row in rows:
        if "subject" in row:
            of_subject.setdefault(str(row["subject"]), set()).add(str(row["fold"]))
    for subject in sorted(of_subject, key=natural_key):
        if len(of_subject[subject]) > 1:
            findings.wrong("in more than one fold, which lets a system learn the person", subject,
                           f"subject {subject} in folds "
                           f"{' and '.join(sorted(of_subject[subject], key=natural_key))}",
                           fatal=True)
    return [{**row, "fold": folds.index(str(row["fold"]))} for row in rows]


def with_clips(rows: pd.DataFrame, findings: Findings, read: Any) -> pd.DataFrame:
    """Read the file of each row as a clip; what cannot be read is noted and left out.

    Parameters
    ----------
    rows : DataFrame
        With `path`.
    findings : Findings
    read : callable
        Gives the `Clip` of a path.

    Returns
    -------
    DataFrame
        With `clip` in place of `path`.
    """
    clips, kept = [], []
    for i, path in enumerate(rows["path"] if len(rows) else []):
        try:
            clips.append(read(path))
            kept.append(i)
        except (OSError, ClipError) as error:
            findings.wrong("not to be read", path, str(error))
    # Without a list, pandas would take what it may of a clip for a sequence.
    return rows.iloc[kept].drop(columns="path", errors="ignore").assign(
        clip=pd.Series(clips, index=rows.index[kept], dtype=object))


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table, each by the names of its columns."""
    return [{str(c): value for c, value in row.items()} for row in table.to_dict("records")]


# -- who says what ------------------------------------------------------------------------------

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


class _Names:
    """What `places` calls the recording that a list names: by a path, or by its own name."""

    def __init__(self, places: Places, folders: list[Path], suffix: str) -> None:
        self.places, self.folders = places, folders
        self.endings = ("", suffix, *sorted(VIDEO_SUFFIXES))

    def __call__(self, text: str) -> str:
        text = text.strip().replace("\\", "/")
        for folder in self.folders:
            at = self.places.key_at(folder / text)
            if at is not None:
                return self.places.names[at]
        for name in (text, text.rpartition("/")[2]):
            for ending in self.endings:
                bare = name[:len(name) - len(ending)]
                if name.lower().endswith(ending) and self.places.key_of(bare) in self.places.names:
                    return bare
        return text


def _listing(table: pd.DataFrame, where: str, called: _Names, findings: Findings
             ) -> list[dict[str, Any]]:
    """Rows of a table of labels, for `match`."""
    column = next((c for c in _NAME_COLUMNS if c in table), None)
    if column is None:
        raise ValueError(f"{where}: no column path, video or name; columns path,label,subject are "
                         f"needed, there are {','.join(map(str, table.columns))}")
    if "label" in table:
        kinds = table["label"].map(label_of)
        said = table["label"].map(is_known)
        table = table.assign(target=kinds if kinds[said].notna().all() else typed(table["label"]))
    others = table.drop(columns=[c for c in (column, "label", *_KNOWN) if c in table]).apply(typed)
    listing: list[dict[str, Any]] = []
    for line, row, rest in zip(table.index, records(table), records(others), strict=True):
        if not is_known(row[column]) or ("label" in table and not is_known(row["label"])):
            findings.wrong(f"in {Path(where).name} without a name or a label, and not used",
                           f"line {line}")
            continue
        listing.append({**rest, "video": called(str(row[column])), **{
            c: row[c] if is_known(row[c]) else None for c in _KNOWN if c in table}})
    return listing


def _from_folders(names: Mapping[Path, str], root: Path, findings: Findings
                  ) -> list[dict[str, Any]]:
    """Labels and subjects by the names of folders; none where no folder says a kind."""
    listing = []
    for file, name in names.items():
        parts = file.relative_to(root).parts[:-1]
        kinds = [kind_in((part,)) for part in parts]
        said = set().union(*kinds)
        if len(said) == 1:
            below = parts[next(i for i, kind in enumerate(kinds) if kind) + 1:]
            listing.append({"video": name, "target": said.pop(),
                            "subject": below[0] if below else None})
        elif said:
            findings.wrong("in folders of both kinds, and not used", file)
    return listing


def _use_kinds(rows: list[dict[str, Any]]) -> tuple[str, ...] | None:
    targets = [row["target"] for row in rows if "target" in row]
    kinds = targets and all(isinstance(t, (int, np.integer)) and t in (0, 1) for t in targets)
    return KINDS if kinds else None
