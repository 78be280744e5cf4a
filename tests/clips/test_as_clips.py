"""The door: every form a recording may have, and every way to be refused."""

from __future__ import annotations

import warnings
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from smilegenuine.clips.au_table import AU_NAMES
from smilegenuine.clips.errors import ClipError, VideoError
from smilegenuine.clips.record import (
    DEFAULT_FPS,
    Clip,
    as_clip,
    as_clips,
    open_items,
    read_csv_clip,
)
from smilegenuine.clips.video import ArrayFrames, VideoFrames


def test_landmarks_as_an_array_are_no_grey_pictures():
    clip, = as_clips([np.full((9, 478, 3), 40.5)], fps=25)
    assert clip.landmarks.shape == (9, 478, 3)
    assert clip.frames is None


def table(n: int = 8, **columns) -> pd.DataFrame:
    return pd.DataFrame(np.ones((n, 17)), columns=[f" {au}_r" for au in AU_NAMES]).assign(**columns)


class TestAsClip:
    def test_clip_is_passed_on(self):
        clip = Clip(aus=np.ones((9, 17)), smile=np.arange(9.0), fps=30, name="a", subject="s")
        assert as_clip(clip) is clip
        assert as_clip(clip, fps=7) is clip

    def test_tables(self):
        clip = as_clip(table(timestamp=np.arange(8) / 30, success=[1] * 7 + [0]), fps=99)
        assert clip.fps == pytest.approx(30)
        assert clip.mask.sum() == 7
        assert as_clip(table(), fps=99).fps == 99
        assert as_clip(table()).fps is None

    def test_csv(self, tmp_path):
        table(timestamp=np.arange(8) / 30).to_csv(tmp_path / "é a.CSV", index=False)
        clip = as_clip(tmp_path / "é a.CSV", fps=99)
        assert clip.name == str(tmp_path / "é a.CSV")
        assert clip.fps == pytest.approx(30)
        table().to_csv(tmp_path / "b.csv", index=False, encoding="utf-8-sig")
        assert as_clip(str(tmp_path / "b.csv"), fps=99).fps == 99

    @pytest.mark.parametrize(("content", "message"), [
        (b"", r"cannot be read as a CSV \(No columns"), (b"\xff\xfe\x00" * 50, "a.csv: "),
        (b"a,b\n1,2,3\n1,2,3,4,5\n", r"cannot be read as a CSV \(Error tokenizing"),
        (b"AU01_r,AU02_r\n", "the table has no rows"), (b"a;b\n1;2\n", "no column AU01, AU02"),
        (bytes(range(256)) * 20, "a.csv: ")])
    def test_bad_csv(self, tmp_path, content, message):
        path = tmp_path / "a.csv"
        path.write_bytes(content)
        with pytest.raises(ClipError, match=message):
            read_csv_clip(path)

    def test_arrays(self):
        aus = as_clip(np.ones((6, 17)), fps=12)
        assert aus.aus.shape == (6, 17)
        assert aus.fps == 12
        for shape in ((6, 17, 20), (6, 8, 9, 3), (6, 8, 9, 4), (6, 8, 9, 1)):
            clip = as_clip(np.ones(shape, np.uint8), fps=12)
            assert clip.n_frames == 6
            assert {f.shape for f in clip.frames} == {(*shape[1:3], 3)}

    def test_source(self, make_video):
        source = VideoFrames(make_video())
        assert as_clip(source).frames is source

    @pytest.mark.parametrize(("item", "message"), [
        (np.zeros((5, 16)), r"array: a 2-D array is read as action units, \(T, 17\).*\(5, 16\)"),
        (np.zeros(5), r"array of shape \(5,\) is neither frames"),
        (np.zeros((2, 3, 4, 5, 6)), r"array of shape \(2, 3, 4, 5, 6\) is neither frames"),
    ])
    def test_bad_arrays(self, item, message):
        with pytest.raises(ClipError, match=message):
            as_clip(item)

    @pytest.mark.parametrize("item", [3, None, {"a": 1}, [1, 2], pd.Series([1.0])])
    def test_anything_else(self, item):
        with pytest.raises(TypeError, match=f"cannot make a clip of {type(item).__name__}; give a"):
            as_clip(item)


