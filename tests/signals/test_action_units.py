"""Action units measured on drawn people that nobody was trained on."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawn import aligned_action_units
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

from smilegenuine import AU_NAMES, Clip, ClipError, HOGActionUnits, load_drawn_action_units


def blind(clips):
    """The clips without their true action units."""
    return [c.replace(aus=None) for c in clips]


def pooled_r(model, clips):
    """Correlation with the truth over all frames of all people, for each action unit."""
    measured = model.transform(blind(clips))
    truth = np.concatenate([c.aus[c.mask] for c in clips])
    found = np.concatenate([m.aus[c.mask] for c, m in zip(clips, measured, strict=True)])
    return {au: np.corrcoef(truth[:, k], found[:, k])[0, 1] for k, au in enumerate(AU_NAMES)}


@pytest.fixture(scope="module")
def people():
    return aligned_action_units().data


def test_the_packaged_model_reads_unseen_people(people):
    r = pooled_r(load_drawn_action_units(), people)
    assert r["AU12"] >= 0.85
    for au in ("AU01", "AU02", "AU04", "AU06", "AU26", "AU45"):
        assert r[au] >= 0.8, (au, r)
    assert np.mean(list(r.values())) >= 0.7


@pytest.mark.parametrize("neutral", ["rest", "median", "none"])
def test_training_on_some_people_reads_others(people, neutral):
    model = HOGActionUnits(n_components=100, neutral=neutral).fit(people[:8])
    r = pooled_r(model, people[8:])
    assert np.mean([r[au] for au in ("AU01", "AU04", "AU06", "AU12", "AU26", "AU45")]) > 0.6


def test_what_is_learnt_is_one_linear_map(people):
    model = HOGActionUnits(n_components=30).fit(people[:4])
    assert model.coef_.shape == (17, 11 * 11 * 4 * 9)  # blocks of 2 × 2 cells, 9 directions
    assert model.intercept_.shape == (17,)
    assert model.n_frames_ == sum(int(c.mask.sum()) for c in people[:4])


def test_known_action_units_pass(people):
    assert load_drawn_action_units().transform(people[:2])[1] is people[1]


def test_intensities_stay_within_their_scale(people):
    aus = load_drawn_action_units().transform(blind(people[:3]))[0].aus
    assert aus.min() >= 0.0
    assert aus.max() <= 5.0


def test_frames_without_a_face_are_not_measured(people):
    valid = np.ones(people[0].n_frames, bool)
    valid[:5] = False
    clip = Clip(faces=people[0].faces, fps=25, valid=valid)
    aus = load_drawn_action_units().transform([clip])[0].aus
    assert np.isnan(aus[:5]).all()
    assert np.isfinite(aus[5:]).all()


def test_chips_of_another_size_are_brought_to_size(people):
    small = Clip(faces=people[0].faces[:, ::2, ::2], fps=25)
    whole = load_drawn_action_units().transform(blind(people[:1]))[0].aus
    reduced = load_drawn_action_units().transform([small])[0].aus
    assert np.corrcoef(whole[:, 8], reduced[:, 8])[0, 1] > 0.8


def test_frozen_in_a_pipeline_it_is_not_trained_again(people):
    model = load_drawn_action_units()
    before = model.coef_.copy()
    pipe = make_pipeline(FrozenEstimator(model))
    assert pipe.fit_transform(blind(people[:2]))[0].aus is not None
    np.testing.assert_array_equal(model.coef_, before)


def test_training_needs_known_action_units(people):
    with pytest.raises(ClipError, match=r"needs `aus`.*FrozenEstimator"):
        HOGActionUnits().fit(blind(people[:2]))


def test_training_needs_faces():
    with pytest.raises(ClipError, match="needs `faces`; run FaceAligner first"):
        HOGActionUnits().fit([Clip(aus=np.zeros((30, 17)), fps=25)])


def test_too_few_frames(people):
    clip = people[0]
    few = Clip(faces=clip.faces[:8], aus=clip.aus[:8], fps=25)
    with pytest.raises(ValueError, match="8 valid frames are too few"):
        HOGActionUnits().fit([few])


def test_no_valid_frame_is_named(people):
    clip = Clip(faces=people[0].faces, fps=25, name="dark.mp4",
                valid=np.zeros(people[0].n_frames, bool))
    with pytest.raises(ClipError, match=r"dark\.mp4: no frame is valid"):
        load_drawn_action_units().transform([clip])


@pytest.mark.parametrize(("params", "message"), [
    ({"chip_size": 90}, "multiple of 8"), ({"C": -1}, "C must be"),
    ({"neutral": "mean"}, "neutral must be"), ({"smooth": "0.1"}, "smooth must be"),
])
def test_bad_parameters_are_named(params, message, people):
    with pytest.raises(ValueError, match=message):
        HOGActionUnits(**params).fit(people[:2])


def test_an_opencv_without_hog_is_explained(people, monkeypatch):
    monkeypatch.delattr(cv2, "HOGDescriptor")
    with pytest.raises(RuntimeError, match=r"without HOGDescriptor.*opencv-python>=4\.10,<5"):
        load_drawn_action_units().transform(blind(people[:1]))


@pytest.mark.parametrize(("neutral", "width"), [("rest", 17), ("none", 17), ("median", 4356)])
def test_looking_frame_by_frame_and_assembling_is_transforming(people, neutral, width):
    model = load_drawn_action_units().set_params(neutral=neutral)
    clip = people[0].replace(aus=None, valid=np.arange(people[0].n_frames) % 5 > 0)
    seen = np.concatenate([model.look(face[None]) for face in clip.faces])
    assert seen.shape == (clip.n_frames, width)  # of a median all features are needed
    np.testing.assert_allclose(model.assemble(clip, seen).aus, model.transform([clip])[0].aus,
                               atol=1e-4)


def test_long_clips_are_measured_in_blocks(people):
    faces = np.concatenate([people[0].faces] * 15)[:1050]
    model = load_drawn_action_units(smooth=0.0).set_params(neutral="none")
    whole = model.transform([Clip(faces=faces, fps=25)])[0].aus
    part = model.transform([Clip(faces=faces[980:1020], fps=25)])[0].aus
    np.testing.assert_allclose(whole[980:1020], part, atol=1e-4)
