"""Saving fitted systems and loading them, without pickle.

A model file is a skops archive: scikit-learn's state as plain data. Loading one builds only types
of this package and of the libraries that it is made of; a file that asks for more is refused.
"""

from __future__ import annotations

import copy
import datetime
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
import skops.io
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from ._version import __version__

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
        What to remember about it (training data, protocol, scores): strings, numbers, lists.

    Returns
    -------
    Path
    """
    path = Path(path)
    about = {
        "smilegenuine": __version__, "scikit-learn": sklearn.__version__, "numpy": np.__version__,
        "saved": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"), **(info or {}),
    }
    part = path.with_name(f".part-{path.name}")
    path.parent.mkdir(parents=True, exist_ok=True)
    skops.io.dump({"format": _FORMAT, "info": about, "model": _without_memory(model)}, part)
    part.replace(path)
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
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file; `smilegenuine train … -o {path}` makes one")
    try:
        wanted = skops.io.get_untrusted_types(file=path)
    except (zipfile.BadZipFile, KeyError, ValueError, AttributeError) as error:
        raise ValueError(f"{path}: not a smilegenuine model file, or cut off ({error})") from None
    foreign = [t for t in wanted if not t.startswith("smilegenuine.")]
    if foreign:
        raise ValueError(f"{path}: holds types that a model of this package does not: "
                         f"{', '.join(foreign[:5])}. It is not loaded")
    stored = skops.io.load(path, trusted=wanted)
    if not isinstance(stored, dict) or "model" not in stored:
        raise ValueError(f"{path}: a skops file, but not one that smilegenuine wrote")
    if stored["format"] > _FORMAT:
        raise ValueError(f"{path}: written by smilegenuine {stored['info']['smilegenuine']}; this "
                         f"is {__version__}. Upgrade to read it")
    model = stored["model"]
    model.info_ = stored["info"]
    return model


def _without_memory(model: Any) -> Any:
    model = copy.copy(model)
    if isinstance(model, Pipeline):
        model.steps = [(name, _without_memory(step)) for name, step in model.steps]
    elif isinstance(model, FrozenEstimator):
        model.estimator = _without_memory(model.estimator)
    if getattr(model, "memory", None) is not None:
        model.memory = None
    return model
