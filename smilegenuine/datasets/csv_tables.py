"""Lists as people keep them: CSV in any encoding and with any separator."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pandas as pd

from .folder_search import read_text

_SEPARATORS = ",;\t"
# 001 names something: as a number it would lose its zeros.
_NAME = re.compile(r"0\d")
_TRUTH = {"true": True, "false": False}


def read_csv(file: Path) -> pd.DataFrame:
    """Read a list, all of it as text.

    Parameters
    ----------
    file : Path
        Separated by commas, semicolons or tabs; encoded as `folder_search.read_text` says.

    Returns
    -------
    DataFrame
        Columns by their names in small letters and without blanks around; cells are texts without
        blanks around, None where there is nothing; the index is the line in the file.

    Raises
    ------
    ValueError
        It is no CSV, or has no rows.
    """
    text = read_text(file)
    if not text.strip():
        raise ValueError(f"{file}: cannot be read as a CSV (it is empty)")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator_of(text),
                        skipinitialspace=True)
    header: list[str] = []
    rows: dict[int, list[str | None]] = {}
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if not header:
                header = [cell.lower() for cell in cells] if any(cells) else []
            elif any(cells[len(header):]):
                raise ValueError(
                    f"{file}: cannot be read as a CSV (line {reader.line_num} has {len(cells)} "
                    f"cells and the header {len(header)}; quote texts that hold the separator)")
            elif any(cells):
                cells += [""] * (len(header) - len(cells))
                rows[reader.line_num] = [cell or None for cell in cells[:len(header)]]
    except csv.Error as error:
        raise ValueError(f"{file}: cannot be read as a CSV ({error})") from None
    if not rows:
        raise ValueError(f"{file}: no rows")
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise ValueError(f"{file}: column {', '.join(twice)} is there twice; drop one")
    table = pd.DataFrame(list(rows.values()), index=list(rows), columns=header, dtype=object)
    return table[[name for name in header if name]]


def separator_of(text: str) -> str:
    """Return what separates the cells of a CSV's first line: a comma, semicolon or tab."""
    return max(_SEPARATORS, key=re.split(r"[\r\n]", text.lstrip("\r\n"))[0].count)


def typed(column: pd.Series) -> pd.Series:
    """Turn texts into numbers, or into True and False, where all that is known of them are such.

    Parameters
    ----------
    column : Series

    Returns
    -------
    Series
        As it was, where it holds anything else, or numbers with leading zeros, which are names.
    """
    known = column.dropna()
    if not len(known) or not all(isinstance(value, str) for value in known):
        return column
    if known.str.match(_NAME).any():
        return column
    if known.str.lower().isin(_TRUTH).all():
        values = column.map(lambda text: _TRUTH.get(str(text).lower()))
        return values.astype(bool) if len(known) == len(column) else values
    numbers = pd.to_numeric(column, errors="coerce")
    return numbers if (numbers.isna() == column.isna()).all() else column
