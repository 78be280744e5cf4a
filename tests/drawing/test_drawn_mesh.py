"""The true face mesh of drawn people: as the drawing has it, and as MediaPipe sees it."""

from __future__ import annotations

import os
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from smilegenuine.clips.au_table import AU_NAMES
from smilegenuine.drawing.appearance import random_person
from smilegenuine.drawing.deformation import Deformation
from smilegenuine.drawing.drawn_mesh import FaceMesh
from smilegenuine.drawing.mesh_template import (
    BROWS,
    LIDS,
    LIPS,
    LOWER_LIDS,
    N_MESH,
    NOSE,
    OUTLINE,
    UPPER_LIDS,
    load_template,
)
from smilegenuine.drawing.renderer import FaceRenderer
from smilegenuine.drawing.strokes import Canvas

MODELS = Path(os.environ.get("SMILEGENUINE_DATA",
                             Path(__file__).parents[2] / ".." / "shared" / "models"))
BUNDLE = MODELS / "face_landmarker.task"

# Points of the mesh that `FaceRenderer.landmarks` knows as well.
SAME = {
    "mouth_left": 61, "mouth_right": 291, "eye_outer_left": 33, "eye_inner_left": 133,
    "eye_inner_right": 362, "eye_outer_right": 263, "nose_tip": 1, "chin": 152,
    "lip_upper_top": 0, "lip_upper": 13, "lip_lower": 14, "lip_lower_bottom": 17,
    "iris_left": 468, "iris_right": 473,
}
POSE = {"yaw": 11.0, "pitch": -7.0, "roll": 6.0, "shift": (0.03, -0.02), "scale": 1.05}
FRONTAL = (0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
SMILE = {"AU06": 3, "AU12": 4, "AU25": 3}
JAW = {"AU25": 3, "AU26": 4}


def intensities(**levels: float) -> np.ndarray:
    """Return 17 intensities, those not named 0."""
    return np.array([levels.get(name, 0.0) for name in AU_NAMES], dtype=float)


def person_of(seed: int, **changes):
    return replace(random_person(np.random.default_rng([77, seed])), **changes)


def frames(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return random intensities (n, 17), poses (n, 6) and gaze (n, 2)."""
    rng = np.random.default_rng(seed)
    aus = rng.uniform(0, 4, (n, 17)) * (rng.random((n, 17)) < 0.4)
    poses = np.column_stack([rng.normal(0, 9, (n, 3)), rng.normal(0, 0.03, (n, 2)),
                             rng.uniform(0.85, 1.15, n)])
    return aus, poses, rng.normal(0, 8, (n, 2))


def keywords(pose: np.ndarray) -> dict:
    yaw, pitch, roll, right, down, scale = pose.tolist()
    return {"yaw": yaw, "pitch": pitch, "roll": roll, "shift": (right, down), "scale": scale}


def gap(points: np.ndarray, one: int, other: int) -> float:
    return float(np.linalg.norm(points[one, :2] - points[other, :2]))


@pytest.fixture(scope="module")
def mesh() -> FaceMesh:
    return FaceMesh(person_of(1), size=200)


@pytest.fixture(scope="module")
def rest(mesh) -> np.ndarray:
    return mesh.place(np.zeros(17))


def test_the_template_is_whole():
    template = load_template()
    assert template.points.shape == (478, 2)
    assert template.triangles.shape == (898, 3)
    np.testing.assert_array_equal(template.mirror[template.mirror], np.arange(478))
    np.testing.assert_array_equal(template.mirror[LIDS[0]], LIDS[1])
    np.testing.assert_array_equal(template.mirror[BROWS[0]], BROWS[1])
    parts = np.concatenate([LIPS, LIDS.ravel(), BROWS.ravel(), NOSE, OUTLINE])
    assert len(np.unique(parts)) == len(parts) == 80 + 32 + 20 + 9 + 36
    assert parts.max() < N_MESH


def test_places_are_finite_and_reproducible(mesh):
    aus, poses, gaze = frames(20)
    places, visible = mesh.place_frames(aus, poses, gaze)
    assert places.shape == (20, 478, 3)
    assert places.dtype == np.float32
    assert visible.shape == (20, 478)
    assert visible.dtype == bool
    assert np.all(np.isfinite(places))
    again = FaceMesh(person_of(1), size=200).place_frames(aus, poses, gaze)
    np.testing.assert_array_equal(places, again[0])
    np.testing.assert_array_equal(visible, again[1])


def test_frames_are_those_placed_one_by_one(mesh):
    aus, poses, gaze = frames(70, seed=1)  # more than are computed at once
    places, visible = mesh.place_frames(aus, poses, gaze)
    for k in (0, 3, 63, 64, 69):
        one = {**keywords(poses[k]), "gaze": tuple(gaze[k])}
        np.testing.assert_allclose(mesh.place(aus[k], **one), places[k], atol=2e-3)
        assert np.mean(mesh.visible(aus[k], **one) != visible[k]) < 0.01


def test_both_sides_alike_are_one_row(mesh):
    aus, poses, gaze = frames(5, seed=2)
    twice = np.repeat(aus[:, None], 2, axis=1)
    np.testing.assert_array_equal(mesh.place_frames(aus, poses, gaze)[0],
                                  mesh.place_frames(twice, poses, gaze)[0])
    np.testing.assert_array_equal(mesh.place(aus[0], **POSE), mesh.place(twice[0], **POSE))


def test_one_side_moves_alone(mesh, rest):
    aus = np.stack([np.zeros(17), intensities(AU01=4, AU06=4, AU12=4, AU45=4)])
    moved = np.linalg.norm(mesh.place(aus) - rest, axis=1)
    template = load_template()
    left = template.points[:, 0] < -0.15
    right = left[template.mirror]
    assert moved[left].max() < 0.05 * moved[right].max()
    assert moved[61] < 0.1 * moved[291]


@pytest.mark.parametrize("seed", range(4))
def test_landmarks_of_the_renderer_are_the_same_points(seed):
    person = person_of(seed)
    mesh, renderer = FaceMesh(person), FaceRenderer(person)
    aus, poses, gaze = frames(12, seed)
    places, _ = mesh.place_frames(aus, poses, gaze)
    for k in range(len(aus)):
        marks = renderer.landmarks(aus[k], **keywords(poses[k]), gaze=tuple(gaze[k]))
        expected = np.array([marks[name] for name in SAME])
        np.testing.assert_allclose(places[k, list(SAME.values()), :2], expected, atol=0.01)


def test_one_sided_landmarks_of_the_renderer_are_the_same_points():
    person = person_of(5)
    aus = np.stack([intensities(**SMILE), intensities(AU04=3, AU45=2)])
    marks = FaceRenderer(person).landmarks(aus, **POSE)
    expected = np.array([marks[name] for name in SAME])
    places = FaceMesh(person).place(aus, **POSE)
    np.testing.assert_allclose(places[list(SAME.values()), :2], expected, atol=0.01)


def test_the_skin_moves_as_the_drawing_does(mesh):
    # `Deformation` must stay linear in the activations of either side, or its parts do not add up.
    aus, *_ = frames(6, seed=4)
    left = aus / 5.0 * mesh.person.gains_left
    right = aus[::-1] / 5.0 * mesh.person.gains_right
    skin = load_template().points[:N_MESH]
    truth = Deformation(mesh.person, Canvas.covering(20.0, (-1, -1, 1, 1)))
    moved = mesh._field.moved(skin, left, right)
    for k in range(len(aus)):
        expected = truth.moved(skin, left[k], right[k])
        np.testing.assert_allclose(moved[k], expected, atol=2e-4)


def test_closed_eyes_have_no_gap(mesh, rest):
    shut = mesh.place(intensities(AU45=5))
    for upper, lower in zip(UPPER_LIDS.ravel(), LOWER_LIDS.ravel(), strict=True):
        assert gap(shut, upper, lower) < 0.15 * gap(rest, upper, lower) + 0.05
    assert gap(shut, 159, 145) < 0.05 * gap(rest, 159, 145)
    assert gap(shut, 386, 374) < 0.05 * gap(rest, 386, 374)


@pytest.mark.parametrize("size", [48, 160, 512])
def test_places_grow_with_the_picture(size):
    person = person_of(2)
    aus = intensities(**SMILE)
    edge = np.array([0.5, 0.5, 0.0])  # from the first pixel's centre to its corner
    wanted = (FaceMesh(person, 200).place(aus, **POSE) + edge) * (size / 200)
    np.testing.assert_allclose(FaceMesh(person, size).place(aus, **POSE) + edge, wanted, atol=1e-3)


def test_depth_is_mediapipe_s(mesh, rest):
    depth = rest[:N_MESH, 2]
    assert abs(depth.mean()) < 0.5
    assert np.argmin(depth) in (1, 4, 5, 195, 44, 45, 274, 275)  # the nose comes towards us
    assert depth[[234, 454]].min() > depth[[33, 263]].max()
    turned = mesh.place(np.zeros(17), yaw=20.0)
    assert turned[234, 2] < turned[454, 2] - 10.0  # the nose to the right: the left cheek is near


def test_turns_keep_distances(mesh, rest):
    # The head is turned as one body: x, y and z are measured alike.
    turned = mesh.place(np.zeros(17), yaw=25.0, pitch=-12.0, roll=15.0, scale=1.2)
    pairs = np.random.default_rng(0).integers(0, 478, (200, 2))
    before, after = (np.linalg.norm(p[pairs[:, 0]] - p[pairs[:, 1]], axis=1)
                     for p in (rest, turned))
    np.testing.assert_allclose(after, 1.2 * before, atol=1e-2)


def test_symmetric_people_have_symmetric_meshes():
    same = (1.0,) * 17
    mesh = FaceMesh(person_of(3, gains_left=same, gains_right=same))
    mirror = load_template().mirror
    for levels in ({}, SMILE, {**JAW, "AU14": 3, "AU04": 2}):
        points = mesh.place(intensities(**levels))
        flipped = points[mirror]
        flipped[:, 0] = 2 * points[152, 0] - flipped[:, 0]
        np.testing.assert_allclose(points, flipped, atol=0.02)


def test_mirrored_poses_hide_mirrored_points():
    same = (1.0,) * 17
    mesh = FaceMesh(person_of(3, gains_left=same, gains_right=same))
    one, other = (mesh.visible(np.zeros(17), yaw=yaw) for yaw in (35.0, -35.0))
    assert np.mean(one[load_template().mirror] != other) < 0.01


@pytest.mark.parametrize("seed", range(4))
def test_all_is_visible_from_the_front(seed):
    mesh = FaceMesh(person_of(seed))
    for levels in ({}, SMILE, JAW):
        assert np.all(mesh.visible(intensities(**levels)))


@pytest.mark.parametrize("seed", range(4))
def test_a_turned_head_hides_its_far_side(seed):
    mesh = FaceMesh(person_of(seed))
    x = load_template().points[:, 0]
    visible = mesh.visible(np.zeros(17), yaw=35.0)  # the nose to the right
    assert np.all(visible[x < 0.0])
    assert not np.any(visible[[454, 323, 361, 447, 366]])
    hidden = [np.mean(~mesh.visible(np.zeros(17), yaw=yaw)) for yaw in (0.0, 15.0, 35.0, 55.0)]
    assert hidden == sorted(hidden)
    assert hidden[2] > 0.05


def test_points_outside_the_picture_are_not_visible(mesh):
    points = mesh.place(np.zeros(17), shift=(0.35, 0.0))
    visible = mesh.visible(np.zeros(17), shift=(0.35, 0.0))
    outside = points[:, 0] >= mesh.size - 0.5
    assert 0 < outside.sum() < 478
    np.testing.assert_array_equal(visible, ~outside)


@pytest.mark.parametrize("levels", [{}, SMILE, JAW, {"AU12": 2.5}, {"AU17": 4, "AU15": 3},
                                    {"AU04": 5, "AU07": 4}, {"AU01": 5, "AU02": 5, "AU05": 5}],
                         ids=str)
def test_the_mesh_does_not_fold_over(levels):
    triangles = load_template().triangles
    folded, whole = 0.0, 0.0
    for seed in range(6):
        corners = FaceMesh(person_of(seed)).place(intensities(**levels))[triangles, :2]
        along, aside = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        area = along[:, 1] * aside[:, 0] - along[:, 0] * aside[:, 1]
        folded, whole = folded - area[area < 0].sum(), whole + area.sum()
        assert np.sum(area < -0.5) <= 4
    assert folded < 2e-3 * whole


def test_irises_lie_where_they_are_drawn():
    person = person_of(4, glasses="none")
    aus, gaze = intensities(AU05=5), (6.0, 0.0)
    points = FaceMesh(person, 256).place(aus, gaze=gaze)
    pictures = [FaceRenderer(replace(person, iris_colour=(v, v, v)), 256).draw(aus, gaze=gaze)
                for v in (0.0, 1.0)]
    change = np.abs(pictures[1].astype(float) - pictures[0]).sum(axis=2) > 60
    columns = np.arange(256)
    for iris in (points[468:473], points[473:478]):
        beside = change[round(float(iris[0, 1])), :] & (np.abs(columns - iris[0, 0]) < 12)
        at = np.flatnonzero(beside)
        assert at.min() == pytest.approx(iris[3, 0], abs=1.5)
        assert at.max() == pytest.approx(iris[1, 0], abs=1.5)


@pytest.mark.parametrize(("changes", "message"), [
    ({"aus": np.zeros(16)}, r"aus must have shape \(17,\) or \(2, 17\)"),
    ({"aus": np.zeros((3, 17))}, "aus must have shape"),
    ({"aus": 1.0}, "aus must have shape"),
    ({"aus": np.full(17, np.nan)}, "aus must be finite"),
    ({"yaw": np.nan}, "yaw, pitch and roll must be finite"),
    ({"pitch": 80.0}, "within 60 degrees"),
    ({"shift": (np.inf, 0.0)}, "shift must be two finite numbers"),
    ({"shift": (0.0, 0.0, 0.0)}, "shift must be two finite numbers"),
    ({"scale": 0.0}, "scale must be positive"),
    ({"gaze": (np.nan, 0.0)}, "gaze must be two finite angles"),
    ({"gaze": 3.0}, "gaze must be two finite angles"),
])
def test_what_cannot_be_placed_is_refused(mesh, changes, message):
    arguments = {"aus": np.zeros(17), **changes}
    with pytest.raises(ValueError, match=message):
        mesh.place(**arguments)
    with pytest.raises(ValueError, match=message):
        mesh.visible(**arguments)


@pytest.mark.parametrize(("changes", "message"), [
    ({"aus": np.zeros((3, 16))}, "aus must have shape"),
    ({"aus": np.zeros((2, 17))}, r"poses must have shape \(2, 6\)"),
    ({"poses": np.zeros((3, 5))}, r"poses must have shape \(3, 6\)"),
    ({"poses": np.full((3, 6), np.nan)}, "must be finite"),
    ({"gaze": np.zeros((2, 2))}, "gaze must be two finite angles"),
])
def test_frames_that_cannot_be_placed_are_refused(mesh, changes, message):
    arguments = {"aus": np.zeros((3, 17)), "poses": [FRONTAL] * 3, **changes}
    with pytest.raises(ValueError, match=message):
        mesh.place_frames(**arguments)


def test_tiny_frames_are_refused():
    with pytest.raises(ValueError, match="size must be at least 48"):
        FaceMesh(person_of(0), size=20)


def test_no_frames_are_no_places(mesh):
    places, visible = mesh.place_frames(np.zeros((0, 17)), np.zeros((0, 6)))
    assert places.shape == (0, 478, 3)
    assert visible.shape == (0, 478)


@pytest.fixture(scope="module")
def see():
    """What MediaPipe sees in a picture: (478, 2) in pixels, or None."""
    if find_spec("mediapipe") is None:
        pytest.skip("mediapipe is not installed")
    if not BUNDLE.is_file():
        pytest.skip(f"the Face Landmarker's bundle is not there ({BUNDLE.resolve()})")
    import mediapipe as mp
    from mediapipe.tasks.python import BaseOptions, vision

    base = BaseOptions(model_asset_path=str(BUNDLE))
    landmarker = vision.FaceLandmarker.create_from_options(
        vision.FaceLandmarkerOptions(base_options=base))

    def seen(frame: np.ndarray) -> np.ndarray | None:
        image = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(frame))
        faces = landmarker.detect(image).face_landmarks
        return np.array([[p.x, p.y] for p in faces[0]]) * frame.shape[0] - 0.5 if faces else None

    yield seen
    landmarker.close()


@pytest.fixture(scope="module")
def unseen_people() -> list[tuple[FaceRenderer, FaceMesh]]:
    """People that the template was not made from, at 256 pixels."""
    people = [person_of(100 + seed, glasses="none") for seed in range(6)]
    return [(FaceRenderer(person, 256), FaceMesh(person, 256)) for person in people]


@pytest.mark.needs_model
@pytest.mark.parametrize("pose", [{}, {"yaw": 12.0}, {"yaw": -12.0}, {"pitch": 8.0},
                                  {"pitch": -8.0}], ids=str)
@pytest.mark.parametrize(("levels", "limit"), [({}, 0.06), (SMILE, 0.08), (JAW, 0.08)],
                         ids=["neutral", "smile", "jaw"])
def test_mediapipe_sees_the_points_where_they_are(see, unseen_people, levels, limit, pose):
    errors = []
    for renderer, mesh in unseen_people:
        seen = see(renderer.draw(intensities(**levels), **pose))
        assert seen is not None
        places = mesh.place(intensities(**levels), **pose)
        eyes = np.linalg.norm(np.diff(renderer.eye_centres(), axis=0))
        errors.append(np.linalg.norm(places[:, :2] - seen, axis=1) / eyes)
    errors = np.mean(errors, axis=0)
    assert errors[:N_MESH].mean() < limit
    assert errors[[61, 291]].mean() < 0.05
    assert errors[[33, 133, 362, 263]].mean() < 0.05
    assert errors[N_MESH:].mean() < 0.05


@pytest.mark.needs_model
@pytest.mark.parametrize(("name", "one", "other"), [
    ("AU26", 13, 14), ("AU45", 159, 145), ("AU45", 386, 374)])
def test_mediapipe_sees_gaps_open_and_close(see, unseen_people, name, one, other):
    relations = []
    for renderer, mesh in unseen_people:
        gaps = []
        for level in np.linspace(0.0, 5.0, 9):
            aus = intensities(**{name: level})
            gaps.append([gap(p, one, other) for p in (mesh.place(aus), see(renderer.draw(aus)))])
        relations.append(np.corrcoef(np.transpose(gaps))[0, 1])
    assert np.mean(relations) > 0.9
