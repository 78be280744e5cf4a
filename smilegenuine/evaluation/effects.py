"""How far posed and spontaneous smiles lie apart in each feature of a table, by subject.

Pure functions on arrays. Smiles of one person are alike, so clips are not independent. Counted as
if they were, differences are found too soon where people show one class each, and too late where
they show both. Here the unit of the test and of the resampling is the person.
"""

from __future__ import annotations

import math
import numbers
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from scipy.sparse import csr_array
from sklearn.utils import check_random_state

from .significance import check_confidence

UNITS = ("subject", "clip")

# Spreads below this share of a feature's size are what rounding leaves of a constant; and so are
# variances within classes below this, of features scaled to a range of 1.
_ROUNDING, _NOTHING = 1e-12, 1e-13
# Resampled tables of this many numbers are made at a time: features come in blocks.
_BLOCK = 2_000_000


def effect_sizes(table: Any, y: Any, groups: Any, *, unit: str = "subject",
                 confidence: float = 0.95, n_resamples: int = 2000, random_state: Any = None
                 ) -> pd.DataFrame:
    """Measure how far the two classes lie apart in each feature, with whole subjects as the unit.

    Parameters
    ----------
    table : DataFrame, or array-like of shape (n_clips, n_features)
        Features of clips, such as `DMarkers` or `AUDA` give; finite numbers.
    y : array-like of shape (n_clips,)
        Two labels. Effects are the larger one's ("spontaneous", 1) less the smaller one's.
    groups : array-like of shape (n_clips,)
        Subjects. Some may show one class only.
    unit : {"subject", "clip"}, default="subject"
        Of the effect size. "subject": the mean of each subject and class counts once. "clip": every
        clip counts, as in most publications. Means of clips spread less than clips do, so effects
        are larger with "subject". Interval and test are by subject either way.
    confidence : float, default=0.95
        Of the intervals, between 0 and 1.
    n_resamples : int, default=2000
        Resamplings of the subjects behind an interval, at least 100.
    random_state : int, RandomState or None, default=None
        With an int the intervals are the same every time.

    Returns
    -------
    DataFrame
        A row a feature: `feature`, its name (of an array, "x0", "x1", …); `effect`, Hedges' g: the
        difference of the means over the pooled standard deviation within classes, times the
        correction for few samples; `lower` and `upper` of its interval; `difference` of the
        subjects' means, in the feature's unit; `t`, `df` and `p` (two-sided) of the test that it is
        nothing; `p adjusted`, corrected for the number of features; `subjects`, and `pairs`, how
        many of them show both classes.

    Raises
    ------
    TypeError, ValueError
        A table that is not one of finite numbers, different lengths, not two classes, missing
        labels, a class that fewer than two subjects show, or a parameter that makes no sense.

    Notes
    -----
    **Test.** Clips are averaged for each subject and class first. Of these means some come in pairs
    (the subject shows both classes) and some do not. The partially overlapping samples t-test [1]_
    takes both: it is the paired t-test where all subjects show both classes, Welch's where none
    does, and between the two it neither throws subjects away nor takes pairs as strangers. (A
    permutation of labels within subjects would need no normality, but it leaves out who shows one
    class only, and its smallest p, one over the permutations, is too coarse to be corrected for the
    thousands of features of `AUDA`.) With less than some ten subjects and features that are far
    from normal, its p is rough.

    **Interval.** Bias-corrected and accelerated bootstrap, which suits standardised differences
    [2]_, over subjects: all clips of a person are drawn together. It is of one feature at a time.

    **Correction.** `p adjusted` is Benjamini and Hochberg's [3]_: taking all features below 0.05,
    at most 5 % of them are expected to be chance findings. Features that are constant are not
    counted; their effect, interval and p are NaN. Where the classes differ and nothing else does,
    the effect is infinite and p is 0, which is the limit of the test and no proof.

    References
    ----------
    .. [1] Derrick, Russ, Toher & White (2017), Test statistics for the comparison of means for two
       samples that include both paired and independent observations,
       doi:10.22237/jmasm/1493597280.
    .. [2] Kelley (2005), The effects of nonnormal distributions on confidence intervals around the
       standardized mean difference, doi:10.1177/0013164404264850.
    .. [3] Benjamini & Hochberg (1995), Controlling the false discovery rate,
       doi:10.1111/j.2517-6161.1995.tb02031.x.

    Examples
    --------
    >>> from smilegenuine import AUDA
    >>> from smilegenuine.datasets import make_smile_signals
    >>> from smilegenuine.evaluation.effects import effect_sizes
    >>> smiles = make_smile_signals(30, 4, random_state=0)
    >>> table = AUDA(phases=("onset",)).set_output(transform="pandas").fit_transform(smiles.data)
    >>> found = effect_sizes(table[["onset_AU12_range", "onset_AU12_adjslope27_max"]],
    ...                      smiles.target, smiles.groups, random_state=0)
    >>> found[["feature", "subjects", "pairs"]]
                         feature  subjects  pairs
    0           onset_AU12_range        30     30
    1  onset_AU12_adjslope27_max        30     30
    >>> bool((found["effect"] < 0).all())
    True
    """
    names, values = _features(table)
    second, subject = _labels(y, groups, len(values))
    _check_parameters(unit, confidence, n_resamples)
    rng = check_random_state(random_state)
    spread = np.ptp(values, axis=0)
    constant = spread <= _ROUNDING * np.abs(values).max(axis=0)
    # Numbers of like size around 0, so that sums of squares lose no digits; effects stay the same.
    scale = np.where(constant, 1.0, spread)
    values = np.where(constant, 0.0, (values - values.mean(axis=0)) / scale)
    sums = _Sums.of(values, second, subject)
    means = sums.averaged()
    chosen = means if unit == "subject" else sums
    effect, lower, upper = _intervals(chosen, confidence, n_resamples, rng)
    difference, t, df, p = _overlapping_ttest(means)
    with np.errstate(invalid="ignore"):
        effects = pd.DataFrame({
            "feature": names, "effect": effect, "lower": lower, "upper": upper,
            "difference": difference * scale, "t": t, "df": df, "p": p, "p adjusted": p})
    effects.loc[constant, ["effect", "lower", "upper", "t", "df", "p", "p adjusted"]] = np.nan
    known = effects["p"].notna()
    if known.any():
        effects.loc[known, "p adjusted"] = stats.false_discovery_control(effects.loc[known, "p"])
    n = sums.number > 0
    return effects.assign(subjects=n.shape[1], pairs=int(n.all(axis=0).sum()))


