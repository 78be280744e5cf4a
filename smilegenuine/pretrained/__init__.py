"""Models that come with the package, fitted: an answer without any data of one's own."""

from .adapting import adapt as adapt
from .loading import PRETRAINED as PRETRAINED
from .loading import load_pretrained as load_pretrained
from .pipeline import KinematicsPipeline as KinematicsPipeline
