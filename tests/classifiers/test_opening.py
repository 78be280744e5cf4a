"""A fitted system is opened in one way: every classifier of clips, under every wrapper."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from drawn import known_clips
from registry import REGISTRY
from sklearn.base import BaseEstimator, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from smilegenuine import (
    AUDA,
    AUDASVMEnsemble,
    CalibratedSystem,
    Clip,
    ClipTransformer,
    StackingFusion,
    SubjectConformalClassifier,
)
from smilegenuine.classifiers.branches import decisions_of
from smilegenuine.classifiers.opening import (
    branches_of,
    classes_of,
    combiner_of,
    fitted_parts,
    inner_of,
    measuring_templates,
    move_networks,
    open_system,
    set_run,
    steps_of,
    unwrapped,
)
from smilegenuine.explain import explain

pytestmark = [pytest.mark.filterwarnings("ignore:error_rate"),
              pytest.mark.filterwarnings("ignore:The total space of parameters")]


class Measuring(ClipTransformer):
    """A step that measures something; here, that it was there."""

    adds = ("valid",)
    reads = ("times",)

    def __init__(self, n_jobs: int | None = None) -> None:
        self.n_jobs = n_jobs

    def transform_clip(self, clip: Clip) -> Clip:
        return clip.replace(valid=np.ones(len(clip.times), bool))


CLASSIFIERS = [name for name, entry in REGISTRY.items()
               if entry.clips is not None and not entry.missing and is_classifier(entry.make())]


@functools.cache
def fitted(name: str) -> Any:
    entry = REGISTRY[name]
    return entry.make().fit(*entry.clips())


@functools.cache
def clips_of(name: str) -> tuple[list[Clip], Any, np.ndarray]:
    clips, y = REGISTRY[name].clips()
    return clips, y, np.array([clip.subject for clip in clips])


def line(model: Any) -> Pipeline:
    return Pipeline([("measure", Measuring()), ("last", FrozenEstimator(model))])


def searched(search: type, model: Any, X: list[Clip], y: Any, groups: np.ndarray) -> Any:
    options: dict[str, Any] = {"cv": GroupKFold(2), "refit": True}
    if search is RandomizedSearchCV:
        options["n_iter"] = 1
    if search.__name__.startswith("Halving"):
        options["min_resources"] = len(X)
    if search is HalvingRandomSearchCV:
        options["n_candidates"] = 1
    return search(line(model), {"measure__n_jobs": [None]}, **options).fit(X, y, groups=groups)


#: Name → from a fitted classifier and clips with labels and subjects to the same within something.
WRAPPERS: dict[str, Any] = {
    "nothing": lambda m, X, y, g: m,
    "Pipeline": lambda m, X, y, g: line(m).fit(X, y),
    "Pipeline in a Pipeline": lambda m, X, y, g: make_pipeline(Measuring(), line(m)).fit(X, y),
    "FrozenEstimator": lambda m, X, y, g: FrozenEstimator(FrozenEstimator(line(m).fit(X, y))),
    "CalibratedSystem": lambda m, X, y, g: CalibratedSystem(line(m), cv=2).fit(X, y, g),
    "SubjectConformalClassifier": lambda m, X, y, g: SubjectConformalClassifier(
        line(m), 0.5, holdout=0.5, random_state=0).fit(X, y, g),
    "CalibratedClassifierCV": lambda m, X, y, g: CalibratedClassifierCV(
        line(m), cv=2, ensemble=True).fit(X, y),
    "CalibratedClassifierCV of one": lambda m, X, y, g: CalibratedClassifierCV(
        FrozenEstimator(line(m).fit(X, y)), cv=2).fit(X, y),
    "StackingFusion": lambda m, X, y, g: StackingFusion(
        [("one", line(m)), ("left out", "drop")], fuse="proba", cv=2).fit(X, y, g),
    "StackingClassifier": lambda m, X, y, g: StackingClassifier(
        [("one", line(m)), ("other", FrozenEstimator(m))], cv=2).fit(X, y),
    "VotingClassifier": lambda m, X, y, g: VotingClassifier(
        [("one", line(m)), ("left out", "drop"), ("other", FrozenEstimator(m))],
        voting="soft", weights=[2, 5, 1]).fit(X, y),
    **{search.__name__: functools.partial(searched, search) for search in (
        GridSearchCV, RandomizedSearchCV, HalvingGridSearchCV, HalvingRandomSearchCV)},
    "abstaining, calibrated, searched": lambda m, X, y, g: SubjectConformalClassifier(
        CalibratedSystem(FrozenEstimator(searched(GridSearchCV, m, X, y, g))), 0.5, holdout=0.5,
        random_state=0).fit(X, y, g),
    "a fusion in a calibrated pipeline, frozen": lambda m, X, y, g: FrozenEstimator(Pipeline([
        ("measure", Measuring()), ("last", CalibratedSystem(
            StackingFusion([("one", line(m))], fuse="proba", cv=2), cv=2))]).fit(
                X, y, last__groups=g)),
}


# Those whose explanations cost most, and wrappers of which others are relatives.
_QUICK = ("AUDASVMEnsemble", "KinematicsPipeline", "StackingFusion")
_ENOUGH = ("CalibratedSystem", "VotingClassifier", "abstaining, calibrated, searched")


def pairs(*, costly: bool) -> Any:
    """Each classifier in each wrapper; where it is costly, some of them are slow."""
    return pytest.mark.parametrize(("name", "wrapper"), [
        pytest.param(name, wrapper, id=f"{name}-{wrapper}", marks=[pytest.mark.slow] if (
            costly and name not in _QUICK and wrapper not in _ENOUGH) else [])
        for name in CLASSIFIERS for wrapper in WRAPPERS])


@functools.cache
def wrapped_in(wrapper: str, name: str) -> Any:
    """The fitted classifier as it is in the registry, within the wrapper."""
    return WRAPPERS[wrapper](fitted(name), *clips_of(name))


def own_parts(model: Any) -> list[Any]:
    return [part for _, part in fitted_parts(model)]


class TestRegistryUnderWrappers:
    @pairs(costly=False)
    def test_the_fitted_classifier_is_found(self, name, wrapper):
        wrapped = wrapped_in(wrapper, name)
        inside = own_parts(wrapped)
        assert all(any(part is p for p in inside) for part in own_parts(fitted(name)))

    @pairs(costly=False)
    def test_how_it_runs_reaches_the_fitted_parts(self, name, wrapper):
        wrapped = wrapped_in(wrapper, name)
        parts = [part for part in own_parts(fitted(name))
                 if {"n_jobs", "verbose", "device"} & part.get_params(deep=False).keys()]
        before = [part.get_params(deep=False) for part in parts]
        try:
            set_run(wrapped, n_jobs=7, verbose=5)
            move_networks(wrapped, "cpu")
            for part in parts:
                known = part.get_params(deep=False)
                assert known.get("n_jobs", 7) == 7
                assert known.get("verbose", 5) == 5
                if hasattr(part, "net_"):
                    assert part.device == "cpu"
        finally:
            for part, params in zip(parts, before, strict=True):
                part.set_params(**{p: params[p] for p in ("n_jobs", "verbose", "device")
                                   if p in params})
            set_run(wrapped, n_jobs=None, verbose=False)

    @pairs(costly=True)
    def test_measuring_comes_apart_from_deciding(self, name, wrapper):
        wrapped = wrapped_in(wrapper, name)
        opened = open_system(wrapped)
        clips = clips_of(name)[0][:3]
        np.testing.assert_allclose(
            decisions_of(opened.decider, opened.measure(clips)), decisions_of(wrapped, clips),
            atol=1e-5)
        # What combines several measures in each of its branches.
        if wrapper not in ("nothing", "CalibratedClassifierCV", "CalibratedClassifierCV of one",
                           "StackingFusion", "StackingClassifier", "VotingClassifier"):
            assert any(isinstance(step, Measuring) for _, step in opened.steps)
        assert list(classes_of(wrapped)) == [0, 1]

    @pairs(costly=True)
    def test_explanations_reach_it(self, name, wrapper):
        wrapped = wrapped_in(wrapper, name)
        clip = clips_of(name)[0][1]
        background = clips_of(name)[0][:3]
        alone = explain(fitted(name), clip, n_steps=4, n_orders=1, background=background)
        found = explain(wrapped, clip, n_steps=4, n_orders=1, background=background)
        assert found.decision == pytest.approx(decisions_of(wrapped, [clip])[0], abs=1e-5)
        assert found.table["contribution"].sum() == pytest.approx(
            found.decision - found.baseline_decision, abs=1e-6)
        # The same inputs are explained as without the wrapper, and in the same proportion.
        key = ["source", "au", "other_au", "region", "phase", "feature"]
        sums = [e.table[e.table["source"] != "not placed"].groupby(key)["contribution"].sum()
                for e in (alone, found)]
        assert list(sums[0].index) == list(sums[1].index)
        if np.abs(sums[0]).max() > 1e-9 and np.abs(sums[1]).max() > 1e-9:
            assert abs(np.corrcoef(*sums)[0, 1]) > 0.99


# -- each rule by itself ---------------------------------------------------------------------------

@functools.cache
def smiles() -> Any:
    return known_clips(8, 4, random_state=2)


def table_line() -> Pipeline:
    return make_pipeline(Measuring(), AUDA(phases=("onset",)), StandardScaler(),
                         LogisticRegression(C=0.01))


@functools.cache
def system() -> Pipeline:
    return table_line().fit(smiles().data, smiles().target)


class TestOpening:
    def test_features_stay_with_the_classifier(self):
        opened = open_system(system())
        assert [step for step, _ in opened.steps] == ["measuring"]
        assert [step for step, _ in opened.decider.steps] == ["auda", "standardscaler",
                                                              "logisticregression"]
        assert opened.name == "logisticregression"

    def test_what_is_around_a_system_is_around_the_rest(self):
        wrapped = CalibratedSystem(table_line(), cv=2).fit(smiles().data, smiles().target)
        opened = open_system(wrapped)
        assert type(opened.decider) is CalibratedSystem
        assert type(opened.decider.estimator_.steps[0][1]) is AUDA
        assert opened.name == "logisticregression"
        assert isinstance(wrapped.estimator_[0], Measuring)  # as it was

    def test_a_pipeline_keeps_its_kind(self):
        model = fitted("KinematicsPipeline")
        assert type(open_system(model).decider) is type(model)

    def test_steps_that_do_nothing_are_passed_over(self):
        model = Pipeline([("a", "passthrough"), ("b", None), ("c", Measuring()),
                          ("d", fitted("AUDASVMEnsemble"))])
        assert [step for step, _ in open_system(model).steps] == ["c"]
        assert [step for step, _ in steps_of(model)] == ["c", "d"]

    def test_not_fitted(self):
        with pytest.raises(NotFittedError):
            open_system(AUDASVMEnsemble())
        with pytest.raises(NotFittedError):
            unwrapped(GridSearchCV(table_line(), {}))

    def test_a_search_that_kept_nothing(self):
        search = GridSearchCV(table_line(), {"auda__phases": [("onset",)]}, cv=2, refit=False)
        search.fit(smiles().data, smiles().target)
        with pytest.raises(ValueError, match="GridSearchCV kept no estimator; fit it with refit"):
            open_system(search)

    def test_an_ensemble_is_around_nothing(self):
        assert inner_of(fitted("StackingFusion")) is None
        assert combiner_of(fitted("StackingFusion")) is None
        assert branches_of(AUDASVMEnsemble()) == {}


class TestCombiners:
    """What is said of a combination is what scikit-learn makes of it."""

    @pytest.mark.parametrize("model", [
        CalibratedClassifierCV(table_line(), cv=2),
        CalibratedClassifierCV(table_line(), cv=2, method="isotonic", ensemble=False),
        VotingClassifier([("a", table_line()), ("b", AUDASVMEnsemble(levels=("au",), cv=2))],
                         voting="soft", weights=[3, 1]),
        StackingClassifier([("a", table_line()), ("b", AUDASVMEnsemble(levels=("au",), cv=2))],
                           cv=2),
        StackingClassifier([("a", table_line())], cv=2, stack_method="decision_function"),
        StackingClassifier([("a", table_line())], cv=2, stack_method="predict"),
        CalibratedSystem(table_line(), cv=2),
    ], ids=lambda model: type(model).__name__)
    def test_decisions_of_branches_make_the_decision(self, model):
        model = model.fit(smiles().data[:24], smiles().target[:24])
        clips = smiles().data[24:]
        inner = inner_of(model)
        branches = branches_of(model).values() if inner is None else [inner]
        decisions = np.column_stack([decisions_of(branch, clips) for branch in branches])
        np.testing.assert_allclose(combiner_of(model)(decisions), decisions_of(model, clips),
                                   atol=1e-6)

    @pytest.mark.parametrize("model", [
        VotingClassifier([("a", table_line())]),
        StackingClassifier([("a", system())], cv="prefit", passthrough=True)])
    def test_others_are_not_made_of_decisions(self, model):
        model.estimators_ = [system()]
        model.named_estimators_ = {"a": system()}
        model.stack_method_ = ["predict_proba"]
        assert combiner_of(model) is None


class TestParts:
    def test_templates_are_passed_over(self):
        wrapped = CalibratedSystem(table_line(), cv=2).fit(smiles().data, smiles().target)
        assert wrapped.estimator not in own_parts(wrapped)
        assert any(part is wrapped.estimator_ for part in own_parts(wrapped))
        set_run(wrapped, n_jobs=7)  # of these as well: what is saved does not carry how it was run
        assert wrapped.estimator[0].n_jobs == wrapped.estimator_[0].n_jobs == 7

    def test_branches_have_paths(self):
        paths = {path for path, _ in fitted_parts(fitted("StackingFusion"))}
        assert {(), ("au",), ("svm",), ("top",)} <= paths

    def test_what_is_not_fitted_is_walked_through(self):
        assert [type(part).__name__ for part in own_parts(table_line())] == [
            "Pipeline", "Measuring", "AUDA", "StandardScaler", "LogisticRegression"]
        assert len(own_parts(CalibratedSystem(table_line()))) == 6

    def test_each_part_once_and_no_part_of_skorch(self):
        for name in CLASSIFIERS:
            parts = own_parts(make_pipeline(FrozenEstimator(fitted(name)), fitted(name)))
            assert len({id(part) for part in parts}) == len(parts)
            assert all(isinstance(part, BaseEstimator) for part in parts)
            assert not any(type(part).__module__.startswith("skorch") for part in parts)
            assert all(type(part).__name__ != "SmileNet" for part in parts)

    def test_no_such_device(self):
        with pytest.raises(ValueError, match="device"):
            move_networks(fitted("AUDAPhaseClassifier"), "abacus")

    def test_measuring_templates(self):
        step = Measuring()
        model = CalibratedSystem(Pipeline([("a", FrozenEstimator(step)), ("b", Measuring()),
                                           ("c", AUDA()), ("d", LogisticRegression())]))
        (first, frozen), (second, not_frozen) = measuring_templates(model)
        assert first is step
        assert frozen
        assert isinstance(second, Measuring)
        assert not not_frozen
        assert measuring_templates(GridSearchCV(model, {})) == []
        assert measuring_templates(AUDASVMEnsemble()) == []
