"""Arrays that lie in files of a cache and are opened when somebody looks at them.

Ten thousand clips have some forty gigabytes of aligned faces: a clip holds the place of its own.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from ..running.atomic_files import atomic_file


def array_digest(array: np.ndarray) -> str:
    """Return a short text that is the same for arrays of the same type, shape and content.

    Parameters
    ----------
    array : array
        Of numbers.

    Returns
    -------
    str
    """
    content = hashlib.sha256(np.ascontiguousarray(array).data.cast("B") if array.size else b"")
    return f"{array.dtype} {array.shape} {content.hexdigest()[:32]}"


class StoredArray:
    """The place of an array in a file.

    Pickled and copied it is a few bytes, and no file stays open but while its array is in use.

    Parameters
    ----------
    path : Path
        A `.npy` file that nobody changes.
    shape : tuple of int
    dtype : str
    digest : str
        Of its content; see `array_digest`.
    """

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: str, digest: str) -> None:
        self.path, self.shape, self.dtype, self.digest = path, tuple(shape), dtype, digest

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def load(self) -> np.ndarray:
        """Map the file.

        Returns
        -------
        array
            Read-only; pages are read as they are looked at.

        Raises
        ------
        OSError
            The file is not there any more, or is damaged.
        """
        try:
            mapped = np.load(self.path, mmap_mode="r", allow_pickle=False)
            if mapped.shape != self.shape or str(mapped.dtype) != self.dtype:
                raise ValueError("it holds another array")
        except FileNotFoundError:
            raise FileNotFoundError(f"{self.path}: no such file any more; it must stay while its "
                                    "clip is used. Where it was in a cache, measure the clip again"
                                    ) from None
        except (ValueError, EOFError) as error:
            raise OSError(f"{self.path}: is damaged ({error}); copy it again or, where it is in a "
                          "cache, delete it and measure the clip again") from None
        return np.asarray(mapped)

    def is_whole(self) -> bool:
        """Read the file through, and say whether it is what was written."""
        try:
            return array_digest(self.load()) == self.digest
        except OSError:
            return False

    def __repr__(self) -> str:
        return f"StoredArray(shape={self.shape}, path={str(self.path)!r})"


def store_array(array: np.ndarray | StoredArray, folder: Path, name: str) -> StoredArray:
    """Write an array to a file that is whole once it has its name.

    Parameters
    ----------
    array : array or StoredArray
        Of numbers; of one that an earlier step has kept elsewhere, its content.
    folder : Path
        Is there.
    name : str
        The beginning of the file's name; its end tells the content, so that processes that write
        at the same time cannot mix.

    Returns
    -------
    StoredArray
    """
    array = np.ascontiguousarray(array.load() if isinstance(array, StoredArray) else array)
    digest = array_digest(array)
    path = folder / f"{name}{_mark(digest)}.npy"
    with atomic_file(path) as part, open(part, "wb") as file:
        np.lib.format.write_array(file, array, allow_pickle=False)
    return StoredArray(path, array.shape, str(array.dtype), digest)


def read_array(path: Path) -> np.ndarray | None:
    """Map a file that `store_array` wrote.

    Parameters
    ----------
    path : Path

    Returns
    -------
    array or None
        Read-only. None where it is not there, or not what its name says.
    """
    try:
        found = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, EOFError):
        return None
    return found if path.stem.endswith(_mark(array_digest(found))) else None


def _mark(digest: str) -> str:
    """What file names tell of a digest."""
    return f"-{digest.rpartition(' ')[2][:12]}"


class StoredField:
    """A field of a dataclass that may hold a `StoredArray` and always gives an array.

    What is stored is under the field's own name in the instance's `__dict__`.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:  # the dataclass asks for the default
            return None
        value = instance.__dict__.get(self.name)
        return value.load() if isinstance(value, StoredArray) else value

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.name] = value


def stored_field() -> Any:
    """Make a `StoredField`, in a form that type checkers take for the field's value."""
    return StoredField()
