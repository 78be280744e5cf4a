"""`smilegenuine benchmark --cross-corpus`: trained on one set, tested on others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cli_inputs import forbid_measuring

CALL = ("benchmark", "--data", "cli_inputs:load_folded", "--systems", "auda-au,auda-cross",
        "--max-epochs", 1)


class TestComparison:
    def test_trained_on_all_of_one_tested_on_all_of_others(self, run, tmp_path):
        status, out, err = run(*CALL, "--cross-corpus", "cli_inputs:load_other_people",
                               "--cross-corpus", "cli_inputs:load_signals:3", "--output", tmp_path)
        assert status == 1
        assert "  1 listed, but not there: x9\n" in err
        folder = tmp_path / "cross-corpus"
        assert {path.name for path in tmp_path.iterdir()} <= {"cache", "cross-corpus"}
        said = pd.read_csv(folder / "predictions.csv")
        assert set(said["fold"]) == {1}
        assert said.groupby("system")["clip"].size().to_list() == [13, 13]  # 8, and 5 of 6
        who = said["subject"].str.partition(": ")
        assert who[0].value_counts().to_dict() == {"cli_inputs:load_other_people": 16,
                                                   "cli_inputs:load_signals:3": 10}
        page = (folder / "table.md").read_text(encoding="utf-8")
        for text in ("# Systems compared on cli_inputs:load_other_people, cli_inputs:load_signals"
                     ":3, trained on cli_inputs:load_folded\n",
                     "Folds: none; trained on all of cli_inputs:load_folded (16 clips, 8 subjects),"
                     " tested on all of cli_inputs:load_other_people (8 clips, 4 subjects), "
                     "cli_inputs:load_signals:3 (5 clips, 3 subjects); random state 0",
                     "no spread, no interval and no t-test", "## By corpus",
                     ", 1 left out, 1 wrong or missing in the set, "):
            assert text in page, text
        assert "## By corpus" in out
        assert " ± " not in out  # of one fold

    def test_scores_of_one_fold(self, run, tmp_path):
        assert run(*CALL, "--cross-corpus", "cli_inputs:load_other_people", "--output",
                   tmp_path)[0] == 1
        summary = pd.read_csv(tmp_path / "cross-corpus" / "summary.csv").set_index("system")
        said = pd.read_csv(tmp_path / "cross-corpus" / "predictions.csv")
        right = (said["truth"] == said["decision"]).groupby(said["system"]).mean()
        np.testing.assert_allclose(summary["accuracy"], right[summary.index])
        assert summary[["accuracy sd", "accuracy lower", "p (t-test)"]].isna().all().all()
        assert 0 < summary.loc["auda-cross", "p (McNemar)"] <= 1

    def test_apart_from_the_set_by_itself_and_resumed(self, run, tmp_path):
        within = [*CALL, "--output", tmp_path]
        across = [*within, "--cross-corpus", "cli_inputs:load_other_people"]
        run(*within)
        before = (tmp_path / "table.md").read_bytes()
        run(*across)
        said = pd.read_csv(tmp_path / "cross-corpus" / "predictions.csv")
        (tmp_path / "cross-corpus" / "results" / "auda-au" / "fold-001.json").unlink()
        out = run(*across)[1]
        assert "holds 1 finished folds of these systems; the run goes on from there" in out
        pd.testing.assert_frame_equal(
            pd.read_csv(tmp_path / "cross-corpus" / "predictions.csv"), said)
        assert (tmp_path / "table.md").read_bytes() == before

    def test_by_what_is_known_in_one_of_the_sets(self, run, tmp_path):
        run(*CALL, "--cross-corpus", "cli_inputs:load_other_people", "--by", "gender", "--output",
            tmp_path)
        page = (tmp_path / "cross-corpus" / "table.md").read_text(encoding="utf-8")
        assert page.count("\n| auda-au ") == 1 + 1 + 2  # all together, a corpus, two genders


class TestErrors:
    @pytest.mark.parametrize(("args", "message"), [
        (["cli_inputs:load_other_people:words"],
         "the labels of cli_inputs:load_other_people:words are fake, real, and those of "
         "cli_inputs:load_folded, which is trained on, posed, spontaneous; give them the same"),
        (["cli_inputs:load_other_people", "--folds", "5"], "--folds 5: with --cross-corpus all of"),
        (["cli_inputs:load_other_people", "--by", "shoe"], "--by shoe: no such column; besides la"),
        (["make_smiles"], "people are drawn for --data only"),
        (["cli_inputs:load_words"], "gives str; a Bunch with data, target and groups is needed"),
        (["nowhere.csv"], "nowhere.csv: no such file"),
        (["cli_inputs:load_other_people", "--data", "cli_inputs:load_two_subjects", "--systems",
          "auda-fusion"], "across data sets: too little to train on: 3 subjects are needed"),
    ])
    def test_mistakes_are_found_before_the_work(self, args, message, run, monkeypatch, tmp_path):
        forbid_measuring(monkeypatch)
        status, out, err = run(*CALL, "--output", tmp_path, "--cross-corpus", *args)
        assert (status, out) == (1, "")
        assert message in err

    def test_nothing_left_to_test(self, run, tmp_path):
        """One of the systems needs pictures, which only the set that is trained on has."""
        status, _, err = run("benchmark", "--data", "cli_inputs:load_faces", "--systems",
                             "realsmilenet", "--cross-corpus", "cli_inputs:load_other_people",
                             "--output", tmp_path)
        assert status == 1
        assert "no recording is in the test part of a fold" in err

    def test_the_same_recordings(self, run, tables, monkeypatch):
        forbid_measuring(monkeypatch)
        (tables / "more").mkdir()
        rows = pd.read_csv(tables / "set.csv")
        rows["path"] = [f"../{path}" for path in rows["path"]]
        rows[3:7].to_csv(tables / "more" / "new.csv", index=False)
        status, _, err = run("benchmark", "--data", tables / "set.csv", "--systems", "auda-au",
                             "--cross-corpus", tables / "more" / "new.csv", "--output",
                             tables / "out")
        assert status == 1
        assert "4 recordings of " in err
        assert "smile é 3.csv; what is tested must not be known" in err
