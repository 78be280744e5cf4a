"""RealSmileNet on clips: which frames it sees, what it needs, and how copies are changed."""

from __future__ import annotations

import numpy as np
import pytest

from smilegenuine import Clip, ClipError, FaceAligner, RealSmileNetClassifier
from smilegenuine.classifiers.face_sequences import FaceAugmentation
from smilegenuine.datasets import make_smiles


def quick(**params):
    return RealSmileNetClassifier(**{"size": 16, "rate": 5.0, "max_epochs": 2, "random_state": 0,
                                     **params})


def noise(seed, n=24, fps=10, **fields):
    faces = np.random.default_rng(seed).integers(0, 256, (n, 20, 22, 3), dtype=np.uint8)
    return Clip(**{"faces": faces, "fps": fps, "name": f"noise {seed}",
                   "subject": f"nobody {seed // 2}", **fields})


@pytest.fixture(scope="module")
def clips():
    return [noise(i, 20 + 3 * i) for i in range(8)], np.tile([0, 1], 4)


@pytest.fixture(scope="module")
def fitted(clips):
    return quick().fit(*clips)


# -- what it sees ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("fps", "step"), [(50, 5), (30, 3)])
def test_ten_frames_a_second_are_seen(fps, step):
    clip = noise(0, 2 * fps, fps, faces=np.arange(2 * fps, dtype=np.uint8)[:, None, None, None]
                 * np.ones((16, 16, 3), np.uint8))
    seen = quick(rate=10.0)._input(clip)
    assert seen.dtype == np.uint8
    assert seen.shape == (20, 3, 16, 16)
    np.testing.assert_array_equal(seen[:, 0, 0, 0], np.arange(0, 2 * fps, step))


def test_faces_are_scaled_by_area_upright_and_in_their_colours():
    faces = np.zeros((3, 32, 32, 3), np.uint8)
    faces[:, :2, :, 0], faces[:, :, 30:, 2] = 200, 100
    faces[:, 30:, :2, 1] = [[[80, 0]], [[0, 80]], [[80, 80]]]
    seen = quick(rate=10.0)._input(noise(0, faces=faces))
    assert (seen[:, 0, 0] == 200).all()
    assert (seen[:, 0, 1:] == 0).all()
    assert (seen[:, 2, :, 15] == 100).all()
    assert list(seen[:, 1, 15, 0]) == [40, 40, 80]


def test_frames_that_are_not_valid_are_passed_over(fitted):
    valid = np.ones(24, bool)
    valid[[0, 1, 6, 13, 14, 22]] = False
    values = []
    for junk in (0, 255):
        faces = noise(3).faces.copy()
        faces[~valid] = junk
        values.append(fitted.decision_function([noise(3, faces=faces, valid=valid)])[0])
    assert values[0] == values[1]
    assert values[0] != fitted.decision_function([noise(3, faces=faces)])[0]


def test_a_single_frame_is_enough(fitted):
    clip = Clip(faces=noise(0).faces[:1], fps=10)
    assert np.isfinite(fitted.predict_proba([clip])).all()
    clip = noise(0, valid=np.arange(24) == 10)
    assert np.isfinite(fitted.predict_proba([clip])).all()


def test_chips_of_any_size_are_taken(fitted, clips):
    large = [c.replace(faces=np.kron(c.faces, np.ones((1, 2, 2, 1), np.uint8)))
             for c in clips[0][:3]]
    np.testing.assert_allclose(fitted.decision_function(large),
                               fitted.decision_function(clips[0][:3]), atol=0.05)


def test_a_clip_without_faces_is_named(fitted):
    clip = Clip(aus=np.zeros((30, 17)), fps=25, name="x.mp4")
    with pytest.raises(ClipError, match=r"x\.mp4: RealSmileNet needs `faces`; run FaceAligner"):
        fitted.predict([noise(1), clip])


def test_a_clip_without_timing_is_said_to_be_taken_for_fifty_a_second(fitted):
    faces = noise(0).faces
    with pytest.warns(UserWarning, match=r"x\.mp4.* 50"):
        assumed = fitted.decision_function([Clip(faces=faces, name="x.mp4")])
    np.testing.assert_array_equal(assumed, fitted.decision_function([Clip(faces=faces, fps=50)]))


def test_a_clip_without_a_valid_frame_is_named(fitted):
    with pytest.raises(ClipError, match="noise 4: no frame is valid"):
        fitted.predict([noise(1), noise(4, valid=np.zeros(24, bool))])


@pytest.mark.parametrize(("params", "message"), [
    ({"rate": 0.0}, "rate must be a number"), ({"size": 18}, "size must be a multiple of 4"),
    ({"size": 12}, "size must be a whole number of at least 16"),
    ({"size": 48.0}, "size must be a whole number"),
])
def test_bad_parameters_are_named(params, message, clips):
    with pytest.raises(ValueError, match=message):
        quick(**params).fit(*clips)


