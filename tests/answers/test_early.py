"""What a model says of the beginning of a clip, and how often it is right about it."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
from drawn import known_meshes
from scipy.special import expit
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from smilegenuine import AUDA, AUDASVMEnsemble, Clip, ClipError, ClipTransformer, DMarkers
from smilegenuine.answers import early_accuracy, early_decision
from smilegenuine.answers.beginnings import first_part
from smilegenuine.answers.early_accuracy import COLUMNS, subject_interval
from smilegenuine.certainty.calibration import CalibratedSystem
from smilegenuine.certainty.conformal import SubjectConformalClassifier
from smilegenuine.classifiers.opening import open_system
from smilegenuine.clips.au_table import AU_NAMES
from smilegenuine.clips.video import ArrayFrames
from smilegenuine.datasets import make_smile_signals
from smilegenuine.features.clip_phases import phases_of, smile_level

AU12 = AU_NAMES.index("AU12")


@functools.cache
def smiles():
    """Thirty-two clips of eight people; their last two are not learnt from."""
    return make_smile_signals(8, 4, fps=25, random_state=3)


@functools.cache
def svm() -> AUDASVMEnsemble:
    return AUDASVMEnsemble(levels=("au",), cv=2).fit(smiles().data[:24], smiles().target[:24])


class Peeking(ClipTransformer):
    """Smile intensity as a share of the clip's largest AU12, wherever that is."""

    adds = ("smile",)
    reads = ("aus",)

    def transform_clip(self, clip: Clip) -> Clip:
        level = clip.aus[:, AU12]
        return clip.replace(smile=level / level.max() if level.max() else level)


class Measuring(ClipTransformer):
    """AU12 as bright as the pictures; learns nothing, and counts what it measured."""

    adds = ("aus",)
    reads = ("frames",)
    measured: list[int] = []

    def transform_clip(self, clip: Clip) -> Clip:
        bright = np.array([frame.mean() / 50.0 for frame in clip.frames])
        self.measured.append(len(bright))
        aus = np.zeros((len(bright), len(AU_NAMES)))
        aus[:, AU12] = bright
        return clip.replace(aus=aus)


class Mean(LogisticRegression):
    """Decides by the mean smile intensity of a clip."""

    def _mean(self, clips):
        return np.array([[np.mean(clip.smile)] for clip in clips])

    def fit(self, X, y):
        return super().fit(self._mean(X), y)

    def decision_function(self, X):
        return super().decision_function(self._mean(X))

    def predict_proba(self, X):
        p = expit(self.decision_function(X))
        return np.column_stack([1 - p, p])

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def without_smiles() -> list[Clip]:
    return [clip.replace(smile=None) for clip in smiles().data]


class TestFirstPart:
    def test_every_field_is_cut(self):
        clip = known_meshes(1, 2, random_state=3).data[0]
        n = clip.n_frames
        clip = clip.replace(aus=np.ones((n, 17)), smile=np.arange(n), valid=np.arange(n) % 2,
                            faces=np.zeros((n, 4, 4, 3), np.uint8),
                            blendshapes=np.zeros((n, 52)), head_pose=np.zeros((n, 4, 4)),
                            frames=ArrayFrames(np.zeros((n, 8, 8, 3), np.uint8)))
        part = first_part(clip, until=clip.times[9])
        assert part.n_frames == len(part.times) == len(list(part.frames)) == 10
        known = part.known()
        for field in ("landmarks", "aus", "smile", "valid", "faces", "blendshapes", "head_pose"):
            np.testing.assert_array_equal(known[field], getattr(clip, field)[:10])

    def test_ends(self):
        clip = Clip(aus=np.zeros((20, 17)), times=3.0 + np.arange(20) / 10)
        assert first_part(clip, until=2.99) is None
        assert first_part(clip, until=3.0).n_frames == 1
        assert first_part(clip, until=3.0).fps == pytest.approx(10)
        assert first_part(clip, until=3.1 - 1e-9).n_frames == 2
        assert first_part(clip, until=99) is clip

    def test_frames_of_a_video_are_read_so_far_only(self):
        read = []

        class Film(ArrayFrames):
            def __iter__(self):
                for i, frame in enumerate(super().__iter__()):
                    read.append(i)
                    yield frame

        clip = Clip(frames=Film(np.zeros((9, 8, 8, 3), np.uint8)), fps=10)
        assert len(list(first_part(clip, until=0.31).frames)) == 4
        assert max(read) == 3


