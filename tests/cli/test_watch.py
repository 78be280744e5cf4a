"""`smilegenuine watch`: what it shows, writes and says; and that it ends cleanly."""

from __future__ import annotations

import argparse
import os
import sys

import cv2
import numpy as np
import pandas as pd
import pytest
from cli_inputs import no_mediapipe
from drawn import known_clips
from sklearn.pipeline import Pipeline
from watched import FPS, fitted, nobody, smile_film

from smilegenuine import AUDA, AUDASVMEnsemble, FaceLandmarks, save_model
from smilegenuine.cli import watch
from smilegenuine.live import sources


def write(path, pictures, fps=FPS):
    height, width = pictures[0].shape[:2]
    out = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (width, height))
    for picture in pictures:
        out.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    out.release()
    return path


@pytest.fixture(scope="module")
def smile(tmp_path_factory):
    """The drawn smile as a file."""
    return write(tmp_path_factory.mktemp("film") / "ein Lächeln.avi", smile_film()[0])


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """Its first three seconds, which end in the smile."""
    return write(tmp_path_factory.mktemp("film") / "begun.avi", smile_film()[0][:45])


@pytest.fixture
def model(tmp_path, monkeypatch):
    """The name of a model; what is loaded is the small system."""
    monkeypatch.setattr(watch, "load_model", lambda path: fitted())
    return tmp_path / "model.skops"


@pytest.fixture
def call(capsys):
    """Run the command: exit status, what it printed, what it complained."""
    def run(*args, quiet=False):
        parser = argparse.ArgumentParser()
        watch.add_arguments(parser)
        known = parser.parse_args([*map(str, args), "--no-window", *["--quiet"] * quiet])
        try:
            status = watch.run(known)
        except (ValueError, OSError, ImportError, RuntimeError) as error:
            print(error, file=sys.stderr)
            status = 1
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


