"""Saliency of landmarks: it is the slope of the decision, on the right frames and points."""

from __future__ import annotations

import copy
import functools

import numpy as np
import pytest
import torch
from drawn import known_meshes
from registry import REGISTRY, SMALL_MESH, SMALL_TRUNK
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline

from smilegenuine import (
    Clip,
    DMarkerSVMEnsemble,
    HadaSmileNetClassifier,
    LandmarkTransformerClassifier,
    MeshSmileNetClassifier,
    RealSmileNetClassifier,
    make_system,
)
from smilegenuine.classifiers.mesh_sequences import MeshSequenceClassifier
from smilegenuine.clips.errors import ClipError
from smilegenuine.explain import LandmarkSaliency, landmark_saliency
from smilegenuine.face.mesh_regions import REGIONS

NAMES = sorted(name for name, entry in REGISTRY.items()
               if isinstance(entry.make(), MeshSequenceClassifier))
# On lips, nose, cheeks and chin: moving them does not move the head's place.
POINTS = (0, 17, 61, 291, 13, 14, 1, 4, 50, 280, 199)


@functools.cache
def fitted(name: str):
    smiles = known_meshes(4, 2, random_state=3)
    clf = REGISTRY[name].make()
    if name == "PSTNetClassifier":
        clf.set_params(radius=1.0)  # so few points have no neighbours otherwise
    return clf.fit(smiles.data, smiles.target)


@functools.cache
def smooth(**params):
    """A fitted network without any choices in it, in which moving a point moves nothing else."""
    smiles = known_meshes(4, 2, random_state=3)
    clf = LandmarkTransformerClassifier(**{
        "points": POINTS, "head_motion": True, "exaggeration": 1.0, "n_frames": 6,
        "n_windows": 3, "n_hidden": 8, "lr": 0.01, "max_epochs": 5,
        "validation_fraction": None, "random_state": 0, **params})
    return clf.fit(smiles.data, smiles.target)


def a_clip(n: int | None = None) -> Clip:
    clip = known_meshes(4, 2, random_state=3).data[1]
    return Clip(landmarks=np.asarray(clip.landmarks, float)[:n], times=clip.times[:n], name="this")


def slope(clf, clip: Clip, found: LandmarkSaliency, rows, columns, h: float = 0.02) -> float:
    """How the decision changes where points move on as they have moved from their baseline."""
    landmarks = np.asarray(clip.landmarks)
    rest = landmarks[found.frames[0]] if found.baseline == "first" else \
        landmarks[found.frames].mean(axis=0)
    change = np.zeros_like(landmarks)
    where = np.ix_(found.frames[rows], found.points[columns])
    change[where] = (landmarks - rest)[where]
    moved = [clip.replace(landmarks=landmarks + sign * h * change) for sign in (1, -1)]
    more, less = clf.decision_function(moved)
    return (more - less) / (2 * h)


def check_slopes(clf, clip: Clip, **params) -> LandmarkSaliency:
    """Compare all that a saliency says, by frames and by points, with central differences."""
    found, = landmark_saliency(clf, [clip], n_steps=1, **params)
    seen = np.flatnonzero(np.isfinite(found.by_frame()))
    points = np.arange(len(found.points))
    by_frame = [slope(clf, clip, found, [k], points) for k in seen]
    by_point = [slope(clf, clip, found, seen, [k]) for k in points]
    for values, slopes in ((found.by_frame()[seen], by_frame), (found.by_point(), by_point)):
        np.testing.assert_allclose(values, slopes, rtol=1e-2, atol=1e-2 * np.abs(slopes).max())
    assert np.abs(by_frame).max() > 1e-4
    return found


