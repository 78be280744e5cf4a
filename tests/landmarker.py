"""What tests with MediaPipe share: the mark that skips them, and the bundle."""

from __future__ import annotations

from pathlib import Path

import pytest
from faces_as_seen import bundle, why_no_landmarker

#: Marks of tests that need MediaPipe and its bundle, which lies beside the checkout or not.
NEEDS_MODEL = [
    pytest.mark.needs_model,
    pytest.mark.skipif(bool(why_no_landmarker()), reason=why_no_landmarker() or "all is there"),
]


def model() -> Path:
    """The bundle; for tests that are marked as needing it."""
    path = bundle()
    assert path is not None
    return path
