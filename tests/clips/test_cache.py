"""What was measured in clips is kept by content: found again, whole, and never wrong."""

from __future__ import annotations

import os
import pickle
import shutil
import warnings

import cv2
import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from smilegenuine import AU_NAMES, Clip, FaceAligner
from smilegenuine.clips.cache import ClipCache, DamagedEntry, entry_key, open_cache, step_key
from smilegenuine.clips.errors import NoFaceError
from smilegenuine.clips.steps import ClipTransformer, transform_clips
from smilegenuine.clips.stored_arrays import StoredArray
from smilegenuine.clips.video import ArrayFrames, ImageFrames, VideoFrames

T = 6
CLIP = Clip(aus=np.ones((T, 17)), fps=25, name="somebody")


def fields(seed: int = 0) -> dict:
    """All that a step can add; nothing of one type, size or content as another."""
    rng = np.random.default_rng(seed)
    return {"faces": rng.integers(0, 256, (T, 9, 8, 3), np.uint8),
            "landmarks": rng.normal(size=(T, 478, 3)).astype(np.float32),
            "blendshapes": rng.random((T, 52)).astype(np.float32),
            "head_pose": rng.normal(size=(T, 4, 4)), "aus": rng.random((T, 17)),
            "smile": rng.normal(size=T), "valid": rng.random(T) > 0.5,
            "times": np.arange(T) / 30}


@pytest.fixture
def cache(tmp_path) -> ClipCache:
    return ClipCache(tmp_path / "kept here")


