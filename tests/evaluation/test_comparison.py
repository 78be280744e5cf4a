"""The tables of an evaluation, from predictions that are known to the last clip."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import balanced_accuracy_score, f1_score, roc_auc_score

from smilegenuine.evaluation.comparison import SCORES, Evaluation, score
from smilegenuine.evaluation.significance import corrected_interval, corrected_resampled_ttest

# Clips 0 to 9 of five people, two each; clip 9 is never tested, and folds are of 4, 3 and 2 clips.
SUBJECTS = np.repeat(list("abcde"), 2)
TRUTH = np.array(["p", "s", "s", "p", "p", "p", "s", "s", "p", "s"])
FOLDS = [[0, 1, 2, 3], [6, 7, 8], [4, 5]]
RIGHT = {"good": [1, 1, 1, 1, 1, 1, 1, 0, 1], "bad": [0, 1, 0, 1, 0, 1, 1, 1, 0]}
TRAIN = np.array([6, 6, 8])


@pytest.fixture(autouse=True)
def no_noise():
    """Folds and kinds of one class are ordinary; nothing may warn of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def evaluation(right=RIGHT, metadata=None, folds=FOLDS) -> Evaluation:
    rows, said = [], []
    for name, answers in right.items():
        answers = iter(answers)
        for fold, test in enumerate(folds, 1):
            correct = np.array([next(answers) for _ in test], dtype=bool)
            truth = TRUTH[test]
            decision = np.where(correct, truth, np.where(truth == "p", "s", "p"))
            value = np.where(decision == "s", 0.5, -0.5) + np.arange(len(test)) / 100
            said.append(pd.DataFrame({
                "system": name, "fold": fold, "index": test, "clip": "",
                "subject": SUBJECTS[test], "truth": truth, "decision": decision, "score": value}))
            rows.append({"system": name, "fold": fold, "clips": len(test),
                         "subjects": len(set(SUBJECTS[test])),
                         **score(truth == "s", decision == "s", value),
                         "fit time (s)": fold, "predict time (ms)": 100.0 * fold})
    table = None if metadata is None else pd.DataFrame(metadata)
    return Evaluation(pd.DataFrame(rows), pd.concat(said, ignore_index=True), np.array(["p", "s"]),
                      TRAIN[:len(folds)], 10, table)


class TestScore:
    def test_as_scikit_learn(self):
        rng = np.random.default_rng(0)
        truth, decision = rng.uniform(size=(2, 31)) > 0.4
        values = rng.normal(size=31).round(1) + decision
        found = score(truth, decision, values)
        assert tuple(found) == SCORES
        assert found == pytest.approx({
            "accuracy": np.mean(truth == decision), "F1": f1_score(truth, decision),
            "balanced accuracy": balanced_accuracy_score(truth, decision),
            "AUC": roc_auc_score(truth, values)})

    def test_one_class(self):
        yes, no = np.ones(4, bool), np.zeros(4, bool)
        some = np.array([True, False, False, False])
        found = score(no, some, some * 1.0)
        assert np.isnan(found.pop("AUC"))
        assert found == {"accuracy": 0.75, "balanced accuracy": 0.75, "F1": 0.0}
        assert np.isnan(score(no, no, some * 1.0)["F1"])
        assert score(yes, yes, some * 1.0)["F1"] == 1.0
        assert score(yes, no, some * 1.0)["F1"] == 0.0

    def test_values_that_are_no_numbers(self):
        truth = np.array([True, False, True, False])
        assert score(truth, truth, np.array([np.inf, -np.inf, 3.0, 4.0]))["AUC"] == 0.75
        assert np.isnan(score(truth, truth, np.array([1.0, np.nan, 3.0, 4.0]))["AUC"])


