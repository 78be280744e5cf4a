"""CurveNet: what it gives for points, what it may not depend on, and a direct version beside it."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch.nn import functional

from smilegenuine.nets.curvenet import (
    CurveAggregation,
    CurveGrouping,
    CurveNet,
    FirstAggregation,
    PointAggregation,
    _onward,
)
from smilegenuine.nets.point_neighbours import find_neighbours

SMALL = {"n_channels": (8, 12, 16), "ratios": (2, 2, 3), "n_neighbors": 5, "n_curves": 7,
         "curve_length": 4}


def shaken(kind, *args, **options):
    """A module whose weights and batch-norm statistics are nobody's defaults."""
    torch.manual_seed(3)
    net = kind(*args, **options)
    with torch.no_grad():
        for weight in net.parameters():
            weight.add_(0.3 * torch.randn_like(weight))
        for name, value in net.named_buffers():
            if "running" in name:
                value.copy_(0.1 * torch.rand_like(value) + 0.05)
    return net


def small_net(**options):
    return shaken(CurveNet, **SMALL | options).double()


@pytest.fixture
def clouds():
    return torch.rand(4, 23, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("n_points", [100, 111])
def test_gives_256_channels_for_each_point(n_points):
    assert CurveNet().n_outputs == 256
    with torch.inference_mode():
        assert CurveNet().eval()(torch.rand(2, n_points, 3)).shape == (2, n_points, 256)


def test_shapes_of_other_sizes(clouds):
    net = small_net()
    assert net.n_outputs == 16
    assert net(clouds).shape == (4, 23, 16)
    assert small_net(n_curves=1, n_neighbors=1, curve_length=1)(clouds[:, :2]).shape == (4, 2, 16)


def test_moving_points_to_other_rows_moves_their_features(clouds):
    net, order = small_net().eval(), torch.randperm(23)
    torch.testing.assert_close(net(clouds[:, order]), net(clouds)[:, order])
    assert net(clouds).std(1).max() > 1e-2


def test_clouds_do_not_know_each_other(clouds):
    net = small_net().eval()
    alone = torch.cat([net(cloud[None]) for cloud in clouds])
    torch.testing.assert_close(net(clouds), alone)


def test_gives_the_same_twice(clouds):
    net = small_net().eval()
    assert torch.equal(net(clouds), net(clouds))


def test_points_in_one_place_do_no_harm():
    net = small_net().train()
    given = net(torch.full((2, 23, 3), 0.5, dtype=torch.float64))
    given.square().sum().backward()
    assert given.isfinite().all()
    assert all(w.grad.isfinite().all() for w in net.parameters())


def test_the_gradient_reaches_every_weight(clouds):
    net = small_net().train()
    (net(clouds) * torch.randn(4, 23, 16)).sum().backward()
    for name, weight in net.named_parameters():
        assert weight.grad.abs().max() > 1e-12, name


# -- parts ----------------------------------------------------------------------------------------

@pytest.fixture
def near(clouds):
    return find_neighbours(clouds, 5)


def edges(near):
    """[centre, neighbour, difference] of all pairs, of shape (P, k, 9)."""
    beside = near.coordinates[near.with_self]
    centre = near.coordinates[:, None].expand_as(beside)
    return torch.cat([centre, beside, beside - centre], 2)


def conv_norm(linear, norm, pairs):
    return norm(linear(pairs).flatten(0, 1)).unflatten(0, pairs.shape[:2])


@pytest.mark.parametrize("training", [True, False])
def test_the_first_aggregation_takes_the_greatest_over_pairs(near, training):
    ours, direct = (shaken(FirstAggregation, 6).double().train(training) for _ in range(2))
    pairs = conv_norm(direct.pairs.linear, direct.pairs.norm, edges(near))
    torch.testing.assert_close(ours(near), functional.leaky_relu(pairs, 0.2).amax(1))
    for (name, a), b in zip(ours.named_buffers(), direct.buffers(), strict=True):
        torch.testing.assert_close(a, b, msg=name)


@pytest.mark.parametrize("training", [True, False])
def test_later_aggregations_are_means_over_pairs(near, training):
    ours, direct = (shaken(PointAggregation, 6).double().train(training) for _ in range(2))
    torch.manual_seed(4)
    xs = [torch.randn(92, 6, dtype=torch.float64).requires_grad_()]
    xs.append(xs[0].detach().clone().requires_grad_())
    given = ours(xs[0], near)
    pairs = conv_norm(direct.pairs.linear, direct.pairs.norm, edges(near))
    pairs = functional.leaky_relu(pairs + xs[1][near.with_self] - xs[1][:, None], 0.2)
    pairs = conv_norm(direct.mix.linear, direct.mix.norm, pairs)
    wanted = functional.leaky_relu(pairs, 0.2).mean(1)
    torch.testing.assert_close(given, wanted)
    aim = torch.randn(92, 6, dtype=torch.float64)
    (given * aim).sum().backward()
    (wanted * aim).sum().backward()
    torch.testing.assert_close(xs[0].grad, xs[1].grad)
    for (name, a), b in zip(ours.named_parameters(), direct.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, msg=name)
    for (name, a), b in zip(ours.named_buffers(), direct.buffers(), strict=True):
        torch.testing.assert_close(a, b, msg=name)


def test_curves_go_from_neighbour_to_neighbour(near):
    grouping = shaken(CurveGrouping, 6, 7, 4).double()
    x = torch.randn(92, 6, dtype=torch.float64)
    curves = grouping(x, near)
    assert curves.shape == (4, 7, 4, 6)
    scores = torch.sigmoid(grouping.score(x))
    scaled = x * scores
    rows = torch.cdist(curves.flatten(0, 2), scaled).min(1)
    assert rows.values.max() < 1e-6  # curves meet points, no mixtures of them
    steps = rows.indices.view(4, 7, 4)
    for cloud in range(4):
        own = slice(23 * cloud, 23 * cloud + 23)
        starts = set((scores[own, 0].topk(7).indices + 23 * cloud).tolist())
        for curve in steps[cloud].tolist():
            assert any(curve[0] in near.others[start] for start in starts)
            for a, b in itertools.pairwise(curve):
                assert b in near.others[a]


def test_the_choice_has_the_gradient_of_softmax(near):
    grouping = CurveGrouping(6, 7, 1).double().eval()
    x = torch.randn(92, 6, dtype=torch.float64, requires_grad=True)
    aim = torch.randn(28, 6, dtype=torch.float64)
    weights = grouping.choose.linear.weight, grouping.score.weight
    given = torch.autograd.grad((grouping(x, near)[:, :, 0].flatten(0, 1) * aim).sum(),
                                (x, *weights))
    # Straight through: forwards the chosen one alone, backwards the weighted mean of all.
    scores = torch.sigmoid(grouping.score(x))
    scaled = x * scores
    starts = scores.view(4, 23).topk(7, sorted=False).indices + 23 * torch.arange(4)[:, None]
    found = scaled[near.others[starts.flatten()]]
    both = torch.cat([found, scaled[starts.flatten()][:, None].expand_as(found)], 2)
    share = (both @ weights[0].T / math.sqrt(1.0 + 1e-5)).softmax(1)
    hard = functional.one_hot(share.squeeze(2).argmax(1), 5)[:, :, None]
    here = (((hard - share).detach() + share) * found).sum(1)
    for ours, direct in zip(given, torch.autograd.grad((here * aim).sum(), (x, *weights)),
                            strict=True):
        torch.testing.assert_close(ours, direct)


@pytest.mark.parametrize(("step", "factor"), [
    ((2.0, 0.0), 1.0), ((0.0, 3.0), 1.0), ((-4.0, 0.0), 0.0), ((-1.0, 1.0), 1 - math.sqrt(0.5)),
    ((0.0, 0.0), 1.0)])
def test_turning_back_is_held_against_a_point(step, factor):
    here, past = torch.tensor([[5.0, 1.0]]), torch.tensor([[3.0, 1.0]])
    found = (here + torch.tensor(step))[:, None]
    torch.testing.assert_close(_onward(here, past, found), torch.tensor([[factor]]))


def test_a_curve_is_mixed_by_two_weights_of_its_own():
    grouping = shaken(CurveGrouping, 3, 4, 2).eval()
    here, past = torch.randn(2, 8, 3)
    weights = grouping.mix(torch.cat([here, past], 1)).softmax(1)
    mixed = grouping._mixed(here, past, 2)
    torch.testing.assert_close(mixed, weights[:, :1] * here + weights[:, 1:] * past)
    grouping.reshaped_mixing = True
    mixed = grouping._mixed(here, past, 2)
    for cloud in range(2):
        table = weights[4 * cloud:4 * cloud + 4].T.reshape(4, 2)
        for i in range(4):
            wanted = table[i, 0] * here[4 * cloud + i] + table[i, 1] * past[4 * cloud + i]
            torch.testing.assert_close(mixed[4 * cloud + i], wanted)


def test_the_order_of_curves_does_not_matter():
    aggregation = shaken(CurveAggregation, 6).eval()
    x, curves = torch.randn(3 * 9, 6), torch.randn(3, 5, 4, 6)
    given = aggregation(x, curves)
    assert given.shape == x.shape
    torch.testing.assert_close(aggregation(x, curves[:, torch.randperm(5)]), given)
    assert (aggregation(x, curves + torch.randn(5, 4, 6)) - given).abs().max() > 1e-3


# -- mixed precision, wrong input -----------------------------------------------------------------

def test_mixed_precision_is_finite_and_close(clouds):
    net, x = small_net().float().train(), clouds.float()
    plain = net(x)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = net(x)
    mixed.float().square().sum().backward()
    assert all(w.grad.isfinite().all() for w in net.parameters())
    # Single curves may turn elsewhere.
    assert (mixed.float() - plain).abs().median() < 0.05


@pytest.mark.parametrize("shape", [(23, 3), (2, 23, 2), (1, 2, 23, 3)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"x must have shape \(B, N, 3\), not \(\d"):
        small_net()(torch.rand(shape))


@pytest.mark.parametrize(("n_points", "options", "message"), [
    (5, {"n_curves": 2}, "n_neighbors must be less than the 5 points of a cloud, not 5"),
    (6, {}, "n_curves must be at most the 6 points of a cloud, not 7"),
])
def test_too_few_points_are_refused(n_points, options, message):
    with pytest.raises(ValueError, match=message):
        small_net(**options)(torch.rand(1, n_points, 3))


@pytest.mark.parametrize(("options", "message"), [
    ({"ratios": (2, 4)}, "as many as there are blocks, at least one, not 3 and 2"),
    ({"n_channels": (), "ratios": ()}, "at least one, not 0 and 0"),
    ({"ratios": (2, 3, 4)}, "a block of 8 channels cannot have ratio 3"),
    ({"ratios": (2, 2, 0)}, "ratios must be at least 1, not 0"),
    ({"n_neighbors": 0}, "n_neighbors must be at least 1, not 0"),
    ({"n_curves": 0}, "n_curves must be at least 1, not 0"),
    ({"curve_length": -1}, "curve_length must be at least 1, not -1"),
])
def test_senseless_sizes_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        CurveNet(**SMALL | options)
