"""Where smiles are: curves made by hand, of known beginnings and ends."""

from __future__ import annotations

import numpy as np
import pytest

from smilegenuine.features.smile_bouts import Bout, find_bouts, joined_bouts, noise_of

RATES = (12.0, 25.0, 30.0, 50.0, 60.0, 100.0)

# (seconds, height over the face at rest): 1 to 1.6 s up, 3 to 4 s down.
ONE = ((0, 0), (1, 0), (1.6, 0.2), (3, 0.2), (4, 0), (6.4, 0))


def times_of(knots, fps=25.0):
    return np.arange(round(knots[-1][0] * fps) + 1) / fps


def curve(times, knots):
    """The lips' signal, 0.5 at rest, along straight lines between knots."""
    return 0.5 + np.interp(times, *np.transpose(knots))


def found(knots, fps=25.0, noise=0.0, seed=0, **params):
    times = times_of(knots, fps)
    shaken = np.random.default_rng(seed).normal(0.0, noise, len(times))
    return find_bouts(times, curve(times, knots) + shaken, **params)


def near(seconds):
    return pytest.approx(seconds, abs=0.15)


class TestOneSmile:
    @pytest.mark.parametrize("fps", RATES)
    def test_where_it_is_at_any_rate(self, fps):
        (bout,) = found(ONE, fps)
        assert bout == (near(1.0), near(4.0), pytest.approx(0.2, rel=0.1), True, True)

    def test_clock_and_level_do_not_matter(self):
        times = times_of(ONE)
        (plain,) = find_bouts(times, curve(times, ONE))
        (moved,) = find_bouts(times + 70.0, curve(times, ONE) - 3.0)
        assert moved == (pytest.approx(plain.start + 70.0), pytest.approx(plain.end + 70.0),
                         pytest.approx(plain.rise), True, True)

    def test_uneven_times(self):
        times = np.sort(np.random.default_rng(0).uniform(0.0, 6.4, 240))
        (bout,) = find_bouts(times, curve(times, ONE))
        assert bout[:2] == (near(1.0), near(4.0))

    @pytest.mark.parametrize("n", [0, 1, 2, 4])
    def test_no_time_for_a_smile(self, n):
        assert find_bouts(np.arange(n) / 50, np.linspace(0.5, 0.9, n)) == []

    def test_a_creep_is_not_part_of_it(self):
        (bout,) = found(((0, 0), (1, 0), (3, 0.02), (3.5, 0.2), (5, 0.2), (5.5, 0.02), (8, 0)))
        assert bout[:2] == (near(3.0), near(5.5))


class TestHowHigh:
    @pytest.mark.parametrize(("rise", "least_rise", "n"), [
        (0.015, 0.02, 0), (0.03, 0.02, 1), (0.08, 0.1, 0), (0.12, 0.1, 1), (0.015, 0.01, 1)])
    def test_least_rise(self, rise, least_rise, n):
        knots = [(t, rise / 0.2 * height) for t, height in ONE]
        assert len(found(knots, least_rise=least_rise)) == n

    def test_noise_asks_for_more(self):
        low = [(t, 0.25 * height) for t, height in ONE]
        assert len(found(low)) == 1
        assert found(low, noise=0.05) == []
        assert len(found(ONE, noise=0.02)) == 1

    @pytest.mark.parametrize("fps", RATES)
    def test_white_noise_is_no_smile(self, fps):
        # Of unequal length: what lies at the ends weighs more in a shorter one.
        smiles = [bout for seed in range(100)
                  for bout in found(((0, 0), (3.0 + seed / 20, 0)), fps, noise=0.03, seed=seed)]
        assert smiles == []

    @pytest.mark.parametrize("fps", [25.0, 100.0])
    def test_smiles_are_found_in_noise(self, fps):
        for seed in range(20):
            (bout,) = found(ONE, fps, noise=0.01, seed=seed)
            assert bout[:2] == (pytest.approx(1.0, abs=0.4), pytest.approx(4.0, abs=0.4))

    def test_a_straight_line_is_none(self):
        assert found(((0, 0), (6, 0))) == []