class TestAsClips:
    def test_all_forms_together(self, make_video, tmp_path):
        video = make_video(n=3)
        cv2.imwrite(str(tmp_path / "one.png"), np.zeros((4, 5, 3), np.uint8))
        table().to_csv(tmp_path / "of.csv", index=False)
        items = [str(video), video, Clip(aus=np.ones((4, 17))), np.zeros((5, 6, 7, 3), np.uint8),
                 np.ones((6, 17)), table(), tmp_path / "of.csv", tmp_path / "one.png",
                 VideoFrames(video), np.str_(video)]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            clips = as_clips(items, fps=40)
        assert [c.n_frames for c in clips] == [3, 3, 4, 5, 6, 8, 8, 1, 3, 3]
        assert [c.fps for c in clips] == [25, 25, 40, 40, 40, 40, 40, 40, 25, 25]

    @pytest.mark.parametrize("kind", [
        list, tuple, iter, lambda x: (i for i in x), pd.Series, pd.Index,
        lambda x: np.array(x), lambda x: np.array(x, dtype=object)])
    def test_kinds_of_lists(self, make_video, kind):
        paths = [str(make_video(f"{i}.mp4", n=2)) for i in range(3)]
        assert [c.name for c in as_clips(kind(paths))] == paths

    def test_stacked_arrays(self):
        assert [c.aus.shape for c in as_clips(np.zeros((3, 8, 17)), fps=9)] == [(8, 17)] * 3
        stacked = as_clips(np.zeros((3, 8, 5, 6, 3), np.uint8), fps=9)
        assert [c.n_frames for c in stacked] == [8] * 3

    @pytest.mark.parametrize("X", [
        "a.mp4", Path("a.mp4"), Clip(), pd.DataFrame({"a": [1]}), np.zeros((8, 17)),
        np.zeros((8, 5, 6, 3), np.uint8), ArrayFrames(np.zeros((8, 5, 6), np.uint8)),
        {"data": []}])
    def test_one_recording_is_no_list(self, X):
        with pytest.raises(TypeError, match=r"for a single one write \[X\]"):
            as_clips(X)

    @pytest.mark.parametrize(("X", "kind"), [(None, "NoneType"), (5, "int")])
    def test_no_list(self, X, kind):
        with pytest.raises(TypeError, match=f"X must be a list of recordings, not {kind}"):
            as_clips(X)

    @pytest.mark.parametrize("X", [[], (), np.array([]), pd.Series(dtype=object), iter([])])
    def test_empty(self, X):
        with pytest.raises(ValueError, match="X is empty: no clips"):
            as_clips(X)

    def test_missing_files_are_listed_together(self, make_video, tmp_path):
        items = [tmp_path / "no.mp4", make_video(), tmp_path / "no.csv", str(tmp_path / "none")]
        with pytest.raises(FileNotFoundError, match=r"^3 of 4 clips are missing: .*no\.mp4: no such"
                                                    r" file; .*no\.csv: no such file; .*none: no"):
            as_clips(items)

    def test_very_many_missing_files(self):
        with pytest.raises(FileNotFoundError, match=r"25 of 25 .*v19\.mp4: no such file; …$"):
            as_clips([f"v{i}.mp4" for i in range(25)])

    @pytest.mark.parametrize(("bad", "error", "message"), [
        (3, TypeError, "cannot make a clip of int"),
        (np.zeros((4, 16)), ClipError, "a 2-D array is read as action units"),
        (np.full((2, 4, 5), 7.0), VideoError, "floating-point frames must lie"),
        (np.where(np.arange(17) == 2, np.nan, np.ones((4, 17))), ClipError, "AU04 is NaN in every"),
        (pd.DataFrame({"a": [1]}), ClipError, "no column AU01"),
    ])
    def test_nameless_items_are_called_by_their_place(self, bad, error, message):
        with pytest.raises(error, match=f"^item 2: {message}"):
            as_clips([Clip(), np.ones((4, 17)), bad], fps=10)

    def test_named_items_are_called_by_their_name(self, tmp_path):
        (tmp_path / "empty").mkdir()
        with pytest.raises(VideoError, match=r"^[^:]*empty: the folder has no image"):
            as_clips([Clip(), tmp_path / "empty"])

    def test_no_timing(self, tmp_path):
        cv2.imwrite(str(tmp_path / "one.png"), np.zeros((4, 5, 3), np.uint8))
        items = [np.ones((4, 17)), tmp_path / "one.png", Clip(aus=np.ones((4, 17)), fps=10)]
        with pytest.warns(UserWarning, match=r"2 of 3 clips carry no timing \(item 0, …\): 50 "
                                             r"frames a second are assumed\. Give") as caught:
            clips = as_clips(items)
        assert len(caught) == 1
        assert [c.fps for c in clips] == [DEFAULT_FPS, DEFAULT_FPS, 10]

    def test_videos_are_not_opened(self, make_video, decoded):
        paths = [make_video(f"{i}.mp4", n=2) for i in range(3)]
        assert len(as_clips(paths)) == 3
        assert decoded == []

    def test_errors_in_place_of_clips(self, make_video, tmp_path):
        (tmp_path / "empty").mkdir()
        results = open_items([make_video(), tmp_path / "no.mp4", 3, tmp_path / "empty",
                              np.zeros((4, 16))])
        assert [type(r) for r in results] == [Clip, FileNotFoundError, TypeError, VideoError,
                                              ClipError]
        assert [str(r).split(": ")[0] for r in results[2:]] == ["item 2", str(tmp_path / "empty"),
                                                                "item 4"]


def test_real_openface_csv(real):
    with pytest.warns(UserWarning, match=r"1 of 1 clips carry no timing \(.*OpenFace_Test.csv\)"):
        (clip,) = as_clips([real / "OpenFace_Test.csv"])
    assert clip.n_frames == 100
    assert clip.fps == DEFAULT_FPS
    assert as_clips([real / "OpenFace_Test.csv"], fps=30)[0].times[-1] == pytest.approx(3.3)
