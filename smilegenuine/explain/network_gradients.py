"""Integrated gradients of networks; see `integrated_gradients`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..classifiers.net_training import SmileNet, one_thread

# Numbers that a network sees at once: with what a gradient needs, they take memory.
_AT_ONCE = 2**17
# Contributions that miss the difference by more than this share of it are worked out more finely.
_TOLERANCE = 0.005
_MOST_STEPS = 512

Inputs = dict[str, np.ndarray]


class Path(NamedTuple):
    """What inputs contribute along the way.

    Attributes
    ----------
    contributions : dict of str to array
        Of the shapes of the inputs.
    start, end : float
        The decision there.
    """

    contributions: Inputs
    start: float
    end: float


def network_path(net: SmileNet, start: Inputs, end: Inputs, weights: np.ndarray, offset: float, *,
                 n_steps: int = 32, refine: bool = True, windows: np.ndarray | None = None,
                 sequence: bool = False) -> Path:
    """Return what each input contributes to a weighted sum of a network's final-branch features.

    Parameters
    ----------
    net : SmileNet
        Trained. Neither it nor torch's random state is changed.
    start, end : dict of str to array
        The baseline and the clip, one item each, by the names under which the network takes them.
    weights : array of shape (n_embed,)
    offset : float
        Added to the sum; the last layer's bias, where the sum is the logit.
    n_steps : int, default=32
        Places on the way at which gradients are taken (midpoint rule).
    refine : bool, default=True
        Take twice as many until contributions add up to 0.5 % of the difference, at most 512.
        Networks that make discrete choices never get there.
    windows : array of int of shape (n_windows, n_frames), optional
        Rows of the input "x" that the network sees together, and over which it averages; without
        it, the input as it is.
    sequence : bool, default=False
        The network takes `lengths`.

    Returns
    -------
    Path
    """
    decide = _Decision(net, weights, offset, windows, sequence)
    with one_thread(), torch.backends.cudnn.flags(enabled=False):  # its LSTM has no such gradient
        at_start, at_end = decide.whole(start), decide.whole(end)
        while True:
            contributions = {name: (end[name] - start[name]) * gradient for name, gradient in
                             _mean_gradients(decide, start, end, n_steps).items()}
            missing = at_end - at_start - sum(float(v.sum()) for v in contributions.values())
            size = abs(at_end - at_start) + 1e-3
            if not refine or abs(missing) <= _TOLERANCE * size or 2 * n_steps > _MOST_STEPS:
                return Path(contributions, at_start, at_end)
            n_steps *= 2


def mean_gradient(net: SmileNet, start: np.ndarray, end: np.ndarray, weights: np.ndarray, *,
                  n_steps: int = 256) -> np.ndarray:
    """Return the mean gradient of a weighted sum of final-branch features along the way.

    Parameters
    ----------
    net : SmileNet
        Of one input, "x".
    start, end : arrays of one item
    weights : array of shape (n_embed,)
    n_steps : int, default=256

    Returns
    -------
    array of the shape of `start`
    """
    with one_thread():
        return _mean_gradients(_Decision(net, weights, 0.0, None, False), {"x": start},
                               {"x": end}, n_steps)["x"]


class _Decision:
    """The weighted sum, of a batch of inputs."""

    def __init__(self, net: SmileNet, weights: np.ndarray, offset: float,
                 windows: np.ndarray | None, sequence: bool) -> None:
        self.net, self.offset, self.sequence, self.windows = net, offset, sequence, windows
        self.weights = _tensor(weights, net)
        self.module: Any = net.module_.eval()

    def whole(self, inputs: Inputs) -> float:
        """Of one item."""
        seen = inputs if self.windows is None else {**inputs, "x": inputs["x"][self.windows]}
        with torch.inference_mode():
            return float(self({name: _tensor(v, self.net)[None] for name, v in seen.items()}))

    def __call__(self, x: dict[str, Tensor]) -> Tensor:
        if self.sequence:
            x = {**x, "lengths": torch.full((len(x["x"]),), x["x"].shape[1])}
        return self.module.embed(**x) @ self.weights + self.offset


def _mean_gradients(decide: _Decision, start: Inputs, end: Inputs, n_steps: int) -> Inputs:
    """Of each input, of the shape of `start`; windows, over which a network averages, go apart."""
    shares = (np.arange(n_steps) + 0.5) / n_steps if n_steps > 1 else np.ones(1)
    whole = np.arange(len(start["x"]))[None]
    rows = whole if decide.windows is None else decide.windows
    step, window = (part.ravel() for part in np.indices((n_steps, len(rows))))
    numbers = sum(v.size for v in start.values()) * rows.shape[1] / len(start["x"])
    size = max(1, int(_AT_ONCE / numbers))
    total = {name: np.zeros(v.shape) for name, v in start.items()}
    for first in range(0, len(step), size):
        part = slice(first, first + size)
        places = {}
        for name, v in start.items():
            share = shares[step[part]].reshape(-1, *[1] * v.ndim)
            low, moved = ((a[rows[window[part]]] if name == "x" else a[None])
                          for a in (v, end[name] - v))
            places[name] = _tensor(low + share * moved, decide.net).requires_grad_()
        with torch.enable_grad():
            gradients = torch.autograd.grad(decide(places).sum(), list(places.values()),
                                            allow_unused=True)
        for name, gradient in zip(places, gradients, strict=True):
            if gradient is None:  # an input that does not count at all
                continue
            back = gradient.cpu().numpy().astype(float)
            if name == "x":
                seen = rows[window[part]].ravel()
                np.add.at(total[name], seen, back.reshape(len(seen), *back.shape[2:]))
            else:
                total[name] += back.sum(axis=0)
    return {name: g / len(step) for name, g in total.items()}


def _tensor(value: np.ndarray, net: SmileNet) -> Tensor:
    return torch.tensor(value, dtype=torch.float32, device=net.device)
