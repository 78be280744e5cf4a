"""Arrays in files: whole, mapped when looked at, and no open files."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pytest

from smilegenuine import Clip
from smilegenuine.clips.errors import ClipError
from smilegenuine.clips.stored_arrays import StoredArray, array_digest, read_array, store_array


@pytest.fixture
def faces() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (7, 12, 10, 3), np.uint8)


class TestStoredArray:
    def test_gives_back_what_was_stored(self, faces, tmp_path):
        stored = store_array(faces, tmp_path, "x")
        assert (stored.shape, stored.ndim, len(stored), stored.dtype) == (
            (7, 12, 10, 3), 4, 7, "uint8")
        np.testing.assert_array_equal(stored.load(), faces)
        assert stored.is_whole()
        assert [path.name for path in tmp_path.iterdir()] == [stored.path.name]
        with pytest.raises(ValueError, match="read-only"):
            stored.load()[0] = 0

    def test_any_layout_in_memory(self, faces, tmp_path):
        turned = faces.transpose(0, 2, 1, 3)[::2]
        np.testing.assert_array_equal(store_array(turned, tmp_path, "x").load(), turned)

    def test_is_small_when_pickled(self, faces, tmp_path):
        stored = store_array(faces, tmp_path, "x")
        pickled = pickle.dumps(stored)
        assert len(pickled) < 500 < faces.nbytes
        np.testing.assert_array_equal(pickle.loads(pickled).load(), faces)

    def test_other_content_has_another_file(self, faces, tmp_path):
        first, second = store_array(faces, tmp_path, "x"), store_array(faces + 1, tmp_path, "x")
        assert first.path != second.path
        assert first.is_whole()
        assert store_array(faces, tmp_path, "x").path == first.path

    @pytest.mark.parametrize("damage", ["cut", "empty", "bit", "other"])
    def test_damage_is_noticed(self, damage, faces, tmp_path):
        stored = store_array(faces, tmp_path, "x")
        data = stored.path.read_bytes()
        stored.path.write_bytes({"cut": data[:-9], "empty": b"", "other": b"PNG" + data[3:],
                                 "bit": data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]}[damage])
        assert not stored.is_whole()
        assert read_array(stored.path) is None
        if damage != "bit":  # who wants to know of that asks `is_whole`
            with pytest.raises(OSError, match=r"is damaged .*delete it and measure the clip"):
                stored.load()

    def test_another_array_in_its_place(self, faces, tmp_path):
        stored = store_array(faces, tmp_path, "x")
        np.save(stored.path, faces.astype(float))
        with pytest.raises(OSError, match="it holds another array"):
            stored.load()

    def test_gone(self, faces, tmp_path):
        stored = store_array(faces, tmp_path, "x")
        stored.path.unlink()
        assert not stored.is_whole()
        with pytest.raises(FileNotFoundError, match="no such file any more; it must stay"):
            stored.load()

    def test_read_array(self, faces, tmp_path):
        np.testing.assert_array_equal(read_array(store_array(faces, tmp_path, "x").path), faces)
        assert read_array(tmp_path / "nowhere.npy") is None


def test_digest_tells_type_shape_and_content(faces):
    others = [faces.astype(np.int16), faces.reshape(7, -1), faces + 1, faces[:0]]
    digests = {array_digest(array) for array in [faces, faces.copy(), *others]}
    assert len(digests) == 5


class TestInClips:
    def test_a_clip_gives_the_array(self, faces, tmp_path):
        stored = store_array(faces, tmp_path, "x")
        clip = Clip(faces=stored, fps=25, subject="s")
        np.testing.assert_array_equal(clip.faces, faces)
        assert clip.n_frames == 7
        assert "faces=(7, 12, 10, 3)" in repr(clip)
        other = pickle.loads(pickle.dumps(clip)).replace(smile=np.zeros(7))
        assert isinstance(other.known()["faces"], StoredArray)
        np.testing.assert_array_equal(other.faces, faces)

    def test_no_file_stays_open(self, faces, tmp_path):
        stored = store_array(faces, tmp_path, "x")
        clips = [Clip(faces=stored, fps=25) for _ in range(50)]
        before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else None
        assert sum(int(clip.faces.sum()) for clip in clips) == 50 * int(faces.sum())
        if before is not None:
            assert len(os.listdir("/proc/self/fd")) <= before

    def test_shape_and_length_are_checked(self, faces, tmp_path):
        stored = store_array(faces, tmp_path, "x")
        with pytest.raises(ClipError, match=r"landmarks must have the shape \(T, 478, 3\)"):
            Clip(landmarks=stored)
        with pytest.raises(ClipError, match="faces has 7, smile has 6"):
            Clip(faces=stored, smile=np.zeros(6))


def test_what_another_step_has_kept_elsewhere_is_kept_here_too(tmp_path):
    first = store_array(np.arange(12).reshape(3, 4), tmp_path, "first")
    second = store_array(first, tmp_path, "second")
    assert second.path != first.path
    np.testing.assert_array_equal(second.load(), first.load())
