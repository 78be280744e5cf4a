"""Drawn clips as files: MPEG-4, drawn once however often the run is interrupted or repeated."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
from sklearn.utils import Bunch

from .._version import __version__
from ..clips.record import Clip
from ..clips.video import VideoFrames
from ..running.parallel import in_parallel
from ..running.progress import progress
from .folder_layouts import lay_out

_RECORD = "drawn.json"
_FORMAT = 1
_PART = ".part-"
_REMEDY = "write to another folder, or delete this one"
_MOST_NAMED = 20


def write_clips(bunch: Bunch, folder: Path, *, layout: str = "flat", n_jobs: int | None = None,
                verbose: int | bool = False, settings: Mapping[str, Any] | None = None) -> None:
    """Write the clips of a bunch and read them from there: sets `filenames`, replaces `data`.

    A run that was interrupted goes on where it stopped, and one over a complete folder draws
    nothing. The same clips give the same bytes: no file holds a date.

    Parameters
    ----------
    bunch : Bunch
        From `make_smiles`, with lazy clips of an even size.
    folder : Path
        Made where it is missing.
    layout : {"flat", "uva-nemo"}, default="flat"
        What the files are called and what lies beside them; see `folder_layouts.lay_out`.
    n_jobs : int, optional
        Processes that draw.
    verbose : int or bool, default=False
        Show progress.
    settings : mapping, optional
        All that determines the clips, the seed included, as JSON can hold it. Written as
        `drawn.json`, by which a later run knows that the files there are the clips it would draw.
        None: nobody can know, and whatever is there already is an error.

    Raises
    ------
    ValueError
        No such layout, fields missing that it needs, or a folder that holds other clips or files
        of the same names.
    OSError
        Files cannot be written. What could be is there, and is not drawn again the next time.

    Notes
    -----
    A file that is there is whole: it is written under another name and then renamed. One that is
    there but cut off, or of another length, size or frame rate than its clip, is drawn again;
    damage that leaves these alone is not noticed. Any number of processes may write the same set
    to the same folder.
    """
    folder = Path(folder)
    videos, texts = lay_out(bunch, layout)
    _check_name(folder)
    record = None if settings is None else {
        **settings, "layout": layout, "smilegenuine": __version__, "format": _FORMAT}
    _check_folder(folder, [*videos, *texts], record)
    for name in (_RECORD, *videos, *texts):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
    if record is not None:  # before any clip, or these would be nobody's
        _write_text(folder / _RECORD, _as_json(record))
    files = [folder / video for video in videos]
    _write_missing(bunch.data, files, n_jobs, verbose)
    for name, text in texts.items():
        _write_text(folder / name, text)
    _remove_leftovers({*files, *(folder / name for name in (_RECORD, *texts))})
    bunch.filenames = [str(file) for file in files]
    bunch.data = [Clip(frames=VideoFrames(file), subject=clip.subject)
                  for clip, file in zip(bunch.data, files, strict=True)]


# -- whose files are there ----------------------------------------------------------------------

def _check_name(folder: Path) -> None:
    try:
        str(folder).encode("utf-8")
    except UnicodeEncodeError:
        # OpenCV would take the whole process down.
        raise ValueError(f"{str(folder)!r}: the name is not valid UTF-8, and OpenCV cannot write "
                         "there; take another folder") from None


def _check_folder(folder: Path, names: list[str], record: dict[str, Any] | None) -> None:
    """Raise a ValueError where files are in the way that are not of the same set of clips."""
    if not (folder / _RECORD).exists():
        present = [name for name in names if (folder / name).exists()]
        if present:
            raise ValueError(f"{folder}: {present[0]}{_and_more(present)} there already, and "
                             f"nothing says that this would be the same; {_REMEDY}")
        return
    if record is None:
        raise ValueError(f"{folder}: holds drawn clips already, and without a random_state these "
                         f"would be others; {_REMEDY}")
    try:
        settings = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
        if not isinstance(settings, dict):
            raise ValueError("no settings in it")
    except ValueError as error:
        raise ValueError(f"{folder}: {_RECORD} cannot be read ({error}); {_REMEDY}") from None
    wanted = json.loads(_as_json(record))
    differ = [f"{key} is {_as_text(settings, key)}, not {_as_text(wanted, key)}"
              for key in dict.fromkeys([*wanted, *settings])
              if key not in settings or key not in wanted or settings[key] != wanted[key]]
    if differ:
        raise ValueError(f"{folder}: holds clips that were drawn with other settings "
                         f"({'; '.join(differ)}); {_REMEDY}")


def _and_more(names: list[str]) -> str:
    return " is" if len(names) == 1 else f" and {len(names) - 1} more are"


def _as_text(settings: dict[str, Any], key: str) -> str:
    return json.dumps(settings[key], ensure_ascii=False) if key in settings else "not given"


def _as_json(record: dict[str, Any]) -> str:
    def plain(value: Any) -> Any:
        if hasattr(value, "tolist"):  # of NumPy
            return value.tolist()
        raise TypeError(f"settings must be what JSON can hold, not {value!r}")

    return json.dumps(record, default=plain, ensure_ascii=False, indent=1) + "\n"


# -- writing ------------------------------------------------------------------------------------

def _write_missing(clips: list[Clip], files: list[Path], n_jobs: int | None, verbose: int | bool
                   ) -> None:
    """Write the clips that are not there; raise an OSError for those that cannot be."""
    missing = [(clip, file) for clip, file in zip(clips, files, strict=True)
               if not _is_whole(file, clip.frames, clip.fps)]
    jobs = ((clip.frames, clip.fps, file) for clip, file in missing)
    threads = cv2.getNumThreads()
    try:
        written = in_parallel(_write_clip, jobs, n_jobs=n_jobs)
        results = list(progress(written, total=len(missing), verbose=verbose, name="drawing"))
    finally:
        cv2.setNumThreads(threads)
    failures = [f"{file}: {reason}"
                for (_, file), reason in zip(missing, results, strict=True) if reason]
    if failures:
        more = "; …" if len(failures) > _MOST_NAMED else ""
        raise OSError(f"{len(failures)} of {len(files)} clips could not be written: "
                      + "; ".join(failures[:_MOST_NAMED]) + more)


def _write_clip(frames: Any, fps: float, file: Path) -> str | None:
    """Draw and write a clip; return what went wrong, or None."""
    cv2.setNumThreads(1)
    if _is_whole(file, frames, fps):  # another process was quicker
        return None
    part = _part(file)
    try:
        _encode(frames, fps, part)
        if not _is_whole(part, frames, fps):  # the encoder reports no errors
            raise OSError("what was written is cut off; is the disk full?")
        part.replace(file)
    except (OSError, cv2.error) as error:
        # Another process may have written it meanwhile, and have tidied up.
        return None if _is_whole(file, frames, fps) else str(error)
    finally:
        part.unlink(missing_ok=True)
    return None


def _encode(frames: Any, fps: float, file: Path) -> None:
    codec = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(file), cv2.CAP_FFMPEG, codec, fps, (frames.size, frames.size))
    try:
        if not writer.isOpened():
            raise OSError("OpenCV cannot write MPEG-4 here; leave `folder` out")
        for frame in frames:
            writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    finally:
        writer.release()


def _is_whole(file: Path, frames: Any, fps: float) -> bool:
    """Return whether there is a video of as many frames, of their size and rate; by its index."""
    try:
        if not file.stat().st_size:
            return False
    except FileNotFoundError:
        return False
    # A file that was cut off has no index, which lies behind the pictures, and is not opened.
    capture = cv2.VideoCapture(str(file), cv2.CAP_FFMPEG)
    try:
        n, width, height, rate = (capture.get(prop) for prop in (
            cv2.CAP_PROP_FRAME_COUNT, cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT,
            cv2.CAP_PROP_FPS))
    finally:
        capture.release()
    return ((n, width, height) == (len(frames), frames.size, frames.size)
            and abs(rate / fps - 1.0) < 0.01)  # rates are kept to a thousandth of a frame a second


def _part(file: Path) -> Path:
    return file.with_name(f"{_PART}{os.getpid()}-{file.name}")


def _write_text(file: Path, text: str) -> None:
    data = text.encode("utf-8")
    if file.exists() and file.read_bytes() == data:
        return
    part = _part(file)
    try:
        part.write_bytes(data)
        part.replace(file)
    except FileNotFoundError:
        if not file.exists():  # else another process was quicker, and has tidied up
            raise
    finally:
        part.unlink(missing_ok=True)


def _remove_leftovers(files: set[Path]) -> None:
    """Remove what interrupted runs left of files, all of which are whole by now.

    It may be what another process is writing this moment: that one then finds the whole file.
    """
    for place in {file.parent for file in files}:
        for part in place.glob(f"{_PART}*-*"):
            if part.with_name(part.name.removeprefix(_PART).partition("-")[2]) in files:
                with contextlib.suppress(OSError):  # it can be open, where that matters
                    part.unlink()
