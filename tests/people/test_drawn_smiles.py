"""`make_smiles` and `make_action_units`: the same people every time, lazily drawn or in files."""

from __future__ import annotations

from functools import cache
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Bunch
from threadpoolctl import threadpool_limits

from smilegenuine import Clip
from smilegenuine.datasets import load_table, make_action_units, make_smiles
from smilegenuine.drawing.appearance import random_person
from smilegenuine.people import drawn_frames

SMALL = {"fps": 8, "size": 48}


def first_frames(clip: Clip, n: int = 2) -> np.ndarray:
    return np.stack(list(islice(clip.frames, n)))


@cache
def portraits(n_subjects: int, clips_per_subject: int, size: int, head_motion: float
              ) -> tuple[Bunch, np.ndarray]:
    """Smiles, and the first frame of each."""
    smiles = make_smiles(n_subjects, clips_per_subject, size=size, fps=5, head_motion=head_motion,
                         random_state=0)
    return smiles, np.array([first_frames(clip, 1)[0] for clip in smiles.data])


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> tuple[Path, Bunch]:
    folder = tmp_path_factory.mktemp("smiles") / "neu é" / "x y"
    return folder, make_smiles(2, 2, folder=folder, random_state=1, **SMALL)


class TestTheSameEveryTime:
    def test_same_seed(self):
        one, other = (make_smiles(2, 3, random_state=5, absences=0.5, **SMALL) for _ in range(2))
        for field in ("aus", "smile", "times", "pose", "gaze", "lips", "eyelids", "cheeks",
                      "visible"):
            for a, b in zip(one[field], other[field], strict=True):
                np.testing.assert_array_equal(a, b)
        assert one.phases == other.phases
        for a, b in zip(one.data[1:4:2], other.data[1:4:2], strict=True):
            np.testing.assert_array_equal(first_frames(a), first_frames(b))

    def test_other_seed(self):
        one, other = (make_smiles(2, 1, random_state=seed, **SMALL) for seed in (5, 6))
        for a, b in zip(one.aus, other.aus, strict=True):
            assert a.shape != b.shape or np.abs(a - b).max() > 0.1
        frames = [first_frames(bunch.data[0], 1).astype(int) for bunch in (one, other)]
        assert np.abs(frames[0] - frames[1]).mean() > 5

    def test_no_seed(self):
        one, other = make_smiles(1, 1, **SMALL), make_smiles(1, 1, **SMALL)
        assert one.smile[0].shape != other.smile[0].shape or (one.smile[0] != other.smile[0]).any()

    def test_random_state_object(self):
        random = np.random.RandomState(4)
        one, next_one = (make_smiles(1, 1, random_state=random, **SMALL) for _ in range(2))
        again = make_smiles(1, 1, random_state=np.random.RandomState(4), **SMALL)
        np.testing.assert_array_equal(one.aus[0], again.aus[0])
        assert one.aus[0].shape != next_one.aus[0].shape or \
            (one.aus[0] != next_one.aus[0]).any()

    def test_first_subjects_do_not_depend_on_their_number(self):
        few, more = (make_smiles(n, 3, random_state=np.int64(9), **SMALL) for n in (2, 5))
        assert [c.name for c in few.data] == [c.name for c in more.data[:6]]
        for a, b in zip(few.aus, more.aus[:6], strict=True):
            np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(first_frames(few.data[4], 1), first_frames(more.data[4], 1))


