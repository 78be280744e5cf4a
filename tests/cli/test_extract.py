"""`smilegenuine extract`, and the table of frames that it writes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cli_inputs import forbid_measuring, no_mediapipe, write_openface
from drawn import known_clips, known_meshes
from landmarker import NEEDS_MODEL
from landmarker import model as bundle

from smilegenuine import (
    AUDA,
    BLENDSHAPE_NAMES,
    Clip,
    DMarkers,
    FaceAligner,
    HOGActionUnits,
    LBPSmileIntensity,
    load_model,
    save_model,
)
from smilegenuine.clips.au_table import AU_NAMES
from smilegenuine.features.dmarkers import signals_of
from smilegenuine.features.frame_tables import POSE_NAMES, frame_table
from smilegenuine.features.phases import detect_phases

PLACES = ["video", "frame", "time", "valid", "phase"]


class TestExtract:
    def test_videos_as_csv(self, videos, run, make_video, tmp_path):
        """Without a model, what a smile looks like is learnt from the videos themselves."""
        good = [str(videos / name) for name in ("s002_0_posed.mp4", "s003_1_spontaneous.mp4")]
        blank = str(make_video("blank.mp4", n=9))
        status, out, err = run("extract", good[0], blank, good[1], "-o", tmp_path / "new" / "x.csv")
        assert status == 1
        assert err.startswith("1 could not be used:\n")
        assert f"{blank}: no face" in err
        table = pd.read_csv(tmp_path / "new" / "x.csv", keep_default_na=False, na_values=["NaN"])
        assert out == f"{tmp_path / 'new' / 'x.csv'}: {len(table)} frames of 2 videos\n"
        assert list(table) == ["video", "frame", "time", "valid", "phase", "smile", *AU_NAMES]
        assert list(table["video"].unique()) == good
        assert set(table["phase"]) == {"", "onset", "apex", "offset"}
        for _, clip in table.groupby("video"):
            np.testing.assert_array_equal(clip["frame"], np.arange(len(clip)))
            np.testing.assert_allclose(np.diff(clip["time"]), 1 / 12, atol=1e-4)
            smile = clip["smile"].to_numpy(float)
            assert smile[clip["phase"] == "apex"].mean() > smile[clip["phase"] == ""].mean()

    def test_with_a_model(self, trained, videos, run, tmp_path):
        video = str(videos / "s001_1_spontaneous.mp4")
        assert run("extract", video, "-o", tmp_path / "x.PARQUET", "--model",
                   trained["model"])[::2] == (0, "")
        table = pd.read_parquet(tmp_path / "x.PARQUET")
        (clip,) = load_model(trained["model"])[:-1].transform([video])
        np.testing.assert_array_equal(table["smile"], clip.smile)
        np.testing.assert_array_equal(table[list(AU_NAMES)], clip.aus)
        assert table["valid"].dtype == bool

    def test_frames_without_a_face(self, tables, run):
        clip = known_clips(1, 1, random_state=5).data[0]
        seen = np.ones(len(clip.times), bool)
        seen[7:12] = False
        write_openface(tables / "a.csv", clip, seen=seen)
        write_openface(tables / "b.csv", clip, seen=0)
        assert run("extract", tables / "a.csv", tables / "b.csv", "-o", tables / "x.csv")[0] == 0
        table = pd.read_csv(tables / "x.csv")
        np.testing.assert_array_equal(table["valid"], np.r_[seen, np.zeros(len(seen), bool)])
        for column in AU_NAMES:
            np.testing.assert_array_equal(table[column].notna(), table["valid"])
        assert table["smile"].isna().all()  # without pictures it is not measured
        assert table["phase"][len(seen):].isna().all()
        assert {"onset", "apex"} <= set(table["phase"])

    def test_nothing_to_write(self, run, tmp_path):
        status, out, err = run("extract", "no.mp4", "none.avi", "-o", tmp_path / "x.csv")
        assert (status, out) == (1, "")
        assert err == ("2 could not be used:\n  no.mp4: no such file\n  none.avi: no such file\n")
        assert not (tmp_path / "x.csv").exists()

    def test_wrong_models(self, table_model, tables, videos, run):
        save_model(AUDA(level="au").fit([known_clips(1, 1).data[0]]), tables / "auda.skops")
        for model, message in ((tables / "auda.skops", "holds AUDA, not a system that measures"),
                               (tables / "none.skops", "no such file"),
                               (table_model, "fitted on clips without pictures")):
            status, out, err = run("extract", videos / "s000_0_posed.mp4", "-o", tables / "x.csv",
                                   "--model", model)
            assert (status, out) == (1, "")
            assert message in err

    def test_model_without_a_smile_step(self, trained, videos, run, tmp_path):
        """AU12 gives the phases, as for AUDA."""
        model = load_model(trained["model"]).set_params(smile="passthrough")
        save_model(model, tmp_path / "m.skops")
        status, _, err = run("extract", videos / "s000_0_posed.mp4", "-o", tmp_path / "x.csv",
                             "--model", tmp_path / "m.skops")
        assert (status, err) == (0, "")
        table = pd.read_csv(tmp_path / "x.csv")
        assert table["smile"].isna().all()
        assert "onset" in set(table["phase"])

    def test_nobody_smiles(self, videos, run, monkeypatch, tmp_path):
        """Action units are worth having without it."""
        def nothing(*_):
            raise ValueError("none of the 1 clips shows a face that goes from neutral to smiling")

        monkeypatch.setattr(LBPSmileIntensity, "fit", nothing)
        status, _, err = run("extract", videos / "s000_0_posed.mp4", "-o", tmp_path / "x.csv")
        assert status == 0
        assert "no smile intensity: none of the 1 clips" in err
        table = pd.read_csv(tmp_path / "x.csv")
        assert table["smile"].isna().all()
        assert table["AU12"].notna().all()

    def test_rate_of_what_carries_none(self, tables, run):
        clip = known_clips(1, 1, random_state=5).data[0]
        write_openface(tables / "a.csv", clip, times=False)
        assert run("extract", tables / "a.csv", "-o", tables / "x.csv", "--fps", 40)[0] == 0
        table = pd.read_csv(tables / "x.csv")
        np.testing.assert_allclose(table["time"], np.arange(len(clip.times)) / 40)

    def test_an_interrupted_run_goes_on(self, videos, run, monkeypatch, tmp_path):
        names = [videos / name for name in ("s002_0_posed.mp4", "s003_1_spontaneous.mp4")]
        call = ("extract", *names, "-o", tmp_path / "x.csv")
        original = HOGActionUnits.transform_clip

        def stop(step, clip):
            if "s003" in clip.name:
                raise KeyboardInterrupt
            return original(step, clip)

        (tmp_path / "x.csv").write_text("what was there before")
        monkeypatch.setattr(HOGActionUnits, "transform_clip", stop)
        assert run(*call, "--n-jobs", 1)[::2] == (130, "smilegenuine extract: stopped\n")
        assert (tmp_path / "x.csv").read_text() == "what was there before"
        monkeypatch.setattr(HOGActionUnits, "transform_clip", original)
        status, out, err = run(*call)
        assert (status, err) == (0, "faces: 0 clips measured, 2 found in the cache\n"
                                    "aus: 1 clip measured, 1 found in the cache\n")
        first = (tmp_path / "x.csv").read_bytes()
        for step in (FaceAligner, HOGActionUnits):
            monkeypatch.setattr(step, "transform_clip", lambda *_: pytest.fail("measured"))
        assert run(*call)[:2] == (0, out)
        assert (tmp_path / "x.csv").read_bytes() == first
        assert (tmp_path / "x_cache").is_dir()

    def test_cache_elsewhere(self, videos, run, monkeypatch, tmp_path):
        call = ("extract", videos / "s002_0_posed.mp4", "--cache", tmp_path / "kept here")
        assert run(*call, "-o", tmp_path / "x.csv")[::2] == (0, "")
        monkeypatch.setattr(FaceAligner, "transform_clip", lambda *_: pytest.fail("measured"))
        assert run(*call, "-o", tmp_path / "y.parquet")[0] == 0
        assert sorted(path.name for path in tmp_path.iterdir()) == ["kept here", "x.csv",
                                                                    "y.parquet"]

    def test_output_is_a_folder(self, run, monkeypatch, tmp_path):
        forbid_measuring(monkeypatch)
        (tmp_path / "x.csv").mkdir()
        status, _, err = run("extract", "a.mp4", "-o", tmp_path / "x.csv")
        assert status == 1
        assert "x.csv: is a folder" in err


@pytest.mark.usefixtures("seen")
class TestFaceMesh:
    def test_without_action_units_no_face_is_aligned(self, videos, run, monkeypatch, tmp_path,
                                                     true_meshes):
        for step in (FaceAligner, LBPSmileIntensity):
            monkeypatch.setattr(step, "fit", lambda *_: pytest.fail("a smile was learnt"))
            monkeypatch.setattr(step, "transform_clip", lambda *_: pytest.fail("measured"))
        names = [str(videos / name) for name in ("s002_0_posed.mp4", "s003_1_spontaneous.mp4")]
        status, out, err = run("extract", *names, "-o", tmp_path / "x.csv", "--measures",
                               "landmarks,blendshapes,pose,dmarkers")
        assert (status, err) == (0, "")
        table = pd.read_csv(tmp_path / "x.csv", keep_default_na=False, na_values=[""])
        markers = pd.read_csv(tmp_path / "x_dmarkers.csv")
        assert out == (f"{tmp_path / 'x.csv'}: {len(table)} frames of 2 videos\n"
                       f"{tmp_path / 'x_dmarkers.csv'}: D-Markers of 2 videos\n")
        points = [f"{axis}_{i}" for axis in "xyz" for i in range(478)]
        assert list(table) == [*PLACES, *points, *BLENDSHAPE_NAMES, *POSE_NAMES]
        assert list(markers["video"]) == names
        assert list(markers)[1:] == list(DMarkers().get_feature_names_out())
        np.testing.assert_array_equal(table["valid"], table["frame"] > 0)
        np.testing.assert_array_equal(table[points + list(POSE_NAMES)].isna().all(axis=1),
                                      ~table["valid"])
        assert {"onset", "apex", "offset"} <= set(table["phase"])
        for i, (name, rows) in enumerate(table.groupby("video")):
            mesh = true_meshes[name]
            np.testing.assert_allclose(rows["y_61"][1:], mesh[1:, 61, 1], rtol=1e-5)
            clip = Clip(landmarks=mesh, fps=12, valid=np.arange(len(mesh)) > 0)
            np.testing.assert_allclose(markers.iloc[i, 1:].astype(float),
                                       DMarkers().fit_transform([clip])[0], rtol=1e-4, atol=1e-5)

    def test_all_beside_a_bad_one(self, videos, tables, run, tmp_path):
        """A table of action units shows no face."""
        video = str(videos / "s000_1_spontaneous.mp4")
        status, _, err = run("extract", tables / "smile é 0.csv", video, "-o",
                             tmp_path / "x.parquet", "--measures", "all")
        assert status == 1
        assert err == (f"1 could not be used:\n  {tables / 'smile é 0.csv'}: has no pictures, in "
                       "which landmarks, blendshapes, pose, dmarkers could be measured; leave it "
                       "out, or ask for --measures aus\n")
        table = pd.read_parquet(tmp_path / "x.parquet")
        assert list(table)[5:23] == ["smile", *AU_NAMES]
        assert table.shape[1] == 5 + 18 + 3 * 478 + 52 + 6
        assert table["smile"][1:].notna().all()
        assert not table["valid"][0]
        assert pd.read_parquet(tmp_path / "x_dmarkers.parquet").shape == (1, 226)

    def test_action_units_of_blendshapes(self, videos, run, monkeypatch, tmp_path):
        monkeypatch.setattr(HOGActionUnits, "transform_clip",
                            lambda *_: pytest.fail("measured by HOG"))
        assert run("extract", videos / "s000_0_posed.mp4", "-o", tmp_path / "x.csv",
                   "--action-units", "blendshapes")[::2] == (0, "")
        table = pd.read_csv(tmp_path / "x.csv")
        assert list(table) == [*PLACES, "smile", *AU_NAMES]
        assert table[["smile", *AU_NAMES]][1:].notna().all(axis=None)

    def test_too_few_frames_for_d_markers(self, videos, run, true_meshes, tmp_path):
        names = [str(videos / name) for name in ("s000_0_posed.mp4", "s001_0_posed.mp4")]
        whole, true_meshes[names[0]] = true_meshes[names[0]], true_meshes[names[0]][:4]
        try:
            status, out, err = run("extract", *names, "-o", tmp_path / "x.csv", "--measures",
                                   "dmarkers")
        finally:
            true_meshes[names[0]] = whole
        assert status == 1
        assert err.startswith(f"1 without D-Markers:\n  {names[0]}: is too short: 4 frames")
        assert out.endswith("D-Markers of 1 videos\n")
        markers = pd.read_csv(tmp_path / "x_dmarkers.csv", index_col="video")
        assert list(markers.index) == names
        assert list(markers.isna().all(axis=1)) == [True, False]
        assert list(pd.read_csv(tmp_path / "x.csv")) == PLACES

    def test_with_a_model(self, mesh_model, trained, videos, run, tmp_path):
        call = ["extract", videos / "s000_0_posed.mp4", "-o", tmp_path / "x.csv", "--model"]
        assert run(*call, mesh_model, "--measures", "pose")[::2] == (0, "")
        assert list(pd.read_csv(tmp_path / "x.csv")) == [*PLACES, *POSE_NAMES]
        for model, measures, message in (
                (mesh_model, "aus", "looks at landmarks and measures no action units; leave"),
                (trained["model"], "aus,pose", "finds no landmarks, and so no pose; leave")):
            status, _, err = run(*call, model, "--measures", measures)
            assert status == 1
            assert message in err

    @pytest.mark.parametrize(("args", "message"), [
        (["--action-units", "hog", "--measures", "pose"], "add aus to --measures"),
        (["--action-units", "hog", "--model", "m.skops"], "so does --model; leave one of them out"),
    ])
    def test_contradictions(self, args, message, videos, run, monkeypatch, tmp_path):
        forbid_measuring(monkeypatch)
        status, _, err = run("extract", videos, "-o", tmp_path / "x.csv", *args)
        assert status == 1
        assert message in err

    def test_second_file_has_a_place(self, videos, run, monkeypatch, tmp_path):
        forbid_measuring(monkeypatch)
        (tmp_path / "x_dmarkers.csv").mkdir()
        call = ["extract", videos, "-o", tmp_path / "x.csv", "--measures", "dmarkers"]
        assert "x_dmarkers.csv: is a folder" in run(*call)[2]


class TestMissingMediaPipe:
    @pytest.mark.parametrize(("args", "message"), [
        (["--measures", "aus,pose,dmarkers"], "pose, dmarkers: FaceLandmarks needs MediaPipe: pip "
         'install "smilegenuine[mediapipe]"; or ask for --measures aus alone\n'),
        (["--action-units", "blendshapes"], "--action-units blendshapes: FaceLandmarks needs "
         'MediaPipe: pip install "smilegenuine[mediapipe]"; or take --action-units hog\n'),
    ])
    def test_is_told_before_the_work(self, args, message, videos, run, monkeypatch, tmp_path):
        no_mediapipe(monkeypatch)
        forbid_measuring(monkeypatch)
        status, out, err = run("extract", videos, "-o", tmp_path / "x.csv", *args)
        assert (status, out) == (1, "")
        assert err == f"smilegenuine extract: {message}"

    def test_of_a_model(self, mesh_model, videos, run, monkeypatch, tmp_path):
        no_mediapipe(monkeypatch)
        err = run("extract", videos, "-o", tmp_path / "x.csv", "--model", mesh_model, "--measures",
                  "landmarks")[2]
        assert err.endswith("or ask for --measures aus alone\n")


@pytest.mark.parametrize("mark", [pytest.param(None, marks=NEEDS_MODEL, id="mediapipe")])
def test_drawn_video_by_mediapipe(mark, videos, run, true_meshes, monkeypatch, tmp_path):
    monkeypatch.setenv("SMILEGENUINE_DATA", str(bundle().parent))
    video = videos / "s002_0_posed.mp4"
    assert run("extract", video, "-o", tmp_path / "x.csv", "--measures",
               "landmarks,pose,dmarkers")[0] == 0
    table = pd.read_csv(tmp_path / "x.csv")
    assert table["valid"].mean() > 0.9
    corners = table[["x_61", "y_61"]].to_numpy()
    error = np.linalg.norm(corners - true_meshes[str(video)][:, 61, :2], axis=1)
    assert np.nanmedian(error) < 4  # pixels, of a picture of 112
    assert table["yaw"].abs().max() < 30
    assert (table["tz"] < 0).all()
    assert pd.read_csv(tmp_path / "x_dmarkers.csv").notna().all(axis=None)


class TestFrameTable:
    def test_landmarks_give_phases_without_action_units(self):
        clip = known_meshes(1, 1, random_state=2).data[0]
        table = frame_table(clip, ("landmarks",))
        np.testing.assert_array_equal(table["z_477"], clip.landmarks[:, 477, 2])
        signals, times = signals_of(clip)
        phases = detect_phases(signals[:, 0].mean(axis=1), times)
        for name in ("onset", "apex", "offset"):
            np.testing.assert_array_equal(np.flatnonzero(table["phase"] == name),
                                          np.arange(len(times))[phases[name]])

    def test_pose(self):
        turn = np.radians(20)
        pose = np.eye(4)
        pose[:3, :3] = [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0],
                        [0, 0, 1]]
        pose[:3, 3] = 1.5, -2.5, -40
        clip = Clip(head_pose=np.stack([pose, pose * np.nan]), fps=25)
        table = frame_table(clip, ("pose",))
        np.testing.assert_allclose(table.loc[0, list(POSE_NAMES)].astype(float),
                                   [0, 0, -20, 1.5, -2.5, -40], atol=1e-9)
        assert table.loc[1, list(POSE_NAMES)].isna().all()

    def test_known_clip(self):
        clip = known_clips(1, 1, random_state=2).data[0]
        valid = np.arange(len(clip.times)) != 4
        table = frame_table(clip.replace(valid=valid))
        assert table.shape == (len(clip.times), 6 + len(AU_NAMES))
        np.testing.assert_array_equal(table["time"], clip.times)
        np.testing.assert_array_equal(table["smile"][valid], clip.smile[valid])
        np.testing.assert_array_equal(table[list(AU_NAMES)].to_numpy()[valid], clip.aus[valid])
        assert table.loc[4, ["smile", *AU_NAMES]].isna().all()
        assert list(pd.unique(table["phase"])) in (["", "onset", "apex", "offset"],
                                                   ["", "onset", "apex"])

    def test_without_smile_intensity(self):
        """AU12 gives the phases."""
        clip = known_clips(1, 1, random_state=2).data[0]
        table = frame_table(clip.replace(smile=None))
        assert table["smile"].isna().all()
        np.testing.assert_array_equal(table["phase"], frame_table(clip)["phase"])

    def test_no_valid_frame(self):
        table = frame_table(Clip(aus=np.full((7, 17), np.nan), fps=25, name="dark"))
        assert not table["valid"].any()
        assert set(table["phase"]) == {""}
        assert table["smile"].isna().all()
