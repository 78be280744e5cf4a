"""DeepMarkerNet: the class and the D-Markers from one trunk."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from smilegenuine.nets.deepmarkernet import DeepMarkerNet
from smilegenuine.nets.meshsmilenet import MeshSmileNet

TRUNK = {"n_points": 14, "n_layers": 2, "n_time_layers": 1, "n_tokens": 3, "n_heads": 2,
         "n_channels": (4, 8), "ratios": (2, 2), "n_neighbors": 4, "n_curves": 3,
         "curve_length": 2}


@pytest.fixture
def net():
    torch.manual_seed(0)
    return DeepMarkerNet(n_markers=5, **TRUNK).eval()


@pytest.fixture
def windows():
    torch.manual_seed(1)
    return torch.rand(3, 2, 7, 14, 3)


def test_shapes(net, windows):
    assert net.n_embed == 8
    for x in (windows, windows[:, 0]):
        logits, markers = net.forward_tasks(x)
        assert net.embed(x).shape == (3, 8)
        assert net(x).shape == logits.shape == (3,)
        assert markers.shape == (3, 5)


@pytest.mark.parametrize("n_frames", [1, 2, 9])
def test_any_number_of_frames(net, n_frames):
    assert net(torch.rand(2, n_frames, 14, 3)).shape == (2,)


def test_the_last_layer_sees_the_embedding_and_both_ways_decide_alike(net, windows):
    torch.testing.assert_close(net.out(net.embed(windows)).squeeze(1), net(windows))
    torch.testing.assert_close(net.forward_tasks(windows)[0], net(windows))


def test_each_head_norms_and_maps_what_the_trunk_gives(net, windows):
    x = windows[:, 0]
    nn.init.normal_(net.norm.weight)
    nn.init.normal_(net.marker_head[0].weight)
    found = net.trunk(x)
    normed = (found - found.mean(1, keepdim=True)) / torch.sqrt(
        found.var(1, unbiased=False, keepdim=True) + 1e-5)
    head = net.marker_head
    torch.testing.assert_close(net.embed(x), normed * net.norm.weight)
    torch.testing.assert_close(net.forward_tasks(x)[1],
                               normed * head[0].weight @ head[1].weight.T + head[1].bias)


def test_windows_are_averaged_in_both_tasks(net, windows):
    torch.testing.assert_close(net.embed(windows),
                               (net.embed(windows[:, 0]) + net.embed(windows[:, 1])) / 2)
    for both, first, second in zip(net.forward_tasks(windows), net.forward_tasks(windows[:, 0]),
                                   net.forward_tasks(windows[:, 1]), strict=True):
        torch.testing.assert_close(both, (first + second) / 2)


def test_a_batch_is_its_clips_one_by_one(net, windows):
    for batch, *ones in zip(net.forward_tasks(windows),
                            *(net.forward_tasks(x[None]) for x in windows), strict=True):
        torch.testing.assert_close(batch, torch.cat(ones), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("changed", [{"doubled_positions": True}, {"reshaped_mixing": True}])
def test_the_class_is_mesh_smile_nets(changed, windows):
    """Its weights, in a MeshSmileNet, decide alike: the markers take no part."""
    torch.manual_seed(0)
    net = DeepMarkerNet(n_markers=5, **TRUNK, **changed).eval()
    mesh = MeshSmileNet(**TRUNK, **changed).eval()
    mesh.load_state_dict({name: value for name, value in net.state_dict().items()
                          if not name.startswith("marker_head.")})
    torch.testing.assert_close(mesh(windows), net(windows))


@pytest.mark.parametrize("task", [0, 1])
def test_each_task_teaches_the_trunk_and_its_own_head_alone(net, windows, task):
    (net.forward_tasks(windows)[task] ** 2).sum().backward()
    assert all(p.grad.any() for p in net.trunk.time_layers.parameters())
    assert any(p.grad is not None and p.grad.any() for p in net.trunk.encoder.parameters())
    of_class, of_markers = [*net.norm.parameters(), *net.out.parameters()], [
        *net.marker_head.parameters()]
    taught, untaught = (of_class, of_markers) if task == 0 else (of_markers, of_class)
    assert all(p.grad.any() for p in taught)
    assert all(p.grad is None for p in untaught)


@pytest.mark.slow
def test_it_learns_both_tasks():
    torch.manual_seed(0)
    net = DeepMarkerNet(n_markers=2, **TRUNK)
    size = torch.randn(24, 1, 1, 1)
    x = torch.rand(14, 3) * (1 + 0.3 * size) + 0.02 * torch.randn(24, 4, 14, 3)
    y, markers = (size.flatten() > 0).float(), torch.cat([size, -size], 1).flatten(1)
    optimizer = torch.optim.AdamW(net.parameters(), lr=5e-3)
    for _ in range(60):
        logits, told = net.forward_tasks(x)
        loss = (nn.functional.binary_cross_entropy_with_logits(logits, y)
                + nn.functional.mse_loss(told, markers))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    logits, told = net.eval().forward_tasks(x)
    assert ((logits > 0) == (y > 0)).float().mean() > 0.9
    assert float(nn.functional.mse_loss(told, markers).detach()) < 0.3 * float(markers.var())


def test_n_parameters():
    with torch.device("meta"):
        net = DeepMarkerNet()
    # MeshSmileNet's, a layer norm and 256 × 225 weights and 225 biases.
    assert sum(p.numel() for p in net.parameters()) == 4_896_337 + 512 + 256 * 225 + 225


@pytest.mark.parametrize("shape", [(3, 14, 3), (3, 7, 13, 3), (3, 7, 14, 2), (3, 0, 14, 3),
                                   (3, 0, 7, 14, 3), (1, 3, 2, 7, 14, 3)])
@pytest.mark.parametrize("method", ["embed", "forward_tasks"])
def test_landmarks_of_another_shape_are_refused(net, shape, method):
    with pytest.raises(ValueError, match=r"x must have shape \(B, T, 14, 3\) or \(B, W, T, 14"):
        getattr(net, method)(torch.rand(shape))
