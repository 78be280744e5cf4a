"""`smilegenuine benchmark`: tables of systems on any labelled set, resumed where it stopped."""

from __future__ import annotations

import sys
from functools import partial, wraps
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli_inputs import forbid_measuring, no_mediapipe
from html_page import Page, check_page

from smilegenuine import AUDAPhaseClassifier, FaceAligner, FaceLandmarks, make_system
from smilegenuine.cli import main
from smilegenuine.cli.demo import CAVEAT
from smilegenuine.datasets import make_smile_signals, make_smiles

CALL = ["benchmark", "--quiet", "--n-jobs", "1", "--data", "cli_inputs:load_signals", "--systems",
        "auda-au,auda-cross", "--folds", "2", "--max-epochs", "2", "--by", "gender", "--by", "age"]


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> dict:
    """A small comparison: its exit status, what it said, its folder."""
    folder = tmp_path_factory.mktemp("benchmark") / "out put"
    out, err = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        status = main([*CALL, "--output", str(folder)])
    return {"status": status, "out": out.getvalue(), "err": err.getvalue(), "folder": folder}


@pytest.fixture
def asked(monkeypatch) -> list:
    """What `evaluate` is asked for; nothing is fitted."""
    calls = []

    def evaluate(*args, **options):
        calls.append((*args, options))
        raise RuntimeError("enough seen")

    monkeypatch.setattr("smilegenuine.benchmark.comparing.evaluate", evaluate)
    return calls


class TestComparison:
    def test_leaves_out_what_is_no_use_and_says_so(self, done):
        assert done["status"] == 1
        lines = done["err"].splitlines()
        assert lines[0] == "1 could not be used:"
        assert "s002_1" in lines[1]
        assert "frames are valid" in lines[1]
        assert lines[2:] == ["They are left out for all systems."]

    def test_prints_the_table(self, done):
        rows = [line for line in done["out"].splitlines() if line.startswith("|")]
        assert rows[0].startswith("| System")
        assert "Δ to auda-au" in rows[0]  # fusion is not among them: the first
        assert [row.split()[1] for row in rows[2:4]] == ["auda-au", "auda-cross"]
        assert done["out"].splitlines()[-1].startswith(f"{done['folder']}: table.md, summary.csv")

    def test_writes_scores_and_predictions(self, done):
        scores = pd.read_csv(done["folder"] / "scores.csv")
        said = pd.read_csv(done["folder"] / "predictions.csv")
        assert list(zip(scores["system"], scores["fold"], strict=True)) == [
            (name, fold) for name in ("auda-au", "auda-cross") for fold in (1, 2)]
        assert len(said) == 2 * 15
        assert set(said["truth"]) == set(said["decision"]) == {"posed", "spontaneous"}
        right = (said["truth"] == said["decision"]).groupby([said["system"], said["fold"]]).mean()
        np.testing.assert_allclose(right, scores["accuracy"])
        assert said.groupby("subject")["fold"].nunique().eq(1).all()
        assert scores["clips"].sum() == len(said)

    def test_writes_the_summary(self, done):
        summary = pd.read_csv(done["folder"] / "summary.csv").set_index("system")
        scores = pd.read_csv(done["folder"] / "scores.csv")
        np.testing.assert_allclose(summary["AUC"], scores.groupby("system")["AUC"].mean())
        assert np.isnan(summary.loc["auda-au", "difference"])
        assert 0 <= summary.loc["auda-cross", "p (t-test)"] <= 1

    def test_page_says_how_it_was_found(self, done):
        page = (done["folder"] / "table.md").read_text(encoding="utf-8")
        for text in ("# Systems compared on cli_inputs:load_signals", "| auda-cross",
                     "15 clips, 1 left out, 8 subjects", "posed 8, spontaneous 7",
                     "AUC and F1 are about spontaneous", "Folds: 2 folds by subject; random state "
                     "0, networks of at most 2 epochs", "happens inside the training subjects",
                     "smilegenuine 0.", "torch 2", "scikit-learn 1", "Device: c"):
            assert text in page, text
        assert "These people are drawn" not in page  # nobody can know, of a loader

    def test_breaks_scores_down(self, done):
        page = (done["folder"] / "table.md").read_text(encoding="utf-8")
        kinds = page.split("## By ")[1:]
        assert [kind.split()[0] for kind in kinds] == ["gender", "age"]
        cells = [[c.strip() for c in row.split("|")[1:-1]] for row in kinds[0].splitlines()
                 if row.startswith("| auda")]
        assert [row[:2] for row in cells] == [[name, kind] for name in ("auda-au", "auda-cross")
                                              for kind in ("female", "male")]
        said = pd.read_csv(done["folder"] / "predictions.csv")
        assert sum(int(row[2]) for row in cells) == len(said)
        assert "## By age" in done["out"]

    def test_goes_on_where_it_stopped(self, done, monkeypatch, capsys):
        """One fold is missing, one is fitted."""
        fitted = []
        original = AUDAPhaseClassifier.fit
        monkeypatch.setattr(AUDAPhaseClassifier, "fit",
                            lambda self, *args: fitted.append(self.level) or original(self, *args))
        (done["folder"] / "results" / "auda-cross" / "fold-002.json").unlink()
        before = pd.read_csv(done["folder"] / "predictions.csv")
        assert main([*CALL, "--output", str(done["folder"])]) == 1
        assert fitted == ["cross"]
        said = capsys.readouterr().out
        assert "holds 3 finished folds of these systems; the run goes on from there" in said
        pd.testing.assert_frame_equal(pd.read_csv(done["folder"] / "predictions.csv"), before)
        assert "with 3 folds of an earlier run" in (done["folder"] / "table.md").read_text("utf-8")

    def test_other_networks_are_not_mixed_in(self, done, capsys):
        assert main([*CALL, "--output", str(done["folder"]), "--max-epochs", "3"]) == 1
        assert "auda_au.max_epochs was 2 and is 3" in capsys.readouterr().err

    def test_other_clips_are_not_mixed_in(self, done, run):
        """As when systems are added that measure more in each clip."""
        status, _, err = run("benchmark", "--data", "cli_inputs:load_signals:6", "--systems",
                             "auda-au", "--folds", 2, "--output", done["folder"])
        assert status == 1
        assert "which differs in the clips (X)" in err
        assert err.endswith("name from the beginning all that are to stand in one table.\n")


