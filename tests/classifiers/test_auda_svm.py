"""The multi-level ensemble on clips whose signals are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sklearn
from drawn import known_clips
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score

from smilegenuine import AU_NAMES, AUDA, AUDASVMEnsemble, Clip


@pytest.fixture(scope="module")
def smiles():
    return known_clips(24, 4, random_state=9)


def test_blocks_are_levels_and_phases(smiles):
    clf = AUDASVMEnsemble().fit(smiles.data, smiles.target)
    assert list(clf.ensemble_.block_models_) == [
        f"{level}_{phase}" for level in ("au", "cross")
        for phase in ("onset", "apex", "offset", "smile")]
    assert clf.decision_values(smiles.data[:3]).shape == (3, 8)
    widths = [len(c) for c in clf.ensemble_.columns_.values()]
    assert widths == [119] * 4 + [1088] * 4


def test_sees_exactly_what_auda_gives(smiles):
    clf = AUDASVMEnsemble(levels=("au", "cross"))
    expected = np.hstack([AUDA(level).fit_transform(smiles.data) for level in ("au", "cross")])
    np.testing.assert_allclose([clf.features_of(clip) for clip in smiles.data], expected)


def test_learns_drawn_smiles_by_subject(smiles):
    scores = cross_val_score(AUDASVMEnsemble(), smiles.data, smiles.target, groups=smiles.groups,
                             cv=GroupKFold(4))
    assert scores.mean() >= 0.6


@pytest.mark.slow
def test_shuffled_labels_give_chance():
    smiles = known_clips(60, 4, random_state=10)
    rng = np.random.default_rng(0)
    scores = [cross_val_score(AUDASVMEnsemble(levels=("au",), cv=3), smiles.data,
                              rng.permutation(smiles.target), groups=smiles.groups,
                              cv=GroupKFold(4)).mean() for _ in range(3)]
    assert np.mean(scores) == pytest.approx(0.5, abs=0.07)


def test_grid_search_over_windows_and_c(smiles):
    search = GridSearchCV(AUDASVMEnsemble(levels=("au",), cv=2),
                          {"windows": [(9, 27), (5, 15)], "C": [0.3, 3.0]}, cv=GroupKFold(3))
    search.fit(smiles.data, smiles.target, groups=smiles.groups)
    assert len(search.cv_results_["params"]) == 4
    assert set(search.best_params_) == {"windows", "C"}


def test_groups_by_metadata_routing(smiles):
    nameless = [c.replace(subject=None) for c in smiles.data]
    with sklearn.config_context(enable_metadata_routing=True):
        scores = cross_val_score(AUDASVMEnsemble(levels=("au",)), nameless, smiles.target,
                                 params={"groups": smiles.groups}, cv=GroupKFold(3))
    plain = cross_val_score(AUDASVMEnsemble(levels=("au",)), smiles.data, smiles.target,
                            groups=smiles.groups, cv=GroupKFold(3))
    np.testing.assert_allclose(scores, plain)


def test_openface_tables_go_straight_in(smiles):
    tables = []
    for clip in smiles.data:
        table = pd.DataFrame(clip.aus, columns=[f" {au}_r" for au in AU_NAMES])
        table.insert(0, " timestamp", clip.times)
        tables.append(table)
    clf = AUDASVMEnsemble(levels=("au",)).fit(tables, smiles.target, groups=smiles.groups)
    assert clf.predict_proba(tables[:2]).shape == (2, 2)


def test_machines_may_be_trained_in_parallel(smiles):
    serial = AUDASVMEnsemble().fit(smiles.data, smiles.target)
    parallel = AUDASVMEnsemble(n_jobs=2).fit(smiles.data, smiles.target)
    np.testing.assert_allclose(serial.decision_function(smiles.data),
                               parallel.decision_function(smiles.data))


def test_a_clip_without_signals_is_named(smiles):
    bad = Clip(smile=np.zeros(20), fps=25, name="x.mp4", subject="s")
    with pytest.raises(ValueError, match=r"x\.mp4: AUDA needs `aus`"):
        AUDASVMEnsemble().fit([*smiles.data[:3], bad], [0, 1, 0, 1])


@pytest.mark.parametrize(("params", "message"), [
    ({"levels": "au"}, "levels must be a tuple"), ({"levels": ("frame",)}, "levels must be"),
    ({"levels": ()}, "levels must be"), ({"windows": (9, 9)}, "windows must increase"),
    ({"phases": ("end",)}, "phases must be"),
])
def test_bad_parameters_are_named(params, message, smiles):
    with pytest.raises(ValueError, match=message):
        AUDASVMEnsemble(**params).fit(smiles.data, smiles.target)
