"""Action-unit tables: headers, failed frames, scales, faces, timestamps and all that is refused."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from smilegenuine.au_table import AU_NAMES, read_au_table
from smilegenuine.errors import ClipError


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
