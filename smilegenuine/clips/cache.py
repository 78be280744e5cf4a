"""A folder that keeps what was measured in clips, by the content of what it was measured from.

An entry is a parquet file with a row a frame; pictures and points, which are many numbers a frame,
lie beside it as `.npy` files and are mapped when somebody looks at them. Entries are whole or not
there: an interrupted run loses the clips that it was working on, and any number of processes, on
any number of machines, may share the folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.utils.validation import check_memory

from .._version import __version__
from ..running.atomic_files import atomic_file
from .au_table import AU_NAMES
from .errors import NoFaceError
from .record import Clip
from .stored_arrays import StoredArray, array_digest, read_array, store_array

_FORMAT = 1
_ABOUT = b"smilegenuine"
#: Fields that lie in files of their own.
_MAPPED = ("faces", "landmarks")


class DamagedEntry(Exception):
    """An entry that is there and not to be used."""


class ClipCache:
    """A cache folder.

    Parameters
    ----------
    folder : str or Path
        Made when the first entry is written. A relative one is made absolute, as worker processes
        outlive a change of folder.

    Notes
    -----
    Entries are found by a hash of what they depend on: kind of step, its parameters and learnt
    state, the package's version, and what the step reads of the clip. Of video files that is their
    size, modification time and the hash of their beginning and end, not their names: they may be
    moved and renamed.

    Everything in it can be deleted at any time when no run uses it.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(os.path.abspath(folder))

    def read(self, key: str, clip: Clip) -> dict[str, Any] | None:
        """Return the fields that an entry holds.

        Parameters
        ----------
        key : str
            From `entry_key`.
        clip : Clip
            Whose entry it is, for messages.

        Returns
        -------
        dict of str to array, or None
            None where there is no entry.

        Raises
        ------
        DamagedEntry
            It cannot be read, or is not what was written.
        NoFaceError
            Nobody was found in the clip when it was measured.
        """
        file = self._file(key)
        if not file.exists():
            return None
        import pyarrow
        import pyarrow.parquet as parquet

        try:
            with parquet.ParquetFile(file) as opened:
                table = opened.read(use_threads=False)
            about = json.loads(table.schema.metadata[_ABOUT])
            no_face = about["no face"]
            fields = {} if no_face else {
                field: None if how is None else _from_file(file.parent, how)
                if field in _MAPPED else _from_columns(table, field, how)
                for field, how in about["fields"].items()}
        except (OSError, ValueError, KeyError, TypeError, pyarrow.ArrowException) as error:
            reason = (str(error) or repr(error)).splitlines()[0]
            raise DamagedEntry(f"{file}: {reason}") from None
        if no_face:
            raise NoFaceError(clip.label, no_face)
        return fields

    def write(self, key: str, fields: Mapping[str, Any], clip: Clip) -> dict[str, Any]:
        """Keep fields of a clip.

        Parameters
        ----------
        key : str
            From `entry_key`.
        fields : mapping of str to array or None
        clip : Clip
            Whose they are.

        Returns
        -------
        dict of str to array, StoredArray or None
            The fields as `read` gives them.

        Raises
        ------
        OSError
            Nothing can be written there.
        """
        folder = self._file(key).parent
        folder.mkdir(parents=True, exist_ok=True)
        kept: dict[str, Any] = dict(fields)
        columns: dict[str, np.ndarray] = {}
        how: dict[str, Any] = {}
        for field, value in fields.items():
            if value is None:
                how[field] = None
            elif field in _MAPPED:
                kept[field] = stored = store_array(value, folder, f"{key}-{field}")
                how[field] = {"file": stored.path.name, "shape": stored.shape,
                              "dtype": stored.dtype, "digest": stored.digest}
            else:
                value = np.asarray(value)
                columns |= _as_columns(field, value)
                how[field] = {"shape": value.shape, "dtype": str(value.dtype),
                              "digest": array_digest(value)}
        self._write_table(key, columns, {"fields": how, "no face": None}, clip)
        return kept

    def write_no_face(self, key: str, error: NoFaceError, clip: Clip) -> None:
        """Keep that nobody was found in a clip.

        Parameters
        ----------
        key : str
            From `entry_key`.
        error : NoFaceError
        clip : Clip
        """
        self._file(key).parent.mkdir(parents=True, exist_ok=True)
        self._write_table(key, {}, {"fields": {}, "no face": error.problem}, clip)

    def array(self, key: str, compute: Callable[[], np.ndarray]) -> np.ndarray:
        """Return one array, computed where it is not there.

        Parameters
        ----------
        key : str
            From `joblib.hash` or `entry_key`.
        compute : callable
            Gives the array.

        Returns
        -------
        array
            Read-only.
        """
        folder = self._file(key).parent
        for path in sorted(folder.glob(f"{key}-array-*.npy")):
            found = read_array(path)
            if found is not None:
                return found
        computed = compute()
        with suppress(OSError):  # a full disk must not cost the result; the next step will say it
            folder.mkdir(parents=True, exist_ok=True)
            store_array(computed, folder, f"{key}-array")
        return computed

    def _write_table(self, key: str, columns: dict[str, np.ndarray], about: dict[str, Any],
                     clip: Clip) -> None:
        import pyarrow
        import pyarrow.parquet as parquet

        # The clip's name is for people who look into the folder.
        about = {"format": _FORMAT, "smilegenuine": __version__, "clip": clip.label, **about}
        table = pyarrow.table(columns).replace_schema_metadata(
            {_ABOUT: json.dumps(about, ensure_ascii=False)})
        with atomic_file(self._file(key)) as part:
            parquet.write_table(table, part)

    def _file(self, key: str) -> Path:
        return self.folder / "clips" / key[:2] / f"{key}.parquet"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClipCache) and self.folder == other.folder

    def __hash__(self) -> int:
        return hash(self.folder)

    def __repr__(self) -> str:
        return f"ClipCache({str(self.folder)!r})"


