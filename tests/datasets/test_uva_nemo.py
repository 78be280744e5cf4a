"""`load_uva_nemo`: the set as it lies on disk, in any arrangement, and all that may be wrong."""

from __future__ import annotations

import re
import shutil
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from lookalikes import (
    UVA_NEMO_DETAILS,
    edit,
    in_silence,
    tiny_smiles,
    told,
    write_json_lists,
)
from sklearn.model_selection import PredefinedSplit
from uva_nemo_set import N, details, fold_list, video

from smilegenuine import Clip
from smilegenuine.datasets import load_uva_nemo
from smilegenuine.people.folder_layouts import lay_out


@pytest.fixture
def root(uva_nemo) -> Path:
    """A set that may be spoilt."""
    return uva_nemo


class TestTheSet:
    def test_all_of_it(self, root):
        smiles = in_silence(load_uva_nemo, root)
        assert len(smiles.data) == len(smiles.target) == len(smiles.groups) == N
        assert all(isinstance(clip, Clip) for clip in smiles.data)
        assert list(smiles.metadata["video"][:3]) == [
            "001_deliberate_smile_1", "001_spontaneous_smile_1", "002_deliberate_smile_1"]
        np.testing.assert_array_equal(
            smiles.target, ["spontaneous" in v for v in smiles.metadata["video"]])
        np.testing.assert_array_equal(smiles.groups, [v[:3] for v in smiles.metadata["video"]])
        assert [clip.subject for clip in smiles.data] == list(smiles.groups)
        assert smiles.filenames == [str(video(root, v)) for v in smiles.metadata["video"]]
        assert smiles.target_names == ("posed", "spontaneous")
        assert list(smiles.metadata.columns) == ["video", "gender", "age"]
        assert list(smiles.metadata["gender"][:4]) == ["female", "female", "male", "male"]
        np.testing.assert_array_equal(smiles.metadata["age"], np.repeat(np.arange(8.0, 20.0), 2))
        assert "1240 smiles" in smiles.DESCR
        assert smiles.failures.empty

    def test_clips_can_be_watched(self, root):
        clip = in_silence(load_uva_nemo, root).data[5]
        assert clip.fps == pytest.approx(50.0)
        assert [frame.shape for frame in clip.frames] == [(32, 32, 3)] * 3

    def test_folds_are_the_lists(self, root):
        smiles = in_silence(load_uva_nemo, root)
        assert isinstance(smiles.folds, PredefinedSplit)
        assert smiles.folds.get_n_splits() == 10
        for k, (train, test) in enumerate(smiles.folds.split(), start=1):
            listed = [name for letter in "PS"
                      for name in fold_list(root, f"{letter}_fold_all_{k}").read_text().split()]
            assert sorted(smiles.metadata["video"][test]) == sorted(listed)
            assert not set(smiles.groups[train]) & set(smiles.groups[test])
            assert len(train) + len(test) == N

    def test_without_folds(self, root):
        smiles = in_silence(load_uva_nemo, root, folds=False)
        assert smiles.folds is None
        assert len(smiles.data) == N

    def test_what_make_smiles_writes(self, tmp_path, written_uva_nemo):
        smiles = tiny_smiles(3, 2)
        videos, texts = lay_out(smiles, "uva-nemo")
        for name in videos:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            shutil.copy(video(written_uva_nemo, "001_deliberate_smile_1"), tmp_path / name)
        for name, text in texts.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
        found = in_silence(load_uva_nemo, tmp_path)
        assert [f"videos/{v}.mp4" for v in found.metadata["video"]] == videos
        np.testing.assert_array_equal(found.target, smiles.target)
        np.testing.assert_array_equal(found.groups, ["001", "001", "002", "002", "003", "003"])
        np.testing.assert_array_equal(found.metadata["age"], smiles.age)
        assert found.folds.get_n_splits() == 3  # the lists of the others are empty

    def test_headers_are_read_once_or_not_at_all(self, root, decoded):
        load_uva_nemo(root)
        assert len(decoded) == N
        load_uva_nemo(root, check_videos=False)
        assert len(decoded) == N

    def test_only_one_kind_of_a_person_is_normal(self, root):
        video(root, "003_deliberate_smile_1").unlink()
        edit(details(root), "003_deliberate_smile_1.mp4", "# ")
        (line,) = [x for x in details(root).read_text().split("\n") if x.startswith("# ")]
        edit(details(root), f"{line}\n", "")
        edit(fold_list(root, "P_fold_all_3"), "003_deliberate_smile_1\n", "")
        assert len(in_silence(load_uva_nemo, root).data) == N - 1


# -- arrangements -------------------------------------------------------------------------------

def as_it_is(root: Path) -> None:
    pass


def all_in_one_folder(root: Path) -> None:
    for file in [*root.rglob("*.mp4"), *(root / "folds").iterdir()]:
        file.rename(root / file.name)


def deep_in_strange_folders(root: Path) -> None:
    (root / "Smiles of Čapek").mkdir()
    (root / "videos").rename(root / "Smiles of Čapek" / "über 9")
    (root / "Lists").mkdir()
    for k, file in enumerate(sorted((root / "folds").iterdir())):
        (root / "Lists" / str(k % 3)).mkdir(exist_ok=True)
        file.rename(root / "Lists" / str(k % 3) / file.name)


