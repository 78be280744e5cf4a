"""`make_smile_signals`: the embedded data set without pictures, thousands of clips in seconds."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import Bunch

from ..clips.record import Clip
from .parameter_checks import check_amount, check_counts, check_plan
from .sampling_plan import AS_ON_UVA_NEMO, planned_clips, seed_of
from .smile_motion import Motion, smile_motion
from .uva_nemo_kinematics import KINDS

_DESCR = """\
Smiles in motion: {n_subjects} subjects, {n_clips} clips, {fps:g} frames a second; posed and
spontaneous ones differ in: {difference}. Sampled from aggregate figures of UvA-NEMO, see
smilegenuine.people.uva_nemo_kinematics. For trying methods and testing software: results say
nothing about accuracy on people.
"""


def make_smile_signals(n_subjects: int = 400, clips_per_subject: int | str = AS_ON_UVA_NEMO, *,
                       fps: float = 50.0, difference: str = "kinematics", head_motion: float = 1.0,
                       random_state: Any = None) -> Bunch:
    """Make the motion of posed and spontaneous smiles: action units, lips, eyelids, cheeks, head.

    Parameters
    ----------
    n_subjects : int, default=400
        People, each with habits of their own that they keep from smile to smile.
    clips_per_subject : int or "uva-nemo", default="uva-nemo"
        An int: half of them posed (odd: the kinds take turns in who gets one more). "uva-nemo": one
        to three of a kind, some subjects only of one kind; 400 subjects give 643 posed and 597
        spontaneous clips.
    fps : float, default=50.0
        Frame rate in Hz. The motion does not depend on it.
    difference : str, default="kinematics"
        What the classes differ in. "kinematics": all that is known of UvA-NEMO. The others are
        controlled, the classes alike in all else: "au06" (cheek raise), "onset_speed" (quick or
        slow to come), "asymmetry" (left against right), "apex" (steadily or irregularly held),
        each by two standard deviations; "none", nothing.
    head_motion : float, default=1.0
        Strength of head motion; 0 keeps the head still.
    random_state : int, RandomState or None, default=None
        An int gives the same clips every time, and the motion of those that `make_smiles` draws
        with it; the first k subjects are the same for any `n_subjects`.

    Returns
    -------
    Bunch
        `data` : list of Clip, with `name`, `subject`, and `aus` and `smile` known
        `target` : array of shape (n_clips,), 1 spontaneous and 0 posed
        `target_names` : ["posed", "spontaneous"]
        `groups` : array of shape (n_clips,), the subjects
        `times`, `aus`, `smile`, `lips`, `eyelids`, `cheeks`, `pose`, `gaze` : lists of arrays with
        a row a frame: seconds; 0–5; 0–1; lip corners left and right from the resting mid-mouth,
        over the mouth's width (0.5 at rest); upper lids over the eyes' corners, over the eyes'
        width; cheeks as lips; yaw, pitch, roll (degrees), shift right and down, scale; gaze right
        and down (degrees). `lips` and `eyelids` have the tremble and flutter of tracked ones,
        `aus` and `smile` are the calm motion beneath
        `phases` : list of dict of str to slice, the true phases of `smile`; what is not there is
        `slice(0, 0)`
        `DESCR` : str

    Raises
    ------
    ValueError
        A parameter is no such number or name.

    Examples
    --------
    >>> from smilegenuine.datasets import make_smile_signals
    >>> smiles = make_smile_signals(n_subjects=3, clips_per_subject=2, random_state=0)
    >>> smiles.target, smiles.aus[0].shape[1], smiles.lips[0][0]
    (array([0, 1, 0, 1, 0, 1]), 17, array([0.5, 0.5]))
    """
    check_counts(1, n_subjects=n_subjects)
    check_plan(clips_per_subject, difference)
    check_amount("fps", fps, above=True)
    check_amount("head_motion", head_motion)
    clips, motions, target = [], [], []
    for plan in planned_clips(n_subjects, clips_per_subject, seed_of(random_state)):
        motion = smile_motion(plan.label, plan.style, fps, plan.rng, scores=plan.scores,
                              difference=difference, head_motion=head_motion)
        clips.append(Clip(times=motion.times, aus=motion.aus, smile=motion.smile, name=plan.name,
                          subject=plan.subject))
        motions.append(motion)
        target.append(plan.label)
    bunch = Bunch(data=clips, target=np.array(target), target_names=list(KINDS),
                  groups=np.array([clip.subject for clip in clips]), **truth(motions))
    bunch.DESCR = _DESCR.format(n_subjects=n_subjects, n_clips=len(clips), fps=fps,
                                difference=difference)
    return bunch


def truth(motions: list[Motion]) -> dict[str, list]:
    """Return what is known of each frame of the clips, as lists for a Bunch."""
    fields = ("times", "aus", "smile", "lips", "eyelids", "cheeks", "pose", "gaze", "phases")
    return {field: [getattr(m, field) for m in motions] for field in fields}
