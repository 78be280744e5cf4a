"""Do the landmark systems learn what is in the landmarks, as MediaPipe sees them?

    python benchmarks/landmark_systems.py [--people 40] [--labels strength|kind] [--systems a,b]
                                          [--difference au06] [--shuffled] [--memory folder]

Drawn people who smile, found by `FaceLandmarks` in the drawn pictures; without MediaPipe or its
bundle, their true landmarks. What is asked is "strength", whether the lip corners are pulled more
than in half of the clips (true AU12), or "kind", posed or spontaneous, which differ in one thing
(see `make_smiles`). Each system is scored by subject in three folds, in settings that a processor
trains in minutes.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
from faces_as_seen import bundle, why_no_landmarker
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from smilegenuine import AU_NAMES, Clip, FaceAligner, FaceLandmarks, make_system
from smilegenuine.datasets import make_smiles
from smilegenuine.systems.named_systems import LANDMARK_ROWS

# What differs from the defaults: points, depth and step sizes with which a processor is enough.
_POINTS = (61, 291, 0, 17, 13, 14, 37, 267, 84, 314, 50, 280, 159, 386, 145, 374, 33, 263, 133, 362,
           105, 334, 1, 152)
_SHORT: dict[str, Any] = {"points": _POINTS, "n_frames": 8, "n_windows": 4, "max_epochs": 60,
                          "patience": 20}
_TRUNK: dict[str, Any] = {**_SHORT, "n_layers": 2, "n_time_layers": 1, "lr": 1e-3,
                          "max_epochs": 40, "patience": 12}
SETTINGS: dict[str, dict[str, Any]] = {
    "dmarkers": {},
    "vit": {"max_epochs": 40},
    "landmark-transformer": {"points": "outlines"},
    "pstnet": {**_SHORT, "radius": 0.3},
    "p4transformer": {**_SHORT, "radius": 0.5},
    "meshsmilenet": _TRUNK, "deepmarkernet": _TRUNK, "hadasmilenet": _TRUNK,
}


def seen_clips(smiles: Any, *, faces: bool, memory: str | None) -> list[Clip]:
    """The clips with landmarks, and with aligned faces where they are wanted."""
    if why_no_landmarker():
        print(f"true landmarks, because {why_no_landmarker()}")
        clips = [c.replace(landmarks=np.asarray(mesh, np.float32), times=t) for c, mesh, t in
                 zip(smiles.data, smiles.landmarks, smiles.times, strict=True)]
    else:
        clips = FaceLandmarks(model=bundle(), n_jobs=2, memory=memory).transform(smiles.data)
    if faces:
        clips = FaceAligner(n_jobs=2, memory=memory).transform(clips)
    return [c.replace(frames=None) for c in clips]


def score(name: str, clips: list[Clip], y: np.ndarray, groups: np.ndarray) -> tuple[float, float]:
    """Accuracy and AUC of all clips, each decided by a system trained on other subjects."""
    said = np.zeros(len(y))
    for train, test in GroupKFold(3).split(y, y, groups):
        system = make_system(name, random_state=0, device="cpu")[-1].set_params(**SETTINGS[name])
        system.fit([clips[i] for i in train], y[train])
        said[test] = system.decision_function([clips[i] for i in test])
    return float(np.mean((said > 0) == y)), float(roc_auc_score(y, said))


def main() -> None:
    """Print a line for each system."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--fps", type=float, default=12.5)
    parser.add_argument("--labels", choices=("strength", "kind"), default="strength")
    parser.add_argument("--difference", default="au06")
    parser.add_argument("--systems", default=",".join(LANDMARK_ROWS))
    parser.add_argument("--shuffled", action="store_true", help="labels at random")
    parser.add_argument("--memory", help="folder that keeps what was measured")
    options = parser.parse_args()
    names = options.systems.split(",")
    smiles = make_smiles(options.people, 4, fps=options.fps, difference=options.difference,
                         random_state=3)
    start = time.perf_counter()
    clips = seen_clips(smiles, faces="vit" in names, memory=options.memory)
    print(f"{len(clips)} clips of {options.people} people, {options.labels}, {options.difference}; "
          f"measured in {time.perf_counter() - start:.0f} s")
    y = smiles.target
    if options.labels == "strength":
        peak = np.array([aus[:, AU_NAMES.index("AU12")].max() for aus in smiles.aus])
        y = (peak > np.median(peak)).astype(int)
    if options.shuffled:
        y = np.random.default_rng(0).permutation(y)
    for name in names:
        start = time.perf_counter()
        accuracy, auc = score(name, clips, y, smiles.groups)
        print(f"  {name:22} accuracy {100 * accuracy:5.1f} %   AUC {100 * auc:5.1f}   "
              f"{time.perf_counter() - start:5.0f} s", flush=True)


if __name__ == "__main__":
    main()
