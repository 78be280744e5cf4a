"""Phases of smiles whose phases are known."""

from __future__ import annotations

import numpy as np
import pytest
from drawn import overlap

from smilegenuine.datasets import make_smiles
from smilegenuine.features.phases import PHASES, detect_phases


def test_true_intensity_gives_the_true_phases():
    smiles = make_smiles(50, 4, fps=25, random_state=11)
    found = [detect_phases(s, t) for s, t in zip(smiles.smile, smiles.times, strict=True)]
    for phase in ("onset", "offset"):
        ious = [overlap(f[phase], p[phase]) for f, p in zip(found, smiles.phases, strict=True)]
        assert np.median(ious) >= 0.9
        # Some smiles come in two goes, waver or are cut short: their borders are anybody's guess.
        assert np.quantile(ious, 0.25) >= 0.7


@pytest.mark.parametrize("fps", [25, 30, 50, 60, 120])
def test_phases_last_as_long_at_every_rate(fps):
    t = np.arange(0, 5, 1 / fps)
    smile = np.interp(t, [1.0, 1.6, 3.0, 4.0], [0, 1, 1, 0])
    found = detect_phases(smile, t)
    for phase, (start, stop) in {"onset": (1.0, 1.6), "apex": (1.6, 3.0), "offset": (3.0, 4.0),
                                 "smile": (1.0, 4.0)}.items():
        assert t[found[phase].start] == pytest.approx(start, abs=0.09)
        assert t[found[phase].stop - 1] == pytest.approx(stop, abs=0.09)
    assert found["sequence"] == slice(0, len(t))


@pytest.mark.parametrize("noise", [0.03, 0.08])
def test_noise_moves_the_borders_little(noise):
    rng = np.random.default_rng(1)
    t = np.arange(0, 5, 1 / 50)
    smile = np.interp(t, [1.0, 1.6, 3.0, 4.0], [0, 1, 1, 0])
    ious = []
    for _ in range(30):
        found = detect_phases(smile + rng.normal(0, noise, len(t)), t)
        ious.append(overlap(found["onset"], slice(50, 80)))
    assert np.median(ious) >= 0.7


def test_scale_and_offset_do_not_matter():
    t = np.arange(0, 4, 1 / 30)
    smile = np.interp(t, [0.5, 1.0, 2.5, 3.5], [0, 1, 1, 0])
    assert detect_phases(smile, t) == detect_phases(40.0 * smile - 7.0, t)


def test_a_smile_that_does_not_end_has_no_offset():
    t = np.arange(0, 3, 1 / 50)
    found = detect_phases(np.clip(t - 1, 0, 0.5), t)
    assert found["offset"] == slice(0, 0)
    assert found["apex"].stop == len(t) == found["smile"].stop
    assert t[found["onset"].start] == pytest.approx(1.0, abs=0.08)


def test_a_recording_that_begins_in_the_smile_has_no_onset():
    t = np.arange(0, 3, 1 / 50)
    found = detect_phases(np.clip(2 - t, 0, 0.5), t)
    assert found["onset"] == slice(0, 0)
    assert found["smile"].start == 0
    assert t[found["offset"].start] == pytest.approx(1.5, abs=0.08)


def test_the_greatest_rise_is_the_onset():
    t = np.arange(0, 6, 1 / 50)
    smile = np.interp(t, [0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0], [0, 0.35, 0.05, 0.05, 1, 1, 0])
    found = detect_phases(smile, t)
    assert t[found["onset"].start] == pytest.approx(2.0, abs=0.15)
    assert t[found["offset"].stop - 1] == pytest.approx(5.0, abs=0.1)


def test_a_wavering_apex_is_one_apex():
    t = np.arange(0, 6, 1 / 50)
    smile = np.interp(t, [1, 1.5, 2.2, 2.7, 4, 5], [0, 1, 0.85, 1, 1, 0])
    found = detect_phases(smile, t)
    assert t[found["apex"].start] == pytest.approx(1.5, abs=0.1)
    assert t[found["apex"].stop - 1] == pytest.approx(4.0, abs=0.1)


def test_a_fall_in_two_steps_is_one_offset():
    t = np.arange(0, 6, 1 / 50)
    smile = np.interp(t, [0.5, 1, 2, 2.3, 3, 4], [0, 1, 1, 0.5, 0.5, 0])
    found = detect_phases(smile, t)
    assert t[found["offset"].start] == pytest.approx(2.0, abs=0.1)
    assert t[found["offset"].stop - 1] == pytest.approx(4.0, abs=0.1)


@pytest.mark.parametrize("smile", [np.zeros(80), np.full(80, 3.3),
                                   np.random.default_rng(0).normal(size=80)],
                         ids=["zero", "constant", "noise"])
def test_nobody_smiles(smile):
    found = detect_phases(smile, np.arange(80) / 25)
    assert all(found[p] == slice(0, 0) for p in ("onset", "apex", "offset", "smile"))
    assert found["sequence"] == slice(0, 80)


def test_gaps_are_bridged():
    t = np.arange(0, 4, 1 / 50)
    smile = np.interp(t, [0.5, 1.0, 2.5, 3.5], [0, 1, 1, 0])
    holed = smile.copy()
    holed[85:95] = np.nan
    assert overlap(detect_phases(holed, t)["onset"], detect_phases(smile, t)["onset"]) > 0.9


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_too_short_to_tell(n):
    found = detect_phases(np.arange(float(n)), np.arange(n) / 25)
    assert set(found) == set(PHASES)
    assert found["smile"] == slice(0, 0)


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="must both be"):
        detect_phases(np.zeros(5), np.arange(4.0))


def test_times_must_increase():
    with pytest.raises(ValueError, match="increase strictly"):
        detect_phases(np.zeros(5), np.array([0.0, 1, 4, 3, 2]))


def test_all_nan_is_refused():
    with pytest.raises(ValueError, match="no finite number"):
        detect_phases(np.full(9, np.nan), np.arange(9.0))
