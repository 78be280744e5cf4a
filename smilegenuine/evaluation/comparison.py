"""`Evaluation`: what systems said of the same clips, and tables of how well, and of whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.metrics import recall_score, roc_auc_score

from ..running import number_text
from .significance import corrected_interval, corrected_resampled_ttest, exact_mcnemar

#: What a system is judged by, in the order of the tables.
SCORES = ("accuracy", "balanced accuracy", "AUC", "F1")
_TIMES = ("fit time (s)", "predict time (ms)")
_UNKNOWN = "unknown"


def score(truth: np.ndarray, decision: np.ndarray, values: np.ndarray) -> dict[str, float]:
    """Judge decisions about clips.

    Parameters
    ----------
    truth, decision : array of shape (n,), bool
        Whether a clip is, and is said to be, of the second class.
    values : array of shape (n,)
        Higher for the second class; NaN where they are not known.

    Returns
    -------
    dict of str to float
        One for each of `SCORES`. The balanced accuracy is the mean recall of the classes that
        `truth` shows. NaN: the AUC of clips of one class or without values, F1 where no clip is of
        the second class and none is said to be.
    """
    hits, wrong = int((truth & decision).sum()), int((truth != decision).sum())
    # As scikit-learn's, but a fold that shows one class only is nothing to warn of here.
    balanced = recall_score(truth, decision, labels=np.unique(truth), average="macro")
    ranked = len(np.unique(truth)) > 1 and not np.isnan(values).any()
    # By ranks: the log-odds of a system that is certain are infinite.
    auc = float(roc_auc_score(truth, rankdata(values))) if ranked else np.nan
    return {"accuracy": float((truth == decision).mean()), "balanced accuracy": float(balanced),
            "AUC": auc,
            "F1": 2.0 * hits / (2.0 * hits + wrong) if hits + wrong else np.nan}


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation:
    """What `evaluate` found: systems, compared over the same folds by subject.

    Parameters
    ----------
    scores : DataFrame
        A row a system and fold: `system`, `fold` (from 1), `clips` and `subjects` of its test
        part, `accuracy`, `balanced accuracy`, `AUC` (NaN where the test part shows one class or
        the system gives no scores), `F1` of `classes[1]` (NaN where no clip is of that class and
        none is said to be), `fit time (s)`, `predict time (ms)` a clip.
    predictions : DataFrame
        A row a system, fold and clip: `system`, `fold`, `index` (position in `X`), `clip` (its
        name, or ""), `subject`, `truth`, `decision`, `score` (decision value or probability of
        `classes[1]`, or NaN).
    classes : array of shape (2,)
        The labels; scores are higher for the second.
    train_sizes : array of shape (n_folds,)
        Clips in the training part of each fold.
    n_clips : int
        Length of `X`.
    metadata : DataFrame, optional
        A row a clip of `X`.

    See Also
    --------
    evaluate : Makes one.

    Notes
    -----
    Times are of the wall clock. They are worth comparing where nothing else runs (`n_jobs=None`)
    and no step has a cache, out of which clips come as quickly as the disk gives them.
    """

    scores: pd.DataFrame
    predictions: pd.DataFrame
    classes: np.ndarray
    train_sizes: np.ndarray
    n_clips: int
    metadata: pd.DataFrame | None = None

    def __repr__(self) -> str:
        return (f"{type(self).__name__}(systems={self._systems()}, folds={len(self.train_sizes)}, "
                f"clips={self.n_clips})")

    def summary(self, reference: str | None = None, confidence: float = 0.95) -> pd.DataFrame:
        """Return the mean of each score over folds, how sure it is, and what differs.

        Parameters
        ----------
        reference : str, optional
            A system that the others are compared with.
        confidence : float, default=0.95
            Of the intervals.

        Returns
        -------
        DataFrame
            A row a system: `system`, `folds`, `clips` (different ones that were tested); for each
            score its mean over folds, and with " sd", " lower" and " upper" behind its name the
            standard deviation over folds and the interval of the mean; the mean `fit time (s)` and
            `predict time (ms)`. With a reference: `difference` (of mean accuracy, to the
            reference), `p (t-test)`, `only right` and `only reference right` (clips that one of
            the two gets right), `p (McNemar)`; all NaN in the reference's own row.

        Raises
        ------
        ValueError
            There is no such system, or `confidence` is not between 0 and 1.

        Notes
        -----
        Intervals and the t-test, which is paired over folds, two-sided and about accuracy, take
        the variance (1/k + n_test/n_train)·s² for k folds that share training data [1]_; of folds
        of unequal size, mean sizes. Folds in which a score is NaN are left out of it; of a single
        fold there is no interval and no p. Intervals are not cut off at 0 and 1. Where all folds
        differ by the same, p is 0, or 1 if that is nothing, as there is no variance.

        McNemar's test [2]_ is exact and two-sided, over the predictions of all folds together. A
        clip that is in several test parts counts each time, as if these were different clips: with
        repeated folds its p is too small.

        References
        ----------
        .. [1] Nadeau & Bengio (2003), Inference for the generalization error,
           doi:10.1023/A:1024068626366.
        .. [2] McNemar (1947), Note on the sampling error of the difference between correlated
           proportions or percentages, doi:10.1007/BF02295996.
        """
        if reference is not None and reference not in self._systems():
            raise ValueError(f"there is no system '{reference}' to compare with; there is "
                             f"""{", ".join(f"'{name}'" for name in self._systems())}""")
        rows = []
        for name in self._systems():
            folds, predictions = self._of(name)
            row = {"system": name, "folds": len(folds), "clips": predictions["index"].nunique()}
            for title in SCORES:
                row |= self._over_folds(title, folds, confidence)
            row |= {title: folds[title].mean() for title in _TIMES}
            rows.append(row | ({} if reference is None else self._against(name, reference)))
        return pd.DataFrame(rows)

    def breakdown(self, by: Any) -> pd.DataFrame:
        """Return the scores among clips of a kind: by gender, age, collection, …

        Parameters
        ----------
        by : str, list of str, or array-like of shape (n_clips,)
            A column of `metadata`, several of them, or the kind of each clip of `X`, such as
            ``pd.cut(age, [0, 18, 40, 100])``.

        Returns
        -------
        DataFrame
            A row a system and kind: `system`; the kind, in a column called as in `metadata`, as
            the Series, or "kind"; `clips` and `subjects` (different ones); `accuracy`, `balanced
            accuracy`, `AUC` and `F1` over the predictions of all folds together, where a clip that
            is in several test parts counts each time. Kinds are in order, and clips of which it is
            not known are "unknown", at the end.

        Raises
        ------
        ValueError
            No such column, no metadata, or not a value for each clip.
        """
        columns = self._columns(by)
        ordered = [_levels(column) for column in columns.values()]
        codes = np.column_stack([code for code, _ in ordered])
        rows = []
        for name in self._systems():
            predictions = self._of(name)[1]
            code = codes[predictions["index"].to_numpy()]
            for kind in np.unique(code, axis=0):
                part = predictions[(code == kind).all(axis=1)]
                rows.append({
                    "system": name,
                    **{title: levels[i] for title, (_, levels), i in
                       zip(columns, ordered, kind, strict=True)},
                    "clips": part["index"].nunique(), "subjects": part["subject"].nunique(),
                    **score(self._is_second(part["truth"]), self._is_second(part["decision"]),
                            part["score"].to_numpy())})
        return pd.DataFrame(rows)

    def to_markdown(self, reference: str | None = None, confidence: float = 0.95,
                    beside: Mapping[str, Mapping[str, str]] | None = None) -> str:
        """Write the summary as a table in Markdown, which a terminal shows as well.

        Parameters
        ----------
        reference : str, optional
            A system that the others are compared with.
        confidence : float, default=0.95
            Of the interval of the accuracy.
        beside : mapping of str to mapping of str to str, optional
            Columns that stand beside the accuracy, such as published figures: title -> system ->
            text. A dash where there is nothing of a system.

        Returns
        -------
        str
            A row a system: clips, accuracy with its interval (cut at 0 and 100; none where all
            folds agree, from which no interval follows), the other scores (all in %, mean ±
            standard deviation over folds), with a reference the difference in accuracy (in
            percentage points) and the p of both tests, and times.
        """
        table = self.summary(reference, confidence)
        systems, cell = list(table["system"]), number_text.markdown_cell
        cells = {"System": list(map(cell, systems)), "Clips": list(map(str, table["clips"]))}
        for title in SCORES:
            cells[f"{title[0].upper()}{title[1:]} (%)"] = list(
                map(number_text.percent, table[title], table[f"{title} sd"]))
            if title == "accuracy":
                cells[f"{100 * confidence:g} % CI"] = list(map(
                    number_text.percent_interval, table["accuracy lower"], table["accuracy upper"]))
                cells |= {column: [cell(texts.get(name, number_text.UNKNOWN)) for name in systems]
                          for column, texts in (beside or {}).items()}
        if reference is not None:
            cells[f"Δ to {cell(reference)}"] = list(
                map(number_text.percent_difference, table["difference"]))
            for title in ("p (t-test)", "p (McNemar)"):
                cells[title] = list(map(number_text.p_value, table[title]))
        for title, column in zip(("Fit (s)", "Predict (ms)"), _TIMES, strict=True):
            cells[title] = list(map(number_text.three_digits, table[column]))
        return markdown_table(cells)

    # -- parts of the tables --------------------------------------------------------------------

    def _systems(self) -> list[str]:
        return list(self.scores["system"].unique())

    def _of(self, name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        return (self.scores[self.scores["system"] == name],
                self.predictions[self.predictions["system"] == name])

    def _is_second(self, labels: pd.Series) -> np.ndarray:
        return labels.to_numpy() == self.classes[1]

    def _over_folds(self, title: str, folds: pd.DataFrame, confidence: float) -> dict[str, float]:
        values = folds[title].to_numpy()
        known = ~np.isnan(values)
        several = known.sum() > 1
        lower, upper = (corrected_interval(values[known], *self._sizes(folds, known), confidence)
                        if several else (np.nan, np.nan))
        return {title: values[known].mean() if known.any() else np.nan,
                f"{title} sd": values[known].std(ddof=1) if several else np.nan,
                f"{title} lower": lower, f"{title} upper": upper}

    def _sizes(self, folds: pd.DataFrame, known: np.ndarray) -> tuple[float, float]:
        """Mean number of clips in the training and in the test parts."""
        sizes = self.train_sizes[folds["fold"].to_numpy() - 1]  # a system may lack a fold
        return float(sizes[known].mean()), float(folds["clips"][known].mean())

    def _against(self, name: str, reference: str) -> dict[str, float]:
        titles = ("difference", "p (t-test)", "only right", "only reference right", "p (McNemar)")
        if name == reference:
            return dict.fromkeys(titles, np.nan)
        both = [self._of(name), self._of(reference)]
        a, b = (folds["accuracy"].to_numpy() for folds, _ in both)
        p = np.nan
        if len(a) > 1:
            p = corrected_resampled_ttest(
                a, b, *self._sizes(both[0][0], np.ones(len(a), bool)))[1]
        right_a, right_b = (predictions["truth"].to_numpy() == predictions["decision"].to_numpy()
                            for _, predictions in both)
        only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
        return dict(zip(titles, (a.mean() - b.mean(), p, only_a, only_b,
                                 exact_mcnemar(only_a, only_b)), strict=True))

    def _columns(self, by: Any) -> dict[str, pd.Series]:
        """What to group by: title -> a value for each clip of `X`."""
        metadata = pd.DataFrame() if self.metadata is None else self.metadata
        wanted = [by] if isinstance(by, str) else by
        columns: dict[str, Any] = {}
        if isinstance(wanted, (list, tuple)) and (isinstance(by, str) or len(by) != self.n_clips):
            for title in wanted:
                if title not in list(metadata):
                    known = ", ".join(map(str, metadata)) or "no metadata; give evaluate some"
                    raise ValueError(f"there is no column {title!r} to break the scores down by; "
                                     f"there is {known}")
                columns[title] = metadata[title]
        else:
            column = pd.Series(by).reset_index(drop=True)  # by position, as clips have no index
            if len(column) != self.n_clips:
                raise ValueError(f"by must hold a value for each of {self.n_clips} clips, not "
                                 f"{len(column)} values")
            columns["kind" if column.name is None else str(column.name)] = column
        if not columns:
            raise ValueError("by names no column to break the scores down by")
        clash = sorted({"system", "clips", "subjects", *SCORES} & set(columns))
        if clash:
            raise ValueError(f"the table has a column '{clash[0]}' of its own; rename that of the "
                             "metadata")
        return columns


def _levels(column: pd.Series) -> tuple[np.ndarray, list[Any]]:
    """The number of each value's level, and the levels in order, the unknown one last."""
    coded = column.astype("category").cat
    coded = coded.remove_categories([_UNKNOWN] * (_UNKNOWN in coded.categories)).cat
    levels = [*coded.categories, _UNKNOWN]
    return coded.codes.to_numpy(int) % len(levels), levels  # -1, of what is not known, is the last


# -- text ---------------------------------------------------------------------------------------

def markdown_table(cells: Mapping[str, Sequence[str]]) -> str:
    """Write a table in Markdown whose columns stand below each other; numbers to the right.

    Parameters
    ----------
    cells : mapping of str to sequence of str
        Title -> cells. The first column stands to the left.

    Returns
    -------
    str
    """
    titles = list(cells)
    widths = [max(map(len, (title, *column, "---"))) for title, column in cells.items()]
    rule = [f":{'-' * widths[0]}-", *(f"-{'-' * width}:" for width in widths[1:])]
    rows = [[f" {cell:{'>' if i else '<'}{width}} " for i, (cell, width) in
             enumerate(zip(row, widths, strict=True))]
            for row in (titles, *zip(*cells.values(), strict=True))]
    return "\n".join(f"|{'|'.join(row)}|" for row in (rows[0], rule, *rows[1:]))
