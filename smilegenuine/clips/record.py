"""`Clip`, the one record that travels through the package, and `as_clips`, the one door to it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .au_table import AU_NAMES, read_au_table
from .errors import ClipError
from .fields import MEASURED, SHAPES, SIGNALS, check_shape, checked_signal
from .stored_arrays import StoredArray, StoredField, stored_field
from .video import ArrayFrames, FrameSource, VideoFrames, open_frames

#: Assumed (with a warning) for arrays, tables and images that carry no timing: the rate of
#: UvA-NEMO, for which the published window lengths are stated.
DEFAULT_FPS = 50.0

# What messages call something that has no name; in a list, its place is said instead.
_UNNAMED = "clip without a name"
_NO_NAMES = frozenset({"array", "table", _UNNAMED})


class _Lazy(StoredField):
    """A dataclass field that is worked out when it is asked for and was not given.

    Descriptor-typed fields are the dataclass module's own way to do this: `__init__` stores through
    `__set__`, and `__get__` on the class is the default.
    """

    def __init__(self, resolver: str) -> None:
        self.resolver = resolver

    def __get__(self, clip: Clip | None, owner: type | None = None) -> Any:
        value = super().__get__(clip, owner)
        return getattr(clip, self.resolver)() if value is None and clip is not None else value


@dataclass(frozen=True, eq=False, repr=False)
class Clip:
    """One recording of one person, and what is known about it so far.

    Every field is optional. Steps of a pipeline never change a clip; they return a copy that knows
    more (`replace`). Arrays are stored as read-only views.

    Parameters
    ----------
    frames : FrameSource, path or array of shape (T, H, W[, 3 or 4]), optional
        The pictures, uint8 RGB when iterated, decoded only then. See `smilegenuine.clips.video`.
    times : array of shape (T,), optional
        Seconds, strictly increasing. Where it is not given, the frame source is asked (for a
        video that is one pass through the file, made when `times` is first read), then `fps`.
    fps : float, optional
        Frame rate in Hz. Where it is not given: from `times`, else from the frame source. Given
        for a video, it takes the place of the timestamps in the file, which may be wrong (slow
        motion, a re-encoded recording).
    name : str, optional
        Where it is not given, the path of the frame source. Messages call the clip by it.
    subject : str, optional
        Who is recorded; folds are grouped by it.
    faces : array of shape (T, h, w, 3), uint8, optional
        Aligned face chips, eyes level. Floating within 0 to 1 is taken times 255.
    landmarks : array of shape (T, 478, 3), optional
        MediaPipe's face-mesh points: x to the right, y down and z away from the camera, in pixels.
        Frames with NaN count as invalid, as they do of `aus` and what else is measured.
    aus : array of shape (T, 17), optional
        Action-unit intensities 0–5 in the order of `AU_NAMES`.
    smile : array of shape (T,), optional
        Smile intensity, in any unit.
    valid : array of shape (T,), bool, optional
        Frames that could be measured. None: nothing is known to be missing.
    blendshapes : array of shape (T, 52), optional
        MediaPipe's, 0 to 1, in the order of `smilegenuine.face.blendshapes.BLENDSHAPE_NAMES`.
    head_pose : array of shape (T, 4, 4), optional
        From the coordinates of a model head to the camera's, in centimetres; see
        `smilegenuine.face.head_pose.head_angles`.

    Raises
    ------
    ClipError
        Fields of different lengths or of the wrong shape, times that do not increase, an action
        unit that is NaN throughout.

    Examples
    --------
    >>> import numpy as np
    >>> from smilegenuine import Clip
    >>> clip = Clip(aus=np.zeros((100, 17)), fps=25, subject="s01")
    >>> clip.n_frames, float(clip.times[-1])
    (100, 3.96)
    >>> clip.replace(smile=np.linspace(0, 1, 100))
    Clip(subject='s01', n_frames=100, fps=25, aus=(100, 17), smile=(100,))
    """

    frames: FrameSource | None = None
    times: Any = _Lazy("_find_times")
    fps: Any = _Lazy("_find_fps")
    name: str | None = None
    subject: str | None = None
    faces: np.ndarray | None = stored_field()
    landmarks: np.ndarray | None = stored_field()
    aus: np.ndarray | None = None
    smile: np.ndarray | None = None
    valid: np.ndarray | None = None
    blendshapes: np.ndarray | None = None
    head_pose: np.ndarray | None = None

    def __post_init__(self) -> None:
        store = self.__dict__
        if self.frames is not None:
            store["frames"] = _as_source(self.frames, self.name)
            store["name"] = store["frames"].name if self.name is None else self.name
        for field in ("name", "subject"):
            if store[field] is not None:
                store[field] = str(store[field])
        self._check_timing()
        self._check_signals()

    def _check_timing(self) -> None:
        store = self.__dict__
        if store["fps"] is not None:
            try:
                fps = float(store["fps"])
            except (TypeError, ValueError):
                fps = np.nan
            if not (np.isfinite(fps) and fps > 0):
                raise ClipError(self.label, f"fps must be a positive number of frames a second, "
                                f"not {store['fps']!r}")
            store["fps"] = fps
        if store["times"] is not None:
            try:
                times = np.asarray(store["times"], dtype=float)
            except (TypeError, ValueError):
                times = np.array(np.nan)
            if (times.ndim != 1 or not times.size or not np.isfinite(times).all()
                    or not (np.diff(times) > 0).all()):
                raise ClipError(self.label, "times must be (T,) seconds, finite and strictly "
                                "increasing")
            if store["fps"] is not None and len(times) > 1:
                rate = 1.0 / float(np.median(np.diff(times)))
                if not 0.9 < rate / store["fps"] < 1.1:
                    raise ClipError(self.label, f"times are at {rate:.4g} Hz but fps is "
                                    f"{store['fps']:g}; give one of the two, times in seconds")
            store["times"] = _read_only(times)

    def _check_signals(self) -> None:
        store = self.__dict__
        for field in SIGNALS:
            if isinstance(store[field], StoredArray):  # its content was checked when it was stored
                check_shape(field, store[field], self.label)
            elif store[field] is not None:
                store[field] = _read_only(checked_signal(field, store[field], self.label))
        for field in MEASURED:
            # What is stored was marked before, in the `valid` that is kept with it.
            if store[field] is not None and not isinstance(store[field], StoredArray):
                self._mark_missing(field)
        self._check_lengths()

    def _check_lengths(self, times: np.ndarray | None = None) -> None:
        """Raise unless all that is known of the clip's length, with `times`, is one number."""
        lengths = self._lengths() | ({} if times is None else {"times": len(times)})
        if len(set(lengths.values())) > 1:
            parts = ", ".join(f"{f} has {n}" for f, n in lengths.items())
            raise ClipError(self.label, f"fields differ in their number of frames: {parts}")

    def _mark_missing(self, field: str) -> None:
        store = self.__dict__
        bad = ~np.isfinite(store[field])
        if not bad.any():
            return
        empty = bad.all(axis=0)
        if field == "aus" and empty.any() and not empty.all():
            names = ", ".join(au for au, e in zip(AU_NAMES, empty, strict=True) if e)
            raise ClipError(self.label, f"{names} is NaN in every frame; measure it or leave `aus` "
                            "out")
        known = np.ones(len(bad), bool) if store["valid"] is None else store["valid"]
        if len(known) == len(bad):
            store["valid"] = _read_only(known & ~bad.reshape(len(bad), -1).any(axis=1))

    # -- what follows from the fields ---------------------------------------------------------

    def _find_fps(self) -> float | None:
        times = self.__dict__.get("times")
        if times is not None and len(times) > 1:
            return float(1.0 / np.median(np.diff(times)))
        return None if self.frames is None else self.frames.fps

    def _find_times(self) -> np.ndarray | None:
        """Times where none were given; see `smilegenuine.clips.frame_times`."""
        source = None if self.frames is None else self.frames.times
        if source is not None:
            self._check_lengths(source)
            if self.__dict__["fps"] is None:
                return _read_only(np.asarray(source, dtype=float))
        n = self._known_length() if source is None else len(source)
        fps = self.fps
        return None if n is None or fps is None else _read_only(np.arange(n) / fps)

    def _lengths(self) -> dict[str, int]:
        """Numbers of frames by the fields that tell one."""
        known = {f: self.__dict__[f] for f in (*SIGNALS, "times")}
        known["frames"] = self.frames if hasattr(self.frames, "__len__") else None
        return {f: len(v) for f, v in known.items() if v is not None}

    def _known_length(self) -> int | None:
        return next(iter(self._lengths().values()), None)

    @property
    def n_frames(self) -> int | None:
        """Number of frames; for a video that was not read yet, this reads it once."""
        n = self._known_length()
        return len(self.times) if n is None and self.times is not None else n

    @property
    def label(self) -> str:
        """What messages call the clip."""
        return self.name or (f"clip of {self.subject}" if self.subject else _UNNAMED)

    @property
    def mask(self) -> np.ndarray:
        """(T,) bool: `valid`, or all True where nothing is known to be missing."""
        return np.ones(self.n_frames or 0, bool) if self.valid is None else self.valid

    def replace(self, **changes: Any) -> Clip:
        """Return a copy with some fields changed; nothing lazy is worked out on the way.

        Parameters
        ----------
        **changes
            Fields of `Clip`.

        Returns
        -------
        Clip
        """
        fields = self.known()
        unknown = sorted(set(changes) - set(fields))
        if unknown:
            raise TypeError(f"Clip has no field {', '.join(unknown)}; its fields are "
                            f"{', '.join(fields)}")
        return Clip(**{**fields, **changes})

    def known(self) -> dict[str, Any]:
        """Return the fields as they are stored; nothing lazy is worked out."""
        return {f: self.__dict__[f]
                for f in ("frames", "name", "subject", *SIGNALS, "times", "fps")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Pickles do not carry that an array is read-only.
        self.__dict__.update({field: _read_only(value) if isinstance(value, np.ndarray) else value
                              for field, value in state.items()})

    def __repr__(self) -> str:
        # Only what is stored: printing a clip must not decode a video.
        parts = [f"{f}={self.__dict__[f]!r}" for f in ("name", "subject")
                 if self.__dict__[f] is not None]
        if self.frames is not None:
            parts.append(f"frames={type(self.frames).__name__}")
        if self._known_length() is not None:
            parts.append(f"n_frames={self._known_length()}")
        if self.__dict__["fps"] is not None:
            parts.append(f"fps={self.__dict__['fps']:g}")
        parts += [f"{f}={self.__dict__[f].shape}" for f in SIGNALS
                  if f != "valid" and self.__dict__[f] is not None]
        if self.valid is not None:
            parts.append(f"valid={int(self.valid.sum())}/{len(self.valid)}")
        return f"Clip({', '.join(parts)})"


def as_clip(item: Any, *, fps: float | None = None) -> Clip:
    """Turn one recording, in any of its forms, into a `Clip`.

    Parameters
    ----------
    item : str, Path, Clip, array or DataFrame
        A path to a video, a folder of images, an image or an OpenFace CSV; a `Clip`; frames of
        shape (T, H, W), (T, H, W, 3) or (T, H, W, 4); action units of shape (T, 17); landmarks of
        shape (T, 478, 3), in pixels; a table with OpenFace's or py-feat's action-unit columns.
    fps : float, optional
        Frame rate in Hz of what carries no timing.

    Returns
    -------
    Clip

    Raises
    ------
    FileNotFoundError, ClipError
        It is not there, or not to be read.
    TypeError
        It is none of the above.
    """
    if isinstance(item, Clip):
        return item
    if isinstance(item, (str, os.PathLike)):
        return _clip_of_path(Path(item), str(item), fps)
    if isinstance(item, pd.DataFrame):
        return _clip_of_table(item, None, fps)
    if isinstance(item, np.ndarray):
        if item.ndim == 2:
            if item.shape[1] != len(AU_NAMES):
                raise ClipError("array", f"a 2-D array is read as action units, (T, "
                                f"{len(AU_NAMES)}) in the order {', '.join(AU_NAMES)}; this one "
                                f"is {item.shape}")
            return Clip(aus=item, fps=fps)
        if item.shape[1:] == SHAPES["landmarks"][1:]:
            return Clip(landmarks=item, fps=fps)
        if item.ndim in (3, 4):
            return Clip(frames=ArrayFrames(item), fps=fps)
        raise ClipError("array", f"an array of shape {item.shape} is neither frames (T, H, W, 3) "
                        f"nor action units (T, {len(AU_NAMES)})")
    if isinstance(item, FrameSource):
        return Clip(frames=item, fps=None if _is_timed(item) else fps)
    raise TypeError(f"cannot make a clip of {type(item).__name__}; give a path, a Clip, frames "
                    "(T, H, W, 3) as one array, action units (T, 17) or an OpenFace-like DataFrame")


def as_clips(X: Iterable[Any], *, fps: float | None = None) -> list[Clip]:
    """Turn a list of recordings into a list of `Clip`: the door that every estimator goes through.

    Parameters
    ----------
    X : list of str, Path, Clip, array or DataFrame
        See `as_clip` for the forms an item may have; they may be mixed.
    fps : float, optional
        Frame rate in Hz of what carries no timing (arrays, image folders, tables without
        `timestamp`). Where it is needed and not given, 50 Hz is assumed, with a warning.

    Returns
    -------
    list of Clip
        Lazy: no video is decoded here. Items that are clips and know their timing are passed on
        as they are.

    Raises
    ------
    FileNotFoundError
        Files are missing; all of them are named.
    TypeError, ClipError
        `X` is one recording and not a list, or an item cannot be understood.
    ValueError
        `X` is empty.

    Examples
    --------
    >>> import numpy as np
    >>> from smilegenuine import as_clips
    >>> as_clips([np.zeros((60, 17)), np.zeros((80, 17))], fps=30)
    [Clip(n_frames=60, fps=30, aus=(60, 17)), Clip(n_frames=80, fps=30, aus=(80, 17))]
    """
    results = open_items(X, fps=fps)
    missing = [str(result) for result in results if isinstance(result, FileNotFoundError)]
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, FileNotFoundError):
            raise result
    if missing:
        raise FileNotFoundError(f"{len(missing)} of {len(results)} clips are missing: "
                                + "; ".join(missing[:20]) + ("; …" if len(missing) > 20 else ""))
    return [result for result in results if isinstance(result, Clip)]


