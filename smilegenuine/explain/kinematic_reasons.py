"""Why `KinematicsClassifier` decides as it does: which figure of a smile, in which direction.

What is not known is integrated out by the classifier, so it can be asked what it would say without
any figure. Shapley values of that need no other smile to compare with: without all of them,
nothing is known, and the log-odds are 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import logsumexp

from ..classifiers.kinematic_decisions import KinematicDecisionsMixin, MixtureTerm
from ..classifiers.kinematics_classifier import LEVELS
from ..classifiers.opening import steps_of, unwrapped
from ..clips.steps import check_positive
from ..features.smile_kinematics import KINEMATICS, Smile
from ..running.foreign_text import class_names
from .kinematics_words import direction_of, parameter_words, unit_of
from .shapley_values import shapley_values

# -- contributions --------------------------------------------------------------------------------

def kinematic_contributions(classifier: KinematicDecisionsMixin, row: Any, *, n_orders: int = 64,
                            random_state: int = 0) -> np.ndarray:
    """Return the Shapley values of the figures of a smile: what each adds to the log-odds.

    Parameters
    ----------
    classifier : KinematicsClassifier or AdaptedKinematicsClassifier
        Fitted.
    row : array of shape (n_features,), Series, or DataFrame of one row
        As `decision_function` takes rows. NaN for what is not known.
    n_orders : int, default=64
        Random orders, each of them also backwards, for signals of which more than ten columns are
        known. Of fewer, all subsets are looked at.
    random_state : int, default=0
        Of the orders.

    Returns
    -------
    array of shape (n_columns,)
        For each of `classifier.columns_`; 0 for what is not known. They add up to the decision of
        the row.

    Raises
    ------
    ValueError
        More than one row, other columns, or `n_orders` is no such number.
    NotFittedError
        The classifier is not fitted.

    Notes
    -----
    A column that takes no part is integrated out, as one that could not be measured is. What the
    classifier multiplies log-odds with depends on the signals that are known; here it is that of
    the whole row throughout. An adapted classifier adds up two such, and what is linear in the
    columns; its offset is shared alike by what is known.

    References
    ----------
    Castro, Gómez & Tejada (2009), Polynomial calculation of the Shapley value based on sampling,
    doi:10.1016/j.cor.2008.04.004.

    Examples
    --------
    >>> from smilegenuine import KinematicsClassifier, SmileKinematics
    >>> from smilegenuine.datasets import make_smile_signals
    >>> from smilegenuine.explain import kinematic_contributions
    >>> smiles = make_smile_signals(60, 2, random_state=0)
    >>> signals = list(zip(smiles.times, smiles.lips, smiles.eyelids))
    >>> kinematics = SmileKinematics().set_output(transform="pandas").fit_transform(signals)
    >>> clf = KinematicsClassifier(random_state=0).fit(kinematics, smiles.target)
    >>> contributions = kinematic_contributions(clf, kinematics.iloc[0])
    >>> bool(abs(contributions.sum() - clf.decision_function(kinematics[:1])[0]) < 1e-9)
    True
    """
    check_positive("n_orders", n_orders, whole=True, at_least=1)
    table = classifier.table(_one_row(row))
    if len(table) != 1:
        raise ValueError(f"row must be one smile's figures, not {len(table)} rows")
    values = classifier.linear_terms(table)[0]
    for term in classifier.mixture_terms(table[0]):
        rng = np.random.default_rng(random_state)  # the same orders for all
        values = values + term.weight * _term_values(term, n_orders, rng)
    odds = values.sum()
    # What surest answers are limited by shrinks all contributions alike.
    return np.asarray(values * (classifier.limited(odds) / odds) if odds else values)


def _term_values(term: MixtureTerm, n_orders: int, rng: np.random.Generator) -> np.ndarray:
    """What each column adds to the logarithm of the ratio of likelihoods."""
    values = np.zeros(len(term.values))
    for signal, block in term.blocks.items():  # what signals say is added up
        known = np.flatnonzero(np.isfinite(term.values[block]))
        places = np.asarray(block)[known]

        def log_odds(subsets: np.ndarray, signal: str = signal, known: np.ndarray = known,
                     row: np.ndarray = term.values[places]) -> np.ndarray:
            posed, spontaneous = (_log_density(mixture, row, known, subsets)
                                  for mixture in term.mixtures[signal])
            return spontaneous - posed

        values[places] = shapley_values(log_odds, len(known), n_orders=n_orders, rng=rng)
    return values


def _log_density(mixture: dict[str, np.ndarray], values: np.ndarray, columns: np.ndarray,
                 subsets: np.ndarray) -> np.ndarray:
    """Logarithm of a mixture's density of some columns alone, up to a constant of their number.

    Where a column takes no part, a standard normal one that is 0 and depends on nothing takes its
    place: it adds nothing, and all subsets are worked out together.
    """
    covariances = mixture["covariances"][:, columns[:, None], columns]
    both = subsets[:, None, :, None] & subsets[:, None, None, :]
    roots = np.linalg.cholesky(np.where(both, covariances, np.eye(len(columns))))
    apart = np.where(subsets[:, None], values - mixture["means"][:, columns], 0.0)
    far = (np.linalg.solve(roots, apart[..., None])[..., 0]**2).sum(axis=-1)
    size = 2.0 * np.log(np.diagonal(roots, axis1=-2, axis2=-1)).sum(axis=-1)
    return np.asarray(logsumexp(mixture["log_weights"] - 0.5 * (far + size), axis=1))


def _one_row(row: Any) -> Any:
    if isinstance(row, pd.Series):
        return row.to_frame().T
    return row if isinstance(row, pd.DataFrame) else np.atleast_2d(np.asarray(row, dtype=float))


# -- in words -------------------------------------------------------------------------------------

def reasons(model: Any, clip: Any, *, n_orders: int = 64, random_state: int = 0) -> pd.DataFrame:
    """Return why a model decides as it does about each smile of a recording.

    Parameters
    ----------
    model : KinematicsPipeline
        Fitted, such as `load_pretrained` and `adapt` give.
    clip : recording
        One, anything that `as_clip` takes.
    n_orders, random_state : as in `kinematic_contributions`

    Returns
    -------
    DataFrame
        A row a smile and figure that could be measured, the strongest of each smile first: `smile`
        (1, 2, …); `start`, `end` (seconds); `parameter`, one of
        `smilegenuine.features.smile_kinematics.KINEMATICS`; `words`, what was measured; `value` and
        its `unit`; for each class what is usual, by the quantiles `posed_05`, `posed_25`,
        `posed_50`, `posed_75`, `posed_95`, `spontaneous_05`, … (by the names of classes that are
        texts), as measured under conditions like these; `contribution`, log-odds; `speaks_for`, a
        class; `direction`, how the value lies to what is usual. No row where nobody smiles.

    Raises
    ------
    ValueError
        The model is another, or several recordings were given.
    ClipError
        The recording cannot be opened or measured.

    Notes
    -----
    Contributions of a smile add up to its log-odds. `direction` looks at one figure alone, and
    `contribution` at what it adds to the others: a duration that is usual for both classes speaks
    for one of them where, at such an amplitude, it is more usual there.
    """
    if isinstance(clip, (list, tuple)):
        raise ValueError(f"reasons takes one recording, not {len(clip)} in a {type(clip).__name__}")
    classifier = classifier_of(model)
    return reasons_of(classifier, unwrapped(model).measured([clip])[0], n_orders=n_orders,
                      random_state=random_state)


def classifier_of(model: Any) -> KinematicDecisionsMixin:
    """Return what decides in a pipeline of smile kinematics.

    Parameters
    ----------
    model : KinematicsPipeline

    Returns
    -------
    KinematicsClassifier or AdaptedKinematicsClassifier

    Raises
    ------
    ValueError
        It is no such pipeline.
    """
    last = steps_of(unwrapped(model))[-1][1]
    if not hasattr(unwrapped(model), "measured") or not isinstance(last, KinematicDecisionsMixin):
        raise ValueError("model must be a KinematicsPipeline that ends in a KinematicsClassifier, "
                         f"as load_pretrained gives it, not {type(model).__name__}; explain takes "
                         "any system")
    return last


def reasons_of(classifier: KinematicDecisionsMixin, smiles: Sequence[Smile], *,
               names: Sequence[str] | None = None, n_orders: int = 64, random_state: int = 0
               ) -> pd.DataFrame:
    """Return why a classifier decides as it does about each of some smiles.

    Parameters
    ----------
    classifier : KinematicsClassifier or AdaptedKinematicsClassifier
        Fitted.
    smiles : sequence of Smile
    names : sequence of two str, optional
        What classes are called; see `class_names`.
    n_orders, random_state : as in `kinematic_contributions`

    Returns
    -------
    DataFrame
        See `reasons`.
    """
    called = class_names(classifier.classes_) if names is None else list(names)
    levels = [f"{name}_{100 * level:02.0f}" for name in called for level in LEVELS]
    parameters = parameters_of(classifier)
    rows = []
    for number, smile in enumerate(smiles, 1):
        figures = pd.DataFrame([smile.figures], columns=list(KINEMATICS))
        contributions = kinematic_contributions(classifier, figures, n_orders=n_orders,
                                                random_state=random_state)
        condition = classifier.conditions_.index(classifier.likeliest_condition(figures)[0])
        for k in np.argsort(-np.abs(contributions), kind="stable"):
            parameter, contribution = parameters[k], contributions[k]
            value = smile.figures.get(parameter, np.nan)
            if not np.isfinite(value):
                continue
            usual = classifier.quantiles_[:, condition, k]
            speaks_for = classifier.classes_[int(contribution > 0)] if contribution else ""
            rows.append((number, smile.start, smile.end, parameter,
                         parameter_words(parameter, value), value, unit_of(parameter),
                         *usual.ravel(), contribution, speaks_for,
                         direction_of(parameter, value, usual, called)))
    return pd.DataFrame(rows, columns=["smile", "start", "end", "parameter", "words", "value",
                                       "unit", *levels, "contribution", "speaks_for", "direction"])


def parameters_of(classifier: KinematicDecisionsMixin) -> list[str]:
    """Return the columns of a classifier; of one that was fitted without names, by their places."""
    if hasattr(classifier, "feature_names_in_") or classifier.n_features_in_ != len(KINEMATICS):
        return classifier.columns_
    return [KINEMATICS[i] for i in classifier.kept_]
