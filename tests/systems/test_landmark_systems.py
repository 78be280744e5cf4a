"""The systems that look at the face mesh, and their fusion with the others, as pipelines."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from drawn import known_clips, known_meshes, meshed, painted
from registry import SMALL_MESH
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict, cross_val_score
from sklearn.pipeline import Pipeline

from smilegenuine import (
    AU_NAMES,
    BlendshapeActionUnits,
    Clip,
    ClipError,
    DMarkerSVMEnsemble,
    LandmarkTransformerClassifier,
    PSTNetClassifier,
    StackingFusion,
    load_model,
    make_system,
    save_model,
)
from smilegenuine.datasets import make_smile_signals
from smilegenuine.systems.named_systems import (
    FUSIONS,
    LANDMARK_ROWS,
    NETWORKS,
    SYSTEMS,
    set_networks,
)

ROWS = (*LANDMARK_ROWS, "full-fusion")

MOUTH_AND_EYES = (61, 291, 0, 17, 13, 14, 37, 267, 84, 314, 50, 280, 159, 386, 145, 374, 33, 263,
                  133, 362, 105, 334, 1, 152)

# Of each network on the mesh what makes it small enough for tests.
SMALL = {"points": SMALL_MESH["points"], "n_frames": 4, "n_windows": 2, "n_layers": 1,
         "n_time_layers": 1, "n_hidden": 8, "max_epochs": 2, "size": 16}


def small(name):
    """A system with small networks and few epochs, on the processor."""
    system = make_system(name, random_state=0, device="cpu")
    known = system.get_params()
    for owner in {key.rpartition("__")[0] for key in known if key.endswith("__patience")}:
        wanted = {f"{owner}__{key}": value for key, value in SMALL.items()
                  if not (key == "n_hidden" and "auda" in owner)
                  and not (key == "size" and "realsmilenet" in owner)}
        system.set_params(**{key: value for key, value in wanted.items() if key in known})
    return system


@pytest.fixture(scope="module")
def smiles():
    """Clips that know all there is to know."""
    found = make_smile_signals(12, 2, fps=12, random_state=4)
    found.data = meshed(painted(found.data))
    found.words = np.array(found.target_names)[found.target]
    return found


@pytest.fixture(scope="module")
def fitted(smiles):
    return {name: small(name).fit(smiles.data[:20], smiles.words[:20]) for name in ROWS}


@pytest.mark.parametrize("name", ROWS)
def test_each_is_one_pipeline(name):
    system = make_system(name)
    assert type(system) is Pipeline
    front = {"vit": ["faces"], "full-fusion": ["landmarks", "faces", "smile", "aus"]}
    last = "fusion" if name == "full-fusion" else name.replace("-", "_")
    assert list(system.named_steps) == [*front.get(name, ["landmarks"]), last]


def test_every_system_is_in_one_list_and_knows_whether_it_has_networks():
    assert len(set(SYSTEMS)) == len(SYSTEMS) == 16
    for name in SYSTEMS:
        try:
            set_networks(make_system(name), max_epochs=3)
            assert name in NETWORKS
        except ValueError:
            assert name not in NETWORKS


def test_the_full_fusion_has_the_single_systems_as_branches():
    fusion = make_system("full-fusion", random_state=3, device="cpu")[-1]
    assert isinstance(fusion, StackingFusion)
    for (branch, estimator), name in zip(fusion.estimators, FUSIONS["full-fusion"], strict=True):
        assert branch == name.replace("-", "_")
        single = make_system(name, random_state=3, device="cpu")[-1]
        assert estimator.get_params() == single.get_params()


def test_action_units_off_the_mesh_bring_its_measurement_along():
    system = make_system("fusion", action_units=BlendshapeActionUnits())
    assert list(system.named_steps)[:4] == ["landmarks", "faces", "smile", "aus"]


@pytest.mark.parametrize("name", ROWS)
def test_decides_in_the_words_it_was_given(name, fitted, smiles):
    p = fitted[name].predict_proba(smiles.data[20:])
    assert list(fitted[name].classes_) == ["posed", "spontaneous"]
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    np.testing.assert_array_equal(fitted[name].predict(smiles.data[20:]),
                                  np.array(["posed", "spontaneous"])[p.argmax(axis=1)])


@pytest.mark.parametrize("name", ROWS)
def test_saved_pickled_and_cloned(name, fitted, smiles, tmp_path):
    expected = fitted[name].decision_function(smiles.data[20:])
    loaded = load_model(save_model(fitted[name], tmp_path / "m.skops"))
    pickled = pickle.loads(pickle.dumps(fitted[name]))
    again = clone(fitted[name]).fit(smiles.data[:20], smiles.words[:20])
    for copy in (loaded, pickled, again):
        np.testing.assert_allclose(copy.decision_function(smiles.data[20:]), expected, atol=1e-5)


@pytest.mark.slow
def test_grid_search_over_fusions_of_landmarks_and_markers(smiles):
    search = GridSearchCV(small("hadasmilenet"), {"hadasmilenet__fusion": ["film", "hadamard"]},
                          cv=GroupKFold(2), error_score="raise")
    search.fit(smiles.data, smiles.words, groups=smiles.groups)
    assert search.best_params_["hadasmilenet__fusion"] in ("film", "hadamard")
    assert search.best_estimator_[-1].fusion == search.best_params_["hadasmilenet__fusion"]


@pytest.mark.slow
def test_cross_validation_in_processes(smiles):
    scores = [cross_val_score(small("meshsmilenet"), smiles.data, smiles.words, n_jobs=n,
                              groups=smiles.groups, cv=GroupKFold(2), error_score="raise")
              for n in (1, 2)]
    np.testing.assert_array_equal(*scores)


def test_clips_with_action_units_alone_are_named():
    clips = [Clip(aus=np.zeros((30, 17)), fps=25, subject=s, name=f"{s}.csv") for s in "abcd"]
    with pytest.raises(ClipError, match=r"a\.csv: MeshSmileNet needs `landmarks`; run FaceLandm"):
        make_system("meshsmilenet").fit(clips, [0, 1, 0, 1])


# -- learning, and learning nothing where there is nothing to learn --------------------------------


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=pytest.mark.slow) if name in (
        "full-fusion", "hadasmilenet", "deepmarkernet", "meshsmilenet", "dmarkers") else name
    for name in ROWS])
def test_shuffled_labels_give_chance(name):
    """Each person has a mesh of their own: were a subject on both sides, that would be learnt."""
    smiles = known_clips(50, 4, random_state=7)
    thin = [c.replace(aus=c.aus[::4], smile=c.smile[::4], times=c.times[::4]) for c in smiles.data]
    clips = meshed(painted(thin))
    scores = []
    system = small(name)[-1]
    curves = name in ("meshsmilenet", "deepmarkernet", "hadasmilenet")  # which take longest
    if name == "full-fusion":
        set_networks(system, max_epochs=1)
    if curves:
        system.set_params(points=SMALL_MESH["points"][::2])
    for seed in (0,) if curves or name == "full-fusion" else (0, 1):
        y = np.random.default_rng(seed).permutation(smiles.target)
        scores.append(cross_val_score(clone(system), clips, y, groups=smiles.groups,
                                      cv=GroupKFold(3)).mean())
    assert np.mean(scores) == pytest.approx(0.5, abs=0.07)


@pytest.mark.parametrize("clf", [
    pytest.param(LandmarkTransformerClassifier("outlines", max_epochs=40, random_state=0),
                 marks=pytest.mark.slow),
    PSTNetClassifier(MOUTH_AND_EYES, radius=0.3, n_frames=8, n_windows=4, max_epochs=25,
                     random_state=0)], ids=lambda clf: type(clf).__name__)
def test_networks_learn_how_strongly_people_smile(clf):
    """The others take minutes: see benchmarks/landmark_systems.py."""
    smiles = known_meshes(16, 4, random_state=3, difference="apex", fps=12.5)
    peak = np.array([aus[:, AU_NAMES.index("AU12")].max() for aus in smiles.aus])
    strong = peak > np.median(peak)
    said = cross_val_predict(clf, smiles.data, strong, groups=smiles.groups, cv=GroupKFold(3))
    assert np.mean(said == strong) >= 0.75


def test_dmarkers_learn_the_length_of_the_apex():
    smiles = known_meshes(16, 4, random_state=3, difference="apex", fps=12.5)
    said = cross_val_predict(DMarkerSVMEnsemble(cv=3), smiles.data, smiles.target,
                             groups=smiles.groups, cv=GroupKFold(4))
    assert np.mean(said == smiles.target) >= 0.75
