"""What is watched, and by which system."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.pipeline import Pipeline
from watched import fitted, nobody, smile_film


@pytest.fixture
def system() -> Pipeline:
    return fitted()


@pytest.fixture
def film() -> tuple[list[np.ndarray], np.ndarray]:
    return smile_film()


@pytest.fixture
def empty() -> np.ndarray:
    return nobody()
