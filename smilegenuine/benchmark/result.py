"""What a benchmark found, with published figures beside it: as tables, as pages."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from .._version import __version__
from ..evaluation.comparison import Evaluation
from ..running.number_text import duration, markdown_cell, percent
from .corpora import CORPUS
from .options import MEASURES, Protocol
from .published_notes import published_notes, published_rows
from .sets import LabelledSet

#: What is said of drawn people.
CAVEAT = ("These people are drawn. The numbers show that the software works; they say nothing "
          "about accuracy on people.")

#: What holds for all choices that are made by looking at data.
SELECTION = ("No person is on both sides of a fold. All model selection, such as early stopping, "
              "and what is fused with which weight, happens inside the training subjects of each "
              "fold; nothing is chosen by looking at those tested.")


@dataclass(frozen=True, eq=False, repr=False)
class BenchmarkResult(Evaluation):
    """What `run_benchmark` found: an `Evaluation`, what was compared, and how.

    As text, such as ``print(result)`` shows it, it is the table with published figures beside ours,
    and what else is to be said.

    Parameters
    ----------
    scores, predictions, classes, train_sizes, n_clips, metadata
        See `Evaluation`.
    data : LabelledSet
        What was left in, measured.
    protocol : Protocol
    condition : str, default=""
        How the recordings were degraded; published figures are nothing to compare with then.
    folder : Path, optional
        Of the tables.
    page : Path, optional
        The page with pictures.

    See Also
    --------
    run_benchmark : Makes one.
    """

    data: LabelledSet = field(kw_only=True)
    protocol: Protocol = field(kw_only=True)
    condition: str = field(default="", kw_only=True)
    folder: Path | None = field(default=None, kw_only=True)
    page: Path | None = field(default=None, kw_only=True)

    @property
    def published(self) -> pd.DataFrame:
        """What is published of the systems on this set: rows of `published_figures`."""
        rows = published_rows(self, self.data)
        return rows.iloc[:0] if self.condition else rows

    @property
    def problems(self) -> int:
        """How many clips and lists are wrong, missing or left out."""
        return len(self.data.failures)

    def to_markdown(self, reference: str | None = None, confidence: float = 0.95,
                    beside: Mapping[str, Mapping[str, str]] | None = None) -> str:
        """Return the summary as a table in Markdown, with published figures beside it.

        Parameters
        ----------
        reference : str, optional
            A system that the others are compared with; without it, that of the benchmark.
        confidence : float, default=0.95
            Of the interval of the accuracy.
        beside : mapping of str to mapping of str to str, optional
            Columns in place of the published figures: title -> system -> text.

        Returns
        -------
        str
        """
        if beside is None:
            texts = {row["system"]: percent(row["accuracy"], row["sd"])
                     for row in self.published.to_dict("records")}
            beside = {"Published (%)": texts} if texts else {}
        return super().to_markdown(reference or self.protocol.reference, confidence, beside)

    def __str__(self) -> str:
        """Return the tables, and where the rest is."""
        told, place = [], []
        if len(self.published):
            where = "`markdown_page()`" if self.folder is None else "table.md"
            told = [f"The published figures were found in other ways; {where} says in which."]
        if self.folder is not None:
            place = [f"{self.folder}: table.md, summary.csv, scores.csv, predictions.csv, "
                     f"left_out.csv; {duration(self.protocol.seconds)}"]
        text = "\n\n".join([self.to_markdown(), *self._by_kind(), *self._caveat(), *told, *place])
        page = "" if self.page is None else f"\n{self.page}: the same as a page, with pictures"
        return text + page

    def markdown_page(self) -> str:
        """Return a page in Markdown: the table, and how it was found.

        Returns
        -------
        str
        """
        facts = "\n".join(f"- {what}: {value}" for what, value in facts_of(self))
        notes = [published_notes(self, self.data, self.protocol)] if len(self.published) else []
        page = [f"# Systems compared on {self.data.name}", self.to_markdown(), *self._caveat(),
                facts, SELECTION, *notes, *self._by_kind()]
        return self.protocol.options.wording("\n\n".join(page) + "\n")

    def write_tables(self, folder: str | Path) -> None:
        """Write `table.md`, `summary.csv`, `scores.csv`, `predictions.csv` and `left_out.csv`.

        Parameters
        ----------
        folder : str or Path
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        data, said = self.data, self.predictions
        said = said.assign(truth=data.called(said["truth"]), decision=data.called(said["decision"]))
        scores = self.scores
        if data.folds is not None:
            # The folds have the numbers of the set, also where nothing is left of some.
            numbers = data.folds.numbers()
            said, scores = (table.assign(fold=numbers[table["fold"].to_numpy() - 1])
                            for table in (said, scores))
        for name, table in (("scores", scores), ("predictions", said),
                            ("summary", self.summary(self.protocol.reference)),
                            ("left_out", data.failures)):
            table.to_csv(folder / f"{name}.csv", index=False)
        (folder / "table.md").write_text(self.markdown_page(), encoding="utf-8")

    def write_report(self, path: str | Path) -> Path:
        """Write a page in HTML, with pictures; see `write_evaluation_report`.

        Parameters
        ----------
        path : str or Path

        Returns
        -------
        Path

        Raises
        ------
        ImportError
            No matplotlib (the extra `plot`).
        """
        from ..report import write_evaluation_report  # here, as it needs matplotlib

        published, wording = self.published, self.protocol.options.wording
        notes = [SELECTION, *([published_notes(self, self.data, self.protocol)]
                              if len(published) else [])]
        return write_evaluation_report(
            self, path, title=f"Systems compared on {self.data.name}",
            reference=self.protocol.reference,
            published=published if len(published) else None, by=self._kinds(),
            labels=list(self.data.called(self.classes)),
            about=[(what, wording(value)) for what, value in facts_of(self)],
            notes=wording("\n\n".join(notes)), left_out=self.data.failures,
            caution=CAVEAT if self.data.drawn else "")

    def _caveat(self) -> list[str]:
        return [CAVEAT] if self.data.drawn else []

    def _kinds(self) -> list[str]:
        """Columns that scores are broken down by."""
        by = self.protocol.options.by
        return [*([CORPUS] if self.data.across and CORPUS not in by else []), *by]

    def _by_kind(self) -> list[str]:
        return [f"## By {column}\n\nIn percent, of the predictions of all folds together.\n\n"
                f"{_markdown(self.breakdown(column))}" for column in self._kinds()]


