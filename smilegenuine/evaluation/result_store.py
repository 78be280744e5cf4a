"""Finished folds on disk: an evaluation that was interrupted goes on where it stopped.

A folder holds `protocol.json` (what is compared, and on which folds), `scores.csv` for people to
read, and a folder for each system with its parameters (`system.json`) and a file for each fold.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from .._version import __version__
from ..clips.stored_arrays import StoredArray, array_digest
from ..clips.video import FrameSource
from ..running.atomic_files import atomic_file

_FORMAT = 1
_PROTOCOL, _SYSTEM, _SCORES = "protocol.json", "system.json", "scores.csv"
_FOLDS = "fold-*.json"
_REMEDY = "write to another folder, or delete this one"
_MOST_NAMED = 3

#: Parameters that say how to run and not what to compute.
_RUN_PARAMS = frozenset({"n_jobs", "verbose", "memory", "device"})


@dataclass(frozen=True, eq=False)
class FoldResult:
    """What one system said of the clips of one fold.

    Parameters
    ----------
    decision : array of shape (n_test,), int
        0 or 1, for the first and the second class.
    score : array of shape (n_test,)
        Higher for the second class; NaN where the system gives none.
    fit_time : float
        Seconds.
    predict_time : float
        Milliseconds a clip.
    """

    decision: np.ndarray
    score: np.ndarray
    fit_time: float
    predict_time: float


class ResultStore:
    """A folder of finished folds of one protocol.

    Parameters
    ----------
    folder : str or Path
        Made where it is missing.
    protocol : dict of str to str
        What must be the same for results to belong together: what it is -> its `fingerprint`.
    systems : dict of str to dict
        Name -> what `describe` says of it. They may be others than those already there.

    Raises
    ------
    ValueError
        The folder holds results of another protocol, or of a system of the same name with other
        parameters. Nothing is written.
    """

    def __init__(self, folder: str | os.PathLike[str], protocol: Mapping[str, str],
                 systems: Mapping[str, Any]) -> None:
        # Worker processes outlive a change of folder, and would put a relative path elsewhere.
        self.folder = Path(os.path.abspath(folder))
        if self.folder.exists() and not self.folder.is_dir():
            raise ValueError(f"{folder}: results are kept in a folder, and this is a file")
        record = {"format": _FORMAT, "smilegenuine": __version__, "protocol": dict(protocol)}
        self._check_protocol(record)
        self.keys: dict[str, str] = {}
        for name, description in systems.items():
            self._check_system(name, description)
            self.keys[name] = _key(protocol, description)
        self.folder.mkdir(parents=True, exist_ok=True)
        if _read_json(self.folder / _PROTOCOL) != record:
            _write_text(self.folder / _PROTOCOL, _as_json(record))
        for name, description in systems.items():
            self._place(name).mkdir(exist_ok=True)
            about = {"name": name, "key": self.keys[name], "system": description}
            _write_text(self._place(name) / _SYSTEM, _as_json(about))

    def systems(self) -> list[str]:
        """Name the systems that have a place in the folder, those of earlier runs included.

        Returns
        -------
        list of str
            Sorted.
        """
        for file in self.folder.glob(f"*/{_SYSTEM}"):
            about = _read_json(file)
            if isinstance(about, dict) and self._place(str(about.get("name"))) == file.parent:
                self.keys.setdefault(about["name"], str(about.get("key")))
        return sorted(self.keys)

    def read(self, system: str, fold: int, n_test: int) -> FoldResult | None:
        """Read a finished fold.

        Parameters
        ----------
        system : str
        fold : int
            From 1.
        n_test : int
            How many clips it must be about.

        Returns
        -------
        FoldResult or None
            None where it is not there, cut off, or of something else: it has to be run.
        """
        record = _read_json(self._file(system, fold))
        try:
            if (record["key"], record["system"], record["fold"]) != (
                    self.keys[system], system, fold):
                return None
            result = FoldResult(
                np.array(record["decision"], dtype=int),
                np.array(record["score"], dtype=float),  # None becomes NaN
                float(record["fit time (s)"]), float(record["predict time (ms)"]))
        except (KeyError, TypeError, ValueError):
            return None
        fits = result.decision.shape == result.score.shape == (n_test,)
        return result if fits and np.isin(result.decision, (0, 1)).all() else None

    def write(self, system: str, fold: int, result: FoldResult) -> None:
        """Write a finished fold; the file is whole once it has its name.

        Parameters
        ----------
        system : str
        fold : int
            From 1.
        result : FoldResult
        """
        _write_text(self._file(system, fold), _as_json({
            "system": system, "fold": fold, "key": self.keys[system],
            "fit time (s)": result.fit_time, "predict time (ms)": result.predict_time,
            "decision": result.decision.tolist(),
            "score": [None if np.isnan(score) else score for score in result.score.tolist()]}))

    def write_scores(self, table: pd.DataFrame) -> None:
        """Write `scores.csv` anew.

        Parameters
        ----------
        table : DataFrame
        """
        _write_text(self.folder / _SCORES, table.to_csv(index=False, lineterminator="\n"))

    # -- whose results are there ----------------------------------------------------------------

    def _check_protocol(self, wanted: dict[str, Any]) -> None:
        file = self.folder / _PROTOCOL
        if not any(self.folder.glob(f"*/{_FOLDS}")):
            if (self.folder / _SCORES).exists() and not file.exists():
                raise ValueError(f"{self.folder}: a {_SCORES} is there that no evaluation wrote; "
                                 "write to another folder")
            return
        stored = _read_json(file)
        if not isinstance(stored, dict) or not isinstance(stored.get("protocol"), dict):
            raise ValueError(f"{self.folder}: {_PROTOCOL} cannot be read; {_REMEDY}")
        if stored.get("format") != _FORMAT:
            raise ValueError(f"{self.folder}: written by smilegenuine {stored.get('smilegenuine')} "
                             f"in another form; {_REMEDY}")
        differ = [what for what, value in wanted["protocol"].items()
                  if stored["protocol"].get(what) != value]
        if differ:
            raise ValueError(f"{self.folder}: holds results of another protocol, which differs in "
                             f"{' and '.join(differ)}; {_REMEDY}")

    def _check_system(self, name: str, description: Any) -> None:
        file = self._place(name) / _SYSTEM
        stored = _read_json(file)
        if not isinstance(stored, dict) or "system" not in stored or \
                not any(file.parent.glob(_FOLDS)):
            return  # nothing finished that could be mixed up; finished folds have a key besides
        differ = list(_differences(stored["system"], json.loads(_as_json(description))))
        if differ:
            more = "; …" if len(differ) > _MOST_NAMED else ""
            raise ValueError(f"{self.folder}: holds results of another system '{name}' "
                             f"({'; '.join(differ[:_MOST_NAMED])}{more}); call it something else, "
                             f"{_REMEDY}")

    def _place(self, system: str) -> Path:
        return self.folder / _file_name(system)

    def _file(self, system: str, fold: int) -> Path:
        return self._place(system) / f"fold-{fold:03d}.json"


def _key(*parts: Any) -> str:
    return hashlib.sha256(_as_json(parts).encode()).hexdigest()[:32]


def _file_name(system: str) -> str:
    """A name that every file system takes, and no other system gets."""
    plain = re.sub(r"[^a-z0-9_-]+", "-", system.lower())[:40].strip("-")
    if plain == system:
        return plain
    return f"{plain or 'system'}-{hashlib.sha256(system.encode()).hexdigest()[:8]}"


def _differences(stored: Any, wanted: Any, path: str = "") -> Iterator[str]:
    """Name where two descriptions differ, each time as far inside as possible."""
    if isinstance(stored, dict) and isinstance(wanted, dict):
        for key in dict.fromkeys([*stored, *wanted]):
            inner = path if key == "params" else f"{path}.{key}" if path else key
            yield from _differences(stored.get(key), wanted.get(key), inner)
    elif isinstance(stored, list) and isinstance(wanted, list) and len(stored) == len(wanted):
        for i, (a, b) in enumerate(zip(stored, wanted, strict=True)):
            if _is_named(a) and _is_named(b) and a[0] == b[0]:  # steps and the like
                yield from _differences(a[1], b[1], f"{path}.{a[0]}" if path else a[0])
            else:
                yield from _differences(a, b, f"{path}[{i}]")
    elif stored != wanted:
        yield f"{path or 'it'} was {_short(stored)} and is {_short(wanted)}"


def _is_named(item: Any) -> bool:
    return isinstance(item, list) and len(item) == 2 and isinstance(item[0], str)


def _short(value: Any) -> str:
    if isinstance(value, dict) and "class" in value:
        return str(value["class"]).rpartition(".")[2]
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


# -- what results depend on ---------------------------------------------------------------------

def fingerprint(thing: Any) -> str:
    """Return a short text that is the same for the same content, in every process.

    Parameters
    ----------
    thing : object
        Whatever `describe` takes.

    Returns
    -------
    str
    """
    return _key(describe(thing))


def describe(thing: Any) -> Any:
    """Describe what an object is made of, as JSON can hold it.

    Parameters
    ----------
    thing : object
        Of estimators it is the class and the parameters, without those that say how to run
        (`n_jobs`, `verbose`, `memory`, `device`); of those that keep their state when they are
        cloned (`FrozenEstimator`), all that they have learnt as well. Arrays, tables and tensors
        are digested, videos go by their path.

    Returns
    -------
    dict, list, str, int, float, bool or None
    """
    return _describe(thing, False, ())


def _describe(thing: Any, learnt: bool, above: tuple[int, ...]) -> Any:
    if thing is None or isinstance(thing, (bool, int, str)):
        return thing
    if isinstance(thing, float):
        return thing if np.isfinite(thing) else repr(thing)
    if isinstance(thing, np.generic):
        return _describe(thing.item(), learnt, above)
    if isinstance(thing, os.PathLike):
        return os.fspath(thing)
    if id(thing) in above:  # it holds itself
        return f"{_kind(thing)} above"
    inner = functools.partial(_describe, learnt=learnt, above=(*above, id(thing)))
    if isinstance(thing, Mapping):
        return {str(k): inner(v) for k, v in thing.items() if k not in _RUN_PARAMS}
    if isinstance(thing, bytes):
        return hashlib.sha256(thing).hexdigest()[:32]
    if isinstance(thing, (set, frozenset)):
        return sorted((inner(item) for item in thing), key=str)
    if isinstance(thing, (list, tuple)):
        return [inner(item) for item in thing]
    if isinstance(thing, (pd.DataFrame, pd.Series, pd.Index)):
        return {"class": _kind(thing), "columns": [str(c) for c in getattr(thing, "columns", ())],
                "values": inner(thing.to_numpy())}
    if hasattr(thing, "detach") and hasattr(thing, "cpu"):  # a tensor; its pickle holds addresses
        thing = thing.detach().cpu().numpy()
    if isinstance(thing, StoredArray):  # as if it were in memory
        return thing.digest
    if isinstance(thing, np.ndarray):
        if thing.dtype.kind in "OUS":  # how wide its texts are is nothing that matters
            return inner(thing.tolist())
        if thing.dtype.names:  # between fields there may be bytes that nobody set
            return {name: inner(thing[name]) for name in thing.dtype.names}
        return array_digest(thing)
    return _described_object(thing, learnt, (*above, id(thing)))


def _described_object(thing: Any, learnt: bool, above: tuple[int, ...]) -> Any:
    kind = _kind(thing)
    if isinstance(thing, type):
        return kind
    if isinstance(thing, FrameSource) and hasattr(thing, "path"):
        return {"class": kind, "path": str(thing.path)}
    if hasattr(thing, "get_params"):
        # What keeps its state through `clone` goes into the folds as it is.
        learnt = learnt or (getattr(type(thing), "__sklearn_clone__", None)
                            not in (None, BaseEstimator.__sklearn_clone__))
        parts = _learnt_state(thing) if learnt else thing.get_params(deep=False)
    elif hasattr(thing, "state_dict"):  # of torch: the rest is hooks and the like
        parts = thing.state_dict()
    elif hasattr(thing, "__code__"):
        code = thing.__code__
        plain = [c for c in code.co_consts if isinstance(c, (int, float, str, bytes))]
        parts = {"code": code.co_code, "names": code.co_names, "constants": plain}
    elif isinstance(thing, functools.partial):
        parts = {"func": thing.func, "args": thing.args, "keywords": thing.keywords}
    else:
        parts = _state(thing)
    return {"class": kind, "params": _describe(parts, learnt, above)}


def _learnt_state(estimator: Any) -> Any:
    state = estimator.__getstate__()
    # Which scikit-learn wrote it is nothing that it has learnt.
    return {k: v for k, v in state.items() if k != "_sklearn_version"} if isinstance(
        state, dict) else state


def _state(thing: Any) -> Any:
    """What an object pickles: random states, trees, settings, clips."""
    try:
        state = thing.__reduce_ex__(4)
    except Exception:  # whatever it raises: nothing more than its kind is known then
        return None
    return state if isinstance(state, str) else [
        part for part in state[1:] if isinstance(part, (tuple, dict, list))]


def _kind(thing: Any) -> str:
    named: Any = thing if hasattr(thing, "__qualname__") else type(thing)
    return f"{getattr(named, '__module__', None)}.{named.__qualname__}"


# -- files --------------------------------------------------------------------------------------

def _as_json(record: Any) -> str:
    return json.dumps(record, ensure_ascii=False, indent=None, sort_keys=True) + "\n"


def _read_json(file: Path) -> Any:
    """What a file holds; None where it is missing, cut off or something else."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _write_text(file: Path, text: str) -> None:
    with atomic_file(file) as part:
        part.write_bytes(text.encode("utf-8"))
