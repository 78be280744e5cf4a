"""PSTNet: its convolution against loops over anchors, frames and neighbours."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from smilegenuine.nets.point_clouds import farthest_points, take_points
from smilegenuine.nets.pstnet import PSTConvolution, PSTNet


def by_loops(conv, points, features, anchors, radius, n_neighbors, kernel_size, stride):
    """One clip through a convolution in eval mode, a neighbour at a time, in numpy."""
    weights = {k: v.double().numpy() for k, v in conv.state_dict().items()}
    found = np.zeros((*anchors.shape[:2], len(weights["temporal.weight"])))
    for step in range(len(anchors)):
        for m, anchor in enumerate(anchors[step]):
            tube = []
            for offset in range(-(kernel_size // 2), kernel_size // 2 + 1):
                spatial = np.zeros(len(weights["of_displacements.weight"]))
                frame = step * stride + offset
                if 0 <= frame < len(points):
                    near = [i for i, p in enumerate(points[frame])
                            if np.sum((p - anchor)**2) < radius**2] or [0]
                    for i in (near + [near[0]] * n_neighbors)[:n_neighbors]:
                        product = weights["of_displacements.weight"] @ (points[frame, i] - anchor)
                        if features is not None:
                            product = product * (weights["of_features.weight"] @ features[frame, i])
                        spatial += product
                tube.append(spatial)
            normed = ((np.concatenate(tube) - weights["norm.running_mean"])
                      / np.sqrt(weights["norm.running_var"] + 1e-5)
                      * weights["norm.weight"] + weights["norm.bias"])
            found[step, m] = weights["temporal.weight"] @ np.maximum(normed, 0.0)
    return found


def used(net):
    """Give a net batch-norm statistics and weights that are nobody's defaults."""
    with torch.no_grad():
        for name, value in net.state_dict().items():
            if name.endswith(("norm.weight", "norm.bias")):
                value.uniform_(0.3, 1.2)
            elif "running" in name:
                value.uniform_(0.001, 0.005)
    return net.eval()


@pytest.mark.parametrize(("n_inputs", "kernel_size", "stride", "n_frames"),
                         [(0, 1, 1, 3), (4, 1, 1, 2), (4, 3, 1, 4), (4, 3, 2, 6), (4, 3, 2, 5),
                          (4, 5, 2, 5), (4, 3, 2, 1)])
def test_convolution_is_what_loops_give(n_inputs, kernel_size, stride, n_frames):
    torch.manual_seed(n_frames + kernel_size)
    conv = used(PSTConvolution(n_inputs, 5, 6, 0.45, 4, kernel_size, stride)).double()
    points = torch.rand(2, n_frames, 11, 3, dtype=torch.double)
    features = torch.randn(2, n_frames, 11, n_inputs, dtype=torch.double) if n_inputs else None
    anchors = points[:, ::stride, :7] + 0.05
    with torch.no_grad():
        given = conv(points, features, anchors)
    for clip in range(2):
        direct = by_loops(conv, points[clip].numpy(), None if features is None
                          else features[clip].numpy(), anchors[clip].numpy(), 0.45, 4,
                          kernel_size, stride)
        np.testing.assert_allclose(given[clip], direct, rtol=0, atol=1e-12)
        assert np.ptp(direct) > 0.01


def test_sampling_once_is_sampling_before_each_convolution():
    torch.manual_seed(0)
    net = used(PSTNet(40, n_hidden=4, radius=0.3))
    x = torch.rand(2, 8, 40, 3)
    points, features = x * (0.5 / 0.3), None
    n_anchors = [20, 10, 10, 5, 5, 2]
    with torch.no_grad():
        for conv, n, stride in zip(net.convs, n_anchors, (1, 2, 1, 2, 1, 1), strict=True):
            kept = points[:, ::stride]
            index = farthest_points(kept.flatten(0, 1), n)
            anchors = take_points(kept.flatten(0, 1), index).unflatten(0, kept.shape[:2])
            features = conv(points, features, anchors)
            points, last = anchors, features
            features = torch.relu(features)
        assert points.shape == (2, 2, 2, 3)
        torch.testing.assert_close(net.embed(x), last.mean(2).max(1).values)


