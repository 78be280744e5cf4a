"""The dense networks of the phases."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from smilegenuine.nets.phase_mlp import PhaseMLP


@pytest.mark.parametrize(("n_phases", "n_hidden"), [(4, (16,)), (3, (128, 16)), (1, (2,))])
def test_sixteen_numbers_a_phase_or_as_many_as_asked(n_phases, n_hidden):
    net = PhaseMLP(n_phases, 119, n_hidden).eval()
    x = torch.randn(5, n_phases, 119)
    assert net.n_embed == n_phases * n_hidden[-1]
    assert net.embed(x).shape == (5, net.n_embed)
    assert net(x).shape == (5,)


def test_branches_are_norm_and_layers_as_published():
    kinds = [type(layer) for layer in PhaseMLP(4, 30, (12, 6)).branches[0]]
    assert kinds == [nn.BatchNorm1d, nn.Linear, nn.ReLU, nn.Linear, nn.ReLU]


def test_the_last_layer_sees_the_embedding():
    torch.manual_seed(0)
    net, x = PhaseMLP(3, 8, (5,)).eval(), torch.randn(4, 3, 8)
    torch.testing.assert_close(net.out(net.embed(x)).squeeze(1), net(x))


def test_each_phase_has_a_branch_of_its_own():
    torch.manual_seed(0)
    net, x = PhaseMLP(3, 8, (5,)).eval(), torch.randn(4, 3, 8)
    changed = x.clone()
    changed[:, 1] += 1.0
    same = (net.embed(x) == net.embed(changed)).all(dim=0)
    assert same[:5].all()
    assert same[10:].all()
    assert not same[5:10].all()


def test_a_branch_has_a_layer():
    with pytest.raises(ValueError, match="n_hidden is empty"):
        PhaseMLP(4, 119, ())
