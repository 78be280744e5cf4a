"""The transformer on landmarks: positions, scale, what mixes with what."""

from __future__ import annotations

import math

import pytest
import torch

from smilegenuine.nets.landmark_transformer import LandmarkTransformer, sinusoids


def test_positions_are_sines_and_cosines_of_growing_wave_length():
    given = sinusoids(7, 6)
    for step in range(7):
        for channel in range(6):
            angle = step / 10_000**(channel // 2 * 2 / 6)
            wanted = math.cos(angle) if channel % 2 else math.sin(angle)
            assert given[step, channel].item() == pytest.approx(wanted, abs=1e-6)


def test_has_as_many_parameters_as_documented():
    net = LandmarkTransformer()
    assert sum(w.numel() for w in net.parameters()) == 158_977
    assert net.n_embed == 64


def test_layers_start_with_weights_of_their_own():
    first, second, _ = LandmarkTransformer(20).layers
    assert not torch.equal(first.linear1.weight, second.linear1.weight)


def test_without_layers_it_is_the_normed_mean_of_projected_frames():
    torch.manual_seed(0)
    net = LandmarkTransformer(5, n_hidden=8, n_layers=0).eval()
    x = torch.rand(2, 4, 5, 3)
    tokens = (x.reshape(2, 4, 15) / math.sqrt(1 + 1e-5)) @ net.project.weight.T + net.project.bias
    wanted = torch.nn.functional.layer_norm(tokens + sinusoids(4, 8), (8,)).mean(1)
    torch.testing.assert_close(net.embed(x), wanted)


def test_frames_have_an_order():
    torch.manual_seed(1)
    net = LandmarkTransformer(10).eval()
    x = torch.rand(2, 6, 10, 3)
    assert (net(x.flip(1)) - net(x)).abs().max() > 1e-3


def test_each_coordinate_is_scaled_by_what_training_saw():
    torch.manual_seed(2)
    net = LandmarkTransformer(10, dropout=0.0)
    x = torch.rand(8, 6, 10, 3)
    small, seen = x * 0.1 + 0.4, net.embed(x)
    torch.testing.assert_close(net.embed(small), seen, rtol=0, atol=0.02)


@pytest.mark.parametrize(("n_hidden", "n_heads"), [(7, 7), (64, 5)])
def test_channels_are_even_and_divided_by_heads(n_hidden, n_heads):
    with pytest.raises(ValueError, match=rf"n_heads \({n_heads}\), not {n_hidden}"):
        LandmarkTransformer(n_hidden=n_hidden, n_heads=n_heads)
