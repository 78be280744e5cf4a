"""`run_benchmark`: from Python, the table that the command prints; its result and its mistakes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli_inputs import KINDS, load_folded, load_other_people, load_signals
from drawn import known_clips
from html_page import Page, check_page

import smilegenuine
from smilegenuine.benchmark import BenchmarkOptions, BenchmarkResult, StudyResult, run_benchmark
from smilegenuine.cli import main
from smilegenuine.cli.demo import CAVEAT
from smilegenuine.datasets import make_smiles
from smilegenuine.evaluation.comparison import Evaluation
from smilegenuine.evaluation.evaluate import evaluate
from smilegenuine.systems.named_systems import make_system, set_networks

TIMES = ["fit time (s)", "predict time (ms)"]


def rows(text: str) -> list[list[str]]:
    """The cells of the first table in Markdown, but the times at the end of each row."""
    table = text[text.index("| System"):].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in row.split("|")[1:-3]] for row in [table[0], *table[2:]]]


def same_as_the_command(folder: Path, capsys, data: object, words: list[str], **options) -> str:
    """Compare in Python and by the command, each with a folder of its own; give what is printed."""
    found = run_benchmark(data, ("auda-au", "auda-cross"), max_epochs=1, device="cpu",
                          results=folder / "python", **options)
    printed = str(found)
    capsys.readouterr()
    if (folder / "python" / "cache").exists():  # measured once is enough
        shutil.copytree(folder / "python" / "cache", folder / "command" / "cache")
    main(["benchmark", "--data", *words, "--systems", "auda-au,auda-cross", "--max-epochs", "1",
          "--device", "cpu", "--n-jobs", "1", "--quiet", "--output", str(folder / "command")])
    said = capsys.readouterr().out
    assert rows(printed) == rows(said)
    files = {path.name for path in (folder / "command").glob("*.csv")}
    assert files == {"scores.csv", "summary.csv", "predictions.csv", "left_out.csv"}
    for name in files:
        mine, theirs = (pd.read_csv(folder / who / name) for who in ("python", "command"))
        pd.testing.assert_frame_equal(*(
            table.drop(columns=[column for column in (*TIMES, "clip", "error") if column in table])
            for table in (mine, theirs)), check_exact=True)
    assert rows((folder / "python" / "table.md").read_text("utf-8")) == rows(said)
    return printed


class TestSameAsTheCommand:
    def test_known_signals(self, capsys, tmp_path):
        same_as_the_command(tmp_path, capsys, "cli_inputs:load_signals", [
            "cli_inputs:load_signals", "--folds", "3", "--by", "age"], folds=3, by="age")

    @pytest.mark.slow
    def test_drawn_people(self, monkeypatch, capsys, tmp_path):
        monkeypatch.setattr("smilegenuine.datasets.make_smiles",
                            partial(make_smiles, fps=8, size=96))
        printed = same_as_the_command(tmp_path, capsys, "drawn", [
            "make_smiles", "--subjects", "4", "--clips-per-subject", "2"], n_subjects=4,
            clips_per_subject=2)
        assert CAVEAT in printed

    def test_a_look_alike_of_uva_nemo(self, capsys, tmp_path):
        make_smiles(5, 2, fps=10, size=96, head_motion=0.5, random_state=3, layout="uva-nemo",
                    folder=tmp_path / "set")
        printed = same_as_the_command(tmp_path, capsys, ("uva-nemo", tmp_path / "set"), [
            "uva-nemo", str(tmp_path / "set"), "--by", "gender"], by="gender")
        assert rows(printed)[0][4] == "Published (%)"
        assert [row[4] for row in rows(printed)[1:]] == ["80.1 ± 2.9", "79.4 ± 4.0"]
        assert "## By gender" in printed


@pytest.fixture(scope="module")
def found() -> BenchmarkResult:
    return run_benchmark(load_folded(""), ["auda-au", "auda-svm"], max_epochs=1, by="mood")


class TestResult:
    def test_is_an_evaluation(self, found):
        """The one that `evaluate` makes of the same systems on the same clips and folds."""
        assert isinstance(found, Evaluation)
        assert repr(found) == "BenchmarkResult(systems=['auda-au', 'auda-svm'], folds=4, clips=16)"
        smiles = load_folded("")
        systems = {"auda-au": set_networks(make_system("auda-au", random_state=0), max_epochs=1),
                   "auda-svm": make_system("auda-svm", random_state=0)}
        for system in systems.values():
            system.set_params(faces="passthrough", smile="passthrough", aus="passthrough")
        by_hand = evaluate(systems, smiles.data, smiles.target, smiles.groups,
                           cv=list(smiles.folds.split()))
        pd.testing.assert_frame_equal(found.scores.drop(columns=TIMES),
                                      by_hand.scores.drop(columns=TIMES))
        assert set(found.breakdown("mood")["mood"]) == {0, 1}

    def test_tables(self, found, tmp_path):
        assert found.data.name == "Smiles of eight people"
        assert "Δ to auda-au" in found.to_markdown()
        assert "Δ to auda-svm" in found.to_markdown("auda-svm")
        assert found.published.empty
        assert found.problems == 0
        page = found.markdown_page()
        for text in ("# Systems compared on Smiles of eight people\n", "4 published folds",
                     "`n_jobs=None`, so they are worth comparing only with 1", "## By mood"):
            assert text in page, text
        found.write_tables(tmp_path / "new")
        assert (tmp_path / "new" / "table.md").read_text("utf-8") == page
        assert len(pd.read_csv(tmp_path / "new" / "scores.csv")) == 8

    def test_report(self, found, tmp_path):
        page = Page(found.write_report(tmp_path / "r.html"))
        check_page(page)
        assert "Systems compared on Smiles of eight people" in page.text()

    def test_nothing_is_written_unasked(self, monkeypatch, capsys, tmp_path):
        monkeypatch.chdir(tmp_path)
        found = run_benchmark(load_signals(6), "auda-au", folds=2, max_epochs=1)
        said = capsys.readouterr()
        assert said.out == ""
        assert "s002_1" in said.err  # what could not be used, and why
        assert found.problems == 1
        assert not list(tmp_path.iterdir())

    def test_lines_are_given_to_whoever_asks(self, capsys, tmp_path):
        lines: list[str] = []
        call = partial(run_benchmark, load_folded(""), "auda-au", max_epochs=1,
                       results=tmp_path, tell=lines.append)
        call()
        assert lines == []
        call()
        assert "holds 4 finished folds" in lines[0]
        assert capsys.readouterr().out == ""


class TestData:
    def test_recordings_labels_and_subjects(self):
        smiles = known_clips(6, 2)
        found = run_benchmark((smiles.data, np.array(KINDS)[smiles.target], smiles.groups),
                              "auda-au", folds=2, max_epochs=1)
        assert list(found.classes) == list(KINDS)
        assert "# Systems compared on the recordings given\n" in found.markdown_page()

    def test_what_a_loader_has_returned(self):
        """By its name there are published figures."""
        found = run_benchmark(("uva-nemo", load_folded("")), "auda-au", max_epochs=1)
        assert "80.1 ± 2.9" in found.to_markdown()
        assert found.published["system"].to_list() == ["auda-au"]
        assert "`max_epochs=`" in found.markdown_page()

    def test_across_sets(self, tmp_path):
        found = run_benchmark(load_folded(""), "auda-au", cross_corpus=[load_other_people()],
                              max_epochs=1, results=tmp_path)
        assert "## By corpus" in str(found)
        assert (tmp_path / "cross-corpus" / "table.md").exists()

    def test_study(self, tmp_path):
        found = run_benchmark(load_folded(""), "auda-au", study={"fps": (50, 12.5)}, max_epochs=1,
                              options=BenchmarkOptions(random_state=1))
        assert isinstance(found, StudyResult)
        assert list(found.results) == ["100 %, 50 Hz", "100 %, 12.5 Hz"]
        assert found.table()["frames a second"].to_list() == [25, 12.5]
        assert "random state 1" in found.markdown_page()
        assert str(found).startswith("Accuracy in percent:\n\n| System ")
        found.write_tables(tmp_path)
        assert len(pd.read_csv(tmp_path / "study.csv")) == 2


class TestErrors:
    @pytest.mark.parametrize(("changes", "error", "message"), [
        ({"systems": ["magic"]}, ValueError, "there is no system 'magic'; there is realsmilenet,"),
        ({"reference": "vit"}, ValueError, "`reference='vit'` is none of the systems; these are a"),
        ({"folds": 1}, ValueError, "`folds=1`: must be a whole number of at least 2"),
        ({"folds": "x"}, ValueError, "`folds=x`: must be a whole number"),
        ({"folds": 2, "cross_corpus": "other.csv"}, ValueError,
         "`folds=2`: with `cross_corpus=` all of one set is trained on"),
        ({"cross_corpus": "drawn"}, ValueError,
         "`cross_corpus='drawn'`: people are drawn for `data=` only"),
        ({"study": {"fps": (50, 2)}}, ValueError, "`fps=2`: must be a number from 4 to 1000"),
        ({"study": {"size": (1,)}}, ValueError, "what can be studied is 'resolution' and 'fps'"),
        ({"study": {"resolution": (0.5,)}}, ValueError,
         "`resolution=`: Smiles of eight people has no pictures to make smaller"),
        ({"study": {"fps": (50,)}, "report": True}, ValueError,
         "`report=`: a page is about one comparison, and with `resolution=` or `fps=` there"),
        ({"report": True}, ValueError, "`report=True`: name a file, or a folder for the `results`"),
        ({"by": "age"}, ValueError, "`by='age'`: no such column; besides labels and subjects, Smi"),
        ({"systems": "vit"}, ValueError, r"take `systems=\('auda-frame', 'auda-au', 'auda-cross',"),
        ({"points": "outlines"}, ValueError, "`points='outlines'`: there is no network on the f"),
        ({"epochs": 3}, TypeError, "epochs"),
        ({"data": known_clips(2, 1).data}, TypeError, "data must be a path, a data set and its f"),
        ({"data": "nowhere.csv"}, FileNotFoundError, "nowhere.csv: no such file or folder"),
        ({"data": ("uva-nemmo", "folder")}, ValueError, "there is no data set uva-nemmo; there is"),
        ({"data": "cli_inputs:no_function"}, ValueError,
         "`data='cli_inputs:no_function'`: cli_inputs has no function no_function"),
    ])
    def test_mistakes_are_found_before_the_work(self, changes, error, message, monkeypatch):
        monkeypatch.setattr("smilegenuine.benchmark.preparation.transform_clips",
                            lambda *_, **__: pytest.fail("measured before the mistake was found"))
        call = {"data": load_folded(""), "systems": ("auda-au", "auda-cross"), **changes}
        with pytest.raises(error, match=message):
            run_benchmark(**call)


def test_it_is_imported_without_torch_and_matplotlib():
    done = subprocess.run(
        [sys.executable, "-c", "import sys, smilegenuine.benchmark; "
         "print({'torch', 'matplotlib'} & set(sys.modules))"], capture_output=True, text=True,
        check=False)
    assert done.stdout.strip() == "set()", done.stderr
    assert smilegenuine.run_benchmark is run_benchmark
