"""What scikit-learn's users may rely on, for every estimator of the package."""

from __future__ import annotations

import importlib
import inspect
import pickle
import pkgutil
import warnings

import numpy as np
import pytest
from registry import REGISTRY
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

import smilegenuine

TABLES = [entry.make() for entry in REGISTRY.values() if entry.clips is None]
CLIPS = [name for name, entry in REGISTRY.items() if entry.clips is not None]
LEARNERS = [name for name in CLIPS if REGISTRY[name].make().__sklearn_tags__().requires_fit]
CLASSIFIERS = [name for name in CLIPS if is_classifier(REGISTRY[name].make())]
ABSTRACT = {"ClipTransformer": "the base class", "ClipFeatures": "the base class",
            "DeepClassifier": "the base class",
            "DeepClipClassifier": "the base class", "ClipSVMEnsemble": "the base class",
            "FaceSequenceClassifier": "the base class",
            "MeshSequenceClassifier": "the base class", "MeshTrunkClassifier": "the base class"}
INTERNAL = {"SmileNet": "skorch's nets are estimators too; those listed own one, nobody makes one"}


def public_estimators():
    """Estimator classes that are defined in the package and not private."""
    found = {}
    for module in pkgutil.walk_packages(smilegenuine.__path__, "smilegenuine."):
        if module.name.endswith("__main__"):
            continue
        for name, thing in vars(importlib.import_module(module.name)).items():
            if inspect.isclass(thing) and issubclass(thing, BaseEstimator) \
                    and thing.__module__.startswith("smilegenuine") and not name.startswith("_"):
                found[name] = thing
    return found


def test_no_estimator_is_missing_from_the_registry():
    assert set(public_estimators()) - set(ABSTRACT) - set(INTERNAL) == set(REGISTRY)


def test_every_public_name_can_be_imported():
    assert all(getattr(smilegenuine, name) is not None for name in smilegenuine.__all__)


@parametrize_with_checks(TABLES)
def test_estimators_of_tables_pass_scikit_learns_own_checks(estimator, check):
    check(estimator)


def outcome(name, fitted, clips):
    """What the estimator makes of clips, as a list with an array a clip."""
    use = fitted.decision_function if is_classifier(fitted) else fitted.transform
    return [np.asarray(v) for v in REGISTRY[name].measure(use(clips))]


def unknown(name, clips):
    """The clips without what the step is to measure, so that it measures."""
    adds = getattr(REGISTRY[name].make(), "adds", ())
    return [c.replace(**{adds[0]: None}) for c in clips] if adds else clips


def assert_same(name, one, other, clips):
    """Two fitted estimators make the same of clips."""
    clips = unknown(name, clips)
    for a, b in zip(outcome(name, one, clips), outcome(name, other, clips), strict=True):
        np.testing.assert_array_equal(a, b)


def skip_if_exempt(name, check):
    if reason := REGISTRY[name].exempt.get(check):
        pytest.skip(reason)


class Fitted(dict):
    """Estimators by name, each fitted when it is first asked for, with its clips and labels."""

    def __missing__(self, name):
        entry = REGISTRY[name]
        if entry.missing:
            pytest.skip(entry.missing)
        clips, y = entry.clips()
        self[name] = (entry.make().fit(clips, y), clips, y)
        return self[name]


@pytest.fixture(scope="module")
def fitted():
    return Fitted()


def comparable(params):
    """Parameters, with what clones of estimators in them have in common: how they are written."""
    return {name: repr(value) if isinstance(value, (list, BaseEstimator)) else value
            for name, value in params.items()}


@pytest.mark.parametrize("name", CLIPS)
def test_clone_and_parameters(name):
    estimator = REGISTRY[name].make()
    copy = clone(estimator)
    assert comparable(copy.get_params()) == comparable(estimator.get_params())
    for parameter, value in estimator.get_params(deep=False).items():
        assert copy.set_params(**{parameter: value}) is copy
        assert getattr(copy, parameter) is value
    with pytest.raises(ValueError, match="Invalid parameter"):
        copy.set_params(no_such_parameter=1)


@pytest.mark.parametrize("name", CLIPS)
def test_the_constructor_only_stores(name):
    cls = type(REGISTRY[name].make())
    marks = {p: object() for p in inspect.signature(cls).parameters}
    made = cls(**marks)
    assert all(getattr(made, p) is mark for p, mark in marks.items())
    assert set(vars(made)) == set(marks)


@pytest.mark.parametrize("name", CLIPS)
def test_defaults_are_simple_values(name):
    cls = type(REGISTRY[name].make())
    for parameter in inspect.signature(cls).parameters.values():
        if f"{parameter.name} has a default" in REGISTRY[name].exempt:
            continue
        assert parameter.default is not inspect.Parameter.empty
        assert isinstance(parameter.default, (int, float, str, bool, tuple, type(None)))


@pytest.mark.parametrize("name", CLIPS)
def test_fit_gives_itself_and_leaves_parameters_alone(name, fitted):
    _, clips, y = fitted[name]
    estimator = REGISTRY[name].make()
    before = dict(estimator.get_params())
    assert estimator.fit(clips, y) is estimator
    assert estimator.get_params() == before


