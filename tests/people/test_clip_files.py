"""`write_clips`: drawn once, whole, the same bytes every time, in either layout."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from sklearn.utils import Bunch

from smilegenuine import Clip
from smilegenuine.datasets import load_table, make_smiles
from smilegenuine.people import clip_files as module
from smilegenuine.people.clip_files import write_clips
from smilegenuine.people.folder_layouts import lay_out, subject_folds

FLAT = ["s000_0_posed.mp4", "s000_1_spontaneous.mp4", "s001_0_posed.mp4", "s001_1_spontaneous.mp4"]


def smiles(n: int = 2, k: int = 2, *, fps: float = 4, size: int = 48, seed: int = 0) -> Bunch:
    """Small clips of people of known gender and age."""
    bunch = make_smiles(n, k, fps=fps, size=size, random_state=seed)
    bunch.gender = np.repeat(np.resize(["female", "male"], n), k)
    bunch.age = np.repeat(np.resize([8, 41, 76], n), k)
    return bunch


def settings(**changes) -> dict:
    return {"n_subjects": 2, "fps": 4, "random_state": 0, **changes}


def contents(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes()
            for file in sorted(folder.rglob("*")) if file.is_file()}


def stamps(folder: Path) -> dict[Path, int]:
    return {file: file.stat().st_mtime_ns for file in folder.rglob("*")}


def nameless(n_subjects: int, clips_per_subject: int) -> Bunch:
    """A bunch that has everything a layout asks for, and no pictures."""
    n = n_subjects * clips_per_subject
    groups = np.repeat([f"s{i:03d}" for i in range(n_subjects)], clips_per_subject)
    k = np.tile(np.arange(clips_per_subject), n_subjects)
    shift = np.repeat(np.arange(n_subjects), clips_per_subject) * (clips_per_subject % 2)
    return Bunch(data=[Clip(name=f"{s}_{i}") for s, i in zip(groups, k, strict=True)],
                 groups=groups, target=(k + shift) % 2, target_names=["posed", "spontaneous"],
                 gender=np.array(["female"] * n), age=np.full(n, 30))


@pytest.fixture
def encoded(monkeypatch) -> list[str]:
    """The names of the files whose clips were drawn."""
    log, original = [], module._encode

    def encode(frames, fps, file):
        log.append(file.name.rpartition("-")[2])
        original(frames, fps, file)

    monkeypatch.setattr(module, "_encode", encode)
    return log


class TestGoingOn:
    def test_a_complete_folder_is_left_alone(self, tmp_path, encoded):
        write_clips(smiles(), tmp_path, settings=settings())
        assert encoded == FLAT
        before, again = stamps(tmp_path), smiles()
        write_clips(again, tmp_path, settings=settings())
        assert encoded == FLAT
        assert stamps(tmp_path) == before
        assert again.filenames == [str(tmp_path / name) for name in FLAT]
        assert [clip.name for clip in again.data] == again.filenames
        assert [clip.subject for clip in again.data] == list(again.groups)

    def test_after_an_interruption(self, tmp_path, encoded, monkeypatch):
        bunch = smiles()
        original, left = cv2.VideoWriter.write, [len(bunch.data[0].frames) + 3]

        def write(self, frame):
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            original(self, frame)

        with monkeypatch.context() as patch:
            patch.setattr(cv2.VideoWriter, "write", write)
            with pytest.raises(KeyboardInterrupt):
                write_clips(bunch, tmp_path, settings=settings())
        assert sorted(file.name for file in tmp_path.iterdir()) == ["drawn.json", FLAT[0]]
        encoded.clear()
        write_clips(smiles(), tmp_path, settings=settings())
        assert encoded == FLAT[1:]
        write_clips(smiles(), tmp_path / "at once", settings=settings())
        at_once = contents(tmp_path / "at once")
        assert {k: v for k, v in contents(tmp_path).items() if "at once" not in k} == at_once

    def test_leftovers_are_removed(self, tmp_path):
        ours = [tmp_path / f".part-99999999-{name}" for name in (FLAT[1], "labels.csv")]
        other = tmp_path / ".part-99999999-other.mp4"
        for file in (*ours, other):
            file.write_bytes(b"half")
        write_clips(smiles(), tmp_path, settings=settings())
        assert other.exists()
        assert not any(file.exists() for file in ours)

    @pytest.mark.parametrize("damage", ["empty", "cut off", "rubbish", "short", "size", "rate"])
    def test_a_damaged_file_is_drawn_again(self, tmp_path, encoded, damage):
        write_clips(smiles(), tmp_path, settings=settings())
        good = contents(tmp_path)
        file = tmp_path / FLAT[2]
        if damage in ("short", "size", "rate"):
            frames = list(smiles().data[2].frames)
            pixels = 64 if damage == "size" else 48
            writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"mp4v"),
                                     5 if damage == "rate" else 4, (pixels, pixels))
            for frame in frames[:-1] if damage == "short" else frames:
                writer.write(cv2.resize(frame, (pixels, pixels)))
            writer.release()
        else:
            data = file.read_bytes()
            file.write_bytes({"empty": b"", "cut off": data[:-900], "rubbish": b"x" * 5000}[damage])
        encoded.clear()
        write_clips(smiles(), tmp_path, settings=settings())
        assert encoded == [FLAT[2]]
        assert contents(tmp_path) == good

    def test_a_list_that_was_lost_is_written_again(self, tmp_path, encoded):
        write_clips(smiles(), tmp_path, settings=settings())
        good = contents(tmp_path)
        (tmp_path / "labels.csv").unlink()
        encoded.clear()
        write_clips(smiles(), tmp_path, settings=settings())
        assert encoded == []
        assert contents(tmp_path) == good

    @pytest.mark.slow
    def test_two_at_once(self, tmp_path):
        code = ("import sys; from pathlib import Path\n"
                "from smilegenuine.datasets import make_smiles\n"
                "from smilegenuine.people.clip_files import write_clips\n"
                "write_clips(make_smiles(2, 2, fps=8, size=48, random_state=0), Path(sys.argv[1]),"
                " settings={'random_state': 0})")
        both = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "both")])
                for _ in range(2)]
        write_clips(smiles(fps=8), tmp_path / "one", settings={"random_state": 0})
        assert [process.wait(timeout=120) for process in both] == [0, 0]
        assert contents(tmp_path / "both") == contents(tmp_path / "one")

    def test_another_process_was_quicker(self, tmp_path, monkeypatch):
        clip, original = smiles().data[0], module._encode
        file = tmp_path / FLAT[0]

        def encode(frames, fps, part):
            original(frames, fps, file)  # theirs is there before ours, and they tidied up

        monkeypatch.setattr(module, "_encode", encode)
        assert module._write_clip(clip.frames, clip.fps, file) is None
        assert list(tmp_path.iterdir()) == [file]


class TestOtherClips:
    @pytest.mark.parametrize(("changes", "layout", "message"), [
        ({"fps": 25}, "flat", r"\(fps is 4, not 25\); write to another folder, or delete"),
        ({"fps": 25, "random_state": 1}, "flat", r"fps is 4, not 25; random_state is 0, not 1\)"),
        ({}, "uva-nemo", r'layout is "flat", not "uva-nemo"'),
        ({"look": "é"}, "flat", r'look is not given, not "é"'),
    ])
    def test_other_settings(self, tmp_path, encoded, changes, layout, message):
        write_clips(smiles(1, 1), tmp_path, settings=settings())
        before = stamps(tmp_path)
        with pytest.raises(ValueError, match=message) as caught:
            write_clips(smiles(1, 1), tmp_path, layout=layout, settings=settings(**changes))
        assert str(tmp_path) in str(caught.value)
        assert len(encoded) == 1
        assert stamps(tmp_path) == before

    def test_settings_that_json_changes_are_the_same(self, tmp_path, encoded):
        for _ in range(2):
            write_clips(smiles(1, 1), tmp_path, settings={
                "seed": np.int64(3), "ages": (8, 76), "fps": np.float32(0.5), "of": np.arange(2)})
        assert len(encoded) == 1
        record = json.loads((tmp_path / "drawn.json").read_text(encoding="utf-8"))
        assert record["format"] == 1
        assert record["ages"] == [8, 76]

    def test_other_version(self, tmp_path, monkeypatch):
        write_clips(smiles(1, 1), tmp_path, settings=settings())
        monkeypatch.setattr(module, "__version__", "99")
        with pytest.raises(ValueError, match=r'smilegenuine is ".*", not "99"'):
            write_clips(smiles(1, 1), tmp_path, settings=settings())

    def test_settings_that_are_no_json(self, tmp_path):
        with pytest.raises(TypeError, match=r"settings must be what JSON can hold, not \{1\}"):
            write_clips(smiles(1, 1), tmp_path, settings={"seed": {1}})

    @pytest.mark.parametrize("there", [FLAT[0], "labels.csv"])
    @pytest.mark.parametrize("given", [settings(), None], ids=["seed", "no seed"])
    def test_files_that_are_not_ours(self, tmp_path, there, given):
        (tmp_path / there).write_bytes(b"theirs")
        with pytest.raises(ValueError, match=rf"{there} is there already.*write to another folder"):
            write_clips(smiles(1, 1), tmp_path, settings=given)
        assert contents(tmp_path) == {there: b"theirs"}

    def test_a_real_database_is_not_touched(self, tmp_path):
        details = tmp_path / "UvA-NEMO_Smile_Database_File_Details.txt"
        details.write_text("theirs")
        with pytest.raises(ValueError, match=r"Details.txt is there already"):
            write_clips(smiles(1, 1), tmp_path, layout="uva-nemo", settings=settings())
        assert contents(tmp_path) == {details.name: b"theirs"}

    def test_without_a_seed(self, tmp_path):
        write_clips(smiles(1, 2), tmp_path / "a")
        assert sorted(contents(tmp_path / "a")) == ["labels.csv", *FLAT[:2]]
        with pytest.raises(ValueError, match="mp4 and 2 more are there already, and nothing says"):
            write_clips(smiles(1, 2), tmp_path / "a")
        write_clips(smiles(1, 1), tmp_path / "b", settings=settings())
        with pytest.raises(ValueError, match="without a random_state these would be others"):
            write_clips(smiles(1, 1), tmp_path / "b")

    @pytest.mark.parametrize("text", ["", "{", "[1]"])
    def test_record_that_cannot_be_read(self, tmp_path, text):
        (tmp_path / "drawn.json").write_text(text)
        with pytest.raises(ValueError, match=r"drawn.json cannot be read .*another folder"):
            write_clips(smiles(1, 1), tmp_path, settings=settings())

    def test_folder_that_opencv_cannot_take(self, tmp_path):
        with pytest.raises(ValueError, match="not valid UTF-8"):
            write_clips(smiles(1, 1), tmp_path / "a\udcff")
        assert list(tmp_path.iterdir()) == []


class TestFailures:
    def test_the_others_are_written(self, tmp_path, monkeypatch):
        original = module._encode

        def encode(frames, fps, file):
            if "s000_1" in file.name:
                raise OSError("no more ink")
            if "s001_0" in file.name:
                raise cv2.error("out of tune")
            original(frames, fps, file)

        bunch = smiles()
        with monkeypatch.context() as patch:
            patch.setattr(module, "_encode", encode)
            with pytest.raises(OSError, match=r"^2 of 4 clips could not be written: .*"
                               r"s000_1_spontaneous\.mp4: no more ink; .*s001_0_posed.*: out of"):
                write_clips(bunch, tmp_path, settings=settings())
        assert sorted(contents(tmp_path)) == ["drawn.json", FLAT[0], FLAT[3]]
        assert bunch.filenames == []
        write_clips(bunch, tmp_path, settings=settings())
        assert sorted(contents(tmp_path)) == ["drawn.json", "labels.csv", *FLAT]

    def test_the_disk_is_full(self, tmp_path, monkeypatch):
        original, count = cv2.VideoWriter.write, iter(range(10**6))
        monkeypatch.setattr(cv2.VideoWriter, "write",
                            lambda *args: original(*args) if next(count) < 5 else None)
        with pytest.raises(OSError, match="cut off; is the disk full"):
            write_clips(smiles(1, 1), tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_many(self, tmp_path, monkeypatch):
        def encode(frames, fps, file):
            raise OSError("no")

        monkeypatch.setattr(module, "_encode", encode)
        with pytest.raises(OSError, match=r"^24 of 24 clips .*; …$") as caught:
            write_clips(smiles(4, 6), tmp_path)
        assert str(caught.value).count(": no") == 20

    def test_folder_that_is_a_file(self, tmp_path):
        (tmp_path / "x").write_text("")
        with pytest.raises(OSError, match="x"):
            write_clips(smiles(1, 1), tmp_path / "x")


class TestProcesses:
    def test_the_same_bytes(self, tmp_path):
        write_clips(smiles(2, 3), tmp_path / "one", layout="uva-nemo", settings=settings())
        write_clips(smiles(2, 3), tmp_path / "two", layout="uva-nemo", settings=settings(),
                    n_jobs=2)
        one = contents(tmp_path / "one")
        assert len(one) == 6 + 23
        assert contents(tmp_path / "two") == one

    def test_threads_of_opencv_are_given_back(self, tmp_path, monkeypatch):
        before, inside, original = cv2.getNumThreads(), [], module._encode

        def encode(*args):
            inside.append(cv2.getNumThreads())
            original(*args)

        monkeypatch.setattr(module, "_encode", encode)
        cv2.setNumThreads(2)
        try:
            write_clips(smiles(1, 1), tmp_path)
            assert cv2.getNumThreads() == 2
        finally:
            cv2.setNumThreads(before)
        assert inside == [1]

    def test_progress(self, tmp_path, capsys):
        write_clips(smiles(1, 2), tmp_path, settings=settings(), verbose=True)
        assert "2/2" in capsys.readouterr().err
        (tmp_path / FLAT[1]).unlink()
        write_clips(smiles(1, 2), tmp_path, settings=settings(), verbose=True)
        assert "1/1" in capsys.readouterr().err


@pytest.mark.parametrize("fps", [29.97, 30000 / 1001, 12.5, 120])
def test_frame_rates(tmp_path, fps):
    lazy, bunch = (smiles(1, 1, fps=fps) for _ in range(2))
    write_clips(bunch, tmp_path, settings={})
    assert bunch.data[0].fps == pytest.approx(lazy.data[0].fps, rel=1e-3)
    np.testing.assert_allclose(bunch.data[0].times, lazy.data[0].times, rtol=1e-3, atol=1e-9)


class TestLayouts:
    def test_uva_nemo(self, tmp_path):
        bunch = smiles(2, 3)
        write_clips(bunch, tmp_path, layout="uva-nemo", settings=settings())
        names = ["001_deliberate_smile_1", "001_spontaneous_smile_1", "001_deliberate_smile_2",
                 "002_spontaneous_smile_1", "002_deliberate_smile_1", "002_spontaneous_smile_2"]
        assert bunch.filenames == [str(tmp_path / "videos" / f"{name}.mp4") for name in names]
        assert sorted(f.name for f in (tmp_path / "videos").iterdir()) == sorted(
            f"{name}.mp4" for name in names)
        text = (tmp_path / "UvA-NEMO_Smile_Database_File_Details.txt").read_bytes().decode()
        rows = text.split("\n")
        assert rows[-1] == ""
        assert rows[3].split("\t") == ["file name", "subject code", "gender", "age", "smile"]
        assert rows[4] == ""
        assert rows[5] == "001_deliberate_smile_1.mp4\t001\tfemale\t8  \tdeliberate "
        assert [[field.strip() for field in row.split("\t")] for row in rows[5:-1]] == [
            [f"{n}.mp4", n[:3], "female" if n < "002" else "male", "8" if n < "002" else "41",
             n.split("_")[1]] for n in names]
        folds = {f.name: f.read_text() for f in (tmp_path / "folds").iterdir()}
        assert set(folds) == {f"{p}_fold_all_{k}.txt" for p in "PS" for k in range(1, 11)}
        assert folds["P_fold_all_1.txt"] == f"{names[0]}\n{names[2]}\n"
        assert folds["S_fold_all_2.txt"] == f"{names[3]}\n{names[5]}\n"
        assert folds["P_fold_all_3.txt"] == ""

    @pytest.mark.parametrize("layout", ["flat", "uva-nemo"])
    def test_load_table(self, tmp_path, layout):
        bunch = smiles()
        write_clips(bunch, tmp_path, layout=layout, settings=settings())
        table = load_table(tmp_path)
        assert [clip.name for clip in table.data] == bunch.filenames
        np.testing.assert_array_equal(table.groups, bunch.groups)
        np.testing.assert_array_equal(table.target, np.array(bunch.target_names)[bunch.target])

    def test_more_than_999_subjects(self):
        videos, texts = lay_out(nameless(1001, 1), "uva-nemo")
        assert len(set(videos)) == 1001
        assert videos[998:1000] == ["videos/999_deliberate_smile_1.mp4",
                                    "videos/1000_spontaneous_smile_1.mp4"]
        assert "\n1000_spontaneous_smile_1.mp4\t1000\tfemale" in texts[
            "UvA-NEMO_Smile_Database_File_Details.txt"]

    @pytest.mark.parametrize("field", ["gender", "age"])
    def test_fields_that_are_missing(self, tmp_path, field):
        bunch = smiles(1, 1)
        del bunch[field]
        with pytest.raises(ValueError, match=f"the bunch has no {field}, .* or take layout 'flat'"):
            write_clips(bunch, tmp_path / "x", layout="uva-nemo")
        assert not (tmp_path / "x").exists()
        bunch[field] = [1, 2, 3]
        with pytest.raises(ValueError, match=f"{field} must have one value .* 1 clips, not 3"):
            write_clips(bunch, tmp_path / "x", layout="uva-nemo")

    def test_unknown(self, tmp_path):
        with pytest.raises(ValueError, match="layout must be one of 'flat', 'uva-nemo', not 'x'"):
            write_clips(smiles(1, 1), tmp_path / "x", layout="x")
        assert not (tmp_path / "x").exists()

    @pytest.mark.parametrize(("n", "k"), [(400, 3), (310, 4), (20, 3), (13, 5), (10, 1)])
    def test_folds(self, n, k):
        bunch = nameless(n, k)
        folds = subject_folds(bunch.groups, bunch.target, 10)
        for subject in np.unique(bunch.groups):
            assert len(set(folds[bunch.groups == subject])) == 1
        clips = np.array([[np.sum((folds == f) & (bunch.target == y)) for y in (0, 1)]
                          for f in range(10)])
        assert clips.sum() == n * k
        assert (np.ptp(clips, axis=0) <= (k + 1) // 2).all(), clips
        assert np.ptp(clips.sum(axis=1)) <= k

    def test_folds_of_unequal_subjects(self):
        rng = np.random.default_rng(0)
        groups = np.repeat(np.arange(400), rng.integers(1, 6, 400))
        target = rng.integers(0, 2, len(groups))
        folds = subject_folds(groups, target, 10)
        for y in (0, 1):
            assert np.ptp(np.bincount(folds[target == y], minlength=10)) <= 2
        assert set(Counter(folds)) == set(range(10))

    def test_few_subjects_leave_folds_empty(self):
        bunch = nameless(3, 2)
        np.testing.assert_array_equal(subject_folds(bunch.groups, bunch.target, 10),
                                      [0, 0, 1, 1, 2, 2])
