"""Late fusion: several classifiers of the same clips, and one on top of their outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import TransformerMixin, clone, is_classifier
from sklearn.linear_model import LogisticRegression
from sklearn.utils import Bunch, _safe_indexing, check_random_state
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.validation import check_is_fitted

from ..classifiers.branches import (
    check_fitted,
    decisions_of,
    fit_branch,
    fit_crosswise,
    outputs_of,
)
from ..classifiers.clips_or_tables import ClipsOrTableMixin
from ..classifiers.log_odds import LogOddsClassifierMixin
from ..classifiers.subject_folds import held_out_split, inner_splits
from ..clips.steps import atomic_fit, check_positive
from ..running.parallel import in_parallel

_FUSE = ("embedding", "proba", "hadamard")

# The dense layer starts from the sum of the branches' own decisions. That one branch counts for
# more than another, that a direction of the embeddings counts which is nobody's decision, and that
# the threshold is not the branches' own, has to be earned against priors that are this much
# narrower. Chosen on drawn signals, where the figures of docs/systems.md come from.
_UNEVEN, _FREE, _THRESHOLD, _FINAL_C = 0.3, 0.3, 0.3, 0.3

# Subjects held out for a product of projections, at least.
_LEAST_FOR_PRODUCT = 4


class StackingFusion(ClipsOrTableMixin, TransformerMixin, LogOddsClassifierMixin, _BaseComposition):
    """Classifiers as branches, and a classifier on top of their outputs.

    A meta-estimator in the manner of scikit-learn's `StackingClassifier`, for clips and subjects.

    Three ways to fuse:

    "embedding", the published one: the branches are trained first, their final-branch features
    stand side by side, and a dense sigmoid layer decides. By default the layer is fitted on
    subjects whom no branch was trained on (`holdout`), as features of people whom a network knows
    are surer than those of strangers; ``holdout=None`` is the published way, the same subjects for
    both. The layer starts from the branches' own last layers: it is a logistic regression that
    shrinks toward the sum of their decisions, and lets other directions in against a narrower
    prior. From some dozens of held-out clips, hundreds of free weights cannot be learnt.

    "proba": subject-wise out-of-fold logits of the branches, and a logistic regression over them.
    Every clip serves both levels.

    "hadamard": the branches' features are projected to one width, the projections multiplied; see
    `HadamardClassifier`. Subjects are held out as for "embedding".

    Parameters
    ----------
    estimators : list of (str, classifier)
        Branches: classifiers of clips such as `RealSmileNetClassifier`, pipelines that end in a
        classifier, or, for tables, any of scikit-learn. "drop" leaves one out. A branch with a
        `transform` (networks, this class) gives that as its final-branch features, any other its
        decision value. Branches in a `FrozenEstimator` are used as they are.
    final_estimator : classifier, optional
        On top of the fused features. Without it, a dense sigmoid layer (logistic regression); for
        "hadamard" the network's own.
    fuse : {"embedding", "proba", "hadamard"}, default="embedding"
    cv : int or "prefit", default=5
        Subject-wise folds of "proba"; fewer are made where subjects are scarce. "prefit", for any
        way to fuse: the branches are fitted already, and everything given to `fit` serves the top;
        give subjects whom they have not seen.
    holdout : float or None, default=0.1
        Share of the training clips whose subjects are kept from the branches for the top of
        "embedding" and "hadamard", of "hadamard" at least four subjects. None: branches and top see
        the same subjects.
    n_components : int, default=32
        Width of the projections of "hadamard".
    random_state : int, RandomState or None, default=None
        Which subjects are held out, and the projections. The branches have their own.
    n_jobs : int, optional
        Branches (and folds) trained at the same time.

    Attributes
    ----------
    classes_ : array of shape (2,)
    estimators_ : list of classifiers
        The fitted branches, those that were dropped left out.
    named_estimators_ : Bunch
        Name → fitted branch, or "drop".
    final_estimator_ : classifier
        The fitted top; None for "hadamard" without `final_estimator`.
    widths_ : dict of str to int
        How many features each branch gives.
    fusion_subjects_ : array of str, or None
        The subjects on whom the top was fitted, where subjects are known.

    Notes
    -----
    Out-of-fold *embeddings* are never put side by side: two networks trained on different folds
    have different axes, so that the tenth feature of one and the tenth of the other mean different
    things, and a layer over a mixture of them learns nothing that holds for a third network. Logits
    have the same meaning in all of them; "proba" uses those.

    References
    ----------
    Pawlus, Smolka, Kawulok & Kawulok (2025), on genuine-smile recognition from the dynamics of
    action units; Wolpert (1992), Stacked generalization, doi:10.1016/S0893-6080(05)80023-1.

    Examples
    --------
    >>> from smilegenuine import AUDAPhaseClassifier, AUDASVMEnsemble, StackingFusion
    >>> from smilegenuine.datasets import make_smile_signals
    >>> smiles = make_smile_signals(16, 4, random_state=0)
    >>> fusion = StackingFusion([("au", AUDAPhaseClassifier("au", random_state=0)),
    ...                          ("svm", AUDASVMEnsemble(levels=("au",)))], random_state=0)
    >>> fusion.fit(smiles.data, smiles.target).transform(smiles.data).shape
    (64, 65)
    >>> fusion.set_params(au__lr=0.01, svm="drop").named_estimators["svm"]
    'drop'
    """

    # With metadata routing switched on, `groups` comes here without being asked for.
    __metadata_request__fit = {"groups": True}

    def __init__(self, estimators: Sequence[tuple[str, Any]], final_estimator: Any = None, *,
                 fuse: str = "embedding", cv: Any = 5, holdout: float | None = 0.1,
                 n_components: int = 32, random_state: Any = None, n_jobs: int | None = None
                 ) -> None:
        self.estimators = estimators
        self.final_estimator = final_estimator
        self.fuse = fuse
        self.cv = cv
        self.holdout = holdout
        self.n_components = n_components
        self.random_state = random_state
        self.n_jobs = n_jobs

    # -- parameters of branches -----------------------------------------------------------------

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, with ``deep`` those of the branches as ``<branch>__<parameter>``.

        Parameters
        ----------
        deep : bool, default=True

        Returns
        -------
        dict
        """
        params: dict[str, Any] = self._get_params("estimators", deep=deep)
        return params

    def set_params(self, **params: Any) -> StackingFusion:
        """Set parameters: ``realsmilenet__lr=1e-4``, or a whole branch, ``realsmilenet="drop"``.

        Parameters
        ----------
        **params

        Returns
        -------
        self
        """
        self._set_params("estimators", **params)
        return self

    @property
    def named_estimators(self) -> Bunch:
        """Name → branch as given, not fitted."""
        return Bunch(**dict(self.estimators))

    @property
    def named_estimators_(self) -> Bunch:
        """Name → fitted branch, or "drop"."""
        check_is_fitted(self)
        fitted = dict(zip(self._names, self.estimators_, strict=True))
        return Bunch(**{name: fitted.get(name, "drop") for name, _ in self.estimators})

    # -- fitting --------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any, groups: Any = None) -> StackingFusion:
        """Train the branches and the top.

        Parameters
        ----------
        X : list of recordings, or table of shape (n_samples, n_features)
            What the branches take.
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
            Lengths differ, one class or one subject only, no branches, branches that are no
            classifiers, or a parameter that makes no sense.
        """
        branches = self._check_params()
        with atomic_fit(self):
            self._fit(branches, X, y, groups)
        return self

    def _fit(self, branches: dict[str, Any], X: Any, y: Any, groups: Any) -> None:
        X, self.classes_, codes, subjects = self._open_labelled(X, y, groups)
        labels = self.classes_[codes]
        self._seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        if self.fuse == "proba" and self.cv != "prefit":
            splits, aside = inner_splits(codes, subjects, self.cv), np.arange(len(codes))
            self.estimators_, decisions = fit_crosswise(
                list(branches.values()), X, labels, subjects, splits, self.n_jobs)
            features = [decisions]
        else:
            self.estimators_, aside = self._fit_apart(branches, X, labels, codes, subjects)
            for name, branch in zip(branches, self.estimators_, strict=True):
                check_fitted(f"branch {name!r}", branch, self.classes_)
            features, decisions = self._outputs(_safe_indexing(X, aside))
        self._names = list(branches)
        subjects = None if subjects is None else np.asarray(subjects)[aside]
        self.fusion_subjects_ = None if subjects is None else np.unique(subjects.astype(str))
        self._fit_top(features, decisions, labels[aside], subjects)

    def _check_params(self) -> dict[str, Any]:
        """Return the branches by name, without those dropped; or raise."""
        if self.fuse not in _FUSE:
            raise ValueError(f"fuse must be one of {', '.join(_FUSE)}, not {self.fuse!r}")
        if self.cv != "prefit":
            check_positive("cv", self.cv, whole=True, at_least=2)
        check_positive("n_components", self.n_components, whole=True, at_least=1)
        if self.holdout is not None and not (isinstance(self.holdout, (float, np.floating))
                                             and 0 < self.holdout < 1):
            raise ValueError(f"holdout must be between 0 and 1, or None, not {self.holdout!r}")
        try:
            named = [(str(name), branch) for name, branch in self.estimators]
        except (TypeError, ValueError):
            raise ValueError("estimators must be a list of (name, classifier) pairs") from None
        self._validate_names([name for name, _ in named])
        branches = {name: branch for name, branch in named if branch != "drop"}
        if not branches:
            raise ValueError("estimators has no branch" + (": all are dropped" if named else ""))
        for name, branch in branches.items():
            if not hasattr(branch, "fit") or not is_classifier(branch):
                what = repr(branch) if isinstance(branch, str) else type(branch).__name__
                raise ValueError(f"branch {name!r} is no classifier but {what}; 'drop' leaves a "
                                 "branch out")
        final = self.final_estimator
        if final is not None and not (hasattr(final, "fit") and is_classifier(final)):
            raise ValueError(f"final_estimator must be a classifier, not {final!r}")
        return branches

    def _fit_apart(self, branches: dict[str, Any], X: Any, labels: np.ndarray, codes: np.ndarray,
                   subjects: np.ndarray | None) -> tuple[list[Any], np.ndarray]:
        """Fitted branches, and the positions of the clips that the top is to be fitted on."""
        train = aside = np.arange(len(codes))
        if self.cv == "prefit":
            return list(branches.values()), aside
        if self.holdout is not None:
            share = self.holdout
            if self.fuse == "hadamard":  # of these, some tell its own training when to stop
                n = len(codes) if subjects is None else len(np.unique(subjects))
                share = max(share, min(0.5, _LEAST_FOR_PRODUCT / n))
            train, aside = held_out_split(codes, subjects, share, self._seed)
            if subjects is not None and len(np.unique(np.asarray(subjects)[train])) < 2:
                raise ValueError("with subjects held out for the top, one subject is left to train "
                                 "the branches on; add subjects, or set holdout=None")
        calls = ((clone(branch), X, labels, subjects, train) for branch in branches.values())
        return list(in_parallel(fit_branch, calls, n_jobs=self.n_jobs)), aside

    def _fit_top(self, features: list[np.ndarray], decisions: np.ndarray, y: np.ndarray,
                 groups: np.ndarray | None) -> None:
        self.widths_ = dict.fromkeys(self._names, 1) if self.fuse == "proba" else \
            {name: block.shape[1] for name, block in zip(self._names, features, strict=True)}
        fused = np.hstack(features)
        if self.fuse == "hadamard":
            from ..classifiers.hadamard import HadamardClassifier  # here, because it needs torch

            self.projection_ = HadamardClassifier(
                tuple(self.widths_.values()), n_components=self.n_components,
                random_state=self._seed).fit(fused, y, groups)
            fused = self.projection_.transform(fused)
        if self.final_estimator is not None:
            self.final_estimator_ = clone(self.final_estimator).fit(fused, y)
        elif self.fuse == "hadamard":
            self.final_estimator_ = None
        else:
            if self.fuse == "embedding":
                self._mean, self._scale = fused.mean(axis=0), spread_of(fused)
                # A branch is heard as loudly as it speaks, but none drowns the others. By their
                # spread, one that says nearly the same of everybody would drown all.
                self._decision_scale = np.maximum(np.sqrt((decisions**2).mean(axis=0)), 1.0)
                fused = self._prior_scaled(fused, decisions)
            prior = self.fuse == "embedding"
            self.final_estimator_ = LogisticRegression(
                C=_FINAL_C if prior else 1.0, class_weight="balanced", fit_intercept=not prior,
                max_iter=1000).fit(fused, y)

    def _prior_scaled(self, fused: np.ndarray, decisions: np.ndarray) -> np.ndarray:
        """Scale embeddings and the branches' decisions so that one penalty is the prior.

        Decisions are linear in their branch's embedding, so a linear layer over both is a linear
        layer over the embeddings; what differs is how dear each direction is.
        """
        n, widths = len(self.widths_), list(self.widths_.values())
        decisions = decisions / self._decision_scale
        free = _FREE / np.sqrt(n * np.repeat(widths, widths))
        return np.hstack([decisions.sum(axis=1, keepdims=True) / np.sqrt(n), _UNEVEN * decisions,
                          (fused - self._mean) / self._scale * free,
                          np.full((len(fused), 1), _THRESHOLD)])

    # -- using ----------------------------------------------------------------------------------

    def _outputs(self, X: Any) -> tuple[list[np.ndarray], np.ndarray]:
        """Return what is fused of each branch, (n, width), and all decisions, (n, n_branches)."""
        outputs = [outputs_of(branch, X) for branch in self.estimators_]
        decisions = np.column_stack([values for _, values in outputs])
        if self.fuse == "proba":
            return [values[:, None] for values in decisions.T], decisions
        return [embedding for embedding, _ in outputs], decisions

    def transform(self, X: Any) -> np.ndarray:
        """Return the fused features, which the top sees.

        Parameters
        ----------
        X : list of recordings, or table

        Returns
        -------
        array of shape (n, n_fused)
            "embedding": the branches' features side by side; "proba": their logits; "hadamard":
            the product of the projections.
        """
        fused = np.hstack(self._outputs(self._open(X))[0])
        return self.projection_.transform(fused) if self.fuse == "hadamard" else fused

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Name the fused features: ``<branch>_<number>``; of products, ``hadamard_<number>``.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        array of str
        """
        check_is_fitted(self)
        if self.fuse == "hadamard":
            return np.array([f"hadamard_{i}" for i in range(self.n_components)], dtype=object)
        return np.array([f"{name}_{i}" for name, width in self.widths_.items()
                         for i in range(width)], dtype=object)

    def decision_values(self, X: Any) -> pd.DataFrame:
        """Return what each branch decides by itself.

        Parameters
        ----------
        X : list of recordings, or table

        Returns
        -------
        DataFrame of shape (n, n_branches)
            Log-odds of `classes_[1]` (of machines without probabilities, their decision values).
        """
        return pd.DataFrame(self._outputs(self._open(X))[1], columns=self._names)

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the log-odds of `classes_[1]` (the top's decision value, where it has no such).

        Parameters
        ----------
        X : list of recordings, or table

        Returns
        -------
        array of shape (n,)
        """
        features, decisions = self._outputs(self._open(X))
        return self.decide_outputs(np.hstack(features), decisions)

    def decide_outputs(self, fused: np.ndarray, decisions: np.ndarray) -> np.ndarray:
        """Return the decision values of what the branches gave: the top by itself.

        Parameters
        ----------
        fused : array of shape (n, n_fused)
            What is fused of the branches, side by side, before any projection.
        decisions : array of shape (n, n_branches)
            What each branch decides by itself; only the default top of "embedding" looks at it.

        Returns
        -------
        array of shape (n,)
        """
        check_is_fitted(self)
        if self.fuse == "hadamard":
            if self.final_estimator_ is None:
                return np.asarray(self.projection_.decision_function(fused))
            fused = self.projection_.transform(fused)
        elif self.fuse == "embedding" and self.final_estimator is None:
            fused = self._prior_scaled(fused, decisions)
        return decisions_of(self.final_estimator_, fused)


def spread_of(values: np.ndarray) -> np.ndarray:
    """Return each column's standard deviation, 1 where a column does not vary."""
    spread = values.std(axis=0)
    return np.where(spread > 1e-12, spread, 1.0)
