"""CSVs of OpenFace, py-feat and LibreFace, one by one and in folders."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lookalike_files import PYFEAT_AUS, waves, write_libreface, write_openface, write_pyfeat

from smilegenuine import AU_NAMES, AUDA
from smilegenuine.datasets import load_libreface, load_openface, load_pyfeat

LIBREFACE_LACKS = ("AU07", "AU10", "AU14", "AU23", "AU45")


@pytest.fixture(autouse=True)
def no_other_warnings():
    """What is not asked for by `pytest.warns` is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


class TestOpenFace:
    def test_one_file(self, tmp_path):
        path = write_openface(tmp_path / "a b.csv", waves(6), 30)
        found = load_openface(str(path))
        (clip,) = found.data
        assert clip.name == str(path)
        np.testing.assert_allclose(clip.aus, waves(6))
        assert clip.fps == pytest.approx(30, rel=0.02)  # the tool rounds to milliseconds
        assert clip.mask.all()
        assert found.target is None
        assert found.groups is None
        assert found.folds is None
        assert found.target_names is None
        assert found.missing_aus == ()
        assert list(found.metadata["video"]) == ["a b"]
        assert found.filenames == [str(path)]
        assert "OpenFace" in found.DESCR

    def test_folder_in_the_order_of_paths(self, tmp_path):
        for i, name in enumerate(["b10.csv", "b9.csv", "a/z.csv", "a/b/c.CSV", "ä.csv"]):
            write_openface(tmp_path / name, waves(4 + i), None)
        (tmp_path / "notes.txt").write_text("nothing")
        (tmp_path / "odd.csv").mkdir()
        (tmp_path / ".hidden.csv").write_text("x")
        found = load_openface(tmp_path, fps=25)
        assert [Path(c.name).relative_to(tmp_path).as_posix() for c in found.data] == [
            "a/b/c.CSV", "a/z.csv", "b9.csv", "b10.csv", "ä.csv"]
        assert [c.n_frames for c in found.data] == [7, 6, 5, 4, 8]
        assert [c.fps for c in found.data] == [25] * 5
        assert list(found.metadata["video"]) == ["a/b/c", "a/z", "b9", "b10", "ä"]

    def test_failed_frames_are_not_measurements(self, tmp_path):
        aus = waves(5)
        aus[[1, 4]] = 0.0
        path = write_openface(tmp_path / "a.csv", aus, success=[1, 0, 1, 1, 0])
        (clip,) = load_openface(path).data
        np.testing.assert_array_equal(clip.valid, [True, False, True, True, False])
        assert np.isnan(clip.aus[1]).all()

    def test_timing(self, tmp_path):
        counted = write_openface(tmp_path / "images.csv", waves(8), None)
        assert load_openface(counted).data[0].fps is None
        assert load_openface(counted, fps=20).data[0].times[-1] == pytest.approx(0.35)
        timed = write_openface(tmp_path / "video.csv", waves(8), 50)
        assert load_openface(timed, fps=20).data[0].fps == pytest.approx(50)

    def test_several_faces(self, tmp_path):
        aus = waves(6)
        path = write_openface(tmp_path / "two.csv", aus, face_id=[0, 1, 0, 1, 1, 1],
                              frame=[1, 1, 2, 2, 3, 4])
        with pytest.warns(UserWarning, match=r"1 file with several faces: .*two\.csv \(2 faces in "
                                             r"the table; the one in most rows \(face_id 1, 4"):
            (clip,) = load_openface(path).data
        np.testing.assert_allclose(clip.aus, aus[[1, 3, 4, 5]])

    def test_semicolons_and_a_mark(self, tmp_path):
        text = write_openface(tmp_path / "a.csv", waves(6), 25).read_text(encoding="utf-8")
        (tmp_path / "a.csv").write_text(text.replace(", ", ";"), encoding="utf-8-sig")
        np.testing.assert_allclose(load_openface(tmp_path / "a.csv").data[0].aus, waves(6))

    def test_a_separator_at_the_end_of_rows_moves_nothing(self, tmp_path):
        path = write_openface(tmp_path / "a.csv", waves(6), 25)
        header, *rows = path.read_text(encoding="utf-8").splitlines()
        path.write_text("\n".join([header, *(f"{row}," for row in rows)]), encoding="utf-8")
        np.testing.assert_allclose(load_openface(path).data[0].aus, waves(6))

    def test_more_cells_than_columns(self, tmp_path):
        path = write_openface(tmp_path / "a.csv", waves(6), 25)
        header, *rows = path.read_text(encoding="utf-8").splitlines()
        rows[2] = rows[2].replace(".", ",")
        path.write_text("\n".join([header, *rows]), encoding="utf-8")
        with pytest.raises(ValueError, match=r"a\.csv: line 4 has \d+ cells and the header 43"):
            load_openface(path)

    def test_a_file_that_is_cut_off_in_a_row(self, tmp_path):
        path = write_openface(tmp_path / "a.csv", waves(6), 25)
        text = path.read_text(encoding="utf-8")
        path.write_text(text[:text.rindex(", 1.93")], encoding="utf-8")
        (clip,) = load_openface(path).data
        np.testing.assert_array_equal(np.flatnonzero(~clip.mask), [5])

    def test_bad_files_are_left_out_and_listed_once(self, tmp_path):
        write_openface(tmp_path / "good.csv", waves())
        write_pyfeat(tmp_path / "pyfeat.csv", waves())
        (tmp_path / "none.csv").touch()
        (tmp_path / "back.csv").write_text(
            "timestamp," + ",".join(f"{au}_r" for au in AU_NAMES) + "\n" + "\n".join(
                ",".join(["1.0", *["1"] * 17]) if i else ",".join(["2.0", *["1"] * 17])
                for i in range(2)))
        with pytest.warns(UserWarning, match="3 not to be read") as caught:
            found = load_openface(tmp_path)
        assert len(caught) == 1
        said = str(caught[0].message)
        assert "back.csv: column timestamp does not increase" in said
        assert "none.csv: the file is empty; extract" in said
        assert "pyfeat.csv: no column AU01_r, " in said
        assert "extract them with OpenFace 2" in said
        assert said.endswith("; 1 clip is left")
        assert [Path(c.name).name for c in found.data] == ["good.csv"]
        assert len(found.failures) == 3

    def test_raise_and_skip(self, tmp_path):
        write_openface(tmp_path / "good.csv", waves())
        (tmp_path / "none.csv").touch()
        with pytest.raises(ValueError, match=r"1 not to be read: .*none\.csv: the file is empty"):
            load_openface(tmp_path, on_error="raise")
        assert len(load_openface(tmp_path, on_error="skip").failures) == 1

    def test_nothing_usable(self, tmp_path):
        (tmp_path / "a.csv").write_text("path,label\na.mp4,1\n")
        for path in (tmp_path, tmp_path / "a.csv"):
            with pytest.raises(ValueError, match=r"a\.csv: no column AU01_r"):
                load_openface(path)

    def test_nothing_there(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="nowhere: no such file or folder"):
            load_openface(tmp_path / "nowhere")
        with pytest.raises(FileNotFoundError, match=r"no \.csv file in the folder; run OpenFace"):
            load_openface(tmp_path)
        (tmp_path / "a.txt").write_text("x")
        with pytest.raises(ValueError, match=r"a\.txt: is no \.csv file; run OpenFace"):
            load_openface(tmp_path / "a.txt")

    def test_home(self, tmp_path, monkeypatch):
        monkeypatch.setenv("HOME", str(tmp_path))
        write_openface(tmp_path / "set" / "a.csv", waves())
        assert len(load_openface("~/set").data) == 1

    def test_real_file(self, real, tmp_path):
        shutil.copy(real / "OpenFace_Test.csv", tmp_path)
        found = load_openface(tmp_path, labels={"OpenFace_Test": "genuine"}, fps=30)
        (clip,) = found.data
        assert clip.aus.shape == (100, 17)
        assert clip.times[-1] == pytest.approx(3.3)
        assert list(found.target) == [1]


