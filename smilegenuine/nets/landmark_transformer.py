"""A vanilla transformer on landmarks: a frame is a token.

Vaswani et al. (2017), Attention is all you need, arXiv:1706.03762; pre-norm as in Xiong et al.
(2020), On layer normalization in the transformer architecture, arXiv:2002.04745.
"""

from __future__ import annotations

from torch import Tensor, nn

from .point_clouds import mean_over_windows
from .positions import sinusoids


class LandmarkTransformer(nn.Module):
    """Each frame's points as one token, a transformer over time: 158,977 parameters by default.

    Parameters
    ----------
    n_points : int, default=478
        Points of a frame.
    n_hidden : int, default=64
        Channels of a token, even.
    n_layers : int, default=2
    n_heads : int, default=4
        They divide `n_hidden`.
    n_mlp : int, default=128
        Units between the two layers of each network.
    dropout : float, default=0.1

    Attributes
    ----------
    n_embed : int
        Numbers that `embed` gives for a clip: `n_hidden`.

    Notes
    -----
    Each coordinate is scaled by batch norm to mean 0 and variance 1 over training frames. Nothing
    tells the network which points are neighbours: it is what a transformer makes of landmarks
    without a point network before it.
    """

    def __init__(self, n_points: int = 478, n_hidden: int = 64, n_layers: int = 2, n_heads: int = 4,
                 n_mlp: int = 128, dropout: float = 0.1) -> None:
        super().__init__()
        if n_hidden % 2 or n_hidden % n_heads:
            raise ValueError(f"n_hidden must be even and divided by n_heads ({n_heads}), not "
                             f"{n_hidden}")
        self.n_points = n_points
        # Faces differ little in most coordinates; as they are, what differs would drown.
        self.scale = nn.BatchNorm1d(3 * n_points, affine=False)
        self.project = nn.Linear(3 * n_points, n_hidden)
        self.dropout = nn.Dropout(dropout)
        # Not nn.TransformerEncoder: all its layers would start with the same weights.
        self.layers = nn.Sequential(
            *[nn.TransformerEncoderLayer(n_hidden, n_heads, n_mlp, dropout, activation="gelu",
                                         batch_first=True, norm_first=True)
              for _ in range(n_layers)],
            nn.LayerNorm(n_hidden))
        self.n_embed = n_hidden
        self.out = nn.Linear(n_hidden, 1)

    def embed(self, x: Tensor) -> Tensor:
        """Return what the last layer sees.

        Parameters
        ----------
        x : tensor of shape (B, T, n_points, 3) or (B, W, T, n_points, 3)
            Coordinates of about 0 to 1; of several windows the embeddings are averaged.

        Returns
        -------
        tensor of shape (B, n_embed)
        """
        return mean_over_windows(self._embed, x, self.n_points)

    def _embed(self, points: Tensor) -> Tensor:
        scaled = self.scale(points.flatten(0, 1).flatten(1)).unflatten(0, points.shape[:2])
        tokens = self.project(scaled)
        tokens = tokens + sinusoids(points.shape[1], self.n_embed, points.device)
        return self.layers(self.dropout(tokens)).mean(1)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits of shape (B,); see `embed` for the parameters."""
        return self.out(self.embed(x)).squeeze(1)
