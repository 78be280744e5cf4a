"""Recordings, measured before anything is fitted on them; and how the parts of a system run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from joblib import effective_n_jobs
from sklearn.pipeline import Pipeline

from ..base import transform_clips
from ..classifiers.opening import move_networks, set_run, unwrapped  # noqa: F401
from ..clip import Clip
from ..errors import ClipError
from ..fusion import StackingFusion
from ..video import IMAGE_SUFFIXES, is_recording
from .reporting import say_tally


class Measured(NamedTuple):
    """Recordings that can be used, and what was wrong with the others.

    Attributes
    ----------
    clips : list of Clip
        With what does not depend on who is in the training set: landmarks, faces, action units.
    places : array of int
        Their places in what was given.
    failures : DataFrame
        Columns `clip` and `error`.
    """

    clips: list[Clip]
    places: np.ndarray
    failures: pd.DataFrame


def measure(systems: Sequence[Pipeline], recordings: Sequence[Any]) -> Measured:
    """Find landmarks, faces and action units, as far as the systems look at them.

    Parameters
    ----------
    systems : sequence of Pipeline
        Made by `make_system`; steps before the last that have the same name are the same.
    recordings : sequence of recordings
        Anything that `as_clips` takes.

    Returns
    -------
    Measured
        A recording of which one of the systems can make nothing is left out for all of them.
    """
    steps: dict[str, Any] = {}
    for system in systems:
        steps |= system.named_steps
    clips, index = list(recordings), np.arange(len(recordings))
    failures = [pd.DataFrame(columns=["clip", "error"])]
    for name in ("landmarks", "faces", "aus"):
        if clips and name in steps:
            found = transform_clips(unwrapped(steps[name]), clips, on_error="skip")
            failures.append(found.failures[["clip", "error"]])
            say_tally(name, found.tally)
            clips, index = found.data, index[found.index]
    branches = _branches(systems)
    good = []
    for i, clip in enumerate(clips):
        try:
            for branch in branches:
                branch.check_clip(clip)
            good.append(i)
        except ClipError as error:
            failures.append(pd.DataFrame([{"clip": clip.label, "error": str(error)}]))
    return Measured([clips[i] for i in good], index[good], pd.concat(failures, ignore_index=True))


def _branches(systems: Sequence[Pipeline]) -> list[Any]:
    """The classifiers that look at the clips, those that would say the same once."""
    found: dict[str, Any] = {}
    for system in systems:
        last = system[-1]
        fused = isinstance(last, StackingFusion)
        for branch in [branch for _, branch in last.estimators] if fused else [last]:
            params = {name: value for name, value in branch.get_params().items()
                      if name not in ("n_jobs", "verbose")}
            found.setdefault(f"{type(branch).__name__} {params}", branch)
    return list(found.values())


def check_set(y: np.ndarray, groups: np.ndarray | None) -> None:
    """Raise where nothing can be learnt, at best before hours of measuring.

    Parameters
    ----------
    y : array of shape (n_clips,)
    groups : array of shape (n_clips,), or None

    Raises
    ------
    ValueError
        Not two classes, or a single subject.
    """
    labels = [str(label) for label in np.unique(y)]
    if len(labels) != 2:
        raise ValueError(f"recordings of two classes are needed, posed and spontaneous smiles; the "
                         f"labels are {', '.join(labels[:5])}{', …' if len(labels) > 5 else ''}")
    if groups is not None and len(np.unique(groups)) < 2:
        raise ValueError(f"all recordings are of one subject, {groups[0]}; at least two are needed")


def files_of(names: Sequence[str]) -> list[str]:
    """Give the recordings that are meant: a folder stands for all videos in it and below it.

    A folder that holds images is a recording itself.

    Parameters
    ----------
    names : sequence of str

    Returns
    -------
    list of str
    """
    files: list[str] = []
    for name in names:
        folder = Path(name)
        inside: list[Path] = []
        if folder.is_dir() and not any(is_recording(f, IMAGE_SUFFIXES) for f in folder.iterdir()):
            inside = sorted(f for f in folder.rglob("*") if is_recording(f))
        files += map(str, inside) if inside else [name]
    return files


bare = unwrapped


def folds_at_once(n_jobs: int, device: str) -> int:
    """Say how many folds to run at the same time.

    Parameters
    ----------
    n_jobs : int
        Processes asked for.
    device : str
        Of the networks.

    Returns
    -------
    int
        On CUDA at most 4, as all of them share one device.
    """
    from ..classifiers.net_training import find_device  # here, because it needs torch

    return n_jobs if find_device(device).type == "cpu" else min(effective_n_jobs(n_jobs), 4)


def check_device(device: str) -> None:
    """Raise a `ValueError` where there is no such device."""
    from ..classifiers.net_training import find_device  # here, because it needs torch

    find_device(device)