class TestBunch:
    def test_labels_are_balanced_in_each_subject(self):
        smiles = make_smiles(3, 4, random_state=0)
        np.testing.assert_array_equal(smiles.target.reshape(3, 4).sum(axis=1), [2, 2, 2])
        assert smiles.target_names == ["posed", "spontaneous"]
        np.testing.assert_array_equal(smiles.groups, np.repeat(["s000", "s001", "s002"], 4))

    def test_as_on_uva_nemo(self):
        smiles = make_smiles(10, "uva-nemo", random_state=0)
        counts = pd.crosstab(smiles.groups, smiles.target)
        assert counts.to_numpy().max() <= 3
        assert counts.sum(axis=1).min() >= 1
        assert len(counts) == 10

    def test_clips_know_who_but_not_the_truth(self):
        smiles = make_smiles(2, 2, random_state=0, **SMALL)
        assert [c.name for c in smiles.data] == [
            "s000_0_posed", "s000_1_spontaneous", "s001_0_posed", "s001_1_spontaneous"]
        for i, clip in enumerate(smiles.data):
            assert clip.subject == smiles.groups[i]
            assert clip.aus is clip.smile is clip.faces is clip.valid is None
            assert clip.fps == 8
            assert clip.n_frames == len(smiles.times[i])
            np.testing.assert_array_equal(clip.times, smiles.times[i])
            for field, width in (("aus", 17), ("pose", 6), ("gaze", 2), ("lips", 2),
                                 ("eyelids", 2), ("cheeks", 2)):
                assert smiles[field][i].shape == (clip.n_frames, width)
            assert smiles.smile[i].shape == smiles.visible[i].shape == (clip.n_frames,)
            assert smiles.visible[i].all()
            assert set(smiles.phases[i]) == {"onset", "apex", "offset", "smile"}
        assert smiles.filenames == []
        assert "2 subjects, 4 clips, 8 frames a second, 48 pixels" in smiles.DESCR
        assert "results on drawn people say nothing" in " ".join(smiles.DESCR.split())

    def test_gender_and_age_are_the_subjects(self):
        smiles = make_smiles(30, 2, random_state=4)
        people = [random_person(np.random.default_rng((4, k))) for k in range(30)]
        np.testing.assert_array_equal(smiles.gender, np.repeat([p.sex for p in people], 2))
        np.testing.assert_array_equal(smiles.age, np.repeat([p.years for p in people], 2))
        assert set(smiles.gender) == {"female", "male"}
        assert smiles.age.min() < 15
        assert smiles.age.max() > 40
        for i, clip in enumerate(smiles.data):
            assert clip.frames.person.sex == smiles.gender[i]
            assert clip.frames.person.years == smiles.age[i]

    def test_landmarks(self):
        smiles = make_smiles(2, 2, absences=1.0, random_state=0, **SMALL)
        assert len(smiles.landmarks) == len(smiles.landmarks_visible) == 4
        for places, seen, visible in zip(smiles.landmarks, smiles.landmarks_visible,
                                         smiles.visible, strict=True):
            assert places.shape == (len(visible), 478, 3)
            assert seen.shape == (len(visible), 478)
            np.testing.assert_array_equal(np.isnan(places).any(axis=(1, 2)), ~visible)
            np.testing.assert_array_equal(seen.any(axis=1), visible)
        assert len(smiles.landmarks[1:3]) == 2

    @pytest.mark.parametrize("fps", [24, 29.97, 120])
    def test_frame_rate(self, fps):
        smiles = make_smiles(2, 2, fps=fps, random_state=3)
        usual = make_smiles(2, 2, fps=50, random_state=3)
        for times, clip, longest in zip(smiles.times, smiles.data, usual.times, strict=True):
            np.testing.assert_allclose(np.diff(times), 1 / fps)
            assert clip.fps == pytest.approx(fps)
            assert longest[-1] - 1 / fps < times[-1] <= longest[-1] + 1e-9

    def test_head_kept_still(self):
        smiles = make_smiles(2, 1, head_motion=0, random_state=0)
        for pose in smiles.pose:
            np.testing.assert_array_equal(pose, np.tile([0, 0, 0, 0, 0, 1.0], (len(pose), 1)))


class TestLazy:
    def test_nothing_is_drawn_before_it_is_read(self, renderers):
        clip = make_smiles(3, 2, random_state=0, **SMALL).data[2]
        assert clip.replace(subject="x").n_frames > 11
        assert repr(clip).startswith("Clip(name='s001_0_posed'")
        assert renderers == []
        first_frames(clip, 2)
        assert renderers == [48, -1, -1]

    def test_frames_are_the_same_each_time(self):
        clip = make_smiles(1, 1, random_state=2, **SMALL).data[0]
        once, again = (np.stack(list(clip.frames)) for _ in range(2))
        assert once.shape == (clip.n_frames, 48, 48, 3)
        assert once.dtype == np.uint8
        np.testing.assert_array_equal(once, again)
        assert (np.diff(once.astype(int), axis=0) != 0).any(axis=(1, 2, 3)).all()


