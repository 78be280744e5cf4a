"""Cutting and keeping chips."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from joblib import Parallel, delayed

from smilegenuine import Clip
from smilegenuine.face import chips
from smilegenuine.face.chips import ChipCutter, store_chips


def spots(shape: tuple[int, int], places: tuple[complex, ...], width: float) -> np.ndarray:
    y, x = np.mgrid[:shape[0], :shape[1]]
    image = sum(220 * np.exp(-0.5 * abs(x + 1j * y - p) ** 2 / width ** 2) for p in places)
    return np.repeat(np.asarray(image)[..., None].astype(np.uint8), 3, axis=2)


@pytest.mark.parametrize("distance", [17.0, 34.56, 60.0, 230.0])
def test_the_eyes_lie_exactly_where_they_should(distance):
    size, margin, height = 96, 0.32, 0.30
    left = 300.4 + 260.7j
    right = left + distance * np.exp(0.25j)
    frame = spots((640, 700), (left, right), 0.06 * distance)
    chip = ChipCutter(size, margin, height, distance).cut(frame, left, right).astype(float)[..., 0]
    y, x = np.mgrid[:size, :size]
    for half, target in ((x < 48, margin * size), (x >= 48, (1 - margin) * size)):
        centre = (chip * half * (x + 1j * y)).sum() / (chip * half).sum()
        assert abs(centre - (target + 1j * height * size)) < 0.08


def test_no_aliasing():
    y, x = np.mgrid[:900, :900]
    board = np.repeat((((x + y) % 2) * 255).astype(np.uint8)[..., None], 3, axis=2)
    chip = ChipCutter(96, 0.32, 0.3, 173.3).cut(board, 350 + 400j, 523.3 + 400j)
    assert abs(chip.astype(int) - 127).max() < 12


def test_sharpness_does_not_depend_on_the_frame():
    cutter = ChipCutter(96, 0.32, 0.3, 69.0)
    assert cutter.fine == 2
    frame = spots((400, 400), (200 + 200j,), 3.0)
    powers = [(cutter.cut(frame, 160 + 190j + shift, 160 + 190j + shift + d).astype(float) ** 2
               ).sum() for shift in (0, 0.25, 0.5 + 0.5j, 0.75j) for d in (68.8, 69.3)]
    assert np.ptp(powers) < 0.03 * np.mean(powers)


@pytest.mark.parametrize("left", [-500 + 0j, 3000 + 20j, 20 + 4000j])
def test_beyond_the_frame_is_black(left):
    frame = np.full((100, 120, 3), 50, np.uint8)
    chip = ChipCutter(48, 0.32, 0.3, 30.0).cut(frame, left, left + 30)
    assert chip.shape == (48, 48, 3)
    assert not chip.any()


def test_the_border_is_repeated():
    frame = np.full((100, 120, 3), 50, np.uint8)
    chip = ChipCutter(48, 0.32, 0.3, 30.0).cut(frame, 2 + 5j, 32 + 5j)
    assert (chip == 50).all()


@pytest.fixture
def mapped(monkeypatch) -> tuple[np.ndarray, np.ndarray]:
    """Chips of 2 MB, and the same in a temporary file."""
    pictures = np.random.default_rng(0).integers(0, 255, (700, 32, 32, 3)).astype(np.uint8)
    np.testing.assert_array_equal(store_chips(iter(pictures), 700, 32), pictures)
    monkeypatch.setattr(chips, "IN_MEMORY", 1000)
    return pictures, store_chips(iter(pictures), 700, 32)


def test_many_chips_go_to_a_file(mapped):
    pictures, stored = mapped
    np.testing.assert_array_equal(stored, pictures)
    assert not stored.flags.writeable
    assert not stored.flags.owndata
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(stored)), pictures)


def test_mapped_chips_reach_other_processes(mapped):
    pictures, stored = mapped
    clips = [Clip(faces=stored, fps=30)] * 2
    means = Parallel(n_jobs=2)(delayed(_mean)(clip) for clip in clips)
    assert means == [pictures.mean()] * 2


def _mean(clip: Clip) -> float:
    return float(clip.faces.mean())
