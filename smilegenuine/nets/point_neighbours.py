"""Neighbours of points: who they are, and batch norm over pairs without making the pairs."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Neighbourhood:
    """Clouds as one long list of points, with each point's nearest neighbours.

    Attributes
    ----------
    n_clouds, n_points : int
        B clouds of N points; P = B · N.
    coordinates : tensor of shape (P, 3)
        The clouds one after the other.
    with_self : tensor of shape (P, k), int
        Rows of the nearest points of each point's own cloud, itself first.
    others : tensor of shape (P, k), int
        The nearest points without itself.
    mean, covariance : tensors of shape (6,) and (6, 6)
        Of [own coordinates, neighbour's coordinates] over all pairs in `with_self`.
    """

    n_clouds: int
    n_points: int
    coordinates: Tensor
    with_self: Tensor
    others: Tensor
    mean: Tensor
    covariance: Tensor


def find_neighbours(points: Tensor, n_neighbors: int) -> Neighbourhood:
    """Find the nearest neighbours of all points.

    Parameters
    ----------
    points : tensor of shape (B, N, 3)
    n_neighbors : int
        At least 1, fewer than N.

    Returns
    -------
    Neighbourhood
        Among equally distant points any may be taken.
    """
    n_clouds, n_points, _ = points.shape
    # In bfloat16 neighbours would be drawn by lot: distances are small beside coordinates.
    with torch.autocast(points.device.type, enabled=False):
        points = points.to(torch.promote_types(points.dtype, torch.float32))
        with torch.no_grad():
            squares = points.square().sum(2)
            nearness = 2.0 * points @ points.transpose(1, 2) - squares[:, :, None]
            nearness -= squares[:, None, :]
            # A point is its own nearest neighbour, however the sums were rounded.
            nearness.diagonal(dim1=1, dim2=2).fill_(torch.inf)
            nearest = nearness.topk(n_neighbors + 1, dim=2).indices
            first = torch.arange(n_clouds, device=points.device) * n_points
            nearest = (nearest + first[:, None, None]).flatten(0, 1)
        coordinates = points.flatten(0, 1)
        with_self = nearest[:, :n_neighbors].contiguous()
        mean, covariance = _moments(coordinates, with_self)
    return Neighbourhood(n_clouds, n_points, coordinates, with_self,
                         nearest[:, 1:].contiguous(), mean, covariance)


def _moments(coordinates: Tensor, neighbours: Tensor) -> tuple[Tensor, Tensor]:
    """Compute mean and covariance of [own, neighbour's coordinates] over all pairs."""
    n_pairs = neighbours.numel()
    centre = coordinates.mean(0)
    own = coordinates - centre  # first, lest the sums of products cancel
    beside = own[neighbours.flatten()].unflatten(0, neighbours.shape)
    mean = torch.cat([torch.zeros_like(centre), beside.mean((0, 1))])
    times = torch.bincount(neighbours.flatten(), minlength=len(own)).to(own.dtype)
    own_own = neighbours.shape[1] * own.T @ own
    own_beside = own.T @ beside.sum(1)
    beside_beside = (times[:, None] * own).T @ own
    products = torch.cat([torch.cat([own_own, own_beside], 1),
                          torch.cat([own_beside.T, beside_beside], 1)]) / n_pairs
    return mean + centre.repeat(2), products - torch.outer(mean, mean)


def as_affine(norm: nn.BatchNorm1d, moments: tuple[Tensor, Tensor] | None,
              count: int) -> tuple[Tensor, Tensor]:
    """Return batch norm as scale and offset, from moments instead of the values themselves.

    Parameters
    ----------
    norm : BatchNorm1d
        With C channels. In training its running statistics are brought up to date.
    moments : (tensor of shape (C,), tensor of shape (C,)), optional
        Mean and (biased) variance of what is normalised; used in training, and only there.
    count : int
        How many values each of the moments is of.

    Returns
    -------
    scale, offset : tensors of shape (C,)
        Batch norm gives ``scale * values + offset``.
    """
    usual = dict(norm.named_buffers())
    mean, variance = usual["running_mean"], usual["running_var"]
    if norm.training and moments is not None:
        with torch.no_grad():
            tracked = usual["num_batches_tracked"].add_(1)
            share = float(1 / tracked) if norm.momentum is None else norm.momentum
            mean.lerp_(moments[0].to(mean.dtype), share)
            variance.lerp_(moments[1].to(variance.dtype) * (count / max(count - 1, 1)), share)
        mean, variance = moments[0], moments[1].clamp_min(0.0)
    scale = norm.weight * torch.rsqrt(variance + norm.eps)
    return scale, norm.bias - mean * scale