class TestRecording:
    """Compression and absences: of the pictures alone."""

    def clips(self, **options) -> Bunch:
        return make_smiles(3, 2, random_state=0, **SMALL, **options)

    def test_compression(self):
        found = [first_frames(self.clips(compression=c).data[0], 2).astype(int)
                 for c in (0.0, 0.1, 1.0)]
        little, much = (np.abs(f - found[0]).mean() for f in found[1:])
        assert 0 < little < much
        qualities = {c: [clip.frames.quality for clip in self.clips(compression=c).data]
                     for c in (0, 0.3, 1.0)}
        assert qualities[0] == [None] * 6
        assert len(set(qualities[0.3])) > 2  # recordings differ
        assert min(qualities[0.3]) > 60 > 40 > max(qualities[1.0]) > 10

    def test_absences(self):
        always = make_smiles(30, 4, random_state=0, absences=1.0)
        some = make_smiles(30, 4, random_state=0, absences=0.3)
        gone = [not visible.all() for visible in some.visible]
        assert np.mean(gone) == pytest.approx(0.3, abs=0.12)
        assert not any(visible.all() for visible in always.visible)
        for visible in always.visible:
            assert 0.05 < (~visible).mean() < 0.4
        # Either kind alike.
        shares = [np.mean(np.array(gone)[some.target == k]) for k in (0, 1)]
        assert shares[0] == pytest.approx(shares[1], abs=0.2)

    def test_frames_without_anybody(self):
        smiles = self.clips(absences=1.0, compression=0)
        whole = self.clips(compression=0)
        visible = smiles.visible[0]
        one, other = (np.stack(list(b.data[0].frames)).astype(int) for b in (smiles, whole))
        np.testing.assert_array_equal(one[visible], other[visible])
        assert (np.abs(one - other).mean(axis=(1, 2, 3))[~visible] > 5).all()

    def test_they_change_nothing_else(self):
        plain, worse = self.clips(), self.clips(compression=0.8, absences=1.0)
        for field in ("aus", "lips", "eyelids", "pose", "gaze"):
            for a, b in zip(plain[field], worse[field], strict=True):
                np.testing.assert_array_equal(a, b)
        assert [c.frames.seed for c in plain.data] == [c.frames.seed for c in worse.data]


class TestFaces:
    @pytest.mark.slow
    def test_people_differ(self):
        _, frames = portraits(50, 4, 48, 0.0)
        faces = frames[::4].astype(int)
        apart = [np.abs(faces[k] - faces[k - 1]).mean() for k in range(50)]
        assert min(apart) > 5

    @pytest.mark.slow
    def test_they_say_nothing_about_the_kind(self):
        """What differs between clips of a person is no hint; a trace of a smile would be one.

        The head is kept still, so that half a point of AU12 in the first frame of the spontaneous
        clips is recognised in nine of ten.
        """
        smiles, frames = portraits(50, 4, 48, 0.0)
        X = np.array([cv2.resize(f, (24, 24), interpolation=cv2.INTER_AREA).ravel() / 255.0
                      for f in frames])
        model = make_pipeline(PCA(30, random_state=0), StandardScaler(), LogisticRegression())
        means = pd.DataFrame(X).groupby(smiles.groups).transform("mean").to_numpy()
        for pixels in (X, X - means):
            with threadpool_limits(1):  # several are slower than one, for matrices this small
                found = cross_val_score(model, pixels, smiles.target, groups=smiles.groups,
                                        cv=GroupKFold(5)).mean()
            assert 0.35 < found < 0.65

    @pytest.mark.slow
    def test_subjects_are_recognised(self):
        smiles, frames = portraits(20, 2, 64, 1.0)
        faces = []
        for frame, places in zip(frames, smiles.landmarks, strict=True):
            eyes_and_mouth = places[0][[33, 263, 13], :2].astype(np.float32)
            place = cv2.getAffineTransform(eyes_and_mouth,
                                           np.array([[7, 9], [25, 9], [16, 25]], np.float32))
            face = cv2.warpAffine(frame.mean(axis=2).astype(np.float32), place, (32, 32)).ravel()
            faces.append((face - face.mean()) / face.std())
        alike = np.array(faces) @ np.transpose(faces)
        np.fill_diagonal(alike, -np.inf)
        assert (smiles.groups[alike.argmax(axis=1)] == smiles.groups).mean() >= 0.9


