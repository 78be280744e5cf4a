"""What networks on point clouds share: sampling, neighbourhoods, tubes through time, windows.

The operations of PointNet++ (Qi, Yi, Su & Guibas 2017, arXiv:1706.02413), to the letter of the code
that published networks run on, for any device.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

# Pairs of points that are measured at once: what fits a processor's cache is nearly twice as fast.
_PAIRS = 2**19


@torch.no_grad()
def farthest_points(points: Tensor, n_anchors: int) -> Tensor:
    """Sample points, each as far as can be from those before it; the first is point 0.

    Parameters
    ----------
    points : tensor of shape (F, N, 3)
    n_anchors : int
        At most N.

    Returns
    -------
    tensor of shape (F, n_anchors), int64
        Of points equally far, the first is taken. So a sample's first m points are what sampling m
        points of it would give.

    Notes
    -----
    Published CUDA code passes over points within 0.032 of the origin, which is how it tells padding
    from points. Here every point counts.
    """
    axes = _axes(points)
    last = torch.zeros(len(points), 1, dtype=torch.long, device=points.device)
    sample, nearest = [last], torch.full_like(axes[0], torch.inf)
    for _ in range(n_anchors - 1):
        square = torch.zeros_like(nearest)
        for axis in axes:
            square += (axis - axis.gather(1, last)).square_()
        torch.minimum(nearest, square, out=nearest)
        last = nearest.argmax(1, keepdim=True)
        sample.append(last)
    return torch.cat(sample, dim=1)


def _axes(points: Tensor) -> list[Tensor]:
    """Return x, y and z apart: passes over whole arrays are twice as fast."""
    return [axis.contiguous() for axis in points.unbind(-1)]


@torch.no_grad()
def ball_neighbors(points: Tensor, anchors: Tensor, radius: float, n_neighbors: int) -> Tensor:
    """Find the points within a ball around each anchor.

    Parameters
    ----------
    points : tensor of shape (F, N, 3)
    anchors : tensor of shape (F, M, 3)
    radius : float
        Points nearer than this are neighbours.
    n_neighbors : int
        The first so many in the order of points. Where there are fewer, the first of them fills
        up; where there is none, point 0 does.

    Returns
    -------
    tensor of shape (F, M, n_neighbors), int64
    """
    n_frames = max(1, _PAIRS // (points.shape[1] * anchors.shape[1]))
    return torch.cat([_ball_neighbors(p, a, radius, n_neighbors) for p, a in
                      zip(points.split(n_frames), anchors.split(n_frames), strict=True)])


def _ball_neighbors(points: Tensor, anchors: Tensor, radius: float, n_neighbors: int) -> Tensor:
    square = torch.zeros(len(points), anchors.shape[1], points.shape[1], dtype=points.dtype,
                         device=points.device)
    # Differences, not products: what is within a ball may not depend on how many are in a batch.
    for anchor, point in zip(_axes(anchors), _axes(points), strict=True):
        square += (anchor[:, :, None] - point[:, None]).square_()
    near = (square < radius**2).flatten(0, 1)
    row, number = near.nonzero(as_tuple=True)
    n_near = near.sum(1)
    place = torch.arange(len(row), device=row.device) - (n_near.cumsum(0) - n_near)[row]
    first = torch.zeros(len(near), dtype=torch.long, device=row.device)
    first[row[place == 0]] = number[place == 0]
    neighbors = first[:, None].repeat(1, n_neighbors)
    wanted = place < n_neighbors
    neighbors[row[wanted], place[wanted]] = number[wanted]
    return neighbors.view(*anchors.shape[:2], n_neighbors)


def take_points(values: Tensor, index: Tensor, frames: Tensor | None = None) -> Tensor:
    """Take points of frames by their numbers.

    Parameters
    ----------
    values : tensor of shape (F, N, C)
    index : tensor of shape (G, ...), int64
        Points within a frame.
    frames : tensor of shape (G,), int64, optional
        The frame that each row of `index` is about. Without it row g is about frame g.

    Returns
    -------
    tensor of shape (G, ..., C)
    """
    if frames is None:
        frames = torch.arange(len(values), device=values.device)
    rows = index + (frames * values.shape[1]).view(-1, *[1] * (index.ndim - 1))
    # By far the quickest way back, of those that torch has for taking rows.
    return values.flatten(0, 1).index_select(0, rows.flatten()).view(*index.shape, -1)


def tube_frames(n_frames: int, kernel_size: int, stride: int,
                device: torch.device | None = None) -> tuple[Tensor, Tensor]:
    """Return the frames that a kernel through time sees.

    Parameters
    ----------
    n_frames : int
    kernel_size : int
        Odd.
    stride : int
        Kernels are centred on frame 0 and every so many after it.
    device : torch.device, optional

    Returns
    -------
    frames : tensor of shape (L, kernel_size), int64
        L = ceil(n_frames / stride). Beyond the ends, the frame at the end.
    real : tensor of shape (L, kernel_size), bool
        False beyond the ends.
    """
    centres = torch.arange(0, n_frames, stride, device=device)
    offsets = torch.arange(kernel_size, device=device) - kernel_size // 2
    frames = centres[:, None] + offsets
    return frames.clamp(0, n_frames - 1), (frames >= 0) & (frames < n_frames)


def over_clips(frames: Tensor, n_clips: int, n_frames: int) -> Tensor:
    """Number the frames that a kernel sees, over all clips one after the other.

    Parameters
    ----------
    frames : tensor of shape (L, kernel_size), int64
        Of one clip.
    n_clips, n_frames : int

    Returns
    -------
    tensor of shape (n_clips · L · kernel_size,), int64
    """
    starts = torch.arange(n_clips, device=frames.device) * n_frames
    return (starts[:, None, None] + frames).flatten()


def mean_over_windows(embed: Callable[[Tensor], Tensor], x: Tensor, n_points: int) -> Tensor:
    """Embed clips of one window or of several, whose embeddings are averaged.

    Parameters
    ----------
    embed : callable
        From (B, T, n_points, 3) to (B, n_embed).
    x : tensor of shape (B, T, n_points, 3) or (B, W, T, n_points, 3)
    n_points : int

    Returns
    -------
    tensor of shape (B, n_embed)

    Raises
    ------
    ValueError
        `x` has another shape.
    """
    if x.ndim not in (4, 5) or x.shape[-2:] != (n_points, 3) or not x.shape[-3]:
        raise ValueError(f"x must have the shape (B, T, {n_points}, 3), or with windows "
                         f"(B, W, T, {n_points}, 3), of at least one frame, not {tuple(x.shape)}")
    if x.ndim == 4:
        return embed(x)
    return embed(x.flatten(0, 1)).unflatten(0, x.shape[:2]).mean(1)
