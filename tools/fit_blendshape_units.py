"""Fit the weights of `BlendshapeActionUnits` on drawn people, and print them as Python.

    python tools/fit_blendshape_units.py [--subjects 24] [--memory FOLDER]

Which signals a unit is read from stands in `smilegenuine/signals/blendshape_table.py` and is kept;
the weights and resting values printed here go there. Draws people who smile and people who move
all 17 units independently, has MediaPipe look at them, and fits a ridge regression for each unit on
changes within clips (each clip's mean taken off signals and intensities), so that nobody's resting
face matters. Deterministic; some ten minutes on two cores.
"""

from __future__ import annotations

import argparse

import numpy as np
from sklearn.utils import Bunch

from smilegenuine import AU_NAMES, Clip, FaceLandmarks
from smilegenuine.datasets import make_action_units, make_smiles
from smilegenuine.signals.blendshape_table import SIGNAL_NAMES, UNIT_RECIPES
from smilegenuine.signals.blendshape_units import clip_signals, find_blinks
from smilegenuine.signals.valid_frames import smooth_signal

#: Of the ridge regression, on signals in units of their spread within clips.
PENALTY = 0.02
#: How much a second of a smile counts beside a second in which all units move: smiles are what the
#: units are wanted for, but the units hardly move apart in them.
SMILES_COUNT = 3.0
SMOOTH = 0.04
LID_UNITS = ("AU05", "AU06", "AU07")  # blinks are bridged in them, so they are not learnt from
AT_REST = 0.3  # points: a frame is at rest where no unit is stronger


def looked_at(bunch: Bunch, memory: str | None) -> list[tuple[Clip, np.ndarray]]:
    """The clips as MediaPipe sees them, and their true action units."""
    clips = FaceLandmarks(n_jobs=-1, verbose=True, memory=memory).transform(
        [clip.replace(aus=None) for clip in bunch.data])
    return list(zip(clips, bunch.aus, strict=True))


def training_people(n_subjects: int, memory: str | None = None
                    ) -> list[tuple[Clip, np.ndarray, float]]:
    """Clips, true action units, and how much a second of them counts."""
    free = make_action_units(n_subjects, duration=20.0, fps=12.5, head_motion=1.0,
                             random_state=901)
    smiles = make_smiles(n_subjects, 2, random_state=911)
    large = make_smiles(n_subjects // 3, 2, size=256, random_state=912)
    return [(clip, aus, count) for bunch, count in
            ((free, 1.0), (smiles, SMILES_COUNT), (large, SMILES_COUNT))
            for clip, aus in looked_at(bunch, memory)]


def fit(people: list[tuple[Clip, np.ndarray, float]]) -> dict[str, dict[str, float]]:
    """Ridge regression of each unit on its signals, within clips."""
    n = len(SIGNAL_NAMES)
    gram = {au: np.zeros((n, n)) for au in AU_NAMES}
    product = {au: np.zeros(n) for au in AU_NAMES}
    for clip, aus, count in people:
        frames, signals = clip_signals(clip, "the fit")
        blinks = find_blinks(signals[:, SIGNAL_NAMES.index("eyeBlink")], clip.fps)
        signals = smooth_signal(signals, clip.fps, SMOOTH)
        for k, au in enumerate(AU_NAMES):
            use = ~blinks if au in LID_UNITS else np.ones(len(frames), bool)
            x, y = signals[use], aus[frames[use], k]
            x, y = x - x.mean(axis=0), y - y.mean()
            gram[au] += count / clip.fps * x.T @ x
            product[au] += count / clip.fps * x.T @ y
    weights = {}
    for au, recipe in UNIT_RECIPES.items():
        at = [SIGNAL_NAMES.index(name) for name in recipe]
        part = gram[au][np.ix_(at, at)]
        fitted = np.linalg.solve(part + PENALTY * np.diag(np.diag(part)), product[au][at])
        weights[au] = dict(zip(recipe, fitted, strict=True))
    return weights


def resting_values(people: list[tuple[Clip, np.ndarray, float]]) -> np.ndarray:
    """(n_signals,) mean over people of each signal in frames in which no unit is at work."""
    levels = []
    for clip, aus, _ in people:
        frames, signals = clip_signals(clip, "the fit")
        rest = aus[frames].max(axis=1) < AT_REST
        if rest.any():
            levels.append(np.median(signals[rest], axis=0))
    return np.mean(levels, axis=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subjects", type=int, default=24)
    parser.add_argument("--memory", help="folder in which to keep what MediaPipe saw")
    args = parser.parse_args()
    people = training_people(args.subjects, args.memory)
    print(f"# {len(people)} clips, {sum(int(clip.mask.sum()) for clip, _, _ in people)} frames")
    print("UNIT_RECIPES: dict[str, dict[str, float]] = {")
    for au, recipe in fit(people).items():
        print(f'    "{au}": {{' + ", ".join(f'"{k}": {v:.3g}' for k, v in recipe.items()) + "},")
    print("}\nRESTING: dict[str, float] = {")
    for name, value in zip(SIGNAL_NAMES, resting_values(people), strict=True):
        print(f'    "{name}": {value:.3g},')
    print("}")


if __name__ == "__main__":
    main()
