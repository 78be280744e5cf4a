"""Files that are whole once they have their name, whatever happens while they are written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PART = ".part-"


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield another name to write under; the file gets its own when all is written.

    Parameters
    ----------
    path : Path

    Yields
    ------
    Path
        In the same folder. Where writing fails, it is removed.
    """
    part = path.with_name(f"{_PART}{os.getpid()}-{os.urandom(4).hex()}-{path.name}")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
