"""Probabilities to be believed: calibrated on subjects whom the deciding model had not seen."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy.special import logit
from sklearn.base import BaseEstimator, MetaEstimatorMixin, is_classifier
from sklearn.frozen import FrozenEstimator
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from ..classifiers.branches import check_fitted, decisions_of, fit_crosswise
from ..classifiers.clips_or_tables import ClipsOrTableMixin
from ..classifiers.log_odds import LogOddsClassifierMixin, calibrate
from ..classifiers.subject_folds import inner_splits
from ..clips.steps import atomic_fit, check_positive

_METHODS = ("sigmoid", "isotonic", "temperature")


class SubjectwiseMetaMixin(ClipsOrTableMixin, MetaEstimatorMixin):
    """Mixin of meta-estimators over one classifier that take clips or tables, and subjects.

    A subclass stores `estimator` in its constructor, and defines `fit` with `groups`.
    """

    # With metadata routing switched on, `groups` comes here without being asked for.
    __metadata_request__fit = {"groups": True}

    estimator: Any

    def _check_estimator(self) -> None:
        """Raise unless there is a classifier to work with."""
        if isinstance(self.estimator, type) or not (hasattr(self.estimator, "fit")
                                                    and is_classifier(self.estimator)):
            raise ValueError(f"estimator must be a classifier, or a pipeline that ends in one, not "
                             f"{self.estimator!r}")

    def _is_fitted_already(self, setting: Any) -> bool:
        """Return whether the classifier is to be used as it is."""
        return setting == "prefit" or isinstance(self.estimator, FrozenEstimator)

    def _fitted_already(self, classes: np.ndarray) -> Any:
        """Return the classifier that was fitted before, on the same two classes; or raise."""
        check_fitted(type(self.estimator).__name__, self.estimator, classes)
        return self.estimator

    def _finite(self) -> bool | str:
        return "allow-nan" if get_tags(self).input_tags.allow_nan else True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        if hasattr(self.estimator, "__sklearn_tags__"):
            tags.input_tags.allow_nan = get_tags(self.estimator).input_tags.allow_nan
        return tags


class CalibratedSystem(SubjectwiseMetaMixin, LogOddsClassifierMixin, BaseEstimator):
    """A classifier whose probabilities are calibrated on subjects whom it had not seen.

    Folds by subject are made inside the training data. What models of the folds say of the subjects
    held out from them teaches how a decision value becomes a probability; the model that decides
    in the end is trained on everything. Probabilities hold where the classes are as frequent as in
    the training data.

    Parameters
    ----------
    estimator : classifier or Pipeline
        Of clips, or of tables. One that is fitted already goes in a `FrozenEstimator`.
    method : {"sigmoid", "isotonic", "temperature"}, default="sigmoid"
        "sigmoid": log-odds = slope · decision + offset (Platt 1999), by a logistic regression whose
        penalty keeps probabilities near even odds where clips are few. "temperature": the same
        without an offset (Guo et al. 2017), for networks, whose decisions are log-odds already and
        only too sure; the decisions themselves do not change. "isotonic": any rising curve
        (Zadrozny & Elkan 2002); it takes many more clips, see Notes.
    cv : int or "prefit", default=5
        Folds by subject, at least 2; fewer are made where subjects are scarce. "prefit": the
        estimator is fitted already, and everything given to `fit` serves calibration; give subjects
        whom it has not seen.
    n_jobs : int, optional
        Folds trained at the same time.
    random_state : int, RandomState or None, default=None
        Draws which subjects share a fold. None: the same ones every time. The estimator has its
        own.

    Attributes
    ----------
    classes_ : array of shape (2,)
    estimator_ : classifier
        The one that decides, trained on everything.
    slope_, offset_ : float
        Log-odds = slope · decision of `estimator_` + offset; NaN for "isotonic".
    bounds_ : array of shape (2,)
        Decisions beyond these count as at them: 3 interquartile ranges beyond the quartiles of the
        held-out ones.
    isotonic_ : IsotonicRegression or None
        Decision → probability, for "isotonic".
    n_features_in_, feature_names_in_ : as in scikit-learn
        Of tables.

    See Also
    --------
    SubjectConformalClassifier : Says "cannot tell" where it is not sure enough.
    smilegenuine.certainty.reliability, ReliabilityDisplay : How far probabilities can be believed.

    Notes
    -----
    `sklearn.calibration.CalibratedClassifierCV` with ``ensemble=False`` and subject-wise splits
    does the same for tables. Here subjects reach the folds inside the estimator too (at the end of
    a pipeline, in a search), lists of recordings and their errors are understood, folds can go to a
    cluster, and log-odds are finite. A single wild decision does not spoil the calibration
    (`bounds_`): linear models on standardised features give such where a feature hardly varies in
    the training part. And an estimator that has learnt nothing does not get its decisions turned
    round: where held-out decisions do not rise with the class, a warning says so, decisions stay as
    they are, and probabilities are those of chance.

    "isotonic" can follow any shape, and follows chance where clips are few. With decisions about
    drawn smiles it changed the log loss on strangers by −0.02 to +0.02 against "sigmoid", mostly
    for the worse up to 100 training subjects (`docs/calibration.md`): take it with several hundred,
    and where a reliability curve shows that a sigmoid does not fit. Platt's targets keep its
    probabilities from 0 and 1, and many clips are given the same one.

    A whole pipeline is fitted in each fold, so that nothing that it learns has seen the subjects
    held out. Its clips are then measured once for each fold and once more, unless its steps have a
    cache: ``make_system(…, memory=folder)``. Around the last step alone
    (``make_pipeline(…, CalibratedSystem(last))``) they are measured once; steps before it that
    learn without labels (`LBPSmileIntensity`) have then seen the held-out clips.

    References
    ----------
    Platt (1999), Probabilistic outputs for support vector machines; Zadrozny & Elkan (2002),
    Transforming classifier scores into accurate multiclass probability estimates,
    doi:10.1145/775047.775151; Guo, Pleiss, Sun & Weinberger (2017), On calibration of modern neural
    networks, arXiv:1706.04599.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.metrics import log_loss
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from smilegenuine import AUDA
    >>> from smilegenuine.certainty.calibration import CalibratedSystem
    >>> from smilegenuine.datasets import make_smile_signals
    >>> smiles = make_smile_signals(16, 4, fps=25, random_state=0)
    >>> known, new = smiles.data[:48], smiles.data[48:]
    >>> y, y_new = smiles.target[:48], smiles.target[48:]
    >>> too_sure = make_pipeline(AUDA(), StandardScaler(), LogisticRegression())
    >>> calibrated = CalibratedSystem(too_sure, cv=3).fit(known, y)
    >>> for system in (too_sure.fit(known, y), calibrated):
    ...     print(f"{log_loss(y_new, system.predict_proba(new)):.2f}")
    0.79
    0.47
    """

    def __init__(self, estimator: Any, method: str = "sigmoid", *, cv: Any = 5,
                 n_jobs: int | None = None, random_state: Any = None) -> None:
        self.estimator = estimator
        self.method = method
        self.cv = cv
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: Any, y: Any, groups: Any = None) -> CalibratedSystem:
        """Fit the estimator on everything, and the calibration on decisions about strangers.

        Parameters
        ----------
        X : list of recordings, or table of shape (n_samples, n_features)
            What the estimator takes.
        y : array-like of shape (n,)
            1 spontaneous and 0 posed, or any two labels.
        groups : array-like of shape (n,), optional
            Subjects. Without it, those of the clips; of a table, every row is a subject of its own.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            Lengths differ, one class or one subject only, decisions that are not finite, an
            estimator that is no classifier, or a parameter that makes no sense.
        """
        self._check_estimator()
        if self.method not in _METHODS:
            raise ValueError(f"method must be one of {', '.join(_METHODS)}, not {self.method!r}")
        if self.cv != "prefit":
            check_positive("cv", self.cv, whole=True, at_least=2)
        with atomic_fit(self):
            X, classes, codes, subjects = self._open_labelled(X, y, groups)
            self.classes_ = classes
            if self._is_fitted_already(self.cv):
                self.estimator_ = self._fitted_already(classes)
                decisions = decisions_of(self.estimator_, X)
            else:
                splits = inner_splits(codes, subjects, self.cv, random_state=self.random_state)
                (self.estimator_,), crosswise = fit_crosswise(
                    [self.estimator], X, classes[codes], subjects, splits, self.n_jobs)
                decisions = crosswise[:, 0]
            check_finite(decisions, self.estimator)
            self._calibrate(decisions, codes == 1)
        return self

    def _calibrate(self, decisions: np.ndarray, positive: np.ndarray) -> None:
        self.isotonic_, self.bounds_ = None, _fences(decisions, even=self.method == "temperature")
        decisions = np.clip(decisions, *self.bounds_)
        # The sign of a logistic regression's slope is that of the difference of the means.
        tells = decisions[positive].mean() > decisions[~positive].mean()
        if self.method == "sigmoid" or not tells:
            self.slope_, self.offset_ = calibrate(decisions, positive, np.ones(len(positive)))
        elif self.method == "temperature":
            self.slope_, self.offset_ = _cooled(decisions, positive), 0.0
        else:
            self.slope_ = self.offset_ = np.nan
            self.isotonic_ = _rising(decisions, positive)
        if not tells:  # decisions stay what they are
            self.bounds_ = np.array([-np.inf, np.inf])

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the calibrated log-odds of `classes_[1]`.

        Parameters
        ----------
        X : list of recordings, or table

        Returns
        -------
        array of shape (n,)
        """
        X = self._open(X)
        decisions = decisions_of(self.estimator_, X)
        check_finite(decisions, self.estimator)
        return self.calibrated(decisions)

    def calibrated(self, decisions: np.ndarray) -> np.ndarray:
        """Return the calibrated log-odds of decision values of `estimator_`.

        Parameters
        ----------
        decisions : array of shape (n,)

        Returns
        -------
        array of shape (n,)
        """
        check_is_fitted(self)
        decisions = np.clip(decisions, *self.bounds_)
        if self.isotonic_ is not None:
            return np.asarray(logit(self.isotonic_.predict(decisions)))
        return np.asarray(self.slope_ * decisions + self.offset_)


