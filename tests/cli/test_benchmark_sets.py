"""`smilegenuine benchmark --data NAME FOLDER`: from a data set on disk to the table."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli_inputs import forbid_measuring, load_folded, write_labelled_tables
from drawn import known_clips
from lookalike_files import (
    auda_texts,
    waves,
    write_libreface,
    write_openface,
    write_zip,
)
from lookalikes import edit, tiny_smiles, write_uva_nemo

import smilegenuine.datasets
from smilegenuine import FaceAligner
from smilegenuine.benchmark.options import BenchmarkOptions
from smilegenuine.benchmark.result import BenchmarkResult
from smilegenuine.benchmark.sets import DATA_SETS, check_set_name, load_labelled
from smilegenuine.cli.demo import CAVEAT
from smilegenuine.datasets import make_smiles
from smilegenuine.signals.action_units import HOGActionUnits


class TestWords:
    @pytest.mark.parametrize("words", [["a.csv"], ["UvA-NEMO"], ["package:load"], ["./bbc"],
                                       ["uva-nemo", "anywhere"]])
    def test_good(self, words):
        check_set_name(words)

    @pytest.mark.parametrize(("words", "message"), [
        (["spos"], "spos is a data set; write its folder behind it, spos FOLDER"),
        (["spoz", "there"], "spoz there: there is no data set spoz; there is uva-nemo, spos, mmi,"),
        (["make_smiles", "there"], "there is no data set make_smiles; there is uva-nemo"),
        (["my", "own", "set.csv"], "my own set.csv: there is no data set my; there is .* A table, "
                                   "folder or loader is one word; put a path with blanks in quot"),
        (["mmi", "my", "data"], "mmi my data: one folder is needed behind mmi; put a path with"),
    ])
    def test_wrong_call(self, words, message, run, monkeypatch, tmp_path):
        monkeypatch.chdir(tmp_path)
        for option in ("--data", "--cross-corpus"):
            status, out, err = run("benchmark", option, *words)
            assert (status, out) == (2, "")
            assert f"argument {option}: " in err
            with pytest.raises(ValueError, match=message):
                check_set_name(words)
        assert not list(tmp_path.iterdir())

    def test_a_folder_that_is_called_like_a_data_set(self, run, tables, monkeypatch):
        """By itself it is no data set; behind `./` it is a folder."""
        monkeypatch.chdir(tables)
        shutil.copytree(tables, tables / "bbc")
        (tables / "bbc" / "set.csv").rename(tables / "bbc" / "labels.csv")
        status, _, err = run("benchmark", "--data", "bbc")
        assert status == 2
        assert "bbc is a data set; write its folder behind it, bbc FOLDER; if the folder bbc is " \
            "meant, write ./bbc" in err
        assert len(load_labelled(["./bbc"]).clips) == 10

    @pytest.mark.parametrize("name", DATA_SETS)
    def test_folder_that_is_not_there(self, name, run, monkeypatch, tmp_path):
        forbid_measuring(monkeypatch)
        status, out, err = run("benchmark", "--data", name, tmp_path / "nowhere", "--output",
                               tmp_path / "out")
        assert (status, out) == (1, "")
        assert f"{tmp_path / 'nowhere'}: no such file or folder" in err


@pytest.fixture
def signals(monkeypatch) -> None:
    """Let UvA-NEMO and SPOS be known signals of eight people, with folds."""
    def load(root: object, *, on_error: str = "warn"):
        assert on_error == "skip"
        return load_folded("" if str(root) == "root" else str(root))

    for name in ("load_uva_nemo", "load_spos", "load_openface", "load_auda"):
        monkeypatch.setattr(smilegenuine.datasets, name, load, raising=False)


@pytest.mark.usefixtures("signals")
class TestPublished:
    def compare(self, run, folder, *args, data="uva-nemo"):
        status, out, _ = run("benchmark", "--data", data, "root", "--output", folder,
                             "--max-epochs", 1, *args)
        assert status == 0
        return out, (folder / "table.md").read_text(encoding="utf-8")

    def test_beside_ours(self, run, tmp_path):
        out, page = self.compare(run, tmp_path, "--systems", "auda-au,auda-fusion,auda-svm")
        titles, _, *rows = [[cell.strip() for cell in line.split("|")[1:-1]]
                            for line in out.splitlines() if line.startswith("|")]
        assert titles[2:5] == ["Accuracy (%)", "95 % CI", "Published (%)"]
        assert [row[4] for row in rows[:3]] == ["80.1 ± 2.9", "80.5 ± 2.1", "–"]
        assert "The published figures were found in other ways; table.md says in which." in out
        section = page.split("## The published figures\n\n")[1]
        assert "- auda-au, auda-fusion: Pawlus" in section
        for text in ("doi:10.48550/arXiv.2503.16128: ten folds by subject of 1240",
                     "- 16 clips, 4 published folds.\n", "epoch is never chosen on the test fold",
                     "at most 1 epochs (asked for with --max-epochs)",
                     "Action units are those that came with the set",
                     "The last layer of a fusion is fitted on subjects whom no branch"):
            assert text in section, text
        assert "Points of the face mesh" not in section
        assert page.startswith("# Systems compared on UvA-NEMO in root\n")

    def test_folds_of_our_own(self, run, tmp_path):
        page = self.compare(run, tmp_path, "--systems", "auda-au", "--folds", 2)[1]
        assert "- 16 clips, 2 folds by subject, and not the published ones.\n" in page

    def test_best_epoch_on_the_test_fold(self, monkeypatch):
        """What cannot be right is said beside it."""
        result = BenchmarkResult(
            pd.DataFrame({"system": ["meshsmilenet"]}), pd.DataFrame(), np.array([0, 1]),
            np.array([3]), 4, data=load_labelled(["uva-nemo", "root"]), seconds=1.0,
            options=BenchmarkOptions(points="outlines"),
            measured={"action units": "BlendshapeActionUnits"})
        monkeypatch.setattr(BenchmarkResult, "to_markdown", lambda *_: "")
        text = result.markdown_page()
        for part in ("meshsmilenet: Faroque", "the epoch is the one that is best on the test fold",
                     "Points of the face mesh: outlines (asked for with `points=`)",
                     "Action units are estimated by BlendshapeActionUnits, where the publication"):
            assert part in text, part

    def test_signals_of_a_data_set(self, run, tmp_path):
        """The AUDA package is made of UvA-NEMO's recordings."""
        out = self.compare(run, tmp_path, "--systems", "auda-au", data="auda")[0]
        assert "80.1 ± 2.9" in out

    @pytest.mark.parametrize("data", ["spos", "openface"])
    def test_nothing_where_there_is_none(self, data, run, tmp_path):
        """Of this system on SPOS nothing is published, of OpenFace's tables nothing at all."""
        out, page = self.compare(run, tmp_path, "--systems", "auda-au", data=data)
        assert "ublished (%)" not in out
        assert "published figures" not in page