def capitals(root: Path) -> None:
    for file in root.rglob("*.mp4"):
        file.rename(file.with_name(file.name.upper()))
    for file in (root / "folds").iterdir():
        file.rename(file.with_name(f"{file.stem.upper()}.TXT"))


def other_suffix(root: Path) -> None:
    for file in root.rglob("*.mp4"):
        file.rename(file.with_suffix(".mkv"))  # the header says what it is


def hidden_twins(root: Path) -> None:
    for file in [*root.rglob("*.mp4"), details(root), *(root / "folds").iterdir()]:
        file.with_name(f"._{file.name}").write_bytes(b"\0\5\x16\7")
    (root / ".Trashes").mkdir()
    shutil.copy(video(root, "001_deliberate_smile_1"), root / ".Trashes")
    shutil.copytree(root / "videos", root / "__MACOSX" / "videos")


def names_with_suffix(root: Path) -> None:
    for file in (root / "folds").iterdir():
        file.write_text("".join(f" {name}.mp4\t \n\n" for name in file.read_text().split()))


def details_by_another_name(root: Path) -> None:
    text = details(root).read_text()
    details(root).unlink()
    (root / "videos" / "notes.tsv").write_text(text)
    (root / "README.txt").write_text("Ask the owners.\n001\tfemale\t30\n")


def details_twice_alike(root: Path) -> None:
    shutil.copy(details(root), root / "videos" / "copy of details.txt")


def no_header(root: Path) -> None:
    lines = details(root).read_text().split("\n")
    details(root).write_text("\n".join(lines[5:]))


def blanks_for_tabs(root: Path) -> None:
    details(root).write_text(details(root).read_text().replace("\t", "  "))


def links(root: Path) -> None:
    (root / "videos" / "back").symlink_to(root, target_is_directory=True)
    (root / "again").symlink_to(root / "videos", target_is_directory=True)
    (root / "one.txt").symlink_to(root / "one.txt")
    name = video(root, "001_deliberate_smile_1")
    (root / name.name).symlink_to(name)


def other_files(root: Path) -> None:
    (root / "UvA-NEMO_Smile_Database_Kinship_Labels.txt").write_text(
        "Kinship\n\n\nSubjects\tRelation\n\n001-002\tbrother,sister\n")
    (root / "UvA-NEMO_Smile_Database_Subject_Details.txt").write_text(
        "Subjects\n\n\nCode\tGender\tAge\n\n001\tfemale\t8\n")
    (root / "P_fold_all_11.txt").write_text("001_deliberate_smile_1\n")
    (root / "chart.png").write_bytes(b"x")


def lists_of_landmark_systems(root: Path) -> None:
    ids = sorted(file.stem for file in root.rglob("*.mp4"))
    shutil.rmtree(root / "folds")
    write_json_lists(root / "labels", ids, ["spontaneous" in v for v in ids],
                     [(int(v[:3]) - 1) % 10 for v in ids], 10)


@pytest.mark.parametrize("rearrange", [
    as_it_is, all_in_one_folder, deep_in_strange_folders, capitals, other_suffix, hidden_twins,
    names_with_suffix, details_by_another_name, details_twice_alike, no_header, blanks_for_tabs,
    links, other_files, lists_of_landmark_systems], ids=lambda change: change.__name__)
def test_arrangements(root, rearrange):
    rearrange(root)
    open_them = rearrange in (as_it_is, capitals, other_suffix)
    smiles = in_silence(load_uva_nemo, root, check_videos=open_them)
    assert [v.lower() for v in smiles.metadata["video"]] == [
        f"{i:03d}_{kind}_smile_1" for i in range(1, 13) for kind in ("deliberate", "spontaneous")]
    np.testing.assert_array_equal(smiles.target, [0, 1] * 12)
    np.testing.assert_array_equal(smiles.folds.test_fold, np.repeat(np.arange(12) % 10, 2))
    np.testing.assert_array_equal(smiles.metadata["age"], np.repeat(np.arange(8, 20), 2))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_encodings(root, encoding, newline):
    edit(details(root), "Age", "Àge")
    for file in (details(root), *(root / "folds").iterdir()):
        file.write_bytes(file.read_text("utf-8").replace("\n", newline).encode(encoding))
    smiles = in_silence(load_uva_nemo, root, check_videos=False)
    assert smiles.folds.get_n_splits() == 10
    assert smiles.metadata["video"][0] == "001_deliberate_smile_1"


def test_letters_that_are_composed_otherwise(root):
    name = "001é_deliberate_smile_1"
    for file in [details(root), fold_list(root, "P_fold_all_1")]:
        edit(file, "001_deliberate_smile_1", unicodedata.normalize("NFC", name))
    taken_apart = video(root, unicodedata.normalize("NFD", name))
    video(root, "001_deliberate_smile_1").rename(taken_apart)
    assert len(in_silence(load_uva_nemo, root).data) == N


