"""`load_bbc`: twenty smiles in two folders."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from lookalikes import in_silence, tiny_smiles, told, write_bbc, write_json_lists

from smilegenuine.datasets import load_bbc

N = 20
IDS = [f"{('posed', 'Genuine')[i % 2]}_smilecontent q{i + 1:02d}" for i in range(N)]


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("bbc") / "set"
    assert write_bbc(root, tiny_smiles(N, 1)) == IDS
    return root


@pytest.fixture
def root(original, tmp_path) -> Path:
    """A copy of the set that may be spoilt."""
    return Path(shutil.copytree(original, tmp_path / "set"))


class TestTheSet:
    def test_all_of_it(self, root):
        smiles = in_silence(load_bbc, root)
        assert list(smiles.metadata["video"]) == IDS[1::2] + IDS[::2]
        np.testing.assert_array_equal(smiles.target, [1] * 10 + [0] * 10)
        np.testing.assert_array_equal(smiles.groups, smiles.metadata["video"])
        assert [clip.subject for clip in smiles.data] == list(smiles.groups)
        assert smiles.filenames[0] == str(root / "Genuine" / "smilecontent q02.mp4")
        assert "Twenty smiles" in smiles.DESCR
        assert smiles.data[0].n_frames == 3

    def test_folds_are_pairs(self, root):
        smiles = in_silence(load_bbc, root)
        np.testing.assert_array_equal(smiles.folds.test_fold, [*range(10), *range(10)])
        for _, test in smiles.folds.split():
            assert sorted(smiles.target[test]) == [0, 1]
        assert in_silence(load_bbc, root, folds=False).folds is None

    def test_folds_are_the_lists_where_there_are_some(self, root):
        write_json_lists(root / "labels", IDS, [i % 2 for i in range(N)], np.arange(N) // 2, 10)
        smiles = in_silence(load_bbc, root)
        assert dict(zip(smiles.metadata["video"], smiles.folds.test_fold, strict=True)) == {
            name: i // 2 for i, name in enumerate(IDS)}
        (root / "labels" / "4" / "test.json").unlink()
        with pytest.raises(ValueError, match=r"1 fold lists missing \(add them, or load with "
                                             r"folds=False\): 4/test.json; 2 in no fold list"):
            load_bbc(root)
        assert len(in_silence(load_bbc, root, folds=False).data) == N


# -- arrangements -------------------------------------------------------------------------------

def long_names(root: Path) -> None:
    (root / "Genuine").rename(root / "Genuine smiles (BBC) ö")
    (root / "BBC").mkdir()
    (root / "posed").rename(root / "BBC" / "POSED_smiles")


def one_folder(root: Path) -> None:
    for file in list(root.rglob("*.mp4")):
        file.rename(root / f"{file.parent.name}_{file.name}")


def other_suffix(root: Path) -> None:
    for file in list(root.rglob("*.mp4")):
        file.rename(file.with_suffix(".MOV"))


def hidden_twins(root: Path) -> None:
    for file in list(root.rglob("*.mp4")):
        file.with_name(f"._{file.name}").write_bytes(b"\0\5\x16\7")


def circles(root: Path) -> None:
    (root / "posed" / "up").symlink_to(root, target_is_directory=True)


def words_that_only_look_alike(root: Path) -> None:
    (root / "exposed").mkdir()
    shutil.move(root / "Genuine", root / "exposed" / "Genuine")


@pytest.mark.parametrize("rearrange", [long_names, one_folder, other_suffix, hidden_twins, circles,
                                       words_that_only_look_alike],
                         ids=lambda change: change.__name__)
def test_arrangements(root, rearrange):
    rearrange(root)
    smiles = in_silence(load_bbc, root)
    assert sorted(smiles.metadata["video"]) == sorted(IDS)
    np.testing.assert_array_equal(smiles.target, ["Gen" in v for v in smiles.metadata["video"]])
    assert smiles.folds.get_n_splits() == 10


# -- faults -------------------------------------------------------------------------------------

def elsewhere(root: Path) -> None:
    (root / "Genuine" / "smilecontent q02.mp4").rename(root / "q02.mp4")


def both(root: Path) -> None:
    (root / "Genuine" / "posed again").mkdir()
    (root / "Genuine" / "smilecontent q02.mp4").rename(root / "Genuine" / "posed again" / "q02.mp4")


def in_two_places(root: Path) -> None:
    (root / "Genuine" / "more").mkdir()
    shutil.copy(root / "Genuine" / "smilecontent q02.mp4", root / "Genuine" / "more")


def empty(root: Path) -> None:
    (root / "Genuine" / "smilecontent q02.mp4").write_bytes(b"")


def truncated(root: Path) -> None:
    file = root / "Genuine" / "smilecontent q02.mp4"
    file.write_bytes(file.read_bytes()[:-200])


FAULTS: list[tuple[Callable[[Path], None], str]] = [
    (elsewhere, "1 in folders that say neither genuine nor posed, or both, and not used: q02"),
    (both, "1 in folders that say neither genuine nor posed, or both, and not used: q02"),
    (in_two_places, r"1 in more than one place, and not used \(keep one\): Genuine_smilecontent "
                    r"q02 in \S*more and \S*Genuine"),
    (empty, r"1 not to be read: .*q02.mp4: the file is empty"),
    (truncated, r"1 not to be read: .*q02.mp4: cannot be opened as a video; it is cut off"),
]


class TestFaults:
    @pytest.mark.parametrize(("spoil", "message"), FAULTS, ids=[f[0].__name__ for f in FAULTS])
    def test_is_said_with_its_number(self, root, spoil, message):
        spoil(root)
        smiles, text = told(load_bbc, root)
        assert re.search(f"{message}.*; 19 clips are left$", text), text
        assert len(smiles.data) == len(smiles.folds.test_fold) == N - 1
        assert len(smiles.failures) == 1
        assert len(in_silence(load_bbc, root, on_error="skip").failures) == 1
        with pytest.raises(ValueError, match=message):
            load_bbc(root, on_error="raise")

    @pytest.mark.parametrize(("kind", "folder"), [("posed", "posed"), ("spontaneous", "Genuine")])
    def test_a_folder_is_missing(self, root, kind, folder):
        shutil.rmtree(root / folder)
        smiles, text = told(load_bbc, root)
        assert (f"1 of the two kinds of smiles missing: there is no {kind} smile; the folder "
                "should hold Genuine…/*.mp4 and posed…/*.mp4; 10 clips are left") in text
        assert len(smiles.data) == 10


class TestWrongFolder:
    def test_nowhere(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="nowhere: no such file or folder"):
            load_bbc(tmp_path / "nowhere")

    def test_empty(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=(
                r"no smiles of BBC. Looked for Genuine….* in 0 folders below it \(0 videos lie "
                r"elsewhere\), and for labels.csv in it; give the folder that holds both, or ")):
            load_bbc(tmp_path)

    def test_too_low(self, root):
        with pytest.raises(FileNotFoundError, match=r"\(10 videos lie elsewhere\).*; give "
                                                    f"{re.escape(str(root.resolve()))}$"):
            load_bbc(root / "Genuine")

    def test_too_high(self, root):
        assert len(in_silence(load_bbc, root.parent).data) == N


class TestLabels:
    def write(self, root: Path, rows: list[str], name: str = "labels.csv") -> Path:
        (root / name).write_text("\n".join(["video,label,subject", *rows]))
        return root / name

    def test_subjects(self, root):
        self.write(root, [f"{name.partition('_')[2]},{i % 2},p{i // 4}"
                          for i, name in enumerate(IDS)])
        smiles = in_silence(load_bbc, root)
        assert sorted(set(smiles.groups)) == ["p0", "p1", "p2", "p3", "p4"]
        for train, test in smiles.folds.split():
            assert not set(smiles.groups[train]) & set(smiles.groups[test])

    def test_without_folders(self, root):
        one_folder(root)
        for file in root.glob("*.mp4"):
            file.rename(root / file.name.partition(" ")[2])
        self.write(root, [f"q{i + 1:02d}.mp4,{('posed', 'genuine')[i % 2]}," for i in range(N)])
        smiles = in_silence(load_bbc, root)
        np.testing.assert_array_equal(smiles.target, [0, 1] * 10)
        assert list(smiles.groups) == [f"q{i + 1:02d}" for i in range(N)]

    def test_contradicted_by_folders(self, root):
        file = self.write(root, [f"{name},{1 - i % 2 if i == 3 else i % 2},"
                                 for i, name in enumerate(IDS)])
        _, text = told(load_bbc, root)
        assert "not used: Genuine_smilecontent q04 is posed in labels.csv; 19 clips" in text
        assert in_silence(load_bbc, root, labels=file).target.sum() == 9

    def test_incomplete(self, root):
        self.write(root, [f"{name},{i % 2},p{i}" for i, name in enumerate(IDS[:-1])] + ["q77,1,x"])
        smiles, text = told(load_bbc, root)
        assert "1 in labels.csv, but not there: q77; 1 there, but not in labels.csv: posed" in (
            text.replace("Genuine_smilecontent q20", "posed"))
        assert len(smiles.data) == N - 1

    def test_some_subjects(self, root):
        self.write(root, [f"{name},{i % 2},{'' if i == 4 else i}" for i, name in enumerate(IDS)])
        _, text = told(load_bbc, root)
        assert "1 without a subject, and not used: posed_smilecontent q05; 19" in text


def test_a_few_of_its_videos_give_a_fold_a_pair(tmp_path):
    write_bbc(tmp_path, tiny_smiles(10, 1))
    smiles = load_bbc(tmp_path)
    assert not smiles.folds_are_published
    kinds = [sorted(smiles.target[test]) for _, test in smiles.folds.split()]
    assert kinds == [[0, 1]] * 5


def test_another_set_is_not_taken_for_it(tmp_path):
    write_bbc(tmp_path, tiny_smiles(22, 1))
    with pytest.raises(ValueError, match="22 smiles lie in and below it, and BBC has 20; give the"):
        load_bbc(tmp_path)
