"""Saving fitted systems and loading them, without pickle.

A model file is a skops archive: scikit-learn's state as plain data. Loading one builds only types
of this package and of the libraries that it is made of; a file that asks for more is refused.
"""

from __future__ import annotations

import copy
import datetime
import importlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._version import __version__
from ..running.atomic_files import atomic_file

_FORMAT = 1


def save_model(model: Any, path: str | os.PathLike[str], *, info: dict[str, Any] | None = None
               ) -> Path:
    """Save a fitted estimator or pipeline.

    Parameters
    ----------
    model : estimator
        Fitted. Cache folders (`memory`) are left out: they belong to this machine.
    path : str or Path
        The file; written under another name first, so that a file that is there is whole.
    info : dict, optional
        What to remember about it (training data, protocol, scores): strings, numbers, lists. It is
        added to the model's `info_`, which loaded, pretrained and adapted models have, and wins
        over what is there.

    Returns
    -------
    Path

    Raises
    ------
    NotFittedError
        The model is not fitted.
    ValueError
        The model (or `info`) holds types that `load_model` would refuse; nothing is written.
    """
    import skops.io  # here, because it imports torch where that is installed

    check_is_fitted(model)
    path = Path(path)
    remembered = getattr(model, "info_", None)
    about = {
        **(remembered if isinstance(remembered, dict) else {}),
        "smilegenuine": __version__, "scikit-learn": sklearn.__version__, "numpy": np.__version__,
        "saved": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"), **(info or {}),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as part:
        skops.io.dump({"format": _FORMAT, "info": about, "model": _without_memory(model)}, part)
        foreign = _foreign(skops.io.get_untrusted_types(file=part))
        if foreign:
            raise ValueError(f"{type(model).__name__} is not saved: `load_model` would refuse its "
                             f"{', '.join(foreign[:5])}. Of a search, save `best_estimator_`; for "
                             "what skops does not trust (trees, other libraries), use joblib.dump")
    return path


def load_model(path: str | os.PathLike[str]) -> Any:
    """Load a model that `save_model` wrote.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    estimator
        Fitted; what was remembered about it is in the attribute ``info_``.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        Not a model file, cut off, of a later format, or asking for types that a model file has no
        business with.
    """
    import skops.io

    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file; `smilegenuine train … -o {path}` makes one")
    wanted = _read(path, skops.io.get_untrusted_types)
    foreign = _foreign(wanted)
    if foreign:
        raise ValueError(f"{path}: holds types that a model of this package does not: "
                         f"{', '.join(foreign[:5])}. It is not loaded")
    stored = _read(path, skops.io.load, trusted=wanted)
    if not isinstance(stored, dict) or not {"format", "info", "model"} <= stored.keys():
        raise ValueError(f"{path}: a skops file, but not one that smilegenuine wrote")
    if stored["format"] > _FORMAT:
        raise ValueError(f"{path}: written by smilegenuine {stored['info']['smilegenuine']}; this "
                         f"is {__version__}. Upgrade to read it")
    model = stored["model"]
    if not isinstance(model, BaseEstimator):
        raise ValueError(f"{path}: holds no model but a {type(model).__name__}")
    model.info_ = stored["info"]
    return model


def _read(path: Path, reader: Any, **options: Any) -> Any:
    # skops lets through whatever a damaged archive makes zipfile, json, numpy and itself raise.
    try:
        return reader(file=path, **options)
    except OSError:
        raise
    except Exception as error:
        raise ValueError(f"{path}: not a smilegenuine model file, or cut off or damaged "
                         f"({error})") from error


def _foreign(types: list[str]) -> list[str]:
    """Return those of the types that are not estimators of this package.

    skops calls some of what a file names; a name that only leads through this package (to a
    function, to something that a module imports) is not enough to be trusted.
    """
    return [t for t in types if not _is_own_estimator(t)]


def _is_own_estimator(type_name: str) -> bool:
    module, _, name = type_name.rpartition(".")
    package = importlib.import_module(__package__.partition(".")[0])
    if name not in package.__all__:
        return False
    public = getattr(package, name)
    return (isinstance(public, type) and issubclass(public, BaseEstimator)
            and public.__module__ == module)


def _has_its_own_state(value: BaseEstimator) -> bool:
    """Whether it makes its state itself, as networks do: they have no cache, and are not copied."""
    return type(value).__getstate__ is not BaseEstimator.__getstate__


def _without_memory(value: Any) -> Any:
    """Copy a model so that no estimator in it has a cache folder; what is learnt is shared."""
    if type(value) in (list, tuple):
        return type(value)(_without_memory(v) for v in value)
    if type(value) is dict:
        return {k: _without_memory(v) for k, v in value.items()}
    if not isinstance(value, BaseEstimator) or _has_its_own_state(value):
        return value
    without = copy.copy(value)
    for name, part in vars(value).items():
        vars(without)[name] = None if name == "memory" else _without_memory(part)
    return without
