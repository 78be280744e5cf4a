"""Draw the picture of the README: why the pretrained model says so of a drawn person's smile.

    python tools/draw_pretrained.py [--seed 4] [--clip 5] [--output docs/images/pretrained.png]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("agg")

from smilegenuine import Clip, load_pretrained
from smilegenuine.datasets import make_smiles
from smilegenuine.plotting import KinematicsDisplay

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "pretrained.png"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--clip", type=int, default=5)
    parser.add_argument("--output", type=Path, default=PICTURE)
    args = parser.parse_args()
    smiles = make_smiles(3, 2, random_state=args.seed)
    points = smiles.landmarks[args.clip]
    # A tracker would miss them by a fifth of a pixel.
    points = points + np.random.default_rng(0).normal(0.0, 0.2, points.shape)
    clip = Clip(landmarks=points, times=smiles.times[args.clip], name="smile.mp4")
    model = load_pretrained("kinematics", labels=("posed", "spontaneous"))
    display = KinematicsDisplay.from_model(model, clip, n=8)
    display.figure_.savefig(args.output, dpi=110)


if __name__ == "__main__":
    main()
