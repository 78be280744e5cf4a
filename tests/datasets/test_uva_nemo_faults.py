"""`load_uva_nemo`: each thing that may be wrong is found, counted and said."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from lookalikes import (
    edit,
    in_silence,
    told,
    write_json_lists,
)
from uva_nemo_set import N, details, fold_list, video

from smilegenuine.datasets import load_uva_nemo


@pytest.fixture
def root(uva_nemo) -> Path:
    """A set that may be spoilt."""
    return uva_nemo


def missing_video(root: Path) -> None:
    video(root, "002_deliberate_smile_1").unlink()
    video(root, "009_spontaneous_smile_1").unlink()


def unlisted_video(root: Path) -> None:
    shutil.copy(video(root, "001_deliberate_smile_1"), root / "videos" / "intro.mp4")


def video_in_two_folders(root: Path) -> None:
    (root / "more").mkdir()
    shutil.copy(video(root, "004_deliberate_smile_1"), root / "more")


def twice_in_the_details(root: Path) -> None:
    text = details(root).read_text()
    row = next(line for line in text.split("\n") if line.startswith("005_spontaneous"))
    details(root).write_text(f"{text}\n{row}\n")


def twice_and_contradictory(root: Path) -> None:
    text = details(root).read_text()
    row = next(line for line in text.split("\n") if line.startswith("005_spontaneous"))
    details(root).write_text(text + row.replace("\t005\t", "\t006\t") + "\n")


def other_kind_in_the_name(root: Path) -> None:
    row = next(line for line in details(root).read_text().split("\n")
               if line.startswith("003_deliberate"))
    edit(details(root), row, row.replace("\tdeliberate ", "\tspontaneous"))


def short_line(root: Path) -> None:
    row = next(line for line in details(root).read_text().split("\n")
               if line.startswith("001_deliberate"))
    edit(details(root), row, "001_deliberate_smile_1.mp4\t001")


def no_subject(root: Path) -> None:
    row = next(line for line in details(root).read_text().split("\n")
               if line.startswith("007_deliberate"))
    edit(details(root), row, row.replace("\t007\t", "\t   \t"))


def unknown_in_a_list(root: Path) -> None:
    edit(fold_list(root, "P_fold_all_4"), "004_", "777_deliberate_smile_1\n004_")


def in_two_lists(root: Path) -> None:
    edit(fold_list(root, "P_fold_all_4"), "004_", "005_deliberate_smile_1\n004_")


def in_no_list(root: Path) -> None:
    edit(fold_list(root, "S_fold_all_8"), "008_spontaneous_smile_1\n", "")


def twice_in_a_list(root: Path) -> None:
    edit(fold_list(root, "S_fold_all_8"), "008_", "008_spontaneous_smile_1\n008_")


def in_the_other_list(root: Path) -> None:
    edit(fold_list(root, "S_fold_all_8"), "008_spontaneous_smile_1\n", "")
    edit(fold_list(root, "P_fold_all_8"), "008_", "008_spontaneous_smile_1\n008_")


def empty_video(root: Path) -> None:
    video(root, "006_deliberate_smile_1").write_bytes(b"")


def truncated_video(root: Path) -> None:
    file = video(root, "006_deliberate_smile_1")
    file.write_bytes(file.read_bytes()[:-200])


def another_details_file(root: Path) -> None:
    row = "001_deliberate_smile_1.mp4\t009\tfemale\t30\tdeliberate\n"
    (root / "old_details.txt").write_text(row)


def link_to_nowhere(root: Path) -> None:
    video(root, "006_deliberate_smile_1").unlink()
    video(root, "006_deliberate_smile_1").symlink_to(root / "gone.mp4")


FAULTS: list[tuple[Callable[[Path], None], int, str]] = [
    (missing_video, N - 2, "2 in UvA-NEMO_Smile_Database_File_Details.txt, but not there: "
                           "002_deliberate_smile_1, 009_spontaneous_smile_1; 22 clips are left"),
    (unlisted_video, N, "1 there, but not in UvA-NEMO_.*txt: intro; 24 clips"),
    (video_in_two_folders, N - 1, r"1 in more than one place, and not used \(keep one\): "
                                  r"004_deliberate_smile_1 in \S*more and \S*videos; 23 clips"),
    (twice_in_the_details, N, "1 twice in UvA-NEMO_.*txt: 005_spontaneous_smile_1; 24"),
    (twice_and_contradictory, N - 1, "1 twice in UvA-NEMO_.*txt with different words, and not used "
                                     r"\(correct it\): 005_spontaneous_smile_1; 23"),
    (other_kind_in_the_name, N - 1, "1 with a name or folder that says the other kind, and not "
                                    "used: 003_deliberate_smile_1 is spontaneous in UvA"),
    (short_line, N - 1, r"1 in UvA-NEMO_.*txt that are no line of five fields: line 6 "
                        r"\(001_deliberate_smile_1.mp4 \| 001\); 1 there, but not in UvA"),
    (no_subject, N - 1, "1 without a subject, and not used: 007_deliberate_smile_1; 23"),
    (unknown_in_a_list, N, "1 in a fold list, but no video of the set: 777_deliberate_smile_1 in "
                           "fold 4; 24"),
    (in_two_lists, N - 1, r"1 in two folds, and not used \(correct the lists, or load with "
                          r"folds=False\): 005_deliberate_smile_1 in 4 and 5; 23"),
    (in_no_list, N - 1, r"1 in no fold list, and not used \(add it, or load with folds=False\): "
                        "008_spontaneous_smile_1; 23"),
    (twice_in_a_list, N, "1 twice in one fold list, .*: 008_spontaneous_smile_1; 24"),
    (in_the_other_list, N, "1 in the fold list of the other kind of smiles: 008_spontaneous"),
    (empty_video, N - 1, "1 not to be read: .*006_deliberate_smile_1.mp4: the file is empty; 23"),
    (truncated_video, N - 1, "1 not to be read: .*006_deliberate_smile_1.mp4: cannot be opened"),
    (another_details_file, N, r"1 further file with details, other than UvA-NEMO_.*txt, and not "
                              r"read \(keep one\): \S*old_details.txt; 24"),
    (link_to_nowhere, N - 1, r"1 links that lead nowhere: \S*006_deliberate_smile_1.mp4; 1 in UvA"),
]


class TestFaults:
    @pytest.mark.parametrize(("spoil", "n_left", "message"), FAULTS,
                             ids=[fault[0].__name__ for fault in FAULTS])
    def test_is_said_with_its_number(self, root, spoil, n_left, message):
        spoil(root)
        smiles, text = told(load_uva_nemo, root)
        assert re.search(message, text), text
        assert str(root) in text
        assert len(smiles.data) == n_left == len(smiles.folds.test_fold) == len(smiles.metadata)
        assert set(smiles.failures.columns) == {"clip", "error", "kind"}
        said = text.rpartition("; ")[0]
        with pytest.raises((ValueError, FileNotFoundError), match=f"^{re.escape(said)}$"):
            load_uva_nemo(root, on_error="raise")
        silent = in_silence(load_uva_nemo, root, on_error="skip")
        assert silent.failures.equals(smiles.failures)

    def test_what_is_missing_is_said_to_be_missing(self, root):
        missing_video(root)
        with pytest.raises(FileNotFoundError, match="2 in UvA-NEMO_"):
            load_uva_nemo(root, on_error="raise")

    def test_many_at_once(self, root):
        for spoil in (missing_video, unlisted_video, in_no_list, empty_video):
            spoil(root)
        smiles, text = told(load_uva_nemo, root)
        assert len(smiles.data) == N - 4
        assert re.search("1 there, .*; 2 in UvA.*; 1 not to be read: .*; 20 clips are left$|"
                         "2 in UvA.*; 1 there.*; 1 in no fold.*; 1 not to be.*; 20 clips are left$",
                         text)
        assert len(smiles.failures) == 5

    def test_a_cut_off_video_is_not_noticed_unasked(self, root):
        truncated_video(root)
        assert len(in_silence(load_uva_nemo, root, check_videos=False).data) == N

    def test_faults_of_lists_do_not_matter_without_folds(self, root):
        for spoil in (unknown_in_a_list, in_no_list):
            spoil(root)
        fold_list(root, "P_fold_all_9").unlink()
        assert len(in_silence(load_uva_nemo, root, folds=False).data) == N

    @pytest.mark.parametrize(("old", "new", "message", "age"), [
        ("\t8  \t", "\teight\t", r"1 with an age that is no number of years, kept without it: "
                                 r"001_deliberate_smile_1: eight; 24", np.nan),
        ("\t8  \t", "\t-5\t", "no number of years", np.nan),
        ("\t8  \t", "\tnan\t", "no number of years", np.nan),
        ("\tfemale\t", "\tunsaid\t", "1 with a gender that is neither female nor male, kept as it "
                                     "is: 001_deliberate_smile_1: unsaid; 24", 8.0),
    ])
    def test_unclear_people_are_kept(self, root, old, new, message, age):
        edit(details(root), old, new)
        smiles, text = told(load_uva_nemo, root)
        assert re.search(message, text), text
        assert len(smiles.data) == N
        np.testing.assert_equal(smiles.metadata["age"][0], age)
        assert smiles.metadata["gender"][0] == ("unsaid" if "unsaid" in new else "female")

    def test_people_of_whom_nothing_is_known(self, root):
        edit(details(root), "\tfemale\t8  \t", "\t\t   \t")
        edit(details(root), "\tfemale\t8  \t", "\tF\t8,5\t")
        smiles = in_silence(load_uva_nemo, root)
        assert smiles.metadata["gender"].isna()[0]
        assert np.isnan(smiles.metadata["age"][0])
        assert (smiles.metadata["gender"][1], smiles.metadata["age"][1]) == ("female", 8.5)


class TestWhatCannotBeSettled:
    @pytest.mark.parametrize("on_error", ["warn", "skip", "raise"])
    def test_subject_in_two_folds(self, root, on_error):
        edit(fold_list(root, "P_fold_all_3"), "003_deliberate_smile_1\n", "")
        edit(fold_list(root, "P_fold_all_7"), "007_", "003_deliberate_smile_1\n007_")
        with pytest.raises(ValueError, match=r"1 with clips in more than one fold, .*\(correct the "
                                             r"lists, or load with folds=False\): subject 003 in "
                                             "3 and 7$"):
            load_uva_nemo(root, on_error=on_error)
        assert len(in_silence(load_uva_nemo, root, folds=False).data) == N

    @pytest.mark.parametrize("on_error", ["warn", "skip"])
    def test_some_lists_missing(self, root, on_error):
        for name in ("P_fold_all_3", "S_fold_all_10"):
            fold_list(root, name).unlink()
        with pytest.raises(ValueError, match=r"2 fold lists missing \(add them, or load with "
                                             r"folds=False\): P_fold_all_3.txt, S_fold_all_10.txt; "
                                             "2 in no fold list"):
            load_uva_nemo(root, on_error=on_error)

    def test_all_lists_missing(self, root):
        shutil.rmtree(root / "folds")
        smiles, text = told(load_uva_nemo, root)
        assert smiles.folds is None
        assert len(smiles.data) == N
        assert re.search(r"20 fold lists missing, all that there are, so that folds is None \(add "
                         r"them, or load with folds=False\): P_fold_all_1.txt, .* \(10 more\); 24 "
                         "clips are left$", text)
        with pytest.raises(FileNotFoundError, match="20 fold lists missing"):
            load_uva_nemo(root, on_error="raise")

    def test_two_lists_of_one_name(self, root):
        text = fold_list(root, "P_fold_all_1").read_text()
        (root / "P_fold_all_1.txt").write_text(text.replace("\n", " \r\n\n"))
        assert len(in_silence(load_uva_nemo, root).data) == N
        (root / "P_fold_all_1.txt").write_text("002_deliberate_smile_1\n")
        with pytest.raises(ValueError, match="1 fold lists of which there are two that differ .*: "
                                             r"P_fold_all_1.txt in \S*set and \S*folds"):
            load_uva_nemo(root)

    @pytest.mark.parametrize("text", ["{", "[]", "3", '{"a": 0'])
    def test_lists_that_are_no_json(self, root, text):
        shutil.rmtree(root / "folds")
        write_json_lists(root / "labels", ["001_deliberate_smile_1"], [0], [0], 10)
        (root / "labels" / "2" / "test.json").write_text(text)
        with pytest.raises(ValueError, match=r"1 fold lists that cannot be read .*2/test.json"):
            load_uva_nemo(root)

    def test_only_one_kind_is_left(self, root):
        for file in (root / "videos").glob("*spontaneous*"):
            file.unlink()
        _, text = told(load_uva_nemo, root)
        assert "12 in UvA-NEMO_" in text
        assert "1 of the two kinds of smiles missing: there is no spontaneous smile; 12" in text

    def test_nothing_is_left(self, root):
        shutil.rmtree(root / "videos")
        for on_error in ("warn", "skip", "raise"):
            with pytest.raises(FileNotFoundError, match=r"24 in UvA-NEMO_.*, but not there: "):
                load_uva_nemo(root, on_error=on_error)

    def test_a_set_and_its_copy(self, root):
        shutil.copytree(root / "videos", root / "copy")
        with pytest.raises(ValueError, match="24 in more than one place, and not used"):
            load_uva_nemo(root)
