"""Inputs of networks, and the batches that they form.

An input is an array, for sequences one whose first axis is time, or a dict of arrays by the names
under which the network takes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset, Sampler

#: What a network sees of an item: an array, or several by the names of its parameters.
Input = np.ndarray | dict[str, np.ndarray]


class InputSet(Dataset):
    """Inputs and targets, one clip an item.

    Parameters
    ----------
    inputs : sequence of arrays, or of dicts of arrays
    targets : array of shape (n,) or (n, 1 + M), optional
        0 or 1, and for networks with a second task what is to be predicted in it; zeros where
        nothing is to be learnt.
    change : callable, optional
        Gives what the network sees of an input, anew each time it is asked for: augmentation, a
        window of a sequence.
    """

    def __init__(self, inputs: Sequence[Input], targets: np.ndarray | None = None,
                 change: Callable[[Any], Input] | None = None) -> None:
        self.inputs, self.change = inputs, change
        self.targets = np.zeros(len(inputs)) if targets is None else targets

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, i: int) -> tuple[Input, np.ndarray]:
        x = self.inputs[i]
        x = x if self.change is None else self.change(x)
        return x, np.asarray(self.targets[i], dtype=np.float32)


def stack_batch(items: list[tuple[Input, np.ndarray]]) -> tuple[dict[str, Tensor], Tensor]:
    """Put inputs of one shape into a batch."""
    named = [x if isinstance(x, dict) else {"x": x} for x, _ in items]
    batch = {name: _as_float(torch.from_numpy(np.stack([x[name] for x in named])))
             for name in named[0]}
    return batch, _targets_of(items)


def pad_batch(items: list[tuple[np.ndarray, np.ndarray]]) -> tuple[dict[str, Tensor], Tensor]:
    """Put sequences into a batch, padded at the end, with their lengths."""
    sequences = [torch.from_numpy(np.ascontiguousarray(x)) for x, _ in items]
    lengths = torch.tensor([len(x) for x in sequences])
    x = pad_sequence(sequences, batch_first=True)
    return {"x": _as_float(x), "lengths": lengths}, _targets_of(items)


def _targets_of(items: list[tuple[Any, np.ndarray]]) -> Tensor:
    return torch.tensor(np.stack([y for _, y in items]), dtype=torch.float32)


def _as_float(x: Tensor) -> Tensor:
    """Convert to float, bytes to 0 to 1."""
    return x.float() / 255.0 if x.dtype == torch.uint8 else x.float()


class EvenBatches(Sampler):
    """Shuffled batches of nearly equal size.

    Batch norm cannot learn from a batch of one, which a plain loader makes of a remainder.

    Parameters
    ----------
    n : int
        Items.
    batch_size : int
        At most so many in a batch; one more where a batch would be left with a single item.
    """

    def __init__(self, n: int, batch_size: int) -> None:
        self.n, self.n_batches = n, max(1, min(-(-n // batch_size), n // 2))

    def __len__(self) -> int:
        return self.n_batches

    def __iter__(self) -> Iterator[list[int]]:
        order = torch.randperm(self.n).numpy()
        return iter([part.tolist() for part in np.array_split(order, self.n_batches)])


def mean_and_scale(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what scales the columns of inputs to mean 0 and variance 1.

    Parameters
    ----------
    values : array of shape (n, …)

    Returns
    -------
    mean, scale : arrays of shape (…)
        What hardly varies has the scale 1: a constant is nothing to learn from, and not to be
        blown up.
    """
    mean, spread = values.mean(axis=0, dtype=float), values.std(axis=0, dtype=float)
    return mean, np.where(spread > 1e-9 * (1.0 + np.abs(mean)), spread, 1.0)


# Inputs that lie further from their mean than this many standard deviations are taken to lie there.
_MOST_SPREADS = 10.0


def within_spreads(scaled: np.ndarray) -> np.ndarray:
    """Clip scaled inputs to where a network has seen some.

    What hardly varied among some dozens of training clips, such as the slope of an action unit
    that nobody moved, may be thousands of standard deviations off in the next one; a network would
    decide by that alone, and as surely as that.

    Parameters
    ----------
    scaled : array
        (input − mean) / scale.

    Returns
    -------
    array of the same shape, float32
    """
    return np.clip(scaled, -_MOST_SPREADS, _MOST_SPREADS).astype(np.float32)
