"""The published figures: as they were measured, and read off as quantile functions."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from smilegenuine.features.smile_figures import FIGURES
from smilegenuine.people.uva_nemo_kinematics import (
    EFFECT_SIZES,
    KINDS,
    KINEMATICS,
    QUANTILE_LEVELS,
    RANK_CORRELATIONS,
    SIGNALS,
    normal_correlations,
    quantile_of,
)

SHARED = Path(__file__).parents[3] / "shared" / "calibration" / "uva_nemo_smile_kinematics.json"
PACKAGED = files("smilegenuine.people") / "data" / "uva_nemo_smile_kinematics.json"
ALL = [(kind, figure) for kind, figures in KINEMATICS.items() for figure in figures]
IN_FRAMES = {"smile_start_s": "smile_start_frame", "video_s": "frames_at_50fps",
             "smile_s": "smile_frames"}
SIDES = "onset_left_right_difference"

#: 4,000 levels that cover 0 to 1 evenly: what is computed from them has no chance in it.
LEVELS = (np.arange(4000) + 0.5) / 4000


@pytest.fixture(scope="module")
def table() -> dict:
    return json.loads(PACKAGED.read_text(encoding="utf-8"))


def test_the_packaged_figures_are_those_that_were_measured(table):
    if not SHARED.exists():
        pytest.skip(f"the calibration figures are not there ({SHARED.resolve()})")
    assert table == json.loads(SHARED.read_text(encoding="utf-8"))


def test_levels(table):
    assert list(QUANTILE_LEVELS) == table["quantile_levels"] == [0.05, 0.25, 0.5, 0.75, 0.95]


def test_kinds_and_figures():
    assert tuple(KINEMATICS) == KINDS == ("posed", "spontaneous")
    names = {f"{signal}_{figure}" for signal in SIGNALS for figure in FIGURES}
    assert set(KINEMATICS["posed"]) == set(KINEMATICS["spontaneous"]) == names | set(IN_FRAMES)
    assert set(EFFECT_SIZES) == names


@pytest.mark.parametrize(("kind", "figure"), ALL)
def test_quantiles_are_the_table(table, kind, figure):
    if figure in IN_FRAMES:
        expected = np.array(table["video"][kind][IN_FRAMES[figure]]) / 50.0
    elif figure.endswith(SIDES):
        pytest.skip("not published")
    else:
        part, name = figure.split("_", 1)
        expected = table[part][kind]["quantiles"][name]
    np.testing.assert_allclose(KINEMATICS[kind][figure], expected, rtol=1e-12)


def test_effect_sizes_are_the_table(table):
    assert EFFECT_SIZES["lip_onset_duration_s"] == table["lip"][
        "effect_size_cohens_d_spontaneous_minus_posed"]["onset_duration_s"] > 0.5
    for signal in SIGNALS:
        for figure, d in table[signal]["effect_size_cohens_d_spontaneous_minus_posed"].items():
            assert EFFECT_SIZES[f"{signal}_{figure}"] == d


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("signal", SIGNALS)
class TestCorrelations:
    def test_ranks_are_the_table(self, table, kind, signal):
        ranks = RANK_CORRELATIONS[kind][signal]
        for i, a in enumerate(FIGURES):
            for j, b in enumerate(FIGURES):
                assert ranks[i, j] == table[signal][kind]["spearman"][a][b]

    def test_normal_scores(self, kind, signal):
        """The values that give the published rank correlations, and possible together."""
        normal = normal_correlations(kind, signal)
        np.testing.assert_allclose(np.diag(normal), 1.0)
        np.testing.assert_allclose(normal, normal.T, atol=1e-12)
        assert np.linalg.eigvalsh(normal).min() > 1e-4
        back = 6.0 / np.pi * np.arcsin(normal / 2.0)
        np.testing.assert_allclose(back, RANK_CORRELATIONS[kind][signal], atol=1e-9)


@pytest.mark.parametrize("signal", SIGNALS)
def test_mixed_correlations_are_the_mean(signal):
    ranks = np.array([RANK_CORRELATIONS[kind][signal] for kind in KINDS])
    assert np.abs(ranks[0] - ranks[1]).max() > 0.2
    mixed = 6.0 / np.pi * np.arcsin(normal_correlations("mixed", signal) / 2.0)
    np.testing.assert_allclose(mixed, ranks.mean(axis=0), atol=1e-9)


@pytest.mark.parametrize(("kind", "figure"), ALL)
def test_quantile_function(kind, figure):
    published = KINEMATICS[kind][figure]
    for level, value in zip(QUANTILE_LEVELS, published, strict=True):
        assert quantile_of(figure, kind, level) == pytest.approx(value, abs=1e-12)
    curve = np.array([quantile_of(figure, kind, level) for level in np.linspace(0, 1, 402)])
    assert (np.diff(curve) >= 0).all()
    assert 0.4 * published[0] <= curve[0] <= published[0]
    assert np.isfinite(curve[-1])
    # No jumps between the published quantiles: each step is a small part of the whole.
    inner = curve[40:362]
    assert np.diff(inner).max() <= 0.1 * (inner[-1] - inner[0] + 1e-12)


def test_between_the_published_quantiles():
    # posed onset: 0.34, 0.50, 0.66, 0.84, 1.16
    def onset(level):
        return quantile_of("lip_onset_duration_s", "posed", level)

    assert onset(0.375) == pytest.approx(0.58)  # linear below the median
    assert onset(0.625) == pytest.approx(np.sqrt(0.66 * 0.84))  # in the logarithm above
    assert onset(0.0) == pytest.approx(0.34 - 0.16 / 0.20 * 0.05)


def test_beyond_the_published_quantiles():
    def onset(level):
        return quantile_of("lip_onset_duration_s", "posed", level)

    # Exponential: as much more for each share of what is left.
    share = 0.32 / np.log(0.25 / 0.05)
    assert onset(0.99) == pytest.approx(1.16 + share * np.log(5))
    assert onset(0.999) - onset(0.99) == pytest.approx(share * np.log(10))
    assert onset(1.0) == pytest.approx(onset(0.9999))
    # 0.08 - 0.28 / 0.20 * 0.05 would be nearer to 0 than two fifths
    assert quantile_of("lip_apex_duration_s", "posed", 0.0) == pytest.approx(0.4 * 0.08)


def test_nothing_goes_beyond_what_a_face_can():
    for kind in KINDS:
        assert quantile_of("lip_onset_rise", kind, 1.0) <= 0.42
        assert quantile_of("lip_offset_fall", kind, 1.0) <= 0.42
        assert quantile_of("lip_onset_backtrack_ratio", kind, 1.0) <= 0.6
        assert quantile_of("eyelid_onset_backtrack_ratio", kind, 1.0) <= 0.85


def test_mixed_is_the_mean():
    for level in (0.0, 0.3, 0.5, 0.97, 1.0):
        one, other = (quantile_of("smile_s", kind, level) for kind in KINDS)
        assert quantile_of("smile_s", "mixed", level) == pytest.approx((one + other) / 2)
        assert one < other


@pytest.mark.parametrize("figure", EFFECT_SIZES)
def test_evenly_drawn_figures_are_as_far_apart_as_published(figure):
    posed, spontaneous = (np.array([quantile_of(figure, kind, level) for level in LEVELS])
                          for kind in KINDS)
    pooled = np.sqrt((posed.var() * 641 + spontaneous.var() * 595) / 1236)
    d = (spontaneous.mean() - posed.mean()) / pooled
    assert d == pytest.approx(EFFECT_SIZES[figure], abs=0.12)