class TestFilm:
    def test_everything(self, call, model, smile, tmp_path):
        table, video = tmp_path / "new folder" / "out.csv", tmp_path / "out.mp4"
        status, out, err = call(model, smile, "--output", table, "--video", video)
        assert (status, err) == (0, "")
        (told,) = [line for line in out.splitlines() if line.startswith("smile 1, ")]
        assert "P(spontaneous) = " in told
        states = [line.split()[2] for line in out.splitlines() if line != told]
        assert list(dict.fromkeys(states)) == ["measuring", "no", "onset", "apex", "offset"]
        rows = pd.read_csv(table, keep_default_na=False)
        assert len(rows) == len(smile_film()[0])
        assert list(rows)[:10] == ["frame", "time", "measured", "face", "phase", "since",
                                   "P(spontaneous)", "decision", "reason", "smile"]
        assert list(rows)[-1] == "AU45"
        decided = rows["decision"][rows["decision"] != ""]
        assert len(decided) == 1
        assert decided.iloc[0] in told
        said = rows["P(spontaneous)"] != ""
        assert (said == (rows["phase"] != "")).all()
        film = cv2.VideoCapture(str(video))
        assert film.get(cv2.CAP_PROP_FRAME_COUNT) == len(rows)
        assert film.get(cv2.CAP_PROP_FPS) == pytest.approx(FPS)
        assert film.get(cv2.CAP_PROP_FRAME_WIDTH) == 420 + 300

    def test_nothing_is_kept_unasked(self, call, model, begun, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        before = sorted(tmp_path.rglob("*"))
        status, out, _ = call(model, begun, quiet=True)
        assert status == 0
        assert out.startswith("smile 1, ")
        assert len(out.splitlines()) == 1
        assert sorted(tmp_path.rglob("*")) == before

    def test_one_line_on_a_terminal(self, call, model, begun, monkeypatch):
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        status, out, _ = call(model, begun)
        assert status == 0
        assert out.count("\n") == 1
        assert out.count("\r") > 10
        assert "\n" not in out.split("smile 1")[0]

    def test_pictures_last_as_long_as_they_did(self, call, model, tmp_path):
        """Where frames are missing the last picture stays; quicker ones are passed over."""
        times = np.r_[np.arange(10) / FPS, 1.0 + np.arange(10) / 50]
        out = watch._VideoFile(tmp_path / "out.avi", FPS)
        with out:
            for k, t in enumerate(times):
                out.add(np.full((20, 30, 3), 10 * k, np.uint8), t)
        film, n = cv2.VideoCapture(str(tmp_path / "out.avi")), 0
        while film.grab():
            n += 1
        assert n == round(times[-1] * FPS) + 1

    def test_real_time(self, call, model, tmp_path):
        calm = write(tmp_path / "calm.avi", [smile_film()[0][0]] * 12)
        status, _, err = call(model, calm, "--real-time", quiet=True)
        assert status == 0
        assert err.splitlines()[-1] == "no smile was seen"


class TestNothingToSee:
    def test_nobody(self, call, model, tmp_path):
        blank = write(tmp_path / "blank.avi", [nobody()] * 12)
        status, _, err = call(model, blank)
        assert status == 1
        assert err == (f"{blank}: no face in any of 12 frames. It must be upright, seen from the "
                       "front, and not be small in the picture\n")

    def test_a_single_frame(self, call, model, tmp_path):
        one = write(tmp_path / "one.avi", smile_film()[0][:1])
        status, _, err = call(model, one, "--output", tmp_path / "one.csv")
        assert status == 1
        assert err == f"{one}: ended after 1 frame, too few to measure anything\n"
        assert len(pd.read_csv(tmp_path / "one.csv")) == 1

    def test_nobody_smiles(self, call, model, tmp_path):
        calm = write(tmp_path / "calm.avi", [smile_film()[0][0]] * 20)
        assert call(model, calm, quiet=True) == (0, "", "no smile was seen\n")

    def test_a_cut_off_file(self, call, model, smile, tmp_path):
        whole = smile.read_bytes()
        (tmp_path / "cut.avi").write_bytes(whole[:int(0.6 * len(whole))])
        status, out, _ = call(model, tmp_path / "cut.avi", quiet=True)
        assert status == 0
        assert "(not seen to its end)" in out

    def test_no_such_thing(self, call, model, tmp_path):
        (tmp_path / "text.mp4").write_text("no video")
        for source, message in ((tmp_path / "no.mp4", "no such file"),
                                (tmp_path / "text.mp4", "cannot be opened as a video")):
            status, out, err = call(model, source)
            assert (status, out) == (1, "")
            assert f"{source}: {message}" in err

    def test_no_camera(self, call, model):
        status, _, err = call(model, "77")
        assert status == 1
        assert err.startswith("camera 77: cannot be opened. Is it plugged in")
        assert len(err.splitlines()) == 1


class TestModels:
    def test_no_classifier(self, call, tmp_path, smile):
        save_model(AUDA(level="au").fit([known_clips(1, 1).data[0]]), tmp_path / "auda.skops")
        for name, message in (("none.skops", "no such file; `smilegenuine train"),
                              ("auda.skops", "holds AUDA, which is no classifier")):
            status, out, err = call(tmp_path / name, smile)
            assert (status, out) == (1, "")
            assert err.startswith(f"{tmp_path / name}: {message}")

    def test_of_tables(self, call, tmp_path, smile):
        known = known_clips(4, 2)
        file = save_model(AUDASVMEnsemble(levels=("au",), cv=2).fit(known.data, known.target),
                          tmp_path / "tables.skops")
        status, _, err = call(file, smile, quiet=True)
        assert status == 1
        assert err == (f"{smile}: the model could not say anything: AUDA needs `aus`; run an "
                       "action-unit step first (HOGActionUnits), or read them from files "
                       "(load_openface(…).data)\n")

    def test_landmarks_without_mediapipe(self, call, model, smile, monkeypatch):
        no_mediapipe(monkeypatch)
        monkeypatch.setattr(watch, "load_model", lambda path: Pipeline(
            [("landmarks", FaceLandmarks()), *fitted().steps]))
        status, out, err = call(model, smile)
        assert (status, out) == (1, "")
        assert err.startswith(f"{model}: FaceLandmarks needs MediaPipe: pip install")
        assert err.endswith("; this model looks for landmarks in pictures\n")


class TestArguments:
    @pytest.mark.parametrize("wrong", [("--output", "a.txt"), ("--video", "a.gif"),
                                       ("--real-time", "--from-start")])
    def test_wrong(self, call, model, wrong):
        with pytest.raises(SystemExit):
            call(model, "a.mp4", *wrong)

    def test_files_that_cannot_be_written(self, call, model, smile, tmp_path):
        (tmp_path / "folder.csv").mkdir()
        for args, message in ((("--output", tmp_path / "folder.csv"), "is a folder"),
                              (("--video", smile), "is what is watched")):
            status, out, err = call(model, smile, *args)
            assert (status, out) == (1, "")
            assert message in err
        assert smile.stat().st_size > 1000

    def test_images(self, call, model, tmp_path):
        for i, picture in enumerate(smile_film()[0][:6]):
            cv2.imwrite(str(tmp_path / f"{i}.png"), picture)
        assert "images carry no timing" in call(model, tmp_path)[2]
        assert call(model, tmp_path, "--fps", 15, quiet=True)[0] == 0


class TestWindow:
    """A display that is not there, and one that only seems to be."""

    @pytest.fixture
    def display(self, monkeypatch):
        shown, keys = [], iter([255] * 30 + [ord("q")] * 99)
        monkeypatch.setattr(watch, "_window_works", lambda: True)
        monkeypatch.setattr(cv2, "namedWindow", lambda *_: None)
        monkeypatch.setattr(cv2, "imshow", lambda name, picture: shown.append(picture))
        monkeypatch.setattr(cv2, "waitKey", lambda _: next(keys))
        monkeypatch.setattr(cv2, "getWindowProperty", lambda *_: 1.0)
        monkeypatch.setattr(cv2, "destroyAllWindows", lambda: shown.append("closed"))
        return shown

    @staticmethod
    def run(model, smile, window):
        return watch.run(argparse.Namespace(
            model=model, source=str(smile), output=None, video=None, window=window, fps=None,
            real_time=False, device="auto", quiet=True))

    def test_q_ends_it(self, display, model, smile):
        assert self.run(model, smile, None) == 0
        assert len(display) == 32
        assert display[-1] == "closed"
        assert display[0].shape == (550, 720, 3)

    def test_a_window_that_is_closed_ends_it(self, display, model, smile, monkeypatch):
        monkeypatch.setattr(cv2, "getWindowProperty", lambda *_: 0.0)
        with pytest.raises(ValueError, match="ended after 1 frame"):
            self.run(model, smile, True)
        assert len(display) == 2

    def test_there_is_no_display(self, model, begun, monkeypatch):
        monkeypatch.setattr(sys, "platform", "linux")
        for name in ("DISPLAY", "WAYLAND_DISPLAY"):
            monkeypatch.delenv(name, raising=False)
        with pytest.raises(RuntimeError, match=r"there is no display.*--video FILE\.mp4 keeps"):
            self.run(model, begun, True)
        assert self.run(model, begun, None) == 0

    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="of X11")
    def test_a_display_that_does_not_answer(self, monkeypatch):
        """Some builds of OpenCV end the process then."""
        monkeypatch.setitem(os.environ, "DISPLAY", ":98765")
        assert not watch._window_works()


