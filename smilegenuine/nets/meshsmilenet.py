"""MeshSmileNet: the points of the face mesh over time, by CurveNet and a transformer.

A CurveNet on the mesh of each frame; its points become tokens, which attend over time and to each
other in turns. Compare the published code, github.com/Tushar-Faroque/MeshSmileNet.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from .curvenet import CurveNet
from .positions import sinusoids


class TransformerLayer(nn.Module):
    """Attention and a perceptron, each after a layer norm and with a shortcut.

    Parameters
    ----------
    n_channels : int
    n_heads : int
        `n_channels` is a multiple of it.
    dropout : float
    doubled_positions : bool
        See `MeshTrunk`.
    """

    def __init__(self, n_channels: int, n_heads: int, dropout: float,
                 doubled_positions: bool) -> None:
        super().__init__()
        self.n_heads, self.doubled_positions = n_heads, doubled_positions
        self.attention_norm = nn.LayerNorm(n_channels)
        self.query_key_value = nn.Linear(n_channels, 3 * n_channels, bias=False)
        self.project = nn.Linear(n_channels, n_channels)
        self.dropout = nn.Dropout(dropout)
        self.perceptron = nn.Sequential(
            nn.LayerNorm(n_channels), nn.Linear(n_channels, 2 * n_channels), nn.GELU(),
            nn.Dropout(dropout), nn.Linear(2 * n_channels, n_channels), nn.Dropout(dropout))

    def forward(self, x: Tensor) -> Tensor:
        """Return a tensor of the shape of `x`, (sequences, length, n_channels)."""
        x = x + self._attended(x)
        return x + self.perceptron(x)

    def _attended(self, x: Tensor) -> Tensor:
        normed = self.attention_norm(x)
        placed = self.dropout(normed + sinusoids(x.shape[1], x.shape[2], x.device))
        if self.doubled_positions:
            placed = normed + placed
        query, key, value = (self.query_key_value(placed)
                             .unflatten(2, (3, self.n_heads, -1)).permute(2, 0, 3, 1, 4))
        attended = functional.scaled_dot_product_attention(query, key, value)
        return self.dropout(self.project(attended.transpose(1, 2).flatten(2)))


class MeshTrunk(nn.Module):
    """All of MeshSmileNet before its last layer norm.

    Parameters
    ----------
    n_points : int, default=478
        Points N of a mesh.
    n_layers, n_time_layers : int, default=6 and 3
        Transformer layers that attend over time and over tokens in turns, and layers after them
        that attend over time, to the mean of the tokens.
    n_tokens : int, default=32
        Learned mixtures of a frame's points that the transformer sees.
    dropout : float, default=0.1
    n_heads : int, default=4
    n_channels, ratios, n_neighbors, n_curves, curve_length, reshaped_mixing
        See `CurveNet`; the last of `n_channels` is also the width of the transformer.
    doubled_positions : bool, default=False
        How positions enter attention. False: x + positions. True: x + (x + positions), as in the
        published code; published weights were trained with that.

    Attributes
    ----------
    n_embed : int
        Numbers that the trunk gives for a clip, 256 by default.
    """

    def __init__(self, n_points: int = 478, n_layers: int = 6, n_time_layers: int = 3,
                 n_tokens: int = 32, dropout: float = 0.1, n_heads: int = 4,
                 n_channels: tuple[int, ...] = (32, 64, 128, 256),
                 ratios: tuple[int, ...] = (2, 4, 2, 4), n_neighbors: int = 20,
                 n_curves: int = 100, curve_length: int = 5, reshaped_mixing: bool = False,
                 doubled_positions: bool = False) -> None:
        super().__init__()
        self.encoder = CurveNet(n_channels, ratios, n_neighbors, n_curves, curve_length,
                                reshaped_mixing)
        self.encoder.check_points(n_points)
        self.n_points, self.n_embed = n_points, self.encoder.n_outputs
        if n_tokens < 1:
            raise ValueError(f"n_tokens must be at least 1, not {n_tokens}")
        if n_heads < 1 or self.n_embed % n_heads:
            raise ValueError(f"the last of n_channels, {self.n_embed}, must be a multiple of "
                             f"n_heads, {n_heads}")
        self.dropout = nn.Dropout(dropout)
        self.tokens = nn.Linear(n_points, n_tokens, bias=False)
        self.token_norm = nn.BatchNorm1d(n_tokens)
        self.layers, self.time_layers = (
            nn.ModuleList(TransformerLayer(self.n_embed, n_heads, dropout, doubled_positions)
                          for _ in range(n)) for n in (n_layers, n_time_layers))

    def forward(self, x: Tensor) -> Tensor:
        """Return what the last layer norm sees.

        Parameters
        ----------
        x : tensor of shape (B, T, n_points, 3)

        Returns
        -------
        tensor of shape (B, n_embed)

        Raises
        ------
        ValueError
            `x` has another shape.
        """
        if x.ndim != 4 or x.shape[2:] != (self.n_points, 3) or x.shape[1] < 1:
            raise ValueError(f"x must have shape (B, T, {self.n_points}, 3), not {tuple(x.shape)}")
        features = self.dropout(self.encoder(x.flatten(0, 1)))
        tokens = self.token_norm(self.tokens.weight @ features).unflatten(0, x.shape[:2])
        for i, layer in enumerate(self.layers):
            if i % 2 == 0:  # over time, for each token
                tokens = tokens.transpose(1, 2)
                tokens = layer(tokens.flatten(0, 1)).view_as(tokens).transpose(1, 2)
            else:
                tokens = layer(tokens.flatten(0, 1)).view_as(tokens)
        frames = tokens.mean(2)
        for layer in self.time_layers:
            frames = layer(frames)
        return frames.mean(1)

    def of_windows(self, x: Tensor) -> Tensor:
        """Return what the last layer norm sees of each window of clips.

        Parameters
        ----------
        x : tensor of shape (B, T, n_points, 3) or (B, W, T, n_points, 3)
            Of one window, or of W windows, of each clip.

        Returns
        -------
        tensor of shape (B, W, n_embed)

        Raises
        ------
        ValueError
            `x` has another shape.
        """
        if x.ndim not in (4, 5) or x.shape[-2:] != (self.n_points, 3) or 0 in x.shape[:-2]:
            raise ValueError(f"x must have shape (B, T, {self.n_points}, 3) or (B, W, T, "
                             f"{self.n_points}, 3), not {tuple(x.shape)}")
        return self(x.flatten(0, -4)).view(len(x), -1, self.n_embed)


class MeshSmileNet(nn.Module):
    """CurveNet on each frame's mesh, tokens, a transformer: 4,896,337 parameters by default.

    Parameters
    ----------
    **trunk
        The parameters of `MeshTrunk`.

    Attributes
    ----------
    n_embed : int
        Numbers that `embed` gives for a clip, 256 by default.
    """

    def __init__(self, **trunk: Any) -> None:
        super().__init__()
        self.trunk = MeshTrunk(**trunk)
        self.n_embed = self.trunk.n_embed
        self.norm = nn.LayerNorm(self.n_embed)
        self.out = nn.Linear(self.n_embed, 1)

    def embed(self, x: Tensor) -> Tensor:
        """Return what the last layer sees.

        Parameters
        ----------
        x : tensor of shape (B, T, n_points, 3) or (B, W, T, n_points, 3)
            Landmarks, scaled to about 0 to 1; of W windows of each clip, over which is averaged.

        Returns
        -------
        tensor of shape (B, n_embed)

        Raises
        ------
        ValueError
            `x` has another shape.
        """
        return self.norm(self.trunk.of_windows(x)).mean(1)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits of shape (B,); see `embed` for the parameters."""
        return self.out(self.embed(x)).squeeze(1)


