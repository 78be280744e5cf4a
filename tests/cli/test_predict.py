"""`smilegenuine predict`: tables, JSON, CSV, and videos that cannot be used."""

from __future__ import annotations

import json
import subprocess
import sys
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from cli_inputs import KINDS, no_mediapipe, write_openface
from drawn import known_clips
from html_page import Page, check_page

from smilegenuine import AUDA, load_model, save_model
from smilegenuine.cli import main
from smilegenuine.clips.errors import VideoError


class TestPredict:
    def test_a_folder_stands_for_its_videos(self, trained, videos, run):
        status, out, _ = run("predict", trained["model"], videos, "--csv")
        assert status == 0
        assert list(pd.read_csv(StringIO(out))["video"]) == sorted(map(str, videos.glob("*.mp4")))

    def test_table(self, trained, videos, run):
        good = sorted(map(str, videos.glob("s00[01]*.mp4")))
        missing = str(videos / "missing.mp4")
        status, out, err = run("predict", trained["model"], good[0], missing, *good[1:])
        assert status == 1
        assert err == f"1 could not be used:\n  {missing}: no such file\n"
        head, *lines = out.splitlines()
        assert head.split() == ["video", "decision", "P(posed)", "P(spontaneous)"]
        at = head.index("decision")
        assert [line[:at].rstrip() for line in lines] == good
        expected = load_model(trained["model"]).predict_proba(good)
        numbers = [[float(x) for x in line[at:].split()[1:]] for line in lines]
        np.testing.assert_allclose(numbers, expected, atol=6e-4)
        assert [line[at:].split()[0] for line in lines] == [
            KINDS[i] for i in expected.argmax(axis=1)]

    def test_json(self, table_model, tables, run):
        names = [str(tables / name) for name in ("smile é 0.csv", "no.mp4", "smile é 3.csv")]
        status, out, err = run("predict", table_model, *names, "--json")
        found = json.loads(out)
        assert status == 1
        assert [p["video"] for p in found["predictions"]] == [names[0], names[2]]
        for p in found["predictions"]:
            assert p["P(posed)"] + p["P(spontaneous)"] == pytest.approx(1)
            assert p["decision"] == max(KINDS, key=lambda kind: p[f"P({kind})"])
        assert found["failures"] == [{"clip": names[1], "error": f"{names[1]}: no such file"}]
        assert names[1] in err

    def test_csv(self, table_model, tables, run):
        names = [str(tables / name) for name in ("smile é 4.csv", "smile é 1.csv")]
        status, out, err = run("predict", table_model, *names, "--csv")
        assert (status, err) == (0, "")
        table = pd.read_csv(StringIO(out))
        assert list(table) == ["video", "decision", "P(posed)", "P(spontaneous)"]
        assert list(table["video"]) == names
        expected = load_model(table_model).predict_proba(names)
        np.testing.assert_allclose(table.iloc[:, 2:], expected, rtol=1e-12)

    def test_nothing_but_bad_ones(self, table_model, make_video, run):
        blank = str(make_video("blank.mp4", n=9))
        status, out, err = run("predict", table_model, blank, "no.csv", "--csv")
        assert (status, out) == (1, "")
        assert err.startswith("2 could not be used:")
        assert f"{blank}: no face in any of its 9 frames" in err
        assert "no.csv: no such file" in err

    def test_videos_for_a_model_of_tables(self, table_model, videos, run):
        status, _, err = run("predict", table_model, videos / "s000_0_posed.mp4")
        assert status == 1
        assert "fitted on clips without pictures" in err

    def test_several_processes(self, table_model, tables, capsys):
        argv = ["predict", str(table_model), "--csv", "--quiet",
                *sorted(map(str, tables.glob("smile*.csv")))[:3], "no.mp4"]
        assert main([*argv, "--n-jobs", "1"]) == 1
        alone = capsys.readouterr()
        assert main([*argv, "--n-jobs", "2"]) == 1
        assert capsys.readouterr() == alone
        assert len(alone.out.splitlines()) == 4

    def test_unknown_rate_is_told_without_a_line_of_code(self, table_model, tables, run):
        write_openface(tables / "untimed.csv", known_clips(1, 1).data[0], times=False)
        status, _, err = run("predict", table_model, tables / "untimed.csv")
        assert status == 0
        assert err.startswith("smilegenuine predict: 1 of 1 clips carry no timing")
        assert len(err.splitlines()) == 1

    def test_models_that_are_none(self, tables, run):
        (tables / "junk.skops").write_text("hello")
        save_model(AUDA(level="au").fit([known_clips(1, 1).data[0]]), tables / "auda.skops")
        for name, message in (("none.skops", "no such file; `smilegenuine train"),
                              ("junk.skops", "not a smilegenuine model file"),
                              ("auda.skops", "holds AUDA, which is no classifier")):
            status, out, err = run("predict", tables / name, "a.mp4")
            assert (status, out) == (1, "")
            assert err.startswith(f"smilegenuine predict: {tables / name}: {message}")

    def test_terminal_that_cannot_show_a_name(self, table_model, tables):
        done = subprocess.run([sys.executable, "-m", "smilegenuine", "predict", str(table_model),
                               str(tables / "smile é 0.csv")], capture_output=True, text=True,
                              env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "1"}, check=False)
        assert done.returncode == 0, done.stderr
        assert "smile \\xe9 0.csv" in done.stdout


