"""A small dense network for each phase of a smile.

Pawlus, Smolka, Kawulok & Kawulok (2025): batch norm → linear → ReLU a phase, AU-wise 119 → 16,
cross-AU 1088 → 128 → 16.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class PhaseMLP(nn.Module):
    """A dense branch a phase, their outputs side by side, a linear layer on top.

    Parameters
    ----------
    n_phases : int
        Phases.
    n_features : int
        Features of a phase.
    n_hidden : sequence of int, default=(16,)
        Units of the layers of each branch.

    Attributes
    ----------
    n_embed : int
        Numbers that `embed` gives for a clip: the last of `n_hidden` a phase.
    """

    def __init__(self, n_phases: int, n_features: int, n_hidden: Sequence[int] = (16,)) -> None:
        super().__init__()
        if not len(n_hidden):
            raise ValueError("n_hidden is empty; a branch has at least one layer")
        self.branches = nn.ModuleList(_branch(n_features, n_hidden) for _ in range(n_phases))
        self.n_embed = n_phases * n_hidden[-1]
        self.out = nn.Linear(self.n_embed, 1)

    def embed(self, x: Tensor) -> Tensor:
        """Return what the last layer sees.

        Parameters
        ----------
        x : tensor of shape (B, n_phases, n_features)

        Returns
        -------
        tensor of shape (B, n_embed)
        """
        return torch.cat([branch(phase) for branch, phase in
                          zip(self.branches, x.unbind(1), strict=True)], dim=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits of shape (B,); see `embed` for the parameters."""
        return self.out(self.embed(x)).squeeze(1)


def _branch(n_features: int, n_hidden: Sequence[int]) -> nn.Sequential:
    layers: list[nn.Module] = [nn.BatchNorm1d(n_features)]
    for n_in, n_out in zip((n_features, *n_hidden), n_hidden, strict=False):
        layers += [nn.Linear(n_in, n_out), nn.ReLU()]
    return nn.Sequential(*layers)
