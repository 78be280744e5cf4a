"""The rows of the core paper's table as pipelines, in scikit-learn's tools, on small real fits."""

from __future__ import annotations

import pickle

import joblib
import numpy as np
import pytest
from drawn import known_clips, painted
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import Pipeline

from smilegenuine import FaceAligner, StackingFusion, load_model, make_system, save_model
from smilegenuine.datasets import make_smile_signals, make_smiles
from smilegenuine.systems.named_systems import TABLE_ROWS, set_networks

BRANCHES = ["realsmilenet", "auda_frame", "auda_au", "auda_cross"]
LAST = {"realsmilenet": "realsmilenet", "auda-frame": "auda_frame", "auda-au": "auda_au",
        "auda-cross": "auda_cross", "auda-fusion": "fusion", "fusion": "fusion",
        "auda-svm": "ensemble"}
SYSTEMS = (*TABLE_ROWS, "auda-svm")


@pytest.fixture(scope="module")
def smiles():
    found = make_smile_signals(12, 2, fps=12, random_state=4)
    found.data = painted(found.data)
    found.words = np.array(found.target_names)[found.target]
    return found


def small(name):
    """A system with few epochs, on the processor."""
    system = make_system(name, random_state=0, device="cpu")
    return system if name == "auda-svm" else set_networks(system, max_epochs=2)


@pytest.fixture(scope="module")
def fitted(smiles):
    return {name: small(name).fit(smiles.data[:20], smiles.words[:20]) for name in SYSTEMS}


@pytest.mark.parametrize("name", SYSTEMS)
def test_each_is_one_pipeline(name):
    system = make_system(name)
    assert type(system) is Pipeline
    front = ["faces"] if name == "realsmilenet" else ["faces", "smile", "aus"]
    assert list(system.named_steps) == [*front, LAST[name]]
    if len(front) > 1:
        assert isinstance(system.named_steps["aus"], FrozenEstimator)


def test_the_fusions_have_the_single_systems_as_branches():
    for name, expected in (("auda-fusion", BRANCHES[1:]), ("fusion", BRANCHES)):
        fusion = make_system(name)[-1]
        assert isinstance(fusion, StackingFusion)
        assert [branch for branch, _ in fusion.estimators] == expected
        for branch, estimator in fusion.estimators:
            single = make_system(branch.replace("_", "-"))[-1]
            assert type(estimator) is type(single)
            assert estimator.get_params() == single.get_params()


def test_device_seed_and_bars_reach_the_networks():
    fusion = make_system("fusion", device="cpu", random_state=3, verbose=True, n_jobs=2)[-1]
    assert (fusion.random_state, fusion.n_jobs) == (3, 2)
    for _, branch in fusion.estimators:
        assert (branch.device, branch.random_state, branch.verbose) == ("cpu", 3, True)


def test_parameters_of_all_networks_at_once():
    fusion = set_networks(make_system("fusion"), max_epochs=7, lr=0.5)
    assert {(b.max_epochs, b.lr) for _, b in fusion[-1].estimators} == {(7, 0.5)}
    assert set_networks(make_system("realsmilenet"), patience=None)[-1].patience is None
    with pytest.raises(ValueError, match="no network of the system has a parameter 'epochs'"):
        set_networks(make_system("fusion"), epochs=7)
    with pytest.raises(ValueError, match="no network of the system has a parameter 'max_epochs'"):
        set_networks(make_system("auda-svm"), max_epochs=7)


@pytest.mark.parametrize("name", SYSTEMS)
def test_decides_in_the_words_it_was_given(name, fitted, smiles):
    p = fitted[name].predict_proba(smiles.data[20:])
    assert list(fitted[name].classes_) == ["posed", "spontaneous"]
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    np.testing.assert_array_equal(fitted[name].predict(smiles.data[20:]),
                                  np.array(["posed", "spontaneous"])[p.argmax(axis=1)])


