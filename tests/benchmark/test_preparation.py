"""Systems made as options say, and what is said before the work begins."""

from __future__ import annotations

import numpy as np
import pytest
from cli_inputs import no_mediapipe
from drawn import known_meshes

from smilegenuine import Clip, FaceLandmarks
from smilegenuine.benchmark.options import SystemOptions, system_names
from smilegenuine.benchmark.preparation import check_landmarker, make_systems, slow_text
from smilegenuine.signals.blendshape_units import BlendshapeActionUnits
from smilegenuine.systems.named_systems import LANDMARK_ROWS, NETWORKS, SYSTEMS, TABLE_ROWS

PLAIN = {"device": "cpu", "n_jobs": 1}


def made(names, **changes):
    return make_systems(names, SystemOptions(**PLAIN | changes), None)


def values(system, name: str) -> set:
    return {value for param, value in system.get_params().items()
            if param.rpartition("__")[2] == name}


class TestLists:
    @pytest.mark.parametrize(("text", "names"), [
        ("table", TABLE_ROWS), ("landmarks", LANDMARK_ROWS), ("all", SYSTEMS),
        ("auda-svm, fusion", ("auda-svm", "fusion")),
        ("vit,landmarks", ("vit", *[name for name in LANDMARK_ROWS if name != "vit"])),
        ("fusion,fusion", ("fusion",)),
        ("landmarks,table", (*LANDMARK_ROWS, *TABLE_ROWS)),
    ])
    def test_systems(self, text, names):
        assert system_names(text) == names

    def test_a_list(self):
        assert system_names(["vit", "table"]) == ("vit", *TABLE_ROWS)
        with pytest.raises(ValueError, match="there is no system 'magic'; there is realsmilenet,"):
            system_names(["magic"])

    @pytest.mark.parametrize(("name", "message"), [
        ("points", r"`points='many'`: there is 'all' and 'outlines'"),
        ("action_units", r"`action_units='many'`: there is 'hog' and 'blendshapes'")])
    def test_no_such_choice(self, name, message):
        with pytest.raises(ValueError, match=message):
            SystemOptions(**{name: "many"})


class TestMakeSystems:
    def test_points_and_epochs_reach_all_networks_that_know_them(self):
        for name, system in made(SYSTEMS, points="outlines", max_epochs=7).items():
            assert values(system, "points") <= {"outlines"}, name
            assert values(system, "max_epochs") == ({7} if name in NETWORKS else set()), name
        assert values(made(["full-fusion"])["full-fusion"], "points") == {"all"}

    def test_action_units(self):
        names = ["auda-svm", "auda-fusion", "dmarkers"]
        found = made(names, action_units="blendshapes", n_jobs=2)
        for name in names[:2]:
            steps = found[name].named_steps
            assert list(steps)[:4] == ["landmarks", "faces", "smile", "aus"]
            assert isinstance(steps["aus"].estimator, BlendshapeActionUnits)
            assert steps["aus"].estimator.n_jobs == 2
        assert list(found["dmarkers"].named_steps) == ["landmarks", "dmarkers"]
        assert "landmarks" not in made(names, action_units="hog")["auda-svm"].named_steps

    @pytest.mark.parametrize(("changes", "message"), [
        ({"points": "all"}, "`points='all'`: there is no network on the face mesh in dmarkers, v"),
        ({"action_units": "blendshapes"}, "action units are nothing to dmarkers, vit; leave it"),
    ])
    def test_what_says_nothing_to_anyone(self, changes, message):
        with pytest.raises(ValueError, match=message):
            made(["dmarkers", "vit"], **changes)


class TestCheckLandmarker:
    PICTURES = Clip(frames=np.zeros((3, 8, 8, 3), np.uint8), fps=25)

    def test_what_needs_nothing(self, monkeypatch):
        no_mediapipe(monkeypatch)
        known = known_meshes(1, 1).data[0]
        pictured = known.replace(frames=np.zeros((known.n_frames, 8, 8, 3), np.uint8))
        units = Clip(aus=np.zeros((5, 17)), fps=25)
        check_landmarker(made(["dmarkers"]), [known, pictured, units], "x")
        check_landmarker(made(["vit", "fusion"]), [self.PICTURES], "x")
        check_landmarker({"this": None}, [self.PICTURES], "x")

    def test_missing_extra(self, monkeypatch):
        no_mediapipe(monkeypatch)
        with pytest.raises(ImportError) as found:
            check_landmarker(made(["dmarkers", "vit", "full-fusion"]),
                             [known_meshes(1, 1).data[0], self.PICTURES], "or do without")
        assert str(found.value) == (
            'dmarkers, full-fusion: FaceLandmarks needs MediaPipe: pip install '
            '"smilegenuine[mediapipe]"; or do without')

    def test_missing_model(self, monkeypatch, tmp_path):
        def fail():
            raise RuntimeError("cannot be downloaded")

        monkeypatch.setattr("smilegenuine.benchmark.preparation.load_mediapipe", lambda: None)
        monkeypatch.setattr("smilegenuine.benchmark.preparation.find_bundle", fail)
        with pytest.raises(RuntimeError, match=r"^this: cannot be downloaded; do without$"):
            check_landmarker({"this": FaceLandmarks()}, [self.PICTURES], "do without")
        # One with a model of its own needs no other.
        check_landmarker({"this": FaceLandmarks(model=tmp_path / "own")}, [self.PICTURES], "")


class TestSlowText:
    def said(self, names, n_clips=100, **changes) -> str:
        options = SystemOptions(**PLAIN | changes)
        return slow_text(make_systems(names, options, None), options, n_clips=n_clips, n_fits=10)

    def test_names_systems_hours_and_remedies(self):
        said = self.said(["vit", "meshsmilenet", "auda-au", "full-fusion"])
        assert said.startswith("Without CUDA meshsmilenet, full-fusion may take long: each up to "
                               "about 19 h in one process, 100 clips and 10 trainings.")
        assert "`points='outlines'` (less than half of that), `max_epochs=N`, fewer folds" in said

    def test_what_is_taken_already_is_no_remedy(self):
        said = self.said(["hadasmilenet"], points="outlines", max_epochs=50)
        assert said.startswith("Without CUDA hadasmilenet may take long: up to about 4 h in")
        assert "points=" not in said

    def test_nothing_where_it_is_quick(self):
        assert self.said([name for name in SYSTEMS if "mesh" not in name and name not in (
            "deepmarkernet", "hadasmilenet", "full-fusion")]) == ""
        assert self.said(["meshsmilenet"], n_clips=10, max_epochs=2) == ""
