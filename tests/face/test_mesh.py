"""Head coordinates: what turning, scaling and shifting leaves, on drawn people and by hand."""

from __future__ import annotations

import functools
import warnings

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from smilegenuine.datasets import make_smiles
from smilegenuine.drawing.mesh_template import load_template
from smilegenuine.face import mesh
from smilegenuine.face.mesh import EYE_CORNERS, METHODS, RIGID_POINTS, align_head

both = pytest.mark.parametrize("method", METHODS)


@functools.cache
def drawn(head_motion=1.0):
    """Landmarks of a drawn smile, in float64."""
    return make_smiles(1, 1, head_motion=head_motion, random_state=0).landmarks[0].astype(float)


def similar(landmarks, seed=0, frames=None):
    """Turned, scaled and shifted: each frame differently, or all alike (frames=1)."""
    rng = np.random.default_rng(seed)
    n = len(landmarks) if frames is None else frames
    turns = Rotation.random(n, random_state=seed).as_matrix()
    scales, shifts = rng.uniform(0.2, 5.0, (n, 1, 1)), rng.normal(0, 400, (n, 1, 3))
    return scales * (landmarks @ turns) + shifts


def mirrored(landmarks, width=160):
    """What MediaPipe sees in the mirrored picture: its left points are at the left again."""
    return landmarks[:, load_template().mirror] * (-1.0, 1.0, 1.0) + np.array([width, 0.0, 0.0])


@both
@pytest.mark.parametrize("frames", [None, 1], ids=["each frame", "the whole"])
def test_turning_scaling_and_shifting_change_nothing(method, frames):
    head = align_head(drawn(), method=method)
    np.testing.assert_allclose(align_head(similar(drawn(), 3, frames), method=method), head,
                               rtol=0, atol=1e-9)


@both
def test_the_coordinates(method):
    head = align_head(drawn(), method=method)
    left, right = head[:, EYE_CORNERS].mean(axis=2).mean(axis=0)
    np.testing.assert_allclose(left, (-0.5, 0.0, 0.0), atol=1e-12)
    np.testing.assert_allclose(right, (0.5, 0.0, 0.0), atol=1e-12)
    middle = head.mean(axis=0)
    assert middle[mesh.CHIN, 1] > middle[mesh.NOSE_TIP, 1] > 0.3 > middle[mesh.FOREHEAD_TOP, 1]
    ears = middle[[234, 454], 2].mean()
    assert middle[mesh.NOSE_TIP, 2] < ears - 0.3  # the nose is nearest to the camera


def test_published_turns_eyes_and_nose_into_one_plane_in_every_frame():
    head = align_head(drawn(), method="published")
    left, right = head[:, EYE_CORNERS].mean(axis=2).swapaxes(0, 1)
    np.testing.assert_allclose(left, np.tile((-0.5, 0.0, 0.0), (len(head), 1)), atol=1e-12)
    np.testing.assert_allclose(right, np.tile((0.5, 0.0, 0.0), (len(head), 1)), atol=1e-12)
    np.testing.assert_allclose(head[:, mesh.NOSE_TIP, 2], 0.0, atol=1e-12)
    assert (head[:, mesh.NOSE_TIP, 1] > 0.3).all()


def test_rigid_stands_upright():
    head = align_head(drawn()).mean(axis=0)
    assert head[mesh.CHIN, 2] == pytest.approx(head[mesh.FOREHEAD_TOP, 2], abs=1e-9)


