"""Which classifier the pretrained kinematics model should be: what survives the shift.

    python benchmarks/pretrained_choice.py [--subjects 1000] [--cache FOLDER]

Trains sensible classifiers on the same sampled smiles (`tools/train_pretrained.py`), once with and
once without those that are measured as a tracker would, and prints the balanced accuracy of each on
samples with another dependence, on moving smiles, on moving smiles as tracked, and, where a cache
of `pretrained_seen.py` is given, on drawn people seen through MediaPipe's landmarks. Lips, eyelids,
and both. Some minutes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, PolynomialFeatures, StandardScaler

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

import pretrained_seen
from train_pretrained import RECORDED, measured, training_set

from smilegenuine import KinematicsClassifier, load_pretrained
from smilegenuine.datasets import make_kinematics
from smilegenuine.people.sampled_kinematics import COLUMNS

SIGNALS = ("lip", "eyelid", "both")


def with_gaps(table, y, rng):
    """The rows, and copies of them without lips, without eyelids, and without figures at random."""
    without = [table.assign(**dict.fromkeys([c for c in table if c.startswith(s)], np.nan))
               for s in ("lip", "eyelid")]
    holes = table.where(pd.DataFrame(rng.random(table.shape) > 0.15, table.index, table.columns))
    return pd.concat([table, *without, holes], ignore_index=True), np.tile(y, 4)


def filled(table):
    """Logarithms, and zeros with a flag for what is not known."""
    bent = np.arcsinh(np.asarray(table, float) * 20.0)
    return np.hstack([np.nan_to_num(bent), np.isnan(bent)])


def candidates():
    """Name → an unfitted classifier, and whether it has to be shown gaps."""
    return {
        "mixtures, a signal": (KinematicsClassifier(random_state=0), False),
        "mixtures, all together": (KinematicsClassifier(signals=(), random_state=0), False),
        "one normal a signal": (KinematicsClassifier(1, random_state=0), False),
        "boosted trees": (HistGradientBoostingClassifier(learning_rate=0.06, max_iter=200,
                                                         max_leaf_nodes=16, min_samples_leaf=60,
                                                         random_state=0), True),
        "logistic, squares": (make_pipeline(
            FunctionTransformer(filled), StandardScaler(),
            PolynomialFeatures(2, include_bias=False), StandardScaler(),
            LogisticRegression(C=0.05, max_iter=200)), True),
        "dense network": (make_pipeline(
            FunctionTransformer(filled), StandardScaler(),
            MLPClassifier((64, 32), alpha=1e-3, early_stopping=True, max_iter=60,
                          random_state=0)), True),
    }


def tests(cache):
    """Name → table and labels that nothing was trained on."""
    heavy = make_kinematics(6000, degrees=4.0, random_state=711)
    parts = [measured(150, 720 + round(fps), fps) for fps in (25.0, 30.0, 60.0)]
    sets = {"sampled": (heavy.data, heavy.target), "moving": measured(400, 710),
            "as tracked": (pd.concat([t for t, _ in parts]), np.concatenate([y for _, y in parts]))}
    if cache is not None:
        clips, truth, _ = pretrained_seen.seen(5, 5000, cache)
        sets["MediaPipe"] = (load_pretrained()["kinematics"].transform(clips), truth["y"])
    return sets


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subjects", type=int, default=1000)
    parser.add_argument("--cache", type=Path)
    args = parser.parse_args()
    table, y, conditions = training_set(20000, args.subjects)
    table, sets = table[list(COLUMNS)], tests(args.cache)
    rng, rows = np.random.default_rng(0), []
    for how, part in (("recorded and tracked", np.ones(len(y), bool)),
                      ("recorded alone", conditions == RECORDED)):
        for name, (model, gaps) in candidates().items():
            if gaps:
                shown, labels = with_gaps(table[part], y[part], rng)
                keep = rng.permutation(len(labels))[:60000]
                model.fit(shown.iloc[keep], labels[keep])
            else:
                model.fit(table[part], y[part], conditions[part])
            row = {"trained on": how, "classifier": name}
            for test, (data, target) in sets.items():
                for signals in SIGNALS:
                    lost = [c for c in COLUMNS if signals not in ("both", c.split("_")[0])]
                    said = model.predict(data[list(COLUMNS)].assign(**dict.fromkeys(lost, np.nan)))
                    row[f"{test}, {signals}"] = np.mean(
                        [(said == target)[target == k].mean() for k in (0, 1)])
            rows.append(row)
            print(pd.DataFrame(rows[-1:]).round(3).to_string(index=False), flush=True)
    pd.set_option("display.width", 250)
    print(pd.DataFrame(rows).set_index(["trained on", "classifier"]).T.round(3).to_string())


if __name__ == "__main__":
    main()
