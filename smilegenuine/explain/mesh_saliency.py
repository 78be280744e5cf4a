"""Which points of the face mesh, and which frames, drive the decision of a network that sees them.

The decision is taken apart by its gradient: how far each point, in each frame, is from a baseline,
times how much the decision changes where the point moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..classifiers.mesh_sequences import MeshSequenceClassifier
from ..classifiers.opening import open_system, steps_of, unwrapped
from ..clips.record import Clip
from ..clips.steps import check_positive
from ..face.mesh_regions import REGIONS
from .network_gradients import network_path

#: What a point's place is compared with, see `landmark_saliency`.
BASELINES = ("first", "mean")

_EXPLAINED = ("MeshSmileNetClassifier", "DeepMarkerNetClassifier", "HadaSmileNetClassifier",
              "LandmarkTransformerClassifier", "PSTNetClassifier", "P4TransformerClassifier")


@dataclass(frozen=True)
class LandmarkSaliency:
    """What each point of the mesh, in each frame, adds to a decision.

    Attributes
    ----------
    values : array of shape (n_frames, n_points)
        In units of the decision (log-odds): positive values speak for ``classes[1]``, negative ones
        for ``classes[0]``. Frames that lie in no window of the network are NaN.
    frames : array of int of shape (n_frames,)
        Which frames of the clip the rows are: those that the network was offered, at its rate.
    times : array of shape (n_frames,)
        Of these frames, seconds.
    points : array of int of shape (n_points,)
        Which points of the mesh the columns are.
    decision : float
        What `decision_function` gives for the clip.
    baseline_decision : float
        What it would give for a face that stays at the baseline. Where the values are to be
        trusted, they add up, about, to `decision` minus this.
    classes : array of shape (2,)
        The classifier's.
    baseline : str
        What a point's place was compared with.
    label : str
        What messages call the clip.
    """

    values: np.ndarray
    frames: np.ndarray
    times: np.ndarray
    points: np.ndarray
    decision: float
    baseline_decision: float
    classes: np.ndarray
    baseline: str
    label: str

    def by_point(self, *, signed: bool = True) -> np.ndarray:
        """Sum over frames.

        Parameters
        ----------
        signed : bool, default=True
            False: the sum of magnitudes, in which what speaks for one class in some frames and for
            the other in others does not cancel.

        Returns
        -------
        array of shape (n_points,)
        """
        return np.asarray(np.nansum(self.values if signed else np.abs(self.values), axis=0))

    def by_frame(self, *, signed: bool = True) -> np.ndarray:
        """Sum over points.

        Parameters
        ----------
        signed : bool, default=True
            False: the sum of magnitudes.

        Returns
        -------
        array of shape (n_frames,)
            NaN for frames that lie in no window.
        """
        return np.asarray((self.values if signed else np.abs(self.values)).sum(axis=1))

    def by_region(self, *, signed: bool = True) -> pd.Series:
        """Sum over frames and over the points of each part of the face.

        Parameters
        ----------
        signed : bool, default=True
            False: the sum of magnitudes.

        Returns
        -------
        Series
            By the names of `smilegenuine.face.mesh_regions.REGIONS`; parts of which the network
            sees no point are left out. Each point is in one part, so that the values add up.
        """
        by_point = self.by_point(signed=signed)
        inside = {name: np.isin(self.points, members) for name, members in REGIONS.items()}
        return pd.Series({name: by_point[points].sum() for name, points in inside.items()
                          if points.any()}, name="saliency")


def landmark_saliency(classifier: Any, clips: Any, *, baseline: str = "first",
                      n_steps: int = 16) -> list[LandmarkSaliency]:
    """Attribute a network's decisions to the points of the face mesh, frame by frame.

    A value is (place − baseline) · gradient of the decision with respect to the place, summed over
    x, y and z: what the point's having left its baseline, in that frame, adds to the decision.
    Positive values speak for ``classes_[1]``.

    Parameters
    ----------
    classifier : fitted classifier of landmarks, or Pipeline that ends in one
        `MeshSmileNetClassifier`, `DeepMarkerNetClassifier`, `HadaSmileNetClassifier`,
        `LandmarkTransformerClassifier`, `PSTNetClassifier` or `P4TransformerClassifier`; the steps
        of the pipeline before it are applied to the clips. Neither it nor torch's random state is
        changed.
    clips : list of recordings
        What `predict` takes.
    baseline : {"first", "mean"}, default="first"
        The place that a point's place is compared with: that in the first frame that the network
        is offered, at rest where a recording begins before the smile, or its mean over all such
        frames. What drives the decision by its *movement* stands out; what does so by its mere
        place, such as a mouth that is wide from the first frame to the last, does not. (Without a
        baseline a value would depend on where the origin of coordinates lies.) From the mean a
        point moves as far to one side as to the other, so that sums over frames, `by_point` and
        `by_region`, largely cancel; there look at ``signed=False``. The mean is for recordings
        that begin amid a smile, or whose first frame is not to be trusted.
    n_steps : int, default=16
        Places on the straight way from the baseline to the clip at which gradients are taken, and
        averaged (integrated gradients, midpoint rule). Values of a network that makes no choices
        (see Notes) then add up, about, to the decision minus `baseline_decision`. 1: the gradient
        at the clip alone ("gradient × input"), so many times faster. Where a network is sure, its
        decision is flat, and that gradient may point anywhere.

    Returns
    -------
    list of LandmarkSaliency
        One a clip.

    Raises
    ------
    ValueError
        The classifier is none of these, or a parameter makes no sense.
    NotFittedError
        The classifier is not fitted.
    ClipError
        A clip has no landmarks, no timing, or no frame with a face.

    Notes
    -----
    The network decides by the mean over windows. What several windows see counts as often as they
    see it, as it does in the decision; where a clip is shorter than a window and held at its last
    frame, the holding counts with that frame. Coordinates are those that the network sees: with
    ``head_motion=False``, the head's rotation, place and size are taken out first, and a value is
    about movement in the face.

    What follows from landmarks otherwise is left as it is: HadaSmileNet's D-Markers do not count.

    All networks but LandmarkTransformer choose: MeshSmileNet's trunk (also DeepMarkerNet's and
    HadaSmileNet's) neighbours and the steps of curves, PSTNet and P4Transformer neighbourhoods.
    When a choice changes, the decision jumps, and no gradient sees that: neighbours are taken as
    given, and through the choice of a step the gradient goes as in training, straight through, as
    though the curve took a mean over all candidates, each with its probability. Then values need
    not add up; how far they do tells how far to trust them.

    References
    ----------
    Simonyan, Vedaldi & Zisserman (2014), Deep inside convolutional networks: visualising image
    classification models and saliency maps, arXiv:1312.6034. Shrikumar, Greenside, Shcherbina &
    Kundaje (2016), Not just a black box: learning important features through propagating
    activation differences, arXiv:1605.01713. Sundararajan, Taly & Yan (2017), Axiomatic attribution
    for deep networks, ICML, arXiv:1703.01365.

    Examples
    --------
    >>> from smilegenuine import Clip, LandmarkTransformerClassifier
    >>> from smilegenuine.datasets import make_smiles
    >>> from smilegenuine.explain import landmark_saliency
    >>> smiles = make_smiles(4, 2, random_state=0)
    >>> clips = [Clip(landmarks=mesh, times=t, subject=s) for mesh, t, s in
    ...          zip(smiles.landmarks, smiles.times, smiles.groups)]
    >>> clf = LandmarkTransformerClassifier("outlines", max_epochs=1, random_state=0)
    >>> saliency = landmark_saliency(clf.fit(clips, smiles.target), clips[:1])[0]
    >>> saliency.values.shape == (len(saliency.frames), 128)
    True
    >>> list(saliency.by_region().index[:3])
    ['lips', 'left eye', 'right eye']
    """
    if baseline not in BASELINES:
        raise ValueError(f"baseline must be one of {', '.join(BASELINES)}, not {baseline!r}")
    check_positive("n_steps", n_steps, whole=True, at_least=1)
    last, measured = measured_clips(classifier, clips)
    return [_explained(last, clip, baseline, n_steps) for clip in measured]


def measured_clips(classifier: Any, clips: Any) -> tuple[MeshSequenceClassifier, list[Clip]]:
    """Return a system's last step, and clips as that step gets them.

    Parameters
    ----------
    classifier : fitted classifier of landmarks, or Pipeline that ends in one
    clips : list of recordings

    Returns
    -------
    last : MeshSequenceClassifier
    clips : list of Clip

    Raises
    ------
    ValueError
        The last step does not look at the face mesh.
    NotFittedError
        It is not fitted.
    ClipError
        A clip cannot be opened or measured.
    """
    last = steps_of(unwrapped(classifier))[-1][1]
    if not isinstance(last, MeshSequenceClassifier):
        name = last.__name__ if isinstance(last, type) else type(last).__name__
        raise ValueError(f"landmark_saliency explains {', '.join(_EXPLAINED)}, and pipelines that "
                         f"end in one of them, not {name}")
    system = open_system(classifier)
    return system.decider, system.measure(clips)


def _explained(classifier: Any, clip: Clip, baseline: str, n_steps: int) -> LandmarkSaliency:
    others = classifier.network_input(clip)
    sequence = others.pop("x")
    windows: Any = classifier.window_rows(len(sequence))
    rest = sequence[0] if baseline == "first" else sequence.mean(axis=0, dtype=float)
    still = np.broadcast_to(rest, sequence.shape).astype(float)
    path = network_path(
        classifier.net_, {"x": still, **others}, {"x": sequence.astype(float), **others},
        *classifier.last_layer(), n_steps=n_steps, refine=False, windows=windows)
    values = path.contributions["x"].sum(axis=2)
    values[np.setdiff1d(np.arange(len(values)), windows)] = np.nan
    _, frames = classifier.placed_sequence(clip)
    return LandmarkSaliency(values, frames, np.asarray(clip.times)[frames],
                            classifier.points_, path.end, path.start, classifier.classes_,
                            baseline, clip.label)
