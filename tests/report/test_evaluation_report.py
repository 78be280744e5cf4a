"""The report about an evaluation: the numbers are those of the evaluation."""

from __future__ import annotations

import dataclasses
import sys

import numpy as np
import pandas as pd
import pytest
from html_page import NASTY as NASTY_NAME
from html_page import Page, check_page, shown

from smilegenuine.datasets import published_figures
from smilegenuine.evaluation.comparison import Evaluation, score
from smilegenuine.report import write_evaluation_report

pytest.importorskip("matplotlib")
NASTY = NASTY_NAME.replace("\udce9", "")  # which columns of strings do not take


def evaluation(names, n_folds=3, n=8, values=True, classes=(0, 1)) -> Evaluation:
    """What systems would have said that are right now and then."""
    rng = np.random.default_rng(0)
    classes = np.array(classes)
    scores, said = [], []
    for name in names:
        for fold in range(1, n_folds + 1):
            truth = np.arange(n) % 2
            logit = rng.normal(size=n) + 1.5 * (truth - 0.5)
            decided = (logit > 0).astype(int)
            scores.append({"system": name, "fold": fold, "clips": n, "subjects": n // 2,
                           **score(truth == 1, decided == 1,
                                   logit if values else np.full(n, np.nan)),
                           "fit time (s)": 1.25, "predict time (ms)": 321.0})
            said.append(pd.DataFrame({
                "system": name, "fold": fold, "index": np.arange(n) + n * (fold - 1),
                "clip": "", "subject": np.arange(n) // 2 + 10 * fold, "truth": classes[truth],
                "decision": classes[decided], "score": logit if values else np.nan}))
    metadata = pd.DataFrame({NASTY: [NASTY, "b"] * (n_folds * n // 2)})
    return Evaluation(pd.DataFrame(scores), pd.concat(said, ignore_index=True), classes,
                      np.full(n_folds, n * (n_folds - 1)), n_folds * n, metadata)


def write(found, tmp_path, **options) -> Page:
    page = Page(write_evaluation_report(found, tmp_path / "new" / "r.html", **options))
    check_page(page)
    return page


def cells(page: Page, label: str) -> list[list[str]]:
    """Rows of the table of some name."""
    source = page.source.partition(f'aria-label="{label}"')[2].partition("</table>")[0]
    rows = source.partition("<tbody>")[2].split("<tr>")[1:]
    return [[cell.partition(">")[2].partition("</td>")[0].replace("</bdi>", "").rpartition(">")[2]
             for cell in row.split("<td")[1:]] for row in rows]


class TestNumbers:
    def test_scores_are_those_of_the_summary(self, tmp_path):
        found = evaluation(["auda-au", "fusion"])
        page = write(found, tmp_path, reference="fusion", published=published_figures("uva-nemo"))
        summary = found.summary("fusion")
        rows = cells(page, "Scores, a row a system")
        for row, expected in zip(rows, summary.to_dict("records"), strict=True):
            assert row[:2] == [expected["system"], str(expected["clips"])]
            mean, sd = 100 * expected["accuracy"], 100 * expected["accuracy sd"]
            assert row[2] == f"{mean:.1f} ± {sd:.1f}"
            low, high = max(expected["accuracy lower"], 0), min(expected["accuracy upper"], 1)
            assert row[3] == f"{100 * low:.1f} to {100 * high:.1f}"
            assert row[-2:] == ["1.25", "321"]
        assert [row[4] for row in rows] == ["80.1 ± 2.9", "81.8 ± 2.9"]
        assert rows[1][8:11] == ["–", "–", "–"]
        assert rows[0][8] == f"{100 * summary['difference'][0]:+.1f}".replace("-", "−")
        text = page.text()
        assert "The published figures" in text
        assert "Pawlus, Smolka, Kawulok" in text
        assert "Faroque" not in text  # of a system that is not compared

    def test_folds_and_breakdown(self, tmp_path):
        found = evaluation(["a"])
        page = write(found, tmp_path, by=[NASTY])
        folds = cells(page, "Scores, a row a system and fold")
        assert [row[1] for row in folds] == ["1", "2", "3"]
        assert [row[4] for row in folds] == [f"{100 * a:.1f}" for a in found.scores["accuracy"]]
        kinds = cells(page, "Scores by kind")
        assert [row[4] for row in kinds] == [
            f"{100 * a:.1f}" for a in found.breakdown(NASTY)["accuracy"]]

    def test_words_of_pictures(self, tmp_path):
        found = evaluation(["a"])
        alts = [img["alt"] for img in write(found, tmp_path).of("img")]
        mean = found.scores["accuracy"].mean()
        assert alts[0] == f"Accuracy of each system, fold by fold. Means: a {100 * mean:.1f} %."
        assert alts[1] == f"ROC curves. Mean AUC: a {found.scores['AUC'].mean():.2f}."
        said = found.predictions
        hits = int(((said["truth"] == 1) & (said["decision"] == 1)).sum())
        assert f"of 12 spontaneous {12 - hits} taken for posed, {hits} for spontaneous" in alts[2]


class TestNames:
    def test_nobodys_name_gets_through(self, tmp_path):
        found = evaluation([NASTY, "x" * 300], classes=(NASTY, "z" * 300))
        left = pd.DataFrame({"clip": [NASTY], "error": [f"{NASTY}: no face"]})
        page = write(found, tmp_path, title=NASTY, reference=NASTY, by=[NASTY],
                     about=[(NASTY, NASTY)], notes=f"## {NASTY.splitlines()[0]}", left_out=left,
                     caution=NASTY)
        for inside in ("h1", "h2", "td", "dt", "dd", "li", "p", "th", "title"):
            assert shown(NASTY.splitlines()[0])[:30] in page.text(inside), inside

    def test_names_that_come_out_alike_stay_apart(self, tmp_path):
        rows = cells(write(evaluation(["a\n", "a\\n"]), tmp_path), "Scores, a row a system")
        assert [row[0] for row in rows] == ["a\\n (1)", "a\\n (2)"]

    def test_words_for_classes(self, tmp_path):
        found = evaluation(["a"])
        assert "are about spontaneous." in write(found, tmp_path).text()
        assert "are about echt." in write(found, tmp_path, labels=["falsch", "echt"]).text()
        with pytest.raises(ValueError, match="labels must be two that differ"):
            write_evaluation_report(found, tmp_path / "r.html", labels=["same", "same"])
        with pytest.raises(ValueError, match="labels must be two that differ"):
            write_evaluation_report(found, tmp_path / "r.html", labels=["a"])


class TestOddEvaluations:
    def test_no_scores(self, tmp_path):
        page = write(evaluation(["a"], values=False), tmp_path)
        assert cells(page, "Scores, a row a system")[0][5] == "–"

    def test_one_fold(self, tmp_path):
        page = write(evaluation(["a", "b"], n_folds=1), tmp_path, reference="a")
        assert "Of one training, so that nothing is known of the spread" in page.text()
        assert cells(page, "Scores, a row a system")[1][3] == "–"

    def test_no_times(self, tmp_path):
        found = evaluation(["a"])
        found = dataclasses.replace(found, scores=found.scores.assign(**{
            "fit time (s)": np.nan, "predict time (ms)": np.nan}))
        assert cells(write(found, tmp_path), "Scores, a row a system")[0][-2:] == ["–", "–"]

    def test_many_systems_and_left_out_clips(self, tmp_path):
        left = pd.DataFrame({"clip": "c", "error": [f"c{k}: bad" for k in range(250)]})
        page = write(evaluation([f"s{k}" for k in range(14)], n_folds=1), tmp_path, left_out=left)
        assert len(page.of("img")) == 2 + 12
        assert "Confusion matrices of the first 12 systems are drawn." in page.text()
        assert "… and 50 more" in page.text()
        assert "c199: bad" in page.text()
        assert "c200: bad" not in page.text()

    def test_published_of_other_systems(self, tmp_path):
        page = write(evaluation(["mine"]), tmp_path, published=published_figures("spos"))
        assert "ublished" not in page.text()


class TestWhatIsRefused:
    def test_no_evaluation(self, tmp_path):
        with pytest.raises(TypeError, match="found must be an Evaluation"):
            write_evaluation_report(pd.DataFrame(), tmp_path / "r.html")

    @pytest.mark.parametrize(("options", "match"), [
        ({"reference": "b"}, "there is no system 'b' to compare with; there is a"),
        ({"by": ["age"]}, "there is no column 'age'")])
    def test_what_is_not_there(self, options, match, tmp_path):
        with pytest.raises(ValueError, match=match):
            write_evaluation_report(evaluation(["a"]), tmp_path / "r.html", **options)
        assert not list(tmp_path.iterdir())

    def test_a_folder(self, tmp_path):
        with pytest.raises(IsADirectoryError, match="give the name of a file"):
            write_evaluation_report(evaluation(["a"]), tmp_path)

    def test_no_matplotlib(self, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        with pytest.raises(ImportError, match=r"smilegenuine\[plot\]"):
            write_evaluation_report(evaluation(["a"]), tmp_path / "r.html")