class TestReport:
    def test_page_beside_the_tables(self, done, capsys):
        """Of finished folds; nothing is fitted."""
        assert main([*CALL, "--output", str(done["folder"]), "--report"]) == 1
        file = done["folder"] / "report.html"
        said = capsys.readouterr()
        assert said.out.endswith(f"\n{file}: the same as a page, with pictures\n"), said.err
        page = Page(file)
        check_page(page)
        text = page.text()
        for words in ("Systems compared on cli_inputs:load_signals", "auda-cross", "By gender",
                      "By age", "15 clips, 1 left out, 8 subjects",
                      "AUC and F1 are about spontaneous", "happens inside the training subjects",
                      "s002_1", "Δ to auda-au"):
            assert words in text, words
        assert "These people are drawn" not in text
        assert "ublished" not in text

    def test_a_name_of_its_own(self, done, tmp_path, capsys):
        file = tmp_path / "new" / "r.html"
        assert main([*CALL, "--output", str(done["folder"]), "--report", str(file)]) == 1
        assert file.is_file()

    @pytest.mark.parametrize(("args", "message"), [
        (["--fps", "12", "--report"], "a page is about one comparison"),
        (["--report", "."], "is a folder; give the name of a file")])
    def test_what_is_told_before_the_work(self, args, message, run, monkeypatch, tmp_path):
        forbid_measuring(monkeypatch)
        status, _, err = run("benchmark", "--data", "cli_inputs:load_signals", "--systems",
                             "auda-au", "--output", tmp_path / "o", *args)
        assert status == 1
        assert message in err

    def test_no_matplotlib(self, run, monkeypatch, tmp_path):
        forbid_measuring(monkeypatch)
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        status, _, err = run("benchmark", "--data", "cli_inputs:load_signals", "--systems",
                             "auda-au", "--output", tmp_path / "o", "--report")
        assert status == 1
        assert "pip install 'smilegenuine[plot]'" in err


