"""MMI: smiles among the sessions of the MMI Facial Expression Database."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.utils import Bunch

from .findings import Findings, labelled_bunch
from .fold_lists import FoldLists, assign, make_folds, read_json_lists
from .folder_search import Places, Tree, search, video_id
from .listed_videos import check_classes, labels_file, match, person, read_labels, with_subject

_WHAT = "MMI"
_N_FOLDS = 9
_SESSION = "session.xml"

_DESCR = """\
MMI Facial Expression Database, the smiles of it

Posed displays of single and combined action units and of emotions, and sessions of people who
watched funny and disgusting films. Its sessions do not say which are smiles, posed or spontaneous:
that is from labels.csv or from published fold lists, which name 46 posed and 138 spontaneous ones.

Pantic, Valstar, Rademaker & Maat (2005), Web-based database for facial expression analysis, ICME,
doi:10.1109/ICME.2005.1521424. Valstar & Pantic (2010), Induced disgust, happiness and surprise: an
addition to the MMI Facial Expression Database, LREC Workshop on Emotion. https://mmifacedb.eu

This folder: {n} of its {all} sessions with a video have a label; the others are passed over."""


def load_mmi(root: str | os.PathLike[str], *, folds: bool = True,
             labels: str | os.PathLike[str] | None = None, check_videos: bool = True,
             on_error: str = "warn") -> Bunch:
    """Load smiles of the MMI Facial Expression Database.

    Parameters
    ----------
    root : str or Path
        The folder that holds ``Sessions/ID/``, each of these with a video (`.avi` or other) and
        its `session.xml`, and one of two things that say which sessions are posed and which are
        spontaneous smiles, for the database does not:

        `labels.csv`, in the root, with the columns `video` (the session's number, or the name of
        its video) or `path`, `label`, and `subject` where `session.xml` does not say it;

        or the fold lists ``K/test.json``, K = 1 … 9, that come with published landmark systems:
        {session: 0 posed or 1 spontaneous}.

        Sessions without a label are passed over; `DESCR` says how many.
    folds : bool, default=True
        Nine folds: the published lists, else, from `labels.csv` alone, folds by subject that are
        made here, balanced in the number of clips of either kind; the same folder gives the same.
    labels : str or Path, optional
        A CSV that takes the place of `labels.csv`.
    check_videos : bool, default=True
        Read the header of each video, to find those that are cut off.
    on_error : {"warn", "raise", "skip"}, default="warn"
        What to do about what is missing, not to be read or inconsistent: leave it out and list all
        in one warning, raise one error that lists all, or leave it out and list it in `failures`.

    Returns
    -------
    Bunch
        `data`, `target` (0 posed, 1 spontaneous), `groups`, `folds` (`PredefinedSplit` or None),
        `metadata` (`video`, the session; `file`; `gender` and `age` where `session.xml` says them;
        `session_subject`, its number there; `view`, the number of its track; `emotion`, its number
        in the video's own XML, 4 for happiness), `filenames`, `failures`, `DESCR`; see
        `findings.labelled_bunch`.

    Raises
    ------
    FileNotFoundError
        No such folder, no sessions in it, or nothing that says their labels; with
        `on_error="raise"`, files that are missing.
    ValueError
        A subject is in two folds, or some of the fold lists are missing; with `on_error="raise"`,
        anything else that is wrong; nothing is left.

    Notes
    -----
    Folders, the subject's `id`, the track's `view`, the emotion and the fold lists were checked
    against public programs that read the database. How it marks gender and age was not: attributes
    `gender` (or `sex`) and `age` of the subject are read where they are; nor that a track names its
    video by `filename`, which is asked where a session has several. The frame rate is that of each
    file.

    References
    ----------
    Pantic, Valstar, Rademaker & Maat (2005), Web-based database for facial expression analysis,
    ICME, doi:10.1109/ICME.2005.1521424.

    Examples
    --------
    >>> from smilegenuine.datasets import load_mmi
    >>> smiles = load_mmi("MMI")  # doctest: +SKIP
    >>> smiles.folds.get_n_splits()  # doctest: +SKIP
    9
    """
    findings = Findings(_WHAT, root, on_error)
    tree = search(findings)
    list_file = labels_file(tree, labels)
    sessions = _sessions(tree, findings)
    places = Places(((_name(tree, file), file) for file in sessions), findings,
                    ((video_id(file.name), _name(tree, file)) for file in sessions))
    lists = read_json_lists(tree, places, findings, _N_FOLDS, fatal=folds)
    if list_file is not None:
        listing, what = read_labels(list_file, places, findings), list_file.name
    elif lists is not None:
        listing, what = _labels_of_lists(lists, findings), "the fold lists"
    else:
        raise FileNotFoundError(_nothing(tree, places))
    rows = match(listing, places, findings, what, complete=False)
    rows = [_described(row, findings) for row in rows]
    if not any(row["subject"] for row in rows):  # else they would be called by two systems
        rows = [{**row, "subject": row["session_subject"]} for row in rows]
    rows = with_subject(rows, findings)
    if folds and lists is not None:
        known = [*places.names.values(), *(row["video"] for row in listing)]
        rows = assign(rows, lists, findings, known)
    elif folds:
        rows = make_folds(rows, _N_FOLDS, findings)
    check_classes(rows, findings)
    return labelled_bunch(pd.DataFrame(rows), findings, check_videos=check_videos,
                          descr=_DESCR.format(n=len(rows), all=len(places)),
                          folds_are_published=lists is not None)


# -- sessions -----------------------------------------------------------------------------------

def _sessions(tree: Tree, findings: Findings) -> list[Path]:
    """Return the video of each session; note sessions with several that do not name one."""
    by_folder: dict[Path, list[Path]] = {}
    for file in tree.videos:
        by_folder.setdefault(file.parent, []).append(file)
    chosen = []
    for folder, videos in by_folder.items():
        if len(videos) > 1 and (folder / _SESSION).is_file():
            name = _track(_parsed(folder / _SESSION)).get("filename", "").casefold()
            named = [video for video in videos if video.name.casefold() == name]
            if not named:
                findings.wrong("sessions with more than one video, and not used (keep one)",
                               folder, f"{folder.name} ({', '.join(v.name for v in videos)})")
            videos = named
        chosen += videos
    return chosen


def _name(tree: Tree, file: Path) -> str:
    """Return the session's number, which is its folder; without one, the name of the video."""
    folder = file.parent
    is_session = folder != tree.root and ((folder / _SESSION).is_file() or folder.name.isdecimal())
    return folder.name if is_session else video_id(file.name)


def _labels_of_lists(lists: FoldLists, findings: Findings) -> list[dict[str, Any]]:
    listing = []
    for name, video in lists.names.items():
        labels = lists.labels.get(name, set())
        if len(labels) == 1:
            listing.append({"video": video, "target": min(labels), "subject": None})
        else:
            findings.wrong("without one label in the fold lists, and not used", video)
    return listing


def _nothing(tree: Tree, places: Places) -> str:
    return (f"{tree.root}: nothing says which sessions of {_WHAT} are posed and which are "
            f"spontaneous smiles ({len(places)} videos are below it). Looked for labels.csv in the "
            "folder itself, and for the fold lists 1/test.json … 9/test.json in "
            f"{len(tree.folders)} folders below it; write labels.csv (video,label,subject), and "
            "give the folder that holds it and Sessions")


# -- XML ----------------------------------------------------------------------------------------

def _described(row: dict[str, Any], findings: Findings) -> dict[str, Any]:
    """Add what the XML files of a session tell of it."""
    file = Path(row["path"])
    session = _parsed(file.parent / _SESSION, findings)
    subject = _first(session, "subject")
    details = person(subject.get("gender", subject.get("sex", "")).strip(),
                     subject.get("age", "").strip(), row["video"], findings)
    return {"video": row["video"], **details, **row,
            "session_subject": subject.get("id", "").strip() or None, "file": file.stem,
            "view": _track(session).get("view"),
            "emotion": _first(_parsed(file.with_suffix(".xml"), findings), "metatag",
                              name="Emotion").get("value")}


def _parsed(file: Path, findings: Findings | None = None) -> ElementTree.Element | None:
    try:
        return ElementTree.parse(file).getroot()
    except FileNotFoundError:
        return None
    except (ElementTree.ParseError, OSError, LookupError, ValueError) as error:
        if findings is not None:
            findings.wrong("XML files that cannot be read", file, f"{file}: {error}")
        return None


def _first(root: ElementTree.Element | None, tag: str, **wanted: str) -> dict[str, str]:
    """Return the attributes of the first element of a name that has the attributes wanted."""
    for element in () if root is None else root.iter():
        # A name may open with a namespace in braces.
        if element.tag.rpartition("}")[2].casefold() == tag:
            attributes = {name.casefold(): value for name, value in element.attrib.items()}
            if wanted.items() <= attributes.items():
                return attributes
    return {}


def _track(session: ElementTree.Element | None) -> dict[str, str]:
    return _first(session, "track")
