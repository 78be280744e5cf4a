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
from ..datasets.published import PUBLISHED, published_figures
from ..evaluation.comparison import SCORES, Evaluation, markdown_table
from ..running.number_text import duration, markdown_cell, percent
from ..systems.named_systems import FUSIONS, NETWORKS
from .corpora import CORPUS
from .options import MEASURES, BenchmarkOptions
from .sets import LabelledSet

#: What is said of drawn people.
CAVEAT = ("These people are drawn. The numbers show that the software works; they say nothing "
          "about accuracy on people.")

#: What holds for all choices that are made by looking at data.
SELECTION = ("No person is on both sides of a fold. All model selection, such as early stopping, "
              "and what is fused with which weight, happens inside the training subjects of each "
              "fold; nothing is chosen by looking at those tested.")


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
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
    options : BenchmarkOptions
        As the systems were run: `reference` is the system that the others are compared with, None
        where there is no other, and `n_jobs` how many folds were run at the same time.
    seconds : float
        What the run took.
    kept : int, default=0
        Folds that an earlier run had finished.
    measured : mapping of str to str, default={}
        What was measured once for all systems -> the estimator that did it.
    given : tuple of str, default=()
        Fields that all clips came with.
    condition : str, default=""
        How the recordings were degraded; published figures are nothing to compare with then.
    folder : Path, optional
        Of the tables.
    page : Path, optional
        The page with pictures.

    See Also
    --------
    smilegenuine.run_benchmark : Makes one.
    """

    data: LabelledSet
    options: BenchmarkOptions
    seconds: float
    kept: int = 0
    measured: Mapping[str, str] = field(default_factory=dict)
    given: tuple[str, ...] = ()
    condition: str = ""
    folder: Path | None = None
    page: Path | None = None

    @property
    def networks(self) -> bool:
        """Whether there are networks among the systems."""
        return bool(set(self.scores["system"]) & set(NETWORKS))

    @property
    def published(self) -> pd.DataFrame:
        """What is published of the systems on this set: rows of `published_figures`."""
        name = None if self.condition else published_as(self.data)
        if name is None:
            return pd.DataFrame(columns=["system", "accuracy", "sd", "source", "protocol"])
        rows = published_figures(name)
        return rows[rows["system"].isin(self.scores["system"])]

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
        return super().to_markdown(reference or self.options.reference, confidence, beside)

    def __str__(self) -> str:
        """Return the tables, and where the rest is."""
        parts = [self.to_markdown(), *self._by_kind(), *[CAVEAT] * self.data.drawn]
        if len(self.published):
            where = "`markdown_page()`" if self.folder is None else "table.md"
            parts.append(f"The published figures were found in other ways; {where} says in which.")
        if self.folder is not None:
            parts.append(f"{self.folder}: table.md, summary.csv, scores.csv, predictions.csv, "
                         f"left_out.csv; {duration(self.seconds)}")
        page = "" if self.page is None else f"\n{self.page}: the same as a page, with pictures"
        return "\n\n".join(parts) + page

    def markdown_page(self) -> str:
        """Return a page in Markdown: the table, and how it was found.

        Returns
        -------
        str
        """
        page = [f"# Systems compared on {self.data.name}", self.to_markdown(),
                *[CAVEAT] * self.data.drawn,
                "\n".join(f"- {what}: {value}" for what, value in self.facts()),
                SELECTION, *self._published_notes(), *self._by_kind()]
        return self.options.wording("\n\n".join(page) + "\n")

    def write_tables(self, folder: str | Path) -> None:
        """Write `table.md`, `summary.csv`, `scores.csv`, `predictions.csv` and `left_out.csv`.

        Parameters
        ----------
        folder : str or Path
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        data, scores = self.data, self.scores
        predictions = self.predictions.assign(
            **{column: data.name_labels(self.predictions[column])
               for column in ("truth", "decision")})
        if data.folds is not None:
            # The folds have the numbers of the set, also where nothing is left of some.
            numbers = data.folds.numbers()
            predictions, scores = (table.assign(fold=numbers[table["fold"].to_numpy() - 1])
                                   for table in (predictions, scores))
        for name, table in (("scores", scores), ("predictions", predictions),
                            ("summary", self.summary(self.options.reference)),
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

        published, wording = self.published, self.options.wording
        return write_evaluation_report(
            self, path, title=f"Systems compared on {self.data.name}",
            reference=self.options.reference,
            published=published if len(published) else None, by=self._kinds(),
            labels=list(self.data.name_labels(self.classes)),
            about=[(what, wording(value)) for what, value in self.facts()],
            notes=wording("\n\n".join([SELECTION, *self._published_notes()])),
            left_out=self.data.failures, caution=CAVEAT if self.data.drawn else "")

    def facts(self) -> list[tuple[str, str]]:
        """Return what was compared, and how.

        Returns
        -------
        list of (str, str)
            What it is about, and what there is to say.
        """
        data, options = self.data, self.options
        labels, counts = np.unique(data.name_labels(data.y), return_counts=True)
        measured = ", ".join(f"{what} ({step})" for what, step in self.measured.items())
        given = ", ".join(MEASURES[field] for field in self.given)
        positive = data.name_labels(self.classes[1:])[0]
        epochs = f", networks of at most {options.max_epochs} epochs" \
            if options.max_epochs is not None and self.networks else ""
        points = f", points of the face mesh: {options.points}" if options.points else ""
        kept = f", with {self.kept} folds of an earlier run" if self.kept else ""
        return [
            ("Data", data.size_text()),
            *[("Data set", text.strip().partition("\n")[0]) for text in data.descriptions],
            *[("Recordings", self.condition)] * bool(self.condition),
            ("Labels", ", ".join(f"{label} {n}" for label, n in zip(labels, counts, strict=True))
             + f"; AUC and F1 are about {positive}"),
            ("Folds", f"{_folds_text(data)}; random state {options.random_state}{epochs}{points}"),
            *[("Came with the recordings", given)] * bool(given),
            *[("Measured", f"{measured}; once for all systems, where clips do not know them "
                           "already. All systems see the frames in which none of these failed")]
            * bool(measured),
            ("Scores", _SEVERAL_FOLDS if len(self.train_sizes) > 1 else _ONE_FOLD),
            ("Device", self._device()),
            ("Times", "of fitting a fold and of predicting a clip, from clips that are measured "
                      f"already; `n_jobs={options.n_jobs}`, so they are worth comparing only with "
                      "1"),
            ("Versions", f"smilegenuine {__version__}, torch {version('torch')}, scikit-learn "
                         f"{version('scikit-learn')}, Python {platform.python_version()}"),
            ("Run", f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, {duration(self.seconds)}"
                    f"{kept}"),
        ]

    def _device(self) -> str:
        if not self.networks:
            return "cpu; there is no network among the systems"
        import torch  # there are networks, so it is loaded already

        from ..classifiers.net_training import find_device

        device = find_device(self.options.device)
        return f"{device} ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else \
            str(device)

    def _kinds(self) -> list[str]:
        """Columns that scores are broken down by."""
        by = self.options.by
        return [*([CORPUS] if self.data.across and CORPUS not in by else []), *by]

    def _by_kind(self) -> list[str]:
        return [f"## By {column}\n\nIn percent, of the predictions of all folds together.\n\n"
                f"{_percent_table(self.breakdown(column))}" for column in self._kinds()]

    def _published_notes(self) -> list[str]:
        """A section on how published figures were found and how ours; none without figures."""
        if self.published.empty:
            return []
        sources = [f"- {', '.join(part['system'])}: {source}: {part['protocol'].iloc[0]}."
                   for source, part in self.published.groupby("source", sort=False)]
        return ["## The published figures\n\nThey are others' figures. A difference may come from "
                "the ways in which they were found.", "\n".join(sources), "Here:",
                "\n".join(f"- {note}" for note in self._differences())]

    def _differences(self) -> list[str]:
        """What is not as published."""
        data, options = self.data, self.options
        own = data.folds is not None and data.folds.kind == "by subject"
        notes = [f"{self.n_clips} clips, {data.folds}"
                 f"{', and not the published ones' if own else ''}."]
        if len(data.failures):
            notes.append(f"{len(data.failures)} of its clips or lists are wrong, missing or left "
                         "out; see left_out.csv.")
        if self.networks:
            notes += ["The epoch is never chosen on the test fold: a fifth of the training "
                      "subjects is held out for it, and networks learn from the others.",
                      "Networks differ from the published ones in what the page on the systems "
                      "lists, such as longer memory, ten samples a second, and faces with the "
                      "head's motion taken out."]
            if options.max_epochs is not None:
                notes.append(f"Networks were trained for at most {options.max_epochs} epochs "
                             "(asked for with `max_epochs=`).")
        if options.points:
            notes.append(f"Points of the face mesh: {options.points} (asked for with `points=`).")
        if "aus" in self.given:
            notes.append("Action units are those that came with the set.")
        elif "action units" in self.measured:
            notes.append(f"Action units are estimated by {self.measured['action units']}, where "
                         "the publication has OpenFace's.")
        if FUSIONS.keys() & set(self.scores["system"]):
            notes.append("The last layer of a fusion is fitted on subjects whom no branch was "
                         "trained on.")
        return notes


# What the scores are, of several folds and of one.
_SEVERAL_FOLDS = ("in percent, mean ± standard deviation over folds, with the interval of the mean "
                  "accuracy; differences and tests are about accuracy")
_ONE_FOLD = ("in percent, of the clips tested. Systems are trained once, and nothing is known of "
             "another training: there is no spread, no interval and no t-test. McNemar's test "
             "takes clips as independent, which those of one person are not")


def published_as(data: LabelledSet) -> str | None:
    """Return the data set whose published figures stand beside those of a set.

    Parameters
    ----------
    data : LabelledSet

    Returns
    -------
    str or None
        None where there are none, or where systems are trained on one set and tested on others.
    """
    return data.recorded_as if data.recorded_as in PUBLISHED and not data.across else None


def _folds_text(data: LabelledSet) -> str:
    if data.folds is None or not data.across:
        return str(data.folds)
    corpus = data.metadata[CORPUS].to_numpy()
    names = list(dict.fromkeys(corpus))
    sets = [f"{name} ({(corpus == name).sum()} clips, "
            f"{len(np.unique(data.groups[corpus == name]))} subjects)" for name in names]
    n = len(set(corpus[data.folds.test != 0]))
    return f"none; trained on all of {', '.join(sets[:n])}, tested on all of {', '.join(sets[n:])}"


def _percent_table(table: pd.DataFrame) -> str:
    """A table of scores by kind in Markdown; scores in percent."""
    return markdown_table({
        markdown_cell(title): [percent(value) if title in SCORES else markdown_cell(value)
                               for value in table[title]] for title in table})
