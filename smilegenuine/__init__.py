"""smilegenuine: tell a genuine (spontaneous) smile from a posed one, in scikit-learn's manner."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .clip import Clip as Clip
    from .clip import as_clip as as_clip
    from .clip import as_clips as as_clips

# Public name -> room. Imported when first asked for, so that `import smilegenuine` is quick and
# nobody pays for a room they do not enter.
_ROOMS = {
    "AU_NAMES": "au_table",
    "Clip": "clip",
    "as_clip": "clip",
    "as_clips": "clip",
    "ClipError": "errors",
    "NoFaceError": "errors",
    "VideoError": "errors",
    "ClipTransformer": "base",
    "transform_clips": "base",
    "FaceAligner": "face.align",
    "LBPSmileIntensity": "signals.smile_intensity",
    "HOGActionUnits": "signals.action_units",
    "load_drawn_action_units": "signals.action_units",
    "AUDA": "features.auda",
    "detect_phases": "features.phases",
    "BlockSVMEnsemble": "classifiers.block_ensemble",
    "AUDASVMEnsemble": "classifiers.auda_svm",
    "make_system": "pipelines",
    "save_model": "persistence",
    "load_model": "persistence",
}

__all__ = ["__version__", *sorted(_ROOMS)]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        value = getattr(importlib.import_module(f".{_ROOMS[name]}", __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS})