def open_cache(memory: Any) -> ClipCache | None:
    """Return the cache that a parameter `memory` means.

    Parameters
    ----------
    memory : str, Path, ClipCache, joblib.Memory or None
        Of a `joblib.Memory` it is the folder.

    Returns
    -------
    ClipCache or None

    Raises
    ------
    ValueError
        It is none of these.
    """
    if memory is None or isinstance(memory, ClipCache):
        return memory
    if isinstance(memory, (str, os.PathLike)):
        return ClipCache(memory)
    location = getattr(check_memory(memory), "location", None)
    return None if location is None else ClipCache(location)


def step_key(step: Any) -> str:
    """Return what an entry depends on of a step: its kind, parameters, learnt state, the version.

    Parameters
    ----------
    step : estimator
        Without the parameters that say how to run.

    Returns
    -------
    str
    """
    return str(joblib.hash((_FORMAT, __version__, type(step).__qualname__, step)))


def entry_key(step: str, clip: Clip, fields: tuple[str, ...]) -> str:
    """Return the key of what a step makes of a clip.

    Parameters
    ----------
    step : str
        From `step_key`.
    clip : Clip
    fields : tuple of str
        Those that the step reads.

    Returns
    -------
    str
    """
    known = clip.known()
    read = {field: _content(known[field]) for field in (*fields, "fps")}
    return str(joblib.hash((step, read)))


def _content(value: Any) -> Any:
    """What a field's value is, whatever it is called and wherever it lies."""
    if isinstance(value, StoredArray):
        return value.digest
    return value.content() if hasattr(value, "content") else value


# -- columns --------------------------------------------------------------------------------------

def _as_columns(field: str, value: np.ndarray) -> dict[str, np.ndarray]:
    flat = value.reshape(len(value), -1)
    return {name: np.ascontiguousarray(column)
            for name, column in zip(_names(field, value.shape), flat.T, strict=True)}


def _names(field: str, shape: Any) -> list[str]:
    """The columns of a field: `smile`, `AU01`, `head_pose_0_3`."""
    if len(shape) == 1:
        return [field]
    if field == "aus":
        return list(AU_NAMES)
    return ["_".join([field, *map(str, place)]) for place in np.ndindex(*shape[1:])]


def _from_columns(table: Any, field: str, how: Any) -> np.ndarray:
    columns = [table.column(name).to_numpy() for name in _names(field, how["shape"])]
    value = np.stack(columns, axis=1) if len(how["shape"]) > 1 else columns[0]
    value = value.reshape(how["shape"]).astype(how["dtype"], copy=False)
    if array_digest(value) != how["digest"]:
        raise ValueError(f"{field} is not what was written")
    return value


def _from_file(folder: Path, how: Any) -> StoredArray:
    stored = StoredArray(folder / how["file"], how["shape"], how["dtype"], how["digest"])
    if not stored.is_whole():
        raise ValueError(f"{how['file']} is not what was written")
    return stored


