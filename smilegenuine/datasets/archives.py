"""Files of a data set that is a zip or the folder it was unpacked to; nothing is ever written."""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from ..clips.errors import ClipError
from .findings import Findings
from .folder_search import search

#: Files that are larger are not read, in bytes.
LARGEST_FILE = 16 * 2**20
# All files of a zip together; more is no data set.
_LARGEST_WHOLE = 32 * 2**30

_ENCRYPTED, _UTF8 = 0x1, 0x800
_DRIVE = re.compile(r"[a-zA-Z]:")


class Entry(NamedTuple):
    """A file of an archive.

    Attributes
    ----------
    path : PurePosixPath
        Within the archive.
    source : ZipInfo or Path
    """

    path: PurePosixPath
    source: zipfile.ZipInfo | Path


class Archive:
    """The files of a zip, or of a folder with all below it.

    Parameters
    ----------
    entries : list of Entry
    container : ZipFile, optional
    """

    def __init__(self, entries: list[Entry], container: zipfile.ZipFile | None = None) -> None:
        self.entries, self._container = entries, container

    def read(self, entry: Entry) -> bytes:
        """Read a file.

        Parameters
        ----------
        entry : Entry

        Returns
        -------
        bytes

        Raises
        ------
        ClipError
            It is damaged, or larger than was said.
        OSError
            It cannot be read.
        """
        if isinstance(entry.source, Path):
            return entry.source.read_bytes()
        assert self._container is not None  # a ZipInfo comes from one
        try:
            with self._container.open(entry.source) as file:
                data = file.read(LARGEST_FILE + 1)  # what the zip says of the size may be wrong
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError,
                ValueError) as error:
            raise ClipError(str(entry.path), f"is damaged in the zip ({error}); download it again"
                            ) from None
        if len(data) > LARGEST_FILE:
            raise ClipError(str(entry.path), f"is larger than {LARGEST_FILE >> 20} MB")
        return data


@contextmanager
def open_archive(findings: Findings, is_ours: Callable[[PurePosixPath], bool]
                 ) -> Iterator[Archive]:
    """Open the zip or folder of a data set.

    What a system has hidden in it is passed over. Entries of a zip that lead out of it or are
    links, and files that are too large, are noted and not read.

    Parameters
    ----------
    findings : Findings
        Its root is a zip, a folder with the files of the set, or one in which the zip lies.
    is_ours : callable
        Says whether a path in an archive is that of a file of the set.

    Yields
    ------
    Archive

    Raises
    ------
    ValueError
        The zip is cut off, encrypted, or unpacks to more than any data set.
    """
    root = findings.root
    if root.is_dir():
        files = search(findings).files
        entries = [Entry(PurePosixPath(file.relative_to(root).as_posix()), file) for file in files]
        zips = [file for file in files if file.suffix.lower() == ".zip"]
        if len(zips) != 1 or any(is_ours(entry.path) for entry in entries):
            yield Archive([entry for entry, file in zip(entries, files, strict=True)
                           if _is_small(entry.path, file.stat().st_size, findings)])
            return
        root = zips[0]
    try:
        container = zipfile.ZipFile(root)
    except zipfile.BadZipFile:
        raise ValueError(f"{root}: is no zip, or is cut off; download it again, or give the folder "
                         "that it was unpacked to") from None
    with container:
        yield Archive(_zip_entries(container, root, findings), container)


def _zip_entries(container: zipfile.ZipFile, root: Path, findings: Findings) -> list[Entry]:
    infos = [info for info in container.infolist() if not info.is_dir()]
    if any(info.flag_bits & _ENCRYPTED for info in infos):
        raise ValueError(f"{root}: is encrypted; unpack it with its password, and give the folder")
    total = sum(info.file_size for info in infos)
    if total > _LARGEST_WHOLE:
        raise ValueError(f"{root}: would unpack to {total / 2**30:.0f} GB, which no such data set "
                         "has; download it again from where it was published")
    entries = []
    for info in infos:
        name = _name(info)
        path = PurePosixPath(name.replace("\\", "/"))  # as some programs on Windows write them
        link = stat.S_ISLNK(info.external_attr >> 16)
        if link or path.is_absolute() or ".." in path.parts or _DRIVE.match(name):
            findings.wrong("entries of the zip that are links or lead out of it, and not read "
                           "(download it again from where it was published)", name)
        elif not _is_hidden(path) and _is_small(path, info.file_size, findings):
            entries.append(Entry(path, info))
    return entries


def _name(info: zipfile.ZipInfo) -> str:
    """Return the name of an entry, as UTF-8 where it can be and no other encoding is given."""
    if info.flag_bits & _UTF8:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _is_hidden(path: PurePosixPath) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)


def _is_small(path: PurePosixPath, size: int, findings: Findings) -> bool:
    if size > LARGEST_FILE and path.suffix.lower() in (".txt", ".csv"):
        findings.wrong(f"larger than {LARGEST_FILE >> 20} MB, and not read", path)
    return size <= LARGEST_FILE
