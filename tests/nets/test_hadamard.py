"""The product of projections."""

from __future__ import annotations

import pytest
import torch

from smilegenuine.nets.hadamard import HadamardFusion


@pytest.fixture
def net():
    torch.manual_seed(0)
    return HadamardFusion((4, 1, 6), n_hidden=5).eval()


def test_shapes(net):
    x = torch.randn(3, 11)
    assert net.n_embed == 5
    assert net.embed(x).shape == (3, 5)
    assert net(x).shape == (3,)


def test_the_last_layer_sees_the_embedding(net):
    x = torch.randn(3, 11)
    torch.testing.assert_close(net.out(net.embed(x)).squeeze(1), net(x))


def test_the_embedding_is_the_normed_product_of_the_blocks_projections(net):
    x = torch.randn(3, 11)
    first, second, third = (project(block) for project, block in
                            zip(net.projections, (x[:, :4], x[:, 4:5], x[:, 5:]), strict=True))
    torch.testing.assert_close(net.embed(x), net.head[0](first * second * third))


def test_a_branch_without_news_leaves_the_others_as_they_are(net):
    x = torch.randn(3, 11)
    x[:, 4:] = 0.0
    torch.testing.assert_close(net.embed(x), net.head[0](net.projections[0](x[:, :4])))


def test_dropout_is_for_training():
    torch.manual_seed(0)
    net, x = HadamardFusion((4, 3), n_hidden=50, dropout=0.5), torch.randn(2, 7)
    assert 20 < (net.train().embed(x) == 0.0).sum() < 80
    assert not (net.eval().embed(x) == 0.0).any()


def test_columns_that_belong_to_no_branch_are_refused(net):
    with pytest.raises(RuntimeError, match="split_with_sizes"):
        net.embed(torch.randn(3, 12))
