"""What adapting is worth: a pretrained classifier as it is, adapted, and training from nothing.

    python benchmarks/bench_adapt.py [--pretrained drawn|packaged] [--repetitions 8]

Sampled smiles whose kinematics are shifted, as other people, cameras and instructions shift them; a
few subjects to learn from, others to be right about, and other people in each repetition. Prints
balanced accuracy on the others in per cent, mean ± standard deviation over repetitions; differences
are within repetitions, ± their standard error. Of what learns from nothing, the one that was best
on these very people is shown. Two minutes on one core.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from smilegenuine import KinematicsClassifier, SmileKinematics, load_pretrained
from smilegenuine.classifiers.adapted_kinematics import AdaptedKinematicsClassifier
from smilegenuine.datasets import make_smile_signals
from smilegenuine.people.tracker_noise import as_tracked

SUBJECTS = (10, 20, 40)
HELD_OUT = 120
#: People of the first repetition; the drawn prior's are those of 1.
SEED = 100

#: How people and cameras differ from those that the classifier knows: (times, lips, eyelids, label)
#: → the same. Lips rest at 0.5.
SHIFTS: dict[str, Callable[..., tuple]] = {
    "no shift": lambda t, lips, lids, y: (t, lips, lids),
    "slower people": lambda t, lips, lids, y: (1.4 * t, lips, lids),
    "weaker lips": lambda t, lips, lids, y: (t, 0.5 + 0.6 * (lips - 0.5), lids),
    "no eyelids": lambda t, lips, lids, y: (t, lips, None),
    "slow when asked": lambda t, lips, lids, y: ((1.0 if y else 1.5) * t, lips, lids),
}
#: The same, seen by a landmark tracker at 25 Hz, as which they are measured.
TRACKED = {"coarse tracker": "no shift", "tracker, slower": "slower people"}

#: What learns from nothing, each tuned on its own subjects where it has something to tune.
FROM_NOTHING = {
    "KinematicsClassifier": KinematicsClassifier(random_state=0),
    "logistic regression": GridSearchCV(
        make_pipeline(SimpleImputer(), StandardScaler(),
                      LogisticRegression(class_weight="balanced")),
        {"logisticregression__C": [0.01, 0.1, 1.0]}),
    "RBF SVM": GridSearchCV(
        make_pipeline(SimpleImputer(), StandardScaler(), SVC(class_weight="balanced")),
        {"svc__C": [0.3, 1.0, 10.0], "svc__gamma": [0.01, 0.03, 0.1]}),
}


def measured(signals: list[tuple], *, tracked: bool = False) -> pd.DataFrame:
    """Kinematics of signals."""
    return SmileKinematics(tracked=tracked).set_output(transform="pandas").fit_transform(signals)


def drawn_prior() -> KinematicsClassifier:
    """A classifier of sampled smiles that knows neither trackers nor any shift."""
    smiles = make_smile_signals(600, random_state=1)
    signals = list(zip(smiles.times, smiles.lips, smiles.eyelids, strict=True))
    return KinematicsClassifier(random_state=0).fit(measured(signals), smiles.target)


def shifted_sets(seed: int) -> tuple[dict[str, pd.DataFrame], np.ndarray, np.ndarray]:
    """Tables of kinematics by shift, labels, and subjects; rows are the same smiles in all."""
    known, coarse = (make_smile_signals(HELD_OUT + max(SUBJECTS), fps=fps, random_state=seed)
                     for fps in (50.0, 25.0))
    tables = {name: measured([shift(*row) for row in zip(
        known.times, known.lips, known.eyelids, known.target, strict=True)])
        for name, shift in SHIFTS.items()}
    for name, shift in TRACKED.items():
        rng = np.random.default_rng(seed)
        rows = [SHIFTS[shift](*row) for row in zip(
            coarse.times, coarse.lips, coarse.eyelids, coarse.target, strict=True)]
        tables[name] = measured([(t, *as_tracked(t, lips, lids, rng)) for t, lips, lids in rows],
                                tracked=True)
    return tables, known.target, known.groups


def fitted(name: str, prior: KinematicsClassifier, X: pd.DataFrame, y: np.ndarray,
           groups: np.ndarray) -> Any:
    """One of the alternatives, fitted to the few."""
    if name == "as it is":
        return prior
    if name == "adapted":
        return AdaptedKinematicsClassifier(prior).fit(X, y, groups)
    model = clone(FROM_NOTHING[name])
    if isinstance(model, GridSearchCV):
        model.set_params(cv=list(StratifiedGroupKFold(3).split(X, y, groups)))
    return model.fit(X, y)


def accuracies(prior: KinematicsClassifier, repetitions: int) -> pd.DataFrame:
    """Balanced accuracy on held-out people: a row a shift, number of subjects, draw and model."""
    rows = []
    for draw in range(repetitions):
        tables, y, groups = shifted_sets(SEED + draw)
        everybody = pd.unique(groups)
        for shift, table in tables.items():
            there = table.notna().any(axis=1).to_numpy()
            table = table.dropna(axis=1, how="all")  # what starts from nothing cannot do with such
            test = np.isin(groups, everybody[-HELD_OUT:]) & there
            for n in SUBJECTS:
                train = np.isin(groups, everybody[:n]) & there
                for name in ("as it is", "adapted", *FROM_NOTHING):
                    model = fitted(name, prior, table[train], y[train], groups[train])
                    right = balanced_accuracy_score(
                        y[test], model.decision_function(table[test]) > 0)
                    rows.append((shift, n, draw, name, 100 * right))
    return pd.DataFrame(rows, columns=["shift", "subjects", "draw", "model", "accuracy"])


def summary(found: pd.DataFrame) -> pd.DataFrame:
    """A row a shift and number of subjects."""
    rows = []
    for (shift, n), part in found.groupby(["shift", "subjects"], sort=False):
        draws = part.pivot_table(index="draw", columns="model", values="accuracy")
        best = draws[list(FROM_NOTHING)].mean().idxmax()
        row = {"shift": shift, "subjects": n}
        for title, name in (("as it is", "as it is"), ("adapted", "adapted"),
                            ("from nothing", best)):
            row[title] = f"{draws[name].mean():.1f} ± {draws[name].std():.1f}"
        row["best of those"] = best
        for title, name in (("adapted − as it is", "as it is"), ("adapted − nothing", best)):
            apart = draws["adapted"] - draws[name]
            row[title] = f"{apart.mean():+.1f} ± {apart.sem():.1f}"
        rows.append(row)
    return pd.DataFrame(rows)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pretrained", choices=("drawn", "packaged"), default="drawn",
                        help="drawn: fitted here, on 600 sampled people; packaged: load_pretrained")
    parser.add_argument("--repetitions", type=int, default=8)
    args = parser.parse_args()
    start = time.perf_counter()
    prior = drawn_prior() if args.pretrained == "drawn" else load_pretrained()["classifier"]
    print(f"pretrained: {args.pretrained}; {HELD_OUT} held-out subjects, {args.repetitions} "
          "repetitions; balanced accuracy in %")
    print(summary(accuracies(prior, args.repetitions)).to_string(index=False))
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