@pytest.mark.parametrize("name", LEARNERS)
def test_nothing_works_before_fit(name, fitted):
    _, clips, _ = fitted[name]
    with pytest.raises(NotFittedError, match=type(REGISTRY[name].make()).__name__):
        outcome(name, REGISTRY[name].make(), clips)


@pytest.mark.parametrize("name", CLIPS)
def test_fitting_again_gives_the_same(name, fitted):
    first, clips, y = fitted[name]
    again = clone(first).fit(clips, y).fit(clips, y)
    assert_same(name, first, again, clips)


@pytest.mark.parametrize("name", CLIPS)
def test_refitting_on_other_clips_forgets_the_first(name, fitted):
    first, clips, y = fitted[name]
    half = len(clips) // 2
    part = (clips[:half], None if y is None else y[:half])
    refitted = clone(first).fit(clips, y).fit(*part)
    fresh = clone(first).fit(*part)
    assert_same(name, refitted, fresh, clips)


@pytest.mark.parametrize("name", CLIPS)
def test_pickling_keeps_what_was_learnt(name, fitted):
    estimator, clips, _ = fitted[name]
    copy = pickle.loads(pickle.dumps(estimator))
    assert_same(name, estimator, copy, clips)


@pytest.mark.parametrize("name", CLIPS)
def test_input_is_not_changed(name, fitted):
    estimator, clips, y = fitted[name]
    clips = unknown(name, clips)
    before = [pickle.dumps(c) for c in clips]
    listed = list(clips)
    outcome(name, estimator, listed)
    clone(estimator).fit(fitted[name][1], y)
    assert all(a is b for a, b in zip(listed, clips, strict=True))
    assert [pickle.dumps(c) for c in clips] == before


@pytest.mark.parametrize("name", CLIPS)
def test_a_clip_does_not_depend_on_its_neighbours(name, fitted):
    estimator, clips, _ = fitted[name]
    tolerance = REGISTRY[name].tolerance
    clips = unknown(name, clips)
    together = outcome(name, estimator, clips)
    alone = [outcome(name, estimator, [c])[0] for c in clips]
    backwards = outcome(name, estimator, clips[::-1])[::-1]
    for whole, single, back in zip(together, alone, backwards, strict=True):
        np.testing.assert_allclose(whole, single, rtol=0, atol=tolerance)
        np.testing.assert_allclose(whole, back, rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize(("X", "error", "message"), [
    ([], ValueError, "no clips"),
    ("a.mp4", TypeError, r"write \[X\]"),
    (7, TypeError, "must be a list"),
    ([None], TypeError, "item 0"),
    (["no such file.mp4"], FileNotFoundError, "no such file.mp4"),
])
def test_what_is_no_list_of_clips_is_refused(name, X, error, message, fitted):
    skip_if_exempt(name, f"{X!r} is no list of clips")
    y = None if fitted[name][2] is None else [0] * (len(X) if isinstance(X, list) else 1)
    with pytest.raises(error, match=message):
        REGISTRY[name].make().fit(X, y)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_string_labels(name, fitted):
    skip_if_exempt(name, "labels may be texts")
    estimator, clips, y = fitted[name]
    words = np.array(["posed", "spontaneous"])[y]
    worded = clone(estimator).fit(clips, words)
    assert list(worded.classes_) == ["posed", "spontaneous"]
    np.testing.assert_array_equal(worded.predict(clips),
                                  np.array(["posed", "spontaneous"])[estimator.predict(clips)])


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_probabilities_agree_with_decisions(name, fitted):
    estimator, clips, _ = fitted[name]
    p = estimator.predict_proba(clips)
    assert p.shape == (len(clips), 2)
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    np.testing.assert_array_equal(estimator.predict(clips), estimator.classes_[p.argmax(axis=1)])
    np.testing.assert_array_equal(estimator.decision_function(clips) > 0, p[:, 1] > 0.5)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_labels_must_make_sense(name, fitted):
    skip_if_exempt(name, "labels must make sense")
    _, clips, y = fitted[name]
    with pytest.raises(ValueError, match="one class only"):
        REGISTRY[name].make().fit(clips, np.zeros(len(clips), int))
    with pytest.raises(ValueError, match=f"{len(clips)} clips but {len(y) - 1} labels"):
        REGISTRY[name].make().fit(clips, y[:-1])
    with pytest.raises(ValueError, match="binary"):
        REGISTRY[name].make().fit(clips, np.arange(len(clips)) % 3)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_one_subject_is_not_enough(name, fitted):
    skip_if_exempt(name, "one subject is not enough")
    _, clips, y = fitted[name]
    with pytest.raises(ValueError, match="one subject, 'anna'"):
        REGISTRY[name].make().fit([c.replace(subject="anna") for c in clips], y)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_unknown_subjects_are_said(name, fitted):
    skip_if_exempt(name, "unknown subjects are said")
    _, clips, y = fitted[name]
    nameless = [c.replace(subject=None) for c in clips]
    with pytest.warns(UserWarning, match="have no subject"):
        REGISTRY[name].make().fit(nameless, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        REGISTRY[name].make().fit(nameless, y, groups=[c.subject for c in clips])


@pytest.mark.parametrize("name", CLIPS)
def test_documented(name):
    text = inspect.getdoc(type(REGISTRY[name].make())) or ""
    for parameter in inspect.signature(type(REGISTRY[name].make())).parameters:
        assert f"{parameter} :" in text, f"{name}: {parameter} is not documented"
