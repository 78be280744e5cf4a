"""`smilegenuine info`: what is there is said, what is broken too, and nothing is downloaded."""

from __future__ import annotations

import json
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from smilegenuine import __version__, load_model, load_pretrained
from smilegenuine.cli import info, main
from smilegenuine.face.landmarker_bundle import BUNDLE_NAME, DATA_VARIABLE

SHARED = Path(__file__).parents[3] / "shared" / "models" / BUNDLE_NAME


@pytest.fixture
def ask(capsys):
    """Run the command: exit status, what it printed, what it complained."""
    def call(*args: object) -> tuple[int, str, str]:
        status = main(["info", *map(str, args)])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return call


@pytest.fixture(autouse=True)
def no_network(monkeypatch, tmp_path):
    """A cache of its own, into which nothing can be fetched."""
    pooch = pytest.importorskip("pooch")
    monkeypatch.setattr(pooch, "retrieve", lambda *_, **__: pytest.fail("downloaded"))
    monkeypatch.setattr(pooch, "os_cache", lambda _: tmp_path / "cache")
    monkeypatch.delenv(DATA_VARIABLE, raising=False)


class TestMachine:
    def test_json(self, ask):
        status, out, err = ask("--json")
        assert (status, err) == (0, "")
        found = json.loads(out)
        assert found["smilegenuine"] == __version__
        for name in ("numpy", "scikit-learn", "torch", "skorch", "opencv-python"):
            assert found["packages"][name] == {"version": version(name), "error": None}
        assert set(info.EXTRAS) == set(found["extras"])
        assert found["extras"]["plot"]["adds"].startswith("pictures")
        assert "mediapipe" in found["extras"]["mediapipe"]["packages"]
        assert found["devices"]["cores"] >= 1
        assert found["landmarker"] == {DATA_VARIABLE: None, "places": [
            {"file": found["landmarker"]["places"][0]["file"], "state": "not there"}]}

    def test_text(self, ask):
        status, out, err = ask()
        assert (status, err) == (0, "")
        lines = out.splitlines()
        assert lines[0].startswith(f"smilegenuine {__version__}, Python 3.")
        assert [line for line in lines if line and not line.startswith(" ")][1:] == [
            "Packages", "Extras", "Devices", "MediaPipe's Face Landmarker"]
        assert any(line.split() == ["numpy", np.__version__] for line in lines)
        assert "It is downloaded when it is first needed" in out

    def test_broken_extra_is_told_and_not_raised(self, ask, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        status, out, _ = ask()
        assert status == 0
        assert f"matplotlib  {version('matplotlib')}, cannot be imported: ModuleNotFound" in out
        assert 'pip install "smilegenuine[plot]" adds it' in out

    @pytest.mark.parametrize(("source", "error"), [
        ("raise RuntimeError('boom')", "RuntimeError: boom"), ("1 +", "SyntaxError: invalid"),
        ("import no_such_thing_at_all", "ModuleNotFoundError: No module")])
    def test_packages_that_fail_in_any_way(self, source, error, tmp_path, monkeypatch):
        (tmp_path / "broken_thing.py").write_text(source)
        (tmp_path / "broken_thing-1.2.dist-info").mkdir()
        (tmp_path / "broken_thing-1.2.dist-info" / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: broken-thing\nVersion: 1.2\n")
        monkeypatch.syspath_prepend(tmp_path)
        found = info.look_at_package("broken-thing")
        assert found["version"] == "1.2"
        assert found["error"].startswith(error)

    def test_packages_of_another_name_and_none(self, tmp_path, monkeypatch):
        (tmp_path / "lonely.py").write_text("__version__ = '7'")
        monkeypatch.syspath_prepend(tmp_path)
        assert info.look_at_package("lonely") == {"version": "7", "error": None}
        assert info.look_at_package("no-such-package") == {"version": None, "error": None}

    def test_without_torch(self, ask, monkeypatch):
        monkeypatch.setitem(sys.modules, "torch", None)
        found = json.loads(ask("--json")[1])
        assert found["packages"]["torch"]["error"].startswith("ModuleNotFoundError")
        assert found["devices"]["CUDA"] == []
        assert "torch" in found["devices"]["no CUDA because"]

    def test_cuda_devices(self, ask, monkeypatch):
        import torch

        class Properties:
            name = "Some \x1b[2J device"

        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda k: Properties)
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda k: ((k + 1) * 2**30, 8 * 2**30))
        assert json.loads(ask("--json")[1])["devices"]["CUDA"][1] == {
            "device": "cuda:1", "name": Properties.name, "memory (GiB)": 8.0, "free (GiB)": 2.0}
        assert "  cuda:0: Some \\x1b[2J device, 8.0 GiB, 1.0 free" in ask()[1].splitlines()

    def test_never_installed(self, ask, monkeypatch):
        def missing(name):
            raise info.PackageNotFoundError(name)

        monkeypatch.setattr(info, "requires", missing)
        status, out, _ = ask()
        assert status == 0
        assert "is not installed as a package" in out

    def test_opencv_packages_that_do_not_agree(self, monkeypatch):
        import cv2

        monkeypatch.setattr(cv2, "__version__", "5.0.0")
        monkeypatch.delattr(cv2, "HOGDescriptor")
        first, second = info._notes({"opencv-python": {"version": "4.14.0.94"}})
        assert "share the folder cv2, which holds 5.0.0" in first
        assert "has no HOGDescriptor" in second


