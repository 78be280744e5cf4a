"""Speed of the baseline networks on one core, and of sampling and neighbourhoods against loops.

    python benchmarks/bench_point_nets.py
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import numpy as np
import torch
from bench_auda import best_of
from torch import nn

from smilegenuine.datasets import make_smiles
from smilegenuine.nets.landmark_transformer import LandmarkTransformer
from smilegenuine.nets.p4transformer import P4Transformer
from smilegenuine.nets.point_clouds import ball_neighbors, farthest_points, take_points
from smilegenuine.nets.pstnet import PSTNet
from smilegenuine.nets.vit import FaceViT

N_CLIPS, N_FRAMES = 16, 16


def direct_farthest_points(points: np.ndarray, n_anchors: int) -> np.ndarray:
    """Sample frame by frame."""
    found = np.zeros((len(points), n_anchors), dtype=int)
    for frame, row in zip(points, found, strict=True):
        nearest = np.full(len(frame), np.inf)
        for i in range(1, n_anchors):
            nearest = np.minimum(nearest, ((frame - frame[row[i - 1]])**2).sum(1))
            row[i] = nearest.argmax()
    return found


def direct_ball_neighbors(points: np.ndarray, anchors: np.ndarray, radius: float,
                          n_neighbors: int) -> np.ndarray:
    """Search anchor by anchor."""
    found = np.zeros((*anchors.shape[:2], n_neighbors), dtype=int)
    for frame, places, rows in zip(points, anchors, found, strict=True):
        for place, row in zip(places, rows, strict=True):
            near = np.flatnonzero(((frame - place)**2).sum(1) < radius**2)[:n_neighbors]
            if len(near):
                row[:] = near[0]
                row[:len(near)] = near
    return found


def windows(n_points: int) -> torch.Tensor:
    """Sixteen windows of drawn people's landmarks, scaled to 0 to 1: the first so many sampled."""
    smiles = make_smiles(4, 4, random_state=0)
    found = []
    for landmarks in smiles.landmarks[:N_CLIPS]:
        every = np.linspace(0, len(landmarks) - 1, N_FRAMES).round().astype(int)
        window = np.asarray(landmarks)[every]
        low, high = window.min((0, 1)), window.max((0, 1))
        found.append((window - low) / (high - low))
    x = torch.tensor(np.stack(found), dtype=torch.float32)
    return x[:, :, farthest_points(x[0, :1], n_points)[0].sort().values]


def time_operations(x: torch.Tensor) -> None:
    """Print what sampling and searching take, as in PSTNet's first convolution."""
    frames = x.flatten(0, 1)
    n_anchors, radius = x.shape[2] // 2, 0.1
    anchors = take_points(frames, farthest_points(frames, n_anchors))
    points, places = frames.numpy(), anchors.numpy()
    pairs = {
        "farthest points": (lambda: farthest_points(frames, n_anchors),
                            lambda: direct_farthest_points(points, n_anchors)),
        "neighbours": (lambda: ball_neighbors(frames, anchors, radius, 9),
                       lambda: direct_ball_neighbors(points, places, radius, 9))}
    for name, (ours, direct) in pairs.items():
        same = (np.asarray(ours()) == direct()).mean()
        fast, slow = best_of(ours, 5), best_of(direct, 2)
        print(f"  {name:<20}{1e3 * fast:8.1f} ms, loops {1e3 * slow:8.1f} ms, "
              f"{slow / fast:5.1f} times as long; {100 * same:.2f} % the same")


def time_net(net: nn.Module, *inputs: torch.Tensor) -> None:
    """Print what a forward pass and a training step of 16 clips take."""
    optimizer = torch.optim.Adam(net.parameters())

    def forward() -> None:
        with torch.inference_mode():
            net(*inputs)

    def step() -> None:
        optimizer.zero_grad()
        net(*inputs).sum().backward()
        optimizer.step()

    n_weights = sum(w.numel() for w in net.parameters())
    print(f"  {type(net).__name__:<20}{best_of(forward, 5):8.3f} s forward "
          f"{best_of(step, 5):8.3f} s a training step, {n_weights:,} parameters")


def main() -> None:
    torch.set_num_threads(1)
    torch.backends.mkldnn.set_flags(False)  # as networks are trained here
    for n_points in (478, 68):
        x = windows(n_points)
        print(f"{N_CLIPS} clips of {N_FRAMES} frames of {n_points} points")
        time_operations(x)
        for net in (LandmarkTransformer(n_points), PSTNet(n_points), P4Transformer(n_points)):
            time_net(net, x)
    print(f"{N_CLIPS} clips of {N_FRAMES} faces of 48 × 48 pixels")
    time_net(FaceViT(), torch.rand(N_CLIPS, N_FRAMES, 3, 48, 48), torch.full((N_CLIPS,), N_FRAMES))


if __name__ == "__main__":
    main()
