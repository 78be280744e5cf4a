"""The vision transformer: patches, the mean over frames, what padding may not do."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from smilegenuine.nets.vit import FaceViT


def small_net(seed=0, **options):
    torch.manual_seed(seed)
    return FaceViT(size=16, patch=4, n_hidden=16, n_layers=2, n_heads=2, **options)


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


def test_has_as_many_parameters_as_documented():
    assert sum(w.numel() for w in FaceViT().parameters()) == 164_929


@pytest.mark.parametrize(("size", "patch", "n_tokens"), [(48, 8, 37), (16, 16, 2), (32, 4, 65)])
def test_shapes(size, patch, n_tokens):
    net = FaceViT(size=size, patch=patch)
    x, lengths = torch.rand(2, 3, 3, size, size), torch.tensor([3, 2])
    assert net.positions.shape == (1, n_tokens, 64)
    assert net.embed(x, lengths).shape == (2, net.n_embed)
    assert net(x, lengths).shape == (2,)


def test_the_last_layer_sees_the_embedding(clips):
    net = small_net().eval()
    batch = padded(clips)
    torch.testing.assert_close(net.out(net.embed(*batch)).squeeze(1), net(*batch))


@pytest.mark.parametrize(("size", "patch"), [(48, 7), (8, 16), (48, 0)])
def test_patches_fill_the_face(size, patch):
    with pytest.raises(ValueError, match=f"and {patch} does not divide {size}"):
        FaceViT(size=size, patch=patch)


def test_heads_divide_the_channels():
    with pytest.raises(ValueError, match="n_heads must divide n_hidden, and 3 does not divide 64"):
        FaceViT(n_heads=3)


def test_without_layers_it_is_the_class_token_and_sees_nothing(clips):
    net = FaceViT(size=16, patch=4, n_hidden=16, n_layers=0, n_heads=2).eval()
    wanted = net.norm(net.token + net.positions[:, :1])[0].expand(5, -1)
    torch.testing.assert_close(net.embed(*padded(clips)), wanted)


def test_tokens_are_patches_row_by_row_around_zero():
    net = small_net()
    seen = []
    net.layers.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    frame = torch.rand(1, 1, 3, 16, 16)
    net.eval()(frame, torch.tensor([1]))
    for row, column in ((0, 0), (0, 3), (2, 1)):
        patch = 2 * frame[0, 0, :, 4 * row:4 * row + 4, 4 * column:4 * column + 4] - 1
        token = (net.patches.weight * patch).sum((1, 2, 3)) + net.patches.bias
        at = 1 + 4 * row + column
        torch.testing.assert_close(seen[0][0, at], token + net.positions[0, at])


@pytest.mark.parametrize("junk", [9.0, -50.0, float("nan")])
def test_a_clip_gives_the_same_alone_and_padded(clips, junk):
    net = small_net().eval()
    together = net(*padded(clips, junk, longest=12))
    alone = torch.cat([net(clip[None], torch.tensor([len(clip)])) for clip in clips])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)
    assert together.std() > 1e-4


def test_a_clip_is_the_mean_of_its_frames(clips):
    net = small_net().eval()
    frames = net.embed(clips[0][:, None], torch.ones(4, dtype=torch.long))
    torch.testing.assert_close(net.embed(clips[0][None], torch.tensor([4]))[0], frames.mean(0))


def test_padding_has_no_gradient(clips):
    net = small_net(dropout=0.0).train()
    x, lengths = padded(clips, longest=12)
    net(x.requires_grad_(), lengths).square().sum().backward()
    for gradient, n in zip(x.grad, lengths, strict=True):
        assert (gradient[n:] == 0.0).all()
        assert (gradient[:n].abs().amax(dim=(1, 2, 3)) > 0.0).all()


def test_every_parameter_has_a_gradient(clips):
    net = small_net()
    net(*padded(clips)).square().sum().backward()
    for name, weight in net.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().max() > 0, name


def test_bfloat16_is_nearly_the_same(clips):
    net = small_net(dropout=0.0)
    batch = padded(clips)
    exact = net.embed(*batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = net.embed(*batch)
        net(*batch).float().sum().backward()
    assert all(torch.isfinite(w.grad).all() for w in net.parameters())
    assert (rough.float() - exact).abs().max() < 0.05 * exact.abs().max()


def test_layers_start_with_weights_of_their_own():
    first, second = small_net().layers
    assert not torch.equal(first.linear1.weight, second.linear1.weight)


@pytest.mark.slow
def test_learns_what_a_face_shows():
    """Two strokes in noise, one above the other; on the left the upper is dark, or the lower."""
    generator = torch.Generator().manual_seed(0)

    def faces(n):
        target, lengths = torch.arange(n) % 2, torch.randint(2, 5, (n,), generator=generator)
        x = 0.5 + 0.1 * torch.randn(n, 4, 3, 16, 16, generator=generator)
        x[target == 0, :, :, 8:10, 2:14] -= 0.3
        x[target == 1, :, :, 13:15, 2:14] -= 0.3
        return x, lengths, target.float()

    net = small_net()
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for _ in range(40):
        x, lengths, target = faces(16)
        optimizer.zero_grad()
        binary_cross_entropy_with_logits(net(x, lengths), target).backward()
        optimizer.step()
    x, lengths, target = faces(128)
    with torch.no_grad():
        right = (net.eval()(x, lengths) > 0) == (target > 0.5)
    assert right.float().mean() > 0.85
