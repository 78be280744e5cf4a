"""Systems as they are asked for, and recordings measured before anything is fitted on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from joblib import effective_n_jobs
from sklearn.pipeline import Pipeline

from ..classifiers.opening import unwrapped
from ..clips.cache import open_cache
from ..clips.errors import ClipError
from ..clips.record import Clip
from ..clips.runs import Tally
from ..clips.steps import transform_clips
from ..face.landmarker import load_mediapipe
from ..face.landmarker_bundle import find_bundle
from ..face.landmarks import FaceLandmarks
from ..signals.blendshape_units import BlendshapeActionUnits
from ..systems.fusion import StackingFusion
from ..systems.named_systems import NETWORKS, make_system, set_networks
from .options import SystemOptions

# An epoch of training in seconds a clip, with all points of the face mesh and with the outlines: of
# MeshSmileNet, on one core of a processor, as published else. Other networks take a tenth.
_SECONDS = (0.7, 0.3)
# Hours that are worth a word.
_LONG = 0.5


def make_systems(names: Iterable[str], options: SystemOptions, memory: Any
                 ) -> dict[str, Pipeline]:
    """Make systems as the options say.

    Parameters
    ----------
    names : iterable of str
        Of `SYSTEMS`.
    options : SystemOptions
    memory : Path, str or None
        Cache folder.

    Returns
    -------
    dict of str to Pipeline

    Raises
    ------
    ValueError
        An option says nothing to any of the systems.
    """
    run: dict[str, Any] = {"n_jobs": options.n_jobs, "verbose": options.verbose}
    units = make_action_units(options.action_units, memory=memory, **run)
    made = {name: make_system(name, action_units=units, memory=memory, device=options.device,
                              random_state=options.random_state, **run) for name in names}
    if units is not None and not any("aus" in system.named_steps for system in made.values()):
        raise ValueError(f"`action_units={options.action_units!r}`: action units are nothing to "
                         f"{', '.join(made)}; leave it out")
    if options.max_epochs is not None:
        for name in set(made) & set(NETWORKS):
            set_networks(made[name], max_epochs=options.max_epochs)
    if options.points is not None:
        on_mesh = [system for system in made.values() if _has_parameter(system, "points")]
        if not on_mesh:
            raise ValueError(f"`points={options.points!r}`: there is no network on the face mesh "
                             f"in {', '.join(made)}; leave it out")
        for system in on_mesh:
            set_networks(system, points=options.points)
    return made


def make_action_units(kind: str | None, *, memory: Any = None, **run: Any
                      ) -> BlendshapeActionUnits | None:
    """Return what `make_system` is to take as `action_units`.

    Parameters
    ----------
    kind : {"hog", "blendshapes"} or None
    memory : Path, str or None
        Cache folder.
    **run
        `n_jobs` and `verbose`.

    Returns
    -------
    BlendshapeActionUnits or None
        None: what `make_system` takes by itself.
    """
    if kind != "blendshapes":
        return None
    return BlendshapeActionUnits(memory=open_cache(memory), **run)


def check_landmarker(users: Mapping[str, Any], clips: Iterable[Any], remedy: str) -> None:
    """Raise where landmarks have to be found and MediaPipe or its model is not there.

    The model is downloaded where it is nowhere, and MediaPipe imported.

    Parameters
    ----------
    users : dict of str to estimator
        Systems, or steps that find landmarks, by what messages call them; those that do not look
        for landmarks need nothing.
    clips : iterable of Clip
        In clips that know their landmarks, or have no pictures, nothing is looked for.
    remedy : str
        What can be done instead, for the message.

    Raises
    ------
    ImportError
        MediaPipe is not installed.
    RuntimeError
        Its model is not there and cannot be downloaded, or is damaged.
    """
    steps = {name: _landmarks_step(user) for name, user in users.items()}
    finders = {name: step for name, step in steps.items() if isinstance(step, FaceLandmarks)}
    if not finders or not any(isinstance(clip, Clip) and clip.landmarks is None
                              and clip.frames is not None for clip in clips):
        return
    try:
        load_mediapipe()
        if any(step.model is None for step in finders.values()):
            find_bundle()
    except (ImportError, RuntimeError) as error:
        raise type(error)(f"{', '.join(finders)}: {error}; {remedy}") from error


def _landmarks_step(user: Any) -> Any:
    return unwrapped(getattr(user, "named_steps", {"landmarks": user}).get("landmarks"))


def slow_text(systems: Mapping[str, Any], options: SystemOptions, *, n_clips: int, n_fits: int
              ) -> str:
    """Return which networks may take hours on this machine, and what can be done.

    Parameters
    ----------
    systems : dict of str to Pipeline
    options : SystemOptions
    n_clips : int
        That each of them is trained on, about.
    n_fits : int
        How often each of them is trained.

    Returns
    -------
    str
        Empty where none does.
    """
    hours = {name: seconds * n_clips * n_fits / 3600 for name, system in systems.items()
             if (seconds := _seconds_a_clip(system))}
    slow = [name for name, needed in hours.items() if needed > _LONG]
    if not slow or not _on_cpu(options):
        return ""
    fewer = ["`points='outlines'` (less than half of that)"] * (options.points != "outlines")
    each = f"{'each ' * (len(slow) > 1)}up to about {max(hours.values()):.0f} h"
    return (f"Without CUDA {', '.join(slow)} may take long: {each} in one process, "
            f"{n_clips} clips and {n_fits} trainings. What helps: "
            f"{', '.join([*fewer, '`max_epochs=N`', 'fewer folds or systems'])}.")


def _seconds_a_clip(system: Any) -> float:
    """What training takes at most on a core, of the networks that walk curves over the mesh."""
    params = system.get_params()
    owners = [name.removesuffix("n_curves") for name in params if name.endswith("n_curves")]
    return sum(params[owner + "max_epochs"] * _SECONDS[params[owner + "points"] == "outlines"]
               for owner in owners)


def _has_parameter(system: Any, name: str) -> bool:
    return any(param.rpartition("__")[2] == name for param in system.get_params())


# -- before hours of work ---------------------------------------------------------------------

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


def folds_at_once(systems: Iterable[str], options: SystemOptions) -> int | None:
    """Return how many folds to run at the same time.

    Parameters
    ----------
    systems : iterable of str
        Of `SYSTEMS`.
    options : SystemOptions

    Returns
    -------
    int or None
        As asked for; of networks on CUDA at most 4, as all of them share one device.

    Raises
    ------
    ValueError
        There are networks among the systems, and no such device.
    """
    if not set(systems) & set(NETWORKS) or _on_cpu(options):
        return options.n_jobs
    return min(effective_n_jobs(options.n_jobs), 4)


def _on_cpu(options: SystemOptions) -> bool:
    from ..classifiers.net_training import find_device  # here, because it needs torch

    return find_device(options.device).type == "cpu"


# -- recordings, measured ---------------------------------------------------------------------

def measure(systems: Sequence[Pipeline], recordings: Sequence[Any],
            tell: Callable[[str], None]) -> tuple[list[Clip], np.ndarray, pd.DataFrame]:
    """Find landmarks, faces and action units, as far as the systems look at them.

    Parameters
    ----------
    systems : sequence of Pipeline
        Made by `make_system`; steps before the last that have the same name are the same.
    recordings : sequence of recordings
        Anything that `as_clips` takes.
    tell : callable
        Given texts about what an earlier run had measured; an empty one, where it was nothing.

    Returns
    -------
    clips : list of Clip
        With what does not depend on who is in the training set: landmarks, faces, action units. A
        recording of which one of the systems can make nothing is left out for all of them.
    places : array of int
        Their places in what was given.
    failures : DataFrame
        Columns `clip` and `error`: what was wrong with the others.
    """
    steps = dict(step for system in systems for step in system.steps)
    clips, index = list(recordings), np.arange(len(recordings))
    failures = [pd.DataFrame(columns=["clip", "error"])]
    for name in ("landmarks", "faces", "aus"):
        if clips and name in steps:
            measured = transform_clips(unwrapped(steps[name]), clips, on_error="skip")
            failures.append(measured.failures[["clip", "error"]])
            tell(tally_text(name, measured.tally))
            clips, index = measured.data, index[measured.index]
    branches, good = _branches(systems), []
    for i, clip in enumerate(clips):
        try:
            for branch in branches:
                branch.check_clip(clip)
            good.append(i)
        except ClipError as error:
            failures.append(pd.DataFrame([{"clip": clip.label, "error": str(error)}]))
    return [clips[i] for i in good], index[good], pd.concat(failures, ignore_index=True)


def _branches(systems: Sequence[Pipeline]) -> list[Any]:
    """The classifiers that look at the clips, those that would say the same once."""
    branches: dict[str, Any] = {}
    for system in systems:
        last = system[-1]
        fused = isinstance(last, StackingFusion)
        for branch in dict(last.estimators).values() if fused else [last]:
            params = {name: value for name, value in branch.get_params().items()
                      if name not in ("n_jobs", "verbose")}
            branches.setdefault(f"{type(branch).__name__} {params}", branch)
    return list(branches.values())


def tally_text(name: str, tally: Tally) -> str:
    """Return what an earlier run had measured, empty where it was nothing.

    Parameters
    ----------
    name : str
        What was measured.
    tally : Tally

    Returns
    -------
    str
    """
    if not tally.kept:
        return ""
    return (f"{name}: {tally.measured} clip{'s' * (tally.measured != 1)} measured, "
            f"{tally.kept} found in the cache")


def failure_text(failures: pd.DataFrame) -> str:
    """Return what could not be used; empty where there is nothing.

    Parameters
    ----------
    failures : DataFrame
        With the column `error`.

    Returns
    -------
    str
    """
    if not len(failures):
        return ""
    return "\n".join([f"{len(failures)} could not be used:",
                      *(f"  {error}" for error in failures["error"])])
