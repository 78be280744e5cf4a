"""What `smilegenuine benchmark` found, as a page in Markdown that says how it was found."""

from __future__ import annotations

import datetime
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from .._version import __version__
from ..comparison import Evaluation
from ..datasets.published import published_figures
from ..demo import CAVEAT
from .cross_corpus import CORPUS
from .labelled_data import LabelledSet
from .protocol import MEASURES, Protocol
from .published_notes import published_as, published_beside, published_notes
from .wrong_files import count_wrong

#: What holds for all choices that are made by looking at data.
SELECTION = ("No person is on both sides of a fold. All model selection, such as early stopping, "
              "and what is fused with which weight, happens inside the training subjects of each "
              "fold; nothing is chosen by looking at those tested.")


def write_report(found: Evaluation, data: LabelledSet, protocol: Protocol, file: Path, *,
                 condition: str | None = None) -> str:
    """Write the page.

    Parameters
    ----------
    found : Evaluation
    data : LabelledSet
        What was left in.
    protocol : Protocol
    file : Path
    condition : str, optional
        How the recordings were degraded; published figures are nothing to compare with then.

    Returns
    -------
    str
        What the terminal is to show: the tables, and where the rest is.
    """
    beside = {} if condition else published_beside(found, data)
    table = found.to_markdown(protocol.reference, beside=beside)
    kinds = [f"## By {column}\n\nIn percent, of the predictions of all folds together.\n\n"
             f"{markdown(found.breakdown(column))}" for column in _kinds(data, protocol)]
    caveat = [CAVEAT] if data.drawn else []
    facts = [f"- {what}: {value}" for what, value in facts_of(found, data, protocol, condition)]
    published = [published_notes(found, data, protocol)] if beside else []
    page = [f"# Systems compared on {data.name}", table, *caveat, "\n".join(facts), SELECTION,
            *published, *kinds]
    file.write_text("\n\n".join(page) + "\n", encoding="utf-8")
    told = [f"The published figures were found in other ways; {file.name} says in which."] \
        if beside else []
    written = (f"{file.parent}: {file.name}, summary.csv, scores.csv, predictions.csv, "
               f"left_out.csv; {duration(protocol.seconds)}")
    return "\n\n".join([table, *kinds, *caveat, *told, written])


def write_html(found: Evaluation, data: LabelledSet, protocol: Protocol, file: Path) -> None:
    """Write the same as a page in HTML, with pictures.

    Parameters
    ----------
    found : Evaluation
    data : LabelledSet
        What was left in.
    protocol : Protocol
    file : Path
    """
    from ..report import write_evaluation_report

    name = published_as(data)
    beside = name is not None and bool(published_beside(found, data))
    notes = [SELECTION, *([published_notes(found, data, protocol)] if beside else [])]
    write_evaluation_report(
        found, file, title=f"Systems compared on {data.name}", reference=protocol.reference,
        published=published_figures(name) if beside and name else None,
        by=_kinds(data, protocol), labels=list(data.called(found.classes)),
        about=facts_of(found, data, protocol), notes="\n\n".join(notes), left_out=data.failures,
        caution=CAVEAT if data.drawn else "")


def _kinds(data: LabelledSet, protocol: Protocol) -> list[str]:
    """Columns that scores are broken down by."""
    corpora = [CORPUS] if _across(data) and CORPUS not in protocol.by else []
    return [*corpora, *protocol.by]


def _across(data: LabelledSet) -> bool:
    return data.folds is not None and data.folds.kind == "corpora"


def facts_of(found: Evaluation, data: LabelledSet, protocol: Protocol, condition: str | None = None
             ) -> list[tuple[str, str]]:
    """Say what was compared, and how.

    Parameters
    ----------
    found : Evaluation
    data : LabelledSet
    protocol : Protocol
    condition : str, optional
        How the recordings were degraded.

    Returns
    -------
    list of (str, str)
        What it is about, and what there is to say.
    """
    labels, counts = np.unique(data.called(data.y), return_counts=True)
    measured = ", ".join(f"{what} ({step})" for what, step in protocol.measured)
    came = ", ".join(MEASURES[field] for field in protocol.given)
    kept = f", with {protocol.kept} folds of an earlier run" if protocol.kept else ""
    positive = data.called(found.classes[1:])[0]
    about = [("Data set", text.strip().partition("\n")[0]) for text in data.descriptions]
    degraded = [("Recordings", condition)] if condition else []
    return [
        ("Data", f"{data.name}: {found.n_clips} clips{count_wrong(data)}, "
                 f"{len(np.unique(data.groups))} subjects"), *about, *degraded,
        ("Labels", ", ".join(f"{label} {n}" for label, n in zip(labels, counts, strict=True))
         + f"; AUC and F1 are about {positive}"),
        ("Folds", f"{_folds(data)}{protocol.training()}"),
        *([("Came with the recordings", came)] if came else []),
        *([("Measured", f"{measured}; once for all systems, where clips do not know them already. "
                        "All systems see the frames in which none of these failed")]
          if measured else []),
        ("Scores", _scores(found)),
        ("Device", _device(protocol)),
        ("Times", "of fitting a fold and of predicting a clip, from clips that are measured "
                  f"already; --n-jobs {protocol.n_jobs}, so they are worth comparing only with 1"),
        ("Versions", f"smilegenuine {__version__}, torch {version('torch')}, scikit-learn "
                     f"{version('scikit-learn')}, Python {platform.python_version()}"),
        ("Run", f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, {duration(protocol.seconds)}"
                f"{kept}"),
    ]


def _folds(data: LabelledSet) -> str:
    if not _across(data):
        return str(data.folds)
    corpus = data.metadata[CORPUS].to_numpy()
    tested = np.asarray(data.folds.test) == 0 if data.folds else np.zeros(len(corpus), bool)
    said = [f"{name} ({(corpus == name).sum()} clips, "
            f"{len(np.unique(data.groups[corpus == name]))} subjects)"
            for name in dict.fromkeys(corpus)]
    n = len(dict.fromkeys(corpus[~tested]))
    return f"none; trained on all of {', '.join(said[:n])}, tested on all of {', '.join(said[n:])}"


def _scores(found: Evaluation) -> str:
    if len(found.train_sizes) > 1:
        return ("in percent, mean ± standard deviation over folds, with the interval of the "
                "mean accuracy; differences and tests are about accuracy")
    return ("in percent, of the clips tested. Systems are trained once, and nothing is known of "
            "another training: there is no spread, no interval and no t-test. McNemar's test takes "
            "clips as independent, which those of one person are not")


def _device(protocol: Protocol) -> str:
    if not protocol.networks:
        return "cpu; there is no network among the systems"
    import torch  # there are networks, so it is loaded already

    from ..classifiers.net_training import find_device

    device = find_device(protocol.device)
    return f"{device} ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else \
        str(device)


def duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def markdown(table: pd.DataFrame) -> str:
    """A table of scores by kind; scores in percent."""
    titles = [_cell(title) for title in table.columns]
    rows = [titles, ["---"] * len(titles),
            *([_cell(value) for value in row] for row in table.itertuples(index=False))]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "–" if np.isnan(value) else f"{100 * value:.1f}"
    return str(value).replace("|", "\\|")
