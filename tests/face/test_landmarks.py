"""`FaceLandmarks`: the right places of the right face, on drawn and on real recordings."""

from __future__ import annotations

import gc
import itertools
import pickle
import sys
import threading
import weakref

import cv2
import numpy as np
import pytest
from landmarker import NEEDS_MODEL, model
from sklearn.base import clone

from smilegenuine import Clip, ClipError, NoFaceError
from smilegenuine.clips.video import FrameSource
from smilegenuine.datasets import make_smiles
from smilegenuine.face import landmarker, landmarks
from smilegenuine.face.blendshapes import BLENDSHAPE_NAMES
from smilegenuine.face.landmarks import FaceLandmarks

needs_model = [pytest.param(None, marks=NEEDS_MODEL, id="mediapipe")]
with_model = pytest.mark.parametrize("mark", needs_model)

LIP_CORNERS, EYE_CORNERS = [61, 291], [33, 263]


def find(frames, **params):
    """The clip with landmarks of frames at 30 Hz, or of a clip."""
    clip = frames if isinstance(frames, Clip) else Clip(frames=frames, fps=30)
    return FaceLandmarks(**{"model": model(), **params}).transform([clip])[0]


def mouth_width(points):
    """(T,) distance of the lip corners over that of the eyes' outer corners."""
    lips, eyes = (np.linalg.norm(points[:, a, :2] - points[:, b, :2], axis=1)
                  for a, b in (LIP_CORNERS, EYE_CORNERS))
    return lips / eyes


def eye_error(clip, eyes):
    """(T, 2) how far the middles of the eyes' corners lie from the true eyes, in eye distances."""
    points = clip.landmarks[:, :, 0] + 1j * clip.landmarks[:, :, 1]
    found = np.column_stack([points[:, [33, 133]].mean(axis=1), points[:, [362, 263]].mean(axis=1)])
    return abs(found - eyes) / abs(eyes[:, 1] - eyes[:, 0])[:, None]


@pytest.fixture(scope="module")
def smiles():
    """Two people's smiles: clips in memory, and the true landmarks."""
    drawn = make_smiles(2, 1, fps=25, size=160, random_state=4)
    drawn.data = [clip.replace(frames=np.stack(list(itertools.islice(clip.frames, 52))),
                               times=times[:52])
                  for clip, times in zip(drawn.data, drawn.times, strict=True)]
    return drawn


@pytest.fixture
def opened(monkeypatch):
    """The landmarkers that were made, each with whether it is open still."""
    made, original = [], landmarker.open_landmarker

    def open_landmarker(*args, **kwargs):
        one = original(*args, **kwargs)
        made.append(one)
        return one

    monkeypatch.setattr(landmarker, "open_landmarker", open_landmarker)
    return made


def all_closed(made):
    return bool(made) and not any(one._handle for one in made)


# -- what is measured ----------------------------------------------------------------------------


@with_model
def test_landmarks_lie_where_they_were_drawn(smiles, mark):
    points = [33, 133, 362, 263, 61, 291]
    for i, clip in enumerate(smiles.data):
        found = find(clip)
        true = smiles.landmarks[i][:52]
        eyes = np.linalg.norm(true[:, 33] - true[:, 263], axis=1)
        error = np.linalg.norm(found.landmarks[:, points, :2] - true[:, points, :2], axis=2)
        assert (error / eyes[:, None]).mean() < 0.05
        assert found.valid.all()
        # Depth in pixels too: the nose before the eyes, by a good part of their distance.
        depth = found.landmarks[:, 33, 2] - found.landmarks[:, 4, 2]
        assert 0.2 < (depth / eyes).mean() < 1.0


@with_model
def test_the_lips_are_followed_without_delay(smiles, mark):
    # MediaPipe's own smoothing would delay them by most of a frame.
    for i, clip in enumerate(smiles.data):
        true = mouth_width(smiles.landmarks[i][:52])
        found = mouth_width(find(clip).landmarks)
        delays = np.arange(-40, 41, 4) / 1000  # seconds
        times = clip.times[4:-4]
        fit = [np.corrcoef(np.interp(times + d, clip.times, found), true[4:-4])[0, 1]
               for d in delays]
        assert max(fit) > 0.9
        assert delays[int(np.argmax(fit))] <= 0.012


