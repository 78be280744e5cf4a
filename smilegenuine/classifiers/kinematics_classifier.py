"""A decision from smile kinematics, whichever of them could be measured.

How likely are these figures if the smile is posed, how likely if it is spontaneous? The decision is
the logarithm of the ratio. What was not measured is integrated out, not guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit, logsumexp
from scipy.stats import chi2
from sklearn.base import BaseEstimator
from sklearn.mixture import GaussianMixture
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from ..clips.steps import atomic_fit, check_positive
from .kinematic_decisions import KinematicDecisionsMixin, MixtureTerm
from .normal_mixtures import completed, distances, log_likelihoods, patterns

#: Levels of the quantiles that a classifier remembers of each column.
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)

# Standardised figures count no further out than this: beyond, a mixture's tails are guesses.
_FURTHEST = 3.5
# A figure counts as large from this share of its median on, as a logarithm would have it.
_SMALL = 0.1
# Rows that a component of a mixture is fitted on, at least, for each column.
_ROWS_A_COLUMN = 10
# Share of what is usual that passes for unusual.
_UNUSUAL = 1e-4


class KinematicsClassifier(KinematicDecisionsMixin, BaseEstimator):
    """Posed or spontaneous, by how likely the figures of a smile are of either kind.

    In each class the figures of a signal have a mixture of normal distributions (on a scale that is
    linear near 0 and logarithmic beyond). Columns that are NaN are integrated out, so any of them
    may be missing, in training too. What signals say is added up. Takes tables such as
    `SmileKinematics` gives.

    Parameters
    ----------
    n_components : int, default=8
        Normal distributions for each class and condition; fewer where there are few rows.
    reg_covar : float, default=0.1
        Added to the variances of the standardised columns: how little of their finer structure is
        believed.
    least_certainty : float, default=0.6
        `decide` says "cannot tell" where the more probable class is less probable than this.
    most_certainty : float, default=1.0
        No class gets a higher probability: how often the surest of all answers are right at best.
        1 sets no limit.
    signals : tuple of str, default=("lip", "eyelid")
        Columns whose names begin so belong together, and so do all others. How figures of one
        signal depend on each other is learnt; signals are taken to be independent.
    ignore : tuple of str, default=("left_right_difference",)
        Columns whose names end so are not looked at.
    random_state : int, RandomState or None, default=None
        Where the mixtures start from.

    Attributes
    ----------
    classes_ : array of shape (2,)
    columns_ : list of str
        The columns that are looked at.
    kept_ : array of int of shape (n_columns,)
        Their places among all columns.
    conditions_ : list of str
        The conditions of measurement told apart in `fit`.
    scales_ : dict of str to float
        What log-odds are multiplied with, by the signals that are known, such as "lip" or
        "lip+eyelid". 1 unless `scale_certainty` has been called.
    blocks_ : dict of str to list of int
        Signal → its places in `columns_`; "other" is what begins otherwise.
    mixtures_ : dict of str to list of dict of str to array
        Signal → of each class: `log_weights` (k,), `means` (k, d) and `covariances` (k, d, d) of
        the standardised columns, and `condition` (k,), the index in `conditions_`.
    quantiles_ : array of shape (2, n_conditions, n_columns, 5)
        Of each column by class and condition, at `LEVELS`, in the units of the table.
    n_features_in_, feature_names_in_ : as in scikit-learn

    Notes
    -----
    Classes count alike, however many rows there are of them: log-odds are at equal priors. Where
    nothing is known they are 0, and `predict` gives −1 ("no smile found" where classes are texts):
    no class is made up for a recording in which nobody smiles.

    That signals are independent within a class is not so. It is what one can say where nothing is
    published of how lips and eyelids go together, and it makes log-odds too large, which
    `scale_certainty` mends; on drawn people seen by a landmark tracker, dependence learnt from
    samples did worse.

    Examples
    --------
    >>> from smilegenuine import KinematicsClassifier, SmileKinematics
    >>> from smilegenuine.datasets import make_smile_signals
    >>> smiles = make_smile_signals(60, 2, random_state=0)
    >>> signals = list(zip(smiles.times, smiles.lips, smiles.eyelids))
    >>> kinematics = SmileKinematics().set_output(transform="pandas").fit_transform(signals)
    >>> clf = KinematicsClassifier(random_state=0).fit(kinematics, smiles.target)
    >>> onset_alone = kinematics[["lip_onset_duration_s"]].iloc[:3]
    >>> clf.predict_proba(onset_alone).shape
    (3, 2)
    """

    def __init__(self, n_components: int = 8, *, reg_covar: float = 0.1,
                 least_certainty: float = 0.6, most_certainty: float = 1.0,
                 signals: Sequence[str] = ("lip", "eyelid"),
                 ignore: Sequence[str] = ("left_right_difference",),
                 random_state: Any = None) -> None:
        self.n_components = n_components
        self.reg_covar = reg_covar
        self.least_certainty = least_certainty
        self.most_certainty = most_certainty
        self.signals = signals
        self.ignore = ignore
        self.random_state = random_state

    # -- fitting --------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any, conditions: Any = None) -> KinematicsClassifier:
        """Learn how figures are distributed in either class.

        Parameters
        ----------
        X : DataFrame or array of shape (n, n_features)
            NaN for what is not known.
        y : array of shape (n,)
            Two classes; the second of the sorted ones is the one that probabilities rise to.
        conditions : array of str of shape (n,), optional
            Under which conditions each row was measured, where the same smile would give other
            figures: each has mixtures of its own, and all weigh the same.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            A parameter out of range, not two classes, or a class without rows in a condition.
        """
        self._check_params()
        with atomic_fit(self):
            return self._fit(X, y, conditions)

    def _check_params(self) -> None:
        check_positive("n_components", self.n_components, whole=True, at_least=1)
        check_positive("reg_covar", self.reg_covar)
        check_positive("least_certainty", self.least_certainty, at_least=0.5)
        if self.least_certainty > 1.0:
            raise ValueError(f"least_certainty must be at most 1, not {self.least_certainty!r}")
        if not 0.5 < self.most_certainty <= 1.0:
            raise ValueError("most_certainty must be above 0.5 and at most 1, not "
                             f"{self.most_certainty!r}")
        for name in ("signals", "ignore"):
            texts = getattr(self, name)
            if not isinstance(texts, (tuple, list)) or not all(isinstance(t, str) for t in texts):
                raise ValueError(f"{name} must be a tuple of texts, not {texts!r}")

    def _fit(self, X: Any, y: Any, conditions: Any) -> KinematicsClassifier:
        X, y = validate_data(self, X, y, ensure_all_finite="allow-nan", dtype=float)
        check_classification_targets(y)
        self.classes_, label = np.unique(y, return_inverse=True)
        if len(self.classes_) != 2:
            n = len(self.classes_)
            raise ValueError("Only binary classification is supported: posed and spontaneous "
                             f"smiles. y has {n} class{'es' * (n != 1)}")
        names = getattr(self, "feature_names_in_", [f"x{i}" for i in range(X.shape[1])])
        regarded = [i for i, name in enumerate(names)
                if not any(str(name).endswith(end) for end in self.ignore)]
        if not regarded:
            raise ValueError("all columns are ignored; change `ignore`")
        self.columns_ = [str(names[i]) for i in regarded]
        self.kept_ = np.array(regarded)
        groups = np.zeros(len(X), int)
        self.conditions_ = ["all"]
        if conditions is not None:
            conditions = column_or_1d(np.asarray(conditions).astype(str))
            if len(conditions) != len(X):
                raise ValueError(f"there are {len(X)} rows but {len(conditions)} conditions")
            told_apart, groups = np.unique(conditions, return_inverse=True)
            self.conditions_ = told_apart.tolist()
        table = X[:, self.kept_]
        self._learn_scale(table)
        rng = check_random_state(self.random_state)
        self.blocks_ = self._blocks()
        self.mixtures_ = {
            signal: [self._mixture(table, block, label == c, groups, rng)
                     for c in (0, 1)] for signal, block in self.blocks_.items()}
        self.scales_ = dict.fromkeys(_subsets(list(self.blocks_)), 1.0)
        self.quantiles_ = self._quantiles(table, label, groups)
        return self

    def _learn_scale(self, table: np.ndarray) -> None:
        typical = _of_columns(np.median, np.abs(table), 1.0)
        spread = _of_columns(np.std, table, 1.0)
        self.small_ = np.where(typical > 0, _SMALL * typical, np.where(spread > 0, spread, 1.0))
        bent = np.arcsinh(table / self.small_)
        self.centre_, spread = _of_columns(np.mean, bent, 0.0), _of_columns(np.std, bent, 1.0)
        self.spread_ = np.where(spread > 1e-12, spread, 1.0)

    def standardised(self, table: np.ndarray) -> np.ndarray:
        """Compute what mixtures are fitted on: bent, centred, scaled, and at most 3.5 from 0.

        Parameters
        ----------
        table : array of shape (…, n_columns)
            From `table`.

        Returns
        -------
        array of the same shape
        """
        bent = (np.arcsinh(table / self.small_) - self.centre_) / self.spread_
        return np.asarray(np.clip(bent, -_FURTHEST, _FURTHEST))

    def _blocks(self) -> dict[str, list[int]]:
        known = [next((s for s in self.signals if name.startswith(f"{s}_")), "other")
                 for name in self.columns_]
        return {s: [i for i, of in enumerate(known) if of == s]
                for s in (*self.signals, "other") if s in known}

    def _mixture(self, table: np.ndarray, block: list[int], of_class: np.ndarray,
                 groups: np.ndarray, rng: np.random.RandomState) -> dict[str, np.ndarray]:
        parts, where = [], []
        rows_of = self.standardised(table)[:, block]
        for k, name in enumerate(self.conditions_):
            rows = rows_of[of_class & (groups == k)]
            rows = completed(rows[np.isfinite(rows).any(axis=1)], rng)
            if not len(rows):
                raise ValueError("one class has no row in which anything is known of the columns "
                                 f"{self.columns_[block[0]]}, …, in the condition {name!r}")
            n = min(self.n_components, max(1, len(rows) // (_ROWS_A_COLUMN * rows.shape[1])))
            if len(rows) == 1:
                parts.append((np.ones(1), rows, np.eye(rows.shape[1])[None]))
            else:
                mixture = GaussianMixture(n, reg_covar=self.reg_covar, random_state=rng).fit(rows)
                parts.append((mixture.weights_, mixture.means_, mixture.covariances_))
            where += [k] * len(parts[-1][0])
        weights, means, covariances = (np.concatenate(p) for p in zip(*parts, strict=True))
        return {"log_weights": np.log(weights / len(self.conditions_)), "means": means,
                "covariances": covariances, "condition": np.array(where)}

    def _quantiles(self, table: np.ndarray, label: np.ndarray, groups: np.ndarray) -> np.ndarray:
        quantiles = np.full((2, len(self.conditions_), table.shape[1], len(LEVELS)), np.nan)
        for c in (0, 1):
            for k in range(len(self.conditions_)):
                for j, values in enumerate(table[(label == c) & (groups == k)].T):
                    values = values[np.isfinite(values)]
                    if len(values):
                        quantiles[c, k, j] = np.quantile(values, LEVELS)
        return quantiles

    def scale_certainty(self, X: Any, certainty: Mapping[str, float]) -> KinematicsClassifier:
        """Scale log-odds so that the mean certainty is the given one, for each set of signals.

        Parameters
        ----------
        X : table
            What probabilities are to be right for, of both classes alike; all columns known.
        certainty : mapping of str to float
            By signals, such as ``{"lip": 0.78, "eyelid": 0.76, "lip+eyelid": 0.8}``: the share of
            right answers that is known, or to be expected. The mean probability of the more
            probable class becomes that.

        Returns
        -------
        self
            With other `scales_`.

        Raises
        ------
        ValueError
            There are no such signals, or a certainty is not within 0.5 and 1.
        """
        table = self.table(X)
        for signals, goal in certainty.items():
            if signals not in self.scales_:
                raise ValueError(f"there are no signals {signals!r}; there are "
                                 f"{', '.join(self.scales_)}")
            if not 0.5 < goal < 1.0:
                raise ValueError(f"the certainty of {signals!r} must lie within 0.5 and 1, not "
                                 f"{goal}")
            places = [i for s in signals.split("+") for i in self.blocks_[s]]
            known = np.isin(np.arange(len(self.columns_)), places)
            odds = np.abs(self._ratio(np.where(known, table, np.nan)))
            least, most = (expit(self.limited(s * odds)).mean() for s in (1e-3, 1e3))
            if not least < goal < most:
                raise ValueError(f"the certainty of {signals!r} cannot become {goal} on these "
                                 f"rows, {most:.3g} at most; in {(odds == 0).sum()} of "
                                 f"{len(odds)} nothing of it is known")
            self.scales_[signals] = float(brentq(
                lambda s, odds=odds, goal=goal: expit(self.limited(s * odds)).mean() - goal,
                1e-3, 1e3))
        return self

    # -- using ----------------------------------------------------------------------------------

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the log-odds of `classes_[1]` at equal priors.

        Parameters
        ----------
        X : DataFrame or array of shape (n, n_features)
            Of a DataFrame, columns are taken by name, in any order; those that are not there are
            not known.

        Returns
        -------
        array of shape (n,)
            0 where nothing is known.

        Raises
        ------
        ValueError
            An array of another number of columns, or a DataFrame without any known one.
        """
        table = self.table(X)
        return self.limited(self.log_odds(table))

    def unusual(self, X: Any) -> np.ndarray:
        """Return which rows are like none that were learnt.

        Parameters
        ----------
        X : table

        Returns
        -------
        array of bool of shape (n,)
        """
        table = self.table(X)
        odd = np.zeros(len(table), bool)
        for rows, index, known, signal in self._known_parts(table):
            nearest = np.min([distances(m, rows, known)[0].min(axis=0)
                              for m in self.mixtures_[signal]], axis=0)
            odd[index] |= nearest > chi2.isf(_UNUSUAL, len(known))
        return odd

    def likeliest_condition(self, X: Any) -> np.ndarray:
        """Return the condition under which each row was most likely measured.

        Parameters
        ----------
        X : table

        Returns
        -------
        array of str of shape (n,)
            Of `conditions_`; the first where nothing is known.
        """
        table = self.table(X)
        scores = np.zeros((len(table), len(self.conditions_)))
        for rows, index, known, signal in self._known_parts(table):
            likely = [(m["condition"], log_likelihoods(m, rows, known))
                      for m in self.mixtures_[signal]]
            for k in range(len(self.conditions_)):
                scores[index, k] += logsumexp(np.vstack([part[of == k] for of, part in likely]),
                                              axis=0)
        return np.array(self.conditions_)[scores.argmax(axis=1)]

    def log_odds(self, table: np.ndarray) -> np.ndarray:
        """Compute log-odds without the limit of `most_certainty`.

        Parameters
        ----------
        table : array of shape (n, n_columns)
            From `table`.

        Returns
        -------
        array of shape (n,)
        """
        return np.asarray(self._ratio(table) * self._scale(np.isfinite(table)))

    def _ratio(self, table: np.ndarray) -> np.ndarray:
        """Compute the logarithm of the ratio of likelihoods, not yet scaled."""
        ratio = np.zeros(len(table))
        for rows, index, known, signal in self._known_parts(table):
            posed, spontaneous = (logsumexp(log_likelihoods(m, rows, known), axis=0)
                                  for m in self.mixtures_[signal])
            ratio[index] += spontaneous - posed
        return ratio

    def _known_parts(self, table: np.ndarray
                     ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, str]]:
        """Yield standardised rows that know the same columns of a signal, and which these are."""
        rows = self.standardised(table)
        for signal, block in self.blocks_.items():
            part = rows[:, block]
            for index, known in patterns(part):
                yield part[np.ix_(index, known)], index, known, signal

    def limited(self, odds: np.ndarray) -> np.ndarray:
        """Return log-odds that come ever nearer to those of `most_certainty`.

        Parameters
        ----------
        odds : array

        Returns
        -------
        array of the same shape
        """
        if self.most_certainty == 1.0:
            return odds
        limit = float(logit(self.most_certainty))
        return np.asarray(limit * np.tanh(odds / limit))

    def mixture_terms(self, row: np.ndarray) -> list[MixtureTerm]:
        """Return the terms by which mixtures decide about a row of `table`.

        Parameters
        ----------
        row : array of shape (n_columns,)

        Returns
        -------
        list of MixtureTerm
            One.
        """
        return [MixtureTerm(float(self._scale(np.isfinite(row)[None])[0]), self.standardised(row),
                            self.blocks_, self.mixtures_)]

    def linear_terms(self, table: np.ndarray) -> np.ndarray:
        """Return zeros: no figure adds anything to the log-odds by itself.

        Parameters
        ----------
        table : array of shape (n, n_columns)

        Returns
        -------
        array of the same shape
        """
        return np.zeros_like(table)

    def _scale(self, known: np.ndarray) -> np.ndarray:
        signals = np.array(list(self.blocks_))
        known_of = np.column_stack([known[:, block].any(axis=1) for block in self.blocks_.values()])
        return np.array([self.scales_.get("+".join(signals[row]), 1.0) for row in known_of])

    def table(self, X: Any) -> np.ndarray:
        """Return the columns that are looked at, in the order of `columns_`.

        Parameters
        ----------
        X : DataFrame or array of shape (n, n_features)
            See `decision_function`.

        Returns
        -------
        array of shape (n, n_columns)
            Of `columns_`; NaN for what is not there.

        Raises
        ------
        ValueError
            An array of another number of columns, or a DataFrame without any known one.
        """
        check_is_fitted(self)
        if isinstance(X, pd.DataFrame) and hasattr(self, "feature_names_in_"):
            names = [c for c in self.columns_ if c in X.columns]
            if not names:
                raise ValueError(f"the table has none of the columns {', '.join(self.columns_[:3])}"
                                 f", …; it has {', '.join(map(str, X.columns[:3]))}")
            if len(X) == 0:
                raise ValueError("found array with 0 sample(s) while a minimum of 1 is required")
            if X.columns.has_duplicates:
                twice = X.columns[X.columns.duplicated()][0]
                raise ValueError(f"the table has more than one column {twice!r}")
            table = X.reindex(columns=self.columns_).to_numpy(dtype=float)
            if np.isinf(table).any():
                raise ValueError("the table contains infinity; NaN is for what is not known")
            return table
        X = validate_data(self, X, ensure_all_finite="allow-nan", dtype=float, reset=False)
        return np.asarray(X)[:, self.kept_]


def _of_columns(figure: Callable[[np.ndarray], Any], table: np.ndarray, unknown: float
                ) -> np.ndarray:
    """Compute a figure of what is known of each column; `unknown` where nothing is."""
    known = [column[np.isfinite(column)] for column in table.T]
    return np.array([figure(column) if len(column) else unknown for column in known])


def _subsets(signals: Sequence[str]) -> Iterator[str]:
    for bits in range(1, 2 ** len(signals)):
        yield "+".join(s for k, s in enumerate(signals) if bits >> k & 1)
