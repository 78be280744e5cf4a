"""The systems that a command is asked for, and what they need before the work begins."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from sklearn.pipeline import Pipeline

from ..clip import Clip
from ..clip_cache import open_cache
from ..face.landmarker import load_mediapipe
from ..face.landmarker_bundle import find_bundle
from ..face.landmarks import FaceLandmarks
from ..pipelines import NETWORKS, make_system, set_networks
from ..signals.blendshape_units import BlendshapeActionUnits
from .measuring import bare

# An epoch of training in seconds a clip, with all points of the face mesh and with the outlines: of
# MeshSmileNet, on one core of a processor, as published else. Other networks take a tenth.
_SECONDS = (0.7, 0.3)
# Hours that are worth a word.
_LONG = 0.5


def make_systems(names: Iterable[str], args: argparse.Namespace, memory: Any
                 ) -> dict[str, Pipeline]:
    """Make systems as the arguments say.

    Parameters
    ----------
    names : iterable of str
        Of `SYSTEMS`.
    args : Namespace
        With `action_units`, `points`, `max_epochs`, `device`, `random_state`, `n_jobs`, `quiet`.
    memory : Path, str or None
        Cache folder.

    Returns
    -------
    dict of str to Pipeline

    Raises
    ------
    ValueError
        An argument says nothing to any of the systems.
    """
    run = {"n_jobs": args.n_jobs, "verbose": not args.quiet}
    units = action_units(args.action_units, memory=memory, **run)
    made = {name: make_system(name, action_units=units, memory=memory, device=args.device,
                              random_state=args.random_state, **run) for name in names}
    if units is not None and not any("aus" in system.named_steps for system in made.values()):
        raise ValueError(f"--action-units {args.action_units}: action units are nothing to "
                         f"{', '.join(made)}; leave it out")
    if args.max_epochs is not None:
        for name in set(made) & set(NETWORKS):
            set_networks(made[name], max_epochs=args.max_epochs)
    if args.points is not None:
        on_mesh = [system for system in made.values() if _has_parameter(system, "points")]
        if not on_mesh:
            raise ValueError(f"--points {args.points}: there is no network on the face mesh in "
                             f"{', '.join(made)}; leave it out")
        for system in on_mesh:
            set_networks(system, points=args.points)
    return made


def action_units(kind: str | None, *, memory: Any = None, **run: Any
                 ) -> BlendshapeActionUnits | None:
    """Give what `make_system` is to take as `action_units`.

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
    return bare(getattr(user, "named_steps", {"landmarks": user}).get("landmarks"))


def say_what_is_slow(systems: Mapping[str, Any], args: argparse.Namespace, *, n_clips: int,
                     n_fits: int) -> None:
    """Print on stderr which networks may take hours on this machine, and what can be done.

    Parameters
    ----------
    systems : dict of str to Pipeline
    args : Namespace
        With `device` and `points`.
    n_clips : int
        That each of them is trained on, about.
    n_fits : int
        How often each of them is trained.
    """
    hours = {name: seconds * n_clips * n_fits / 3600 for name, system in systems.items()
             if (seconds := _seconds_a_clip(system))}
    slow = [name for name, needed in hours.items() if needed > _LONG]
    if not slow:
        return
    from ..classifiers.net_training import find_device  # here, because it needs torch

    if find_device(args.device).type != "cpu":
        return
    fewer = [] if args.points == "outlines" else ["--points outlines (less than half of that)"]
    each = f"{'each ' * (len(slow) > 1)}up to about {max(hours.values()):.0f} h"
    print(f"Without CUDA {', '.join(slow)} may take long: {each} in one process, "
          f"{n_clips} clips and {n_fits} trainings. What helps: "
          f"{', '.join([*fewer, '--max-epochs N', 'fewer folds or systems'])}.", file=sys.stderr)


def _seconds_a_clip(system: Any) -> float:
    """What training takes at most on a core, of the networks that walk curves over the mesh."""
    params = system.get_params()
    owners = [name.removesuffix("n_curves") for name in params if name.endswith("n_curves")]
    return sum(params[owner + "max_epochs"] * _SECONDS[params[owner + "points"] == "outlines"]
               for owner in owners)


def _has_parameter(system: Any, name: str) -> bool:
    return any(param.rpartition("__")[2] == name for param in system.get_params())
