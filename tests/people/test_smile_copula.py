"""Habits: scores that are spread evenly, subjects that stay themselves, what variants change."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import kstest, norm, spearmanr

from smilegenuine.features.smile_figures import FIGURES
from smilegenuine.people.smile_copula import (
    DIFFERENCES,
    N_SCORES,
    Style,
    random_style,
    sample_figures,
    spread_scores,
)
from smilegenuine.people.uva_nemo_kinematics import (
    KINDS,
    KINEMATICS,
    QUANTILE_LEVELS,
    RANK_CORRELATIONS,
    quantile_of,
)

N = 1500
MORE = {"smile_start_s", "tail_s", "cut_short", "cheek"}
DURATIONS = [k for k, figure in enumerate(FIGURES) if figure.endswith("duration_s")]


def style(seed: int) -> Style:
    return random_style(np.random.default_rng((1, seed)))


def drawn(label: int, seed: int, who: Style | None = None, **options) -> dict[str, float]:
    """The figures of one smile; the same numbers lie behind either label."""
    return sample_figures(label, who or style(seed), np.random.default_rng((2, seed)), **options)


@pytest.fixture(scope="module")
def samples() -> dict[str, dict[str, np.ndarray]]:
    """Kind -> figure -> values of `N` smiles of as many people."""
    habits, own = spread_scores(N, (3,)), spread_scores(N, (4,))
    found = {}
    for label, kind in enumerate(KINDS):
        rng = np.random.default_rng(label)
        rows = [sample_figures(label, random_style(rng, habit), rng, scores=score)
                for habit, score in zip(habits, own, strict=True)]
        found[kind] = {figure: np.array([row[figure] for row in rows]) for figure in rows[0]}
    return found


class TestScores:
    def test_shape_and_seed(self):
        scores = spread_scores(300, (5, 1))
        assert scores.shape == (300, N_SCORES) == (300, 21)
        assert np.isfinite(scores).all()
        np.testing.assert_array_equal(scores, spread_scores(300, (5, 1)))
        assert np.abs(scores - spread_scores(300, (5, 2))).max() > 1

    @pytest.mark.parametrize("n", [1, 7, 255, 256, 257, 700])
    def test_the_first_ones_do_not_depend_on_how_many(self, n):
        np.testing.assert_array_equal(spread_scores(n, (8,)), spread_scores(800, (8,))[:n])

    @pytest.mark.parametrize("block", [0, 1])
    def test_each_block_is_spread_evenly(self, block):
        """Of 256 points, one lies in each 256th; independent draws leave a third of them empty."""
        levels = ndtr(spread_scores(512, (9,))[256 * block:256 * (block + 1)])
        for column in levels.T:
            np.testing.assert_array_equal(np.sort((column * 256).astype(int)), np.arange(256))

    def test_scores_and_habits_do_not_go_in_step(self):
        scores = np.hstack([spread_scores(1024, (0, 1)), spread_scores(1024, (0, 2))])
        apart = np.abs(np.corrcoef(scores.T) - np.eye(2 * N_SCORES))
        assert apart.max() < 0.15
        assert np.abs(np.corrcoef(scores[1:].T, scores[:-1].T)[:42, 42:]).max() < 0.15


class TestStyle:
    def test_ranges(self):
        styles = [style(seed) for seed in range(300)]
        for name, low, high in (("parts_lips", 0, 1), ("drops_jaw", 0, 1), ("dimples", 0, 1),
                                ("lifts_lip", 0, 1), ("talks", 0, 0.25)):
            values = np.array([getattr(s, name) for s in styles])
            assert low <= values.min() < low + 0.1 * (high - low)
            assert high - 0.3 * (high - low) < values.max() <= high
        eyes = np.array([s.eye_opening for s in styles])
        assert eyes.min() > 0.1
        assert eyes.max() < 0.4
        assert eyes.std() > 0.015
        assert np.mean([s.stronger for s in styles]) == pytest.approx(0, abs=0.15)
        assert {s.stronger for s in styles} == {-1.0, 1.0}
        assert styles[0].pose.shape == (3,)
        assert styles[0].gaze.shape == (2,)
        assert kstest(np.concatenate([s.scores for s in styles]), norm.cdf).pvalue > 0.01

    def test_given_scores_change_nothing_else(self):
        scores = np.arange(N_SCORES) / 10
        one = random_style(np.random.default_rng(0), scores)
        other = random_style(np.random.default_rng(0))
        assert one.scores is scores
        assert (other.scores != scores).any()
        assert one.talks == other.talks
        np.testing.assert_array_equal(one.gaze, other.gaze)


class TestFigures:
    def test_names(self):
        names = {f"{signal}_{figure}" for signal in ("lip", "eyelid") for figure in FIGURES}
        assert set(drawn(0, 0)) == names | MORE

    @pytest.mark.parametrize("kind", KINDS)
    def test_quantiles(self, samples, kind):
        for figure, published in KINEMATICS[kind].items():
            if figure in samples[kind]:
                found = np.searchsorted(np.sort(samples[kind][figure]), published, "right") / N
                at_zero = np.array(published) == 0  # where many values are the same, more
                for level, share, same in zip(QUANTILE_LEVELS, found, at_zero, strict=True):
                    assert share == pytest.approx(level, abs=0.03) or (same and share > level), \
                        figure

    @pytest.mark.parametrize("kind", KINDS)
    def test_rank_correlations(self, samples, kind):
        """The eyelids' own durations follow the lips', so only what stays free is as published."""
        for signal in ("lip", "eyelid"):
            values = np.column_stack([samples[kind][f"{signal}_{f}"] for f in FIGURES])
            found = spearmanr(values)[0]
            apart = np.abs(found - RANK_CORRELATIONS[kind][signal])
            if signal == "eyelid":
                apart = np.delete(np.delete(apart, DURATIONS, 0), DURATIONS, 1)
            assert np.median(apart) < 0.03
            assert apart.max() < 0.13

    @pytest.mark.parametrize("kind", KINDS)
    def test_both_signals_have_the_same_phases(self, samples, kind):
        for k in DURATIONS:
            ranks = spearmanr(samples[kind][f"lip_{FIGURES[k]}"],
                              samples[kind][f"eyelid_{FIGURES[k]}"])[0]
            assert ranks > 0.999

    @pytest.mark.parametrize("kind", KINDS)
    def test_few_are_cut_short(self, samples, kind):
        cut = samples[kind]["cut_short"].astype(bool)
        assert 0.01 < cut.mean() < 0.035
        falls = samples[kind]["lip_offset_fall"]
        assert falls[cut].max() <= falls[~cut].min()

    @pytest.mark.parametrize(("kind", "median"), [("posed", 0.1), ("spontaneous", 0.17)])
    def test_time_after_the_smile(self, samples, kind, median):
        tails = samples[kind]["tail_s"]
        assert tails.min() >= 0
        assert tails.max() <= 1.5
        assert np.median(tails) == pytest.approx(median, rel=0.1)

    def test_scores_that_are_given(self):
        scores = np.zeros(N_SCORES)
        nobody = random_style(np.random.default_rng(0), np.zeros(N_SCORES))
        found = drawn(1, 3, nobody, scores=scores)
        for figure, value in found.items():
            if figure not in MORE:
                assert value == pytest.approx(quantile_of(figure, "spontaneous", 0.5)), figure
        assert found["cheek"] == 0


@pytest.fixture(scope="module")
def pairs() -> dict[str, np.ndarray]:
    """Figure -> normal scores (N, 2) of two smiles of one kind, of `N` people."""
    rows = []
    for seed in range(N):
        who = style(seed)
        rows.append([drawn(0, 10 * seed + k, who) for k in (1, 2)])
    names = ("lip_onset_rise", "lip_onset_duration_s", "eyelid_onset_rise", "cheek")
    values = {f: np.array([[one[f] for one in row] for row in rows]) for f in names}
    return {f: norm.ppf((v.ravel().argsort().argsort().reshape(v.shape) + 0.5) / v.size)
            for f, v in values.items()}


class TestHabit:
    def test_a_third_of_the_spread_is_the_subjects(self, pairs):
        for figure, scores in pairs.items():
            assert np.corrcoef(scores.T)[0, 1] == pytest.approx(0.35, abs=0.06), figure

    def test_posed_and_spontaneous_smiles_share_it(self):
        cheeks = []
        for seed in range(N):
            who = style(seed)
            cheeks.append([drawn(label, 10 * seed + label, who)["cheek"] for label in (0, 1)])
        assert np.corrcoef(np.transpose(cheeks))[0, 1] == pytest.approx(0.35, abs=0.06)


class TestDifferences:
    MOVED = {
        "au06": {"cheek": 1},
        "onset_speed": {"lip_onset_duration_s": 1, "lip_onset_peak_speed_per_s": -1},
        "asymmetry": {"lip_onset_left_right_difference": -1},
        "apex": {"lip_apex_wobble": 1},
        "none": {},
    }

    def test_all_are_tested(self):
        assert set(DIFFERENCES) == {"kinematics", *self.MOVED}

    @pytest.mark.parametrize("difference", MOVED)
    def test_only_what_is_named_is_moved(self, difference):
        for seed in range(40):
            posed, spontaneous = (drawn(k, seed, difference=difference) for k in (0, 1))
            signs = {figure: np.sign(spontaneous[figure] - posed[figure])
                     for figure in posed if spontaneous[figure] != posed[figure]}
            assert signs == self.MOVED[difference]

    def test_by_two_standard_deviations(self):
        for seed in range(10):
            posed, spontaneous = (drawn(k, seed, difference="au06") for k in (0, 1))
            assert spontaneous["cheek"] - posed["cheek"] == pytest.approx(2)
            # Half of it to either side of where it lies when nothing is moved.
            same = drawn(0, seed, difference="none")
            assert same["cheek"] - posed["cheek"] == pytest.approx(1)

    def test_levels_of_a_figure_are_moved_as_far(self):
        rise = "lip_apex_wobble"
        curve = [quantile_of(rise, "mixed", level) for level in np.linspace(0, 1, 4001)]
        for seed in range(20):
            levels = [np.interp(drawn(k, seed, difference="apex")[rise], curve,
                                np.linspace(0, 1, 4001)) for k in (0, 1)]
            if levels[0] > 0.01 and levels[1] < 0.99:
                assert np.diff(norm.ppf(levels)) == pytest.approx(2, abs=0.1)

    def test_kinematics_moves_everything(self):
        posed, spontaneous = (drawn(k, 0) for k in (0, 1))
        same = {figure for figure in posed if posed[figure] == spontaneous[figure]}
        assert same <= {"cheek", "cut_short", "lip_onset_backtrack_ratio"}
