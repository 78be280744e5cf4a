"""Whether output has a place: found out before the work is done, not after it."""

from __future__ import annotations

import tempfile
from pathlib import Path


def prepare_file(output: Path) -> None:
    """Make the folder of a file, and raise where the file cannot be written.

    Parameters
    ----------
    output : Path
        The file.

    Raises
    ------
    OSError
        It is a folder, or its folder cannot be made.
    """
    if output.is_dir():
        raise IsADirectoryError(f"{output}: is a folder; give the name of a file")
    output.parent.mkdir(parents=True, exist_ok=True)


def prepare_folder(output: Path) -> None:
    """Make a folder, and raise where nothing can be written into it.

    Parameters
    ----------
    output : Path

    Raises
    ------
    OSError
        It is a file, cannot be made, or takes no files.
    """
    if output.exists() and not output.is_dir():
        raise NotADirectoryError(f"{output}: is a file; give the name of a folder")
    output.mkdir(parents=True, exist_ok=True)
    try:
        tempfile.TemporaryFile(dir=output).close()
    except OSError as error:
        raise type(error)(f"{output}: nothing can be written there ({error.strerror}); give "
                          "another folder") from None
