"""Recordings that OpenFace has measured already."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

from ..clip import Clip, read_csv_clip
from ..errors import ClipError


def load_openface(path: str | os.PathLike[str], *, fps: float | None = None) -> list[Clip]:
    """Load OpenFace 2 `FeatureExtraction` CSVs as clips with action units.

    Header names may be padded with blanks, as OpenFace writes them. Frames with ``success == 0``
    are marked as not valid, and their zeros are not taken for measurements.

    Parameters
    ----------
    path : str or Path
        One CSV, or a folder of them (subfolders included).
    fps : float, optional
        Frame rate in Hz of files that have no timestamps (OpenFace on image folders); 50 Hz is
        assumed, with a warning, where it is needed and not given.

    Returns
    -------
    list of Clip
        In the order of their paths; `aus`, `valid`, `times` where known, `name` the path.

    Raises
    ------
    FileNotFoundError
        There is nothing at that path, or no CSV in the folder.
    ClipError
        The file is not to be read. In a folder such files are left out and listed in one warning,
        unless all of them are.

    Examples
    --------
    >>> from smilegenuine import AUDA
    >>> from smilegenuine.datasets import load_openface
    >>> clips = load_openface("openface_output/")  # doctest: +SKIP
    >>> AUDA(level="au").fit_transform(clips).shape  # doctest: +SKIP
    (12, 476)
    """
    root = Path(path)
    if not root.exists():
        raise FileNotFoundError(f"{root}: no such file or folder")
    if not root.is_dir():
        return [read_csv_clip(root, fps=fps)]
    files = sorted(f for f in root.rglob("*") if f.suffix.lower() == ".csv" and f.is_file())
    if not files:
        raise FileNotFoundError(f"{root}: no CSV in the folder; run OpenFace's FeatureExtraction "
                                "with -aus into it")
    clips, problems = [], []
    for file in files:
        try:
            clips.append(read_csv_clip(file, fps=fps))
        except ClipError as error:
            problems.append(error)
    if not clips:
        raise problems[0]
    if problems:
        warnings.warn(f"{len(problems)} of {len(files)} files are left out: "
                      + "; ".join(map(str, problems)), stacklevel=2)
    return clips
