"""The fields of `Clip` that have a value for each frame: their shapes, and what they may hold."""

from __future__ import annotations

from typing import Any

import numpy as np

from .au_table import AU_NAMES
from .errors import ClipError
from .video import as_bytes

#: Shapes by field; letters stand for any number, and T is that of the frames.
SHAPES: dict[str, tuple[str | int, ...]] = {
    "faces": ("T", "h", "w", 3),
    "landmarks": ("T", 478, 3),
    "blendshapes": ("T", 52),
    "head_pose": ("T", 4, 4),
    "aus": ("T", len(AU_NAMES)),
    "smile": ("T",),
    "valid": ("T",),
}

#: All of them.
SIGNALS = tuple(SHAPES)

#: Those that are measured frame by frame: one with NaN is not valid.
MEASURED = ("landmarks", "blendshapes", "head_pose", "aus")

# What is many numbers a frame may stay in single precision.
_OWN_PRECISION = ("landmarks", "blendshapes")


def checked_signal(field: str, value: Any, label: str) -> np.ndarray:
    """Return a field's value as an array of its shape and type.

    Parameters
    ----------
    field : str
        One of `SIGNALS`.
    value : array-like
    label : str
        What messages call the clip.

    Returns
    -------
    array
        `faces` uint8, `valid` bool; `landmarks` and `blendshapes` stay float32 where they are, all
        else is float64.

    Raises
    ------
    ClipError
        No numbers, another shape, empty, or values that the field cannot have.
    """
    try:
        array = np.asarray(value, dtype=None if field == "faces" else _dtype_of(field, value))
    except (TypeError, ValueError):
        raise ClipError(label, f"{field} must be an array of numbers of shape {_wanted(field)}"
                        ) from None
    check_shape(field, array, label)
    if field == "faces":
        return as_bytes(array, label, "faces")
    if field == "valid":
        if not ((array == 0) | (array == 1)).all():
            raise ClipError(label, "valid must be True or False for every frame")
        return array.astype(bool)
    return array


def check_shape(field: str, array: Any, label: str) -> None:
    """Raise a `ClipError` unless an array has the shape of its field.

    Parameters
    ----------
    field : str
        One of `SIGNALS`.
    array : array or StoredArray
    label : str
        What messages call the clip.
    """
    shape = SHAPES[field]
    if array.ndim != len(shape) or any(
            isinstance(n, int) and n != have for n, have in zip(shape, array.shape, strict=True)):
        raise ClipError(label, f"{field} must have the shape {_wanted(field)}, not {array.shape}")
    if 0 in array.shape:
        raise ClipError(label, f"{field} is empty: its shape is {array.shape}")


def _wanted(field: str) -> str:
    shape = SHAPES[field]
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"


def _dtype_of(field: str, value: Any) -> type:
    single = field in _OWN_PRECISION and getattr(value, "dtype", None) == np.float32
    return np.float32 if single else float
