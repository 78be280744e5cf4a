"""HadaSmileNet: landmarks and D-Markers, fused by their product or in one of fourteen other ways.

Hasan, Mohammed, Rahman & Koehn (2025), HadaSmileNet: Hadamard fusion of handcrafted and
deep-learning features for enhancing facial emotion recognition of genuine smiles, IEEE ICDM,
arXiv:2509.18550. Here all fusions share trunk, projections, MLP and head; the published code gives
some of them others (docs/marker_fusions.md).
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from .marker_fusions import make_fusion
from .meshsmilenet import MeshTrunk


class HadaSmileNet(nn.Module):
    """Project landmarks and markers to the same width, fuse, decide.

    MeshSmileNet's trunk → linear → x; markers → linear → d; fusion of x and d; linear, ReLU,
    dropout, linear, ReLU; layer norm; linear.

    Parameters
    ----------
    fusion : str, default="hadamard"
        How x and d are fused: a key of `marker_fusions.FUSIONS`. In ``"cross_attention"`` and
        ``"multihead_cross_attention"`` the landmarks do not count, as published.
    n_markers : int, default=225
        D-Marker features of a clip.
    n_hidden : int, default=256
        Width of the projections, of the fusion and of the MLP.
    dropout : float, default=0.1
        In the trunk, in the fusions that have any, and in the MLP.
    published_init : bool, default=False
        Start from torch's default weights, as published. Otherwise x and d start around 1 where
        they are multiplied and nothing else (see Notes), and see `MarkerFusion`.
    **trunk
        The other parameters of `MeshTrunk`.

    Attributes
    ----------
    n_embed : int
        Numbers that `embed` gives: `n_hidden`.

    Notes
    -----
    Markers go in standardised. Then d is 0 on average with torch's default weights, and so is the
    product x∘d, which hides what x and d tell by themselves: only their interaction gets through.
    Around 1 all three do: (1 + x)(1 + d) = 1 + x + d + xd.
    """

    def __init__(self, fusion: str = "hadamard", n_markers: int = 225, n_hidden: int = 256,
                 dropout: float = 0.1, published_init: bool = False, **trunk: Any) -> None:
        super().__init__()
        self.fusion = make_fusion(fusion, n_hidden, dropout, published_init)
        self.trunk = MeshTrunk(dropout=dropout, **trunk)
        self.n_markers = n_markers
        self.of_landmarks = nn.Linear(self.trunk.n_embed, n_hidden)
        self.of_markers = nn.Linear(n_markers, n_hidden)
        if self.fusion.only_multiplies and not published_init:
            for projection in (self.of_landmarks, self.of_markers):
                nn.init.ones_(projection.bias)
        self.mlp = nn.Sequential(nn.Linear(n_hidden, n_hidden), nn.ReLU(), nn.Dropout(dropout),
                                 nn.Linear(n_hidden, n_hidden), nn.ReLU())
        self.norm = nn.LayerNorm(n_hidden)
        self.n_embed = n_hidden
        self.out = nn.Linear(n_hidden, 1)

    def embed(self, x: Tensor, markers: Tensor) -> Tensor:
        """Return what the last layer sees.

        Parameters
        ----------
        x : tensor of shape (B, T, n_points, 3) or (B, W, T, n_points, 3)
            Landmarks, scaled to about 0 to 1; of W windows of each clip, each of which is fused
            with the clip's markers, and over which is averaged at the end.
        markers : tensor of shape (B, n_markers)
            D-Markers of each clip, standardised.

        Returns
        -------
        tensor of shape (B, n_embed)

        Raises
        ------
        ValueError
            `x` or `markers` has another shape.
        """
        windows = self.trunk.of_windows(x)
        if markers.shape != (len(x), self.n_markers):
            raise ValueError(f"markers must have shape ({len(x)}, {self.n_markers}), a row a clip, "
                             f"not {tuple(markers.shape)}")
        of_landmarks = self.of_landmarks(windows)
        of_markers = self.of_markers(markers)[:, None].expand_as(of_landmarks)
        fused = self.fusion(of_landmarks.flatten(0, 1), of_markers.flatten(0, 1))
        return self.norm(self.mlp(fused)).view_as(of_landmarks).mean(1)

    def forward(self, x: Tensor, markers: Tensor) -> Tensor:
        """Return logits of shape (B,); see `embed` for the parameters."""
        return self.out(self.embed(x, markers)).squeeze(1)
