"""Why a system decides as it does."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .contract import DecidesByFeatures as DecidesByFeatures
    from .explanation import Explanation as Explanation
    from .importance import explain_global as explain_global
    from .kinematic_reasons import kinematic_contributions as kinematic_contributions
    from .kinematic_reasons import reasons as reasons
    from .local import explain as explain
    from .mesh_saliency import LandmarkSaliency as LandmarkSaliency
    from .mesh_saliency import landmark_saliency as landmark_saliency

# Public name -> room. What explains networks needs torch, and who asks a machine does not.
_ROOMS = {
    "DecidesByFeatures": "contract",
    "Explanation": "explanation",
    "explain": "local",
    "explain_global": "importance",
    "kinematic_contributions": "kinematic_reasons",
    "reasons": "kinematic_reasons",
    "LandmarkSaliency": "mesh_saliency",
    "landmark_saliency": "mesh_saliency",
}

__all__ = sorted(_ROOMS)


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return getattr(importlib.import_module(f".{_ROOMS[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