def test_has_as_many_parameters_as_documented():
    net = PSTNet()
    assert sum(w.numel() for w in net.parameters()) == 133_750
    assert net.n_embed == 256


def test_channels_are_the_published_ones_times_a_factor():
    convs = PSTNet(n_hidden=64).convs
    assert [c.of_displacements.out_features for c in convs] == [45, 96, 192, 384, 768, 1536]
    assert [c.temporal.out_features for c in convs] == [64, 128, 256, 512, 1024, 2048]
    assert [c.kernel_size for c in convs] == [1, 3, 3, 3, 3, 1]
    assert [c.stride for c in convs] == [1, 2, 1, 2, 1, 1]
    assert [c.radius for c in convs] == [0.5, 1.0, 1.0, 2.0, 2.0, 2.0]


def test_convolutions_start_as_one_layer_over_features_and_places():
    conv = PSTConvolution(13, 400, 6, 0.5, 4)
    for weight in (conv.of_displacements.weight, conv.of_features.weight):
        assert weight.abs().max() <= 0.25
        assert weight.abs().max() > 0.24


def test_radius_is_in_the_units_of_the_coordinates():
    torch.manual_seed(1)
    near, far = used(PSTNet(30, n_hidden=4, radius=0.25)), used(PSTNet(30, n_hidden=4, radius=0.5))
    far.load_state_dict(near.state_dict())
    x = torch.rand(2, 5, 30, 3)
    torch.testing.assert_close(near(x), far(2.0 * x))
    assert (near(x) - far(x)).abs().max() > 1e-3


def test_moving_the_whole_clip_changes_nothing():
    torch.manual_seed(2)
    net = used(PSTNet(30, n_hidden=4, radius=0.3)).double()
    x = torch.rand(2, 5, 30, 3, dtype=torch.double)
    torch.testing.assert_close(net(x + torch.tensor([0.3, -0.2, 0.1])), net(x))


def test_moving_a_frame_changes_something():
    torch.manual_seed(2)
    net = used(PSTNet(30, n_hidden=4, radius=0.3))
    x = torch.rand(1, 5, 30, 3)
    moved = x.clone()
    moved[:, 2] += 0.1
    assert (net(moved) - net(x)).abs().max() > 1e-3


def test_order_does_not_matter_where_balls_hold_everything_but_sampling_starts_alike():
    torch.manual_seed(3)
    net = used(PSTNet(24, n_hidden=4, radius=1.8, n_neighbors=24))
    x = torch.rand(2, 5, 24, 3)
    order = torch.cat([torch.zeros(1, dtype=torch.long), 1 + torch.randperm(23)])
    torch.testing.assert_close(net(x[:, :, order]), net(x), rtol=0, atol=1e-5)
    assert (net(x.flip(2)) - net(x)).abs().max() > 1e-4  # another point starts


def test_order_matters_where_balls_overflow():
    torch.manual_seed(3)
    net = used(PSTNet(24, n_hidden=4, radius=1.0, n_neighbors=5))
    x = torch.rand(2, 5, 24, 3)
    order = torch.cat([torch.zeros(1, dtype=torch.long), 1 + torch.randperm(23)])
    assert (net(x[:, :, order]) - net(x)).abs().max() > 1e-4


def test_statistics_follow_within_some_twenty_batches():
    torch.manual_seed(4)
    net = PSTNet(24, n_hidden=4, radius=0.3)
    x = torch.rand(6, 6, 24, 3)
    for _ in range(25):
        trained = net.train().embed(x)
    torch.testing.assert_close(net.eval().embed(x), trained, rtol=0.1, atol=0.05)


def test_points_that_cannot_be_halved_four_times_are_refused():
    with pytest.raises(ValueError, match="at least 16, which are halved four times, not 15"):
        PSTNet(15)
    assert PSTNet(16)(torch.rand(2, 3, 16, 3)).shape == (2,)
