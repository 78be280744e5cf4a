"""A pipeline from video to decision that knows of smiles: none, one or several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from ..classifiers.kinematic_decisions import CANNOT_TELL, NO_SMILE
from ..clips.record import as_clips
from ..features.smile_kinematics import KINEMATICS, Smile, SmileKinematics


class SmileDecisions(NamedTuple):
    """What is decided about smiles.

    Attributes
    ----------
    figures : DataFrame of shape (n, 20)
        Their figures, as the classifier takes them.
    decisions : array of object of shape (n,)
        A class, or "cannot tell".
    known : array of bool of shape (n,)
        Whether anything of it that the classifier looks at could be measured.
    """

    figures: pd.DataFrame
    decisions: np.ndarray
    known: np.ndarray


class KinematicsPipeline(Pipeline):
    """A `Pipeline` that ends in `SmileKinematics` and a classifier of its figures.

    All that scikit-learn's `Pipeline` does, and what only these two steps together can: telling
    where no smile is, and deciding about each smile of a recording. `load_pretrained` returns one
    that is fitted.

    Parameters
    ----------
    steps : list of (str, estimator)
        Steps from clips to clips, such as `FaceLandmarks`; a `SmileKinematics`; and a classifier
        such as `KinematicsClassifier`, which takes NaN.
    transform_input : list of str, optional
    memory : str or joblib.Memory, optional
    verbose : bool, default=False
        See `sklearn.pipeline.Pipeline`.

    Examples
    --------
    >>> from smilegenuine import Clip, load_pretrained
    >>> from smilegenuine.datasets import make_smiles
    >>> smiles = make_smiles(1, 2, random_state=0)
    >>> clips = [Clip(landmarks=points, times=t, name=c.name)
    ...          for points, t, c in zip(smiles.landmarks, smiles.times, smiles.data)]
    >>> model = load_pretrained("kinematics", labels=("posed", "spontaneous"))
    >>> list(model.find_smiles(clips))
    ['clip', 'smile', 'start', 'end', 'decision', 'P(posed)', 'P(spontaneous)']
    """

    def fit(self, X: Any, y: Any = None, **params: Any) -> KinematicsPipeline:
        """Fit the steps anew. What was remembered of an earlier training, `info_`, is forgotten.

        Parameters
        ----------
        X : list of recordings
            Anything that `as_clips` takes.
        y : array-like of shape (n,)
            Labels, those of posed smiles before those of spontaneous ones in order.
        **params : dict
            As of `sklearn.pipeline.Pipeline.fit`.

        Returns
        -------
        self
        """
        super().fit(X, y, **params)
        if hasattr(self, "info_"):
            del self.info_
        return self

    def decide(self, X: Any) -> np.ndarray:
        """Return the more probable class of each recording, where there is one.

        Parameters
        ----------
        X : list of recordings
            Anything that `as_clips` takes.

        Returns
        -------
        array of object of shape (n,)
            One of `classes_`, "no smile found", or "cannot tell".
        """
        return np.asarray(self.steps[-1][1].decide(self[:-1].transform(X)))

    def measured(self, X: Any) -> list[list[Smile]]:
        """Find the smiles of recordings, and measure each.

        Parameters
        ----------
        X : list of recordings
            Anything that `as_clips` takes.

        Returns
        -------
        list of list of Smile
            For each recording its smiles, in their order.
        """
        clips = self[:-2].transform(as_clips(X)) if len(self.steps) > 2 else as_clips(X)
        kinematics: SmileKinematics = self.steps[-2][1]
        return [kinematics.find_smiles(clip) for clip in clips]

    def find_smiles(self, X: Any) -> pd.DataFrame:
        """Find the smiles of recordings, and decide about each by itself.

        Parameters
        ----------
        X : list of recordings
            Anything that `as_clips` takes.

        Returns
        -------
        DataFrame
            A row a smile: `clip` (its name), `smile` (1, 2, …), `start` and `end` (seconds),
            `decision` (one of `classes_`, or "cannot tell"), and `P(…)` of each class. A recording
            without a smile has a row as well: `smile` is 0, `decision` "no smile found", the rest
            NaN.
        """
        clips = as_clips(X)
        classes = [f"P({c})" for c in self.classes_]
        rows = []
        for clip, smiles in zip(clips, self.measured(clips), strict=True):
            if not smiles:
                rows.append((clip.label, 0, np.nan, np.nan, NO_SMILE, np.nan, np.nan))
                continue
            decided = self.decide_smiles(smiles)
            probabilities = self.steps[-1][1].predict_proba(decided.figures)
            rows += [(clip.label, k, smile.start, smile.end, decision, *p) for k, (
                smile, decision, p) in enumerate(zip(
                    smiles, decided.decisions, probabilities, strict=True), 1)]
        return pd.DataFrame(rows, columns=["clip", "smile", "start", "end", "decision", *classes])

    def decide_smiles(self, smiles: Sequence[Smile]) -> SmileDecisions:
        """Decide about smiles that have been measured, each by itself.

        Parameters
        ----------
        smiles : sequence of Smile
            At least one; see `measured`.

        Returns
        -------
        SmileDecisions
        """
        figures = pd.DataFrame([smile.figures for smile in smiles], columns=list(KINEMATICS))
        decisions = self.steps[-1][1].decide(figures)
        # A smile is there; that nothing of it could be measured is another matter.
        known = decisions != NO_SMILE
        return SmileDecisions(figures, np.where(known, decisions, CANNOT_TELL), known)