@with_model
def test_nothing_is_left_of_the_frame_before(drawn, mark):
    # Unsmoothed, a sudden change is seen at once, and times do not matter.
    frames = drawn.frames[[0] * 6 + [36] * 6]
    found = find(frames, smooth=0)
    width = mouth_width(found.landmarks)
    step = width[-1] - width[0]
    assert step > 0.05
    assert abs(width[7] - width[-1]) < 0.1 * step
    slower = find(Clip(frames=frames, fps=5), smooth=0)
    np.testing.assert_array_equal(found.landmarks, slower.landmarks)
    np.testing.assert_array_equal(found.blendshapes, slower.blendshapes)


@with_model
def test_smoothing_takes_the_jitter_and_leaves_the_smile(drawn, mark):
    rough, smooth = (find(drawn.frames[:50], smooth=s) for s in (0, 0.05))
    a, b = mouth_width(rough.landmarks), mouth_width(smooth.landmarks)
    assert np.diff(b, 2).std() < 0.6 * np.diff(a, 2).std()
    assert np.ptp(b) > 0.85 * np.ptp(a)
    np.testing.assert_array_equal(rough.blendshapes, smooth.blendshapes)
    np.testing.assert_array_equal(rough.head_pose, smooth.head_pose)


@with_model
def test_smoothing_in_parts_is_the_same(drawn, monkeypatch, mark):
    clip = Clip(frames=drawn.frames[:12], fps=30)
    whole = find(clip)
    monkeypatch.setattr(landmarks, "_BLOCK", 5000)
    np.testing.assert_allclose(find(clip).landmarks, whole.landmarks, atol=1e-9)


@with_model
def test_blendshapes_and_pose(drawn, mark):
    clip = find(drawn.frames[:50])
    assert clip.blendshapes.shape == (50, 52)
    assert clip.head_pose.shape == (50, 4, 4)
    assert clip.blendshapes.min() >= 0
    assert clip.blendshapes.max() <= 1
    shapes = dict(zip(BLENDSHAPE_NAMES, clip.blendshapes.T, strict=True))
    for side in ("Left", "Right"):  # smiles from the 15th frame on, blinks about the 9th and 42nd
        assert shapes[f"mouthSmile{side}"][40] > shapes[f"mouthSmile{side}"][0] + 0.3
        assert shapes[f"eyeBlink{side}"][9] > shapes[f"eyeBlink{side}"][20] + 0.2
    turn = clip.head_pose[:, :3, :3]
    unity = np.broadcast_to(np.eye(3), turn.shape)
    np.testing.assert_allclose(turn @ turn.transpose(0, 2, 1), unity, atol=1e-3)
    np.testing.assert_array_equal(clip.head_pose[:, 3], np.tile([0, 0, 0, 1], (50, 1)))
    assert (clip.head_pose[:, 2, 3] < -10).all()  # cm before the camera


@with_model
def test_names_are_mediapipes(drawn, mark):
    from mediapipe import Image, ImageFormat

    with landmarker.open_landmarker(model(), 1, landmarker.Confidences()) as finder:
        found = finder.detect_for_video(Image(image_format=ImageFormat.SRGB, data=drawn.frames[0]),
                                        0)
    assert tuple(shape.category_name for shape in found.face_blendshapes[0]) == BLENDSHAPE_NAMES
    assert len(set(BLENDSHAPE_NAMES)) == 52


@with_model
def test_places_are_in_pixels_of_any_frame(drawn, mark):
    # Odd sizes, a border on one side, twice as large: the same places in the face.
    base = find(drawn.frames[:3]).landmarks
    unit = np.linalg.norm(base[0, 33] - base[0, 263])
    moved = np.pad(drawn.frames[:3], ((0, 0), (7, 0), (0, 31), (0, 0)), mode="edge")
    found = find(moved).landmarks - [0, 7, 0]
    assert np.linalg.norm((found - base)[..., :2], axis=2).mean() < 0.03 * unit
    twice = np.stack([cv2.resize(f, (320, 320), interpolation=cv2.INTER_CUBIC)
                      for f in drawn.frames[:3]])
    found = (find(twice).landmarks[..., :2] + 0.5) / 2 - 0.5
    assert np.linalg.norm(found - base[..., :2], axis=2).mean() < 0.03 * unit
    mirrored = find(drawn.frames[:3, :, ::-1]).landmarks  # not contiguous
    lips = 159 - mirrored[:, [291, 61], 0]
    assert abs(lips - base[:, LIP_CORNERS, 0]).max() < 0.08 * unit


@with_model
def test_grey_frames(drawn, mark):
    grey = drawn.frames[:4].mean(axis=3).astype(np.uint8)
    assert eye_error(find(grey), drawn.eyes[:4]).max() < 0.1