def check_finite(decisions: np.ndarray, estimator: Any) -> None:
    """Raise a `ValueError` where an estimator's decisions are no finite numbers.

    Parameters
    ----------
    decisions : array of shape (n,)
    estimator : classifier
        For the message.
    """
    wrong = ~np.isfinite(decisions)
    if wrong.any():
        raise ValueError(f"{type(estimator).__name__} gives decision values that are not finite "
                         f"for {wrong.sum()} of {len(decisions)}, first for number "
                         f"{int(wrong.argmax())}; look at what it was given there")


def _fences(decisions: np.ndarray, *, even: bool) -> np.ndarray:
    """Return Tukey's outer fences: what lies beyond them is not more of the same, but a slip.

    Of 360 decisions, one of −744 among others within ±20 made a sigmoid that said 0.5 of everybody.
    """
    first, third = np.percentile(decisions, [25, 75])
    if third == first:  # most are the same, and any other would be beyond
        return np.array([-np.inf, np.inf])
    low, high = first - 3.0 * (third - first), third + 3.0 * (third - first)
    most = max(abs(low), abs(high))
    return np.array([-most, most] if even else [low, high])


def _cooled(decisions: np.ndarray, positive: np.ndarray) -> float:
    """Fit one over the temperature: the slope of log-odds on decisions, without an offset.

    scikit-learn's own is not in all releases that are supported, and has no penalty.
    """
    scale = float(np.sqrt(np.mean(decisions**2)))
    regression = LogisticRegression(fit_intercept=False).fit(decisions[:, None] / scale, positive)
    slope = float(regression.coef_[0, 0]) / scale
    if slope <= 0:
        warnings.warn("on held-out subjects the decision values say nothing about the class unless "
                      "an offset is added, so probabilities are those of chance; take "
                      "method='sigmoid'", stacklevel=4)
        return 1e-3 / scale
    return slope


def _rising(decisions: np.ndarray, positive: np.ndarray) -> IsotonicRegression:
    """Fit a rising curve from decisions to probabilities that never reaches 0 or 1."""
    # Platt's targets: what one more clip of each class would make of certainty.
    no, yes = np.bincount(positive, minlength=2)
    targets = np.where(positive, (yes + 1.0) / (yes + 2.0), 1.0 / (no + 2.0))
    return IsotonicRegression(out_of_bounds="clip").fit(decisions, targets)