def test_rigid_is_the_least_squares_fit_of_the_mean_shape():
    points = drawn() + np.random.default_rng(0).normal(0, 0.5, drawn().shape)
    shapes = points[:, RIGID_POINTS]
    shapes = shapes - shapes.mean(axis=1, keepdims=True)
    shapes /= np.linalg.norm(shapes, axis=(1, 2))[:, None, None]
    mean = shapes[0]
    for _ in range(30):
        fits = [Rotation.align_vectors(mean, s)[0] for s in shapes]
        mean = np.mean([f.apply(s) for f, s in zip(fits, shapes, strict=True)], axis=0)
        mean /= np.linalg.norm(mean)
    got = align_head(points)[:, RIGID_POINTS]
    # The same shapes but for one turn, shift and size of the whole.
    ours = got.mean(axis=0) - got.mean(axis=(0, 1))
    turn, _ = Rotation.align_vectors(mean, ours / np.linalg.norm(ours))
    unit = float(np.sum(mean * turn.apply(ours)))
    for k, (fit, shape) in enumerate(zip(fits, shapes, strict=True)):
        on_mean = fit.apply(shape)
        on_mean /= np.sum(mean * on_mean)  # the mean shape as it fits this frame has size 1
        np.testing.assert_allclose(turn.apply(got[k] - got[k].mean(axis=0)) / unit, on_mean,
                                   rtol=0, atol=1e-5)


def test_what_moves_on_a_still_head_moves_as_much_on_a_moving_one():
    still = np.repeat(drawn()[:1], 40, axis=0)
    course = np.sin(np.linspace(0, 3, 40))[:, None, None] * np.array([[3.0, -4.0, 1.0]])
    still[:, [61, 291, 50]] += course
    head = align_head(similar(still, 1))
    left, right = still[0, EYE_CORNERS].mean(axis=1)
    unit = np.linalg.norm(right - left)
    moved = np.linalg.norm(head[:, 61] - head[0, 61], axis=1) * unit
    np.testing.assert_allclose(moved, np.linalg.norm(still[:, 61] - still[0, 61], axis=1),
                               rtol=0, atol=1e-9)
    np.testing.assert_allclose(head[:, 10], head[:1, 10].repeat(40, 0), rtol=0, atol=1e-9)


def test_noise_is_not_taken_for_size():
    rng = np.random.default_rng(0)
    points = np.repeat(drawn()[:1], 400, axis=0)
    points[200:] += rng.normal(0, 1.5, (200, *points.shape[1:]))
    width = align_head(points)[:, 454, 0] - align_head(points)[:, 234, 0]
    assert width[200:].mean() == pytest.approx(width[:200].mean(), rel=0.005)


def test_rigid_is_the_calmer_one_where_points_are_noisy():
    rng = np.random.default_rng(0)
    noisy = np.repeat(drawn()[:1], 100, axis=0) + rng.normal(0, 0.5, (100, 478, 3))
    rigid, published = (align_head(noisy, method=m).std(axis=0).mean() for m in METHODS)
    assert rigid < 0.8 * published


@both
def test_a_mirrored_face_has_mirrored_coordinates(method):
    head = align_head(drawn(), method=method)
    np.testing.assert_allclose(align_head(mirrored(drawn()), method=method),
                               mirrored(head, width=0), rtol=0, atol=1e-9)


def test_a_frame_seen_inside_out_is_not_mirrored():
    points = drawn().copy()
    points[4, :, 2] *= -1.0  # no turn brings it onto the others
    head = align_head(points)
    across, down = head[:, 263] - head[:, 33], head[:, mesh.CHIN] - head[:, 168]
    forwards = head[:, mesh.NOSE_TIP] - head[:, 168]
    handed = np.sign((np.cross(across, down) * forwards).sum(axis=1))
    assert handed[4] == 1
    assert (np.delete(handed, 4) == -1).all()
    # Its size is that at which the mean shape fits best.
    shapes = head[:, RIGID_POINTS] - head[:, RIGID_POINTS].mean(axis=1, keepdims=True)
    mean = np.delete(shapes, 4, axis=0).mean(axis=0)
    assert np.sum(mean * shapes[4]) == pytest.approx(np.sum(mean**2), rel=0.01)


