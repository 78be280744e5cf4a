"""What a classifier of clips of your own can offer to be explained by its features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from ..clips.record import Clip


@runtime_checkable
class DecidesByFeatures(Protocol):
    """A classifier of clips that says by which features it decides.

    Whatever has these three methods is explained by its features: nothing is to be inherited from.
    Contributions are exact where the decision is a sum over features, else they are Shapley
    values of features, in groups where the classifier describes them.

    Two more are looked for, and need not be there:

    ``mean_features_`` : array of shape (n_features,)
        Mean features of the clips trained on, the baseline that a clip is compared with. Without
        it, `explain` and `explain_global` need ``background=``.
    ``describe_features()`` : DataFrame, or dict of columns, with a row a feature
        What features are about, by columns of `Explanation.table`: some of "au", of a pair also
        "other_au"; "region" of the face; "phase", of "onset", "apex", "offset", "smile" (all
        three), "sequence" (the whole clip) and "rest". "" where it is none. Then action units,
        phases and regions are summed up, placed over time, and exchanged by `explain_global`, as
        those of this package's systems are.
        A transformer of clips in a pipeline can have it, too.

    See Also
    --------
    explain : Why a system decided as it did about one clip.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.base import BaseEstimator, ClassifierMixin
    >>> from smilegenuine.datasets import make_smile_signals
    >>> from smilegenuine.explain import DecidesByFeatures, explain
    >>> class CheekRule(ClassifierMixin, BaseEstimator):
    ...     def fit(self, clips, y):
    ...         self.classes_ = np.unique(y)
    ...         self.mean_features_ = np.mean([self.features_of(c) for c in clips], axis=0)
    ...         return self
    ...     def features_of(self, clip):
    ...         return clip.aus[:, 4].max(keepdims=True)
    ...     def get_feature_names_out(self):
    ...         return ["highest_AU06"]
    ...     def decide_features(self, features):
    ...         return 2.0 * (features - self.mean_features_)[:, 0]
    ...     def decision_function(self, clips):
    ...         return self.decide_features(np.array([self.features_of(c) for c in clips]))
    >>> smiles = make_smile_signals(4, 2, random_state=0)
    >>> rule = CheekRule().fit(smiles.data, smiles.target)
    >>> isinstance(rule, DecidesByFeatures)
    True
    >>> explanation = explain(rule, smiles.data[0])
    >>> bool(abs(explanation.table["contribution"].sum() - explanation.decision) < 1e-9)
    True
    """

    def features_of(self, clip: Clip) -> np.ndarray:
        """Compute the features that a clip is decided by, of shape (n_features,)."""

    def get_feature_names_out(self) -> Sequence[str]:
        """Return the name of each feature."""

    def decide_features(self, features: np.ndarray) -> np.ndarray:
        """Compute decisions (n,) from features (n, n_features); those of `decision_function`."""
