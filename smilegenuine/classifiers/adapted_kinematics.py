"""A fitted decision from smile kinematics, adapted to other cameras or people by a few labels.

Another camera, other instructions and other people shift figures. By how much can be learnt from a
few labelled smiles, long before they could teach what a posed smile is.
"""

from __future__ import annotations

import copy
import numbers
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted, column_or_1d

from ..clips.steps import atomic_fit, check_positive
from .adaptation import Moments, balanced, moved, penalised_logistic, weights_of
from .kinematic_decisions import KinematicDecisionsMixin, MixtureTerm
from .kinematics_classifier import KinematicsClassifier
from .opening import unwrapped
from .subject_folds import check_groups, inner_splits

#: How strongly a prior may be believed, from "as it is" on.
STRENGTHS = (np.inf, 100.0, 10.0, 1.0, 0.1)

# How far slope, offset and weights of the columns are from 1, 0 and 0 before any label is seen, as
# standard deviations at the strength 1.
_SLOPE, _OFFSET, _WEIGHT = 1.0, 1.0, 0.3
# A part that counts less than this is not asked what it finds unusual.
_HEARD = 0.01


class AdaptedKinematicsClassifier(KinematicDecisionsMixin, BaseEstimator):
    """A fitted `KinematicsClassifier`, adapted to other recordings by a few labels.

    Log-odds = w · those of the classifier as it is + a · those of it moved to the new figures + b +
    β · the standardised columns. How far all this may go from the classifier as it is, subjects
    decide that were held out. `smilegenuine.adapt` does the same to a whole pipeline.

    Parameters
    ----------
    prior : KinematicsClassifier
        Fitted, such as ``load_pretrained()["classifier"]``. It is used as it is, and stays so;
        clones of the adapted one have the same.
    strengths : sequence of float, default=(inf, 100, 10, 1, 0.1)
        How strongly the prior is believed: as if all that is learnt had to be that much more
        probable. Infinity: the prior as it is. At 1, a and b have standard deviations of 1, and a
        weight of 0.3. More than one are weighed by what they say of subjects held out.
    cv : int, default=5
        Folds by subject for that, at least 2; fewer are made where subjects are scarce.
    random_state : int, RandomState or None, default=None
        Draws which subjects share a fold. None: the same ones every time.

    Attributes
    ----------
    classes_ : array of shape (2,)
        Those of the prior, in its order.
    strengths_ : array of shape (n_strengths,)
        From the strongest to the weakest.
    losses_ : array of shape (n_strengths,)
        Log loss on held-out subjects, classes counted alike.
    strength_weights_ : array of shape (n_strengths,)
        What each counts.
    weight_of_prior_ : float
        w: the weight of infinite strength.
    slope_, offset_ : float
        a and b.
    coef_ : array of shape (n_columns,)
        β.
    recentred_ : KinematicsClassifier
        The prior, its standardising moved to the new figures.
    middle_ : array of shape (n_columns,)
        What counts as 0 of its standardised columns.
    columns_, conditions_ : list of str
        The columns that are looked at, and conditions of measurement: the prior's.
    quantiles_ : array of shape (2, n_conditions, n_columns, 5)
        The prior's, as far moved to the new figures as it is believed to be moved.
    prior_accuracy_, held_out_accuracy_ : float
        Share of right answers, classes counted alike: the prior's as it is, and, on subjects held
        out, that of what was adapted to the others. The latter knows the weights of the strengths
        already, so it is a little too good.
    n_rows_, n_subjects_ : int
        What was learnt from, without rows in which nothing is known.
    n_features_in_, feature_names_in_ : as in scikit-learn
        The prior's.

    Notes
    -----
    **Moved**: of each column, the mean over both classes is compared with what the prior expects of
    recordings under the condition that most rows look like
    (`KinematicsClassifier.likeliest_condition`), and so is the spread within classes. The
    differences are shrunk by how much differences of all columns exceed what so few subjects show
    by chance (empirical Bayes); what is left is taken out before the prior is asked. A camera that
    shows less, or slower people, are allowed for so after ten or twenty subjects. Where those who
    posed are others than those who did not, differences between people pass for differences
    between classes, here as everywhere.

    **Learnt**: a, b and β have normal priors around 1, 0 and 0, whose precision grows with the
    strength, and are those that are most probable given the labels, classes counted alike.

    **Weighed**: strengths count by the likelihood of held-out subjects, as if each of them had two
    smiles. Where those cannot tell strengths apart, all have a say, and the prior has most of it:
    the strong ones stay near it. `benchmarks/bench_adapt.py` measures what that gives.

    Rows in which nothing is known are treated as by the prior, and so is its `most_certainty`.

    References
    ----------
    Gauvain & Lee (1994), Maximum a posteriori estimation for multivariate Gaussian mixture
    observations of Markov chains, doi:10.1109/89.279278; Efron & Morris (1973), Stein's estimation
    rule and its competitors, doi:10.1080/01621459.1973.10481350; Yao, Vehtari, Simpson & Gelman
    (2018), Using stacking to average Bayesian predictive distributions, doi:10.1214/17-BA1091.

    Examples
    --------
    >>> from smilegenuine import SmileKinematics
    >>> from smilegenuine.classifiers.adapted_kinematics import AdaptedKinematicsClassifier
    >>> from smilegenuine.classifiers.kinematics_classifier import KinematicsClassifier
    >>> from smilegenuine.datasets import make_smile_signals
    >>> def measured(smiles, slower=1.0):
    ...     signals = zip(smiles.times, smiles.lips, smiles.eyelids)
    ...     return SmileKinematics().fit_transform([(slower * t, l, e) for t, l, e in signals])
    >>> many = make_smile_signals(60, 2, random_state=0)
    >>> prior = KinematicsClassifier(random_state=0).fit(measured(many), many.target)
    >>> few, new = (make_smile_signals(n, 2, random_state=n) for n in (12, 50))
    >>> adapted = AdaptedKinematicsClassifier(prior).fit(
    ...     measured(few, slower=1.5), few.target, few.groups)
    >>> for model in (prior, adapted):
    ...     print(f"{model.score(measured(new, slower=1.5), new.target):.2f}")
    0.71
    0.83
    """

    # With metadata routing switched on, `groups` comes here without being asked for.
    __metadata_request__fit = {"groups": True}

    def __init__(self, prior: Any, *,
                 strengths: Sequence[float] = STRENGTHS, cv: int = 5,
                 random_state: Any = None) -> None:
        self.prior = prior
        self.strengths = strengths
        self.cv = cv
        self.random_state = random_state

    # -- fitting --------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any, groups: Any = None) -> AdaptedKinematicsClassifier:
        """Adapt the prior.

        Parameters
        ----------
        X : DataFrame or array of shape (n, n_features)
            As the prior takes it. NaN for what is not known.
        y : array-like of shape (n,)
            Labels, the prior's.
        groups : array-like of shape (n,), optional
            Subjects. Without it, every row is a subject of its own.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            Labels that are missing or that the prior does not know, one class or one subject only,
            other columns, lengths that differ, or a parameter that makes no sense.
        NotFittedError
            The prior is not fitted.

        Warns
        -----
        UserWarning
            The prior is wrong so often as if labels were swapped.
        """
        prior, strengths = self._checked()
        table = prior.table(X)
        positive = positive_labels(y, prior.classes_, len(table), "rows")
        if groups is not None:
            groups = check_groups(groups, len(table), "samples")
        used = np.isfinite(table).any(axis=1)
        if not used.any():
            raise ValueError("there is no row in which anything is known; were smiles found?")
        conditions = prior.likeliest_condition(X)[used]
        table, positive = table[used], positive[used]
        subjects = groups[used] if groups is not None else None
        # Raises where there is one class or one subject only, by their names.
        splits = inner_splits(prior.classes_[positive.astype(int)], subjects, self.cv,
                              random_state=self.random_state)
        who = np.arange(len(table)) if subjects is None else np.unique(
            subjects, return_inverse=True)[1]
        with atomic_fit(self):
            self._adapt(prior, strengths, _Labelled(table, positive, who, conditions), splits)
            self.classes_, self.columns_ = prior.classes_, prior.columns_
            self.conditions_, self.kept_ = prior.conditions_, prior.kept_
            self.n_rows_, self.n_subjects_ = len(table), len(np.unique(who))
            self.n_features_in_ = prior.n_features_in_
            if hasattr(prior, "feature_names_in_"):
                self.feature_names_in_ = prior.feature_names_in_
        return self

    def _adapt(self, prior: KinematicsClassifier, strengths: np.ndarray, labelled: _Labelled,
               splits: list[tuple[np.ndarray, np.ndarray]]) -> None:
        self.strengths_ = strengths
        before = prior.log_odds(labelled.table)
        odds = np.tile(before, (len(strengths), 1))
        for train, test in splits:
            part = _learn(prior, strengths, labelled.at(train))
            columns = _columns(part.recentred, part.middle, labelled.table[test])
            for k, layer in part.layers.items():
                odds[k, test] = columns @ layer
        weight = balanced(labelled.positive)
        loss = weight * np.logaddexp(
            0.0, np.where(labelled.positive, -1.0, 1.0) * prior.limited(odds))
        self.losses_ = loss.mean(axis=1)
        self.strength_weights_ = weights_of(loss, labelled.who)
        self.prior_accuracy_, self.held_out_accuracy_ = (
            float(np.mean(weight * ((decision > 0) == labelled.positive)))
            for decision in (before, self.strength_weights_ @ odds))
        # An accuracy of chance is not far from one half, not with so many people.
        if self.prior_accuracy_ < 0.5 - 1.0 / np.sqrt(len(np.unique(labelled.who))):
            warnings.warn(f"the model to be adapted is right about {self.prior_accuracy_:.0%} of "
                          "these clips, less than by guessing; are the labels swapped?"
                          .replace("%", " %"), stacklevel=4)
        self.recentred_, self.middle_, layers = _learn(prior, strengths, labelled)
        layer = np.zeros(2 + labelled.table.shape[1])
        for k, of_strength in layers.items():
            layer += self.strength_weights_[k] * of_strength
        self.slope_, self.offset_, self.coef_ = float(layer[0]), float(layer[1]), layer[2:]
        self.weight_of_prior_ = float(self.strength_weights_[np.isinf(strengths)].sum())
        self.quantiles_ = _moved_quantiles(prior, self.recentred_, self.weight_of_prior_)

    def _checked(self) -> tuple[KinematicsClassifier, np.ndarray]:
        """Return the prior, and the strengths from the strongest on; or raise."""
        prior = fitted_prior(self.prior)
        check_positive("cv", self.cv, whole=True, at_least=2)
        given = self.strengths if isinstance(self.strengths, (Sequence, np.ndarray)) else ()
        if not len(given) or any(isinstance(s, (bool, str)) or not isinstance(s, numbers.Real)
                                 or not s > 0 for s in given):
            raise ValueError("strengths must be numbers above 0, at least one, infinity for the "
                             f"prior as it is, not {self.strengths!r}")
        return prior, np.unique(np.asarray(given, dtype=float))[::-1]

    def __sklearn_clone__(self) -> AdaptedKinematicsClassifier:
        # A clone of the prior would have forgotten what it has learnt.
        return type(self)(**{name: value if name == "prior" else clone(value, safe=False)
                             for name, value in self.get_params(deep=False).items()})

    # -- using ----------------------------------------------------------------------------------

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the log-odds of `classes_[1]` at equal priors.

        Parameters
        ----------
        X : DataFrame or array of shape (n, n_features)
            As the prior takes it.

        Returns
        -------
        array of shape (n,)
            0 where nothing is known.
        """
        table = self.table(X)
        odds = self.linear_terms(table).sum(axis=1)
        for part, weight in self._parts():
            odds = odds + weight * part.log_odds(table)
        return self.limited(odds)

    def unusual(self, X: Any) -> np.ndarray:
        """Return which rows are like none that the prior has learnt, as it is and moved.

        Parameters
        ----------
        X : table

        Returns
        -------
        array of bool of shape (n,)
        """
        check_is_fitted(self)
        shares = (self.weight_of_prior_, 1.0 - self.weight_of_prior_)
        return np.all([part.unusual(X) for (part, _), share in
                       zip(self._parts(), shares, strict=True) if share > _HEARD], axis=0)

    def likeliest_condition(self, X: Any) -> np.ndarray:
        """Return the prior's condition under which each row was most likely measured.

        Parameters
        ----------
        X : table

        Returns
        -------
        array of str of shape (n,)
            Of the prior's `conditions_`; the first where nothing is known.
        """
        check_is_fitted(self)
        closer = fitted_prior(self.prior) if self.weight_of_prior_ > 0.5 else self.recentred_
        return closer.likeliest_condition(X)

    @property
    def least_certainty(self) -> float:  # type: ignore[override]
        """The prior's `least_certainty`."""
        return fitted_prior(self.prior).least_certainty

    def _parts(self) -> list[tuple[KinematicsClassifier, float]]:
        return [(fitted_prior(self.prior), self.weight_of_prior_), (self.recentred_, self.slope_)]

    def mixture_terms(self, row: np.ndarray) -> list[MixtureTerm]:
        """Return the terms of a row: those of the prior as it is, and of the prior moved."""
        return [term._replace(weight=share * term.weight)
                for part, share in self._parts() for term in part.mixture_terms(row)]

    def linear_terms(self, table: np.ndarray) -> np.ndarray:
        """Return what each figure adds by itself, (n, n_columns): β times it, its share of b."""
        known = np.isfinite(table)
        count = np.maximum(known.sum(axis=1, keepdims=True), 1)
        # What is known at all has the offset: a share of it is each figure's.
        return np.where(known, self.coef_ * _figures(self.recentred_, self.middle_, table)
                        + self.offset_ / count, 0.0)

    def limited(self, odds: np.ndarray) -> np.ndarray:
        """Return log-odds as the prior limits them."""
        return fitted_prior(self.prior).limited(odds)

    def table(self, X: Any) -> np.ndarray:
        """Return the columns that the prior looks at; see `KinematicsClassifier.table`."""
        check_is_fitted(self)
        return fitted_prior(self.prior).table(X)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "slope_")