def facts_of(result: BenchmarkResult) -> list[tuple[str, str]]:
    """Return what was compared, and how.

    Parameters
    ----------
    result : BenchmarkResult

    Returns
    -------
    list of (str, str)
        What it is about, and what there is to say.
    """
    data, protocol = result.data, result.protocol
    labels, counts = np.unique(data.called(data.y), return_counts=True)
    measured = ", ".join(f"{what} ({step})" for what, step in protocol.measured)
    came = ", ".join(MEASURES[field] for field in protocol.given)
    kept = f", with {protocol.kept} folds of an earlier run" if protocol.kept else ""
    positive = data.called(result.classes[1:])[0]
    about = [("Data set", text.strip().partition("\n")[0]) for text in data.descriptions]
    degraded = [("Recordings", result.condition)] if result.condition else []
    return [
        ("Data", f"{data.name}: {result.n_clips} clips{data.wrong_count()}, "
                 f"{len(np.unique(data.groups))} subjects"), *about, *degraded,
        ("Labels", ", ".join(f"{label} {n}" for label, n in zip(labels, counts, strict=True))
         + f"; AUC and F1 are about {positive}"),
        ("Folds", f"{_folds(data)}{protocol.training()}"),
        *([("Came with the recordings", came)] if came else []),
        *([("Measured", f"{measured}; once for all systems, where clips do not know them already. "
                        "All systems see the frames in which none of these failed")]
          if measured else []),
        ("Scores", _scores(result)),
        ("Device", _device(protocol)),
        ("Times", "of fitting a fold and of predicting a clip, from clips that are measured "
                  f"already; `n_jobs={protocol.n_jobs}`, so they are worth comparing only with 1"),
        ("Versions", f"smilegenuine {__version__}, torch {version('torch')}, scikit-learn "
                     f"{version('scikit-learn')}, Python {platform.python_version()}"),
        ("Run", f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, {duration(protocol.seconds)}"
                f"{kept}"),
    ]


def _folds(data: LabelledSet) -> str:
    if not data.across:
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

    device = find_device(protocol.options.device)
    return f"{device} ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else \
        str(device)


def _markdown(table: pd.DataFrame) -> str:
    """A table of scores by kind; scores in percent."""
    titles = [markdown_cell(title) for title in table.columns]
    rows = [titles, ["---"] * len(titles),
            *([percent(value) if isinstance(value, float) else markdown_cell(value)
               for value in row] for row in table.itertuples(index=False))]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