@both
def test_frames_without_a_face_stay_nan_and_leave_the_others_alone(method):
    holed = drawn().copy()
    holed[[0, 5, 6]] = np.nan
    seen = np.setdiff1d(np.arange(len(holed)), [0, 5, 6])
    head = align_head(holed, method=method)
    assert np.isnan(head[[0, 5, 6]]).all()
    np.testing.assert_allclose(head[seen], align_head(drawn()[seen], method=method), rtol=0,
                               atol=1e-12)
    assert np.isnan(align_head(np.full((3, 478, 3), np.nan), method=method)).all()


@both
@pytest.mark.parametrize("bad", ["one place", "one place, rounded", "on a line", "infinite"])
def test_degenerate_frames_become_nan(method, bad):
    points = drawn().copy()
    points[0] = {"one place": np.full((478, 3), 7.0),
                 "one place, rounded": 1e6 + 1e-9 * points[0],
                 "on a line": np.arange(478.0)[:, None] * np.array([[1.0, 2.0, 3.0]]) + 40.0,
                 "infinite": np.full((478, 3), np.inf)}[bad]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        head = align_head(points, method=method)
    assert np.isnan(head[0]).all()
    np.testing.assert_allclose(head[1:], align_head(drawn()[1:], method=method), atol=1e-9)


@both
def test_lines_are_no_faces_whatever_their_rounding(method):
    rng = np.random.default_rng(0)
    points = np.concatenate([
        drawn()[:1, :, :1] * rng.normal(size=(50, 1, 3)) + rng.normal(0, 9, (50, 1, 3)), drawn()])
    head = align_head(points, method=method)
    assert np.isnan(head[:50]).all()
    np.testing.assert_allclose(head[50:], align_head(drawn(), method=method), atol=1e-9)


@both
def test_eyes_in_one_place_give_nan(method):
    points = np.repeat(drawn()[:1], 4, axis=0)
    points[:, EYE_CORNERS.ravel()] = points[0, 168]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(align_head(points, method=method)).all()


@both
def test_one_infinite_point_is_nan_alone(method):
    points = drawn().copy()
    points[2, 50, 0] = np.inf  # the cheek, on which nothing leans
    head = align_head(points, method=method)
    assert np.isnan(head[2, 50]).all()
    assert np.isfinite(np.delete(head[2], 50, axis=0)).all()


@both
def test_some_points_one_frame_and_none(method):
    head = align_head(drawn(), method=method)
    np.testing.assert_array_equal(align_head(drawn(), method=method, points=np.array([61, 4])),
                                  head[:, [61, 4]])
    assert align_head(drawn()[:1], method=method)[0, 1] == pytest.approx(
        head[0, 1], abs=0.02 if method == "rigid" else 1e-12)
    assert align_head(drawn()[:0], method=method).shape == (0, 478, 3)


def test_the_input_is_left_alone():
    points = drawn().copy()
    align_head(points)
    np.testing.assert_array_equal(points, drawn())


def test_named_points_come_in_mirrored_pairs():
    template = load_template()
    names = [n.removeprefix("LEFT_") for n in vars(mesh) if n.startswith("LEFT_")]
    assert "LIP_CORNER" in names
    for name in names:
        left, right = getattr(mesh, f"LEFT_{name}"), getattr(mesh, f"RIGHT_{name}")
        assert template.mirror[left] == right, name
        assert template.points[left, 0] < 0 < template.points[right, 0], name
    for name in ("NOSE_TIP", "NOSE_ROOT", "FOREHEAD_TOP", "CHIN", "UPPER_LIP_MIDDLE"):
        assert template.mirror[getattr(mesh, name)] == getattr(mesh, name)
    assert set(template.mirror[RIGID_POINTS]) == set(RIGID_POINTS)
    assert len(set(RIGID_POINTS.tolist())) == len(RIGID_POINTS)


@pytest.mark.parametrize("shape", [(478, 3), (5, 468, 3), (5, 478, 2), (5, 478)])
def test_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match=r"landmarks must be \(T, 478, 3\), not"):
        align_head(np.zeros(shape))


def test_another_method_is_refused():
    with pytest.raises(ValueError, match="method must be one of rigid, published, not 'icp'"):
        align_head(drawn(), method="icp")
