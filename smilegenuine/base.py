"""What all steps from clips to clips share: the loop over clips, errors, cache and progress.

A step writes only `_transform_clip`, from one `Clip` to another; everything that is the same for
all of them stands here once.
"""

from __future__ import annotations

import numbers
from collections.abc import Iterator
from typing import Any

import cv2
import joblib
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted, check_memory

from ._version import __version__
from .clip import Clip, as_clips
from .errors import ClipError
from .progress import progress

#: Parameters that say how to run and not what to compute; they do not enter cache keys.
_RUN_PARAMS = frozenset({"n_jobs", "verbose", "memory"})


class ClipTransformer(TransformerMixin, BaseEstimator):
    """Base of the steps from clips to clips.

    A subclass stores `n_jobs`, `verbose` and (where caching pays) `memory` in its constructor, and
    defines `_transform_clip`, `_check_params`, and where it learns something `_fit`.

    Attributes
    ----------
    _adds : str
        The field of `Clip` that the step fills. Clips that have it already pass through untouched.
    """

    _adds: str = ""
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
        """Give copies of the clips that know more.

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

    def set_output(self, *, transform: str | None = None) -> ClipTransformer:
        """Do nothing: clips are clips. It is here so that `Pipeline.set_output` goes through."""
        return self

    def _check_params(self) -> None:
        pass

    def _fit(self, clips: list[Clip]) -> None:
        pass

    def _transform_clip(self, clip: Clip) -> Clip:
        raise NotImplementedError

    def __sklearn_is_fitted__(self) -> bool:
        # Steps that learn nothing are ready from the start, as scikit-learn's stateless ones are.
        learns = type(self)._fit is not ClipTransformer._fit
        return not learns or any(v.endswith("_") and not v.startswith("_") for v in vars(self))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.allow_nan = True
        tags.no_validation = True
        tags.requires_fit = type(self)._fit is not ClipTransformer._fit
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
        `y[index]`), `failures` (DataFrame with the columns `index`, `clip`, `error`).

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
    if on_error == "raise":
        data = transformer.transform(X)
        return _batch(data, range(len(data)), [])
    failures: list[dict[str, Any]] = []
    opened: list[tuple[int, Clip]] = []
    for i, item in enumerate(list(X)):
        try:
            opened.append((i, as_clips([item])[0]))
        except (ClipError, OSError, TypeError) as error:
            failures.append({"index": i, "clip": str(item) if isinstance(item, str) else
                             f"item {i}", "error": str(error)})
    good, index = [], []
    results = run_clips(transformer, [clip for _, clip in opened], catch=True)
    for (i, clip), result in zip(opened, results, strict=True):
        if isinstance(result, Clip):
            good.append(result)
            index.append(i)
        else:
            failures.append({"index": i, "clip": clip.label, "error": str(result)})
    return _batch(good, index, sorted(failures, key=lambda f: f["index"]))


def _batch(data: list[Clip], index: Any, failures: list[dict[str, Any]]) -> Bunch:
    return Bunch(data=data, index=np.asarray(list(index), dtype=int),
                 failures=pd.DataFrame(failures, columns=["index", "clip", "error"]))


def run_clips(transformer: ClipTransformer, clips: list[Clip], *, catch: bool = False
              ) -> Iterator[Any]:
    """Apply a step to clips, in parallel and cached as its parameters say; results in order.

    With `catch`, a clip that cannot be used gives its exception in place of a clip.
    """
    worker = _worker(transformer)
    jobs = (joblib.delayed(_run_one)(worker, clip, catch) for clip in clips)
    parallel = joblib.Parallel(n_jobs=transformer.n_jobs, return_as="generator")
    return progress(parallel(jobs), total=len(clips), verbose=transformer.verbose,
                    name=type(transformer).__name__)


def _worker(transformer: ClipTransformer) -> Any:
    """The function from clip to clip, cached on disk where `memory` says so.

    What enters the cache key is the kind of step, what it computes (parameters and learnt state)
    and the clip; not how it is run.
    """
    if transformer.memory is None:
        return transformer._transform_clip
    bare = clone(transformer).set_params(
        **{p: None for p in _RUN_PARAMS if p in transformer.get_params(deep=False)})
    learnt = {k: v for k, v in vars(transformer).items() if k.endswith("_")}
    for k, v in learnt.items():
        setattr(bare, k, v)
    key = (type(transformer).__name__, __version__)
    cached = check_memory(transformer.memory).cache(transform_cached)
    return _Cached(cached, bare, key)


class _Cached:
    """A picklable call of a cached step (a lambda would not cross process borders)."""

    def __init__(self, cached: Any, step: ClipTransformer, key: tuple[str, ...]) -> None:
        self.cached, self.step, self.key = cached, step, key

    def __call__(self, clip: Clip) -> Clip:
        result: Clip = self.cached(self.step, clip, self.key)
        # The frame source is not worth caching, and its state must not shadow the caller's.
        return result.replace(frames=clip.frames)


def transform_cached(step: ClipTransformer, clip: Clip, key: tuple[str, ...]) -> Clip:
    """Run one step on one clip; joblib caches this call."""
    return step._transform_clip(clip).replace(frames=None)


def _run_one(worker: Any, clip: Clip, catch: bool) -> Any:
    if cv2.getNumThreads() > 1 and joblib.parallel.get_active_backend()[0].nesting_level:
        cv2.setNumThreads(1)  # one clip a process is parallel enough
    try:
        return worker(clip)
    except Exception as error:
        if catch and isinstance(error, (ClipError, OSError, ValueError)):
            return error
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


def check_positive(name: str, value: Any, *, whole: bool = False, at_least: float = 0.0) -> None:
    """Raise a `ValueError` unless a parameter is a (whole) number above `at_least`."""
    kind: Any = numbers.Integral if whole else numbers.Real
    if isinstance(value, bool) or not isinstance(value, kind) or not value >= at_least:
        raise ValueError(f"{name} must be {'a whole number' if whole else 'a number'} of at least "
                         f"{at_least:g}, not {value!r}")