class TestSummary:
    def test_means_and_intervals(self):
        found = evaluation()
        row = found.summary().set_index("system").loc["bad"]
        known = [2 / 4, 2 / 3, 1 / 2]
        assert found.scores.query("system == 'bad'")["accuracy"].tolist() == known
        assert (row["folds"], row["clips"]) == (3, 9)
        assert row["accuracy"] == pytest.approx(np.mean(known))
        assert row["accuracy sd"] == pytest.approx(np.std(known, ddof=1))
        # Mean sizes: 20 / 3 clips to train on, 3 to test.
        error = np.sqrt((1 / 3 + 3 / (20 / 3)) * np.var(known, ddof=1))
        half = stats.t.ppf(0.975, 2) * error
        assert (row["accuracy lower"], row["accuracy upper"]) == pytest.approx(
            (np.mean(known) - half, np.mean(known) + half))
        assert (row["fit time (s)"], row["predict time (ms)"]) == (2.0, 200.0)

    def test_every_score_has_its_columns(self):
        table = evaluation().summary()
        assert list(table["system"]) == ["good", "bad"]
        assert list(table) == [
            "system", "folds", "clips",
            *(f"{s}{part}" for s in SCORES for part in ("", " sd", " lower", " upper")),
            "fit time (s)", "predict time (ms)"]

    def test_folds_without_a_score_are_left_out_of_it(self):
        """The last fold has posed smiles only."""
        found = evaluation({"a": [0, 1, 1, 1, 0, 1, 1, 1, 0]})
        row = found.summary().iloc[0]
        assert found.scores["AUC"].isna().tolist() == [False, False, True]
        first, second = found.scores["AUC"][:2]
        assert first != second
        assert row["AUC"] == pytest.approx((first + second) / 2)
        assert (row["AUC lower"], row["AUC upper"]) == pytest.approx(
            corrected_interval([first, second], 6, 3.5))

    def test_confidence(self):
        found = evaluation()
        half, most = (found.summary(confidence=c).iloc[1] for c in (0.5, 0.99))
        assert most["accuracy lower"] < half["accuracy lower"] < half["accuracy"]
        with pytest.raises(ValueError, match="confidence must be between 0 and 1"):
            found.summary(confidence=95)

    def test_a_single_fold(self):
        row = evaluation({"good": [1, 1, 0, 1], "bad": [1, 0, 0, 0]},
                         folds=FOLDS[:1]).summary("bad").iloc[0]
        assert row["accuracy"] == 0.75
        assert row[["accuracy sd", "accuracy lower", "accuracy upper", "p (t-test)"]].isna().all()
        assert (row["only right"], row["p (McNemar)"]) == (2, 0.5)

    def test_a_score_that_no_fold_has(self):
        found = evaluation({"a": [1, 0]}, folds=FOLDS[2:])
        assert found.summary().loc[0, ["AUC", "AUC sd", "AUC lower"]].isna().all()


class TestReference:
    def test_differences(self):
        found = evaluation()
        table = found.summary("good").set_index("system")
        row = table.loc["bad"]
        good = found.scores.query("system == 'good'")["accuracy"].tolist()
        bad = found.scores.query("system == 'bad'")["accuracy"].tolist()
        assert good == [1.0, 1.0, 0.5]
        assert row["difference"] == pytest.approx(np.mean(bad) - np.mean(good))
        assert row["p (t-test)"] == corrected_resampled_ttest(bad, good, 20 / 3, 3)[1]
        # Only clip 4 is right by "bad" alone; by "good" alone 0, 2, 6 and 5.
        assert (row["only right"], row["only reference right"]) == (1, 4)
        assert row["p (McNemar)"] == pytest.approx(2 * (1 + 5) / 2**5)

    def test_its_own_row_is_empty(self):
        table = evaluation().summary("good").set_index("system")
        own = ["difference", "p (t-test)", "only right", "only reference right", "p (McNemar)"]
        assert table.loc["good", own].isna().all()
        assert table.loc["bad", own].notna().all()
        assert list(table.columns[-5:]) == own

    def test_the_same_system_twice(self):
        row = evaluation({"a": RIGHT["bad"], "b": RIGHT["bad"]}).summary("a").iloc[1]
        assert row[["difference", "only right", "only reference right"]].tolist() == [0, 0, 0]
        assert row[["p (t-test)", "p (McNemar)"]].tolist() == [1.0, 1.0]

    def test_differs_by_the_same_everywhere(self):
        pairs = [[0, 1], [2, 3], [6, 7]]
        row = evaluation({"a": [1, 1] * 3, "b": [1, 0] * 3}, folds=pairs).summary("a").iloc[1]
        assert (row["difference"], row["p (t-test)"], row["p (McNemar)"]) == (-0.5, 0.0, 0.25)

    def test_unknown(self):
        with pytest.raises(ValueError, match="no system 'best' to compare with; there is 'good'"):
            evaluation().summary("best")
        with pytest.raises(ValueError, match="no system 'best'"):
            evaluation().to_markdown("best")


