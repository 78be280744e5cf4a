"""Where a smile begins and ends on a film of which nobody knows how it goes on."""

from __future__ import annotations

import numpy as np
import pytest

from smilegenuine import Clip
from smilegenuine.clips.au_table import AU_NAMES
from smilegenuine.live.live_steps import HeldFrames
from smilegenuine.live.smile_detection import find_smile, part_of

LEAST = {"AU12": 0.5, "lips": 0.03}
T = np.arange(0, 8, 0.04)


def ramp(begin: float, end: float) -> np.ndarray:
    share = np.clip((T - begin) / (end - begin), 0, 1)
    return share * share * (3 - 2 * share)


def smiling(until: float, strength: float = 4.0) -> Clip:
    """At rest to 1 s, smiling from 1.6 s on, at rest again from 5 s on; the film ends somewhere."""
    level = ramp(1.0, 1.6) - ramp(4.0, 5.0)
    aus = np.zeros((len(T), 17))
    aus[:, AU_NAMES.index("AU12")] = strength * level
    seen = until >= T
    return Clip(aus=aus[seen], smile=level[seen], times=T[seen])


def found(until: float, settle: float = 0.5, after: float = -np.inf, **kind):
    return find_smile(smiling(until, **kind), after=after, settle=settle, least_rise=LEAST)


@pytest.mark.parametrize("until", [0.1, 0.9, 1.04])
def test_at_rest(until):
    assert found(until) is None


@pytest.mark.parametrize(("until", "phase"), [(1.4, "onset"), (2.2, "apex"), (3.9, "apex"),
                                              (4.6, "offset"), (5.2, "offset")])
def test_phases(until, phase):
    smile = found(until)
    assert smile.phase == phase
    assert smile.begin == pytest.approx(1.0, abs=0.15)
    assert not smile.over


def test_over():
    assert not found(5.3).over
    assert found(5.3, settle=0.0).over
    smile = found(6.0)
    assert smile.over
    assert smile.end == pytest.approx(5.0, abs=0.2)


def test_what_was_before_is_another_smile():
    assert found(7.5, after=5.1) is None


def test_a_tremble_is_no_smile():
    assert found(3.0, strength=0.4) is None
    assert found(3.0, strength=0.6) is not None


def test_a_smile_that_weakens_is_not_over():
    level = ramp(1.0, 1.6) - 0.4 * ramp(3.0, 3.4)
    aus = np.zeros((len(T), 17))
    aus[:, AU_NAMES.index("AU12")] = 4 * level
    smile = find_smile(Clip(aus=aus, smile=level, times=T), after=-np.inf, settle=0.5,
                       least_rise=LEAST)
    assert smile.phase == "apex"
    assert not smile.over


def test_frames_without_a_face():
    clip = smiling(6.0)
    hidden = clip.replace(valid=np.asarray(clip.times) < 2.5)
    smile = find_smile(hidden, after=-np.inf, settle=0.5, least_rise=LEAST)
    assert smile.phase == "apex"
    assert smile.end == pytest.approx(2.48)
    blind = clip.replace(valid=np.zeros(len(clip.times), bool))
    assert find_smile(blind, after=-np.inf, settle=0.5, least_rise=LEAST) is None
    faces = Clip(faces=np.zeros((9, 8, 8, 3), np.uint8), fps=25)
    assert find_smile(faces, after=-np.inf, settle=0.5, least_rise=LEAST) is None


def test_parts_of_a_clip():
    pictures = [np.full((4, 4, 3), i, np.uint8) for i in range(len(T))]
    clip = smiling(99.0).replace(frames=HeldFrames(pictures), valid=np.arange(len(T)) % 2)
    part = part_of(clip, 1.0, 2.0)
    assert part.times[0] == pytest.approx(1.0)
    assert part.times[-1] == pytest.approx(2.0)
    assert [int(p[0, 0, 0]) for p in part.frames] == list(range(25, 51))
    np.testing.assert_array_equal(part.aus, clip.aus[25:51])
    np.testing.assert_array_equal(part.valid, clip.valid[25:51])
    alone = part_of(clip, 99.0, 100.0)
    assert len(alone.times) == 1
    assert alone.fps == pytest.approx(25)
