"""Problems of a data set, reported together, and the `Bunch` of clips that can be used."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import PredefinedSplit
from sklearn.utils import Bunch

from ..clips.errors import ClipError
from ..clips.record import Clip, as_clip
from ..clips.video import VideoFrames

#: Classes of the smile data sets, in the order of their labels 0 and 1.
KINDS = ("posed", "spontaneous")

#: What may be done about what is wrong.
ON_ERROR = ("raise", "warn", "skip")

_MOST_NAMED = 10
# Columns of rows that are fields of the bunch and no metadata.
_NO_METADATA = ("path", "clip", "target", "subject", "fold")


class Findings:
    """The problems of a data set, gathered while it is loaded and reported together.

    Parameters
    ----------
    what : str
        What messages call the set, such as "UvA-NEMO".
    root : str or Path
        Its folder or file.
    on_error : {"raise", "warn", "skip"}
        "raise": raise one error that lists all. "warn": leave out what is concerned, and list it in
        one warning. "skip": leave it out; `failures` of the bunch lists it.

    Raises
    ------
    ValueError
        No such `on_error`.
    FileNotFoundError
        There is no `root`.
    """

    def __init__(self, what: str, root: str | os.PathLike[str], on_error: str) -> None:
        if on_error not in ON_ERROR:
            raise ValueError(f"on_error must be {', '.join(map(repr, ON_ERROR[:-1]))} or "
                             f"{ON_ERROR[-1]!r}, not {on_error!r}")
        self.what, self.root, self.on_error = what, Path(root), on_error
        self._rows: list[dict[str, Any]] = []
        if not self.root.exists():
            raise FileNotFoundError(f"{self.root}: no such file or folder")

    def wrong(self, kind: str, item: object, error: str | None = None, *, missing: bool = False,
              fatal: bool = False) -> None:
        """Note a problem.

        Parameters
        ----------
        kind : str
            What is the matter, as it follows a number: "listed, but not there".
        item : object
            What it is about: a file, a video, a subject.
        error : str, optional
            All that is known, as a sentence that names the item; else the item and `kind`.
        missing : bool, default=False
            It is a file that is not there.
        fatal : bool, default=False
            Nothing good can come of leaving it out: `settle` raises, whatever `on_error` is.
        """
        self._rows.append({"kind": kind, "clip": _printable(item),
                           "error": _printable(error or f"{item}: {kind}"),
                           "missing": missing, "fatal": fatal})

    @property
    def failures(self) -> pd.DataFrame:
        """DataFrame with the columns `clip`, `error` and `kind`."""
        return pd.DataFrame(self._rows, columns=["clip", "error", "kind"])

    def __len__(self) -> int:
        return len(self._rows)

    def text(self, n_good: int | None = None) -> str:
        """Return all problems as text, by kind, with their numbers.

        Parameters
        ----------
        n_good : int, optional
            Clips that are left.

        Returns
        -------
        str
        """
        left = "" if n_good is None else \
            f"; {n_good} clip{'s are' if n_good != 1 else ' is'} left"
        return f"{self.what} in {self.root}: " + "; ".join(said_by_kind(self.failures)) + left

    def settle(self, n_good: int) -> None:
        """Raise, warn or be silent, as `on_error` says and the case demands.

        Parameters
        ----------
        n_good : int
            Clips that can be used.

        Raises
        ------
        FileNotFoundError
            Files are missing, and `on_error` is "raise" or nothing is left.
        ValueError
            Something else is wrong, and `on_error` is "raise", nothing is left, or it is fatal.
        """
        fatal = any(row["fatal"] for row in self._rows)
        if not n_good and not self._rows:
            raise FileNotFoundError(f"{self.root}: there is no clip of {self.what} in it")
        if not self._rows:
            return
        if self.on_error == "raise" or fatal or not n_good:
            missing = any(row["missing"] for row in self._rows) and not fatal
            raise (FileNotFoundError if missing else ValueError)(self.text())
        if self.on_error == "warn":
            warnings.warn(self.text(n_good), stacklevel=4)


def said_by_kind(failures: pd.DataFrame) -> list[str]:
    """Describe each kind of problem: how many there are, and the first ten.

    Parameters
    ----------
    failures : DataFrame
        With the columns `clip`, `error` and `kind`.

    Returns
    -------
    list of str
    """
    texts = []
    for kind, part in failures.groupby("kind", sort=False):
        # Where an error tells no more than its kind, its item stands for it.
        items = [str(clip if error == f"{clip}: {kind}" else error)
                 for clip, error in zip(part["clip"], part["error"], strict=True)]
        texts.append(f"{len(items)} {kind}: {some_of(items)}")
    return texts


def some_of(items: Sequence[str], separator: str = ", ") -> str:
    """Return the first ten of many names as text, and how many more there are."""
    more = f"{separator}… ({len(items) - _MOST_NAMED} more)" if len(items) > _MOST_NAMED else ""
    return separator.join(items[:_MOST_NAMED]) + more


def labelled_bunch(rows: pd.DataFrame, findings: Findings, *, descr: str,
                   target_names: Sequence[str] | None = KINDS, fps: float | None = None,
                   check_videos: bool = True, folds_are_published: bool = True) -> Bunch:
    """Open the recordings of a data set and make the `Bunch` that its loader returns.

    Parameters
    ----------
    rows : DataFrame
        A row a recording. `path`, the file, or `clip`, a `Clip`; `target`; `subject`, None where
        nobody knows; and `fold`, from 0, where the data set publishes folds. All other columns are
        metadata, and `video`, what the data set calls it, should be one of them.
    findings : Findings
        What is wrong so far. Recordings that cannot be opened are added; then it is settled.
    descr : str
        What the data set is.
    target_names : sequence of str or None
        What the labels 0, 1 mean; None where the labels are names themselves.
    fps : float, optional
        Frame rate in Hz of what carries no timing.
    check_videos : bool, default=True
        Open each video and read its header, which takes some milliseconds a file and finds those
        that are cut off.
    folds_are_published : bool, default=True
        Others have used the same folds; the loader has not made them up.

    Returns
    -------
    Bunch
        `data` : list of Clip, lazy, with `name` (the path) and `subject`
        `target` : array of shape (n_clips,)
        `target_names` : tuple of str, or None
        `groups` : array of str of shape (n_clips,), or None where no subject is known
        `folds` : PredefinedSplit, or None
        `folds_are_published` : bool
        `metadata` : DataFrame, a row a clip
        `filenames` : list of str
        `failures` : DataFrame with the columns `clip`, `error` and `kind`
        `DESCR` : str

    Raises
    ------
    FileNotFoundError, ValueError
        See `Findings.settle`.
    """
    clips: list[Clip] = []
    readable: list[int] = []
    subjects = rows["subject"] if "subject" in rows else pd.Series(None, rows.index, dtype=object)
    known = bool(len(rows)) and not subjects.isna().any()
    for i, row in enumerate(rows.to_dict("records")):
        try:
            clip = row["clip"] if "clip" in rows else as_clip(str(row["path"]), fps=fps)
            _check_readable(clip, check_videos)
        except (OSError, ClipError) as error:
            findings.wrong("not to be read", row.get("path", row.get("clip")), str(error),
                           missing=isinstance(error, FileNotFoundError))
            continue
        clips.append(clip.replace(subject=str(subjects.iloc[i])) if known else clip)
        readable.append(i)
    findings.settle(len(clips))
    rows = rows.iloc[readable]
    folds = rows["fold"].to_numpy(int) if "fold" in rows else None
    target = rows["target"].to_numpy() if "target" in rows else None
    metadata = rows.drop(columns=list(_NO_METADATA), errors="ignore")
    return Bunch(
        data=clips, target=target,
        target_names=None if target_names is None else tuple(target_names),
        groups=subjects.iloc[readable].to_numpy(str) if known else None,
        folds=None if folds is None else PredefinedSplit(folds),
        folds_are_published=folds is not None and folds_are_published,
        metadata=metadata.reset_index(drop=True),
        filenames=[clip.name or "" for clip in clips],
        failures=findings.failures, DESCR=descr)


def _check_readable(clip: Clip, check_videos: bool) -> None:
    """Raise a `VideoError` where a video file cannot be opened."""
    if check_videos and isinstance(clip.frames, VideoFrames):
        _ = clip.frames.fps  # read from the header; raises where there is none


def is_known(value: Any) -> bool:
    """Return whether a cell of a table holds anything."""
    return value is not None and not (isinstance(value, float) and np.isnan(value)) \
        and str(value).strip() != ""


def _printable(text: object) -> str:
    # Names of files that are not valid UTF-8 can neither be printed nor stored in a table.
    return str(text).encode("utf-8", "backslashreplace").decode("utf-8")