# -- what is asked of users -----------------------------------------------------------------------

def fitted_prior(prior: Any) -> KinematicsClassifier:
    """Return the fitted classifier that is to be adapted; or raise.

    Parameters
    ----------
    prior : KinematicsClassifier, or a FrozenEstimator of one

    Returns
    -------
    KinematicsClassifier

    Raises
    ------
    ValueError
        It is something else.
    NotFittedError
        It is not fitted.
    """
    prior = unwrapped(prior)
    if not isinstance(prior, KinematicsClassifier):
        if isinstance(prior, AdaptedKinematicsClassifier):
            raise ValueError("this model is adapted already; adapt the one that it came from, to "
                             "all labelled clips together")
        raise ValueError("what is adapted must be a fitted KinematicsClassifier, not a "
                         f"{type(prior).__name__}")
    try:
        check_is_fitted(prior)
    except NotFittedError:
        raise NotFittedError("the prior is not fitted; give load_pretrained()['classifier'], or a "
                             "KinematicsClassifier fitted on other recordings") from None
    return prior


def positive_labels(y: Any, classes: np.ndarray, n: int, unit: str) -> np.ndarray:
    """Return which labels are the second of the prior's classes.

    Parameters
    ----------
    y : array-like of shape (n,)
    classes : array of shape (2,)
        The prior's: posed, spontaneous.
    n : int
    unit : str
        "clips" or "rows", for the messages.

    Returns
    -------
    array of bool of shape (n,)

    Raises
    ------
    ValueError
        Another length, labels that are missing, or such as the prior does not know.
    """
    y = column_or_1d(y, warn=True)
    if len(y) != n:
        raise ValueError(f"{n} {unit} but {len(y)} labels")
    missing = pd.isna(y)
    if missing.any():
        raise ValueError(f"y has no label for {missing.sum()} of {n} {unit}, first for number "
                         f"{int(missing.argmax())}; leave those {unit} out")
    values, known = y.tolist(), classes.tolist()
    strange = [value for value in dict.fromkeys(values) if value not in known]
    if strange:
        raise ValueError(f"y has labels that the model to be adapted does not know: "
                         f"{', '.join(map(repr, strange[:3]))}. It says {known[0]!r} (posed) and "
                         f"{known[1]!r} (spontaneous); label clips so, or name its classes as "
                         "yours: load_pretrained(labels=(posed, spontaneous))")
    return np.array([value == known[1] for value in values], dtype=bool)


