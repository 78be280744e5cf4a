"""Progress of long work: a bar on a terminal, plain lines in a file, a pipe or a cluster's log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tqdm import tqdm

# Plain lines are this many seconds apart at least and at most; between that, each is worth a
# fiftieth of the whole.
_SOONEST, _LATEST = 10.0, 600.0
_SHARE = 0.02
_LINE = "{n_fmt}/{total_fmt} {unit}s, {rate_fmt}, {elapsed} gone, {remaining} left"


class PlainLines:
    """Progress as lines that a log can hold.

    Parameters
    ----------
    total : int
        How many there will be.
    name, unit : str
        What is being done, to what.
    """

    def __init__(self, *, total: int, name: str, unit: str) -> None:
        self.total, self.name, self.unit = total, name, unit
        self.n = 0
        self.figures = ""
        self.began = self.said = time.monotonic()

    def update(self, n: int = 1) -> None:
        """Count `n` more as done, and write a line where the last one is long ago."""
        self.n += n
        now = time.monotonic()
        whole = (now - self.began) * self.total / max(self.n, 1)
        if self.n < self.total and now - self.said >= min(max(_SOONEST, _SHARE * whole), _LATEST):
            self.said = now
            self._write(now)

    def set_postfix(self, ordered_dict: Mapping[str, str] | None = None) -> None:
        """Show figures beside the number, from now on."""
        self.figures = "".join(f", {name}={value}" for name, value in (ordered_dict or {}).items())

    def close(self) -> None:
        """Write the last line."""
        self._write(time.monotonic())

    def __enter__(self) -> PlainLines:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _write(self, now: float) -> None:
        text = tqdm.format_meter(self.n, self.total, now - self.began, unit=self.unit,
                                 bar_format=_LINE)
        print(f"{self.name}: {' '.join(text.split())}{self.figures}", file=sys.stderr, flush=True)


def progress_bar(*, total: int, verbose: int | bool, name: str, unit: str
                 ) -> tqdm | PlainLines:
    """Make what shows progress on stderr, with rate and time left, where `verbose` asks for it.

    Parameters
    ----------
    total : int
        How many there will be.
    verbose : int or bool
        0 or False: nothing is shown.
    name, unit : str
        What is being done, to what.

    Returns
    -------
    tqdm or PlainLines
        A bar on a terminal or in a notebook, else plain lines, some fifty at most.
    """
    # A notebook is no terminal, and moves its lines as one does.
    moving = sys.stderr.isatty() or "ipykernel" in sys.modules
    if verbose and not moving:
        return PlainLines(total=total, name=name, unit=unit)
    return tqdm(total=total, desc=name, unit=unit, disable=not verbose, file=sys.stderr,
                dynamic_ncols=True)


def progress(items: Iterable[Any], *, total: int, verbose: int | bool, name: str,
             unit: str = "clip") -> Iterator[Any]:
    """Pass items on, and show how many there were; see `progress_bar`.

    Parameters
    ----------
    items : iterable
    total : int
        How many there will be.
    verbose : int or bool
        0 or False: nothing is shown.
    name, unit : str
        What is being done, to what.

    Yields
    ------
    object
        The items.
    """
    # Of nothing there is no progress.
    with progress_bar(total=total, verbose=verbose and total > 0, name=name, unit=unit) as bar:
        for item in items:
            # Before it is passed on: what is done with it is no part of the work that is shown.
            bar.update()
            yield item
