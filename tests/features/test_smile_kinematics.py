"""Smile kinematics against the direct figures, curves made by hand, and drawn people's truth."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.transform import Rotation
from scipy.stats import spearmanr

from smilegenuine import Clip, ClipError, SmileKinematics
from smilegenuine.datasets import make_smile_signals, make_smiles
from smilegenuine.face.mesh import (
    LEFT_EYE_INNER,
    LEFT_EYE_OUTER,
    LEFT_LIP_CORNER,
    LEFT_UPPER_LID,
    RIGHT_LIP_CORNER,
    RIGHT_UPPER_LID,
)
from smilegenuine.features.marker_signals import marker_signals
from smilegenuine.features.smile_figures import measure_smile
from smilegenuine.features.smile_kinematics import KINEMATICS

# (seconds, how far the lip corners have moved apart): 1 to 1.6 s up, 3 to 4 s down.
ONE = ((0, 0), (1, 0), (1.6, 0.2), (3, 0.2), (4, 0), (6.4, 0))
LIPS = [name for name in KINEMATICS if name.startswith("lip")]
EYELIDS = [name for name in KINEMATICS if name.startswith("eyelid")]


@functools.cache
def face():
    """A drawn face at rest, (478, 3)."""
    return make_smiles(1, 1, head_motion=0.0, random_state=0).landmarks[0][0].astype(float)


def eye_width():
    return np.linalg.norm(face()[LEFT_EYE_INNER] - face()[LEFT_EYE_OUTER])


def times_of(knots, fps=25.0):
    return np.arange(round(knots[-1][0] * fps) + 1) / fps


def curve(times, knots):
    return np.interp(times, *np.transpose(knots))


def smiling(knots, fps=25.0):
    """The face of `face`, (T, 478, 3), whose lips move along straight lines between knots."""
    moved = curve(times_of(knots, fps), knots)
    landmarks = np.repeat(face()[None], len(moved), axis=0)
    across = face()[RIGHT_LIP_CORNER] - face()[LEFT_LIP_CORNER]
    landmarks[:, RIGHT_LIP_CORNER] += moved[:, None] * across
    landmarks[:, LEFT_LIP_CORNER] -= moved[:, None] * across
    # Lids follow the lips, or there would be nothing to be measured.
    landmarks[:, [LEFT_UPPER_LID, RIGHT_UPPER_LID], 1] += 0.3 * eye_width() * moved[:, None]
    return landmarks


def clip_of(knots, fps=25.0):
    return Clip(landmarks=smiling(knots, fps), times=times_of(knots, fps), name="anna.mp4")


def signals_of(knots, fps=50.0):
    """Times and lips as they would be given themselves."""
    times = times_of(knots, fps)
    return times, 0.5 + np.column_stack([curve(times, knots)] * 2)


def measured(item, **params):
    """Name → figure of one recording."""
    row = SmileKinematics(**params).fit_transform([item])
    return dict(zip(KINEMATICS, row[0], strict=True))


def unknown(figures, *phases):
    """Of which signals the figures of these phases are all NaN, and of which none."""
    said = {}
    for signal in ("lip", "eyelid"):
        nan = {np.isnan(v) for name, v in figures.items()
               if name.startswith(signal) and name.split("_")[1] in phases}
        said[signal] = nan.pop() if len(nan) == 1 else "some"
    return said


BOTH, NEITHER, LIDS = ({"lip": True, "eyelid": True}, {"lip": False, "eyelid": False},
                       {"lip": False, "eyelid": True})


class TestSignals:
    @pytest.mark.parametrize("fps", [25, 30, 50, 60])
    @pytest.mark.parametrize("tracked", [False, True])
    def test_as_measured_one_by_one(self, fps, tracked):
        smiles = make_smile_signals(3, 2, fps=fps, random_state=5)
        signals = list(zip(smiles.times, smiles.lips, smiles.eyelids, strict=True))
        kinematics = SmileKinematics(tracked=tracked).set_output(transform="pandas")
        table = kinematics.fit_transform(signals)
        assert list(table.columns) == list(KINEMATICS)
        expected = pd.DataFrame([measure_smile(*s, tracked=tracked) for s in signals])
        pd.testing.assert_frame_equal(table, expected[list(KINEMATICS)])

    def test_nothing_is_allowed_for_unasked(self):
        smiles = make_smile_signals(1, 1, random_state=5)
        item = smiles.times[0], smiles.lips[0]
        assert measured(item)["lip_onset_rise"] == measured(item, tracked=False)["lip_onset_rise"]
        assert measured(item)["lip_onset_rise"] != measured(item, tracked=True)["lip_onset_rise"]

    def test_figures_of_a_plain_smile(self):
        found = measured(signals_of(((0, 0), (0.4, 0), (1, 0.18), (2, 0.18), (2.8, 0.02),
                                     (3.2, 0.02))))
        assert {name: found[name] for name in LIPS} == pytest.approx({
            "lip_onset_duration_s": 0.6, "lip_apex_duration_s": 0.0,
            "lip_offset_duration_s": 0.8, "lip_onset_rise": 0.18, "lip_offset_fall": 0.16,
            "lip_onset_peak_speed_per_s": 0.3, "lip_offset_peak_speed_per_s": 0.2,
            "lip_apex_wobble": 0.0, "lip_onset_backtrack_ratio": 0.0,
            "lip_onset_left_right_difference": 0.0}, abs=1e-9)

    def test_lips_do_not_depend_on_eyelids(self):
        smiles = make_smile_signals(1, 2, random_state=5)
        with_lids = [(t, lip, lid) for t, lip, lid in
                     zip(smiles.times, smiles.lips, smiles.eyelids, strict=True)]
        kinematics = SmileKinematics().set_output(transform="pandas")
        whole = kinematics.fit_transform(with_lids)
        assert np.isfinite(whole).all(axis=None)
        for without in ([s[:2] for s in with_lids], [(*s[:2], None) for s in with_lids]):
            table = kinematics.fit_transform(without)
            pd.testing.assert_frame_equal(table[LIPS], whole[LIPS])
            assert table[EYELIDS].isna().all(axis=None)

    def test_lists_do_as_well_as_arrays(self):
        times, lips = signals_of(ONE)
        assert measured((times.tolist(), lips.tolist())) == pytest.approx(
            measured((times, lips)), nan_ok=True)

    @pytest.mark.parametrize(("knots", "phases", "expected"), [
        (((0, 0), (3, 0)), ("onset", "apex", "offset"), BOTH),
        (((0, 0), (1, 0), (1.6, 0.015), (3, 0.015), (4, 0), (5, 0)), ("onset", "apex", "offset"),
         BOTH),
        (((0, 0), (1, 0), (1.6, 0.2), (4, 0.2)), ("apex", "offset"), BOTH),
        (((0, 0), (1, 0), (1.6, 0.2), (4, 0.2)), ("onset",), LIDS),
        (((0, 0.2), (2, 0.2), (3, 0), (4, 0)), ("onset", "apex"), BOTH),
        (((0, 0.2), (2, 0.2), (3, 0), (4, 0)), ("offset",), LIDS),
        (((0, 0), (1, 0), (1.6, 0.2), (3, 0.2), (3.6, 0.08)), ("offset",), BOTH),
        (((0, 0), (1, 0), (1.6, 0.2), (3, 0.2), (3.6, 0.08)), ("onset", "apex"), LIDS),
        (((0, 0.1), (0.4, 0.2), (3, 0.2), (4, 0), (5, 0)), ("onset",), BOTH),
        (((0, 0.1), (0.4, 0.2), (3, 0.2), (4, 0), (5, 0)), ("apex", "offset"), LIDS),
    ])
    def test_what_is_not_in_them_is_nan(self, knots, phases, expected):
        assert unknown(measured(signals_of(knots)), *phases) == expected


class TestFromLandmarks:
    @pytest.mark.parametrize("fps", [25.0, 30.0, 60.0])
    def test_as_measured_on_their_signals(self, fps):
        """All of this recording belongs to the smile."""
        clip = clip_of(ONE, fps)
        signals = marker_signals(clip.landmarks, clip.times)
        expected = measure_smile(clip.times, signals[:, 0], signals[:, 1], tracked=True)
        # Cut to the smile, frames may lie otherwise on the 50 Hz grid.
        assert measured(clip) == pytest.approx({name: expected[name] for name in KINEMATICS},
                                               abs=0.03, rel=0.05)

    def test_amplitudes_are_those_that_were_made(self):
        found = measured(clip_of(ONE))
        assert found["lip_onset_rise"] == pytest.approx(0.2, rel=0.05)
        assert found["lip_offset_fall"] == pytest.approx(0.2, rel=0.05)
        assert found["eyelid_onset_rise"] == 0.0  # they sink with the smile
        assert found["eyelid_offset_fall"] == 0.0
        assert found["lip_onset_left_right_difference"] == pytest.approx(0.0, abs=1e-9)

    def test_place_size_and_pose_of_the_head_do_not_matter(self):
        clip = clip_of(ONE)
        turn = Rotation.from_euler("yxz", [20, -10, 30], degrees=True).as_matrix()
        moved = clip.replace(landmarks=3.0 * clip.landmarks @ turn.T + [40.0, -900.0, 7.0])
        assert measured(moved) == pytest.approx(measured(clip), abs=1e-6)

    def test_published_alignment(self):
        found = measured(clip_of(ONE), alignment="published")
        assert found["lip_onset_rise"] == pytest.approx(0.2, rel=0.05)

    def test_the_face_before_the_smile_is_the_one_at_rest(self):
        """Lips that are narrow at first, long before they smile, are not what is measured by."""
        knots = ((0, -0.05), (1, -0.05), (3, 0), (6, 0), (6.6, 0.2), (8, 0.2), (9, 0), (11, 0))
        assert measured(clip_of(knots))["lip_onset_rise"] == pytest.approx(0.2, rel=0.1)


@functools.cache
def drawn(n_subjects=6, fps=25.0, head_motion=1.0):
    smiles = make_smiles(n_subjects, 4, fps=fps, head_motion=head_motion, random_state=7)
    clips = [Clip(landmarks=points, times=t, name=c.name) for points, t, c in
             zip(smiles.landmarks, smiles.times, smiles.data, strict=True)]
    return pd.DataFrame(SmileKinematics().fit_transform(clips), columns=list(KINEMATICS))


class TestDrawnPeople:
    def test_lips_are_near_the_true_ones(self):
        truth = make_smile_signals(6, 4, random_state=7)
        true = pd.DataFrame([measure_smile(*s) for s in zip(truth.times, truth.lips, strict=True)])
        for figure, least in (("onset_duration_s", 0.6), ("offset_duration_s", 0.6),
                              ("apex_duration_s", 0.6), ("onset_rise", 0.9), ("offset_fall", 0.8),
                              ("onset_peak_speed_per_s", 0.6), ("offset_peak_speed_per_s", 0.6)):
            name = f"lip_{figure}"
            assert spearmanr(drawn()[name], true[name], nan_policy="omit")[0] > least, figure
        ratio = drawn()["lip_onset_rise"] / true["lip_onset_rise"]
        assert ratio.median() == pytest.approx(1.0, abs=0.2)

    @pytest.mark.parametrize("changes", [{"head_motion": 0.0}, {"fps": 60.0}],
                             ids=lambda changes: next(iter(changes)))
    def test_neither_head_motion_nor_frame_rate_makes_a_difference(self, changes):
        some, plain = drawn(2, **changes)[LIPS], drawn()[LIPS][:8]
        assert (some.isna() == plain.isna()).all(axis=None)
        apart = (some - plain).abs() / plain.abs().clip(lower=1e-3)
        assert (apart.median() < 0.03).all(), apart.median()

    def test_one_after_the_other(self):
        smiles = make_smiles(1, 3, head_motion=0.0, random_state=0)
        begin = np.cumsum([0.0, *(t[-1] + 0.04 for t in smiles.times)])[:-1]
        clip = Clip(landmarks=np.concatenate(list(smiles.landmarks)),
                    times=np.concatenate([t + b for t, b in zip(smiles.times, begin,
                                                                strict=True)]))
        found = SmileKinematics().find_smiles(clip)
        true = [b + t[phases["smile"].start] for t, b, phases in
                zip(smiles.times, begin, smiles.phases, strict=True)]
        assert [smile.start for smile in found] == pytest.approx(true, abs=0.25)
        assert all(smile.begins and smile.ends for smile in found)


class TestNoSmile:
    @pytest.mark.parametrize("sigma", [0.0, 0.3, 1.0])
    def test_of_a_face_that_only_trembles_nothing_is_measured(self, sigma):
        for seed in range(5):
            clip = clip_of(((0, 0), (3.0 + seed, 0)), 25.0)
            shaken = np.random.default_rng(seed).normal(0.0, sigma, clip.landmarks.shape)
            clip = clip.replace(landmarks=clip.landmarks + shaken)
            assert np.isnan(SmileKinematics().fit_transform([clip])).all()
            assert SmileKinematics().find_smiles(clip) == []

    def test_least_rise(self):
        assert unknown(measured(clip_of(ONE), least_rise=0.3), "onset", "offset") == BOTH
        assert unknown(measured(clip_of(ONE), least_rise=0.1), "onset", "offset") == NEITHER

    def test_six_frames_are_enough_to_see_that(self):
        assert unknown(measured(clip_of(((0, 0), (0.2, 0)))), "onset", "apex", "offset") == BOTH

    def test_points_that_are_all_in_one_place(self):
        clip = Clip(landmarks=np.zeros((60, 478, 3)), fps=25)
        assert np.isnan(SmileKinematics().fit_transform([clip])).all()


class TestCutOff:
    def test_whole(self):
        assert unknown(measured(clip_of(ONE)), "onset", "apex", "offset") == NEITHER

    def test_ends_at_the_top(self):
        found = measured(clip_of((*ONE[:3], (4, 0.2))))
        assert unknown(found, "apex", "offset") == BOTH
        assert unknown(found, "onset") == NEITHER
        assert found["lip_onset_rise"] == pytest.approx(0.2, rel=0.05)

    def test_cut_off_in_the_fall(self):
        clip = clip_of((*ONE[:4], (3.6, 0.08)))
        assert unknown(measured(clip), "offset") == BOTH
        assert unknown(measured(clip), "onset", "apex") == NEITHER
        (smile,) = SmileKinematics().find_smiles(clip)
        assert (smile.begins, smile.ends) == (True, False)

    def test_a_fall_that_comes_to_rest_is_whole_even_if_not_deep(self):
        found = measured(clip_of((*ONE[:4], (3.6, 0.08), (5, 0.08))))
        assert unknown(found, "onset", "apex", "offset") == NEITHER

    @pytest.mark.parametrize("wobble", [(), ((0.6, 0.24),)], ids=["held", "wobbling"])
    def test_begins_in_the_smile(self, wobble):
        found = measured(clip_of(((0, 0.2), *wobble, (1.2, 0.2), (3, 0.2), (4, 0), (6, 0))))
        assert unknown(found, "onset", "apex") == BOTH
        assert unknown(found, "offset") == NEITHER

    @pytest.mark.parametrize("level", [0.06, 0.1])
    def test_begins_in_the_rise(self, level):
        found = measured(clip_of(((0, level), (0.4, 0.2), (3, 0.2), (4, 0), (6, 0))))
        assert unknown(found, "onset") == BOTH
        assert unknown(found, "offset") == NEITHER


class TestEyelids:
    @pytest.mark.parametrize(("yaw", "expected"), [
        (0, NEITHER), (35, NEITHER), (-35, NEITHER), (45, LIDS), (-45, LIDS)])
    def test_heads_that_are_turned(self, yaw, expected):
        clip = clip_of(ONE)
        turn = Rotation.from_euler("y", yaw, degrees=True).as_matrix()
        turned = clip.replace(landmarks=clip.landmarks @ turn.T)
        assert unknown(measured(turned), "onset", "apex", "offset") == expected
        assert unknown(measured(turned, max_yaw=60.0), "onset", "apex", "offset") == NEITHER
        assert unknown(measured(clip, max_yaw=0.5), "onset", "apex", "offset") == NEITHER

    @pytest.mark.parametrize(("share", "expected"), [(0.1, NEITHER), (0.4, LIDS)])
    def test_a_moment_does_no_harm(self, share, expected):
        clip = clip_of(ONE)
        turn = Rotation.from_euler("y", 50, degrees=True).as_matrix()
        landmarks = np.array(clip.landmarks)
        landmarks[30:30 + round(share * len(landmarks))] @= turn.T
        found = measured(clip.replace(landmarks=landmarks))
        assert unknown(found, "onset", "apex", "offset") == expected

    @pytest.mark.parametrize(("sigma", "expected"), [(0.01, NEITHER), (0.08, LIDS)])
    def test_what_jumps_is_no_eyelid(self, sigma, expected):
        clip = clip_of(ONE)
        landmarks = np.array(clip.landmarks)
        shaken = np.random.default_rng(0).normal(0.0, sigma * eye_width(), (len(landmarks), 2))
        landmarks[:, [LEFT_UPPER_LID, RIGHT_UPPER_LID], 1] += shaken
        found = measured(clip.replace(landmarks=landmarks))
        assert unknown(found, "onset", "apex", "offset") == expected
        assert found["lip_onset_rise"] == measured(clip)["lip_onset_rise"]


def without(clip, start, stop, how="valid"):
    """The clip, with nobody to be seen for a while."""
    gone = (clip.times > start) & (clip.times < stop)
    landmarks = np.array(clip.landmarks)
    landmarks[gone] = np.nan if how == "nan" else 1e4 * np.arange(gone.sum())[:, None, None]
    return clip.replace(landmarks=landmarks, valid=~gone if how == "valid" else None)


class TestGaps:
    @pytest.mark.parametrize("how", ["valid", "nan"])
    def test_short_ones_are_bridged(self, how):
        whole, bridged = clip_of(ONE), without(clip_of(ONE), 2.0, 2.2, how)
        assert len(SmileKinematics().find_smiles(bridged)) == 1
        assert measured(bridged) == pytest.approx(measured(whole), rel=0.01, abs=1e-3)

    @pytest.mark.parametrize("how", ["valid", "nan"])
    def test_long_ones_split_the_recording(self, how):
        clip = without(clip_of(ONE), 1.9, 2.6, how)
        first, second = SmileKinematics().find_smiles(clip)
        assert (first.begins, first.ends) == (True, False)
        assert (second.begins, second.ends) == (False, True)
        assert first.start == pytest.approx(1.0, abs=0.15)
        assert first.end == pytest.approx(1.9, abs=0.05)
        assert second.start == pytest.approx(2.6, abs=0.05)
        assert second.end == pytest.approx(4.0, abs=0.15)
        assert np.isnan(first.figures["lip_offset_fall"])
        assert np.isnan(second.figures["lip_onset_rise"])

    def test_how_long_is_long(self):
        clip = without(clip_of(ONE), 1.9, 2.6)
        (smile,) = SmileKinematics(max_gap=0.8).find_smiles(clip)
        assert (smile.begins, smile.ends) == (True, True)

    def test_a_recording_that_starts_without_a_face(self):
        late = without(clip_of(ONE), -1.0, 0.5)
        # Where the grid of 50 Hz begins may make a step of difference.
        assert measured(late) == pytest.approx(measured(clip_of(ONE)), abs=0.021)


class TestFindSmiles:
    TWO = ((0, 0), (1, 0), (1.5, 0.2), (2, 0.2), (3, 0), (6, 0), (6.5, 0.15), (7, 0.15), (8, 0),
           (10, 0))

    @pytest.mark.parametrize("fps", [25.0, 60.0])
    def test_two(self, fps):
        first, second = SmileKinematics().find_smiles(clip_of(self.TWO, fps))
        assert (first.start, first.end) == pytest.approx((1.0, 3.0), abs=0.15)
        assert (second.start, second.end) == pytest.approx((6.0, 8.0), abs=0.15)
        assert (first.begins, first.ends, second.begins, second.ends) == (True,) * 4
        assert first.figures["lip_onset_rise"] == pytest.approx(0.2, rel=0.05)
        assert second.figures["lip_onset_rise"] == pytest.approx(0.15, rel=0.05)
        assert set(first.figures) == set(KINEMATICS)

    def test_the_largest_is_the_recordings(self):
        clip = clip_of(self.TWO)
        first, second = SmileKinematics().find_smiles(clip)
        assert measured(clip) == pytest.approx(first.figures)
        backwards = clip_of([(10.0 - t, height) for t, height in self.TWO[::-1]])
        assert measured(backwards)["lip_onset_rise"] == pytest.approx(0.2, rel=0.05)
        assert second.figures["lip_onset_rise"] < first.figures["lip_onset_rise"]

    def test_those_that_follow_closely_are_one_of_the_recording(self):
        """As published, what comes after the fall belongs to the offset."""
        knots = ((0, 0), (1, 0), (1.5, 0.2), (2, 0.2), (3.2, 0), (3.6, 0), (4.1, 0.15), (5.2, 0.15),
                 (6, 0), (8, 0))
        clip = clip_of(knots)
        assert measured(clip)["lip_offset_fall"] == pytest.approx(0.35, rel=0.05)
        # Each by itself has only its own movements.
        for smile, rise in zip(SmileKinematics().find_smiles(clip), (0.2, 0.15), strict=True):
            assert smile.figures["lip_onset_rise"] == pytest.approx(rise, rel=0.05)
            assert smile.figures["lip_offset_fall"] == pytest.approx(rise, rel=0.05)
            assert smile.figures["lip_onset_backtrack_ratio"] < 0.03

    def test_wobbles_do_not_split(self):
        times = np.arange(0, 9, 0.04)
        held = ((0, 0), (1, 0), (1.5, 0.2), (7, 0.2), (8, 0), (9, 0))
        wobbling = curve(times, held)
        wobbling[(times > 1.6) & (times < 6.9)] += 0.04 * np.sin(
            9.0 * times[(times > 1.6) & (times < 6.9)])
        (smile,) = SmileKinematics().find_smiles(
            clip_of(list(zip(times, wobbling, strict=True))))
        assert (smile.start, smile.end) == pytest.approx((1.0, 8.0), abs=0.15)

    @pytest.mark.parametrize(("height", "n"), [(0.06, 1), (0.1, 2)])
    def test_a_much_smaller_one_is_left_out_across_a_gap_too(self, height, n):
        knots = ((0, 0), (1, 0), (1.5, 0.2), (2, 0.2), (3, 0), (6, 0), (6.5, height), (7, height),
                 (8, 0), (10, 0))
        kinematics = SmileKinematics()
        assert len(kinematics.find_smiles(clip_of(knots))) == n
        assert len(kinematics.find_smiles(without(clip_of(knots), 4.0, 5.0))) == n


class TestUse:
    def test_arrays_without_names(self):
        table = SmileKinematics().fit_transform([clip_of(ONE), clip_of(TestFindSmiles.TWO)])
        assert isinstance(table, np.ndarray)
        assert table.shape == (2, 20)

    def test_names(self):
        kinematics = SmileKinematics().fit([signals_of(ONE)])
        assert list(kinematics.get_feature_names_out()) == list(KINEMATICS)
        assert kinematics.n_features_out_ == len(KINEMATICS) == 20

    def test_iterators_are_walked_once(self):
        items = [signals_of(ONE), signals_of(TestFindSmiles.TWO)]
        kinematics = SmileKinematics()
        expected = kinematics.fit_transform(items)
        np.testing.assert_array_equal(kinematics.fit_transform(iter(items)), expected)
        np.testing.assert_array_equal(kinematics.transform(iter(items)), expected)

    @pytest.mark.parametrize("kind", [clip_of, signals_of])
    def test_a_series_keeps_its_index(self, kind):
        items = pd.Series([kind(ONE), kind(TestFindSmiles.TWO)], index=["a", "b"])
        kinematics = SmileKinematics().set_output(transform="pandas")
        assert list(kinematics.fit_transform(items).index) == ["a", "b"]

    @pytest.mark.parametrize(("params", "message"), [
        ({"alignment": "askew"}, "alignment must be one of rigid, published, not 'askew'"),
        ({"rest": -0.1}, "rest must be"),
        ({"least_rise": "much"}, "least_rise must be"),
        ({"max_gap": np.nan}, "max_gap must be"),
        ({"max_yaw": None}, "max_yaw must be"),
        ({"tracked": "maybe"}, "tracked must be 'auto', True or False, not 'maybe'"),
    ])
    def test_parameters(self, params, message):
        kinematics, clip = SmileKinematics(**params), clip_of(ONE)
        with pytest.raises(ValueError, match=message):
            kinematics.fit([clip])
        with pytest.raises(ValueError, match=message):
            kinematics.transform([clip])
        with pytest.raises(ValueError, match=message):
            kinematics.find_smiles(clip)


class TestRefused:
    @pytest.mark.parametrize(("changes", "message"), [
        ({"landmarks": None, "aus": np.zeros((161, 17))}, "needs `landmarks`; run FaceLandmarks"),
        ({"valid": np.zeros(161, bool)}, "only 0 of 161 frames have a face"),
        ({"valid": np.arange(161) < 4}, "only 4 of 161 frames have a face"),
        ({"landmarks": np.full((161, 478, 3), np.nan)}, "only 0 of 161 frames"),
        ({"times": None, "fps": 2}, "has 2 frames a second"),
        ({"times": np.arange(161) * 40.0}, "Are its times in seconds"),
    ])
    def test_clips(self, changes, message):
        clip = clip_of(ONE).replace(**changes)
        with pytest.raises(ClipError, match=rf"anna.mp4: .*{message}"):
            SmileKinematics().transform([clip_of(ONE), clip])
        with pytest.raises(ClipError, match=rf"anna.mp4: .*{message}"):
            SmileKinematics().find_smiles(clip)

    def test_short_clips(self):
        clip = Clip(landmarks=face()[None].repeat(4, axis=0), fps=25, name="anna.mp4")
        with pytest.raises(ClipError, match=r"anna\.mp4: is too short: 4 frames"):
            SmileKinematics().transform([clip])

    @pytest.mark.parametrize(("item", "message"), [
        ((), "not of 0 things"),
        ((0,) * 4, "not of 4 things"),
        ((np.arange(9), None), "times and lips must be given"),
        (("then", np.zeros((9, 2))), "arrays of numbers"),
        ((np.arange(9) / 25, "apart"), "arrays of numbers"),
        ((np.arange(9) / 25, np.zeros(9)), r"lips must be \(T, 2\)"),
        ((np.arange(9) / 25, np.zeros((9, 2)), np.zeros((8, 2))), r"eyelids must be \(T, 2\)"),
        ((np.arange(9) / 25, np.full((9, 2), np.nan)), "lips must be finite"),
        ((np.arange(9) / -25, np.zeros((9, 2))), "strictly increasing"),
        ((np.full(9, np.nan), np.zeros((9, 2))), "strictly increasing"),
        ((np.r_[np.arange(8) / 25, np.inf], np.zeros((9, 2))), "strictly increasing"),
        ((0.0, np.zeros((9, 2))), "times must be"),
        (([], np.zeros((0, 2))), "times must be"),
        ((np.arange(9) * 40.0, np.zeros((9, 2))), "Are its times in seconds"),
    ])
    def test_signals(self, item, message):
        with pytest.raises(ClipError, match=rf"item 1: .*{message}"):
            SmileKinematics().transform([signals_of(ONE), item])

    @pytest.mark.parametrize(("X", "message"), [
        (signals_of(ONE), r"one tuple of signals; for a single one write \[X\]"),
        ([list(signals_of(ONE))], "item 0: signals must be tuples"),
        ([signals_of(ONE), Clip(aus=np.zeros((9, 17)))], "item 1: .* and not some of both"),
        ([Clip(aus=np.zeros((9, 17))), signals_of(ONE)], "item 1: .* and not some of both"),
        (np.zeros((9, 2)), r"write \[X\]"),
    ])
    def test_what_is_no_list_of_them(self, X, message):
        with pytest.raises(TypeError, match=message):
            SmileKinematics().fit(X)
        with pytest.raises(TypeError, match=message):
            SmileKinematics().transform(X)
