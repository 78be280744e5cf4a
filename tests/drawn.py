"""Drawn people, measured once for all tests that look at them."""

from __future__ import annotations

import functools
import os

import numpy as np
from sklearn.utils import Bunch

from smilegenuine import Clip, FaceAligner
from smilegenuine.datasets import make_action_units, make_smiles

# Points of the mesh around the corners of the mouth.
LEFT_CORNER, RIGHT_CORNER = [61, 62, 76, 78], [291, 292, 306, 308]

SHARED_FOLDER = "SMILEGENUINE_TEST_FOLDER"


@functools.cache
def aligned_smiles() -> Bunch:
    """Smiles of six people, four each, with `faces`; the truth beside them."""
    smiles = make_smiles(6, 4, fps=25, size=128, random_state=1234)
    smiles.data = _aligned(smiles.data)
    return smiles


@functools.cache
def aligned_action_units() -> Bunch:
    """Twelve people who move all action units independently, with `faces` and true `aus`."""
    units = make_action_units(12, duration=3.0, fps=25, random_state=4321)
    units.data = _aligned(units.data)
    return units


def _aligned(clips: list[Clip]) -> list[Clip]:
    """The clips with `faces`; where tests run in several processes, one leaves them to the rest."""
    return FaceAligner(n_jobs=2, memory=shared_folder()).transform(clips)


def shared_folder() -> str | None:
    """A folder that the processes of one run of the tests share; None where there is one process.

    `conftest` makes and removes it.
    """
    return os.environ.get(SHARED_FOLDER)


def known_clips(n_subjects: int, clips_per_subject: int = 4, random_state: int = 0) -> Bunch:
    """Smiles whose true signals are in the clips, so that nothing has to be drawn or measured."""
    smiles = make_smiles(n_subjects, clips_per_subject, random_state=random_state)
    smiles.data = [c.replace(frames=None, aus=a, smile=s, times=t) for c, a, s, t in
                   zip(smiles.data, smiles.aus, smiles.smile, smiles.times, strict=True)]
    return smiles


@functools.cache
def known_meshes(n_subjects: int, clips_per_subject: int = 4, random_state: int = 0,
                 difference: str = "kinematics", fps: float = 25.0) -> Bunch:
    """Smiles whose true landmarks are in the clips."""
    smiles = make_smiles(n_subjects, clips_per_subject, random_state=random_state,
                         difference=difference, fps=fps)
    smiles.data = [c.replace(frames=None, landmarks=np.asarray(mesh, np.float32), times=t)
                   for c, mesh, t in zip(smiles.data, smiles.landmarks, smiles.times, strict=True)]
    return smiles


def painted(clips: list[Clip]) -> list[Clip]:
    """Clips with tiny faces: somebody's colour, and a mouth that widens with the lip corners."""
    with_faces = []
    for clip in clips:
        rng = np.random.default_rng(sum(map(ord, clip.subject)))
        faces = np.full((len(clip.times), 24, 24, 3), rng.integers(60, 200, 3), np.uint8)
        half = np.clip(3 + 1.6 * np.asarray(clip.aus)[:, 8], 0, 11).astype(int)
        for face, width in zip(faces, half, strict=True):
            face[16:18, 12 - width:12 + width] = (150, 30, 40)
        with_faces.append(clip.replace(faces=faces))
    return with_faces


def meshed(clips: list[Clip]) -> list[Clip]:
    """Clips with landmarks: somebody's own mesh, whose lip corners go apart as AU12 does."""
    face = np.asarray(make_smiles(1, 1, fps=5, random_state=0).landmarks[0][0])
    with_meshes = []
    for clip in clips:
        rng = np.random.default_rng(sum(map(ord, clip.subject)))
        own = face + rng.normal(0.0, 1.0, face.shape)
        mesh = np.repeat(own[None], len(clip.times), axis=0)
        mesh += 0.1 * np.random.default_rng(len(clip.times)).normal(size=mesh.shape)
        wider = np.asarray(clip.aus)[:, 8]
        mesh[:, LEFT_CORNER, 0] -= wider[:, None]
        mesh[:, RIGHT_CORNER, 0] += wider[:, None]
        with_meshes.append(clip.replace(landmarks=mesh.astype(np.float32)))
    return with_meshes


def overlap(a: slice, b: slice) -> float:
    """Intersection over union of two stretches of frames; 1 for two empty ones."""
    both = max(0, min(a.stop, b.stop) - max(a.start, b.start))
    either = (a.stop - a.start) + (b.stop - b.start) - both
    return 1.0 if either == 0 else both / either
