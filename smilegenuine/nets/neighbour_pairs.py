"""Sums over all pairs of neighbours that never hold all pairs: chunks are made, used, forgotten.

A pair's features are LeakyReLU(what its centre gives + what its neighbour gives). With 20
neighbours they are 20 times as many as the points' own. Forgotten, and made again for the gradient,
they stay in a processor's cache, which is faster than to fetch them from memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

SLOPE = 0.2  # of LeakyReLU
_CHUNK = {"cpu": 2**17}  # numbers; on other devices few chunks are best
_CHUNK_ELSEWHERE = 2**28


def _chunks(of_centre: Tensor, neighbours: Tensor) -> Iterator[slice]:
    """Cut the points into slices that are worked on one after the other."""
    size = _CHUNK.get(of_centre.device.type, _CHUNK_ELSEWHERE)
    n = max(1, size // (neighbours.shape[1] * of_centre.shape[1]))
    return (slice(i, i + n) for i in range(0, len(of_centre), n))


def _pairs(of_centre: Tensor, of_beside: Tensor, neighbours: Tensor) -> Tensor:
    """Compute the features of pairs, of shape (n · k, C)."""
    pairs = of_beside.index_select(0, neighbours.flatten()).unflatten(0, neighbours.shape)
    return functional.leaky_relu_(pairs.add_(of_centre[:, None]), SLOPE).flatten(0, 1)


@torch.no_grad()
def greatest_neighbour(of_beside: Tensor, neighbours: Tensor) -> Tensor:
    """Find, for each point and channel, the neighbour that gives most.

    Parameters
    ----------
    of_beside : tensor of shape (P, C)
    neighbours : tensor of shape (P, k), int
        Rows of each point's neighbours.

    Returns
    -------
    tensor of shape (P, C), int
        Rows.
    """
    greatest = torch.empty_like(of_beside, dtype=torch.long)
    for part in _chunks(of_beside, neighbours):
        rows = neighbours[part]
        place = of_beside.index_select(0, rows.flatten()).unflatten(0, rows.shape).max(1).indices
        greatest[part] = rows.gather(1, place)
    return greatest


def _through_relu(gradient: Tensor, output: Tensor) -> Tensor:
    return torch.ops.aten.leaky_relu_backward(gradient, output, SLOPE, True)


class PairMoments(torch.autograd.Function):
    """Mean (C,) and mean outer product (C, C) of pairs' features.

    ``PairMoments.apply(of_centre, of_beside, neighbours)``: what centres and neighbours give, both
    of shape (P, C), and rows of neighbours, of shape (P, k).
    """

    @staticmethod
    def forward(ctx: Any, of_centre: Tensor, of_beside: Tensor,
                neighbours: Tensor) -> tuple[Tensor, Tensor]:
        """Add up pairs, chunk by chunk."""
        ctx.save_for_backward(of_centre, of_beside, neighbours)
        mean = of_centre.new_zeros(of_centre.shape[1])
        product = of_centre.new_zeros(of_centre.shape[1], of_centre.shape[1])
        for part in _chunks(of_centre, neighbours):
            pairs = _pairs(of_centre[part], of_beside, neighbours[part])
            mean += pairs.sum(0)
            product.addmm_(pairs.T, pairs)
        return mean / neighbours.numel(), product / neighbours.numel()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_mean: Tensor, of_product: Tensor) -> tuple[Tensor, Tensor, None]:
        """Make pairs once more."""
        of_centre, of_beside, neighbours = ctx.saved_tensors
        to_centre, to_beside = torch.empty_like(of_centre), torch.zeros_like(of_beside)
        of_mean = of_mean / neighbours.numel()
        of_product = (of_product + of_product.T) / neighbours.numel()
        for part in _chunks(of_centre, neighbours):
            pairs = _pairs(of_centre[part], of_beside, neighbours[part])
            gradient = _through_relu(torch.addmm(of_mean, pairs, of_product), pairs)
            to_centre[part] = gradient.unflatten(0, neighbours[part].shape).sum(1)
            to_beside.index_add_(0, neighbours[part].flatten(), gradient)
        return to_centre, to_beside, None


class PairMeans(torch.autograd.Function):
    """LeakyReLU(weight · pair's features + bias), mean over each point's neighbours.

    ``PairMeans.apply(of_centre, of_beside, neighbours, weight, bias)``, the first three as for
    `PairMoments`; gives a tensor of shape (P, outputs).
    """

    @staticmethod
    def forward(ctx: Any, of_centre: Tensor, of_beside: Tensor, neighbours: Tensor, weight: Tensor,
                bias: Tensor) -> Tensor:
        """Take means, chunk by chunk."""
        ctx.save_for_backward(of_centre, of_beside, neighbours, weight, bias)
        means = of_centre.new_empty(len(of_centre), len(weight))
        for part in _chunks(of_centre, neighbours):
            pairs = _pairs(of_centre[part], of_beside, neighbours[part])
            outputs = functional.leaky_relu_(torch.addmm(bias, pairs, weight.T), SLOPE)
            torch.mean(outputs.unflatten(0, neighbours[part].shape), 1, out=means[part])
        return means

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_means: Tensor) -> tuple[Tensor, Tensor, None, Tensor, Tensor]:
        """Make pairs once more."""
        of_centre, of_beside, neighbours, weight, bias = ctx.saved_tensors
        to_centre, to_beside = torch.empty_like(of_centre), torch.zeros_like(of_beside)
        to_weight, to_bias = torch.zeros_like(weight), torch.zeros_like(bias)
        of_means = of_means / neighbours.shape[1]
        for part in _chunks(of_centre, neighbours):
            pairs = _pairs(of_centre[part], of_beside, neighbours[part])
            outputs = functional.leaky_relu_(torch.addmm(bias, pairs, weight.T), SLOPE)
            gradient = of_means[part].repeat_interleave(neighbours.shape[1], 0)
            gradient = _through_relu(gradient, outputs)
            to_weight.addmm_(gradient.T, pairs)
            to_bias += gradient.sum(0)
            gradient = _through_relu(gradient @ weight, pairs)
            to_centre[part] = gradient.unflatten(0, neighbours[part].shape).sum(1)
            to_beside.index_add_(0, neighbours[part].flatten(), gradient)
        return to_centre, to_beside, None, to_weight, to_bias
