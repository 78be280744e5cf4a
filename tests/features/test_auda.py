"""AUDA against the direct implementation; its counts, order and names; the transformer."""

from __future__ import annotations

import direct_auda
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from smilegenuine import AU_NAMES, AUDA, Clip, ClipError, as_clips
from smilegenuine.datasets import make_smiles
from smilegenuine.features.auda import auda_features, feature_names
from smilegenuine.features.phases import PHASES, detect_phases

WIDTHS = {"frame": 154, "au": 476, "cross": 4352}


def drawn_clip(fps=50.0, seed=0):
    smiles = make_smiles(1, 1, fps=fps, random_state=seed)
    return Clip(aus=smiles.aus[0], smile=smiles.smile[0], times=smiles.times[0])


@pytest.mark.parametrize("fps", [25, 30, 50, 60])
@pytest.mark.parametrize("kind", ["random", "drawn", "rounded"])
def test_all_levels_agree_with_the_direct_implementation(kind, fps):
    rng = np.random.default_rng(fps)
    n = 71
    times = np.arange(n) / fps
    smile = np.interp(times, times[[5, 25, 45, 65]], [0, 1, 1, 0])
    if kind == "drawn":
        clip = drawn_clip(fps)
        aus, smile, times = clip.aus, clip.smile, clip.times
        aus = aus + rng.normal(0, 0.05, aus.shape)
    else:
        aus = 5 * rng.random((n, 17))
    if kind == "rounded":  # OpenFace writes two decimals, and zeros
        aus = np.round(np.clip(aus - 2.5, 0, None), 2)
        aus[:, 3] = 0.0
    phases = detect_phases(smile, times)
    direct = direct_auda.all_levels(aus, smile, times, fps, phases)
    for level, values in auda_features(aus, smile, times).items():
        np.testing.assert_allclose(values, direct[level], rtol=0, atol=1e-6, err_msg=level)


@pytest.mark.parametrize("fps", [25, 30, 50, 60])
def test_recorded_signals_agree_with_the_direct_implementation(real, fps):
    with pytest.warns(UserWarning, match="no timing"):
        aus = as_clips([str(real / "OpenFace_Test.csv")])[0].aus
    times = np.arange(len(aus)) / fps
    smile = aus[:, AU_NAMES.index("AU12")]
    # A smile laid over the recording, so that every phase has frames.
    smile = smile + np.interp(np.arange(len(aus)), [5, 30, 60, 90], [0, 9, 9, 0])
    phases = detect_phases(smile, times)
    assert all(phases[p].stop > phases[p].start for p in PHASES)
    direct = direct_auda.all_levels(aus, smile, times, fps, phases)
    for level in WIDTHS:
        got = AUDA(level).transform([Clip(aus=aus, smile=smile, times=times)])[0]
        np.testing.assert_allclose(got, direct[level], rtol=0, atol=1e-6)


@pytest.mark.parametrize("level", WIDTHS)
def test_counts_and_names(level):
    names = feature_names(level)
    assert len(names) == len(set(names)) == WIDTHS[level]
    features = AUDA(level).fit([drawn_clip()]).transform([drawn_clip()])
    assert features[0].shape[-1] == WIDTHS[level]
    assert AUDA(level).fit([drawn_clip()]).n_features_out_ == WIDTHS[level]


def test_names_the_design_gives():
    assert "onset_AU12_adjslope27_max" in feature_names("au")
    assert "apex_AU06xAU12_adjslope9_absdiff_mean" in feature_names("cross")
    assert "onset_AU06xAU12_adjslope27_argmax_lag" in feature_names("cross")


