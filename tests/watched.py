"""A system from video that is fitted on next to nothing, and films, drawn once for all tests."""

from __future__ import annotations

import functools

import cv2
import numpy as np
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from smilegenuine import Clip, FaceAligner, LBPSmileIntensity, load_drawn_action_units
from smilegenuine.clips.au_table import AU_NAMES
from smilegenuine.datasets import make_smiles

FPS = 15.0


class MeanPull(ClassifierMixin, BaseEstimator):
    """Says of clips whose lip corners are pulled more in the mean that they are spontaneous."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        pull = [np.nanmean(clip.aus[:, AU_NAMES.index("AU12")]) for clip in X]
        p = expit(np.array(pull) - 1.5)
        return np.column_stack([1 - p, p])

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


@functools.cache
def drawn() -> Clip:
    """Somebody who smiles once, as pictures in memory."""
    clip = make_smiles(2, 1, fps=FPS, size=128, head_motion=0.5, random_state=6).data[1]
    return Clip(frames=np.stack([*clip.frames]), fps=FPS)


@functools.cache
def fitted() -> Pipeline:
    """Faces, smile intensity, action units, and something that decides by them."""
    aligner, smile = FaceAligner(size=64), LBPSmileIntensity()
    smile.fit(aligner.transform([drawn()]))
    return Pipeline([("faces", aligner), ("smile", smile),
                     ("aus", FrozenEstimator(load_drawn_action_units())),
                     ("pull", MeanPull().fit([], ["posed", "spontaneous"]))])


def smile_film() -> tuple[list[np.ndarray], np.ndarray]:
    """The pictures of a smile, with a second of rest before, and their times."""
    pictures = [*drawn().frames]
    pictures = [pictures[0]] * round(FPS) + pictures
    return pictures, np.arange(len(pictures)) / FPS


def nobody() -> np.ndarray:
    """A picture without anybody."""
    noise = np.random.default_rng(0).integers(90, 110, (16, 16, 3), dtype=np.uint8)
    return cv2.resize(noise, (128, 128))
