"""Lists as people keep them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from smilegenuine.datasets.csv_tables import read_csv, separator_of, typed


@pytest.mark.parametrize("separator", [",", ";", "\t", ", ", " ;"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_all_ways_to_write_it(tmp_path, separator, encoding, newline):
    rows = [["Path", " Label ", "Größe"], ["Müller/ä b.mp4", "posed", "1,5" if ";" in separator
                                           else "1.5"], ["", "", ""], ["c.mp4", "", "2"]]
    text = newline.join(separator.join(row) for row in rows)
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    table = read_csv(tmp_path / "a.csv")
    assert list(table) == ["path", "label", "größe"]
    assert list(table["path"]) == ["Müller/ä b.mp4", "c.mp4"]
    assert list(table["label"]) == ["posed", None]
    assert list(table.index) == [2, 4]  # lines of the file


def test_quotes_trailing_separators_and_columns_without_a_name(tmp_path):
    (tmp_path / "a.csv").write_text('a,b,\n"x, y",1,\n"two\nlines",2,,,\n')
    table = read_csv(tmp_path / "a.csv")
    assert table.to_dict("list") == {"a": ["x, y", "two\nlines"], "b": ["1", "2"]}


@pytest.mark.parametrize(("text", "message"), [
    ("", r"cannot be read as a CSV \(it is empty\)"), (" \n\n", r"cannot be .* \(it is empty\)"),
    ("a,b\n", "no rows"), ("a,b\n,\n", "no rows"),
    ("a,b\n1,2\n1,2,3\n", r"cannot be read as a CSV \(line 3 has 3 cells and the header 2"),
    ("a,A\n1,2\n", "column a is there twice")])
def test_no_lists(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ValueError, match=rf"a\.csv: {message}"):
        read_csv(tmp_path / "a.csv")


def test_separators():
    assert separator_of("a;b,c;d\n1,2,3,4,5") == ";"
    assert separator_of("alone") == ","


@pytest.mark.parametrize(("texts", "values", "kind"), [
    (["1", "2"], [1, 2], "i"), (["1", None], [1, np.nan], "f"), (["1.5", "-2"], [1.5, -2], "f"),
    (["1", "x"], ["1", "x"], "O"), (["001", "2"], ["001", "2"], "O"), (["0", "0.5"], [0, 0.5], "f"),
    (["True", "false"], [True, False], "b"), (["nan", "1"], ["nan", "1"], "O"),
    ([None, None], [None, None], "O"), ([2, 3], [2, 3], "O")])
def test_numbers(texts, values, kind):
    found = typed(pd.Series(texts, dtype=object))
    assert found.dtype.kind == kind
    pd.testing.assert_series_equal(found.astype(object).where(found.notna(), None),
                                   pd.Series(values, dtype=object).where(pd.notna(values), None))
