"""A model asked while somebody smiles: what it is asked, when, and what is remembered."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from drawn import known_clips, known_meshes
from landmarker import NEEDS_MODEL, model
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from smilegenuine import (
    AUDA,
    AUDASVMEnsemble,
    Clip,
    ClipTransformer,
    DMarkers,
    FaceAligner,
    FaceLandmarks,
    HOGActionUnits,
    LBPSmileIntensity,
)
from smilegenuine.classifiers.opening import open_system
from smilegenuine.clips.au_table import AU_NAMES
from smilegenuine.face.landmarker import Seen
from smilegenuine.live import LiveDecision
from smilegenuine.live.live_decision import WAITING
from smilegenuine.live.smile_detection import part_of

AU12 = AU_NAMES.index("AU12")


def watch(live, film, shift: float = 0.0) -> list:
    pictures, times = film
    return [live.update(picture, time + shift) for picture, time in
            zip(pictures, times, strict=True)]


class TestASmile:
    @pytest.fixture
    def live(self, system) -> LiveDecision:
        return LiveDecision(system)

    def test_from_rest_to_rest(self, live, film):
        moments = watch(live, film)
        assert moments[0].reason == "measuring"
        assert moments[0].measuring
        phases = [m.phase for m in moments]
        order = list(dict.fromkeys(phases))
        assert order == ["", "onset", "apex", "offset"]
        resting = [m for m in moments if m.phase == "" and m.face]
        assert {m.reason for m in resting} == {"no smile yet"}
        assert all(np.isnan(m.since) and m.measuring for m in resting)
        smiling = [m for m in moments if m.phase]
        assert all(m.reason == "" and 0 < m.probability < 1 for m in smiling)
        since = [m.since for m in smiling]
        assert since[-1] > 1.0
        assert max(m.smile for m in smiling) > max(m.smile for m in resting)
        assert max(m.aus[AU12] for m in smiling) > 1.0 > max(m.aus[AU12] for m in resting)
        last = live.finish()
        smile, = live.smiles
        assert smile.decision == live.classes_[int(smile.probability > 0.5)]
        assert film[1][0] + 0.8 < smile.begin < smile.end <= film[1][-1]
        assert last.time == film[1][-1]

    def test_agrees_with_the_recording(self, live, film, system):
        """The same smile, cut out and measured at leisure, all of it in view."""
        pictures, times = film
        watch(live, film)
        live.finish()
        clip = Clip(frames=np.stack(pictures), times=times)
        (offline,) = open_system(system).measure([clip])
        both = offline.mask & live.clip_.mask
        assert both.mean() > 0.9
        np.testing.assert_array_equal(live.clip_.times, offline.times)
        for field, least in (("smile", 0.98), ("aus", 0.95)):
            a, b = (np.asarray(getattr(c, field))[both] for c in (offline, live.clip_))
            a, b = (v if v.ndim == 1 else v[:, AU12] for v in (a, b))
            assert np.corrcoef(a, b)[0, 1] > least
        smile, = live.smiles
        part = part_of(offline, smile.begin - live.lead, smile.end + live.settle)
        assert smile.probability == pytest.approx(system[-1].predict_proba([part])[0, 1], abs=0.05)
        assert abs(smile.probability - 0.5) > 0.05

    def test_what_is_kept_of_a_frame_is_what_the_steps_would_measure(self, film, system):
        """On the very same chips, the steps themselves give the same numbers."""
        for neutral in ("rest", "median", "none"):
            opened = open_system(system)
            head, tail = [step for _, step in opened.steps], opened.decider
            units = head[2]
            head[2] = units.__class__(neutral=neutral)
            head[2].coef_, head[2].intercept_ = units.coef_, units.intercept_
            live = LiveDecision(Pipeline([("f", head[0]), ("s", head[1]), ("a", head[2]),
                                          ("e", tail)]))
            watch(live, (film[0][:40], film[1][:40]))
            live.finish()
            known = live.clip_
            (again,) = opened._replace(steps=tuple(zip("sa", head[1:], strict=True))).measure(
                [known.replace(smile=None, aus=None)])
            np.testing.assert_allclose(known.smile, again.smile, atol=1e-5)
            np.testing.assert_allclose(known.aus, again.aus, atol=1e-4)

    def test_each_frame_is_measured_once(self, live, film, monkeypatch):
        counts = {"patterns": 0, "gradients": 0}

        def count(step, name):
            original = step.look

            def look(self, chips):
                counts[name] += len(chips)
                return original(self, chips)

            monkeypatch.setattr(step, "look", look)

        count(HOGActionUnits, "gradients")
        count(LBPSmileIntensity, "patterns")
        watch(live, film)
        live.finish()
        assert counts == {"patterns": len(film[0]), "gradients": len(film[0])}

    @pytest.mark.slow
    def test_two_smiles(self, live, film):
        watch(live, film)
        gone = film[1][-1] + 1 / 15
        moments = watch(live, film, shift=gone)
        live.finish()
        first, second = live.smiles
        assert first.end < second.begin
        assert second.begin == pytest.approx(first.begin + gone, abs=0.3)
        assert "no smile yet" in {m.reason for m in moments}

    def test_the_face_goes(self, live, film, empty):
        pictures, times = film
        smiling = next(i for i, m in enumerate(watch(LiveDecision(live.model), film))
                       if m.phase == "apex") + 3
        rest = [empty] * 30
        moments = watch(live, (pictures[:smiling] + rest,
                               np.arange(smiling + len(rest)) / 15))
        assert moments[-1].reason == "no face"
        assert moments[-1].box is None
        assert moments[-1].aus is None
        smile, = live.smiles
        assert not smile.whole
        assert smile.end <= times[smiling]
        assert not np.isnan(smile.probability)

    def test_a_pause_is_another_recording(self, live, film):
        watch(live, film)
        said = live.update(film[0][0], film[1][-1] + 2.0)
        assert said.reason == "measuring"
        assert len(live.smiles) == 1
        assert len(live._measuring.trail) == 0

    def test_frames_at_uneven_times(self, live, film):
        """Every third frame is missing, and clocks jitter."""
        pictures, times = film
        kept = np.arange(len(times)) % 3 > 0
        times = times + np.random.default_rng(0).uniform(-0.01, 0.01, len(times))
        watch(live, ([p for p, k in zip(pictures, kept, strict=True) if k], times[kept]))
        live.finish()
        smile, = live.smiles
        assert np.isfinite(smile.probability)

    @pytest.mark.slow
    def test_memory_is_bounded(self, system, film):
        live = LiveDecision(system, window=2.0, every=0.5)
        for k in range(2):
            watch(live, film, shift=k * (film[1][-1] + 1 / 15))
        most = round(2.0 * 15) + 2
        scene = live._measuring.chips.finder.scene
        assert len(live._measuring.trail) <= most
        assert all(len(track.index) <= most + 5 for track in scene.tracks)
        assert len(live._measuring.chips._waiting) <= 4


class TestOtherModels:
    def test_of_which_nobody_knows_where_a_smile_begins(self, film, system):
        """It is asked about the whole window."""
        class Bright(LogisticRegression):
            def predict_proba(self, X):
                return super().predict_proba([[clip.faces.mean()] for clip in X])

        tail = Bright().fit([[0.0], [100.0]], [0, 1])
        live = LiveDecision(Pipeline([("faces", system[0]), ("bright", tail)]))
        moments = watch(live, film)
        live.finish()
        assert live.smiles == []
        assert live.curve_ is None
        last = moments[-1]
        assert (last.phase, last.reason) == ("", "")
        assert last.probability > 0.5
        assert np.isnan(last.smile)

    def test_steps_that_are_not_known_see_the_pictures(self, film):
        """And run over the window."""
        class Glow(ClipTransformer):
            adds = ("aus",)
            reads = ("frames",)
            lengths: list[int] = []

            def transform_clip(self, clip):
                red = np.array([float(frame[..., 0].mean()) for frame in clip.frames])
                self.lengths.append(len(red))
                aus = np.zeros((len(red), len(AU_NAMES)))
                aus[:, AU12] = red / 60.0
                return clip.replace(aus=aus)

        known = known_clips(8, 2, random_state=2)
        tail = AUDASVMEnsemble(levels=("au",), cv=2).fit(known.data, known.target)
        live = LiveDecision(Pipeline([("glow", Glow()), ("tail", tail)]), window=2.0)
        pictures = [np.full((8, 8, 3), v, np.uint8) for v in
                    np.r_[np.full(30, 20), np.linspace(20, 220, 15), np.full(30, 220)]]
        moments = watch(live, (pictures, np.arange(len(pictures)) / 25))
        assert {"onset", "apex"} <= {m.phase for m in moments}
        assert max(Glow.lengths) <= 51

    def test_one_that_abstains(self, system, film):
        class Unsure(type(system[-1])):
            def decide(self, X):
                return np.array(["cannot tell"] * len(X), dtype=object)

        unsure = Unsure().fit([], ["posed", "spontaneous"])
        live = LiveDecision(Pipeline([*system.steps[:-1], ("unsure", unsure)]))
        moments = watch(live, (film[0][:40], film[1][:40]))
        assert {m.decision for m in moments} == {None, "cannot tell"}
        assert all((m.decision is None) == m.measuring for m in moments)
        live.finish()
        assert live.smiles[0].decision == "cannot tell"
        assert 0 < live.smiles[0].probability < 1

    def test_a_model_of_tables(self, film):
        known = known_clips(8, 2, random_state=2)
        live = LiveDecision(AUDASVMEnsemble(levels=("au",), cv=2).fit(known.data, known.target))
        moments = watch(live, (film[0][:20], film[1][:20]))
        assert moments[-1].measuring
        assert moments[-1].reason.startswith("AUDA needs `aus`")
        assert moments[-1].reason not in WAITING

    @pytest.mark.parametrize(("wrong", "error", "message"), [
        (AUDA(), TypeError, "must be a fitted classifier, not AUDA"),
        (make_pipeline(AUDA(), LinearSVC(C=1e-4)), TypeError, "LinearSVC gives no probabilities")])
    def test_no_model(self, wrong, error, message):
        if isinstance(wrong, Pipeline):
            known = known_clips(3, 2)
            wrong.fit(known.data, known.target)
        with pytest.raises(error, match=message):
            LiveDecision(wrong)

    @pytest.mark.parametrize(("params", "message"), [
        ({"window": 0.5}, "window must be at least 1 s"), ({"every": -1}, "every must be a number"),
        ({"window": 2, "delay": 3}, "longer than delay"), ({"lead": "1"}, "lead must be")])
    def test_parameters(self, system, params, message):
        with pytest.raises(ValueError, match=message):
            LiveDecision(system, **params)


class TestFrames:
    @pytest.mark.parametrize(("frame", "message"), [
        (np.zeros(4, np.uint8), "must be one picture"), ("frame", "must be one picture"),
        (np.zeros((4, 4, 2), np.uint8), "must be one picture"),
        (np.full((4, 4, 3), 9.0), "must lie within 0 and 1")])
    def test_no_picture(self, system, frame, message):
        with pytest.raises(ValueError, match=message):
            LiveDecision(system).update(frame, 0.0)

    def test_grey_and_alpha(self, system, empty):
        live = LiveDecision(system)
        for k, frame in enumerate((empty, empty[:, :, 0], empty[:, :, :1], empty / 255.0,
                                   np.dstack([empty, empty[:, :, 0]]), empty[:7, :9])):
            assert live.update(frame, k / 25).box is None

    def test_times_that_go_back(self, system, empty):
        live = LiveDecision(system)
        live.update(empty, 1.0)
        for time in (1.0, 0.5):
            with pytest.raises(ValueError, match=r"came after one at 1\.000 s.*call reset"):
                live.update(empty, time)
        with pytest.raises(TypeError, match="time must be a number of seconds"):
            live.update(empty, np.nan)
        live.reset()
        assert live.update(empty, 0.0).time == 0.0

    def test_nothing_at_all(self, system):
        live = LiveDecision(system)
        assert np.isnan(live.finish().time)
        live.reset()
        live.close()
        live.close()
        assert live.smiles == []


class Looks:
    """In place of MediaPipe: the true mesh of a drawn smile, frame by frame."""

    mesh = np.empty(0)
    others: int = 0

    def __init__(self):
        self.i = -1

    def look(self, picture, time):
        self.i += 1
        if np.isnan(self.mesh[self.i]).any():
            return []
        found = [Seen(self.mesh[self.i], np.zeros(52, np.float32), np.eye(4, dtype=np.float32))]
        small = Seen(0.3 * self.mesh[self.i] + 200, found[0].blendshapes, found[0].pose)
        return [small] * self.others + found

    def close(self):
        pass


@functools.cache
def by_markers() -> Pipeline:
    """Fitted on the D-Markers of a few known meshes."""
    meshes = known_meshes(4, 2, random_state=3)
    return make_pipeline(DMarkers(), StandardScaler(), LogisticRegression()).fit(
        meshes.data, meshes.target)


class TestLandmarks:
    @pytest.fixture
    def looks(self, monkeypatch):
        monkeypatch.setattr(FaceLandmarks, "looker", lambda _: Looks())
        return FaceLandmarks()

    @pytest.mark.parametrize("others", [0, 1])
    def test_markers_of_the_mesh(self, looks, monkeypatch, others):
        """Landmarks and decision are those of the recording; whoever is smaller does not count."""
        meshes = known_meshes(4, 2, random_state=3)
        tail = by_markers()
        clip = meshes.data[1]
        monkeypatch.setattr(Looks, "mesh", np.asarray(clip.landmarks))
        monkeypatch.setattr(Looks, "others", others)
        live = LiveDecision(Pipeline([("landmarks", looks), ("tail", tail)]))
        picture = np.zeros((160, 160, 3), np.uint8)
        moments = [live.update(picture, t) for t in clip.times]
        live.finish()
        monkeypatch.setattr(FaceLandmarks, "look", lambda self, frames, rate: [
            [Seen(mesh, np.zeros(52), np.eye(4))] for mesh in Looks.mesh])
        offline = looks.transform([Clip(frames=np.zeros((len(clip.times), 4, 4), np.uint8),
                                        times=clip.times)])[0]
        np.testing.assert_allclose(live.clip_.landmarks, offline.landmarks, atol=1e-3)
        assert "apex" in {m.phase for m in moments}
        x, y = moments[-1].box.min(axis=0)
        assert x < Looks.mesh[-1, :, 0].min()
        assert y < Looks.mesh[-1, :, 1].min()
        smile = live.smiles[-1]
        if smile.begin <= clip.times[0] + live.lead and not smile.whole:
            expected = tail.predict_proba([offline])[0, 1]
            assert smile.probability == pytest.approx(expected, abs=1e-3)

    def test_chips_by_landmarks(self, looks, monkeypatch, system):
        meshes = known_meshes(4, 2, random_state=3)
        clip = meshes.data[1]
        hidden = np.array(clip.landmarks)
        hidden[10:14] = np.nan
        monkeypatch.setattr(Looks, "mesh", hidden)
        aligner = FaceAligner(size=64, detector="mediapipe")
        live = LiveDecision(Pipeline([("landmarks", looks), ("faces", aligner),
                                      ("smile", system[1]), ("aus", system[2]),
                                      ("tail", system[3])]))
        rng = np.random.default_rng(0)
        pictures = rng.integers(0, 255, (len(clip.times), 160, 160, 3), dtype=np.uint8)
        for picture, t in zip(pictures, clip.times, strict=True):
            moment = live.update(picture, t)
        live.finish()
        assert moment.box is not None
        assert (~live.clip_.mask).nonzero()[0].tolist() == [10, 11, 12, 13]
        bare = clip.replace(frames=pictures, landmarks=live.clip_.landmarks)
        offline = aligner.transform([bare])[0]
        apart = np.abs(np.asarray(offline.faces, float) - np.asarray(live.clip_.faces, float))
        assert apart[live.clip_.mask].mean() < 6.0  # of noise between 0 and 255

    def test_without_mediapipe(self, monkeypatch):
        def missing():
            raise ImportError("needs MediaPipe")

        monkeypatch.setattr("smilegenuine.face.landmarker.load_mediapipe", missing)
        tail = by_markers()
        with pytest.raises(ImportError, match="needs MediaPipe"):
            LiveDecision(Pipeline([("landmarks", FaceLandmarks()), ("tail", tail)]))


@pytest.mark.parametrize("max_faces", [1, 2])
class TestMediaPipe:
    pytestmark = NEEDS_MODEL

    def test_looks(self, film, max_faces):
        """Frame by frame MediaPipe says what it says of the recording."""
        pictures, times = film
        step = FaceLandmarks(model=model(), max_faces=max_faces, smooth=0.0)
        pictures, times = pictures[:20], times[:20]
        offline = step.transform([Clip(frames=np.stack(pictures), times=times)])[0]
        with LiveDecision(Pipeline([("landmarks", step), ("tail", by_markers())])) as live:
            watch(live, (pictures, times))
            live.finish()
            np.testing.assert_allclose(live.clip_.landmarks, offline.landmarks, atol=1e-4)
            np.testing.assert_allclose(live.clip_.blendshapes, offline.blendshapes, atol=1e-6)
