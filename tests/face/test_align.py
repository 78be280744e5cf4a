"""`FaceAligner`: steady chips of the right face, on drawn and on real recordings."""

from __future__ import annotations

import pickle
import sys

import cv2
import numpy as np
import pytest
from landmarker import NEEDS_MODEL, model
from sklearn.base import clone

from smilegenuine import Clip, ClipError, NoFaceError
from smilegenuine.clips.video import FrameSource
from smilegenuine.face import align, landmarker
from smilegenuine.face.align import FaceAligner
from smilegenuine.face.detect import FaceDetector
from smilegenuine.face.eye_centres import landmark_eye_path
from smilegenuine.face.eye_paths import eye_path, main_face
from smilegenuine.face.landmarks import FaceLandmarks


def found_eyes(frames: np.ndarray, times: np.ndarray, **params: float) -> np.ndarray:
    """(T, 2) complex: where the aligner puts the eyes in the frames, NaN where it has none."""
    aligner = FaceAligner(**params)
    clip = Clip(frames=frames, times=times)
    scene = aligner.looker(clip.fps)
    for frame in clip.frames:
        scene.look(frame)
    return eye_path(main_face(scene.tracks), times, smooth=aligner.smooth,
                    max_gap=aligner.max_gap)[0]


def chip_error(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """(T, 2) complex: the true eyes in a 96-pixel chip, from where they should be."""
    distance = (1 - 2 * 0.32) * 96
    with np.errstate(invalid="ignore"):  # frames without a face are NaN
        place = (true - found[:, :1]) / (found[:, 1:] - found[:, :1])
    return place * distance - [0, distance]


def assert_steady(error: np.ndarray, jitter: float = 0.6, offset: float = 2.0) -> None:
    assert np.isfinite(error).all()
    mean = error.mean(axis=0)
    assert abs(mean).max() < offset
    spread = (error - mean).ravel()
    assert np.sqrt(0.5 * (abs(spread) ** 2).mean()) < jitter


# -- steadiness ----------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["drawn", "other"])
def test_eyes_stand_still_through_smile_blinks_and_head_motion(who, request):
    clip = request.getfixturevalue(who)
    error = chip_error(found_eyes(clip.frames, clip.times), clip.eyes)
    assert_steady(error)
    # From frame to frame nearly nothing: this is what slopes of action units would pick up.
    assert np.sqrt(0.5 * (abs(np.diff(error, axis=0)) ** 2).mean()) < 0.12


@pytest.mark.parametrize("step", [2, 3])
def test_the_same_at_other_frame_rates(drawn, step):
    # 15 and 10 Hz: parameters are in seconds.
    frames, times, eyes = drawn.frames[::step], drawn.times[::step], drawn.eyes[::step]
    assert_steady(chip_error(found_eyes(frames, times), eyes))


@pytest.mark.parametrize("side", [80, 480])
def test_the_same_at_other_frame_sizes(drawn, side):
    k = side / 160
    frames = np.stack([cv2.resize(f, (side, side), interpolation=cv2.INTER_AREA if k < 1
                                  else cv2.INTER_CUBIC) for f in drawn.frames[:40]])
    half = 0.5 + 0.5j
    eyes = (drawn.eyes[:40] + half) * k - half
    assert_steady(chip_error(found_eyes(frames, drawn.times[:40]), eyes))


@pytest.mark.parametrize("roll", [-15, 15])
def test_a_tilted_head(drawn, roll):
    turn = cv2.getRotationMatrix2D((79.5, 79.5), -roll, 1.0)
    frames = np.stack([cv2.warpAffine(f, turn, (160, 160), borderMode=cv2.BORDER_REPLICATE)
                       for f in drawn.frames[:40]])
    middle = 79.5 + 79.5j
    eyes = (drawn.eyes[:40] - middle) * np.exp(1j * np.deg2rad(roll)) + middle
    assert_steady(chip_error(found_eyes(frames, drawn.times[:40]), eyes))


@pytest.mark.parametrize("light", ["dark", "flickering"])
def test_bad_light(drawn, light):
    gain = 0.2 if light == "dark" else 1 + 0.2 * np.sin(40 * drawn.times[:, None, None, None])
    frames = np.clip(drawn.frames * gain, 0, 255).astype(np.uint8)
    assert_steady(chip_error(found_eyes(frames, drawn.times), drawn.eyes))


def test_eyes_are_where_the_parameters_say(drawn):
    # The dark pupils of the chip's mean picture, not the aligner's own idea of the eyes.
    clip = FaceAligner(size=120, margin=0.3, eye_height=0.4).transform(
        [Clip(frames=drawn.frames[:8], fps=30)])[0]
    assert clip.faces.shape == (8, 120, 120, 3)
    darkness = 255.0 - cv2.GaussianBlur(clip.faces.mean(axis=(0, 3)), (0, 0), 2)
    for x in (36, 84):
        patch = darkness[38:60, x - 12:x + 13]
        row, column = np.unravel_index(patch.argmax(), patch.shape)
        assert abs(column - 12) <= 4
        assert abs(row + 38 - 48) <= 4


# -- which face, and when ------------------------------------------------------------------------


def test_a_face_that_leaves_and_returns(drawn):
    frames = drawn.frames.copy()
    frames[25:50] = drawn.empty
    clip = FaceAligner().transform([Clip(frames=frames, times=drawn.times)])[0]
    assert clip.valid[:25].all()
    assert not clip.valid[25:50].any()
    assert clip.valid[55:].all()
    assert not clip.faces[26:49].any()  # longer than max_gap: black
    assert clip.faces[clip.valid].reshape(clip.valid.sum(), -1).any(axis=1).all()
    found = found_eyes(frames, drawn.times)
    assert_steady(chip_error(found, drawn.eyes)[clip.valid])


def test_a_short_gap_is_interpolated_but_not_valid(drawn):
    frames = drawn.frames.copy()
    frames[30:36] = drawn.empty
    clip = FaceAligner().transform([Clip(frames=frames, times=drawn.times)])[0]
    assert not clip.valid[30:36].any()
    assert clip.faces[30:36].any(axis=(1, 2, 3)).all()
    assert clip.valid[40:].all()


def test_frames_before_the_face_comes(drawn):
    frames = np.concatenate([np.repeat(drawn.empty[None], 20, axis=0), drawn.frames[:40]])
    clip = FaceAligner().transform([Clip(frames=frames, fps=30)])[0]
    assert not clip.valid[:20].any()
    assert clip.valid[26:].all()


def test_the_largest_face_over_time_is_taken(drawn, other):
    frames = np.full((60, 200, 340, 3), 90, np.uint8)
    for i in range(60):
        frames[i, 40:, :160] = drawn.frames[i]
        frames[i, :180, 160:] = cv2.resize(other.frames[i], (180, 180))
    times, half = drawn.times[:60], 0.5 + 0.5j
    right = (other.eyes[:60] + half) * 180 / 160 - half + 160
    assert_steady(chip_error(found_eyes(frames, times), right))
    frames[25:, :, 160:] = 90  # now the smaller one is there for longer
    left = drawn.eyes[:60] + 40j
    assert_steady(chip_error(found_eyes(frames, times), left))


def test_no_face():
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (20, 120, 160, 3)).astype(np.uint8)
    with pytest.raises(NoFaceError, match=r"noise: no face in any of its 20 frames.*min_face"):
        FaceAligner().transform([Clip(frames=noise, fps=30, name="noise")])