def open_items(X: Any, *, fps: float | None = None) -> list[Clip | Exception]:
    """Turn a list of recordings into clips as `as_clips` does, with an error for each bad item.

    Parameters
    ----------
    X, fps
        See `as_clips`.

    Returns
    -------
    list of Clip, OSError, ClipError or TypeError
        One for each item; errors name the item.

    Raises
    ------
    TypeError, ValueError
        `X` is one recording and not a list, or empty.
    """
    items = listed(X)
    results: list[Clip | Exception] = []
    untimed: list[str] = []
    for i, item in enumerate(items):
        try:
            clip = as_clip(item, fps=fps)
            if not _is_timed(clip.frames) and clip.fps is None:
                if fps is None:
                    untimed.append(clip.name or f"item {i}")
                clip = clip.replace(fps=DEFAULT_FPS if fps is None else fps)
            results.append(clip)
        except (OSError, ClipError, TypeError) as error:
            results.append(_with_index(error, i))
    if untimed:
        warnings.warn(f"{len(untimed)} of {len(items)} clips carry no timing ({untimed[0]}"
                      f"{', …' if len(untimed) > 1 else ''}): {DEFAULT_FPS:g} frames a second are "
                      "assumed. Give as_clips(X, fps=…) or Clip(…, fps=…)", stacklevel=4)
    return results


