"""The last rows of a table that grows at its end."""

from __future__ import annotations

import weakref

import numpy as np

from smilegenuine.live.trail import Trail


def test_rows_are_those_that_were_not_forgotten():
    trail, rng, kept = Trail(), np.random.default_rng(0), []
    for i in range(1000):
        trail.append(i=i, half=i / 2, even=i % 2 == 0, pair=np.array([i, -i]))
        kept.append(i)
        if rng.random() < 0.1:
            n = int(rng.integers(0, 15))
            trail.forget(n)
            kept = kept[n:]
        assert len(trail) == len(kept)
        assert trail["i"].tolist() == kept
    np.testing.assert_array_equal(trail["pair"], np.outer(kept, [1, -1]))
    np.testing.assert_array_equal(trail["half"], np.array(kept) / 2)
    assert trail["even"].dtype == bool
    assert trail.first == 1000 - len(kept)
    assert "pair" in trail
    assert "odd" not in trail


def test_memory_does_not_grow():
    trail = Trail()
    for i in range(5000):
        trail.append(row=np.zeros(100))
        if i >= 50:
            trail.forget(1)
    assert len(trail) == 50
    assert len(trail._columns["row"]) <= 128


def test_objects_are_let_go():
    class Thing:
        pass

    trail, seen = Trail(), []
    for _ in range(200):
        thing = Thing()
        seen.append(weakref.ref(thing))
        trail.append(thing=[thing])
        if len(trail) > 10:
            trail.forget(1)
    del thing
    assert sum(ref() is not None for ref in seen) == 10


def test_more_is_forgotten_than_there_is():
    trail = Trail()
    trail.forget(3)
    trail.append(x=1.0)
    trail.forget(9)
    assert len(trail) == 0
    assert trail.first == 1
    trail.append(x=2.0)
    assert trail["x"].tolist() == [2.0]
