"""Progress of long work, for people who watch it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from tqdm import tqdm


def progress_bar(*, total: int, verbose: int | bool, name: str, unit: str,
                 items: Iterable[Any] | None = None) -> tqdm[Any]:
    """Make a bar on stderr (rate, time left) that shows where `verbose` asks for one.

    Parameters
    ----------
    total : int
        How many there will be.
    verbose : int or bool
        0 or False: no bar.
    name, unit : str
        What is being done, to what.
    items : iterable, optional
        What is walked through; without it, the caller moves the bar.

    Returns
    -------
    tqdm
    """
    return tqdm(items, total=total, desc=name, unit=unit, disable=not verbose, file=sys.stderr,
                dynamic_ncols=True)


def progress(items: Iterable[Any], *, total: int, verbose: int | bool, name: str,
             unit: str = "clip") -> Iterator[Any]:
    """Pass items on, with a bar on stderr (rate, time left) where `verbose` asks for one.

    Parameters
    ----------
    items : iterable
    total : int
        How many there will be.
    verbose : int or bool
        0 or False: no bar.
    name, unit : str
        What is being done, to what.

    Returns
    -------
    iterator over the items
    """
    return iter(progress_bar(items=items, total=total, verbose=verbose, name=name, unit=unit))