def _is_timed(source: FrameSource | None) -> bool:
    # A video file always knows its rate; asking it would open every file of a list.
    return isinstance(source, VideoFrames) or (source is not None and source.fps is not None)


def listed(X: Any) -> Sequence[Any]:
    """Return the items of a list of recordings; raise a `TypeError` where it is one recording."""
    if isinstance(X, (str, os.PathLike, Clip, pd.DataFrame, FrameSource, Mapping)):
        raise TypeError(f"X must be a list of recordings; for a single one write [X] (X is a "
                        f"{type(X).__name__})")
    if isinstance(X, np.ndarray) and X.dtype.kind not in "OUS" and X.ndim in (2, 4):
        raise TypeError(f"X is one array of shape {X.shape}, that is one recording; for a single "
                        "one write [X]")
    try:
        items = list(X)
    except TypeError:
        raise TypeError(f"X must be a list of recordings, not {type(X).__name__}") from None
    if not items:
        raise ValueError("X is empty: no clips")
    return items


def _with_index(error: Exception, i: int) -> Exception:
    """The error, with the item's place in the list where nothing else says which one it is."""
    if isinstance(error, ClipError) and error.clip in _NO_NAMES:
        return type(error)(f"item {i}", error.problem)
    if isinstance(error, TypeError):
        return TypeError(f"item {i}: {error}")
    return error


