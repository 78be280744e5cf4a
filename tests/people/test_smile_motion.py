"""Motion: from neutral on, at any frame rate, with phases that fit; heads, gaze and free motion."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from smilegenuine.clips.au_table import AU_NAMES
from smilegenuine.features.smile_figures import measure_smile
from smilegenuine.people.eyelid_motion import FULL_BLINK
from smilegenuine.people.smile_copula import Style, random_style, sample_figures, spread_scores
from smilegenuine.people.smile_motion import (
    LIP_PER_AU12,
    Motion,
    free_motion,
    gaze,
    head_pose,
    smile_motion,
)

AU = {name: k for k, name in enumerate(AU_NAMES)}
N = 300
CURVES = ("aus", "smile", "pose", "lips", "cheeks", "eyelids")


def smile(seed: int, label: int = 0, fps: float = 50.0, who: Style | None = None,
          **options) -> Motion:
    """A smile of somebody; the same person and numbers for any label, rate and option."""
    rng = np.random.default_rng((seed, 1))
    return smile_motion(label, who or random_style(rng), fps, np.random.default_rng((seed, 2)),
                        **options)


@pytest.fixture(scope="module")
def many() -> list[Motion]:
    """Smiles of both kinds, half and half."""
    habits, own = spread_scores(N, (1,)), spread_scores(N, (2,))
    found = []
    for k in range(N):
        rng = np.random.default_rng((7, k))
        style = random_style(rng, habits[k])
        found.append(smile_motion(k % 2, style, 50.0, rng, scores=own[k]))
    return found


def au(motion: Motion, name: str) -> np.ndarray:
    return motion.aus[:, AU[name]]


class TestEverySmile:
    def test_first_frame_is_neutral(self, many):
        for motion in many:
            np.testing.assert_array_equal(motion.aus[0], 0.0)
            np.testing.assert_array_equal(motion.lips[0], 0.5)
            np.testing.assert_array_equal(motion.cheeks[0], 0.5)
            assert motion.smile[0] == 0.0
            assert motion.eyelids[0, 0] == motion.eyelids[0, 1]
            assert 0.1 < motion.eyelids[0, 0] < 0.4

    def test_shapes_and_bounds(self, many):
        for motion in many:
            n = len(motion.times)
            for field, width in (("aus", 17), ("pose", 6), ("gaze", 2), ("lips", 2),
                                 ("cheeks", 2), ("eyelids", 2)):
                values = getattr(motion, field)
                assert values.shape == (n, width)
                assert np.isfinite(values).all()
            assert motion.aus.min() >= 0
            assert motion.aus.max() <= 5
            assert motion.lips.min() > -0.1
            assert motion.lips.max() < 1.1
            assert motion.cheeks.min() >= 0.5
            assert motion.cheeks.max() < 0.55
            assert abs(motion.balance) <= 0.9
            np.testing.assert_array_equal(motion.smile, au(motion, "AU12") / 5)
            np.testing.assert_allclose(np.diff(motion.times), 0.02, atol=1e-12)

    def test_eyes_stay_eyes(self, many):
        """Seldom does a lid go lower than a blink takes it, or far above where it rests."""
        down = np.array([m.eyelids[0, 0] - m.eyelids.mean(axis=1).min() for m in many])
        up = np.array([m.eyelids.mean(axis=1).max() - m.eyelids[0, 0] for m in many])
        assert (down > FULL_BLINK + 0.05).mean() < 0.05
        assert np.median(down) < 0.2
        assert np.quantile(up, 0.99) < 0.2
        assert np.median(up) < 0.06

    def test_lip_corners_and_their_action_unit(self, many):
        """The action unit has neither the tremble of a held smile nor a rise's roughness."""
        most = []
        for motion in many:
            mean = motion.lips.mean(axis=1) - 0.5
            apart = au(motion, "AU12") * LIP_PER_AU12 - np.clip(mean, 0, 5 * LIP_PER_AU12)
            before = slice(0, motion.phases["onset"].start + 1)
            np.testing.assert_allclose(apart[before], 0, atol=1e-9)
            most.append(np.abs(apart).max())
            assert np.median(np.abs(apart)) < 0.02
            # Corners drawn in: lips tightened.
            assert (au(motion, "AU23")[before][mean[before] < -0.01] > 0.2).all()
        assert np.median(most) < 0.05
        assert np.quantile(most, 0.95) < 0.13

    def test_phases_are_in_order(self, many):
        for motion in many:
            n, phases = len(motion.times), motion.phases
            assert set(phases) == {"onset", "apex", "offset", "smile"}
            onset, apex, offset, whole = (phases[p] for p in ("onset", "apex", "offset", "smile"))
            assert 0 < onset.start < onset.stop == apex.start <= apex.stop <= n
            assert onset.start == whole.start
            assert apex.stop <= whole.stop <= n
            if offset != slice(0, 0):
                assert apex.stop == offset.start < offset.stop == whole.stop

    def test_a_phase_that_is_missing_is_cut_off(self, many):
        for motion in many:
            onset, apex, offset, whole = motion.phases.values()
            assert onset.stop > onset.start
            assert apex.stop >= apex.start
            if offset == slice(0, 0):
                assert apex.stop == whole.stop == len(motion.times)

    def test_phases_fit_the_curve(self, many):
        """Up, held, down; a first attempt, a second smile and what lies below rest are left out."""
        lowest = []
        for motion in many:
            onset, apex, offset = (motion.phases[p] for p in ("onset", "apex", "offset"))
            smile = motion.smile
            assert (np.diff(smile[onset.start:onset.stop + 1]) >= -1e-9).all()
            assert (np.diff(smile[offset.start:offset.stop + 1]) <= 1e-9).all()
            assert smile[onset.start] < 0.02 or smile[:onset.start].max() > 0.02
            if apex.stop > apex.start:
                lowest.append(smile[apex].min() / smile.max())
        assert np.quantile(lowest, 0.05) > 0.5

    def test_measured_phases_are_near_the_true_ones(self, many):
        for phase, reach in (("onset", 0.25), ("offset", 0.35)):
            true = [(m.phases[phase].stop - m.phases[phase].start) / 50 for m in many]
            found = [measure_smile(m.times, m.lips)[f"lip_{phase}_duration_s"] for m in many]
            assert np.median(np.abs(np.subtract(true, found))) < reach
            assert np.corrcoef(true, found)[0, 1] > 0.6

    def test_a_few_recordings_end_before_the_smile(self, many):
        cut = 0
        habits, own = spread_scores(N, (1,)), spread_scores(N, (2,))
        for k, motion in enumerate(many):
            rng = np.random.default_rng((7, k))
            figures = sample_figures(k % 2, random_style(rng, habits[k]), rng, scores=own[k])
            assert figures["cut_short"] == (motion.phases["smile"].stop == len(motion.times))
            if not figures["cut_short"]:  # the mouth is still
                assert np.ptp(motion.lips[-2:].mean(axis=1)) < 1e-9
            cut += figures["cut_short"]
        assert 0.003 < cut / N < 0.05


