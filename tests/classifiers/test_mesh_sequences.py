"""Networks on the face mesh: what they see of a clip, in which windows, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from drawn import known_meshes
from registry import SMALL_MESH, SMALL_TRUNK
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler

from smilegenuine import (
    Clip,
    ClipError,
    DeepMarkerNetClassifier,
    DMarkers,
    HadaSmileNetClassifier,
    LandmarkTransformerClassifier,
    MeshSmileNetClassifier,
    P4TransformerClassifier,
    PSTNetClassifier,
)
from smilegenuine.classifiers.mesh_sequences import POINT_SETS, EvenWindows, RandomWindows
from smilegenuine.nets.meshsmilenet import MeshSmileNet

ALL = {
    "meshsmilenet": MeshSmileNetClassifier(**SMALL_TRUNK),
    "deepmarkernet": DeepMarkerNetClassifier(**SMALL_TRUNK),
    "hadasmilenet": HadaSmileNetClassifier(**SMALL_TRUNK),
    "transformer": LandmarkTransformerClassifier(**SMALL_MESH, n_hidden=8, n_layers=1),
    "pstnet": PSTNetClassifier(**SMALL_MESH, n_hidden=2),
    "p4transformer": P4TransformerClassifier(**SMALL_MESH, n_hidden=8, n_layers=1),
}


@pytest.fixture(scope="module")
def smiles():
    return known_meshes(4, 2, random_state=3)


@pytest.fixture(scope="module")
def fitted(smiles):
    return {name: clone(clf).fit(smiles.data, smiles.target) for name, clf in ALL.items()}


def seen(clip, **params):
    """What a network sees of a clip."""
    return LandmarkTransformerClassifier(**{"exaggeration": 1.0, **params})._input(clip)


# -- windows ---------------------------------------------------------------------------------------


def test_even_windows_go_from_the_start_to_the_end():
    windows = EvenWindows(4, 3)(np.arange(11)[:, None])
    assert windows[..., 0].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [7, 8, 9, 10]]


def test_a_single_window_lies_in_the_middle():
    assert EvenWindows(4, 1)(np.arange(10))[0].tolist() == [3, 4, 5, 6]


@pytest.mark.parametrize("n", [1, 3, 4])
def test_short_clips_are_held_at_their_last_frame(n):
    expected = [0, 1, 2, 3][:n] + [n - 1] * (4 - n)
    assert EvenWindows(4, 2)(np.arange(n)).tolist() == [expected] * 2
    assert RandomWindows(4, 0)(np.arange(n)).tolist() == expected


def test_random_windows_reach_every_place_and_differ_by_seed():
    windows = RandomWindows(4, 0)
    starts = [int(windows(np.arange(9))[0]) for _ in range(100)]
    assert set(starts) == {0, 1, 2, 3, 4, 5}
    other = RandomWindows(4, 1)
    assert starts != [int(other(np.arange(9))[0]) for _ in range(100)]
    again = RandomWindows(4, 0)
    assert starts == [int(again(np.arange(9))[0]) for _ in range(100)]


@pytest.mark.parametrize("make", [RandomWindows(2, 0), EvenWindows(2, 3)])
def test_other_parts_of_an_input_are_left_alone(make):
    found = make({"x": np.arange(2.0), "markers": np.arange(5)})
    assert found["x"].shape[-1] == 2
    np.testing.assert_array_equal(found["markers"], np.arange(5))


def test_decisions_are_means_over_the_windows(fitted, smiles):
    clip = smiles.data[0]
    decision = fitted["transformer"].decision_function([clip])[0]
    frames = fitted["transformer"]._input(clip)
    parts = []
    for window in EvenWindows(4, 2)(frames):
        single = fitted["transformer"].net_.module_
        parts.append(single(torch.from_numpy(window[None])).item())
    assert decision == pytest.approx(np.mean(parts), abs=1e-5)


# -- what is seen ----------------------------------------------------------------------------------


def test_ten_frames_a_second_are_seen_at_any_rate(smiles):
    clip = smiles.data[0]
    every = clip.replace(landmarks=np.repeat(clip.landmarks, 2, axis=0), times=None, fps=50.0)
    np.testing.assert_allclose(seen(every)[:len(seen(clip))], seen(clip), atol=0.02)
    assert len(seen(clip)) == pytest.approx(10.0 * clip.times[-1], abs=1.5)
    assert len(seen(clip, rate=5.0)) == pytest.approx(5.0 * clip.times[-1], abs=1.5)


def test_where_the_head_is_and_how_large_and_how_turned_makes_no_difference(smiles):
    clip = smiles.data[1]
    angles = np.linspace(0.0, 0.4, len(clip.landmarks))
    turn = np.zeros((len(angles), 3, 3))
    turn[:, 0, 0] = turn[:, 1, 1] = np.cos(angles)
    turn[:, 0, 1], turn[:, 1, 0], turn[:, 2, 2] = -np.sin(angles), np.sin(angles), 1.0
    points = np.asarray(clip.landmarks, float)
    moved = (points * np.linspace(1.0, 1.5, len(points))[:, None, None]) @ turn + [30.0, -9.0, 4.0]
    np.testing.assert_allclose(seen(clip.replace(landmarks=moved)), seen(clip), atol=1e-5)


def test_head_motion_is_kept_where_that_is_wanted(smiles):
    clip = smiles.data[1]
    points = np.asarray(clip.landmarks, float)
    np.testing.assert_allclose(seen(clip.replace(landmarks=2.0 * points + 50.0), head_motion=True),
                               seen(clip, head_motion=True), atol=1e-5)
    nodding = points + np.linspace(0.0, 30.0, len(points))[:, None, None]
    there = np.abs(seen(clip.replace(landmarks=nodding), head_motion=True)
                   - seen(clip, head_motion=True)).max()
    gone = np.abs(seen(clip.replace(landmarks=nodding)) - seen(clip)).max()
    assert there > 0.05
    assert gone < 1e-5


@pytest.mark.parametrize("head_motion", [False, True])
def test_coordinates_are_within_nought_and_one(smiles, head_motion):
    found = np.concatenate([seen(clip, head_motion=head_motion) for clip in smiles.data])
    assert -0.2 < found.min() < 0.1
    assert 0.9 < found.max() < 1.2
    assert found.dtype == np.float32


def test_movement_is_exaggerated_and_the_face_is_not(smiles):
    clip = smiles.data[1]
    as_it_is, caricature = seen(clip), seen(clip, exaggeration=4.0)
    rest = as_it_is[:3].mean(axis=0)
    np.testing.assert_allclose(caricature - rest, 4.0 * (as_it_is - rest), atol=1e-5)
    still = clip.replace(landmarks=np.repeat(clip.landmarks[:1], len(clip.landmarks), axis=0))
    np.testing.assert_allclose(seen(still, exaggeration=4.0), seen(still), atol=1e-6)
    np.testing.assert_allclose(seen(clip, exaggeration=4.0, rate=1.0)[0], seen(clip, rate=1.0)[0],
                               atol=1e-6)


def test_points_by_name_and_by_number(smiles):
    clip = smiles.data[0]
    assert len(POINT_SETS["outlines"]) == len(set(POINT_SETS["outlines"])) == 128
    assert seen(clip, points="outlines").shape[1:] == (128, 3)
    np.testing.assert_array_equal(seen(clip, points=[61, 0, 477]), seen(clip)[:, [61, 0, 477]])


def test_frames_without_a_face_are_passed_over(smiles):
    clip = smiles.data[0]
    points = np.array(clip.landmarks)
    points[10:30] = np.nan
    away = clip.replace(landmarks=points)
    assert np.isfinite(seen(away)).all()
    assert len(seen(clip)) - len(seen(away)) in (7, 8)  # of 0.8 seconds


def test_the_outlines_are_mediapipes():
    vision = pytest.importorskip("mediapipe.tasks.python.vision")
    outlines = vision.FaceLandmarksConnections.FACE_LANDMARKS_CONTOURS
    assert sorted({p for c in outlines for p in (c.start, c.end)}) == list(POINT_SETS["outlines"])


# -- the networks ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_probabilities_embeddings_and_decisions_agree(name, fitted, smiles):
    clf = fitted[name]
    decision = clf.decision_function(smiles.data)
    np.testing.assert_allclose(clf.predict_proba(smiles.data)[:, 1], 1 / (1 + np.exp(-decision)),
                               atol=1e-6)
    embedded = clf.transform(smiles.data)
    assert embedded.shape == (8, clf.net_.module_.n_embed)
    np.testing.assert_allclose(clf.decide_embedded(embedded), decision, atol=1e-4)


@pytest.mark.parametrize("name", ALL)
def test_a_clip_without_landmarks_is_named(name, fitted):
    clip = Clip(aus=np.zeros((30, 17)), fps=25, name="x.mp4")
    with pytest.raises(ClipError, match=r"x\.mp4: \w+ needs `landmarks`; run FaceLandmarks"):
        fitted[name].predict([clip])


@pytest.mark.parametrize("name", ["meshsmilenet", "pstnet"])
def test_a_clip_without_a_face_is_named(name, fitted, smiles):
    nobody = smiles.data[0].replace(landmarks=np.full((30, 478, 3), np.nan), times=None, fps=25,
                                    name="empty.mp4")
    with pytest.raises(ClipError, match=r"empty\.mp4: no frame is valid"):
        fitted[name].predict([nobody])
    flat = nobody.replace(landmarks=np.zeros((30, 478, 3)), valid=None)
    with pytest.raises(ClipError, match=r"empty\.mp4: its landmarks do not span a face"):
        fitted[name].predict([flat])


def test_other_points_after_fitting_are_refused(fitted, smiles):
    changed = clone(fitted["transformer"]).fit(smiles.data, smiles.target)
    changed.points = "outlines"
    with pytest.raises(ValueError, match="was fitted on 24 points, and this is 128"):
        changed.predict(smiles.data)


@pytest.mark.parametrize(("params", "message"), [
    ({"points": "lips"}, "points must be one of all, outlines, or different numbers"),
    ({"points": []}, "points must be one of"),
    ({"points": [1, 1]}, "points must be one of"),
    ({"points": [478]}, "points must be one of"),
    ({"points": [-1, 3]}, "points must be one of"),
    ({"points": 7}, "points must be one of"),
    ({"points": [0.5, 1.0]}, "points must be one of"),
    ({"points": [3]}, "points must be at least two"),
    ({"head_motion": "yes"}, "head_motion must be True or False"),
    ({"exaggeration": 0}, "exaggeration must be a number of at least 0.01"),
    ({"rate": 0}, "rate must be a number of at least 0.1"),
    ({"n_frames": 1}, "n_frames must be a whole number of at least 2"),
    ({"n_windows": 0}, "n_windows must be a whole number of at least 1"),
    ({"n_layers": 1.5}, "n_layers must be a whole number"),
    ({"n_curves": 30}, "n_curves must be at most the number of points, 24, not 30"),
    ({"dropout": 1.0}, "dropout must be below 1"),
])
def test_senseless_parameters_are_refused(params, message, smiles):
    with pytest.raises(ValueError, match=message):
        MeshSmileNetClassifier(**{**SMALL_TRUNK, **params}).fit(smiles.data, smiles.target)


def test_fusions_are_named(smiles):
    with pytest.raises(ValueError, match=r"fusion must be one of concat, .*film_hadamard, not 'x'"):
        HadaSmileNetClassifier("x", **SMALL_TRUNK).fit(smiles.data, smiles.target)


@pytest.mark.parametrize(("make", "message"), [
    (lambda: PSTNetClassifier(points=range(12)), "PSTNet needs at least 16 points"),
    (lambda: P4TransformerClassifier(points=range(12)), "P4Transformer needs at least 16 points"),
    (lambda: P4TransformerClassifier(n_hidden=6), "n_hidden must be a multiple of 4, not 6"),
    (lambda: LandmarkTransformerClassifier(n_hidden=6), "n_hidden must be a multiple of 4, not 6"),
    (lambda: LandmarkTransformerClassifier(dropout=-1), "dropout must be a number of at least 0"),
    (lambda: PSTNetClassifier(radius=0), "radius must be a number of at least 1e-06"),
    (lambda: DeepMarkerNetClassifier(marker_weight=-1), "marker_weight must be a number"),
])
def test_senseless_parameters_of_the_others_are_refused(make, message, smiles):
    with pytest.raises(ValueError, match=message):
        make().fit(smiles.data, smiles.target)


def test_the_default_is_the_published_network():
    clf = MeshSmileNetClassifier()
    clf._learn_scaling([])
    module, options = clf._module()
    assert sum(w.numel() for w in module(**options).parameters()) == 4_896_337
    assert sum(w.numel() for w in MeshSmileNet().parameters()) == 4_896_337


# -- D-Markers inside ------------------------------------------------------------------------------


def test_markers_are_scaled_over_the_clips_trained_on(smiles):
    clf = HadaSmileNetClassifier(**{**SMALL_TRUNK, "validation_fraction": None})
    clf.fit(smiles.data[:4], smiles.target[:4])
    scaler = StandardScaler().fit(DMarkers().fit_transform(smiles.data[:4]))
    np.testing.assert_allclose(clf.marker_mean_, scaler.mean_)
    moving = scaler.scale_ != 1.0
    np.testing.assert_allclose(clf.marker_scale_[moving], scaler.scale_[moving])
    found = clf._scaled(clf._input(smiles.data[0]))["markers"]
    assert found.shape == (225,)
    assert np.abs(found).max() < 3.0


def test_held_out_subjects_do_not_scale_the_markers(smiles):
    clf = DeepMarkerNetClassifier(**{**SMALL_TRUNK, "validation_fraction": 0.25})
    clf.fit(smiles.data, smiles.target)
    everyone = DMarkers().fit_transform(smiles.data).mean(axis=0)
    assert not np.allclose(clf.marker_mean_, everyone)
    by_subject = [DMarkers().fit_transform([c for c, s in zip(smiles.data, smiles.groups,
                  strict=True) if s != away]).mean(axis=0) for away in np.unique(smiles.groups)]
    assert any(np.allclose(clf.marker_mean_, mean) for mean in by_subject)


def test_the_second_head_learns_the_markers(smiles):
    losses = []
    for weight in (0.0, 5.0):
        clf = DeepMarkerNetClassifier(**{**SMALL_TRUNK, "validation_fraction": None,
                                         "max_epochs": 12, "marker_weight": weight, "lr": 2e-3,
                                         "points": SMALL_MESH["points"][::2]})
        clf.fit(smiles.data, smiles.target)
        x = torch.from_numpy(np.stack([EvenWindows(4, 2)(clf._input(c)) for c in smiles.data]))
        with torch.no_grad():
            said = clf.net_.module_.eval().forward_tasks(x)[1].numpy()
        truth = (DMarkers().fit_transform(smiles.data) - clf.marker_mean_) / clf.marker_scale_
        losses.append(np.mean((said - truth) ** 2))
    assert losses[1] < 0.85 * losses[0]


def test_landmarks_are_enough_to_decide_by_two_tasks(fitted, smiles):
    short = smiles.data[0].replace(landmarks=smiles.data[0].landmarks[:3],
                                   times=smiles.data[0].times[:3])
    assert np.isfinite(fitted["deepmarkernet"].decision_function([short])).all()
    with pytest.raises(ClipError, match="frames"):  # too few for D-Markers
        fitted["hadasmilenet"].decision_function([short])
