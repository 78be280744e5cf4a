"""What several tests of the data sets need."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import uva_nemo_set

from smilegenuine.datasets import drawn_frames


@pytest.fixture
def renderers(monkeypatch) -> list[int]:
    """The sizes of the renderers that were made, and -1 for every frame."""
    log = []

    class Renderer(drawn_frames.FaceRenderer):
        def __init__(self, person, size):
            log.append(size)
            super().__init__(person, size)

        def draw(self, *args, **options):
            log.append(-1)
            return super().draw(*args, **options)

    monkeypatch.setattr(drawn_frames, "FaceRenderer", Renderer)
    return log


@pytest.fixture(scope="session")
def written_uva_nemo(tmp_path_factory) -> Path:
    return uva_nemo_set.write(tmp_path_factory.mktemp("uva") / "set")


@pytest.fixture
def uva_nemo(written_uva_nemo, tmp_path) -> Path:
    """A copy of a small UvA-NEMO that may be spoilt."""
    return Path(shutil.copytree(written_uva_nemo, tmp_path / "set"))
