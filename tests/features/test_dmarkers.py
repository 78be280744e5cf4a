"""D-Markers against the direct loops, the truth of drawn smiles, and what must not change them."""

from __future__ import annotations

import functools
import pickle

import direct_dmarkers
import numpy as np
import pandas as pd
import pytest
from faces_as_seen import bundle, why_no_landmarker
from scipy.spatial.transform import Rotation
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from smilegenuine import Clip, ClipError
from smilegenuine.datasets import make_smiles
from smilegenuine.drawing.mesh_template import load_template
from smilegenuine.face.landmarks import FaceLandmarks
from smilegenuine.face.mesh import METHODS
from smilegenuine.features.dmarkers import (
    MARKERS,
    DMarkers,
    dmarkers,
    feature_names,
    phase_markers,
    signals_of,
)
from smilegenuine.features.marker_signals import SIGNALS, marker_signals
from smilegenuine.features.phases import detect_phases

both = pytest.mark.parametrize("alignment", METHODS)


@functools.cache
def drawn(n_subjects=1, clips_per_subject=1, fps=25.0, seed=3):
    smiles = make_smiles(n_subjects, clips_per_subject, fps=fps, random_state=seed)
    smiles.landmarks = [points.astype(float) for points in smiles.landmarks]
    return smiles


def drawn_clip():
    return Clip(landmarks=drawn().landmarks[0], times=drawn().times[0], name="s3.mp4")


@functools.cache
def face():
    """A drawn face at rest, (478, 3)."""
    return make_smiles(1, 1, head_motion=0.0, random_state=0).landmarks[0][0].astype(float)


def ease(t, start, stop):
    x = np.clip((t - start) / (stop - start), 0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)


def smiling(t):
    """The face of `face` smiling: 0.8 to 1.5 s up, 2.6 to 3.6 s down, the left side less."""
    landmarks = np.repeat(face()[None], len(t), axis=0)
    smile = ease(t, 0.8, 1.5) - ease(t, 2.6, 3.6)
    smile += 0.08 * np.sin(5.6 * t) * ease(t, 1.5, 1.8) * (1.0 - ease(t, 2.4, 2.6))
    for point, move in ((61, (-5, -5, 1)), (291, (6, -6, 1)), (50, (-1, -4, 0)), (280, (1, -5, 0))):
        landmarks[:, point] += smile[:, None] * np.array(move)
    landmarks[:, [159, 386], 1] += 1.2 * smile[:, None]
    return landmarks


def similar(landmarks, frames=None):
    """Turned, scaled and shifted: each frame differently, or all alike (frames=1)."""
    n = len(landmarks) if frames is None else frames
    rng = np.random.default_rng(n)
    turns = Rotation.random(n, random_state=n).as_matrix()
    return rng.uniform(0.2, 5.0, (n, 1, 1)) * (landmarks @ turns) + rng.normal(0, 400, (n, 1, 3))


@functools.cache
def recorded(path):
    """Landmarks of a recording, by MediaPipe."""
    return FaceLandmarks(model=bundle()).transform([path])[0]


@pytest.fixture
def recording(real):
    if why_no_landmarker():
        pytest.skip(why_no_landmarker())
    return recorded(str(real / "single_face.mp4"))


def table(clips, **params):
    return DMarkers(**params).set_output(transform="pandas").fit_transform(clips)


# -- against the direct implementation ---------------------------------------------------------

@pytest.mark.parametrize("fps", [25, 30, 50])
def test_they_agree_with_the_direct_implementation(fps):
    t = np.arange(0, 4.4, 1 / fps)
    points = similar(smiling(t) + np.random.default_rng(fps).normal(0, 0.03, (len(t), 478, 3)))
    got = DMarkers("published").transform([Clip(landmarks=points, times=t)])[0]
    direct = direct_dmarkers.all_markers(points, t, detect_phases)
    assert np.count_nonzero(direct) > 180
    np.testing.assert_allclose(got, direct, rtol=1e-9, atol=1e-9)


