"""Action-unit tables: headers, failed frames, scales, faces, timestamps and all that is refused."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from lookalike_files import write_libreface, write_pyfeat

from smilegenuine.clips.au_table import AU_NAMES, parse_au_table, read_au_table
from smilegenuine.clips.errors import ClipError


def values(n: int = 7) -> np.ndarray:
    return np.random.default_rng(3).uniform(0.1, 4.9, (n, 17))


def openface(n: int = 7, pad: str = "") -> pd.DataFrame:
    table = pd.DataFrame(values(n), columns=[f"{pad}{au}_r" for au in AU_NAMES])
    table[f"{pad}AU12_c"] = 1.0  # presence, as OpenFace writes it beside the intensities
    return table


def pyfeat(n: int = 7) -> pd.DataFrame:
    """Columns of py-feat: no AU45, probabilities, three action units that OpenFace lacks."""
    names = [au for au in AU_NAMES if au != "AU45"]
    table = pd.DataFrame(values(n)[:, :16] / 5, columns=names)
    return table.assign(AU43=values(n)[:, 16] / 5, AU11=0.2, AU24=0.3, AU28=0.4)


def test_names():
    assert len(AU_NAMES) == len(set(AU_NAMES)) == 17
    assert list(AU_NAMES) == sorted(AU_NAMES)


class TestIntensities:
    @pytest.mark.parametrize("pad", ["", " ", "   "])
    def test_openface(self, pad):
        aus, times, valid = read_au_table(openface(pad=pad))
        np.testing.assert_array_equal(aus, values())
        assert aus.dtype == np.float64
        assert times is None
        assert valid.all()

    def test_order_of_columns_is_settled_here(self):
        shuffled = openface().sample(frac=1, axis=1, random_state=0)
        np.testing.assert_array_equal(read_au_table(shuffled).aus, values())

    def test_the_table_is_not_changed(self):
        table = openface(pad=" ").assign(success=[1, 0, 1, 1, 1, 0, 1])
        before = table.copy()
        read_au_table(table).aus[:] = -1
        pd.testing.assert_frame_equal(table, before)

    def test_failed_frames_are_not_zeros(self):
        table = openface()
        table.iloc[2, :17] = 0.0
        aus, _, valid = read_au_table(table.assign(success=[1, 1, 0, 1, 1, 1, 1]))
        np.testing.assert_array_equal(np.flatnonzero(~valid), [2])
        assert np.isnan(aus[2]).all()
        np.testing.assert_array_equal(aus[valid], values()[valid])

    @pytest.mark.parametrize("success", [
        [True, True, False, True, True, True, True], ["1", "1", "0", "1", "1", "1", "1"],
        [1, 1, np.nan, 1, 1, 1, 1], ["1", "1", "no", "1", "1", "1", "1"],
        pd.array([1, 1, None, 1, 1, 1, 1], dtype="Int64")])
    def test_success_in_other_types(self, success):
        valid = read_au_table(openface().assign(success=success)).valid
        np.testing.assert_array_equal(np.flatnonzero(~valid), [2])

    def test_no_frame_succeeded(self):
        aus, _, valid = read_au_table(openface().assign(success=0))
        assert not valid.any()
        assert np.isnan(aus).all()

    def test_single_missing_values(self):
        table = openface()
        table.loc[3, "AU07_r"] = np.nan
        table.loc[5, "AU45_r"] = np.inf
        aus, _, valid = read_au_table(table)
        np.testing.assert_array_equal(np.flatnonzero(~valid), [3, 5])
        assert np.isnan(aus[[3, 5]]).all()
        assert np.isfinite(aus[valid]).all()

    def test_strings(self):
        table = openface().astype({"AU02_r": object})
        table.loc[1, "AU02_r"] = "n/a"
        aus, _, valid = read_au_table(table)
        np.testing.assert_array_equal(np.flatnonzero(~valid), [1])
        np.testing.assert_array_equal(aus[valid], values()[valid])
        np.testing.assert_allclose(read_au_table(openface().astype(str)).aus, values())

    def test_nullable_types(self):
        table = openface().convert_dtypes()
        table.loc[4, "AU09_r"] = pd.NA
        np.testing.assert_array_equal(np.flatnonzero(~read_au_table(table).valid), [4])

    def test_column_of_nothing(self):
        with pytest.raises(ClipError, match="mine: column AU04_r, AU26_r holds no number at all"):
            read_au_table(openface().assign(AU04_r=np.nan, AU26_r="x"), "mine")

    def test_missing_columns(self):
        with pytest.raises(ClipError, match=r"table: no column AU06_r, AU12_r; the 17 intensities"):
            read_au_table(openface().drop(columns=["AU06_r", "AU12_r"]))

    def test_no_action_units(self):
        with pytest.raises(ClipError, match=r"no column AU01, .*AU45; the 17 intensities"):
            read_au_table(pd.DataFrame(np.zeros((4, 17))))

    @pytest.mark.parametrize("again", ["AU01_r", "success"])
    def test_column_twice(self, again):
        table = openface().assign(success=1)
        with pytest.raises(ClipError, match=f"column {again} is there twice"):
            read_au_table(pd.concat([table, table[[again]].add_prefix(" ")], axis=1))

    def test_no_rows(self):
        with pytest.raises(ClipError, match="empty: the table has no rows"):
            read_au_table(openface()[:0], "empty")


class TestScale:
    def test_pyfeat(self):
        aus, times, valid = read_au_table(pyfeat())
        np.testing.assert_allclose(aus, values())
        assert times is None
        assert valid.all()

    def test_pyfeat_in_small_letters(self):
        np.testing.assert_allclose(read_au_table(pyfeat().rename(columns=str.lower)).aus, values())

    def test_own_eyelid_column_goes_before_the_stand_in(self):
        table = pyfeat().assign(AU45=0.5)
        np.testing.assert_array_equal(read_au_table(table).aus[:, 16], 0.5)

    def test_plain_names_with_openface_scale(self):
        table = pd.DataFrame(values(), columns=list(AU_NAMES))
        np.testing.assert_array_equal(read_au_table(table).aus, values())
        np.testing.assert_array_equal(read_au_table(table / 10).aus, values() / 10)

    def test_openface_below_one_is_not_scaled(self):
        np.testing.assert_array_equal(read_au_table(openface() / 10).aus, values() / 10)

    def test_openface_names_go_first(self):
        table = pd.concat([openface(), pyfeat()], axis=1)
        np.testing.assert_array_equal(read_au_table(table).aus, values())


class TestFaces:
    @pytest.mark.parametrize("column", ["face_id", "FaceID", " face_id"])
    def test_the_face_in_most_rows(self, column):
        ids = [0, 1, 1, 0, 1, 1, 1]
        table = openface().assign(**{column: ids}, frame=[1, 1, 2, 2, 3, 4, 5],
                                  timestamp=[0, 0, 0.1, 0.1, 0.2, 0.3, 0.4])
        with pytest.warns(UserWarning, match=r"mine: 2 faces.*\(\w+ 1, 5 rows\)"):
            aus, times, valid = read_au_table(table, "mine")
        np.testing.assert_array_equal(aus, values()[[1, 2, 4, 5, 6]])
        np.testing.assert_allclose(times, [0, 0.1, 0.2, 0.3, 0.4])
        assert valid.shape == (5,)

    def test_one_face_does_not_warn(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert len(read_au_table(openface().assign(face_id=0)).aus) == 7

    def test_faces_without_ids(self):
        # py-feat writes a row for each face of a frame.
        with pytest.raises(ClipError, match="column frame repeats: several faces"):
            read_au_table(pyfeat().assign(frame=[0, 0, 1, 1, 2, 2, 3]))


class TestTimestamps:
    def test_from_the_first_row(self):
        stamps = 3.5 + np.array([0, 0.02, 0.04, 0.1, 0.12, 0.14, 0.16])
        times = read_au_table(openface(pad=" ").assign(**{" timestamp": stamps})).times
        np.testing.assert_allclose(times, stamps - 3.5)
        assert times[0] == 0

    def test_failed_frames_keep_their_times(self):
        table = openface().assign(timestamp=np.arange(7) / 30, success=[0, 1, 1, 0, 1, 1, 0])
        assert len(read_au_table(table).times) == 7

    @pytest.mark.parametrize("stamps", [np.arange(7) / 1000, np.arange(5, 12) / 1000, np.zeros(7)])
    def test_counts_are_no_times(self, stamps):
        assert read_au_table(openface().assign(timestamp=stamps)).times is None

    def test_one_row(self):
        assert read_au_table(openface(1).assign(timestamp=0.5)).times is None

    @pytest.mark.parametrize("stamps", [
        [0, 0.1, 0.2, 0.2, 0.3, 0.4, 0.5], [0, 0.1, 0.2, 0.05, 0.3, 0.4, 0.5],
        [6, 5, 4, 3, 2, 1, 0]])
    def test_repeated_or_backward(self, stamps):
        with pytest.raises(ClipError, match="column timestamp does not increase from row to row"):
            read_au_table(openface().assign(timestamp=stamps))

    @pytest.mark.parametrize("bad", [np.nan, "x", np.inf])
    def test_not_a_number(self, bad):
        table = openface().assign(timestamp=pd.Series(np.arange(7) / 30, dtype=object))
        table.loc[3, "timestamp"] = bad
        with pytest.raises(ClipError, match="timestamp holds values that are not numbers"):
            read_au_table(table)


def test_real_openface_file(real):
    raw = pd.read_csv(real / "OpenFace_Test.csv")
    assert raw.columns[1].startswith(" ")  # padded, as the tool writes it
    aus, times, valid = read_au_table(raw)
    assert aus.shape == (100, 17)
    assert valid.all()
    assert times is None  # images of a folder: thousandths that count
    np.testing.assert_array_equal(aus[:, AU_NAMES.index("AU12")], raw[" AU12_r"])
    assert (aus >= 0).all()
    assert (aus <= 5).all()
    assert aus.max() > 1


def test_tables_that_call_their_seconds_time():
    table = pd.DataFrame(np.ones((4, 17)), columns=list(AU_NAMES)).assign(time=[0.5, 0.6, 0.7, 0.8])
    np.testing.assert_allclose(read_au_table(table).times, [0.0, 0.1, 0.2, 0.3])
    assert read_au_table(table.assign(time=["a", "b", "c", "d"])).times is None
    assert read_au_table(table.assign(time=[3.0, 2.0, 1.0, 0.0])).times is None
    both = table.assign(timestamp=[0.0, 0.04, 0.08, 0.12])
    np.testing.assert_allclose(read_au_table(both).times, [0.0, 0.04, 0.08, 0.12])


class TestTools:
    """What tells whose table it is, and what it lacks."""

    def test_libreface(self, tmp_path):
        table = pd.read_csv(write_libreface(tmp_path / "a.csv", values(), 25))
        with pytest.warns(UserWarning, match="mine: AU07, AU10, AU14, AU23, AU45 are not measured"):
            aus, times, valid = read_au_table(table, "mine")
        lacks = np.isin(AU_NAMES, ["AU07", "AU10", "AU14", "AU23", "AU45"])
        np.testing.assert_allclose(aus[:, ~lacks], values()[:, ~lacks])
        assert not aus[:, lacks].any()
        np.testing.assert_allclose(times, np.arange(7) / 25)
        assert valid.all()

    @pytest.mark.parametrize(("unit", "fps"), [(1000.0, 25.0), (1.0, 25.0), (1000.0, 500.0),
                                               (1.0, 1.0), (1000.0, 1.0)])
    def test_milliseconds_or_seconds(self, tmp_path, unit, fps):
        table = pd.read_csv(write_libreface(tmp_path / "a.csv", values()))
        table["frame_time_in_ms"] = np.arange(7) / fps * unit
        np.testing.assert_allclose(parse_au_table(table).times, np.arange(7) / fps)

    def test_without_the_lip_corners(self, tmp_path):
        table = pd.read_csv(write_libreface(tmp_path / "a.csv", values()))
        with pytest.raises(ClipError, match=r"no column .*au_12_intensity.*; au_12_intensity at"):
            read_au_table(table.drop(columns="au_12_intensity"))

    def test_pyfeat_by_its_boxes(self, tmp_path):
        twelve = [au for au in AU_NAMES if au not in ("AU05", "AU09", "AU20", "AU25", "AU26",
                                                      "AU45")]
        table = pd.read_csv(write_pyfeat(tmp_path / "a.csv", values(), names=twelve))
        found = parse_au_table(table)
        assert found.missing == ("AU05", "AU09", "AU20", "AU25", "AU26", "AU45")
        measured = np.isin(AU_NAMES, twelve)
        np.testing.assert_allclose(found.aus[:, measured], values()[:, measured])

    def test_pyfeat_of_a_version_with_blinks(self, tmp_path):
        table = pd.read_csv(write_pyfeat(tmp_path / "a.csv", values(), AU45=0.5, AU43=0.1))
        found = parse_au_table(table)
        np.testing.assert_allclose(found.aus[:, 16], 2.5)
        assert found.missing == ()

    @pytest.mark.parametrize(("tool", "missing"), [
        ("openface", "no column AU01_r, .*extract them with OpenFace 2"),
        ("libreface", "no column au_1_intensity, .*a table of LibreFace"),
        ("pyfeat", None), ("plain", None)])
    def test_told(self, tool, missing):
        table = pyfeat().assign(AU45=0.2)
        if missing is None:
            scale = 5.0 if tool == "pyfeat" else 1.0
            np.testing.assert_allclose(parse_au_table(table, tool=tool).aus[:, 16], 0.2 * scale)
        else:
            with pytest.raises(ClipError, match=missing):
                parse_au_table(table, tool=tool)

    def test_no_face_in_any_frame(self):
        with pytest.raises(ClipError, match="mine: no frame has action units; was a face in view"):
            read_au_table(pyfeat() * np.nan, "mine")


class TestWholeSeconds:
    def table(self, frames, fps):
        seconds = (np.asarray(frames) / fps).astype(int)
        return pyfeat(len(frames)).assign(frame=frames, approx_time=[
            f"{s // 60:02d}:{s % 60:02d}" for s in seconds])

    @pytest.mark.parametrize(("frames", "fps", "rate"), [
        (np.arange(60), 30, 30), (np.arange(200), 30000 / 1001, 30), (np.arange(130), 50, 50),
        (np.arange(90, 200), 30, 30), (np.arange(0, 600, 3), 25, 25)])
    def test_rate(self, frames, fps, rate):
        found = parse_au_table(self.table(frames, fps))
        assert found.approximate
        np.testing.assert_allclose(found.times, (frames - frames[0]) / rate, rtol=0.01)
        np.testing.assert_array_equal(found.frames, frames)

    @pytest.mark.parametrize(("frames", "fps"), [
        (np.arange(20), 30), (np.arange(40, 80), 30), (np.arange(0, 50, 10), 25)])
    def test_too_little_to_tell(self, frames, fps):
        found = parse_au_table(self.table(frames, fps))
        assert found.times is None
        assert not found.approximate

    def test_other_words(self):
        table = self.table(np.arange(60), 30).assign(approx_time="soon")
        assert parse_au_table(table).times is None


class TestFacesByTheirPlaces:
    def table(self, frames, lefts, widths):
        return pyfeat(len(frames)).assign(frame=frames, FaceRectX=lefts, FaceRectY=10.0,
                                          FaceRectWidth=widths, FaceRectHeight=widths)

    def test_the_largest_over_time(self):
        # The small one stays; the large one comes in frame 1, moves, and changes rows.
        table = self.table([0, 1, 1, 2, 2, 3, 3], [10, 10, 200, 230, 10, 10, 260],
                           [30, 30, 80, 80, 30, 30, 80])
        with pytest.warns(UserWarning, match="mine: 3 of 4 frames show several faces; the one"):
            aus, _, valid = read_au_table(table, "mine")
        np.testing.assert_array_equal(valid, [False, True, True, True])
        np.testing.assert_allclose(aus[1:], values()[[2, 3, 6]])

    def test_a_face_that_is_not_found_in_a_frame(self):
        table = self.table([0, 0, 1, 2, 2, 3, 3], [10, 200, np.nan, 10, 200, 10, 200],
                           [30, 80, np.nan, 30, 80, 30, 80])
        found = parse_au_table(table)
        np.testing.assert_array_equal(found.valid, [True, False, True, True])
        assert len(found.frames) == 4

    def test_one_face_under_several_names(self):
        table = pyfeat().assign(frame=range(7), Identity=["Person_0", "Person_1"] * 3 + ["x"])
        assert parse_au_table(table).valid.all()  # py-feat takes one person for two

    def test_names_where_there_are_no_places(self):
        table = pyfeat().assign(frame=[0, 0, 1, 1, 2, 2, 3],
                                Identity=["a", "b", "b", "a", "a", "b", "b"])
        found = parse_au_table(table)
        assert "2 faces in the table; the one in most rows (Identity b, 4 rows)" in found.faces
        np.testing.assert_allclose(found.aus, values()[[1, 2, 5, 6]])

    def test_several_recordings_are_no_faces(self):
        table = self.table([0, 1, 2, 3, 0, 1, 2], [10.0] * 7, [30.0] * 7)
        with pytest.raises(ClipError, match=r"several recordings in one table \(column input\)"):
            read_au_table(table.assign(input=["a.mp4"] * 4 + ["b.mp4"] * 3))
        pictures = self.table(range(7), [10.0] * 7, [30.0] * 7)
        found = parse_au_table(pictures.assign(input=[f"{k}.png" for k in range(7)]))
        assert found.valid.all()

    def test_frames_of_others_are_frames(self):
        table = openface().assign(face_id=[0, 1, 1, 0, 1, 1, 0], frame=[1, 1, 2, 3, 4, 5, 6],
                                  timestamp=np.array([1, 1, 2, 3, 4, 5, 6]) / 25)
        found = parse_au_table(table)
        np.testing.assert_array_equal(found.valid, [True, True, False, True, True, False])
        np.testing.assert_allclose(found.times, np.arange(6) / 25)
