"""What a tracker makes of signals: weaker, smeared, trembling, and no more than that."""

from __future__ import annotations

import numpy as np
import pytest

from smilegenuine.features.smile_bouts import noise_of
from smilegenuine.people.tracker_noise import EYELIDS, LIPS, as_tracked


def tracked(times, lips, eyelids, n=60, seed=0):
    rng = np.random.default_rng(seed)
    return [as_tracked(times, lips, eyelids, rng) for _ in range(n)]


def still(times):
    return np.full((len(times), 2), 0.5), np.full((len(times), 2), 0.3)


def smile(times):
    level = 0.5 + 0.3 / (1.0 + np.exp(-(times - 1.5) / 0.02))
    return np.column_stack([level, level]), np.full((len(times), 2), 0.3)


@pytest.mark.parametrize("fps", [24, 60])
def test_a_still_face_trembles_by_what_was_measured(fps):
    times = np.arange(0, 4, 1 / fps)
    found = tracked(times, *still(times))
    lips = np.median([noise_of(times, lip.mean(axis=1)) for lip, _ in found])
    lids = np.median([noise_of(times, lid.mean(axis=1)) for _, lid in found])
    assert 0.7 * LIPS.white < lips < 2.0 * LIPS.white
    assert 0.7 * EYELIDS.white < lids < 2.0 * EYELIDS.white
    slow = np.median([lip.mean(axis=1).std() for lip, _ in found])
    assert LIPS.white < slow < 3.0 * (LIPS.white + LIPS.coloured + LIPS.drift)


def test_movements_are_weakened_within_the_range_and_smeared():
    times = np.arange(0, 3, 1 / 50)
    lips, lids = smile(times)
    found = [lip.mean(axis=1) for lip, _ in tracked(times, lips, lids)]
    gains = np.array([lip[-25:].mean() - lip[:25].mean() for lip in found]) / 0.3
    assert LIPS.gain[0] - 0.08 < gains.min() < 0.7
    assert 0.9 < gains.max() < LIPS.gain[1] + 0.08
    # Errors cancel out over many recordings, smearing does not.
    mean = np.mean([(lip - lip[:25].mean()) / gain
                    for lip, gain in zip(found, gains, strict=True)], axis=0)
    assert np.diff(mean).max() < 0.95 * np.diff(lips.mean(axis=1)).max()


def test_the_mouth_at_rest_is_as_wide_as_measured_signals_have_it():
    times = np.arange(0, 3, 1 / 30)
    for lips, _ in tracked(times, *smile(times), n=10):
        assert lips[:3].mean() == pytest.approx(0.5, abs=1e-12)


def test_both_sides_tremble_together_and_a_little_each_for_itself():
    times = np.arange(0, 20, 1 / 30)
    lips, lids = tracked(times, *still(times), n=1)[0]
    assert 0.3 < np.corrcoef(lips.T)[0, 1] < 0.99
    assert np.corrcoef(lids.T)[0, 1] > 0.99


def test_the_same_again_with_the_same_generator():
    times = np.arange(0, 2, 1 / 30)
    one, two = (tracked(times, *smile(times), n=1, seed=3)[0] for _ in range(2))
    assert all((a == b).all() for a, b in zip(one, two, strict=True))
