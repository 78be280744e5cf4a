"""Training curves: of every network that a model holds, with the epoch that was kept."""

from __future__ import annotations

import functools
import pickle

import numpy as np
import pandas as pd
import pytest
from pictures import check_readable, look_of
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline

from smilegenuine import AUDAPhaseClassifier, HadamardClassifier, StackingFusion
from smilegenuine.datasets import make_smile_signals
from smilegenuine.plotting.training import TrainingDisplay, networks_of

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402


@functools.cache
def smiles():
    return make_smile_signals(8, 2, fps=25, random_state=0)


def table():
    rng = np.random.default_rng(0)
    return rng.normal(size=(24, 6)), np.arange(24) % 2, np.arange(24) // 2


def network(**params):
    """A network of a table: milliseconds."""
    settings = {"n_components": 2, "max_epochs": 6, "random_state": 0}
    return HadamardClassifier((3, 3), **(settings | params))


@functools.cache
def fitted(**params):
    X, y, groups = table()
    return network(**params).fit(X, y, groups)


@functools.cache
def fused():
    X, y, groups = table()
    branches = [("first", network()), ("lines", LogisticRegression()),
                ("second", make_pipeline(network(max_epochs=2, validation_fraction=None)))]
    return StackingFusion(branches, random_state=0).fit(X, y, groups)


def titles(display) -> list[list[str]]:
    return [ax.get_title().split("\n") for ax in display.axes_[0]]


class TestWhatIsDrawn:
    def test_losses_and_accuracy_of_a_network(self):
        model = fitted()
        display = TrainingDisplay.from_estimator(model)
        losses, accuracy = display.axes_.ravel()
        assert display.figure_ is losses.figure
        history = model.history_
        for line, column in ((losses.lines[0], "train_loss"), (losses.lines[1], "valid_loss"),
                             (accuracy.lines[1], "valid_accuracy")):
            np.testing.assert_array_equal(line.get_xdata(), history["epoch"])
            np.testing.assert_array_equal(line.get_ydata(), history[column])
        assert titles(display)[0][0] == "Hadamard"

    @pytest.mark.parametrize("seed", range(3))
    def test_the_epoch_marked_is_the_one_that_was_kept(self, seed):
        model = fitted(max_epochs=14, patience=4, lr=0.3, random_state=seed)
        kept = dict(model.net_.callbacks_)["stopping"].best_epoch_
        display = TrainingDisplay.from_estimator(model)
        assert display.kept == {"Hadamard": kept}
        mark = display.axes_[0, 0].lines[-1]
        assert mark.get_xdata() == [kept]
        assert mark.get_ydata() == model.history_["valid_loss"].min()
        assert titles(display)[0][1] == f"epoch {kept} of {len(model.history_)} is kept"

    @pytest.mark.parametrize("params", [{"patience": None}, {"validation_fraction": None}])
    def test_without_early_stopping_the_last_one_is_kept(self, params):
        display = TrainingDisplay.from_estimator(fitted(lr=0.3, **params))
        assert display.kept == {"Hadamard": 6}

    def test_where_nobody_was_held_out(self):
        display = TrainingDisplay.from_estimator(fitted(validation_fraction=None))
        losses, accuracy = display.axes_.ravel()
        assert [t.get_text() for t in accuracy.texts] == ["no subjects were held out"]
        assert losses.lines[-1].get_ydata() == losses.lines[0].get_ydata()[-1]
        assert len(display.figure_.legends[0].get_texts()) == 2
        check_readable(display.figure_)

    def test_of_clips_and_loaded_again(self):
        model = AUDAPhaseClassifier("au", max_epochs=2, random_state=0)
        model.fit(smiles().data, smiles().target)
        again = TrainingDisplay.from_estimator(pickle.loads(pickle.dumps(model)))
        assert again.kept == TrainingDisplay.from_estimator(model).kept
        pd.testing.assert_frame_equal(again.histories["AUDAPhase"], model.history_)

    def test_losses_that_are_far_apart_are_both_seen(self):
        history = pd.DataFrame({"epoch": [1, 2], "train_loss": [0.7, 0.5],
                                "valid_loss": [0.7, 80.0], "valid_accuracy": [0.5, 0.5]})
        assert TrainingDisplay({"a": history}, {"a": 1}).plot().axes_[0, 0].get_yscale() == "log"
        near = history.assign(valid_loss=[0.7, 8.0])
        assert TrainingDisplay({"a": near}, {"a": 1}).plot().axes_[0, 0].get_yscale() == "linear"


