"""What all transformers from clips to rows of features share: scikit-learn's interface, and checks.

A transformer writes `_check_params`, `get_feature_names_out` and `transform`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from ..clips.errors import ClipError
from ..clips.record import Clip, as_clips
from ..clips.steps import check_rate


class ClipFeatures(TransformerMixin, BaseEstimator, ABC):
    """Base of the transformers from clips to rows of features. They learn nothing.

    Attributes
    ----------
    n_features_out_ : int
        Number of features.
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the parameters and the recordings.

        Parameters
        ----------
        X : list of recordings
            See `transform`.
        y : ignored

        Returns
        -------
        self
        """
        self._check_params()
        self._opened(X)
        self.n_features_out_ = len(self.get_feature_names_out())
        return self

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> Any:
        """Check, and compute the features.

        Parameters
        ----------
        X : list of recordings
            See `transform`.
        y : ignored

        Returns
        -------
        features
            See `transform`.
        """
        # Opened once: an iterator is used up by one pass, and one warning is enough.
        items = X if hasattr(X, "iloc") else self._opened(X)
        return self.fit(items, y, **fit_params).transform(items)

    @abstractmethod
    def transform(self, X: Any) -> Any:
        """Compute the features."""

    @abstractmethod
    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the features, in their order."""

    @abstractmethod
    def _check_params(self) -> None: ...

    def _opened(self, X: Any) -> list[Any]:
        return as_clips(X)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.allow_nan = True
        tags.no_validation = True
        tags.requires_fit = False
        return tags


def check_option(name: str, value: Any, known: Sequence[str]) -> None:
    """Raise a `ValueError` unless a parameter is one of some names."""
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}, not {value!r}")


def check_chosen(name: str, chosen: Any, known: Sequence[str]) -> None:
    """Raise a `ValueError` unless a parameter is a list or tuple of some of these names."""
    listed = isinstance(chosen, Sequence) and not isinstance(chosen, str)
    if not listed or not len(chosen) or any(name not in known for name in chosen):
        raise ValueError(f"{name} must be a tuple of some of {', '.join(known)}, not {chosen!r}")


def check_measured(clip: Clip, measured: np.ndarray, at_least: int, what: str) -> None:
    """Raise a `ClipError` unless enough frames are measured, at the rate of a recording.

    Parameters
    ----------
    clip : Clip
        With timing.
    measured : array of bool of shape (T,)
    at_least : int
        Frames that are needed.
    what : str
        What is true of measured frames, for the message: "are valid".
    """
    if len(measured) < at_least:
        raise ClipError(clip.label, f"is too short: {len(measured)} frames, at least {at_least} "
                        "are needed")
    if measured.sum() < at_least:
        raise ClipError(clip.label, f"only {int(measured.sum())} of {len(measured)} frames {what}; "
                        f"at least {at_least} are needed. Was the face in view?")
    check_rate(clip)
