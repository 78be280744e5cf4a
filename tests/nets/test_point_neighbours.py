"""Neighbours of points, and batch norm from moments."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from smilegenuine.nets.point_neighbours import as_affine, find_neighbours


@pytest.fixture
def clouds():
    return torch.rand(3, 25, 3, generator=torch.Generator().manual_seed(0))


def test_neighbours_are_the_nearest_of_the_same_cloud(clouds):
    near = find_neighbours(clouds, 6)
    for cloud, points in enumerate(clouds.double().numpy()):
        distances = np.linalg.norm(points[:, None] - points[None], axis=2)
        order = np.argsort(distances, axis=1) + 25 * cloud
        rows = slice(25 * cloud, 25 * cloud + 25)
        np.testing.assert_array_equal(near.with_self[rows], order[:, :6])
        np.testing.assert_array_equal(near.others[rows], order[:, 1:7])
    torch.testing.assert_close(near.coordinates, clouds.flatten(0, 1))
    assert (near.n_clouds, near.n_points) == (3, 25)


def test_a_point_is_its_own_nearest_even_among_points_in_the_same_place():
    near = find_neighbours(torch.full((2, 9, 3), 1234.567), 4)
    assert (near.with_self[:, 0] == torch.arange(18)).all()
    assert (near.others != torch.arange(18)[:, None]).all()
    assert (near.others // 9 == torch.arange(18)[:, None] // 9).all()


@pytest.mark.parametrize("offset", [0.0, 50.0])
def test_moments_are_those_of_all_pairs(clouds, offset):
    near = find_neighbours(clouds + offset, 6)
    own = near.coordinates.double()
    pairs = np.concatenate([np.repeat(own.numpy(), 6, 0), own.numpy()[near.with_self.flatten()]], 1)
    np.testing.assert_allclose(near.mean, pairs.mean(0), rtol=1e-6)
    np.testing.assert_allclose(near.covariance, np.cov(pairs.T, bias=True), rtol=0, atol=2e-6)


def test_mixed_precision_finds_the_same_neighbours(clouds):
    plain = find_neighbours(clouds, 6)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = find_neighbours(clouds, 6)
    assert torch.equal(plain.with_self, mixed.with_self)
    assert torch.equal(plain.covariance, mixed.covariance)


@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_from_moments_is_batch_norm(training):
    torch.manual_seed(1)
    x = 3.0 * torch.randn(40, 5, dtype=torch.float64) - 2.0
    norms = [nn.BatchNorm1d(5).double().train(training) for _ in range(2)]
    for norm in norms:
        for weight, value in zip((norm.weight, norm.bias, norm.running_mean, norm.running_var),
                                 np.random.default_rng(2).uniform(0.5, 2.0, (4, 5)), strict=True):
            weight.data.copy_(torch.tensor(value))
    direct = norms[0](x)
    scale, offset = as_affine(norms[1], (x.mean(0), x.var(0, correction=0)), len(x))
    torch.testing.assert_close(scale * x + offset, direct)
    for (name, ours), theirs in zip(norms[1].named_buffers(), norms[0].buffers(), strict=True):
        torch.testing.assert_close(ours, theirs, msg=name)
