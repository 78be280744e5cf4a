"""How a set of drawn clips lies on disk: the names of its videos and the lists beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import numpy as np
from sklearn.utils import Bunch

_N_FOLDS = 10
_DETAILS = "UvA-NEMO_Smile_Database_File_Details.txt"
# What reads the real file takes the sixth line for the first video, or the fifth that is not blank.
_DETAILS_HEAD = """\
Smiles drawn by smilegenuine, laid out as the UvA-NEMO Smile Database: none of its people is here

Fields are separated by tabs and padded with blanks
file name\tsubject code\tgender\tage\tsmile

"""


def lay_out(bunch: Bunch, layout: str) -> tuple[list[str], dict[str, str]]:
    """Name the videos of a set, and write the text files that go beside them.

    Parameters
    ----------
    bunch : Bunch
        From `make_smiles`. "uva-nemo" needs two arrays more, of shape (n_clips,): `gender`
        ("female" or "male") and `age` (whole years).
    layout : {"flat", "uva-nemo"}
        "flat": `s000_0_posed.mp4`, ….

        "uva-nemo": as the UvA-NEMO smile database lies on disk.
        `videos/NNN_{deliberate|spontaneous}_smile_K.mp4`, where NNN counts the subjects from 001
        in their order (past 999 with more digits) and K their clips of that kind from 1;
        `UvA-NEMO_Smile_Database_File_Details.txt`, five lines of header, then the tab-separated
        fields file name, subject code, gender, age in years, deliberate or spontaneous; and
        `folds/P_fold_all_K.txt` (posed) and `folds/S_fold_all_K.txt` (spontaneous) for K = 1 … 10,
        an id a line: the name of a video without `.mp4`. Nobody is in two folds, and folds are
        balanced in the number of clips of each kind; with fewer than ten subjects the lists of
        the last folds are empty.

        Both have `labels.csv` with the columns path (relative to it), label, subject.

    Returns
    -------
    videos : list of str
        Paths relative to the folder of the set, with forward slashes, in the order of the clips.
    texts : dict of str to str
        What the other files, by their relative paths, say.

    Raises
    ------
    ValueError
        No such layout, or a field that it needs is missing or of another length.
    """
    check_layout(layout)
    videos, texts = LAYOUTS[layout](bunch)
    rows = [f"{video},{bunch.target_names[y]},{subject}"
            for video, y, subject in zip(videos, bunch.target, bunch.groups, strict=True)]
    return videos, {"labels.csv": _lines(["path,label,subject", *rows]), **texts}


def check_layout(layout: str) -> None:
    """Raise a ValueError unless there is such a layout."""
    if not isinstance(layout, str) or layout not in LAYOUTS:
        raise ValueError(f"layout must be one of {', '.join(map(repr, LAYOUTS))}, not {layout!r}")


def _flat(bunch: Bunch) -> tuple[list[str], dict[str, str]]:
    return [f"{clip.name}.mp4" for clip in bunch.data], {}


def _uva_nemo(bunch: Bunch) -> tuple[list[str], dict[str, str]]:
    genders, ages = (_field(bunch, name) for name in ("gender", "age"))
    codes = {s: f"{k:03d}" for k, s in enumerate(dict.fromkeys(bunch.groups), start=1)}
    kinds = np.where(np.asarray(bunch.target) == 1, "spontaneous", "deliberate")
    so_far: Counter[tuple[str, str]] = Counter()
    ids, rows = [], []
    for subject, kind, gender, age in zip(bunch.groups, kinds, genders, ages, strict=True):
        so_far[subject, kind] += 1
        ids.append(f"{codes[subject]}_{kind}_smile_{so_far[subject, kind]}")
        # Not the name: there are readers that open it as it stands.
        rows.append(f"{ids[-1]}.mp4\t{codes[subject]}\t{gender:<6}\t{int(age):<3}\t{kind:<11}")
    texts = {_DETAILS: _DETAILS_HEAD + _lines(rows)}
    folds = subject_folds(bunch.groups, bunch.target, _N_FOLDS)
    for letter, label in (("P", 0), ("S", 1)):
        for k in range(_N_FOLDS):
            chosen = np.flatnonzero((folds == k) & (np.asarray(bunch.target) == label))
            texts[f"folds/{letter}_fold_all_{k + 1}.txt"] = _lines(ids[i] for i in chosen)
    return [f"videos/{name}.mp4" for name in ids], texts


#: Layouts by name: each takes a bunch and gives the videos and all texts but labels.csv.
LAYOUTS: dict[str, Callable[[Bunch], tuple[list[str], dict[str, str]]]] = {
    "flat": _flat, "uva-nemo": _uva_nemo}


def subject_folds(groups: np.ndarray, target: np.ndarray, n_folds: int) -> np.ndarray:
    """Spread subjects over folds that are balanced in the number of clips of either kind.

    Parameters
    ----------
    groups : array of shape (n_clips,)
        The subjects.
    target : array of shape (n_clips,)
        1 spontaneous, 0 posed.
    n_folds : int

    Returns
    -------
    array of shape (n_clips,), int
        The fold of each clip, from 0. With fewer subjects than folds the last ones stay empty.
    """
    counts = {s: np.zeros(2, int) for s in dict.fromkeys(groups)}
    for subject, label in zip(groups, target, strict=True):
        counts[subject][int(label)] += 1
    clips, people = np.zeros((n_folds, 2), int), np.zeros(n_folds, int)
    fold_of = {}
    # Who has most goes first. The least product adds least to the squares of the numbers of clips.
    for subject in sorted(counts, key=lambda s: -counts[s].sum()):
        fold = min(range(n_folds), key=lambda k: (clips[k] @ counts[subject], people[k], k))
        clips[fold] += counts[subject]
        people[fold] += 1
        fold_of[subject] = fold
    return np.array([fold_of[subject] for subject in groups])


def _field(bunch: Bunch, name: str) -> list:
    values = bunch.get(name)
    if values is None:
        raise ValueError(f"the bunch has no {name}, which layout 'uva-nemo' lists for each clip; "
                         f"set it, or take layout 'flat'")
    if len(values) != len(bunch.data):
        raise ValueError(f"{name} must have one value for each of the {len(bunch.data)} clips, "
                         f"not {len(values)}")
    return list(values)


def _lines(rows: Iterable[str]) -> str:
    return "".join(f"{row}\n" for row in rows)