def test_a_blob_seen_once_is_no_face(drawn):
    frames = np.repeat(drawn.empty[None], 30, axis=0)
    frames[10] = drawn.frames[10]
    with pytest.raises(NoFaceError):
        FaceAligner().transform([Clip(frames=frames, fps=30)])


def test_three_frames_are_enough_and_two_are_not(drawn):
    clip = FaceAligner().transform([Clip(frames=drawn.frames[:3], fps=30)])[0]
    assert clip.valid.all()
    with pytest.raises(ClipError, match="too short: 2 frames"):
        FaceAligner().transform([Clip(frames=drawn.frames[:2], fps=30)])


# -- the clip ------------------------------------------------------------------------------------


def test_what_the_clip_has_is_kept(drawn):
    known = np.ones(20, bool)
    known[4] = False
    times = np.cumsum(np.full(20, 1 / 30)) + np.linspace(0, 0.01, 20)
    before = Clip(frames=drawn.frames[:20], times=times, subject="s", name="n", valid=known)
    after = FaceAligner().transform([before])[0]
    assert before.faces is None
    assert (after.subject, after.name, after.frames) == ("s", "n", before.frames)
    np.testing.assert_array_equal(after.times, times)
    assert not after.valid[4]
    assert after.valid.sum() == 19
    assert after.faces.dtype == np.uint8


