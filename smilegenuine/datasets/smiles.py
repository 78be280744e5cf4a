"""`make_smiles`: the embedded data set of drawn people, and `make_action_units` beside it.

No recording of a person may ship with a package, so what ships is a generator. It is for trying
methods and for testing software; accuracy on drawn people says nothing about accuracy on people.
"""

from __future__ import annotations

import numbers
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import Bunch, check_random_state

from ..clip import Clip
from ..drawing.people import Person, random_person
from ..drawing.renderer import FaceRenderer
from ..video import FrameSource
from .files import write_clips
from .motion import KINDS, Motion, Style, free_motion, random_style, smile_motion

_LEAST_SIZE = 48  # what FaceRenderer draws

_DESCR = """\
Drawn people: {n_subjects} subjects, {n_clips} clips, {fps:g} frames a second, {size} pixels a side.
Their smiles take amplitudes and durations from aggregate figures of UvA-NEMO, see
smilegenuine.datasets.kinematics. For trying methods and testing software: results on drawn people
say nothing about accuracy on people.
"""


class DrawnFrames(FrameSource):
    """The frames of a drawn clip, each drawn when it is read.

    Parameters
    ----------
    person : Person
        Who.
    motion : Motion
        What they do.
    size : int
        Width and height in pixels.
    seed : int
        Of the sensor noise; frame i always gets the same noise.
    name : str
        Used in messages.
    """

    def __init__(self, person: Person, motion: Motion, size: int, seed: int, name: str) -> None:
        self.person, self.motion, self.size, self.seed = person, motion, size, seed
        self.name: str | None = name

    def __iter__(self) -> Iterator[np.ndarray]:
        renderer = FaceRenderer(self.person, self.size)
        for i, (aus, pose) in enumerate(zip(self.motion.aus, self.motion.pose, strict=True)):
            yaw, pitch, roll, right, down, scale = pose
            yield renderer.draw(aus, yaw=yaw, pitch=pitch, roll=roll, shift=(right, down),
                                scale=scale, rng=np.random.default_rng((self.seed, i)))

    def __len__(self) -> int:
        return len(self.motion.times)

    @property
    def times(self) -> np.ndarray:
        """(T,) float64 seconds."""
        return self.motion.times

    @property
    def fps(self) -> float:
        """Frame rate in Hz."""
        return float(1.0 / (self.motion.times[1] - self.motion.times[0]))


def make_smiles(n_subjects: int = 20, clips_per_subject: int = 4, *, fps: float = 25.0,
                size: int = 160, head_motion: float = 1.0,
                folder: str | os.PathLike[str] | None = None, n_jobs: int | None = None,
                verbose: int | bool = False, random_state: Any = None) -> Bunch:
    """Make clips of drawn people who smile, posed and spontaneously.

    Parameters
    ----------
    n_subjects : int, default=20
        People, each with a face and habits of their own.
    clips_per_subject : int, default=4
        Half of them posed (odd: the kinds take turns in who gets one more).
    fps : float, default=25.0
        Frame rate in Hz.
    size : int, default=160
        Width and height of the pictures in pixels, at least 48; even where files are written.
    head_motion : float, default=1.0
        Strength of head motion; 0 keeps the head still.
    folder : path, optional
        Where to write the clips as .mp4 files, named `s000_0_posed.mp4`, and `labels.csv` with the
        columns path, label, subject. Without it the clips are lazy: drawn when they are read.
    n_jobs : int, optional
        Processes that write files.
    verbose : int or bool, default=False
        Show progress of writing.
    random_state : int, RandomState or None, default=None
        An int gives the same clips every time; the first k subjects are the same for any
        `n_subjects`.

    Returns
    -------
    Bunch
        `data` : list of Clip, with `name` and `subject`, without the true signals
        `target` : array of shape (n_clips,), 1 spontaneous and 0 posed
        `target_names` : ["posed", "spontaneous"]
        `groups` : array of shape (n_clips,), the subjects
        `aus`, `smile`, `times`, `pose` : lists of arrays, the truth in each frame
        `phases` : list of dict of str to slice, the true phases
        `filenames` : list of str, the files written, or empty
        `DESCR` : str

    Raises
    ------
    ValueError
        A parameter is no such number.
    OSError
        The files cannot be written.

    Examples
    --------
    >>> from smilegenuine.datasets import make_smiles
    >>> smiles = make_smiles(n_subjects=2, clips_per_subject=2, random_state=0)
    >>> smiles.target, smiles.groups
    (array([0, 1, 0, 1]), array(['s000', 's000', 's001', 's001'], dtype='<U4'))
    >>> next(iter(smiles.data[0].frames)).shape
    (160, 160, 3)
    """
    _check_counts(1, n_subjects=n_subjects, clips_per_subject=clips_per_subject)
    _check_recording(fps, size, head_motion)
    if folder is not None and size % 2:
        raise ValueError(f"size must be even for pictures that are written as MPEG-4, not {size}")
    clips, target = [], []
    for subject, person, style, rng in _people(n_subjects, random_state):
        first = int(subject[1:]) % 2 if clips_per_subject % 2 else 0
        for k in range(clips_per_subject):
            label = (k + first) % 2
            motion = smile_motion(KINDS[label], style, fps, rng, head_motion=head_motion)
            clips.append(_drawn_clip(f"{subject}_{k}_{KINDS[label]}", subject, person, motion, size,
                                     rng))
            target.append(label)
    bunch = _bunch(clips, target=np.array(target), target_names=list(KINDS))
    bunch.DESCR = _DESCR.format(n_subjects=n_subjects, n_clips=len(clips), fps=fps, size=size)
    bunch.filenames = []
    if folder is not None:
        write_clips(bunch, Path(folder), n_jobs=n_jobs, verbose=verbose)
    return bunch


