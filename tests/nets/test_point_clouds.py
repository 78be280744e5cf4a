"""Sampling and neighbourhoods against loops, and what all networks on landmarks have in common."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from smilegenuine.nets import point_clouds
from smilegenuine.nets.landmark_transformer import LandmarkTransformer
from smilegenuine.nets.p4transformer import P4Transformer
from smilegenuine.nets.point_clouds import (
    ball_neighbors,
    farthest_points,
    mean_over_windows,
    over_clips,
    take_points,
    tube_frames,
)
from smilegenuine.nets.pstnet import PSTNet

N_POINTS = 24

NETS = {
    "transformer": lambda: LandmarkTransformer(N_POINTS, n_hidden=32, dropout=0.0),
    "pstnet": lambda: PSTNet(N_POINTS, n_hidden=4, radius=0.3),
    "p4transformer": lambda: P4Transformer(N_POINTS, n_hidden=32, n_layers=2, n_mlp=48,
                                           n_anchors=10, radius=0.5, n_neighbors=8),
}


@pytest.fixture(params=NETS)
def net(request):
    torch.manual_seed(0)
    return NETS[request.param]()


def seen(net):
    """A net in eval mode whose batch norm has statistics to go by."""
    with torch.no_grad():
        for _ in range(25):
            net(torch.rand(8, 6, N_POINTS, 3))
    return net.eval()


# -- operations -----------------------------------------------------------------------------------

def sampled_by_loops(points, n_anchors):
    chosen = [0]
    while len(chosen) < n_anchors:
        farthest, best = -1.0, None
        for i, point in enumerate(points):
            nearest = min(sum((point[a] - points[c][a])**2 for a in range(3)) for c in chosen)
            if nearest > farthest:
                farthest, best = nearest, i
        chosen.append(best)
    return chosen


def neighbors_by_loops(points, anchor, radius, n_neighbors):
    near = [i for i, point in enumerate(points)
            if sum((anchor[a] - point[a])**2 for a in range(3)) < radius**2]
    near = near or [0]
    return (near + [near[0]] * n_neighbors)[:n_neighbors]


@pytest.mark.parametrize("n_anchors", [1, 2, 9, 17])
def test_samples_are_as_far_as_can_be_from_those_before(n_anchors):
    points = np.random.default_rng(0).random((3, 17, 3))
    given = farthest_points(torch.tensor(points), n_anchors)
    assert given.tolist() == [sampled_by_loops(frame, n_anchors) for frame in points]


def test_of_points_equally_far_the_first_is_taken():
    grid = np.stack(np.meshgrid(*[np.arange(3.0)] * 3, indexing="ij"), -1).reshape(1, 27, 3)
    assert farthest_points(torch.tensor(grid), 27)[0].tolist() == sampled_by_loops(grid[0], 27)


def test_points_at_one_place_are_sampled_all_the_same():
    assert farthest_points(torch.ones(2, 5, 3), 3).tolist() == [[0, 0, 0]] * 2


@pytest.mark.parametrize("kind", ["random", "grid"])
def test_the_first_of_a_sample_are_the_sample_of_the_sample(kind):
    torch.manual_seed(1)
    points = torch.rand(4, 40, 3) if kind == "random" else torch.randint(4, (4, 40, 3)).float()
    sample = take_points(points, farthest_points(points, 20))
    again = take_points(sample, farthest_points(sample, 10))
    torch.testing.assert_close(again, sample[:, :10], rtol=0, atol=0)


@pytest.mark.parametrize("radius", [0.05, 0.3, 0.6, 2.0])
@pytest.mark.parametrize("pairs", [1, 60, 2**19])
def test_neighbors_are_the_first_within_the_ball(monkeypatch, radius, pairs):
    monkeypatch.setattr(point_clouds, "_PAIRS", pairs)
    rng = np.random.default_rng(2)
    points, anchors = rng.random((5, 13, 3)), rng.random((5, 4, 3))
    given = ball_neighbors(torch.tensor(points), torch.tensor(anchors), radius, 6)
    assert given.tolist() == [[neighbors_by_loops(frame, anchor, radius, 6) for anchor in row]
                              for frame, row in zip(points, anchors, strict=True)]


def test_a_point_on_the_ball_is_no_neighbor():
    points = torch.tensor([[[5.0, 0, 0], [0.5, 0, 0], [0, 0.25, 0]]])
    assert ball_neighbors(points, torch.zeros(1, 1, 3), 0.5, 3).tolist() == [[[2, 2, 2]]]


def test_where_nothing_is_near_the_first_point_stands_in():
    given = ball_neighbors(torch.rand(1, 4, 3), torch.full((1, 2, 3), 9.0), 0.5, 3)
    assert (given == 0).all()


def test_points_are_taken_by_frame_and_number():
    torch.manual_seed(3)
    values = torch.rand(4, 7, 2, requires_grad=True)
    index, frames = torch.randint(7, (6, 3, 5)), torch.randint(4, (6,))
    given = take_points(values, index, frames)
    wanted = values[frames[:, None, None], index]
    torch.testing.assert_close(given, wanted, rtol=0, atol=0)
    weights = torch.rand_like(given)
    gradients = [torch.autograd.grad((v * weights).sum(), values)[0] for v in (given, wanted)]
    torch.testing.assert_close(*gradients)


def test_tubes_are_centred_on_every_stride_th_frame():
    frames, real = tube_frames(5, 3, 2)
    assert frames.tolist() == [[0, 0, 1], [1, 2, 3], [3, 4, 4]]
    assert real.tolist() == [[False, True, True], [True] * 3, [True, True, False]]
    assert tube_frames(4, 3, 2)[0].tolist() == [[0, 0, 1], [1, 2, 3]]
    assert tube_frames(3, 1, 1)[0].tolist() == [[0], [1], [2]]


def test_frames_of_clips_follow_one_another():
    frames = torch.tensor([[0, 1], [2, 2]])
    assert over_clips(frames, 2, 5).tolist() == [0, 1, 2, 2, 5, 6, 7, 7]


def test_windows_are_averaged_clip_by_clip():
    x = torch.rand(2, 5, 4, 3, 3)
    given = mean_over_windows(lambda windows: windows.sum((1, 2)), x, 3)
    torch.testing.assert_close(given, x.sum((2, 3)).mean(1))


# -- all networks on landmarks --------------------------------------------------------------------

@pytest.mark.parametrize("n_frames", [1, 2, 5, 16])
def test_clips_of_any_length_give_a_logit(net, n_frames):
    x = torch.rand(3, n_frames, N_POINTS, 3)
    assert net.embed(x).shape == (3, net.n_embed)
    assert net(x).shape == (3,)
    assert torch.isfinite(net(x)).all()


def test_the_last_layer_sees_the_embedding(net):
    x = torch.rand(3, 6, N_POINTS, 3)
    net.eval()
    torch.testing.assert_close(net.out(net.embed(x)).squeeze(1), net(x))


def test_logits_of_windows_are_averaged(net):
    seen(net)
    x = torch.rand(2, 3, 6, N_POINTS, 3)
    alone = torch.stack([net(x[:, w]) for w in range(3)], dim=1)
    torch.testing.assert_close(net(x), alone.mean(1), rtol=0, atol=1e-5)
    assert alone.std() > 1e-4


def test_a_clip_gives_the_same_alone_and_in_a_batch(net):
    seen(net)
    x = torch.rand(5, 6, N_POINTS, 3)
    alone = torch.cat([net(clip[None]) for clip in x])
    torch.testing.assert_close(net(x), alone, rtol=0, atol=1e-5)
    assert alone.std() > 1e-3


@pytest.mark.parametrize("shape", [(6, 24, 3), (2, 6, 23, 3), (2, 6, 24, 2), (2, 0, 24, 3),
                                   (2, 2, 2, 6, 24, 3)])
def test_other_shapes_are_refused(net, shape):
    with pytest.raises(ValueError, match=r"shape \(B, T, 24, 3\).* not \("):
        net(torch.zeros(shape))


def test_every_parameter_has_a_gradient(net):
    x = torch.rand(4, 6, N_POINTS, 3, requires_grad=True)
    net(x).square().sum().backward()
    for name, weight in net.named_parameters():
        assert weight.grad is not None, name
        assert torch.isfinite(weight.grad).all(), name
        assert weight.grad.abs().max() > 0, name
    assert x.grad.abs().max() > 0


def test_bfloat16_is_nearly_the_same(net):
    seen(net)
    x = torch.rand(4, 6, N_POINTS, 3)
    exact = net.embed(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = net.embed(x)
        net(x).float().sum().backward()
    assert all(torch.isfinite(w.grad).all() for w in net.parameters())
    assert (rough.float() - exact).abs().max() < 0.05 * exact.abs().max()


def test_weights_and_not_the_moment_decide(net):
    seen(net)
    x = torch.rand(2, 4, N_POINTS, 3)
    assert torch.equal(net(x), net(x))


@pytest.mark.parametrize("module", [PSTNet, P4Transformer])
@pytest.mark.parametrize("options", [{"radius": 0.0}, {"radius": -0.1}, {"n_neighbors": 0}])
def test_balls_have_a_radius_and_hold_something(module, options):
    with pytest.raises(ValueError, match="radius must be positive and n_neighbors at least 1, not"):
        module(N_POINTS, **options)


def mouths(n, generator):
    """Clips in which a third of the points rise (1) or jump up and down (0)."""
    face = torch.rand(N_POINTS, 3, generator=torch.Generator().manual_seed(5))
    target, time = torch.arange(n) % 2, torch.arange(6)
    height = torch.where(target[:, None] == 1, time / 5, (time % 2).float())
    x = face.repeat(n, 6, 1, 1)
    size = 0.75 + 0.5 * torch.rand(n, 1, 1, generator=generator)
    x[:, :, :8, 1] += 0.3 * height[:, :, None] * size
    x += 0.01 * torch.randn(x.shape, generator=generator)
    x += 0.03 * torch.randn(n, 1, 1, 3, generator=generator)  # where the head is
    return x, target.float()


@pytest.mark.slow  # as classifiers, they learn in test_landmark_systems.py
def test_learns_how_points_move(net):
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for _ in range(40):
        x, target = mouths(24, generator)
        optimizer.zero_grad()
        binary_cross_entropy_with_logits(net(x), target).backward()
        optimizer.step()
    x, target = mouths(128, generator)
    with torch.no_grad():
        right = (net.eval()(x) > 0) == (target > 0.5)
    assert right.float().mean() > 0.85


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_graphics_card_gives_what_a_processor_gives(net):
    seen(net)
    x = torch.rand(3, 6, N_POINTS, 3)
    torch.testing.assert_close(net.cuda()(x.cuda()).cpu(), net.cpu()(x), rtol=0, atol=1e-4)