class TestLandmarks:
    def test_known_ones_need_no_mediapipe(self, run, monkeypatch, tmp_path):
        no_mediapipe(monkeypatch)
        status, out, err = run("benchmark", "--data", "cli_inputs:load_meshes", "--systems",
                               "landmark-transformer,dmarkers", "--folds", 2, "--max-epochs", 1,
                               "--points", "outlines", "--output", tmp_path)
        assert status == 1  # the clip in the middle
        assert err.startswith("1 could not be used:\n")
        rows = [line.split()[1] for line in out.splitlines() if line.startswith("| ")]
        assert rows == ["System", "landmark-transformer", "dmarkers"]
        page = (tmp_path / "table.md").read_text(encoding="utf-8")
        for text in ("11 clips, 1 left out, 6 subjects", "epochs, points of the face mesh: "
                     "outlines", "- Came with the recordings: landmarks\n"):
            assert text in page, text

    def test_missing_mediapipe_is_told_before_people_are_drawn(self, run, monkeypatch, tmp_path):
        no_mediapipe(monkeypatch)
        forbid_measuring(monkeypatch)
        monkeypatch.setattr("smilegenuine.people.drawn_smiles.write_clips",
                            lambda *_, **__: pytest.fail("drawn before the mistake was found"))
        status, out, err = run("benchmark", "--systems", "auda-au,landmarks", "--output", tmp_path,
                               "--subjects", 6, "--clips-per-subject", 2, "--folds", 3)
        assert (status, out) == (1, "")
        assert err == (
            "smilegenuine benchmark: dmarkers, landmark-transformer, pstnet, p4transformer, "
            "meshsmilenet, deepmarkernet, hadasmilenet: FaceLandmarks needs MediaPipe: pip install "
            '"smilegenuine[mediapipe]"; or compare systems without landmarks, such as --systems '
            "table\n")

    def test_one_system_that_needs_pictures(self, run, tmp_path):
        status, _, err = run("benchmark", "--data", "cli_inputs:load_meshes", "--systems",
                             "dmarkers,vit", "--folds", 2, "--output", tmp_path)
        assert status == 1
        assert err == (
            "smilegenuine benchmark: cli_inputs:load_meshes has landmarks, and no pictures to "
            "measure what vit look at; take --systems dmarkers,landmark-transformer,pstnet,"
            "p4transformer,meshsmilenet,deepmarkernet,hadasmilenet, or some of them\n")

    def test_measures_once_for_all(self, run, asked, videos, seen, monkeypatch, tmp_path):
        call = ["benchmark", "--data", videos, "--output", tmp_path, "--folds", 4, "--systems",
                "dmarkers,realsmilenet,meshsmilenet", "--max-epochs", 1]
        assert run(*call)[2] == "smilegenuine benchmark: enough seen\n"
        for clip in asked[0][1]:
            assert clip.frames is None
            assert not clip.valid[0]  # in what was found of landmarks
            assert len(clip.landmarks) == len(clip.faces)
            assert clip.aus is None  # nobody looks at them
        for step in (FaceAligner, FaceLandmarks):
            monkeypatch.setattr(step, "transform_clip",
                                lambda *_: pytest.fail("a clip was measured once more"))
        run(*call)
        assert len(asked) == 2


