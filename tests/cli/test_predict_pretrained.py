"""`smilegenuine predict` without a model: a row a smile, by the one that comes with the package."""

from __future__ import annotations

import json
import shutil
from io import StringIO
from pathlib import Path

import mp4_boxes
import numpy as np
import pandas as pd
import pytest
from cli_inputs import no_mediapipe, write_openface
from drawn import known_clips
from html_page import Page, check_page
from landmarker import NEEDS_MODEL, model
from smiling import smiling

from smilegenuine import FaceLandmarks, NoFaceError, load_pretrained, save_model
from smilegenuine.cli import main
from smilegenuine.clips.steps import has_signals_only
from smilegenuine.explain import reasons
from smilegenuine.explain.kinematics_words import short_words

LABELS = ("posed", "spontaneous")
COLUMNS = ["video", "smile", "start", "end", "decision", "P(posed)", "P(spontaneous)", "why"]
NOTE = ("No model was given, so the pretrained one is used: about three in four decisions are "
        "expected to be right.\nIt has learnt from smiles sampled from published figures of "
        "UvA-NEMO, not from recordings; see `smilegenuine info kinematics`.\n")


@pytest.fixture(scope="module")
def clips() -> dict[str, object]:
    """What is to be seen in files of these names: one smile, two, none, nobody."""
    return {"one.mp4": smiling([1.0], 4.0, fps=30.0), "two.mp4": smiling([1.0, 6.0], 9.0, pace=2.0),
            "none.mp4": smiling([], 3.0), "nobody.mp4": None}


@pytest.fixture
def seen(clips, tmp_path, monkeypatch) -> list[str]:
    """The files, in which `clips` is seen without MediaPipe; and which were looked at."""
    looked: list[str] = []

    def find(self, clip):
        if has_signals_only(clip):
            return clip
        looked.append(Path(clip.name).name)
        known = clips[looked[-1]]
        if known is None:
            raise NoFaceError(clip.label, "no face in any of its frames")
        return clip.replace(landmarks=known.landmarks, times=known.times)

    for name in clips:
        (tmp_path / name).write_bytes(b"x")
    monkeypatch.setattr(FaceLandmarks, "transform_clip", find)
    monkeypatch.setattr("smilegenuine.benchmark.preparation.load_mediapipe", lambda: None)
    monkeypatch.setattr("smilegenuine.benchmark.preparation.find_bundle", lambda: None)
    return looked


@pytest.fixture
def files(seen, clips, tmp_path) -> list[str]:
    """The files of `seen` in which there is somebody."""
    return [str(tmp_path / name) for name in clips if name != "nobody.mp4"]


@pytest.fixture(scope="module")
def expected(clips) -> pd.DataFrame:
    """What the model says of the smiles of `clips`."""
    known = [clip.replace(name=name) for name, clip in clips.items() if clip is not None]
    return load_pretrained(labels=LABELS).find_smiles(known)


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    """The pretrained model in a file, with other names for the classes."""
    return save_model(load_pretrained(labels=("acted", "felt")),
                      tmp_path_factory.mktemp("m") / "own model")


def asked_for(monkeypatch, certainty: float) -> None:
    """Let the command's model decide where it is as certain as this."""
    model = load_pretrained(labels=LABELS).set_params(classifier__least_certainty=certainty)
    monkeypatch.setattr("smilegenuine.cli.predict.load_pretrained", lambda *_, **__: model)


