"""`smilegenuine extract`, and the table of frames that it writes."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from cli_inputs import forbid_measuring, write_openface
from drawn import known_clips

from smilegenuine import AUDA, Clip, LBPSmileIntensity, load_model, save_model
from smilegenuine.au_table import AU_NAMES
from smilegenuine.cli.extract import frame_table


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

    def test_parquet_without_pyarrow(self, run, monkeypatch, tmp_path):
        forbid_measuring(monkeypatch)
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        status, _, err = run("extract", "a.mp4", "-o", tmp_path / "x.parquet")
        assert status == 1
        assert "pip install 'smilegenuine[parquet]'" in err

    def test_output_is_a_folder(self, run, monkeypatch, tmp_path):
        forbid_measuring(monkeypatch)
        (tmp_path / "x.csv").mkdir()
        status, _, err = run("extract", "a.mp4", "-o", tmp_path / "x.csv")
        assert status == 1
        assert "x.csv: is a folder" in err


class TestFrameTable:
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
