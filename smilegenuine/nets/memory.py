"""How long recurrent units remember when training starts."""

from __future__ import annotations

import torch
from torch import Tensor


def memory_biases(n_units: int, n_steps: float) -> Tensor:
    """Draw biases with which units remember for up to so many steps.

    Parameters
    ----------
    n_units : int
    n_steps : float
        At least 2.

    Returns
    -------
    tensor of shape (n_units,)
        For the forget gate; the input gate takes their negative. A unit with the bias log(T − 1)
        halves what it remembers in about T steps; T is drawn evenly between 2 and `n_steps`, so
        that units of all spans are there.

    References
    ----------
    Tallec & Ollivier (2018), Can recurrent neural networks warp time?, arXiv:1804.11188.
    """
    return torch.log(1.0 + torch.rand(n_units) * max(n_steps - 2.0, 0.0))
