"""The last rows of a table that grows at its end and is forgotten at its beginning."""

from __future__ import annotations

from typing import Any

import numpy as np

_FEWEST = 64


class Trail:
    """Columns of the newest frames, each one array, in memory that does not grow.

    Attributes
    ----------
    first : int
        How many rows were forgotten.

    Examples
    --------
    >>> from smilegenuine.live.trail import Trail
    >>> trail = Trail()
    >>> for i in range(5):
    ...     trail.append(time=0.1 * i, point=np.array([i, i]))
    >>> trail.forget(3)
    >>> len(trail), trail["point"].tolist()
    (2, [[3, 3], [4, 4]])
    """

    def __init__(self) -> None:
        self.first = 0
        self._columns: dict[str, np.ndarray] = {}
        self._begin = self._end = 0

    def __len__(self) -> int:
        return self._end - self._begin

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __getitem__(self, name: str) -> np.ndarray:
        """Return a column, a view of (n, …) that holds until the next row comes."""
        return self._columns[name][self._begin:self._end]

    def append(self, **row: Any) -> None:
        """Add a row at the end, with the same names and shapes as those before.

        Parameters
        ----------
        **row
            Arrays or numbers; anything else is kept as an object.
        """
        if not self._columns:
            self._columns = {name: _column(value) for name, value in row.items()}
        elif self._end == len(next(iter(self._columns.values()))):
            self._make_room()
        for name, column in self._columns.items():
            column[self._end] = row[name]
        self._end += 1

    def forget(self, n: int) -> None:
        """Drop the first rows.

        Parameters
        ----------
        n : int
            How many; at most as many as there are.
        """
        n = min(n, len(self))
        for column in self._columns.values():
            if column.dtype == object:  # lets go of what is in them
                column[self._begin:self._begin + n] = None
        self._begin += n
        self.first += n

    def _make_room(self) -> None:
        n, room = len(self), self._end
        grown = 2 * room if n > room // 2 else room
        for name, column in self._columns.items():
            moved = column if grown == room else np.empty((grown, *column.shape[1:]), column.dtype)
            moved[:n] = column[self._begin:self._end]
            if column.dtype == object:
                moved[n:] = None
            self._columns[name] = moved
        self._begin, self._end = 0, n


def _column(value: Any) -> np.ndarray:
    if isinstance(value, np.ndarray):
        return np.empty((_FEWEST, *value.shape), value.dtype)
    kind = type(value) if isinstance(value, (bool, int, float)) else object
    return np.empty(_FEWEST, kind)
