"""The published AUDA package: action units, smile intensities and features of UvA-NEMO's smiles."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from ..clips.au_table import AU_NAMES
from ..clips.errors import ClipError
from ..clips.record import Clip
from .archives import Archive, Entry, open_archive
from .auda_columns import DYNAMICS, N_FEATURES, PHASES, name_columns
from .auda_labels import rows_of_videos
from .findings import KINDS, Findings, labelled_bunch
from .folder_search import natural_key
from .labelled_files import Labels

_DESCR = """\
AUDA package

Action units and smile intensities of the smiles of UvA-NEMO, frame by frame at {fps:g} frames a
second, and features of their dynamics, as published with Kawulok, Nalepa, Kawulok & Smolka (2021),
Dynamics of facial actions for assessing smile genuineness, PLoS ONE 16(1),
doi:10.1371/journal.pone.0244647; data doi:10.7910/DVN/X5QGLA.

Subjects: {subjects}."""

#: Levels of the feature tables.
LEVELS = ("frame", "au", "cross")

_AUS, _SMILE = "action units", "smile intensities"
_VIDEO = re.compile(r"\d+_(?:deliberate|spontaneous)_smile_\d+", re.IGNORECASE)
_AU_COLUMN = re.compile(r"au[ _]?0*(\d+)(?:_r)?", re.IGNORECASE)
_TABLE = {"au-wise": "au", "cross-au": "cross"}


def load_auda(path: str | os.PathLike[str], *, details: str | os.PathLike[str] | None = None,
              labels: Labels = None, features: bool | str | Sequence[str] = False,
              fps: float = 50.0, on_error: str = "warn") -> Bunch:
    """Load the published AUDA package: clips with action units and smile intensity.

    Parameters
    ----------
    path : str or Path
        The zip as it was downloaded, which is read as it is and never unpacked, or the folder that
        it was unpacked to: ``action_units/<video>….txt`` and ``smile_intensities/<video>….txt``,
        at any depth.
    details : str or Path, optional
        UvA-NEMO's file of details, or its folder: subject codes, genders, ages and, where the fold
        lists are there, the published folds. Where it is not given, such files are looked for
        beside the zip, or in the folder itself. Without them the subject of a video is the number
        that its name begins with, and there are no folds.
    labels : str, Path, DataFrame or mapping, optional
        See `load_openface`; it takes the place of names and details.
    features : bool or sequence of {"frame", "au", "cross"}, default=False
        Read the published features too: all of them, or these levels.
    fps : float, default=50.0
        Frame rate of the videos in Hz.
    on_error : {"warn", "raise", "skip"}, default="warn"
        What to do about what is missing, not to be read or inconsistent: leave it out and list all
        in one warning, raise one error that lists all, or leave it out and list it in `failures`.

    Returns
    -------
    Bunch
        `data` : list of Clip with `aus` and `smile`; `name` is the video
        `target` : array of shape (n_clips,), 0 posed, 1 spontaneous
        `groups` : array of subjects
        `folds` : PredefinedSplit, or None
        `metadata` : DataFrame with `video` and, by the details, `gender` and `age`
        `features` : with `features`, a Bunch. `au` and `cross`: by phase ("onset", "apex",
        "offset", "smile", "sequence") a DataFrame with a row a clip, NaN where a file is missing.
        `frame`: a list of DataFrame of shape (T, 154). Else None.
        `filenames`, `target_names`, `failures`, `DESCR` : see `findings.labelled_bunch`

    Raises
    ------
    FileNotFoundError
        There is nothing at that path, or there are no details where they should be.
    ValueError
        The zip is cut off or encrypted, it is no such package, a subject is in two folds, nothing
        is left, or anything is wrong and `on_error` is "raise".

    Notes
    -----
    Columns of the feature tables are named after the package's own description. They are not those
    of `AUDA`: only columns of the same name are the same quantity. Frame-wise features are; their
    slopes may be a frame and not a second.

    References
    ----------
    Kawulok, Nalepa, Kawulok & Smolka (2021), Dynamics of facial actions for assessing smile
    genuineness, PLoS ONE 16(1), doi:10.1371/journal.pone.0244647. Data: doi:10.7910/DVN/X5QGLA.

    Examples
    --------
    >>> from smilegenuine import AUDA
    >>> from smilegenuine.datasets import load_auda
    >>> smiles = load_auda("auda.zip", features=["au"])  # doctest: +SKIP
    >>> ours = AUDA(phases=("sequence",)).set_output(transform="pandas")  # doctest: +SKIP
    >>> ours = ours.fit_transform(smiles.data)  # doctest: +SKIP
    >>> published = smiles.features.au.sequence  # doctest: +SKIP
    >>> same = published.columns.intersection(ours.columns)  # doctest: +SKIP
    >>> float((published[same] - ours[same]).abs().max().max())  # doctest: +SKIP
    """
    levels = _levels(features)
    findings = Findings("AUDA package", Path(path).expanduser(), on_error)
    with open_archive(findings, lambda place: bool(_what(place))) as archive:
        contents = _Contents(archive, findings)
        clips = contents.clips(fps)
        listing, subjects = rows_of_videos(list(clips), details, labels, findings)
        rows = pd.DataFrame([{**row, "clip": clips[row["video"]]} for row in listing])
        videos = {row["video"]: clips[row["video"]] for row in listing}
        published = contents.features(videos, levels) if levels else None
    bunch = labelled_bunch(rows, findings, descr=_DESCR.format(fps=fps, subjects=subjects),
                           target_names=KINDS)
    bunch.features = published
    return bunch


def _levels(features: Any) -> tuple[str, ...]:
    if isinstance(features, bool):
        return LEVELS if features else ()
    levels = (features,) if isinstance(features, str) else tuple(features)
    if any(level not in LEVELS for level in levels):
        raise ValueError(f"features must be True, False or some of {', '.join(LEVELS)}, not "
                         f"{features!r}")
    return levels


class _Contents:
    """The files of the package by what they hold and the video that they are of."""

    def __init__(self, archive: Archive, findings: Findings) -> None:
        self.archive, self.findings = archive, findings
        self.files: dict[tuple[str, ...], dict[str, Entry]] = {}
        texts = [(entry, _what(entry.path)) for entry in archive.entries
                 if entry.path.suffix.lower() == ".txt"]
        others = {entry.path.stem for entry, what in texts if len(what) == 2}
        twice: dict[tuple[str, ...], dict[str, list[Entry]]] = {}
        for entry, what in texts:
            video, rest = _video(entry.path.stem, others)
            if what == ("dynamics",):
                what = (*what, rest.removeprefix("_").lower())
            if what and not (what[0] == "dynamics" and what[1] not in DYNAMICS):
                twice.setdefault(what, {}).setdefault(video, []).append(entry)
        for what, videos in twice.items():
            self.files[what] = {}
            for video, entries in videos.items():
                self.files[what][video] = entries[0]
                if len(entries) > 1:
                    paths = " and ".join(str(entry.path) for entry in entries)
                    findings.wrong(f"{_described(what)} there twice, and not used (keep one)",
                                   video, f"{video} in {paths}")
                    del self.files[what][video]
        if not {(_AUS,), (_SMILE,)} & set(self.files):
            raise ValueError(_no_package(archive, findings))

    def clips(self, fps: float) -> dict[str, Clip]:
        """Read action units and smile intensities."""
        aus, smiles = self.files.get((_AUS,), {}), self.files.get((_SMILE,), {})
        clips = {}
        for video in sorted({*aus, *smiles}, key=natural_key):
            if video not in aus or video not in smiles:
                has, lacks = (_SMILE, _AUS) if video not in aus else (_AUS, _SMILE)
                self.findings.wrong(f"with {has}, but without {lacks}", video, missing=True)
                continue
            try:
                clips[video] = self._clip(video, aus[video], smiles[video], fps)
            except (ClipError, OSError) as error:
                self.findings.wrong("not to be read", video, str(error))
        return clips

    def _clip(self, video: str, aus_file: Entry, smile_file: Entry, fps: float) -> Clip:
        aus = self._action_units(aus_file)
        smile = self._numbers(smile_file)[1]
        if 1 not in smile.shape:
            raise ClipError(str(smile_file.path), f"has {smile.shape[1]} values in a line, and one "
                            "is needed")
        smile = smile.ravel()
        if len(smile) != len(aus):
            raise ClipError(video, f"has {len(aus)} frames of {_AUS} and {len(smile)} of {_SMILE}")
        known = np.isfinite(aus).all(axis=1) & np.isfinite(smile)
        if not known.any():
            raise ClipError(video, "no frame has both numbers; is one of the files empty?")
        if not known.all():
            self.findings.wrong("with cells that are no numbers, whose frames are not valid", video,
                                f"{video} ({(~known).sum()} of {len(known)} frames)")
        return Clip(aus=aus, smile=smile, valid=None if known.all() else known, fps=fps, name=video)

    def _action_units(self, file: Entry) -> np.ndarray:
        """Read a table with the 17 action units, (T, 17) in OpenFace's order."""
        header, values = self._numbers(file)
        place = {f"AU{int(unit[1]):02d}": k for k, name in enumerate(header)
                 if (unit := _AU_COLUMN.fullmatch(name))}
        missing = [au for au in AU_NAMES if au not in place]
        if missing:
            raise ClipError(str(file.path), f"no column {', '.join(missing)}; the first line must "
                            "name the 17 action units")
        return values[:, [place[au] for au in AU_NAMES]]

    def _numbers(self, file: Entry) -> tuple[list[str], np.ndarray]:
        return read_numbers(self.archive.read(file), str(file.path))

    # -- features -------------------------------------------------------------------------------

    def features(self, videos: Mapping[str, Clip], levels: Sequence[str]) -> Bunch:
        """Read the published features of these videos."""
        tables: dict[str, dict[str, np.ndarray]] = {}
        for (level, phase), files in self._tables(levels).items():
            tables.setdefault(level, {})[phase] = np.array(
                [self._vector(video, files.get(video), level, phase) for video in videos])
        named, fits = name_columns(tables, [np.asarray(clip.aus) for clip in videos.values()])
        if not fits:
            warnings.warn(
                f"{self.findings.root}: the feature tables do not have the columns that the "
                "package's description lists, nor those of AUDA: the mean of the action units is "
                "not where it should be. Columns are numbered", stacklevel=3)
        features = Bunch(**{level: Bunch(**phases) for level, phases in named.items()})
        if "frame" in levels:
            features["frame"] = [self._frames(video, clip) for video, clip in videos.items()]
        return features

    def _tables(self, levels: Sequence[str]) -> dict[tuple[str, str], dict[str, Entry]]:
        return {(level, phase): self.files[level, phase] for level in N_FEATURES
                for phase in PHASES.values() if level in levels and self.files.get((level, phase))}

    def _vector(self, video: str, file: Entry | None, level: str, phase: str) -> np.ndarray:
        """Return a line of features."""
        n = N_FEATURES[level]

        def read(file: Entry) -> np.ndarray:
            values = self._numbers(file)[1]
            if values.shape != (1, n):
                raise ClipError(str(file.path), f"has {values.shape[0]} lines of "
                                f"{values.shape[1]} numbers, and one of {n} is needed")
            return values[0]

        return self._values(video, file, read, (n,), _described((level, phase)))

    def _values(self, video: str, file: Entry | None, read: Callable[[Entry], np.ndarray],
                shape: tuple[int, ...], what: str) -> np.ndarray:
        """Read a file; NaN, and a note, where it is not there or cannot be read."""
        try:
            if file is not None:
                return read(file)
            self.findings.wrong(f"without {what}, which are NaN", video, missing=True)
        except (ClipError, OSError) as error:
            self.findings.wrong(f"{what} not to be read, which are NaN", video, str(error))
        return np.full(shape, np.nan)

    def _frames(self, video: str, clip: Clip) -> pd.DataFrame:
        """Return the frame-wise features of a video, named and ordered as AUDA does."""
        parts = [np.asarray(clip.aus)]
        for which in DYNAMICS:
            file = self.files.get(("dynamics", which), {}).get(video)
            parts.append(self._dynamics(video, file, len(parts[0]), which))
        names = [*AU_NAMES, *(f"{au}_{kind}" for kind in DYNAMICS.values() for au in AU_NAMES)]
        table = pd.DataFrame(np.hstack(parts), columns=names)
        table["smile"] = np.asarray(clip.smile)
        return table

    def _dynamics(self, video: str, file: Entry | None, n: int, which: str) -> np.ndarray:
        """Return one kind of slopes of the action units, (n, 17)."""
        def read(file: Entry) -> np.ndarray:
            values = self._action_units(file)
            if len(values) != n:
                raise ClipError(str(file.path), f"has {len(values)} frames, and the video {n}")
            return values

        return self._values(video, file, read, (n, len(AU_NAMES)), f"dynamics {which}")