@pytest.mark.parametrize("name", SYSTEMS)
def test_saved_pickled_and_cloned(name, fitted, smiles, tmp_path):
    expected = fitted[name].decision_function(smiles.data[20:])
    loaded = load_model(save_model(fitted[name], tmp_path / "m.skops"))
    pickled = pickle.loads(pickle.dumps(fitted[name]))
    again = clone(fitted[name]).fit(smiles.data[:20], smiles.words[:20])
    for copy in (loaded, pickled, again):
        np.testing.assert_allclose(copy.decision_function(smiles.data[20:]), expected, atol=1e-6)


def test_branches_and_their_histories_can_be_looked_at(fitted, smiles):
    fusion = fitted["fusion"][-1]
    assert fusion.widths_ == {"realsmilenet": 250, "auda_frame": 150, "auda_au": 64,
                              "auda_cross": 64}
    assert fusion.transform(smiles.data[:3]).shape == (3, 528)
    assert list(fusion.decision_values(smiles.data[:3])) == BRANCHES
    history = fusion.named_estimators_["realsmilenet"].history_
    assert list(history["epoch"]) == [1, 2]


@pytest.mark.slow
def test_cross_validation_in_processes(smiles):
    system = small("fusion")
    scores = [cross_val_score(system, smiles.data, smiles.words, groups=smiles.groups, n_jobs=n,
                              cv=GroupKFold(2), error_score="raise") for n in (1, 2)]
    assert scores[0].shape == (2,)
    np.testing.assert_array_equal(*scores)


@pytest.mark.slow  # a minute; test_fusion.py sets parameters of branches, too
def test_grid_search_reaches_into_a_branch(smiles):
    system = small("fusion").set_params(fusion__auda_frame="drop")
    search = GridSearchCV(system, {"fusion__realsmilenet__lr": [1e-3, 1e-2]}, cv=GroupKFold(2),
                          error_score="raise")
    search.fit(smiles.data, smiles.words, groups=smiles.groups)
    assert search.best_params_["fusion__realsmilenet__lr"] in (1e-3, 1e-2)
    best = search.best_estimator_[-1].named_estimators_
    assert best["realsmilenet"].lr == search.best_params_["fusion__realsmilenet__lr"]
    assert best["auda_frame"] == "drop"


def test_a_video_is_measured_once_for_all_branches(tmp_path, monkeypatch):
    videos = make_smiles(4, 2, fps=10, size=96, random_state=8, folder=tmp_path)
    aligned, original = [], FaceAligner.transform_clip
    monkeypatch.setattr(FaceAligner, "transform_clip",
                        lambda self, clip: aligned.append(clip.name) or original(self, clip))
    system = small("fusion").fit(videos.data, videos.target)
    assert sorted(aligned) == sorted(videos.filenames)
    system.predict(videos.data[:1])
    assert len(aligned) == 9


def shuffled_accuracy(name, clips, y, groups, seed):
    y = np.random.default_rng(seed).permutation(y)
    system = small(name)[-1]
    return cross_val_score(system, clips, y, groups=groups, cv=GroupKFold(3)).mean()


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=pytest.mark.slow) if name in (
        "realsmilenet", "fusion", "auda-frame", "auda-au") else name for name in SYSTEMS])
def test_shuffled_labels_give_chance(name):
    """Each person has a colour: were a subject on both sides, that would be learnt."""
    smiles = known_clips(50, 4, random_state=7)
    thin = [c.replace(aus=c.aus[::4], smile=c.smile[::4], times=c.times[::4]) for c in smiles.data]
    seeds = (0,) if "fusion" in name or name == "realsmilenet" else (0, 1)  # these take longest
    jobs = [joblib.delayed(shuffled_accuracy)(name, painted(thin), smiles.target, smiles.groups, s)
            for s in seeds]
    assert np.mean(joblib.Parallel(n_jobs=2)(jobs)) == pytest.approx(0.5, abs=0.07)