class TestBreakdown:
    AGE = [30, 30, 8, 8, 70, 70, 8, 8, np.nan, 30]
    SEX = ["f", "f", "m", "m", None, None, "f", "f", "m", "m"]

    def test_a_column(self):
        table = evaluation(metadata={"sex": self.SEX}).breakdown("sex")
        assert list(table) == ["system", "sex", "clips", "subjects", *SCORES]
        assert table[["system", "sex", "clips", "subjects"]].to_numpy().tolist() == [
            ["good", "f", 4, 2], ["good", "m", 3, 2], ["good", "unknown", 2, 1],
            ["bad", "f", 4, 2], ["bad", "m", 3, 2], ["bad", "unknown", 2, 1]]
        # Right of 0, 1, 6, 7; of 2, 3, 8; of 4, 5.
        assert table["accuracy"].tolist() == [1, 1, 0.5, 0.5, 2 / 3, 0.5]
        # Posed 0 wrong, spontaneous 1 and 7 right, 6 wrong.
        assert table.loc[3, ["balanced accuracy", "F1"]].tolist() == pytest.approx([1 / 3, 4 / 6])
        assert table.loc[3, "AUC"] == pytest.approx(2 / 3)
        assert table["AUC"].isna().tolist() == [False, False, True] * 2

    def test_several_columns(self):
        found = evaluation(metadata={"sex": self.SEX, "age": self.AGE})
        table = found.breakdown(["age", "sex"])
        assert table[["age", "sex", "clips"]][:5].to_numpy().tolist() == [
            [8, "f", 2], [8, "m", 2], [30, "f", 2], [70, "unknown", 2], ["unknown", "m", 1]]

    def test_intervals_stay_in_order(self):
        ages = pd.cut(pd.Series(self.AGE, name="years"), [0, 9, 50, 60, 100],
                      labels=["up to 9", "10 to 50", "to 60", "beyond"])
        table = evaluation().breakdown(ages)
        assert list(table["years"])[:4] == ["up to 9", "10 to 50", "beyond", "unknown"]
        assert list(table["clips"])[:4] == [4, 2, 2, 1]
        cut = evaluation().breakdown(pd.cut(self.AGE, [0, 9, 100]))
        assert list(cut["kind"])[:3] == [pd.Interval(0, 9), pd.Interval(9, 100), "unknown"]

    def test_by_position_and_not_by_index(self):
        kind = pd.Series(np.arange(10) < 5, index=np.arange(10)[::-1])
        table = evaluation().breakdown(kind)
        assert table[["kind", "clips"]][:2].to_numpy().tolist() == [[False, 4], [True, 5]]

    @pytest.mark.parametrize("by", [SUBJECTS, list(SUBJECTS), tuple(SUBJECTS)])
    def test_arrays_and_lists(self, by):
        assert list(evaluation().breakdown(by)["kind"])[:5] == list("abcde")

    def test_unknown_by_name_and_missing_are_one(self):
        kinds = ["zoo", "unknown", None, *["zoo"] * 7]
        table = evaluation().breakdown(kinds)
        assert table[["kind", "clips"]][:2].to_numpy().tolist() == [["zoo", 7], ["unknown", 2]]

    def test_clips_that_are_tested_twice(self):
        folds = [[0, 1], [0, 1, 2]]
        table = evaluation({"a": [1, 1, 0, 1, 1]}, folds=folds).breakdown(SUBJECTS)
        assert table[["clips", "subjects"]].to_numpy().tolist() == [[2, 1], [1, 1]]
        assert table["accuracy"].tolist() == [0.75, 1.0]

    @pytest.mark.parametrize(("by", "match"), [
        ("agee", "no column 'agee' to break the scores down by; there is age, sex"),
        (["sex", "agee"], "no column 'agee'"), ([3], "no column 3"),
        ([], "by names no column"), (np.arange(9), "a value for each of 10 clips, not 9 values"),
    ])
    def test_refusals(self, by, match):
        found = evaluation(metadata={"age": self.AGE, "sex": self.SEX})
        with pytest.raises(ValueError, match=match):
            found.breakdown(by)

    def test_no_metadata(self):
        with pytest.raises(ValueError, match="there is no metadata; give evaluate some"):
            evaluation().breakdown("age")

    def test_names_of_the_table_itself(self):
        with pytest.raises(ValueError, match="a column 'clips' of its own; rename that of the met"):
            evaluation(metadata={"clips": self.AGE}).breakdown("clips")


