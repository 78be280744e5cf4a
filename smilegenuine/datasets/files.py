"""Drawn clips as files: MPEG-4 and a table of labels."""

from __future__ import annotations

from pathlib import Path

import cv2
import joblib
from sklearn.utils import Bunch

from ..clip import Clip
from ..progress import progress
from ..video import VideoFrames


def write_clips(bunch: Bunch, folder: Path, *, n_jobs: int | None = None,
                verbose: int | bool = False) -> None:
    """Write the clips of a bunch and read them from there: sets `filenames`, replaces `data`.

    Parameters
    ----------
    bunch : Bunch
        From `make_smiles`, with lazy clips.
    folder : Path
        Made where it is missing.
    n_jobs : int, optional
        Processes that draw.
    verbose : int or bool, default=False
        Show progress.

    Raises
    ------
    OSError
        The files cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{clip.name}.mp4" for clip in bunch.data]
    jobs = (joblib.delayed(_write_one)(clip, file)
            for clip, file in zip(bunch.data, files, strict=True))
    written = joblib.Parallel(n_jobs=n_jobs, return_as="generator")(jobs)
    for _ in progress(written, total=len(files), verbose=verbose, name="drawing"):
        pass
    bunch.filenames = [str(file) for file in files]
    bunch.data = [Clip(frames=VideoFrames(file), subject=clip.subject)
                  for clip, file in zip(bunch.data, files, strict=True)]
    rows = [f"{file.name},{bunch.target_names[y]},{s}"
            for file, y, s in zip(files, bunch.target, bunch.groups, strict=True)]
    (folder / "labels.csv").write_text("\n".join(["path,label,subject", *rows]) + "\n",
                                       encoding="utf-8")


def _write_one(clip: Clip, file: Path) -> None:
    """Write under another name first, so that a file that is there is a whole one."""
    part = file.with_name(f".part-{file.name}")
    size = clip.frames.size  # type: ignore[union-attr]
    codec = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(part), cv2.CAP_FFMPEG, codec, clip.fps, (size, size))
    try:
        if not writer.isOpened():
            raise OSError(f"{file}: OpenCV cannot write MPEG-4 here; leave `folder` out")
        for frame in clip.frames:  # type: ignore[union-attr]
            writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        writer.release()
        part.replace(file)
    finally:
        writer.release()
        part.unlink(missing_ok=True)
