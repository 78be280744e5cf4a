"""The labelled set that `--data` names: drawn people, a table or folder, or somebody's loader."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..clip import Clip, open_items

#: What `--data` calls the drawn people.
DRAWN = "make_smiles"

_LOADER = re.compile(r"(?P<module>\w+(\.\w+)*):(?P<function>[A-Za-z_]\w*)(:(?P<argument>.*))?")
_FORM = "package.module:function or package.module:function:ARGUMENT"
_NO_METADATA = frozenset({"data", "target", "groups", "target_names", "failures", "filenames"})


@dataclass(frozen=True, eq=False)
class LabelledSet:
    """Clips, and what is known of each.

    Parameters
    ----------
    name : str
        What reports call it.
    clips : list of Clip
    y : array of shape (n_clips,)
        Labels, or their places among `label_names`.
    groups : array of str of shape (n_clips,)
        Subjects.
    metadata : DataFrame
        A row a clip, with what there is besides: gender, age, …
    failures : DataFrame
        Columns `clip` and `error`: what was listed and could not be opened.
    label_names : tuple of str, optional
    drawn : bool, default=False
        The people are drawn.
    """

    name: str
    clips: list[Clip]
    y: np.ndarray
    groups: np.ndarray
    metadata: pd.DataFrame
    failures: pd.DataFrame
    label_names: tuple[str, ...] | None = None
    drawn: bool = False

    def take(self, index: np.ndarray, clips: list[Clip], failures: pd.DataFrame) -> LabelledSet:
        """Give the part that was measured.

        Parameters
        ----------
        index : array of int
            Places of the clips.
        clips : list of Clip
            These clips, which know more now.
        failures : DataFrame
            Columns `clip` and `error`, of the others.

        Returns
        -------
        LabelledSet
        """
        return dataclasses.replace(
            self, clips=clips, y=self.y[index], groups=self.groups[index],
            metadata=self.metadata.iloc[index].reset_index(drop=True),
            failures=pd.concat([self.failures, failures], ignore_index=True))

    def called(self, labels: Any) -> np.ndarray:
        """Give labels by their names.

        Parameters
        ----------
        labels : array-like of shape (n,)

        Returns
        -------
        array of shape (n,)
        """
        labels = np.asarray(labels)
        return labels if self.label_names is None else np.array(self.label_names)[labels]


def load_labelled(data: str, fps: float | None = None, **drawing: Any) -> LabelledSet:
    """Load a labelled set, without decoding a video.

    Parameters
    ----------
    data : str
        "make_smiles", a CSV or folder (see `load_table`), or a loader,
        ``package.module:function`` or ``package.module:function:ARGUMENT``.
    fps : float, optional
        Frame rate in Hz of what carries no timing.
    **drawing
        What `make_smiles` is given.

    Returns
    -------
    LabelledSet

    Raises
    ------
    ImportError
        The loader's module is not there.
    ValueError, OSError
        There is no such loader, table or folder, or what it gives is no labelled set.
    """
    if data == DRAWN:
        from ..datasets import make_smiles

        return _labelled(make_smiles(**drawing), "drawn people", fps, drawn=True)
    loader = None if os.path.exists(data) else _LOADER.fullmatch(data)
    return _from_table(data, fps) if loader is None else _from_loader(data, loader, fps)


# -- a table or folder ----------------------------------------------------------------------------

def _from_table(data: str, fps: float | None) -> LabelledSet:
    from ..datasets import load_table

    table = load_table(data, fps=fps, on_error="skip")
    found = _labelled({**table, "failures": table.failures}, data, fps)
    file = Path(data) / "labels.csv" if os.path.isdir(data) else Path(data)
    if not file.exists():
        return found
    # `load_table` keeps what it knows; the other columns are what scores are broken down by.
    rows = pd.read_csv(file, skipinitialspace=True, dtype=str)
    rows.columns = [str(column).strip().lower() for column in rows.columns]
    rows.index = [os.path.normpath(file.parent / path.strip()) for path in rows["path"]]
    more = rows.drop(columns=["path", "label", "subject"], errors="ignore")
    more = more.reindex([clip.name for clip in found.clips]).reset_index(drop=True)
    return dataclasses.replace(found, metadata=more.apply(_as_numbers))


def _as_numbers(column: pd.Series) -> pd.Series:
    """A column of texts as numbers where all that is known of it are such."""
    numbers = pd.to_numeric(column, errors="coerce")
    return numbers if (numbers.isna() == column.isna()).all() else column


# -- a loader -------------------------------------------------------------------------------------

def _from_loader(data: str, loader: re.Match[str], fps: float | None) -> LabelledSet:
    function = _find_function(data, loader["module"], loader["function"])
    arguments = [] if loader["argument"] is None else [loader["argument"]]
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError as error:
        given = f"with {arguments[0]!r}" if arguments else "without an argument"
        raise ValueError(f"--data {data}: {loader['function']} cannot be called {given} ({error}); "
                         f"write {_FORM}") from None
    except ValueError:  # written in C; it will say so itself
        pass
    made_here = getattr(function, "__module__", "").startswith(f"{__package__.split('.')[0]}.")
    drawn = made_here and loader["function"].startswith("make_")
    return _labelled(function(*arguments), data, fps, drawn=drawn)


def _find_function(data: str, module_name: str, name: str) -> Any:
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # as `python -m` does; worker processes are told of it
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if module_name != missing and not module_name.startswith(f"{missing}."):
            raise  # it is there, and something that it imports is not
        raise ModuleNotFoundError(f"--data {data}: there is no module {missing}, neither installed "
                                  f"nor in {os.getcwd()}; write {_FORM}", name=missing) from None
    if not callable(getattr(module, name, None)):
        raise ValueError(f"--data {data}: {module_name} has no function {name}")
    return getattr(module, name)


# -- what they give -------------------------------------------------------------------------------

def _labelled(found: Any, name: str, fps: float | None, *, drawn: bool = False) -> LabelledSet:
    """Check that a Bunch or tuple is a labelled set, and open its recordings."""
    if isinstance(found, tuple) and len(found) == 3:
        found = dict(zip(("data", "target", "groups"), found, strict=True))
    if not isinstance(found, Mapping):
        raise ValueError(f"{name}: gives {type(found).__name__}; a Bunch with data, target and "
                         "groups is needed, or a tuple (X, y, groups)")
    missing = [field for field in ("data", "target", "groups") if found.get(field) is None]
    if missing:
        raise ValueError(f"{name}: there is no {' and no '.join(missing)}; recordings, labels and "
                         "subjects are needed, as folds keep people apart" + (
                             ". Add a column `subject`" if missing == ["groups"] else ""))
    items = list(found["data"])
    columns = {what: np.asarray(found[field], dtype=object) for what, field in
               (("label", "target"), ("subject", "groups"))}
    for what, values in columns.items():
        if values.shape != (len(items),):
            raise ValueError(f"{name}: {len(items)} recordings, and {what}s of the shape "
                             f"{values.shape}; one for each is needed")
        if pd.isna(values).any():
            raise ValueError(f"{name}: recording {int(pd.isna(values).argmax())} has no {what}; "
                             "leave it out")
    y = np.array(columns["label"].tolist())
    opened = open_items(items, fps=fps)
    good = np.array([i for i, clip in enumerate(opened) if isinstance(clip, Clip)], dtype=int)
    problems = pd.DataFrame([{"clip": str(items[i]), "error": str(error)} for i, error in
                             enumerate(opened) if isinstance(error, Exception)],
                            columns=["clip", "error"])
    whole = LabelledSet(name, [], y, columns["subject"].astype(str), _metadata(found, len(items)),
                        _failures(found), _label_names(found, y), drawn)
    return whole.take(good, [clip for clip in opened if isinstance(clip, Clip)], problems)


def _failures(found: Mapping[str, Any]) -> pd.DataFrame:
    """What the loader could not open itself."""
    failures = found.get("failures")
    if isinstance(failures, pd.DataFrame) and {"clip", "error"} <= set(failures.columns):
        return failures[["clip", "error"]]
    return pd.DataFrame(columns=["clip", "error"])


def _label_names(found: Mapping[str, Any], y: np.ndarray) -> tuple[str, ...] | None:
    names = found.get("target_names")
    if names is None or y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= len(names):
        return None
    return tuple(str(name) for name in names)


def _metadata(found: Mapping[str, Any], n: int) -> pd.DataFrame:
    """The fields that hold one number, text or category for each recording."""
    columns = {}
    for name, values in found.items():
        if name in _NO_METADATA or not isinstance(
                values, (list, tuple, np.ndarray, pd.Series, pd.Categorical)):
            continue
        if len(values) != n or getattr(values, "ndim", 1) != 1:
            continue
        if all(pd.api.types.is_scalar(value) for value in values):
            columns[str(name)] = pd.Series(values).reset_index(drop=True)
    return pd.DataFrame(columns, index=pd.RangeIndex(n))