class TestFiles:
    def test_files(self, written):
        folder, smiles = written
        names = [f"s00{s}_{k}_{kind}.mp4" for s in (0, 1)
                 for k, kind in enumerate(("posed", "spontaneous"))]
        assert {f.name for f in folder.iterdir()} == {"drawn.json", "labels.csv", *names}
        assert smiles.filenames == [str(folder / name) for name in names]

    def test_labels(self, written):
        folder, smiles = written
        table = pd.read_csv(folder / "labels.csv")
        assert list(table) == ["path", "label", "subject"]
        np.testing.assert_array_equal(table["label"], np.array(smiles.target_names)[smiles.target])
        np.testing.assert_array_equal(table["subject"], smiles.groups)
        loaded = load_table(folder)
        assert [c.name for c in loaded.data] == smiles.filenames
        np.testing.assert_array_equal(loaded.groups, smiles.groups)

    def test_clips_are_on_the_files(self, written):
        _, smiles = written
        lazy = make_smiles(2, 2, random_state=1, **SMALL)
        for i in (0, 3):
            clip = smiles.data[i]
            assert clip.name == smiles.filenames[i]
            assert clip.subject == smiles.groups[i]
            assert clip.aus is None
            np.testing.assert_allclose(clip.times, smiles.times[i], atol=1e-3)
            frames = np.stack(list(clip.frames)).astype(int)
            drawn = np.stack(list(lazy.data[i].frames)).astype(int)
            assert frames.shape == drawn.shape
            assert np.abs(frames - drawn).mean() < 6  # what the codec costs

    def test_truth_stays_beside_them(self, written):
        _, smiles = written
        lazy = make_smiles(2, 2, random_state=1, **SMALL)
        for field in ("aus", "lips", "landmarks"):
            for a, b in zip(smiles[field], lazy[field], strict=True):
                np.testing.assert_array_equal(a, b)

    def test_other_clips_in_the_folder(self, written):
        folder, _ = written
        for change in ({"random_state": 2}, {"compression": 0.5}, {"absences": 0.1},
                       {"difference": "none"}, {"head_motion": 0.5}):
            with pytest.raises(ValueError, match="drawn with other settings"):
                make_smiles(2, 2, folder=folder, **{"random_state": 1, **SMALL, **change})

    def test_layout_of_uva_nemo(self, tmp_path):
        smiles = make_smiles(2, 2, folder=tmp_path, layout="uva-nemo", random_state=1, **SMALL)
        assert Path(smiles.filenames[0]) == tmp_path / "videos" / "001_deliberate_smile_1.mp4"
        assert all(Path(name).is_file() for name in smiles.filenames)

    def test_clips_that_were_drawn_otherwise(self, written, monkeypatch):
        """What people look like has changed since; the settings are the same."""
        folder, _ = written
        monkeypatch.setattr("smilegenuine.people.drawn_smiles.FaceRenderer.draw",
                            lambda self, aus: np.zeros((48, 48, 3), np.uint8))
        with pytest.raises(ValueError, match=r"drawn with other settings \(drawing is"):
            make_smiles(2, 2, folder=folder, random_state=1, **SMALL)

    def test_nothing_half_written_is_left(self, tmp_path, monkeypatch):
        def break_off(self):
            yield np.zeros((48, 48, 3), np.uint8)
            raise RuntimeError("no more paint")

        monkeypatch.setattr(drawn_frames.DrawnFrames, "__iter__", break_off)
        with pytest.raises(RuntimeError, match="no more paint"):
            make_smiles(1, 1, folder=tmp_path, random_state=0, **SMALL)
        assert [file.name for file in tmp_path.iterdir()] == ["drawn.json"]

    def test_no_codec(self, tmp_path, monkeypatch):
        monkeypatch.setattr("cv2.VideoWriter.isOpened", lambda self: False)
        with pytest.raises(OSError, match="OpenCV cannot write"):
            make_smiles(1, 1, folder=tmp_path, random_state=0, **SMALL)
        assert not list(tmp_path.rglob("*.mp4"))

    def test_odd_sizes_cannot_be_written(self, tmp_path):
        assert first_frames(make_smiles(1, 1, size=49, random_state=0).data[0], 1).shape[1] == 49
        with pytest.raises(ValueError, match=r"size must be even for pictures .* not 49"):
            make_smiles(1, 1, size=49, folder=tmp_path, random_state=0)
        assert list(tmp_path.iterdir()) == []


