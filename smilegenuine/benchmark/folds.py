"""The folds of a labelled set: those that were published with it, or folds by subject."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

import numpy as np
from sklearn.model_selection import GroupKFold

from ..classifiers.subject_folds import inner_splits

#: Folds by subject, where nobody asks for another number and none are published.
USUAL = 10


@dataclass(frozen=True, eq=False)
class Folds:
    """Which clip is tested in which fold.

    Parameters
    ----------
    test : array of int of shape (n_clips,)
        From 0; -1 where a clip is never tested.
    n : int
        How many there were before clips were left out.
    kind : {"published", "by subject", "corpora"}
        Where they come from. "corpora": one, which trains on one set and tests on others.
    """

    test: np.ndarray
    n: int
    kind: Literal["published", "by subject", "corpora"]

    @classmethod
    def by_subject(cls, groups: np.ndarray, wanted: int) -> Folds:
        """Make folds that keep people apart.

        Parameters
        ----------
        groups : array of shape (n_clips,)
            Two subjects at least.
        wanted : int
            Folds; as many as there are subjects, if those are fewer.

        Returns
        -------
        Folds
        """
        n = min(wanted, len(np.unique(groups)))
        test = np.empty(len(groups), dtype=int)
        for fold, (_, part) in enumerate(GroupKFold(n).split(groups, groups=groups)):
            test[part] = fold
        return cls(test, n, "by subject")

    def take(self, index: np.ndarray) -> Folds:
        """Return the folds of some of the clips.

        Parameters
        ----------
        index : array of int

        Returns
        -------
        Folds
        """
        return dataclasses.replace(self, test=self.test[index])

    def splits(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return (train, test) positions of each fold in which something is left to test.

        Returns
        -------
        list of (array of int, array of int)
        """
        return [(np.flatnonzero(self.test != fold), np.flatnonzero(self.test == fold))
                for fold in self.numbers() - 1]

    def numbers(self) -> np.ndarray:
        """Return the numbers of the folds of `splits`, from 1, as the set counts them.

        Returns
        -------
        array of int
        """
        return np.unique(self.test[self.test >= 0]) + 1

    def lost(self) -> list[int]:
        """Return the folds, from 1, in which nothing is left to test.

        Returns
        -------
        list of int
        """
        return [fold for fold in range(1, self.n + 1) if fold not in self.numbers()]

    def __str__(self) -> str:
        """Return what reports call them."""
        if self.kind == "corpora":
            return "across data sets"
        lost = self.lost()
        n = self.n - len(lost)
        fewer = f" (nothing is left of fold {', '.join(map(str, lost))})" if lost else ""
        kind = ("published fold", "") if self.kind == "published" else ("fold", " by subject")
        return f"{n} {kind[0]}{'s' * (n != 1)}{kind[1]}{fewer}"

    def check(self, y: np.ndarray, groups: np.ndarray, least: int) -> None:
        """Raise unless people are kept apart, and each fold has something to learn from.

        Parameters
        ----------
        y : array of shape (n_clips,)
        groups : array of shape (n_clips,)
        least : int
            Subjects that are needed to train on.

        Raises
        ------
        ValueError
        """
        splits = self.splits()
        own = "; ask for folds by subject with `folds=K`" if self.kind == "published" else ""
        if not splits:
            raise ValueError(f"no recording is in the test part of a fold{own}")
        for train, test in splits:
            both = np.intersect1d(groups[train], groups[test])
            if len(both):
                raise ValueError(f"{self}: subject {both[0]} is in the training and in the test "
                                 f"part of fold {self.test[test[0]] + 1}{own}")
            try:
                if len(np.unique(groups[train])) < least:
                    more = "" if self.kind == "published" else ". Take more folds or more subjects"
                    raise ValueError(f"{least} subjects are needed{more}")
                inner_splits(y[train], groups[train], 2)
            except ValueError as error:
                raise ValueError(f"{self}: too little to train on: {error}{own}") from None
