"""Parts of clips: every field cut alike, pictures as they are asked for."""

from __future__ import annotations

import numpy as np
import pytest

from smilegenuine import Clip
from smilegenuine.clips.cutting import cut_clip
from smilegenuine.clips.video import ArrayFrames

N = 10


class Counting(ArrayFrames):
    """Frames that count how many of them were read."""

    read = 0

    def __iter__(self):
        for frame in super().__iter__():
            self.read += 1
            yield frame


def clip(**fields) -> Clip:
    aus = np.arange(N * 17, dtype=float).reshape(N, 17) % 5
    return Clip(aus=aus, valid=np.arange(N) % 3 > 0, name="whole", subject="s", **fields)


@pytest.mark.parametrize("timing", [{"fps": 25}, {"times": np.arange(N)**1.5}])
@pytest.mark.parametrize(("start", "stop"), [(0, 4), (3, 7), (6, N), (0, N), (4, 5)])
def test_every_field_is_cut_alike(timing, start, stop):
    whole = clip(**timing)
    part = cut_clip(whole, start, stop)
    np.testing.assert_array_equal(part.aus, whole.aus[start:stop])
    np.testing.assert_array_equal(part.valid, whole.valid[start:stop])
    np.testing.assert_allclose(part.times, np.asarray(whole.times)[start:stop])
    assert (part.name, part.subject, part.n_frames) == ("whole", "s", stop - start)


def test_frames_are_read_when_asked_for_and_no_further():
    pictures = np.arange(N, dtype=np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 3), np.uint8)
    source = Counting(pictures)
    whole = Clip(frames=source, fps=25)
    before = source.read
    part = cut_clip(whole, 2, 5)
    assert source.read == before
    assert [int(frame[0, 0, 0]) for frame in part.frames] == [2, 3, 4]
    assert source.read == before + 5
    assert len(part.frames) == 3
