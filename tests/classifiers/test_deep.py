"""What all classifiers that are networks promise: who is held out, what is learnt of whom."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from drawn import known_clips
from registry import REGISTRY
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.utils.class_weight import compute_class_weight

from smilegenuine import (
    AUDAPhaseClassifier,
    AUDASequenceClassifier,
    HadamardClassifier,
    RealSmileNetClassifier,
    load_model,
    save_model,
)
from smilegenuine.classifiers import deep, net_training

NETS = ["RealSmileNetClassifier", "AUDASequenceClassifier", "AUDAPhaseClassifier",
        "HadamardClassifier"]


def table(n_subjects=15, seed=0):
    """Rows, labels and subjects; the first column says who it is, and the first class is rarer."""
    X, y = make_classification(4 * n_subjects, 7, n_informative=4, weights=[0.35],
                               random_state=seed)
    subjects = np.repeat(np.arange(n_subjects), 4)
    X[:, 0] = subjects
    return X, y, subjects


def quick(**params):
    return HadamardClassifier(**{"n_components": 4, "max_epochs": 3, "random_state": 0, **params})


def fitted_on(name):
    """An estimator of the registry on what it takes: (estimator, X, y)."""
    entry = REGISTRY[name]
    X, y = table()[:2] if entry.clips is None else entry.clips()
    return entry.make().fit(X, y), X, y


@pytest.fixture
def watched(monkeypatch):
    """What went into training: the sets (kept, held out) and the split."""
    seen = {}

    def split(*args):
        seen["kept"], seen["aside"] = original["held_out_split"](*args)
        return seen["kept"], seen["aside"]

    def make(*args, held_out=None, **kwargs):
        seen["held_out"] = held_out
        return original["make_net"](*args, held_out=held_out, **kwargs)

    def train(net, data, seed):
        seen["trained"] = data
        return original["train_net"](net, data, seed)

    places = {"held_out_split": (deep, split), "make_net": (net_training, make),
              "train_net": (net_training, train)}
    original = {name: getattr(module, name) for name, (module, _) in places.items()}
    for name, (module, replacement) in places.items():
        monkeypatch.setattr(module, name, replacement)
    return seen


def subjects_in(clf, data):
    """Who is in a set of rows of `table`."""
    return {round(float(x[0] * clf.scale_[0] + clf.mean_[0])) for x in data.inputs}


# -- who is held out -------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_nobody_held_out_is_trained_on(seed, watched):
    X, y, subjects = table(seed=seed)
    clf = quick(max_epochs=1, random_state=seed).fit(X, y, groups=subjects)
    trained, held_out = (subjects_in(clf, watched[part]) for part in ("trained", "held_out"))
    assert trained.isdisjoint(held_out)
    assert trained | held_out == set(range(15))
    assert len(watched["held_out"]) == pytest.approx(0.2 * len(y), abs=4)
    assert len(watched["trained"]) + len(watched["held_out"]) == len(y)


def test_labels_stay_with_their_rows(watched):
    X, y, subjects = table()
    clf = quick(max_epochs=1).fit(X, np.array(["p", "s"])[y], groups=subjects)
    label = {x.tobytes(): c for x, c in zip(clf._scaled(X), y, strict=True)}
    for part in ("trained", "held_out"):
        data = watched[part]
        assert [label[x.tobytes()] for x in data.inputs] == list(data.targets)
        assert set(data.targets) == {0, 1}


def test_clips_know_whom_to_hold_out(watched):
    clf, clips, _ = fitted_on("AUDAPhaseClassifier")
    who = {clf._scaled(clf._input(c)).tobytes(): c.subject for c in clips}
    trained, held_out = ({who[x.tobytes()] for x in watched[part].inputs}
                         for part in ("trained", "held_out"))
    assert trained.isdisjoint(held_out)
    assert len(trained | held_out) == 4


def test_groups_win_over_the_clips_own_subjects(watched):
    clips, y = REGISTRY["AUDAPhaseClassifier"].clips()
    groups = np.array(list("wxyzwxyz"))
    REGISTRY["AUDAPhaseClassifier"].make().fit(clips, y ^ (groups > "x"), groups=groups)
    assert set(groups[watched["kept"]]).isdisjoint(groups[watched["aside"]])
    anna = [c.replace(subject="anna") for c in clips]
    REGISTRY["AUDAPhaseClassifier"].make().fit(anna, y, groups=[c.subject for c in clips])


def test_other_random_states_hold_others_out(watched):
    X, y, subjects = table()
    chosen = set()
    for seed in range(5):
        quick(max_epochs=1, random_state=seed).fit(X, y, groups=subjects)
        chosen.add(tuple(watched["aside"]))
    assert len(chosen) > 2


@pytest.mark.parametrize(("y", "groups", "message"), [
    (np.zeros(60, int), None, "one class only, '0'"),
    (np.arange(60) % 2, ["anna"] * 60, "one subject, 'anna'"),
    (np.arange(60) < 4, np.repeat(np.arange(15), 4), "only one subject shows class '1'"),
    (np.arange(60) % 2, [1, 2], r"groups has the shape \(2,\)"),
    (np.arange(60) % 3, None, "binary"),
])
def test_nothing_can_be_held_out(y, groups, message):
    with pytest.raises(ValueError, match=message):
        quick().fit(table()[0], y.astype(int), groups=groups)


def test_without_a_fraction_everybody_is_trained_on_to_the_end(watched):
    X, y, _ = table()
    clf = quick(validation_fraction=None, patience=1, max_epochs=6, lr=0.3).fit(X, y)
    assert clf.n_epochs_ == 6
    assert len(watched["trained"]) == len(y)
    assert watched["held_out"] is None
    assert "kept" not in watched
    assert list(clf.history_.columns) == ["epoch", "train_loss", "seconds"]
    np.testing.assert_allclose(clf.mean_, X.mean(axis=0))


def test_one_subject_is_enough_where_nobody_is_held_out():
    X, y, _ = table()
    quick(validation_fraction=None).fit(X, y, groups=["anna"] * len(y))


# -- scaling and weights ---------------------------------------------------------------------------


def test_scaling_is_learnt_from_those_trained_on_only(watched):
    X, y, subjects = table()
    clf = quick(max_epochs=1).fit(X, y, groups=subjects)
    kept = X[watched["kept"]]
    np.testing.assert_allclose(clf.mean_, kept.mean(axis=0))
    np.testing.assert_allclose(clf.scale_, kept.std(axis=0))
    assert np.abs(clf.mean_ - X.mean(axis=0)).max() > 0.01
    scaled = np.stack(watched["trained"].inputs)
    np.testing.assert_allclose(scaled.mean(axis=0), 0.0, atol=1e-5)
    np.testing.assert_allclose(scaled.std(axis=0), 1.0, atol=1e-5)


@pytest.mark.parametrize("name", ["AUDASequenceClassifier", "AUDAPhaseClassifier"])
def test_scaling_of_clips_is_learnt_from_those_trained_on_only(name, watched):
    clf, clips, _ = fitted_on(name)
    kept = [clf._input(clips[i]) for i in watched["kept"]]
    seen = np.concatenate(kept) if name == "AUDASequenceClassifier" else np.stack(kept)
    np.testing.assert_allclose(clf.mean_, seen.mean(axis=0, dtype=float))
    varies = seen.std(axis=0) > 1e-6
    np.testing.assert_allclose(clf.scale_[varies], seen.std(axis=0, dtype=float)[varies])


def test_constant_columns_do_not_blow_up():
    X, y, _ = table()
    X[:, 1] = 1e5
    X[:, 2] = 0.1 + 1e-16 * np.arange(len(X))
    X[:, 3] = 0.0
    clf = quick().fit(X, y)
    np.testing.assert_array_equal(clf.scale_[1:4], 1.0)
    moved = X.copy()
    moved[:, 1:4] += 1e-7
    np.testing.assert_allclose(clf.decision_function(moved), clf.decision_function(X), atol=1e-5)


@pytest.mark.parametrize(("given", "expected"), [
    (None, (1.0, 1.0)), ({"posed": 1.0, "spontaneous": 4.0}, (1.0, 4.0)),
    ({"spontaneous": 0.5}, (1.0, 0.5)),
])
def test_class_weights_by_label(given, expected):
    X, y, _ = table()
    clf = quick(class_weight=given).fit(X, np.array(["posed", "spontaneous"])[y])
    assert clf.net_.criterion_.weights.tolist() == list(expected)


def test_balanced_weights_are_of_those_trained_on(watched):
    X, y, subjects = table()
    clf = quick().fit(X, y, groups=subjects)
    expected = compute_class_weight("balanced", classes=np.array([0, 1]), y=y[watched["kept"]])
    np.testing.assert_allclose(clf.net_.criterion_.weights, expected, rtol=1e-6)
    assert expected[0] > 1.1


@pytest.mark.parametrize("weight", [{"genuine": 2.0}, {0: 1.0, 7: 2.0}])
def test_weights_of_classes_that_do_not_exist_are_named(weight):
    X, y, _ = table()
    with pytest.raises(ValueError, match=f"class_weight names {list(weight)[-1]!r}, .* is 0, 1"):
        quick(class_weight=weight).fit(X, y)


# -- parameters ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("params", "message"), [
    ({"lr": 0}, "lr must be a number"), ({"lr": "fast"}, "lr must be a number"),
    ({"lr": float("nan")}, "lr must be a number"),
    ({"max_epochs": 0}, "max_epochs must be a whole number of at least 1, not 0"),
    ({"max_epochs": 2.5}, "max_epochs must be a whole number"),
    ({"batch_size": 0}, "batch_size must be a whole number of at least 1"),
    ({"patience": 0}, "patience must be a whole number of at least 1"),
    ({"patience": True}, "patience must be a whole number"),
    ({"validation_fraction": 0.0}, "validation_fraction must be between 0 and 1, or None, not 0.0"),
    ({"validation_fraction": 1.0}, "validation_fraction must be between"),
    ({"validation_fraction": "0.2"}, "validation_fraction must be between"),
    ({"class_weight": "even"}, "class_weight must be 'balanced', a dict or None, not 'even'"),
    ({"class_weight": 3.0}, "class_weight"),
    ({"norm_penalty": -1.0}, "norm_penalty must be a number of at least 0"),
    ({"device": "nonsense"}, "device must be 'auto', 'cpu', 'cuda'"),
    ({"random_state": "seven"}, "cannot be used to seed"),
])
@pytest.mark.parametrize("name", NETS)
def test_bad_parameters_are_named(name, params, message):
    entry = REGISTRY[name]
    X, y = table()[:2] if entry.clips is None else entry.clips()
    with pytest.raises(ValueError, match=message):
        entry.make().set_params(**params).fit(X, y)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_on_a_machine_without():
    X, y, _ = table()
    with pytest.raises(ValueError, match=r"device is 'cuda', but torch .* sees 0 CUDA"):
        quick(device="cuda").fit(X, y)


# -- what training leaves --------------------------------------------------------------------------


def test_the_history_has_a_row_an_epoch():
    X, y, subjects = table()
    clf = quick(max_epochs=5).fit(X, y, groups=subjects)
    history = clf.history_
    assert list(history.columns) == ["epoch", "train_loss", "valid_loss", "valid_accuracy", "best",
                                     "seconds"]
    assert list(history["epoch"]) == [1, 2, 3, 4, 5]
    assert clf.n_epochs_ == 5
    np.testing.assert_array_equal(history["best"],
                                  history["valid_loss"] < np.r_[np.inf, np.minimum.accumulate(
                                      history["valid_loss"])[:-1]])
    assert (history["seconds"] > 0).all()


def test_stopping_early_keeps_the_best_epoch(watched):
    X, y, subjects = table()
    clf = quick(max_epochs=200, patience=4, lr=0.05, dropout=0.0).fit(X, y, groups=subjects)
    losses = clf.history_["valid_loss"]
    assert clf.n_epochs_ == len(losses) == losses.argmin() + 5 < 200
    z = clf.decision_function(X[watched["aside"]])
    c = y[watched["aside"]]
    weights = clf.net_.criterion_.weights.numpy()
    assert np.mean(weights[c] * (np.logaddexp(0, z) - c * z)) == pytest.approx(losses.min(), 1e-5)


def test_decisions_are_log_odds():
    X, y, _ = table()
    clf = quick(max_epochs=40, lr=0.05, validation_fraction=None).fit(X, y)
    p = clf.predict_proba(X)[:, 1]
    np.testing.assert_allclose(np.log(p / (1 - p)), clf.decision_function(X), atol=1e-9)
    assert clf.score(X, y) > 0.7


@pytest.mark.parametrize("name", NETS)
def test_the_last_layer_over_the_embedding_is_the_decision(name):
    clf, X, _ = fitted_on(name)
    out = clf.net_.module_.out
    embedding = clf.transform(X)
    assert embedding.shape == (len(X), clf.net_.module_.n_embed)
    with torch.no_grad():
        given = out(torch.tensor(embedding, dtype=torch.float32)).squeeze(1).numpy()
    np.testing.assert_allclose(given, clf.decision_function(X), atol=1e-5)


@pytest.mark.parametrize("name", [*NETS, "HadaSmileNetClassifier", "PSTNetClassifier"])
def test_what_the_network_sees_is_what_is_embedded(name):
    clf, X, _ = fitted_on(name)
    seen = [clf.network_input(item) for item in X[:3]]
    np.testing.assert_allclose(clf.embed_inputs(seen), clf.transform(X[:3]), atol=1e-5)
    assert all(("markers" in x) == (name == "HadaSmileNetClassifier") for x in seen)
    n_rows = len(seen[0]["x"])
    rows = clf.window_rows(n_rows)
    if hasattr(clf, "n_windows"):
        assert rows.shape == (clf.n_windows, clf.n_frames)
        assert set(rows.ravel()) <= set(range(n_rows))
        np.testing.assert_array_equal(clf.points_, clf.points)
        assert len(clf.points_) == clf.n_points_ == seen[0]["x"].shape[1]
    else:
        assert rows is None
    if clf.sequences or hasattr(clf, "n_windows"):
        times = clf.input_times(X[0])
        assert len(times) == n_rows
        assert X[0].times[0] <= times[0] < times[-1] <= X[0].times[-1] + 1e-9
        assert np.diff(times).min() > 0


@pytest.mark.parametrize("make", [AUDAPhaseClassifier, quick])
def test_what_is_not_fitted_sees_nothing(make):
    with pytest.raises(NotFittedError):
        make().network_input(np.zeros(7))
    with pytest.raises(NotFittedError):
        make().embed_inputs([{"x": np.zeros(7)}])


@pytest.mark.parametrize("name", NETS)
def test_final_branch_features_have_names(name):
    clf, X, _ = fitted_on(name)
    names = clf.get_feature_names_out()
    assert list(names[:2]) == [f"{name.lower()}0", f"{name.lower()}1"]
    assert len(names) == clf.transform(X[:2]).shape[1]


@pytest.mark.parametrize("name", NETS)
def test_final_branch_features_as_a_table(name):
    clf, X, _ = fitted_on(name)
    plain = clf.transform(X[:3])
    found = clf.set_output(transform="pandas").transform(X[:3])
    assert isinstance(found, pd.DataFrame)
    assert list(found.columns) == list(clf.get_feature_names_out())
    np.testing.assert_array_equal(found, plain)


def test_a_pandas_table_keeps_its_index():
    X, y, _ = table()
    frame = pd.DataFrame(X, columns=list("abcdefg"), index=np.arange(60) + 100)
    clf = quick().fit(frame, y).set_output(transform="pandas")
    assert list(clf.feature_names_in_) == list("abcdefg")
    assert list(clf.transform(frame[:2]).index) == [100, 101]


@pytest.mark.parametrize("name", NETS)
def test_nothing_works_before_fit(name):
    clf = REGISTRY[name].make()
    for what in ("predict", "predict_proba", "decision_function", "transform"):
        with pytest.raises(NotFittedError, match=name):
            getattr(clf, what)([])
    assert not hasattr(clf, "history_")


def diverging(*args):
    raise ValueError("training diverged")


def test_training_that_fails_leaves_the_model_as_it_was(monkeypatch):
    X, y, _ = table()
    clf = quick().fit(X, y)
    before = clf.decision_function(X)
    monkeypatch.setattr(net_training, "train_net", diverging)
    with pytest.raises(ValueError, match="diverged"):
        clf.fit(3.0 * X + 5.0, y)
    np.testing.assert_array_equal(clf.decision_function(X), before)


def test_training_that_fails_at_first_leaves_an_unfitted_model(monkeypatch):
    X, y, _ = table()
    clf = quick()
    monkeypatch.setattr(net_training, "train_net", diverging)
    with pytest.raises(ValueError, match="diverged"):
        clf.fit(X, y)
    with pytest.raises(NotFittedError, match="HadamardClassifier"):
        clf.predict(X)


@pytest.mark.parametrize("name", ["AUDASequenceClassifier", "AUDAPhaseClassifier"])
def test_small_batches_of_an_odd_number_of_clips(name):
    clips, y = REGISTRY[name].clips()
    clf = REGISTRY[name].make().set_params(batch_size=2, validation_fraction=None, max_epochs=1)
    clf.fit(clips[:5], y[:5])
    assert np.isfinite(clf.decision_function(clips)).all()


# -- the same every time ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETS)
def test_the_same_random_state_gives_the_same_and_another_another(name):
    clf, X, y = fitted_on(name)
    again = clone(clf).fit(X, y)
    for a, b in zip(clf.net_.module_.parameters(), again.net_.module_.parameters(), strict=True):
        assert torch.equal(a, b)
    other = clone(clf).set_params(random_state=1).fit(X, y)
    assert np.abs(clf.decision_function(X) - other.decision_function(X)).max() > 1e-4


def test_folds_in_processes_of_their_own_give_the_same():
    X, y, subjects = table()
    one, two = (cross_val_predict(quick(), X, y, groups=subjects, cv=GroupKFold(2), n_jobs=n,
                                  method="decision_function") for n in (None, 2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("name", NETS)
def test_torchs_own_random_state_is_left_alone(name):
    torch.manual_seed(11)
    before = torch.get_rng_state()
    clf, X, _ = fitted_on(name)
    assert torch.equal(torch.get_rng_state(), before), "by fit"
    clf.predict(X)
    assert torch.equal(torch.get_rng_state(), before), "by predict"
    pickle.loads(pickle.dumps(clf))
    assert torch.equal(torch.get_rng_state(), before), "by pickling"


@pytest.mark.parametrize("name", NETS)
def test_mixed_precision_predicts_much_the_same(name):
    clf, X, y = fitted_on(name)
    mixed = clone(clf).set_params(mixed_precision=True).fit(X, y)
    values = mixed.decision_function(X)
    assert values.dtype == float
    assert (values != clf.decision_function(X)).any()
    np.testing.assert_allclose(mixed.predict_proba(X), clf.predict_proba(X), atol=0.03)


def test_the_bar_shows_where_it_is_asked_for(capsys):
    X, y, _ = table()
    quick(verbose=True).fit(X, y)
    said = capsys.readouterr()
    assert said.out == ""
    assert "HadamardClassifier" in said.err
    assert "3/3" in said.err
    quick().fit(X, y)
    assert capsys.readouterr().err == ""


# -- other machines --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETS)
def test_a_model_of_a_machine_with_cuda_loads_on_one_without(name, monkeypatch):
    clf, X, _ = fitted_on(name)
    expected = clf.decision_function(X)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    stored = pickle.dumps(clf.set_params(device="cuda"))
    with pytest.warns(UserWarning, match="sees 0 CUDA devices: the processor is used"):
        loaded = pickle.loads(stored)
    np.testing.assert_array_equal(loaded.decision_function(X), expected)
    assert loaded.device == "cuda"
    assert loaded.history_.equals(clf.history_)


@pytest.mark.parametrize("name", NETS)
def test_model_files_keep_what_was_learnt(name, tmp_path):
    clf, X, _ = fitted_on(name)
    loaded = load_model(save_model(clf, tmp_path / "net.skops"))
    np.testing.assert_array_equal(loaded.decision_function(X), clf.decision_function(X))
    assert loaded.n_epochs_ == clf.n_epochs_
    pd.testing.assert_frame_equal(loaded.history_, clf.history_, check_dtype=False)


needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


def fitted_on_cuda(name):
    entry = REGISTRY[name]
    X, y = table()[:2] if entry.clips is None else entry.clips()
    return entry.make().set_params(device="cuda").fit(X, y), X, y


@pytest.mark.gpu
@needs_cuda
@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("mixed_precision", [False, True])
def test_trains_and_predicts_on_cuda(name, mixed_precision):
    clf, X, y = fitted_on_cuda(name)
    clf.set_params(mixed_precision=mixed_precision).fit(X, y)
    assert next(clf.net_.module_.parameters()).is_cuda
    assert np.isfinite(clf.predict_proba(X)).all()
    assert np.isfinite(clf.transform(X)).all()


@pytest.mark.gpu
@needs_cuda
@pytest.mark.parametrize("name", NETS)
def test_cuda_and_the_processor_agree(name):
    clf, X, _ = fitted_on_cuda(name)
    there = clf.decision_function(X)
    here = pickle.loads(pickle.dumps(clf.set_params(device="cpu")))
    np.testing.assert_allclose(here.decision_function(X), there, rtol=0, atol=1e-4)


@pytest.mark.gpu
@needs_cuda
@pytest.mark.parametrize("name", NETS)
def test_a_model_made_on_cuda_loads_without(name, tmp_path, monkeypatch):
    clf, X, _ = fitted_on_cuda(name)
    expected = clf.decision_function(X)
    path, stored = save_model(clf, tmp_path / "net.skops"), pickle.dumps(clf)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    for load in (lambda: pickle.loads(stored), lambda: load_model(path)):
        with pytest.warns(UserWarning, match="sees 0 CUDA devices: the processor is used"):
            loaded = load()
        assert not next(loaded.net_.module_.parameters()).is_cuda
        np.testing.assert_allclose(loaded.decision_function(X), expected, rtol=0, atol=1e-4)


@pytest.mark.gpu
@needs_cuda
def test_cudas_random_state_is_left_alone():
    before = torch.cuda.get_rng_state()
    fitted_on_cuda("AUDASequenceClassifier")
    assert torch.equal(torch.cuda.get_rng_state(), before)


# -- a net learns ----------------------------------------------------------------------------------


def test_learns_drawn_smiles_of_other_people():
    smiles = known_clips(24, 4, random_state=9)
    kept = np.array([int(s[-2:]) < 16 for s in smiles.groups])
    train = [c for c, k in zip(smiles.data, kept, strict=True) if k]
    test = [c for c, k in zip(smiles.data, kept, strict=True) if not k]
    for clf in (AUDAPhaseClassifier(random_state=0),
                AUDASequenceClassifier(n_hidden=20, lr=5e-3, max_epochs=60, random_state=0)):
        clf.fit(train, smiles.target[kept])
        assert clf.score(test, smiles.target[~kept]) >= 0.55


class TestWhatWasOnceSilent:
    @pytest.fixture
    def smiles(self):
        return known_clips(6, 2, random_state=11)

    def test_other_parameters_after_fit_are_noticed(self, smiles):
        clf = AUDAPhaseClassifier("au", max_epochs=2, random_state=0)
        clf.fit(smiles.data, smiles.target)
        clf.set_params(phases=("onset",))
        with pytest.raises(ValueError, match="parameters were changed since, fit it again"):
            clf.predict(smiles.data)

    def test_a_model_is_loaded_as_it_was_made(self, smiles):
        clf = AUDAPhaseClassifier("au", max_epochs=2, random_state=0)
        clf.fit(smiles.data, smiles.target)
        expected = clf.decision_function(smiles.data)
        clf.set_params(n_hidden=(4,))
        copy = pickle.loads(pickle.dumps(clf))
        np.testing.assert_array_equal(copy.decision_function(smiles.data), expected)

    @pytest.mark.parametrize("weights", [{0: -1, 1: 1}, {0: 0, 1: 0}, {0: "a"}, {0: np.inf}],
                             ids=str)
    def test_weights_of_classes_are_above_zero(self, smiles, weights):
        clf = AUDAPhaseClassifier("au", max_epochs=1, class_weight=weights)
        with pytest.raises(ValueError, match="class_weight must give each label a number above 0"):
            clf.fit(smiles.data, smiles.target)

    def test_losses_that_are_not_numbers_are_a_divergence(self, smiles):
        rng = np.random.default_rng(0)
        clips = [c.replace(faces=rng.integers(0, 255, (c.n_frames, 20, 20, 3), dtype=np.uint8))
                 for c in smiles.data]
        clf = RealSmileNetClassifier(lr=1e6, max_epochs=1, size=16, rate=2.0, random_state=0)
        with pytest.raises(ValueError, match="training diverged"):
            clf.fit(clips, smiles.target)

    @pytest.mark.parametrize(("params", "message"), [
        ({"rate": np.inf}, "rate must be a number of at least"),
        ({"rate": 1e4}, "rate must be at most 250"),
        ({"lr": np.inf}, "lr must be a number of at least"),
        ({"streams": None}, "streams must be a tuple"),
    ], ids=str)
    def test_parameters_without_end(self, smiles, params, message):
        with pytest.raises(ValueError, match=message):
            AUDASequenceClassifier(**params).fit(smiles.data, smiles.target)
