"""The frame-wise branch: its streams, its rate, and what it does with gaps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from smilegenuine import AU_NAMES, AUDA, AUDASequenceClassifier, Clip, ClipError
from smilegenuine.classifiers.auda_sequence import stream_names
from smilegenuine.datasets import make_smile_signals

ALL = tuple(stream_names())


def quick(*args, **params):
    return AUDASequenceClassifier(*args, **{"n_hidden": 6, "max_epochs": 2, "random_state": 0,
                                            **params})


@pytest.fixture(scope="module")
def smiles():
    return make_smile_signals(6, 2, random_state=3)


@pytest.fixture(scope="module")
def fitted(smiles):
    return quick().fit(smiles.data, smiles.target)


def test_ten_streams():
    assert ALL == ("aus", "slope9", "slope27", "adjslope9", "adjslope27", "slope9_2nd",
                   "slope27_2nd", "adjslope9_2nd", "adjslope27_2nd", "smile")
    assert len(stream_names((3, 5, 7))) == 14


def test_all_streams_are_what_auda_gives_frame_by_frame(smiles):
    clip = smiles.data[0]
    seen = quick(ALL, rate=50.0)._input(clip)
    frame = AUDA("frame").fit_transform([clip])[0]
    np.testing.assert_allclose(seen, frame, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("place", range(10))
def test_each_stream_is_where_auda_names_it(place, smiles):
    names = AUDA("frame").get_feature_names_out()
    mine = [n for n in names if n.partition("_")[2] == ALL[place]] if 0 < place < 9 else \
        list(names[:17]) if place == 0 else list(names[-1:])
    assert len(mine) == (1 if place == 9 else 17)
    columns = [list(names).index(n) for n in mine]
    frame = AUDA("frame").fit_transform([smiles.data[1]])[0]
    seen = quick((ALL[place],), rate=50.0)._input(smiles.data[1])
    np.testing.assert_allclose(seen, frame[:, columns], rtol=1e-5, atol=1e-5)


def test_streams_come_in_the_order_asked_for(smiles):
    clip = smiles.data[0]
    both = quick(("smile", "aus"))._input(clip)
    np.testing.assert_array_equal(both[:, :1], quick(("smile",))._input(clip))
    np.testing.assert_array_equal(both[:, 1:], quick(("aus",))._input(clip))


def test_ten_samples_a_second_are_seen(smiles):
    clip = smiles.data[0]
    seen = quick()._input(clip)
    np.testing.assert_allclose(seen, clip.aus[::5], atol=1e-6)


@pytest.mark.parametrize(("streams", "n_hidden", "width"), [
    (("aus",), 150, 150), (ALL, 150, 9 * 150 + 10), (("smile",), 150, 10), (("smile",), 4, 4),
    (("aus", "smile"), 6, 12),
])
def test_a_hundred_and_fifty_numbers_a_stream_and_ten_for_the_smile(streams, n_hidden, width,
                                                                    smiles):
    clf = quick(streams, n_hidden=n_hidden, max_epochs=1, rate=2.0)
    assert clf.fit(smiles.data, smiles.target).transform(smiles.data[:2]).shape == (2, width)


def test_refitting_with_other_streams(smiles):
    clf = quick().fit(smiles.data, smiles.target)
    assert (clf.mean_.shape, clf.transform(smiles.data).shape) == ((17,), (12, 6))
    clf.set_params(streams=("slope9", "smile", "aus")).fit(smiles.data, smiles.target)
    assert (clf.mean_.shape, clf.transform(smiles.data).shape) == ((35,), (12, 18))


def test_other_windows_have_streams_of_other_names(smiles):
    clf = quick(("slope5", "adjslope15_2nd"), windows=(5, 15)).fit(smiles.data, smiles.target)
    assert clf.mean_.shape == (34,)


def test_tables_and_arrays_go_straight_in(fitted, smiles):
    clip = smiles.data[0]
    table = pd.DataFrame(clip.aus, columns=[f" {au}_r" for au in AU_NAMES])
    table.insert(0, " timestamp", clip.times)
    np.testing.assert_allclose(fitted.decision_function([table]),
                               fitted.decision_function([clip]), atol=1e-5)


def test_frames_that_are_not_valid_are_bridged(fitted, smiles):
    clip = smiles.data[0]
    valid = np.ones(clip.n_frames, bool)
    valid[40:52] = False
    values = []
    for junk in (0.0, 5.0):
        aus = clip.aus.copy()
        aus[~valid] = junk
        values.append(fitted.decision_function([clip.replace(aus=aus, valid=valid)])[0])
    assert values[0] == values[1]
    assert values[0] == pytest.approx(fitted.decision_function([clip])[0], abs=0.05)


def test_an_action_unit_that_never_moves_is_no_trouble(smiles):
    still = []
    for clip in smiles.data:
        aus = clip.aus.copy()
        aus[:, 4] = 0.7
        still.append(clip.replace(aus=aus))
    clf = quick(ALL).fit(still, smiles.target)
    assert (clf.scale_[4:9 * 17:17] == 1.0).all()
    assert np.isfinite(clf.decision_function(still)).all()


@pytest.mark.parametrize(("clip", "message"), [
    (Clip(smile=np.zeros(20), fps=25, name="x.mp4"), r"x\.mp4: AUDA needs `aus`"),
    (Clip(aus=np.zeros((20, 17)), fps=25, valid=np.zeros(20, bool), name="x.mp4"),
     r"x\.mp4: only 0 of 20 frames are valid"),
    (Clip(aus=np.zeros((1, 17)), fps=25, name="x.mp4"), r"x\.mp4: is too short"),
])
def test_clips_that_cannot_be_used_are_named(clip, message, fitted):
    with pytest.raises(ClipError, match=message):
        fitted.predict([clip])


@pytest.mark.parametrize(("args", "params", "message"), [
    ((("aus", "au12"),), {}, "streams must be a tuple of some of aus, slope9"),
    (("aus",), {}, "streams must be a tuple"), (((),), {}, "streams must be a tuple"),
    ((("aus", "smile", "aus"),), {}, "streams names one twice"),
    ((("slope9",),), {"windows": (5, 15)}, "streams must be a tuple of some of aus, slope5"),
    ((), {"windows": (9, 9)}, "windows must increase"), ((), {"rate": 0}, "rate must be"),
    ((), {"n_hidden": 0}, "n_hidden must be"), ((), {"memory_span": -1.0}, "memory_span must be"),
])
def test_bad_parameters_are_named(args, params, message, smiles):
    with pytest.raises(ValueError, match=message):
        quick(*args, **params).fit(smiles.data, smiles.target)


def test_how_long_it_remembers_at_first_is_in_seconds():
    assert quick(memory_span=4.0, rate=10.0)._module()[1]["n_remembered"] == 40.0
    assert quick(memory_span=None)._module()[1]["n_remembered"] is None


def test_the_same_smile_at_other_frame_rates():
    train = make_smile_signals(12, 4, random_state=1)
    clf = quick(("aus", "slope9", "adjslope27_2nd", "smile"), max_epochs=15, lr=5e-3, n_hidden=20,
                validation_fraction=None).fit(train.data, train.target)
    fifty, thirty, film = (clf.predict_proba(make_smile_signals(10, 4, fps=fps, random_state=2)
                                             .data)[:, 1] for fps in (50, 30, 24))
    medians = [np.median(np.abs(fifty - other)) for other in (thirty, film)]
    print(f"AUDASequence, 30 and 24: median |Δp| {np.round(medians, 4)}, spread {fifty.std():.3f}")
    assert fifty.std() > 0.1
    assert max(medians) <= 0.05
