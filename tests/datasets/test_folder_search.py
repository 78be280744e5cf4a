"""Finding files in any arrangement, names by their meaning, text in any encoding."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from smilegenuine.datasets.findings import Findings
from smilegenuine.datasets.folder_search import (
    Places,
    key,
    lines_of,
    natural_key,
    read_text,
    search,
    video_id,
)


@pytest.fixture
def findings(tmp_path) -> Findings:
    return Findings("Set", tmp_path, "warn")


def touch(*files: Path) -> None:
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"")


class TestSearch:
    def test_what_is_there(self, findings, tmp_path):
        touch(tmp_path / "b10.mp4", tmp_path / "b9.MOV", tmp_path / "deep er" / "ü" / "list.TXT",
              tmp_path / "._b9.mov", tmp_path / ".git" / "x.mp4", tmp_path / "__MACOSX" / "y.mp4")
        (tmp_path / "empty.avi").mkdir()
        tree = search(findings)
        assert [file.relative_to(tmp_path).as_posix() for file in tree.files] == [
            "b9.MOV", "b10.mp4", "deep er/ü/list.TXT"]
        assert tree.videos == [tmp_path / "b9.MOV", tmp_path / "b10.mp4"]
        assert tree.texts == [tmp_path / "deep er" / "ü" / "list.TXT"]
        assert tree.below(tree.texts[0]) == ("deep er", "ü", "list.TXT")
        assert tree.folders == [tmp_path / "deep er", tmp_path / "deep er" / "ü",
                                tmp_path / "empty.avi"]
        assert len(findings) == 0

    def test_circles_end_and_each_folder_counts_once(self, findings, tmp_path):
        touch(tmp_path / "a" / "b" / "1.mp4")
        (tmp_path / "a" / "b" / "up").symlink_to(tmp_path, target_is_directory=True)
        (tmp_path / "z").symlink_to(tmp_path / "a", target_is_directory=True)
        (tmp_path / "round").symlink_to(tmp_path / "round")
        assert len(search(findings).files) == 1

    def test_links_to_folders_elsewhere_are_followed(self, tmp_path):
        touch(tmp_path / "disk" / "1.mp4")
        (tmp_path / "set").mkdir()
        (tmp_path / "set" / "videos").symlink_to(tmp_path / "disk", target_is_directory=True)
        tree = search(Findings("Set", tmp_path / "set", "warn"))
        assert tree.files == [tmp_path / "set" / "videos" / "1.mp4"]

    def test_links_that_lead_nowhere(self, findings, tmp_path):
        for name in ("1.mp4", "2.bmp", "notes"):
            (tmp_path / name).symlink_to(tmp_path / "gone")
        assert search(findings).files == []
        assert list(findings.failures["kind"]) == ["links that lead nowhere"] * 2

    def test_folders_that_may_not_be_read(self, findings, tmp_path, monkeypatch):
        touch(tmp_path / "a" / "1.mp4")
        original = os.scandir

        def scandir(path):
            if Path(path).name == "a":
                raise PermissionError(13, "Permission denied", str(path))
            return original(path)

        monkeypatch.setattr(os, "scandir", scandir)
        assert search(findings).files == []
        assert "1 not to be read: [Errno 13] Permission denied" in findings.text()

    @pytest.mark.skipif(sys.platform != "linux", reason="names of files are text there")
    def test_names_that_are_no_text(self, findings, tmp_path):
        touch(tmp_path / "caf\udce9.mp4", tmp_path / "d\udce9" / "1.mp4", tmp_path / "2.mp4")
        assert search(findings).files == [tmp_path / "2.mp4"]
        assert "2 with a name that is not valid UTF-8, and not used (rename" in findings.text()
        assert len(findings.failures) == 2

    def test_a_file(self, tmp_path):
        touch(tmp_path / "set.zip")
        with pytest.raises(ValueError, match=r"set\.zip: is a file; give the folder that Set lies "
                                             "in, and unpack an archive first"):
            search(Findings("Set", tmp_path / "set.zip", "warn"))


@pytest.mark.parametrize(("text", "name"), [
    ("001_x.mp4", "001_x"), (" videos/001_x.MP4\t", "001_x"), (r"D:\set\001_x.avi", "001_x"),
    ("001_x", "001_x"), ('"001_x.mov"', "001_x"), ("v1.2", "v1.2"), (".mp4", ".mp4"), ("", "")])
def test_video_id(text, name):
    assert video_id(text) == name


def test_keys():
    assert key(" Smile  É.") == key("smile e\u0301.") != key("smile e.")


def test_natural_key():
    assert sorted(["a10", "a9", "a", "10", "9"], key=natural_key) == ["9", "10", "a", "a9", "a10"]


class TestPlaces:
    def test_names_and_aliases(self, findings, tmp_path):
        touch(tmp_path / "p" / "1.mp4", tmp_path / "s" / "1.mp4", tmp_path / "s" / "2.mp4")
        pairs = [("posed 1", tmp_path / "p" / "1.mp4"), ("real 1", tmp_path / "s" / "1.mp4"),
                 ("real 2", tmp_path / "s" / "2.mp4")]
        places = Places(pairs, findings, [("1", "posed 1"), ("1", "real 1"), ("2", "real 2")])
        assert len(places) == 3
        assert places.key_of("REAL 2") == places.key_of("2") == "real 2"
        assert places.key_of("1") == "1"  # either of two
        assert places.key_at(tmp_path / "s" / ".." / "p" / "1.mp4") == "posed 1"
        assert places.key_at(tmp_path / "3.mp4") is None
        assert places.paths["real 2"] == tmp_path / "s" / "2.mp4"
        assert len(findings) == 0

    def test_twice(self, findings, tmp_path):
        touch(tmp_path / "a" / "1.mp4", tmp_path / "b" / "1.mp4", tmp_path / "2.mp4")
        (tmp_path / "link.mp4").symlink_to(tmp_path / "2.mp4")
        places = Places([("1", tmp_path / "a" / "1.mp4"), ("1", tmp_path / "b" / "1.mp4"),
                         ("2", tmp_path / "2.mp4"), ("2", tmp_path / "link.mp4")], findings)
        assert set(places.paths) == {"2"}
        assert places.twice == {"1"}
        assert findings.text().endswith(
            f"1 in more than one place, and not used (keep one): 1 in {tmp_path / 'a'} and "
            f"{tmp_path / 'b'}")


class TestText:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16", "utf-16-le",
                                          "utf-16-be"])
    def test_encodings(self, tmp_path, encoding):
        (tmp_path / "a.txt").write_bytes("name\tâge\r\nZoë\t30".encode(encoding))
        assert read_text(tmp_path / "a.txt") == "name\tâge\r\nZoë\t30"
        assert lines_of(tmp_path / "a.txt") == ["name\tâge", "Zoë\t30"]

    @pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
    def test_ends_of_lines(self, tmp_path, newline):
        (tmp_path / "a.txt").write_bytes(newline.join(["a", "b\x85c", "", ""]).encode("latin-1"))
        assert lines_of(tmp_path / "a.txt") == ["a", "b\x85c", "", ""]

    def test_nothing(self, tmp_path):
        touch(tmp_path / "a.txt")
        assert lines_of(tmp_path / "a.txt") == [""]
