"""What all steps from clips to clips share: scikit-learn's interface, and checks.

A step writes only `transform_clip`, from one `Clip` to another; the loop over clips, with errors,
cache and progress, is in `clips.runs`.
"""

from __future__ import annotations

import numbers
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted

from .errors import ClipError
from .record import Clip, as_clips, listed, open_items
from .runs import Tally, run_clips

# Frame rates beyond these are mistaken units (times in milliseconds) sooner than recordings.
_LEAST_FPS, _MOST_FPS = 4.0, 1000.0


class ClipTransformer(TransformerMixin, BaseEstimator, ABC):
    """Base of the steps from clips to clips.

    A subclass stores `n_jobs`, `verbose` and (where caching pays) `memory` in its constructor, and
    defines `transform_clip`, `_check_params`, and where it learns something `_fit`. Steps whose
    looking at frames takes the time split `transform_clip`: a public `look` or `looker` that takes
    frames in their order, as many as there are by now, and `assemble`, which takes a clip and what
    was seen of its frames. Whoever measures a film while it runs uses the two.

    Attributes
    ----------
    adds : tuple of str
        The fields of `Clip` that the step fills. Clips that have the first already pass through
        untouched.
    reads : tuple of str
        The fields that it looks at; a cached result is used again where these are the same.
    keeps_clips : bool
        Whether `memory` keeps measured clips. False where a step keeps something better itself.
    learns : bool
        Whether `fit` learns something from the clips.
    """

    adds: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    keeps_clips: bool = True
    n_jobs: int | None = None
    verbose: int | bool = False
    memory: Any = None

    def fit(self, X: Any, y: Any = None) -> ClipTransformer:
        """Check the parameters, and learn from the clips where there is something to learn.

        Parameters
        ----------
        X : list of recordings
            Anything that `as_clips` takes.
        y : ignored

        Returns
        -------
        self
        """
        self._check_params()
        self._fit(as_clips(X))
        return self

    def transform(self, X: Any) -> list[Clip]:
        """Return copies of the clips that know more.

        Parameters
        ----------
        X : list of recordings
            Anything that `as_clips` takes.

        Returns
        -------
        list of Clip
            In the order of `X`.

        Raises
        ------
        ClipError
            A clip cannot be used; the message names it. See `transform_clips` for going on with
            the others.
        """
        check_is_fitted(self)
        self._check_params()
        return list(run_clips(self, as_clips(X)))

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> list[Clip]:
        """Fit, and give copies of the same clips that know more.

        Parameters
        ----------
        X : list of recordings
            Anything that `as_clips` takes.
        y : ignored
        **fit_params
            Passed to `fit`.

        Returns
        -------
        list of Clip
        """
        # Opened once: a generator can be walked through once only.
        clips: list[Clip] = super().fit_transform(as_clips(X), y, **fit_params)
        return clips

    def set_output(self, *, transform: str | None = None) -> ClipTransformer:
        """Do nothing: clips are clips. It is here so that `Pipeline.set_output` goes through."""
        return self

    def _check_params(self) -> None:
        pass

    def _fit(self, clips: list[Clip]) -> None:
        pass

    @property
    def learns(self) -> bool:
        """Whether `fit` learns something from the clips."""
        return type(self)._fit is not ClipTransformer._fit

    @abstractmethod
    def transform_clip(self, clip: Clip) -> Clip:
        """Return a copy of one clip that knows more, whatever it knows and without the cache.

        Parameters
        ----------
        clip : Clip
            From `as_clips`.

        Returns
        -------
        Clip
            The clip itself where there is nothing to measure.

        Raises
        ------
        ClipError
            The clip cannot be used.
        """

    def __sklearn_is_fitted__(self) -> bool:
        # Steps that learn nothing are ready from the start, as scikit-learn's stateless ones are.
        return not self.learns or any(v.endswith("_") and not v.startswith("_")
                                      for v in vars(self))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.allow_nan = True
        tags.no_validation = True
        tags.requires_fit = self.learns
        return tags