class TestSeveral:
    TWO = ((0, 0), (1, 0), (1.5, 0.2), (2, 0.2), (3, 0), (4, 0), (4.5, 0.15), (5, 0.15), (6, 0),
           (8, 0))

    @pytest.mark.parametrize("fps", RATES)
    def test_one_after_the_other(self, fps):
        first, second = found(self.TWO, fps)
        assert first == (near(1.0), near(3.0), pytest.approx(0.2, rel=0.1), True, True)
        assert second == (near(4.0), near(6.0), pytest.approx(0.15, rel=0.1), True, True)

    def test_three_of_which_the_first_and_the_last_are_cut(self):
        first, second, third = found(((0, 0.2), (1, 0.2), (2, 0), (4, 0), (4.5, 0.2), (5.5, 0.2),
                                      (6.5, 0), (8, 0), (8.6, 0.2), (9, 0.2)))
        assert first == (0.0, near(2.0), pytest.approx(0.2, rel=0.1), False, True)
        assert second == (near(4.0), near(6.5), pytest.approx(0.2, rel=0.1), True, True)
        assert third == (near(8.0), near(9.0), pytest.approx(0.2, rel=0.1), True, False)

    @pytest.mark.parametrize(("dip", "n"), [(0.12, 1), (0.09, 1), (0.03, 2), (0.0, 2)])
    def test_one_is_over_when_most_of_it_is_gone(self, dip, n):
        smiles = found(((0, 0), (1, 0), (1.5, 0.2), (2.2, 0.2), (2.8, dip), (3.4, dip), (4, 0.2),
                        (5, 0.2), (6, 0), (7, 0)))
        assert len(smiles) == n
        assert (smiles[0].start, smiles[-1].end) == (near(1.0), near(6.0))

    def test_wavering_does_not_split_a_held_smile(self):
        times = np.arange(0, 9, 0.04)
        lips = curve(times, ((0, 0), (1, 0), (1.5, 0.2), (7, 0.2), (8, 0), (9, 0)))
        held = (times > 1.6) & (times < 6.9)
        lips[held] += 0.06 * np.sin(9.0 * times[held])
        (bout,) = find_bouts(times, lips)
        assert bout[:2] == (near(1.0), near(8.0))

    def test_a_burst_in_a_held_smile_is_not_its_beginning(self):
        (bout,) = found(((0, 0), (1, 0), (1.6, 0.2), (4, 0.2), (4.15, 0.3), (5, 0.3), (6, 0),
                         (7, 0)))
        assert bout == (near(1.0), near(6.0), pytest.approx(0.3, rel=0.1), True, True)

    @pytest.mark.parametrize("low_first", [True, False])
    @pytest.mark.parametrize(("height", "n"), [(0.06, 1), (0.1, 2)])
    def test_one_much_lower_than_the_highest_is_left_out(self, height, n, low_first):
        one, other = (height, 0.2) if low_first else (0.2, height)
        smiles = found(((0, 0), (1, 0), (1.5, one), (2, one), (3, 0), (4, 0), (4.5, other),
                        (5, other), (6, 0), (7, 0)))
        assert len(smiles) == n
        assert max(smile.rise for smile in smiles) > 0.17


class TestCutOff:
    @pytest.mark.parametrize("wobble", [
        (), ((0.5, 0.17),), ((1.0, 0.22),), ((1.0, 0.24),), ((0.4, 0.23), (0.8, 0.19), (1.2, 0.23))
    ], ids=["held", "lower for a moment", "a little higher", "higher", "up and down"])
    def test_it_was_there_at_the_first_frame(self, wobble):
        (bout,) = found(((0, 0.2), *wobble, (2, 0.2), (3, 0), (6, 0)))
        assert bout == (0.0, near(3.0), pytest.approx(0.22, abs=0.03), False, True)

    def test_lips_that_narrow_a_little_before_the_smile_hide_nothing(self):
        (bout,) = found(((0, 0), (1, 0), (1.5, -0.05), (2, -0.05), (2.5, 0.2), (4, 0.2), (5, 0),
                         (7, 0)))
        assert bout == (near(2.0), near(5.0), pytest.approx(0.25, rel=0.1), True, True)

    @pytest.mark.parametrize("depth", [0.0, 0.1])
    def test_an_onset_that_was_seen_stays_one_where_the_fall_is_deeper(self, depth):
        (bout,) = found(((0, 0), (1, 0), (1.5, 0.2), (3, 0.2), (4, -depth), (7, -depth)))
        assert bout[:2] == (near(1.0), near(4.0))
        assert bout.begins
        assert bout.ends

    def test_it_lasts_to_the_end(self):
        (bout,) = found(((0, 0), (5, 0), (5.6, 0.2), (8, 0.2)))
        assert bout == (near(5.0), 8.0, pytest.approx(0.2, rel=0.1), True, False)

    def test_it_is_still_on_its_way_up(self):
        (bout,) = found(((0, 0), (5, 0), (5.4, 0.14)))
        assert bout == (near(5.0), 5.4, pytest.approx(0.12, abs=0.04), True, False)

    @pytest.mark.parametrize(("level", "ends"), [(0.17, False), (0.1, True)])
    def test_some_of_the_fall_is_there(self, level, ends):
        (bout,) = found(((0, 0), (5, 0), (5.6, 0.2), (7, 0.2), (7.5, level)))
        assert bout.ends is ends
        assert bout.end == near(7.5)


class TestJoinedBouts:
    APART = [Bout(1.0, 2.0, 0.1, False, True), Bout(2.5, 3.0, 0.3, True, True),
             Bout(3.4, 5.0, 0.2, True, False)]

    @pytest.mark.parametrize(("pause", "expected"), [
        (0.0, APART),
        (0.39, APART),
        (0.45, [APART[0], Bout(2.5, 5.0, 0.3, True, False)]),
        (0.6, [Bout(1.0, 5.0, 0.3, False, False)]),
    ])
    def test_pauses(self, pause, expected):
        before = list(self.APART)
        assert joined_bouts(self.APART, pause) == expected
        assert before == self.APART

    def test_nothing_to_join(self):
        assert joined_bouts([], 2.0) == []


class TestNoise:
    @pytest.mark.parametrize("fps", [25.0, 60.0])
    def test_of_white_noise_on_a_movement(self, fps):
        times = times_of(((0, 0), (40, 0)), fps)
        shaken = np.random.default_rng(0).normal(0.0, 0.01, len(times))
        assert noise_of(times, np.sin(times) + shaken) == pytest.approx(0.01, rel=0.1)

    def test_a_movement_is_none(self):
        times = np.arange(0, 4, 0.02)
        assert noise_of(times, np.sin(2.0 * times)) < 1e-3
        assert noise_of(times, 3.0 - 7.0 * times) == pytest.approx(0.0, abs=1e-12)

    @pytest.mark.parametrize("n", [0, 1, 4])
    def test_of_too_few_frames_nothing_is_known(self, n):
        assert noise_of(np.arange(n) / 25, np.arange(n) % 2) == 0.0