# -- names and numbers --------------------------------------------------------------------------

def _what(path: PurePosixPath) -> tuple[str, ...]:
    """Return what a file holds, by the folders it is in; () for none of the package's."""
    folders = [part.lower().replace("_", " ") for part in path.parts[:-1]]
    if folders[-1:] in ([_AUS], [_SMILE], ["dynamics"]):
        return (folders[-1],)
    if folders[-2:-1] == ["features"]:
        level, _, phase = folders[-1].partition(" ")
        if level in _TABLE and phase in PHASES:
            return _TABLE[level], PHASES[phase]
    return ()


def _video(stem: str, others: set[str]) -> tuple[str, str]:
    """Return the video that a file is of, and the rest of its name."""
    named = _VIDEO.match(stem)
    video = named[0] if named else max((name for name in others if stem.startswith(name)),
                                       key=len, default=stem)
    return video, stem[len(video):]


def _described(what: tuple[str, ...]) -> str:
    if what[0] in N_FEATURES:
        return f"{'AU-wise' if what[0] == 'au' else 'cross-AU'} features of the {what[1]}"
    return " ".join(what)


def _no_package(archive: Archive, findings: Findings) -> str:
    zips = [str(entry.path) for entry in archive.entries if entry.path.suffix.lower() == ".zip"]
    inside = f". There are further zips in it ({', '.join(zips[:10])}): give one of them, unpacked"
    return (f"{findings.root}: is no AUDA package; there is no text file in a folder action_units "
            f"or smile_intensities{inside if zips else ''}")