def test_named_features_hold_what_their_names_say():
    clip = drawn_clip()
    times, au06, au12 = clip.times, 4, 8
    phases = detect_phases(clip.smile, times)
    onset = phases["onset"]
    adjusted = direct_auda.slopes(clip.aus, times, 50.0)
    au = AUDA("au").set_output(transform="pandas").fit_transform([clip]).iloc[0]
    cross = AUDA("cross").set_output(transform="pandas").fit_transform([clip]).iloc[0]
    assert au["onset_AU12_adjslope27_max"] == pytest.approx(adjusted["adj27"][onset, au12].max())
    assert au["onset_AU12_range"] == pytest.approx(np.ptp(clip.aus[onset, au12]))
    d27 = adjusted["adj27"][phases["smile"], au12]
    t = times[phases["smile"]]
    lag = au["smile_AU12_adjslope27_maxmin_lag"]
    assert lag == pytest.approx(t[d27.argmin()] - t[d27.argmax()])
    assert lag > 0  # it rises before it falls
    d9 = adjusted["adj9"][onset]
    assert cross["onset_AU06xAU12_adjslope9_absdiff_max"] == pytest.approx(
        np.abs(d9[:, au06] - d9[:, au12]).max())
    t = times[onset]
    assert cross["onset_AU06xAU12_adjslope9_argmax_lag"] == pytest.approx(
        t[d9[:, au06].argmax()] - t[d9[:, au12].argmax()])


def test_who_comes_first_has_a_sign():
    t = np.arange(0, 3, 1 / 50)
    aus = np.zeros((len(t), 17))
    aus[:, 4] = 3 * np.clip((t - 1.2) / 0.4, 0, 1)  # AU06 after
    aus[:, 8] = 3 * np.clip((t - 0.8) / 0.4, 0, 1)  # AU12
    row = AUDA("cross", phases=("sequence",)).set_output(transform="pandas").fit_transform(
        [Clip(aus=aus, times=t)])
    assert row["sequence_AU06xAU12_adjslope9_argmax_lag"][0] == pytest.approx(0.4, abs=0.03)


def test_an_empty_phase_gives_zeros():
    t = np.arange(0, 3, 1 / 50)
    aus = np.zeros((len(t), 17))
    aus[:, 8] = 3 * np.clip(t - 1, 0, 1)  # rises, and the recording ends
    for level in ("au", "cross"):
        row = AUDA(level, phases=("offset",)).fit_transform([Clip(aus=aus, times=t)])
        assert not row.any()


def test_equal_moments_are_told_apart_by_time_not_by_rounding():
    t = np.arange(0, 4, 1 / 50)
    aus = np.zeros((len(t), 17))
    bump = np.interp(t, [0.5, 0.7, 0.9, 2.5, 2.7, 2.9], [0.1, 1.3, 0.1, 0.1, 1.3, 0.1])
    aus[:, 0], aus[:, 1] = bump, 0.7 * bump + 0.3
    row = AUDA("cross", phases=("sequence",)).fit_transform([Clip(aus=aus, times=t)])
    names = AUDA("cross", phases=("sequence",)).get_feature_names_out()
    lags = row[0, [list(names).index(f"sequence_AU01xAU02_adjslope{w}_arg{m}_lag")
                   for w in (9, 27) for m in ("max", "min")]]
    np.testing.assert_allclose(lags, 0.0)


def test_frames_without_a_face_are_bridged():
    clip = drawn_clip()
    holed = clip.aus.copy()
    holed[30:34] = np.nan
    whole = AUDA("au").transform([clip])
    bridged = AUDA("au").transform([clip.replace(aus=holed)])
    assert np.isfinite(bridged).all()
    np.testing.assert_allclose(bridged, whole, atol=2.0)
    assert np.corrcoef(bridged[0], whole[0])[0, 1] > 0.98


def test_frame_rate_matters_little():
    at_50, at_25 = drawn_clip(50, seed=4), drawn_clip(50, seed=4)
    at_25 = Clip(aus=at_25.aus[::2], smile=at_25.smile[::2], times=at_25.times[::2])
    a, b = AUDA("au").transform([at_50, at_25])
    assert np.corrcoef(a, b)[0, 1] > 0.95


def test_au12_stands_in_for_a_missing_smile():
    clip = drawn_clip()
    without = clip.replace(smile=None)
    with_au12 = clip.replace(smile=clip.aus[:, 8])
    np.testing.assert_array_equal(AUDA().transform([without]), AUDA().transform([with_au12]))


