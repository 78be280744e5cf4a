"""Training a network: a skorch net with the published loss, batches, early stopping and a bar.

Nothing here knows clips: inputs are those of `net_batches`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, EarlyStopping, PassthroughScoring
from skorch.helper import predefined_split
from skorch.utils import noop
from torch import Tensor, nn
from torch.utils.data import DataLoader

from ..running.progress import progress_bar
from .net_batches import EvenBatches, InputSet, pad_batch, stack_batch


@dataclass(frozen=True)
class Training:
    """How to train a network.

    Attributes
    ----------
    lr : float
        Adam's step size.
    max_epochs, batch_size : int
    patience : int or None
        Epochs without a better validation loss before training stops; None: no early stopping.
    norm_penalty : float
        The loss grows by this times the sum of the norms of all weights.
    device : str
        "auto", or what `torch.device` takes.
    mixed_precision : bool
        Train in bfloat16 where that is safe.
    verbose : int or bool
        A bar of epochs.
    epoch_statistics : bool
        Batch norm's running statistics are those of the epoch's batches, all alike. Otherwise they
        go from 0 and 1 toward the batches by a tenth a step, and with few batches an epoch, and
        inputs far from 0 and 1, it takes many epochs until the network can be judged.
    name : str
        What the bar says.
    """

    lr: float = 1e-3
    max_epochs: int = 100
    batch_size: int = 16
    patience: int | None = 15
    norm_penalty: float = 1e-3
    device: str = "auto"
    mixed_precision: bool = False
    verbose: int | bool = False
    epoch_statistics: bool = False
    name: str = "training"


def find_device(device: str, *, fall_back: bool = False) -> torch.device:
    """Return the device that a parameter `device` means.

    Parameters
    ----------
    device : str
        "auto": CUDA where there is one, else the processor; or what `torch.device` takes.
    fall_back : bool, default=False
        Take the processor, with a warning, where the device is not there.

    Returns
    -------
    torch.device

    Raises
    ------
    ValueError
        No such device.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        parsed = torch.device(device)
    except (RuntimeError, TypeError):
        parsed = None
    if parsed is None or parsed.type not in ("cpu", "cuda"):
        raise ValueError(f"device must be 'auto', 'cpu', 'cuda' or 'cuda:<number>', not {device!r}")
    if parsed.type == "cuda" and (parsed.index or 0) >= torch.cuda.device_count():
        problem = (f"device is {device!r}, but torch {torch.__version__} sees "
                   f"{torch.cuda.device_count()} CUDA devices")
        if not fall_back:
            raise ValueError(f"{problem}; device='auto' takes one where there is one")
        warnings.warn(f"{problem}: the processor is used", stacklevel=3)
        return torch.device("cpu")
    return parsed


