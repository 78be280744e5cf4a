"""CurveNet: features of points, from their neighbours and from curves that walk through the cloud.

Xiang, Zhang, Song, Yu & Cai (2021), Walk in the cloud: learning curves for point clouds shape
analysis, ICCV, doi:10.1109/ICCV48922.2021.00095. Here as MeshSmileNet takes it: every point is kept
in every block, curves are in all four.

Inside, the points of all clouds are one list of P = B · N rows. A 1×1 convolution over the channels
of points is a linear layer on them. Neighbours are those in space, so they are found once.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from .neighbour_pairs import SLOPE, PairMeans, PairMoments, greatest_neighbour
from .point_neighbours import Neighbourhood, as_affine, find_neighbours


class _LinearNorm(nn.Module):
    """A linear layer without bias and a batch norm."""

    def __init__(self, n_inputs: int, n_outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(n_inputs, n_outputs, bias=False)
        self.norm = nn.BatchNorm1d(n_outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.linear(x))


class PairNorm(nn.Module):
    """A linear layer and batch norm on [centre, neighbour, difference] of each pair of neighbours.

    Parameters
    ----------
    n_outputs : int

    Notes
    -----
    What it gives for a pair is a sum of what the centre gives and what the neighbour gives, so that
    both are worked out on points, not on pairs; batch statistics follow from the coordinates'
    covariance.
    """

    def __init__(self, n_outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(9, n_outputs, bias=False)
        self.norm = nn.BatchNorm1d(n_outputs)

    def forward(self, near: Neighbourhood) -> tuple[Tensor, Tensor]:
        """Return the parts of points as centres and as neighbours, both of shape (P, n_outputs)."""
        centre, beside, difference = self.linear.weight.split(3, dim=1)
        both = torch.cat([centre - difference, beside + difference], 1)
        moments = both @ near.mean, (both @ near.covariance * both).sum(1)
        scale, offset = as_affine(self.norm, moments, near.with_self.numel())
        as_centre, as_beside = (scale[:, None] * both).split(3, dim=1)
        return near.coordinates @ as_centre.T + offset, near.coordinates @ as_beside.T


class FirstAggregation(nn.Module):
    """The first point feature aggregation: from coordinates alone, the greatest over neighbours.

    Parameters
    ----------
    n_outputs : int
    """

    def __init__(self, n_outputs: int) -> None:
        super().__init__()
        self.pairs = PairNorm(n_outputs)

    def forward(self, near: Neighbourhood) -> Tensor:
        """Return features of shape (P, n_outputs)."""
        with torch.autocast(near.coordinates.device.type, enabled=False):
            of_centre, of_beside = self.pairs(near)
            # What grows with the neighbour's part is greatest where that part is.
            greatest = of_beside.gather(0, greatest_neighbour(of_beside, near.with_self))
            return functional.leaky_relu(of_centre + greatest, SLOPE)


class PointAggregation(nn.Module):
    """Point feature aggregation (LPFA): how the neighbours differ, in features and in space.

    Parameters
    ----------
    n_channels : int
        Of the features that come and go.
    """

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.pairs = PairNorm(n_channels)
        self.mix = _LinearNorm(n_channels, n_channels)

    def forward(self, x: Tensor, near: Neighbourhood) -> Tensor:
        """Return features of the shape of `x`, (P, n_channels)."""
        with torch.autocast(x.device.type, enabled=False):
            of_centre, of_beside = self.pairs(near)
            x = x.to(of_centre.dtype)
            of_centre, of_beside = of_centre - x, of_beside + x
            weight, norm = self.mix.linear.weight, self.mix.norm
            moments = None
            if norm.training:
                mean, product = PairMoments.apply(of_centre, of_beside, near.with_self)
                covariance = product - torch.outer(mean, mean)
                moments = weight @ mean, (weight @ covariance * weight).sum(1)
            scale, offset = as_affine(norm, moments, near.with_self.numel())
            return PairMeans.apply(of_centre, of_beside, near.with_self,
                                   scale[:, None] * weight, offset)


class CurveGrouping(nn.Module):
    """Let curves walk from the points with the highest scores from neighbour to neighbour.

    Parameters
    ----------
    n_channels : int
    n_curves, curve_length : int
        How many curves of a cloud, of how many steps.
    reshaped_mixing : bool, default=False
        See `CurveNet`.
    """

    def __init__(self, n_channels: int, n_curves: int, curve_length: int,
                 reshaped_mixing: bool = False) -> None:
        super().__init__()
        self.n_curves, self.curve_length = n_curves, curve_length
        self.reshaped_mixing = reshaped_mixing
        self.score = nn.Linear(n_channels, 1, bias=False)
        self.choose = _LinearNorm(2 * n_channels, 1)
        self.mix = _LinearNorm(2 * n_channels, 2)

    def forward(self, x: Tensor, near: Neighbourhood) -> Tensor:
        """Return the features that curves meet.

        Parameters
        ----------
        x : tensor of shape (P, n_channels)
        near : Neighbourhood

        Returns
        -------
        tensor of shape (B, n_curves, curve_length, n_channels)
        """
        with torch.autocast(x.device.type, enabled=False):
            x = x.to(self.score.weight.dtype)
            scores = torch.sigmoid(self.score(x))
            best = scores.detach().view(near.n_clouds, -1).topk(self.n_curves, sorted=False).indices
            first = torch.arange(near.n_clouds, device=x.device) * near.n_points
            curves = self._walk(x * scores, near, (best + first[:, None]).flatten())
        return curves.unflatten(0, (near.n_clouds, self.n_curves))

    def _walk(self, x: Tensor, near: Neighbourhood, at: Tensor) -> Tensor:
        """Return the features that curves meet from the points `at` on: (len(at), steps, C)."""
        of_neighbour, of_curve = self.choose.linear.weight.chunk(2, dim=1)
        merit = (x @ of_neighbour.T).squeeze(1)
        values = x.detach()
        current = descriptor = x.index_select(0, at)
        met: list[Tensor] = []
        for _ in range(self.curve_length):
            if met:
                descriptor = self._mixed(current, descriptor, near.n_clouds)
            candidates = near.others[at]
            reachable = values.index_select(0, candidates.flatten()).unflatten(0, candidates.shape)
            logits = merit.index_select(0, candidates.flatten()).view_as(candidates)
            logits = logits + descriptor @ of_curve.T
            logits = self.choose.norm(logits.view(-1, 1)).view_as(candidates)
            if met:
                logits = logits * _onward(current.detach(), descriptor.detach(), reachable)
            share = logits.softmax(1)
            at = candidates.gather(1, share.argmax(1, keepdim=True)).squeeze(1)
            current = _StraightThrough.apply(x.index_select(0, at), share, reachable)
            met.append(current)
        return torch.stack(met, 1)

    def _mixed(self, current: Tensor, descriptor: Tensor, n_clouds: int) -> Tensor:
        """Update the descriptors of curves."""
        weights = self.mix(torch.cat([current, descriptor], 1)).softmax(1)
        if self.reshaped_mixing:
            weights = weights.view(n_clouds, -1, 2).mT.reshape(-1, 2)
        return weights[:, :1] * current + weights[:, 1:] * descriptor


class _StraightThrough(torch.autograd.Function):
    """The chosen features, with the gradient of the mean of reachable ones by their shares."""

    @staticmethod
    def forward(ctx: Any, chosen: Tensor, share: Tensor, reachable: Tensor) -> Tensor:
        ctx.save_for_backward(reachable)
        return chosen.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        reachable, = ctx.saved_tensors
        return gradient, (reachable @ gradient[:, :, None]).squeeze(2), None


def _onward(current: Tensor, descriptor: Tensor, reachable: Tensor) -> Tensor:
    """Return factors below 1 for points that a curve would turn back for, 0 straight back."""
    heading, step = current - descriptor, reachable - current[:, None]
    lengths = heading.norm(dim=1, keepdim=True) * step.norm(dim=2)
    cosine = (step @ heading[:, :, None]).squeeze(2) / lengths.clamp_min(1e-8)
    return (1.0 + cosine).clamp(0.0, 1.0)


class CurveAggregation(nn.Module):
    """Let every point look at the curves, pooled along their length and over all curves.

    Parameters
    ----------
    n_channels : int
        Half as many inside.
    """

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        inner = n_channels // 2
        self.score = nn.Linear(n_channels, 1, bias=False)
        self.query = nn.Linear(n_channels, inner, bias=False)
        self.curve_key = nn.Linear(n_channels, inner, bias=False)
        self.step_key = nn.Linear(n_channels, inner, bias=False)
        self.curve_value = nn.Linear(inner, inner, bias=False)
        self.step_value = nn.Linear(inner, inner, bias=False)
        self.out = _LinearNorm(2 * inner, n_channels)

    def forward(self, x: Tensor, curves: Tensor) -> Tensor:
        """Return features of the shape of `x`.

        Parameters
        ----------
        x : tensor of shape (P, n_channels)
        curves : tensor of shape (B, n_curves, curve_length, n_channels)
        """
        scores = self.score(curves)
        by_curve = self.curve_key((curves * scores.softmax(2)).sum(2))
        by_step = self.step_key((curves * scores.softmax(1)).sum(1))
        query = self.query(x).view(len(curves), -1, by_curve.shape[-1])
        attended = torch.cat([_attend(query, by_curve, self.curve_value(by_curve)),
                              _attend(query, by_step, self.step_value(by_step))], 2)
        return functional.leaky_relu(x + self.out(attended.flatten(0, 1)), SLOPE)


def _attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    return (query @ key.mT).softmax(2) @ value


class CurveBlock(nn.Module):
    """Curves and point feature aggregation in a bottleneck, with a shortcut around them.

    Parameters
    ----------
    n_inputs, n_outputs : int
    ratio : int
        `n_inputs` over the channels inside.
    n_curves, curve_length : int
    reshaped_mixing : bool, default=False
        See `CurveNet`.
    """

    def __init__(self, n_inputs: int, n_outputs: int, ratio: int, n_curves: int, curve_length: int,
                 reshaped_mixing: bool = False) -> None:
        super().__init__()
        inner = n_inputs // ratio
        self.narrow = _LinearNorm(n_inputs, inner)
        self.grouping = CurveGrouping(inner, n_curves, curve_length, reshaped_mixing)
        self.curves = CurveAggregation(inner)
        self.points = PointAggregation(inner)
        self.widen = _LinearNorm(inner, n_outputs)
        self.shortcut = (nn.Identity() if n_inputs == n_outputs
                         else _LinearNorm(n_inputs, n_outputs))

    def forward(self, x: Tensor, near: Neighbourhood) -> Tensor:
        """Return features of shape (P, n_outputs) for those of shape (P, n_inputs)."""
        inner = functional.leaky_relu(self.narrow(x), SLOPE)
        inner = self.curves(inner, self.grouping(inner, near))
        inner = self.widen(self.points(inner, near))
        return functional.leaky_relu(inner + self.shortcut(x), SLOPE)


class CurveNet(nn.Module):
    """Features of each point of a cloud.

    Parameters
    ----------
    n_channels : tuple of int, default=(32, 64, 128, 256)
        Channels that the blocks give; the first is also what the first aggregation gives them.
    ratios : tuple of int, default=(2, 4, 2, 4)
        Of each block, its incoming channels over those inside it, which must be even.
    n_neighbors : int, default=20
        Neighbours of a point. For aggregation the point itself is the first of them.
    n_curves, curve_length : int, default=100 and 5
        Curves of a cloud and their steps.
    reshaped_mixing : bool, default=False
        How a curve's descriptor is mixed from its current point and its past. False: with two
        weights of its own that sum to 1, as in the paper. True: as the published code does, which
        reshapes its table of (2, n_curves) weights where it means to transpose it, so that curves
        get weights of others. Published weights were trained with that.

    Attributes
    ----------
    n_outputs : int
        Channels that the network gives for a point.

    Notes
    -----
    Moving the points of a cloud to other rows moves the features with them, as long as no two
    points are equally far or equally good; with `reshaped_mixing` the order matters.
    """

    def __init__(self, n_channels: tuple[int, ...] = (32, 64, 128, 256),
                 ratios: tuple[int, ...] = (2, 4, 2, 4), n_neighbors: int = 20,
                 n_curves: int = 100, curve_length: int = 5,
                 reshaped_mixing: bool = False) -> None:
        super().__init__()
        _check_sizes(n_channels, ratios, n_neighbors, n_curves, curve_length)
        self.n_neighbors, self.n_curves = n_neighbors, n_curves
        self.n_outputs = n_channels[-1]
        self.first = FirstAggregation(n_channels[0])
        self.blocks = nn.ModuleList(
            CurveBlock(n_inputs, n_outputs, ratio, n_curves, curve_length, reshaped_mixing)
            for n_inputs, n_outputs, ratio in
            zip((n_channels[0], *n_channels), n_channels, ratios, strict=False))
        self.last = _LinearNorm(n_channels[-1], n_channels[-1])

    def check_points(self, n_points: int) -> None:
        """Raise ValueError where clouds of so many points are too small for the network."""
        if n_points <= self.n_neighbors:
            raise ValueError(f"n_neighbors must be less than the {n_points} points of a cloud, "
                             f"not {self.n_neighbors}")
        if n_points < self.n_curves:
            raise ValueError(f"n_curves must be at most the {n_points} points of a cloud, "
                             f"not {self.n_curves}")

    def forward(self, x: Tensor) -> Tensor:
        """Return features of points.

        Parameters
        ----------
        x : tensor of shape (B, N, 3)
            Coordinates, on a scale on which a cloud is about 1 wide.

        Returns
        -------
        tensor of shape (B, N, n_outputs)

        Raises
        ------
        ValueError
            `x` has another shape, or fewer points than neighbours or curves.
        """
        if x.ndim != 3 or x.shape[2] != 3:
            raise ValueError(f"x must have shape (B, N, 3), not {tuple(x.shape)}")
        self.check_points(x.shape[1])
        near = find_neighbours(x, self.n_neighbors)
        features = self.first(near)
        for block in self.blocks:
            features = block(features, near)
        return torch.relu(self.last(features)).unflatten(0, x.shape[:2])


def _check_sizes(n_channels: tuple[int, ...], ratios: tuple[int, ...], n_neighbors: int,
                 n_curves: int, curve_length: int) -> None:
    if not n_channels or len(n_channels) != len(ratios):
        raise ValueError(f"n_channels and ratios must be as many as there are blocks, at least "
                         f"one, not {len(n_channels)} and {len(ratios)}")
    for name, value in (("n_neighbors", n_neighbors), ("n_curves", n_curves),
                        ("curve_length", curve_length), ("n_channels", min(n_channels)),
                        ("ratios", min(ratios))):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, not {value}")
    for n, ratio in zip((n_channels[0], *n_channels), ratios, strict=False):
        if n % (2 * ratio):
            raise ValueError(f"a block of {n} channels cannot have ratio {ratio}: the channels "
                             f"inside it must be an even number")