#: Parts of our modules -> the published code's (class TemporalModel).
_PUBLISHED = {
    "trunk.encoder.first.pairs": "encoder.lpfa.mlp.0",
    "trunk.encoder.blocks.0": "encoder.cic11", "trunk.encoder.blocks.1": "encoder.cic12",
    "trunk.encoder.blocks.2": "encoder.cic21", "trunk.encoder.blocks.3": "encoder.cic22",
    "trunk.encoder.last": "encoder.conv0",
    "trunk.tokens": "downsample.0", "trunk.token_norm": "downsample.1",
    "trunk.layers": "transformer.layers", "trunk.time_layers": "time.layers",
    "norm": "mlp_head.0", "out": "mlp_head.1",
}
_PUBLISHED_IN_BLOCK = {
    "narrow": "conv1", "widen": "conv2", "shortcut": "shortcut",
    "grouping.score": "curvegrouping.att", "grouping.choose": "curvegrouping.walk.agent_mlp",
    "grouping.mix": "curvegrouping.walk.momentum_mlp",
    "curves.score": "curveaggregation.line_conv_att", "curves.query": "curveaggregation.convc",
    "curves.curve_key": "curveaggregation.conva", "curves.step_key": "curveaggregation.convb",
    "curves.curve_value": "curveaggregation.convn", "curves.step_value": "curveaggregation.convl",
    "curves.out": "curveaggregation.convd",
    "points.pairs": "lpfa.xyz2feature", "points.mix": "lpfa.mlp.0",
}
_PUBLISHED_IN_LAYER = {
    "attention_norm": "0.norm", "query_key_value": "0.fn.to_qkv", "project": "0.fn.to_out.0",
    "perceptron.0": "1.norm", "perceptron.1": "1.fn.net.0", "perceptron.4": "1.fn.net.3",
}