def test_a_clip_with_faces_passes_untouched():
    clip = Clip(faces=np.zeros((5, 40, 40, 3), np.uint8), fps=30)
    assert FaceAligner().transform([clip])[0] is clip


def test_a_clip_without_pictures():
    clip = Clip(smile=np.zeros(9), fps=30, name="table.csv")
    with pytest.raises(ClipError, match=r"table.csv: FaceAligner needs `frames`; give a video"):
        FaceAligner().transform([clip])


def test_known_action_units_need_no_pictures():
    clip = Clip(aus=np.zeros((9, 17)), fps=30)
    assert FaceAligner().transform([clip])[0] is clip


def test_times_of_other_frames(drawn):
    class Unmeasured(FrameSource):
        def __iter__(self):
            return iter(drawn.frames[:10])

    clip = Clip(frames=Unmeasured(), times=np.arange(11) / 30)
    with pytest.raises(ClipError, match="10 frames but 11 times"):
        FaceAligner().transform([clip])


def test_no_timing_is_assumed_with_one_warning(drawn):
    with pytest.warns(UserWarning, match="50 frames a second") as record:
        clip = FaceAligner().transform([Clip(frames=drawn.frames[:5])])[0]
    assert len(record) == 1
    np.testing.assert_allclose(clip.times, np.arange(5) / 50)


def test_grey_frames(drawn):
    grey = drawn.frames[:10].mean(axis=3).astype(np.uint8)
    clip = FaceAligner().transform([Clip(frames=grey, fps=30)])[0]
    assert clip.valid.all()
    assert (clip.faces[..., 0] == clip.faces[..., 2]).all()


class Forgetful(FrameSource):
    """A source that gives fewer frames each time."""

    def __init__(self, frames: np.ndarray) -> None:
        self.frames = list(frames)

    def __iter__(self):
        yield from self.frames
        self.frames.pop()


def test_decoding_twice_gives_the_same_chips(drawn, monkeypatch):
    clip = Clip(frames=drawn.frames[:30], fps=30)
    once = FaceAligner().transform([clip])[0]
    monkeypatch.setattr(align, "_KEEP_FRAMES", 10 * drawn.frames[0].nbytes)
    twice = FaceAligner().transform([clip])[0]
    np.testing.assert_array_equal(once.faces, twice.faces)
    np.testing.assert_array_equal(once.valid, twice.valid)
    with pytest.raises(ClipError, match="gave 30 frames when read first and 29 when read again"):
        FaceAligner().transform([Clip(frames=Forgetful(drawn.frames[:30]), fps=30)])


def test_looking_frame_by_frame_and_assembling(drawn):
    clip, aligner = Clip(frames=drawn.frames[:30], fps=30), FaceAligner(size=32)
    whole = aligner.transform([clip])[0]
    scene = aligner.looker(30.0)
    for frame in drawn.frames[:30]:
        scene.look(frame)
    for frames in (None, drawn.frames[:30]):
        chips = aligner.assemble(clip, scene, frames)
        np.testing.assert_array_equal(chips.faces, whole.faces)
        np.testing.assert_array_equal(chips.valid, whole.valid)


