"""Smile intensity measured on drawn faces, against the truth."""

from __future__ import annotations

import numpy as np
import pytest
from drawn import aligned_smiles, overlap

from smilegenuine import Clip, ClipError, LBPSmileIntensity, detect_phases
from smilegenuine.signals.smile_intensity import svm_decision
from smilegenuine.signals.valid_frames import smooth_signal


@pytest.fixture(scope="module")
def halves():
    """Two halves of the subjects; each is measured by what was learnt from the other."""
    smiles = aligned_smiles()
    first = smiles.groups < "s003"
    measured = [None] * len(smiles.data)
    for train in (first, ~first):
        model = LBPSmileIntensity().fit([smiles.data[i] for i in np.flatnonzero(train)])
        test = np.flatnonzero(~train)
        for i, clip in zip(test, model.transform([smiles.data[i] for i in test]), strict=True):
            measured[i] = clip
    return smiles, measured


def test_follows_the_true_intensity_of_unseen_people(halves):
    smiles, measured = halves
    r = [np.corrcoef(m.smile, s)[0, 1] for m, s in zip(measured, smiles.smile, strict=True)]
    assert np.median(r) >= 0.95
    assert np.quantile(r, 0.1) >= 0.8


def test_phases_of_unseen_people(halves):
    smiles, measured = halves
    found = [detect_phases(m.smile, m.times) for m in measured]
    for phase in ("onset", "offset"):
        ious = [overlap(f[phase], p[phase]) for f, p in zip(found, smiles.phases, strict=True)]
        assert np.median(ious) >= 0.7, phase


def test_known_intensity_is_taken_for_labels(halves):
    smiles, _ = halves
    labelled = [c.replace(smile=s) for c, s in zip(smiles.data, smiles.smile, strict=True)]
    model = LBPSmileIntensity().fit(labelled[:12])
    assert model.transform(labelled)[0].smile is labelled[0].smile
    measured = model.transform(smiles.data[12:16])
    assert all(np.corrcoef(m.smile, s)[0, 1] > 0.8
               for m, s in zip(measured, smiles.smile[12:16], strict=True))


def test_rbf_and_the_whole_face_work_too(halves):
    smiles, _ = halves
    model = LBPSmileIntensity(kernel="rbf", C=1.0, region="face", grid=5).fit(smiles.data[:8])
    assert np.isfinite(model.transform(smiles.data[8:9])[0].smile).all()


def test_frames_without_a_face_have_no_intensity(halves):
    smiles, _ = halves
    valid = np.ones(len(smiles.times[0]), bool)
    valid[3:9] = False
    model = LBPSmileIntensity().fit(smiles.data[:8])
    measured = model.transform([smiles.data[0].replace(valid=valid)])[0]
    assert np.isnan(measured.smile[3:9]).all()
    assert np.isfinite(measured.smile[valid]).all()


def test_clips_without_pictures_pass():
    clips = [Clip(aus=np.zeros((20, 17)), fps=25), Clip(aus=np.zeros((30, 17)), fps=25)]
    model = LBPSmileIntensity().fit(clips)
    assert model.transform(clips) == clips


def test_what_was_never_learnt_is_said(halves):
    smiles, _ = halves
    model = LBPSmileIntensity().fit([Clip(aus=np.zeros((20, 17)), fps=25)])
    with pytest.raises(ClipError, match=r"s000_0_posed.*without pictures"):
        model.transform(smiles.data[:1])


def test_clips_must_have_faces():
    frames = np.zeros((9, 20, 30, 3), np.uint8)
    with pytest.raises(ClipError, match="needs `faces`; run FaceAligner first"):
        LBPSmileIntensity().fit([Clip(frames=frames, fps=25)])


def test_nobody_smiles():
    grey = np.full((40, 96, 96, 3), 90, np.uint8)
    with pytest.raises(ValueError, match="none of the 1 clips shows a face that goes from neutral"):
        LBPSmileIntensity().fit([Clip(faces=grey, fps=25, smile=np.zeros(40))])


@pytest.mark.parametrize(("params", "message"), [
    ({"kernel": "cosine"}, "kernel must be"), ({"C": 0}, "C must be"),
    ({"grid": 0}, "grid must be"), ({"chip_size": 20}, "chip_size must be"),
    ({"region": "nose"}, "region must be"), ({"smooth": -1}, "smooth must be"),
    ({"radius": 1.5}, "radius must be"), ({"grid": "6"}, "grid must be"),
])
def test_bad_parameters_are_named(params, message, halves):
    smiles, _ = halves
    with pytest.raises(ValueError, match=message):
        LBPSmileIntensity(**params).fit(smiles.data[:2])


def test_smoothing_keeps_what_is_slow():
    t = np.arange(100) / 50
    slow = np.sin(2 * np.pi * 0.5 * t)
    assert np.abs(smooth_signal(slow, 50, 0.05) - slow)[10:-10].max() < 0.02
    assert smooth_signal(slow, 50, 0.001) is slow


def test_long_clips_are_measured_in_blocks(halves):
    smiles, _ = halves
    model = LBPSmileIntensity(smooth=0.0).fit(smiles.data[:8])
    faces = np.concatenate([smiles.data[0].faces] * 20)[:1050]
    whole = model.transform([Clip(faces=faces, fps=25)])[0].smile
    part = model.transform([Clip(faces=faces[980:1020], fps=25)])[0].smile
    np.testing.assert_allclose(whole[980:1020], part, atol=1e-9)


@pytest.mark.parametrize("kernel", ["rbf", "linear"])
def test_decisions_are_those_of_the_machine(kernel):
    smiles = aligned_smiles()
    step = LBPSmileIntensity(kernel=kernel).fit(smiles.data[:8])
    x = step._shares(step.look(smiles.data[8].faces[:40]))
    np.testing.assert_allclose(svm_decision(step.model_, x), step.model_.decision_function(x),
                               atol=2e-5)
    assert step.model_[-1].gamma == pytest.approx(1.0 / x.shape[1], rel=0.5)  # as "scale" is


@pytest.mark.parametrize("valid", [True, False])
def test_looking_frame_by_frame_and_assembling_is_transforming(halves, tmp_path, valid):
    smiles, _ = halves
    step = LBPSmileIntensity().fit(smiles.data[:8])
    clip = smiles.data[9].replace(smile=None)
    if not valid:
        clip = clip.replace(valid=np.arange(len(clip.faces)) % 7 > 0)
    seen = np.concatenate([step.look(face[None]) for face in clip.faces])
    measured = step.assemble(clip, seen).smile
    np.testing.assert_allclose(measured, step.transform([clip])[0].smile, atol=1e-9)
    step.memory = tmp_path  # the cache keeps what is seen
    for _ in range(2):
        np.testing.assert_allclose(step.transform([clip])[0].smile, measured, atol=1e-9)


def test_many_clips_give_a_few_frames_each(halves):
    smiles, _ = halves
    few = LBPSmileIntensity(max_frames=80).fit(smiles.data[:20])
    assert few.n_frames_ == (40, 40)
    done = few.transform(smiles.data[20:])
    r = [np.corrcoef(a.smile, b)[0, 1] for a, b in zip(done, smiles.smile[20:], strict=True)]
    assert np.median(r) > 0.9
    # Nobody is left out, however many there are.
    assert LBPSmileIntensity(max_frames=2).fit(smiles.data[:20]).n_frames_ == (20, 20)
    all_of_them = LBPSmileIntensity(max_frames=10**6).fit(smiles.data[:20])
    assert min(all_of_them.n_frames_) > 100
