"""The whole line as one Pipeline, on paths, in scikit-learn's own tools."""

from __future__ import annotations

import joblib
import numpy as np
import pandas as pd
import pytest
from drawn import aligned_smiles, known_clips
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from smilegenuine import (
    AU_NAMES,
    FaceAligner,
    HOGActionUnits,
    load_model,
    make_system,
    save_model,
)
from smilegenuine.datasets import make_smiles


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """Small videos on disk: paths, labels as words, subjects."""
    smiles = make_smiles(5, 2, fps=12, size=112, random_state=8, n_jobs=2,
                         folder=tmp_path_factory.mktemp("videos"))
    return smiles.filenames, np.array(smiles.target_names)[smiles.target], smiles.groups


@pytest.fixture
def count_alignments(monkeypatch):
    """Names of the clips whose faces were aligned, as often as they were."""
    aligned = []
    original = FaceAligner.transform_clip

    def counted(self, clip):
        aligned.append(clip.name)
        return original(self, clip)

    monkeypatch.setattr(FaceAligner, "transform_clip", counted)
    return aligned


def test_the_line_is_one_pipeline():
    system = make_system("auda-svm")
    assert type(system) is Pipeline
    assert list(system.named_steps) == ["faces", "smile", "aus", "ensemble"]
    assert isinstance(system.named_steps["aus"], FrozenEstimator)


@pytest.mark.filterwarnings("ignore:.*have no subject")
def test_cross_validation_and_grid_search_on_paths_align_each_video_once(videos, tmp_path,
                                                                         count_alignments):
    paths, y, groups = videos
    system = make_system("auda-svm", memory=tmp_path, ensemble__levels=("au",), ensemble__cv=2)
    scores = cross_val_score(system, paths, y, groups=groups, cv=GroupKFold(5))
    assert scores.shape == (5,)
    assert np.isfinite(scores).all()
    assert sorted(count_alignments) == sorted(paths)
    search = GridSearchCV(system, {"ensemble__windows": [(9, 27), (9, 15)],
                                   "ensemble__C": [0.5, 2.0]}, cv=GroupKFold(2),
                          error_score="raise")
    search.fit(paths, y, groups=groups)
    assert set(search.best_params_) == {"ensemble__windows", "ensemble__C"}
    assert list(search.predict(paths[:2])) == list(search.best_estimator_.predict(paths[:2]))
    assert sorted(count_alignments) == sorted(paths)  # not one more


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*have no subject")
def test_scikit_learns_own_memory_aligns_the_same_training_clips_once(videos, tmp_path,
                                                                      count_alignments):
    paths, y, _ = videos
    system = make_system("auda-svm", ensemble__levels=("au",), ensemble__cv=2)
    system.set_params(memory=str(tmp_path))
    system.fit(paths, y)
    assert len(count_alignments) == len(paths)
    clone(system).set_params(ensemble__C=3.0).fit(paths, y)
    assert len(count_alignments) == len(paths)


def test_a_replaced_video_is_aligned_anew(videos, tmp_path, count_alignments):
    smiles = make_smiles(1, 1, fps=12, size=112, random_state=21, folder=tmp_path / "v")
    aligner = FaceAligner(memory=str(tmp_path / "cache"))
    first = aligner.transform(smiles.filenames)[0]
    other = make_smiles(1, 1, fps=12, size=112, random_state=22, folder=tmp_path / "w")
    with open(other.filenames[0], "rb") as source, open(smiles.filenames[0], "wb") as target:
        target.write(source.read())
    second = aligner.transform(smiles.filenames)[0]
    assert len(count_alignments) == 2
    assert first.faces.shape != second.faces.shape or (first.faces != second.faces).any()


@pytest.mark.slow  # of a whole system; of each step, in test_clip_cache.py
def test_results_do_not_depend_on_the_cache(videos, tmp_path):
    paths, y, groups = videos
    plain = make_system("auda-svm", ensemble__levels=("au",))
    cached = make_system("auda-svm", ensemble__levels=("au",), memory=tmp_path)
    for _ in range(2):  # written, then read
        a = plain.fit(paths, y, ensemble__groups=groups).decision_function(paths)
        b = cached.fit(paths, y, ensemble__groups=groups).decision_function(paths)
        np.testing.assert_allclose(a, b, rtol=1e-4)