def transform_clips(transformer: ClipTransformer, X: Any, *, on_error: str = "raise") -> Bunch:
    """Run a fitted clip step over a batch in which some clips may be unusable.

    Parameters
    ----------
    transformer : ClipTransformer
        For instance `FaceAligner()`. Its `n_jobs`, `verbose` and `memory` apply.
    X : list of recordings
        Anything that `as_clips` takes.
    on_error : {"raise", "skip"}, default="raise"
        "raise": stop at the first clip that cannot be used. "skip": leave it out and report it.

    Returns
    -------
    Bunch
        `data` (list of Clip, the good ones), `index` (array of their positions in `X`, for
        `y[index]`), `failures` (DataFrame with the columns `index`, `clip`, `error`), `tally` (how
        many clips were `measured`, were `kept` in the cache, or were `known` without the step).

    Raises
    ------
    ClipError, FileNotFoundError
        With `on_error="raise"`, for the first bad clip.

    Examples
    --------
    >>> import numpy as np
    >>> from smilegenuine import FaceAligner, transform_clips
    >>> result = transform_clips(FaceAligner(), [np.zeros((9, 64, 64, 3), np.uint8)],
    ...                          on_error="skip")  # doctest: +SKIP
    >>> len(result.data), list(result.failures["clip"])  # doctest: +SKIP
    (0, ['item 0'])
    """
    if on_error not in ("raise", "skip"):
        raise ValueError(f"on_error must be 'raise' or 'skip', not {on_error!r}")
    check_is_fitted(transformer)
    transformer._check_params()
    items, tally = listed(X), Tally()
    if on_error == "raise":
        results = dict(enumerate(run_clips(transformer, as_clips(items), tally=tally)))
    else:
        results = dict(enumerate(open_items(items)))
        opened = {i: clip for i, clip in results.items() if isinstance(clip, Clip)}
        measured = run_clips(transformer, list(opened.values()), places=list(opened), catch=True,
                             tally=tally)
        results.update(zip(opened, measured, strict=True))
    good = {i: result for i, result in results.items() if isinstance(result, Clip)}
    failures = [{"index": i, "clip": _name_of(items[i], i), "error": str(error)}
                for i, error in results.items() if i not in good]
    return Bunch(data=list(good.values()), index=np.array(list(good), dtype=int), tally=tally,
                 failures=pd.DataFrame(failures, columns=["index", "clip", "error"]))


def _name_of(item: Any, i: int) -> str:
    if isinstance(item, Clip):
        return item.name or f"item {i}"
    return str(item) if isinstance(item, (str, os.PathLike)) else f"item {i}"


@contextmanager
def atomic_fit(estimator: BaseEstimator) -> Iterator[None]:
    """Leave an estimator as it was where fitting it fails or is interrupted.

    Half of a new fit in an old one would answer, and nobody would know.
    """
    before = dict(estimator.__dict__)
    try:
        yield
    except BaseException:
        estimator.__dict__.clear()
        estimator.__dict__.update(before)
        raise


def require_fields(clip: Clip, fields: tuple[str, ...], who: str, remedy: str) -> None:
    """Raise a `ClipError` unless the clip has all the fields.

    Parameters
    ----------
    clip : Clip
        The clip.
    fields : tuple of str
        Names of fields of `Clip`.
    who : str
        The step that needs them, for the message.
    remedy : str
        What to do, for the message.
    """
    missing = [f for f in fields if getattr(clip, f) is None]
    if missing:
        raise ClipError(clip.label, f"{who} needs `{'` and `'.join(missing)}`; {remedy}")


def check_rate(clip: Clip) -> None:
    """Raise unless the frames of a clip follow each other as those of a recording do.

    Parameters
    ----------
    clip : Clip
        With timing, of two frames at least.

    Raises
    ------
    ClipError
        Its frame rate is that of mistaken units sooner than of a recording.
    """
    rate = 1.0 / float(np.median(np.diff(np.asarray(clip.times))))
    if not _LEAST_FPS <= rate <= _MOST_FPS:
        raise ClipError(clip.label, f"has {rate:.3g} frames a second; {_LEAST_FPS:g} to "
                        f"{_MOST_FPS:g} are understood. Are its times in seconds?")


def has_signals_only(clip: Clip) -> bool:
    """Return whether a clip knows its action units and has no picture: there is nothing to look at.

    Parameters
    ----------
    clip : Clip

    Returns
    -------
    bool
    """
    return clip.faces is None and clip.frames is None and clip.aus is not None


def check_positive(name: str, value: Any, *, whole: bool = False, at_least: float = 0.0) -> None:
    """Raise a `ValueError` unless a parameter is a finite (whole) number of `at_least`."""
    kind: Any = numbers.Integral if whole else numbers.Real
    if isinstance(value, bool) or not isinstance(value, kind) or not at_least <= value < np.inf:
        raise ValueError(f"{name} must be {'a whole number' if whole else 'a number'} of at least "
                         f"{at_least:g}, not {value!r}")


