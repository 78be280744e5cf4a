"""Recordings whose action units OpenFace, py-feat or LibreFace has measured already."""

from __future__ import annotations

import csv
import io
import os
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from ..clips.au_table import (
    AU_NAMES,
    COLUMNS,
    OTHER_COLUMNS,
    AUReading,
    not_measured,
    parse_au_table,
)
from ..clips.errors import ClipError
from ..clips.record import Clip
from .csv_tables import separator_of
from .findings import Findings, labelled_bunch, some_of
from .labelled_files import Labels, labelled_files, with_clips

_DESCR = """\
Action units as {tool} has measured them

Frame by frame from {root}, in OpenFace's order of the 17 action units.{missing}

{source}"""

_SOURCES = {
    "OpenFace": "Baltrusaitis, Zadeh, Lim & Morency (2018), OpenFace 2.0: Facial behavior analysis "
                "toolkit, FG, doi:10.1109/FG.2018.00019.",
    "py-feat": "Cheong, Jolly, Xie, Byrne, Kenney & Chang (2023), Py-Feat: Python facial "
               "expression analysis toolbox, Affective Science 4, "
               "doi:10.1007/s42761-023-00191-4.",
    "LibreFace": "Chang, Yin, Li, Tran & Soleymani (2024), LibreFace: An open-source toolkit for "
                 "deep facial expression analysis, WACV, arXiv:2308.10713.",
}


def load_openface(path: str | os.PathLike[str], *, labels: Labels = None, fps: float | None = None,
                  on_error: str = "warn") -> Bunch:
    """Load the CSVs of OpenFace 2, as `FeatureExtraction -aus` writes them.

    Header names may be padded with blanks. Frames with ``success == 0`` are marked as not valid,
    and their zeros are not taken for measurements. Of several faces in a file, as
    `FaceLandmarkVidMulti` writes them, the one in most rows is taken, with a warning.

    Parameters
    ----------
    path : str or Path
        One CSV, or a folder of them (with all below it). `labels.csv` is no recording.
    labels : str, Path, DataFrame or mapping, optional
        A CSV or DataFrame with the columns `path`, `video` or `name`, `label`, `subject`, `fold`
        (all but the first optional) and any others, which become metadata; or labels by name. A
        name is that of the video or of the CSV, with or without folders and suffix. Where it is not
        given: `labels.csv` in the folder, else folders with names such as posed and spontaneous,
        deliberate and genuine, and in these one for each subject.
    fps : float, optional
        Frame rate in Hz of files that have no timestamps (OpenFace on folders of images, which it
        counts 0, 0.001, 0.002, …); 50 Hz is assumed, with a warning, where it is needed and not
        given.
    on_error : {"warn", "raise", "skip"}, default="warn"
        What to do about files that are not to be read, a file without a label or a label without a
        file: leave it out and list all in one warning, raise one error that lists all, or leave it
        out and list it in `failures`.

    Returns
    -------
    Bunch
        `data` : list of Clip with `aus`, `valid`, `times` where known; `name` is the path
        `target` : array of shape (n_clips,), 0 posed and 1 spontaneous, or labels of other words
        as they are; None where nothing says them
        `target_names` : ("posed", "spontaneous"), or None
        `groups` : array of subjects, or None
        `folds` : PredefinedSplit, or None
        `metadata` : DataFrame, `video` and the other columns of the labels
        `missing_aus` : tuple of action units that carry no information; of OpenFace empty
        `filenames`, `failures`, `DESCR` : see `findings.labelled_bunch`

    Raises
    ------
    FileNotFoundError
        There is nothing at that path, or no CSV in the folder.
    ValueError
        The labels cannot be read, a subject is in two folds, nothing is left, or anything is wrong
        and `on_error` is "raise".

    Examples
    --------
    >>> from smilegenuine import AUDA
    >>> from smilegenuine.datasets import load_openface
    >>> smiles = load_openface("openface_output/")  # doctest: +SKIP
    >>> AUDA(level="au").fit_transform(smiles.data).shape  # doctest: +SKIP
    (12, 476)
    """
    return _load("OpenFace", path, labels, fps, on_error,
                 "run OpenFace's FeatureExtraction with -aus into it")