def test_uneven_times_agree_with_the_direct_implementation():
    rng = np.random.default_rng(0)
    t = np.cumsum(rng.uniform(0.01, 0.05, 60))
    signals = rng.normal(size=(60, 3, 2))
    signals[20:24] = signals[20]  # standing still
    for phase in (slice(5, 40), slice(7, 9), slice(20, 24), slice(8, 9), slice(0, 0)):
        direct = [direct_dmarkers.describe(list(signals[phase, k, 0]), list(signals[phase, k, 1]),
                                           list(t[phase])) for k in range(3)]
        np.testing.assert_allclose(phase_markers(signals, t, phase), direct, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        dmarkers(signals, t, smooth=0.1, phases=("sequence",))[0, 1],
        direct_dmarkers.describe(*direct_dmarkers.smoothed(
            signals[:, 1], t, 0.1).T.tolist(), list(t)), rtol=1e-9, atol=1e-9)


@pytest.mark.needs_model
def test_recorded_landmarks_agree_with_the_direct_implementation(recording):
    got = DMarkers("published").transform([recording])[0]
    direct = direct_dmarkers.all_markers(np.asarray(recording.landmarks, float), recording.times,
                                         detect_phases)
    assert np.count_nonzero(direct) > 150
    np.testing.assert_allclose(got, direct, rtol=1e-9, atol=1e-9)


# -- what must not change them -----------------------------------------------------------------

@both
@pytest.mark.parametrize("frames", [None, 1], ids=["each frame", "the whole"])
def test_turning_scaling_and_shifting_change_nothing(alignment, frames):
    clip = drawn_clip()
    moved = clip.replace(landmarks=similar(clip.landmarks, frames))
    plain, other = DMarkers(alignment).transform([clip, moved])
    np.testing.assert_allclose(other, plain, rtol=0, atol=1e-6)


@pytest.mark.needs_model
@both
@pytest.mark.parametrize("frames", [None, 1], ids=["each frame", "the whole"])
def test_nor_do_they_change_those_of_a_recording(recording, alignment, frames):
    moved = recording.replace(landmarks=similar(recording.landmarks, frames))
    plain, other = DMarkers(alignment).transform([recording, moved])
    np.testing.assert_allclose(other, plain, rtol=0, atol=1e-6)


#: How far a marker may move with the frame rate: borders of phases lie on frames, 0.04 s apart.
RATE_TOLERANCE = {"duration": 0.09, "duration_ratio": 0.06, "amplitude": 0.004,
                  "amplitude_net_per_duration": 0.02, "amplitude_ratio": 0.08, "speed": 0.04,
                  "acceleration_max_increase": 0.6, "acceleration": 0.2}


@pytest.mark.parametrize("rate", [25, 30, 50, "uneven"])
def test_the_frame_rate_does_not_matter(rate):
    t = np.arange(0, 4.4, 1 / 100)
    at_100 = table([Clip(landmarks=smiling(t), times=t)]).iloc[0]
    if rate == "uneven":
        t = np.cumsum(np.random.default_rng(0).uniform(0.012, 0.03, 200))
    else:
        t = np.arange(0, 4.4, 1 / rate)
    other = table([Clip(landmarks=smiling(t), times=t)]).iloc[0]
    for name in feature_names():
        marker = name.split("_", 2)[2]
        kind = max((k for k in RATE_TOLERANCE if marker.startswith(k)), key=len)
        assert other[name] == pytest.approx(at_100[name], abs=RATE_TOLERANCE[kind]), name
    # Far from each other if seconds were frames: the tolerances are not wide.
    assert at_100["onset_lip_duration"] > 0.6
    assert at_100["onset_lip_speed_max_increase"] > 0.4
    assert at_100["onset_lip_acceleration_mean_increase"] > 1.0


def test_a_mirrored_face_has_its_sides_swapped():
    t = np.arange(0, 4.4, 1 / 25)
    landmarks = smiling(t)
    mirrored = landmarks[:, load_template().mirror] * (-1.0, 1.0, 1.0)
    for alignment in METHODS:
        plain, other = (marker_signals(p, t, alignment=alignment) for p in (landmarks, mirrored))
        np.testing.assert_allclose(other, plain[:, :, ::-1], rtol=0, atol=1e-9)
        a, b = DMarkers(alignment).transform([Clip(landmarks=p, times=t)
                                              for p in (landmarks, mirrored)])
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-6)
    lip = marker_signals(landmarks, t)[:, 0]
    assert lip[60, 1] > lip[60, 0] + 0.02  # the image's right side smiles more


