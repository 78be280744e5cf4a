"""RealSmileNet: its parts, what padding may not do, and the published network beside it."""

from __future__ import annotations

import direct_realsmilenet as direct
import numpy as np
import pytest
import torch

from smilegenuine.nets.realsmilenet import (
    ConvLSTM,
    NonLocalBlock,
    RealSmileNet,
    TemporalAttention,
    from_published,
)


def small_net(seed=0, **options):
    """A net with weights and batch-norm statistics that are nobody's defaults."""
    torch.manual_seed(seed)
    net = RealSmileNet(size=16, n_encoder=(3, 5), n_hidden=4, n_head=7, **options)
    with torch.no_grad():
        for weight in net.parameters():
            weight.add_(0.2 * torch.randn_like(weight))
        for name, value in net.named_buffers():
            if "running" in name:
                value.copy_(torch.rand_like(value) + 0.3)
    return net


def padded(clips, junk=9.0, longest=None):
    """Clips of different lengths in one batch; what is behind their end is no zeros."""
    lengths = torch.tensor([len(c) for c in clips])
    x = torch.full((len(clips), longest or int(lengths.max()), *clips[0].shape[1:]), junk)
    for i, clip in enumerate(clips):
        x[i, :len(clip)] = clip
    return x, lengths


@pytest.fixture
def clips():
    torch.manual_seed(1)
    return [torch.rand(n, 3, 16, 16) for n in (4, 1, 9, 9, 6)]


def test_has_as_many_parameters_as_published():
    assert sum(w.numel() for w in RealSmileNet().parameters()) == 5273


@pytest.mark.parametrize(("size", "n_embed"), [(16, 10), (20, 10), (48, 250), (64, 490)])
def test_shapes(size, n_embed):
    net = RealSmileNet(size=size).eval()
    x, lengths = torch.rand(2, 3, 3, size, size), torch.tensor([3, 2])
    assert net.n_embed == n_embed
    assert net.embed(x, lengths).shape == (2, n_embed)
    assert net(x, lengths).shape == (2,)


def test_the_last_layer_sees_the_embedding(clips):
    net = small_net().eval()
    batch = padded(clips)
    torch.testing.assert_close(net.out(net.embed(*batch)).squeeze(1), net(*batch))


@pytest.mark.parametrize("size", [12, 30, 47])
def test_sizes_that_cannot_be_halved_twice_are_refused(size):
    with pytest.raises(ValueError, match=f"multiple of 4 of at least 16 pixels, not {size}"):
        RealSmileNet(size=size)


def test_at_first_frames_are_weighed_by_the_sum_of_all_channels_differences():
    frames = torch.rand(2, 5, 3, 8, 6)
    given = TemporalAttention(3)(frames, torch.ones(2, 5, dtype=bool)).unflatten(0, (2, 5))
    change = torch.diff(frames, dim=1, prepend=frames[:, :1]).sum(2, keepdim=True)
    torch.testing.assert_close(given, frames * change + frames)


def test_attention_starts_as_the_same_single_tap_for_every_pair_of_channels():
    conv = TemporalAttention(3).conv
    assert (conv.weight[:, :, 1, 1] == 1.0).all()
    assert conv.weight.sum() == 9.0
    assert (conv.bias == 0.0).all()


def test_before_the_first_frame_nothing_moves():
    frames = torch.rand(1, 3, 3, 8, 8)
    given = TemporalAttention(3)(frames, torch.ones(1, 3, dtype=bool))
    torch.testing.assert_close(given[0], frames[0, 0])


def test_at_first_the_non_local_block_passes_its_input_on():
    block = NonLocalBlock(8)
    x = torch.randn(3, 8, 6, 10)
    torch.testing.assert_close(block(x), x)
    assert (block.norm.weight == 0.0).all()
    assert (block.norm.bias == 0.0).all()