def load_pyfeat(path: str | os.PathLike[str], *, labels: Labels = None, fps: float | None = None,
                on_error: str = "warn") -> Bunch:
    """Load the CSVs of py-feat, as ``Detector().detect(…).to_csv(…)`` writes them.

    py-feat says how probable each action unit is, 0 to 1, and not how strong. The probabilities are
    taken times 5: they can be compared with each other, and not with intensities of OpenFace. It
    has no AU45 (the blink); its AU43 (eyes closed) stands in. Its models jaanet and drml measure
    twelve units: the others are 0 throughout and listed in `missing_aus`, with a warning.

    Of several faces in a frame the one that is largest over time is taken, with a warning. Frames
    without a face (`FaceRectX` empty, `FaceScore` 0) are not valid.

    Parameters
    ----------
    path : str or Path
        One CSV, or a folder of them (with all below it). `labels.csv` is no recording.
    labels : str, Path, DataFrame or mapping, optional
        See `load_openface`.
    fps : float, optional
        Frame rate of the videos in Hz. py-feat writes the number of the frame and whole seconds
        (`approx_time`): without `fps`, the rate is told from these where a file is longer than a
        second or so. 50 Hz is assumed, with a warning, where it is needed and not known.
    on_error : {"warn", "raise", "skip"}, default="warn"
        See `load_openface`.

    Returns
    -------
    Bunch
        See `load_openface`.

    Raises
    ------
    FileNotFoundError, ValueError
        See `load_openface`.

    Examples
    --------
    >>> from smilegenuine.datasets import load_pyfeat
    >>> smiles = load_pyfeat("pyfeat_output/", fps=50)  # doctest: +SKIP
    """
    return _load("py-feat", path, labels, fps, on_error,
                 "write py-feat's results there with to_csv, a file a video")


def load_libreface(path: str | os.PathLike[str], *, labels: Labels = None, fps: float | None = None,
                   on_error: str = "warn") -> Bunch:
    """Load the CSVs of LibreFace, as ``libreface --input_path=… --output_path=….csv`` writes them.

    LibreFace measures the intensities of twelve action units. AU07, AU10, AU14, AU23 and AU45 are
    not among them: they are 0 throughout and listed in `missing_aus`, with a warning. (Of the first
    four it says whether they are there or not, which is no intensity and not used.)

    Parameters
    ----------
    path : str or Path
        One CSV, or a folder of them (with all below it). `labels.csv` is no recording.
    labels : str, Path, DataFrame or mapping, optional
        See `load_openface`.
    fps : float, optional
        Frame rate in Hz of files without `frame_time_in_ms`. That column holds milliseconds or, in
        later versions of LibreFace, seconds: whichever makes a frame rate.
    on_error : {"warn", "raise", "skip"}, default="warn"
        See `load_openface`.

    Returns
    -------
    Bunch
        See `load_openface`.

    Raises
    ------
    FileNotFoundError, ValueError
        See `load_openface`.

    Examples
    --------
    >>> from smilegenuine.datasets import load_libreface
    >>> smiles = load_libreface("libreface_output/")  # doctest: +SKIP
    >>> smiles.missing_aus  # doctest: +SKIP
    ('AU07', 'AU10', 'AU14', 'AU23', 'AU45')
    """
    return _load("LibreFace", path, labels, fps, on_error,
                 "run libreface with --output_path into it, a file a video")