class TestWrongFolder:
    def test_nowhere(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="nowhere: no such file or folder"):
            load_uva_nemo(tmp_path / "nowhere")

    def test_a_file(self, root):
        with pytest.raises(ValueError, match=r"Details.txt: is a file; give the folder that "
                                             "UvA-NEMO lies in, and unpack an archive first"):
            load_uva_nemo(details(root))

    def test_too_low(self, root):
        with pytest.raises(FileNotFoundError, match=(
                r"videos: no details of UvA-NEMO. Looked for a line such as '001_deliberate.*' in "
                r"0 text files, in this folder and 0 below it \(24 videos are there\), and for "
                rf"labels.csv .*; there is one in {re.escape(str(root))}: give that folder")):
            load_uva_nemo(root / "videos")

    def test_too_high(self, root):
        (root.parent / "something else").mkdir()
        assert len(in_silence(load_uva_nemo, root.parent).data) == N

    def test_empty(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="no details of UvA-NEMO.*give the folder that "
                                                    f"holds {UVA_NEMO_DETAILS} and the videos"):
            load_uva_nemo(tmp_path)

    def test_bad_choice(self, root):
        with pytest.raises(ValueError, match="on_error must be 'raise', 'warn' or 'skip', not 'x'"):
            load_uva_nemo(root, on_error="x")


class TestLabels:
    def rows(self, root: Path, *, kind: str = "video", subject: bool = True) -> list[str]:
        ids = sorted(file.stem for file in (root / "videos").iterdir())
        files = [f"videos/{v}.mp4" if kind == "path" else v for v in ids]
        return [f"{kind},label,subject,Age,Shoe Size"] + [
            f"{file},{'genuine' if 'spontaneous' in v else 'posed'},{v[:3] if subject else ''},30,9"
            for file, v in zip(files, ids, strict=True)]

    @pytest.mark.parametrize("kind", ["video", "path"])
    def test_in_place_of_the_details(self, root, kind):
        details(root).unlink()
        (root / "labels.csv").write_text("\n".join(self.rows(root, kind=kind)))
        smiles = in_silence(load_uva_nemo, root)
        np.testing.assert_array_equal(smiles.target, [0, 1] * 12)
        np.testing.assert_array_equal(smiles.groups, [v[:3] for v in smiles.metadata["video"]])
        assert smiles.folds.get_n_splits() == 10
        assert list(smiles.metadata.columns) == ["video", "gender", "age", "shoe size"]
        assert set(smiles.metadata["age"]) == {30.0}

    def test_details_go_before_a_file_in_the_root(self, root):
        (root / "labels.csv").write_text("video,label,subject\n001_deliberate_smile_1,posed,x\n")
        assert "x" not in in_silence(load_uva_nemo, root).groups

    def test_a_file_that_is_asked_for_goes_before_all(self, root, tmp_path):
        file = tmp_path / "mine.csv"
        file.write_text("\n".join(self.rows(root)).replace(
            "001_deliberate_smile_1,posed", "001_deliberate_smile_1,spontaneous"))
        smiles, text = told(load_uva_nemo, root, labels=file)
        assert smiles.target[0] == 1
        assert "1 in the fold list of the other kind" in text

    def test_a_name_that_says_the_other_kind(self, root):
        details(root).unlink()
        (root / "labels.csv").write_text("\n".join(self.rows(root)).replace(
            "001_deliberate_smile_1,posed", "001_deliberate_smile_1,1"))
        smiles, text = told(load_uva_nemo, root)
        assert "001_deliberate_smile_1 is spontaneous in labels.csv" in text
        assert len(smiles.data) == N - 1

    def test_rows_without_a_meaning(self, root):
        details(root).unlink()
        rows = self.rows(root)
        rows[1] = rows[1].replace("posed", "polite")
        rows[3] = ",posed,003,30,9"
        (root / "labels.csv").write_text("\n".join(rows))
        smiles, text = told(load_uva_nemo, root)
        assert ("2 without a video or a label that means posed or spontaneous: labels.csv, line 2 "
                "(001_deliberate_smile_1: polite), labels.csv, line 4 (no video: posed)") in text
        assert len(smiles.data) == N - 2

    def test_a_path_that_leads_nowhere(self, root):
        details(root).unlink()
        rows = self.rows(root, kind="path")
        rows[1] = rows[1].replace("videos/", "elsewhere/")
        (root / "labels.csv").write_text("\n".join(rows))
        _, text = told(load_uva_nemo, root)
        assert "1 in labels.csv, but not there: elsewhere/001_deliberate_smile_1.mp4" in text
        assert "1 there, but not in labels.csv: 001_deliberate_smile_1" in text

    def test_no_such_file(self, root):
        with pytest.raises(FileNotFoundError, match=r"mine\.csv: no such file"):
            load_uva_nemo(root, labels=root / "mine.csv")

    def test_no_such_columns(self, root):
        (root / "my.csv").write_text("name,kind\na,b\n")
        with pytest.raises(ValueError, match=r"my.csv: columns path \(or video\), label and, if "
                                             "known, subject are needed; there are name, kind"):
            load_uva_nemo(root, labels=root / "my.csv")
