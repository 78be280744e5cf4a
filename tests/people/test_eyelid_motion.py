"""Eyelids: flutter and blinks that add up to the figures, in the lips' phases."""

from __future__ import annotations

import numpy as np
import pytest

from smilegenuine.features.smile_figures import SmileSpan, signal_figures
from smilegenuine.people.eyelid_motion import FULL_BLINK, LidMotion, lid_motion
from smilegenuine.people.lip_motion import LipMotion, lip_motion
from smilegenuine.people.smile_copula import random_style, sample_figures, spread_scores

N = 150

#: A smile in the middle of what is published: 0.9 s of onset, 2 s held, 1.2 s of offset.
PLAIN = {
    "eyelid_onset_rise": 0.13, "eyelid_offset_fall": 0.22, "eyelid_onset_peak_speed_per_s": 0.85,
    "eyelid_offset_peak_speed_per_s": 1.0, "eyelid_apex_wobble": 0.37,
    "eyelid_onset_backtrack_ratio": 0.53,
}


def lips() -> LipMotion:
    smile = np.interp(np.arange(240), [20, 65, 165, 225], [0.0, 0.15, 0.15, 0.0])
    return LipMotion(smile, smile, start=20, end=225, onset=20, apex=65, offset=165, fallen=225,
                     span=SmileSpan(65, 165))


def lids(seed: int = 0, **changes) -> LidMotion:
    figures = PLAIN | {f"eyelid_{k}": v for k, v in changes.items()}
    return lid_motion(figures, lips(), np.random.default_rng(seed))


@pytest.fixture(scope="module")
def many() -> list[tuple[dict, LipMotion, LidMotion]]:
    habits, own = spread_scores(N, (1,)), spread_scores(N, (2,))
    found = []
    for k in range(N):
        rng = np.random.default_rng((7, k))
        figures = sample_figures(k % 2, random_style(rng, habits[k]), rng, scores=own[k])
        mouth = lip_motion(figures, rng)
        found.append((figures, mouth, lid_motion(figures, mouth, rng)))
    return found


@pytest.mark.parametrize(("figure", "most"), [
    # relative misses in nine of ten smiles
    ("onset_rise", 0.3), ("offset_fall", 1e-9), ("apex_wobble", 1e-9),
    ("onset_backtrack_ratio", 1e-9), ("onset_peak_speed_per_s", 0.01),
    ("offset_peak_speed_per_s", 0.01), ("onset_duration_s", 0.50), ("offset_duration_s", 0.35),
])
def test_measured_figures_are_those_asked_for(many, figure, most):
    misses = []
    for wanted, mouth, found in many:
        goal = wanted[f"eyelid_{figure}"]
        misses.append(abs(signal_figures(found.lid, mouth.span)[figure] - goal) / goal)
    assert np.quantile(misses, 0.9) <= most


def test_shape(many):
    for _, mouth, found in many:
        assert found.lid.shape == found.blinks.shape == mouth.lip.shape
        assert np.isfinite(found.lid).all()
        assert found.lid[0] == found.blinks[0] == 0
        assert found.blinks[-1] == pytest.approx(0, abs=1e-12)
        assert found.blinks.min() == 0
        assert found.blinks.max() <= 1.2 * FULL_BLINK


def test_they_stir_about_when_the_lips_do(many):
    starts = np.array([np.flatnonzero(found.lid)[0] - mouth.start for _, mouth, found in many])
    assert abs(np.median(starts)) <= 3
    assert 2 < starts.std() < 12


