"""Checks of the parameters that the makers of data sets share."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from .sampling_plan import AS_ON_UVA_NEMO
from .smile_copula import DIFFERENCES


def check_counts(least: int, **counts: Any) -> None:
    """Raise ValueError, by name, for what is no whole number of at least `least`."""
    for name, value in counts.items():
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ValueError(f"{name} must be a whole number of at least {least}, not {value!r}")


def check_amount(name: str, value: Any, *, above: bool = False) -> None:
    """Raise ValueError unless `value` is a finite number of at least 0, or above it."""
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not number or not np.isfinite(float(value)) or value < 0 or (above and value == 0):
        raise ValueError(f"{name} must be a finite number {'above' if above else 'of at least'} 0, "
                         f"not {value!r}")


def check_plan(clips_per_subject: Any, difference: Any) -> None:
    """Raise ValueError unless these say who smiles how often and what the classes differ in."""
    if isinstance(clips_per_subject, str):
        if clips_per_subject != AS_ON_UVA_NEMO:
            raise ValueError(f"clips_per_subject must be a whole number or {AS_ON_UVA_NEMO!r}, not "
                             f"{clips_per_subject!r}")
    else:
        check_counts(1, clips_per_subject=clips_per_subject)
    if not isinstance(difference, str) or difference not in DIFFERENCES:
        raise ValueError(f"difference must be one of {', '.join(map(repr, DIFFERENCES))}, not "
                         f"{difference!r}")


def check_shares(**shares: Any) -> None:
    """Raise ValueError, by name, for what is no number from 0 to 1."""
    for name, value in shares.items():
        check_amount(name, value)
        if value > 1:
            raise ValueError(f"{name} must be at most 1, not {value!r}")