# -- what is learnt --------------------------------------------------------------------------------

class _Labelled(NamedTuple):
    """Rows, whether they are spontaneous, the number of the subject, the condition of each."""

    table: np.ndarray
    positive: np.ndarray
    who: np.ndarray
    conditions: np.ndarray

    def at(self, index: np.ndarray) -> _Labelled:
        return _Labelled(*(part[index] for part in self))


class _Learnt(NamedTuple):
    """The prior moved to labelled rows, where its columns lie, and layers by place of strength."""

    recentred: KinematicsClassifier
    middle: np.ndarray
    layers: dict[int, np.ndarray]


def _learn(prior: KinematicsClassifier, strengths: np.ndarray, labelled: _Labelled) -> _Learnt:
    names, counts = np.unique(labelled.conditions, return_counts=True)
    expected = expected_moments(prior, str(names[counts.argmax()]))
    rows = prior.standardised(labelled.table)
    shift, stretch = moved(rows, labelled.positive, labelled.who, expected)
    middle = expected.means.mean(axis=0)
    recentred = copy.copy(prior)  # what it shares with the prior is never changed
    recentred.centre_ = prior.centre_ + prior.spread_ * (shift + (1.0 - stretch) * middle)
    recentred.spread_ = prior.spread_ * stretch
    columns = _columns(recentred, middle, labelled.table)
    start, sd = np.zeros(columns.shape[1]), np.full(columns.shape[1], _WEIGHT)
    start[0], sd[:2] = 1.0, (_SLOPE, _OFFSET)
    weight = balanced(labelled.positive)
    return _Learnt(recentred, middle, {
        k: penalised_logistic(columns, labelled.positive, weight, start, strength / sd**2)
        for k, strength in enumerate(strengths) if np.isfinite(strength)})