class TestAllNetworks:
    @pytest.mark.parametrize("name", NAMES)
    def test_it_is_of_the_decision(self, name):
        clf, clips = fitted(name), known_meshes(4, 2, random_state=3).data[:3]
        all_found = landmark_saliency(clf, clips, n_steps=2)
        np.testing.assert_allclose([f.decision for f in all_found], clf.decision_function(clips),
                                   atol=1e-5)
        for found, clip in zip(all_found, clips, strict=True):
            assert found.values.shape == (len(found.frames), clf.n_points_)
            np.testing.assert_array_equal(found.points, SMALL_MESH["points"])
            np.testing.assert_array_equal(found.times, clip.times[found.frames])
            assert (np.diff(found.frames) > 0).all()
            assert found.label == clip.label
            seen = np.isfinite(found.values)
            assert (seen.any(axis=1) == seen.all(axis=1)).all()
            assert np.abs(found.values[seen]).max() > 0

    @pytest.mark.parametrize("name", [
        pytest.param(name, marks=[pytest.mark.slow] * name.startswith("MeshSmileNet"))
        for name in NAMES])
    def test_all_windows_at_once_give_the_same(self, name):
        clf, clip = fitted(name), a_clip()
        found, = landmark_saliency(clf, [clip], baseline="mean", n_steps=1)
        named = {k: torch.tensor(v)[None] for k, v in clf.network_input(clip).items()}
        sequence = named.pop("x")[0].requires_grad_()
        rows = clf.window_rows(len(sequence))
        clf.net_.module_.eval()(x=sequence[torch.tensor(rows)][None], **named).backward()
        whole = ((sequence - sequence.mean(0)) * sequence.grad).sum(2).detach().numpy()
        scale = np.abs(whole).max()
        np.testing.assert_allclose(np.nan_to_num(found.values), whole, atol=1e-4 * scale)

    def test_the_message_names_them_all(self):
        with pytest.raises(ValueError, match="not RealSmileNetClassifier") as caught:
            landmark_saliency(RealSmileNetClassifier(), [a_clip()])
        for name in NAMES:
            assert name in str(caught.value)


class TestSlopes:
    @pytest.mark.parametrize("baseline", ["first", "mean"])
    def test_central_differences(self, baseline):
        found = check_slopes(smooth(), a_clip(), baseline=baseline)
        assert found.baseline == baseline

    def test_a_single_point_in_a_single_frame(self):
        clf, clip = smooth(), a_clip()
        found, = landmark_saliency(clf, [clip], n_steps=1)
        row, column = np.unravel_index(np.nanargmax(np.abs(found.values)), found.values.shape)
        assert slope(clf, clip, found, [row], [column], h=0.1) == pytest.approx(
            found.values[row, column], rel=1e-2)

    def test_windows_that_overlap(self):
        """Nine frames in three windows of six: those in the middle count three times."""
        clip = a_clip(23)  # at 25 frames a second
        found = check_slopes(smooth(), clip)
        assert len(found.frames) == 9

    def test_a_clip_shorter_than_a_window(self):
        found = check_slopes(smooth(), a_clip(8))
        assert len(found.frames) == 3

    def test_one_frame(self):
        clip = a_clip(1).replace(times=None, fps=25)
        found, = landmark_saliency(smooth(), [clip])
        np.testing.assert_array_equal(found.values, np.zeros((1, len(POINTS))))
        assert found.decision == pytest.approx(smooth().decision_function([clip])[0], abs=1e-5)

    def test_frames_without_a_face(self):
        clip = a_clip()
        valid = np.ones(len(clip.times), bool)
        valid[10:23] = valid[0] = False
        landmarks = np.array(clip.landmarks)
        landmarks[15:20] = np.nan
        found = check_slopes(smooth(), clip.replace(landmarks=landmarks, valid=valid))
        assert valid[found.frames].all()
        assert len(found.frames) < len(landmark_saliency(smooth(), [clip])[0].frames)

    def test_frames_whose_points_do_not_span_a_face(self):
        clf, clip = smooth(head_motion=False), a_clip()
        whole, = landmark_saliency(clf, [clip])
        landmarks = np.array(clip.landmarks)
        landmarks[whole.frames[3]] = 7.0
        found, = landmark_saliency(clf, [clip.replace(landmarks=landmarks)])
        np.testing.assert_array_equal(found.frames, np.delete(whole.frames, 3))
        assert len(found.values) == len(found.frames)

    def test_another_frame_rate(self):
        clip = a_clip()
        half = Clip(landmarks=clip.landmarks[::2], times=clip.times[::2])
        found = check_slopes(smooth(rate=5.0), half)
        assert found.frames.max() < len(half.times)

    def test_integrated_gradients_add_up(self):
        clf, clip = smooth(), a_clip()
        found, = landmark_saliency(clf, [clip], n_steps=30)
        still = np.array(clip.landmarks)
        still[:, POINTS] = still[0, POINTS]
        at_rest = clf.decision_function([clip.replace(landmarks=still)])[0]
        assert found.baseline_decision == pytest.approx(at_rest, abs=1e-5)
        assert found.decision == pytest.approx(clf.decision_function([clip])[0], abs=1e-6)
        assert found.decision - at_rest == pytest.approx(np.nansum(found.values), rel=1e-3)
        plain, = landmark_saliency(clf, [clip], n_steps=1)
        assert np.nansum(plain.values) != pytest.approx(np.nansum(found.values), rel=1e-2)