class TestCheeksAndEyes:
    def test_cheeks_follow_the_smile(self, many):
        ratios = []
        for motion in many:
            cheeks = au(motion, "AU06")
            if cheeks.max() > 0.5:
                ratios.append(np.corrcoef(cheeks, au(motion, "AU12"))[0, 1])
        assert len(ratios) > 0.75 * N
        assert np.median(ratios) > 0.9

    def test_blinks_are_where_the_lids_come_down(self, many):
        seen = 0
        for motion in many:
            blink, lid = au(motion, "AU45"), motion.eyelids.mean(axis=1)
            k = int(blink.argmax())
            if 2.0 < blink[k] < 5.0:
                seen += 1
                before = lid[max(0, k - 8):k].max()
                closed = (before - lid[k]) * 5.0 / FULL_BLINK
                assert closed > 0.9 * blink[k]
                assert closed < blink[k] + 2.0
        assert seen > 50

    def test_lids_without_blinks_stay_near(self, many):
        away = [np.abs(m.eyelids.mean(axis=1) - m.eyelids[0, 0]
                       + au(m, "AU45") * FULL_BLINK / 5).max() for m in many]
        assert np.median(away) < 0.06
        assert np.quantile(away, 0.95) < 0.2

    def test_eyes_that_narrow_and_eyes_that_widen(self, many):
        held = [m for m in many if m.phases["apex"].stop - m.phases["apex"].start > 10]
        lids = np.array([np.median(m.eyelids[m.phases["apex"]]) - m.eyelids[0, 0] for m in held])
        wide, tense = (np.array([au(m, name).max() for m in held]) for name in ("AU05", "AU07"))
        assert not (wide * tense).any()
        assert 0.1 < (wide > 0).mean() < 0.5 < (tense > 0).mean() + 0.2
        assert np.median(lids[wide > 0.5]) > 0.01
        assert np.median(lids[tense > 0.5]) < -0.01


