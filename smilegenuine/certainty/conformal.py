"""Decisions with a guarantee: how often a new person's clip may be decided wrongly is chosen.

Split conformal prediction, where the clips of a person resemble each other.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..classifiers.branches import decisions_of, fit_branch
from ..classifiers.subject_folds import held_out_split, inner_splits
from ..clips.steps import atomic_fit
from .abstention import ROUNDING, check_error_rate, conformal_p_values, settled, subjects_needed
from .calibration import SubjectwiseMetaMixin

# Draws of who is held out, until both classes are on both sides.
_DRAWS = 200


def _wrapped_has(method: str) -> Any:
    """Return a check whether the classifier within has a method; the error says if it has not."""
    def has(self: SubjectConformalClassifier) -> bool:
        getattr(getattr(self, "estimator_", self.estimator), method)
        return True
    return has


class SubjectConformalClassifier(SubjectwiseMetaMixin, ClassifierMixin, BaseEstimator):
    """A classifier that says "cannot tell" unless the chance of an error is small enough.

    Subjects are held out of the training clips. What the classifier, trained on the others, says of
    their clips shows how far it errs with strangers, and sets two thresholds: up to which decision
    the first class stays possible, and from which on the second does. `decide` gives a class where
    only one is possible. With ``error_rate=0.1``, at most every tenth posed smile and at most every
    tenth spontaneous one of new people is decided wrongly, on average, whatever the classifier is
    and however alike the clips of a person are; a poor classifier cannot tell more often.

    `predict`, `predict_proba` and `decision_function` are those of the classifier within.

    Parameters
    ----------
    estimator : classifier or Pipeline
        Of clips, or of tables. In a `FrozenEstimator` it is used as it is, and all that is given to
        `fit` serves calibration; give subjects whom it has not seen.
    error_rate : float, default=0.1
        Share of clips that may be decided wrongly, between 0 and 1. May be changed after `fit`.
    holdout : float or "prefit", default=0.3
        Share of the subjects who are held out. "prefit": the estimator is fitted already.
    class_conditional : bool, default=True
        True: the promise holds for each class (Mondrian), so each class needs its own subjects.
        False: it holds for all clips together, and one class may have more errors than the other.
    abstain_label : str, default="cannot tell"
    random_state : int, RandomState or None, default=None
        Draws who is held out.

    Attributes
    ----------
    classes_ : array of shape (2,)
    estimator_ : classifier
        Trained on the subjects who were not held out.
    thresholds_ : array of shape (2,)
        At `error_rate`: `classes_[0]` is possible for decisions up to the first, `classes_[1]` from
        the second on. Infinite where there are too few subjects.
    smallest_error_rate_ : float
        For which both classes can be decided with these subjects: 1/(K + 1).
    n_calibration_subjects_ : array of int of shape (2,)
        Subjects held out who show each class (without `class_conditional`, all).
    calibration_subjects_ : array of str, or None
        Who they are, where subjects are known.
    n_features_in_, feature_names_in_ : as in scikit-learn
        Of tables.

    See Also
    --------
    CalibratedSystem : Probabilities that hold for strangers.
    abstention_scores : How often it decided, and how often wrongly.

    Notes
    -----
    **What is promised.** Draw a person as those held out were drawn, and one of their clips of a
    class: the chance that it is decided as the other class is at most `error_rate`. That is an
    average over people, and over who happened to be held out. It is *not* the share of errors among
    the clips that are decided, which can be larger (at most about `error_rate` over the share
    decided); not a promise for each person; and none for another corpus, camera or culture.

    **Empty sets.** Where the classifier errs less often than `error_rate` allows, there are clips
    for which both classes are ruled out: `predict_set` says so. `decide` takes the class with the
    larger p-value then: that keeps the promise, as an empty set counts as an error, and what was
    decided stays decided at any larger error rate.

    **Too few subjects.** With K subjects of a class, no `error_rate` below 1/(K + 1) can be kept by
    ruling anything out. `fit` and `decide` warn, and give "cannot tell". See `subjects_needed`.

    Who is held out is drawn without a look at how many clips of what kind there are of somebody:
    otherwise they would not be a sample of the people to come.

    References
    ----------
    Lee, Barber & Willett (2023), arXiv:2306.06342, for several clips of a subject; Vovk, Gammerman
    & Shafer (2005), doi:10.1007/b106715, for conformal prediction class by class.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from smilegenuine import AUDA
    >>> from smilegenuine.certainty.conformal import SubjectConformalClassifier
    >>> from smilegenuine.datasets import make_smile_signals
    >>> smiles = make_smile_signals(30, 2, fps=12.5, random_state=0)
    >>> line = make_pipeline(AUDA(), LogisticRegression(C=0.01, max_iter=5000))
    >>> careful = SubjectConformalClassifier(line, 0.2, random_state=0)
    >>> careful.fit(smiles.data, smiles.target).smallest_error_rate_
    0.1
    >>> new = make_smile_signals(3, 2, fps=12.5, random_state=1).data
    >>> careful.decide(new)
    array([0, 1, 0, 'cannot tell', 0, 0], dtype=object)
    """

    def __init__(self, estimator: Any, error_rate: float = 0.1, *, holdout: float | str = 0.3,
                 class_conditional: bool = True, abstain_label: str = "cannot tell",
                 random_state: Any = None) -> None:
        self.estimator = estimator
        self.error_rate = error_rate
        self.holdout = holdout
        self.class_conditional = class_conditional
        self.abstain_label = abstain_label
        self.random_state = random_state

    # -- fitting --------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any, groups: Any = None) -> SubjectConformalClassifier:
        """Train the classifier on some subjects, and calibrate its decisions on the others.

        Parameters
        ----------
        X : list of recordings, or table of shape (n_samples, n_features)
            What the estimator takes.
        y : array-like of shape (n,)
            1 spontaneous and 0 posed, or any two labels.
        groups : array-like of shape (n,), optional
            Subjects. Without it, those of the clips; of a table, every row is a subject of its own.
            Where several clips are of one person and that is not said, nothing is promised.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            Lengths differ, one class or one subject only, decisions that are NaN, an estimator that
            is no classifier, or a parameter that makes no sense.

        Warns
        -----
        UserWarning
            Too few subjects are held out for `error_rate`; before the training begins.
        """
        self._check_estimator()
        check_error_rate(self.error_rate)
        if self.holdout != "prefit" and not (isinstance(self.holdout, (float, np.floating))
                                             and 0 < self.holdout < 1):
            raise ValueError("holdout must be a share of the subjects between 0 and 1, or "
                             f"'prefit', not {self.holdout!r}")
        with atomic_fit(self):
            self._fit(X, y, groups)
        return self

    def _fit(self, X: Any, y: Any, groups: Any) -> None:
        X, classes, codes, subjects = self._open_labelled(X, y, groups)
        self.classes_ = classes
        self._check_abstain_label()
        who = np.unique(np.arange(len(codes)) if subjects is None else subjects,
                        return_inverse=True)[1]
        ready = self._is_fitted_already(self.holdout)
        everything = np.arange(len(codes))
        train, aside = (everything[:0], everything) if ready else \
            self._held_out(codes, subjects, who)
        self.calibration_subjects_ = None if subjects is None else \
            np.unique(np.asarray(subjects)[aside].astype(str))
        self._codes, self._who = codes[aside], who[aside]
        self._mondrian = bool(self.class_conditional)
        self._check_enough(check_error_rate(self.error_rate))
        self.estimator_ = self._fitted_already(classes) if ready else \
            fit_branch(clone(self.estimator), X, classes[codes], subjects, train)
        self._decisions = self._values(_safe_indexing(X, aside))

    def _check_abstain_label(self) -> None:
        if not isinstance(self.abstain_label, str):
            raise ValueError("abstain_label must be a text, such as 'cannot tell', not "
                             f"{self.abstain_label!r}")
        if self.abstain_label in [str(label) for label in self.classes_]:
            raise ValueError(f"abstain_label is {self.abstain_label!r}, and that is a class too")

    def _held_out(self, codes: np.ndarray, subjects: np.ndarray | None, who: np.ndarray
                  ) -> tuple[np.ndarray, np.ndarray]:
        inner_splits(codes, subjects, 2)  # raises where nothing can be set aside
        n = int(who.max()) + 1
        n_aside = min(max(round(float(self.holdout) * n), 1), n - 1)
        rng = check_random_state(self.random_state)
        for _ in range(_DRAWS):
            aside = np.isin(who, rng.permutation(n)[:n_aside])
            if len(np.unique(codes[aside])) == len(np.unique(codes[~aside])) == 2:
                return np.flatnonzero(~aside), np.flatnonzero(aside)
        # A class that hardly anybody shows has to be looked for.
        return held_out_split(codes, subjects, float(self.holdout), int(rng.randint(2**31 - 1)))

    @property
    def n_calibration_subjects_(self) -> np.ndarray:
        """Subjects held out who show each class; without `class_conditional`, all."""
        check_is_fitted(self)
        return self._n_subjects()

    def _n_subjects(self) -> np.ndarray:
        return np.array([len(np.unique(self._who[self._codes == c])) if self._mondrian
                         else len(np.unique(self._who)) for c in (0, 1)])

    @property
    def smallest_error_rate_(self) -> float:
        """The error rate from which on both classes can be decided: 1/(K + 1)."""
        check_is_fitted(self)
        return 1.0 / (int(self._n_subjects().min()) + 1)

    def _check_enough(self, rate: float) -> None:
        """Warn where an error rate is smaller than the subjects held out allow."""
        counts, needed = self._n_subjects(), subjects_needed(rate)
        few = counts < needed
        if not few.any():
            return
        if self._mondrian:
            shown = " and ".join(f"{k} show '{label}'" for k, label in
                                 zip(counts, self.classes_, strict=True))
        else:
            shown = f"there are {counts[0]}"
        # A class that can never be ruled out leaves the other one undecided.
        nothing = "nothing can be decided" if few.all() else \
            f"'{self.classes_[1 - int(few.argmax())]}' can never be decided"
        warnings.warn(f"error_rate={rate:g} takes {needed} subjects held out"
                      f"{' who show each class' if self._mondrian else ''}; {shown}, so {nothing}. "
                      f"The smallest error rate for them is {1.0 / (counts.min() + 1):.3g}; else "
                      "add subjects, or hold out more of them", stacklevel=4)

    # -- deciding -------------------------------------------------------------------------------

    def p_values(self, X: Any) -> np.ndarray:
        """Compute how usual each clip would be as one of each class.

        Parameters
        ----------
        X : list of recordings, or table

        Returns
        -------
        array of shape (n, 2)
            Of `classes_`, in their order, see `conformal_p_values`. No probabilities: they do not
            add up to 1.
        """
        values = self._values(self._open(X))
        return np.column_stack([conformal_p_values(*self._against(0), values),
                                conformal_p_values(*self._against(1), -values)])

    def _against(self, c: int) -> tuple[np.ndarray, np.ndarray]:
        """Return decisions against a class, of the clips held out for it, and whose these are."""
        own = self._codes == c if self._mondrian else np.ones(len(self._codes), bool)
        return np.where(self._codes == 0, self._decisions, -self._decisions)[own], self._who[own]

    @property
    def thresholds_(self) -> np.ndarray:
        """Decisions up to which the first class, and from which on the second, is possible."""
        check_is_fitted(self)
        rate = check_error_rate(self.error_rate)
        bounds = []
        for c in (0, 1):
            against, who = self._against(c)
            scores = np.append(against, np.inf)
            bounds.append(scores[conformal_p_values(against, who, scores) > rate + ROUNDING].max())
        return np.array([bounds[0], -bounds[1]])

    def predict_set(self, X: Any, *, error_rate: float | None = None) -> np.ndarray:
        """Return which classes are possible.

        Parameters
        ----------
        X : list of recordings, or table
        error_rate : float, optional
            Another one than the parameter; nothing is fitted again.

        Returns
        -------
        array of bool of shape (n, 2)
            In the order of `classes_`. Both: cannot tell. None: as unusual for the one as for the
            other, see Notes of the class.
        """
        rate = self._rate(error_rate)
        return np.asarray(self.p_values(X) > rate + ROUNDING)

    def decide(self, X: Any, *, error_rate: float | None = None) -> np.ndarray:
        """Return the class, or `abstain_label` where it cannot be told.

        Parameters
        ----------
        X : list of recordings, or table
        error_rate : float, optional
            Another one than the parameter; nothing is fitted again.

        Returns
        -------
        array of object of shape (n,)
            One of `classes_`, or `abstain_label`.

        Warns
        -----
        UserWarning
            Too few subjects were held out for this error rate.
        """
        rate = self._rate(error_rate)
        self._check_abstain_label()
        labels = np.array([*self.classes_.astype(object), self.abstain_label], dtype=object)
        return np.asarray(labels[settled(self.p_values(X), rate)])

    def _rate(self, error_rate: float | None) -> float:
        check_is_fitted(self)
        rate = check_error_rate(self.error_rate if error_rate is None else error_rate)
        self._check_enough(rate)
        return rate

    def _values(self, X: Any) -> np.ndarray:
        values = decisions_of(self.estimator_, X)
        if np.isnan(values).any():
            raise ValueError(f"{type(self.estimator).__name__} gives decision values that are NaN "
                             f"for {np.isnan(values).sum()} of {len(values)}, first for number "
                             f"{int(np.isnan(values).argmax())}; look at what it was given there")
        return values

    # -- the classifier within ------------------------------------------------------------------

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the decision values of the classifier within, positive for `classes_[1]`.

        Parameters
        ----------
        X : list of recordings, or table

        Returns
        -------
        array of shape (n,)
        """
        X = self._open(X)
        return decisions_of(self.estimator_, X)

    def predict(self, X: Any) -> np.ndarray:
        """Return the classes that the classifier within predicts; it always decides.

        Parameters
        ----------
        X : list of recordings, or table

        Returns
        -------
        array of shape (n,)
        """
        X = self._open(X)
        return np.asarray(self.estimator_.predict(X))

    @available_if(_wrapped_has("predict_proba"))
    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities of the classifier within, which need not be calibrated.

        Parameters
        ----------
        X : list of recordings, or table

        Returns
        -------
        array of shape (n, 2)
        """
        X = self._open(X)
        return np.asarray(self.estimator_.predict_proba(X))
