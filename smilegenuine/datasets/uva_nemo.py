"""UvA-NEMO: 1240 smiles of 400 people, with ages, genders and ten published folds."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.utils import Bunch

from .findings import Findings, labelled_bunch
from .fold_lists import (
    assign,
    letter_list_names,
    note_none,
    read_json_lists,
    read_letter_lists,
)
from .folder_search import Places, Tree, lines_of, search, video_id
from .listed_videos import (
    LABELS_FILE,
    check_classes,
    kind_in,
    label_of,
    labels_file,
    match,
    person,
    read_labels,
    with_subject,
)

_WHAT = "UvA-NEMO"
_DETAILS = "UvA-NEMO_Smile_Database_File_Details.txt"
_ROW = "001_deliberate_smile_1.mp4, 001, female, 30, deliberate, with tabs between"
_N_FOLDS = 10
_NAME = re.compile(r"\d+_(deliberate|spontaneous)_smile_\d+", re.IGNORECASE)

_DESCR = """\
UvA-NEMO Smile Database

1240 smiles of 400 people of 8 to 76 years: 597 spontaneous, evoked by short funny videos, and 643
posed; 1920 x 1080 pixels at 50 frames a second. Ten subject-disjoint folds are published.

Dibeklioglu, Salah & Gevers (2012), Are you really smiling at me? Spontaneous versus posed enjoyment
smiles, ECCV, doi:10.1007/978-3-642-33712-3_38. https://www.uva-nemo.org"""


def load_uva_nemo(root: str | os.PathLike[str], *, folds: bool = True,
                  labels: str | os.PathLike[str] | None = None, check_videos: bool = True,
                  on_error: str = "warn") -> Bunch:
    """Load the UvA-NEMO Smile Database.

    Parameters
    ----------
    root : str or Path
        The folder that holds its files, in whatever arrangement:

        videos ``NNN_{deliberate|spontaneous}_smile_K.mp4``;

        the details, a text file of any name, with the tab-separated fields file name, subject
        code, gender, age, deliberate or spontaneous (lines before the first video are a header);

        fold lists ``P_fold_all_K.txt`` (posed) and ``S_fold_all_K.txt`` (spontaneous), K = 1 … 10,
        each with the videos that fold K tests on, an id a line. In their place, the lists
        ``K/test.json`` that come with published landmark systems: {id: 0 posed or 1 spontaneous}.
    folds : bool, default=True
        Read the fold lists. Videos that are in none of them are left out then; False keeps them,
        and gives no folds.
    labels : str or Path, optional
        A CSV that takes the place of the details, and goes before what names of videos say:
        columns `video` or `path`, `label`, `subject` and any others. Without details, `labels.csv`
        in the root is read.
    check_videos : bool, default=True
        Read the header of each video, to find those that are cut off.
    on_error : {"warn", "raise", "skip"}, default="warn"
        What to do about what is missing, not to be read or inconsistent: leave it out and list all
        in one warning, raise one error that lists all, or leave it out and list it in `failures`.

    Returns
    -------
    Bunch
        `data`, `target` (0 posed, 1 spontaneous), `groups` (subject codes), `folds`
        (`PredefinedSplit` or None), `metadata` (`video`, the id; `gender`; `age` in years, NaN
        where nobody knows), `filenames`, `failures`, `DESCR`; see `findings.labelled_bunch`.

    Raises
    ------
    FileNotFoundError
        No such folder, or no details in it; with `on_error="raise"`, files that are missing.
    ValueError
        A subject is in two folds, or some of the fold lists are missing; with `on_error="raise"`,
        anything else that is wrong; nothing is left.

    Notes
    -----
    Names of videos, the details (five lines before the first video, the fields 1, 2, 4 and 5) and
    ``K/test.json`` were checked against public programs that read the set. That the third field is
    the gender, and what the fold lists look like, is as the owners' files were described to us.

    References
    ----------
    Dibeklioglu, Salah & Gevers (2012), Are you really smiling at me? Spontaneous versus posed
    enjoyment smiles, ECCV, doi:10.1007/978-3-642-33712-3_38.

    Examples
    --------
    >>> from smilegenuine import evaluate, make_system
    >>> from smilegenuine.datasets import load_uva_nemo
    >>> smiles = load_uva_nemo("UvA-NEMO")  # doctest: +SKIP
    >>> evaluate({"auda-svm": make_system("auda-svm")}, smiles.data, smiles.target,
    ...          groups=smiles.groups, cv=smiles.folds)  # doctest: +SKIP
    """
    findings = Findings(_WHAT, root, on_error)
    tree = search(findings)
    places = Places(((video_id(file.name), file) for file in tree.videos), findings)
    listing, what = _listing(tree, places, labels, findings)
    rows = match(listing, places, findings, what,
                 kinds_of=None if labels is not None else lambda row: kind_in((row["video"],)))
    rows = with_subject(rows, findings)
    if folds:
        known = [*places.names.values(), *(row["video"] for row in listing)]
        rows = _in_folds(rows, tree, places, findings, known)
    check_classes(rows, findings)
    return labelled_bunch(pd.DataFrame(rows), findings, descr=_DESCR, check_videos=check_videos)