def make_action_units(n_subjects: int = 20, *, duration: float = 12.0, fps: float = 5.0,
                      size: int = 160, head_motion: float = 1.5, random_state: Any = None) -> Bunch:
    """Make clips of drawn people who move all 17 action units independently, to train on.

    Parameters
    ----------
    n_subjects : int, default=20
        People; one clip each.
    duration : float, default=12.0
        Seconds of a clip.
    fps : float, default=5.0
        Frame rate in Hz; a low one gives more variety a frame.
    size : int, default=160
        Width and height in pixels.
    head_motion : float, default=1.5
        Strength of head motion.
    random_state : int, RandomState or None, default=None

    Returns
    -------
    Bunch
        `data` (list of lazy Clip whose `aus` are known), `groups`, `aus`, `smile`, `times`, `pose`.

    Raises
    ------
    ValueError
        A parameter is no such number.
    """
    _check_counts(1, n_subjects=n_subjects)
    _check_recording(fps, size, head_motion)
    _check_amount("duration", duration, above=True)
    clips = []
    for subject, person, style, rng in _people(n_subjects, random_state):
        motion = free_motion(style, fps, duration, rng, head_motion=head_motion)
        clips.append(_drawn_clip(f"{subject}_free", subject, person, motion, size, rng))
    bunch = _bunch(clips)
    bunch.data = [clip.replace(aus=aus) for clip, aus in zip(bunch.data, bunch.aus, strict=True)]
    return bunch


def _check_recording(fps: Any, size: Any, head_motion: Any) -> None:
    _check_amount("fps", fps, above=True)
    _check_counts(_LEAST_SIZE, size=size)
    _check_amount("head_motion", head_motion)


def _check_counts(least: int, **counts: Any) -> None:
    for name, value in counts.items():
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ValueError(f"{name} must be a whole number of at least {least}, not {value!r}")


def _check_amount(name: str, value: Any, *, above: bool = False) -> None:
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not number or not np.isfinite(value) or value < 0 or (above and value == 0):
        raise ValueError(f"{name} must be a finite number {'above' if above else 'of at least'} 0, "
                         f"not {value!r}")


def _people(n_subjects: int, random_state: Any
            ) -> Iterator[tuple[str, Person, Style, np.random.Generator]]:
    """Each subject has a generator of their own, so adding subjects changes nobody."""
    seed = random_state if isinstance(random_state, (int, np.integer)) else \
        check_random_state(random_state).randint(2**31 - 1)
    if seed < 0:
        raise ValueError(f"random_state must not be negative, not {seed}")
    for k in range(n_subjects):
        rng = np.random.default_rng((int(seed), k))
        yield f"s{k:03d}", random_person(rng), random_style(rng), rng


def _drawn_clip(name: str, subject: str, person: Person, motion: Motion, size: int,
                rng: np.random.Generator) -> Clip:
    seed = int(rng.integers(2**31))
    return Clip(frames=DrawnFrames(person, motion, size, seed, name), subject=subject)


def _bunch(clips: list[Clip], **more: Any) -> Bunch:
    motions: list[Motion] = [clip.frames.motion for clip in clips]  # type: ignore[union-attr]
    return Bunch(data=clips, groups=np.array([clip.subject for clip in clips]),
                 aus=[m.aus for m in motions], smile=[m.smile for m in motions],
                 times=[m.times for m in motions], pose=[m.pose for m in motions],
                 phases=[m.phases for m in motions], **more)
