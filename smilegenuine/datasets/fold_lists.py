"""Published folds of a data set: lists of the videos that each fold tests on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ..people.folder_layouts import subject_folds
from .findings import Findings
from .folder_search import Places, Tree, lines_of, natural_key, video_id
from .listed_videos import label_of, split_subjects

_LETTERS = {"p": 0, "s": 1}
_WITHOUT = "or load with folds=False"


class FoldLists:
    """The folds and labels of videos, by published lists.

    Parameters
    ----------
    places : Places
        By which videos are known.
    """

    def __init__(self, places: Places) -> None:
        self.places = places
        self.names: dict[str, str] = {}
        self.folds: dict[str, list[int]] = {}
        self.labels: dict[str, set[int]] = {}

    def add(self, name: str, fold: int, label: int | None) -> None:
        """Note the fold of a video, counted from 1, and its label where the list has one."""
        known = self.places.key_of(name)
        self.names.setdefault(known, name)
        self.folds.setdefault(known, []).append(fold)
        if label is not None:
            self.labels.setdefault(known, set()).add(label)

    def __len__(self) -> int:
        return len(self.folds)


def read_letter_lists(tree: Tree, places: Places, findings: Findings, n_folds: int = 10
                      ) -> FoldLists | None:
    """Read `P_fold_all_K.txt` and `S_fold_all_K.txt`: a video a line, posed and spontaneous.

    Parameters
    ----------
    tree : Tree
    places : Places
    findings : Findings
        Where some of the lists are missing, or there are two of one, it cannot be settled.
    n_folds : int, default=10

    Returns
    -------
    FoldLists or None
        None where there is not one list.
    """
    files: dict[str, list[Path]] = {}
    for file in tree.texts:
        named = re.fullmatch(r"([ps])_fold_all_0*(\d+)", file.stem.casefold())
        if named and 1 <= int(named[2]) <= n_folds:
            files.setdefault(f"{named[1]}{int(named[2])}", []).append(file)
    expected = [f"{letter}{k}" for letter in _LETTERS for k in range(1, n_folds + 1)]
    names = dict(zip(expected, letter_list_names(n_folds), strict=True))
    if not _all_there(files, names, findings):
        return None
    lists = FoldLists(places)
    for which in expected:
        for line in _one_text(files.get(which, []), names[which], findings):
            name = video_id(re.split(r"[\t,;]", line.strip())[0])
            if name:
                lists.add(name, int(which[1:]), _LETTERS[which[0]])
    return lists


def letter_list_names(n_folds: int = 10) -> list[str]:
    """Return the names of the files that `read_letter_lists` looks for."""
    return [f"{letter.upper()}_fold_all_{k}.txt" for letter in _LETTERS
            for k in range(1, n_folds + 1)]


def read_json_lists(tree: Tree, places: Places, findings: Findings, n_folds: int, *,
                    fatal: bool = True) -> FoldLists | None:
    """Read `K/test.json`, {video: 0 posed or 1 spontaneous}, as published with landmark systems.

    Parameters
    ----------
    tree : Tree
    places : Places
    findings : Findings
        Where some of the lists are missing, or there are two of one, it cannot be settled.
    n_folds : int
    fatal : bool, default=True
        Folds are asked for; else, the lists may serve for the labels in them alone.

    Returns
    -------
    FoldLists or None
        None where there is not one list.
    """
    files: dict[str, list[Path]] = {}
    for file in tree.files:
        folder = file.parent.name
        if (file.name.casefold() == "test.json" and folder.isdecimal()
                and 1 <= int(folder) <= n_folds and file.parent != tree.root):
            files.setdefault(str(int(folder)), []).append(file)
    names = {str(k): f"{k}/test.json" for k in range(1, n_folds + 1)}
    if not _all_there(files, names, findings, fatal=fatal):
        return None
    lists = FoldLists(places)
    for k, name in names.items():
        text = "\n".join(_one_text(files.get(k, []), name, findings, fatal=fatal))
        try:
            content = json.loads(text) if text else {}
            if not isinstance(content, dict):
                raise ValueError("no videos with their labels in it")
        except ValueError as error:
            findings.wrong(f"fold lists that cannot be read (correct them, {_WITHOUT})", name,
                           f"{files[k][0]}: {error}", fatal=fatal)
            continue
        for video, label in content.items():
            lists.add(video_id(video), int(k), label_of(label))
    return lists


def assign(rows: list[dict[str, Any]], lists: FoldLists, findings: Findings,
           known: Iterable[str]) -> list[dict[str, Any]]:
    """Put videos into their published folds.

    Parameters
    ----------
    rows : list of dict
        `video`, `target` and `subject`.
    lists : FoldLists
    findings : Findings
        A subject in two folds cannot be settled. A video in two folds or in none is left out:
        `PredefinedSplit` would train on it in every fold.
    known : iterable of str
        All videos of the set, also those that cannot be used.

    Returns
    -------
    list of dict
        The rows of videos in one fold, with `fold`, from 0.
    """
    places = lists.places
    of_the_set = {places.key_of(name) for name in known}
    for name, folds in lists.folds.items():
        if name not in of_the_set:
            findings.wrong("in a fold list, but no video of the set", lists.names[name],
                           f"{lists.names[name]} in fold {_and(folds)}")
    good = []
    for row in rows:
        name = places.key_of(row["video"])
        folds = lists.folds.get(name, [])
        if not folds:
            findings.wrong(f"in no fold list, and not used (add it, {_WITHOUT})", row["video"])
        elif len(set(folds)) > 1:
            findings.wrong(f"in two folds, and not used (correct the lists, {_WITHOUT})",
                           row["video"], f"{row['video']} in {_and(folds)}")
        else:
            if len(folds) > 1:
                findings.wrong("twice in one fold list, or in both lists of a fold", row["video"])
            if lists.labels.get(name, {row["target"]}) != {row["target"]}:
                findings.wrong("in the fold list of the other kind of smiles", row["video"])
            good.append({**row, "fold": folds[0] - 1})
    for subject, numbers in split_subjects(good).items():
        findings.wrong("with clips in more than one fold, which lets a system learn the person "
                       f"(correct the lists, {_WITHOUT})", subject,
                       f"subject {subject} in {_and(number + 1 for number in numbers)}", fatal=True)
    return good


def note_none(findings: Findings, names: Iterable[str]) -> None:
    """Note that there is not one of the fold lists, so that the set has no folds.

    Parameters
    ----------
    findings : Findings
    names : iterable of str
        All that were looked for.
    """
    for name in names:
        findings.wrong("fold lists missing, all that there are, so that folds is None (add them, "
                       f"{_WITHOUT})", name, missing=True)


def make_folds(rows: list[dict[str, Any]], n_folds: int | None, findings: Findings
               ) -> list[dict[str, Any]]:
    """Put videos into folds by subject, balanced in the number of clips of either kind.

    Parameters
    ----------
    rows : list of dict
        `target` and `subject`. The same rows give the same folds.
    n_folds : int or None
        With as many as there are subjects, or more, each is left out once; with None, in the order
        of their names.
    findings : Findings
        That there is but one subject is noted; then there are no folds.

    Returns
    -------
    list of dict
        The rows, with `fold`, from 0.
    """
    subjects = [str(row["subject"]) for row in rows]
    names = sorted(set(subjects), key=natural_key)
    if len(names) == 1:
        findings.wrong("subject only, so that folds is None", names[0])
    if len(names) < 2:
        return rows
    if n_folds is None:
        folds = np.array([names.index(subject) for subject in subjects])
    else:
        folds = subject_folds(np.array(subjects), np.array([row["target"] for row in rows]),
                              n_folds)
    return [{**row, "fold": int(fold)} for row, fold in zip(rows, folds, strict=True)]


def _all_there(files: dict[str, list[Path]], names: dict[str, str], findings: Findings, *,
               fatal: bool = True) -> bool:
    """Return whether there is any list; note those that are missing where there are others."""
    if files:
        for which, name in names.items():
            if which not in files:
                findings.wrong(f"fold lists missing (add them, {_WITHOUT})", name, missing=True,
                               fatal=fatal)
    return bool(files)


def _one_text(files: list[Path], name: str, findings: Findings, *, fatal: bool = True
              ) -> list[str]:
    """Return the lines of a list; of two that say the same, one."""
    texts = []
    for file in files:
        try:
            texts.append([line.strip() for line in lines_of(file) if line.strip()])
        except OSError as error:
            findings.wrong(f"fold lists that cannot be read (correct them, {_WITHOUT})", file,
                           str(error), fatal=fatal)
    if any(text != texts[0] for text in texts):
        findings.wrong(f"fold lists of which there are two that differ (keep one, {_WITHOUT})",
                       name, f"{name} in " + " and ".join(str(file.parent) for file in files),
                       fatal=fatal)
    return texts[0] if texts else []


def _and(folds: Iterable[int]) -> str:
    return " and ".join(map(str, sorted(set(folds))))
