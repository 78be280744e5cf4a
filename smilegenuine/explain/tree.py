"""From a fitted system to its tree of branches and fusions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from ..classifiers.block_ensemble import BlockSVMEnsemble
from ..classifiers.clip_svm import ClipSVMEnsemble
from ..classifiers.kinematic_decisions import KinematicDecisionsMixin
from ..classifiers.opening import (
    OpenedSystem,
    branches_of,
    combiner_of,
    inner_of,
    open_system,
    unwrapped,
)
from ..clips.record import Clip
from ..features.smile_kinematics import SmileKinematics
from ..systems.fusion import StackingFusion
from .contract import DecidesByFeatures
from .input_meaning import Part
from .integrated_gradients import shapley_path
from .kinematic_reasons import shapley_values
from .nodes import Head, Leaf, Node, Options, no_part
from .table_leaves import (
    AnyTableLeaf,
    FeatureMaker,
    FeaturesLeaf,
    KinematicsLeaf,
    MachineLeaf,
    OpaqueLeaf,
)

# From the decision values of branches, (n, n_branches), to log-odds, (n,).
Combiner = Callable[[np.ndarray], np.ndarray]


def node_of(name: str, model: Any, background: list[Clip] | None, inside: str = "") -> Node:
    """Return the tree of a system.

    Parameters
    ----------
    name : str
        Of the branch that it is.
    model : fitted classifier or Pipeline
    background : list of Clip or None
        See `explain`.
    inside : str, default=""
        What the names of its own branches begin with.

    Returns
    -------
    Node

    Raises
    ------
    ValueError
        Nothing is known of what it sees.
    """
    system = open_system(model)
    if system.steps:
        inner = None if background is None else system.measure(background)
        return Measured(system, node_of(name, system.decider, inner, inside))
    last = system.decider
    combine = combiner_of(last)
    if combine is not None:
        return _combined_node(name, last, combine, background, inside)
    if isinstance(last, Pipeline):
        return _table_node(name, last, background)
    if isinstance(last, StackingFusion):
        return FusionNode(name, last, background, inside)
    if isinstance(last, ClipSVMEnsemble):
        return MachineLeaf(name, last.ensemble_, FeatureMaker(last))
    if hasattr(last, "net_"):
        from .network_leaves import network_leaf  # needs torch

        leaf = network_leaf(name, last)
        if leaf is not None:
            return leaf
    if isinstance(last, DecidesByFeatures):
        return FeaturesLeaf(name, last, background)
    return OpaqueLeaf(name, last)


def _table_node(name: str, model: Pipeline, background: list[Clip] | None) -> Leaf:
    features = FeatureMaker(unwrapped(model.steps[0][1]))
    rest = model[1:] if len(model.steps) > 2 else unwrapped(model.steps[-1][1])
    if isinstance(rest, KinematicDecisionsMixin) and isinstance(features.step, SmileKinematics):
        return KinematicsLeaf(name, rest, features)
    if isinstance(rest, BlockSVMEnsemble):
        return MachineLeaf(name, rest, features)
    return AnyTableLeaf(name, rest, features, background)


def _combined_node(name: str, model: Any, combine: Combiner, background: list[Clip] | None,
                   inside: str) -> Node:
    inner = inner_of(model)
    if inner is not None:
        return CombinedNode(name, combine, [node_of(name, inner, background, inside)])
    return CombinedNode(name, combine, [
        node_of(f"{inside}{branch}", part, background, f"{inside}{branch}/")
        for branch, part in branches_of(model).items()])


class Measured(Node):
    """A branch with steps before it that measure clips."""

    def __init__(self, system: OpenedSystem, node: Node) -> None:
        self.name, self.system, self.node = node.name, system, node

    def see(self, clip: Clip) -> Any:
        """Measure, and give what the branch sees."""
        return self.node.see(self.system.measure([clip])[0])

    def outputs(self, seen: list[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Return what the branch gives."""
        return self.node.outputs(seen)

    def baseline(self, seen: Any) -> tuple[np.ndarray, float]:
        """Return what the branch gives for its baseline."""
        return self.node.baseline(seen)

    def parts(self, seen: Any, head: Head, options: Options) -> list[tuple[str, Part]]:
        """Return what the branch contributes."""
        return self.node.parts(seen, head, options)

    def leaves(self) -> list[Leaf]:
        """Return the branches."""
        return self.node.leaves()

    def exchanged(self, seen: Any, donor: Any, kind: str, name: Any) -> Any:
        """Return what would be seen with a group from another clip."""
        return self.node.exchanged(seen, donor, kind, name)


