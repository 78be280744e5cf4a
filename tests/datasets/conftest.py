"""What several tests of the data sets need."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import uva_nemo_set


@pytest.fixture(scope="session")
def written_uva_nemo(tmp_path_factory) -> Path:
    return uva_nemo_set.write(tmp_path_factory.mktemp("uva") / "set")


@pytest.fixture
def uva_nemo(written_uva_nemo, tmp_path) -> Path:
    """A copy of a small UvA-NEMO that may be spoilt."""
    return Path(shutil.copytree(written_uva_nemo, tmp_path / "set"))
