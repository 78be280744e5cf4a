"""Measuring smiles: curves made by hand, of known durations, rises and speeds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from smilegenuine.datasets import measure_smile
from smilegenuine.features.smile_figures import (
    FIGURES,
    SmileSpan,
    signal_figures,
    smile_span,
    smooth,
    tracked_span,
)

# (steps at 50 Hz, change): rest, onset, held, offset, rest. Pauses of 13 steps or more are what a
# median filter of 25 frames needs to leave the turns as they are.
PLAIN = [(20, 0.0), (30, 0.18), (50, 0.0), (40, -0.16), (20, 0.0)]


def curve(*parts: tuple[int, float]) -> np.ndarray:
    """A signal from 0 that changes evenly by `change` in `steps` steps, part by part."""
    return np.concatenate([[0.0], *(np.full(n, change / n) for n, change in parts)]).cumsum()


def both(signal: np.ndarray, apart: np.ndarray | float = 0.0) -> np.ndarray:
    """Left and right lip corner of that mean displacement, the left one `apart` further."""
    return 0.5 + np.column_stack([signal + 0.5 * apart, signal - 0.5 * apart])


def measured(signal: np.ndarray, apart: np.ndarray | float = 0.0) -> dict[str, float]:
    """The figures of the lips, without their prefix, and of the recording."""
    found = measure_smile(np.arange(len(signal)) / 50, both(signal, apart))
    return {figure.removeprefix("lip_"): value for figure, value in found.items()}


class TestSmooth:
    def test_straight_lines_and_long_turns_are_kept(self):
        signal = curve(*PLAIN)
        np.testing.assert_array_equal(smooth(signal), signal)

    def test_half_the_filter_is_what_stays(self):
        for frames, stays in ((12, False), (13, True)):
            signal = np.zeros(80)
            signal[30:30 + frames] = 1.0
            np.testing.assert_array_equal(smooth(signal), signal if stays else 0.0)

    def test_ends_are_carried_on(self):
        signal = np.r_[np.zeros(40), np.arange(1.0, 21.0)]
        np.testing.assert_array_equal(smooth(signal)[:48], signal[:48])
        # The last windows hold more and more copies of the last frame.
        np.testing.assert_array_equal(smooth(signal)[-4:], [17.0, 18.0, 19.0, 20.0])

    def test_whole_numbers(self):
        np.testing.assert_array_equal(smooth(np.array([0, 1, 0, 1, 1])), smooth([0., 1, 0, 1, 1]))


class TestSpan:
    @pytest.mark.parametrize(("steps", "apex", "offset"), [
        ([0, 1, 1, 0, -1, -1, 0], 3, 4),
        ([1, 1, -1, -1, -1], 2, 2),
        ([1, 0, 1, 1, 0, 1, -1, -1], 4, 6),  # the longest rise, not the last one
        ([1, 1, 0, 1, 1, 0, -1], 2, 6),  # of equals the first
        ([1, -9, 0, 1, -1, -1, -1, 0, -1, -1, -1], 1, 4),  # longest is not deepest
        ([1, 1, -1, -1, 1, 1, 1], 2, 2),  # a longer rise after the fall is no onset
        ([-1, -1, 1, 1, 1], 0, 0),
        ([0, 1, 1, 0], 3, 4),  # no fall: no offset
        ([0, -1, -1], 0, 1),  # no rise: no onset
        ([0, 0, 0], 0, 3),
        ([], 0, 0),
    ])
    def test_runs(self, steps, apex, offset):
        assert smile_span(np.array(steps, dtype=float)) == SmileSpan(apex, offset)

    def test_size_of_the_steps_does_not_matter(self):
        rng = np.random.default_rng(0)
        steps = rng.choice([-1.0, 0.0, 1.0], 300)
        assert smile_span(steps) == smile_span(steps * rng.uniform(0.1, 9.0, 300))


class TestFigures:
    def test_names(self):
        lips = both(curve(*PLAIN))
        found = measure_smile(np.arange(len(lips)) / 50, lips)
        assert set(found) == {f"lip_{f}" for f in FIGURES} | {"video_s", "smile_start_s", "smile_s"}
        found = measure_smile(np.arange(len(lips)) / 50, lips, lips)
        assert {f"eyelid_{f}" for f in FIGURES} < set(found)
        assert len(found) == 23

    def test_plain_smile(self):
        assert measured(curve(*PLAIN)) == pytest.approx({
            "onset_duration_s": 0.6, "apex_duration_s": 0.0, "offset_duration_s": 0.8,
            "onset_rise": 0.18, "offset_fall": 0.16, "onset_peak_speed_per_s": 0.3,
            "offset_peak_speed_per_s": 0.2, "apex_wobble": 0.0, "onset_backtrack_ratio": 0.0,
            "onset_left_right_difference": 0.0,
            "video_s": 161 / 50, "smile_start_s": 0.4, "smile_s": 2.4})

    def test_apex_that_moves(self):
        found = measured(curve((20, 0), (30, 0.18), (15, 0), (10, 0.02), (15, 0), (20, -0.03),
                                 (15, 0), (40, -0.1)))
        assert found["apex_duration_s"] == pytest.approx(0.6)  # what stands still does not count
        assert found["apex_wobble"] == pytest.approx(0.05)  # both ways
        assert found["onset_rise"] == pytest.approx(0.18)
        assert found["offset_fall"] == pytest.approx(0.10)

    def test_first_attempt_that_is_taken_back(self):
        found = measured(curve((20, 0), (10, 0.06), (15, 0), (10, -0.03), (15, 0), (30, 0.15),
                                 (40, 0), (40, -0.18)))
        assert found["onset_duration_s"] == pytest.approx(1.0)
        assert found["onset_rise"] == pytest.approx(0.21)  # all that rises
        assert found["onset_backtrack_ratio"] == pytest.approx(0.03 / 0.24)
        assert found["smile_start_s"] == pytest.approx(0.4)

    def test_falls_before_it_rises(self):
        found = measured(curve((20, 0), (10, -0.02), (15, 0), (30, 0.18), (40, 0), (40, -0.16)))
        assert found["onset_duration_s"] == pytest.approx(0.8)
        assert found["onset_rise"] == pytest.approx(0.18)
        assert found["onset_backtrack_ratio"] == pytest.approx(0.1)
        assert found["apex_duration_s"] == 0.0

    def test_a_long_fall_before_the_rise_is_the_offset(self):
        """By the definition: all that comes after it is offset too."""
        found = measured(curve((20, 0), (40, -0.04), (15, 0), (30, 0.18), (40, 0), (30, -0.1)))
        assert found["onset_duration_s"] == found["onset_rise"] == 0.0
        assert found["onset_backtrack_ratio"] == 0.0
        assert found["offset_duration_s"] == pytest.approx(2.0)
        assert found["offset_fall"] == pytest.approx(0.14)

    def test_second_smile_belongs_to_the_offset(self):
        found = measured(curve((20, 0), (30, 0.18), (40, 0), (40, -0.12), (15, 0), (15, 0.06),
                                 (15, 0), (20, -0.09), (20, 0)))
        assert found["offset_duration_s"] == pytest.approx(1.5)
        assert found["offset_fall"] == pytest.approx(0.21)
        assert found["offset_peak_speed_per_s"] == pytest.approx(0.09 / 0.4)
        assert found["onset_peak_speed_per_s"] == pytest.approx(0.3)

    def test_peak_speeds(self):
        found = measured(curve((20, 0), (10, 0.02), (5, 0.06), (15, 0.06), (40, 0),
                                 (20, -0.04), (4, -0.08), (30, -0.02)))
        assert found["onset_peak_speed_per_s"] == pytest.approx(0.6)
        assert found["offset_peak_speed_per_s"] == pytest.approx(1.0)

    def test_only_a_rise(self):
        found = measured(curve((20, 0), (30, 0.18), (50, 0)))
        assert found["onset_duration_s"] == pytest.approx(0.6)
        assert found["offset_duration_s"] == found["offset_fall"] == 0.0
        assert found["offset_peak_speed_per_s"] == found["apex_duration_s"] == 0.0
        assert found["smile_s"] == pytest.approx(0.6)

    def test_only_a_fall(self):
        found = measured(curve((20, 0), (30, -0.18), (50, 0)))
        assert found["onset_duration_s"] == found["onset_rise"] == 0.0
        assert found["onset_peak_speed_per_s"] == found["onset_backtrack_ratio"] == 0.0
        assert found["offset_duration_s"] == pytest.approx(0.6)
        assert found["offset_peak_speed_per_s"] == pytest.approx(0.3)

    @pytest.mark.parametrize("n", [1, 2, 90])
    def test_no_movement_at_all(self, n):
        found = measured(np.zeros(n))
        assert found.pop("video_s") == n / 50
        assert found.pop("smile_start_s") == (n - 1) / 50
        assert set(found.values()) == {0.0}

    def test_movements_too_short_for_the_filter(self):
        assert measured(curve((30, 0), (3, 0.1), (3, -0.1), (30, 0)))["onset_rise"] == 0.0


class TestSides:
    def test_mean_over_the_onset_and_what_comes_before(self):
        apart = np.zeros(161)
        apart[20:51] = np.linspace(0.0, 0.06, 31)
        apart[51:] = -9.0  # of no account
        # 51 frames up to the last of the onset, 31 of them rising from 0 to 0.06
        expected = 0.03 * 31 / 51
        for sign in (1, -1):
            found = measured(curve(*PLAIN), sign * apart)
            assert found["onset_left_right_difference"] == pytest.approx(expected)
            assert found["onset_rise"] == pytest.approx(0.18)

    def test_sides_that_cancel(self):
        apart = np.zeros(161)
        apart[10], apart[11] = 0.3, -0.3
        assert measured(curve(*PLAIN), apart)["onset_left_right_difference"] == pytest.approx(0)

    def test_signal_of_unknown_sides(self):
        found = signal_figures(curve(*PLAIN), SmileSpan(50, 100))
        assert list(found) == list(FIGURES)
        assert np.isnan(found["onset_left_right_difference"])


class TestEyelids:
    def test_they_are_measured_in_the_lips_phases_as_they_are(self):
        lids = np.zeros(161)
        lids[::2] = 0.01  # flutter that a filter would take away
        lids[130] = -0.2
        found = measure_smile(np.arange(161) / 50, both(curve(*PLAIN)), both(lids, 0.004))
        assert found["eyelid_onset_duration_s"] == pytest.approx(1.0)  # every step up to the apex
        assert found["eyelid_apex_duration_s"] == pytest.approx(1.0)
        assert found["eyelid_offset_duration_s"] == pytest.approx(1.2)
        assert found["eyelid_onset_rise"] == pytest.approx(25 * 0.01)
        assert found["eyelid_apex_wobble"] == pytest.approx(50 * 0.01)
        assert found["eyelid_onset_backtrack_ratio"] == pytest.approx(0.5)
        assert found["eyelid_onset_peak_speed_per_s"] == pytest.approx(0.5)
        assert found["eyelid_offset_peak_speed_per_s"] == pytest.approx(10.0)
        assert found["eyelid_onset_left_right_difference"] == pytest.approx(0.004)
        assert found["lip_onset_duration_s"] == pytest.approx(0.6)


class TestFrameRates:
    # Every turn lies on a frame of all these rates.
    TURNS = np.cumsum([0.0, 0.4, 0.6, 1.0, 0.8, 0.4])
    LEVELS = [0.0, 0.0, 0.18, 0.18, 0.02, 0.02]

    @pytest.mark.parametrize("fps", [25, 30, 60, 100, 120])
    def test_same_figures(self, fps):
        times = np.arange(round(self.TURNS[-1] * fps) + 1) / fps
        lips = both(np.interp(times, self.TURNS, self.LEVELS))
        found, plain = measure_smile(times, lips, lips), measured(curve(*PLAIN))
        for figure in (*FIGURES, "video_s", "smile_start_s", "smile_s"):
            name = figure if figure in found else f"lip_{figure}"
            assert found[name] == pytest.approx(plain[figure], abs=1e-9), figure
        assert found["eyelid_offset_fall"] == pytest.approx(0.16)

    def test_times_count_from_the_first_frame(self):
        lips = both(curve(*PLAIN))
        times = np.arange(161) / 50
        assert measure_smile(times + 7.0, lips) == pytest.approx(measure_smile(times, lips))

    def test_uneven_times(self):
        times = np.sort(np.r_[self.TURNS, np.random.default_rng(0).uniform(0, 3.2, 300)])
        found = measure_smile(times, both(np.interp(times, self.TURNS, self.LEVELS)))
        assert found["lip_onset_duration_s"] == pytest.approx(0.6, abs=0.041)
        assert found["lip_onset_peak_speed_per_s"] == pytest.approx(0.3, rel=1e-6)
        assert found["lip_offset_fall"] == pytest.approx(0.16, rel=1e-6)


class TestSlowSteps:
    # A creep that is longer than the rise, and one that is longer than the fall.
    CREEPING = np.r_[np.full(20, 0.1), 0, np.ones(5), 0, np.full(30, -0.2), 0, -4 * np.ones(6), 0]

    @pytest.mark.parametrize(("slow", "apex", "offset"), [
        (0.0, 20, 27),
        (0.04, 20, 27),
        (0.06, 20, 58),  # of the quickest fall, the creeping one is 0.05
        (0.09, 20, 58),
        (0.11, 26, 58),  # of the quickest rise, the creeping one is 0.1
        (0.9, 26, 58),
    ])
    def test_each_way_has_its_own_quickest_step(self, slow, apex, offset):
        assert smile_span(self.CREEPING, slow) == SmileSpan(apex, offset)

    def test_rises_after_the_fall_set_no_measure(self):
        steps = np.array([0.1, 0.1, 0.1, 0.0, -1.0, -1.0, 9.0])
        assert smile_span(steps, 0.5) == SmileSpan(3, 4)

    @pytest.mark.parametrize("slow", [0.0, 0.1, 0.4])
    def test_nothing_moves(self, slow):
        assert smile_span(np.zeros(5), slow) == SmileSpan(0, 5)
        assert smile_span(np.zeros(0), slow) == SmileSpan(0, 0)


def shaken(signal: np.ndarray, sigma: float = 0.003, seed: int = 0) -> np.ndarray:
    """The signal as a tracker that errs anew in every frame would give it."""
    return signal + np.random.default_rng(seed).normal(0.0, sigma, len(signal))


class TestTracked:
    # The held smile creeps up for longer than it rose.
    CREEPING = [(20, 0.0), (20, 0.18), (80, 0.02), (40, -0.18), (30, -0.01), (20, 0.0)]

    def test_phases_of_a_plain_smile(self):
        # What is smoothed begins earlier and ends later, more so where steps count from 10 % on.
        assert tracked_span(curve(*PLAIN)) == pytest.approx((50, 100), abs=10)

    def test_a_creeping_apex_is_not_the_onset(self):
        lips = curve(*self.CREEPING)
        assert smile_span(np.diff(smooth(lips))).apex > 100
        assert tracked_span(lips) == pytest.approx((40, 120), abs=10)

    def test_the_mean_of_several_readings(self):
        lips = shaken(curve(*self.CREEPING))
        spans = [smile_span(np.diff(smooth(gaussian_filter1d(lips, 50 * calm, mode="nearest"))),
                            slow) for calm in (0.08, 0.12, 0.16) for slow in (0.1, 0.4)]
        assert len(set(spans)) > 1
        assert tracked_span(lips) == tuple(np.round(np.mean(spans, axis=0)))

    @pytest.mark.parametrize("parts", [PLAIN, CREEPING], ids=["plain", "creeping"])
    def test_trembling_hardly_moves_them(self, parts):
        trembling = [shaken(curve(*parts), seed=seed) for seed in range(10)]
        tracked = np.array([tracked_span(lips) for lips in trembling])
        published = np.array([smile_span(np.diff(smooth(lips))) for lips in trembling])
        assert (np.ptp(tracked, axis=0) <= 3).all()
        assert (np.ptp(published, axis=0) > 3).all()

    def test_figures_of_a_plain_smile(self):
        lips = curve(*PLAIN)
        times = np.arange(len(lips)) / 50
        found = measure_smile(times, both(lips, 0.01), tracked=True)
        span = tracked_span(lips + 0.5)
        assert found["lip_apex_duration_s"] == (span.offset - span.apex) / 50
        assert found["lip_onset_rise"] == pytest.approx(0.18, rel=0.03)
        assert found["lip_offset_fall"] == pytest.approx(0.16, rel=0.03)
        assert found["lip_onset_peak_speed_per_s"] == pytest.approx(0.3, rel=0.05)
        assert found["lip_offset_peak_speed_per_s"] == pytest.approx(0.2, rel=0.05)
        assert found["lip_onset_left_right_difference"] == pytest.approx(0.01)
        assert set(found) == set(measure_smile(times, both(lips)))

    @pytest.mark.parametrize("seed", range(3))
    def test_trembling_is_not_measured(self, seed):
        times, lips = np.arange(161) / 50, both(shaken(curve(*PLAIN), 0.006, seed))
        tracked, published = measure_smile(times, lips, tracked=True), measure_smile(times, lips)
        for way, speed, moved in (("onset", 0.3, "rise"), ("offset", 0.2, "fall")):
            name = f"lip_{way}_peak_speed_per_s"
            assert tracked[name] == pytest.approx(speed, rel=0.15)
            assert published[name] > 1.5 * speed
            true = {"rise": 0.18, "fall": 0.16}[moved]
            assert tracked[f"lip_{way}_{moved}"] == pytest.approx(true, rel=0.1)

    def test_eyelids_are_as_they_are_in_the_phases_found(self):
        # Lips that move all the time: no rest is left out.
        lips = curve((40, 0.18), (80, 0.04), (60, -0.2))
        lids = shaken(np.zeros(181), 0.01)
        found = measure_smile(np.arange(181) / 50, both(lips), both(lids, 0.004), tracked=True)
        expected = signal_figures(lids + 0.5, tracked_span(lips + 0.5), np.full(181, 0.004))
        for figure, value in expected.items():
            assert found[f"eyelid_{figure}"] == pytest.approx(value, rel=0.25), figure

    @pytest.mark.parametrize("rest", [50, 150, 400])
    def test_rest_is_no_part_of_a_smile_however_long_it_is(self, rest):
        def figures(before, after):
            lips = curve((before, 0.0), (30, 0.18), (50, 0.0), (40, -0.16), (after, 0.0))
            lids = shaken(np.zeros(len(lips)), 0.01)
            return measure_smile(np.arange(len(lips)) / 50, both(shaken(lips, 0.0005)), both(lids),
                                 tracked=True)
        for found in (figures(20, rest), figures(rest, 20)):
            for signal in ("lip", "eyelid"):
                assert found[f"{signal}_onset_duration_s"] == pytest.approx(0.6, abs=0.35)
                assert found[f"{signal}_offset_duration_s"] == pytest.approx(0.8, abs=0.35)

    @pytest.mark.parametrize("n", [1, 2, 90])
    def test_no_movement_at_all(self, n):
        found = measure_smile(np.arange(n) / 50, both(np.zeros(n)), tracked=True)
        assert found["lip_onset_rise"] == found["lip_offset_fall"] == 0.0
        assert found["lip_onset_duration_s"] == found["lip_offset_duration_s"] == 0.0

    @pytest.mark.parametrize("fps", [25, 30, 60, 100])
    def test_same_figures_at_any_rate(self, fps):
        times = np.arange(round(3.2 * fps) + 1) / fps
        lips = both(np.interp(times, TestFrameRates.TURNS, TestFrameRates.LEVELS))
        found = measure_smile(times, lips, tracked=True)
        plain = measure_smile(np.arange(161) / 50, both(curve(*PLAIN)), tracked=True)
        assert found == pytest.approx(plain, abs=1e-9)