def test_an_lstm_of_single_pixels_is_torchs_own():
    torch.manual_seed(3)
    conv, plain = ConvLSTM(5, 4, kernel_size=1), torch.nn.LSTM(5, 4, batch_first=True)
    order = [0, 1, 3, 2]  # torch's gates: input, forget, candidate, output
    with torch.no_grad():
        kernel = conv.conv.weight[:, :, 0, 0].unflatten(0, (4, 4))[order].flatten(0, 1)
        plain.weight_ih_l0.copy_(kernel[:, :5])
        plain.weight_hh_l0.copy_(kernel[:, 5:])
        plain.bias_ih_l0.copy_(conv.conv.bias.unflatten(0, (4, 4))[order].flatten())
        plain.bias_hh_l0.zero_()
    sequences = [torch.randn(n, 5) for n in (3, 7, 1, 7, 2)]
    lengths = torch.tensor([len(s) for s in sequences])
    given = conv(torch.cat(sequences)[:, :, None, None], lengths)[:, :, 0, 0]
    for row, sequence in zip(given, sequences, strict=True):
        torch.testing.assert_close(row, plain(sequence[None])[1][0][0, 0])


@pytest.mark.parametrize("junk", [9.0, -50.0, 0.0])
def test_a_clip_gives_the_same_alone_and_padded(clips, junk):
    net = small_net().eval()
    together = net(*padded(clips, junk, longest=12))
    alone = torch.cat([net(clip[None], torch.tensor([len(clip)])) for clip in clips])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)
    assert together.std() > 1e-2


def test_batch_norm_learns_from_real_frames_only(clips):
    net = small_net().train()
    attended = torch.cat([small_net().attention(c[None], torch.ones(1, len(c), dtype=bool))
                          for c in clips])
    before = net.encoder[0].running_mean.clone()
    net(*padded(clips, longest=12))
    torch.testing.assert_close(net.encoder[0].running_mean,
                               0.9 * before + 0.1 * attended.mean(dim=(0, 2, 3)))


def test_training_does_not_depend_on_what_is_behind_the_end(clips):
    grown = []
    for longest, junk in ((9, 0.0), (15, 9.0)):
        net = small_net(dropout=(0.0, 0.0)).train()
        net(*padded(clips, junk, longest)).sum().backward()
        grown.append(net)
    for (name, a), b in zip(grown[0].named_parameters(), grown[1].parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, msg=name)
    for (name, a), b in zip(grown[0].named_buffers(), grown[1].buffers(), strict=True):
        torch.testing.assert_close(a, b, msg=name)


def test_padding_has_no_gradient(clips):
    net = small_net(dropout=(0.0, 0.0)).train()
    x, lengths = padded(clips, longest=12)
    net(x.requires_grad_(), lengths).square().sum().backward()
    for gradient, n in zip(x.grad, lengths, strict=True):
        assert (gradient[n:] == 0.0).all()
        assert (gradient[:n].abs().amax(dim=(1, 2, 3)) > 0.0).all()


# -- the published network beside it --------------------------------------------------------------

LENGTHS = (1, 5, 17, 40)


@pytest.fixture(scope="module")
def published():
    """Weights by the published names, and clips of each length with what a direct net gives."""
    weights = direct.random_weights(7)
    rng = np.random.default_rng(8)
    pictures = [rng.random((n, 3, 48, 48)) for n in LENGTHS]
    lying = [direct.logit(weights, clip) for clip in pictures]
    return {k: torch.tensor(v) for k, v in weights.items()}, pictures, lying


def logits_of(state, pictures):
    net = RealSmileNet().eval()
    net.load_state_dict(state)
    with torch.no_grad():
        return net(*padded([torch.tensor(p, dtype=torch.float32) for p in pictures])).numpy()


def test_gives_what_the_published_network_gives(published):
    state, pictures, lying = published
    assert np.ptp(lying) > 0.1
    np.testing.assert_allclose(logits_of(from_published(state, upright=False), pictures), lying,
                               rtol=0, atol=1e-5)


def test_upright_pictures_give_what_lying_ones_gave(published):
    state, pictures, lying = published
    upright = [p.swapaxes(2, 3) for p in pictures]
    np.testing.assert_allclose(logits_of(from_published(state), upright), lying, rtol=0, atol=1e-5)
    assert np.abs(logits_of(from_published(state), pictures) - lying).max() > 1e-3


def test_weights_that_are_missing_are_named(published):
    state = {k: v for k, v in published[0].items() if k not in ("pool.5.bias", "TA.conv.weight")}
    with pytest.raises(ValueError, match=r"RealSmileNet: TA\.conv\.weight, pool\.5\.bias missing"):
        from_published(state)


def test_weights_given_are_not_changed(published):
    state = {k: v.clone() for k, v in published[0].items()}
    from_published(state)
    assert all(torch.equal(state[k], v) for k, v in published[0].items())
