"""DeepMarkerNet: MeshSmileNet that learns the D-Markers beside the class.

Hasan, Rafat, Rahman, Mohammed & Rahman (2024), DeepMarkerNet: leveraging supervision from the
Duchenne marker for spontaneous smile recognition, Pattern Recognition Letters,
doi:10.1016/j.patrec.2024.09.015.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from .meshsmilenet import MeshSmileNet


class DeepMarkerNet(MeshSmileNet):
    """One trunk, two heads: layer norm and linear for the class, the same for the D-Markers.

    Parameters
    ----------
    n_markers : int, default=225
        D-Marker features of a clip.
    **trunk
        The parameters of `MeshTrunk`.

    Attributes
    ----------
    n_embed : int
        Numbers that `embed` gives for a clip, 256 by default.

    Notes
    -----
    The markers are what the network is to learn, not what it sees: it decides without them. The
    published loss is 0.2 · (cross-entropy of the class) + 0.8 · σ(mean squared error of the
    markers); with the σ, markers that are far off teach next to nothing.
    """

    def __init__(self, n_markers: int = 225, **trunk: Any) -> None:
        super().__init__(**trunk)
        self.marker_head = nn.Sequential(nn.LayerNorm(self.n_embed),
                                         nn.Linear(self.n_embed, n_markers))

    def forward_tasks(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Compute logits, and predict the D-Markers.

        Parameters
        ----------
        x : tensor of shape (B, T, n_points, 3) or (B, W, T, n_points, 3)
            As in `embed`.

        Returns
        -------
        logits : tensor of shape (B,)
        markers : tensor of shape (B, n_markers)
            In the units in which they were learnt: standardised.

        Raises
        ------
        ValueError
            `x` has another shape.
        """
        windows = self.trunk.of_windows(x)
        logits = self.out(self.norm(windows).mean(1)).squeeze(1)
        return logits, self.marker_head(windows).mean(1)
