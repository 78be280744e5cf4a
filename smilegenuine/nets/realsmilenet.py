"""RealSmileNet: the face itself, by a convolutional encoder and a convolutional LSTM.

Yang, Hossain, Gedeon & Rahman (2020), RealSmileNet: a deep end-to-end network for spontaneous and
posed smile recognition, ACCV. Sequences are padded at their end here, and at their beginning in the
published code; what a clip gives depends on its own frames only, either way.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .memory import memory_biases


class TemporalAttention(nn.Module):
    """Weigh each frame by how it differs from the one before it.

    Parameters
    ----------
    n_channels : int
        Channels of a frame.
    """

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(n_channels, n_channels, 3, padding=1)
        # At first every channel is weighed by the sum of all channels' differences.
        identity = torch.zeros(3, 3)
        identity[1, 1] = 1.0
        with torch.no_grad():
            self.conv.weight.copy_(identity.expand_as(self.conv.weight))
            self.conv.bias.zero_()  # type: ignore[union-attr]

    def forward(self, frames: Tensor, real: Tensor) -> Tensor:
        """Weigh the frames of sequences.

        Parameters
        ----------
        frames : tensor of shape (B, T, n_channels, H, W)
            Padded at the end. Before the first frame nothing moves.
        real : tensor of shape (B, T), bool
            Frames that are not padding.

        Returns
        -------
        tensor of shape (number of real frames, n_channels, H, W)
        """
        change = torch.zeros_like(frames)
        change[:, 1:] = frames[:, 1:] - frames[:, :-1]
        # Few channels, many pixels: channels last is nearly twice as fast on a processor.
        packed = frames[real].contiguous(memory_format=torch.channels_last)
        change = change[real].contiguous(memory_format=torch.channels_last)
        return self.conv(change) * packed + packed


class ConvLSTM(nn.Module):
    """A convolutional LSTM that returns the hidden state after each sequence's last frame.

    Parameters
    ----------
    n_inputs, n_hidden : int
        Channels of the input and of the state.
    kernel_size : int, default=3

    Notes
    -----
    All four gates come from one convolution on [input, hidden], in the order input, forget, output,
    candidate. The part over the inputs is worked out for all frames at once.
    """

    def __init__(self, n_inputs: int, n_hidden: int, kernel_size: int = 3) -> None:
        super().__init__()
        self.n_inputs, self.n_hidden = n_inputs, n_hidden
        self.conv = nn.Conv2d(n_inputs + n_hidden, 4 * n_hidden, kernel_size,
                              padding=kernel_size // 2)

    def remember(self, n_steps: float) -> None:
        """Set the biases of the gates so that units remember for up to so many steps."""
        span = memory_biases(self.n_hidden, n_steps)
        with torch.no_grad():
            bias = dict(self.conv.named_parameters())["bias"]
            bias[:self.n_hidden] = -span
            bias[self.n_hidden:2 * self.n_hidden] = span

    def forward(self, packed: Tensor, lengths: Tensor) -> Tensor:
        """Run over sequences.

        Parameters
        ----------
        packed : tensor of shape (sum of lengths, n_inputs, H, W)
            The frames of all sequences, one sequence after the other.
        lengths : tensor of shape (B,)
            Frames of each sequence, at least 1.

        Returns
        -------
        tensor of shape (B, n_hidden, H, W)
        """
        padding = self.conv.padding
        of_input = functional.conv2d(packed, self.conv.weight[:, :self.n_inputs], self.conv.bias,
                                     padding=padding)
        longest_first = torch.argsort(lengths, descending=True, stable=True)
        starts = (lengths.cumsum(0) - lengths)[longest_first]
        running = lengths[longest_first]
        hidden = packed.new_zeros(len(lengths), self.n_hidden, *packed.shape[2:])
        hidden = hidden.to(of_input.dtype)
        cell, of_hidden = hidden, self.conv.weight[:, self.n_inputs:]
        ended = []
        # Sequences drop out as they end, so that nothing is computed on padding.
        for t, n in enumerate(_running(running)):
            if n < len(hidden):
                ended.append(hidden[n:])
                hidden, cell = hidden[:n], cell[:n]
            gates = of_input[starts[:n] + t] + functional.conv2d(hidden, of_hidden,
                                                                 padding=padding)
            i, f, o, g = gates.chunk(4, dim=1)
            cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
            hidden = torch.sigmoid(o) * torch.tanh(cell)
        last = torch.cat([hidden, *reversed(ended)])
        return last[torch.argsort(longest_first)]


def _running(lengths: Tensor) -> list[int]:
    """Count the sequences that have a frame t, for each t."""
    steps = torch.arange(int(lengths.max()), device=lengths.device)
    return [int(n) for n in (lengths[:, None] > steps).sum(0).tolist()]


class NonLocalBlock(nn.Module):
    """Let every place of a picture look at all others (Wang et al. 2018, dot product form).

    Parameters
    ----------
    n_channels : int
        Channels of the picture; half as many inside.
    """

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        inner = n_channels // 2
        self.query = nn.Conv2d(n_channels, inner, 1)
        self.key = nn.Conv2d(n_channels, inner, 1)
        self.value = nn.Conv2d(n_channels, inner, 1)
        self.out = nn.Conv2d(inner, n_channels, 1)
        self.norm = nn.BatchNorm2d(n_channels)
        nn.init.zeros_(self.norm.weight)  # at first the block passes its input on
        nn.init.zeros_(self.norm.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return pictures of the shape of `x`, (B, C, H, W)."""
        query = self.query(x).flatten(2)
        key = functional.max_pool2d(self.key(x), 2).flatten(2)
        value = functional.max_pool2d(self.value(x), 2).flatten(2)
        affinity = query.transpose(1, 2) @ key / key.shape[-1]
        attended = (affinity @ value.transpose(1, 2)).transpose(1, 2)
        return self.norm(self.out(attended.reshape(*attended.shape[:2], *x.shape[2:]))) + x


