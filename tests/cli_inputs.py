"""What the tests of the command line write and change."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from drawn import known_clips, known_meshes
from sklearn.model_selection import PredefinedSplit
from sklearn.utils import Bunch

from smilegenuine import Clip
from smilegenuine.clips.au_table import AU_NAMES

KINDS = ("posed", "spontaneous")


def write_openface(file: Path, clip: Clip, seen: object = 1, times: bool = True) -> None:
    table = pd.DataFrame(clip.aus, columns=[f" {au}_r" for au in AU_NAMES])
    table.insert(0, " success", np.broadcast_to(seen, len(table)).astype(int))
    if times:
        table.insert(0, " timestamp", clip.times)
    table.insert(0, "frame", np.arange(1, len(table) + 1))
    table.to_csv(file, index=False)


def write_labelled_tables(write: Callable[..., object], root: Path, random_state: int = 0) -> None:
    """A folder a class, and in it one a subject."""
    smiles = known_clips(6, 2, random_state=random_state)
    for clip, target in zip(smiles.data, smiles.target, strict=True):
        write(root / KINDS[target] / clip.subject / "smile.csv", clip.aus)


def no_mediapipe(monkeypatch) -> None:
    """As where the extra is not installed."""
    for name in [name for name in sys.modules if name.split(".")[0] == "mediapipe"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "mediapipe", None)


def edited(tables: Path, change) -> Path:
    """set.csv, changed by a function of the DataFrame."""
    pd.DataFrame(change(pd.read_csv(tables / "set.csv"))).to_csv(tables / "new.csv", index=False)
    return tables / "new.csv"


def forbid_measuring(monkeypatch) -> None:
    def fail(*args, **kwargs):
        pytest.fail("recordings were measured before the mistake was found")

    for module in ("benchmark.preparation", "cli.extract"):
        monkeypatch.setattr(f"smilegenuine.{module}.transform_clips", fail)


# -- loaders for `smilegenuine benchmark --data cli_inputs:…` --------------------------------------

def load_signals(n_subjects: str = "8") -> Bunch:
    """Known signals of people whose gender and age are known; the clip in the middle is no use."""
    smiles = known_clips(int(n_subjects), 2)
    smiles.data[5] = smiles.data[5].replace(valid=np.zeros(smiles.data[5].n_frames, bool))
    smiles.shoe_size = smiles.age % 7 + 0.5
    return smiles


def load_faces() -> tuple:
    """As a tuple, with faces of noise, but one of whom there is only a table."""
    smiles = known_clips(6, 2)
    rng = np.random.default_rng(0)
    clips = [clip.replace(faces=rng.integers(0, 255, (clip.n_frames, 16, 16, 3), dtype=np.uint8))
             for clip in smiles.data]
    clips[3] = smiles.data[3]
    return clips, np.array(KINDS)[smiles.target], smiles.groups


def load_meshes(n_subjects: str = "6") -> Bunch:
    """Known landmarks; the clip in the middle is no use."""
    smiles = Bunch(**known_meshes(int(n_subjects), 2))
    smiles.data = list(smiles.data)
    smiles.data[3] = smiles.data[3].replace(valid=np.zeros(smiles.data[3].n_frames, bool))
    return smiles


def load_folded(kind: str = "good") -> Bunch:
    """Known signals with published folds, 0 to 3, of two people each; `kind` says what is wrong."""
    smiles = known_clips(8, 2, random_state=1)
    who = np.unique(smiles.groups, return_inverse=True)[1]
    fold = who // 2
    if kind == "shared":  # somebody is in two folds
        fold[1] = 3
    if kind == "lost":  # nothing in the third fold can be used
        for i in np.flatnonzero(fold == 2):
            smiles.data[i] = smiles.data[i].replace(valid=np.zeros(smiles.data[i].n_frames, bool))
    if kind == "untested":
        fold[fold == 1] = -1
    if kind == "one class":  # all posed smiles are in the first fold
        fold = np.where(smiles.target == 0, 0, 1)
        smiles.groups = np.array([f"{'ps'[y]}{i}" for i, y in enumerate(smiles.target)])
    metadata = pd.DataFrame({"video": [clip.name for clip in smiles.data], "mood": who % 2})
    failures = pd.DataFrame({"clip": ["x9"], "error": ["x9: listed, but not there"],
                             "kind": ["listed, but not there"]})
    return Bunch(data=smiles.data, target=smiles.target, target_names=smiles.target_names,
                 groups=smiles.groups, folds=PredefinedSplit(fold), metadata=metadata,
                 filenames=[clip.name for clip in smiles.data],
                 failures=failures if kind == "good" else failures.iloc[:0],
                 DESCR="Smiles of eight people\n\nWith four folds.")


def load_folds_as_numbers() -> Bunch:
    """As anybody would write them down."""
    smiles = load_folded("")
    return Bunch(**{**smiles, "folds": list(smiles.folds.test_fold), "weather": ["grey"] * 16})


def load_wrong_folds() -> Bunch:
    return Bunch(**{**load_folded(""), "folds": ["a", "b"] * 8})


def load_short_metadata() -> Bunch:
    smiles = load_folded("")
    return Bunch(**{**smiles, "metadata": smiles.metadata[:3]})


def load_other_people(kind: str = "") -> Bunch:
    """Smiles of other people who are called the same."""
    smiles = known_clips(4, 2, random_state=5)
    smiles.mood = np.array(["glad"] * 8)
    if kind == "words":
        smiles.target_names = ("fake", "real")
    if kind == "posed":
        posed = np.flatnonzero(smiles.target == 0)
        smiles = Bunch(data=[smiles.data[i] for i in posed], target=smiles.target[posed],
                       groups=smiles.groups[posed], target_names=smiles.target_names)
    return smiles


def load_words() -> str:
    return "no set"


def load_without_subjects() -> Bunch:
    return Bunch(data=known_clips(3, 2).data, target=[0, 1] * 3)


def load_too_few_labels() -> tuple:
    return known_clips(3, 2).data, [0, 1], list("aabbcc")


def load_missing_label() -> tuple:
    return known_clips(3, 2).data, ["posed", None] * 3, list("aabbcc")


def load_one_class() -> tuple:
    return known_clips(3, 2).data, ["posed"] * 6, list("aabbcc")


def load_two_subjects() -> tuple:
    return known_clips(3, 2).data, KINDS * 3, list("aaabbb")


def load_lonely_class() -> tuple:
    return known_clips(3, 2).data, ["posed"] * 5 + ["spontaneous"], list("aabbcc")


NOT_A_FUNCTION = 3
