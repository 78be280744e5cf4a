"""The drawn smiles beside UvA-NEMO's: figures as published, and about as hard to tell apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from dmarker_like import clip_features
from scipy.stats import spearmanr
from sklearn.utils import Bunch
from smile_calibration import accuracy, first_frames

from smilegenuine.datasets import calibration_table, make_smile_signals, measure_smile
from smilegenuine.features.smile_figures import FIGURES
from smilegenuine.people.uva_nemo_kinematics import (
    EFFECT_SIZES,
    KINDS,
    KINEMATICS,
    QUANTILE_LEVELS,
    RANK_CORRELATIONS,
    SIGNALS,
)

#: One seed for all that is judged here; see `smile_calibration` for others.
SEED = 1
SIDES = "onset_left_right_difference"


@pytest.fixture(scope="module")
def smiles() -> Bunch:
    """Some 2,000 clips."""
    return make_smile_signals(645, random_state=SEED)


@pytest.fixture(scope="module")
def table(smiles) -> pd.DataFrame:
    return calibration_table(smiles)


@pytest.fixture(scope="module")
def set_of_400(smiles) -> Bunch:
    """The first 400 subjects: 1,240 clips, those of `make_smile_signals(random_state=SEED)`."""
    return first(smiles, 1240)


def first(smiles: Bunch, n: int) -> Bunch:
    return Bunch(**{k: v[:n] for k, v in smiles.items() if len(v) == len(smiles.target)})


def shown(rows: pd.DataFrame) -> str:
    return "\n" + rows.to_string()


class TestCalibrated:
    """The criteria that the drawn smiles are judged by."""

    @pytest.mark.parametrize(("levels", "most"), [((0.5,), 0.10), ((0.25, 0.75), 0.15)],
                             ids=["medians", "quartiles"])
    def test_quantiles(self, table, levels, most):
        rows = table[(table.measure == "quantile") & table.against.isin(levels)]
        assert len(rows) == 2 * 21 * len(levels)
        none = rows.published == 0
        assert (rows.measured[none].abs() < 0.001).all(), shown(rows[none])
        misses = (rows.measured / rows.published - 1)[~none].abs()
        assert misses.max() <= most, shown(rows.loc[misses.index[misses > most]])

    def test_effect_sizes(self, table):
        rows = table[table.measure == "effect size"]
        assert len(rows) == 20
        misses = (rows.measured - rows.published).abs()
        assert misses.max() <= 0.15, shown(rows[misses > 0.15])

    def test_rank_correlations(self, table):
        rows = table[(table.measure == "rank correlation") & (table.published.abs() >= 0.3)]
        assert len(rows) == 47
        misses = (rows.measured - rows.published).abs()
        assert misses.max() <= 0.15, shown(rows[misses > 0.15])


class TestDifficulty:
    """Support vector machines, by subject; on UvA-NEMO .776 from the lips, .744 from the eyelids"""

    def test_lips(self, set_of_400):
        X = [clip_features(*clip) for clip in zip(set_of_400.times, set_of_400.lips, strict=True)]
        assert 0.74 <= accuracy(np.array(X), set_of_400) <= 0.82

    def test_eyelids(self, set_of_400):
        X = [clip_features(*clip) for clip in zip(set_of_400.times, set_of_400.lips,
                                                  set_of_400.eyelids, strict=True)]
        assert 0.70 <= accuracy(np.array(X), set_of_400) <= 0.79

    def test_first_frame(self, set_of_400):
        share = max(np.bincount(set_of_400.target)) / len(set_of_400.target)
        found = accuracy(first_frames(set_of_400), set_of_400)
        assert found <= 0.55
        assert found == pytest.approx(share, abs=0.05)

    @pytest.mark.slow
    def test_nothing_to_tell_them_apart(self):
        smiles = make_smile_signals(random_state=SEED, difference="none")
        X = [clip_features(*clip) for clip in zip(smiles.times, smiles.lips, strict=True)]
        assert 0.45 <= accuracy(np.array(X), smiles) <= 0.55


def test_the_set_of_400_is_the_first_part(set_of_400):
    """What `make_smile_signals` gives unasked."""
    assert list(np.bincount(set_of_400.target)) == [643, 597]
    for label, subjects in ((0, 368), (1, 357)):
        counts = np.unique(set_of_400.groups[set_of_400.target == label], return_counts=True)[1]
        assert len(counts) == subjects
        assert set(counts) == {1, 2, 3}
    assert list(set_of_400.groups[[0, -1]]) == ["s000", "s399"]


class TestTable:
    def test_rows(self, table):
        assert list(table) == ["measure", "kind", "figure", "against", "published", "measured"]
        assert table.notna()[["measure", "kind", "figure", "published", "measured"]].all(axis=None)
        counts = table.measure.value_counts().to_dict()
        assert counts == {"quantile": 2 * 21 * 5, "effect size": 20,
                          "rank correlation": 2 * 2 * 45}
        assert not table[table.measure == "quantile"].figure.str.endswith(SIDES).any()
        assert set(table[table.measure == "effect size"].kind) == {"spontaneous - posed"}

    def test_published(self, table):
        for row in table.itertuples():
            if row.measure == "quantile":
                level = QUANTILE_LEVELS.index(row.against)
                assert row.published == KINEMATICS[row.kind][row.figure][level]
            elif row.measure == "effect size":
                assert row.published == EFFECT_SIZES[row.figure]
            else:
                signal, one = row.figure.split("_", 1)
                i, j = (FIGURES.index(f) for f in (one, row.against.removeprefix(f"{signal}_")))
                assert i < j
                assert row.published == RANK_CORRELATIONS[row.kind][signal][i, j]

    def test_measured(self, smiles):
        few = first(smiles, 121)
        rows = calibration_table(few)
        table = rows.set_index(["measure", "kind", "figure", "against"]).measured.sort_index()
        found = pd.DataFrame([measure_smile(*clip) for clip in
                              zip(few.times, few.lips, few.eyelids, strict=True)])
        for label, kind in enumerate(KINDS):
            part = found[few.target == label]
            assert table["quantile", kind, "eyelid_onset_rise", 0.25] == pytest.approx(
                np.quantile(part.eyelid_onset_rise, 0.25))
            assert table["quantile", kind, "video_s", 0.95] == pytest.approx(
                np.quantile(part.video_s, 0.95))
            for signal in SIGNALS:
                a, b = f"{signal}_onset_rise", f"{signal}_{SIDES}"
                assert table["rank correlation", kind, a, b] == pytest.approx(
                    spearmanr(part[a], part[b])[0])
        posed, spontaneous = (found.lip_onset_rise[few.target == k] for k in (0, 1))
        n, m = len(posed), len(spontaneous)
        assert n != m
        pooled = ((n - 1) * posed.var() + (m - 1) * spontaneous.var()) / (n + m - 2)
        effect = rows.measured[(rows.measure == "effect size") & (rows.figure == "lip_onset_rise")]
        assert effect.item() == pytest.approx((spontaneous.mean() - posed.mean()) / np.sqrt(pooled))

    @pytest.mark.parametrize("label", [0, 1])
    def test_one_kind(self, smiles, label):
        few = first(smiles, 12)
        few.target = np.full(12, label)
        with pytest.raises(ValueError, match="smiles of both kinds are needed"):
            calibration_table(few)

    def test_motion_that_is_not_known(self, smiles):
        few = first(smiles, 12)
        few.lips = [np.full_like(few.lips[0], np.nan), *few.lips[1:]]
        with pytest.raises(ValueError, match="motion must be known in every clip"):
            calibration_table(few)
