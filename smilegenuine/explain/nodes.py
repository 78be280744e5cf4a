"""A system as a tree: branches that see something of a clip, and fusions on top of them.

Each node is asked for a *head*: a weighted sum of its final-branch features and its decision value.
A fusion hands each of its branches the head that its top makes of that branch; so what all
branches contribute adds up to what the top says.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from ..clips.au_table import AU_NAMES
from ..clips.record import Clip
from .input_meaning import Part, meaning_columns


@dataclass(frozen=True)
class Head:
    """A weighted sum of what a branch gives.

    Attributes
    ----------
    features : array of shape (width,), optional
        Weights of the final-branch features; without it none counts.
    decision : float, default=0.0
        Weight of the decision value.
    """

    features: np.ndarray | None = None
    decision: float = 0.0

    def of(self, features: np.ndarray, decision: float) -> float:
        """Return the weighted sum."""
        return float(self.decision * decision + (
            0.0 if self.features is None else np.ravel(self.features) @ np.ravel(features)))

    def over(self, last: np.ndarray) -> np.ndarray:
        """Return weights of features whose sum weighted by `last` is the decision value."""
        weights = self.decision * last
        return weights if self.features is None else weights + self.features

    def of_decision(self) -> float:
        """Return the weight of a decision value that is the only feature, too."""
        return self.decision + (0.0 if self.features is None else float(self.features.sum()))


@dataclass(frozen=True)
class Seen:
    """What a branch sees of a clip, and where that is.

    Attributes
    ----------
    inputs : dict of str to array
        As the classifier takes them, after scaling.
    times : array of shape (T,)
        Of the clip's frames, seconds.
    phases : dict of str to slice
        Of the clip.
    moments : array of shape (n,), optional
        Of the rows of a sequence, seconds.
    clip : Clip
        As the branch was given it.
    """

    inputs: dict[str, np.ndarray]
    times: np.ndarray
    phases: dict[str, slice]
    clip: Clip
    moments: np.ndarray | None = None

    def with_inputs(self, **inputs: np.ndarray) -> Seen:
        """Return a copy with other inputs."""
        return replace(self, inputs={**self.inputs, **inputs})


@dataclass(frozen=True)
class Options:
    """How contributions are worked out; see `explain`."""

    n_steps: int = 32
    n_orders: int = 8
    random_state: int = 0
    background: list[Clip] | None = field(default=None, repr=False)


class Node(ABC):
    """A part of a system that decides.

    Attributes
    ----------
    name : str
        Of the branch.
    """

    name: str

    @abstractmethod
    def see(self, clip: Clip) -> Any:
        """Return what the node sees of a clip, as the next three take it."""

    @abstractmethod
    def outputs(self, seen: list[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Return final-branch features (n, width) and decision values (n,)."""

    @abstractmethod
    def baseline(self, seen: Any) -> tuple[np.ndarray, float]:
        """Return features (width,) and decision value of the baseline of a clip."""

    @abstractmethod
    def parts(self, seen: Any, head: Head, options: Options) -> list[tuple[str, Part]]:
        """Return what each branch contributes to a head, by its name."""

    @abstractmethod
    def leaves(self) -> list[Leaf]:
        """Return the branches."""

    @abstractmethod
    def remember(self, seen: list[Any]) -> None:
        """Keep the outputs for some clips, so that these are not asked about again.

        Parameters
        ----------
        seen : list
            Of these very objects.
        """

    @abstractmethod
    def exchanged(self, seen: Any, donor: Any, kind: str, name: Any) -> Any:
        """Return what would be seen if a group of inputs came from another clip."""


