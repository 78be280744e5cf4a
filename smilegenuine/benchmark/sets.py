"""Labelled sets: data sets, drawn people, tables, and what loaders return."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..clips.record import Clip, open_items
from ..datasets.findings import said_by_kind
from .folds import Folds


class DataSet(NamedTuple):
    """What reports call a data set, and its loader in `smilegenuine.datasets`."""

    title: str
    loader: str
    has: str = "pictures"  # or the field of clips that it has in their place


#: The data sets by their names.
DATA_SETS = {
    "uva-nemo": DataSet("UvA-NEMO", "load_uva_nemo"),
    "spos": DataSet("SPOS", "load_spos"),
    "mmi": DataSet("MMI", "load_mmi"),
    "bbc": DataSet("BBC", "load_bbc"),
    "auda": DataSet("the AUDA package", "load_auda", "aus"),
    "openface": DataSet("OpenFace tables", "load_openface", "aus"),
    "pyfeat": DataSet("py-feat tables", "load_pyfeat", "aus"),
    "libreface": DataSet("LibreFace tables", "load_libreface", "aus"),
    "landmarks": DataSet("landmarks", "load_landmarks", "landmarks"),
}

#: The kind of failure of what was loaded, and could not be used later on.
LEFT_OUT = "left out"

#: What the drawn people are called.
DRAWN = ("drawn", "make_smiles")

_LOADER = re.compile(r"(?P<module>\w+(\.\w+)*):(?P<function>[A-Za-z_]\w*)(:(?P<argument>.*))?")
_FORM = "package.module:function or package.module:function:ARGUMENT"
_FAILURES = ["clip", "error", "kind"]
_NO_METADATA = frozenset({"data", "target", "groups", "target_names", "failures", "filenames",
                          "folds", "folds_are_published", "metadata", "DESCR", "missing_aus",
                          "features"})


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
        Columns `clip`, `error` and `kind`: what is wrong on the disk, and what was left out since.
    label_names : tuple of str, optional
    drawn : bool, default=False
        The people are drawn.
    folds : Folds, optional
    data_set : str, optional
        Which of `DATA_SETS` it is.
    descriptions : tuple of str, default=()
        What loaders say of it.
    places : array of int of shape (n_clips,), optional
        Places of the clips in the set as it was loaded.
    """

    name: str
    clips: list[Clip]
    y: np.ndarray
    groups: np.ndarray
    metadata: pd.DataFrame
    failures: pd.DataFrame
    label_names: tuple[str, ...] | None = None
    drawn: bool = False
    folds: Folds | None = None
    data_set: str | None = None
    descriptions: tuple[str, ...] = ()
    places: np.ndarray = field(default_factory=lambda: np.arange(0))

    def take(self, index: np.ndarray, clips: list[Clip], failures: pd.DataFrame) -> LabelledSet:
        """Return the part that was measured.

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
            folds=None if self.folds is None else self.folds.take(index),
            places=self.places[index],
            failures=pd.concat([self.failures, failures.assign(kind=LEFT_OUT)],
                               ignore_index=True))

    def name_labels(self, labels: Any) -> np.ndarray:
        """Return labels by their names.

        Parameters
        ----------
        labels : array-like of shape (n,)

        Returns
        -------
        array of shape (n,)
        """
        labels = np.asarray(labels)
        return labels if self.label_names is None else np.array(self.label_names)[labels]

    @property
    def recorded_as(self) -> str | None:
        """The data set whose recordings these are, or were measured in."""
        return "uva-nemo" if self.data_set == "auda" else self.data_set

    @property
    def across(self) -> bool:
        """Whether systems are trained on one set and tested on others."""
        return self.folds is not None and self.folds.kind == "corpora"

    def failure_text(self) -> str:
        """Return what is missing, not to be read or inconsistent, by kind; empty without any."""
        if not len(self.failures):
            return ""
        return "\n".join([f"{self.name}: {len(self.failures)} wrong or missing:",
                          *(f"  {line}" for line in said_by_kind(self.failures))])

    def size_text(self) -> str:
        """Return how many clips and subjects there are, and what is left out or wrong."""
        left_out = int((self.failures["kind"] == LEFT_OUT).sum())
        wrong = len(self.failures) - left_out
        return "".join([f"{self.name}: {len(self.clips)} clips",
                        f", {left_out} left out" * bool(left_out),
                        f", {wrong} wrong or missing in the set" * bool(wrong),
                        f", {len(np.unique(self.groups))} subjects"])


def check_set_name(words: Sequence[str]) -> None:
    """Raise unless words name a set: one word, or a data set of `DATA_SETS` and its folder.

    Parameters
    ----------
    words : sequence of str

    Raises
    ------
    ValueError
        They do not; the message says how to write it.
    """
    name = words[0]
    if len(words) == 1:
        if name in DATA_SETS:
            folder = f"; if the folder {name} is meant, write ./{name}" * os.path.exists(name)
            raise ValueError(f"{name} is a data set; write its folder behind it, {name} FOLDER"
                             f"{folder}")
        return
    if name not in DATA_SETS:
        raise ValueError(f"{' '.join(words)}: there is no data set {name}; there is "
                         f"{', '.join(DATA_SETS)}, each with its folder. A table, folder or loader "
                         "is one word; put a path with blanks in quotes")
    if len(words) > 2:
        raise ValueError(f"{' '.join(words)}: one folder is needed behind {name}; put a path with "
                         "blanks in quotes")


def is_drawn(data: Any) -> bool:
    """Return whether drawn people are meant.

    Parameters
    ----------
    data : object
        As `load_labelled` takes it.

    Returns
    -------
    bool
    """
    words = data if isinstance(data, (list, tuple)) else [data]
    return len(words) == 1 and isinstance(words[0], str) and words[0] in DRAWN


def is_drawn_folder(folder: str | os.PathLike[str]) -> bool:
    """Return whether recordings are drawn: beside these lies the list by which they are drawn."""
    return os.path.isfile(os.path.join(folder, "drawn.json"))


def load_labelled(data: Any, fps: float | None = None, *, folds: bool = True,
                  **drawing: Any) -> LabelledSet:
    """Load a labelled set, without decoding a video.

    Parameters
    ----------
    data : str, Path, pair, Bunch, tuple (X, y, groups) or LabelledSet
        "drawn" (or "make_smiles"); a CSV or folder (see `load_table`); a loader,
        ``package.module:function`` or ``package.module:function:ARGUMENT``; one of `DATA_SETS` and
        its folder, or what its loader has returned, such as ``("uva-nemo", folder)``; a Bunch with
        `data`, `target` and `groups`; or recordings, labels and subjects. A list of one or two
        texts is taken as these.
    fps : float, optional
        Frame rate in Hz of what carries no timing.
    folds : bool, default=True
        Look for the folds that are published with a data set. Where nobody uses them, nothing that
        is wrong with them matters.
    **drawing
        What `make_smiles` is given.

    Returns
    -------
    LabelledSet

    Raises
    ------
    ImportError
        The loader's module is not there.
    TypeError, ValueError, OSError
        There is no such loader, table or folder, or what it gives is no labelled set.
    """
    if isinstance(data, LabelledSet):
        return data
    if isinstance(data, Mapping) or (isinstance(data, tuple) and len(data) == 3):
        about = str(data.get("DESCR") or "") if isinstance(data, Mapping) else ""
        return _labelled(data, about.strip().partition("\n")[0] or "the recordings given", fps)
    words = [data] if isinstance(data, (str, os.PathLike)) else data
    if not isinstance(words, (list, tuple)) or not words or not all(
            isinstance(word, (str, os.PathLike)) for word in words[:1]):
        raise TypeError("data must be a path, a data set and its folder, a Bunch, a tuple (X, y, "
                        f"groups) or 'drawn', not {type(data).__name__}")
    if len(words) == 2 and isinstance(words[1], Mapping):
        check_set_name([words[0], "."])
        return _labelled(words[1], DATA_SETS[words[0]].title, fps, data_set=words[0])
    paths = [os.fspath(word) for word in words]
    check_set_name(paths)
    if len(paths) == 2:
        return _from_data_set(paths[0], paths[1], fps, folds)
    if is_drawn(paths):
        from ..datasets import make_smiles

        return _labelled(make_smiles(**drawing), "drawn people", fps, drawn=True)
    loader = None if os.path.exists(paths[0]) else _LOADER.fullmatch(paths[0])
    if loader is not None:
        return _from_loader(paths[0], loader, fps)
    from ..datasets import load_table

    return _labelled(load_table(paths[0], fps=fps, on_error="skip"), paths[0], fps)


def _from_data_set(name: str, root: str, fps: float | None, folds: bool) -> LabelledSet:
    from .. import datasets

    load = getattr(datasets, DATA_SETS[name].loader)
    asked = ({} if fps is None else {"fps": fps}) | ({} if folds else {"folds": False})
    known = {key: asked[key] for key in inspect.signature(load).parameters if key in asked}
    try:
        bunch, title = load(root, on_error="skip", **known), f"{DATA_SETS[name].title} in {root}"
    except ValueError as error:
        if "folds=False" in str(error):
            error.add_note("Here ``folds=K`` loads it so, with K folds by subject.")
        raise
    missing = [what for what, given in (("label", bunch["target"]), ("subject", bunch["groups"]))
               if given is None]
    if missing:
        raise ValueError(f"{title}: the recordings have no {' and no '.join(missing)}, and both "
                         "are needed, as folds keep people apart; write labels.csv, with the "
                         "columns path,label,subject, into the folder")
    return _labelled(bunch, title, fps, drawn=is_drawn_folder(root), data_set=name)


# -- a loader -------------------------------------------------------------------------------------

def _from_loader(data: str, loader: re.Match[str], fps: float | None) -> LabelledSet:
    function = _find_function(data, loader["module"], loader["function"])
    arguments = [] if loader["argument"] is None else [loader["argument"]]
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError as error:
        given = f"with {arguments[0]!r}" if arguments else "without an argument"
        raise ValueError(f"`data={data!r}`: {loader['function']} cannot be called {given} "
                         f"({error}); write {_FORM}") from None
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
        raise ModuleNotFoundError(f"`data={data!r}`: there is no module {missing}, neither "
                                  f"installed nor in {os.getcwd()}; write {_FORM}",
                                  name=missing) from None
    if not callable(getattr(module, name, None)):
        raise ValueError(f"`data={data!r}`: {module_name} has no function {name}")
    return getattr(module, name)


# -- what they return -----------------------------------------------------------------------------

def _labelled(bunch: Any, name: str, fps: float | None, *, drawn: bool = False,
              data_set: str | None = None) -> LabelledSet:
    """Check that a Bunch or tuple is a labelled set, and open its recordings."""
    if isinstance(bunch, tuple) and len(bunch) == 3:
        bunch = dict(zip(("data", "target", "groups"), bunch, strict=True))
    if not isinstance(bunch, Mapping):
        raise ValueError(f"{name}: gives {type(bunch).__name__}; a Bunch with data, target and "
                         "groups is needed, or a tuple (X, y, groups)")
    missing = [field for field in ("data", "target", "groups") if bunch.get(field) is None]
    if missing:
        raise ValueError(f"{name}: there is no {' and no '.join(missing)}; recordings, labels and "
                         "subjects are needed, as folds keep people apart" + (
                             ". Add a column `subject`" if missing == ["groups"] else ""))
    items = list(bunch["data"])
    columns = {what: np.asarray(bunch[field], dtype=object) for what, field in
               (("label", "target"), ("subject", "groups"))}
    for what, values in columns.items():
        if values.shape != (len(items),):
            raise ValueError(f"{name}: {len(items)} recordings, and {what}s of the shape "
                             f"{values.shape}; one for each is needed")
        if pd.isna(values).any():
            raise ValueError(f"{name}: recording {int(pd.isna(values).argmax())} has no {what}; "
                             "leave it out")
    y = np.array(columns["label"].tolist())
    names = bunch.get("target_names")
    if names is not None and (y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= len(names)):
        names = None
    opened = open_items(items, fps=fps)
    good = {i: clip for i, clip in enumerate(opened) if isinstance(clip, Clip)}
    failures = pd.DataFrame(
        [*_failure_rows(bunch), *((str(item), str(error), "not to be read") for item, error in
                                  zip(items, opened, strict=True)
                                  if isinstance(error, Exception))], columns=_FAILURES)
    descriptions = [str(bunch.get("DESCR") or "").strip()]
    if bunch.get("missing_aus"):
        descriptions.append("action units that it does not have, 0 in all frames: "
                            f"{', '.join(bunch['missing_aus'])}")
    everything = LabelledSet(
        name, [], y, columns["subject"].astype(str), _metadata(bunch, len(items), name), failures,
        None if names is None else tuple(map(str, names)), drawn, _folds(bunch, len(items), name),
        data_set, tuple(filter(None, descriptions)), np.arange(len(items)))
    return everything.take(np.array([*good], dtype=int), [*good.values()],
                           pd.DataFrame(columns=_FAILURES[:2]))


def _folds(bunch: Mapping[str, Any], n: int, name: str) -> Folds | None:
    """The folds that come with a set, as a PredefinedSplit or as the test fold of each clip."""
    folds = bunch.get("folds")
    if folds is None:
        return None
    try:
        test = np.asarray(getattr(folds, "test_fold", folds))
    except ValueError:  # of pieces that are not alike
        test = np.empty(0)
    if test.shape != (n,) or test.dtype.kind not in "iu" or (n and test.min() < -1):
        raise ValueError(f"{name}: folds must be a PredefinedSplit, or the test fold of each of "
                         f"{n} recordings: whole numbers from 0, -1 where it is never tested")
    return Folds(test.astype(int), int(test.max(initial=-1)) + 1,
                 "published" if bunch.get("folds_are_published", True) else "by subject")


def _failure_rows(bunch: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What the loader could not open itself."""
    failures = bunch.get("failures")
    if not isinstance(failures, pd.DataFrame) or not {"clip", "error"} <= set(failures.columns):
        return []
    return list(failures.assign(kind=failures.get("kind", "not to be used"))[_FAILURES]
                .itertuples(index=False, name=None))


def _metadata(bunch: Mapping[str, Any], n: int, name: str) -> pd.DataFrame:
    """What is known of each recording: `metadata`, and fields with a number or text for each."""
    table = bunch.get("metadata")
    columns: dict[str, Any] = {}
    if isinstance(table, pd.DataFrame):
        if len(table) != n:
            raise ValueError(f"{name}: {n} recordings, and {len(table)} rows of metadata")
        columns = {str(column): table[column].reset_index(drop=True) for column in table}
    for title, values in bunch.items():
        if title not in _NO_METADATA and isinstance(
                values, (list, tuple, np.ndarray, pd.Series, pd.Categorical)) and len(
                values) == n and getattr(values, "ndim", 1) == 1 and all(
                map(pd.api.types.is_scalar, values)):
            columns.setdefault(str(title), pd.Series(values).reset_index(drop=True))
    return pd.DataFrame(columns, index=pd.RangeIndex(n))
