"""HadaSmileNet: fusions of landmarks and D-Markers on top of the mesh trunk."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from smilegenuine.nets.hadasmilenet import HadaSmileNet
from smilegenuine.nets.marker_fusions import FUSIONS
from smilegenuine.nets.meshsmilenet import MeshSmileNet, MeshTrunk

SMALL = {"n_points": 14, "n_markers": 5, "n_hidden": 12, "n_layers": 2, "n_time_layers": 1,
         "n_tokens": 3, "n_heads": 2, "n_channels": (4, 8), "ratios": (2, 2), "n_neighbors": 4,
         "n_curves": 3, "curve_length": 2}


def _net(fusion="hadamard", **parameters):
    torch.manual_seed(0)
    return HadaSmileNet(fusion, **{**SMALL, **parameters})


@pytest.fixture
def net():
    return _net().eval()


@pytest.fixture
def windows():
    torch.manual_seed(1)
    return torch.rand(3, 2, 7, 14, 3), torch.randn(3, 5)


@pytest.fixture
def clips(windows):
    return windows[0][:, 0], windows[1]


@pytest.mark.parametrize("fusion", FUSIONS)
def test_shapes_with_every_fusion(fusion, windows):
    net = _net(fusion).eval()
    assert net.n_embed == 12
    assert net.embed(*windows).shape == (3, 12)
    assert net(*windows).shape == (3,)
    assert net(*windows).isfinite().all()


@pytest.mark.parametrize("n_frames", [1, 2, 9])
def test_any_number_of_frames(net, n_frames):
    assert net(torch.rand(2, n_frames, 14, 3), torch.randn(2, 5)).shape == (2,)


def test_the_last_layer_sees_the_embedding(net, clips):
    torch.testing.assert_close(net.out(net.embed(*clips)).squeeze(1), net(*clips))


def test_it_is_trunk_projections_product_mlp_norm(net, clips):
    x, markers = clips
    of_landmarks = net.trunk(x) @ net.of_landmarks.weight.T + net.of_landmarks.bias
    of_markers = markers @ net.of_markers.weight.T + net.of_markers.bias
    first, last = net.mlp[0], net.mlp[3]
    hidden = torch.relu((of_landmarks * of_markers) @ first.weight.T + first.bias)
    hidden = torch.relu(hidden @ last.weight.T + last.bias)
    hidden = (hidden - hidden.mean(1, keepdim=True)) / torch.sqrt(
        hidden.var(1, unbiased=False, keepdim=True) + 1e-5)
    torch.testing.assert_close(net.embed(x, markers), hidden)


def test_the_layers_after_the_fusion_are_the_published_ones(net):
    kinds = [type(layer) for layer in net.mlp]
    assert kinds == [nn.Linear, nn.ReLU, nn.Dropout, nn.Linear, nn.ReLU]


def test_windows_are_averaged_each_with_the_clips_markers(net, windows):
    x, markers = windows
    of_windows = [net.embed(x[:, i], markers) for i in range(2)]
    torch.testing.assert_close(net.embed(x, markers), (of_windows[0] + of_windows[1]) / 2)


def test_one_window_is_the_clip(net, clips):
    x, markers = clips
    torch.testing.assert_close(net(x[:, None], markers), net(x, markers))


def test_a_batch_is_its_clips_one_by_one(net, windows):
    one_by_one = [net(x[None], d[None]) for x, d in zip(*windows, strict=True)]
    torch.testing.assert_close(net(*windows), torch.cat(one_by_one), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_both_inputs_matter_and_gradients_reach_everything_that_counts(fusion, clips):
    net, (x, markers) = _net(fusion).eval(), clips
    sees = net.fusion.sees_landmarks
    assert not torch.allclose(net.embed(x, markers), net.embed(x, markers.flip(0)))
    assert torch.equal(net.embed(x, markers), net.embed(x.flip(0), markers)) != sees
    (net.embed(x, markers) * torch.randn(3, 12)).sum().backward()
    for part in (net.trunk, net.of_landmarks):
        assert any(p.grad is not None and bool(p.grad.any()) for p in part.parameters()) == sees
    for part in (net.of_markers, net.mlp, net.norm):
        assert all(p.grad.any() for p in part.parameters())


@pytest.mark.parametrize("fusion", FUSIONS)
def test_projections_start_around_one_where_nothing_else_lets_them_through(fusion):
    def mean(net):
        return float(torch.cat([net.of_landmarks.bias, net.of_markers.bias]).detach().mean())

    around_one = {"hadamard", "bilinear", "factorized_bilinear", "bilinear_hadamard",
                  "factorized_bilinear_hadamard"}
    assert mean(_net(fusion)) == pytest.approx(float(fusion in around_one), abs=0.2)
    assert mean(_net(fusion, published_init=True)) == pytest.approx(0.0, abs=0.2)


def test_a_product_around_one_shows_what_markers_tell_by_themselves():
    # Landmarks that are half of the time of the other sign must not turn the markers' verdict.
    def right(published_init):
        torch.manual_seed(0)
        net = HadaSmileNet(**SMALL, published_init=published_init)
        net.trunk = _AsItIs(14, 8)
        optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
        for _ in range(120):
            x, markers = torch.randn(64, 1, 14, 3), torch.randn(64, 5)
            optimizer.zero_grad()
            nn.functional.binary_cross_entropy_with_logits(
                net(x, markers), (markers[:, 0] > 0).float()).backward()
            optimizer.step()
        x, markers = torch.randn(1000, 1, 14, 3), torch.randn(1000, 5)
        return float(((net.eval()(x, markers) > 0) == (markers[:, 0] > 0)).float().mean())

    assert right(published_init=False) > right(published_init=True) + 0.05


class _AsItIs(nn.Module):
    def __init__(self, n_points, n_embed):
        super().__init__()
        self.n_points, self.n_embed = n_points, n_embed

    def forward(self, x):
        return x.flatten(1)[:, :self.n_embed]

    of_windows = MeshTrunk.of_windows


def test_dropout_is_for_training(net, clips):
    assert not torch.equal(net.train().mlp(torch.ones(9, 12)), net.mlp(torch.ones(9, 12)))
    assert torch.equal(net.eval()(*clips), net(*clips))


@pytest.mark.parametrize("changed", [{"doubled_positions": True}, {"reshaped_mixing": True}])
def test_the_trunk_is_mesh_smile_nets(changed, clips):
    parameters = {key: value for key, value in {**SMALL, **changed}.items()
                  if key not in ("n_markers", "n_hidden")}
    net, mesh = _net(**changed).eval(), MeshSmileNet(**parameters).eval()
    mesh.trunk.load_state_dict(net.trunk.state_dict())
    assert torch.equal(mesh.trunk(clips[0]), net.trunk(clips[0]))


def test_dropout_and_start_reach_every_part():
    net = _net("multihead_attention", dropout=0.3, published_init=True)
    rates = {module.p for module in net.modules() if isinstance(module, nn.Dropout)}
    assert rates == {0.3}
    assert net.fusion.published_init
    assert not _net("multihead_attention").fusion.published_init


@pytest.mark.parametrize(("fusion", "n_parameters"), [
    ("hadamard", 5_151_569), ("concat", 5_282_897), ("bilinear", 21_929_041)])
def test_n_parameters(fusion, n_parameters):
    with torch.device("meta"):
        net = HadaSmileNet(fusion)
    assert sum(p.numel() for p in net.parameters()) == n_parameters


def test_pickles_of_weights_come_back(net, clips):
    other = HadaSmileNet(**SMALL)
    other.load_state_dict(net.state_dict())
    torch.testing.assert_close(other.eval()(*clips), net(*clips))


@pytest.mark.parametrize("shape", [(3, 14, 3), (3, 7, 13, 3), (3, 7, 14, 2), (3, 0, 14, 3),
                                   (3, 0, 7, 14, 3), (1, 3, 2, 7, 14, 3)])
def test_landmarks_of_another_shape_are_refused(net, shape):
    with pytest.raises(ValueError, match=r"x must have shape \(B, T, 14, 3\) or \(B, W, T, 14"):
        net(torch.rand(shape), torch.randn(shape[0], 5))


@pytest.mark.parametrize("shape", [(3, 4), (2, 5), (3, 1, 5), (5,)])
def test_markers_of_another_shape_are_refused(net, clips, shape):
    with pytest.raises(ValueError, match=r"markers must have shape \(3, 5\)"):
        net(clips[0], torch.randn(shape))


def test_a_fusion_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="fusion='product' is not known"):
        _net("product")