class TestSets:
    def test_faces(self, run, tmp_path):
        """RealSmileNet among the systems: a clip without a face is left out for all."""
        status, out, err = run("benchmark", "--data", "cli_inputs:load_faces", "--output", tmp_path,
                               "--systems", "realsmilenet,auda-au", "--folds", 2, "--max-epochs", 1,
                               "--reference", "auda-au")
        assert status == 1
        assert "RealSmileNet needs `faces`; run FaceAligner on the video first" in err
        assert "Δ to auda-au" in out
        said = pd.read_csv(tmp_path / "predictions.csv")
        assert list(said["system"].value_counts()) == [11, 11]
        assert (tmp_path / "cache").is_dir()  # of smile intensity

    @pytest.mark.slow
    def test_drawn_people(self, run, asked, monkeypatch, tmp_path):
        monkeypatch.setattr("smilegenuine.datasets.make_smiles",
                            partial(make_smiles, fps=8, size=96))
        call = ["benchmark", "--subjects", 4, "--clips-per-subject", 2, "--random-state", 4,
                "--output", tmp_path, "--device", "cpu", "--folds", 7]
        assert run(*call)[2] == "smilegenuine benchmark: enough seen\n"
        systems, clips, y, groups, options = asked[0]
        assert list(systems) == ["realsmilenet", "auda-frame", "auda-au", "auda-cross",
                                 "auda-fusion", "fusion"]
        assert {clip.frames for clip in clips} == {None}
        assert all(clip.faces is not None and clip.aus is not None for clip in clips)
        assert {clip.name for clip in clips} == set(map(str, tmp_path.glob("videos/*.mp4")))
        assert (list(y), list(np.unique(groups))) == ([0, 1] * 4, ["s000", "s001", "s002", "s003"])
        assert (len(options["cv"]), options["results"]) == (4, tmp_path / "results")
        for name in ("realsmilenet", "auda-fusion"):
            params = systems[name].get_params()
            assert not any(v for p, v in params.items() if p.endswith(("verbose", "__n_jobs")))
            assert {v for p, v in params.items() if p.endswith("_frame__random_state")} <= {4}
        monkeypatch.setattr(FaceAligner, "transform_clip",
                            lambda *_: pytest.fail("a face was aligned once more"))
        run(*call)
        assert len(asked) == 2

    def test_caveat(self, run, monkeypatch, tmp_path):
        """It goes with whatever set this package draws."""
        @wraps(make_smile_signals)
        def fewer():
            return make_smile_signals(6, 2, random_state=0)

        monkeypatch.setattr("smilegenuine.datasets.make_smile_signals", fewer)
        status, out, err = run("benchmark", "--data", "smilegenuine.datasets:make_smile_signals",
                               "--systems", "auda-au", "--folds", 2, "--max-epochs", 1, "--output",
                               tmp_path)
        assert (status, err) == (0, "")
        assert CAVEAT in (tmp_path / "table.md").read_text(encoding="utf-8")
        assert CAVEAT in out
        assert "Δ" not in out  # there is no other system

    def test_without_a_network(self, run, monkeypatch, tmp_path):
        monkeypatch.setattr("smilegenuine.benchmark.preparation.make_system",
                            partial(make_system, ensemble__levels=("au",), ensemble__cv=2))
        assert run("benchmark", "--data", "cli_inputs:load_signals:6", "--systems", "auda-svm",
                   "--folds", 2, "--output", tmp_path)[0] == 1
        page = (tmp_path / "table.md").read_text(encoding="utf-8")
        assert "Device: cpu; there is no network among the systems" in page

    def test_table(self, tables, run, asked):
        table = pd.read_csv(tables / "set.csv")
        table["Gender "] = np.where(table.subject < "s002", "female", "male")
        table["height"] = [None, *range(160, 169)]
        bad = pd.DataFrame({"path": ["no.csv"], "label": "posed", "subject": "s9"})
        pd.concat([table[:2], bad, table[2:]]).to_csv(tables / "set.csv", index=False)
        status, _, err = run("benchmark", "--data", tables / "set.csv", "--systems", "auda-svm",
                             "--by", "gender", "--by", "height", "--output", tables / "out")
        assert status == 1
        assert "no.csv: no such file" in err
        _, clips, y, _, options = asked[0]
        assert list(y) == list(table["label"])
        assert [clip.subject for clip in clips] == list(table["subject"])
        assert list(options["metadata"]["gender"]) == list(table["Gender "])
        assert list(options["metadata"]["height"].astype(object).fillna("?")) == [
            "?", *["≤162.667"] * 3, *["162.667 to 165.333"] * 3, *[">165.333"] * 3]


