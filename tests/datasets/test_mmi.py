"""`load_mmi`: sessions with their XML, and what says which of them are smiles."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from lookalikes import edit, in_silence, tiny_smiles, told, write_json_lists, write_mmi

from smilegenuine.datasets import load_mmi

N = 20  # smiles of 10 subjects: sessions 100, 2006, 102, 2008, …
IDS = [str((100, 2005)[i % 2] + i) for i in range(N)]


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("mmi") / "set"
    assert write_mmi(root, tiny_smiles(10, 2)) == IDS
    return root


@pytest.fixture
def root(original, tmp_path) -> Path:
    """A copy of the set that may be spoilt."""
    return Path(shutil.copytree(original, tmp_path / "set"))


def session(root: Path, name: str) -> Path:
    return root / "Sessions" / name


def lists(root: Path) -> None:
    """Put published fold lists in the place of labels.csv."""
    (root / "labels.csv").unlink()
    write_json_lists(root / "labels", IDS, [i % 2 for i in range(N)],
                     [i // 2 % 9 for i in range(N)], 9)


class TestTheSet:
    def test_all_of_it(self, root):
        smiles = in_silence(load_mmi, root)
        assert list(smiles.metadata["video"]) == sorted(IDS, key=int)
        np.testing.assert_array_equal(smiles.target, [0] * 10 + [1] * 10)
        np.testing.assert_array_equal(smiles.groups, [str(i) for i in range(1, 11)] * 2)
        assert [clip.subject for clip in smiles.data] == list(smiles.groups)
        assert smiles.filenames[0] == str(session(root, "100") / "S001-001.avi")
        assert smiles.data[0].n_frames == 3
        people = smiles.metadata
        assert list(people.columns) == ["video", "gender", "age", "session_subject", "file", "view",
                                        "emotion"]
        assert list(people.iloc[11]) == ["2008", "male", 9.0, "2", "S002-002", "0", "4"]
        assert "20 of its 21 sessions with a video have a label" in smiles.DESCR
        assert smiles.failures.empty

    def test_nine_folds_by_subject(self, root):
        smiles = in_silence(load_mmi, root)
        assert smiles.folds.get_n_splits() == 9
        for train, test in smiles.folds.split():
            assert not set(smiles.groups[train]) & set(smiles.groups[test])
            assert smiles.target[test].mean() == 0.5
        again = in_silence(load_mmi, root)
        np.testing.assert_array_equal(again.folds.test_fold, smiles.folds.test_fold)
        assert in_silence(load_mmi, root, folds=False).folds is None

    def test_published_lists_say_labels_and_folds(self, root):
        lists(root)
        smiles = in_silence(load_mmi, root)
        np.testing.assert_array_equal(smiles.target, [0] * 10 + [1] * 10)
        fold_of = dict(zip(smiles.metadata["video"], smiles.folds.test_fold, strict=True))
        assert fold_of == {name: i // 2 % 9 for i, name in enumerate(IDS)}
        np.testing.assert_array_equal(in_silence(load_mmi, root, folds=False).target, smiles.target)

    def test_labels_of_a_table_in_published_folds(self, root):
        table = (root / "labels.csv").read_text()
        lists(root)
        (root / "labels.csv").write_text(table)
        assert in_silence(load_mmi, root).folds.test_fold[9] == 0  # as the lists have it


# -- arrangements -------------------------------------------------------------------------------

def sessions_in_the_root(root: Path) -> None:
    for folder in list((root / "Sessions").iterdir()):
        folder.rename(root / folder.name)
    (root / "Sessions").rmdir()


def deeper(root: Path) -> None:
    (root / "mmi download é").mkdir()
    (root / "Sessions").rename(root / "mmi download é" / "Sessions")


def names_of_videos(root: Path) -> None:
    rows = [f"S{i // 2 + 1:03d}-{i % 2 + 1:03d},{i % 2}" for i in range(N)]
    (root / "labels.csv").write_text("\n".join(["VIDEO ; Label", *rows]).replace(",", ";"))


def paths(root: Path) -> None:
    rows = [f"Sessions/{name}/S{i // 2 + 1:03d}-{i % 2 + 1:03d}.avi\t{('posed', 'real')[i % 2]}"
            for i, name in enumerate(IDS)]
    (root / "labels.csv").write_bytes("\r\n".join(["path\tlabel", *rows]).encode("utf-16"))


def other_suffix(root: Path) -> None:
    for file in list(root.rglob("*.avi")):
        file.rename(file.with_suffix(".AVI"))


def hidden_twins(root: Path) -> None:
    for file in list(root.rglob("*.*")):
        if file.is_file():
            file.with_name(f"._{file.name}").write_bytes(b"\0\5\x16\7")


def a_second_view(root: Path) -> None:
    shutil.copy(session(root, "100") / "S001-001.avi", session(root, "100") / "profile.avi")


def xml_in_another_encoding(root: Path) -> None:
    for file in list(root.rglob("session.xml")):
        text = file.read_text().replace("utf-8", "utf-16").replace("<subject", "<!-- é --><subject")
        file.write_bytes(text.encode("utf-16"))


def xml_with_a_namespace(root: Path) -> None:
    for file in list(root.rglob("session.xml")):
        edit(file, "<session ", '<session xmlns="http://mmi" ')


def circles(root: Path) -> None:
    (session(root, "100") / "up").symlink_to(root, target_is_directory=True)


@pytest.mark.parametrize("rearrange", [
    sessions_in_the_root, deeper, names_of_videos, paths, other_suffix, hidden_twins, a_second_view,
    xml_in_another_encoding, xml_with_a_namespace, circles], ids=lambda change: change.__name__)
def test_arrangements(root, rearrange):
    rearrange(root)
    smiles = in_silence(load_mmi, root)
    assert list(smiles.metadata["video"]) == sorted(IDS, key=int)
    np.testing.assert_array_equal(smiles.target, [0] * 10 + [1] * 10)
    np.testing.assert_array_equal(smiles.groups, [str(i) for i in range(1, 11)] * 2)
    assert smiles.folds.get_n_splits() == 9


def test_without_sessions(tmp_path, root):
    rows = ["video,label,subject"]
    for i, file in enumerate(sorted(root.rglob("*.avi"))[:6]):
        shutil.copy(file, tmp_path / f"x{i}.avi")
        rows.append(f"x{i}.avi,{i % 2},p{i // 2}")
    shutil.rmtree(root)
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    smiles = in_silence(load_mmi, tmp_path)
    assert list(smiles.metadata["video"]) == [f"x{i}" for i in range(6)]
    np.testing.assert_array_equal(smiles.groups, np.repeat(["p0", "p1", "p2"], 2))
    assert smiles.metadata["age"].isna().all()


def test_subjects_of_the_table_go_before_those_of_sessions(root):
    text = (root / "labels.csv").read_text().replace("video,label", "video,label,subject")
    (root / "labels.csv").write_text(re.sub(r"\n(\d+),(\w+)", r"\n\1,\2,p\1", text))
    smiles = in_silence(load_mmi, root)
    assert smiles.groups[0] == "p100"
    assert smiles.metadata["session_subject"][0] == "1"


# -- faults -------------------------------------------------------------------------------------

def no_video(root: Path) -> None:
    (session(root, "100") / "S001-001.avi").unlink()


def no_session(root: Path) -> None:
    shutil.rmtree(session(root, "100"))


def empty_video(root: Path) -> None:
    (session(root, "100") / "S001-001.avi").write_bytes(b"")


def truncated_video(root: Path) -> None:
    file = session(root, "100") / "S001-001.avi"
    file.write_bytes(file.read_bytes()[:100])


def two_videos(root: Path) -> None:
    a_second_view(root)
    edit(session(root, "100") / "session.xml", 'filename="S001-001.avi"', 'type="Video"')


def broken_xml(root: Path) -> None:
    edit(session(root, "100") / "session.xml", "</session>", "")


def no_xml(root: Path) -> None:
    (session(root, "100") / "session.xml").unlink()


def no_subject(root: Path) -> None:
    edit(session(root, "100") / "session.xml", 'id="1"', "")


def in_two_places(root: Path) -> None:
    shutil.copytree(session(root, "100"), root / "more" / "100")


def twice(root: Path) -> None:
    edit(root / "labels.csv", "100,posed\n", "100,posed\nS001-001,spontaneous\n")


def no_label(root: Path) -> None:
    edit(root / "labels.csv", "100,posed\n", "100,happy\n")


def in_both_kinds_of_lists(root: Path) -> None:
    lists(root)
    edit(root / "labels" / "5" / "test.json", '"108": 0', '"108": 0, "100": 1')


def list_without_labels(root: Path) -> None:
    lists(root)
    edit(root / "labels" / "1" / "test.json", '"100": 0', '"100": null')


FAULTS: list[tuple[Callable[[Path], None], str]] = [
    (no_video, r"1 in labels\.csv, but not there: 100"),
    (no_session, r"1 in labels\.csv, but not there: 100"),
    (empty_video, r"1 not to be read: \S*S001-001.avi: the file is empty"),
    (truncated_video, r"1 not to be read: \S*S001-001.avi: .*"),
    (two_videos, r"1 sessions with more than one video, and not used \(keep one\): 100 "
                 r"\(S001-001.avi, profile.avi\); 1 in labels\.csv, but not there: 100"),
    (broken_xml, r"1 XML files that cannot be read: \S*100/session.xml: no element found.*; 1 "
                 "without a subject, and not used: 100"),
    (no_xml, "1 without a subject, and not used: 100"),
    (no_subject, "1 without a subject, and not used: 100"),
    (in_two_places, r"1 in more than one place, and not used \(keep one\): 100 in \S*Sessions/100 "
                    r"and \S*more/100"),
    (twice, r"1 twice in labels\.csv with different words, and not used \(correct it\): S001-001"),
    (no_label, r"1 without a video or a label that means posed or spontaneous: labels\.csv, line 2 "
               r"\(100: happy\)"),
    (in_both_kinds_of_lists, "1 without one label in the fold lists, and not used: 100"),
    (list_without_labels, "1 without one label in the fold lists, and not used: 100"),
]


class TestFaults:
    @pytest.mark.parametrize(("spoil", "message"), FAULTS, ids=[f[0].__name__ for f in FAULTS])
    def test_is_said_with_its_number(self, root, spoil, message):
        spoil(root)
        smiles, text = told(load_mmi, root)
        assert re.search(f"{message}.*; 19 clips are left$", text), text
        assert len(smiles.data) == len(smiles.folds.test_fold) == N - 1
        assert not in_silence(load_mmi, root, on_error="skip").failures.empty
        with pytest.raises((ValueError, FileNotFoundError), match=message):
            load_mmi(root, on_error="raise")

    @pytest.mark.parametrize(("old", "new", "message"), [
        ('age="8"', 'age="young"', "1 with an age that is no number of years, kept without it"),
        ('gender="female"', 'gender="?"', "1 with a gender that is neither female nor male, kept"),
    ])
    def test_unclear_people_are_kept(self, root, old, new, message):
        edit(session(root, "100") / "session.xml", old, new)
        smiles, text = told(load_mmi, root)
        assert message in text
        assert len(smiles.data) == N

    def test_only_one_kind(self, root):
        edit(root / "labels.csv", "", "")
        rows = [r for r in (root / "labels.csv").read_text().split("\n") if "spont" not in r]
        (root / "labels.csv").write_text("\n".join(rows))
        _, text = told(load_mmi, root)
        assert "1 of the two kinds of smiles missing: there is no spontaneous smile; 10" in text

    def test_one_subject(self, root):
        (root / "labels.csv").write_text("video,label\n100,posed\n2006,spontaneous\n")
        smiles, text = told(load_mmi, root)
        assert smiles.folds is None
        assert "1 subject only, so that folds is None: 1; 2 clips are left" in text

    def test_subject_in_two_folds(self, root):
        lists(root)
        edit(root / "labels" / "1" / "test.json", '"100": 0, ', "")
        edit(root / "labels" / "5" / "test.json", '"108": 0', '"108": 0, "100": 0')
        with pytest.raises(ValueError, match=r"1 with clips in more than one fold, .*: subject 1 "
                                             r"in 1 and 5$"):
            load_mmi(root)
        assert len(in_silence(load_mmi, root, folds=False).data) == N

    def test_some_lists_missing(self, root):
        lists(root)
        (root / "labels" / "9" / "test.json").unlink()
        with pytest.raises(ValueError, match=r"1 fold lists missing \(add them, or load with "
                                             r"folds=False\): 9/test.json"):
            load_mmi(root)
        smiles, text = told(load_mmi, root, folds=False)
        assert "1 fold lists missing" in text
        assert len(smiles.data) == N - 2


class TestWrongFolder:
    def test_nowhere(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="nowhere: no such file or folder"):
            load_mmi(tmp_path / "nowhere")

    def test_nothing_says_the_labels(self, root):
        (root / "labels.csv").unlink()
        with pytest.raises(FileNotFoundError, match=(
                r"nothing says which sessions of MMI are posed and which are spontaneous smiles "
                r"\(21 videos are below it\). Looked for labels.csv in the folder itself, and for "
                r"the fold lists 1/test.json … 9/test.json in 22 folders below it; write labels.csv"
                r" \(video,label,subject\), and give the folder that holds it and Sessions")):
            load_mmi(root)

    def test_too_low(self, root):
        with pytest.raises(FileNotFoundError, match="give the folder that holds it and Sessions"):
            load_mmi(root / "Sessions")
        assert len(in_silence(load_mmi, root / "Sessions", labels=root / "labels.csv").data) == N
