"""Axes to draw into: those that are given, or those of a new figure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from .style import load_pyplot


def one_axes(ax: Any, width: float, height: float) -> Any:
    """Return axes; where none are given, those of a new figure, its size in inches."""
    if ax is None:
        _, ax = load_pyplot().subplots(figsize=(width, height), layout="constrained")
    return ax


def several_axes(axes: Any, rows: int, columns: int, what: str, *, name: str = "axes",
                 or_one: bool = False, **options: Any) -> tuple[np.ndarray, Any]:
    """Return several axes and their figure; where none are given, those of a new figure.

    Parameters
    ----------
    axes : array-like of matplotlib Axes, or None
    rows, columns : int
        Of a new figure; axes that are given are as many, in any shape.
    what : str
        How many and what for, for the message.
    name : str, default="axes"
        What messages call `axes`.
    or_one : bool, default=False
        One alone may be given, too.
    **options
        Of matplotlib's `subplots`.

    Returns
    -------
    axes : array of shape (rows * columns,), or (1,)
    figure : matplotlib Figure

    Raises
    ------
    ValueError
        Those that are given are more or fewer.
    """
    if axes is None:
        _, axes = load_pyplot().subplots(rows, columns, layout="constrained", **options)
    return check_axes(axes, (1, rows * columns) if or_one else (rows * columns,), what, name)


def check_axes(axes: Any, counts: Collection[int], what: str, name: str = "axes"
               ) -> tuple[np.ndarray, Any]:
    """Return axes in a row, and their figure, or raise where they are not one of `counts`."""
    axes = np.array(axes, dtype=object).ravel()
    if len(axes) not in counts:
        raise ValueError(f"{name} must be {what}, not {len(axes)}")
    return axes, axes[0].figure


def time_limits(times: np.ndarray) -> tuple[float, float]:
    """Return the first and last time (s), a second apart at least where they are the same."""
    if not len(times):
        return 0.0, 1.0
    first, last = float(times[0]), float(times[-1])
    return first, last if last > first else first + 1.0