class TestErrors:
    @pytest.mark.parametrize(("args", "message"), [
        (["--systems", "auda-au,magic"], "there is no system 'magic'; there is realsmilenet,"),
        (["--systems", "auda-au,"], "there is no system ''; there is realsmilenet,"),
        (["--points", "some"], "argument --points: invalid choice: 'some'"),
        (["--action-units", "openface"], "argument --action-units: invalid choice: 'openface'"),
        (["--folds", "1"], "--folds: must be at least 2, not 1"),
        (["--max-epochs", "0"], "--max-epochs: must be at least 1, not 0"),
        (["--device", "tpu"], "--device: must be auto, cpu, cuda or cuda:NUMBER, not tpu"),
    ])
    def test_wrong_call(self, args, message, capsys):
        assert main(["benchmark", *args]) == 2
        assert message in capsys.readouterr().err

    @pytest.mark.parametrize(("args", "message"), [
        (["--reference", "fusion"], "--reference fusion is none of the systems; these are auda-au"),
        (["--device", "cuda:77"], "device is 'cuda:77', but torch"),
        (["--by", "mood"], "--by mood: no such column; besides labels and subjects, "
                           "cli_inputs:load_signals has gender, age, shoe_size"),
        (["--data", "nowhere.csv"], "nowhere.csv: no such file or folder"),
        (["--data", "no_such.module:load"], "there is no module no_such, neither installed nor in"),
        (["--data", "cli_inputs.inner:load"], "no_function"),
        (["--data", "cli_inputs:no_function"], "cli_inputs has no function no_function"),
        (["--data", "cli_inputs:NOT_A_FUNCTION"], "has no function NOT_A_FUNCTION"),
        (["--data", "cli_inputs:load_faces:x"], "load_faces cannot be called with 'x' (too many"),
        (["--data", "cli_inputs:edited"], "edited cannot be called without an argument (missing"),
        (["--data", "cli_inputs:load_words"], "load_words: gives str; a Bunch with data, target"),
        (["--data", "cli_inputs:load_without_subjects"], "there is no groups; recordings, labels"),
        (["--data", "cli_inputs:load_too_few_labels"], "6 recordings, and labels of the shape (2,"),
        (["--data", "cli_inputs:load_missing_label"], "recording 1 has no label; leave it out"),
        (["--data", "cli_inputs:load_one_class"], "two classes are needed"),
        (["--data", "cli_inputs:load_two_subjects"], "three subjects are needed at least"),
        (["--data", "cli_inputs:load_lonely_class"], "3 folds by subject: too little to train"),
        (["--data", "make_smiles", "--subjects", "3", "--systems", "fusion"],
         "3 folds by subject: too little to train on: 3 subjects are needed. Take more"),
        (["--data", "make_smiles", "--subjects", "2"], "three subjects are needed at least"),
        (["--data", "make_smiles", "--by", "mood"], "drawn people has gender, age"),
        (["--points", "outlines"], "--points outlines: there is no network on the face mesh in"),
    ])
    def test_mistakes_are_found_before_the_work(self, args, message, run, monkeypatch, tmp_path):
        forbid_measuring(monkeypatch)
        monkeypatch.setattr("smilegenuine.people.drawn_smiles.write_clips",
                            lambda *_, **__: pytest.fail("drawn before the mistake was found"))
        status, out, err = run("benchmark", "--data", "cli_inputs:load_signals", "--systems",
                               "auda-au,auda-cross", "--output", tmp_path, *args)
        assert (status, out) == (1, "")
        assert message.replace("no_function", "") in err

    def test_module_that_lacks_something(self, tmp_path, monkeypatch, run):
        """It is there; what is missing is what it imports."""
        (tmp_path / "half_there.py").write_text("import no_such_thing")
        monkeypatch.syspath_prepend(tmp_path)
        err = run("benchmark", "--data", "half_there:load", "--output", tmp_path)[2]
        assert err == "smilegenuine benchmark: No module named 'no_such_thing'\n"

    def test_nowhere_to_write(self, run, monkeypatch, tmp_path):
        forbid_measuring(monkeypatch)
        (tmp_path / "file").write_text("x")
        for output, message in (("file", "is a file; give the name of a folder"),
                                ("full", "nothing can be written there (no space left)")):
            if output == "full":
                def full(dir: Path) -> None:
                    raise OSError(28, "no space left")

                monkeypatch.setattr("tempfile.TemporaryFile", full)
            status, _, err = run("benchmark", "--output", tmp_path / output)
            assert status == 1
            assert f"{tmp_path / output}: {message}" in err

    def test_nothing_left(self, run, make_video, tmp_path):
        files = [make_video(f"{i}.mp4", n=4 + i) for i in range(6)]
        rows = [f"{file},{('posed', 'spontaneous')[i % 2]},s{i // 2}"
                for i, file in enumerate(files)]
        (tmp_path / "set.csv").write_text("\n".join(["path,label,subject", *rows]))
        status, out, err = run("benchmark", "--data", tmp_path / "set.csv", "--systems",
                               "realsmilenet", "--output", tmp_path)
        assert (status, out) == (1, "")
        assert "6 could not be used" in err
        assert "nothing is left to compare systems on" in err