# -- from disk to table ---------------------------------------------------------------------------


def test_fold_lists_that_are_wrong(run, tmp_path):
    """Nobody minds them where folds are asked for, or where there are none."""
    ids = write_uva_nemo(tmp_path / "set", tiny_smiles(4, 2))
    wrong = tmp_path / "set" / "folds" / "S_fold_all_3.txt"
    wrong.write_text(wrong.read_text() + f"{ids[1]}\n")
    edit(tmp_path / "set" / "folds" / "S_fold_all_1.txt", ids[1], "")
    call = ("benchmark", "--data", "uva-nemo", tmp_path / "set", "--output", tmp_path)
    err = run(*call)[2]
    assert "subject 001 in 1 and 3" in err
    assert err.endswith("Here `--folds K` loads it so, with K folds by subject.\n")
    for more in (["--folds", 2], ["--cross-corpus", "cli_inputs:load_other_people"]):
        err = run(*call, "--systems", "auda-au", *more)[2]
        assert "no face in any of its 3 frames" in err  # that far it came
        assert "subject 001" not in err


def test_tables_without_labels(run, tmp_path):
    for name in ("a", "b"):
        write_openface(tmp_path / "tables" / f"{name}.csv", waves())
    err = run("benchmark", "--data", "openface", tmp_path / "tables", "--output", tmp_path)[2]
    assert "the recordings have no label and no subject, and both are needed" in err
    assert "write labels.csv, with the columns path,label,subject, into the folder" in err


def test_auda_from_disk_to_table(run, tmp_path):
    """The zip as it is published, across with OpenFace's tables of others."""
    write_zip(tmp_path / "replication data.zip", auda_texts(known_clips(6, 2)))
    write_labelled_tables(write_openface, tmp_path / "tables", random_state=5)
    call = ("benchmark", "--data", "auda", tmp_path / "replication data.zip", "--systems",
            "auda-au", "--max-epochs", 1, "--output", tmp_path)
    status, out, err = run(*call)
    assert (status, err) == (0, "")
    assert "80.1 ± 2.9" in out
    page = (tmp_path / "table.md").read_text(encoding="utf-8")
    for text in ("12 clips, 6 folds by subject, and not the published ones",
                 "Action units are those that came with the set"):
        assert text in page, text
    assert run(*call, "--cross-corpus", "openface", tmp_path / "tables")[0] == 0
    said = pd.read_csv(tmp_path / "cross-corpus" / "predictions.csv")
    assert len(said) == 12
    assert said["subject"].str.startswith("OpenFace tables in ").all()
    page = (tmp_path / "cross-corpus" / "table.md").read_text(encoding="utf-8")
    assert "Published (%)" not in page
    assert "- Data set: AUDA package\n- Data set: Action units as OpenFace has measured" in page


