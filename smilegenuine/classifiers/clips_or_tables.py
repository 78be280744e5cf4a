"""What meta-estimators take: recordings, or a table of numbers, with labels and subjects."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import check_is_fitted, validate_data

from ..clips.record import as_clips
from .branches import is_recordings
from .subject_folds import check_groups, clips_and_labels, coded_labels


class ClipsOrTableMixin:
    """Mixin that opens what `fit` and `predict` are given, for estimators over classifiers."""

    _clips: bool

    def _open_labelled(self, X: Any, y: Any, groups: Any) -> tuple[
            Any, np.ndarray, np.ndarray, np.ndarray | None]:
        """Return what to fit on, its classes, the index of each label among them, and subjects."""
        self._clips = is_recordings(X)
        if self._clips:
            clips, classes, codes, subjects = clips_and_labels(X, y, groups)
            if groups is not None:  # classifiers look for the subject in the clip
                clips = [clip.replace(subject=str(s))
                         for clip, s in zip(clips, np.asarray(groups), strict=True)]
            return clips, classes, codes, subjects
        if isinstance(X, pd.DataFrame):  # classifiers may look for columns by their names
            validate_data(self, X, skip_check_array=True)
            y = column_or_1d(y, warn=True)
            check_consistent_length(X, y)
        else:
            X, y = validate_data(self, X, y, ensure_all_finite=self._finite())
        classes, codes = coded_labels(y)
        return X, classes, codes, None if groups is None else check_groups(groups, len(y),
                                                                           "samples")

    def _open(self, X: Any) -> Any:
        """Return what to decide about, of the kind that `fit` was given."""
        check_is_fitted(self)
        if self._clips:
            return as_clips(X)
        return validate_data(self, X, reset=False, ensure_all_finite=self._finite(),
                             skip_check_array=isinstance(X, pd.DataFrame))

    def _finite(self) -> bool | str:
        """Return what `validate_data` is to make of NaN in a table: its `ensure_all_finite`."""
        return True