def test_what_was_seen_long_ago_can_be_forgotten(drawn):
    """And what is seen afterwards is nearly the same: detections come at other frames."""
    scene, remembered = (FaceAligner().looker(30.0) for _ in range(2))
    for i, frame in enumerate(drawn.frames[:60]):
        scene.look(frame)
        remembered.look(frame)
        scene.forget_before(i - 10)
    track, whole = main_face(scene.tracks)[0], main_face(remembered.tracks)[0]
    assert track.index == whole.index[-11:] == list(range(49, 60))
    assert len(track.poses) == 11
    np.testing.assert_allclose([pose.p for pose in track.poses],
                               [pose.p for pose in whole.poses[-11:]], atol=1.0)
    assert 8 <= len(track.eyes) == len(track.eyes_index) < len(whole.eyes)
    for frame in [drawn.empty] * 25:
        scene.look(frame)
    scene.forget_before(80)
    assert scene.tracks == []
    assert scene.n_frames == 85


def test_seconds_become_frames_at_the_rate_of_the_film(drawn, monkeypatch):
    searched = []
    monkeypatch.setattr(FaceDetector, "search", lambda self, frame: searched.append(1) or [])
    for rate, most in ((60.0, 5), (10.0, 20), (0.0, 40)):  # nobody is there: every detect_every
        searched.clear()
        scene = FaceAligner(detect_every=0.3).looker(rate)
        for _ in range(40):
            scene.look(drawn.empty)
        assert len(searched) <= most
    assert len(searched) == 40


# -- the estimator -------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "value", "message"), [
    ("size", 96.0, "size must be a whole number"), ("margin", 0.5, "margin must be below 0.5"),
    ("eye_height", 1.2, "eye_height must be below 1"), ("smooth", -1, "smooth must be a number"),
    ("detect_every", None, "detect_every must be"), ("min_face", 0.001, "min_face must lie"),
    ("detector", "dlib", "detector must be 'cascade' or 'mediapipe'"),
])
def test_wrong_parameters(name, value, message, drawn):
    with pytest.raises(ValueError, match=message):
        FaceAligner(**{name: value}).fit([Clip(frames=drawn.frames, fps=30)])


def test_clone_and_pickle(drawn):
    aligner = FaceAligner(size=32, smooth=0.1)
    assert clone(aligner).get_params() == aligner.get_params()
    clip = Clip(frames=drawn.frames[:5], fps=30)
    a, b = (x.transform([clip])[0].faces for x in (aligner, pickle.loads(pickle.dumps(aligner))))
    np.testing.assert_array_equal(a, b)


def test_opencv_without_cascades(drawn, monkeypatch, tmp_path):
    monkeypatch.setattr(cv2.data, "haarcascades", str(tmp_path))
    with pytest.raises(RuntimeError, match=r"opencv-python>=4.10,<5.*have `faces` already"):
        FaceAligner().transform([Clip(frames=drawn.frames[:5], fps=30)])
    clip = Clip(faces=np.zeros((5, 40, 40, 3), np.uint8), fps=30)
    assert FaceAligner().transform([clip])[0] is clip


# -- eyes by landmarks ---------------------------------------------------------------------------

needs_model = [pytest.param(None, marks=NEEDS_MODEL, id="mediapipe")]
with_model = pytest.mark.parametrize("mark", needs_model)


@pytest.fixture
def bundle_in_place(monkeypatch):
    """The bundle where `FaceAligner`, which has no parameter for it, finds it."""
    monkeypatch.setenv("SMILEGENUINE_DATA", str(model().parent))


def placed(eyes, n_points=478):
    """(T, 478, 3) landmarks whose eyes' corners lie about given eyes, (T, 2) complex."""
    landmarks = np.zeros((len(eyes), n_points, 3))
    half = 0.2 * (eyes[:, 1] - eyes[:, 0])
    for side, corners in enumerate([(33, 133), (362, 263)]):
        for sign, pair in zip((-1, 1), corners, strict=True):
            near = {33: 130, 133: 243, 362: 463, 263: 359}[pair]
            for point in (pair, near):
                place = eyes[:, side] + sign * half
                landmarks[:, point, 0], landmarks[:, point, 1] = place.real, place.imag
    return landmarks


