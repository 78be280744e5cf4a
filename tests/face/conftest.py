"""Drawn recordings for the tests of `smilegenuine.face`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from smilegenuine import AU_NAMES
from smilegenuine.drawing.appearance import random_person
from smilegenuine.drawing.renderer import FaceRenderer


@dataclass(frozen=True)
class Drawn:
    """A drawn recording: frames (T, 160, 160, 3), times (T,), true eye centres (T, 2) complex."""

    frames: np.ndarray
    times: np.ndarray
    eyes: np.ndarray
    empty: np.ndarray


def draw(seed: int, *, fps: float = 30.0, seconds: float = 2.6) -> Drawn:
    """Draw someone who smiles and blinks while the head moves slowly."""
    rng = np.random.default_rng(seed)
    renderer = FaceRenderer(random_person(rng), 160)
    t = np.arange(round(seconds * fps)) / fps
    smile = np.interp(t, [0.5, 1.0, 1.8, 2.3], [0.0, 1.0, 1.0, 0.0])
    blink = sum(np.exp(-0.5 * ((t - c) / 0.06) ** 2) for c in (0.3, 1.4))
    aus = np.zeros((len(t), len(AU_NAMES)))
    for name, course in {"AU12": 4 * smile, "AU06": 3 * smile, "AU25": 2.5 * smile,
                         "AU45": 5 * blink}.items():
        aus[:, list(AU_NAMES).index(name)] = course
    swing = np.sin(2 * np.pi * rng.uniform(0.2, 0.5, 6) * t[:, None] + rng.uniform(0, 6, 6))
    frames, eyes = [], []
    for values, s in zip(aus, swing, strict=True):
        pose = {"yaw": 5 * s[0], "pitch": 4 * s[1], "roll": 3 + 4 * s[2],
                "shift": (0.03 * s[3], 0.02 * s[4]), "scale": 1 + 0.04 * s[5]}
        frames.append(renderer.draw(values, rng=rng, **pose))
        eyes.append(renderer.eye_centres(**pose) @ [1, 1j])
    empty = renderer.draw(np.zeros(len(AU_NAMES)), visible=False)
    return Drawn(np.stack(frames), t, np.array(eyes), empty)


@pytest.fixture(scope="session")
def drawn() -> Drawn:
    """One person, 78 frames at 30 Hz."""
    return draw(3)


@pytest.fixture(scope="session")
def other() -> Drawn:
    """Another person, as long."""
    return draw(11)
