"""Smiles sampled as rows: their quantiles and rank correlations are the published ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from smilegenuine.datasets import make_kinematics
from smilegenuine.people.sampled_kinematics import COLUMNS
from smilegenuine.people.uva_nemo_kinematics import KINDS, KINEMATICS, RANK_CORRELATIONS, SIGNALS


@pytest.fixture(scope="module", params=[None, 4.0], ids=["normal", "heavy"])
def smiles(request):
    return make_kinematics(20000, degrees=request.param, random_state=0)


def test_a_row_a_smile_half_of_them_posed(smiles):
    assert smiles.data.shape == (20000, 18)
    assert tuple(smiles.data.columns) == COLUMNS
    assert smiles.target.mean() == 0.5
    assert np.isfinite(smiles.data.to_numpy()).all()
    assert (smiles.data >= 0).all(axis=None)


@pytest.mark.parametrize(("label", "kind"), list(enumerate(KINDS)))
def test_quantiles_are_the_published_ones(smiles, label, kind):
    rows = smiles.data[smiles.target == label]
    for column in COLUMNS:
        published = np.array(KINEMATICS[kind][column])
        found = rows[column].quantile([0.05, 0.25, 0.5, 0.75, 0.95]).to_numpy()
        # Durations are whole frames of 0.02 s.
        grid = 0.021 if column.endswith("duration_s") else 1e-3
        assert found == pytest.approx(published, rel=0.06, abs=grid), column


@pytest.mark.parametrize(("label", "kind"), list(enumerate(KINDS)))
@pytest.mark.parametrize("signal", SIGNALS)
def test_rank_correlations_are_the_published_ones(smiles, label, kind, signal):
    names = [c for c in COLUMNS if c.startswith(signal) and "backtrack" not in c]
    rows = smiles.data[smiles.target == label][names]
    published = RANK_CORRELATIONS[kind][signal][:len(names), :len(names)]
    assert np.abs(spearmanr(rows)[0] - published).max() < 0.05


def test_lips_and_eyelids_are_independent_within_a_class(smiles):
    rows = smiles.data[smiles.target == 1]
    found = spearmanr(rows["lip_onset_duration_s"], rows["eyelid_onset_duration_s"])[0]
    assert abs(found) < 0.03


def test_extremes_come_together_with_few_degrees_of_freedom():
    def together(degrees):
        data = make_kinematics(40000, degrees=degrees, random_state=1).data[:20000]
        # Nearly uncorrelated, so that what comes together is not the correlation.
        high = [data[c] > data[c].quantile(0.99)
                for c in ("lip_onset_duration_s", "lip_offset_duration_s")]
        return (high[0] & high[1]).mean()
    assert together(4.0) > 3 * together(None)


def test_the_same_again_with_a_random_state():
    one, two = (make_kinematics(101, random_state=5) for _ in range(2))
    assert one.data.equals(two.data)
    assert not one.data.equals(make_kinematics(101, random_state=6).data)
    assert one.target.sum() == 51


@pytest.mark.parametrize(("wrong", "match"), [
    ({"n_smiles": 1}, "n_smiles"), ({"n_smiles": "many"}, "n_smiles"),
    ({"degrees": 2.0}, "degrees"), ({"random_state": "x"}, "random_state|seed")])
def test_wrong_parameters_are_named(wrong, match):
    with pytest.raises((ValueError, TypeError), match=match):
        make_kinematics(**wrong)
