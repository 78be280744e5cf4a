"""`smilegenuine benchmark --resolution … --fps …`: the same comparison on degraded recordings."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from cli_inputs import forbid_measuring, load_folded

import smilegenuine.datasets
from smilegenuine import AUDAPhaseClassifier, FaceAligner
from smilegenuine.benchmark.sets import load_labelled
from smilegenuine.benchmark.studies import Condition, conditions

SIGNALS = ("benchmark", "--data", "cli_inputs:load_folded:study", "--systems", "auda-au,auda-cross",
           "--max-epochs", 1)


def cells(page: str, title: str) -> list[list[str]]:
    """The rows of the table whose first line begins with `title`."""
    table = page[page.index(f"| {title}"):].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in [table[0], *table[2:]]]


class TestFrameRates:
    def test_table_by_system_and_condition(self, run, tmp_path):
        status, out, err = run(*SIGNALS, "--fps", "50,12.5", "--output", tmp_path)
        assert status == 0
        assert err == ("Condition 1 of 2: pictures as recorded, at most 50 frames a second\n"
                       "Condition 2 of 2: pictures as recorded, at most 12.5 frames a second\n")
        folder = tmp_path / "study"
        page = (folder / "table.md").read_text(encoding="utf-8")
        assert page.startswith("# Systems compared on degraded recordings of cli_inputs:load_folded"
                               ":study\n\nAccuracy in percent:\n\n| System ")
        scores = cells(page, "System")
        assert scores[0] == ["System", "100 %, 50 Hz", "100 %, 12.5 Hz"]
        assert [row[0] for row in scores[1:]] == ["auda-au", "auda-cross"]
        for column, name in enumerate(("resolution-1_50-hz", "resolution-1_12.5-hz"), 1):
            summary = pd.read_csv(folder / name / "summary.csv")
            assert [row[column] for row in scores[1:]] == [
                f"{100 * mean:.1f} ± {100 * sd:.1f}" for mean, sd in
                zip(summary["accuracy"], summary["accuracy sd"], strict=True)]
        assert cells(page, "Condition") == [
            ["Condition", "Clips", "Left out", "Frames a second"],
            ["100 %, 50 Hz", "16", "0", "25"],  # they have no more
            ["100 %, 12.5 Hz", "16", "0", "12.5"]]
        assert "- Folds: 4 published folds; random state 0, networks of at most 1 epochs" in page
        assert "clips that all these conditions have" not in page  # they all have all of them
        assert "100 %, 12.5 Hz: 16 clips; auda-au" in out
        assert out.splitlines()[-1].startswith(f"{folder}: table.md, study.csv, a folder for each")

    def test_files(self, run, tmp_path):
        run(*SIGNALS, "--fps", "50,12.5", "--output", tmp_path)
        study = pd.read_csv(tmp_path / "study" / "study.csv")
        assert list(zip(study["system"], study["fps"], strict=True)) == [
            ("auda-au", 50), ("auda-cross", 50), ("auda-au", 12.5), ("auda-cross", 12.5)]
        assert set(study["resolution"]) == {1}
        np.testing.assert_allclose(study["accuracy"], study["accuracy, common clips"])
        part = (tmp_path / "study" / "resolution-1_12.5-hz" / "table.md").read_text("utf-8")
        assert "Recordings: pictures as recorded, at most 12.5 frames a second" in part
        assert not (tmp_path / "table.md").exists()

    def test_goes_on_where_it_stopped(self, run, monkeypatch, tmp_path):
        call = (*SIGNALS, "--fps", "50,25", "--systems", "auda-au", "--output", tmp_path)
        original, fitted = AUDAPhaseClassifier.fit, []

        def fit(self, clips, *args):
            if len(fitted) == 6:  # four folds a condition
                raise KeyboardInterrupt
            fitted.append(self.level)
            return original(self, clips, *args)

        monkeypatch.setattr(AUDAPhaseClassifier, "fit", fit)
        status, _, err = run(*call)
        assert (status, err.splitlines()[-1]) == (130, "smilegenuine benchmark: stopped")
        monkeypatch.setattr(AUDAPhaseClassifier, "fit", lambda self, *args: fitted.append(
            self.level) or original(self, *args))
        assert run(*call)[0] == 0
        assert len(fitted) == 8
        said = pd.read_csv(tmp_path / "study" / "study.csv")
        monkeypatch.setattr(AUDAPhaseClassifier, "fit", lambda *_: pytest.fail("fitted again"))
        assert run(*call)[0] == 0
        pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "study" / "study.csv"), said)

    def test_a_system_that_fails(self, run, monkeypatch, tmp_path):
        """The other conditions go on."""
        original = AUDAPhaseClassifier.fit

        def fit(self, clips, *args):
            if clips[0].fps < 20:
                raise ValueError("so few frames")
            return original(self, clips, *args)

        monkeypatch.setattr(AUDAPhaseClassifier, "fit", fit)
        status, _, err = run(*SIGNALS, "--fps", "12.5,50", "--output", tmp_path)
        assert status == 1
        assert "so few frames" in err
        page = (tmp_path / "study" / "table.md").read_text(encoding="utf-8")
        assert [row[1] for row in cells(page, "System")[1:]] == ["–", "–"]
        assert "- 100 %, 12.5 Hz: system 'auda-au' failed in fold 1 of 4: ValueError: so" in page
        assert pd.read_csv(tmp_path / "study" / "study.csv")["problem"].notna().sum() == 1

    def test_across_sets(self, run, tmp_path):
        assert run(*SIGNALS, "--cross-corpus", "cli_inputs:load_other_people", "--fps", "50,25",
                   "--output", tmp_path)[0] == 0
        page = (tmp_path / "cross-corpus" / "study" / "table.md").read_text(encoding="utf-8")
        assert "- Folds: none; trained on all of cli_inputs:load_folded:study" in page
        assert [row[1] for row in cells(page, "Condition")[1:]] == ["24", "24"]

    def test_published_rates(self, run, monkeypatch, tmp_path):
        monkeypatch.setattr(smilegenuine.datasets, "load_uva_nemo",
                            lambda root, on_error: load_folded("study"))
        monkeypatch.setattr("smilegenuine.benchmark.studies.published_rates",
                            lambda name: smilegenuine.datasets.published_rates(name).assign(
                                system="auda-au"))
        assert run("benchmark", "--data", "uva-nemo", "root", *SIGNALS[3:], "--fps", "10",
                   "--output", tmp_path)[0] == 0
        page = (tmp_path / "study" / "table.md").read_text(encoding="utf-8")
        section = page.split("## Published by frame rate\n\n")[1]
        assert [row[1:] for row in cells(section, "System")[1:]] == [
            ["50", "67.0"], ["16.7", "74.5"], ["10", "85.0"], ["5", "82.2"]]
        assert "Faroque" in section
        part = (tmp_path / "study" / "resolution-1_10-hz" / "table.md").read_text("utf-8")
        assert "ublished (%)" not in part  # of recordings as they are


class TestResolution:
    def test_pictures(self, run, videos, monkeypatch, tmp_path):
        """Of pictures of six pixels nothing can be made; that is said, and the study goes on."""
        call = partial(run, "benchmark", "--data", videos, "--systems", "auda-au", "--max-epochs",
                       1, "--folds", 2, "--resolution", "0.05,0.5", "--fps", 6, "--output",
                       tmp_path)
        status, out, err = call()
        assert status == 1
        assert "8 could not be used:" in err
        assert "5 %, 6 Hz: nothing is left to compare systems on" in out
        page = (tmp_path / "study" / "table.md").read_text(encoding="utf-8")
        assert cells(page, "Condition")[1:] == [["5 %, 6 Hz", "0", "8", "–"],
                                                ["50 %, 6 Hz", "8", "0", "6"]]
        assert "- 5 %, 6 Hz: nothing is left to compare systems on" in page
        study = pd.read_csv(tmp_path / "study" / "study.csv")
        assert study["clips"].to_list() == [0, 8]
        seen = []
        monkeypatch.setattr(FaceAligner, "transform_clip", lambda _, clip: seen.append(clip))
        again = call()
        assert (again[0], seen) == (1, [])
        pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "study" / "study.csv"), study)

    def test_same_people_in_the_same_folds_under_all_conditions(self, run, videos, monkeypatch,
                                                                 tmp_path):
        """Though a clip is lost under one of them; and there is a comparison without that clip."""
        original = FaceAligner.transform_clip

        def align(self, clip):
            found = original(self, clip)
            small = clip.frames.resolution < 1
            lost = small and "s001_0" in clip.name
            return found.replace(valid=np.zeros(found.n_frames, bool)) if lost else found

        monkeypatch.setattr(FaceAligner, "transform_clip", align)
        status, _, err = run("benchmark", "--data", videos, "--systems", "auda-au", "--max-epochs",
                             1, "--folds", 4, "--resolution", "1,0.5", "--fps", 6, "--output",
                             tmp_path)
        assert status == 1
        assert "s001_0" in err
        said = [pd.read_csv(tmp_path / "study" / name / "predictions.csv").set_index("clip")
                for name in ("resolution-1_6-hz", "resolution-0.5_6-hz")]
        folds = [table["fold"] for table in said]
        assert [len(fold) for fold in folds] == [8, 7]
        pd.testing.assert_series_equal(folds[0][folds[1].index], folds[1])
        study = pd.read_csv(tmp_path / "study" / "study.csv")
        assert study["common clips"].to_list() == [7, 7]
        kept = said[0][~said[0].index.str.contains("s001_0")]
        assert study["accuracy, common clips"][0] == pytest.approx(
            (kept["truth"] == kept["decision"]).mean())
        page = (tmp_path / "study" / "table.md").read_text(encoding="utf-8")
        assert "Of the 7 clips that all these conditions have" in page


class TestCalls:
    def test_conditions(self):
        assert conditions(None) == conditions({"fps": None}) == ()
        assert conditions({"resolution": (1.0, 0.5), "fps": None}) == (
            Condition(1.0, None), Condition(0.5, None))
        assert conditions({"fps": (25.0, 25)}) == (Condition(1.0, 25.0),)
        assert [str(c) for c in conditions(
            {"resolution": (1.0, 0.25), "fps": (50.0, 12.5)})] == [
            "100 %, 50 Hz", "100 %, 12.5 Hz", "25 %, 50 Hz", "25 %, 12.5 Hz"]
        assert str(Condition(0.5, None)) == "50 %, as recorded"
        assert Condition(0.5, None).text() == "pictures of 50 % of their width and height, all " \
            "frames"

    def test_untimed_recordings(self, tables, run):
        """What `--fps` says elsewhere."""
        for file in tables.glob("*.csv"):
            if file.name != "set.csv":
                pd.read_csv(file).drop(columns=" timestamp").to_csv(file, index=False)
        assert load_labelled(str(tables / "set.csv"), 40.0).clips[0].fps == 40
        status, _, err = run("benchmark", "--data", tables / "set.csv", "--systems", "auda-au",
                             "--max-epochs", 1, "--untimed-fps", 40, "--fps", "80,20", "--output",
                             tables / "out")
        assert (status, "50 frames a second are assumed" in err) == (0, False)
        page = (tables / "out" / "study" / "table.md").read_text(encoding="utf-8")
        assert [row[3] for row in cells(page, "Condition")[1:]] == ["40", "20"]

    @pytest.mark.parametrize(("args", "message"), [
        (["--resolution", "1,2"], "--resolution: must be a number from 0.01 to 1, not 2"),
        (["--resolution", "0"], "--resolution: must be a number from 0.01 to 1, not 0"),
        (["--resolution", "half"], "--resolution: must be a number from 0.01 to 1, not half"),
        (["--resolution", "1,"], "--resolution: must be a number from 0.01 to 1, not nothing"),
        (["--fps", "50,-1"], "--fps: must be a number from 4 to 1000, not -1"),
        (["--fps", "inf"], "--fps: must be a number from 4 to 1000, not inf"),
        (["--untimed-fps", "50,25"], "--untimed-fps: must be a number from 4 to 1000, not 50,25"),
    ])
    def test_wrong_call(self, args, message, run):
        status, _, err = run("benchmark", *args)
        assert status == 2
        assert message in err

    def test_no_pictures_to_make_smaller(self, run, monkeypatch, tmp_path):
        forbid_measuring(monkeypatch)
        status, out, err = run(*SIGNALS, "--resolution", "1,0.5", "--output", tmp_path)
        assert (status, out) == (1, "")
        assert "load_folded:study has no pictures to make smaller, only what was measured" in err