# -- which face, and when ------------------------------------------------------------------------


@with_model
def test_a_face_that_leaves_and_returns(drawn, mark):
    frames = drawn.frames.copy()
    frames[20:45] = drawn.empty
    clip = find(Clip(frames=frames, times=drawn.times))
    away = np.zeros(78, bool)
    away[20:45] = True
    np.testing.assert_array_equal(clip.valid, ~away)
    for field in ("landmarks", "blendshapes", "head_pose"):
        values = getattr(clip, field)
        assert np.isnan(values[away]).all()
        assert np.isfinite(values[~away]).all()
    assert eye_error(clip, drawn.eyes)[~away].max() < 0.1
    # The gap is not smoothed across: each side is as it is alone.
    alone = find(Clip(frames=drawn.frames[:20], times=drawn.times[:20]))
    np.testing.assert_allclose(clip.landmarks[:20], alone.landmarks, atol=1e-9)


def two_people(drawn, other, n):
    """A wide picture of both, the other one larger: frames, and the larger one's true eyes."""
    frames = np.full((n, 200, 340, 3), 90, np.uint8)
    for i in range(n):
        frames[i, 40:, :160] = drawn.frames[i]
        frames[i, :180, 160:] = cv2.resize(other.frames[i], (180, 180))
    half = 0.5 + 0.5j
    return frames, (other.eyes[:n] + half) * 180 / 160 - half + 160


@with_model
def test_the_largest_face_over_time_is_taken(drawn, other, mark):
    frames, right = two_people(drawn, other, 24)
    assert eye_error(find(frames), right).max() < 0.1
    frames[8:, :, 160:] = 90  # now the smaller one is there for longer
    clip = find(frames)
    assert clip.valid.all()
    assert eye_error(clip, drawn.eyes[:24] + 40j).max() < 0.1


@with_model
def test_a_second_face_that_comes_later_is_noticed(drawn, other, opened, mark):
    frames, right = two_people(drawn, other, 24)
    frames[:2, :, 160:] = 90
    clip = find(Clip(frames=frames, fps=10))
    assert len(opened) == 3  # one is followed and they are counted; then all are followed
    assert all_closed(opened)
    assert list(clip.valid) == [False] * 2 + [True] * 22
    assert eye_error(clip, right)[2:].max() < 0.1


@with_model
def test_looking_frame_by_frame_and_assembling(drawn, opened, mark):
    step = FaceLandmarks(model=model())
    clip = Clip(frames=drawn.frames[:12], times=drawn.times[:12])
    whole = step.transform([clip])[0]
    with step.looker() as looker:
        seen = [looker.look(frame, at) for frame, at in
                zip(drawn.frames[:12], drawn.times[:12], strict=True)]
    assert all_closed(opened)
    one_by_one = step.assemble(clip, seen)
    for field in step.adds:
        np.testing.assert_array_equal(getattr(one_by_one, field), getattr(whole, field))


@with_model
def test_where_frames_come_once_all_are_followed_from_then_on(drawn, other, opened, mark):
    frames, _ = two_people(drawn, other, 24)
    frames[:2, :, 160:] = 90
    step = FaceLandmarks(model=model())
    with step.looker() as looker:
        seen = [looker.look(frame, i / 10) for i, frame in enumerate(frames)]
    assert len(opened) == 3
    assert all_closed(opened)
    assert [len(faces) for faces in seen] == [1] * 10 + [2] * 14  # noticed after a second
    clip = step.assemble(Clip(frames=frames, fps=10), seen)
    assert clip.valid.all()  # whoever was seen for longer
    assert eye_error(clip, drawn.eyes[:24] + 40j).max() < 0.1


@with_model
def test_with_one_face_at_most_nobody_counts(drawn, opened, mark):
    assert find(drawn.frames[:3], max_faces=1).valid.all()
    assert len(opened) == 1


@with_model
def test_no_face(mark):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (5, 120, 160, 3)).astype(np.uint8)
    with pytest.raises(NoFaceError, match=r"noise: no face in any of its 5 frames.*min_detection"):
        find(Clip(frames=noise, fps=30, name="noise"))


@with_model
@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (1, 200)])
def test_tiny_pictures_have_no_face(shape, mark):
    with pytest.raises(NoFaceError):
        find(np.zeros((2, *shape, 3), np.uint8))


