"""What `smilegenuine benchmark` found, as a page in Markdown that says how it was found."""

from __future__ import annotations

import datetime
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from .._version import __version__
from ..comparison import Evaluation
from ..demo import CAVEAT
from .labelled_data import LabelledSet

_SELECTION = ("No person is on both sides of a fold. All model selection, such as early stopping, "
              "and what is fused with which weight, happens inside the training subjects of each "
              "fold; nothing is chosen by looking at those tested.")


@dataclass(frozen=True)
class Protocol:
    """How systems were compared.

    Parameters
    ----------
    n_folds : int
    device : str
        As asked for.
    random_state : int
    max_epochs : int or None
        None: as published.
    points : str or None
        Of the face mesh; None: as published.
    n_jobs : int
    reference : str or None
    by : tuple of str
        Columns that scores are broken down by.
    seconds : float
        What the run took.
    kept : int
        Folds that an earlier run had finished.
    networks : bool
        There are networks among the systems.
    measured : tuple of (str, str)
        What was measured once for all systems, and the estimator that did it.
    """

    n_folds: int
    device: str
    random_state: int
    max_epochs: int | None
    points: str | None
    n_jobs: int
    reference: str | None
    by: tuple[str, ...]
    seconds: float
    kept: int
    networks: bool
    measured: tuple[tuple[str, str], ...]


def write_report(found: Evaluation, data: LabelledSet, protocol: Protocol, file: Path) -> str:
    """Write the page.

    Parameters
    ----------
    found : Evaluation
    data : LabelledSet
        What was left in.
    protocol : Protocol
    file : Path

    Returns
    -------
    str
        What the terminal is to show: the tables, and where the rest is.
    """
    table = found.to_markdown(protocol.reference)
    kinds = [f"## By {column}\n\nIn percent, of the predictions of all folds together.\n\n"
             f"{_markdown(found.breakdown(column))}" for column in protocol.by]
    caveat = [CAVEAT] if data.drawn else []
    facts = [f"- {what}: {value}" for what, value in _facts(found, data, protocol)]
    page = [f"# Systems compared on {data.name}", table, *caveat, "\n".join(facts), _SELECTION,
            *kinds]
    file.write_text("\n\n".join(page) + "\n", encoding="utf-8")
    written = (f"{file.parent}: {file.name}, summary.csv, scores.csv, predictions.csv; "
               f"{_duration(protocol.seconds)}")
    return "\n\n".join([table, *kinds, *caveat, written])


def _facts(found: Evaluation, data: LabelledSet, protocol: Protocol) -> list[tuple[str, str]]:
    labels, counts = np.unique(data.called(data.y), return_counts=True)
    left_out = f", {len(data.failures)} left out" if len(data.failures) else ""
    epochs = "" if protocol.max_epochs is None or not protocol.networks else \
        f", networks of at most {protocol.max_epochs} epochs"
    points = f", points of the face mesh: {protocol.points}" if protocol.points else ""
    measured = ", ".join(f"{what} ({step})" for what, step in protocol.measured)
    kept = f", with {protocol.kept} folds of an earlier run" if protocol.kept else ""
    positive = data.called(found.classes[1:])[0]
    return [
        ("Data", f"{data.name}: {found.n_clips} clips{left_out}, "
                 f"{len(np.unique(data.groups))} subjects"),
        ("Labels", ", ".join(f"{label} {n}" for label, n in zip(labels, counts, strict=True))
         + f"; AUC and F1 are about {positive}"),
        ("Folds", f"{protocol.n_folds}, by subject; random state {protocol.random_state}{epochs}"
                  f"{points}"),
        ("Measured", f"{measured}; once for all systems, where clips do not know them already. "
                     "All systems see the frames in which none of these failed"),
        ("Scores", "in percent, mean ± standard deviation over folds, with the interval of the "
                   "mean accuracy; differences and tests are about accuracy"),
        ("Device", _device(protocol)),
        ("Times", "of fitting a fold and of predicting a clip, from clips that are measured "
                  f"already; --n-jobs {protocol.n_jobs}, so they are worth comparing only with 1"),
        ("Versions", f"smilegenuine {__version__}, torch {version('torch')}, scikit-learn "
                     f"{version('scikit-learn')}, Python {platform.python_version()}"),
        ("Run", f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, {_duration(protocol.seconds)}"
                f"{kept}"),
    ]


def _device(protocol: Protocol) -> str:
    if not protocol.networks:
        return "cpu; there is no network among the systems"
    import torch  # there are networks, so it is loaded already

    from ..classifiers.net_training import find_device

    device = find_device(protocol.device)
    return f"{device} ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else \
        str(device)


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _markdown(table: pd.DataFrame) -> str:
    """A table of scores by kind; scores in percent."""
    titles = [_cell(title) for title in table.columns]
    rows = [titles, ["---"] * len(titles),
            *([_cell(value) for value in row] for row in table.itertuples(index=False))]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "–" if np.isnan(value) else f"{100 * value:.1f}"
    return str(value).replace("|", "\\|")
