"""What all tests of pictures need."""

from __future__ import annotations

import sys
import warnings

import pytest


@pytest.fixture(autouse=True)
def clean():
    """Matplotlib warns of what it cannot lay out; figures are closed."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
