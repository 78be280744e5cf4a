"""Find the files of a data set in whatever arrangement they lie, and read text of any encoding."""

from __future__ import annotations

import codecs
import os
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..clips.video import IMAGE_SUFFIXES, VIDEO_SUFFIXES, is_recording
from .findings import Findings

TWICE = "in more than one place, and not used (keep one)"

_UNPACKED_BY_MAC = "__MACOSX"
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"),
          (codecs.BOM_UTF16_BE, "utf-16"))
_LARGEST_TEXT = 5_000_000  # bytes
_TEXT_SUFFIXES = frozenset({"", ".txt", ".csv", ".tsv", ".dat", ".lst", ".list"})


@dataclass(frozen=True)
class Tree:
    """All that lies below a folder, hidden files and folders left out.

    Parameters
    ----------
    root : Path
    folders, files : list of Path
        In the order of their paths, numbers as numbers. Each starts with `root`.
    """

    root: Path
    folders: list[Path]
    files: list[Path]

    @property
    def videos(self) -> list[Path]:
        """Return the files with the name of a video."""
        return [file for file in self.files if file.suffix.lower() in VIDEO_SUFFIXES]

    @property
    def texts(self) -> list[Path]:
        """Return the files that may be lists, by their names and sizes."""
        return [file for file in self.files if file.suffix.lower() in _TEXT_SUFFIXES
                and file.stat().st_size <= _LARGEST_TEXT]

    def below(self, path: Path) -> tuple[str, ...]:
        """Return the names of the folders that lead from the root to a path, and its own."""
        return path.relative_to(self.root).parts


def search(findings: Findings) -> Tree:
    """List what lies below the folder of a data set.

    Links to folders are followed, each folder once, so that circles end. Links that lead nowhere,
    folders that may not be read and names that are no text are noted.

    Parameters
    ----------
    findings : Findings
        It names the folder.

    Returns
    -------
    Tree

    Raises
    ------
    ValueError
        It is no folder.
    """
    root = findings.root
    if not root.is_dir():
        raise ValueError(f"{root}: is a file; give the folder that {findings.what} lies in, and "
                         "unpack an archive first")

    def refused(error: OSError) -> None:
        findings.wrong("not to be read", error.filename, str(error))

    folders: list[Path] = []
    files: list[Path] = []
    seen: set[str] = set()
    for place, names, file_names in os.walk(root, followlinks=True, onerror=refused):
        if os.path.realpath(place) in seen:
            names.clear()
            continue
        seen.add(os.path.realpath(place))
        names[:] = [name for name in names if not name.startswith(".") and name != _UNPACKED_BY_MAC
                    and _is_text(Path(place, name), findings)]
        folders.append(Path(place))
        for name in file_names:
            file = Path(place, name)
            if name.startswith(".") or not _is_text(file, findings):
                continue
            if file.is_file():
                files.append(file)
            elif file.suffix.lower() in VIDEO_SUFFIXES | IMAGE_SUFFIXES:
                findings.wrong("links that lead nowhere", file, missing=True)
    return Tree(root, sorted(folders[1:], key=natural_key), sorted(files, key=natural_key))


def _is_text(path: Path, findings: Findings) -> bool:
    """Return whether a name is valid UTF-8; note one that is not, which OpenCV could not open."""
    try:
        path.name.encode("utf-8")
    except UnicodeEncodeError:
        findings.wrong("with a name that is not valid UTF-8, and not used (rename it)", path)
        return False
    return True


def natural_key(path: object) -> list[tuple[int, int | str]]:
    """Return a key to sort paths by as people do: 2 before 10."""
    return [(0, int(part)) if part.isdecimal() else (1, part)
            for part in re.split(r"(\d+)", str(path)) if part]


def images_in(folder: Path) -> list[Path]:
    """Return the images that lie in a folder itself."""
    return [file for file in folder.iterdir() if is_recording(file, IMAGE_SUFFIXES)]


# -- names --------------------------------------------------------------------------------------

def key(name: object) -> str:
    """Return a name without what spellings differ in: capitals, blanks, composed letters."""
    # File systems of Apple take letters with accents apart.
    return " ".join(unicodedata.normalize("NFC", str(name)).casefold().split())


def video_id(text: str) -> str:
    """Return the name of a video, without folders and suffix, from a path or a name in a list."""
    name = re.split(r"[\\/]", text.strip().strip("\"'").strip())[-1]
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and stem and f".{suffix.lower()}" in VIDEO_SUFFIXES else name


class Places:
    """An index of where each recording of a set lies, by what the set calls it.

    Parameters
    ----------
    recordings : iterable of (str, Path)
        The name of each recording and its place.
    findings : Findings
        Recordings that lie in two places are noted, and left out. Two links to one file are one.
    aliases : iterable of (str, str), default=()
        Other names by which lists may call a recording, and its name. Those that two recordings
        have in common mean nothing.
    """

    def __init__(self, recordings: Iterable[tuple[str, Path]], findings: Findings,
                 aliases: Iterable[tuple[str, str]] = ()) -> None:
        by_key: dict[str, dict[str, Path]] = {}
        self.names: dict[str, str] = {}
        for name, path in recordings:
            by_key.setdefault(key(name), {}).setdefault(os.path.realpath(path), path)
            self.names.setdefault(key(name), name)
        self.paths: dict[str, Path] = {}
        self.twice: set[str] = set()
        self._by_path: dict[str, str] = {}
        for name_key, places in by_key.items():
            self._by_path.update(dict.fromkeys(places, name_key))
            if len(places) > 1:
                self.twice.add(name_key)
                findings.wrong(TWICE, self.names[name_key], f"{self.names[name_key]} in "
                               + " and ".join(str(path.parent) for path in places.values()))
            else:
                self.paths[name_key] = next(iter(places.values()))
        also: dict[str, set[str]] = {}
        for alias, name in aliases:
            also.setdefault(key(alias), set()).add(key(name))
        self._aliases = {alias: next(iter(keys)) for alias, keys in also.items() if len(keys) == 1}

    def __len__(self) -> int:
        return len(self.names)

    def key_of(self, name: object) -> str:
        """Return the key of a recording by any of its names; of an unknown one, the name's."""
        return key(name) if key(name) in self.names else self._aliases.get(key(name), key(name))

    def key_at(self, path: Path) -> str | None:
        """Return the key of the recording at a path, or None."""
        return self._by_path.get(os.path.realpath(path))


# -- text ---------------------------------------------------------------------------------------

def read_text(file: Path) -> str:
    """Read a text file in UTF-8, UTF-16 or, failing both, Latin-1, with or without a mark.

    Parameters
    ----------
    file : Path

    Returns
    -------
    str

    Raises
    ------
    OSError
        It cannot be read.
    """
    data = file.read_bytes()
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    head = data[:2000]
    # Without a mark, UTF-16 of plain letters has a 0 in every second byte.
    if head.count(0) > len(head) // 4:
        order = "le" if head[1::2].count(0) > head[::2].count(0) else "be"
        return data.decode(f"utf-16-{order}", errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def lines_of(file: Path) -> list[str]:
    """Read the lines of a text file, without their ends; see `read_text`."""
    # str.splitlines would also cut at characters that Latin-1 text may hold.
    return re.split(r"\r\n?|\n", read_text(file))