def _clip_of_path(path: Path, name: str, fps: float | None) -> Clip:
    if path.suffix.lower() != ".csv":
        return Clip(frames=open_frames(path, fps), name=name)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file")
    return read_csv_clip(path, fps=fps)


def read_csv_clip(path: str | os.PathLike[str], *, fps: float | None = None) -> Clip:
    """Read an OpenFace `FeatureExtraction` CSV (or one with py-feat's columns) as a clip.

    Parameters
    ----------
    path : str or Path
        The file.
    fps : float, optional
        Frame rate in Hz, where the file has no timestamps.

    Returns
    -------
    Clip
        With `aus`, `valid` and, where the file has timestamps, `times`.

    Raises
    ------
    ClipError
        Not a CSV, no rows, or action units missing.
    """
    try:
        # Rows that end in a comma more would shift all columns.
        frame = pd.read_csv(path, skipinitialspace=True, index_col=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ClipError(str(path), f"cannot be read as a CSV ({error})") from None
    return _clip_of_table(frame, str(path), fps)


def _clip_of_table(frame: pd.DataFrame, name: str | None, fps: float | None) -> Clip:
    aus, times, valid = read_au_table(frame, name or "table")
    return Clip(aus=aus, times=times, fps=fps if times is None else None, valid=valid, name=name)


def _as_source(frames: Any, name: str | None) -> FrameSource:
    if isinstance(frames, (str, os.PathLike)):
        return open_frames(frames)
    if isinstance(frames, np.ndarray):
        return ArrayFrames(frames, name)
    if isinstance(frames, FrameSource):
        return frames
    if isinstance(frames, Sequence) and len(frames):
        pictures = [np.asarray(frame) for frame in frames]
        if len({picture.shape for picture in pictures}) > 1:
            raise ClipError(name or _UNNAMED, "the pictures in frames differ in their shape")
        return ArrayFrames(np.stack(pictures), name)
    raise ClipError(name or _UNNAMED, f"frames must be a path, an array (T, H, W, 3) or a frame "
                    f"source, not {type(frames).__name__}")


def _read_only(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view
