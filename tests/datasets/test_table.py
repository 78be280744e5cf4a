"""Labelled sets: a CSV of paths, or folders by class."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from smilegenuine.clip import Clip
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
        assert list(bunch.failures.columns) == ["clip", "error"]

    def test_blanks_capitals_and_other_columns(self, folder):
        bunch = load_table(csv(folder, "  Age, Label , PATH,Subject \n 30, posed , v0.mp4, s1 \n"
                                       "31,spontaneous,v1.mp4,s2\n", encoding="utf-8-sig"))
        np.testing.assert_array_equal(bunch.target, ["posed", "spontaneous"])
        np.testing.assert_array_equal(bunch.groups, ["s1", "s2"])
        assert bunch.data[0].name == str(folder / "v0.mp4")

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
        ("path,label\nv0.mp4,1\nv1.mp4,\n,0\n", "path or label is empty in row 3, 4"),
        ("path,label,subject\nv0.mp4,1,a\nv1.mp4,0,\n", "subject is empty in row 3"),
        ("path,label\nv0.mp4,1\nv1.mp4,0\nv0.mp4,0\n", r"v0\.mp4 is listed twice"),
        ("path,label\nv0.mp4,1\n./deep er/../v0.mp4,0\n", r"v0\.mp4 is listed twice"),
        ("path,label\nv0.mp4,1,2,3\nv1.mp4,1,2,3,4,5\n", "cannot be read as a CSV"),
    ])
    def test_bad_tables(self, folder, text, message):
        with pytest.raises(ValueError, match=rf"set\.csv: .*{message}"):
            load_table(csv(folder, text))

    def test_no_text(self, folder):
        path = folder / "set.csv"
        path.write_bytes(b"path,label\n\xff\xfe\x81,1\n")
        with pytest.raises(ValueError, match=r"set\.csv: cannot be read as a CSV"):
            load_table(path)

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
    with pytest.raises(ValueError, match="on_error must be 'raise' or 'skip', not 'warn'"):
        load_table(tmp_path, on_error="warn")


def test_fits_into_scikit_learn(folder):
    bunch = load_table(csv(folder, "path,label,subject\nv0.mp4,yes,a\nv1.mp4,no,b\n"))
    assert set(np.unique(bunch.target)) == {"yes", "no"}
    pd.testing.assert_series_equal(pd.Series(bunch.target).map({"yes": 1, "no": 0}),
                                   pd.Series([1, 0]))