def test_known_landmarks_need_no_mediapipe(drawn, monkeypatch):
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    landmarks = placed(drawn.eyes[:10])
    before = Clip(frames=drawn.frames[:10], times=drawn.times[:10], landmarks=landmarks)
    after = FaceAligner(detector="mediapipe").transform([before])[0]
    np.testing.assert_array_equal(after.landmarks, landmarks)
    assert after.valid.all()
    # Eyes at the cascades' places, a little outwards and up: see `eye_centres`.
    found, _ = landmark_eye_path(landmarks, drawn.times[:10], smooth=0, max_gap=0.5)
    off = (found - drawn.eyes[:10]) / (drawn.eyes[:10, 1:] - drawn.eyes[:10, :1])
    np.testing.assert_allclose(off, np.tile([-0.02 - 0.012j, 0.02 - 0.012j], (10, 1)), atol=1e-9)


def test_gaps_in_landmarks_are_as_gaps_of_the_cascades(drawn):
    landmarks = placed(drawn.eyes)
    landmarks[[20, 21, *range(40, 65)]] = np.nan
    clip = FaceAligner(detector="mediapipe", max_gap=0.2).transform(
        [Clip(frames=drawn.frames, times=drawn.times, landmarks=landmarks)])[0]
    np.testing.assert_array_equal(clip.valid, np.isfinite(landmarks[:, 33, 0]))
    assert clip.faces[20:22].any(axis=(1, 2, 3)).all()  # short: cut at the interpolated place
    assert not clip.faces[40:65].any()


def test_eyes_stay_where_they_are_when_only_lids_and_irises_move(drawn):
    landmarks = placed(drawn.eyes[:5])
    moved = landmarks.copy()
    moved[:, [159, 145, 386, 374, 468, 473, 158, 385]] += 5.0
    one, other = (landmark_eye_path(points, drawn.times[:5], smooth=0.05, max_gap=0.5)[0]
                  for points in (landmarks, moved))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("landmarks", "error", "message"), [
    (np.full((5, 478, 3), np.nan), NoFaceError, "no face in any of its 5 frames: its landmarks"),
    (np.ones((2, 478, 3)), ClipError, "too short: 2 frames"),
])
def test_landmarks_that_give_no_chips(drawn, landmarks, error, message):
    clip = Clip(frames=drawn.frames[:len(landmarks)], fps=30, landmarks=landmarks)
    with pytest.raises(error, match=message):
        FaceAligner(detector="mediapipe").transform([clip])


@with_model
@pytest.mark.parametrize("who", ["drawn", "other"])
def test_eyes_by_landmarks_stand_still_too(who, mark, request):
    clip = request.getfixturevalue(who)
    found = FaceLandmarks(model=model()).transform([Clip(frames=clip.frames, times=clip.times)])[0]
    eyes, tracked = landmark_eye_path(found.landmarks, clip.times, smooth=0.05, max_gap=0.5)
    assert tracked.all()
    error = chip_error(eyes, clip.eyes)
    assert_steady(error)
    assert np.sqrt(0.5 * (abs(np.diff(error, axis=0)) ** 2).mean()) < 0.2


@with_model
def test_chips_by_landmarks_are_as_those_of_the_cascades(drawn, bundle_in_place, mark):
    clip = Clip(frames=drawn.frames[:30], times=drawn.times[:30])
    cascade, mediapipe = (FaceAligner(detector=d).transform([clip])[0]
                          for d in ("cascade", "mediapipe"))
    assert mediapipe.faces.shape == cascade.faces.shape
    assert mediapipe.valid.all()
    assert (cascade.landmarks, clip.landmarks) == (None, None)
    assert mediapipe.landmarks.shape == (30, 478, 3)
    assert mediapipe.blendshapes.shape == (30, 52)
    assert mediapipe.head_pose.shape == (30, 4, 4)
    grey = [c.faces.mean(axis=3).astype(np.float32) for c in (cascade, mediapipe)]
    shifts = [cv2.phaseCorrelate(a, b)[0] for a, b in zip(*grey, strict=True)]
    assert np.abs(np.mean(shifts, axis=0)).max() < 1.0  # pixels


