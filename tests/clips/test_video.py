"""Frame sources: order, colours, timing, rotation, damage and memory of what is read."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import cv2
import joblib
import mp4_boxes
import numpy as np
import pytest
from mp4_boxes import picture

from smilegenuine.clips.errors import ClipError, VideoError
from smilegenuine.clips.video import ArrayFrames, FrameSource, ImageFrames, VideoFrames, open_frames

RNG_SEED = 7


def red_of(frame: np.ndarray) -> int:
    """What `picture` writes into red, from the middle of the red quarter."""
    height, width = frame.shape[:2]
    return int(np.median(frame[height // 8:3 * height // 8, width // 8:3 * width // 8, 0]))


def write_image(path: Path, value: int, shape: tuple[int, ...] = (20, 30, 3)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    done, code = cv2.imencode(path.suffix, np.full(shape, value, np.uint8))
    assert done
    path.write_bytes(code.tobytes())
    return path


class TestVideoFrames:
    def test_all_frames_in_order_as_rgb(self, make_video):
        frames = list(VideoFrames(make_video(n=15, size=(96, 64))))
        assert len(frames) == 15
        for i, frame in enumerate(frames):
            assert frame.shape == (64, 96, 3)
            assert frame.dtype == np.uint8
            np.testing.assert_allclose(frame[16, 24], (60 + 10 * i, 32, 16), atol=12)  # red, RGB
            np.testing.assert_allclose(frame[48, 24], (0, 0, 200), atol=12)
            np.testing.assert_allclose(frame[32, 80], (128, 128, 128), atol=12)

    @pytest.mark.parametrize("fps", [24, 25, 30, 50, 60, 120, 29.97])
    def test_times_follow_the_frame_rate(self, make_video, fps):
        video = VideoFrames(make_video(n=33, fps=fps))
        np.testing.assert_allclose(video.times, np.arange(33) / fps, atol=1e-6)
        assert video.fps == pytest.approx(fps)

    @pytest.mark.parametrize(("name", "codec"), [
        ("a.avi", "MJPG"), ("a.AVI", "XVID"), ("a.mkv", "mp4v"), ("a.webm", "VP80"),
        ("a.mov", "mp4v")])
    def test_containers(self, make_video, name, codec):
        video = VideoFrames(make_video(name, n=10, fps=20, codec=codec))
        assert [round((red_of(f) - 60) / 10) for f in video] == list(range(10))
        np.testing.assert_allclose(video.times, np.arange(10) / 20, atol=1e-3)

    def test_variable_frame_rate(self, make_video):
        path = make_video(n=40, fps=30)
        durations = [20 + (i * 7) % 30 for i in range(40)]
        mp4_boxes.set_durations(path, durations)
        video = VideoFrames(path)
        np.testing.assert_allclose(video.times, np.cumsum([0, *durations[:-1]]) / 1000, atol=1e-6)
        assert len(list(video)) == 40

    def test_a_stamp_that_stands_still_is_interpolated(self, make_video):
        path = make_video(n=20, fps=30)
        mp4_boxes.set_durations(path, [40] * 9 + [0] + [40] * 10)
        expected = np.r_[np.arange(10), 9.5, np.arange(10, 19)] * 0.04
        np.testing.assert_allclose(VideoFrames(path).times, expected, atol=1e-9)

    def test_stamps_that_mostly_stand_still_are_replaced_by_the_frame_rate(self, make_video):
        path = make_video(n=20, fps=30)
        mp4_boxes.set_durations(path, [200, 0, 0, 0] * 5)
        video = VideoFrames(path)
        n = len(video.times)
        assert n >= 15
        np.testing.assert_allclose(video.times, np.arange(n) / video.fps)

    @pytest.mark.parametrize(("degrees", "corner"), [
        (90, (8, -8)), (180, (-8, -8)), (270, (-8, 8))])
    def test_rotation_metadata_is_applied(self, make_video, degrees, corner):
        path = make_video(n=8, size=(96, 64))
        mp4_boxes.rotate(path, degrees)
        frames = list(VideoFrames(path))
        assert len(frames) == 8
        upright = np.rot90(picture(5, (96, 64)), -degrees // 90)
        assert frames[5].shape == upright.shape
        # Away from the borders of the fields, where the codec smears.
        np.testing.assert_allclose(frames[5][8::16, 8::16], upright[8::16, 8::16], atol=14)
        # The red quarter, above left in the file, lies where a player shows it.
        np.testing.assert_allclose(frames[5][corner], (110, 32, 16), atol=14)

    def test_iterating_twice_and_side_by_side_gives_the_same(self, make_video):
        video = VideoFrames(make_video(n=9))
        first = list(video)
        for a, b, c in zip(video, video, first, strict=True):
            np.testing.assert_array_equal(a, b)
            np.testing.assert_array_equal(a, c)

    def test_times_by_their_own_pass_and_by_iterating_agree(self, make_video):
        path = make_video(n=21, fps=24)
        iterated = VideoFrames(path)
        for _ in iterated:
            pass
        np.testing.assert_array_equal(iterated.times, VideoFrames(path).times)

    def test_stopping_early_does_not_fix_the_times(self, make_video):
        video = VideoFrames(make_video(n=11))
        next(iter(video))
        assert len(video.times) == 11

    def test_iterating_records_the_times(self, make_video, monkeypatch):
        video = VideoFrames(make_video(n=6))
        assert len(list(video)) == 6
        monkeypatch.setattr(cv2, "VideoCapture", None)
        assert len(video.times) == 6
        assert video.fps == 25

    def test_construction_opens_nothing(self, make_video, monkeypatch):
        path = make_video()
        monkeypatch.setattr(cv2, "VideoCapture", None)
        assert open_frames(str(path)).name == str(path)

    @pytest.mark.parametrize("name", ["with blank.mp4", "grün_微笑.mp4", "Ordner ä/ö b.mp4",
                                      "100%_%03d.mp4", "a#b?c=d.mp4", "UPPER.MP4"])
    def test_names(self, make_video, name):
        video = VideoFrames(make_video(name, n=5))
        assert len(list(video)) == 5

    def test_pickle_is_path_and_stamp_only(self, make_video):
        video = VideoFrames(make_video(n=7))
        before = pickle.dumps(video)
        assert len(video.times) == 7
        after = pickle.dumps(video)
        assert before == after
        again = pickle.loads(after)
        assert again.path == video.path
        assert again._times is None
        assert again.fps == 25
        assert len(list(again)) == len(again.times) == 7

    def test_hash_changes_with_the_file(self, make_video):
        path = make_video()
        before = joblib.hash(VideoFrames(path))
        assert joblib.hash(VideoFrames(path)) == before
        os.utime(path, ns=(1, 1))
        assert joblib.hash(VideoFrames(path)) != before

    def test_memory_stays_flat(self, tmp_path):
        path = tmp_path / "long.mp4"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 50, (1280, 720))
        frame = np.zeros((720, 1280, 3), np.uint8)
        for i in range(600):
            frame[:] = i % 200
            writer.write(frame)
        writer.release()
        program = ("import resource, sys\n"
                   "from smilegenuine.clips.video import VideoFrames\n"
                   "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
                   "before = peak()\n"
                   "video = VideoFrames(sys.argv[1])\n"
                   "n = sum(1 for _ in video)\n"
                   "print(n, len(video.times), (peak() - before) // 1024)\n")
        done = subprocess.run([sys.executable, "-c", program, str(path)], check=True,
                              capture_output=True, text=True)
        n, n_times, megabytes = map(int, done.stdout.split())
        assert n == n_times == 600
        assert megabytes < 150  # the frames together are 1,600


class TestBadVideos:
    def test_missing(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"nowhere\.mp4: no such file"):
            VideoFrames(tmp_path / "nowhere.mp4")

    def test_deleted_after_opening(self, make_video):
        path = make_video()
        video = VideoFrames(path)
        path.unlink()
        with pytest.raises(FileNotFoundError, match=r"clip\.mp4"):
            list(video)

    def test_empty(self, tmp_path):
        path = tmp_path / "none.mp4"
        path.touch()
        with pytest.raises(VideoError, match=r"none\.mp4: the file is empty"):
            list(VideoFrames(path))

    def test_text(self, tmp_path):
        path = tmp_path / "text.mp4"
        path.write_text("this is no video\n" * 100)
        with pytest.raises(VideoError, match=r"text\.mp4: cannot be opened as a video.*ffmpeg"):
            list(VideoFrames(path))

    @pytest.mark.parametrize("share", [0.1, 0.4])
    @pytest.mark.parametrize("ask", [list, lambda v: v.times, lambda v: v.fps])
    def test_cut_off(self, make_video, share, ask):
        # OpenCV writes the index last, so that a cut leaves none.
        path = make_video(n=30)
        data = path.read_bytes()
        path.write_bytes(data[:int(share * len(data))])
        with pytest.raises(VideoError, match=r"clip\.mp4: cannot be opened.*cut off.*Re-encode"):
            ask(VideoFrames(path))

    @pytest.mark.parametrize("share", [0.7, 0.8, 0.9, 0.95])
    @pytest.mark.parametrize("ask", [list, lambda v: v.times])
    def test_cut_within_the_index(self, make_video, share, ask):
        path = make_video(n=30)
        data = path.read_bytes()
        assert data.index(b"moov") < 0.7 * len(data)
        path.write_bytes(data[:int(share * len(data))])
        with pytest.raises(VideoError, match=r"clip\.mp4: .*cut off.*Re-encode"):
            ask(VideoFrames(path))

    def test_cut_behind_the_index(self, make_video):
        # As streaming servers and cameras write it, and downloads break off.
        path = make_video(n=100, fps=20)
        mp4_boxes.index_first(path)
        assert len(list(VideoFrames(path))) == 100
        data = path.read_bytes()
        path.write_bytes(data[:int(0.7 * len(data))])
        video = VideoFrames(path)
        with pytest.warns(UserWarning, match=r"clip\.mp4: \d\d of 100 announced frames.*missing"):
            frames = list(video)
        assert 30 < len(frames) < 80
        np.testing.assert_allclose(video.times, np.arange(len(frames)) / 20, atol=1e-6)

    def test_no_decodable_frame(self, make_video):
        path = make_video(n=30)
        mp4_boxes.overwrite_pictures(path, 0, 1)
        with pytest.raises(VideoError, match=r"clip\.mp4: no frame can be decoded.*Re-encode"):
            list(VideoFrames(path))

    def test_index_of_a_cut_container_promises_more(self, make_video):
        path = make_video("cut.avi", n=40, codec="MJPG")
        data = path.read_bytes()
        path.write_bytes(data[:len(data) // 2])
        with pytest.warns(UserWarning, match=r"cut\.avi: \d+ of 40 announced frames"):
            frames = list(VideoFrames(path))
        assert 10 < len(frames) < 30

    def test_frames_behind_damage_are_kept_with_their_times(self, make_video):
        path = make_video(n=100, fps=20)
        mp4_boxes.overwrite_pictures(path, 0.4, 0.5)
        video = VideoFrames(path)
        with pytest.warns(UserWarning, match=r"clip\.mp4: \d\d of 100 announced frames.*damaged"):
            frames = list(video)
        assert 80 <= len(frames) < 100
        whole = np.arange(100) / 20
        assert np.isin(np.round(video.times, 6), np.round(whole, 6)).all()
        assert video.times[-1] == pytest.approx(whole[-1])
        with pytest.warns(UserWarning, match="announced"):
            np.testing.assert_array_equal(VideoFrames(path).times, video.times)

    def test_damage_at_the_beginning(self, make_video):
        path = make_video(n=60)
        mp4_boxes.overwrite_pictures(path, 0, 0.2)
        video = VideoFrames(path)
        with pytest.warns(UserWarning, match="damaged"):
            frames = list(video)
        assert 30 < len(frames) < 60
        assert video.times[0] == 0

    def test_damage_at_the_end_ends(self, make_video):
        path = make_video(n=60)
        mp4_boxes.overwrite_pictures(path, 0.7, 1)
        with pytest.warns(UserWarning, match="damaged"):
            frames = list(VideoFrames(path))
        assert 30 < len(frames) < 60

    def test_whole_files_do_not_warn(self, make_video):
        path = make_video(n=10)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert len(list(VideoFrames(path))) == 10

    def test_errors_cross_processes(self):
        error = pickle.loads(pickle.dumps(VideoError("a.mp4", "is cut off")))
        assert isinstance(error, ClipError)
        assert (error.clip, error.problem, str(error)) == ("a.mp4", "is cut off",
                                                           "a.mp4: is cut off")


class TestRealVideos:
    @pytest.mark.parametrize(("name", "n", "shape"), [
        ("single_face.mp4", 72, (360, 640, 3)), ("no_face.mp4", 95, (540, 960, 3)),
        ("face_noface.mov", 169, (540, 960, 3))])
    def test_frames_and_times(self, real, name, n, shape):
        video = VideoFrames(real / name)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            shapes = {frame.shape for frame in video}
        assert shapes == {shape}
        assert len(video.times) == n
        assert video.times[0] == 0
        assert (np.diff(video.times) > 0).all()

    def test_irregular_recording_keeps_its_stamps(self, real):
        steps = np.diff(VideoFrames(real / "face_noface.mov").times)
        assert steps.max() > 2 * steps.min()

    def test_cut_recording(self, real, tmp_path):
        data = (real / "single_face.mp4").read_bytes()
        path = tmp_path / "half.mp4"
        path.write_bytes(data[:len(data) // 2])
        with pytest.raises(VideoError, match=r"half\.mp4: cannot be opened.*cut off.*Re-encode"):
            list(VideoFrames(path))


class TestImageFrames:
    def test_folder_in_natural_order(self, tmp_path):
        for name, value in (("frame10.png", 100), ("frame2.PNG", 20), ("frame1.bmp", 10),
                            ("frame9.jpg", 90)):
            write_image(tmp_path / "set" / name, value)
        for name in ("notes.txt", "._frame1.png", ".hidden.png", "Thumbs.db"):
            (tmp_path / "set" / name).write_text("no image")
        (tmp_path / "set" / "more.png").mkdir()
        source = open_frames(tmp_path / "set")
        assert len(source) == 4
        frames = list(source)
        assert [int(f[5, 5, 0]) for f in frames] == pytest.approx([10, 20, 90, 100], abs=2)
        assert {f.shape for f in frames} == {(20, 30, 3)}

    def test_order_of_odd_names_is_settled(self, tmp_path):
        names = ["²1.png", "a1.png", "a01.png", "a001.png", "1.png", "Ä3.png", "a.png", "٣.png"]
        for name in names:
            write_image(tmp_path / "set" / name, 5)
        files = [f.name for f in ImageFrames(tmp_path / "set").files]
        assert sorted(files) == sorted(names)
        assert files.index("a001.png") < files.index("a01.png") < files.index("a1.png")
        assert files.index("1.png") < files.index("٣.png") < files.index("a.png")

    def test_colours(self, tmp_path):
        image = np.zeros((12, 17, 3), np.uint8)
        image[..., 0] = 200  # blue, as OpenCV writes
        cv2.imwrite(str(tmp_path / "blue.png"), image)
        (frame,) = open_frames(tmp_path / "blue.png")
        np.testing.assert_array_equal(frame[3, 4], (0, 0, 200))

    @pytest.mark.parametrize("shape", [(12, 17), (12, 17, 4)])
    def test_grey_and_transparent_images_become_rgb(self, tmp_path, shape):
        write_image(tmp_path / "a.png", 77, shape)
        (frame,) = ImageFrames(tmp_path / "a.png")
        np.testing.assert_array_equal(frame, np.full((12, 17, 3), 77))

    def test_sixteen_bits(self, tmp_path):
        cv2.imwrite(str(tmp_path / "a.png"), np.full((12, 17), 0x8000, np.uint16))
        (frame,) = ImageFrames(tmp_path / "a.png")
        assert frame.dtype == np.uint8
        assert frame[0, 0, 0] == pytest.approx(128, abs=1)

    def test_timing(self, tmp_path):
        for i in range(5):
            write_image(tmp_path / "set" / f"{i}.png", i)
        assert ImageFrames(tmp_path / "set").times is None
        assert ImageFrames(tmp_path / "set").fps is None
        timed = open_frames(tmp_path / "set", 20)
        np.testing.assert_allclose(timed.times, [0, 0.05, 0.1, 0.15, 0.2])
        assert timed.fps == 20

    @pytest.mark.parametrize("fps", [0, -25, float("nan"), float("inf")])
    def test_bad_rate(self, tmp_path, fps):
        write_image(tmp_path / "set" / "1.png", 1)
        with pytest.raises(VideoError, match="set: fps must be a positive number"):
            open_frames(tmp_path / "set", fps)

    def test_mixed_sizes(self, tmp_path):
        write_image(tmp_path / "set" / "1.png", 1, (20, 30, 3))
        write_image(tmp_path / "set" / "2.png", 1, (20, 31, 3))
        with pytest.raises(VideoError, match=r"2\.png: is 31x20 pixels where the first.* 30x20"):
            list(ImageFrames(tmp_path / "set"))

    @pytest.mark.parametrize("content", [b"", b"no image"])
    def test_unreadable_image(self, tmp_path, content):
        write_image(tmp_path / "set" / "1.png", 1)
        (tmp_path / "set" / "2.png").write_bytes(content)
        with pytest.raises(VideoError, match=r"2\.png: cannot be read as an image"):
            list(ImageFrames(tmp_path / "set"))

    def test_empty_folder(self, tmp_path):
        (tmp_path / "notes.txt").write_text("nothing to see")
        with pytest.raises(VideoError, match=r"the folder has no image \(\.bmp, "):
            open_frames(tmp_path)

    def test_missing(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="no such file or folder"):
            open_frames(tmp_path / "nowhere.png")

    def test_non_ascii_path(self, tmp_path):
        write_image(tmp_path / "Bilder für später" / "größe 1.png", 9)
        (frame,) = open_frames(tmp_path / "Bilder für später")
        assert frame[0, 0, 0] == 9

    def test_pickle_and_stamp(self, tmp_path):
        path = write_image(tmp_path / "set" / "1.png", 3)
        source = ImageFrames(tmp_path / "set", 10)
        again = pickle.loads(pickle.dumps(source))
        np.testing.assert_array_equal(next(iter(again)), next(iter(source)))
        os.utime(path, ns=(1, 1))
        assert joblib.hash(ImageFrames(tmp_path / "set", 10)) != joblib.hash(source)


class TestArrayFrames:
    @pytest.mark.parametrize("shape", [(4, 37, 53), (4, 37, 53, 1), (4, 37, 53, 3), (4, 37, 53, 4),
                                       (1, 1, 1), (2, 3, 4)])
    def test_shapes(self, shape):
        array = np.random.default_rng(RNG_SEED).integers(0, 256, shape, np.uint8)
        frames = list(ArrayFrames(array))
        assert len(frames) == len(ArrayFrames(array)) == shape[0]
        wanted = array[..., :3] if len(shape) == 4 else array[..., None]
        for frame, expected in zip(frames, wanted, strict=True):
            assert frame.shape == (*shape[1:3], 3)
            assert frame.flags.c_contiguous
            np.testing.assert_array_equal(frame, np.broadcast_to(expected, frame.shape))

    def test_types(self):
        grey = np.array([[[0.0, 0.5, 1.0]]])
        for dtype in (np.float16, np.float32, np.float64):
            (frame,) = ArrayFrames(grey.astype(dtype))
            np.testing.assert_array_equal(frame[0, :, 0], (0, 128, 255))
        for dtype in (np.uint16, ">u2"):
            (frame,) = ArrayFrames(np.array([[[0, 0x8000, 0xFFFF]]], dtype))
            assert frame.dtype == np.uint8
            np.testing.assert_array_equal(frame[0, :, 0], (0, 128, 255))

    @pytest.mark.parametrize("dtype", [bool, np.int8, np.int64, np.uint32, complex, object])
    def test_bad_types(self, dtype):
        with pytest.raises(VideoError, match=r"array: frames of type .* are not understood"):
            ArrayFrames(np.zeros((2, 3, 4), dtype))

    @pytest.mark.parametrize("value", [-0.1, 1.01, 255.0, np.nan, np.inf])
    def test_floats_out_of_range(self, value):
        array = np.full((2, 5, 7, 3), 0.5)
        array[1, 2, 3, 1] = value
        with pytest.raises(VideoError, match="myclip: floating-point frames must lie within 0 and"):
            ArrayFrames(array, "myclip")

    @pytest.mark.parametrize("shape", [(5,), (5, 6), (2, 3, 4, 3, 1), (0, 5, 6), (3, 0, 6, 3), ()])
    def test_bad_shapes(self, shape):
        with pytest.raises(VideoError, match=r"frames must have the shape \(T, H, W\)"):
            ArrayFrames(np.zeros(shape, np.uint8))

    @pytest.mark.parametrize("shape", [(5, 3, 30, 40), (5, 30, 40, 2)])
    def test_channels_first(self, shape):
        with pytest.raises(VideoError, match=r"channels.*Are the channels first"):
            ArrayFrames(np.zeros(shape, np.uint8))

    @pytest.mark.parametrize("through_pickle", [False, True])
    def test_frames_cannot_be_written_to(self, through_pickle):
        array = np.zeros((3, 5, 7, 3), np.uint8)
        source = ArrayFrames(array)
        if through_pickle:
            source = pickle.loads(pickle.dumps(source))
        frame = next(iter(source))
        with pytest.raises(ValueError, match="read-only"):
            frame[0, 0, 0] = 1
        assert array.flags.writeable

    def test_twice(self):
        source = ArrayFrames(np.random.default_rng(RNG_SEED).random((5, 6, 7)))
        for a, b in zip(source, source, strict=True):
            np.testing.assert_array_equal(a, b)

    def test_no_timing(self):
        source = ArrayFrames(np.zeros((3, 5, 7), np.uint8))
        assert source.times is None
        assert source.fps is None


def test_open_frames_chooses_by_path(make_video, tmp_path):
    video = make_video("v.mp4")
    write_image(tmp_path / "set" / "1.png", 1)
    assert isinstance(open_frames(video, fps=3), VideoFrames)
    assert open_frames(video, fps=3).fps == 25  # a video knows its own
    assert isinstance(open_frames(str(tmp_path / "set")), ImageFrames)
    assert isinstance(open_frames(tmp_path / "set" / "1.png"), ImageFrames)


class TestTimed:
    """Frames with their times, of which some may be passed over."""

    def test_the_same_frames_and_times(self, make_video):
        video = VideoFrames(make_video(n=9, fps=25))
        times, decoded = zip(*((at, decode()) for at, decode in video.timed()), strict=True)
        np.testing.assert_allclose(times, video.times, atol=1e-9)
        for a, b in zip(decoded, video, strict=True):
            np.testing.assert_array_equal(a, b)

    def test_frames_that_nobody_asks_for_are_not_decoded(self, make_video, monkeypatch):
        retrieved, original = [], cv2.VideoCapture

        class Counted:
            def __init__(self, *args):
                self._capture = original(*args)

            def retrieve(self):
                retrieved.append(1)
                return self._capture.retrieve()

            def __getattr__(self, name):
                return getattr(self._capture, name)

        path = make_video(n=9)
        whole = list(VideoFrames(path))
        monkeypatch.setattr(cv2, "VideoCapture", Counted)
        some = [decode() for i, (_, decode) in enumerate(VideoFrames(path).timed()) if i % 3 == 0]
        assert len(retrieved) == 3
        for a, b in zip(some, whole[::3], strict=True):
            np.testing.assert_array_equal(a, b)

    def test_damage_is_passed_over_as_in_reading(self, make_video):
        path = make_video(n=100, fps=20)
        mp4_boxes.overwrite_pictures(path, 0.4, 0.5)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            times = [at for at, decode in VideoFrames(path).timed() if decode() is not None]
        with pytest.warns(UserWarning, match="damaged"):
            np.testing.assert_allclose(times, VideoFrames(path).times, atol=1e-9)

    def test_no_decodable_frame(self, make_video):
        path = make_video(n=30)
        mp4_boxes.overwrite_pictures(path, 0, 1)
        with pytest.raises(VideoError, match=r"clip\.mp4: no frame can be decoded"):
            list(VideoFrames(path).timed())

    def test_images(self, tmp_path):
        for i in range(3):
            write_image(tmp_path / "set" / f"{i}.png", 80 * i)
        timed = [(at, int(decode()[0, 0, 0])) for at, decode in
                 ImageFrames(tmp_path / "set", 10).timed()]
        assert timed == [(0.0, 0), (0.1, 80), (0.2, 160)]
        with pytest.raises(VideoError, match="carry no timing; say their frame rate"):
            next(ArrayFrames(np.zeros((3, 5, 7), np.uint8)).timed())


def test_own_source():
    class Noise(FrameSource):
        def __iter__(self):
            rng = np.random.default_rng(RNG_SEED)
            return (rng.integers(0, 256, (5, 7, 3), np.uint8) for _ in range(4))

    source = Noise()
    assert source.name is source.times is source.fps is None
    assert len(list(source)) == len(list(source)) == 4


def test_boxes_survive_patching(make_video, tmp_path):
    """The helper itself: sizes of parents are right, and what is not patched stays."""
    path = make_video(n=10)
    copy = Path(shutil.copy(path, tmp_path / "copy.mp4"))
    mp4_boxes.set_durations(copy, [40] * 5 + [20] * 5)
    before, after = mp4_boxes.box_sizes(path), mp4_boxes.box_sizes(copy)
    assert list(before) == list(after) == ["ftyp", "free", "mdat", "moov"]
    assert after["moov"] == before["moov"] + 8  # one run more in stts
    assert sum(after.values()) <= copy.stat().st_size
    assert len(list(VideoFrames(copy))) == 10


def test_a_name_that_opencv_cannot_open_is_refused(make_video, tmp_path):
    name = os.fsencode(tmp_path) + b"/caf\xe9.mp4"
    try:
        with open(name, "wb") as copy:
            copy.write(make_video(n=5).read_bytes())
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    with pytest.raises(VideoError, match="not valid UTF-8"):
        list(VideoFrames(os.fsdecode(name)))
