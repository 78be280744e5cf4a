"""`smilegenuine benchmark` under the folds that come with a set, or folds of its own."""

from __future__ import annotations

import pandas as pd
import pytest
from cli_inputs import forbid_measuring

from smilegenuine.benchmark.sets import load_labelled

SYSTEM = ("--systems", "auda-au", "--max-epochs", 1)


class TestPublished:
    def test_they_are_used(self, run, tmp_path):
        status, _, err = run("benchmark", "--data", "cli_inputs:load_folded", *SYSTEM,
                             "--output", tmp_path, "--by", "mood")
        assert status == 1
        assert err == ("cli_inputs:load_folded: 1 wrong or missing:\n"
                       "  1 listed, but not there: x9\n")
        said = pd.read_csv(tmp_path / "predictions.csv")
        assert said.groupby("fold")["subject"].agg(lambda s: sorted(set(s))).to_dict() == {
            k + 1: [f"s00{2 * k}", f"s00{2 * k + 1}"] for k in range(4)}
        page = (tmp_path / "table.md").read_text(encoding="utf-8")
        for text in ("16 clips, 1 wrong or missing in the set, 8 subjects",
                     "Folds: 4 published folds; random state 0",
                     "Data set: Smiles of eight people\n", "## By mood"):
            assert text in page, text
        assert "published figures" not in page
        assert pd.read_csv(tmp_path / "left_out.csv").to_numpy().tolist() == [
            ["x9", "x9: listed, but not there", "listed, but not there"]]

    def test_own_folds_on_request(self, run, tmp_path):
        assert run("benchmark", "--data", "cli_inputs:load_folded", *SYSTEM, "--output", tmp_path,
                   "--folds", 2)[0] == 1
        scores = pd.read_csv(tmp_path / "scores.csv")
        assert list(scores["subjects"]) == [4, 4]
        assert "Folds: 2 folds by subject;" in (tmp_path / "table.md").read_text(encoding="utf-8")

    def test_a_fold_of_which_nothing_is_left(self, run, tmp_path):
        """The others keep their people, and the report says so."""
        status, _, err = run("benchmark", "--data", "cli_inputs:load_folded:lost", *SYSTEM,
                             "--output", tmp_path)
        assert status == 1
        assert err.startswith("4 could not be used:\n")
        said = pd.read_csv(tmp_path / "predictions.csv")
        assert said.groupby("fold")["subject"].agg(lambda s: sorted(set(s))).to_dict() == {
            1: ["s000", "s001"], 2: ["s002", "s003"], 4: ["s006", "s007"]}
        page = (tmp_path / "table.md").read_text(encoding="utf-8")
        assert "Folds: 3 published folds (nothing is left of fold 3);" in page

    def test_who_is_never_tested_is_trained_on(self, run, tmp_path):
        assert run("benchmark", "--data", "cli_inputs:load_folded:untested", *SYSTEM, "--output",
                   tmp_path)[0] == 0
        said = pd.read_csv(tmp_path / "predictions.csv")
        assert sorted(set(said["subject"])) == [f"s00{i}" for i in (0, 1, 4, 5, 6, 7)]

    @pytest.mark.parametrize(("data", "message"), [
        ("load_folded:shared", "4 published folds: subject s000 is in the training and in the test "
                               "part of fold 1; ask for folds by subject with --folds K"),
        ("load_folded:one class", "2 published folds: too little to train on: y has one class"),
        ("load_wrong_folds", "load_wrong_folds: folds must be a PredefinedSplit, or the test fold "
                             "of each of 16 recordings: whole numbers from 0, -1 where"),
        ("load_short_metadata", "load_short_metadata: 16 recordings, and 3 rows of metadata"),
    ])
    def test_mistakes_are_found_before_the_work(self, data, message, run, monkeypatch, tmp_path):
        forbid_measuring(monkeypatch)
        status, out, err = run("benchmark", "--data", f"cli_inputs:{data}", *SYSTEM, "--output",
                               tmp_path)
        assert (status, out) == (1, "")
        assert message in err


class TestSet:


    def test_table(self, tables):
        rows = pd.read_csv(tables / "set.csv")
        rows["fold"] = [1, 1, 1, 1, 2, 2, 2, 2, 3, 3]
        rows["gender"] = ["female", "male"] * 5
        bad = pd.DataFrame({"path": ["no.csv"], "label": "posed", "subject": "s9", "fold": 1})
        pd.concat([bad, rows]).to_csv(tables / "set.csv", index=False)
        data = load_labelled(str(tables / "set.csv"))
        assert data.folds.test.tolist() == [0] * 4 + [1] * 4 + [2] * 2
        assert data.metadata["gender"].to_list() == ["female", "male"] * 5
        assert len(data.failures) == 1
