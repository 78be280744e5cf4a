"""Fusion of blocks of features by the product of their projections, for tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data
from torch import nn

from ..clips.steps import check_positive
from ..nets.hadamard import HadamardFusion
from .deep import DeepClassifier, check_dropout
from .shared_docs import documented
from .subject_folds import check_groups, coded_labels


@documented
class HadamardClassifier(DeepClassifier):
    """Project blocks of columns to one width, multiply the projections, decide.

    Takes a table, such as the embeddings of several branches side by side; `StackingFusion` with
    ``fuse="hadamard"`` puts it on top of its branches.

    Parameters
    ----------
    widths : tuple of int, optional
        Columns of each block, in their order. Without it all columns are one block.
    n_components : int, default=32
        Width of the projections.
    dropout : float, default=0.1
        On the product, in training.
    {training}

    Attributes
    ----------
    mean_, scale_ : array of shape (n_features,)
        Mean and standard deviation of each column in the rows trained on; the network sees
        (value − mean) / scale.
    n_features_in_, feature_names_in_ : as in scikit-learn
    {fitted}

    References
    ----------
    After the fusion of HadaSmileNet.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from smilegenuine import HadamardClassifier
    >>> X, y = make_classification(random_state=0)
    >>> clf = HadamardClassifier((10, 10), max_epochs=3, random_state=0).fit(X, y)
    >>> clf.transform(X).shape
    (100, 32)
    """

    sequences = False

    def __init__(self, widths: Sequence[int] | None = None, *, n_components: int = 32,
                 dropout: float = 0.1, lr: float = 1e-3, max_epochs: int = 100,
                 batch_size: int = 16, patience: int | None = 15,
                 validation_fraction: float | None = 0.2, class_weight: Any = "balanced",
                 norm_penalty: float = 1e-3, device: str = "auto", mixed_precision: bool = False,
                 random_state: Any = None, verbose: int | bool = False) -> None:
        self.widths = widths
        self.n_components = n_components
        self.dropout = dropout
        super().__init__(lr=lr, max_epochs=max_epochs, batch_size=batch_size, patience=patience,
                         validation_fraction=validation_fraction, class_weight=class_weight,
                         norm_penalty=norm_penalty, device=device, mixed_precision=mixed_precision,
                         random_state=random_state, verbose=verbose)

    def _check_own_params(self) -> None:
        check_positive("n_components", self.n_components, whole=True, at_least=1)
        check_dropout(self.dropout)
        if self.widths is not None and (isinstance(self.widths, str) or
                                        not isinstance(self.widths, Sequence)):
            raise ValueError(f"widths must be a tuple of numbers of columns, not {self.widths!r}")
        for width in self.widths or ():
            check_positive("each of widths", width, whole=True, at_least=1)

    def _open_labelled(self, X: Any, y: Any, groups: Any) -> tuple[
            np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
        X, y = validate_data(self, X, y)
        classes, codes = coded_labels(y)
        if self.widths is not None and sum(self.widths) != self.n_features_in_:
            raise ValueError(f"widths {tuple(self.widths)} add up to {sum(self.widths)}, but X has "
                             f"{self.n_features_in_} columns")
        subjects = None if groups is None else check_groups(groups, len(y), "samples")
        return X, classes, codes, subjects

    def _open(self, X: Any) -> np.ndarray:
        return np.asarray(validate_data(self, X, reset=False))

    def _input(self, item: np.ndarray) -> np.ndarray:
        return item

    def _module(self) -> tuple[type[nn.Module], dict[str, Any]]:
        widths = (self.n_features_in_,) if self.widths is None else tuple(self.widths)
        return HadamardFusion, {"widths": widths, "n_hidden": self.n_components,
                                "dropout": self.dropout}