class TestWhereNetworksAre:
    def test_at_the_end_of_a_pipeline(self):
        X, y, _ = table()
        assert networks_of(make_pipeline(make_pipeline(fitted()))) == {"Hadamard": fitted()}
        before = make_pipeline(FrozenEstimator(fitted()), LogisticRegression()).fit(X, y)
        with pytest.raises(ValueError, match="Pipeline was not trained by epochs"):
            TrainingDisplay.from_estimator(before)

    def test_frozen_and_searched(self):
        X, y, groups = table()
        assert networks_of(FrozenEstimator(fitted())) == {"Hadamard": fitted()}
        search = GridSearchCV(network(max_epochs=1), {"lr": [0.01]}, cv=GroupKFold(2))
        search.fit(X, y, groups=groups)
        assert networks_of(search) == {"Hadamard": search.best_estimator_}

    def test_branches_of_a_fusion(self):
        display = TrainingDisplay.from_estimator(fused())
        assert [title[0] for title in titles(display)] == ["first", "second"]
        assert display.axes_.shape == (2, 2)
        assert display.kept["second"] == 2
        check_readable(display.figure_)

    def test_top_of_a_fusion_and_fusions_in_fusions(self):
        X, y, groups = table()
        inner = StackingFusion([("deep", network()), ("lines", LogisticRegression())],
                               fuse="proba", cv=2)
        outer = StackingFusion([("inner", inner), ("none", "drop")], fuse="hadamard",
                               n_components=2, random_state=0).fit(X, y, groups)
        found = networks_of(outer)
        assert list(found) == ["inner.deep", "top"]
        assert found["top"] is outer.projection_


class TestLayout:
    @pytest.mark.parametrize("n", [1, 2, 5])
    def test_no_text_is_cut_off_or_written_over(self, n):
        rng = np.random.default_rng(0)
        histories = {f"{'cost$_a$ ' * k}network {k}": pd.DataFrame({
            "epoch": np.arange(1, 41), "train_loss": 3.0 * rng.random(40),
            "valid_loss": 1e-3 + 300.0 * k * rng.random(40), "valid_accuracy": rng.random(40)})
            for k in range(n)}
        display = TrainingDisplay(histories, dict.fromkeys(histories, 17)).plot()
        check_readable(display.figure_, least=10)

    @pytest.mark.parametrize("size", [(4.5, 5.0), (9.0, 9.0)])
    def test_own_axes(self, size):
        figure = Figure(figsize=size, layout="constrained")
        display = TrainingDisplay.from_estimator(fitted(), axes=figure.subplots(2, 1))
        assert display.figure_ is figure
        assert plt.get_fignums() == []
        check_readable(figure)

    def test_one_epoch_is_a_point(self):
        display = TrainingDisplay.from_estimator(fitted(max_epochs=1))
        assert {line.get_marker() for line in display.axes_[0, 0].lines[:2]} == {"."}
        shown = [t for t in display.axes_[1, 0].get_xticks() if 0.5 <= t <= 1.5]
        assert shown == [1]
        check_readable(display.figure_)

    def test_told_apart_in_grey(self):
        train, valid = TrainingDisplay.from_estimator(fitted()).axes_[0, 0].lines[:2]
        assert look_of(train)[3:] != look_of(valid)[3:]


class TestRefusals:
    @pytest.mark.parametrize("model", [network(), make_pipeline(network()),
                                       StackingFusion([("a", network())])])
    def test_not_fitted(self, model):
        with pytest.raises(NotFittedError):
            TrainingDisplay.from_estimator(model)

    def test_nothing_that_was_trained_by_epochs(self):
        X, y, _ = table()
        with pytest.raises(ValueError, match="LogisticRegression was not trained by epochs, and "):
            TrainingDisplay.from_estimator(LogisticRegression().fit(X, y))

    @pytest.mark.parametrize("model", ["fusion", HadamardClassifier, 3])
    def test_no_estimator(self, model):
        with pytest.raises(TypeError, match="model must be a fitted estimator, not"):
            TrainingDisplay.from_estimator(model)

    def test_axes(self):
        with pytest.raises(ValueError, match=r"axes must be 4, .* of first, second, not 2"):
            TrainingDisplay.from_estimator(fused(), axes=Figure().subplots(2, 1))