class TestStopped:
    @pytest.fixture
    def camera(self, monkeypatch):
        """A camera that shows the smile, until somebody presses Ctrl-C."""
        class Film(sources.Film):
            name, fps, closed, stop = "camera 0", FPS, False, KeyboardInterrupt

            def __iter__(self):
                pictures, times = smile_film()
                yield from zip(pictures[:45], times[:45], strict=True)
                raise self.stop

            def close(self):
                type(self).closed = True

        monkeypatch.setattr(watch, "open_film", lambda *_, **__: Film())
        return Film

    def test_ctrl_c(self, camera, call, model, tmp_path):
        status, out, err = call(model, "--output", tmp_path / "out.csv", quiet=True)
        assert (status, err) == (0, "")
        assert out.startswith("smile 1, ")
        assert camera.closed
        assert len(pd.read_csv(tmp_path / "out.csv")) == 45

    def test_somebody_else_ends_it(self, camera, call, model, monkeypatch):
        class Told(KeyboardInterrupt):
            pass

        monkeypatch.setattr(camera, "stop", Told)
        with pytest.raises(Told):
            call(model, quiet=True)
        assert camera.closed

    def test_the_camera_is_pulled_out(self, camera, call, model, monkeypatch):
        monkeypatch.setattr(camera, "stop", OSError("camera 0: gives no pictures any more"))
        status, out, err = call(model, quiet=True)
        assert (status, err) == (1, "camera 0: gives no pictures any more\n")
        assert out.startswith("smile 1, ")
        assert camera.closed
