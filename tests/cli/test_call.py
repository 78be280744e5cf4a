"""The command line as a whole: calls, exit statuses, what is said where."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time

import pytest

from smilegenuine.cli import main
from smilegenuine.cli.arguments import as_options, files_of
from smilegenuine.cli.extract import measures


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
        (["predict"], "required: [MODEL] VIDEO"),
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

        monkeypatch.setattr("smilegenuine.cli.predict.load_model", stop)
        assert run("predict", "m.skops", "a.mp4") == (130, "", "smilegenuine predict: stopped\n")

    @pytest.mark.parametrize("kind", [OSError, ValueError, ImportError, RuntimeError])
    def test_errors_are_told_with_their_notes(self, kind, run, monkeypatch):
        def fail(path):
            error = kind("the disk is full")
            error.add_note("It was raised while a.mp4 was worked on.")
            raise error

        monkeypatch.setattr("smilegenuine.cli.predict.load_model", fail)
        assert run("predict", "m.skops", "a.mp4") == (
            1, "", "smilegenuine predict: the disk is full\n"
                   "It was raised while a.mp4 was worked on.\n")

    def test_demo_gets_its_arguments(self, run, monkeypatch, tmp_path):
        calls = []
        monkeypatch.setattr("smilegenuine.cli.demo.run_demo", lambda *a, **k: calls.append((a, k)))
        assert run("demo", "--output", tmp_path, "--subjects", 7, "--random-state", 3)[0] == 0
        assert calls == [((tmp_path,), {"n_subjects": 7, "n_jobs": 1, "random_state": 3,
                                        "verbose": False})]

    def test_demo_with_too_few_people(self, run, tmp_path):
        status, out, err = run("demo", "--output", tmp_path / "demo", "--subjects", 4)
        assert (status, out) == (1, "")
        assert "4 subjects with 2 held out are too few" in err
        assert not (tmp_path / "demo").exists()


def test_told_to_end_it_ends_as_with_ctrl_c(monkeypatch, capsys):
    """As batch systems do: what has to be tidied up is, worker processes among it."""
    before = signal.getsignal(signal.SIGTERM)

    def run(args):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
        return 0

    monkeypatch.setattr("smilegenuine.cli.extract.run", run)
    assert main(["extract", "a.mp4", "-o", "x.csv"]) == 143
    assert capsys.readouterr().err == "smilegenuine extract: stopped\n"
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_folder_stands_for_what_is_below_it(tmp_path):
    for name in ("posed/ann/b.mp4", "posed/ann/a.mp4", "c.avi", "notes.txt", "posed/._a.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "1.bmp").touch()
    assert files_of([str(tmp_path), str(tmp_path / "images"), "x.mp4"]) == [
        str(tmp_path / name) for name in ("c.avi", "posed/ann/a.mp4", "posed/ann/b.mp4")] + [
        str(tmp_path / "images"), "x.mp4"]


def test_measures():
    assert measures("pose, aus,pose") == ("pose", "aus")
    assert measures("all") == ("aus", "landmarks", "blendshapes", "pose", "dmarkers")
    with pytest.raises(argparse.ArgumentTypeError, match="there is no measure 'au'; there is"):
        measures("au")


@pytest.mark.parametrize(("said", "shown"), [
    ("ask with `folds=K`", "ask with --folds K"), ("`by='mood'`: no", "--by mood: no"),
    ("`max_epochs=2`, `report=`", "--max-epochs 2, --report"),
    ("take `systems=('vit', 'fusion')`", "take --systems vit,fusion"),
    ("`ensemble=3` is none", "`ensemble=3` is none"), ("``folds=K``", "`--folds K`")])
def test_parameters_are_shown_as_options(said, shown):
    assert as_options(said) == shown