class TestWhereItPoints:
    def test_unseen_frames(self):
        clf, clip = smooth(n_windows=1), a_clip()
        found, = landmark_saliency(clf, [clip])
        unseen = np.isnan(found.by_frame())
        n, first = len(unseen), round((len(unseen) - 6) / 2)
        np.testing.assert_array_equal(np.flatnonzero(~unseen), np.arange(first, first + 6))
        assert n > 12
        assert np.isfinite(found.by_point()).all()

    def test_a_network_that_sees_nothing_but_lips(self):
        clf = copy.deepcopy(smooth(points="all"))
        lips = np.zeros((478, 3), bool)
        lips[REGIONS["lips"]] = True
        weight = clf.net_.module_.project.weight
        weight.data[:, torch.tensor(~lips.ravel())] = 0.0
        found, = landmark_saliency(clf, [a_clip()])
        by_region = found.by_region(signed=False)
        assert by_region["lips"] > 1e-4
        assert (by_region.drop("lips") == 0).all()
        assert not found.by_point()[~lips[:, 0]].any()

    def test_a_network_that_has_learnt_the_lips(self):
        """Noise all over the face, and in one class a mouth that gets wider."""
        rng = np.random.default_rng(0)
        face, y = np.asarray(a_clip().landmarks)[0], np.tile([0, 1], 20)
        meshes = face + rng.normal(0, 0.3, (40, 12, 478, 3))
        wide = np.sign(face[REGIONS["lips"], 0] - face[0, 0]) * 2.0
        for mesh in meshes[1::2]:
            mesh[6:, REGIONS["lips"], 0] += wide
        clips = [Clip(landmarks=mesh, fps=10, subject=f"s{i // 2}")
                 for i, mesh in enumerate(meshes)]
        clf = LandmarkTransformerClassifier(
            tuple(range(0, 478, 6)), head_motion=True, exaggeration=1.0, n_frames=12, n_windows=1,
            n_hidden=8, n_layers=1, lr=3e-3, max_epochs=15, batch_size=4, validation_fraction=None,
            random_state=0)
        clf.fit(clips, y)
        assert clf.score(clips, y) > 0.9
        found = landmark_saliency(clf, clips[1::2], n_steps=64)
        per_point = np.abs(np.mean([f.by_point() for f in found], axis=0))
        on_lips = np.isin(found[0].points, REGIONS["lips"])
        assert per_point[on_lips].mean() > 3 * per_point[~on_lips].mean()
        by_frame = np.mean([f.by_frame() for f in found], axis=0)
        assert (by_frame[6:] > 0).all()
        assert by_frame[6:].mean() > 5 * np.abs(by_frame[:6]).mean()
        # A sure network is steep in a few places only: single clips come out less exactly.
        assert np.mean([np.nansum(f.values) for f in found]) == pytest.approx(
            np.mean([f.decision - f.baseline_decision for f in found]), rel=0.05)

    @pytest.mark.filterwarnings("ignore:with fusion='cross_attention'")
    def test_markers_do_not_count(self):
        """In this fusion landmarks do nothing but through the markers, which are left as they are.
        """
        smiles = known_meshes(4, 2, random_state=3)
        clf = HadaSmileNetClassifier("cross_attention", **SMALL_TRUNK)
        found, = landmark_saliency(clf.fit(smiles.data, smiles.target), smiles.data[:1], n_steps=2)
        assert not np.nan_to_num(found.values).any()

    def test_positive_speaks_for_the_second_class(self):
        smiles = known_meshes(4, 2, random_state=3)
        words = np.array(["b_genuine", "a_fake"])[1 - smiles.target]
        clf = copy.deepcopy(smooth()).fit(smiles.data, words)
        found, = landmark_saliency(clf, [a_clip()])
        assert list(found.classes) == ["a_fake", "b_genuine"]


class TestSummaries:
    found = LandmarkSaliency(
        np.array([[1.0, -2.0, 3.0], [np.nan] * 3, [-4.0, 5.0, 0.5]]), np.array([0, 2, 4]),
        np.array([0.0, 0.1, 0.2]), np.array([0, 17, 50]), 0.5, 0.1, np.array([0, 1]), "first",
        "clip")

    def test_by_point(self):
        np.testing.assert_array_equal(self.found.by_point(), [-3.0, 3.0, 3.5])
        np.testing.assert_array_equal(self.found.by_point(signed=False), [5.0, 7.0, 3.5])

    def test_by_frame(self):
        np.testing.assert_array_equal(self.found.by_frame(), [2.0, np.nan, 1.5])
        np.testing.assert_array_equal(self.found.by_frame(signed=False), [6.0, np.nan, 9.5])

    def test_by_region(self):
        assert self.found.by_region().to_dict() == {"lips": 0.0, "left cheek": 3.5}
        assert self.found.by_region(signed=False).to_dict() == {"lips": 12.0, "left cheek": 3.5}