def test_frames_without_a_face_are_bridged():
    clip = drawn_clip()
    holed = np.array(clip.landmarks)
    holed[30:33] = np.nan
    valid = np.ones(len(holed), bool)
    valid[30:33] = False
    wrong = np.array(clip.landmarks)
    wrong[30:33] = 0.5 * wrong[30:33, ::-1]  # not to be looked at
    whole, a, b = DMarkers().transform([clip, clip.replace(landmarks=holed),
                                        clip.replace(landmarks=wrong, valid=valid)])
    np.testing.assert_array_equal(a, b)
    assert np.corrcoef(a, whole)[0, 1] > 0.99
    signals, _ = signals_of(clip.replace(landmarks=holed))
    np.testing.assert_allclose(np.diff(signals[29:34], 2, axis=0), 0.0, atol=1e-12)


def test_the_face_at_rest_is_the_median_of_the_beginning():
    clip = drawn_clip()
    off = np.array(clip.landmarks)
    off[0, [61, 291], 0] += (-4.0, 4.0)  # one frame, wrong
    steady, alone = (marker_signals(off, clip.times, rest=r)[10:] for r in (0.2, 0.0))
    true = marker_signals(clip.landmarks, clip.times, rest=0.2)[10:]
    assert np.abs(steady - true).max() < 0.02 < 0.05 < np.abs(alone - true).max()
    by_rest = [DMarkers(rest=r).transform([clip.replace(landmarks=off)]) for r in (0.2, 0.0)]
    assert np.abs(by_rest[0] - by_rest[1]).max() > 0.05
    late = np.array(clip.landmarks)
    late[:7] = np.nan
    np.testing.assert_allclose(
        marker_signals(late, clip.times)[7:],
        marker_signals(late[7:], clip.times[7:] + 2.0), rtol=0, atol=1e-9)


# -- the truth ---------------------------------------------------------------------------------

@both
def test_signals_follow_the_truth(alignment):
    smiles = drawn(6, 2)
    follows = []
    for k, (points, t) in enumerate(zip(smiles.landmarks, smiles.times, strict=True)):
        signals = marker_signals(points, t, alignment=alignment).mean(axis=2).T
        truth = (smiles.lips[k], smiles.eyelids[k], smiles.cheeks[k])
        follows.append([np.corrcoef(s, v.mean(axis=1))[0, 1]
                        for s, v in zip(signals, truth, strict=True)])
    lip, eyelid, cheek = np.median(follows, axis=0)
    assert lip > 0.95
    assert cheek > 0.9
    assert eyelid > 0.6  # drawn lids give in less than the truth asks of them
    assert np.min(follows, axis=0)[0] > 0.8


def test_the_signals_are_what_they_are_called():
    signals = marker_signals(np.repeat(face()[None], 5, axis=0), np.arange(5) / 25)
    np.testing.assert_allclose(signals[:, [0, 2]].mean(axis=2), 0.5, atol=1e-9)
    t = np.arange(0, 3, 1 / 25)
    opened = np.repeat(face()[None], len(t), axis=0)
    width = np.linalg.norm(face()[61] - face()[291])
    opened[40:, 61, 0] -= 0.1 * width
    lip = marker_signals(opened, t)[:, 0]
    assert lip[50] - lip[0] == pytest.approx([0.1, 0.0], abs=2e-3)


def test_the_eyelid_has_a_sign():
    flat = np.repeat(face()[None], 9, axis=0)
    eye = face()[[33, 133]]
    width = np.linalg.norm(eye[1, :2] - eye[0, :2])
    across = (eye[1, :2] - eye[0, :2]) / width
    for height in (0.3, 0.0, -0.1):  # the lid over the middle of the corners' line
        flat[:, 159, :2] = eye[:, :2].mean(axis=0) + height * width * np.array(
            [across[1], -across[0]])
        # From the front, tilted a little by the upright head.
        assert marker_signals(flat, np.arange(9) / 25)[4, 1, 0] == pytest.approx(height, abs=0.03)


