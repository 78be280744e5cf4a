"""The published figures: as they were measured, and read off as quantile functions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from smilegenuine.datasets.kinematics import KINEMATICS, QUANTILE_LEVELS, quantile_of

FILE = Path(__file__).parents[3] / "shared" / "calibration" / "uva_nemo_smile_kinematics.json"
ALL = [(kind, figure) for kind, figures in KINEMATICS.items() for figure in figures]
_HZ = 50.0


@pytest.fixture(scope="module")
def measured() -> dict:
    if not FILE.exists():
        pytest.skip(f"the calibration figures are not there ({FILE.resolve()})")
    return json.loads(FILE.read_text())


def test_levels(measured):
    assert list(QUANTILE_LEVELS) == measured["quantile_levels"]


@pytest.mark.parametrize(("kind", "figure"), ALL)
def test_figures_are_those_that_were_measured(measured, kind, figure):
    in_frames = {"smile_start_s": "smile_start_frame", "video_s": "frames_at_50fps",
                 "smile_s": "smile_frames"}
    if figure in in_frames:
        expected = np.array(measured["video"][kind][in_frames[figure]]) / _HZ
    else:
        part, name = figure.split("_", 1)
        expected = measured[part][kind]["quantiles"][name]
    np.testing.assert_allclose(KINEMATICS[kind][figure], expected, rtol=1e-12)


def test_both_kinds_have_the_same_figures():
    assert list(KINEMATICS) == ["posed", "spontaneous"]
    assert list(KINEMATICS["posed"]) == list(KINEMATICS["spontaneous"])


@pytest.mark.parametrize(("kind", "figure"), ALL)
def test_quantile_function(kind, figure):
    published = KINEMATICS[kind][figure]
    for level, value in zip(QUANTILE_LEVELS, published, strict=True):
        assert quantile_of(figure, kind, level) == pytest.approx(value, abs=1e-12)
    curve = [quantile_of(figure, kind, level) for level in np.linspace(0, 1, 203)]
    assert (np.diff(curve) >= 0).all()
    assert 0 <= curve[0] <= published[0]
    assert published[-1] <= curve[-1] <= 1.5 * published[-1]


def test_between_and_beyond_the_published_quantiles():
    # posed onset: 0.34, 0.50, 0.66, 0.84, 1.16
    assert quantile_of("lip_onset_duration_s", "posed", 0.375) == pytest.approx(0.58)
    assert quantile_of("lip_onset_duration_s", "posed", 0.0) == pytest.approx(0.34 - 0.16 / 4)
    assert quantile_of("lip_onset_duration_s", "posed", 1.0) == pytest.approx(1.16 + 0.32 / 4)
    # 0.08 - 0.28 / 4 is just above 0; 0.06 s before the smile starts would fall below it
    assert quantile_of("lip_apex_duration_s", "posed", 0.0) == pytest.approx(0.01)
    assert quantile_of("lip_apex_wobble", "posed", 0.0) == 0.0


def test_uniform_levels_give_samples():
    levels = np.random.default_rng(0).uniform(size=4001)
    drawn = [quantile_of("smile_s", "spontaneous", level) for level in levels]
    np.testing.assert_allclose(np.quantile(drawn, QUANTILE_LEVELS),
                               KINEMATICS["spontaneous"]["smile_s"], rtol=0.06)
