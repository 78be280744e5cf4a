"""BBC: the twenty smiles of "Spot the fake smile", ten posed and ten genuine."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
from sklearn.utils import Bunch

from .findings import Findings, labelled_bunch
from .fold_lists import assign, make_folds, read_json_lists
from .folder_search import Places, Tree, search, video_id
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

_WHAT = "BBC"
_N_FOLDS = 10
_N_VIDEOS = 20
_FOLDERS = ("posed", "Genuine")
_LAYOUT = "Genuine…/*.mp4 and posed…/*.mp4"

_DESCR = """\
BBC smiles ("Spot the fake smile")

Twenty smiles of an online experiment of the BBC, after research by Paul Ekman: ten genuine, ten
posed, each of another person. https://www.bbc.co.uk/science/humanbody/mind/surveys/smiles/"""


def load_bbc(root: str | os.PathLike[str], *, folds: bool = True,
             labels: str | os.PathLike[str] | None = None, check_videos: bool = True,
             on_error: str = "warn") -> Bunch:
    """Load the smiles of the BBC's experiment "Spot the fake smile".

    Parameters
    ----------
    root : str or Path
        The folder that holds ``Genuine…/*.mp4`` and ``posed…/*.mp4``. Folders may lie deeper, have
        longer names, or be missing where the videos' own names say the kind. Of use, where it is
        there: published fold lists ``K/test.json``, K = 1 … 10, {``Genuine_NAME`` or
        ``posed_NAME``: 1 or 0}.
    folds : bool, default=True
        Ten folds: the published lists, else pairs of a genuine and a posed smile in the order of
        their names. Each published system drew its own.
    labels : str or Path, optional
        A CSV with the columns `video` or `path`, `label` and, if known, `subject`, that goes before
        what folders say. Without it, `labels.csv` in the root is read, if there is one.
    check_videos : bool, default=True
        Read the header of each video, to find those that are cut off.
    on_error : {"warn", "raise", "skip"}, default="warn"
        What to do about what is missing, not to be read or inconsistent: leave it out and list all
        in one warning, raise one error that lists all, or leave it out and list it in `failures`.

    Returns
    -------
    Bunch
        `data`, `target` (0 posed, 1 spontaneous), `groups`, `folds` (`PredefinedSplit` or None),
        `metadata` (`video`, such as ``Genuine_NAME``), `filenames`, `failures`, `DESCR`; see
        `findings.labelled_bunch`. Without subjects in `labels.csv`, each video is its own.

    Raises
    ------
    FileNotFoundError
        No such folder, or no smiles in it; with `on_error="raise"`, files that are missing.
    ValueError
        A subject is in two folds, or some of the fold lists are missing; with `on_error="raise"`,
        anything else that is wrong; nothing is left.

    Notes
    -----
    Folders, names and fold lists were checked against public programs that read the set. Those who
    wrote about the experiment speak of twenty people; the files themselves do not say who is who.

    Examples
    --------
    >>> from smilegenuine.datasets import load_bbc
    >>> smiles = load_bbc("BBC")  # doctest: +SKIP
    >>> smiles.target.mean()  # doctest: +SKIP
    0.5
    """
    findings = Findings(_WHAT, root, on_error)
    tree = search(findings)
    list_file = labels_file(tree, labels)
    places = Places(((_name(tree, file), file) for file in tree.videos), findings,
                    ((video_id(file.name), _name(tree, file)) for file in tree.videos))
    if list_file is not None:
        rows = match(read_labels(list_file, places, findings), places, findings, list_file.name,
                     kinds_of=None if labels is not None else lambda r: _kinds(tree, r["path"]))
    else:
        around = folder_around(tree.root, lambda part: bool(kind_in((part,))))
        rows = rows_by_folder(
            places, lambda file: _kinds(tree, file), findings,
            f"{tree.root}: no smiles of {_WHAT}. Looked for {_LAYOUT} in {len(tree.folders)} "
            f"folders below it ({len(places.paths)} videos lie elsewhere), and for labels.csv in "
            f"it; give {around or 'the folder that holds both, or write labels.csv (video,label)'}",
            "in folders that say neither genuine nor posed, or both, and not used")
    if any(row["subject"] for row in rows):
        rows = with_subject(rows, findings)
    else:
        rows = [{**row, "subject": row["video"]} for row in rows]
    if len(rows) > _N_VIDEOS:
        raise ValueError(f"{tree.root}: {len(rows)} smiles lie in and below it, and {_WHAT} has "
                         f"{_N_VIDEOS}; give the folder of that set alone")
    lists = read_json_lists(tree, places, findings, _N_FOLDS) if folds else None
    if folds:
        pairs = min(_N_FOLDS, *(sum(row["target"] == kind for row in rows) for kind in (0, 1)))
        rows = (make_folds(rows, max(pairs, 2), findings) if lists is None
                else assign(rows, lists, findings, places.names.values()))
    check_classes(rows, findings, f"; the folder should hold {_LAYOUT}")
    return labelled_bunch(pd.DataFrame(rows), findings, descr=_DESCR, check_videos=check_videos,
                          folds_are_published=lists is not None)


def _kinds(tree: Tree, file: Path) -> set[int]:
    return kind_in((*tree.below(file)[:-1], file.stem))


def _name(tree: Tree, file: Path) -> str:
    """Return `Genuine_NAME` or `posed_NAME`, as published lists do, or the bare name."""
    kinds = _kinds(tree, file)
    # A name that says its kind itself has it already.
    if len(kinds) != 1 or kind_in((file.stem,)):
        return file.stem
    return f"{_FOLDERS[min(kinds)]}_{file.stem}"
