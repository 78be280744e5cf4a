"""Sets that are trained and tested on: joined, and without a recording that is there twice."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd

from ..clips.record import Clip
from ..clips.stored_arrays import StoredArray
from .folds import Folds
from .sets import LabelledSet

#: The column of metadata that says which set a clip is from.
CORPUS = "corpus"

# The AUDA package holds what was measured in UvA-NEMO's recordings.
_SAME_RECORDINGS = frozenset({"uva-nemo", "auda"})

# What UvA-NEMO calls its videos, and what others who measured in them call theirs.
_UVA_NEMO = re.compile(r"\d+_(deliberate|spontaneous)_smile_\d+", re.IGNORECASE)
# Of what is known of a recording without pictures, the first says which one it is.
_SIGNALS = ("aus", "landmarks", "faces")


def join_corpora(trained: LabelledSet, tested: Sequence[LabelledSet]) -> LabelledSet:
    """Join sets into one, whose one fold trains on the first and tests on the others.

    Parameters
    ----------
    trained : LabelledSet
    tested : sequence of LabelledSet

    Returns
    -------
    LabelledSet
        Labels are names; subjects have the name of their set before their own, as "001" of two sets
        are two people; `metadata` says in the column "corpus" which set a clip is from.

    Raises
    ------
    ValueError
        Labels have other names than those that are learnt, or sets share recordings.
    """
    sets = [trained, *tested]
    names = _names(sets)
    _check_labels(sets, names)
    _check_recordings(sets, names)
    groups = [f"{name}: {subject}" for name, data in zip(names, sets, strict=True)
              for subject in data.groups]
    clips = [clip for data in sets for clip in data.clips]
    metadata = [data.metadata.assign(**{CORPUS: name})
                for name, data in zip(names, sets, strict=True)]
    sizes = [len(data.clips) for data in sets]
    fold = np.repeat([-1, *[0] * len(tested)], sizes)
    return LabelledSet(
        name=f"{', '.join(names[1:])}, trained on {names[0]}",
        clips=[clip.replace(subject=subject) for clip, subject in zip(clips, groups, strict=True)],
        y=np.concatenate([data.called(data.y) for data in sets]), groups=np.array(groups),
        metadata=pd.concat(metadata, ignore_index=True),
        failures=pd.concat([data.failures for data in sets], ignore_index=True),
        drawn=any(data.drawn for data in sets), folds=Folds(fold, 1, "corpora"),
        descriptions=tuple(text for data in sets for text in data.descriptions),
        places=np.arange(len(clips)))


def _names(sets: Sequence[LabelledSet]) -> list[str]:
    names: list[str] = []
    for data in sets:
        n = sum(data.name == other.name for other in sets[:len(names)])
        names.append(f"{data.name} ({n + 1})" if n else data.name)
    return names


def _check_labels(sets: Sequence[LabelledSet], names: Sequence[str]) -> None:
    """Raise unless all labels are among those that are learnt."""
    called = [sorted(map(str, np.unique(data.called(data.y)))) for data in sets]
    for name, labels in zip(names[1:], called[1:], strict=True):
        if not set(labels) <= set(called[0]):
            raise ValueError(f"the labels of {name} are {', '.join(labels)}, and those of "
                             f"{names[0]}, which is trained on, {', '.join(called[0])}; give them "
                             "the same names")


def _check_recordings(sets: Sequence[LabelledSet], names: Sequence[str]) -> None:
    """Raise where a recording is in the training and in the test part."""
    for name, data in zip(names[1:], sets[1:], strict=True):
        both = in_both(sets[0].clips, data.clips)
        if both:
            raise ValueError(f"{len(both)} recordings of {name} are in {names[0]} too, which is "
                             f"trained on, such as {both[0].label}; what is tested must not be "
                             "known")
        if {sets[0].data_set, data.data_set} == _SAME_RECORDINGS:
            raise ValueError(f"{name} and {names[0]} are made of the same recordings; what is "
                             "tested must not be known")


# -- the same recording -----------------------------------------------------------------------

def marks(clip: Clip) -> set[Any]:
    """Return what only the same recording has.

    Parameters
    ----------
    clip : Clip

    Returns
    -------
    set
        Its file, its content (of a file the size and a hash of the beginning and end, whenever it
        was written), and its name where that is one of UvA-NEMO's.
    """
    found: set[Any] = set()
    if clip.name is not None:
        if os.path.exists(clip.name):
            found.add(os.path.realpath(clip.name))
        said = _UVA_NEMO.match(Path(clip.name).name)
        if said:
            found.add(said[0].lower())
    known = clip.known()
    if clip.frames is not None:
        with suppress(OSError):  # which is said when it is measured
            found.add(joblib.hash(_timeless(clip.frames.content())))
    else:
        signal = next((known[field] for field in _SIGNALS if known[field] is not None), None)
        if signal is not None:
            found.add(signal.digest if isinstance(signal, StoredArray) else joblib.hash(signal))
    return found


def check_twice(data: LabelledSet) -> None:
    """Raise where one recording is there under two subjects, who may be in different folds.

    Parameters
    ----------
    data : LabelledSet

    Raises
    ------
    ValueError
        The message names them.
    """
    first: dict[Any, int] = {}
    for i, clip in enumerate(data.clips):
        for mark in marks(clip):
            k = first.setdefault(mark, i)
            if data.groups[k] != data.groups[i]:
                raise ValueError(
                    f"{data.name}: {data.clips[k].label} (subject {data.groups[k]}) and "
                    f"{clip.label} (subject {data.groups[i]}) are the same recording, which would "
                    "be learnt and tested; delete one of them, or correct the subjects")


def in_both(first: Sequence[Clip], second: Sequence[Clip]) -> list[Clip]:
    """Return the recordings that two lists share.

    Parameters
    ----------
    first, second : sequence of Clip

    Returns
    -------
    list of Clip
        Those of the second.
    """
    there = set().union(*map(marks, first))
    return [clip for clip in second if marks(clip) & there]


def _timeless(content: Any) -> Any:
    """What a source says of its content, without the times at which files were written."""
    if not isinstance(content, tuple):
        return content
    if content[:1] == ("file",):
        _, size, _, part = content
        return size, part
    if content[:1] == ("images",):
        return tuple((size, part) for _, size, _, part in content[2:])
    return content