class Branching(Node):
    """A node over others, which sees of a clip what these see, in their order."""

    nodes: list[Node]

    def see(self, clip: Clip) -> list[Any]:
        """Return what each branch sees."""
        return [node.see(clip) for node in self.nodes]

    def leaves(self) -> list[Leaf]:
        """Return the branches, also of what lies within branches."""
        return [leaf for node in self.nodes for leaf in node.leaves()]

    def remember(self, seen: list[Any]) -> None:
        """Keep the outputs of each branch for some clips."""
        for node, of_branch in zip(self.nodes, zip(*seen, strict=True), strict=True):
            node.remember(list(of_branch))

    def exchanged(self, seen: list[Any], donor: list[Any], kind: str, name: Any) -> list[Any]:
        """Return what branches would see with a group from another clip."""
        return [node.exchanged(own, other, kind, name)
                for node, own, other in zip(self.nodes, seen, donor, strict=True)]


class Leaf(Node):
    """A branch that sees something of a clip itself."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._known: dict[int, tuple[Any, np.ndarray, float]] = {}
        self._groups: dict[str, set[Any]] | None = None

    def leaves(self) -> list[Leaf]:
        """Return itself."""
        return [self]

    def remember(self, seen: list[Any]) -> None:
        """Keep the outputs for some clips; see `Node.remember`."""
        features, decisions = self.ask(seen)
        self._known = {id(s): (s, f, d)
                       for s, f, d in zip(seen, features, decisions, strict=True)}

    def outputs(self, seen: list[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Return final-branch features (n, width) and decision values (n,)."""
        new = [k for k, s in enumerate(seen) if id(s) not in self._known]
        if len(new) == len(seen):
            return self.ask(seen)
        known = {k: self._known[id(s)] for k, s in enumerate(seen) if id(s) in self._known}
        width = np.shape(next(iter(known.values()))[1])
        features, decisions = np.empty((len(seen), *width)), np.empty(len(seen))
        for k, (_, feature, decision) in known.items():
            features[k], decisions[k] = feature, decision
        if new:
            features[new], decisions[new] = self.ask([seen[k] for k in new])
        return features, decisions

    @abstractmethod
    def ask(self, seen: list[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Ask the classifier; see `outputs`."""

    def parts(self, seen: Any, head: Head, options: Options) -> list[tuple[str, Part]]:
        """Return what the branch contributes, and what of it is not placed, if there is any."""
        features, decision = self.outputs([seen])
        difference = head.of(features[0], decision[0]) - head.of(*self.baseline(seen))
        part = self.part(seen, head, options)
        missing = difference - float(part.rows["contribution"].sum())
        if abs(missing) <= 1e-9 * (abs(difference) + float(part.rows["contribution"].abs().sum())):
            return [(self.name, part)]  # rounding
        rows = pd.concat([part.rows, no_part("not placed", missing, 0).rows], ignore_index=True)
        return [(self.name, replace(part, rows=rows))]

    @abstractmethod
    def part(self, seen: Any, head: Head, options: Options) -> Part:
        """Return what the branch's inputs contribute to a head."""

    # -- for the importance of what is seen ------------------------------------------------------

    @abstractmethod
    def groups(self) -> dict[str, list[Any]]:
        """Return what can be exchanged between clips: kind of group → names."""

    def exchanged(self, seen: Any, donor: Any, kind: str, name: Any) -> Any:
        """Return what would be seen if a group came from another clip; `seen` where it is none."""
        if kind == "branch":
            return donor if name == self.name else seen
        if self._groups is None:
            self._groups = {k: set(names) for k, names in self.groups().items()}
        if name not in self._groups.get(kind, ()):
            return seen
        return self.exchange(seen, donor, kind, name)

    @abstractmethod
    def exchange(self, seen: Any, donor: Any, kind: str, name: Any) -> Any:
        """Return what would be seen if one of the branch's groups came from another clip."""


def no_part(source: str, contribution: float, n_frames: int) -> Part:
    """Return a contribution of which nothing more is known."""
    rows = meaning_columns(source, [""]).assign(value=np.nan, contribution=contribution)
    return Part(rows, np.zeros(n_frames), np.zeros((n_frames, len(AU_NAMES))))