def test_a_table_of_openface_goes_straight_in():
    clip = drawn_clip()
    table = pd.DataFrame(clip.aus, columns=[f" {au}_r" for au in AU_NAMES])
    table.insert(0, " timestamp", clip.times)
    np.testing.assert_allclose(AUDA().fit_transform([table]),
                               AUDA().transform([clip.replace(smile=None)]), atol=1e-9)


def test_in_somebody_elses_workflow():
    smiles = make_smiles(6, 2, random_state=1)
    clips = [Clip(aus=a, times=t) for a, t in zip(smiles.aus, smiles.times, strict=True)]
    model = make_pipeline(AUDA("au"), LogisticRegression(max_iter=2000))
    assert model.fit(clips, smiles.target).predict(clips).shape == (12,)


def test_trailing_features_do_not_look_ahead():
    clip = drawn_clip()
    half = Clip(aus=clip.aus[:60], smile=clip.smile[:60], times=clip.times[:60])
    whole, running = (AUDA("frame", trailing=True).transform([c])[0] for c in (clip, half))
    np.testing.assert_allclose(whole[:60], running, atol=1e-9)


def test_pandas_output_survives_clone():
    auda = clone(AUDA("au").set_output(transform="pandas"))
    table = auda.fit_transform([drawn_clip()])
    assert list(table.columns) == list(auda.get_feature_names_out())
    frames = AUDA("frame").set_output(transform="pandas").fit_transform([drawn_clip()])
    assert list(frames[0].columns[:17]) == list(AU_NAMES)


@pytest.mark.parametrize(("params", "message"), [
    ({"level": "clip"}, "level must be one of"),
    ({"windows": ()}, "windows must be a tuple of at least one"),
    ({"windows": 9}, "windows must be a tuple of at least one"),
    ({"windows": (27, 9)}, "windows must increase"),
    ({"windows": (2, 9)}, "at least 3"),
    ({"windows": (9.5,)}, "whole number"),
    ({"phases": "onset"}, "phases must be a tuple"),
    ({"phases": ("onset", "middle")}, "phases must be a tuple"),
])
def test_bad_parameters_are_named(params, message):
    with pytest.raises(ValueError, match=message):
        AUDA(**params).fit([drawn_clip()])


def test_a_clip_without_action_units_is_named():
    with pytest.raises(ClipError, match=r"s7\.mp4: AUDA needs `aus`"):
        AUDA().transform([Clip(smile=np.zeros(9), fps=25, name="s7.mp4")])


def test_a_clip_without_timing_is_taken_at_50_hz_with_a_warning():
    clip = drawn_clip(50)
    with pytest.warns(UserWarning, match=r"1 of 1 clips carry no timing \(s7\): 50 frames"):
        assumed = AUDA().transform([Clip(aus=clip.aus, smile=clip.smile, name="s7")])
    np.testing.assert_allclose(assumed, AUDA().transform([clip]), atol=1e-9)


@pytest.mark.parametrize("unit", [1000.0, 0.001], ids=["milliseconds", "kiloseconds"])
def test_times_that_cannot_be_seconds_are_refused(unit):
    clip = drawn_clip()
    with pytest.raises(ClipError, match="Are its times in seconds"):
        AUDA().transform([Clip(aus=clip.aus, times=clip.times * unit)])


def test_an_iterator_is_used_up_once():
    clips = [drawn_clip(seed=k) for k in range(3)]
    np.testing.assert_array_equal(AUDA().fit_transform(iter(clips)), AUDA().transform(clips))


def test_two_frames_are_too_short():
    with pytest.raises(ClipError, match="too short: 2 frames"):
        AUDA().transform([Clip(aus=np.zeros((2, 17)), fps=25)])


def test_too_few_valid_frames_are_named():
    valid = np.zeros(30, bool)
    valid[:2] = True
    with pytest.raises(ClipError, match="only 2 of 30 frames are valid"):
        AUDA().transform([Clip(aus=np.zeros((30, 17)), fps=25, valid=valid)])
