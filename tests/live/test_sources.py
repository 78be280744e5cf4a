"""Cameras and files that are watched: their pictures, their times, and that they are let go."""

from __future__ import annotations

import threading
import time

import cv2
import numpy as np
import pytest

from smilegenuine.clips.errors import VideoError
from smilegenuine.live import sources
from smilegenuine.live.sources import Camera, FileFilm, open_film


class Device:
    """In place of OpenCV's camera: numbered pictures, quicker than anybody looks at them."""

    opened: list[Device] = []
    there, pictures, pause, fps = True, 40, 0.002, 25.0

    def __init__(self, number, *_):
        self.n, self.released, self.number = 0, False, number
        Device.opened.append(self)

    def isOpened(self):
        return self.there

    def get(self, _):
        return self.fps

    def read(self):
        time.sleep(self.pause)
        if self.n >= self.pictures:
            return False, None
        self.n += 1
        return True, np.full((4, 6, 3), (0, 0, self.n), np.uint8)

    def release(self):
        self.released = True


@pytest.fixture
def device(monkeypatch):
    Device.opened = []
    for name, value in (("there", True), ("pictures", 40), ("pause", 0.002), ("fps", 25.0)):
        monkeypatch.setattr(Device, name, value)
    monkeypatch.setattr(cv2, "VideoCapture", Device)
    return Device


def slowly(picture):
    time.sleep(0.011)  # slower than the camera
    return picture


class TestCamera:
    def test_newest_pictures_in_rgb(self, device):
        with open_film("1") as film:
            assert film.name == "camera 1"
            assert film.fps == 25.0
            seen = []
            with pytest.raises(OSError, match="camera 1: gives no pictures any more"):
                seen.extend(map(slowly, film))
        assert all(picture.shape == (4, 6, 3) for picture, _ in seen)
        assert all(picture[0, 0, 1:].tolist() == [0, 0] for picture, _ in seen)
        numbers, times = zip(*((int(picture[0, 0, 0]), at) for picture, at in seen), strict=True)
        assert np.all(np.diff(numbers) > 0)
        assert np.all(np.diff(times) > 0)
        assert len(numbers) < 30
        assert film.dropped == 40 - len(numbers)
        assert device.opened[0].released
        assert not any(t.name == "camera 1" for t in threading.enumerate())

    def test_is_released_when_somebody_stops(self, device):
        device.pictures = 10**6
        with Camera(0) as film:
            for _ in film:
                break
        assert device.opened[0].released
        n = device.opened[0].n
        time.sleep(0.02)
        assert device.opened[0].n == n

    def test_there_is_none(self, device):
        device.there = False
        with pytest.raises(OSError, match=r"camera 3: cannot be opened\. Is it plugged in"):
            open_film("3")
        assert device.opened[0].released

    def test_gives_nothing(self, device, monkeypatch):
        device.pause = 0.2
        monkeypatch.setattr(sources, "_PATIENCE", 0.05)
        with Camera(0) as film, pytest.raises(OSError, match=r"gives no pictures, for 0\.05 s"):
            next(iter(film))

    def test_says_no_rate(self, device):
        device.fps = 0.0
        with Camera(0) as film:
            assert film.fps == 30.0

    def test_says_nothing_else(self, capfd):
        with pytest.raises(OSError, match="camera 77"):
            Camera(77)
        assert capfd.readouterr().err == ""


class TestFiles:
    def test_every_frame_with_its_time(self, make_video):
        film = FileFilm(make_video(n=12, fps=25))
        found = list(film)
        assert len(found) == 12
        assert film.dropped == 0
        assert found[0][0].shape == (64, 96, 3)
        np.testing.assert_allclose([at for _, at in found], np.arange(12) / 25, atol=1e-3)

    def test_at_its_own_pace(self, make_video):
        """Who takes too long for a frame does not get the next ones."""
        film = FileFilm(make_video(n=20, fps=25), real_time=True)
        times = []
        began = time.monotonic()
        for _, at in film:
            times.append(at)
            if len(times) == 3:
                time.sleep(0.25)
        took = time.monotonic() - began
        assert took >= times[-1] - 0.01
        assert film.dropped >= 4
        assert len(times) == 20 - film.dropped
        assert np.diff(times).max() > 0.15

    def test_times_that_stand_still_or_go_back(self, make_video, monkeypatch):
        stamps = iter([0.0, 40.0, 80.0, 60.0, 60.0, 200.0, 240.0, 240.0])
        original = cv2.VideoCapture

        class Odd:
            def __init__(self, *args):
                self._capture = original(*args)

            def get(self, what):
                return next(stamps) if what == cv2.CAP_PROP_POS_MSEC else self._capture.get(what)

            def __getattr__(self, name):
                return getattr(self._capture, name)

        path = make_video(n=8, fps=25)
        monkeypatch.setattr(cv2, "VideoCapture", Odd)
        times = [at for _, at in FileFilm(path)]
        np.testing.assert_allclose(times, [0, 0.04, 0.08, 0.12, 0.16, 0.2, 0.24, 0.28], atol=1e-6)

    def test_images(self, tmp_path):
        for i in range(3):
            cv2.imwrite(str(tmp_path / f"{i}.png"), np.full((6, 8, 3), (0, 0, 80 * i), np.uint8))
        with pytest.raises(VideoError, match="images carry no timing"):
            FileFilm(tmp_path)
        found = list(open_film(str(tmp_path), fps=10))
        assert [int(picture[0, 0, 0]) for picture, _ in found] == [0, 80, 160]
        np.testing.assert_allclose([at for _, at in found], [0, 0.1, 0.2])

    def test_wrong_files(self, tmp_path, make_video):
        with pytest.raises(FileNotFoundError, match="no such file"):
            open_film(str(tmp_path / "no.mp4"))
        (tmp_path / "text.mp4").write_text("no video")
        with pytest.raises(VideoError, match="cannot be opened as a video"):
            open_film(str(tmp_path / "text.mp4"))
        (tmp_path / "empty.mp4").touch()
        with pytest.raises(VideoError, match="the file is empty"):
            open_film(str(tmp_path / "empty.mp4"))

    def test_a_cut_off_file(self, tmp_path, make_video):
        whole = make_video("whole.avi", n=40, codec="MJPG").read_bytes()
        (tmp_path / "cut.avi").write_bytes(whole[:len(whole) // 2])
        found = list(FileFilm(tmp_path / "cut.avi"))
        assert 5 < len(found) < 40
        assert np.all(np.diff([at for _, at in found]) > 0)

    def test_a_file_that_is_called_like_a_camera(self, tmp_path, make_video, monkeypatch):
        make_video("clip.mp4", n=4).rename(tmp_path / "7")
        monkeypatch.chdir(tmp_path)
        assert len(list(open_film("7"))) == 4
