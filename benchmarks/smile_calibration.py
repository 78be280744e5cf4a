"""How near the drawn smiles come to UvA-NEMO's, and how hard they are.

    python benchmarks/smile_calibration.py

Prints the worst misses of medians, quartiles, effect sizes and rank correlations over some 2,000
clips; the accuracy of support vector machines, by subject, from lips, eyelids and the first frame;
and the time that 1,240 clips take.
"""

import argparse
import time

import numpy as np
from dmarker_like import clip_features
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer
from sklearn.svm import SVC

from smilegenuine.datasets import calibration_table, make_smile_signals


def misses(table):
    """What is judged: (what, tolerance, misses as a Series by row) of a calibration table."""
    apart = table.measured - table.published
    share = (apart / table.published.where(table.published != 0)).abs()
    quantile = table.measure == "quantile"
    nothing = quantile & (table.published == 0)
    share[nothing] = (apart[nothing].abs() > 1e-3).astype(float)
    strong = (table.measure == "rank correlation") & (table.published.abs() >= 0.3)
    return [
        ("medians, relative", 0.10, share[quantile & (table.against == 0.5)]),
        ("quartiles, relative", 0.15, share[quantile & table.against.isin([0.25, 0.75])]),
        ("effect sizes", 0.15, apart[table.measure == "effect size"].abs()),
        ("rank correlations from .3", 0.15, apart[strong].abs()),
    ]


def accuracy(features, smiles, folds=10):
    """Mean accuracy of an RBF SVM over folds by subject."""
    model = make_pipeline(QuantileTransformer(n_quantiles=200, output_distribution="normal",
                                              random_state=0), SVC())
    return cross_val_score(model, features, smiles.target, groups=smiles.groups,
                           cv=GroupKFold(folds)).mean()


def first_frames(smiles):
    """All that is known of each clip's first frame."""
    known = (smiles.aus, smiles.smile, smiles.lips, smiles.eyelids, smiles.cheeks, smiles.pose,
             smiles.gaze)
    return np.array([np.hstack([np.atleast_1d(signal[i][0]) for signal in known])
                     for i in range(len(smiles.times))])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    for seed in parser.parse_args().seeds:
        smiles = make_smile_signals(645, random_state=seed)
        print(f"random_state={seed}: {len(smiles.target)} clips")
        table = calibration_table(smiles)
        for what, tolerance, miss in misses(table):
            worst = table.loc[miss.idxmax()]
            print(f"  {what:26s} worst {miss.max():.3f}, {(miss > tolerance).sum()} of {len(miss)} "
                  f"beyond {tolerance} ({worst.kind} {worst.figure} {worst.against}: "
                  f"{worst.published:.3f}, here {worst.measured:.3f})")
        start = time.perf_counter()
        smiles = make_smile_signals(random_state=seed)
        print(f"  {len(smiles.target)} clips in {time.perf_counter() - start:.1f} s")
        clips = list(zip(smiles.times, smiles.lips, smiles.eyelids, strict=True))
        lips = np.array([clip_features(t, lip) for t, lip, _ in clips])
        lids = np.array([clip_features(t, lip, lid) for t, lip, lid in clips])
        print(f"  accuracy: lips {accuracy(lips, smiles):.3f} (real .776), "
              f"eyelids {accuracy(lids, smiles):.3f} (real .744), "
              f"first frame {accuracy(first_frames(smiles), smiles):.3f} "
              f"(always posed: {1 - smiles.target.mean():.3f})")
        none = make_smile_signals(random_state=seed, difference="none")
        lips = np.array([clip_features(t, lip)
                         for t, lip in zip(none.times, none.lips, strict=True)])
        print(f'  difference="none": lips {accuracy(lips, none):.3f}')


if __name__ == "__main__":
    main()
