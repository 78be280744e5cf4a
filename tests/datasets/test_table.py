"""Labelled sets: a CSV of paths, or folders by class."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from smilegenuine.clips.record import Clip
from smilegenuine.datasets import load_table


@pytest.fixture
def folder(tmp_path, make_video) -> Path:
    """A folder with five small videos: v0.mp4, …, v3.mp4 and `deep er/v4.mp4`."""
    for i in range(4):
        make_video(f"v{i}.mp4", n=2 + i)
    make_video("deep er/v4.mp4", n=6)
    return tmp_path


def csv(folder: Path, text: str, name: str = "set.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_text(text, encoding=encoding)
    return path


class TestCSV:
    def test_paths_labels_and_subjects(self, folder):
        absolute = folder / "v1.mp4"
        bunch = load_table(csv(folder, f"path,label,subject\nv0.mp4,1,a\n{absolute},0,b\n"
                                       "deep er/v4.mp4,1,a\n"))
        assert all(isinstance(c, Clip) for c in bunch.data)
        assert [c.name for c in bunch.data] == [str(folder / "v0.mp4"), str(absolute),
                                                str(folder / "deep er" / "v4.mp4")]
        assert [c.n_frames for c in bunch.data] == [2, 3, 6]
        np.testing.assert_array_equal(bunch.target, [1, 0, 1])
        assert bunch.target.dtype.kind == "i"
        np.testing.assert_array_equal(bunch.groups, ["a", "b", "a"])
        assert [c.subject for c in bunch.data] == ["a", "b", "a"]
        assert len(bunch.failures) == 0
        assert list(bunch.failures.columns) == ["clip", "error", "kind"]
        assert bunch.filenames == [clip.name for clip in bunch.data]
        assert bunch.folds is None
        assert bunch.target_names is None
        assert bunch.metadata.shape == (3, 0)
        assert str(folder / "set.csv") in bunch.DESCR

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    def test_other_columns_are_metadata(self, folder, encoding, separator):
        text = ("  Age, Label , PATH,Subject ,Größe,code,left\n 30, posed , v0.mp4, s1 ,klein,007,"
                "True\n,spontaneous,v1.mp4,s2,,010,False\n")
        bunch = load_table(csv(folder, text.replace(",", separator), encoding=encoding))
        np.testing.assert_array_equal(bunch.target, ["posed", "spontaneous"])
        np.testing.assert_array_equal(bunch.groups, ["s1", "s2"])
        assert bunch.data[0].name == str(folder / "v0.mp4")
        assert list(bunch.metadata) == ["age", "größe", "code", "left"]
        np.testing.assert_array_equal(bunch.metadata["age"], [30, np.nan])
        assert bunch.metadata["größe"][0] == "klein"
        assert pd.isna(bunch.metadata["größe"][1])
        assert list(bunch.metadata["code"]) == ["007", "010"]
        assert bunch.metadata["left"].dtype == bool

    def test_paths_of_all_kinds(self, folder, make_video, monkeypatch):
        monkeypatch.setenv("HOME", str(folder))
        make_video("Köln/ä b.mp4")
        bunch = load_table(csv(folder, "path,label\n~/v0.mp4,0\nKöln\\ä b.mp4,1\n"
                                       '"./deep er/v4.mp4",1\n'))
        assert bunch.filenames == [str(folder / "v0.mp4"), str(folder / "Köln" / "ä b.mp4"),
                                   str(folder / "deep er" / "v4.mp4")]
        assert len(load_table("~/set.csv").data) == 3

    @pytest.mark.parametrize(("folds", "expected"), [
        ([0, 1, 2], [0, 1, 2]), ([3, 1, 2], [2, 0, 1]), ([10, 9, 1], [2, 1, 0]),
        (["b", "a", "b"], [1, 0, 1])])
    def test_folds(self, folder, folds, expected):
        bunch = load_table(csv(folder, "path,label,subject,fold\n" + "".join(
            f"v{k}.mp4,{k % 2},s{k},{fold}\n" for k, fold in enumerate(folds))))
        np.testing.assert_array_equal(bunch.folds.test_fold, expected)
        assert bunch.folds.get_n_splits() == len(set(folds))
        assert "fold" not in bunch.metadata

    @pytest.mark.parametrize("on_error", ["raise", "warn", "skip"])
    def test_a_subject_in_two_folds(self, folder, on_error):
        path = csv(folder, "path,label,subject,fold\nv0.mp4,1,ann,1\nv1.mp4,0,ann,2\n"
                           "v2.mp4,0,bea,2\n")
        with pytest.raises(ValueError, match=r"set\.csv: 1 in more than one fold, .*: subject ann "
                                             "in folds 1 and 2"):
            load_table(path, on_error=on_error)

    @pytest.mark.parametrize("header", ["path,label,subject", "path,label, Subject",
                                        "Path,Label,SUBJECT"])
    def test_subjects_are_names_and_no_numbers(self, folder, header):
        bunch = load_table(csv(folder, f"{header}\nv0.mp4,1,01\nv1.mp4,0,1\nv2.mp4,0,NA\n"))
        np.testing.assert_array_equal(bunch.groups, ["01", "1", "NA"])
        assert [c.subject for c in bunch.data] == ["01", "1", "NA"]

    def test_paths_that_look_like_numbers(self, folder):
        (folder / "001").mkdir()
        cv2.imwrite(str(folder / "001" / "1.png"), np.zeros((4, 5, 3), np.uint8))
        bunch = load_table(csv(folder, "path,label\n001,1\n"))
        assert bunch.data[0].name == str(folder / "001")

    @pytest.mark.parametrize("text", ["path,label\nv0.mp4,1\nv1.mp4,0\n",
                                      "path,label,subject\nv0.mp4,1,\nv1.mp4,0, \n"])
    def test_no_subjects(self, folder, text):
        bunch = load_table(csv(folder, text))
        assert bunch.groups is None
        assert [c.subject for c in bunch.data] == [None, None]

    def test_labels_that_look_like_nothing(self, folder):
        bunch = load_table(csv(folder, "path,label\nv0.mp4,None\nv1.mp4,NA\n"))
        np.testing.assert_array_equal(bunch.target, ["None", "NA"])

    @pytest.mark.parametrize(("text", "message"), [
        ("file,label\nv0.mp4,1\n", "no column path; columns path,label,subject are needed, there "
                                   "are file,label"),
        ("a\n1\n", "no column path or label"),
        ("path,label\n", "no rows"), ("", r"cannot be read as a CSV"),
        ("path,label\nv0.mp4,1\nv1.mp4,\n,0\n", "2 without a path or a label: line 3, line 4"),
        ("path,label,subject\nv0.mp4,1,a\nv1.mp4,0,\n",
         r"1 without a subject while others have one, and not used: .*v1\.mp4"),
        ("path,label,fold\nv0.mp4,1,1\nv1.mp4,0,\nv2.mp4,1,2\n", "1 without a fold while others"),
        ("path,label,fold\nv0.mp4,1,1\nv1.mp4,0,1\n", "1 fold only, and nothing would be left"),
        ("path,label\nv0.mp4,1\nv1.mp4,0\nv0.mp4,1\n", r"1 listed twice: .*v0\.mp4"),
        ("path,label\nv0.mp4,1\n./deep er/../v0.mp4,0\n",
         r"1 listed twice with different words, and not used: .*v0\.mp4"),
        ("path,label\nv0.mp4,1,2,3\nv1.mp4,1,2,3,4,5\n", "cannot be read as a CSV"),
        ("path,label,label\nv0.mp4,1,2\n", "column label is there twice"),
    ])
    def test_bad_tables(self, folder, text, message):
        with pytest.raises(ValueError, match=rf"set\.csv: .*{message}"):
            load_table(csv(folder, text))

    def test_what_is_wrong_is_left_out(self, folder):
        path = csv(folder, "path,label,subject\nv0.mp4,1,a\nv0.mp4,1,a\nv1.mp4,1,b\nv1.mp4,0,b\n"
                           "v2.mp4,,c\nno.mp4,0,d\nv3.mp4,0,\ndeep er/v4.mp4,0,e\n")
        with pytest.warns(UserWarning, match=r"1 listed twice: .*v0\.mp4; 1 listed twice with "
                          r"different.*; 1 of 3 recordings cannot be read: .*no\.mp4: no such "
                          r"file; 2 clips are left") as caught:
            bunch = load_table(path, on_error="warn")
        assert len(caught) == 1
        assert [Path(clip.name).name for clip in bunch.data] == ["v0.mp4", "v4.mp4"]
        assert len(bunch.failures) == 5
        quiet = load_table(path, on_error="skip")
        pd.testing.assert_frame_equal(quiet.failures, bunch.failures)

    def test_a_long_list_is_said_shortly(self, folder):
        path = csv(folder, "path,label\nv0.mp4,1\n" + "".join(
            f"none{k}.mp4,0\n" for k in range(1500)))
        with pytest.raises(FileNotFoundError, match=r"1500 of 1501 recordings cannot be read: .*"
                                                    r"none9\.mp4: no such file, … \(1490 more\)$"
                           ) as caught:
            load_table(path)
        assert len(str(caught.value)) < 3000
        assert len(load_table(path, on_error="skip").failures) == 1500

    def test_missing_recordings(self, folder):
        path = csv(folder, "path,label,subject\nv0.mp4,1,a\nno1.mp4,0,b\nno2.mp4,1,c\n")
        with pytest.raises(FileNotFoundError, match=r"set\.csv: 2 of 3 recordings cannot be read: "
                                                    r".*no1\.mp4: no such.*no2\.mp4: no such"):
            load_table(path)
        bunch = load_table(path, on_error="skip")
        assert len(bunch.data) == len(bunch.target) == len(bunch.groups) == 1
        assert list(bunch.failures["clip"]) == [str(folder / "no1.mp4"), str(folder / "no2.mp4")]
        assert "no such file" in bunch.failures["error"][1]

    def test_unreadable_recordings(self, folder):
        (folder / "empty").mkdir()
        path = csv(folder, "path,label\nempty,1\n")
        for on_error in ("raise", "skip"):  # skipping leaves nothing
            with pytest.raises(ValueError, match=r"1 of 1 recordings cannot be read: .*no image"):
                load_table(path, on_error=on_error)

    def test_action_unit_files_as_recordings(self, folder, real):
        path = csv(folder, f"path,label\n{real.resolve() / 'OpenFace_Test.csv'},1\nv0.mp4,0\n")
        bunch = load_table(path)
        assert bunch.data[0].aus.shape == (100, 17)


class TestFolder:
    def test_classes(self, tmp_path, make_video):
        for name in ("posed/b.mp4", "posed/a.AVI", "spontaneous/c.mp4"):
            make_video(name, codec="MJPG" if name.endswith("AVI") else "mp4v")
        make_video(".trash/x.mp4")
        (tmp_path / "posed" / "._b.mp4").write_text("left behind by a file manager")
        (tmp_path / "posed" / "notes.txt").write_text("x")
        (tmp_path / "spontaneous" / "folder.mp4").mkdir()
        bunch = load_table(tmp_path)
        assert [Path(c.name).relative_to(tmp_path).as_posix() for c in bunch.data] == [
            "posed/a.AVI", "posed/b.mp4", "spontaneous/c.mp4"]
        np.testing.assert_array_equal(bunch.target, ["posed", "posed", "spontaneous"])
        assert bunch.groups is None
        assert {c.subject for c in bunch.data} == {None}

    def test_subjects(self, tmp_path, make_video):
        for name in ("posed/01/a.mp4", "posed/1/b.mp4", "spontaneous/01/session 2/c.mp4"):
            make_video(name)
        bunch = load_table(tmp_path)
        np.testing.assert_array_equal(bunch.groups, ["01", "1", "01"])
        assert [c.subject for c in bunch.data] == ["01", "1", "01"]

    def test_some_subjects(self, tmp_path, make_video):
        make_video("posed/s1/a.mp4")
        make_video("spontaneous/b.mp4")
        with pytest.raises(ValueError, match=r"some recordings lie in a subject's folder.*b\.mp4"):
            load_table(tmp_path)

    def test_labels_file_goes_first(self, folder, make_video):
        make_video("posed/x.mp4")
        csv(folder, "path,label\nv2.mp4,yes\n", "labels.csv")
        bunch = load_table(folder)
        assert list(bunch.target) == ["yes"]
        assert bunch.data[0].n_frames == 4

    def test_nothing_in_it(self, folder):
        (folder / "deep er" / "v4.mp4").unlink()
        with pytest.raises(ValueError, match=r"neither labels\.csv .* nor a subfolder a class"):
            load_table(folder)


def test_nothing_is_decoded(folder, monkeypatch):
    monkeypatch.setattr("cv2.VideoCapture", None)
    assert len(load_table(csv(folder, "path,label\nv0.mp4,1\nv1.mp4,0\n")).data) == 2


def test_nothing_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere: no such file or folder"):
        load_table(tmp_path / "nowhere")


def test_bad_choice(tmp_path):
    with pytest.raises(ValueError, match="on_error must be 'raise', 'warn' or 'skip', not 'x'"):
        load_table(tmp_path, on_error="x")


def test_fits_into_scikit_learn(folder):
    bunch = load_table(csv(folder, "path,label,subject\nv0.mp4,yes,a\nv1.mp4,no,b\n"))
    assert set(np.unique(bunch.target)) == {"yes", "no"}
    pd.testing.assert_series_equal(pd.Series(bunch.target).map({"yes": 1, "no": 0}),
                                   pd.Series([1, 0]))