class TestPyFeat:
    def test_probabilities_times_five(self, tmp_path):
        path = write_pyfeat(tmp_path / "a.csv", waves(60), 25.0)
        found = load_pyfeat(path, fps=25)
        (clip,) = found.data
        np.testing.assert_allclose(clip.aus, waves(60), atol=1e-12)
        assert clip.fps == pytest.approx(25)
        assert found.missing_aus == ()  # AU43 stands in for AU45

    @pytest.mark.parametrize("fps", [25.0, 30000 / 1001, 50.0])
    def test_rate_from_whole_seconds(self, tmp_path, fps):
        path = write_pyfeat(tmp_path / "a.csv", waves(140), fps)
        assert load_pyfeat(path).data[0].fps == pytest.approx(fps, rel=0.01)
        assert load_pyfeat(path, fps=60).data[0].fps == 60  # what is given goes first

    def test_too_short_to_tell_the_rate(self, tmp_path):
        path = write_pyfeat(tmp_path / "a.csv", waves(20), 25)
        assert load_pyfeat(path).data[0].fps is None
        untimed = write_pyfeat(tmp_path / "b.csv", waves(60), 25, timed=False)
        assert load_pyfeat(untimed).data[0].fps is None

    def test_every_fifth_frame(self, tmp_path):
        path = write_pyfeat(tmp_path / "a.csv", waves(40), 50, frame=5 * np.arange(40))
        for fps in (None, 50):
            (clip,) = load_pyfeat(path, fps=fps).data
            np.testing.assert_allclose(np.diff(clip.times), 0.1)

    def test_frames_without_a_face(self, tmp_path):
        boxes = np.tile([100.0, 80.0, 60.0, 70.0], (60, 1))
        boxes[3:5] = np.nan
        scores = np.where(np.arange(60) == 10, 0.0, 0.98)
        path = write_pyfeat(tmp_path / "a.csv", waves(60), boxes=boxes, score=scores)
        (clip,) = load_pyfeat(path).data
        np.testing.assert_array_equal(np.flatnonzero(~clip.valid), [3, 4, 10])

    def test_no_face_at_all(self, tmp_path):
        path = write_pyfeat(tmp_path / "a.csv", np.full((4, 17), np.nan), AU11=np.nan, AU24=np.nan,
                            AU28=np.nan)
        with pytest.raises(ValueError, match=r"a\.csv: no frame has action units; was a face"):
            load_pyfeat(path)

    def test_the_largest_of_several_faces(self, tmp_path):
        aus = waves(40)
        boxes = np.tile([100.0, 80.0, 60.0, 70.0], (40, 1))
        boxes[::2] = [300.0, 90.0, 90.0, 95.0]
        boxes[:, 0] += np.repeat(np.arange(20), 2)  # both move
        frame = np.repeat(np.arange(20), 2)
        # The large one is away in frame 7; somebody small is in its place.
        aus, boxes, frame = (np.delete(x, 14, axis=0) for x in (aus, boxes, frame))
        path = write_pyfeat(tmp_path / "two.csv", aus, 10, frame=frame, boxes=boxes)
        with pytest.warns(UserWarning, match=r"19 of 20 frames show several faces; the one that is "
                                             "largest over time"):
            (clip,) = load_pyfeat(path, fps=10).data
        assert clip.n_frames == 20
        np.testing.assert_array_equal(np.flatnonzero(~clip.mask), [7])
        np.testing.assert_allclose(clip.aus[8], waves(40)[16], atol=1e-12)

    def test_a_model_of_twelve_units(self, tmp_path):
        twelve = [f"AU{k:02d}" for k in (1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24)]
        write_pyfeat(tmp_path / "a.csv", waves(60, 1), names=twelve)
        write_pyfeat(tmp_path / "b.csv", waves(60, 2))
        lacks = ("AU05", "AU09", "AU20", "AU25", "AU26", "AU45")
        with pytest.warns(UserWarning, match=f"^py-feat: {', '.join(lacks)} are not measured: 0 "
                                             "throughout, and no information$") as caught:
            found = load_pyfeat(tmp_path, fps=25)
        assert len(caught) == 1
        assert found.missing_aus == lacks
        assert "not measured" in found.DESCR
        for clip in found.data:  # in the other file too, or the tool would be learnt
            zero = ~np.asarray(clip.aus).any(axis=0)
            assert tuple(np.array(AU_NAMES)[zero]) == lacks

    def test_no_probabilities(self, tmp_path):
        path = write_pyfeat(tmp_path / "a.csv", 5 * waves(10))
        with pytest.raises(ValueError, match=r"go up to .*, and py-feat's probabilities end at 1"):
            load_pyfeat(path)

    def test_another_tools_table(self, tmp_path):
        path = write_openface(tmp_path / "a.csv", waves(10))
        with pytest.raises(ValueError, match=r"AU12 at least is needed.*this a table of py-feat"):
            load_pyfeat(path)

    def test_names(self):
        assert len(PYFEAT_AUS) == 20
        assert list(PYFEAT_AUS) == sorted(PYFEAT_AUS)


