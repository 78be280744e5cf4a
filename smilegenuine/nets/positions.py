"""Positions in a sequence, for networks that do not know order by themselves."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def sinusoids(n_positions: int, n_channels: int, device: torch.device | None = None) -> Tensor:
    """Compute the positions of Vaswani et al. (2017): sines and cosines in turns.

    Parameters
    ----------
    n_positions, n_channels : int
    device : torch.device, optional

    Returns
    -------
    tensor of shape (n_positions, n_channels)
        In column 2i the sine, in 2i + 1 the cosine of position / 10000^(2i / n_channels).
    """
    rates = torch.exp(torch.arange(0, n_channels, 2, device=device)
                      * (-math.log(10000.0) / n_channels))
    angles = torch.arange(n_positions, device=device)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], 2).flatten(1)[:, :n_channels]
