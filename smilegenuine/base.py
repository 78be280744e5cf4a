"""What all steps from clips to clips share: the loop over clips, errors, cache and progress.

A step writes only `_transform_clip`, from one `Clip` to another; everything that is the same for
all of them stands here once.
"""

from __future__ import annotations

import numbers
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import cv2
import joblib
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted, check_memory

from ._version import __version__
from .clip import Clip, as_clips, listed, open_items
from .errors import ClipError
from .progress import progress

# Frame rates beyond these are mistaken units (times in milliseconds) sooner than recordings.
_LEAST_FPS, _MOST_FPS = 4.0, 1000.0

#: Parameters that say how to run and not what to compute; they do not enter cache keys.
_RUN_PARAMS = frozenset({"n_jobs", "verbose", "memory"})


class ClipTransformer(TransformerMixin, BaseEstimator, ABC):
    """Base of the steps from clips to clips.

    A subclass stores `n_jobs`, `verbose` and (where caching pays) `memory` in its constructor, and
    defines `_transform_clip`, `_check_params`, and where it learns something `_fit`.

    Attributes
    ----------
    _adds : tuple of str
        The fields of `Clip` that the step fills. Clips that have the first already pass through
        untouched.
    _reads : tuple of str
        The fields that it looks at; a cached result is used again where these are the same.
    _keeps_clips : bool
        Whether `memory` keeps measured clips. False where a step keeps something better itself.
    """

    _adds: tuple[str, ...] = ()
    _reads: tuple[str, ...] = ()
    _keeps_clips: bool = True
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

    @abstractmethod
    def _transform_clip(self, clip: Clip) -> Clip:
        """Give a copy of the clip that knows more."""

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
    items = listed(X)
    results = dict(enumerate(open_items(items)))
    opened = {i: clip for i, clip in results.items() if isinstance(clip, Clip)}
    done = run_clips(transformer, list(opened.values()), places=list(opened), catch=True)
    results.update(zip(opened, done, strict=True))
    good = {i: result for i, result in results.items() if isinstance(result, Clip)}
    failures = [{"index": i, "clip": _name_of(items[i], i), "error": str(error)}
                for i, error in results.items() if i not in good]
    return _batch(list(good.values()), good, failures)


def _batch(data: list[Clip], index: Any, failures: list[dict[str, Any]]) -> Bunch:
    return Bunch(data=data, index=np.asarray(list(index), dtype=int),
                 failures=pd.DataFrame(failures, columns=["index", "clip", "error"]))


def _name_of(item: Any, i: int) -> str:
    if isinstance(item, Clip):
        return item.name or f"item {i}"
    return str(item) if isinstance(item, (str, os.PathLike)) else f"item {i}"


def run_clips(transformer: ClipTransformer, clips: list[Clip], *,
              places: Sequence[int] | None = None, catch: bool = False) -> Iterator[Any]:
    """Apply a step to clips, in parallel and cached as its parameters say; results in order.

    Clips without a name are called by their place in the list, or by `places`, in errors. With
    `catch`, a clip that cannot be used gives its exception in place of a clip.
    """
    worker = _Worker(transformer)
    numbered = zip(range(len(clips)) if places is None else places, clips, strict=True)
    jobs = (joblib.delayed(_run_one)(worker, clip, i, catch) for i, clip in numbered)
    parallel = joblib.Parallel(n_jobs=transformer.n_jobs, return_as="generator")
    return progress(parallel(jobs), total=len(clips), verbose=transformer.verbose,
                    name=type(transformer).__name__)


class _Worker:
    """The function from clip to clip, in a form that crosses process borders.

    Clips that know what the step adds pass untouched. Where `memory` says so, what it adds is kept
    on disk: under the kind of step, what it computes (parameters and learnt state) and the fields
    that it reads, whatever else the clip knows and however the step is run.
    """

    def __init__(self, transformer: ClipTransformer) -> None:
        self.step, self.cached = transformer, None
        if transformer.memory is not None and transformer._keeps_clips:
            run = _RUN_PARAMS & set(transformer.get_params(deep=False))
            self.step = clone(transformer).set_params(**dict.fromkeys(run))
            for name, learnt in vars(transformer).items():
                if name.endswith("_"):
                    setattr(self.step, name, learnt)
            self.cached = open_memory(transformer.memory).cache(transform_cached)

    def __call__(self, clip: Clip) -> Clip:
        known = clip.known()
        if known[self.step._adds[0]] is not None:
            return clip
        if self.cached is None:
            return self.step._transform_clip(clip)
        seen = Clip(**{field: known[field] for field in (*self.step._reads, "name", "fps")})
        key = (type(self.step).__name__, __version__)
        return clip.replace(**self.cached(self.step, seen, key))


def open_memory(memory: Any) -> Any:
    """Give the cache that a parameter `memory` means, at the same place for every process.

    Parameters
    ----------
    memory : str, Path, joblib.Memory or None

    Returns
    -------
    joblib.Memory, or what else has its interface
    """
    if isinstance(memory, (str, os.PathLike)):
        # Worker processes outlive a change of folder, and would put a relative path elsewhere.
        memory = os.path.abspath(memory)
    return check_memory(memory)


def transform_cached(step: ClipTransformer, clip: Clip, key: tuple[str, ...]) -> dict[str, Any]:
    """Run one step on one clip and give the fields that it adds; joblib caches this call."""
    known = step._transform_clip(clip).known()
    return {field: known[field] for field in step._adds}


def _run_one(worker: Any, clip: Clip, place: int, catch: bool) -> Any:
    if cv2.getNumThreads() > 1 and joblib.parallel.get_active_backend()[0].nesting_level:
        cv2.setNumThreads(1)  # one clip a process is parallel enough
    try:
        return worker(clip)
    except ClipError as error:
        if clip.name is None and error.clip == clip.label:
            who = f"item {place}" + (f", {clip.label}" if clip.subject else "")
            error = type(error)(who, error.problem)
        if not catch:
            raise error from None
        return error
    except Exception as error:
        error.add_note(f"It was raised while {clip.name or f'item {place}'} was worked on.")
        if not catch or not isinstance(error, (OSError, ValueError)):
            raise
        return error


@contextmanager
def whole_fit(estimator: BaseEstimator) -> Iterator[None]:
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
    """Say whether a clip knows its action units and has no picture: there is nothing to look at.

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
    if isinstance(value, bool) or not isinstance(value, kind) or \
            not at_least <= value < np.inf:
        raise ValueError(f"{name} must be {'a whole number' if whole else 'a number'} of at least "
                         f"{at_least:g}, not {value!r}")


