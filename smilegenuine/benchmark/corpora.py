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

# What UvA-NEMO calls its videos, and what others who measured in them call theirs.
_UVA_NEMO = re.compile(r"\d+_(deliberate|spontaneous)_smile_\d+", re.IGNORECASE)


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
    named = list(zip(names, sets, strict=True))
    groups = [f"{name}: {subject}" for name, data in named for subject in data.groups]
    clips = [clip for data in sets for clip in data.clips]
    metadata = [data.metadata.assign(**{CORPUS: name}) for name, data in named]
    fold = np.repeat([-1, *[0] * len(tested)], [len(data.clips) for data in sets])
    return LabelledSet(
        name=f"{', '.join(names[1:])}, trained on {names[0]}",
        clips=[clip.replace(subject=subject) for clip, subject in zip(clips, groups, strict=True)],
        y=np.concatenate([data.name_labels(data.y) for data in sets]), groups=np.array(groups),
        metadata=pd.concat(metadata, ignore_index=True),
        failures=pd.concat([data.failures for data in sets], ignore_index=True),
        drawn=any(data.drawn for data in sets), folds=Folds(fold, 1, "corpora"),
        descriptions=tuple(text for data in sets for text in data.descriptions),
        places=np.arange(len(clips)))


def _names(sets: Sequence[LabelledSet]) -> list[str]:
    names = [data.name for data in sets]
    before = [names[:i].count(name) for i, name in enumerate(names)]
    return [f"{name} ({n + 1})" if n else name for name, n in zip(names, before, strict=True)]


def _check_labels(sets: Sequence[LabelledSet], names: Sequence[str]) -> None:
    """Raise unless all labels are among those that are learnt."""
    learnt, *others = [sorted(map(str, np.unique(data.name_labels(data.y)))) for data in sets]
    for name, labels in zip(names[1:], others, strict=True):
        if not set(labels) <= set(learnt):
            raise ValueError(f"the labels of {name} are {', '.join(labels)}, and those of "
                             f"{names[0]}, which is trained on, {', '.join(learnt)}; give them "
                             "the same names")


def _check_recordings(sets: Sequence[LabelledSet], names: Sequence[str]) -> None:
    """Raise where a recording is in the training and in the test part."""
    for name, data in zip(names[1:], sets[1:], strict=True):
        shared = shared_recordings(sets[0].clips, data.clips)
        if shared:
            raise ValueError(f"{len(shared)} recordings of {name} are in {names[0]} too, which is "
                             f"trained on, such as {shared[0].label}; what is tested must not be "
                             "known")
        if data.data_set != sets[0].data_set and data.recorded_as == sets[0].recorded_as:
            raise ValueError(f"{name} and {names[0]} are made of the same recordings; what is "
                             "tested must not be known")


# -- the same recording -----------------------------------------------------------------------

def identifiers(clip: Clip) -> set[Any]:
    """Return what identifies a recording: only the same one has any of it.

    Parameters
    ----------
    clip : Clip

    Returns
    -------
    set
        Its file, its content (of a file the size and a hash of the beginning and end, whenever it
        was written), and its name where that is one of UvA-NEMO's.
    """
    known: set[Any] = set()
    if clip.name is not None:
        if os.path.exists(clip.name):
            known.add(os.path.realpath(clip.name))
        uva_nemo = _UVA_NEMO.match(Path(clip.name).name)
        if uva_nemo:
            known.add(uva_nemo[0].lower())
    if clip.frames is not None:
        with suppress(OSError):  # which is raised when it is measured
            known.add(joblib.hash(_timeless(clip.frames.content())))
        return known
    # Without pictures, the first of what is known says which recording it is.
    for field in ("aus", "landmarks", "faces"):
        if (signal := clip.known()[field]) is not None:
            known.add(signal.digest if isinstance(signal, StoredArray) else joblib.hash(signal))
            break
    return known


def check_duplicates(data: LabelledSet) -> None:
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
        for identifier in identifiers(clip):
            k = first.setdefault(identifier, i)
            if data.groups[k] != data.groups[i]:
                raise ValueError(
                    f"{data.name}: {data.clips[k].label} (subject {data.groups[k]}) and "
                    f"{clip.label} (subject {data.groups[i]}) are the same recording, which would "
                    "be learnt and tested; delete one of them, or correct the subjects")


def shared_recordings(first: Sequence[Clip], second: Sequence[Clip]) -> list[Clip]:
    """Return the recordings that two lists share.

    Parameters
    ----------
    first, second : sequence of Clip

    Returns
    -------
    list of Clip
        Those of the second.
    """
    known = set().union(*map(identifiers, first))
    return [clip for clip in second if identifiers(clip) & known]


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
