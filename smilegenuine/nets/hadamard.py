"""Fusion by the element-wise product of projected embeddings.

After HadaSmileNet's fusion: each branch's features are projected to the same width, the projections
multiplied, and a normalised linear layer decides.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class HadamardFusion(nn.Module):
    """Project each block of columns, multiply, decide.

    Parameters
    ----------
    widths : sequence of int
        Columns of each branch, in their order.
    n_hidden : int, default=32
        Width of the projections.
    dropout : float, default=0.1
        On the product.

    Attributes
    ----------
    n_embed : int
        Numbers that `embed` gives: `n_hidden`.
    """

    def __init__(self, widths: Sequence[int], n_hidden: int = 32, dropout: float = 0.1) -> None:
        super().__init__()
        self.widths = list(widths)
        self.projections = nn.ModuleList(nn.Linear(n, n_hidden) for n in self.widths)
        for projection in self.projections:
            # Around 1, a factor leaves the others as they are; around 0, products of several would
            # vanish and with them every gradient.
            nn.init.ones_(projection.bias)  # type: ignore[arg-type]
        self.head = nn.Sequential(nn.LayerNorm(n_hidden), nn.Dropout(dropout))
        self.n_embed = n_hidden
        self.out = nn.Linear(n_hidden, 1)

    def embed(self, x: Tensor) -> Tensor:
        """Return what the last layer sees.

        Parameters
        ----------
        x : tensor of shape (B, sum of widths)

        Returns
        -------
        tensor of shape (B, n_hidden)
        """
        factors = [project(block) for project, block in
                   zip(self.projections, x.split(self.widths, dim=1), strict=True)]
        return self.head(torch.stack(factors).prod(dim=0))

    def forward(self, x: Tensor) -> Tensor:
        """Return logits of shape (B,); see `embed` for the parameters."""
        return self.out(self.embed(x)).squeeze(1)