@pytest.mark.slow  # of a whole system; each step is held against its serial run in test_base.py
def test_processes_give_the_same(videos):
    paths, y, groups = videos
    with threadpool_limits(1):  # as in the workers: other threads round otherwise
        results = [make_system("auda-svm", n_jobs=n, ensemble__levels=("au",)).fit(
            paths, y, ensemble__groups=groups).decision_function(paths) for n in (None, 2)]
    np.testing.assert_allclose(*results, rtol=1e-9)


def test_what_is_known_is_not_measured_again(count_alignments):
    smiles = known_clips(8, 2)
    system = make_system("auda-svm", ensemble__levels=("au",)).fit(smiles.data, smiles.target)
    assert system.predict(smiles.data).shape == (16,)
    assert system.named_steps["smile"].model_ is None
    measured = system[:-1].transform(smiles.data)
    assert all(a is b for a, b in zip(measured, smiles.data, strict=True))


def test_tables_of_openface_need_no_video():
    smiles = known_clips(8, 2)
    tables = [pd.DataFrame(c.aus, columns=[f"{au}_r" for au in AU_NAMES]).assign(timestamp=c.times)
              for c in smiles.data]
    system = make_system("auda-svm", ensemble__levels=("au",))
    system.fit(tables, smiles.target, ensemble__groups=smiles.groups)
    assert system.predict(tables[:3]).shape == (3,)


def test_ones_own_action_units_are_used_as_they_are():
    smiles = aligned_smiles()
    coded = [c.replace(aus=a) for c, a in zip(smiles.data[:6], smiles.aus[:6], strict=True)]
    mine = HOGActionUnits(n_components=20).fit(coded)
    before = mine.coef_.copy()
    system = make_system("auda-svm", action_units=mine, ensemble__levels=("au",))
    system.fit(smiles.data[:16], smiles.target[:16])
    np.testing.assert_array_equal(mine.coef_, before)
    got = system[:-1].transform(smiles.data[20:21])[0].aus
    np.testing.assert_array_equal(got, mine.transform(smiles.data[20:21])[0].aus)


def test_saved_and_loaded_it_decides_the_same(tmp_path):
    smiles = aligned_smiles()
    y = np.array(["posed", "spontaneous"])[smiles.target]
    system = make_system("auda-svm", memory=tmp_path / "cache", ensemble__levels=("au",))
    system.fit(smiles.data[:20], y[:20])
    loaded = load_model(save_model(system, tmp_path / "m.skops", info={"clips": 20}))
    np.testing.assert_allclose(loaded.predict_proba(smiles.data[20:24]),
                               system.predict_proba(smiles.data[20:24]))
    assert list(loaded.classes_) == ["posed", "spontaneous"]
    assert loaded.info_["clips"] == 20
    assert loaded.named_steps["faces"].memory is None


def test_pandas_output_reaches_nobody_who_minds():
    smiles = known_clips(16, 4)
    system = make_system("auda-svm", ensemble__levels=("au",))
    system[:-1].set_output(transform="pandas")
    assert system.fit(smiles.data, smiles.target).score(smiles.data, smiles.target) > 0.5


@pytest.mark.parametrize("kind", [str, joblib.Memory, "path"])
def test_memory_in_any_form(kind, tmp_path):
    memory = tmp_path if kind == "path" else kind(str(tmp_path))
    assert make_system("auda-svm", memory=memory).named_steps["faces"].memory is not None


def test_untrained_action_units_are_refused_at_once():
    with pytest.raises(NotFittedError, match="HOGActionUnits"):
        make_system("auda-svm", action_units=HOGActionUnits())


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="no system 'auda'; there is realsmilenet, auda-frame"):
        make_system("auda")
    with pytest.raises(ValueError, match="Invalid parameter"):
        make_system("auda-svm", ensemble__D=1)
