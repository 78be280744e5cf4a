"""Does anything leak? Every system on drawn people whose labels are shuffled: chance is right.

    python benchmarks/shuffled_labels.py --subjects 40 --seeds 0 1 2

Each person is seen four times and looks the same each time, so a fold with somebody on both sides,
or a choice made on the test fold, would show as more than half right. Labels are dealt anew among
all clips; faces are aligned, action units and smile intensity are the true ones.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

from smilegenuine import FaceAligner, evaluate, make_system
from smilegenuine.datasets import make_smiles
from smilegenuine.systems.named_systems import SYSTEMS, set_networks


def main() -> None:
    """Print a row a system."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subjects", type=int, default=40)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--max-epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--n-jobs", type=int, default=-1)
    args = parser.parse_args()
    smiles = make_smiles(args.subjects, 4, fps=25, size=112, random_state=0)
    known = [c.replace(aus=a, smile=s) for c, a, s in
             zip(FaceAligner(size=48, n_jobs=args.n_jobs, verbose=True).transform(smiles.data),
                 smiles.aus, smiles.smile, strict=True)]
    clips = [c.replace(frames=None, times=c.times) for c in known]
    systems = {name: make_system(name, random_state=0) for name in SYSTEMS}
    for name in set(SYSTEMS) - {"auda-svm"}:
        set_networks(systems[name], max_epochs=args.max_epochs)
    rows = []
    for seed in args.seeds:
        y = np.random.default_rng(seed).permutation(smiles.target)
        found = evaluate(systems, clips, y, smiles.groups, cv=args.folds, n_jobs=args.n_jobs,
                         verbose=True)
        rows.append(found.summary().assign(seed=seed))
        print(rows[-1][["system", "accuracy", "AUC"]].round(3).to_string(index=False), flush=True)
    table = pd.concat(rows).groupby("system", sort=False)[["accuracy", "AUC"]]
    print(table.agg(["mean", "std"]).round(3).to_string())


if __name__ == "__main__":
    main()
