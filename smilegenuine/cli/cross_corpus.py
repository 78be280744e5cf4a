"""Train on one labelled set, test on others: sets joined, with people and recordings kept apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from .folds import Folds
from .labelled_data import LabelledSet
from .same_recordings import in_both

#: The column of metadata that says which set a clip is from.
CORPUS = "corpus"

# The AUDA package holds what was measured in UvA-NEMO's recordings.
_SAME_RECORDINGS = frozenset({"uva-nemo", "auda"})


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