class TestText:
    def rows(self, text):
        lines = text.splitlines()
        assert len({len(line) for line in lines}) == 1
        assert set(lines[1]) == set("|:-")
        return [[cell.strip() for cell in line.strip("|").split(" | ")]
                for line in (lines[0], *lines[2:])]

    def test_lines(self):
        head, good, bad = self.rows(evaluation().to_markdown())
        assert head == ["System", "Clips", "Accuracy (%)", "95 % CI", "Balanced accuracy (%)",
                        "AUC (%)", "F1 (%)", "Fit (s)", "Predict (ms)"]
        assert good[:3] == ["good", "9", "83.3 ± 28.9"]
        assert bad[2:4] == ["55.6 ± 9.6", "[18.9, 92.2]"]
        assert bad[-2:] == ["2", "200"]

    def test_with_a_reference(self):
        head, good, bad = self.rows(evaluation().to_markdown("good", confidence=0.9))
        assert head[3] == "90 % CI"
        assert head[7:10] == ["Δ to good", "p (t-test)", "p (McNemar)"]
        assert good[7:10] == ["–", "–", "–"]
        assert bad[7] == "-27.8"
        assert bad[9] == "0.38"

    def test_p_values(self):
        pairs = [[0, 1], [2, 3], [6, 7]]
        _, _, b = self.rows(evaluation({"a": [1, 1] * 3, "b": [1, 0] * 3},
                                       folds=pairs).to_markdown("a"))
        assert b[8:10] == ["< 0.001", "0.25"]

    def test_what_is_not_known(self):
        text = evaluation({"a": [1, 0]}, folds=FOLDS[2:]).to_markdown()
        assert "nan" not in text
        _, row = self.rows(text)
        assert row[2:6] == ["50.0", "–", "50.0", "–"]

    def test_one_fold(self):
        """Only McNemar's test says something: of one training there is no spread."""
        found = evaluation({"a": [1, 1], "b": [1, 0]}, folds=[[0, 1]])
        _, _, b = self.rows(found.to_markdown("a"))
        assert b[2:4] == ["50.0", "–"]
        assert b[7:10] == ["-50.0", "–", "1.00"]

    def test_columns_beside_the_accuracy(self):
        head, good, bad = self.rows(evaluation().to_markdown(
            beside={"Published (%)": {"bad": "81.8 ± 2.9", "another": "1"}, "Of": {"good": "a|b"}}))
        assert head[2:7] == ["Accuracy (%)", "95 % CI", "Published (%)", "Of",
                             "Balanced accuracy (%)"]
        assert good[4:6] == ["–", "a\\|b"]
        assert bad[4:6] == ["81.8 ± 2.9", "–"]

    def test_names_that_would_end_a_cell(self):
        text = evaluation({"a|b": RIGHT["good"], "c": RIGHT["bad"]}).to_markdown("a|b")
        assert "| a\\|b " in text
        assert "Δ to a\\|b |" in text
        assert {line.replace("\\|", "").count("|") for line in text.splitlines()} == {13}


def test_it_is_frozen_and_says_what_it_holds():
    found = evaluation()
    assert repr(found) == "Evaluation(systems=['good', 'bad'], folds=3, clips=10)"
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.n_clips = 3