def test_refitting_with_pictures_of_another_size(clips):
    clf = quick().fit(*clips)
    assert clf.transform(clips[0]).shape == (8, 10)
    clf.set_params(size=24).fit(*clips)
    assert clf.transform(clips[0]).shape == (8, 40)
    assert len(clf.get_feature_names_out()) == 40


def test_the_default_gives_250_features(clips):
    clf = RealSmileNetClassifier(max_epochs=1, random_state=0).fit(*clips)
    assert clf.transform(clips[0][:2]).shape == (2, 250)


# -- changed copies --------------------------------------------------------------------------------


def test_training_on_changed_copies_is_off_by_default(clips, monkeypatch):
    asked = []
    monkeypatch.setattr(FaceAugmentation, "__call__",
                        lambda self, faces: (asked.append(len(faces)), faces / np.float32(255))[1])
    quick().fit(*clips)
    assert not asked
    clf = quick(augment=True).fit(*clips)
    assert len(asked) == 2 * sum(1 for _ in clf.history_["epoch"]) * 3  # six clips are trained on
    asked.clear()
    clf.predict(clips[0])
    assert not asked


def test_changed_copies_are_the_same_for_the_same_random_state(clips, fitted):
    one, again = (quick(augment=True).fit(*clips).decision_function(clips[0]) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    assert (one != fitted.decision_function(clips[0])).any()


@pytest.mark.parametrize("seed", range(5))
def test_changed_copies_are_pictures_still(seed):
    faces = np.random.default_rng(seed).integers(0, 256, (5, 3, 48, 36), dtype=np.uint8)
    before = faces.copy()
    changed = FaceAugmentation(seed)(faces)
    np.testing.assert_array_equal(faces, before)
    assert changed.shape == faces.shape
    assert changed.dtype == np.float32
    assert 0.0 <= changed.min() < changed.max() <= 1.0


@pytest.mark.parametrize("seed", range(5))
def test_all_frames_are_changed_alike(seed):
    frame = np.random.default_rng(seed).integers(0, 256, (1, 3, 48, 36), dtype=np.uint8)
    changed = FaceAugmentation(seed)(np.repeat(frame, 6, axis=0))
    assert (changed == changed[:1]).all()


def test_copies_are_mirrored_moved_and_lit_by_as_much_as_stated():
    # A ramp says from each pixel where it came from; in its middle nothing is clipped.
    height, width = 48, 72
    rows, columns = np.mgrid[:height, :width]
    faces = np.stack([np.full_like(rows, 128), 2 * rows, 2 * columns])[None].astype(np.uint8)
    change = FaceAugmentation(3)
    mirrored, down, right, light = [], [], [], []
    for _ in range(300):
        flat, y, x = change(faces)[0]
        level = flat[24, 36] / (128 / 255)
        light.append(level)
        mirrored.append(x[24, 40] < x[24, 32])
        gain = abs(x[24, 40] - x[24, 32]) / (16 / 255)
        offset = flat[24, 36] - gain * 128 / 255
        source = (np.array([y[24, 36], x[24, 36]]) - offset) / gain * 255 / 2
        down.append(round(24 - source[0]))
        right.append(round(36 - (width - 1 - source[1] if mirrored[-1] else source[1])))
    assert 0.4 < np.mean(mirrored) < 0.6
    assert (min(down), max(down)) == (-2, 2)  # a 24th of 48
    assert (min(right), max(right)) == (-3, 3)  # a 24th of 72
    assert 0.74 < min(light) < 0.9 < 1.1 < max(light) < 1.26


# -- frame rates -----------------------------------------------------------------------------------


@pytest.mark.slow  # a network is trained for it
def test_the_same_smile_at_thirty_and_fifty_frames_a_second():
    found = {}
    for fps in (50, 30):
        smiles = make_smiles(3, 2, fps=fps, size=96, random_state=0)
        shortest = [0, 2, 4, 5]
        found[fps] = FaceAligner(size=48).transform([smiles.data[i] for i in shortest])
    clf = RealSmileNetClassifier(lr=0.01, batch_size=2, max_epochs=12, validation_fraction=None,
                                 random_state=0).fit(found[50], smiles.target[shortest])
    fifty, thirty = (clf.predict_proba(found[fps])[:, 1] for fps in (50, 30))
    print(f"RealSmileNet: median |Δp| {np.median(np.abs(fifty - thirty)):.4f}, "
          f"spread of p {np.ptp(fifty):.3f}")
    assert np.ptp(fifty) > 0.02
    assert np.median(np.abs(fifty - thirty)) <= 0.05