def test_durations_are_the_true_ones():
    smiles = drawn(6, 2)
    got = table([Clip(landmarks=p, times=t)
                 for p, t in zip(smiles.landmarks, smiles.times, strict=True)])
    for phase, tolerance in (("onset", 0.08), ("apex", 0.15), ("offset", 0.25)):
        true = np.array([t[p[phase]][-1] - t[p[phase]][0] if p[phase].stop else 0.0
                         for t, p in zip(smiles.times, smiles.phases, strict=True)])
        found = got[f"{phase}_lip_duration"].to_numpy()
        assert np.median(np.abs(found - true)) < tolerance, phase
        assert np.corrcoef(found, true)[0, 1] > 0.8, phase


def test_named_markers_hold_what_their_names_say():
    t = np.arange(0, 4.4, 1 / 100)
    row = table([Clip(landmarks=smiling(t), times=t)]).iloc[0]
    lip = marker_signals(smiling(t), t)[:, 0].mean(axis=1)
    assert row["onset_lip_duration"] == pytest.approx(0.7, abs=0.06)
    assert row["onset_lip_duration_increase"] == pytest.approx(row["onset_lip_duration"], abs=0.02)
    assert row["offset_lip_duration_decrease"] == pytest.approx(1.0, abs=0.06)
    assert row["apex_lip_amplitude_max"] == pytest.approx(lip.max(), abs=2e-3)
    rise = lip[150] - lip[0]
    assert row["onset_lip_amplitude_net"] == pytest.approx(rise, rel=0.03)
    assert row["onset_lip_amplitude_total_increase"] == pytest.approx(rise, rel=0.03)
    assert row["offset_lip_amplitude_total_decrease"] == pytest.approx(rise, rel=0.03)
    assert row["offset_lip_amplitude_net"] == pytest.approx(-rise, rel=0.03)
    assert row["onset_lip_amplitude_ratio_increase"] == pytest.approx(1.0)
    assert row["onset_lip_speed_max_increase"] == pytest.approx(np.gradient(lip, t).max(), rel=0.05)
    assert row["onset_eyelid_amplitude_net"] < 0 < row["offset_eyelid_amplitude_net"]
    assert row["onset_cheek_amplitude_net"] > 0
    assert row["apex_lip_amplitude_left_right_difference"] > 0.04
    assert row["offset_lip_amplitude_net_per_duration"] == pytest.approx(
        row["offset_lip_amplitude_net"] / row["offset_lip_duration"])


def test_a_triangle_by_hand():
    # Up by 2 in 1 s, down by 1 in 0.5 s, the right side 0.2 above the left.
    t = np.array([0.0, 0.5, 1.0, 1.25, 1.5])
    v = np.array([0.0, 1.0, 2.0, 1.5, 1.0])
    signal = np.stack([v - 0.1, v + 0.1], axis=1)[:, None]
    got = dict(zip(MARKERS, phase_markers(signal, t, slice(0, 5))[0], strict=True))
    expected = {
        "duration_increase": 1.0, "duration_decrease": 0.5, "duration": 1.5,
        "duration_ratio_increase": 2 / 3, "duration_ratio_decrease": 1 / 3, "amplitude_max": 2.0,
        "amplitude_mean": 1.75 / 1.5, "amplitude_mean_increase": 1.0,
        "amplitude_mean_decrease": 1.5, "amplitude_total_increase": 2.0,
        "amplitude_total_decrease": 1.0, "amplitude_net": 1.0, "amplitude_ratio_increase": 2 / 3,
        "amplitude_ratio_decrease": 1 / 3, "speed_max_increase": 2.0, "speed_max_decrease": 2.0,
        "speed_mean_increase": 2.0, "speed_mean_decrease": 2.0, "acceleration_max_increase": 0.0,
        "acceleration_max_decrease": 4.0 / 0.375, "acceleration_mean_increase": 0.0,
        "acceleration_mean_decrease": 4.0 / 0.375, "amplitude_net_per_duration": 1.0 / 1.5,
        "amplitude_left_right_difference": 0.2}
    for name, value in expected.items():
        assert got[name] == pytest.approx(value), name
    assert set(MARKERS) - set(expected) == {"amplitude_std"}