class TestReport:
    def test_says_the_same_as_without_and_why(self, table_model, tables, run, tmp_path):
        names = [str(tables / name) for name in ("smile é 0.csv", "no.csv", "smile é 3.csv")]
        page = tmp_path / "new" / "why é.html"
        plain = run("predict", table_model, *names, "--csv")
        status, out, err = run("predict", table_model, *names, "--csv", "--report", page)
        assert (status, out) == plain[:2]
        assert err == f"{page}: a page about 2 of 3 videos\n{plain[2]}"
        read = Page(page)
        check_page(read)
        text = read.text()
        for name in names:
            assert name in text
        assert "What auda-svm says about 3 recordings" in text
        assert f"{names[1]}: no such file" in text
        assert text.count("The strongest contributions:") == 2
        assert "it remembers no scores by subject" in text  # trained with --folds 0

    def test_json_of_a_video(self, trained, videos, run, tmp_path):
        """With faces, and what `train` has let the model remember."""
        video = str(videos / "s000_0_posed.mp4")
        status, out, _ = run("predict", trained["model"], video, "--json", "--report",
                             tmp_path / "r.html")
        assert status == 0
        answer, = json.loads(out)["predictions"]
        page = Page(tmp_path / "r.html")
        check_page(page)
        assert f"Decision: {answer['decision']}." in page.text()
        assert len(page.pictures("png")) == 5
        assert "(8 clips of 4 people)" in page.text() or "; 8 clips of 4 people)" in page.text()
        assert "The people are drawn." in page.text()

    def test_nothing_but_bad_ones(self, table_model, run, tmp_path):
        status, out, err = run("predict", table_model, "no.csv", "--report", tmp_path / "r.html")
        assert (status, out) == (1, "")
        assert "a page about 0 of 1 videos" in err
        check_page(Page(tmp_path / "r.html"))

    def test_no_place_for_it(self, table_model, tables, run, tmp_path, monkeypatch):
        monkeypatch.setattr("smilegenuine.cli.predict.load_model",
                            lambda _: pytest.fail("loaded before it was known"))
        status, _, err = run("predict", table_model, "a.csv", "--report", tmp_path)
        assert (status, err) == (1, f"smilegenuine predict: {tmp_path}: is a folder; give the name "
                                    "of a file\n")
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        status, _, err = run("predict", table_model, "a.csv", "--report", tmp_path / "r.html")
        assert status == 1
        assert "pip install 'smilegenuine[plot]'" in err


def test_file_names_that_are_no_letters(table_model, tables, run, capsys):
    """A name that was written in another encoding, as file systems allow."""
    name = tables / "smile \udce9.csv"
    (tables / "smile é 0.csv").rename(name)
    for form in ([], ["--csv"], ["--json"]):
        assert main(["predict", str(table_model), str(name), "gone \udce9.mp4", *form, "--quiet",
                     "--n-jobs", "1"]) == 1


class TestLandmarkModels:
    def test_videos(self, mesh_model, seen, videos, tables, run):
        good = sorted(map(str, videos.glob("*.mp4")))[:2]
        status, out, err = run("predict", mesh_model, good[0], tables / "smile é 0.csv", good[1],
                               "--csv")
        assert status == 1
        assert "smile é 0.csv: DMarkers needs `landmarks`; run FaceLandmarks first" in err
        table = pd.read_csv(StringIO(out))
        assert list(table["video"]) == good
        expected = load_model(mesh_model).predict_proba(good)
        np.testing.assert_allclose(table.iloc[:, 2:], expected, rtol=1e-9)

    def test_missing_mediapipe(self, mesh_model, videos, run, monkeypatch):
        no_mediapipe(monkeypatch)
        status, out, err = run("predict", mesh_model, videos)
        assert (status, out) == (1, "")
        assert err == (f"smilegenuine predict: {mesh_model}: FaceLandmarks needs MediaPipe: pip "
                       'install "smilegenuine[mediapipe]"; this model looks for landmarks in '
                       "videos\n")


def test_broken_video_does_not_stop_the_others(table_model, tables, run, monkeypatch):
    """Errors that turn up while a video is read are told like those that turn up before."""
    def broken(self):
        raise VideoError("a.mp4", "is cut off")

    (tables / "a.mp4").write_bytes(b"x")
    monkeypatch.setattr("smilegenuine.clips.video.VideoFrames.__iter__", broken)
    monkeypatch.setattr("smilegenuine.clips.video.VideoFrames.fps", 25.0)
    status, out, err = run("predict", table_model, tables / "a.mp4", tables / "smile é 2.csv")
    assert status == 1
    assert err == "1 could not be used:\n  a.mp4: is cut off\n"
    assert "smile é 2.csv" in out