def _renamed(name: str, table: dict[str, str]) -> tuple[str, str]:
    """Return the published name of the part of `table` that `name` begins with, and the rest."""
    part = next(part for part in table if name.startswith(f"{part}."))
    return table[part], name[len(part) + 1:]


def _published_name(name: str) -> str:
    """Return the published name of one of our weights."""
    part, rest = _renamed(name, _PUBLISHED)
    if part.endswith(".layers"):
        number, _, rest = rest.partition(".")
        inner, rest = _renamed(rest, _PUBLISHED_IN_LAYER)
        return f"{part}.{number}.{inner}.{rest}"
    if part.startswith("encoder.cic"):
        inner, rest = _renamed(rest, _PUBLISHED_IN_BLOCK)
        part = f"{part}.{inner}"
    if part.startswith("encoder."):  # each convolution is the first of two, its norm the second
        rest = rest.replace("linear.", "0.").replace("norm.", "1.")
    return f"{part}.{rest}"


def from_published(state: dict[str, Tensor]) -> MeshSmileNet:
    """Make a network of the weights of the published implementation.

    Parameters
    ----------
    state : dict of str to Tensor
        The published ``TemporalModel().state_dict()``, what its training script saves as ``.pt``.

    Returns
    -------
    MeshSmileNet
        In evaluation mode, with `doubled_positions` and `reshaped_mixing`. Its sigmoid is what the
        published network gives.

    Raises
    ------
    ValueError
        Weights are missing or of another shape; they are named.
    """
    net = MeshSmileNet(doubled_positions=True, reshaped_mixing=True)
    weights = net.state_dict()
    names = {name: _published_name(name) for name in weights}
    missing = sorted(set(names.values()) - set(state))
    missing += sorted(published for name, published in names.items()
                      if published in state and state[published].numel() != weights[name].numel())
    if missing:
        raise ValueError(f"not the weights of the published MeshSmileNet: {', '.join(missing[:5])} "
                         f"missing or of another shape")
    net.load_state_dict({name: state[published].reshape(weights[name].shape)
                         for name, published in names.items()})
    return net.eval()
