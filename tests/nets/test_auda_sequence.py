"""The LSTMs over frame-wise features: shapes, padding, and how long they remember at first."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pad_sequence

from smilegenuine.nets.auda_sequence import AUDASequenceNet


def net_of(n_remembered=None, seed=0):
    torch.manual_seed(seed)
    net = AUDASequenceNet({"aus": (5, 7), "smile": (1, 3)}, n_remembered)
    with torch.no_grad():
        for name, value in net.named_buffers():
            if "running" in name:
                value.copy_(0.3 * torch.rand_like(value) + 0.1)
        for norm in net.norms.values():
            norm.bias.fill_(2.0)  # so that no unit is dead
    return net


@pytest.fixture
def sequences():
    torch.manual_seed(1)
    return [torch.randn(n, 6) for n in (4, 11, 1, 7)]


def batch_of(sequences, junk):
    x = pad_sequence(sequences, batch_first=True, padding_value=junk)
    return x, torch.tensor([len(s) for s in sequences])


def test_the_published_widths():
    net = AUDASequenceNet({"aus": (17, 150), "slope9": (17, 150), "smile": (1, 10)}).eval()
    x, lengths = torch.randn(2, 6, 35), torch.tensor([6, 4])
    assert net.n_embed == 310
    assert net.embed(x, lengths).shape == (2, 310)
    assert net(x, lengths).shape == (2,)


def test_the_last_layer_sees_the_embedding(sequences):
    net = net_of().eval()
    batch = batch_of(sequences, 0.0)
    torch.testing.assert_close(net.out(net.embed(*batch)).squeeze(1), net(*batch))


def test_each_stream_sees_its_own_columns(sequences):
    net = net_of().eval()
    x, lengths = batch_of(sequences, 0.0)
    changed = x.clone()
    changed[..., 5] += 1.0
    one, other = net.embed(x, lengths), net.embed(changed, lengths)
    torch.testing.assert_close(one[:, :7], other[:, :7])
    assert (one[:, 7:] != other[:, 7:]).any()


def test_the_embedding_is_the_last_hidden_state_of_the_real_frames(sequences):
    net = net_of().eval()
    given = net.embed(*batch_of(sequences, 9.0))
    for row, sequence in zip(given, sequences, strict=True):
        found = []
        for name, part in (("aus", sequence[:, :5]), ("smile", sequence[:, 5:])):
            hidden = net.lstms[name](part[None])[0][0, -1]
            found.append(torch.relu(net.norms[name](hidden[None]))[0])
        torch.testing.assert_close(row, torch.cat(found))


@pytest.mark.parametrize("junk", [0.0, 9.0, -1e4])
def test_a_clip_gives_the_same_alone_and_padded(sequences, junk):
    net = net_of().eval()
    alone = torch.cat([net(*batch_of([s], junk)) for s in sequences])
    torch.testing.assert_close(net(*batch_of(sequences, junk)), alone, rtol=0, atol=1e-5)


def test_padding_has_no_gradient(sequences):
    net = net_of().train()
    x, lengths = batch_of(sequences, 9.0)
    net(x.requires_grad_(), lengths).square().sum().backward()
    for gradient, n in zip(x.grad, lengths, strict=True):
        assert (gradient[n:] == 0.0).all()


def test_gates_start_with_spans_from_one_step_to_the_longest():
    torch.manual_seed(0)
    lstm = AUDASequenceNet({"aus": (17, 150)}, n_remembered=40.0).lstms["aus"]
    bias = (lstm.bias_ih_l0 + lstm.bias_hh_l0).detach()
    into, forget = bias[:150], bias[150:300]
    torch.testing.assert_close(into, -forget)
    assert forget.min() >= 0.0
    assert forget.max() <= np.log(39.0)
    # A forget gate of sigmoid(b) keeps for 1 + exp(b) steps: evenly many for each span.
    spans = 1.0 + forget.exp()
    assert spans.min() < 4.0
    assert spans.max() > 36.0
    assert spans.mean().item() == pytest.approx(21.0, abs=3.0)


def test_units_that_are_to_remember_do():
    # A pulse at the first of thirty steps, of which torch's own gates keep nothing.
    pulse = torch.zeros(1, 30, 17)
    pulse[0, 0] = 3.0
    kept = []
    for n_remembered in (None, 40.0):
        torch.manual_seed(0)
        lstm = AUDASequenceNet({"aus": (17, 150)}, n_remembered).lstms["aus"]
        kept.append((lstm(pulse)[1][1] - lstm(torch.zeros_like(pulse))[1][1]).norm().item())
    assert kept[1] > 100 * kept[0]


def test_the_shortest_span_is_allowed():
    bias = net_of(n_remembered=2.0).lstms["smile"].bias_hh_l0
    assert torch.isfinite(bias).all()
    assert (bias[:6] == 0.0).all()


def test_without_streams_there_is_no_net():
    with pytest.raises(ValueError, match="streams is empty"):
        AUDASequenceNet({})