@pytest.fixture(scope="module")
def uva_nemo(tmp_path_factory) -> Path:
    """Ten videos of five drawn people, laid out as UvA-NEMO; a video is cut off, one not listed."""
    root = tmp_path_factory.mktemp("sets") / "UvA NEMO é"
    make_smiles(5, 2, fps=10, size=96, head_motion=0.5, random_state=3, layout="uva-nemo",
                folder=root)
    cut = root / "videos" / "005_deliberate_smile_1.mp4"
    cut.write_bytes(cut.read_bytes()[:1000])
    shutil.copy(root / "videos" / "001_deliberate_smile_1.mp4",
                root / "videos" / "001_deliberate_smile_9.mp4")
    return root


def test_uva_nemo_from_disk_to_table(uva_nemo, run, monkeypatch, tmp_path):
    call = partial(run, "benchmark", "--data", "uva-nemo", uva_nemo, "--output", tmp_path,
                   "--systems", "realsmilenet,auda-au", "--max-epochs", 1, "--by", "gender")
    status, out, err = call()
    assert status == 1  # two of the videos
    assert err.startswith(f"UvA-NEMO in {uva_nemo}: 2 wrong or missing:\n  1 ")
    assert "005_deliberate_smile_1.mp4: cannot be opened as a video" in err
    assert "001_deliberate_smile_9" in err
    said = pd.read_csv(tmp_path / "predictions.csv")
    assert said.groupby("fold")["subject"].nunique().to_list() == [1] * 5  # one person a list
    assert set(said["truth"]) == {"posed", "spontaneous"}
    page = (tmp_path / "table.md").read_text(encoding="utf-8")
    for text in (f"# Systems compared on UvA-NEMO in {uva_nemo}\n", CAVEAT,
                 "Data set: UvA-NEMO Smile Database", "5 published folds",
                 "9 clips, 2 wrong or missing in the set, 5 subjects",
                 "## By gender", "| realsmilenet", "74.4 ± 1.9", "80.1 ± 2.9",
                 "Action units are estimated by HOGActionUnits, where the publication has"):
        assert text in page, text
    for step in (FaceAligner, HOGActionUnits):
        monkeypatch.setattr(step, "transform_clip",
                            lambda *_: pytest.fail("a clip was measured once more"))
    again = call()
    assert again[0] == status
    assert "holds 10 finished folds of these systems; the run goes on from there" in again[1]
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "predictions.csv"), said)
    table = [line for line in out.splitlines() if line.startswith("|")]
    assert [line for line in again[1].splitlines() if line.startswith("|")] == table


def test_sets_without_pictures_are_given_to_systems_that_need_none(run, asked_systems, tmp_path):
    write_zip(tmp_path / "a.zip", auda_texts(known_clips(6, 2)))
    run("benchmark", "--data", "auda", tmp_path / "a.zip", "--output", tmp_path)
    assert asked_systems == ["auda-frame", "auda-au", "auda-cross", "auda-fusion"]
    status, _, err = run("benchmark", "--data", "auda", tmp_path / "a.zip", "--systems",
                         "realsmilenet,auda-au,fusion", "--output", tmp_path)
    assert status == 1
    assert ("has action units, and no pictures to measure what realsmilenet, fusion look at; take "
            "--systems auda-frame,auda-au,auda-cross,auda-fusion,auda-svm, or some") in err


@pytest.fixture
def asked_systems(monkeypatch) -> list[str]:
    """The names of the systems that would be compared; nothing is fitted."""
    names: list[str] = []

    def evaluate(systems, *args, **options):
        names.extend(systems)
        raise RuntimeError("enough seen")

    monkeypatch.setattr("smilegenuine.benchmark.comparing.evaluate", evaluate)
    return names


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_page_says_what_tables_do_not_have(run, tmp_path):
    write_labelled_tables(write_libreface, tmp_path / "tables")
    assert run("benchmark", "--data", "libreface", tmp_path / "tables", "--systems", "auda-au",
               "--max-epochs", 1, "--output", tmp_path)[0] == 0
    page = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert "action units that it does not have, 0 in all frames: AU07, AU10, AU14" in page
    assert "- Came with the recordings: action units\n" in page
    assert "- Measured" not in page