class TestPipelines:
    def test_steps_before_are_applied(self):
        clf, clip = fitted("MeshSmileNetClassifier"), a_clip()
        system = make_system("meshsmilenet")
        system.steps[-1] = ("meshsmilenet", clf)
        of_system, = landmark_saliency(system, [clip], n_steps=2)
        alone, = landmark_saliency(clf, [clip], n_steps=2)
        np.testing.assert_array_equal(of_system.values, alone.values)

    def test_a_single_step(self):
        clf, clip = fitted("PSTNetClassifier"), a_clip()
        of_system, = landmark_saliency(Pipeline([("net", clf)]), [clip])
        np.testing.assert_array_equal(of_system.values, landmark_saliency(clf, [clip])[0].values)

    def test_a_system_without_a_network(self):
        system = make_system("dmarkers")
        with pytest.raises(ValueError, match=f"not {DMarkerSVMEnsemble.__name__}"):
            landmark_saliency(system, [a_clip()])


class TestNothingIsChanged:
    @pytest.mark.parametrize("name", ["MeshSmileNetClassifier", "LandmarkTransformerClassifier"])
    def test_classifier_and_random_state(self, name):
        clf, clip = fitted(name), a_clip()
        module = clf.net_.module_
        before = {k: w.clone() for k, w in module.state_dict().items()}
        gradients = [None if w.grad is None else w.grad.clone() for w in module.parameters()]
        landmarks, params = np.array(clip.landmarks), clf.get_params()
        state, threads = torch.get_rng_state(), torch.get_num_threads()
        first, = landmark_saliency(clf, [clip], n_steps=2)
        with torch.no_grad():
            again, = landmark_saliency(clf, [clip], n_steps=2)
        np.testing.assert_array_equal(first.values, again.values)
        assert all(torch.equal(before[k], w) for k, w in module.state_dict().items())
        for w, gradient in zip(module.parameters(), gradients, strict=True):
            assert (w.grad is None) if gradient is None else torch.equal(w.grad, gradient)
        assert clf.get_params() == params
        assert torch.equal(state, torch.get_rng_state())
        assert torch.get_num_threads() == threads
        assert not module.training
        np.testing.assert_array_equal(landmarks, clip.landmarks)

    def test_dropout_is_off(self):
        clf, clip = fitted("MeshSmileNetClassifier"), a_clip()
        first, = landmark_saliency(clf, [clip], n_steps=1)
        clf.net_.module_.train()
        again, = landmark_saliency(clf, [clip], n_steps=1)
        np.testing.assert_array_equal(first.values, again.values)


class TestRefusals:
    def test_not_fitted(self):
        with pytest.raises(NotFittedError):
            landmark_saliency(MeshSmileNetClassifier(), [a_clip()])

    def test_a_class(self):
        with pytest.raises(ValueError, match=r"explains .* not MeshSmileNetClassifier"):
            landmark_saliency(MeshSmileNetClassifier, [a_clip()])

    def test_baseline(self):
        with pytest.raises(ValueError, match="baseline must be one of first, mean, not 'zero'"):
            landmark_saliency(smooth(), [a_clip()], baseline="zero")

    @pytest.mark.parametrize("n_steps", [0, 2.5])
    def test_n_steps(self, n_steps):
        with pytest.raises(ValueError, match="n_steps must be"):
            landmark_saliency(smooth(), [a_clip()], n_steps=n_steps)

    def test_no_landmarks(self):
        with pytest.raises(ClipError, match=r"calm: .*needs `landmarks`; run FaceLandmarks"):
            landmark_saliency(smooth(), [Clip(aus=np.zeros((9, 17)), fps=25, name="calm")])

    def test_no_face_in_any_frame(self):
        clip = a_clip().replace(valid=np.zeros(len(a_clip().times), bool))
        with pytest.raises(ClipError, match="this: no frame is valid"):
            landmark_saliency(smooth(), [clip])

    def test_parameters_changed_since(self):
        clf = copy.deepcopy(smooth()).set_params(points=POINTS[:-1])
        with pytest.raises(ValueError, match="was fitted on 11 points"):
            landmark_saliency(clf, [a_clip()])