# -- what is asked for --------------------------------------------------------------------------

def _features(table: Any) -> tuple[list[str], np.ndarray]:
    """Names, and values (n_clips, n_features)."""
    columns = getattr(table, "columns", None)
    try:
        values = np.asarray(table, dtype=float)
    except (TypeError, ValueError) as error:
        raise TypeError(f"table must hold numbers, a row a clip: {error}") from None
    if values.ndim != 2 or not values.size:
        raise ValueError("table must be (n_clips, n_features) with at least one of each, not "
                         f"{values.shape}")
    names = [f"x{k}" for k in range(values.shape[1])] if columns is None else \
        [str(name) for name in columns]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"table has two columns '{twice}'; give each a name of its own")
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        row, column = wrong[0]
        raise ValueError(f"table holds {len(wrong)} values that are not finite, the first in row "
                         f"{row}, '{names[column]}'; leave such clips or features out")
    return names, values


def _labels(y: Any, groups: Any, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Whether each clip is of the second class, and the number of its subject."""
    columns = {}
    for name, values, what in (("y", y, "label"), ("groups", groups, "subject")):
        values = np.asarray(values, dtype=object)
        if values.shape != (n,):
            raise ValueError(f"{name} must hold the {what} of each of {n} clips, ({n},), not "
                             f"{values.shape}")
        if pd.isna(values).any():
            raise ValueError(f"{name} has no {what} for clip {int(pd.isna(values).argmax())}; "
                             "leave such clips out")
        columns[name] = np.array(values.tolist())
    classes, second = np.unique(columns["y"], return_inverse=True)
    if len(classes) != 2:
        shown = ", ".join(f"'{label}'" for label in classes[:5])
        raise ValueError(f"y must have two classes, posed and spontaneous smiles, not "
                         f"{len(classes)}: {shown}{', …' if len(classes) > 5 else ''}")
    subject = np.unique(columns["groups"], return_inverse=True)[1]
    for k, label in enumerate(classes):
        n_subjects = len(np.unique(subject[second == k]))
        if n_subjects < 2:
            raise ValueError(f"class '{label}' is shown by {n_subjects} subject; how much subjects "
                             "differ is not known from less than two")
    return second == 1, subject


def _check_parameters(unit: Any, confidence: Any, n_resamples: Any) -> None:
    if unit not in UNITS:
        raise ValueError(f"unit must be one of {', '.join(UNITS)}, not {unit!r}")
    check_confidence(confidence)
    if isinstance(n_resamples, bool) or not isinstance(n_resamples, numbers.Integral) or \
            n_resamples < 100:
        raise ValueError(f"n_resamples must be a whole number of at least 100, not {n_resamples!r}")


# -- effects ------------------------------------------------------------------------------------

class _Sums(NamedTuple):
    """What is summed for each class and subject; of any set of subjects, effects follow from it.

    Attributes
    ----------
    number : array of shape (2, n_subjects)
    total, squares : array of shape (2, n_subjects, n_features)
    """

    number: np.ndarray
    total: np.ndarray
    squares: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, second: np.ndarray, subject: np.ndarray) -> _Sums:
        n_clips, n_subjects = len(values), int(subject.max()) + 1
        cell = subject + second * n_subjects
        member = csr_array((np.ones(n_clips), (cell, np.arange(n_clips))),
                           shape=(2 * n_subjects, n_clips))
        number = np.bincount(cell, minlength=2 * n_subjects).astype(float)
        return cls(number.reshape(2, -1), (member @ values).reshape(2, n_subjects, -1),
                   (member @ values ** 2).reshape(2, n_subjects, -1))

    def averaged(self) -> _Sums:
        """The same with the mean of each class and subject as the one value that there is."""
        shown = self.number > 0
        mean = self.total / np.where(shown, self.number, 1.0)[..., None]
        return _Sums(shown.astype(float), mean, mean ** 2)

    def block(self, features: slice) -> _Sums:
        return _Sums(self.number, self.total[..., features], self.squares[..., features])

    def weighted(self, weights: np.ndarray) -> _Sums:
        """The sums of subjects taken as often as each row of `weights` (B, n_subjects) says."""
        return _Sums(*(np.stack([weights @ part[k] for k in (0, 1)]) for part in self))

    def left_out(self) -> _Sums:
        """The sums without one subject, of each subject."""
        return _Sums(*(part.sum(axis=1, keepdims=True) - part for part in self))

    def effects(self) -> np.ndarray:
        """Cohen's d, (B, n_features), of sums over subjects; NaN or infinite where it is not."""
        number = self.number[..., None]
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = self.total / number
            within = np.maximum(self.squares - number * mean ** 2, 0.0).sum(axis=0)
            variance = within / (number.sum(axis=0) - 2.0)
            variance[variance < _NOTHING] = 0.0
            return np.asarray((mean[1] - mean[0]) / np.sqrt(variance))


def _intervals(sums: _Sums, confidence: float, n_resamples: int, rng: np.random.RandomState
               ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hedges' g, and the BCa interval of it over subjects; NaN where there is none."""
    n_subjects = sums.number.shape[1]
    drawn = rng.multinomial(n_subjects, np.full(n_subjects, 1.0 / n_subjects), size=n_resamples)
    drawn = drawn.astype(float)
    n_features = sums.total.shape[2]
    step = max(1, _BLOCK // max(n_resamples, n_subjects))
    parts = [_block_intervals(sums.block(slice(k, k + step)), drawn, confidence)
             for k in range(0, n_features, step)]
    df = float(sums.number.sum()) - 2.0
    # Hedges (1981); by logarithms, as the gamma function of hundreds is beyond all floats.
    correction = math.exp(math.lgamma(df / 2) - math.lgamma((df - 1) / 2)) * math.sqrt(2 / df)
    effect, lower, upper = (correction * np.concatenate(part) for part in
                            zip(*parts, strict=True))
    return effect, lower, upper


def _block_intervals(sums: _Sums, drawn: np.ndarray, confidence: float
                     ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    effect = sums.weighted(np.ones((1, drawn.shape[1]))).effects()[0]
    resampled = sums.weighted(drawn).effects()
    resampled[~np.isfinite(resampled)] = np.nan  # a class without subjects, or without any spread
    left_out = sums.left_out().effects()
    left_out[~np.isfinite(left_out)] = np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        known = np.isfinite(resampled).sum(axis=0)
        below = ((resampled < effect).sum(axis=0) + 0.5 * (resampled == effect).sum(axis=0)) / known
        bias = stats.norm.ppf(below)
        away = np.nansum(left_out, axis=0) / np.isfinite(left_out).sum(axis=0) - left_out
        acceleration = np.nansum(away ** 3, axis=0) / (6.0 * np.nansum(away ** 2, axis=0) ** 1.5)
        ordered = np.sort(resampled, axis=0)  # NaN at the end
        bounds = []
        for level in (0.5 - confidence / 2.0, 0.5 + confidence / 2.0):
            z = bias + stats.norm.ppf(level)
            share = stats.norm.cdf(bias + z / (1.0 - acceleration * z))
            bounds.append(_at_share(ordered, share, known))
    return effect, bounds[0], bounds[1]


def _at_share(ordered: np.ndarray, share: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The quantile `share` of each column, the first `known` of which are numbers."""
    usable = np.isfinite(share) & (known > 0)
    place = np.where(usable, share, 0.0) * np.maximum(known - 1, 0)
    low = np.floor(place).astype(int)
    high = np.minimum(low + 1, np.maximum(known - 1, 0))
    column = np.arange(ordered.shape[1])
    value = ordered[low, column] + (place - low) * (ordered[high, column] - ordered[low, column])
    return np.where(usable, value, np.nan)


def _overlapping_ttest(means: _Sums) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Difference, t, degrees of freedom and p of subjects' means, of which some are pairs."""
    shown = means.number > 0
    n = shown.sum(axis=1)
    both = shown.all(axis=0)
    pairs, alone = int(both.sum()), int((shown.sum(axis=0) == 1).sum())
    first, second = (means.total[k][shown[k]] for k in (0, 1))
    difference = second.mean(axis=0) - first.mean(axis=0)
    variances = np.array([first.var(axis=0, ddof=1), second.var(axis=0, ddof=1)])
    each = variances / n[:, None]
    a, b = means.total[0][both], means.total[1][both]
    shared = np.zeros(len(difference))
    with np.errstate(divide="ignore", invalid="ignore"):
        if pairs > 1:
            r = ((a - a.mean(axis=0)) * (b - b.mean(axis=0))).sum(axis=0) / (
                (pairs - 1) * np.sqrt(a.var(axis=0, ddof=1) * b.var(axis=0, ddof=1)))
            shared = 2.0 * pairs * np.nan_to_num(r) * np.sqrt(variances.prod(axis=0)) / n.prod()
        error = each.sum(axis=0) - shared
        error[error < _NOTHING ** 2] = 0.0  # deviations were squared here, not squares subtracted
        welch = each.sum(axis=0) ** 2 / (each ** 2 / (n - 1)[:, None]).sum(axis=0)
        df = pairs - 1 + (welch - pairs + 1) / (alone + 2 * pairs) * alone
        t = np.where(np.abs(difference) < _ROUNDING, 0.0, difference / np.sqrt(error))
        df = np.where(error > 0, df, max(pairs - 1, 1.0))
        p = 2.0 * stats.t.sf(np.abs(t), df)
    return difference, t, df, p