@with_model
def test_one_frame(drawn, mark):
    clip = find(drawn.frames[:1])
    assert clip.landmarks.shape == (1, 478, 3)
    assert eye_error(clip, drawn.eyes[:1]).max() < 0.1
    np.testing.assert_array_equal(clip.times, [0.0])


# -- the clip ------------------------------------------------------------------------------------


@with_model
def test_what_the_clip_has_is_kept(drawn, mark):
    known = np.ones(8, bool)
    known[4] = False
    times = np.cumsum(np.full(8, 1 / 30)) + np.linspace(0, 0.01, 8)
    before = Clip(frames=drawn.frames[:8], times=times, subject="s", name="n", valid=known)
    after = find(before)
    assert before.landmarks is None
    assert (after.subject, after.name, after.frames) == ("s", "n", before.frames)
    np.testing.assert_array_equal(after.times, times)
    np.testing.assert_array_equal(after.valid, known)
    assert np.isfinite(after.landmarks[4]).all()


def test_a_clip_with_landmarks_passes_untouched():
    clip = Clip(landmarks=np.zeros((5, 478, 3)), fps=30)
    assert FaceLandmarks().transform([clip])[0] is clip


def test_known_action_units_need_no_pictures():
    clip = Clip(aus=np.zeros((9, 17)), fps=30)
    assert FaceLandmarks().transform([clip])[0] is clip


def test_a_clip_without_pictures():
    clip = Clip(smile=np.zeros(9), fps=30, name="table.csv")
    with pytest.raises(ClipError, match=r"table.csv: FaceLandmarks needs `frames`; give a video"):
        FaceLandmarks().transform([clip])


class Frames(FrameSource):
    """Frames that are made when they are read, which breaks off where it is told to."""

    def __init__(self, frames, stop=None):
        self.frames, self.stop = frames, stop
        self.alive = weakref.WeakSet()
        self.most_alive = 0

    def __iter__(self):
        for i, frame in enumerate(self.frames):
            if i == self.stop:
                raise OSError("the disk is gone")
            copy = np.asarray(frame).copy().view(Counted)
            self.alive.add(copy)
            self.most_alive = max(self.most_alive, len(self.alive))
            yield copy


class Counted(np.ndarray):
    """An array that a weak set takes."""

    def __hash__(self):
        return id(self)


@with_model
def test_times_of_other_frames(drawn, mark):
    clip = Clip(frames=Frames(drawn.frames[:5]), times=np.arange(6) / 30)
    with pytest.raises(ClipError, match="5 frames but 6 times"):
        find(clip)


@with_model
def test_frames_are_not_gathered(drawn, mark):
    source = Frames(drawn.frames[:30])
    find(Clip(frames=source, fps=30))
    assert 0 < source.most_alive <= 4


# -- the landmarker ------------------------------------------------------------------------------


@with_model
def test_it_is_closed_when_reading_breaks_off(drawn, opened, mark):
    before = threading.active_count()
    with pytest.raises(OSError, match="the disk is gone"):
        find(Clip(frames=Frames(drawn.frames[:9], stop=5), fps=30))
    assert all_closed(opened)
    gc.collect()
    assert threading.active_count() == before


@with_model
def test_it_is_closed_when_looking_breaks_off(drawn, opened, monkeypatch, mark):
    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(landmarker, "faces_seen", fail)
    with pytest.raises(KeyboardInterrupt):
        find(drawn.frames[:9])
    assert all_closed(opened)


@with_model
def test_it_is_made_once_for_a_clip_and_not_kept(drawn, opened, mark):
    finder = FaceLandmarks(max_faces=1, model=model())
    finder.transform([Clip(frames=drawn.frames[:2], fps=30)] * 2)
    assert len(opened) == 2
    assert all_closed(opened)
    assert set(vars(finder)) == set(finder.get_params())


@with_model
def test_nothing_on_stderr(drawn, capfd, mark):
    find(drawn.frames[:2])
    assert capfd.readouterr().err == ""


def test_without_mediapipe_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    clip = Clip(frames=np.zeros((3, 20, 20, 3), np.uint8), fps=30)
    with pytest.raises(ImportError) as caught:
        FaceLandmarks().transform([clip])
    assert str(caught.value) == (
        'FaceLandmarks needs MediaPipe: pip install "smilegenuine[mediapipe]"')


@with_model
def test_a_file_that_is_no_bundle(tmp_path, mark):
    path = tmp_path / "other.task"
    path.write_bytes(b"no bundle")
    with pytest.raises(RuntimeError, match=r"other\.task cannot be used as a Face Landmarker"):
        find(np.zeros((1, 20, 20, 3), np.uint8), model=path)