class TestRows:
    def test_a_row_a_smile_as_the_model_says(self, files, expected, seen, run):
        status, out, err = run("predict", *files, "--csv")
        assert (status, err) == (0, NOTE)
        table = pd.read_csv(StringIO(out))
        assert list(table) == COLUMNS
        assert [Path(video).name for video in table["video"]] == list(expected["clip"])
        assert list(table["smile"]) == list(expected["smile"]) == [1, 1, 2, 0]
        assert list(table["decision"]) == list(expected["decision"])
        numbers = ["start", "end", "P(posed)", "P(spontaneous)"]
        np.testing.assert_allclose(table[numbers], expected[numbers], atol=6e-4)
        assert table.iloc[3][numbers].isna().all()
        assert seen == ["one.mp4", "two.mp4", "none.mp4"]  # each measured once

    def test_why_is_the_strongest_figure_for_the_decision(self, files, clips, run, monkeypatch):
        asked_for(monkeypatch, 0.5)  # so that it decides
        found = json.loads(run("predict", *files, "--json")[1])["predictions"]
        why = reasons(load_pretrained(labels=LABELS), clips["two.mp4"])
        for row in found[1:3]:
            assert row["decision"] in LABELS
            mine = why[(why["smile"] == row["smile"]) & (why["speaks_for"] == row["decision"])]
            strongest = mine.loc[mine["contribution"].abs().idxmax()]
            assert row["why"] == short_words(strongest["parameter"], strongest["value"])
        assert found[3]["why"] == ""

    def test_json_has_null_for_what_is_not_there(self, files, run):
        status, out, _ = run("predict", *files, "--json")
        found = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
        assert status == 0
        assert found["failures"] == []
        assert list(found["predictions"][0]) == COLUMNS
        assert found["predictions"][3] == {
            "video": files[2], "smile": 0, "start": None, "end": None, "decision": "no smile found",
            "P(posed)": None, "P(spontaneous)": None, "why": ""}

    def test_table(self, files, expected, run):
        out = run("predict", *files)[1]
        head, *lines = out.splitlines()
        assert head.split() == COLUMNS
        assert [line.startswith(name) for line, name in
                zip(lines, [files[0], files[1], files[1], files[2]], strict=True)] == [True] * 4
        first = expected.iloc[0]
        words = " ".join(lines[0][len(files[0]):].split())
        assert words.startswith(f"1 {first['start']:.2f} {first['end']:.2f} {first['decision']} "
                                f"{first['P(posed)']:.3f} {first['P(spontaneous)']:.3f} ")
        assert lines[3][len(files[2]):].split() == [
            "0", "–", "–", "no", "smile", "found", "–", "–"]

    def test_a_face_that_is_not_there_costs_nobody_else(self, files, tmp_path, run):
        blank = str(tmp_path / "nobody.mp4")
        status, out, err = run("predict", files[2], blank, files[0], "--csv")
        assert status == 1
        assert err == f"{NOTE}1 could not be used:\n  {blank}: no face in any of its frames\n"
        assert list(pd.read_csv(StringIO(out))["video"]) == [files[2], files[0]]

    def test_a_folder(self, files, tmp_path, run):
        status, out, err = run("predict", tmp_path, "--csv")
        assert status == 1
        assert set(pd.read_csv(StringIO(out))["video"]) == set(files)
        assert "nobody.mp4: no face" in err

    def test_cannot_tell(self, files, run, monkeypatch):
        asked_for(monkeypatch, 0.9999)
        found = json.loads(run("predict", files[0], "--json")[1])["predictions"]
        assert [(row["decision"], row["why"]) for row in found] == [
            ("cannot tell", "neither class is probable enough")]

    def test_action_units_are_nothing_to_it(self, seen, tmp_path, run):
        write_openface(tmp_path / "aus.csv", known_clips(1, 1).data[0])
        status, out, err = run("predict", tmp_path / "aus.csv")
        assert (status, out) == (1, "")
        assert "aus.csv: has neither landmarks nor pictures" in err
        assert "give the video itself" in err


class TestReport:
    def test_says_the_same(self, files, seen, tmp_path, run):
        pytest.importorskip("matplotlib")
        plain = run("predict", *files, "--json")
        seen.clear()
        page = tmp_path / "r.html"
        status, out, err = run("predict", *files, tmp_path / "nobody.mp4", "--json", "--report",
                               page)
        assert status == 1
        assert json.loads(out)["predictions"] == json.loads(plain[1])["predictions"]
        assert f"{page}: a page about 3 of 4 videos" in err
        assert sorted(seen) == sorted(["one.mp4", "two.mp4", "none.mp4", "nobody.mp4"])
        read = Page(page)
        check_page(read)
        assert "What the pretrained model kinematics says about 4 recordings" in read.text("h1")
        assert "3 smiles in 3 of 4 recordings" in read.text()