class TestSmileLevel:
    def test_what_is_known_of_it(self):
        clip = smiles().data[0]
        assert smile_level(clip).kind == "smile"
        np.testing.assert_array_equal(smile_level(clip).level, clip.smile)
        bare = clip.replace(smile=None, valid=np.arange(len(clip.times)) > 3)
        assert smile_level(bare).kind == "AU12"
        assert np.isnan(smile_level(bare).level[:4]).all()
        np.testing.assert_array_equal(smile_level(bare).level[4:], clip.aus[4:, AU12])
        mesh = known_meshes(1, 2, random_state=3).data[0]
        assert smile_level(mesh).kind == "lips"
        assert smile_level(mesh).level.max() > 0.5
        assert smile_level(Clip(faces=np.zeros((5, 8, 8, 3), np.uint8), fps=25)) is None
        assert smile_level(Clip(aus=np.zeros((5, 17)))) is None


class TestDecision:
    def test_is_that_of_the_cut_clip(self):
        clip = smiles().data[25]
        found = early_decision(svm(), clip, fractions=[0.25, 0.5, 1.0])
        n = [int(np.searchsorted(clip.times, t + 1e-6)) for t in found.times]
        for p, k in zip(found.probability, n, strict=True):
            cut = Clip(aus=clip.aus[:k], smile=clip.smile[:k], times=clip.times[:k])
            assert p == pytest.approx(svm().predict_proba([cut])[0, 1], abs=1e-12)
        assert n[-1] == len(clip.times)
        assert not any(found.reasons)
        assert found.clip is clip

    def test_does_not_know_what_comes(self):
        clip = smiles().data[26]
        k = len(clip.times) // 2
        other = clip.aus.copy()
        other[k:] = 5.0 - other[k:]
        changed = clip.replace(aus=other, smile=np.r_[clip.smile[:k], 1 - clip.smile[k:]])
        times = clip.times[[k // 2, k - 1, -1]]
        a, b = (early_decision(svm(), c, times=times).probability for c in (clip, changed))
        np.testing.assert_array_equal(a[:2], b[:2])
        assert a[2] != b[2]

    def test_too_short_a_beginning_costs_nothing_but_itself(self):
        found = early_decision(svm(), smiles().data[27], times=[-1.0, 0.0, 0.05, 1.0])
        assert np.isnan(found.probability).tolist() == [True, True, True, False]
        assert found.reasons[0] == "no frame by then"
        assert found.reasons[1] == "is too short: 1 frames, at least 3 are needed"
        assert found.reasons[3] == ""
        frame = found.to_frame()
        assert list(frame) == ["time", "probability", "decision", "reason"]
        assert frame["decision"].tolist()[:3] == [None, None, None]
        assert frame["decision"][3] == int(found.probability[3] > 0.5)

    def test_what_is_useless_as_a_whole_is_an_error(self):
        blind = smiles().data[0].replace(valid=np.zeros(len(smiles().data[0].times), bool))
        with pytest.raises(ClipError, match=r"only 0 of \d+ frames are valid"):
            early_decision(svm(), blind)

    def test_default_moments(self):
        found = early_decision(svm(), smiles().data[25])
        assert len(found.times) == 20
        assert found.times[-1] == smiles().data[25].times[-1]

    @pytest.mark.parametrize(("p", "settled"), [
        ([0.4, 0.6, 0.7], 1.0), ([0.6, 0.6, 0.7], 0.0), ([0.6, 0.4, 0.7], 2.0),
        ([0.9, np.nan, 0.7], 2.0), ([0.1, 0.2, 0.3], 0.0)])
    def test_settled(self, p, settled):
        found = early_decision(svm(), smiles().data[25], times=[0.0, 1.0, 2.0])
        object.__setattr__(found, "probability", np.array(p))
        assert found.settled == settled
        object.__setattr__(found, "probability", np.array([0.1, 0.2, np.nan]))
        assert np.isnan(found.settled)

    def test_steps_that_look_ahead_and_honesty(self):
        """Measured once, the step knows the largest smile of the whole clip; anew, that so far."""
        model = make_pipeline(Peeking(), Mean()).fit(without_smiles(), smiles().target)
        clip = without_smiles()[0]
        level, half = clip.aus[:, AU12], float(clip.times[len(clip.times) // 8])
        seen = level[clip.times <= half + 1e-6]
        assert 0 < seen.max() < 0.9 * level.max()
        for honest, largest in ((False, level.max()), (True, seen.max())):
            found = early_decision(model, clip, times=[half], honest=honest)
            expected = expit(LogisticRegression.decision_function(
                model[-1], [[seen.mean() / largest]]))[0]
            assert found.probability[0] == pytest.approx(expected)
            assert found.clip.smile.max() == 1.0

    def test_honesty_reads_the_pictures_again(self):
        rng = np.random.default_rng(0)
        clips = [Clip(frames=np.repeat(rng.integers(0, 99, (30, 1, 1)), 8, axis=1).astype(np.uint8)
                      .repeat(8, axis=2), fps=10, subject=str(i)) for i in range(6)]
        model = make_pipeline(Measuring(), Peeking(), Mean()).fit(clips, [0, 1] * 3)
        Measuring.measured.clear()
        early_decision(model, clips[0], fractions=[0.5, 1.0])
        assert Measuring.measured == [30]
        Measuring.measured.clear()
        early_decision(model, clips[0], fractions=[0.5, 1.0], honest=True)
        assert Measuring.measured == [30, 15, 30]

    @pytest.mark.parametrize(("values", "message"), [
        ({"fractions": [0.0, 1.0]}, "fractions must be above 0 and at most 1"),
        ({"fractions": [0.5, 1.1]}, "fractions must be above 0 and at most 1"),
        ({"fractions": [0.5, 0.4]}, "fractions must increase"),
        ({"fractions": []}, "fractions must be numbers, at least one"),
        ({"times": ["a"]}, "times must be numbers, at least one"),
        ({"times": [np.nan]}, "times must be numbers, at least one"),
        ({"times": [1.0], "fractions": [1.0]}, "give one of them")])
    def test_moments_that_are_none(self, values, message):
        with pytest.raises(ValueError, match=message):
            early_decision(svm(), smiles().data[0], **values)


class TestModels:
    def test_wrapped_ones(self):
        clip, times = smiles().data[25], [1.0]
        expected = early_decision(svm(), clip, times=times).probability
        searched = GridSearchCV(AUDASVMEnsemble(levels=("au",), cv=2), {"C": [1.0]}, cv=2)
        searched.best_estimator_ = svm()
        searched.classes = svm().classes_
        for model in (FrozenEstimator(svm()), searched,
                      Pipeline([("a", "passthrough"), ("b", Pipeline([("c", None), ("d", svm())]))])
                      ):
            np.testing.assert_array_equal(early_decision(model, clip, times=times).probability,
                                          expected)

    def test_steps_are_found_in_nested_pipelines(self):
        peeking, tail = Peeking(), make_pipeline(AUDA(), LogisticRegression())
        model = Pipeline([("measure", Pipeline([("a", FrozenEstimator(peeking)), ("b", Peeking())])
                           ), ("rest", tail)])
        opened = open_system(model.fit(smiles().data, smiles().target))
        assert opened.steps[0][1] is peeking
        assert [type(step) for _, step in opened.steps] == [Peeking, Peeking]
        assert [type(step) for _, step in opened.decider.steps] == [AUDA, LogisticRegression]
        assert open_system(svm()) == ((), svm(), "AUDASVMEnsemble")

    @pytest.mark.parametrize(("model", "message"), [
        ("model.skops", r"not 'model.skops'; load_model"),
        (AUDA(), "must be a fitted classifier, not AUDA")])
    def test_no_model(self, model, message):
        with pytest.raises(TypeError, match=message):
            early_decision(model, smiles().data[0])

    def test_no_probabilities(self):
        model = make_pipeline(AUDA(), LinearSVC(C=1e-4)).fit(smiles().data, smiles().target)
        with pytest.raises(TypeError, match="LinearSVC gives no probabilities"):
            early_decision(model, smiles().data[0])

    def test_three_classes(self):
        model = make_pipeline(AUDA(), LogisticRegression(max_iter=5000, tol=1e-2))
        model.fit(smiles().data[:9], [0, 1, 2] * 3)
        with pytest.raises(TypeError, match="knows 3 classes; a classifier of two"):
            early_decision(model, smiles().data[0])

    def test_not_fitted(self):
        with pytest.raises(NotFittedError, match="not fitted"):
            early_decision(AUDASVMEnsemble(), smiles().data[0])

    def test_calibration_and_abstention_around_a_system(self):
        """What measures is found inside, so that it measures once."""
        data, clip = smiles(), without_smiles()[25]
        inner = make_pipeline(Peeking(), Mean()).fit(without_smiles()[:24], data.target[:24])
        for wrapped in (CalibratedSystem(inner, cv="prefit"),
                        SubjectConformalClassifier(inner, 0.4, holdout="prefit")):
            wrapped.fit(without_smiles()[24:], data.target[24:], data.groups[24:])
            model = make_pipeline(Peeking(), wrapped)
            for known, n in ((wrapped, 1), (model, 2)):
                opened = open_system(known)
                assert [type(step) for _, step in opened.steps] == [Peeking] * n
                assert type(opened.decider) is type(wrapped)
            assert wrapped.estimator_ is inner  # as it was
            whole = early_decision(wrapped, clip, fractions=[1.0]).probability[0]
            assert whole == pytest.approx(wrapped.predict_proba([clip])[0, 1])

    def test_landmarks(self):
        mesh = known_meshes(4, 2, random_state=3)
        model = make_pipeline(DMarkers(), LogisticRegression(max_iter=3000))
        model.fit(mesh.data, mesh.target)
        found = early_decision(model, mesh.data[0], times=[0.05, 1.0])
        assert np.isnan(found.probability).tolist() == [True, False]
        assert "at least 5" in found.reasons[0]


def accuracy(**params) -> pd.DataFrame:
    data = smiles()
    return early_accuracy(AUDASVMEnsemble(levels=("au",), cv=2), data.data, data.target,
                          data.groups, **{"fractions": [0.2, 1.0], "cv": 2, **params})


class TestAccuracy:
    def test_whole_clips_are_scored_as_scikit_learn_would(self):
        table = accuracy(of="clip")
        data = smiles()
        p = cross_val_predict(AUDASVMEnsemble(levels=("au",), cv=2), data.data, data.target,
                              groups=data.groups, cv=GroupKFold(2), method="predict_proba")[:, 1]
        assert tuple(table) == COLUMNS
        assert table["fraction"].tolist() == [0.2, 1.0]
        last = table.iloc[-1]
        assert last["accuracy"] == ((p > 0.5) == data.target).mean()
        assert last["clips"] == 32
        assert last["decided"] == 1.0
        assert last["chance"] == 0.5
        assert (table["lower"] <= table["accuracy"]).all()
        assert (table["accuracy"] <= table["upper"]).all()
        length = np.median([clip.times[-1] for clip in data.data])
        assert last["seconds"] == pytest.approx(length)

    def test_shares_of_the_smile(self):
        both = early_accuracy(svm(), smiles().data[24:], smiles().target[24:],
                              smiles().groups[24:], fractions=[0.5], cv="prefit")
        asked = []
        for c in smiles().data[24:]:
            s = phases_of(c)["smile"]
            t = 0.5 * (c.times[s.start] + c.times[s.stop - 1])
            asked.append(early_decision(svm(), c, times=[t]).probability[0])
        right = (np.array(asked) > 0.5) == smiles().target[24:]
        assert both["accuracy"][0] == right.mean()

    def test_seconds(self):
        table = accuracy(fractions=None, seconds=[-0.2, 0.5, 90.0])
        assert table["seconds"].tolist() == [-0.2, 0.5, 90.0]
        assert table["fraction"].iloc[-1] == 1.0
        assert 0 < table["fraction"].iloc[1] < 1
        assert table["decided"].iloc[0] < table["decided"].iloc[-1] == 1.0

    def test_words_as_labels_and_clips_as_a_generator(self):
        data = smiles()
        words = np.array(["posed", "spontaneous"])[data.target]
        table = early_accuracy(AUDASVMEnsemble(levels=("au",), cv=2), iter(data.data), words,
                               list(data.groups), fractions=0.2, cv=GroupKFold(2))
        pd.testing.assert_frame_equal(table, accuracy(fractions=[0.2]))

    def test_fitted_on_beginnings(self):
        whole, own = accuracy(), accuracy(fit_on="beginnings")
        assert own["decided"].tolist() == [1.0, 1.0]
        assert own["AUC"][0] != whole["AUC"][0]

    def test_beginnings_that_nothing_can_be_learnt_from(self):
        table = accuracy(fractions=None, seconds=[0.0, 0.5], of="clip", fit_on="beginnings")
        assert table["decided"].tolist() == [0.0, 1.0]
        assert np.isnan(table["accuracy"][0])

    def test_what_learns_nothing_is_measured_once(self):
        rng = np.random.default_rng(0)
        clips = [Clip(frames=rng.integers(0, 99, (30, 4, 4), dtype=np.uint8), fps=10)
                 for i in range(8)]
        model = make_pipeline(Measuring(), Peeking(), Mean())
        Measuring.measured.clear()
        early_accuracy(model, clips, [0, 1] * 4, np.repeat(list("abcd"), 2), fractions=[0.5, 1],
                       of="clip", cv=4)
        assert Measuring.measured == [30] * 8

    def test_honest(self):
        clips, data = without_smiles(), smiles()
        model = make_pipeline(Peeking(), Mean())
        tables = [early_accuracy(model, clips, data.target, data.groups, fractions=[0.1, 1.0],
                                 of="clip", cv=2, honest=honest) for honest in (False, True)]
        assert tables[0]["AUC"][0] != tables[1]["AUC"][0]
        # In the end both have seen the same.
        assert tables[0].iloc[1].equals(tables[1].iloc[1])

    def test_clips_without_a_smile_are_left_out(self):
        data = smiles()
        clips = [clip if i % 8 else clip.replace(smile=0 * clip.smile)
                 for i, clip in enumerate(data.data)]
        table = early_accuracy(svm(), clips, data.target, data.groups, fractions=[1.0],
                               cv="prefit")
        assert table["clips"][0] == 28

    def test_nobody_smiles(self):
        clips = [clip.replace(smile=0 * clip.smile) for clip in smiles().data]
        with pytest.raises(ValueError, match="no smile is found in any clip"):
            early_accuracy(svm(), clips, smiles().target, smiles().groups, cv="prefit")

    @pytest.mark.slow
    def test_several_processes(self):
        pd.testing.assert_frame_equal(accuracy(n_jobs=2), accuracy())

    @pytest.mark.filterwarnings("ignore:The groups parameter is ignored")
    @pytest.mark.parametrize(("params", "error", "message"), [
        ({"of": "face"}, ValueError, "of must be 'smile' or 'clip', not 'face'"),
        ({"fit_on": "ends"}, ValueError, "fit_on must be 'clips' or 'beginnings'"),
        ({"fit_on": "beginnings", "honest": True}, ValueError, "leave honest"),
        ({"cv": "loo"}, TypeError, "cv must be a number of folds"),
        ({"cv": StratifiedKFold(3)}, ValueError, "is in the training and in the test"),
        ({"cv": "prefit"}, NotFittedError, "not fitted"),
        ({"seconds": [1.0]}, ValueError, "fractions and seconds both say"),
        ({"fractions": [2.0]}, ValueError, "fractions must be above 0")])
    def test_parameters_that_make_no_sense(self, params, error, message):
        with pytest.raises(error, match=message):
            accuracy(**params)

    def test_wrong_sets(self):
        data = smiles()
        for y, groups, message in ((data.target[:5], data.groups, "inconsistent"),
                                   (data.target, data.groups[:5], "groups has the shape"),
                                   (data.target, ["x"] * 32, "all clips are of one subject"),
                                   (np.zeros(32, int), data.groups, "one class only")):
            with pytest.raises(ValueError, match=message):
                early_accuracy(svm(), data.data, y, groups, cv=2)
        with pytest.raises(ValueError, match="fitted on the classes 0, 1, and y has a, b"):
            early_accuracy(svm(), data.data, np.array(["a", "b"])[data.target], data.groups,
                           cv="prefit")


class TestSubjectInterval:
    def test_clips_of_one_person_count_as_one_where_they_are_alike(self):
        alone = subject_interval(np.repeat([True, False, True, True], 3), np.repeat(range(4), 3))
        once = subject_interval(np.array([True, False, True, True]), np.arange(4))
        np.testing.assert_allclose(alone, once, atol=1e-12)

    def test_wilson_for_independent_clips(self):
        right = np.arange(400) % 4 > 0
        lower, upper = subject_interval(right, np.arange(400))
        assert (lower, upper) == (pytest.approx(0.705, abs=2e-3), pytest.approx(0.790, abs=2e-3))

    def test_all_right_is_not_certain(self):
        lower, upper = subject_interval(np.ones(40, bool), np.repeat(range(10), 4))
        assert 0.5 < lower < 0.8
        assert upper == 1.0

    def test_coverage(self):
        """Of people with chances of their own, 19 intervals of 20 hold the truth."""
        rng = np.random.default_rng(0)
        hits = 0
        for _ in range(400):
            chance = rng.beta(7, 3, 30)
            right = rng.random((30, 6)) < chance[:, None]
            lower, upper = subject_interval(right.ravel(), np.repeat(range(30), 6))
            hits += lower <= 0.7 <= upper
        assert 0.92 <= hits / 400 <= 0.98

    def test_one_subject(self):
        assert np.isnan(subject_interval(np.array([True, False]), np.array(["a", "a"]))).all()
