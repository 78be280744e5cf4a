"""MeshSmileNet: shapes, windows, gradients, and the published network beside it."""

from __future__ import annotations

import copy
import pickle

import direct_curvenet as direct
import numpy as np
import pytest
import torch

from smilegenuine.datasets import make_smiles
from smilegenuine.nets.meshsmilenet import (
    MeshSmileNet,
    MeshTrunk,
    TransformerLayer,
    from_published,
    sinusoids,
)

SMALL = {"n_points": 23, "n_layers": 3, "n_time_layers": 1, "n_tokens": 4, "n_heads": 2,
         "n_channels": (8, 12, 16), "ratios": (2, 2, 3), "n_neighbors": 5, "n_curves": 7,
         "curve_length": 3}


def small_net(**options):
    """A net with weights and batch-norm statistics that are nobody's defaults."""
    torch.manual_seed(3)
    net = MeshSmileNet(**SMALL | options)
    with torch.no_grad():
        for weight in net.parameters():
            weight.add_(0.3 * torch.randn_like(weight))
        for name, value in net.named_buffers():
            if "running" in name:
                value.copy_(0.1 * torch.rand_like(value) + 0.05)
    return net


@pytest.fixture
def clips():
    return torch.rand(5, 6, 23, 3, generator=torch.Generator().manual_seed(1))


def test_has_as_many_parameters_as_published():
    assert sum(w.numel() for w in MeshSmileNet().parameters()) == 4896337


def test_shapes(clips):
    net = small_net().eval()
    assert net.n_embed == net.trunk.n_embed == 16
    assert net.embed(clips).shape == net.trunk(clips).shape == (5, 16)
    assert net(clips).shape == (5,)
    assert isinstance(net.out, torch.nn.Linear)
    assert MeshSmileNet(n_layers=1, n_time_layers=1).n_embed == 256


@pytest.mark.parametrize("options", [
    {}, {"doubled_positions": True}, {"reshaped_mixing": True}, {"n_layers": 0},
    {"n_time_layers": 0}, {"n_tokens": 1, "n_heads": 1}])
@pytest.mark.parametrize("n_frames", [1, 9, 140])
def test_any_number_of_frames(n_frames, options):
    assert small_net(**options).eval()(torch.rand(1, n_frames, 23, 3)).isfinite().all()


def test_the_last_layer_sees_the_embedding(clips):
    net = small_net().eval()
    torch.testing.assert_close(net.out(net.embed(clips)).squeeze(1), net(clips))
    torch.testing.assert_close(net.norm(net.trunk(clips)), net.embed(clips))


def test_windows_of_a_clip_are_averaged(clips):
    net = small_net().eval()
    windows = torch.stack([clips, clips.flip(1), clips.roll(2, 1)], 1)  # B, W, T, N, 3
    each = [net.embed(windows[:, i]) for i in range(3)]
    torch.testing.assert_close(net.embed(windows), torch.stack(each).mean(0))
    logits = torch.stack([net(windows[:, i]) for i in range(3)]).mean(0)
    torch.testing.assert_close(net(windows), logits)
    assert (each[0] - each[1]).abs().max() > 1e-3  # the order of frames matters


def test_a_clip_gives_the_same_alone_and_in_a_batch(clips):
    net = small_net().eval()
    alone = torch.cat([net(clip[None]) for clip in clips])
    torch.testing.assert_close(net(clips), alone, rtol=0, atol=1e-5)
    assert alone.std() > 1e-2
    assert torch.equal(net(clips), net(clips))


def test_the_gradient_reaches_every_weight(clips):
    net = small_net().double().train()
    net(clips.double()).square().sum().backward()
    for name, weight in net.named_parameters():
        # The same added to all channels of a token is taken away by every layer norm.
        assert name == "trunk.token_norm.bias" or weight.grad.abs().max() > 1e-12, name


def test_landmarks_have_a_gradient(clips):
    net, x = small_net().eval(), clips.clone().requires_grad_()
    net(x).sum().backward()
    assert (x.grad.abs().amax((0, 1, 3)) > 0.0).all()


def test_the_input_is_not_changed(clips):
    before = clips.clone()
    small_net().train()(clips).sum().backward()
    assert torch.equal(clips, before)


def test_points_have_their_places(clips):
    net = small_net().eval()
    assert (net(clips[:, :, torch.randperm(23)]) - net(clips)).abs().max() > 1e-3