@with_model
def test_landmarks_work_where_opencv_has_no_cascades(drawn, bundle_in_place, monkeypatch, tmp_path,
                                                     mark):
    monkeypatch.setattr(cv2.data, "haarcascades", str(tmp_path))
    upright = drawn.frames[:5]
    lying = np.rot90(upright, axes=(1, 2))
    clip, other = FaceAligner(detector="mediapipe").transform(
        [Clip(frames=frames, fps=30) for frames in (lying, upright)])
    assert clip.valid.all()
    difference = clip.faces.astype(float) - other.faces
    assert abs(difference).mean() < 12


@with_model
def test_the_detectors_do_not_share_a_cache(drawn, bundle_in_place, monkeypatch, tmp_path, mark):
    clip = Clip(frames=drawn.frames[:6], fps=30)
    chips = {d: [FaceAligner(detector=d, memory=m).transform([clip])[0] for m in
                 (None, str(tmp_path), str(tmp_path))] for d in ("cascade", "mediapipe")}
    for clips in chips.values():
        for other in clips[1:]:
            np.testing.assert_array_equal(clips[0].faces, other.faces)
    one, two = chips["cascade"][0], chips["mediapipe"][0]
    assert not np.array_equal(one.faces, two.faces)
    assert two.landmarks is not None
    np.testing.assert_array_equal(chips["mediapipe"][2].landmarks, two.landmarks)
    # What a clip knows stays in it when the chips come from the cache, where the cascades' are
    # whatever landmarks it knows.
    known = clip.replace(landmarks=placed(drawn.eyes[:6]))
    monkeypatch.setattr(FaceAligner, "looker", None)
    for _ in range(2):
        for d in ("cascade", "mediapipe"):
            after = FaceAligner(detector=d, memory=str(tmp_path)).transform([known])[0]
            np.testing.assert_array_equal(after.landmarks, known.landmarks)
    # And from there nothing has to be looked for again.
    monkeypatch.setattr(landmarker, "open_landmarker", None)
    FaceAligner(detector="mediapipe", memory=str(tmp_path)).transform([clip])


# -- real recordings -----------------------------------------------------------------------------


def test_real_smile(real):
    clip = FaceAligner().transform([str(real / "single_face.mp4")])[0]
    assert clip.faces.shape == (72, 96, 96, 3)
    assert clip.valid.all()
    np.testing.assert_allclose(np.diff(clip.times), 1 / 30, atol=1e-3)
    # The brows and the nose between them stand still while he smiles and blinks (measured
    # independently, by phase correlation with the mean picture).
    faces = clip.faces[:, 10:50, 20:76].mean(axis=3).astype(np.float32)
    window = cv2.createHanningWindow(faces.shape[:0:-1], cv2.CV_32F)
    shifts = np.array([cv2.phaseCorrelate(faces.mean(axis=0), f, window)[0] for f in faces])
    assert shifts.std(axis=0).max() < 0.5


def test_real_face_behind_a_hand(real):
    clip = FaceAligner().transform([str(real / "WolfgangLanger_Pexels.mp4")])[0]
    assert clip.valid.mean() > 0.97


def test_real_face_then_none(real):
    clip = FaceAligner().transform([str(real / "face_noface.mov")])[0]
    edges = np.flatnonzero(np.diff(clip.valid.astype(int)))
    assert list(edges) == [71]
    assert not clip.faces[72:].any()


def test_real_without_face(real):
    with pytest.raises(NoFaceError, match=r"no_face\.mp4: no face in any"):
        FaceAligner().transform([str(real / "no_face.mp4")])


@pytest.mark.filterwarnings("ignore:1 of 1 clips carry no timing")
def test_a_picture_is_too_short(real):
    with pytest.raises(ClipError, match=r"multi_face\.jpg: is too short: 1 frame,"):
        FaceAligner().transform([str(real / "multi_face.jpg")])
