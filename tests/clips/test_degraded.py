"""Recordings as a worse camera would have made them: smaller pictures, fewer of them a second."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import numpy as np
import pytest

from smilegenuine import Clip, ClipError, DegradedFrames, VideoError, degrade
from smilegenuine.clips.degraded import nearest_frames, without_measures
from smilegenuine.clips.video import ArrayFrames, FrameSource, ImageFrames, VideoFrames


class Numbered(FrameSource):
    """Frames that say which one they are; counts how many were read."""

    name = "numbered"

    def __init__(self, n: int, fps: float | None = 50.0, size: tuple[int, int] = (40, 30)) -> None:
        self.n, self.rate, self.size, self.read = n, fps, size, 0

    def __iter__(self) -> Iterator[np.ndarray]:
        for i in range(self.n):
            self.read += 1
            yield np.full((self.size[1], self.size[0], 3), i, np.uint8)

    @property
    def times(self) -> np.ndarray | None:
        return None if self.rate is None else np.arange(self.n) / self.rate

    @property
    def fps(self) -> float | None:
        return self.rate

    def content(self) -> str:
        return f"{self.n} numbered frames"


def numbers(frames: FrameSource) -> list[int]:
    return [int(frame[0, 0, 0]) for frame in frames]


class TestNearestFrames:
    @pytest.mark.parametrize(("recorded", "asked", "kept"), [
        (50, 25, [0, 2, 4, 6, 8]), (50, 12.5, [0, 4, 8]), (50, 20, [0, 2, 5, 7]),
        (50, 10, [0, 5]), (50, 0.1, [0]),
    ])
    def test_even_grid(self, recorded, asked, kept):
        assert nearest_frames(np.arange(10) / recorded, asked).tolist() == kept

    @pytest.mark.parametrize("asked", [50, 29.97, 30, 1e9])
    def test_slower_recordings_stay_as_they_are(self, asked):
        for fps in (12, 25, 29.97):
            assert len(nearest_frames(np.arange(100) / fps, asked)) == 100

    def test_times_that_jitter_are_no_faster_camera(self):
        times = np.cumsum(np.random.default_rng(0).uniform(0.03, 0.05, 200))
        assert len(nearest_frames(times, 25)) == 200
        assert abs(len(nearest_frames(times, 10)) - 80) < 4

    def test_only_the_fast_part_is_thinned(self):
        """A second at 50 Hz, then a second at 10 Hz."""
        times = np.r_[np.arange(50) / 50, 1 + np.arange(10) / 10]
        kept = nearest_frames(times, 10)
        assert np.diff(times[kept]) == pytest.approx(np.full(19, 0.1))

    def test_none_is_farther_than_half_a_step_of_the_recording(self):
        times = np.sort(np.random.default_rng(1).uniform(0, 3, 150))
        kept = times[nearest_frames(times, 8)]
        grid = times[0] + np.arange(int((times[-1] - times[0]) * 8) + 1) / 8
        nearest = np.abs(times[:, None] - grid).min(axis=0)
        np.testing.assert_allclose(np.abs(kept[:, None] - grid).min(axis=0), nearest, atol=1e-6)

    def test_one_frame(self):
        assert nearest_frames(np.array([0.4]), 10).tolist() == [0]


class TestFrames:
    def test_fewer(self):
        frames = DegradedFrames(Numbered(10), fps=12.5)
        assert numbers(frames) == numbers(frames) == [0, 4, 8]
        np.testing.assert_allclose(frames.times, [0, 0.08, 0.16])
        assert (frames.fps, frames.name) == (12.5, "numbered")

    def test_smaller(self):
        frames = DegradedFrames(Numbered(3), resolution=0.5)
        assert [frame.shape for frame in frames] == [(15, 20, 3)] * 3
        assert (numbers(frames), frames.fps) == ([0, 1, 2], 50.0)
        np.testing.assert_allclose(frames.times, [0, 0.02, 0.04])

    def test_pixels_are_averaged(self):
        squares = np.indices((8, 8)).sum(axis=0) % 2
        board = np.repeat((255 * squares).astype(np.uint8)[None, :, :, None], 3, axis=3)
        small, = DegradedFrames(ArrayFrames(board), resolution=0.5)
        assert set(small.ravel()) <= {127, 128}
        assert small.dtype == np.uint8

    @pytest.mark.parametrize(("size", "small"), [((40, 30), (5, 4)), ((3, 2), (3, 2)),
                                                 ((200, 4), (200, 4))])
    def test_some_pixels_are_left(self, size, small):
        frame, = DegradedFrames(Numbered(1, size=size), resolution=0.01)
        assert frame.shape == (small[1], small[0], 3)

    def test_nothing_is_read_before_it_is_asked_for(self):
        source = Numbered(100)
        frames = iter(DegradedFrames(source, 0.5, 25))
        assert source.read == 0
        next(frames), next(frames)
        assert source.read == 3

    def test_faster_than_the_source(self):
        frames = DegradedFrames(Numbered(10, fps=12.0), fps=12.5)
        assert (numbers(frames), frames.fps) == (list(range(10)), 12.0)

    def test_video(self, make_video):
        path = make_video("a.mp4", n=12, fps=24.0)
        frames = DegradedFrames(VideoFrames(path), 0.5, 8)
        again = pickle.loads(pickle.dumps(frames))
        for source in (frames, again):
            pictures = list(source)
            assert [frame.shape for frame in pictures] == [(32, 48, 3)] * 4
            np.testing.assert_allclose(source.times, np.arange(4) / 8, atol=2e-3)
            whole = list(VideoFrames(path))[3]
            assert np.abs(pictures[1][2, 2].astype(int) - whole[4, 4]).max() < 6
        assert frames.name == str(path)

    def test_images(self, tmp_path):
        import cv2

        for i in range(6):
            cv2.imwrite(str(tmp_path / f"{i}.bmp"), np.full((10, 20, 3), 40 * i, np.uint8))
        assert numbers(DegradedFrames(ImageFrames(tmp_path, fps=25), fps=12.5)) == [0, 80, 160]

    def test_own_times(self):
        """Slow motion: what the file says of its timing is not to be used."""
        frames = DegradedFrames(Numbered(10, fps=5.0), fps=50, times=np.arange(10) / 100)
        assert numbers(frames) == [0, 2, 4, 6, 8]
        np.testing.assert_allclose(frames.times, np.arange(5) / 50)
        assert frames.fps == 50
        assert DegradedFrames(Numbered(10), times=np.arange(10) / 8).fps == pytest.approx(8)

    def test_degraded_twice(self):
        frames = DegradedFrames(DegradedFrames(Numbered(20), 0.5, 25), 0.5, 12.5)
        assert numbers(frames) == [0, 4, 8, 12, 16]
        assert next(iter(frames)).shape == (8, 10, 3)

    def test_content_says_all_that_frames_depend_on(self):
        def content(source=None, *args, **options):
            return DegradedFrames(source or Numbered(10), *args, **options).content()

        assert content(None, 0.5, 25) == ("degraded", "10 numbered frames", 0.5, 25.0)
        times = np.arange(10) / 30
        others = [content(), content(Numbered(11)), content(None, 0.25, 25), content(None, 0.5),
                  content(None, 0.5, 12.5), content(None, 0.5, 25), content(times=times),
                  content(times=times / 2)]
        assert len(set(others)) == len(others)
        assert content(times=times) == content(times=list(times))

    def test_without_timing(self):
        untimed = DegradedFrames(Numbered(4, fps=None), 0.5)
        assert (untimed.times, untimed.fps) == (None, None)
        assert len(list(untimed)) == 4
        with pytest.raises(VideoError, match="numbered: nobody knows when its frames were taken"):
            list(DegradedFrames(Numbered(4, fps=None), fps=25))

    def test_wrong_number_of_times(self):
        with pytest.raises(VideoError, match="10 frames can be decoded where 8 are known to be"):
            list(DegradedFrames(Numbered(10), fps=25, times=np.arange(8) / 50))

    @pytest.mark.parametrize(("args", "error", "message"), [
        ((0.0, None), ValueError, "resolution must be above 0 and at most 1, .* not 0.0"),
        ((1.5, None), ValueError, "resolution must be above 0 and at most 1"),
        (("half", None), ValueError, "resolution must be above 0 and at most 1, .* not 'half'"),
        ((1.0, 0), ValueError, "fps must be a positive number of frames a second, not 0"),
        ((1.0, np.inf), ValueError, "fps must be a positive number"),
        ((1.0, True), ValueError, "fps must be a positive number"),
    ])
    def test_wrong_parameters(self, args, error, message):
        with pytest.raises(error, match=message):
            DegradedFrames(Numbered(3), *args)

    def test_no_source(self):
        with pytest.raises(TypeError, match="source must be a FrameSource, not str"):
            DegradedFrames("a.mp4")


class TestClips:
    def test_recording(self):
        clip = degrade(Clip(frames=Numbered(50), subject="s1"), 0.5, 25)
        assert (clip.name, clip.subject, clip.fps, clip.n_frames) == ("numbered", "s1", 25, 25)
        assert next(iter(clip.frames)).shape == (15, 20, 3)
        np.testing.assert_allclose(clip.times, np.arange(25) / 25)

    def test_video_stays_closed(self, make_video, decoded):
        clip = Clip(frames=VideoFrames(make_video()), subject="a")
        degrade(clip, 0.5, 10)
        assert len(decoded) <= 1  # its header

    def test_path(self, make_video):
        assert degrade(make_video(n=10, fps=20.0), fps=10).n_frames == 5

    def test_measures_alone_are_thinned(self):
        n = 20
        rng = np.random.default_rng(0)
        clip = Clip(aus=rng.random((n, 17)), smile=np.arange(n), valid=np.arange(n) % 3 > 0,
                    landmarks=rng.random((n, 478, 3)).astype(np.float32),
                    faces=rng.integers(0, 255, (n, 8, 8, 3), dtype=np.uint8),
                    times=np.arange(n) / 50, name="a", subject="s")
        few = degrade(clip, fps=12.5)
        kept = np.arange(0, n, 4)
        np.testing.assert_array_equal(few.smile, kept)
        np.testing.assert_array_equal(few.times, kept / 50)
        for field in ("aus", "valid", "landmarks", "faces"):
            np.testing.assert_array_equal(getattr(few, field), getattr(clip, field)[kept])
        assert few.landmarks.dtype == np.float32
        assert (few.name, few.subject, few.fps) == ("a", "s", 12.5)
        assert few.blendshapes is None

    def test_rate_of_the_clip(self):
        few = degrade(Clip(aus=np.zeros((30, 17)), fps=30), fps=15)
        assert (few.n_frames, few.fps) == (15, pytest.approx(15))

    def test_what_a_clip_says_of_its_timing_counts(self, make_video):
        slow = Clip(frames=VideoFrames(make_video(n=12, fps=24.0)), fps=120)
        assert degrade(slow, fps=60).n_frames == 6
        untimed = Clip(frames=ArrayFrames(np.zeros((12, 8, 8, 3), np.uint8)), fps=24)
        small = degrade(untimed, 0.5)
        assert (small.n_frames, small.fps) == (12, 24)
        assert degrade(untimed, 0.5, 8).n_frames == 4

    def test_nothing_known_of_larger_pictures_is_kept(self):
        clip = Clip(frames=Numbered(10), aus=np.ones((10, 17)), valid=np.ones(10, bool))
        small = degrade(clip, 0.5)
        assert small.aus is None
        assert small.valid is None
        assert len(degrade(clip, fps=25).aus) == 5
        assert degrade(clip, fps=25).n_frames == 5

    def test_nothing_to_degrade(self):
        clip = Clip(aus=np.zeros((9, 17)), fps=30)
        assert degrade(clip) is clip

    def test_without_measures(self):
        known = Clip(frames=Numbered(10), smile=np.ones(10))
        assert without_measures(known).smile is None
        assert without_measures(known).frames is known.frames
        signals = Clip(smile=np.ones(10), fps=10)
        assert without_measures(signals) is signals

    def test_no_pictures(self):
        with pytest.raises(ClipError, match=r"a: has no pictures to make smaller, .* leave the"):
            degrade(Clip(aus=np.zeros((9, 17)), fps=30, name="a"), 0.5)

    @pytest.mark.parametrize("clip", [
        Clip(aus=np.zeros((9, 17)), name="a"), Clip(frames=Numbered(9, fps=None), name="a")],
        ids=["signals", "frames"])
    def test_no_timing(self, clip):
        with pytest.raises(ClipError, match=r"a: nobody knows when its frames were taken, .* give"):
            degrade(clip, fps=10)
