"""Sums over pairs of neighbours against all pairs at once, and their gradients."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from smilegenuine.nets import neighbour_pairs
from smilegenuine.nets.neighbour_pairs import PairMeans, PairMoments, greatest_neighbour


@pytest.fixture(params=[1, 60, 10**6], ids=lambda n: f"chunks of {n}")
def chunk(request, monkeypatch):
    """One point a chunk, a few, all at once."""
    monkeypatch.setitem(neighbour_pairs._CHUNK, "cpu", request.param)


@pytest.fixture
def points():
    """What 11 points give as centres and as neighbours, and four neighbours of each."""
    torch.manual_seed(0)
    values = [torch.randn(11, 3, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    return (*values, torch.randint(11, (11, 4)))


@pytest.fixture
def layer():
    torch.manual_seed(1)
    return [torch.randn(*shape, dtype=torch.float64, requires_grad=True)
            for shape in ((5, 3), (5,))]


def all_pairs(of_centre, of_beside, neighbours):
    return functional.leaky_relu(of_centre[:, None] + of_beside[neighbours], 0.2)


@pytest.mark.usefixtures("chunk")
def test_moments(points):
    pairs = all_pairs(*points).flatten(0, 1)
    mean, product = PairMoments.apply(*points)
    torch.testing.assert_close(mean, pairs.mean(0))
    torch.testing.assert_close(product, pairs.T @ pairs / len(pairs))


@pytest.mark.usefixtures("chunk")
def test_means(points, layer):
    found = functional.leaky_relu(functional.linear(all_pairs(*points), *layer), 0.2)
    torch.testing.assert_close(PairMeans.apply(*points, *layer), found.mean(1))


@pytest.mark.usefixtures("chunk")
def test_gradients(points, layer):
    assert torch.autograd.gradcheck(PairMoments.apply, points, fast_mode=True)
    assert torch.autograd.gradcheck(PairMeans.apply, (*points, *layer), fast_mode=True)


@pytest.mark.usefixtures("chunk")
def test_the_neighbour_that_gives_most(points):
    _, of_beside, neighbours = points
    rows = greatest_neighbour(of_beside, neighbours)
    assert (rows[:, :, None] == neighbours[:, None]).any(2).all()
    torch.testing.assert_close(of_beside.gather(0, rows), of_beside[neighbours].amax(1))