@pytest.mark.parametrize("seed", range(6))
class TestPlain:
    def test_sums(self, seed):
        steps = np.diff(lids(seed).lid)
        onset, apex, offset = np.split(steps, [65, 165])
        rise = onset[onset > 0].sum()
        assert rise == pytest.approx(0.13, rel=0.3)  # it goes with how long they stir
        assert -onset[onset < 0].sum() == pytest.approx(rise * 0.53 / 0.47)
        assert np.abs(apex).sum() == pytest.approx(0.37)
        assert apex.sum() == pytest.approx(0.0, abs=1e-12)
        assert -offset[offset < 0].sum() == pytest.approx(0.22)
        assert onset.max() * 50 == pytest.approx(0.85, rel=1e-3)
        assert -offset.min() * 50 == pytest.approx(1.0, rel=1e-3)

    def test_narrower_while_smiling_and_back_after(self, seed):
        found = lids(seed)
        assert found.narrowing == pytest.approx(0.13 * 0.53 / 0.47 - 0.13, rel=0.3)
        assert found.lid[65] == pytest.approx(-found.narrowing)
        assert found.lid[165] == pytest.approx(-found.narrowing)
        assert found.lid[-1] == pytest.approx(0.0, abs=1e-12)

    def test_eyes_that_widen(self, seed):
        found = lids(seed, onset_backtrack_ratio=0.4)
        assert found.narrowing == pytest.approx(0.13 * 2 / 3 - 0.13, rel=0.3)
        assert found.narrowing < 0
        assert found.lid[65] == pytest.approx(-found.narrowing)

    def test_flutter_is_as_much_up_as_down_in_nearly_every_frame(self, seed):
        apex = np.diff(lids(seed, apex_wobble=0.2).lid)[65:165]
        assert np.count_nonzero(apex) == 100
        assert 0.35 < (apex > 0).mean() < 0.65
        assert (np.diff(np.sign(apex)) != 0).mean() > 0.4


class TestBlinks:
    def test_none_where_the_lids_are_slow(self):
        for seed in range(10):
            slow = lids(seed, onset_peak_speed_per_s=1.0, offset_peak_speed_per_s=1.0,
                        apex_wobble=0.2)
            np.testing.assert_array_equal(slow.blinks, 0.0)

    @pytest.mark.parametrize(("figure", "phase"), [("onset_peak_speed_per_s", slice(0, 66)),
                                                   ("offset_peak_speed_per_s", slice(165, 240))])
    def test_where_they_are_fast(self, figure, phase):
        for seed in range(10):
            fast = lids(seed, **{figure: 2.5}, onset_rise=0.4, offset_fall=0.5, apex_wobble=0.2)
            assert fast.blinks[phase].max() > 0.1
            others = np.ones(240, bool)
            others[phase] = False
            np.testing.assert_allclose(fast.blinks[others], 0.0, atol=1e-12)

    def test_one_closes_quickly_and_opens_more_slowly(self):
        blinks = lids(0, onset_peak_speed_per_s=2.5, onset_rise=0.4, apex_wobble=0.2).blinks[:66]
        steps = np.diff(blinks)
        closing, opening = (steps > 1e-9).sum(), (steps < -1e-9).sum()
        assert 3 <= closing <= 7
        assert closing < opening <= 12
        assert -steps.min() * 50 == pytest.approx(2.5)
        assert blinks[-1] == pytest.approx(0, abs=1e-12)

    def test_now_and_then_while_the_smile_is_held(self):
        seen = [lids(seed, apex_wobble=3.0).blinks[65:166].max() > 0.1 for seed in range(1500)]
        # 0.2 a second over 2 s: none in exp(-0.4) of the smiles
        assert np.mean(seen) == pytest.approx(1 - np.exp(-0.4), abs=0.03)

    def test_lids_go_down_with_them(self, many):
        seen = 0
        for _, _, found in many:
            closed = int(found.blinks.argmax())
            depth = found.blinks[closed]
            if depth > 0.15:
                seen += 1
                open_ = int(np.flatnonzero(found.blinks[:closed] < 1e-12)[-1])
                assert found.lid[closed] - found.lid[open_] == pytest.approx(-depth, abs=1e-9)
        assert seen > 20


def test_same_generator_same_lids():
    np.testing.assert_array_equal(lids(3).lid, lids(3).lid)
    assert not np.array_equal(lids(3).lid, lids(4).lid)
