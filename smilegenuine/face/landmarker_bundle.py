"""Where MediaPipe's Face Landmarker bundle lies: found, or downloaded once, and checked."""

from __future__ import annotations

import functools
import hashlib
import importlib
import os
from pathlib import Path
from types import ModuleType

#: The bundle's file name, in every folder where it is looked for.
BUNDLE_NAME = "face_landmarker.task"
#: Where Google publishes it (Apache License 2.0).
BUNDLE_URL = ("https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/"
              "float16/1/face_landmarker.task")
BUNDLE_SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"

#: Names a folder that is looked in before the user's cache.
DATA_VARIABLE = "SMILEGENUINE_DATA"

# What is said where the extra is not installed.
_NEEDS_MEDIAPIPE = 'FaceLandmarks needs MediaPipe: pip install "smilegenuine[mediapipe]"'


def find_bundle() -> Path:
    """Return the path of the Face Landmarker bundle; it is downloaded where it is nowhere.

    Looked for in the folder named by the environment variable SMILEGENUINE_DATA, then in the
    user's cache folder, into which it is downloaded once (3.8 MB). Its SHA-256 is checked wherever
    it comes from, once in a process for a file that does not change.

    Returns
    -------
    Path

    Raises
    ------
    RuntimeError
        It cannot be downloaded, or the file that is there is damaged; the message says what to do.
    ImportError
        pooch, which belongs to the extra `mediapipe`, is not installed.
    """
    folder = os.environ.get(DATA_VARIABLE)
    if folder:
        given = Path(folder).expanduser() / BUNDLE_NAME
        if given.is_file():
            return _checked(given, f"put the right one there, or unset {DATA_VARIABLE}")
    cached = cache_folder() / BUNDLE_NAME
    if not cached.is_file():
        _download(cached)
    return _checked(cached, "delete it, and it will be downloaded anew")


def cache_folder() -> Path:
    """Return the folder of this user in which the bundle is kept; it need not exist yet.

    Returns
    -------
    Path
    """
    return Path(import_extra("pooch").os_cache("smilegenuine"))


def _download(target: Path) -> None:
    """Fetch the bundle; it appears at its place only when it is whole."""
    try:
        import_extra("pooch").retrieve(BUNDLE_URL, known_hash=f"sha256:{BUNDLE_SHA256}",
                                       fname=target.name, path=target.parent)
    # OSError: of the network (requests' errors are among them) or of the disk. ValueError: the hash
    # is another, of a proxy's login page or a cut-off download.
    except (OSError, ValueError) as error:
        folder = os.environ.get(DATA_VARIABLE)
        looked_in = f" (now it says {folder}, where it is not)" if folder else ""
        raise RuntimeError(
            f"MediaPipe's model {BUNDLE_NAME} cannot be downloaded from {BUNDLE_URL} ({error}). "
            f"Connect to the network and try again; or put the file into the cache folder, as "
            f"{target}; or name the folder where you have it in the environment variable "
            f"{DATA_VARIABLE}{looked_in}") from error


def _checked(path: Path, remedy: str) -> Path:
    stat = path.stat()
    found = _sha256(path, stat.st_mtime_ns, stat.st_size)
    if found != BUNDLE_SHA256:
        raise RuntimeError(f"{path} is damaged, or another version: its SHA-256 is {found} and "
                           f"should be {BUNDLE_SHA256}; {remedy} (published at {BUNDLE_URL})")
    return path


@functools.lru_cache(maxsize=8)
def _sha256(path: Path, changed: int, size: int) -> str:
    """The hash of a file; `changed` and `size` make it be worked out anew for a new file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def import_extra(name: str) -> ModuleType:
    """Import a module of the extra `mediapipe`, or raise an `ImportError` that says how to get it.

    Parameters
    ----------
    name : {"mediapipe", "pooch"}

    Returns
    -------
    module
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(_NEEDS_MEDIAPIPE) from error
