"""Recordings whose landmarks lie in `.npy` files, an array a recording."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

from ..clips.errors import ClipError
from ..clips.fields import SHAPES
from ..clips.record import Clip
from ..clips.stored_arrays import StoredArray, array_digest
from .findings import Findings, labelled_bunch
from .labelled_files import Labels, labelled_files, with_clips

_DESCR = """\
Landmarks of MediaPipe's face mesh

(T, 478, 3) in pixels, an array a recording, from {root}."""

_N_POINTS, _N_AXES = 478, 3
# No face is so near the corner of a picture, and so small.
_LEAST_PIXELS = 2.0


def load_landmarks(folder: str | os.PathLike[str], *, labels: Labels = None,
                   fps: float | None = None, on_error: str = "warn") -> Bunch:
    """Load a folder of `.npy` files with the landmarks of a face, a file a recording.

    Arrays of shape (T, 478, 3), of any floating type or whole numbers: the points of MediaPipe's
    face mesh in pixels, x to the right, y down and z away from the camera. MediaPipe itself gives
    shares of the picture instead, 0 to 1; files that hold those are refused, as distances in them
    depend on the picture's shape. Frames with NaN are not valid.

    Each file is read once, to see what is in it; arrays in single or double precision are then left
    on the disk, and looked up there when they are needed. The files must stay where they are.

    Parameters
    ----------
    folder : str or Path
        A folder of `.npy` files (with all below it), or one of them.
    labels : str, Path, DataFrame or mapping, optional
        See `load_openface`. Where it is not given: `labels.csv` in the folder, else folders with
        names such as posed and spontaneous, and in these one for each subject.
    fps : float, optional
        Frame rate in Hz. Arrays carry no timing: 50 Hz is assumed, with a warning, where it is
        needed and not given.
    on_error : {"warn", "raise", "skip"}, default="warn"
        What to do about files that are not to be read or hold something else, a file without a
        label or a label without a file: leave it out and list all in one warning, raise one error
        that lists all, or leave it out and list it in `failures`.

    Returns
    -------
    Bunch
        `data` : list of Clip with `landmarks`, `valid` where frames are missing, and `fps`; `name`
        is the path
        `target`, `target_names`, `groups`, `folds`, `metadata`, `filenames`, `failures`, `DESCR` :
        see `load_openface`

    Raises
    ------
    FileNotFoundError
        There is nothing at that path, or no `.npy` file in the folder.
    ValueError
        The labels cannot be read, a subject is in two folds, nothing is left, or anything is wrong
        and `on_error` is "raise".

    Examples
    --------
    >>> from smilegenuine.datasets import load_landmarks
    >>> smiles = load_landmarks("meshes/", fps=50)  # doctest: +SKIP
    """
    findings = Findings("landmark files", Path(folder).expanduser(), on_error)
    rows, names = labelled_files(findings, ".npy", labels,
                                 "write arrays of shape (T, 478, 3) into it with numpy.save")
    return labelled_bunch(with_clips(rows, findings, lambda path: _clip(path, fps)), findings,
                          descr=_DESCR.format(root=findings.root), target_names=names)


def _clip(path: Path, fps: float | None) -> Clip:
    landmarks = _opened(path)
    known = np.isfinite(landmarks).all(axis=(1, 2))
    if not known.any():
        raise ClipError(str(path), "no frame has landmarks; was a face in view?")
    if np.abs(landmarks[known, :, :2]).max() <= _LEAST_PIXELS:
        raise ClipError(str(path), "the landmarks are shares of the picture, 0 to 1, as MediaPipe "
                        "gives them: multiply x and z by its width and y by its height, in pixels")
    points: np.ndarray | StoredArray
    if landmarks.dtype in (np.float32, np.float64):
        points = StoredArray(path.absolute(), landmarks.shape, str(landmarks.dtype),
                             array_digest(landmarks))
    else:  # what networks do not take, or too coarse to compute in
        points = landmarks.astype(np.float32)
    return Clip(landmarks=points, valid=None if known.all() else known, fps=fps,  # type: ignore[arg-type]
                name=str(path))


def _opened(path: Path) -> np.ndarray:
    """Map the array in a file; raise a ClipError where it is not what it should be."""
    if not path.stat().st_size:
        raise ClipError(str(path), "the file is empty; write it anew")
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ClipError(str(path), f"is cut off, or no array of numbers that numpy.save has "
                        f"written ({error}); write it anew") from None
    if not isinstance(array, np.ndarray):  # numpy.savez has written it
        array.close()
        raise ClipError(str(path), "holds several arrays; write one a file with numpy.save")
    if array.dtype.kind not in "fiu":
        raise ClipError(str(path), f"holds {array.dtype}, and landmarks are numbers")
    if array.ndim != len(SHAPES["landmarks"]) or array.shape[1:] != SHAPES["landmarks"][1:]:
        raise ClipError(str(path), f"its shape is {array.shape} and not (T, 478, 3); "
                        + _remedy(array.shape))
    if not len(array):
        raise ClipError(str(path), f"has no frame: its shape is {array.shape}")
    return np.asarray(array)


def _remedy(shape: tuple[int, ...]) -> str:
    if 468 in shape:
        return "468 points are a mesh without irises: extract it with them (refine_landmarks=True)"
    if shape[-1:] == (2,):
        return "z is needed too, in pixels"
    if shape == (_N_POINTS, _N_AXES):
        return "a single frame is no recording"
    if np.prod(shape[1:]) == _N_POINTS * _N_AXES:
        return "reshape it, points before axes"
    return "a file holds one face, frame by frame"