class TestLibreFace:
    @pytest.mark.parametrize("written", [{}, {"seconds": False}, {"old": True}])
    def test_twelve_intensities(self, tmp_path, written):
        path = write_libreface(tmp_path / "a.csv", waves(60), 30, **written)
        with pytest.warns(UserWarning, match="LibreFace: AU07, AU10, AU14, AU23, AU45 are not "
                                             "measured") as caught:
            found = load_libreface(path)
        assert len(caught) == 1
        assert found.missing_aus == LIBREFACE_LACKS
        (clip,) = found.data
        lacks = np.isin(AU_NAMES, LIBREFACE_LACKS)
        np.testing.assert_allclose(clip.aus[:, ~lacks], waves(60)[:, ~lacks])
        assert not clip.aus[:, lacks].any()
        assert clip.fps == pytest.approx(30)  # of seconds as of milliseconds
        assert clip.mask.all()

    def test_auda_takes_them(self, tmp_path):
        write_libreface(tmp_path / "a.csv", waves(80))
        with pytest.warns(UserWarning, match="not measured"):
            found = load_libreface(tmp_path)
        table = AUDA().set_output(transform="pandas").transform(found.data)
        assert np.isfinite(table).all(axis=None)
        assert not table.filter(regex="AU45").to_numpy()[:, :6].any()

    def test_failed_frames(self, tmp_path):
        path = write_libreface(tmp_path / "a.csv", waves(12))
        table = pd.read_csv(path)
        table.loc[3, "au_12_intensity"] = np.nan
        table.to_csv(path, index=False)
        with pytest.warns(UserWarning, match="not measured"):
            (clip,) = load_libreface(path).data
        np.testing.assert_array_equal(np.flatnonzero(~clip.valid), [3])
        assert np.isnan(clip.aus[3]).all()

    def test_another_tools_table(self, tmp_path):
        path = write_openface(tmp_path / "a.csv", waves(10))
        with pytest.raises(ValueError, match=r"au_12_intensity at least is needed.*of LibreFace"):
            load_libreface(path)


@pytest.mark.parametrize(("load", "write"), [
    (load_openface, write_openface), (load_pyfeat, write_pyfeat),
    (load_libreface, write_libreface)])
def test_all_take_labels(tmp_path, load, write):
    for name in ("a", "b"):
        write(tmp_path / f"{name}.csv", waves(60))
    (tmp_path / "labels.csv").write_text("video,label,subject\na.mp4,posed,1\nb.mp4,genuine,2\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = load(tmp_path)
    np.testing.assert_array_equal(found.target, [0, 1])
    np.testing.assert_array_equal(found.groups, ["1", "2"])
    assert [clip.subject for clip in found.data] == ["1", "2"]
    assert found.target_names == ("posed", "spontaneous")
