"""P4Transformer: point 4D convolution and self-attention on the point clouds of landmarks.

Fan, Yang & Kankanhalli (2021), Point 4D transformer networks for spatio-temporal modeling in point
cloud videos, CVPR, doi:10.1109/CVPR46437.2021.01398.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from . import point_clouds as clouds


class Point4DConvolution(nn.Module):
    """Embed tubes: what moves around anchors, in the frames around theirs.

    Parameters
    ----------
    n_outputs : int
        Channels.
    n_anchors : int
        Anchors of a frame, by farthest point sampling.
    radius : float
        Of the balls in which anchors have their neighbours.
    n_neighbors : int
    kernel_size : int, default=3
        Frames of a tube, odd. Beyond the ends of a clip its end is repeated.
    stride : int, default=2
        Every so many frames have anchors.
    """

    def __init__(self, n_outputs: int, n_anchors: int, radius: float, n_neighbors: int,
                 kernel_size: int = 3, stride: int = 2) -> None:
        super().__init__()
        self.n_anchors, self.radius, self.n_neighbors = n_anchors, radius, n_neighbors
        self.kernel_size, self.stride = kernel_size, stride
        self.of_displacements = nn.Linear(4, n_outputs, bias=False)

    def forward(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Convolve.

        Parameters
        ----------
        points : tensor of shape (B, T, N, 3)

        Returns
        -------
        anchors : tensor of shape (B, L, n_anchors, 3)
            L = ceil(T / stride).
        features : tensor of shape (B, L, n_anchors, n_outputs)
            The maximum over frames and neighbours of a linear map of the displacement from the
            anchor, in space and in frames.
        """
        n_clips, n_frames = points.shape[:2]
        of_clip, _ = clouds.tube_frames(n_frames, self.kernel_size, self.stride, points.device)
        frames = clouds.over_clips(of_clip, n_clips, n_frames)
        centres = points[:, ::self.stride].flatten(0, 1)
        anchors = clouds.take_points(centres, clouds.farthest_points(centres, self.n_anchors))
        each = anchors.repeat_interleave(self.kernel_size, 0)
        points = points.flatten(0, 1)
        index = clouds.ball_neighbors(points[frames], each, self.radius, self.n_neighbors)
        away = clouds.take_points(points, index, frames) - each[:, :, None]
        later = torch.arange(self.kernel_size, device=away.device) - self.kernel_size // 2
        away = away.unflatten(0, (-1, self.kernel_size))
        later = later.to(away.dtype)[:, None, None, None].expand(*away.shape[:-1], 1)
        # One axis of all neighbours in a tube: the way back is much quicker than over two.
        tubes = torch.cat([away, later], dim=-1).transpose(1, 2).flatten(2, 3)
        features = self.of_displacements(tubes).max(2).values
        lengths = (n_clips, len(of_clip))
        return anchors.unflatten(0, lengths), features.unflatten(0, lengths)


