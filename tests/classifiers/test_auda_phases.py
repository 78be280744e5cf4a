"""The AU-wise and cross-AU branches: what they see of each phase."""

from __future__ import annotations

import numpy as np
import pytest

from smilegenuine import AUDA, AUDAPhaseClassifier, Clip, ClipError
from smilegenuine.datasets import make_smile_signals


def quick(*args, **params):
    return AUDAPhaseClassifier(*args, **{"max_epochs": 2, "random_state": 0, **params})


@pytest.fixture(scope="module")
def smiles():
    return make_smile_signals(6, 2, random_state=3)


@pytest.mark.parametrize(("level", "phases", "n"), [
    ("au", ("onset", "apex", "offset", "smile"), 119), ("cross", ("apex", "onset"), 1088),
])
def test_sees_exactly_what_auda_gives(level, phases, n, smiles):
    clf = quick(level, phases=phases)
    expected = AUDA(level, phases=phases).fit_transform(smiles.data)
    for clip, row in zip(smiles.data, expected, strict=True):
        assert clf._input(clip).shape == (len(phases), n)
        np.testing.assert_allclose(clf._input(clip).ravel(), row, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("params", "layers", "width"), [
    ({"level": "au"}, [16], 64), ({"level": "cross"}, [128, 16], 64),
    ({"level": "au", "n_hidden": (9, 5), "phases": ("smile", "onset")}, [9, 5], 10),
    ({"level": "au", "n_hidden": [7]}, [7], 28),
])
def test_sixteen_numbers_a_phase_by_the_published_layers(params, layers, width, smiles):
    clf = quick(**params).fit(smiles.data, smiles.target)
    branch = clf.net_.module_.branches[0]
    assert [layer.out_features for layer in branch if hasattr(layer, "out_features")] == layers
    assert clf.transform(smiles.data[:3]).shape == (3, width)


def test_refitting_at_another_level(smiles):
    clf = quick().fit(smiles.data, smiles.target)
    assert clf.mean_.shape == clf.scale_.shape == (4, 119)
    clf.set_params(level="cross", phases=("apex",)).fit(smiles.data, smiles.target)
    assert clf.mean_.shape == (1, 1088)
    assert clf.transform(smiles.data).shape == (12, 16)


def test_clips_without_an_onset_are_taken(smiles):
    clf = quick().fit(smiles.data, smiles.target)
    still = Clip(aus=np.full((40, 17), 0.5), smile=np.zeros(40), fps=25)
    assert np.isfinite(clf.predict_proba([still])).all()


def test_a_phase_that_nobody_has_is_no_trouble(smiles):
    still = [c.replace(smile=np.zeros(c.n_frames)) for c in smiles.data]
    clf = quick().fit(still, smiles.target)
    assert (clf.scale_[:, 0] > 0).all()
    assert np.isfinite(clf.decision_function(smiles.data)).all()


@pytest.mark.parametrize(("params", "message"), [
    ({"level": "frame"}, "level must be 'au' or 'cross', not 'frame'"),
    ({"phases": ("end",)}, "phases must be a tuple"), ({"phases": ()}, "phases must be a tuple"),
    ({"windows": (9, 9)}, "windows must increase"),
    ({"n_hidden": ()}, "n_hidden must be a tuple of at least one"),
    ({"n_hidden": 16}, "n_hidden must be a tuple"),
    ({"n_hidden": (16, 0)}, "each of n_hidden must be a whole number of at least 1, not 0"),
])
def test_bad_parameters_are_named(params, message, smiles):
    with pytest.raises(ValueError, match=message):
        quick(**params).fit(smiles.data, smiles.target)


def test_a_clip_without_signals_is_named(smiles):
    bad = Clip(smile=np.zeros(20), fps=25, name="x.mp4", subject="s")
    with pytest.raises(ClipError, match=r"x\.mp4: AUDA needs `aus`"):
        quick().fit([*smiles.data[:4], bad], [0, 1, 0, 1, 0])


def test_the_same_smile_at_other_frame_rates():
    train = make_smile_signals(16, 4, random_state=1)
    clf = quick(max_epochs=30).fit(train.data, train.target)
    fifty, thirty, film = (clf.predict_proba(make_smile_signals(10, 4, fps=fps, random_state=2)
                                             .data)[:, 1] for fps in (50, 30, 24))
    medians = [np.median(np.abs(fifty - other)) for other in (thirty, film)]
    print(f"AUDAPhase, 30 and 24: median |Δp| {np.round(medians, 4)}, spread {fifty.std():.3f}")
    assert fifty.std() > 0.1
    assert max(medians) <= 0.05
