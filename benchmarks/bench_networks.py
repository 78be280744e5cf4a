"""Speed of the networks on one core, RealSmileNet against a frame and a gate at a time.

    python benchmarks/bench_networks.py
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import direct_realsmilenet as direct
import numpy as np
import torch
from bench_auda import best_of

from smilegenuine import (
    AUDAPhaseClassifier,
    AUDASequenceClassifier,
    FaceAligner,
    RealSmileNetClassifier,
)
from smilegenuine.datasets import make_smiles
from smilegenuine.nets.realsmilenet import RealSmileNet, from_published


def main() -> None:
    """Print both tables."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    lengths = rng.integers(20, 60, 16)
    clips = [rng.random((n, 3, 48, 48)) for n in lengths]
    weights = direct.random_weights(0)
    net = RealSmileNet().eval()
    net.load_state_dict(from_published({k: torch.tensor(w) for k, w in weights.items()},
                                       upright=False))
    x = torch.zeros(16, int(lengths.max()), 3, 48, 48)
    for i, clip in enumerate(clips):
        x[i, :len(clip)] = torch.tensor(clip)
    with torch.inference_mode():
        ours = best_of(lambda: net(x, torch.tensor(lengths)), 5)
    one = best_of(lambda: direct.logit(weights, clips[0]), 3) * lengths.sum() / lengths[0]
    print(f"RealSmileNet, 16 clips of {lengths.min()} to {lengths.max()} frames, untrained")
    print(f"  in one batch                {1e3 * ours / 16:8.2f} ms a clip")
    print(f"  a frame and a gate at a time{1e3 * one / 16:8.2f} ms a clip, "
          f"{one / ours:.0f} times as long")

    smiles = make_smiles(6, 2, fps=25, size=96, random_state=0)
    known = [c.replace(aus=a, smile=s) for c, a, s in
             zip(FaceAligner().transform(smiles.data), smiles.aus, smiles.smile, strict=True)]
    print(f"\nWhole estimators, from measured clips of {np.mean([len(c.aus) for c in known]):.0f} "
          "frames on average to a decision")
    for clf in (RealSmileNetClassifier(), AUDASequenceClassifier(), AUDAPhaseClassifier("au"),
                AUDAPhaseClassifier("cross")):
        clf.set_params(max_epochs=1, random_state=0).fit(known, smiles.target)
        seconds = best_of(lambda clf=clf: clf.predict(known), 5)  # type: ignore[misc]
        name = f"{type(clf).__name__} {getattr(clf, 'level', '')}"
        print(f"  {name:<30}{1e3 * seconds / len(known):8.2f} ms a clip")


if __name__ == "__main__":
    main()