def test_weights_make_the_round_trip(clips):
    net, other = small_net().eval(), MeshSmileNet(**SMALL).eval()
    other.load_state_dict(net.state_dict())
    for again in (other, copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert torch.equal(again(clips), net(clips))


def test_a_few_steps_of_training_lower_the_loss(clips):
    net, y = small_net(dropout=0.0).train(), torch.tensor([0.0, 1.0, 1.0, 0.0, 1.0])
    adam, losses = torch.optim.AdamW(net.parameters(), 1e-3), []
    for _ in range(8):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(net(clips), y)
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


def test_mixed_precision_is_finite_and_close(clips):
    net = small_net(dropout=0.0).train()
    plain = net(clips)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = net(clips)
    mixed.float().square().sum().backward()
    assert (mixed - plain).abs().max() < 0.3
    assert all(w.grad.isfinite().all() for w in net.parameters())


# -- parts ----------------------------------------------------------------------------------------

def test_positions_are_sines_and_cosines():
    given = sinusoids(9, 6)
    for position in range(9):
        for i in range(3):
            angle = position / 10000.0 ** (2 * i / 6)
            np.testing.assert_allclose(given[position, 2 * i:2 * i + 2],
                                       [np.sin(angle), np.cos(angle)], atol=1e-6)
    assert sinusoids(4, 5).shape == (4, 5)


@pytest.mark.parametrize("doubled", [True, False])
def test_positions_enter_attention_alone(doubled):
    layer = TransformerLayer(8, 2, 0.5, doubled).eval()
    seen = []
    layer.query_key_value.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    torch.nn.init.zeros_(layer.project.weight)
    torch.nn.init.zeros_(layer.project.bias)
    x = torch.randn(3, 4, 8)
    given = layer(x)
    normed = layer.attention_norm(x)
    torch.testing.assert_close(seen[0], (2.0 if doubled else 1.0) * normed + sinusoids(4, 8))
    torch.testing.assert_close(given, x + layer.perceptron(x))


def test_layers_attend_over_time_and_over_tokens_in_turns(clips):
    net, lengths = small_net().eval(), []
    for layer in (*net.trunk.layers, *net.trunk.time_layers):
        layer.register_forward_hook(lambda _, inputs, __: lengths.append(inputs[0].shape[:2]))
    net(clips)
    assert lengths == [(5 * 4, 6), (5 * 6, 4), (5 * 4, 6), (5, 6)]


# -- wrong input ----------------------------------------------------------------------------------

@pytest.mark.parametrize("shape", [(6, 23, 3), (5, 6, 22, 3), (5, 6, 23, 2), (5, 0, 23, 3),
                                   (1, 1, 5, 6, 23, 3)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"shape \(B, T, 23, 3\) or \(B, W, T, 23, 3\), not \(\d"):
        small_net()(torch.rand(shape))


@pytest.mark.parametrize("shape", [(5, 6, 22, 3), (6, 23, 3), (2, 5, 6, 23, 3)])
def test_the_trunk_takes_no_other_shapes(shape):
    with pytest.raises(ValueError, match=r"x must have shape \(B, T, 23, 3\), not \(\d"):
        MeshTrunk(**SMALL)(torch.rand(shape))


@pytest.mark.parametrize(("options", "message"), [
    ({"n_points": 5}, "n_neighbors must be less than the 5 points"),
    ({"n_points": 6}, "n_curves must be at most the 6 points"),
    ({"n_tokens": 0}, "n_tokens must be at least 1, not 0"),
    ({"n_heads": 3}, "the last of n_channels, 16, must be a multiple of n_heads, 3"),
    ({"n_heads": 0}, "must be a multiple of n_heads, 0"),
])
def test_senseless_sizes_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        MeshSmileNet(**SMALL | options)


# -- the published network beside it --------------------------------------------------------------

@pytest.fixture(scope="module")
def published():
    """Weights by the published names."""
    return {k: torch.tensor(v) for k, v in direct.random_weights(7).items()}


@pytest.fixture(scope="module")
def mesh():
    """Two frames of a drawn face, scaled to 0 to 1; (1, 2, 478, 3)."""
    points = np.asarray(make_smiles(1, 1, fps=10, random_state=0).landmarks[0])[[0, 8]]
    low, high = points.min((0, 1)), points.max((0, 1))
    return ((points - low) / (high - low))[None]


def test_gives_what_the_published_network_gives(published, mesh):
    net, weights = from_published(published), {k: v.numpy() for k, v in published.items()}
    wanted = direct.logit(weights, mesh[0])
    with torch.inference_mode():
        given = net(torch.tensor(mesh, dtype=torch.float32))
        otherwise = net(torch.tensor(mesh[:, ::-1].copy(), dtype=torch.float32))
    np.testing.assert_allclose(given, [wanted], rtol=0, atol=1e-5)
    assert abs(otherwise - given) > 1e-2


def test_without_what_only_the_published_code_does(published):
    cloud = np.random.default_rng(1).random((1, 478, 3))
    net = MeshSmileNet().eval()
    net.load_state_dict(from_published(published).state_dict())
    wanted = direct.logit({k: v.numpy() for k, v in published.items()}, cloud, published=False)
    with torch.inference_mode():
        given = net(torch.tensor(cloud[None], dtype=torch.float32))
        doubled = from_published(published)(torch.tensor(cloud[None], dtype=torch.float32))
    np.testing.assert_allclose(given, [wanted], rtol=0, atol=1e-5)
    assert abs(doubled - given) > 1e-2


def test_from_published_says_what_it_made(published):
    net = from_published(published)
    assert not net.training
    assert all(layer.doubled_positions for layer in net.trunk.layers)
    assert all(block.grouping.reshaped_mixing for block in net.trunk.encoder.blocks)
    used = sum(v.numel() for v in net.state_dict().values())
    assert used == sum(v.numel() for v in published.values())


def test_weights_that_are_missing_or_of_another_shape_are_named(published):
    state = {k: v for k, v in published.items() if k != "time.layers.2.1.fn.net.0.bias"}
    state["downsample.0.weight"] = torch.zeros(32, 468, 1)
    with pytest.raises(ValueError, match=r"MeshSmileNet: time\.layers\.2\.1\.fn\.net\.0\.bias, "
                                         r"downsample\.0\.weight missing or of another shape"):
        from_published(state)


def test_weights_given_are_not_changed(published):
    state = {k: v.clone() for k, v in published.items()}
    net = from_published(state).train()
    net(torch.rand(1, 1, 478, 3)).sum().backward()
    torch.optim.SGD(net.parameters(), 1.0).step()
    assert all(torch.equal(state[k], v) for k, v in published.items())