class TestEntries:
    def test_give_back_what_was_written(self, cache):
        wanted = fields()
        written = cache.write("ab12", wanted, CLIP)
        for found in (written, ClipCache(cache.folder).read("ab12", CLIP)):
            assert list(found) == list(wanted)
            for name, value in wanted.items():
                kept = found[name].load() if isinstance(found[name], StoredArray) else found[name]
                assert kept.dtype == value.dtype, name
                np.testing.assert_array_equal(kept, value, err_msg=name)

    def test_pictures_and_points_are_mapped(self, cache):
        cache.write("ab12", fields(), CLIP)
        stored = [name for name, value in cache.read("ab12", CLIP).items()
                  if isinstance(value, StoredArray)]
        assert stored == ["faces", "landmarks"]

    def test_not_there(self, cache):
        assert cache.read("ab12", CLIP) is None
        assert not cache.folder.exists()

    def test_what_a_step_left_unknown_stays_so(self, cache):
        cache.write("ab12", {"faces": None, "smile": np.ones(T), "valid": None}, CLIP)
        found = cache.read("ab12", CLIP)
        assert found["faces"] is None
        assert found["valid"] is None

    def test_missing_values_stay_missing(self, cache):
        aus = fields()["aus"]
        aus[2] = np.nan
        cache.write("ab12", {"aus": aus}, CLIP)
        np.testing.assert_array_equal(cache.read("ab12", CLIP)["aus"], aus)

    def test_columns_can_be_read_by_anybody(self, cache):
        cache.write("ab12", fields(), CLIP)
        (file,) = cache.folder.rglob("*.parquet")
        table = pd.read_parquet(file)
        np.testing.assert_array_equal(table[list(AU_NAMES)], fields()["aus"])
        np.testing.assert_array_equal(table["smile"], fields()["smile"])
        assert {"valid", "times", "blendshapes_51", "head_pose_3_0"} <= set(table)

    def test_nobody_was_there(self, cache):
        cache.write_no_face("ab12", NoFaceError("a.mp4", "no face in any frame"), CLIP)
        with pytest.raises(NoFaceError, match=r"^somebody: no face in any frame$"):
            cache.read("ab12", CLIP)

    @pytest.mark.parametrize(("kind", "damage"), [
        (".parquet", "cut"), (".parquet", "empty"), (".parquet", "gone"),  # bits: see below
        (".npy", "cut"), (".npy", "empty"), (".npy", "gone"), (".npy", "bit")])
    def test_damage_is_noticed(self, cache, kind, damage):
        cache.write("ab12", fields(), CLIP)
        file = sorted(cache.folder.rglob(f"*{kind}"))[0]
        data = file.read_bytes()
        changed = bytearray(data)
        changed[len(data) // 2] ^= 4
        if damage == "gone":
            file.unlink()
        else:
            file.write_bytes({"cut": data[:-9], "empty": b"", "bit": changed}[damage])
        if (damage, kind) == ("gone", ".parquet"):
            assert cache.read("ab12", CLIP) is None
            return
        with pytest.raises(DamagedEntry, match=r"ab12.*\.parquet: "):
            cache.read("ab12", CLIP)
        cache.write("ab12", fields(), CLIP)
        assert cache.read("ab12", CLIP)["faces"].is_whole()

    def test_no_bit_of_a_table_can_change_unnoticed(self, cache):
        cache.write("ab12", {"smile": fields()["smile"], "valid": fields()["valid"]}, CLIP)
        (file,) = cache.folder.rglob("*.parquet")
        data = file.read_bytes()
        rng = np.random.default_rng(0)
        for place in rng.integers(0, len(data), 200):
            file.write_bytes(data[:place] + bytes([data[place] ^ 16]) + data[place + 1:])
            try:
                found = cache.read("ab12", CLIP)
            except DamagedEntry:
                continue
            np.testing.assert_array_equal(found["smile"], fields()["smile"])
            np.testing.assert_array_equal(found["valid"], fields()["valid"])

    def test_arrays(self, cache):
        calls = []

        def compute():
            calls.append(1)
            return np.arange(12).reshape(3, 4)

        for _ in range(2):
            np.testing.assert_array_equal(cache.array("ab34", compute), np.arange(12).reshape(3, 4))
        assert len(calls) == 1
        (file,) = cache.folder.rglob("*.npy")
        file.write_bytes(file.read_bytes()[:-8] + b"\1" * 8)
        np.testing.assert_array_equal(cache.array("ab34", compute), np.arange(12).reshape(3, 4))
        assert len(calls) == 2

    def test_a_cache_is_a_place(self, cache, tmp_path, monkeypatch):
        assert pickle.loads(pickle.dumps(cache)) == cache
        assert clone(FaceAligner(memory=cache)).memory == cache
        monkeypatch.chdir(tmp_path)
        relative = ClipCache("kept here")
        monkeypatch.chdir("/")
        assert relative == cache
        assert hash(relative) == hash(cache)


@pytest.mark.parametrize("kind", [str, joblib.Memory, ClipCache, lambda path: path])
def test_forms_of_memory(kind, tmp_path):
    assert open_cache(kind(tmp_path)) == ClipCache(tmp_path)


def test_no_memory():
    assert open_cache(None) is None
    assert open_cache(joblib.Memory(None)) is None
    with pytest.raises(ValueError, match="memory"):
        open_cache(3)


class TestKeys:
    def key(self, frames, **known) -> str:
        return entry_key(step_key(FaceAligner()), Clip(frames=frames, **known),
                         ("frames", "times", "valid"))

    def test_a_video_may_be_moved_and_renamed(self, make_video, tmp_path):
        path = make_video("a.mp4")
        before = self.key(path)
        assert self.key(path, name="other", subject="s") == before
        (tmp_path / "new place").mkdir()
        moved = shutil.move(path, tmp_path / "new place" / "ü.mp4")
        assert self.key(moved) == before
        copied = shutil.copy2(moved, tmp_path / "b.mp4")
        assert self.key(copied) == before

    def test_another_content_or_time_is_another_clip(self, make_video):
        path = make_video("a.mp4")
        before, stat = self.key(path), path.stat()
        data = path.read_bytes()
        keys = {before}
        for place in (40, len(data) - 40):  # with the size and the time as they were
            path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1:])
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
            keys.add(self.key(path))
        path.write_bytes(data + b"0")
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        keys.add(self.key(path))
        path.write_bytes(data)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
        keys.add(self.key(path))
        assert len(keys) == 5
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        assert self.key(path) == before

    def test_long_files_are_looked_at_on_both_sides(self, tmp_path):
        rng = np.random.default_rng(0)
        data = bytearray(rng.bytes(200_000))
        contents = []
        for place in (None, 0, 199_999):
            changed = bytearray(data)
            if place is not None:
                changed[place] ^= 1
            (tmp_path / "a.mp4").write_bytes(changed)
            os.utime(tmp_path / "a.mp4", (9, 9))
            contents.append(VideoFrames(tmp_path / "a.mp4").content())
        assert len(set(contents)) == 3

    def test_pictures_in_memory_and_in_folders(self, tmp_path):
        pictures = np.random.default_rng(0).integers(0, 256, (3, 8, 9, 3), np.uint8)
        assert ArrayFrames(pictures).content() == ArrayFrames(pictures.copy(), "x").content()
        assert ArrayFrames(pictures).content() != ArrayFrames(pictures + 1).content()
        for i, picture in enumerate(pictures):
            cv2.imwrite(str(tmp_path / f"{i}.bmp"), picture)
        before = ImageFrames(tmp_path, 25).content()
        assert ImageFrames(tmp_path, 25).content() == before
        assert ImageFrames(tmp_path, 30).content() != before
        cv2.imwrite(str(tmp_path / "3.bmp"), pictures[0])
        assert ImageFrames(tmp_path, 25).content() != before

    def test_parameters_state_and_what_is_read(self):
        keys = {entry_key(step_key(step), clip, ("aus", "valid"))
                for step in (FaceAligner(), FaceAligner(size=80))
                for clip in (CLIP, CLIP.replace(aus=CLIP.aus + 1), CLIP.replace(fps=30),
                             CLIP.replace(valid=np.arange(T) > 2))}
        assert len(keys) == 8
        assert entry_key("s", CLIP, ("aus",)) == entry_key("s", CLIP.replace(
            smile=np.ones(T), name="x", subject="y"), ("aus",))

    def test_stored_arrays_go_by_their_content(self, cache, tmp_path):
        here, there = (ClipCache(folder).write("ab", fields(), CLIP)["faces"]
                       for folder in (cache.folder, tmp_path / "there"))
        other = cache.write("cd", fields(1), CLIP)["faces"]
        keys = [entry_key("s", Clip(faces=faces, fps=9), ("faces",))
                for faces in (here, there, other)]
        assert keys[0] == keys[1] != keys[2]


