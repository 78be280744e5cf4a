"""Files that are whole once they have their name."""

from __future__ import annotations

from contextlib import suppress

from smilegenuine.running.atomic_files import atomic_file


class TestAtomicFile:
    def test_nothing_is_left_of_a_failure(self, tmp_path):
        with suppress(OSError), atomic_file(tmp_path / "a.txt") as part:
            part.write_text("half")
            raise OSError("full")
        assert list(tmp_path.iterdir()) == []

    def test_the_old_file_stays_until_the_new_one_is_whole(self, tmp_path):
        (tmp_path / "a.txt").write_text("old")
        with atomic_file(tmp_path / "a.txt") as part:
            part.write_text("new")
            assert (tmp_path / "a.txt").read_text() == "old"
        assert (tmp_path / "a.txt").read_text() == "new"
