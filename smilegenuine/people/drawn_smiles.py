"""`make_smiles`: the embedded data set of drawn people, and `make_action_units` beside it.

No recording of a person may ship with a package, so what ships is a generator. It is for trying
methods and for testing software; accuracy on drawn people says nothing about accuracy on people.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from ..clips.record import Clip
from ..drawing.appearance import Person, random_person
from ..drawing.renderer import FaceRenderer
from .clip_files import write_clips
from .drawn_frames import DrawnFrames, LandmarkList, absence
from .folder_layouts import check_layout
from .parameter_checks import check_amount, check_counts, check_plan, check_shares
from .sampling_plan import person_rng, planned_clips, seed_of
from .smile_copula import random_style
from .smile_motion import Motion, free_motion, smile_motion
from .smile_signals import truth
from .uva_nemo_kinematics import KINDS

_LEAST_SIZE = 48  # what FaceRenderer draws

_DESCR = """\
Drawn people: {n_subjects} subjects, {n_clips} clips, {fps:g} frames a second, {size} pixels a side;
posed and spontaneous smiles differ in: {difference}. Their motion is sampled from aggregate figures
of UvA-NEMO, see smilegenuine.people.uva_nemo_kinematics. For trying methods and testing software:
results on drawn people say nothing about accuracy on people.
"""


def make_smiles(n_subjects: int = 20, clips_per_subject: int | str = 4, *, fps: float = 25.0,
                size: int = 160, difference: str = "kinematics", head_motion: float = 1.0,
                compression: float = 0.3, absences: float = 0.0,
                folder: str | os.PathLike[str] | None = None, layout: str = "flat",
                n_jobs: int | None = None, verbose: int | bool = False,
                random_state: Any = None) -> Bunch:
    """Make clips of drawn people who smile, posed and spontaneously.

    Parameters
    ----------
    n_subjects : int, default=20
        People, each with a face and habits of their own.
    clips_per_subject : int or "uva-nemo", default=4
        An int: half of them posed (odd: the kinds take turns in who gets one more). "uva-nemo": one
        to three of a kind, some subjects only of one kind; 400 subjects give 643 posed and 597
        spontaneous clips.
    fps : float, default=25.0
        Frame rate in Hz. The motion does not depend on it.
    size : int, default=160
        Width and height of the pictures in pixels, at least 48; even where files are written. 256
        shows fine movements of the lips.
    difference : str, default="kinematics"
        What the classes differ in, see `make_smile_signals`: "kinematics" (as on UvA-NEMO), "au06",
        "onset_speed", "asymmetry", "apex" or "none".
    head_motion : float, default=1.0
        Strength of head motion; 0 keeps the head still.
    compression : float, default=0.3
        Strength of compression artefacts, 0 (none) to 1 (heavy).
    absences : float, default=0.0
        Share of clips, 0 to 1, in which the person is out of the picture for a moment.
    folder : path, optional
        Where to write the clips as .mp4 files with the table `labels.csv` (path, label, subject).
        Without it the clips are lazy: drawn when they are read. Interrupted, the same call goes on
        where it stopped.
    layout : {"flat", "uva-nemo"}, default="flat"
        Of the folder. "flat": `s000_0_posed.mp4` and so on. "uva-nemo": as the UvA-NEMO smile
        database lies on disk, `videos/001_deliberate_smile_1.mp4`, with details file and folds.
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
        `gender`, `age` : arrays of shape (n_clips,), of the subject: "female" or "male", years
        `times`, `aus`, `smile`, `lips`, `eyelids`, `cheeks`, `pose`, `gaze` : lists of arrays, the
        truth in each frame, see `make_smile_signals`
        `phases` : list of dict of str to slice, the true phases
        `visible` : list of arrays of shape (T,), whether the person is in the picture
        `landmarks` : sequence of arrays of shape (T, 478, 3), computed when asked for: the true
        places of MediaPipe's mesh points, x, y and z in pixels, NaN where nobody is to be seen
        `landmarks_visible` : sequence of arrays of shape (T, 478), False also for what the head
        itself hides
        `filenames` : list of str, the files written, or empty
        `DESCR` : str

    Raises
    ------
    ValueError
        A parameter is no such number or name, or the folder holds other clips.
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
    check_counts(1, n_subjects=n_subjects)
    check_plan(clips_per_subject, difference)
    check_layout(layout)
    _check_recording(fps, size, head_motion)
    check_shares(compression=compression, absences=absences)
    if folder is not None and size % 2:
        raise ValueError(f"size must be even for pictures that are written as MPEG-4, not {size}")
    seed = seed_of(random_state)
    people = [random_person(person_rng(seed, k)) for k in range(n_subjects)]
    clips, motions, target, cast = [], [], [], []
    for plan in planned_clips(n_subjects, clips_per_subject, seed):
        motion = smile_motion(plan.label, plan.style, fps, plan.rng, scores=plan.scores,
                              difference=difference, head_motion=head_motion)
        frames = DrawnFrames(people[plan.number], motion, size, int(plan.rng.integers(2**31)),
                             plan.name, fps=fps, quality=_quality(compression, plan.rng),
                             visible=absence(len(motion.times), absences, plan.rng))
        clips.append(Clip(frames=frames, subject=plan.subject))
        motions.append(motion)
        target.append(plan.label)
        cast.append(people[plan.number])
    bunch = _bunch(clips, cast, motions, target=np.array(target), target_names=list(KINDS))
    bunch.DESCR = _DESCR.format(n_subjects=n_subjects, n_clips=len(clips), fps=fps, size=size,
                                difference=difference)
    if folder is not None:
        settings = {"n_subjects": n_subjects, "clips_per_subject": clips_per_subject, "fps": fps,
                    "size": size, "difference": difference, "head_motion": head_motion,
                    "compression": compression, "absences": absences, "random_state": seed,
                    "drawing": _drawing()}
        write_clips(bunch, Path(folder), layout=layout, n_jobs=n_jobs, verbose=verbose,
                    settings=settings if isinstance(random_state, (int, np.integer)) else None)
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
        `data` (list of lazy Clip whose `aus` are known), and the truth as in `make_smiles`.

    Raises
    ------
    ValueError
        A parameter is no such number.
    """
    check_counts(1, n_subjects=n_subjects)
    _check_recording(fps, size, head_motion)
    check_amount("duration", duration, above=True)
    seed = seed_of(random_state)
    clips, motions, cast = [], [], []
    for k in range(n_subjects):
        subject, rng = f"s{k:03d}", np.random.default_rng((seed, k, 3))
        cast.append(random_person(person_rng(seed, k)))
        motions.append(free_motion(random_style(rng), fps, duration, rng, head_motion=head_motion))
        frames = DrawnFrames(cast[-1], motions[-1], size, int(rng.integers(2**31)),
                             f"{subject}_free", fps=fps, quality=_quality(0.3, rng))
        clips.append(Clip(frames=frames, subject=subject, aus=motions[-1].aus))
    return _bunch(clips, cast, motions)


def _check_recording(fps: Any, size: Any, head_motion: Any) -> None:
    check_amount("fps", fps, above=True)
    check_counts(_LEAST_SIZE, size=size)
    check_amount("head_motion", head_motion)


def _drawing() -> str:
    """Return a fingerprint of how people are drawn and move, to know clips of another version."""
    plan = next(planned_clips(1, 1, 0))
    motion = smile_motion(plan.label, plan.style, 25.0, plan.rng, scores=plan.scores)
    frame = FaceRenderer(random_person(person_rng(0, 0)), _LEAST_SIZE).draw(np.full(17, 2.5))
    return f"{zlib.crc32(frame.tobytes() + motion.aus.round(6).tobytes()):08x}"


def _quality(compression: float, rng: np.random.Generator) -> int | None:
    """Draw the JPEG quality of a clip; None for none."""
    spread = float(rng.uniform(-6.0, 6.0))
    return None if compression == 0 else int(np.clip(95.0 - 70.0 * compression + spread, 10, 98))


def _bunch(clips: list[Clip], cast: list[Person], motions: list[Motion], **more: Any) -> Bunch:
    frames = [clip.frames for clip in clips]
    return Bunch(data=clips, groups=np.array([clip.subject for clip in clips]),
                 gender=np.array([person.sex for person in cast]),
                 age=np.array([person.years for person in cast]),
                 visible=[f.visible for f in frames],  # type: ignore[union-attr]
                 landmarks=LandmarkList(frames, 0), landmarks_visible=LandmarkList(frames, 1),
                 filenames=[], **truth(motions), **more)