def _load(tool: str, path: str | os.PathLike[str], labels: Labels, fps: float | None,
          on_error: str, remedy: str) -> Bunch:
    """Load the files of a tool; `remedy` is for a folder without such files."""
    findings = Findings(f"{tool} files", Path(path).expanduser(), on_error)
    rows, names = labelled_files(findings, ".csv", labels, remedy)
    readings: dict[str, AUReading] = {}
    reader = re.sub(r"\W", "", tool).lower()

    def read(file: Path) -> Clip:
        table = _read_csv(file, reader)
        reading = readings[str(file)] = parse_au_table(table, str(file), reader)
        times, rate = _timing(reading, fps)
        return Clip(aus=reading.aus, times=times, fps=rate, valid=reading.valid, name=str(file))

    bunch = labelled_bunch(with_clips(rows, findings, read), findings, descr="", target_names=names)
    missing = tuple(au for au in AU_NAMES if any(au in r.missing for r in readings.values()))
    faces = [f"{file} ({r.faces})" for file, r in readings.items() if r.faces]
    bunch.missing_aus = missing
    # What one file lacks is taken from all: else who was measured how would be learnt.
    index = [AU_NAMES.index(au) for au in missing]
    bunch.data = [_without(clip, index) for clip in bunch.data]
    if missing:
        warnings.warn(f"{tool}: {not_measured(missing)}", stacklevel=3)
    if faces:
        warnings.warn(f"{len(faces)} file{'s' * (len(faces) > 1)} with several faces: "
                      + some_of(faces, "; "), stacklevel=3)
    bunch.DESCR = _DESCR.format(tool=tool, root=findings.root, source=_SOURCES[tool],
                                missing=f"\n{not_measured(missing)}." if missing else "")
    return bunch


def _without(clip: Clip, index: list[int]) -> Clip:
    aus = np.array(clip.aus)
    measured = np.isfinite(aus).all(axis=1)
    if not aus[np.ix_(measured, index)].any():
        return clip
    aus[np.ix_(measured, index)] = 0.0
    return clip.replace(aus=aus)


def _timing(reading: AUReading, fps: float | None) -> tuple[np.ndarray | None, float | None]:
    """Return times and frame rate of a clip: the table's, else the given rate."""
    if reading.times is not None and (fps is None or not reading.approximate):
        return reading.times, None
    if fps is None or reading.frames is None or (np.diff(reading.frames) == 1).all():
        return None, fps
    return (reading.frames - reading.frames[0]) / fps, None  # frames were left out


def _read_csv(path: Path, tool: str) -> pd.DataFrame:
    """Read the columns of a CSV that hold a tool's action units and times, or all of them.

    All columns of a file that has none of these are read, for the error to name them.
    """
    wanted = {*COLUMNS[tool], *OTHER_COLUMNS}

    def is_wanted(column: object) -> bool:
        return str(column).strip().lower() in wanted

    text = path.read_text(encoding="utf-8-sig", errors="replace")
    if not text.strip():
        raise ClipError(str(path), "the file is empty; extract the action units anew")
    separator = separator_of(text)
    _check_cells(path, text, separator)
    # OpenFace and py-feat write hundreds of columns that are nothing to us.
    has_wanted = any(is_wanted(column) for column in text.lstrip().splitlines()[0].split(separator))
    try:
        # A separator at the end of each row must not move the columns.
        return pd.read_csv(io.StringIO(text), sep=separator, skipinitialspace=True,
                           low_memory=False, index_col=False,
                           usecols=is_wanted if has_wanted else None)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ClipError(str(path), f"cannot be read as a CSV ({error})") from None


def _check_cells(path: Path, text: str, separator: str) -> None:
    """Raise where a row has more cells than the header, which pandas would pass over."""
    ends = f"{separator} \t\r\n"
    lines = text.strip().splitlines()
    n = len(lines[0].split(separator))
    for k, line in enumerate(lines[1:], start=2):
        if line.count(separator) < n:
            continue
        cells = next(csv.reader([line.rstrip(ends)], delimiter=separator, skipinitialspace=True))
        if len(cells) > n:
            raise ClipError(str(path), f"line {k} has {len(cells)} cells and the header {n}; does "
                            "a comma stand for a decimal point?")
