"""A plain vision transformer on the frames of a face.

Dosovitskiy et al. (2021), An image is worth 16×16 words: transformers for image recognition at
scale, ICLR, arXiv:2010.11929.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class FaceViT(nn.Module):
    """A vision transformer a frame, the mean over frames: 164,929 parameters by default.

    Parameters
    ----------
    size : int, default=48
        Height and width of a frame in pixels.
    patch : int, default=8
        Height and width of a patch in pixels; it divides `size`.
    n_hidden : int, default=64
        Channels of a token.
    n_layers : int, default=3
    n_heads : int, default=4
        They divide `n_hidden`.
    dropout : float, default=0.1

    Attributes
    ----------
    n_embed : int
        Numbers that `embed` gives for a clip: `n_hidden`.

    Notes
    -----
    As published: patches projected to tokens, a class token, learnt positions, pre-norm layers
    with GELU networks of four times the channels, a last LayerNorm; a frame's embedding is its
    class token. It is smaller than the usual ones (ViT-Tiny: 192 channels, 12 layers, 3 heads, 5.5
    million parameters): faces of 48 pixels are 36 patches, and clips come in hundreds. Nothing here
    knows the order of frames.
    """

    def __init__(self, size: int = 48, patch: int = 8, n_hidden: int = 64, n_layers: int = 3,
                 n_heads: int = 4, dropout: float = 0.1) -> None:
        super().__init__()
        if patch < 1 or size < patch or size % patch:
            raise ValueError(f"patch must divide size, and {patch} does not divide {size}")
        if n_hidden % n_heads:
            raise ValueError(f"n_heads must divide n_hidden, and {n_heads} does not divide "
                             f"{n_hidden}")
        self.patches = nn.Conv2d(3, n_hidden, patch, stride=patch)
        self.token = nn.Parameter(torch.empty(1, 1, n_hidden))
        self.positions = nn.Parameter(torch.empty(1, (size // patch)**2 + 1, n_hidden))
        nn.init.normal_(self.token, std=0.02)
        nn.init.normal_(self.positions, std=0.02)
        self.dropout = nn.Dropout(dropout)
        # Not nn.TransformerEncoder: all its layers would start with the same weights.
        self.layers = nn.Sequential(
            *[nn.TransformerEncoderLayer(n_hidden, n_heads, 4 * n_hidden, dropout,
                                         activation="gelu", batch_first=True, norm_first=True)
              for _ in range(n_layers)])
        self.norm = nn.LayerNorm(n_hidden)
        self.n_embed = n_hidden
        self.out = nn.Linear(n_hidden, 1)

    def embed(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return what the last layer sees.

        Parameters
        ----------
        x : tensor of shape (B, T, 3, size, size)
            Frames within 0 to 1, padded at the end.
        lengths : tensor of shape (B,), int
            Frames of each clip, at least 1.

        Returns
        -------
        tensor of shape (B, n_embed)
        """
        real = torch.arange(x.shape[1], device=x.device) < lengths[:, None]
        # Only real frames go on. Frames around 0, as vision transformers have them.
        tokens = self.patches(2.0 * x[real] - 1.0).flatten(2).transpose(1, 2)
        first = self.token.expand(len(tokens), -1, -1).to(tokens.dtype)
        tokens = self.dropout(torch.cat([first, tokens], dim=1) + self.positions)
        frames = self.norm(self.layers(tokens)[:, 0])
        return torch.stack([clip.mean(0) for clip in frames.split(lengths.tolist())])

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return logits of shape (B,); see `embed` for the parameters."""
        return self.out(self.embed(x, lengths)).squeeze(1)
