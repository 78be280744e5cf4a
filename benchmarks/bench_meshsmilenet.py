"""Speed of MeshSmileNet on one core against networks that hold all pairs of neighbours.

    python benchmarks/bench_meshsmilenet.py [--small]

Beside it the same network in the published form: channels first, features of all pairs of
neighbours made in full before each 1×1 convolution and its batch norm, neighbours found in every
block. Seconds are those of the processor, so that other processes count little.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import time
from typing import Any

import direct_curvenet as direct
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from smilegenuine.nets.curvenet import (
    SLOPE,
    CurveGrouping,
    FirstAggregation,
    PairNorm,
    PointAggregation,
)
from smilegenuine.nets.meshsmilenet import MeshSmileNet, from_published
from smilegenuine.nets.point_neighbours import Neighbourhood, find_neighbours


def as_conv(linear: nn.Linear, x: torch.Tensor) -> torch.Tensor:
    """Apply a linear layer as a 1×1 convolution on (B, C, N) or (B, C, N, k)."""
    weight = linear.weight.view(*linear.weight.shape, *[1] * (x.ndim - 2))
    return (functional.conv1d if x.ndim == 3 else functional.conv2d)(x, weight)


def normed(norm: nn.BatchNorm1d, x: torch.Tensor) -> torch.Tensor:
    """Apply batch norm to channels in the second place."""
    return functional.batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias,
                                 norm.training, norm.momentum or 0.1, norm.eps)


def edges(layer: PairNorm, near: Neighbourhood) -> torch.Tensor:
    """Give normalised features of all pairs, (B, C, N, k), from [centre, neighbour, difference]."""
    again = find_neighbours(near.coordinates.unflatten(0, (near.n_clouds, -1)),
                            near.with_self.shape[1])
    beside = near.coordinates[again.with_self]
    centre = near.coordinates[:, None].expand_as(beside)
    pairs = torch.cat([centre, beside, beside - centre], 2).unflatten(0, (near.n_clouds, -1))
    return normed(layer.norm, as_conv(layer.linear, pairs.permute(0, 3, 1, 2).contiguous()))


def first_in_full(self: FirstAggregation, near: Neighbourhood) -> torch.Tensor:
    """Take the greatest over pairs that are all there."""
    found = functional.leaky_relu(edges(self.pairs, near), SLOPE).max(3).values
    return found.transpose(1, 2).flatten(0, 1)


def points_in_full(self: PointAggregation, x: torch.Tensor, near: Neighbourhood) -> torch.Tensor:
    """Take means over pairs that are all there."""
    change = (x[near.with_self] - x[:, None]).unflatten(0, (near.n_clouds, -1))
    pairs = functional.leaky_relu(edges(self.pairs, near) + change.permute(0, 3, 1, 2), SLOPE)
    found = functional.leaky_relu(normed(self.mix.norm, as_conv(self.mix.linear, pairs)), SLOPE)
    return found.mean(3).transpose(1, 2).flatten(0, 1)


def walk_in_full(self: CurveGrouping, x: torch.Tensor, near: Neighbourhood,
                 at: torch.Tensor) -> torch.Tensor:
    """Choose by a convolution over [neighbour, descriptor] of all candidates of all curves."""
    here = descriptor = x[at]
    met: list[torch.Tensor] = []
    for _ in range(self.curve_length):
        if met:
            descriptor = self._mixed(here, descriptor, near.n_clouds)
        candidates = near.others[at]
        found = x[candidates]
        both = torch.cat([found, descriptor[:, None].expand_as(found)], 2)
        both = both.unflatten(0, (near.n_clouds, -1)).permute(0, 3, 1, 2)
        logits = normed(self.choose.norm, as_conv(self.choose.linear, both))
        logits = logits.reshape(candidates.shape)
        if met:
            way, step = (here - descriptor).detach(), (found - here[:, None]).detach()
            cosine = functional.cosine_similarity(way[:, None], step, dim=2)
            logits = logits * (1.0 + cosine).clamp(0.0, 1.0)
        share = logits.softmax(1)
        hard = functional.one_hot(share.argmax(1), share.shape[1])
        here = (((hard - share).detach() + share)[:, :, None] * found).sum(1)
        at = candidates.gather(1, share.argmax(1, keepdim=True)).squeeze(1)
        met.append(here)
    return torch.stack(met, 1)


class InFull:
    """While it lasts, networks work in the published form."""

    parts: tuple[tuple[Any, str, Any], ...] = (
        (FirstAggregation, "forward", first_in_full), (PointAggregation, "forward", points_in_full),
        (CurveGrouping, "_walk", walk_in_full))

    def __enter__(self) -> None:
        self.before = [getattr(kind, name) for kind, name, _ in self.parts]
        for kind, name, other in self.parts:
            setattr(kind, name, other)

    def __exit__(self, *_: object) -> None:
        for (kind, name, _other), before in zip(self.parts, self.before, strict=True):
            setattr(kind, name, before)


def seconds_of(work: Any, n: int = 2) -> float:
    """Fewest seconds of the processor over `n` runs."""
    spent = []
    for _ in range(n):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return min(spent)


def measure(n_clips: int, n_frames: int, *, compare: bool = True, **options: Any) -> None:
    """Print a line for a training step and one for a forward pass without gradients."""
    torch.manual_seed(0)
    net = MeshSmileNet(**options)
    x = torch.rand(n_clips, n_frames, net.trunk.n_points, 3)
    y = (torch.arange(n_clips) % 2).float()
    adam = torch.optim.AdamW(net.parameters(), 5e-4)

    def train() -> None:
        adam.zero_grad()
        functional.binary_cross_entropy_with_logits(net(x), y).backward()
        adam.step()

    def look() -> torch.Tensor:
        with torch.inference_mode():
            return net(x)

    print(f"\n{n_clips} clips of {n_frames} frames, {options or 'default network'}")
    for name, work in (("training step", train), ("forward pass", look)):
        net.train(name == "training step")
        ours = seconds_of(work)
        print(f"  {name:<14}{ours:8.2f} s", end="", flush=True)
        if compare:
            with InFull():
                full = seconds_of(work, 1)
            print(f"; in the published form {full:8.2f} s, {full / ours:.1f} times as long", end="")
        print()
    if compare:
        with InFull():
            full_logits = look()
        print(f"  greatest difference of logits {(full_logits - look()).abs().max():.1e}")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--small", action="store_true", help="leave out the published size")
    small = parser.parse_args().small
    torch.set_num_threads(1)
    torch.backends.mkldnn.set_flags(False)  # type: ignore[attr-defined]

    weights = direct.random_weights(0)
    clip = np.random.default_rng(0).random((1, 478, 3))
    net = from_published({k: torch.tensor(w) for k, w in weights.items()})
    x = torch.tensor(clip[None], dtype=torch.float32)
    with torch.inference_mode():
        ours = seconds_of(lambda: net(x), 3)
    direct_seconds = seconds_of(lambda: direct.logit(weights, clip), 1)
    print(f"one frame of 478 points, untrained: {1e3 * ours:.0f} ms; a point and a curve at a time "
          f"{1e3 * direct_seconds:.0f} ms, {direct_seconds / ours:.0f} times as long")

    light = {"n_layers": 2, "n_time_layers": 1}
    measure(16, 16, n_points=68, n_curves=32, n_tokens=8, n_neighbors=10,
            n_channels=(16, 32, 64, 128), **light)
    measure(16, 16, n_points=68, n_curves=32, n_tokens=8, **light)
    measure(16, 16, n_points=68, n_curves=68, **light)
    if not small:
        measure(4, 16)
        measure(16, 16, compare=False)  # the published form takes some 15 GB here


if __name__ == "__main__":
    main()