class TestBundle:
    def states(self, ask) -> list[str]:
        return [place["state"] for place in json.loads(ask("--json")[1])["landmarker"]["places"]]

    def test_damaged(self, ask, tmp_path, monkeypatch):
        monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
        (tmp_path / BUNDLE_NAME).write_bytes(b"half of it")
        assert self.states(ask) == ["damaged, or another version", "not there"]
        assert "It is downloaded" not in ask()[1]

    def test_folder_of_that_name(self, ask, tmp_path, monkeypatch):
        monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
        (tmp_path / BUNDLE_NAME).mkdir()
        assert self.states(ask) == ["not there", "not there"]

    @pytest.mark.needs_model
    @pytest.mark.skipif(not SHARED.exists(), reason=f"no {SHARED}")
    def test_right(self, ask, tmp_path):
        (tmp_path / "cache").mkdir()
        shutil.copy(SHARED, tmp_path / "cache" / BUNDLE_NAME)
        assert self.states(ask) == ["right"]

    def test_without_pooch(self, ask, monkeypatch):
        monkeypatch.setitem(sys.modules, "pooch", None)
        status, out, _ = ask()
        assert status == 0
        assert 'FaceLandmarks needs MediaPipe: pip install "smilegenuine[mediapipe]"' in out


class TestModel:
    def test_card(self, trained, ask, videos):
        status, out, err = ask(trained["model"])
        assert (status, err) == (0, "")
        assert out.startswith("# Model card: `auda-svm`\n\n## What it is\n")
        for words in (f"- Data: `{videos}`", "- Clips: 8", "- The people are drawn.",
                      "- Tested: folds 2, clips 8, subjects 4", "Clips that it was right about",
                      "Trained on drawn people: the one that comes with",
                      f"opencv-python `{version('opencv-python')}`"):
            assert words in out, words

    def test_what_train_lets_it_remember(self, trained):
        remembered = load_model(trained["model"]).info_
        assert remembered["drawn people"] is True
        assert remembered["left out"] == 0
        assert "torch" not in remembered["versions"]  # there is no network in it
        assert sum(remembered["held out"]["clips"]) == remembered["tested"]["clips"] == 8
        printed = trained["out"].splitlines()
        accuracy = [float(line.split()[3]) for line in printed[1:3]]
        assert remembered["scores by subject"]["accuracy"] == pytest.approx(np.mean(accuracy))

    def test_json(self, table_model, ask):
        status, out, _ = ask(table_model, "--json")
        found = json.loads(out)
        assert status == 0
        assert found["path"] == str(table_model)
        assert found["info"]["system"] == "auda-svm"
        assert found["info"]["drawn people"] is False
        assert found["card"].startswith("# Model card: `auda-svm`")

    def test_numbers_that_are_none_are_null(self):
        assert json.loads(info._json({"a": float("nan"), "b": [np.float64("inf")],
                                      3: np.arange(2), "p": Path("x")})) == {
            "a": None, "b": [None], "3": [0, 1], "p": "x"}

    @pytest.mark.parametrize(("content", "message"), [
        (None, "no such file"), ("hello", "not a smilegenuine model file")])
    def test_no_model(self, ask, tmp_path, content, message):
        if content:
            (tmp_path / "m.skops").write_text(content)
        status, out, err = ask(tmp_path / "m.skops")
        assert (status, out) == (1, "")
        assert err.startswith(f"smilegenuine info: {tmp_path / 'm.skops'}: {message}")


class TestPretrained:
    def test_card(self, ask):
        status, out, err = ask("kinematics")
        assert (status, err) == (0, "")
        assert out.startswith("# Model card: `kinematics`, the pretrained model\n")
        info = load_pretrained("kinematics").info_
        for words in ("- Classes: `posed`, `spontaneous`", "aggregate figures of 1,236 recordings",
                      f"- Sampled smiles: {info['clips']:,}: ",
                      "- No recording, and no row of one, was seen",
                      "- On recordings of people: not known. It has not been tested on any.",
                      "- Expected: about three in four decisions, where guessing gets one in two",
                      f"show them: {100 * info['accuracy as tracked']:.3g} %",
                      "78.5 % from the lips alone, 76 % from the eyelids alone, 81 % from both",
                      "younger children", "speech or laughter", "the Netherlands", "other cameras",
                      "not for screening for deception"):
            assert words in out, words
        assert "drawn" not in out.replace("drawn at random", "")
        assert "Also remembered" not in out

    def test_json(self, ask):
        found = json.loads(ask("kinematics", "--json")[1])
        assert found["path"] is None
        assert found["info"]["system"] == "kinematics"
        assert found["card"].startswith("# Model card: `kinematics`")

    def test_a_file_of_that_name(self, ask, table_model, monkeypatch):
        shutil.copy(table_model, table_model.parent / "kinematics")
        monkeypatch.chdir(table_model.parent)
        assert "auda-svm" in ask("./kinematics")[1]
        assert "auda-svm" not in ask("kinematics")[1]