class TransformerLayer(nn.Module):
    """Pre-norm self-attention and a two-layer network, as published with P4Transformer.

    Parameters
    ----------
    n_hidden : int
        Channels of a token.
    n_heads : int
    n_mlp : int
        Units between the two layers.

    Notes
    -----
    Unlike `torch.nn.TransformerEncoderLayer`, queries, keys and values have no bias, and a GELU
    follows the projection of what the heads found.
    """

    def __init__(self, n_hidden: int, n_heads: int, n_mlp: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.norm = nn.LayerNorm(n_hidden)
        self.project = nn.Linear(n_hidden, 3 * n_hidden, bias=False)
        self.merge = nn.Sequential(nn.Linear(n_hidden, n_hidden), nn.GELU())
        self.mlp = nn.Sequential(nn.LayerNorm(n_hidden), nn.Linear(n_hidden, n_mlp), nn.GELU(),
                                 nn.Linear(n_mlp, n_hidden))

    def forward(self, x: Tensor) -> Tensor:
        """Return tokens of the shape of `x`, (B, number of tokens, n_hidden)."""
        heads = self.project(self.norm(x)).unflatten(2, (3, self.n_heads, -1))
        attended = functional.scaled_dot_product_attention(*heads.permute(2, 0, 3, 1, 4))
        x = x + self.merge(attended.transpose(1, 2).flatten(2))
        return x + self.mlp(x)


class P4Transformer(nn.Module):
    """Point 4D convolution, a transformer over all tubes, maximum: 175,553 parameters by default.

    Parameters
    ----------
    n_points : int, default=478
        Points of a frame.
    n_hidden : int, default=64
        Channels of a token; 1024 are published.
    n_layers : int, default=5
        Of the transformer, as published.
    n_heads : int, default=4
        They divide `n_hidden`; 8 are published.
    n_mlp : int, default=128
        Units between the two layers of each network; 2048 are published.
    n_anchors : int, default=16
        Tubes of a frame, at most `n_points`. Published is a 32nd of the points, which of 478 are
        14, and of 68 two.
    radius : float, default=0.3
        Of the balls, where coordinates are scaled to 0 to 1. On MediaPipe's mesh 16 such balls
        cover the face, and the median one is full.
    n_neighbors : int, default=32
        Points of a ball.

    Attributes
    ----------
    n_embed : int
        Numbers that `embed` gives for a clip: `n_mlp`.

    Notes
    -----
    As published for MSR-Action3D: tubes of three frames at every second frame, places (x, y, z,
    number of the frame) embedded by a linear layer, a transformer over the tokens of all frames,
    their maximum, LayerNorm, linear, GELU, linear. Different here: a sixteenth of the channels, and
    heads of 16 instead of 128; the number of anchors is given, not their share; clips of odd
    length, which the published code refuses, have their last frame repeated.

    Sampling starts at point 0, and a ball keeps the first points that it finds. Where no ball has
    more than `n_neighbors`, the order of all other points does not matter.
    """

    def __init__(self, n_points: int = 478, n_hidden: int = 64, n_layers: int = 5, n_heads: int = 4,
                 n_mlp: int = 128, n_anchors: int = 16, radius: float = 0.3,
                 n_neighbors: int = 32) -> None:
        super().__init__()
        if n_hidden % n_heads:
            raise ValueError(f"n_heads must divide n_hidden, and {n_heads} does not divide "
                             f"{n_hidden}")
        if not 1 <= n_anchors <= n_points:
            raise ValueError(f"n_anchors must be 1 to n_points ({n_points}), not {n_anchors}")
        if radius <= 0 or n_neighbors < 1:
            raise ValueError(f"radius must be positive and n_neighbors at least 1, not {radius} "
                             f"and {n_neighbors}")
        self.n_points = n_points
        self.tubes = Point4DConvolution(n_hidden, n_anchors, radius, n_neighbors)
        self.place = nn.Linear(4, n_hidden)
        self.layers = nn.Sequential(*[TransformerLayer(n_hidden, n_heads, n_mlp)
                                      for _ in range(n_layers)])
        self.head = nn.Sequential(nn.LayerNorm(n_hidden), nn.Linear(n_hidden, n_mlp), nn.GELU())
        self.n_embed = n_mlp
        self.out = nn.Linear(n_mlp, 1)

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
        return clouds.mean_over_windows(self._embed, x, self.n_points)

    def _embed(self, points: Tensor) -> Tensor:
        anchors, features = self.tubes(points)
        frame = torch.arange(1, anchors.shape[1] + 1, device=anchors.device).to(anchors.dtype)
        frame = frame[:, None, None].expand(*anchors.shape[:-1], 1)
        tokens = self.place(torch.cat([anchors, frame], dim=-1)) + features
        return self.head(self.layers(tokens.flatten(1, 2)).amax(1))

    def forward(self, x: Tensor) -> Tensor:
        """Return logits of shape (B,); see `embed` for the parameters."""
        return self.out(self.embed(x)).squeeze(1)