class ClassWeightedLoss(nn.Module):
    """Binary cross-entropy of logits, each class with its weight.

    Parameters
    ----------
    weights : tuple of (float, float)
        Of targets 0 and 1.
    """

    def __init__(self, weights: tuple[float, float] = (1.0, 1.0)) -> None:
        super().__init__()
        self.register_buffer("weights", torch.tensor(weights, dtype=torch.float32))

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the mean loss of logits and targets of shape (B,)."""
        targets = targets.to(logits.dtype)
        weights: Tensor = self.weights  # type: ignore[assignment]
        return nn.functional.binary_cross_entropy_with_logits(
            logits, targets, weight=weights[targets.long()])


class TwoTaskLoss(nn.Module):
    """The class-weighted loss, and the mean squared error of what a second head predicts.

    Parameters
    ----------
    weights : tuple of (float, float)
        Of targets 0 and 1.
    second_weight : float
        Of the second task. Held-out subjects are judged by the first alone.
    """

    def __init__(self, weights: tuple[float, float] = (1.0, 1.0), second_weight: float = 1.0
                 ) -> None:
        super().__init__()
        self.first = ClassWeightedLoss(weights)
        self.second_weight = second_weight

    def forward(self, predicted: tuple[Tensor, Tensor], targets: Tensor) -> Tensor:
        """Return the loss of logits (B,) and predictions (B, M); `targets` has shape (B, 1 + M)."""
        logits, second = predicted
        loss: Tensor = self.first(logits, targets[:, 0])
        if not self.training:
            return loss
        return loss + self.second_weight * nn.functional.mse_loss(second, targets[:, 1:])


class SmileNet(NeuralNet):
    """A skorch net with the published loss (weights' norms added) and batches that are even.

    Parameters
    ----------
    norm_penalty : float, default=0.0
        The training loss is the criterion plus this times Σ‖W‖₂ over all weights.
    mixed_precision : bool, default=False
        Forward passes in training go through `torch.autocast` in bfloat16.
    two_tasks : bool, default=False
        The module's `forward_tasks` gives logits and what a second head predicts.
    epoch_statistics : bool, default=False
        See `Training`.
    """

    def __init__(self, *args: Any, norm_penalty: float = 0.0, mixed_precision: bool = False,
                 two_tasks: bool = False, epoch_statistics: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.norm_penalty = norm_penalty
        self.mixed_precision = mixed_precision
        self.two_tasks = two_tasks
        self.epoch_statistics = epoch_statistics

    def on_epoch_begin(self, net: Any, **kwargs: Any) -> None:
        """Begin batch norm's statistics anew where they are to be the epoch's."""
        super().on_epoch_begin(net, **kwargs)
        if self.epoch_statistics:
            for norm in self.module_.modules():
                if isinstance(norm, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
                    norm.momentum = None  # a plain mean over batches
                    norm.reset_running_stats()

    def get_iterator(self, dataset: Any, training: bool = False) -> Any:
        """Return a loader: shuffled even batches for training, all in order otherwise."""
        collate = self.iterator_train__collate_fn if training else self.iterator_valid__collate_fn
        if not training:
            # A generator of its own: loaders draw a number even where nothing is shuffled, and
            # predicting is not to change torch's random state.
            return DataLoader(dataset, batch_size=self.batch_size, collate_fn=collate,
                              generator=torch.Generator())
        return DataLoader(dataset, batch_sampler=EvenBatches(len(dataset), self.batch_size),
                          collate_fn=collate)

    def infer(self, x: Any, **fit_params: Any) -> Any:
        """Run the module on a batch."""
        run = self.module_.forward_tasks if self.two_tasks else self.module_
        x = {name: tensor.to(self.device) for name, tensor in x.items()}
        mixed = self.mixed_precision and self.module_.training
        with torch.autocast(torch.device(self.device).type, dtype=torch.bfloat16, enabled=mixed):
            outputs = run(**x, **fit_params)
        return tuple(y.float() for y in outputs) if self.two_tasks else outputs.float()

    def get_loss(self, y_pred: Any, y_true: Any, X: Any = None, training: bool = False) -> Any:
        """Return the loss; the penalty counts in training only."""
        loss = super().get_loss(y_pred, y_true, X=X, training=training)
        if training and self.norm_penalty:
            loss = loss + self.norm_penalty * sum(w.norm() for w in self.module_.parameters())
        return loss

    def validation_step(self, batch: Any, **fit_params: Any) -> Any:
        """Run on a batch of held-out subjects, and note how many it decides rightly."""
        step = super().validation_step(batch, **fit_params)
        logits, targets = step["y_pred"], batch[1]
        if self.two_tasks:
            logits, targets = logits[0], targets[:, 0]
        right = (logits > 0).cpu() == (targets > 0.5)
        self.history.record_batch("valid_accuracy", float(right.float().mean()))
        return step


class EpochBar(Callback):
    """A bar of epochs with the losses.

    Parameters
    ----------
    verbose : int or bool
    name : str
    """

    def __init__(self, verbose: int | bool = False, name: str = "training") -> None:
        self.verbose, self.name = verbose, name

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        """Open the bar."""
        self.bar_ = progress_bar(total=net.max_epochs, verbose=self.verbose, name=self.name,
                                 unit="epoch")

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Move the bar on, and show the losses."""
        row = net.history[-1]
        self.bar_.set_postfix({name: f"{row[name]:.3f}" for name in ("train_loss", "valid_loss")
                               if name in row})
        self.bar_.update()

    def on_train_end(self, net: Any, **kwargs: Any) -> None:
        """Close the bar; the callback is pickled with its net, and a bar cannot be."""
        self.bar_.close()
        del self.bar_


def make_net(module: type[nn.Module], options: dict[str, Any], training: Training, *,
             sequences: bool, weights: tuple[float, float] = (1.0, 1.0),
             held_out: InputSet | None = None, fall_back: bool = False,
             second_weight: float | None = None) -> SmileNet:
    """Make an untrained skorch net.

    Parameters
    ----------
    module : type of nn.Module
    options : dict
        What the module is made with.
    training : Training
    sequences : bool
        Inputs differ in length, and are padded.
    weights : tuple of (float, float)
        Of the two classes.
    held_out : InputSet, optional
        Of subjects kept from training, for early stopping.
    fall_back : bool, default=False
        See `find_device`.
    second_weight : float, optional
        In the loss, of the module's second task; None: it has none.

    Returns
    -------
    SmileNet
    """
    device = find_device(training.device, fall_back=fall_back)
    callbacks: list[Any] = [("bar", EpochBar(training.verbose, training.name))]
    if held_out is not None:
        callbacks.append(("valid_accuracy", PassthroughScoring("valid_accuracy",
                                                               lower_is_better=False)))
        if training.patience is not None:
            callbacks.append(("stopping", EarlyStopping(
                monitor="valid_loss", patience=training.patience, load_best=True,
                threshold=0.0, sink=noop)))
    collate = pad_batch if sequences else stack_batch
    loss: dict[str, Any] = {"criterion": ClassWeightedLoss, "criterion__weights": weights}
    if second_weight is not None:
        loss |= {"criterion": TwoTaskLoss, "criterion__second_weight": second_weight}
    return SmileNet(
        module, **{f"module__{k}": v for k, v in options.items()}, **loss,
        two_tasks=second_weight is not None, epoch_statistics=training.epoch_statistics,
        optimizer=torch.optim.Adam, lr=training.lr, max_epochs=training.max_epochs,
        batch_size=training.batch_size, device=str(device),
        iterator_train__collate_fn=collate, iterator_valid__collate_fn=collate,
        train_split=None if held_out is None else predefined_split(held_out), callbacks=callbacks,
        callbacks__print_log=None, norm_penalty=training.norm_penalty,
        mixed_precision=training.mixed_precision, verbose=0)


def train_net(net: SmileNet, data: InputSet, seed: int) -> SmileNet:
    """Train a net, the same way for the same seed, without touching torch's own random state.

    Parameters
    ----------
    net : SmileNet
    data : InputSet
    seed : int

    Returns
    -------
    SmileNet
        The net given.

    Raises
    ------
    ValueError
        Training diverged.
    """
    with one_thread(), _own_random_state(torch.device(net.device)):
        torch.manual_seed(seed)
        net.fit(data, None)
    if _was_interrupted(net):
        raise KeyboardInterrupt
    losses = [row.get("valid_loss", row["train_loss"]) for row in net.history]
    if not (np.isfinite(losses).any() and all(torch.isfinite(w).all()
                                              for w in net.module_.state_dict().values())):
        raise ValueError(f"training diverged (epochs: {len(net.history)}): weights or losses are "
                         f"not finite. Lower lr (it is {net.lr:g})")
    # Held-out inputs served early stopping; a model is not to carry them about.
    net.train_split = None
    return net


def _own_random_state(device: torch.device) -> Any:
    """Leave torch's random state, which a seed sets on all devices, as it was found."""
    on_cuda = device.type == "cuda" or torch.cuda.is_initialized()
    return torch.random.fork_rng(range(torch.cuda.device_count()) if on_cuda else [])


@contextmanager
def one_thread() -> Iterator[None]:
    """Work in a single thread of the processor.

    Networks this small gain hardly anything from more, and beside other work threads that wait for
    each other make them many times slower. Results do not depend on the number of cores either.
    oneDNN is left out: it keeps what it prepares for each new shape, and with clips of all lengths
    every batch has a new one, so that memory grew by gigabytes, for no speed.
    """
    mkldnn: Any = torch.backends.mkldnn
    threads, (enabled, *_) = torch.get_num_threads(), mkldnn.set_flags(False)
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        mkldnn.set_flags(enabled)


def _was_interrupted(net: SmileNet) -> bool:
    """Whether somebody interrupted training; to skorch that is the same as early stopping."""
    stopping = dict(net.callbacks_).get("stopping")
    if stopping is not None and stopping.misses_ >= stopping.patience:
        return False
    return len(net.history) < net.max_epochs or "train_loss" not in net.history[-1]


def run_net(net: SmileNet, inputs: InputSet, method: str = "forward") -> np.ndarray:
    """Return logits or embeddings of inputs.

    Parameters
    ----------
    net : SmileNet
        Trained.
    inputs : InputSet
    method : {"forward", "embed"}, default="forward"

    Returns
    -------
    array of shape (n,) or (n, n_embed), float64
    """
    module = net.module_.eval()
    outputs = []
    with one_thread(), torch.inference_mode():
        for batch, _ in net.get_iterator(inputs):
            batch = {name: tensor.to(net.device) for name, tensor in batch.items()}
            outputs.append(getattr(module, method)(**batch).float().cpu().numpy())
    return np.concatenate(outputs).astype(float)


def history_table(net: SmileNet) -> pd.DataFrame:
    """Return a net's training history.

    Parameters
    ----------
    net : SmileNet

    Returns
    -------
    DataFrame
        A row an epoch: `epoch`, `train_loss` (with penalty), `valid_loss`, `valid_accuracy` (both
        where subjects were held out), `best` (of the validation loss so far), `seconds`.
    """
    rows = [{k: row[k] for k in row if k != "batches"} for row in net.history]
    table = pd.DataFrame(rows).rename(columns={"dur": "seconds", "valid_loss_best": "best"})
    wanted = ["epoch", "train_loss", "valid_loss", "valid_accuracy", "best", "seconds"]
    return table[[c for c in wanted if c in table]]


def net_state(net: SmileNet) -> dict[str, Any]:
    """Return what a trained net has learnt, as plain data on the processor.

    Parameters
    ----------
    net : SmileNet

    Returns
    -------
    dict
        `weights` (dict of str to array) and `history` (a list with a dict an epoch).
    """
    weights = {k: w.detach().cpu().numpy() for k, w in net.module_.state_dict().items()}
    return {"weights": weights, "history": history_table(net).to_dict("records")}


def restore_net(net: SmileNet, state: dict[str, Any]) -> SmileNet:
    """Restore in an untrained net what another of the same shape has learnt.

    Parameters
    ----------
    net : SmileNet
    state : dict
        From `net_state`.

    Returns
    -------
    SmileNet
        The net given.
    """
    with _own_random_state(torch.device(net.device)):
        net.initialize()
    # Arrays of a model file may be read-only views of it.
    net.module_.load_state_dict({k: torch.from_numpy(np.array(w))
                                 for k, w in state["weights"].items()})
    for row in state["history"]:
        net.history.new_epoch()
        for name, value in row.items():
            net.history.record({"best": "valid_loss_best", "seconds": "dur"}.get(name, name), value)
    return net
