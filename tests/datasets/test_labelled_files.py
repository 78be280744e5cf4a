"""Who says what the files of other tools are labels of."""

from __future__ import annotations

import unicodedata
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lookalike_files import waves, write_openface

from smilegenuine.datasets import load_openface
from smilegenuine.datasets.findings import Findings
from smilegenuine.datasets.labelled_files import settled_rows


@pytest.fixture(autouse=True)
def no_other_warnings():
    """What is not asked for by `pytest.warns` is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture
def folder(tmp_path) -> Path:
    """Four files: a.csv, b.csv, `deep er/c ä.csv` and `deep er/a.csv`."""
    for name in ("a", "b", "deep er/c ä", "deep er/a"):
        write_openface(tmp_path / "set" / f"{name}.csv", waves(5))
    return tmp_path / "set"


def names(found) -> list[str]:
    return list(found.metadata["video"])


class TestLists:
    def test_a_list_in_the_folder(self, folder):
        (folder / "Labels.CSV").write_text(
            "path,Label,SUBJECT,age,code\na.csv,posed,01,30,007\ndeep er/a.csv,deliberate,1,31,008"
            "\nb.csv,Genuine,NA,32.5,009\ndeep er/c ä.csv,1,1,,010\n", encoding="utf-8-sig")
        found = load_openface(folder)
        assert names(found) == ["a", "b", "deep er/a", "deep er/c ä"]
        np.testing.assert_array_equal(found.target, [0, 1, 0, 1])
        np.testing.assert_array_equal(found.groups, ["01", "NA", "1", "1"])
        np.testing.assert_array_equal(found.metadata["age"], [30, 32.5, 31, np.nan])
        assert list(found.metadata["code"]) == ["007", "009", "008", "010"]
        assert list(found.metadata) == ["video", "age", "code"]
        assert found.target_names == ("posed", "spontaneous")

    def test_a_list_elsewhere(self, folder, tmp_path):
        (folder / "labels.csv").write_text("video,label\nnobody,0\n")  # not asked for
        elsewhere = tmp_path / "mine.csv"
        elsewhere.write_text("path;label\nset/a.csv;0\nset\\b.csv;1\n"
                             f"{folder / 'deep er' / 'a.csv'};0\nset/deep er/c ä.csv;1\n")
        found = load_openface(folder, labels=elsewhere)
        np.testing.assert_array_equal(found.target, [0, 1, 0, 1])
        assert found.groups is None

    @pytest.mark.parametrize("name", ["c ä", "c ä.mp4", "c ä.csv", "videos/c ä.avi", "C  Ä.MP4",
                                      "x\\c ä.mov", unicodedata.normalize("NFD", "c ä.mp4")])
    def test_names_of_videos(self, folder, name):
        found = load_openface(folder, labels={name: 1, "deep er/a": 0, "b": 0, "a": 1})
        np.testing.assert_array_equal(found.target, [1, 0, 0, 1])

    @pytest.mark.parametrize("column", ["path", "video", "name", "file", "filename"])
    def test_data_frames(self, folder, column):
        table = pd.DataFrame({column: ["a", "b", "deep er/c ä", "deep er/a"],
                              "label": [1.0, 0.0, 1.0, 0.0], "Mood": ["x", "y", "z", "w"]})
        before = table.copy()
        found = load_openface(folder, labels=table)
        np.testing.assert_array_equal(found.target, [1, 0, 0, 1])
        assert list(found.metadata["mood"]) == ["x", "y", "w", "z"]
        pd.testing.assert_frame_equal(table, before)

    def test_labels_of_other_words(self, folder):
        (folder / "deep er" / "a.csv").unlink()
        found = load_openface(folder, labels={"a": "polite", "b": "posed", "c ä": "amused"})
        assert list(found.target) == ["polite", "posed", "amused"]
        assert found.target_names is None

    def test_subjects_without_labels(self, folder):
        found = load_openface(folder, labels=pd.DataFrame(
            {"path": ["a.csv", "b.csv", "deep er/a.csv", "deep er/c ä.csv"],
             "subject": list("ppqq")}))
        assert found.target is None
        np.testing.assert_array_equal(found.groups, list("ppqq"))

    def test_folds(self, folder):
        (folder / "labels.csv").write_text("path,label,subject,fold\na.csv,0,p,10\nb.csv,1,p,10\n"
                                           "deep er/a.csv,0,q,9\ndeep er/c ä.csv,1,r,2\n")
        found = load_openface(folder)
        np.testing.assert_array_equal(found.folds.test_fold, [2, 2, 1, 0])
        assert "fold" not in found.metadata

    def test_one_file_of_a_list(self, folder):
        found = load_openface(folder / "b.csv", labels={"a": 0, "b": 1})
        assert list(found.target) == [1]
        (folder / "labels.csv").write_text("video,label\nb,1\n")
        assert load_openface(folder / "b.csv").target is None  # only that file was asked for


class TestFaults:
    def test_all_are_listed_at_once(self, folder):
        (folder / "labels.csv").write_text(
            "video,label,subject\na,0,p\nnone.mp4,1,q\nb,1,q\nb,1,q\ndeep er/a,1,p\ndeep er/a,0,p\n"
            "c ä,,q\n,1,q\n")
        with pytest.warns(UserWarning, match="^OpenFace files in ") as caught:
            found = load_openface(folder)
        said = str(caught[0].message)
        assert len(caught) == 1
        assert "1 in labels.csv, but not there: none.mp4" in said
        assert "1 there, but not in labels.csv: deep er/c ä" in said
        assert "1 twice in labels.csv: b" in said
        assert ("1 twice in labels.csv with different words, and not used (correct it): deep er/a"
                in said)
        assert "2 in labels.csv without a name or a label, and not used: line 8, line 9" in said
        assert said.endswith("2 clips are left")
        assert names(found) == ["a", "b"]
        with pytest.raises(FileNotFoundError, match=r"1 in labels\.csv, but not there"):
            load_openface(folder, on_error="raise")

    def test_a_name_that_two_files_have(self, folder):
        with pytest.warns(UserWarning, match="there, but not in labels: deep er/a"):
            found = load_openface(folder, labels={"a": 0, "b": 1, "c ä": 1})
        assert names(found) == ["a", "b", "deep er/c ä"]  # a is the one in the folder itself

    def test_some_without_a_subject(self, folder):
        (folder / "labels.csv").write_text("path,label,subject\na.csv,0,p\nb.csv,1,\n"
                                           "deep er/a.csv,0,q\ndeep er/c ä.csv,1,r\n")
        with pytest.warns(UserWarning, match="1 without a subject while others have one, and not "
                                             "used: b"):
            assert list(load_openface(folder).groups) == ["p", "q", "r"]

    @pytest.mark.parametrize("on_error", ["warn", "raise", "skip"])
    def test_a_subject_in_two_folds(self, folder, on_error):
        (folder / "labels.csv").write_text("path,label,subject,fold\na.csv,0,p,1\nb.csv,1,p,2\n"
                                           "deep er/a.csv,0,q,1\ndeep er/c ä.csv,1,r,2\n")
        with pytest.raises(ValueError, match="1 in more than one fold, which lets a system learn "
                                             "the person: subject p in folds 1 and 2"):
            load_openface(folder, on_error=on_error)

    @pytest.mark.parametrize(("labels", "error", "message"), [
        ("nowhere.csv", FileNotFoundError, r"nowhere\.csv: no such file"),
        (3, ValueError, "labels must be a CSV, a DataFrame or a mapping .* not int"),
        ({}, ValueError, "labels: no rows"),
        (pd.DataFrame({"who": ["a"]}), ValueError, "labels: no column path, video or name; .*who")])
    def test_no_labels(self, folder, labels, error, message):
        with pytest.raises(error, match=message):
            load_openface(folder, labels=labels)


class TestFolders:
    def test_kinds_and_subjects(self, tmp_path):
        for name in ("Posed/s1/a", "Posed/s2/a", "spontaneous smiles/s1/deep/b"):
            write_openface(tmp_path / f"{name}.csv", waves(5))
        found = load_openface(tmp_path)
        np.testing.assert_array_equal(found.target, [0, 0, 1])
        np.testing.assert_array_equal(found.groups, ["s1", "s2", "s1"])

    def test_kinds_alone(self, tmp_path):
        for name in ("x/deliberate/a", "x/genuine/b"):
            write_openface(tmp_path / f"{name}.csv", waves(5))
        found = load_openface(tmp_path)
        np.testing.assert_array_equal(found.target, [0, 1])
        assert found.groups is None

    def test_other_folders_say_nothing(self, tmp_path):
        for name in ("monday/s1/a", "monday/fakery or genuine/b", "exposed/c"):
            write_openface(tmp_path / f"{name}.csv", waves(5))
        assert load_openface(tmp_path).target is None

    def test_faults(self, tmp_path):
        for name in ("posed/s1/a", "posed/genuine/b", "spontaneous/s2/c", "d", "posed/e"):
            write_openface(tmp_path / f"{name}.csv", waves(5))
        with pytest.warns(UserWarning, match="OpenFace files") as caught:
            found = load_openface(tmp_path)
        said = str(caught[0].message)
        assert "in folders of both kinds, and not used" in said
        assert "2 there, but not in a folder that says its kind: d, posed/genuine/b" in said
        assert "1 without a subject while others have one, and not used: posed/e" in said
        assert names(found) == ["posed/s1/a", "spontaneous/s2/c"]


class TestSettledRows:
    def test_nothing_known(self, tmp_path):
        rows = [{"video": "a", "subject": None, "fold": None}, {"video": "b", "subject": ""}]
        assert settled_rows(rows, Findings("x", tmp_path, "raise")) == [
            {"video": "a"}, {"video": "b"}]

    def test_folds_by_name_and_number(self, tmp_path):
        findings = Findings("x", tmp_path, "raise")
        rows = [{"video": c, "fold": f} for c, f in zip("abcd", ["f10", "f2", "f1", "f2"],
                                                        strict=True)]
        assert [row["fold"] for row in settled_rows(rows, findings)] == [2, 1, 0, 1]
        rows = [{"video": c, "fold": f} for c, f in zip("abc", [10, 2, 1], strict=True)]
        assert [row["fold"] for row in settled_rows(rows, findings)] == [2, 1, 0]
        assert not len(findings)

    def test_missing_folds_and_a_single_one(self, tmp_path):
        findings = Findings("x", tmp_path, "skip")
        rows = settled_rows([{"video": "a", "fold": 1}, {"video": "b", "fold": None}], findings)
        assert rows == [{"video": "a", "fold": 0}]
        assert "1 without a fold while others have one, and not used: b" in findings.text()
        with pytest.raises(ValueError, match="1 fold only, and nothing would be left to train on"):
            findings.settle(1)