def _columns(recentred: KinematicsClassifier, middle: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Return what is weighed, (n, 2 + n_columns): log-odds, 1, figures; 0 for what is not known."""
    known = np.isfinite(table).any(axis=1)
    return np.column_stack([recentred.log_odds(table), known,
                            _figures(recentred, middle, table)])


def _figures(recentred: KinematicsClassifier, middle: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Return standardised columns around the middle, (n, n_columns); 0 for what is not known."""
    return np.where(np.isfinite(table), recentred.standardised(table) - middle, 0.0)


def _moved_quantiles(prior: KinematicsClassifier, recentred: KinematicsClassifier, weight: float
                     ) -> np.ndarray:
    """Return quantiles of columns between the prior's (`weight`) and those of the prior moved."""
    known = prior.quantiles_
    small, centre, spread = (each[:, None] for each in (prior.small_, prior.centre_, prior.spread_))
    standard = (np.arcsinh(known / small) - centre) / spread
    moved_to = recentred.centre_[:, None] + recentred.spread_[:, None] * standard
    bent = weight * np.arcsinh(known / small) + (1.0 - weight) * moved_to
    # No figure of a smile is negative.
    return np.asarray(np.where(known >= 0.0, np.maximum(np.sinh(bent), 0.0), np.sinh(bent)) * small)


def expected_moments(prior: KinematicsClassifier, condition: str) -> Moments:
    """Return mean and variance of standardised columns that a classifier expects of each class.

    Parameters
    ----------
    prior : KinematicsClassifier
        Fitted.
    condition : str
        Of its `conditions_`.

    Returns
    -------
    Moments
    """
    place = prior.conditions_.index(condition)
    means, variances = np.zeros((2, 2, len(prior.columns_)))
    for signal, block in prior.blocks_.items():
        for c, mixture in enumerate(prior.mixtures_[signal]):
            weight = np.exp(mixture["log_weights"]) * (mixture["condition"] == place)
            weight = weight / weight.sum()
            within = np.diagonal(mixture["covariances"], axis1=1, axis2=2)
            mean = weight @ mixture["means"]
            means[c, block] = mean
            variances[c, block] = weight @ (within + (mixture["means"] - mean)**2)
    return Moments(means, variances)
