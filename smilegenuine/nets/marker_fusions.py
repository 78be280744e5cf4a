"""Fifteen ways to fuse what a network sees in the landmarks with the D-Markers.

After the comparison of fusions in HadaSmileNet (Hasan, Mohammed, Rahman & Koehn 2025,
arXiv:2509.18550). x are the landmarks' features and d the markers', both projected to `n_hidden`
numbers; every fusion gives `n_hidden` numbers. W are matrices with a bias, ∘ is the element-wise
product, [x; d] is x and d side by side. What the publication leaves open, or what differs here, is
said in each class and in the user guide (docs/marker_fusions.md).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

N_HEADS = 4


class MarkerFusion(nn.Module):
    """What all fusions share.

    Parameters
    ----------
    n_hidden : int, default=256
        Numbers in x, in d and in what the fusion gives.
    dropout : float, default=0.1
        Used by the additive and the multi-head fusions; the others drop nothing.
    published_init : bool, default=False
        Start from torch's default weights, as published. Otherwise FiLM's scale starts around 1.

    Attributes
    ----------
    sees_landmarks : bool
        Whether x can change the result. It cannot in attention to a single key.
    only_multiplies : bool
        Whether x and d get through as factors only. Then they had better start around 1 than around
        0, where neither is heard without the other.
    """

    sees_landmarks = True
    only_multiplies = False

    def __init__(self, n_hidden: int = 256, dropout: float = 0.1,
                 published_init: bool = False) -> None:
        super().__init__()
        self.n_hidden = n_hidden
        self.dropout = dropout
        self.published_init = published_init
        self._make_layers(n_hidden)

    def _make_layers(self, n: int) -> None:
        """Make the layers for n = `n_hidden` numbers; a fusion without any has nothing to do."""

    def forward(self, x: Tensor, d: Tensor) -> Tensor:
        """Fuse.

        Parameters
        ----------
        x : tensor of shape (B, n_hidden)
            From the landmarks.
        d : tensor of shape (B, n_hidden)
            From the markers.

        Returns
        -------
        tensor of shape (B, n_hidden)
        """
        raise NotImplementedError


class ConcatFusion(MarkerFusion):
    """Concatenation: W[x; d].

    W is the first layer of the published MLP, which has 512 inputs here and 256 everywhere else.
    """

    def _make_layers(self, n: int) -> None:
        self.mix = nn.Linear(2 * n, n)

    def forward(self, x: Tensor, d: Tensor) -> Tensor:
        """See `MarkerFusion.forward`."""
        return self.mix(torch.cat([x, d], dim=1))


class GatedConcatFusion(MarkerFusion):
    """Gated concatenation: g∘x + (1 − g)∘d, with the gate g = σ(W[x; d])."""

    def _make_layers(self, n: int) -> None:
        self.gate = nn.Linear(2 * n, n)

    def forward(self, x: Tensor, d: Tensor) -> Tensor:
        """See `MarkerFusion.forward`."""
        gate = torch.sigmoid(self.gate(torch.cat([x, d], dim=1)))
        return gate * x + (1.0 - gate) * d


class AdditiveFusion(MarkerFusion):
    """Additive: a₁·x' + a₂·d', with (a₁, a₂) = softmax(W[x'; d']).

    x' and d' are x and d after a layer norm each, ReLU and dropout.
    """

    def _make_layers(self, n: int) -> None:
        self.of_x = nn.Sequential(nn.LayerNorm(n), nn.ReLU(), nn.Dropout(self.dropout))
        self.of_d = nn.Sequential(nn.LayerNorm(n), nn.ReLU(), nn.Dropout(self.dropout))
        self.weigh = nn.Linear(2 * n, 2)

    def forward(self, x: Tensor, d: Tensor) -> Tensor:
        """See `MarkerFusion.forward`."""
        x, d = self.of_x(x), self.of_d(d)
        weights = torch.softmax(self.weigh(torch.cat([x, d], dim=1)), dim=1)
        return weights[:, :1] * x + weights[:, 1:] * d


class AttentionFusion(MarkerFusion):
    """Attention over the two: a₁·Vx + a₂·Vd, (a₁, a₂) = softmax((Qx·Kx, Qx·Kd)/√n_hidden).

    The published code attends to the markers alone. That is one key, hence the very function that
    it calls cross-attention, in which the landmarks do not count (see `CrossAttentionFusion`). Here
    the query of the landmarks looks at both, with the same parameters.
    """

    def _make_layers(self, n: int) -> None:
        self.query = nn.Linear(n, n)
        self.key = nn.Linear(n, n)
        self.value = nn.Linear(n, n)

    def forward(self, x: Tensor, d: Tensor) -> Tensor:
        """See `MarkerFusion.forward`."""
        both = torch.stack([x, d], dim=1)
        return _attend(self.query(x), self.key(both), self.value(both), n_heads=1)


class CrossAttentionFusion(AttentionFusion):
    """Cross-attention: the landmarks ask, the markers are the only key and value.

    As published, and degenerate: the softmax over one key is 1 whatever the query, so that this is
    Vd exactly. **The landmarks do not count**, and nothing before x learns.
    """

    sees_landmarks = False

    def forward(self, x: Tensor, d: Tensor) -> Tensor:
        """See `MarkerFusion.forward`."""
        only = d.unsqueeze(1)
        return _attend(self.query(x), self.key(only), self.value(only), n_heads=1)


class MultiheadAttentionFusion(MarkerFusion):
    """Multi-head attention over the two: 4 heads, their outputs side by side through W, dropout.

    In each head as `AttentionFusion`, over n_hidden/4 numbers (64 of 256); queries, keys and values
    have no bias. The published code attends to the markers alone here too.
    """

    def _make_layers(self, n: int) -> None:
        if n % N_HEADS:
            raise ValueError(f"n_hidden={n} cannot be split into {N_HEADS} heads; "
                             f"choose a multiple of {N_HEADS}")
        self.query = nn.Linear(n, n, bias=False)
        self.key = nn.Linear(n, n, bias=False)
        self.value = nn.Linear(n, n, bias=False)
        self.mix = nn.Sequential(nn.Linear(n, n), nn.Dropout(self.dropout))

    def forward(self, x: Tensor, d: Tensor) -> Tensor:
        """See `MarkerFusion.forward`."""
        both = torch.stack([x, d], dim=1)
        return self.mix(_attend(self.query(x), self.key(both), self.value(both), N_HEADS))


class MultiheadCrossAttentionFusion(MultiheadAttentionFusion):
    """Multi-head cross-attention: 4 heads, the markers the only key and value.

    As published, and degenerate as `CrossAttentionFusion`: WVd exactly, whatever the landmarks.
    """

    sees_landmarks = False

    def forward(self, x: Tensor, d: Tensor) -> Tensor:
        """See `MarkerFusion.forward`."""
        only = d.unsqueeze(1)
        return self.mix(_attend(self.query(x), self.key(only), self.value(only), N_HEADS))


class BilinearFusion(MarkerFusion):
    """Bilinear pooling: xᵀWₖd + bₖ for each of the n_hidden outputs k."""

    only_multiplies = True

    def _make_layers(self, n: int) -> None:
        self.bilinear = nn.Bilinear(n, n, n)

    def forward(self, x: Tensor, d: Tensor) -> Tensor:
        """See `MarkerFusion.forward`."""
        return self.bilinear(x, d)


class FactorizedBilinearFusion(MarkerFusion):
    """Factorised bilinear pooling: W₃(W₁x ∘ W₂d), through 2·n_hidden products (512 of 256)."""

    only_multiplies = True

    def _make_layers(self, n: int) -> None:
        self.of_x = nn.Linear(n, 2 * n)
        self.of_d = nn.Linear(n, 2 * n)
        self.mix = nn.Linear(2 * n, n)

    def forward(self, x: Tensor, d: Tensor) -> Tensor:
        """See `MarkerFusion.forward`."""
        return self.mix(self.of_x(x) * self.of_d(d))


class FilmFusion(MarkerFusion):
    """FiLM: γ∘x + β, with [γ; β] = W₂ReLU(W₁d), n_hidden → 2·n_hidden → 2·n_hidden.

    The published code puts another ReLU behind W₂, so that no scale and no shift is ever negative
    and half of x is cut off at the start; here there is none, as in FiLM itself (Perez et al. 2018,
    doi:10.1609/aaai.v32i1.11671).
    """

    def _make_layers(self, n: int) -> None:
        self.of_d = _film_generator(n)
        if not self.published_init:
            # A scale around 1 lets x through; around 0, most of it would be lost.
            nn.init.ones_(self.of_d[-1].bias[:n])  # type: ignore[index]

    def forward(self, x: Tensor, d: Tensor) -> Tensor:
        """See `MarkerFusion.forward`."""
        scale, shift = self.of_d(d).chunk(2, dim=1)
        return scale * x + shift


class HadamardProductFusion(MarkerFusion):
    """Hadamard: x∘d. No parameters of its own."""

    only_multiplies = True

    def forward(self, x: Tensor, d: Tensor) -> Tensor:
        """See `MarkerFusion.forward`."""
        return x * d


class HadamardGatedConcatFusion(GatedConcatFusion):
    """Hadamard beside gated concatenation: x∘d + g∘x + (1 − g)∘d.

    The published gate mixes the trunk's own features, before they are projected; here the projected
    ones, as in all fusions.
    """

    def forward(self, x: Tensor, d: Tensor) -> Tensor:
        """See `MarkerFusion.forward`."""
        return x * d + super().forward(x, d)


class BilinearHadamardFusion(BilinearFusion):
    """Hadamard into bilinear pooling: ReLU(W(x∘d + bilinear(x, d)))."""

    def _make_layers(self, n: int) -> None:
        super()._make_layers(n)
        self.combine = nn.Sequential(nn.Linear(n, n), nn.ReLU())

    def forward(self, x: Tensor, d: Tensor) -> Tensor:
        """See `MarkerFusion.forward`."""
        return self.combine(x * d + super().forward(x, d))


class FactorizedBilinearHadamardFusion(FactorizedBilinearFusion):
    """Hadamard into factorised bilinear pooling: ReLU(W(x∘d + W₃(W₁x ∘ W₂d)))."""

    def _make_layers(self, n: int) -> None:
        super()._make_layers(n)
        self.combine = nn.Sequential(nn.Linear(n, n), nn.ReLU())

    def forward(self, x: Tensor, d: Tensor) -> Tensor:
        """See `MarkerFusion.forward`."""
        return self.combine(x * d + super().forward(x, d))


class FilmHadamardFusion(MarkerFusion):
    """Hadamard beside FiLM: x∘d + γ∘norm(x) + β, with [γ'; β] = W₂ReLU(W₁d), γ = 2σ(γ').

    The layer norm and the scale between 0 and 2, around 1, are the published ones; `FilmFusion` has
    neither.
    """

    def _make_layers(self, n: int) -> None:
        self.norm = nn.LayerNorm(n)
        self.of_d = _film_generator(n)

    def forward(self, x: Tensor, d: Tensor) -> Tensor:
        """See `MarkerFusion.forward`."""
        scale, shift = self.of_d(d).chunk(2, dim=1)
        return x * d + 2.0 * torch.sigmoid(scale) * self.norm(x) + shift


def _film_generator(n_hidden: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(n_hidden, 2 * n_hidden), nn.ReLU(),
                         nn.Linear(2 * n_hidden, 2 * n_hidden))


def _attend(query: Tensor, keys: Tensor, values: Tensor, n_heads: int) -> Tensor:
    """Let one query (B, n) look at K keys and values (B, K, n), head by head."""
    query = query.unflatten(-1, (n_heads, -1))
    keys, values = (tokens.unflatten(-1, (n_heads, -1)) for tokens in (keys, values))
    scores = torch.einsum("bhc,bkhc->bkh", query, keys) / query.shape[-1] ** 0.5
    return torch.einsum("bkh,bkhc->bhc", scores.softmax(dim=1), values).flatten(1)


FUSIONS: dict[str, type[MarkerFusion]] = {
    "concat": ConcatFusion,
    "gated_concat": GatedConcatFusion,
    "additive": AdditiveFusion,
    "attention": AttentionFusion,
    "cross_attention": CrossAttentionFusion,
    "multihead_attention": MultiheadAttentionFusion,
    "multihead_cross_attention": MultiheadCrossAttentionFusion,
    "bilinear": BilinearFusion,
    "factorized_bilinear": FactorizedBilinearFusion,
    "film": FilmFusion,
    "hadamard": HadamardProductFusion,
    "hadamard_gated_concat": HadamardGatedConcatFusion,
    "bilinear_hadamard": BilinearHadamardFusion,
    "factorized_bilinear_hadamard": FactorizedBilinearHadamardFusion,
    "film_hadamard": FilmHadamardFusion,
}


def make_fusion(name: str, n_hidden: int = 256, dropout: float = 0.1,
                published_init: bool = False) -> MarkerFusion:
    """Return the fusion of that name.

    Parameters
    ----------
    name : str
        A key of `FUSIONS`.
    n_hidden, dropout, published_init
        See `MarkerFusion`.

    Returns
    -------
    MarkerFusion

    Raises
    ------
    ValueError
        If no fusion has that name.
    """
    if name not in FUSIONS:
        raise ValueError(f"fusion={name!r} is not known; choose one of {', '.join(FUSIONS)}")
    return FUSIONS[name](n_hidden, dropout, published_init)