class TestWhatIsAsked:
    """The first argument is a model, or it is not; what is wrong with it is said by its name."""

    def test_a_saved_one_answers_alike(self, saved, files, expected, run):
        status, out, err = run("predict", saved, "--csv", *files)  # an option in between
        assert (status, err) == (0, "")
        table = pd.read_csv(StringIO(out))
        np.testing.assert_allclose(table["P(felt)"], expected["P(spontaneous)"], rtol=1e-9)
        assert list(table["smile"]) == list(expected["smile"])

    def test_the_pretrained_one_by_its_name(self, files, expected, run):
        status, out, err = run("predict", "kinematics", *files, "--csv")
        assert (status, err) == (0, "")
        assert list(pd.read_csv(StringIO(out))["decision"]) == list(expected["decision"])

    def test_no_videos(self, saved, run):
        for name in (saved, "kinematics"):
            status, out, err = run("predict", name)
            assert (status, out) == (1, "")
            assert err == (f"smilegenuine predict: {name}: is taken for a model, and there is no "
                           "video to ask it about; name them behind it: smilegenuine predict "
                           f"{name} VIDEO …\n")

    def test_nothing(self, capsys):
        assert main(["predict"]) == 2
        assert "required: [MODEL] VIDEO" in capsys.readouterr().err

    def test_a_model_behind_a_video(self, saved, files, seen, run):
        status, out, err = run("predict", files[0], saved)
        assert (status, out, seen) == (1, "", [])
        assert err.startswith(f"smilegenuine predict: {saved}: is a model, or another archive")

    @pytest.mark.parametrize(("names", "message"), [
        (["gone.mp4"], "1 could not be used:\n  gone.mp4: no such file\n"),
        (["gone"], "1 could not be used:\n  gone: no such file\n"),
        (["gone.skops"], "smilegenuine predict: gone.skops: no such file\n"),
        (["gone", "a.mp4"], "smilegenuine predict: gone: no such file; `smilegenuine train")])
    def test_what_is_not_there(self, names, message, run):
        status, out, err = run("predict", *names)
        assert (status, out) == (1, "")
        assert err.startswith(message)

    def test_neither_video_nor_model(self, files, tmp_path, run):
        (tmp_path / "notes").write_text("hello")
        status, out, err = run("predict", tmp_path / "notes", files[0])
        assert (status, out) == (1, "")
        assert "notes: not a smilegenuine model file" in err

    def test_a_video_by_an_unusual_name(self, clips, seen, tmp_path, run, monkeypatch):
        odd = tmp_path / "one.recording"
        shutil.move(mp4_boxes.write_video(tmp_path / "v.mp4", 12, 25.0, (96, 64), "mp4v"), odd)
        monkeypatch.setitem(clips, odd.name, clips["one.mp4"])
        status, out, _ = run("predict", odd, "--csv")
        assert status == 0
        assert list(pd.read_csv(StringIO(out))["smile"]) == [1]

    def test_without_mediapipe(self, tmp_path, run, monkeypatch):
        no_mediapipe(monkeypatch)
        (tmp_path / "a.mp4").write_bytes(b"x")
        status, out, err = run("predict", tmp_path / "a.mp4")
        assert (status, out) == (1, "")
        assert err == ("smilegenuine predict: the pretrained model: FaceLandmarks needs MediaPipe: "
                       'pip install "smilegenuine[mediapipe]"; this model looks for landmarks in '
                       "videos\n")


@pytest.mark.parametrize("marked", [pytest.param(None, marks=NEEDS_MODEL, id="mediapipe")])
def test_recordings(marked, real, run, monkeypatch):
    """One who smiles, and nobody."""
    monkeypatch.setenv("SMILEGENUINE_DATA", str(model().parent))
    status, out, err = run("predict", real / "single_face.mp4", real / "no_face.mp4", "--csv")
    assert status == 1
    table = pd.read_csv(StringIO(out))
    assert list(table["smile"]) == [1]
    assert 0.3 < table["start"][0] < 0.8
    assert "no_face.mp4: no face in any of its 95 frames" in err