def read_numbers(data: bytes, name: str) -> tuple[list[str], np.ndarray]:
    """Read numbers that commas separate.

    Parameters
    ----------
    data : bytes
        Of the file. The first line may name the columns.
    name : str
        Used in messages.

    Returns
    -------
    header : list of str
        Empty where there is none.
    values : array of shape (n_lines, n_columns)
        NaN for cells that are no numbers.

    Raises
    ------
    ClipError
        It is empty, or its lines differ in length.
    """
    lines = [line.strip().rstrip(",") for line in data.decode("utf-8-sig", "replace").splitlines()]
    lines = [line for line in lines if line]
    if not lines:
        raise ClipError(name, "the file is empty")
    header = [cell.strip() for cell in lines[0].split(",")]
    if 2 * sum(cell.lower() != "nan" and np.isnan(_number(cell)) for cell in header) <= len(header):
        header = []  # most are numbers
    body = lines[1:] if header else lines
    if not body:
        raise ClipError(name, "has a header and no values")
    n = lines[0].count(",")
    for i, line in enumerate(lines):
        if line.count(",") != n:
            raise ClipError(name, f"line {i + 1} has {line.count(',') + 1} cells, and {n + 1} are "
                            "needed; is it cut off?")
    try:
        return header, np.loadtxt(body, delimiter=",", ndmin=2)
    except ValueError:
        return header, np.array([[_number(cell) for cell in line.split(",")] for line in body])


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return np.nan
