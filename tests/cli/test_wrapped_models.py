"""`predict` and `watch` reach what was fitted, under every wrapper: how it runs, and where."""

from __future__ import annotations

from io import StringIO
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cli_inputs import write_openface
from drawn import known_clips
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, GroupKFold

from smilegenuine import (
    AUDAPhaseClassifier,
    AUDASVMEnsemble,
    CalibratedSystem,
    StackingFusion,
    SubjectConformalClassifier,
)
from smilegenuine.cli import main

#: Name → from two fitted classifiers, clips, labels and subjects to a model that holds both.
WRAPPERS: dict[str, Any] = {
    "StackingFusion": lambda net, svm, X, y, g: StackingFusion(
        [("net", net), ("svm", svm)], cv="prefit").fit(X, y, g),
    "CalibratedSystem": lambda net, svm, X, y, g: CalibratedSystem(VotingClassifier(
        [("net", FrozenEstimator(net)), ("svm", FrozenEstimator(svm))], voting="soft"),
        cv=2).fit(X, y, g),
    "SubjectConformalClassifier": lambda net, svm, X, y, g: SubjectConformalClassifier(
        StackingFusion([("net", FrozenEstimator(net)), ("svm", FrozenEstimator(svm))],
                       random_state=0), 0.5, random_state=0).fit(X, y, g),
    "GridSearchCV": lambda net, svm, X, y, g: GridSearchCV(
        VotingClassifier([("net", FrozenEstimator(net)), ("svm", FrozenEstimator(svm))],
                         voting="soft"), {"weights": [(1, 2)]}, cv=GroupKFold(2),
        scoring="accuracy").fit(X, y, groups=g),
    "StackingClassifier": lambda net, svm, X, y, g: StackingClassifier(
        [("net", CalibratedClassifierCV(FrozenEstimator(net), cv=2)),
         ("svm", FrozenEstimator(svm))], cv=2).fit(X, y),
}


@pytest.fixture(scope="module")
def smiles():
    return known_clips(8, 4, random_state=2)


@pytest.fixture(params=list(WRAPPERS))
def held(request, smiles) -> tuple[Any, list[Any]]:
    """A model, and what was fitted inside of it."""
    X, y, groups = smiles.data, smiles.target, smiles.groups
    net = AUDAPhaseClassifier("au", max_epochs=1, random_state=0, verbose=1)
    parts = [net.fit(X, y), AUDASVMEnsemble(levels=("au",), cv=2, n_jobs=3).fit(X, y)]
    with np.errstate(all="ignore"):
        return WRAPPERS[request.param](*parts, X, y, groups), parts


def was_reached(parts: list[Any]) -> bool:
    net, svm = parts
    return net.device == "cpu" and not net.verbose and svm.n_jobs is None


def test_predict(held, smiles, monkeypatch, tmp_path, run):
    model, parts = held
    monkeypatch.setattr("smilegenuine.cli.predict.load_model", lambda path: model)
    assert parts[0].device == "auto"
    write_openface(tmp_path / "smile.csv", smiles.data[0])
    status, out, err = run("predict", "any.skops", tmp_path / "smile.csv", "--csv",
                           "--device", "cpu")
    assert (status, err) == (0, "")
    assert was_reached(parts)
    assert pd.read_csv(StringIO(out))["P(1)"][0] == pytest.approx(
        model.predict_proba([tmp_path / "smile.csv"])[0, 1])


def test_watch(held, monkeypatch, tmp_path, capsys):
    model, parts = held
    monkeypatch.setattr("smilegenuine.cli.watch.load_model", lambda path: model)
    status = main(["watch", "any.skops", str(tmp_path / "none.mp4"), "--quiet", "--no-window",
                   "--device", "cpu"])
    assert status != 0
    assert "no such file" in capsys.readouterr().err
    assert was_reached(parts)