# -- edges -------------------------------------------------------------------------------------

def test_an_empty_phase_gives_zeros():
    t = np.arange(0, 2.4, 1 / 50)  # the recording ends in the smile
    row = table([Clip(landmarks=smiling(t), times=t)]).iloc[0]
    assert not row.filter(like="offset_").any()
    assert row.filter(like="onset_").any()
    still = np.repeat(face()[None], 30, axis=0)
    assert not DMarkers().transform([Clip(landmarks=still, fps=25)]).any()


def test_five_frames_are_enough_and_four_are_not():
    clip = drawn_clip()
    few = np.full((30, 478, 3), np.nan)
    few[5:10] = clip.landmarks[5:10]
    assert np.isfinite(DMarkers().transform([Clip(landmarks=few, fps=25)])).all()
    few[5] = np.nan
    with pytest.raises(ClipError, match="only 4 of 30 frames have a face"):
        DMarkers().transform([Clip(landmarks=few, fps=25)])
    with pytest.raises(ClipError, match="is too short: 1 frames, at least 5"):
        DMarkers().transform([Clip(landmarks=clip.landmarks[:1], fps=25)])


def test_a_clip_without_landmarks_is_named():
    with pytest.raises(ClipError, match=r"s7\.mp4: DMarkers needs `landmarks`; run FaceLandmarks"):
        DMarkers().transform([Clip(smile=np.zeros(9), fps=25, name="s7.mp4")])


def test_a_clip_without_timing_is_named():
    with pytest.raises(ClipError, match="DMarkers needs `times`; give Clip"):
        signals_of(Clip(landmarks=drawn_clip().landmarks))


@pytest.mark.parametrize("unit", [1000.0, 0.001], ids=["milliseconds", "kiloseconds"])
def test_times_that_cannot_be_seconds_are_refused(unit):
    clip = drawn_clip()
    with pytest.raises(ClipError, match="Are its times in seconds"):
        DMarkers().transform([Clip(landmarks=clip.landmarks, times=clip.times * unit)])


@pytest.mark.parametrize(("landmarks", "times", "params", "message"), [
    (np.zeros((4, 468, 3)), np.arange(4.0), {}, r"landmarks must be \(T, 478, 3\)"),
    (np.zeros((4, 478, 3)), np.arange(5.0), {}, r"times must be \(T,\)"),
    (np.zeros((4, 478, 3)), np.zeros(4), {}, "increase strictly"),
    (np.zeros((4, 478, 3)), np.arange(4.0), {"rest": -1}, "rest must be a number"),
    (np.zeros((4, 478, 3)), np.arange(4.0), {"alignment": "none"}, "method must be one of"),
])
def test_wrong_landmarks_are_refused(landmarks, times, params, message):
    with pytest.raises(ValueError, match=message):
        marker_signals(landmarks, times, **params)


@pytest.mark.parametrize(("signals", "message"), [
    (np.zeros((9, 3)), r"signals must be \(T, K, 2\)"),
    (np.zeros((8, 3, 2)), r"signals must be \(T, K, 2\)"),
    (np.full((9, 3, 2), np.nan), "signals must be finite"),
])
def test_wrong_signals_are_refused(signals, message):
    with pytest.raises(ValueError, match=message):
        dmarkers(signals, np.arange(9) / 25)


# -- the transformer ---------------------------------------------------------------------------

def test_counts_and_names():
    names = feature_names()
    assert len(names) == len(set(names)) == 225
    assert len(MARKERS) == 25
    assert list(names[:25]) == [f"onset_lip_{m}" for m in MARKERS]
    assert names[25].startswith("onset_eyelid_")
    assert names[75].startswith("apex_lip_")
    model = DMarkers().fit([drawn_clip()])
    assert model.n_features_out_ == 225
    assert model.transform([drawn_clip()]).shape == (1, 225)
    assert model.transform([drawn_clip()]).dtype == np.float64


