"""Two levels of support vector machines: one for each block of features, and one over them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import check_is_fitted, validate_data

from ..clips.steps import check_positive
from ..running.parallel import in_parallel
from .log_odds import LogOddsClassifierMixin, calibrate
from .subject_folds import check_groups, coded_labels, inner_splits


class BlockSVMEnsemble(LogOddsClassifierMixin, BaseEstimator):
    """An SVM for each block of columns, and an SVM over their out-of-fold decision values.

    The second level never sees a decision value of a machine that was trained on the same subject:
    decision values come from folds that no subject straddles. Its probabilities are calibrated
    (Platt 1999) on out-of-fold values too, by a logistic regression whose penalty keeps them near
    even odds where samples are few.

    Parameters
    ----------
    blocks : mapping of str to columns, optional
        Name of each block and its columns: indices, a slice, or names where `X` is a DataFrame.
        Without it all columns are one block.
    C : float, default=1.0
        Of the first-level machines.
    kernel : {"rbf", "linear"}, default="rbf"
        Of the first-level machines; features are standardised.
    gamma : "scale", "auto" or float, default="scale"
        Of the RBF kernel.
    final_C : float, default=0.1
        Of the second-level machine, which is linear.
    class_weight : dict, "balanced" or None, default="balanced"
        Of both levels and of the calibration: with "balanced", probabilities are those at equal
        priors.
    cv : int, default=5
        Inner folds, at least 2; fewer are made where subjects are scarce.
    n_jobs : int, optional
        Blocks trained at the same time.

    Attributes
    ----------
    classes_ : array of shape (2,)
    block_models_ : dict of str to Pipeline
        First-level machines, trained on everything; `gamma` of an RBF kernel is a number.
    final_ : SVC
        Second level.
    slope_, offset_ : float
        Calibration: log-odds = slope · decision value of `final_` + offset.
    n_features_in_, feature_names_in_ : as in scikit-learn

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from smilegenuine import BlockSVMEnsemble
    >>> X, y = make_classification(random_state=0)
    >>> clf = BlockSVMEnsemble({"left": slice(0, 10), "right": slice(10, 20)}).fit(X, y)
    >>> clf.decision_values(X).shape
    (100, 2)
    """

    # With metadata routing switched on, `groups` comes here without being asked for.
    __metadata_request__fit = {"groups": True}

    def __init__(self, blocks: Mapping[str, Any] | None = None, *, C: float = 1.0,
                 kernel: str = "rbf", gamma: str | float = "scale", final_C: float = 0.1,
                 class_weight: Any = "balanced", cv: int = 5, n_jobs: int | None = None) -> None:
        self.blocks = blocks
        self.C = C
        self.kernel = kernel
        self.gamma = gamma
        self.final_C = final_C
        self.class_weight = class_weight
        self.cv = cv
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any, groups: Any = None) -> BlockSVMEnsemble:
        """Fit both levels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Two classes.
        groups : array-like of shape (n_samples,), optional
            Subjects, for the inner folds. Without it every sample is a subject of its own.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            Other than two classes, one subject only, or blocks that name columns `X` has not.
        """
        check_positive("cv", self.cv, whole=True, at_least=2)
        check_positive("C", self.C, at_least=1e-12)
        check_positive("final_C", self.final_C, at_least=1e-12)
        if self.kernel not in ("rbf", "linear"):
            raise ValueError(f"kernel must be 'rbf' or 'linear', not {self.kernel!r}")
        X, y = validate_data(self, X, y)
        self.classes_, _ = coded_labels(y)
        if groups is not None:
            groups = check_groups(groups, len(y), "samples")
        splits = inner_splits(y, groups, self.cv)
        self.columns_ = self._columns()
        calls = ((self._machine(), X[:, c], y, splits) for c in self.columns_.values())
        fitted = list(in_parallel(_fit_block, calls, n_jobs=self.n_jobs))
        self.block_models_ = {name: model for name, (model, _) in
                              zip(self.columns_, fitted, strict=True)}
        values = np.column_stack([v for _, v in fitted])
        final = SVC(kernel="linear", C=self.final_C, class_weight=self.class_weight)
        unseen = cross_val_predict(final, values, y, cv=splits, method="decision_function")
        self.final_ = final.fit(values, y)
        self.slope_, self.offset_ = calibrate(
            unseen, y == self.classes_[1], compute_sample_weight(self.class_weight, y))
        return self

    def _machine(self) -> Pipeline:
        return make_pipeline(StandardScaler(), SVC(C=self.C, kernel=self.kernel, gamma=self.gamma,
                                                   class_weight=self.class_weight))

    def _columns(self) -> dict[str, np.ndarray]:
        """Return the column indices of each block; or raise."""
        if self.blocks is None:
            return {"all": np.arange(self.n_features_in_)}
        if not self.blocks:
            raise ValueError("blocks is empty; leave it out to take all columns as one block")
        names = {n: i for i, n in enumerate(getattr(self, "feature_names_in_", ()))}
        columns = {}
        for block, wanted in self.blocks.items():
            if not isinstance(wanted, slice) and any(isinstance(w, str) for w in wanted):
                missing = [w for w in wanted if w not in names]
                if missing:
                    raise ValueError(f"block {block!r} names columns that X has not: "
                                     f"{', '.join(map(str, missing[:5]))}")
                wanted = [names[w] for w in wanted]
            try:
                columns[str(block)] = np.arange(self.n_features_in_)[wanted]
            except IndexError:
                raise ValueError(f"block {block!r} reaches beyond the {self.n_features_in_} "
                                 "columns of X") from None
            if not len(columns[str(block)]):
                raise ValueError(f"block {block!r} has no column")
        return columns

    def decision_values(self, X: Any) -> np.ndarray:
        """Return the first level's decision values, which the second level sees.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        array of shape (n_samples, n_blocks)
            Positive for `classes_[1]`; in the order of `block_models_`.
        """
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        return np.column_stack([self.block_models_[name].decision_function(X[:, c])
                                for name, c in self.columns_.items()])

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the calibrated log-odds of `classes_[1]`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        array of shape (n_samples,)
        """
        check_is_fitted(self)
        value = self.final_.decision_function(self.decision_values(X))
        return np.asarray(self.slope_ * value + self.offset_)

    def block_weights(self) -> pd.Series:
        """Return the second level's weight of each block's decision value.

        Returns
        -------
        Series indexed by block
        """
        check_is_fitted(self)
        return pd.Series(self.final_.coef_[0], index=list(self.block_models_), name="weight")


def _fit_block(model: Pipeline, X: np.ndarray, y: np.ndarray, splits: list[Any]
               ) -> tuple[Pipeline, np.ndarray]:
    """Fit a machine on everything, and compute decision values by machines that were not."""
    values = cross_val_predict(model, X, y, cv=splits, method="decision_function")
    scaler, machine = model
    # scikit-learn keeps what "scale" comes to under a private name; here everybody can read it.
    if machine.kernel == "rbf" and machine.gamma in ("scale", "auto"):
        seen = np.ascontiguousarray(scaler.fit_transform(X), dtype=float)
        spread = 1.0 if machine.gamma == "auto" else seen.var()
        machine.set_params(gamma=1.0 / (X.shape[1] * spread) if spread else 1.0)
    return model.fit(X, y), values
