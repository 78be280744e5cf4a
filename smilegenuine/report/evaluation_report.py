"""A report about an evaluation: systems compared over the same folds by subject."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .._version import __version__
from ..evaluation.comparison import SCORES, Evaluation
from ..plotting.results import FoldScoresDisplay, check_evaluation
from ..plotting.roc_and_confusion import ConfusionDisplay, RocDisplay
from ..plotting.style import load_pyplot
from ..running.foreign_text import class_names, visible
from ..running.number_text import (
    UNKNOWN,
    p_value,
    percent,
    percent_difference,
    percent_interval,
    three_digits,
)
from .model_card import LIMITS
from .page import Html, element, facts, folded, from_markdown, joined, name_of, table, write_page
from .pictures import drawing, drawn, new_figure

_MOST_CONFUSION = 12  # pictures, one a system
_MOST_LEFT_OUT = 200  # rows; there may be thousands
_PIXELS = 100.0  # of the page for an inch, of pictures that stand side by side
_TIMES = ("fit time (s)", "predict time (ms)")


def write_evaluation_report(found: Evaluation, path: str | os.PathLike[str], *,
                            title: str | None = None, reference: str | None = None,
                            published: pd.DataFrame | None = None, by: Sequence[str] = (),
                            labels: Sequence[str] | None = None,
                            about: Iterable[tuple[str, str]] = (), notes: str = "",
                            left_out: pd.DataFrame | None = None, caution: str = "",
                            confidence: float = 0.95) -> Path:
    """Write what `evaluate` found as a page in HTML.

    One file that needs no network and no script, with the pictures in it: the table of scores with
    intervals and tests, the folds of each system beside published figures, ROC curves, confusion
    matrices, breakdowns, and every fold in numbers.

    Parameters
    ----------
    found : Evaluation
    path : str or Path
        The file to write, such as ``report.html``. It has its name when it is whole.
    title : str, optional
        Of the page.
    reference : str, optional
        The system that the others are compared with.
    published : DataFrame, optional
        What others reported of the systems: columns `system`, `accuracy` and `sd`, shares of 1,
        and `source` and `protocol`, which are said below; see
        `smilegenuine.datasets.published_figures`.
    by : sequence of str, default=()
        Columns of the evaluation's metadata to break the scores down by.
    labels : sequence of two str, optional
        What to call the classes; else the labels, and of 0 and 1 posed and spontaneous.
    about : iterable of (str, str), default=()
        What was compared, and how: what about, and what there is to say.
    notes : str, default=""
        More to say, in Markdown: headings, lists and paragraphs.
    left_out : DataFrame, optional
        Columns `clip` and `error`: what could not be used.
    caution : str, default=""
        What is to be said before any number.
    confidence : float, default=0.95
        Of the intervals.

    Returns
    -------
    Path

    Raises
    ------
    TypeError, ValueError
        It is no evaluation, or there is no such system or column.
    ImportError
        No matplotlib (the extra `plot`).
    OSError
        The file cannot be written.

    See Also
    --------
    write_report : About clips.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from smilegenuine import AUDASVMEnsemble, evaluate
    >>> from smilegenuine.datasets import make_smile_signals
    >>> from smilegenuine.report import write_evaluation_report
    >>> smiles = make_smile_signals(9, 2, random_state=0)
    >>> found = evaluate({"onset": AUDASVMEnsemble(levels=("au",), phases=("onset",))},
    ...                  smiles.data, smiles.target, smiles.groups, cv=3)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = write_evaluation_report(found, Path(folder) / "report.html")
    ...     "Accuracy" in page.read_text(encoding="utf-8")
    True
    """
    check_evaluation(found)
    load_pyplot()
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path}: is a folder; give the name of a file")
    names = _printable(list(found.scores["system"].unique()))
    if reference is not None and reference not in names:
        raise ValueError(f"there is no system {reference!r} to compare with; there is "
                         f"{', '.join(map(str, names))}")
    found = _called(found, names, labels)
    if published is not None:
        published = published.assign(system=published["system"].map(names)).dropna(
            subset="system")
    title = title or f"{len(names)} system{'s' * (len(names) > 1)} compared"
    parts = _parts(found, title, None if reference is None else names[reference], published, by,
                   about, notes, left_out, caution, confidence)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_page(path, title, parts)
    return path


def _printable(names: list[Any]) -> dict[Any, str]:
    """What pages and pictures call systems; no two the same."""
    shown = [visible(name) for name in names]
    return {name: text if shown.count(text) == 1 else f"{text} ({k})"
            for k, (name, text) in enumerate(zip(names, shown, strict=True), 1)}


def _called(found: Evaluation, names: dict[Any, str], labels: Sequence[str] | None) -> Evaluation:
    """The evaluation with words for classes, and names that can be printed."""
    words = class_names(found.classes if labels is None else list(labels))
    if len(words) != 2 or words[0] == words[1]:
        raise ValueError(f"labels must be two that differ, for the classes "
                         f"{', '.join(map(str, found.classes))}, not {labels!r}")
    predictions = found.predictions
    second = {column: predictions[column].to_numpy() == found.classes[1]
              for column in ("truth", "decision")}
    return replace(
        found, classes=np.array(words), scores=found.scores.replace({"system": names}),
        predictions=predictions.assign(system=predictions["system"].map(names), **{
            column: np.where(is_second, words[1], words[0])
            for column, is_second in second.items()}))


def _parts(found: Evaluation, title: str, reference: str | None, published: pd.DataFrame | None,
           by: Sequence[str], about: Iterable[tuple[str, str]], notes: str,
           left_out: pd.DataFrame | None, caution: str, confidence: float) -> Iterator[str]:
    """What is to be said, part by part; see `write_evaluation_report`."""
    summary = found.summary(reference, confidence)
    yield element("h1", title)
    day = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}"
    yield element("p", f"smilegenuine {__version__}, {day}", class_="quiet")
    if caution:
        yield element("p", caution, class_="note")
    yield _scores_table(summary, reference, published, confidence)
    yield element("p", _reading(found, reference), class_="quiet")
    yield _fold_scores(found, summary, published, confidence)
    yield element("div", _roc(found, summary, confidence), *_confusions(found),
                  class_="pictures")
    for column in by:
        yield element("section", element("h2", "By ", name_of(column)),
                      element("p", "In percent, of the predictions of all folds together."),
                      _breakdown(found.breakdown(column)))
    about = [(visible(what), name_of(said)) for what, said in about]
    if about:
        yield element("section", element("h2", "How it was found"), facts(about))
    if notes:
        yield element("section", from_markdown(notes))
    elif published is not None and len(published) and {"source", "protocol"} <= set(published):
        yield _sources(published)
    if left_out is not None and len(left_out):
        yield _left_out(left_out)
    yield element("section", element("h2", "Every fold"), folded("In numbers", _folds(found)))
    yield element("section", element("h2", "What it can tell, and what not"),
                  element("ul", [element("li", limit) for limit in LIMITS]))


# -- tables ---------------------------------------------------------------------------------------

def _scores_table(summary: pd.DataFrame, reference: str | None, published: pd.DataFrame | None,
                  confidence: float) -> Html:
    titles: list[Any] = ["System", "Clips"]
    columns: list[list[str]] = [[str(n) for n in summary["clips"]]]
    for score in SCORES:
        titles.append(f"{score[0].upper()}{score[1:]} (%)")
        columns.append([percent(mean, sd) for mean, sd in
                        zip(summary[score], summary[f"{score} sd"], strict=True)])
        if score == "accuracy":
            titles.append(f"{100 * confidence:g} % interval")
            columns.append([percent_interval(low, high, "{} to {}") for low, high in zip(
                summary["accuracy lower"], summary["accuracy upper"], strict=True)])
            if published is not None and len(published):
                known = {row["system"]: percent(row["accuracy"], row.get("sd", np.nan))
                         for row in published.to_dict("records")}
                titles.append("Published (%)")
                columns.append([known.get(name, UNKNOWN) for name in summary["system"]])
    if reference is not None:
        titles += [joined("Δ to ", name_of(reference)), "p (t-test)", "p (McNemar)"]
        columns += [[percent_difference(d).replace("-", "−") for d in summary["difference"]],
                    [p_value(p) for p in summary["p (t-test)"]],
                    [p_value(p) for p in summary["p (McNemar)"]]]
    titles += ["Fit (s)", "Predict (ms)"]
    columns += [[three_digits(t) for t in summary[what]] for what in _TIMES]
    rows = zip([name_of(name) for name in summary["system"]], *columns, strict=True)
    return table(titles, rows, label="Scores, a row a system", numbers=len(columns))


def _reading(found: Evaluation, reference: str | None) -> str:
    folds = len(found.train_sizes)
    text = (f"Mean ± standard deviation over {folds} folds" if folds > 1 else
            "Of one training, so that nothing is known of the spread over others")
    text += f"; AUC and F1 are about {found.classes[1]}. "
    if folds > 1:
        text += ("The interval is of the mean accuracy, and allows for folds that share training "
                 "clips (Nadeau & Bengio 2003). ")
    if reference is not None:
        text += ("Differences are of accuracy, in percentage points; the t-test is over folds, "
                 "McNemar's over clips, which it takes as independent. No p is corrected for the "
                 "number of systems. ")
    return text + "Fitting is of a fold, predicting of a clip."


def _breakdown(rows: pd.DataFrame) -> Html:
    known = ("system", "clips", "subjects", *SCORES)
    titles = [f"{title[0].upper()}{title[1:]}" if title in known else name_of(title)
              for title in rows.columns]
    cells = [[percent(value) if title in SCORES else name_of(value)
              for title, value in zip(rows.columns, row, strict=True)]
             for row in rows.itertuples(index=False)]
    return table(titles, cells, label="Scores by kind", numbers=len(SCORES) + 2)


def _folds(found: Evaluation) -> Html:
    columns = ["system", "fold", "clips", "subjects", *SCORES]
    rows = [[name_of(row["system"]), *(str(row[c]) for c in columns[1:4]),
             *(percent(row[c]) for c in SCORES)]
            for row in found.scores[columns].to_dict("records")]
    titles = [c[0].upper() + c[1:] + (" (%)" if c in SCORES else "") for c in columns]
    return table(titles, rows, label="Scores, a row a system and fold", numbers=7)


def _sources(published: pd.DataFrame) -> Html:
    items = [element("li", ", ".join(part["system"]), ": ", str(source), ": ",
                     str(part["protocol"].iloc[0]), ".")
             for source, part in published.groupby("source", sort=False)]
    return element("section", element("h2", "The published figures"), element(
        "p", "They are others' figures. A difference may come from the ways in which they were "
             "found."), element("ul", *items))


def _left_out(failures: pd.DataFrame) -> Html:
    n = len(failures)
    items = [element("li", name_of(error)) for error in failures["error"][:_MOST_LEFT_OUT]]
    if n > _MOST_LEFT_OUT:
        items.append(element("li", f"… and {n - _MOST_LEFT_OUT} more"))
    return element("section", element("h2", "Left out"), element(
        "p", f"{n} clip{'s' * (n > 1)} or lists are wrong, missing or could not be measured."
        if n > 1 else "One clip or list is wrong, missing or could not be measured."),
        folded("Which, and why", element("ul", *items)))


# -- pictures -------------------------------------------------------------------------------------

def _fold_scores(found: Evaluation, summary: pd.DataFrame, published: pd.DataFrame | None,
                 confidence: float) -> Html:
    with drawing():
        made = new_figure(1.9 + 0.5 * len(summary), 5.4)
        FoldScoresDisplay.from_evaluation(found, published=published, confidence=confidence,
                                          ax=made.subplots())
        means = ", ".join(f"{name} {percent(mean)} %" for name, mean in
                          zip(summary["system"], summary["accuracy"], strict=True))
        return drawn(made, f"Accuracy of each system, fold by fold. Means: {means}.")


def _roc(found: Evaluation, summary: pd.DataFrame, confidence: float) -> Html:
    with drawing():
        made = new_figure(4.7 + 0.2 * len(summary))
        RocDisplay.from_evaluation(found, confidence=confidence, ax=made.subplots())
        means = ", ".join(f"{name} {mean:.2f}" for name, mean in
                          zip(summary["system"], summary["AUC"], strict=True))
        return drawn(made, f"ROC curves. Mean AUC: {means}.", pixels=_PIXELS)


def _confusions(found: Evaluation) -> Iterator[Html]:
    names = list(found.scores["system"].unique())
    for name in names[:_MOST_CONFUSION]:
        with drawing():
            made = new_figure(2.9, 3.1)
            matrix = ConfusionDisplay.from_evaluation(found, name, ax=made.subplots()).matrix
            counts = "; ".join(f"of {sum(row)} {word} {row[0]} taken for {found.classes[0]}, "
                               f"{row[1]} for {found.classes[1]}"
                               for word, row in zip(found.classes, matrix, strict=True))
            yield drawn(made, f"{name}: {counts}.", pixels=_PIXELS)
    if len(names) > _MOST_CONFUSION:
        yield element("p", f"Confusion matrices of the first {_MOST_CONFUSION} systems are drawn.",
                      class_="quiet")
