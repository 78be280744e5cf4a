"""From a fitted system to its tree of branches and fusions."""

from __future__ import annotations

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
from .nodes import Branching, Head, Leaf, Node, Options, no_part
from .shapley_values import Decide, grouped_shapley_values, shapley_values
from .table_leaves import (
    AnyTableLeaf,
    FeatureMaker,
    FeaturesLeaf,
    KinematicsLeaf,
    MachineLeaf,
    OpaqueLeaf,
)


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
        inner = inner_of(last)
        return CombinedNode(name, combine, _branch_nodes(last, background, inside) if inner is None
                            else [node_of(name, inner, background, inside)])
    if isinstance(last, Pipeline):
        return _table_node(name, last, background)
    if isinstance(last, StackingFusion):
        return FusionNode(name, last, _branch_nodes(last, background, inside))
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


def _branch_nodes(model: Any, background: list[Clip] | None, inside: str) -> list[Node]:
    return [node_of(f"{inside}{branch}", part, background, f"{inside}{branch}/")
            for branch, part in branches_of(model).items()]


class Measured(Branching):
    """A branch with steps before it that measure clips."""

    def __init__(self, system: OpenedSystem, node: Node) -> None:
        self.name, self.system, self.nodes = node.name, system, [node]

    def see(self, clip: Clip) -> list[Any]:
        """Return what the branch sees of the measured clip."""
        return super().see(self.system.measure([clip])[0])

    def outputs(self, seen: list[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Return the branch's features and decision values."""
        return self.nodes[0].outputs([s[0] for s in seen])

    def baseline(self, seen: list[Any]) -> tuple[np.ndarray, float]:
        """Return features and decision value of the branch's baseline."""
        return self.nodes[0].baseline(seen[0])

    def parts(self, seen: list[Any], head: Head, options: Options) -> list[tuple[str, Part]]:
        """Return what the branch contributes."""
        return self.nodes[0].parts(seen[0], head, options)


class CombinedNode(Branching):
    """A decision made of the decisions of branches, and of nothing else.

    That of a calibrated or abstaining model of one branch; of what scikit-learn combines, of
    several. What a branch adds is the Shapley value of its decision, and all that contributes to
    that is stretched alike.

    Parameters
    ----------
    name : str
    combine : callable
        From the decision values of the branches, (n, n_branches), to log-odds, (n,).
    nodes : list of Node
        The branches.
    """

    def __init__(self, name: str, combine: Decide, nodes: list[Node]) -> None:
        self.name, self.combine, self.nodes = name, combine, nodes

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
        heads = [Head(None, head.of_decision() * float(factor)) for factor in stretch]
        return _parts_of(self.nodes, seen, heads, options)


class FusionNode(Branching):
    """Branches, and a top over them.

    Where the top is linear in what it sees, as the default ones are, each branch's share of its
    decision is exact, and is taken apart further inside the branch. The product of projections is
    integrated along the way. Of any other top, branches have Shapley values.
    """

    def __init__(self, name: str, fusion: StackingFusion, nodes: list[Node]) -> None:
        self.name, self.fusion, self.nodes = name, fusion, nodes

    def outputs(self, seen: list[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Return fused features and decision values."""
        return self._top([node.outputs([s[k] for s in seen])
                          for k, node in enumerate(self.nodes)])

    def baseline(self, seen: list[Any]) -> tuple[np.ndarray, float]:
        """Return what the top makes of the branches' baselines."""
        features, decision = self._top([self._at_rest(k, s) for k, s in enumerate(seen)])
        return features[0], float(decision[0])

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
        n_fused = self._joined(now)[0].size
        start, end = (np.hstack(self._joined(outputs))[0] for outputs in (still, now))
        heads = self._heads(head, n_fused, start, end)
        if heads is not None:
            return _parts_of(self.nodes, seen, heads, options)
        widths = list(self.fusion.widths_.values())
        owners = np.r_[np.repeat(np.arange(len(widths)), widths), np.arange(len(widths))]
        values = grouped_shapley_values(self._deciding(head, n_fused), start, end, owners,
                                        n_orders=max(options.n_orders, 4),
                                        rng=np.random.default_rng(options.random_state))
        return [(node.name, no_part("branch", float(value), 0))
                for node, value in zip(self.nodes, values, strict=True)]

    def _heads(self, head: Head, n_fused: int, start: np.ndarray, end: np.ndarray
               ) -> list[Head] | None:
        """What the head makes of each branch; None where the top is not known well enough."""
        if self.fusion.fuse == "hadamard":
            weights = self._product_weights(head, start[:n_fused], end[:n_fused])
            weights = None if weights is None else np.r_[weights, np.zeros(len(end) - n_fused)]
        else:
            weights = _linear_weights(self._deciding(head, n_fused), start, end)
        if weights is None:
            return None
        widths = list(self.fusion.widths_.values())
        of_features = np.split(weights[:sum(widths)], np.cumsum(widths)[:-1])
        of_decisions = weights[sum(widths):]
        if self.fusion.fuse == "proba":  # what is fused are the decisions
            return [Head(None, float(f[0] + d)) for f, d in
                    zip(of_features, of_decisions, strict=True)]
        return [Head(f, float(d)) for f, d in zip(of_features, of_decisions, strict=True)]

    def _deciding(self, head: Head, n_fused: int) -> Decide:
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
        first, second = (net.network_input(x)["x"].astype(float) for x in (start, end))
        return mean_gradient(net.net_, first, second, head.over(net.last_layer()[0])) / net.scale_


def _parts_of(nodes: list[Node], seen: list[Any], heads: list[Head], options: Options
              ) -> list[tuple[str, Part]]:
    """What the branches contribute, each to the head that the top makes of it."""
    return [part for node, s, head in zip(nodes, seen, heads, strict=True)
            for part in node.parts(s, head, options)]


def _linear_weights(decide: Decide, start: np.ndarray, end: np.ndarray) -> np.ndarray | None:
    """The weights of a decision that is linear; None where it is not."""
    n = len(start)
    on_the_way = np.vstack([start, end, 0.5 * (start + end)])
    decided = decide(np.vstack([np.zeros(n), np.eye(n), on_the_way]))
    offset, weights, values = decided[0], decided[1:n + 1] - decided[0], decided[n + 1:]
    errors = np.abs(on_the_way @ weights + offset - values)
    return weights if (errors <= 1e-6 * (1.0 + np.abs(values))).all() else None
