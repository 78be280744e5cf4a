"""`load_spos`: folders of images by kind, emotion and person."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from lookalikes import in_silence, tiny_smiles, told, write_images, write_spos

from smilegenuine.clips.video import ImageFrames
from smilegenuine.datasets import load_spos

N = 12  # smiles of 3 subjects: s000-1, s000-2, …, s002-12


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("spos") / "set"
    write_spos(root, tiny_smiles(3, 4))
    return root


@pytest.fixture
def root(original, tmp_path) -> Path:
    """A copy of the set that may be spoilt."""
    return Path(shutil.copytree(original, tmp_path / "set"))


def take(root: Path, name: str) -> Path:
    kind, _, folder = name.partition("_")
    return root / kind / "happy" / folder


class TestTheSet:
    def test_all_of_it(self, root):
        smiles = in_silence(load_spos, root)
        assert list(smiles.metadata["video"]) == [
            "posed_s000-1", "posed_s000-3", "posed_s001-5", "posed_s001-7", "posed_s002-9",
            "posed_s002-11", "spontaneous_s000-2", "spontaneous_s000-4", "spontaneous_s001-6",
            "spontaneous_s001-8", "spontaneous_s002-10", "spontaneous_s002-12"]
        np.testing.assert_array_equal(smiles.target, [0] * 6 + [1] * 6)
        np.testing.assert_array_equal(smiles.groups, np.tile(np.repeat(
            ["s000", "s001", "s002"], 2), 2))
        assert [clip.subject for clip in smiles.data] == list(smiles.groups)
        assert smiles.filenames == [str(take(root, v)) for v in smiles.metadata["video"]]
        assert "Seven people" in smiles.DESCR
        assert smiles.failures.empty

    def test_one_subject_is_left_out_at_a_time(self, root):
        smiles = in_silence(load_spos, root)
        np.testing.assert_array_equal(smiles.folds.test_fold, [0, 0, 1, 1, 2, 2] * 2)
        assert in_silence(load_spos, root, folds=False).folds is None

    def test_clips_are_images_at_25_hz(self, root):
        clip = in_silence(load_spos, root).data[0]
        assert isinstance(clip.frames, ImageFrames)
        assert clip.fps == 25.0
        np.testing.assert_allclose(clip.times, [0.0, 0.04, 0.08])
        assert [frame.shape for frame in clip.frames] == [(32, 32, 3)] * 3
        assert in_silence(load_spos, root, fps=50).data[0].fps == 50.0


# -- arrangements -------------------------------------------------------------------------------

def deeper(root: Path) -> None:
    (root / "visible light é").mkdir()
    for kind in ("posed", "spontaneous"):
        shutil.move(root / kind, root / "visible light é" / kind)


def capitals(root: Path) -> None:
    for folder in list(root.glob("*/happy")):
        folder.rename(folder.with_name("Happy"))
    (root / "posed").rename(root / "Posed")
    (root / "Posed" / "Happy" / "s000-1").rename(root / "Posed" / "Happy" / "S000-1")


def images_deeper(root: Path) -> None:
    for folder in list(root.glob("*/happy/*")):
        inner = folder / "frames"
        inner.mkdir()
        for file in folder.glob("*.bmp"):
            file.rename(inner / file.name)


def other_images(root: Path) -> None:
    for folder in list(root.glob("*/happy/*")):
        for file in folder.glob("*.bmp"):
            cv2.imwrite(str(file.with_suffix(".png")), cv2.imread(str(file)))
            file.unlink()


def hidden_twins(root: Path) -> None:
    for file in list(root.rglob("*.bmp")):
        file.with_name(f"._{file.name}").write_bytes(b"\0\5\x16\7")
        (file.parent / "Thumbs.db").write_bytes(b"x")
    (root / ".cache" / "posed" / "happy" / "s009-1").mkdir(parents=True)


def circles(root: Path) -> None:
    (root / "posed" / "up").symlink_to(root, target_is_directory=True)


def words_above(root: Path) -> None:
    (root / "posed and spontaneous").mkdir()
    for kind in ("posed", "spontaneous"):
        shutil.move(root / kind, root / "posed and spontaneous" / kind)


@pytest.mark.parametrize("rearrange", [deeper, capitals, images_deeper, other_images, hidden_twins,
                                       circles, words_above], ids=lambda change: change.__name__)
def test_arrangements(root, rearrange):
    rearrange(root)
    smiles = in_silence(load_spos, root)
    np.testing.assert_array_equal(smiles.target, [0] * 6 + [1] * 6)
    assert sorted(smiles.groups) == sorted(["s000", "s001", "s002"] * 4)
    assert smiles.folds.get_n_splits() == 3
    assert all(len(clip.frames) == 3 for clip in smiles.data)


# -- faults -------------------------------------------------------------------------------------

def no_images(root: Path) -> None:
    for file in take(root, "posed_s000-1").iterdir():
        file.unlink()


def other_size(root: Path) -> None:
    write_images(root / "small", [np.zeros((8, 16, 3), np.uint8)])
    (root / "small" / "1.bmp").rename(take(root, "posed_s000-1") / "2.bmp")
    (root / "small").rmdir()


def empty_image(root: Path) -> None:
    (take(root, "posed_s000-1") / "2.bmp").write_bytes(b"")


def truncated_image(root: Path) -> None:
    file = take(root, "posed_s000-1") / "2.bmp"
    file.write_bytes(file.read_bytes()[:-100])


def damaged_image(root: Path) -> None:
    (take(root, "posed_s000-1") / "2.bmp").write_bytes(b"x" * 3000)


def damaged_png(root: Path) -> None:
    other_images(root)
    (take(root, "posed_s000-1") / "2.png").write_bytes(b"x" * 3000)


def in_two_places(root: Path) -> None:
    shutil.copytree(take(root, "posed_s000-1"), root / "more" / "posed" / "happy" / "s000-1")


def nobodys(root: Path) -> None:
    take(root, "posed_s000-1").rename(root / "posed" / "happy" / "somebody")


def no_kind(root: Path) -> None:
    shutil.move(take(root, "posed_s000-1"), root / "happy" / "s000-1")


FAULTS: list[tuple[Callable[[Path], None], str]] = [
    (no_images, r"1 not to be read: \S*posed/happy/s000-1: the folder has no image"),
    (other_size, r"1 not to be read: \S*s000-1: 1.bmp is 32x32 pixels and 2.bmp 16x8; one folder "
                 "must hold one recording"),
    (empty_image, r"1 not to be read: \S*s000-1/2.bmp: the image is empty, cut off or damaged; copy"
                  " it again"),
    (truncated_image, r"1 not to be read: \S*s000-1/2.bmp: the image is empty, cut off"),
    (damaged_image, r"1 not to be read: \S*s000-1/2.bmp: the image is empty, cut off"),
    (damaged_png, r"1 not to be read: \S*s000-1/2.png: the image is empty, cut off"),
    (in_two_places, r"1 in more than one place, and not used \(keep one\): posed_s000-1 in "
                    r"\S*more/posed/happy and \S*set/posed/happy"),
    (nobodys, "1 without a subject, and not used: posed_somebody"),
    (no_kind, "1 in folders that say neither posed nor spontaneous, or both, and not used: "
              "happy/s000-1"),
]


class TestFaults:
    @pytest.mark.parametrize(("spoil", "message"), FAULTS, ids=[f[0].__name__ for f in FAULTS])
    def test_is_said_with_its_number(self, root, spoil, message):
        spoil(root)
        smiles, text = told(load_spos, root)
        assert re.search(f"{message}.*; 11 clips are left$", text), text
        assert len(smiles.data) == len(smiles.folds.test_fold) == N - 1
        assert len(smiles.failures) == 1
        assert len(in_silence(load_spos, root, on_error="skip").failures) == 1
        with pytest.raises(ValueError, match=message):
            load_spos(root, on_error="raise")

    def test_images_are_not_looked_at_unasked(self, root):
        truncated_image(root)
        assert len(in_silence(load_spos, root, check_videos=False).data) == N

    @pytest.mark.parametrize("kind", ["posed", "spontaneous"])
    def test_a_folder_is_missing(self, root, kind):
        shutil.rmtree(root / kind)
        smiles, text = told(load_spos, root)
        assert (f"1 of the two kinds of smiles missing: there is no {kind} smile; the folder "
                "should hold posed/happy/SUBJECT-N/*.bmp and spontaneous/happy/SUBJECT-N/*.bmp; "
                "6 clips are left") in text
        assert len(smiles.data) == 6

    def test_one_subject(self, root):
        for folder in [*root.glob("*/happy/s001-*"), *root.glob("*/happy/s002-*")]:
            shutil.rmtree(folder)
        smiles, text = told(load_spos, root)
        assert smiles.folds is None
        assert "1 subject only, so that folds is None: s000; 4 clips are left" in text

    def test_both_cameras(self, root):
        for kind in ("posed", "spontaneous"):
            (root / kind).rename(root / f"{kind}~")
            for camera in ("VIS", "NIR"):
                shutil.copytree(root / f"{kind}~", root / camera / kind)
            shutil.rmtree(root / f"{kind}~")
        with pytest.raises(ValueError, match="14 in more than one place, and not used"):
            load_spos(root)
        assert len(in_silence(load_spos, root / "VIS").data) == N


class TestWrongFolder:
    def test_nowhere(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="nowhere: no such file or folder"):
            load_spos(tmp_path / "nowhere")

    def test_empty(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=(
                r"no smiles of SPOS. Looked for posed/happy/SUBJECT-N.* in 0 folders below it \(0 "
                r"other folders hold images\), and for labels.csv in it; give the folder that "
                "holds both")):
            load_spos(tmp_path)

    @pytest.mark.parametrize("below", ["posed/happy", "posed"])
    def test_too_low(self, root, below):
        with pytest.raises(FileNotFoundError, match=r"\(\d other folders hold images\).*; give "
                                                    f"{re.escape(str(root.resolve()))}$"):
            load_spos(root / below)

    def test_too_high(self, root):
        assert len(in_silence(load_spos, root.parent).data) == N

    def test_other_emotions_only(self, root):
        for kind in ("posed", "spontaneous"):
            shutil.rmtree(root / kind / "happy")
        with pytest.raises(FileNotFoundError, match=r"\(2 other folders hold images\)"):
            load_spos(root)


class TestLabels:
    def test_of_recordings_that_lie_otherwise(self, root):
        rows = ["path;label;subject"]
        for i, folder in enumerate(sorted(root.glob("*/happy/*"))):
            shutil.move(folder, root / f"take{i}")
            rows.append(f"take{i}/;{'posed' if i < 6 else 'spontaneous'};{folder.name[:4]}")
        for kind in ("posed", "spontaneous"):
            shutil.rmtree(root / kind)
        (root / "labels.csv").write_text("\n".join(rows))
        smiles = in_silence(load_spos, root)
        assert list(smiles.metadata["video"]) == [f"take{i}" for i in range(N)]
        np.testing.assert_array_equal(smiles.target, [0] * 6 + [1] * 6)
        assert smiles.folds.get_n_splits() == 3

    def test_go_before_folders(self, root):
        file = root / "mine.csv"
        file.write_text("video,label\nposed_s000-1,spontaneous\nposed_s001-5,posed\n")
        smiles = in_silence(load_spos, root, labels=file)
        assert list(smiles.metadata["video"]) == ["posed_s000-1", "posed_s001-5"]
        np.testing.assert_array_equal(smiles.target, [1, 0])
        np.testing.assert_array_equal(smiles.groups, ["s000", "s001"])

    def test_that_folders_contradict(self, root):
        (root / "labels.csv").write_text(
            "video,label\ns000-1,spontaneous\ns001-5,posed\nspontaneous_s002-10,spontaneous\n")
        smiles, text = told(load_spos, root)
        assert "the other kind, and not used: posed_s000-1 is spontaneous in labels.csv" in text
        assert list(smiles.metadata["video"]) == ["posed_s001-5", "spontaneous_s002-10"]
