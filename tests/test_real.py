"""The line on recordings of people, which are not part of the project (else skipped)."""

from __future__ import annotations

import numpy as np
import pytest

from smilegenuine import (
    AU_NAMES,
    AUDA,
    AUDASVMEnsemble,
    Clip,
    ClipError,
    FaceAligner,
    LBPSmileIntensity,
    NoFaceError,
    detect_phases,
    load_drawn_action_units,
    transform_clips,
)
from smilegenuine.datasets import load_openface


@pytest.fixture(scope="module")
def faces(real):
    """The two recordings with a smile, aligned."""
    return FaceAligner().transform([str(real / "single_face.mp4"),
                                    str(real / "WolfgangLanger_Pexels.mp4")])


def test_the_smile_intensity_rises_with_the_smile(faces):
    clip = LBPSmileIntensity().fit_transform(faces)[0]
    phases = detect_phases(clip.smile, clip.times)
    middle = (phases["smile"].start + phases["smile"].stop) // 2
    before = clip.smile[clip.times < 0.4]
    first_second = clip.smile[clip.times < 1.0]
    assert clip.smile[middle] - before.mean() >= 2 * first_second.std()
    assert clip.smile[middle] - first_second.mean() >= 2 * before.std()
    assert 0.3 <= clip.times[phases["onset"].start] <= 0.8
    assert phases["apex"].stop > phases["apex"].start


def test_the_lip_corners_and_the_eyes_are_read(faces):
    aus = load_drawn_action_units().transform(faces)[0].aus
    au12, au45 = (aus[:, AU_NAMES.index(au)] for au in ("AU12", "AU45"))
    assert au12[30:60].min() > au12[:10].max() + 1.0
    assert 20 <= au45.argmax() <= 33  # the blink


def test_a_face_half_behind_a_hand_is_kept(faces):
    clip = faces[1]
    assert clip.n_frames == 472
    assert clip.valid.mean() > 0.9
    measured = load_drawn_action_units().transform(faces)[1]
    assert np.isfinite(measured.aus[clip.valid]).all()
    assert np.isnan(measured.aus[~clip.valid]).all()


def test_frames_without_the_face_are_invalid_and_the_rest_is_measured(real, faces):
    clip = FaceAligner().transform([str(real / "face_noface.mov")])[0]
    assert 60 <= clip.valid.sum() <= 85
    assert clip.valid[:70].all()
    assert not clip.valid[90:].any()
    assert not clip.faces[100].any()
    measured = LBPSmileIntensity().fit(faces).transform([clip])[0]
    measured = load_drawn_action_units().transform([measured])[0]
    np.testing.assert_array_equal(np.isfinite(measured.smile), clip.valid)
    np.testing.assert_array_equal(np.isfinite(measured.aus[:, 8]), clip.valid)
    assert AUDA().transform([measured]).shape == (1, 476)


def test_no_face_is_said_with_the_name_and_a_remedy(real):
    with pytest.raises(NoFaceError, match=r"no_face\.mp4: no face in any of its \d+ frames.*lower"):
        FaceAligner().transform([str(real / "no_face.mp4")])


def test_one_bad_recording_does_not_cost_the_others(real):
    result = transform_clips(FaceAligner(), [str(real / "no_face.mp4"),
                                             str(real / "single_face.mp4")], on_error="skip")
    assert list(result.index) == [1]
    assert "no_face.mp4" in result.failures["error"][0]


@pytest.mark.filterwarnings("ignore:.*carry no timing")
def test_a_photograph_is_too_short(real):
    with pytest.raises(ClipError, match=r"multi_face\.jpg: is too short: 1 frame"):
        FaceAligner().transform([str(real / "multi_face.jpg")])


def test_a_recorded_openface_table(real):
    clip = load_openface(real / "OpenFace_Test.csv", fps=30).data[0]
    assert clip.aus.shape == (clip.n_frames, 17)
    assert clip.fps == 30
    assert clip.valid.all()
    assert np.isfinite(AUDA("cross").transform([clip])).all()


def test_recorded_action_units_through_the_classifier(real):
    clip = load_openface(real / "OpenFace_Test.csv", fps=30).data[0]
    rng = np.random.default_rng(0)
    clips = [Clip(aus=np.clip(clip.aus + rng.normal(0, 0.2, clip.aus.shape), 0, 5), fps=30,
                  subject=f"s{k // 2}") for k in range(8)]
    clf = AUDASVMEnsemble(levels=("au",), cv=2).fit(clips, [0, 1] * 4)
    assert clf.predict_proba([clip]).shape == (1, 2)
