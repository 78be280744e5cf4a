"""What was published about systems on the public smile data sets: figures, sources, protocols."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

_COLUMNS = ["system", "accuracy", "sd", "source", "protocol"]


class _Paper(NamedTuple):
    """A publication, and how its figures were found."""

    source: str
    protocol: str


_CORE = _Paper(
    "Pawlus, Smolka, Kawulok & Kawulok (2025), Coupling deep and handcrafted features to assess "
    "smile genuineness, doi:10.48550/arXiv.2503.16128",
    "mean ± standard deviation over the folds; action units by OpenFace, of every frame at 50 Hz; "
    "late fusion is fitted on the subjects that its branches were trained on")
_BEST_EPOCH = ("the epoch is the one that is best on the test fold, which makes figures too high, "
               "the more so the smaller the fold")
_MESH = _Paper(
    "Faroque, Yang, Hossain, Naim, Mohammed & Rahman (2022), Less is more: facial landmarks can "
    "recognize a spontaneous smile, BMVC, doi:10.48550/arXiv.2210.04240",
    f"{_BEST_EPOCH}; landmarks of every fifth frame where the recording has 50 Hz; nothing is said "
    "of the spread over folds")
_HADA = _Paper(
    "Hasan, Mohammed, Rahman & Koehn (2025), HadaSmileNet: Hadamard fusion of handcrafted and "
    "deep-learning features for enhancing facial emotion recognition of genuine smiles, ICDM, "
    "doi:10.48550/arXiv.2509.18550",
    f"{_BEST_EPOCH}; nothing is said of the spread over folds")

#: Folds of the data sets in these publications.
_FOLDS = {"uva-nemo": "ten folds by subject of 1240 videos", "mmi": "nine folds by subject",
          "spos": "seven folds, leave one subject out", "bbc": "ten folds of two videos"}

# Data set -> system, accuracy and its standard deviation in %, paper.
_FIGURES: dict[str, list[tuple[str, float, float, _Paper]]] = {
    "uva-nemo": [
        ("realsmilenet", 74.4, 1.9, _CORE), ("auda-frame", 77.5, 4.3, _CORE),
        ("auda-au", 80.1, 2.9, _CORE), ("auda-cross", 79.4, 4.0, _CORE),
        ("auda-fusion", 80.5, 2.1, _CORE), ("fusion", 81.8, 2.9, _CORE),
        ("meshsmilenet", 85.0, np.nan, _MESH), ("hadasmilenet", 88.7, np.nan, _HADA)],
    "mmi": [("meshsmilenet", 99.0, np.nan, _MESH), ("hadasmilenet", 99.7, np.nan, _HADA)],
    "spos": [("meshsmilenet", 94.4, np.nan, _MESH), ("hadasmilenet", 98.5, np.nan, _HADA)],
    "bbc": [("meshsmilenet", 95.0, np.nan, _MESH), ("hadasmilenet", 100.0, np.nan, _HADA)],
}

# Every n-th frame of 50 Hz -> accuracy in %, of MeshSmileNet on UvA-NEMO.
_BY_STEP = {1: 67.0, 3: 74.5, 5: 85.0, 10: 82.2}

#: Data sets of which there are figures.
PUBLISHED = tuple(_FIGURES)


def published_figures(data_set: str) -> pd.DataFrame:
    """Return the published accuracies of systems on a data set.

    Parameters
    ----------
    data_set : {"uva-nemo", "mmi", "spos", "bbc"}

    Returns
    -------
    DataFrame
        A row a system: `system`, its name for `make_system`; `accuracy` and `sd`, shares of 1, the
        mean over folds and the standard deviation, NaN where none is published; `source`;
        `protocol`, how it was found, as far as it differs between publications or from `evaluate`.

    Raises
    ------
    ValueError
        Nothing of the kind is known of that data set.

    Notes
    -----
    They are figures of others, found in other ways than ours: see `protocol` before they are
    compared with anything.

    Examples
    --------
    >>> from smilegenuine.datasets import published_figures
    >>> published_figures("spos")[["system", "accuracy"]]
             system  accuracy
    0  meshsmilenet     0.944
    1  hadasmilenet     0.985
    """
    rows = [{"system": system, "accuracy": accuracy / 100.0, "sd": sd / 100.0,
             "source": paper.source, "protocol": f"{_FOLDS[data_set]}; {paper.protocol}"}
            for system, accuracy, sd, paper in _FIGURES[_known(data_set)]]
    return pd.DataFrame(rows, columns=_COLUMNS)


def published_rates(data_set: str) -> pd.DataFrame:
    """Return the published accuracies of systems on a data set by the frame rate of what they saw.

    Parameters
    ----------
    data_set : {"uva-nemo", "mmi", "spos", "bbc"}

    Returns
    -------
    DataFrame
        As `published_figures`, with `fps`, frames a second in Hz, behind `system`. Empty where none
        are published.

    Raises
    ------
    ValueError
        Nothing of the kind is known of that data set.

    Notes
    -----
    The network was given 16 frames at any rate, so that at a lower one it saw a longer part of the
    smile: this is no study of what a slower camera costs.

    Examples
    --------
    >>> from smilegenuine.datasets.published import published_rates
    >>> published_rates("uva-nemo")[["system", "fps", "accuracy"]].round(3)
             system     fps  accuracy
    0  meshsmilenet  50.000     0.670
    1  meshsmilenet  16.667     0.745
    2  meshsmilenet  10.000     0.850
    3  meshsmilenet   5.000     0.822
    """
    steps = _BY_STEP if _known(data_set) == "uva-nemo" else {}
    rows = [{"system": "meshsmilenet", "fps": 50.0 / step, "accuracy": accuracy / 100.0,
             "sd": np.nan, "source": _MESH.source,
             "protocol": f"{_FOLDS[data_set]}; 16 frames, one in {step} of 50 a second; "
                         f"{_BEST_EPOCH}"} for step, accuracy in steps.items()]
    return pd.DataFrame(rows, columns=["system", "fps", *_COLUMNS[1:]])


def _known(data_set: str) -> str:
    if data_set not in _FIGURES:
        raise ValueError(f"no published figures are known of {data_set!r}; there are some of "
                         f"{', '.join(_FIGURES)}")
    return data_set

