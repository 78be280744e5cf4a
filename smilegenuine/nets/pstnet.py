"""PSTNet: point spatio-temporal convolutions on the point clouds of landmarks.

Fan, Yu, Ding, Yang & Kankanhalli (2021), PSTNet: point spatio-temporal convolution on point cloud
sequences, ICLR, arXiv:2205.13713.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from . import point_clouds as clouds

#: Published for MSR-Action3D, in the units of its data.
_RADIUS = 0.5


class PSTConvolution(nn.Module):
    """A convolution over the neighbours of anchors, then one over time.

    Parameters
    ----------
    n_inputs : int
        Channels of the points; 0 where they have nothing but their places.
    n_spatial, n_outputs : int
        Channels of the convolution over space and of that over time.
    radius : float
        Of the balls in which anchors have their neighbours.
    n_neighbors : int
    kernel_size : int, default=1
        Frames that the convolution over time sees, odd.
    stride : int, default=1
        Every so many frames are kept.

    Notes
    -----
    An anchor's neighbours are searched in each frame around it, at the place where the anchor is in
    its own frame. Spatial features are the sum over neighbours of (linear map of the features) ×
    (linear map of the displacement from the anchor). That product is taken after the sum here, on
    features × displacements, a third of the work for 9 neighbours. Beyond the ends of a clip
    features are zero.
    """

    def __init__(self, n_inputs: int, n_spatial: int, n_outputs: int, radius: float,
                 n_neighbors: int, kernel_size: int = 1, stride: int = 1) -> None:
        super().__init__()
        self.radius, self.n_neighbors = radius, n_neighbors
        self.kernel_size, self.stride = kernel_size, stride
        self.of_displacements = nn.Linear(3, n_spatial, bias=False)
        self.of_features = nn.Linear(n_inputs, n_spatial, bias=False) if n_inputs else None
        # As one layer over both would start.
        nn.init.uniform_(self.of_displacements.weight, -(n_inputs + 3)**-0.5, (n_inputs + 3)**-0.5)
        if self.of_features is not None:
            nn.init.uniform_(self.of_features.weight, -(n_inputs + 3)**-0.5, (n_inputs + 3)**-0.5)
        # Products start out small, far from the variance of 1 that running statistics start at. The
        # published code updates them once a frame, here it is once a batch: so in longer steps.
        self.norm = nn.BatchNorm1d(kernel_size * n_spatial, momentum=0.5)
        self.temporal = nn.Linear(kernel_size * n_spatial, n_outputs, bias=False)

    def forward(self, points: Tensor, features: Tensor | None, anchors: Tensor) -> Tensor:
        """Convolve.

        Parameters
        ----------
        points : tensor of shape (B, T, N, 3)
        features : tensor of shape (B, T, N, n_inputs) or None
            None where `n_inputs` is 0.
        anchors : tensor of shape (B, L, M, 3)
            Of every `stride`-th frame.

        Returns
        -------
        tensor of shape (B, L, M, n_outputs)
        """
        n_clips, n_frames = points.shape[:2]
        of_clip, real = clouds.tube_frames(n_frames, self.kernel_size, self.stride, points.device)
        frames = clouds.over_clips(of_clip, n_clips, n_frames)
        points = points.flatten(0, 1)
        anchors = anchors.flatten(0, 1).repeat_interleave(self.kernel_size, 0)
        index = clouds.ball_neighbors(points[frames], anchors, self.radius, self.n_neighbors)
        away = clouds.take_points(points, index, frames) - anchors[:, :, None]
        if self.of_features is None or features is None:
            spatial = self.of_displacements(away.sum(2))
        else:
            near = clouds.take_points(features.flatten(0, 1), index, frames)
            products = self.of_features(away.transpose(2, 3) @ near.to(away.dtype))
            spatial = (products * self.of_displacements.weight.T).sum(2)
        spatial = spatial.unflatten(0, (n_clips, *real.shape)) * real[:, :, None, None]
        tubes = spatial.transpose(2, 3).flatten(3)
        normed = self.norm(tubes.flatten(0, 2)).view_as(tubes)
        return self.temporal(torch.relu(normed))


class PSTNet(nn.Module):
    """Six PST convolutions, mean over points, maximum over time: 133,750 parameters by default.

    Parameters
    ----------
    n_points : int, default=478
        Points of a frame, at least 16.
    n_hidden : int, default=8
        Channels of the first convolution; the others have 2, 4, 8, 16 and 32 times as many. 64 is
        published.
    radius : float, default=0.1
        Of the first convolution's balls, where coordinates are scaled to 0 to 1; twice and four
        times that further on. On MediaPipe's mesh the median balls of the six convolutions hold 9,
        15, 8, 29, 14 and 13 points. Fewer points lie further apart: 68 that are spread over the
        mesh need 0.3 for as many in the first one's balls.
    n_neighbors : int, default=9
        Of each point.

    Attributes
    ----------
    n_embed : int
        Numbers that `embed` gives for a clip: 32 · `n_hidden`, 256 by default.

    Notes
    -----
    The layers are those published for MSR-Action3D: points are halved by the first, second, fourth
    and sixth convolution (farthest point sampling), frames by the second and fourth; kernels
    through time are 1, 3, 3, 3, 3, 1 frames. Different here:

    - an eighth of the channels;
    - the radius: coordinates are scaled so that it becomes the 0.5 published for other data;
    - batch norm takes its statistics from all frames at once, the published code from one frame
      after the other, and running statistics follow in longer steps (a trained net has them, and
      gives the same);
    - where frames cannot be halved, one of zeros follows; the published code refuses clips whose
      length is no multiple of four.

    Moving a whole clip changes nothing. The order of points matters: sampling starts at point 0,
    and a ball keeps the first points that it finds. Landmarks have an order, so that is no harm.
    """

    def __init__(self, n_points: int = 478, n_hidden: int = 8, radius: float = 0.1,
                 n_neighbors: int = 9) -> None:
        super().__init__()
        if n_points < 16:
            raise ValueError(f"n_points must be at least 16, which are halved four times, not "
                             f"{n_points}")
        if radius <= 0 or n_neighbors < 1:
            raise ValueError(f"radius must be positive and n_neighbors at least 1, not {radius} "
                             f"and {n_neighbors}")
        self.n_points = n_points
        # Coordinates are scaled to where the published radius is right: other sizes of
        # displacements would be other initial weights.
        self.scale, n, r, k = _RADIUS / radius, n_hidden, _RADIUS, n_neighbors
        # Published channels of the spatial convolution: 45 for 64, then three quarters.
        self.convs = nn.ModuleList([
            PSTConvolution(0, max(1, 45 * n // 64), n, r, k),
            PSTConvolution(n, 3 * n // 2, 2 * n, 2 * r, k, kernel_size=3, stride=2),
            PSTConvolution(2 * n, 3 * n, 4 * n, 2 * r, k, kernel_size=3),
            PSTConvolution(4 * n, 6 * n, 8 * n, 4 * r, k, kernel_size=3, stride=2),
            PSTConvolution(8 * n, 12 * n, 16 * n, 4 * r, k, kernel_size=3),
            PSTConvolution(16 * n, 24 * n, 32 * n, 4 * r, k)])
        self.halvings = (1, 1, 0, 1, 0, 1)
        self.n_embed = 32 * n
        self.out = nn.Linear(self.n_embed, 1)

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
        points = points * self.scale
        index = clouds.farthest_points(points.flatten(0, 1), self.n_points // 2)
        anchors = clouds.take_points(points.flatten(0, 1), index).unflatten(0, points.shape[:2])
        n_anchors, features = self.n_points, None
        for conv, halving in zip(self.convs, self.halvings, strict=True):
            n_anchors >>= halving
            # The farthest points of farthest points are the first of them: one sampling serves all.
            anchors = anchors[:, ::conv.stride, :n_anchors]
            given = None if features is None else torch.relu(features)
            convolved = conv(points, given, anchors)
            points, features = anchors, convolved
        return convolved.mean(2).amax(1)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits of shape (B,); see `embed` for the parameters."""
        return self.out(self.embed(x)).squeeze(1)
