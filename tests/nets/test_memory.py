"""How long recurrent units remember when training starts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from smilegenuine.nets.auda_sequence import AUDASequenceNet
from smilegenuine.nets.memory import memory_biases
from smilegenuine.nets.realsmilenet import RealSmileNet


def test_spans_are_spread_evenly_up_to_the_longest():
    torch.manual_seed(0)
    span = memory_biases(4000, 40.0).exp().numpy() + 1.0
    assert span.min() >= 2.0
    assert span.max() <= 40.0
    assert np.quantile(span, [0.25, 0.5, 0.75]) == pytest.approx([11.5, 21, 30.5], abs=1.5)


def test_the_shortest_memory_is_two_steps():
    assert (memory_biases(5, 0.5) == 0).all()


def gates(net):
    """Input and forget biases of the recurrent part."""
    if isinstance(net, RealSmileNet):
        return net.recurrent.conv.bias[:8], net.recurrent.conv.bias[8:16]
    both = net.lstms["aus"].bias_ih_l0 + net.lstms["aus"].bias_hh_l0
    return both[:30], both[30:60]


@pytest.mark.parametrize("make", [lambda n: RealSmileNet(n_remembered=n),
                                  lambda n: AUDASequenceNet({"aus": (17, 30)}, n)],
                         ids=["RealSmileNet", "AUDASequenceNet"])
def test_what_is_kept_and_what_comes_in_sum_to_one(make):
    torch.manual_seed(1)
    into, kept = gates(make(50.0))
    np.testing.assert_allclose(into.detach(), -kept.detach(), atol=1e-6)
    assert 0 <= kept.min() < kept.max() <= np.log(49)
    assert gates(make(None))[1].abs().max() < 1.0


def test_an_early_frame_is_still_felt_at_the_end():
    """Of forty steps; without a memory it is as good as gone."""
    x = torch.zeros(1, 40, 17)
    felt = []
    for n in (40.0, None):
        torch.manual_seed(2)
        net = AUDASequenceNet({"aus": (17, 60)}, n).eval()
        early = x.clone().requires_grad_()
        net(early, torch.tensor([40])).sum().backward()
        felt.append(float(early.grad[0, 2].norm()))
    assert felt[0] > 1e3 * felt[1]