class TestSides:
    def test_balance(self, many):
        for motion in many:
            mean = motion.lips.mean(axis=1) - 0.5
            np.testing.assert_allclose(motion.lips[:, 0] - motion.lips[:, 1],
                                       motion.balance * mean, atol=1e-9)

    def test_most_smiles_are_stronger_on_the_usual_side(self):
        shares = []
        for k in range(40):
            who = random_style(np.random.default_rng((1, k)))
            shares += [np.sign(smile(10 * k + i, who=who).balance) == who.stronger
                       for i in range(5)]
        assert np.mean(shares) == pytest.approx(0.75, abs=0.09)

    def test_measured_difference_is_the_one_asked_for(self):
        figure, found, wanted = "lip_onset_left_right_difference", [], []
        for k in range(60):
            who = random_style(np.random.default_rng((k, 1)))
            motion = smile(k, who=who)
            found.append(measure_smile(motion.times, motion.lips)[figure])
            wanted.append(sample_figures(0, who, np.random.default_rng((k, 2)))[figure])
        misses = np.abs(np.array(found) - wanted) / wanted
        assert np.quantile(misses, 0.8) < 0.01


class TestHabits:
    def test_speech(self):
        """Jaw and lips move in syllables once the smile fades, and not before."""
        quiet, talking = (replace(random_style(np.random.default_rng(3)), talks=t, drops_jaw=0.0,
                                  parts_lips=0.0) for t in (0.0, 1.0))
        for seed in range(10):
            one, other = smile(seed, who=quiet), smile(seed, who=talking)
            fades = other.phases["offset"].start
            for name in ("AU25", "AU26"):
                assert not au(one, name).any()
                assert not au(other, name)[:fades].any()
            assert max(au(other, "AU25").max(), au(other, "AU26").max()) > 0.3
            np.testing.assert_allclose(one.lips.mean(axis=1), other.lips.mean(axis=1))

    @pytest.mark.parametrize(("habit", "name"), [
        ("parts_lips", "AU25"), ("drops_jaw", "AU26"), ("dimples", "AU14"), ("lifts_lip", "AU10"),
    ])
    def test_what_goes_along_with_the_smile(self, habit, name):
        style = replace(random_style(np.random.default_rng(3)), talks=0.0)
        none, half, full = (smile(5, who=replace(style, **{habit: k})) for k in (0.0, 0.5, 1.0))
        assert not au(none, name).any()
        assert au(full, name).max() > 0.3
        np.testing.assert_allclose(au(half, name) * 2, au(full, name))
        assert not au(full, name)[:full.phases["onset"].start].any()

    def test_resting_eyes(self):
        style = replace(random_style(np.random.default_rng(3)), eye_opening=0.3)
        np.testing.assert_array_equal(smile(0, who=style).eyelids[0], 0.3)


@pytest.mark.parametrize("fps", [25, 30, 60, 120, 29.97])
class TestFrameRates:
    def test_the_same_curves_are_read(self, fps):
        for seed in range(12):
            base, other = smile(seed, seed % 2), smile(seed, seed % 2, fps)
            np.testing.assert_allclose(np.diff(other.times), 1 / fps)
            assert base.times[-1] - 1 / fps < other.times[-1] <= base.times[-1] + 1e-9
            for field in CURVES:
                a, b = (np.reshape(getattr(m, field), (len(m.times), -1)) for m in (base, other))
                expected = np.column_stack([np.interp(other.times, base.times, c) for c in a.T])
                np.testing.assert_allclose(b, expected, atol=1e-9, err_msg=field)
            assert other.balance == base.balance

    def test_phases_agree_in_seconds(self, fps):
        for seed in range(12):
            base, other = smile(seed, seed % 2), smile(seed, seed % 2, fps)
            for name, span in base.phases.items():
                for end in ("start", "stop"):
                    one, two = getattr(span, end) / 50, getattr(other.phases[name], end) / fps
                    assert two == pytest.approx(one, abs=1 / fps + 0.02), name


