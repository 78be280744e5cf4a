"""Motion curves: the published figures, phases that fit the curves, any frame rate."""

from __future__ import annotations

import numpy as np
import pytest

from smilegenuine.au_table import AU_NAMES
from smilegenuine.datasets.kinematics import KINEMATICS
from smilegenuine.datasets.motion import (
    EYELID_PER_AU06,
    KINDS,
    LIP_PER_AU12,
    Motion,
    free_motion,
    head_pose,
    random_style,
    smile_motion,
)

AU06 = AU_NAMES.index("AU06")
AU12 = AU_NAMES.index("AU12")
AU45 = AU_NAMES.index("AU45")


def smiles(kind: str, n: int, fps: float = 50.0, seed: int = 0, **options) -> list[Motion]:
    """Smiles of `n` people, one each; the same people for any frame rate."""
    motions = []
    for k in range(n):
        rng = np.random.default_rng((seed, k))
        motions.append(smile_motion(kind, random_style(rng), fps, rng, **options))
    return motions


def seconds(motion: Motion, phase: str) -> float:
    span = motion.phases[phase]
    return (span.stop - span.start) * float(motion.times[1])


@pytest.fixture(scope="module")
def many() -> dict[str, list[Motion]]:
    return {kind: smiles(kind, 400) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
class TestFigures:
    def test_durations(self, many, kind):
        whole = [m for m in many[kind] if m.phases["offset"].stop > m.phases["offset"].start]
        assert 0.88 * 400 < len(whole) < 400  # a few recordings end in the apex
        for phase, more in (("onset", 0.0), ("apex", 0.2), ("offset", 0.0)):
            expected = KINEMATICS[kind][f"lip_{phase}_duration_s"][2] + more
            found = np.median([seconds(m, phase) for m in whole])
            assert found == pytest.approx(expected, rel=0.13), phase
        start = np.median([m.times[m.phases["onset"].start] for m in whole])
        assert start == pytest.approx(KINEMATICS[kind]["smile_start_s"][2] + 0.15, rel=0.13)
        total = np.median([m.times[-1] for m in whole])
        assert total == pytest.approx(KINEMATICS[kind]["video_s"][2], rel=0.13)

    def test_rises(self, many, kind):
        rises = [m.aus[m.phases["onset"].stop, AU12] * LIP_PER_AU12 for m in many[kind]]
        found = np.quantile(rises, (0.25, 0.5, 0.75))
        np.testing.assert_allclose(found, KINEMATICS[kind]["lip_onset_rise"][1:4], rtol=0.13)

    def test_cheeks_and_wavering(self, many, kind):
        cheeks = [m.aus[:, AU06].max() * EYELID_PER_AU06 for m in many[kind]]
        paths = [np.abs(np.diff(m.aus[m.phases["apex"], AU12])).sum() * LIP_PER_AU12
                 for m in many[kind]]
        for found, figure in ((cheeks, "eyelid_onset_rise"), (paths, "lip_apex_wobble")):
            np.testing.assert_allclose(np.quantile(found, (0.25, 0.5)),
                                       KINEMATICS[kind][figure][1:3], rtol=0.2, err_msg=figure)

    def test_intensities(self, many, kind):
        for motion in many[kind]:
            assert motion.aus.shape == (len(motion.times), 17)
            assert motion.pose.shape == (len(motion.times), 6)
            assert np.isfinite(motion.aus).all()
            assert np.isfinite(motion.pose).all()
            assert motion.aus.min() >= 0
            assert motion.aus.max() <= 5
            np.testing.assert_array_equal(motion.smile, motion.aus[:, AU12] / 5)

    def test_phases_fit_the_curve(self, many, kind):
        for motion in many[kind]:
            onset, apex, offset = (motion.phases[p] for p in ("onset", "apex", "offset"))
            smile, n = motion.smile, len(motion.times)
            assert onset.stop > onset.start
            assert (smile[:onset.start] == 0).all()
            assert (np.diff(smile[onset]) >= 0).all()
            assert apex.start == onset.stop
            top = smile[min(onset.stop, n - 1)]
            np.testing.assert_array_less(0.7 * top, smile[apex])
            assert motion.phases["smile"].start == onset.start
            if offset.stop > offset.start:
                assert offset.start == apex.stop
                assert (np.diff(smile[offset]) <= 0).all()
                assert (smile[offset.stop:] == 0).all()
                assert motion.phases["smile"].stop == offset.stop < n
            else:
                assert offset == slice(0, 0)
                assert apex.stop == motion.phases["smile"].stop == n
                assert smile[-1] > 0.5 * top


def test_spontaneous_smiles_are_slower_and_raise_the_cheeks_more(many):
    """What the published systems tell the two kinds apart by."""
    def median(kind, figure):
        return np.median([figure(m) for m in many[kind]])

    assert median("spontaneous", lambda m: seconds(m, "onset")) > \
        1.3 * median("posed", lambda m: seconds(m, "onset"))
    assert median("spontaneous", lambda m: m.aus[:, AU06].max()) > \
        1.2 * median("posed", lambda m: m.aus[:, AU06].max())


@pytest.mark.parametrize("fps", [24, 30.0, 120])
def test_any_frame_rate_gives_the_same_smiles(fps):
    for kind in KINDS:
        for one, other in zip(smiles(kind, 25, 50.0), smiles(kind, 25, fps), strict=True):
            np.testing.assert_allclose(np.diff(other.times), 1 / fps)
            assert len(other.times) / fps == pytest.approx(
                len(one.times) / 50, abs=0.5 / fps + 0.5 / 50 + 1e-9)
            # In the apex the curve wavers at random; before it, it is the same curve.
            before = other.times < one.times[one.phases["onset"].stop - 1]
            expected = np.interp(other.times[before], one.times, one.smile)
            np.testing.assert_allclose(other.smile[before], expected, atol=0.01)
            assert other.times[other.phases["onset"].start] == pytest.approx(
                one.times[one.phases["onset"].start], abs=1 / fps + 1 / 50)


def test_short_clips_at_a_low_rate():
    for motion in smiles("posed", 10, fps=2):
        assert len(motion.times) >= 12
        assert motion.phases["smile"].stop > motion.phases["smile"].start


def test_subjects_have_habits():
    """Smiles of one person are more alike than smiles of different people."""
    rises = []
    for k in range(60):
        rng = np.random.default_rng((7, k))
        style = random_style(rng)
        rises.append([smile_motion("posed", style, 50.0, rng).smile.max() for _ in range(2)])
    assert np.corrcoef(np.array(rises).T)[0, 1] > 0.2


class TestHead:
    def test_still(self):
        (motion,) = smiles("posed", 1, head_motion=0.0)
        np.testing.assert_array_equal(motion.pose, np.tile([0, 0, 0, 0, 0, 1.0], (
            len(motion.times), 1)))

    def test_strength(self):
        style = random_style(np.random.default_rng(1))
        times = np.arange(90) / 30
        weak, strong = (head_pose(times, style, np.random.default_rng(2), s) for s in (0.5, 2.0))
        rest = [0, 0, 0, 0, 0, 1]
        np.testing.assert_allclose(strong - rest, 4 * (weak - rest), atol=1e-9)

    def test_spread_does_not_depend_on_the_rate(self):
        style = random_style(np.random.default_rng(1))
        spreads = []
        for fps in (12, 60):
            times = np.arange(400 * fps) / fps
            spreads.append(head_pose(times, style, np.random.default_rng(2), 1.0).std(axis=0))
        np.testing.assert_allclose(spreads[0], [2.5, 2.0, 1.5, 0.010, 0.010, 0.012], rtol=0.15)
        np.testing.assert_allclose(spreads[0], spreads[1], rtol=0.15)


class TestFree:
    def test_all_action_units_move_on_their_own(self):
        curves = []
        for k in range(60):
            rng = np.random.default_rng((3, k))
            motion = free_motion(random_style(rng), 10.0, 9.0, rng)
            assert motion.aus.shape == (90, 17)
            assert motion.aus.min() >= 0
            assert motion.aus.max() <= 5
            assert motion.phases == {}
            curves.append(motion.aus)
        aus = np.concatenate(curves)
        assert (aus.max(axis=0) > 4).all()
        resting = (aus < 0.05).mean(axis=0)
        assert (resting[:AU45] > 0.25).all()
        assert (resting[:AU45] < 0.75).all()
        pairs = np.corrcoef(aus.T)[np.triu_indices(17, 1)]
        assert np.abs(pairs).max() < 0.15

    def test_at_least_three_frames(self):
        rng = np.random.default_rng(0)
        assert len(free_motion(random_style(rng), 5.0, 0.1, rng).times) == 3
