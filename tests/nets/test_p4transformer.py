"""P4Transformer: its convolution against loops, its tokens, what order means."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from smilegenuine.nets.p4transformer import P4Transformer, Point4DConvolution, TransformerLayer
from smilegenuine.nets.point_clouds import farthest_points


def by_loops(weight, points, radius, n_neighbors, n_anchors, kernel_size, stride):
    """One clip through a convolution, a neighbour at a time, in numpy."""
    anchors, features = [], []
    for centre in range(0, len(points), stride):
        sample = farthest_points(torch.tensor(points[centre][None]), n_anchors)[0].numpy()
        anchors.append(points[centre][sample])
        row = []
        for anchor in anchors[-1]:
            best = np.full(len(weight), -np.inf)
            for offset in range(-(kernel_size // 2), kernel_size // 2 + 1):
                frame = points[min(max(centre + offset, 0), len(points) - 1)]
                near = [p for p in frame if np.sum((p - anchor)**2) < radius**2] or [frame[0]]
                for point in near[:n_neighbors]:
                    best = np.maximum(best, weight @ np.append(point - anchor, offset))
            row.append(best)
        features.append(row)
    return np.array(anchors), np.array(features)


@pytest.mark.parametrize(("kernel_size", "stride", "n_frames"),
                         [(3, 2, 6), (3, 2, 5), (3, 1, 4), (1, 1, 3), (5, 3, 7), (3, 2, 1)])
@pytest.mark.parametrize("radius", [0.15, 0.5])
def test_convolution_is_what_loops_give(kernel_size, stride, n_frames, radius):
    torch.manual_seed(n_frames)
    conv = Point4DConvolution(6, 5, radius, 4, kernel_size, stride).double()
    points = torch.rand(2, n_frames, 12, 3, dtype=torch.double)
    with torch.no_grad():
        anchors, features = conv(points)
    weight = conv.of_displacements.weight.detach().numpy()
    for clip in range(2):
        wanted = by_loops(weight, points[clip].numpy(), radius, 4, 5, kernel_size, stride)
        np.testing.assert_allclose(anchors[clip], wanted[0], rtol=0, atol=0)
        np.testing.assert_allclose(features[clip], wanted[1], rtol=0, atol=1e-12)


def test_a_layer_is_torchs_own_but_for_the_gelu_after_its_heads():
    torch.manual_seed(0)
    layer = TransformerLayer(12, 3, 20)
    plain = nn.MultiheadAttention(12, 3, batch_first=True)
    with torch.no_grad():
        plain.in_proj_weight.copy_(layer.project.weight)
        plain.in_proj_bias.zero_()
        plain.out_proj.load_state_dict(layer.merge[0].state_dict())
        x = torch.randn(2, 7, 12)
        normed = layer.norm(x)
        middle = x + nn.functional.gelu(plain(normed, normed, normed)[0])
        torch.testing.assert_close(layer(x), middle + layer.mlp(middle))


def test_tokens_know_their_place_and_their_frame():
    torch.manual_seed(1)
    net = P4Transformer(20, n_hidden=8, n_layers=0, n_heads=2, n_mlp=6, n_anchors=4).double()
    x = torch.rand(2, 6, 20, 3, dtype=torch.double)
    anchors, features = net.tubes(x)
    tokens = []
    for step in range(3):
        place = torch.cat([anchors[:, step], torch.full((2, 4, 1), step + 1.0)], dim=2)
        tokens.append(place @ net.place.weight.T + net.place.bias + features[:, step])
    highest = torch.cat(tokens, dim=1).max(1).values
    torch.testing.assert_close(net.embed(x), net.head(highest))


def test_has_as_many_parameters_as_documented():
    net = P4Transformer()
    assert sum(w.numel() for w in net.parameters()) == 175_553
    assert net.n_embed == 128


def test_order_does_not_matter_where_no_ball_overflows_but_for_the_point_that_sampling_starts_at():
    torch.manual_seed(2)
    net = P4Transformer(24, n_hidden=16, n_layers=1, n_anchors=6, n_neighbors=24).eval()
    x = torch.rand(2, 5, 24, 3)
    order = torch.cat([torch.zeros(1, dtype=torch.long), 1 + torch.randperm(23)])
    torch.testing.assert_close(net(x[:, :, order]), net(x), rtol=0, atol=1e-5)
    assert (net(x.flip(2)) - net(x)).abs().max() > 1e-4


def test_order_matters_where_balls_overflow():
    torch.manual_seed(2)
    net = P4Transformer(24, n_hidden=16, n_layers=1, n_anchors=6, radius=2.0, n_neighbors=3).eval()
    x = torch.rand(2, 5, 24, 3)
    order = torch.cat([torch.zeros(1, dtype=torch.long), 1 + torch.randperm(23)])
    assert (net(x[:, :, order]) - net(x)).abs().max() > 1e-4


def test_frames_have_an_order():
    torch.manual_seed(3)
    net = P4Transformer(24, n_hidden=16, n_layers=1, n_anchors=6).eval()
    x = torch.rand(2, 5, 24, 3)
    assert (net(x.flip(1)) - net(x)).abs().max() > 1e-4


@pytest.mark.parametrize("n_anchors", [0, 25])
def test_anchors_are_points(n_anchors):
    with pytest.raises(ValueError, match=rf"1 to n_points \(24\), not {n_anchors}"):
        P4Transformer(24, n_anchors=n_anchors)


def test_heads_divide_the_channels():
    with pytest.raises(ValueError, match="n_heads must divide n_hidden, and 3 does not divide 64"):
        P4Transformer(n_heads=3)