@pytest.mark.parametrize("params", [
    {"signals": ("cheek", "lip")}, {"signals": ("eyelid",)}, {"phases": ("offset", "onset")},
])
def test_a_part_is_the_same_part_of_the_whole(params):
    whole, part = table([drawn_clip()]), table([drawn_clip()], **params)
    assert part.shape == (1, 25 * len(params.get("signals", SIGNALS))
                          * len(params.get("phases", "123")))
    pd.testing.assert_frame_equal(part, whole[list(part.columns)])


def test_the_whole_smile_as_a_phase():
    row = table([drawn_clip()], phases=("smile", "sequence")).iloc[0]
    clip = drawn_clip()
    assert row["sequence_lip_duration"] == pytest.approx(clip.times[-1] - clip.times[0])
    assert 0 < row["smile_lip_duration"] < row["sequence_lip_duration"]


def test_smoothing_takes_speed_away():
    t = np.arange(0, 4.4, 1 / 50)
    noisy = smiling(t) + np.random.default_rng(0).normal(0, 0.1, (len(t), 478, 3))
    rough, plain, calm = (table([Clip(landmarks=noisy, times=t)], smooth=s).iloc[0]
                          for s in (0, 0.06, 0.2))
    name = "onset_lip_acceleration_max_increase"
    assert rough[name] > 2 * plain[name] > 2 * calm[name]


def test_pandas_output_survives_clone_and_pickle():
    for copy in (clone, lambda m: pickle.loads(pickle.dumps(m))):
        model = copy(DMarkers().set_output(transform="pandas"))
        got = model.fit_transform(pd.Series([drawn_clip()], index=["a"]))
        assert list(got.columns) == list(feature_names())
        assert list(got.index) == ["a"]


def test_an_iterator_is_used_up_once():
    clips = [drawn_clip(), drawn_clip()]
    got = DMarkers().fit_transform(iter(clips))
    np.testing.assert_array_equal(got, DMarkers().transform(clips))


def test_clips_do_not_depend_on_each_other_and_are_left_alone():
    clip, other = drawn_clip(), Clip(landmarks=smiling(np.arange(0, 4, 0.04)), fps=25)
    before = np.array(clip.landmarks)
    pair = DMarkers().transform([other, clip])
    np.testing.assert_array_equal(pair[1], DMarkers().transform([clip])[0])
    np.testing.assert_array_equal(clip.landmarks, before)


def test_in_somebody_elses_workflow():
    smiles = drawn(6, 2)
    clips = [Clip(landmarks=p, times=t)
             for p, t in zip(smiles.landmarks, smiles.times, strict=True)]
    model = make_pipeline(DMarkers(), StandardScaler(), LogisticRegression(max_iter=2000))
    assert model.fit(clips, smiles.target).score(clips, smiles.target) == 1.0
    model.set_params(dmarkers__signals=("lip",), dmarkers__alignment="published")
    assert model.fit(clips, smiles.target)[1].n_features_in_ == 75


@pytest.mark.parametrize(("params", "message"), [
    ({"alignment": "procrustes"}, "alignment must be one of rigid, published"),
    ({"smooth": -0.1}, "smooth must be a number of at least 0"),
    ({"smooth": None}, "smooth must be a number of at least 0"),
    ({"rest": -1}, "rest must be a number of at least 0"),
    ({"signals": ()}, "signals must be a tuple of some of lip, eyelid, cheek"),
    ({"signals": ("lips",)}, "signals must be a tuple of some of lip, eyelid, cheek"),
    ({"phases": "onset"}, "phases must be a tuple of some of onset"),
    ({"phases": ("onset", "middle")}, "phases must be a tuple of some of onset"),
])
def test_bad_parameters_are_named(params, message):
    with pytest.raises(ValueError, match=message):
        DMarkers(**params).fit([drawn_clip()])
