"""Train the HOG action-unit model that comes with the package, on drawn people.

    python tools/train_action_units.py [--subjects 100] [--output FILE]

Draws people who move all 17 action units independently, finds and aligns their faces as anybody's
would be, fits `HOGActionUnits`, and writes its coefficients (no pickle). Prints the correlation
with the truth on people that were not trained on. Deterministic; some minutes on two cores.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import smilegenuine
from smilegenuine import AU_NAMES, Clip, FaceAligner, HOGActionUnits, transform_clips
from smilegenuine.datasets import make_action_units

DATA = Path(smilegenuine.__file__).parent / "signals" / "data" / "drawn_action_units.npz"


def aligned(n_subjects: int, seed: int, fps: float, duration: float) -> list[Clip]:
    """Draw and align; people whose face is not found (some are) are left out."""
    bunch = make_action_units(n_subjects, fps=fps, duration=duration, random_state=seed)
    aligner = FaceAligner(n_jobs=-1, verbose=True)
    return transform_clips(aligner, bunch.data, on_error="skip").data


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subjects", type=int, default=100)
    parser.add_argument("--output", type=Path, default=DATA)
    args = parser.parse_args()
    model = HOGActionUnits().fit(aligned(args.subjects, seed=101, fps=5.0, duration=12.0))
    args.output.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(args.output, coef=model.coef_.astype(np.float16),
                        intercept=model.intercept_, n_frames=model.n_frames_)
    print(f"{model.n_frames_} frames; {args.output} has {args.output.stat().st_size / 1e3:.0f} kB")
    unseen = aligned(20, seed=202, fps=25.0, duration=4.0)
    truth = np.concatenate([c.aus[c.mask] for c in unseen])
    found = np.concatenate([c.aus[c.mask] for c in
                            model.transform([c.replace(aus=None) for c in unseen])])
    rs = [np.corrcoef(truth[:, k], found[:, k])[0, 1] for k in range(len(AU_NAMES))]
    print("r on unseen drawn people: "
          + ", ".join(f"{au} {r:.2f}" for au, r in zip(AU_NAMES, rs, strict=True))
          + f"; mean {np.mean(rs):.2f}")


if __name__ == "__main__":
    main()