# -- the estimator -------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "value", "message"), [
    ("max_faces", 0, "max_faces must be a whole number"), ("smooth", -1, "smooth must be a number"),
    ("min_detection_confidence", 1.1, "min_detection_confidence must lie within 0 and 1"),
    ("min_presence_confidence", "a", "min_presence_confidence must be a number"),
    ("min_tracking_confidence", None, "min_tracking_confidence must be a number"),
    ("model", "nowhere.task", "there is no file 'nowhere.task'"), ("model", 3, "model must be"),
])
def test_wrong_parameters(name, value, message):
    with pytest.raises(ValueError, match=message):
        FaceLandmarks(**{name: value}).fit([Clip(aus=np.zeros((9, 17)), fps=30)])


@with_model
def test_the_same_each_time_in_a_copy_and_in_other_processes(drawn, other, mark):
    finder = FaceLandmarks(model=model())
    clips = [Clip(frames=d.frames[:5], fps=30) for d in (drawn, other)]
    serial = finder.transform(clips)
    copies = [clone(finder), pickle.loads(pickle.dumps(finder)), clone(finder).set_params(n_jobs=2)]
    for copy in copies:
        for a, b in zip(serial, copy.transform(clips), strict=True):
            for field in ("landmarks", "blendshapes", "head_pose", "valid", "times"):
                np.testing.assert_array_equal(getattr(a, field), getattr(b, field))


@with_model
def test_measured_once_with_memory(drawn, opened, tmp_path, mark):
    clip = Clip(frames=drawn.frames[:3], fps=30)
    first = find(clip, memory=str(tmp_path))
    made = len(opened)
    second = find(clip, memory=str(tmp_path))
    assert len(opened) == made > 0
    for field in ("landmarks", "blendshapes", "head_pose"):
        np.testing.assert_array_equal(getattr(first, field), getattr(second, field))
    find(clip, memory=str(tmp_path), smooth=0)
    assert len(opened) > made


# -- real recordings -----------------------------------------------------------------------------


@with_model
def test_real_smile(real, mark):
    clip = find(Clip(frames=str(real / "single_face.mp4")))
    assert clip.landmarks.shape == (72, 478, 3)
    assert clip.valid.mean() > 0.98
    np.testing.assert_allclose(np.diff(clip.times), 1 / 30, atol=1e-3)
    width = mouth_width(clip.landmarks)
    smile = clip.blendshapes[:, BLENDSHAPE_NAMES.index("mouthSmileLeft")]
    assert np.ptp(width) > 0.08  # the lip corners move apart
    assert np.corrcoef(width, smile)[0, 1] > 0.8


@with_model
def test_real_face_behind_a_hand(real, mark):
    frames = []
    for i, frame in enumerate(Clip(frames=str(real / "WolfgangLanger_Pexels.mp4")).frames):
        if 95 <= i < 135:
            frames.append(frame)
    clip = find(np.stack(frames))
    assert clip.valid.mean() > 0.97
    height, width = frames[0].shape[:2]
    assert (np.nanmean(clip.landmarks, axis=1)[:, :2] < [width, height]).all()


@with_model
def test_real_face_then_none_and_again(real, mark):
    frames = []
    for i, frame in enumerate(Clip(frames=str(real / "face_noface.mov")).frames):
        if 50 <= i < 100:
            frames.append(frame)
    frames = np.stack(frames + frames[:10])
    clip = find(frames)
    assert list(np.flatnonzero(np.diff(clip.valid.astype(int)))) == [21, 49]
    returned = clip.landmarks[52:, :, :2] - clip.landmarks[2:10, :, :2]
    unit = np.linalg.norm(clip.landmarks[0, 33] - clip.landmarks[0, 263])
    assert np.linalg.norm(returned, axis=2).mean() < 0.02 * unit


@with_model
def test_real_without_face(real, mark):
    with pytest.raises(NoFaceError, match=r"no_face\.mp4: no face in any of its 95 frames"):
        find(Clip(frames=str(real / "no_face.mp4")))


@with_model
def test_a_picture_of_several_people(real, mark):
    clip = find(Clip(frames=str(real / "multi_face.jpg"), fps=1))
    assert clip.landmarks.shape == (1, 478, 3)
    assert clip.valid.all()
    middle = clip.landmarks[0, :, :2].mean(axis=0)
    assert (abs(middle - [746, 404]) < 30).all()  # the larger of the two faces that are found
