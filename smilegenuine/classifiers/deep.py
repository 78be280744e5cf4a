"""What the classifiers of clips that are networks share: an estimator that owns a skorch net."""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.validation import check_is_fitted
from torch import nn

from ..clips.record import Clip, as_clips
from ..clips.steps import atomic_fit, check_positive
from . import net_training
from .log_odds import LogOddsClassifierMixin
from .net_batches import Input, InputSet, mean_and_scale, within_spreads
from .subject_folds import clips_and_labels, held_out_split


class DeepClassifier(ClassNamePrefixFeaturesOutMixin, TransformerMixin, LogOddsClassifierMixin,
                     BaseEstimator, ABC):
    """Base of the classifiers that are networks.

    A subclass stores its own parameters in its constructor, which names those of the training, too,
    and leaves them to this one; and it defines `_open_labelled` and `_open`
    (from recordings to items), `_input` (what the network sees of an item), `_module` (which
    network) and `_check_own_params`.

    Where its `sequences` is true, inputs differ in length, their first axis is time, and the
    network takes their `lengths`, too. For `_epoch_statistics` see `Training`.

    To be explained it offers `network_input`, `window_rows`, `embed_inputs` and `last_layer`;
    where the network sees a sequence also ``input_times(clip)``, when its rows are, in seconds.

    Parameters
    ----------
    lr : float, default=0.001
        Step size of Adam; with MeshSmileNet's trunk the default is 0.0005.
    max_epochs : int, default=100
        Passes over the training clips, at most.
    batch_size : int, default=16
        Clips a step. Batches are made even, and never of a single clip, from which batch norm
        could not learn.
    patience : int or None, default=15
        Epochs without a better loss on the subjects held out before training stops. In any case
        the weights of the best epoch are kept. None: `max_epochs` are run, and the last weights
        kept.
    validation_fraction : float or None, default=0.2
        Share of the training clips whose subjects are held out of training for early stopping.
        None: all clips are trained on, for `max_epochs`.
    class_weight : "balanced", dict or None, default="balanced"
        Weights of the classes in the loss; with "balanced", probabilities are those at equal
        priors.
    norm_penalty : float, default=0.001
        The loss grows by this times the sum of the norms of all weights, as published; in networks
        on landmarks, and in the vision transformer, the default is 0.
    device : str, default="auto"
        "auto": a CUDA device where there is one, else the processor. Or "cpu", "cuda", "cuda:1".
    mixed_precision : bool, default=False
        Train in bfloat16 where that is safe; predictions are in full precision in any case.
    random_state : int, RandomState or None, default=None
        With a number, fitting on the processor gives the same every time.
    verbose : int or bool, default=False
        A bar of epochs.

    Attributes
    ----------
    classes_ : array of shape (2,)
    net_ : skorch.NeuralNet
        The trained net; its module is ``net_.module_``.
    n_epochs_ : int
        Epochs run.
    history_ : DataFrame
        A row an epoch: `epoch`, `train_loss` (with penalty), `valid_loss`, `valid_accuracy`,
        `best`, `seconds`.
    """

    # With metadata routing switched on, `groups` comes here without being asked for.
    __metadata_request__fit = {"groups": True}

    _shared_docs = {"training": "Parameters", "fitted": "Attributes"}

    sequences: bool
    _epoch_statistics: bool = False

    def __init__(self, *, lr: float, max_epochs: int, batch_size: int, patience: int | None,
                 validation_fraction: float | None, class_weight: Any, norm_penalty: float,
                 device: str, mixed_precision: bool, random_state: Any, verbose: int | bool
                 ) -> None:
        self.lr = lr
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.class_weight = class_weight
        self.norm_penalty = norm_penalty
        self.device = device
        self.mixed_precision = mixed_precision
        self.random_state = random_state
        self.verbose = verbose

    @abstractmethod
    def _open_labelled(self, X: Any, y: Any, groups: Any) -> tuple[
            Any, np.ndarray, np.ndarray, np.ndarray | None]:
        """Return items, classes, the index of each label among these, and subjects; or raise."""

    @abstractmethod
    def _open(self, X: Any) -> Any:
        """Return items of new data."""

    @abstractmethod
    def _input(self, item: Any) -> Any:
        """Return what the network sees of an item, before scaling."""

    @abstractmethod
    def _module(self) -> tuple[type[nn.Module], dict[str, Any]]:
        """Return the network and what it is made with."""

    def _second_weight(self) -> float | None:
        """Return the weight of the network's second task in the loss; None where it has none."""
        return None

    @abstractmethod
    def _check_own_params(self) -> None:
        """Raise for parameters that make no sense."""

    def _learn_scaling(self, inputs: list[Any]) -> None:
        """Learn mean and spread of the inputs that are trained on; of sequences, over time too."""
        values = np.concatenate(inputs) if self.sequences else np.stack(inputs)
        self.mean_, self.scale_ = mean_and_scale(values)

    def _scaled(self, x: Any) -> Any:
        if x.shape[-self.mean_.ndim:] != self.mean_.shape:
            raise ValueError(f"{type(self).__name__} was fitted on inputs of shape "
                             f"{self.mean_.shape}, and this is {x.shape}; parameters were changed "
                             "since, fit it again")
        return within_spreads((x - self.mean_) / self.scale_)

    def _augmentation(self, seed: int) -> Callable[[Any], Input] | None:
        """Return what changes an input each time that the network is trained on it, if anything."""
        return None

    def _view(self) -> Callable[[Any], Input] | None:
        """Return what makes the views of an input that are judged; None: the input is as it is."""
        return None

    def _targets(self, items: Any, codes: np.ndarray, train: np.ndarray) -> np.ndarray:
        """Return the targets of items: the class, and with a second task more columns."""
        return codes

    def fit(self, X: Any, y: Any, groups: Any = None) -> DeepClassifier:
        """Train on clips.

        Parameters
        ----------
        X : list of recordings
            Anything that `as_clips` takes.
        y : array-like of shape (n_clips,)
            1 spontaneous and 0 posed, or any two labels.
        groups : array-like of shape (n_clips,), optional
            Subjects, for the part held out for early stopping; without it, those of the clips.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            Lengths differ, one class or one subject only, a parameter that makes no sense, or
            training diverged.
        ClipError
            A clip lacks what the network is to see.
        """
        self._check_params()
        with atomic_fit(self):
            self._fit(X, y, groups)
        return self

    def _fit(self, X: Any, y: Any, groups: Any) -> None:
        items, classes, codes, subjects = self._open_labelled(X, y, groups)
        class_weight = _weights_of(self.class_weight, classes)
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        train, aside = np.arange(len(codes)), np.empty(0, int)
        if self.validation_fraction is not None:
            train, aside = held_out_split(codes, subjects, self.validation_fraction, seed)
        inputs = [self._input(item) for item in items]
        self._learn_scaling([inputs[i] for i in train])
        inputs = [self._scaled(x) for x in inputs]
        targets = self._targets(items, codes, train)
        weights = compute_class_weight(class_weight, classes=np.arange(2), y=codes[train])
        held_out = None
        if len(aside):
            held_out = InputSet([inputs[i] for i in aside], targets[aside], self._view())
        net = self._make_net((float(weights[0]), float(weights[1])), held_out)
        data = InputSet([inputs[i] for i in train], targets[train], self._augmentation(seed))
        self.net_ = net_training.train_net(net, data, seed)
        self.classes_ = classes
        self.n_epochs_ = len(self.net_.history)
        self._n_features_out = int(self.net_.module_.n_embed)

    def _make_net(self, weights: tuple[float, float] = (1.0, 1.0),
                  held_out: InputSet | None = None, *, fall_back: bool = False) -> Any:
        names = ("lr", "max_epochs", "batch_size", "patience", "norm_penalty", "device",
                 "mixed_precision", "verbose")
        training = net_training.Training(**{n: getattr(self, n) for n in names},
                                         name=type(self).__name__,
                                         epoch_statistics=self._epoch_statistics)
        module, options = self._module()
        if not fall_back:
            self._made_with = options
        # A net that is loaded is made as it was, whatever the parameters are by now.
        return net_training.make_net(module, self._made_with, training, sequences=self.sequences,
                                     weights=weights, held_out=held_out, fall_back=fall_back,
                                     second_weight=self._second_weight())

    def _check_params(self) -> None:
        for name in ("max_epochs", "batch_size"):
            check_positive(name, getattr(self, name), whole=True, at_least=1)
        if self.patience is not None:
            check_positive("patience", self.patience, whole=True, at_least=1)
        check_positive("lr", self.lr, at_least=1e-12)
        check_positive("norm_penalty", self.norm_penalty)
        share = self.validation_fraction
        if share is not None and not (isinstance(share, (float, np.floating)) and 0 < share < 1):
            raise ValueError(f"validation_fraction must be between 0 and 1, or None, not {share!r}")
        if not (self.class_weight is None or isinstance(self.class_weight, dict)
                or (isinstance(self.class_weight, str) and self.class_weight == "balanced")):
            raise ValueError(f"class_weight must be 'balanced', a dict or None, not "
                             f"{self.class_weight!r}")
        net_training.find_device(self.device)
        self._check_own_params()

    def _run(self, X: Any, method: str) -> np.ndarray:
        check_is_fitted(self)
        inputs = [self._scaled(self._input(item)) for item in self._open(X)]
        return net_training.run_net(self.net_, InputSet(inputs, change=self._view()), method)

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the network's logits: the log-odds of `classes_[1]`, as sure as it is.

        They are not calibrated; `sklearn.calibration.CalibratedClassifierCV` does that.

        Parameters
        ----------
        X : list of recordings

        Returns
        -------
        array of shape (n_clips,)
        """
        return self._run(X, "forward")

    def transform(self, X: Any) -> np.ndarray:
        """Return the final-branch features: what the network's last layer sees.

        Parameters
        ----------
        X : list of recordings

        Returns
        -------
        array of shape (n_clips, n_embed)
        """
        return self._run(X, "embed")

    def network_input(self, item: Any) -> dict[str, np.ndarray]:
        """Return what the network sees of an item, scaled.

        Parameters
        ----------
        item : Clip; of classifiers of tables a row, of shape (n_features,)

        Returns
        -------
        dict of str to array
            By the names under which the network takes them: "x", and with some "markers". Where
            there are windows (see `window_rows`), "x" is all that they are taken from.

        Raises
        ------
        ClipError
            The clip lacks what the network is to see.
        """
        check_is_fitted(self)
        x = self._scaled(self._input(item))
        return x if isinstance(x, dict) else {"x": x}

    def window_rows(self, n_rows: int) -> np.ndarray | None:
        """Return which rows of "x" the network sees together, and averages over.

        Parameters
        ----------
        n_rows : int
            Of "x".

        Returns
        -------
        array of int of shape (n_windows, n_frames), or None
            None where it sees all at once.
        """
        view = self._view()
        return None if view is None else np.asarray(view(np.arange(n_rows)))

    def embed_inputs(self, inputs: Sequence[dict[str, np.ndarray]]) -> np.ndarray:
        """Compute the final-branch features of what the network sees.

        Parameters
        ----------
        inputs : sequence of dict of str to array
            As `network_input` returns them.

        Returns
        -------
        array of shape (n_inputs, n_embed)
        """
        check_is_fitted(self)
        given = [x if len(x) > 1 else x["x"] for x in inputs]
        return net_training.run_net(self.net_, InputSet(given, change=self._view()), "embed")

    def decide_embedded(self, embedding: np.ndarray) -> np.ndarray:
        """Return the logits of final-branch features: the network's last layer by itself.

        Parameters
        ----------
        embedding : array of shape (n_clips, n_embed)
            From `transform`.

        Returns
        -------
        array of shape (n_clips,)
        """
        weights, bias = self.last_layer()
        return np.asarray(embedding @ weights + bias)

    def last_layer(self) -> tuple[np.ndarray, float]:
        """Return weights and bias of the network's last layer.

        Returns
        -------
        weights : array of shape (n_embed,)
        bias : float
        """
        check_is_fitted(self)
        last = {name: w.detach().cpu().numpy().astype(float)
                for name, w in self.net_.module_.out.named_parameters()}
        return last["weight"][0], float(last["bias"][0])

    @property
    def history_(self) -> pd.DataFrame:
        """The training history, a row an epoch."""
        check_is_fitted(self)
        return net_training.history_table(self.net_)

    def __getstate__(self) -> dict[str, Any]:
        # Weights as plain arrays: they load on any machine, whatever device they were learnt on.
        state = dict(super().__getstate__())
        if "net_" in state:
            state["net_"] = net_training.net_state(state["net_"])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        learnt = state.pop("net_", None)
        super().__setstate__(state)
        if learnt is not None:
            self.net_ = net_training.restore_net(self._make_net(fall_back=True), learnt)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = self.random_state is None
        return tags


class DeepClipClassifier(DeepClassifier):
    """Base of the classifiers of clips that are networks."""

    def _open_labelled(self, X: Any, y: Any, groups: Any) -> tuple[
            list[Clip], np.ndarray, np.ndarray, np.ndarray | None]:
        return clips_and_labels(X, y, groups)

    def _open(self, X: Any) -> list[Clip]:
        return as_clips(X)

    def check_clip(self, clip: Clip) -> None:
        """Raise a `ClipError` where a clip cannot be used.

        Parameters
        ----------
        clip : Clip
        """
        self._input(clip)

    def _network_name(self) -> str:
        """Return what messages call the network."""
        return type(self).__name__.removesuffix("Classifier")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.no_validation = True
        return tags


def check_dropout(dropout: Any) -> None:
    """Raise a `ValueError` unless a share of what is dropped is at least 0 and below 1."""
    check_positive("dropout", dropout)
    if dropout >= 1:
        raise ValueError(f"dropout must be below 1, not {dropout!r}")


def check_token_width(n_hidden: Any) -> None:
    """Raise a `ValueError` unless tokens can be split into the 4 heads of a transformer."""
    check_positive("n_hidden", n_hidden, whole=True, at_least=4)
    if n_hidden % 4:
        raise ValueError(f"n_hidden must be a multiple of 4, not {n_hidden}")


def _weights_of(class_weight: Any, classes: np.ndarray) -> Any:
    """`class_weight` with positions in `classes` in place of labels."""
    if not isinstance(class_weight, dict):
        return class_weight
    unknown = [label for label in class_weight if label not in classes]
    if unknown:
        raise ValueError(f"class_weight names {unknown[0]!r}, which is no label; there is "
                         f"{', '.join(map(repr, classes.tolist()))}")
    wrong = {k: w for k, w in class_weight.items()
             if isinstance(w, bool) or not isinstance(w, numbers.Real) or not 0 < float(w) < np.inf}
    if wrong:
        raise ValueError(f"class_weight must give each label a number above 0, not {wrong}")
    return {i: class_weight.get(label, 1.0) for i, label in enumerate(classes.tolist())}
