"""What several tests of drawn people need."""

from __future__ import annotations

import pytest

from smilegenuine.people import drawn_frames


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