def test_true_phases_are_on_the_first_frames_that_are_not_before_them():
    motion = smile(0, fps=50.0)
    half = smile(0, fps=25.0)
    for name in ("onset", "apex", "offset", "smile"):
        assert half.phases[name].start == -(-motion.phases[name].start // 2)
        assert half.phases[name].stop == -(-motion.phases[name].stop // 2)


class TestVariants:
    """The same random numbers with either label: what differs is what the label changes."""

    def pairs(self, difference, n=30):
        return [[smile(seed, label, difference=difference) for label in (0, 1)]
                for seed in range(n)]

    def test_none_changes_nothing(self):
        for posed, spontaneous in self.pairs("none"):
            for field in (*CURVES, "times", "gaze"):
                np.testing.assert_array_equal(getattr(posed, field), getattr(spontaneous, field))
            assert posed.phases == spontaneous.phases

    def test_cheeks_alone(self):
        higher = []
        for posed, spontaneous in self.pairs("au06"):
            np.testing.assert_array_equal(posed.lips, spontaneous.lips)
            np.testing.assert_array_equal(posed.eyelids, spontaneous.eyelids)
            np.testing.assert_array_equal(posed.pose, spontaneous.pose)
            # AU07 takes what of the narrowing AU06 leaves.
            others = [k for name, k in AU.items() if name not in ("AU06", "AU07")]
            np.testing.assert_array_equal(posed.aus[:, others], spontaneous.aus[:, others])
            assert (au(spontaneous, "AU06") >= au(posed, "AU06")).all()
            higher.append(au(spontaneous, "AU06").max() - au(posed, "AU06").max())
        assert np.median(higher) == pytest.approx(1.6, abs=0.1)

    def test_sides_alone(self):
        for posed, spontaneous in self.pairs("asymmetry"):
            np.testing.assert_array_equal(posed.aus, spontaneous.aus)
            np.testing.assert_array_equal(posed.eyelids, spontaneous.eyelids)
            np.testing.assert_allclose(posed.lips.mean(axis=1), spontaneous.lips.mean(axis=1))
            assert abs(posed.balance) > abs(spontaneous.balance) or abs(posed.balance) == 0.9

    @pytest.mark.parametrize(("difference", "figure", "sign"), [
        ("onset_speed", "onset_duration_s", 1), ("onset_speed", "onset_peak_speed_per_s", -1),
        ("apex", "apex_wobble", 1)])
    def test_measured_on_the_curves(self, difference, figure, sign):
        apart = []
        for pair in self.pairs(difference, 20):
            posed, spontaneous = (measure_smile(m.times, m.lips)[f"lip_{figure}"] for m in pair)
            apart.append(sign * np.sign(spontaneous - posed))
        assert np.mean(apart) > 0.85


class TestHead:
    def test_still(self):
        motion = smile(0, head_motion=0.0)
        np.testing.assert_array_equal(motion.pose, np.tile([0, 0, 0, 0, 0, 1.0], (
            len(motion.times), 1)))

    def test_head_motion_changes_nothing_else(self):
        still, moving = smile(0, head_motion=0.0), smile(0, head_motion=2.0)
        np.testing.assert_array_equal(still.aus, moving.aus)
        np.testing.assert_array_equal(still.gaze, moving.gaze)
        np.testing.assert_array_equal(still.eyelids, moving.eyelids)

    def test_strength(self):
        style = random_style(np.random.default_rng(1))
        times = np.arange(90) / 30
        weak, strong = (head_pose(times, style, np.random.default_rng(2), s) for s in (0.5, 2.0))
        rest = [0, 0, 0, 0, 0, 1]
        np.testing.assert_allclose(strong - rest, 4 * (weak - rest), atol=1e-9)

    def test_spread_and_habit(self):
        style = random_style(np.random.default_rng(1))
        for fps in (12, 60):
            times = np.arange(400 * fps) / fps
            pose = head_pose(times, style, np.random.default_rng(2), 1.0)
            np.testing.assert_allclose(pose.std(axis=0), [2.5, 2.0, 1.5, 0.010, 0.010, 0.012],
                                       rtol=0.15)
            np.testing.assert_allclose(pose.mean(axis=0)[:3], style.pose, atol=0.5)
            # Slow: a tenth of a second later the head is nearly where it was.
            later = pose[round(0.1 * fps):, 0]
            assert np.corrcoef(later, pose[:len(later), 0])[0, 1] > 0.98


class TestGaze:
    def test_it_rests_and_jumps(self):
        style = random_style(np.random.default_rng(1))
        times = np.arange(6000) / 50
        looks = gaze(times, style, np.random.default_rng(3))
        assert looks.shape == (6000, 2)
        jumps = np.flatnonzero(np.diff(looks[:, 0]))
        assert 120 / len(jumps) == pytest.approx(1.0, abs=0.2)  # rests of a second
        places = looks[np.r_[jumps, -1]]
        np.testing.assert_allclose(places.std(axis=0), (2.5, 1.5), rtol=0.2)
        np.testing.assert_allclose(places.mean(axis=0), style.gaze, atol=0.7)


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
        assert (resting[:AU["AU45"]] > 0.25).all()
        assert (resting[:AU["AU45"]] < 0.75).all()
        pairs = np.corrcoef(aus.T)[np.triu_indices(17, 1)]
        assert np.abs(pairs).max() < 0.15

    def test_what_is_not_known(self):
        rng = np.random.default_rng(0)
        motion = free_motion(random_style(rng), 10.0, 2.0, rng)
        for curve in (motion.lips, motion.cheeks, motion.eyelids):
            assert curve.shape == (20, 2)
            assert np.isnan(curve).all()
        assert motion.balance == 0
        assert motion.gaze.shape == (20, 2)

    def test_at_least_three_frames(self):
        rng = np.random.default_rng(0)
        assert len(free_motion(random_style(rng), 5.0, 0.1, rng).times) == 3
