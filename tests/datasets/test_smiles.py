"""`make_smiles` and `make_action_units`: the same people every time, lazily drawn or in files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.utils import Bunch

from smilegenuine import Clip
from smilegenuine.datasets import load_table, make_action_units, make_smiles
from smilegenuine.datasets import smiles as module

SMALL = {"fps": 8, "size": 48}


def first_frames(clip: Clip, n: int = 2) -> np.ndarray:
    return np.stack([frame for frame, _ in zip(clip.frames, range(n), strict=False)])


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> tuple[Path, Bunch]:
    folder = tmp_path_factory.mktemp("smiles") / "neu é" / "x y"
    return folder, make_smiles(2, 2, folder=folder, random_state=1, **SMALL)


@pytest.fixture
def drawn(monkeypatch) -> list[int]:
    """The sizes of the renderers that were made, and -1 for every frame."""
    log = []

    class Renderer(module.FaceRenderer):
        def __init__(self, person, size):
            log.append(size)
            super().__init__(person, size)

        def draw(self, *args, **options):
            log.append(-1)
            return super().draw(*args, **options)

    monkeypatch.setattr(module, "FaceRenderer", Renderer)
    return log


class TestTheSameEveryTime:
    def test_same_seed(self):
        one, other = (make_smiles(2, 3, random_state=5, **SMALL) for _ in range(2))
        for field in ("aus", "smile", "times", "pose"):
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

    def test_people_differ(self):
        smiles = make_smiles(3, 1, random_state=1, head_motion=0, **SMALL)
        faces = [first_frames(c, 1).astype(int) for c in smiles.data]
        for k in range(3):
            assert np.abs(faces[k] - faces[(k + 1) % 3]).mean() > 5


class TestBunch:
    def test_labels_are_balanced_in_each_subject(self):
        smiles = make_smiles(3, 4, random_state=0)
        np.testing.assert_array_equal(smiles.target.reshape(3, 4).sum(axis=1), [2, 2, 2])
        assert smiles.target_names == ["posed", "spontaneous"]
        np.testing.assert_array_equal(smiles.groups, np.repeat(["s000", "s001", "s002"], 4))

    def test_odd_numbers_take_turns(self):
        smiles = make_smiles(4, 3, random_state=0)
        np.testing.assert_array_equal(smiles.target.reshape(4, 3).sum(axis=1), [1, 2, 1, 2])

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
            assert smiles.aus[i].shape == (clip.n_frames, 17)
            assert smiles.smile[i].shape == (clip.n_frames,)
            assert smiles.pose[i].shape == (clip.n_frames, 6)
            assert set(smiles.phases[i]) == {"onset", "apex", "offset", "smile"}
        assert smiles.filenames == []
        assert "2 subjects, 4 clips, 8 frames a second, 48 pixels" in smiles.DESCR
        assert "results on drawn people say nothing" in " ".join(smiles.DESCR.split())

    @pytest.mark.parametrize("fps", [24, 29.97, 120])
    def test_frame_rate(self, fps):
        smiles = make_smiles(2, 2, fps=fps, random_state=3)
        usual = make_smiles(2, 2, fps=50, random_state=3)
        for times, clip in zip(smiles.times, smiles.data, strict=True):
            np.testing.assert_allclose(np.diff(times), 1 / fps)
            assert clip.fps == pytest.approx(fps)
        # The first clip of a subject; later ones draw on what head motion left.
        for i in (0, 2):
            assert smiles.times[i][-1] == pytest.approx(usual.times[i][-1], abs=0.06)

    def test_head_kept_still(self):
        smiles = make_smiles(2, 1, head_motion=0, random_state=0)
        for pose in smiles.pose:
            np.testing.assert_array_equal(pose, np.tile([0, 0, 0, 0, 0, 1.0], (len(pose), 1)))


class TestLazy:
    def test_nothing_is_drawn_before_it_is_read(self, drawn):
        clip = make_smiles(3, 2, random_state=0, **SMALL).data[2]
        assert clip.replace(subject="x").n_frames > 11
        assert repr(clip).startswith("Clip(name='s001_0_posed'")
        assert drawn == []
        frames = iter(clip.frames)
        next(frames)
        next(frames)
        assert drawn == [48, -1, -1]

    def test_frames_are_the_same_each_time(self):
        clip = make_smiles(1, 1, random_state=2, **SMALL).data[0]
        once, again = (np.stack(list(clip.frames)) for _ in range(2))
        assert once.shape == (clip.n_frames, 48, 48, 3)
        assert once.dtype == np.uint8
        np.testing.assert_array_equal(once, again)
        assert (np.diff(once.astype(int), axis=0) != 0).any(axis=(1, 2, 3)).all()


class TestFiles:
    def test_files(self, written):
        folder, smiles = written
        names = [f"s00{s}_{k}_{kind}.mp4" for s in (0, 1)
                 for k, kind in enumerate(("posed", "spontaneous"))]
        assert sorted(f.name for f in folder.iterdir()) == ["labels.csv", *names]
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

    def test_processes_write_the_same_files(self, written, tmp_path):
        folder, _ = written
        make_smiles(2, 2, folder=str(tmp_path / "p"), n_jobs=2, random_state=1, **SMALL)
        for file in sorted(folder.iterdir()):
            assert (tmp_path / "p" / file.name).read_bytes() == file.read_bytes(), file.name

    def test_nothing_half_written_is_left(self, tmp_path, monkeypatch):
        def break_off(self, *args, **options):
            raise RuntimeError("no more paint")

        monkeypatch.setattr(module.FaceRenderer, "draw", break_off)
        with pytest.raises(RuntimeError, match="no more paint"):
            make_smiles(1, 1, folder=tmp_path, random_state=0, **SMALL)
        assert list(tmp_path.iterdir()) == []

    def test_no_codec(self, tmp_path, monkeypatch):
        monkeypatch.setattr("cv2.VideoWriter.isOpened", lambda self: False)
        with pytest.raises(OSError, match=r"s000_0_posed\.mp4: OpenCV cannot write"):
            make_smiles(1, 1, folder=tmp_path, random_state=0, **SMALL)
        assert list(tmp_path.iterdir()) == []

    def test_odd_sizes_cannot_be_written(self, tmp_path):
        assert first_frames(make_smiles(1, 1, size=49, random_state=0).data[0], 1).shape[1] == 49
        with pytest.raises(ValueError, match=r"size must be even for pictures .* not 49"):
            make_smiles(1, 1, size=49, folder=tmp_path, random_state=0)


@pytest.mark.parametrize(("wrong", "message"), [
    ({"n_subjects": 0}, "n_subjects must be a whole number of at least 1, not 0"),
    ({"n_subjects": True}, "n_subjects must be a whole number of at least 1, not True"),
    ({"n_subjects": 2.0}, "n_subjects must be a whole number of at least 1, not 2.0"),
    ({"clips_per_subject": "3"}, "clips_per_subject must be a whole number of .* not '3'"),
    ({"clips_per_subject": -1}, "clips_per_subject must be a whole number of at least 1, not -1"),
    ({"fps": 0}, "fps must be a finite number above 0, not 0"),
    ({"fps": -25.0}, "fps must be a finite number above 0, not -25.0"),
    ({"fps": float("nan")}, "fps must be a finite number above 0, not nan"),
    ({"fps": "25"}, "fps must be a finite number above 0, not '25'"),
    ({"fps": None}, "fps must be a finite number above 0, not None"),
    ({"size": 47}, "size must be a whole number of at least 48, not 47"),
    ({"size": 96.0}, "size must be a whole number of at least 48, not 96.0"),
    ({"head_motion": -0.1}, "head_motion must be a finite number of at least 0, not -0.1"),
    ({"head_motion": float("inf")}, "head_motion must be a finite number of at least 0, not inf"),
    ({"head_motion": True}, "head_motion must be a finite number of at least 0, not True"),
    ({"random_state": -1}, "random_state must not be negative, not -1"),
    ({"random_state": "x"}, "'x' cannot be used to seed"),
])
def test_bad_parameters(wrong, message):
    with pytest.raises(ValueError, match=message):
        make_smiles(**{"n_subjects": 1, "clips_per_subject": 1, **wrong})
    if "clips_per_subject" not in wrong:
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

    def test_they_are_independent(self):
        units = make_action_units(50, random_state=1)
        aus = np.concatenate(units.aus)
        assert (aus.std(axis=0) > 0.5).all()
        assert np.abs(np.corrcoef(aus.T)[np.triu_indices(17, 1)]).max() < 0.15

    def test_nothing_is_drawn_before_it_is_read(self, drawn):
        make_action_units(2, random_state=1, **SMALL)
        assert drawn == []

    def test_same_seed(self):
        few, more = (make_action_units(n, random_state=7) for n in (1, 3))
        np.testing.assert_array_equal(few.aus[0], more.aus[0])
        assert (more.aus[1] != more.aus[2]).any()

    @pytest.mark.parametrize("duration", [0, -1.0, "2", float("inf")])
    def test_bad_duration(self, duration):
        with pytest.raises(ValueError, match="duration must be a finite number above 0"):
            make_action_units(1, duration=duration)