# -- the details --------------------------------------------------------------------------------

def _listing(tree: Tree, places: Places, labels: str | os.PathLike[str] | None,
             findings: Findings) -> tuple[list[dict[str, Any]], str]:
    """Read the list of the videos, and return it with the name of its file."""
    list_file = labels_file(tree, labels)
    details = [] if labels is not None else find_details(tree, findings)
    if details:
        file, lines = details[0]
        for other, _ in details[1:]:
            findings.wrong(f"further file with details, other than {file.name}, and not read "
                           "(keep one)", other)
        return read_details(lines, file.name, findings), file.name
    if list_file is not None:
        return read_labels(list_file, places, findings), list_file.name
    raise FileNotFoundError(_nothing(tree, places))


def _nothing(tree: Tree, places: Places) -> str:
    beside = [folder for folder in tree.root.resolve().parents[:2] if (folder / _DETAILS).is_file()]
    remedy = (f"there is one in {beside[0]}: give that folder" if beside
              else f"give the folder that holds {_DETAILS} and the videos")
    return (f"{tree.root}: no details of {_WHAT}. Looked for a line such as '{_ROW}' in "
            f"{len(tree.texts)} text files, in this folder and {len(tree.folders)} below it "
            f"({len(places)} videos are there), and for labels.csv in the folder itself; {remedy}")


def find_details(tree: Tree, findings: Findings) -> list[tuple[Path, list[list[str]]]]:
    """Find files with details.

    Parameters
    ----------
    tree : Tree
    findings : Findings
        Files that cannot be read are noted.

    Returns
    -------
    list of (Path, list of list of str)
        The file and its lines as fields; the likeliest first, and of those that say the same one.
    """
    texts = [file for file in tree.texts if file.name.casefold() != LABELS_FILE]
    named = [file for file in texts if "detail" in file.name.casefold()]
    # Thousands of measurements may lie beside: all else is read only if need be.
    for files in (named, [file for file in texts if file not in named]):
        details: list[tuple[Path, list[list[str]]]] = []
        for file in files:
            try:
                fields = [_fields(line) for line in lines_of(file)]
            except OSError as error:
                findings.wrong("not to be read", file, str(error))
                continue
            if any(map(_is_row, fields)) and fields not in [other for _, other in details]:
                details.append((file, fields))
        if details:
            # The owners' name first, then whichever says most.
            return sorted(details, key=lambda f: (f[0].name != _DETAILS, -sum(map(_is_row, f[1]))))
    return []


def _fields(line: str) -> list[str]:
    # Editors turn tabs into blanks; no field of the set has a blank in it.
    parts = line.split("\t") if "\t" in line else re.split(r"\s*[;,]\s*|\s+", line.strip())
    return [part.strip().strip('"').strip() for part in parts]


def _is_row(fields: list[str]) -> bool:
    return (len(fields) >= 5 and _NAME.fullmatch(video_id(fields[0])) is not None
            and label_of(fields[4]) is not None)


def _names_video(field: str) -> bool:
    return video_id(field) != field.strip() or _NAME.fullmatch(field) is not None


def read_details(lines: list[list[str]], name: str, findings: Findings) -> list[dict[str, Any]]:
    """Read the lines of a file of details.

    Parameters
    ----------
    lines : list of list of str
        From `find_details`.
    name : str
        Of the file, for messages.
    findings : Findings
        Lines that are none, and persons of whom something cannot be read, are noted.

    Returns
    -------
    list of dict
        `video`, `target`, `subject`, `gender`, `age`.
    """
    first = next(i for i, fields in enumerate(lines) if _names_video(fields[0]))
    listing = []
    for i, fields in enumerate(lines[first:], start=first + 1):
        if not any(fields):
            continue
        if len(fields) < 5 or label_of(fields[4]) is None or not fields[0]:
            findings.wrong(f"in {name} that are no line of five fields", f"line {i}",
                           f"line {i} ({' | '.join(fields)[:60]})")
            continue
        video = video_id(fields[0])
        listing.append({"video": video, "target": label_of(fields[4]), "subject": fields[1] or None,
                        **person(fields[2], fields[3], video, findings)})
    return listing


def _in_folds(rows: list[dict[str, Any]], tree: Tree, places: Places, findings: Findings,
              known: list[str]) -> list[dict[str, Any]]:
    lists = read_letter_lists(tree, places, findings, _N_FOLDS)
    if lists is None:
        lists = read_json_lists(tree, places, findings, _N_FOLDS)
    if lists is None:
        note_none(findings, letter_list_names(_N_FOLDS))
        return rows
    return assign(rows, lists, findings, known)
