"""The command line: every command through `main`, what it prints, and its exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from drawn import known_clips

from smilegenuine import AUDA, Clip, FaceAligner, LBPSmileIntensity, load_model, save_model
from smilegenuine.au_table import AU_NAMES
from smilegenuine.cli import frame_table, main
from smilegenuine.datasets import make_smiles
from smilegenuine.errors import VideoError

KINDS = ("posed", "spontaneous")


@pytest.fixture
def run(capsys):
    """Run a command in this process, quietly: exit status, what it printed, what it complained."""

    def call(command: str, *args: object) -> tuple[int, str, str]:
        status = main([command, "--quiet", "--n-jobs", "1", *map(str, args)])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return call


@pytest.fixture(scope="module")
def videos(tmp_path_factory) -> Path:
    """Eight drawn videos of four people, with labels.csv; blanks and accents in the path."""
    folder = tmp_path_factory.mktemp("cli") / "drawn vidéos"
    make_smiles(4, 2, fps=12, size=112, head_motion=0.5, random_state=3, folder=folder)
    return folder


@pytest.fixture(scope="module")
def trained(videos, tmp_path_factory) -> dict:
    """A model trained by the command on the videos, with bars; what it said; its cache."""
    folder = tmp_path_factory.mktemp("trained")
    model, cache = folder / "new folder" / "model.skops", folder / "cache"
    out, err = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        status = main(["train", str(videos), "-o", str(model), "--folds", "2", "--cache",
                       str(cache), "--n-jobs", "1"])
    return {"status": status, "model": model, "cache": cache, "out": out.getvalue(),
            "err": err.getvalue()}


@pytest.fixture
def tables(tmp_path) -> Path:
    """Ten OpenFace-like files of five people, and set.csv; nothing has to be drawn or measured."""
    smiles = known_clips(5, 2, random_state=8)
    rows = []
    for i, (clip, y) in enumerate(zip(smiles.data, smiles.target, strict=True)):
        write_openface(tmp_path / f"smile é {i}.csv", clip)
        rows.append({"path": f"smile é {i}.csv", "label": KINDS[y], "subject": clip.subject})
    pd.DataFrame(rows).to_csv(tmp_path / "set.csv", index=False)
    return tmp_path


@pytest.fixture
def table_model(tables, run) -> Path:
    assert run("train", tables / "set.csv", "-o", tables / "t.skops", "--folds", 0)[0] == 0
    return tables / "t.skops"


def write_openface(file: Path, clip: Clip, seen: object = 1, times: bool = True) -> None:
    table = pd.DataFrame(clip.aus, columns=[f" {au}_r" for au in AU_NAMES])
    table.insert(0, " success", np.broadcast_to(seen, len(table)).astype(int))
    if times:
        table.insert(0, " timestamp", clip.times)
    table.insert(0, "frame", np.arange(1, len(table) + 1))
    table.to_csv(file, index=False)


def edited(tables: Path, change) -> Path:
    """set.csv, changed by a function of the DataFrame."""
    pd.DataFrame(change(pd.read_csv(tables / "set.csv"))).to_csv(tables / "new.csv", index=False)
    return tables / "new.csv"


def forbid_measuring(monkeypatch) -> None:
    def fail(*args, **kwargs):
        pytest.fail("recordings were measured before the mistake was found")

    monkeypatch.setattr("smilegenuine.cli.transform_clips", fail)


class TestCall:
    def test_version(self, capsys):
        assert main(["--version"]) == 0
        assert capsys.readouterr().out.startswith("smilegenuine 0.")

    def test_module(self):
        done = subprocess.run([sys.executable, "-m", "smilegenuine", "--version"], text=True,
                              capture_output=True, check=True)
        assert done.stdout.startswith("smilegenuine 0.")
        assert done.stderr == ""

    @pytest.mark.parametrize(("argv", "message"), [
        ([], "required: COMMAND"),
        (["smile"], "invalid choice: 'smile'"),
        (["predict", "m.skops"], "required: VIDEO"),
        (["predict", "m.skops", "a.mp4", "--json", "--csv"], "not allowed with argument --json"),
        (["train", "folder"], "required: -o/--output"),
        (["train", "folder", "-o", "m", "--system", "magic"], "invalid choice: 'magic'"),
        (["train", "folder", "-o", "m", "--folds", "1"], "--folds: must be 0 or at least 2, not 1"),
        (["train", "folder", "-o", "m", "--folds", "-2"], "must be 0 or at least 2, not -2"),
        (["train", "folder", "-o", "m", "--folds", "two"], "must be a whole number, not two"),
        (["train", "folder", "-o", "m", "--n-jobs", "0"], "--n-jobs: must not be 0"),
        (["extract", "a.mp4", "-o", "a.xlsx"], "a.xlsx: give a name that ends in .csv or .parquet"),
    ])
    def test_wrong_call(self, argv, message, capsys):
        assert main(argv) == 2
        assert message in capsys.readouterr().err

    def test_interrupt(self, run, monkeypatch):
        def stop(path):
            raise KeyboardInterrupt

        monkeypatch.setattr("smilegenuine.cli.load_model", stop)
        assert run("predict", "m.skops", "a.mp4") == (130, "", "smilegenuine predict: stopped\n")

    @pytest.mark.parametrize("kind", [OSError, ValueError, ImportError, RuntimeError])
    def test_errors_are_told_with_their_notes(self, kind, run, monkeypatch):
        def fail(path):
            error = kind("the disk is full")
            error.add_note("It was raised while a.mp4 was worked on.")
            raise error

        monkeypatch.setattr("smilegenuine.cli.load_model", fail)
        assert run("predict", "m.skops", "a.mp4") == (
            1, "", "smilegenuine predict: the disk is full\n"
                   "It was raised while a.mp4 was worked on.\n")

    def test_demo_gets_its_arguments(self, run, monkeypatch, tmp_path):
        calls = []
        monkeypatch.setattr("smilegenuine.demo.run_demo", lambda *a, **k: calls.append((a, k)))
        assert run("demo", "--output", tmp_path, "--subjects", 7, "--random-state", 3)[0] == 0
        assert calls == [((tmp_path,), {"n_subjects": 7, "n_jobs": 1, "random_state": 3,
                                        "verbose": False})]

    def test_demo_with_too_few_people(self, run, tmp_path):
        status, out, err = run("demo", "--output", tmp_path / "demo", "--subjects", 4)
        assert (status, out) == (1, "")
        assert "4 subjects with 2 held out are too few" in err
        assert not (tmp_path / "demo").exists()


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

        monkeypatch.setattr(FaceAligner, "_transform_clip", fail)
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
        assert "no scores by subject: all clips are of one subject" in err
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


class TestPredict:
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


class TestExtract:
    def test_videos_as_csv(self, videos, run, make_video, tmp_path):
        """Without a model, what a smile looks like is learnt from the videos themselves."""
        good = [str(videos / name) for name in ("s002_0_posed.mp4", "s003_1_spontaneous.mp4")]
        blank = str(make_video("blank.mp4", n=9))
        status, out, err = run("extract", good[0], blank, good[1], "-o", tmp_path / "new" / "x.csv")
        assert status == 1
        assert err.startswith("1 could not be used:\n")
        assert f"{blank}: no face" in err
        table = pd.read_csv(tmp_path / "new" / "x.csv", keep_default_na=False, na_values=["NaN"])
        assert out == f"{tmp_path / 'new' / 'x.csv'}: {len(table)} frames of 2 videos\n"
        assert list(table) == ["video", "frame", "time", "valid", "phase", "smile", *AU_NAMES]
        assert list(table["video"].unique()) == good
        assert set(table["phase"]) == {"", "onset", "apex", "offset"}
        for _, clip in table.groupby("video"):
            np.testing.assert_array_equal(clip["frame"], np.arange(len(clip)))
            np.testing.assert_allclose(np.diff(clip["time"]), 1 / 12, atol=1e-4)
            smile = clip["smile"].to_numpy(float)
            assert smile[clip["phase"] == "apex"].mean() > smile[clip["phase"] == ""].mean()

    def test_with_a_model(self, trained, videos, run, tmp_path):
        video = str(videos / "s001_1_spontaneous.mp4")
        assert run("extract", video, "-o", tmp_path / "x.PARQUET", "--model",
                   trained["model"])[::2] == (0, "")
        table = pd.read_parquet(tmp_path / "x.PARQUET")
        (clip,) = load_model(trained["model"])[:-1].transform([video])
        np.testing.assert_array_equal(table["smile"], clip.smile)
        np.testing.assert_array_equal(table[list(AU_NAMES)], clip.aus)
        assert table["valid"].dtype == bool

    def test_frames_without_a_face(self, tables, run):
        clip = known_clips(1, 1, random_state=5).data[0]
        seen = np.ones(len(clip.times), bool)
        seen[7:12] = False
        write_openface(tables / "a.csv", clip, seen=seen)
        write_openface(tables / "b.csv", clip, seen=0)
        assert run("extract", tables / "a.csv", tables / "b.csv", "-o", tables / "x.csv")[0] == 0
        table = pd.read_csv(tables / "x.csv")
        np.testing.assert_array_equal(table["valid"], np.r_[seen, np.zeros(len(seen), bool)])
        for column in AU_NAMES:
            np.testing.assert_array_equal(table[column].notna(), table["valid"])
        assert table["smile"].isna().all()  # without pictures it is not measured
        assert table["phase"][len(seen):].isna().all()
        assert {"onset", "apex"} <= set(table["phase"])

    def test_nothing_to_write(self, run, tmp_path):
        status, out, err = run("extract", "no.mp4", "none.avi", "-o", tmp_path / "x.csv")
        assert (status, out) == (1, "")
        assert err == ("2 could not be used:\n  no.mp4: no such file\n  none.avi: no such file\n")
        assert not (tmp_path / "x.csv").exists()

    def test_wrong_models(self, table_model, tables, videos, run):
        save_model(AUDA(level="au").fit([known_clips(1, 1).data[0]]), tables / "auda.skops")
        for model, message in ((tables / "auda.skops", "holds AUDA, not a system that measures"),
                               (tables / "none.skops", "no such file"),
                               (table_model, "fitted on clips without pictures")):
            status, out, err = run("extract", videos / "s000_0_posed.mp4", "-o", tables / "x.csv",
                                   "--model", model)
            assert (status, out) == (1, "")
            assert message in err

    def test_model_without_a_smile_step(self, trained, videos, run, tmp_path):
        """AU12 gives the phases, as for AUDA."""
        model = load_model(trained["model"]).set_params(smile="passthrough")
        save_model(model, tmp_path / "m.skops")
        status, _, err = run("extract", videos / "s000_0_posed.mp4", "-o", tmp_path / "x.csv",
                             "--model", tmp_path / "m.skops")
        assert (status, err) == (0, "")
        table = pd.read_csv(tmp_path / "x.csv")
        assert table["smile"].isna().all()
        assert "onset" in set(table["phase"])

    def test_nobody_smiles(self, videos, run, monkeypatch, tmp_path):
        """Action units are worth having without it."""
        def nothing(*_):
            raise ValueError("none of the 1 clips shows a face that goes from neutral to smiling")

        monkeypatch.setattr(LBPSmileIntensity, "fit", nothing)
        status, _, err = run("extract", videos / "s000_0_posed.mp4", "-o", tmp_path / "x.csv")
        assert status == 0
        assert "no smile intensity: none of the 1 clips" in err
        table = pd.read_csv(tmp_path / "x.csv")
        assert table["smile"].isna().all()
        assert table["AU12"].notna().all()

    def test_rate_of_what_carries_none(self, tables, run):
        clip = known_clips(1, 1, random_state=5).data[0]
        write_openface(tables / "a.csv", clip, times=False)
        assert run("extract", tables / "a.csv", "-o", tables / "x.csv", "--fps", 40)[0] == 0
        table = pd.read_csv(tables / "x.csv")
        np.testing.assert_allclose(table["time"], np.arange(len(clip.times)) / 40)

    def test_parquet_without_pyarrow(self, run, monkeypatch, tmp_path):
        forbid_measuring(monkeypatch)
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        status, _, err = run("extract", "a.mp4", "-o", tmp_path / "x.parquet")
        assert status == 1
        assert "pip install 'smilegenuine[parquet]'" in err

    def test_output_is_a_folder(self, run, monkeypatch, tmp_path):
        forbid_measuring(monkeypatch)
        (tmp_path / "x.csv").mkdir()
        status, _, err = run("extract", "a.mp4", "-o", tmp_path / "x.csv")
        assert status == 1
        assert "x.csv: is a folder" in err


class TestFrameTable:
    def test_known_clip(self):
        clip = known_clips(1, 1, random_state=2).data[0]
        valid = np.arange(len(clip.times)) != 4
        table = frame_table(clip.replace(valid=valid))
        assert table.shape == (len(clip.times), 6 + len(AU_NAMES))
        np.testing.assert_array_equal(table["time"], clip.times)
        np.testing.assert_array_equal(table["smile"][valid], clip.smile[valid])
        np.testing.assert_array_equal(table[list(AU_NAMES)].to_numpy()[valid], clip.aus[valid])
        assert table.loc[4, ["smile", *AU_NAMES]].isna().all()
        assert list(pd.unique(table["phase"])) in (["", "onset", "apex", "offset"],
                                                   ["", "onset", "apex"])

    def test_without_smile_intensity(self):
        """AU12 gives the phases."""
        clip = known_clips(1, 1, random_state=2).data[0]
        table = frame_table(clip.replace(smile=None))
        assert table["smile"].isna().all()
        np.testing.assert_array_equal(table["phase"], frame_table(clip)["phase"])

    def test_no_valid_frame(self):
        table = frame_table(Clip(aus=np.full((7, 17), np.nan), fps=25, name="dark"))
        assert not table["valid"].any()
        assert set(table["phase"]) == {""}
        assert table["smile"].isna().all()


def test_broken_video_does_not_stop_the_others(table_model, tables, run, monkeypatch):
    """Errors that turn up while a video is read are told like those that turn up before."""
    def broken(self):
        raise VideoError("a.mp4", "is cut off")

    (tables / "a.mp4").write_bytes(b"x")
    monkeypatch.setattr("smilegenuine.video.VideoFrames.__iter__", broken)
    monkeypatch.setattr("smilegenuine.video.VideoFrames.fps", 25.0)
    status, out, err = run("predict", table_model, tables / "a.mp4", tables / "smile é 2.csv")
    assert status == 1
    assert err == "1 could not be used:\n  a.mp4: is cut off\n"
    assert "smile é 2.csv" in out