BOTH = [
    ({"n_subjects": 0}, "n_subjects must be a whole number of at least 1, not 0"),
    ({"n_subjects": True}, "n_subjects must be a whole number of at least 1, not True"),
    ({"n_subjects": 2.0}, "n_subjects must be a whole number of at least 1, not 2.0"),
    ({"fps": 0}, "fps must be a finite number above 0, not 0"),
    ({"fps": -25.0}, "fps must be a finite number above 0, not -25.0"),
    ({"fps": float("nan")}, "fps must be a finite number above 0, not nan"),
    ({"fps": "25"}, "fps must be a finite number above 0, not '25'"),
    ({"fps": None}, "fps must be a finite number above 0, not None"),
    ({"size": 47}, "size must be a whole number of at least 48, not 47"),
    ({"size": 96.0}, "size must be a whole number of at least 48, not 96.0"),
    ({"size": "big"}, "size must be a whole number of at least 48, not 'big'"),
    ({"head_motion": -0.1}, "head_motion must be a finite number of at least 0, not -0.1"),
    ({"head_motion": float("inf")}, "head_motion must be a finite number of at least 0, not inf"),
    ({"head_motion": True}, "head_motion must be a finite number of at least 0, not True"),
    ({"random_state": -1}, "random_state must not be negative, not -1"),
    ({"random_state": "x"}, "'x' cannot be used to seed"),
]
SMILES = [
    ({"clips_per_subject": "imagenet"}, "clips_per_subject must be .* 'uva-nemo', not 'imagenet'"),
    ({"clips_per_subject": -1}, "clips_per_subject must be a whole number of at least 1, not -1"),
    ({"clips_per_subject": 2.0}, "clips_per_subject must be a whole number .* not 2.0"),
    ({"difference": "age"}, "difference must be one of 'kinematics', 'au06', .* not 'age'"),
    ({"difference": True}, "difference must be one of 'kinematics', .* not True"),
    ({"layout": "imagenet"}, "layout must be one of 'flat', 'uva-nemo', not 'imagenet'"),
    ({"layout": None}, "layout must be one of 'flat', 'uva-nemo', not None"),
    ({"compression": -0.1}, "compression must be a finite number of at least 0, not -0.1"),
    ({"compression": 1.1}, "compression must be at most 1, not 1.1"),
    ({"compression": float("nan")}, "compression must be a finite number of at least 0, not nan"),
    ({"compression": "heavy"}, "compression must be a finite number of .* not 'heavy'"),
    ({"compression": True}, "compression must be a finite number of at least 0, not True"),
    ({"absences": 2}, "absences must be at most 1, not 2"),
    ({"absences": False}, "absences must be a finite number of at least 0, not False"),
    ({"absences": None}, "absences must be a finite number of at least 0, not None"),
]


@pytest.mark.parametrize(("wrong", "message"), [*BOTH, *SMILES])
def test_bad_parameters_of_smiles(wrong, message):
    with pytest.raises(ValueError, match=message):
        make_smiles(**{"n_subjects": 1, "clips_per_subject": 1, **wrong})


@pytest.mark.parametrize(("wrong", "message"), [
    *BOTH, *(({"duration": d}, "duration must be a finite number above 0")
             for d in (0, -1.0, "2", float("inf"), True))])
def test_bad_parameters_of_action_units(wrong, message):
    with pytest.raises(ValueError, match=message):
        make_action_units(**{"n_subjects": 1, **wrong})


class TestActionUnits:
    def test_clips(self):
        units = make_action_units(3, duration=2.5, fps=6, size=50, random_state=0)
        assert [c.name for c in units.data] == ["s000_free", "s001_free", "s002_free"]
        np.testing.assert_array_equal(units.groups, ["s000", "s001", "s002"])
        for clip, aus, smile in zip(units.data, units.aus, units.smile, strict=True):
            np.testing.assert_array_equal(clip.aus, aus)
            assert aus.shape == (15, 17)
            np.testing.assert_array_equal(smile, aus[:, 8] / 5)
            assert clip.smile is None
        assert first_frames(units.data[1], 1).shape == (1, 50, 50, 3)
        assert units.landmarks[2].shape == (15, 478, 3)
        assert units.gender.shape == units.age.shape == (3,)

    def test_they_are_independent(self):
        units = make_action_units(50, random_state=1)
        aus = np.concatenate(units.aus)
        assert (aus.std(axis=0) > 0.5).all()
        assert np.abs(np.corrcoef(aus.T)[np.triu_indices(17, 1)]).max() < 0.15

    def test_nothing_is_drawn_before_it_is_read(self, renderers):
        make_action_units(2, random_state=1, **SMALL)
        assert renderers == []

    def test_same_seed(self):
        few, more = (make_action_units(n, random_state=7) for n in (1, 3))
        np.testing.assert_array_equal(few.aus[0], more.aus[0])
        assert (more.aus[1] != more.aus[2]).any()