class CombinedNode(Node):
    """A decision made of the decisions of branches, and of nothing else.

    That of a calibrated or abstaining model of one branch; of what scikit-learn combines, of
    several. What a branch adds is the Shapley value of its decision, and all that contributes to
    that is stretched alike.
    """

    def __init__(self, name: str, combine: Combiner, nodes: list[Node]) -> None:
        self.name, self.combine, self.nodes = name, combine, nodes

    def see(self, clip: Clip) -> list[Any]:
        """Return what each branch sees."""
        return [node.see(clip) for node in self.nodes]

    def outputs(self, seen: list[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Return log-odds, which are the only feature."""
        decided = self.combine(np.column_stack([
            node.outputs([s[k] for s in seen])[1] for k, node in enumerate(self.nodes)]))
        return decided[:, None], decided

    def baseline(self, seen: list[Any]) -> tuple[np.ndarray, float]:
        """Return the log-odds of the branches' baselines."""
        decided = self.combine(self._at_rest(seen)[None])
        return decided, float(decided[0])

    def _at_rest(self, seen: list[Any]) -> np.ndarray:
        return np.array([node.baseline(s)[1] for node, s in zip(self.nodes, seen, strict=True)])

    def parts(self, seen: list[Any], head: Head, options: Options) -> list[tuple[str, Part]]:
        """Return what contributes to the branches' decisions, as far as those count."""
        still = self._at_rest(seen)
        now = np.array([node.outputs([s])[1][0] for node, s in zip(self.nodes, seen, strict=True)])
        nothing = self.combine(still[None])[0]
        shares = shapley_values(
            lambda sets: self.combine(np.where(sets, now, still)) - nothing, len(now),
            n_orders=options.n_orders, rng=np.random.default_rng(options.random_state))
        moved = now - still
        stretch = np.divide(shares, moved, out=np.zeros(len(now)), where=np.abs(moved) > 1e-12)
        found = []
        for node, s, factor in zip(self.nodes, seen, stretch, strict=True):
            found += node.parts(s, Head(None, head.of_decision() * float(factor)), options)
        return found

    def leaves(self) -> list[Leaf]:
        """Return the branches."""
        return [leaf for node in self.nodes for leaf in node.leaves()]

    def exchanged(self, seen: list[Any], donor: list[Any], kind: str, name: Any) -> list[Any]:
        """Return what branches would see with a group from another clip."""
        return [node.exchanged(mine, theirs, kind, name)
                for node, mine, theirs in zip(self.nodes, seen, donor, strict=True)]


class FusionNode(Node):
    """Branches, and a top over them.

    Where the top is linear in what it sees, as the default ones are, each branch's share of its
    decision is exact, and is taken apart further inside the branch. The product of projections is
    integrated along the way. Of any other top, branches have Shapley's values.
    """

    def __init__(self, name: str, fusion: StackingFusion, background: list[Clip] | None,
                 inside: str) -> None:
        self.name, self.fusion = name, fusion
        self.nodes = [node_of(f"{inside}{branch}", model, background, f"{inside}{branch}/")
                      for branch, model in branches_of(fusion).items()]

    def see(self, clip: Clip) -> list[Any]:
        """Return what each branch sees."""
        return [node.see(clip) for node in self.nodes]

    def outputs(self, seen: list[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Return fused features and decision values."""
        return self._top([node.outputs([s[k] for s in seen])
                          for k, node in enumerate(self.nodes)])

    def baseline(self, seen: list[Any]) -> tuple[np.ndarray, float]:
        """Return what the top makes of the branches' baselines."""
        features, decision = self._top([self._at_rest(k, s) for k, s in enumerate(seen)])
        return features[0], float(decision[0])

    def leaves(self) -> list[Leaf]:
        """Return the branches, also of fusions within."""
        return [leaf for node in self.nodes for leaf in node.leaves()]

    def exchanged(self, seen: list[Any], donor: list[Any], kind: str, name: Any) -> list[Any]:
        """Return what branches would see with a group from another clip."""
        return [node.exchanged(mine, theirs, kind, name)
                for node, mine, theirs in zip(self.nodes, seen, donor, strict=True)]

    def _at_rest(self, k: int, seen: Any) -> tuple[np.ndarray, np.ndarray]:
        features, decision = self.nodes[k].baseline(seen)
        return np.ravel(features)[None], np.array([decision])

    def _top(self, outputs: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
        fused, decisions = self._joined(outputs)
        decided = self.fusion.decide_outputs(fused, decisions)
        if self.fusion.fuse == "hadamard":
            fused = self.fusion.projection_.transform(fused)
        return fused, decided

    def _joined(self, outputs: list[tuple[np.ndarray, np.ndarray]]
                ) -> tuple[np.ndarray, np.ndarray]:
        decisions = np.column_stack([decided for _, decided in outputs])
        if self.fusion.fuse == "proba":
            return decisions, decisions
        return np.hstack([features for features, _ in outputs]), decisions

    def parts(self, seen: list[Any], head: Head, options: Options) -> list[tuple[str, Part]]:
        """Return what each branch contributes to a head."""
        now = [node.outputs([s]) for node, s in zip(self.nodes, seen, strict=True)]
        still = [self._at_rest(k, s) for k, s in enumerate(seen)]
        heads = self._heads(head, self._joined(still), self._joined(now))
        if heads is None:
            return self._whole_branches(seen, head, still, now, options)
        found = []
        for node, mine, s in zip(self.nodes, heads, seen, strict=True):
            found += node.parts(s, mine, options)
        return found

    def _heads(self, head: Head, still: tuple[np.ndarray, np.ndarray],
               now: tuple[np.ndarray, np.ndarray]) -> list[Head] | None:
        """What the head makes of each branch; None where the top is not known well enough."""
        start, end = (np.hstack([np.ravel(part) for part in both]) for both in (still, now))
        if self.fusion.fuse == "hadamard":
            weights = self._product_weights(head, start[:still[0].size], end[:still[0].size])
            weights = None if weights is None else np.r_[weights, np.zeros(still[1].size)]
        else:
            weights = _linear_weights(self._deciding(head, still[0].size), start, end)
        if weights is None:
            return None
        widths = list(self.fusion.widths_.values())
        of_features = np.split(weights[:sum(widths)], np.cumsum(widths)[:-1])
        of_decisions = weights[sum(widths):]
        if self.fusion.fuse == "proba":  # what is fused are the decisions
            return [Head(None, float(f[0] + d)) for f, d in
                    zip(of_features, of_decisions, strict=True)]
        return [Head(f, float(d)) for f, d in zip(of_features, of_decisions, strict=True)]

    def _deciding(self, head: Head, n_fused: int) -> Any:
        """The head as a function of rows of fused features and decisions."""
        def decide(rows: np.ndarray) -> np.ndarray:
            fused, decisions = rows[:, :n_fused], rows[:, n_fused:]
            if self.fusion.fuse == "proba":
                decisions = fused
            value = head.decision * self.fusion.decide_outputs(fused, decisions)
            if head.features is None:
                return value
            features = self.fusion.projection_.transform(fused) \
                if self.fusion.fuse == "hadamard" else fused
            return value + features @ head.features
        return decide

    def _product_weights(self, head: Head, start: np.ndarray, end: np.ndarray
                         ) -> np.ndarray | None:
        """Mean gradients of the product of projections, along the way."""
        from .network_gradients import mean_gradient  # needs torch

        if self.fusion.final_estimator_ is not None:
            return None
        net = self.fusion.projection_
        weights = head.decision * net.last_layer()[0]
        if head.features is not None:
            weights = weights + head.features
        first, second = (net.network_input(x)["x"].astype(float) for x in (start, end))
        return mean_gradient(net.net_, first, second, weights) / net.scale_

    def _whole_branches(self, seen: list[Any], head: Head, still: Any, now: Any,
                        options: Options) -> list[tuple[str, Part]]:
        """Shapley's values of branches, of which nothing more is said."""
        start, end = self._joined(still), self._joined(now)
        decide = self._deciding(head, start[0].size)
        widths = list(self.fusion.widths_.values())
        owners = np.r_[np.repeat(np.arange(len(widths)), widths), np.arange(len(widths))]
        first, last = (np.hstack([np.ravel(p) for p in both]) for both in (start, end))
        found = shapley_path(decide, first, last, owners, n_orders=max(options.n_orders, 4),
                             rng=np.random.default_rng(options.random_state))
        return [(node.name, no_part("branch", float(value), 0))
                for node, value in zip(self.nodes, found, strict=True)]


def _linear_weights(decide: Any, start: np.ndarray, end: np.ndarray) -> np.ndarray | None:
    """The weights of a decision that is linear; None where it is not."""
    n = len(start)
    at = decide(np.vstack([np.zeros(n), np.eye(n), start, end, 0.5 * (start + end)]))
    weights = at[1:n + 1] - at[0]
    seen = np.vstack([start, end, 0.5 * (start + end)])
    scale = 1.0 + np.abs(at[n + 1:])
    fits = np.abs(seen @ weights + at[0] - at[n + 1:]) <= 1e-6 * scale
    return weights if fits.all() else None
