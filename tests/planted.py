"""Smiles whose classes differ in one thing that is known, and systems that learn it quickly."""

from __future__ import annotations

import functools

import numpy as np
from sklearn.utils import Bunch

from smilegenuine import Clip
from smilegenuine.datasets import make_smile_signals, make_smiles

FPS = 25.0


@functools.cache
def signals(difference: str, n_subjects: int = 40) -> Bunch:
    """Action units and smile intensity; the last third of the subjects is for tests."""
    smiles = make_smile_signals(n_subjects, 4, fps=FPS, difference=difference, random_state=1)
    return _halves(smiles.data, smiles.target)


@functools.cache
def crooked(n_subjects: int = 40) -> Bunch:
    """Face meshes: in class 1 one corner of the mouth moves further, in class 0 both alike.

    All else differs from clip to clip at random, between the classes not at all: how wide and how
    long the smile is, blinks, cheeks, place, size and roll of the head, jitter.
    """
    face = np.asarray(make_smiles(1, 1, random_state=0).landmarks[0][0], dtype=float)
    rng = np.random.default_rng(0)
    clips, labels = [], []
    for subject in range(n_subjects):
        for label in (0, 1):
            clips.append(Clip(landmarks=_smile(face, label, rng), fps=FPS, subject=f"s{subject}",
                              name=f"s{subject}_{label}"))
            labels.append(label)
    return _halves(clips, np.array(labels))


def _smile(face: np.ndarray, label: int, rng: np.random.Generator) -> np.ndarray:
    t = np.arange(50) / FPS
    begin, end = rng.uniform(0.3, 0.5), rng.uniform(1.4, 1.7)
    curve = np.clip((t - begin) / 0.4, 0, 1) - np.clip((t - end) / 0.3, 0, 1)
    unit = np.linalg.norm(face[33] - face[263])
    wide = rng.uniform(0.10, 0.16) * unit
    mesh = np.repeat(face[None], len(t), axis=0)
    share = rng.uniform(0.35, 0.5) if label else rng.uniform(-0.05, 0.05)
    for corner, side, gain in ((61, -1.0, 1.0 - share), (291, 1.0, 1.0 + share)):
        near = np.exp(-0.5 * (np.linalg.norm(face - face[corner], axis=1) / (0.08 * unit))**2)
        move = np.array([side, -0.6, 0.0]) * wide * gain
        mesh += curve[:, None, None] * near[:, None] * move
    cheeks = np.exp(-0.5 * (np.linalg.norm(face - face[50], axis=1) / (0.1 * unit))**2) + \
        np.exp(-0.5 * (np.linalg.norm(face - face[280], axis=1) / (0.1 * unit))**2)
    mesh[..., 1] -= curve[:, None] * cheeks * rng.uniform(0.0, 0.04) * unit
    blink = np.exp(-0.5 * ((t - rng.uniform(0.2, 1.8)) / 0.06)**2) * rng.uniform(0.0, 0.05) * unit
    mesh[:, [159, 386], 1] += blink[:, None]
    roll = rng.uniform(-0.1, 0.1)
    turn = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    mesh = rng.uniform(0.8, 1.2) * (mesh - face.mean(axis=0)) @ turn.T + rng.uniform(200, 300, 3)
    return mesh + rng.normal(0.0, 0.002 * unit, mesh.shape)


def _halves(clips: list[Clip], y: np.ndarray) -> Bunch:
    n = 2 * len(clips) // 3 // 4 * 4
    return Bunch(train=clips[:n], y_train=y[:n], test=clips[n:], y_test=y[n:])
