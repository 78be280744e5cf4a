"""Lists of the videos of a set, held against the videos that are there."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .csv_tables import read_csv
from .findings import KINDS, Findings, is_known
from .folder_search import Places, Tree, natural_key, video_id

LABELS_FILE = "labels.csv"

#: What the classes are called, in the order of their labels 0 and 1.
WORDS = (("posed", "deliberate", "fake", "0", "0.0"),
         ("spontaneous", "genuine", "real", "1", "1.0"))

_GENDERS = {"f": "female", "female": "female", "woman": "female", "w": "female",
            "m": "male", "male": "male", "man": "male"}
# Columns of labels.csv that are no metadata.
_OURS = ("path", "video", "label", "subject", "gender", "age", "target", "clip", "fold")


def label_of(text: object) -> int | None:
    """Return 0 for a word that means posed, 1 for spontaneous, None for any other."""
    word = str(text).strip().casefold()
    return next((label for label, words in enumerate(WORDS) if word in words), None)


def kind_in(parts: tuple[str, ...]) -> set[int]:
    """Return the labels that the names of folders and a file speak of.

    Parameters
    ----------
    parts : tuple of str
        Names that hold "posed", "deliberate" or "fake", "spontaneous" or "genuine". One that
        holds words for both says nothing.

    Returns
    -------
    set of int
    """
    kinds: set[int] = set()
    for part in parts:
        labels = {label for label, words in enumerate(WORDS) for word in words[:3] if word != "real"
                  and re.search(rf"(?<![a-z]){word}", part.casefold())}
        if len(labels) == 1:
            kinds |= labels
    return kinds


def folder_around(root: Path, says: Callable[[str], bool]) -> Path | None:
    """Return the folder of a whole set, where the root is a part of it by its name; else None.

    Parameters
    ----------
    root : Path
    says : callable
        Whether the name of a folder is that of a part.

    Returns
    -------
    Path or None
    """
    inside = root = root.resolve()
    while says(inside.name):
        inside = inside.parent
    return None if inside == root else inside


def person(gender: str, age: str, name: str, findings: Findings) -> dict[str, Any]:
    """Read gender and age; what cannot be read is noted, and costs nothing else.

    Parameters
    ----------
    gender, age : str
        As they are written; blank where nothing is known.
    name : str
        The video.
    findings : Findings

    Returns
    -------
    dict
        `gender`, "female", "male", None, or as it is written, and `age` in years, or NaN.
    """
    known = _GENDERS.get(gender.casefold(), gender or None)
    if known is not None and known not in ("female", "male"):
        findings.wrong("with a gender that is neither female nor male, kept as it is", name,
                       f"{name}: {gender}")
    try:
        years = float(age.replace(",", ".")) if age else np.nan
        if age and not 0 <= years < 150:
            raise ValueError
    except ValueError:
        findings.wrong("with an age that is no number of years, kept without it", name,
                       f"{name}: {age}")
        years = np.nan
    return {"gender": known, "age": years}


# -- labels.csv ---------------------------------------------------------------------------------

def labels_file(tree: Tree, labels: str | os.PathLike[str] | None) -> Path | None:
    """Return the CSV of labels: the one that is asked for, else `labels.csv` in the root, or None.

    Parameters
    ----------
    tree : Tree
    labels : str or Path, optional

    Returns
    -------
    Path or None

    Raises
    ------
    FileNotFoundError
        The one that is asked for is not there.
    """
    if labels is not None:
        if not Path(labels).is_file():
            raise FileNotFoundError(f"{labels}: no such file")
        return Path(labels)
    return next((file for file in tree.files
                 if file.parent == tree.root and file.name.casefold() == LABELS_FILE), None)


def read_labels(file: Path, places: Places, findings: Findings) -> list[dict[str, Any]]:
    """Read a CSV that says which video is posed and which is spontaneous.

    Parameters
    ----------
    file : Path
        Its columns: `path`, relative to it or absolute, or `video`, what the set calls the video;
        `label` (posed or 0, spontaneous or 1); and, if known, `subject`, `gender` and `age`. All
        others are metadata. Columns are separated by commas, semicolons or tabs.
    places : Places
    findings : Findings
        Rows without a meaning are noted.

    Returns
    -------
    list of dict
        A row a video, for `match`.

    Raises
    ------
    ValueError
        It is no such table.
    """
    table = read_csv(file)
    if "label" not in table or not ({"path", "video"} & set(table)):
        raise ValueError(f"{file}: columns path (or video), label and, if known, subject are "
                         f"needed; there are {', '.join(map(str, table))}")
    columns = [str(column) for column in table]
    listing = []
    for line, cells in zip(table.index, table.to_numpy(), strict=True):
        row = {column: cell or "" for column, cell in zip(columns, cells, strict=True)}
        text = row.get("path") or row.get("video") or ""
        where = f"{file.name}, line {line}"
        label = label_of(row["label"])
        if not text or label is None:
            findings.wrong("without a video or a label that means posed or spontaneous", where,
                           f"{where} ({text or 'no video'}: {row['label'] or 'no label'})")
            continue
        if row.get("path"):
            at = places.key_at(file.parent / text.replace("\\", "/"))
            video = text if at is None else places.names[at]
        else:
            video = video_id(text)
        entry: dict[str, Any] = {"video": video, "target": label,
                                 "subject": row.get("subject") or None}
        if {"gender", "age"} & set(columns):
            entry |= person(row.get("gender", ""), row.get("age", ""), video, findings)
        listing.append(entry | {column: row[column] for column in columns if column not in _OURS})
    return listing


# -- lists and folders --------------------------------------------------------------------------

def match(listing: list[dict[str, Any]], places: Places, findings: Findings, what: str, *,
          complete: bool = True, kinds_of: Callable[[dict[str, Any]], set[int]] | None = None
          ) -> list[dict[str, Any]]:
    """Hold a list of videos against the recordings that are there.

    Parameters
    ----------
    listing : list of dict
        `video` and all that the list says of it.
    places : Places
    findings : Findings
        Noted is what is listed and not there, there and not listed, and listed twice: with the
        same words it counts once, with others it is left out.
    what : str
        What messages call the list, such as "the details".
    complete : bool, default=True
        The list is to name all that is there.
    kinds_of : callable, optional
        Returns the labels that the names of a row's video and folders speak of, as `kind_in` does.
        Videos whose names speak of the other kind are noted, and left out.

    Returns
    -------
    list of dict
        The rows of what is both listed and there, with `path`, and `video` as the folder calls
        it, in the order of these names.
    """
    rows: dict[str, dict[str, Any]] = {}
    unclear: set[str] = set()
    for row in listing:
        name = places.key_of(row["video"])
        if name not in rows:
            rows[name] = row
        elif _same(rows[name], row):
            findings.wrong(f"twice in {what}", row["video"])
        elif name not in unclear:
            unclear.add(name)
            findings.wrong(f"twice in {what} with different words, and not used (correct it)",
                           row["video"])
    good = []
    for name, row in rows.items():
        if name in places.paths:
            if name not in unclear:
                good.append({**row, "video": places.names[name], "path": places.paths[name]})
        elif name not in places.twice:  # which was said
            findings.wrong(f"in {what}, but not there", row["video"], missing=True)
    if complete:
        for name in places.paths:
            if name not in rows:
                findings.wrong(f"there, but not in {what}", places.names[name])
    good.sort(key=lambda row: natural_key(row["video"]))
    if kinds_of is None:
        return good
    agree = [kinds_of(row) <= {row["target"]} for row in good]
    for row in (row for row, agrees in zip(good, agree, strict=True) if not agrees):
        findings.wrong("with a name or folder that says the other kind, and not used",
                       row["video"], f"{row['video']} is {KINDS[row['target']]} in {what}")
    return [row for row, agrees in zip(good, agree, strict=True) if agrees]


def with_subject(rows: list[dict[str, Any]], findings: Findings) -> list[dict[str, Any]]:
    """Leave out, and note, rows of which nobody knows the subject."""
    for row in rows:
        if not is_known(row["subject"]):
            findings.wrong("without a subject, and not used", row["video"])
    return [row for row in rows if is_known(row["subject"])]


def rows_by_folder(places: Places, kinds_of: Callable[[Path], set[int] | None],
                   findings: Findings, nothing: str, unclear: str) -> list[dict[str, Any]]:
    """Return a row for each recording by the kind that its name and folders speak of.

    Parameters
    ----------
    places : Places
    kinds_of : callable
        Returns the labels that the path of a recording speaks of, as `kind_in` does, or None for
        one that is passed over.
    findings : Findings
        Recordings whose paths speak of no kind or of both are noted.
    nothing : str
        The error's message where not one is of use and nothing else is wrong.
    unclear : str
        What to note of the others.

    Returns
    -------
    list of dict
        `video`, `path`, `target` and `subject`, which is None.

    Raises
    ------
    FileNotFoundError
        No recording has a kind, and nothing else is wrong.
    """
    kinds = {name: kinds_of(path) for name, path in places.paths.items()}
    rows = [{"video": places.names[name], "path": places.paths[name], "target": min(labels),
             "subject": None} for name, labels in kinds.items() if labels and len(labels) == 1]
    if not rows and not len(findings):
        raise FileNotFoundError(nothing)
    for name, labels in kinds.items():
        if labels is not None and len(labels) != 1:
            findings.wrong(unclear, places.names[name])
    return rows


def split_subjects(rows: list[dict[str, Any]]) -> dict[str, set[Any]]:
    """Return the folds of each subject that is in more than one, in the order of their names."""
    folds: dict[str, set[Any]] = {}
    for row in rows:
        folds.setdefault(str(row["subject"]), set()).add(row["fold"])
    return {subject: folds[subject] for subject in sorted(folds, key=natural_key)
            if len(folds[subject]) > 1}


def check_classes(rows: list[dict[str, Any]], findings: Findings, hint: str = "") -> None:
    """Note that all smiles are of one kind.

    Parameters
    ----------
    rows : list of dict
    findings : Findings
    hint : str, default=""
        What would be needed, to end the message with.
    """
    for label, missing in enumerate(KINDS):
        if rows and all(row["target"] != label for row in rows):
            findings.wrong("of the two kinds of smiles missing", missing,
                           f"there is no {missing} smile{hint}")


def _same(row: dict[str, Any], other: dict[str, Any]) -> bool:
    def plain(value: Any) -> Any:
        return None if isinstance(value, float) and np.isnan(value) else value

    fields = (row.keys() | other.keys()) - {"video"}
    return all(plain(row.get(field)) == plain(other.get(field)) for field in fields)

