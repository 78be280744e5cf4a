"""`smilegenuine train`: sets of videos and of tables, good and bad."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli_inputs import KINDS, edited, forbid_measuring, no_mediapipe, write_openface
from drawn import known_clips

from smilegenuine import FaceAligner, HOGActionUnits, load_model, make_system
from smilegenuine.benchmark.preparation import measure


class TestTrainOnVideos:
    def test_says_scores_and_writes_the_model(self, trained):
        assert trained["status"] == 0
        lines = trained["out"].splitlines()
        assert lines[0].split()[:3] == ["fold", "clips", "subjects"]
        assert [line.split()[:3] for line in lines[1:3]] == [["1", "4", "2"], ["2", "4", "2"]]
        assert lines[-1] == f"{trained['model']}: auda-svm, fitted on 8 videos"

    def test_shows_bars_of_the_measuring_only(self, trained):
        assert trained["err"].count("FaceAligner: 100%") <= 2  # drawn, and once more when it ends
        assert "8/8" in trained["err"]
        assert "4/4" not in trained["err"]

    def test_model_knows_where_it_comes_from(self, trained, videos):
        info = load_model(trained["model"]).info_
        assert info["system"] == "auda-svm"
        assert info["trained on"] == str(videos)
        assert (info["clips"], info["subjects"]) == (8, 4)
        assert info["labels"] == {"posed": 4, "spontaneous": 4}
        assert set(info["scores by subject"]) == {"accuracy", "balanced accuracy", "AUC"}

    def test_model_does_not_carry_how_it_was_run(self, trained):
        for name, step in load_model(trained["model"]).named_steps.items():
            run_params = getattr(step, "estimator", step).get_params(deep=False)
            assert run_params["n_jobs"] is None, name
            assert not run_params.get("verbose"), name

    def test_cache_saves_the_measuring(self, trained, videos, run, tmp_path, monkeypatch):
        def fail(self, clip):
            pytest.fail("a face was aligned once more")

        monkeypatch.setattr(FaceAligner, "transform_clip", fail)
        again = tmp_path / "again.skops"
        status, out, _ = run("train", videos / "labels.csv", "-o", again, "--folds", 0, "--cache",
                             trained["cache"])
        assert (status, out) == (0, f"{again}: auda-svm, fitted on 8 videos\n")

    def test_folder_by_class(self, videos, run, tmp_path):
        for file in sorted(videos.glob("s00[01]*.mp4")):
            subject, _, kind = file.stem.split("_")
            (tmp_path / "set" / kind / subject).mkdir(parents=True)
            (tmp_path / "set" / kind / subject / file.name).symlink_to(file)
        status, out, err = run("train", tmp_path / "set", "-o", tmp_path / "m.skops", "--folds", 0)
        assert status == 0
        assert "could not be used" not in err
        assert out.endswith("fitted on 4 videos\n")
        assert load_model(tmp_path / "m.skops").info_["subjects"] == 2


class TestTrainNetworks:
    def test_realsmilenet_needs_faces_and_nothing_else(self, videos, trained, run, tmp_path,
                                                       monkeypatch):
        monkeypatch.setattr(HOGActionUnits, "transform_clip",
                            lambda *_: pytest.fail("action units were measured"))
        write_openface(tmp_path / "units.csv", known_clips(1, 1).data[0])
        table = pd.read_csv(videos / "labels.csv")
        table["path"] = [str(videos / path) for path in table["path"]]
        pd.concat([table, pd.DataFrame({"path": ["units.csv"], "label": "posed", "subject": "s9"})]
                  ).to_csv(tmp_path / "set.csv", index=False)
        model = tmp_path / "m.skops"
        status, out, err = run("train", tmp_path / "set.csv", "-o", model, "--system",
                               "realsmilenet", "--folds", 0, "--max-epochs", 1, "--cache",
                               trained["cache"], "--device", "cpu")
        assert status == 1
        assert err == ("faces: 0 clips measured, 8 found in the cache\n"
                       f"1 could not be used:\n  {tmp_path / 'units.csv'}: RealSmileNet needs "
                       "`faces`; run FaceAligner on the video first; without pictures, take a "
                       "system that looks at action units alone, such as auda-fusion\n")
        assert out == f"{model}: realsmilenet, fitted on 8 videos; 1 left out\n"
        video = str(videos / "s000_0_posed.mp4")
        status, out, err = run("predict", model, video, tmp_path / "units.csv", "--json",
                               "--device", "cpu")
        assert status == 1
        assert [p["video"] for p in json.loads(out)["predictions"]] == [video]
        assert "RealSmileNet needs `faces`" in err
        status, _, err = run("extract", video, "-o", tmp_path / "x.csv", "--model", model)
        assert status == 1
        assert "m.skops: looks at faces and measures no action units; leave --model out" in err

    def test_no_face_in_view(self, tables, run, monkeypatch):
        """Faces that another tool has cut, none of them in a valid frame."""
        clips = [clip.replace(faces=np.zeros((clip.n_frames, 16, 16, 3), np.uint8))
                 for clip in known_clips(5, 2).data]
        clips[2] = clips[2].replace(valid=np.zeros(clips[2].n_frames, bool))
        _, places, failures = measure([make_system("realsmilenet")], clips, print)
        assert list(places) == [0, 1, *range(3, 10)]
        assert "no frame is valid, so there is no face" in failures["error"].item()

    def test_fusion_does_not_carry_how_it_was_run(self, tables, run):
        model = tables / "m.skops"
        status, out, err = run("train", tables / "set.csv", "-o", model, "--system", "auda-fusion",
                               "--folds", 5, "--device", "cpu", "--random-state", 5,
                               "--max-epochs", 1)
        assert (status, err) == (0, "")
        assert [line.split()[0] for line in out.splitlines()[:3]] == ["fold", "1", "2"]
        fusion = load_model(model)[-1]
        assert load_model(model).info_["random state"] == 5
        for part in (fusion, *fusion.named_estimators.values(), *fusion.estimators_):
            params = part.get_params(deep=False)
            assert params.get("n_jobs") is None
            assert not params.get("verbose")
            assert params.get("device", "auto") == "auto"
            assert params["random_state"] == 5
        csv = sorted(map(str, tables.glob("smile*.csv")))[:2]
        answers = [run("predict", model, *csv, "--csv", "--device", device)
                   for device in ("auto", "cpu")]
        assert answers[0] == answers[1]
        assert answers[0][0] == 0
        assert "torch" in run("predict", model, *csv, "--device", "cuda:77")[2]

    def test_a_run_can_be_repeated(self, tables, run):
        said = {}
        for name, seed in (("a", []), ("b", ["--random-state", 0]), ("c", ["--random-state", 1])):
            assert run("train", tables / "set.csv", "-o", tables / name, "--system", "auda-au",
                       "--folds", 0, "--max-epochs", 1, *seed)[0] == 0
            said[name] = run("predict", tables / name, tables / "smile é 0.csv", "--csv")[1]
        assert said["a"] == said["b"] != said["c"]

    def test_device_that_is_not_there(self, tables, run, monkeypatch):
        forbid_measuring(monkeypatch)
        status, _, err = run("train", tables / "set.csv", "-o", tables / "m.skops", "--system",
                             "auda-au", "--device", "cuda:77")
        assert status == 1
        assert "device is 'cuda:77', but torch" in err


@pytest.mark.usefixtures("seen")
class TestTrainOnLandmarks:
    def test_network(self, videos, run, monkeypatch, tmp_path):
        monkeypatch.setattr(FaceAligner, "transform_clip",
                            lambda *_: pytest.fail("a face was aligned"))
        model = tmp_path / "m.skops"
        status, out, err = run("train", videos, "-o", model, "--system", "landmark-transformer",
                               "--folds", 2, "--max-epochs", 1, "--points", "outlines", "--device",
                               "cpu")
        assert (status, err) == (0, "")
        assert out.endswith(f"{model}: landmark-transformer, fitted on 8 videos\n")
        loaded = load_model(model)
        assert (loaded.info_["points"], loaded.info_["max epochs"]) == ("outlines", 1)
        assert loaded[-1].n_points_ == 128

    def test_action_units_of_blendshapes(self, videos, trained, run, monkeypatch, tmp_path):
        monkeypatch.setattr(HOGActionUnits, "transform_clip",
                            lambda *_: pytest.fail("measured by HOG"))
        saved = []
        monkeypatch.setattr("smilegenuine.cli.train.save_model",
                            lambda model, path, info: saved.append((model, info)))
        assert run("train", videos, "-o", tmp_path / "m", "--folds", 0, "--action-units",
                   "blendshapes", "--cache", trained["cache"])[0] == 0
        ((model, info),) = saved
        assert list(model.named_steps) == ["landmarks", "faces", "smile", "aus", "ensemble"]
        assert info["action units"] == "blendshapes"

    @pytest.mark.parametrize(("args", "message"), [
        (["--system", "dmarkers", "--points", "all"], "there is no network on the face mesh in"),
        (["--system", "vit", "--action-units", "blendshapes"], "action units are nothing to vit"),
    ])
    def test_what_says_nothing(self, args, message, videos, run, monkeypatch, tmp_path):
        forbid_measuring(monkeypatch)
        status, _, err = run("train", videos, "-o", tmp_path / "m.skops", *args)
        assert status == 1
        assert message in err


@pytest.mark.parametrize("args", [["--system", "hadasmilenet"], ["--action-units", "blendshapes"]])
def test_missing_mediapipe_is_told_before_the_work(args, videos, run, monkeypatch, tmp_path):
    no_mediapipe(monkeypatch)
    forbid_measuring(monkeypatch)
    status, out, err = run("train", videos, "-o", tmp_path / "m.skops", *args)
    assert (status, out) == (1, "")
    assert err == (f"smilegenuine train: {args[1] if 'net' in args[1] else 'auda-svm'}: "
                   'FaceLandmarks needs MediaPipe: pip install "smilegenuine[mediapipe]"; or take '
                   "a system without landmarks, such as auda-svm\n")


class TestTrainOnTables:
    def test_relative_paths_with_blanks_and_accents(self, tables, run, monkeypatch):
        monkeypatch.chdir(tables.parent)
        given = Path(tables.name) / "set.csv"
        status, out, err = run("train", given, "-o", "modèle 1.skops", "--folds", 3)
        assert (status, err) == (0, "")
        assert "modèle 1.skops: auda-svm, fitted on 10 videos" in out
        np.testing.assert_array_equal(load_model("modèle 1.skops").classes_, KINDS)

    def test_leaves_out_what_is_no_use_and_says_so(self, tables, run, make_video):
        make_video("no face.mp4", n=15)
        clip = known_clips(1, 1).data[0]
        write_openface(tables / "never seen.csv", clip, seen=0)
        (tables / "no units.csv").write_text("frame\n1\n2\n")
        bad = ["no face.mp4", "missing.mp4", "never seen.csv", "no units.csv"]
        file = edited(tables, lambda t: pd.concat([t.iloc[:4], pd.DataFrame(
            {"path": bad, "label": "posed", "subject": "s9"}), t.iloc[4:]]))
        status, out, err = run("train", file, "-o", tables / "m.skops", "--folds", 2)
        assert status == 1
        assert "model that was trained on drawn people" in err.splitlines()[0]
        err = err.partition("\n")[2]
        assert err.startswith("4 could not be used:\n")
        for name in bad:
            assert f"{tables / name}: " in err
        assert out.endswith("fitted on 10 videos; 4 left out\n")
        assert load_model(tables / "m.skops").info_["subjects"] == 5

    def test_nothing_left(self, tables, run):
        table = pd.DataFrame({"path": ["smile é 0.csv", "smile é 1.csv"], "label": KINDS,
                              "subject": ["a", "b"]})
        for name in table["path"]:
            write_openface(tables / name, known_clips(1, 1).data[0], seen=0)
        status, out, err = run("train", edited(tables, lambda _: table), "-o", tables / "m.skops")
        assert (status, out) == (1, "")
        assert "smilegenuine train: 2 could not be used" in err
        assert "nothing is left to train on" in err
        assert not (tables / "m.skops").exists()

    def test_no_times(self, tables, run):
        """As `predict` does, for tables without timestamps: 50 Hz, and it is said."""
        for file, clip in zip(sorted(tables.glob("smile*.csv")), known_clips(5, 2).data,
                              strict=True):
            write_openface(file, clip, times=False)
        status, out, err = run("train", tables / "set.csv", "-o", tables / "m.skops", "--folds", 0)
        assert status == 0
        assert err.startswith("smilegenuine train: 10 of 10 clips carry no timing")
        assert "50 frames a second are assumed" in err
        assert "10 videos" in out

    def test_no_subjects(self, tables, run):
        file = edited(tables, lambda t: t.drop(columns="subject"))
        status, out, err = run("train", file, "-o", tables / "m.skops")
        assert status == 0
        assert "No subjects are known, so there are no honest scores" in err
        assert "Add a column `subject`" in err
        assert "UserWarning" not in err
        assert out == f"{tables / 'm.skops'}: auda-svm, fitted on 10 videos\n"
        info = load_model(tables / "m.skops").info_
        assert info["subjects"] is None
        assert info["scores by subject"] is None

    def test_numbers_as_labels(self, tables, run):
        file = edited(tables, lambda t: t.assign(label=(t.label == "spontaneous").astype(int)))
        assert run("train", file, "-o", tables / "m.skops", "--folds", 0)[0] == 0
        _, out, _ = run("predict", tables / "m.skops", tables / "smile é 0.csv", "--json")
        (answer,) = json.loads(out)["predictions"]
        assert answer["decision"] in (0, 1)
        assert {"P(0)", "P(1)"} < set(answer)

    @pytest.mark.parametrize(("change", "message"), [
        (lambda t: t.rename(columns={"label": "class"}), "no column label"),
        (lambda t: t.assign(label="posed"), "of two classes are needed.*the labels are posed"),
        (lambda t: t.assign(label=list("abcabcabcabc")[:len(t)]), "the labels are a, b, c$"),
        (lambda t: t.assign(label=list("abcdefghij")), "the labels are a, b, c, d, e, …"),
        (lambda t: t.assign(subject="ann"), "all recordings are of one subject, ann"),
        (lambda t: t.assign(path="no.csv").iloc[:1], "1 of 1 recordings cannot be read"),
    ])
    def test_no_set_to_learn_from(self, tables, run, monkeypatch, change, message):
        forbid_measuring(monkeypatch)
        status, out, err = run("train", edited(tables, change), "-o", tables / "m.skops")
        assert (status, out) == (1, "")
        assert pd.Series([err.strip()]).str.contains(message).item(), err
        assert not (tables / "m.skops").exists()

    def test_too_few_subjects_for_scores(self, tables, run):
        file = edited(tables, lambda t: t[t.subject.isin(["s000", "s001"])])
        status, _, err = run("train", file, "-o", tables / "m.skops")
        assert status == 1
        assert "scores by subject need at least three subjects" in err
        assert "`--folds 0` trains without them" in err
        assert run("train", file, "-o", tables / "m.skops", "--folds", 0)[0] == 0

    def test_no_data(self, tables, run):
        status, _, err = run("train", tables / "nowhere", "-o", tables / "m.skops")
        assert (status, err) == (1, f"smilegenuine train: {tables / 'nowhere'}: no such file or "
                                    "folder\n")

    @pytest.mark.parametrize(("output", "message"), [
        ("folder", "is a folder; give the name of a file"), ("set.csv/m.skops", "set.csv")])
    def test_nowhere_to_write(self, tables, run, monkeypatch, output, message):
        forbid_measuring(monkeypatch)
        (tables / "folder").mkdir()
        status, _, err = run("train", tables / "set.csv", "-o", tables / output)
        assert status == 1
        assert message in err