def _conv_norm(n_inputs: int, n_outputs: int, kernel_size: int, padding: int = 0) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(n_inputs, n_outputs, kernel_size, padding=padding),
                         nn.BatchNorm2d(n_outputs), nn.ReLU())


class RealSmileNet(nn.Module):
    """Temporal attention, encoder, ConvLSTM, non-local head: 5,273 parameters by default.

    Parameters
    ----------
    n_channels : int, default=3
        Channels of a frame.
    size : int, default=48
        Height and width of a frame in pixels; even quarters.
    n_encoder : tuple of (int, int), default=(4, 6)
        Channels of the encoder's two convolutions.
    n_hidden : int, default=8
        Channels of the ConvLSTM.
    n_head : int, default=10
        Channels of the head's convolution.
    dropout : tuple of (float, float), default=(0.2, 0.5)
        After the encoder (whole channels) and at the end of the head.
    n_remembered : float, optional
        Steps over which the ConvLSTM is to remember at first, at most (see `memory_biases`).
        Without it, gates start as published, with a memory of a step or two.

    Attributes
    ----------
    n_embed : int
        Numbers that `embed` gives for a clip, 250 by default.
    """

    def __init__(self, n_channels: int = 3, size: int = 48, n_encoder: tuple[int, int] = (4, 6),
                 n_hidden: int = 8, n_head: int = 10,
                 dropout: tuple[float, float] = (0.2, 0.5),
                 n_remembered: float | None = None) -> None:
        super().__init__()
        if size < 16 or size % 4:
            raise ValueError(f"size must be a multiple of 4 of at least 16 pixels, not {size}")
        self.attention = TemporalAttention(n_channels)
        self.encoder = nn.Sequential(
            nn.BatchNorm2d(n_channels),
            _conv_norm(n_channels, n_encoder[0], 3, padding=1), nn.AvgPool2d(2),
            _conv_norm(n_encoder[0], n_encoder[1], 3, padding=1), nn.AvgPool2d(2),
            nn.Dropout2d(dropout[0]))
        self.recurrent = ConvLSTM(n_encoder[1], n_hidden)
        self.head = nn.Sequential(NonLocalBlock(n_hidden), nn.AvgPool2d(2),
                                  _conv_norm(n_hidden, n_head, 2), nn.Dropout(dropout[1]),
                                  nn.Flatten())
        self.n_embed = n_head * (size // 8 - 1) ** 2
        self.out = nn.Linear(self.n_embed, 1)
        if n_remembered is not None:
            self.recurrent.remember(n_remembered)

    def embed(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return what the last layer sees.

        Parameters
        ----------
        x : tensor of shape (B, T, n_channels, size, size)
            Frames within 0 to 1, padded at the end.
        lengths : tensor of shape (B,), int
            Frames of each clip, at least 1.

        Returns
        -------
        tensor of shape (B, n_embed)
        """
        real = torch.arange(x.shape[1], device=x.device) < lengths[:, None]
        # Only real frames go on, so that batch norm sees nothing else.
        packed = self.encoder(self.attention(x, real))
        return self.head(self.recurrent(packed, lengths))

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return logits of shape (B,); see `embed` for the parameters."""
        return self.out(self.embed(x, lengths)).squeeze(1)


#: Our module -> the published code's (github.com/Yan98, class DeepSmileNet).
_PUBLISHED = {
    "attention.conv": "TA.conv", "encoder.0": "encoder.0", "encoder.1.0": "encoder.1.conv",
    "encoder.1.1": "encoder.1.bn", "encoder.3.0": "encoder.3.conv", "encoder.3.1": "encoder.3.bn",
    "recurrent.conv": "decoder.cell.conv", "head.0.value": "pool.0.g.0",
    "head.0.out": "pool.0.W.0", "head.0.norm": "pool.0.W.1", "head.0.query": "pool.0.theta",
    "head.0.key": "pool.0.phi.0", "head.2.0": "pool.2.conv", "head.2.1": "pool.2.bn",
    "out": "pool.5",
}


def from_published(state: dict[str, Tensor], *, upright: bool = True) -> dict[str, Tensor]:
    """Rename the weights of the published implementation to those of `RealSmileNet`.

    Parameters
    ----------
    state : dict of str to Tensor
        The published ``DeepSmileNet().state_dict()``, what its training script saves as ``.pt``.
    upright : bool, default=True
        The published code feeds its network pictures that lie on their side (width before height).
        True: turn the kernels, so that the network gives the same for pictures that stand upright.
        False: weights as they are.

    Returns
    -------
    dict of str to Tensor
        For ``RealSmileNet().load_state_dict``.

    Raises
    ------
    ValueError
        Weights are missing; they are named.
    """
    names = {name: name.replace(module, published, 1)
             for name in RealSmileNet().state_dict()
             for module, published in _PUBLISHED.items() if name.rpartition(".")[0] == module}
    missing = sorted(set(names.values()) - set(state))
    if missing:
        raise ValueError(f"not the weights of the published RealSmileNet: {', '.join(missing[:5])} "
                         f"missing")
    weights = {name: state[published] for name, published in names.items()}
    if upright:
        weights = {name: w.transpose(2, 3) if w.ndim == 4 else w for name, w in weights.items()}
        final = weights["out.weight"]
        side = round((final.shape[1] // 10) ** 0.5)
        weights["out.weight"] = final.view(1, 10, side, side).transpose(2, 3).reshape(1, -1)
    return weights
