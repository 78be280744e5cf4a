"""SPOS: posed and spontaneous smiles of seven people, as folders of images."""

from __future__ import annotations

import os
import re
import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from ..clips.video import IMAGE_SUFFIXES
from .findings import KINDS, Findings, labelled_bunch
from .fold_lists import make_folds
from .folder_search import Places, Tree, images_in, key, natural_key, search
from .listed_videos import (
    check_classes,
    folder_around,
    kind_in,
    labels_file,
    match,
    read_labels,
    rows_by_folder,
    with_subject,
)

_WHAT = "SPOS"
_SMILES = ("happy", "happiness")
_TAKE = re.compile(r"(.+?)[-_ ]+(\d+)")
_LAYOUT = "posed/happy/SUBJECT-N/*.bmp and spontaneous/happy/SUBJECT-N/*.bmp"

_DESCR = """\
SPOS (spontaneous versus posed) corpus, the smiles of it

Seven people, 84 posed and 147 spontaneous expressions of several emotions, each recorded by a
camera for visible light and one for near infrared, 640 x 480 pixels at 25 frames a second. `happy`
are the smiles: 14 posed and 66 spontaneous ones in published lists. One subject is left out in each
fold.

Pfister, Li, Zhao & Pietikainen (2011), Differentiating spontaneous from posed facial expressions
within a generic facial expression recognition framework, ICCV Workshops,
doi:10.1109/ICCVW.2011.6130343"""


def load_spos(root: str | os.PathLike[str], *, fps: float = 25.0, folds: bool = True,
              labels: str | os.PathLike[str] | None = None, check_videos: bool = True,
              on_error: str = "warn") -> Bunch:
    """Load the smiles of the SPOS corpus.

    Parameters
    ----------
    root : str or Path
        The folder that holds ``{posed,spontaneous}/happy/SUBJECT-N/``, each of these with the
        images (`.bmp` or other) of one recording; other folders may lie between. Emotions other
        than `happy` are no smiles, and passed over. Of a corpus with recordings in visible light
        and in near infrared, give the folder of one of the two.
    fps : float, default=25.0
        Frame rate in Hz at which the images were taken.
    folds : bool, default=True
        Leave one subject out in each fold, in the order of their names.
    labels : str or Path, optional
        A CSV with the columns `video` or `path`, `label` and, if known, `subject`, that goes before
        what folders say. Without it, `labels.csv` in the root is read, if there is one. Recordings
        that it does not name are passed over.
    check_videos : bool, default=True
        Read the header of each image, to find those that are cut off or of another size.
    on_error : {"warn", "raise", "skip"}, default="warn"
        What to do about what is missing, not to be read or inconsistent: leave it out and list all
        in one warning, raise one error that lists all, or leave it out and list it in `failures`.

    Returns
    -------
    Bunch
        `data`, `target` (0 posed, 1 spontaneous), `groups`, `folds` (`PredefinedSplit` or None),
        `metadata` (`video`, such as ``posed_SUBJECT-N``), `filenames` (folders), `failures`,
        `DESCR`; see `findings.labelled_bunch`.

    Raises
    ------
    FileNotFoundError
        No such folder, or no smiles in it; with `on_error="raise"`, files that are missing.
    ValueError
        Nothing is left; with `on_error="raise"`, anything else that is wrong.

    Notes
    -----
    Folders, names of images, the frame rate and the folds were checked against public programs and
    a survey (Merghani, Davison & Yap, arXiv:1805.02397). Nobody's age or gender is in the files.

    References
    ----------
    Pfister, Li, Zhao & Pietikäinen (2011), Differentiating spontaneous from posed facial
    expressions within a generic facial expression recognition framework, ICCV Workshops,
    doi:10.1109/ICCVW.2011.6130343.

    Examples
    --------
    >>> from smilegenuine.datasets import load_spos
    >>> smiles = load_spos("SPOS/visible")  # doctest: +SKIP
    >>> smiles.folds.get_n_splits()  # doctest: +SKIP
    7
    """
    findings = Findings(_WHAT, root, on_error)
    tree = search(findings)
    list_file = labels_file(tree, labels)
    takes = _takes(tree)
    places = Places(((_name(tree, take), take) for take in takes), findings,
                    ((take.name, _name(tree, take)) for take in takes))
    if list_file is not None:
        rows = match(read_labels(list_file, places, findings), places, findings, list_file.name,
                     complete=False, kinds_of=None if labels is not None else
                     lambda row: kind_in(tree.below(row["path"])))
    else:
        around = folder_around(tree.root,
                               lambda part: bool(kind_in((part,))) or _is_of_smiles(part))
        rows = rows_by_folder(
            places, lambda take: _kinds(tree, take), findings,
            f"{tree.root}: no smiles of {_WHAT}. Looked for {_LAYOUT} in {len(tree.folders)} "
            f"folders below it ({len(places.paths)} other folders hold images), and for labels.csv "
            f"in it; give {around or 'the folder that holds both'}",
            "in folders that say neither posed nor spontaneous, or both, and not used")
    if not any(row["subject"] for row in rows):
        rows = [{**row, "subject": _subject(row["path"])} for row in rows]
    rows = with_subject(rows, findings)
    if check_videos:
        rows = _whole(rows, findings)
    check_classes(rows, findings, f"; the folder should hold {_LAYOUT}")
    if folds:
        rows = make_folds(rows, None, findings)
    return labelled_bunch(pd.DataFrame(rows), findings, descr=_DESCR, fps=fps,
                          check_videos=check_videos)


