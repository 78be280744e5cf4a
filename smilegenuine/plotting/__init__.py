"""Pictures, in the manner of scikit-learn's displays. Needs matplotlib (the extra ``plot``)."""

from .saliency import LandmarkSaliencyDisplay
from .signals import SignalsDisplay

__all__ = ["LandmarkSaliencyDisplay", "SignalsDisplay"]
