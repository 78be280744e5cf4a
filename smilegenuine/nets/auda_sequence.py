"""An LSTM for each stream of frame-wise AUDA features.

Pawlus, Smolka, Kawulok & Kawulok (2025): the last hidden state of LSTM(17 → 150), batch norm, ReLU;
for the smile intensity LSTM(1 → 10).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from .memory import memory_biases


class AUDASequenceNet(nn.Module):
    """An LSTM a stream, their last hidden states side by side, a linear layer on top.

    Parameters
    ----------
    streams : mapping of str to (int, int)
        For each stream, in the order of its columns in the input, its number of signals and of
        hidden units: ``{"aus": (17, 150), "smile": (1, 10)}``.
    n_remembered : float, optional
        Steps over which units are to remember at first, at most (see `memory_biases`). Without it,
        gates start as torch's do, with a memory of a step or two.

    Attributes
    ----------
    n_embed : int
        Numbers that `embed` gives for a clip: the sum of the hidden units.
    """

    def __init__(self, streams: Mapping[str, tuple[int, int]],
                 n_remembered: float | None = None) -> None:
        super().__init__()
        if not streams:
            raise ValueError("streams is empty; at least one is needed")
        self.widths = [n_signals for n_signals, _ in streams.values()]
        self.lstms = nn.ModuleDict({name: nn.LSTM(n_signals, n_hidden, batch_first=True)
                                    for name, (n_signals, n_hidden) in streams.items()})
        self.norms = nn.ModuleDict({name: nn.BatchNorm1d(n_hidden)
                                    for name, (_, n_hidden) in streams.items()})
        self.n_embed = sum(n_hidden for _, n_hidden in streams.values())
        self.out = nn.Linear(self.n_embed, 1)
        if n_remembered is not None:
            for lstm in self.lstms.values():
                _remember(lstm, n_remembered)  # type: ignore[arg-type]

    def embed(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return what the last layer sees.

        Parameters
        ----------
        x : tensor of shape (B, T, sum of signals)
            Signals, padded at the end.
        lengths : tensor of shape (B,), int
            Frames of each clip, at least 1.

        Returns
        -------
        tensor of shape (B, n_embed)
        """
        hidden = []
        for stream, signals in zip(self.lstms, x.split(self.widths, dim=2), strict=True):
            packed = pack_padded_sequence(signals, lengths.cpu(), batch_first=True,
                                          enforce_sorted=False)
            _, (last, _) = self.lstms[stream](packed)
            hidden.append(torch.relu(self.norms[stream](last[0])))
        return torch.cat(hidden, dim=1)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return logits of shape (B,); see `embed` for the parameters."""
        return self.out(self.embed(x, lengths)).squeeze(1)


def _remember(lstm: nn.LSTM, n_steps: float) -> None:
    """Set the biases of the gates so that units remember for up to so many steps."""
    n = lstm.hidden_size
    span = memory_biases(n, n_steps)
    biases = dict(lstm.named_parameters())
    with torch.no_grad():
        # torch's order is input, forget, candidate, output; its two biases are added up.
        biases["bias_ih_l0"][:2 * n] = 0.0
        biases["bias_hh_l0"][:n] = -span
        biases["bias_hh_l0"][n:2 * n] = span
