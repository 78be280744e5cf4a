"""Labels and subjects of the AUDA package's videos: by UvA-NEMO's details, a list, or names."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .findings import Findings
from .fold_lists import assign, read_letter_lists
from .folder_search import Places, Tree, natural_key, search
from .labelled_files import Labels, read_listing, settled_rows
from .listed_videos import kind_in, match
from .uva_nemo import find_details, read_details

_SUBJECT = re.compile(r"\d+")


def rows_of_videos(videos: Sequence[str], details: str | os.PathLike[str] | None, labels: Labels,
                   findings: Findings) -> tuple[list[dict[str, Any]], str]:
    """Return label, subject and the rest of each video.

    Parameters
    ----------
    videos : sequence of str
        Their names.
    details : str or Path, optional
        UvA-NEMO's file of details or the folder that it is in; looked for beside the package where
        it is not given.
    labels : str, Path, DataFrame, mapping or None
        Goes before all else.
    findings : Findings

    Returns
    -------
    rows : list of dict
        `video`, `target`, `subject`, `fold` where folds are known, and the rest.
    subjects : str
        Where the subjects are from.

    Raises
    ------
    FileNotFoundError
        The details or labels that are asked for are not there.
    """
    places = Places(((video, Path(video)) for video in videos), findings)
    if labels is not None:
        labels = _file(labels) if isinstance(labels, (str, os.PathLike)) else labels
        listing, what = read_listing(labels, places, findings, findings.root.parent, ".txt")
        return settled_rows(_plain(match(listing, places, findings, what)), findings), what
    tree = _tree_of_details(details, findings)
    candidates = find_details(tree, findings)
    if not candidates:
        if details is not None:
            raise FileNotFoundError(f"{details}: no details of UvA-NEMO; give its file of details "
                                    "or the folder that it is in")
        return _by_names(videos, findings), "the numbers that the names of the videos begin with"
    file, lines = candidates[0]
    listing = read_details(lines, file.name, findings)
    rows = match(listing, places, findings, file.name,
                 kinds_of=lambda row: kind_in((row["video"],)))
    rows = settled_rows(_plain(rows), findings)
    lists = read_letter_lists(tree, places, findings)
    if lists is not None:
        rows = assign(rows, lists, findings, [*videos, *(row["video"] for row in listing)])
    return rows, file.name


def _by_names(videos: Sequence[str], findings: Findings) -> list[dict[str, Any]]:
    rows = []
    for video in sorted(videos, key=natural_key):
        kinds, number = kind_in((video,)), _SUBJECT.match(video)
        if len(kinds) == 1:
            rows.append({"video": video, "target": kinds.pop(),
                         "subject": number[0] if number else None})
        else:
            findings.wrong("with a name that does not say the kind of smile (give labels)", video)
    return settled_rows(rows, findings)


def _plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{c: value for c, value in row.items() if c != "path"} for row in rows]


def _tree_of_details(details: str | os.PathLike[str] | None, findings: Findings) -> Tree:
    """Return the files among which the details and fold lists are looked for."""
    if details is not None:
        place = Path(details).expanduser()
        if place.is_dir():
            return search(Findings("UvA-NEMO", place, "skip"))
        place = _file(details)
        # The lists lie beside it, or in a folder beside it.
        return _around(place.parent, [place])
    root = findings.root
    return _around(root if root.is_dir() else root.parent, None)


def _around(folder: Path, details: list[Path] | None) -> Tree:
    """Return the files in a folder itself and in its `folds`."""
    beside = [file for place in (folder, folder / "folds") if place.is_dir()
              for file in sorted(place.iterdir()) if file.is_file()]
    lists = [file for file in beside if "fold" in file.name.lower()]
    return Tree(folder, [], beside if details is None else [*details, *lists])


def _file(path: str | os.PathLike[str]) -> Path:
    file = Path(path).expanduser()
    if not file.is_file():
        raise FileNotFoundError(f"{file}: no such file or folder")
    return file