class Blur(ClipTransformer):
    """A step that adds faces, and notes in a file which clips it worked on."""

    adds = ("faces", "valid")
    reads = ("aus", "valid")

    def __init__(self, log: str = "", n_jobs: int | None = None, memory: object = None) -> None:
        self.log = log
        self.n_jobs = n_jobs
        self.memory = memory

    def transform_clip(self, clip: Clip) -> Clip:
        with open(self.log, "a") as log:
            log.write(f"{clip.name}\n")
        n = clip.n_frames
        return clip.replace(faces=np.full((n, 8, 8, 3), int(clip.aus[0, 0]), np.uint8),
                            valid=np.ones(n, bool))


@pytest.fixture
def step(tmp_path) -> Blur:
    return Blur(log=str(tmp_path / "log"), memory=str(tmp_path / "kept"))


def clips(n: int = 5) -> list[Clip]:
    return [Clip(aus=np.full((T, 17), i), fps=25, name=f"clip{i}") for i in range(n)]


def worked(step: Blur) -> list[str]:
    return open(step.log).read().split() if os.path.exists(step.log) else []


class TestRuns:
    @pytest.mark.parametrize("n_jobs", [None, 2])
    def test_the_second_run_measures_nothing(self, step, n_jobs):
        step.set_params(n_jobs=n_jobs)
        first, second = (transform_clips(step, clips()) for _ in range(2))
        assert sorted(worked(step)) == [f"clip{i}" for i in range(5)]
        assert (first.tally.measured, first.tally.kept, first.tally.known) == (5, 0, 0)
        assert (second.tally.measured, second.tally.kept, second.tally.known) == (0, 5, 0)
        for a, b in zip(first.data, second.data, strict=True):
            assert isinstance(a.known()["faces"], StoredArray)
            np.testing.assert_array_equal(a.faces, b.faces)
        again = transform_clips(step, second.data)
        assert (again.tally.measured, again.tally.kept, again.tally.known) == (0, 0, 5)

    def test_damage_is_measured_again_and_said(self, step):
        before = step.transform(clips())
        assert len(_files(step.memory)) == 10
        before[2].known()["faces"].path.write_bytes(b"rubbish")
        with pytest.warns(UserWarning, match=r"of no use for 1 of 5 clips: .*\.parquet: .*\.npy is "
                                             r"not what was written; clip2 was measured again"):
            after = step.transform(clips())
        assert worked(step)[5:] == ["clip2"]
        np.testing.assert_array_equal(after[2].faces, 2)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            step.transform(clips())
        assert len(worked(step)) == 6

    def test_a_full_disk_costs_no_result(self, step, monkeypatch):
        def full(*args):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("smilegenuine.clips.cache.store_array", full)
        with pytest.warns(UserWarning, match="No space left on device; what was measured of clip0"):
            done = step.transform(clips(2))
        np.testing.assert_array_equal(done[1].faces, 1)

    def test_what_ends_half_way_keeps_what_is_done(self, step, monkeypatch):
        def interrupt(self, clip, original=Blur.transform_clip):
            if clip.name == "clip3":
                raise KeyboardInterrupt
            return original(self, clip)

        monkeypatch.setattr(Blur, "transform_clip", interrupt)
        with pytest.raises(KeyboardInterrupt):
            step.transform(clips())
        monkeypatch.undo()
        step.transform(clips())
        assert worked(step) == ["clip0", "clip1", "clip2", "clip3", "clip4"]

    def test_two_processes_share_a_folder(self, step):
        runs = joblib.Parallel(n_jobs=2)(
            joblib.delayed(step.transform)(clips(12)) for _ in range(2))
        for done in runs:
            for i, clip in enumerate(done):
                np.testing.assert_array_equal(clip.faces, i)
        n = len(worked(step))
        step.transform(clips(12))
        assert len(worked(step)) == n
        assert not [f for f in _files(step.memory) if ".part-" in f]


def _files(folder: str) -> list[str]:
    return [os.path.join(where, name) for where, _, names in os.walk(folder) for name in names]
