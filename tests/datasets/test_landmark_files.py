"""Folders of `.npy` files with landmarks."""

from __future__ import annotations

import io
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
from lookalike_files import meshes

from smilegenuine import DMarkers
from smilegenuine.clips.record import as_clips
from smilegenuine.clips.stored_arrays import StoredArray
from smilegenuine.datasets import load_landmarks


@pytest.fixture(autouse=True)
def no_other_warnings():
    """What is not asked for by `pytest.warns` is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def save(path: Path, array, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, array, **options)
    return path


def test_a_folder(tmp_path):
    for name in ("b.npy", "deep er/ä.NPY", "a.npy"):
        with open(save(tmp_path / "x.npy", meshes()), "rb") as file:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(file.read())
    (tmp_path / "x.npy").unlink()
    (tmp_path / "labels.csv").write_text("video,label,subject\na,posed,s1\nb,genuine,s1\n"
                                         "ä.mp4,genuine,s2\n")
    found = load_landmarks(str(tmp_path), fps=50)
    assert list(found.metadata["video"]) == ["a", "b", "deep er/ä"]
    np.testing.assert_array_equal(found.target, [0, 1, 1])
    np.testing.assert_array_equal(found.groups, ["s1", "s1", "s2"])
    clip = found.data[0]
    assert clip.name == str(tmp_path / "a.npy")
    assert clip.fps == 50
    assert clip.valid is None
    assert clip.landmarks.dtype == np.float32
    np.testing.assert_array_equal(clip.landmarks, meshes())
    assert as_clips(found.data)[0] is clip
    assert str(tmp_path) in found.DESCR


def test_one_file(tmp_path):
    found = load_landmarks(save(tmp_path / "a.npy", meshes()))
    assert found.data[0].fps is None
    assert found.target is None


@pytest.mark.parametrize(("dtype", "kept"), [
    ("<f4", "float32"), ("<f8", "float64"), ("<f2", "float32"), (">f4", "float32"),
    (">f8", "float32"), ("<i4", "float32"), ("<u2", "float32")])
@pytest.mark.parametrize("fortran", [False, True])
def test_types(tmp_path, dtype, kept, fortran):
    points = np.abs(meshes(5)).astype(dtype)
    path = save(tmp_path / "a.npy", np.asfortranarray(points) if fortran else points)
    (clip,) = load_landmarks(path).data
    assert clip.landmarks.dtype == kept
    np.testing.assert_array_equal(clip.landmarks, points)


def test_arrays_stay_on_the_disk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "set" / "a.npy", meshes(200))
    (clip,) = load_landmarks("set", fps=50).data
    stored = clip.known()["landmarks"]
    assert isinstance(stored, StoredArray)
    assert len(pickle.dumps(clip)) < 2000
    monkeypatch.chdir("/")
    assert clip.landmarks.shape == (200, 478, 3)
    assert DMarkers().transform([clip]).shape == (1, 225)


def test_frames_without_a_face(tmp_path):
    points = meshes(6)
    points[1] = np.nan
    points[3, 7, 2] = np.inf
    for dtype in (np.float32, np.float16):
        (clip,) = load_landmarks(save(tmp_path / "a.npy", points.astype(dtype))).data
        np.testing.assert_array_equal(clip.valid, [True, False, True, False, True, True])


def archive_of_two() -> bytes:
    data = io.BytesIO()
    np.savez(data, a=meshes(2), b=meshes(2))
    return data.getvalue()


def cut_off() -> bytes:
    data = io.BytesIO()
    np.save(data, meshes(4))
    return data.getvalue()[:-100]


@pytest.mark.parametrize(("content", "message"), [
    (meshes(4) / [640, 480, 640], "the landmarks are shares of the picture, 0 to 1, as MediaPipe "
                                  "gives them: multiply x and z by its width and y by its height"),
    (np.full((4, 478, 3), np.nan), "no frame has landmarks; was a face in view"),
    (meshes(4)[:, :468], r"its shape is \(4, 468, 3\) and not \(T, 478, 3\); 468 points are a"),
    (meshes(4)[..., :2], r"\(4, 478, 2\) .*z is needed too"),
    (meshes(4)[0], r"\(478, 3\) .*a single frame is no recording"),
    (meshes(4).reshape(4, -1), r"\(4, 1434\) .*reshape it, points before axes"),
    (meshes(4)[None], r"\(1, 4, 478, 3\) .*a file holds one face"),
    (meshes(4)[:0], r"has no frame: its shape is \(0, 478, 3\)"),
    (np.full((4, 478, 3), "a"), "holds <U1, and landmarks are numbers"),
    (meshes(4).astype(complex), "holds complex128, and landmarks are numbers"),
    (meshes(4).astype(object), "no array of numbers that numpy.save has written"),
    (b"", "the file is empty; write it anew"), (b"path,label\n", "no array of numbers"),
    (cut_off(), "is cut off, or no array of numbers"),
    (archive_of_two(), "holds several arrays; write one a file")])
def test_bad_files_are_left_out_and_listed_once(tmp_path, content, message):
    save(tmp_path / "good.npy", meshes())
    if isinstance(content, bytes):
        (tmp_path / "bad.npy").write_bytes(content)
    else:
        save(tmp_path / "bad.npy", content, allow_pickle=True)
    with pytest.warns(UserWarning, match=rf"1 not to be read: .*bad\.npy: .*{message}") as caught:
        found = load_landmarks(tmp_path, fps=25)
    assert len(caught) == 1
    assert [Path(name).name for name in found.filenames] == ["good.npy"]
    assert list(found.failures["clip"]) == [str(tmp_path / "bad.npy")]


class Trap:
    """What a pickled file could do."""

    def __reduce__(self):
        return Path.touch, (Path("trapped"),)


def test_nothing_in_a_file_is_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save(tmp_path / "a.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="no array of numbers"):
        load_landmarks(tmp_path)
    assert not (tmp_path / "trapped").exists()


def test_a_face_in_the_corner_is_no_share(tmp_path):
    points = meshes(3)
    points -= points.reshape(-1, 3).min(axis=0)
    assert len(load_landmarks(save(tmp_path / "a.npy", points)).data) == 1


def test_nothing_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no \.npy file in the folder; write arrays of"):
        load_landmarks(tmp_path)
    with pytest.raises(FileNotFoundError, match="nowhere: no such file or folder"):
        load_landmarks(tmp_path / "nowhere")