# -- folders ------------------------------------------------------------------------------------

def _takes(tree: Tree) -> list[Path]:
    """Return the folders with images, and those that should have some, by their names."""
    filled = {file.parent for file in tree.files if file.suffix.lower() in IMAGE_SUFFIXES}
    empty = {folder for folder in tree.folders if _TAKE.fullmatch(folder.name)
             and not any(folder in other.parents for other in filled)}
    return sorted((filled | empty) - {tree.root}, key=natural_key)


def _name(tree: Tree, take: Path) -> str:
    """Return `posed_SUBJECT-N`, or the folder below the root where nothing says its kind."""
    kinds = kind_in(tree.below(take))
    inner = next((part for part in reversed(tree.below(take)) if _TAKE.fullmatch(part)), take.name)
    return f"{KINDS[min(kinds)]}_{inner}" if len(kinds) == 1 else "/".join(tree.below(take))


def _subject(take: Path) -> str | None:
    # The folder itself, or the one around it where images lie deeper.
    for part in (take.name, take.parent.name):
        named = _TAKE.fullmatch(part)
        if named:
            return key(named[1])
    return None


def _is_of_smiles(folder: str) -> bool:
    return key(folder) in _SMILES


def _kinds(tree: Tree, take: Path) -> set[int] | None:
    """Return the labels that a recording's folders speak of; None for other emotions."""
    folders = tree.below(take)
    return kind_in(folders) if any(map(_is_of_smiles, folders)) else None


# -- images -------------------------------------------------------------------------------------

def _whole(rows: list[dict[str, Any]], findings: Findings) -> list[dict[str, Any]]:
    """Leave out, and note, folders with images that are cut off or of several sizes."""
    good = []
    for row in rows:
        problem = _problem(row["path"])
        if problem is None:
            good.append(row)
        else:
            findings.wrong("not to be read", row["path"], problem)
    return good


def _problem(folder: Path) -> str | None:
    sizes: dict[tuple[int, int], Path] = {}
    for file in sorted(images_in(folder), key=natural_key):
        try:
            size = _image_size(file)
        except OSError as error:
            return str(error)
        if size is None:
            return f"{file}: the image is empty, cut off or damaged; copy it again"
        sizes.setdefault(size, file)
    if len(sizes) > 1:
        (a, first), (b, other) = list(sizes.items())[:2]
        return (f"{folder}: {first.name} is {a[0]}x{a[1]} pixels and {other.name} {b[0]}x{b[1]}; "
                "one folder must hold one recording")
    return None


def _image_size(file: Path) -> tuple[int, int] | None:
    """Return width and height, or None for an image that is not whole.

    Of a BMP the header alone is read: a corpus holds thousands of a megabyte.
    """
    if file.suffix.lower() != ".bmp":
        coded = np.fromfile(file, np.uint8)
        image = cv2.imdecode(coded, cv2.IMREAD_REDUCED_GRAYSCALE_8) if len(coded) else None
        return None if image is None else (image.shape[1], image.shape[0])
    with file.open("rb") as stream:
        head = stream.read(34)
        n_bytes = stream.seek(0, os.SEEK_END)
    if len(head) < 34 or head[:2] != b"BM":
        return None
    start, kind, width, height, _, depth, packed = struct.unpack_from("<IIiiHHI", head, 10)
    height = abs(height)
    if kind == 12 or packed not in (0, 3):  # of OS/2, or compressed: rare
        return (0, 0) if cv2.imread(str(file)) is not None else None
    row = (width * depth + 31) // 32 * 4
    return (width, height) if n_bytes >= start + row * height else None
